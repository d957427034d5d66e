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
#include "client/conn/leave.h"
#include "client/conn/login.h"
#include "client/conn/receive.h"
#include "client/conn/rest_conn.h"
#include "client/conn/rest_request.h"
#include "client/conn/transport.h"
#include "client/pool/client.h"
#include "client/pool/hosts.h"
#include "client/core/observe.h"
#include "wire/http_request.h"

static tuv_conn_t* conn_of(tuv_http_conn_t* http) {
  return TUV_CONTAINER(http, tuv_conn_t, rest.http);
}

/* ---- requests ---- */

tuv_buf_t* tuv_rest_target(tuv_conn_t* conn) {
  tuv_buf_t* target = &conn->rest.target;
  if (target->data != NULL) tuv_wipe(target->data, target->tail);
  tuv_buf_consume(target, tuv_buf_size(target), SIZE_MAX);
  return target;
}

int tuv_rest_send(tuv_conn_t* conn, tuv_op_t* op, const tuv_rest_message_t* message) {
  const taosuv_client_t* client = conn->client;
  const tuv_pool_host_t* host = &client->hosts[conn->host];
  tuv_rest_conn_t* rest = &conn->rest;
  char id[24] = "";
  bool basic = message->no_token && client->basic != NULL;
  if (message->with_id) snprintf(id, sizeof id, "%" PRIu64, op->id);
  tuv_http_head_t head = {.method = message->method,
                          .target = message->target,
                          .target_size = message->target_size,
                          .more = id,
                          .host = host->name,
                          .port = host->port,
                          .authorization = basic ? client->basic : client->context.authorization,
                          .gzip = client->context.url.compression,
                          .has_body = message->has_body,
                          .body_size = message->size};
  tuv_buf_t* out = tuv_http_conn_out(&rest->http);
  int status = tuv_http_write_head(out, &head);
  rest->body_at = tuv_buf_size(out);
  if (status == 0 && message->size > 0) status = tuv_http_put(out, message->body, message->size);
  if (status < 0) {
    tuv_http_conn_out(&rest->http); /* nothing of it stays */
    return status;
  }
  rest->op_id = op->id;
  rest->kind = (uint8_t) message->kind;
  rest->repeatable = message->repeatable;
  rest->has_payload = message->payload != NULL;
  rest->prefix_size = 0;
  if (rest->has_payload)
    rest->prefix_size = (size_t) ((const char*) message->body - (const char*) message->payload);
  if (rest->prefix_size > 0) memcpy(rest->prefix, message->payload, rest->prefix_size);
  rest->decoded = 0;
  tuv_rest_begin(&rest->decoder);
  tuv_http_conn_end(&rest->http, &op->at);
  tuv_observe_message(&conn->client->context, conn, true, message->body, message->size);
  return 0;
}

/* Whether a statement only reads, by its first word. Then a row that looks like an update's answer
 * is one, and it can be sent twice. */
static bool reads(const char* sql, size_t size) {
  static const char* const words[] = {"select", "show", "describe", "desc", "explain"};
  size_t at = 0, length = 0;
  while (at < size && (strchr(" \t\r\n(", sql[at]) != NULL && sql[at] != 0)) at++;
  while (at + length < size &&
         ((sql[at + length] | 0x20) >= 'a' && (sql[at + length] | 0x20) <= 'z'))
    length++;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strlen(words[i]) == length && strncasecmp(sql + at, words[i], length) == 0) return true;
  return false;
}

static int send_sql(tuv_op_t* op, tuv_conn_t* conn, const void* sql, size_t size, bool payload) {
  const char* target = conn->client->target;
  bool reading = reads(sql, size);
  int status = tuv_rest_send(conn, op,
                             &(tuv_rest_message_t) {.method = "POST",
                                                    .target = target,
                                                    .target_size = strlen(target),
                                                    .with_id = true,
                                                    .has_body = true,
                                                    .body = sql,
                                                    .size = size,
                                                    .payload = payload ? sql : NULL,
                                                    .kind = TUV_REST_SQL,
                                                    .repeatable = reading});
  conn->rest.reading = reading;
  return status;
}

int tuv_rest_sql(tuv_op_t* op, tuv_conn_t* conn, const void* sql, size_t size) {
  return send_sql(op, conn, sql, size, true);
}

int tuv_rest_ask(tuv_op_t* op, tuv_conn_t* conn, const char* sql) {
  return send_sql(op, conn, sql, strlen(sql), false);
}

/* ---- answers ---- */

bool tuv_rest_update(const tuv_conn_t* conn, int64_t* affected_rows) {
  return !conn->rest.reading && tuv_rest_is_update(&conn->rest.decoder, affected_rows);
}

int tuv_rest_cell(tuv_conn_t* conn, taosuv_column_t* column, taosuv_block_t** block) {
  tuv_rest_t* decoder = &conn->rest.decoder;
  tuv_errmsg_t err;
  int status = 0;
  tuv_refbuf_t* bytes = tuv_rest_take(decoder);
  *block = NULL;
  if (bytes == NULL) return 0;
  size_t size = taosuv_load_u32(bytes->data + 4);
  *block = tuv_block_create(conn->client->context.mem, bytes, bytes->data, size, decoder->precision,
                            &status, &err);
  tuv_refbuf_unref(bytes);
  if (*block == NULL) return status;
  taosuv_block_column(*block, 0, column);
  if (!taosuv_is_null(column, 0)) return 0;
  taosuv_block_unref(*block);
  *block = NULL;
  return 0;
}

void tuv_rest_fail(tuv_op_t* op, tuv_conn_t* conn, int status, const char* text) {
  tuv_req_fail(tuv_req_of_op(op), &(tuv_failure_t) {status, 0, 0, text, tuv_conn_host(conn)});
}

/* What is no JSON is read on to its end, so that the connection stays of use; and quoted. */
static int on_body(void* context, const uint8_t* data, size_t size, tuv_errmsg_t* err) {
  tuv_conn_t* conn = conn_of(context);
  tuv_rest_conn_t* rest = &conn->rest;
  tuv_observe_message(&conn->client->context, conn, false, data, size);
  bool matters = rest->kind != TUV_REST_DONE || rest->http.reply.status / 100 != 2;
  if (!matters || rest->decoded < 0) return 0;
  rest->decoded = tuv_rest_feed(&rest->decoder, data, size, err);
  if (rest->decoded < 0) rest->err = *err;
  return rest->decoded == TAOSUV_ENOMEM ? rest->decoded : 0;
}

/* Codes of the gateway's own about the Authorization header (PROTOCOL 9.1), and of the database.
 * With 403 it refuses an address, or a statement by its text (9.4). */
static bool is_auth(int http_status, int code, const char* text) {
  static const char statement[] = "sql rejected";
  bool header = code == 4357 || code == 4386 || code == 4388 || code == 4389 || code == 4362;
  bool address = http_status == 403 && strncmp(text, statement, sizeof statement - 1) != 0;
  return http_status == 401 || address || header || tuv_is_auth_code(code);
}

/* An answer with a code: the server understood, and refused. */
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

/* An answer that is none of the gateway: of a proxy, or of no gateway at all. */
static void judge_status(const tuv_rest_conn_t* rest, tuv_failure_t* failure, tuv_errmsg_t* err) {
  const tuv_http_reply_t* reply = &rest->http.reply;
  char after[TUV_HTTP_RETRY_TEXT];
  failure->server_code = reply->status;
  failure->message = err->text;
  failure->status = tuv_http_refusal(reply->status);
  if (reply->status / 100 == 2 && rest->decoded == 0) { /* success, but of what? */
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

/* Whether the answer is a success; else why not. */
static bool judge(tuv_rest_conn_t* rest, tuv_failure_t* failure, tuv_errmsg_t* err) {
  bool good = rest->http.reply.status / 100 == 2;
  if (good && rest->kind == TUV_REST_DONE) return true;
  if (rest->decoded == 0) rest->decoded = tuv_rest_end(&rest->decoder, &rest->err);
  bool lacks = rest->decoded == 0 && rest->kind == TUV_REST_SQL && rest->decoder.code == 0 &&
               rest->decoder.count == 0;
  if (lacks) rest->decoded = tuv_fail(&rest->err, TAOSUV_EPROTO, "an answer without columns");
  bool sql = rest->kind == TUV_REST_SQL && rest->decoder.code == 0;
  if (rest->decoded == 0 && sql && lacks_rows(rest))
    rest->decoded = tuv_fail(&rest->err, TAOSUV_EPROTO, "affected_rows is no number of rows");
  if (rest->decoded == 0 && rest->decoder.code == 0 && rest->http.reply.status == 200) return true;
  if (rest->decoded == 0 && rest->decoder.code != 0)
    judge_code(rest, failure);
  else
    judge_status(rest, failure, err);
  return false;
}

/* A connection that the server ends after this answer takes no other request: before anybody may
 * come with one, it is out of the pool. */
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
    conn->client->conn_events->retry_after(conn, rest->http.reply.retry_after);
  if (op->type->is_request && !tuv_op_is_tombstone(op))
    tuv_req_of_op(op)->server_time_ns = rest->decoder.timing;
  if (!good)
    tuv_conn_fail_op(conn, op, failure);
  else if (!tuv_op_is_tombstone(op))
    op->type->rest->reply(op, conn);
  if (login && http->spent && conn->state <= TUV_CONN_READY)
    tuv_conn_lost(conn, "the server ends each connection with its first answer");
  if (conn->state == TUV_CONN_READY) tuv_conn_pump(conn);
  tuv_leave_check(conn);
}

/* ---- the connection's life ---- */

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
  taosuv_client_t* client = conn->client;
  tuv_rest_init(&conn->rest.decoder, client->context.mem, &client->context.json);
  tuv_buf_init(&conn->rest.target, &client->context.mem->alloc);
  conn->rest.target.secret = true;
  tuv_http_conn_init(&conn->rest.http, &client->context.shared, &http_events);
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
  (void) at; /* there is only one */
  return tuv_http_conn_withdraw(&conn->rest.http);
}

/* The answer to a request that nobody waits for any more would hold up the next one for as long as
 * it takes: the connection is given up, at the end of the turn. */
static void abandon(tuv_conn_t* conn) {
  tuv_conn_close_later(conn);
}

/* The server may have closed the connection just when the request was on its way: then it has seen
 * nothing of it, most likely. */
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
  priv->payload = tuv_refbuf_take(conn->client->context.mem, head + size);
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

const tuv_transport_t tuv_transport_rest = {.connect = rest_connect,
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
