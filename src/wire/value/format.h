/* Values as text, and decimals and times read from text. taosuv_format_cell is made of these. */
#ifndef TUV_WIRE_VALUE_FORMAT_H
#define TUV_WIRE_VALUE_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "taosuv/block.h"
#include "util/errmsg.h"
#include "wire/text.h"

void tuv_format_u64(tuv_text_t* text, uint64_t value);
void tuv_format_i64(tuv_text_t* text, int64_t value);

/* The shortest text that reads back as the same double, or as the same float; "NaN", "Infinity" and
 * "-Infinity". */
void tuv_format_f64(tuv_text_t* text, double value);
void tuv_format_f32(tuv_text_t* text, float value);

/* Scales are at most TUV_DECIMAL_MAX_SCALE. */
#define TUV_DECIMAL_MAX_SCALE 38
#define TUV_DECIMAL_TEXT 48 /* longer than any such text */
void tuv_format_decimal(tuv_text_t* text, taosuv_decimal_t value, uint8_t scale);
/* Reads a text as its number times 10^scale; further digits are rounded half away from zero. The
 * text may have a sign, and a point with digits on at least one side. Returns TUV_EINVAL for a text
 * that is not a decimal number, and TUV_ERANGE for a number of more than `digits` digits (at most
 * 38). */
int tuv_decimal_read(const char* text, size_t length, unsigned digits, unsigned scale,
                     taosuv_decimal_t* out, tuv_errmsg_t* err);
double tuv_decimal_f64(taosuv_decimal_t value, uint8_t scale);

#define TUV_NS_PER_SECOND 1000000000

/* Returns 0, or TUV_EINVAL for an unknown precision or an offset that RFC 3339 cannot write. */
int tuv_format_timestamp(tuv_text_t* text, int64_t value, unsigned int precision,
                         int32_t utc_offset);

/* How many units of a known precision a second has. */
static inline int64_t tuv_timestamp_unit(unsigned int precision) {
  static const int64_t units[] = {1000, 1000000, TUV_NS_PER_SECOND};
  return units[precision];
}

/* Computes seconds × unit + fraction, where 0 <= fraction < unit; false on overflow. */
bool tuv_timestamp_combine(int64_t seconds, int64_t unit, int64_t fraction, int64_t* value);

/* taosuv_nchar_utf8 that also tells how many bytes it wrote, all of them whole characters. */
size_t tuv_nchar_utf8(const uint8_t* ucs4, uint32_t length, char* buf, size_t size,
                      size_t* written);

/* Reads a number's text (JSON's form, NUL-terminated) as the nearest double, in any locale. */
double tuv_read_f64(const char* text);

#endif
