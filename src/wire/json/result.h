/* Replies that open a result set: to query and binary_query (PROTOCOL 3.4), and to use_result and
 * stmt2_result (PROTOCOL 6). */
#ifndef TUV_WIRE_JSON_RESULT_H
#define TUV_WIRE_JSON_RESULT_H

#include "wire/json/reply.h"

typedef struct tuv_query_reply_s {
  bool is_update;
  int64_t affected_rows;
  uint64_t id;
  uint32_t fields; /* each array below has this many elements of the right type */
  uint8_t precision;
  yyjson_val* names;
  yyjson_val* types;
  yyjson_val* lengths;
  yyjson_val* precisions; /* NULL before 3.3.6.0 */
  yyjson_val* scales;     /* NULL before 3.3.6.0 */
  size_t names_size;      /* of all names together, each with a NUL */
  bool storage_widths;    /* the lengths are those of storage, not the declared ones (5.7) */
} tuv_query_reply_t;

/* The reply to query and binary_query. */
int tuv_reply_query(const tuv_reply_t* reply, tuv_query_reply_t* out, tuv_errmsg_t* err);

/* The reply to use_result and stmt2_result: a result set whose id is in `id_key`. `stored`: servers
 * of this version give the lengths of storage; they are taken for declared ones when one of them
 * cannot be a length of storage. */
int tuv_reply_stmt_result(const tuv_reply_t* reply, const char* id_key, bool stored,
                          tuv_query_reply_t* out, tuv_errmsg_t* err);

#endif
