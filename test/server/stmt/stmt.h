/* Prepared statements on the store, without connections.
 *
 * sql reads what a statement binds, target finds its tables and columns, decode, block, columns
 * and json read what a message binds, check checks it, write and query run it. stale keeps what
 * the tables were when the statement was prepared. */
#ifndef TS_STMT_H
#define TS_STMT_H

#include "stmt/binding.h"
#include "stmt/target.h"

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

ts_stmt_t* ts_stmt_new(uint64_t id, bool second);
void ts_stmt_free(ts_stmt_t* stmt);
int ts_stmt_prepare(ts_stmt_t* stmt, const char* sql, size_t size, ts_error_t* error);
/* Adds what a message has bound, checked; the statement owns it from now on, in any case. */
int ts_stmt_bind(ts_stmt_t* stmt, ts_binding_t* binding, ts_error_t* error);
int ts_stmt_exec(ts_stmt_t* stmt, int64_t* affected, ts_error_t* error);

/* ---- for the files of this folder ---- */

/* The fields of a statement, looked up again if the store's tables have changed. `name` is the
 * bound table's; NULL when there is none yet. Changes are noted in stmt->known and
 * stmt->stale. */
int ts_stmt_resolve(ts_stmt_t* stmt, const char* name, size_t size, ts_error_t* error);

/* stmt/stale.c: what a statement keeps of its tables, as the real server does. */
/* The family was looked up: whether it is what it was when that was done first. */
void ts_stmt_compare(ts_stmt_t* stmt, const ts_target_t* found);
/* Whether another table has the name by now: rows are counted and are nowhere. */
bool ts_stmt_is_replaced(const ts_stmt_t* stmt, const ts_database_t* database,
                         const ts_table_t* table);
void ts_stmt_forget_tables(ts_stmt_t* stmt);

/* An insert's binding against the tables it names. */
int ts_stmt_check(ts_stmt_t* stmt, const ts_binding_t* binding, ts_error_t* error);
/* Writes all that is bound; the rows, or what is wrong. */
int ts_stmt_insert(ts_stmt_t* stmt, int64_t* affected, ts_error_t* error);
/* Runs a query with these parameters; `stmt->result` is its result. */
int ts_stmt_query(ts_stmt_t* stmt, const ts_bind_t* params, ts_error_t* error);
/* Checks a query when it is prepared, without its parameters. */
int ts_stmt_query_check(ts_stmt_t* stmt, ts_error_t* error);

#endif
