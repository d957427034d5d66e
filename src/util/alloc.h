/* Memory by the client's allocator. Everything that the library allocates comes from here. */
#ifndef TUV_UTIL_ALLOC_H
#define TUV_UTIL_ALLOC_H

#include <stddef.h>

/* Laid out like the public taosuv_allocator_t, so that wire/ does not need the client's header. */
typedef struct tuv_alloc_s {
  void* context;
  void* (*malloc)(void* context, size_t size);
  void* (*realloc)(void* context, void* ptr, size_t size);
  void (*free)(void* context, void* ptr);
} tuv_alloc_t;

/* malloc, realloc and free of the C library. */
extern const tuv_alloc_t tuv_alloc_default;

void* tuv_malloc(const tuv_alloc_t* alloc, size_t size);
void* tuv_calloc(const tuv_alloc_t* alloc, size_t count, size_t size); /* NULL on overflow */
void* tuv_realloc(const tuv_alloc_t* alloc, void* ptr, size_t size);
void tuv_free(const tuv_alloc_t* alloc, void* ptr);

/* Overwrites memory that held a secret. The compiler cannot leave it out. */
void tuv_wipe(void* ptr, size_t size);

#endif
