/* Connections that die: what is lost with them, what is moved, and how the client goes on. */
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
  it_needs_bundled(it);
  it_op_t ops[5];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = opened(it, "pool_size=1");
  uint32_t rule = it_rule(it, &(ts_rule_t){.action = "binary_query", .wait_ms = 5000});
  for (size_t i = 0; i < COUNT(ops); i++)
    assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
  it_until_hits(it, rule, COUNT(ops));
  it_unrule(it);
  ts_conn_cut(it_conn(it));
  for (size_t i = 0; i < COUNT(ops); i++) {
    assert_int_equal(it_wait(&ops[i]), it_lost_status());
    assert_true(maybe(&ops[i]));
    assert_true((ops[i].req.err_flags & TAOSUV_ERR_RETRYABLE) != 0);
    assert_true(ops[i].host[0] != 0);
  }
  it_usable(it, client); /* the next call connects anew */
  assert_int_equal(counts_of(client).connects, 2);
}

static void a_connection_that_is_reset_is_lost_too(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "a SELECT that is not repeated");
  it_needs_bundled(it);
  it_op_t op = {0};
  taosuv_client_t* client = opened(it, "pool_size=1");
  it_rule(it, &(ts_rule_t){.action = "binary_query", .times = 1, .answer = TS_ANSWER_RESET});
  assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), TAOSUV_ECONNLOST);
  assert_true(maybe(&op));
  it_usable(it, client);
}

static void queued_requests_are_moved_and_succeed(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "several requests in flight on a connection");
  it_needs_bundled(it);
  it_op_t ops[6];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = opened(it, "pool_size=1&max_inflight=2");
  uint32_t rule = it_rule(it, &(ts_rule_t){.action = "binary_query", .times = 2, .wait_ms = 5000});
  for (size_t i = 0; i < COUNT(ops); i++)
    assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
  it_until_hits(it, rule, 2);
  ts_conn_cut(it_conn(it));
  for (size_t i = 0; i < COUNT(ops); i++)
    assert_int_equal(it_wait(&ops[i]), i < 2 ? it_lost_status() : 0);
  assert_int_equal(counts_of(client).connects, 2);
}

/* In the send buffer of a connection whose end is not known yet. */
static void unsent_requests_on_a_dead_connection_are_moved(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t ops[5];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = opened(it, "pool_size=2");
  it_run(it, 10);
  uint64_t before = ts_server_action_count(it->server, "binary_query");
  ts_peer_cut_all(ts_server_peer(it->server));
  it_until_connections(it, 0);
  it_run(it, 20); /* now the client knows */
  for (size_t i = 0; i < COUNT(ops); i++)
    assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
  for (size_t i = 0; i < COUNT(ops); i++) assert_int_equal(it_wait(&ops[i]), 0);
  assert_int_equal(ts_server_action_count(it->server, "binary_query"), before + COUNT(ops));
}

static void a_server_that_is_restarted_is_found_again(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t op = {0};
  int port = ts_server_port(it->server);
  taosuv_client_t* client = opened(it, "pool_size=2");
  it_server_stop(it);
  assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), UV_ECONNREFUSED);
  assert_false(maybe(&op));
  it_server_start(it, &(ts_config_t){.port = port});
  it_usable(it, client);
}

static void one_connection_of_several_dies_alone(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "several requests in flight on a connection");
  it_needs_bundled(it);
  it_op_t ops[8];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = it_client(it, "pool_size=2&max_inflight=4");
  uint32_t rule = it_rule(it, &(ts_rule_t){.action = "binary_query", .times = 8, .wait_ms = 300});
  for (size_t i = 0; i < COUNT(ops); i++)
    assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
  it_until_hits(it, rule, 8);
  assert_int_equal(counts_of(client).connections, 2);
  ts_conn_cut(it_conn(it));
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
  it_needs_bundled(it);
  taosuv_client_t* client = opened(it, "pool_size=1&prefetch=0");
  taosuv_result_t* idle = it_rows(it, client, "select * from bench.rows_12000_4096");
  taosuv_result_t* busy = it_rows(it, client, "select * from bench.rows_12000_4096");
  uint32_t rule = it_rule(it, &(ts_rule_t){.action = "fetch_raw_block", .wait_ms = 5000});
  it_op_t pending = {0}, op = {0};
  assert_int_equal(it_fetch(it, busy, &pending), 0);
  it_until_hits(it, rule, 1);
  it_unrule(it);
  ts_conn_cut(it_conn(it));
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
  it_needs_bundled(it);
  taosuv_client_t* client = opened(it, "pool_size=1&prefetch=1");
  taosuv_result_t* result = it_rows(it, client, "select * from bench.rows_12000_4096");
  it_run(it, 30);
  ts_conn_cut(it_conn(it));
  it_run(it, 30);
  taosuv_block_t* block = it_block(it, result);
  assert_int_equal(taosuv_block_rows(block), 4096);
  taosuv_block_unref(block);
  it_op_t op = {0};
  assert_int_equal(it_end(it_fetch(it, result, &op), &op), it_lost_status());
  taosuv_result_close(result);
}

static void a_lost_result_may_be_left_open_until_after_the_client(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t op = {0};
  taosuv_client_t* client = opened(it, "pool_size=1");
  taosuv_result_t* result = it_rows(it, client, "select * from bench.rows_12000_4096");
  ts_conn_cut(it_conn(it));
  it_run(it, 30);
  it_close_wait(it, client);
  assert_int_equal(it_fetch(it, result, &op), TAOSUV_ECLOSED);
  taosuv_result_close(result);
}

/* Cut at every byte up to the first answers: never more than one callback, never a hang. */
static void a_connection_cut_at_every_byte_fails_cleanly(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  taosuv_client_t* client = it_client(it, "connect_timeout=30000");
  int succeeded = 0;
  for (uint64_t at = 1; at < 1600; at += 7) {
    it_op_t op = {0};
    ts_peer_set_fault(ts_server_peer(it->server), &(ts_fault_t){.cut_after_sent = at}, 1);
    uint64_t start = it_ms();
    int status = it_end(it_query(it, client, &op, "select * from bench.rows_8_8"), &op);
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
    ts_peer_cut_all(ts_server_peer(it->server));
    it_until_connections(it, 0);
    it_run(it, 1);
  }
  assert_in_range(succeeded, 1, 228);
}

static void bytes_that_come_one_by_one_make_the_same_rows(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const uint32_t pieces[] = {1, 2, 3, 61};
  for (size_t i = 0; i < COUNT(pieces); i++) {
    ts_peer_set_fault(ts_server_peer(it->server), &(ts_fault_t){.split = pieces[i]}, 1);
    taosuv_client_t* client = it_client(it, "");
    taosuv_result_t* result = it_rows(it, client, "select * from bench.rows_100_40");
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
