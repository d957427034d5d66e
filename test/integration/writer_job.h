/* Shared by the tests of writers: a client with a super table, a writer, and their reports. */
#ifndef TUV_TEST_INTEGRATION_WRITER_JOB_H
#define TUV_TEST_INTEGRATION_WRITER_JOB_H

#include "fixture.h"

typedef struct {
  it_t* it;
  taosuv_client_t* client;
  taosuv_writer_t* writer;
  const char* db;
  taosuv_writer_options_t options;
  int opened; /* 1, or a status */
  unsigned reports, drains, closes, flushes;
  taosuv_writer_report_t last;
  uint64_t reported_rows;
  uint32_t attempts;      /* the largest number of rows in a report */
  unsigned int err_flags; /* the rows of all reports */
  char message[200], tables[400];
  taosuv_writer_totals_t totals;
  uint64_t flush_failed;
} job_t;

static inline void on_report(taosuv_writer_t* writer, const taosuv_writer_report_t* report,
                             void* data) {
  job_t* job = data;
  assert_ptr_equal(writer, job->writer);
  job->reports++;
  job->last = *report;
  job->reported_rows += report->rows;
  if (report->attempts > job->attempts) job->attempts = report->attempts;
  job->err_flags |= report->err_flags;
  /* Rows that may have been executed are never reported as unsent. */
  if ((report->err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0) {
    assert_int_not_equal(report->status, TAOSUV_EUNSENT);
    assert_null(strstr(report->message, "not executed"));
  }
  snprintf(job->message, sizeof job->message, "%s", report->message);
  size_t at = 0;
  uint64_t rows = 0;
  job->tables[0] = 0;
  for (size_t i = 0; i < report->count; i++) {
    const taosuv_writer_range_t* range = &report->ranges[i];
    rows += range->rows;
    assert_true(range->last - range->first + 1 >= range->rows);
    if (at + range->length + 60 < sizeof job->tables)
      at += (size_t) snprintf(job->tables + at, sizeof job->tables - at, "%.*s %d-%d %d;",
                              (int) range->length, range->table, (int) range->first,
                              (int) range->last, (int) range->rows);
  }
  assert_true(report->ranges == NULL || rows == report->rows);
}

static inline void on_drain(taosuv_writer_t* writer, void* data) {
  job_t* job = data;
  assert_ptr_equal(writer, job->writer);
  job->drains++;
}

static inline void on_opened(taosuv_writer_open_t* req, int status) {
  job_t* job = req->data;
  job->writer = req->writer;
  job->opened = status == 0 ? 1 : status;
  snprintf(job->message, sizeof job->message, "%s", req->message != NULL ? req->message : "");
}

static inline void on_closed(const taosuv_writer_totals_t* totals, void* data) {
  job_t* job = data;
  job->closes++;
  job->totals = *totals;
}

static inline void on_flushed(taosuv_writer_flush_t* req) {
  job_t* job = req->data;
  job->flushes++;
  job->flush_failed = req->rows_failed;
}

static inline bool is_opened(void* data) {
  return ((job_t*) data)->opened != 0;
}

static inline bool is_closed(void* data) {
  return ((job_t*) data)->closes > 0;
}

/* A client with its own database and a super table. */
static inline void prepare(it_t* it, job_t* job, const char* keys) {
  memset(job, 0, sizeof *job);
  job->it = it;
  taosuv_client_t* maker = it_client(it, "");
  it_slot_t* slot = it_slot(it, maker);
  job->db = it_database(it, maker, "ms");
  it_close_wait(it, maker);
  memset(slot, 0, sizeof *slot); /* for the client that stays */
  job->client = it_client_db(it, job->db, keys);
  it_ok(it, job->client,
        "create stable st (ts timestamp, a bigint, b double, c varchar(24)) "
        "tags (g int, l varchar(20))");
  taosuv_writer_options_init(&job->options);
  job->options.on_report = on_report;
  job->options.on_drain = on_drain;
  job->options.data = job;
}

static inline int open_as(job_t* job, const char* sql) {
  taosuv_writer_open_t open = {.data = job};
  if (sql != NULL) it_needs_ws(job->it, "statements");
  job->options.sql = sql;
  job->opened = 0;
  assert_int_equal(taosuv_writer_open(job->client, &open, &job->options, on_opened), 0);
  assert_int_equal(taosuv_writer_open(job->client, &open, &job->options, on_opened), TAOSUV_EBUSY);
  assert_true(it_until(job->it, is_opened, job, 30000));
  return job->opened;
}

static const char writer_sql[] = "insert into ? using st tags(?,?) values(?,?,?,?)";

static inline void open_writer(job_t* job) {
  int status = open_as(job, writer_sql);
  if (status != 1) fail_msg("open: %s: %s", taosuv_err_name(status), job->message);
}

/* Row `number` of table `table`. */
/* A writer that sends nothing before a flush. */
static inline void open_patient(it_t* it, job_t* job, const char* keys) {
  prepare(it, job, keys);
  job->options.lanes = 1;
  job->options.batch_age_ms = 1000000;
  open_writer(job);
}

static inline int put(job_t* job, unsigned table, int64_t ts, int64_t a) {
  char name[16], location[20];
  snprintf(name, sizeof name, "t%u", table);
  snprintf(location, sizeof location, "city%u", table % 7);
  taosuv_value_t tags[] = {taosuv_i64(table), taosuv_text(location, TAOSUV_NUL_TERMINATED)};
  taosuv_value_t values[] = {taosuv_i64(ts), taosuv_i64(a),
                             a % 5 == 0 ? taosuv_null() : taosuv_f64((double) a / 2),
                             taosuv_text("some text", 9)};
  return taosuv_writer_row(job->writer, name, TAOSUV_NUL_TERMINATED, tags, 2, values, 4);
}

static inline void put_waiting(job_t* job, unsigned table, int64_t ts, int64_t a) {
  int status;
  while ((status = put(job, table, ts, a)) == TAOSUV_EAGAIN) uv_run(&job->it->loop, UV_RUN_ONCE);
  if (status != 0) fail_msg("%s", taosuv_writer_message(job->writer));
}

static inline void close_writer(job_t* job) {
  taosuv_writer_close(job->writer, on_closed, job);
  taosuv_writer_close(job->writer, on_closed, job); /* no effect */
  assert_int_equal(job->closes, 0);
  assert_true(it_until(job->it, is_closed, job, 120000));
  assert_int_equal(job->totals.rows_pending, 0);
  assert_int_equal(job->totals.bytes_pending, 0);
  assert_int_equal(job->totals.rows_taken, job->totals.rows_written + job->totals.rows_failed);
  assert_int_equal(job->totals.rows_failed, job->reported_rows);
}

/* A %s is the database. */
static inline int64_t ask(job_t* job, const char* what) {
  char sql[300];
  snprintf(sql, sizeof sql, what, job->db);
  return it_number(job->it, job->client, sql);
}

/* With its client: there is room for the next one. */
static inline void drop_database(job_t* job) {
  it_ok(job->it, job->client, "drop database %s", job->db);
  it_close_wait(job->it, job->client);
  memset(job->it->databases, 0, sizeof job->it->databases);
}

static inline bool is_flushed(void* data) {
  return ((job_t*) data)->flushes > 0;
}

static inline void flush(job_t* job) {
  taosuv_writer_flush_t req = {.data = job};
  job->flushes = 0;
  assert_int_equal(taosuv_writer_flush(job->writer, &req, on_flushed), 0);
  assert_int_equal(taosuv_writer_flush(job->writer, &req, on_flushed), TAOSUV_EBUSY);
  assert_int_equal(job->flushes, 0);
  assert_true(it_until(job->it, is_flushed, job, 60000));
  assert_int_equal(job->flushes, 1);
}

#endif
