/* Delivering messages to the caller: by poll, or as they come. */
#ifndef TUV_CLIENT_TMQ_POLL_H
#define TUV_CLIENT_TMQ_POLL_H

#include "client/tmq/consumer.h"

/* Whether the server is to be asked for a message. */
bool tuv_tmq_wants(const taosuv_consumer_t* consumer);

/* A whole message has come: it is counted, gets its place in its vgroup, and waits to be delivered.
 * Returns 0 or an error. */
int tuv_tmq_arrived(taosuv_consumer_t* consumer, taosuv_message_t* message);

/* The server had no message. */
void tuv_tmq_nothing(taosuv_consumer_t* consumer);

void tuv_tmq_waiter_failed(taosuv_consumer_t* consumer, const tuv_failure_t* failure);
void tuv_tmq_cancel_waiter(taosuv_consumer_t* consumer, const char* why);

/* Delivers what is ready to whoever waits for it. */
void tuv_tmq_deliver(taosuv_consumer_t* consumer);

/* Drops what is ready: of a vgroup, or everything if `topic` is NULL. */
void tuv_tmq_drop_ready(taosuv_consumer_t* consumer, const char* topic, int32_t vgroup_id);

#endif
