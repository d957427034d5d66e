/* The ids that the library gives to requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/core/ids.h"

static void ids_are_positive_as_signed_numbers(void** state) {
  tuv_ids_t ids;
  (void) state;
  tuv_ids_init(&ids, UINT64_MAX);
  for (unsigned i = 0; i < 100000; i++) assert_true((int64_t) tuv_ids_next(&ids) > 0);
}

static void ids_count_up(void** state) {
  tuv_ids_t ids;
  (void) state;
  tuv_ids_init(&ids, UINT64_C(0x0123456789ABCDEF));
  uint64_t first = tuv_ids_next(&ids);
  assert_int_equal(first, (UINT64_C(0x0123456789ABCDEF) >> 41) << 40 | 0xCDF0);
  assert_int_equal(tuv_ids_next(&ids), first + 1);
}

static void the_counter_goes_round_without_zero(void** state) {
  tuv_ids_t ids;
  (void) state;
  tuv_ids_init(&ids, 0);
  ids.low = 0xFFFFFFFFFE;
  assert_int_equal(tuv_ids_next(&ids), 0xFFFFFFFFFF);
  assert_int_equal(tuv_ids_next(&ids), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(ids_are_positive_as_signed_numbers),
                                     cmocka_unit_test(ids_count_up),
                                     cmocka_unit_test(the_counter_goes_round_without_zero)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
