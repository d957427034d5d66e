/* The logs that topics read: one for each of a database's two vgroups. A record is what one
 * change wrote to the tables of that vgroup, or a change of a table. */
#ifndef TS_STORE_WAL_H
#define TS_STORE_WAL_H

#include "base/buf.h"
#include "codec/type.h"

#define TS_VGROUPS 2u

/* What a table's columns were when rows were written; unchanging and shared. */
typedef struct ts_schema_s {
  size_t refs;
  uint32_t ncolumns;
  uint32_t created_columns; /* of these, the ones that were there from the beginning */
  uint32_t created_tags;
  ts_field_t fields[];
} ts_schema_t;

ts_schema_t* ts_schema_ref(ts_schema_t* schema);
void ts_schema_unref(ts_schema_t* schema); /* NULL is fine */

/* Rows of one table. */
typedef struct ts_wal_part_s {
  int64_t table;
  int64_t family;
  char* name;
  char* created; /* the description of the child table that the insert made; NULL: none */
  ts_schema_t* schema;
  ts_blob_t* block; /* every column, in the order of writing */
} ts_wal_part_t;

/* Kinds of metadata: the numbers that TDengine gives to the same messages. */
enum {
  TS_META_CREATE_TABLE = 515,
  TS_META_ALTER_TABLE = 517,
  TS_META_DROP_TABLE = 519,
  TS_META_CREATE_STABLE = 531,
  TS_META_ALTER_STABLE = 533,
  TS_META_DROP_STABLE = 535,
  TS_META_DELETE = 581
};

typedef struct ts_wal_record_s {
  int64_t version;
  uint16_t meta_type; /* 0: rows */
  int64_t family;     /* of the metadata */
  char* meta;         /* JSON */
  size_t nparts;
  ts_wal_part_t* parts;
  size_t bytes; /* about so much memory */
} ts_wal_record_t;

typedef struct ts_wal_s {
  int32_t vgroup;
  bool keep;     /* a topic reads it: nothing is dropped. Otherwise the last 16 MiB are kept */
  int64_t begin; /* the first version that is still there */
  int64_t end;   /* the next version */
  size_t bytes;
  size_t first; /* of the array below */
  size_t count;
  size_t capacity;
  ts_wal_record_t** records;
} ts_wal_t;

void ts_wal_init(ts_wal_t* wal, int32_t vgroup);
void ts_wal_free(ts_wal_t* wal);
/* Gives the record its version; the log owns it from now on. */
void ts_wal_append(ts_wal_t* wal, ts_wal_record_t* record);
/* The first record of this version or a later one; NULL: there is none. */
const ts_wal_record_t* ts_wal_find(const ts_wal_t* wal, int64_t version);
void ts_wal_part_free(ts_wal_part_t* part); /* what it holds */

#endif
