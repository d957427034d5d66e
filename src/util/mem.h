/* The memory of a client: its allocator, a pool of receive buffers, and objects for reuse. It lives
 * until the last buffer or object is returned, which may be after the client was closed. */
#ifndef TUV_UTIL_MEM_H
#define TUV_UTIL_MEM_H

#include <stddef.h>
#include <stdint.h>

#include "util/alloc.h"
#include "util/assert.h"

/* Kinds of objects that are needed again and again and are therefore kept for reuse. */
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

/* Frees what an object owns, before the memory of the object itself is freed. */
typedef void (*tuv_mem_destroy_t)(const tuv_alloc_t* alloc, void* object);

struct tuv_mem_s {
  tuv_alloc_t alloc;
  size_t users;       /* the client, and each buffer and object in use */
  int closing;        /* nothing is kept any more */
  tuv_refbuf_t* pool; /* free buffers */
  size_t pool_count;
  size_t pool_bytes;
  struct {
    void* head; /* unused objects, linked through their first word */
    size_t count;
  } objects[TUV_MEM_KINDS];
  tuv_mem_destroy_t destroy[TUV_MEM_KINDS];
};

/* Creates a memory with one user. NULL when out of memory. */
tuv_mem_t* tuv_mem_create(const tuv_alloc_t* alloc);

/* Called when the client is closed: frees the pools now, and the rest with the last user. */
void tuv_mem_close(tuv_mem_t* mem);

/* Returns a zeroed object of `size` bytes, or one that was used before, as it was put back but for
 * its first word; *recycled says which. NULL when out of memory. */
void* tuv_mem_take(tuv_mem_t* mem, tuv_mem_kind_t kind, size_t size, int* recycled);
void tuv_mem_put(tuv_mem_t* mem, tuv_mem_kind_t kind, void* object);

/* Returns a buffer of at least `size` bytes with one reference; NULL when out of memory. */
tuv_refbuf_t* tuv_refbuf_take(tuv_mem_t* mem, size_t size);
static inline tuv_refbuf_t* tuv_refbuf_ref(tuv_refbuf_t* buf) {
  TUV_ASSERT(buf->refs > 0);
  buf->refs++;
  return buf;
}
void tuv_refbuf_unref(tuv_refbuf_t* buf); /* NULL is allowed */

#endif
