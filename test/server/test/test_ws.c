/* The bundled server on the wire: its replies and its rules, seen by a plain socket. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ws_client.h"

/* ---- as usual ---- */

static void a_query_is_answered_and_fetched(void** state) {
  wc_t* f = *state;
  wc_login(f);
  wc_binary(f, 2, 0, 6, "select 1");
  wc_wait_for(f, 2, 2000);
  assert_true(wc_has(f, 1, "\"action\":\"binary_query\",\"req_id\":2,"));
  assert_int_equal(ts_server_counters(f->server).results_open, 1);
  wc_binary(f, 3, 1, 7, NULL);
  wc_binary(f, 4, 1, 7, NULL);
  wc_wait_for(f, 4, 2000);
  assert_int_equal(f->client.messages[2].data.size, 102);
  assert_int_equal(f->client.messages[3].data.size, 51);
  assert_int_equal(ts_server_counters(f->server).results_open, 0);
  assert_int_equal(ts_server_action_count(f->server, "fetch_raw_block"), 2);
  assert_int_equal(ts_server_counters(f->server).bytes_out, f->client.bytes.size);
}

static void replies_of_one_turn_leave_in_one_write(void** state) {
  wc_t* f = *state;
  wc_login(f);
  unsigned reads = f->client.reads;
  wc_ask(f, 20);
  wc_wait_for(f, 21, 2000);
  assert_int_equal(f->client.count, 21);
  assert_true(f->client.reads - reads <= 2);
}

static void big_results_are_sent_whole(void** state) {
  wc_t* f = *state;
  wc_login(f);
  wc_binary(f, 2, 0, 6, "select * from bench.rows_200000_65536");
  wc_wait_for(f, 2, 2000);
  for (uint64_t i = 0; i < 5; i++) wc_binary(f, 3 + i, 1, 7, NULL);
  wc_wait_for(f, 7, 10000);
  assert_int_equal(f->client.count, 7);
  const uint8_t* last = f->client.messages[5].data.data;
  assert_int_equal(ts_get_u32(last + 55 + 8), 200000 - 3 * 65536);
  assert_int_equal(f->client.messages[6].data.data[50], 1);
}

static void an_old_server_lacks_what_it_lacked(void** state) {
  wc_t* f = *state;
  ts_server_close(f->server, NULL, NULL);
  ts_config_t config = {.version = "3.1.1.15"};
  assert_int_equal(ts_server_create(&f->loop, &config, &f->server), 0);
  wc_login(f);
  wc_binary(f, 2, 0, 6, "select 1");
  wc_text(f, "{\"action\":\"options_connection\",\"args\":{\"req_id\":3}}");
  wc_text(f, "{\"action\":\"query\",\"args\":{\"req_id\":4,\"sql\":\"select 1\"}}");
  wc_wait_for(f, 4, 2000);
  assert_false(wc_has(f, 0, "\"version\""));
  assert_true(wc_has(f, 1, "unknown binary action 6"));
  assert_true(wc_has(f, 2, "unknown action options_connection"));
  assert_true(wc_has(f, 3, "\"precision\":0}"));
}

static void close_is_answered_by_the_end_alone(void** state) {
  wc_t* f = *state;
  wc_login(f);
  wc_frame(f, TUV_WS_CLOSE, "\x03\xe8", 2);
  wc_wait_for(f, 2, 2000);
  assert_int_equal(f->client.end, UV_EOF);
  assert_int_equal(f->client.count, 1);
  assert_int_equal(ts_peer_counters(ts_server_peer(f->server))->close_frames, 1);
}

static void silence_is_pinged_then_cut(void** state) {
  wc_t* f = *state;
  ts_server_close(f->server, NULL, NULL);
  ts_config_t config = {.ping_ms = 20, .deadline_ms = 70};
  assert_int_equal(ts_server_create(&f->loop, &config, &f->server), 0);
  wc_open_ws(f);
  wc_wait_for(f, 64, 2000);
  assert_int_equal(f->client.end, UV_EOF);
  assert_in_range(f->client.count, 2, 4);
  assert_int_equal(f->client.messages[0].opcode, TUV_WS_PING);
  assert_int_equal(f->client.messages[0].data.size, 0);
}

/* ---- rules ---- */

static void a_rule_answers_with_an_error_so_many_times(void** state) {
  wc_t* f = *state;
  wc_login(f);
  ts_rule_t rule = {.sql = "select",
                    .skip = 1,
                    .times = 1,
                    .answer = TS_ANSWER_ERROR,
                    .code = 0x0125,
                    .text = "Retry needed"};
  uint32_t number = ts_server_add_rule(f->server, &rule);
  for (uint64_t i = 0; i < 3; i++) wc_binary(f, i, 0, 6, "select 1");
  wc_wait_for(f, 4, 2000);
  assert_true(wc_has(f, 1, "\"code\":0,"));
  assert_true(wc_has(f, 2, "\"code\":293,\"message\":\"Retry needed\""));
  assert_true(wc_has(f, 3, "\"code\":0,"));
  assert_int_equal(ts_server_rule_hits(f->server, number), 1);
}

static void a_waiting_request_is_overtaken(void** state) {
  wc_t* f = *state;
  wc_login(f);
  ts_rule_t rule = {.action = "binary_query", .sql = "slow", .wait_ms = 30};
  ts_server_add_rule(f->server, &rule);
  wc_binary(f, 2, 0, 6, "select 'slow'");
  wc_binary(f, 3, 0, 6, "select 'fast'");
  wc_wait_for(f, 2, 2000);
  assert_int_equal(wc_req_id(f, 1), 3);
  assert_int_equal(ts_server_counters(f->server).waiting, 1);
  wc_frame(f, TUV_WS_CLOSE, NULL, 0); /* what runs is answered before the end */
  wc_wait_for(f, 64, 2000);
  assert_int_equal(f->client.end, UV_EOF);
  assert_int_equal(f->client.count, 3);
  assert_int_equal(wc_req_id(f, 2), 2);
}

static void rules_give_rows_blocks_and_bytes(void** state) {
  wc_t* f = *state;
  wc_login(f);
  ts_field_t field = {.name = "n", .type = ts_type_of(TS_INT)};
  ts_result_t* result = ts_result_new(&field, 1, 2);
  ts_server_add_rule(f->server,
                     &(ts_rule_t) {.sql = "given", .answer = TS_ANSWER_RESULT, .result = result});
  ts_result_unref(result);
  ts_server_add_rule(
      f->server,
      &(ts_rule_t) {.sql = "other", .answer = TS_ANSWER_SQL, .text = "select 7 as seven"});
  ts_server_add_rule(f->server, &(ts_rule_t) {.action = "fetch_raw_block",
                                              .times = 1,
                                              .answer = TS_ANSWER_BLOCK,
                                              .data = "block",
                                              .size = 5});
  static const char raw[] = "{\"req_id\":$REQ_ID,\"odd\":true}";
  ts_server_add_rule(f->server, &(ts_rule_t) {.action = "get_current_db",
                                              .answer = TS_ANSWER_TEXT,
                                              .data = raw,
                                              .size = sizeof raw - 1,
                                              .put_req_id = true});
  ts_server_add_rule(f->server, &(ts_rule_t) {.action = "num_fields", .answer = TS_ANSWER_NOTHING});
  wc_binary(f, 2, 0, 6, "given");
  wc_binary(f, 3, 0, 6, "other");
  wc_binary(f, 4, 2, 7, NULL);
  wc_text(f, "{\"action\":\"num_fields\",\"args\":{\"req_id\":5}}");
  wc_text(f, "{\"action\":\"get_current_db\",\"args\":{\"req_id\":6}}");
  wc_wait_for(f, 5, 2000);
  assert_true(wc_has(f, 1,
                     "\"fields_names\":[\"n\"],\"fields_types\":[4],\"fields_lengths\":[4],"
                     "\"precision\":2"));
  assert_true(wc_has(f, 2, "\"seven\""));
  assert_int_equal(f->client.messages[3].data.size, 60);
  assert_memory_equal(f->client.messages[3].data.data + 51, "\5\0\0\0block", 9);
  assert_int_equal(f->client.messages[4].data.size, sizeof raw - 1 - 6);
  assert_memory_equal(f->client.messages[4].data.data, "{\"req_id\":6,\"odd\":true}", 23);
}

static void rules_end_connections(void** state) {
  wc_t* f = *state;
  static const ts_answer_t answers[] = {TS_ANSWER_CLOSE, TS_ANSWER_CUT, TS_ANSWER_RESET};
  static const int ends[] = {UV_EOF, UV_EOF, UV_ECONNRESET};
  for (size_t i = 0; i < 3; i++) {
    wc_login(f);
    ts_server_remove_rule(f->server, 0);
    ts_server_add_rule(f->server, &(ts_rule_t) {.answer = answers[i], .code = 1012, .text = "bye"});
    wc_text(f, "{\"action\":\"version\"}");
    wc_wait_for(f, 64, 2000);
    assert_int_equal(f->client.end, ends[i]);
    assert_int_equal(f->client.count, i == 0 ? 2 : 1);
    if (i == 0) assert_int_equal(f->client.messages[1].code, 1012);
    ts_server_remove_rule(f->server, 0);
  }
}

/* ---- the peer without the database ---- */

static void echo(ts_conn_t* conn, const char* message, size_t size) {
  ts_conn_text(conn, message, size);
  ts_conn_raw(conn, "\x89\x01!", 3);
}

static void a_test_can_script_the_peer_itself(void** state) {
  wc_t* f = *state;
  ts_server_close(f->server, NULL, NULL);
  ts_peer_t* peer;
  ts_peer_options_t options = {.text = echo, .path = "/ws"};
  assert_int_equal(ts_peer_listen(&f->loop, &options, 0, &peer), 0);
  uv_run(&f->loop, UV_RUN_NOWAIT);
  ts_server_create(&f->loop, NULL, &f->server);
  wc_connect_to(f, ts_peer_port(peer));
  wc_write_bytes(f, wc_upgrade, strlen(wc_upgrade));
  wc_text(f, "hello");
  wc_wait_for(f, 2, 2000);
  wc_client_t* client = &f->client;
  assert_int_equal(client->count, 2);
  assert_memory_equal(client->messages[0].data.data, "hello", 5);
  assert_int_equal(client->messages[1].opcode, TUV_WS_PING);
  assert_non_null(strstr(ts_conn_request(ts_peer_next(peer, NULL)), "?token=x"));
  ts_peer_close(peer, NULL, NULL);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, wc_setup, wc_teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_query_is_answered_and_fetched),
      TEST(replies_of_one_turn_leave_in_one_write),
      TEST(big_results_are_sent_whole),
      TEST(an_old_server_lacks_what_it_lacked),
      TEST(close_is_answered_by_the_end_alone),
      TEST(silence_is_pinged_then_cut),
      TEST(a_rule_answers_with_an_error_so_many_times),
      TEST(a_waiting_request_is_overtaken),
      TEST(rules_give_rows_blocks_and_bytes),
      TEST(rules_end_connections),
      TEST(a_test_can_script_the_peer_itself),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
