/* Connections move: back to a host that is healthy again, to hosts that servers list, away from
 * hosts that are no longer listed. */
#include "cluster.h"

/* As many requests at a time as there are connections, each on its own. */
static void fill_pool(cl_t* cluster, taosuv_client_t* client, size_t connections) {
  it_op_t* ops = calloc(connections, sizeof *ops);
  cl_delay(cluster, 100);
  for (size_t i = 0; i < connections; i++)
    assert_int_equal(it_exec(cluster->it, client, &ops[i], "select 1"), 0);
  for (size_t i = 0; i < connections; i++) assert_int_equal(it_wait(&ops[i]), 0);
  cl_delay(cluster, 0);
  free(ops);
}

#define LOAD 64

/* Requests that are always under way, and must all succeed. */
typedef struct load_s {
  taosuv_client_t* client;
  it_op_t ops[LOAD];
  bool stopping;
  unsigned running;
  uint64_t done;
} load_t;

static void on_done(it_op_t* op) {
  load_t* load = op->data;
  load->running--;
  load->done++;
  if (op->req.status != 0) fail_msg("%s: %s", taosuv_err_name(op->req.status), op->message);
  if (load->stopping) return;
  load->running++;
  assert_int_equal(it_exec(op->it, load->client, op, "select 1"), 0);
}

static load_t* start_load(it_t* it, taosuv_client_t* client) {
  load_t* load = calloc(1, sizeof *load);
  load->client = client;
  for (size_t i = 0; i < LOAD; i++) {
    load->ops[i].then = on_done;
    load->ops[i].data = load;
    load->running++;
    assert_int_equal(it_exec(it, client, &load->ops[i], "select 1"), 0);
  }
  return load;
}

static bool is_idle(void* data) {
  return ((load_t*) data)->running == 0;
}

static void stop_load(it_t* it, load_t* load) {
  load->stopping = true;
  assert_true(it_until(it, is_idle, load, 20000));
  assert_true(load->done > LOAD);
  free(load);
}

static void connections_move_back_to_a_host_that_is_well_again(void** state) {
  cl_t cluster = cl_start_proxies(*state);
  taosuv_client_t* client = cl_client(&cluster, 3, "pool_size=12&max_inflight=1");
  fill_pool(&cluster, client, 12);
  cl_until_spread(&cluster, 4, 4, 4);
  cl_stop(&cluster, 1);
  it_run(cluster.it, 20);
  fill_pool(&cluster, client, 12);
  cl_until_spread(&cluster, 6, 0, 6);
  load_t* load = start_load(cluster.it, client); /* none of them is disturbed */
  it_run(cluster.it, 50);
  cl_start(&cluster, 1, NULL);
  cl_until_spread(&cluster, 4, 4, 4);
  stop_load(cluster.it, load);
  it_close_wait(cluster.it, client);
  cl_stop_all(&cluster);
}

/* Also when one at a time is all that there is. */
static void requests_are_spread_like_the_connections(void** state) {
  enum { REQUESTS = 300 };
  cl_t cluster = cl_start_proxies(*state);
  taosuv_client_t* client = cl_client(&cluster, 3, "pool_size=6&max_inflight=1");
  fill_pool(&cluster, client, 6);
  cl_until_spread(&cluster, 2, 2, 2);
  uint64_t before[CL_HOSTS];
  for (size_t i = 0; i < CL_HOSTS; i++) before[i] = cl_asked(&cluster, i);
  for (size_t i = 0; i < REQUESTS; i++) it_ok(cluster.it, client, "select 1");
  uint64_t asked[CL_HOSTS], all = 0;
  for (size_t i = 0; i < CL_HOSTS; i++) all += asked[i] = cl_asked(&cluster, i) - before[i];
  for (size_t i = 0; i < CL_HOSTS; i++)
    assert_in_range(asked[i], all / 3 * 9 / 10, all / 3 * 11 / 10);
  it_close_wait(cluster.it, client);
  cl_stop_all(&cluster);
}

static void the_preferred_host_gets_all_of_them_back(void** state) {
  cl_t cluster = cl_start_proxies(*state);
  taosuv_client_t* client = cl_client(&cluster, 3, "pool_size=4&max_inflight=1&load_balance=first");
  fill_pool(&cluster, client, 4);
  cl_until_spread(&cluster, 4, 0, 0);
  cl_stop(&cluster, 0);
  it_run(cluster.it, 20);
  fill_pool(&cluster, client, 4);
  cl_until_spread(&cluster, 0, 4, 0);
  load_t* load = start_load(cluster.it, client);
  cl_start(&cluster, 0, NULL);
  cl_until_spread(&cluster, 4, 0, 0);
  stop_load(cluster.it, load);
  it_close_wait(cluster.it, client);
  cl_stop_all(&cluster);
}

static bool has_two(void* data) {
  taosuv_counts_t counts;
  taosuv_client_counts(data, &counts);
  return counts.connections == 2;
}

/* A result holds its connection, which takes no more requests. */
static void a_result_is_read_to_its_end_where_it_is(void** state) {
  it_needs_ws(*state, "blocks that are fetched one by one");
  cl_t cluster = cl_start_proxies(*state);
  taosuv_client_t* client = cl_client(&cluster, 2, "pool_size=1&load_balance=first");
  cl_stop(&cluster, 0);
  it_usable(cluster.it, client);
  const char* sql = it_numbers(cluster.it, client, 40000);
  taosuv_result_t* result = it_rows(cluster.it, client, sql);
  cl_start(&cluster, 0, NULL);
  assert_true(it_until(cluster.it, has_two, client, 20000));
  it_run(cluster.it, 20);
  uint64_t asked = cl_asked(&cluster, 0);
  it_usable(cluster.it, client); /* over the new one */
  assert_true(cl_asked(&cluster, 0) > asked);
  assert_int_equal(it_drain(cluster.it, result), 40000);
  taosuv_result_close(result);
  cl_until_spread(&cluster, 1, 0, 0);
  it_close_wait(cluster.it, client);
  cl_stop_all(&cluster);
}

/* ---- discover ---- */

static const ts_config_t modern = {.version = "3.4.1.12"};

/* What a server names from now on: those of the cluster in `which`, bit by bit, and more. */
static void name(cl_t* cluster, size_t server, unsigned which, const char* more) {
  char list[256] = "";
  size_t size = 0;
  for (size_t i = 0; i < CL_HOSTS; i++)
    if ((which >> i & 1) != 0)
      size += (size_t) snprintf(list + size, sizeof list - size, "127.0.0.1:%d,", cluster->port[i]);
  snprintf(list + size, sizeof list - size, "%s", more);
  ts_server_set_instances(cluster->server[server], list);
}

static void hosts_that_the_server_names_are_used(void** state) {
  cl_t cluster = cl_start_all(*state, &modern);
  name(&cluster, 0, 7, "");
  name(&cluster, 1, 7, "");
  name(&cluster, 2, 7, "");
  taosuv_client_t* client = cl_client(&cluster, 1, "pool_size=6&max_inflight=1&discover=1");
  fill_pool(&cluster, client, 6);
  cl_until_spread(&cluster, 2, 2, 2);
  taosuv_stats_t stats = {.size = sizeof stats};
  assert_int_equal(taosuv_client_stats(client, &stats), 0);
  assert_int_equal(stats.hosts, 3);
  cl_stop(&cluster, 0); /* that of the URL */
  it_run(cluster.it, 20);
  it_usable(cluster.it, client);
  it_close_wait(cluster.it, client);
  cl_stop_all(&cluster);
}

/* The list grows and shrinks under load. */
static void the_list_is_kept_fresh(void** state) {
  cl_t cluster = cl_start_all(*state, &modern);
  taosuv_client_t* client = cl_client(
      &cluster, 1, "pool_size=6&max_inflight=4&adapter_ha=1&discover_interval=30");
  load_t* load = start_load(cluster.it, client);
  cl_until_spread(&cluster, 6, 0, 0); /* no gateway is registered */
  for (size_t i = 0; i < CL_HOSTS; i++) name(&cluster, i, 7, "");
  cl_until_spread(&cluster, 2, 2, 2);
  for (size_t i = 0; i < CL_HOSTS; i++) name(&cluster, i, 3, "");
  cl_until_spread(&cluster, 3, 3, 0);
  for (size_t i = 0; i < CL_HOSTS; i++) name(&cluster, i, 4, "");
  cl_until_spread(&cluster, 3, 0, 3); /* the URL's own is never left */
  for (size_t i = 0; i < CL_HOSTS; i++) name(&cluster, i, 0, "");
  it_run(cluster.it, 100);
  cl_until_spread(&cluster, 3, 0, 3); /* an empty list says nothing */
  stop_load(cluster.it, load);
  it_close_wait(cluster.it, client);
  cl_stop_all(&cluster);
}

typedef struct log_s {
  char text[4096];
} log_t;

static void on_log(void* data, int level, const char* message, size_t length) {
  log_t* log = data;
  size_t used = strlen(log->text);
  (void) level;
  (void) length;
  snprintf(log->text + used, sizeof log->text - used, "%s\n", message);
}

static size_t times_in(const log_t* log, const char* part) {
  size_t count = 0;
  for (const char* at = log->text; (at = strstr(at, part)) != NULL; at++) count++;
  return count;
}

static void watch_log(taosuv_client_t* client, log_t* log) {
  taosuv_hooks_t hooks = {
      .size = sizeof hooks, .data = log, .log_level = TAOSUV_LOG_INFO, .log = on_log};
  assert_int_equal(taosuv_client_set_hooks(client, &hooks), 0);
}

static void an_older_server_is_used_as_it_is(void** state) {
  cl_t cluster = cl_start_all(*state, &(ts_config_t) {.version = "3.3.6.0"});
  log_t log = {""};
  name(&cluster, 0, 7, "");
  taosuv_client_t* client = cl_client(&cluster, 2, "pool_size=4&max_inflight=1&discover=1");
  watch_log(client, &log);
  fill_pool(&cluster, client, 4);
  cl_until_spread(&cluster, 2, 2, 0);
  assert_int_equal(times_in(&log, "discover: servers name their hosts from 3.4.1.10 on"), 1);
  it_has(log.text, "3.3.6.0\n");
  it_close_wait(cluster.it, client);
  cl_stop_all(&cluster);
}

static void names_that_are_none_are_left_out(void** state) {
  cl_t cluster = cl_start_all(*state, &modern);
  log_t log = {""};
  name(&cluster, 0, 2, "127.0.0.1:0,two words:6041,[::g]:1,,127.0.0.1:99999");
  taosuv_client_t* client = cl_client(&cluster, 1, "pool_size=4&max_inflight=1&discover=1");
  watch_log(client, &log);
  fill_pool(&cluster, client, 4);
  cl_until_spread(&cluster, 2, 2, 0);
  assert_true(times_in(&log, "an instance is left out") >= 4);
  it_close_wait(cluster.it, client);
  cl_stop_all(&cluster);
}

/* Whatever a server says there. */
static void a_list_that_is_none_changes_nothing(void** state) {
  static const char* const lists[] = {
      "7", "{\"a\":1}", "[1,\"127.0.0.1:1\"]", "[[\"a\"]]", "\"a\"", "null", "[]"};
  for (size_t i = 0; i < COUNT(lists); i++) {
    cl_t cluster = cl_start_all(*state, &modern);
    char reply[256];
    snprintf(reply, sizeof reply,
             "{\"code\":0,\"message\":\"\",\"action\":\"conn\",\"req_id\":$REQ_ID,\"timing\":1,"
             "\"list_instances\":%s}",
             lists[i]);
    ts_server_add_rule(cluster.server[0], &(ts_rule_t) {.action = "conn",
                                                        .answer = TS_ANSWER_TEXT,
                                                        .data = reply,
                                                        .size = strlen(reply),
                                                        .put_req_id = true});
    taosuv_client_t* client = cl_client(&cluster, 1, "discover=1");
    it_op_t op = {0};
    taosuv_stats_t stats = {.size = sizeof stats};
    assert_int_equal(it_end(it_open(cluster.it, client, &op), &op), 0);
    assert_int_equal(taosuv_client_stats(client, &stats), 0);
    assert_int_equal(stats.hosts, 1);
    it_close_wait(cluster.it, client);
    memset(cluster.it->slots, 0, sizeof cluster.it->slots);
    cl_stop_all(&cluster);
  }
}

/* More names than are kept: 64, and those that come later take the places of those that are
 * left. */
static void a_flood_of_names_is_bounded(void** state) {
  cl_t cluster = cl_start_all(*state, &modern);
  taosuv_client_t* client = cl_client(
      &cluster, 1, "pool_size=1&discover=1&discover_interval=5&load_balance=first");
  it_usable(cluster.it, client);
  taosuv_stats_t stats = {.size = sizeof stats};
  for (unsigned round = 0; round < 8; round++) {
    char list[1024] = "";
    size_t size = 0;
    for (unsigned i = 0; i < 40; i++)
      size += (size_t) snprintf(list + size, sizeof list - size, "h%u-%u:1,", round, i);
    ts_server_set_instances(cluster.server[0], list);
    uint64_t seen = ts_server_action_count(cluster.server[0], "conn");
    while (ts_server_action_count(cluster.server[0], "conn") < seen + 2) it_run(cluster.it, 5);
    assert_int_equal(taosuv_client_stats(client, &stats), 0);
    assert_in_range(stats.hosts, 41, 65);
  }
  it_usable(cluster.it, client);
  it_close_wait(cluster.it, client);
  cl_stop_all(&cluster);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(connections_move_back_to_a_host_that_is_well_again),
      IT_TEST(requests_are_spread_like_the_connections),
      IT_TEST(the_preferred_host_gets_all_of_them_back),
      IT_TEST(a_result_is_read_to_its_end_where_it_is),
      IT_TEST(hosts_that_the_server_names_are_used),
      IT_TEST(the_list_is_kept_fresh),
      IT_TEST(an_older_server_is_used_as_it_is),
      IT_TEST(names_that_are_none_are_left_out),
      IT_TEST(a_list_that_is_none_changes_nothing),
      IT_TEST(a_flood_of_names_is_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
