/* Subscribing again after the connection was lost or given up. */
#ifndef TUV_CLIENT_TMQ_RESUBSCRIBE_H
#define TUV_CLIENT_TMQ_RESUBSCRIBE_H

#include "client/tmq/consumer.h"

/* Registers the consumer with its client, which reports each lost connection to it. */
void tuv_tmq_depend(taosuv_consumer_t* consumer);

#endif
