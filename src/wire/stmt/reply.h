/* Replies to the actions of statements (PROTOCOL 6): ids, affected rows, and the fields to be
 * bound. */
#ifndef TUV_WIRE_STMT_REPLY_H
#define TUV_WIRE_STMT_REPLY_H

#include "taosuv/bind.h"
#include "wire/json/reply.h"

/* The most question marks of a statement (PROTOCOL 6.3.5). */
#define TUV_STMT_MAX_FIELDS 4096u

/* Reads the stmt_id, which must be there and must not be 0. */
int tuv_stmt_reply_id(const tuv_reply_t* reply, uint64_t* id, tuv_errmsg_t* err);

/* Reads the number of rows that an exec has written. */
int tuv_stmt_reply_affected(const tuv_reply_t* reply, int64_t* affected, tuv_errmsg_t* err);

/* The array "fields" of a reply. Every element was checked to be a field. */
typedef struct tuv_stmt_fields_s {
  yyjson_val* array; /* NULL when count is 0 */
  uint32_t count;
  size_t names_size; /* of all names together, each with a NUL */
  uint8_t kind;      /* of all fields; 0: each has its "bind_type" */
} tuv_stmt_fields_t;

/* Reads the fields; none if the array is missing or null. `kind`: 0 for stmt2_prepare, otherwise the
 * kind of all fields of this reply. */
int tuv_stmt_reply_fields(const tuv_reply_t* reply, uint8_t kind, tuv_stmt_fields_t* out,
                          tuv_errmsg_t* err);

/* Writes the fields to `out` and their names to `names`, and returns the end of the names. Lengths
 * are the declared ones: bytes, or characters for NCHAR (PROTOCOL 5.7). */
char* tuv_stmt_fields_copy(const tuv_stmt_fields_t* fields, taosuv_stmt_field_t* out, char* names);

#endif
