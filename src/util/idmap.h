/* A hash map from request ids to pointers, with open addressing, linear probing and no tombstones.
 * Room for an id is reserved before it is needed, so that storing it cannot fail. */
#ifndef TUV_UTIL_IDMAP_H
#define TUV_UTIL_IDMAP_H

#include <stddef.h>
#include <stdint.h>

#include "util/alloc.h"

typedef struct tuv_idmap_slot_s {
  uint64_t id; /* 0: free */
  void* value;
} tuv_idmap_slot_t;

typedef struct tuv_idmap_s {
  const tuv_alloc_t* alloc;
  tuv_idmap_slot_t* slots;
  size_t capacity; /* 0 or a power of two */
  size_t count;
} tuv_idmap_t;

void tuv_idmap_init(tuv_idmap_t* map, const tuv_alloc_t* alloc);
void tuv_idmap_free(tuv_idmap_t* map);

/* Makes room for one more id. Returns 0, or -1 when out of memory; the map is unchanged then. */
int tuv_idmap_reserve(tuv_idmap_t* map);

/* Stores a value for an id that is not 0 and not in the map. Room must have been reserved. */
void tuv_idmap_put(tuv_idmap_t* map, uint64_t id, void* value);

/* The value of an id, or NULL. */
void* tuv_idmap_get(const tuv_idmap_t* map, uint64_t id);

/* Replaces the value of an id that is in the map. */
void tuv_idmap_set(tuv_idmap_t* map, uint64_t id, void* value);

/* Removes an id and returns its value, or NULL. */
void* tuv_idmap_remove(tuv_idmap_t* map, uint64_t id);

#endif
