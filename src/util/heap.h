/* A binary heap of deadlines: the earliest is first, and any of them can be removed. */
#ifndef TUV_UTIL_HEAP_H
#define TUV_UTIL_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "util/alloc.h"

/* Embedded in the struct that has a deadline. */
typedef struct tuv_heap_node_s {
  uint64_t at;
  size_t index; /* position + 1; 0: not in a heap */
} tuv_heap_node_t;

typedef struct tuv_heap_s {
  const tuv_alloc_t* alloc;
  tuv_heap_node_t** nodes;
  size_t count;
  size_t capacity;
} tuv_heap_t;

void tuv_heap_init(tuv_heap_t* heap, const tuv_alloc_t* alloc);
void tuv_heap_free(tuv_heap_t* heap);
int tuv_heap_insert(tuv_heap_t* heap, tuv_heap_node_t* node);  /* 0, or -1 when out of memory */
void tuv_heap_remove(tuv_heap_t* heap, tuv_heap_node_t* node); /* no effect if not in the heap */
tuv_heap_node_t* tuv_heap_first(const tuv_heap_t* heap);       /* NULL when empty */

#endif
