/* The texts that REST gives in place of a block's bytes (PROTOCOL 9.3), turned back into these. */
#ifndef TUV_WIRE_REST_CELL_H
#define TUV_WIRE_REST_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "taosuv/block.h"

/* Reads "YYYY-MM-DDThh:mm:ss.f…(Z|±hh:mm)" with 3, 6 or 9 digits of fraction, which say the
 * precision. Years may have a sign and more than four digits. False for any other text, and for a
 * time that 64 bits do not hold. */
bool tuv_rest_time(const char* text, size_t size, uint8_t* precision, int64_t* value);

/* Reads a decimal number with at most `scale` digits behind the point as value × 10^scale. False
 * for any other text, and for more than `digits` digits (38 at most) in all. */
bool tuv_rest_decimal(const char* text, size_t size, uint8_t digits, uint8_t scale,
                      taosuv_decimal_t* value);

/* Writes the size / 2 bytes that hex digits stand for; false when they are none, or odd. */
bool tuv_rest_hex(const char* text, size_t size, uint8_t* out);

/* Writes the UCS-4 of UTF-8 and returns its bytes: four times `size` at most. What is no UTF-8
 * becomes U+FFFD, a byte at a time. */
size_t tuv_rest_ucs4(const char* text, size_t size, uint8_t* out);

#endif
