/* An attempt that the server executes late does not overtake what its lane sends next, over both
 * transports and by every kind of message; and an attempt that is never answered does not stop its
 * lane for ever. */
#include "writer_lines_job.h"

/* ---- late attempts ---- */

/* The server takes its time with some of the messages: what other connections send meanwhile is
 * executed before. */
static void delay_some(it_t* it, const char* action) {
  for (uint32_t i = 0; i < 3; i++)
    it_rule(it, &(ts_rule_t) {.action = action, .skip = 2 + 5 * i, .times = 1, .wait_ms = 350});
}

/* What the server delays is executed. */
static void wait_for_late_ones(it_t* it) {
  while (ts_server_counters(it->server).waiting > 0) it_run(it, 20);
}

/* The same timestamps again and again: of each the last row is to stay. */
static void late_lines_are_not_overtaken(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  for (int run = 0; run < 4; run++) {
    job_t job;
    prepare_over(it, &job, run % 2 == 1, "pool_size=6");
    job.options.timeout_ms = 100;
    job.options.lanes = run < 2 ? 4 : 1;
    job.options.batch_rows = 50;
    open_lines(&job);
    delay_some(it, "insert");
    for (int64_t i = 0; i < 3000; i++) {
      give_waiting(&job, 6, T0 + i % 60, i);
      if (i % 20 == 0) uv_run(&it->loop, UV_RUN_NOWAIT);
    }
    close_writer(&job);
    wait_for_late_ones(it);
    assert_int_equal(job.reports, 0);
    assert_int_equal(job.totals.rows_written, 3000);
    assert_int_equal(ask_all(&job, "count(*)", 6), 60);
    assert_int_equal(ask_all(&job, "sum(a)", 6), 60 * (2940 + 2999) / 2);
    it_unrule(it);
    end(&job);
  }
}

static void late_rows_are_not_overtaken(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const struct {
    const char *version, *keys, *action;
  } kinds[] = {{"3.3.6.0", "stmt_version=1&pool_size=6", "exec"},
               {"3.3.6.0", "pool_size=6", "stmt2_exec"},
               {"3.4.1.13", "pool_size=6", "stmt2_bind_exec"}};
  for (size_t i = 0; i < COUNT(kinds); i++) {
    job_t job;
    it_server_stop(it);
    it_server_start(it, &(ts_config_t) {.version = kinds[i].version});
    prepare(it, &job, kinds[i].keys);
    job.options.timeout_ms = 100;
    job.options.batch_rows = 50;
    open_writer(&job);
    delay_some(it, kinds[i].action);
    for (int64_t row = 0; row < 3000; row++) {
      put_waiting(&job, (unsigned) row % 6, 1 + row % 60, row);
      if (row % 20 == 0) uv_run(&it->loop, UV_RUN_NOWAIT);
    }
    close_writer(&job);
    wait_for_late_ones(it);
    assert_int_equal(job.reports, 0);
    assert_int_equal(ask(&job, "select count(*) from %s.st"), 60);
    assert_int_equal(ask(&job, "select min(a) from %s.st"), 2940);
    it_unrule(it);
    it_close_wait(it, job.client);
    memset(it->slots, 0, sizeof it->slots);
    memset(it->databases, 0, sizeof it->databases);
  }
}

/* Parts of a batch that is refused are attempts as well: the bad line is in the first half. */
static void late_parts_are_not_overtaken(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  for (int http = 0; http < 2; http++) {
    job_t job;
    prepare_over(it, &job, http, "pool_size=4");
    job.options.timeout_ms = 100;
    job.options.lanes = 1;
    job.options.batch_age_ms = 1000000;
    open_lines(&job);
    it_rule(it, &(ts_rule_t) {.action = "insert", .skip = 1, .times = 4, .wait_ms = 250});
    for (int i = 0; i < 40; i++)
      assert_int_equal(give(&job, "m0%s a=%di64 %lld", i == 3 ? ",,=" : "", i, (long long) T0), 0);
    close_writer(&job);
    assert_string_equal(job.tables, " 3-3 1;");
    assert_int_equal(job.totals.retries, 0);
    assert_int_equal(ask_all(&job, "sum(a)", 1), 39);
    it_unrule(it);
    end(&job);
  }
}

/* ---- attempts without an answer ---- */

static bool has_report(void* data) {
  return ((job_t*) data)->reports > 0;
}

static void open_hasty(it_t* it, job_t* job, bool http) {
  prepare_over(it, job, http, "pool_size=4&retry_initial=1&retry_max=20");
  job->options.lanes = 1;
  job->options.timeout_ms = 100;
  job->options.retry_ms = 600;
  job->options.batch_age_ms = 1;
  open_lines(job);
}

/* It is reported when its time is over, and then waited for; a late answer lets its lane go on. */
static void a_reported_attempt_holds_its_lane_until_it_is_answered(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  job_t job;
  open_hasty(it, &job, false);
  it_rule(it, &(ts_rule_t) {.action = "insert", .times = 1, .wait_ms = 1000});
  uint64_t start = it_ms();
  assert_int_equal(give(&job, "m0 a=1i64 %lld", (long long) T0), 0);
  assert_true(it_until(it, has_report, &job, 20000));
  it_within(start, 590, 20000);
  uint64_t connections = ts_server_counters(it->server).connections;
  assert_int_equal(job.last.status, TAOSUV_ETIMEDOUT);
  assert_int_equal(job.last.attempts, 1);
  assert_true((job.last.err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0);
  assert_int_equal(give(&job, "m0 a=2i64 %lld", (long long) T0), 0);
  it_run(it, 100);
  assert_int_equal(ts_server_action_count(it->server, "insert"), 1);
  flush(&job);
  it_within(start, 990, 20000);
  close_writer(&job);
  assert_int_equal(job.totals.rows_written, 1);
  assert_int_equal(ask_all(&job, "sum(a)", 1), 2);
  assert_int_equal(ts_server_counters(it->server).connections, connections);
  end(&job);
}

/* Nor does one hold it for ever that is never answered: its connection is ended in the end. */
static void an_attempt_that_is_never_answered_loses_its_connection(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  for (int http = 0; http < 2; http++) {
    job_t job;
    open_hasty(it, &job, http);
    uint32_t rule = it_rule(
        it, &(ts_rule_t) {.action = "insert", .times = 1, .answer = TS_ANSWER_NOTHING});
    assert_int_equal(give(&job, "m0 a=1i64 %lld", (long long) T0), 0);
    it_until_hits(it, rule, 1);
    if (!http) assert_true(it_until(it, has_report, &job, 20000));
    uint64_t start = it_ms();
    assert_int_equal(give(&job, "m0 a=2i64 %lld", (long long) T0), 0);
    flush(&job);
    if (!http) it_within(start, 550, 20000);
    close_writer(&job);
    /* Over HTTP the attempt is made again, in time. */
    assert_int_equal(job.totals.rows_written, http ? 2 : 1);
    assert_int_equal(job.totals.retries, http);
    assert_int_equal(ask_all(&job, "sum(a)", 1), 2);
    end(&job);
  }
}

/* Neither the writer's close nor the client's waits for it when nothing comes behind. */
static void closing_does_not_wait_for_a_reported_attempt(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  for (int run = 0; run < 4; run++) {
    job_t job;
    open_hasty(it, &job, false);
    job.options.retry_ms = 60000;
    it_rule(it, &(ts_rule_t) {.action = "insert", .times = 1, .answer = TS_ANSWER_NOTHING});
    assert_int_equal(give(&job, "m0 a=1i64 %lld", (long long) T0), 0);
    assert_true(it_until(it, has_report, &job, 20000));
    if (run > 1) assert_int_equal(give(&job, "m0 a=2i64 %lld", (long long) T0), 0);
    it_slot_t* slot = it_slot(it, job.client);
    if (run % 2 == 1) it_close(it, job.client);
    close_writer(&job);
    assert_int_equal(job.totals.rows_failed, run == 3 ? 2 : 1);
    if (run % 2 == 1)
      it_closed(slot);
    else
      it_close_wait(it, job.client);
    it_ok(it, it->slots[0].client, "drop database %s", job.db);
    it_close_wait(it, it->slots[0].client);
    memset(it->slots, 0, sizeof it->slots);
    memset(it->databases, 0, sizeof it->databases);
    it_unrule(it);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(late_lines_are_not_overtaken),
      IT_TEST(late_rows_are_not_overtaken),
      IT_TEST(late_parts_are_not_overtaken),
      IT_TEST(a_reported_attempt_holds_its_lane_until_it_is_answered),
      IT_TEST(an_attempt_that_is_never_answered_loses_its_connection),
      IT_TEST(closing_does_not_wait_for_a_reported_attempt),
  };
  return cmocka_run_group_tests_name("writer_order", tests, NULL, NULL);
}
