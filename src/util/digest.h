/* SHA-1, its HMAC, and base64, from mbedTLS. */
#ifndef TUV_UTIL_DIGEST_H
#define TUV_UTIL_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TUV_SHA1_SIZE 20u

/* Returns false (with `out` zeroed) when mbedTLS cannot compute it, as a build or a hardware driver
 * without SHA-1 could not. */
bool tuv_sha1(const void* data, size_t size, uint8_t out[TUV_SHA1_SIZE]);

/* The same of HMAC-SHA-1 (RFC 2104). */
bool tuv_hmac_sha1(const void* key, size_t key_size, const void* data, size_t size,
                   uint8_t out[TUV_SHA1_SIZE]);

/* Bytes that tuv_base64 needs for its output, with the NUL; 0 when that overflows. */
size_t tuv_base64_capacity(size_t size);

/* Writes base64 with padding and a NUL. Returns the length without the NUL, or -1 (with `out` an
 * empty string, when there is room for one) when `capacity` is too small. */
ptrdiff_t tuv_base64(const void* data, size_t size, char* out, size_t capacity);

#endif
