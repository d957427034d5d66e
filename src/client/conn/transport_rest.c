/* How a connection of the pool speaks HTTP (PROTOCOL 9): one request at a time. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "client/core/block.h"
#include "client/core/failure.h"
#include "client/core/req.h"
#include "client/core/server_code.h"
#include "client/conn/conn.h"
#include "client/conn/stream.h"
#include "client/conn/leave.h"
#include "client/conn/login.h"
#include "client/conn/receive.h"
#include "client/conn/rest_conn.h"
#include "client/conn/rest_request.h"
#include "client/conn/transport.h"
#include "client/core/observe.h"
#include "wire/http/request.h"
#include "wire/server_code.h"

static tuv_conn_t* conn_of(tuv_http_conn_t* http) {
  return TUV_CONTAINER(http, tuv_conn_t, rest.http);
}

/* ---- requests ---- */

/* A body that is not JSON is quoted in the error, and read to its end so that the connection can be
 * used again. */
static int on_body(void* context, const uint8_t* data, size_t size, tuv_errmsg_t* err) {
  tuv_conn_t* conn = conn_of(context);
  tuv_rest_conn_t* rest = &conn->rest;
  tuv_observe_message(conn->context, conn, false, data, size);
  bool matters = rest->kind != TUV_REST_DONE || rest->http.reply.status / 100 != 2;
  if (!matters || rest->decoded < 0) return 0;
  rest->decoded = tuv_rest_feed(&rest->decoder, data, size, err);
  if (rest->decoded < 0) rest->err = *err;
  return rest->decoded == TAOSUV_ENOMEM ? rest->decoded : 0;
}

/* Whether a reply says that the credentials are wrong: by a code of the gateway about the
 * Authorization header (PROTOCOL 9.1), or a code of the database. With 403 the gateway refuses an
 * address, or a statement by its text (PROTOCOL 9.4). */
static bool is_auth(int http_status, int code, const char* text) {
  static const char statement[] = "sql rejected";
  bool header = code == TUV_CODE_HTTP_NO_AUTH || code == TUV_CODE_HTTP_TOKEN ||
                code == TUV_CODE_HTTP_AUTH_TYPE || code == TUV_CODE_HTTP_BASIC ||
                code == TUV_CODE_HTTP_TAOSD;
  bool address = http_status == 403 && strncmp(text, statement, sizeof statement - 1) != 0;
  return http_status == 401 || address || header || tuv_is_auth_code(code);
}

/* A reply with a code: the server understood the request, and refused it. */
static void judge_code(const tuv_rest_conn_t* rest, tuv_failure_t* failure) {
  int http_status = rest->http.reply.status, code = tuv_server_code(rest->decoder.code);
  failure->server_code = code;
  failure->message = rest->decoder.text;
  failure->status = TAOSUV_ESERVER;
  if (is_auth(http_status, code, failure->message)) failure->status = TAOSUV_EAUTH;
  if (http_status == 429 || http_status == 503) failure->status = TAOSUV_EUNAVAIL;
  failure->flags = failure->status == TAOSUV_ESERVER ? tuv_server_code_flags(code)
                                                     : taosuv_err_flags(failure->status);
  if (failure->message[0] == 0) failure->message = taosuv_strerror(failure->status);
}

/* A reply that does not come from a gateway, but from a proxy or another server. */
static void judge_status(const tuv_rest_conn_t* rest, tuv_failure_t* failure, tuv_errmsg_t* err) {
  const tuv_http_reply_t* reply = &rest->http.reply;
  char after[TUV_HTTP_RETRY_TEXT];
  failure->server_code = reply->status;
  failure->message = err->text;
  failure->status = tuv_http_refusal(reply->status);
  if (reply->status / 100 == 2 && rest->decoded == 0) { /* not the status of a gateway */
    failure->status = TAOSUV_EPROTO;
    tuv_fail(err, 0, "HTTP status %d in place of 200", reply->status);
  } else if (reply->status / 100 == 2) {
    failure->server_code = 0;
    failure->status = rest->decoded;
    tuv_fail(err, 0, "%s%s%s", rest->err.text, reply->quote[0] != 0 ? ": " : "", reply->quote);
  } else if (failure->status == TAOSUV_EREDIRECT) {
    tuv_fail(err, 0, "HTTP status %d to %s", reply->status,
             reply->location[0] != 0 ? reply->location : "nowhere");
  } else {
    if (failure->status == TAOSUV_EUPGRADE) failure->status = TAOSUV_EPROTO;
    tuv_fail(err, 0, "HTTP status %d%s%s%s", reply->status,
             tuv_http_retry_text(after, reply->retry_after), reply->quote[0] != 0 ? ": " : "",
             reply->quote);
  }
  failure->flags = taosuv_err_flags(failure->status);
}

/* An update whose number of rows is NULL or negative. */
static bool lacks_rows(const tuv_rest_conn_t* rest) {
  int64_t rows = -1;
  return !rest->reading && tuv_rest_is_update(&rest->decoder, &rows) && rows < 0;
}

/* Whether the reply is a success. If not, *failure says why. */
static bool judge(tuv_rest_conn_t* rest, tuv_failure_t* failure, tuv_errmsg_t* err) {
  bool good = rest->http.reply.status / 100 == 2;
  if (good && rest->kind == TUV_REST_DONE) return true;
  if (rest->decoded == 0) rest->decoded = tuv_rest_end(&rest->decoder, &rest->err);
  bool lacks = rest->decoded == 0 && rest->kind == TUV_REST_SQL && rest->decoder.code == 0 &&
               rest->decoder.count == 0;
  if (lacks) rest->decoded = tuv_fail(&rest->err, TAOSUV_EPROTO, "the reply has no columns");
  bool sql = rest->kind == TUV_REST_SQL && rest->decoder.code == 0;
  if (rest->decoded == 0 && sql && lacks_rows(rest))
    rest->decoded = tuv_fail(&rest->err, TAOSUV_EPROTO, "affected_rows must be a number of rows");
  if (rest->decoded == 0 && rest->decoder.code == 0 && rest->http.reply.status == 200) return true;
  if (rest->decoded == 0 && rest->decoder.code != 0)
    judge_code(rest, failure);
  else
    judge_status(rest, failure, err);
  return false;
}

/* The server ends the connection after this reply: it leaves the pool before a callback can make
 * another request. */
static void leave_if_spent(tuv_conn_t* conn) {
  if (conn->rest.http.spent && conn->state == TUV_CONN_READY) tuv_conn_retire(conn);
}

static void on_reply(tuv_http_conn_t* http) {
  tuv_conn_t* conn = conn_of(http);
  tuv_rest_conn_t* rest = &conn->rest;
  tuv_failure_t failure = {0};
  tuv_errmsg_t err = {""};
  tuv_op_t* op = tuv_conn_take(conn, rest->op_id);
  bool good = judge(rest, &failure, &err);
  bool login = conn->state == TUV_CONN_LOGIN;
  leave_if_spent(conn);
  if (login && failure.status == TAOSUV_EUNAVAIL)
    conn->conns->events->retry_after(conn, rest->http.reply.retry_after);
  tuv_op_set_server_time(op, rest->decoder.timing);
  if (!good)
    tuv_conn_fail_op(conn, op, failure);
  else if (!tuv_op_is_tombstone(op))
    op->type->rest->reply(op, conn);
  if (login && http->spent && conn->state <= TUV_CONN_READY)
    tuv_conn_lost(conn, "the server closes each connection after its first reply");
  if (conn->state == TUV_CONN_READY) tuv_conn_pump(conn);
  tuv_leave_check(conn);
}

/* ---- the life of the connection ---- */

static void on_open(tuv_http_conn_t* http) {
  tuv_conn_opened(conn_of(http));
}

static void on_down(tuv_http_conn_t* http, int status, const char* message) {
  tuv_conn_down(conn_of(http), status, 0, message, false);
}

static void on_gone(tuv_http_conn_t* http) {
  tuv_conn_t* conn = conn_of(http);
  tuv_rest_free(&conn->rest.decoder);
  tuv_rest_target(conn);
  tuv_buf_free(&conn->rest.target);
  tuv_conn_gone(conn);
}

static void on_flush_pending(tuv_http_conn_t* http) {
  tuv_conn_flush_later(conn_of(http));
}

static void on_paused(tuv_http_conn_t* http) {
  tuv_conn_paused(conn_of(http));
}

static const tuv_http_events_t http_events = {on_open, on_body,          on_reply, on_down,
                                              on_gone, on_flush_pending, on_paused};

static int rest_connect(tuv_conn_t* conn) {
  tuv_conns_t* conns = conn->conns;
  tuv_rest_init(&conn->rest.decoder, conns->context->mem, &conns->context->json);
  tuv_buf_init(&conn->rest.target, &conns->context->mem->alloc);
  conn->rest.target.secret = true;
  tuv_http_conn_init(&conn->rest.http, &conns->context->shared, &http_events);
  return tuv_conn_connect(conn, &tuv_http_stream_events, &conn->rest.http, &conn->rest.http.stream);
}

static void ready(tuv_conn_t* conn) {
  (void) conn;
}

static int send_op(tuv_conn_t* conn, tuv_op_t* op, const void* payload, size_t size) {
  return op->type->rest->encode(op, conn, payload, size);
}

static uint64_t sent_up_to(const tuv_conn_t* conn) {
  return tuv_http_conn_sent_up_to(&conn->rest.http);
}

static size_t unsent_bytes(const tuv_conn_t* conn) {
  return tuv_http_conn_unsent_bytes(&conn->rest.http);
}

static size_t withdraw(tuv_conn_t* conn, uint64_t at) {
  (void) at; /* there is only one request */
  return tuv_http_conn_withdraw(&conn->rest.http);
}

/* The next request would have to wait for a reply that nobody needs: the connection is given up at the
 * end of the turn. */
static void abandon(tuv_conn_t* conn) {
  tuv_conn_close_later(conn);
}

/* The server may have closed the idle connection while the request was on its way, most likely without
 * having seen the request. */
static bool may_repeat(const tuv_conn_t* conn) {
  return conn->rest.repeatable && conn->rest.http.answers > 0 &&
         !tuv_http_reply_begun(&conn->rest.http.reply);
}

static int recover(tuv_conn_t* conn, tuv_req_t* priv) {
  tuv_rest_conn_t* rest = &conn->rest;
  if (priv->payload != NULL) return 0;
  priv->payload_size = 0;
  if (!rest->has_payload) return 0;
  size_t head = rest->prefix_size, size = tuv_buf_size(&rest->http.out) - rest->body_at;
  priv->payload = tuv_refbuf_take(conn->context->mem, head + size);
  if (priv->payload == NULL) return TAOSUV_ENOMEM;
  priv->payload_size = (uint32_t) (head + size);
  if (head > 0) memcpy(priv->payload->data, rest->prefix, head);
  memcpy(priv->payload->data + head, rest->http.out.data + rest->http.out.head + rest->body_at,
         size);
  return 0;
}

static uint64_t signs_of_life(const tuv_conn_t* conn) {
  return conn->rest.http.received;
}

static tuv_stream_t* stream_of(const tuv_conn_t* conn) {
  return conn->rest.http.stream;
}

static void resume(tuv_conn_t* conn) {
  tuv_http_conn_resume(&conn->rest.http);
}

static void flush(tuv_conn_t* conn) {
  tuv_http_conn_flush(&conn->rest.http);
}

static void rest_close(tuv_conn_t* conn) {
  tuv_http_conn_close(&conn->rest.http);
}

const tuv_transport_t tuv_transport_rest = {.has_resources = true,
                                            .connect = rest_connect,
                                            .login = tuv_rest_login,
                                            .ready = ready,
                                            .send = send_op,
                                            .sent_up_to = sent_up_to,
                                            .unsent_bytes = unsent_bytes,
                                            .withdraw = withdraw,
                                            .abandon = abandon,
                                            .may_repeat = may_repeat,
                                            .recover = recover,
                                            .signs_of_life = signs_of_life,
                                            .stream = stream_of,
                                            .resume = resume,
                                            .flush = flush,
                                            .close = rest_close,
                                            .abort = rest_close};
