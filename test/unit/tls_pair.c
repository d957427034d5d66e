/* A TLS stream over a stream in memory, with a TLS server at its other end, on a real loop. */
#include "tls_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static tls_pair_t* connecting; /* whose memory stream tuv_connect_t is to make */

/* ---- the server's end ---- */

static void end_stream(tls_pair_t* pair) {
  if (pair->cut) return;
  pair->cut = true;
  mem_stream_end(&pair->mem, UV_EOF);
}

static void on_cipher(void* data, const uint8_t* bytes, size_t size) {
  tls_pair_t* pair = data;
  if (pair->cut) return;
  if (size > pair->to_client - pair->sent) size = pair->to_client - pair->sent;
  mem_stream_feed(&pair->mem, bytes, size);
  pair->sent += size;
  if (pair->sent == pair->to_client) end_stream(pair);
}

static void on_plain(void* data, uint8_t* bytes, size_t size) {
  tls_pair_t* pair = data;
  pair->got = realloc(pair->got, pair->got_size + size);
  assert_non_null(pair->got);
  memcpy(pair->got + pair->got_size, bytes, size);
  pair->got_size += size;
}

static const ts_tls_events_t server_events = {on_cipher, on_plain};

/* Gives the server what the client has written. Returns whether there was anything. */
static bool relay(tls_pair_t* pair) {
  size_t end = pair->mem.written_size < pair->to_server ? pair->mem.written_size : pair->to_server;
  if (pair->hold_server || pair->cut || pair->relayed >= end) return false;
  size_t from = pair->relayed;
  pair->relayed = end;
  if (pair->server_status == 0)
    pair->server_status = ts_tls_feed(pair->server, pair->mem.written + from, end - from);
  if (end == pair->to_server || pair->server_status < 0) end_stream(pair);
  return true;
}

/* ---- the owner's end ---- */

static void heard(tls_pair_t* pair) {
  if (pair->then != NULL) pair->then(pair);
}

static void on_connect(void* context, int status, const char* message) {
  tls_pair_t* pair = context;
  pair->connects++;
  pair->connect_status = status;
  snprintf(pair->message, sizeof pair->message, "%s", message != NULL ? message : "");
  if (status == 0 && !pair->no_read)
    assert_int_equal(pair->stream->ops->read_start(pair->stream), 0);
  heard(pair);
}

static void on_alloc(void* context, uint8_t** base, size_t* size) {
  tls_pair_t* pair = context;
  size_t want = pair->offer < (1u << 20) ? pair->offer : 1u << 20;
  if (pair->room - pair->filled < want) {
    pair->room = 2 * (pair->filled + want);
    pair->buffer = realloc(pair->buffer, pair->room);
    assert_non_null(pair->buffer);
  }
  *base = pair->buffer + pair->filled;
  *size = want;
}

static void on_read(void* context, ssize_t size, uint8_t* base) {
  tls_pair_t* pair = context;
  assert_int_equal(pair->read_status, 0); /* nothing follows the end */
  if (size > 0) {
    assert_ptr_equal(base, pair->buffer + pair->filled);
    assert_in_range(size, 1, pair->offer);
    pair->filled += (size_t) size;
    pair->reads++;
  } else if (size == 0) {
    pair->gifts++;
  } else {
    pair->read_status = (int) size;
    const char* message = pair->stream->message;
    snprintf(pair->message, sizeof pair->message, "%s", message != NULL ? message : "");
  }
  heard(pair);
}

static void on_write(void* context, int status) {
  tls_pair_t* pair = context;
  pair->writes++;
  pair->write_status = status;
  heard(pair);
}

static void on_close(void* context) {
  tls_pair_t* pair = context;
  pair->closes++;
}

static const tuv_stream_events_t owner_events = {on_connect, on_alloc, on_read, on_write, on_close};

/* ---- both ---- */

static int connect_in_memory(uv_loop_t* loop, const tuv_alloc_t* alloc, const char* host,
                             uint16_t port, bool nodelay, tuv_route_t* route,
                             const tuv_stream_events_t* events, void* context,
                             tuv_stream_t** stream) {
  tls_pair_t* pair = connecting;
  (void) host;
  (void) port;
  (void) nodelay;
  (void) route;
  assert_ptr_equal(alloc, &pair->probe.alloc);
  mem_stream_init(&pair->mem, loop, events, context);
  *stream = &pair->mem.stream;
  return 0;
}

void tls_pair_serve(tls_pair_t* pair, const ts_tls_options_t* server) {
  char message[128];
  ts_tls_config_free(pair->config);
  pair->config = NULL;
  if (ts_tls_config_new(server, &pair->config, message, sizeof message) != 0)
    fail_msg("the server's end: %s", message);
}

void tls_pair_init(tls_pair_t* pair, const ts_tls_options_t* server,
                   const tuv_tls_settings_t* client) {
  tuv_errmsg_t err = {""};
  memset(pair, 0, sizeof *pair);
  assert_int_equal(uv_loop_init(&pair->loop), 0);
  alloc_probe_init(&pair->probe);
  tls_pair_serve(pair, server);
  int status = tuv_tls_context_create(&pair->probe.alloc, client, &pair->context, &err);
  if (status != 0) fail_msg("the client's end: %d %s", status, err.text);
  pair->to_server = pair->to_client = pair->offer = SIZE_MAX;
}

int tls_pair_connect(tls_pair_t* pair, const char* host, uint16_t port) {
  connecting = pair;
  pair->relayed = pair->sent = pair->got_size = pair->filled = 0;
  pair->cut = false;
  pair->server_status = pair->read_status = pair->write_status = 0;
  pair->connects = pair->reads = pair->writes = pair->closes = pair->gifts = 0;
  pair->connect_status = 1;
  pair->message[0] = 0;
  memset(&pair->mem, 0, sizeof pair->mem);
  int status = tuv_tls_connect(pair->context, connect_in_memory, &pair->loop, &pair->probe.alloc,
                               host, port, true, NULL, &owner_events, pair, &pair->stream);
  if (status == 0) pair->server = ts_tls_new(pair->config, &server_events, pair);
  return status;
}

void tls_pair_run(tls_pair_t* pair) {
  for (unsigned idle = 0; idle < 3;) {
    bool busy = mem_stream_busy(&pair->mem);
    size_t written = pair->mem.written_size;
    uv_run(&pair->loop, UV_RUN_NOWAIT);
    busy = relay(pair) || busy || pair->mem.written_size != written;
    idle = busy ? 0 : idle + 1;
  }
}

int tls_pair_open(tls_pair_t* pair) {
  assert_int_equal(tls_pair_connect(pair, "db.example", 6041), 0);
  tls_pair_run(pair);
  assert_int_equal(pair->connects, 1);
  return pair->connect_status;
}

void tls_pair_send(tls_pair_t* pair, const void* data, size_t size) {
  ts_tls_write(pair->server, data, size);
}

void tls_pair_close(tls_pair_t* pair) {
  if (!pair->mem.closing) pair->stream->ops->close(pair->stream);
  while (pair->closes == 0) uv_run(&pair->loop, UV_RUN_ONCE);
  assert_int_equal(pair->closes, 1);
  relay(pair); /* its last words */
  mem_stream_free(&pair->mem);
  ts_tls_free(pair->server);
  pair->server = NULL;
}

void tls_pair_end(tls_pair_t* pair) {
  if (pair->server != NULL) tls_pair_close(pair);
  tuv_tls_context_free(pair->context);
  ts_tls_config_free(pair->config);
  free(pair->got);
  free(pair->buffer);
  assert_int_equal(uv_run(&pair->loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(uv_loop_close(&pair->loop), 0);
  assert_int_equal(pair->probe.live_blocks, 0);
}
