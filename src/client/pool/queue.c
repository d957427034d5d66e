/* The requests that wait for a connection, or for their statement. */
#include "client/pool/queue.h"

#include <string.h>

#include "client/core/req.h"
#include "client/pool/pick.h"

uint32_t* tuv_pool_queue_kind(tuv_pool_t* pool, const tuv_req_t* priv) {
  unsigned needs = tuv_op_needs(priv->op.type), kind = 0;
  while ((needs & 1u << kind) == 0) kind++;
  return &pool->queued_kinds[kind];
}

void tuv_pool_queue_drop(tuv_req_t* priv) {
  tuv_refbuf_unref(priv->payload);
  priv->payload = NULL;
}

int tuv_pool_queue_keep(tuv_pool_t* pool, taosuv_req_t* req, const void* payload, size_t size) {
  tuv_req_t* priv = tuv_req_of(req);
  if (size > UINT32_MAX) return TAOSUV_EMSGSIZE;
  priv->payload_size = (uint32_t) size;
  if (size == 0) return 0;
  priv->payload = tuv_refbuf_take(pool->context->mem, size);
  if (priv->payload == NULL) return TAOSUV_ENOMEM;
  memcpy(priv->payload->data, payload, size);
  return 0;
}

/* ---- bounds ---- */

/* How many requests may wait. With max_queue=0 and no connection, one may: it has a connection
 * opened, and fails if that fails. */
static uint32_t queue_bound(const tuv_pool_t* pool, unsigned needs) {
  bool none = pool->context->url.max_queue == 0 && tuv_pick_usable(pool, needs) == 0;
  return none ? 1 : pool->context->url.max_queue;
}

bool tuv_pool_queue_takes(const tuv_pool_t* pool, unsigned needs, size_t size) {
  if (pool->queued >= queue_bound(pool, needs)) return false;
  uint64_t most = pool->context->url.max_queue_bytes;
  uint64_t now = pool->queued_bytes;
  return pool->queued == 0 || (now <= most && size <= most - now);
}

void tuv_pool_check_drain(tuv_pool_t* pool) {
  if (!pool->drain_wanted || pool->queued + pool->held > pool->context->url.max_queue / 2) return;
  if (pool->queued_bytes + pool->held_bytes > pool->context->url.max_queue_bytes / 2) return;
  bool room = queue_bound(pool, TUV_SERVES_ALL) > 0 ||
              tuv_pick_least_loaded(pool, TUV_SERVES_ALL, pool->context->url.max_inflight, 0) !=
                  NULL;
  if (!room) return;
  pool->drain_wanted = false;
  if (pool->drained != NULL) pool->drained(pool);
}

int tuv_pool_hold(tuv_pool_t* pool, size_t size) {
  uint64_t most = pool->context->url.max_queue_bytes, bytes = pool->queued_bytes + pool->held_bytes;
  bool first = pool->queued + pool->held == 0;
  if (pool->queued + pool->held >= queue_bound(pool, TUV_SERVES_STMT) ||
      (!first && (bytes > most || size > most - bytes))) {
    pool->drain_wanted = true;
    return TAOSUV_EAGAIN;
  }
  pool->held++;
  pool->held_bytes += size;
  return 0;
}

void tuv_pool_unhold(tuv_pool_t* pool, size_t size) {
  pool->held--;
  pool->held_bytes -= size;
  tuv_pool_check_drain(pool);
}

/* ---- the queue ---- */

static void release(taosuv_req_t* req) {
  tuv_pool_t* pool = tuv_req_of(req)->owner;
  tuv_pool_queue_remove(pool, req);
  tuv_pool_check_drain(pool);
}

static bool never_sent(const taosuv_req_t* req) {
  (void) req;
  return false;
}

static const tuv_holder_t queue_holder = {.release = release, .maybe_sent = never_sent};

int tuv_pool_queue_put(tuv_pool_t* pool, taosuv_req_t* req, tuv_queue_t* at) {
  tuv_req_t* priv = tuv_req_of(req);
  if (tuv_idmap_reserve(&pool->queued_ids) != 0) return TAOSUV_ENOMEM;
  tuv_idmap_put(&pool->queued_ids, priv->op.id, &priv->op);
  tuv_queue_insert_before(at, &priv->op.link);
  tuv_req_hold(req, &queue_holder);
  priv->owner = pool;
  pool->queued++;
  (*tuv_pool_queue_kind(pool, priv))++;
  pool->queued_bytes += priv->payload_size;
  return 0;
}

void tuv_pool_queue_remove(tuv_pool_t* pool, taosuv_req_t* req) {
  tuv_req_t* priv = tuv_req_of(req);
  tuv_req_unhold(req);
  tuv_idmap_remove(&pool->queued_ids, priv->op.id);
  tuv_queue_remove(&priv->op.link);
  pool->queued--;
  (*tuv_pool_queue_kind(pool, priv))--;
  pool->queued_bytes -= priv->payload_size;
}

bool tuv_pool_queue_has(const tuv_pool_t* pool, uint64_t id) {
  return tuv_idmap_get(&pool->queued_ids, id) != NULL;
}
