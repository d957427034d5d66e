/* The cost of a run, and its report: one line of JSON, or a readable table. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "histogram.h"
#include "options.h"
#include "sums.h"

/* Time and memory of this process between two moments. */
typedef struct bench_cost_s {
  double wall_s;
  double cpu_user_s;
  double cpu_sys_s;
  uint64_t maxrss_kb; /* of the process since its start */
} bench_cost_t;

/* The current counters; a cost is the difference of two of them. */
bench_cost_t bench_cost_now(void);
bench_cost_t bench_cost_since(const bench_cost_t* start);

typedef struct bench_report_s {
  const char* client; /* "taosuv" or "floor" */
  const char* version;
  const bench_options_t* options;
  bench_cost_t cost;
  bench_sums_t sums;
  const bench_histogram_t* latency; /* NULL: not measured */
  bool has_allocations;
  uint64_t allocations;          /* of the whole run */
  uint64_t allocations_measured; /* after the warm-up */
  bool has_memory;
  uint64_t memory_submitted; /* the library's live bytes with all requests just submitted */
  uint64_t memory_peak;      /* their maximum */
} bench_report_t;

void bench_report_print(const bench_report_t* report);

#endif
