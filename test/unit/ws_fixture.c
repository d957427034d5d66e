/* A WebSocket connection over a stream in memory, for tests: what it hears, what it sends. */
#include "ws_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ws_log.h"

static ws_fixture_t* of(tuv_ws_t* ws) {
  return (ws_fixture_t*) ws;
}

static void hear(ws_fixture_t* fixture, const char* format, ...) {
  char line[600];
  va_list args;
  va_start(args, format);
  int length = vsnprintf(line, sizeof line, format, args);
  va_end(args);
  assert_in_range(length, 1, sizeof line - 1);
  fixture->heard = realloc(fixture->heard, fixture->heard_size + (size_t) length + 1);
  assert_non_null(fixture->heard);
  memcpy(fixture->heard + fixture->heard_size, line, (size_t) length + 1);
  fixture->heard_size += (size_t) length;
}

static void on_open(tuv_ws_t* ws) {
  of(ws)->opens++;
  hear(of(ws), "open\n");
  if (of(ws)->then != NULL) of(ws)->then(of(ws));
}

static uint32_t hash_of(const uint8_t* data, size_t size) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < size; i++) hash = (hash ^ data[i]) * 16777619u;
  return hash;
}

static void on_message(tuv_ws_t* ws, uint8_t opcode, uint8_t* data, size_t size,
                       tuv_refbuf_t* owner) {
  ws_fixture_t* fixture = of(ws);
  assert_true(data >= owner->data && size <= owner->capacity);
  assert_true((size_t) (data - owner->data) <= owner->capacity - size);
  hear(fixture, "%u %zu %08x\n", opcode, size, (unsigned) hash_of(data, size));
  fixture->got = realloc(fixture->got, (fixture->got_count + 1) * sizeof *fixture->got);
  assert_non_null(fixture->got);
  ws_got_t* got = &fixture->got[fixture->got_count++];
  *got = (ws_got_t) {opcode, malloc(size + 1), data, size, NULL};
  assert_non_null(got->copy);
  memcpy(got->copy, data, size);
  if (fixture->keep) got->owner = tuv_refbuf_ref(owner);
  if (fixture->then != NULL) fixture->then(fixture);
}

static void on_pong(tuv_ws_t* ws, const uint8_t* data, size_t size) {
  of(ws)->pongs++;
  hear(of(ws), "pong %.*s\n", (int) size, size > 0 ? (const char*) data : "");
}

static void on_down(tuv_ws_t* ws, int status, const char* message) {
  of(ws)->downs++;
  of(ws)->down_status = status;
  snprintf(of(ws)->down_text, sizeof of(ws)->down_text, "%s", message);
  hear(of(ws), "down %d %s\n", status, message);
}

static void on_gone(tuv_ws_t* ws) {
  of(ws)->gones++;
  of(ws)->flush_pending = of(ws)->paused = false;
  hear(of(ws), "gone\n");
}

static void on_flush_pending(tuv_ws_t* ws) {
  of(ws)->flush_events++;
  of(ws)->flush_pending = true;
}

static void on_paused(tuv_ws_t* ws) {
  of(ws)->pauses++;
  of(ws)->paused = true;
  if (of(ws)->then_paused != NULL) of(ws)->then_paused(of(ws));
}

static const tuv_ws_events_t events = {on_open, on_message,       on_pong, on_down,
                                       on_gone, on_flush_pending, NULL,    NULL};

static const tuv_ws_events_t bounded_events = {on_open, on_message,       on_pong, on_down,
                                               on_gone, on_flush_pending, NULL,    on_paused};

static void init_with(ws_fixture_t* fixture, const tuv_ws_events_t* its_events) {
  memset(fixture, 0, sizeof *fixture);
  alloc_probe_init(&fixture->probe);
  assert_int_equal(uv_loop_init(&fixture->loop), 0);
  fixture->mem = tuv_mem_create(&fixture->probe.alloc);
  assert_non_null(fixture->mem);
  fixture->shared.mem = fixture->mem;
  fixture->shared.max_message_size = 1u << 20;
  tuv_random_init(&fixture->shared.random);
  tuv_ws_init(&fixture->ws, &fixture->shared, its_events, "db.example", 6041, "/ws?token=t");
  mem_stream_init(&fixture->stream, &fixture->loop, &tuv_ws_stream_events, &fixture->ws);
  fixture->ws.stream = &fixture->stream.stream;
}

void ws_fixture_init(ws_fixture_t* fixture) {
  init_with(fixture, &events);
}

/* A turn begins: what was paused goes on. */
static void resume(ws_fixture_t* fixture) {
  fixture->shared.work = 0;
  if (!fixture->paused) return;
  fixture->paused = false;
  tuv_ws_resume(&fixture->ws);
}

void ws_fixture_run(ws_fixture_t* fixture) {
  for (unsigned turn = 0; turn < 10000000; turn++) {
    if (fixture->flush_pending && !fixture->no_flush) {
      fixture->flush_pending = false;
      tuv_ws_flush(&fixture->ws);
    } else if (!mem_stream_busy(&fixture->stream) && !fixture->paused) {
      return;
    }
    resume(fixture);
    uv_run(&fixture->loop, UV_RUN_NOWAIT);
  }
  fail_msg("it never comes to rest");
}

size_t ws_fixture_answer(const ws_fixture_t* fixture, char* out, size_t room) {
  static const char name[] = "Sec-WebSocket-Key: ";
  char request[1024], accept[TUV_HTTP_ACCEPT_SIZE + 1];
  assert_in_range(fixture->stream.written_size, 1, sizeof request - 1);
  memcpy(request, fixture->stream.written, fixture->stream.written_size);
  request[fixture->stream.written_size] = '\0';
  const char* key = strstr(request, name);
  assert_non_null(key);
  tuv_http_accept(key + sizeof name - 1, TUV_HTTP_KEY_SIZE, accept);
  int length = snprintf(out, room,
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s%s%s\r\n",
                        accept, fixture->extension != NULL ? "Sec-WebSocket-Extensions: " : "",
                        fixture->extension != NULL ? fixture->extension : "",
                        fixture->extension != NULL ? "\r\n" : "");
  assert_in_range(length, 1, room - 1);
  return (size_t) length;
}

static void upgrade(ws_fixture_t* fixture) {
  char answer[512];
  ws_fixture_run(fixture);
  mem_stream_feed(&fixture->stream, answer, ws_fixture_answer(fixture, answer, sizeof answer));
  ws_fixture_run(fixture);
  assert_int_equal(fixture->opens, 1);
  assert_int_equal(fixture->ws.state, TUV_WS_OPEN);
  fixture->stream.written_size = 0;
  fixture->stream.read_count = 0;
  fixture->stream.try_writes = 0;
}

void ws_fixture_open(ws_fixture_t* fixture) {
  ws_fixture_open_deflate(fixture, TUV_HTTP_DEFLATE_NONE, NULL);
}

void ws_fixture_open_deflate(ws_fixture_t* fixture, tuv_http_offer_t offer, const char* extension) {
  ws_fixture_init(fixture);
  fixture->shared.offer = offer;
  fixture->extension = extension;
  upgrade(fixture);
}

void ws_fixture_open_bounded(ws_fixture_t* fixture) {
  init_with(fixture, &bounded_events);
  upgrade(fixture);
}

void ws_fixture_frame(ws_fixture_t* fixture, uint8_t first, const void* payload, size_t size) {
  uint8_t header[TUV_WS_MAX_HEADER];
  size_t length = tuv_ws_write_header(header, 0, true, false, size, NULL);
  header[0] = first;
  mem_stream_feed(&fixture->stream, header, length);
  mem_stream_feed(&fixture->stream, payload, size);
}

char* ws_fixture_sent(const ws_fixture_t* fixture) {
  const mem_stream_t* stream = &fixture->stream;
  return ws_log(stream->written, stream->written_size, true, fixture->extension != NULL, 0, 0);
}

static void release_messages(ws_fixture_t* fixture) {
  for (size_t i = 0; i < fixture->got_count; i++) {
    const ws_got_t* got = &fixture->got[i];
    if (got->owner != NULL) assert_memory_equal(got->data, got->copy, got->size);
    tuv_refbuf_unref(got->owner);
    free(got->copy);
  }
  free(fixture->got);
}

void ws_fixture_end(ws_fixture_t* fixture) {
  alloc_probe_fail(&fixture->probe, 0, false);
  if (fixture->ws.state != TUV_WS_GONE) tuv_ws_abort(&fixture->ws);
  ws_fixture_run(fixture);
  assert_int_equal(fixture->gones, 1);
  assert_in_range(fixture->downs, 0, 1);
  tuv_io_shared_free(&fixture->shared);
  tuv_mem_close(fixture->mem);
  release_messages(fixture);
  assert_int_equal(uv_loop_close(&fixture->loop), 0);
  assert_int_equal(fixture->probe.live_blocks, 0);
  mem_stream_free(&fixture->stream);
  free(fixture->heard);
}

void ws_fixture_pattern(uint8_t* out, size_t size, uint32_t seed) {
  for (size_t i = 0; i < size; i++) {
    seed = seed * 1664525u + 1013904223u;
    out[i] = (uint8_t) (seed >> 24);
  }
}
