/* discover=1: the other gateways, as servers name them at each log-in (PROTOCOL 3.2). */
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
static void look_later(taosuv_client_t* client) {
  uint64_t interval = client->context.url.discover_interval;
  if (interval == 0) return;
  client->discover.expire = on_due;
  tuv_timers_remove(&client->context.timers, &client->discover);
  /* Without memory for it: with the next log-in. */
  tuv_timers_add(&client->context.timers, &client->discover, tuv_now() + interval);
}

/* Nobody has logged in for a while: one connection is exchanged for a new one. A client without
 * connections needs no list. */
static void on_due(tuv_timed_t* timed) {
  taosuv_client_t* client = TUV_CONTAINER(timed, taosuv_client_t, discover);
  uint32_t host;
  uint64_t wait;
  if (tuv_pool_usable(client) == 0) return;
  if (client->connecting == 0 && tuv_hosts_pick(client, &host, &wait))
    tuv_balance_replace(client, host);
  look_later(client);
}

static void log_host(taosuv_client_t* client, int level, const char* what, const char* host) {
  char text[512];
  snprintf(text, sizeof text, "discover: %s%s", what, host);
  tuv_observe_log(&client->context, level, text);
}

/* A name that is none says nothing of the others. */
static void learn_one(taosuv_client_t* client, const char* name, size_t length) {
  char buf[TUV_HOST_NAME_SIZE];
  tuv_host_t host;
  tuv_errmsg_t err;
  if (tuv_host_parse(name, length, buf, &host, &err) < 0)
    log_host(client, TAOSUV_LOG_WARN, "an instance is left out: ", err.text);
  else if (tuv_hosts_add(client, &host))
    log_host(client, TAOSUV_LOG_INFO, "new host ", host.name);
}

/* Hosts that are no longer named get no more connections; those of the URL are never left. */
static void leave_the_others(taosuv_client_t* client) {
  for (uint32_t i = client->context.url.nhosts; i < client->nhosts; i++) {
    tuv_pool_host_t* entry = &client->hosts[i];
    if (entry->listed && !entry->named) {
      entry->listed = false;
      log_host(client, TAOSUV_LOG_INFO, "left host ", entry->text);
    }
  }
}

static void learn(taosuv_client_t* client, yyjson_val* list) {
  size_t index, max;
  yyjson_val* name;
  for (uint32_t i = 0; i < client->nhosts; i++) client->hosts[i].named = false;
  yyjson_arr_foreach(list, index, max, name) {
    if (index == TUV_MAX_LEARNED) break;
    learn_one(client, yyjson_get_str(name), yyjson_get_len(name));
  }
  leave_the_others(client);
}

void tuv_discover_replied(tuv_conn_t* conn, const tuv_reply_t* reply) {
  taosuv_client_t* client = conn->client;
  yyjson_val* list = NULL;
  tuv_errmsg_t err;
  int status = tuv_reply_texts(reply, "list_instances", &list, &err);
  if (status < 0) {
    log_host(client, TAOSUV_LOG_WARN, "", err.text);
    return;
  }
  /* An empty one says that no gateway is registered, not that there is none. */
  if (list != NULL && yyjson_arr_size(list) > 0) learn(client, list);
  if (list != NULL) look_later(client);
}

void tuv_discover_check(tuv_conn_t* conn) {
  taosuv_client_t* client = conn->client;
  if (conn->version >= SINCE || client->discover_told) return;
  client->discover_told = true;
  log_host(client, TAOSUV_LOG_WARN,
           "servers name their hosts from 3.4.1.10 on, this one does not; going on with the URL's. "
           "Its version: ",
           conn->version_text);
}
