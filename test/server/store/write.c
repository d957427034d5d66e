/* The one way in which rows get into the store, from SQL and from statements. */
#include "store/write.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store/log.h"

typedef struct ts_created_s {
  ts_database_t* database;
  ts_table_t* table;
} ts_created_t;

void ts_cell_bind(sqlite3_stmt* statement, int index, const ts_cell_t* cell) {
  const void* data = cell->data != NULL ? cell->data : "";
  switch (cell->kind) {
    case TS_CELL_NULL: sqlite3_bind_null(statement, index); break;
    case TS_CELL_INT: sqlite3_bind_int64(statement, index, cell->integer); break;
    case TS_CELL_REAL: sqlite3_bind_double(statement, index, cell->real); break;
    case TS_CELL_TEXT:
      sqlite3_bind_text64(statement, index, data, cell->size, SQLITE_STATIC, SQLITE_UTF8);
      break;
    case TS_CELL_BYTES:
      sqlite3_bind_blob64(statement, index, data, cell->size, SQLITE_STATIC);
      break;
  }
}

/* ---- child tables ---- */

ts_table_t* ts_store_child(ts_store_t* store, ts_database_t* database, const char* name,
                           ts_family_t* family, const ts_cell_t* cells) {
  ts_table_t* table = ts_table_add(store, database, name, TS_CHILD, family);
  if (family->insert_child == NULL) {
    ts_buf_t text = {0};
    ts_buf_format(&text, "INSERT INTO g%" PRId64 " VALUES(?,?", family->id);
    for (uint32_t i = 0; i < family->ntags; i++) ts_buf_text(&text, ",?");
    ts_buf_add(&text, ")", 2);
    family->insert_child = ts_store_prepare(store, (char*) text.data);
    ts_buf_free(&text);
  }
  sqlite3_stmt* statement = family->insert_child;
  sqlite3_bind_int64(statement, 1, table->id);
  sqlite3_bind_text(statement, 2, table->name, -1, SQLITE_STATIC);
  for (uint32_t i = 0; i < family->ntags; i++) ts_cell_bind(statement, (int) i + 3, &cells[i]);
  ts_store_step(store, statement);
  sqlite3_clear_bindings(statement); /* they point into memory that goes away */
  ts_log_child(store->log, database, table, cells);
  return table;
}

ts_table_t* ts_write_child(ts_write_t* write, ts_database_t* database, const char* name,
                           ts_family_t* family, const ts_cell_t* cells) {
  ts_table_t* table = ts_store_child(write->store, database, name, family, cells);
  if (write->ncreated == write->created_capacity) {
    write->created_capacity = write->created_capacity == 0 ? 8 : write->created_capacity * 2;
    write->created = ts_realloc(write->created, write->created_capacity * sizeof *write->created);
  }
  write->created[write->ncreated++] = (ts_created_t) {database, table};
  return table;
}

/* ---- rows ---- */

void ts_write_begin(ts_write_t* write, ts_store_t* store) {
  *write = (ts_write_t) {.store = store};
  ts_log_begin(store->log);
  ts_store_step(store, store->begin);
}

static void drop_statement(ts_write_t* write) {
  if (write->statement == NULL) return;
  sqlite3_reset(write->statement);
  sqlite3_clear_bindings(write->statement);
  if (write->owned) sqlite3_finalize(write->statement);
  write->statement = NULL;
}

/* All columns: the statement is kept with the table. A row that is there takes the new values. */
static void prepare_rows(ts_write_t* write) {
  ts_family_t* family = write->family;
  bool all = write->norder == family->ncolumns;
  for (uint32_t i = 0; all && i < write->norder; i++) all = write->order[i] == i;
  write->owned = !all;
  write->statement = all ? family->insert : NULL;
  if (write->statement != NULL) return;
  ts_buf_t text = {0};
  ts_buf_format(&text, "INSERT INTO d%" PRId64 "(tid", family->id);
  for (uint32_t i = 0; i < write->norder; i++) ts_buf_format(&text, ",c%u", write->order[i]);
  ts_buf_text(&text, ")VALUES(?");
  for (uint32_t i = 0; i < write->norder; i++) ts_buf_text(&text, ",?");
  ts_buf_text(&text, ")ON CONFLICT(tid,c0)DO UPDATE SET tid=tid");
  for (uint32_t i = 0; i < write->norder; i++)
    if (write->order[i] > 0)
      ts_buf_format(&text, ",c%u=excluded.c%u", write->order[i], write->order[i]);
  ts_buf_add(&text, "", 1);
  write->statement = ts_store_prepare(write->store, (char*) text.data);
  ts_buf_free(&text);
  if (all) family->insert = write->statement;
}

void ts_write_table(ts_write_t* write, ts_database_t* database, ts_table_t* table,
                    const uint32_t* order, uint32_t norder) {
  write->database = database;
  write->table = table;
  ts_log_table(write->store->log, database, table, order, norder);
  if (write->statement != NULL && write->family == table->family && write->norder == norder &&
      memcmp(write->order, order, norder * sizeof *order) == 0)
    return;
  drop_statement(write);
  if (write->order_capacity < norder) {
    write->order_capacity = norder;
    write->order = ts_realloc(write->order, norder * sizeof *write->order);
  }
  memcpy(write->order, order, norder * sizeof *order);
  write->norder = norder;
  write->time_at = 0;
  while (write->time_at < norder && order[write->time_at] != 0) write->time_at++;
  write->family = table->family;
  if (!table->family->is_sink) prepare_rows(write);
}

static void add_key(ts_write_t* write, int64_t time) {
  if (write->nkeys == write->keys_capacity) {
    write->keys_capacity = write->keys_capacity == 0 ? 16 : write->keys_capacity * 2;
    write->keys = ts_realloc(write->keys, write->keys_capacity * sizeof *write->keys);
  }
  write->keys[write->nkeys++] = (ts_row_key_t) {write->table->id, time};
}

void ts_write_sink(ts_write_t* write, ts_family_t* family, uint64_t rows, int64_t sum) {
  write->sink = family;
  write->sink_rows += rows;
  write->sink_sum = (int64_t) ((uint64_t) write->sink_sum + (uint64_t) sum);
}

void ts_write_row(ts_write_t* write, const ts_cell_t* cells) {
  if (write->family->is_sink) {
    int64_t sum = 0;
    for (uint32_t i = 0; i < write->norder; i++)
      if (write->order[i] == 1 && cells[i].kind == TS_CELL_INT) sum = cells[i].integer;
    ts_write_sink(write, write->family, 1, sum);
    return;
  }
  add_key(write, cells[write->time_at].integer);
  sqlite3_bind_int64(write->statement, 1, write->table->id);
  for (uint32_t i = 0; i < write->norder; i++)
    ts_cell_bind(write->statement, (int) i + 2, &cells[i]);
  ts_store_step(write->store, write->statement);
  ts_log_row(write->store->log, cells);
}

/* ---- the end ---- */

static int compare_keys(const void* a, const void* b) {
  const ts_row_key_t* x = a;
  const ts_row_key_t* y = b;
  if (x->table != y->table) return x->table < y->table ? -1 : 1;
  return x->time < y->time ? -1 : x->time > y->time;
}

static bool is_sorted(const ts_write_t* write) {
  for (size_t i = 1; i < write->nkeys; i++)
    if (compare_keys(&write->keys[i - 1], &write->keys[i]) >= 0) return false;
  return true;
}

static int64_t count_keys(ts_write_t* write) {
  if (is_sorted(write)) return (int64_t) write->nkeys;
  qsort(write->keys, write->nkeys, sizeof *write->keys, compare_keys);
  int64_t count = 0;
  for (size_t i = 0; i < write->nkeys; i++)
    count += i == 0 || compare_keys(&write->keys[i - 1], &write->keys[i]) != 0;
  return count;
}

int64_t ts_write_end(ts_write_t* write, bool keep) {
  ts_store_t* store = write->store;
  int64_t rows = count_keys(write) + (int64_t) write->sink_rows;
  drop_statement(write);
  ts_store_step(store, keep ? store->commit : store->rollback);
  ts_log_end(store->log, keep);
  for (size_t i = write->ncreated; i > 0 && !keep; i--)
    ts_table_forget(write->created[i - 1].database, write->created[i - 1].table);
  if (keep && write->sink != NULL) {
    write->sink->sink_rows += write->sink_rows;
    write->sink->sink_sum = (int64_t) ((uint64_t) write->sink->sink_sum +
                                       (uint64_t) write->sink_sum);
  }
  free(write->keys);
  free(write->created);
  free(write->order);
  *write = (ts_write_t) {0};
  if (keep) ts_store_changed(store);
  return rows;
}
