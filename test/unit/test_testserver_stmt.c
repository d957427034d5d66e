/* The bundled server's statements: every way of binding, the rules that they live by, and what a
 * client must never send. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bind_message.h"
#include "ws_client.h"

/* ---- asking ---- */

static size_t wait_reply(wc_t* f, size_t before) {
  wc_wait_for(f, before + 1, 5000);
  if (f->client.count != before + 1) fail_msg("no answer (%d)", f->client.end);
  return before;
}

/* Sends an action with these arguments (after req_id), and returns its reply's index. */
static size_t ask(wc_t* f, const char* action, const char* format, ...) {
  char args[2048];
  char message[2200];
  va_list list;
  va_start(list, format);
  vsnprintf(args, sizeof args, format, list);
  va_end(list);
  if (f->client.count > 50) wc_forget(f);
  size_t before = f->client.count;
  snprintf(message, sizeof message, "{\"action\":\"%s\",\"args\":{\"req_id\":7%s%s}}", action,
           *args != '\0' ? "," : "", args);
  wc_text(f, message);
  return strcmp(action, "close") == 0 ? before : wait_reply(f, before);
}

static void is_text(wc_t* f, size_t index, const char* part, bool wanted) {
  if (wc_has(f, index, part) == wanted) return;
  const ts_buf_t* data = &f->client.messages[index].data;
  fail_msg("%s%s in %.*s", wanted ? "no " : "", part, (int)data->size, (char*)data->data);
}

#define OK(index) is_text(f, index, "{\"code\":0,", true)

/* `text` is how the message begins. */
static void fails(wc_t* f, size_t index, int code, const char* text) {
  char part[256];
  snprintf(part, sizeof part, "{\"code\":%d,\"message\":\"%s", code, text);
  is_text(f, index, part, true);
}

static size_t send_message(wc_t* f, uint64_t action, uint64_t stmt, const ts_buf_t* payload) {
  ts_buf_t out = {0};
  if (f->client.count > 50) wc_forget(f);
  size_t before = f->client.count;
  bm_head(&out, 9, stmt, action);
  ts_buf_add(&out, payload->data, payload->size);
  wc_frame(f, TUV_WS_BINARY, out.data, out.size);
  ts_buf_free(&out);
  return before;
}

static size_t send_bind(wc_t* f, uint64_t action, uint64_t stmt, const ts_buf_t* payload) {
  return wait_reply(f, send_message(f, action, stmt, payload));
}

static void run(wc_t* f, const char* sql) {
  if (ts_server_exec(f->server, sql) != 0) fail_msg("%s: %s", sql, ts_server_exec_error(f->server));
}

/* With database d as the session's. */
static void log_in(wc_t* f) {
  wc_open_ws(f);
  wc_text(f, "{\"action\":\"conn\",\"args\":{\"req_id\":1,\"user\":\"root\","
             "\"password\":\"taosdata\",\"db\":\"d\"}}");
  wait_reply(f, 0);
  OK(0);
}

static void start(wc_t* f, const char* version) {
  if (version != NULL) {
    ts_server_close(f->server, NULL, NULL);
    ts_config_t config = {.version = version};
    assert_int_equal(ts_server_create(&f->loop, &config, &f->server), 0);
  }
  run(f, "create database d");
  run(f, "use d");
  run(f, "create table st (ts timestamp, v int, s varchar(8)) tags (g int, l nchar(4))");
  run(f, "create table t (ts timestamp, v int, s varchar(8))");
  log_in(f);
}

/* The only block of a query, as `fetch_raw_block` carries it; the caller frees it. */
static ts_buf_t query_block(wc_t* f, const char* sql) {
  ts_buf_t block = {0};
  wc_forget(f);
  wc_binary(f, 3, 0, 6, sql);
  wait_reply(f, 0);
  OK(0);
  char* text = ts_strdup((char*)f->client.messages[0].data.data, f->client.messages[0].data.size);
  const char* id = strstr(text, ",\"id\":");
  assert_non_null(id);
  wc_binary(f, 4, strtoull(id + 6, NULL, 10), 7, NULL);
  free(text);
  wait_reply(f, 1);
  const ts_buf_t* reply = &f->client.messages[1].data;
  assert_true(reply->size > 55);
  ts_buf_add(&block, reply->data + 55, reply->size - 55);
  return block;
}

static void same_answers(wc_t* f, const char* a, const char* b) {
  ts_buf_t x = query_block(f, a);
  ts_buf_t y = query_block(f, b);
  assert_int_equal(x.size, y.size);
  assert_memory_equal(x.data, y.data, x.size);
  ts_buf_free(&x);
  ts_buf_free(&y);
}

static uint32_t count_rows(wc_t* f, const char* sql) {
  ts_buf_t block = query_block(f, sql);
  uint32_t rows = ts_get_u32(block.data + 8);
  ts_buf_free(&block);
  return rows;
}

/* ---- messages ---- */

#define TS0 INT64_C(1700000000000)
static const int64_t times[] = {TS0, TS0 + 1, TS0 + 2};

/* Three rows of (ts, v, s): (…, 1, 'a'), (…, NULL, NULL), (…, 3, ''). */
static void put_rows(ts_buf_t* out, int32_t v_type) {
  const int32_t v[] = {1, 0, 3};
  const int32_t lengths[] = {1, 0, 0};
  bm_item(out, 9, 3, NULL, NULL, times, sizeof times);
  bm_item(out, v_type, 3, "010", NULL, v, sizeof v);
  bm_item(out, 8, 3, "010", lengths, "a", 1);
}

static void put_tags(ts_buf_t* out, int32_t g, const char* l) {
  const int32_t length = l != NULL ? (int32_t)strlen(l) : 0;
  bm_item(out, 4, 1, NULL, NULL, &g, sizeof g);
  bm_item(out, 10, 1, l != NULL ? "0" : "1", &length, l, (size_t)length);
}

/* The rows above for `t`. */
static ts_buf_t plain_payload(int32_t v_type) {
  ts_buf_t rows = {0};
  ts_buf_t out = {0};
  put_rows(&rows, v_type);
  bm_payload(&out, &(bm_payload_t){.ntables = 1, .ncolumns = 3, .columns = &rows});
  ts_buf_free(&rows);
  return out;
}

static const char* const two_names[] = {"a1", "d.a2"};

static ts_buf_t two_tables(bool names, bool tags, bool columns) {
  ts_buf_t rows[2] = {0};
  ts_buf_t values[2] = {0};
  ts_buf_t out = {0};
  put_rows(&rows[0], 4);
  put_rows(&rows[1], 4);
  put_tags(&values[0], 1, "\xe6\xb6\x9b\xe6\x80\x9d");
  put_tags(&values[1], 2, NULL);
  bm_payload(&out, &(bm_payload_t){.ntables = 2,
                                   .names = names ? two_names : NULL,
                                   .ntags = tags ? 2 : 0,
                                   .tags = values,
                                   .ncolumns = columns ? 3 : 0,
                                   .columns = rows});
  for (int i = 0; i < 2; i++) {
    ts_buf_free(&rows[i]);
    ts_buf_free(&values[i]);
  }
  return out;
}

/* A new statement of the second protocol, prepared; its number is `stmt`. */
static size_t prepare2(wc_t* f, uint64_t stmt, const char* sql) {
  OK(ask(f, "stmt2_init", ""));
  return ask(f, "stmt2_prepare", "\"stmt_id\":%llu,\"sql\":\"%s\",\"get_fields\":true",
             (unsigned long long)stmt, sql);
}

static size_t exec2(wc_t* f, uint64_t stmt) {
  return ask(f, "stmt2_exec", "\"stmt_id\":%llu", (unsigned long long)stmt);
}

static const char using_sql[] = "insert into ? using st tags(?,?) values(?,?,?)";

/* ---- the forms of INSERT ---- */

static void many_tables_are_made_by_their_tags(void** state) {
  wc_t* f = *state;
  start(f, NULL);
  ts_buf_t payload = two_tables(true, true, true);
  OK(prepare2(f, 1, using_sql));
  OK(send_bind(f, 9, 1, &payload));
  OK(send_bind(f, 9, 1, &payload));
  is_text(f, exec2(f, 1), "\"stmt_id\":1,\"affected\":6}", true);
  run(f, "create table e1 using st tags (1, '\xe6\xb6\x9b\xe6\x80\x9d')");
  run(f, "insert into e1 values (1700000000000, 1, 'a')(1700000000001, null, null)"
         "(1700000000002, 3, '')");
  same_answers(f, "select * from a1", "select * from e1");
  same_answers(f, "select ts, v, s, g, l from st where tbname = 'a1'",
               "select ts, v, s, g, l from st where tbname = 'e1'");
  assert_int_equal(count_rows(f, "select * from st where g = 2 and l is null"), 3);
  ts_buf_free(&payload);
}

static void every_form_writes_the_same_rows(void** state) {
  wc_t* f = *state;
  start(f, NULL);
  run(f, "create table a1 using st tags (1, 'x')");
  run(f, "create table a2 using st tags (2, 'x')");
  ts_buf_t payload = two_tables(true, false, true);
  OK(ask(f, "stmt2_init", ""));
  fails(f, ask(f, "stmt2_prepare", "\"stmt_id\":1,\"sql\":\"insert into ? values(?,?,?)\","
                                   "\"get_fields\":true"), 555, "Table does not exist");
  OK(ask(f, "stmt2_prepare", "\"stmt_id\":1,\"sql\":\"insert into ? values(?,?,?)\""));
  OK(send_bind(f, 9, 1, &payload));
  is_text(f, exec2(f, 1), "\"affected\":6}", true);
  ts_buf_free(&payload);
  payload = plain_payload(4);
  OK(prepare2(f, 2, "insert into t (ts, v, s) values(?,?,?)"));
  OK(send_bind(f, 9, 2, &payload));
  is_text(f, exec2(f, 2), "\"affected\":3}", true);
  OK(prepare2(f, 3, "insert into a3 using st (l) tags ('z') values(?,?,?)"));
  OK(send_bind(f, 9, 3, &payload));
  is_text(f, exec2(f, 3), "\"affected\":3}", true);
  same_answers(f, "select * from a1", "select * from t");
  same_answers(f, "select * from a2", "select * from t");
  same_answers(f, "select * from a3", "select * from t");
  assert_int_equal(count_rows(f, "select * from st where l = 'z' and g is null"), 3);
  ts_buf_free(&payload);
}

static void a_name_may_be_a_column(void** state) {
  wc_t* f = *state;
  start(f, NULL);
  size_t reply = prepare2(f, 1, "insert into st (tbname, ts, v, g) values(?,?,?,?)");
  is_text(f, reply, "\"bind_type\":4},{\"name\":\"ts\",\"field_type\":9,\"precision\":0,\"scale\":0,"
                    "\"bytes\":8,\"bind_type\":1}", true);
  is_text(f, reply, "\"name\":\"g\",\"field_type\":4,\"precision\":0,\"scale\":0,\"bytes\":4,"
                    "\"bind_type\":2}],\"fields_count\":4}", true);
  ts_buf_t rows = {0};
  ts_buf_t tag = {0};
  ts_buf_t payload = {0};
  const char* const names[] = {"n1"};
  bm_item(&rows, 9, 3, NULL, NULL, times, sizeof times);
  bm_item(&rows, 4, 3, "111", NULL, NULL, 0);
  bm_item(&tag, 4, 1, NULL, NULL, "\5\0\0\0", 4);
  bm_payload(&payload, &(bm_payload_t){.ntables = 1, .names = names, .ntags = 1, .tags = &tag,
                                       .ncolumns = 2, .columns = &rows});
  OK(send_bind(f, 9, 1, &payload));
  is_text(f, exec2(f, 1), "\"affected\":3}", true);
  assert_int_equal(
      count_rows(f, "select * from st where tbname = 'n1' and g = 5 and v is null"), 3);
  ts_buf_free(&rows);
  ts_buf_free(&tag);
  ts_buf_free(&payload);
}

static void sql_that_cannot_be_prepared_is_refused(void** state) {
  wc_t* f = *state;
  start(f, NULL);
  fails(f, prepare2(f, 1, "insert into nope values(?,?)"), 9731, "Table does not exist");
  fails(f, prepare2(f, 2, "insert into t values(?,1,?)"), 512,
        "stmt bind param does not support normal value in sql");
  fails(f, prepare2(f, 3, "insert into t values(?,?)"), 534, "Illegal number of columns");
  fails(f, prepare2(f, 4, "select * from ? where v = 1"), 9728, "syntax error near");
  fails(f, prepare2(f, 5, "select nope from t where v = ?"), 9730, "Invalid column name: nope");
  fails(f, prepare2(f, 6, "insert into st values(?,?,?)"), 256, "Operation not supported");
  fails(f, prepare2(f, 7, "insert into ? using st tags(?) values(?,?,?)"), 9740, "Tags num");
  fails(f, prepare2(f, 8, "insert into t (v) values(?)"), 534, "primary timestamp");
  fails(f, prepare2(f, 9, "insert into t (ts, v, v) values(?,?,?)"), 534, "duplicated column");
  OK(ask(f, "stmt2_prepare", "\"stmt_id\":9,\"sql\":\"%s\",\"get_fields\":true", using_sql));
  assert_int_equal(ts_server_counters(f->server).dead_statements, 0);
}

/* ---- every type, through every way of binding ---- */

static const char types_sql[] =
    "(ts timestamp, b bool, i1 tinyint, i2 smallint, i4 int, i8 bigint, u1 tinyint unsigned, "
    "u2 smallint unsigned, u4 int unsigned, u8 bigint unsigned, f float, d double, "
    "c varchar(8), n nchar(8), vb varbinary(8), ge geometry(50)%s)";
#define COMMON 16u /* columns that the first protocol takes as well */

static void create_types(wc_t* f, const char* name, const char* more) {
  char columns[512];
  char sql[600];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  snprintf(columns, sizeof columns, types_sql, more);
#pragma GCC diagnostic pop
  snprintf(sql, sizeof sql, "create table %s %s", name, columns);
  run(f, sql);
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
  run(f, sql);
}

static const uint8_t point[] = {1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f,
                                0, 0, 0, 0, 0, 0, 0, 0x40};

typedef struct value_s {
  int32_t type;
  const void* data;
  size_t size;
} value_t;

static const float f32 = -1.5f;
static const double f64 = 2.25;
static const value_t values[COMMON] = {{9, &times[0], 8},
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
  bool variable = ts_type_is_var((uint8_t)value->type);
  const int32_t lengths[] = {(int32_t)value->size, 0};
  if (value->type == 9) {
    bm_item(out, 9, 2, NULL, NULL, times, 16);
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
  start(f, "3.4.1.13");
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
  bm_payload(&payload, &(bm_payload_t){.ntables = 1, .ncolumns = COMMON + 3, .columns = &items});
  bm_columns(&columns, 2, 1, COMMON + 3, &items);
  char list[64];
  char sql[128];
  marks(list, COMMON + 3);
  snprintf(sql, sizeof sql, "insert into bound values(%s)", list);
  size_t reply = prepare2(f, 1, sql);
  is_text(f, reply,
          "{\"name\":\"de\",\"field_type\":21,\"precision\":10,\"scale\":3,\"bytes\":8,", true);
  OK(send_bind(f, 9, 1, &payload));
  is_text(f, exec2(f, 1), "\"affected\":2}", true);
  snprintf(sql, sizeof sql, "insert into columns values(%s)", list);
  OK(prepare2(f, 2, sql));
  reply = send_bind(f, 11, 2, &columns);
  is_text(f, reply, "\"action\":\"stmt2_bind_exec\",\"req_id\":9,", true);
  is_text(f, reply, "\"stmt_id\":2,\"affected\":2}", true);
  same_answers(f, "select * from bound", "select * from expected");
  same_answers(f, "select * from columns", "select * from expected");
  ts_buf_free(&items);
  ts_buf_free(&payload);
  ts_buf_free(&columns);
}

static void every_type_by_the_first_protocol_is_as_by_sql(void** state) {
  wc_t* f = *state;
  start(f, NULL);
  create_types(f, "expected", "");
  create_types(f, "by_json", "");
  create_types(f, "by_block", "");
  insert_expected(f, "", "");
  char list[64];
  marks(list, COMMON);
  OK(ask(f, "init", ""));
  OK(ask(f, "prepare", "\"stmt_id\":1,\"sql\":\"insert into ? values(%s)\"", list));
  OK(ask(f, "set_table_name", "\"stmt_id\":1,\"name\":\"by_json\""));
  OK(ask(f, "bind", "\"stmt_id\":1,\"columns\":[[\"2023-11-14T23:13:20+01:00\",1700000000001],"
                    "[true,null],[-128,null],[-32768,null],[-2147483648,null],"
                    "[-9223372036854775808,null],[255,null],[65535,null],[4294967295,null],"
                    "[18446744073709551615,null],[-1.5,null],[2.25,null],[\"abc\",null],"
                    "[\"a\xe6\xb6\x9b\",null],[\"00ff10\",null],"
                    "[\"0101000000000000000000f03f0000000000000040\",null]]"));
  OK(ask(f, "add_batch", "\"stmt_id\":1"));
  /* The block of a query is what is bound. */
  ts_buf_t block = query_block(f, "select * from expected");
  OK(ask(f, "set_table_name", "\"stmt_id\":1,\"name\":\"by_block\""));
  OK(send_bind(f, 2, 1, &block));
  OK(ask(f, "add_batch", "\"stmt_id\":1"));
  is_text(f, ask(f, "exec", "\"stmt_id\":1"), "\"stmt_id\":1,\"affected\":4}", true);
  same_answers(f, "select * from by_json", "select * from expected");
  same_answers(f, "select * from by_block", "select * from expected");
  ts_buf_free(&block);
}

static void raw_decimals_are_taken_by_old_servers(void** state) {
  wc_t* f = *state;
  start(f, NULL);
  run(f, "create table expected (ts timestamp, a decimal(10,3), b decimal(30,5))");
  run(f, "create table bound (ts timestamp, a decimal(10,3), b decimal(30,5))");
  run(f, "insert into expected values(1700000000000,'-1.234','-0.00001')");
  is_text(f, prepare2(f, 1, "insert into bound values(?,?,?)"),
          "{\"name\":\"a\",\"field_type\":21,\"precision\":0,\"scale\":0,\"bytes\":8,", true);
  const int64_t small = -1234;
  uint8_t wide[16];
  memset(wide, 0xff, sizeof wide);
  ts_buf_t items = {0};
  ts_buf_t payload = {0};
  bm_item(&items, 9, 1, NULL, NULL, times, 8);
  bm_item(&items, 21, 1, NULL, NULL, &small, 8);
  bm_item(&items, 17, 1, NULL, NULL, wide, 16);
  bm_payload(&payload, &(bm_payload_t){.ntables = 1, .ncolumns = 3, .columns = &items});
  OK(send_bind(f, 9, 1, &payload));
  is_text(f, exec2(f, 1), "\"affected\":1}", true);
  same_answers(f, "select * from bound", "select * from expected");
  ts_buf_free(&items);
  ts_buf_free(&payload);
}

static void json_tags_are_kept_as_by_sql(void** state) {
  wc_t* f = *state;
  start(f, NULL);
  run(f, "create table js (ts timestamp, v int) tags (j json)");
  run(f, "create table j0 using js tags ('{\"a\":1}')");
  run(f, "insert into j0 values (1700000000000, 1)");
  ts_buf_t tag = {0};
  ts_buf_t rows = {0};
  ts_buf_t payload = {0};
  const char* const names[] = {"j1"};
  const int32_t length = 9;
  bm_item(&tag, 15, 1, NULL, &length, "{\"a\": 1 }", 9);
  bm_item(&rows, 9, 1, NULL, NULL, times, 8);
  bm_item(&rows, 4, 1, NULL, NULL, "\1\0\0\0", 4);
  bm_payload(&payload, &(bm_payload_t){.ntables = 1, .names = names, .ntags = 1, .tags = &tag,
                                       .ncolumns = 2, .columns = &rows});
  OK(prepare2(f, 1, "insert into ? using js tags(?) values(?,?)"));
  OK(send_bind(f, 9, 1, &payload));
  is_text(f, exec2(f, 1), "\"affected\":1}", true);
  same_answers(f, "select ts, v, j from js where tbname = 'j0'",
               "select ts, v, j from js where tbname = 'j1'");
  OK(ask(f, "init", ""));
  OK(ask(f, "prepare", "\"stmt_id\":2,\"sql\":\"insert into ? using js tags(?) values(?,?)\""));
  OK(ask(f, "set_table_name", "\"stmt_id\":2,\"name\":\"j2\""));
  OK(ask(f, "set_tags", "\"stmt_id\":2,\"tags\":[\"{\\\"a\\\":1}\"]"));
  OK(ask(f, "bind", "\"stmt_id\":2,\"columns\":[[1700000000000],[1]]"));
  OK(ask(f, "add_batch", "\"stmt_id\":2"));
  OK(ask(f, "exec", "\"stmt_id\":2"));
  same_answers(f, "select ts, v, j from js where tbname = 'j0'",
               "select ts, v, j from js where tbname = 'j2'");
  ts_buf_free(&tag);
  ts_buf_free(&rows);
  ts_buf_free(&payload);
}

static void columns_are_cut_where_the_name_changes(void** state) {
  wc_t* f = *state;
  start(f, "3.4.1.13");
  OK(prepare2(f, 1, using_sql));
  ts_buf_t items = {0};
  ts_buf_t payload = {0};
  const int32_t names[] = {2, 2, 2};
  const int32_t g[] = {1, 1, 2};
  const int32_t l[] = {1, 1, 0};
  bm_item(&items, 8, 3, NULL, names, "x1x1x2", 6);
  bm_item(&items, 4, 3, NULL, NULL, g, sizeof g);
  bm_item(&items, 10, 3, "001", l, "pp", 2);
  put_rows(&items, 4);
  bm_columns(&payload, 3, 2, 6, &items);
  is_text(f, send_bind(f, 11, 1, &payload), "\"affected\":3}", true);
  assert_int_equal(count_rows(f, "select * from st where tbname = 'x1' and g = 1 and l = 'p'"), 2);
  assert_int_equal(
      count_rows(f, "select * from st where tbname = 'x2' and l is null and v = 3 and s = ''"), 1);
  ts_put_u32(payload.data + 8, 3); /* there are two tables */
  fails(f, send_bind(f, 11, 1, &payload), 280, "Invalid parameters");
  ts_put_u32(payload.data + 8, 2);
  ts_put_u32(payload.data + 4, 0);
  fails(f, send_bind(f, 11, 1, &payload), 65535, "row count is 0");
  OK(prepare2(f, 2, "select v from st where g = ? and s = ?"));
  fails(f, send_bind(f, 11, 2, &payload), 65535, "query only supports one row");
  ts_buf_free(&items);
  ts_buf_free(&payload);
}

/* ---- the rules ---- */

static void exec_without_a_bind_kills_a_statement(void** state) {
  wc_t* f = *state;
  start(f, NULL);
  ts_buf_t payload = plain_payload(4);
  OK(prepare2(f, 1, "insert into t values(?,?,?)"));
  OK(send_bind(f, 9, 1, &payload));
  OK(exec2(f, 1));
  fails(f, exec2(f, 1), 554, "Stmt API usage error");
  fails(f, send_bind(f, 9, 1, &payload), 554, "Stmt API usage error");
  fails(f, ask(f, "stmt2_prepare", "\"stmt_id\":1,\"sql\":\"select 1\""), 554, "success");
  assert_int_equal(ts_server_counters(f->server).dead_statements, 1);
  is_text(f, ask(f, "stmt2_close", "\"stmt_id\":1"), "\"stmt_id\":1}", true);
  fails(f, exec2(f, 1), 65535, "stmt2 is nil");
  assert_int_equal(ts_server_counters(f->server).statements_open, 0);
  ts_buf_free(&payload);
}

static void a_refused_bind_kills_a_statement(void** state) {
  wc_t* f = *state;
  start(f, NULL);
  ts_buf_t payload = plain_payload(6);
  OK(prepare2(f, 1, "insert into t values(?,?,?)"));
  fails(f, send_bind(f, 9, 1, &payload), 512, "column type mis-match with buffer type");
  fails(f, exec2(f, 1), 512, "column type mis-match with buffer type");
  ts_buf_free(&payload);
  ts_buf_t rows = {0};
  const int32_t length = 9;
  payload = (ts_buf_t){0};
  bm_item(&rows, 9, 1, NULL, NULL, times, 8);
  bm_item(&rows, 8, 1, NULL, &length, "123456789", 9);
  bm_payload(&payload, &(bm_payload_t){.ntables = 1, .ncolumns = 2, .columns = &rows});
  OK(prepare2(f, 2, "insert into t (ts, s) values(?,?)"));
  fails(f, send_bind(f, 9, 2, &payload), 9811, "Value too long for column/tag: s");
  fails(f, exec2(f, 2), 9811, "Value too long for column/tag: s");
  assert_int_equal(ts_server_counters(f->server).dead_statements, 2);
  ts_buf_free(&rows);
  ts_buf_free(&payload);
}

static void changed_tables_want_the_statement_prepared_again(void** state) {
  wc_t* f = *state;
  start(f, NULL);
  ts_buf_t payload = plain_payload(4);
  OK(prepare2(f, 1, "insert into t (ts, v, s) values(?,?,?)"));
  OK(send_bind(f, 9, 1, &payload));
  run(f, "create table other (ts timestamp, v int)"); /* of no concern */
  OK(exec2(f, 1));
  run(f, "drop table t");
  run(f, "create table t (ts timestamp, v int, s varchar(8))");
  fails(f, send_bind(f, 9, 1, &payload), 293, "Retry needed");
  OK(ask(f, "stmt2_prepare", "\"stmt_id\":1,\"sql\":\"insert into t values(?,?,?)\""));
  OK(send_bind(f, 9, 1, &payload));
  run(f, "drop table t");
  fails(f, exec2(f, 1), 9731, "Table does not exist");
  ts_buf_free(&payload);
}

static void nothing_is_kept_of_a_batch_that_fails(void** state) {
  wc_t* f = *state;
  start(f, NULL);
  ts_buf_t payload = two_tables(true, true, true);
  OK(prepare2(f, 1, using_sql));
  OK(send_bind(f, 9, 1, &payload));
  run(f, "create table a2 (ts timestamp, v int)"); /* no child of st */
  fails(f, exec2(f, 1), 534, "Table is not a child of the super table: a2");
  assert_int_equal(ts_server_exec(f->server, "select * from a1"), 9731);
  ts_buf_free(&payload);
}

static void queries_take_values_of_any_type(void** state) {
  wc_t* f = *state;
  start(f, NULL);
  run(f, "insert into t values (1700000000000, 1, 'it''s')(1700000000001, -2, '\\\\x')");
  is_text(f, prepare2(f, 1, "select * from t where ts >= ? and v < ? and s like ? limit ?"),
          "\"is_insert\":false,\"fields\":null,\"fields_count\":4}", true);
  ts_buf_t items = {0};
  ts_buf_t payload = {0};
  const int32_t lengths[] = {4};
  bm_item(&items, 9, 1, NULL, NULL, times, 8);
  bm_item(&items, 7, 1, NULL, NULL, &f64, 8);
  bm_item(&items, 8, 1, NULL, lengths, "it's", 4);
  bm_item(&items, 2, 1, NULL, NULL, "\7", 1);
  bm_payload(&payload, &(bm_payload_t){.ntables = 1, .ncolumns = 4, .columns = &items});
  OK(send_bind(f, 9, 1, &payload));
  is_text(f, exec2(f, 1), "\"affected\":0}", true);
  is_text(f, ask(f, "stmt2_result", "\"stmt_id\":1"),
          "\"stmt_id\":1,\"id\":1,\"fields_count\":3,\"fields_names\":[\"ts\",\"v\",\"s\"],"
          "\"fields_types\":[9,4,8],\"fields_lengths\":[8,4,10],\"precision\":0,", true);
  wc_binary(f, 5, 1, 7, NULL);
  size_t reply = wait_reply(f, f->client.count);
  assert_int_equal(ts_get_u32(f->client.messages[reply].data.data + 55 + 8), 1);
  OK(send_bind(f, 9, 1, &payload));
  OK(exec2(f, 1)); /* which ends the result before */
  wc_binary(f, 5, 1, 7, NULL);
  reply = wait_reply(f, f->client.count);
  is_text(f, reply, "result is nil", true);
  fails(f, exec2(f, 1), 554, "Stmt API usage error");
  ts_buf_free(&items);
  ts_buf_free(&payload);
}

static void the_first_protocol_has_its_order(void** state) {
  wc_t* f = *state;
  start(f, NULL);
  fails(f, ask(f, "prepare", "\"stmt_id\":5,\"sql\":\"select 1\""), 65535, "stmt is nil");
  OK(ask(f, "init", ""));
  OK(ask(f, "prepare", "\"stmt_id\":1,\"sql\":\"%s\"", using_sql));
  fails(f, ask(f, "get_tag_fields", "\"stmt_id\":1"), 555, "Stmt table name not set");
  fails(f, ask(f, "exec", "\"stmt_id\":1"), 554, "Stmt API usage error");
  OK(ask(f, "set_table_name", "\"stmt_id\":1,\"name\":\"k1\""));
  fails(f, ask(f, "set_tags", "\"stmt_id\":1,\"tags\":[1]"), 65535, "stmt parse tag json:");
  fails(f, ask(f, "bind", "\"stmt_id\":1,\"columns\":[[1],[\"x\"],[null]]"), 65535,
        "stmt parse column json:");
  fails(f, ask(f, "use_result", "\"stmt_id\":1"), 65535, "success");
  fails(f, ask(f, "stmt_get_param", "\"stmt_id\":1,\"index\":9"), 280, "Invalid parameters");
  fails(f, ask(f, "stmt2_exec", "\"stmt_id\":1"), 65535, "stmt2 is nil");
  ask(f, "close", "\"stmt_id\":1");
  ask(f, "close", "\"stmt_id\":1");
  OK(ask(f, "stmt2_init", ""));
  fails(f, ask(f, "exec", "\"stmt_id\":2"), 65535, "stmt is nil");
  wc_forget(f);
  ask(f, "close", "\"stmt_id\":2");
  fails(f, wait_reply(f, 0), 65535, "stmt type not match");
  assert_int_equal(ts_server_counters(f->server).poisonous, 0);
}

static void the_first_protocol_keeps_the_table_and_its_tags(void** state) {
  wc_t* f = *state;
  start(f, NULL);
  OK(ask(f, "init", ""));
  OK(ask(f, "prepare", "\"stmt_id\":1,\"sql\":\"%s\"", using_sql));
  OK(ask(f, "set_table_name", "\"stmt_id\":1,\"name\":\"k1\""));
  fails(f, ask(f, "bind", "\"stmt_id\":1,\"columns\":[[0],[0],[null]]"), 554, "Stmt API usage");
  OK(ask(f, "set_tags", "\"stmt_id\":1,\"tags\":[7,\"x\"]"));
  for (int i = 0; i < 3; i++) {
    OK(ask(f, "bind", "\"stmt_id\":1,\"columns\":[[%d],[%d],[null]]", i, i));
    OK(ask(f, "add_batch", "\"stmt_id\":1"));
    is_text(f, ask(f, "exec", "\"stmt_id\":1"), "\"affected\":1}", true);
  }
  OK(ask(f, "set_table_name", "\"stmt_id\":1,\"name\":\"k1\"")); /* it is there: needs no tags */
  OK(ask(f, "bind", "\"stmt_id\":1,\"columns\":[[9,10],[9,null],[null,\"y\"]]"));
  OK(ask(f, "add_batch", "\"stmt_id\":1"));
  is_text(f, ask(f, "exec", "\"stmt_id\":1"), "\"affected\":2}", true);
  assert_int_equal(count_rows(f, "select * from st where tbname = 'k1' and g = 7"), 5);
  assert_int_equal(ts_server_counters(f->server).poisonous, 0);
}

static void old_servers_lack_statements(void** state) {
  wc_t* f = *state;
  start(f, "3.1.1.15");
  ts_buf_t nothing = {0};
  fails(f, ask(f, "stmt2_init", ""), 65535, "unknown action stmt2_init");
  fails(f, ask(f, "stmt_num_params", "\"stmt_id\":1"), 65535, "unknown action stmt_num_params");
  fails(f, send_bind(f, 9, 1, &nothing), 65535, "unknown binary action 9");
  fails(f, send_bind(f, 11, 1, &nothing), 65535, "unknown binary action 11");
  OK(ask(f, "init", ""));
}

static void wrong_lengths_are_named(void** state) {
  wc_t* f = *state;
  start(f, NULL);
  ts_buf_t good = two_tables(true, true, true);
  ts_buf_t bad = {0};
  OK(prepare2(f, 1, using_sql));
  fails(f, send_bind(f, 9, 1, &bad), 65535, "data length is less than 28");
  static const struct {
    size_t at;
    uint32_t value;
    const char* text;
  } cases[] = {{0, 7, "total length not match, expect "},
               {4, 100000, "table name lengths out of range, total length: "},
               {28, 0, "table name length is 0, tableIndex: 0"},
               {28, 0xffff, "table names out of range, total length: "},
               {8, 0, "tag count is 0, but tags offset is not 0"},
               {12, 0, "col count is 0, but cols offset is not 0"},
               {20, 0xffffff, "tags out of range, total length: "},
               {24, 0xffffff, "cols out of range, total length: "},
               {40, 0, "tag length is 0, tableIndex: 0"},
               {48, 5, "bind data length error, tableIndex: 0, fieldIndex: 0"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bad.size = 0;
    ts_buf_add(&bad, good.data, good.size);
    if (cases[i].at == 28) {
      ts_put_u16(bad.data + 28, (uint16_t)cases[i].value);
    } else {
      ts_put_u32(bad.data + cases[i].at, cases[i].value);
    }
    fails(f, send_bind(f, 9, 1, &bad), 65535, cases[i].text);
  }
  OK(send_bind(f, 9, 1, &good)); /* none of them was felt by the statement */
  OK(exec2(f, 1));
  ts_buf_free(&good);
  ts_buf_free(&bad);
}

/* ---- what must never be sent ---- */

/* The message ends the connection, and is counted; the next one finds the server well. */
static void poisons(wc_t* f, uint64_t count) {
  wc_wait_for(f, SIZE_MAX, 5000);
  assert_true(f->client.end != 0);
  assert_int_equal(ts_server_counters(f->server).poisonous, count);
  log_in(f);
}

static void poison_ends_the_connection_and_is_counted(void** state) {
  wc_t* f = *state;
  uint64_t count = 0;
  start(f, NULL);
  wc_frame(f, TUV_WS_BINARY, "", 0);
  poisons(f, ++count);
  wc_frame(f, TUV_WS_BINARY, "12345678901234567890123", 23);
  poisons(f, ++count);
  wc_text(f, "{\"action\":\"options_connection\",\"args\":{\"req_id\":1,\"options\":[null]}}");
  poisons(f, ++count);
  OK(ask(f, "init", ""));
  OK(ask(f, "prepare", "\"stmt_id\":1,\"sql\":\"select * from t where v = ?\""));
  wc_text(f, "{\"action\":\"stmt_get_param\",\"args\":{\"req_id\":1,\"stmt_id\":1,\"index\":0}}");
  poisons(f, ++count);
  static const char* const too_many[] = {
      "\"set_tags\",\"args\":{\"stmt_id\":1,\"tags\":[1,null,1]",
      "\"bind\",\"args\":{\"stmt_id\":1,\"columns\":[[],[],[],[]]"};
  for (size_t i = 0; i < 2; i++) {
    char message[200];
    OK(ask(f, "init", ""));
    OK(ask(f, "prepare", "\"stmt_id\":1,\"sql\":\"%s\"", using_sql));
    OK(ask(f, "set_table_name", "\"stmt_id\":1,\"name\":\"k1\""));
    snprintf(message, sizeof message, "{\"action\":%s}}", too_many[i]);
    wc_text(f, message);
    poisons(f, ++count);
  }
}

static void lies_about_lengths_are_poison(void** state) {
  wc_t* f = *state;
  uint64_t count = 0;
  start(f, NULL);
  run(f, "insert into t values (1700000000000, 1, 'x')");
  ts_buf_t block = query_block(f, "select * from t");
  static const size_t places[] = {8, 43, 47, 51}; /* rows and the columns' lengths */
  for (size_t i = 0; i < 4; i++) {
    OK(ask(f, "init", ""));
    OK(ask(f, "prepare", "\"stmt_id\":1,\"sql\":\"insert into t values(?,?,?)\""));
    ts_put_u32(block.data + places[i], ts_get_u32(block.data + places[i]) + 1000);
    send_message(f, 2, 1, &block);
    poisons(f, ++count);
    ts_put_u32(block.data + places[i], ts_get_u32(block.data + places[i]) - 1000);
  }
  OK(ask(f, "init", ""));
  OK(ask(f, "prepare", "\"stmt_id\":1,\"sql\":\"insert into t values(?,?,?)\""));
  OK(send_bind(f, 2, 1, &block));
  ts_buf_t payload = plain_payload(4);
  OK(prepare2(f, 2, "insert into t values(?,?,?)"));
  ts_put_u32(payload.data + 32 + 8, 1000); /* rows of the first item */
  send_message(f, 9, 2, &payload);
  poisons(f, ++count);
  ts_buf_free(&block);
  ts_buf_free(&payload);
}

/* Sends the message with one byte changed to a new statement; whatever the server makes of it, it
 * answers or ends the connection. Statements are numbered from 1 on each connection. */
static void send_changed(wc_t* f, const char* init, const char* sql, uint64_t action,
                         const ts_buf_t* payload, uint64_t* stmt) {
  char message[256];
  if (f->client.end != 0) {
    log_in(f);
    *stmt = 0;
  }
  wc_forget(f);
  snprintf(message, sizeof message, "{\"action\":\"%s\",\"args\":{}}", init);
  wc_text(f, message);
  snprintf(message, sizeof message,
           "{\"action\":\"%s\",\"args\":{\"stmt_id\":%llu,\"sql\":\"%s\"}}",
           action == 2 ? "prepare" : "stmt2_prepare", (unsigned long long)++*stmt, sql);
  wc_text(f, message);
  send_message(f, action, *stmt, payload);
  wc_wait_for(f, 3, 5000);
  assert_true(f->client.count == 3 || f->client.end != 0);
  for (size_t i = 0; i < 2 && i < f->client.count; i++) OK(i);
}

static void change_every_byte(wc_t* f, const char* init, const char* sql, uint64_t action,
                              ts_buf_t* payload) {
  static const uint8_t masks[] = {1, 0x80, 0xff};
  uint64_t stmt = 0;
  log_in(f);
  for (size_t at = 0; at < payload->size; at++)
    for (size_t i = 0; i < sizeof masks; i++) {
      payload->data[at] ^= masks[i];
      send_changed(f, init, sql, action, payload, &stmt);
      payload->data[at] ^= masks[i];
    }
}

static void every_changed_byte_is_survived(void** state) {
  wc_t* f = *state;
  start(f, "3.4.1.13");
  run(f, "insert into t values (1700000000000, 1, 'x')(1700000000001, null, null)");
  ts_buf_t payload = two_tables(true, true, true);
  change_every_byte(f, "stmt2_init", using_sql, 9, &payload);
  ts_buf_free(&payload);
  ts_buf_t items = {0};
  payload = (ts_buf_t){0};
  put_rows(&items, 4);
  bm_columns(&payload, 3, 1, 3, &items);
  change_every_byte(f, "stmt2_init", "insert into t values(?,?,?)", 11, &payload);
  ts_buf_free(&items);
  ts_buf_free(&payload);
  payload = query_block(f, "select * from t");
  change_every_byte(f, "init", "insert into t values(?,?,?)", 2, &payload);
  ts_buf_free(&payload);
  assert_true(ts_server_counters(f->server).poisonous > 100);
}

static void a_bind_without_tags_after_tags_is_poison(void** state) {
  wc_t* f = *state;
  start(f, NULL);
  ts_buf_t with = two_tables(true, true, true);
  ts_buf_t without = two_tables(true, false, true);
  OK(prepare2(f, 1, using_sql));
  OK(send_bind(f, 9, 1, &with));
  OK(exec2(f, 1));
  send_message(f, 9, 1, &without);
  poisons(f, 1);
  OK(prepare2(f, 1, using_sql)); /* the first bind is refused only */
  fails(f, send_bind(f, 9, 1, &without), 554, "Stmt API usage error");
  ts_buf_free(&with);
  ts_buf_free(&without);
}

static void decimals_as_text_are_poison_to_old_servers(void** state) {
  wc_t* f = *state;
  start(f, NULL);
  run(f, "create table de (ts timestamp, a decimal(10,3))");
  ts_buf_t items = {0};
  ts_buf_t payload = {0};
  const int32_t length = 3;
  bm_item(&items, 9, 1, NULL, NULL, times, 8);
  bm_item(&items, 21, 1, NULL, &length, "1.5", 3);
  bm_payload(&payload, &(bm_payload_t){.ntables = 1, .ncolumns = 2, .columns = &items});
  OK(prepare2(f, 1, "insert into de values(?,?)"));
  send_message(f, 9, 1, &payload);
  poisons(f, 1);
  ts_buf_free(&items);
  ts_buf_free(&payload);
}

static void the_result_of_an_insert_is_never_fetched(void** state) {
  wc_t* f = *state;
  start(f, NULL);
  OK(prepare2(f, 1, "insert into t values(?,?,?)"));
  is_text(f, ask(f, "stmt2_result", "\"stmt_id\":1"), "\"id\":1,\"fields_count\":0,", true);
  assert_int_equal(ts_server_counters(f->server).poisonous, 1);
  wc_forget(f);
  wc_binary(f, 5, 1, 7, NULL);
  wc_ask(f, 1);
  wait_reply(f, 0); /* of `version`: the fetch has none */
  is_text(f, 0, "\"action\":\"version\"", true);
  start(f, "3.4.0.1");
  OK(prepare2(f, 1, "insert into t values(?,?,?)"));
  fails(f, ask(f, "stmt2_result", "\"stmt_id\":1"), 65535, "stmt is insert, no result set");
  assert_int_equal(ts_server_counters(f->server).poisonous, 0);
}

/* ---- the sink ---- */

static void the_sink_counts_rows_and_drops_them(void** state) {
  wc_t* f = *state;
  start(f, NULL);
  run(f, "create database bench");
  run(f, "create table bench.sink (ts timestamp, a int, c varchar(8)) tags (g int, l nchar(4))");
  ts_buf_t payload = two_tables(true, true, true);
  static const char* const moved[] = {"bench.s1", "bench.s2"};
  payload.size = 0;
  ts_buf_t rows[2] = {0};
  ts_buf_t tags[2] = {0};
  for (int i = 0; i < 2; i++) {
    put_rows(&rows[i], 4);
    put_tags(&tags[i], i, "x");
  }
  bm_payload(&payload, &(bm_payload_t){.ntables = 2, .names = moved, .ntags = 2, .tags = tags,
                                       .ncolumns = 3, .columns = rows});
  OK(prepare2(f, 1, "insert into ? using bench.sink tags(?,?) values(?,?,?)"));
  OK(send_bind(f, 9, 1, &payload));
  is_text(f, exec2(f, 1), "\"affected\":6}", true);
  run(f, "insert into bench.s1 values (1700000000000, 10, 'x')");
  ts_buf_t totals = query_block(f, "select count(*), sum(a) from bench.sink");
  assert_int_equal(ts_get_u64(totals.data + 28 + 18 + 1), 7);
  assert_int_equal(ts_get_u64(totals.data + 28 + 18 + 10), 18);
  ts_buf_free(&totals);
  assert_int_equal(ts_server_exec(f->server, "select * from bench.s1"), 0);
  for (int i = 0; i < 2; i++) {
    ts_buf_free(&rows[i]);
    ts_buf_free(&tags[i]);
  }
  ts_buf_free(&payload);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, wc_setup, wc_teardown)
  const struct CMUnitTest tests[] = {
      TEST(many_tables_are_made_by_their_tags),
      TEST(every_form_writes_the_same_rows),
      TEST(a_name_may_be_a_column),
      TEST(sql_that_cannot_be_prepared_is_refused),
      TEST(every_type_by_stmt2_is_as_by_sql),
      TEST(every_type_by_the_first_protocol_is_as_by_sql),
      TEST(raw_decimals_are_taken_by_old_servers),
      TEST(json_tags_are_kept_as_by_sql),
      TEST(columns_are_cut_where_the_name_changes),
      TEST(exec_without_a_bind_kills_a_statement),
      TEST(a_refused_bind_kills_a_statement),
      TEST(changed_tables_want_the_statement_prepared_again),
      TEST(nothing_is_kept_of_a_batch_that_fails),
      TEST(queries_take_values_of_any_type),
      TEST(the_first_protocol_has_its_order),
      TEST(the_first_protocol_keeps_the_table_and_its_tags),
      TEST(old_servers_lack_statements),
      TEST(wrong_lengths_are_named),
      TEST(poison_ends_the_connection_and_is_counted),
      TEST(lies_about_lengths_are_poison),
      TEST(every_changed_byte_is_survived),
      TEST(a_bind_without_tags_after_tags_is_poison),
      TEST(decimals_as_text_are_poison_to_old_servers),
      TEST(the_result_of_an_insert_is_never_fetched),
      TEST(the_sink_counts_rows_and_drops_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
