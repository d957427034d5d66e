/* The one way in which rows get into the store, from SQL and from statements: a transaction over
 * many tables, of which each (table, timestamp) is counted once. */
#ifndef TS_STORE_WRITE_H
#define TS_STORE_WRITE_H

#include "codec/cell.h"
#include "store/store.h"

void ts_cell_bind(sqlite3_stmt* statement, int index, const ts_cell_t* cell);

/* A row that was written. */
typedef struct ts_row_key_s {
  int64_t table;
  int64_t time;
} ts_row_key_t;

typedef struct ts_write_s {
  ts_store_t* store;
  ts_row_key_t* keys;
  size_t nkeys;
  size_t keys_capacity;
  struct ts_created_s* created; /* child tables, to be forgotten if it is undone */
  size_t ncreated;
  size_t created_capacity;
  /* the table in progress */
  ts_database_t* database;
  ts_table_t* table;
  uint32_t* order; /* the column that each value goes to */
  uint32_t norder;
  uint32_t order_capacity;
  uint32_t time_at;    /* where in `order` the timestamp is */
  ts_family_t* family; /* that `statement` was made for */
  sqlite3_stmt* statement;
  bool owned;
  /* rows of the sink: counted and dropped */
  ts_family_t* sink;
  uint64_t sink_rows;
  int64_t sink_sum;
} ts_write_t;

void ts_write_begin(ts_write_t* write, ts_store_t* store);
/* Puts a child into the catalog and its tags into SQLite; cells[i] is of family->tags[i]. */
ts_table_t* ts_write_child(ts_write_t* write, ts_database_t* database, const char* name,
                           ts_family_t* family, const ts_cell_t* cells);
/* The rows that follow are of this child or plain table, with values for these columns, of which
 * the timestamp (0) is one. */
void ts_write_table(ts_write_t* write, ts_database_t* database, ts_table_t* table,
                    const uint32_t* order, uint32_t norder);
/* cells[i] is of the i-th column in the order. The timestamp is no NULL. */
void ts_write_row(ts_write_t* write, const ts_cell_t* cells);
/* Rows of the sink (`family->is_sink`) that the caller has counted. */
void ts_write_sink(ts_write_t* write, ts_family_t* family, uint64_t rows, int64_t sum);
/* Keeps all or nothing; returns how many rows it was. */
int64_t ts_write_end(ts_write_t* write, bool keep);

/* A child outside of a write: CREATE TABLE … USING. */
ts_table_t* ts_store_child(ts_store_t* store, ts_database_t* database, const char* name,
                           ts_family_t* family, const ts_cell_t* cells);

#endif
