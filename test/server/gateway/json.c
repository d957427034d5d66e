/* JSON messages: read with Go's leniency, checked, and handed to their action. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "action/dispatch.h"
#include "action/lines.h"
#include "action/query.h"
#include "action/tmq.h"
#include "gateway/message.h"
#include "session/args.h"
#include "action/conn.h"
#include "action/stmt.h"
#include "session/reply.h"

/* What a message turned out to be, for its handler. */
typedef struct message_s {
  ts_request_t request; /* first: handlers get a pointer to it */
  const struct action_s* action;
  bool absent_args;
  bool bad_request; /* no JSON object with a text as action */
} message_t;

typedef struct action_s {
  const char* name;
  const char* title; /* in the error about its arguments */
  uint8_t since[4];
  bool early;                            /* allowed before conn */
  uint8_t legacy;                        /* the legacy endpoints that know it too */
  void (*handle)(ts_request_t* request); /* args are an object, a null, or for version absent */
} action_t;

/* ---- arguments ---- */

/* The id that a bad request is answered with, as far as it can be read. */
static uint64_t guess_req_id(yyjson_val* args) {
  yyjson_val* val = yyjson_is_obj(args) ? ts_arg(args, "req_id") : NULL;
  if (yyjson_is_uint(val)) return yyjson_get_uint(val);
  if (yyjson_is_str(val)) return strtoull(yyjson_get_str(val), NULL, 10);
  double real = yyjson_is_real(val) ? yyjson_get_real(val) : 0;
  return real > 0 && real < 1e18 ? (uint64_t) real : 0;
}

/* ---- actions ---- */

static void do_query(ts_request_t* request) {
  const char* ignored;
  if (!ts_arg_text(request->args, "sql", &ignored, NULL)) {
    ts_reply_bad_args(request);
    return;
  }
  if (request->sql == NULL) request->sql = "";
  ts_request_query(request);
}

static void with_id(ts_request_t* request, const char* name, ts_handler_t handler) {
  if (!ts_arg_u64(request->args, name, &request->id)) {
    ts_reply_bad_args(request);
  } else {
    handler(request);
  }
}

static void do_fetch(ts_request_t* request) {
  with_id(request, "id", ts_request_fetch);
}

static void do_fetch_block(ts_request_t* request) {
  with_id(request, "id", ts_request_fetch_block);
}

static void free_result(ts_request_t* request) { /* no reply */
  request->session->server->free_results++;
  ts_session_free_result(request->session, request->id);
}

static void do_free_result(ts_request_t* request) {
  with_id(request, "id", free_result);
}

static void num_fields(ts_request_t* request) {
  const ts_cursor_t* cursor = ts_session_cursor(request->session, request->id);
  if (cursor == NULL) {
    ts_reply_error(request, TS_E_INTERNAL, "result is nil");
    return;
  }
  ts_buf_format(ts_reply_begin(request), ",\"num_fields\":%u", cursor->result->nfields);
  ts_reply_end(request);
}

static void do_num_fields(ts_request_t* request) {
  with_id(request, "result_id", num_fields);
}

static void do_insert(ts_request_t* request) {
  if (!ts_request_lines(request)) ts_reply_bad_args(request);
}

enum { QUERY = 1, STMT = 2, LINES = 4, ALL = QUERY | STMT | LINES };

static const action_t actions[] = {
    {"version", "version", {0}, true, ALL, ts_request_version},
    {"conn", "connect", {0}, true, ALL, ts_request_conn},
    {"check_server_status", "check server status", {3, 3, 6, 0}, true, 0, ts_request_server_status},
    {"query", "query", {0}, false, QUERY, do_query},
    {"fetch", "fetch", {0}, false, QUERY, do_fetch},
    {"fetch_block", "fetch block", {0}, false, QUERY, do_fetch_block},
    {"free_result", "free result", {0}, false, QUERY, do_free_result},
    {"num_fields", "num fields", {0}, false, 0, do_num_fields},
    {"get_current_db", "get current db", {3, 2, 2, 0}, false, 0, ts_request_current_db},
    {"get_server_info", "get server info", {3, 2, 2, 0}, false, 0, ts_request_server_info},
    {"insert", "schemaless insert", {0}, false, LINES, do_insert},
    {"options_connection", "options connection", {3, 3, 5, 0}, false, 0, ts_request_options},
    {"get_connection_info",
     "get connection info",
     {3, 4, 0, 0},
     false,
     0,
     ts_request_connection_info},
    {"init", "stmt init", {0}, false, STMT, ts_stmt1_init},
    {"stmt2_init", "stmt2 init", {3, 3, 3, 0}, false, 0, ts_stmt2_init},
};

/* Of a statement: their replies have its id. */
static const action_t stmt_actions[] = {
    {"prepare", "stmt prepare", {0}, false, STMT, ts_stmt1_prepare},
    {"set_table_name", "stmt set table name", {0}, false, STMT, ts_stmt1_set_table_name},
    {"set_tags", "stmt set tags", {0}, false, STMT, ts_stmt1_set_tags},
    {"bind", "stmt bind", {0}, false, STMT, ts_stmt1_bind},
    {"add_batch", "stmt add batch", {0}, false, STMT, ts_stmt1_add_batch},
    {"exec", "stmt exec", {0}, false, STMT, ts_stmt1_exec},
    {"close", "stmt close", {0}, false, STMT, ts_stmt1_close},
    {"get_tag_fields", "stmt get tag fields", {0}, false, STMT, ts_stmt1_get_tag_fields},
    {"get_col_fields", "stmt get col fields", {0}, false, STMT, ts_stmt1_get_col_fields},
    {"use_result", "stmt use result", {3, 2, 2, 0}, false, 0, ts_stmt1_use_result},
    {"stmt_num_params", "stmt num params", {3, 2, 2, 0}, false, 0, ts_stmt1_num_params},
    {"stmt_get_param", "stmt get param", {3, 2, 2, 0}, false, 0, ts_stmt1_get_param},
    {"stmt2_prepare", "stmt2 prepare", {3, 3, 3, 0}, false, 0, ts_stmt2_prepare},
    {"stmt2_exec", "stmt2 exec", {3, 3, 3, 0}, false, 0, ts_stmt2_exec},
    {"stmt2_result", "stmt2 result", {3, 3, 3, 0}, false, 0, ts_stmt2_result},
    {"stmt2_close", "stmt2 close", {3, 3, 3, 0}, false, 0, ts_stmt2_close},
};

static bool has_action(const ts_session_t* session, const action_t* action) {
  const ts_server_t* server = session->server;
  const uint8_t* since = action->since;
  bool of_fields = action->handle == ts_stmt1_get_tag_fields ||
                   action->handle == ts_stmt1_get_col_fields;
  if (!ts_server_has(server, since[0], since[1], since[2], since[3])) return false;
  if (!ts_session_is_legacy(session)) return true;
  uint8_t endpoint = (uint8_t) (1u << (session->endpoint - TS_ENDPOINT_QUERY));
  return (action->legacy & endpoint) != 0 && (!of_fields || ts_server_has(server, 3, 1, 1, 15));
}

static const action_t* find_in(const ts_session_t* session, const char* name, const action_t* table,
                               size_t count) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(table[i].name, name) == 0 && has_action(session, &table[i])) return &table[i];
  return NULL;
}

/* ---- messages ---- */

static void handle(ts_request_t* request) {
  message_t* message = (message_t*) request;
  const action_t* action = message->action;
  bool object = yyjson_is_obj(request->args);
  uint64_t req_id;
  if (message->bad_request) {
    ts_reply_error(request, TS_E_INTERNAL, "unmarshal request error");
  } else if (*request->action == '\0') {
    ts_reply_error(request, TS_E_INTERNAL, "request no action");
  } else if (!request->session->connected && (action == NULL || !action->early)) {
    ts_reply_error(request, TS_E_INTERNAL, "server not connected");
  } else if (action == NULL) {
    ts_reply_error(request, TS_E_INTERNAL, "unknown action %s", request->action);
  } else if (message->absent_args ? action->handle != ts_request_version
                                  : !object && !yyjson_is_null(request->args)) {
    ts_reply_bad_args(request);
  } else if (object && (!ts_arg_u64(request->args, "req_id", &req_id) ||
                        (request->stmt_reply && !ts_arg_u64(request->args, "stmt_id", &req_id)))) {
    ts_reply_bad_args(request);
  } else {
    action->handle(request);
  }
}

/* The statement that is meant; its SQL is the request's, unless it brings one. */
static void find_stmt(ts_request_t* request) {
  if (!ts_arg_u64(request->args, "stmt_id", &request->stmt_id)) request->stmt_id = 0;
  request->stmt_reply = request->session->connected;
  const ts_stmt_t* stmt = ts_session_stmt(request->session, request->stmt_id);
  if (stmt == NULL || stmt->text == NULL || ts_arg(request->args, "sql") != NULL) return;
  request->sql = stmt->text;
  request->sql_size = stmt->text_size;
}

static void find_action(message_t* message) {
  ts_request_t* request = &message->request;
  const ts_session_t* session = request->session;
  message->action = find_in(session, request->action, actions, sizeof actions / sizeof *actions);
  if (message->action == NULL) {
    message->action = find_in(session, request->action, stmt_actions,
                              sizeof stmt_actions / sizeof *stmt_actions);
    if (message->action != NULL) find_stmt(request);
  }
  if (message->action != NULL) request->title = message->action->title;
}

/* Whether it is a request at all, for an endpoint that says nothing about others. */
static bool is_bad(const message_t* message) {
  uint64_t ignored;
  yyjson_val* args = message->request.args;
  if (message->bad_request || message->action == NULL) return true;
  if (message->absent_args) return message->action->handle != ts_request_version;
  return !yyjson_is_obj(args) || !ts_arg_u64(args, "req_id", &ignored) ||
         (message->request.stmt_reply && !ts_arg_u64(args, "stmt_id", &ignored));
}

/* Only /rest/schemaless answers malformed JSON and bad arguments. */
static void answer_bad(message_t* message) {
  ts_request_t* request = &message->request;
  bool answers = request->session->endpoint == TS_ENDPOINT_LINES &&
                 (message->bad_request || message->action != NULL);
  if (answers)
    ts_reply_error(request, TS_E_INTERNAL, "json: cannot unmarshal");
  else
    ts_server_count(request->session->server, "unanswered");
}

void ts_json_message(ts_session_t* session, const char* text, size_t size,
                     ts_rule_entry_t* applied) {
  if (session->tmq != NULL) {
    ts_tmq_message(session, text, size, applied);
    return;
  }
  message_t message = {.request = {.session = session, .started = uv_hrtime(), .action = ""}};
  ts_request_t* request = &message.request;
  yyjson_doc* doc = yyjson_read(text, size, 0);
  yyjson_val* root = yyjson_doc_get_root(doc);
  message.bad_request = !yyjson_is_obj(root) ||
                        !ts_arg_text(root, "action", &request->action, NULL);
  if (message.bad_request) {
    request->action = "";
  } else {
    request->args = ts_arg(root, "args");
    message.absent_args = request->args == NULL;
    request->req_id = guess_req_id(request->args);
    if (!ts_arg_u64(request->args, "id", &request->id)) request->id = 0; /* for TS_ANSWER_BLOCK */
    if (!ts_arg_text(request->args, "sql", &request->sql, &request->sql_size)) request->sql = NULL;
    find_action(&message);
  }
  if (ts_session_is_legacy(session) && is_bad(&message))
    answer_bad(&message);
  else
    ts_session_dispatch(request, handle, applied, text, size, false);
  yyjson_doc_free(doc);
}
