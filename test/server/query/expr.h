/* Expressions: read into a tree, given types, and written as SQLite's SQL. */
#ifndef TS_QUERY_EXPR_H
#define TS_QUERY_EXPR_H

#include "sql/sql.h"
#include "base/buf.h"

typedef enum {
  TS_N_NULL,
  TS_N_BOOL,
  TS_N_INT, /* negated: with a minus */
  TS_N_REAL,
  TS_N_STRING,
  TS_N_DURATION,
  TS_N_COLUMN,
  TS_N_STAR,
  TS_N_CALL,
  TS_N_CAST,
  TS_N_NEGATE,
  TS_N_NOT,
  TS_N_LOGIC, /* op: AND, OR */
  TS_N_COMPARE,
  TS_N_LIKE,
  TS_N_IS_NULL,
  TS_N_IN, /* args: the value, then the list */
  TS_N_BETWEEN,
  TS_N_ARITH
} ts_node_kind_t;

enum { TS_COL_NONE, TS_COL_DATA, TS_COL_TAG, TS_COL_TBNAME };

typedef struct ts_node_s {
  ts_node_kind_t kind;
  bool negated;
  unsigned depth;
  const char* op;
  ts_token_t token; /* a literal's */
  const char* at;   /* the whole text, for the name of a result column */
  size_t size;
  uint64_t integer; /* INT, BOOL */
  char* name;       /* COLUMN, CALL */
  char* qualifier;  /* of a COLUMN or STAR; NULL: none */
  struct ts_node_s* args;
  struct ts_node_s* next;
  /* found by ts_expr_resolve */
  ts_type_t type;
  int where; /* TS_COL_… */
  unsigned index;
  int function;
} ts_node_t;

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

int ts_expr_parse(ts_sql_t* sql, ts_node_t** node);
int ts_expr_resolve(ts_scope_t* scope, ts_node_t* node);
/* `raw`: the value goes into a result as it is kept, not into a comparison. */
int ts_expr_emit(ts_emit_t* emit, const ts_node_t* node, bool raw);
bool ts_expr_is_aggregate(const ts_node_t* node); /* a call of one */

/* Functions (query/function.c). */
int ts_function_resolve(ts_scope_t* scope, ts_node_t* call);
int ts_function_emit(ts_emit_t* emit, const ts_node_t* call);

void ts_emit_text(ts_emit_t* emit, const void* text, size_t size); /* a parameter */
void ts_emit_bytes(ts_emit_t* emit, const void* data, size_t size);
int ts_emit_error(const ts_emit_t* emit, const char* what); /* unsupported */
/* Prepares the text and binds the parameters; NULL with the error set. */
sqlite3_stmt* ts_emit_prepare(ts_emit_t* emit);
void ts_emit_free(ts_emit_t* emit);
/* SQLite's error as the client's. */
int ts_sqlite_error(ts_sql_t* sql);

/* Reads FROM's table and its alias. */
int ts_scope_table(ts_scope_t* scope, const char* prefix);
/* Writes ` FROM …` and, for a child table, ` WHERE d.tid=…`; `*where` says whether it did. */
void ts_emit_from(ts_emit_t* emit, bool* where);
/* Reads a condition after WHERE if there is one, resolved. */
int ts_scope_where(ts_scope_t* scope, ts_node_t** condition);
int ts_emit_where(ts_emit_t* emit, const ts_node_t* condition, bool where);
/* Steps the statement to its end and gives its rows as a result. */
int ts_sql_rows(ts_sql_t* sql, sqlite3_stmt* statement, const ts_field_t* fields, uint32_t nfields,
                uint8_t precision, ts_result_t** result);

#endif
