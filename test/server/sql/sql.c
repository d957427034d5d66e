/* Runs one statement of TDengine SQL: picks its kind by the first word. */
#include "sql/sql.h"

#include "codec/bench.h"
#include "query/query.h"
#include "sql/statement.h"
#include "sql/topic.h"

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
static const char* const unsupported[] = {
    "explain", "grant", "revoke", "kill",   "flush",        "compact", "balance",   "reset", "trim",
    "merge",   "split", "pause",  "resume", "redistribute", "restore", "s3migrate", "assign"};

static int dispatch(ts_sql_t* sql) {
  for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
    if (ts_lex_is(&sql->lex, statements[i].word)) {
      ts_lex_advance(&sql->lex);
      return statements[i].run(sql);
    }
  for (size_t i = 0; i < sizeof unsupported / sizeof *unsupported; i++)
    if (ts_lex_is(&sql->lex, unsupported[i])) return ts_unsupported(sql->error, unsupported[i]);
  if (sql->lex.token.kind == TS_T_END)
    return ts_error(sql->error, TS_E_INCOMPLETE, "Incomplete SQL statement");
  return ts_lex_syntax(&sql->lex);
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
  store->system_table = ts_system_table; /* SELECT itself knows of no topics */
  ts_sql_t sql = {.store = store, .env = env, .error = error, .outcome = outcome, .dry = dry};
  return ts_sql_run_with(&sql, text, size, dispatch);
}
