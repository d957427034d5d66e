/* The numbers of a client: states, totals, errors, latencies, and the Prometheus text. */
#include "fixture.h"

static taosuv_stats_t stats_of(const taosuv_client_t* client) {
  taosuv_stats_t stats = {.size = sizeof stats};
  assert_int_equal(taosuv_client_stats(client, &stats), 0);
  return stats;
}

static taosuv_host_stats_t host_of(const taosuv_client_t* client, uint32_t index) {
  taosuv_host_stats_t host = {.size = sizeof host};
  assert_int_equal(taosuv_stats_host(client, index, &host), 0);
  return host;
}

static uint64_t errors_of(const taosuv_client_t* client, int wanted) {
  int status;
  uint64_t count;
  for (uint32_t i = 0; taosuv_stats_error(client, i, &status, &count) == 0; i++)
    if (status == wanted) return count;
  return 0;
}

static taosuv_latency_t latency_of(const taosuv_client_t* client, int action) {
  taosuv_latency_t latency;
  assert_int_equal(taosuv_stats_latency(client, action, &latency), 0);
  return latency;
}

static void a_new_client_has_done_nothing(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = it_client(it, "");
  taosuv_stats_t stats = stats_of(client), none = {.size = sizeof none, .hosts = 1};
  assert_memory_equal(&stats, &none, sizeof stats);
}

static void totals_count_without_metrics(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "blocks that are fetched one by one");
  it_plain(it);
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "");
  taosuv_result_t* result = it_rows(it, client, "select * from bench.rows_10000_4096");
  assert_int_equal(it_drain(it, result), 10000);
  taosuv_result_close(result);
  assert_int_equal(it_end(it_exec(it, client, &op, "selec 1"), &op), TAOSUV_ESERVER);
  it_run(it, 20);
  taosuv_stats_t stats = stats_of(client);
  assert_int_equal(stats.ready, 1);
  assert_int_equal(stats.connects, 1);
  assert_int_equal(stats.pending, 0);
  assert_int_equal(stats.in_flight, 0);
  assert_int_equal(stats.rows, 10000);
  assert_int_equal(stats.blocks, 3);
  assert_int_equal(stats.requests, 6); /* query, three blocks, the end, exec */
  assert_int_equal(stats.failures, 1);
  ts_counters_t server = ts_server_counters(it->server);
  assert_int_equal(stats.bytes_sent, server.bytes_in);
  assert_int_equal(stats.bytes_received, server.bytes_out);
  assert_int_equal(stats.messages_sent, server.messages);
  assert_int_equal(stats.messages_received, 2 + 1 + 4 + 1);
}

static void what_is_under_way_shows(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "several requests in flight on a connection");
  it_proxy(it);
  it_op_t ops[5];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = it_client(it, "pool_size=1&max_inflight=3");
  it_usable(it, client);
  it_hold_answers(it);
  for (size_t i = 0; i < COUNT(ops); i++)
    assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
  taosuv_stats_t stats = stats_of(client);
  assert_int_equal(stats.in_flight, 3);
  assert_int_equal(stats.queued, 2);
  assert_int_equal(stats.pending, 5);
  assert_true(stats.bytes_waiting > 0);
  assert_int_equal(host_of(client, 0).in_flight, 3);
  assert_int_equal(host_of(client, 0).bytes_waiting, stats.bytes_waiting);
  it_until_asked(it, 3);
  assert_int_equal(stats_of(client).bytes_waiting, 0);
  it_let_go(it);
  for (size_t i = 0; i < COUNT(ops); i++) assert_int_equal(it_wait(&ops[i]), 0);
}

static void states_of_connections_show(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "");
  it_rule(it, &(ts_rule_t) {.action = "conn", .wait_ms = 100});
  assert_int_equal(it_open(it, client, &op), 0);
  assert_int_equal(stats_of(client).connecting, 1);
  assert_int_equal(host_of(client, 0).connecting, 1);
  it_run(it, 50);
  assert_int_equal(stats_of(client).logging_in, 1);
  assert_int_equal(host_of(client, 0).logging_in, 1);
  assert_int_equal(it_wait(&op), 0);
  assert_int_equal(stats_of(client).ready, 1);
  assert_int_equal(host_of(client, 0).ready, 1);
}

static void lost_connections_and_reconnects_are_counted(void** state) {
  it_t* it = *state;
  it_proxy(it);
  taosuv_client_t* client = it_client(it, "metrics=1");
  for (unsigned i = 1; i <= 3; i++) {
    it_usable(it, client);
    assert_int_equal(stats_of(client).connects, i);
    assert_int_equal(stats_of(client).reconnects, i - 1);
    it_cut(it);
    it_run(it, 30);
    assert_int_equal(stats_of(client).connections_lost, i);
    assert_int_equal(host_of(client, 0).connections_lost, i);
    assert_int_equal(host_of(client, 0).connects, i);
  }
}

static void failed_connects_are_counted_by_host(void** state) {
  it_t* it = *state;
  it_proxies(it, 2);
  it_op_t op = {0};
  char url[1024], dead[64];
  proxy_stop(it->proxies[0]);
  snprintf(dead, sizeof dead, "127.0.0.1:%d", proxy_port(it->proxies[0]));
  it_url_hosts(it, url, sizeof url, 2, "metrics=1&load_balance=first");
  taosuv_client_t* client = it_client_url(it, url);
  assert_int_equal(it_end(it_open(it, client, &op), &op), 0);
  assert_int_equal(stats_of(client).hosts, 2);
  assert_int_equal(stats_of(client).connects_failed, 1);
  assert_string_equal(host_of(client, 0).host, dead);
  assert_int_equal(host_of(client, 0).connects_failed, 1);
  assert_int_equal(host_of(client, 0).connects, 0);
  assert_int_equal(host_of(client, 1).connects_failed, 0);
  assert_int_equal(host_of(client, 1).connects, 1);
  assert_int_equal(host_of(client, 1).ready, 1);
  taosuv_host_stats_t host = {.size = sizeof host};
  assert_int_equal(taosuv_stats_host(client, 2, &host), TAOSUV_EINVAL);
}

static void moved_requests_are_counted(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "several requests in flight on a connection");
  it_proxy(it);
  it_op_t ops[3];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = it_client(it, "pool_size=1");
  it_usable(it, client);
  it_cut(it);
  for (size_t i = 0; i < COUNT(ops); i++) /* into the buffer of a connection that is gone */
    assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
  uint64_t fine = 0;
  for (size_t i = 0; i < COUNT(ops); i++) fine += it_wait(&ops[i]) == 0;
  assert_int_equal(stats_of(client).moves, fine); /* a system may have taken them: then lost */
  assert_int_equal(stats_of(client).failures, COUNT(ops) - fine);
}

static void errors_and_latencies_are_counted_with_metrics(void** state) {
  it_t* it = *state;
  it_proxy(it);
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "metrics=1");
  it_usable(it, client);
  for (int i = 0; i < 3; i++)
    assert_int_equal(it_end(it_exec(it, client, &op, "selec 1"), &op), TAOSUV_ESERVER);
  proxy_set_plan_of_all(it->proxies[0], &(proxy_plan_t) {.way[PROXY_DOWN].delay_ms = 50});
  assert_int_equal(it_end(it_exec(it, client, &op, "select 'slow'"), &op), 0);
  it_let_go(it);
  assert_int_equal(it_exec(it, client, &op, "select 'slow'"), 0);
  assert_int_equal(taosuv_cancel(&op.req), 0);
  assert_int_equal(it_wait(&op), TAOSUV_ECANCELED);
  assert_int_equal(it_end(it_ping(it, client, &op), &op), 0);
  assert_int_equal(errors_of(client, TAOSUV_ESERVER), 3);
  assert_int_equal(errors_of(client, TAOSUV_ECANCELED), 1);
  assert_int_equal(errors_of(client, TAOSUV_ETIMEDOUT), 0);
  taosuv_latency_t exec = latency_of(client, TAOSUV_ACTION_EXEC);
  assert_int_equal(exec.count, 5);
  assert_in_range(exec.max_ns, 45000000, 5000000000);
  assert_in_range(taosuv_latency_percentile(&exec, 99.9), 45000000, exec.max_ns);
  assert_true(taosuv_latency_percentile(&exec, 20) < 45000000);
  assert_int_equal(latency_of(client, TAOSUV_ACTION_QUERY).count, 1);
  assert_int_equal(latency_of(client, TAOSUV_ACTION_FETCH).count, 1);
  assert_int_equal(latency_of(client, TAOSUV_ACTION_PING).count, 1);
  assert_int_equal(latency_of(client, TAOSUV_ACTION_CONNECT).count, 1);
}

static void metrics_are_switched_on_and_off(void** state) {
  it_t* it = *state;
  taosuv_latency_t latency;
  taosuv_client_t* client = it_client(it, "");
  assert_int_equal(taosuv_stats_latency(client, TAOSUV_ACTION_EXEC, &latency), TAOSUV_EINVAL);
  size_t calls = it->probe.calls;
  assert_int_equal(taosuv_metrics_enable(client, 1), 0);
  assert_int_equal(it->probe.calls, calls + 1);
  assert_int_equal(taosuv_metrics_enable(client, 1), 0);
  assert_int_equal(it->probe.calls, calls + 1);
  it_usable(it, client);
  assert_int_equal(latency_of(client, TAOSUV_ACTION_QUERY).count, 1);
  assert_int_equal(taosuv_metrics_enable(client, 0), 0);
  assert_int_equal(taosuv_stats_latency(client, TAOSUV_ACTION_EXEC, &latency), TAOSUV_EINVAL);
  it_usable(it, client);
  alloc_probe_fail(&it->probe, 1, false);
  assert_int_equal(taosuv_metrics_enable(client, 1), TAOSUV_ENOMEM);
  assert_int_equal(taosuv_metrics_enable(client, 1), 0);
  assert_int_equal(latency_of(client, TAOSUV_ACTION_QUERY).count, 0);
}

static void smaller_and_larger_structs_are_filled_as_far_as_known(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = it_client(it, "");
  struct {
    taosuv_stats_t stats;
    unsigned char more[16];
  } larger;
  memset(&larger, 0xEE, sizeof larger);
  larger.stats.size = sizeof larger;
  assert_int_equal(taosuv_client_stats(client, &larger.stats), 0);
  assert_int_equal(larger.stats.hosts, 1);
  assert_int_equal(larger.stats.size, sizeof larger);
  for (size_t i = 0; i < sizeof larger.more; i++) assert_int_equal(larger.more[i], 0);
  memset(&larger, 0xEE, sizeof larger);
  larger.stats.size = offsetof(taosuv_stats_t, logging_in);
  assert_int_equal(taosuv_client_stats(client, &larger.stats), 0);
  assert_int_equal(larger.stats.connecting, 0);
  assert_int_equal(larger.stats.logging_in, 0xEEEEEEEE);
  larger.stats.size = 0;
  assert_int_equal(taosuv_client_stats(client, &larger.stats), TAOSUV_EINVAL);
  assert_int_equal(taosuv_client_stats(client, NULL), TAOSUV_EINVAL);
  assert_int_equal(taosuv_client_stats(NULL, &larger.stats), TAOSUV_EINVAL);
  assert_int_equal(taosuv_metrics_enable(NULL, 1), TAOSUV_EINVAL);
  assert_int_equal(taosuv_client_prometheus(NULL, NULL, 0), TAOSUV_EINVAL);
}

static void names_end_with_null(void** state) {
  (void) state;
  int action = 0;
  while (taosuv_action_name(action) != NULL) action++;
  assert_int_equal(action, TAOSUV_ACTION_WRITE + 1);
  assert_null(taosuv_action_name(-1));
  assert_string_equal(taosuv_action_name(TAOSUV_ACTION_FETCH), "fetch");
}

/* ---- Prometheus ---- */

/* Each line is a comment or name{labels} number; each sample's family has been announced. */
static void check_exposition(char* text) {
  char family[128] = "";
  unsigned samples = 0;
  assert_int_equal(text[strlen(text) - 1], '\n');
  for (char* line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
    if (sscanf(line, "# TYPE %127s", family) == 1 || strncmp(line, "# HELP ", 7) == 0) continue;
    assert_int_equal(strncmp(line, family, strlen(family)), 0);
    const char* end = line + strlen(family);
    assert_non_null(strpbrk(end, "{ "));
    const char* value = strrchr(line, ' ');
    assert_non_null(value);
    assert_true(strspn(value + 1, "0123456789.") == strlen(value + 1));
    samples++;
  }
  assert_in_range(samples, 15, 500);
}

static void the_prometheus_text_is_valid_and_complete(void** state) {
  it_t* it = *state;
  it_proxy(it);
  it_op_t op = {0};
  static char text[65536], cut[1000];
  taosuv_client_t* client = it_client(it, "metrics=1&pool_size=2");
  it_usable(it, client);
  assert_int_equal(it_end(it_exec(it, client, &op, "selec 1"), &op), TAOSUV_ESERVER);
  it_run(it, 20); /* nothing is in the making any more */
  int length = taosuv_client_prometheus(client, NULL, 0);
  assert_int_equal(taosuv_client_prometheus(client, text, sizeof text), length);
  assert_int_equal(strlen(text), length);
  assert_int_equal(taosuv_client_prometheus(client, cut, sizeof cut), length);
  assert_int_equal(strlen(cut), sizeof cut - 1);
  assert_memory_equal(text, cut, sizeof cut - 1);
  char ready[128];
  snprintf(ready, sizeof ready, "taosuv_connections{host=\"127.0.0.1:%d\",state=\"ready\"} 1\n",
           proxy_port(it->proxies[0]));
  it_has(text, ready);
  it_has(text, "taosuv_request_errors_total{status=\"TAOSUV_ESERVER\"} 1\n");
  it_has(text, "taosuv_request_duration_seconds_count{action=\"query\"} 1\n");
  it_has(text, "taosuv_request_duration_seconds_bucket{action=\"query\",le=\"+Inf\"} 1\n");
  check_exposition(text);
}

static void without_metrics_the_prometheus_text_has_the_totals(void** state) {
  it_t* it = *state;
  static char text[65536];
  taosuv_client_t* client = it_client(it, "");
  it_usable(it, client);
  assert_in_range(taosuv_client_prometheus(client, text, sizeof text), 100, sizeof text - 1);
  it_has(text, "\ntaosuv_requests_total 2\n");
  assert_null(strstr(text, "duration"));
  check_exposition(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(a_new_client_has_done_nothing),
      IT_TEST(totals_count_without_metrics),
      IT_TEST(what_is_under_way_shows),
      IT_TEST(states_of_connections_show),
      IT_TEST(lost_connections_and_reconnects_are_counted),
      IT_TEST(failed_connects_are_counted_by_host),
      IT_TEST(moved_requests_are_counted),
      IT_TEST(errors_and_latencies_are_counted_with_metrics),
      IT_TEST(metrics_are_switched_on_and_off),
      IT_TEST(smaller_and_larger_structs_are_filled_as_far_as_known),
      IT_TEST(names_end_with_null),
      IT_TEST(the_prometheus_text_is_valid_and_complete),
      IT_TEST(without_metrics_the_prometheus_text_has_the_totals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
