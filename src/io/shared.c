/* The chunk that the connections of one client read into. */
#include "io/shared.h"

#include "util/assert.h"

/* A chunk with less room than this is replaced. */
#define LEAST_ROOM (8u << 10)

void tuv_io_shared_free(tuv_io_shared_t* shared) {
  tuv_refbuf_unref(shared->chunk);
  shared->chunk = NULL;
}

tuv_refbuf_t* tuv_io_chunk_take(tuv_io_shared_t* shared, size_t* fill) {
  tuv_refbuf_t* chunk = shared->chunk;
  *fill = 0;
  if (chunk == NULL) return tuv_refbuf_take(shared->mem, TUV_IO_CHUNK_SIZE);
  *fill = shared->chunk_fill;
  shared->chunk = NULL;
  return chunk;
}

void tuv_io_chunk_return(tuv_io_shared_t* shared, tuv_refbuf_t* chunk, const uint8_t* end) {
  size_t fill = 0;
  TUV_ASSERT(end == NULL || (end >= chunk->data && end <= chunk->data + chunk->capacity));
  bool shares = chunk->refs > 1;
  if (shares && end != NULL) fill = ((size_t) (end - chunk->data) + 15) & ~(size_t) 15;
  bool full = fill > chunk->capacity - LEAST_ROOM || (shares && end == NULL);
  if (shared->chunk != NULL || full) {
    tuv_refbuf_unref(chunk);
    return;
  }
  shared->chunk = chunk;
  shared->chunk_fill = fill;
}
