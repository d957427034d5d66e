/* Pauses double up to the longest one, and are spread by a fifth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/backoff.h"

static void pauses_double_up_to_the_longest(void** state) {
  (void) state;
  static const uint64_t pauses[] = {200, 200, 400, 800, 1600, 2000, 2000};
  for (uint32_t i = 0; i < sizeof pauses / sizeof *pauses; i++)
    assert_int_equal(tuv_backoff(200, 2000, i), pauses[i]);
  assert_int_equal(tuv_backoff(200, 2000, UINT32_MAX), 2000);
  assert_int_equal(tuv_backoff(1, UINT64_MAX / 2, UINT32_MAX), UINT64_MAX / 2);
}

static void no_pause_is_longer_than_the_longest(void** state) {
  (void) state;
  assert_int_equal(tuv_backoff(500, 300, 1), 300);
  assert_int_equal(tuv_backoff(500, 0, 7), 0);
  assert_int_equal(tuv_backoff(0, 300, 7), 0);
}

static void a_pause_is_spread_by_a_fifth(void** state) {
  (void) state;
  assert_int_equal(tuv_backoff_spread(1000, 0), 800);
  assert_int_equal(tuv_backoff_spread(1000, UINT16_MAX), 1200);
  assert_int_equal(tuv_backoff_spread(1000, 0x8000), 1000);
  assert_int_equal(tuv_backoff_spread(4, UINT16_MAX), 4);
  assert_int_equal(tuv_backoff_spread(0, UINT16_MAX), 0);
  assert_int_equal(tuv_backoff_spread(86400000, UINT16_MAX), 103680000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pauses_double_up_to_the_longest),
      cmocka_unit_test(no_pause_is_longer_than_the_longest),
      cmocka_unit_test(a_pause_is_spread_by_a_fifth),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
