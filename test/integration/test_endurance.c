/* Many connections, one after another and at once; and peers that hardly respond. */
#include <dirent.h>
#include <sys/resource.h>

#include "cluster.h"
#include "transport.h"

enum { RECONNECTS = 10000, CONNECTIONS = 2000 };

/* A TLS handshake takes a hundred times what a connection without takes: fewer of them do. */
static uint32_t scaled(uint32_t count) {
  return it_transport_secure() ? count / 50 : count;
}

static taosuv_counts_t counts_of(const taosuv_client_t* client) {
  taosuv_counts_t counts;
  taosuv_client_counts(client, &counts);
  return counts;
}

/* Open file descriptors of this process; 0 where the system does not tell. */
static size_t open_files(void) {
  DIR* folder = opendir("/proc/self/fd");
  size_t count = 0;
  while (folder != NULL && readdir(folder) != NULL) count++;
  if (folder != NULL) closedir(folder);
  return count;
}

/* ---- reconnects ---- */

#define WINDOW 64

typedef struct churn_s {
  taosuv_client_t* client;
  it_op_t ops[WINDOW];
  unsigned running;
  uint64_t goal;
} churn_t;

/* Each request costs its connection. */
static void on_lost(it_op_t* op) {
  churn_t* churn = op->data;
  assert_true(op->req.status == TAOSUV_ECONNLOST || op->req.status == it_lost_status());
  churn->running--;
  if (counts_of(churn->client).connects >= churn->goal) return;
  churn->running++;
  assert_int_equal(it_exec(op->it, churn->client, op, "select 1"), 0);
}

static bool is_idle(void* data) {
  return ((churn_t*) data)->running == 0;
}

static void churn_up_to(it_t* it, churn_t* churn, uint64_t goal) {
  churn->goal = goal;
  for (size_t i = 0; i < WINDOW; i++) {
    churn->ops[i].then = on_lost;
    churn->ops[i].data = churn;
    churn->running++;
    assert_int_equal(it_exec(it, churn->client, &churn->ops[i], "select 1"), 0);
  }
  assert_true(it_until(it, is_idle, churn, 170000));
  it_run(it, 50);
}

static void ten_thousand_reconnects_leave_nothing_behind(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  churn_t churn = {.client = it_client(it, "pool_size=16&max_inflight=1")};
  it_rule(it, &(ts_rule_t) {.action = "binary_query", .answer = TS_ANSWER_RESET});
  churn_up_to(it, &churn, scaled(RECONNECTS / 10));
  it_until_connections(it, 0);
  size_t blocks = it->probe.live_blocks, bytes = it->probe.live_bytes, files = open_files();
  churn_up_to(it, &churn, scaled(RECONNECTS));
  it_until_connections(it, 0);
  assert_true(counts_of(churn.client).connects >= scaled(RECONNECTS));
  assert_in_range(it->probe.live_blocks, 1, blocks + 64); /* recycled objects and buffers */
  assert_in_range(it->probe.live_bytes, 1, bytes + (4u << 20));
  assert_in_range(open_files(), 0, files);
  it_unrule(it);
  it_usable(it, churn.client);
}

/* ---- many at once ---- */

static size_t allowed_files(size_t wanted) {
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  }
  return limit.rlim_cur < wanted ? (size_t) limit.rlim_cur : wanted;
}

typedef struct crowd_s {
  taosuv_client_t* client;
  uint32_t wanted;
} crowd_t;

static bool has_all(void* data) {
  const crowd_t* crowd = data;
  return counts_of(crowd->client).connections == crowd->wanted;
}

static void one_client_has_two_thousand_connections(void** state) {
  it_t* it = *state;
  char keys[96];
  it_needs_bundled(it);
  uint32_t wanted = scaled(CONNECTIONS);
  size_t files = allowed_files(2 * (size_t) wanted + 100); /* both ends are here */
  uint32_t count = (uint32_t) ((files - 100) / 2);
  if (count < wanted)
    printf("note: %u connections instead of %u: RLIMIT_NOFILE allows no more\n", count, wanted);
  snprintf(keys, sizeof keys, "pool_size=%u&max_inflight=1&connect_timeout=100000", count);
  crowd_t crowd = {.client = it_client(it, keys), .wanted = count};
  it_op_t* ops = calloc(count, sizeof *ops);
  uint32_t rule = it_rule(it, &(ts_rule_t) {.action = "binary_query", .answer = TS_ANSWER_NOTHING});
  for (uint32_t i = 0; i < count; i++)
    assert_int_equal(it_exec(it, crowd.client, &ops[i], "select 1"), 0);
  assert_true(it_until(it, has_all, &crowd, 100000));
  it_until_hits(it, rule, count); /* one on each */
  assert_int_equal(counts_of(crowd.client).in_flight, count);
  it_unrule(it);
  for (uint32_t i = 0; i < count; i++) assert_int_equal(taosuv_cancel(&ops[i].req), 0);
  for (uint32_t i = 0; i < count; i++) assert_int_equal(it_wait(&ops[i]), TAOSUV_ECANCELED);
  it_close_wait(it, crowd.client);
  free(ops);
}

/* ---- peers that are hardly there ---- */

static void a_name_that_is_not_found_is_passed_over(void** state) {
  it_t* it = *state;
  char url[256];
  it_op_t op = {0};
  it_plain(it);
  snprintf(url, sizeof url, "ws://root:taosdata@taosuv-test.invalid:6041,127.0.0.1:%d/?%s",
           ts_server_port(it->server), "load_balance=first&retries=2&retry_initial=5&retry_max=5");
  taosuv_client_t* client = it_client_url(it, url);
  assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), 0);
  it_server_stop(it);
  it_run(it, 20);
  int status = it_end(it_exec(it, client, &op, "select 1"), &op);
  assert_true(status == TAOSUV_EDNS || status == UV_ECONNREFUSED);
  assert_int_equal(op.req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED, 0);
  it_server_start(it, NULL);
}

/* It accepts and never speaks: the request goes to the other one after connect_timeout. */
static void a_peer_that_never_speaks_is_given_up(void** state) {
  cl_t cluster = cl_start_proxies(*state);
  it_op_t op = {0};
  proxy_set_plan(cluster.it->proxies[0], &(proxy_plan_t) {.silent = true}, 0);
  taosuv_client_t* client = cl_client(&cluster, 2,
                                      "load_balance=first&connect_timeout=80&pool_size=1");
  assert_int_equal(it_end(it_exec(cluster.it, client, &op, "select 1"), &op), 0);
  assert_true(cl_asked(&cluster, 1) > 0);
  it_close_wait(cluster.it, client);
  cl_stop_all(&cluster);
}

/* It takes no bytes and gives none, like one whose machine is gone: no FIN, no RST. What it had
 * been sent may have been executed, what is repeatable is repeated elsewhere, and a request that
 * comes later goes elsewhere at once. */
static void a_peer_that_vanishes_is_left(void** state) {
  it_needs_ws(*state, "pings on a connection");
  cl_t cluster = cl_start_proxies(*state);
  it_op_t plain = {0}, repeatable = {0}, later = {0};
  taosuv_client_t* client = cl_client(
      &cluster, 2, "load_balance=first&ping_interval=250&connect_timeout=250&pool_size=1");
  it_usable(cluster.it, client);
  cl_freeze(&cluster, 0);
  uint64_t asked = cl_asked(&cluster, 1);
  repeatable.req.idempotent = 1;
  assert_int_equal(it_exec(cluster.it, client, &plain, "select 1"), 0);
  assert_int_equal(it_exec(cluster.it, client, &repeatable, "select 1"), 0);
  assert_int_equal(it_wait(&plain), TAOSUV_ECONNLOST);
  assert_int_equal(plain.req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED, TAOSUV_ERR_MAYBE_EXECUTED);
  assert_int_equal(it_wait(&repeatable), 0);
  assert_int_equal(it_end(it_exec(cluster.it, client, &later, "select 1"), &later), 0);
  assert_true(cl_asked(&cluster, 1) > asked);
  it_close_wait(cluster.it, client);
  cl_stop_all(&cluster);
}

/* In the middle of a large request. Bytes that do not go any more are no sign of life; the other
 * one takes it. */
static void a_peer_that_stops_reading_is_left(void** state) {
  enum { SIZE = 12000000 };
  cl_t cluster = cl_start_all(*state, NULL);
  it_op_t op = {0};
  char* sql = malloc(SIZE);
  memset(sql, 'x', SIZE);
  memcpy(sql, "select 1 /*", 11);
  memcpy(sql + SIZE - 2, "*/", 2);
  taosuv_client_t* client = cl_client(
      &cluster, 2, "load_balance=first&ping_interval=250&connect_timeout=250&pool_size=1");
  it_usable(cluster.it, client);
  ts_peer_pause(ts_server_peer(cluster.server[0]), true);
  op.req.idempotent = 1;
  assert_int_equal(it_end(it_exec_sized(cluster.it, client, &op, sql, SIZE), &op), 0);
  assert_in_range(ts_server_action_count(cluster.server[1], "binary_query"), 1, 5);
  free(sql);
  it_close_wait(cluster.it, client);
  cl_stop_all(&cluster);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(ten_thousand_reconnects_leave_nothing_behind),
      IT_TEST(one_client_has_two_thousand_connections),
      IT_TEST(a_name_that_is_not_found_is_passed_over),
      IT_TEST(a_peer_that_never_speaks_is_given_up),
      IT_TEST(a_peer_that_vanishes_is_left),
      IT_TEST(a_peer_that_stops_reading_is_left),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
