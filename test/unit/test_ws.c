/* A WebSocket connection's life: it opens, is refused, closes both ways, and leaves nothing. */
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

static void upgraded(char answer[256], size_t* size) {
  ws_fixture_init(f);
  ws_fixture_run(f);
  *size = ws_fixture_answer(f, answer, 256);
  f->stream.written_size = 0;
}

/* What was sent since the upgrade is exactly this (in the form of ws_log). */
static void require_sent(const char* expected) {
  char* sent = ws_fixture_sent(f);
  assert_string_equal(sent, expected);
  free(sent);
}

static void the_upgrade_opens_the_connection(void** state) {
  (void) state;
  ws_fixture_init(f);
  ws_fixture_run(f);
  assert_int_equal(f->stream.try_writes, 1);
  assert_memory_equal(f->stream.written, "GET /ws?token=t HTTP/1.1\r\nHost: db.example:6041\r\n",
                      49);
  assert_int_equal(f->ws.state, TUV_WS_UPGRADING);
  char answer[256];
  mem_stream_feed(&f->stream, answer, ws_fixture_answer(f, answer, sizeof answer));
  ws_fixture_run(f);
  assert_string_equal(f->heard, "open\n");
  ws_fixture_end(f);
}

static void frames_behind_the_answer_are_read_wherever_it_is_cut(void** state) {
  (void) state;
  static const char frames[] = "\x81\x05hello\x89\x01p\x82\x03\x00\x01\x02";
  char answer[256], expected[200] = "";
  size_t size;
  for (size_t piece = 0; piece < 160; piece++) {
    upgraded(answer, &size);
    f->stream.piece = piece;
    mem_stream_feed(&f->stream, answer, size);
    mem_stream_feed(&f->stream, frames, sizeof frames - 1);
    ws_fixture_run(f);
    if (piece == 0) snprintf(expected, sizeof expected, "%s", f->heard);
    assert_string_equal(f->heard, expected);
    assert_int_equal(f->got_count, 2);
    require_sent("C10 70\n");
    ws_fixture_end(f);
  }
}

static void an_end_at_every_byte_of_the_answer_is_told(void** state) {
  (void) state;
  char answer[256];
  size_t size = 1;
  for (size_t at = 0; at < size; at++) {
    upgraded(answer, &size);
    mem_stream_feed(&f->stream, answer, at);
    mem_stream_end(&f->stream, UV_EOF);
    ws_fixture_run(f);
    assert_int_equal(f->opens, 0);
    assert_int_equal(f->downs, 1);
    assert_int_equal(f->down_status, TAOSUV_EHTTP);
    ws_fixture_end(f);
  }
}

static void a_reset_at_every_byte_of_the_answer_is_told(void** state) {
  (void) state;
  char answer[256];
  size_t size = 1;
  for (size_t at = 0; at < size; at++) {
    upgraded(answer, &size);
    mem_stream_feed(&f->stream, answer, at);
    mem_stream_end(&f->stream, UV_ECONNRESET);
    ws_fixture_run(f);
    assert_int_equal(f->downs, 1);
    assert_int_equal(f->down_status, UV_ECONNRESET);
    ws_fixture_end(f);
  }
}

static void a_refusal_has_the_status_of_its_kind(void** state) {
  (void) state;
  static const struct {
    const char* answer;
    int status;
  } table[] = {
      {"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", TAOSUV_EAUTH},
      {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", TAOSUV_ENOENDPOINT},
      {"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", TAOSUV_EUNAVAIL},
      {"HTTP/1.1 302 Found\r\nLocation: http://else\r\n\r\n", TAOSUV_EREDIRECT},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", TAOSUV_EUPGRADE},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
       "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x01x",
       TAOSUV_EUPGRADE},
      {"\x81\x05hello", TAOSUV_EHTTP},
      {"SSH-2.0-OpenSSH_9.2\r\n", TAOSUV_EHTTP},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    char answer[256];
    size_t size;
    upgraded(answer, &size);
    mem_stream_feed(&f->stream, table[i].answer, strlen(table[i].answer));
    mem_stream_end(&f->stream, UV_EOF);
    ws_fixture_run(f);
    assert_int_equal(f->opens + f->got_count, 0);
    assert_int_equal(f->downs, 1);
    assert_int_equal(f->down_status, table[i].status);
    assert_true(f->down_text[0] != '\0');
    ws_fixture_end(f);
  }
}

static void a_failure_to_connect_is_passed_on(void** state) {
  (void) state;
  ws_fixture_init(f);
  f->stream.connect_status = UV_ECONNREFUSED;
  ws_fixture_run(f);
  assert_int_equal(f->down_status, UV_ECONNREFUSED);
  assert_string_equal(f->down_text, uv_strerror(UV_ECONNREFUSED));
  assert_int_equal(f->gones, 1);
  ws_fixture_end(f);
  ws_fixture_init(f);
  f->stream.connect_status = TAOSUV_EDNS;
  f->stream.connect_message = "no such name";
  ws_fixture_run(f);
  assert_int_equal(f->down_status, TAOSUV_EDNS);
  assert_string_equal(f->down_text, "no such name");
  ws_fixture_end(f);
}

static void a_stream_that_refuses_its_work_is_given_up(void** state) {
  (void) state;
  for (unsigned which = 0; which < 4; which++) {
    ws_fixture_init(f);
    if (which == 0) f->stream.read_start_status = UV_EINVAL;
    if (which == 1) f->stream.try_write_status = UV_EPIPE;
    if (which >= 2) f->stream.take = 7;
    if (which == 2) f->stream.write_call_status = UV_EPIPE;
    if (which == 3) f->stream.write_status = UV_EPIPE;
    ws_fixture_run(f);
    assert_int_equal(f->downs, 1);
    assert_int_equal(f->down_status, which == 0 ? UV_EINVAL : UV_EPIPE);
    ws_fixture_end(f);
  }
}

static void it_can_be_aborted_and_closed_in_every_state(void** state) {
  (void) state;
  for (unsigned how = 0; how < 2; how++) {
    for (unsigned when = 0; when < 3; when++) {
      if (when == 2)
        ws_fixture_open(f);
      else
        ws_fixture_init(f);
      if (when == 0) f->stream.hold_connect = true;
      ws_fixture_run(f);
      if (how == 0)
        tuv_ws_abort(&f->ws);
      else
        tuv_ws_close(&f->ws, TUV_WS_CODE_NORMAL);
      tuv_ws_abort(&f->ws);
      tuv_ws_abort(&f->ws);          /* no effect */
      assert_int_equal(f->gones, 0); /* not from inside the call */
      ws_fixture_run(f);
      assert_int_equal(f->gones, 1);
      assert_int_equal(f->downs, 0);
      ws_fixture_end(f);
    }
  }
}

/* ---- closing ---- */

static void a_close_waits_for_the_peer_s_and_tells_nothing_but_the_end(void** state) {
  (void) state;
  for (unsigned how = 0; how < 3; how++) {
    ws_fixture_open(f);
    tuv_ws_close(&f->ws, TUV_WS_CODE_NORMAL);
    ws_fixture_run(f);
    require_sent("C8 1000 \n");
    assert_int_equal(f->gones, 0);
    ws_fixture_frame(f, 0x81, "late", 4); /* what still comes is dropped */
    ws_fixture_frame(f, 0x89, "ping", 4);
    ws_fixture_frame(f, 0x8A, "pong", 4);
    ws_fixture_run(f);
    assert_int_equal(f->gones, 0);
    if (how == 0) ws_fixture_frame(f, 0x88, "\x03\xe8", 2);
    if (how == 1) mem_stream_end(&f->stream, UV_EOF);
    if (how == 2) ws_fixture_frame(f, 0x83, "", 0); /* a violation */
    ws_fixture_run(f);
    assert_string_equal(f->heard, "open\ngone\n");
    require_sent("C8 1000 \n");
    ws_fixture_end(f);
  }
}

static void the_peer_s_close_is_answered_in_kind(void** state) {
  (void) state;
  static const struct {
    const char *payload, *sent, *heard;
  } table[] = {
      {"", "C8 1005 \n", "the server closed the connection"},
      {"\x03\xe8", "C8 1000 \n", "the server closed the connection: 1000"},
      {"\x03\xe9going", "C8 1001 \n", "the server closed the connection: 1001 going"},
      {"\x03\xf3oops", "C8 1011 \n", "the server closed the connection: 1011 oops"},
      {"\x0f\xa0x", "C8 4000 \n", "the server closed the connection: 4000 x"},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    ws_fixture_open(f);
    ws_fixture_frame(f, 0x88, table[i].payload, strlen(table[i].payload));
    ws_fixture_frame(f, 0x81, "behind", 6);
    ws_fixture_run(f);
    require_sent(table[i].sent);
    assert_int_equal(f->down_status, TAOSUV_ECONNLOST);
    assert_string_equal(f->down_text, table[i].heard);
    assert_int_equal(f->got_count, 0);
    assert_int_equal(f->gones, 1);
    ws_fixture_end(f);
  }
}

static void a_pong_that_is_due_leaves_before_a_close_frame(void** state) {
  (void) state;
  ws_fixture_open(f);
  f->no_flush = true;
  ws_fixture_frame(f, 0x89, "a", 1);
  ws_fixture_frame(f, 0x88, "\x03\xe8", 2);
  ws_fixture_run(f);
  require_sent("C10 61\nC8 1000 \n");
  ws_fixture_end(f);
  ws_fixture_open(f);
  f->no_flush = true;
  ws_fixture_frame(f, 0x89, "a", 1);
  ws_fixture_frame(f, 0x84, "", 0);
  ws_fixture_run(f);
  require_sent("C10 61\nC8 1002 \n");
  ws_fixture_end(f);
  ws_fixture_open(f);
  f->no_flush = true;
  ws_fixture_frame(f, 0x89, "a", 1);
  ws_fixture_run(f);
  tuv_ws_close(&f->ws, TUV_WS_CODE_NORMAL);
  ws_fixture_run(f);
  require_sent("C10 61\nC8 1000 \n");
  ws_fixture_end(f);
}

static void a_lost_connection_is_lost_whatever_the_system_calls_it(void** state) {
  (void) state;
  static const int ends[] = {UV_EOF, UV_ECONNRESET, UV_ETIMEDOUT};
  for (size_t i = 0; i < 3; i++) {
    for (unsigned base = 0; base < 2; base++) {
      ws_fixture_open(f);
      f->stream.no_base = base == 0;
      f->keep = true;
      ws_fixture_frame(f, 0x81, "kept", 4);
      mem_stream_end(&f->stream, ends[i]);
      ws_fixture_run(f);
      assert_int_equal(f->down_status, TAOSUV_ECONNLOST);
      assert_int_equal(f->got_count, 1);
      ws_fixture_end(f);
    }
  }
}

static void close_it(ws_fixture_t* fix) {
  tuv_ws_close(&fix->ws, TUV_WS_CODE_NORMAL);
}

static void abort_it(ws_fixture_t* fix) {
  tuv_ws_abort(&fix->ws);
}

static void it_can_be_ended_inside_of_its_events(void** state) {
  (void) state;
  void (*const how[])(ws_fixture_t*) = {close_it, abort_it};
  for (size_t i = 0; i < 2; i++) {
    char answer[256];
    size_t size;
    upgraded(answer, &size);
    f->then = how[i];
    mem_stream_feed(&f->stream, answer, size);
    ws_fixture_frame(f, 0x81, "one", 3);
    mem_stream_end(&f->stream, UV_EOF);
    ws_fixture_run(f);
    assert_string_equal(f->heard, "open\ngone\n");
    ws_fixture_end(f);
    static uint8_t large[100000];
    ws_fixture_open(f);
    f->then = how[i];
    ws_fixture_frame(f, 0x82, large, sizeof large);
    ws_fixture_frame(f, 0x81, "two", 3);
    mem_stream_end(&f->stream, UV_EOF);
    ws_fixture_run(f);
    assert_int_equal(f->got_count, 1);
    assert_int_equal(f->downs, 0);
    ws_fixture_end(f);
  }
}

/* A stream that reads in the background may still write into memory that it was given before. */
static void memory_that_the_stream_was_given_stays_until_it_is_closed(void** state) {
  (void) state;
  static uint8_t large[100000];
  for (unsigned how = 0; how < 2; how++) {
    ws_fixture_open(f);
    f->stream.early_alloc = true;
    ws_fixture_frame(f, 0x82, large, sizeof large);
    f->stream.incoming_size -= 30000;
    ws_fixture_run(f);
    if (how == 0)
      tuv_ws_close(&f->ws, TUV_WS_CODE_NORMAL);
    else
      tuv_ws_abort(&f->ws);
    tuv_refbuf_t* other = tuv_refbuf_take(f->mem, sizeof large);
    assert_false(f->stream.base >= other->data && f->stream.base < other->data + other->capacity);
    tuv_refbuf_unref(other);
    mem_stream_feed(&f->stream, large, 30000);
    ws_fixture_frame(f, 0x88, "\x03\xe8", 2);
    ws_fixture_run(f);
    assert_string_equal(f->heard, "open\ngone\n");
    ws_fixture_end(f);
  }
}

/* ---- lack of memory ---- */

static void whole_life(size_t n, bool all) {
  static uint8_t large[150000];
  char answer[256];
  ws_fixture_init(f);
  alloc_probe_fail(&f->probe, n, all);
  ws_fixture_run(f);
  if (f->downs == 0) {
    mem_stream_feed(&f->stream, answer, ws_fixture_answer(f, answer, sizeof answer));
    ws_fixture_frame(f, 0x81, "hello", 5);
    ws_fixture_frame(f, 0x82, large, sizeof large);
    ws_fixture_frame(f, 0x01, large, 1000);
    ws_fixture_frame(f, 0x89, "ping", 4);
    ws_fixture_frame(f, 0x80, large, 70000);
    ws_fixture_run(f);
  }
  uint64_t at;
  if (f->downs == 0) {
    int status = tuv_ws_send(&f->ws, TUV_WS_BINARY, large, sizeof large, &at);
    assert_true(status == 0 || status == UV_ENOMEM);
    f->stream.take = 1000;
    ws_fixture_run(f);
    tuv_ws_close(&f->ws, TUV_WS_CODE_NORMAL);
    mem_stream_end(&f->stream, UV_EOF);
    ws_fixture_run(f);
  } else {
    assert_int_equal(f->down_status, UV_ENOMEM);
  }
}

static void every_failed_allocation_ends_in_one_clean_event(void** state) {
  (void) state;
  for (unsigned all = 0; all < 2; all++) {
    bool failed = true;
    for (size_t n = 1; failed; n++) {
      whole_life(n, all != 0);
      failed = f->probe.failures > 0;
      if (!failed) {
        assert_int_equal(f->got_count, 3);
        assert_in_range(n, 6, 40);
      }
      ws_fixture_end(f);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_upgrade_opens_the_connection),
      cmocka_unit_test(frames_behind_the_answer_are_read_wherever_it_is_cut),
      cmocka_unit_test(an_end_at_every_byte_of_the_answer_is_told),
      cmocka_unit_test(a_reset_at_every_byte_of_the_answer_is_told),
      cmocka_unit_test(a_refusal_has_the_status_of_its_kind),
      cmocka_unit_test(a_failure_to_connect_is_passed_on),
      cmocka_unit_test(a_stream_that_refuses_its_work_is_given_up),
      cmocka_unit_test(it_can_be_aborted_and_closed_in_every_state),
      cmocka_unit_test(a_close_waits_for_the_peer_s_and_tells_nothing_but_the_end),
      cmocka_unit_test(the_peer_s_close_is_answered_in_kind),
      cmocka_unit_test(a_pong_that_is_due_leaves_before_a_close_frame),
      cmocka_unit_test(a_lost_connection_is_lost_whatever_the_system_calls_it),
      cmocka_unit_test(it_can_be_ended_inside_of_its_events),
      cmocka_unit_test(memory_that_the_stream_was_given_stays_until_it_is_closed),
      cmocka_unit_test(every_failed_allocation_ends_in_one_clean_event),
  };
  return cmocka_run_group_tests_name("ws", tests, NULL, NULL);
}
