/* Validation of UTF-8 that arrives in pieces of any size. */
#ifndef TUV_UTIL_UTF8_H
#define TUV_UTIL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TUV_UTF8_START 0u       /* at the start, and after each complete character */
#define TUV_UTF8_BAD UINT32_MAX /* invalid, whatever follows */

/* Takes the next bytes and returns the new state. Any value but the two above means that a
 * character is incomplete. Overlong forms, surrogates and code points above U+10FFFF are BAD at the
 * first byte that no valid text can have there. */
uint32_t tuv_utf8_step(uint32_t state, const uint8_t* data, size_t size);

/* Whether a whole text is valid. */
bool tuv_utf8_valid(const uint8_t* data, size_t size);

/* The length to which a valid text can be cut: at most `most` bytes, and whole characters. */
size_t tuv_utf8_cut(const uint8_t* data, size_t size, size_t most);

#endif
