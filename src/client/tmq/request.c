/* Requests of a consumer: their message is sent once, or several times with different arguments. */
#include <stdio.h>
#include <string.h>

#include "client/core/failure.h"
#include "client/core/ids.h"
#include "client/core/op.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/conn/send.h"
#include "client/pool/client.h"
#include "client/pool/begin.h"
#include "client/pool/pool.h"
#include "client/tmq/consumer.h"
#include "client/tmq/request.h"

/* The payload is the whole message. */
int tuv_tmq_encode(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  return tuv_ws_send(&conn->ws, TUV_WS_TEXT, payload, size, &op->at);
}

int tuv_tmq_since(tuv_op_t* op, tuv_conn_t* conn, uint64_t version, const char* text) {
  char* out = tuv_client_of(conn->context)->text;
  if (conn->version >= version) return 0;
  snprintf(out, sizeof tuv_client_of(conn->context)->text,
           "the server's version %s is too old: it needs %s", conn->version_text, text);
  tuv_req_of_op(op)->message = out;
  return TAOSUV_EVERSION;
}

int tuv_tmq_encode_newer(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  int status = tuv_tmq_since(op, conn, TUV_TMQ_COMMITS_OFFSETS, "3.1.1.15");
  return status < 0 ? status : tuv_tmq_encode(op, conn, payload, size);
}

int tuv_tmq_send_plain(tuv_op_t* op, tuv_conn_t* conn, const char* action) {
  tuv_json_request_t request;
  tuv_json_request_begin(&request, &conn->context->json, action, op->id);
  return tuv_conn_send_json(conn, op, &request);
}

uint64_t tuv_tmq_request(taosuv_consumer_t* consumer, const taosuv_req_t* req,
                         tuv_json_request_t* request, const char* action) {
  uint64_t id = req->req_id != 0 ? req->req_id : tuv_ids_next(&consumer->client->context.ids);
  tuv_json_request_begin(request, &consumer->client->context.json, action, id);
  return id;
}

int tuv_tmq_begin(taosuv_consumer_t* consumer, taosuv_req_t* req, const tuv_op_type_t* type,
                  tuv_json_request_t* request, uint64_t id) {
  size_t length;
  int status;
  char* text = tuv_json_request_end(request, &length, &status);
  if (text == NULL) return status;
  uint64_t wanted = req->req_id;
  req->req_id = id; /* the message contains it already */
  status = tuv_pool_begin(consumer->client, req, type, text, length);
  req->req_id = wanted;
  tuv_free(&consumer->alloc, text);
  return status;
}

void tuv_tmq_send_next(tuv_conn_t* conn, taosuv_req_t* req) {
  tuv_op_t* op = &tuv_req_of(req)->op;
  op->id = tuv_ids_next(&conn->context->ids);
  int status = tuv_conn_send(conn, op, NULL, 0);
  if (status < 0) tuv_req_finish(req, status);
}

void tuv_tmq_malformed(taosuv_req_t* req, tuv_conn_t* conn, int status, const char* message) {
  tuv_req_fail(
      req, &(tuv_failure_t) {status, TAOSUV_ERR_MAYBE_EXECUTED, 0, message, tuv_conn_host(conn)});
}
