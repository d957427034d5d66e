/* Cancellation and time limits: the effect on a request at each stage, and on its late answer. */
#include "fixture.h"

/* A client that is logged in. */
static taosuv_client_t* opened(it_t* it, const char* keys) {
  taosuv_client_t* client = it_client(it, keys);
  it_usable(it, client);
  return client;
}

static bool maybe(const it_op_t* op) {
  return (op->req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0;
}

/* ---- cancel ---- */

static void a_queued_request_is_cancelled(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "");
  assert_int_equal(it_exec(it, client, &op, "select 1"), 0);
  assert_int_equal(taosuv_cancel(&op.req), 0);
  assert_int_equal(op.completed, 0);
  assert_int_equal(it_wait(&op), TAOSUV_ECANCELED);
  assert_false(maybe(&op));
  it_usable(it, client);
}

/* The call has put it into the send buffer, but no turn of the loop has passed. */
static void an_unsent_request_is_withdrawn(void** state) {
  it_t* it = *state;
  it_op_t ops[3];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = opened(it, "");
  uint64_t before = it->server != NULL ? ts_server_action_count(it->server, "binary_query") : 0;
  for (size_t i = 0; i < COUNT(ops); i++)
    assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
  assert_int_equal(taosuv_cancel(&ops[1].req), 0);
  assert_int_equal(it_wait(&ops[1]), TAOSUV_ECANCELED);
  assert_false(maybe(&ops[1]));
  assert_int_equal(it_wait(&ops[0]), 0);
  assert_int_equal(it_wait(&ops[2]), 0);
  if (it->server == NULL) return;
  assert_int_equal(ts_server_action_count(it->server, "binary_query"), before + 2);
}

static void a_sent_request_is_cancelled_as_maybe_executed(void** state) {
  it_t* it = *state;
  it_proxy(it);
  it_op_t op = {0};
  taosuv_client_t* client = opened(it, "");
  it_hold_answers(it);
  assert_int_equal(it_exec(it, client, &op, "select 1"), 0);
  it_until_asked(it, 1);
  assert_int_equal(taosuv_cancel(&op.req), 0);
  assert_int_equal(taosuv_cancel(&op.req), TAOSUV_EINVAL);
  assert_int_equal(it_wait(&op), TAOSUV_ECANCELED);
  assert_true(maybe(&op));
  it_let_go(it);
  it_usable(it, client);
}

static void a_completed_request_cannot_be_cancelled(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "");
  assert_int_equal(taosuv_cancel(&op.req), TAOSUV_EINVAL); /* never used */
  assert_int_equal(taosuv_cancel(NULL), TAOSUV_EINVAL);
  assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), 0);
  assert_int_equal(taosuv_cancel(&op.req), TAOSUV_EINVAL);
  it_usable(it, client);
}

static void the_late_result_of_a_cancelled_query_is_freed(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "blocks that are fetched one by one");
  it_proxy(it);
  taosuv_client_t* client = opened(it, "");
  const char* sql = it_numbers(it, client, 12000);
  it_until_no_results(it);
  uint64_t freed = it->server != NULL ? ts_server_counters(it->server).free_results : 0;
  it_op_t query = {0}, exec = {0};
  it_hold_answers(it);
  assert_int_equal(it_query(it, client, &query, sql), 0);
  assert_int_equal(it_exec(it, client, &exec, "select 1"), 0);
  it_until_asked(it, 2);
  assert_int_equal(taosuv_cancel(&query.req), 0);
  assert_int_equal(taosuv_cancel(&exec.req), 0);
  assert_int_equal(it_wait(&query), TAOSUV_ECANCELED);
  assert_int_equal(it_wait(&exec), TAOSUV_ECANCELED);
  it_let_go(it);
  it_run(it, 100);
  it_until_no_results(it);
  if (it->server != NULL) assert_int_equal(ts_server_counters(it->server).free_results, freed + 2);
  it_usable(it, client);
}

static void a_late_refusal_of_a_cancelled_query_is_dropped(void** state) {
  it_t* it = *state;
  it_proxy(it);
  it_op_t op = {0};
  taosuv_client_t* client = opened(it, "");
  it_hold_answers(it);
  assert_int_equal(it_query(it, client, &op, "selec 1"), 0);
  it_until_asked(it, 1);
  assert_int_equal(taosuv_cancel(&op.req), 0);
  assert_int_equal(it_wait(&op), TAOSUV_ECANCELED);
  it_let_go(it);
  it_run(it, 100);
  taosuv_counts_t counts;
  taosuv_client_counts(client, &counts);
  assert_int_equal(counts.in_flight, 0);
  assert_int_equal(counts.connects, 1);
}

static void every_kind_of_request_is_cancelled(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "a connection that outlives a cancelled request");
  it_needs(it, IT_SERVER_STATUS);
  it_needs(it, IT_CURRENT_DB);
  it_proxy(it);
  it_op_t ops[5];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = opened(it, "");
  it_hold_answers(it);
  it_exec(it, client, &ops[0], "select 1");
  it_ping(it, client, &ops[1]);
  it_version(it, client, &ops[2]);
  it_status(it, client, &ops[3], NULL, 0);
  it_current_db(it, client, &ops[4]);
  it_run(it, 10);
  for (size_t i = 0; i < COUNT(ops); i++) {
    assert_int_equal(ops[i].accepted, 1);
    assert_int_equal(taosuv_cancel(&ops[i].req), 0);
  }
  for (size_t i = 0; i < COUNT(ops); i++) {
    assert_int_equal(it_wait(&ops[i]), TAOSUV_ECANCELED);
  }
  it_let_go(it);
  it_usable(it, client);
  taosuv_counts_t counts;
  taosuv_client_counts(client, &counts);
  assert_int_equal(counts.connects, 1);
}

/* ---- cancelled fetches ---- */

static int32_t first_of(const taosuv_block_t* block, uint32_t* rows) {
  taosuv_column_t column;
  assert_int_equal(taosuv_block_column(block, 1, &column), 0);
  *rows = column.rows;
  return taosuv_get_i32(&column, 0);
}

/* Cancels the first fetch at some moment: all blocks come nevertheless. */
static void loses_no_block(it_t* it, const char* keys, bool wait_until_sent) {
  taosuv_client_t* client = opened(it, keys);
  taosuv_result_t* result = it_rows(it, client, it_numbers(it, client, 10000));
  it_hold_answers(it);
  it_op_t op = {0};
  assert_int_equal(it_fetch(it, result, &op), 0);
  if (wait_until_sent) it_until_asked(it, 1);
  assert_int_equal(taosuv_cancel(&op.req), 0);
  assert_int_equal(it_wait(&op), TAOSUV_ECANCELED);
  assert_null(op.block);
  it_let_go(it);
  taosuv_block_t* block = it_block(it, result);
  uint32_t rows;
  assert_int_equal(first_of(block, &rows), 0);
  taosuv_block_unref(block);
  assert_int_equal(rows + it_drain(it, result), 10000);
  taosuv_result_close(result);
  it_until_no_results(it);
}

static void a_cancelled_fetch_loses_no_block(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "blocks that are fetched one by one");
  it_proxy(it);
  loses_no_block(it, "prefetch=0", true);
}

static void a_fetch_cancelled_at_once_loses_no_block(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "blocks that are fetched one by one");
  it_proxy(it);
  loses_no_block(it, "prefetch=0", false);
}

static void a_cancelled_fetch_of_a_prefetched_block_loses_it_not(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = opened(it, "prefetch=1");
  taosuv_result_t* result = it_rows(it, client, it_numbers(it, client, 10000));
  it_run(it, 30); /* the first block is here */
  it_op_t op = {0};
  assert_int_equal(it_fetch(it, result, &op), 0);
  if (taosuv_cancel(&op.req) == 0) {
    assert_int_equal(it_wait(&op), TAOSUV_ECANCELED);
    assert_int_equal(it_drain(it, result), 10000);
  } else { /* its completion was due already: then it brings the block */
    assert_int_equal(it_wait(&op), 0);
    uint64_t rows = taosuv_block_rows(op.block);
    it_done(&op);
    assert_int_equal(rows + it_drain(it, result), 10000);
  }
  taosuv_result_close(result);
}

static void a_result_is_closed_after_its_fetch_was_cancelled(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "blocks that are fetched one by one");
  taosuv_client_t* client = opened(it, "");
  taosuv_result_t* result = it_rows(it, client, it_numbers(it, client, 10000));
  it_op_t op = {0};
  assert_int_equal(it_fetch(it, result, &op), 0);
  assert_int_equal(taosuv_cancel(&op.req), 0);
  taosuv_result_close(result);
  assert_int_equal(it_wait(&op), TAOSUV_ECANCELED);
  it_until_no_results(it);
  it_usable(it, client);
}

static void a_timed_out_fetch_loses_no_block(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "blocks that are fetched one by one");
  it_proxy(it);
  taosuv_client_t* client = opened(it, "prefetch=0");
  taosuv_result_t* result = it_rows(it, client, it_numbers(it, client, 10000));
  it_hold_answers(it);
  it_op_t op = {0};
  op.req.timeout_ms = 40;
  assert_int_equal(it_end(it_fetch(it, result, &op), &op), TAOSUV_ETIMEDOUT);
  it_let_go(it);
  assert_int_equal(it_drain(it, result), 10000);
  taosuv_result_close(result);
}

/* ---- time limits ---- */

/* An operation whose answer never comes, ended after `ms` by one of the three kinds of limit. */
static void times_out(it_t* it, taosuv_client_t* client, it_op_t* op, uint64_t ms) {
  uint64_t start = it_ms();
  it_hold_answers(it);
  assert_int_equal(it_end(it_exec(it, client, op, "select 1"), op), TAOSUV_ETIMEDOUT);
  it_within(start, ms - 10, ms + 2000);
  assert_true(maybe(op));
  assert_true(op->host[0] != 0);
  it_let_go(it);
  it_usable(it, client);
  taosuv_counts_t counts;
  taosuv_client_counts(client, &counts);
  assert_int_equal(counts.connects, 1); /* the connection goes on */
}

static void timeout_ms_ends_a_sent_request(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "a connection that outlives a cancelled request");
  it_proxy(it);
  it_op_t op = {0};
  taosuv_client_t* client = opened(it, "");
  op.req.timeout_ms = 100;
  times_out(it, client, &op, 100);
}

static void a_deadline_ends_a_sent_request(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "a connection that outlives a cancelled request");
  it_proxy(it);
  it_op_t op = {0};
  taosuv_client_t* client = opened(it, "");
  uv_update_time(&it->loop);
  op.req.deadline = uv_now(&it->loop) + 100;
  op.req.timeout_ms = 50000; /* the earlier one counts */
  times_out(it, client, &op, 100);
}

static void the_clients_request_timeout_ends_a_sent_request(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "a connection that outlives a cancelled request");
  it_proxy(it);
  it_op_t op = {0};
  taosuv_client_t* client = opened(it, "request_timeout=150");
  times_out(it, client, &op, 150);
}

static void a_late_answer_after_a_timeout_is_dropped(void** state) {
  it_t* it = *state;
  it_proxy(it);
  it_op_t op = {0};
  taosuv_client_t* client = opened(it, "");
  it_hold_answers(it);
  op.req.timeout_ms = 30;
  assert_int_equal(it_end(it_query(it, client, &op, "select 1"), &op), TAOSUV_ETIMEDOUT);
  it_let_go(it);
  it_run(it, 50);
  it_until_no_results(it);
  it_usable(it, client);
}

static void a_request_behind_a_stalled_connect_times_out_unsent(void** state) {
  it_t* it = *state;
  proxy_t* proxy = it_proxy(it);
  it_op_t op = {0};
  proxy_set_plan(proxy, &(proxy_plan_t) {.silent = true}, 1);
  taosuv_client_t* client = it_client(it, "connect_timeout=30000");
  op.req.timeout_ms = 100;
  uint64_t start = it_ms();
  assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), TAOSUV_EUNSENT);
  it_within(start, 90, 2100);
  assert_false(maybe(&op));
  assert_true((op.req.err_flags & TAOSUV_ERR_RETRYABLE) != 0);
}

static void a_request_behind_a_full_connection_times_out_unsent(void** state) {
  it_t* it = *state;
  it_op_t first = {0}, second = {0};
  it_proxy(it);
  taosuv_client_t* client = opened(it, "pool_size=1&max_inflight=1");
  it_hold_answers(it);
  assert_int_equal(it_exec(it, client, &first, "select 1"), 0);
  it_until_asked(it, 1);
  it_run(it, 30);
  uint64_t sent = it_passed(it, PROXY_UP);
  second.req.timeout_ms = 50;
  assert_int_equal(it_end(it_exec(it, client, &second, "select 1"), &second), TAOSUV_EUNSENT);
  assert_false(maybe(&second));
  assert_int_equal(first.completed, 0);
  assert_int_equal(it_passed(it, PROXY_UP), sent); /* the second never went out */
  it_let_go(it);
  assert_int_equal(it_wait(&first), 0);
}

/* A request that was cancelled keeps its place until its answer: the server is still at work. */
static void a_cancelled_request_keeps_its_place(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "a connection that outlives a cancelled request");
  it_op_t first = {0}, second = {0};
  it_proxy(it);
  taosuv_client_t* client = opened(it, "pool_size=1&max_inflight=1");
  it_hold_answers(it);
  assert_int_equal(it_exec(it, client, &first, "select 1"), 0);
  it_until_asked(it, 1);
  assert_int_equal(taosuv_cancel(&first.req), 0);
  assert_int_equal(it_wait(&first), TAOSUV_ECANCELED);
  uint64_t sent = it_passed(it, PROXY_UP);
  assert_int_equal(it_exec(it, client, &second, "select 1"), 0);
  it_run(it, 50);
  assert_int_equal(it_passed(it, PROXY_UP), sent); /* it waits for the first one's answer */
  it_let_go(it);
  assert_int_equal(it_wait(&second), 0);
}

static void a_deadline_that_has_passed_ends_at_once_unsent(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "");
  uint64_t start = it_ms();
  op.req.deadline = 1;
  assert_int_equal(it_exec(it, client, &op, "select 1"), 0);
  assert_int_equal(op.completed, 0);
  assert_int_equal(it_wait(&op), TAOSUV_EUNSENT);
  it_within(start, 0, 1000);
}

static void many_time_limits_end_each_in_its_time(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "several requests in flight on a connection");
  it_proxy(it);
  it_op_t ops[50];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = opened(it, "");
  it_hold_answers(it);
  for (size_t i = 0; i < COUNT(ops); i++) {
    ops[i].req.timeout_ms = 20 + (i * 37) % 200;
    assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
  }
  for (size_t i = 0; i < COUNT(ops); i++) {
    assert_int_equal(it_wait(&ops[i]), TAOSUV_ETIMEDOUT);
    uint64_t ms = ops[i].req.total_time_ns / 1000000;
    assert_in_range(ms, ops[i].req.timeout_ms - 10, ops[i].req.timeout_ms + 1000);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(a_queued_request_is_cancelled),
      IT_TEST(an_unsent_request_is_withdrawn),
      IT_TEST(a_sent_request_is_cancelled_as_maybe_executed),
      IT_TEST(a_completed_request_cannot_be_cancelled),
      IT_TEST(the_late_result_of_a_cancelled_query_is_freed),
      IT_TEST(a_late_refusal_of_a_cancelled_query_is_dropped),
      IT_TEST(every_kind_of_request_is_cancelled),
      IT_TEST(a_cancelled_fetch_loses_no_block),
      IT_TEST(a_fetch_cancelled_at_once_loses_no_block),
      IT_TEST(a_cancelled_fetch_of_a_prefetched_block_loses_it_not),
      IT_TEST(a_result_is_closed_after_its_fetch_was_cancelled),
      IT_TEST(a_timed_out_fetch_loses_no_block),
      IT_TEST(timeout_ms_ends_a_sent_request),
      IT_TEST(a_deadline_ends_a_sent_request),
      IT_TEST(the_clients_request_timeout_ends_a_sent_request),
      IT_TEST(a_late_answer_after_a_timeout_is_dropped),
      IT_TEST(a_request_behind_a_stalled_connect_times_out_unsent),
      IT_TEST(a_request_behind_a_full_connection_times_out_unsent),
      IT_TEST(a_cancelled_request_keeps_its_place),
      IT_TEST(a_deadline_that_has_passed_ends_at_once_unsent),
      IT_TEST(many_time_limits_end_each_in_its_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
