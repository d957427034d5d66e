/* The part of a connection that speaks HTTP. */
#ifndef TUV_CLIENT_CONN_REST_CONN_H
#define TUV_CLIENT_CONN_REST_CONN_H

#include "io/http/http_conn.h"
#include "util/buf.h"
#include "wire/lines/insert.h"
#include "wire/rest/rest.h"

typedef struct tuv_rest_conn_s {
  tuv_http_conn_t http;
  tuv_rest_t decoder;
  uint64_t op_id;   /* the id of the request in flight */
  size_t body_at;   /* where its payload begins in http.out */
  int decoded;      /* 0, or the error of the reply's decoder */
  tuv_errmsg_t err; /* its text */
  uint8_t kind;     /* tuv_rest_kind_t */
  uint8_t step;     /* the step of the log-in */
  bool repeatable, reading;
  bool has_payload; /* its payload is `prefix` and what is in http.out from body_at on */
  tuv_buf_t target; /* the target of a request that needs its own */
  size_t prefix_size;
  uint8_t prefix[TUV_INSERT_PACK_MAX];
} tuv_rest_conn_t;

#endif
