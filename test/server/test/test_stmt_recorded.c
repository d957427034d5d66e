/* The bundled server's statements against the recordings: every reply, byte for byte. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data.h"
#include "ws_client.h"

/* How long something took is the only thing that may differ. */
static void drop_timing(ts_buf_t* text) {
  static const char key[] = "\"timing\":";
  ts_buf_add(text, "", 1);
  char* at = strstr((char*) text->data, key);
  assert_non_null(at);
  at += strlen(key);
  size_t digits = strspn(at, "0123456789");
  memmove(at, at + digits, strlen(at + digits) + 1);
}

static void same_text(const wc_message_t* got, const char* expected, size_t size, size_t line) {
  ts_buf_t a = {0};
  ts_buf_t b = {0};
  ts_buf_add(&a, got->data.data, got->data.size);
  ts_buf_add(&b, expected, size);
  drop_timing(&a);
  drop_timing(&b);
  if (strcmp((char*) a.data, (char*) b.data) != 0)
    fail_msg("line %zu:\n%s\ninstead of\n%s", line, (char*) a.data, (char*) b.data);
  ts_buf_free(&a);
  ts_buf_free(&b);
}

static void same_block(wc_message_t* got, const char* hex, size_t hexlen, size_t line) {
  size_t size;
  uint8_t* expected = td_hex(hex, hexlen, &size);
  assert_true(size > 26);
  if (got->data.size != size) fail_msg("line %zu: %zu bytes for %zu", line, got->data.size, size);
  memset(expected + 18, 0, 8);
  memset(got->data.data + 18, 0, 8);
  if (memcmp(expected, got->data.data, size) != 0) fail_msg("line %zu: another block", line);
  free(expected);
}

static void send_line(wc_t* f, yyjson_val* line) {
  size_t size;
  const char* text = td_str(line, "text", &size);
  if (size > 0) {
    wc_frame(f, TUV_WS_TEXT, text, size);
    return;
  }
  const char* hex = td_str(line, "hex", &size);
  uint8_t* bytes = td_hex(hex, size, &size);
  wc_frame(f, TUV_WS_BINARY, bytes, size);
  free(bytes);
}

static void receive_line(wc_t* f, yyjson_val* line, size_t index, size_t number) {
  size_t size;
  wc_wait_for(f, index + 1, 5000);
  if (f->client.count <= index) fail_msg("line %zu: no answer", number);
  const char* text = td_str(line, "text", &size);
  if (size > 0) {
    same_text(&f->client.messages[index], text, size, number);
  } else {
    const char* hex = td_str(line, "hex", &size);
    same_block(&f->client.messages[index], hex, size, number);
  }
}

static void replay(wc_t* f, const char* file) {
  td_jsonl_t lines;
  size_t received = 0;
  td_jsonl_open(&lines, file);
  wc_open_ws(f);
  for (yyjson_val* line; (line = td_jsonl_next(&lines)) != NULL;) {
    const char* dir = td_str(line, "dir", NULL);
    if (strcmp(dir, "send") == 0) send_line(f, line);
    if (strcmp(dir, "recv") == 0) receive_line(f, line, received++, lines.line);
  }
  assert_true(received > 20);
  td_jsonl_close(&lines);
  assert_int_equal(ts_server_counters(f->server).statements_open, 0);
  assert_int_equal(ts_server_counters(f->server).results_open, 0);
  assert_int_equal(ts_server_counters(f->server).poisonous, 0);
}

static void run(wc_t* f, const char* sql) {
  if (ts_server_exec(f->server, sql) != 0) fail_msg("%s: %s", sql, ts_server_exec_error(f->server));
}

static void the_first_protocol_is_as_recorded(void** state) {
  wc_t* f = *state;
  run(f, "create database cap_stmt1");
  run(f,
      "create table cap_stmt1.st (ts timestamp, v int, f double, s varchar(16), n nchar(16)) "
      "tags (loc varchar(16), g int)");
  replay(f, "stmt1.jsonl");
}

static void the_second_protocol_is_as_recorded(void** state) {
  wc_t* f = *state;
  run(f, "create database cap_stmt2");
  run(f,
      "create table cap_stmt2.st (ts timestamp, c_bool bool, c_i8 tinyint, c_i16 smallint, "
      "c_i32 int, c_i64 bigint, c_u8 tinyint unsigned, c_u16 smallint unsigned, "
      "c_u32 int unsigned, c_u64 bigint unsigned, c_f32 float, c_f64 double, "
      "c_bin varchar(64), c_nchar nchar(64), c_varbin varbinary(64), c_geo geometry(100)) "
      "tags (t_bool bool, t_i32 int, t_f64 double, t_bin varchar(32), t_nchar nchar(32))");
  run(f, "create table cap_stmt2.plain (ts timestamp, v int, s nchar(16))");
  replay(f, "stmt2.jsonl");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, wc_setup, wc_teardown)
  const struct CMUnitTest tests[] = {
      TEST(the_first_protocol_is_as_recorded),
      TEST(the_second_protocol_is_as_recorded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
