/* TIMESTAMP as RFC 3339, for every 64-bit value, against another calendar. */
#include <stdio.h>
#include <time.h>

#include "cells.h"
#include "wire/status.h"
#include "wire/value/format.h"

typedef struct time_case_s {
  int64_t value;
  taosuv_precision_t precision;
  int32_t offset;
  const char* text;
} time_case_t;

static const time_case_t times[] = {
    {0, TAOSUV_PRECISION_MS, 0, "1970-01-01T00:00:00.000Z"},
    {-1, TAOSUV_PRECISION_MS, 0, "1969-12-31T23:59:59.999Z"},
    {-1, TAOSUV_PRECISION_US, 0, "1969-12-31T23:59:59.999999Z"},
    {-1, TAOSUV_PRECISION_NS, 0, "1969-12-31T23:59:59.999999999Z"},
    {-1000, TAOSUV_PRECISION_MS, 0, "1969-12-31T23:59:59.000Z"},
    {-1001, TAOSUV_PRECISION_MS, 0, "1969-12-31T23:59:58.999Z"},
    {1700000000000, TAOSUV_PRECISION_MS, 0, "2023-11-14T22:13:20.000Z"},
    {1700000000000001, TAOSUV_PRECISION_US, 0, "2023-11-14T22:13:20.000001Z"},
    {1700000000123456789, TAOSUV_PRECISION_NS, 0, "2023-11-14T22:13:20.123456789Z"},
    {1700000000000, TAOSUV_PRECISION_MS, 3600, "2023-11-14T23:13:20.000+01:00"},
    {1700000000000, TAOSUV_PRECISION_MS, 28800, "2023-11-15T06:13:20.000+08:00"},
    {1700000000000, TAOSUV_PRECISION_MS, -12600, "2023-11-14T18:43:20.000-03:30"},
    {1700000000000, TAOSUV_PRECISION_MS, -60, "2023-11-14T22:12:20.000-00:01"},
    {1700000000000, TAOSUV_PRECISION_MS, 86340, "2023-11-15T22:12:20.000+23:59"},
    {1700000000000, TAOSUV_PRECISION_MS, -86340, "2023-11-13T22:14:20.000-23:59"},
    {0, TAOSUV_PRECISION_MS, -3600, "1969-12-31T23:00:00.000-01:00"},
    {951782400000, TAOSUV_PRECISION_MS, 0, "2000-02-29T00:00:00.000Z"},
    {951868800000, TAOSUV_PRECISION_MS, 0, "2000-03-01T00:00:00.000Z"},
    {4107542399999, TAOSUV_PRECISION_MS, 0, "2100-02-28T23:59:59.999Z"},
    {4107542400000, TAOSUV_PRECISION_MS, 0, "2100-03-01T00:00:00.000Z"},
    {-62135596800000, TAOSUV_PRECISION_MS, 0, "0001-01-01T00:00:00.000Z"},
    {-62135596800001, TAOSUV_PRECISION_MS, 0, "0000-12-31T23:59:59.999Z"},
    {-62167219200000, TAOSUV_PRECISION_MS, 0, "0000-01-01T00:00:00.000Z"},
    {-62167219200001, TAOSUV_PRECISION_MS, 0, "-0001-12-31T23:59:59.999Z"},
    {253402300799999, TAOSUV_PRECISION_MS, 0, "9999-12-31T23:59:59.999Z"},
    {253402300800000, TAOSUV_PRECISION_MS, 0, "+10000-01-01T00:00:00.000Z"},
    {253402300799999, TAOSUV_PRECISION_MS, 60, "+10000-01-01T00:00:59.999+00:01"},
    {INT64_MAX, TAOSUV_PRECISION_MS, 0, "+292278994-08-17T07:12:55.807Z"},
    {INT64_MIN, TAOSUV_PRECISION_MS, 0, "-292275055-05-16T16:47:04.192Z"},
    {INT64_MAX, TAOSUV_PRECISION_US, 0, "+294247-01-10T04:00:54.775807Z"},
    {INT64_MIN, TAOSUV_PRECISION_US, 0, "-290308-12-21T19:59:05.224192Z"},
    {INT64_MAX, TAOSUV_PRECISION_NS, 0, "2262-04-11T23:47:16.854775807Z"},
    {INT64_MIN, TAOSUV_PRECISION_NS, 0, "1677-09-21T00:12:43.145224192Z"},
    {INT64_MAX, TAOSUV_PRECISION_MS, 86340, "+292278994-08-18T07:11:55.807+23:59"},
    {INT64_MIN, TAOSUV_PRECISION_MS, -86340, "-292275055-05-15T16:48:04.192-23:59"},
};

static void test_timestamps_are_rfc_3339(void** state) {
  (void) state;
  for (size_t i = 0; i < COUNT(times); i++) {
    const time_case_t* c = &times[i];
    char text[64];
    cell_t cell;
    int length = taosuv_format_timestamp(c->value, c->precision, c->offset, text, sizeof text);
    assert_string_equal(text, c->text);
    assert_int_equal(length, strlen(c->text));
    set_fixed(&cell, TAOSUV_TYPE_TIMESTAMP, 8, (uint64_t) c->value, 0);
    cell.column.precision = (uint8_t) c->precision;
    assert_text(&cell, c->offset, c->text);
  }
}

/* The C library's calendar as a second opinion. */
static void compare_with_gmtime(int64_t seconds) {
  time_t time = (time_t) seconds;
  struct tm tm;
  char text[64], expected[64];
  assert_non_null(gmtime_r(&time, &tm));
  int64_t year = (int64_t) tm.tm_year + 1900;
  const char* sign = year > 9999 ? "+" : year < 0 ? "-" : "";
  snprintf(expected, sizeof expected, "%s%04lld-%02d-%02dT%02d:%02d:%02d.007Z", sign,
           (long long) (year < 0 ? -year : year), tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
           tm.tm_sec);
  taosuv_format_timestamp(seconds * 1000 + 7, TAOSUV_PRECISION_MS, 0, text, sizeof text);
  assert_string_equal(text, expected);
}

static void test_the_calendar_is_that_of_the_c_library(void** state) {
  (void) state;
  for (int64_t day = -1000000; day < 1000000; day += 7) compare_with_gmtime(day * 86400 - 1);
  for (int64_t day = 0; day < 200000; day++) compare_with_gmtime(day * 86400);
  uint64_t bits = 88172645463325252u;
  for (int i = 0; i < 100000; i++) {
    bits ^= bits << 13;
    bits ^= bits >> 7;
    bits ^= bits << 17;
    compare_with_gmtime((int64_t) bits / 1024);
  }
}

static void test_offsets_that_rfc_3339_cannot_write_are_refused(void** state) {
  (void) state;
  static const int32_t bad[] = {86400, -86400, 1, -1, 59, 3601, INT32_MAX, INT32_MIN};
  for (size_t i = 0; i < COUNT(bad); i++) {
    char text[8] = "before";
    cell_t cell;
    assert_int_equal(taosuv_format_timestamp(0, TAOSUV_PRECISION_MS, bad[i], text, 8), TUV_EINVAL);
    assert_string_equal(text, "");
    set_fixed(&cell, TAOSUV_TYPE_TIMESTAMP, 8, 0, 0);
    assert_int_equal(taosuv_format_cell(&cell.column, 0, bad[i], text, 8), TUV_EINVAL);
    set_fixed(&cell, TAOSUV_TYPE_INT, 4, 5, 0);
    assert_int_equal(taosuv_format_cell(&cell.column, 0, bad[i], text, 8), 1);
  }
}

static void test_an_unknown_precision_is_refused(void** state) {
  (void) state;
  char text[8] = "before";
  assert_int_equal(taosuv_format_timestamp(0, (taosuv_precision_t) 3, 0, text, 8), TUV_EINVAL);
  assert_string_equal(text, "");
}

static void a_second_has_the_units_of_its_precision(void** state) {
  (void) state;
  assert_int_equal(tuv_timestamp_unit(TAOSUV_PRECISION_MS), 1000);
  assert_int_equal(tuv_timestamp_unit(TAOSUV_PRECISION_US), 1000000);
  assert_int_equal(tuv_timestamp_unit(TAOSUV_PRECISION_NS), 1000000000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_timestamps_are_rfc_3339),
      cmocka_unit_test(test_the_calendar_is_that_of_the_c_library),
      cmocka_unit_test(test_offsets_that_rfc_3339_cannot_write_are_refused),
      cmocka_unit_test(test_an_unknown_precision_is_refused),
      cmocka_unit_test(a_second_has_the_units_of_its_precision),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
