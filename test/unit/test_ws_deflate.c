/* A WebSocket connection with compression: what is said arrives, bounded, whoever kept what. */
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

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static ws_fixture_t fixture;
static ws_fixture_t* const f = &fixture;
static char text[200000]; /* that can be compressed */
static uint8_t noise[200000];
static const char alone[] =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

static int fill_bytes(void** state) {
  (void) state;
  ws_fixture_pattern(noise, sizeof noise, 3);
  for (size_t i = 0; i < sizeof text; i++)
    text[i] = i % 9 == 0 ? (char) ('a' + noise[i] % 26) : "row value"[i % 9];
  return 0;
}

/* ---- the server's side ---- */

static tuv_deflater_t* server_deflater;
static tuv_inflater_t* server_inflater;

static void open_agreed(tuv_http_offer_t offer, const char* value) {
  ws_fixture_open_deflate(f, offer, value);
  bool server_keeps = strstr(value, "server_no") == NULL;
  bool client_keeps = strstr(value, "client_no") == NULL;
  server_deflater = tuv_deflater_create(&tuv_alloc_default, 15, server_keeps);
  server_inflater = tuv_inflater_create(&tuv_alloc_default, client_keeps);
}

static void open_alone(void) {
  open_agreed(TUV_HTTP_DEFLATE_ALONE, alone);
}

static void close_all(void) {
  tuv_deflater_free(server_deflater);
  tuv_inflater_free(server_inflater);
  ws_fixture_end(f);
}

/* Sends a compressed message in frames of `part` bytes (0: one), of which only `share` (0: all)
 * bytes. Returns its compressed size. */
static size_t server_sends(uint8_t opcode, const void* data, size_t size, size_t part,
                           size_t share) {
  size_t room = 2 * size + 100;
  uint8_t* packed = malloc(room);
  assert_non_null(packed);
  tuv_deflate_io_t io = {data, size, packed, room};
  tuv_deflater_begin(server_deflater);
  assert_int_equal(tuv_deflater_run(server_deflater, &io, true), TUV_DEFLATE_OK);
  size_t total = (size_t) (io.out - packed);
  if (share != 0 && share < total) total = share;
  if (part == 0 || part > total) part = total;
  for (size_t at = 0; at < total; at += part) {
    size_t some = total - at < part ? total - at : part;
    uint8_t first = (uint8_t) (at == 0 ? 0x40 | opcode : 0);
    ws_fixture_frame(f, (uint8_t) (first | (at + some == total ? 0x80 : 0)), packed + at, some);
  }
  free(packed);
  return total;
}

static void got(size_t index, const void* data, size_t size) {
  assert_true(f->got_count > index);
  assert_int_equal(f->got[index].size, size);
  if (size > 0) assert_memory_equal(f->got[index].copy, data, size);
}

static void require_down(int status, const char* part, const char* close_frame) {
  assert_int_equal(f->downs, 1);
  if (f->down_status != status || strstr(f->down_text, part) == NULL)
    fail_msg("down %d: %s", f->down_status, f->down_text);
  char* sent = ws_fixture_sent(f);
  if (strncmp(sent, close_frame, strlen(close_frame)) != 0) fail_msg("sent: %s", sent);
  free(sent);
}

/* ---- receiving ---- */

static const size_t sizes[] = {0, 1, 5, 1023, 1024, 1025, 4096, 70000, 150000};

static void compressed_messages_of_all_sizes_arrive(void** state) {
  (void) state;
  static const size_t parts[] = {0, 1, 100, 4096}, pieces[] = {0, 1, 7, 4096, 65536};
  for (size_t p = 0; p < COUNT(parts); p++)
    for (size_t q = 0; q < COUNT(pieces); q++) {
      open_alone();
      f->keep = true;
      f->stream.piece = pieces[q];
      f->stream.early_alloc = q % 2 != 0;
      size_t most = pieces[q] == 1 || parts[p] == 1 ? 7 : COUNT(sizes);
      for (size_t i = 0; i < most; i++) {
        server_sends(TUV_WS_TEXT, text + i, sizes[i], parts[p], 0);
        server_sends(TUV_WS_BINARY, noise + i, sizes[i], parts[p], 0);
        ws_fixture_frame(f, 0x82, noise + i, sizes[i]); /* not compressed */
      }
      ws_fixture_run(f);
      assert_int_equal(f->downs, 0);
      assert_int_equal(f->got_count, 3 * most);
      for (size_t i = 0; i < most; i++) {
        got(3 * i, text + i, sizes[i]);
        got(3 * i + 1, noise + i, sizes[i]);
        got(3 * i + 2, noise + i, sizes[i]);
      }
      close_all();
    }
}

static void control_frames_may_come_between_its_frames(void** state) {
  (void) state;
  open_alone();
  uint8_t packed[300];
  tuv_deflate_io_t io = {(const uint8_t*) text, 1000, packed, sizeof packed};
  tuv_deflater_begin(server_deflater);
  tuv_deflater_run(server_deflater, &io, true);
  size_t size = (size_t) (io.out - packed);
  ws_fixture_frame(f, 0x41, packed, 10);
  ws_fixture_frame(f, 0x89, "ping", 4);
  ws_fixture_frame(f, 0x00, "", 0);
  ws_fixture_frame(f, 0x80, packed + 10, size - 10);
  ws_fixture_run(f);
  got(0, text, 1000);
  char* sent = ws_fixture_sent(f);
  assert_string_equal(sent, "C10 70696e67\n");
  free(sent);
  close_all();
}

static void a_context_that_the_server_keeps_is_kept(void** state) {
  (void) state;
  open_agreed(TUV_HTTP_DEFLATE_ANY, "permessage-deflate");
  size_t first = server_sends(TUV_WS_TEXT, text, 500, 0, 0), later = 0;
  for (unsigned i = 0; i < 10; i++) later = server_sends(TUV_WS_TEXT, text, 500, 0, 0);
  assert_true(later < first / 4);
  ws_fixture_run(f);
  for (size_t i = 0; i < 11; i++) got(i, text, 500);
  close_all();
}

static void a_block_lies_where_it_was_inflated(void** state) {
  (void) state;
  open_alone();
  f->keep = true;
  for (unsigned i = 0; i < 4; i++) server_sends(TUV_WS_BINARY, text + i, 100000, 4096, 0);
  ws_fixture_run(f);
  for (unsigned i = 0; i < 4; i++) {
    const ws_got_t* one = &f->got[i];
    assert_ptr_equal(one->data, one->owner->data);
    assert_int_equal(one->owner->refs, 1); /* nothing else holds it */
  }
  /* From the second on the size is expected: hardly more than that is taken. */
  assert_true(f->got[3].owner->capacity < 103000);
  close_all();
}

static void text_is_checked_once_it_is_inflated(void** state) {
  (void) state;
  static const struct {
    const char* bytes;
    size_t size;
  } bad[] = {{"abc\xff", 4}, {"abc\xc3", 4}, {"\xed\xa0\x80", 3}};
  for (size_t i = 0; i < COUNT(bad); i++)
    for (size_t part = 0; part < 3; part++) {
      open_alone();
      server_sends(TUV_WS_BINARY, bad[i].bytes, bad[i].size, part, 0);
      server_sends(TUV_WS_TEXT, "\xe2\x82\xac \xf0\x9f\x9a\x80", 8, part, 0);
      server_sends(TUV_WS_TEXT, bad[i].bytes, bad[i].size, part, 0);
      ws_fixture_run(f);
      assert_int_equal(f->got_count, 2);
      require_down(TAOSUV_EWS, "not UTF-8", "C8 1007");
      close_all();
    }
}

static void what_cannot_be_inflated_ends_the_connection(void** state) {
  (void) state;
  static const char* const bad[] = {"\x07", "\xff\xff\xff\xff\xff\xff", "\x4a\x84\x04", ""};
  for (size_t i = 0; i < COUNT(bad); i++) {
    open_alone();
    ws_fixture_frame(f, 0xC2, bad[i], strlen(bad[i]));
    ws_fixture_run(f);
    assert_int_equal(f->got_count, 0);
    require_down(TAOSUV_EWS, "the server sent a compressed message that cannot be inflated",
                 "C8 1007");
    close_all();
  }
  open_alone(); /* a message that lacks its end */
  server_sends(TUV_WS_BINARY, text, 5000, 0, 200);
  ws_fixture_run(f);
  require_down(TAOSUV_EWS, "the server sent a compressed message that cannot be inflated",
               "C8 1007");
  close_all();
}

static void a_bomb_ends_the_connection_before_it_fills_memory(void** state) {
  (void) state;
  size_t size = 8u << 20;
  char* bomb = calloc(1, size);
  for (unsigned i = 0; i < 3; i++) {
    open_alone();
    if (i == 2) f->shared.max_text_size = 100000;
    size_t limit = i == 2 ? 100000 : 1u << 20, before = f->probe.live_bytes;
    server_sends(i == 1 ? TUV_WS_BINARY : TUV_WS_TEXT, bomb, size, i == 0 ? 0 : 4096, 0);
    ws_fixture_run(f);
    require_down(TAOSUV_EMSGSIZE, i == 2 ? "100000" : "1048576", "C8 1009");
    assert_true(f->probe.largest < (i == 2 ? 2 * limit : limit) + 2048);
    assert_true(f->probe.peak_bytes < before + 2 * limit + (200u << 10)); /* while it grows */
    close_all();
  }
  open_alone();
  server_sends(TUV_WS_BINARY, bomb, 1u << 20, 0, 0); /* just allowed */
  ws_fixture_run(f);
  got(0, bomb, 1u << 20);
  close_all();
  free(bomb);
}

static void without_memory_it_is_down_with_that(void** state) {
  (void) state;
  bool failed = true;
  unsigned n = 1;
  for (; failed; n++) {
    open_alone();
    size_t before = f->probe.failures;
    alloc_probe_fail(&f->probe, n, false);
    tuv_ws_deflate_from(&f->ws, 0);
    int sent = tuv_ws_send(&f->ws, TUV_WS_TEXT, text, 5000, NULL);
    server_sends(TUV_WS_BINARY, text, 100000, 4096, 0);
    ws_fixture_run(f);
    failed = f->probe.failures > before;
    if (failed)
      assert_true(sent == UV_ENOMEM || f->down_status == UV_ENOMEM);
    else
      got(0, text, 100000);
    close_all();
  }
  assert_true(n > 10);
}

/* ---- sending ---- */

/* Requires that the next message in what was sent, which begins at *at, is this one. */
static void sent_is(size_t* at, uint8_t opcode, const void* data, size_t size, bool compressed) {
  tuv_ws_reader_t reader;
  tuv_ws_event_t event;
  static uint8_t out[sizeof text + 1];
  tuv_ws_reader_init(&reader, true, true);
  size_t left = f->stream.written_size - *at;
  uint8_t* copy = malloc(left + 1);
  assert_non_null(copy);
  memcpy(copy, f->stream.written + *at, left);
  size_t used = tuv_ws_reader_next(&reader, copy, left, &event);
  assert_int_equal(event.kind, TUV_WS_EV_FRAME);
  assert_true(event.first && event.fin);
  assert_int_equal(event.opcode, opcode);
  assert_int_equal(event.compressed, compressed);
  assert_int_equal(used, tuv_ws_header_size(event.length, true));
  used += tuv_ws_reader_next(&reader, copy + used, left - used, &event);
  assert_true(event.kind == TUV_WS_EV_DATA && event.message_end);
  if (compressed) {
    tuv_deflate_io_t io = {event.data, event.size, out, sizeof out};
    tuv_inflater_begin(server_inflater, sizeof out);
    assert_int_equal(tuv_inflater_run(server_inflater, &io, true), TUV_DEFLATE_OK);
    event.data = out;
    event.size = (size_t) (io.out - out);
  }
  assert_int_equal(event.size, size);
  if (size > 0) assert_memory_equal(event.data, data, size);
  free(copy);
  *at += used;
}

static void messages_from_the_threshold_on_are_sent_compressed(void** state) {
  (void) state;
  static const size_t thresholds[] = {0, 1024, 5000, SIZE_MAX};
  for (size_t t = 0; t < COUNT(thresholds); t++) {
    open_alone();
    tuv_ws_deflate_from(&f->ws, thresholds[t]);
    for (size_t i = 0; i < COUNT(sizes); i++) {
      assert_int_equal(tuv_ws_send(&f->ws, TUV_WS_TEXT, text + i, sizes[i], NULL), 0);
      assert_int_equal(tuv_ws_send(&f->ws, TUV_WS_BINARY, noise + i, sizes[i], NULL), 0);
      if (i % 2 == 0) ws_fixture_run(f);
    }
    ws_fixture_run(f);
    assert_int_equal(f->stream.written_size,
                     tuv_ws_sent_up_to(&f->ws) - (f->ws.out.queued - f->stream.written_size));
    size_t at = 0;
    for (size_t i = 0; i < COUNT(sizes); i++) {
      sent_is(&at, TUV_WS_TEXT, text + i, sizes[i], sizes[i] >= thresholds[t]);
      sent_is(&at, TUV_WS_BINARY, noise + i, sizes[i], sizes[i] >= thresholds[t]);
    }
    assert_int_equal(at, f->stream.written_size);
    close_all();
  }
}

static void nothing_is_compressed_unless_it_was_agreed_on_and_asked_for(void** state) {
  (void) state;
  for (unsigned i = 0; i < 2; i++) {
    if (i == 0)
      open_alone(); /* not asked for: as before the log-in */
    else
      ws_fixture_open_deflate(f, TUV_HTTP_DEFLATE_ALONE, NULL);
    if (i == 1) tuv_ws_deflate_from(&f->ws, 0);
    assert_int_equal(tuv_ws_send(&f->ws, TUV_WS_TEXT, text, 5000, NULL), 0);
    ws_fixture_run(f);
    size_t at = 0;
    sent_is(&at, TUV_WS_TEXT, text, 5000, false);
    if (i == 0) {
      close_all();
    } else {
      ws_fixture_end(f);
    }
  }
}

static void every_agreement_is_kept_when_sending(void** state) {
  (void) state;
  static const char* const answers[] = {
      "permessage-deflate", "permessage-deflate; client_max_window_bits=9",
      "permessage-deflate; client_no_context_takeover",
      "permessage-deflate; client_no_context_takeover; client_max_window_bits=11"};
  for (size_t i = 0; i < COUNT(answers); i++) {
    open_agreed(TUV_HTTP_DEFLATE_ANY, answers[i]);
    tuv_ws_deflate_from(&f->ws, 0);
    for (size_t n = 0; n < COUNT(sizes); n++)
      assert_int_equal(tuv_ws_send(&f->ws, TUV_WS_TEXT, text, sizes[n], NULL), 0);
    ws_fixture_run(f);
    size_t at = 0;
    for (size_t n = 0; n < COUNT(sizes); n++) sent_is(&at, TUV_WS_TEXT, text, sizes[n], true);
    close_all();
  }
}

static void a_message_can_be_put_in_pieces(void** state) {
  (void) state;
  open_alone();
  tuv_ws_deflate_from(&f->ws, 100);
  uint64_t at;
  assert_int_equal(tuv_ws_begin(&f->ws, TUV_WS_BINARY, 30000, &at), 0);
  for (size_t i = 0; i < 30000; i += 100) tuv_ws_put(&f->ws, noise + i, 100);
  assert_int_equal(tuv_ws_end(&f->ws), 0);
  ws_fixture_run(f);
  size_t place = 0;
  sent_is(&place, TUV_WS_BINARY, noise, 30000, true);
  close_all();
}

static void a_message_without_memory_is_not_sent_at_all(void** state) {
  (void) state;
  open_alone();
  tuv_ws_deflate_from(&f->ws, 0);
  size_t at = 0;
  for (unsigned i = 0; i < 10; i++) {
    alloc_probe_fail(&f->probe, 1, true);
    uint64_t queued = f->ws.out.queued;
    int status = tuv_ws_send(&f->ws, TUV_WS_TEXT, text, 150000, NULL);
    alloc_probe_fail(&f->probe, 0, false);
    if (status != 0) {
      assert_int_equal(status, UV_ENOMEM);
      assert_int_equal(f->ws.out.queued, queued);
    }
    assert_int_equal(tuv_ws_send(&f->ws, TUV_WS_TEXT, text, 5000, NULL), 0);
    ws_fixture_run(f);
    if (status == 0) sent_is(&at, TUV_WS_TEXT, text, 150000, true);
    sent_is(&at, TUV_WS_TEXT, text, 5000, true);
  }
  close_all();
}

/* ---- what has not left ---- */

static uint64_t places[COUNT(sizes)];

static void queue_all(void) {
  open_alone();
  f->no_flush = true;
  tuv_ws_deflate_from(&f->ws, 1000);
  for (size_t i = 0; i < COUNT(sizes); i++)
    assert_int_equal(tuv_ws_send(&f->ws, TUV_WS_TEXT, text + i, sizes[i], &places[i]), 0);
}

static void each_unsent_message_gives_its_payload_back(void** state) {
  (void) state;
  queue_all();
  server_sends(TUV_WS_BINARY, text, 50000, 0, 100); /* the inflater is in the middle of one */
  for (size_t i = COUNT(sizes); i-- > 0;) {
    size_t size = 1;
    const uint8_t* payload = tuv_ws_unsent(&f->ws, places[i], &size);
    assert_non_null(payload);
    assert_int_equal(size, sizes[i]);
    if (size > 0) assert_memory_equal(payload, text + i, size);
  }
  close_all();
}

static void any_message_can_be_withdrawn(void** state) {
  (void) state;
  for (size_t gone = 0; gone < COUNT(sizes); gone++) {
    queue_all();
    uint64_t end = gone + 1 < COUNT(sizes) ? places[gone + 1] : f->ws.out.queued;
    assert_int_equal(tuv_ws_withdraw(&f->ws, places[gone]), end - places[gone]);
    f->no_flush = false;
    ws_fixture_run(f);
    size_t at = 0;
    for (size_t i = 0; i < COUNT(sizes); i++)
      if (i != gone) sent_is(&at, TUV_WS_TEXT, text + i, sizes[i], sizes[i] >= 1000);
    close_all();
  }
}

static void what_later_messages_depend_on_stays(void** state) {
  (void) state;
  open_agreed(TUV_HTTP_DEFLATE_ANY, "permessage-deflate");
  f->no_flush = true;
  tuv_ws_deflate_from(&f->ws, 0);
  uint64_t at;
  size_t size;
  assert_int_equal(tuv_ws_send(&f->ws, TUV_WS_TEXT, text, 5000, &at), 0);
  assert_int_equal(tuv_ws_withdraw(&f->ws, at), 0);
  assert_null(tuv_ws_unsent(&f->ws, at, &size));
  close_all();
}

/* ---- the machine alone ---- */

/* A message that is larger than it was said to be: the buffer grows, and what stands in it stays. */
static void the_send_buffer_grows_when_the_bound_was_too_small(void** state) {
  (void) state;
  static const uint8_t mask[4] = {1, 2, 3, 4};
  static uint8_t back[sizeof noise];
  tuv_ws_deflate_t deflate = {.agreed = true, .window_bits = 15};
  alloc_probe_t probe;
  alloc_probe_init(&probe);
  tuv_buf_t buf;
  tuv_buf_init(&buf, &probe.alloc);
  uint8_t* before = tuv_buf_reserve(&buf, 6);
  assert_non_null(before);
  memcpy(before, "before", 6);
  tuv_buf_commit(&buf, 6);
  assert_int_equal(tuv_ws_deflate_begin(&deflate, &buf, TUV_WS_BINARY, 10), 0);
  tuv_ws_deflate_put(&deflate, &buf, noise, sizeof noise);
  size_t size;
  assert_int_equal(tuv_ws_deflate_end(&deflate, &buf, mask, &size), 0);
  assert_int_equal(tuv_buf_size(&buf), 6 + size);
  assert_memory_equal(buf.data + buf.head, "before", 6);
  uint8_t* payload = buf.data + buf.head + 6 + 14;
  tuv_ws_mask(payload, payload, size - 14, mask, 0);
  tuv_inflater_t* inflater = tuv_inflater_create(&probe.alloc, false);
  tuv_inflater_begin(inflater, sizeof back);
  tuv_deflate_io_t io = {payload, size - 14, back, sizeof back};
  assert_int_equal(tuv_inflater_run(inflater, &io, true), TUV_DEFLATE_OK);
  assert_memory_equal(back, noise, sizeof noise);
  tuv_inflater_free(inflater);
  /* Without memory to grow it is not sent. */
  assert_int_equal(tuv_ws_deflate_begin(&deflate, &buf, TUV_WS_BINARY, 10), 0);
  alloc_probe_fail(&probe, 1, true);
  tuv_ws_deflate_put(&deflate, &buf, noise, sizeof noise);
  assert_int_equal(tuv_ws_deflate_end(&deflate, &buf, mask, &size), UV_ENOMEM);
  tuv_ws_deflate_free(&deflate);
  tuv_buf_free(&buf);
  assert_int_equal(probe.live_blocks, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(compressed_messages_of_all_sizes_arrive),
      cmocka_unit_test(control_frames_may_come_between_its_frames),
      cmocka_unit_test(a_context_that_the_server_keeps_is_kept),
      cmocka_unit_test(a_block_lies_where_it_was_inflated),
      cmocka_unit_test(text_is_checked_once_it_is_inflated),
      cmocka_unit_test(what_cannot_be_inflated_ends_the_connection),
      cmocka_unit_test(a_bomb_ends_the_connection_before_it_fills_memory),
      cmocka_unit_test(without_memory_it_is_down_with_that),
      cmocka_unit_test(messages_from_the_threshold_on_are_sent_compressed),
      cmocka_unit_test(nothing_is_compressed_unless_it_was_agreed_on_and_asked_for),
      cmocka_unit_test(every_agreement_is_kept_when_sending),
      cmocka_unit_test(a_message_can_be_put_in_pieces),
      cmocka_unit_test(a_message_without_memory_is_not_sent_at_all),
      cmocka_unit_test(each_unsent_message_gives_its_payload_back),
      cmocka_unit_test(any_message_can_be_withdrawn),
      cmocka_unit_test(what_later_messages_depend_on_stays),
      cmocka_unit_test(the_send_buffer_grows_when_the_bound_was_too_small),
  };
  return cmocka_run_group_tests(tests, fill_bytes, NULL);
}
