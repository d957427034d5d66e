/* Which databases and tables there are.
 *
 * A super table with its child tables, or a plain table, is a family: one SQLite table
 * d<id>(tid, c0, c1, …) keyed by (table id, timestamp), and for super tables one with the tags of
 * each child, g<id>(tid, tbname, t0, t1, …). */
#ifndef TS_STORE_CATALOG_H
#define TS_STORE_CATALOG_H

#include <sqlite3.h>

#include "codec/type.h"
#include "store/wal.h"

typedef struct ts_store_s ts_store_t;

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
  uint32_t created_columns; /* the number when it was created */
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

ts_database_t* ts_database_find(const ts_store_t* store, const char* name);
ts_database_t* ts_database_new(const char* name); /* not in the catalog */
void ts_database_free(ts_database_t* database);   /* with its tables */

ts_table_t* ts_table_find(const ts_database_t* database, const char* name);
/* Puts a table into the catalog, without SQLite tables. */
ts_table_t* ts_table_add(ts_store_t* store, ts_database_t* database, const char* name,
                         ts_table_kind_t kind, ts_family_t* family);
/* Takes it out again. */
void ts_table_forget(ts_database_t* database, ts_table_t* table);
ts_wal_t* ts_table_wal(ts_database_t* database, const char* name); /* the log of a table's vgroup */

int ts_family_column(const ts_family_t* family, const char* name); /* -1: not found */
int ts_family_tag(const ts_family_t* family, const char* name);
/* Ends its prepared statements: an open one would lock its tables. */
void ts_family_finalize(ts_family_t* family);

#endif
