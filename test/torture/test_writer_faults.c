/* Torture of writers: one of rows and one of lines, once for every allocation that can fail and for
 * bytes at which the stream can be cut. Each row must be refused at the call, or written, or
 * reported; nothing leaks, and nothing is reported twice. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session.h"

enum { TABLES = 4, ROWS = 24 };

typedef struct book_s {
  place_t* place;
  taosuv_client_t* client;
  taosuv_writer_t* writer;
  taosuv_writer_flush_t flush;
  taosuv_writer_totals_t totals;
  int64_t base; /* first timestamp of this run */
  uint64_t taken, reported;
  unsigned opened, flushed, closed, client_closed;
  bool failed; /* something failed: at a call or later */
  bool asked;
  int status;
  int64_t count;
} book_t;

static void check_status(int status) {
  bool explained = status == TAOSUV_ENOMEM || status == TAOSUV_ECONNLOST ||
                   status == TAOSUV_EHTTP || status == UV_EOF || status == UV_ECONNRESET ||
                   status == UV_ECONNREFUSED || status == UV_EPIPE;
  if (!explained) print_error("status %d: %s\n", status, taosuv_strerror(status));
  assert_true(explained);
}

/* The awaited event may come from a timer, after which UV_RUN_ONCE would wait for the next
 * event. */
static void run_until(const book_t* book, const unsigned* flag) {
  while (*flag == 0) uv_run(&book->place->loop, UV_RUN_NOWAIT);
  assert_int_equal(*flag, 1);
}

/* ---- a writer's life ---- */

static void on_report(taosuv_writer_t* writer, const taosuv_writer_report_t* report, void* data) {
  book_t* book = data;
  uint64_t rows = 0;
  assert_ptr_equal(writer, book->writer);
  check_status(report->status);
  assert_true(strlen(report->message) > 0);
  for (size_t i = 0; i < report->count; i++) rows += report->ranges[i].rows;
  if (report->ranges != NULL) assert_int_equal(rows, report->rows);
  book->reported += report->rows;
  book->failed = true;
}

static void on_opened(taosuv_writer_open_t* req, int status) {
  book_t* book = req->data;
  book->opened++;
  book->writer = req->writer;
  if (status == 0) return;
  assert_null(req->writer);
  assert_true(strlen(req->message) > 0);
  check_status(status);
  book->failed = true;
}

static void on_flushed(taosuv_writer_flush_t* req) {
  ((book_t*) req->data)->flushed++;
}

static void on_closed(const taosuv_writer_totals_t* totals, void* data) {
  book_t* book = data;
  book->closed++;
  book->totals = *totals;
}

static int put_row(book_t* book, int i) {
  char name[32];
  snprintf(name, sizeof name, "torture.w%d", i % TABLES);
  taosuv_value_t tag = taosuv_i64(i % TABLES);
  taosuv_value_t values[] = {taosuv_i64(book->base + i), taosuv_i64(i), taosuv_text("text", 4)};
  return taosuv_writer_row(book->writer, name, TAOSUV_NUL_TERMINATED, &tag, 1, values, 3);
}

static int put_line(book_t* book, int i) {
  char text[80];
  int size = snprintf(text, sizeof text, "m%d v=%di64 %lld", i % TABLES, i,
                      (long long) book->base + i);
  return taosuv_writer_lines(book->writer, text, (size_t) size);
}

/* Some batches are sent by their number of rows, the others by a flush. */
static void put_all(book_t* book, int (*put)(book_t* book, int i)) {
  for (int i = 0; i < ROWS; i++) {
    int status = put(book, i);
    if (status == 0)
      book->taken++;
    else
      check_status(status);
    if (status < 0) book->failed = true;
    if (i != ROWS / 2) continue;
    book->flushed = 0;
    book->flush.data = book;
    assert_int_equal(taosuv_writer_flush(book->writer, &book->flush, on_flushed), 0);
    run_until(book, &book->flushed);
  }
}

static void write_all(book_t* book, const char* sql, uint64_t retry_ms,
                      int (*put)(book_t* book, int i)) {
  taosuv_writer_open_t open = {.data = book};
  taosuv_writer_options_t options;
  taosuv_writer_options_init(&options);
  options.sql = sql;
  options.precision = TAOSUV_LINES_MS;
  options.lanes = 2;
  options.batch_rows = 5;
  options.retry_ms = retry_ms;
  options.divide = 4;
  options.on_report = on_report;
  options.data = book;
  book->taken = book->reported = 0;
  book->opened = book->closed = 0;
  memset(&book->totals, 0, sizeof book->totals);
  int status = taosuv_writer_open(book->client, &open, &options, on_opened);
  if (status < 0) {
    check_status(status);
    book->failed = true;
    return;
  }
  run_until(book, &book->opened);
  if (book->writer == NULL) return;
  put_all(book, put);
  taosuv_writer_close(book->writer, on_closed, book);
  run_until(book, &book->closed);
  assert_int_equal(book->totals.rows_taken, book->taken);
  assert_int_equal(book->totals.rows_failed, book->reported);
  assert_int_equal(book->totals.rows_written + book->reported, book->taken);
  assert_int_equal(book->totals.rows_pending + book->totals.bytes_pending, 0);
}

/* ---- the stored rows ---- */

static void on_block(taosuv_fetch_t* req, int status) {
  book_t* book = req->data;
  if (status == 0 && req->block != NULL) {
    taosuv_column_t count;
    taosuv_block_column(req->block, 0, &count);
    book->count = taosuv_get_i64(&count, 0);
  }
  book->status = status;
  taosuv_result_close(req->result);
  book->asked = true;
}

static taosuv_fetch_t fetch;

static void on_query(taosuv_query_t* req, int status) {
  book_t* book = req->data;
  book->status = status;
  book->asked = status < 0;
  if (status < 0) return;
  memset(&fetch, 0, sizeof fetch);
  fetch.data = book;
  assert_int_equal(taosuv_fetch(req->result, &fetch, on_block), 0);
}

/* Rows that were written are stored; rows that were reported may be. */
static void check_there(book_t* book, const char* table, const char* time, uint64_t least,
                        uint64_t most) {
  char sql[160];
  snprintf(sql, sizeof sql, "select count(*) from %s where %s >= %lld and %s < %lld", table, time,
           (long long) book->base, time, (long long) book->base + 1000);
  /* Its connection may be cut unnoticed; the next attempt then uses a new one. */
  book->status = -1;
  for (int attempt = 0; attempt < 2 && book->status < 0; attempt++) {
    taosuv_query_t query = {.data = book};
    book->asked = false;
    book->count = 0;
    assert_int_equal(taosuv_query(book->client, &query, sql, strlen(sql), on_query), 0);
    while (!book->asked) uv_run(&book->place->loop, UV_RUN_ONCE);
  }
  assert_int_equal(book->status, 0);
  assert_in_range(book->count, least, most);
}

/* ---- a run ---- */

static void on_client_closed(void* data) {
  ((book_t*) data)->client_closed++;
}

static int make_client(book_t* book) {
  taosuv_options_t options;
  taosuv_allocator_t allocator;
  taosuv_options_init(&options);
  memcpy(&allocator, &book->place->probe.alloc, sizeof allocator);
  options.url = book->place->url;
  options.allocator = &allocator;
  options.data = book;
  return taosuv_client_create_ex(&book->place->loop, &options, &book->client);
}

static const char rows_sql[] = "insert into ? using torture.st tags(?) values(?,?,?)";

/* Whether anything failed. `ease` ends the failures before the part that must succeed. */
static bool run(place_t* place, bool lines, uint64_t retry_ms, void (*ease)(place_t* place)) {
  static int64_t base = 1700000000000;
  book_t book = {.place = place, .base = base += 1000};
  if (make_client(&book) < 0) return true;
  write_all(&book, lines ? NULL : rows_sql, retry_ms, lines ? put_line : put_row);
  ease(place);
  if (retry_ms > 1) assert_int_equal(book.reported, 0); /* at most opening failed */
  if (!lines)
    check_there(&book, "torture.st", "ts", book.totals.rows_written, book.taken);
  else if (book.totals.rows_written == ROWS)
    check_there(&book, "bench.m1", "_ts", ROWS / TABLES, ROWS / TABLES);
  taosuv_close(book.client, on_client_closed);
  run_until(&book, &book.client_closed);
  assert_int_equal(place->probe.live_blocks, 0);
  return book.failed;
}

/* ---- memory ---- */

static void stop_failing(place_t* place) {
  alloc_probe_fail(&place->probe, 0, false);
}

static void fail_each_allocation(const char* keys, bool lines, bool all) {
  place_t place;
  place_set_up(&place, keys, NULL);
  size_t n = 0, failed = 0, before;
  do {
    assert_true(++n < 3000);
    before = place.probe.failures;
    alloc_probe_fail(&place.probe, n, all);
    failed += run(&place, lines, 1, stop_failing);
    stop_failing(&place);
  } while (place.probe.failures > before);
  print_message("%zu allocations made to fail, %zu sessions saw a failure\n", n - 1, failed);
  assert_true(n > 20);
  assert_true(failed > n / 4);
  place_tear_down(&place);
}

static void each_allocation_of_rows_fails_once(void** state) {
  (void) state;
  fail_each_allocation("pool_size=1&connect_timeout=300", false, false);
}

static void each_allocation_of_rows_and_all_later_ones_fail(void** state) {
  (void) state;
  fail_each_allocation("pool_size=1&stmt_version=1&connect_timeout=300", false, true);
}

static void each_allocation_of_lines_fails_once(void** state) {
  (void) state;
  fail_each_allocation("pool_size=1&connect_timeout=300", true, false);
}

static void each_allocation_of_lines_and_all_later_ones_fail(void** state) {
  (void) state;
  fail_each_allocation("pool_size=1&connect_timeout=300", true, true);
}

static void each_allocation_of_lines_over_http_fails_once(void** state) {
  (void) state;
  fail_each_allocation("http&pool_size=1&connect_timeout=300", true, false);
}

static void each_allocation_of_lines_over_http_and_all_later_ones_fail(void** state) {
  (void) state;
  fail_each_allocation("http&pool_size=1&connect_timeout=300", true, true);
}

/* ---- the stream ---- */

static void stop_cutting(place_t* place) {
  ts_peer_t* peer = ts_server_peer(place->server);
  ts_peer_set_fault(peer, NULL, 0);
  for (ts_conn_t* conn = ts_peer_next(peer, NULL); conn != NULL; conn = ts_peer_next(peer, conn))
    ts_conn_set_fault(conn, NULL);
}

/* The number of cuts; with retries only opening may fail. */
static void cut_over(const char* keys, bool lines, bool sent, uint64_t retry_ms, uint64_t places) {
  place_t place;
  place_set_up(&place, keys, NULL);
  assert_false(run(&place, lines, retry_ms, stop_cutting));
  ts_counters_t counters = ts_server_counters(place.server);
  uint64_t bytes = sent ? counters.bytes_out : counters.bytes_in, failed = 0, runs = 0;
  uint64_t stride = bytes / places + 1;
  for (uint64_t n = 1; n <= bytes; n += stride) {
    ts_fault_t fault = {0};
    *(sent ? &fault.cut_after_sent : &fault.cut_after_received) = n;
    ts_peer_set_fault(ts_server_peer(place.server), &fault, 1);
    failed += run(&place, lines, retry_ms, stop_cutting);
    runs++;
  }
  print_message("cut at %llu of %llu bytes: %llu sessions saw a failure\n",
                (unsigned long long) runs, (unsigned long long) bytes, (unsigned long long) failed);
  if (retry_ms == 1) assert_true(failed > 0);
  place_tear_down(&place);
}

static void cut(bool lines, bool sent, uint64_t retry_ms, uint64_t places) {
  cut_over("pool_size=1&connect_timeout=300", lines, sent, retry_ms, places);
}

static void the_stream_of_rows_is_cut(void** state) {
  (void) state;
  cut(false, true, 1, 400);
  cut(false, false, 1, 400);
}

static void the_stream_of_lines_is_cut(void** state) {
  (void) state;
  cut(true, true, 1, 400);
  cut(true, false, 1, 400);
}

static void the_stream_of_lines_over_http_is_cut(void** state) {
  (void) state;
  static const char keys[] = "http&pool_size=1&connect_timeout=300";
  cut_over(keys, true, true, 1, 400);
  cut_over(keys, true, false, 1, 400);
  cut_over(keys, true, true, 60000, 20);
  cut_over(keys, true, false, 60000, 20);
}

static void cut_streams_are_made_up_for(void** state) {
  (void) state;
  cut(false, true, 60000, 20);
  cut(false, false, 60000, 20);
  cut(true, true, 60000, 20);
  cut(true, false, 60000, 20);
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_allocation_of_rows_fails_once),
      cmocka_unit_test(each_allocation_of_rows_and_all_later_ones_fail),
      cmocka_unit_test(each_allocation_of_lines_fails_once),
      cmocka_unit_test(each_allocation_of_lines_and_all_later_ones_fail),
      cmocka_unit_test(each_allocation_of_lines_over_http_fails_once),
      cmocka_unit_test(each_allocation_of_lines_over_http_and_all_later_ones_fail),
      cmocka_unit_test(the_stream_of_lines_over_http_is_cut),
      cmocka_unit_test(the_stream_of_rows_is_cut),
      cmocka_unit_test(the_stream_of_lines_is_cut),
      cmocka_unit_test(cut_streams_are_made_up_for),
  };
  return cmocka_run_group_tests_name("writer_faults", tests, NULL, NULL);
}
