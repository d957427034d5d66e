/* Random bytes come in any size and do not repeat. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <uv.h>

#include "io/random.h"

static void every_size_is_filled_and_no_more(void** state) {
  (void) state;
  tuv_random_t source;
  tuv_random_init(&source);
  for (size_t size = 0; size <= sizeof source.bytes; size++) {
    uint8_t* out = calloc(1, size + 1);
    assert_non_null(out);
    assert_int_equal(tuv_random_bytes(&source, out, size), 0);
    assert_int_equal(out[size], 0);
    size_t zeros = 0;
    for (size_t i = 0; i < size; i++) zeros += out[i] == 0;
    if (size >= 64) assert_true(zeros < size / 4); /* 1 in 256 is to be expected */
    free(out);
  }
}

static int compare(const void* a, const void* b) {
  return memcmp(a, b, 8);
}

static void no_piece_comes_twice(void** state) {
  (void) state;
  enum { COUNT = 20000 };
  static uint8_t pieces[COUNT][8];
  tuv_random_t source;
  tuv_random_init(&source);
  for (size_t i = 0; i < COUNT; i++)
    assert_int_equal(tuv_random_bytes(&source, pieces[i], sizeof pieces[i]), 0);
  qsort(pieces, COUNT, sizeof pieces[0], compare);
  for (size_t i = 1; i < COUNT; i++) assert_memory_not_equal(pieces[i - 1], pieces[i], 8);
}

static void two_sources_differ(void** state) {
  (void) state;
  tuv_random_t one, two;
  uint8_t a[32], b[32];
  tuv_random_init(&one);
  tuv_random_init(&two);
  assert_int_equal(tuv_random_bytes(&one, a, sizeof a), 0);
  assert_int_equal(tuv_random_bytes(&two, b, sizeof b), 0);
  assert_memory_not_equal(a, b, sizeof a);
}

static void more_than_the_store_is_refused(void** state) {
  (void) state;
  static uint8_t out[1025];
  tuv_random_t source;
  tuv_random_init(&source);
  assert_int_equal(tuv_random_bytes(&source, out, sizeof out), UV_EINVAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_size_is_filled_and_no_more),
      cmocka_unit_test(no_piece_comes_twice),
      cmocka_unit_test(two_sources_differ),
      cmocka_unit_test(more_than_the_store_is_refused),
  };
  return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
