/* Several hosts: which hosts get connections, and what happens when hosts fail and return. */
#include "client/pool/client.h"
#include "client/pool/hosts.h"
#include "fixture.h"
#include "transport.h"

/* Two proxies before the one server: as many hosts. */
static taosuv_client_t* client_of_two(it_t* it, const char* keys) {
  char url[1024];
  it_proxies(it, 2);
  it_url_hosts(it, url, sizeof url, 2, keys);
  return it_client_url(it, url);
}

static uint64_t open_at(const it_t* it, size_t host) {
  return proxy_counters(it->proxies[host]).open;
}

static void open_four(it_t* it, taosuv_client_t* client) {
  it_op_t ops[8] = {0};
  for (size_t i = 0; i < COUNT(ops); i++)
    assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
  for (size_t i = 0; i < COUNT(ops); i++) assert_int_equal(it_wait(&ops[i]), 0);
}

static void connections_spread_over_the_hosts(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = client_of_two(it, "pool_size=4&load_balance=least");
  open_four(it, client);
  assert_int_equal(open_at(it, 0), 2);
  assert_int_equal(open_at(it, 1), 2);
}

static void the_first_host_that_is_well_takes_all(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = client_of_two(it, "pool_size=4&load_balance=first");
  open_four(it, client);
  assert_int_equal(open_at(it, 0), 4);
  assert_int_equal(proxy_counters(it->proxies[1]).accepted, 0);
}

static void a_dead_host_is_passed_over_and_found_again(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = client_of_two(
      it, "pool_size=1&load_balance=first&retry_initial=50&retry_max=100");
  it_usable(it, client);
  assert_int_equal(open_at(it, 0), 1);
  proxy_stop(it->proxies[0]);
  it_run(it, 20);
  assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), 0); /* the other one */
  assert_int_equal(open_at(it, 1), 1);
  proxy_stop(it->proxies[1]);
  it_run(it, 20);
  assert_int_equal(proxy_start(it->proxies[1]), 0);
  it_run(it, 150);
  assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), 0);
}

/* Nobody listens at first: the request waits until somebody does. */
static void a_server_that_comes_late_is_waited_for(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  proxy_t* proxy = it_proxy(it);
  proxy_stop(proxy);
  taosuv_client_t* client = it_client(it, "retries=20&retry_initial=20&retry_max=40");
  uint64_t start = it_ms();
  assert_int_equal(it_exec(it, client, &op, "select 1"), 0);
  it_run(it, 150);
  assert_int_equal(op.completed, 0);
  assert_int_equal(proxy_start(proxy), 0);
  assert_int_equal(it_wait(&op), 0);
  it_within(start, 140, 3000);
}

/* The refusal of a gateway, or of a proxy before it, over each transport. */
static void refuse_for(it_t* it, const char* answer) {
  if (it_transport_http())
    it_rule(it, &(ts_rule_t) {.action = "conn",
                              .times = 1,
                              .answer = TS_ANSWER_BINARY,
                              .data = answer,
                              .size = strlen(answer)});
  else
    ts_peer_set_fault(ts_server_peer(it->server), &(ts_fault_t) {.upgrade_answer = answer}, 1);
}

#define BUSY(header) "HTTP/1.1 503 Service Unavailable\r\n" header "Content-Length: 4\r\n\r\nbusy"

static void a_server_that_asks_for_time_gets_it(void** state) {
  static const struct {
    const char* answer;
    uint64_t ms; /* at least */
  } cases[] = {{BUSY(""), 0},
               {BUSY("Retry-After: 1\r\n"), 1000},
               {BUSY("Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n"), 0},
               {BUSY("Retry-After: 99999999999999999999\r\n"), 10000}}; /* but not for ever */
  it_t* it = *state;
  it_needs_bundled(it);
  for (size_t i = 0; i < COUNT(cases); i++) {
    taosuv_client_t* client = it_client(it, "retries=0&retry_initial=10&retry_max=10");
    it_op_t op = {0};
    refuse_for(it, cases[i].answer);
    assert_int_equal(it_end(it_open(it, client, &op), &op), TAOSUV_EUNAVAIL);
    it_has(op.message, "busy");
    assert_int_equal(strstr(op.message, " (Retry-After: ") != NULL, cases[i].ms > 0);
    const tuv_pool_host_t* place = &client->pool.hosts.list[0];
    assert_in_range(place->retry_at - place->failed_at, cases[i].ms == 0 ? 1 : cases[i].ms,
                    cases[i].ms == 0 ? 20 : cases[i].ms + 500);
    if (cases[i].ms <= 1000) it_usable(it, client); /* it waits */
    it_close_wait(it, client);
  }
}

/* Rounds with pauses of 40, 80 and 160 ms, each less or more by a fifth. */
static void retries_end_after_growing_pauses(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  proxy_stop(it_proxy(it));
  taosuv_client_t* client = it_client(it, "retries=3&retry_initial=40&retry_max=1000");
  uint64_t start = it_ms();
  assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), UV_ECONNREFUSED);
  it_within(start, 220, 2000);
}

static void a_refusal_is_not_retried(void** state) {
  it_t* it = *state;
  char url[256];
  it_op_t op = {0};
  it_plain(it);
  snprintf(url, sizeof url, "ws://root:wrong@127.0.0.1:%d/?retries=5", ts_server_port(it->server));
  taosuv_client_t* client = it_client_url(it, url);
  uint64_t start = it_ms();
  assert_int_equal(it_end(it_open(it, client, &op), &op), TAOSUV_EAUTH);
  it_within(start, 0, 150);
  assert_int_equal(ts_server_counters(it->server).connections, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(connections_spread_over_the_hosts),
      IT_TEST(the_first_host_that_is_well_takes_all),
      IT_TEST(a_dead_host_is_passed_over_and_found_again),
      IT_TEST(a_server_that_comes_late_is_waited_for),
      IT_TEST(a_server_that_asks_for_time_gets_it),
      IT_TEST(retries_end_after_growing_pauses),
      IT_TEST(a_refusal_is_not_retried),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
