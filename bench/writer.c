/* The cost of a row in a writer: CPU time of this process for rows that are written to the sink.
 *
 *   taosuv-bench-writer URL [ROWS [TABLES]] */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "ingest_rows.h"
#include "taosuv.h"

static struct {
  taosuv_client_t* client;
  taosuv_writer_t* writer;
  taosuv_exec_t create;
  taosuv_writer_open_t open;
  uint64_t rows, tables, next;
  double cpu;
  int status;
} bench;

static double cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void give_up(const char* what, const char* message) {
  fprintf(stderr, "taosuv-bench-writer: %s: %s\n", what, message);
  bench.status = 1;
  taosuv_close(bench.client, NULL);
}

static void on_report(taosuv_writer_t* writer, const taosuv_writer_report_t* report, void* data) {
  (void) writer;
  (void) data;
  fprintf(stderr, "taosuv-bench-writer: %" PRIu64 " rows: %s\n", report->rows, report->message);
  bench.status = 1;
}

static void on_closed(const taosuv_writer_totals_t* totals, void* data) {
  (void) data;
  double cpu = cpu_seconds() - bench.cpu;
  printf("%" PRIu64 " rows in %" PRIu64 " batches, %.0f ns of CPU a row, %.0f rows a CPU second\n",
         totals->rows_written, totals->batches, cpu * 1e9 / (double) totals->rows_written,
         (double) totals->rows_written / cpu);
  taosuv_close(bench.client, NULL);
}

static int put(uint64_t row) {
  char name[INGEST_NAME_MAX];
  uint64_t table = row % bench.tables;
  int length = ingest_name(name, (uint32_t) table);
  taosuv_value_t tag = taosuv_i64((int64_t) table);
  taosuv_value_t values[] = {taosuv_i64(1700000000000 + (int64_t) (row / bench.tables)),
                             taosuv_i64((int64_t) (row & 0xffff)), taosuv_f64((double) row / 2),
                             taosuv_text("twelve bytes", 12)};
  return taosuv_writer_row(bench.writer, name, (size_t) length, &tag, 1, values, 4);
}

/* Writes until there is no room, and continues when there is. */
static void on_drain(taosuv_writer_t* writer, void* data) {
  int status = 0;
  (void) data;
  while (bench.next < bench.rows && (status = put(bench.next)) == 0) bench.next++;
  if (status == TAOSUV_EAGAIN) return;
  if (status < 0) fprintf(stderr, "taosuv-bench-writer: %s\n", taosuv_writer_message(writer));
  if (status < 0) bench.status = 1;
  taosuv_writer_close(writer, on_closed, NULL);
}

static void on_opened(taosuv_writer_open_t* req, int status) {
  if (status < 0) {
    give_up("opening the writer", req->message);
    return;
  }
  bench.writer = req->writer;
  bench.cpu = cpu_seconds();
  on_drain(req->writer, NULL);
}

static void on_created(taosuv_exec_t* req, int status) {
  taosuv_writer_options_t options;
  taosuv_writer_options_init(&options);
  options.sql = INGEST_SQL;
  options.on_report = on_report;
  options.on_drain = on_drain;
  if (status == 0) status = taosuv_writer_open(bench.client, &bench.open, &options, on_opened);
  if (status < 0) give_up("making " INGEST_TABLE, req->message != NULL ? req->message : "");
}

/* Drops the leftovers of an earlier run. */
static void on_dropped(taosuv_exec_t* req, int status) {
  if (status == 0)
    status = taosuv_exec(bench.client, req, INGEST_CREATE, TAOSUV_NUL_TERMINATED, on_created);
  if (status < 0) give_up("dropping " INGEST_TABLE, req->message != NULL ? req->message : "");
}

static void on_database(taosuv_exec_t* req, int status) {
  if (status == 0)
    status = taosuv_exec(bench.client, req, INGEST_DROP, TAOSUV_NUL_TERMINATED, on_dropped);
  if (status < 0) give_up("making the database", req->message != NULL ? req->message : "");
}

int main(int argc, char** argv) {
  uv_loop_t* loop = uv_default_loop();
  bench.rows = argc > 2 ? strtoull(argv[2], NULL, 10) : 5000000;
  bench.tables = argc > 3 ? strtoull(argv[3], NULL, 10) : 100;
  if (argc < 2 || argc > 4 || bench.rows == 0 || bench.tables == 0 || bench.tables > 1000000) {
    fprintf(stderr, "usage: taosuv-bench-writer URL [ROWS [TABLES]]\n");
    return 2;
  }
  int status = taosuv_client_create(loop, argv[1], &bench.client);
  if (status == 0)
    status = taosuv_exec(bench.client, &bench.create, "create database if not exists bench",
                         TAOSUV_NUL_TERMINATED, on_database);
  if (status < 0) fprintf(stderr, "taosuv-bench-writer: %s\n", taosuv_strerror(status));
  uv_run(loop, UV_RUN_DEFAULT);
  return status < 0 ? 1 : bench.status;
}
