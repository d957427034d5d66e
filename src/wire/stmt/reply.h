/* Replies of the statement actions (PROTOCOL 6): ids, affected rows, and the fields to be bound. */
#ifndef TUV_WIRE_STMT_REPLY_H
#define TUV_WIRE_STMT_REPLY_H

#include "taosuv/bind.h"
#include "wire/json/reply.h"

/* A statement may have at most so many question marks (PROTOCOL 6.3.5). */
#define TUV_STMT_MAX_FIELDS 4096u

/* The stmt_id of a reply, which must be there and not 0. */
int tuv_stmt_reply_id(const tuv_reply_t* reply, uint64_t* id, tuv_errmsg_t* err);

/* What an exec has written. */
int tuv_stmt_reply_affected(const tuv_reply_t* reply, int64_t* affected, tuv_errmsg_t* err);

/* The array "fields" of a reply, checked: every element is a field that can be bound. */
typedef struct tuv_stmt_fields_s {
  yyjson_val* array; /* NULL when count is 0 */
  uint32_t count;
  size_t names_size; /* of all names together, with a NUL each */
  uint8_t kind;      /* of all of them; 0: each says its own "bind_type" */
} tuv_stmt_fields_t;

/* `kind`: 0 for stmt2_prepare, else what the fields of this reply are. Absent or null is none. */
int tuv_stmt_reply_fields(const tuv_reply_t* reply, uint8_t kind, tuv_stmt_fields_t* out,
                          tuv_errmsg_t* err);

/* Writes the fields, their names to `names`; returns the end of these. Lengths are as declared:
 * bytes, of NCHAR characters (PROTOCOL 5.7). */
char* tuv_stmt_fields_copy(const tuv_stmt_fields_t* fields, taosuv_stmt_field_t* out, char* names);

#endif
