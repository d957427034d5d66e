/* The ingest: batches of rows are bound by column and executed, with a fixed number in flight. */
#include "ingest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(bench_ingest_t* ingest, const char* what, int status, const char* message) {
  if (!ingest->failed)
    fprintf(stderr, "taosuv-bench: %s failed: %s (%s)\n", what,
            message != NULL && message[0] != 0 ? message : taosuv_strerror(status),
            taosuv_err_name(status));
  ingest->failed = true;
}

static int bind_table(bench_ingest_t* ingest, uint32_t table, uint32_t rows) {
  char name[INGEST_NAME_MAX];
  const ingest_rows_t* from = &ingest->rows;
  int length = ingest_name(name, table);
  taosuv_value_t tag = taosuv_i64(table);
  taosuv_array_t columns[] = {
      {.type = TAOSUV_TYPE_TIMESTAMP, .values = from->ts},
      {.type = TAOSUV_TYPE_INT, .values = from->a},
      {.type = TAOSUV_TYPE_DOUBLE, .values = from->b},
      {.type = TAOSUV_TYPE_VARCHAR, .values = from->c, .offsets = from->c_offsets}};
  int status = taosuv_bind_table(ingest->stmt, name, (size_t) length);
  if (status == 0) status = taosuv_bind_tags(ingest->stmt, &tag, 1);
  if (status == 0) status = taosuv_bind_columns(ingest->stmt, rows, columns, 4);
  return status;
}

static void on_executed(taosuv_stmt_exec_t* exec, int status);

static void begin(bench_ingest_t* ingest, taosuv_stmt_exec_t* exec) {
  const bench_options_t* options = ingest->options;
  int status = 0;
  for (uint32_t i = 0; i < options->tables && status == 0; i++) {
    uint32_t rows = ingest_share(options->batch, options->tables, i);
    if (rows > 0) status = bind_table(ingest, i, rows);
  }
  if (status == 0) status = taosuv_stmt_exec(ingest->stmt, exec, on_executed);
  ingest->begun++;
  if (status == 0) return;
  fail(ingest, "ingest", status, taosuv_stmt_message(ingest->stmt));
  ingest->done(ingest);
}

static void on_executed(taosuv_stmt_exec_t* exec, int status) {
  bench_ingest_t* ingest = exec->data;
  if (ingest->failed) return;
  if (status < 0) {
    fail(ingest, "ingest", status, exec->message);
    ingest->done(ingest);
    return;
  }
  ingest->affected += (uint64_t) exec->affected_rows;
  ingest->completed++;
  if (ingest->begun < ingest->goal)
    begin(ingest, exec);
  else if (ingest->completed == ingest->goal)
    ingest->done(ingest);
}

static void on_prepared(taosuv_stmt_prepare_t* prepare, int status) {
  bench_ingest_t* ingest = prepare->data;
  if (status < 0) fail(ingest, "prepare", status, prepare->message);
  ingest->stmt = prepare->stmt;
  ingest->ready(ingest);
}

static void on_created(taosuv_exec_t* create, int status);

/* Another workload has a table of that name with other columns. */
static void on_dropped(taosuv_exec_t* create, int status) {
  bench_ingest_t* ingest = create->data;
  if (status == 0)
    status = taosuv_exec(ingest->client, create, INGEST_CREATE, TAOSUV_NUL_TERMINATED, on_created);
  if (status == 0) return;
  fail(ingest, "making " INGEST_TABLE, status, create->message);
  ingest->ready(ingest);
}

static void on_created(taosuv_exec_t* create, int status) {
  bench_ingest_t* ingest = create->data;
  if (status == 0)
    status = taosuv_stmt_prepare(ingest->client, &ingest->prepare, INGEST_SQL,
                                 TAOSUV_NUL_TERMINATED, on_prepared);
  if (status == 0) return;
  fail(ingest, "making " INGEST_TABLE, status, create->message);
  ingest->ready(ingest);
}

int bench_ingest_init(bench_ingest_t* ingest, taosuv_client_t* client,
                      const bench_options_t* options) {
  memset(ingest, 0, sizeof *ingest);
  ingest->client = client;
  ingest->options = options;
  ingest->create.data = ingest->prepare.data = ingest;
  ingest->execs = calloc(options->inflight, sizeof *ingest->execs);
  if (ingest->execs == NULL) return -1;
  for (uint32_t i = 0; i < options->inflight; i++) ingest->execs[i].data = ingest;
  return ingest_rows_make(&ingest->rows, ingest_share(options->batch, options->tables, 0));
}

void bench_ingest_free(bench_ingest_t* ingest) {
  free(ingest->execs);
  ingest_rows_free(&ingest->rows);
}

void bench_ingest_prepare(bench_ingest_t* ingest) {
  int status = taosuv_exec(ingest->client, &ingest->create, INGEST_DROP, TAOSUV_NUL_TERMINATED,
                           on_dropped);
  if (status == 0) return;
  fail(ingest, "making " INGEST_TABLE, status, NULL);
  ingest->ready(ingest);
}

void bench_ingest_run(bench_ingest_t* ingest, uint64_t goal) {
  ingest->goal = goal;
  ingest->begun = ingest->completed = ingest->affected = 0;
  uint64_t first = goal < ingest->options->inflight ? goal : ingest->options->inflight;
  for (uint64_t i = 0; i < first && !ingest->failed; i++) begin(ingest, &ingest->execs[i]);
}
