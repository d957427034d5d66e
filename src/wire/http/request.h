/* HTTP requests written: targets with their parameters, heads. */
#ifndef TUV_WIRE_HTTP_REQUEST_H
#define TUV_WIRE_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

/* Each appends to `out` and returns 0 or TUV_ENOMEM. */

int tuv_http_put(tuv_buf_t* out, const char* text, size_t length);
/* Percent-encoded but for letters, digits and "-_.~". */
int tuv_http_put_encoded(tuv_buf_t* out, const char* text, size_t length);
/* "?key=value" or "&key=value", by whether `out` has a '?' behind `begin` already. An empty value
 * is left away. */
int tuv_http_put_param(tuv_buf_t* out, size_t begin, const char* key, const char* value);
int tuv_http_put_number(tuv_buf_t* out, uint64_t value);

typedef struct tuv_http_head_s {
  const char* method;
  const char* target; /* as tuv_http_put_… made it */
  size_t target_size;
  const char* more; /* appended to the target as it is: "" or a number's digits */
  const char* host; /* as in a URL (an IPv6 address without brackets) */
  uint16_t port;
  const char* authorization; /* the header's value; "" for none */
  bool gzip;                 /* the answer may be compressed */
  bool has_body;
  size_t body_size;
} tuv_http_head_t;

/* Writes a request's head. TUV_EINVAL for a part that would end its line. */
int tuv_http_write_head(tuv_buf_t* out, const tuv_http_head_t* head);

/* Writes "Basic …" for a user and a password: NUL-terminated, to be given to tuv_free after
 * tuv_wipe. NULL when out of memory. */
char* tuv_http_basic(const tuv_alloc_t* alloc, const char* user, const char* password);

#endif
