/* A plain socket as client of the bundled server: it keeps all bytes, and the messages in them. */
#include "ws_client.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int wc_setup(void** state) {
  wc_t* f = calloc(1, sizeof *f);
  uv_loop_init(&f->loop);
  assert_int_equal(ts_server_create(&f->loop, NULL, &f->server), 0);
  *state = f;
  return 0;
}

static void on_client_closed(uv_handle_t* handle) {
  ((wc_client_t*) handle->data)->closed = true;
}

static void free_client(wc_client_t* client) {
  for (size_t i = 0; i < 64; i++) /* one may be unfinished */
    ts_buf_free(&client->messages[i].data);
  ts_buf_free(&client->bytes);
}

static wc_client_t* current(wc_t* f) {
  return f->other != NULL ? f->other : &f->client;
}

void wc_use(wc_t* f, wc_client_t* client) {
  f->other = client;
}

void wc_free_client(wc_t* f, wc_client_t* client) {
  if (client->tcp.data != NULL && !uv_is_closing((uv_handle_t*) &client->tcp))
    uv_close((uv_handle_t*) &client->tcp, on_client_closed);
  while (client->tcp.data != NULL && !client->closed) wc_turn(f);
  free_client(client);
  *client = (wc_client_t) {0};
}

void wc_forget(wc_t* f) {
  wc_client_t* client = current(f);
  for (size_t i = 0; i < client->count; i++) ts_buf_free(&client->messages[i].data);
  client->count = 0;
}

int wc_teardown(void** state) {
  wc_t* f = *state;
  if (f->client.tcp.data != NULL && !uv_is_closing((uv_handle_t*) &f->client.tcp))
    uv_close((uv_handle_t*) &f->client.tcp, on_client_closed);
  ts_server_close(f->server, NULL, NULL);
  uv_run(&f->loop, UV_RUN_DEFAULT);
  int status = uv_loop_close(&f->loop); /* UV_EBUSY if the server left a handle */
  free_client(&f->client);
  free(f);
  return status;
}

/* ---- the client ---- */

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
  static char space[65536];
  (void) handle;
  (void) suggested;
  *buf = uv_buf_init(space, sizeof space);
}

static void take_event(wc_client_t* client, const tuv_ws_event_t* event) {
  assert_true(client->count < 64);
  wc_message_t* message = &client->messages[client->count];
  if (event->kind == TUV_WS_EV_CONTROL) {
    message->opcode = event->opcode;
    message->code = event->code;
    ts_buf_add(&message->data, event->data, event->size);
    client->count++;
  } else if (event->kind == TUV_WS_EV_DATA) {
    message->opcode = event->opcode;
    ts_buf_add(&message->data, event->data, event->size);
    if (event->message_end) client->count++;
  }
}

static void read_frames(wc_client_t* client, uint8_t* data, size_t size) {
  tuv_ws_event_t event = {0};
  while (event.kind != TUV_WS_EV_ERROR) {
    size_t used = tuv_ws_reader_next(&client->reader, data, size, &event);
    data += used;
    size -= used;
    take_event(client, &event);
    if (event.kind == TUV_WS_EV_MORE) return;
  }
}

static void on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buf) {
  wc_client_t* client = stream->data;
  if (size < 0) {
    client->end = (int) size;
    uv_read_stop(stream);
    return;
  }
  client->reads++;
  size_t before = client->bytes.size;
  ts_buf_add(&client->bytes, buf->base, (size_t) size);
  uint8_t* data = (uint8_t*) buf->base;
  size_t left = (size_t) size;
  if (client->head == 0) {
    for (size_t at = 4; at <= client->bytes.size && client->head == 0; at++)
      if (memcmp(client->bytes.data + at - 4, "\r\n\r\n", 4) == 0) client->head = at;
    if (client->head == 0) return;
    data += client->head - before;
    left -= client->head - before;
  }
  read_frames(client, data, left);
}

static void on_connect(uv_connect_t* request, int status) {
  wc_client_t* client = request->data;
  client->end = status;
  uv_tcp_nodelay(&client->tcp,
                 1); /* otherwise a second small write waits for the first one's ACK */
  if (status == 0) uv_read_start((uv_stream_t*) &client->tcp, on_alloc, on_read);
}

void wc_turn(wc_t* f) {
  uv_run(&f->loop, UV_RUN_ONCE);
}

static void on_tick(uv_timer_t* timer) {
  (void) timer;
}

void wc_wait_for(wc_t* f, size_t messages, uint64_t ms) {
  uv_update_time(&f->loop);
  uint64_t end = uv_now(&f->loop) + ms;
  uv_timer_t timer; /* wakes the loop so that the time limit is looked at */
  uv_timer_init(&f->loop, &timer);
  uv_timer_start(&timer, on_tick, 1, 1);
  while (current(f)->count < messages && current(f)->end == 0 && uv_now(&f->loop) < end) wc_turn(f);
  uv_close((uv_handle_t*) &timer, NULL);
  uv_run(&f->loop, UV_RUN_NOWAIT);
}

void wc_write_bytes(wc_t* f, const void* data, size_t size) {
  uv_buf_t buf = uv_buf_init((char*) (uintptr_t) data, (unsigned) size);
  assert_int_equal(uv_try_write((uv_stream_t*) &current(f)->tcp, &buf, 1), size);
}

void wc_frame(wc_t* f, uint8_t opcode, const void* data, size_t size) {
  static const uint8_t mask[4] = {1, 2, 3, 4};
  ts_buf_t out = {0};
  uint8_t header[TUV_WS_MAX_HEADER];
  ts_buf_add(&out, header, tuv_ws_write_header(header, opcode, true, false, size, mask));
  tuv_ws_mask(ts_buf_grow(&out, size), data, size, mask, 0);
  wc_write_bytes(f, out.data, out.size);
  ts_buf_free(&out);
}

void wc_text(wc_t* f, const char* message) {
  wc_frame(f, TUV_WS_TEXT, message, strlen(message));
}

void wc_connect_to(wc_t* f, int port) {
  wc_client_t* client = current(f);
  struct sockaddr_in address;
  if (client->tcp.data != NULL) { /* again: the one before goes away */
    uv_close((uv_handle_t*) &client->tcp, on_client_closed);
    while (!client->closed) wc_turn(f);
    free_client(client);
    *client = (wc_client_t) {0};
  }
  tuv_ws_reader_init(&client->reader, false, false);
  uv_ip4_addr("127.0.0.1", port, &address);
  uv_tcp_init(&f->loop, &client->tcp);
  client->tcp.data = client->connect.data = client;
  client->end = 1;
  uv_tcp_connect(&client->connect, &client->tcp, (const struct sockaddr*) &address, on_connect);
  while (client->end == 1) wc_turn(f);
}

void wc_open_socket(wc_t* f) {
  wc_connect_to(f, ts_server_port(f->server));
}

const char wc_upgrade[] =
    "GET /ws?token=x HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

static void upgrade(wc_t* f, const char* request) {
  wc_open_socket(f);
  assert_int_equal(current(f)->end, 0);
  wc_write_bytes(f, request, strlen(request));
  for (int i = 0; i < 1000 && current(f)->head == 0 && current(f)->end == 0; i++)
    wc_wait_for(f, 1, 1);
}

void wc_open_ws(wc_t* f) {
  upgrade(f, wc_upgrade);
}

void wc_open_path(wc_t* f, const char* path) {
  char request[512];
  snprintf(request, sizeof request, "GET %s%s", path, strchr(wc_upgrade + 4, ' '));
  upgrade(f, request);
}

void wc_login(wc_t* f) {
  wc_open_ws(f);
  wc_text(f,
          "{\"action\":\"conn\",\"args\":{\"req_id\":1,\"user\":\"root\","
          "\"password\":\"taosdata\"}}");
  wc_wait_for(f, 1, 2000);
  assert_int_equal(current(f)->count, 1);
}

void wc_ask(wc_t* f, int count) {
  for (int i = 1; i <= count; i++) {
    char message[80];
    snprintf(message, sizeof message, "{\"action\":\"version\",\"args\":{\"req_id\":%d}}", i);
    wc_text(f, message);
  }
}

uint64_t wc_req_id(wc_t* f, size_t index) {
  assert_true(index < current(f)->count);
  ts_buf_t copy = {0};
  ts_buf_add(&copy, current(f)->messages[index].data.data, current(f)->messages[index].data.size);
  ts_buf_add(&copy, "", 1);
  const char* found = strstr((char*) copy.data, "\"req_id\":");
  assert_non_null(found);
  uint64_t id = strtoull(found + 9, NULL, 10);
  ts_buf_free(&copy);
  return id;
}

bool wc_has(wc_t* f, size_t index, const char* part) {
  assert_true(index < current(f)->count);
  const ts_buf_t* data = &current(f)->messages[index].data;
  for (size_t at = 0; at + strlen(part) <= data->size; at++)
    if (memcmp(data->data + at, part, strlen(part)) == 0) return true;
  return false;
}

void wc_binary(wc_t* f, uint64_t id, uint64_t result, uint64_t action, const char* sql) {
  ts_buf_t out = {0};
  ts_buf_u64(&out, id);
  ts_buf_u64(&out, result);
  ts_buf_u64(&out, action);
  ts_buf_u16(&out, 1);
  if (sql != NULL) {
    ts_buf_u32(&out, (uint32_t) strlen(sql));
    ts_buf_text(&out, sql);
  }
  wc_frame(f, TUV_WS_BINARY, out.data, out.size);
  ts_buf_free(&out);
}
