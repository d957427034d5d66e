/* FLOAT and DOUBLE as text: the shortest that reads back, at every exponent. */
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "cells.h"
#include "wire/status.h"

static uint64_t bits_of_double(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static uint32_t bits_of_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

typedef struct real_case_s {
  double value;
  const char* text;
} real_case_t;

static const real_case_t doubles[] = {
    {0.0, "0"},
    {-0.0, "-0"},
    {1.0, "1"},
    {-2.5, "-2.5"},
    {0.1, "0.1"},
    {100.0, "100"},
    {1e15, "1000000000000000"},
    {123456789.125, "123456789.125"},
    {DBL_MAX, "1.7976931348623157e308"},
    {-DBL_MAX, "-1.7976931348623157e308"},
    {DBL_MIN, "2.2250738585072014e-308"},
    {5e-324, "5e-324"},
    {0.1 + 0.2, "0.30000000000000004"},
    {9007199254740993.0, "9007199254740992"},
    {INFINITY, "Infinity"},
    {-INFINITY, "-Infinity"},
};

static void test_doubles_have_their_shortest_text(void** state) {
  (void) state;
  for (size_t i = 0; i < COUNT(doubles); i++) {
    cell_t cell;
    double number;
    set_fixed(&cell, TAOSUV_TYPE_DOUBLE, 8, bits_of_double(doubles[i].value), 0);
    assert_text(&cell, 0, doubles[i].text);
    assert_int_equal(taosuv_cell_f64(&cell.column, 0, &number), 0);
    assert_true(number == doubles[i].value);
  }
}

static void test_not_a_number_is_written_NaN_with_either_sign(void** state) {
  (void) state;
  cell_t cell;
  set_fixed(&cell, TAOSUV_TYPE_DOUBLE, 8, 0x7ff8000000000000, 0);
  assert_text(&cell, 0, "NaN");
  set_fixed(&cell, TAOSUV_TYPE_DOUBLE, 8, 0xfff0000000000001, 0);
  assert_text(&cell, 0, "NaN");
  set_fixed(&cell, TAOSUV_TYPE_FLOAT, 4, 0xffc00000, 0);
  assert_text(&cell, 0, "NaN");
}

static void test_every_double_reads_back(void** state) {
  (void) state;
  uint64_t bits = 88172645463325252u;
  for (int i = 0; i < 100000; i++) {
    char text[64];
    cell_t cell;
    bits ^= bits << 13;
    bits ^= bits >> 7;
    bits ^= bits << 17;
    set_fixed(&cell, TAOSUV_TYPE_DOUBLE, 8, bits, 0);
    if ((bits >> 52 & 0x7ff) == 0x7ff) continue;
    assert_true(taosuv_format_cell(&cell.column, 0, 0, text, sizeof text) > 0);
    if (bits_of_double(strtod(text, NULL)) != bits) fail_msg("%s", text);
  }
}

static const real_case_t floats[] = {
    {0.0, "0"},
    {-0.0, "-0"},
    {1.0, "1"},
    {0.1f, "0.1"},
    {-1.5, "-1.5"},
    {10.3f, "10.3"},
    {3.4e38f, "3.4e38"},
    {FLT_MAX, "3.4028235e38"},
    {-FLT_MAX, "-3.4028235e38"},
    {FLT_MIN, "1.1754944e-38"},
    {1e-45f, "1e-45"},
    {16777216.0, "16777216"},
    {1e10f, "10000000000"},
    {0.3f, "0.3"},
    {3.1415927f, "3.1415927"},
    {1e-7f, "1e-7"},
    {INFINITY, "Infinity"},
    {-INFINITY, "-Infinity"},
};

static void test_floats_have_their_shortest_text(void** state) {
  (void) state;
  for (size_t i = 0; i < COUNT(floats); i++) {
    cell_t cell;
    double number;
    set_fixed(&cell, TAOSUV_TYPE_FLOAT, 4, bits_of_float((float) floats[i].value), 0);
    assert_text(&cell, 0, floats[i].text);
    assert_int_equal(taosuv_cell_f64(&cell.column, 0, &number), 0);
    assert_true(number == floats[i].value);
  }
}

/* How many digits a text has between its first and its last one that is not zero. */
static int count_digits(const char* text) {
  int count = 0, zeros = 0;
  for (; *text != '\0' && *text != 'e'; text++) {
    if (*text < '0' || *text > '9' || (*text == '0' && count == 0)) continue;
    zeros = *text == '0' ? zeros + 1 : 0;
    count++;
  }
  return count - zeros;
}

static void check_float(uint32_t bits) {
  char text[64], shorter[64];
  cell_t cell;
  set_fixed(&cell, TAOSUV_TYPE_FLOAT, 4, bits, 0);
  assert_true(taosuv_format_cell(&cell.column, 0, 0, text, sizeof text) > 0);
  if (bits_of_float(strtof(text, NULL)) != bits) fail_msg("%08x: %s", bits, text);
  int digits = count_digits(text);
  assert_in_range(digits, 1, 9);
  if (digits == 1) return;
  float value = strtof(text, NULL);
  snprintf(shorter, sizeof shorter, "%.*e", digits - 2, (double) value);
  /* One digit less is another number, or lies exactly in the middle of two. */
  if (bits_of_float(strtof(shorter, NULL)) == bits) {
    double exact = strtod(shorter, NULL);
    uint32_t away = (exact > value) == (value > 0) ? bits + 1 : bits - 1;
    float next;
    memcpy(&next, &away, sizeof next);
    if (exact != ((double) value + next) / 2) fail_msg("%s: %s would do", text, shorter);
  }
}

static void test_every_float_reads_back_and_has_no_digit_too_many(void** state) {
  (void) state;
  uint32_t bits = 2463534242u;
  for (uint32_t exponent = 0; exponent < 255; exponent++) {
    check_float(exponent << 23 | 1);
    check_float(exponent << 23 | 0x7fffff);
    if (exponent > 0) check_float(exponent << 23); /* the lower neighbour is nearer */
    check_float(0x80000000u | exponent << 23 | 0x2aaaaa);
  }
  for (int i = 0; i < 100000; i++) {
    bits ^= bits << 13;
    bits ^= bits >> 17;
    bits ^= bits << 5;
    if ((bits & 0x7f800000) != 0x7f800000 && (bits & 0x7fffffff) != 0) check_float(bits);
  }
}

static void test_reals_have_no_int64(void** state) {
  (void) state;
  cell_t cell;
  int64_t integer = 99;
  set_fixed(&cell, TAOSUV_TYPE_DOUBLE, 8, 0, 0);
  assert_int_equal(taosuv_cell_i64(&cell.column, 0, &integer), TUV_ETYPE);
  assert_int_equal(integer, 0);
  set_fixed(&cell, TAOSUV_TYPE_FLOAT, 4, 0, 0);
  assert_int_equal(taosuv_cell_i64(&cell.column, 0, &integer), TUV_ETYPE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_doubles_have_their_shortest_text),
      cmocka_unit_test(test_not_a_number_is_written_NaN_with_either_sign),
      cmocka_unit_test(test_every_double_reads_back),
      cmocka_unit_test(test_floats_have_their_shortest_text),
      cmocka_unit_test(test_every_float_reads_back_and_has_no_digit_too_many),
      cmocka_unit_test(test_reals_have_no_int64),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
