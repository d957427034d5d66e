/* Memory that is taken piece by piece and returned all at once. The arena keeps it, so that the
 * same work done again needs no allocator. */
#ifndef TUV_UTIL_ARENA_H
#define TUV_UTIL_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "util/alloc.h"

typedef struct tuv_arena_chunk_s tuv_arena_chunk_t;

/* May be moved by assignment: it has no pointer to itself. */
typedef struct tuv_arena_s {
  const tuv_alloc_t* alloc;
  tuv_arena_chunk_t* first;
  tuv_arena_chunk_t* current; /* NULL: nothing was taken */
  uint32_t idle;              /* resets in a row that found unused chunks */
} tuv_arena_t;

void tuv_arena_init(tuv_arena_t* arena, const tuv_alloc_t* alloc);
void tuv_arena_free(tuv_arena_t* arena);

/* Returns `size` bytes, aligned for any type, or NULL when out of memory. */
void* tuv_arena_take(tuv_arena_t* arena, size_t size);

/* A position in the arena; rewinding returns what was taken since. */
typedef struct tuv_arena_mark_s {
  tuv_arena_chunk_t* current;
  size_t used;
} tuv_arena_mark_t;
tuv_arena_mark_t tuv_arena_mark(const tuv_arena_t* arena);
void tuv_arena_rewind(tuv_arena_t* arena, tuv_arena_mark_t mark);

/* Returns everything. Chunks that were not needed for a long time are freed. */
void tuv_arena_reset(tuv_arena_t* arena);

#endif
