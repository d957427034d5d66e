/* Values of every type: written with SQL, read as text and with the getters. */
#include "fixture.h"
#include "types.h"

/* ---- every type ---- */

/* How many of type_columns the server has. */
static uint32_t columns_of(const it_t* it) {
  if (it_can(it, IT_DECIMAL)) return TYPES_COLUMNS;
  return it_can(it, IT_GEOMETRY_AND_VARBINARY) ? TYPES_WITHOUT_DECIMAL : TYPES_OLD;
}

static int add(char* sql, size_t size, int at, const char* text) {
  return at + snprintf(sql + at, size - (size_t) at, "%s", text);
}

static void make_types(it_t* it, taosuv_client_t* client) {
  char sql[4096];
  uint32_t columns = columns_of(it);
  int at = add(sql, sizeof sql, 0, "create table types (");
  for (size_t i = 0; i < columns; i++)
    at += snprintf(sql + at, sizeof sql - (size_t) at, "%s%s %s", i > 0 ? ", " : "",
                   type_columns[i].name, type_columns[i].sql);
  add(sql, sizeof sql, at, ")");
  it_op_t op = {0};
  if (it_end(it_exec(it, client, &op, sql), &op) != 0) fail_msg("%s: %s", sql, op.message);
  at = add(sql, sizeof sql, 0, "insert into types values ");
  for (size_t row = 0; row < 3; row++)
    for (size_t i = 0; i < columns; i++)
      at += snprintf(sql + at, sizeof sql - (size_t) at, "%s%s%s", i == 0 ? "(" : ", ",
                     type_columns[i].value[row], i + 1 == columns ? ")" : "");
  at = add(sql, sizeof sql, at, "(1600000000000");
  for (size_t i = 1; i < columns; i++) at = add(sql, sizeof sql, at, ", null");
  add(sql, sizeof sql, at, ")");
  if (it_end(it_exec(it, client, &op, sql), &op) != 0) fail_msg("%s: %s", sql, op.message);
  assert_int_equal(op.exec.affected_rows, TYPES_ROWS);
}

static taosuv_client_t* with_database(it_t* it, const char* keys) {
  return it_client_db(it, it_database(it, it_client(it, ""), "ms"), keys);
}

static void check_fields(const it_t* it, const taosuv_result_t* result) {
  uint32_t count;
  const taosuv_field_t* fields = taosuv_result_fields(result, &count);
  assert_int_equal(count, columns_of(it));
  for (uint32_t i = 0; i < count; i++) {
    assert_string_equal(fields[i].name, type_columns[i].name);
    assert_int_equal(fields[i].name_length, strlen(type_columns[i].name));
    assert_int_equal(fields[i].type, type_columns[i].type);
    assert_int_equal(fields[i].length, type_columns[i].length);
    assert_int_equal(fields[i].precision, type_columns[i].precision);
    assert_int_equal(fields[i].scale, type_columns[i].scale);
  }
}

static void check_cell(const taosuv_column_t* column, uint32_t row, const char* expected) {
  char text[256];
  int length = taosuv_format_cell(column, row, 0, text, sizeof text);
  assert_int_equal(length, strlen(expected));
  assert_string_equal(text, expected);
}

/* By time: the least, the NULLs, then the first and the third of type_columns. */
static void every_type_comes_back_as_text(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = with_database(it, "");
  make_types(it, client);
  taosuv_result_t* result = it_rows(it, client, "select * from types order by ts");
  check_fields(it, result);
  assert_int_equal(taosuv_result_precision(result), TAOSUV_PRECISION_MS);
  taosuv_block_t* block = it_block(it, result);
  assert_int_equal(taosuv_block_rows(block), TYPES_ROWS);
  assert_int_equal(taosuv_block_columns(block), columns_of(it));
  for (uint32_t i = 0; i < columns_of(it); i++) {
    taosuv_column_t column;
    assert_int_equal(taosuv_block_column(block, i, &column), 0);
    assert_int_equal(column.type, type_columns[i].type);
    check_cell(&column, 0, type_columns[i].text[1]);
    check_cell(&column, 1, i == 0 ? "2020-09-13T12:26:40.000Z" : "NULL");
    assert_int_equal(taosuv_is_null(&column, 1), i > 0);
    check_cell(&column, 2, type_columns[i].text[0]);
    check_cell(&column, 3, type_columns[i].text[2]);
  }
  taosuv_block_unref(block);
  taosuv_result_close(result);
}

static taosuv_column_t column_of(const taosuv_block_t* block, uint32_t index) {
  taosuv_column_t column;
  assert_int_equal(taosuv_block_column(block, index, &column), 0);
  return column;
}

static void check_decimals(const taosuv_column_t* narrow, const taosuv_column_t* wide) {
  taosuv_decimal_t decimal = taosuv_get_decimal(narrow, 0);
  assert_true((int64_t) decimal.low == -1 && decimal.high == -1);
  decimal = taosuv_get_decimal(narrow, 1);
  assert_true(decimal.low == 1234567891 && decimal.high == 0);
  decimal = taosuv_get_decimal(wide, 0);
  assert_true((int64_t) decimal.low == -1 && decimal.high == -1);
}

static void every_type_comes_back_by_its_getter(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = with_database(it, "");
  make_types(it, client);
  taosuv_result_t* result = it_rows(it, client,
                                    "select * from types where ts <> 1600000000000 order by ts");
  taosuv_block_t* block = it_block(it, result);
  taosuv_column_t c[TYPES_COLUMNS];
  for (uint32_t i = 0; i < columns_of(it); i++) c[i] = column_of(block, i);
  assert_true(taosuv_get_i64(&c[0], 0) == 1500000000000 &&
              taosuv_get_i64(&c[0], 1) == 1700000000000);
  assert_true(!taosuv_get_bool(&c[1], 0) && taosuv_get_bool(&c[1], 1));
  assert_true(taosuv_get_i8(&c[2], 0) == -127 && taosuv_get_i8(&c[2], 1) == INT8_MAX);
  assert_true(taosuv_get_i16(&c[3], 0) == -32767 && taosuv_get_i16(&c[3], 1) == INT16_MAX);
  assert_true(taosuv_get_i32(&c[4], 0) == -INT32_MAX && taosuv_get_i32(&c[4], 1) == INT32_MAX);
  assert_true(taosuv_get_i64(&c[5], 0) == -INT64_MAX && taosuv_get_i64(&c[5], 1) == INT64_MAX);
  assert_true(taosuv_get_u8(&c[6], 0) == 0 && taosuv_get_u8(&c[6], 1) == UINT8_MAX);
  assert_true(taosuv_get_u16(&c[7], 0) == 0 && taosuv_get_u16(&c[7], 1) == UINT16_MAX);
  assert_true(taosuv_get_u32(&c[8], 0) == 0 && taosuv_get_u32(&c[8], 1) == UINT32_MAX);
  assert_true(taosuv_get_u64(&c[9], 0) == 0 && taosuv_get_u64(&c[9], 1) == UINT64_MAX);
  assert_true(taosuv_get_f32(&c[10], 0) == -1.5f && taosuv_get_f32(&c[10], 1) == 3.4e38f);
  assert_true(taosuv_get_f64(&c[11], 0) == -2.25);
  assert_true(taosuv_get_f64(&c[11], 1) == 1.7976931348623157e308);
  uint32_t length;
  assert_non_null(taosuv_get_bytes(&c[12], 0, &length)); /* empty is not NULL */
  assert_int_equal(length, 0);
  assert_memory_equal(taosuv_get_bytes(&c[12], 1, &length), "ascii", 5);
  assert_int_equal(length, 5);
  const uint8_t* nchar = taosuv_get_bytes(&c[13], 1, &length);
  char utf8[8];
  assert_int_equal(length, 8); /* two characters of UCS-4 */
  assert_int_equal(taosuv_nchar_utf8(nchar, length, utf8, sizeof utf8), 7);
  assert_memory_equal(utf8, "\xe6\xb6\x9b\xf0\x9f\x99\x82", 7);
  if (it_can(it, IT_GEOMETRY_AND_VARBINARY)) {
    assert_memory_equal(taosuv_get_bytes(&c[14], 1, &length), "\x00\xff\x10", 3);
    assert_int_equal(length, 3);
  }
  if (it_can(it, IT_DECIMAL)) check_decimals(&c[16], &c[17]);
  taosuv_block_unref(block);
  taosuv_result_close(result);
}

static void a_database_keeps_its_precision(void** state) {
  it_t* it = *state;
  static const struct {
    const char* name;
    taosuv_precision_t precision;
    int64_t value;
    const char* text;
  } cases[] = {{"ms", TAOSUV_PRECISION_MS, 1700000000123, "2023-11-14T22:13:20.123Z"},
               {"us", TAOSUV_PRECISION_US, 1700000000123456, "2023-11-14T22:13:20.123456Z"},
               {"ns", TAOSUV_PRECISION_NS, 1700000000123456789, "2023-11-14T22:13:20.123456789Z"}};
  taosuv_client_t* client = it_client(it, "");
  for (size_t i = 0; i < COUNT(cases); i++) {
    char sql[128], text[64];
    uint32_t count;
    const char* db = it_database(it, client, cases[i].name);
    it_ok(it, client, "create table %s.t (ts timestamp, a int)", db);
    it_ok(it, client, "insert into %s.t values (%lld, 1)", db, (long long) cases[i].value);
    snprintf(sql, sizeof sql, "select ts, a from %s.t", db);
    taosuv_result_t* result = it_rows(it, client, sql);
    assert_int_equal(taosuv_result_precision(result), cases[i].precision);
    assert_int_equal(taosuv_result_fields(result, &count)[0].precision, cases[i].precision);
    taosuv_block_t* block = it_block(it, result);
    taosuv_column_t ts = column_of(block, 0);
    assert_int_equal(ts.precision, cases[i].precision);
    assert_true(taosuv_get_i64(&ts, 0) == cases[i].value);
    taosuv_format_cell(&ts, 0, 0, text, sizeof text);
    assert_string_equal(text, cases[i].text);
    taosuv_block_unref(block);
    taosuv_result_close(result);
  }
}

static void tags_and_names_of_child_tables_are_columns(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = with_database(it, "");
  it_ok(it, client, "create stable st (ts timestamp, v int) tags (info json)");
  it_ok(it, client, "insert into s1 using st tags ('{\"city\":\"Berlin\"}') values (1, 10)");
  taosuv_result_t* result = it_rows(it, client, "select tbname, info, v from st order by ts");
  taosuv_block_t* block = it_block(it, result);
  taosuv_column_t name = column_of(block, 0), info = column_of(block, 1);
  check_cell(&name, 0, "s1");
  assert_int_equal(info.type, TAOSUV_TYPE_JSON);
  check_cell(&info, 0, "{\"city\":\"Berlin\"}");
  taosuv_block_unref(block);
  taosuv_result_close(result);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(every_type_comes_back_as_text),
      IT_TEST(every_type_comes_back_by_its_getter),
      IT_TEST(a_database_keeps_its_precision),
      IT_TEST(tags_and_names_of_child_tables_are_columns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
