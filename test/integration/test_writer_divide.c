/* Writers that divide what the server refuses: the bad tables and lines are found, reported one by
 * one, and the others written. */
#include "writer_job.h"

enum { TABLES = 60 };

typedef struct {
  job_t job;
  uint64_t singles; /* rows in reports of tables with bad rows */
  uint64_t rests;   /* rows in the other reports */
  bool wrong;       /* of something good */
} divided_t;

/* A bad one is there already, and no child of the super table; the writer does not know. */
static const char* name_of(const job_t* job, unsigned table, bool bad) {
  static char name[100];
  snprintf(name, sizeof name, "%s.%s%u", job->db, bad ? "bad" : "t", table);
  return name;
}

static bool is_bad(const taosuv_writer_range_t* range) {
  const char* dot = memchr(range->table, '.', range->length);
  return dot != NULL && dot[1] == 'b';
}

static void on_divided(taosuv_writer_t* writer, const taosuv_writer_report_t* report, void* data) {
  divided_t* divided = data;
  on_report(writer, report, &divided->job);
  if (report->count == 1 && is_bad(&report->ranges[0]))
    divided->singles += report->rows;
  else
    divided->rests += report->rows;
  for (size_t i = 0; i < report->count; i++)
    divided->wrong = divided->wrong || !is_bad(&report->ranges[i]);
}

static void prepare_divided(it_t* it, divided_t* divided, const char* keys, uint32_t divide) {
  job_t* job = &divided->job;
  it_needs_bundled(it); /* it is not known what a real server refuses of tables made so */
  memset(divided, 0, sizeof *divided);
  prepare(it, job, keys);
  for (unsigned table = 0; table < TABLES; table++)
    it_ok(it, job->client, "create table bad%u (ts timestamp, a int)", table);
  job->options.lanes = 1;
  job->options.batch_age_ms = 1000000;
  job->options.data = divided;
  job->options.on_report = on_divided;
  job->options.on_drain = NULL;
  job->options.divide = divide;
  job->options.sql = writer_sql;
  it_needs_ws(it, "statements");
  taosuv_writer_open_t open = {.data = job};
  assert_int_equal(taosuv_writer_open(job->client, &open, &job->options, on_opened), 0);
  assert_true(it_until(it, is_opened, job, 30000));
  assert_int_equal(job->opened, 1);
}

/* Three rows a table, one after another; in a table whose bit is set they are refused. */
static void put_tables(job_t* job, uint64_t bad) {
  for (int64_t row = 0; row < 3 * TABLES; row++) {
    unsigned table = (unsigned) row % TABLES;
    taosuv_value_t tags[] = {taosuv_i64(table), taosuv_null()};
    taosuv_value_t values[] = {taosuv_i64(row + 1), taosuv_i64(row), taosuv_null(), taosuv_null()};
    const char* name = name_of(job, table, (bad >> table & 1) != 0);
    int status = taosuv_writer_row(job->writer, name, TAOSUV_NUL_TERMINATED, tags, 2, values, 4);
    if (status != 0) fail_msg("%s", taosuv_writer_message(job->writer));
  }
}

static void finish(it_t* it, job_t* job) {
  it_ok(it, job->client, "drop database %s", job->db);
  it_close_wait(it, job->client);
  memset(it->slots, 0, sizeof it->slots);
  memset(it->databases, 0, sizeof it->databases);
}

static unsigned bits_of(uint64_t bits) {
  unsigned count = 0;
  for (; bits != 0; bits &= bits - 1) count++;
  return count;
}

#define ALL ((UINT64_C(1) << TABLES) - 1)

/* ---- tables ---- */

static const uint64_t bads[] = {1,
                                UINT64_C(1) << (TABLES - 1),
                                UINT64_C(1) << 31,
                                0x7000,
                                1 | UINT64_C(1) << (TABLES - 1),
                                0x5555,
                                ALL,
                                0};

static void bad_tables_are_found_and_the_others_written(void** state) {
  it_t* it = *state;
  for (size_t i = 0; i < COUNT(bads); i++) {
    divided_t divided;
    job_t* job = &divided.job;
    prepare_divided(it, &divided, "", 1000);
    put_tables(job, bads[i]);
    flush(job);
    unsigned count = bits_of(bads[i]);
    assert_int_equal(divided.singles, 3 * count);
    assert_int_equal(divided.rests, 0);
    assert_false(divided.wrong);
    assert_int_equal(job->flush_failed, 3 * count);
    if (count > 0) assert_int_equal(job->last.status, TAOSUV_ESERVER);
    if (count > 0) assert_int_equal(job->last.attempts, 1);
    close_writer(job);
    assert_int_equal(job->totals.rows_written, 3 * (TABLES - count));
    assert_int_equal(job->totals.affected_rows, 3 * (TABLES - count));
    assert_in_range(job->totals.parts, 2 * count, 25 * count);
    assert_int_equal(job->totals.retries, 0);
    if (count < TABLES) /* otherwise there is nothing to sum up */
      assert_int_equal(ask(job, "select count(*) from %s.st"), 3 * (TABLES - count));
    finish(it, job);
  }
}

static void a_report_of_a_part_names_its_rows(void** state) {
  it_t* it = *state;
  divided_t divided;
  job_t* job = &divided.job;
  char expected[400];
  prepare_divided(it, &divided, "", 100);
  put_tables(job, UINT64_C(1) << 17);
  flush(job);
  snprintf(expected, sizeof expected, "%s 137-137 1;", name_of(job, 17, true)); /* the last one */
  assert_string_equal(job->tables, expected);
  close_writer(job);
}

/* Then what is left of the batch is reported as a whole. */
static void so_many_parts_may_be_refused_and_no_more(void** state) {
  it_t* it = *state;
  for (uint32_t divide = 0; divide < 24; divide++) {
    divided_t divided;
    job_t* job = &divided.job;
    prepare_divided(it, &divided, "", divide > 0 ? divide : TAOSUV_WRITER_NO_DIVIDE);
    put_tables(job, 0x21 | UINT64_C(1) << (TABLES - 1));
    close_writer(job);
    assert_in_range(job->totals.parts, divide > 0, 2 * divide + 2);
    assert_int_equal(job->totals.rows_failed, divided.singles + divided.rests);
    if (divide == 0) assert_int_equal(divided.rests, 3 * TABLES);
    if (divide >= 9) assert_true(divided.singles > 0);
    if (job->totals.rows_written > 0)
      assert_int_equal(ask(job, "select count(*) from %s.st"), job->totals.rows_written);
    finish(it, job);
  }
}

static void what_every_part_has_in_common_is_reported_at_once(void** state) {
  it_t* it = *state;
  divided_t divided;
  job_t* job = &divided.job;
  prepare_divided(it, &divided, "", 1000);
  put_tables(job, 0);
  it_rule(it, &(ts_rule_t) {.action = "stmt2_exec",
                            .times = 1,
                            .answer = TS_ANSWER_ERROR,
                            .code = 0x0388,
                            .text = "Database not exist"});
  flush(job);
  assert_int_equal(job->reports, 1);
  assert_int_equal(divided.rests, 3 * TABLES);
  it_ok(it, job->client, "drop table st");
  put_tables(job, 0);
  flush(job);
  assert_int_equal(job->reports, 2);
  assert_int_equal(job->last.server_code, 0x2603);
  close_writer(job);
  assert_int_equal(job->totals.parts, 0);
}

static void parts_are_found_by_every_kind_of_message(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const char* const kinds[][2] = {
      {"3.0.5.1", ""}, {"3.2.0.0", ""}, {"3.3.6.0", "stmt_version=1"}, {"3.4.1.13", ""}};
  for (size_t i = 0; i < COUNT(kinds); i++) {
    divided_t divided;
    job_t* job = &divided.job;
    it_server_stop(it);
    it_server_start(it, &(ts_config_t) {.version = kinds[i][0]});
    prepare_divided(it, &divided, kinds[i][1], 1000);
    put_tables(job, 0x90001);
    close_writer(job);
    assert_int_equal(divided.singles, 9);
    assert_int_equal(divided.rests, 0);
    assert_int_equal(ask(job, "select count(*) from %s.st"), 3 * (TABLES - 3));
    assert_int_equal(ts_server_counters(it->server).poisonous, 0);
    finish(it, job);
  }
}

static void parts_that_are_lost_are_sent_again(void** state) {
  it_t* it = *state;
  for (uint32_t skip = 0; skip < 8; skip++) {
    divided_t divided;
    job_t* job = &divided.job;
    prepare_divided(it, &divided, "retry_initial=1&retry_max=20", 1000);
    put_tables(job, 0x804);
    uint32_t rule = it_rule(
        it,
        &(ts_rule_t) {.action = "stmt2_exec", .skip = skip, .times = 2, .answer = TS_ANSWER_CUT});
    close_writer(job);
    assert_int_equal(divided.singles, 6);
    assert_int_equal(divided.rests, 0);
    assert_true(ts_server_rule_hits(it->server, rule) > 0 || skip > 4);
    assert_int_equal(job->totals.retries, ts_server_rule_hits(it->server, rule));
    assert_int_equal(ask(job, "select count(*) from %s.st"), 3 * (TABLES - 2));
    it_unrule(it);
    finish(it, job);
  }
}

static void closing_the_client_between_parts(void** state) {
  it_t* it = *state;
  for (int turns = 0; turns < 16; turns++) {
    divided_t divided;
    job_t* job = &divided.job;
    prepare_divided(it, &divided, "", 1000);
    put_tables(job, 0x804);
    taosuv_writer_flush_t req = {.data = job};
    assert_int_equal(taosuv_writer_flush(job->writer, &req, on_flushed), 0);
    for (int turn = 0; turn < turns; turn++) uv_run(&it->loop, UV_RUN_NOWAIT);
    it_slot_t* slot = it_slot(it, job->client);
    it_close(it, job->client);
    close_writer(job); /* what was taken is written or reported */
    assert_int_equal(job->totals.rows_taken, 3 * TABLES);
    it_closed(slot);
    it_drop_databases(it);
    memset(it->slots, 0, sizeof it->slots);
  }
}

static void memory_that_fails_between_parts_loses_nothing(void** state) {
  it_t* it = *state;
  unsigned failed = 0;
  for (int run = 0; run < 60; run++) {
    divided_t divided;
    job_t* job = &divided.job;
    prepare_divided(it, &divided, "", 1000);
    put_tables(job, 0x804);
    size_t before = it->probe.failures;
    alloc_probe_fail(&it->probe, (size_t) run / 2 + 1, run % 2 == 1);
    taosuv_writer_flush_t req = {.data = job};
    assert_int_equal(taosuv_writer_flush(job->writer, &req, on_flushed), 0);
    while (job->flushes == 0) it_run(it, 1);
    alloc_probe_fail(&it->probe, 0, false);
    failed += it->probe.failures > before;
    close_writer(job);
    assert_int_equal(job->totals.rows_taken, 3 * TABLES);
    if (job->totals.rows_written > 0)
      assert_in_range(ask(job, "select count(*) from %s.st"), job->totals.rows_written, 3 * TABLES);
    finish(it, job);
  }
  assert_in_range(failed, 20, 60);
}

/* ---- lines ---- */

typedef struct {
  job_t job;
  uint64_t numbers[20];
  unsigned count;
} lines_t;

static void on_line_report(taosuv_writer_t* writer, const taosuv_writer_report_t* report,
                           void* data) {
  lines_t* lines = data;
  on_report(writer, report, &lines->job);
  assert_int_equal(report->rows, 1);
  assert_int_equal(report->count, 1);
  assert_null(report->ranges[0].table);
  assert_int_equal(report->ranges[0].first, report->ranges[0].last);
  lines->numbers[lines->count++ % 20] = report->ranges[0].first;
}

/* A text where a number must be. Several lines a call, over several lanes. */
static void bad_lines_are_found_by_their_numbers(void** state) {
  it_t* it = *state;
  static const uint64_t bad[] = {0, 31, 32, 100, 299};
  for (uint32_t lanes = 1; lanes <= 4; lanes += 3) {
    lines_t lines = {0};
    job_t* job = &lines.job;
    prepare(it, job, "");
    it_ok(it, job->client, "create database if not exists %s", job->db);
    job->options.lanes = lanes;
    job->options.precision = TAOSUV_LINES_MS;
    job->options.batch_age_ms = 1000000;
    job->options.divide = 1000;
    job->options.data = &lines;
    job->options.on_report = on_line_report;
    job->options.on_drain = NULL;
    taosuv_writer_open_t open = {.data = job};
    assert_int_equal(taosuv_writer_open(job->client, &open, &job->options, on_opened), 0);
    assert_true(it_until(it, is_opened, job, 30000));
    for (int m = 0; m < 5; m++) { /* the columns are numbers */
      char text[100];
      int size = snprintf(text, sizeof text, "m%d a=1i64 1750000000000", m);
      assert_int_equal(taosuv_writer_lines(job->writer, text, (size_t) size), 0);
    }
    flush(job);
    for (uint64_t i = 0; i < 300; i += 2) {
      char text[200];
      int size = 0;
      for (uint64_t line = i; line < i + 2; line++) {
        bool is_bad = false;
        for (size_t b = 0; b < COUNT(bad); b++) is_bad = is_bad || bad[b] == line;
        size += snprintf(text + size, sizeof text - (size_t) size, "m%d a=%s 17600000%05d\n# x\n",
                         (int) (i / 2 % 5), is_bad ? "\"text\"" : "2i64", (int) line);
      }
      assert_int_equal(taosuv_writer_lines(job->writer, text, (size_t) size), 0);
    }
    flush(job);
    assert_int_equal(job->flush_failed, COUNT(bad));
    assert_int_equal(lines.count, COUNT(bad));
    for (size_t b = 0; b < COUNT(bad); b++) {
      bool found = false;
      for (size_t at = 0; at < COUNT(bad); at++) found = found || lines.numbers[at] == bad[b] + 5;
      assert_true(found);
    }
    close_writer(job);
    int64_t sum = 0;
    for (int m = 0; m < 5; m++) {
      char sql[100];
      snprintf(sql, sizeof sql, "select sum(a) from %s.m%d", job->db, m);
      sum += it_number(it, job->client, sql);
    }
    assert_int_equal(sum, 5 + 2 * (300 - COUNT(bad)));
    finish(it, job);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(bad_tables_are_found_and_the_others_written),
      IT_TEST(a_report_of_a_part_names_its_rows),
      IT_TEST(so_many_parts_may_be_refused_and_no_more),
      IT_TEST(what_every_part_has_in_common_is_reported_at_once),
      IT_TEST(parts_are_found_by_every_kind_of_message),
      IT_TEST(parts_that_are_lost_are_sent_again),
      IT_TEST(closing_the_client_between_parts),
      IT_TEST(memory_that_fails_between_parts_loses_nothing),
      IT_TEST(bad_lines_are_found_by_their_numbers),
  };
  return cmocka_run_group_tests_name("writer_divide", tests, NULL, NULL);
}
