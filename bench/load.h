/* The load: operations that run a statement and read its result, with a fixed number in flight. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "histogram.h"
#include "options.h"
#include "sums.h"
#include "taosuv.h"

/* One operation in flight. The memory of a query is reused for its fetch: a request belongs to the
 * caller from the moment its callback begins. */
typedef struct bench_op_s {
  union {
    taosuv_req_t any;
    taosuv_query_t query;
    taosuv_fetch_t fetch;
    taosuv_insert_lines_t lines;
  } req;
  uint64_t started;
} bench_op_t;

typedef struct bench_load_s bench_load_t;
struct bench_load_s {
  taosuv_client_t* client;
  const bench_options_t* options;
  size_t sql_length;
  uv_buf_t text;   /* of a message of lines */
  bench_op_t* ops; /* the maximum number in flight */
  uint64_t goal;   /* of this phase */
  uint64_t begun;
  uint64_t completed;
  uint64_t now; /* the time of the last completion, which begins the next operation */
  bench_sums_t sums;
  bench_histogram_t latency;
  bool failed;
  void (*done)(bench_load_t* load); /* the goal is reached, or an operation has failed */
};

/* Returns 0, or -1 when out of memory. */
int bench_load_init(bench_load_t* load, taosuv_client_t* client, const bench_options_t* options);
void bench_load_free(bench_load_t* load);

/* Begins a phase of `goal` operations with its own sums and latencies; `done` ends it. If an
 * operation fails, it prints the error to stderr and sets `failed`; the client must then be
 * closed. */
void bench_load_run(bench_load_t* load, uint64_t goal);

#endif
