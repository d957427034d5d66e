/* The calls that give a writer rows: a refused call changes nothing, and accepted values are
 * written unchanged. */
#include "writer_job.h"

static int put_tagged(job_t* job, const char* table, int64_t group, const char* place,
                      const taosuv_value_t values[4]) {
  char name[512];
  snprintf(name, sizeof name, "%s.%s", job->db, table);
  taosuv_value_t tags[] = {taosuv_i64(group), taosuv_text(place, TAOSUV_NUL_TERMINATED)};
  return taosuv_writer_row(job->writer, name, TAOSUV_NUL_TERMINATED, tags, 2, values, 4);
}

static const taosuv_value_t* row_at(int64_t ts, const char* text) {
  static taosuv_value_t values[4];
  values[0] = taosuv_i64(ts);
  values[1] = taosuv_i64(ts);
  values[2] = taosuv_null();
  values[3] = taosuv_text(text, TAOSUV_NUL_TERMINATED);
  return values;
}

/* ---- refused rows ---- */

static const char too_long[] = "a text that is longer than its column";

static void a_refused_row_leaves_its_tables_tags_alone(void** state) {
  it_t* it = *state;
  job_t job;
  open_patient(it, &job, "");
  assert_int_equal(put_tagged(&job, "a", 1, "here", row_at(1, "x")), 0);
  assert_int_equal(put_tagged(&job, "a", 2, "there", row_at(2, too_long)), TAOSUV_ERANGE);
  assert_int_equal(put_tagged(&job, "b", 3, "b", row_at(1, "x")), 0);
  assert_int_equal(put_tagged(&job, "a", 2, "there", row_at(2, too_long)), TAOSUV_ERANGE);
  assert_int_equal(put_tagged(&job, "b", 4, too_long, row_at(2, "x")), TAOSUV_ERANGE);
  close_writer(&job);
  assert_int_equal(job.totals.rows_written, 2);
  assert_int_equal(ask(&job, "select count(*) from %s.st where g = 1 and l = 'here'"), 1);
  assert_int_equal(ask(&job, "select count(*) from %s.st where g = 3 and l = 'b'"), 1);
}

static void a_refused_row_makes_no_table(void** state) {
  it_t* it = *state;
  job_t job;
  open_patient(it, &job, "");
  assert_int_equal(put_tagged(&job, "a", 1, "a", row_at(1, "x")), 0);
  assert_int_equal(put_tagged(&job, "b", 2, "b", row_at(1, too_long)), TAOSUV_ERANGE);
  assert_int_equal(put_tagged(&job, "a", 1, "a", row_at(2, "x")), 0);
  assert_int_equal(put_tagged(&job, "c", 2, too_long, row_at(1, "x")), TAOSUV_ERANGE);
  assert_int_equal(put_tagged(&job, "c", 3, "c", row_at(1, "x")), 0);
  close_writer(&job);
  assert_int_equal(job.totals.rows_written, 3);
  assert_int_equal(job.totals.affected_rows, 3);
  assert_int_equal(ask(&job, "select count(*) from %s.a"), 2);
  assert_int_equal(ask(&job, "select count(*) from %s.c where g = 3"), 1);
  it_op_t op = {0};
  char sql[100];
  snprintf(sql, sizeof sql, "select * from %s.b", job.db);
  assert_int_equal(it_end(it_query(it, job.client, &op, sql), &op), TAOSUV_ESERVER);
}

/* Nothing counts them, so that nothing would ever stop them. */
static void refused_rows_take_no_memory(void** state) {
  it_t* it = *state;
  job_t job;
  open_patient(it, &job, "");
  assert_int_equal(put_tagged(&job, "a", 1, "a", row_at(1, "x")), 0);
  size_t before = 0;
  for (int i = 0; i < 40000; i++) {
    char name[16];
    snprintf(name, sizeof name, "t%d", i % 20000);
    if (i == 20000) before = it->probe.live_bytes;
    assert_int_equal(put_tagged(&job, name, i, "a", row_at(1, too_long)), TAOSUV_ERANGE);
    assert_int_equal(put_tagged(&job, "a", i, "a", row_at(1, too_long)), TAOSUV_ERANGE);
    assert_int_equal(put_tagged(&job, name, i, too_long, row_at(1, "x")), TAOSUV_ERANGE);
  }
  assert_int_equal(it->probe.live_bytes, before);
  taosuv_writer_totals(job.writer, &job.totals);
  assert_int_equal(job.totals.rows_pending, 1);
  close_writer(&job);
  assert_int_equal(ask(&job, "select count(*) from %s.st where g = 1 and l = 'a'"), 1);
}

/* Every second row is refused, in the same tables and others, before and behind good ones. */
static void good_rows_between_refused_ones_are_written(void** state) {
  it_t* it = *state;
  job_t job;
  open_patient(it, &job, "");
  job.options.batch_rows = 100;
  for (int64_t i = 0; i < 4000; i++) {
    char name[16], tag[16];
    snprintf(name, sizeof name, "t%d", (int) (i % 37));
    snprintf(tag, sizeof tag, "l%d", (int) (i % 37));
    assert_int_equal(put_tagged(&job, name, -1, "bad", row_at(i + 1, too_long)), TAOSUV_ERANGE);
    int status;
    while ((status = put_tagged(&job, name, i % 37, tag, row_at(i + 1, "x"))) == TAOSUV_EAGAIN)
      uv_run(&it->loop, UV_RUN_ONCE);
    assert_int_equal(status, 0);
  }
  close_writer(&job);
  assert_int_equal(job.totals.rows_written, 4000);
  assert_int_equal(ask(&job, "select count(*) from %s.st"), 4000);
  assert_int_equal(ask(&job, "select sum(a) from %s.st"), 8002000);
  assert_int_equal(ask(&job, "select count(*) from %s.st where g < 0 or l = 'bad'"), 0);
  assert_int_equal(ask(&job, "select count(*) from %s.t36 where g = 36 and l = 'l36'"), 108);
}

/* ---- tags and names ---- */

static void the_last_tags_of_a_batch_make_the_table(void** state) {
  it_t* it = *state;
  job_t job;
  open_patient(it, &job, "");
  assert_int_equal(put_tagged(&job, "a", 1, "first", row_at(1, "x")), 0);
  assert_int_equal(put_tagged(&job, "a", 2, "second", row_at(2, "x")), 0);
  flush(&job);
  assert_int_equal(ask(&job, "select count(*) from %s.st where g = 2 and l = 'second'"), 2);
  assert_int_equal(put_tagged(&job, "a", 3, "third", row_at(3, "x")), 0); /* it is there already */
  close_writer(&job);
  assert_int_equal(job.totals.rows_written, 3);
  assert_int_equal(ask(&job, "select count(*) from %s.st where g = 2"), 3);
}

static void names_are_as_long_as_can_be(void** state) {
  it_t* it = *state;
  job_t job;
  char name[400];
  open_patient(it, &job, "");
  memset(name, 'n', sizeof name);
  name[191 - strlen(job.db)] = 0; /* with the database and the dot 192 */
  assert_int_equal(put_tagged(&job, name, 1, "a", row_at(1, "x")), 0);
  memset(name, 'n', sizeof name);
  taosuv_value_t tags[] = {taosuv_i64(1), taosuv_null()};
  for (size_t length = 193; length <= sizeof name; length += 100)
    assert_int_equal(taosuv_writer_row(job.writer, name, length, tags, 2, row_at(1, "x"), 4),
                     TAOSUV_ERANGE);
  it_has(taosuv_writer_message(job.writer), "name of");
  assert_int_equal(taosuv_writer_row(job.writer, name, 0, tags, 2, row_at(1, "x"), 4),
                   TAOSUV_EINVAL);
  assert_int_equal(taosuv_writer_row(job.writer, "a\0b", 3, tags, 2, row_at(1, "x"), 4),
                   TAOSUV_EINVAL);
  close_writer(&job);
  assert_int_equal(job.totals.rows_written, 1);
  assert_int_equal(ask(&job, "select count(*) from %s.st"), 1);
}

/* ---- values that point to nothing ---- */

static void nothing_is_read_that_was_not_given(void** state) {
  it_t* it = *state;
  job_t job;
  open_patient(it, &job, "");
  char name[64];
  snprintf(name, sizeof name, "%s.t", job.db);
  taosuv_value_t tags[] = {taosuv_i64(1), taosuv_null()};
  int64_t* ts = malloc(sizeof *ts);
  uint32_t* junk = malloc(sizeof *junk); /* one offset where two would be needed */
  char* text = malloc(3);                /* without an end */
  assert_true(ts != NULL && junk != NULL && text != NULL);
  *ts = 1;
  *junk = 7;
  memcpy(text, "abc", 3);
  taosuv_array_t columns[] = {{TAOSUV_TYPE_TIMESTAMP, ts, junk, NULL},
                              {TAOSUV_TYPE_BIGINT, ts, junk, NULL},
                              {TAOSUV_TYPE_NULL, NULL, junk, NULL},
                              {TAOSUV_TYPE_NULL, NULL, junk, NULL}};
  assert_int_equal(
      taosuv_writer_columns(job.writer, name, TAOSUV_NUL_TERMINATED, tags, 2, 1, columns, 4), 0);
  taosuv_value_t endless[] = {taosuv_i64(2), taosuv_i64(2), taosuv_null(),
                              taosuv_bytes(text, TAOSUV_NUL_TERMINATED)};
  assert_int_equal(put_tagged(&job, "t", 1, "a", endless), TAOSUV_EINVAL);
  endless[3] = taosuv_text(NULL, TAOSUV_NUL_TERMINATED);
  assert_int_equal(put_tagged(&job, "t", 1, "a", endless), TAOSUV_EINVAL);
  assert_int_equal(taosuv_writer_row(job.writer, name, TAOSUV_NUL_TERMINATED, tags, 2, NULL, 4),
                   TAOSUV_EINVAL);
  assert_int_equal(
      taosuv_writer_columns(job.writer, name, TAOSUV_NUL_TERMINATED, tags, 2, 0, columns, 4),
      TAOSUV_EINVAL);
  assert_int_equal(
      taosuv_writer_columns(job.writer, name, TAOSUV_NUL_TERMINATED, tags, 2, 1, NULL, 4),
      TAOSUV_EINVAL);
  it_has(taosuv_writer_message(job.writer), "columns");
  free(ts);
  free(junk);
  free(text);
  close_writer(&job);
  assert_int_equal(job.totals.rows_written, 1);
  assert_int_equal(ask(&job, "select sum(a) from %s.st"), 1);
}

/* ---- who calls ---- */

typedef struct {
  job_t* job;
  unsigned calls;
  bool closes;
} hooked_t;

static void on_trace(void* data, const taosuv_trace_t* trace) {
  hooked_t* hooked = data;
  job_t* job = hooked->job;
  taosuv_writer_open_t open = {.data = job};
  taosuv_writer_flush_t flush_req = {.data = job};
  taosuv_writer_totals_t totals;
  uint32_t count;
  (void) trace;
  if (job->writer == NULL) return;
  hooked->calls++;
  assert_int_equal(taosuv_writer_open(job->client, &open, &job->options, on_opened), TAOSUV_EBUSY);
  taosuv_writer_totals(job->writer, &totals);
  assert_non_null(taosuv_writer_fields(job->writer, &count));
  if (hooked->closes) taosuv_writer_close(job->writer, on_closed, job);
  assert_int_equal(put(job, 1, 1, 1), TAOSUV_EBUSY);
  assert_int_equal(taosuv_writer_flush(job->writer, &flush_req, on_flushed), TAOSUV_EBUSY);
}

/* A hook runs in the midst of a call of the writer's, too. */
static void a_hook_may_only_look_and_close(void** state) {
  it_t* it = *state;
  for (int closes = 0; closes < 2; closes++) {
    job_t job;
    prepare(it, &job, "");
    hooked_t hooked = {.job = &job};
    taosuv_hooks_t hooks = {.size = sizeof hooks, .data = &hooked, .trace = on_trace};
    assert_int_equal(taosuv_client_set_hooks(job.client, &hooks), 0);
    job.options.batch_rows = 3;
    job.options.batch_age_ms = 1000000;
    open_writer(&job);
    hooked.closes = closes;
    uint64_t taken = 0;
    for (int64_t i = 0; i < 7; i++) taken += put(&job, 1, i + 1, i) == 0;
    if (!closes) flush(&job);
    close_writer(&job);
    assert_true(hooked.calls > 0);
    assert_int_equal(job.totals.rows_written, taken);
    assert_int_equal(taosuv_client_set_hooks(job.client, NULL), 0);
    job.writer = NULL;
    assert_int_equal(ask(&job, "select count(*) from %s.st"), taken);
    it_close_wait(it, job.client);
  }
}

static void nobody_needs_to_be_told_of_room(void** state) {
  it_t* it = *state;
  job_t job;
  prepare(it, &job, "");
  job.options.on_drain = NULL;
  job.options.max_bytes = 1000;
  open_writer(&job);
  for (int64_t i = 0; i < 500; i++) put_waiting(&job, (unsigned) i % 7, i + 1, i);
  close_writer(&job);
  assert_int_equal(job.totals.rows_written, 500);
  taosuv_writer_close(NULL, NULL, NULL);
  assert_int_equal(taosuv_writer_flush(NULL, NULL, NULL), TAOSUV_EINVAL);
}

/* ---- by every kind of message ---- */

static void refused_rows_and_reports_are_the_same_by_every_kind_of_message(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const struct {
    const char *version, *keys, *action;
  } kinds[] = {{"3.0.5.1", "", "exec"},
               {"3.2.0.0", "", "exec"},
               {"3.3.6.0", "stmt_version=1", "exec"},
               {"3.3.6.0", "", "stmt2_exec"},
               {"3.4.1.13", "", "stmt2_bind_exec"}};
  for (size_t i = 0; i < COUNT(kinds); i++) {
    job_t job;
    char expected[200];
    it_server_stop(it);
    it_server_start(it, &(ts_config_t) {.version = kinds[i].version});
    prepare(it, &job, kinds[i].keys);
    job.options.lanes = 1;
    job.options.batch_age_ms = 1000000;
    job.options.divide = TAOSUV_WRITER_NO_DIVIDE;
    open_writer(&job);
    for (int64_t row = 0; row < 40; row++) {
      char name[16];
      snprintf(name, sizeof name, "t%d", (int) row % 4);
      assert_int_equal(put_tagged(&job, name, -1, "bad", row_at(1, too_long)), TAOSUV_ERANGE);
      assert_int_equal(put_tagged(&job, name, row % 4, "l", row_at(row + 1, "x")), 0);
    }
    flush(&job);
    assert_int_equal(job.flush_failed, 0);
    uint32_t rule = it_rule(it, &(ts_rule_t) {.action = kinds[i].action,
                                              .times = 1,
                                              .answer = TS_ANSWER_ERROR,
                                              .code = 0x2653,
                                              .text = "no"});
    for (int64_t row = 0; row < 4; row++)
      assert_int_equal(put_tagged(&job, row % 2 ? "t1" : "t0", 1, "l", row_at(row + 100, "x")), 0);
    flush(&job);
    assert_int_equal(ts_server_rule_hits(it->server, rule), 1);
    assert_int_equal(job.flush_failed, 4);
    snprintf(expected, sizeof expected, "%s.t0 40-42 2;%s.t1 41-43 2;", job.db, job.db);
    assert_string_equal(job.tables, expected);
    close_writer(&job);
    assert_int_equal(job.totals.rows_written, 40);
    assert_int_equal(ask(&job, "select count(*) from %s.st where g >= 0 and l = 'l'"), 40);
    it_unrule(it);
    it_close_wait(it, job.client);
    memset(it->slots, 0, sizeof it->slots);
    memset(it->databases, 0, sizeof it->databases);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(a_refused_row_leaves_its_tables_tags_alone),
      IT_TEST(a_refused_row_makes_no_table),
      IT_TEST(refused_rows_take_no_memory),
      IT_TEST(good_rows_between_refused_ones_are_written),
      IT_TEST(the_last_tags_of_a_batch_make_the_table),
      IT_TEST(names_are_as_long_as_can_be),
      IT_TEST(a_hook_may_only_look_and_close),
      IT_TEST(nobody_needs_to_be_told_of_room),
      IT_TEST(refused_rows_and_reports_are_the_same_by_every_kind_of_message),
      IT_TEST(nothing_is_read_that_was_not_given),
  };
  return cmocka_run_group_tests_name("writer_calls", tests, NULL, NULL);
}
