/* The SQL of statements: what an INSERT leaves to be bound, and how many parameters a query has. */
#include <stdlib.h>
#include <string.h>

#include "stmt/sql.h"

typedef struct reader_s {
  ts_lex_t lex;
  const char* text;
  ts_stmt_sql_t* out;
  ts_error_t* error;
} reader_t;

static int mixed(reader_t* reader) {
  return ts_error(reader->error, TS_E_MISMATCH,
                  "stmt bind param does not support normal value in sql");
}

/* [db.]table; the current database is known only when the statement is used. */
static int read_table(reader_t* reader, ts_table_name_t* name) {
  name->db[0] = '\0';
  int status = ts_lex_name(&reader->lex, name->table, TS_TABLE_MAX);
  if (status != 0 || !ts_lex_take_op(&reader->lex, ".")) return status;
  if (strlen(name->table) > TS_NAME_MAX) return ts_lex_syntax(&reader->lex);
  memcpy(name->db, name->table, strlen(name->table) + 1);
  return ts_lex_name(&reader->lex, name->table, TS_TABLE_MAX);
}

/* (name, …) */
static int read_names(reader_t* reader, ts_names_t* list) {
  ts_lex_t* lex = &reader->lex;
  if (list->given || !ts_lex_take_op(lex, "(")) return ts_lex_syntax(lex);
  list->given = true;
  do {
    list->names = ts_realloc(list->names, (list->count + 1) * sizeof *list->names);
    int status = ts_lex_name(lex, list->names[list->count], TS_NAME_MAX);
    if (status != 0) return status;
    list->count++;
  } while (ts_lex_take_op(lex, ","));
  return ts_lex_expect_op(lex, ")");
}

/* The `?` of a list whose parenthesis is read already. */
static int read_marks(reader_t* reader, uint32_t* count) {
  do {
    if (!ts_lex_take_op(&reader->lex, "?")) return mixed(reader);
    (*count)++;
  } while (ts_lex_take_op(&reader->lex, ","));
  return ts_lex_is_op(&reader->lex, ")") ? ts_lex_expect_op(&reader->lex, ")") : mixed(reader);
}

static int skip_literals(reader_t* reader) {
  ts_lex_t* lex = &reader->lex;
  reader->out->literal_tags = true;
  while (!ts_lex_is_op(lex, ")")) {
    if (ts_lex_is_op(lex, "?")) return mixed(reader);
    if (lex->token.kind == TS_T_END || lex->token.kind == TS_T_BAD) return ts_lex_syntax(lex);
    ts_lex_advance(lex);
  }
  return ts_lex_expect_op(lex, ")");
}

/* st [(names)] TAGS (…), after USING. */
static int read_using(reader_t* reader) {
  ts_stmt_sql_t* out = reader->out;
  ts_lex_t* lex = &reader->lex;
  if (out->using) return ts_lex_syntax(lex);
  out->using = true;
  int status = read_table(reader, &out->super);
  if (status != 0) return status;
  out->tags_at = (size_t) (lex->token.at - reader->text);
  if (ts_lex_is_op(lex, "(")) status = read_names(reader, &out->tags);
  if (status == 0) status = ts_lex_expect(lex, "tags");
  if (status == 0) status = ts_lex_expect_op(lex, "(");
  if (status != 0) return status;
  return ts_lex_is_op(lex, "?") ? read_marks(reader, &out->ntags) : skip_literals(reader);
}

static int read_insert(reader_t* reader) {
  ts_stmt_sql_t* out = reader->out;
  ts_lex_t* lex = &reader->lex;
  out->insert = true;
  int status = ts_lex_expect(lex, "into");
  if (status != 0) return status;
  out->name_bound = ts_lex_take_op(lex, "?");
  if (!out->name_bound) status = read_table(reader, &out->table);
  if (status == 0 && ts_lex_is_op(lex, "(")) status = read_names(reader, &out->columns);
  if (status == 0 && ts_lex_take(lex, "using")) status = read_using(reader);
  if (status == 0 && ts_lex_is_op(lex, "(")) status = read_names(reader, &out->columns);
  if (status == 0) status = ts_lex_expect(lex, "values");
  if (status == 0) status = ts_lex_expect_op(lex, "(");
  if (status == 0) status = read_marks(reader, &out->nvalues);
  if (status == 0 && lex->token.kind != TS_T_END)
    return ts_unsupported(reader->error, "a statement that inserts more than one row or table");
  for (uint32_t i = 0; i < out->columns.count; i++)
    if (strcmp(out->columns.names[i], "tbname") == 0) out->name_column = true;
  if (status == 0 && out->name_column && (out->using || out->name_bound))
    return ts_unsupported(reader->error, "tbname in this INSERT");
  return status;
}

/* Counts the parameters; a table cannot be one. */
static int read_query(reader_t* reader) {
  ts_lex_t* lex = &reader->lex;
  for (bool after_from = false; lex->token.kind != TS_T_END; ts_lex_advance(lex)) {
    bool mark = ts_lex_is_op(lex, "?");
    if (lex->token.kind == TS_T_BAD || (mark && after_from)) return ts_lex_syntax(lex);
    if (mark) reader->out->nparams++;
    after_from = ts_lex_is(lex, "from");
  }
  return 0;
}

int ts_stmt_sql_read(const char* sql, size_t size, ts_stmt_sql_t* out, ts_error_t* error) {
  reader_t reader = {.text = sql, .out = out, .error = error};
  *out = (ts_stmt_sql_t) {0};
  ts_lex_init(&reader.lex, sql, size, error);
  if (ts_lex_take(&reader.lex, "insert") || ts_lex_take(&reader.lex, "import"))
    return read_insert(&reader);
  if (ts_lex_is(&reader.lex, "select")) return read_query(&reader);
  if (ts_lex_is(&reader.lex, "show") || ts_lex_is(&reader.lex, "delete") ||
      ts_lex_is(&reader.lex, "describe"))
    return ts_unsupported(error, "a prepared statement of this kind");
  return ts_lex_syntax(&reader.lex);
}

void ts_stmt_sql_free(ts_stmt_sql_t* sql) {
  free(sql->columns.names);
  free(sql->tags.names);
  *sql = (ts_stmt_sql_t) {0};
}
