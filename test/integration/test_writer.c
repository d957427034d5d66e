/* The writer of rows: accepted rows arrive once and in order, or are reported. */
#include "writer_job.h"

/* ---- writing ---- */

static void rows_arrive_in_tables_that_they_create(void** state) {
  it_t* it = *state;
  job_t job;
  prepare(it, &job, "pool_size=2");
  open_writer(&job);
  uint32_t count;
  const taosuv_stmt_field_t* fields = taosuv_writer_fields(job.writer, &count);
  assert_int_equal(count, 7);
  assert_int_equal(fields[0].kind, TAOSUV_BIND_TABLE);
  for (int64_t i = 0; i < 1000; i++) assert_int_equal(put(&job, (unsigned) i % 13, i + 1, i), 0);
  close_writer(&job);
  assert_int_equal(job.totals.rows_written, 1000);
  assert_int_equal(job.totals.affected_rows, 1000);
  assert_int_equal(job.reports, 0);
  assert_int_equal(ask(&job, "select count(*) from st"), 1000);
  assert_int_equal(ask(&job, "select sum(a) from st"), 499500);
  assert_int_equal(ask(&job, "select count(b) from st"), 800);
  assert_int_equal(ask(&job, "select count(*) from st where g = 3 and l = 'city3'"), 77);
}

static void columns_are_taken_as_well(void** state) {
  it_t* it = *state;
  job_t job;
  prepare(it, &job, "");
  open_writer(&job);
  int64_t ts[100], a[100];
  double b[100];
  for (int i = 0; i < 100; i++) ts[i] = a[i] = i + 1, b[i] = 0.5;
  taosuv_array_t columns[] = {{TAOSUV_TYPE_TIMESTAMP, ts, NULL, NULL},
                              {TAOSUV_TYPE_BIGINT, a, NULL, NULL},
                              {TAOSUV_TYPE_DOUBLE, b, NULL, NULL},
                              {TAOSUV_TYPE_NULL, NULL, NULL, NULL}};
  taosuv_value_t tags[] = {taosuv_i64(1), taosuv_null()};
  assert_int_equal(taosuv_writer_columns(job.writer, "t1", 2, tags, 2, 100, columns, 4), 0);
  close_writer(&job);
  assert_int_equal(ask(&job, "select sum(a) from st"), 5050);
}

static void a_single_table_has_a_writer_too(void** state) {
  it_t* it = *state;
  job_t job;
  prepare(it, &job, "");
  it_ok(it, job.client, "create table alone (ts timestamp, a int)");
  assert_int_equal(open_as(&job, "insert into alone values(?,?)"), 1);
  for (int64_t i = 1; i <= 10; i++) {
    taosuv_value_t values[] = {taosuv_i64(i), taosuv_i64(i)};
    assert_int_equal(taosuv_writer_row(job.writer, NULL, 0, NULL, 0, values, 2), 0);
  }
  close_writer(&job);
  assert_int_equal(ask(&job, "select sum(a) from alone"), 55);
}

/* With and without backquotes; each timestamp's rows name the database, or do not. */
static void a_table_keeps_its_order_whatever_form_its_name_has(void** state) {
  it_t* it = *state;
  job_t job;
  prepare(it, &job, "pool_size=4");
  job.options.batch_rows = 7;
  open_writer(&job);
  char names[4][128] = {"t1", "`t1`"};
  snprintf(names[2], sizeof names[2], "%s.t1", job.db);
  snprintf(names[3], sizeof names[3], "`%s`.`t1`", job.db);
  for (int64_t i = 0; i < 400; i++) {
    taosuv_value_t tags[] = {taosuv_i64(1), taosuv_text("x", 1)};
    taosuv_value_t values[] = {taosuv_i64(1 + i % 10), taosuv_i64(i), taosuv_null(), taosuv_null()};
    int status;
    const char* name = names[2 * (i % 10 / 5) + i / 10 % 2];
    while ((status = taosuv_writer_row(job.writer, name, TAOSUV_NUL_TERMINATED, tags, 2, values,
                                       4)) == TAOSUV_EAGAIN)
      uv_run(&it->loop, UV_RUN_ONCE);
    if (status != 0) fail_msg("%s", taosuv_writer_message(job.writer));
  }
  taosuv_value_t none[] = {taosuv_i64(1), taosuv_null()}, row[4] = {taosuv_i64(1)};
  for (int i = 1; i < 4; i++) row[i] = taosuv_null();
  assert_int_equal(taosuv_writer_row(job.writer, "a.b.c", 5, none, 2, row, 4), TAOSUV_EINVAL);
  assert_string_equal(taosuv_writer_message(job.writer),
                      "a table's name has two dots outside of backquotes");
  close_writer(&job);
  assert_int_equal(job.totals.rows_written, 400);
  assert_int_equal(ask(&job, "select count(*) from st"), 10);
  assert_int_equal(ask(&job, "select count(*) from t1"), 10);
  assert_int_equal(ask(&job, "select min(a) from st"), 390);
}

static void a_table_keeps_the_order_of_its_rows(void** state) {
  it_t* it = *state;
  job_t job;
  prepare(it, &job, "pool_size=4");
  job.options.batch_rows = 7;
  open_writer(&job);
  /* The same timestamps again and again: the last one is to stay. */
  for (int64_t i = 0; i < 3000; i++) put_waiting(&job, (unsigned) i % 3, 1 + i % 30, i);
  close_writer(&job);
  assert_int_equal(job.totals.rows_written, 3000);
  assert_int_equal(ask(&job, "select count(*) from st"), 30);
  assert_int_equal(ask(&job, "select min(a) from st"), 2970);
}

/* ---- lines ---- */

static void lines_are_gathered_and_written(void** state) {
  it_t* it = *state;
  job_t job;
  prepare(it, &job, "");
  taosuv_client_t* client = it_client_db(it, job.db, "pool_size=2");
  taosuv_writer_open_t open = {.data = &job};
  job.options.precision = TAOSUV_LINES_MS;
  job.options.batch_rows = 50;
  assert_int_equal(taosuv_writer_open(client, &open, &job.options, on_opened), 0);
  assert_true(it_until(it, is_opened, &job, 30000));
  assert_int_equal(job.opened, 1);
  uint32_t count;
  assert_null(taosuv_writer_fields(job.writer, &count));
  for (int i = 0; i < 500; i++) {
    char text[200];
    int size = snprintf(
        text, sizeof text,
        "m%d,host=h%d a=%di64 17600000%05d\n# a remark\n\nm%d,host=x a=1i64 17600000%05d", i % 3,
        i % 5, i, i, i % 3, i);
    int status;
    while ((status = taosuv_writer_lines(job.writer, text, (size_t) size)) == TAOSUV_EAGAIN)
      uv_run(&it->loop, UV_RUN_ONCE);
    assert_int_equal(status, 0);
  }
  assert_int_equal(taosuv_writer_lines(job.writer, "\n \n# nothing\n", TAOSUV_NUL_TERMINATED),
                   TAOSUV_EINVAL);
  assert_int_equal(taosuv_writer_lines(job.writer, "m a=\"\xff\"", TAOSUV_NUL_TERMINATED),
                   TAOSUV_EINVAL);
  taosuv_value_t value = taosuv_i64(1);
  assert_int_equal(taosuv_writer_row(job.writer, NULL, 0, NULL, 0, &value, 1), TAOSUV_EINVAL);
  close_writer(&job);
  assert_int_equal(job.totals.rows_written, 1000);
  int64_t sum = 0;
  for (int i = 0; i < 3; i++) {
    char sql[100];
    snprintf(sql, sizeof sql, "select sum(a) from m%d where `host` != 'x'", i);
    sum += it_number(it, job.client, sql);
  }
  assert_int_equal(sum, 124750);
}

static void a_bad_line_is_reported(void** state) {
  it_t* it = *state;
  job_t job;
  prepare(it, &job, "");
  taosuv_client_t* client = it_client_db(it, job.db, "");
  taosuv_writer_open_t open = {.data = &job};
  job.options.lanes = 1;
  job.options.batch_age_ms = 1000000;
  assert_int_equal(taosuv_writer_open(client, &open, &job.options, on_opened), 0);
  assert_true(it_until(it, is_opened, &job, 30000));
  assert_int_equal(taosuv_writer_lines(job.writer, "good a=1 1760000000000000000", 28), 0);
  assert_int_equal(taosuv_writer_lines(job.writer, "good,,= 2\nbad,,= 2", 17), 0);
  flush(&job);
  assert_int_equal(job.reports, 2); /* the good line is written: this is the default */
  assert_int_equal(job.reported_rows, 2);
  assert_int_equal(job.last.status, TAOSUV_ESERVER);
  assert_string_equal(job.tables, " 2-2 1;");
  close_writer(&job);
}

static void lines_that_are_lost_are_sent_again(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  job_t job;
  prepare(it, &job, "");
  taosuv_client_t* client = it_client_db(it, job.db, "retries=3");
  taosuv_writer_open_t open = {.data = &job};
  uint32_t rule = it_rule(it,
                          &(ts_rule_t) {.action = "insert", .times = 2, .answer = TS_ANSWER_CUT});
  assert_int_equal(taosuv_writer_open(client, &open, &job.options, on_opened), 0);
  assert_true(it_until(it, is_opened, &job, 30000));
  for (int i = 0; i < 100; i++) {
    char text[100];
    int size = snprintf(text, sizeof text, "m%d a=%di64 176000000000000%04d", i % 10, i, i);
    assert_int_equal(taosuv_writer_lines(job.writer, text, (size_t) size), 0);
  }
  close_writer(&job);
  assert_int_equal(ts_server_rule_hits(it->server, rule), 2);
  assert_int_equal(job.totals.rows_written, 100);
  assert_true(job.totals.retries >= 1);
  assert_int_equal(job.reports, 0);
}

static bool is_written(void* data) {
  job_t* job = data;
  taosuv_writer_totals(job->writer, &job->totals);
  return job->totals.rows_pending == 0;
}

/* ---- when a batch is sent ---- */

/* Ages never count here: what is written before the close was enough. */
static void batches_of(job_t* job, it_t* it, uint32_t rows, size_t bytes) {
  prepare(it, job, "");
  job->options.lanes = 1;
  job->options.batch_age_ms = 1000000;
  job->options.batch_rows = rows;
  job->options.batch_bytes = bytes;
  open_writer(job);
}

static void a_batch_is_sent_when_it_has_enough_rows(void** state) {
  it_t* it = *state;
  job_t job;
  batches_of(&job, it, 10, 1000000);
  for (int64_t i = 0; i < 9; i++) assert_int_equal(put(&job, 1, i + 1, i), 0);
  it_run(it, 50);
  assert_false(is_written(&job));
  assert_int_equal(put(&job, 1, 10, 10), 0);
  assert_true(it_until(it, is_written, &job, 30000));
  assert_int_equal(job.totals.batches, 1);
  close_writer(&job);
}

/* Less than a batch, which waits for more. */
static bool is_little_pending(void* data) {
  job_t* job = data;
  taosuv_writer_totals(job->writer, &job->totals);
  return job->totals.bytes_pending <= 2000 + 100;
}

static void a_batch_is_sent_when_it_has_enough_bytes(void** state) {
  it_t* it = *state;
  job_t job;
  batches_of(&job, it, 1000000, 2000);
  for (int64_t i = 0; i < 1000; i++) put_waiting(&job, 1, i + 1, i);
  assert_true(it_until(it, is_little_pending, &job, 30000));
  assert_in_range(job.totals.batches, 2, 100);
  close_writer(&job);
}

static void a_batch_is_sent_when_it_is_old_enough(void** state) {
  it_t* it = *state;
  job_t job;
  prepare(it, &job, "");
  job.options.batch_age_ms = 30;
  open_writer(&job);
  assert_int_equal(put(&job, 1, 1, 1), 0);
  assert_true(it_until(it, is_written, &job, 30000));
  assert_int_equal(job.totals.batches, 1);
  close_writer(&job);
}

static void a_flush_waits_for_nothing(void** state) {
  it_t* it = *state;
  job_t job;
  prepare(it, &job, "");
  job.options.batch_age_ms = 1000000;
  open_writer(&job);
  flush(&job); /* of nothing */
  for (int64_t i = 0; i < 10; i++) assert_int_equal(put(&job, (unsigned) i, 1, i), 0);
  flush(&job);
  assert_int_equal(job.flush_failed, 0);
  assert_int_equal(ask(&job, "select count(*) from st"), 10);
  close_writer(&job);
}

/* ---- bounds ---- */

static void what_is_pending_is_bounded(void** state) {
  it_t* it = *state;
  job_t job;
  prepare(it, &job, "pool_size=2");
  job.options.max_bytes = 20000;
  job.options.batch_bytes = 4000;
  job.options.batch_age_ms = 1000000;
  open_writer(&job);
  unsigned refused = 0;
  for (int64_t i = 0; i < 20000; i++) {
    int status;
    while ((status = put(&job, (unsigned) i % 40, i + 1, i)) == TAOSUV_EAGAIN) {
      assert_true(strlen(taosuv_writer_message(job.writer)) > 0);
      refused++;
      unsigned before = job.drains;
      while (job.drains == before) uv_run(&it->loop, UV_RUN_ONCE);
    }
    assert_int_equal(status, 0);
    taosuv_writer_totals(job.writer, &job.totals);
    assert_true(job.totals.bytes_pending < 20000 + 1000);
  }
  assert_true(refused > 0);
  assert_true(job.drains <= refused);
  close_writer(&job);
  assert_int_equal(ask(&job, "select count(*) from st"), 20000);
}

static void a_full_queue_of_the_client_is_waited_for(void** state) {
  it_t* it = *state;
  job_t job;
  prepare(it, &job, "pool_size=1&max_inflight=1&max_queue=1");
  job.options.batch_rows = 5;
  job.options.lanes = 3;
  open_writer(&job);
  for (int64_t i = 0; i < 2000; i++) put_waiting(&job, (unsigned) i % 9, i + 1, i);
  close_writer(&job);
  assert_int_equal(job.totals.rows_written, 2000);
  assert_int_equal(ask(&job, "select count(*) from st"), 2000);
}

/* ---- what goes wrong ---- */

static void what_cannot_be_bound_is_refused_and_nothing_else(void** state) {
  it_t* it = *state;
  job_t job;
  prepare(it, &job, "");
  open_writer(&job);
  static const char name[] = "t1";
  taosuv_value_t tags[] = {taosuv_i64(1), taosuv_null()};
  taosuv_value_t good[] = {taosuv_i64(1), taosuv_i64(1), taosuv_null(), taosuv_null()};
  taosuv_value_t bad[] = {taosuv_i64(2), taosuv_text("x", 1), taosuv_null(), taosuv_null()};
  assert_int_equal(taosuv_writer_row(job.writer, name, TAOSUV_NUL_TERMINATED, tags, 2, good, 4), 0);
  assert_string_equal(taosuv_writer_message(job.writer), "");
  assert_int_equal(taosuv_writer_row(job.writer, name, TAOSUV_NUL_TERMINATED, tags, 2, bad, 4),
                   TAOSUV_ETYPE);
  it_has(taosuv_writer_message(job.writer), "'a'");
  assert_int_equal(taosuv_writer_row(job.writer, name, TAOSUV_NUL_TERMINATED, tags, 2, good, 3),
                   TAOSUV_EINVAL);
  assert_int_equal(taosuv_writer_row(job.writer, name, TAOSUV_NUL_TERMINATED, tags, 1, good, 4),
                   TAOSUV_EINVAL);
  assert_int_equal(taosuv_writer_row(job.writer, NULL, 0, tags, 2, good, 4), TAOSUV_EINVAL);
  assert_int_equal(taosuv_writer_row(job.writer, name, TAOSUV_NUL_TERMINATED, NULL, 0, good, 4),
                   TAOSUV_EINVAL);
  assert_int_equal(taosuv_writer_lines(job.writer, "a b=1", 5), TAOSUV_EINVAL);
  close_writer(&job);
  assert_int_equal(job.totals.rows_taken, 1);
  assert_int_equal(ask(&job, "select count(*) from st"), 1);
}

static void an_sql_that_does_not_fit_is_refused(void** state) {
  it_t* it = *state;
  it_needs(it, IT_STATEMENT_QUERIES);
  job_t job;
  prepare(it, &job, "");
  assert_int_equal(open_as(&job, "insert into nowhere.t values(?,?)"), TAOSUV_ESERVER);
  assert_null(job.writer);
  assert_true(strlen(job.message) > 0);
  assert_int_equal(open_as(&job, "select * from st where a > ?"), TAOSUV_EINVAL);
  it_has(job.message, "INSERT");
  taosuv_writer_open_t open = {0};
  job.options.on_report = NULL;
  assert_int_equal(taosuv_writer_open(job.client, &open, &job.options, on_opened), TAOSUV_EINVAL);
}

static void a_refused_batch_is_reported_with_its_rows(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  job_t job;
  prepare(it, &job, "");
  job.options.lanes = 1;
  job.options.batch_age_ms = 1000000;
  job.options.divide = TAOSUV_WRITER_NO_DIVIDE;
  open_writer(&job);
  it_rule(it, &(ts_rule_t) {.action = "stmt2_exec",
                            .times = 1,
                            .answer = TS_ANSWER_ERROR,
                            .code = 0x2653,
                            .text = "Value too long"});
  for (int64_t i = 0; i < 6; i++) assert_int_equal(put(&job, (unsigned) i % 2, i + 1, i), 0);
  flush(&job);
  assert_int_equal(job.reports, 1);
  assert_int_equal(job.flush_failed, 6);
  assert_int_equal(job.last.status, TAOSUV_ESERVER);
  assert_int_equal(job.last.server_code, 0x2653);
  assert_int_equal(job.last.attempts, 1);
  it_has(job.message, "Value too long");
  assert_string_equal(job.tables, "t0 0-4 3;t1 1-5 3;");
  for (int64_t i = 0; i < 6; i++) assert_int_equal(put(&job, (unsigned) i % 2, i + 1, i), 0);
  close_writer(&job);
  assert_int_equal(job.totals.rows_written, 6);
  assert_int_equal(job.totals.rows_failed, 6);
}

static void a_batch_that_is_lost_is_sent_again(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const char* const actions[] = {"stmt2_bind", "stmt2_exec"};
  for (size_t i = 0; i < COUNT(actions); i++) {
    job_t job;
    prepare(it, &job, "retries=3");
    job.options.lanes = 2;
    open_writer(&job);
    uint32_t rule = it_rule(
        it, &(ts_rule_t) {.action = actions[i], .times = 2, .answer = TS_ANSWER_CUT});
    for (int64_t row = 0; row < 100; row++)
      assert_int_equal(put(&job, (unsigned) row % 10, row + 1, row), 0);
    close_writer(&job);
    assert_int_equal(ts_server_rule_hits(it->server, rule), 2);
    assert_int_equal(job.totals.rows_written, 100);
    assert_int_equal(job.reports, 0);
    assert_int_equal(ask(&job, "select sum(a) from st"), 4950);
    it_unrule(it);
  }
}

static void a_server_that_stays_away_is_given_up(void** state) {
  it_t* it = *state;
  it_proxy(it);
  job_t job;
  prepare(it, &job, "");
  job.options.retry_ms = 300;
  open_writer(&job);
  proxy_stop(it->proxies[0]);
  assert_int_equal(put(&job, 1, 1, 1), 0);
  close_writer(&job);
  assert_int_equal(job.totals.rows_failed, 1);
  assert_int_equal(job.reports, 1);
  assert_true(job.last.attempts > 1);
}

/* ---- closing ---- */

static void closing_the_client_first_reports_what_is_pending(void** state) {
  it_t* it = *state;
  for (int turns = 0; turns < 4; turns++) {
    job_t job;
    prepare(it, &job, "");
    job.options.batch_rows = 10;
    job.options.batch_age_ms = 1000000;
    open_writer(&job);
    for (int64_t i = 0; i < 57; i++) put_waiting(&job, (unsigned) i % 5, i + 1, i);
    for (int turn = 0; turn < turns; turn++) uv_run(&it->loop, UV_RUN_NOWAIT);
    taosuv_client_t* client = job.client;
    it_close(it, client);
    assert_int_equal(put(&job, 1, 1, 1), TAOSUV_ECLOSED);
    it_close_wait(it, client);
    close_writer(&job);
    assert_int_equal(job.totals.rows_taken, 57);
    if (job.reports > 0) assert_int_equal(job.last.status, TAOSUV_ECANCELED);
  }
}

static void closing_the_client_while_a_writer_opens_ends_that(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "statements");
  job_t job;
  prepare(it, &job, "");
  taosuv_writer_open_t open = {.data = &job};
  job.options.sql = writer_sql;
  assert_int_equal(taosuv_writer_open(job.client, &open, &job.options, on_opened), 0);
  it_close_wait(it, job.client);
  assert_int_equal(job.opened, TAOSUV_ECANCELED);
  assert_null(job.writer);
}

static void a_writer_may_be_closed_at_any_moment(void** state) {
  it_t* it = *state;
  for (int turns = 0; turns < 12; turns++) {
    job_t job;
    prepare(it, &job, "");
    job.options.batch_rows = 3;
    open_writer(&job);
    for (int64_t i = 0; i < 20; i++) put_waiting(&job, (unsigned) i % 5, i + 1, i);
    for (int turn = 0; turn < turns; turn++) uv_run(&it->loop, UV_RUN_NOWAIT);
    taosuv_writer_flush_t req = {.data = &job};
    assert_int_equal(taosuv_writer_flush(job.writer, &req, on_flushed), 0);
    close_writer(&job);
    assert_int_equal(job.flushes, 1);
    assert_int_equal(job.totals.rows_written, 20);
    assert_int_equal(ask(&job, "select count(*) from st"), 20);
    drop_database(&job);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(rows_arrive_in_tables_that_they_create),
      IT_TEST(columns_are_taken_as_well),
      IT_TEST(a_single_table_has_a_writer_too),
      IT_TEST(a_table_keeps_the_order_of_its_rows),
      IT_TEST(a_table_keeps_its_order_whatever_form_its_name_has),
      IT_TEST(lines_are_gathered_and_written),
      IT_TEST(a_bad_line_is_reported),
      IT_TEST(lines_that_are_lost_are_sent_again),
      IT_TEST(a_batch_is_sent_when_it_has_enough_rows),
      IT_TEST(a_batch_is_sent_when_it_has_enough_bytes),
      IT_TEST(a_batch_is_sent_when_it_is_old_enough),
      IT_TEST(a_flush_waits_for_nothing),
      IT_TEST(what_is_pending_is_bounded),
      IT_TEST(a_full_queue_of_the_client_is_waited_for),
      IT_TEST(what_cannot_be_bound_is_refused_and_nothing_else),
      IT_TEST(an_sql_that_does_not_fit_is_refused),
      IT_TEST(a_refused_batch_is_reported_with_its_rows),
      IT_TEST(a_batch_that_is_lost_is_sent_again),
      IT_TEST(a_server_that_stays_away_is_given_up),
      IT_TEST(closing_the_client_first_reports_what_is_pending),
      IT_TEST(closing_the_client_while_a_writer_opens_ends_that),
      IT_TEST(a_writer_may_be_closed_at_any_moment),
  };
  return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
