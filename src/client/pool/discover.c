/* discover=1: servers name the other gateways at each log-in (PROTOCOL 3.2). */
#include <stdio.h>
#include <string.h>

#include "client/conn/conn.h"
#include "client/pool/balance.h"
#include "client/pool/client.h"
#include "client/pool/discover.h"
#include "client/pool/hosts.h"
#include "client/pool/pool.h"
#include "client/core/observe.h"
#include "wire/version.h"

/* From this version on `conn` answers list_instances. */
#define SINCE TUV_VERSION(3, 4, 1, 10)

static void on_due(tuv_timed_t* timed);

/* The list is as old as the last log-in. */
static void look_later(tuv_pool_t* pool) {
  uint64_t interval = pool->context->url.discover_interval;
  if (interval == 0) return;
  pool->discover.expire = on_due;
  tuv_timers_remove(&pool->context->timers, &pool->discover);
  /* Without memory for the timer, the next log-in brings the list. */
  tuv_timers_add(&pool->context->timers, &pool->discover, tuv_now() + interval);
}

/* There was no log-in for a while: one connection is replaced by a new one. A client without
 * connections needs no list. */
static void on_due(tuv_timed_t* timed) {
  tuv_pool_t* pool = TUV_CONTAINER(timed, tuv_pool_t, discover);
  uint32_t host;
  uint64_t wait;
  if (tuv_pool_usable(pool) == 0) return;
  if (pool->conns.connecting == 0 && tuv_hosts_pick(&pool->hosts, tuv_now(), &host, &wait))
    tuv_balance_replace(pool, host);
  look_later(pool);
}

static void log_host(tuv_pool_t* pool, int level, const char* what, const char* host) {
  char text[512];
  snprintf(text, sizeof text, "discover: %s%s", what, host);
  tuv_observe_log(pool->context, level, text);
}

/* A name that cannot be read does not affect the others. */
static void learn_one(tuv_pool_t* pool, const char* name, size_t length) {
  char buf[TUV_HOST_NAME_SIZE];
  tuv_host_t host;
  tuv_errmsg_t err;
  if (tuv_host_parse(name, length, buf, &host, &err) < 0)
    log_host(pool, TAOSUV_LOG_WARN, "an instance is left out: ", err.text);
  else if (tuv_hosts_name(&pool->hosts, &host))
    log_host(pool, TAOSUV_LOG_INFO, "new host ", host.name);
}

static void log_removed(const tuv_pool_host_t* host, void* pool) {
  log_host(pool, TAOSUV_LOG_INFO, "left host ", host->base.text);
}

static void learn(tuv_pool_t* pool, yyjson_val* list) {
  size_t index, max;
  yyjson_val* name;
  tuv_hosts_name_begin(&pool->hosts);
  yyjson_arr_foreach(list, index, max, name) {
    if (index == TUV_MAX_LEARNED) break;
    learn_one(pool, yyjson_get_str(name), yyjson_get_len(name));
  }
  tuv_hosts_name_end(&pool->hosts, log_removed, pool);
}

void tuv_discover_replied(tuv_conn_t* conn, const tuv_reply_t* reply) {
  tuv_pool_t* pool = tuv_pool_of(conn);
  yyjson_val* list = NULL;
  tuv_errmsg_t err;
  int status = tuv_reply_texts(reply, "list_instances", &list, &err);
  if (status < 0) {
    log_host(pool, TAOSUV_LOG_WARN, "", err.text);
    return;
  }
  /* An empty list says that no gateway is registered, not that there are no gateways. */
  if (list != NULL && yyjson_arr_size(list) > 0) learn(pool, list);
  if (list != NULL) look_later(pool);
}

void tuv_discover_check(tuv_conn_t* conn) {
  tuv_pool_t* pool = tuv_pool_of(conn);
  if (conn->version >= SINCE || pool->discover_warned) return;
  pool->discover_warned = true;
  log_host(pool, TAOSUV_LOG_WARN,
           "servers name their hosts from 3.4.1.10 on, this one does not; going on with the URL's. "
           "Its version: ",
           conn->version_text);
}
