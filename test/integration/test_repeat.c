/* What happens to each kind of request when its connection is lost, and what `idempotent`
 * changes. */
#include "fixture.h"

static bool maybe(const it_op_t* op) {
  return (op->req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0;
}

/* A client that is connected, once, to a server on which the next `times` requests of an action end
 * their connection. */
static taosuv_client_t* doomed(it_t* it, const char* action, uint32_t times, uint32_t* rule) {
  assert_int_equal(ts_server_exec(it->server, "create database if not exists repeats"), 0);
  taosuv_client_t* client = it_client_db(it, "repeats", "pool_size=1");
  it_usable(it, client);
  *rule = it_rule(it, &(ts_rule_t) {.action = action, .times = times, .answer = TS_ANSWER_CUT});
  return client;
}

typedef int (*start_t)(it_t* it, taosuv_client_t* client, it_op_t* op);

static int start_exec(it_t* it, taosuv_client_t* client, it_op_t* op) {
  return it_exec(it, client, op, "select 1");
}

static int start_query(it_t* it, taosuv_client_t* client, it_op_t* op) {
  return it_query(it, client, op, "select 1");
}

static int start_status(it_t* it, taosuv_client_t* client, it_op_t* op) {
  return it_status(it, client, op, "localhost", 6030);
}

static int start_lines(it_t* it, taosuv_client_t* client, it_op_t* op) {
  static char line[] = "m,t=1 v=1i32 1700000000000000000";
  uv_buf_t text = uv_buf_init(line, sizeof line - 1);
  return it_lines(it, client, op, &text, 1);
}

static const struct {
  const char* action;
  start_t start;
} kinds[] = {{"insert", start_lines},
             {"binary_query", start_exec},
             {"binary_query", start_query},
             {"version", it_version},
             {"check_server_status", start_status},
             {"get_current_db", it_current_db}};

static void a_request_that_left_is_not_repeated(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "a SELECT that is not repeated");
  uint32_t rule;
  it_needs_bundled(it);
  for (size_t i = 0; i < COUNT(kinds); i++) {
    it_op_t op = {0};
    taosuv_client_t* client = doomed(it, kinds[i].action, 1, &rule);
    assert_int_equal(it_end(kinds[i].start(it, client, &op), &op), it_lost_status());
    assert_true(maybe(&op));
    assert_true(op.req.err_flags & TAOSUV_ERR_RETRYABLE);
    assert_int_equal(ts_server_rule_hits(it->server, rule), 1);
    it_unrule(it);
    it_close_wait(it, client);
    it->slots[0] = (it_slot_t) {0};
  }
}

static void an_idempotent_one_is(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "the status of another node");
  uint32_t rule;
  it_needs_bundled(it);
  for (size_t i = 0; i < COUNT(kinds); i++) {
    if (strcmp(kinds[i].action, "version") == 0) continue; /* a log-in asks for it, too */
    it_op_t op = {0};
    op.req.idempotent = 1;
    op.req.req_id = 4711;
    taosuv_client_t* client = doomed(it, kinds[i].action, 3, &rule);
    assert_int_equal(it_end(kinds[i].start(it, client, &op), &op), 0);
    assert_int_equal(op.req.sent_req_id, 4711);
    assert_int_equal(op.req.err_flags, 0);
    assert_int_equal(ts_server_rule_hits(it->server, rule), 3);
    if (kinds[i].start == start_query) {
      assert_int_equal(it_drain(it, op.query.result), 1);
      taosuv_result_close(op.query.result);
    }
    it_unrule(it);
    it_close_wait(it, client);
    it->slots[0] = (it_slot_t) {0};
  }
}

/* The first of several, and one that waited in the queue before it was sent. */
static void so_are_those_that_came_out_of_the_queue(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "several requests in flight on a connection");
  it_needs_bundled(it);
  it_op_t ops[6];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = it_client(it, "pool_size=1&max_inflight=2");
  it_usable(it, client);
  uint32_t rule = it_rule(
      it,
      &(ts_rule_t) {.action = "binary_query", .times = 6, .wait_ms = 20, .answer = TS_ANSWER_CUT});
  for (size_t i = 0; i < COUNT(ops); i++) {
    ops[i].req.idempotent = 1;
    assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
  }
  for (size_t i = 0; i < COUNT(ops); i++) assert_int_equal(it_wait(&ops[i]), 0);
  assert_int_equal(ts_server_rule_hits(it->server, rule), 6);
}

static void only_so_often(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  uint32_t rule;
  it_needs_bundled(it);
  taosuv_client_t* client = doomed(it, "binary_query", 0, &rule);
  op.req.idempotent = 1;
  assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), it_lost_status());
  assert_true(maybe(&op));
  assert_int_equal(ts_server_rule_hits(it->server, rule), 6);
}

/* Its connection dies, and then no other is to be had: it may have been executed all the same. */
static void what_may_have_been_executed_stays_so(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  it_proxy(it);
  taosuv_client_t* client = it_client(it, "pool_size=1&retries=3&retry_initial=5&retry_max=5");
  it_usable(it, client);
  it_hold_answers(it);
  op.req.idempotent = 1;
  assert_int_equal(it_exec(it, client, &op, "select 1"), 0);
  it_until_asked(it, 1);
  proxy_stop(it->proxies[0]);
  assert_int_equal(it_wait(&op), UV_ECONNREFUSED);
  assert_true(maybe(&op));
}

static void its_time_limit_counts_all_the_while(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  it_proxy(it);
  taosuv_client_t* client = it_client(it, "pool_size=1&retries=1000&retry_initial=5&retry_max=5");
  it_usable(it, client);
  it_hold_answers(it);
  op.req.idempotent = 1;
  op.req.timeout_ms = 300;
  uint64_t start = it_ms();
  assert_int_equal(it_exec(it, client, &op, "select 1"), 0);
  it_until_asked(it, 1);
  proxy_stop(it->proxies[0]);
  assert_int_equal(it_wait(&op), TAOSUV_ETIMEDOUT);
  assert_true(maybe(&op));
  it_within(start, 299, 20000);
}

static void an_id_in_the_queue_is_taken(void** state) {
  it_t* it = *state;
  it_op_t first = {0}, second = {0}, third = {0};
  taosuv_client_t* client = it_client(it, "pool_size=1");
  first.req.req_id = second.req.req_id = 99;
  assert_int_equal(it_exec(it, client, &first, "select 1"), 0); /* no connection yet */
  assert_int_equal(it_exec(it, client, &second, "select 1"), TAOSUV_EREQID);
  assert_int_equal(taosuv_cancel(&first.req), 0);
  assert_int_equal(it_exec(it, client, &second, "select 1"), 0); /* free again */
  third.req.req_id = 99;
  assert_int_equal(it_exec(it, client, &third, "select 1"), TAOSUV_EREQID);
  assert_int_equal(it_wait(&first), TAOSUV_ECANCELED);
  assert_int_equal(it_wait(&second), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(a_request_that_left_is_not_repeated),
      IT_TEST(an_idempotent_one_is),
      IT_TEST(so_are_those_that_came_out_of_the_queue),
      IT_TEST(only_so_often),
      IT_TEST(what_may_have_been_executed_stays_so),
      IT_TEST(its_time_limit_counts_all_the_while),
      IT_TEST(an_id_in_the_queue_is_taken),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
