/* An allocator that counts its calls and, if requested, the allocated bytes. */
#include "counting.h"

#include <stdlib.h>

static void* count_malloc(void* context, size_t size) {
  ((bench_counting_t*) context)->calls++;
  return malloc(size);
}

static void* count_realloc(void* context, void* ptr, size_t size) {
  ((bench_counting_t*) context)->calls++;
  return realloc(ptr, size);
}

static void plain_free(void* context, void* ptr) {
  (void) context;
  free(ptr);
}

/* The size of an allocation is stored before it, in a header that keeps the alignment. */
#define HEAD 16u

static void add(bench_counting_t* counting, size_t size) {
  counting->live += size;
  if (counting->live > counting->peak) counting->peak = counting->live;
}

static void* sized_realloc(void* context, void* ptr, size_t size) {
  bench_counting_t* counting = context;
  size_t* old = ptr == NULL ? NULL : (size_t*) (void*) ((char*) ptr - HEAD);
  size_t before = old == NULL ? 0 : *old;
  counting->calls++;
  if (size > SIZE_MAX - HEAD) return NULL;
  size_t* piece = realloc(old, size + HEAD);
  if (piece == NULL) return NULL;
  *piece = size;
  counting->live -= before;
  add(counting, size);
  return (char*) piece + HEAD;
}

static void* sized_malloc(void* context, size_t size) {
  return sized_realloc(context, NULL, size);
}

static void sized_free(void* context, void* ptr) {
  if (ptr == NULL) return;
  size_t* piece = (size_t*) (void*) ((char*) ptr - HEAD);
  ((bench_counting_t*) context)->live -= *piece;
  free(piece);
}

taosuv_allocator_t bench_counting(bench_counting_t* counting, bool bytes) {
  taosuv_allocator_t allocator = {counting, count_malloc, count_realloc, plain_free};
  if (!bytes) return allocator;
  allocator.malloc = sized_malloc;
  allocator.realloc = sized_realloc;
  allocator.free = sized_free;
  return allocator;
}
