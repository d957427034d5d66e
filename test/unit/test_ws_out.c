/* The sending half of a WebSocket connection alone: messages in, frames and statuses out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_probe.h"
#include "io/ws/out.h"
#include "io/ws/unsent.h"
#include "taosuv/error.h"
#include "ws_log.h"

enum { LARGE = 1 << 20 };

typedef struct machine_s {
  alloc_probe_t probe;
  tuv_mem_t* mem;
  tuv_io_shared_t shared;
  tuv_ws_out_t out;
  tuv_ws_unsent_t unsent;
  /* The system. */
  size_t take; /* bytes that one call takes; 0: UV_EAGAIN */
  int status;  /* not 0: what it returns */
  unsigned calls;
  const void* last[1 + TUV_WS_PREMASKED_PIECES]; /* where the pieces of the last call lie */
  unsigned last_count;
  uint8_t* got;
  size_t got_size;
  unsigned taps;
} machine_t;

static machine_t machine;
static machine_t* const m = &machine;
static uint8_t large[LARGE];

static void arrive(const void* data, size_t size) {
  m->got = realloc(m->got, m->got_size + size + 1);
  assert_non_null(m->got);
  memcpy(m->got + m->got_size, data, size);
  m->got_size += size;
}

static ssize_t try_write(void* connection, const uv_buf_t* pieces, unsigned count) {
  size_t left = m->take;
  assert_ptr_equal(connection, m);
  assert_in_range(count, 1, 1 + TUV_WS_PREMASKED_PIECES);
  m->calls++;
  m->last_count = count;
  for (unsigned i = 0; i < count; i++) m->last[i] = pieces[i].base;
  if (m->status != 0) return m->status;
  for (unsigned i = 0; i < count && left > 0; i++) {
    size_t part = pieces[i].len < left ? pieces[i].len : left;
    arrive(pieces[i].base, part);
    left -= part;
  }
  return left == m->take ? UV_EAGAIN : (ssize_t) (m->take - left);
}

static void begin(void) {
  memset(m, 0, sizeof *m);
  alloc_probe_init(&m->probe);
  m->mem = tuv_mem_create(&m->probe.alloc);
  assert_non_null(m->mem);
  m->shared.mem = m->mem;
  m->take = SIZE_MAX / 2;
  tuv_random_init(&m->shared.random);
  tuv_ws_out_init(&m->out, &m->shared, try_write, m);
}

static void begin_open(void) {
  begin();
  tuv_ws_out_open(&m->out);
}

static void end(void) {
  alloc_probe_fail(&m->probe, 0, false);
  tuv_ws_out_free(&m->out);
  tuv_ws_unsent_free(&m->unsent);
  tuv_mem_close(m->mem);
  free(m->got);
  assert_int_equal(m->probe.live_blocks, 0);
}

static uint64_t put(uint8_t opcode, const void* data, size_t size) {
  uint64_t at = UINT64_MAX;
  assert_int_equal(tuv_ws_out_begin(&m->out, opcode, size, &at), 0);
  tuv_ws_out_put(&m->out, data, size);
  assert_int_equal(tuv_ws_out_end(&m->out), 0);
  return at;
}

/* What was put in and did not leave, in the form of ws_log. */
static void require_waiting(const char* expected) {
  const tuv_buf_t* waiting = &m->out.unsent;
  char* log = ws_log(waiting->data + waiting->head, tuv_buf_size(waiting), true, true, 0, 0);
  assert_string_equal(log, expected);
  free(log);
}

static void nothing_leaves_before_the_flush(void** state) {
  (void) state;
  begin_open();
  assert_int_equal(put(TUV_WS_TEXT, "hi", 2), 0);
  assert_int_equal(put(TUV_WS_BINARY, "", 0), 8);
  assert_int_equal(m->calls, 0);
  require_waiting("F1^. 2\nD1 6869 ||\nF2^. 0\nD2  ||\n");
  assert_int_equal(tuv_ws_out_flush(&m->out), 14);
  assert_int_equal(m->calls, 1);
  assert_int_equal(m->out.handed, 14);
  assert_int_equal(m->shared.traffic.bytes_sent, 14);
  assert_int_equal(m->shared.traffic.messages_sent, 2);
  assert_int_equal(tuv_ws_out_flush(&m->out), 0); /* of nothing: the system is not asked */
  assert_int_equal(m->calls, 1);
  end();
}

static void what_the_system_does_not_take_is_taken_to_be_written(void** state) {
  (void) state;
  size_t size;
  for (size_t take = 0; take < 8; take++) {
    begin_open();
    put(TUV_WS_TEXT, "hi", 2);
    m->take = take;
    assert_int_equal(tuv_ws_out_flush(&m->out), take);
    const uint8_t* rest = tuv_ws_out_take(&m->out, &size);
    assert_int_equal(size, 8 - take);
    arrive(rest, size);
    assert_true(m->out.writing);
    assert_int_equal(m->out.handed, 8);
    put(TUV_WS_TEXT, "next", 4); /* it waits behind */
    assert_int_equal(tuv_ws_out_unsent_bytes(&m->out), 8 - take + 10);
    tuv_ws_out_written(&m->out);
    assert_false(m->out.writing);
    assert_int_equal(m->out.waited, 8 - take);
    assert_int_equal(tuv_ws_out_unsent_bytes(&m->out), 10);
    char* log = ws_log(m->got, m->got_size, true, false, 0, 0);
    assert_string_equal(log, "F1^. 2\nD1 6869 ||\n");
    free(log);
    end();
  }
}

static void an_error_of_the_system_is_returned_and_changes_nothing(void** state) {
  (void) state;
  size_t size = 0;
  begin_open();
  uint64_t at = put(TUV_WS_TEXT, "hi", 2);
  m->status = UV_EPIPE;
  assert_int_equal(tuv_ws_out_flush(&m->out), UV_EPIPE);
  assert_int_equal(m->out.handed, 0);
  tuv_ws_out_stop(&m->out);
  const uint8_t* payload = tuv_ws_unsent_payload(&m->unsent, &m->out, at, &size);
  assert_non_null(payload);
  assert_int_equal(size, 2);
  assert_memory_equal(payload, "hi", 2);
  end();
}

static void a_pong_goes_before_the_next_message_or_with_the_flush(void** state) {
  (void) state;
  begin_open();
  tuv_ws_out_answer_ping(&m->out, (const uint8_t*) "a", 1);
  assert_int_equal(tuv_ws_out_unsent_bytes(&m->out), 0);
  put(TUV_WS_TEXT, "hi", 2);
  tuv_ws_out_answer_ping(&m->out, NULL, 0);
  require_waiting("C10 61\nF1^. 2\nD1 6869 ||\n");
  assert_int_equal(tuv_ws_out_flush(&m->out), 7 + 8 + 6);
  assert_int_equal(m->shared.traffic.messages_sent, 1); /* pongs are not counted */
  end();
}

static void a_pong_without_memory_stays_due(void** state) {
  (void) state;
  begin_open();
  tuv_ws_out_answer_ping(&m->out, (const uint8_t*) "a", 1);
  alloc_probe_fail(&m->probe, 1, true);
  assert_int_equal(tuv_ws_out_flush(&m->out), 0);
  assert_true(m->out.pong.due);
  alloc_probe_fail(&m->probe, 0, false);
  assert_int_equal(tuv_ws_out_flush(&m->out), 7);
  assert_false(m->out.pong.due);
  end();
}

static void nothing_follows_a_close_frame_by_itself(void** state) {
  (void) state;
  begin_open();
  tuv_ws_out_answer_ping(&m->out, (const uint8_t*) "a", 1);
  assert_int_equal(tuv_ws_out_close(&m->out, TUV_WS_CODE_TOO_BIG), 0);
  tuv_ws_out_answer_ping(&m->out, (const uint8_t*) "b", 1);
  require_waiting("C10 61\nC8 1009 \n");
  assert_int_equal(tuv_ws_out_flush(&m->out), 7 + 8);
  assert_int_equal(tuv_ws_out_flush(&m->out), 0);
  end();
  begin_open();
  assert_int_equal(tuv_ws_out_close(&m->out, TUV_WS_CODE_NO_STATUS), 0);
  require_waiting("C8 1005 \n");
  end();
}

static void a_close_frame_without_memory_is_an_error(void** state) {
  (void) state;
  begin_open();
  tuv_ws_out_answer_ping(&m->out, (const uint8_t*) "a", 1);
  alloc_probe_fail(&m->probe, 1, true);
  assert_int_equal(tuv_ws_out_close(&m->out, TUV_WS_CODE_NORMAL), UV_ENOMEM);
  alloc_probe_fail(&m->probe, 0, false);
  assert_int_equal(tuv_ws_out_flush(&m->out), 0);
  end();
}

static void before_the_upgrade_no_pong_leaves(void** state) {
  (void) state;
  begin();
  char* request = tuv_ws_out_reserve(&m->out, 10);
  assert_non_null(request);
  memcpy(request, "GET", 3);
  tuv_ws_out_commit(&m->out, 3);
  tuv_ws_out_answer_ping(&m->out, (const uint8_t*) "a", 1);
  assert_int_equal(tuv_ws_out_flush(&m->out), 3);
  assert_memory_equal(m->got, "GET", 3);
  tuv_ws_out_open(&m->out);
  assert_int_equal(tuv_ws_out_flush(&m->out), 7);
  end();
}

static void a_message_over_the_limit_or_without_memory_is_not_begun(void** state) {
  (void) state;
  uint64_t at = 99;
  begin_open();
  m->out.limit = 1000;
  assert_int_equal(tuv_ws_out_begin(&m->out, TUV_WS_TEXT, 1001, &at), TAOSUV_EMSGSIZE);
  assert_int_equal(tuv_ws_out_begin(&m->out, TUV_WS_TEXT, 1000, &at), 0);
  tuv_ws_out_put(&m->out, large, 1000);
  assert_int_equal(tuv_ws_out_end(&m->out), 0);
  m->out.limit = 0;
  uint64_t queued = m->out.queued;
  at = 99;
  alloc_probe_fail(&m->probe, 1, true);
  assert_int_equal(tuv_ws_out_begin(&m->out, TUV_WS_BINARY, LARGE, &at), UV_ENOMEM);
  assert_int_equal(tuv_ws_out_begin(&m->out, TUV_WS_BINARY, SIZE_MAX, &at), UV_ENOMEM);
  assert_int_equal(at, 99);
  assert_int_equal(m->out.queued, queued);
  end();
}

/* The pieces that the system is given are the caller's own bytes. */
static void large_premasked_pieces_are_given_from_where_they_are(void** state) {
  (void) state;
  static const uint8_t mask[4] = {1, 2, 3, 4};
  begin_open();
  assert_int_equal(tuv_ws_out_begin_masked(&m->out, TUV_WS_BINARY, LARGE, mask, NULL), 0);
  for (size_t i = 0; i < 4; i++)
    tuv_ws_out_put_masked(&m->out, large + i * (LARGE / 4), LARGE / 4, mask);
  assert_int_equal(m->calls, 0);
  assert_int_equal(tuv_ws_out_end(&m->out), 0);
  assert_int_equal(m->calls, 1);
  assert_int_equal(m->last_count, 5); /* the header before them */
  for (size_t i = 0; i < 4; i++) assert_ptr_equal(m->last[1 + i], large + i * (LARGE / 4));
  assert_int_equal(tuv_ws_out_unsent_bytes(&m->out), 0);
  assert_int_equal(m->got_size, LARGE + 14);
  assert_memory_equal(m->got + 14, large, LARGE);
  end();
}

static void after_a_close_frame_and_while_writing_nothing_is_given_early(void** state) {
  (void) state;
  size_t size;
  begin_open();
  put(TUV_WS_TEXT, "hi", 2);
  tuv_ws_out_take(&m->out, &size);
  put(TUV_WS_BINARY, large, LARGE);
  assert_int_equal(m->calls, 0);
  tuv_ws_out_written(&m->out);
  end();
  begin_open();
  tuv_ws_out_stop(&m->out);
  put(TUV_WS_BINARY, large, LARGE);
  assert_int_equal(m->calls, 0);
  assert_int_equal(tuv_ws_out_unsent_bytes(&m->out), LARGE + 14);
  end();
}

static void on_tap(void* connection, bool sent, uint8_t opcode, const uint8_t* data, size_t size) {
  assert_ptr_equal(connection, m);
  assert_true(sent);
  assert_int_equal(opcode, m->taps == 0 ? TUV_WS_PONG : TUV_WS_TEXT);
  assert_int_equal(size, m->taps == 0 ? 1 : 5);
  if (m->taps < 2) assert_memory_equal(data, m->taps == 0 ? "a" : "hello", size);
  if (m->taps == 2) assert_null(data); /* there was no memory to show it */
  m->taps++;
}

static void the_tap_is_shown_what_is_sent(void** state) {
  (void) state;
  begin_open();
  m->shared.tap = on_tap;
  tuv_ws_out_answer_ping(&m->out, (const uint8_t*) "a", 1);
  put(TUV_WS_TEXT, "hello", 5);
  assert_int_equal(m->taps, 2);
  alloc_probe_fail(&m->probe, 1, true);
  put(TUV_WS_TEXT, "hello", 5);
  assert_int_equal(m->taps, 3);
  end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_leaves_before_the_flush),
      cmocka_unit_test(what_the_system_does_not_take_is_taken_to_be_written),
      cmocka_unit_test(an_error_of_the_system_is_returned_and_changes_nothing),
      cmocka_unit_test(a_pong_goes_before_the_next_message_or_with_the_flush),
      cmocka_unit_test(a_pong_without_memory_stays_due),
      cmocka_unit_test(nothing_follows_a_close_frame_by_itself),
      cmocka_unit_test(a_close_frame_without_memory_is_an_error),
      cmocka_unit_test(before_the_upgrade_no_pong_leaves),
      cmocka_unit_test(a_message_over_the_limit_or_without_memory_is_not_begun),
      cmocka_unit_test(large_premasked_pieces_are_given_from_where_they_are),
      cmocka_unit_test(after_a_close_frame_and_while_writing_nothing_is_given_early),
      cmocka_unit_test(the_tap_is_shown_what_is_sent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
