/* A WebSocket connection's life: connecting, the upgrade, what comes and goes, closing, its end. */
#include "io/ws/ws.h"

#include <stdio.h>
#include <string.h>

#include "taosuv/error.h"
#include "util/assert.h"

static ssize_t try_write(void* connection, const uv_buf_t* pieces, unsigned count) {
  tuv_stream_t* stream = ((tuv_ws_t*) connection)->stream;
  return stream->ops->try_write(stream, pieces, count);
}

void tuv_ws_init(tuv_ws_t* ws, tuv_io_shared_t* shared, const tuv_ws_events_t* events,
                 const char* host, uint16_t port, const char* path) {
  memset(ws, 0, sizeof *ws);
  ws->events = events;
  ws->shared = shared;
  ws->host = host;
  ws->port = port;
  ws->path = path;
  tuv_ws_out_init(&ws->out, shared, try_write, ws);
  tuv_ws_in_init(&ws->in, shared, events->on_paused != NULL);
}

/* A state is never entered again: each change goes on in the order of tuv_ws_state_t. */
static void set_state(tuv_ws_t* ws, tuv_ws_state_t state) {
  TUV_ASSERT(state > ws->state);
  ws->state = state;
}

/* ---- the end ---- */

/* A connection that was up and broke is lost, whatever error the system reports. */
static int down_status(const tuv_ws_t* ws, int status) {
  bool was_up = ws->state == TUV_WS_OPEN;
  bool system = status > -4096 && status != UV_ENOMEM;
  return was_up && system ? TAOSUV_ECONNLOST : status;
}

static void set_down(tuv_ws_t* ws) {
  set_state(ws, TUV_WS_DOWN);
  tuv_ws_out_stop(&ws->out);
  tuv_ws_in_close(&ws->in);
}

void tuv_ws_abort(tuv_ws_t* ws) {
  if (ws->state >= TUV_WS_DOWN && !ws->lingering) return;
  if (ws->state < TUV_WS_DOWN) set_down(ws);
  ws->lingering = false;
  ws->stream->ops->close(ws->stream);
}

/* Ends a connection that failed or was ended by the peer: on_down, then the stream is closed. */
static void go_down(tuv_ws_t* ws, int status, const char* message) {
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
  set_down(ws);
  ws->events->on_down(ws, status, message);
  if (ws->stream != NULL && !ws->lingering) ws->stream->ops->close(ws->stream);
}

static void on_stream_close(void* context) {
  tuv_ws_t* ws = context;
  TUV_ASSERT(ws->state == TUV_WS_DOWN && !ws->lingering);
  tuv_ws_in_free(&ws->in);
  tuv_ws_out_free(&ws->out);
  tuv_ws_unsent_free(&ws->unsent);
  tuv_free(&ws->shared->mem->alloc, ws->upgrade);
  ws->paused = false;
  ws->upgrade = NULL;
  ws->stream = NULL;
  set_state(ws, TUV_WS_GONE);
  ws->events->on_gone(ws);
}

/* ---- sending ---- */

static void report_sent(tuv_ws_t* ws) {
  if (ws->state == TUV_WS_OPEN && ws->events->on_sent != NULL) ws->events->on_sent(ws);
}

/* Asks the owner for a flush, once a turn. */
static void mark_flush_pending(tuv_ws_t* ws) {
  if (ws->flush_pending || ws->out.writing) return;
  ws->flush_pending = true;
  ws->events->on_flush_pending(ws);
}

int tuv_ws_end(tuv_ws_t* ws) {
  int status = tuv_ws_out_end(&ws->out);
  if (status == 0) mark_flush_pending(ws);
  return status;
}

int tuv_ws_send(tuv_ws_t* ws, uint8_t opcode, const void* data, size_t size, uint64_t* at) {
  int status = tuv_ws_begin(ws, opcode, size, at);
  if (status < 0) return status;
  tuv_ws_put(ws, data, size);
  return tuv_ws_end(ws);
}

/* Gives the system all of the send buffer, to be written when it can: on_write follows, unless this
 * returns an error. */
static int write_rest(tuv_ws_t* ws) {
  size_t size;
  const uint8_t* data = tuv_ws_out_take(&ws->out, &size);
  return ws->stream->ops->write(ws->stream, data, size);
}

void tuv_ws_flush(tuv_ws_t* ws) {
  ws->flush_pending = false;
  if (ws->out.writing || ws->state < TUV_WS_UPGRADING || ws->state > TUV_WS_CLOSING) return;
  ssize_t taken = tuv_ws_out_flush(&ws->out);
  if (taken < 0) {
    go_down(ws, (int) taken, NULL);
    return;
  }
  if (taken > 0) report_sent(ws);
  if (tuv_buf_size(&ws->out.unsent) == 0) return;
  int status = write_rest(ws);
  if (status < 0) go_down(ws, status, NULL);
}

/* A write is done while lingering: what waited for it is written, then the stream is closed. */
static void end_lingering(tuv_ws_t* ws, int status) {
  if (status == 0 && tuv_buf_size(&ws->out.unsent) > 0 && write_rest(ws) == 0) return;
  ws->lingering = false;
  ws->stream->ops->close(ws->stream);
}

static void on_write(void* context, int status) {
  tuv_ws_t* ws = context;
  tuv_ws_out_written(&ws->out);
  if (ws->lingering) end_lingering(ws, status);
  if (ws->state >= TUV_WS_DOWN) return;
  if (status < 0) {
    go_down(ws, status, NULL);
    return;
  }
  tuv_ws_flush(ws);
  report_sent(ws);
}

uint64_t tuv_ws_signs_of_life(const tuv_ws_t* ws) {
  uint64_t signs = ws->received + ws->out.waited;
  if (!ws->out.writing || ws->stream == NULL) return signs;
  return signs + tuv_buf_size(&ws->out.in_flight) - ws->stream->ops->unwritten(ws->stream);
}

/* ---- closing ---- */

void tuv_ws_fail(tuv_ws_t* ws, int status, uint16_t code, const char* message) {
  if (ws->state == TUV_WS_OPEN && tuv_ws_out_close(&ws->out, code) == 0) {
    tuv_ws_flush(ws);
    bool unwritten = ws->out.writing || ws->stream->ops->unwritten(ws->stream) > 0; /* TLS has it */
    ws->lingering = ws->state == TUV_WS_OPEN && unwritten;
  }
  go_down(ws, status, message);
}

void tuv_ws_close(tuv_ws_t* ws, uint16_t code) {
  if (ws->state != TUV_WS_OPEN) {
    tuv_ws_abort(ws);
    return;
  }
  int status = tuv_ws_out_close(&ws->out, code);
  set_state(ws, TUV_WS_CLOSING);
  tuv_ws_in_close(&ws->in);
  if (status < 0)
    tuv_ws_abort(ws);
  else
    tuv_ws_flush(ws);
}

/* ---- receiving ---- */

/* The peer's close frame: answered in kind, and the end. */
static void on_close_frame(tuv_ws_t* ws, const tuv_ws_in_event_t* event) {
  if (ws->state == TUV_WS_CLOSING) {
    tuv_ws_abort(ws);
    return;
  }
  if (event->code == TUV_WS_CODE_NO_STATUS)
    snprintf(ws->err.text, sizeof ws->err.text, "the server closed the connection");
  else
    snprintf(ws->err.text, sizeof ws->err.text, "the server closed the connection: %u%s%.*s",
             event->code, event->size > 0 ? " " : "", (int) event->size,
             (const char*) event->control);
  tuv_ws_fail(ws, TAOSUV_ECONNLOST, event->code, ws->err.text);
}

static void on_control(tuv_ws_t* ws, const tuv_ws_in_event_t* event) {
  if (ws->shared->tap != NULL)
    ws->shared->tap(ws, false, event->opcode, event->control, event->size);
  if (event->opcode == TUV_WS_CLOSE) {
    on_close_frame(ws, event);
  } else if (event->opcode == TUV_WS_PING && ws->state == TUV_WS_OPEN) {
    tuv_ws_out_answer_ping(&ws->out, event->control, event->size);
    mark_flush_pending(ws);
  } else if (event->opcode == TUV_WS_PONG && ws->state == TUV_WS_OPEN) {
    ws->events->on_pong(ws, event->control, event->size);
  }
}

static void on_message(tuv_ws_t* ws, const tuv_ws_in_event_t* event) {
  if (ws->shared->tap != NULL) ws->shared->tap(ws, false, event->opcode, event->data, event->size);
  ws->events->on_message(ws, event->opcode, event->data, event->size, event->owner);
}

static void on_failed(tuv_ws_t* ws, const tuv_ws_in_event_t* event) {
  if (event->code != 0)
    tuv_ws_fail(ws, event->status, event->code, event->text);
  else
    go_down(ws, event->status, event->text);
}

static bool is_up(const tuv_ws_t* ws) {
  return ws->state == TUV_WS_OPEN || ws->state == TUV_WS_CLOSING;
}

/* Reads what has come. Returns whether the rest of it is for another turn. */
static bool read_messages(tuv_ws_t* ws) {
  tuv_ws_in_event_t event;
  while (is_up(ws)) {
    switch (tuv_ws_in_next(&ws->in, &event)) {
      case TUV_WS_IN_MORE: return false;
      case TUV_WS_IN_PAUSE: return true;
      case TUV_WS_IN_MESSAGE: on_message(ws, &event); break;
      case TUV_WS_IN_CONTROL: on_control(ws, &event); break;
      case TUV_WS_IN_FAILED: on_failed(ws, &event); break;
    }
  }
  return false;
}

/* Reads as far as this turn goes. What is left stays where it is. */
static void read_for_turn(tuv_ws_t* ws) {
  ws->paused = read_messages(ws);
  if (!ws->paused) {
    tuv_ws_in_return(&ws->in);
    return;
  }
  ws->stream->ops->read_stop(ws->stream);
  ws->events->on_paused(ws);
}

void tuv_ws_resume(tuv_ws_t* ws) {
  if (!ws->paused) return;
  ws->paused = false;
  if (!is_up(ws)) return;
  read_for_turn(ws);
  if (ws->paused || !is_up(ws)) return;
  int status = ws->stream->ops->read_start(ws->stream);
  if (status < 0) go_down(ws, status, NULL);
}

/* ---- connecting and the upgrade ---- */

/* Writes the upgrade request into the send buffer. */
static int send_upgrade(tuv_ws_t* ws) {
  uint8_t nonce[16];
  char key[TUV_HTTP_KEY_SIZE + 1], accept[TUV_HTTP_ACCEPT_SIZE + 1];
  int status = tuv_random_bytes(&ws->shared->random, nonce, sizeof nonce);
  if (status < 0) return status;
  tuv_http_key(nonce, key, accept);
  size_t room = 1024 + strlen(ws->host) + strlen(ws->path);
  char* out = tuv_ws_out_reserve(&ws->out, room);
  ws->upgrade = tuv_calloc(&ws->shared->mem->alloc, 1, sizeof *ws->upgrade);
  if (out == NULL || ws->upgrade == NULL) return UV_ENOMEM;
  tuv_http_offer_t offer = ws->shared->offer;
  tuv_http_upgrade_init(ws->upgrade, accept, offer);
  int length = tuv_http_write_upgrade(out, room, ws->host, ws->port, ws->path, key, offer);
  if (length < 0 || (size_t) length >= room) return TAOSUV_EINVAL;
  tuv_ws_out_commit(&ws->out, (size_t) length);
  return 0;
}

static void on_connect(void* context, int status, const char* message) {
  tuv_ws_t* ws = context;
  if (status == 0) {
    set_state(ws, TUV_WS_UPGRADING);
    status = send_upgrade(ws);
  }
  if (status == 0) status = ws->stream->ops->read_start(ws->stream);
  if (status < 0)
    go_down(ws, status, message);
  else
    tuv_ws_flush(ws);
}

static void open_ws(tuv_ws_t* ws) {
  const tuv_http_upgrade_t* upgrade = ws->upgrade;
  set_state(ws, TUV_WS_OPEN);
  ws->out.deflate.agreed = upgrade->deflate;
  ws->out.deflate.window_bits = upgrade->agreed.client_window_bits;
  ws->out.deflate.keeps_context = upgrade->agreed.client_keeps_context;
  tuv_ws_out_open(&ws->out);
  tuv_ws_in_open(&ws->in, upgrade->deflate, upgrade->agreed.server_keeps_context);
  ws->events->on_open(ws);
}

/* Reads the answer to the upgrade; returns how many bytes of it there were. */
static size_t read_upgrade(tuv_ws_t* ws, const uint8_t* data, size_t size) {
  size_t used = size;
  int status = tuv_http_upgrade_feed(ws->upgrade, (const char*) data, size, &used, &ws->err);
  if (status < 0)
    go_down(ws, status, ws->err.text);
  else if (status > 0)
    open_ws(ws);
  return used;
}

static void on_end(tuv_ws_t* ws, int status) {
  if (status == UV_ENOBUFS) status = UV_ENOMEM; /* on_alloc had no memory to give */
  if (ws->state == TUV_WS_CLOSING) {
    tuv_ws_abort(ws);
  } else if (ws->state == TUV_WS_UPGRADING && status == UV_EOF) {
    status = tuv_http_upgrade_eof(ws->upgrade, &ws->err);
    go_down(ws, status, ws->err.text);
  } else {
    go_down(ws, status, NULL);
  }
}

static void on_alloc(void* context, uint8_t** base, size_t* size) {
  tuv_ws_in_lend(&((tuv_ws_t*) context)->in, base, size);
}

static void receive(tuv_ws_t* ws, uint8_t* data, size_t size) {
  ws->received += size;
  ws->shared->traffic.bytes_received += size;
  size_t used = ws->state == TUV_WS_UPGRADING ? read_upgrade(ws, data, size) : 0;
  tuv_ws_in_feed(&ws->in, data + used, size - used);
  read_for_turn(ws);
}

static void on_read(void* context, ssize_t size, uint8_t* base) {
  tuv_ws_t* ws = context;
  if (size > 0) {
    receive(ws, base, (size_t) size);
    return;
  }
  tuv_ws_in_feed(&ws->in, base, 0);
  tuv_ws_in_return(&ws->in);
  if (size < 0 && ws->state < TUV_WS_DOWN) on_end(ws, (int) size);
}

const tuv_stream_events_t tuv_ws_stream_events = {on_connect, on_alloc, on_read, on_write,
                                                  on_stream_close};
