/* Statements that are kept prepared, what empties the cache, and results that hold a statement. */
#include "stmt_forms.h"

static const char select_sql[] = "select * from t where v > ?";

static taosuv_client_t* with_table(it_t* it, const char* keys) {
  taosuv_client_t* maker = it_client(it, "");
  const char* db = it_database(it, maker, "ms");
  it_ok(it, maker, "create table %s.t (ts timestamp, v int)", db);
  it_ok(it, maker, "insert into %s.t values (1,1) (2,2) (3,3)", db);
  it_close_wait(it, maker);
  return it_client_db(it, db, keys);
}

static uint64_t inits(it_t* it) {
  return ts_server_action_count(it->server, "stmt2_init");
}

static taosuv_result_t* started(it_t* it, taosuv_stmt_t* stmt, int64_t above) {
  it_op_t op = {0};
  taosuv_value_t param = taosuv_i64(above);
  assert_int_equal(taosuv_bind_row(stmt, &param, 1), 0);
  assert_int_equal(it_end(it_stmt_exec(it, stmt, &op), &op), 0);
  return op.stmt_exec.result;
}

static void read_all(it_t* it, taosuv_stmt_t* stmt, int64_t above) {
  taosuv_result_t* result = started(it, stmt, above);
  assert_int_equal(it_drain(it, result), 3 - above);
  taosuv_result_close(result);
}

static void the_same_sql_again_takes_no_message(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  taosuv_client_t* client = with_table(it, "");
  taosuv_stmt_close(it_stmt(it, client, select_sql));
  uint64_t messages = ts_server_counters(it->server).messages;
  for (int i = 0; i < 5; i++) taosuv_stmt_close(it_stmt(it, client, select_sql));
  assert_int_equal(ts_server_counters(it->server).messages, messages);
  taosuv_stmt_t* stmt = it_stmt(it, client, select_sql);
  for (int64_t above = 0; above < 3; above++) read_all(it, stmt, above);
  taosuv_stmt_close(stmt);
  assert_int_equal(inits(it), 1);
}

static void each_user_has_a_statement_of_its_own(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  enum { USERS = 5 };
  taosuv_client_t* client = with_table(it, "");
  taosuv_stmt_t* stmts[USERS];
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < USERS; i++) stmts[i] = it_stmt(it, client, select_sql);
    for (int i = 0; i < USERS; i++) read_all(it, stmts[i], i % 3);
    for (int i = 0; i < USERS; i++) taosuv_stmt_close(stmts[i]);
  }
  assert_int_equal(inits(it), USERS);
}

static void the_least_used_go_first(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  taosuv_client_t* client = with_table(it, "stmt_cache=2");
  static const char* const sqls[] = {"select v from t where v > ?", "select ts from t where v > ?",
                                     "select * from t where v > ?"};
  for (int i = 0; i < 3; i++) taosuv_stmt_close(it_stmt(it, client, sqls[i]));
  assert_int_equal(inits(it), 3);
  taosuv_stmt_close(it_stmt(it, client, sqls[1])); /* is the youngest now */
  taosuv_stmt_close(it_stmt(it, client, sqls[0])); /* was gone */
  assert_int_equal(inits(it), 4);
  taosuv_stmt_close(it_stmt(it, client, sqls[1]));
  assert_int_equal(inits(it), 4);
  it_run(it, 20);
  assert_int_equal(ts_server_counters(it->server).statements_open, 2);
}

static void without_a_cache_nothing_is_kept(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  taosuv_client_t* client = with_table(it, "stmt_cache=0");
  for (int i = 0; i < 3; i++) taosuv_stmt_close(it_stmt(it, client, select_sql));
  assert_int_equal(inits(it), 3);
  it_run(it, 20);
  assert_int_equal(ts_server_counters(it->server).statements_open, 0);
}

static void the_cache_ends_with_its_connection(void** state) {
  it_t* it = *state;
  it_needs(it, IT_STATEMENT_QUERIES);
  it_proxy(it);
  taosuv_client_t* client = with_table(it, "");
  taosuv_stmt_close(it_stmt(it, client, select_sql));
  it_cut(it);
  it_run(it, 20);
  taosuv_stmt_t* stmt = it_stmt(it, client, select_sql);
  read_all(it, stmt, 0);
  taosuv_stmt_close(stmt);
  if (it->server != NULL) assert_int_equal(inits(it), 2);
}

/* Names without a database mean another table from then on. */
static void use_empties_the_cache(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  taosuv_client_t* client = with_table(it, "");
  const char* other = it_database(it, client, "ms");
  it_ok(it, client, "create table %s.t (ts timestamp, v int)", other);
  taosuv_stmt_t* held = it_stmt(it, client, select_sql);
  taosuv_stmt_close(it_stmt(it, client, select_sql));
  it_ok(it, client, "use %s", other);
  taosuv_stmt_close(held); /* is not kept either */
  it_run(it, 20);
  assert_int_equal(ts_server_counters(it->server).statements_open, 0);
  taosuv_stmt_t* stmt = it_stmt(it, client, select_sql);
  taosuv_result_t* result = started(it, stmt, 0);
  assert_int_equal(it_drain(it, result), 0);
  taosuv_result_close(result);
  taosuv_stmt_close(stmt);
}

static void to_prepare_anew_asks_the_server(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t op = {0};
  taosuv_client_t* client = with_table(it, "");
  taosuv_stmt_t* stmt = it_stmt(it, client, "insert into t values(?,?)");
  it_ok(it, client, "alter table t add column w int");
  taosuv_stmt_close(it_stmt(it, client, "insert into t values(?,?,?)"));
  assert_int_equal(it_end(it_reprepare(it, stmt, &op, "insert into t values(?,?,?)"), &op), 0);
  uint32_t count;
  taosuv_stmt_fields(stmt, &count);
  assert_int_equal(count, 3);
  assert_int_equal(ts_server_action_count(it->server, "stmt2_prepare"), 3);
  taosuv_stmt_close(stmt);
}

/* ---- results ---- */

static void open_results_are_not_disturbed(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  for (size_t i = 0; i < STMT_FORMS; i++) {
    if (stmt_form_inserts(&stmt_forms[i])) continue;
    const stmt_form_t* form = stmt_form_begin(it, i);
    taosuv_client_t* client = with_table(it, form->keys);
    taosuv_stmt_t* stmt = it_stmt(it, client, select_sql);
    taosuv_result_t* results[3];
    for (int64_t above = 0; above < 3; above++) results[above] = started(it, stmt, above);
    taosuv_stmt_close(stmt); /* they stay readable */
    for (int64_t above = 2; above >= 0; above--) {
      assert_int_equal(it_drain(it, results[above]), 3 - above);
      taosuv_result_close(results[above]);
    }
    stmt = it_stmt(it, client, select_sql);
    taosuv_result_close(started(it, stmt, 0)); /* unread */
    read_all(it, stmt, 1);
    taosuv_stmt_close(stmt);
    it_until_no_results(it);
    it_close_wait(it, client);
  }
}

static void results_are_lost_with_their_connection(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t op = {0};
  taosuv_client_t* client = with_table(it, "prefetch=0");
  taosuv_stmt_t* stmt = it_stmt(it, client, select_sql);
  taosuv_result_t* result = started(it, stmt, 0);
  ts_conn_cut(it_conn(it));
  assert_true(it_end(it_fetch(it, result, &op), &op) < 0);
  read_all(it, stmt, 1);
  taosuv_result_close(result);
  result = started(it, stmt, 0);
  it_close_wait(it, client);
  taosuv_result_close(result);
  taosuv_stmt_close(stmt);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(the_same_sql_again_takes_no_message),
      IT_TEST(each_user_has_a_statement_of_its_own),
      IT_TEST(the_least_used_go_first),
      IT_TEST(without_a_cache_nothing_is_kept),
      IT_TEST(the_cache_ends_with_its_connection),
      IT_TEST(use_empties_the_cache),
      IT_TEST(to_prepare_anew_asks_the_server),
      IT_TEST(open_results_are_not_disturbed),
      IT_TEST(results_are_lost_with_their_connection),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
