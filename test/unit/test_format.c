/* Cells as text, int64 and double: integers, texts, bytes, NULL; the names of the types. */
#include "cells.h"
#include "wire/status.h"

/* ---- names ---- */

static void test_types_have_their_sql_names(void** state) {
  (void) state;
  assert_string_equal(taosuv_type_name(TAOSUV_TYPE_NULL), "NULL");
  assert_string_equal(taosuv_type_name(TAOSUV_TYPE_BINARY), "VARCHAR");
  assert_string_equal(taosuv_type_name(14), "BIGINT UNSIGNED");
  assert_string_equal(taosuv_type_name(17), "DECIMAL");
  assert_string_equal(taosuv_type_name(21), "DECIMAL");
  assert_null(taosuv_type_name(22));
  assert_null(taosuv_type_name(-1));
}

/* ---- integers, BOOL, TIMESTAMP ---- */

typedef struct integer_case_s {
  taosuv_type_t type;
  uint8_t size;
  uint64_t bits;
  int64_t value;
  const char* text;
} integer_case_t;

static const integer_case_t integers[] = {
    {TAOSUV_TYPE_BOOL, 1, 0, 0, "false"},
    {TAOSUV_TYPE_BOOL, 1, 1, 1, "true"},
    {TAOSUV_TYPE_BOOL, 1, 255, 1, "true"},
    {TAOSUV_TYPE_TINYINT, 1, 0x80, -128, "-128"},
    {TAOSUV_TYPE_TINYINT, 1, 0x7f, 127, "127"},
    {TAOSUV_TYPE_SMALLINT, 2, 0x8000, -32768, "-32768"},
    {TAOSUV_TYPE_SMALLINT, 2, 0x7fff, 32767, "32767"},
    {TAOSUV_TYPE_INT, 4, 0x80000000, INT32_MIN, "-2147483648"},
    {TAOSUV_TYPE_INT, 4, 0x7fffffff, INT32_MAX, "2147483647"},
    {TAOSUV_TYPE_INT, 4, 0, 0, "0"},
    {TAOSUV_TYPE_BIGINT, 8, 0x8000000000000000, INT64_MIN, "-9223372036854775808"},
    {TAOSUV_TYPE_BIGINT, 8, INT64_MAX, INT64_MAX, "9223372036854775807"},
    {TAOSUV_TYPE_UTINYINT, 1, 0xff, 255, "255"},
    {TAOSUV_TYPE_USMALLINT, 2, 0xffff, 65535, "65535"},
    {TAOSUV_TYPE_UINT, 4, 0xffffffff, UINT32_MAX, "4294967295"},
    {TAOSUV_TYPE_UBIGINT, 8, INT64_MAX, INT64_MAX, "9223372036854775807"},
    {TAOSUV_TYPE_UBIGINT, 8, 10, 10, "10"},
    {TAOSUV_TYPE_TIMESTAMP, 8, UINT64_MAX, -1, "1969-12-31T23:59:59.999Z"},
};

static void test_integers_have_text_int64_and_double(void** state) {
  (void) state;
  for (size_t i = 0; i < COUNT(integers); i++) {
    const integer_case_t* c = &integers[i];
    cell_t cell;
    int64_t integer = 99;
    double number = 99;
    set_fixed(&cell, c->type, c->size, c->bits, 0);
    assert_text(&cell, 0, c->text);
    assert_int_equal(taosuv_cell_i64(&cell.column, 0, &integer), 0);
    assert_true(integer == c->value);
    assert_int_equal(taosuv_cell_f64(&cell.column, 0, &number), 0);
    assert_true(number == (double) c->value);
    cell.meta = 0x80;
    assert_text(&cell, 0, "NULL");
    assert_int_equal(taosuv_cell_i64(&cell.column, 0, &integer), TUV_ENODATA);
    assert_int_equal(integer, 0);
    assert_int_equal(taosuv_cell_f64(&cell.column, 0, &number), TUV_ENODATA);
    assert_true(number == 0);
  }
}

static void test_an_unsigned_value_beyond_int64_is_out_of_range(void** state) {
  (void) state;
  cell_t cell;
  int64_t integer = 99;
  double number;
  set_fixed(&cell, TAOSUV_TYPE_UBIGINT, 8, UINT64_MAX, 0);
  assert_text(&cell, 0, "18446744073709551615");
  assert_int_equal(taosuv_cell_i64(&cell.column, 0, &integer), TUV_ERANGE);
  assert_int_equal(integer, 0);
  assert_int_equal(taosuv_cell_f64(&cell.column, 0, &number), 0);
  assert_true(number == 18446744073709551616.0);
}

/* ---- texts and bytes ---- */

static void test_texts_are_written_as_they_are(void** state) {
  (void) state;
  cell_t cell;
  set_variable(&cell, TAOSUV_TYPE_VARCHAR, "it's \xe6\xb6\x9b", 8);
  assert_text(&cell, 0, "it's \xe6\xb6\x9b");
  set_variable(&cell, TAOSUV_TYPE_VARCHAR, "", 0);
  assert_text(&cell, 0, "");
  set_variable(&cell, TAOSUV_TYPE_JSON, "{\"a\":1}", 7);
  assert_text(&cell, 0, "{\"a\":1}");
}

static void test_bytes_are_lower_case_hex(void** state) {
  (void) state;
  static const taosuv_type_t types[] = {TAOSUV_TYPE_VARBINARY, TAOSUV_TYPE_GEOMETRY,
                                        TAOSUV_TYPE_BLOB};
  for (size_t i = 0; i < COUNT(types); i++) {
    cell_t cell;
    set_variable(&cell, types[i], "\x00\x01\xab\xff", 4);
    assert_text(&cell, 0, "0001abff");
    set_variable(&cell, types[i], "", 0);
    assert_text(&cell, 0, "");
  }
}

static void test_a_null_of_every_variable_type_is_NULL(void** state) {
  (void) state;
  static const taosuv_type_t types[] = {TAOSUV_TYPE_VARCHAR, TAOSUV_TYPE_NCHAR,
                                        TAOSUV_TYPE_JSON,    TAOSUV_TYPE_VARBINARY,
                                        TAOSUV_TYPE_BLOB,    TAOSUV_TYPE_GEOMETRY};
  for (size_t i = 0; i < COUNT(types); i++) {
    cell_t cell;
    int64_t integer = 99;
    double number = 99;
    set_variable(&cell, types[i], "x", 1);
    cell.column.offsets = null_offset;
    assert_text(&cell, 0, "NULL");
    assert_int_equal(taosuv_cell_i64(&cell.column, 0, &integer), TUV_ETYPE);
    assert_int_equal(taosuv_cell_f64(&cell.column, 0, &number), TUV_ETYPE);
    assert_int_equal(integer, 0);
    assert_true(number == 0);
  }
}

static void test_types_without_text_are_refused(void** state) {
  (void) state;
  static const uint8_t types[] = {0, 19, 22, 255};
  for (size_t i = 0; i < COUNT(types); i++) {
    cell_t cell;
    char text[8] = "before";
    set_variable(&cell, TAOSUV_TYPE_VARCHAR, "x", 1);
    cell.column.type = types[i];
    assert_int_equal(taosuv_format_cell(&cell.column, 0, 0, text, sizeof text), TUV_ETYPE);
    assert_string_equal(text, "");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_types_have_their_sql_names),
      cmocka_unit_test(test_integers_have_text_int64_and_double),
      cmocka_unit_test(test_an_unsigned_value_beyond_int64_is_out_of_range),
      cmocka_unit_test(test_texts_are_written_as_they_are),
      cmocka_unit_test(test_bytes_are_lower_case_hex),
      cmocka_unit_test(test_a_null_of_every_variable_type_is_NULL),
      cmocka_unit_test(test_types_without_text_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
