/* The SQL of a statement and the fields to bind. Both are shared by reference. */
#ifndef TUV_CLIENT_STMT_SOURCE_H
#define TUV_CLIENT_STMT_SOURCE_H

#include "taosuv/stmt.h"
#include "util/mem.h"
#include "wire/stmt/sql.h"

/* An SQL text, in a tuv_refbuf_t that the statement and its server statements share. */
typedef struct tuv_source_s {
  uint64_t hash;
  tuv_stmt_sql_t scan;
  const char* table; /* the caller's hint, or a name in the database of the super table; or NULL */
  size_t length;
  char sql[]; /* NUL-terminated */
} tuv_source_t;

/* The fields to bind, in a tuv_refbuf_t that never changes. */
typedef struct tuv_field_list_s {
  bool insert;
  uint32_t count;               /* of fields; of a query's question marks */
  taosuv_stmt_field_t fields[]; /* of an insert; their names behind them */
} tuv_field_list_t;

static inline tuv_source_t* tuv_source_of(tuv_refbuf_t* buf) {
  return (tuv_source_t*) (void*) buf->data;
}
static inline tuv_field_list_t* tuv_field_list_of(tuv_refbuf_t* buf) {
  return (tuv_field_list_t*) (void*) buf->data;
}

#endif
