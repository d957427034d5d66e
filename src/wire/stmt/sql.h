/* What a statement's SQL has question marks for, read without a server. */
#ifndef TUV_WIRE_STMT_SQL_H
#define TUV_WIRE_STMT_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "taosuv/bind.h"

typedef struct tuv_stmt_sql_s {
  bool insert;                 /* its first word is INSERT */
  bool select;                 /* it is SELECT */
  bool table;                  /* INSERT INTO ?: the table is bound */
  bool super_table;            /* USING: the server can tell the fields without the table */
  size_t table_at;             /* where that question mark stands */
  size_t name_at, name_length; /* whose columns they are: the name after USING, or INTO; or none */
  size_t database_length;      /* of the name, its database with its quotes; 0: it has none */
  size_t tag_list_at, tag_list_length;       /* the names in (…) before TAGS; 0: none */
  size_t column_list_at, column_list_length; /* the names in (…) before VALUES; 0: none */
  uint32_t tags;                             /* question marks in TAGS(…) */
  uint32_t columns;                          /* all others but the table's */
} tuv_stmt_sql_t;

/* Question marks in quoted text, names and comments are not counted. Any bytes are allowed. */
void tuv_stmt_sql_scan(const char* sql, size_t length, tuv_stmt_sql_t* out);

/* The SQL with `table` ("name" or "database.name") in the place of the table's question mark,
 * quoted: writes up to `room` bytes and returns the length of the whole; 0 when `table` is no name
 * that can be quoted. */
size_t tuv_stmt_sql_name(const char* sql, size_t length, const tuv_stmt_sql_t* scan,
                         const char* table, char* out, size_t room);

/* A query of no rows of those columns among the fields that are DECIMALs of unknown scale, which
 * its result tells; `table` as above, used where the SQL has no name. Writes up to `room` bytes and
 * returns the length of the whole; 0 when there is nothing to ask, or nobody to be asked. */
size_t tuv_stmt_sql_decimals(const char* sql, const tuv_stmt_sql_t* scan, const char* table,
                             const taosuv_stmt_field_t* fields, uint32_t count, char* out,
                             size_t room);
/* Whether a field is one of those. */
bool tuv_stmt_scale_is_untold(const taosuv_stmt_field_t* field);

/* A query of no rows whose result tells what an INSERT binds: its first fields are the columns, its
 * last ones the tags. `table` as above; names without a database are those of `db` ("": of the
 * session's). Writes up to `room` bytes and returns the length of the whole; 0 when nobody names a
 * table. */
size_t tuv_stmt_sql_fields(const char* sql, const tuv_stmt_sql_t* scan, const char* table,
                           const char* db, char* out, size_t room);

#endif
