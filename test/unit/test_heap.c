/* The heap gives deadlines back in order, whatever was inserted and removed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "alloc_probe.h"
#include "util/heap.h"

static uint64_t seed = 7;

static uint64_t next_random(void) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return seed >> 33;
}

static void require_heap(const tuv_heap_t* heap) {
  for (size_t i = 0; i < heap->count; i++) {
    assert_int_equal(heap->nodes[i]->index, i + 1);
    if (i > 0) assert_true(heap->nodes[(i - 1) / 2]->at <= heap->nodes[i]->at);
  }
}

static int by_time(const void* a, const void* b) {
  uint64_t x = *(const uint64_t*) a, y = *(const uint64_t*) b;
  return x < y ? -1 : x > y;
}

static void everything_comes_out_in_order(void** state) {
  (void) state;
  enum { COUNT = 2000 };
  static tuv_heap_node_t nodes[COUNT];
  static uint64_t times[COUNT];
  alloc_probe_t probe;
  alloc_probe_init(&probe);
  tuv_heap_t heap;
  tuv_heap_init(&heap, &probe.alloc);
  assert_null(tuv_heap_first(&heap));
  for (size_t i = 0; i < COUNT; i++) {
    times[i] = nodes[i].at = next_random() % 500;
    assert_int_equal(tuv_heap_insert(&heap, &nodes[i]), 0);
  }
  require_heap(&heap);
  qsort(times, COUNT, sizeof times[0], by_time);
  for (size_t i = 0; i < COUNT; i++) {
    tuv_heap_node_t* first = tuv_heap_first(&heap);
    assert_int_equal(first->at, times[i]);
    tuv_heap_remove(&heap, first);
    assert_int_equal(first->index, 0);
  }
  assert_null(tuv_heap_first(&heap));
  tuv_heap_free(&heap);
  assert_int_equal(probe.live_blocks, 0);
}

static void any_node_can_be_removed_at_any_time(void** state) {
  (void) state;
  enum { COUNT = 200 };
  static tuv_heap_node_t nodes[COUNT];
  tuv_heap_t heap;
  tuv_heap_init(&heap, &tuv_alloc_default);
  size_t alive = 0;
  for (unsigned step = 0; step < 50000; step++) {
    tuv_heap_node_t* node = &nodes[next_random() % COUNT];
    if (node->index != 0) {
      tuv_heap_remove(&heap, node);
      assert_int_equal(node->index, 0);
      alive--;
    } else {
      node->at = next_random() % 1000;
      assert_int_equal(tuv_heap_insert(&heap, node), 0);
      alive++;
    }
    assert_int_equal(heap.count, alive);
    require_heap(&heap);
  }
  tuv_heap_free(&heap);
}

static void removing_what_is_in_no_heap_has_no_effect(void** state) {
  (void) state;
  tuv_heap_node_t in = {.at = 5}, out = {.at = 1};
  tuv_heap_t heap;
  tuv_heap_init(&heap, &tuv_alloc_default);
  tuv_heap_remove(&heap, &out);
  assert_int_equal(tuv_heap_insert(&heap, &in), 0);
  tuv_heap_remove(&heap, &out);
  assert_ptr_equal(tuv_heap_first(&heap), &in);
  tuv_heap_remove(&heap, &in);
  tuv_heap_remove(&heap, &in);
  assert_int_equal(heap.count, 0);
  tuv_heap_free(&heap);
}

static void the_largest_and_the_smallest_time_are_times(void** state) {
  (void) state;
  tuv_heap_node_t never = {.at = UINT64_MAX}, at_once = {.at = 0};
  tuv_heap_t heap;
  tuv_heap_init(&heap, &tuv_alloc_default);
  assert_int_equal(tuv_heap_insert(&heap, &never), 0);
  assert_int_equal(tuv_heap_insert(&heap, &at_once), 0);
  assert_ptr_equal(tuv_heap_first(&heap), &at_once);
  tuv_heap_remove(&heap, &at_once);
  assert_ptr_equal(tuv_heap_first(&heap), &never);
  tuv_heap_free(&heap);
}

static void a_failed_insert_changes_nothing(void** state) {
  (void) state;
  tuv_heap_node_t nodes[40] = {{0}};
  alloc_probe_t probe;
  alloc_probe_init(&probe);
  tuv_heap_t heap;
  tuv_heap_init(&heap, &probe.alloc);
  for (size_t i = 0; i < 40; i++) {
    nodes[i].at = 100 - i;
    alloc_probe_fail(&probe, 1, false);
    if (tuv_heap_insert(&heap, &nodes[i]) != 0) {
      assert_int_equal(nodes[i].index, 0);
      assert_int_equal(heap.count, i);
      require_heap(&heap);
      assert_int_equal(tuv_heap_insert(&heap, &nodes[i]), 0);
    }
    alloc_probe_fail(&probe, 0, false);
    assert_ptr_equal(tuv_heap_first(&heap), &nodes[i]);
  }
  assert_int_equal(probe.failures, 3); /* for 16, 32 and 64 places */
  tuv_heap_free(&heap);
  assert_int_equal(probe.live_blocks, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(everything_comes_out_in_order),
      cmocka_unit_test(any_node_can_be_removed_at_any_time),
      cmocka_unit_test(removing_what_is_in_no_heap_has_no_effect),
      cmocka_unit_test(the_largest_and_the_smallest_time_are_times),
      cmocka_unit_test(a_failed_insert_changes_nothing),
  };
  return cmocka_run_group_tests_name("heap", tests, NULL, NULL);
}
