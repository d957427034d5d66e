/* Memory in pieces that is given back at once. */
#ifndef TS_BASE_ARENA_H
#define TS_BASE_ARENA_H

#include <stddef.h>

typedef struct ts_arena_chunk_s ts_arena_chunk_t;

/* All zero: empty. */
typedef struct ts_arena_s {
  ts_arena_chunk_t* chunks;
} ts_arena_t;

void* ts_arena_alloc(ts_arena_t* arena, size_t size); /* zeroed */
/* Gives everything back but one chunk, which the next row of many can use again. */
void ts_arena_reset(ts_arena_t* arena);
void ts_arena_free(ts_arena_t* arena);

#endif
