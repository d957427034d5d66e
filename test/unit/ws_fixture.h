/* A WebSocket connection over a stream in memory, for tests: what it hears, what it sends. */
#ifndef TUV_TEST_UNIT_WS_FIXTURE_H
#define TUV_TEST_UNIT_WS_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "alloc_probe.h"
#include "io/ws/ws.h"
#include "mem_stream.h"

/* A message as on_message gave it. */
typedef struct ws_got_s {
  uint8_t opcode;
  uint8_t* copy;       /* of the payload at that time */
  const uint8_t* data; /* where it lay */
  size_t size;
  tuv_refbuf_t* owner; /* a reference when `keep` was set, otherwise NULL */
} ws_got_t;

typedef struct ws_fixture_s ws_fixture_t;
struct ws_fixture_s {
  tuv_ws_t ws; /* the first member */
  alloc_probe_t probe;
  uv_loop_t loop;
  tuv_mem_t* mem;
  tuv_io_shared_t shared;
  mem_stream_t stream;
  bool no_flush;                       /* on_flush_pending is heard, but nothing is flushed */
  const char* extension;               /* what the server's answer agrees to; NULL: none */
  bool keep;                           /* take a reference on every message */
  void (*then)(ws_fixture_t* fixture); /* called inside each on_message and on_open */
  void (*then_paused)(ws_fixture_t* fixture); /* the same inside each on_paused */

  /* One line an event: "open", "1 5 hash", "pong hex", "down status text", "gone". */
  char* heard;
  size_t heard_size;
  unsigned opens, downs, gones, pongs, flush_events, pauses;
  int down_status;
  char down_text[TUV_ERRMSG_SIZE];
  ws_got_t* got;
  size_t got_count;
  bool flush_pending, paused;
};

/* Makes all of it; the stream is connecting. max_message_size is 1 MiB. */
void ws_fixture_init(ws_fixture_t* fixture);

/* Runs the loop, flushing once a turn when flush_pending, until nothing comes by itself any more. */
void ws_fixture_run(ws_fixture_t* fixture);

/* Writes the right answer to the upgrade request that was sent; returns its length. */
size_t ws_fixture_answer(const ws_fixture_t* fixture, char* out, size_t room);

/* init, the upgrade, and what follows of it. The bytes of the upgrade are no longer in
 * stream.written then, and its reads not in stream.reads. */
void ws_fixture_open(ws_fixture_t* fixture);

/* The same for a connection whose turns are bounded: ws_fixture_run resumes it. */
void ws_fixture_open_bounded(ws_fixture_t* fixture);

/* The same as ws_fixture_open with an offer of compression, and the server's answer to it. */
void ws_fixture_open_deflate(ws_fixture_t* fixture, tuv_http_offer_t offer, const char* extension);

/* The server sends a frame: its first byte (FIN and opcode), its payload. */
void ws_fixture_frame(ws_fixture_t* fixture, uint8_t first, const void* payload, size_t size);

/* What the client has sent since the upgrade, as ws_log writes it; the caller frees it. */
char* ws_fixture_sent(const ws_fixture_t* fixture);

/* Aborts what is left and requires that nothing leaks: no handle, no memory, one on_gone. */
void ws_fixture_end(ws_fixture_t* fixture);

/* Bytes that are different at every place. */
void ws_fixture_pattern(uint8_t* out, size_t size, uint32_t seed);

#endif
