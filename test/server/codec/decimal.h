/* Exact decimals of up to 38 digits as scaled 128-bit integers. */
#ifndef TS_CODEC_DECIMAL_H
#define TS_CODEC_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__extension__ typedef __int128 ts_i128_t;
__extension__ typedef unsigned __int128 ts_u128_t;

/* Reads [+-]digits[.digits][e[+-]digits] as value * 10^scale, rounding half away from zero.
 * Returns 0, 1 when the text is not a number, 2 when it has more than `precision` digits. */
int ts_decimal_parse(const char* text, size_t size, unsigned precision, unsigned scale,
                     ts_i128_t* value);
/* Whether the number needs no rounding at this scale. */
bool ts_decimal_fits(const char* text, size_t size, unsigned scale);

/* Sixteen bytes whose memcmp order is the numbers' order: how SQLite keeps the wide ones. */
void ts_decimal_key(ts_i128_t value, uint8_t key[16]);
ts_i128_t ts_decimal_from_key(const uint8_t key[16]);

#endif
