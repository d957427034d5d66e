/* HTTP requests written: targets with their parameters, and heads (PROTOCOL 9). */
#ifndef TUV_WIRE_HTTP_REQUEST_H
#define TUV_WIRE_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

/* Each appends to `out` and returns 0 or TUV_ENOMEM. */

int tuv_http_put(tuv_buf_t* out, const char* text, size_t length);
/* Percent-encodes the text (util/percent.h). */
int tuv_http_put_encoded(tuv_buf_t* out, const char* text, size_t length);
/* Appends "?key=value", or "&key=value" if `out` has a '?' behind `begin`. Nothing is appended for
 * an empty value. */
int tuv_http_put_param(tuv_buf_t* out, size_t begin, const char* key, const char* value);
int tuv_http_put_number(tuv_buf_t* out, uint64_t value);

typedef struct tuv_http_head_s {
  const char* method;
  const char* target; /* encoded, as the functions above write it */
  size_t target_size;
  const char* more; /* appended to the target: "" or digits */
  const char* host; /* as in a URL (an IPv6 address without brackets) */
  uint16_t port;
  const char* authorization; /* value of the header; "": no such header */
  bool gzip;                 /* the answer may be compressed */
  bool has_body;
  size_t body_size;
} tuv_http_head_t;

/* Writes the head of a request. TUV_EINVAL for a part with a character that would end its line. */
int tuv_http_write_head(tuv_buf_t* out, const tuv_http_head_t* head);

/* Returns "Basic …" for a user and a password, NUL-terminated; NULL when out of memory. The caller
 * wipes it with tuv_wipe and frees it with tuv_free. */
char* tuv_http_basic(const tuv_alloc_t* alloc, const char* user, const char* password);

#endif
