/* The command line that taosuv-bench and taosuv-floor share. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { BENCH_FETCH, BENCH_QUERY, BENCH_LINES, BENCH_INGEST, BENCH_TMQ } bench_workload_t;

typedef struct bench_options_s {
  const char* url;
  const char* sql; /* default: that of the workload */
  bench_workload_t workload;
  uint64_t ops;    /* of an ingest: batches */
  uint32_t batch;  /* ingest: rows of one */
  uint32_t tables; /* ingest: number of tables */
  uint32_t inflight;
  uint32_t rows; /* of a message of lines */
  uint32_t connections;
  bool json;
  bool idle_memory; /* taosuv-bench only */
  bool touch;       /* taosuv-floor only */
} bench_options_t;

#define BENCH_MAX_INFLIGHT 1000000u

/* Reads the arguments. Returns 0; or the exit code of the program, after printing the reason: 2 for
 * bad options (usage on stderr), -1 for --help (usage on stdout; the exit code is then 0). */
int bench_options_read(int argc, char** argv, bool floor, bench_options_t* options);

const char* bench_workload_name(bench_workload_t workload);

#endif
