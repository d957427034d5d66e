/* What a client's memory is made of: its allocator, pooled receive buffers, recycled objects. */
#ifndef TUV_UTIL_MEM_H
#define TUV_UTIL_MEM_H

#include <stddef.h>
#include <stdint.h>

#include "util/alloc.h"
#include "util/assert.h"

/* Objects that are made and dropped all the time are kept for reuse, by kind. */
typedef enum {
  TUV_MEM_RESULT,
  TUV_MEM_BLOCK,
  TUV_MEM_STMT,
  TUV_MEM_MESSAGE,
  TUV_MEM_KINDS
} tuv_mem_kind_t;

typedef struct tuv_mem_s tuv_mem_t;

/* A reference-counted buffer for received bytes. */
typedef struct tuv_refbuf_s {
  tuv_mem_t* mem;
  struct tuv_refbuf_s* next; /* in the pool */
  size_t capacity;
  uint32_t refs;
  _Alignas(16) uint8_t data[];
} tuv_refbuf_t;

/* How a kind of object gives back what it owns before its memory is freed for good. */
typedef void (*tuv_mem_destroy_t)(const tuv_alloc_t* alloc, void* object);

struct tuv_mem_s {
  tuv_alloc_t alloc;
  size_t users;       /* the client, every live buffer and object */
  int closing;        /* nothing is pooled any more */
  tuv_refbuf_t* pool; /* free buffers */
  size_t pool_count;
  size_t pool_bytes;
  struct {
    void* head; /* free objects, linked through their first word */
    size_t count;
  } objects[TUV_MEM_KINDS];
  tuv_mem_destroy_t destroy[TUV_MEM_KINDS];
};

/* Made with one user. NULL when out of memory. */
tuv_mem_t* tuv_mem_create(const tuv_alloc_t* alloc);

/* The client is going: frees the pools, and the whole with its last user. */
void tuv_mem_close(tuv_mem_t* mem);

/* A zeroed object of `size` bytes, or a recycled one as it was put back (its first word is
 * overwritten); *recycled says which. NULL when out of memory. */
void* tuv_mem_take(tuv_mem_t* mem, tuv_mem_kind_t kind, size_t size, int* recycled);
void tuv_mem_put(tuv_mem_t* mem, tuv_mem_kind_t kind, void* object);

/* A buffer with room for at least `size` bytes and one reference. NULL when out of memory. */
tuv_refbuf_t* tuv_refbuf_take(tuv_mem_t* mem, size_t size);
static inline tuv_refbuf_t* tuv_refbuf_ref(tuv_refbuf_t* buf) {
  TUV_ASSERT(buf->refs > 0);
  buf->refs++;
  return buf;
}
void tuv_refbuf_unref(tuv_refbuf_t* buf); /* NULL is allowed */

#endif
