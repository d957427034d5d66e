/* Compression of a WebSocket connection's messages: inflated as they come, deflated as they go. */
#include <string.h>

#include "io/ws/private.h"
#include "taosuv/error.h"
#include "util/utf8.h"

/* What deflate makes of a typical reply: the first buffer of a message is a guess. */
#define TYPICAL_RATIO 4u
#define LEAST_BUFFER 1024u

/* After a message of more than this the next one is not expected to be like it. */
#define HUGE_MESSAGE (1u << 20)

/* So much is inflated at a time. */
#define INFLATE_PIECE (32u << 10)

/* ---- receiving ---- */

/* The first buffer: for a message like the last one, or of a typical ratio. */
static uint64_t first_guess(const tuv_ws_t* ws, const tuv_ws_event_t* event, uint64_t limit) {
  uint64_t guess = TYPICAL_RATIO * (uint64_t) event->size;
  /* A little more than the last one: a buffer that is full looks like one too small. */
  uint64_t like_last = (uint64_t) ws->inflate_hint + 64;
  if (!event->message_end && guess < like_last) guess = like_last;
  if (guess < LEAST_BUFFER) guess = LEAST_BUFFER;
  return guess < limit ? guess : limit;
}

static bool begin_inflating(tuv_ws_t* ws, const tuv_ws_event_t* event, uint64_t limit) {
  if (ws->inflater == NULL)
    ws->inflater = tuv_inflater_create(&ws->shared->mem->alloc, ws->agreed.server_keeps_context);
  if (ws->inflater == NULL) {
    tuv_ws_down(ws, UV_ENOMEM, "no memory for a message");
    return false;
  }
  ws->inflating = true;
  ws->utf8_state = TUV_UTF8_START;
  tuv_inflater_begin(ws->inflater, limit);
  return tuv_ws_assemble(ws, first_guess(ws, event, limit));
}

static void inflate_failed(tuv_ws_t* ws, tuv_deflate_status_t status, uint64_t limit) {
  if (status == TUV_DEFLATE_TOO_BIG)
    tuv_ws_too_big(ws, limit);
  else if (status == TUV_DEFLATE_NOMEM)
    tuv_ws_down(ws, UV_ENOMEM, "no memory for a message");
  else
    tuv_ws_say_goodbye(ws, TAOSUV_EWS, TUV_WS_CODE_BAD_DATA,
                       "compressed message that cannot be inflated");
}

/* Text is checked once it is readable. */
static bool check_text(tuv_ws_t* ws, const tuv_ws_event_t* event, const uint8_t* data, size_t size,
                       bool end) {
  if (event->opcode != TUV_WS_TEXT) return true;
  ws->utf8_state = tuv_utf8_step(ws->utf8_state, data, size);
  bool whole = ws->utf8_state == TUV_UTF8_START;
  if (whole || (ws->utf8_state != TUV_UTF8_BAD && !end)) return true;
  tuv_ws_say_goodbye(ws, TAOSUV_EWS, TUV_WS_CODE_BAD_DATA, "text message that is not UTF-8");
  return false;
}

/* Inflates a piece, as large as there is room for. Without room for it there is no memory, and the
 * connection is down. */
static tuv_deflate_status_t inflate_piece(tuv_ws_t* ws, tuv_deflate_io_t* io, bool end) {
  size_t room = ws->assembly->capacity - ws->assembly_at - ws->assembled;
  if (room == 0) {
    if (!tuv_ws_assemble(ws, 1)) return TUV_DEFLATE_NOMEM;
    room = ws->assembly->capacity - ws->assembly_at - ws->assembled;
  }
  uint8_t* place = ws->assembly->data + ws->assembly_at + ws->assembled;
  io->out = place;
  io->room = room < INFLATE_PIECE ? room : INFLATE_PIECE;
  tuv_deflate_status_t status = tuv_inflater_run(ws->inflater, io, end);
  size_t size = (size_t) (io->out - place);
  ws->assembled += size;
  ws->shared->work += TUV_WORK_OF_INFLATED(size);
  return status;
}

/* The turn's work is done before the message is inflated: the rest of the event is for another. */
static void put_off(tuv_ws_t* ws, const tuv_ws_event_t* event, const tuv_deflate_io_t* io) {
  ws->pending = *event;
  ws->pending.data = io->in;
  ws->pending.size = io->in_size;
  ws->inflate_pending = true;
}

bool tuv_ws_inflate(tuv_ws_t* ws, const tuv_ws_event_t* event, uint64_t limit) {
  ws->inflate_pending = false;
  if (!ws->inflating && !begin_inflating(ws, event, limit)) return false;
  size_t before = ws->assembled;
  tuv_deflate_io_t io = {event->data, event->size, NULL, 0};
  tuv_deflate_status_t status;
  bool enough;
  do {
    status = inflate_piece(ws, &io, event->message_end);
    enough = ws->events->on_paused != NULL && ws->shared->work >= TUV_TURN_WORK;
  } while (status == TUV_DEFLATE_FULL && !enough);
  if (status != TUV_DEFLATE_OK && status != TUV_DEFLATE_FULL) {
    if (ws->state < TUV_WS_DOWN) inflate_failed(ws, status, limit);
    return false;
  }
  bool end = event->message_end && status == TUV_DEFLATE_OK;
  const uint8_t* fresh = ws->assembly->data + ws->assembly_at + before;
  if (!check_text(ws, event, fresh, ws->assembled - before, end)) return false;
  if (status == TUV_DEFLATE_FULL) put_off(ws, event, &io);
  if (end) ws->inflate_hint = ws->assembled < HUGE_MESSAGE ? ws->assembled : 0;
  return end;
}

/* ---- sending ---- */

/* The compressed bytes go behind the room for the longest header; not being committed, they are
 * gone if the message is given up. */
int tuv_ws_pack_begin(tuv_ws_t* ws, uint8_t opcode, size_t length) {
  if (ws->deflater == NULL)
    ws->deflater = tuv_deflater_create(&ws->shared->mem->alloc, ws->agreed.client_window_bits,
                                       ws->agreed.client_keeps_context);
  if (ws->deflater == NULL || length > SIZE_MAX / 4) return UV_ENOMEM;
  size_t room = TUV_WS_MAX_HEADER + tuv_deflater_bound(ws->deflater, length);
  if (tuv_buf_reserve(&ws->out, room) == NULL) return UV_ENOMEM;
  tuv_deflater_begin(ws->deflater);
  ws->packing = true;
  ws->pack_failed = false;
  ws->pack_opcode = opcode;
  ws->packed = 0;
  return 0;
}

/* More room than was thought necessary. What is there is not committed, and would not be moved. */
static bool grow(tuv_ws_t* ws) {
  size_t have = TUV_WS_MAX_HEADER + ws->packed;
  tuv_buf_commit(&ws->out, have);
  bool grown = tuv_buf_reserve(&ws->out, have) != NULL;
  ws->out.tail -= have;
  return grown;
}

void tuv_ws_pack(tuv_ws_t* ws, const void* data, size_t size, bool end) {
  tuv_deflate_io_t io = {data, size, NULL, 0};
  tuv_deflate_status_t status = TUV_DEFLATE_FULL;
  while (status == TUV_DEFLATE_FULL && !ws->pack_failed) {
    uint8_t* base = ws->out.data + ws->out.tail + TUV_WS_MAX_HEADER;
    io.out = base + ws->packed;
    io.room = ws->out.capacity - ws->out.tail - TUV_WS_MAX_HEADER - ws->packed;
    status = tuv_deflater_run(ws->deflater, &io, end);
    ws->packed = (size_t) (io.out - base);
    if (status == TUV_DEFLATE_FULL && !grow(ws)) ws->pack_failed = true;
  }
}

int tuv_ws_pack_end(tuv_ws_t* ws) {
  tuv_ws_pack(ws, NULL, 0, true);
  ws->packing = false;
  if (ws->pack_failed) return UV_ENOMEM;
  uint8_t* out = ws->out.data + ws->out.tail;
  size_t header = tuv_ws_write_header(out, ws->pack_opcode, true, true, ws->packed, ws->mask);
  memmove(out + header, out + TUV_WS_MAX_HEADER, ws->packed);
  tuv_ws_mask(out + header, out + header, ws->packed, ws->mask, 0);
  tuv_buf_commit(&ws->out, header + ws->packed);
  ws->queued += header + ws->packed;
  return 0;
}

/* Inflates a whole message into `inflated`, which grows. */
static tuv_deflate_status_t unpack(tuv_ws_t* ws, tuv_deflate_io_t io, size_t* size) {
  tuv_deflate_status_t status;
  *size = 0;
  do {
    uint8_t* place = ws->inflated->data + *size;
    io.out = place;
    io.room = ws->inflated->capacity - *size;
    status = tuv_inflater_run(ws->inflater, &io, true);
    *size += (size_t) (io.out - place);
    if (status != TUV_DEFLATE_FULL) return status;
    tuv_refbuf_t* bigger = tuv_refbuf_take(ws->shared->mem, 2 * ws->inflated->capacity);
    if (bigger == NULL) return TUV_DEFLATE_NOMEM;
    memcpy(bigger->data, ws->inflated->data, *size);
    tuv_refbuf_unref(ws->inflated);
    ws->inflated = bigger;
  } while (true);
}

uint8_t* tuv_ws_unpack(tuv_ws_t* ws, const uint8_t* payload, size_t* size) {
  if (ws->agreed.client_keeps_context) return NULL;
  const tuv_alloc_t* alloc = &ws->shared->mem->alloc;
  /* Nothing is received any more; the one that knew the server's context is of no use. */
  if (ws->inflater != NULL && ws->agreed.server_keeps_context) {
    tuv_inflater_free(ws->inflater);
    ws->inflater = NULL;
  }
  if (ws->inflater == NULL) ws->inflater = tuv_inflater_create(alloc, false);
  tuv_refbuf_unref(ws->inflated);
  ws->inflated = tuv_refbuf_take(ws->shared->mem, TYPICAL_RATIO * *size + LEAST_BUFFER);
  if (ws->inflater == NULL || ws->inflated == NULL) return NULL;
  tuv_inflater_begin(ws->inflater, UINT64_MAX);
  if (unpack(ws, (tuv_deflate_io_t) {payload, *size, NULL, 0}, size) != TUV_DEFLATE_OK) return NULL;
  return ws->inflated->data;
}
