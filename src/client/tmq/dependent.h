/* What the loss of a connection is for its consumer. */
#ifndef TUV_CLIENT_TMQ_DEPENDENT_H
#define TUV_CLIENT_TMQ_DEPENDENT_H

#include "client/conn/conn.h"
#include "taosuv/tmq.h"

/* A connection is gone: first without a callback, then with them. */
void tuv_tmq_conn_gone(taosuv_consumer_t* consumer, const tuv_conn_t* conn);
void tuv_tmq_lost(taosuv_consumer_t* consumer, const tuv_failure_t* failure);

#endif
