/* What the tests of the bundled server's SQL share: a store, statements run on it, and values. */
#include "sql_fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int sf_setup(void** state) {
  sf_t* f = calloc(1, sizeof *f);
  f->store = ts_store_open();
  ts_env_init(&f->env, "3.3.6.0");
  *state = f;
  return 0;
}

int sf_teardown(void** state) {
  sf_t* f = *state;
  ts_result_unref(f->outcome.result);
  ts_store_close(f->store);
  free(f);
  return 0;
}

int sf_run(sf_t* f, const char* sql) {
  ts_result_unref(f->outcome.result);
  return ts_sql_run(f->store, &f->env, sql, strlen(sql), false, &f->outcome, &f->error);
}

void sf_ok(sf_t* f, const char* sql) {
  if (sf_run(f, sql) != 0) fail_msg("%s: %d %s", sql, f->error.code, f->error.text);
}

void sf_affects(sf_t* f, const char* sql, int64_t rows) {
  sf_ok(f, sql);
  assert_null(f->outcome.result);
  assert_int_equal(f->outcome.affected_rows, rows);
}

void sf_fails(sf_t* f, const char* sql, int code, const char* text) {
  assert_int_equal(sf_run(f, sql), code);
  assert_int_equal(f->error.code, code);
  assert_string_equal(f->error.text, text);
}

void sf_refused(sf_t* f, const char* sql) {
  if (sf_run(f, sql) != 256) fail_msg("%s: %d %s", sql, f->error.code, f->error.text);
  assert_memory_equal(f->error.text, "Operation not supported: ", 25);
}

const ts_blob_t* sf_block(sf_t* f) {
  const ts_blob_t* blob = ts_result_block(f->outcome.result, 0);
  assert_non_null(blob);
  return blob;
}

void sf_gives(sf_t* f, const char* sql, uint32_t rows) {
  sf_ok(f, sql);
  assert_non_null(f->outcome.result);
  uint32_t count = 0;
  for (uint64_t i = 0; ts_result_block(f->outcome.result, i) != NULL; i++)
    count += ts_block_rows(ts_result_block(f->outcome.result, i));
  if (count != rows) fail_msg("%s: %u rows", sql, count);
}

int64_t sf_number(sf_t* f, const char* sql) {
  sf_gives(f, sql, 1);
  assert_int_equal(f->outcome.result->nfields, 1);
  const ts_blob_t* blob = sf_block(f);
  const uint8_t* at = blob->data + 28 + 5 + 4;
  assert_int_equal(*at, 0); /* not null */
  if (f->outcome.result->fields[0].type.width == 4) return (int32_t) ts_get_u32(at + 1);
  return (int64_t) ts_get_u64(at + 1);
}

double sf_real(sf_t* f, const char* sql) {
  int64_t bits = sf_number(f, sql);
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

void sf_text_is(sf_t* f, const char* sql, const char* text) {
  sf_gives(f, sql, 1);
  const uint8_t* at = sf_block(f)->data + 28 + 5 + 4 + 4;
  assert_int_equal(ts_get_u16(at), strlen(text));
  assert_memory_equal(at + 2, text, strlen(text));
}

void sf_fill_types(sf_t* f) {
  sf_ok(f, "create database cap_types_ms precision 'ms'");
  sf_ok(f, "use cap_types_ms");
  sf_ok(f,
        "create table t_all (ts timestamp, c_bool bool, c_i8 tinyint, c_i16 smallint, "
        "c_i32 int, "
        "c_i64 bigint, c_u8 tinyint unsigned, c_u16 smallint unsigned, c_u32 int unsigned, "
        "c_u64 bigint unsigned, c_f32 float, c_f64 double, c_bin varchar(64), c_nchar nchar(64), "
        "c_varbin varbinary(64), c_geo geometry(100), c_dec64 decimal(10,3), "
        "c_dec128 decimal(38,10))");
  sf_affects(
      f,
      "insert into t_all values "
      "(1700000000000, true, 127, 32767, 2147483647, 9223372036854775807, 255, 65535, "
      "4294967295, 18446744073709551615, 3.4e38, 1.7976931348623157e308, 'ascii', "
      "'\xe6\xb6\x9b\xe6\x80\x9d\xe6\x95\xb0\xe6\x8d\xae\xf0\x9f\x99\x82', '\\x00ff10', "
      "'POINT(1.5 -2.5)', 1234567.891, 1234567890123456789012345678.0123456789)"
      "('2023-11-14 22:13:21.000', false, -127, -32767, -2147483647, -9223372036854775807, 0, "
      "0, 0, 0, -1.5, -2.25, '', '', '', 'LINESTRING(0 0, 1 1, 2 3)', -0.001, -0.0000000001)"
      "(1700000002000, null, null, null, null, null, null, null, null, null, null, null, null, "
      "null, null, null, null, null)"
      "('2023-11-14T22:13:23Z', 1, 1, 2, 3, 4, 5, 6, 7, 8, 0.1, 0.1, 'it''s \\\"q\\\"', "
      "'mixed \xe4\xb8\xad\xe6\x96\x87 abc', '\\xdeadbeef', "
      "'POLYGON((0 0, 4 0, 4 4, 0 4, 0 0))', 0, 0)",
      4);
}

void sf_fill_super(sf_t* f) {
  sf_ok(f, "create database cap_super");
  sf_ok(f, "use cap_super");
  sf_ok(f,
        "create stable meters (ts timestamp, current float, voltage int, phase float) "
        "tags (location varchar(64), groupid int)");
  sf_ok(f, "create stable sites (ts timestamp, v int) tags (info json)");
  for (int i = 0; i < 4; i++) {
    char sql[512];
    int size = snprintf(sql, sizeof sql,
                        "insert into d100%d using meters tags ('California.%s', %d) values", i,
                        i % 2 == 0 ? "SanFrancisco" : "LosAngeles", i);
    for (int row = 0; row < 5; row++)
      size += snprintf(sql + size, sizeof sql - (size_t) size, " (%lld, %d.%d, %d, 0.%d)",
                       1700000000000LL + row * 1000, 10 + i, row, 215 + i + row, 25 + i);
    sf_affects(f, sql, 5);
  }
  sf_affects(f,
             "insert into s1 using sites tags ('{\"city\":\"Berlin\",\"n\":3}') "
             "values (1700000000000, 1) "
             "s2 using sites tags (null) values (1700000000000, 2)",
             2);
}

void sf_create(sf_t* f) {
  sf_ok(f, "create database if not exists db");
  sf_ok(f, "use db");
  sf_ok(f, "create table t (ts timestamp, a int, s varchar(8))");
}
