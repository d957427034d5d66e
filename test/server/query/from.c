/* FROM and WHERE: what SELECT and DELETE have in common. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "query/expr.h"

/* Words that cannot be an alias, because a clause begins with them. */
static bool is_clause(const ts_lex_t* lex) {
  static const char* const words[] = {
      "where",   "group",  "partition", "order",        "limit",        "having",       "interval",
      "session", "fill",   "sliding",   "state_window", "event_window", "count_window", "union",
      "join",    "inner",  "left",      "right",        "full",         "on",           "slimit",
      "soffset", "offset", "range",     "every",        "for",          "window_offset"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (ts_lex_is(lex, words[i])) return true;
  return false;
}

int ts_scope_table(ts_scope_t* scope, const char* prefix) {
  ts_sql_t* sql = scope->sql;
  ts_table_name_t name;
  if (ts_lex_is_op(&sql->lex, "(")) return ts_unsupported(sql->error, "a subquery");
  int status = ts_sql_table_name(sql, &name);
  bool system = status == 0 && sql->store->system_table != NULL &&
                sql->store->system_table(sql->store, name.db, name.table, &scope->database,
                                         &scope->table);
  if (status == 0 && !system)
    status = ts_sql_table(sql, &name, prefix, &scope->database, &scope->table);
  if (status != 0) return status;
  scope->precision = scope->database->precision;
  snprintf(scope->alias, sizeof scope->alias, "%s", name.table);
  bool as = ts_lex_take(&sql->lex, "as");
  bool named = sql->lex.token.kind == TS_T_WORD || sql->lex.token.kind == TS_T_NAME;
  if (as || (named && !is_clause(&sql->lex)))
    status = ts_lex_name(&sql->lex, scope->alias, TS_TABLE_MAX);
  if (status == 0 && ts_lex_is_op(&sql->lex, ",")) return ts_unsupported(sql->error, "a join");
  return status;
}

int ts_scope_where(ts_scope_t* scope, ts_node_t** condition) {
  *condition = NULL;
  if (!ts_lex_take(&scope->sql->lex, "where")) return 0;
  int status = ts_expr_parse(scope->sql, condition);
  if (status == 0) status = ts_expr_resolve(scope, *condition);
  if (status == 0 && scope->aggregates)
    return ts_error(scope->sql->error, TS_E_SYNTAX, "Not allowed aggregate in WHERE");
  return status;
}

void ts_emit_from(ts_emit_t* emit, bool* where) {
  const ts_scope_t* scope = emit->scope;
  const ts_table_t* table = scope->table;
  *where = false;
  if (table == NULL) return;
  int64_t id = table->family->id;
  char rows = scope->sql->feed != NULL ? 'w' : 'd';
  if (table->kind == TS_PLAIN) {
    ts_buf_format(&emit->text, " FROM %c%" PRId64 " d", rows, id);
  } else if (table->kind == TS_SUPER && !scope->columns) {
    ts_buf_format(&emit->text, " FROM g%" PRId64 " g", id);
  } else if (table->kind == TS_SUPER) {
    /* CROSS JOIN keeps SQLite at this order: by child table, then by time. */
    ts_buf_format(&emit->text, " FROM g%" PRId64 " g CROSS JOIN %c%" PRId64 " d ON d.tid=g.tid", id,
                  rows, id);
  } else {
    ts_buf_format(&emit->text, " FROM %c%" PRId64 " d", rows, id);
    if (scope->tags) ts_buf_format(&emit->text, " CROSS JOIN g%" PRId64 " g ON g.tid=d.tid", id);
    ts_buf_format(&emit->text, " WHERE d.tid=%" PRId64, table->id);
    *where = true;
  }
}

int ts_emit_where(ts_emit_t* emit, const ts_node_t* condition, bool where) {
  if (condition == NULL) return 0;
  ts_buf_text(&emit->text, where ? " AND " : " WHERE ");
  return ts_expr_emit(emit, condition, false);
}
