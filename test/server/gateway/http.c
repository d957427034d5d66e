/* HTTP requests: the paths that there are, and who may use them (PROTOCOL 8.3 to 9.7). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "action/dispatch.h"
#include "action/query.h"
#include "base/buf.h"
#include "gateway/message.h"
#include "lines/lines.h"
#include "session/reply.h"
#include "session/request.h"
#include "util/digest.h"

/* What root/taosdata's token is; it is made by a cipher that this server does not have. */
#define ROOT_TOKEN "/KfeAzX/f9na8qdtNZmtONryp201ma04bEl8LcvLUd7a8qdtNZmtONryp201ma04"

typedef struct rest_s {
  ts_request_t request; /* first: handlers get a pointer to it */
  const ts_http_t* http;
  char path[512]; /* decoded */
  char db[TS_NAME_MAX + 1];
  char conn_tz[64];
} rest_t;

/* ---- texts of the request ---- */

/* Decodes up to one of `ends`; returns where it stands then. */
static const char* decode(const char* at, const char* ends, bool form, char* out, size_t size) {
  size_t length = 0;
  while (*at != '\0' && strchr(ends, *at) == NULL) {
    char c = *at++;
    if (form && c == '+') c = ' ';
    if (c == '%' && ts_hex_digit(at[0]) >= 0 && ts_hex_digit(at[1]) >= 0) {
      c = (char) (ts_hex_digit(at[0]) * 16 + ts_hex_digit(at[1]));
      at += 2;
    }
    if (length + 1 < size) out[length++] = c;
  }
  out[length] = '\0';
  return at;
}

/* A parameter's value; false when it is absent. */
static bool param(const ts_http_t* http, const char* name, char* out, size_t size) {
  const char* at = strchr(http->target, '?');
  char key[64];
  *out = '\0';
  while (at != NULL && *at != '\0') {
    at = decode(at + 1, "=&", true, key, sizeof key);
    const char* value = *at == '=' ? at + 1 : at;
    char ignored[8];
    bool found = strcmp(key, name) == 0;
    at = decode(value, "&", true, found ? out : ignored, found ? size : sizeof ignored);
    if (found) return true;
  }
  return false;
}

static bool is_true(const ts_http_t* http, const char* name, const char* words) {
  char value[16];
  return param(http, name, value, sizeof value) && *value != '\0' && strstr(words, value) != NULL;
}

/* ---- answers ---- */

/* The schemaless paths have forms of their own. */
static void lines_error(rest_t* rest, bool influx, int status, const char* code, const char* text) {
  ts_request_t* request = &rest->request;
  ts_buf_t* out = &request->session->server->scratch;
  out->size = 0;
  ts_buf_text(out, "{\"code\":");
  if (influx)
    ts_buf_json(out, code, strlen(code), false);
  else
    ts_buf_decimal(out, (uint64_t) status);
  ts_buf_text(out, ",\"message\":");
  ts_buf_json(out, text, strlen(text), false);
  ts_buf_text(out, "}");
  ts_conn_http_reply(request->session->conn, status, TS_HTTP_JSON, out->data, out->size, false);
}

/* ---- credentials ---- */

/* Whether the name is right in base64 of "name:password": three bytes of it at a time are four
 * letters, so that one more or less is compared through the whole text only. */
static bool is_user(const char* given, const char* user) {
  char code[256];
  size_t whole = (strlen(user) + 1) / 3 * 3;
  char plain[80];
  snprintf(plain, sizeof plain, "%s:", user);
  if (tuv_base64(plain, whole, code, sizeof code) < 0) return false;
  return strncmp(given, code, strlen(code)) == 0;
}

static bool same(const char* given, const char* user, const char* password) {
  char plain[160];
  char code[256];
  int size = snprintf(plain, sizeof plain, "%s:%s", user, password);
  return tuv_base64(plain, (size_t) size, code, sizeof code) > 0 && strcmp(given, code) == 0;
}

static void make_token(const ts_server_t* server, char* out, size_t size) {
  char plain[160];
  bool root = strcmp(server->user, "root") == 0 && strcmp(server->password, "taosdata") == 0;
  int length = snprintf(plain, sizeof plain, "token %s:%s", server->user, server->password);
  if (root)
    snprintf(out, size, "%s", ROOT_TOKEN);
  else
    tuv_base64(plain, (size_t) length, out, size);
}

/* 0: right; a database code: wrong user or password; -1: a malformed header, which was answered. */
static int check_basic(rest_t* rest, const char* given) {
  const ts_server_t* server = rest->request.session->server;
  bool form = *given != '\0' &&
              strspn(given,
                     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                     "0123456789+/=") == strlen(given) &&
              strlen(given) % 4 == 0;
  if (!form) {
    ts_http_error(&rest->request, 401, 4388, "invalid basic Authorization");
    return -1;
  }
  if (same(given, server->user, server->password)) return 0;
  return is_user(given, server->user) ? TS_E_PASSWORD : TS_E_USER;
}

static int check_token(rest_t* rest, const char* given) {
  char token[256];
  make_token(rest->request.session->server, token, sizeof token);
  if (strcmp(given, token) == 0) return 0;
  ts_http_error(&rest->request, 401, 4389, "invalid taosd Authorization");
  return -1;
}

static int check_bearer(rest_t* rest, const char* given) {
  const ts_server_t* server = rest->request.session->server;
  char ignored[8];
  bool knows = ts_server_has(server, 3, 4, 0, 0) &&
               !param(rest->http, "token", ignored, sizeof ignored);
  if (knows)
    return *server->bearer_token != '\0' && strcmp(given, server->bearer_token) == 0
               ? 0
               : TS_E_PASSWORD;
  ts_http_error(&rest->request, 401, 4386, "invalid type of Authorization");
  return -1;
}

static int check_authorization(rest_t* rest) {
  const char* given = rest->http->authorization;
  if (*given == '\0') {
    ts_http_error(&rest->request, 401, 4357, "no auth info input");
    return -1;
  }
  if (strncmp(given, "Basic ", 6) == 0) return check_basic(rest, given + 6);
  if (strncmp(given, "Taosd ", 6) == 0) return check_token(rest, given + 6);
  if (strncmp(given, "Bearer ", 7) == 0) return check_bearer(rest, given + 7);
  ts_http_error(&rest->request, 401, 4386, "invalid type of Authorization");
  return -1;
}

/* ---- /rest/sql ---- */

/* false: a parameter is wrong, which was answered. */
static bool read_params(rest_t* rest) {
  ts_request_t* request = &rest->request;
  char text[64], message[192], *end;
  ts_env_t* env = &request->session->env;
  if (param(rest->http, "req_id", text, sizeof text) && *text != '\0') {
    long long id = strtoll(text, &end, 10);
    bool number = *end == '\0' && (id != INT64_MAX || strcmp(text, "9223372036854775807") == 0);
    if (!number) {
      snprintf(message, sizeof message,
               "illegal param, req_id must be numeric "
               "strconv.ParseInt: parsing \"%s\": invalid syntax",
               text);
      ts_http_error(request, 400, TS_E_INTERNAL, message);
      return false;
    }
    request->req_id = (uint64_t) id;
  }
  request->timing = is_true(rest->http, "timing", "true");
  request->with_meta = ts_server_has(request->session->server, 3, 3, 1, 0) &&
                       is_true(rest->http, "row_with_meta", "1 t T true TRUE True");
  bool tz = param(rest->http, "tz", text, sizeof text) && *text != '\0';
  bool conn_tz = ts_server_has(request->session->server, 3, 3, 5, 0) &&
                 param(rest->http, "conn_tz", rest->conn_tz, sizeof rest->conn_tz) &&
                 *rest->conn_tz != '\0';
  if (conn_tz) snprintf(text, sizeof text, "%s", rest->conn_tz);
  ts_zone_set(&env->zone, conn_tz ? text : NULL);
  ts_zone_set(&request->zone, tz || conn_tz ? text : NULL);
  if (request->zone.known) return true;
  snprintf(message, sizeof message, "unknown time zone %s", text);
  ts_http_error(request, 400, TS_E_INTERNAL, message);
  return false;
}

/* What a client asks of its own accord is named as the WebSocket names it, so that a rule for it
 * serves both: the log-in's question, and those of taosuv_server_version and the like. */
static const char* action_of(const ts_http_t* http) {
  static const struct {
    const char* sql;
    const char* action;
  } known[] = {{"select server_version()", "conn"},
               {"select server_version() as v", "version"},
               {"select server_status()", "check_server_status"},
               {"select database()", "get_current_db"}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strlen(known[i].sql) == http->size && memcmp(known[i].sql, http->body, http->size) == 0)
      return known[i].action;
  /* A log-in's, with the name in quotes. */
  return http->size > 5 && memcmp(http->body, "use `", 5) == 0 ? "conn" : "binary_query";
}

static void handle_sql(ts_request_t* request) {
  rest_t* rest = (rest_t*) request;
  ts_session_t* session = request->session;
  int status = check_authorization(rest);
  if (status < 0) return;
  if (rest->http->size == 0) {
    ts_http_error(request, 400, 4358, "request is empty");
  } else if (strspn((const char*) rest->http->body, " \t\r\n") >= rest->http->size) {
    ts_http_error(request, 400, 4359, "no sql input");
  } else if (status > 0) {
    ts_http_error(request, 200, status,
                  status == TS_E_USER ? "Invalid user" : "Authentication failure");
  } else {
    /* Each request has a session of its own: USE of the last one is forgotten. A database that is
     * not there is none. */
    bool exists = ts_database_find(session->server->store, rest->db) != NULL;
    snprintf(session->env.db, sizeof session->env.db, "%s", exists ? rest->db : "");
    ts_request_query(request);
  }
}

/* The table's vgroup: all tables are in one. */
static void handle_vgid(ts_request_t* request) {
  rest_t* rest = (rest_t*) request;
  int status = check_authorization(rest);
  if (status < 0) return;
  yyjson_doc* doc = yyjson_read((const char*) rest->http->body, rest->http->size, 0);
  yyjson_val* names = yyjson_doc_get_root(doc);
  if (status > 0) {
    ts_http_error(request, 200, status, "Authentication failure");
  } else if (!yyjson_is_arr(names) || yyjson_arr_size(names) == 0) {
    ts_http_error(request, 400, TS_E_INTERNAL, "illegal param");
  } else if (ts_database_find(request->session->server->store, rest->db) == NULL) {
    ts_http_error(request, 200, TS_E_NO_DB, "Database not exist");
  } else {
    ts_buf_t* out = &request->session->server->scratch;
    out->size = 0;
    ts_buf_text(out, "{\"code\":0,\"vgIDs\":[");
    for (size_t i = 0; i < yyjson_arr_size(names); i++) ts_buf_text(out, i == 0 ? "2" : ",2");
    ts_buf_text(out, "]}");
    ts_conn_http_reply(request->session->conn, 200, TS_HTTP_JSON, out->data, out->size, false);
  }
  yyjson_doc_free(doc);
}

/* ---- log-in, ping, schemaless ---- */

static void handle_login(ts_request_t* request) {
  const ts_server_t* server = request->session->server;
  char user[128], password[128], token[256];
  const char* at = ((rest_t*) request)->http->target + strlen("/rest/login/");
  at = decode(at, "/?", false, user, sizeof user);
  if (*at == '/') at++;
  decode(at, "/?", false, password, sizeof password);
  if (*user == '\0' || *password == '\0' || strlen(user) > 24) {
    ts_http_error(request, 400, 4362, "generate taosd token error");
  } else if (strcmp(user, server->user) != 0 || strcmp(password, server->password) != 0) {
    ts_http_error(request, 401, 3, "Authentication failure");
  } else {
    ts_buf_t* out = &request->session->server->scratch;
    make_token(server, token, sizeof token);
    out->size = 0;
    ts_buf_format(out, "{\"code\":0,\"desc\":\"%s\"}", token);
    ts_conn_http_reply(request->session->conn, 200, TS_HTTP_JSON, out->data, out->size, false);
  }
}

static void handle_ping(ts_request_t* request) {
  ts_conn_http_reply(request->session->conn, 200, NULL, NULL, 0, false);
}

/* The form of the data and its database, by the path. */
static bool read_lines(const rest_t* rest, ts_lines_t* lines, char* db, size_t size) {
  static const struct {
    const char* path;
    int64_t format;
  } puts[] = {{"/opentsdb/v1/put/telnet/", TS_LINES_TELNET},
              {"/opentsdb/v1/put/json/", TS_LINES_JSON}};
  if (strcmp(rest->path, "/influxdb/v1/write") == 0) {
    lines->format = TS_LINES_INFLUX;
    param(rest->http, "db", db, size);
    return true;
  }
  for (size_t i = 0; i < sizeof puts / sizeof *puts; i++) {
    size_t length = strlen(puts[i].path);
    if (strncmp(rest->path, puts[i].path, length) != 0) continue;
    lines->format = puts[i].format;
    lines->strip_put = true;
    snprintf(db, size, "%s", rest->path + length);
    return true;
  }
  return false;
}

/* Checks a parameter that must be a number; false: it is not, and was answered. */
static bool check_number(rest_t* rest, bool influx, const char* name) {
  char text[32], message[64], *end;
  if (!param(rest->http, name, text, sizeof text) || *text == '\0') return true;
  strtoull(text, &end, 10);
  if (*end == '\0') return true;
  snprintf(message, sizeof message, "%s must be numeric", name);
  lines_error(rest, influx, 400, "illegal param", message);
  return false;
}

static void handle_lines(ts_request_t* request) {
  rest_t* rest = (rest_t*) request;
  char db[TS_NAME_MAX + 1], precision[16], key[128], message[640];
  ts_lines_t lines = {.data = (const char*) rest->http->body, .size = rest->http->size};
  read_lines(rest, &lines, db, sizeof db);
  bool influx = lines.format == TS_LINES_INFLUX;
  param(rest->http, "precision", precision, sizeof precision);
  param(rest->http, "table_name_key", key, sizeof key);
  lines.precision = influx && *precision == '\0' ? "ns" : precision;
  lines.table_name_key = key;
  int64_t affected, total;
  ts_error_t error;
  const ts_server_t* server = request->session->server;
  lines.old_escapes = !ts_server_has(server, 3, 3, 0, 1);
  const char* given = rest->http->authorization;
  bool right = (strncmp(given, "Basic ", 6) == 0 &&
                same(given + 6, server->user, server->password));
  bool bearer = strncmp(given, "Bearer ", 7) == 0 && *server->bearer_token != '\0' &&
                strcmp(given + 7, server->bearer_token) == 0;
  if (*given == '\0') {
    lines_error(rest, influx, 401, "forbidden", influx ? "get auth error" : "auth needed");
  } else if (influx && *db == '\0') {
    lines_error(rest, influx, 400, "not found", "db required");
  } else if (!check_number(rest, influx, "ttl") || !check_number(rest, influx, "req_id")) {
    return;
  } else if (!right && !bearer) {
    lines_error(rest, influx, 500, "internal error", "[0x357] Authentication failure");
  } else if (ts_lines_insert(server->store, db, &lines, &affected, &total, &error) != 0) {
    snprintf(message, sizeof message, "[0x%x] %s", (unsigned) error.code, error.text);
    lines_error(rest, influx, 500, "internal error", message);
  } else {
    ts_conn_http_reply(request->session->conn, 204, NULL, NULL, 0, false);
  }
}

/* ---- which of them ---- */

static ts_handler_t route_sql(rest_t* rest) {
  static const char sql[] = "/rest/sql";
  if (strncmp(rest->path, sql, sizeof sql - 1) != 0) return NULL;
  const char* db = rest->path + sizeof sql - 1;
  if (*db == '\0') return handle_sql;
  const char* more = *db == '/' ? strchr(db + 1, '/') : NULL;
  size_t size = more != NULL ? (size_t) (more - db) - 1 : strlen(db) - 1;
  if (*db != '/' || size == 0 || size >= sizeof rest->db) return NULL;
  memcpy(rest->db, db + 1, size);
  if (more == NULL) return handle_sql;
  return strcmp(more, "/vgid") == 0 ? handle_vgid : NULL;
}

static ts_handler_t route(rest_t* rest) {
  ts_lines_t lines;
  char db[TS_NAME_MAX + 1];
  bool get = strcmp(rest->http->method, "GET") == 0;
  bool post = strcmp(rest->http->method, "POST") == 0;
  ts_request_t* request = &rest->request;
  if (get && strcmp(rest->path, "/-/ping") == 0) {
    request->action = "ping";
    return handle_ping;
  }
  if (get && strncmp(rest->path, "/rest/login/", 12) == 0) {
    request->action = "login";
    return handle_login;
  }
  if (post && read_lines(rest, &lines, db, sizeof db)) {
    request->action = "insert";
    return handle_lines;
  }
  ts_handler_t handler = post ? route_sql(rest) : NULL;
  request->action = handler == handle_sql ? action_of(rest->http) : "vgid";
  return handler;
}

/* Returns false for a path that is not served. */
static bool serve(ts_session_t* session, const ts_http_t* http, ts_rule_entry_t* applied) {
  rest_t rest = {.http = http};
  ts_request_t* request = &rest.request;
  request->session = session;
  request->started = uv_hrtime();
  request->http = true;
  request->sql = (const char*) http->body;
  request->sql_size = http->size;
  decode(http->target, "?", false, rest.path, sizeof rest.path);
  ts_handler_t handler = route(&rest);
  if (handler == NULL) return false;
  bool is_sql = handler == handle_sql;
  if (is_sql && !read_params(&rest)) return true;
  ts_session_dispatch(request, handler, applied, http->body, http->size, false);
  return true;
}

bool ts_session_http(ts_conn_t* conn, const ts_http_t* http) {
  return serve(ts_conn_data(conn), http, NULL);
}

void ts_http_message(ts_session_t* session, ts_rule_entry_t* applied) {
  ts_http_t http;
  if (ts_conn_http(session->conn, &http) != NULL) serve(session, &http, applied);
}
