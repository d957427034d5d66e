/* A WebSocket connection's life: connecting, the upgrade, closing, its end. */
#include "io/ws/ws.h"

#include <stdio.h>
#include <string.h>

#include "io/ws/private.h"
#include "taosuv/error.h"

void tuv_ws_init(tuv_ws_t* ws, tuv_ws_shared_t* shared, const tuv_ws_events_t* events,
                 const char* host, uint16_t port, const char* path) {
  memset(ws, 0, sizeof *ws);
  ws->events = events;
  ws->shared = shared;
  ws->host = host;
  ws->port = port;
  ws->path = path;
  ws->deflate_from = SIZE_MAX;
  tuv_buf_init(&ws->out, &shared->mem->alloc);
  tuv_buf_init(&ws->flying, &shared->mem->alloc);
  ws->out.secret = ws->flying.secret = true; /* the upgrade and the log-in will be */
}

/* Writes the upgrade request into the send buffer. */
static int send_upgrade(tuv_ws_t* ws) {
  uint8_t nonce[16];
  char key[TUV_HTTP_KEY_SIZE + 1], accept[TUV_HTTP_ACCEPT_SIZE + 1];
  int status = tuv_random_bytes(&ws->shared->random, nonce, sizeof nonce);
  if (status < 0) return status;
  tuv_http_key(nonce, key, accept);
  size_t room = 1024 + strlen(ws->host) + strlen(ws->path);
  char* out = (char*) tuv_buf_reserve(&ws->out, room);
  ws->upgrade = tuv_calloc(&ws->shared->mem->alloc, 1, sizeof *ws->upgrade);
  if (out == NULL || ws->upgrade == NULL) return UV_ENOMEM;
  tuv_http_offer_t offer = ws->shared->offer;
  tuv_http_upgrade_init(ws->upgrade, accept, offer);
  int length = tuv_http_write_upgrade(out, room, ws->host, ws->port, ws->path, key, offer);
  if (length < 0 || (size_t) length >= room) return TAOSUV_EINVAL;
  tuv_buf_commit(&ws->out, (size_t) length);
  ws->queued += (uint64_t) length;
  return 0;
}

static void on_connect(void* context, int status, const char* message) {
  tuv_ws_t* ws = context;
  if (status == 0) {
    ws->state = TUV_WS_UPGRADING;
    status = send_upgrade(ws);
  }
  if (status == 0) status = ws->stream->ops->read_start(ws->stream);
  if (status < 0)
    tuv_ws_down(ws, status, message);
  else
    tuv_ws_flush(ws);
}

/* A write is done while lingering: what had to wait for it is written, then it is the end. */
static void end_lingering(tuv_ws_t* ws, int status) {
  if (status == 0 && tuv_buf_size(&ws->out) > 0 && tuv_ws_write_rest(ws) == 0) return;
  ws->lingering = false;
  ws->stream->ops->close(ws->stream);
}

static void on_write(void* context, int status) {
  tuv_ws_t* ws = context;
  ws->writing = false;
  ws->waited += tuv_buf_size(&ws->flying);
  tuv_buf_consume(&ws->flying, tuv_buf_size(&ws->flying), tuv_ws_keep(ws));
  if (ws->lingering) end_lingering(ws, status);
  if (ws->state >= TUV_WS_DOWN) return;
  if (status < 0) {
    tuv_ws_down(ws, status, NULL);
    return;
  }
  tuv_ws_flush(ws);
  tuv_ws_report_sent(ws);
}

static void on_stream_close(void* context) {
  tuv_ws_t* ws = context;
  tuv_ws_receive_end(ws);
  tuv_buf_free(&ws->out);
  tuv_buf_free(&ws->flying);
  tuv_free(&ws->shared->mem->alloc, ws->upgrade);
  tuv_inflater_free(ws->inflater);
  tuv_deflater_free(ws->deflater);
  tuv_refbuf_unref(ws->inflated);
  ws->upgrade = NULL;
  ws->stream = NULL;
  ws->state = TUV_WS_GONE;
  ws->events->on_gone(ws);
}

const tuv_stream_events_t tuv_ws_stream_events = {on_connect, tuv_ws_on_alloc, tuv_ws_on_read,
                                                  on_write, on_stream_close};

uint64_t tuv_ws_signs_of_life(const tuv_ws_t* ws) {
  uint64_t signs = ws->received + ws->waited;
  if (!ws->writing || ws->stream == NULL) return signs;
  return signs + tuv_buf_size(&ws->flying) - ws->stream->ops->unwritten(ws->stream);
}

/* A connection that was up and broke is lost, whatever the system calls it. */
static int down_status(const tuv_ws_t* ws, int status) {
  bool was_up = ws->state == TUV_WS_OPEN;
  bool system = status > -4096 && status != UV_ENOMEM;
  return was_up && system ? TAOSUV_ECONNLOST : status;
}

void tuv_ws_down(tuv_ws_t* ws, int status, const char* message) {
  if (ws->state >= TUV_WS_DOWN) return;
  if (ws->state == TUV_WS_CLOSING) {
    tuv_ws_abort(ws);
    return;
  }
  if (message == NULL && ws->stream != NULL) message = ws->stream->message;
  if (message == NULL) {
    message = status == UV_EOF ? "the server ended the connection" : taosuv_strerror(status);
    snprintf(ws->err.text, sizeof ws->err.text, "%s", message);
    message = ws->err.text;
  }
  status = down_status(ws, status);
  ws->state = TUV_WS_DOWN;
  ws->events->on_down(ws, status, message);
  if (ws->stream != NULL && !ws->lingering) ws->stream->ops->close(ws->stream);
}

void tuv_ws_say_goodbye(tuv_ws_t* ws, int status, uint16_t code, const char* message) {
  if (ws->state == TUV_WS_OPEN && tuv_ws_send_close(ws, code) == 0) {
    tuv_ws_flush(ws);
    bool unwritten = ws->writing || ws->stream->ops->unwritten(ws->stream) > 0; /* TLS has it */
    ws->lingering = ws->state == TUV_WS_OPEN && unwritten;
  }
  tuv_ws_down(ws, status, message);
}

void tuv_ws_close(tuv_ws_t* ws, uint16_t code) {
  if (ws->state != TUV_WS_OPEN) {
    tuv_ws_abort(ws);
    return;
  }
  int status = tuv_ws_send_close(ws, code);
  ws->state = TUV_WS_CLOSING;
  ws->assembled = 0; /* `assembly` stays: the stream may be reading into it */
  if (status < 0)
    tuv_ws_abort(ws);
  else
    tuv_ws_flush(ws);
}

void tuv_ws_abort(tuv_ws_t* ws) {
  if (ws->state >= TUV_WS_DOWN && !ws->lingering) return;
  ws->state = TUV_WS_DOWN;
  ws->lingering = false;
  ws->stream->ops->close(ws->stream);
}
