/* DECIMAL values as text and as double. */
#include <stdbool.h>

#include "wire/value/format.h"

#define LIMBS 4
#define MAX_DIGITS 40

/* The absolute value in limbs of 32 bits, the highest first. */
static void magnitude_of(taosuv_decimal_t value, uint32_t limbs[LIMBS]) {
  uint64_t high = (uint64_t) value.high, low = value.low;
  if (value.high < 0) {
    low = 0 - low;
    high = ~high + (low == 0 ? 1 : 0);
  }
  limbs[0] = (uint32_t) (high >> 32);
  limbs[1] = (uint32_t) high;
  limbs[2] = (uint32_t) (low >> 32);
  limbs[3] = (uint32_t) low;
}

/* Divides in place and returns the remainder. */
static uint32_t divide(uint32_t limbs[LIMBS], uint32_t divisor) {
  uint64_t rest = 0;
  for (int i = 0; i < LIMBS; i++) {
    rest = rest << 32 | limbs[i];
    limbs[i] = (uint32_t) (rest / divisor);
    rest %= divisor;
  }
  return (uint32_t) rest;
}

static bool is_zero(const uint32_t limbs[LIMBS]) {
  return (limbs[0] | limbs[1] | limbs[2] | limbs[3]) == 0;
}

/* Writes at least `least` digits to the end of `buf` and returns where they begin. */
static size_t write_digits(uint32_t limbs[LIMBS], size_t least, char buf[MAX_DIGITS]) {
  size_t at = MAX_DIGITS;
  while (!is_zero(limbs)) {
    uint32_t nine = divide(limbs, 1000000000);
    bool last = is_zero(limbs);
    for (int i = 0; i < 9 && (!last || nine != 0); i++) {
      buf[--at] = (char) ('0' + nine % 10);
      nine /= 10;
    }
  }
  while (MAX_DIGITS - at < least) buf[--at] = '0';
  return at;
}

void tuv_format_decimal(tuv_text_t* text, taosuv_decimal_t value, uint8_t scale) {
  uint32_t limbs[LIMBS];
  char buf[MAX_DIGITS];
  magnitude_of(value, limbs);
  size_t at = write_digits(limbs, (size_t) scale + 1, buf);
  if (value.high < 0) tuv_text_char(text, '-');
  tuv_text_add(text, buf + at, MAX_DIGITS - scale - at);
  if (scale == 0) return;
  tuv_text_char(text, '.');
  tuv_text_add(text, buf + MAX_DIGITS - scale, scale);
}

double tuv_decimal_f64(taosuv_decimal_t value, uint8_t scale) {
  char buf[TUV_DECIMAL_TEXT];
  tuv_text_t text = tuv_text_start(buf, sizeof buf);
  tuv_format_decimal(&text, value, scale);
  tuv_text_end(&text);
  return tuv_read_f64(buf);
}

int taosuv_format_decimal(taosuv_decimal_t value, uint8_t scale, char* buf, size_t size) {
  tuv_text_t text = tuv_text_start(buf, size);
  if (scale > TUV_DECIMAL_MAX_SCALE) {
    tuv_text_end(&text);
    return TUV_EINVAL;
  }
  tuv_format_decimal(&text, value, scale);
  return tuv_text_end(&text);
}
