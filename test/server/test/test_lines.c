/* The bundled server's schemaless writes, beyond what the recordings show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lines/lines.h"
#include "sql_fixture.h"

/* What one write came to. */
typedef struct wrote_s {
  int code;
  int64_t affected;
  int64_t total;
  ts_error_t error;
} wrote_t;

static wrote_t insert(sf_t* f, const ts_lines_t* options, const char* data) {
  wrote_t wrote = {0};
  ts_lines_t lines = *options;
  lines.data = data;
  lines.size = strlen(data);
  if (lines.format == 0) lines.format = TS_LINES_INFLUX;
  wrote.code = ts_lines_insert(f->store, f->env.db, &lines, &wrote.affected, &wrote.total,
                               &wrote.error);
  return wrote;
}

static void writes_as(sf_t* f, const ts_lines_t* options, const char* data, int64_t rows) {
  wrote_t wrote = insert(f, options, data);
  if (wrote.code != 0) fail_msg("%s: %d %s", data, wrote.code, wrote.error.text);
  assert_int_equal(wrote.affected, rows);
}

static void writes(sf_t* f, const char* data, int64_t rows) {
  writes_as(f, &(ts_lines_t) {.format = TS_LINES_INFLUX}, data, rows);
}

static int setup(void** state) {
  int status = sf_setup(state);
  sf_ok(*state, "create database db precision 'ns'");
  sf_ok(*state, "use db");
  return status;
}

static void every_suffix_and_quote_has_its_type(void** state) {
  static const struct {
    const char* name;
    uint8_t type;
    uint32_t width;
  } columns[] = {{"_ts", TS_TIMESTAMP, 8}, {"a", TS_TINYINT, 1},   {"b", TS_SMALLINT, 2},
                 {"c", TS_INT, 4},         {"d", TS_BIGINT, 8},    {"e", TS_BIGINT, 8},
                 {"f", TS_UTINYINT, 1},    {"g", TS_USMALLINT, 2}, {"h", TS_UINT, 4},
                 {"i", TS_UBIGINT, 8},     {"j", TS_UBIGINT, 8},   {"k", TS_FLOAT, 4},
                 {"l", TS_DOUBLE, 8},      {"m", TS_DOUBLE, 8},    {"n", TS_BOOL, 1},
                 {"o", TS_BOOL, 1},        {"p", TS_VARCHAR, 4},   {"q", TS_NCHAR, 4},
                 {"r", TS_VARBINARY, 4},   {"s", TS_VARBINARY, 4}, {"t", TS_GEOMETRY, 32},
                 {"tag", TS_NCHAR, 2}};
  sf_t* f = *state;
  writes(f,
         "m,tag=x a=-128i8,b=32767i16,c=-2147483648i32,d=9223372036854775807i64,e=-1i,f=255u8,"
         "g=65535u16,h=4294967295u32,i=18446744073709551615u64,j=0u,k=1.5f32,l=-2e10f64,m=.25,"
         "n=T,o=false,p=\"a,b\",q=L\"\xc3\xa4 \",r=B\"\\x01fF\",s=b\"abc\",t=G\"POINT(1 2)\" "
         "1700000000000000001",
         1);
  sf_gives(f, "select * from m", 1);
  const ts_result_t* result = f->outcome.result;
  assert_int_equal(result->nfields, sizeof columns / sizeof *columns);
  for (uint32_t i = 0; i < result->nfields; i++) {
    assert_string_equal(result->fields[i].name, columns[i].name);
    assert_int_equal(result->fields[i].type.type, columns[i].type);
    assert_int_equal(result->fields[i].type.width, columns[i].width);
  }
  assert_int_equal(sf_number(f,
                             "select count(*) from m where _ts = 1700000000000000001 and "
                             "a = -128 and c = -2147483648 and j = 0 and l = -2e10 and n = true "
                             "and o = false and p = 'a,b'"),
                   1);
}

static void bad_lines_are_refused_and_leave_nothing(void** state) {
  static const struct {
    const char* line;
    int code;
    const char* text;
  } cases[] = {
      {"m,t=a v=300u8 1700000000000000000", 515, "out of range:300u8"},
      {"m,t=a v=-1u64 1700000000000000000", 515, "out of range:-1u64"},
      {"m,t=a v=1.5i8 1700000000000000000", 515, "invalid data:1.5i8"},
      {"m,t=a v=nan 1700000000000000000", 515, "invalid data:nan"},
      {"m,t=a v=1x 1700000000000000000", 515, "invalid data:1x"},
      {"m,t=a v=truth 1700000000000000000", 515, "invalid data:truth"},
      {"m,t=a v=B\"\\x0\" 1700000000000000000", 515, "Invalid varbinary value:B\"\\x0\""},
      {"m,t=a v=G\"POINT\" 1700000000000000000", 515, "invalid geometry:G\"POINT\""},
      {"m,t=a v=\"x 1700000000000000000", 12290,
       "SML line unbalanced quotes:\"x 1700000000000000000"},
      {"m,t= v=1 1700000000000000000", 12290, "SML line invalid value: v=1 1700000000000000000"},
      {"m,t=a=b v=1 1700000000000000000", 12290,
       "SML line invalid data:=b v=1 1700000000000000000"},
      {"m,t=a v=1,v=2 1700000000000000000", 541, "Duplicated column names: v"},
      {"m,t=a v=1,t=2 1700000000000000000", 541, "Duplicated column names: t"},
      {",t=a v=1", 522, "measure is empty or too large than 192"},
      {"", 12290, "line num is invalid"},
      {"# only a remark", 12290, "line num is invalid"},
      {"m,t=a v=1 soon", 289, "Invalid timestamp format"},
      {"m,t=a v=1 -5", 289, "Invalid timestamp format"},
      {"m,t=a v=1 1000", 1547, "Timestamp data out of range"},
  };
  sf_t* f = *state;
  writes(f, "m,t=a v=1 1700000000000000000", 1);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[512];
    bool alone = *cases[i].line == '\0' || *cases[i].line == '#';
    snprintf(text, sizeof text, "%s%s", alone ? "" : "m,t=z v=5 1700000000000000007\n",
             cases[i].line);
    wrote_t wrote = insert(f, &(ts_lines_t) {0}, text);
    assert_string_equal(wrote.error.text, cases[i].text);
    assert_int_equal(wrote.code, cases[i].code);
  }
  assert_int_equal(sf_number(f, "select count(*) from m"), 1);
}

/* What a line makes of its tag, on servers before 3.3.0.1 and on newer ones; NULL: refused. */
static void backslashes_are_read_as_by_servers_of_the_version(void** state) {
  static const struct {
    const char* line;
    const char* old_count; /* of rows that are as they should be */
    const char* new_count;
  } cases[] = {
      {"a,t=C:\\x v=1 1700000000000000000", "select count(*) from a where t = 'C:\\\\x'",
       "select count(*) from a where t = 'C:\\\\x'"},
      {"b,t=C:\\\\x v=1 1700000000000000000", "select count(*) from b where t = 'C:\\\\\\\\x'",
       "select count(*) from b where t = 'C:\\\\x'"},
      {"c,t=x\\\\,role\\\\=admin v=1 1700000000000000000",
       "select count(*) from c where t = 'x\\\\,role\\\\=admin'",
       "select count(*) from c where t = 'x\\\\' and `role\\` = 'admin'"},
      {"d,t=x\\\\ v=1 1700000000000000000", NULL, "select count(*) from d where t = 'x\\\\'"},
      {"e,t=x\\\\\\,y v=1 1700000000000000000", "select count(*) from e where t = 'x\\\\\\\\,y'",
       "select count(*) from e where t = 'x\\\\,y'"},
  };
  sf_t* f = *state;
  for (size_t i = 0; i < 2 * (sizeof cases / sizeof *cases); i++) {
    ts_lines_t options = {.format = TS_LINES_INFLUX, .old_escapes = i % 2 == 0};
    const char* count = i % 2 == 0 ? cases[i / 2].old_count : cases[i / 2].new_count;
    wrote_t wrote = insert(f, &options, cases[i / 2].line);
    assert_int_equal(wrote.code == 0, count != NULL);
    if (count == NULL) continue;
    assert_int_equal(sf_number(f, count), 1);
    char drop[32];
    snprintf(drop, sizeof drop, "drop table %c", cases[i / 2].line[0]);
    sf_ok(f, drop);
  }
}

static void tags_have_16384_bytes(void** state) {
  char line[4096], value[2100];
  sf_t* f = *state;
  memset(value, 'x', sizeof value);
  snprintf(line, sizeof line, "m,a=%.2048s v=1 1700000000000000000", value);
  assert_int_equal(insert(f, &(ts_lines_t) {0}, line).code, 9789);
  snprintf(line, sizeof line, "m,a=%.2047s v=1 1700000000000000000", value);
  writes(f, line, 1);
  snprintf(line, sizeof line, "m,a=1,b=%.1024s v=1 1700000000000000000", value);
  assert_int_equal(insert(f, &(ts_lines_t) {0}, line).code, 9789);
  snprintf(line, sizeof line, "m,a=1,b=%.1023s v=1 1700000000000000000", value);
  writes(f, line, 1);
}

static void columns_and_tags_are_added_and_widened(void** state) {
  sf_t* f = *state;
  writes(f, "m,a=1 x=1i32 1700000000000000000\nm,a=1,b=two y=\"abc\" 1700000000000000001", 2);
  writes(f, "m,a=longer,b=2 y=\"abcdefghij\" 1700000000000000002", 1);
  sf_gives(f, "select * from m", 3);
  const ts_field_t* fields = f->outcome.result->fields;
  assert_int_equal(f->outcome.result->nfields, 5);
  assert_int_equal(fields[1].type.type, TS_INT);
  assert_string_equal(fields[2].name, "y");
  assert_int_equal(fields[2].type.width, 16);
  assert_int_equal(fields[3].type.width, 8);
  assert_int_equal(fields[4].type.width, 4);
  assert_int_equal(sf_number(f, "select count(*) from m where y is null and b is null"), 1);
  wrote_t wrote = insert(f, &(ts_lines_t) {0}, "m,a=1 x=1.5 1700000000000000003");
  assert_int_equal(wrote.code, 12290);
  assert_string_equal(wrote.error.text,
                      "point type and db type mismatch. key: x. point type: "
                      "DOUBLE, db type: INT");
  sf_ok(f, "create table plain (ts timestamp, v int)");
  assert_int_equal(insert(f, &(ts_lines_t) {0}, "plain,a=1 v=1").code, 12290);
}

static void child_tables_are_named_by_their_tags_or_by_one_of_them(void** state) {
  sf_t* f = *state;
  ts_lines_t by_host = {.format = TS_LINES_INFLUX, .table_name_key = "host"};
  writes(f, "m,b=2,a=1 x=1i32 1700000000000000000\nm,a=1,b=2 x=2i32 1700000000000000001", 2);
  writes(f, "m,a=1,b=2 x=3i32 1700000000000000001\nm,a=1,b=2 x=4i32 1700000000000000001", 1);
  sf_gives(f, "show tables like 't%'", 1);
  /* md5 of "m,a=1,b=2" */
  sf_text_is(f, "select distinct tbname from m", "t_72e0cb057ec2f8571f33a481d4f16851");
  writes_as(f, &by_host, "m,host=web.01 x=1i32 1700000000000000000", 1);
  sf_text_is(f, "select tbname from m where `host` = 'web.01'", "web_01");
  writes_as(f, &by_host, "m,host=m2,a=9 x=1i32 1700000000000000000", 1);
  assert_int_equal(insert(f, &by_host, "other,host=m2 x=1i32 1700000000000000000").code, 12290);
}

static void a_point_without_tags_gets_one_that_is_null(void** state) {
  sf_t* f = *state;
  writes(f, "cpu.load one=0.5,two=0.25", 1);
  sf_gives(f, "select one, two, _tag_null from cpu_load", 1);
  assert_int_equal(sf_number(f,
                             "select count(*) from cpu_load where _tag_null is null and "
                             "_ts > now - 1h and _ts < now + 1h"),
                   1);
}

static void times_are_of_the_given_precision_and_kept_in_the_databases(void** state) {
  static const struct {
    const char* precision;
    const char* time;
    int64_t ns;
  } cases[] = {{"h", "472222", 1699999200000000000},
               {"m", "28333333", 1699999980000000000},
               {"s", "1700000000", 1700000000000000000},
               {"ms", "1700000000001", 1700000000001000000},
               {"u", "1700000000000001", 1700000000000001000},
               {"\xce\xbc", "1700000000000002", 1700000000000002000},
               {"ns", "1700000000000000003", 1700000000000000003},
               {"", "1700000000000000004", 1700000000000000004},
               {"us", "1700000000000000005", 1700000000000000005},
               {NULL, "1700000000000000006", 1700000000000000006}};
  sf_t* f = *state;
  sf_ok(f, "create database coarse");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[128];
    ts_lines_t options = {.format = TS_LINES_INFLUX, .precision = cases[i].precision};
    snprintf(text, sizeof text, "p%zu,t=a v=1 %s", i, cases[i].time);
    sf_ok(f, "use db");
    writes_as(f, &options, text, 1);
    sf_ok(f, "use coarse");
    writes_as(f, &options, text, 1);
    snprintf(text, sizeof text, "select _ts from coarse.p%zu", i);
    assert_int_equal(sf_number(f, text), cases[i].ns / 1000000);
    snprintf(text, sizeof text, "select _ts from db.p%zu", i);
    assert_int_equal(sf_number(f, text), cases[i].ns);
  }
}

static void backslashes_escape_what_separates(void** state) {
  sf_t* f = *state;
  writes(f, "m\\,x\\ y,a\\=b=c\\,d\\ e\\f\\=g f\\ h=\"i\\\"j\\\\k,l m\" 1700000000000000000", 1);
  sf_gives(f, "select `f h` from `m,x y` where `a=b` = 'c,d e\\\\f=g'", 1);
  sf_text_is(f, "select `f h` from `m,x y`", "i\"j\\k,l m");
}

static void telnet_lines_need_all_their_parts(void** state) {
  static const char* const bad[] = {"m",
                                    "m 1700000000",
                                    "m 1700000000 1",
                                    "m 170000000 1 a=b",
                                    "m 1700000000 1 a",
                                    "m 1700000000 1 a=",
                                    "m 1700000000 1 =b",
                                    "m 1700000000 x a=b",
                                    "m 1700000000 1 a=b=c",
                                    "put m 1700000000 1 a=b"};
  sf_t* f = *state;
  ts_lines_t options = {.format = TS_LINES_TELNET};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (insert(f, &options, bad[i]).code == 0) fail_msg("%s is taken", bad[i]);
  options.strip_put = true;
  writes_as(f, &options, "put m.n 1700000000 1i32 a=b  c=d\r\nm.n 1700000000001 2i32 a=b c=d", 2);
  assert_int_equal(sf_number(f, "select sum(_value) from m_n where c = 'd'"), 3);
}

static void json_values_have_the_types_they_say(void** state) {
  sf_t* f = *state;
  ts_lines_t options = {.format = TS_LINES_JSON};
  writes_as(f, &options,
            "[{\"metric\":\"j\",\"timestamp\":{\"value\":1700000000000000001,\"type\":\"ns\"},"
            "\"value\":{\"value\":7,\"type\":\"smallint\"},\"tags\":{\"a\":true,\"b\":1.5,"
            "\"c\":{\"value\":\"x\",\"type\":\"nchar\"}}},"
            "{\"metric\":\"j\",\"timestamp\":0,\"value\":{\"value\":8,\"type\":\"smallint\"},"
            "\"tags\":{\"a\":false,\"b\":2,\"c\":{\"value\":\"y\",\"type\":\"nchar\"}}}]",
            2);
  sf_gives(f,
           "select * from j where _ts = 1700000000000000001 and _value = 7 and a = true and "
           "b = 1.5 and c = 'x'",
           1);
  const ts_field_t* fields = f->outcome.result->fields;
  assert_int_equal(fields[1].type.type, TS_SMALLINT);
  assert_int_equal(fields[2].type.type, TS_BOOL);
  assert_int_equal(fields[3].type.type, TS_DOUBLE);
  assert_int_equal(fields[4].type.type, TS_NCHAR);
  static const char* const bad[] = {
      "{",
      "7",
      "[]",
      "[7]",
      "{\"metric\":\"j\"}",
      "{\"metric\":\"j\",\"timestamp\":1700000000,\"value\":null,\"tags\":{}}",
      "{\"metric\":\"j\",\"timestamp\":\"x\",\"value\":1,\"tags\":{}}",
      ("{\"metric\":\"j\",\"timestamp\":1700000000,\"value\":{\"value\":1,\"type\":\"odd\"},"
       "\"tags\":{}}")};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    wrote_t wrote = insert(f, &options, bad[i]);
    assert_int_equal(wrote.code, 545);
    assert_string_equal(wrote.error.text, "Invalid JSON format");
  }
}

static void what_cannot_be_written_to_is_said(void** state) {
  sf_t* f = *state;
  assert_int_equal(insert(f, &(ts_lines_t) {.format = 9}, "m v=1").code, 12288);
  *f->env.db = '\0';
  assert_int_equal(insert(f, &(ts_lines_t) {0}, "m v=1").code, 9750);
  strcpy(f->env.db, "nope");
  assert_int_equal(insert(f, &(ts_lines_t) {0}, "m v=1").code, 904);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, sf_teardown)
  const struct CMUnitTest tests[] = {
      TEST(every_suffix_and_quote_has_its_type),
      TEST(bad_lines_are_refused_and_leave_nothing),
      TEST(backslashes_are_read_as_by_servers_of_the_version),
      TEST(tags_have_16384_bytes),
      TEST(columns_and_tags_are_added_and_widened),
      TEST(child_tables_are_named_by_their_tags_or_by_one_of_them),
      TEST(a_point_without_tags_gets_one_that_is_null),
      TEST(times_are_of_the_given_precision_and_kept_in_the_databases),
      TEST(backslashes_escape_what_separates),
      TEST(telnet_lines_need_all_their_parts),
      TEST(json_values_have_the_types_they_say),
      TEST(what_cannot_be_written_to_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
