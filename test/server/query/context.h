/* The context of one statement: its text, its session, its memory, and its outcome. */
#ifndef TS_QUERY_CONTEXT_H
#define TS_QUERY_CONTEXT_H

#include "base/arena.h"
#include "codec/result.h"
#include "codec/time.h"
#include "query/lex.h"
#include "store/store.h"

/* What a session gives to its statements, and USE changes. */
typedef struct ts_env_s {
  char db[TS_NAME_MAX + 1]; /* "": none */
  ts_zone_t zone;
  const char* version; /* for server_version() */
} ts_env_t;

void ts_env_init(ts_env_t* env, const char* version);

typedef struct ts_outcome_s {
  ts_result_t* result; /* NULL: an update; otherwise the caller's reference */
  int64_t affected_rows;
  bool constant; /* the result depends on nothing but the text */
} ts_outcome_t;

/* What a topic's query reads: rows on their way through the log. Found when the topic is made. */
typedef struct ts_feed_s {
  bool found;
  ts_database_t* database;
  int64_t family;
  int64_t table;     /* 0: any of the family */
  uint32_t ncolumns; /* that `*` stands for */
  uint32_t ntags;
} ts_feed_t;

typedef struct ts_sql_s {
  ts_store_t* store;
  ts_env_t* env;
  ts_error_t* error;
  ts_outcome_t* outcome;
  const char* text; /* the whole statement */
  size_t size;
  ts_lex_t lex;
  bool dry;
  ts_feed_t* feed;  /* NULL: of the tables themselves */
  unsigned depth;   /* of the parentheses being read */
  ts_arena_t arena; /* memory that lives as long as the statement, or until it is reset */
} ts_sql_t;

/* Reads the text and runs it by `run`. After an error there is no outcome. */
int ts_sql_run_with(ts_sql_t* sql, const char* text, size_t size, int (*run)(ts_sql_t* sql));

/* The name of a table: [db.]table. With `database` the error is the database's, otherwise NULL. */
typedef struct ts_table_name_s {
  char db[TS_NAME_MAX + 1]; /* the current one if none is written */
  char table[TS_TABLE_MAX + 1];
} ts_table_name_t;

int ts_sql_table_name(ts_sql_t* sql, ts_table_name_t* name);
/* `prefix` is put before the error's text: queries have one, updates have "". */
int ts_sql_database(ts_sql_t* sql, const char* name, const char* prefix, ts_database_t** database);
int ts_sql_table(ts_sql_t* sql, const ts_table_name_t* name, const char* prefix,
                 ts_database_t** database, ts_table_t** table);
extern const char ts_query_prefix[]; /* "Fail to get table info, error: " */

#endif
