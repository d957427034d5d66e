/* A growing byte buffer that is written at its end and consumed at its front. */
#include "util/buf.h"

#include <string.h>

#include "util/assert.h"

void tuv_buf_init(tuv_buf_t* buf, const tuv_alloc_t* alloc) {
  memset(buf, 0, sizeof *buf);
  buf->alloc = alloc;
}

static void wipe(tuv_buf_t* buf, size_t from, size_t to) {
  if (buf->secret && from < to) tuv_wipe(buf->data + from, to - from);
}

void tuv_buf_free(tuv_buf_t* buf) {
  bool secret = buf->secret;
  wipe(buf, 0, buf->capacity);
  tuv_free(buf->alloc, buf->data);
  tuv_buf_init(buf, buf->alloc);
  buf->secret = secret;
}

uint8_t* tuv_buf_reserve(tuv_buf_t* buf, size_t size) {
  bool fits = buf->data != NULL && size <= buf->capacity - buf->tail;
  if (fits) return buf->data + buf->tail;
  size_t used = tuv_buf_size(buf);
  TUV_ASSERT(buf->data != NULL || (buf->head == 0 && used == 0));
  if (size > SIZE_MAX / 2 - used) return NULL;
  if (buf->head > 0 && used + size <= buf->capacity && used <= buf->capacity / 2) {
    memmove(buf->data, buf->data + buf->head, used);
    wipe(buf, used, buf->tail);
  } else {
    size_t capacity = buf->capacity < 512 ? 1024 : buf->capacity;
    while (capacity < used + size) capacity *= 2;
    uint8_t* data = tuv_malloc(buf->alloc, capacity);
    if (data == NULL) return NULL;
    if (used > 0) memcpy(data, buf->data + buf->head, used);
    wipe(buf, 0, buf->capacity);
    tuv_free(buf->alloc, buf->data);
    buf->data = data;
    buf->capacity = capacity;
  }
  buf->head = 0;
  buf->tail = used;
  return buf->data + buf->tail;
}

void tuv_buf_commit(tuv_buf_t* buf, size_t size) {
  TUV_ASSERT(size <= buf->capacity - buf->tail);
  buf->tail += size;
}

void tuv_buf_consume(tuv_buf_t* buf, size_t size, size_t keep) {
  TUV_ASSERT(size <= tuv_buf_size(buf));
  wipe(buf, buf->head, buf->head + size);
  buf->head += size;
  if (buf->head < buf->tail) return;
  buf->head = 0;
  buf->tail = 0;
  if (buf->capacity > keep) tuv_buf_free(buf);
}

void tuv_buf_erase(tuv_buf_t* buf, size_t at, size_t size) {
  TUV_ASSERT(at <= tuv_buf_size(buf) && size <= tuv_buf_size(buf) - at);
  uint8_t* from = buf->data + buf->head + at;
  memmove(from, from + size, tuv_buf_size(buf) - at - size);
  wipe(buf, buf->tail - size, buf->tail);
  buf->tail -= size;
}
