/* How operations are sent over a connection, and taken back. A connection that has room takes one at
 * once: fewer than max_inflight wait for their answers, and its send buffer is shorter than
 * max_send_buffer. */
#ifndef TUV_CLIENT_CONN_SEND_H
#define TUV_CLIENT_CONN_SEND_H

#include "client/conn/conn.h"
#include "wire/json/request.h"

/* Whether a message of `size` bytes may be sent. An empty send buffer takes one of any size. */
bool tuv_conn_has_room(tuv_conn_t* conn, size_t size);
/* Writes the message of an operation, and has it wait for its answer. Returns 0 or an error. */
int tuv_conn_send(tuv_conn_t* conn, tuv_op_t* op, const void* payload, size_t size);
/* The same for a request, which the connection holds until the answer. */
int tuv_conn_send_request(tuv_conn_t* conn, taosuv_req_t* req, const void* payload, size_t size);
/* Sends an operation that has no payload and makes sense on this connection only: now, or when there
 * is room. It fails if it cannot be sent. */
void tuv_conn_post(tuv_conn_t* conn, tuv_op_t* op);
/* Sends what waits for room, as far as there is some now. */
void tuv_conn_send_waiting(tuv_conn_t* conn);
/* Takes an operation back whose message has not left. Returns false when it has. */
bool tuv_conn_withdraw(tuv_conn_t* conn, tuv_op_t* op);
/* Over WebSocket: ends a JSON request, and writes it as the message of `op`. */
int tuv_conn_send_json(tuv_conn_t* conn, tuv_op_t* op, tuv_json_request_t* request);

#endif
