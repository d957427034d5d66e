/* Converts cells of REST answers. */
#include "wire/rest/cell.h"

#include <string.h>

#include "util/ascii.h"
#include "util/bytes.h"
#include "wire/value/format.h"

/* The rest of a text. */
typedef struct cursor_s {
  const char* at;
  const char* end;
} cursor_t;

static bool skip(cursor_t* text, char c) {
  if (text->at == text->end || *text->at != c) return false;
  text->at++;
  return true;
}

/* Reads all digits that follow and returns their number; 0 if there are not `least` to `most`. */
static size_t read_digits(cursor_t* text, size_t least, size_t most, int64_t* value) {
  size_t count = 0;
  *value = 0;
  while (text->at < text->end && tuv_is_digit(*text->at)) {
    if (++count > most) return 0;
    *value = *value * 10 + (*text->at++ - '0');
  }
  return count < least ? 0 : count;
}

static bool two_digits(cursor_t* text, int64_t max, int64_t* value) {
  return read_digits(text, 2, 2, value) != 0 && *value <= max;
}

static int64_t days_of_month(int64_t year, int64_t month) {
  static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* Days since 1970-01-01. Years are counted from the 1st of March. */
static int64_t days_since_epoch(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2 ? 1 : 0;
  int64_t cycle = (year >= 0 ? year : year - 399) / 400;
  int64_t of_cycle = year - cycle * 400;
  int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return cycle * 146097 + of_cycle * 365 + of_cycle / 4 - of_cycle / 100 + of_year - 719468;
}

/* Reads "YYYY-MM-DD" as days. */
static bool read_date(cursor_t* text, int64_t* days) {
  int64_t year, month, day;
  bool negative = skip(text, '-');
  if (!negative) skip(text, '+');
  if (read_digits(text, 3, 9, &year) == 0 || !skip(text, '-')) return false;
  if (!two_digits(text, 12, &month) || !skip(text, '-') || !two_digits(text, 31, &day))
    return false;
  if (negative) year = -year;
  if (month == 0 || day == 0 || day > days_of_month(year, month)) return false;
  *days = days_since_epoch(year, month, day);
  return true;
}

/* Reads "Z" or "±hh:mm" as seconds. */
static bool read_zone(cursor_t* text, int64_t* seconds) {
  int64_t hours, minutes;
  *seconds = 0;
  if (skip(text, 'Z')) return true;
  bool west = skip(text, '-');
  if (!west && !skip(text, '+')) return false;
  if (!two_digits(text, 23, &hours) || !skip(text, ':') || !two_digits(text, 59, &minutes))
    return false;
  *seconds = (hours * 60 + minutes) * (west ? -60 : 60);
  return true;
}

bool tuv_rest_time(const char* text, size_t size, uint8_t* precision, int64_t* value) {
  cursor_t at = {text, text + size};
  int64_t days, hour, minute, second, fraction, offset;
  if (!read_date(&at, &days) || !skip(&at, 'T')) return false;
  if (!two_digits(&at, 23, &hour) || !skip(&at, ':') || !two_digits(&at, 59, &minute)) return false;
  if (!skip(&at, ':') || !two_digits(&at, 59, &second) || !skip(&at, '.')) return false;
  size_t digits = read_digits(&at, 3, 9, &fraction);
  if (digits == 0 || digits % 3 != 0) return false;
  if (!read_zone(&at, &offset) || at.at != at.end) return false;
  *precision = (uint8_t) (digits / 3 - 1);
  int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset;
  return tuv_timestamp_combine(seconds, tuv_timestamp_unit(*precision), fraction, value);
}

/* Stricter than for values that callers bind: there must be digits before the point, and no '+' and
 * no digits that would have to be rounded. */
bool tuv_rest_decimal(const char* text, size_t size, uint8_t digits, uint8_t scale,
                      taosuv_decimal_t* value) {
  size_t sign = size > 0 && text[0] == '-' ? 1 : 0;
  if (size == sign || !tuv_is_digit(text[sign])) return false;
  const char* point = memchr(text, '.', size);
  size_t behind = point != NULL ? size - (size_t) (point - text) - 1 : 0;
  if (point != NULL && (behind == 0 || behind > scale)) return false;
  return tuv_decimal_read(text, size, digits, scale, value, NULL) == 0;
}

bool tuv_rest_hex(const char* text, size_t size, uint8_t* out) {
  if (size % 2 != 0) return false;
  for (size_t i = 0; i < size; i += 2) {
    int high = tuv_hex_value(text[i]), low = tuv_hex_value(text[i + 1]);
    if (high < 0 || low < 0) return false;
    out[i / 2] = (uint8_t) (high << 4 | low);
  }
  return true;
}

/* Reads the character at the beginning of a text and returns its size. */
static size_t decode(const uint8_t* text, size_t size, uint32_t* code) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  uint8_t first = text[0];
  size_t length = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  *code = length <= 1 ? first : first & (0x7fu >> length);
  bool good = length != 0 && length <= size && first < 0xf8;
  for (size_t i = 1; good && i < length; i++) {
    good = (text[i] & 0xc0) == 0x80;
    *code = *code << 6 | (text[i] & 0x3f);
  }
  if (good && *code >= least[length] && *code <= 0x10ffff && (*code < 0xd800 || *code > 0xdfff))
    return length;
  *code = 0xfffd;
  return 1;
}

size_t tuv_rest_ucs4(const char* text, size_t size, uint8_t* out) {
  const uint8_t* at = (const uint8_t*) text;
  uint8_t* begin = out;
  while (size > 0) {
    uint32_t code;
    size_t length = decode(at, size, &code);
    tuv_store(out, code, 4);
    out += 4;
    at += length;
    size -= length;
  }
  return (size_t) (out - begin);
}
