/* Connections move to the hosts where they belong: back to a host that is up again, and away from one
 * that servers no longer name. First a new connection is opened. Then an old one takes no more
 * requests, and closes with its last result. */
#include "client/core/op.h"
#include "client/conn/conn.h"
#include "client/conn/keepalive.h"
#include "client/pool/balance.h"
#include "client/pool/client.h"
#include "client/pool/pick.h"
#include "client/pool/hosts.h"
#include "client/pool/pool.h"

/* One connection may move at a time, and one more for this many connections in the pool. */
#define POOL_PER_MOVE 16u

/* How long to wait when there is no memory to begin a move. */
#define NO_MEMORY_WAIT_MS 1000u

typedef struct move_s {
  uint32_t from, to;
  bool found;
  uint64_t at; /* if not found: when to look again; UINT64_MAX: never */
} move_t;

/* Whether a connection should move from one host to the other, given how many are moving. */
static bool belongs(const tuv_pool_t* pool, uint32_t from, uint32_t to) {
  const tuv_pool_host_t* a = &pool->hosts.list[from];
  const tuv_pool_host_t* b = &pool->hosts.list[to];
  if (from == to || a->base.open <= pool->moving) return false;
  if (!a->listed) return true;
  if (pool->context->url.first_alive) return to < from;
  return a->base.open - pool->moving >= b->base.open + 2;
}

/* The host that should lose a connection: an unlisted one, or with first_alive the last one, or the
 * one with most connections. */
static uint32_t fullest(const tuv_pool_t* pool) {
  uint32_t worst = 0;
  for (uint32_t i = 1; i < pool->hosts.count; i++) {
    const tuv_pool_host_t* entry = &pool->hosts.list[i];
    const tuv_pool_host_t* than = &pool->hosts.list[worst];
    if (entry->base.open == 0) continue;
    bool worse = entry->base.open > than->base.open;
    if (pool->context->url.first_alive) worse = true;
    if (entry->listed != than->listed) worse = than->listed;
    if (worse || than->base.open == 0) worst = i;
  }
  return worst;
}

/* The next move: with first_alive to the first host, otherwise to the one with fewest connections. */
static move_t next_move(const tuv_pool_t* pool) {
  move_t move = {.from = fullest(pool), .at = UINT64_MAX};
  uint64_t now = tuv_now();
  for (uint32_t i = 0; i < pool->hosts.count; i++) {
    const tuv_pool_host_t* entry = &pool->hosts.list[i];
    if (!entry->listed || !belongs(pool, move.from, i)) continue;
    if (entry->retry_at > now) {
      if (entry->retry_at < move.at) move.at = entry->retry_at;
      continue;
    }
    bool better = !move.found || (!pool->context->url.first_alive &&
                                  entry->base.open < pool->hosts.list[move.to].base.open);
    if (better) move.to = i;
    move.found = true;
  }
  return move;
}

static void on_due(tuv_timed_t* timed) {
  tuv_balance_look(TUV_CONTAINER(timed, tuv_pool_t, balance));
}

static void look_at(tuv_pool_t* pool, uint64_t at) {
  pool->balance.expire = on_due;
  tuv_timers_remove(&pool->context->timers, &pool->balance);
  /* Without memory for the timer, the next connection that comes or goes is the next occasion. */
  if (at != UINT64_MAX) tuv_timers_add(&pool->context->timers, &pool->balance, at);
}

void tuv_balance_replaces(tuv_conn_t* conn) {
  conn->replaces = true;
  tuv_pool_of(conn)->moving++;
}

/* The connection with least in flight on the fullest host, of those that serve one of these kinds. */
static tuv_conn_t* dispensable(const tuv_pool_t* pool, unsigned needs, const tuv_conn_t* but) {
  tuv_conn_t* found = NULL;
  uint32_t host = fullest(pool);
  /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it takes conn for NULL if `but` is */
  for (tuv_queue_t* at = pool->conns.list.next; at != &pool->conns.list; at = at->next) {
    tuv_conn_t* conn = TUV_CONTAINER(at, tuv_conn_t, link);
    if (conn == but || conn->state != TUV_CONN_READY || conn->retiring || conn->host->index != host)
      continue;
    if ((conn->serves & needs) == 0) continue;
    if (found == NULL || tuv_inflight_count(&conn->inflight) < tuv_inflight_count(&found->inflight))
      found = conn;
  }
  return found;
}

int tuv_balance_replace(tuv_pool_t* pool, uint32_t host) {
  tuv_conn_t* conn;
  const tuv_conn_t* replaced = dispensable(pool, TUV_SERVES_ALL, NULL);
  unsigned wanted = replaced == NULL ? (unsigned) TUV_SERVES_ALL : replaced->serves;
  int status = tuv_conn_start(&pool->conns, &pool->hosts.list[host].base, wanted, &conn);
  if (status < 0) return status;
  tuv_balance_replaces(conn);
  return 0;
}

void tuv_balance_look(tuv_pool_t* pool) {
  uint64_t at = UINT64_MAX;
  if (pool->context->closing || pool->hosts.count == 1 || pool->conns.endpoint->single) return;
  uint32_t most = 1 + pool->context->url.pool_size / POOL_PER_MOVE;
  while (tuv_pool_usable(pool) > 0 && pool->moving < most) {
    move_t move = next_move(pool);
    at = move.at;
    if (!move.found) break;
    if (tuv_balance_replace(pool, move.to) == 0) continue;
    at = tuv_now() + NO_MEMORY_WAIT_MS;
    break;
  }
  look_at(pool, at);
}

/* Retires the connection that the new one replaces. Also retires what is beyond pool_size: a
 * connection that was to be replaced may have died and been replaced by another one meanwhile. */
static void let_go(tuv_pool_t* pool, const tuv_conn_t* conn, bool replaces) {
  tuv_conn_t* other = replaces ? dispensable(pool, conn->serves, conn) : NULL;
  if (other != NULL) tuv_keepalive_retire(other);
  for (unsigned kind = TUV_SERVES_QUERY; kind <= TUV_SERVES_LINES; kind <<= 1)
    while (tuv_pick_usable(pool, kind) > pool->context->url.pool_size &&
           (other = dispensable(pool, kind, conn)) != NULL)
      tuv_keepalive_retire(other);
}

void tuv_balance_ready(tuv_conn_t* conn) {
  tuv_pool_t* pool = tuv_pool_of(conn);
  bool replaces = conn->replaces;
  tuv_balance_done(conn);
  let_go(pool, conn, replaces);
  tuv_balance_look(pool);
}

void tuv_balance_done(tuv_conn_t* conn) {
  if (!conn->replaces) return;
  conn->replaces = false;
  tuv_pool_of(conn)->moving--;
}
