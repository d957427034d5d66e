/* The writer of lines, each test over WebSocket and over HTTP: accepted lines arrive once and in
 * order, or are reported. */
#include "writer_lines_job.h"

/* ---- writing ---- */

static void lines_arrive(void** state) {
  it_t* it = *state;
  for (int http = 0; http < 2; http++) {
    job_t job;
    prepare_over(it, &job, http, "pool_size=2");
    job.options.batch_rows = 50;
    open_lines(&job);
    for (int64_t i = 0; i < 2000; i++) give_waiting(&job, 7, T0 + i, i);
    close_writer(&job);
    assert_int_equal(job.reports, 0);
    assert_int_equal(job.totals.rows_written, 2000);
    assert_in_range(job.totals.batches, 2, 2000);
    bool counted = !http && it_can(it, IT_LINES_COUNTED); /* HTTP does not tell */
    assert_int_equal(job.totals.affected_rows, counted ? 2000 : 0);
    assert_int_equal(ask_all(&job, "count(*)", 7), 2000);
    assert_int_equal(ask_all(&job, "sum(a)", 7), 1999000);
    end(&job);
  }
}

/* The same times again and again: the last line is to stay. */
static void a_measurement_keeps_the_order_of_its_lines(void** state) {
  it_t* it = *state;
  for (int http = 0; http < 2; http++) {
    job_t job;
    prepare_over(it, &job, http, "pool_size=4");
    job.options.batch_rows = 7;
    open_lines(&job);
    for (int64_t i = 0; i < 1500; i++) give_waiting(&job, 3, T0 + i % 30, i);
    close_writer(&job);
    assert_int_equal(job.totals.rows_written, 1500);
    assert_int_equal(ask_all(&job, "count(*)", 3), 30); /* the host belongs to the time */
    assert_int_equal(ask_all(&job, "min(a)", 3), 1470 + 1471 + 1472);
    end(&job);
  }
}

static void several_lines_blank_ones_and_remarks(void** state) {
  it_t* it = *state;
  for (int http = 0; http < 2; http++) {
    job_t job;
    prepare_over(it, &job, http, "");
    job.options.batch_age_ms = 1000000;
    open_lines(&job);
    assert_int_equal(give(&job, "m0 a=1i64 %lld\r\n\n# a remark\n \t\r\n\t\nm0 a=2i64 %lld\n\n",
                          (long long) T0, (long long) T0 + 1),
                     0);
    assert_int_equal(give(&job, " \n\t\n\r\n# nothing\n"), TAOSUV_EINVAL);
    it_has(taosuv_writer_message(job.writer), "no line");
    assert_int_equal(taosuv_writer_lines(job.writer, "", 0), TAOSUV_EINVAL);
    assert_int_equal(taosuv_writer_lines(job.writer, "m a=\"\xff\"", 7), TAOSUV_EINVAL);
    flush(&job);
    assert_int_equal(job.flush_failed, 0);
    taosuv_writer_totals(job.writer, &job.totals);
    assert_int_equal(job.totals.rows_written, 2);
    close_writer(&job);
    assert_int_equal(ask_all(&job, "sum(a)", 1), 3);
    end(&job);
  }
}

static void a_tag_may_name_the_tables(void** state) {
  it_t* it = *state;
  it_needs(it, IT_TABLE_NAME_KEY);
  for (int http = 0; http < 2; http++) {
    job_t job;
    char sql[100];
    prepare_over(it, &job, http, "");
    job.options.table_name_key = "name & more";
    open_lines(&job);
    assert_int_equal(give(&job, "m0,name\\ &\\ more=first a=1i64 %lld", (long long) T0), 0);
    assert_int_equal(give(&job, "m0,name\\ &\\ more=second a=2i64 %lld", (long long) T0), 0);
    close_writer(&job);
    assert_int_equal(job.totals.rows_written, 2);
    snprintf(sql, sizeof sql, "select sum(a) from %s.second", job.db);
    assert_int_equal(it_number(it, it->slots[0].client, sql), 2);
    end(&job);
  }
}

static void telnet_lines_are_written_as_well(void** state) {
  it_t* it = *state;
  for (int http = 0; http < 2; http++) {
    job_t job;
    prepare_over(it, &job, http, "");
    job.options.format = TAOSUV_LINES_TELNET;
    taosuv_writer_open_t open = {.data = &job};
    if (http) /* has no precision there */
      assert_int_equal(taosuv_writer_open(job.client, &open, &job.options, on_opened),
                       TAOSUV_ENOTSUP);
    job.options.precision = 0;
    open_lines(&job);
    for (int i = 0; i < 100; i++)
      assert_int_equal(give(&job, "m%d %lld %d host=h", i % 3, (long long) T0 + i, i), 0);
    close_writer(&job);
    assert_int_equal(job.totals.rows_written, 100);
    assert_int_equal(ask_all(&job, "count(*)", 3), 100);
    end(&job);
  }
}

static void rows_need_a_web_socket(void** state) {
  it_t* it = *state;
  job_t job;
  prepare_over(it, &job, true, "");
  taosuv_writer_open_t open = {.data = &job};
  job.options.sql = "insert into ? using st tags(?) values(?,?)";
  assert_int_equal(taosuv_writer_open(job.client, &open, &job.options, on_opened), TAOSUV_ENOTSUP);
  job.options.sql = NULL;
  open_lines(&job);
  taosuv_value_t value = taosuv_i64(1);
  assert_int_equal(taosuv_writer_row(job.writer, "t", 1, &value, 1, &value, 1), TAOSUV_EINVAL);
  close_writer(&job);
}

static void what_is_pending_is_bounded(void** state) {
  it_t* it = *state;
  for (int http = 0; http < 2; http++) {
    job_t job;
    prepare_over(it, &job, http, "pool_size=2");
    job.options.max_bytes = 5000;
    job.options.batch_bytes = 1000;
    job.options.batch_age_ms = 1000000;
    open_lines(&job);
    unsigned refused = 0;
    for (int64_t i = 0; i < 3000; i++) {
      int status;
      while ((status = give(&job, "m%d a=%di64 %lld", (int) (i % 11), (int) i,
                            (long long) (T0 + i))) == TAOSUV_EAGAIN) {
        unsigned before = job.drains;
        refused++;
        while (job.drains == before) uv_run(&it->loop, UV_RUN_ONCE);
      }
      assert_int_equal(status, 0);
      taosuv_writer_totals(job.writer, &job.totals);
      assert_in_range(job.totals.bytes_pending, 1, 5100);
    }
    assert_true(refused > 0);
    close_writer(&job);
    assert_int_equal(ask_all(&job, "count(*)", 11), 3000);
    end(&job);
  }
}

/* ---- what goes wrong ---- */

static void a_bad_line_fails_its_batch_and_is_reported_with_it(void** state) {
  it_t* it = *state;
  for (int http = 0; http < 2; http++) {
    job_t job;
    prepare_over(it, &job, http, "");
    job.options.lanes = 1;
    job.options.batch_age_ms = 1000000;
    job.options.divide = TAOSUV_WRITER_NO_DIVIDE;
    open_lines(&job);
    assert_int_equal(give(&job, "m0 a=1i64 %lld", (long long) T0), 0);
    flush(&job);
    assert_int_equal(give(&job, "m0 a=2i64 %lld", (long long) T0 + 1), 0);
    assert_int_equal(give(&job, "m0,,= 2\nm0 a=2i64 %lld", (long long) T0 + 2), 0);
    flush(&job);
    assert_int_equal(job.flush_failed, 3);
    assert_int_equal(job.reports, 1);
    assert_int_equal(job.last.status, TAOSUV_ESERVER);
    assert_true(job.last.server_code != 0);
    assert_int_equal(job.last.attempts, 1);
    assert_string_equal(job.tables, " 1-3 3;");
    assert_int_equal(give(&job, "m0 a=4i64 %lld", (long long) T0 + 3), 0);
    close_writer(&job);
    assert_int_equal(job.totals.rows_written, 2);
    assert_int_equal(ask_all(&job, "sum(a)", 1), 5);
    end(&job);
  }
}

static void a_bad_line_can_be_found_among_good_ones(void** state) {
  it_t* it = *state;
  for (int http = 0; http < 2; http++) {
    job_t job;
    prepare_over(it, &job, http, "");
    job.options.lanes = 1;
    job.options.batch_age_ms = 1000000;
    job.options.divide = 20;
    open_lines(&job);
    for (int i = 0; i < 50; i++)
      assert_int_equal(give(&job, "m0%s a=2i64 %lld", i == 33 ? ",,=" : "", (long long) T0 + i), 0);
    close_writer(&job);
    assert_string_equal(job.tables, " 33-33 1;");
    assert_int_equal(job.totals.rows_written, 49);
    assert_in_range(job.totals.parts, 5, 20);
    assert_int_equal(ask_all(&job, "sum(a)", 1), 98);
    end(&job);
  }
}

static void a_database_that_is_not_there_is_reported(void** state) {
  it_t* it = *state;
  static const char* const names[] = {"", "no_such_database"};
  for (int run = 0; run < 4; run++) {
    job_t job;
    prepare_over(it, &job, run % 2 == 1, "");
    taosuv_client_t* client = client_over(it, names[run / 2], run % 2 == 1, "retries=0");
    it_close_wait(it, job.client);
    job.client = client;
    job.options.retry_ms = 300;
    if (run == 1) { /* nothing but the URL could name one */
      taosuv_writer_open_t open = {.data = &job};
      assert_int_equal(taosuv_writer_open(job.client, &open, &job.options, on_opened),
                       TAOSUV_ENOTSUP);
      end(&job);
      continue;
    }
    open_lines(&job);
    assert_int_equal(give(&job, "m0 a=1 %lld", (long long) T0), 0);
    close_writer(&job);
    assert_int_equal(job.reported_rows, 1);
    assert_int_equal(job.last.status, TAOSUV_ESERVER);
    assert_true(strlen(job.message) > 0);
    end(&job);
  }
}

static void lines_that_are_lost_are_sent_again(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const ts_answer_t ends[] = {TS_ANSWER_CUT, TS_ANSWER_RESET};
  for (int run = 0; run < 4; run++) {
    job_t job;
    prepare_over(it, &job, run % 2 == 1, "retry_initial=1&retry_max=20");
    open_lines(&job);
    uint32_t rule = it_rule(it,
                            &(ts_rule_t) {.action = "insert", .times = 3, .answer = ends[run / 2]});
    for (int64_t i = 0; i < 100; i++) give_waiting(&job, 10, T0 + i, i);
    close_writer(&job);
    assert_int_equal(ts_server_rule_hits(it->server, rule), 3);
    assert_int_equal(job.totals.rows_written, 100);
    assert_true(job.totals.retries >= 1);
    assert_int_equal(job.reports, 0);
    assert_int_equal(ask_all(&job, "sum(a)", 10), 4950);
    it_unrule(it);
    end(&job);
  }
}

/* It was written, and the answer was lost: nothing is there twice. */
static void answers_that_are_lost_are_no_second_rows(void** state) {
  it_t* it = *state;
  it_needs(it, IT_ONE_ENDPOINT);
  it_proxy(it);
  for (int http = 0; http < 2; http++) {
    job_t job;
    prepare_over(it, &job, http, "pool_size=1&retry_initial=1&retry_max=20");
    job.options.lanes = 1;
    open_lines(&job);
    it_usable(it, job.client);
    proxy_conn_set_plan(proxy_next(it->proxies[0], NULL),
                        &(proxy_plan_t) {.way[PROXY_DOWN].cut_after = 5});
    for (int64_t i = 0; i < 50; i++) give_waiting(&job, 4, T0 + i, i);
    close_writer(&job);
    assert_int_equal(job.totals.rows_written, 50);
    assert_int_equal(job.totals.retries, 1);
    assert_int_equal(job.reports, 0);
    assert_int_equal(ask_all(&job, "count(*)", 4), 50);
    assert_int_equal(ask_all(&job, "sum(a)", 4), 1225);
    end(&job);
  }
}

static void late_answers_are_no_second_rows(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  for (int http = 0; http < 2; http++) {
    job_t job;
    prepare_over(it, &job, http, "pool_size=2");
    job.options.timeout_ms = 100;
    job.options.lanes = 2;
    open_lines(&job);
    it_rule(it, &(ts_rule_t) {.action = "insert", .times = 2, .wait_ms = 400});
    for (int64_t i = 0; i < 50; i++) give_waiting(&job, 5, T0 + i, i);
    close_writer(&job);
    assert_int_equal(job.reports, 0);
    assert_int_equal(job.totals.rows_written, 50);
    assert_int_equal(job.totals.retries, 0);
    assert_int_equal(ask_all(&job, "count(*)", 5), 50);
    it_unrule(it);
    end(&job);
  }
}

static void a_server_that_is_busy_is_asked_again(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const char busy[] =
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 120\r\n"
      "Content-Type: application/json\r\nContent-Length: 26\r\n\r\n"
      "\"memory exceeds threshold\"";
  for (int http = 0; http < 2; http++) {
    job_t job;
    prepare_over(it, &job, http, "");
    open_lines(&job);
    ts_rule_t rule = {.action = "insert",
                      .times = 2,
                      .answer = TS_ANSWER_ERROR,
                      .code = 0x0024,
                      .text = "network busy"};
    if (http) {
      rule.answer = TS_ANSWER_BINARY;
      rule.data = busy;
      rule.size = sizeof busy - 1;
    }
    it_rule(it, &rule);
    for (int64_t i = 0; i < 20; i++) give_waiting(&job, 2, T0 + i, i);
    close_writer(&job);
    assert_int_equal(job.reports, 0);
    assert_int_equal(job.totals.rows_written, 20);
    assert_true(job.totals.retries > 0);
    it_unrule(it);
    end(&job);
  }
}

static void a_server_that_stays_away_or_silent_is_given_up(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  for (int run = 0; run < 4; run++) {
    job_t job;
    prepare_over(it, &job, run % 2 == 1, "retries=1&retry_initial=1&retry_max=20");
    job.options.timeout_ms = 100;
    job.options.retry_ms = 300;
    job.options.batch_rows = 5;
    open_lines(&job);
    it_usable(it, job.client);
    it_rule(it, &(ts_rule_t) {.action = "insert",
                              .answer = run < 2 ? TS_ANSWER_CUT : TS_ANSWER_NOTHING});
    for (int64_t i = 0; i < 60; i++) give_waiting(&job, 9, T0 + i, i);
    close_writer(&job);
    assert_int_equal(job.totals.rows_failed, 60);
    assert_true(job.reports > 1);
    assert_true(job.attempts > 1 || run >= 2); /* of the silent one the answer is waited for */
    assert_true((job.err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0);
    it_unrule(it);
    end(&job);
  }
}

/* ---- closing ---- */

static void closing_at_any_moment(void** state) {
  it_t* it = *state;
  for (int run = 0; run < 24; run++) {
    job_t job;
    prepare_over(it, &job, run % 2 == 1, "pool_size=2");
    job.options.batch_rows = 3;
    open_lines(&job);
    for (int64_t i = 0; i < 40; i++) give_waiting(&job, 5, T0 + i, i);
    for (int turn = 0; turn < run / 4; turn++) uv_run(&it->loop, UV_RUN_NOWAIT);
    taosuv_writer_flush_t req = {.data = &job};
    assert_int_equal(taosuv_writer_flush(job.writer, &req, on_flushed), 0);
    bool client_first = run / 2 % 2 == 1;
    it_slot_t* slot = it_slot(it, job.client);
    if (client_first) it_close(it, job.client);
    close_writer(&job);
    assert_int_equal(job.flushes, 1);
    assert_int_equal(job.totals.rows_taken, 40);
    assert_int_equal(job.totals.rows_failed, job.flush_failed);
    if (client_first)
      it_closed(slot);
    else
      assert_int_equal(job.totals.rows_written, 40);
    if (job.reports > 0) assert_int_equal(job.last.status, TAOSUV_ECANCELED);
    if (!client_first) it_close_wait(it, job.client);
    it_ok(it, it->slots[0].client, "drop database %s", job.db);
    it_close_wait(it, it->slots[0].client);
    memset(it->slots, 0, sizeof it->slots);
    memset(it->databases, 0, sizeof it->databases);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(lines_arrive),
      IT_TEST(a_measurement_keeps_the_order_of_its_lines),
      IT_TEST(several_lines_blank_ones_and_remarks),
      IT_TEST(a_tag_may_name_the_tables),
      IT_TEST(telnet_lines_are_written_as_well),
      IT_TEST(rows_need_a_web_socket),
      IT_TEST(what_is_pending_is_bounded),
      IT_TEST(a_bad_line_fails_its_batch_and_is_reported_with_it),
      IT_TEST(a_bad_line_can_be_found_among_good_ones),
      IT_TEST(a_database_that_is_not_there_is_reported),
      IT_TEST(lines_that_are_lost_are_sent_again),
      IT_TEST(answers_that_are_lost_are_no_second_rows),
      IT_TEST(late_answers_are_no_second_rows),
      IT_TEST(a_server_that_is_busy_is_asked_again),
      IT_TEST(a_server_that_stays_away_or_silent_is_given_up),
      IT_TEST(closing_at_any_moment),
  };
  return cmocka_run_group_tests_name("writer_lines", tests, NULL, NULL);
}
