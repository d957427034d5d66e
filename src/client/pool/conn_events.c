/* What the pool does with the events of its connections: queued requests are sent or moved, hosts
 * are judged, connections are balanced. */
#include "client/pool/conn_events.h"

#include "client/conn/conn.h"
#include "client/pool/balance.h"
#include "client/pool/client.h"
#include "client/pool/discover.h"
#include "client/pool/hosts.h"
#include "client/pool/pool.h"

static void pump(tuv_pool_t* pool) {
  if (pool->queued > 0 || pool->drain_wanted) tuv_pool_pump(pool);
}

static void on_ready(tuv_conn_t* conn) {
  tuv_pool_ready(conn);
  tuv_balance_ready(conn);
}

static void on_room(tuv_conn_t* conn) {
  pump(tuv_pool_of(conn));
}

static void on_begun_again(tuv_conn_t* conn, bool replaces) {
  if (replaces) tuv_balance_replaces(conn);
  tuv_balance_look(tuv_pool_of(conn));
}

static void on_left(tuv_conn_t* conn) {
  tuv_balance_done(conn);
}

static void on_failed(tuv_conn_t* conn, const tuv_failure_t* failure) {
  tuv_pool_connect_failed(tuv_pool_of(conn), conn->host->index, conn->begun_at, conn->serves,
                          failure);
  tuv_balance_look(tuv_pool_of(conn));
}

static void on_lost(tuv_conn_t* conn) {
  pump(tuv_pool_of(conn));
  tuv_balance_look(tuv_pool_of(conn));
}

static void on_leaving(tuv_conn_t* conn) {
  if (tuv_pool_of(conn)->queued > 0)
    tuv_pool_pump(tuv_pool_of(conn)); /* the pool has room for another connection */
  tuv_balance_look(tuv_pool_of(conn));
}

static bool requeue(tuv_conn_t* conn, taosuv_req_t* req) {
  return tuv_pool_requeue(tuv_pool_of(conn), req);
}

static void on_narrowed(tuv_conn_t* conn) {
  tuv_pool_narrowed(tuv_pool_of(conn));
}

static void on_doubted(tuv_conn_t* conn) {
  tuv_hosts_doubt(&tuv_pool_of(conn)->hosts, conn->host->index);
}

static void on_alive(tuv_conn_t* conn) {
  tuv_hosts_mark_up(&tuv_pool_of(conn)->hosts, conn->host->index);
}

static void on_silent(tuv_conn_t* conn) {
  tuv_hosts_failed(&tuv_pool_of(conn)->hosts, conn->host->index, conn->begun_at, tuv_now());
}

static void on_retry_after(tuv_conn_t* conn, uint32_t seconds) {
  tuv_hosts_retry_after(&tuv_pool_of(conn)->hosts, conn->host->index, seconds, tuv_now());
}

static void on_version(tuv_conn_t* conn) {
  if (conn->context->url.adapter_ha) tuv_discover_check(conn);
}

static void on_logged_in(tuv_conn_t* conn, const tuv_reply_t* reply) {
  if (conn->context->url.adapter_ha) tuv_discover_replied(conn, reply);
}

const tuv_conn_events_t tuv_pool_conn_events = {.ready = on_ready,
                                                .room = on_room,
                                                .begun_again = on_begun_again,
                                                .left = on_left,
                                                .failed = on_failed,
                                                .lost = on_lost,
                                                .leaving = on_leaving,
                                                .requeue = requeue,
                                                .narrowed = on_narrowed,
                                                .doubted = on_doubted,
                                                .alive = on_alive,
                                                .silent = on_silent,
                                                .retry_after = on_retry_after,
                                                .version_known = on_version,
                                                .logged_in = on_logged_in};
