/* What consumers have read, written into the bundled server: raw messages, metadata, blocks. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apply/apply.h"
#include "sql/sql.h"
#include "tmq_client.h"

enum { CONSUMER = 0, WRITER = 1 };

/* The writer is logged in, with `dst` as its database. */
static void log_in(tc_t* f) {
  tc_use(f, WRITER);
  wc_open_path(&f->wc, "/ws");
  assert_true(tc_has(f,
                     "{\"action\":\"conn\",\"args\":{\"req_id\":1,\"user\":\"root\","
                     "\"password\":\"taosdata\",\"db\":\"dst\"}}",
                     "\"code\":0,"));
}

/* A binary request and its reply as text. */
static const char* binary(tc_t* f, const ts_buf_t* message) {
  wc_message_t* reply = &f->more[WRITER].messages[0];
  tc_use(f, WRITER);
  wc_forget(&f->wc);
  wc_frame(&f->wc, TUV_WS_BINARY, message->data, message->size);
  wc_wait_for(&f->wc, 1, 10000);
  assert_int_equal(f->more[WRITER].count, 1);
  ts_buf_add(&reply->data, "", 1);
  return (const char*) reply->data.data;
}

static void head(ts_buf_t* out, uint64_t action) {
  ts_buf_u64(out, 99);
  ts_buf_u64(out, 0);
  ts_buf_u64(out, action);
}

static bool write_raw(tc_t* f, uint16_t type, const void* data, size_t size, const char* part) {
  ts_buf_t message = {0};
  head(&message, 3);
  ts_buf_u32(&message, (uint32_t) size);
  ts_buf_u16(&message, type);
  ts_buf_add(&message, data, size);
  const char* reply = binary(f, &message);
  bool has = strstr(reply, part) != NULL;
  if (!has) fprintf(stderr, "write_raw of type %u: %s\n", (unsigned) type, reply);
  ts_buf_free(&message);
  return has;
}

/* Everything that the topic has goes into the other database. */
static unsigned mirror(tc_t* f) {
  char request[128];
  unsigned count = 0;
  tc_use(f, CONSUMER);
  for (; tc_poll(f, 0) != 0; count++) {
    snprintf(request, sizeof request,
             "{\"action\":\"fetch_raw_data\",\"args\":{\"req_id\":6,\"message_id\":%llu}}",
             (unsigned long long) f->message[CONSUMER]);
    const ts_buf_t* raw = tc_binary(f, request);
    uint16_t type = ts_get_u16(raw->data + 50);
    size_t size = ts_get_u32(raw->data + 52);
    assert_int_equal(size, raw->size - 56);
    ts_buf_t copy = {0};
    ts_buf_add(&copy, raw->data + 56, size);
    assert_true(write_raw(f, type, copy.data, copy.size,
                          "\"code\":0,\"message\":\"\","
                          "\"action\":\"write_raw\""));
    ts_buf_free(&copy);
    tc_use(f, CONSUMER);
  }
  return count;
}

static ts_buf_t select_block(tc_t* f, const char* sql) {
  ts_buf_t block = {0};
  tc_use(f, WRITER);
  wc_forget(&f->wc);
  wc_binary(&f->wc, 7, 0, 6, sql);
  wc_wait_for(&f->wc, 1, 10000);
  if (!wc_has(&f->wc, 0, "\"code\":0,")) fail_msg("%s", sql);
  ts_buf_t* reply = &f->more[WRITER].messages[0].data;
  ts_buf_add(reply, "", 1);
  uint64_t id = strtoull(strstr((char*) reply->data, "\"id\":") + 5, NULL, 10);
  wc_forget(&f->wc);
  wc_binary(&f->wc, 8, id, 7, NULL);
  wc_wait_for(&f->wc, 1, 10000);
  reply = &f->more[WRITER].messages[0].data;
  if (reply->size > 55) ts_buf_add(&block, reply->data + 55, reply->size - 55);
  return block;
}

/* The same rows in both databases. */
static void expect_same(tc_t* f, const char* what) {
  char sql[128];
  snprintf(sql, sizeof sql, "select %s", what);
  char* from = strstr(sql, "DB ");
  memcpy(from, "src", 3);
  ts_buf_t a = select_block(f, sql);
  memcpy(from, "dst", 3);
  ts_buf_t b = select_block(f, sql);
  if (a.size != b.size || (a.size > 0 && memcmp(a.data, b.data, a.size) != 0))
    fail_msg("%s differs", what);
  ts_buf_free(&a);
  ts_buf_free(&b);
}

static void start(tc_t* f) {
  tc_sql(f, "create database src");
  tc_sql(f, "create database dst");
  tc_sql(f, "use src");
  tc_sql(f, "create topic t with meta as database src");
  tc_use(f, CONSUMER);
  tc_subscribe(f, "g", "earliest", "t");
  log_in(f);
}

static void a_database_is_mirrored(void** state) {
  tc_t* f = *state;
  start(f);
  tc_sql(f,
         "create stable st (ts timestamp, v int, s varchar(8)) tags (g int, l nchar(8), "
         "b varbinary(8), j bool, f double)");
  tc_sql(f,
         "insert into c0 using st tags (1, 'it''s \\\"x\\\\', '\\x01ff', true, 0.1) values "
         "(1, 1, 'a') c1 using st tags (null, null, null, null, null) values (1, null, null)");
  tc_sql(f, "create table c2 using st tags (-3, '\xe6\xb6\x9b', null, false, -1e300)");
  tc_sql(f, "create table n (ts timestamp, d decimal(30,5), e decimal(10,2))");
  tc_sql(f, "insert into n values (5, 12345.678, -1.5)(6, null, null)");
  assert_true(mirror(f) >= 3);
  expect_same(f, "tbname, * from DB .st order by tbname, ts");
  expect_same(f, "* from DB .n");
  tc_sql(f, "alter stable st add column w bigint unsigned");
  tc_sql(f, "alter stable st add tag h timestamp");
  tc_sql(f, "alter table c2 set tag l = 'new'");
  tc_sql(f, "alter table c0 set tag g = null");
  tc_sql(f, "alter stable st modify column s varchar(20)");
  tc_sql(f, "insert into c2 values (2, 2, 'quite some text', 18446744073709551615)");
  tc_sql(f, "insert into c0 values (2, 2, 'b', 0)(3, 3, 'c', 1)(4, 4, 'd', 2)");
  tc_sql(f, "delete from c0 where ts >= 2 and ts <= 3");
  tc_sql(f, "drop table c1");
  assert_true(mirror(f) >= 2);
  expect_same(f, "tbname, * from DB .st order by tbname, ts");
  assert_int_equal(ts_server_exec(f->wc.server, "select * from dst.c1"), 9731);
  tc_sql(f, "drop table n");
  mirror(f);
  assert_int_equal(ts_server_exec(f->wc.server, "select * from dst.n"), 9731);
}

static int set_up_newer(void** state) {
  return tc_setup_as(state, "3.3.7.0"); /* the first with BLOB */
}

static void every_type_is_mirrored(void** state) {
  tc_t* f = *state;
  start(f);
  tc_sql(f,
         "create table t_all (ts timestamp, c_bool bool, c_i8 tinyint, c_i16 smallint, "
         "c_i32 int, c_i64 bigint, c_u8 tinyint unsigned, c_u16 smallint unsigned, "
         "c_u32 int unsigned, c_u64 bigint unsigned, c_f32 float, c_f64 double, "
         "c_bin varchar(64), c_nchar nchar(64), c_varbin varbinary(64), c_geo geometry(100), "
         "c_dec64 decimal(10,3), c_dec128 decimal(38,10), c_blob blob)");
  tc_sql(f,
         "insert into t_all values (1700000000000, true, -128, -32768, -2147483648, "
         "-9223372036854775808, 255, 65535, 4294967295, 18446744073709551615, 3.4e38, "
         "1.7976931348623157e308, 'ascii', '\xe6\xb6\x9b\xf0\x9f\x99\x82', '\\x00ff10', "
         "'POINT(1.5 -2.5)', -1234567.891, -1234567890123456789012345678.0123456789, "
         "'\\x0102')(1700000000001, null, null, null, null, null, null, null, null, null, "
         "null, null, null, null, null, null, null, null, null)"
         "(1700000000002, false, 1, 2, 3, 4, 5, 6, 7, 8, 0.1, 0.1, '', '', '', "
         "'LINESTRING(0 0, 1 1)', 0, 0, '')");
  mirror(f);
  expect_same(f, "* from DB .t_all");
}

static void a_stable_s_metadata_comes_singly_if_asked(void** state) {
  tc_t* f = *state;
  start(f);
  tc_use(f, 2);
  tc_open(f);
  assert_true(tc_has(f,
                     "{\"action\":\"subscribe\",\"args\":{\"req_id\":1,\"user\":\"root\","
                     "\"password\":\"taosdata\",\"group_id\":\"h\",\"topics\":[\"t\"],"
                     "\"offset_reset\":\"earliest\"}}",
                     "\"code\":0,"));
  tc_sql(f, "create stable st (ts timestamp, v int) tags (g int)");
  assert_int_equal(tc_poll(f, 0), 2);
  char* meta = tc_json_meta(f);
  assert_memory_equal(meta, "{\"type\":\"create\",\"tableType\":\"super\"", 34);
  const ts_buf_t* raw = tc_binary(f,
                                  "{\"action\":\"fetch_raw\",\"args\":{\"req_id\":3,"
                                  "\"message_id\":1}}");
  assert_int_equal(ts_get_u64(raw->data + 8), 3);
  assert_int_equal(ts_get_u64(raw->data + 16), 1);
  assert_int_equal(ts_get_u64(raw->data + 24), 3);
  assert_int_equal(ts_get_u32(raw->data + 32), strlen(meta));
  assert_int_equal(ts_get_u16(raw->data + 36), 531);
  assert_memory_equal(raw->data + 38, meta, strlen(meta));
  assert_true(write_raw(f, 531, meta, strlen(meta), "\"code\":0,"));
  free(meta);
  tc_sql(f, "insert into dst.x using dst.st tags (1) values (1, 1)");
}

static void put_field(ts_buf_t* out, const char* name, uint8_t type) {
  uint8_t field[72] = {0};
  memcpy(field, name, strlen(name));
  field[65] = type;
  ts_buf_add(out, field, sizeof field);
}

static void blocks_are_written_with_and_without_fields(void** state) {
  tc_t* f = *state;
  start(f);
  tc_sql(f, "create table n (ts timestamp, v int, s nchar(8))");
  tc_sql(f, "create table dst.n (ts timestamp, v int, s nchar(8))");
  tc_sql(f, "create table dst.m (ts timestamp, s nchar(8), w int, v int)");
  tc_sql(f, "insert into n values (1, 1, '\xe6\xb6\x9b')(2, null, null)");
  ts_buf_t block = select_block(f, "select * from src.n");
  for (int fields = 0; fields < 2; fields++) {
    ts_buf_t message = {0};
    head(&message, fields == 1 ? 5 : 4);
    ts_buf_u32(&message, 2);
    ts_buf_u16(&message, 1);
    ts_buf_text(&message, fields == 1 ? "m" : "n");
    ts_buf_add(&message, block.data, block.size);
    if (fields == 1) {
      put_field(&message, "ts", TS_TIMESTAMP);
      put_field(&message, "v", TS_INT);
      put_field(&message, "s", TS_NCHAR);
    }
    assert_non_null(strstr(binary(f, &message), "\"code\":0,"));
    message.data[30] = 'q';
    assert_non_null(strstr(binary(f, &message), "\"code\":9731,\"message\":\"Table does not"));
    ts_buf_free(&message);
  }
  expect_same(f, "* from DB .n");
  ts_buf_t m = select_block(f, "select ts, v, s from dst.m");
  assert_int_equal(m.size, block.size);
  assert_memory_equal(m.data, block.data, m.size);
  ts_buf_free(&m);
  ts_buf_free(&block);
}

static void what_is_no_raw_message_is_refused(void** state) {
  tc_t* f = *state;
  start(f);
  assert_true(write_raw(f, 1, "x", 1, "\"code\":280,\"message\":\"Invalid parameters\""));
  assert_true(write_raw(f, 2, "x", 1, "\"code\":280,"));
  assert_true(
      write_raw(f, 2, "d\1\0\0\0x\1\0\0\0\1\1\377\377\377\377\377\377", 18, "\"code\":280,"));
  assert_true(write_raw(f, 4, "", 0, "\"code\":280,"));
  assert_true(write_raw(f, 531, "[]", 2, "\"code\":280,"));
  assert_true(write_raw(f, 531,
                        "{\"type\":\"create\",\"tableType\":\"child\",\"tableName\":\"c\","
                        "\"using\":\"no\",\"tagNum\":1,\"tags\":[]}",
                        80, "\"code\":"));
  ts_buf_t message = {0};
  head(&message, 3);
  ts_buf_u32(&message, 100);
  ts_buf_u16(&message, 2);
  wc_forget(&f->wc);
  wc_frame(&f->wc, TUV_WS_BINARY, message.data, message.size);
  wc_wait_for(&f->wc, 1, 10000);
  ts_buf_free(&message);
  assert_int_equal(f->more[WRITER].end, UV_EOF); /* the real one would be dead */
}

/* The raw bytes of the next message, copied. */
static ts_buf_t next_raw(tc_t* f, uint16_t* type) {
  char request[128];
  ts_buf_t copy = {0};
  tc_use(f, CONSUMER);
  assert_int_not_equal(tc_poll(f, 0), 0);
  snprintf(request, sizeof request,
           "{\"action\":\"fetch_raw_data\",\"args\":{\"req_id\":6,\"message_id\":%llu}}",
           (unsigned long long) f->message[CONSUMER]);
  const ts_buf_t* raw = tc_binary(f, request);
  *type = ts_get_u16(raw->data + 50);
  ts_buf_add(&copy, raw->data + 56, raw->size - 56);
  return copy;
}

static void raw_messages_cut_or_changed_anywhere_do_no_harm(void** state) {
  tc_t* f = *state;
  start(f);
  tc_sql(f, "create stable st (ts timestamp, v int, s nchar(8), d decimal(30,2)) tags (g int)");
  tc_sql(f, "insert into a using st tags (1) values (1, 1, 'ab', 1.5)(2, null, null, null)");
  tc_sql(f, "create stable dst.st (ts timestamp, v int, s nchar(8), d decimal(30,2)) tags (g int)");
  uint16_t type = 0;
  ts_buf_t raw = {0};
  while (type != 4) {
    ts_buf_free(&raw);
    raw = next_raw(f, &type);
  }
  ts_store_t* store = ts_store_open();
  ts_env_t env;
  ts_error_t error;
  ts_outcome_t outcome;
  ts_env_init(&env, "3.3.6.0");
  static const char* const sqls[] = {
      "create database dst", "use dst",
      "create stable st (ts timestamp, v int, s nchar(8), d decimal(30,2)) tags (g int)"};
  for (size_t i = 0; i < 3; i++)
    assert_int_equal(ts_sql_run(store, &env, sqls[i], strlen(sqls[i]), false, &outcome, &error), 0);
  size_t refused = 0;
  for (size_t size = 0; size < raw.size - 8; size++) {
    uint8_t* exact = ts_malloc(size); /* so that a read behind its end is seen */
    memcpy(exact, raw.data, size);
    refused += ts_apply_raw(store, &env, type, exact, size, &error) != 0;
    free(exact);
  }
  assert_int_equal(refused, raw.size - 8);
  for (size_t at = 0; at < raw.size; at++)
    for (unsigned bit = 0; bit < 8; bit++) {
      raw.data[at] ^= (uint8_t) (1u << bit);
      ts_apply_raw(store, &env, type, raw.data, raw.size, &error);
      raw.data[at] ^= (uint8_t) (1u << bit);
    }
  assert_int_equal(ts_apply_raw(store, &env, type, raw.data, raw.size, &error), 0);
  ts_store_close(store);
  ts_buf_free(&raw);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, tc_setup, tc_teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_database_is_mirrored),
      cmocka_unit_test_setup_teardown(every_type_is_mirrored, set_up_newer, tc_teardown),
      TEST(a_stable_s_metadata_comes_singly_if_asked),
      TEST(blocks_are_written_with_and_without_fields),
      TEST(what_is_no_raw_message_is_refused),
      TEST(raw_messages_cut_or_changed_anywhere_do_no_harm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
