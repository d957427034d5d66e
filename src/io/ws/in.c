/* The receiving half of a WebSocket connection: bytes become messages, where the bytes landed. */
#include "io/ws/in.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "taosuv/error.h"
#include "util/assert.h"

/* After a message of this size the next one is expected to be like it (see lend). A larger message
 * is begun in the chunk: only a small part of it has to be moved then. */
#define LARGE_MESSAGE (16u << 10)
#define HUGE_MESSAGE (1u << 20)

void tuv_ws_in_init(tuv_ws_in_t* in, tuv_io_shared_t* shared, bool bounded) {
  memset(in, 0, sizeof *in);
  in->shared = shared;
  in->bounded = in->inflate.bounded = bounded;
}

void tuv_ws_in_open(tuv_ws_in_t* in, bool deflate, bool keeps_context) {
  TUV_ASSERT(in->state == TUV_WS_IN_UPGRADE);
  in->state = TUV_WS_IN_OPEN;
  in->inflate.keeps_context = keeps_context;
  tuv_ws_reader_init(&in->reader, false, deflate);
}

void tuv_ws_in_close(tuv_ws_in_t* in) {
  in->state = TUV_WS_IN_CLOSING;
  in->inflate.paused = false;
  in->assembly.size = 0; /* its buffer stays: the stream may be reading into it */
}

/* The message that was reported last is not needed any more. */
static void release_reported(tuv_ws_in_t* in) {
  if (in->reported == NULL) return;
  tuv_refbuf_unref(in->reported);
  in->reported = NULL;
  in->inflate.active = false;
}

void tuv_ws_in_free(tuv_ws_in_t* in) {
  release_reported(in);
  tuv_ws_assembly_free(&in->assembly);
  tuv_refbuf_unref(in->lent);
  in->lent = NULL;
  in->left = 0;
  tuv_ws_inflate_free(&in->inflate);
}

/* ---- where the bytes go ---- */

/* The buffer of the next read, which goes to `fill`: behind the message in progress; or into a new
 * one, when the last message was large and the next is probably like it, so that it comes in one
 * read and stays there; or into the chunk. The first two are longer than necessary, because a read
 * that does not fill its buffer tells libuv that nothing more has come. */
static tuv_refbuf_t* lend(tuv_ws_in_t* in, size_t* fill) {
  bool open = in->state == TUV_WS_IN_OPEN;
  const tuv_ws_assembly_t* assembly = &in->assembly;
  bool inside = open && assembly->buffer != NULL && !in->inflate.active &&
                tuv_ws_reader_left(&in->reader) > 0;
  in->lent_chunk = !inside && (!open || in->expected == 0);
  if (in->lent_chunk) return tuv_io_chunk_take(in->shared, fill);
  *fill = inside ? assembly->at + assembly->size : 0;
  return inside ? tuv_refbuf_ref(assembly->buffer)
                : tuv_refbuf_take(in->shared->mem, in->expected + TUV_WS_MAX_HEADER + 1);
}

void tuv_ws_in_lend(tuv_ws_in_t* in, uint8_t** base, size_t* size) {
  size_t fill;
  TUV_ASSERT(in->lent == NULL);
  *size = 0;
  in->lent = lend(in, &fill);
  if (in->lent == NULL) return;
  *base = in->lent->data + fill;
  *size = in->lent->capacity - fill;
}

void tuv_ws_in_return(tuv_ws_in_t* in) {
  tuv_refbuf_t* lent = in->lent;
  release_reported(in);
  in->lent = NULL;
  in->left = 0;
  if (lent == NULL) return;
  if (in->lent_chunk)
    tuv_io_chunk_return(in->shared, lent, in->end);
  else
    tuv_refbuf_unref(lent);
}

void tuv_ws_in_expect(tuv_ws_in_t* in, size_t size) {
  bool large = size >= LARGE_MESSAGE && size < HUGE_MESSAGE && !in->inflate.active;
  in->expected = large ? size : 0;
}

/* ---- what is reported ---- */

static bool fail(tuv_ws_in_t* in, tuv_ws_in_event_t* event, int status, uint16_t code,
                 const char* text) {
  in->failed = true;
  in->failure = (tuv_ws_in_event_t) {
      .kind = TUV_WS_IN_FAILED, .status = status, .code = code, .text = text};
  *event = in->failure;
  return true;
}

static bool out_of_memory(tuv_ws_in_t* in, tuv_ws_in_event_t* event) {
  return fail(in, event, UV_ENOMEM, 0, "no memory for a message");
}

static bool too_big(tuv_ws_in_t* in, tuv_ws_in_event_t* event, uint64_t limit) {
  snprintf(in->err.text, sizeof in->err.text,
           limit < in->shared->max_message_size
               ? "the server sent a text message larger than the limit of %llu bytes"
               : "the server sent a message larger than max_message_size (%llu bytes)",
           (unsigned long long) limit);
  return fail(in, event, TAOSUV_EMSGSIZE, TUV_WS_CODE_TOO_BIG, in->err.text);
}

static bool bad_data(tuv_ws_in_t* in, tuv_ws_in_event_t* event, const char* text) {
  return fail(in, event, TAOSUV_EWS, TUV_WS_CODE_BAD_DATA, text);
}

static bool report_message(tuv_ws_in_t* in, tuv_ws_in_event_t* event, uint8_t opcode, uint8_t* data,
                           size_t size, tuv_refbuf_t* owner) {
  bool text = opcode == TUV_WS_TEXT;
  tuv_ws_in_expect(in, opcode == TUV_WS_BINARY ? size : 0);
  in->shared->traffic.messages_received++;
  in->shared->work += TUV_WORK_OF_MESSAGE +
                      (text ? TUV_WORK_OF_TEXT(size) : TUV_WORK_OF_BINARY(size));
  event->kind = TUV_WS_IN_MESSAGE;
  event->opcode = opcode;
  event->data = data;
  event->size = size;
  event->owner = owner;
  return true;
}

static bool report_assembled(tuv_ws_in_t* in, tuv_ws_in_event_t* event, uint8_t opcode) {
  uint8_t* data;
  size_t size;
  TUV_ASSERT(in->reported == NULL);
  in->reported = tuv_ws_assembly_take(&in->assembly, &data, &size);
  return report_message(in, event, opcode, data, size, in->reported);
}

/* ---- frames ---- */

static uint64_t max_size(const tuv_ws_in_t* in, uint8_t opcode) {
  const tuv_io_shared_t* shared = in->shared;
  uint64_t text = shared->max_text_size;
  bool lower = opcode == TUV_WS_TEXT && text != 0 && text < shared->max_message_size;
  return lower ? text : shared->max_message_size;
}

static bool reserve(tuv_ws_in_t* in, uint64_t more) {
  return tuv_ws_assembly_reserve(&in->assembly, in->shared->mem, more,
                                 in->shared->max_message_size);
}

/* A message that does not lie whole in what was read stays there if there is room for the rest. */
static bool stay(tuv_ws_in_t* in, const uint8_t* payload, uint64_t length) {
  if (in->assembly.buffer != NULL || in->lent == NULL || in->lent_chunk) return false;
  return tuv_ws_assembly_stay(&in->assembly, in->lent, payload, length);
}

static bool on_frame(tuv_ws_in_t* in, const tuv_ws_event_t* frame, tuv_ws_in_event_t* event) {
  if (frame->compressed) return false; /* its size is known when it is inflated */
  uint64_t limit = max_size(in, frame->opcode);
  if (frame->length > limit - in->assembly.size) return too_big(in, event, limit);
  bool whole = frame->first && frame->fin && frame->length <= in->left;
  if (whole || in->state != TUV_WS_IN_OPEN) return false;
  if (stay(in, in->next, frame->length) || reserve(in, frame->length)) return false;
  return out_of_memory(in, event);
}

static bool on_inflated(tuv_ws_in_t* in, tuv_ws_inflate_status_t status, uint8_t opcode,
                        tuv_ws_in_event_t* event) {
  switch (status) {
    case TUV_WS_INFLATE_MORE: return false;
    case TUV_WS_INFLATE_WHOLE: return report_assembled(in, event, opcode);
    case TUV_WS_INFLATE_PAUSE: event->kind = TUV_WS_IN_PAUSE; return true;
    case TUV_WS_INFLATE_TOO_BIG: return too_big(in, event, max_size(in, opcode));
    case TUV_WS_INFLATE_NO_MEMORY: return out_of_memory(in, event);
    case TUV_WS_INFLATE_CORRUPT:
      return bad_data(in, event, "the server sent a compressed message that cannot be inflated");
    case TUV_WS_INFLATE_NOT_UTF8: break;
  }
  return bad_data(in, event, "the server sent a text message that is not UTF-8");
}

static bool inflate(tuv_ws_in_t* in, const tuv_ws_event_t* frame, tuv_ws_in_event_t* event) {
  uint8_t opcode = frame->opcode;
  return on_inflated(
      in, tuv_ws_inflate(&in->inflate, in->shared, &in->assembly, frame, max_size(in, opcode)),
      opcode, event);
}

static bool resume_inflating(tuv_ws_in_t* in, tuv_ws_in_event_t* event) {
  uint8_t opcode = in->inflate.rest.opcode;
  return on_inflated(
      in, tuv_ws_inflate_resume(&in->inflate, in->shared, &in->assembly, max_size(in, opcode)),
      opcode, event);
}

static bool on_data(tuv_ws_in_t* in, const tuv_ws_event_t* frame, uint8_t* data,
                    tuv_ws_in_event_t* event) {
  tuv_ws_assembly_t* assembly = &in->assembly;
  if (in->state != TUV_WS_IN_OPEN) return false;
  if (frame->compressed) return inflate(in, frame, event);
  if (assembly->buffer == NULL && frame->message_end)
    return report_message(in, event, frame->opcode, data, frame->size, in->lent);
  uint64_t rest = tuv_ws_reader_left(&in->reader);
  if (assembly->buffer == NULL && !reserve(in, frame->size + rest)) return out_of_memory(in, event);
  uint8_t* place = tuv_ws_assembly_end(assembly);
  /* A later frame's bytes may lie right behind their place in the same buffer. */
  if (data != place && frame->size > 0) memmove(place, data, frame->size);
  assembly->size += frame->size;
  return frame->message_end && report_assembled(in, event, frame->opcode);
}

static bool report_control(tuv_ws_in_event_t* event, const tuv_ws_event_t* frame) {
  event->kind = TUV_WS_IN_CONTROL;
  event->opcode = frame->opcode;
  event->code = frame->code;
  event->size = frame->size;
  event->control = frame->data;
  return true;
}

/* Whether the rest of the bytes is for another turn. */
static bool is_enough(const tuv_ws_in_t* in) {
  return in->bounded && in->left > 0 && in->shared->work >= TUV_TURN_WORK;
}

/* Reads up to the next event of a frame. Returns whether there is something to report. */
static bool read_on(tuv_ws_in_t* in, tuv_ws_in_event_t* event) {
  tuv_ws_event_t frame;
  if (is_enough(in)) {
    event->kind = TUV_WS_IN_PAUSE;
    return true;
  }
  size_t used = tuv_ws_reader_next(&in->reader, in->next, in->left, &frame);
  in->next += used;
  in->left -= used;
  switch (frame.kind) {
    case TUV_WS_EV_FRAME: return on_frame(in, &frame, event);
    case TUV_WS_EV_DATA: return on_data(in, &frame, in->next - frame.size, event);
    case TUV_WS_EV_CONTROL: return report_control(event, &frame);
    case TUV_WS_EV_ERROR: return fail(in, event, TAOSUV_EWS, frame.code, frame.text);
    case TUV_WS_EV_MORE: break;
  }
  event->kind = TUV_WS_IN_MORE;
  return true;
}

void tuv_ws_in_feed(tuv_ws_in_t* in, uint8_t* data, size_t size) {
  TUV_ASSERT(in->left == 0);
  in->next = data;
  in->left = size;
  in->end = size > 0 ? data + size : data;
}

tuv_ws_in_kind_t tuv_ws_in_next(tuv_ws_in_t* in, tuv_ws_in_event_t* event) {
  release_reported(in);
  if (in->failed) {
    *event = in->failure;
    return event->kind;
  }
  bool found = in->inflate.paused && resume_inflating(in, event);
  while (!found) found = read_on(in, event);
  return event->kind;
}
