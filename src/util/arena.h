/* Memory that is taken piece by piece and given back all at once, and kept for the next time. */
#ifndef TUV_UTIL_ARENA_H
#define TUV_UTIL_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "util/alloc.h"

typedef struct tuv_arena_chunk_s tuv_arena_chunk_t;

/* It holds no pointer to itself: it may be moved by assignment. */
typedef struct tuv_arena_s {
  const tuv_alloc_t* alloc;
  tuv_arena_chunk_t* first;
  tuv_arena_chunk_t* current; /* NULL: nothing is taken */
  uint32_t idle;              /* resets in a row that found chunks not used */
} tuv_arena_t;

void tuv_arena_init(tuv_arena_t* arena, const tuv_alloc_t* alloc);
void tuv_arena_free(tuv_arena_t* arena);

/* `size` bytes, aligned for everything, or NULL when out of memory. The same requests after a reset
 * are answered without the allocator. */
void* tuv_arena_take(tuv_arena_t* arena, size_t size);

/* Gives back what was taken since the mark. */
typedef struct tuv_arena_mark_s {
  tuv_arena_chunk_t* current;
  size_t used;
} tuv_arena_mark_t;
tuv_arena_mark_t tuv_arena_mark(const tuv_arena_t* arena);
void tuv_arena_rewind(tuv_arena_t* arena, tuv_arena_mark_t mark);

/* All that was taken is given back. Chunks that long were not needed are freed. */
void tuv_arena_reset(tuv_arena_t* arena);

#endif
