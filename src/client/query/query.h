/* SQL over a connection. */
#ifndef TUV_CLIENT_QUERY_QUERY_H
#define TUV_CLIENT_QUERY_QUERY_H

#include "client/core/op.h"

extern tuv_op_t tuv_query_tombstone;
int tuv_sql_encode(tuv_op_t* op, tuv_conn_t* conn, const void* sql, size_t size);

#endif
