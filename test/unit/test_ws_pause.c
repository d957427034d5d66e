/* A WebSocket connection whose turns are bounded: it pauses and goes on; and what a tap shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "taosuv/error.h"
#include "ws_fixture.h"

static ws_fixture_t fixture;
static ws_fixture_t* const f = &fixture;

/* More work than a turn allows, in messages of no more than a chunk. */
enum { MESSAGES = 3000 };

static void feed_much(void) {
  char text[20];
  for (int i = 0; i < MESSAGES; i++)
    ws_fixture_frame(f, 0x81, text, (size_t) snprintf(text, sizeof text, "message %d", i));
}

static void it_goes_on_in_the_next_turn(void** state) {
  (void) state;
  char text[20];
  ws_fixture_open_bounded(f);
  feed_much();
  ws_fixture_run(f);
  assert_int_equal(f->got_count, MESSAGES);
  assert_true(f->pauses >= MESSAGES * TUV_WORK_OF_MESSAGE / TUV_TURN_WORK);
  for (int i = 0; i < MESSAGES; i++) {
    size_t size = (size_t) snprintf(text, sizeof text, "message %d", i);
    assert_int_equal(f->got[i].size, size);
    assert_memory_equal(f->got[i].copy, text, size);
  }
  assert_true(f->stream.reading);
  ws_fixture_end(f);
}

static void require_no_reading(ws_fixture_t* fix) {
  assert_false(fix->stream.reading);
}

static void nothing_is_read_while_it_is_paused(void** state) {
  (void) state;
  ws_fixture_open_bounded(f);
  f->then_paused = require_no_reading;
  feed_much();
  ws_fixture_run(f);
  assert_true(f->pauses > 0);
  tuv_ws_resume(&f->ws); /* it is not paused: no effect */
  assert_true(f->stream.reading);
  ws_fixture_end(f);
}

static void close_it(ws_fixture_t* fix) {
  fix->then_paused = NULL;
  tuv_ws_close(&fix->ws, TUV_WS_CODE_NORMAL);
}

static void a_close_while_it_is_paused_waits_for_the_peer_s(void** state) {
  (void) state;
  ws_fixture_open_bounded(f);
  f->then_paused = close_it;
  feed_much();
  ws_fixture_frame(f, 0x88, "\x03\xe8", 2);
  ws_fixture_run(f);
  assert_in_range(f->got_count, 1, MESSAGES - 1); /* none after the close */
  assert_int_equal(f->downs, 0);
  assert_int_equal(f->gones, 1);
  char* sent = ws_fixture_sent(f);
  assert_string_equal(sent, "C8 1000 \n");
  free(sent);
  ws_fixture_end(f);
}

static void abort_it(ws_fixture_t* fix) {
  fix->then_paused = NULL;
  tuv_ws_abort(&fix->ws);
}

static void an_abort_while_it_is_paused_is_the_end(void** state) {
  (void) state;
  ws_fixture_open_bounded(f);
  f->then_paused = abort_it;
  feed_much();
  ws_fixture_run(f);
  assert_int_equal(f->pauses, 1);
  assert_int_equal(f->downs, 0);
  assert_int_equal(f->gones, 1);
  ws_fixture_end(f);
}

static void a_violation_behind_a_pause_is_found_in_its_turn(void** state) {
  (void) state;
  ws_fixture_open_bounded(f);
  feed_much();
  ws_fixture_frame(f, 0x83, "", 0);
  ws_fixture_run(f);
  assert_int_equal(f->got_count, MESSAGES);
  assert_int_equal(f->down_status, TAOSUV_EWS);
  ws_fixture_end(f);
}

static void fail_to_read(ws_fixture_t* fix) {
  fix->stream.read_start_status = UV_EIO;
}

static void a_read_that_cannot_be_resumed_is_a_lost_connection(void** state) {
  (void) state;
  ws_fixture_open_bounded(f);
  f->then_paused = fail_to_read;
  feed_much();
  ws_fixture_run(f);
  assert_int_equal(f->downs, 1);
  assert_int_equal(f->down_status, TAOSUV_ECONNLOST);
  ws_fixture_end(f);
}

/* ---- the tap ---- */

static char tapped[300];

static void on_tap(void* connection, bool sent, uint8_t opcode, const uint8_t* data, size_t size) {
  assert_ptr_equal(connection, &f->ws);
  size_t at = strlen(tapped);
  snprintf(tapped + at, sizeof tapped - at, "%s %u %.*s\n", sent ? "sent" : "got", opcode,
           (int) size, size > 0 ? (const char*) data : "");
}

static void the_tap_is_shown_all_but_the_upgrade(void** state) {
  (void) state;
  tapped[0] = '\0';
  ws_fixture_open(f);
  f->shared.tap = on_tap;
  assert_int_equal(tuv_ws_send(&f->ws, TUV_WS_TEXT, "question", 8, NULL), 0);
  ws_fixture_frame(f, 0x89, "p", 1);
  ws_fixture_frame(f, 0x01, "ans", 3);
  ws_fixture_frame(f, 0x80, "wer", 3);
  ws_fixture_frame(f, 0x8a, "q", 1);
  ws_fixture_frame(f, 0x88, "\x03\xe8why", 5);
  ws_fixture_run(f);
  assert_string_equal(tapped,
                      "sent 1 question\ngot 9 p\ngot 1 answer\ngot 10 q\ngot 8 why\n"
                      "sent 10 p\nsent 8 \x03\xe8\n");
  ws_fixture_end(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_goes_on_in_the_next_turn),
      cmocka_unit_test(nothing_is_read_while_it_is_paused),
      cmocka_unit_test(a_close_while_it_is_paused_waits_for_the_peer_s),
      cmocka_unit_test(an_abort_while_it_is_paused_is_the_end),
      cmocka_unit_test(a_violation_behind_a_pause_is_found_in_its_turn),
      cmocka_unit_test(a_read_that_cannot_be_resumed_is_a_lost_connection),
      cmocka_unit_test(the_tap_is_shown_all_but_the_upgrade),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
