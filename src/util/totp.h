/* One-time codes from a shared secret and the time (RFC 4648 base32, RFC 4226, RFC 6238). */
#ifndef TUV_UTIL_TOTP_H
#define TUV_UTIL_TOTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest secret that is taken, in bytes, and the most digits of a code. */
#define TUV_TOTP_MAX_SECRET 128u
#define TUV_TOTP_MAX_DIGITS 8u

/* What servers and their apps agree on unless they say otherwise. */
#define TUV_TOTP_DIGITS 6u
#define TUV_TOTP_PERIOD 30u

/* Decodes base32 as people are shown it: either case, spaces and '-' between groups, '=' at the
 * end or not. Returns the bytes, or 0 when it is none, empty, or too long for `out`. */
size_t tuv_base32_decode(const char* text, uint8_t out[TUV_TOTP_MAX_SECRET]);

/* Writes the code of so many digits and a NUL, by HMAC-SHA-1; `time` in seconds since 1970.
 * Returns false (with an empty code) when mbedTLS cannot compute it. */
bool tuv_totp(const uint8_t* secret, size_t size, uint64_t time, unsigned digits,
              char code[TUV_TOTP_MAX_DIGITS + 1]);

#endif
