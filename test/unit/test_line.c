/* The writer of line protocol: tables of cases, and whatever it writes is read back. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_probe.h"
#include "line_reader.h"
#include "taosuv.h"

#define NUL TAOSUV_NUL_TERMINATED

static int setup(void** state) {
  taosuv_line_t* line;
  int status = taosuv_line_create(NULL, &line);
  *state = line;
  return status;
}

static int teardown(void** state) {
  taosuv_line_free(*state);
  return 0;
}

static void text_is(const taosuv_line_t* line, const char* expected) {
  size_t length;
  const char* text = taosuv_line_text(line, &length);
  assert_int_equal(length, strlen(expected));
  if (length == 0) {
    assert_null(text);
  } else {
    assert_memory_equal(text, expected, length);
  }
}

/* One field of a point of its own; returns the status of the field. */
static int write_field(taosuv_line_t* line, taosuv_type_t type, taosuv_value_t value) {
  taosuv_line_clear(line);
  assert_int_equal(taosuv_line_begin(line, "m", 1), 0);
  int status = taosuv_line_field(line, "f", 1, type, value);
  if (status == 0 && value.kind != TAOSUV_VALUE_NULL) assert_int_equal(taosuv_line_end(line, 7), 0);
  return status;
}

static void fields_have_the_suffix_or_quotes_of_their_type(void** state) {
  static const struct {
    taosuv_type_t type;
    taosuv_value_t value;
    const char* text;
  } cases[] = {
      {TAOSUV_TYPE_BOOL, {TAOSUV_VALUE_BOOL, 0, {1}}, "true"},
      {TAOSUV_TYPE_BOOL, {TAOSUV_VALUE_BOOL, 0, {0}}, "false"},
      {TAOSUV_TYPE_TINYINT, {TAOSUV_VALUE_I64, 0, {-128}}, "-128i8"},
      {TAOSUV_TYPE_SMALLINT, {TAOSUV_VALUE_I64, 0, {32767}}, "32767i16"},
      {TAOSUV_TYPE_INT, {TAOSUV_VALUE_I64, 0, {-2147483648}}, "-2147483648i32"},
      {TAOSUV_TYPE_BIGINT, {TAOSUV_VALUE_I64, 0, {INT64_MIN}}, "-9223372036854775808i64"},
      {TAOSUV_TYPE_BIGINT, {TAOSUV_VALUE_U64, 0, {.u64 = INT64_MAX}}, "9223372036854775807i64"},
      {TAOSUV_TYPE_UTINYINT, {TAOSUV_VALUE_I64, 0, {255}}, "255u8"},
      {TAOSUV_TYPE_USMALLINT, {TAOSUV_VALUE_U64, 0, {65535}}, "65535u16"},
      {TAOSUV_TYPE_UINT, {TAOSUV_VALUE_I64, 0, {4294967295}}, "4294967295u32"},
      {TAOSUV_TYPE_UBIGINT, {TAOSUV_VALUE_U64, 0, {.u64 = UINT64_MAX}}, "18446744073709551615u64"},
      {TAOSUV_TYPE_FLOAT, {TAOSUV_VALUE_F64, 0, {.f64 = 0.1}}, "0.1f32"},
      {TAOSUV_TYPE_DOUBLE, {TAOSUV_VALUE_F64, 0, {.f64 = 0.1}}, "0.1f64"},
      {TAOSUV_TYPE_DOUBLE, {TAOSUV_VALUE_F64, 0, {.f64 = -2}}, "-2f64"},
      {TAOSUV_TYPE_VARCHAR, {TAOSUV_VALUE_TEXT, NUL, {.bytes = "a b,c=d"}}, "\"a b,c=d\""},
      {TAOSUV_TYPE_VARCHAR, {TAOSUV_VALUE_TEXT, 0, {.bytes = NULL}}, "\"\""},
      {TAOSUV_TYPE_VARCHAR, {TAOSUV_VALUE_TEXT, 3, {.bytes = "\"\\xy"}}, "\"\\\"\\\\x\""},
      {TAOSUV_TYPE_NCHAR, {TAOSUV_VALUE_TEXT, NUL, {.bytes = "\xe6\xb6\x9b"}}, "L\"\xe6\xb6\x9b\""},
      {TAOSUV_TYPE_VARBINARY, {TAOSUV_VALUE_BYTES, 3, {.bytes = "\0\xff\n"}}, "B\"\\x00ff0a\""},
      {TAOSUV_TYPE_VARBINARY, {TAOSUV_VALUE_TEXT, NUL, {.bytes = "hi"}}, "B\"\\x6869\""},
      {TAOSUV_TYPE_VARBINARY, {TAOSUV_VALUE_BYTES, 0, {.bytes = NULL}}, "B\"\""},
      {TAOSUV_TYPE_GEOMETRY, {TAOSUV_VALUE_TEXT, NUL, {.bytes = "POINT(1 2)"}}, "G\"POINT(1 2)\""},
  };
  taosuv_line_t* line = *state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char expected[128];
    if (write_field(line, cases[i].type, cases[i].value) != 0)
      fail_msg("%s: %s", cases[i].text, taosuv_line_error(line));
    snprintf(expected, sizeof expected, "m f=%s 7\n", cases[i].text);
    text_is(line, expected);
  }
}

static void values_that_do_not_fit_are_named(void** state) {
  static char longest[65519];
  memset(longest, 'x', sizeof longest);
  const struct {
    taosuv_type_t type;
    taosuv_value_t value;
    int status;
    const char* error;
  } cases[] = {
      {TAOSUV_TYPE_TINYINT, taosuv_i64(128), TAOSUV_ERANGE,
       "the integer is outside the range of TINYINT"},
      {TAOSUV_TYPE_TINYINT, taosuv_i64(-129), TAOSUV_ERANGE,
       "the integer is outside the range of TINYINT"},
      {TAOSUV_TYPE_UINT, taosuv_i64(-1), TAOSUV_ERANGE,
       "the integer is outside the range of INT UNSIGNED"},
      {TAOSUV_TYPE_BIGINT, taosuv_u64(UINT64_MAX), TAOSUV_ERANGE,
       "the integer is outside the range of BIGINT"},
      {TAOSUV_TYPE_INT, taosuv_f64(1), TAOSUV_ETYPE,
       "a value of this kind cannot be written to a field of type INT"},
      {TAOSUV_TYPE_DOUBLE, taosuv_i64(1), TAOSUV_ETYPE,
       "a value of this kind cannot be written to a field of type DOUBLE"},
      {TAOSUV_TYPE_BOOL, taosuv_i64(1), TAOSUV_ETYPE,
       "a value of this kind cannot be written to a field of type BOOL"},
      {TAOSUV_TYPE_VARCHAR, taosuv_bytes("x", 1), TAOSUV_ETYPE,
       "a value of this kind cannot be written to a field of type VARCHAR"},
      {TAOSUV_TYPE_DOUBLE, taosuv_f64(strtod("nan", NULL)), TAOSUV_ERANGE,
       "line protocol cannot carry the number as DOUBLE"},
      {TAOSUV_TYPE_FLOAT, taosuv_f64(strtod("-inf", NULL)), TAOSUV_ERANGE,
       "line protocol cannot carry the number as FLOAT"},
      {TAOSUV_TYPE_FLOAT, taosuv_f64(3.5e38), TAOSUV_ERANGE,
       "line protocol cannot carry the number as FLOAT"},
      {TAOSUV_TYPE_VARCHAR, taosuv_text("a\nb", NUL), TAOSUV_EINVAL,
       "the value of a field contains a newline or a NUL"},
      {TAOSUV_TYPE_NCHAR, taosuv_text("a\0b", 3), TAOSUV_EINVAL,
       "the value of a field contains a newline or a NUL"},
      {TAOSUV_TYPE_NCHAR, taosuv_text("\xff", 1), TAOSUV_EINVAL,
       "the value of a field is not UTF-8"},
      {TAOSUV_TYPE_NCHAR, taosuv_text(NULL, 1), TAOSUV_EINVAL, "the value of a field is missing"},
      {TAOSUV_TYPE_NCHAR, taosuv_text(longest, 16380), TAOSUV_ERANGE,
       "the value of a field has 16380 bytes; at most 16379 are allowed"},
      {TAOSUV_TYPE_VARCHAR, taosuv_text(longest, 65518), TAOSUV_ERANGE,
       "the value of a field has 65518 bytes; at most 65517 are allowed"},
      {TAOSUV_TYPE_GEOMETRY, taosuv_text("", 0), TAOSUV_EINVAL, "the geometry is empty"},
      {TAOSUV_TYPE_GEOMETRY, taosuv_text("x\",y=1", NUL), TAOSUV_EINVAL, "the geometry is not WKT"},
      {TAOSUV_TYPE_TIMESTAMP, taosuv_i64(1), TAOSUV_ETYPE,
       "line protocol has no fields of type TIMESTAMP"},
      {TAOSUV_TYPE_JSON, taosuv_text("{}", 2), TAOSUV_ETYPE,
       "line protocol has no fields of type JSON"},
      {(taosuv_type_t) 99, taosuv_null(), TAOSUV_ETYPE, "line protocol has no fields of type ?"},
  };
  taosuv_line_t* line = *state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(write_field(line, cases[i].type, cases[i].value), cases[i].status);
    assert_string_equal(taosuv_line_error(line), cases[i].error);
    text_is(line, "");
  }
}

static void names_are_escaped_where_they_must_be(void** state) {
  taosuv_line_t* line = *state;
  assert_int_equal(taosuv_line_begin(line, "a,b c=d\"\\e", NUL), 0);
  assert_int_equal(taosuv_line_tag(line, "k,1 =\\x", NUL, "v,2 =\\y\\z,", NUL), 0);
  assert_int_equal(taosuv_line_field(line, "f,3 =\"", NUL, TAOSUV_TYPE_BOOL, taosuv_bool(1)), 0);
  assert_int_equal(taosuv_line_end(line, 0), 0);
  text_is(line, "a\\,b\\ c=d\"\\e,k\\,1\\ \\=\\x=v\\,2\\ \\=\\y\\z\\, f\\,3\\ \\=\"=true\n");
}

static void names_that_cannot_be_written_are_refused(void** state) {
  static const struct {
    const char* name;
    size_t length;
    const char* error; /* behind what it is about */
  } cases[] = {{NULL, 1, " is missing"},
               {"", NUL, " is empty"},
               {"a\nb", NUL, " contains a newline or a NUL"},
               {"a\0b", 3, " contains a newline or a NUL"},
               {"\xc3", 1, " is not UTF-8"}};
  static const char* const whats[] = {"the measurement", "the key of a tag", "the value of a tag",
                                      "the key of a field"};
  taosuv_line_t* line = *state;
  for (size_t i = 0; i < 4 * (sizeof cases / sizeof *cases); i++) {
    const char* name = cases[i / 4].name;
    size_t length = cases[i / 4].length;
    char expected[128];
    int status = 0;
    taosuv_line_clear(line);
    if (i % 4 == 0) status = taosuv_line_begin(line, name, length);
    if (i % 4 != 0) assert_int_equal(taosuv_line_begin(line, "m", 1), 0);
    if (i % 4 == 1) status = taosuv_line_tag(line, name, length, "v", 1);
    if (i % 4 == 2) status = taosuv_line_tag(line, "k", 1, name, length);
    if (i % 4 == 3)
      status = taosuv_line_field(line, name, length, TAOSUV_TYPE_BOOL, taosuv_bool(0));
    assert_int_equal(status, TAOSUV_EINVAL);
    snprintf(expected, sizeof expected, "%s%s", whats[i % 4], cases[i / 4].error);
    assert_string_equal(taosuv_line_error(line), expected);
  }
  assert_int_equal(taosuv_line_begin(line, "#m", 2), TAOSUV_EINVAL);
}

/* What is accepted for any server, for an old and for a new one. */
static void backslashes_are_written_for_the_stated_server(void** state) {
  static const struct {
    const char* text;
    const char* any; /* NULL: refused */
    const char* old;
    const char* new;
    const char* error; /* of `any` */
  } cases[] = {
      {"C:\\temp", "C:\\temp", "C:\\temp", "C:\\temp", NULL},
      {"\\a b\\c", "\\a\\ b\\c", "\\a\\ b\\c", "\\a\\ b\\c", NULL},
      {"C:\\", NULL, NULL, "C:\\\\", "the value of a tag ends with a backslash: "},
      {"\\\\host", NULL, "\\\\host", "\\\\\\\\host",
       "the value of a tag has two backslashes in a row: "},
      {"x\\,role\\=admin", NULL, "x\\\\,role\\\\=admin", NULL,
       "the value of a tag has a backslash before ',': "},
  };
  static const char reason[] =
      "servers before 3.3.0.1 and newer ones read that differently (taosuv_line_set_server)";
  /* What servers before 3.0.5.1 read was not seen: they are any. */
  static const char* const versions[] = {NULL, "3.0.5.1", "3.3.0.1", "3.0.5.0"};
  enum { KINDS = sizeof versions / sizeof *versions };
  taosuv_line_t* line = *state;
  for (size_t i = 0; i < KINDS * (sizeof cases / sizeof *cases); i++) {
    size_t kind = i % KINDS;
    const char* const texts[] = {cases[i / KINDS].any, cases[i / KINDS].old, cases[i / KINDS].new,
                                 cases[i / KINDS].any};
    const char* expected = texts[kind];
    char text[256];
    taosuv_line_clear(line);
    assert_int_equal(taosuv_line_set_server(line, versions[kind], NUL), 0);
    assert_int_equal(taosuv_line_begin(line, "m", 1), 0);
    int status = taosuv_line_tag(line, "k", 1, cases[i / KINDS].text, NUL);
    assert_int_equal(status, expected != NULL ? 0 : TAOSUV_EINVAL);
    snprintf(text, sizeof text, "%s%s", cases[i / KINDS].error, reason);
    if ((kind == 0 || kind == 3) && expected == NULL)
      assert_string_equal(taosuv_line_error(line), text);
    assert_int_equal(taosuv_line_field(line, "f", 1, TAOSUV_TYPE_BOOL, taosuv_bool(1)), 0);
    assert_int_equal(taosuv_line_end(line, 7), 0);
    snprintf(text, sizeof text, expected != NULL ? "m,k=%s f=true 7\n" : "m%s f=true 7\n",
             expected != NULL ? expected : "");
    text_is(line, text);
  }
}

/* Where two backslashes are not known to be one, the version does not help. */
static void some_backslashes_are_always_refused(void** state) {
  taosuv_line_t* line = *state;
  assert_int_equal(taosuv_line_set_server(line, "3.3.7.5", NUL), 0);
  assert_int_equal(taosuv_line_begin(line, "m\\", NUL), TAOSUV_EINVAL);
  assert_string_equal(taosuv_line_error(line),
                      "the measurement ends with a backslash: line "
                      "protocol cannot carry that");
  assert_int_equal(taosuv_line_begin(line, "a\\\\b", NUL), 0);
  assert_int_equal(taosuv_line_field(line, "f\\\\g", NUL, TAOSUV_TYPE_BOOL, taosuv_bool(1)),
                   TAOSUV_EINVAL);
  assert_string_equal(taosuv_line_error(line),
                      "the key of a field has two backslashes in a row: "
                      "line protocol cannot carry that");
  assert_int_equal(taosuv_line_set_server(line, NULL, 0), TAOSUV_EINVAL); /* within a point */
  taosuv_line_drop(line);
  assert_int_equal(taosuv_line_set_server(line, "new", NUL), TAOSUV_EINVAL);
  assert_string_equal(taosuv_line_error(line),
                      "the version must be that of a server, such as 3.3.6.0");
}

static void keys_of_a_point_differ_and_are_not_the_servers(void** state) {
  taosuv_line_t* line = *state;
  for (int round = 0; round < 2; round++) {
    assert_int_equal(taosuv_line_begin(line, "m", 1), 0);
    assert_int_equal(taosuv_line_tag(line, "a b", 3, "1", 1), 0);
    assert_int_equal(taosuv_line_tag(line, "a b", 3, "2", 1), TAOSUV_EINVAL);
    assert_string_equal(taosuv_line_error(line), "the key of a tag is in this point already");
    assert_int_equal(taosuv_line_tag(line, "_ts", 3, "2", 1), TAOSUV_EINVAL);
    assert_string_equal(taosuv_line_error(line),
                        "the key of a tag is _ts, a name that the server keeps for itself");
    assert_int_equal(taosuv_line_field(line, "a b", 3, TAOSUV_TYPE_INT, taosuv_i64(1)),
                     TAOSUV_EINVAL);
    assert_int_equal(taosuv_line_field(line, "A b", 3, TAOSUV_TYPE_INT, taosuv_i64(1)), 0);
    assert_int_equal(taosuv_line_field(line, "A b", 3, TAOSUV_TYPE_INT, taosuv_i64(1)),
                     TAOSUV_EINVAL);
    assert_int_equal(taosuv_line_field(line, "_tag_null", 9, TAOSUV_TYPE_INT, taosuv_i64(1)),
                     TAOSUV_EINVAL);
    assert_int_equal(taosuv_line_end(line, 1), 0);
  }
  text_is(line, "m,a\\ b=1 A\\ b=1i32 1\nm,a\\ b=1 A\\ b=1i32 1\n");
}

/* The server counts a text with its backslashes. */
static void an_escaped_text_may_be_too_long(void** state) {
  static char text[65518];
  taosuv_line_t* line = *state;
  memset(text, '"', sizeof text);
  assert_int_equal(write_field(line, TAOSUV_TYPE_VARCHAR, taosuv_text(text, 32759)), TAOSUV_ERANGE);
  assert_string_equal(taosuv_line_error(line),
                      "the value of a field has 65518 bytes; at most 65517 are allowed");
  assert_int_equal(write_field(line, TAOSUV_TYPE_VARCHAR, taosuv_text(text, 32758)), 0);
  assert_int_equal(write_field(line, TAOSUV_TYPE_NCHAR, taosuv_text(text, 8190)), TAOSUV_ERANGE);
  assert_int_equal(write_field(line, TAOSUV_TYPE_VARBINARY, taosuv_bytes(text, 65517)), 0);
}

static void names_have_the_servers_limits(void** state) {
  taosuv_line_t* line = *state;
  char name[20000];
  memset(name, 'n', sizeof name);
  assert_int_equal(taosuv_line_begin(line, name, 193), TAOSUV_EINVAL);
  assert_string_equal(taosuv_line_error(line),
                      "the measurement has 193 bytes; at most 192 are allowed");
  assert_int_equal(taosuv_line_begin(line, name, 192), 0);
  assert_int_equal(taosuv_line_tag(line, name, 65, "v", 1), TAOSUV_EINVAL);
  assert_int_equal(taosuv_line_tag(line, "k", 1, name, 16380), TAOSUV_EINVAL);
  assert_int_equal(taosuv_line_tag(line, "k", 1, name, 2048), TAOSUV_ERANGE);
  assert_string_equal(
      taosuv_line_error(line),
      "the server would need 16386 bytes for the tags of this point; at most 16384 are allowed");
  assert_int_equal(taosuv_line_tag(line, name, 64, name, 2047), 0);
  assert_int_equal(taosuv_line_tag(line, "k", 1, name, 1024), TAOSUV_ERANGE); /* 2 * 8194 */
  assert_int_equal(taosuv_line_tag(line, "k", 1, name, 1023), 0);
  assert_int_equal(taosuv_line_field(line, name, 65, TAOSUV_TYPE_INT, taosuv_i64(1)),
                   TAOSUV_EINVAL);
  assert_int_equal(taosuv_line_field(line, name, 63, TAOSUV_TYPE_INT, taosuv_i64(1)), 0);
}

static void steps_out_of_order_are_refused(void** state) {
  taosuv_line_t* line = *state;
  assert_int_equal(taosuv_line_tag(line, "k", 1, "v", 1), TAOSUV_EINVAL);
  assert_string_equal(taosuv_line_error(line), "a tag needs a point that was begun");
  assert_int_equal(taosuv_line_field(line, "f", 1, TAOSUV_TYPE_BOOL, taosuv_bool(1)),
                   TAOSUV_EINVAL);
  assert_string_equal(taosuv_line_error(line), "a field needs a point that was begun");
  assert_int_equal(taosuv_line_end(line, 1), TAOSUV_EINVAL);
  assert_string_equal(taosuv_line_error(line), "there is no point to end");
  assert_int_equal(taosuv_line_begin(line, "m", 1), 0);
  assert_int_equal(taosuv_line_begin(line, "m", 1), TAOSUV_EINVAL);
  assert_string_equal(taosuv_line_error(line), "the previous point was not ended");
  assert_int_equal(taosuv_line_field(line, "f", 1, TAOSUV_TYPE_INT, taosuv_null()), 0);
  assert_int_equal(taosuv_line_end(line, 1), TAOSUV_EINVAL);
  assert_string_equal(taosuv_line_error(line), "the point has no fields");
  assert_int_equal(taosuv_line_field(line, "f", 1, TAOSUV_TYPE_BOOL, taosuv_bool(1)), 0);
  assert_int_equal(taosuv_line_tag(line, "k", 1, "v", 1), TAOSUV_EINVAL);
  assert_string_equal(taosuv_line_error(line), "tags must come before fields");
  assert_int_equal(taosuv_line_end(line, -1), TAOSUV_ERANGE);
  assert_string_equal(taosuv_line_error(line), "the timestamp must not be before 1970");
  assert_int_equal(taosuv_line_end(line, 1), 0);
  text_is(line, "m f=true 1\n");
}

static void a_point_in_the_making_is_no_text(void** state) {
  taosuv_line_t* line = *state;
  assert_string_equal(taosuv_line_error(line), "");
  text_is(line, "");
  assert_int_equal(write_field(line, TAOSUV_TYPE_BOOL, taosuv_bool(1)), 0);
  assert_int_equal(taosuv_line_begin(line, "n", 1), 0);
  assert_int_equal(taosuv_line_tag(line, "k", 1, "v", 1), 0);
  text_is(line, "m f=true 7\n");
  taosuv_line_drop(line);
  taosuv_line_drop(line);
  assert_int_equal(taosuv_line_points(line), 1);
  assert_int_equal(taosuv_line_begin(line, "o", 1), 0);
  assert_int_equal(taosuv_line_field(line, "g", 1, TAOSUV_TYPE_BOOL, taosuv_bool(0)), 0);
  assert_int_equal(taosuv_line_field(line, "bad\\", 4, TAOSUV_TYPE_BOOL, taosuv_bool(0)),
                   TAOSUV_EINVAL);
  assert_int_equal(taosuv_line_end(line, 8), 0);
  text_is(line, "m f=true 7\no g=false 8\n");
  assert_int_equal(taosuv_line_points(line), 2);
  taosuv_line_clear(line);
  text_is(line, "");
  assert_int_equal(taosuv_line_points(line), 0);
}

static void no_handle_is_an_error_and_no_crash(void** state) {
  size_t length = 1;
  (void) state;
  assert_int_equal(taosuv_line_create(NULL, NULL), TAOSUV_EINVAL);
  assert_int_equal(taosuv_line_begin(NULL, "m", 1), TAOSUV_EINVAL);
  assert_int_equal(taosuv_line_tag(NULL, "k", 1, "v", 1), TAOSUV_EINVAL);
  assert_int_equal(taosuv_line_field(NULL, "f", 1, TAOSUV_TYPE_BOOL, taosuv_bool(1)),
                   TAOSUV_EINVAL);
  assert_int_equal(taosuv_line_end(NULL, 1), TAOSUV_EINVAL);
  assert_null(taosuv_line_text(NULL, &length));
  assert_int_equal(length, 0);
  assert_int_equal(taosuv_line_points(NULL), 0);
  assert_string_equal(taosuv_line_error(NULL), "");
  taosuv_line_drop(NULL);
  taosuv_line_clear(NULL);
  taosuv_line_free(NULL);
}

static void every_allocation_may_fail(void** state) {
  char big[5000];
  (void) state;
  memset(big, 'x', sizeof big);
  for (size_t n = 1; n < 10; n++) {
    alloc_probe_t probe;
    taosuv_allocator_t allocator;
    taosuv_line_t* line;
    alloc_probe_init(&probe);
    memcpy(&allocator, &probe.alloc, sizeof allocator);
    alloc_probe_fail(&probe, n, false);
    int status = taosuv_line_create(&allocator, &line);
    if (status == 0) {
      status = taosuv_line_begin(line, "m", 1);
      if (status == 0) status = taosuv_line_tag(line, "k", 1, "v", 1);
      if (status == 0)
        status = taosuv_line_field(line, "f", 1, TAOSUV_TYPE_VARCHAR, taosuv_text(big, sizeof big));
      if (status == 0) status = taosuv_line_end(line, 1);
      if (status < 0) assert_string_equal(taosuv_line_error(line), "no memory for more lines");
      assert_int_equal(taosuv_line_points(line), status == 0);
    }
    taosuv_line_free(line);
    assert_int_equal(probe.live_blocks, 0);
    if (status == 0) return;
    assert_int_equal(status, TAOSUV_ENOMEM);
  }
  fail_msg("it never succeeds");
}

static void warm_it_asks_for_no_memory(void** state) {
  alloc_probe_t probe;
  taosuv_allocator_t allocator;
  taosuv_line_t* line;
  size_t calls = 0;
  (void) state;
  alloc_probe_init(&probe);
  memcpy(&allocator, &probe.alloc, sizeof allocator);
  assert_int_equal(taosuv_line_create(&allocator, &line), 0);
  for (int round = 0; round < 3; round++) {
    taosuv_line_clear(line);
    for (int i = 0; i < 1000; i++) {
      assert_int_equal(taosuv_line_begin(line, "m", 1), 0);
      assert_int_equal(taosuv_line_field(line, "f", 1, TAOSUV_TYPE_INT, taosuv_i64(i)), 0);
      assert_int_equal(taosuv_line_end(line, 1), 0);
    }
    if (round == 0) calls = probe.calls;
    assert_int_equal(probe.calls, calls);
  }
  taosuv_line_free(line);
  assert_int_equal(probe.live_blocks, 0);
}

/* ---- what is written is read back ---- */

static uint32_t next_random(uint32_t* seed) {
  *seed = *seed * 1664525u + 1013904223u;
  return *seed >> 8;
}

/* A text of what is apt to go wrong. */
static size_t random_text(uint32_t* seed, char* text, size_t most) {
  static const char* const parts[] = {",",
                                      " ",
                                      "=",
                                      "\\",
                                      "\"",
                                      "a",
                                      "B",
                                      "#",
                                      "\t",
                                      "\r",
                                      "'",
                                      "\xc3\xa4",
                                      "\xe6\xb6\x9b",
                                      "\xf0\x9f\x98\x80",
                                      "7",
                                      ";"};
  size_t length = 0;
  size_t wanted = next_random(seed) % most;
  for (;;) {
    const char* part = parts[next_random(seed) % (sizeof parts / sizeof *parts)];
    if (length + strlen(part) > wanted) break;
    memcpy(text + length, part, strlen(part));
    length += strlen(part);
  }
  return length;
}

/* Where two backslashes are one, and where they are not. */
static void reads_word(line_reader_t* in, const char* stops, const char* expected, size_t length) {
  char special[8], out[256];
  for (int doubled = 0; doubled < 2; doubled++) {
    line_reader_t again = *in;
    snprintf(special, sizeof special, "%s%s", stops, doubled ? "\\" : "");
    assert_int_equal(read_word(&again, stops, special, out), length);
    assert_memory_equal(out, expected, length);
    if (doubled) *in = again;
  }
}

/* A random text that `step` accepts. */
static size_t accepted(uint32_t* seed, taosuv_line_t* line, char* text,
                       int (*step)(taosuv_line_t*, const char*, size_t)) {
  for (;;) {
    size_t length = random_text(seed, text, 20);
    if (step(line, text, length) == 0) return length;
    assert_string_not_equal(taosuv_line_error(line), "");
  }
}

static int begin(taosuv_line_t* line, const char* name, size_t length) {
  return taosuv_line_begin(line, name, length);
}

static int tag_key(taosuv_line_t* line, const char* key, size_t length) {
  return taosuv_line_tag(line, key, length, "v", 1);
}

static int tag_value(taosuv_line_t* line, const char* value, size_t length) {
  return taosuv_line_tag(line, "tag", 3, value, length);
}

static int field_key(taosuv_line_t* line, const char* key, size_t length) {
  return taosuv_line_field(line, key, length, TAOSUV_TYPE_BOOL, taosuv_bool(1));
}

static int field_value(taosuv_line_t* line, const char* text, size_t length) {
  return taosuv_line_field(line, "field", 5, TAOSUV_TYPE_NCHAR, taosuv_text(text, length));
}

static void whatever_is_written_is_read_back(void** state) {
  taosuv_line_t* line = *state;
  uint32_t seed = 7;
  char name[64], key[64], value[64], field[64], text[64], quoted[256];
  for (int i = 0; i < 10000; i++) {
    int64_t time = 1 + (int64_t) next_random(&seed);
    size_t length;
    char tail[32];
    taosuv_line_clear(line);
    size_t name_length = accepted(&seed, line, name, begin);
    size_t key_length = accepted(&seed, line, key, tag_key);
    size_t value_length = accepted(&seed, line, value, tag_value);
    size_t field_length = accepted(&seed, line, field, field_key);
    size_t text_length = accepted(&seed, line, text, field_value);
    assert_int_equal(taosuv_line_end(line, time), 0);
    const char* written = taosuv_line_text(line, &length);
    line_reader_t in = {written, written + length};
    reads_word(&in, ", ", name, name_length);
    assert_true(take(&in, ","));
    reads_word(&in, ", =", key, key_length);
    assert_true(take(&in, "=v,tag="));
    reads_word(&in, ", =", value, value_length);
    assert_true(take(&in, " "));
    reads_word(&in, ", =", field, field_length);
    assert_true(take(&in, "=true,field=L"));
    assert_true(read_quoted(&in, quoted, &length));
    assert_int_equal(length, text_length);
    assert_memory_equal(quoted, text, length);
    snprintf(tail, sizeof tail, " %" PRId64 "\n", time);
    assert_true(take(&in, tail));
    assert_ptr_equal(in.at, in.end);
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(fields_have_the_suffix_or_quotes_of_their_type),
      TEST(values_that_do_not_fit_are_named),
      TEST(names_are_escaped_where_they_must_be),
      TEST(names_that_cannot_be_written_are_refused),
      TEST(backslashes_are_written_for_the_stated_server),
      TEST(some_backslashes_are_always_refused),
      TEST(keys_of_a_point_differ_and_are_not_the_servers),
      TEST(an_escaped_text_may_be_too_long),
      TEST(names_have_the_servers_limits),
      TEST(steps_out_of_order_are_refused),
      TEST(a_point_in_the_making_is_no_text),
      TEST(no_handle_is_an_error_and_no_crash),
      TEST(every_allocation_may_fail),
      TEST(warm_it_asks_for_no_memory),
      TEST(whatever_is_written_is_read_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
