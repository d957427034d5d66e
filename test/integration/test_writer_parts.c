/* Batches over links that fail under large messages, batches that collect rows while a lane waits,
 * and reports of batches after several attempts. */
#include <math.h>
#include <signal.h>

#include "writer_lines_job.h"

/* ---- links that are cut ---- */

/* Every connection ends after this number of bytes. */
static void cut_each(it_t* it, uint64_t bytes) {
  ts_peer_set_fault(ts_server_peer(it->server), &(ts_fault_t) {.cut_after_received = bytes}, 0);
  ts_peer_cut_all(ts_server_peer(it->server));
}

static void uncut(it_t* it) {
  ts_peer_set_fault(ts_server_peer(it->server), NULL, 0);
  ts_peer_cut_all(ts_server_peer(it->server));
  it_until_connections(it, 0);
  it_run(it, 20); /* the clients have noticed */
}

static void put_large(job_t* job, int64_t row, const char* text, size_t size) {
  taosuv_value_t tags[] = {taosuv_i64(1), taosuv_null()};
  taosuv_value_t values[] = {taosuv_i64(row), taosuv_i64(row), taosuv_text(text, size)};
  char name[8] = "t0";
  int status;
  name[1] = (char) ('0' + row % 4);
  while ((status = taosuv_writer_row(job->writer, name, 2, tags, 2, values, 3)) == TAOSUV_EAGAIN)
    uv_run(&job->it->loop, UV_RUN_ONCE);
  if (status != 0) fail_msg("%s", taosuv_writer_message(job->writer));
}

static void rows_arrive_over_a_link_that_is_cut_each_300_KB(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static char text[500];
  memset(text, 'x', sizeof text);
  job_t job;
  prepare(it, &job, "retry_initial=1&retry_max=20");
  it_ok(it, job.client,
        "create stable large (ts timestamp, a bigint, c varchar(600)) tags (g int, l int)");
  job.options.lanes = 1;
  job.options.batch_age_ms = 1000000;
  assert_int_equal(open_as(&job, "insert into ? using large tags(?,?) values(?,?,?)"), 1);
  cut_each(it, 300000);
  for (int64_t row = 1; row <= 3000; row++) put_large(&job, row, text, sizeof text);
  close_writer(&job);
  uncut(it);
  assert_int_equal(job.reports, 0);
  assert_int_equal(job.totals.rows_written, 3000);
  assert_true(job.totals.parts > 0);
  assert_true(job.totals.retries > 0);
  assert_int_equal(ask(&job, "select count(*) from %s.large"), 3000);
  assert_int_equal(ask(&job, "select sum(a) from %s.large"), 3000 * 3001 / 2);
}

static void lines_arrive_over_a_link_that_is_cut_each_300_KB(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  for (int http = 0; http < 2; http++) {
    job_t job;
    char text[400];
    prepare_over(it, &job, http, "retry_initial=1&retry_max=20");
    job.options.lanes = 1;
    job.options.batch_age_ms = 1000000;
    open_lines(&job);
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = 0;
    cut_each(it, 300000);
    for (int i = 0; i < 3000; i++) {
      char line[600];
      int size = snprintf(line, sizeof line, "m0 a=%di64,c=\"%s\" %lld", i, text,
                          (long long) T0 + i);
      assert_int_equal(taosuv_writer_lines(job.writer, line, (size_t) size), 0);
    }
    close_writer(&job);
    uncut(it);
    assert_int_equal(job.reports, 0);
    assert_int_equal(job.totals.rows_written, 3000);
    assert_true(job.totals.parts > 0);
    assert_int_equal(ask_all(&job, "count(*)", 1), 3000);
    end(&job);
  }
}

/* When the link is well again messages grow to what they were. */
static void parts_grow_again(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  job_t job;
  prepare_over(it, &job, false, "retry_initial=1&retry_max=20");
  job.options.lanes = 1;
  job.options.batch_rows = 64;
  open_lines(&job);
  uint32_t rule = it_rule(it,
                          &(ts_rule_t) {.action = "insert", .times = 5, .answer = TS_ANSWER_CUT});
  for (int64_t i = 0; i < 64; i++) give_waiting(&job, 1, T0 + i, i);
  flush(&job);
  assert_int_equal(ts_server_rule_hits(it->server, rule), 5);
  taosuv_writer_totals_t before, after;
  taosuv_writer_totals(job.writer, &before);
  assert_int_equal(before.rows_written, 64);
  assert_in_range(before.parts, 3, 12); /* 4, 4, 8, … */
  for (int64_t i = 0; i < 640; i++) give_waiting(&job, 1, T0 + i, i);
  flush(&job);
  taosuv_writer_totals(job.writer, &after);
  assert_in_range(after.batches - before.batches, 10, 20);
  for (int64_t i = 0; i < 640; i++) give_waiting(&job, 1, T0 + i, i);
  flush(&job);
  taosuv_writer_totals(job.writer, &before);
  assert_int_equal(before.batches - after.batches, 10);
  close_writer(&job);
  assert_int_equal(job.reports, 0);
  end(&job);
}

/* ---- what gathers ---- */

typedef struct {
  uint64_t messages, largest;
} seen_t;

static void spy(void* data, const char* action, const void* message, size_t size) {
  seen_t* seen = data;
  uint64_t lines = 0;
  if (strcmp(action, "insert") != 0) return;
  for (size_t at = 0; at + 1 < size; at++)
    lines += memcmp((const char*) message + at, "\\n", 2) == 0;
  seen->messages++;
  if (lines > seen->largest) seen->largest = lines;
}

static void batches_that_wait_are_of_the_usual_size(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  for (int by_bytes = 0; by_bytes < 2; by_bytes++) {
    job_t job;
    seen_t seen = {0};
    it_server_stop(it);
    it_server_start(it, &(ts_config_t) {.spy = spy, .spy_data = &seen});
    prepare_over(it, &job, false, "");
    job.options.lanes = 1;
    job.options.batch_rows = by_bytes ? 100000 : 100;
    if (by_bytes) job.options.batch_bytes = 4000;
    open_lines(&job);
    it_rule(it, &(ts_rule_t) {.action = "insert", .times = 1, .wait_ms = 300});
    for (int64_t i = 0; i < 5000; i++)
      assert_int_equal(give(&job, "m0 a=%di64 %lld", 1000 + (int) i, (long long) T0 + i), 0);
    close_writer(&job);
    assert_int_equal(job.reports, 0);
    assert_int_equal(job.totals.rows_written, 5000);
    assert_int_equal(job.totals.parts, 0);
    assert_in_range(seen.largest, 90, by_bytes ? 200 : 100);
    assert_in_range(seen.messages, 25, 60);
    assert_int_equal(ask_all(&job, "sum(a)", 1), 5000 * (1000 + 5999) / 2);
    it_unrule(it);
    end(&job);
  }
}

/* Rows of few tables: their batches end in the midst of a table. */
static void rows_that_wait_are_sent_in_batches(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  job_t job;
  prepare(it, &job, "");
  job.options.lanes = 1;
  job.options.batch_rows = 100;
  open_writer(&job);
  it_rule(it, &(ts_rule_t) {.action = "stmt2_exec", .times = 1, .wait_ms = 300});
  for (int64_t row = 0; row < 2000; row++)
    assert_int_equal(put(&job, (unsigned) row % 3, row + 1, row), 0);
  close_writer(&job);
  assert_int_equal(job.totals.batches, 20);
  assert_int_equal(ask(&job, "select count(*) from %s.st"), 2000);
  assert_int_equal(ask(&job, "select sum(a) from %s.st"), 2000 * 1999 / 2);
}

/* ---- one row of many ---- */

/* In the midst of one table's rows; by every kind of message, row by row and by column. The bundled
 * server refuses NaN; a time that the first version cannot carry is not even sent. */
static void one_refused_row_takes_no_other_with_it(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const char* const kinds[][2] = {
      {"3.3.6.0", "stmt_version=1"}, {"3.3.6.0", ""}, {"3.4.1.13", ""}};
  static int64_t ts[100];
  static double a[100];
  for (size_t run = 0; run < 2 * COUNT(kinds); run++) {
    job_t job;
    it_server_stop(it);
    it_server_start(it, &(ts_config_t) {.version = kinds[run / 2][0]});
    prepare(it, &job, kinds[run / 2][1]);
    it_ok(it, job.client, "create stable two (ts timestamp, a double) tags (g int)");
    job.options.lanes = 1;
    job.options.batch_age_ms = 1000000;
    assert_int_equal(open_as(&job, "insert into ? using two tags(?) values(?,?)"), 1);
    taosuv_value_t tag = taosuv_i64(1);
    for (int i = 0; i < 100; i++) {
      bool bad = i == 67, far = run < 2;
      ts[i] = bad && far ? INT64_MAX : i + 1;
      a[i] = bad && !far ? (double) NAN : i;
      taosuv_value_t values[] = {taosuv_i64(ts[i]), taosuv_f64(a[i])};
      if (run % 2 == 0)
        assert_int_equal(taosuv_writer_row(job.writer, "t1", 2, &tag, 1, values, 2), 0);
    }
    taosuv_array_t columns[] = {{TAOSUV_TYPE_TIMESTAMP, ts, NULL, NULL},
                                {TAOSUV_TYPE_DOUBLE, a, NULL, NULL}};
    if (run % 2 == 1)
      assert_int_equal(taosuv_writer_columns(job.writer, "t1", 2, &tag, 1, 100, columns, 2), 0);
    flush(&job);
    assert_int_equal(job.flush_failed, 1);
    assert_string_equal(job.tables, "t1 67-67 1;");
    assert_int_equal(job.last.status, run < 2 ? TAOSUV_ERANGE : TAOSUV_ESERVER);
    close_writer(&job);
    assert_int_equal(ask(&job, "select count(*) from %s.two"), 99);
    assert_int_equal(ask(&job, "select count(*) from %s.two where a <> 67"), 99);
    it_unrule(it);
    it_close_wait(it, job.client);
    memset(it->slots, 0, sizeof it->slots);
    memset(it->databases, 0, sizeof it->databases);
  }
}

/* Where rows of one table overwrite each other, parts keep their order. */
static void parts_of_a_table_keep_its_order(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  for (int bad = 0; bad < 12; bad++) {
    job_t job;
    prepare_over(it, &job, bad % 2 == 1, "");
    job.options.lanes = 1;
    job.options.batch_age_ms = 1000000;
    open_lines(&job);
    for (int i = 0; i < 12; i++)
      assert_int_equal(
          give(&job, "m0%s a=%di64 %lld", i == bad ? ",,=" : "", i, (long long) T0 + i % 2), 0);
    close_writer(&job);
    assert_int_equal(job.totals.rows_failed, 1);
    assert_int_equal(ask_all(&job, "sum(a)", 1), bad == 11 ? 10 + 9 : bad == 10 ? 11 + 8 : 21);
    end(&job);
  }
}

/* ---- reports ---- */

/* The first attempt may have been executed; the others find no server. */
static void a_report_speaks_of_all_attempts(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  for (int http = 0; http < 2; http++) {
    job_t job;
    prepare_over(it, &job, http, "pool_size=1&retries=0&retry_initial=1&retry_max=20");
    job.options.lanes = 1;
    job.options.retry_ms = 1200;
    job.options.batch_age_ms = 1;
    open_lines(&job);
    uint32_t rule = it_rule(it,
                            &(ts_rule_t) {.action = "insert", .times = 1, .answer = TS_ANSWER_CUT});
    assert_int_equal(give(&job, "m0 a=1i64 %lld", (long long) T0), 0);
    it_until_hits(it, rule, 1);
    ts_peer_refuse(ts_server_peer(it->server), true);
    ts_peer_cut_all(ts_server_peer(it->server));
    flush(&job);
    ts_peer_refuse(ts_server_peer(it->server), false);
    assert_int_equal(job.reports, 1);
    assert_true(job.last.attempts > 1);
    assert_true((job.last.err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0);
    it_has(job.message, "attempts, at least one of which may have been executed; the last one: ");
    close_writer(&job);
    end(&job);
  }
}

/* The others wait for a connection in vain: the last one is not called unsent. */
static void what_may_have_been_executed_is_not_called_unsent(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  job_t job;
  prepare_over(it, &job, false, "pool_size=1&retry_initial=1&retry_max=20");
  job.options.lanes = 1;
  job.options.timeout_ms = 200;
  job.options.retry_ms = 900;
  job.options.batch_age_ms = 1;
  open_lines(&job);
  it_usable(it, job.client);
  ts_peer_set_fault(ts_server_peer(it->server), &(ts_fault_t) {.upgrade_silent = true}, 0);
  it_rule(it, &(ts_rule_t) {.action = "insert", .times = 1, .answer = TS_ANSWER_CUT});
  assert_int_equal(give(&job, "m0 a=1i64 %lld", (long long) T0), 0);
  flush(&job);
  assert_int_equal(job.reports, 1);
  assert_int_equal(job.last.status, TAOSUV_ETIMEDOUT);
  assert_true((job.last.err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0);
  it_has(job.message, "timed out before it was sent");
  /* And what was never sent is. */
  assert_int_equal(give(&job, "m0 a=1i64 %lld", (long long) T0), 0);
  flush(&job);
  assert_int_equal(job.reports, 2);
  assert_int_equal(job.last.status, TAOSUV_EUNSENT);
  assert_int_equal(job.last.err_flags & TAOSUV_ERR_MAYBE_EXECUTED, 0);
  ts_peer_set_fault(ts_server_peer(it->server), NULL, 0);
  ts_peer_cut_all(ts_server_peer(it->server));
  close_writer(&job);
  end(&job);
}

static void on_report_recover(taosuv_writer_t* writer, const taosuv_writer_report_t* report,
                              void* data) {
  job_t* job = data;
  on_report(writer, report, data);
  it_unrule(job->it); /* the server is up again */
}

/* What waited behind a batch that was tried in vain is tried before it is reported. */
static void what_comes_behind_a_lost_batch_has_its_chance(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  job_t job;
  prepare_over(it, &job, false, "retry_initial=1&retry_max=20");
  job.options.lanes = 1;
  job.options.batch_rows = 4;
  job.options.retry_ms = 300;
  job.options.on_report = on_report_recover;
  open_lines(&job);
  it_rule(it, &(ts_rule_t) {.action = "insert", .times = 1, .wait_ms = 200}); /* others gather */
  it_rule(it, &(ts_rule_t) {.action = "insert", .answer = TS_ANSWER_CUT});
  for (int64_t i = 0; i < 16; i++) give_waiting(&job, 1, T0 + i, i);
  close_writer(&job);
  assert_int_equal(job.reports, 1);
  assert_int_equal(job.totals.rows_failed, 4);
  assert_int_equal(job.totals.rows_written, 12);
  end(&job);
}

/* What a larger message may have done counts for each of its rows, and for no other. */
static void parts_know_what_the_whole_may_have_done(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  job_t job;
  prepare_over(it, &job, false, "retry_initial=1&retry_max=20");
  job.options.lanes = 1;
  job.options.batch_age_ms = 1000000;
  open_lines(&job);
  it_rule(it, &(ts_rule_t) {.action = "insert", .times = 1, .answer = TS_ANSWER_CUT});
  for (int i = 0; i < 9; i++)
    assert_int_equal(give(&job, "m0%s a=%di64 %lld", i == 8 ? ",,=" : "", i, (long long) T0 + i),
                     0);
  flush(&job);
  assert_string_equal(job.tables, " 8-8 1;");
  assert_int_equal(job.last.attempts, 1);
  assert_true((job.last.err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0);
  it_has(job.message, "an earlier attempt, of a larger message, may have been executed");
  assert_int_equal(give(&job, "m0,,= a=1i64 %lld", (long long) T0), 0);
  flush(&job);
  assert_int_equal(job.last.err_flags & TAOSUV_ERR_MAYBE_EXECUTED, 0);
  assert_null(strstr(job.message, "attempt"));
  close_writer(&job);
  end(&job);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(rows_arrive_over_a_link_that_is_cut_each_300_KB),
      IT_TEST(lines_arrive_over_a_link_that_is_cut_each_300_KB),
      IT_TEST(parts_grow_again),
      IT_TEST(batches_that_wait_are_of_the_usual_size),
      IT_TEST(rows_that_wait_are_sent_in_batches),
      IT_TEST(one_refused_row_takes_no_other_with_it),
      IT_TEST(parts_of_a_table_keep_its_order),
      IT_TEST(a_report_speaks_of_all_attempts),
      IT_TEST(what_may_have_been_executed_is_not_called_unsent),
      IT_TEST(what_comes_behind_a_lost_batch_has_its_chance),
      IT_TEST(parts_know_what_the_whole_may_have_done),
  };
  signal(SIGPIPE, SIG_IGN); /* connections end in the middle of large messages */
  return cmocka_run_group_tests_name("writer_parts", tests, NULL, NULL);
}
