/* SHA-1, HMAC-SHA-1 and base64 by mbedTLS, for the WebSocket handshake, one-time codes and basic
 * authentication. */
#ifndef TUV_UTIL_DIGEST_H
#define TUV_UTIL_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TUV_SHA1_SIZE 20u

/* Returns false and zeroes `out` when mbedTLS cannot compute it: its build or its hardware driver
 * may lack SHA-1. */
bool tuv_sha1(const void* data, size_t size, uint8_t out[TUV_SHA1_SIZE]);

/* The same for HMAC-SHA-1 (RFC 2104). */
bool tuv_hmac_sha1(const void* key, size_t key_size, const void* data, size_t size,
                   uint8_t out[TUV_SHA1_SIZE]);

/* Bytes that the output of tuv_base64 needs, with its NUL; 0 on overflow. */
size_t tuv_base64_capacity(size_t size);

/* Writes base64 with padding and a NUL. Returns the length without the NUL, or -1 when `capacity`
 * is too small; `out` is an empty string then, if it has room for one. */
ptrdiff_t tuv_base64(const void* data, size_t size, char* out, size_t capacity);

#endif
