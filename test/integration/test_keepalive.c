/* Keepalive and age: dead peers are detected, idle and old connections are closed, and connections
 * in use are not. */
#include "fixture.h"

static void a_dead_peer_is_found_within_two_ping_intervals(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "pings on a connection");
  it_op_t op = {0};
  it_proxy(it);
  taosuv_client_t* client = it_client(it, "ping_interval=150");
  it_usable(it, client);
  proxy_conn_set_plan(proxy_next(it->proxies[0], NULL),
                      &(proxy_plan_t) {.way[PROXY_DOWN].stall = true});
  uint64_t start = it_ms();
  assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), TAOSUV_ECONNLOST);
  it_within(start, 100, 150 * 2 + 300);
  it_has(op.message, "sign of life");
  assert_int_equal(op.req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED, TAOSUV_ERR_MAYBE_EXECUTED);
  it_usable(it, client); /* over a new connection */
}

/* Wherever between two looks the last sign of life came. */
static void two_ping_intervals_are_the_most(void** state) {
  enum { PHASES = 6, INTERVAL = 900 };
  it_t* it = *state;
  it_needs_ws(it, "pings on a connection");
  it_op_t ops[PHASES];
  memset(ops, 0, sizeof ops);
  it_needs_bundled(it);
  for (unsigned i = 0; i < PHASES; i++) {
    taosuv_client_t* client = it_client(it, "ping_interval=900&request_timeout=0");
    it_usable(it, client);
    it_run(it, i * INTERVAL / PHASES);
    it_usable(it, client); /* the last sign of life */
    ts_conn_set_fault(it_conn(it), &(ts_fault_t) {.stall = true});
    assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
  }
  for (unsigned i = 0; i < PHASES; i++) {
    assert_int_equal(it_wait(&ops[i]), TAOSUV_ECONNLOST);
    assert_in_range(ops[i].req.total_time_ns / 1000000, INTERVAL, 2 * INTERVAL + 300);
  }
}

static void a_quiet_connection_is_kept_alive_by_pings(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "pings on a connection");
  taosuv_counts_t counts;
  taosuv_client_t* client = it_client(it, "ping_interval=40");
  it_usable(it, client);
  it_run(it, 500);
  if (it->server != NULL) assert_true(ts_peer_counters(ts_server_peer(it->server))->pings >= 3);
  taosuv_client_counts(client, &counts);
  assert_int_equal(counts.connections, 1);
  assert_int_equal(counts.connects, 1);
}

/* An answer that takes long is no reason to end a connection that answers pings. */
static void a_slow_answer_is_waited_for(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  it_needs_bundled(it);
  taosuv_client_t* client = it_client(it, "ping_interval=50");
  it_rule(it, &(ts_rule_t) {.sql = "select 7", .wait_ms = 600});
  assert_int_equal(it_end(it_exec(it, client, &op, "select 7"), &op), 0);
}

static void an_idle_connection_is_closed(void** state) {
  it_t* it = *state;
  it_proxy(it);
  taosuv_client_t* client = it_client(it, "idle_timeout=100");
  it_usable(it, client);
  assert_int_equal(it_connections(it), 1);
  it_until_connections(it, 0);
  it_usable(it, client);
}

static void an_open_result_keeps_its_connection(void** state) {
  it_t* it = *state;
  it_proxy(it);
  taosuv_client_t* client = it_client(it, "idle_timeout=60&max_age=100");
  taosuv_result_t* result = it_rows(it, client, it_numbers(it, client, 30));
  it_run(it, 400);
  assert_int_equal(it_drain(it, result), 30);
  taosuv_result_close(result);
  it_until_connections(it, 0);
}

static void an_old_connection_is_replaced_without_loss(void** state) {
  it_t* it = *state;
  taosuv_counts_t counts;
  taosuv_client_t* client = it_client(it, "max_age=60&pool_size=2");
  uint64_t start = it_ms();
  while (it_ms() - start < 600) it_usable(it, client);
  taosuv_client_counts(client, &counts);
  assert_true(counts.connects >= 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(a_dead_peer_is_found_within_two_ping_intervals),
      IT_TEST(two_ping_intervals_are_the_most),
      IT_TEST(a_quiet_connection_is_kept_alive_by_pings),
      IT_TEST(a_slow_answer_is_waited_for),
      IT_TEST(an_idle_connection_is_closed),
      IT_TEST(an_open_result_keeps_its_connection),
      IT_TEST(an_old_connection_is_replaced_without_loss),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
