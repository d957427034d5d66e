/* The tables and columns that a statement means. */
#ifndef TS_STMT_TARGET_H
#define TS_STMT_TARGET_H

#include "stmt/binding.h"
#include "stmt/sql.h"

/* A `?` and what it stands for. */
typedef struct ts_slot_s {
  uint8_t kind;
  uint32_t index; /* of the column or tag in the family */
} ts_slot_t;

/* The tables and columns behind the names, until one of them is changed. */
typedef struct ts_target_s {
  uint64_t schema; /* of the store when it was looked up; 0: not yet */
  ts_database_t* database;
  ts_family_t* family;
  ts_table_t* table; /* NULL: the name is bound */
  uint32_t nslots;
  ts_slot_t* slots;
  uint32_t ntags;
  uint32_t* tags;
  uint32_t ncolumns;
  uint32_t* columns;
} ts_target_t;

/* A table as a statement knows it: what it was when it was looked up first. */
typedef struct ts_known_s {
  struct ts_known_s* next;
  int64_t id;       /* of the table; of the super table where the SQL names one */
  uint32_t changes; /* of its family */
  bool replaced;    /* another table has the name now */
  ts_table_name_t name;
} ts_known_t;

/* How a server refuses a statement that was prepared before its table was changed. */
typedef enum {
  TS_STALE_BY_KIND, /* from 3.3.6.0: a code for each kind of change */
  TS_STALE_STABLE,  /* from 3.3.3.0: the table is said to belong to another super table */
  TS_STALE_GENERIC
} ts_stale_t;

void ts_target_free(ts_target_t* target);
const ts_field_t* ts_slot_field(const ts_target_t* target, const ts_slot_t* slot);
/* A bound table name, [db.]table with backquotes allowed. */
int ts_bound_name(const char* text, size_t size, ts_table_name_t* name, ts_error_t* error);

#endif
