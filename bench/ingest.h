/* The ingest: batches of rows are bound by column and executed, with a fixed number in flight. */
#ifndef BENCH_INGEST_H
#define BENCH_INGEST_H

#include "ingest_rows.h"
#include "options.h"
#include "taosuv.h"

typedef struct bench_ingest_s bench_ingest_t;
struct bench_ingest_s {
  taosuv_client_t* client;
  const bench_options_t* options;
  ingest_rows_t rows;
  taosuv_exec_t create;
  taosuv_stmt_prepare_t prepare;
  taosuv_stmt_t* stmt;
  taosuv_stmt_exec_t* execs;       /* the maximum number in flight */
  uint64_t goal, begun, completed; /* batches of this phase */
  uint64_t affected;               /* rows, of all phases */
  bool failed;
  void (*ready)(bench_ingest_t* ingest); /* it is prepared, or preparing failed */
  void (*done)(bench_ingest_t* ingest);  /* the goal is reached, or a batch has failed */
};

/* Returns 0, or -1 when out of memory. */
int bench_ingest_init(bench_ingest_t* ingest, taosuv_client_t* client,
                      const bench_options_t* options);
void bench_ingest_free(bench_ingest_t* ingest);

/* Creates the table and prepares the statement. */
void bench_ingest_prepare(bench_ingest_t* ingest);

/* Begins a phase of `goal` batches. */
void bench_ingest_run(bench_ingest_t* ingest, uint64_t goal);

#endif
