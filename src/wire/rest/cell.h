/* Cells of REST answers, which are JSON (PROTOCOL 9.3), converted to the bytes of a block. */
#ifndef TUV_WIRE_REST_CELL_H
#define TUV_WIRE_REST_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "taosuv/block.h"

/* Reads "YYYY-MM-DDThh:mm:ss.f…(Z|±hh:mm)" with 3, 6 or 9 digits of fraction, which determine the
 * precision. Years may have a sign and more than four digits. Returns false for any other text, and
 * for a time that does not fit into 64 bits. */
bool tuv_rest_time(const char* text, size_t size, uint8_t* precision, int64_t* value);

/* Reads a decimal number with at most `scale` digits after the point as value × 10^scale. Returns
 * false for any other text, and for more than `digits` digits (38 at most) in all. */
bool tuv_rest_decimal(const char* text, size_t size, uint8_t digits, uint8_t scale,
                      taosuv_decimal_t* value);

/* Writes the size / 2 bytes that hex digits stand for. Returns false for other characters, and for
 * an odd number of digits. */
bool tuv_rest_hex(const char* text, size_t size, uint8_t* out);

/* Converts UTF-8 to UCS-4 and returns its size, at most four times `size`. Each byte that is not
 * UTF-8 becomes U+FFFD. */
size_t tuv_rest_ucs4(const char* text, size_t size, uint8_t* out);

#endif
