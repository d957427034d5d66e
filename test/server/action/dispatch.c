/* Rules on the way of a request to its action: it waits, or is answered otherwise. */
#include "action/dispatch.h"

#include <stdlib.h>
#include <string.h>

#include "action/query.h"
#include "session/reply.h"

/* A request that waits, and is read again after that. */
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

static void on_waited(uv_timer_t* timer) {
  ts_waiting_t* waiting = timer->data;
  ts_session_t* session = waiting->session;
  unlink_waiting(waiting); /* freed only when the loop closes the timer */
  session->waited(session, waiting->message, waiting->size, waiting->binary, waiting->rule);
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
size_t ts_dispatch_cancel(ts_session_t* session) {
  size_t count = 0;
  for (; session->waiting != NULL; count++) unlink_waiting(session->waiting);
  return count;
}
