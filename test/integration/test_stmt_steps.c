/* Statements that are closed, cancelled, lost or refused while any of their messages is in flight,
 * in all forms of the protocol: nothing is left on the server, and the next batch succeeds. */
#include "stmt_forms.h"

enum { MAX_STEPS = 5 };

typedef enum { BY_STATEMENT, BY_CLIENT, BY_CANCEL, BY_CUT, BY_ERROR, WAYS } way_t;

/* The messages of each form of statement, as replies name them. */
typedef struct steps_s {
  const char* prepare[MAX_STEPS + 1];
  const char* insert[MAX_STEPS + 1];
  const char* query[MAX_STEPS + 1];
} steps_t;

static const steps_t steps[STMT_FORMS] = {
    {{"stmt2_init", "stmt2_prepare"},
     {"stmt2_bind", "stmt2_exec"},
     {"stmt2_bind", "stmt2_exec", "stmt2_result"}},
    {{"init", "prepare", "set_table_name", "get_tag_fields", "get_col_fields"},
     {"set_table_name", "set_tags", "bind", "add_batch", "exec"},
     {"bind", "add_batch", "exec", "use_result"}},
    {{"stmt2_init", "stmt2_prepare"}, {"stmt2_bind_exec"}, {"stmt2_bind_exec", "stmt2_result"}},
    {{"stmt2_init", "stmt2_prepare"},
     {"stmt2_bind", "stmt2_exec"},
     {"stmt2_bind", "stmt2_exec", "stmt2_result"}},
    {{"init", "prepare", "set_table_name", "get_tag_fields", "get_col_fields"},
     {"set_table_name", "set_tags", "bind", "add_batch", "exec"},
     {"bind", "add_batch", "exec", "use_result"}},
    {{"init", "prepare", "query"},
     {"set_table_name", "set_tags", "bind", "add_batch", "exec"},
     {NULL}},
};

static const char insert_sql[] = "insert into ? using st tags(?) values(?,?)";
static const char select_sql[] = "select v from st where v >= ?";

typedef struct stage_s {
  it_t* it;
  const char* keys;
  char db[32];
  taosuv_client_t* client;
  const char* action; /* during which it happens */
  way_t way;
  uint32_t rule;
} stage_t;

/* Nothing is kept on the server, so that what is open there is what was forgotten. */
static void open_client(stage_t* stage) {
  char keys[64];
  snprintf(keys, sizeof keys, "%s&stmt_cache=0&pool_size=1", stage->keys);
  stage->client = it_client_db(stage->it, stage->db, keys);
}

static void bind_one(taosuv_stmt_t* stmt, int64_t ts) {
  taosuv_value_t tag = taosuv_i64(1), row[] = {taosuv_i64(ts), taosuv_i64(7)};
  if (!taosuv_stmt_is_insert(stmt)) {
    assert_int_equal(taosuv_bind_row(stmt, &row[1], 1), 0);
    return;
  }
  assert_int_equal(taosuv_bind_table(stmt, "d1", 2), 0);
  assert_int_equal(taosuv_bind_tags(stmt, &tag, 1), 0);
  assert_int_equal(taosuv_bind_row(stmt, row, 2), 0);
}

/* One batch, or query, that must go well. */
static void go_well(stage_t* stage, taosuv_stmt_t* stmt) {
  it_op_t op = {0};
  bool insert = taosuv_stmt_is_insert(stmt);
  bind_one(stmt, 1);
  int status = it_end(it_stmt_exec(stage->it, stmt, &op), &op);
  if (status != 0) fail_msg("after %s: %s", stage->action, op.message);
  if (insert) assert_int_equal(op.stmt_exec.affected_rows, 1);
  if (insert) return;
  assert_int_equal(it_drain(stage->it, op.stmt_exec.result), 1);
  taosuv_result_close(op.stmt_exec.result);
}

static void set_rule(stage_t* stage) {
  bool error = stage->way == BY_ERROR;
  stage->rule = it_rule(stage->it,
                        &(ts_rule_t) {.action = stage->action,
                                      .times = 1,
                                      .wait_ms = error ? 0 : 15,
                                      .answer = error ? TS_ANSWER_ERROR : TS_ANSWER_DEFAULT,
                                      .code = 0x2653,
                                      .text = "Value too long"});
}

/* It happens when the server has the message; returns whether the statement is still there. */
static bool strike(stage_t* stage, taosuv_stmt_t* stmt, it_op_t* op) {
  it_until_hits(stage->it, stage->rule, 1);
  switch (stage->way) {
    case BY_STATEMENT: taosuv_stmt_close(stmt); return false;
    case BY_CLIENT: it_close(stage->it, stage->client); break;
    case BY_CANCEL: assert_int_equal(taosuv_cancel(&op->req), 0); break;
    case BY_CUT: ts_conn_cut(it_conn(stage->it)); break;
    default: break;
  }
  return true;
}

static bool executes(const char* action) {
  static const char* const names[] = {"exec", "stmt2_exec", "stmt2_bind_exec", "use_result",
                                      "stmt2_result"};
  for (size_t i = 0; i < COUNT(names); i++)
    if (strcmp(action, names[i]) == 0) return true;
  return false;
}

/* What the batch in the way completes with. */
static void check_status(const stage_t* stage, const it_op_t* op, int status) {
  bool maybe = (op->req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0;
  int expected = TAOSUV_ECANCELED;
  if (stage->way == BY_ERROR) expected = TAOSUV_ESERVER;
  if (stage->way == BY_CUT) expected = executes(stage->action) ? it_lost_status() : 0;
  if (status != expected)
    fail_msg("%s, way %d: %d, %s", stage->action, stage->way, status, op->message);
  if (stage->way != BY_ERROR) assert_int_equal(maybe, status != 0 && executes(stage->action));
  if (op->stmt_exec.result != NULL) taosuv_result_close(op->stmt_exec.result);
}

static bool all_closed(void* data) {
  it_t* it = data;
  return ts_server_counters(it->server).statements_open == 0;
}

static void nothing_is_left(stage_t* stage) {
  it_unrule(stage->it);
  if (!it_until(stage->it, all_closed, stage->it, 5000))
    fail_msg("%s, way %d: a statement is left", stage->action, stage->way);
  assert_int_equal(ts_server_counters(stage->it->server).poisonous, 0);
  assert_int_equal(ts_server_counters(stage->it->server).dead_statements, 0);
}

/* ---- a batch ---- */

static void during_a_batch(stage_t* stage, const char* sql) {
  it_op_t op = {0};
  taosuv_stmt_t* stmt = it_stmt(stage->it, stage->client, sql);
  go_well(stage, stmt);
  bind_one(stmt, 1);
  set_rule(stage);
  assert_int_equal(it_stmt_exec(stage->it, stmt, &op), 0);
  bool there = strike(stage, stmt, &op);
  check_status(stage, &op, it_wait(&op));
  if (stage->way == BY_CLIENT) {
    it_closed(it_slot(stage->it, stage->client));
    open_client(stage);
  } else if (there) {
    go_well(stage, stmt);
  }
  if (there) taosuv_stmt_close(stmt);
  nothing_is_left(stage);
}

/* ---- prepare ---- */

static void end_prepare(stage_t* stage, taosuv_stmt_t* stmt) {
  if (stage->way == BY_CLIENT) {
    it_closed(it_slot(stage->it, stage->client));
    open_client(stage);
  }
  taosuv_stmt_close(stmt);
  nothing_is_left(stage);
}

static void check_prepared(const stage_t* stage, const it_op_t* op, int status) {
  int expected = stage->way == BY_ERROR ? TAOSUV_ESERVER
                 : stage->way == BY_CUT ? 0
                                        : TAOSUV_ECANCELED;
  if (status != expected)
    fail_msg("%s, way %d: %d, %s", stage->action, stage->way, status, op->message);
}

static void during_prepare(stage_t* stage) {
  it_op_t op = {0};
  if (stage->way == BY_STATEMENT) return; /* there is none yet */
  set_rule(stage);
  assert_int_equal(it_prepare(stage->it, stage->client, &op, insert_sql), 0);
  strike(stage, NULL, &op);
  check_prepared(stage, &op, it_wait(&op));
  assert_int_equal(op.prepare.stmt != NULL, stage->way == BY_CUT);
  if (stage->way == BY_CUT) go_well(stage, op.prepare.stmt);
  end_prepare(stage, op.prepare.stmt);
}

static void during_reprepare(stage_t* stage) {
  it_op_t op = {0};
  taosuv_stmt_t* stmt = it_stmt(stage->it, stage->client, select_sql);
  set_rule(stage);
  assert_int_equal(it_reprepare(stage->it, stmt, &op, insert_sql), 0);
  bool there = strike(stage, stmt, &op);
  check_prepared(stage, &op, it_wait(&op));
  if (there && stage->way == BY_CUT) go_well(stage, stmt);
  if (there && stage->way == BY_CANCEL) {
    assert_int_equal(it_stmt_exec(stage->it, stmt, &op), TAOSUV_EINVAL);
    assert_int_equal(it_end(it_reprepare(stage->it, stmt, &op, insert_sql), &op), 0);
    go_well(stage, stmt);
  }
  end_prepare(stage, there ? stmt : NULL);
}

/* ---- all ---- */

static void walk(it_t* it, size_t form) {
  const stmt_form_t* how = stmt_form_begin(it, form);
  stage_t stage = {.it = it, .keys = how->keys};
  taosuv_client_t* maker = it_client(it, "");
  snprintf(stage.db, sizeof stage.db, "%s", it_database(it, maker, "ms"));
  it_ok(it, maker, "create stable %s.st (ts timestamp, v int) tags (g int)", stage.db);
  it_ok(it, maker, "insert into %s.d1 using %s.st tags(1) values (1, 7)", stage.db, stage.db);
  it_close_wait(it, maker);
  open_client(&stage);
  for (int way = 0; way < WAYS; way++) {
    stage.way = (way_t) way;
    for (const char* const* at = steps[form].insert; (stage.action = *at) != NULL; at++)
      during_a_batch(&stage, insert_sql);
    for (const char* const* at = steps[form].query; (stage.action = *at) != NULL; at++)
      during_a_batch(&stage, select_sql);
    for (const char* const* at = steps[form].prepare; (stage.action = *at) != NULL; at++) {
      during_prepare(&stage);
      during_reprepare(&stage);
    }
  }
}

static void stmt2_at_every_step(void** state) {
  it_needs_bundled(*state);
  walk(*state, 0);
}

static void the_first_version_at_every_step(void** state) {
  it_needs_bundled(*state);
  walk(*state, 1);
}

static void one_message_at_every_step(void** state) {
  it_needs_bundled(*state);
  walk(*state, 2);
}

static void newer_stmt2_at_every_step(void** state) {
  it_needs_bundled(*state);
  walk(*state, 3);
}

static void an_old_server_at_every_step(void** state) {
  it_needs_bundled(*state);
  walk(*state, 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(stmt2_at_every_step),         IT_TEST(the_first_version_at_every_step),
      IT_TEST(one_message_at_every_step),   IT_TEST(newer_stmt2_at_every_step),
      IT_TEST(an_old_server_at_every_step),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
