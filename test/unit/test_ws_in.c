/* The receiving half of a WebSocket connection alone: bytes in; messages and close codes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include <cmocka.h>

#include "alloc_probe.h"
#include "io/ws/in.h"
#include "taosuv/error.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

typedef struct machine_s {
  alloc_probe_t probe;
  tuv_mem_t* mem;
  tuv_io_shared_t shared;
  tuv_ws_in_t in;
  tuv_ws_in_event_t event; /* the last one */
  char log[4000];
  size_t log_size;
} machine_t;

static machine_t machine;
static machine_t* const m = &machine;

static void begin(bool bounded) {
  memset(m, 0, sizeof *m);
  alloc_probe_init(&m->probe);
  m->mem = tuv_mem_create(&m->probe.alloc);
  assert_non_null(m->mem);
  m->shared.mem = m->mem;
  m->shared.max_message_size = 1u << 20;
  tuv_ws_in_init(&m->in, &m->shared, bounded);
}

static void begin_open(bool bounded, bool deflate) {
  begin(bounded);
  tuv_ws_in_open(&m->in, deflate, false);
}

static void end(void) {
  alloc_probe_fail(&m->probe, 0, false);
  tuv_ws_in_free(&m->in);
  tuv_io_shared_free(&m->shared);
  tuv_mem_close(m->mem);
  assert_int_equal(m->probe.live_blocks, 0);
}

static void note(const char* format, ...) {
  va_list args;
  va_start(args, format);
  int length = vsnprintf(m->log + m->log_size, sizeof m->log - m->log_size, format, args);
  va_end(args);
  assert_in_range(length, 0, sizeof m->log - m->log_size - 1);
  m->log_size += (size_t) length;
}

static void note_event(const tuv_ws_in_event_t* event) {
  switch (event->kind) {
    case TUV_WS_IN_MESSAGE:
      assert_true(event->data >= event->owner->data);
      assert_true(event->size <= event->owner->capacity);
      note("%u %zu:%.*s\n", event->opcode, event->size, event->size < 20 ? (int) event->size : 20,
           (const char*) event->data);
      break;
    case TUV_WS_IN_CONTROL:
      note("%u %u:%.*s\n", event->opcode, event->opcode == TUV_WS_CLOSE ? event->code : 0,
           (int) event->size, event->size > 0 ? (const char*) event->control : "");
      break;
    case TUV_WS_IN_PAUSE: note("pause\n"); break;
    case TUV_WS_IN_FAILED: note("failed %d %u\n", event->status, event->code); break;
    case TUV_WS_IN_MORE: break;
  }
}

/* Asks for events until there are none for now. */
static tuv_ws_in_kind_t ask(void) {
  tuv_ws_in_kind_t kind;
  do {
    kind = tuv_ws_in_next(&m->in, &m->event);
    note_event(&m->event);
  } while (kind == TUV_WS_IN_MESSAGE || kind == TUV_WS_IN_CONTROL);
  return kind;
}

/* One read of at most `size` bytes; returns how many it took. *last is how it ended. */
static size_t read_once(const uint8_t* data, size_t size, tuv_ws_in_kind_t* last) {
  uint8_t* base;
  size_t room;
  tuv_ws_in_lend(&m->in, &base, &room);
  if (room == 0) {
    note("no room\n");
    *last = TUV_WS_IN_FAILED;
    return 0;
  }
  if (size > room) size = room;
  memcpy(base, data, size);
  tuv_ws_in_feed(&m->in, base, size);
  *last = ask();
  if (*last != TUV_WS_IN_PAUSE) tuv_ws_in_return(&m->in);
  return size;
}

/* Reads all in pieces of this size (0: as large as they may be), up to a pause or a failure. */
static tuv_ws_in_kind_t feed(const void* data, size_t size, size_t piece) {
  const uint8_t* bytes = data;
  tuv_ws_in_kind_t last = TUV_WS_IN_MORE;
  for (size_t at = 0; at < size && last == TUV_WS_IN_MORE;)
    at += read_once(bytes + at, piece != 0 && piece < size - at ? piece : size - at, &last);
  return last;
}

static const char conversation[] =
    "\x81\x05hello\x89\x01p\x01\x03one\x89\x00\x80\x03two\x82\x00\x8a\x02xy\x88\x05\x03\xe8"
    "bye";

static void what_is_reported_does_not_depend_on_the_cuts(void** state) {
  (void) state;
  for (size_t piece = 0; piece < sizeof conversation; piece++) {
    begin_open(false, false);
    assert_int_equal(feed(conversation, sizeof conversation - 1, piece), TUV_WS_IN_MORE);
    assert_string_equal(m->log, "1 5:hello\n9 0:p\n9 0:\n1 6:onetwo\n2 0:\n10 0:xy\n8 1000:bye\n");
    assert_int_equal(m->shared.traffic.messages_received, 3);
    end();
  }
}

/* What the connection sends, and what it reports, follows from these three alone. */
static void a_failure_has_a_status_a_close_code_and_a_text(void** state) {
  (void) state;
  static const struct {
    const char* frames;
    size_t size;
    int status;
    uint16_t code;
    const char* text;
  } table[] = {
      {"\x83\x00", 2, TAOSUV_EWS, 1002, ""},
      {"\x81\x81\0\0\0\0x", 7, TAOSUV_EWS, 1002, ""},
      {"\x88\x01x", 3, TAOSUV_EWS, 1002, ""},
      {"\x81\x01\xff", 3, TAOSUV_EWS, 1007, "UTF-8"},
      {"\x82\x7f\0\0\0\0\0\x10\0\1", 10, TAOSUV_EMSGSIZE, 1009, "max_message_size (1048576"},
      {"\x81\x7e\x03\xe9", 4, TAOSUV_EMSGSIZE, 1009,
       "text message larger than the limit of 1000 bytes"},
      {"\x01\x03one\x80\x7e\x03\xe6", 9, TAOSUV_EMSGSIZE, 1009,
       "larger than the limit of 1000 bytes"},
  };
  for (size_t i = 0; i < COUNT(table); i++) {
    for (size_t piece = 0; piece < 3; piece++) {
      begin_open(false, false);
      m->shared.max_text_size = 1000;
      assert_int_equal(feed(table[i].frames, table[i].size, piece), TUV_WS_IN_FAILED);
      for (unsigned again = 0; again < 2; again++) {
        assert_int_equal(m->event.status, table[i].status);
        assert_int_equal(m->event.code, table[i].code);
        assert_non_null(strstr(m->event.text, table[i].text));
        assert_int_equal(tuv_ws_in_next(&m->in, &m->event), TUV_WS_IN_FAILED);
      }
      end();
    }
  }
}

static void a_message_of_the_largest_size_is_no_failure(void** state) {
  (void) state;
  static uint8_t frame[4 + 1000] = "\x81\x7e\x03\xe8";
  memset(frame + 4, 'x', 1000);
  begin_open(false, false);
  m->shared.max_text_size = 1000;
  assert_int_equal(feed(frame, sizeof frame, 7), TUV_WS_IN_MORE);
  assert_string_equal(m->log, "1 1000:xxxxxxxxxxxxxxxxxxxx\n");
  end();
}

/* Without memory there is nothing to blame the peer for: no close code. */
static void each_failed_allocation_is_a_failure_without_a_close_code(void** state) {
  (void) state;
  static uint8_t frames[2 * (10 + 100000)];
  for (size_t i = 0; i < 2; i++) memcpy(frames + i * 100010, "\x82\x7f\0\0\0\0\0\1\x86\xa0", 10);
  size_t failures = 0;
  for (size_t n = 1; n < 100; n++) {
    begin_open(false, false);
    alloc_probe_fail(&m->probe, n, true);
    tuv_ws_in_kind_t last = feed(frames, sizeof frames, 30000);
    if (m->probe.failures == 0) {
      assert_int_equal(m->shared.traffic.messages_received, 2);
      end();
      break;
    }
    failures++;
    assert_int_equal(last, TUV_WS_IN_FAILED);
    bool no_room = strcmp(m->log + m->log_size - 8, "no room\n") == 0;
    if (!no_room) {
      assert_int_equal(m->event.status, UV_ENOMEM);
      assert_int_equal(m->event.code, 0);
      assert_string_equal(m->event.text, "no memory for a message");
    }
    end();
  }
  assert_true(failures >= 2);
}

static void a_message_stays_as_long_as_a_reference_on_its_buffer(void** state) {
  (void) state;
  uint8_t* base;
  size_t room;
  begin_open(false, false);
  static uint8_t frame[10 + 70000] = "\x82\x7f\0\0\0\0\0\1\x11\x70";
  for (size_t i = 10; i < sizeof frame; i++) frame[i] = (uint8_t) (i * 7);
  tuv_ws_in_lend(&m->in, &base, &room);
  memcpy(base, frame, 1000);
  tuv_ws_in_feed(&m->in, base, 1000);
  assert_int_equal(ask(), TUV_WS_IN_MORE);
  tuv_ws_in_return(&m->in);
  tuv_ws_in_lend(&m->in, &base, &room);
  assert_true(room >= sizeof frame - 1000);
  memcpy(base, frame + 1000, sizeof frame - 1000);
  tuv_ws_in_feed(&m->in, base, sizeof frame - 1000);
  assert_int_equal(tuv_ws_in_next(&m->in, &m->event), TUV_WS_IN_MESSAGE);
  assert_ptr_equal(m->event.data + 990, base); /* it stays where it was read */
  uint8_t* data = m->event.data;
  tuv_refbuf_t* owner = tuv_refbuf_ref(m->event.owner);
  assert_int_equal(ask(), TUV_WS_IN_MORE);
  tuv_ws_in_return(&m->in);
  assert_int_equal(feed("\x81\x05hello", 7, 0), TUV_WS_IN_MORE);
  assert_memory_equal(data, frame + 10, 70000);
  tuv_refbuf_unref(owner);
  end();
}

static void it_pauses_when_the_turn_s_work_is_done(void** state) {
  (void) state;
  begin_open(true, false);
  m->shared.work = TUV_TURN_WORK;
  assert_int_equal(feed("\x81\x05hello\x81\x02hi", 11, 0), TUV_WS_IN_PAUSE);
  assert_string_equal(m->log, "pause\n");
  m->shared.work = TUV_TURN_WORK - 1;
  assert_int_equal(ask(), TUV_WS_IN_PAUSE);
  assert_string_equal(m->log, "pause\n1 5:hello\npause\n");
  m->shared.work = 0;
  assert_int_equal(ask(), TUV_WS_IN_MORE);
  assert_string_equal(m->log, "pause\n1 5:hello\npause\n1 2:hi\n");
  tuv_ws_in_return(&m->in);
  end();
}

static void it_does_not_pause_with_nothing_left_or_unbounded(void** state) {
  (void) state;
  begin_open(true, false);
  m->shared.work = TUV_TURN_WORK - 1;
  assert_int_equal(feed("\x81\x05hello", 7, 0), TUV_WS_IN_MORE);
  assert_true(m->shared.work >= TUV_TURN_WORK);
  end();
  begin_open(false, false);
  m->shared.work = TUV_TURN_WORK;
  assert_int_equal(feed("\x81\x05hello\x81\x02hi", 11, 0), TUV_WS_IN_MORE);
  assert_string_equal(m->log, "1 5:hello\n1 2:hi\n");
  end();
}

/* At every moment, also inside a message. */
static void when_closing_only_control_frames_are_reported(void** state) {
  (void) state;
  static const char rest[] = "\x81\x02no\x89\x01q\x88\x02\x03\xe8";
  for (size_t cut = 0; cut < sizeof conversation - 1; cut++) {
    begin_open(false, false);
    assert_int_equal(feed(conversation, cut, 0), TUV_WS_IN_MORE);
    m->log_size = 0;
    m->log[0] = '\0';
    tuv_ws_in_close(&m->in);
    assert_int_equal(feed(conversation + cut, sizeof conversation - 1 - cut, 2), TUV_WS_IN_MORE);
    assert_int_equal(feed(rest, sizeof rest - 1, 0), TUV_WS_IN_MORE);
    for (const char* line = m->log; *line != '\0'; line = strchr(line, '\n') + 1)
      assert_true(line[0] == '8' || line[0] == '9' || strncmp(line, "10 ", 3) == 0);
    assert_non_null(strstr(m->log, "8 1000:\n"));
    end();
  }
}

static void what_is_freed_in_the_middle_leaves_nothing(void** state) {
  (void) state;
  for (size_t cut = 0; cut < sizeof conversation - 1; cut++) {
    uint8_t* base;
    size_t room;
    begin_open(false, false);
    tuv_ws_in_lend(&m->in, &base, &room);
    memcpy(base, conversation, cut);
    tuv_ws_in_feed(&m->in, base, cut);
    tuv_ws_in_next(&m->in, &m->event);
    end();
  }
}

static void before_the_upgrade_every_read_goes_into_the_chunk(void** state) {
  (void) state;
  uint8_t *base, *again;
  size_t room;
  begin(false);
  tuv_ws_in_expect(&m->in, 100000);
  tuv_ws_in_lend(&m->in, &base, &room);
  assert_int_equal(room, TUV_IO_CHUNK_SIZE);
  tuv_ws_in_feed(&m->in, base, 0);
  tuv_ws_in_return(&m->in);
  tuv_ws_in_lend(&m->in, &again, &room);
  assert_ptr_equal(again, base);
  tuv_ws_in_feed(&m->in, NULL, 0); /* a read that failed without its memory */
  tuv_ws_in_return(&m->in);
  end();
}

/* ---- compressed messages ---- */

static uint8_t packed[300000];

/* A compressed message as one frame; returns its size. */
static size_t pack(uint8_t opcode, const void* data, size_t size) {
  static uint8_t body[200000];
  tuv_deflater_t* deflater = tuv_deflater_create(&tuv_alloc_default, 15, false);
  assert_non_null(deflater);
  tuv_deflate_io_t io = {data, size, body, sizeof body};
  tuv_deflater_begin(deflater);
  assert_int_equal(tuv_deflater_run(deflater, &io, true), TUV_DEFLATE_OK);
  tuv_deflater_free(deflater);
  size_t length = (size_t) (io.out - body);
  size_t header = tuv_ws_write_header(packed, opcode, true, true, length, NULL);
  memcpy(packed + header, body, length);
  return header + length;
}

static void a_compressed_message_pauses_inside(void** state) {
  (void) state;
  enum { SIZE = 900000 };
  if (!tuv_deflate_available()) skip();
  char* text = malloc(SIZE);
  assert_non_null(text);
  memset(text, 'x', SIZE);
  size_t size = pack(TUV_WS_TEXT, text, SIZE);
  begin_open(true, true);
  tuv_ws_in_kind_t kind = feed(packed, size, 0);
  unsigned pauses = 0;
  for (; kind == TUV_WS_IN_PAUSE; pauses++) {
    m->shared.work = 0;
    kind = ask();
  }
  tuv_ws_in_return(&m->in);
  assert_int_equal(kind, TUV_WS_IN_MORE);
  assert_in_range(pauses, SIZE / 8 / TUV_TURN_WORK, SIZE / 8 / TUV_TURN_WORK + 1);
  assert_non_null(strstr(m->log, "1 900000:xxxxxxxxxxxxxxxxxxxx\n"));
  free(text);
  end();
}

static void a_compressed_message_fails_by_its_kind(void** state) {
  (void) state;
  if (!tuv_deflate_available()) skip();
  static char zeros[150000];
  begin_open(false, true);
  m->shared.max_message_size = 100000;
  assert_int_equal(feed(packed, pack(TUV_WS_BINARY, zeros, sizeof zeros), 0), TUV_WS_IN_FAILED);
  assert_int_equal(m->event.status, TAOSUV_EMSGSIZE);
  assert_int_equal(m->event.code, 1009);
  end();
  begin_open(false, true);
  assert_int_equal(feed(packed, pack(TUV_WS_TEXT, "\xc3(", 2), 0), TUV_WS_IN_FAILED);
  assert_int_equal(m->event.status, TAOSUV_EWS);
  assert_int_equal(m->event.code, 1007);
  assert_non_null(strstr(m->event.text, "UTF-8"));
  end();
  begin_open(false, true);
  assert_int_equal(feed("\xc2\x03\xff\xff\xff", 5, 1), TUV_WS_IN_FAILED);
  assert_int_equal(m->event.status, TAOSUV_EWS);
  assert_int_equal(m->event.code, 1007);
  assert_non_null(strstr(m->event.text, "inflated"));
  end();
}

static void a_compressed_message_without_memory_has_no_close_code(void** state) {
  (void) state;
  if (!tuv_deflate_available()) skip();
  static char zeros[150000];
  size_t size = pack(TUV_WS_BINARY, zeros, sizeof zeros);
  size_t failures = 0;
  for (size_t n = 1; n < 100; n++) {
    begin_open(false, true);
    alloc_probe_fail(&m->probe, n, true);
    tuv_ws_in_kind_t last = feed(packed, size, 0);
    bool failed = m->probe.failures > 0;
    if (failed) assert_int_equal(last, TUV_WS_IN_FAILED);
    if (failed && strcmp(m->log, "no room\n") != 0) {
      assert_int_equal(m->event.status, UV_ENOMEM);
      assert_int_equal(m->event.code, 0);
    }
    failures += failed;
    end();
    if (!failed) break;
  }
  assert_in_range(failures, 3, 98);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_reported_does_not_depend_on_the_cuts),
      cmocka_unit_test(a_failure_has_a_status_a_close_code_and_a_text),
      cmocka_unit_test(a_message_of_the_largest_size_is_no_failure),
      cmocka_unit_test(each_failed_allocation_is_a_failure_without_a_close_code),
      cmocka_unit_test(a_message_stays_as_long_as_a_reference_on_its_buffer),
      cmocka_unit_test(it_pauses_when_the_turn_s_work_is_done),
      cmocka_unit_test(it_does_not_pause_with_nothing_left_or_unbounded),
      cmocka_unit_test(when_closing_only_control_frames_are_reported),
      cmocka_unit_test(what_is_freed_in_the_middle_leaves_nothing),
      cmocka_unit_test(before_the_upgrade_every_read_goes_into_the_chunk),
      cmocka_unit_test(a_compressed_message_pauses_inside),
      cmocka_unit_test(a_compressed_message_fails_by_its_kind),
      cmocka_unit_test(a_compressed_message_without_memory_has_no_close_code),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
