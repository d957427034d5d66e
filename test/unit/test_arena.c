/* Memory taken in pieces: aligned, apart, kept, and given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_probe.h"
#include "util/arena.h"

static void pieces_are_aligned_and_apart(void** state) {
  (void) state;
  alloc_probe_t probe;
  tuv_arena_t arena;
  uint8_t* pieces[200];
  alloc_probe_init(&probe);
  tuv_arena_init(&arena, &probe.alloc);
  for (size_t i = 0; i < 200; i++) {
    pieces[i] = tuv_arena_take(&arena, i * 7);
    assert_non_null(pieces[i]);
    assert_int_equal((uintptr_t) pieces[i] % 16, 0);
    memset(pieces[i], (int) i, i * 7);
  }
  for (size_t i = 0; i < 200; i++)
    for (size_t at = 0; at < i * 7; at++) assert_int_equal(pieces[i][at], i);
  tuv_arena_free(&arena);
  assert_int_equal(probe.live_blocks, 0);
}

static void the_same_again_takes_no_memory(void** state) {
  (void) state;
  alloc_probe_t probe;
  tuv_arena_t arena;
  size_t calls = 0;
  alloc_probe_init(&probe);
  tuv_arena_init(&arena, &probe.alloc);
  for (int round = 0; round < 50; round++) {
    if (round == 1) calls = probe.calls;
    for (size_t i = 0; i < 100; i++) assert_non_null(tuv_arena_take(&arena, i * i % 9000));
    tuv_arena_reset(&arena);
  }
  assert_int_equal(probe.calls, calls);
  tuv_arena_free(&arena);
}

static void what_was_taken_since_a_mark_is_taken_again(void** state) {
  (void) state;
  tuv_arena_t arena;
  tuv_arena_init(&arena, &tuv_alloc_default);
  tuv_arena_mark_t none = tuv_arena_mark(&arena);
  void* first = tuv_arena_take(&arena, 10);
  tuv_arena_rewind(&arena, none);
  assert_ptr_equal(tuv_arena_take(&arena, 10), first);
  tuv_arena_mark_t mark = tuv_arena_mark(&arena);
  void* second = tuv_arena_take(&arena, 10);
  assert_non_null(tuv_arena_take(&arena, 1 << 20));
  tuv_arena_rewind(&arena, mark);
  assert_ptr_equal(tuv_arena_take(&arena, 10), second);
  tuv_arena_free(&arena);
}

static void what_is_long_not_needed_is_freed(void** state) {
  (void) state;
  alloc_probe_t probe;
  tuv_arena_t arena;
  alloc_probe_init(&probe);
  tuv_arena_init(&arena, &probe.alloc);
  assert_non_null(tuv_arena_take(&arena, 10));
  assert_non_null(tuv_arena_take(&arena, 1 << 22));
  for (int round = 0; round < 20; round++) {
    tuv_arena_reset(&arena);
    assert_non_null(tuv_arena_take(&arena, 10));
  }
  assert_true(probe.live_bytes < 8192);
  tuv_arena_free(&arena);
  assert_int_equal(probe.live_blocks, 0);
}

static void too_much_is_refused(void** state) {
  (void) state;
  alloc_probe_t probe;
  tuv_arena_t arena;
  alloc_probe_init(&probe);
  probe.limit = 1 << 16;
  tuv_arena_init(&arena, &probe.alloc);
  assert_null(tuv_arena_take(&arena, 1 << 20));
  assert_null(tuv_arena_take(&arena, SIZE_MAX));
  assert_null(tuv_arena_take(&arena, SIZE_MAX - 40));
  assert_non_null(tuv_arena_take(&arena, 100));
  tuv_arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pieces_are_aligned_and_apart),
      cmocka_unit_test(the_same_again_takes_no_memory),
      cmocka_unit_test(what_was_taken_since_a_mark_is_taken_again),
      cmocka_unit_test(what_is_long_not_needed_is_freed),
      cmocka_unit_test(too_much_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
