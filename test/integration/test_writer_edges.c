/* Edge cases of the writer: calls from its callbacks, extremes, late answers, tables that change
 * while it writes. */
#include "writer_job.h"

/* Does more than to note it. */
static void (*more_on_report)(job_t* job);

static void on_report_more(taosuv_writer_t* writer, const taosuv_writer_report_t* report,
                           void* data) {
  job_t* job = data;
  char before[sizeof job->tables];
  on_report(writer, report, job);
  snprintf(before, sizeof before, "%s", job->tables);
  more_on_report(job);
  job->reports--;
  job->reported_rows -= report->rows;
  on_report(writer, report, job); /* it still tells the same */
  assert_string_equal(job->tables, before);
}

/* ---- calls from callbacks ---- */

static const ts_rule_t refused = {
    .action = "stmt2_exec", .times = 1, .answer = TS_ANSWER_ERROR, .code = 0x2653, .text = "no"};

static void open_small(job_t* job, it_t* it, void (*more)(job_t* job)) {
  prepare(it, job, "");
  job->options.lanes = 1;
  job->options.batch_rows = 3;
  job->options.batch_age_ms = 1000000;
  job->options.divide = TAOSUV_WRITER_NO_DIVIDE;
  job->options.on_report = on_report_more;
  more_on_report = more;
  open_writer(job);
}

static void put_nine(job_t* job) {
  for (unsigned i = 0; i < 9; i++) assert_int_equal(put(job, 100 + i, 1 + i, 7), 0);
}

static void rows_added_by_a_report_do_not_change_what_it_tells(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  job_t job;
  open_small(&job, it, put_nine);
  it_rule(it, &refused);
  for (int64_t i = 0; i < 3; i++) assert_int_equal(put(&job, (unsigned) i, i + 1, i), 0);
  flush(&job);
  assert_int_equal(job.reports, 1);
  close_writer(&job);
  assert_int_equal(job.totals.rows_failed, 3);
  assert_int_equal(job.totals.rows_written, 9);
  assert_int_equal(ask(&job, "select sum(a) from st"), 63);
}

static void close_and_flush(job_t* job) {
  static taosuv_writer_flush_t req;
  taosuv_writer_close(job->writer, on_closed, job);
  assert_int_equal(taosuv_writer_flush(job->writer, &req, on_flushed), TAOSUV_ECLOSED);
  assert_int_equal(put(job, 1, 1, 1), TAOSUV_ECLOSED);
}

static void close_client(job_t* job) {
  taosuv_writer_totals_t totals;
  it_close(job->it, job->client);
  taosuv_writer_totals(job->writer, &totals);
  assert_int_equal(put(job, 1, 1, 1), TAOSUV_ECLOSED);
  more_on_report = close_and_flush; /* of what is pending besides */
}

static void a_report_may_close_the_writer_or_the_client(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  void (*const more[])(job_t*) = {close_and_flush, close_client};
  for (size_t i = 0; i < COUNT(more); i++) {
    job_t job;
    open_small(&job, it, more[i]);
    it_rule(it, &refused);
    for (int64_t row = 0; row < 8; row++) assert_int_equal(put(&job, 1, row + 1, row), 0);
    assert_true(it_until(it, is_closed, &job, 20000));
    assert_int_equal(job.totals.rows_taken, 8);
    assert_int_equal(job.totals.rows_failed, job.reported_rows);
    assert_int_equal(job.totals.rows_failed, i == 0 ? 3 : 8);
    it_unrule(it);
  }
}

typedef struct {
  job_t* job;
  taosuv_writer_flush_t reqs[2];
  unsigned told, closes_at;
} again_t;

static void on_flushed_again(taosuv_writer_flush_t* req) {
  again_t* again = req->data;
  int expected = ++again->told > again->closes_at ? TAOSUV_ECLOSED : 0;
  assert_int_equal(taosuv_writer_flush(again->job->writer, req, on_flushed_again), expected);
  if (again->told == again->closes_at)
    taosuv_writer_close(again->job->writer, on_closed, again->job);
}

static void a_flush_may_follow_a_flush_for_ever(void** state) {
  it_t* it = *state;
  job_t job;
  prepare(it, &job, "");
  open_writer(&job);
  again_t again = {.job = &job, .closes_at = 101};
  for (size_t i = 0; i < 2; i++) {
    again.reqs[i].data = &again;
    assert_int_equal(taosuv_writer_flush(job.writer, &again.reqs[i], on_flushed_again), 0);
  }
  uv_run(&it->loop, UV_RUN_NOWAIT); /* comes back, though it never ends */
  uv_run(&it->loop, UV_RUN_NOWAIT);
  assert_in_range(again.told, 1, 10);
  assert_true(it_until(it, is_closed, &job, 20000));
  assert_int_equal(again.told, 101 + 2);
}

static void on_drain_add(taosuv_writer_t* writer, void* data) {
  job_t* job = data;
  on_drain(writer, job);
  while (job->flushes < 1000 && put(job, job->flushes % 9, job->flushes / 9 + 1, 1) == 0)
    job->flushes++;
}

static void a_drain_callback_may_add_rows(void** state) {
  it_t* it = *state;
  job_t job;
  prepare(it, &job, "");
  job.options.max_bytes = 3000;
  job.options.on_drain = on_drain_add;
  open_writer(&job);
  on_drain_add(job.writer, &job);
  while (job.flushes < 1000) uv_run(&it->loop, UV_RUN_ONCE);
  close_writer(&job);
  assert_true(job.drains > 2);
  assert_int_equal(ask(&job, "select count(*) from st"), 1000);
}

/* ---- extremes ---- */

static void extremes_of_options_work(void** state) {
  it_t* it = *state;
  static const struct {
    uint32_t lanes, rows;
    size_t bytes, max;
  } extremes[] = {{1, 1, 0, 0}, {1, 0, 1, 0}, {64, 0, 0, 0}, {64, 1, 1, 1}, {4, 0, 0, 1}};
  for (size_t i = 0; i < COUNT(extremes); i++) {
    job_t job;
    prepare(it, &job, "pool_size=2");
    job.options.lanes = extremes[i].lanes;
    job.options.batch_rows = extremes[i].rows;
    job.options.batch_bytes = extremes[i].bytes;
    job.options.max_bytes = extremes[i].max;
    job.options.batch_age_ms = extremes[i].max == 1 ? 1000000 : 0; /* what is full does not wait */
    open_writer(&job);
    for (int64_t row = 0; row < 200; row++) put_waiting(&job, (unsigned) row % 20, row + 1, row);
    close_writer(&job);
    assert_int_equal(job.totals.rows_written, 200);
    assert_int_equal(ask(&job, "select sum(a) from st"), 19900);
    drop_database(&job);
  }
  job_t job;
  prepare(it, &job, "");
  taosuv_writer_open_t open = {0};
  job.options.sql = "insert into ? values(?)";
  job.options.lanes = 65;
  assert_int_equal(taosuv_writer_open(job.client, &open, &job.options, on_opened), TAOSUV_EINVAL);
}

static int put_long(job_t* job, const char* text, size_t length, int64_t ts) {
  taosuv_value_t tag = taosuv_i64(1), values[] = {taosuv_i64(ts), taosuv_text(text, length)};
  return taosuv_writer_row(job->writer, "big", 3, &tag, 1, values, 2);
}

/* Together they would be larger than a message may be. */
static void large_rows_go_alone(void** state) {
  it_t* it = *state;
  job_t job;
  static char text[40000];
  memset(text, 'x', sizeof text);
  prepare(it, &job, "max_message_size=65536");
  it_ok(it, job.client, "create stable broad (ts timestamp, c varchar(60000)) tags (g int)");
  job.options.lanes = 1;
  job.options.batch_age_ms = 1000000;
  assert_int_equal(open_as(&job, "insert into ? using broad tags(?) values(?,?)"), 1);
  unsigned refusals = 0;
  for (int64_t i = 0; i < 40; i++) {
    size_t length = i % 4 == 0 ? sizeof text : 5000;
    int status;
    while ((status = put_long(&job, text, length, i + 1)) == TAOSUV_EAGAIN) {
      unsigned before = job.drains;
      refusals++;
      while (job.drains == before) uv_run(&it->loop, UV_RUN_ONCE);
    }
    assert_int_equal(status, 0);
  }
  assert_in_range(refusals, 9, 40); /* on_drain did not come for nothing */
  close_writer(&job);
  assert_int_equal(job.reports, 0);
  assert_int_equal(ask(&job, "select count(*) from broad"), 40);
}

static void a_full_queue_does_not_make_batches_too_large(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  job_t job;
  prepare(it, &job, "pool_size=1&max_inflight=1&max_queue=1&max_message_size=65536");
  job.options.lanes = 3;
  open_writer(&job);
  it_server_stop(it);
  uint64_t taken = 0;
  while (put(&job, (unsigned) taken % 9, (int64_t) taken + 1, (int64_t) taken) == 0) taken++;
  assert_in_range(taken, 500, 10000);
  it_run(it, 50);
  it_server_start(it, &(ts_config_t) {0});
  it_close_wait(it, job.client); /* its tables are gone, too */
  close_writer(&job);
  if (job.reports > 0) assert_int_not_equal(job.last.status, TAOSUV_EMSGSIZE);
}

/* ---- lines that cannot be ---- */

static void lines_that_would_harm_others_are_refused(void** state) {
  it_t* it = *state;
  job_t job;
  prepare(it, &job, "");
  taosuv_client_t* client = it_client_db(it, job.db, "max_message_size=65536");
  taosuv_writer_open_t open = {.data = &job};
  job.options.lanes = 1;
  job.options.precision = -1;
  assert_int_equal(taosuv_writer_open(client, &open, &job.options, on_opened), TAOSUV_EINVAL);
  job.options.precision = TAOSUV_LINES_MS;
  job.options.batch_age_ms = 1000000;
  assert_int_equal(taosuv_writer_open(client, &open, &job.options, on_opened), 0);
  assert_true(it_until(it, is_opened, &job, 30000));
  assert_int_equal(taosuv_writer_lines(job.writer, "m a=1\0", 6), TAOSUV_EINVAL);
  it_has(taosuv_writer_message(job.writer), "NUL");
  /* As JSON each quote is two bytes: these are too large with few of their kind. */
  static char text[20100];
  int size = snprintf(text, sizeof text, "m a=\"");
  memset(text + size, '"', 20000);
  assert_int_equal(taosuv_writer_lines(job.writer, text, 20000), TAOSUV_EMSGSIZE);
  it_has(taosuv_writer_message(job.writer), "JSON");
  unsigned written = 0;
  for (int i = 0; i < 20; i++) {
    size = snprintf(text, sizeof text, "m a=\"");
    for (int quote = 0; quote < 3000; quote++) size += snprintf(text + size, 3, "\\\"");
    size += snprintf(text + size, 40, "\" 17600000000%02d", i);
    int status;
    while ((status = taosuv_writer_lines(job.writer, text, (size_t) size)) == TAOSUV_EAGAIN)
      uv_run(&it->loop, UV_RUN_ONCE);
    assert_int_equal(status, 0);
    written++;
  }
  close_writer(&job);
  assert_int_equal(job.totals.rows_written, written);
}

/* ---- the steady state ---- */

static void put_rounds(job_t* job, int rounds, int64_t ts) {
  for (int round = 0; round < rounds; round++) {
    for (int i = 0; i < 400; i++) {
      char text[80];
      int64_t time = ts + round * 400 + i;
      int status, size = snprintf(text, sizeof text, "m%d,host=h a=1i64 %lld", i % 7,
                                  1760000000000 + (long long) time);
      do {
        status = job->options.sql != NULL ? put(job, (unsigned) i % 13, time, 7)
                                          : taosuv_writer_lines(job->writer, text, (size_t) size);
        if (status == TAOSUV_EAGAIN) uv_run(&job->it->loop, UV_RUN_ONCE);
      } while (status == TAOSUV_EAGAIN);
      assert_int_equal(status, 0);
    }
    flush(job);
  }
}

static void no_memory_is_asked_for_by_warm_writers(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  for (int lines = 0; lines < 2; lines++) {
    job_t job;
    prepare(it, &job, "");
    job.options.batch_rows = 50;
    job.options.lanes = 3;
    job.options.max_bytes = 20000;
    job.client = it_client_db(it, job.db, "pool_size=2");
    if (lines == 0) open_writer(&job);
    taosuv_writer_open_t open = {.data = &job};
    job.options.precision = TAOSUV_LINES_MS;
    if (lines == 1) {
      assert_int_equal(taosuv_writer_open(job.client, &open, &job.options, on_opened), 0);
      assert_true(it_until(it, is_opened, &job, 30000));
    }
    put_rounds(&job, 40, 1);
    size_t calls = it->probe.calls, frees = it->probe.frees;
    put_rounds(&job, 40, 100000);
    assert_int_equal(it->probe.calls - calls, 0);
    assert_int_equal(it->probe.frees - frees, 0);
    close_writer(&job);
    assert_int_equal(job.totals.rows_written, 80 * 400);
    it_close_wait(it, job.client);
  }
}

/* ---- time ---- */

static void with_retry_ms_1_a_batch_is_tried_once(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  job_t job;
  prepare(it, &job, "");
  job.options.retry_ms = 1;
  open_writer(&job);
  it_rule(it, &(ts_rule_t) {.action = "stmt2_exec", .times = 1, .answer = TS_ANSWER_CUT});
  assert_int_equal(put(&job, 1, 1, 1), 0);
  close_writer(&job);
  assert_int_equal(job.reports, 1);
  assert_int_equal(job.last.attempts, 1);
  assert_true((job.last.err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0);
  assert_int_equal(job.totals.retries, 0);
}

/* The answers come after the attempts' time limit, and are as good as in time. */
static void late_answers_are_no_second_rows(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const char* const actions[] = {"stmt2_bind", "stmt2_exec"};
  for (size_t i = 0; i < COUNT(actions); i++) {
    job_t job;
    prepare(it, &job, "pool_size=2");
    job.options.timeout_ms = 100;
    job.options.lanes = 2;
    open_writer(&job);
    it_rule(it, &(ts_rule_t) {.action = actions[i], .times = 2, .wait_ms = 400});
    for (int64_t row = 0; row < 50; row++)
      assert_int_equal(put(&job, (unsigned) row % 5, row + 1, row), 0);
    close_writer(&job);
    assert_int_equal(job.reports, 0);
    assert_int_equal(job.totals.rows_written, 50);
    /* a bind is not executed, and may be made once more at any time */
    if (i == 1)
      assert_int_equal(job.totals.retries, 0);
    else
      assert_true(job.totals.retries > 0);
    assert_int_equal(ask(&job, "select count(*) from st"), 50);
    assert_int_equal(ask(&job, "select sum(a) from st"), 1225);
    it_unrule(it);
  }
}

static void a_stalled_server_is_reported_in_the_end(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  job_t job;
  prepare(it, &job, "");
  job.options.timeout_ms = 50;
  job.options.retry_ms = 250;
  open_writer(&job);
  ts_conn_set_fault(it_conn(it), &(ts_fault_t) {.stall = true});
  assert_int_equal(put(&job, 1, 1, 1), 0);
  close_writer(&job);
  assert_int_equal(job.totals.rows_failed, 1);
  assert_int_equal(job.reports, 1);
  assert_true(job.last.attempts > 1);
}

/* ---- tables that change ---- */

static void a_wider_table_is_written_on(void** state) {
  it_t* it = *state;
  job_t job;
  prepare(it, &job, "");
  assert_int_equal(open_as(&job, "insert into ? using st tags(?,?) (ts,a) values(?,?)"), 1);
  taosuv_value_t tags[] = {taosuv_i64(1), taosuv_null()};
  for (int64_t i = 1; i <= 3; i++) {
    taosuv_value_t values[] = {taosuv_i64(i), taosuv_i64(i)};
    assert_int_equal(taosuv_writer_row(job.writer, "t1", 2, tags, 2, values, 2), 0);
    flush(&job);
    it_ok(it, job.client, "alter table st add column w%d int", (int) i);
  }
  close_writer(&job);
  assert_int_equal(job.reports, 0);
  assert_int_equal(ask(&job, "select sum(a) from st"), 6);
}

/* A row of the table as it is now, with a double only. */
static int put_other(job_t* job, int64_t ts) {
  char name[16];
  snprintf(name, sizeof name, "u%d", (int) ts % 7);
  taosuv_value_t tag = taosuv_i64(1), values[] = {taosuv_i64(ts), taosuv_f64(2.5)};
  return taosuv_writer_row(job->writer, name, TAOSUV_NUL_TERMINATED, &tag, 1, values, 2);
}

static void change_table(job_t* job) {
  it_ok(job->it, job->client, "drop table t");
  it_ok(job->it, job->client, "create stable t (ts timestamp, x double) tags (g int)");
}

/* A writer of (ts, a) whose table is about to change. */
static void open_changing(it_t* it, job_t* job, uint32_t lanes) {
  prepare(it, job, "");
  it_ok(it, job->client, "create stable t (ts timestamp, a int) tags (g int)");
  job->options.lanes = lanes;
  job->options.batch_age_ms = 1000000;
  assert_int_equal(open_as(job, "insert into ? using t tags(?) values(?,?)"), 1);
  change_table(job);
  /* A lane that has nothing to write learns of it from the others. */
  char name[16];
  for (int64_t i = 1; i <= 4; i++) {
    snprintf(name, sizeof name, "t%d", (int) i);
    taosuv_value_t tag = taosuv_i64(1), values[] = {taosuv_i64(i), taosuv_i64(i)};
    assert_int_equal(
        taosuv_writer_row(job->writer, name, TAOSUV_NUL_TERMINATED, &tag, 1, values, 2), 0);
  }
}

static void rows_of_a_table_that_changed_are_reported_and_others_written(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  job_t job;
  open_changing(it, &job, 3);
  flush(&job);
  assert_int_equal(job.reported_rows, 4);
  assert_int_equal(job.last.status, TAOSUV_ESCHEMA);
  for (int64_t i = 1; i <= 100; i++) {
    int status;
    while ((status = put_other(&job, i)) == TAOSUV_EAGAIN) {
      unsigned before = job.drains;
      while (job.drains == before) uv_run(&it->loop, UV_RUN_ONCE);
    }
    if (status < 0) fail_msg("%s", taosuv_writer_message(job.writer));
  }
  assert_in_range(job.drains, 1, 4);
  uint32_t count;
  const taosuv_stmt_field_t* fields = taosuv_writer_fields(job.writer, &count);
  assert_int_equal(count, 4);
  assert_int_equal(fields[3].type, TAOSUV_TYPE_DOUBLE);
  close_writer(&job);
  assert_int_equal(job.totals.rows_written, 100);
  assert_int_equal(ask(&job, "select count(*) from t where x = 2.5"), 100);
}

static bool is_refused(void* data) {
  return put_other(data, 1) == TAOSUV_ESERVER;
}

/* One besides the first four. */
static bool is_taken(void* data) {
  job_t* job = data;
  taosuv_writer_totals(job->writer, &job->totals);
  return job->totals.rows_taken > 4 || put_other(job, 1) == 0;
}

static void while_a_changed_table_cannot_be_prepared_rows_are_refused(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  job_t job;
  open_changing(it, &job, 1);
  it_rule(it, &(ts_rule_t) {.action = "stmt2_prepare",
                            .skip = 1,
                            .answer = TS_ANSWER_ERROR,
                            .code = 0x2603,
                            .text = "Table does not exist"});
  flush(&job);
  assert_true(it_until(it, is_refused, &job, 20000));
  it_has(taosuv_writer_message(job.writer), "does not exist");
  it_unrule(it);
  assert_true(it_until(it, is_taken, &job, 20000));
  close_writer(&job);
  assert_int_equal(job.totals.rows_written, 1);
}

static void closing_while_a_changed_table_is_prepared_again(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  for (int turns = 0; turns < 30; turns++) {
    job_t job;
    open_changing(it, &job, 3);
    it_slot_t* slot = it_slot(it, job.client);
    taosuv_writer_flush_t req = {.data = &job};
    assert_int_equal(taosuv_writer_flush(job.writer, &req, on_flushed), 0);
    for (int turn = 0; turn < turns / 2; turn++) uv_run(&it->loop, UV_RUN_NOWAIT);
    if (turns % 2 == 0) it_close(it, job.client);
    close_writer(&job);
    assert_int_equal(job.flushes, 1);
    assert_int_equal(job.totals.rows_failed, 4);
    if (turns % 2 == 0)
      it_closed(slot);
    else
      it_close_wait(it, job.client);
    memset(it->slots, 0, sizeof it->slots);
    memset(it->databases, 0, sizeof it->databases);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(rows_added_by_a_report_do_not_change_what_it_tells),
      IT_TEST(a_report_may_close_the_writer_or_the_client),
      IT_TEST(a_flush_may_follow_a_flush_for_ever),
      IT_TEST(a_drain_callback_may_add_rows),
      IT_TEST(extremes_of_options_work),
      IT_TEST(large_rows_go_alone),
      IT_TEST(a_full_queue_does_not_make_batches_too_large),
      IT_TEST(lines_that_would_harm_others_are_refused),
      IT_TEST(no_memory_is_asked_for_by_warm_writers),
      IT_TEST(with_retry_ms_1_a_batch_is_tried_once),
      IT_TEST(late_answers_are_no_second_rows),
      IT_TEST(a_stalled_server_is_reported_in_the_end),
      IT_TEST(a_wider_table_is_written_on),
      IT_TEST(rows_of_a_table_that_changed_are_reported_and_others_written),
      IT_TEST(while_a_changed_table_cannot_be_prepared_rows_are_refused),
      IT_TEST(closing_while_a_changed_table_is_prepared_again),
  };
  return cmocka_run_group_tests_name("writer_edges", tests, NULL, NULL);
}
