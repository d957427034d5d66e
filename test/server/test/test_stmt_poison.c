/* The bundled server's statements: what a client must never send, and what is survived anyway. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stmt_client.h"

/* ---- what must never be sent ---- */

/* The message ends the connection, and is counted; the next one finds the server well. */
static void poisons(wc_t* f, uint64_t count) {
  wc_wait_for(f, SIZE_MAX, 5000);
  assert_true(f->client.end != 0);
  assert_int_equal(ts_server_counters(f->server).poisonous, count);
  sc_log_in(f);
}

static void poison_ends_the_connection_and_is_counted(void** state) {
  wc_t* f = *state;
  uint64_t count = 0;
  sc_start(f, NULL);
  wc_frame(f, TUV_WS_BINARY, "", 0);
  poisons(f, ++count);
  wc_frame(f, TUV_WS_BINARY, "12345678901234567890123", 23);
  poisons(f, ++count);
  wc_text(f, "{\"action\":\"options_connection\",\"args\":{\"req_id\":1,\"options\":[null]}}");
  poisons(f, ++count);
  SC_OK(sc_ask(f, "init", "%s", ""));
  SC_OK(sc_ask(f, "prepare", "\"stmt_id\":1,\"sql\":\"select * from t where v = ?\""));
  wc_text(f, "{\"action\":\"stmt_get_param\",\"args\":{\"req_id\":1,\"stmt_id\":1,\"index\":0}}");
  poisons(f, ++count);
  static const char* const too_many[] = {
      "\"set_tags\",\"args\":{\"stmt_id\":1,\"tags\":[1,null,1]",
      "\"bind\",\"args\":{\"stmt_id\":1,\"columns\":[[],[],[],[]]"};
  for (size_t i = 0; i < 2; i++) {
    char message[200];
    SC_OK(sc_ask(f, "init", "%s", ""));
    SC_OK(sc_ask(f, "prepare", "\"stmt_id\":1,\"sql\":\"%s\"", sc_using_sql));
    SC_OK(sc_ask(f, "set_table_name", "\"stmt_id\":1,\"name\":\"k1\""));
    snprintf(message, sizeof message, "{\"action\":%s}}", too_many[i]);
    wc_text(f, message);
    poisons(f, ++count);
  }
}

static void lies_about_lengths_are_poison(void** state) {
  wc_t* f = *state;
  uint64_t count = 0;
  sc_start(f, NULL);
  sc_run(f, "insert into t values (1700000000000, 1, 'x')");
  ts_buf_t block = sc_query_block(f, "select * from t");
  static const size_t places[] = {8, 43, 47, 51}; /* rows and the columns' lengths */
  for (size_t i = 0; i < 4; i++) {
    SC_OK(sc_ask(f, "init", "%s", ""));
    SC_OK(sc_ask(f, "prepare", "\"stmt_id\":1,\"sql\":\"insert into t values(?,?,?)\""));
    ts_put_u32(block.data + places[i], ts_get_u32(block.data + places[i]) + 1000);
    sc_send_message(f, 2, 1, &block);
    poisons(f, ++count);
    ts_put_u32(block.data + places[i], ts_get_u32(block.data + places[i]) - 1000);
  }
  SC_OK(sc_ask(f, "init", "%s", ""));
  SC_OK(sc_ask(f, "prepare", "\"stmt_id\":1,\"sql\":\"insert into t values(?,?,?)\""));
  SC_OK(sc_send_bind(f, 2, 1, &block));
  ts_buf_t payload = sc_plain_payload(4);
  SC_OK(sc_prepare2(f, 2, "insert into t values(?,?,?)"));
  ts_put_u32(payload.data + 32 + 8, 1000); /* rows of the first item */
  sc_send_message(f, 9, 2, &payload);
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
    sc_log_in(f);
    *stmt = 0;
  }
  wc_forget(f);
  snprintf(message, sizeof message, "{\"action\":\"%s\",\"args\":{}}", init);
  wc_text(f, message);
  snprintf(message, sizeof message,
           "{\"action\":\"%s\",\"args\":{\"stmt_id\":%llu,\"sql\":\"%s\"}}",
           action == 2 ? "prepare" : "stmt2_prepare", (unsigned long long) ++*stmt, sql);
  wc_text(f, message);
  sc_send_message(f, action, *stmt, payload);
  wc_wait_for(f, 3, 5000);
  assert_true(f->client.count == 3 || f->client.end != 0);
  for (size_t i = 0; i < 2 && i < f->client.count; i++) SC_OK(i);
}

static void change_every_byte(wc_t* f, const char* init, const char* sql, uint64_t action,
                              ts_buf_t* payload) {
  static const uint8_t masks[] = {1, 0x80, 0xff};
  uint64_t stmt = 0;
  sc_log_in(f);
  for (size_t at = 0; at < payload->size; at++)
    for (size_t i = 0; i < sizeof masks; i++) {
      payload->data[at] ^= masks[i];
      send_changed(f, init, sql, action, payload, &stmt);
      payload->data[at] ^= masks[i];
    }
}

static void every_changed_byte_is_survived(void** state) {
  wc_t* f = *state;
  sc_start(f, "3.4.1.13");
  sc_run(f, "insert into t values (1700000000000, 1, 'x')(1700000000001, null, null)");
  ts_buf_t payload = sc_two_tables(true, true, true);
  change_every_byte(f, "stmt2_init", sc_using_sql, 9, &payload);
  ts_buf_free(&payload);
  ts_buf_t items = {0};
  payload = (ts_buf_t) {0};
  sc_put_rows(&items, 4);
  bm_columns(&payload, 3, 1, 3, &items);
  change_every_byte(f, "stmt2_init", "insert into t values(?,?,?)", 11, &payload);
  ts_buf_free(&items);
  ts_buf_free(&payload);
  payload = sc_query_block(f, "select * from t");
  change_every_byte(f, "init", "insert into t values(?,?,?)", 2, &payload);
  ts_buf_free(&payload);
  assert_true(ts_server_counters(f->server).poisonous > 100);
}

static void a_bind_without_tags_after_tags_is_poison(void** state) {
  wc_t* f = *state;
  sc_start(f, NULL);
  ts_buf_t with = sc_two_tables(true, true, true);
  ts_buf_t without = sc_two_tables(true, false, true);
  SC_OK(sc_prepare2(f, 1, sc_using_sql));
  SC_OK(sc_send_bind(f, 9, 1, &with));
  SC_OK(sc_exec2(f, 1));
  sc_send_message(f, 9, 1, &without);
  poisons(f, 1);
  SC_OK(sc_prepare2(f, 1, sc_using_sql)); /* the first bind is refused only */
  sc_fails(f, sc_send_bind(f, 9, 1, &without), 554, "Stmt API usage error");
  ts_buf_free(&with);
  ts_buf_free(&without);
}

static void decimals_as_text_are_poison_to_old_servers(void** state) {
  wc_t* f = *state;
  sc_start(f, NULL);
  sc_run(f, "create table de (ts timestamp, a decimal(10,3))");
  ts_buf_t items = {0};
  ts_buf_t payload = {0};
  const int32_t length = 3;
  bm_item(&items, 9, 1, NULL, NULL, sc_times, 8);
  bm_item(&items, 21, 1, NULL, &length, "1.5", 3);
  bm_payload(&payload, &(bm_payload_t) {.ntables = 1, .ncolumns = 2, .columns = &items});
  SC_OK(sc_prepare2(f, 1, "insert into de values(?,?)"));
  sc_send_message(f, 9, 1, &payload);
  poisons(f, 1);
  ts_buf_free(&items);
  ts_buf_free(&payload);
}

static void the_result_of_an_insert_is_never_fetched(void** state) {
  wc_t* f = *state;
  sc_start(f, NULL);
  SC_OK(sc_prepare2(f, 1, "insert into t values(?,?,?)"));
  sc_is_text(f, sc_ask(f, "stmt2_result", "\"stmt_id\":1"), "\"id\":1,\"fields_count\":0,", true);
  assert_int_equal(ts_server_counters(f->server).poisonous, 1);
  wc_forget(f);
  wc_binary(f, 5, 1, 7, NULL);
  wc_ask(f, 1);
  sc_wait_reply(f, 0); /* of `version`: the fetch has none */
  sc_is_text(f, 0, "\"action\":\"version\"", true);
  sc_start(f, "3.4.0.1");
  SC_OK(sc_prepare2(f, 1, "insert into t values(?,?,?)"));
  sc_fails(f, sc_ask(f, "stmt2_result", "\"stmt_id\":1"), 65535, "stmt is insert, no result set");
  assert_int_equal(ts_server_counters(f->server).poisonous, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, wc_setup, wc_teardown)
  const struct CMUnitTest tests[] = {
      TEST(poison_ends_the_connection_and_is_counted),
      TEST(lies_about_lengths_are_poison),
      TEST(every_changed_byte_is_survived),
      TEST(a_bind_without_tags_after_tags_is_poison),
      TEST(decimals_as_text_are_poison_to_old_servers),
      TEST(the_result_of_an_insert_is_never_fetched),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
