/* Memory taken piece by piece and returned all at once. */
#include "util/arena.h"

#include <stdbool.h>

#define FIRST_CHUNK (4u << 10)
#define LARGEST_CHUNK (1u << 20)
#define ALIGN 16u

/* A chunk that was not needed for this many resets in a row is freed. */
#define MAX_IDLE 16u

struct tuv_arena_chunk_s {
  tuv_arena_chunk_t* next;
  size_t capacity;
  size_t used;
  _Alignas(ALIGN) uint8_t data[];
};

void tuv_arena_init(tuv_arena_t* arena, const tuv_alloc_t* alloc) {
  *arena = (tuv_arena_t) {.alloc = alloc};
}

static void free_from(const tuv_arena_t* arena, tuv_arena_chunk_t* chunk) {
  while (chunk != NULL) {
    tuv_arena_chunk_t* next = chunk->next;
    tuv_free(arena->alloc, chunk);
    chunk = next;
  }
}

void tuv_arena_free(tuv_arena_t* arena) {
  free_from(arena, arena->first);
  tuv_arena_init(arena, arena->alloc);
}

static tuv_arena_chunk_t* add_chunk(tuv_arena_t* arena, size_t size) {
  tuv_arena_chunk_t* before = arena->current;
  size_t capacity = FIRST_CHUNK;
  if (before != NULL) capacity = before->capacity * 2;
  if (capacity > LARGEST_CHUNK) capacity = LARGEST_CHUNK;
  if (capacity < size) capacity = size;
  if (capacity > SIZE_MAX - sizeof(tuv_arena_chunk_t)) return NULL;
  tuv_arena_chunk_t* chunk = tuv_malloc(arena->alloc, sizeof *chunk + capacity);
  if (chunk == NULL) return NULL;
  chunk->capacity = capacity;
  chunk->next = before != NULL ? before->next : arena->first;
  if (before != NULL)
    before->next = chunk;
  else
    arena->first = chunk;
  return chunk;
}

/* The next chunk that has room: one that was kept, or a new one. */
static tuv_arena_chunk_t* next_chunk(tuv_arena_t* arena, size_t size) {
  tuv_arena_chunk_t* kept = arena->current != NULL ? arena->current->next : arena->first;
  if (kept == NULL || kept->capacity < size) kept = add_chunk(arena, size);
  return kept;
}

void* tuv_arena_take(tuv_arena_t* arena, size_t size) {
  if (size > SIZE_MAX - ALIGN) return NULL;
  size = (size + ALIGN - 1) / ALIGN * ALIGN;
  tuv_arena_chunk_t* chunk = arena->current;
  if (chunk == NULL || chunk->capacity - chunk->used < size) {
    chunk = next_chunk(arena, size);
    if (chunk == NULL) return NULL;
    chunk->used = 0;
    arena->current = chunk;
  }
  void* taken = chunk->data + chunk->used;
  chunk->used += size;
  return taken;
}

tuv_arena_mark_t tuv_arena_mark(const tuv_arena_t* arena) {
  tuv_arena_mark_t mark = {arena->current, arena->current != NULL ? arena->current->used : 0};
  return mark;
}

void tuv_arena_rewind(tuv_arena_t* arena, tuv_arena_mark_t mark) {
  arena->current = mark.current;
  if (mark.current != NULL) mark.current->used = mark.used;
}

void tuv_arena_reset(tuv_arena_t* arena) {
  tuv_arena_chunk_t** spare = arena->current != NULL ? &arena->current->next : &arena->first;
  arena->idle = *spare != NULL ? arena->idle + 1 : 0;
  if (arena->idle == MAX_IDLE) {
    free_from(arena, *spare);
    *spare = NULL;
    arena->idle = 0;
  }
  arena->current = NULL;
}
