/* What a session asks about itself and the server: log-in, version, options. */
#include "action/conn.h"

#include <stdio.h>
#include <string.h>

#include "session/args.h"
#include "session/reply.h"
#include "util/totp.h"

void ts_put_version(ts_buf_t* out, const ts_server_t* server) {
  ts_buf_text(out, ",\"version\":");
  ts_buf_json(out, server->version, strlen(server->version), false);
}

/* Gateways before 3.3.6.12 answer a consumer without req_id and timing. That one came with libtaos
 * 3.3.6.0, whose version is the one that counts here. The legacy endpoints always do so. */
static bool is_short(const ts_request_t* request) {
  const ts_session_t* session = request->session;
  return ts_session_is_legacy(session) ||
         (session->tmq != NULL && !ts_server_has(session->server, 3, 3, 6, 0));
}

void ts_request_version(ts_request_t* request) {
  ts_buf_t* out = ts_reply_begin(request);
  if (is_short(request)) {
    out->size = 0;
    ts_buf_text(out, "{\"code\":0,\"message\":\"\",\"action\":\"version\"");
  }
  ts_put_version(out, request->session->server);
  ts_reply_end(request);
}

void ts_request_server_status(ts_request_t* request) {
  const char* fqdn;
  int64_t port;
  if (!ts_arg_text(request->args, "fqdn", &fqdn, NULL) ||
      !ts_arg_int(request->args, "port", &port)) {
    ts_reply_bad_args(request);
    return;
  }
  bool alive = port == 0 || port == 6030; /* the only node there is, by any name */
  ts_buf_t* out = ts_reply_begin(request);
  ts_buf_format(out, ",\"status\":%d,\"details\":\"\"", alive ? 2 : 0);
  ts_reply_end(request);
}

typedef struct login_s {
  const char* user;
  const char* password;
  const char* db;
  const char* zone;
  const char* token;
  const char* totp;
  int64_t mode;
  bool list_instances;
} login_t;

static bool read_login(yyjson_val* args, login_t* login) {
  static const char* const texts[] = {"app", "ip", "connector"};
  const char* ignored;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (!ts_arg_text(args, texts[i], &ignored, NULL)) return false;
  return ts_arg_text(args, "user", &login->user, NULL) &&
         ts_arg_text(args, "password", &login->password, NULL) &&
         ts_arg_text(args, "db", &login->db, NULL) && ts_arg_text(args, "tz", &login->zone, NULL) &&
         ts_arg_text(args, "bearer_token", &login->token, NULL) &&
         ts_arg_text(args, "totp_code", &login->totp, NULL) &&
         ts_arg_bool(args, "list_instances", &login->list_instances) &&
         ts_arg_int(args, "mode", &login->mode);
}

/* Whether it is the code of now, or of the half minute before or after. */
static bool is_totp(const char* secret, const char* code) {
  uint8_t key[TUV_TOTP_MAX_SECRET];
  char right[TUV_TOTP_MAX_DIGITS + 1];
  uv_timeval64_t now;
  size_t size = tuv_base32_decode(secret, key);
  uv_gettimeofday(&now);
  for (int64_t step = -1; size > 0 && step <= 1; step++) {
    uint64_t time = (uint64_t) (now.tv_sec + step * (int64_t) TUV_TOTP_PERIOD);
    if (tuv_totp(key, size, time, TUV_TOTP_DIGITS, right) && strcmp(code, right) == 0) return true;
  }
  return false;
}

/* By token if there is one (and the URL has none), otherwise by name and password. 0 or an error. */
static int authenticate(const ts_session_t* session, const login_t* login, const char** text) {
  const ts_server_t* server = session->server;
  bool by_token = *login->token != '\0' && ts_server_has(server, 3, 4, 0, 0) &&
                  strstr(ts_conn_request(session->conn), "?token=") == NULL;
  bool known = by_token || strcmp(login->user, server->user) == 0;
  const char* given = by_token ? login->token : login->password;
  const char* right = by_token ? server->bearer_token : server->password;
  *text = known ? "Authentication failure" : "Invalid user";
  if (!known) return TS_E_USER;
  bool right_code = by_token || *server->totp_secret == '\0' ||
                    !ts_server_has(server, 3, 4, 0, 0) || is_totp(server->totp_secret, login->totp);
  return *right != '\0' && strcmp(given, right) == 0 && right_code ? 0 : TS_E_PASSWORD;
}

void ts_put_instances(ts_buf_t* out, const ts_server_t* server) {
  const char* instances = server->instances;
  ts_buf_text(out, ",\"list_instances\":[");
  for (bool first = true; *instances != '\0'; first = false) {
    size_t size = strcspn(instances, ",");
    if (!first) ts_buf_text(out, ",");
    ts_buf_json(out, instances, size, false);
    instances += size + (instances[size] == ',');
  }
  ts_buf_text(out, "]");
}

static void reply_conn(ts_request_t* request, bool list_instances) {
  const ts_server_t* server = request->session->server;
  ts_buf_t* out = ts_reply_begin(request);
  if (ts_session_is_legacy(request->session))
    list_instances = false;
  else if (ts_server_has(server, 3, 3, 6, 0))
    ts_put_version(out, server);
  if (list_instances && ts_server_has(server, 3, 4, 1, 10)) ts_put_instances(out, server);
  ts_reply_end(request);
}

void ts_request_conn(ts_request_t* request) {
  ts_session_t* session = request->session;
  login_t login = {0};
  const char* text;
  if (!read_login(request->args, &login)) {
    ts_reply_bad_args(request);
    return;
  }
  if (session->connected) {
    ts_reply_error(request, TS_E_INTERNAL, "duplicate connections");
    return;
  }
  int status = authenticate(session, &login, &text);
  if (status == 0 && *login.db != '\0' &&
      ts_database_find(session->server->store, login.db) == NULL) {
    status = TS_E_NO_DB;
    text = "Database not exist";
  }
  if (status != 0) {
    ts_reply_error(request, status, "%s", text);
    return;
  }
  if (login.mode != 0) {
    ts_reply_error(request, TS_E_INTERNAL, "unexpected mode:%lld", (long long) login.mode);
    return;
  }
  session->connected = true;
  snprintf(session->user, sizeof session->user, "%s", login.user);
  snprintf(session->env.db, sizeof session->env.db, "%s", login.db);
  if (*login.zone != '\0') ts_zone_set(&session->env.zone, login.zone);
  reply_conn(request, login.list_instances);
}

static void reply_text(ts_request_t* request, const char* key, const char* text) {
  ts_buf_t* out = ts_reply_begin(request);
  ts_buf_format(out, ",\"%s\":", key);
  ts_buf_json(out, text, strlen(text), ts_server_html(request->session->server));
  ts_reply_end(request);
}

/* Gateways before 3.3.3.0 may corrupt their memory by this. */
void ts_request_current_db(ts_request_t* request) {
  if (!ts_server_has(request->session->server, 3, 3, 3, 0)) {
    ts_session_poison(request->session);
    return;
  }
  reply_text(request, "db", request->session->env.db);
}

void ts_request_server_info(ts_request_t* request) {
  char info[128];
  snprintf(info, sizeof info, "ver:%s\nbuild:taosuv-testserver\ngitinfo:none",
           request->session->server->version);
  reply_text(request, "info", info);
}

void ts_request_connection_info(ts_request_t* request) {
  int64_t info;
  if (!ts_arg_int(request->args, "info", &info)) {
    ts_reply_bad_args(request);
  } else if (info != 0) {
    ts_reply_error(request, TS_E_PARAMETERS, "Invalid parameters");
  } else {
    reply_text(request, "info", request->session->user);
  }
}

/* One option; false: there is no such option. */
static bool set_option(ts_session_t* session, int64_t option, const char* value) {
  int64_t last = ts_server_has(session->server, 3, 4, 0, 0) ? 4 : 3;
  if (option < -1 || option > last) return false;
  if (option == 1 || option == -1) ts_zone_set(&session->env.zone, option == 1 ? value : NULL);
  return true;
}

void ts_request_options(ts_request_t* request) {
  yyjson_val* options = ts_arg(request->args, "options");
  bool ok = options == NULL || yyjson_is_null(options) || yyjson_is_arr(options);
  yyjson_arr_iter iter;
  for (int step = 0; step < 2; step++) { /* all are checked before the first is applied */
    if (!ok || !yyjson_arr_iter_init(options, &iter)) break;
    for (yyjson_val* item; ok && (item = yyjson_arr_iter_next(&iter)) != NULL;) {
      if (yyjson_is_null(item)) {
        ts_session_poison(request->session);
        return;
      }
      int64_t option = 0;
      const char* value = "";
      ok = yyjson_is_obj(item) && ts_arg_int(item, "option", &option) &&
           ts_arg_text(item, "value", &value, NULL);
      if (step == 1 && !set_option(request->session, option, value)) {
        ts_reply_error(request, TS_E_PARAMETERS, "Invalid parameters");
        return;
      }
    }
  }
  if (!ok) {
    ts_reply_bad_args(request);
    return;
  }
  ts_reply_begin(request);
  ts_reply_end(request);
}
