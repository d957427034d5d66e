/* The default allocator, and the calls of any allocator. */
#include "util/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void* default_malloc(void* context, size_t size) {
  (void) context;
  return malloc(size);
}

static void* default_realloc(void* context, void* ptr, size_t size) {
  (void) context;
  return realloc(ptr, size);
}

static void default_free(void* context, void* ptr) {
  (void) context;
  free(ptr);
}

const tuv_alloc_t tuv_alloc_default = {NULL, default_malloc, default_realloc, default_free};

void* tuv_malloc(const tuv_alloc_t* alloc, size_t size) {
  return alloc->malloc(alloc->context, size);
}

void* tuv_calloc(const tuv_alloc_t* alloc, size_t count, size_t size) {
  if (size != 0 && count > SIZE_MAX / size) return NULL;
  void* ptr = tuv_malloc(alloc, count * size);
  if (ptr != NULL) memset(ptr, 0, count * size);
  return ptr;
}

void* tuv_realloc(const tuv_alloc_t* alloc, void* ptr, size_t size) {
  return alloc->realloc(alloc->context, ptr, size);
}

void tuv_free(const tuv_alloc_t* alloc, void* ptr) {
  if (ptr != NULL) alloc->free(alloc->context, ptr);
}

void tuv_wipe(void* ptr, size_t size) {
  if (size > 0) memset(ptr, 0, size);
  __asm__ __volatile__(""
                       :
                       : "r"(ptr)
                       : "memory"); /* the compiler must assume that this reads the memory */
}
