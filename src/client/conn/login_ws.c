/* The log-in of a connection: version and conn (PROTOCOL 3.1, 3.2). */
#include <stdio.h>
#include <string.h>

#include "client/core/failure.h"
#include "client/core/op.h"
#include "client/conn/conn.h"
#include "client/conn/send.h"
#include "client/conn/endpoint.h"
#include "client/conn/login.h"
#include "util/totp.h"
#include "wire/server_code.h"
#include "wire/version.h"

/* Database codes that mean bad credentials (PROTOCOL 10.3). */
bool tuv_is_auth_code(int code) {
  return code == TUV_CODE_AUTH_FAILURE || code == TUV_CODE_USER_NOT_EXIST ||
         code == TUV_CODE_INVALID_USER || code == TUV_CODE_WRONG_PASSWORD;
}

static void fail_login(tuv_op_t* op, const tuv_failure_t* failure, size_t offset) {
  tuv_conn_t* conn = (tuv_conn_t*) (void*) ((char*) op - offset);
  tuv_failure_t why = *failure;
  if (why.status == TAOSUV_ESERVER && tuv_is_auth_code(why.server_code)) why.status = TAOSUV_EAUTH;
  tuv_conn_fail(conn, &why);
}

static void version_failed(tuv_op_t* op, const tuv_failure_t* failure) {
  fail_login(op, failure, offsetof(tuv_conn_t, version_op));
}

static void login_failed(tuv_op_t* op, const tuv_failure_t* failure) {
  fail_login(op, failure, offsetof(tuv_conn_t, login_op));
}

static void too_old(tuv_conn_t* conn, const char* lacks) {
  char text[160];
  snprintf(text, sizeof text, "the server's version %s is too old: %s",
           conn->version_text[0] != 0 ? conn->version_text : "(not told)", lacks);
  tuv_conn_fail(conn, &(tuv_failure_t) {TAOSUV_EVERSION, 0, 0, text, tuv_conn_host(conn)});
}

/* An option that an old server would silently ignore is an error. Returns its text, or NULL. */
static const char* lacks(const tuv_conn_t* conn) {
  const tuv_url_t* url = &conn->context->url;
  if (conn->version < TUV_VERSION(3, 0, 0, 0)) return "taosuv needs 3.0.0.0";
  if (conn->version < TUV_VERSION(3, 2, 2, 0) && url->bi_mode) return "conn_mode= needs 3.2.2.0";
  if (conn->version < TUV_VERSION(3, 3, 5, 0)) {
    if (url->timezone[0] != 0) return "timezone= needs 3.3.5.0";
    if (url->app[0] != 0) return "app= needs 3.3.5.0";
    if (url->ip[0] != 0) return "ip= needs 3.3.5.0";
  }
  if (conn->version < TUV_VERSION(3, 4, 0, 0)) {
    if (url->bearer_token[0] != 0) return "bearer_token= needs 3.4.0.0";
    if (url->totp_code[0] != 0) return "totp_code= needs 3.4.0.0";
    if (url->totp_secret[0] != 0) return "totp_secret= needs 3.4.0.0";
    if (url->connector[0] != 0) return "connector= needs 3.4.0.0";
  }
  return NULL;
}

bool tuv_login_take_version(tuv_conn_t* conn, const char* text) {
  snprintf(conn->version_text, sizeof conn->version_text, "%s", text);
  conn->version = tuv_version_parse(text, strlen(text));
  /* Older gateways have only the JSON actions. The official connectors draw the line at 3.3.2.0. */
  conn->binary = conn->version >= TUV_VERSION(3, 3, 2, 0) && !tuv_conn_is_narrow(conn);
  conn->conns->events->version_known(conn);
  const char* missing = lacks(conn);
  if (missing != NULL) too_old(conn, missing);
  return missing == NULL;
}

static void add_text(tuv_json_request_t* request, const char* key, const char* text) {
  if (text[0] != 0) tuv_json_request_text(request, key, text, strlen(text));
}

/* Makes the one-time code of this moment. It is kept until the next one, so that it can be redacted
 * where a server returns it. */
static int make_totp(tuv_context_t* context) {
  uint8_t secret[TUV_TOTP_MAX_SECRET];
  uv_timeval64_t now;
  if (context->url.totp_secret[0] == 0) return 0;
  int status = uv_gettimeofday(&now);
  if (status < 0) return status;
  size_t size = tuv_base32_decode(context->url.totp_secret, secret);
  bool made = tuv_totp(secret, size, (uint64_t) now.tv_sec, TUV_TOTP_DIGITS, context->totp);
  tuv_wipe(secret, sizeof secret);
  return made ? 0 : TAOSUV_ENOTSUP;
}

static int encode_login(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  const tuv_url_t* url = &conn->context->url;
  tuv_json_request_t request;
  (void) payload;
  (void) size;
  int status = make_totp(conn->context);
  if (status < 0) return status;
  tuv_json_request_begin(&request, &conn->context->json, "conn", op->id);
  tuv_json_request_text(&request, "user", url->user, strlen(url->user));
  tuv_json_request_text(&request, "password", url->password, strlen(url->password));
  tuv_json_request_text(&request, "db", url->db, strlen(url->db));
  /* Older servers do not know this, and ignore it. */
  if (url->adapter_ha) tuv_json_request_bool(&request, "list_instances", true);
  if (url->bi_mode) tuv_json_request_uint(&request, "mode", 0);
  add_text(&request, "tz", url->timezone);
  add_text(&request, "app", url->app);
  add_text(&request, "ip", url->ip);
  add_text(&request, "connector", url->connector);
  add_text(&request, "totp_code", url->totp_secret[0] != 0 ? conn->context->totp : url->totp_code);
  add_text(&request, "bearer_token", url->bearer_token);
  return tuv_conn_send_json(conn, op, &request);
}

static int encode_version(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  tuv_json_request_t request;
  (void) payload;
  (void) size;
  tuv_json_request_begin(&request, &conn->context->json, "version", op->id);
  return tuv_conn_send_json(conn, op, &request);
}

static void finish_if_both(tuv_conn_t* conn) {
  if (conn->version != 0 && conn->login_op.id == 0) conn->conns->events->ready(conn);
}

static void login_replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  op->id = 0; /* done */
  conn->conns->events->logged_in(conn, reply);
  finish_if_both(conn);
}

static const tuv_op_type_t login_type = {.action = TAOSUV_ACTION_CONNECT,
                                         .encode = encode_login,
                                         .reply = login_replied,
                                         .failed = login_failed};

static void send_login(tuv_conn_t* conn) {
  int status = tuv_conn_send(conn, &conn->login_op, NULL, 0);
  if (status == 0) return;
  const char* text = status == TAOSUV_EINVAL ? "user, password or database is not UTF-8"
                                             : taosuv_strerror(status);
  tuv_conn_fail(conn, &(tuv_failure_t) {status, 0, 0, text, tuv_conn_host(conn)});
}

/* Whether the log-in has to wait for the version. An old gateway would ignore credentials that it
 * does not know, and log in as the default user. */
static bool version_first(const tuv_url_t* url) {
  return url->bearer_token[0] != 0 || url->totp_code[0] != 0 || url->totp_secret[0] != 0 ||
         url->connector[0] != 0;
}

static void version_replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  const char* text = NULL;
  tuv_errmsg_t err;
  (void) op;
  int status = tuv_reply_text(reply, "version", &text, &err);
  if (status < 0) {
    tuv_conn_fail(conn, &(tuv_failure_t) {status, 0, 0, err.text, tuv_conn_host(conn)});
    return;
  }
  if (!tuv_login_take_version(conn, text == NULL ? "" : text)) return;
  if (tuv_endpoint_is_outdated(conn)) {
    tuv_conn_restart(conn);
    return;
  }
  if (conn->login_op.id != 0 && version_first(&conn->context->url))
    send_login(conn);
  else
    finish_if_both(conn);
}

static const tuv_op_type_t version_type = {.action = TAOSUV_ACTION_CONNECT,
                                           .encode = encode_version,
                                           .reply = version_replied,
                                           .failed = version_failed};

void tuv_login_begin(tuv_conn_t* conn) {
  tuv_queue_init(&conn->version_op.link);
  tuv_queue_init(&conn->login_op.link);
  conn->version_op.type = &version_type;
  conn->login_op.type = &login_type;
  conn->version_op.id = tuv_ids_next(&conn->context->ids);
  /* A consumer logs in with its subscribe (PROTOCOL 7.1). */
  bool login = conn->conns->endpoint->has_login;
  conn->login_op.id = login ? tuv_ids_next(&conn->context->ids) : 0;
  int status = tuv_conn_send(conn, &conn->version_op, NULL, 0);
  if (status < 0)
    tuv_conn_fail(conn, &(tuv_failure_t) {status, 0, 0, NULL, tuv_conn_host(conn)});
  else if (login && !version_first(&conn->context->url))
    send_login(conn);
}
