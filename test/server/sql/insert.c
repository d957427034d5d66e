/* INSERT INTO and DELETE FROM's sibling of rows: many tables, many rows, one transaction. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "query/cell.h"
#include "sql/ddl.h"
#include "sql/statement.h"

typedef struct insert_s {
  ts_sql_t* sql;
  ts_write_t write;
  /* of the table in progress */
  ts_database_t* database;
  ts_table_t* table;
  uint32_t* order; /* the column that each value goes to */
  uint32_t norder;
  ts_cell_t* cells; /* of a row */
} insert_t;

static int bad(ts_sql_t* sql, const char* reason) {
  const ts_token_t* token = &sql->lex.token;
  int size = token->size > 128 ? 128 : (int) token->size;
  return ts_error(sql->error, TS_E_INSERT, "syntax error near '%.*s' (%s)", size, token->at,
                  reason);
}

/* USING st [(tags)] TAGS (…): makes the child unless it is there. */
static int read_using(insert_t* insert, const char* name) {
  ts_sql_t* sql = insert->sql;
  ts_table_name_t super;
  ts_database_t* database;
  ts_table_t* table;
  int status = ts_sql_table_name(sql, &super);
  if (status == 0) status = ts_sql_table(sql, &super, "", &database, &table);
  if (status != 0) return status;
  if (table->kind != TS_SUPER || database != insert->database)
    return ts_error(sql->error, TS_E_TABLE, "Table does not exist");
  ts_cell_t* cells = ts_calloc(table->family->ntags, sizeof *cells);
  status = ts_sql_child_tags(sql, table->family, database->precision, cells);
  if (status == 0 && insert->table == NULL)
    insert->table = ts_write_child(&insert->write, database, name, table->family, cells);
  free(cells);
  return status;
}

static int read_columns(insert_t* insert) {
  ts_sql_t* sql = insert->sql;
  const ts_family_t* family = insert->table->family;
  bool has_time = false;
  insert->norder = 0;
  do {
    char name[TS_NAME_MAX + 1];
    ts_token_t token = sql->lex.token;
    int status = ts_lex_name(&sql->lex, name, TS_NAME_MAX);
    if (status != 0) return status;
    int column = ts_family_column(family, name);
    for (uint32_t i = 0; column >= 0 && i < insert->norder; i++)
      if (insert->order[i] == (uint32_t) column)
        return ts_error(sql->error, TS_E_INSERT, "duplicated column: %s", name);
    if (column < 0)
      return ts_error(sql->error, TS_E_COLUMN, "Invalid column name: %.*s", (int) token.size,
                      token.at);
    if (column == 0) has_time = true;
    insert->order[insert->norder++] = (uint32_t) column;
  } while (ts_lex_take_op(&sql->lex, ","));
  int status = ts_lex_expect_op(&sql->lex, ")");
  if (status == 0 && !has_time)
    return ts_error(sql->error, TS_E_INSERT, "primary timestamp column can not be null");
  return status;
}

static int read_row(insert_t* insert) {
  ts_sql_t* sql = insert->sql;
  for (uint32_t i = 0; i < insert->norder; i++) {
    const ts_field_t* field = &insert->table->family->columns[insert->order[i]];
    if (i > 0 && !ts_lex_take_op(&sql->lex, ",")) return bad(sql, ", expected");
    int status = ts_cell_read(sql, field, insert->database->precision, &insert->cells[i]);
    if (status != 0) return status;
    if (insert->order[i] == 0 && insert->cells[i].kind == TS_CELL_NULL)
      return bad(sql, "primary timestamp should not be null");
  }
  if (!ts_lex_take_op(&sql->lex, ")")) return bad(sql, ") expected");
  ts_write_row(&insert->write, insert->cells);
  ts_arena_reset(&sql->arena);
  return 0;
}

static int read_rows(insert_t* insert) {
  ts_sql_t* sql = insert->sql;
  insert->cells = ts_realloc(insert->cells, insert->norder * sizeof *insert->cells);
  ts_write_table(&insert->write, insert->database, insert->table, insert->order, insert->norder);
  int status = ts_lex_is_op(&sql->lex, "(") ? 0 : bad(sql, "( expected");
  while (status == 0 && ts_lex_take_op(&sql->lex, "(")) {
    status = read_row(insert);
    if (status == 0) ts_lex_take_op(&sql->lex, ",");
  }
  return status;
}

/* `t [(columns)] [USING …] [(columns)] VALUES (…)…` */
static int read_table(insert_t* insert) {
  ts_sql_t* sql = insert->sql;
  ts_table_name_t name;
  int status = ts_sql_table_name(sql, &name);
  if (status == 0) status = ts_sql_database(sql, name.db, "", &insert->database);
  if (status != 0) return status;
  insert->table = ts_table_find(insert->database, name.table);
  if (ts_lex_take(&sql->lex, "using")) status = read_using(insert, name.table);
  if (status != 0) return status;
  if (insert->table == NULL) return ts_error(sql->error, TS_E_TABLE, "Table does not exist");
  if (insert->table->kind == TS_SUPER)
    return ts_unsupported(sql->error, "INSERT INTO a super table");
  const ts_family_t* family = insert->table->family;
  insert->order = ts_realloc(insert->order, family->ncolumns * sizeof *insert->order);
  insert->norder = family->ncolumns;
  for (uint32_t i = 0; i < family->ncolumns; i++) insert->order[i] = i;
  if (ts_lex_take_op(&sql->lex, "(")) status = read_columns(insert);
  if (status == 0 && ts_lex_take(&sql->lex, "using")) status = read_using(insert, name.table);
  if (status != 0) return status;
  if (ts_lex_is(&sql->lex, "file")) return ts_unsupported(sql->error, "INSERT from a file");
  if (!ts_lex_take(&sql->lex, "values")) return bad(sql, "VALUES or FILE expected");
  return read_rows(insert);
}

int ts_sql_insert(ts_sql_t* sql) {
  insert_t insert = {.sql = sql};
  int status = ts_lex_expect(&sql->lex, "into");
  if (status != 0) return status;
  ts_write_begin(&insert.write, sql->store);
  do {
    status = read_table(&insert);
  } while (status == 0 && sql->lex.token.kind != TS_T_END);
  sql->outcome->affected_rows = ts_write_end(&insert.write, status == 0 && !sql->dry);
  free(insert.order);
  free(insert.cells);
  return status;
}
