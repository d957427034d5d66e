/* The kinds of statements. The first word of each is read already. */
#ifndef TS_SQL_STATEMENT_H
#define TS_SQL_STATEMENT_H

#include "query/context.h"
#include "store/write.h"

int ts_sql_create(ts_sql_t* sql);
int ts_sql_drop(ts_sql_t* sql);
int ts_sql_alter(ts_sql_t* sql);
int ts_sql_use(ts_sql_t* sql);
int ts_sql_insert(ts_sql_t* sql);
int ts_sql_delete(ts_sql_t* sql);
int ts_sql_show(ts_sql_t* sql);
int ts_sql_describe(ts_sql_t* sql);

/* The rows and the sum that bench.sink has seen, when the SQL asks for them and it is there. */
ts_result_t* ts_sink_totals(const ts_store_t* store, const char* sql, size_t size);

#endif
