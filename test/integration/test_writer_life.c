/* How a writer begins and how it ends: with a full queue, with invalid options, from any callback,
 * and in time when the server does not answer. */
#include "writer_job.h"

/* ---- opening ---- */

/* Nobody who opens a writer counts what its lanes take of the client's queue. */
static void a_short_queue_is_long_enough_to_open_a_writer(void** state) {
  it_t* it = *state;
  static const char* const keys[] = {"max_queue=1", "max_queue=0", "max_queue=3&pool_size=2",
                                     "max_queue=0&max_inflight=1"};
  for (size_t i = 0; i < COUNT(keys); i++) {
    job_t job;
    char sql[200];
    prepare(it, &job, "");
    taosuv_client_t* client = it_client_db(it, job.db, keys[i]); /* without a connection */
    it_close_wait(it, job.client);
    job.client = client;
    job.options.lanes = 8;
    open_writer(&job);
    for (int64_t row = 0; row < 50; row++) put_waiting(&job, (unsigned) row, row + 1, row);
    close_writer(&job);
    assert_int_equal(job.totals.rows_written, 50);
    snprintf(sql, sizeof sql, "select count(*) from %s.st", job.db);
    assert_int_equal(it_number(it, client, sql), 50);
    it_ok(it, client, "drop database %s", job.db);
    it_close_wait(it, client);
    memset(it->slots, 0, sizeof it->slots);
    memset(it->databases, 0, sizeof it->databases);
  }
}

/* Its texts are the caller's again as soon as the call has returned. */
static void what_is_given_to_the_opening_is_copied(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "statements");
  int kinds = it_can(it, IT_TABLE_NAME_KEY) ? 2 : 1;
  for (int lines = 0; lines < kinds; lines++) {
    job_t job;
    prepare(it, &job, "");
    taosuv_client_t* client = it_client_db(it, job.db, "max_queue=1");
    it_close_wait(it, job.client);
    job.client = client;
    char* sql = strdup("insert into ? values(?,?,?,?)");
    char *table = strdup("t9"), *key = strdup("name");
    taosuv_writer_open_t open = {.data = &job};
    it_ok(it, client, "create table t9 using st tags(1, 'x')");
    it_close_wait(it, client);
    job.client = it_client_db(it, job.db, "max_queue=1"); /* without a connection */
    if (lines == 0) job.options.sql = sql;
    if (lines == 0) job.options.table = table;
    if (lines == 1) job.options.table_name_key = key;
    job.options.precision = lines == 1 ? TAOSUV_LINES_MS : 0;
    job.options.lanes = 5;
    assert_int_equal(taosuv_writer_open(job.client, &open, &job.options, on_opened), 0);
    memset(sql, 'x', strlen(sql));
    free(sql);
    free(table);
    free(key);
    assert_true(it_until(it, is_opened, &job, 20000));
    if (job.opened != 1) fail_msg("%s", job.message);
    taosuv_value_t values[] = {taosuv_i64(1), taosuv_i64(1), taosuv_null(), taosuv_null()};
    if (lines == 0)
      assert_int_equal(taosuv_writer_row(job.writer, "t9", 2, NULL, 0, values, 4), 0);
    else
      assert_int_equal(taosuv_writer_lines(job.writer, "m,name=t9b a=1 1760000000000", 28), 0);
    close_writer(&job);
    assert_int_equal(job.totals.rows_written, 1);
    assert_int_equal(
        it_number(it, job.client, lines ? "select count(*) from t9b" : "select count(*) from t9"),
        1);
    it_ok(it, job.client, "drop database %s", job.db);
    it_close_wait(it, job.client);
    memset(it->slots, 0, sizeof it->slots);
    memset(it->databases, 0, sizeof it->databases);
  }
}

static int try_to_open(job_t* job) {
  taosuv_writer_open_t open = {.data = job};
  job->opened = 0;
  int status = taosuv_writer_open(job->client, &open, &job->options, on_opened);
  if (status < 0) return status;
  assert_true(it_until(job->it, is_opened, job, 20000));
  return job->opened;
}

static void closing_the_client_while_lanes_wait_for_the_queue(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "statements");
  for (int turns = 0; turns < 12; turns++) {
    job_t job;
    char sql[200];
    prepare(it, &job, "");
    job.client = it_client(it, "max_queue=1&max_inflight=1");
    job.options.lanes = 8;
    snprintf(sql, sizeof sql, "insert into ? using %s.st tags(?,?) values(?,?,?,?)", job.db);
    job.options.sql = sql;
    taosuv_writer_open_t open = {.data = &job};
    assert_int_equal(taosuv_writer_open(job.client, &open, &job.options, on_opened), 0);
    for (int turn = 0; turn < turns; turn++) uv_run(&it->loop, UV_RUN_NOWAIT);
    assert_int_equal(job.opened, 0);
    it_close_wait(it, job.client);
    assert_true(it_until(it, is_opened, &job, 20000));
    assert_int_equal(job.opened, TAOSUV_ECANCELED);
    assert_null(job.writer);
    it_ok(it, it->slots[0].client, "drop database %s", job.db);
    it_close_wait(it, it->slots[0].client);
    memset(it->slots, 0, sizeof it->slots);
    memset(it->databases, 0, sizeof it->databases);
  }
}

static void what_makes_no_sense_is_refused_by_the_opening(void** state) {
  it_t* it = *state;
  job_t job;
  char long_key[300];
  prepare(it, &job, "");
  memset(long_key, 'k', sizeof long_key);
  taosuv_writer_options_t good = job.options;
  job.options.format = TAOSUV_LINES_JSON;
  assert_int_equal(try_to_open(&job), TAOSUV_EINVAL);
  job.options.format = 77;
  assert_int_equal(try_to_open(&job), TAOSUV_EINVAL);
  job.options = good;
  job.options.precision = 99;
  assert_int_equal(try_to_open(&job), TAOSUV_EINVAL);
  job.options = good;
  job.options.table_name_key = long_key;
  job.options.table_name_key_length = sizeof long_key;
  assert_int_equal(try_to_open(&job), TAOSUV_EINVAL);
  job.options.table_name_key_length = 1;
  job.options.table_name_key = "\xff";
  assert_int_equal(try_to_open(&job), TAOSUV_EINVAL);
  job.options = good;
  job.options.sql = "";
  assert_int_equal(try_to_open(&job), TAOSUV_EINVAL);
  job.options.sql = "insert into t values(1, 2)";
  assert_int_equal(try_to_open(&job), TAOSUV_ENOTSUP);
  job.options = good;
  job.options.size = 0;
  assert_int_equal(try_to_open(&job), TAOSUV_EINVAL);
  it_usable(it, job.client);
}

static void what_is_not_there_is_told_by_the_opening(void** state) {
  it_t* it = *state;
  job_t job;
  char sql[200];
  prepare(it, &job, "");
  static const char* const targets[] = {"%s.nothing", "no_such_database_%s.st"};
  for (size_t i = 0; i < COUNT(targets); i++) {
    char target[100];
    snprintf(target, sizeof target, i == 0 ? "%s.nothing" : "no_such_%s.st", job.db);
    snprintf(sql, sizeof sql, "insert into ? using %s tags(?) values(?,?)", target);
    assert_int_equal(open_as(&job, sql), TAOSUV_ESERVER);
    assert_null(job.writer);
    assert_true(strlen(job.message) > 0);
  }
  open_writer(&job); /* and another one goes */
  assert_int_equal(put(&job, 1, 1, 1), 0);
  close_writer(&job);
  assert_int_equal(job.totals.rows_written, 1);
}

static void extreme_numbers_are_taken(void** state) {
  it_t* it = *state;
  job_t job;
  prepare(it, &job, "");
  job.options.lanes = 64;
  job.options.batch_rows = UINT32_MAX;
  job.options.batch_bytes = SIZE_MAX;
  job.options.batch_age_ms = UINT32_MAX;
  job.options.max_bytes = SIZE_MAX;
  job.options.timeout_ms = UINT64_MAX;
  job.options.retry_ms = UINT64_MAX;
  open_writer(&job);
  for (int64_t row = 0; row < 500; row++) assert_int_equal(put(&job, 1, row + 1, row), 0);
  flush(&job);
  for (int64_t row = 0; row < 500; row++) assert_int_equal(put(&job, 2, row + 1, row), 0);
  close_writer(&job);
  assert_int_equal(job.totals.rows_written, 1000);
  job_t again;
  prepare(it, &again, "");
  again.options.lanes = 1;
  again.options.batch_rows = 1;
  again.options.batch_bytes = 1;
  again.options.batch_age_ms = 1;
  again.options.max_bytes = 1;
  again.options.retry_ms = 1;
  open_writer(&again);
  for (int64_t row = 0; row < 300; row++) put_waiting(&again, 1, row + 1, row);
  close_writer(&again);
  assert_int_equal(again.totals.rows_written, 300);
}

static void many_writers_one_after_another_and_at_once(void** state) {
  it_t* it = *state;
  job_t first;
  static job_t jobs[40];
  prepare(it, &first, "pool_size=2");
  for (size_t i = 0; i < COUNT(jobs); i++) {
    jobs[i] = first;
    jobs[i].options.data = &jobs[i];
    open_writer(&jobs[i]);
    for (int64_t row = 0; row < 10; row++)
      assert_int_equal(put(&jobs[i], (unsigned) i, row + 1, row), 0);
    if (i % 2 == 0) close_writer(&jobs[i]);
  }
  for (size_t i = 1; i < COUNT(jobs); i += 2)
    taosuv_writer_close(jobs[i].writer, on_closed, &jobs[i]);
  for (size_t i = 1; i < COUNT(jobs); i += 2) assert_true(it_until(it, is_closed, &jobs[i], 20000));
  assert_int_equal(ask(&first, "select count(*) from %s.st"), 10 * COUNT(jobs));
}

/* ---- from callbacks ---- */

typedef struct ender_s {
  job_t job;
  bool client_too, client_only;
} ender_t;

static void end_now(ender_t* ender) {
  job_t* job = &ender->job;
  if (ender->client_too || ender->client_only) it_close(job->it, job->client);
  if (!ender->client_only) taosuv_writer_close(job->writer, on_closed, job);
}

static void on_opened_end(taosuv_writer_open_t* req, int status) {
  assert_int_equal(status, 0);
  on_opened(req, status);
  end_now(req->data);
}

static void on_drain_end(taosuv_writer_t* writer, void* data) {
  on_drain(writer, data);
  end_now(data);
}

static void on_flushed_end(taosuv_writer_flush_t* req) {
  on_flushed(req);
  end_now(req->data);
}

static bool is_reported(void* data) {
  job_t* job = data;
  taosuv_writer_totals(job->writer, &job->totals);
  return job->totals.rows_pending == 0;
}

/* From which callback: of the opening, of the drain, of a flush. */
static void end_from(it_t* it, int from, ender_t* ender) {
  job_t* job = &ender->job;
  taosuv_writer_flush_t req = {.data = ender};
  char sql[200];
  it_needs_ws(it, "statements");
  prepare(it, job, "");
  job->options.data = ender;
  job->options.lanes = 2;
  job->options.max_bytes = 500;
  job->options.batch_age_ms = 1000000;
  if (from == 1) job->options.on_drain = on_drain_end;
  snprintf(sql, sizeof sql, "insert into ? using %s.st tags(?,?) values(?,?,?,?)", job->db);
  job->options.sql = sql;
  taosuv_writer_open_t open = {.data = ender};
  taosuv_writer_open_cb cb = from == 0 ? on_opened_end : on_opened;
  assert_int_equal(taosuv_writer_open(job->client, &open, &job->options, cb), 0);
  assert_true(it_until(it, is_opened, job, 20000));
  uint64_t taken = 0;
  while (from > 0 && put(job, (unsigned) taken % 5, (int64_t) taken + 1, 1) == 0) taken++;
  if (from == 2) assert_int_equal(taosuv_writer_flush(job->writer, &req, on_flushed_end), 0);
  if (ender->client_only) {
    assert_true(it_until(it, is_reported, job, 20000));
    it_closed(&it->slots[0]);
    taosuv_writer_close(job->writer, on_closed, job);
  }
  assert_true(it_until(it, is_closed, job, 20000));
  assert_int_equal(job->totals.rows_taken, taken);
  assert_int_equal(job->totals.rows_failed, job->reported_rows);
  assert_int_equal(job->totals.rows_taken, job->totals.rows_written + job->totals.rows_failed);
}

static void writer_and_client_may_be_closed_from_any_callback(void** state) {
  it_t* it = *state;
  for (int from = 0; from < 3; from++) {
    for (int how = 0; how < 3; how++) {
      ender_t ender = {.client_too = how == 1, .client_only = how == 2};
      end_from(it, from, &ender);
      if (how > 0)
        it_closed(&it->slots[0]);
      else
        it_close_wait(it, ender.job.client);
      memset(it->slots, 0, sizeof it->slots);
      it_drop_databases(it);
      memset(it->slots, 0, sizeof it->slots);
    }
  }
}

/* ---- in time ---- */

static bool begin_close(job_t* job) {
  taosuv_writer_close(job->writer, on_closed, job);
  return it_until(job->it, is_closed, job, 30000);
}

/* A batch in flight and one that waits behind it, of each lane. */
static void a_server_that_is_silent_does_not_hold_a_close_up(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const char* const actions[] = {"stmt2_bind", "stmt2_exec"};
  for (size_t i = 0; i < COUNT(actions); i++) {
    job_t job;
    prepare(it, &job, "");
    job.options.timeout_ms = 100;
    job.options.retry_ms = 300;
    job.options.batch_rows = 5;
    job.options.lanes = 2;
    open_writer(&job);
    it_rule(it, &(ts_rule_t) {.action = actions[i], .answer = TS_ANSWER_NOTHING});
    for (int64_t row = 0; row < 60; row++)
      assert_int_equal(put(&job, (unsigned) row % 9, row, 1), 0);
    assert_true(begin_close(&job));
    assert_int_equal(job.totals.rows_failed, 60);
    assert_int_equal(job.reported_rows, 60);
    assert_true(job.reports >= 2);
    if (i == 1)
      assert_true((job.last.err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0 || job.reports > 2);
    it_unrule(it);
  }
}

/* The client's only place is taken by something that never ends. */
static void a_queue_that_stays_full_does_not_hold_a_close_up(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  for (int by_flush = 0; by_flush < 2; by_flush++) {
    job_t job;
    it_op_t ops[2] = {0};
    prepare(it, &job, "pool_size=1&max_inflight=1&max_queue=1&request_timeout=0");
    job.options.retry_ms = 300;
    job.options.lanes = 2;
    job.options.batch_age_ms = 1000000;
    open_writer(&job);
    ts_peer_cut_all(ts_server_peer(it->server)); /* the statements, too */
    it_run(it, 20);
    it_rule(it, &(ts_rule_t) {.action = "binary_query", .answer = TS_ANSWER_NOTHING});
    for (size_t i = 0; i < 2; i++)
      while (it_exec(it, job.client, &ops[i], "select 1") != 0) uv_run(&it->loop, UV_RUN_ONCE);
    for (int64_t row = 0; row < 20; row++) assert_int_equal(put(&job, (unsigned) row, row, 1), 0);
    if (by_flush) {
      flush(&job);
      assert_int_equal(job.flush_failed, 20);
    }
    assert_true(begin_close(&job));
    assert_int_equal(job.totals.rows_failed, 20);
    assert_int_equal(job.reported_rows, 20);
    assert_int_equal(job.last.status, TAOSUV_EAGAIN);
    assert_int_equal(job.last.attempts, 0);
    assert_true(job.last.count > 0);
    it_close_wait(it, job.client);
    for (size_t i = 0; i < 2; i++) assert_int_equal(it_wait(&ops[i]), TAOSUV_ECANCELED);
    it_unrule(it);
    memset(it->slots, 0, sizeof it->slots);
    memset(it->databases, 0, sizeof it->databases);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(a_short_queue_is_long_enough_to_open_a_writer),
      IT_TEST(what_is_given_to_the_opening_is_copied),
      IT_TEST(closing_the_client_while_lanes_wait_for_the_queue),
      IT_TEST(what_makes_no_sense_is_refused_by_the_opening),
      IT_TEST(what_is_not_there_is_told_by_the_opening),
      IT_TEST(extreme_numbers_are_taken),
      IT_TEST(many_writers_one_after_another_and_at_once),
      IT_TEST(writer_and_client_may_be_closed_from_any_callback),
      IT_TEST(a_server_that_is_silent_does_not_hold_a_close_up),
      IT_TEST(a_queue_that_stays_full_does_not_hold_a_close_up),
  };
  return cmocka_run_group_tests_name("writer_life", tests, NULL, NULL);
}
