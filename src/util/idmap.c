/* A hash map from request ids to pointers. */
#include "util/idmap.h"

#include "util/assert.h"

/* Ids are mostly consecutive numbers. Fibonacci hashing spreads them over the high bits. */
static size_t home_of(const tuv_idmap_t* map, uint64_t id) {
  uint64_t hash = id * 0x9E3779B97F4A7C15u;
  return (size_t) (hash >> 32) & (map->capacity - 1);
}

void tuv_idmap_init(tuv_idmap_t* map, const tuv_alloc_t* alloc) {
  map->alloc = alloc;
  map->slots = NULL;
  map->capacity = 0;
  map->count = 0;
}

void tuv_idmap_free(tuv_idmap_t* map) {
  tuv_free(map->alloc, map->slots);
  tuv_idmap_init(map, map->alloc);
}

int tuv_idmap_reserve(tuv_idmap_t* map) {
  if (map->count + 1 <= map->capacity - map->capacity / 4) return 0;
  if (map->capacity > SIZE_MAX / 2) return -1;
  tuv_idmap_t bigger = *map;
  bigger.capacity = map->capacity == 0 ? 16 : map->capacity * 2;
  bigger.count = 0;
  bigger.slots = tuv_calloc(map->alloc, bigger.capacity, sizeof *bigger.slots);
  if (bigger.slots == NULL) return -1;
  for (size_t i = 0; i < map->capacity; i++)
    if (map->slots[i].id != 0) tuv_idmap_put(&bigger, map->slots[i].id, map->slots[i].value);
  tuv_free(map->alloc, map->slots);
  *map = bigger;
  return 0;
}

void tuv_idmap_put(tuv_idmap_t* map, uint64_t id, void* value) {
  TUV_ASSERT(id != 0 && map->count < map->capacity);
  size_t mask = map->capacity - 1;
  size_t i = home_of(map, id);
  for (; map->slots[i].id != 0; i = (i + 1) & mask) TUV_ASSERT(map->slots[i].id != id);
  map->slots[i].id = id;
  map->slots[i].value = value;
  map->count++;
}

static tuv_idmap_slot_t* find(const tuv_idmap_t* map, uint64_t id) {
  if (map->count == 0 || id == 0) return NULL;
  size_t mask = map->capacity - 1;
  for (size_t i = home_of(map, id); map->slots[i].id != 0; i = (i + 1) & mask)
    if (map->slots[i].id == id) return &map->slots[i];
  return NULL;
}

void* tuv_idmap_get(const tuv_idmap_t* map, uint64_t id) {
  tuv_idmap_slot_t* slot = find(map, id);
  return slot == NULL ? NULL : slot->value;
}

void tuv_idmap_set(tuv_idmap_t* map, uint64_t id, void* value) {
  tuv_idmap_slot_t* slot = find(map, id);
  if (slot != NULL) slot->value = value;
}

/* Closes the hole at `at`: moves back the later entries of the run that belong there. */
static void close_hole(tuv_idmap_t* map, size_t at) {
  size_t mask = map->capacity - 1;
  size_t hole = at;
  for (size_t i = (at + 1) & mask; map->slots[i].id != 0; i = (i + 1) & mask) {
    size_t home = home_of(map, map->slots[i].id);
    if (((i - home) & mask) < ((i - hole) & mask)) continue;
    map->slots[hole] = map->slots[i];
    hole = i;
  }
  map->slots[hole].id = 0;
  map->slots[hole].value = NULL;
}

void* tuv_idmap_remove(tuv_idmap_t* map, uint64_t id) {
  tuv_idmap_slot_t* slot = find(map, id);
  if (slot == NULL) return NULL;
  void* value = slot->value;
  close_hole(map, (size_t) (slot - map->slots));
  map->count--;
  return value;
}
