/* DELETE FROM: rows are removed, and the logs record from when to when. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "query/expr.h"
#include "sql/statement.h"
#include "store/meta.h"

typedef struct delete_s {
  ts_sql_t* sql;
  ts_scope_t scope;
  ts_node_t* condition;
} delete_t;

/* `<head> d.tid,d.c0 FROM … WHERE …<tail>`; NULL with the error set. */
static sqlite3_stmt* prepare(const delete_t* del, const char* head, const char* tail) {
  ts_emit_t emit = {.scope = &del->scope};
  bool where;
  ts_buf_text(&emit.text, head);
  ts_buf_text(&emit.text, "SELECT d.tid,d.c0");
  ts_emit_from(&emit, &where);
  int status = ts_emit_where(&emit, del->condition, where);
  ts_buf_text(&emit.text, tail);
  sqlite3_stmt* statement = status == 0 ? ts_emit_prepare(&emit) : NULL;
  ts_emit_free(&emit);
  return statement;
}

/* A span of one table's deleted rows, between which no row stays. */
typedef struct span_s {
  int64_t table;
  int64_t from;
  int64_t to;
} span_t;

typedef struct spans_s {
  span_t* list;
  size_t count;
  size_t capacity;
} spans_t;

static void add_row(spans_t* spans, int64_t table, int64_t time) {
  if (spans->count == spans->capacity) {
    spans->capacity = spans->capacity == 0 ? 16 : spans->capacity * 2;
    spans->list = ts_realloc(spans->list, spans->capacity * sizeof *spans->list);
  }
  spans->list[spans->count++] = (span_t) {table, time, time};
}

static int find_rows(const delete_t* del, spans_t* spans) {
  sqlite3_stmt* statement = prepare(del, "", " ORDER BY 1,2");
  if (statement == NULL) return del->sql->error->code;
  int status;
  while ((status = sqlite3_step(statement)) == SQLITE_ROW)
    add_row(spans, sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1));
  sqlite3_finalize(statement);
  return status == SQLITE_DONE ? 0 : ts_sqlite_error(del->sql);
}

/* Rows next to each other become one span, when those that stay are known. */
static void merge(const delete_t* del, spans_t* spans) {
  char text[128];
  snprintf(text, sizeof text, "SELECT 1 FROM d%" PRId64 " WHERE tid=? AND c0>? AND c0<? LIMIT 1",
           del->scope.table->family->id);
  sqlite3_stmt* between = ts_store_prepare(del->sql->store, text);
  size_t count = 0;
  for (size_t i = 0; i < spans->count; i++) {
    const span_t* row = &spans->list[i];
    span_t* last = count > 0 ? &spans->list[count - 1] : NULL;
    bool joined = last != NULL && last->table == row->table;
    if (joined) {
      sqlite3_bind_int64(between, 1, row->table);
      sqlite3_bind_int64(between, 2, last->to);
      sqlite3_bind_int64(between, 3, row->from);
      joined = sqlite3_step(between) != SQLITE_ROW;
      sqlite3_reset(between);
    }
    if (joined) {
      last->to = row->to;
    } else {
      spans->list[count++] = *row;
    }
  }
  sqlite3_finalize(between);
  spans->count = count;
}

static void log_spans(const delete_t* del, const spans_t* spans) {
  ts_database_t* database = del->scope.database;
  const ts_table_t* table = del->scope.table;
  for (size_t i = 0; i < spans->count; i++) {
    const span_t* span = &spans->list[i];
    if (table->id != span->table)
      for (table = database->first; table->id != span->table;) table = table->next;
    ts_meta_deleted(database, table, span->from, span->to);
  }
  ts_store_changed(del->sql->store);
}

static int run(delete_t* del) {
  char head[64];
  ts_sql_t* sql = del->sql;
  spans_t spans = {0};
  snprintf(head, sizeof head, "DELETE FROM d%" PRId64 " WHERE (tid,c0) IN (",
           del->scope.table->family->id);
  sqlite3_stmt* statement = prepare(del, head, ")");
  if (statement == NULL) return sql->error->code;
  int status = sql->dry ? 0 : find_rows(del, &spans);
  if (status == 0 && !sql->dry) {
    status = sqlite3_step(statement) == SQLITE_DONE ? 0 : ts_sqlite_error(sql);
    sql->outcome->affected_rows = sqlite3_changes(sql->store->sqlite);
  }
  sqlite3_finalize(statement);
  if (status == 0 && spans.count > 0) {
    merge(del, &spans);
    log_spans(del, &spans);
  }
  free(spans.list);
  return status;
}

int ts_sql_delete(ts_sql_t* sql) {
  delete_t del = {.sql = sql, .scope = {.sql = sql}};
  int status = ts_lex_expect(&sql->lex, "from");
  if (status == 0) status = ts_scope_table(&del.scope, "");
  if (status == 0) status = ts_scope_where(&del.scope, &del.condition);
  if (status == 0) status = ts_lex_expect_end(&sql->lex);
  if (status != 0) return status;
  del.scope.columns = true;
  return run(&del);
}
