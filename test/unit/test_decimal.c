/* DECIMAL as text, int64 and double, at its limits. */
#include "cells.h"
#include "wire/status.h"

typedef struct decimal_case_s {
  int64_t high;
  uint64_t low;
  uint8_t scale;
  const char* text;
} decimal_case_t;

static const decimal_case_t decimals[] = {
    {0, 0, 0, "0"},
    {0, 0, 3, "0.000"},
    {0, 1, 0, "1"},
    {0, 1, 3, "0.001"},
    {-1, UINT64_MAX, 5, "-0.00001"},
    {-1, 0xfffffffffffffb2e, 3, "-1.234"},
    {0, 1000000000, 0, "1000000000"},
    {0, 1000000000, 9, "1.000000000"},
    {0, 999999999, 0, "999999999"},
    {0, 1000000000000000000, 18, "1.000000000000000000"},
    {0, UINT64_MAX, 0, "18446744073709551615"},
    {1, 0, 0, "18446744073709551616"},
    {-1, 0, 0, "-18446744073709551616"},
    {-2, UINT64_MAX, 0, "-18446744073709551617"},
    {0x7fffffffffffffff, UINT64_MAX, 0, "170141183460469231731687303715884105727"},
    {0x7fffffffffffffff, UINT64_MAX, 38, "1.70141183460469231731687303715884105727"},
    {INT64_MIN, 0, 0, "-170141183460469231731687303715884105728"},
    {INT64_MIN, 0, 38, "-1.70141183460469231731687303715884105728"},
    {0x4b3b4ca85a86c47a, 0x098a223fffffffff, 0, "99999999999999999999999999999999999999"},
    {0x4b3b4ca85a86c47a, 0x098a223fffffffff, 38, "0.99999999999999999999999999999999999999"},
    {0, 1, 38, "0.00000000000000000000000000000000000001"},
};

static void test_decimals_have_all_their_scale_digits(void** state) {
  (void) state;
  for (size_t i = 0; i < COUNT(decimals); i++) {
    const decimal_case_t* c = &decimals[i];
    taosuv_decimal_t value = {c->low, c->high};
    char text[64];
    cell_t cell;
    double number;
    assert_int_equal(taosuv_format_decimal(value, c->scale, text, sizeof text), strlen(c->text));
    assert_string_equal(text, c->text);
    set_fixed(&cell, TAOSUV_TYPE_DECIMAL128, 16, c->low, (uint64_t) c->high);
    cell.column.scale = c->scale;
    assert_text(&cell, 0, c->text);
    assert_int_equal(taosuv_cell_f64(&cell.column, 0, &number), 0);
    assert_true(number == strtod(c->text, NULL));
  }
}

static void test_decimal64_is_extended_with_its_sign(void** state) {
  (void) state;
  cell_t cell;
  int64_t integer;
  set_fixed(&cell, TAOSUV_TYPE_DECIMAL64, 8, (uint64_t) -999999999999999999, 0);
  cell.column.scale = 18;
  assert_text(&cell, 0, "-0.999999999999999999");
  assert_int_equal(taosuv_cell_i64(&cell.column, 0, &integer), TUV_ETYPE);
  cell.column.scale = 0;
  assert_text(&cell, 0, "-999999999999999999");
  assert_int_equal(taosuv_cell_i64(&cell.column, 0, &integer), 0);
  assert_true(integer == -999999999999999999);
  set_fixed(&cell, TAOSUV_TYPE_DECIMAL64, 8, 0x8000000000000000, 0);
  assert_text(&cell, 0, "-9223372036854775808");
}

static void test_a_whole_decimal_is_int64_while_it_fits(void** state) {
  (void) state;
  cell_t cell;
  int64_t integer;
  set_fixed(&cell, TAOSUV_TYPE_DECIMAL128, 16, INT64_MAX, 0);
  assert_int_equal(taosuv_cell_i64(&cell.column, 0, &integer), 0);
  assert_true(integer == INT64_MAX);
  set_fixed(&cell, TAOSUV_TYPE_DECIMAL128, 16, (uint64_t) INT64_MAX + 1, 0);
  assert_int_equal(taosuv_cell_i64(&cell.column, 0, &integer), TUV_ERANGE);
  set_fixed(&cell, TAOSUV_TYPE_DECIMAL128, 16, (uint64_t) INT64_MAX + 1, UINT64_MAX);
  assert_int_equal(taosuv_cell_i64(&cell.column, 0, &integer), 0);
  assert_true(integer == INT64_MIN);
  set_fixed(&cell, TAOSUV_TYPE_DECIMAL128, 16, INT64_MAX, UINT64_MAX);
  assert_int_equal(taosuv_cell_i64(&cell.column, 0, &integer), TUV_ERANGE);
  set_fixed(&cell, TAOSUV_TYPE_DECIMAL128, 16, 0, 1);
  assert_int_equal(taosuv_cell_i64(&cell.column, 0, &integer), TUV_ERANGE);
  assert_int_equal(integer, 0);
}

static void test_a_scale_above_38_is_refused(void** state) {
  (void) state;
  taosuv_decimal_t value = {1, 0};
  char text[8] = "before";
  assert_int_equal(taosuv_format_decimal(value, 39, text, sizeof text), TUV_EINVAL);
  assert_string_equal(text, "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_decimals_have_all_their_scale_digits),
      cmocka_unit_test(test_decimal64_is_extended_with_its_sign),
      cmocka_unit_test(test_a_whole_decimal_is_int64_while_it_fits),
      cmocka_unit_test(test_a_scale_above_38_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
