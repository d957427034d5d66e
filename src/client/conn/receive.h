/* How a connection receives messages and finds the operations that they answer. */
#ifndef TUV_CLIENT_CONN_RECEIVE_H
#define TUV_CLIENT_CONN_RECEIVE_H

#include "client/conn/conn.h"

/* Takes the operation with this id out of those in flight, because it was answered; or NULL. */
tuv_op_t* tuv_conn_take(tuv_conn_t* conn, uint64_t id);
/* Fails an operation on a connection that goes on. */
void tuv_conn_fail_op(tuv_conn_t* conn, tuv_op_t* op, tuv_failure_t failure);
void tuv_conn_on_message(tuv_ws_t* ws, uint8_t opcode, uint8_t* data, size_t size,
                         tuv_refbuf_t* owner);
void tuv_conn_on_pong(tuv_ws_t* ws, const uint8_t* data, size_t size);

#endif
