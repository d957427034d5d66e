/* The SQL of a statement, as far as it says what is bound. */
#ifndef TS_STMT_SQL_H
#define TS_STMT_SQL_H

#include "query/context.h"

/* A list of names in the SQL. */
typedef struct ts_names_s {
  bool given;
  uint32_t count;
  char (*names)[TS_NAME_MAX + 1];
} ts_names_t;

typedef struct ts_stmt_sql_s {
  bool insert;
  /* an insert */
  bool name_bound;  /* INSERT INTO ? */
  bool name_column; /* INSERT INTO st(tbname, …) */
  bool using;
  ts_table_name_t table; /* where the name is not bound; with a name column the super table */
  ts_table_name_t super;
  ts_names_t columns;
  ts_names_t tags;
  uint32_t nvalues; /* ? in VALUES */
  uint32_t ntags;   /* ? in TAGS */
  bool literal_tags;
  size_t tags_at; /* where `[(names)] TAGS (…)` is, for the literal ones */
  /* a query */
  uint32_t nparams;
} ts_stmt_sql_t;

int ts_stmt_sql_read(const char* sql, size_t size, ts_stmt_sql_t* out, ts_error_t* error);
void ts_stmt_sql_free(ts_stmt_sql_t* sql);

#endif
