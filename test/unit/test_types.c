/* What the table says about each type, and about codes that are not types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/types.h"

#define LAST (TUV_TYPES + 300u)

static const uint8_t fixed[][2] = {
    {TAOSUV_TYPE_BOOL, 1},      {TAOSUV_TYPE_TINYINT, 1},    {TAOSUV_TYPE_SMALLINT, 2},
    {TAOSUV_TYPE_INT, 4},       {TAOSUV_TYPE_BIGINT, 8},     {TAOSUV_TYPE_FLOAT, 4},
    {TAOSUV_TYPE_DOUBLE, 8},    {TAOSUV_TYPE_TIMESTAMP, 8},  {TAOSUV_TYPE_UTINYINT, 1},
    {TAOSUV_TYPE_USMALLINT, 2}, {TAOSUV_TYPE_UINT, 4},       {TAOSUV_TYPE_UBIGINT, 8},
    {TAOSUV_TYPE_DECIMAL64, 8}, {TAOSUV_TYPE_DECIMAL128, 16}};

static const uint8_t variable[][2] = {{TAOSUV_TYPE_VARCHAR, 2},  {TAOSUV_TYPE_NCHAR, 2},
                                      {TAOSUV_TYPE_JSON, 2},     {TAOSUV_TYPE_VARBINARY, 2},
                                      {TAOSUV_TYPE_GEOMETRY, 2}, {TAOSUV_TYPE_BLOB, 4}};

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* What a list has for a type; 0: the type is not in it. */
static uint8_t entry_of(const uint8_t (*list)[2], size_t count, uint64_t type) {
  for (size_t i = 0; i < count; i++)
    if (list[i][0] == type) return list[i][1];
  return 0;
}

static bool is_one_of(uint64_t type, const char* names) {
  const char* name = type < TUV_TYPES ? tuv_types[type].name : "";
  size_t length = strlen(name);
  for (const char* at = names; (at = strstr(at, name)) != NULL && length > 0; at++)
    if ((at == names || at[-1] == ',') && (at[length] == ',' || at[length] == 0)) return true;
  return false;
}

static void values_are_of_fixed_size_or_have_a_prefix(void** state) {
  (void) state;
  for (uint64_t type = 0; type < LAST; type++) {
    uint8_t size = entry_of(fixed, COUNT(fixed), type);
    uint8_t prefix = entry_of(variable, COUNT(variable), type);
    assert_int_equal(tuv_type_size(type), size);
    assert_int_equal(tuv_type(type)->prefix, prefix);
    assert_int_equal(tuv_type_is_variable(type), prefix != 0);
    assert_int_equal(tuv_type(type)->kind != TUV_KIND_NONE, size != 0 || prefix != 0);
  }
}

static void kinds_are_told_apart(void** state) {
  (void) state;
  for (uint64_t type = 0; type < LAST; type++) {
    bool is_unsigned = is_one_of(type,
                                 "TINYINT UNSIGNED,SMALLINT UNSIGNED,INT UNSIGNED,"
                                 "BIGINT UNSIGNED");
    bool is_signed = is_one_of(type, "TINYINT,SMALLINT,INT,BIGINT");
    assert_int_equal(tuv_type_is_integer(type), is_signed || is_unsigned);
    assert_int_equal(tuv_type_is_decimal(type), is_one_of(type, "DECIMAL"));
    assert_int_equal(tuv_type(type)->kind == TUV_KIND_DECIMAL, is_one_of(type, "DECIMAL"));
    assert_int_equal(tuv_type(type)->kind == TUV_KIND_TEXT, is_one_of(type, "VARCHAR,NCHAR,JSON"));
    assert_int_equal(tuv_type(type)->kind == TUV_KIND_BINARY,
                     is_one_of(type, "VARBINARY,GEOMETRY,BLOB"));
    assert_int_equal(tuv_type_has_short_prefix(type),
                     is_one_of(type, "VARCHAR,NCHAR,VARBINARY,GEOMETRY"));
  }
}

static void integers_hold_what_fits_their_size(void** state) {
  (void) state;
  for (uint64_t type = 0; type < TUV_TYPES; type++) {
    bool is_signed = is_one_of(type, "TINYINT,SMALLINT,INT,BIGINT,TIMESTAMP");
    if (!is_signed && !tuv_type_is_integer(type)) continue;
    unsigned bits = 8u * tuv_type_size(type) - (is_signed ? 1 : 0);
    uint64_t max = UINT64_MAX >> (64 - bits);
    int64_t min = is_signed ? -(int64_t) max - 1 : 0;
    assert_true(tuv_type_holds_u64(type, 0) && tuv_type_holds_u64(type, max));
    assert_true(tuv_type_holds_i64(type, 0) && tuv_type_holds_i64(type, min));
    assert_int_equal(tuv_type_holds_i64(type, INT64_MAX), max >= INT64_MAX);
    if (max < UINT64_MAX) assert_false(tuv_type_holds_u64(type, max + 1));
    if (max < INT64_MAX) assert_false(tuv_type_holds_i64(type, (int64_t) max + 1));
    if (min > INT64_MIN) assert_false(tuv_type_holds_i64(type, min - 1));
  }
}

static void names_are_those_of_sql(void** state) {
  (void) state;
  assert_string_equal(taosuv_type_name(TAOSUV_TYPE_UINT), "INT UNSIGNED");
  assert_string_equal(taosuv_type_name(TAOSUV_TYPE_DECIMAL64), "DECIMAL");
  for (int type = 0; type < (int) TUV_TYPES; type++)
    assert_ptr_equal(taosuv_type_name(type), tuv_types[type].name);
  assert_null(taosuv_type_name((int) TUV_TYPES));
  assert_null(taosuv_type_name(INT32_MAX));
  assert_null(taosuv_type_name(-1));
}

static void widths_are_those_that_were_declared(void** state) {
  (void) state;
  assert_int_equal(tuv_declared_width(TAOSUV_TYPE_VARCHAR, 22), 20);
  assert_int_equal(tuv_declared_width(TAOSUV_TYPE_VARBINARY, 22), 20);
  assert_int_equal(tuv_declared_width(TAOSUV_TYPE_GEOMETRY, 22), 20);
  assert_int_equal(tuv_declared_width(TAOSUV_TYPE_NCHAR, 82), 20);
  assert_int_equal(tuv_declared_width(TAOSUV_TYPE_JSON, 4096), 1023);
  assert_int_equal(tuv_declared_width(TAOSUV_TYPE_INT, 4), 4);
  assert_int_equal(tuv_declared_width(TAOSUV_TYPE_BLOB, 77), 77);
  assert_int_equal(tuv_declared_width(TAOSUV_TYPE_VARCHAR, 1), 0);
  assert_int_equal(tuv_declared_width(TAOSUV_TYPE_NCHAR, 1), 0);
  assert_int_equal(tuv_declared_width(TAOSUV_TYPE_JSON, 3), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_are_of_fixed_size_or_have_a_prefix),
      cmocka_unit_test(kinds_are_told_apart),
      cmocka_unit_test(integers_hold_what_fits_their_size),
      cmocka_unit_test(names_are_those_of_sql),
      cmocka_unit_test(widths_are_those_that_were_declared),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
