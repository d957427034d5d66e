/* INSERT INTO and DELETE FROM's sibling of rows: many tables, many rows, one transaction. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sql.h"
#include "ts_buf.h"

/* Rows written by one statement, to count each (table, timestamp) once. */
typedef struct row_key_s {
  int64_t table;
  int64_t time;
} row_key_t;

typedef struct insert_s {
  ts_sql_t* sql;
  row_key_t* keys;
  size_t nkeys;
  size_t keys_capacity;
  ts_table_t** created; /* child tables, to be forgotten if the statement fails */
  ts_database_t** created_in;
  size_t ncreated;
  /* of the table in progress */
  ts_database_t* database;
  ts_table_t* table;
  uint32_t* order; /* the column that each value goes to */
  uint32_t norder;
} insert_t;

static int bad(ts_sql_t* sql, const char* reason) {
  const ts_token_t* token = &sql->lex.token;
  int size = token->size > 128 ? 128 : (int)token->size;
  return ts_error(sql->error, TS_E_INSERT, "syntax error near '%.*s' (%s)", size, token->at,
                  reason);
}

static void add_key(insert_t* insert, int64_t time) {
  if (insert->nkeys == insert->keys_capacity) {
    insert->keys_capacity = insert->keys_capacity == 0 ? 16 : insert->keys_capacity * 2;
    insert->keys = ts_realloc(insert->keys, insert->keys_capacity * sizeof *insert->keys);
  }
  insert->keys[insert->nkeys++] = (row_key_t){insert->table->id, time};
}

static int compare_keys(const void* a, const void* b) {
  const row_key_t* x = a;
  const row_key_t* y = b;
  if (x->table != y->table) return x->table < y->table ? -1 : 1;
  return x->time < y->time ? -1 : x->time > y->time;
}

static int64_t count_keys(insert_t* insert) {
  if (insert->nkeys > 1) qsort(insert->keys, insert->nkeys, sizeof *insert->keys, compare_keys);
  int64_t count = 0;
  for (size_t i = 0; i < insert->nkeys; i++)
    count += i == 0 || compare_keys(&insert->keys[i - 1], &insert->keys[i]) != 0;
  return count;
}

static void remember_created(insert_t* insert, ts_table_t* table) {
  size_t count = insert->ncreated + 1;
  insert->created = ts_realloc(insert->created, count * sizeof *insert->created);
  insert->created_in = ts_realloc(insert->created_in, count * sizeof *insert->created_in);
  insert->created[insert->ncreated] = table;
  insert->created_in[insert->ncreated] = insert->database;
  insert->ncreated = count;
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
  if (status == 0 && insert->table == NULL) {
    insert->table = ts_sql_create_child(sql, database, name, table->family, cells);
    remember_created(insert, insert->table);
  }
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
      if (insert->order[i] == (uint32_t)column)
        return ts_error(sql->error, TS_E_INSERT, "duplicated column: %s", name);
    if (column < 0)
      return ts_error(sql->error, TS_E_COLUMN, "Invalid column name: %.*s", (int)token.size,
                      token.at);
    if (column == 0) has_time = true;
    insert->order[insert->norder++] = (uint32_t)column;
  } while (ts_lex_take_op(&sql->lex, ","));
  int status = ts_lex_expect_op(&sql->lex, ")");
  if (status == 0 && !has_time)
    return ts_error(sql->error, TS_E_INSERT, "primary timestamp column can not be null");
  return status;
}

/* All columns: the statement is kept with the table. A row that is there takes the new values. */
static sqlite3_stmt* prepare_rows(insert_t* insert, bool* owned) {
  ts_family_t* family = insert->table->family;
  bool all = insert->norder == family->ncolumns;
  for (uint32_t i = 0; all && i < insert->norder; i++) all = insert->order[i] == i;
  *owned = !all;
  if (all && family->insert != NULL) return family->insert;
  ts_buf_t text = {0};
  ts_buf_format(&text, "INSERT INTO d%" PRId64 "(tid", family->id);
  for (uint32_t i = 0; i < insert->norder; i++) ts_buf_format(&text, ",c%u", insert->order[i]);
  ts_buf_text(&text, ")VALUES(?");
  for (uint32_t i = 0; i < insert->norder; i++) ts_buf_text(&text, ",?");
  ts_buf_text(&text, ")ON CONFLICT(tid,c0)DO UPDATE SET tid=tid");
  for (uint32_t i = 0; i < insert->norder; i++)
    if (insert->order[i] > 0)
      ts_buf_format(&text, ",c%u=excluded.c%u", insert->order[i], insert->order[i]);
  ts_buf_add(&text, "", 1);
  sqlite3_stmt* statement = ts_store_prepare(insert->sql->store, (char*)text.data);
  ts_buf_free(&text);
  if (all) family->insert = statement;
  return statement;
}

static int read_row(insert_t* insert, sqlite3_stmt* statement) {
  ts_sql_t* sql = insert->sql;
  sqlite3_bind_int64(statement, 1, insert->table->id);
  for (uint32_t i = 0; i < insert->norder; i++) {
    const ts_field_t* field = &insert->table->family->columns[insert->order[i]];
    ts_cell_t cell;
    if (i > 0 && !ts_lex_take_op(&sql->lex, ",")) return bad(sql, ", expected");
    int status = ts_cell_read(sql, field, insert->database->precision, &cell);
    if (status != 0) return status;
    if (insert->order[i] == 0) {
      if (cell.kind == TS_CELL_NULL) return bad(sql, "primary timestamp should not be null");
      add_key(insert, cell.integer);
    }
    ts_cell_bind(statement, (int)i + 2, &cell);
  }
  if (!ts_lex_take_op(&sql->lex, ")")) return bad(sql, ") expected");
  ts_store_step(sql->store, statement);
  ts_sql_release(sql);
  return 0;
}

static int read_rows(insert_t* insert) {
  ts_sql_t* sql = insert->sql;
  bool owned;
  sqlite3_stmt* statement = prepare_rows(insert, &owned);
  int status = ts_lex_is_op(&sql->lex, "(") ? 0 : bad(sql, "( expected");
  while (status == 0 && ts_lex_take_op(&sql->lex, "(")) {
    status = read_row(insert, statement);
    if (status == 0) ts_lex_take_op(&sql->lex, ",");
  }
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement); /* they point into memory that goes away */
  if (owned) sqlite3_finalize(statement);
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

static void finish(insert_t* insert, bool keep) {
  ts_store_t* store = insert->sql->store;
  ts_store_step(store, keep ? store->commit : store->rollback);
  for (size_t i = 0; i < insert->ncreated && !keep; i++)
    ts_table_forget(insert->created_in[i], insert->created[i]);
  free(insert->keys);
  free(insert->created);
  free(insert->created_in);
  free(insert->order);
}

int ts_sql_insert(ts_sql_t* sql) {
  insert_t insert = {.sql = sql};
  int status = ts_lex_expect(&sql->lex, "into");
  if (status != 0) return status;
  ts_store_step(sql->store, sql->store->begin);
  do {
    status = read_table(&insert);
  } while (status == 0 && sql->lex.token.kind != TS_T_END);
  sql->outcome->affected_rows = count_keys(&insert);
  finish(&insert, status == 0 && !sql->dry);
  return status;
}
