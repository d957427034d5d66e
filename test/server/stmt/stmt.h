/* Prepared statements on the store, whichever of the three ways they are bound in: their SQL, the
 * tables and fields that it means, what has been bound, and running it. */
#ifndef TS_STMT_H
#define TS_STMT_H

#include "codec/cell.h"
#include "query/context.h"
#include "base/buf.h"

/* A status, not an error code: the real gateway reads beyond its memory here, or crashes. */
#define TS_E_POISON (-1)

enum { TS_E_MISMATCH = 512, TS_E_STMT_USAGE = 554, TS_E_STMT_TABLE = 555 };

/* ---- what is bound ---- */

/* The values of one column, as every way of binding gives them. NCHAR and JSON are UTF-8. */
typedef struct ts_bind_s {
  int32_t type; /* as the client says */
  uint32_t rows;
  const uint8_t* nulls;   /* a byte a row, not 0: NULL */
  const uint8_t* lengths; /* four bytes a row, little-endian; NULL: values of fixed size */
  const uint8_t* data;    /* without those of variable types that are NULL */
  size_t size;
} ts_bind_t;

typedef struct ts_bind_table_s {
  const char* name; /* NULL: none */
  size_t name_size;
  const ts_bind_t* tags;    /* a row; NULL: none */
  const ts_bind_t* columns; /* NULL: none */
} ts_bind_table_t;

/* One bind message. */
typedef struct ts_binding_s {
  struct ts_binding_s* next;
  uint32_t ntables;
  uint32_t ntags;
  uint32_t ncolumns;
  ts_bind_table_t* tables;
  ts_bind_t* binds;
  struct ts_bind_memory_s* memory; /* what the others point into */
} ts_binding_t;

ts_binding_t* ts_binding_new(void);
void ts_binding_free(ts_binding_t* binding); /* and those after it */
void* ts_binding_alloc(ts_binding_t* binding, size_t size);
/* Allocates the tables, with their tags and columns. */
void ts_binding_tables(ts_binding_t* binding, uint32_t ntables, uint32_t ntags, uint32_t ncolumns);

/* ---- the ways of binding: bytes to bindings (which point into the bytes) ---- */

/* The payload of stmt2_bind. 0, TS_E_INTERNAL with the gateway's text, or TS_E_POISON. */
int ts_bind_decode(const uint8_t* data, size_t size, ts_binding_t* binding, ts_error_t* error);
/* The payload of stmt2_bind_exec: `fields` columns of `rows` values, in the order of the SQL. */
typedef struct ts_bind_columns_s {
  uint32_t rows;
  uint32_t tables;
  uint32_t nfields;
  ts_bind_t* fields; /* to be freed */
} ts_bind_columns_t;
int ts_bind_columns_decode(const uint8_t* data, size_t size, ts_bind_columns_t* columns,
                           ts_error_t* error);
/* Cuts the columns into tables: kinds[i] says what field i is (TS_SLOT_…). */
int ts_bind_columns_split(const ts_bind_columns_t* columns, const uint8_t* kinds,
                          ts_binding_t* binding, ts_error_t* error);
/* A raw block of the first protocol. `types` are the table's, or NULL for the block's own. Gives
 * `count` binds in the binding's memory; TS_E_POISON for wrong lengths. */
typedef struct ts_raw_block_s {
  const uint8_t* data;
  size_t size;
  uint32_t rows;
  uint32_t columns;
} ts_raw_block_t;
int ts_raw_block_open(const uint8_t* data, size_t size, ts_raw_block_t* block);
uint8_t ts_raw_block_type(const ts_raw_block_t* block, uint32_t column);
int ts_raw_block_decode(const ts_raw_block_t* block, const uint8_t* types, ts_binding_t* binding,
                        ts_bind_t* binds, ts_error_t* error);

/* ---- what the SQL means ---- */

enum { TS_SLOT_COLUMN = 1, TS_SLOT_TAG = 2, TS_SLOT_NAME = 4 }; /* as `bind_type` has them */

/* A list of names in the SQL. */
typedef struct ts_names_s {
  bool given;
  uint32_t count;
  char (*names)[TS_NAME_MAX + 1];
} ts_names_t;

typedef struct ts_stmt_sql_s {
  bool insert;
  /* an insert */
  bool name_bound;  /* INSERT INTO ? */
  bool name_column; /* INSERT INTO st(tbname, …) */
  bool using;
  ts_table_name_t table; /* where the name is not bound; with a name column the super table */
  ts_table_name_t super;
  ts_names_t columns;
  ts_names_t tags;
  uint32_t nvalues; /* ? in VALUES */
  uint32_t ntags;   /* ? in TAGS */
  bool literal_tags;
  size_t tags_at; /* where `[(names)] TAGS (…)` is, for the literal ones */
  /* a query */
  uint32_t nparams;
} ts_stmt_sql_t;

int ts_stmt_sql_read(const char* sql, size_t size, ts_stmt_sql_t* out, ts_error_t* error);
void ts_stmt_sql_free(ts_stmt_sql_t* sql);

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

typedef struct ts_stmt_s {
  struct ts_stmt_s* next;
  uint64_t id;
  bool second; /* stmt2 */
  bool prepared;
  char* text;
  size_t text_size;
  ts_stmt_sql_t sql;
  ts_target_t target;
  ts_store_t* store;
  ts_env_t* env;
  bool decimal_text; /* the server takes decimals as text */
  bool blobs;        /* the server has BLOB */
  bool nchar_bytes;  /* an NCHAR column that is not all NULL needs a byte, as from 3.3.7.5 */
  ts_stale_t stale_by;
  ts_known_t* known;   /* the tables that it was prepared for */
  ts_error_t stale;    /* how it is refused; code 0: it is not */
  bool stale_once;     /* the next time it is not */
  bool remade;         /* its super table is another one, whose fields may be others */
  ts_error_t dead;     /* code 0: it is not */
  ts_binding_t* bound; /* what exec runs */
  bool bound_tags;     /* tags have been bound since prepare */
  /* the first protocol, between add_batch and add_batch */
  char* name;
  const ts_bind_t* tags;
  ts_binding_t* kept; /* memory of the tags, the last ones first */
  ts_binding_t* pending;
  /* a query: what was bound last, for stmt_get_param, and its result */
  struct ts_param_s {
    int32_t type;
    uint32_t size;
  }* params; /* NULL: nothing yet */
  ts_result_t* result;
  uint64_t cursor;
} ts_stmt_t;

/* The fields of a statement, looked up anew if the store's tables have changed. `name` is the
 * bound table's; NULL when there is none yet. Changes are noted in stmt->known and
 * stmt->stale. */
int ts_stmt_resolve(ts_stmt_t* stmt, const char* name, size_t size, ts_error_t* error);
void ts_target_free(ts_target_t* target);

/* stmt/stale.c: what a statement keeps of its tables, as the real server does. */
/* The family was looked up: whether it is what it was when that was done first. */
void ts_stmt_compare(ts_stmt_t* stmt, const ts_target_t* found);
/* Whether another table has the name by now: rows are counted and are nowhere. */
bool ts_stmt_is_replaced(const ts_stmt_t* stmt, const ts_database_t* database,
                         const ts_table_t* table);
void ts_stmt_forget_tables(ts_stmt_t* stmt);
const ts_field_t* ts_slot_field(const ts_target_t* target, const ts_slot_t* slot);
/* A bound table name, [db.]table with backquotes allowed. */
int ts_bound_name(const char* text, size_t size, ts_table_name_t* name, ts_error_t* error);

/* ---- checked and run ---- */

typedef struct ts_bind_rules_s {
  bool decimal_text;
  bool blobs;
} ts_bind_rules_t;

/* Whether all values fit the field; TS_E_POISON for lengths that the real one would trust. */
int ts_bind_check(const ts_field_t* field, const ts_bind_t* bind, ts_bind_rules_t rules,
                  ts_error_t* error);
/* The next value; `*at` is where its data begins, 0 for the first row. `arena` gives memory. */
void ts_bind_cell(ts_arena_t* arena, const ts_field_t* field, const ts_bind_t* bind, uint32_t row,
                  size_t* at, ts_cell_t* cell);
uint32_t ts_bind_nulls(const ts_bind_t* bind); /* how many are NULL */
/* The sum of a column of an integer type, which has been checked. */
int64_t ts_bind_sum(const ts_field_t* field, const ts_bind_t* bind);
/* An insert's binding against the tables it names. */
int ts_stmt_check(ts_stmt_t* stmt, const ts_binding_t* binding, ts_error_t* error);
/* Writes all that is bound; the rows, or what is wrong. */
int ts_stmt_insert(ts_stmt_t* stmt, int64_t* affected, ts_error_t* error);
/* Runs a query with these parameters; `stmt->result` is its result. */
int ts_stmt_query(ts_stmt_t* stmt, const ts_bind_t* params, ts_error_t* error);
/* Checks a query when it is prepared, without its parameters. */
int ts_stmt_query_check(ts_stmt_t* stmt, ts_error_t* error);

/* JSON of the first protocol: an array of values per column of these fields, or one of tags. */
struct yyjson_val;
int ts_bind_json(struct yyjson_val* array, const ts_field_t* const* fields, uint32_t nfields,
                 bool tags, uint8_t precision, ts_binding_t* binding, ts_bind_t* binds,
                 ts_error_t* error);

ts_stmt_t* ts_stmt_new(uint64_t id, bool second);
void ts_stmt_free(ts_stmt_t* stmt);
int ts_stmt_prepare(ts_stmt_t* stmt, const char* sql, size_t size, ts_error_t* error);
/* Adds what a message has bound, checked; the statement owns it from now on, in any case. */
int ts_stmt_bind(ts_stmt_t* stmt, ts_binding_t* binding, ts_error_t* error);
int ts_stmt_exec(ts_stmt_t* stmt, int64_t* affected, ts_error_t* error);

#endif
