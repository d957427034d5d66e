/* The catalog of databases and tables, and the SQLite database that keeps their rows. */
#ifndef TS_STORE_H
#define TS_STORE_H

#include <sqlite3.h>

#include "store/catalog.h"

typedef struct ts_log_s ts_log_t; /* store/log.c */

struct ts_store_s {
  sqlite3* sqlite;
  sqlite3_stmt* begin;
  sqlite3_stmt* commit;
  sqlite3_stmt* rollback;
  ts_database_t* databases;
  ts_database_t* system; /* of tables about the server itself; NULL: not needed yet */
  int64_t next_id;
  uint64_t schema; /* counts changes of databases and tables, but for new children */
  int32_t next_vgroup;
  struct ts_topic_s* topics;       /* tmq/topic.h */
  struct ts_consumer_s* consumers; /* tmq/consumer.h */
  uint64_t next_consumer;
  ts_log_t* log;
  /* Called when there is something new in the logs; may be NULL. */
  void (*changed)(void* data);
  void* changed_data;
  /* Finds a table about the server itself and fills it with the state of now; may be NULL. */
  bool (*system_table)(ts_store_t* store, const char* db, const char* name,
                       ts_database_t** database, ts_table_t** table);
  void (*closing)(ts_store_t* store); /* frees the topics; NULL when there were none */
};

ts_store_t* ts_store_open(void);
void ts_store_close(ts_store_t* store);

ts_database_t* ts_database_create(ts_store_t* store, const char* name, uint8_t precision);
void ts_database_drop(ts_store_t* store, ts_database_t* database);

/* A super table (ntags > 0) or plain table with its SQLite tables. */
ts_table_t* ts_table_create(ts_store_t* store, ts_database_t* database, const char* name,
                            const ts_field_t* columns, uint32_t ncolumns, const ts_field_t* tags,
                            uint32_t ntags);
/* With its rows, and with its children if it is a super table. */
void ts_table_drop(ts_store_t* store, ts_database_t* database, ts_table_t* table);

/* Adds a column or tag to a super or plain table. */
void ts_family_add(ts_store_t* store, ts_family_t* family, const ts_field_t* field, bool tag);
/* Gives a column or tag of variable width another one. */
void ts_family_widen(ts_store_t* store, ts_family_t* family, uint32_t index, bool tag,
                     uint32_t width);

/* Statements of the server itself, which cannot fail for reasons of the client's. */
void ts_store_run(ts_store_t* store, const char* format, ...) __attribute__((format(printf, 2, 3)));
void ts_store_check(ts_store_t* store, int status); /* aborts unless it is a success */
void ts_store_step(ts_store_t* store, sqlite3_stmt* statement);
sqlite3_stmt* ts_store_prepare(ts_store_t* store, const char* sql);

void ts_store_changed(ts_store_t* store);

/* SQL functions that SQLite lacks: ts_u64, ts_first, ts_last (store/functions.c). */
void ts_store_functions(sqlite3* sqlite);

#endif
