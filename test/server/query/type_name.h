/* The names of types in SQL. */
#ifndef TS_QUERY_TYPE_NAME_H
#define TS_QUERY_TYPE_NAME_H

#include "query/context.h"

/* Reads INT UNSIGNED, VARCHAR(10), DECIMAL(10,3), …; also the type of a CAST. */
int ts_sql_type(ts_sql_t* sql, ts_type_t* type);

#endif
