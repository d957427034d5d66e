/* Which connection is picked for a request, and how many there are to pick from. */
#include "client/pool/pick.h"

#include "client/conn/endpoint.h"
#include "client/conn/send.h"

static tuv_conn_t* conn_of(tuv_queue_t* link) {
  return TUV_CONTAINER(link, tuv_conn_t, link);
}

/* A suspect connection gets no new request. A consumer's requests mean something on its own
 * connection only. */
static bool is_avoided(const tuv_conn_t* conn) {
  return conn->suspect && !conn->conns->endpoint->single;
}

tuv_conn_t* tuv_pick_least_loaded(tuv_pool_t* pool, unsigned needs, size_t bound, size_t size) {
  tuv_conn_t* best = NULL;
  for (tuv_queue_t* at = pool->conns.list.next; at != &pool->conns.list; at = at->next) {
    tuv_conn_t* conn = conn_of(at);
    if (conn->state != TUV_CONN_READY || conn->retiring || is_avoided(conn)) continue;
    if (tuv_inflight_count(&conn->inflight) >= bound || (conn->serves & needs) == 0) continue;
    if (best != NULL && tuv_inflight_count(&conn->inflight) >= tuv_inflight_count(&best->inflight))
      continue;
    if (bound != TUV_PICK_ANY && !tuv_conn_has_room(conn, size)) continue;
    best = conn;
    if (tuv_inflight_count(&best->inflight) == 0) break;
  }
  return best;
}

/* The number of connections that are usable, or connecting, and serve one of these kinds. */
static uint32_t count(const tuv_pool_t* pool, bool ready, unsigned needs) {
  uint32_t found = 0;
  if (pool->conns.narrow == 0) return ready ? tuv_pool_usable(pool) : pool->conns.connecting;
  for (tuv_queue_t* at = pool->conns.list.next; at != &pool->conns.list; at = at->next) {
    const tuv_conn_t* conn = conn_of(at);
    bool counts = ready ? conn->state == TUV_CONN_READY && !conn->retiring
                        : conn->state < TUV_CONN_READY;
    found += counts && (conn->serves & needs) != 0;
  }
  return found;
}

uint32_t tuv_pick_usable(const tuv_pool_t* pool, unsigned needs) {
  return count(pool, true, needs);
}

uint32_t tuv_pick_connecting(const tuv_pool_t* pool, unsigned needs) {
  return count(pool, false, needs);
}

/* A connection that has been on its way for longer is not waited for. */
#define SHARE_MS 1000u

/* The number of connections that will probably be ready soon. */
static uint32_t coming(const tuv_pool_t* pool) {
  uint32_t count = 0;
  if (pool->conns.connecting == 0) return 0;
  uint64_t now = tuv_now();
  for (const tuv_queue_t* at = pool->conns.list.next; at != &pool->conns.list; at = at->next) {
    const tuv_conn_t* conn = TUV_CONTAINER(at, const tuv_conn_t, link);
    bool young = conn->begun_at + SHARE_MS > now;
    if (conn->state < TUV_CONN_READY && young && tuv_hosts_is_up(&pool->hosts, conn->host->index))
      count++;
  }
  return count;
}

size_t tuv_pick_share(const tuv_pool_t* pool) {
  size_t bound = pool->context->url.max_inflight;
  uint32_t others = coming(pool);
  if (others == 0) return bound;
  size_t fair = (size_t) pool->queued / (tuv_pool_usable(pool) + others) + 1;
  return fair < bound ? fair : bound;
}
