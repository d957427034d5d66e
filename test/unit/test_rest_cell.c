/* The texts of REST's cells turned back into values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/rest/cell.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void test_times_are_read_back(void** state) {
  static const struct {
    const char* text;
    uint8_t precision;
    int64_t value;
  } cases[] = {
      {"1970-01-01T00:00:00.000Z", 0, 0},
      {"2023-11-14T22:13:20.000Z", 0, 1700000000000},
      {"2023-11-15T06:13:20.000001+08:00", 1, 1700000000000001},
      {"2023-11-14T22:13:20.000000003Z", 2, 1700000000000000003},
      {"2023-11-14T17:43:20.123-04:30", 0, 1700000000123},
      {"1969-12-31T23:59:59.999999999Z", 2, -1},
      {"1969-12-31T23:59:59.001Z", 0, -999},
      {"2000-02-29T00:00:00.000Z", 0, 951782400000},
      {"+10000-01-01T00:00:00.000Z", 0, 253402300800000},
      {"10000-01-01T00:00:00.000Z", 0, 253402300800000},
      {"-0001-01-01T00:00:00.000Z", 0, -62198755200000},
      {"1677-09-21T00:12:43.145224192Z", 2, INT64_MIN},
      {"2262-04-11T23:47:16.854775807Z", 2, INT64_MAX},
  };
  (void) state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    uint8_t precision = 9;
    int64_t value = 0;
    if (!tuv_rest_time(cases[i].text, strlen(cases[i].text), &precision, &value))
      fail_msg("%s is refused", cases[i].text);
    assert_int_equal(precision, cases[i].precision);
    if (value != cases[i].value) fail_msg("%s is %lld", cases[i].text, (long long) value);
  }
}

static void test_what_the_library_formats_it_reads(void** state) {
  static const int64_t values[] = {
      0,         1,        -1, 1700000000123456789, -62135596800000, INT64_MAX / 7, INT64_MIN / 9,
      INT64_MAX, INT64_MIN};
  (void) state;
  for (size_t i = 0; i < COUNT(values); i++)
    for (int precision = 0; precision < 3; precision++)
      for (int32_t offset = -43200; offset <= 43200; offset += 20700) {
        char text[64];
        uint8_t read_precision;
        int64_t value = 0;
        int length = taosuv_format_timestamp(values[i], (taosuv_precision_t) precision, offset,
                                             text, sizeof text);
        assert_true(length > 0);
        if (!tuv_rest_time(text, (size_t) length, &read_precision, &value))
          fail_msg("%s is refused", text);
        assert_int_equal(read_precision, precision);
        if (value != values[i]) fail_msg("%s is %lld", text, (long long) value);
      }
}

static void test_other_texts_are_no_times(void** state) {
  static const char* const texts[] = {"",
                                      "now",
                                      "2023-11-14",
                                      "2023-11-14T22:13:20Z",
                                      "2023-11-14T22:13:20.Z",
                                      "2023-11-14T22:13:20.1Z",
                                      "2023-11-14T22:13:20.1234Z",
                                      "2023-11-14T22:13:20.0000000000Z",
                                      "2023-11-14T22:13:20.000",
                                      "2023-11-14T22:13:20.000z",
                                      "2023-11-14T22:13:20.000Zx",
                                      "2023-13-14T22:13:20.000Z",
                                      "2023-00-14T22:13:20.000Z",
                                      "2023-02-29T22:13:20.000Z",
                                      "2023-11-31T22:13:20.000Z",
                                      "2023-11-00T22:13:20.000Z",
                                      "2023-11-14T24:13:20.000Z",
                                      "2023-11-14T22:60:20.000Z",
                                      "2023-11-14T22:13:60.000Z",
                                      "2023-11-14 22:13:20.000Z",
                                      "2023-11-14T22:13:20.000+8:00",
                                      "2023-11-14T22:13:20.000+0800",
                                      "2023-11-14T22:13:20.000+24:00",
                                      "2023-11-14T22:13:20.000+00:60",
                                      "2262-04-11T23:47:16.854775808Z",
                                      "1677-09-21T00:12:43.145224191Z",
                                      "999999999-01-01T00:00:00.000000Z",
                                      "9999999999-01-01T00:00:00.000Z"};
  (void) state;
  for (size_t i = 0; i < COUNT(texts); i++) {
    uint8_t precision;
    int64_t value;
    if (tuv_rest_time(texts[i], strlen(texts[i]), &precision, &value))
      fail_msg("'%s' is accepted", texts[i]);
  }
}

static void test_decimals_are_read_back(void** state) {
  static const struct {
    const char* text;
    uint8_t digits, scale;
    int64_t high;
    uint64_t low;
  } cases[] = {
      {"0", 1, 0, 0, 0},
      {"0.000", 10, 3, 0, 0},
      {"-1.234", 10, 3, -1, (uint64_t) -1234},
      {"1234567.891", 10, 3, 0, 1234567891},
      {"12", 10, 3, 0, 12000},
      {"-0.0000000001", 38, 10, -1, UINT64_MAX},
      {"12345678901234567890.12345", 30, 5, 0x1056e, 0x0f36a6443de2df79u},
      {"99999999999999999999999999999999999999", 38, 0, 0x4b3b4ca85a86c47a, 0x098a223fffffffffu},
  };
  (void) state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    taosuv_decimal_t value;
    if (!tuv_rest_decimal(cases[i].text, strlen(cases[i].text), cases[i].digits, cases[i].scale,
                          &value))
      fail_msg("%s is refused", cases[i].text);
    assert_true(value.high == cases[i].high);
    assert_true(value.low == cases[i].low);
  }
}

static void test_other_texts_are_no_decimals(void** state) {
  static const char* const texts[] = {"",      "-",        ".",        "1.", ".5",
                                      "+1",    "1e3",      "1.2345",   "1 ", "--1",
                                      "1.2.3", "12345678", "123456.7", "NaN"};
  (void) state;
  for (size_t i = 0; i < COUNT(texts); i++) {
    taosuv_decimal_t value;
    if (tuv_rest_decimal(texts[i], strlen(texts[i]), 8, 3, &value))
      fail_msg("'%s' is accepted", texts[i]);
  }
}

static void test_hex_is_read_back(void** state) {
  uint8_t out[4];
  (void) state;
  assert_true(tuv_rest_hex("00fF10a9", 8, out));
  assert_memory_equal(out, "\x00\xff\x10\xa9", 4);
  assert_true(tuv_rest_hex("", 0, out));
  assert_false(tuv_rest_hex("0", 1, out));
  assert_false(tuv_rest_hex("0g", 2, out));
  assert_false(tuv_rest_hex("/0", 2, out));
}

static void test_utf8_becomes_ucs4(void** state) {
  static const char text[] = "a\xc3\xa9\xe6\xb6\x9b\xf0\x9f\x99\x82";
  static const uint32_t codes[] = {'a', 0xe9, 0x6d9b, 0x1f642};
  static const char* const broken[] = {"\x80",         "\xc0\x80",         "\xe6\xb6",
                                       "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"};
  uint8_t out[64];
  (void) state;
  assert_int_equal(tuv_rest_ucs4(text, sizeof text - 1, out), sizeof codes);
  for (size_t i = 0; i < COUNT(codes); i++)
    assert_int_equal(taosuv_load_u32(out + 4 * i), codes[i]);
  for (size_t i = 0; i < COUNT(broken); i++) {
    size_t size = strlen(broken[i]);
    assert_int_equal(tuv_rest_ucs4(broken[i], size, out), 4 * size);
    for (size_t j = 0; j < size; j++) assert_int_equal(taosuv_load_u32(out + 4 * j), 0xfffd);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_times_are_read_back),
      cmocka_unit_test(test_what_the_library_formats_it_reads),
      cmocka_unit_test(test_other_texts_are_no_times),
      cmocka_unit_test(test_decimals_are_read_back),
      cmocka_unit_test(test_other_texts_are_no_decimals),
      cmocka_unit_test(test_hex_is_read_back),
      cmocka_unit_test(test_utf8_becomes_ucs4),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
