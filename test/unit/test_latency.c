/* Log-linear histograms of durations: buckets, bounds, percentiles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "client/core/stats.h"

static void bounds_grow_and_are_at_most_a_quarter_apart(void** state) {
  (void) state;
  for (unsigned i = 1; i < TAOSUV_LATENCY_BUCKETS; i++) {
    uint64_t below = taosuv_latency_bound(i - 1), bound = taosuv_latency_bound(i);
    assert_true(bound > below);
    if (i >= 4) assert_true(bound - below <= below / 4);
  }
  assert_int_equal(taosuv_latency_bound(0), 1000);
  assert_int_equal(taosuv_latency_bound(3), 4000);
  assert_int_equal(taosuv_latency_bound(7), 8000);
  assert_int_equal(taosuv_latency_bound(8), 10000);
  assert_int_equal(taosuv_latency_bound(11), 16000);
  assert_int_equal(taosuv_latency_bound(TAOSUV_LATENCY_BUCKETS), 0);
}

static void every_bound_belongs_to_the_bucket_below_it(void** state) {
  (void) state;
  assert_int_equal(tuv_latency_bucket(0), 0);
  assert_int_equal(tuv_latency_bucket(1), 0);
  for (unsigned i = 0; i < TAOSUV_LATENCY_BUCKETS - 1; i++) {
    uint64_t bound = taosuv_latency_bound(i);
    assert_int_equal(tuv_latency_bucket(bound), i);
    assert_int_equal(tuv_latency_bucket(bound + 1), i + 1);
  }
}

static void what_is_longer_than_all_is_in_the_last_bucket(void** state) {
  (void) state;
  assert_int_equal(tuv_latency_bucket(UINT64_MAX), TAOSUV_LATENCY_BUCKETS - 1);
  /* A whole day, the longest time limit, has one of its own. */
  assert_true(taosuv_latency_bound(TAOSUV_LATENCY_BUCKETS - 1) > UINT64_C(86400000000000));
}

static void sums_and_extremes_are_exact(void** state) {
  (void) state;
  taosuv_latency_t latency;
  memset(&latency, 0, sizeof latency);
  tuv_latency_add(&latency, 5000);
  tuv_latency_add(&latency, 70);
  tuv_latency_add(&latency, 123456789);
  assert_int_equal(latency.count, 3);
  assert_int_equal(latency.sum_ns, 5000 + 70 + 123456789);
  assert_int_equal(latency.min_ns, 70);
  assert_int_equal(latency.max_ns, 123456789);
  uint64_t total = 0;
  for (unsigned i = 0; i < TAOSUV_LATENCY_BUCKETS; i++) total += latency.buckets[i];
  assert_int_equal(total, 3);
}

static void percentiles_are_bounds_of_buckets(void** state) {
  (void) state;
  taosuv_latency_t latency;
  memset(&latency, 0, sizeof latency);
  for (uint64_t us = 1; us <= 1000; us++) tuv_latency_add(&latency, us * 1000);
  assert_int_equal(taosuv_latency_percentile(&latency, 0), 1000);
  uint64_t median = taosuv_latency_percentile(&latency, 50);
  assert_in_range(median, 500000, 625000);
  uint64_t p99 = taosuv_latency_percentile(&latency, 99);
  assert_in_range(p99, 990000, 1000000);
  assert_int_equal(taosuv_latency_percentile(&latency, 100), 1000000);
  assert_int_equal(taosuv_latency_percentile(&latency, 1e9), 1000000);
  assert_int_equal(taosuv_latency_percentile(&latency, -1), 1000);
}

static void a_percentile_lies_between_the_extremes(void** state) {
  (void) state;
  taosuv_latency_t latency;
  memset(&latency, 0, sizeof latency);
  assert_int_equal(taosuv_latency_percentile(&latency, 50), 0);
  assert_int_equal(taosuv_latency_percentile(NULL, 50), 0);
  tuv_latency_add(&latency, 1234567);
  for (double percent = 0; percent <= 100; percent += 12.5)
    assert_int_equal(taosuv_latency_percentile(&latency, percent), 1234567);
  memset(&latency, 0, sizeof latency);
  tuv_latency_add(&latency, UINT64_MAX);
  assert_true(taosuv_latency_percentile(&latency, 50) == UINT64_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bounds_grow_and_are_at_most_a_quarter_apart),
      cmocka_unit_test(every_bound_belongs_to_the_bucket_below_it),
      cmocka_unit_test(what_is_longer_than_all_is_in_the_last_bucket),
      cmocka_unit_test(sums_and_extremes_are_exact),
      cmocka_unit_test(percentiles_are_bounds_of_buckets),
      cmocka_unit_test(a_percentile_lies_between_the_extremes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
