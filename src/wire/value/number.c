/* Integers and floating-point numbers as text, independent of the locale. */
#include <stdbool.h>
#include <yyjson.h>

#include "wire/value/format.h"

/* yyjson needs about 64 bytes for a number, and some for its pool allocator. */
#define POOL_SIZE 512

/* Every number between these bounds reads back as the same FLOAT. They lie in the middle between
 * the absolute value of the FLOAT and its neighbours below and above. */
typedef struct interval_s {
  double low;
  double high;
} interval_t;

/* The shortest digits of a double: 0.DIGITS × 10^exponent. */
typedef struct digits_s {
  uint8_t digit[20];
  int count;
  int exponent;
} digits_t;

void tuv_format_u64(tuv_text_t* text, uint64_t value) {
  char buf[20];
  size_t at = sizeof buf;
  do {
    buf[--at] = (char) ('0' + value % 10);
    value /= 10;
  } while (value != 0);
  tuv_text_add(text, buf + at, sizeof buf - at);
}

void tuv_format_i64(tuv_text_t* text, int64_t value) {
  if (value >= 0) {
    tuv_format_u64(text, (uint64_t) value);
    return;
  }
  tuv_text_char(text, '-');
  tuv_format_u64(text, 0 - (uint64_t) value);
}

double tuv_read_f64(const char* text) {
  yyjson_val value = {0};
  if (yyjson_read_number(text, &value, YYJSON_READ_NOFLAG, NULL, NULL) == NULL) return 0;
  return yyjson_get_num(&value);
}

/* The shortest text of a finite number, without the ".0" that yyjson gives whole numbers. */
static size_t write_finite(double value, char* pool, const char** text) {
  yyjson_alc allocator;
  yyjson_val number = {0};
  size_t length = 0;
  yyjson_alc_pool_init(&allocator, pool, POOL_SIZE);
  yyjson_set_real(&number, value);
  *text = yyjson_val_write_opts(&number, YYJSON_WRITE_NOFLAG, &allocator, &length, NULL);
  if (*text == NULL) return 0; /* the pool is large enough */
  if (length > 2 && memcmp(*text + length - 2, ".0", 2) == 0) length -= 2;
  return length;
}

void tuv_format_f64(tuv_text_t* text, double value) {
  _Alignas(16) char pool[POOL_SIZE];
  const char* digits;
  if (value != value) {
    tuv_text_add(text, "NaN", 3);
  } else if (value - value != 0) {
    tuv_text_add(text, value < 0 ? "-Infinity" : "Infinity", value < 0 ? 9 : 8);
  } else {
    size_t length = write_finite(value, pool, &digits);
    tuv_text_add(text, digits, length);
  }
}

static double float_of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* All three numbers are exact as double. The largest FLOAT has no neighbour above: its interval is
 * as wide above as below. */
static interval_t interval_of(float magnitude) {
  uint32_t bits;
  memcpy(&bits, &magnitude, sizeof bits);
  double value = magnitude;
  double below = float_of_bits(bits - 1);
  double above = bits == 0x7f7fffff ? value + (value - below) : float_of_bits(bits + 1);
  interval_t interval = {(below + value) / 2, (value + above) / 2};
  return interval;
}

static digits_t digits_of(double magnitude) {
  _Alignas(16) char pool[POOL_SIZE];
  const char* text;
  digits_t digits = {{0}, 0, 0};
  bool point = false;
  size_t length = write_finite(magnitude, pool, &text);
  size_t i = 0;
  for (; i < length && text[i] != 'e'; i++) {
    if (text[i] == '.') {
      point = true;
      continue;
    }
    if (digits.count == 0 && text[i] == '0') {
      digits.exponent -= point ? 1 : 0;
      continue;
    }
    /* Whole numbers have up to 21 digits, of which those after the 17th are zeros. */
    if (digits.count < 20) digits.digit[digits.count++] = (uint8_t) (text[i] - '0');
    digits.exponent += point ? 0 : 1;
  }
  if (i < length) digits.exponent += (int) tuv_read_f64(text + i + 1);
  return digits;
}

static double candidate(const digits_t* digits, int count, uint64_t add) {
  char buf[40];
  tuv_text_t text = tuv_text_start(buf, sizeof buf);
  uint64_t number = 0;
  for (int i = 0; i < count; i++) {
    number = number * 10 + (i < digits->count ? digits->digit[i] : 0);
  }
  tuv_format_u64(&text, number + add);
  tuv_text_char(&text, 'e');
  tuv_format_i64(&text, digits->exponent - count);
  tuv_text_end(&text);
  return tuv_read_f64(buf);
}

/* Finds the number of `count` digits inside the interval that is nearest to `value`. */
static bool round_to(const digits_t* digits, int count, double value, interval_t inside,
                     double* result) {
  double down = candidate(digits, count, 0), up = candidate(digits, count, 1);
  bool down_fits = down > inside.low, up_fits = up < inside.high;
  if (!down_fits && !up_fits) return false;
  bool use_down = down_fits && (!up_fits || value - down <= up - value);
  *result = use_down ? down : up;
  return true;
}

/* Finds the smallest count of digits, at most 9, with which a number reads back as the same FLOAT,
 * and writes the double that is nearest to that number: its shortest text has the same digits. A
 * number exactly in the middle of two FLOATs is not used, because readers disagree about it. */
void tuv_format_f32(tuv_text_t* text, float value) {
  if (value == 0 || value != value || value - value != 0) {
    tuv_format_f64(text, value);
    return;
  }
  float magnitude = value < 0 ? -value : value;
  digits_t digits = digits_of(magnitude);
  interval_t inside = interval_of(magnitude);
  double best = magnitude, found;
  int low = 1, high = 9;
  while (low <= high) {
    int count = (low + high) / 2;
    if (round_to(&digits, count, magnitude, inside, &found)) {
      best = found;
      high = count - 1;
    } else {
      low = count + 1;
    }
  }
  tuv_format_f64(text, value < 0 ? -best : best);
}
