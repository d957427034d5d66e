/* Runs one statement of TDengine SQL: picks its kind, and serves what all kinds need. */
#include "sql/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "codec/bench.h"

const char ts_query_prefix[] = "Fail to get table info, error: ";

void ts_env_init(ts_env_t* env, const char* version) {
  *env = (ts_env_t) {.version = version};
  ts_zone_set(&env->zone, NULL);
}

int ts_sql_table_name(ts_sql_t* sql, ts_table_name_t* name) {
  snprintf(name->db, sizeof name->db, "%s", sql->env->db);
  int status = ts_lex_name(&sql->lex, name->table, TS_TABLE_MAX);
  if (status != 0 || !ts_lex_take_op(&sql->lex, ".")) return status;
  if (strlen(name->table) > TS_NAME_MAX) return ts_lex_syntax(&sql->lex);
  memcpy(name->db, name->table, strlen(name->table) + 1);
  return ts_lex_name(&sql->lex, name->table, TS_TABLE_MAX);
}

int ts_sql_database(ts_sql_t* sql, const char* name, const char* prefix, ts_database_t** database) {
  if (*name == '\0') return ts_error(sql->error, TS_E_DB_NOT_SPECIFIED, "Database not specified");
  *database = ts_database_find(sql->store, name);
  if (*database != NULL) return 0;
  return ts_error(sql->error, TS_E_NO_DB, "%sDatabase not exist", prefix);
}

int ts_sql_table(ts_sql_t* sql, const ts_table_name_t* name, const char* prefix,
                 ts_database_t** database, ts_table_t** table) {
  int status = ts_sql_database(sql, name->db, prefix, database);
  if (status != 0) return status;
  *table = ts_table_find(*database, name->table);
  if (*table != NULL) return 0;
  return ts_error(sql->error, TS_E_TABLE, "%sTable does not exist", prefix);
}

static const struct {
  const char* word;
  int (*run)(ts_sql_t* sql);
} statements[] = {
    {"select", ts_sql_select}, {"insert", ts_sql_insert},     {"import", ts_sql_insert},
    {"create", ts_sql_create}, {"drop", ts_sql_drop},         {"use", ts_sql_use},
    {"show", ts_sql_show},     {"describe", ts_sql_describe}, {"desc", ts_sql_describe},
    {"alter", ts_sql_alter},   {"delete", ts_sql_delete},
};

/* The first words of statements that TDengine has and this server has not. */
static const char* const foreign[] = {
    "explain", "grant", "revoke", "kill",   "flush",        "compact", "balance",   "reset", "trim",
    "merge",   "split", "pause",  "resume", "redistribute", "restore", "s3migrate", "assign"};

static int dispatch(ts_sql_t* sql) {
  for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
    if (ts_lex_is(&sql->lex, statements[i].word)) {
      ts_lex_advance(&sql->lex);
      return statements[i].run(sql);
    }
  for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
    if (ts_lex_is(&sql->lex, foreign[i])) return ts_unsupported(sql->error, foreign[i]);
  if (sql->lex.token.kind == TS_T_END)
    return ts_error(sql->error, TS_E_INCOMPLETE, "Incomplete SQL statement");
  return ts_lex_syntax(&sql->lex);
}

static int run(ts_sql_t* sql, const char* text, size_t size) {
  sql->text = text;
  sql->size = size;
  ts_lex_init(&sql->lex, text, size, sql->error);
  int status = dispatch(sql);
  ts_arena_free(&sql->arena);
  if (status != 0) {
    ts_result_unref(sql->outcome->result);
    *sql->outcome = (ts_outcome_t) {0};
  }
  return status;
}

int ts_sql_run_feed(ts_store_t* store, ts_env_t* env, const char* text, size_t size,
                    ts_feed_t* feed, bool dry, ts_outcome_t* outcome, ts_error_t* error) {
  *outcome = (ts_outcome_t) {0};
  *error = (ts_error_t) {0};
  ts_sql_t sql = {
      .store = store, .env = env, .error = error, .outcome = outcome, .dry = dry, .feed = feed};
  return run(&sql, text, size);
}

int ts_sql_run(ts_store_t* store, ts_env_t* env, const char* text, size_t size, bool dry,
               ts_outcome_t* outcome, ts_error_t* error) {
  *outcome = (ts_outcome_t) {0};
  *error = (ts_error_t) {0};
  outcome->result = dry ? NULL : ts_result_bench(text, size);
  if (outcome->result != NULL) {
    outcome->constant = true;
    return 0;
  }
  outcome->result = dry ? NULL : ts_sink_totals(store, text, size);
  if (outcome->result != NULL) return 0;
  ts_sql_t sql = {.store = store, .env = env, .error = error, .outcome = outcome, .dry = dry};
  return run(&sql, text, size);
}
