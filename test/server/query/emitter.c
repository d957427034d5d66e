/* SQLite's SQL in the making: its text and its parameters, prepared at the end. */
#include <stdlib.h>
#include <string.h>

#include "query/emitter.h"
#include "store/write.h"

static void add_cell(ts_emit_t* emit, ts_cell_kind_t kind, const void* data, size_t size) {
  void* copy = ts_arena_alloc(&emit->scope->sql->arena, size + 1);
  if (size > 0) memcpy(copy, data, size);
  emit->cells = ts_realloc(emit->cells, (emit->ncells + 1) * sizeof *emit->cells);
  emit->cells[emit->ncells++] = (ts_cell_t) {.kind = kind, .data = copy, .size = size};
  ts_buf_text(&emit->text, "?");
}

void ts_emit_text(ts_emit_t* emit, const void* text, size_t size) {
  add_cell(emit, TS_CELL_TEXT, text, size);
}

void ts_emit_bytes(ts_emit_t* emit, const void* data, size_t size) {
  add_cell(emit, TS_CELL_BYTES, data, size);
}

int ts_emit_error(const ts_emit_t* emit, const char* what) {
  return ts_unsupported(emit->scope->sql->error, what);
}

int ts_sqlite_error(ts_sql_t* sql) {
  return ts_error(sql->error, TS_E_INTERNAL, "SQLite: %s", sqlite3_errmsg(sql->store->sqlite));
}

sqlite3_stmt* ts_emit_prepare(ts_emit_t* emit) {
  sqlite3_stmt* statement = NULL;
  ts_sql_t* sql = emit->scope->sql;
  int status = sqlite3_prepare_v2(sql->store->sqlite, (const char*) emit->text.data,
                                  (int) emit->text.size, &statement, NULL);
  if (status != SQLITE_OK) ts_sqlite_error(sql);
  for (size_t i = 0; i < emit->ncells && statement != NULL; i++)
    ts_cell_bind(statement, (int) i + 1, &emit->cells[i]);
  return statement;
}

void ts_emit_free(ts_emit_t* emit) {
  ts_buf_free(&emit->text);
  free(emit->cells);
}
