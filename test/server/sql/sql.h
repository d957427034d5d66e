/* TDengine's SQL run on the store: a file for each kind of statement, and one that picks it by
 * its first word.
 *
 * SELECT is in query/. Statements about topics change what tmq/ keeps. */
#ifndef TS_SQL_H
#define TS_SQL_H

#include "query/context.h"

/* Runs one statement (what follows a `;` is ignored). Returns 0 or the error's code. `dry` checks
 * it without doing it: then there is no outcome. */
int ts_sql_run(ts_store_t* store, ts_env_t* env, const char* sql, size_t size, bool dry,
               ts_outcome_t* outcome, ts_error_t* error);
#endif
