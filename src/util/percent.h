/* Percent-encoding of texts in URLs (RFC 3986, 2.1). */
#ifndef TUV_UTIL_PERCENT_H
#define TUV_UTIL_PERCENT_H

#include <stddef.h>

/* Encodes all bytes but letters, digits, '-', '.', '_' and '~'. `out` needs room for 3 * length
 * bytes and gets no NUL. Returns the encoded length. */
size_t tuv_percent_encode(char* out, const char* text, size_t length);

/* Decodes; `out` needs room for `length` bytes and gets no NUL. Returns the decoded length, or
 * SIZE_MAX when a '%' is not followed by two hex digits, or stands for a NUL. */
size_t tuv_percent_decode(char* out, const char* text, size_t length);

#endif
