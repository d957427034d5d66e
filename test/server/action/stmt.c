/* What the actions of both protocols for prepared statements share. */
#include "action/stmt.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "action/query.h"
#include "session/reply.h"

ts_stmt_t* ts_session_stmt(const ts_session_t* session, uint64_t id) {
  ts_stmt_t* stmt = session->stmts;
  while (stmt != NULL && stmt->id != id) stmt = stmt->next;
  return stmt;
}

ts_stmt_t* ts_request_stmt(ts_request_t* request, bool second) {
  ts_stmt_t* stmt = ts_session_stmt(request->session, request->stmt_id);
  if (stmt != NULL && stmt->second == second) return stmt;
  ts_reply_error(request, TS_E_INTERNAL, "%s is nil", second ? "stmt2" : "stmt");
  return NULL;
}

void ts_session_open_stmt(ts_request_t* request, bool second) {
  ts_session_t* session = request->session;
  ts_server_t* server = session->server;
  ts_stmt_t* stmt = ts_stmt_new(++session->next_stmt, second);
  stmt->store = server->store;
  stmt->env = &session->env;
  stmt->decimal_text = ts_server_has(server, 3, 4, 0, 0);
  stmt->blobs = ts_server_has(server, 3, 3, 7, 0);
  stmt->nchar_bytes = second && ts_server_has(server, 3, 3, 6, 0) &&
                      !ts_server_has(server, 3, 4, 0, 0);
  stmt->stale_by = ts_server_has(server, 3, 3, 6, 0)   ? TS_STALE_BY_KIND
                   : ts_server_has(server, 3, 3, 3, 0) ? TS_STALE_STABLE
                                                       : TS_STALE_GENERIC;
  stmt->next = session->stmts;
  session->stmts = stmt;
  server->stmts_open++;
  request->stmt_id = stmt->id;
  ts_stmt_reply(request);
  ts_reply_end(request);
}

static void free_result(ts_session_t* session, ts_stmt_t* stmt) {
  if (stmt->cursor != 0) ts_session_free_result(session, stmt->cursor);
  stmt->cursor = 0;
}

void ts_session_free_stmt(ts_session_t* session, ts_stmt_t* stmt) {
  ts_stmt_t** at = &session->stmts;
  while (*at != stmt) at = &(*at)->next;
  *at = stmt->next;
  free_result(session, stmt);
  ts_stmt_free(stmt);
  session->server->stmts_open--;
}

bool ts_session_close_stmt(ts_request_t* request, bool second) {
  ts_session_t* session = request->session;
  ts_stmt_t* stmt = ts_session_stmt(session, request->stmt_id);
  if (stmt == NULL) return true;
  if (stmt->second == second) {
    ts_session_free_stmt(session, stmt);
    return true;
  }
  if (ts_server_has(session->server, 3, 4, 0, 0)) {
    ts_reply_error(request, TS_E_INTERNAL, "stmtID:%" PRIu64 ", isStmt2:%s not match", stmt->id,
                   second ? "true" : "false");
  } else {
    ts_reply_error(request, TS_E_INTERNAL, "stmt type not match");
  }
  return false;
}

void ts_session_free_stmts(ts_session_t* session) {
  while (session->stmts != NULL) ts_session_free_stmt(session, session->stmts);
}

/* ---- replies ---- */

ts_buf_t* ts_stmt_reply(ts_request_t* request) {
  ts_buf_t* out = ts_reply_begin(request);
  ts_buf_text(out, ",\"stmt_id\":");
  ts_buf_decimal(out, request->stmt_id);
  return out;
}

void ts_stmt_reply_error(ts_request_t* request, int status, const ts_error_t* error) {
  if (status == TS_E_POISON) {
    ts_session_poison(request->session);
  } else {
    ts_reply_error(request, status, "%s", error->text);
  }
}

void ts_stmt_reply_status(ts_request_t* request, int status, const ts_error_t* error) {
  if (status != 0) {
    ts_stmt_reply_error(request, status, error);
    return;
  }
  ts_stmt_reply(request);
  ts_reply_end(request);
}

/* The first protocol reports it for the first column only, and milliseconds for all others. */
uint8_t ts_stmt_reported_precision(const ts_stmt_t* stmt, const ts_slot_t* slot) {
  const ts_field_t* field = ts_slot_field(&stmt->target, slot);
  if (field == NULL || field->type.type != TS_TIMESTAMP) return 0;
  bool first = slot->kind == TS_SLOT_COLUMN && slot->index == stmt->target.columns[0];
  return stmt->second || first ? stmt->target.database->precision : 0;
}

void ts_stmt_put_field(ts_request_t* request, ts_buf_t* out, const ts_stmt_t* stmt,
                       const ts_slot_t* slot, bool bind_type) {
  const ts_server_t* server = request->session->server;
  const ts_field_t* field = ts_slot_field(&stmt->target, slot);
  const char* name = field != NULL ? field->name : "tbname";
  ts_type_t type = field != NULL ? field->type : ts_type_var(TS_VARCHAR, 269);
  uint8_t precision = ts_stmt_reported_precision(stmt, slot);
  bool decimal = ts_type_is_decimal(type.type) && ts_server_has(server, 3, 4, 0, 0);
  ts_buf_text(out, "{\"name\":");
  ts_buf_json(out, name, strlen(name), ts_server_html(server));
  ts_buf_format(out, ",\"field_type\":%u,\"precision\":%u,\"scale\":%u,\"bytes\":%u", type.type,
                decimal ? type.precision : precision, decimal ? type.scale : 0,
                ts_type_storage(type));
  if (bind_type) ts_buf_format(out, ",\"bind_type\":%u", slot->kind);
  ts_buf_text(out, "}");
}

void ts_stmt_reply_result(ts_request_t* request, ts_stmt_t* stmt, ts_result_t* result,
                          const char* key) {
  const ts_server_t* server = request->session->server;
  free_result(request->session, stmt);
  stmt->cursor = ts_session_open_result(request->session, result)->id;
  ts_buf_t* out = ts_stmt_reply(request);
  ts_buf_format(out, ",\"%s\":%" PRIu64 ",", key, stmt->cursor);
  bool recent = ts_server_has(server, 3, 3, 6, 0); /* before, lengths were as declared */
  ts_result_put_meta(out, result, ts_server_html(server), recent, recent);
  ts_reply_end(request);
}

/* ---- statements that die ---- */

static void count_death(ts_request_t* request, const ts_stmt_t* stmt, bool was_dead) {
  if (stmt->dead.code != 0 && !was_dead) request->session->server->stmts_dead++;
}

int ts_stmt_bind_counted(ts_request_t* request, ts_stmt_t* stmt, ts_binding_t* binding,
                         ts_error_t* error) {
  bool was_dead = stmt->dead.code != 0;
  int status = ts_stmt_bind(stmt, binding, error);
  count_death(request, stmt, was_dead);
  return status;
}

void ts_stmt_reply_exec(ts_request_t* request, ts_stmt_t* stmt) {
  ts_error_t error = {0};
  int64_t affected;
  bool was_dead = stmt->dead.code != 0;
  free_result(request->session, stmt);
  int status = ts_stmt_exec(stmt, &affected, &error);
  count_death(request, stmt, was_dead);
  if (status != 0) {
    ts_stmt_reply_error(request, status, &error);
    return;
  }
  ts_buf_format(ts_stmt_reply(request), ",\"affected\":%" PRId64, affected);
  ts_reply_end(request);
}
