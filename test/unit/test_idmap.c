/* The map from ids to pointers agrees with a naive model, whatever is done to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_probe.h"
#include "util/idmap.h"

#define MODEL_IDS 700u

typedef struct {
  uint64_t id;
  void* value; /* NULL: not in the map */
} entry_t;

static uint64_t seed = 42;

static uint64_t next_random(void) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return seed;
}

static size_t home_of(uint64_t id, size_t capacity) {
  return (size_t) (id * 0x9E3779B97F4A7C15u >> 32) & (capacity - 1);
}

/* Ids of a kind that makes long runs: all at home in the last places of a small table, so that
 * runs also go around its end. */
static void fill_colliding(entry_t* model, size_t count, size_t capacity) {
  uint64_t id = 1;
  for (size_t i = 0; i < count; id++)
    if (home_of(id, capacity) >= capacity - 3) model[i++] = (entry_t) {id, NULL};
}

static void require_same(const tuv_idmap_t* map, const entry_t* model, size_t count) {
  size_t alive = 0;
  for (size_t i = 0; i < count; i++) {
    assert_ptr_equal(tuv_idmap_get(map, model[i].id), model[i].value);
    alive += model[i].value != NULL;
  }
  assert_int_equal(map->count, alive);
}

static void one_step(tuv_idmap_t* map, entry_t* entry, uint64_t what) {
  void* fresh = (void*) (uintptr_t) (what | 1);
  if (entry->value == NULL) {
    assert_null(tuv_idmap_remove(map, entry->id));
    tuv_idmap_set(map, entry->id, fresh); /* no effect on what is not there */
    assert_int_equal(tuv_idmap_reserve(map), 0);
    tuv_idmap_put(map, entry->id, fresh);
    entry->value = fresh;
  } else if (what % 4 == 0) {
    tuv_idmap_set(map, entry->id, fresh);
    entry->value = fresh;
  } else {
    assert_ptr_equal(tuv_idmap_remove(map, entry->id), entry->value);
    entry->value = NULL;
  }
  assert_ptr_equal(tuv_idmap_get(map, entry->id), entry->value);
}

static void run_model(entry_t* model, size_t count, unsigned steps) {
  alloc_probe_t probe;
  alloc_probe_init(&probe);
  tuv_idmap_t map;
  tuv_idmap_init(&map, &probe.alloc);
  for (unsigned i = 0; i < steps; i++) {
    uint64_t random = next_random();
    one_step(&map, &model[random % count], random >> 20);
    if (i % 64 == 0) require_same(&map, model, count);
  }
  require_same(&map, model, count);
  for (size_t i = 0; i < count; i++)
    assert_ptr_equal(tuv_idmap_remove(&map, model[i].id), model[i].value);
  assert_int_equal(map.count, 0);
  for (size_t i = 0; i < map.capacity; i++) assert_int_equal(map.slots[i].id, 0);
  tuv_idmap_free(&map);
  assert_int_equal(probe.live_blocks, 0);
}

static void a_random_life_agrees_with_the_model(void** state) {
  (void) state;
  static entry_t model[MODEL_IDS];
  for (size_t i = 0; i < MODEL_IDS; i++) model[i] = (entry_t) {next_random() | 1, NULL};
  run_model(model, MODEL_IDS, 100000);
}

static void consecutive_ids_agree_with_the_model(void** state) {
  (void) state;
  static entry_t model[MODEL_IDS];
  for (size_t i = 0; i < MODEL_IDS; i++) model[i] = (entry_t) {i + 1, NULL};
  run_model(model, MODEL_IDS, 100000);
}

static void removals_in_colliding_runs_agree_with_the_model(void** state) {
  (void) state;
  entry_t model[12]; /* a table of 16 holds twelve */
  for (unsigned round = 0; round < 20; round++) {
    fill_colliding(model, 12, 16);
    run_model(model, 12, 5000);
  }
}

static void every_removal_from_a_full_run_keeps_the_others(void** state) {
  (void) state;
  for (size_t first = 0; first < 12; first++) {
    for (size_t second = 0; second < 12; second++) {
      entry_t model[12];
      tuv_idmap_t map;
      tuv_idmap_init(&map, &tuv_alloc_default);
      fill_colliding(model, 12, 16);
      for (size_t i = 0; i < 12; i++) one_step(&map, &model[i], i * 4 + 1);
      assert_int_equal(map.capacity, 16);
      assert_ptr_equal(tuv_idmap_remove(&map, model[first].id), model[first].value);
      model[first].value = NULL;
      require_same(&map, model, 12);
      assert_ptr_equal(tuv_idmap_remove(&map, model[second].id), model[second].value);
      model[second].value = NULL;
      require_same(&map, model, 12);
      tuv_idmap_free(&map);
    }
  }
}

static void an_empty_map_answers_without_memory(void** state) {
  (void) state;
  alloc_probe_t probe;
  alloc_probe_init(&probe);
  tuv_idmap_t map;
  tuv_idmap_init(&map, &probe.alloc);
  assert_null(tuv_idmap_get(&map, 1));
  assert_null(tuv_idmap_get(&map, 0));
  assert_null(tuv_idmap_remove(&map, 1));
  tuv_idmap_set(&map, 1, &map);
  tuv_idmap_free(&map);
  assert_int_equal(probe.calls, 0);
}

static void id_0_is_never_found(void** state) {
  (void) state;
  tuv_idmap_t map;
  tuv_idmap_init(&map, &tuv_alloc_default);
  assert_int_equal(tuv_idmap_reserve(&map), 0);
  tuv_idmap_put(&map, 7, &map);
  assert_null(tuv_idmap_get(&map, 0));
  assert_null(tuv_idmap_remove(&map, 0));
  assert_int_equal(map.count, 1);
  tuv_idmap_free(&map);
}

static void a_failed_growth_changes_nothing(void** state) {
  (void) state;
  alloc_probe_t probe;
  alloc_probe_init(&probe);
  tuv_idmap_t map;
  tuv_idmap_init(&map, &probe.alloc);
  alloc_probe_fail(&probe, 1, false);
  assert_int_equal(tuv_idmap_reserve(&map), -1);
  for (uint64_t id = 1; id <= 1000; id++) {
    alloc_probe_fail(&probe, 1, true);
    int refused = tuv_idmap_reserve(&map);
    for (uint64_t seen = 1; seen < id; seen++)
      assert_ptr_equal(tuv_idmap_get(&map, seen), (void*) (uintptr_t) seen);
    alloc_probe_fail(&probe, 0, false);
    if (refused != 0) assert_int_equal(tuv_idmap_reserve(&map), 0);
    tuv_idmap_put(&map, id, (void*) (uintptr_t) id);
  }
  assert_in_range(probe.failures, 5, 20); /* it grows by doubling */
  tuv_idmap_free(&map);
  assert_int_equal(probe.live_blocks, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_random_life_agrees_with_the_model),
      cmocka_unit_test(consecutive_ids_agree_with_the_model),
      cmocka_unit_test(removals_in_colliding_runs_agree_with_the_model),
      cmocka_unit_test(every_removal_from_a_full_run_keeps_the_others),
      cmocka_unit_test(an_empty_map_answers_without_memory),
      cmocka_unit_test(id_0_is_never_found),
      cmocka_unit_test(a_failed_growth_changes_nothing),
  };
  return cmocka_run_group_tests_name("idmap", tests, NULL, NULL);
}
