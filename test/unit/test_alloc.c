/* The allocator's verbs: zeroed, checked for overflow, and only ever the caller's functions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_probe.h"
#include "util/alloc.h"

static void the_default_is_the_c_library(void** state) {
  (void) state;
  char* text = tuv_malloc(&tuv_alloc_default, 4);
  assert_non_null(text);
  memcpy(text, "abc", 4);
  text = tuv_realloc(&tuv_alloc_default, text, 100000);
  assert_non_null(text);
  assert_string_equal(text, "abc");
  tuv_free(&tuv_alloc_default, text);
  tuv_free(&tuv_alloc_default, NULL);
}

static void all_verbs_go_to_the_caller_s_functions(void** state) {
  (void) state;
  alloc_probe_t probe;
  alloc_probe_init(&probe);
  void* a = tuv_malloc(&probe.alloc, 10);
  void* b = tuv_calloc(&probe.alloc, 5, 4);
  assert_int_equal(probe.live_bytes, 30);
  a = tuv_realloc(&probe.alloc, a, 50);
  assert_int_equal(probe.live_bytes, 70);
  assert_int_equal(probe.calls, 3);
  tuv_free(&probe.alloc, a);
  tuv_free(&probe.alloc, b);
  tuv_free(&probe.alloc, NULL); /* does not reach the caller's function */
  assert_int_equal(probe.frees, 2);
  assert_int_equal(probe.live_blocks, 0);
}

static void calloc_gives_zeros(void** state) {
  (void) state;
  alloc_probe_t probe; /* its memory is full of 0xA5 */
  alloc_probe_init(&probe);
  unsigned char* bytes = tuv_calloc(&probe.alloc, 100, 7);
  for (size_t i = 0; i < 700; i++) assert_int_equal(bytes[i], 0);
  tuv_free(&probe.alloc, bytes);
}

static void calloc_refuses_what_overflows(void** state) {
  (void) state;
  alloc_probe_t probe;
  alloc_probe_init(&probe);
  assert_null(tuv_calloc(&probe.alloc, SIZE_MAX, 2));
  assert_null(tuv_calloc(&probe.alloc, 2, SIZE_MAX));
  assert_null(tuv_calloc(&probe.alloc, SIZE_MAX / 8 + 1, 8));
  assert_int_equal(probe.calls, 0);
  probe.limit = 1000;
  assert_null(tuv_calloc(&probe.alloc, SIZE_MAX / 8, 8));
  assert_int_equal(probe.largest, SIZE_MAX / 8 * 8);
}

static void a_failure_is_null(void** state) {
  (void) state;
  alloc_probe_t probe;
  alloc_probe_init(&probe);
  void* kept = tuv_malloc(&probe.alloc, 8);
  alloc_probe_fail(&probe, 1, true);
  assert_null(tuv_malloc(&probe.alloc, 1));
  assert_null(tuv_calloc(&probe.alloc, 1, 1));
  assert_null(tuv_realloc(&probe.alloc, kept, 16));
  assert_int_equal(probe.failures, 3);
  assert_int_equal(probe.live_bytes, 8);
  tuv_free(&probe.alloc, kept);
}

static void a_wiped_secret_is_gone(void** state) {
  (void) state;
  char secret[] = "..taosdata..";
  tuv_wipe(secret + 2, 8);
  assert_memory_equal(secret, "..\0\0\0\0\0\0\0\0..", sizeof secret);
  tuv_wipe(secret, 0);
  assert_int_equal(secret[0], '.');
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_default_is_the_c_library),
      cmocka_unit_test(all_verbs_go_to_the_caller_s_functions),
      cmocka_unit_test(calloc_gives_zeros),
      cmocka_unit_test(calloc_refuses_what_overflows),
      cmocka_unit_test(a_failure_is_null),
      cmocka_unit_test(a_wiped_secret_is_gone),
  };
  return cmocka_run_group_tests_name("alloc", tests, NULL, NULL);
}
