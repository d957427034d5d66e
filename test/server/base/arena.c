/* Memory in pieces that is given back at once. */
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define CHUNK 4096u

struct ts_arena_chunk_s {
  ts_arena_chunk_t* next;
  size_t used;
  size_t size;
  max_align_t data[];
};

void* ts_arena_alloc(ts_arena_t* arena, size_t size) {
  size = (size + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
  ts_arena_chunk_t* chunk = arena->chunks;
  if (chunk == NULL || chunk->size - chunk->used < size) {
    size_t room = size > CHUNK ? size : CHUNK;
    chunk = ts_malloc(sizeof *chunk + room);
    *chunk = (ts_arena_chunk_t) {.next = arena->chunks, .size = room};
    arena->chunks = chunk;
  }
  void* at = (uint8_t*) chunk->data + chunk->used;
  chunk->used += size;
  return memset(at, 0, size);
}

void ts_arena_reset(ts_arena_t* arena) {
  while (arena->chunks != NULL) {
    ts_arena_chunk_t* next = arena->chunks->next;
    if (next == NULL && arena->chunks->size == CHUNK) {
      arena->chunks->used = 0;
      return;
    }
    free(arena->chunks);
    arena->chunks = next;
  }
}

void ts_arena_free(ts_arena_t* arena) {
  ts_arena_reset(arena);
  free(arena->chunks);
  arena->chunks = NULL;
}
