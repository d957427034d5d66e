/* Fetching a message from the server, step by step. */
#ifndef TUV_CLIENT_TMQ_FETCH_H
#define TUV_CLIENT_TMQ_FETCH_H

#include "client/tmq/consumer.h"

/* The longest blocking time of a poll: commits wait for its end. */
#define TUV_TMQ_SLICE_MS 500u

/* Asks the server for the next message. */
void tuv_tmq_ask(taosuv_consumer_t* consumer);

/* Gives up what is being asked for. */
void tuv_tmq_stop_asking(taosuv_consumer_t* consumer);

#endif
