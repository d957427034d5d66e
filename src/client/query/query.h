/* SQL over a connection.
 *
 * This folder is what a caller asks a database: SQL (query) and its results (result, fetch,
 * result_release), schemaless lines (lines), raw messages and blocks (write), and small operations
 * (admin, vgroups; ask is SQL in place of an action that a server lacks). `results` is what
 * connections and statements know of a result. */
#ifndef TUV_CLIENT_QUERY_QUERY_H
#define TUV_CLIENT_QUERY_QUERY_H

#include "client/core/op.h"

extern tuv_op_t tuv_query_tombstone;
int tuv_sql_encode(tuv_op_t* op, tuv_conn_t* conn, const void* sql, size_t size);

#endif
