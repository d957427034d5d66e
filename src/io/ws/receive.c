/* The receiving half of a WebSocket connection: messages are handed on where the bytes landed. */
#include <stdio.h>
#include <string.h>

#include "io/ws/private.h"
#include "taosuv/error.h"

/* Small messages are read many at a time into chunks of this size, shared by the client's
 * connections. A chunk with less room than CHUNK_MIN is replaced. */
#define CHUNK_SIZE (64u << 10)
#define CHUNK_MIN (8u << 10)

/* With this much waiting to be sent, pings are no longer answered one by one. */
#define PONG_ROOM (4u << 10)

/* After a message of such a size the next one is expected to be like it (see lend). A larger one is
 * begun in the chunk: what is moved then is little of it. */
#define LARGE_MESSAGE (16u << 10)
#define HUGE_MESSAGE (1u << 20)

void tuv_ws_shared_free(tuv_ws_shared_t* shared) {
  tuv_refbuf_unref(shared->chunk);
  shared->chunk = NULL;
}

/* Takes the shared chunk for one read. A second connection that reads before the first has given
 * it back (it happens where the system reads in the background) gets one of its own. */
static tuv_refbuf_t* lend_chunk(tuv_ws_t* ws, size_t* fill) {
  tuv_ws_shared_t* shared = ws->shared;
  *fill = 0;
  if (shared->chunk == NULL) return tuv_refbuf_take(shared->mem, CHUNK_SIZE);
  tuv_refbuf_t* chunk = shared->chunk;
  *fill = shared->chunk_fill;
  shared->chunk = NULL;
  return chunk;
}

/* Gives back what was lent for a read. What blocks hold of the chunk stays as it is: the next read
 * goes behind `end` (NULL, from a system that does not say where it would have read: nowhere). */
static void return_lent(tuv_ws_t* ws, const uint8_t* end) {
  tuv_ws_shared_t* shared = ws->shared;
  tuv_refbuf_t* chunk = ws->lent;
  if (chunk == NULL) return;
  ws->lent = NULL;
  if (!ws->lent_chunk) {
    tuv_refbuf_unref(chunk);
    return;
  }
  size_t fill = 0;
  bool shares = chunk->refs > 1;
  if (shares && end != NULL) fill = ((size_t) (end - chunk->data) + 15) & ~(size_t) 15;
  bool full = fill > chunk->capacity - CHUNK_MIN || (shares && end == NULL);
  if (shared->chunk != NULL || full) {
    tuv_refbuf_unref(chunk);
    return;
  }
  shared->chunk = chunk;
  shared->chunk_fill = fill;
}

void tuv_ws_receive_end(tuv_ws_t* ws) {
  tuv_refbuf_unref(ws->assembly);
  tuv_refbuf_unref(ws->lent);
  ws->assembly = NULL;
  ws->lent = NULL;
  ws->held_size = 0;
  ws->paused = ws->inflate_pending = false;
}

/* The buffer of the next read, which goes to `fill`: behind the message in progress; into one for a
 * message like the last, when that was large, which then comes in one read and stays there; or else
 * into the chunk. The first two are longer than need be, because a read that does not fill its
 * buffer tells libuv that nothing more has come. */
static tuv_refbuf_t* lend(tuv_ws_t* ws, size_t* fill) {
  bool open = ws->state == TUV_WS_OPEN;
  bool inside = open && ws->assembly != NULL && !ws->inflating &&
                tuv_ws_reader_left(&ws->reader) > 0;
  ws->lent_chunk = !inside && (!open || ws->expected == 0);
  if (ws->lent_chunk) return lend_chunk(ws, fill);
  *fill = inside ? ws->assembly_at + ws->assembled : 0;
  return inside ? tuv_refbuf_ref(ws->assembly)
                : tuv_refbuf_take(ws->shared->mem, ws->expected + TUV_WS_MAX_HEADER + 1);
}

void tuv_ws_on_alloc(void* context, uint8_t** base, size_t* size) {
  tuv_ws_t* ws = context;
  size_t fill;
  ws->lent = lend(ws, &fill);
  if (ws->lent == NULL) {
    *size = 0;
    return;
  }
  *base = ws->lent->data + fill;
  *size = ws->lent->capacity - fill;
}

void tuv_ws_expect(tuv_ws_t* ws, size_t size) {
  bool large = size >= LARGE_MESSAGE && size < HUGE_MESSAGE && !ws->inflating;
  ws->expected = large ? size : 0;
}

static void deliver(tuv_ws_t* ws, uint8_t opcode, uint8_t* data, size_t size, tuv_refbuf_t* owner) {
  tuv_ws_expect(ws, opcode == TUV_WS_BINARY ? size : 0);
  if (ws->state != TUV_WS_OPEN) return;
  ws->shared->traffic.messages_received++;
  ws->shared->work += TUV_WORK_OF_MESSAGE +
                      (opcode == TUV_WS_TEXT ? TUV_WORK_OF_TEXT(size) : TUV_WORK_OF_BINARY(size));
  if (ws->shared->tap != NULL) ws->shared->tap(ws, false, opcode, data, size);
  ws->events->on_message(ws, opcode, data, size, owner);
}

/* A message that does not lie whole in what was read stays there if there is room for the rest. */
static bool assemble_in_place(tuv_ws_t* ws, const uint8_t* payload, uint64_t length) {
  if (ws->assembly != NULL || ws->lent == NULL || ws->lent_chunk) return false;
  size_t at = (size_t) (payload - ws->lent->data);
  if (length > ws->lent->capacity - at) return false;
  ws->assembly = tuv_refbuf_ref(ws->lent);
  ws->assembly_at = at;
  return true;
}

/* Makes room for `more` bytes of a message that does not lie whole in what was read. */
bool tuv_ws_assemble(tuv_ws_t* ws, uint64_t more) {
  uint64_t need = ws->assembled + more;
  size_t room = ws->assembly == NULL ? 0 : ws->assembly->capacity - ws->assembly_at;
  if (ws->assembly != NULL && need <= room) return true;
  if (ws->assembly != NULL && need < 2 * (uint64_t) room) need = 2 * (uint64_t) room;
  if (need > ws->shared->max_message_size) need = ws->shared->max_message_size;
  tuv_refbuf_t* bigger = tuv_refbuf_take(ws->shared->mem, (size_t) need);
  if (bigger == NULL) {
    tuv_ws_down(ws, UV_ENOMEM, "no memory for a message");
    return false;
  }
  if (ws->assembled > 0) memcpy(bigger->data, ws->assembly->data + ws->assembly_at, ws->assembled);
  tuv_refbuf_unref(ws->assembly);
  ws->assembly = bigger;
  ws->assembly_at = 0;
  return true;
}

void tuv_ws_too_big(tuv_ws_t* ws, uint64_t limit) {
  snprintf(ws->err.text, sizeof ws->err.text,
           limit < ws->shared->max_message_size
               ? "the server sends a text message larger than %llu bytes"
               : "the server sends a message larger than max_message_size (%llu bytes)",
           (unsigned long long) limit);
  tuv_ws_say_goodbye(ws, TAOSUV_EMSGSIZE, TUV_WS_CODE_TOO_BIG, ws->err.text);
}

static uint64_t max_size(const tuv_ws_t* ws, uint8_t opcode) {
  const tuv_ws_shared_t* shared = ws->shared;
  uint64_t text = shared->max_text_size;
  bool lower = opcode == TUV_WS_TEXT && text != 0 && text < shared->max_message_size;
  return lower ? text : shared->max_message_size;
}

static void on_frame(tuv_ws_t* ws, const tuv_ws_event_t* event, const uint8_t* payload,
                     size_t available) {
  if (event->compressed) return; /* how large it is will be seen */
  uint64_t limit = max_size(ws, event->opcode);
  if (event->length > limit - ws->assembled) {
    tuv_ws_too_big(ws, limit);
    return;
  }
  bool whole = event->first && event->fin && event->length <= available;
  if (whole || ws->state != TUV_WS_OPEN) return;
  if (!assemble_in_place(ws, payload, event->length)) tuv_ws_assemble(ws, event->length);
}

static void deliver_assembled(tuv_ws_t* ws, uint8_t opcode) {
  tuv_refbuf_t* whole = ws->assembly;
  size_t size = ws->assembled;
  ws->assembly = NULL;
  ws->assembled = 0;
  deliver(ws, opcode, whole->data + ws->assembly_at, size, whole);
  ws->inflating = false;
  tuv_refbuf_unref(whole);
}

static void on_data(tuv_ws_t* ws, const tuv_ws_event_t* event, uint8_t* data) {
  if (ws->state != TUV_WS_OPEN) return;
  if (event->compressed) {
    if (tuv_ws_inflate(ws, event, max_size(ws, event->opcode)))
      deliver_assembled(ws, event->opcode);
    return;
  }
  if (ws->assembly == NULL && event->message_end) {
    deliver(ws, event->opcode, data, event->size, ws->lent);
    return;
  }
  uint64_t rest = tuv_ws_reader_left(&ws->reader);
  if (ws->assembly == NULL && !tuv_ws_assemble(ws, event->size + rest)) return;
  uint8_t* place = ws->assembly->data + ws->assembly_at + ws->assembled;
  /* A later frame's bytes may lie right behind their place in the same buffer. */
  if (data != place && event->size > 0) memmove(place, data, event->size);
  ws->assembled += event->size;
  if (event->message_end) deliver_assembled(ws, event->opcode);
}

/* The peer's close frame: answered in kind, and the end. */
static void on_close_frame(tuv_ws_t* ws, const tuv_ws_event_t* event) {
  if (ws->state == TUV_WS_CLOSING) {
    tuv_ws_abort(ws);
    return;
  }
  if (event->code == TUV_WS_CODE_NO_STATUS)
    snprintf(ws->err.text, sizeof ws->err.text, "the server closed the connection");
  else
    snprintf(ws->err.text, sizeof ws->err.text, "the server closed the connection: %u%s%.*s",
             event->code, event->size > 0 ? " " : "", (int) event->size, (const char*) event->data);
  tuv_ws_say_goodbye(ws, TAOSUV_ECONNLOST, event->code, ws->err.text);
}

static void on_control(tuv_ws_t* ws, const tuv_ws_event_t* event) {
  if (ws->shared->tap != NULL) ws->shared->tap(ws, false, event->opcode, event->data, event->size);
  if (event->opcode == TUV_WS_CLOSE) {
    on_close_frame(ws, event);
  } else if (event->opcode == TUV_WS_PING && ws->state == TUV_WS_OPEN) {
    /* Every ping gets its pong while little waits to be sent; beyond that only the last of them
     * (RFC 6455 5.5.3), so that a flood makes no queue. */
    if (ws->pong_due && tuv_buf_size(&ws->out) < PONG_ROOM) tuv_ws_put_pong(ws);
    ws->pong_due = true;
    ws->pong_size = (uint8_t) event->size;
    if (event->size > 0) memcpy(ws->pong, event->data, event->size);
    tuv_ws_mark_dirty(ws);
  } else if (event->opcode == TUV_WS_PONG && ws->state == TUV_WS_OPEN) {
    ws->events->on_pong(ws, event->data, event->size);
  }
}

static bool is_up(const tuv_ws_t* ws) {
  return ws->state == TUV_WS_OPEN || ws->state == TUV_WS_CLOSING;
}

/* Whether the rest is for another turn. */
static bool is_enough(const tuv_ws_t* ws, size_t left) {
  if (ws->events->on_paused == NULL) return false;
  return ws->inflate_pending || (left > 0 && ws->shared->work >= TUV_TURN_WORK);
}

/* Returns how many bytes are left: for another turn, unless the connection is down. */
static size_t read_frames(tuv_ws_t* ws, uint8_t* data, size_t size) {
  tuv_ws_event_t event;
  while (is_up(ws) && !is_enough(ws, size)) {
    size_t used = tuv_ws_reader_next(&ws->reader, data, size, &event);
    switch (event.kind) {
      case TUV_WS_EV_MORE: return 0;
      case TUV_WS_EV_FRAME: on_frame(ws, &event, data + used, size - used); break;
      case TUV_WS_EV_DATA: on_data(ws, &event, data + used - event.size); break;
      case TUV_WS_EV_CONTROL: on_control(ws, &event); break;
      case TUV_WS_EV_ERROR: tuv_ws_say_goodbye(ws, TAOSUV_EWS, event.code, event.text); return 0;
    }
    data += used;
    size -= used;
  }
  return size;
}

/* ---- turns ---- */

/* Reads frames as far as this turn goes. What is left of them stays where it is, in `lent`. */
static void read_for_turn(tuv_ws_t* ws, uint8_t* data, size_t size) {
  size_t left = read_frames(ws, data, size);
  ws->paused = is_up(ws) && is_enough(ws, left);
  if (!ws->paused) {
    return_lent(ws, data + size);
    return;
  }
  ws->held = data + (size - left);
  ws->held_size = left;
  ws->stream->ops->read_stop(ws->stream);
  ws->events->on_paused(ws);
}

void tuv_ws_resume(tuv_ws_t* ws) {
  if (!ws->paused) return;
  ws->paused = false;
  if (!is_up(ws)) return;
  if (ws->inflate_pending) {
    tuv_ws_event_t event = ws->pending;
    ws->inflate_pending = false;
    on_data(ws, &event, NULL);
  }
  if (is_up(ws)) read_for_turn(ws, ws->held, ws->held_size);
  if (ws->paused || !is_up(ws)) return;
  int status = ws->stream->ops->read_start(ws->stream);
  if (status < 0) tuv_ws_down(ws, status, NULL);
}

/* Reads the answer to the upgrade; returns how many bytes of it there were. */
static size_t read_upgrade(tuv_ws_t* ws, const uint8_t* data, size_t size) {
  size_t used = size;
  int status = tuv_http_upgrade_feed(ws->upgrade, (const char*) data, size, &used, &ws->err);
  if (status < 0) {
    tuv_ws_down(ws, status, ws->err.text);
  } else if (status > 0) {
    ws->state = TUV_WS_OPEN;
    ws->deflate = ws->upgrade->deflate;
    ws->agreed = ws->upgrade->agreed;
    tuv_ws_reader_init(&ws->reader, false, ws->deflate);
    ws->events->on_open(ws);
  }
  return used;
}

static void on_end(tuv_ws_t* ws, int status) {
  if (status == UV_ENOBUFS) status = UV_ENOMEM; /* tuv_ws_on_alloc had no chunk to give */
  if (ws->state == TUV_WS_CLOSING) {
    tuv_ws_abort(ws);
  } else if (ws->state == TUV_WS_UPGRADING && status == UV_EOF) {
    status = tuv_http_upgrade_eof(ws->upgrade, &ws->err);
    tuv_ws_down(ws, status, ws->err.text);
  } else {
    tuv_ws_down(ws, status, NULL);
  }
}

void tuv_ws_on_read(void* context, ssize_t size, uint8_t* base) {
  tuv_ws_t* ws = context;
  if (size > 0) {
    ws->received += (uint64_t) size;
    uint8_t* data = base;
    size_t left = (size_t) size;
    ws->shared->traffic.bytes_received += left;
    if (ws->state == TUV_WS_UPGRADING) {
      size_t used = read_upgrade(ws, data, left);
      data += used;
      left -= used;
    }
    read_for_turn(ws, data, left);
    return;
  }
  return_lent(ws, base);
  if (size < 0 && ws->state < TUV_WS_DOWN) on_end(ws, (int) size);
}
