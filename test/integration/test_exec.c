/* Statements without rows: their effects, their errors, and how requests are reused. */
#include "fixture.h"
#include "transport.h"

static taosuv_client_t* with_table(it_t* it, const char* keys) {
  taosuv_client_t* client = it_client_db(it, it_database(it, it_client(it, ""), "ms"), keys);
  it_ok(it, client, "create table t (ts timestamp, a int, s varchar(64))");
  return client;
}

static void an_insert_gives_its_affected_rows(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = with_table(it, "");
  int started = it_exec(it, client, &op, "insert into t values (1, 1, 'x') (2, 2, null)");
  assert_int_equal(it_end(started, &op), 0);
  assert_int_equal(op.exec.affected_rows, 2);
  assert_int_equal(op.req.err_flags, 0);
  assert_int_equal(op.req.server_code, 0);
  assert_true(op.req.total_time_ns > 0);
  assert_true(op.req.server_time_ns > 0);
  assert_true(op.host[0] != 0);
  assert_int_equal(it_number(it, client, "select count(*) from t"), 2);
}

static void ddl_affects_no_rows(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = with_table(it, "");
  int started = it_exec(it, client, &op, "create table u (ts timestamp, a int)");
  assert_int_equal(it_end(started, &op), 0);
  assert_int_equal(op.exec.affected_rows, 0);
}

static void one_insert_fills_several_tables(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = with_table(it, "");
  it_ok(it, client, "create table u (ts timestamp, a int)");
  it_ok(it, client, "create stable st (ts timestamp, v int) tags (g int)");
  int started = it_exec(it, client, &op,
                        "insert into t values (1, 1, 'x') (2, 2, 'y') u values (3, 3) "
                        "c1 using st tags (7) values (4, 4) (5, 5)");
  assert_int_equal(it_end(started, &op), 0);
  assert_int_equal(op.exec.affected_rows, 5);
  assert_int_equal(it_number(it, client, "select count(*) from u"), 1);
  assert_int_equal(it_number(it, client, "select sum(v) from st where g = 7"), 9);
}

static void a_delete_gives_its_affected_rows(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = with_table(it, "");
  it_ok(it, client, "insert into t values (1, 1, 'x') (2, 2, 'y') (3, 3, 'z')");
  assert_int_equal(it_end(it_exec(it, client, &op, "delete from t where ts > 1"), &op), 0);
  assert_int_equal(op.exec.affected_rows, 2);
}

static void an_executed_select_leaves_no_result_behind(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "blocks that are fetched one by one");
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "");
  assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), 0);
  assert_int_equal(op.exec.affected_rows, 0);
  it_until_no_results(it);
  if (it->server == NULL) return;
  assert_int_equal(ts_server_counters(it->server).free_results, 1);
  assert_int_equal(ts_server_action_count(it->server, "fetch_raw_block"), 0);
}

/* ---- errors ---- */

typedef struct refusal_s {
  const char* sql;
  int code;
  const char* part; /* of the message */
} refusal_t;

static const refusal_t refusals[] = {
    {"selec 1", 9728, "syntax error near"},
    {"select * from no_such_table", 9731, "Table does not exist"},
    {"insert into no_such_table values (1, 1)", 9731, "Table does not exist"},
    {"select * from taosuv_it_no_such_db.t", 904, "Database not exist"},
    {"use taosuv_it_no_such_db", 904, "Database not exist"},
    {"select no_such_column from t", 9730, "Invalid column name"},
    {" ", 9729, "Incomplete SQL statement"},
};

static void the_servers_refusal_has_its_code_and_text(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = with_table(it, "");
  for (size_t i = 0; i < COUNT(refusals); i++) {
    it_op_t op = {0};
    int status = it_end(it_exec(it, client, &op, refusals[i].sql), &op);
    bool blank = strspn(refusals[i].sql, " \t\r\n") == strlen(refusals[i].sql);
    if (blank && it_transport_http()) { /* the gateway itself sees that */
      assert_int_equal(op.req.server_code, 4359);
      continue;
    }
    if (op.req.server_code != refusals[i].code)
      fail_msg("%s: %d %s", refusals[i].sql, op.req.server_code, op.message);
    assert_int_equal(status, TAOSUV_ESERVER);
    it_has(op.message, refusals[i].part);
    assert_int_equal(op.req.err_flags, 0);
    assert_int_equal(op.exec.affected_rows, 0);
    assert_true(op.host[0] != 0);
  }
}

static void a_code_worth_another_try_is_flagged(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "");
  it_rule(it, &(ts_rule_t) {.sql = "insert",
                            .answer = TS_ANSWER_ERROR,
                            .code = 0x000B,
                            .text = "Unable to establish connection"});
  int started = it_exec(it, client, &op, "insert into t values (1)");
  assert_int_equal(it_end(started, &op), TAOSUV_ESERVER);
  assert_int_equal(op.req.server_code, 0x000B);
  assert_int_equal(op.req.err_flags, TAOSUV_ERR_RETRYABLE);
  assert_string_equal(op.message, "Unable to establish connection");
}

static void senseless_arguments_are_refused_at_once(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "max_message_size=65536");
  char* large = malloc(65537);
  memset(large, 'x', 65537);
  assert_int_equal(it_exec(it, client, &op, ""), TAOSUV_EINVAL);
  assert_int_equal(it_exec_sized(it, client, &op, "select 1", 0), TAOSUV_EINVAL);
  assert_int_equal(it_exec(it, client, &op, NULL), TAOSUV_EINVAL);
  assert_int_equal(it_exec(it, NULL, &op, "select 1"), TAOSUV_EINVAL);
  assert_int_equal(it_exec_sized(it, client, &op, large, 65537), TAOSUV_EMSGSIZE);
  assert_int_equal(taosuv_exec(client, NULL, "select 1", 8, NULL), TAOSUV_EINVAL);
  assert_int_equal(taosuv_exec(client, &op.exec, "select 1", 8, NULL), TAOSUV_EINVAL);
  free(large);
  /* None of that has harmed the request. */
  assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), 0);
}

/* ---- texts ---- */

static void sql_needs_no_nul_and_is_copied(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = with_table(it, "");
  static const char sql[] = "insert into t values (1, 5, 'x')";
  char* exact = malloc(sizeof sql - 1);
  memcpy(exact, sql, sizeof sql - 1);
  assert_int_equal(it_exec_sized(it, client, &op, exact, sizeof sql - 1), 0);
  memset(exact, '?', sizeof sql - 1);
  free(exact);
  assert_int_equal(it_wait(&op), 0);
  assert_int_equal(it_number(it, client, "select a from t"), 5);
}

static void sql_that_waits_for_a_connection_is_copied_too(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "");
  char* sql = strdup("select 1");
  assert_int_equal(it_exec(it, client, &op, sql), 0);
  memset(sql, '?', strlen(sql));
  free(sql);
  assert_int_equal(it_wait(&op), 0);
}

/* 1 MiB of SQL: its last byte counts as well as its first. */
static void a_large_insert_arrives_whole(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = with_table(it, "");
  size_t capacity = (1u << 20) + 256, size;
  char* sql = malloc(capacity);
  int rows = 0;
  size = (size_t) snprintf(sql, capacity, "insert into t values");
  for (; size < (1u << 20) - 100; rows++)
    size += (size_t) snprintf(sql + size, capacity - size, "(%d,%d,'%064d')", rows + 1, rows, rows);
  assert_int_equal(it_exec_sized(it, client, &op, sql, size), 0);
  free(sql);
  assert_int_equal(it_wait(&op), 0);
  assert_int_equal(op.exec.affected_rows, rows);
  assert_int_equal(it_number(it, client, "select count(*) from t"), rows);
  assert_int_equal(it_number(it, client, "select max(a) from t"), rows - 1);
}

/* ---- requests ---- */

static void run_again(it_op_t* op) {
  taosuv_client_t* client = op->data;
  if (op->completed < 5) assert_int_equal(it_exec(op->it, client, op, "select 1"), 0);
}

static void a_request_is_used_again_inside_its_callback(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = it_client(it, "");
  it_op_t op = {.then = run_again, .data = client};
  assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), 0);
  assert_int_equal(op.completed, 5);
}

static void a_pending_request_is_busy(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "");
  assert_int_equal(taosuv_is_pending(&op.req), 0);
  assert_int_equal(it_exec(it, client, &op, "select 1"), 0);
  assert_int_not_equal(taosuv_is_pending(&op.req), 0);
  assert_int_equal(it_exec(it, client, &op, "select 1"), TAOSUV_EBUSY);
  assert_int_equal(it_wait(&op), 0);
}

static void a_callback_never_comes_before_its_call_has_returned(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "");
  for (int i = 0; i < 3; i++) {
    unsigned before = op.completed;
    assert_int_equal(it_open(it, client, &op), 0);
    assert_int_equal(op.completed, before);
    assert_int_equal(it_wait(&op), 0);
  }
}

static void a_given_req_id_is_sent(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "");
  op.req.req_id = 0x123456789ABCDEF;
  assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), 0);
  assert_int_equal(op.req.sent_req_id, 0x123456789ABCDEF);
  /* Free again after its answer. */
  assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), 0);
  op.req.req_id = 0;
  assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), 0);
  assert_int_not_equal(op.req.sent_req_id, 0);
  assert_int_not_equal(op.req.sent_req_id, 0x123456789ABCDEF);
}

static void a_req_id_in_flight_is_refused(void** state) {
  it_t* it = *state;
  it_op_t first = {0}, second = {0};
  taosuv_client_t* client = it_client(it, "");
  first.req.req_id = second.req.req_id = 77;
  assert_int_equal(it_exec(it, client, &first, "select 1"), 0); /* in the queue */
  assert_int_equal(it_exec(it, client, &second, "select 1"), TAOSUV_EREQID);
  assert_int_equal(it_wait(&first), 0);
  assert_int_equal(it_exec(it, client, &first, "select 1"), 0); /* on the connection */
  assert_int_equal(it_exec(it, client, &second, "select 1"), TAOSUV_EREQID);
  assert_int_equal(it_wait(&first), 0);
  assert_int_equal(it_end(it_exec(it, client, &second, "select 1"), &second), 0);
}

static void a_request_that_failed_can_be_used_again(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "");
  assert_int_equal(it_end(it_exec(it, client, &op, "selec"), &op), TAOSUV_ESERVER);
  assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), 0);
  assert_int_equal(op.req.status, 0);
  assert_int_equal(op.req.server_code, 0);
  assert_string_equal(op.message, "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(an_insert_gives_its_affected_rows),
      IT_TEST(ddl_affects_no_rows),
      IT_TEST(one_insert_fills_several_tables),
      IT_TEST(a_delete_gives_its_affected_rows),
      IT_TEST(an_executed_select_leaves_no_result_behind),
      IT_TEST(the_servers_refusal_has_its_code_and_text),
      IT_TEST(a_code_worth_another_try_is_flagged),
      IT_TEST(senseless_arguments_are_refused_at_once),
      IT_TEST(sql_needs_no_nul_and_is_copied),
      IT_TEST(sql_that_waits_for_a_connection_is_copied_too),
      IT_TEST(a_large_insert_arrives_whole),
      IT_TEST(a_request_is_used_again_inside_its_callback),
      IT_TEST(a_pending_request_is_busy),
      IT_TEST(a_callback_never_comes_before_its_call_has_returned),
      IT_TEST(a_given_req_id_is_sent),
      IT_TEST(a_req_id_in_flight_is_refused),
      IT_TEST(a_request_that_failed_can_be_used_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
