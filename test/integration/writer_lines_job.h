/* Shared by the tests of writers of lines: clients over WebSocket and HTTP, and lines. */
#ifndef TUV_TEST_INTEGRATION_WRITER_LINES_JOB_H
#define TUV_TEST_INTEGRATION_WRITER_LINES_JOB_H

#include "writer_job.h"

/* A client for the job's database, over WebSocket or HTTP. */
static inline taosuv_client_t* client_over(it_t* it, const char* db, bool http, const char* keys) {
  char url[512], other[520];
  it_url(it, url, sizeof url, db, keys);
  bool is_ws = strncmp(url, "ws", 2) == 0;
  if (is_ws == !http) return it_client_url(it, url);
  snprintf(other, sizeof other, "%s%s", http ? "http" : "ws", url + (is_ws ? 2 : 4));
  return it_client_url(it, other);
}

/* job->client queries, `client` writes; both are closed with the test. */
static inline void prepare_over(it_t* it, job_t* job, bool http, const char* keys) {
  memset(job, 0, sizeof *job);
  job->it = it;
  job->client = it_client(it, "");
  job->db = it_database(it, job->client, "ms");
  job->client = client_over(it, job->db, http, keys);
  taosuv_writer_options_init(&job->options);
  job->options.on_report = on_report;
  job->options.on_drain = on_drain;
  job->options.data = job;
  job->options.precision = TAOSUV_LINES_MS;
}

static inline void open_lines(job_t* job) {
  taosuv_writer_open_t open = {.data = job};
  assert_int_equal(taosuv_writer_open(job->client, &open, &job->options, on_opened), 0);
  assert_int_equal(job->opened, 0); /* not before the call has returned */
  assert_true(it_until(job->it, is_opened, job, 10000));
  assert_int_equal(job->opened, 1);
}

static inline void end(job_t* job) {
  it_t* it = job->it;
  it_ok(it, it->slots[0].client, "drop database %s", job->db);
  it_close_wait(it, job->client);
  it_close_wait(it, it->slots[0].client);
  memset(it->slots, 0, sizeof it->slots);
  memset(it->databases, 0, sizeof it->databases);
}

static inline int give(job_t* job, const char* format, ...) __attribute__((format(printf, 2, 3)));
static inline int give(job_t* job, const char* format, ...) {
  char text[400];
  va_list list;
  va_start(list, format);
  int size = vsnprintf(text, sizeof text, format, list);
  va_end(list);
  return taosuv_writer_lines(job->writer, text, (size_t) size);
}

#define T0 INT64_C(1760000000000)

/* Line `i` of one of several measurements. */
static inline void give_waiting(job_t* job, int measurements, int64_t time, int64_t i) {
  int status;
  while ((status = give(job, "m%d,host=h%d a=%di64 %lld", (int) (i % measurements), (int) (i % 5),
                        (int) i, (long long) time)) == TAOSUV_EAGAIN)
    uv_run(&job->it->loop, UV_RUN_ONCE);
  if (status != 0) fail_msg("%s", taosuv_writer_message(job->writer));
}

/* Over all measurements. */
static inline int64_t ask_all(job_t* job, const char* what, int measurements) {
  int64_t sum = 0;
  for (int m = 0; m < measurements; m++) {
    char sql[200];
    snprintf(sql, sizeof sql, "select %s from %s.m%d", what, job->db, m);
    sum += it_number(job->it, job->it->slots[0].client, sql);
  }
  return sum;
}

#endif
