/* Exact decimals of up to 38 digits as scaled 128-bit integers. */
#include "codec/decimal.h"

typedef struct number_s {
  bool negative;
  const char* digits; /* digits and perhaps one point */
  size_t size;
  long exponent; /* of the digit before the point: 0 is units */
  bool ok;
} number_t;

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static long read_exponent(const char* at, const char* end, bool* ok) {
  bool negative = at < end && *at == '-';
  if (at < end && (*at == '-' || *at == '+')) at++;
  *ok = at < end;
  long value = 0;
  for (; at < end; at++) {
    if (!is_digit(*at) || value > 100000) *ok = false;
    if (!*ok) return 0;
    value = value * 10 + (*at - '0');
  }
  return negative ? -value : value;
}

/* Splits the text; `exponent` becomes that of the first digit. */
static number_t split(const char* text, size_t size) {
  const char* end = text + size;
  number_t number = {.negative = text < end && *text == '-'};
  if (text < end && (*text == '-' || *text == '+')) text++;
  number.digits = text;
  size_t digits = 0;
  long before = 0;
  bool point = false;
  for (; text < end && (is_digit(*text) || (*text == '.' && !point)); text++) {
    if (*text == '.') {
      point = true;
      continue;
    }
    digits++;
    if (!point) before++;
  }
  number.size = (size_t) (text - number.digits);
  number.ok = digits > 0;
  long exponent = 0;
  if (number.ok && text < end) {
    number.ok = *text == 'e' || *text == 'E';
    if (number.ok) exponent = read_exponent(text + 1, end, &number.ok);
  }
  number.exponent = before - 1 + exponent;
  return number;
}

int ts_decimal_parse(const char* text, size_t size, unsigned precision, unsigned scale,
                     ts_i128_t* value) {
  number_t number = split(text, size);
  if (!number.ok) return 1;
  ts_u128_t limit = 1;
  for (unsigned i = 0; i < precision; i++) limit *= 10;
  ts_u128_t sum = 0;
  long place = number.exponent; /* of the next digit */
  size_t at = 0;
  bool nonzero = false;
  bool round_up = false;
  for (; at < number.size || place >= -(long) scale; at++) {
    char c = at < number.size ? number.digits[at] : '0';
    if (c == '.') continue;
    if (place < -(long) scale) {
      round_up = place == -(long) scale - 1 && c >= '5';
      break;
    }
    if (c != '0') nonzero = true;
    if (nonzero && sum >= limit / 10 + 1) return 2;
    sum = sum * 10 + (ts_u128_t) (unsigned) (c - '0');
    if (sum >= limit) return 2;
    if (!nonzero && at >= number.size && place > 0) place = 0; /* zero, whatever its exponent */
    place--;
  }
  if (round_up && ++sum >= limit) return 2;
  *value = number.negative ? -(ts_i128_t) sum : (ts_i128_t) sum;
  return 0;
}

bool ts_decimal_fits(const char* text, size_t size, unsigned scale) {
  number_t number = split(text, size);
  long place = number.exponent;
  for (size_t at = 0; at < number.size; at++) {
    if (number.digits[at] == '.') continue;
    if (place < -(long) scale && number.digits[at] != '0') return false;
    place--;
  }
  return number.ok;
}

void ts_decimal_key(ts_i128_t value, uint8_t key[16]) {
  ts_u128_t bits = (ts_u128_t) value ^ (ts_u128_t) 1 << 127;
  for (int i = 15; i >= 0; i--, bits >>= 8) key[i] = (uint8_t) bits;
}

ts_i128_t ts_decimal_from_key(const uint8_t key[16]) {
  ts_u128_t bits = 0;
  for (int i = 0; i < 16; i++) bits = bits << 8 | key[i];
  return (ts_i128_t) (bits ^ (ts_u128_t) 1 << 127);
}
