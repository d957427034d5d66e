/* A query by SQL in place of an action that a server does not have: the value is in the first cell
 * of its result. */
#ifndef TUV_CLIENT_ASK_H
#define TUV_CLIENT_ASK_H

#include "client/core/op.h"

/* Takes the value in the first cell and completes the request. NULL: the value is NULL, or there is
 * no row. */
typedef void (*tuv_asked_cb)(taosuv_req_t* req, const taosuv_block_t* block);

/* Writes the request's message: a query in JSON, which every server has. */
int tuv_ask_encode(tuv_op_t* op, tuv_conn_t* conn, const char* sql);

/* Takes the reply to it: the request waits for the value, or has failed. The tombstone of its type
 * must be tuv_query_tombstone. */
void tuv_ask_replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply, tuv_asked_cb cb);

#endif
