/* Requests of a consumer: of one message, or of several, one after another. */
#ifndef TUV_CLIENT_TMQ_REQUEST_H
#define TUV_CLIENT_TMQ_REQUEST_H

#include "client/core/req.h"
#include "client/tmq/consumer.h"
#include "wire/json/request.h"
#include "wire/version.h"

/* Servers from this version on commit offsets; older gateways commit messages. */
#define TUV_TMQ_COMMITS_OFFSETS TUV_VERSION(3, 1, 1, 15)

int tuv_tmq_encode(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size);

/* The same for an action that gateways have from 3.1.1.15 on. For an older gateway the request
 * fails with a text that says so, because it would never answer. */
int tuv_tmq_encode_newer(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size);

/* Returns 0, or TAOSUV_EVERSION with the request's text when the server is older than `version`. */
int tuv_tmq_since(tuv_op_t* op, tuv_conn_t* conn, uint64_t version, const char* text);

/* Sends a message without arguments. */
int tuv_tmq_send_plain(tuv_op_t* op, tuv_conn_t* conn, const char* action);

/* Begins a request's message; returns the id that it will have. */
uint64_t tuv_tmq_request(taosuv_consumer_t* consumer, const taosuv_req_t* req,
                         tuv_json_request_t* request, const char* action);

/* Sends it once its arguments are in. */
int tuv_tmq_begin(taosuv_consumer_t* consumer, taosuv_req_t* req, const tuv_op_type_t* type,
                  tuv_json_request_t* request, uint64_t id);

/* Sends the next message of a request whose last one was answered. */
void tuv_tmq_send_next(tuv_conn_t* conn, taosuv_req_t* req);

/* Fails a request whose reply is malformed. */
void tuv_tmq_malformed(taosuv_req_t* req, tuv_conn_t* conn, int status, const char* message);

#endif
