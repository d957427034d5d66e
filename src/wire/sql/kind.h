/* What kind of statement an SQL text is, told by its first word. */
#ifndef TUV_WIRE_SQL_KIND_H
#define TUV_WIRE_SQL_KIND_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a statement only reads, so that it can be sent twice, and never answers with a number of
 * affected rows: SELECT, SHOW, DESCRIBE, EXPLAIN. */
bool tuv_sql_only_reads(const char* sql, size_t length);

/* Whether names may mean other tables after a statement, or tables have other columns: USE, ALTER,
 * DROP. */
bool tuv_sql_changes_tables(const char* sql, size_t length);

#endif
