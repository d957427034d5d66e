/* Pongs and close frames: which are sent, and where they stand among what else is sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "taosuv/error.h"
#include "ws_fixture.h"

enum { PING = 0x89, TEXT = 0x81, TEXT_BEGINS = 0x01, TEXT_ENDS = 0x80, CLOSE = 0x88 };

static void expect_sent(ws_fixture_t* fixture, const char* expected) {
  char* sent = ws_fixture_sent(fixture);
  assert_string_equal(sent, expected);
  free(sent);
}

static void echo(ws_fixture_t* fixture) {
  const ws_got_t* got = &fixture->got[fixture->got_count - 1];
  assert_int_equal(tuv_ws_send(&fixture->ws, got->opcode, got->copy, got->size, NULL), 0);
}

static void each_ping_of_one_read_gets_its_pong(void** state) {
  ws_fixture_t fixture;
  (void) state;
  ws_fixture_open(&fixture);
  for (const char* letter = "abc"; *letter != '\0'; letter++)
    ws_fixture_frame(&fixture, PING, letter, 1);
  ws_fixture_run(&fixture);
  expect_sent(&fixture, "C10 61\nC10 62\nC10 63\n");
  assert_int_equal(fixture.stream.try_writes, 1);
  ws_fixture_end(&fixture);
}

static void a_pong_goes_before_the_answer_to_a_message_that_ends_after_its_ping(void** state) {
  ws_fixture_t fixture;
  (void) state;
  ws_fixture_open(&fixture);
  fixture.then = echo;
  ws_fixture_frame(&fixture, TEXT_BEGINS, "h", 1);
  ws_fixture_frame(&fixture, PING, "a", 1);
  ws_fixture_frame(&fixture, TEXT_ENDS, "i", 1);
  ws_fixture_run(&fixture);
  expect_sent(&fixture, "C10 61\nF1^. 2\nD1 6869 ||\n");
  ws_fixture_end(&fixture);
}

static void a_pong_that_is_due_goes_before_the_close_frame(void** state) {
  ws_fixture_t fixture;
  (void) state;
  ws_fixture_open(&fixture);
  ws_fixture_frame(&fixture, PING, "a", 1);
  ws_fixture_frame(&fixture, CLOSE, "\x03\xe8", 2);
  ws_fixture_run(&fixture);
  expect_sent(&fixture, "C10 61\nC8 1000 \n");
  ws_fixture_end(&fixture);
}

static void a_flood_of_pings_makes_no_queue_and_its_last_one_is_answered(void** state) {
  ws_fixture_t fixture;
  (void) state;
  ws_fixture_open(&fixture);
  fixture.no_flush = true;
  for (unsigned i = 0; i < 20000; i++) ws_fixture_frame(&fixture, PING, "a", 1);
  ws_fixture_frame(&fixture, PING, "z", 1);
  ws_fixture_run(&fixture);
  assert_in_range(tuv_buf_size(&fixture.ws.out.unsent), 0, 5000);
  fixture.no_flush = false;
  ws_fixture_run(&fixture);
  char* sent = ws_fixture_sent(&fixture);
  assert_string_equal(strstr(sent, "C10 7a"), "C10 7a\n");
  free(sent);
  ws_fixture_end(&fixture);
}

/* What the server's close frame finds half written is written to its end, then comes ours. */
static void a_close_frame_waits_for_the_write_under_way(void** state) {
  ws_fixture_t fixture;
  (void) state;
  ws_fixture_open(&fixture);
  fixture.stream.take = 0;
  fixture.stream.hold_write = true;
  assert_int_equal(tuv_ws_send(&fixture.ws, TUV_WS_TEXT, "half", 4, NULL), 0);
  ws_fixture_run(&fixture);
  ws_fixture_frame(&fixture, CLOSE, "\x03\xe9", 2);
  ws_fixture_run(&fixture);
  assert_int_equal(fixture.downs, 1);
  assert_int_equal(fixture.down_status, TAOSUV_ECONNLOST);
  assert_true(fixture.ws.lingering);
  fixture.stream.hold_write = false;
  mem_stream_kick(&fixture.stream);
  ws_fixture_run(&fixture);
  expect_sent(&fixture, "F1^. 4\nD1 68616c66 ||\nC8 1001 \n");
  assert_int_equal(fixture.gones, 1);
  ws_fixture_end(&fixture);
}

/* The stream took all, but has not got rid of it: TLS has a buffer of its own. */
static void a_close_frame_waits_in_the_stream(void** state) {
  ws_fixture_t fixture;
  (void) state;
  ws_fixture_open(&fixture);
  fixture.stream.below = 20;
  ws_fixture_frame(&fixture, CLOSE, "\x03\xe9", 2);
  ws_fixture_run(&fixture);
  assert_int_equal(fixture.downs, 1);
  assert_true(fixture.ws.lingering);
  assert_int_equal(fixture.gones, 0);
  tuv_ws_abort(&fixture.ws);
  ws_fixture_run(&fixture);
  expect_sent(&fixture, "C8 1001 \n");
  assert_int_equal(fixture.gones, 1);
  ws_fixture_end(&fixture);
}

/* A peer that takes nothing more is not waited for longer than the owner wants. */
static void an_abort_ends_the_wait_for_a_close_frame(void** state) {
  ws_fixture_t fixture;
  (void) state;
  ws_fixture_open(&fixture);
  fixture.stream.take = 0;
  fixture.stream.hold_write = true;
  assert_int_equal(tuv_ws_send(&fixture.ws, TUV_WS_TEXT, "half", 4, NULL), 0);
  ws_fixture_run(&fixture);
  ws_fixture_frame(&fixture, CLOSE, "\x03\xe9", 2);
  ws_fixture_run(&fixture);
  assert_int_equal(fixture.gones, 0);
  tuv_ws_abort(&fixture.ws);
  ws_fixture_run(&fixture);
  assert_int_equal(fixture.gones, 1);
  ws_fixture_end(&fixture);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_ping_of_one_read_gets_its_pong),
      cmocka_unit_test(a_pong_goes_before_the_answer_to_a_message_that_ends_after_its_ping),
      cmocka_unit_test(a_pong_that_is_due_goes_before_the_close_frame),
      cmocka_unit_test(a_flood_of_pings_makes_no_queue_and_its_last_one_is_answered),
      cmocka_unit_test(a_close_frame_waits_for_the_write_under_way),
      cmocka_unit_test(a_close_frame_waits_in_the_stream),
      cmocka_unit_test(an_abort_ends_the_wait_for_a_close_frame),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
