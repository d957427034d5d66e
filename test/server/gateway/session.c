/* A connection's session: from its opening to its end, and the rules on its requests' way. */
#include <stdlib.h>
#include <string.h>

#include "session/session.h"
#include "action/stmt.h"

/* A request that waits, to be read anew when its time has come. */
struct ts_waiting_s {
  uv_timer_t timer;
  ts_server_t* server;
  ts_session_t* session;
  ts_waiting_t* next;
  ts_rule_entry_t* rule;
  bool binary;
  size_t size;
  uint8_t* message; /* of an HTTP request nothing: it waits in its connection */
};

/* A message that came while another one was being handled, of a gateway that takes them one after
 * the other. */
struct ts_later_s {
  ts_later_t* next;
  bool binary;
  size_t size;
  uint8_t message[];
};

static ts_endpoint_t endpoint_of(const ts_conn_t* conn) {
  static const struct {
    const char* path;
    ts_endpoint_t endpoint;
  } known[] = {{"/rest/tmq", TS_ENDPOINT_TMQ},
               {"/rest/ws", TS_ENDPOINT_QUERY},
               {"/rest/stmt", TS_ENDPOINT_STMT},
               {"/rest/schemaless", TS_ENDPOINT_LINES}};
  const char* path = ts_conn_path(conn);
  size_t size = strcspn(path, "?");
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strlen(known[i].path) == size && memcmp(known[i].path, path, size) == 0)
      return known[i].endpoint;
  return TS_ENDPOINT_WS;
}

bool ts_session_is_legacy(const ts_session_t* session) {
  return session->endpoint >= TS_ENDPOINT_QUERY;
}

void ts_session_open(ts_conn_t* conn) {
  ts_session_t* session = ts_calloc(1, sizeof *session);
  session->server = ts_peer_data(ts_conn_peer(conn));
  session->conn = conn;
  ts_env_init(&session->env, session->server->version);
  session->endpoint = endpoint_of(conn);
  if (session->endpoint == TS_ENDPOINT_TMQ) session->tmq = ts_tmq_open(session);
  ts_conn_set_data(conn, session);
}

static void on_timer_closed(uv_handle_t* handle) {
  ts_waiting_t* waiting = handle->data;
  ts_server_t* server = waiting->server;
  ts_rule_unref(waiting->rule);
  free(waiting->message);
  free(waiting);
  ts_server_timer_closed(server);
}

static void unlink_waiting(ts_waiting_t* waiting) {
  ts_waiting_t** at = &waiting->session->waiting;
  while (*at != waiting) at = &(*at)->next;
  *at = waiting->next;
  waiting->server->waiting--;
  uv_close((uv_handle_t*) &waiting->timer, on_timer_closed);
}

static void finish(ts_session_t* session) {
  if (session->server->config.answer_close) ts_conn_close_frame(session->conn, 1000, "");
  ts_conn_finish(session->conn);
}

static ts_later_t* take_later(ts_session_t* session) {
  ts_later_t* later = session->later;
  session->later = later->next;
  return later;
}

/* What the client has not freed, or could not: the real gateway keeps it. */
static void count_left(const ts_session_t* session) {
  ts_server_t* server = session->server;
  for (const ts_waiting_t* waiting = session->waiting; waiting != NULL; waiting = waiting->next)
    server->results_left++;
  for (size_t i = 0; i < TS_RESULT_BUCKETS; i++)
    for (const ts_cursor_t* at = session->results[i]; at != NULL; at = at->next)
      server->results_left++;
  for (const ts_stmt_t* stmt = session->stmts; stmt != NULL; stmt = stmt->next)
    server->stmts_left++;
}

void ts_session_closed(ts_conn_t* conn) {
  ts_session_t* session = ts_conn_data(conn);
  count_left(session);
  while (session->waiting != NULL) unlink_waiting(session->waiting);
  while (session->later != NULL) free(take_later(session));
  if (session->tmq != NULL) ts_tmq_closed(session->tmq);
  ts_session_free_stmts(session);
  for (size_t i = 0; i < TS_RESULT_BUCKETS; i++)
    while (session->results[i] != NULL) ts_session_free_result(session, session->results[i]->id);
  free(session);
}

void ts_session_close_frame(ts_conn_t* conn, uint16_t code) {
  ts_session_t* session = ts_conn_data(conn);
  (void) code;
  session->closing = true;
  if (session->waiting == NULL) finish(session);
}

/* ---- messages ---- */

/* Before 3.1.1.15 a gateway takes messages of at most 4 MiB, and one after the other. */
#define OLD_MAX_MESSAGE ((size_t) 4 << 20)

static void put_off(ts_session_t* session, const void* message, size_t size, bool binary) {
  ts_later_t* later = ts_malloc(sizeof *later + size);
  *later = (ts_later_t) {.binary = binary, .size = size};
  memcpy(later->message, message, size);
  ts_later_t** end = &session->later;
  while (*end != NULL) end = &(*end)->next;
  *end = later;
}

static void handle_message(ts_session_t* session, const void* message, size_t size, bool binary) {
  if (binary)
    ts_binary_message(session, message, size, NULL);
  else
    ts_json_message(session, message, size, NULL);
}

static void on_message(ts_session_t* session, const void* message, size_t size, bool binary) {
  bool old = !ts_server_has(session->server, 3, 1, 1, 15);
  if (session->closing) return;
  if (old && size > OLD_MAX_MESSAGE) {
    ts_conn_close_frame(session->conn, 1009, "");
    ts_conn_finish(session->conn);
  } else if (old && session->waiting != NULL) {
    put_off(session, message, size, binary);
  } else {
    handle_message(session, message, size, binary);
  }
}

/* What came while a request waited. */
static void go_on(ts_session_t* session) {
  while (session->later != NULL && session->waiting == NULL) {
    ts_later_t* later = take_later(session);
    handle_message(session, later->message, later->size, later->binary);
    free(later);
  }
}

void ts_session_text(ts_conn_t* conn, const char* text, size_t size) {
  on_message(ts_conn_data(conn), text, size, false);
}

void ts_session_binary(ts_conn_t* conn, const uint8_t* data, size_t size) {
  ts_session_t* session = ts_conn_data(conn);
  if (session->tmq == NULL) on_message(session, data, size, true); /* consumers send none */
}

void ts_session_poison(ts_session_t* session) {
  session->server->poisonous++;
  ts_conn_cut(session->conn);
}

/* ---- rules ---- */

static void on_waited(uv_timer_t* timer) {
  ts_waiting_t* waiting = timer->data;
  ts_session_t* session = waiting->session;
  unlink_waiting(waiting); /* freed only when the loop closes the timer */
  if (ts_conn_is_http(session->conn)) {
    ts_http_message(session, waiting->rule);
  } else if (waiting->binary) {
    ts_binary_message(session, waiting->message, waiting->size, waiting->rule);
  } else {
    ts_json_message(session, (const char*) waiting->message, waiting->size, waiting->rule);
  }
  go_on(session);
  if (session->closing && session->waiting == NULL) finish(session);
}

/* Takes over the reference to the rule. */
static void wait_first(ts_session_t* session, ts_rule_entry_t* rule, const void* message,
                       size_t size, bool binary) {
  ts_waiting_t* waiting = ts_calloc(1, sizeof *waiting);
  waiting->server = session->server;
  waiting->session = session;
  waiting->rule = rule;
  waiting->binary = binary;
  waiting->size = size;
  waiting->message = (uint8_t*) ts_strdup(message, size);
  ts_waiting_t** end = &session->waiting;
  while (*end != NULL) end = &(*end)->next;
  *end = waiting;
  session->server->waiting++;
  session->server->timers++;
  uv_timer_init(session->server->loop, &waiting->timer);
  waiting->timer.data = waiting;
  uv_timer_start(&waiting->timer, on_waited, rule->rule.wait_ms, 0);
}

/* Over HTTP, a text is the body of an answer with status 200, and a binary message all of it. */
static void send_text(const ts_session_t* session, const ts_buf_t* out) {
  if (ts_conn_is_http(session->conn))
    ts_conn_http_reply(session->conn, 200, TS_HTTP_JSON, out->data, out->size, false);
  else
    ts_conn_text(session->conn, out->data, out->size);
}

static void answer_text(const ts_request_t* request, const ts_rule_t* rule) {
  static const char key[] = "$REQ_ID";
  const size_t length = sizeof key - 1;
  const char* data = rule->data;
  ts_buf_t out = {0};
  for (size_t at = 0; at < rule->size;) {
    if (rule->put_req_id && rule->size - at >= length && memcmp(data + at, key, length) == 0) {
      ts_buf_decimal(&out, request->req_id);
      at += length;
    } else {
      ts_buf_add(&out, data + at++, 1);
    }
  }
  send_text(request->session, &out);
  ts_buf_free(&out);
}

static void answer_binary(const ts_request_t* request, const ts_rule_t* rule) {
  ts_buf_t out = {0};
  ts_buf_add(&out, rule->data, rule->size);
  if (rule->put_req_id && out.size >= 34) ts_put_u64(out.data + 26, request->req_id);
  ts_conn_binary(request->session->conn, out.data, out.size, NULL);
  if (ts_conn_is_http(request->session->conn)) ts_conn_http_answered(request->session->conn);
  ts_buf_free(&out);
}

static void answer_block(ts_request_t* request, const ts_rule_t* rule) {
  ts_blob_t* block = ts_blob_new(rule->data, rule->size);
  ts_request_block(request, block);
  ts_blob_unref(block);
}

static void apply(ts_request_t* request, ts_handler_t handler, const ts_rule_t* rule) {
  ts_conn_t* conn = request->session->conn;
  const char* text = rule->text != NULL ? rule->text : "";
  switch (rule->answer) {
    case TS_ANSWER_DEFAULT: handler(request); break;
    case TS_ANSWER_ERROR: ts_reply_error(request, rule->code, "%s", text); break;
    case TS_ANSWER_SQL:
      request->sql = text;
      request->sql_size = strlen(text);
      ts_request_query(request);
      break;
    case TS_ANSWER_RESULT: ts_request_result(request, rule->result); break;
    case TS_ANSWER_BLOCK: answer_block(request, rule); break;
    case TS_ANSWER_TEXT: answer_text(request, rule); break;
    case TS_ANSWER_BINARY: answer_binary(request, rule); break;
    case TS_ANSWER_NOTHING: break;
    case TS_ANSWER_CLOSE:
      ts_conn_close_frame(conn, (uint16_t) rule->code, text);
      ts_conn_finish(conn);
      break;
    case TS_ANSWER_CUT: ts_conn_cut(conn); break;
    case TS_ANSWER_RESET: ts_conn_reset(conn); break;
    case TS_ANSWER_PATCH:
      ts_conn_set_patch(conn, &(ts_patch_t) {rule->find, rule->data, rule->size});
      handler(request);
      ts_conn_set_patch(conn, NULL);
      break;
  }
}

void ts_session_dispatch(ts_request_t* request, ts_handler_t handler, ts_rule_entry_t* applied,
                         const void* message, size_t size, bool binary) {
  ts_session_t* session = request->session;
  ts_server_t* server = session->server;
  if (applied != NULL) {
    apply(request, handler, &applied->rule);
    return;
  }
  ts_server_count(server, request->action);
  if (server->config.spy != NULL)
    server->config.spy(server->config.spy_data, request->action, message, size);
  ts_rule_entry_t* rule = server->rules != NULL ? ts_rule_find(server, request) : NULL;
  if (rule == NULL) {
    handler(request);
  } else if (rule->rule.wait_ms > 0) {
    wait_first(session, rule, message, size, binary);
  } else {
    apply(request, handler, &rule->rule);
    ts_rule_unref(rule);
  }
}
