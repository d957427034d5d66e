/* Three hosts for one test, which can be stopped and started. */
#include "cluster.h"

void cl_start(cl_t* cluster, size_t i, const ts_config_t* config) {
  if (cluster->proxied) {
    cluster->down[i] = false;
    assert_int_equal(proxy_start(cluster->it->proxies[i]), 0);
    return;
  }
  ts_config_t own = config != NULL ? *config : (ts_config_t) {0};
  own.port = cluster->port[i];
  assert_int_equal(ts_server_create(&cluster->it->loop, &own, &cluster->server[i]), 0);
  cluster->port[i] = ts_server_port(cluster->server[i]);
}

static void on_stopped(void* data) {
  ((cl_t*) data)->stopped = true;
}

static bool is_stopped(void* data) {
  return ((cl_t*) data)->stopped;
}

void cl_stop(cl_t* cluster, size_t i) {
  if (cluster->proxied) {
    cluster->down[i] = true;
    proxy_stop(cluster->it->proxies[i]);
    return;
  }
  cluster->stopped = false;
  ts_server_close(cluster->server[i], on_stopped, cluster);
  cluster->server[i] = NULL;
  assert_true(it_until(cluster->it, is_stopped, cluster, 10000));
}

cl_t cl_start_proxies(it_t* it) {
  it_proxies(it, CL_HOSTS);
  return (cl_t) {.it = it, .server = it->others, .proxied = true};
}

cl_t cl_start_all(it_t* it, const ts_config_t* config) {
  cl_t cluster = {.it = it, .server = it->others};
  it_needs_bundled(it);
  for (size_t i = 0; i < CL_HOSTS; i++) cl_start(&cluster, i, config);
  return cluster;
}

void cl_stop_all(cl_t* cluster) {
  for (size_t i = 0; i < CL_HOSTS; i++)
    if (cluster->server[i] != NULL) cl_stop(cluster, i);
}

taosuv_client_t* cl_client(cl_t* cluster, size_t hosts, const char* keys) {
  char url[1024];
  if (cluster->proxied) {
    char more[512];
    snprintf(more, sizeof more, "retry_initial=10&retry_max=40&%s", keys);
    it_url_hosts(cluster->it, url, sizeof url, hosts, more);
    return it_client_url(cluster->it, url);
  }
  int size = snprintf(url, sizeof url, "ws://root:taosdata@");
  for (size_t i = 0; i < hosts; i++)
    size += snprintf(url + size, sizeof url - (size_t) size, "%s127.0.0.1:%d", i > 0 ? "," : "",
                     cluster->port[i]);
  snprintf(url + size, sizeof url - (size_t) size, "/?retry_initial=10&retry_max=40&%s", keys);
  return it_client_url(cluster->it, url);
}

uint64_t cl_open(const cl_t* cluster, size_t i) {
  if (cluster->proxied) return proxy_counters(cluster->it->proxies[i]).open;
  return cluster->server[i] == NULL ? 0 : ts_server_counters(cluster->server[i]).open;
}

void cl_delay(cl_t* cluster, uint32_t ms) {
  for (size_t i = 0; i < CL_HOSTS; i++) {
    ts_server_t* server = cluster->server[i];
    if (cluster->proxied)
      proxy_set_plan_of_all(cluster->it->proxies[i],
                            &(proxy_plan_t) {.way[PROXY_DOWN].delay_ms = ms});
    else if (server != NULL && ms > 0)
      ts_server_add_rule(server, &(ts_rule_t) {.action = "binary_query", .wait_ms = ms});
    else if (server != NULL)
      ts_server_remove_rule(server, 0);
  }
}

void cl_freeze(cl_t* cluster, size_t i) {
  static const proxy_plan_t frozen = {.way = {{.stall = true}, {.stall = true}}};
  assert_true(cluster->proxied);
  proxy_set_plan_of_all(cluster->it->proxies[i], &frozen);
}

uint64_t cl_asked(const cl_t* cluster, size_t i) {
  if (cluster->proxied) return proxy_counters(cluster->it->proxies[i]).passed[PROXY_UP];
  return ts_server_action_count(cluster->server[i], "binary_query");
}

static bool is_spread(void* data) {
  const cl_t* cluster = data;
  for (size_t i = 0; i < CL_HOSTS; i++)
    if (cl_open(cluster, i) != cluster->want[i]) return false;
  return true;
}

void cl_until_spread(cl_t* cluster, uint64_t a, uint64_t b, uint64_t c) {
  const uint64_t want[CL_HOSTS] = {a, b, c};
  memcpy(cluster->want, want, sizeof want);
  if (it_until(cluster->it, is_spread, cluster, 20000)) return;
  fail_msg("%d, %d, %d connections", (int) cl_open(cluster, 0), (int) cl_open(cluster, 1),
           (int) cl_open(cluster, 2));
}
