/* Closing a consumer. */
#ifndef TUV_CLIENT_TMQ_CLOSE_H
#define TUV_CLIENT_TMQ_CLOSE_H

#include "client/tmq/consumer.h"

/* The next step of a consumer that is being closed. */
void tuv_tmq_go_on_closing(taosuv_consumer_t* consumer);

/* Frees the consumer, but not its client. */
void tuv_tmq_release(taosuv_consumer_t* consumer);

#endif
