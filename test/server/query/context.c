/* What statements of all kinds need: names of tables, and their beginning and end. */
#include "query/context.h"

#include <stdio.h>
#include <string.h>

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

int ts_sql_run_with(ts_sql_t* sql, const char* text, size_t size, int (*run)(ts_sql_t* sql)) {
  sql->text = text;
  sql->size = size;
  ts_lex_init(&sql->lex, text, size, sql->error);
  int status = run(sql);
  ts_arena_free(&sql->arena);
  if (status != 0) {
    ts_result_unref(sql->outcome->result);
    *sql->outcome = (ts_outcome_t) {0};
  }
  return status;
}
