/* The load: operations that run a statement and read its result, with a fixed number in flight. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lines_text.h"
#include "touch.h"

static void begin(bench_load_t* load, bench_op_t* op);

static bench_load_t* load_of(const bench_op_t* op) {
  return op->req.any.data;
}

static void fail(bench_load_t* load, const char* what, int status, const taosuv_req_t* req) {
  if (load->failed) return; /* the others are cancelled: one error is enough */
  load->failed = true;
  fprintf(stderr, "taosuv-bench: %s failed: %s (%s)", what,
          req != NULL && req->message != NULL ? req->message : taosuv_strerror(status),
          taosuv_err_name(status));
  if (req != NULL && req->server_code != 0)
    fprintf(stderr, ", server code 0x%04X", (unsigned) req->server_code);
  if (req != NULL && req->host != NULL) fprintf(stderr, ", at %s", req->host);
  fprintf(stderr, "\n");
  load->done(load);
}

static void complete(bench_load_t* load, bench_op_t* op) {
  load->now = uv_hrtime();
  bench_histogram_add(&load->latency, load->now - op->started);
  load->completed++;
  if (load->begun < load->goal)
    begin(load, op);
  else if (load->completed == load->goal)
    load->done(load);
}

static void on_block(taosuv_fetch_t* fetch, int status) {
  bench_op_t* op = (bench_op_t*) (void*) fetch;
  bench_load_t* load = load_of(op);
  taosuv_result_t* result = fetch->result;
  if (status < 0 || load->failed) {
    if (status < 0) fail(load, "fetch", status, &op->req.any);
    taosuv_result_close(result);
    return;
  }
  if (fetch->block != NULL) {
    bench_touch(fetch->block, &load->sums);
    if (load->options->workload == BENCH_FETCH) {
      status = taosuv_fetch(result, fetch, on_block);
      if (status == 0) return;
      fail(load, "fetch", status, NULL);
    }
  }
  taosuv_result_close(result);
  if (!load->failed) complete(load, op);
}

static void on_query(taosuv_query_t* query, int status) {
  bench_op_t* op = (bench_op_t*) (void*) query;
  bench_load_t* load = load_of(op);
  taosuv_result_t* result = query->result;
  if (status < 0 || load->failed) {
    if (status < 0) fail(load, "query", status, &op->req.any);
    taosuv_result_close(result);
    return;
  }
  if (result == NULL) { /* a statement without rows */
    complete(load, op);
    return;
  }
  status = taosuv_fetch(result, &op->req.fetch, on_block);
  if (status == 0) return;
  taosuv_result_close(result);
  fail(load, "fetch", status, NULL);
}

static void on_lines(taosuv_insert_lines_t* lines, int status) {
  bench_op_t* op = (bench_op_t*) (void*) lines;
  bench_load_t* load = load_of(op);
  if (status < 0) fail(load, "insert_lines", status, &op->req.any);
  if (load->failed) return;
  /* Over HTTP the server does not report it. */
  int64_t told = lines->total_rows < 0 ? load->options->rows : lines->total_rows;
  load->sums.rows += (uint64_t) told;
  complete(load, op);
}

static void begin(bench_load_t* load, bench_op_t* op) {
  load->begun++;
  op->started = load->now;
  if (load->options->workload == BENCH_LINES) {
    op->req.lines.precision = TAOSUV_LINES_MS;
    int sent = taosuv_insert_lines(load->client, &op->req.lines, &load->text, 1, on_lines);
    if (sent < 0) fail(load, "insert_lines", sent, NULL);
    return;
  }
  int status = taosuv_query(load->client, &op->req.query, load->options->sql, load->sql_length,
                            on_query);
  if (status < 0) fail(load, "query", status, NULL);
}

int bench_load_init(bench_load_t* load, taosuv_client_t* client, const bench_options_t* options) {
  memset(load, 0, sizeof *load);
  load->client = client;
  load->options = options;
  load->sql_length = strlen(options->sql);
  load->ops = calloc(options->inflight, sizeof *load->ops);
  if (load->ops == NULL) return -1;
  if (options->workload == BENCH_LINES) {
    load->text.base = bench_lines_text(options->rows, &load->text.len);
    if (load->text.base == NULL) return -1;
  }
  for (uint32_t i = 0; i < options->inflight; i++) load->ops[i].req.any.data = load;
  return 0;
}

void bench_load_free(bench_load_t* load) {
  free(load->ops);
  free(load->text.base);
}

void bench_load_run(bench_load_t* load, uint64_t goal) {
  load->goal = goal;
  load->begun = 0;
  load->completed = 0;
  load->now = uv_hrtime();
  memset(&load->sums, 0, sizeof load->sums);
  memset(&load->latency, 0, sizeof load->latency);
  uint64_t first = goal < load->options->inflight ? goal : load->options->inflight;
  for (uint64_t i = 0; i < first && !load->failed; i++) begin(load, &load->ops[i]);
}
