/* The cost of a run, and its report: one line of JSON, or a readable table. */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <uv.h>

static double seconds(const uv_timeval_t* time) {
  return (double) time->tv_sec + (double) time->tv_usec / 1e6;
}

/* The peak of resident memory. On Linux ru_maxrss includes the process before its exec; the peak of
 * the program alone is in /proc. */
static uint64_t peak_kb(const uv_rusage_t* usage) {
  unsigned long long kb = usage->ru_maxrss;
  char line[128];
  FILE* file = fopen("/proc/self/status", "r");
  if (file == NULL) return kb;
  while (fgets(line, sizeof line, file) != NULL)
    if (sscanf(line, "VmHWM: %llu kB", &kb) == 1) break;
  fclose(file);
  return kb;
}

bench_cost_t bench_cost_now(void) {
  bench_cost_t now = {(double) uv_hrtime() / 1e9, 0, 0, 0};
  uv_rusage_t usage;
  if (uv_getrusage(&usage) < 0) return now;
  now.cpu_user_s = seconds(&usage.ru_utime);
  now.cpu_sys_s = seconds(&usage.ru_stime);
  now.maxrss_kb = peak_kb(&usage);
  return now;
}

bench_cost_t bench_cost_since(const bench_cost_t* start) {
  bench_cost_t cost = bench_cost_now();
  cost.wall_s -= start->wall_s;
  cost.cpu_user_s -= start->cpu_user_s;
  cost.cpu_sys_s -= start->cpu_sys_s;
  return cost;
}

static uint64_t rows_or_ops(const bench_report_t* report) {
  return report->options->workload == BENCH_QUERY ? report->options->ops : report->sums.rows;
}

/* Library memory for each request that was in flight. */
static double per_request(const bench_report_t* report, uint64_t bytes) {
  const bench_options_t* options = report->options;
  uint64_t inflight = options->ops < options->inflight ? options->ops : options->inflight;
  return (double) bytes / (double) inflight;
}

static double microseconds(const bench_report_t* report, unsigned per_mille) {
  return (double) bench_histogram_at(report->latency, per_mille) / 1e3;
}

static void print_json_text(const char* text) {
  putchar('"');
  for (const unsigned char* at = (const unsigned char*) text; *at != 0; at++) {
    if (*at == '"' || *at == '\\')
      printf("\\%c", *at);
    else if (*at < 0x20)
      printf("\\u%04x", *at);
    else
      putchar(*at);
  }
  putchar('"');
}

static void print_json(const bench_report_t* report) {
  const bench_options_t* options = report->options;
  const bench_sums_t* sums = &report->sums;
  printf("{\"client\":\"%s\",\"version\":\"%s\",\"workload\":\"%s\",\"params\":{\"sql\":",
         report->client, report->version, bench_workload_name(options->workload));
  print_json_text(options->sql);
  if (options->workload == BENCH_INGEST)
    printf(",\"batch\":%" PRIu32 ",\"tables\":%" PRIu32, options->batch, options->tables);
  printf(",\"ops\":%" PRIu64 ",\"inflight\":%" PRIu32 ",\"connections\":%" PRIu32 "}", options->ops,
         options->inflight, options->connections);
  printf(",\"rows_or_ops\":%" PRIu64 ",\"wall_s\":%.6f,\"cpu_user_s\":%.6f,\"cpu_sys_s\":%.6f",
         rows_or_ops(report), report->cost.wall_s, report->cost.cpu_user_s, report->cost.cpu_sys_s);
  printf(",\"maxrss_kb\":%" PRIu64, report->cost.maxrss_kb);
  if (report->has_allocations)
    printf(",\"allocations\":%" PRIu64 ",\"allocations_measured\":%" PRIu64, report->allocations,
           report->allocations_measured);
  else
    printf(",\"allocations\":null");
  printf(",\"checksum\":\"%" PRIu64 " %.17g %" PRIu64 "\"", sums->integers, sums->doubles,
         sums->bytes);
  printf(",\"rows\":%" PRIu64 ",\"blocks\":%" PRIu64, sums->rows, sums->blocks);
  if (report->latency != NULL)
    printf(",\"latency_us\":{\"p50\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f}",
           microseconds(report, 500), microseconds(report, 990), microseconds(report, 999),
           (double) report->latency->max / 1e3);
  if (report->has_memory)
    printf(",\"memory_submitted\":%" PRIu64 ",\"memory_peak\":%" PRIu64
           ",\"bytes_per_request\":%.1f,\"peak_bytes_per_request\":%.1f",
           report->memory_submitted, report->memory_peak,
           per_request(report, report->memory_submitted), per_request(report, report->memory_peak));
  printf("}\n");
}

static void print_costs(const bench_report_t* report) {
  const bench_cost_t* cost = &report->cost;
  double count = (double) rows_or_ops(report), cpu = cost->cpu_user_s + cost->cpu_sys_s;
  const char* unit = report->options->workload != BENCH_QUERY ? "row" : "operation";
  printf("  %-24s %.0f\n", report->options->workload != BENCH_QUERY ? "rows" : "operations", count);
  printf("  %-24s %.3f s", "wall time", cost->wall_s);
  if (cost->wall_s > 0) printf("  (%.0f %ss a second)", count / cost->wall_s, unit);
  printf("\n  %-24s %.3f s  (user %.3f, system %.3f)\n", "CPU time", cpu, cost->cpu_user_s,
         cost->cpu_sys_s);
  if (count > 0) printf("  CPU per %-16s %.1f ns\n", unit, cpu * 1e9 / count);
  printf("  %-24s %" PRIu64 " KiB\n", "peak memory", cost->maxrss_kb);
}

static void print_table(const bench_report_t* report) {
  const bench_options_t* options = report->options;
  printf("%s %s, %s: %s\n%" PRIu64 " times, %" PRIu32 " in flight, %" PRIu32 " connection%s\n",
         report->client, report->version, bench_workload_name(options->workload), options->sql,
         options->ops, options->inflight, options->connections,
         options->connections == 1 ? "" : "s");
  print_costs(report);
  if (report->has_allocations)
    printf("  %-24s %" PRIu64 "  (%" PRIu64 " after the warm-up)\n", "allocations",
           report->allocations, report->allocations_measured);
  if (report->latency != NULL)
    printf("  %-24s p50 %.1f  p99 %.1f  p99.9 %.1f  max %.1f us\n", "latency",
           microseconds(report, 500), microseconds(report, 990), microseconds(report, 999),
           (double) report->latency->max / 1e3);
  if (report->has_memory)
    printf("  %-24s %.1f bytes when submitted, %.1f at the peak\n", "memory per request",
           per_request(report, report->memory_submitted), per_request(report, report->memory_peak));
  printf("  %-24s %" PRIu64 " %.17g %" PRIu64 "\n", "checksum", report->sums.integers,
         report->sums.doubles, report->sums.bytes);
}

void bench_report_print(const bench_report_t* report) {
  if (report->options->json)
    print_json(report);
  else
    print_table(report);
  fflush(stdout);
}
