/* Expressions: read into a tree, given types, and written as SQLite's SQL. */
#ifndef TS_QUERY_EXPR_H
#define TS_QUERY_EXPR_H

#include "query/emitter.h"
#include "query/node.h"

int ts_expr_parse(ts_sql_t* sql, ts_node_t** node);
int ts_expr_resolve(ts_scope_t* scope, ts_node_t* node);
/* `raw`: the value goes into a result as it is kept, not into a comparison. */
int ts_expr_emit(ts_emit_t* emit, const ts_node_t* node, bool raw);

/* Reads FROM's table and its alias. */
int ts_scope_table(ts_scope_t* scope, const char* prefix);
/* Writes ` FROM …` and, for a child table, ` WHERE d.tid=…`; `*where` says whether it did. */
void ts_emit_from(ts_emit_t* emit, bool* where);
/* Reads a condition after WHERE if there is one, resolved. */
int ts_scope_where(ts_scope_t* scope, ts_node_t** condition);
int ts_emit_where(ts_emit_t* emit, const ts_node_t* condition, bool where);
/* Steps the statement to its end and gives its rows as a result. */
int ts_sql_rows(ts_sql_t* sql, sqlite3_stmt* statement, const ts_field_t* fields, uint32_t nfields,
                uint8_t precision, ts_result_t** result);

#endif
