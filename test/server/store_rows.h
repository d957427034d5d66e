/* Rows and child tables on their way into the store: one change is kept whole or not at all, and
 * what it wrote goes into the logs that topics read (store_wal.h). */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "store.h"
#include "ts_block.h"

/* A value that goes into a column or tag. */
typedef enum {
  TS_CELL_NULL,
  TS_CELL_INT,  /* also BOOL, TIMESTAMP and decimals of 64 bits */
  TS_CELL_REAL,
  TS_CELL_TEXT, /* VARCHAR, JSON, and NCHAR as UTF-8 */
  TS_CELL_BYTES /* the others, and decimals of 128 bits as ts_decimal_key writes them */
} ts_cell_kind_t;

typedef struct ts_cell_s {
  ts_cell_kind_t kind;
  int64_t integer;
  double real;
  const void* data; /* not owned */
  size_t size;
} ts_cell_t;

void ts_cell_bind(sqlite3_stmt* statement, int index, const ts_cell_t* cell);
/* Appends the cell to a block's column of that type. */
void ts_cell_put(ts_block_writer_t* writer, uint32_t column, uint8_t type, const ts_cell_t* cell);

/* A change: everything that writes rows begins one and ends it. */
void ts_change_begin(ts_store_t* store);
/* Keeps what was written, or undoes it. Returns how many rows there were: each (table, timestamp)
 * counts once. */
int64_t ts_change_end(ts_store_t* store, bool keep);

/* A child table with its tags, cells[i] being that of family->tags[i]. In a change it is undone
 * with it. */
ts_table_t* ts_table_create_child(ts_store_t* store, ts_database_t* database, const char* name,
                                  ts_family_t* family, const ts_cell_t* cells);

/* The rows of one table in a change. A row that is there takes the new values. */
typedef struct ts_rows_s {
  ts_store_t* store;
  ts_table_t* table;
  const uint32_t* order; /* the column of each value; the first column must be among them */
  uint32_t norder;
  sqlite3_stmt* statement;
  bool owned;
  ts_cell_t* cells; /* of all columns */
} ts_rows_t;

/* `order` must live as long as the rows. The table is no super table. */
void ts_rows_begin(ts_rows_t* rows, ts_store_t* store, ts_database_t* database, ts_table_t* table,
                   const uint32_t* order, uint32_t norder);
/* Value `index` of the row, which goes to column order[index]; its data must live until the row
 * is written. The timestamp must not be NULL. */
void ts_rows_set(ts_rows_t* rows, uint32_t index, const ts_cell_t* cell);
void ts_rows_write(ts_rows_t* rows); /* the row, all of whose values are set */
void ts_rows_end(ts_rows_t* rows);

#endif
