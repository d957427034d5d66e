/* SELECT on the store: the text of a statement is read into a tree of expressions, the tree gets
 * types, and SQLite runs the SQL that is written from it.
 *
 * lex and words cut the text into tokens, parse makes the tree, resolve and function give it
 * types, emit writes SQLite's SQL into an emitter, from adds tables and conditions, rows makes
 * the result. select and order are the clauses. */
#ifndef TS_QUERY_H
#define TS_QUERY_H

#include "query/context.h"

int ts_sql_select(ts_sql_t* sql); /* its first word is read already */

/* A SELECT on the rows of a feed (tmq/feed.c). `dry` finds out what it reads. */
int ts_query_feed(ts_store_t* store, ts_env_t* env, const char* sql, size_t size, ts_feed_t* feed,
                  bool dry, ts_outcome_t* outcome, ts_error_t* error);

#endif
