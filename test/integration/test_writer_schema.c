/* Writers whose tables and databases change, are dropped and recreated while rows are in flight. */
#include "writer_job.h"

static int put_simple(job_t* job, int64_t i) {
  char name[64];
  snprintf(name, sizeof name, "%s.t%d", job->db, (int) (i % 5));
  taosuv_value_t tag = taosuv_i64(1),
                 values[] = {taosuv_i64(i + 1), taosuv_i64(i), taosuv_text("x", 1)};
  return taosuv_writer_row(job->writer, name, TAOSUV_NUL_TERMINATED, &tag, 1, values, 3);
}

static void make_table(job_t* job) {
  it_ok(job->it, job->client,
        "create stable %s.m (ts timestamp, a bigint, c varchar(8)) tags (g int)", job->db);
}

static void open_simple(it_t* it, job_t* job, const char* columns) {
  char sql[200];
  prepare(it, job, "pool_size=2");
  make_table(job);
  job->options.batch_age_ms = 1000000;
  job->options.lanes = 2;
  job->options.retry_ms = 2000;
  snprintf(sql, sizeof sql, "insert into ? using %s.m tags(?) %s values(?,?,?)", job->db, columns);
  assert_int_equal(open_as(job, sql), 1);
}

static void put_ten(job_t* job, int64_t from) {
  for (int64_t i = from; i < from + 10; i++)
    if (put_simple(job, i) != 0) fail_msg("%s", taosuv_writer_message(job->writer));
}

/* Ten rows, of which none can be written: each is in a report, with its table. */
static void lose_ten(job_t* job, int64_t from) {
  uint64_t before = job->reported_rows;
  unsigned reports = job->reports;
  put_ten(job, from);
  flush(job);
  assert_int_equal(job->flush_failed, 10);
  assert_int_equal(job->reported_rows - before, 10);
  assert_int_equal(job->last.status, TAOSUV_ESERVER);
  if (job->it->server != NULL) {                    /* a real one may call it worth another try */
    assert_in_range(job->reports - reports, 1, 10); /* a row or more each */
    assert_int_equal(job->last.attempts, 1);
  }
  assert_true(strlen(job->message) > 0);
  it_has(job->tables, job->db);
}

/* ---- what goes, and comes back ---- */

static void a_dropped_table_or_database_is_reported_until_it_is_back(void** state) {
  it_t* it = *state;
  static const char* const drops[] = {"drop stable %s.m", "drop database %s"};
  it_left_out(it, "a database that is dropped and made again while a writer is open");
  for (size_t i = 0; i < (it->server != NULL ? COUNT(drops) : 1); i++) {
    job_t job;
    char sql[100];
    open_simple(it, &job, "(ts,a,c)");
    put_ten(&job, 0);
    flush(&job);
    snprintf(sql, sizeof sql, drops[i], job.db);
    it_ok(it, job.client, "%s", sql);
    lose_ten(&job, 10);
    lose_ten(&job, 20);
    if (i == 1) it_ok(it, job.client, "create database %s keep 36500", job.db);
    if (i == 1) lose_ten(&job, 30);
    make_table(&job);
    put_ten(&job, 40);
    close_writer(&job);
    assert_int_equal(job.totals.rows_written, 20);
    assert_int_equal(job.totals.rows_failed, i == 1 ? 30 : 20);
    assert_int_equal(ask(&job, "select count(*) from %s.m"), 10);
    assert_int_equal(ask(&job, "select min(a) from %s.m"), 40);
    it_close_wait(it, job.client);
    memset(it->slots, 0, sizeof it->slots);
  }
}

/* While batches are in flight and others wait. */
static void a_database_dropped_in_the_midst_of_writing(void** state) {
  it_t* it = *state;
  it_needs_bundled(
      it); /* a real server may be so slow that all is written by then, or nothing ends */
  job_t job;
  it_op_t op = {0};
  char sql[100];
  open_simple(it, &job, "");
  taosuv_writer_close(job.writer, NULL, NULL);
  job.options.batch_rows = 7;
  snprintf(sql, sizeof sql, "insert into ? using %s.m tags(?) values(?,?,?)", job.db);
  assert_int_equal(open_as(&job, sql), 1);
  snprintf(sql, sizeof sql, "drop database %s", job.db);
  for (int64_t i = 0; i < 2000; i++) {
    int status;
    while ((status = put_simple(&job, i)) == TAOSUV_EAGAIN) uv_run(&it->loop, UV_RUN_ONCE);
    if (status != 0) fail_msg("%s", taosuv_writer_message(job.writer));
    if (i % 50 == 0) uv_run(&it->loop, UV_RUN_NOWAIT);
    if (i == 1000) assert_int_equal(it_exec(it, job.client, &op, sql), 0);
  }
  assert_int_equal(it_wait(&op), 0);
  close_writer(&job); /* checks that taken is written and reported */
  assert_int_equal(job.totals.rows_taken, 2000);
  assert_true(job.totals.rows_written > 0);
  assert_true(job.totals.rows_failed > 0);
}

/* ---- what changes ---- */

static void alter(job_t* job, const char* how) {
  char sql[100];
  snprintf(sql, sizeof sql, how, job->db);
  it_ok(job->it, job->client, "%s", sql);
}

static void new_columns_and_tags_are_no_matter_for_an_sql_that_names_its_own(void** state) {
  it_t* it = *state;
  job_t job;
  char sql[200];
  open_simple(it, &job, "(ts,a,c)");
  close_writer(&job);
  job.closes = 0;
  snprintf(sql, sizeof sql, "insert into ? using %s.m (g) tags(?) (ts,a,c) values(?,?,?)", job.db);
  assert_int_equal(open_as(&job, sql), 1);
  static const char* const changes[] = {"alter stable %s.m add column d int",
                                        "alter stable %s.m add tag h int",
                                        "alter stable %s.m modify column c varchar(80)"};
  for (size_t i = 0; i < COUNT(changes); i++) {
    put_ten(&job, (int64_t) i * 20);
    alter(&job, changes[i]); /* between being taken and being sent */
    put_ten(&job, (int64_t) i * 20 + 10);
    flush(&job);
  }
  close_writer(&job);
  assert_int_equal(job.reports, 0);
  assert_int_equal(ask(&job, "select count(*) from %s.m"), 60);
  assert_int_equal(ask(&job, "select sum(a) from %s.m"), 1770);
}

/* The server counts the values against its columns: no batch fits any more, and each is
 * reported. */
static void an_sql_without_columns_ends_with_a_new_column(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  job_t job;
  open_simple(it, &job, "");
  alter(&job, "alter stable %s.m add column d int");
  lose_ten(&job, 0);
  lose_ten(&job, 10);
  close_writer(&job);
  assert_int_equal(ask(&job, "select count(*) from %s.m"), 0);
}

static void a_wider_column_is_known_when_the_writer_is_opened_again(void** state) {
  it_t* it = *state;
  job_t job;
  char sql[200], name[64];
  open_simple(it, &job, "");
  alter(&job, "alter stable %s.m modify column c varchar(80)");
  snprintf(name, sizeof name, "%s.t1", job.db);
  taosuv_value_t tag = taosuv_i64(1),
                 values[] = {taosuv_i64(1), taosuv_i64(1), taosuv_text("longer than eight", 17)};
  assert_int_equal(taosuv_writer_row(job.writer, name, TAOSUV_NUL_TERMINATED, &tag, 1, values, 3),
                   TAOSUV_ERANGE);
  close_writer(&job);
  job.closes = 0;
  snprintf(sql, sizeof sql, "insert into ? using %s.m tags(?) values(?,?,?)", job.db);
  assert_int_equal(open_as(&job, sql), 1);
  assert_int_equal(taosuv_writer_row(job.writer, name, TAOSUV_NUL_TERMINATED, &tag, 1, values, 3),
                   0);
  close_writer(&job);
  assert_int_equal(job.totals.rows_written, 1);
}

static void unknown_columns_are_told_by_the_opening(void** state) {
  it_t* it = *state;
  job_t job;
  char sql[200];
  prepare(it, &job, "");
  make_table(&job);
  static const char* const forms[] = {"insert into ? using %s.m tags(?) (ts,nope) values(?,?)",
                                      "insert into ? using %s.m (nope) tags(?) values(?,?,?)"};
  for (size_t i = 0; i < COUNT(forms); i++) {
    snprintf(sql, sizeof sql, forms[i], job.db);
    assert_int_equal(open_as(&job, sql), TAOSUV_ESERVER);
    assert_null(job.writer);
    assert_true(strlen(job.message) > 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(a_dropped_table_or_database_is_reported_until_it_is_back),
      IT_TEST(a_database_dropped_in_the_midst_of_writing),
      IT_TEST(new_columns_and_tags_are_no_matter_for_an_sql_that_names_its_own),
      IT_TEST(an_sql_without_columns_ends_with_a_new_column),
      IT_TEST(a_wider_column_is_known_when_the_writer_is_opened_again),
      IT_TEST(unknown_columns_are_told_by_the_opening),
  };
  return cmocka_run_group_tests_name("writer_schema", tests, NULL, NULL);
}
