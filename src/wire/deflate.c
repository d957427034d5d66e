/* Messages compressed as permessage-deflate does it (RFC 7692, 7.2), and gzip read: the one file
 * with zlib. */
#include "wire/deflate.h"

#ifdef TUV_HAVE_DEFLATE

#include <limits.h>
#include <string.h>
#include <zlib.h>

/* Fast, as the gateway's own: a link that needs more is rare, a processor without work is rarer. */
#define LEVEL 1
#define MEMORY_LEVEL 8
#define MAX_WINDOW_BITS 15

/* What a sync flush ends with; not sent (RFC 7692, 7.2.1). */
static const uint8_t tail[4] = {0x00, 0x00, 0xFF, 0xFF};

/* A message without content (RFC 7692, 7.2.3.6): an empty block up to its tail. */
#define EMPTY_MESSAGE 0x00

struct tuv_inflater_s {
  z_stream z;
  const tuv_alloc_t* alloc;
  bool keep_context;
  bool ended;     /* a final block was read, and nothing behind it yet */
  bool boundary;  /* it stands between two blocks, and at the end of a byte */
  uint64_t left;  /* bytes that the message may still have */
  size_t tail_at; /* bytes of the tail that were given to zlib */
};

struct tuv_deflater_s {
  z_stream z;
  const tuv_alloc_t* alloc;
  bool keep_context;
  bool open; /* a message was begun and not ended */
  bool fed;  /* it has a byte */
};

static void* z_malloc(void* alloc, uInt items, uInt size) {
  if (size != 0 && items > SIZE_MAX / size) return Z_NULL;
  return tuv_malloc(alloc, (size_t) items * size);
}

static void z_free(void* alloc, void* memory) {
  tuv_free(alloc, memory);
}

static void use_allocator(z_stream* z, const tuv_alloc_t* alloc) {
  z->zalloc = z_malloc;
  z->zfree = z_free;
  z->opaque = (void*) (uintptr_t) alloc; /* only read; zlib's pointer is not const */
}

/* zlib counts in unsigned int. */
static uInt clamp(uint64_t size) {
  return size < UINT_MAX ? (uInt) size : UINT_MAX;
}

static void give_input(z_stream* z, const tuv_deflate_io_t* io) {
  z->next_in = (Bytef*) (uintptr_t) io->in;
  z->avail_in = clamp(io->in_size);
}

static void give_output(z_stream* z, uint8_t* out, uint64_t room) {
  z->next_out = out;
  z->avail_out = clamp(room);
}

bool tuv_deflate_available(void) {
  return true;
}

/* ---- inflating ---- */

static tuv_inflater_t* create_inflater(const tuv_alloc_t* alloc, bool keep_context, int window) {
  tuv_inflater_t* inflater = tuv_calloc(alloc, 1, sizeof *inflater);
  if (inflater == NULL) return NULL;
  inflater->alloc = alloc;
  inflater->keep_context = keep_context;
  use_allocator(&inflater->z, alloc);
  if (inflateInit2(&inflater->z, window) == Z_OK) return inflater;
  tuv_free(alloc, inflater);
  return NULL;
}

tuv_inflater_t* tuv_inflater_create(const tuv_alloc_t* alloc, bool keep_context) {
  return create_inflater(alloc, keep_context, -MAX_WINDOW_BITS);
}

tuv_inflater_t* tuv_inflater_create_gzip(const tuv_alloc_t* alloc) {
  return create_inflater(alloc, false, 16 + MAX_WINDOW_BITS); /* 16: gzip's head and sum */
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

/* zlib tells where it stands only in the call that got there: one that finds nothing to do
 * stays. */
static void note_boundary(tuv_inflater_t* inflater, bool moved) {
  int told = inflater->z.data_type;
  bool now = !inflater->ended && (told & 128) != 0 && (told & 63) == 0;
  inflater->boundary = now || (inflater->boundary && !moved);
}

/* One call of zlib. At its limit a message may still hold what gives no bytes: one byte of room
 * beyond it tells. */
static tuv_deflate_status_t inflate_once(tuv_inflater_t* inflater, tuv_deflate_io_t* io) {
  z_stream* z = &inflater->z;
  uint8_t beyond;
  bool at_limit = inflater->left == 0;
  uint64_t room = io->room < inflater->left ? io->room : inflater->left;
  give_input(z, io);
  give_output(z, at_limit ? &beyond : io->out, at_limit ? 1 : room);
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
  if (status == Z_BUF_ERROR) return TUV_DEFLATE_OK; /* there was nothing to do */
  return status == Z_MEM_ERROR ? TUV_DEFLATE_NOMEM : TUV_DEFLATE_CORRUPT;
}

/* Inflates until the input is used up or the output is full. A final block does not end a message,
 * but what follows it may not refer to what came before (nobody writes that). */
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
    bool drained = inflater->z.avail_out > 0; /* else zlib may hold more */
    if (!inflater->ended && io->in_size == 0 && drained) return TUV_DEFLATE_OK;
  }
}

tuv_deflate_status_t tuv_inflater_run(tuv_inflater_t* inflater, tuv_deflate_io_t* io, bool end) {
  tuv_deflate_status_t status = inflate_all(inflater, io);
  if (status != TUV_DEFLATE_OK || !end) return status;
  if (inflater->ended && inflater->tail_at == 0) return TUV_DEFLATE_OK;
  size_t left = sizeof tail - inflater->tail_at;
  tuv_deflate_io_t rest = {tail + inflater->tail_at, left, io->out, io->room};
  status = inflate_all(inflater, &rest);
  inflater->tail_at = sizeof tail - rest.in_size;
  io->out = rest.out;
  io->room = rest.room;
  if (status != TUV_DEFLATE_OK) return status;
  return inflater->boundary ? TUV_DEFLATE_OK : TUV_DEFLATE_CORRUPT;
}

/* ---- deflating ---- */

tuv_deflater_t* tuv_deflater_create(const tuv_alloc_t* alloc, int window_bits, bool keep_context) {
  tuv_deflater_t* deflater = tuv_calloc(alloc, 1, sizeof *deflater);
  if (deflater == NULL) return NULL;
  deflater->alloc = alloc;
  deflater->keep_context = keep_context;
  use_allocator(&deflater->z, alloc);
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
  /* The peer will not see what was not ended: nothing may refer to it. */
  if (deflater->open || !deflater->keep_context) deflateReset(&deflater->z);
  deflater->open = true;
  deflater->fed = false;
}

size_t tuv_deflater_bound(tuv_deflater_t* deflater, size_t size) {
  size_t most = size > SIZE_MAX / 4 ? SIZE_MAX / 4 : size;
  return (size_t) deflateBound(&deflater->z, (uLong) most) + 16; /* and the flush */
}

/* Nothing to flush: zlib would write no block at all. */
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
    give_input(z, io);
    give_output(z, io->out, io->room);
    uInt had_in = z->avail_in, had_out = z->avail_out;
    deflate(z, end && had_in == io->in_size ? Z_SYNC_FLUSH : Z_NO_FLUSH); /* it cannot fail */
    size_t took = had_in - z->avail_in, made = had_out - z->avail_out;
    if (took > 0) io->in += took;
    io->in_size -= took;
    io->out += made;
    io->room -= made;
    more = io->in_size > 0 || z->avail_out == 0;
  } while (more);
  if (end) {
    io->out -= sizeof tail;
    io->room += sizeof tail;
    deflater->open = false;
  }
  return TUV_DEFLATE_OK;
}

#else /* without zlib */

bool tuv_deflate_available(void) {
  return false;
}

tuv_inflater_t* tuv_inflater_create(const tuv_alloc_t* alloc, bool keep_context) {
  (void) alloc, (void) keep_context;
  return NULL;
}

tuv_inflater_t* tuv_inflater_create_gzip(const tuv_alloc_t* alloc) {
  (void) alloc;
  return NULL;
}

bool tuv_inflater_complete(const tuv_inflater_t* inflater) {
  (void) inflater;
  return false;
}

void tuv_inflater_free(tuv_inflater_t* inflater) {
  (void) inflater;
}

void tuv_inflater_begin(tuv_inflater_t* inflater, uint64_t limit) {
  (void) inflater, (void) limit;
}

tuv_deflate_status_t tuv_inflater_run(tuv_inflater_t* inflater, tuv_deflate_io_t* io, bool end) {
  (void) inflater, (void) io, (void) end;
  return TUV_DEFLATE_CORRUPT;
}

tuv_deflater_t* tuv_deflater_create(const tuv_alloc_t* alloc, int window_bits, bool keep_context) {
  (void) alloc, (void) window_bits, (void) keep_context;
  return NULL;
}

void tuv_deflater_free(tuv_deflater_t* deflater) {
  (void) deflater;
}

void tuv_deflater_begin(tuv_deflater_t* deflater) {
  (void) deflater;
}

size_t tuv_deflater_bound(tuv_deflater_t* deflater, size_t size) {
  (void) deflater;
  return size;
}

tuv_deflate_status_t tuv_deflater_run(tuv_deflater_t* deflater, tuv_deflate_io_t* io, bool end) {
  (void) deflater, (void) io, (void) end;
  return TUV_DEFLATE_NOMEM;
}

#endif
