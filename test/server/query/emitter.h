/* What the names of an expression mean, and SQLite's SQL in the making. */
#ifndef TS_QUERY_EMITTER_H
#define TS_QUERY_EMITTER_H

#include "base/buf.h"
#include "codec/cell.h"
#include "query/context.h"

/* What the names of an expression refer to. */
typedef struct ts_scope_s {
  ts_sql_t* sql;
  ts_database_t* database;
  ts_table_t* table; /* NULL: a SELECT without a table */
  char alias[TS_TABLE_MAX + 1];
  uint8_t precision;
  bool aggregates; /* found so far: */
  bool counts;
  bool columns; /* a column of the rows (not a tag) */
  bool tags;    /* a tag or tbname of a child or super table */
  bool impure;  /* now() and the like */
  bool in_aggregate;
} ts_scope_t;

/* SQLite's SQL in the making, with its parameters. */
typedef struct ts_emit_s {
  const ts_scope_t* scope;
  ts_buf_t text;
  ts_cell_t* cells;
  size_t ncells;
} ts_emit_t;

void ts_emit_text(ts_emit_t* emit, const void* text, size_t size); /* a parameter */
void ts_emit_bytes(ts_emit_t* emit, const void* data, size_t size);
int ts_emit_error(const ts_emit_t* emit, const char* what); /* unsupported */
/* Prepares the text and binds the parameters; NULL with the error set. */
sqlite3_stmt* ts_emit_prepare(ts_emit_t* emit);
void ts_emit_free(ts_emit_t* emit);
/* SQLite's error as the client's. */
int ts_sqlite_error(ts_sql_t* sql);

#endif
