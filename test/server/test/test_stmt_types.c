/* The bundled server's statements: every type through every way of binding. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stmt_client.h"

/* ---- every type, through every way of binding ---- */

static const char types_sql[] =
    "(ts timestamp, b bool, i1 tinyint, i2 smallint, i4 int, i8 bigint, u1 tinyint unsigned, "
    "u2 smallint unsigned, u4 int unsigned, u8 bigint unsigned, f float, d double, "
    "c varchar(8), n nchar(8), vb varbinary(8), geo geometry(50)%s)";
#define COMMON 16u /* columns that the first protocol takes as well */

static void create_types(wc_t* f, const char* name, const char* more) {
  char columns[512];
  char sql[600];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  snprintf(columns, sizeof columns, types_sql, more);
#pragma GCC diagnostic pop
  snprintf(sql, sizeof sql, "create table %s %s", name, columns);
  sc_run(f, sql);
}

static void insert_expected(wc_t* f, const char* more, const char* nulls) {
  char sql[1200];
  snprintf(sql, sizeof sql,
           "insert into expected values"
           "(1700000000000,true,-128,-32768,-2147483648,-9223372036854775808,255,65535,4294967295,"
           "18446744073709551615,-1.5,2.25,'abc','a\xe6\xb6\x9b','\\x00ff10','POINT(1 2)'%s)"
           "(1700000000001,null,null,null,null,null,null,null,null,null,null,null,null,null,null,"
           "null%s)",
           more, nulls);
  sc_run(f, sql);
}

static const uint8_t point[] = {1,    1,    0, 0, 0, 0, 0, 0, 0, 0,   0,
                                0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0x40};

typedef struct value_s {
  int32_t type;
  const void* data;
  size_t size;
} value_t;

static const float f32 = -1.5f;
static const double f64 = 2.25;
static const value_t values[COMMON] = {{9, &sc_times[0], 8},
                                       {1, "\1", 1},
                                       {2, "\x80", 1},
                                       {3, "\0\x80", 2},
                                       {4, "\0\0\0\x80", 4},
                                       {5, "\0\0\0\0\0\0\0\x80", 8},
                                       {11, "\xff", 1},
                                       {12, "\xff\xff", 2},
                                       {13, "\xff\xff\xff\xff", 4},
                                       {14, "\xff\xff\xff\xff\xff\xff\xff\xff", 8},
                                       {6, &f32, 4},
                                       {7, &f64, 8},
                                       {8, "abc", 3},
                                       {10, "a\xe6\xb6\x9b", 4},
                                       {16, "\0\xff\x10", 3},
                                       {20, point, sizeof point}};

/* The value in row 0, NULL in row 1. */
static void put_value(ts_buf_t* out, const value_t* value) {
  uint8_t both[16] = {0};
  bool variable = ts_type_is_var((uint8_t) value->type);
  const int32_t lengths[] = {(int32_t) value->size, 0};
  if (value->type == 9) {
    bm_item(out, 9, 2, NULL, NULL, sc_times, 16);
  } else if (variable) {
    bm_item(out, value->type, 2, "01", lengths, value->data, value->size);
  } else {
    memcpy(both, value->data, value->size);
    bm_item(out, value->type, 2, "01", NULL, both, 2 * value->size);
  }
}

static void marks(char* out, unsigned count) {
  for (unsigned i = 0; i < 2 * count; i++) out[i] = i % 2 == 0 ? '?' : ',';
  out[2 * count - 1] = '\0';
}

static void every_type_by_stmt2_is_as_by_sql(void** state) {
  wc_t* f = *state;
  sc_start(f, "3.4.1.13");
  const char* more = ", de decimal(10,3), df decimal(30,5), bl blob";
  create_types(f, "expected", more);
  create_types(f, "bound", more);
  create_types(f, "columns", more);
  insert_expected(f, ",'-1.234','12345678901234567890.12345','blob'", ",null,null,null");
  ts_buf_t items = {0};
  ts_buf_t payload = {0};
  ts_buf_t columns = {0};
  for (unsigned i = 0; i < COMMON; i++) put_value(&items, &values[i]);
  const int32_t text64[] = {6, 0};
  const int32_t text128[] = {26, 0};
  const int32_t blob[] = {4, 0};
  bm_item(&items, 21, 2, "01", text64, "-1.234", 6);
  bm_item(&items, 17, 2, "01", text128, "12345678901234567890.12345", 26);
  bm_item(&items, 18, 2, "01", blob, "blob", 4);
  bm_payload(&payload, &(bm_payload_t) {.ntables = 1, .ncolumns = COMMON + 3, .columns = &items});
  bm_columns(&columns, 2, 1, COMMON + 3, &items);
  char list[64];
  char sql[128];
  marks(list, COMMON + 3);
  snprintf(sql, sizeof sql, "insert into bound values(%s)", list);
  size_t reply = sc_prepare2(f, 1, sql);
  sc_is_text(f, reply,
             "{\"name\":\"de\",\"field_type\":21,\"precision\":10,\"scale\":3,\"bytes\":8,", true);
  SC_OK(sc_send_bind(f, 9, 1, &payload));
  sc_is_text(f, sc_exec2(f, 1), "\"affected\":2}", true);
  snprintf(sql, sizeof sql, "insert into columns values(%s)", list);
  SC_OK(sc_prepare2(f, 2, sql));
  reply = sc_send_bind(f, 11, 2, &columns);
  sc_is_text(f, reply, "\"action\":\"stmt2_bind_exec\",\"req_id\":9,", true);
  sc_is_text(f, reply, "\"stmt_id\":2,\"affected\":2}", true);
  sc_same_answers(f, "select * from bound", "select * from expected");
  sc_same_answers(f, "select * from columns", "select * from expected");
  ts_buf_free(&items);
  ts_buf_free(&payload);
  ts_buf_free(&columns);
}

static void every_type_by_the_first_protocol_is_as_by_sql(void** state) {
  wc_t* f = *state;
  sc_start(f, NULL);
  create_types(f, "expected", "");
  create_types(f, "by_json", "");
  create_types(f, "by_block", "");
  insert_expected(f, "", "");
  char list[64];
  marks(list, COMMON);
  SC_OK(sc_ask(f, "init", "%s", ""));
  SC_OK(sc_ask(f, "prepare", "\"stmt_id\":1,\"sql\":\"insert into ? values(%s)\"", list));
  SC_OK(sc_ask(f, "set_table_name", "\"stmt_id\":1,\"name\":\"by_json\""));
  SC_OK(sc_ask(f, "bind",
               "\"stmt_id\":1,\"columns\":[[\"2023-11-14T23:13:20+01:00\",1700000000001],"
               "[true,null],[-128,null],[-32768,null],[-2147483648,null],"
               "[-9223372036854775808,null],[255,null],[65535,null],[4294967295,null],"
               "[18446744073709551615,null],[-1.5,null],[2.25,null],[\"abc\",null],"
               "[\"a\xe6\xb6\x9b\",null],[\"00ff10\",null],"
               "[\"0101000000000000000000f03f0000000000000040\",null]]"));
  SC_OK(sc_ask(f, "add_batch", "\"stmt_id\":1"));
  /* The block of a query is what is bound. */
  ts_buf_t block = sc_query_block(f, "select * from expected");
  SC_OK(sc_ask(f, "set_table_name", "\"stmt_id\":1,\"name\":\"by_block\""));
  SC_OK(sc_send_bind(f, 2, 1, &block));
  SC_OK(sc_ask(f, "add_batch", "\"stmt_id\":1"));
  sc_is_text(f, sc_ask(f, "exec", "\"stmt_id\":1"), "\"stmt_id\":1,\"affected\":4}", true);
  sc_same_answers(f, "select * from by_json", "select * from expected");
  sc_same_answers(f, "select * from by_block", "select * from expected");
  ts_buf_free(&block);
}

static void raw_decimals_are_taken_by_old_servers(void** state) {
  wc_t* f = *state;
  sc_start(f, NULL);
  sc_run(f, "create table expected (ts timestamp, a decimal(10,3), b decimal(30,5))");
  sc_run(f, "create table bound (ts timestamp, a decimal(10,3), b decimal(30,5))");
  sc_run(f, "insert into expected values(1700000000000,'-1.234','-0.00001')");
  sc_is_text(f, sc_prepare2(f, 1, "insert into bound values(?,?,?)"),
             "{\"name\":\"a\",\"field_type\":21,\"precision\":0,\"scale\":0,\"bytes\":8,", true);
  const int64_t small = -1234;
  uint8_t wide[16];
  memset(wide, 0xff, sizeof wide);
  ts_buf_t items = {0};
  ts_buf_t payload = {0};
  bm_item(&items, 9, 1, NULL, NULL, sc_times, 8);
  bm_item(&items, 21, 1, NULL, NULL, &small, 8);
  bm_item(&items, 17, 1, NULL, NULL, wide, 16);
  bm_payload(&payload, &(bm_payload_t) {.ntables = 1, .ncolumns = 3, .columns = &items});
  SC_OK(sc_send_bind(f, 9, 1, &payload));
  sc_is_text(f, sc_exec2(f, 1), "\"affected\":1}", true);
  sc_same_answers(f, "select * from bound", "select * from expected");
  ts_buf_free(&items);
  ts_buf_free(&payload);
}

static void json_tags_are_kept_as_by_sql(void** state) {
  wc_t* f = *state;
  sc_start(f, NULL);
  sc_run(f, "create table js (ts timestamp, v int) tags (j json)");
  sc_run(f, "create table j0 using js tags ('{\"a\":1}')");
  sc_run(f, "insert into j0 values (1700000000000, 1)");
  ts_buf_t tag = {0};
  ts_buf_t rows = {0};
  ts_buf_t payload = {0};
  const char* const names[] = {"j1"};
  const int32_t length = 9;
  bm_item(&tag, 15, 1, NULL, &length, "{\"a\": 1 }", 9);
  bm_item(&rows, 9, 1, NULL, NULL, sc_times, 8);
  bm_item(&rows, 4, 1, NULL, NULL, "\1\0\0\0", 4);
  bm_payload(
      &payload,
      &(bm_payload_t) {
          .ntables = 1, .names = names, .ntags = 1, .tags = &tag, .ncolumns = 2, .columns = &rows});
  SC_OK(sc_prepare2(f, 1, "insert into ? using js tags(?) values(?,?)"));
  SC_OK(sc_send_bind(f, 9, 1, &payload));
  sc_is_text(f, sc_exec2(f, 1), "\"affected\":1}", true);
  sc_same_answers(f, "select ts, v, j from js where tbname = 'j0'",
                  "select ts, v, j from js where tbname = 'j1'");
  SC_OK(sc_ask(f, "init", "%s", ""));
  SC_OK(
      sc_ask(f, "prepare", "\"stmt_id\":2,\"sql\":\"insert into ? using js tags(?) values(?,?)\""));
  SC_OK(sc_ask(f, "set_table_name", "\"stmt_id\":2,\"name\":\"j2\""));
  SC_OK(sc_ask(f, "set_tags", "\"stmt_id\":2,\"tags\":[\"{\\\"a\\\":1}\"]"));
  SC_OK(sc_ask(f, "bind", "\"stmt_id\":2,\"columns\":[[1700000000000],[1]]"));
  SC_OK(sc_ask(f, "add_batch", "\"stmt_id\":2"));
  SC_OK(sc_ask(f, "exec", "\"stmt_id\":2"));
  sc_same_answers(f, "select ts, v, j from js where tbname = 'j0'",
                  "select ts, v, j from js where tbname = 'j2'");
  ts_buf_free(&tag);
  ts_buf_free(&rows);
  ts_buf_free(&payload);
}

static void columns_are_cut_where_the_name_changes(void** state) {
  wc_t* f = *state;
  sc_start(f, "3.4.1.13");
  SC_OK(sc_prepare2(f, 1, sc_using_sql));
  ts_buf_t items = {0};
  ts_buf_t payload = {0};
  const int32_t names[] = {2, 2, 2};
  const int32_t g[] = {1, 1, 2};
  const int32_t l[] = {1, 1, 0};
  bm_item(&items, 8, 3, NULL, names, "x1x1x2", 6);
  bm_item(&items, 4, 3, NULL, NULL, g, sizeof g);
  bm_item(&items, 10, 3, "001", l, "pp", 2);
  sc_put_rows(&items, 4);
  bm_columns(&payload, 3, 2, 6, &items);
  sc_is_text(f, sc_send_bind(f, 11, 1, &payload), "\"affected\":3}", true);
  assert_int_equal(sc_count_rows(f, "select * from st where tbname = 'x1' and g = 1 and l = 'p'"),
                   2);
  assert_int_equal(
      sc_count_rows(f, "select * from st where tbname = 'x2' and l is null and v = 3 and s = ''"),
      1);
  ts_put_u32(payload.data + 8, 3); /* there are two tables */
  sc_fails(f, sc_send_bind(f, 11, 1, &payload), 280, "Invalid parameters");
  ts_put_u32(payload.data + 8, 2);
  ts_put_u32(payload.data + 4, 0);
  sc_fails(f, sc_send_bind(f, 11, 1, &payload), 65535, "row count is 0");
  SC_OK(sc_prepare2(f, 2, "select v from st where g = ? and s = ?"));
  sc_fails(f, sc_send_bind(f, 11, 2, &payload), 65535, "query only supports one row");
  ts_buf_free(&items);
  ts_buf_free(&payload);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, wc_setup, wc_teardown)
  const struct CMUnitTest tests[] = {
      TEST(every_type_by_stmt2_is_as_by_sql),
      TEST(every_type_by_the_first_protocol_is_as_by_sql),
      TEST(raw_decimals_are_taken_by_old_servers),
      TEST(json_tags_are_kept_as_by_sql),
      TEST(columns_are_cut_where_the_name_changes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
