/* Statements of the server itself on SQLite. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/store.h"

void ts_store_check(ts_store_t* store, int status) {
  if (status == SQLITE_OK || status == SQLITE_DONE || status == SQLITE_ROW) return;
  fprintf(stderr, "testserver: SQLite: %s\n", sqlite3_errmsg(store->sqlite));
  abort();
}

sqlite3_stmt* ts_store_prepare(ts_store_t* store, const char* sql) {
  sqlite3_stmt* statement = NULL;
  ts_store_check(store, sqlite3_prepare_v2(store->sqlite, sql, -1, &statement, NULL));
  return statement;
}

void ts_store_step(ts_store_t* store, sqlite3_stmt* statement) {
  ts_store_check(store, sqlite3_step(statement));
  ts_store_check(store, sqlite3_reset(statement));
}

void ts_store_run(ts_store_t* store, const char* format, ...) {
  char sql[256];
  va_list args;
  va_start(args, format);
  vsnprintf(sql, sizeof sql, format, args);
  va_end(args);
  ts_store_check(store, sqlite3_exec(store->sqlite, sql, NULL, NULL, NULL));
}
