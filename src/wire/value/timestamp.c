/* Timestamps as RFC 3339 text, by the proleptic Gregorian calendar, for every 64-bit value. */
#include "wire/value/format.h"

#include "util/assert.h"

#define DAY 86400
#define DAYS_OF_400_YEARS 146097
#define DAYS_0000_03_01 719468 /* from there to 1970-01-01 */

typedef struct civil_s {
  int64_t year;
  uint32_t month; /* 1..12 */
  uint32_t day;   /* 1..31 */
} civil_t;

static int64_t floor_div(int64_t a, int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

/* Years are counted from the 1st of March, so that a leap day is the last day of its year. */
static civil_t civil_of(int64_t days) {
  int64_t shifted = days + DAYS_0000_03_01;
  int64_t cycle = floor_div(shifted, DAYS_OF_400_YEARS);
  uint32_t day = (uint32_t) (shifted - cycle * DAYS_OF_400_YEARS);
  /* Leap days are subtracted, so that all years have 365 days. */
  uint32_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
  uint32_t of_year = day - (365 * year + year / 4 - year / 100);
  /* March to July have 153 days, and so do August to December. */
  uint32_t month = (5 * of_year + 2) / 153;
  civil_t civil;
  civil.day = of_year - (153 * month + 2) / 5 + 1;
  civil.month = month < 10 ? month + 3 : month - 9;
  civil.year = cycle * 400 + year + (civil.month <= 2 ? 1 : 0);
  return civil;
}

static void add_padded(tuv_text_t* text, uint64_t value, int width) {
  char buf[20];
  TUV_ASSERT(width > 0 && width <= (int) sizeof buf);
  int i = width;
  do {
    buf[--i] = (char) ('0' + value % 10);
    value /= 10;
  } while (i > 0);
  tuv_text_add(text, buf, (size_t) width);
}

/* Writes a year of four digits. For other years, which RFC 3339 does not have, it uses the expanded
 * format of ISO 8601: a sign and at least four digits, as in "+10000" and "-0001" (two years before
 * the year 1). */
static void add_year(tuv_text_t* text, int64_t year) {
  uint64_t magnitude = year < 0 ? 0 - (uint64_t) year : (uint64_t) year;
  int width = 4;
  for (uint64_t rest = magnitude / 10000; rest != 0; rest /= 10) width++;
  if (year < 0) tuv_text_char(text, '-');
  if (year > 9999) tuv_text_char(text, '+');
  add_padded(text, magnitude, width);
}

static void add_time(tuv_text_t* text, uint32_t seconds) {
  add_padded(text, seconds / 3600, 2);
  tuv_text_char(text, ':');
  add_padded(text, seconds / 60 % 60, 2);
  tuv_text_char(text, ':');
  add_padded(text, seconds % 60, 2);
}

static void add_offset(tuv_text_t* text, int32_t utc_offset) {
  if (utc_offset == 0) {
    tuv_text_char(text, 'Z');
    return;
  }
  uint32_t minutes = (uint32_t) (utc_offset < 0 ? -utc_offset : utc_offset) / 60;
  tuv_text_char(text, utc_offset < 0 ? '-' : '+');
  add_padded(text, minutes / 60, 2);
  tuv_text_char(text, ':');
  add_padded(text, minutes % 60, 2);
}

/* An offset with seconds is refused: cut to minutes, it would name another instant. */
int tuv_format_timestamp(tuv_text_t* text, int64_t value, unsigned int precision,
                         int32_t utc_offset) {
  if (precision > TAOSUV_PRECISION_NS) return TUV_EINVAL;
  if (utc_offset <= -DAY || utc_offset >= DAY || utc_offset % 60 != 0) return TUV_EINVAL;
  int64_t unit = tuv_timestamp_unit(precision);
  int64_t whole = floor_div(value, unit);
  int64_t rest = value % unit; /* whole * unit may overflow at INT64_MIN */
  uint64_t fraction = (uint64_t) (rest < 0 ? rest + unit : rest);
  int64_t local = whole + utc_offset;
  int64_t days = floor_div(local, DAY);
  civil_t civil = civil_of(days);
  add_year(text, civil.year);
  tuv_text_char(text, '-');
  add_padded(text, civil.month, 2);
  tuv_text_char(text, '-');
  add_padded(text, civil.day, 2);
  tuv_text_char(text, 'T');
  add_time(text, (uint32_t) (local - days * DAY));
  tuv_text_char(text, '.');
  add_padded(text, fraction, 3 * (int) (precision + 1));
  add_offset(text, utc_offset);
  return 0;
}

int taosuv_format_timestamp(int64_t value, taosuv_precision_t precision, int32_t utc_offset,
                            char* buf, size_t size) {
  tuv_text_t text = tuv_text_start(buf, size);
  int status = tuv_format_timestamp(&text, value, (unsigned int) precision, utc_offset);
  int length = tuv_text_end(&text);
  return status != 0 ? status : length;
}

bool tuv_timestamp_combine(int64_t seconds, int64_t unit, int64_t fraction, int64_t* value) {
  /* Below zero the product may overflow although the sum does not. */
  int64_t borrow = seconds < 0 && fraction > 0 ? 1 : 0;
  seconds += borrow;
  fraction -= borrow * unit;
  if (seconds > INT64_MAX / unit || seconds < INT64_MIN / unit) return false;
  int64_t product = seconds * unit;
  if (fraction > 0 && product > INT64_MAX - fraction) return false;
  if (fraction < 0 && product < INT64_MIN - fraction) return false;
  *value = product + fraction;
  return true;
}
