/* Points in time: texts to epoch numbers, durations, and the time zones that the server knows. */
#include "codec/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
  const char* name;
  const char* abbreviation;
  int offset;
} zones[] = {
    {"Etc/UTC", "UTC", 0},
    {"UTC", "UTC", 0},
    {"Asia/Shanghai", "CST", 28800},
    {"Asia/Tokyo", "JST", 32400},
    {"Asia/Seoul", "KST", 32400},
    {"Asia/Kolkata", "IST", 19800},
    {"Asia/Singapore", "+08", 28800},
    {"America/Phoenix", "MST", -25200},
};

void ts_zone_set(ts_zone_t* zone, const char* name) {
  *zone = (ts_zone_t) {0};
  if (name == NULL || *name == '\0') name = "Etc/UTC";
  snprintf(zone->name, sizeof zone->name, "%s", name);
  for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
    if (strcmp(zones[i].name, name) != 0) continue;
    zone->known = true;
    zone->offset = zones[i].offset;
    snprintf(zone->abbreviation, sizeof zone->abbreviation, "%s", zones[i].abbreviation);
  }
}

void ts_zone_text(const ts_zone_t* zone, char* text, size_t size) {
  int minutes = abs(zone->offset) / 60;
  snprintf(text, size, "%s (%s, %c%02d%02d)", zone->name, zone->abbreviation,
           zone->offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

int64_t ts_per_second(uint8_t precision) {
  return precision == 0 ? 1000 : precision == 1 ? 1000000 : 1000000000;
}

int64_t ts_now(uint8_t precision) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  int64_t per_second = ts_per_second(precision);
  return (int64_t) now.tv_sec * per_second + (int64_t) now.tv_nsec / (1000000000 / per_second);
}

int64_t ts_today(uint8_t precision, const ts_zone_t* zone) {
  int64_t per_second = ts_per_second(precision);
  int64_t local = ts_now(precision) + zone->offset * per_second;
  return local - local % (86400 * per_second) - zone->offset * per_second;
}

/* Days from 1970-01-01 in the Gregorian calendar; March is month 0, so that leap days end years. */
static int64_t days_of(int year, int month, int day) {
  int64_t y = month <= 2 ? year - 1 : year;
  int64_t m = (month + 9) % 12;
  return 365 * y + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + (day - 1) - 719468;
}

typedef struct reader_s {
  const char* at;
  const char* end;
  bool ok;
} reader_t;

static int digits(reader_t* reader, int count) {
  int value = 0;
  for (; count > 0; count--) {
    if (reader->at == reader->end || *reader->at < '0' || *reader->at > '9') {
      reader->ok = false;
      return 0;
    }
    value = value * 10 + (*reader->at++ - '0');
  }
  return value;
}

static bool take(reader_t* reader, char c) {
  if (reader->at == reader->end || *reader->at != c) return false;
  reader->at++;
  return true;
}

static void expect(reader_t* reader, char c) {
  if (!take(reader, c)) reader->ok = false;
}

static int64_t fraction(reader_t* reader, int64_t per_second) {
  int64_t value = 0;
  if (!take(reader, '.')) return 0;
  const char* start = reader->at;
  for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9'; reader->at++) {
    per_second /= 10;
    value += per_second * (*reader->at - '0'); /* digits beyond the precision are worth 0 */
  }
  if (reader->at == start) reader->ok = false;
  return value;
}

/* The zone at the end of the text; false: there is none. */
static bool zone_suffix(reader_t* reader, int* offset) {
  *offset = 0;
  if (take(reader, 'Z') || take(reader, 'z')) return true;
  bool west = take(reader, '-');
  if (!west && !take(reader, '+')) return false;
  int hours = digits(reader, 2);
  take(reader, ':');
  int minutes = digits(reader, 2);
  *offset = (hours * 60 + minutes) * (west ? -60 : 60);
  return true;
}

int ts_time_parse(const char* text, size_t size, uint8_t precision, const ts_zone_t* zone,
                  int64_t* value) {
  reader_t reader = {text, text + size, true};
  int year = digits(&reader, 4);
  expect(&reader, '-');
  int month = digits(&reader, 2);
  expect(&reader, '-');
  int day = digits(&reader, 2);
  if (!reader.ok || month < 1 || month > 12 || day < 1 || day > 31) return 1;
  int64_t per_second = ts_per_second(precision);
  int64_t seconds = days_of(year, month, day) * 86400;
  int64_t part = 0;
  int offset = zone->offset;
  bool has_zone = false;
  if (take(&reader, ' ') || take(&reader, 'T')) {
    int hour = digits(&reader, 2);
    expect(&reader, ':');
    int minute = digits(&reader, 2);
    expect(&reader, ':');
    int second = digits(&reader, 2);
    part = fraction(&reader, per_second);
    if (!reader.ok || hour > 24 || minute > 59 || second > 60) return 1;
    seconds += hour * 3600 + minute * 60 + second;
    has_zone = zone_suffix(&reader, &offset);
    if (!has_zone) offset = zone->offset;
  }
  if (!reader.ok || reader.at != reader.end) return 1;
  if (!has_zone && !zone->known) return 2;
  int64_t whole;
  if (__builtin_mul_overflow(seconds - offset, per_second, &whole)) return 1;
  return __builtin_add_overflow(whole, part, value) ? 1 : 0;
}

int ts_duration_parse(const char* text, size_t size, uint8_t precision, int64_t* value) {
  int64_t count = 0;
  if (size < 2) return 1;
  for (size_t i = 0; i + 1 < size; i++) {
    if (text[i] < '0' || text[i] > '9') return 1;
    if (__builtin_mul_overflow(count, 10, &count)) return 1;
    if (__builtin_add_overflow(count, text[i] - '0', &count)) return 1;
  }
  int64_t per_second = ts_per_second(precision);
  int64_t unit = 0; /* in seconds; below a second in parts of one */
  switch (text[size - 1]) {
    case 'b': *value = count / (1000000000 / per_second); return 0;
    case 'u':
      if (precision == 0) {
        *value = count / 1000;
        return 0;
      }
      return __builtin_mul_overflow(count, per_second / 1000000, value) ? 1 : 0;
    case 'a': return __builtin_mul_overflow(count, per_second / 1000, value) ? 1 : 0;
    case 's': unit = 1; break;
    case 'm': unit = 60; break;
    case 'h': unit = 3600; break;
    case 'd': unit = 86400; break;
    case 'w': unit = 604800; break;
    default: return 1;
  }
  return __builtin_mul_overflow(count, unit * per_second, value) ? 1 : 0;
}
