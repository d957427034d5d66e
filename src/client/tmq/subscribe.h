/* Subscribing and unsubscribing. */
#ifndef TUV_CLIENT_TMQ_SUBSCRIBE_H
#define TUV_CLIENT_TMQ_SUBSCRIBE_H

#include "client/core/op.h"
#include "client/tmq/consumer.h"

int tuv_tmq_encode_subscribe(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size);
void tuv_tmq_subscribed(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply);

/* A subscribe failed. Unless the server refused it, it may still be carried out: then the
 * connection is given up. */
void tuv_tmq_subscribe_failed(taosuv_consumer_t* consumer, const taosuv_req_t* req);

/* Forgets all that came over the connection. */
void tuv_tmq_reset(taosuv_consumer_t* consumer);

/* Sends an unsubscribe that waits, once all is committed. */
void tuv_tmq_leave(taosuv_consumer_t* consumer);

/* Sends the unsubscribe of a consumer that is being closed. Returns 0 or an error. */
int tuv_tmq_unsubscribe_finally(taosuv_consumer_t* consumer);

#endif
