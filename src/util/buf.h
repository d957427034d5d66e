/* A growing byte buffer that is written at its end and consumed at its front. */
#ifndef TUV_UTIL_BUF_H
#define TUV_UTIL_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/alloc.h"

typedef struct tuv_buf_s {
  const tuv_alloc_t* alloc;
  uint8_t* data;
  size_t head; /* first byte not consumed */
  size_t tail; /* end of what was written */
  size_t capacity;
  bool secret; /* set by the owner: bytes that are dropped or moved are overwritten */
} tuv_buf_t;

void tuv_buf_init(tuv_buf_t* buf, const tuv_alloc_t* alloc);
void tuv_buf_free(tuv_buf_t* buf);

/* Makes room for `size` more bytes at the end and returns a pointer to it, or NULL when out of
 * memory. The bytes belong to the buffer only after tuv_buf_commit. */
uint8_t* tuv_buf_reserve(tuv_buf_t* buf, size_t size);
void tuv_buf_commit(tuv_buf_t* buf, size_t size);

static inline size_t tuv_buf_size(const tuv_buf_t* buf) {
  return buf->tail - buf->head;
}

/* Drops bytes at the front. When none are left, memory of more than `keep` bytes is freed. */
void tuv_buf_consume(tuv_buf_t* buf, size_t size, size_t keep);

/* Removes `size` bytes that begin `at` bytes behind the front. */
void tuv_buf_erase(tuv_buf_t* buf, size_t at, size_t size);

#endif
