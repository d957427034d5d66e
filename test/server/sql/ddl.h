/* What the statements that define tables share: types and lists of columns. */
#ifndef TS_SQL_DDL_H
#define TS_SQL_DDL_H

#include "sql/sql.h"

typedef struct field_list_s {
  ts_field_t* fields; /* freed by the caller, after errors too */
  uint32_t count;
} field_list_t;

/* INT UNSIGNED, VARCHAR(10), DECIMAL(10,3), …; also of CAST. */
int ts_sql_type(ts_sql_t* sql, ts_type_t* type);
/* (name type, …) */
int ts_sql_fields(ts_sql_t* sql, field_list_t* list, bool tags);

#endif
