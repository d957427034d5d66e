/* The log-in of a connection over HTTP: a token if the URL asks for one, then a first query, which
 * shows that the credentials and the database are right. */
#include <stdio.h>
#include <string.h>

#include "client/core/failure.h"
#include "client/core/op.h"
#include "client/conn/conn.h"
#include "client/conn/send.h"
#include "client/conn/login.h"
#include "client/conn/rest_request.h"
#include "client/conn/transport.h"
#include "wire/http/request.h"

typedef enum { TOKEN, DATABASE, VERSION } step_t;

static void begin_step(tuv_conn_t* conn, step_t step);

static void failed(tuv_op_t* op, const tuv_failure_t* failure) {
  tuv_conn_fail(TUV_CONTAINER(op, tuv_conn_t, login_op), failure);
}

static void fail(tuv_conn_t* conn, int status, const char* text) {
  tuv_conn_fail(conn, &(tuv_failure_t) {status, 0, 0, text, tuv_conn_host(conn)});
}

static void forget(const tuv_conns_t* conns, char** secret) {
  if (*secret != NULL) tuv_wipe(*secret, strlen(*secret));
  tuv_free(&conns->context->mem->alloc, *secret);
  *secret = NULL;
}

/* ---- /rest/login (PROTOCOL 9.6) ---- */

static int encode_token(tuv_op_t* op, tuv_conn_t* conn) {
  const tuv_url_t* url = &conn->context->url;
  tuv_buf_t* target = tuv_rest_target(conn);
  int status = tuv_http_put(target, "/rest/login/", strlen("/rest/login/"));
  if (status == 0) status = tuv_http_put_encoded(target, url->user, strlen(url->user));
  if (status == 0) status = tuv_http_put(target, "/", 1);
  if (status == 0) status = tuv_http_put_encoded(target, url->password, strlen(url->password));
  if (status == 0)
    status = tuv_rest_send(conn, op,
                           &(tuv_rest_message_t) {.method = "GET",
                                                  .target = (const char*) target->data,
                                                  .target_size = tuv_buf_size(target),
                                                  .kind = TUV_REST_JSON});
  tuv_rest_target(conn); /* wipes the password that was in it */
  return status;
}

/* The token serves all connections: it stands for user and password, and does not expire. Only
 * schemaless writes do not take it (PROTOCOL 8.3, 8.4). */
static void take_token(tuv_conn_t* conn) {
  tuv_conns_t* conns = conn->conns;
  static const char scheme[] = "Taosd ";
  const char* token = conn->rest.decoder.text;
  size_t size = sizeof scheme + strlen(token);
  bool safe = token[0] != 0 && strlen(token) + 1 < sizeof conn->rest.decoder.error;
  for (const char* at = token; *at != 0; at++)
    if (*at <= ' ' || *at == 0x7F) safe = false;
  char* made = safe ? tuv_malloc(&conns->context->mem->alloc, size) : NULL;
  if (made == NULL) {
    fail(conn, safe ? TAOSUV_ENOMEM : TAOSUV_EPROTO, safe ? NULL : "the log-in gave no token");
    return;
  }
  snprintf(made, size, "%s%s", scheme, token);
  if (conns->basic == NULL)
    conns->basic = conns->context->authorization;
  else
    forget(conns, &conns->context->authorization);
  conns->context->authorization = made;
  begin_step(conn, DATABASE);
}

/* ---- the first queries ---- */

/* /rest/sql/:db silently ignores a database that does not exist. USE does not. */
static int encode_use(tuv_op_t* op, tuv_conn_t* conn) {
  char sql[256 + sizeof "use ``"];
  const char* db = conn->context->url.db;
  if (strlen(db) > 256 || strchr(db, '`') != NULL) return TAOSUV_EINVAL;
  snprintf(sql, sizeof sql, "use `%s`", db);
  return tuv_rest_ask(op, conn, sql);
}

static void take_version(tuv_conn_t* conn) {
  taosuv_column_t column;
  uint32_t length = 0;
  taosuv_block_t* block;
  const char* text = "";
  char version[32];
  int status = tuv_rest_cell(conn, &column, &block);
  if (status < 0) {
    fail(conn, status, NULL);
    return;
  }
  if (block != NULL && column.type == TAOSUV_TYPE_VARCHAR)
    text = (const char*) taosuv_get_bytes(&column, 0, &length);
  snprintf(version, sizeof version, "%.*s", (int) length, text);
  taosuv_block_unref(block);
  if (tuv_login_take_version(conn, version)) conn->conns->events->ready(conn);
}

static int encode(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  (void) payload;
  (void) size;
  switch ((step_t) conn->rest.step) {
    case TOKEN: return encode_token(op, conn);
    case DATABASE: return encode_use(op, conn);
    default: return tuv_rest_ask(op, conn, "select server_version()");
  }
}

static void replied(tuv_op_t* op, tuv_conn_t* conn) {
  (void) op;
  switch ((step_t) conn->rest.step) {
    case TOKEN: take_token(conn); break;
    case DATABASE: begin_step(conn, VERSION); break;
    default: take_version(conn);
  }
}

static const tuv_rest_type_t login_rest = {encode, replied};
static const tuv_op_type_t login_type = {
    .action = TAOSUV_ACTION_CONNECT, .failed = failed, .rest = &login_rest};

static void begin_step(tuv_conn_t* conn, step_t step) {
  const tuv_conns_t* conns = conn->conns;
  bool has_token = strncmp(conns->context->authorization, "Taosd ", 6) == 0;
  if (step == TOKEN && (!conns->context->url.rest_token || has_token)) step = DATABASE;
  if (step == DATABASE && conns->context->url.db[0] == 0) step = VERSION;
  conn->rest.step = (uint8_t) step;
  conn->login_op.id = tuv_ids_next(&conn->context->ids);
  int status = tuv_conn_send(conn, &conn->login_op, NULL, 0);
  if (status == TAOSUV_EINVAL)
    fail(conn, status, "user, password or database cannot be sent over HTTP");
  else if (status < 0)
    fail(conn, status, NULL);
}

void tuv_rest_login(tuv_conn_t* conn) {
  tuv_queue_init(&conn->version_op.link);
  tuv_queue_init(&conn->login_op.link);
  conn->login_op.type = &login_type;
  begin_step(conn, TOKEN);
}

/* ---- what is written once for each client ---- */

void tuv_rest_forget(tuv_conns_t* conns) {
  forget(conns, &conns->context->authorization);
  forget(conns, &conns->basic);
}

static int write_target(tuv_conns_t* conns) {
  const tuv_url_t* url = &conns->context->url;
  tuv_buf_t out;
  tuv_buf_init(&out, &conns->context->mem->alloc);
  out.secret = true;
  int status = tuv_http_put(&out, "/rest/sql", strlen("/rest/sql"));
  if (status == 0 && url->db[0] != 0) status = tuv_http_put(&out, "/", 1);
  if (status == 0) status = tuv_http_put_encoded(&out, url->db, strlen(url->db));
  if (status == 0) status = tuv_http_put_param(&out, 0, "timing", "true");
  if (status == 0) status = tuv_http_put_param(&out, 0, "conn_tz", url->timezone);
  if (status == 0) status = tuv_http_put_param(&out, 0, "app", url->app);
  if (status == 0) status = tuv_http_put_param(&out, 0, "ip", url->ip);
  if (status == 0) status = tuv_http_put_param(&out, 0, "token", url->token);
  if (status == 0) status = tuv_http_put(&out, "&req_id=", sizeof "&req_id="); /* with its NUL */
  conns->target = (char*) out.data; /* nothing was consumed: it begins there */
  return status;
}

static int write_authorization(tuv_conns_t* conns) {
  const tuv_url_t* url = &conns->context->url;
  const tuv_alloc_t* alloc = &conns->context->mem->alloc;
  static const char scheme[] = "Bearer ";
  if (url->bearer_token[0] == 0) {
    conns->context->authorization = tuv_http_basic(alloc, url->user, url->password);
  } else {
    size_t size = sizeof scheme + strlen(url->bearer_token);
    conns->context->authorization = tuv_malloc(alloc, size);
    if (conns->context->authorization != NULL)
      snprintf(conns->context->authorization, size, "%s%s", scheme, url->bearer_token);
  }
  return conns->context->authorization == NULL ? TAOSUV_ENOMEM : 0;
}

/* The first option of the URL that only a log-in over WebSocket has; or NULL. */
static const char* unsupported(const tuv_url_t* url) {
  if (url->totp_code[0] != 0) return "totp_code";
  if (url->totp_secret[0] != 0) return "totp_secret";
  if (url->connector[0] != 0) return "connector";
  if (url->adapter_ha) return "adapter_ha";
  return url->bi_mode ? "conmode" : NULL;
}

int tuv_rest_prepare(tuv_conns_t* conns, tuv_errmsg_t* err) {
  tuv_url_t* url = &conns->context->url;
  const char* key = unsupported(url);
  if (key != NULL) return tuv_fail(err, TAOSUV_ENOTSUP, "%s= is for ws:// and wss:// only", key);
  if (strchr(url->user, ':') != NULL)
    return tuv_fail(err, TAOSUV_EURL, "a user name with ':' cannot be sent over HTTP");
  /* Both are parts of a path, in which the gateway takes an encoded '/' as a separator too. */
  if (url->rest_token && (strchr(url->user, '/') != NULL || strchr(url->password, '/') != NULL))
    return tuv_fail(err, TAOSUV_EURL,
                    "rest_auth=token cannot be used with a user or password that contains '/'");
  url->max_inflight = 1; /* HTTP/1.1: one request at a time on each connection */
  int status = write_target(conns);
  return status < 0 ? status : write_authorization(conns);
}
