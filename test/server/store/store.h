/* The catalog of databases and tables, and the SQLite database that keeps their rows.
 *
 * A super table with its child tables, or a plain table, is a family: one SQLite table
 * d<id>(tid, c0, c1, …) keyed by (table id, timestamp), and for super tables one with the tags of
 * each child, g<id>(tid, tbname, t0, t1, …). */
#ifndef TS_STORE_H
#define TS_STORE_H

#include <sqlite3.h>

#include "store/wal.h"
#include "codec/type.h"

/* How a family's tables were changed. */
typedef enum { TS_CHANGED_COLUMN, TS_CHANGED_TAG, TS_CHANGED_WIDTH } ts_change_t;

typedef struct ts_family_s {
  int64_t id;
  struct ts_database_s* database;
  struct ts_table_s* owner; /* the super or plain table */
  uint32_t ncolumns;
  uint32_t ntags; /* 0: a plain table */
  ts_field_t* columns;
  ts_field_t* tags;
  uint32_t created_columns; /* as many as there were at first */
  uint32_t created_tags;
  uint32_t changes; /* how often it was changed since it was made */
  ts_change_t last_change;
  ts_schema_t* schema;        /* of the columns now; made when first needed */
  sqlite3_stmt* insert;       /* a row with every column; made when first needed */
  sqlite3_stmt* insert_child; /* a child's tags; the same */
  sqlite3_stmt* insert_feed;  /* into w<id> (tmq/feed.c) */
  bool has_feed;              /* w<id> is there */
  /* bench.sink: rows are checked and counted, and not kept. */
  bool is_sink;
  uint64_t sink_rows;
  int64_t sink_sum; /* of its second column, if that is of an integer type */
} ts_family_t;

typedef enum { TS_SUPER, TS_CHILD, TS_PLAIN } ts_table_kind_t;

typedef struct ts_table_s {
  ts_table_kind_t kind;
  char* name;
  int64_t id;
  ts_family_t* family; /* owned by the super or plain table */
  struct ts_table_s* bucket_next;
  struct ts_table_s* prev; /* in the order of creation */
  struct ts_table_s* next;
} ts_table_t;

typedef struct ts_database_s {
  char name[TS_NAME_MAX + 1];
  uint8_t precision;
  size_t ntables;
  size_t nbuckets;
  ts_table_t** buckets;
  ts_table_t* first;
  ts_table_t* last;
  ts_wal_t wals[TS_VGROUPS];
  struct ts_database_s* next;
} ts_database_t;

typedef struct ts_log_s ts_log_t; /* store/log.c */

typedef struct ts_store_s {
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
  /* Called when the logs have got something new; NULL: nobody cares. */
  void (*changed)(void* data);
  void* changed_data;
} ts_store_t;

ts_store_t* ts_store_open(void);
void ts_store_close(ts_store_t* store);

ts_database_t* ts_database_find(const ts_store_t* store, const char* name);
ts_database_t* ts_database_new(const char* name); /* without a place in the catalog */
ts_database_t* ts_database_create(ts_store_t* store, const char* name, uint8_t precision);
void ts_database_drop(ts_store_t* store, ts_database_t* database);

ts_table_t* ts_table_find(const ts_database_t* database, const char* name);
/* A super table (ntags > 0) or plain table with its SQLite tables. */
ts_table_t* ts_table_create(ts_store_t* store, ts_database_t* database, const char* name,
                            const ts_field_t* columns, uint32_t ncolumns, const ts_field_t* tags,
                            uint32_t ntags);
/* A child table in the catalog alone: its row of tags is the caller's business. */
ts_table_t* ts_table_create_child(ts_store_t* store, ts_database_t* database, const char* name,
                                  ts_family_t* family);
/* With its rows, and with its children if it is a super table. */
void ts_table_drop(ts_store_t* store, ts_database_t* database, ts_table_t* table);
/* From the catalog alone, when its creation is undone. */
void ts_table_forget(ts_database_t* database, ts_table_t* table);

/* Adds a column or tag to a super or plain table. */
void ts_family_add(ts_store_t* store, ts_family_t* family, const ts_field_t* field, bool tag);
/* Gives a column or tag of variable width another one. */
void ts_family_widen(ts_store_t* store, ts_family_t* family, uint32_t index, bool tag,
                     uint32_t width);
int ts_family_column(const ts_family_t* family, const char* name); /* -1: none */
int ts_family_tag(const ts_family_t* family, const char* name);

/* Statements of the server itself, which cannot fail for reasons of the client's. */
void ts_store_run(ts_store_t* store, const char* format, ...) __attribute__((format(printf, 2, 3)));
void ts_store_step(ts_store_t* store, sqlite3_stmt* statement);
sqlite3_stmt* ts_store_prepare(ts_store_t* store, const char* sql);

ts_wal_t* ts_table_wal(ts_database_t* database, const char* name); /* the log of a table's vgroup */
void ts_store_changed(ts_store_t* store);

/* SQL functions that SQLite lacks: ts_u64, ts_first, ts_last (store/functions.c). */
void ts_store_functions(sqlite3* sqlite);

#endif
