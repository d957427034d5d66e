/* TDengine SQL run on the store: the context of one statement and what it comes to. */
#ifndef TS_SQL_H
#define TS_SQL_H

#include "base/arena.h"
#include "query/lex.h"
#include "store/write.h"
#include "codec/result.h"
#include "codec/time.h"

/* What a session gives to its statements, and USE changes. */
typedef struct ts_env_s {
  char db[TS_NAME_MAX + 1]; /* "": none */
  ts_zone_t zone;
  const char* version; /* for server_version() */
} ts_env_t;

void ts_env_init(ts_env_t* env, const char* version);

typedef struct ts_outcome_s {
  ts_result_t* result; /* NULL: an update; else the caller's reference */
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

/* Runs one statement (what follows a `;` is ignored). Returns 0 or the error's code. `dry` checks
 * it without doing it: then there is no outcome. */
int ts_sql_run(ts_store_t* store, ts_env_t* env, const char* sql, size_t size, bool dry,
               ts_outcome_t* outcome, ts_error_t* error);
/* A SELECT on the rows of a feed (tmq/feed.c); `dry` finds out what it reads. */
int ts_sql_run_feed(ts_store_t* store, ts_env_t* env, const char* sql, size_t size, ts_feed_t* feed,
                    bool dry, ts_outcome_t* outcome, ts_error_t* error);

/* The rows and the sum that bench.sink has seen, when the SQL asks for them and it is there. */
ts_result_t* ts_sink_totals(const ts_store_t* store, const char* sql, size_t size);

/* ---- shared by the sql_*.c files ---- */

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

/* The name of a table: [db.]table. With `database` the error is the database's, else NULL. */
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

/* Reads the literal at the lexer as the field's type. */
int ts_cell_read(ts_sql_t* sql, const ts_field_t* field, uint8_t precision, ts_cell_t* cell);
/* A JSON tag's text as it is kept (NULL for an empty one); false when it is none. Without `arena` it
 * is only looked at. */
bool ts_cell_json(ts_arena_t* arena, const char* text, size_t size, ts_cell_t* cell);
int ts_hex_digit(char c); /* its value; -1: it is none */
/* The bytes behind '\x…'; NULL when the token is no such text or has an odd or wrong digit. */
uint8_t* ts_cell_hex(ts_sql_t* sql, const ts_token_t* token, size_t* size);

/* [(names)] TAGS (values) of a new child: cells[i] is of family->tags[i]. */
int ts_sql_child_tags(ts_sql_t* sql, const ts_family_t* family, uint8_t precision,
                      ts_cell_t* cells);
/* One function per kind of statement; its first word is read already. */
int ts_sql_create(ts_sql_t* sql);
int ts_sql_drop(ts_sql_t* sql);
int ts_sql_alter(ts_sql_t* sql);
int ts_sql_use(ts_sql_t* sql);
int ts_sql_insert(ts_sql_t* sql);
int ts_sql_delete(ts_sql_t* sql);
int ts_sql_select(ts_sql_t* sql);
int ts_sql_show(ts_sql_t* sql);
int ts_sql_describe(ts_sql_t* sql);

#endif
