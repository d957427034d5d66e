/* Received messages that are compressed: each is inflated, frame by frame, where it is put
 * together. */
#include "io/ws/inflate.h"

#include "util/assert.h"
#include "util/utf8.h"

/* What deflate makes of a typical reply: the first buffer of a message is a guess. */
#define TYPICAL_RATIO 4u
#define LEAST_BUFFER 1024u

/* After a message of more than this the next one is not expected to be like it. */
#define HUGE_MESSAGE (1u << 20)

/* Inflated at a time. */
#define INFLATE_PIECE (32u << 10)

/* The first buffer: for a message like the last one, or of a typical ratio. */
static uint64_t first_guess(const tuv_ws_inflate_t* inflate, const tuv_ws_event_t* event,
                            uint64_t limit) {
  uint64_t guess = TYPICAL_RATIO * (uint64_t) event->size;
  /* A little more than the last one: a buffer that is full looks like one too small. */
  uint64_t like_last = (uint64_t) inflate->last_size + 64;
  if (!event->message_end && guess < like_last) guess = like_last;
  if (guess < LEAST_BUFFER) guess = LEAST_BUFFER;
  return guess < limit ? guess : limit;
}

static bool begin(tuv_ws_inflate_t* inflate, tuv_io_shared_t* shared, tuv_ws_assembly_t* assembly,
                  const tuv_ws_event_t* event, uint64_t limit) {
  if (inflate->inflater == NULL)
    inflate->inflater = tuv_inflater_create(&shared->mem->alloc, inflate->keeps_context);
  if (inflate->inflater == NULL) return false;
  inflate->active = true;
  inflate->utf8_state = TUV_UTF8_START;
  tuv_inflater_begin(inflate->inflater, limit);
  return tuv_ws_assembly_reserve(assembly, shared->mem, first_guess(inflate, event, limit),
                                 shared->max_message_size);
}

/* Text is checked once it is readable. */
static bool check_text(tuv_ws_inflate_t* inflate, const tuv_ws_event_t* event, const uint8_t* data,
                       size_t size, bool end) {
  if (event->opcode != TUV_WS_TEXT) return true;
  inflate->utf8_state = tuv_utf8_step(inflate->utf8_state, data, size);
  bool whole = inflate->utf8_state == TUV_UTF8_START;
  return whole || (inflate->utf8_state != TUV_UTF8_BAD && !end);
}

/* Inflates a piece, as large as there is room for. */
static tuv_deflate_status_t inflate_piece(tuv_ws_inflate_t* inflate, tuv_io_shared_t* shared,
                                          tuv_ws_assembly_t* assembly, tuv_deflate_io_t* io,
                                          bool end) {
  if (tuv_ws_assembly_room(assembly) == 0 &&
      !tuv_ws_assembly_reserve(assembly, shared->mem, 1, shared->max_message_size))
    return TUV_DEFLATE_NOMEM;
  size_t room = tuv_ws_assembly_room(assembly);
  uint8_t* place = tuv_ws_assembly_end(assembly);
  io->out = place;
  io->room = room < INFLATE_PIECE ? room : INFLATE_PIECE;
  tuv_deflate_status_t status = tuv_inflater_run(inflate->inflater, io, end);
  size_t size = (size_t) (io->out - place);
  assembly->size += size;
  shared->work += TUV_WORK_OF_INFLATED(size);
  return status;
}

static tuv_ws_inflate_status_t failure(tuv_deflate_status_t status) {
  if (status == TUV_DEFLATE_TOO_BIG) return TUV_WS_INFLATE_TOO_BIG;
  return status == TUV_DEFLATE_NOMEM ? TUV_WS_INFLATE_NO_MEMORY : TUV_WS_INFLATE_CORRUPT;
}

/* The turn's work is done before the piece is inflated: its rest is for another turn. */
static tuv_ws_inflate_status_t put_off(tuv_ws_inflate_t* inflate, const tuv_ws_event_t* event,
                                       const tuv_deflate_io_t* io) {
  inflate->rest = *event;
  inflate->rest.data = io->in;
  inflate->rest.size = io->in_size;
  inflate->paused = true;
  return TUV_WS_INFLATE_PAUSE;
}

tuv_ws_inflate_status_t tuv_ws_inflate(tuv_ws_inflate_t* inflate, tuv_io_shared_t* shared,
                                       tuv_ws_assembly_t* assembly, const tuv_ws_event_t* event,
                                       uint64_t limit) {
  if (!inflate->active && !begin(inflate, shared, assembly, event, limit))
    return TUV_WS_INFLATE_NO_MEMORY;
  size_t before = assembly->size;
  tuv_deflate_io_t io = {event->data, event->size, NULL, 0};
  tuv_deflate_status_t status;
  bool enough;
  do {
    status = inflate_piece(inflate, shared, assembly, &io, event->message_end);
    enough = inflate->bounded && shared->work >= TUV_TURN_WORK;
  } while (status == TUV_DEFLATE_FULL && !enough);
  if (status != TUV_DEFLATE_OK && status != TUV_DEFLATE_FULL) return failure(status);
  bool end = event->message_end && status == TUV_DEFLATE_OK;
  const uint8_t* fresh = assembly->buffer->data + assembly->at + before;
  if (!check_text(inflate, event, fresh, assembly->size - before, end))
    return TUV_WS_INFLATE_NOT_UTF8;
  if (status == TUV_DEFLATE_FULL) return put_off(inflate, event, &io);
  if (!end) return TUV_WS_INFLATE_MORE;
  inflate->last_size = assembly->size < HUGE_MESSAGE ? assembly->size : 0;
  return TUV_WS_INFLATE_WHOLE;
}

tuv_ws_inflate_status_t tuv_ws_inflate_resume(tuv_ws_inflate_t* inflate, tuv_io_shared_t* shared,
                                              tuv_ws_assembly_t* assembly, uint64_t limit) {
  tuv_ws_event_t rest = inflate->rest;
  TUV_ASSERT(inflate->paused);
  inflate->paused = false;
  return tuv_ws_inflate(inflate, shared, assembly, &rest, limit);
}

void tuv_ws_inflate_free(tuv_ws_inflate_t* inflate) {
  tuv_inflater_free(inflate->inflater);
  inflate->inflater = NULL;
  inflate->paused = false;
}
