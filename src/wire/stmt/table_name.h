/* Names of tables as callers give them: `table` or `database.table`, each part perhaps in
 * backquotes. */
#ifndef TUV_WIRE_STMT_TABLE_NAME_H
#define TUV_WIRE_STMT_TABLE_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "util/errmsg.h"

#define TUV_TABLE_MAX 192u
#define TUV_DATABASE_MAX 64u

/* The parts as the server keeps them, without backquotes. */
typedef struct tuv_table_name_s {
  size_t database_length; /* 0: none was named */
  size_t table_length;
  char database[TUV_DATABASE_MAX + 1];
  char table[TUV_TABLE_MAX + 1];
} tuv_table_name_t;

/* Returns 0, TUV_EINVAL or, when a part is too long, TUV_ERANGE. */
int tuv_table_name_read(const char* text, size_t length, tuv_table_name_t* name, tuv_errmsg_t* err);

/* The one form of a name that statements are given: parts that SQL would need backquotes for have
 * them, others have none. Returns its length. */
#define TUV_TABLE_NAME_TEXT (2 * (TUV_DATABASE_MAX + TUV_TABLE_MAX) + 5)
size_t tuv_table_name_write(const tuv_table_name_t* name, char out[TUV_TABLE_NAME_TEXT]);

/* Whether the text is nothing but the table's part, as it is. */
static inline bool tuv_table_name_is_plain(const char* text, size_t length) {
  return memchr(text, '`', length) == NULL && memchr(text, '.', length) == NULL;
}

#endif
