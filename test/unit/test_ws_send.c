/* What is sent arrives masked and whole, in one write a turn, however little the system takes. */
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
static uint8_t bytes[200000];

static int fill_bytes(void** state) {
  (void) state;
  ws_fixture_pattern(bytes, sizeof bytes, 2);
  return 0;
}

/* ---- reading what was sent ---- */

typedef struct {
  uint8_t* at; /* in a copy */
  size_t left;
  uint8_t* copy;
  tuv_ws_reader_t reader;
} sent_t;

static void sent_open(sent_t* sent) {
  sent->left = f->stream.written_size;
  sent->copy = sent->at = malloc(sent->left + 1);
  assert_non_null(sent->copy);
  memcpy(sent->copy, f->stream.written, sent->left);
  tuv_ws_reader_init(&sent->reader, true, false);
}

/* The next frame sent is a whole message with this payload. */
static void sent_next(sent_t* sent, uint8_t opcode, const void* payload, size_t size) {
  tuv_ws_event_t event;
  size_t used = tuv_ws_reader_next(&sent->reader, sent->at, sent->left, &event);
  if ((opcode & 8) == 0) {
    assert_int_equal(event.kind, TUV_WS_EV_FRAME);
    assert_true(event.first && event.fin && !event.compressed);
    assert_int_equal(used, tuv_ws_header_size(size, true));
    sent->at += used;
    sent->left -= used;
    used = tuv_ws_reader_next(&sent->reader, sent->at, sent->left, &event);
    assert_int_equal(event.kind, TUV_WS_EV_DATA);
  } else {
    assert_int_equal(event.kind, TUV_WS_EV_CONTROL);
  }
  assert_int_equal(event.opcode, opcode);
  assert_int_equal(event.size, size);
  if (size > 0) assert_memory_equal(event.data, payload, size);
  sent->at += used;
  sent->left -= used;
}

static void sent_end(sent_t* sent) {
  assert_int_equal(sent->left, 0);
  free(sent->copy);
}

static uint64_t send_bytes(uint8_t opcode, const void* data, size_t size) {
  uint64_t at = 0;
  assert_int_equal(tuv_ws_send(&f->ws, opcode, data, size, &at), 0);
  return at;
}

/* ---- masking, one write ---- */

static const size_t sizes[] = {0,   1,   2,   3,   4,    5,     31,    32,    33,    124,
                               125, 126, 127, 128, 1000, 65534, 65535, 65536, 65537, 150000};
#define SIZES (sizeof sizes / sizeof sizes[0])

static void every_length_arrives_masked(void** state) {
  (void) state;
  ws_fixture_open(f);
  for (size_t i = 0; i < SIZES; i++) {
    uint8_t opcode = i % 2 == 0 ? TUV_WS_BINARY : TUV_WS_PING;
    if (sizes[i] > TUV_WS_MAX_CONTROL) opcode = TUV_WS_BINARY;
    send_bytes(opcode, bytes + i, sizes[i]);
  }
  ws_fixture_run(f);
  sent_t sent;
  sent_open(&sent);
  for (size_t i = 0; i < SIZES; i++) {
    uint8_t opcode = i % 2 == 0 || sizes[i] > TUV_WS_MAX_CONTROL ? TUV_WS_BINARY : TUV_WS_PING;
    sent_next(&sent, opcode, bytes + i, sizes[i]);
  }
  sent_end(&sent);
  ws_fixture_end(f);
}

static void every_frame_has_a_mask_of_its_own(void** state) {
  (void) state;
  static const uint8_t zeros[4];
  ws_fixture_open(f);
  for (unsigned i = 0; i < 1000; i++) send_bytes(TUV_WS_BINARY, zeros, 4);
  ws_fixture_run(f);
  assert_int_equal(f->stream.written_size, 1000 * 10);
  unsigned equal = 0;
  for (unsigned i = 1; i < 1000; i++) {
    const uint8_t* frame = f->stream.written + i * 10;
    assert_memory_equal(frame + 2, frame + 6, 4); /* zeros, masked */
    equal += memcmp(frame + 2, frame - 8, 4) == 0;
  }
  assert_in_range(equal, 0, 2);
  ws_fixture_end(f);
}

static void a_message_can_be_put_in_pieces(void** state) {
  (void) state;
  for (size_t piece = 1; piece < 40; piece++) {
    ws_fixture_open(f);
    uint64_t at;
    assert_int_equal(tuv_ws_begin(&f->ws, TUV_WS_BINARY, 1000, &at), 0);
    for (size_t done = 0; done < 1000; done += piece)
      tuv_ws_put(&f->ws, bytes + done, piece < 1000 - done ? piece : 1000 - done);
    tuv_ws_end(&f->ws);
    ws_fixture_run(f);
    sent_t sent;
    sent_open(&sent);
    sent_next(&sent, TUV_WS_BINARY, bytes, 1000);
    sent_end(&sent);
    ws_fixture_end(f);
  }
}

static void many_messages_of_one_turn_are_one_write(void** state) {
  (void) state;
  ws_fixture_open(f);
  unsigned before = f->flush_events;
  uint64_t begun = tuv_ws_sent_up_to(&f->ws), last = 0;
  for (unsigned i = 0; i < 500; i++) {
    uint64_t at = send_bytes(TUV_WS_TEXT, "message", 7);
    assert_int_equal(at, begun + i * 13);
    last = at;
  }
  assert_int_equal(f->flush_events, before + 1); /* asked for once */
  assert_int_equal(f->stream.try_writes, 0);
  assert_true(tuv_ws_sent_up_to(&f->ws) <= begun);
  ws_fixture_run(f);
  assert_int_equal(f->stream.try_writes, 1);
  assert_int_equal(f->stream.writes, 0);
  assert_int_equal(tuv_ws_sent_up_to(&f->ws), last + 13);
  tuv_ws_flush(&f->ws); /* nothing waits */
  assert_int_equal(f->stream.try_writes, 1);
  ws_fixture_end(f);
}

static void a_pong_asks_for_no_second_flush(void** state) {
  (void) state;
  ws_fixture_open(f);
  unsigned before = f->flush_events;
  ws_fixture_frame(f, 0x89, "p", 1);
  ws_fixture_run(f);
  assert_int_equal(f->flush_events, before + 1);
  assert_int_equal(f->stream.try_writes, 1);
  ws_fixture_end(f);
}

/* ---- a system that takes little ---- */

static void send_three_and_check(void) {
  send_bytes(TUV_WS_TEXT, "first", 5);
  send_bytes(TUV_WS_BINARY, bytes, 300);
  ws_fixture_run(f);
  send_bytes(TUV_WS_PING, "p", 1);
  ws_fixture_run(f);
  sent_t sent;
  sent_open(&sent);
  sent_next(&sent, TUV_WS_TEXT, "first", 5);
  sent_next(&sent, TUV_WS_BINARY, bytes, 300);
  sent_next(&sent, TUV_WS_PING, "p", 1);
  sent_end(&sent);
}

static void the_stream_is_whole_wherever_a_write_stops(void** state) {
  (void) state;
  const size_t total = 11 + 308 + 7;
  for (size_t at = 0; at <= total; at++) {
    ws_fixture_open(f);
    f->stream.take_total = at; /* so many, then UV_EAGAIN */
    send_three_and_check();
    ws_fixture_end(f);
    ws_fixture_open(f);
    f->stream.take = at; /* so many at once */
    send_three_and_check();
    ws_fixture_end(f);
  }
}

static void messages_sent_during_a_write_follow_it_in_order(void** state) {
  (void) state;
  ws_fixture_open(f);
  f->stream.take = 3;
  f->stream.hold_write = true;
  send_bytes(TUV_WS_TEXT, "first", 5);
  ws_fixture_run(f);
  assert_int_equal(f->stream.writes, 1);
  unsigned before = f->flush_events;
  for (unsigned i = 0; i < 100; i++) {
    send_bytes(TUV_WS_BINARY, bytes + i, 1000);
    tuv_ws_flush(&f->ws); /* waits for on_write */
  }
  assert_int_equal(f->flush_events, before);
  assert_int_equal(f->stream.writes, 1);
  f->stream.hold_write = false;
  mem_stream_kick(&f->stream);
  ws_fixture_run(f);
  assert_int_equal(f->stream.writes, 2);
  sent_t sent;
  sent_open(&sent);
  sent_next(&sent, TUV_WS_TEXT, "first", 5);
  for (unsigned i = 0; i < 100; i++) sent_next(&sent, TUV_WS_BINARY, bytes + i, 1000);
  sent_end(&sent);
  ws_fixture_end(f);
}

/* What the system takes at once shows nothing of the peer; what had to wait and goes on does. */
static void bytes_that_waited_are_a_sign_of_life(void** state) {
  (void) state;
  ws_fixture_open(f);
  uint64_t signs = tuv_ws_signs_of_life(&f->ws);
  send_bytes(TUV_WS_BINARY, bytes, 1000);
  ws_fixture_run(f);
  assert_true(tuv_ws_signs_of_life(&f->ws) == signs);
  f->stream.take = 0;
  f->stream.hold_write = true;
  f->stream.below = 500;
  send_bytes(TUV_WS_BINARY, bytes, 1000);
  ws_fixture_run(f);
  signs = tuv_ws_signs_of_life(&f->ws);
  assert_true(tuv_ws_signs_of_life(&f->ws) == signs);
  f->stream.below = 200;
  assert_true(tuv_ws_signs_of_life(&f->ws) != signs);
  signs = tuv_ws_signs_of_life(&f->ws);
  f->stream.hold_write = false;
  mem_stream_kick(&f->stream);
  ws_fixture_run(f);
  assert_true(tuv_ws_signs_of_life(&f->ws) != signs);
  ws_fixture_end(f);
}

static void a_failed_write_is_a_lost_connection(void** state) {
  (void) state;
  for (unsigned which = 0; which < 3; which++) {
    ws_fixture_open(f);
    if (which == 0) f->stream.try_write_status = UV_EPIPE;
    if (which > 0) f->stream.take = 4;
    if (which == 1) f->stream.write_call_status = UV_EPIPE;
    if (which == 2) f->stream.write_status = UV_ECONNRESET;
    send_bytes(TUV_WS_TEXT, "hello", 5);
    ws_fixture_run(f);
    assert_int_equal(f->downs, 1);
    assert_int_equal(f->down_status, TAOSUV_ECONNLOST);
    ws_fixture_end(f);
  }
}

static void ending_during_a_write_frees_it(void** state) {
  (void) state;
  ws_fixture_open(f);
  f->stream.take = 0;
  f->stream.hold_write = true;
  send_bytes(TUV_WS_BINARY, bytes, 100000);
  ws_fixture_run(f);
  send_bytes(TUV_WS_BINARY, bytes, 100000);
  tuv_ws_close(&f->ws, TUV_WS_CODE_NORMAL);
  ws_fixture_run(f);
  assert_int_equal(f->gones, 0);
  tuv_ws_abort(&f->ws);
  ws_fixture_end(f);
}

static void a_large_send_buffer_is_not_kept(void** state) {
  (void) state;
  ws_fixture_open(f);
  size_t before = f->probe.live_bytes;
  for (unsigned i = 0; i < 10; i++) send_bytes(TUV_WS_BINARY, bytes, 150000);
  ws_fixture_run(f);
  assert_true(f->probe.live_bytes <= before + (256u << 10));
  size_t calls = f->probe.calls;
  for (unsigned i = 0; i < 100; i++) {
    send_bytes(TUV_WS_BINARY, bytes, 1000);
    ws_fixture_run(f);
  }
  assert_true(f->probe.calls <= calls + 8); /* no allocation a message in the long run */
  ws_fixture_end(f);
}

static void without_memory_nothing_is_sent(void** state) {
  (void) state;
  ws_fixture_open(f);
  send_bytes(TUV_WS_TEXT, "one", 3);
  uint64_t at = 99;
  alloc_probe_fail(&f->probe, 1, true);
  assert_int_equal(tuv_ws_send(&f->ws, TUV_WS_BINARY, bytes, 150000, &at), UV_ENOMEM);
  assert_int_equal(tuv_ws_begin(&f->ws, TUV_WS_BINARY, SIZE_MAX, &at), UV_ENOMEM);
  assert_int_equal(tuv_ws_begin(&f->ws, TUV_WS_BINARY, SIZE_MAX - 14, &at), UV_ENOMEM);
  assert_int_equal(at, 99);
  alloc_probe_fail(&f->probe, 0, false);
  send_bytes(TUV_WS_TEXT, "two", 3);
  ws_fixture_run(f);
  sent_t sent;
  sent_open(&sent);
  sent_next(&sent, TUV_WS_TEXT, "one", 3);
  sent_next(&sent, TUV_WS_TEXT, "two", 3);
  sent_end(&sent);
  ws_fixture_end(f);
}

/* ---- what has not left ---- */

static uint64_t places[SIZES];

/* One frame of each size; of them, `taken` bytes leave, and what a failing write got may have. */
static void queue_all(size_t taken, bool flush) {
  ws_fixture_open(f);
  f->no_flush = true;
  for (size_t i = 0; i < SIZES; i++) {
    uint8_t opcode = sizes[i] < 4 ? TUV_WS_PING : TUV_WS_BINARY;
    places[i] = send_bytes(opcode, bytes + i, sizes[i]);
  }
  if (!flush) return;
  f->stream.take_total = taken;
  f->stream.write_call_status = UV_EPIPE;
  tuv_ws_flush(&f->ws);
}

static void each_unsent_frame_gives_its_payload_back(void** state) {
  (void) state;
  queue_all(0, false);
  for (size_t i = SIZES; i-- > 0;) {
    size_t size = 1;
    const uint8_t* payload = tuv_ws_unsent(&f->ws, places[i], &size);
    assert_non_null(payload);
    assert_int_equal(size, sizes[i]);
    if (size > 0) assert_memory_equal(payload, bytes + i, size);
  }
  size_t size;
  assert_null(tuv_ws_unsent(&f->ws, f->ws.out.queued, &size));
  assert_null(tuv_ws_unsent(&f->ws, 0, &size)); /* the upgrade */
  ws_fixture_end(f);
}

static void what_may_have_left_is_not_given_back(void** state) {
  (void) state;
  size_t size;
  queue_all(0, true); /* all of it was handed to a write, which failed */
  assert_int_equal(f->downs, 1);
  for (size_t i = 0; i < SIZES; i++) {
    assert_true(tuv_ws_sent_up_to(&f->ws) > places[i]);
    assert_null(tuv_ws_unsent(&f->ws, places[i], &size));
    assert_int_equal(tuv_ws_withdraw(&f->ws, places[i]), 0);
  }
  ws_fixture_end(f);
}

static void frames_behind_a_write_under_way_are_given_back(void** state) {
  (void) state;
  ws_fixture_open(f);
  f->stream.take = 4;
  f->stream.hold_write = true;
  uint64_t first = send_bytes(TUV_WS_TEXT, "first", 5);
  ws_fixture_run(f);
  uint64_t second = send_bytes(TUV_WS_TEXT, "second", 6);
  uint64_t third = send_bytes(TUV_WS_BINARY, bytes, 70000);
  mem_stream_end(&f->stream, UV_ECONNRESET);
  size_t size;
  assert_null(tuv_ws_unsent(&f->ws, first, &size));
  assert_memory_equal(tuv_ws_unsent(&f->ws, second, &size), "second", 6);
  assert_int_equal(size, 6);
  assert_memory_equal(tuv_ws_unsent(&f->ws, third, &size), bytes, 70000);
  ws_fixture_run(f);
  ws_fixture_end(f);
}

static void any_frame_can_be_withdrawn(void** state) {
  (void) state;
  for (size_t gone = 0; gone < SIZES; gone++) {
    queue_all(0, false);
    size_t taken = tuv_ws_withdraw(&f->ws, places[gone]);
    assert_int_equal(taken, tuv_ws_header_size(sizes[gone], true) + sizes[gone]);
    f->no_flush = false;
    uint64_t more = send_bytes(TUV_WS_TEXT, "more", 4);
    assert_int_equal(more, f->ws.out.queued - 10);
    ws_fixture_run(f);
    sent_t sent;
    sent_open(&sent);
    for (size_t i = 0; i < SIZES; i++)
      if (i != gone)
        sent_next(&sent, sizes[i] < 4 ? TUV_WS_PING : TUV_WS_BINARY, bytes + i, sizes[i]);
    sent_next(&sent, TUV_WS_TEXT, "more", 4);
    sent_end(&sent);
    assert_int_equal(tuv_ws_sent_up_to(&f->ws), more + 10);
    ws_fixture_end(f);
  }
}

static void all_frames_can_be_withdrawn_one_after_the_other(void** state) {
  (void) state;
  queue_all(0, false);
  for (size_t i = 0; i < SIZES; i++) assert_true(tuv_ws_withdraw(&f->ws, places[0]) > 0);
  assert_int_equal(tuv_ws_withdraw(&f->ws, places[0]), 0);
  f->no_flush = false;
  ws_fixture_run(f);
  assert_int_equal(f->stream.written_size, 0);
  assert_int_equal(f->stream.try_writes, 0);
  ws_fixture_end(f);
}

/* ---- large messages ---- */

static uint8_t* make_large(size_t size) {
  uint8_t* large = malloc(size);
  assert_non_null(large);
  for (size_t i = 0; i < size; i++) large[i] = (uint8_t) (i * 31 + (i >> 9));
  return large;
}

/* Something before the large message. */
static void begin_large(void) {
  ws_fixture_open(f);
  send_bytes(TUV_WS_BINARY, bytes, 10);
}

/* And after it; all of it arrives. */
static void end_large(const uint8_t* large, size_t size) {
  sent_t sent;
  send_bytes(TUV_WS_BINARY, bytes, 20);
  f->stream.take = f->stream.take_total = SIZE_MAX;
  ws_fixture_run(f);
  sent_open(&sent);
  sent_next(&sent, TUV_WS_BINARY, bytes, 10);
  sent_next(&sent, TUV_WS_BINARY, large, size);
  sent_next(&sent, TUV_WS_BINARY, bytes, 20);
  sent_end(&sent);
  ws_fixture_end(f);
}

/* However much the system takes of it, and when. */
static void a_large_message_is_sent_while_it_is_made(void** state) {
  (void) state;
  enum { SIZE = 1 << 20 };
  uint8_t* large = make_large(SIZE);
  static const size_t takes[] = {SIZE_MAX, 0, 1, 1000, 131072, 131077, 500000};
  for (size_t i = 0; i < sizeof takes / sizeof takes[0]; i++) {
    uint64_t at = 0;
    begin_large();
    f->stream.take = takes[i];
    assert_int_equal(tuv_ws_begin(&f->ws, TUV_WS_BINARY, SIZE, &at), 0);
    for (size_t done = 0, part = 1; done < SIZE; done += part, part = 3 * part + 1) {
      if (part > SIZE - done) part = SIZE - done;
      tuv_ws_put(&f->ws, large + done, part);
    }
    assert_int_equal(tuv_ws_end(&f->ws), 0);
    assert_int_equal(tuv_ws_sent_up_to(&f->ws) > at, takes[i] > 16);
    if (takes[i] == SIZE_MAX)
      assert_true(f->ws.out.unsent.tail < 3u << 17); /* the same room again */
    end_large(large, SIZE);
  }
  free(large);
}

/* Pieces of all lengths, some masked in advance for this frame, some for another one, among others
 * that are not masked; however much the system takes at a time. */
static void put_pieces(const uint8_t* large, uint8_t* masked, size_t size, const uint8_t mask[4]) {
  static const size_t lengths[] = {100, 5000, 4096, 70001, 3, 200000, 4097, 1, 60000, 8191};
  size_t done = 0;
  for (size_t i = 0; done < size; i++) {
    size_t part = lengths[i % 10];
    if (part > size - done) part = size - done;
    uint8_t key[4];
    for (size_t j = 0; j < 4; j++) key[j] = (uint8_t) (mask[(done + j) % 4] + (i % 5 == 4));
    tuv_ws_mask(masked + done, large + done, part, key, 0);
    if (i % 7 == 6)
      tuv_ws_put(&f->ws, large + done, part);
    else
      tuv_ws_put_masked(&f->ws, masked + done, part, key);
    done += part;
  }
}

static void what_is_masked_in_advance_is_sent_from_where_it_is(void** state) {
  (void) state;
  enum { SIZE = (1 << 20) + 5 };
  uint8_t *large = make_large(SIZE), *masked = make_large(SIZE);
  static const size_t takes[] = {SIZE_MAX, 0, 1, 1000, 4097, 131072, 200003, 500000};
  static const size_t totals[] = {SIZE_MAX, 5, 300000};
  static const uint8_t mask[4] = {0xA1, 0xB2, 0xC3, 0xD4};
  for (size_t i = 0; i < 3 * (sizeof takes / sizeof takes[0]); i++) {
    size_t take = takes[i / 3], size = i % 2 == 0 ? SIZE : 90000; /* too small to be given early */
    uint64_t at = 0;
    begin_large();
    f->stream.take = take;
    f->stream.take_total = totals[i % 3];
    assert_int_equal(tuv_ws_begin_masked(&f->ws, TUV_WS_BINARY, size, mask, &at), 0);
    put_pieces(large, masked, size, mask);
    assert_int_equal(tuv_ws_end(&f->ws), 0);
    if (take == SIZE_MAX && i % 3 == 0 && size == SIZE)
      assert_true(f->ws.out.unsent.tail < 3u << 17);
    memset(masked, 0, SIZE); /* it is the caller's again */
    end_large(large, size);
  }
  free(masked);
  free(large);
}

/* What was sent before is still being written: the large message waits, whole, for that to end. */
static void a_large_message_waits_for_a_write(void** state) {
  (void) state;
  enum { SIZE = 1 << 20 };
  uint8_t* large = calloc(1, SIZE);
  assert_non_null(large);
  ws_fixture_open(f);
  send_bytes(TUV_WS_BINARY, bytes, 20);
  f->stream.take = 3;
  tuv_ws_flush(&f->ws);
  assert_true(f->ws.out.writing);
  send_bytes(TUV_WS_BINARY, large, SIZE);
  f->stream.take = SIZE_MAX;
  ws_fixture_run(f);
  sent_t sent;
  sent_open(&sent);
  sent_next(&sent, TUV_WS_BINARY, bytes, 20);
  sent_next(&sent, TUV_WS_BINARY, large, SIZE);
  sent_end(&sent);
  ws_fixture_end(f);
  free(large);
}

static void buffers_are_kept_while_they_are_needed(void** state) {
  (void) state;
  enum { SIZE = 600000 };
  uint8_t* large = calloc(1, SIZE);
  assert_non_null(large);
  ws_fixture_open(f);
  f->stream.take = 1000;
  size_t calls = 0;
  for (int i = 0; i < 6; i++) {
    if (i == 3) calls = f->probe.calls;
    send_bytes(TUV_WS_BINARY, large, SIZE);
    ws_fixture_run(f);
  }
  assert_int_equal(f->probe.calls, calls);
  tuv_ws_trim(&f->ws);
  assert_null(f->ws.out.unsent.data);
  assert_null(f->ws.out.in_flight.data);
  for (int i = 0; i < 300; i++) {
    if (i == 1) send_bytes(TUV_WS_BINARY, large, SIZE);
    send_bytes(TUV_WS_BINARY, bytes, 10);
    ws_fixture_run(f);
  }
  assert_true(f->ws.out.unsent.capacity <= 256u << 10); /* forgotten */
  free(large);
  ws_fixture_end(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_length_arrives_masked),
      cmocka_unit_test(every_frame_has_a_mask_of_its_own),
      cmocka_unit_test(a_message_can_be_put_in_pieces),
      cmocka_unit_test(many_messages_of_one_turn_are_one_write),
      cmocka_unit_test(a_pong_asks_for_no_second_flush),
      cmocka_unit_test(the_stream_is_whole_wherever_a_write_stops),
      cmocka_unit_test(messages_sent_during_a_write_follow_it_in_order),
      cmocka_unit_test(bytes_that_waited_are_a_sign_of_life),
      cmocka_unit_test(a_failed_write_is_a_lost_connection),
      cmocka_unit_test(ending_during_a_write_frees_it),
      cmocka_unit_test(a_large_send_buffer_is_not_kept),
      cmocka_unit_test(a_large_message_is_sent_while_it_is_made),
      cmocka_unit_test(a_large_message_waits_for_a_write),
      cmocka_unit_test(what_is_masked_in_advance_is_sent_from_where_it_is),
      cmocka_unit_test(buffers_are_kept_while_they_are_needed),
      cmocka_unit_test(without_memory_nothing_is_sent),
      cmocka_unit_test(each_unsent_frame_gives_its_payload_back),
      cmocka_unit_test(what_may_have_left_is_not_given_back),
      cmocka_unit_test(frames_behind_a_write_under_way_are_given_back),
      cmocka_unit_test(any_frame_can_be_withdrawn),
      cmocka_unit_test(all_frames_can_be_withdrawn_one_after_the_other),
  };
  return cmocka_run_group_tests_name("ws_send", tests, fill_bytes, NULL);
}
