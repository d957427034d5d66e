/* A question that a server has no action for, asked by SQL over a WebSocket: the value in the first
 * cell of a query's result. */
#ifndef TUV_CLIENT_ASK_H
#define TUV_CLIENT_ASK_H

#include "client/core/op.h"

/* The answer: its first cell is the value; NULL: NULL, or no row. Completes the request. */
typedef void (*tuv_asked_cb)(taosuv_req_t* req, const taosuv_block_t* block);

/* The request's message, which is a query in JSON: any server has that action. */
int tuv_ask_encode(tuv_op_t* op, tuv_conn_t* conn, const char* sql);

/* The reply to it: the request waits for the value, or has failed. The tombstone of its type must be
 * tuv_query_tombstone. */
void tuv_ask_replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply, tuv_asked_cb cb);

#endif
