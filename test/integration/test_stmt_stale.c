/* Statements and writers whose tables another client alters, or drops and recreates. */
#include "stmt_forms.h"
#include "writer_job.h"

static const stmt_form_t versions[] = {
    {"stmt2", "3.3.7.5", "stmt_version=2", false},
    {"first version", "3.3.7.5", "stmt_version=1", true},
    {"stmt2 that blames another super table", "3.3.5.8", "stmt_version=2", false},
    {"bind and exec in one message", "3.4.1.13", "metrics=0", false},
    {"first version of an old server", "3.2.2.0", "metrics=0", true},
};

typedef struct stage_s {
  it_t* it;
  const char* db;
  taosuv_client_t* client;
  taosuv_client_t* other; /* who changes the tables */
} stage_t;

/* With the real server there is one version: the second where it is. */
static bool set_stage(it_t* it, stage_t* stage, size_t index) {
  it_needs_ws(it, "statements");
  if (it->server == NULL && index > 0) return false;
  if (it->server != NULL) {
    it_server_stop(it);
    it_server_start(it, &(ts_config_t) {.version = versions[index].version});
  }
  stage->it = it;
  taosuv_client_t* maker = it_client(it, "");
  stage->db = it_database(it, maker, "ms");
  it_close_wait(it, maker);
  bool old = it->server == NULL && !it_can(it, IT_STATEMENTS_2);
  stage->client = it_client_db(it, stage->db, old ? "metrics=0" : versions[index].keys);
  stage->other = it_client_db(it, stage->db, "pool_size=1");
  return true;
}

static void strike(stage_t* stage) {
  it_ok(stage->it, stage->other, "drop database %s", stage->db);
  it_close_wait(stage->it, stage->client);
  it_close_wait(stage->it, stage->other);
  memset(stage->it->databases, 0, sizeof stage->it->databases);
}

#define T0 INT64_C(1700000000000)

/* ---- tables that are dropped and made again ---- */

typedef struct target_s {
  const char* sql;
  const char* hint;
  const char* bound; /* the table's name; NULL: it is in the SQL */
} target_t;

static const target_t targets[] = {
    {"insert into t values(?,?)", NULL, NULL},
    {"INSERT INTO `t` (ts, `v`) VALUES(?,?)", NULL, NULL},
    {"insert into d1 values(?,?)", NULL, NULL},
    {"insert into ? values(?,?)", "t", "t"},
    {"insert into ? (ts,v) values(?,?)", "d1", "d1"},
};

static const char* table_of(const target_t* target) {
  return strchr(target->sql, 'd') != NULL || (target->hint != NULL && target->hint[0] == 'd') ? "d1"
                                                                                              : "t";
}

static void make(stage_t* stage, const char* table) {
  if (table[0] == 't')
    it_ok(stage->it, stage->other, "create table t (ts timestamp, v int)");
  else
    it_ok(stage->it, stage->other, "create table d1 using st tags(1)");
}

static void make_again(stage_t* stage, const char* table) {
  it_ok(stage->it, stage->other, "drop table %s", table);
  make(stage, table);
}

static taosuv_stmt_t* prepared(stage_t* stage, const target_t* target) {
  it_op_t op = {0};
  op.prepare.table = target->hint;
  int status = it_end(it_prepare(stage->it, stage->client, &op, target->sql), &op);
  if (status != 0) fail_msg("%s: %s", target->sql, op.message);
  return op.prepare.stmt;
}

static void bind_row(taosuv_stmt_t* stmt, const target_t* target, int64_t ts) {
  taosuv_value_t row[] = {taosuv_i64(ts), taosuv_i64(1)};
  if (target->bound != NULL)
    assert_int_equal(taosuv_bind_table(stmt, target->bound, TAOSUV_NUL_TERMINATED), 0);
  if (taosuv_bind_row(stmt, row, 2) != 0) fail_msg("%s", taosuv_stmt_message(stmt));
}

static int64_t rows_of(stage_t* stage, const char* table) {
  char sql[100];
  snprintf(sql, sizeof sql, "select count(*) from %s", table);
  return it_number(stage->it, stage->other, sql);
}

/* What is there once the statement says that it has written a row. */
static void writes_one(stage_t* stage, taosuv_stmt_t* stmt, const target_t* target, int64_t ts) {
  int64_t before = rows_of(stage, table_of(target));
  bind_row(stmt, target, ts);
  assert_int_equal(it_executed(stage->it, stmt), 1);
  if (rows_of(stage, table_of(target)) != before + 1) fail_msg("%s: no row", target->sql);
}

static void rows_go_to_the_table_that_is_there(void** state) {
  it_t* it = *state;
  stage_t stage;
  for (size_t i = 0; i < COUNT(versions) && set_stage(it, &stage, i); i++) {
    it_ok(it, stage.other, "create stable st (ts timestamp, v int) tags (g int)");
    make(&stage, "t");
    make(&stage, "d1");
    for (size_t k = 0; k < COUNT(targets); k++) {
      taosuv_stmt_t* open = prepared(&stage, &targets[k]);
      writes_one(&stage, open, &targets[k], T0);
      for (int again = 0; again < 3; again++) {
        taosuv_stmt_t* stmt = prepared(&stage, &targets[k]);
        writes_one(&stage, stmt, &targets[k], T0 + 100);
        taosuv_stmt_close(stmt); /* into the cache, if it were one for such statements */
        make_again(&stage, table_of(&targets[k]));
        writes_one(&stage, open, &targets[k], T0 + again);
      }
      taosuv_stmt_close(open);
    }
    strike(&stage);
  }
}

static void bind_and_exec(it_op_t* op) {
  it_op_t* exec = op->data;
  bind_row(op->prepare.stmt, &targets[0], T0);
  assert_int_equal(it_stmt_exec(op->it, op->prepare.stmt, exec), 0);
}

/* Nobody can have changed the table in between. */
static void a_batch_in_the_callback_of_its_prepare_takes_no_other(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  stage_t stage;
  set_stage(it, &stage, 0);
  make(&stage, "t");
  it_op_t exec = {0}, prepare = {.then = bind_and_exec, .data = &exec};
  assert_int_equal(it_end(it_prepare(it, stage.client, &prepare, targets[0].sql), &prepare), 0);
  assert_int_equal(it_wait(&exec), 0);
  assert_int_equal(ts_server_action_count(it->server, "stmt2_prepare"), 1);
  taosuv_stmt_close(prepare.prepare.stmt);
  it_run(it, 20);
  assert_int_equal(ts_server_counters(it->server).statements_open, 0);
}

/* All that were given before it was prepared. */
static void batches_that_wait_share_what_is_prepared(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  enum { BATCHES = 20 };
  stage_t stage;
  it_op_t ops[BATCHES];
  memset(ops, 0, sizeof ops);
  set_stage(it, &stage, 0);
  make(&stage, "t");
  taosuv_stmt_t* stmt = prepared(&stage, &targets[0]);
  make_again(&stage, "t");
  for (int i = 0; i < BATCHES; i++) {
    bind_row(stmt, &targets[0], T0 + i);
    assert_int_equal(it_stmt_exec(it, stmt, &ops[i]), 0);
  }
  for (int i = 0; i < BATCHES; i++) assert_int_equal(it_wait(&ops[i]), 0);
  assert_int_equal(rows_of(&stage, "t"), BATCHES);
  assert_int_equal(ts_server_action_count(it->server, "stmt2_prepare"), 2);
  taosuv_stmt_close(stmt);
}

static void another_table_of_the_name_is_no_silent_mistake(void** state) {
  it_t* it = *state;
  stage_t stage;
  for (size_t i = 0; i < COUNT(versions) && set_stage(it, &stage, i); i++) {
    it_op_t op = {0};
    make(&stage, "t");
    taosuv_stmt_t* stmt = prepared(&stage, &targets[0]);
    it_ok(it, stage.other, "drop table t");
    it_ok(it, stage.other, "create table t (ts timestamp, v bigint)");
    bind_row(stmt, &targets[0], T0);
    assert_int_equal(it_end(it_stmt_exec(it, stmt, &op), &op), TAOSUV_ESCHEMA);
    assert_false((op.req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0);
    op = (it_op_t) {0};
    assert_int_equal(it_end(it_reprepare(it, stmt, &op, targets[0].sql), &op), 0);
    writes_one(&stage, stmt, &targets[0], T0);
    it_ok(it, stage.other, "drop table t");
    bind_row(stmt, &targets[0], T0);
    op = (it_op_t) {0};
    assert_int_equal(it_end(it_stmt_exec(it, stmt, &op), &op), TAOSUV_ESERVER);
    make(&stage, "t");
    taosuv_stmt_close(stmt);
    strike(&stage);
  }
}

/* ---- tables that are altered ---- */

static const char meters_sql[] = "insert into ? using st (g) tags(?) (ts,v,c) values(?,?,?)";

static void make_meters(stage_t* stage) {
  it_ok(stage->it, stage->other,
        "create stable st (ts timestamp, v int, c varchar(8)) tags (g int)");
}

/* The `n`-th change: none concerns an SQL that names its columns. */
static void alter(stage_t* stage, int n) {
  switch (n % 3) {
    case 0: it_ok(stage->it, stage->other, "alter stable st add column x%d int", n); break;
    case 1: it_ok(stage->it, stage->other, "alter stable st add tag y%d int", n); break;
    default:
      it_ok(stage->it, stage->other, "alter stable st modify column c varchar(%d)", 10 + n);
      break;
  }
}

static void bind_meter(taosuv_stmt_t* stmt, int i) {
  taosuv_value_t tag = taosuv_i64(1),
                 row[] = {taosuv_i64(T0 + i), taosuv_i64(i), taosuv_text("x", 1)};
  char name[8];
  snprintf(name, sizeof name, "m%d", i % 3);
  assert_int_equal(taosuv_bind_table(stmt, name, TAOSUV_NUL_TERMINATED), 0);
  assert_int_equal(taosuv_bind_tags(stmt, &tag, 1), 0);
  assert_int_equal(taosuv_bind_row(stmt, row, 3), 0);
}

static int exec_meter(it_t* it, taosuv_stmt_t* stmt, it_op_t* op, int i) {
  *op = (it_op_t) {0};
  bind_meter(stmt, i);
  return it_end(it_stmt_exec(it, stmt, op), op);
}

static void statements_go_on_while_another_client_alters(void** state) {
  it_t* it = *state;
  stage_t stage;
  for (size_t i = 0; i < COUNT(versions) && set_stage(it, &stage, i); i++) {
    enum { BATCHES = 36 };
    make_meters(&stage);
    taosuv_stmt_t* stmt = it_stmt(it, stage.client, meters_sql);
    for (int k = 0; k < BATCHES; k++) {
      it_op_t op;
      if (k % 2 == 1) alter(&stage, k / 2);
      if (exec_meter(it, stmt, &op, k) != 0)
        fail_msg("%s: batch %d: %#x %s", versions[i].name, k, op.req.server_code, op.message);
      assert_int_equal(op.stmt_exec.affected_rows, 1);
    }
    it_ok(it, stage.other, "drop table st");
    make_meters(&stage);
    it_op_t op;
    if (exec_meter(it, stmt, &op, 0) != 0) fail_msg("%s: %s", versions[i].name, op.message);
    assert_int_equal(rows_of(&stage, "st"), 1);
    taosuv_stmt_close(stmt);
    strike(&stage);
  }
}

static void another_super_table_of_the_name_is_no_silent_mistake(void** state) {
  it_t* it = *state;
  stage_t stage;
  for (size_t i = 0; i < COUNT(versions) && set_stage(it, &stage, i); i++) {
    it_op_t op;
    make_meters(&stage);
    taosuv_stmt_t* stmt = it_stmt(it, stage.client, meters_sql);
    assert_int_equal(exec_meter(it, stmt, &op, 0), 0);
    it_ok(it, stage.other, "drop table st");
    it_ok(it, stage.other, "create stable st (ts timestamp, v bigint, c varchar(8)) tags (g int)");
    assert_int_equal(exec_meter(it, stmt, &op, 1), TAOSUV_ESCHEMA);
    op = (it_op_t) {0};
    assert_int_equal(it_end(it_reprepare(it, stmt, &op, meters_sql), &op), 0);
    assert_int_equal(exec_meter(it, stmt, &op, 2), 0);
    assert_int_equal(rows_of(&stage, "st"), 1);
    taosuv_stmt_close(stmt);
    strike(&stage);
  }
}

static void a_refusal_that_stays_is_told(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const struct {
    int code;
    unsigned tries;
  } cases[] = {{0x0115, 2}, {0x0618, 2}, {0x2603, 2}, {0x061B, 6}, {0x0125, 6}, {0x2653, 1}};
  stage_t stage;
  set_stage(it, &stage, 0);
  make_meters(&stage);
  taosuv_stmt_t* stmt = it_stmt(it, stage.client, meters_sql);
  for (size_t i = 0; i < COUNT(cases); i++) {
    it_op_t op;
    uint32_t rule = it_rule(it, &(ts_rule_t) {.action = "stmt2_exec",
                                              .answer = TS_ANSWER_ERROR,
                                              .code = cases[i].code,
                                              .text = "success"});
    assert_int_equal(exec_meter(it, stmt, &op, 0), TAOSUV_ESERVER);
    assert_int_equal(op.req.server_code, cases[i].code);
    assert_int_equal(ts_server_rule_hits(it->server, rule), cases[i].tries);
    it_unrule(it);
  }
  it_op_t op;
  it_rule(it, &(ts_rule_t) {.action = "stmt2_exec",
                            .answer = TS_ANSWER_ERROR,
                            .code = 0x061B,
                            .text = "Table schema is old",
                            .wait_ms = 200});
  bind_meter(stmt, 1);
  op = (it_op_t) {.stmt_exec = {.timeout_ms = 500}};
  assert_int_equal(it_end(it_stmt_exec(it, stmt, &op), &op), TAOSUV_ETIMEDOUT);
  it_unrule(it);
  assert_int_equal(exec_meter(it, stmt, &op, 2), 0);
  taosuv_stmt_close(stmt);
}

/* ---- the cache ---- */

static uint32_t length_of(const taosuv_stmt_t* stmt) {
  uint32_t count;
  const taosuv_stmt_field_t* fields = taosuv_stmt_fields(stmt, &count);
  return fields[count - 1].length;
}

static void a_kept_statement_has_the_fields_of_the_table_as_it_is(void** state) {
  it_t* it = *state;
  stage_t stage;
  for (size_t i = 0; i < COUNT(versions) && set_stage(it, &stage, i); i++) {
    make_meters(&stage);
    taosuv_stmt_t* stmt = it_stmt(it, stage.client, meters_sql);
    assert_int_equal(length_of(stmt), 8);
    taosuv_stmt_close(stmt);
    it_ok(it, stage.other, "alter stable st modify column c varchar(80)");
    stmt = it_stmt(it, stage.client, meters_sql);
    assert_int_equal(length_of(stmt), 80);
    taosuv_stmt_close(stmt);
    it_ok(it, stage.other, "drop table st");
    it_ok(it, stage.other, "create stable st (ts timestamp, v bigint, c varchar(8)) tags (g int)");
    stmt = it_stmt(it, stage.client, meters_sql);
    uint32_t count;
    assert_int_equal(taosuv_stmt_fields(stmt, &count)[count - 2].type, TAOSUV_TYPE_BIGINT);
    it_op_t op;
    assert_int_equal(exec_meter(it, stmt, &op, 0), 0);
    taosuv_stmt_close(stmt);
    if (it->server != NULL && !versions[i].first)
      assert_int_equal(ts_server_action_count(it->server, "stmt2_init"), 1);
    strike(&stage);
  }
}

static void a_kept_statement_that_the_server_has_lost_is_replaced(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  stage_t stage;
  for (size_t i = 0; i < COUNT(versions) && set_stage(it, &stage, i); i++) {
    make_meters(&stage);
    taosuv_stmt_close(it_stmt(it, stage.client, meters_sql));
    uint32_t rule = it_rule(it,
                            &(ts_rule_t) {.action = versions[i].first ? "prepare" : "stmt2_prepare",
                                          .times = 1,
                                          .answer = TS_ANSWER_ERROR,
                                          .code = 0xFFFF,
                                          .text = "stmt is nil"});
    taosuv_stmt_t* stmt = it_stmt(it, stage.client, meters_sql);
    assert_int_equal(ts_server_rule_hits(it->server, rule), 1);
    it_op_t op;
    assert_int_equal(exec_meter(it, stmt, &op, 0), 0);
    taosuv_stmt_close(stmt);
    it_unrule(it);
    strike(&stage);
  }
}

/* It is the cache that is old, not the statement. */
static void an_old_one_from_the_cache_is_not_the_statements_fault(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  stage_t stage;
  it_op_t op;
  set_stage(it, &stage, 0);
  make_meters(&stage);
  taosuv_stmt_t* kept[2];
  for (int i = 0; i < 2; i++) kept[i] = it_stmt(it, stage.client, meters_sql);
  for (int i = 0; i < 2; i++) taosuv_stmt_close(kept[i]);
  it_ok(it, stage.other, "drop table st");
  it_ok(it, stage.other, "create stable st (ts timestamp, v bigint, c varchar(8)) tags (g int)");
  taosuv_stmt_t* stmt = it_stmt(it, stage.client, meters_sql); /* one of them, prepared again */
  it_rule(it, &(ts_rule_t) {.action = "stmt2_exec",
                            .times = 1,
                            .answer = TS_ANSWER_ERROR,
                            .code = 0x2653,
                            .text = "Value too long"});
  assert_int_equal(exec_meter(it, stmt, &op, 0), TAOSUV_ESERVER);
  assert_int_equal(exec_meter(it, stmt, &op, 0), 0); /* not by the other one */
  taosuv_stmt_close(stmt);
}

/* What is kept of a query is its text: each execution looks at the tables again. */
static void a_kept_query_sees_the_table_as_it_is(void** state) {
  it_t* it = *state;
  it_needs(it, IT_STATEMENT_QUERIES);
  stage_t stage;
  for (size_t i = 0; i < COUNT(versions) && set_stage(it, &stage, i); i++) {
    make(&stage, "t");
    for (uint32_t columns = 2; columns < 5; columns++) {
      it_op_t op = {0};
      taosuv_value_t param = taosuv_i64(0);
      uint32_t count;
      taosuv_stmt_t* stmt = it_stmt(it, stage.client, "select * from t where ts > ?");
      assert_int_equal(taosuv_bind_row(stmt, &param, 1), 0);
      assert_int_equal(it_end(it_stmt_exec(it, stmt, &op), &op), 0);
      taosuv_result_fields(op.stmt_exec.result, &count);
      assert_int_equal(count, columns);
      assert_int_equal(it_drain(it, op.stmt_exec.result), columns == 4);
      taosuv_result_close(op.stmt_exec.result);
      taosuv_stmt_close(stmt);
      it_ok(it, stage.other, "alter table t add column x%d int", (int) columns);
      if (columns != 3) continue;
      it_ok(it, stage.other, "drop table t");
      it_ok(it, stage.other, "create table t (ts timestamp, v int, w int, x int)");
      it_ok(it, stage.other, "insert into t values (1, 2, 3, 4)");
    }
    strike(&stage);
  }
}

/* ---- writers ---- */

static int put_meter(job_t* job, int64_t i) {
  char name[8];
  snprintf(name, sizeof name, "m%d", (int) (i % 5));
  taosuv_value_t tag = taosuv_i64(1),
                 row[] = {taosuv_i64(T0 + i), taosuv_i64(i), taosuv_text("x", 1)};
  return taosuv_writer_row(job->writer, name, TAOSUV_NUL_TERMINATED, &tag, 1, row, 3);
}

static void set_job(stage_t* stage, job_t* job) {
  memset(job, 0, sizeof *job);
  job->it = stage->it;
  job->client = stage->client;
  taosuv_writer_options_init(&job->options);
  job->options.on_report = on_report;
  job->options.data = job;
  job->options.batch_age_ms = 1000000;
}

static void writers_go_on_while_another_client_alters(void** state) {
  it_t* it = *state;
  stage_t stage;
  for (size_t i = 0; i < COUNT(versions) && set_stage(it, &stage, i); i++) {
    enum { BATCHES = 30, ROWS = 15 };
    job_t job;
    make_meters(&stage);
    set_job(&stage, &job);
    job.options.lanes = 2;
    assert_int_equal(open_as(&job, meters_sql), 1);
    for (int k = 0; k < BATCHES; k++) {
      for (int row = 0; row < ROWS; row++) assert_int_equal(put_meter(&job, k * ROWS + row), 0);
      if (k % 2 == 1) alter(&stage, k / 2);
      flush(&job);
    }
    close_writer(&job);
    if (job.reports > 0) fail_msg("%s: %s", versions[i].name, job.message);
    assert_int_equal(job.totals.rows_written, BATCHES * ROWS);
    assert_int_equal(rows_of(&stage, "st"), BATCHES * ROWS);
    strike(&stage);
  }
}

static void writers_go_on_with_tables_that_are_made_again(void** state) {
  it_t* it = *state;
  stage_t stage;
  for (size_t i = 0; i < COUNT(versions) && set_stage(it, &stage, i); i++) {
    job_t job;
    make(&stage, "t");
    set_job(&stage, &job);
    job.options.table = "t";
    assert_int_equal(open_as(&job, "insert into ? values(?,?)"), 1);
    for (int k = 0; k < 5; k++) {
      taosuv_value_t row[] = {taosuv_i64(T0 + k), taosuv_i64(k)};
      assert_int_equal(taosuv_writer_row(job.writer, "t", 1, NULL, 0, row, 2), 0);
      flush(&job);
      assert_int_equal(rows_of(&stage, "t"), 1);
      make_again(&stage, "t");
    }
    assert_int_equal(job.reports, 0);
    it_ok(it, stage.other, "drop table t");
    for (int k = 0; k < 2; k++) {
      taosuv_value_t row[] = {taosuv_i64(T0), taosuv_i64(k)};
      assert_int_equal(taosuv_writer_row(job.writer, "t", 1, NULL, 0, row, 2), 0);
      flush(&job);
      assert_int_equal(job.reported_rows, 1); /* the first one */
      assert_int_equal(job.last.status, TAOSUV_ESERVER);
      if (k == 0) make(&stage, "t");
    }
    close_writer(&job);
    assert_int_equal(rows_of(&stage, "t"), 1);
    strike(&stage);
  }
}

/* Longer than a statement would try. */
static void a_writer_tries_as_long_as_it_may(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_needs_ws(it, "statements");
  job_t job;
  open_patient(it, &job, "");
  uint32_t rule = it_rule(it, &(ts_rule_t) {.action = "stmt2_exec",
                                            .times = 20,
                                            .answer = TS_ANSWER_ERROR,
                                            .code = 0x061B,
                                            .text = "Table schema is old"});
  assert_int_equal(put(&job, 1, T0, 1), 0);
  flush(&job);
  assert_int_equal(ts_server_rule_hits(it->server, rule), 20);
  close_writer(&job);
  assert_int_equal(job.reports, 0);
  assert_int_equal(job.totals.rows_written, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(rows_go_to_the_table_that_is_there),
      IT_TEST(a_batch_in_the_callback_of_its_prepare_takes_no_other),
      IT_TEST(batches_that_wait_share_what_is_prepared),
      IT_TEST(another_table_of_the_name_is_no_silent_mistake),
      IT_TEST(statements_go_on_while_another_client_alters),
      IT_TEST(another_super_table_of_the_name_is_no_silent_mistake),
      IT_TEST(a_refusal_that_stays_is_told),
      IT_TEST(a_kept_statement_has_the_fields_of_the_table_as_it_is),
      IT_TEST(a_kept_statement_that_the_server_has_lost_is_replaced),
      IT_TEST(an_old_one_from_the_cache_is_not_the_statements_fault),
      IT_TEST(a_kept_query_sees_the_table_as_it_is),
      IT_TEST(writers_go_on_while_another_client_alters),
      IT_TEST(writers_go_on_with_tables_that_are_made_again),
      IT_TEST(a_writer_tries_as_long_as_it_may),
  };
  return cmocka_run_group_tests_name("stmt_stale", tests, NULL, NULL);
}
