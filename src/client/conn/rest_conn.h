/* A connection that speaks HTTP. */
#ifndef TUV_CLIENT_CONN_REST_CONN_H
#define TUV_CLIENT_CONN_REST_CONN_H

#include "io/http/http_conn.h"
#include "util/buf.h"
#include "wire/lines/insert.h"
#include "wire/rest/rest.h"

typedef struct tuv_rest_conn_s {
  tuv_http_conn_t http;
  tuv_rest_t decoder;
  uint64_t op_id;   /* of the request in flight */
  size_t body_at;   /* in http.out: its payload */
  int decoded;      /* of its answer: 0, or the decoder's error … */
  tuv_errmsg_t err; /* … and its text */
  uint8_t kind;     /* tuv_rest_kind_t */
  uint8_t step;     /* of the log-in */
  bool repeatable, reading;
  bool has_payload; /* what is in http.out behind body_at, with `prefix` in front */
  tuv_buf_t target; /* of a request whose target is made for it */
  size_t prefix_size;
  uint8_t prefix[TUV_INSERT_PACK_MAX];
} tuv_rest_conn_t;

#endif
