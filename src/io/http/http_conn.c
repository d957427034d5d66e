/* A connection for HTTP requests, one at a time; over any stream. */
#include "io/http/http_conn.h"

#include <stdio.h>
#include <string.h>

#include "taosuv/error.h"
#include "util/assert.h"

#define READ_SIZE (64u << 10)

/* A send buffer larger than this is not kept when its request is answered. */
#define KEEP_BYTES (256u << 10)

static int on_body(void* context, const uint8_t* data, size_t size, tuv_errmsg_t* err) {
  tuv_http_conn_t* http = context;
  return http->events->on_body(http, data, size, err);
}

void tuv_http_conn_init(tuv_http_conn_t* http, tuv_io_shared_t* shared,
                        const tuv_http_events_t* events) {
  memset(http, 0, sizeof *http);
  http->events = events;
  http->shared = shared;
  tuv_buf_init(&http->out, &shared->mem->alloc);
  http->out.secret = true; /* each request has the credentials in it */
  tuv_http_reply_init(&http->reply, &shared->mem->alloc, shared->max_message_size, on_body, http);
}

/* A state is never entered again: each change goes on in the order of tuv_http_state_t. */
static void set_state(tuv_http_conn_t* http, tuv_http_state_t state) {
  TUV_ASSERT(state > http->state);
  http->state = state;
}

/* Ends a connection that failed or was ended by the peer. One that was open is lost, whatever error
 * the system reports. */
static void down(tuv_http_conn_t* http, int status, const char* message) {
  if (http->state >= TUV_HTTP_DOWN) return;
  if (message == NULL && http->stream != NULL) message = http->stream->message;
  if (message == NULL) {
    message = status == UV_EOF ? "the server ended the connection" : taosuv_strerror(status);
    snprintf(http->err.text, sizeof http->err.text, "%s", message);
    message = http->err.text;
  }
  bool system = status > -4096 && status != UV_ENOMEM;
  if (http->state == TUV_HTTP_OPEN && system) status = TAOSUV_ECONNLOST;
  set_state(http, TUV_HTTP_DOWN);
  http->events->on_down(http, status, message);
  if (http->stream != NULL) http->stream->ops->close(http->stream);
}

static void on_connect(void* context, int status, const char* message) {
  tuv_http_conn_t* http = context;
  if (status == 0) status = http->stream->ops->read_start(http->stream);
  if (status < 0) {
    down(http, status, message);
    return;
  }
  set_state(http, TUV_HTTP_OPEN);
  http->events->on_open(http);
}

/* ---- sending ---- */

tuv_buf_t* tuv_http_conn_out(tuv_http_conn_t* http) {
  TUV_ASSERT(!http->busy && !http->writing);
  http->began_at += http->handed;
  http->handed = 0;
  tuv_buf_consume(&http->out, tuv_buf_size(&http->out), KEEP_BYTES);
  return &http->out;
}

void tuv_http_conn_end(tuv_http_conn_t* http, uint64_t* at) {
  TUV_ASSERT(!http->busy && http->handed == 0);
  *at = http->began_at;
  http->busy = true;
  http->shared->traffic.messages_sent++;
  tuv_http_reply_begin(&http->reply);
  http->events->on_flush_pending(http);
}

static void count_handed(tuv_http_conn_t* http, size_t size) {
  http->handed += size;
  http->shared->traffic.bytes_sent += size;
}

void tuv_http_conn_flush(tuv_http_conn_t* http) {
  if (http->writing || http->state != TUV_HTTP_OPEN) return;
  size_t size = tuv_http_conn_unsent_bytes(http);
  if (size == 0) return;
  const uint8_t* data = http->out.data + http->out.head + http->handed;
  ssize_t taken = tuv_stream_try_write(http->stream, data, size);
  if (taken < 0 && taken != UV_EAGAIN) {
    down(http, (int) taken, NULL);
    return;
  }
  if (taken > 0) count_handed(http, (size_t) taken);
  size = tuv_http_conn_unsent_bytes(http);
  if (size == 0) return;
  data = http->out.data + http->out.head + http->handed;
  http->writing = true;
  count_handed(http, size);
  int status = http->stream->ops->write(http->stream, data, size);
  if (status < 0) down(http, status, NULL);
}

static void on_write(void* context, int status) {
  tuv_http_conn_t* http = context;
  TUV_ASSERT(http->writing);
  http->writing = false;
  if (status < 0 && !http->busy && http->state == TUV_HTTP_OPEN) down(http, status, NULL);
  /* While an answer is due, an error is not the end: the server may have answered before it stopped
   * reading. The next read brings the answer or the end. */
}

size_t tuv_http_conn_withdraw(tuv_http_conn_t* http) {
  if (http->handed > 0 || !http->busy) return 0;
  size_t size = tuv_buf_size(&http->out);
  tuv_buf_consume(&http->out, size, KEEP_BYTES);
  http->busy = false;
  return size;
}

/* ---- receiving ---- */

static void on_alloc(void* context, uint8_t** base, size_t* size) {
  tuv_http_conn_t* http = context;
  TUV_ASSERT(http->lent == NULL);
  *size = 0;
  http->lent = tuv_refbuf_take(http->shared->mem, READ_SIZE);
  if (http->lent == NULL) return;
  *base = http->lent->data;
  *size = http->lent->capacity;
}

/* The answer is complete. No other request may follow if the server sent more bytes, or answered
 * before the request was sent whole. */
static void complete(tuv_http_conn_t* http, size_t beyond) {
  http->busy = false;
  http->answers++;
  http->shared->traffic.messages_received++;
  http->spent = !http->reply.keep_alive || http->writing || beyond > 0 ||
                tuv_http_conn_unsent_bytes(http) > 0;
  http->events->on_reply(http);
}

/* The turn's work is done: the rest of the bytes stays where it is, in `lent`. */
static void pause_with(tuv_http_conn_t* http, const uint8_t* data, size_t size) {
  http->paused = true;
  http->held = data;
  http->held_size = size;
  http->stream->ops->read_stop(http->stream);
  http->events->on_paused(http);
}

/* Reads as much of the answer as this turn allows. */
static void feed(tuv_http_conn_t* http, const uint8_t* data, size_t size) {
  size_t used, *work = &http->shared->work;
  size_t allowance = *work < TUV_TURN_WORK ? TUV_TURN_WORK - *work : 0;
  http->reply.allowance = allowance;
  int status = tuv_http_reply_feed(&http->reply, (const char*) data, size, &used, &http->err);
  *work += allowance - http->reply.allowance;
  if (status < 0)
    down(http, status, http->err.text);
  else if (status == TUV_HTTP_PAUSED)
    pause_with(http, data + used, size - used);
  else if (status > 0)
    complete(http, size - used);
}

void tuv_http_conn_resume(tuv_http_conn_t* http) {
  if (!http->paused) return;
  http->paused = false;
  if (http->state == TUV_HTTP_OPEN) feed(http, http->held, http->held_size);
  if (http->paused) return;
  tuv_refbuf_unref(http->lent);
  http->lent = NULL;
  if (http->state != TUV_HTTP_OPEN) return;
  int status = http->stream->ops->read_start(http->stream);
  if (status < 0) down(http, status, NULL);
}

static void on_bytes(tuv_http_conn_t* http, const uint8_t* data, size_t size) {
  http->received += size;
  http->shared->traffic.bytes_received += size;
  if (!http->busy) {
    snprintf(http->err.text, sizeof http->err.text,
             "the server sent %zu bytes that answer no request", size);
    down(http, TAOSUV_EHTTP, http->err.text);
    return;
  }
  feed(http, data, size);
}

static void on_end(tuv_http_conn_t* http, int status) {
  if (status == UV_ENOBUFS) status = UV_ENOMEM; /* on_alloc had no memory to give */
  bool eof = status == UV_EOF || status == TAOSUV_ETLSEOF;
  if (!eof || !http->busy || !tuv_http_reply_begun(&http->reply)) {
    down(http, status, NULL);
  } else if (tuv_http_reply_eof(&http->reply, &http->err) > 0 && status == UV_EOF) {
    complete(http, 0);
  } else {
    down(http, TAOSUV_ECONNLOST, "the server ended the connection before its answer was complete");
  }
}

static void on_read(void* context, ssize_t size, uint8_t* base) {
  tuv_http_conn_t* http = context;
  if (http->state == TUV_HTTP_OPEN) {
    if (size > 0)
      on_bytes(http, base, (size_t) size);
    else if (size < 0)
      on_end(http, (int) size);
  }
  if (http->paused) return;
  tuv_refbuf_unref(http->lent);
  http->lent = NULL;
}

/* ---- the end ---- */

static void on_stream_close(void* context) {
  tuv_http_conn_t* http = context;
  tuv_refbuf_unref(http->lent);
  http->lent = NULL;
  http->paused = false;
  if (http->out.data != NULL) tuv_wipe(http->out.data, http->out.capacity); /* credentials */
  tuv_buf_free(&http->out);
  tuv_http_reply_free(&http->reply);
  http->stream = NULL;
  set_state(http, TUV_HTTP_GONE);
  http->events->on_gone(http);
}

void tuv_http_conn_close(tuv_http_conn_t* http) {
  if (http->state >= TUV_HTTP_DOWN) return;
  set_state(http, TUV_HTTP_DOWN);
  http->stream->ops->close(http->stream);
}

const tuv_stream_events_t tuv_http_stream_events = {on_connect, on_alloc, on_read, on_write,
                                                    on_stream_close};
