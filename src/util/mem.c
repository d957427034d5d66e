/* The memory of a client. */
#include "util/mem.h"

#include <string.h>

/* How much is kept for reuse. */
#define POOL_BUFFERS 64u
#define POOL_BYTES (4u << 20)
#define POOL_OBJECTS 4096u

tuv_mem_t* tuv_mem_create(const tuv_alloc_t* alloc) {
  tuv_mem_t* mem = tuv_calloc(alloc, 1, sizeof *mem);
  if (mem == NULL) return NULL;
  mem->alloc = *alloc;
  mem->users = 1;
  return mem;
}

static void drop_user(tuv_mem_t* mem) {
  TUV_ASSERT(mem->users > 0);
  if (--mem->users > 0) return;
  tuv_alloc_t alloc = mem->alloc;
  tuv_free(&alloc, mem);
}

static void destroy_object(tuv_mem_t* mem, tuv_mem_kind_t kind, void* object) {
  if (mem->destroy[kind] != NULL) mem->destroy[kind](&mem->alloc, object);
  tuv_free(&mem->alloc, object);
}

void tuv_mem_close(tuv_mem_t* mem) {
  TUV_ASSERT(!mem->closing);
  mem->closing = 1;
  while (mem->pool != NULL) {
    tuv_refbuf_t* buf = mem->pool;
    mem->pool = buf->next;
    tuv_free(&mem->alloc, buf);
  }
  for (int kind = 0; kind < TUV_MEM_KINDS; kind++) {
    while (mem->objects[kind].head != NULL) {
      void* object = mem->objects[kind].head;
      memcpy(&mem->objects[kind].head, object, sizeof(void*));
      destroy_object(mem, (tuv_mem_kind_t) kind, object);
    }
  }
  drop_user(mem);
}

void* tuv_mem_take(tuv_mem_t* mem, tuv_mem_kind_t kind, size_t size, int* recycled) {
  void* object = mem->objects[kind].head;
  *recycled = object != NULL;
  if (object != NULL) {
    memcpy(&mem->objects[kind].head, object, sizeof(void*));
    mem->objects[kind].count--;
  } else {
    object = tuv_calloc(&mem->alloc, 1, size);
    if (object == NULL) return NULL;
  }
  mem->users++;
  return object;
}

void tuv_mem_put(tuv_mem_t* mem, tuv_mem_kind_t kind, void* object) {
  TUV_ASSERT(object != NULL && object != mem->objects[kind].head);
  if (mem->closing || mem->objects[kind].count >= POOL_OBJECTS) {
    destroy_object(mem, kind, object);
  } else {
    memcpy(object, &mem->objects[kind].head, sizeof(void*));
    mem->objects[kind].head = object;
    mem->objects[kind].count++;
  }
  drop_user(mem);
}

/* The first pooled buffer that fits without wasting more than half of itself. */
static tuv_refbuf_t* take_pooled(tuv_mem_t* mem, size_t size) {
  for (tuv_refbuf_t** at = &mem->pool; *at != NULL; at = &(*at)->next) {
    tuv_refbuf_t* buf = *at;
    if (buf->capacity < size || buf->capacity / 2 > size + 4096) continue;
    *at = buf->next;
    mem->pool_count--;
    mem->pool_bytes -= buf->capacity;
    return buf;
  }
  return NULL;
}

tuv_refbuf_t* tuv_refbuf_take(tuv_mem_t* mem, size_t size) {
  if (size > SIZE_MAX / 2) return NULL;
  tuv_refbuf_t* buf = take_pooled(mem, size);
  if (buf == NULL) {
    size_t capacity = (size + 1023) & ~(size_t) 1023; /* near sizes share their buffers */
    buf = tuv_malloc(&mem->alloc, sizeof *buf + capacity);
    if (buf == NULL) return NULL;
    buf->mem = mem;
    buf->capacity = capacity;
  }
  buf->next = NULL;
  buf->refs = 1;
  mem->users++;
  return buf;
}

void tuv_refbuf_unref(tuv_refbuf_t* buf) {
  if (buf == NULL) return;
  TUV_ASSERT(buf->refs > 0);
  if (--buf->refs > 0) return;
  tuv_mem_t* mem = buf->mem;
  if (mem->closing || mem->pool_count >= POOL_BUFFERS ||
      buf->capacity > POOL_BYTES - mem->pool_bytes) {
    tuv_free(&mem->alloc, buf);
  } else {
    buf->next = mem->pool;
    mem->pool = buf;
    mem->pool_count++;
    mem->pool_bytes += buf->capacity;
  }
  drop_user(mem);
}
