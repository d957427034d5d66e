/* One-time codes from a shared secret and the time (RFC 4226, RFC 6238); secrets are written in
 * base32 (RFC 4648). */
#ifndef TUV_UTIL_TOTP_H
#define TUV_UTIL_TOTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest secret that is accepted, in bytes, and the most digits of a code. */
#define TUV_TOTP_MAX_SECRET 128u
#define TUV_TOTP_MAX_DIGITS 8u

/* The usual number of digits, and how long a code is valid, in seconds. */
#define TUV_TOTP_DIGITS 6u
#define TUV_TOTP_PERIOD 30u

/* Decodes base32 as it is shown to people: in upper or lower case, with spaces or '-' between
 * groups, with or without '=' at the end. Returns the number of bytes; 0 when the text is not
 * base32, is empty, or is too long for `out`. */
size_t tuv_base32_decode(const char* text, uint8_t out[TUV_TOTP_MAX_SECRET]);

/* Writes the code at `time` (seconds since 1970) with `digits` digits and a NUL, by HMAC-SHA-1.
 * Returns false and an empty code when mbedTLS cannot compute it. */
bool tuv_totp(const uint8_t* secret, size_t size, uint64_t time, unsigned digits,
              char code[TUV_TOTP_MAX_DIGITS + 1]);

#endif
