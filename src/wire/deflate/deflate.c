/* Messages deflated. */
#include "wire/deflate/stream.h"

/* The fastest level, as the gateway uses: few links are so slow that a better one would pay. */
#define LEVEL 1
#define MEMORY_LEVEL 8

/* An empty message (RFC 7692, 7.2.3.6): an empty block without its tail. */
#define EMPTY_MESSAGE 0x00

struct tuv_deflater_s {
  z_stream z;
  const tuv_alloc_t* alloc;
  bool keep_context;
  bool open; /* a message was begun but not ended */
  bool fed;  /* the message has bytes */
};

tuv_deflater_t* tuv_deflater_create(const tuv_alloc_t* alloc, int window_bits, bool keep_context) {
  tuv_deflater_t* deflater = tuv_calloc(alloc, 1, sizeof *deflater);
  if (deflater == NULL) return NULL;
  deflater->alloc = alloc;
  deflater->keep_context = keep_context;
  tuv_zlib_use_allocator(&deflater->z, alloc);
  if (deflateInit2(&deflater->z, LEVEL, Z_DEFLATED, -window_bits, MEMORY_LEVEL,
                   Z_DEFAULT_STRATEGY) == Z_OK)
    return deflater;
  tuv_free(alloc, deflater);
  return NULL;
}

void tuv_deflater_free(tuv_deflater_t* deflater) {
  if (deflater == NULL) return;
  deflateEnd(&deflater->z);
  tuv_free(deflater->alloc, deflater);
}

void tuv_deflater_begin(tuv_deflater_t* deflater) {
  /* The peer never sees a message that was not ended: nothing may refer to it. */
  if (deflater->open || !deflater->keep_context) deflateReset(&deflater->z);
  deflater->open = true;
  deflater->fed = false;
}

size_t tuv_deflater_bound(tuv_deflater_t* deflater, size_t size) {
  size_t most = size > SIZE_MAX / 4 ? SIZE_MAX / 4 : size;
  return (size_t) deflateBound(&deflater->z, (uLong) most) + 16; /* for the flush */
}

/* Without input zlib would write no block at all. */
static tuv_deflate_status_t write_empty(tuv_deflater_t* deflater, tuv_deflate_io_t* io) {
  if (io->room == 0) return TUV_DEFLATE_FULL;
  deflater->open = false;
  *io->out++ = EMPTY_MESSAGE;
  io->room--;
  return TUV_DEFLATE_OK;
}

tuv_deflate_status_t tuv_deflater_run(tuv_deflater_t* deflater, tuv_deflate_io_t* io, bool end) {
  z_stream* z = &deflater->z;
  if (io->in_size > 0) deflater->fed = true;
  if (!deflater->fed) return end ? write_empty(deflater, io) : TUV_DEFLATE_OK;
  bool more;
  do {
    if (io->room == 0) return TUV_DEFLATE_FULL;
    tuv_zlib_give_input(z, io);
    tuv_zlib_give_output(z, io->out, io->room);
    uInt had_in = z->avail_in, had_out = z->avail_out;
    deflate(z, end && had_in == io->in_size ? Z_SYNC_FLUSH : Z_NO_FLUSH); /* cannot fail */
    size_t took = had_in - z->avail_in, made = had_out - z->avail_out;
    if (took > 0) io->in += took;
    io->in_size -= took;
    io->out += made;
    io->room -= made;
    more = io->in_size > 0 || z->avail_out == 0;
  } while (more);
  if (end) {
    io->out -= TUV_DEFLATE_TAIL_SIZE;
    io->room += TUV_DEFLATE_TAIL_SIZE;
    deflater->open = false;
  }
  return TUV_DEFLATE_OK;
}
