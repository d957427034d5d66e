/* How requests come to connections: at once, from the queue, or after the loss of another one. */
#include <string.h>

#include "client/core/complete.h"
#include "client/core/failure.h"
#include "client/core/op.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/conn/send.h"
#include "client/conn/endpoint.h"
#include "client/conn/keepalive.h"
#include "client/pool/open.h"
#include "client/pool/pick.h"
#include "client/pool/queue.h"
#include "client/pool/hosts.h"
#include "client/pool/pool.h"
#include "client/core/observe.h"

void tuv_pool_init(tuv_pool_t* pool, tuv_context_t* context, const tuv_conn_events_t* events) {
  memset(pool, 0, sizeof *pool);
  pool->context = context;
  tuv_conns_init(&pool->conns, context, events);
  tuv_queue_init(&pool->queue);
  tuv_idmap_init(&pool->queued_ids, &context->mem->alloc);
}

void tuv_pool_free(tuv_pool_t* pool) {
  const tuv_alloc_t* alloc = &pool->context->mem->alloc;
  tuv_conns_free(&pool->conns);
  tuv_hosts_free(&pool->hosts, alloc);
  tuv_idmap_free(&pool->queued_ids);
}

void tuv_pool_close(tuv_pool_t* pool) {
  tuv_timers_t* timers = &pool->context->timers;
  while (!tuv_queue_empty(&pool->queue)) {
    taosuv_req_t* req = tuv_req_of_op(TUV_CONTAINER(pool->queue.next, tuv_op_t, link));
    tuv_req_defer(req, TAOSUV_ECANCELED, 0, "the client was closed");
  }
  tuv_timers_remove(timers, &pool->reconnect);
  tuv_timers_remove(timers, &pool->balance);
  tuv_timers_remove(timers, &pool->discover);
  while (!tuv_queue_empty(&pool->conns.list))
    tuv_conn_close(TUV_CONTAINER(pool->conns.list.next, tuv_conn_t, link));
}

bool tuv_pool_id_in_flight(tuv_pool_t* pool, uint64_t id) {
  for (tuv_queue_t* at = pool->conns.list.next; at != &pool->conns.list; at = at->next)
    if (tuv_inflight_get(&TUV_CONTAINER(at, tuv_conn_t, link)->inflight, id) != NULL) return true;
  return tuv_pool_queue_has(pool, id);
}

/* Sends a request over a connection. */
static int give(tuv_conn_t* conn, taosuv_req_t* req, const void* payload, size_t size) {
  int status = tuv_conn_send_request(conn, req, payload, size);
  if (status < 0) return status;
  /* The connection goes to the end of the list, so that equally busy ones take turns and hosts have
   * equal shares. With idle_timeout it stays, so that connections which are not needed become idle. */
  if (conn->context->url.idle_timeout == 0) {
    tuv_queue_remove(&conn->link);
    tuv_queue_push(&conn->conns->list, &conn->link);
  }
  return 0;
}

static int enqueue(tuv_pool_t* pool, taosuv_req_t* req, const void* payload, size_t size) {
  tuv_req_t* priv = tuv_req_of(req);
  unsigned needs = tuv_op_needs(priv->op.type);
  bool counted = priv->op.type->acquired !=
                 NULL; /* the request that it waits for is counted already */
  if (!counted && !tuv_pool_queue_takes(pool, needs, size)) {
    pool->drain_wanted = true;
    tuv_pool_open(pool, pool->queued + 1, needs);
    return TAOSUV_EAGAIN;
  }
  int status = tuv_pool_queue_keep(pool, req, payload, size);
  if (status == 0) status = tuv_pool_queue_put(pool, req, &pool->queue);
  if (status < 0) {
    tuv_pool_queue_drop(priv);
    return status;
  }
  tuv_pool_open(pool, *tuv_pool_queue_kind(pool, priv), needs);
  if (tuv_pool_has_hope(pool, needs)) {
    if (!counted) tuv_observe_op(pool->context, TAOSUV_TRACE_QUEUED, &priv->op, NULL);
    return 0;
  }
  /* No connection could be begun, for lack of memory. */
  tuv_pool_queue_remove(pool, req);
  tuv_pool_queue_drop(priv);
  return TAOSUV_ENOMEM;
}

/* Whether the queue has no request of these kinds. */
static bool nothing_waits(const tuv_pool_t* pool, unsigned needs) {
  if (pool->queued == 0 || pool->conns.narrow == 0) return pool->queued == 0;
  for (unsigned kind = 0; kind < TUV_POOL_KINDS; kind++)
    if ((needs & 1u << kind) != 0 && pool->queued_kinds[kind] > 0) return false;
  return true;
}

int tuv_pool_submit(tuv_pool_t* pool, taosuv_req_t* req, const void* payload, size_t size) {
  tuv_op_t* op = &tuv_req_of(req)->op;
  tuv_conn_t* conn = NULL;
  unsigned needs = tuv_op_needs(op->type);
  bool message = op->type->encode != NULL || op->type->acquired != NULL;
  if (nothing_waits(pool, needs) && pool->conns.ready > 0)
    conn = tuv_pick_least_loaded(pool, needs,
                                 message ? pool->context->url.max_inflight : TUV_PICK_ANY, size);
  if (conn == NULL) return enqueue(pool, req, payload, size);
  bool busy = tuv_inflight_count(&conn->inflight) > 0;
  if (op->type->acquired != NULL) {
    op->type->acquired(req, conn);
    if (busy) tuv_pool_open(pool, 1, needs);
    return 0;
  }
  if (!message) {
    req->host = tuv_conn_host(conn);
    op->type->reply(op, conn, NULL);
    tuv_req_defer(req, 0, 0, NULL);
    return 0;
  }
  int status = req->idempotent != 0 ? tuv_pool_queue_keep(pool, req, payload, size) : 0;
  if (status == 0) status = give(conn, req, payload, size);
  if (status < 0) tuv_pool_queue_drop(tuv_req_of(req));
  if (status == 0 && busy) tuv_pool_open(pool, 1, needs);
  return status;
}

bool tuv_pool_has_idle(tuv_pool_t* pool, unsigned needs) {
  if (tuv_pick_least_loaded(pool, needs, 1, 0) != NULL) return true;
  tuv_pool_open(pool, 1, needs);
  return false;
}

bool tuv_pool_has_room(tuv_pool_t* pool, unsigned needs) {
  if (tuv_pick_least_loaded(pool, needs, pool->context->url.max_inflight, 0) != NULL) return true;
  tuv_pool_open(pool, 1, needs);
  return false;
}

/* Gives a queued request to a connection, or completes it. */
static void give_queued(tuv_conn_t* conn, taosuv_req_t* req) {
  tuv_pool_t* pool = tuv_pool_of(conn);
  tuv_req_t* priv = tuv_req_of(req);
  tuv_pool_queue_remove(pool, req);
  if (priv->op.type->acquired != NULL) {
    priv->op.type->acquired(req, conn);
    return;
  }
  if (priv->op.type->encode == NULL) {
    req->host = tuv_conn_host(conn);
    priv->op.type->reply(&priv->op, conn, NULL);
    tuv_req_finish(req, 0);
    return;
  }
  const void* payload = priv->payload == NULL ? NULL : priv->payload->data;
  int status = give(conn, req, payload, priv->payload_size);
  if (req->idempotent == 0) tuv_pool_queue_drop(priv);
  if (status < 0) tuv_req_finish(req, status);
}

/* The first request that a connection of a kind outside of `full` can take; or NULL. */
static taosuv_req_t* first_queued(tuv_pool_t* pool, unsigned full) {
  if (full == TUV_SERVES_ALL) return NULL;
  for (tuv_queue_t* at = pool->queue.next; at != &pool->queue; at = at->next) {
    tuv_op_t* op = TUV_CONTAINER(at, tuv_op_t, link);
    if ((tuv_op_needs(op->type) & ~full) != 0) return tuv_req_of_op(op);
  }
  return NULL;
}

void tuv_pool_pump(tuv_pool_t* pool) {
  size_t bound = pool->queued > 0 ? tuv_pick_share(pool) : 0;
  unsigned full = 0; /* the kinds for which no connection has room */
  taosuv_req_t* req;
  while (pool->conns.ready > 0 && (req = first_queued(pool, full)) != NULL) {
    const tuv_req_t* priv = tuv_req_of(req);
    unsigned needs = tuv_op_needs(priv->op.type);
    bool message = priv->op.type->encode != NULL || priv->op.type->acquired != NULL;
    tuv_conn_t* conn = tuv_pick_least_loaded(pool, needs, message ? bound : TUV_PICK_ANY,
                                             priv->payload_size);
    if (conn != NULL)
      give_queued(conn, req);
    else
      full |= pool->conns.narrow == 0 ? (unsigned) TUV_SERVES_ALL : needs;
  }
  tuv_pool_open_for_queued(pool);
  tuv_pool_check_drain(pool);
}

bool tuv_pool_requeue(tuv_pool_t* pool, taosuv_req_t* req) {
  tuv_req_t* priv = tuv_req_of(req);
  /* Behind requests that were moved before, in front of all others. */
  tuv_queue_t* at = pool->queue.next;
  while (at != &pool->queue &&
         tuv_req_of(tuv_req_of_op(TUV_CONTAINER(at, tuv_op_t, link)))->moves > 0)
    at = at->next;
  if (tuv_pool_queue_put(pool, req, at) < 0) return false;
  priv->moves++;
  req->host = NULL;
  pool->context->totals.moves++;
  tuv_observe_op(pool->context, TAOSUV_TRACE_QUEUED, &priv->op, NULL);
  return true;
}

void tuv_pool_ready(tuv_conn_t* conn) {
  tuv_pool_t* pool = tuv_pool_of(conn);
  conn->state = TUV_CONN_READY;
  pool->conns.transport->ready(conn);
  tuv_timers_remove(&pool->context->timers, &conn->timed);
  tuv_timers_remove(&pool->context->timers, &conn->address_timed);
  tuv_avoid_remove(&pool->conns.avoid, &conn->route.address);
  pool->conns.connecting--;
  pool->conns.ready++;
  pool->connects++;
  pool->attempts = 0;
  tuv_hosts_mark_up(&pool->hosts, conn->host->index);
  tuv_endpoint_ready(conn);
  tuv_keepalive_begin(conn);
  tuv_conn_observe(conn, TAOSUV_TRACE_CONN_READY, NULL);
  tuv_pool_pump(pool);
}

/* Another host would refuse as well, and so would the same host later. Trouble with the network is
 * different: the next host may work, and so may this one a moment later. */
static bool worth_another_attempt(const tuv_pool_t* pool, const tuv_failure_t* failure) {
  taosuv_err_class_t class = taosuv_err_class(failure->status);
  bool trouble = class == TAOSUV_CLASS_NETWORK || class == TAOSUV_CLASS_TIMEOUT;
  uint64_t rounds = (uint64_t) pool->context->url.retries + 1;
  return trouble && pool->attempts < tuv_hosts_listed(&pool->hosts) * rounds;
}

void tuv_pool_connect_failed(tuv_pool_t* pool, uint32_t host, uint64_t started, unsigned served,
                             const tuv_failure_t* failure) {
  /* While there are other connections nobody waits for this one, and the attempt does not count. */
  bool alone = tuv_pick_usable(pool, served) == 0;
  if (tuv_hosts_failed(&pool->hosts, host, started, tuv_now()) && alone) pool->attempts++;
  if (pool->context->closing) return;
  bool again = alone && tuv_pick_connecting(pool, served) == 0 &&
               worth_another_attempt(pool, failure);
  for (unsigned kind = 0; again && kind < TUV_POOL_KINDS; kind++)
    if ((served & 1u << kind) != 0 && pool->queued_kinds[kind] > 0)
      tuv_pool_open(pool, pool->queued_kinds[kind], 1u << kind);
  if (tuv_pool_has_hope(pool, served)) {
    if (pool->conns.ready > 0) tuv_pool_pump(pool);
    return;
  }
  pool->attempts = 0;
  tuv_pool_fail_queued(pool, failure);
  tuv_pool_check_drain(pool);
}
