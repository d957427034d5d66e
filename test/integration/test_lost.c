/* Lost connections: which requests fail, which are moved, and how the client continues. */
#include "fixture.h"

static taosuv_client_t* opened(it_t* it, const char* keys) {
  taosuv_client_t* client = it_client(it, keys);
  it_usable(it, client);
  return client;
}

static bool maybe(const it_op_t* op) {
  return (op->req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0;
}

static taosuv_counts_t counts_of(const taosuv_client_t* client) {
  taosuv_counts_t counts;
  taosuv_client_counts(client, &counts);
  return counts;
}

static void requests_in_flight_are_lost_with_their_connection(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "several requests in flight on a connection");
  it_op_t ops[5];
  memset(ops, 0, sizeof ops);
  it_proxy(it);
  taosuv_client_t* client = opened(it, "pool_size=1");
  it_hold_answers(it);
  for (size_t i = 0; i < COUNT(ops); i++)
    assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
  it_until_asked(it, COUNT(ops));
  it_cut(it);
  it_let_go(it);
  for (size_t i = 0; i < COUNT(ops); i++) {
    assert_int_equal(it_wait(&ops[i]), it_lost_status());
    assert_true(maybe(&ops[i]));
    assert_true((ops[i].req.err_flags & TAOSUV_ERR_RETRYABLE) != 0);
    assert_true(ops[i].host[0] != 0);
  }
  it_usable(it, client); /* the next call connects again */
  assert_int_equal(counts_of(client).connects, 2);
}

static void a_connection_that_is_reset_is_lost_too(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "a SELECT that is not repeated");
  it_op_t op = {0};
  proxy_t* proxy = it_proxy(it);
  taosuv_client_t* client = opened(it, "pool_size=1");
  it_hold_answers(it);
  assert_int_equal(it_exec(it, client, &op, "select 1"), 0);
  it_until_asked(it, 1);
  proxy_conn_reset(proxy_next(proxy, NULL));
  it_let_go(it);
  assert_int_equal(it_wait(&op), TAOSUV_ECONNLOST);
  assert_true(maybe(&op));
  it_usable(it, client);
}

static void queued_requests_are_moved_and_succeed(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "several requests in flight on a connection");
  it_op_t ops[6];
  memset(ops, 0, sizeof ops);
  it_proxy(it);
  taosuv_client_t* client = opened(it, "pool_size=1&max_inflight=2");
  it_hold_answers(it);
  for (size_t i = 0; i < COUNT(ops); i++)
    assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
  it_until_asked(it, 2);
  it_cut(it);
  it_let_go(it);
  for (size_t i = 0; i < COUNT(ops); i++)
    assert_int_equal(it_wait(&ops[i]), i < 2 ? it_lost_status() : 0);
  assert_int_equal(counts_of(client).connects, 2);
}

/* In the send buffer of a connection whose end is not known yet. */
static void unsent_requests_on_a_dead_connection_are_moved(void** state) {
  it_t* it = *state;
  it_op_t ops[5];
  memset(ops, 0, sizeof ops);
  proxy_t* proxy = it_proxy(it);
  taosuv_client_t* client = opened(it, "pool_size=2");
  it_run(it, 10);
  uint64_t before = it->server != NULL ? ts_server_action_count(it->server, "binary_query") : 0;
  proxy_cut_all(proxy);
  it_run(it, 20); /* now the client knows */
  for (size_t i = 0; i < COUNT(ops); i++)
    assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
  for (size_t i = 0; i < COUNT(ops); i++) assert_int_equal(it_wait(&ops[i]), 0);
  if (it->server == NULL) return;
  assert_int_equal(ts_server_action_count(it->server, "binary_query"), before + COUNT(ops));
}

static void a_server_that_is_restarted_is_found_again(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  proxy_t* proxy = it_proxy(it);
  taosuv_client_t* client = opened(it, "pool_size=2");
  proxy_stop(proxy);
  it_run(it, 20); /* now the client knows */
  assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), UV_ECONNREFUSED);
  assert_false(maybe(&op));
  assert_int_equal(proxy_start(proxy), 0);
  it_usable(it, client);
}

static void one_connection_of_several_dies_alone(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "several requests in flight on a connection");
  it_op_t ops[8];
  it_proxy(it);
  taosuv_client_t* client = it_client(it, "pool_size=2&max_inflight=4");
  for (int round = 0; round < 2; round++) { /* the first opens both connections */
    memset(ops, 0, sizeof ops);
    if (round == 1) it_hold_answers(it);
    for (size_t i = 0; i < COUNT(ops); i++)
      assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
    for (size_t i = 0; i < COUNT(ops) && round == 0; i++) assert_int_equal(it_wait(&ops[i]), 0);
  }
  it_until_asked(it, COUNT(ops));
  assert_int_equal(counts_of(client).connections, 2);
  it_cut(it);
  it_let_go(it);
  int lost = 0, fine = 0;
  for (size_t i = 0; i < COUNT(ops); i++) {
    int status = it_wait(&ops[i]);
    lost += status == it_lost_status();
    fine += status == 0;
  }
  assert_int_equal(lost + fine, 8);
  assert_in_range(lost, 1, 7);
  it_usable(it, client);
}

static void results_are_lost_with_their_connection(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "blocks that are fetched one by one");
  it_proxy(it);
  taosuv_client_t* client = opened(it, "pool_size=1&prefetch=0");
  const char* sql = it_numbers(it, client, 12000);
  taosuv_result_t* idle = it_rows(it, client, sql);
  taosuv_result_t* busy = it_rows(it, client, sql);
  it_op_t pending = {0}, op = {0};
  it_hold_answers(it);
  assert_int_equal(it_fetch(it, busy, &pending), 0);
  it_until_asked(it, 1);
  it_cut(it);
  it_let_go(it);
  assert_int_equal(it_wait(&pending), it_lost_status());
  for (int i = 0; i < 2; i++) { /* the same failure again and again */
    assert_int_equal(it_end(it_fetch(it, idle, &op), &op), it_lost_status());
    assert_int_equal(it_end(it_fetch(it, busy, &op), &op), it_lost_status());
    assert_true(op.message[0] != 0);
  }
  uint32_t count;
  assert_string_equal(taosuv_result_fields(idle, &count)[0].name, "ts");
  taosuv_result_close(idle);
  taosuv_result_close(busy);
  it_usable(it, client);
}

static void a_block_that_had_arrived_survives_the_connection(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "blocks that are fetched one by one");
  it_proxy(it);
  taosuv_client_t* client = opened(it, "pool_size=1&prefetch=1&compression=0");
  const char* sql = it_numbers(it, client, 12000);
  uint64_t before = it_passed(it, PROXY_DOWN);
  taosuv_result_t* result = it_rows(it, client, sql);
  it_until_passed(it, PROXY_DOWN, before + 4096 * 20); /* its first block has more */
  it_run(it, 30);
  it_cut(it);
  it_run(it, 30);
  taosuv_block_t* block = it_block(it, result);
  assert_in_range(taosuv_block_rows(block), 1, 4096);
  taosuv_block_unref(block);
  it_op_t op = {0};
  assert_int_equal(it_end(it_fetch(it, result, &op), &op), it_lost_status());
  taosuv_result_close(result);
}

static void a_lost_result_may_be_left_open_until_after_the_client(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  it_proxy(it);
  taosuv_client_t* client = opened(it, "pool_size=1");
  taosuv_result_t* result = it_rows(it, client, it_numbers(it, client, 12000));
  it_cut(it);
  it_run(it, 30);
  it_close_wait(it, client);
  assert_int_equal(it_fetch(it, result, &op), TAOSUV_ECLOSED);
  taosuv_result_close(result);
}

/* Cut at every byte up to the first answers: never more than one callback, never a hang. */
static void a_connection_cut_at_every_byte_fails_cleanly(void** state) {
  it_t* it = *state;
  proxy_t* proxy = it_proxy(it);
  taosuv_client_t* client = it_client(it, "connect_timeout=30000");
  const char* sql = it_numbers(it, client, 8);
  int succeeded = 0;
  proxy_cut_all(proxy);
  for (uint64_t at = 1; at < 1600; at += 7) {
    it_op_t op = {0};
    proxy_set_plan(proxy, &(proxy_plan_t) {.way[PROXY_DOWN].cut_after = at}, 1);
    it_run(it, 1);
    uint64_t start = it_ms();
    int status = it_end(it_query(it, client, &op, sql), &op);
    it_within(start, 0, 3000);
    if (status == 0) {
      succeeded++;
      int fetched = it_end(it_fetch(it, op.query.result, &op), &op);
      assert_true(fetched == 0 || fetched == it_lost_status());
      it_done(&op);
      taosuv_result_close(op.fetch.result);
    } else if (status != it_lost_status() && status != TAOSUV_EHTTP) {
      fail_msg("cut at %d: %s", (int) at, taosuv_err_name(status));
    }
    proxy_cut_all(proxy);
  }
  assert_in_range(succeeded, 1, 228);
  proxy_set_plan(proxy, NULL, 0);
}

static void bytes_that_come_one_by_one_make_the_same_rows(void** state) {
  it_t* it = *state;
  static const uint32_t pieces[] = {1, 2, 3, 61};
  proxy_t* proxy = it_proxy(it);
  const char* sql = it_numbers(it, it_client(it, ""), 100);
  for (size_t i = 0; i < COUNT(pieces); i++) {
    proxy_set_plan(proxy, &(proxy_plan_t) {.way[PROXY_DOWN].piece = pieces[i]}, 1);
    taosuv_client_t* client = it_client(it, "");
    taosuv_result_t* result = it_rows(it, client, sql);
    assert_int_equal(it_drain(it, result), 100);
    taosuv_result_close(result);
    it_close_wait(it, client);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(requests_in_flight_are_lost_with_their_connection),
      IT_TEST(a_connection_that_is_reset_is_lost_too),
      IT_TEST(queued_requests_are_moved_and_succeed),
      IT_TEST(unsent_requests_on_a_dead_connection_are_moved),
      IT_TEST(a_server_that_is_restarted_is_found_again),
      IT_TEST(one_connection_of_several_dies_alone),
      IT_TEST(results_are_lost_with_their_connection),
      IT_TEST(a_block_that_had_arrived_survives_the_connection),
      IT_TEST(a_lost_result_may_be_left_open_until_after_the_client),
      IT_TEST(a_connection_cut_at_every_byte_fails_cleanly),
      IT_TEST(bytes_that_come_one_by_one_make_the_same_rows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
