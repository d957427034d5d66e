/* Names of tables as callers write them: `table` or `database.table`, each part with or without
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
  size_t database_length; /* 0: the name has no database */
  size_t table_length;
  char database[TUV_DATABASE_MAX + 1];
  char table[TUV_TABLE_MAX + 1];
} tuv_table_name_t;

/* Returns 0, TUV_EINVAL or, when a part is too long, TUV_ERANGE. */
int tuv_table_name_read(const char* text, size_t length, tuv_table_name_t* name, tuv_errmsg_t* err);

/* Writes a name in the form that is sent: only parts that need backquotes in SQL have them. Returns
 * its length. */
#define TUV_TABLE_NAME_TEXT (2 * (TUV_DATABASE_MAX + TUV_TABLE_MAX) + 5)
size_t tuv_table_name_write(const tuv_table_name_t* name, char out[TUV_TABLE_NAME_TEXT]);

/* Whether a text is the part of the table alone, without backquotes. */
static inline bool tuv_table_name_is_plain(const char* text, size_t length) {
  return memchr(text, '`', length) == NULL && memchr(text, '.', length) == NULL;
}

#endif
