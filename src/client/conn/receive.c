/* What a connection receives: each message is brought to the operation that it answers. */
#include <stdio.h>
#include <string.h>

#include "client/core/failure.h"
#include "client/core/req.h"
#include "client/core/server_code.h"
#include "client/conn/conn.h"
#include "client/conn/endpoint.h"
#include "client/conn/leave.h"
#include "client/conn/receive.h"
#include "client/conn/suspect.h"
#include "client/core/observe.h"
#include "io/ws/ws.h"

/* A message that belongs to no operation: the connection cannot be used any more. */
static void violation(tuv_conn_t* conn, int status, const char* message) {
  uint16_t code = status == TAOSUV_EPROTO ? TUV_WS_CODE_PROTOCOL : TUV_WS_CODE_INTERNAL;
  tuv_ws_fail(&conn->ws, status, code, message);
}

tuv_op_t* tuv_conn_take(tuv_conn_t* conn, uint64_t id) {
  tuv_op_t* op = tuv_inflight_take(&conn->inflight, id);
  if (op == NULL || tuv_op_is_tombstone(op)) return op;
  tuv_observe_op(conn->context, TAOSUV_TRACE_ANSWERED, op, tuv_conn_host(conn));
  return op;
}

void tuv_conn_fail_op(tuv_conn_t* conn, tuv_op_t* op, tuv_failure_t failure) {
  failure.host = tuv_conn_host(conn);
  tuv_op_failed(op, &failure);
}

static void fail_malformed(tuv_conn_t* conn, tuv_op_t* op, const char* message) {
  tuv_conn_fail_op(conn, op,
                   (tuv_failure_t) {TAOSUV_EPROTO, TAOSUV_ERR_MAYBE_EXECUTED, 0, message, NULL});
}

static void refused(tuv_conn_t* conn, tuv_op_t* op, uint32_t code, const char* message) {
  int server_code = tuv_server_code(code);
  unsigned int flags = tuv_server_code_flags(server_code);
  if (op->type->refused != NULL && op->type->refused(op, conn, server_code)) return;
  if (message[0] == 0) message = taosuv_strerror(TAOSUV_ESERVER);
  tuv_conn_fail_op(conn, op, (tuv_failure_t) {TAOSUV_ESERVER, flags, server_code, message, NULL});
}

/* Actions that have no reply when they succeed. A refusal changes nothing. */
static bool has_no_answer(const char* action) {
  return strcmp(action, "free_result") == 0 || strcmp(action, "close") == 0;
}

/* The id of the request that is answered; 0: the reply does not say. Gateways before 3.3.6.12 reply
 * to a consumer's `version` without req_id (PROTOCOL 3.1). */
static uint64_t answered_id(const tuv_conn_t* conn, const tuv_reply_t* reply) {
  if (reply->req_id != 0 || reply->action == NULL || strcmp(reply->action, "version") != 0)
    return reply->req_id;
  return conn->version_op.conn == conn ? conn->version_op.id : 0;
}

static void on_text(tuv_conn_t* conn, const uint8_t* data, size_t size) {
  tuv_reply_t reply;
  tuv_errmsg_t err;
  int status = tuv_reply_parse(&conn->context->json, data, size, &reply, &err);
  uint64_t id = answered_id(conn, &reply);
  tuv_op_t* op = id != 0 ? tuv_conn_take(conn, id) : NULL;
  if (op == NULL) {
    if (status == 0 && has_no_answer(reply.action)) return;
    if (status == 0)
      status = tuv_fail(&err, TAOSUV_EPROTO, "a reply to a request that is not in flight: %llu",
                        (unsigned long long) reply.req_id);
    violation(conn, status, err.text);
    return;
  }
  if (status < 0) {
    fail_malformed(conn, op, err.text);
  } else {
    tuv_op_set_server_time(op, reply.timing);
    if (reply.code != 0)
      refused(conn, op, reply.code, reply.message);
    else
      op->type->reply(op, conn, &reply);
  }
}

static void on_binary(tuv_conn_t* conn, const uint8_t* data, size_t size, tuv_refbuf_t* owner) {
  uint64_t id = 0;
  tuv_msg_fetched_t fetched;
  tuv_errmsg_t err;
  tuv_msg_key_t key = tuv_msg_key(data, size, &id);
  tuv_op_t* op = NULL;
  const tuv_endpoint_t* endpoint = conn->conns->endpoint;
  if (endpoint->req_id != NULL) {
    op = tuv_conn_take(conn, endpoint->req_id(data, size));
  } else if (key == TUV_MSG_BY_REQ_ID) {
    op = tuv_conn_take(conn, id);
  } else if (key == TUV_MSG_BY_RESULT) {
    op = tuv_dependents_find_op(&conn->dependents, id);
    if (op != NULL) tuv_conn_take(conn, op->id);
  }
  if (op == NULL) {
    snprintf(err.text, sizeof err.text,
             "a binary message of %zu bytes that is not the reply to any request", size);
    violation(conn, TAOSUV_EPROTO, err.text);
    return;
  }
  if (op->type->binary != NULL) {
    op->type->binary(op, conn, data, size, owner);
  } else if (op->type->fetched == NULL) {
    fail_malformed(conn, op, "a binary message in place of JSON");
  } else if (tuv_msg_fetched(data, size, key, &fetched, &err) < 0) {
    fail_malformed(conn, op, err.text);
  } else if (fetched.code != 0) {
    char text[TUV_SERVER_TEXT_SIZE];
    snprintf(text, sizeof text, "%.*s", (int) fetched.message_size, fetched.message);
    refused(conn, op, fetched.code, text);
  } else {
    op->type->fetched(op, conn, &fetched, owner);
  }
}

void tuv_conn_on_message(tuv_ws_t* ws, uint8_t opcode, uint8_t* data, size_t size,
                         tuv_refbuf_t* owner) {
  tuv_conn_t* conn = TUV_CONTAINER(ws, tuv_conn_t, ws);
  if (conn->suspect) tuv_suspect_heard(conn);
  if (opcode == TUV_WS_TEXT)
    on_text(conn, data, size);
  else
    on_binary(conn, data, size, owner);
  if (conn->state == TUV_CONN_READY) tuv_conn_pump(conn);
  tuv_leave_check(conn);
}

/* The answer to taosuv_ping: a pong with the request's id. Others were not asked for, and are
 * allowed (RFC 6455 5.5.3). */
void tuv_conn_on_pong(tuv_ws_t* ws, const uint8_t* data, size_t size) {
  tuv_conn_t* conn = TUV_CONTAINER(ws, tuv_conn_t, ws);
  uint64_t id;
  if (conn->suspect) tuv_suspect_heard(conn);
  if (size != sizeof id) return;
  memcpy(&id, data, sizeof id);
  tuv_op_t* op = tuv_inflight_get(&conn->inflight, id);
  if (op == NULL || !op->type->by_pong) return;
  tuv_conn_take(conn, id);
  if (!tuv_op_is_tombstone(op)) op->type->reply(op, conn, NULL);
  if (conn->state == TUV_CONN_READY) tuv_conn_pump(conn);
  tuv_leave_check(conn);
}
