/* A connection's session: from its opening to its end. */
#include <stdlib.h>
#include <string.h>

#include "action/dispatch.h"
#include "action/query.h"
#include "action/stmt.h"
#include "action/tmq.h"
#include "gateway/message.h"
#include "gateway/session.h"

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

static void finish(ts_session_t* session) {
  if (session->server->config.answer_close) ts_conn_close_frame(session->conn, 1000, "");
  ts_conn_finish(session->conn);
}

static ts_later_t* take_later(ts_session_t* session) {
  ts_later_t* later = session->later;
  session->later = later->next;
  return later;
}

/* Counts what the client has not freed: the real gateway keeps it. */
static void count_left(const ts_session_t* session) {
  ts_server_t* server = session->server;
  for (size_t i = 0; i < TS_RESULT_BUCKETS; i++)
    for (const ts_cursor_t* at = session->results[i]; at != NULL; at = at->next)
      server->results_left++;
  for (const ts_stmt_t* stmt = session->stmts; stmt != NULL; stmt = stmt->next)
    server->stmts_left++;
}

void ts_session_closed(ts_conn_t* conn) {
  ts_session_t* session = ts_conn_data(conn);
  count_left(session);
  session->server->results_left += ts_dispatch_cancel(session); /* their queries still run */
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

static void on_waited(ts_session_t* session, const void* message, size_t size, bool binary,
                      ts_rule_entry_t* rule) {
  if (ts_conn_is_http(session->conn)) {
    ts_http_message(session, rule);
  } else if (binary) {
    ts_binary_message(session, message, size, rule);
  } else {
    ts_json_message(session, message, size, rule);
  }
  go_on(session);
  if (session->closing && session->waiting == NULL) finish(session);
}

void ts_session_open(ts_conn_t* conn) {
  ts_session_t* session = ts_calloc(1, sizeof *session);
  session->server = ts_peer_data(ts_conn_peer(conn));
  session->conn = conn;
  session->waited = on_waited;
  ts_env_init(&session->env, session->server->version);
  session->endpoint = endpoint_of(conn);
  if (session->endpoint == TS_ENDPOINT_TMQ) session->tmq = ts_tmq_open(session);
  ts_conn_set_data(conn, session);
}

void ts_session_text(ts_conn_t* conn, const char* text, size_t size) {
  on_message(ts_conn_data(conn), text, size, false);
}

void ts_session_binary(ts_conn_t* conn, const uint8_t* data, size_t size) {
  ts_session_t* session = ts_conn_data(conn);
  if (session->tmq == NULL) on_message(session, data, size, true); /* consumers send none */
}
