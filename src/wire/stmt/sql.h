/* The SQL of a statement, read without a server: what its question marks stand for, and which table
 * they belong to. What a server does not report about the fields is asked by further queries, which
 * are written here. */
#ifndef TUV_WIRE_STMT_SQL_H
#define TUV_WIRE_STMT_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "taosuv/bind.h"

typedef struct tuv_stmt_sql_s {
  bool insert;                 /* its first word is INSERT */
  bool select;                 /* its first word is SELECT */
  bool table;                  /* INSERT INTO ?: the table is bound */
  bool super_table;            /* USING: the server knows the fields without the table */
  size_t table_at;             /* the position of that question mark */
  size_t name_at, name_length; /* the table of the columns, after USING or INTO; or none */
  size_t database_length;      /* the part of the name that is the database, with quotes; or 0 */
  size_t tag_list_at, tag_list_length;       /* the names in (…) before TAGS; 0: none */
  size_t column_list_at, column_list_length; /* the names in (…) before VALUES; 0: none */
  uint32_t tags;                             /* question marks in TAGS(…) */
  uint32_t columns;                          /* all others, except for the table */
} tuv_stmt_sql_t;

/* Question marks in quoted text, names and comments are not counted. Any bytes are allowed. */
void tuv_stmt_sql_scan(const char* sql, size_t length, tuv_stmt_sql_t* out);

/* Writes the SQL with `table` ("name" or "database.name"), quoted, in place of the question mark of
 * the table. At most `room` bytes are written; the whole length is returned, or 0 when `table` is
 * not a name that can be quoted. */
size_t tuv_stmt_sql_name(const char* sql, size_t length, const tuv_stmt_sql_t* scan,
                         const char* table, char* out, size_t room);

/* Writes a query without rows of the columns that are DECIMALs of unknown scale: the description of
 * its result has the scales. `table` as above, used when the SQL has no name. At most `room` bytes
 * are written; the whole length is returned, or 0 when there is no such column, or no name of a
 * table. */
size_t tuv_stmt_sql_decimals(const char* sql, const tuv_stmt_sql_t* scan, const char* table,
                             const taosuv_stmt_field_t* fields, uint32_t count, char* out,
                             size_t room);
/* Whether a field is such a DECIMAL. */
bool tuv_stmt_scale_is_unknown(const taosuv_stmt_field_t* field);

/* Writes a query without rows for the fields of an INSERT: the first fields of its result are the
 * columns, the last ones the tags. `table` as above; a name without a database belongs to `db` ("":
 * the database of the session). At most `room` bytes are written; the whole length is returned, or
 * 0 without a name of a table. */
size_t tuv_stmt_sql_fields(const char* sql, const tuv_stmt_sql_t* scan, const char* table,
                           const char* db, char* out, size_t room);

#endif
