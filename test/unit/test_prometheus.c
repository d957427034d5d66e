/* The parts of the Prometheus text: heads, escaped labels, cumulative histograms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/observe/prometheus.h"
#include "client/core/stats.h"

static void a_head_is_help_and_type(void** state) {
  (void) state;
  char buf[128];
  tuv_text_t out = tuv_text_start(buf, sizeof buf);
  tuv_prometheus_head(&out, "a_total", "counter", "What it is.");
  tuv_text_end(&out);
  assert_string_equal(buf, "# HELP a_total What it is.\n# TYPE a_total counter\n");
}

static void labels_are_escaped(void** state) {
  (void) state;
  char buf[64];
  tuv_text_t out = tuv_text_start(buf, sizeof buf);
  tuv_prometheus_label(&out, "host", "a\\b\"c\nd:1");
  tuv_text_end(&out);
  assert_string_equal(buf, "host=\"a\\\\b\\\"c\\nd:1\"");
}

/* The value of the line that begins with this. */
static uint64_t value_of(const char* text, const char* start) {
  const char* at = strstr(text, start);
  if (at == NULL) fail_msg("no %s", start);
  return strtoull(at + strlen(start), NULL, 10);
}

static void buckets_are_cumulative_and_end_with_the_count(void** state) {
  (void) state;
  char buf[8192];
  taosuv_latency_t latency;
  memset(&latency, 0, sizeof latency);
  tuv_latency_add(&latency, 16000); /* le is inclusive */
  tuv_latency_add(&latency, 16001);
  tuv_latency_add(&latency, 1000000);
  tuv_latency_add(&latency, 200000000000); /* beyond the last bound */
  tuv_text_t out = tuv_text_start(buf, sizeof buf);
  tuv_prometheus_latency(&out, "exec", &latency);
  assert_in_range(tuv_text_end(&out), 100, sizeof buf - 1);
#define LINE "taosuv_request_duration_seconds_bucket{action=\"exec\",le=\""
  assert_int_equal(value_of(buf, LINE "0.000016\"} "), 1);
  assert_int_equal(value_of(buf, LINE "0.000032\"} "), 2);
  assert_int_equal(value_of(buf, LINE "0.001024\"} "), 3);
  assert_int_equal(value_of(buf, LINE "67.108864\"} "), 3);
  assert_int_equal(value_of(buf, LINE "+Inf\"} "), 4);
  assert_int_equal(value_of(buf, "_count{action=\"exec\"} "), 4);
  assert_non_null(strstr(buf, "_sum{action=\"exec\"} 200.001032001\n"));
  uint64_t last = 0;
  unsigned lines = 0;
  for (const char* at = strstr(buf, LINE); at != NULL; at = strstr(at + 1, LINE)) {
    uint64_t value = strtoull(strstr(at, "} ") + 2, NULL, 10);
    assert_true(value >= last);
    last = value;
    lines++;
  }
  assert_int_equal(lines, 24);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_head_is_help_and_type),
      cmocka_unit_test(labels_are_escaped),
      cmocka_unit_test(buckets_are_cumulative_and_end_with_the_count),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
