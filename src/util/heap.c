/* A binary heap of deadlines. */
#include "util/heap.h"

#include "util/assert.h"

void tuv_heap_init(tuv_heap_t* heap, const tuv_alloc_t* alloc) {
  heap->alloc = alloc;
  heap->nodes = NULL;
  heap->count = 0;
  heap->capacity = 0;
}

void tuv_heap_free(tuv_heap_t* heap) {
  tuv_free(heap->alloc, heap->nodes);
  tuv_heap_init(heap, heap->alloc);
}

static void place(tuv_heap_t* heap, size_t at, tuv_heap_node_t* node) {
  heap->nodes[at] = node;
  node->index = at + 1;
}

static void sift_up(tuv_heap_t* heap, size_t at, tuv_heap_node_t* node) {
  while (at > 0) {
    size_t parent = (at - 1) / 2;
    if (heap->nodes[parent]->at <= node->at) break;
    place(heap, at, heap->nodes[parent]);
    at = parent;
  }
  place(heap, at, node);
}

static void sift_down(tuv_heap_t* heap, size_t at, tuv_heap_node_t* node) {
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= heap->count) break;
    if (child + 1 < heap->count && heap->nodes[child + 1]->at < heap->nodes[child]->at) child++;
    if (node->at <= heap->nodes[child]->at) break;
    place(heap, at, heap->nodes[child]);
    at = child;
  }
  place(heap, at, node);
}

int tuv_heap_insert(tuv_heap_t* heap, tuv_heap_node_t* node) {
  TUV_ASSERT(node->index == 0);
  if (heap->count == heap->capacity) {
    size_t capacity = heap->capacity == 0 ? 16 : heap->capacity * 2;
    if (capacity > SIZE_MAX / sizeof *heap->nodes) return -1;
    void* nodes = tuv_realloc(heap->alloc, heap->nodes, capacity * sizeof *heap->nodes);
    if (nodes == NULL) return -1;
    heap->nodes = nodes;
    heap->capacity = capacity;
  }
  sift_up(heap, heap->count++, node);
  return 0;
}

void tuv_heap_remove(tuv_heap_t* heap, tuv_heap_node_t* node) {
  if (node->index == 0) return;
  TUV_ASSERT(node->index <= heap->count && heap->nodes[node->index - 1] == node);
  size_t at = node->index - 1;
  node->index = 0;
  tuv_heap_node_t* last = heap->nodes[--heap->count];
  if (last == node) return;
  if (at > 0 && last->at < heap->nodes[(at - 1) / 2]->at)
    sift_up(heap, at, last);
  else
    sift_down(heap, at, last);
}

tuv_heap_node_t* tuv_heap_first(const tuv_heap_t* heap) {
  return heap->count == 0 ? NULL : heap->nodes[0];
}
