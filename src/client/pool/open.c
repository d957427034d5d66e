/* When connections are opened: for requests that wait, while there may be more of them. */
#include "client/pool/open.h"

#include "client/core/complete.h"
#include "client/core/req.h"
#include "client/pool/pick.h"
#include "client/pool/queue.h"

/* The number of connections that are usable or connecting. */
static uint32_t all_for(const tuv_pool_t* pool, unsigned needs) {
  return tuv_pick_usable(pool, needs) + tuv_pick_connecting(pool, needs);
}

bool tuv_pool_has_hope(const tuv_pool_t* pool, unsigned needs) {
  return pool->reconnect_due || all_for(pool, needs) > 0;
}

void tuv_pool_fail_queued(tuv_pool_t* pool, const tuv_failure_t* failure) {
  tuv_queue_t batch, others;
  tuv_queue_init(&batch);
  tuv_queue_init(&others);
  while (!tuv_queue_empty(&pool->queue)) {
    tuv_op_t* op = TUV_CONTAINER(pool->queue.next, tuv_op_t, link);
    tuv_queue_remove(&op->link);
    bool hope = tuv_pool_has_hope(pool, tuv_op_needs(op->type));
    tuv_queue_push(hope ? &others : &batch, &op->link);
  }
  tuv_queue_move(&others, &pool->queue);
  tuv_queue_t reqs;
  tuv_queue_init(&reqs);
  while (!tuv_queue_empty(&batch)) {
    tuv_op_t* op = TUV_CONTAINER(batch.next, tuv_op_t, link);
    taosuv_req_t* req = tuv_req_of_op(op);
    tuv_pool_queue_remove(pool, req);
    if (op->type->acquire_failed != NULL)
      op->type->acquire_failed(req, failure);
    else
      tuv_req_set_aside(req, &reqs);
  }
  tuv_req_fail_all(pool->context, &reqs, failure);
}

void tuv_pool_open_for_queued(tuv_pool_t* pool) {
  tuv_failure_t failure = {TAOSUV_ENOMEM, 0, 0, "no memory for a connection", NULL};
  for (unsigned kind = 0; kind < TUV_POOL_KINDS; kind++) {
    if (pool->queued_kinds[kind] == 0) continue;
    tuv_pool_open(pool, pool->queued_kinds[kind], 1u << kind);
    if (!pool->context->closing && !tuv_pool_has_hope(pool, 1u << kind))
      tuv_pool_fail_queued(pool, &failure);
  }
}

void tuv_pool_narrowed(tuv_pool_t* pool) {
  if (pool->queued > 0) tuv_pool_open_for_queued(pool);
}

static void on_reconnect(tuv_timed_t* timed) {
  tuv_pool_t* pool = TUV_CONTAINER(timed, tuv_pool_t, reconnect);
  pool->reconnect_due = false;
  tuv_pool_open_for_queued(pool);
}

/* No host may be tried for `wait` ms. Without any connection, the pool tries again then. */
static void reconnect_in(tuv_pool_t* pool, uint64_t wait, unsigned needs) {
  if (tuv_pool_has_hope(pool, needs)) return;
  pool->reconnect.expire = on_reconnect;
  uint64_t at = tuv_now() + wait;
  pool->reconnect_due = tuv_timers_add(&pool->context->timers, &pool->reconnect, at) == 0;
}

void tuv_pool_open(tuv_pool_t* pool, uint32_t wanted, unsigned needs) {
  uint32_t host;
  uint64_t wait;
  while (!pool->context->closing && tuv_pick_connecting(pool, needs) < wanted &&
         all_for(pool, needs) < pool->context->url.pool_size) {
    tuv_conn_t* conn;
    if (!tuv_hosts_pick(&pool->hosts, tuv_now(), &host, &wait)) {
      reconnect_in(pool, wait, needs);
      return;
    }
    if (tuv_conn_start(&pool->conns, &pool->hosts.list[host].base, needs, &conn) < 0) return;
  }
}
