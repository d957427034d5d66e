/* The numbers of a client: gathered from its connections, and given as structs. */
#include "client/conn/conn.h"
#include "client/pool/client.h"
#include "client/core/observe.h"
#include "client/core/stats.h"

#include <string.h>

int taosuv_metrics_enable(taosuv_client_t* client, int on) {
  if (client == NULL) return TAOSUV_EINVAL;
  if (!on) {
    tuv_free(&client->context.mem->alloc, client->context.stats);
    client->context.stats = NULL;
  } else if (client->context.stats == NULL) {
    client->context.stats = tuv_stats_create(&client->context.mem->alloc,
                                             client->pool.hosts.capacity);
    if (client->context.stats == NULL) return TAOSUV_ENOMEM;
  }
  return 0;
}

/* Adds a connection to the numbers of its host, or of a client seen as one host. */
static void add_conn(taosuv_host_stats_t* sum, const tuv_conn_t* conn) {
  switch (conn->state) {
    case TUV_CONN_CONNECTING: sum->connecting++; break;
    case TUV_CONN_LOGIN: sum->logging_in++; break;
    case TUV_CONN_READY: sum->ready++; break;
    case TUV_CONN_LEAVING:
    case TUV_CONN_CLOSING:
    case TUV_CONN_DEAD: sum->closing++; return;
  }
  sum->in_flight += tuv_inflight_count(&conn->inflight);
  sum->bytes_waiting += conn->conns->transport->unsent_bytes(conn);
}

/* Of one host, or with UINT32_MAX of all. */
static void add_conns(taosuv_host_stats_t* sum, const taosuv_client_t* client, uint32_t host) {
  const tuv_queue_t* const lists[] = {&client->pool.conns.list, &client->pool.conns.gone};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    for (tuv_queue_t* at = lists[i]->next; at != lists[i]; at = at->next) {
      const tuv_conn_t* conn = TUV_CONTAINER(at, tuv_conn_t, link);
      if (host == UINT32_MAX || conn->host->index == host) add_conn(sum, conn);
    }
  }
}

/* Copies as much as the caller's header knows; its `size` stays what it said. */
static int give(void* out, size_t size, const void* made, size_t made_size) {
  if (size <= sizeof size) return TAOSUV_EINVAL;
  if (size > made_size) memset((char*) out + made_size, 0, size - made_size);
  memcpy((char*) out + sizeof size, (const char*) made + sizeof size,
         (size < made_size ? size : made_size) - sizeof size);
  return 0;
}

int taosuv_client_stats(const taosuv_client_t* client, taosuv_stats_t* stats) {
  if (client == NULL || stats == NULL) return TAOSUV_EINVAL;
  const tuv_totals_t* totals = &client->context.totals;
  const tuv_io_traffic_t* traffic = &client->context.shared.traffic;
  taosuv_host_stats_t all = {0};
  add_conns(&all, client, UINT32_MAX);
  taosuv_stats_t made = {.hosts = client->pool.hosts.count,
                         .connecting = all.connecting,
                         .logging_in = all.logging_in,
                         .ready = all.ready,
                         .closing = all.closing,
                         .in_flight = all.in_flight,
                         .queued = client->pool.queued,
                         .pending = client->context.pending,
                         .bytes_waiting = all.bytes_waiting,
                         .connects = client->pool.connects,
                         .reconnects = totals->reconnects,
                         .connections_lost = totals->lost,
                         .connects_failed = totals->connects_failed,
                         .requests = totals->requests,
                         .failures = totals->failures,
                         .moves = totals->moves,
                         .bytes_sent = traffic->bytes_sent,
                         .bytes_received = traffic->bytes_received,
                         .messages_sent = traffic->messages_sent,
                         .messages_received = traffic->messages_received,
                         .blocks = totals->blocks,
                         .rows = totals->rows};
  return give(stats, stats->size, &made, sizeof made);
}

int taosuv_stats_host(const taosuv_client_t* client, uint32_t index, taosuv_host_stats_t* host) {
  if (client == NULL || host == NULL || index >= client->pool.hosts.count) return TAOSUV_EINVAL;
  taosuv_host_stats_t made = {.host = client->pool.hosts.list[index].base.text};
  add_conns(&made, client, index);
  if (client->context.stats != NULL && index < client->context.stats->nhosts) {
    made.connects = client->context.stats->hosts[index].connects;
    made.connections_lost = client->context.stats->hosts[index].lost;
    made.connects_failed = client->context.stats->hosts[index].failed;
  }
  return give(host, host->size, &made, sizeof made);
}

int taosuv_stats_error(const taosuv_client_t* client, uint32_t index, int* status,
                       uint64_t* count) {
  if (client == NULL || client->context.stats == NULL || index >= client->context.stats->nerrors)
    return TAOSUV_EINVAL;
  if (status != NULL) *status = client->context.stats->errors[index].status;
  if (count != NULL) *count = client->context.stats->errors[index].count;
  return 0;
}

int taosuv_stats_latency(const taosuv_client_t* client, int action, taosuv_latency_t* latency) {
  if (client == NULL || client->context.stats == NULL || latency == NULL) return TAOSUV_EINVAL;
  if (action < 0 || action >= TUV_ACTIONS) return TAOSUV_EINVAL;
  *latency = client->context.stats->latency[action];
  return 0;
}

const char* taosuv_action_name(int action) {
  static const char* const names[TUV_ACTIONS] = {
      "other",        "connect",   "open",         "exec",      "query", "fetch",  "ping",
      "stmt_prepare", "stmt_exec", "insert_lines", "subscribe", "poll",  "commit", "write"};
  return action < 0 || action >= TUV_ACTIONS ? NULL : names[action];
}
