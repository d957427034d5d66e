/* Messages inflated, and gzip. */
#include "wire/deflate/stream.h"

#define MAX_WINDOW_BITS 15

struct tuv_inflater_s {
  z_stream z;
  const tuv_alloc_t* alloc;
  bool keep_context;
  bool ended;     /* a final block was read, and nothing after it yet */
  bool boundary;  /* the position is between two blocks, and at the end of a byte */
  uint64_t left;  /* how many bytes the message may still have */
  size_t tail_at; /* bytes of the tail that were given to zlib */
};

static tuv_inflater_t* create_inflater(const tuv_alloc_t* alloc, bool keep_context, int window) {
  tuv_inflater_t* inflater = tuv_calloc(alloc, 1, sizeof *inflater);
  if (inflater == NULL) return NULL;
  inflater->alloc = alloc;
  inflater->keep_context = keep_context;
  tuv_zlib_use_allocator(&inflater->z, alloc);
  if (inflateInit2(&inflater->z, window) == Z_OK) return inflater;
  tuv_free(alloc, inflater);
  return NULL;
}

tuv_inflater_t* tuv_inflater_create(const tuv_alloc_t* alloc, bool keep_context) {
  return create_inflater(alloc, keep_context, -MAX_WINDOW_BITS);
}

tuv_inflater_t* tuv_inflater_create_gzip(const tuv_alloc_t* alloc) {
  return create_inflater(alloc, false,
                         16 + MAX_WINDOW_BITS); /* 16: with head and checksum of gzip */
}

bool tuv_inflater_complete(const tuv_inflater_t* inflater) {
  return inflater->ended;
}

void tuv_inflater_free(tuv_inflater_t* inflater) {
  if (inflater == NULL) return;
  inflateEnd(&inflater->z);
  tuv_free(inflater->alloc, inflater);
}

void tuv_inflater_begin(tuv_inflater_t* inflater, uint64_t limit) {
  if (!inflater->keep_context) {
    inflateReset(&inflater->z);
    inflater->ended = false;
  }
  inflater->left = limit;
  inflater->tail_at = 0;
  inflater->boundary = false;
}

/* zlib reports its position only in the call that reached it: a call that did nothing changes
 * nothing. */
static void note_boundary(tuv_inflater_t* inflater, bool moved) {
  int position = inflater->z.data_type;
  bool now = !inflater->ended && (position & 128) != 0 && (position & 63) == 0;
  inflater->boundary = now || (inflater->boundary && !moved);
}

/* Calls zlib once. A message at its limit may go on with input that gives no output. To find out,
 * zlib gets one byte of room beyond the limit. */
static tuv_deflate_status_t inflate_once(tuv_inflater_t* inflater, tuv_deflate_io_t* io) {
  z_stream* z = &inflater->z;
  uint8_t beyond;
  bool at_limit = inflater->left == 0;
  uint64_t room = io->room < inflater->left ? io->room : inflater->left;
  tuv_zlib_give_input(z, io);
  tuv_zlib_give_output(z, at_limit ? &beyond : io->out, at_limit ? 1 : room);
  uInt had_in = z->avail_in, had_out = z->avail_out;
  int status = inflate(z, Z_SYNC_FLUSH);
  size_t took = had_in - z->avail_in, made = had_out - z->avail_out;
  if (took > 0) io->in += took;
  io->in_size -= took;
  if (at_limit && made > 0) return TUV_DEFLATE_TOO_BIG;
  if (made > 0) io->out += made;
  io->room -= made;
  inflater->left -= made;
  inflater->ended = status == Z_STREAM_END;
  note_boundary(inflater, took > 0 || made > 0);
  if (status == Z_OK || status == Z_STREAM_END) return TUV_DEFLATE_OK;
  if (status == Z_BUF_ERROR) return TUV_DEFLATE_OK; /* nothing to do */
  return status == Z_MEM_ERROR ? TUV_DEFLATE_NOMEM : TUV_DEFLATE_CORRUPT;
}

/* Inflates until the input is used up or the output is full. A final block does not end a message,
 * but what follows it cannot refer to earlier bytes (no known peer sends that). */
static tuv_deflate_status_t inflate_all(tuv_inflater_t* inflater, tuv_deflate_io_t* io) {
  for (;;) {
    if (inflater->ended) {
      if (io->in_size == 0) return TUV_DEFLATE_OK;
      inflateReset(&inflater->z);
      inflater->ended = false;
    }
    if (io->room == 0 && inflater->left > 0) return TUV_DEFLATE_FULL;
    tuv_deflate_status_t status = inflate_once(inflater, io);
    if (status != TUV_DEFLATE_OK) return status;
    bool drained = inflater->z.avail_out > 0; /* otherwise zlib may hold more output */
    if (!inflater->ended && io->in_size == 0 && drained) return TUV_DEFLATE_OK;
  }
}

tuv_deflate_status_t tuv_inflater_run(tuv_inflater_t* inflater, tuv_deflate_io_t* io, bool end) {
  tuv_deflate_status_t status = inflate_all(inflater, io);
  if (status != TUV_DEFLATE_OK || !end) return status;
  if (inflater->ended && inflater->tail_at == 0) return TUV_DEFLATE_OK;
  size_t left = TUV_DEFLATE_TAIL_SIZE - inflater->tail_at;
  tuv_deflate_io_t rest = {tuv_deflate_tail + inflater->tail_at, left, io->out, io->room};
  status = inflate_all(inflater, &rest);
  inflater->tail_at = TUV_DEFLATE_TAIL_SIZE - rest.in_size;
  io->out = rest.out;
  io->room = rest.room;
  if (status != TUV_DEFLATE_OK) return status;
  return inflater->boundary ? TUV_DEFLATE_OK : TUV_DEFLATE_CORRUPT;
}
