/* What a write puts into the logs that topics read, gathered until it is kept or undone. Only
 * store/write.c calls this, for all ways of writing. */
#ifndef TS_STORE_LOG_H
#define TS_STORE_LOG_H

#include "store/write.h"
#include "codec/block.h"

ts_log_t* ts_log_new(void);
void ts_log_free(ts_log_t* log);

/* One write at a time. */
void ts_log_begin(ts_log_t* log);
/* A child table and its tags; outside of a write it is logged at once. */
void ts_log_child(ts_log_t* log, ts_database_t* database, ts_table_t* table, const ts_cell_t* tags);
/* The rows that follow are of this table; cells[i] of a row is of column order[i]. */
void ts_log_table(ts_log_t* log, ts_database_t* database, ts_table_t* table, const uint32_t* order,
                  uint32_t norder);
void ts_log_row(ts_log_t* log, const ts_cell_t* cells);
/* To be called while the tables are still there; then ts_store_changed if it is kept. */
void ts_log_end(ts_log_t* log, bool keep);

#endif
