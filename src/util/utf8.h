/* Incremental validation of UTF-8: bytes in pieces of any size. */
#ifndef TUV_UTIL_UTF8_H
#define TUV_UTIL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TUV_UTF8_START 0u       /* at the start, and wherever a character has just ended */
#define TUV_UTF8_BAD UINT32_MAX /* what was seen cannot become valid any more; it stays so */

/* Takes the next bytes and returns the new state. Every other value than the two above means that
 * a character is incomplete. Overlong forms, surrogates and what lies above U+10FFFF are BAD at the
 * first byte that rules out every valid continuation. */
uint32_t tuv_utf8_step(uint32_t state, const uint8_t* data, size_t size);

/* Whether a whole text is valid. */
bool tuv_utf8_valid(const uint8_t* data, size_t size);

/* How many bytes of a valid text can be kept so that it has `most` at most and ends with a whole
 * character. */
size_t tuv_utf8_cut(const uint8_t* data, size_t size, size_t most);

#endif
