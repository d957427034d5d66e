/* The pool: which connection a request goes over, what waits for one, when there are more. */
#include <string.h>

#include "client/core/complete.h"
#include "client/core/failure.h"
#include "client/core/op.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/conn/send.h"
#include "client/conn/endpoint.h"
#include "client/conn/keepalive.h"
#include "client/pool/client.h"
#include "client/pool/hosts.h"
#include "client/pool/pool.h"
#include "client/core/observe.h"

/* The bound of what takes no place on a connection. */
#define NO_MESSAGE SIZE_MAX

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

static tuv_conn_t* conn_of(tuv_queue_t* link) {
  return TUV_CONTAINER(link, tuv_conn_t, link);
}

/* A suspect connection gets no new request. A consumer's requests mean something on its own
 * connection only. */
static bool is_avoided(const tuv_conn_t* conn) {
  return conn->suspect && !conn->conns->endpoint->single;
}

/* The connection with least in flight, less than `bound`, that serves one of these kinds and has
 * room for so many bytes; or NULL. */
static tuv_conn_t* least_loaded(tuv_pool_t* pool, unsigned needs, size_t bound, size_t size) {
  tuv_conn_t* best = NULL;
  for (tuv_queue_t* at = pool->conns.list.next; at != &pool->conns.list; at = at->next) {
    tuv_conn_t* conn = conn_of(at);
    if (conn->state != TUV_CONN_READY || conn->retiring || is_avoided(conn)) continue;
    if (tuv_inflight_count(&conn->inflight) >= bound || (conn->serves & needs) == 0) continue;
    if (best != NULL && tuv_inflight_count(&conn->inflight) >= tuv_inflight_count(&best->inflight))
      continue;
    if (bound != NO_MESSAGE && !tuv_conn_has_room(conn, size)) continue;
    best = conn;
    if (tuv_inflight_count(&best->inflight) == 0) break;
  }
  return best;
}

/* Connections of one of the two states that serve one of these kinds. */
static uint32_t count_for(const tuv_pool_t* pool, bool ready, unsigned needs) {
  uint32_t count = 0;
  if (pool->conns.narrow == 0) return ready ? tuv_pool_usable(pool) : pool->conns.connecting;
  for (tuv_queue_t* at = pool->conns.list.next; at != &pool->conns.list; at = at->next) {
    const tuv_conn_t* conn = conn_of(at);
    bool counts = ready ? conn->state == TUV_CONN_READY && !conn->retiring
                        : conn->state < TUV_CONN_READY;
    count += counts && (conn->serves & needs) != 0;
  }
  return count;
}

uint32_t tuv_pool_usable_for(const tuv_pool_t* pool, unsigned needs) {
  return count_for(pool, true, needs);
}

/* Those that there are and those that are on their way. */
static uint32_t all_for(const tuv_pool_t* pool, unsigned needs) {
  return count_for(pool, true, needs) + count_for(pool, false, needs);
}

bool tuv_pool_id_in_flight(tuv_pool_t* pool, uint64_t id) {
  for (tuv_queue_t* at = pool->conns.list.next; at != &pool->conns.list; at = at->next)
    if (tuv_inflight_get(&conn_of(at)->inflight, id) != NULL) return true;
  return tuv_idmap_get(&pool->queued_ids, id) != NULL;
}

/* The counter of queued requests that a connection of their kind must be opened for. */
static uint32_t* queued_kind(tuv_pool_t* pool, const tuv_req_t* priv) {
  unsigned needs = tuv_op_needs(priv->op.type), kind = 0;
  while ((needs & 1u << kind) == 0) kind++;
  return &pool->queued_kinds[kind];
}

static void release(taosuv_req_t* req) {
  tuv_pool_t* pool = &tuv_client_of(tuv_req_of(req)->context)->pool;
  tuv_pool_unqueue(pool, req);
  tuv_pool_check_drain(pool);
}

static bool never_sent(const taosuv_req_t* req) {
  (void) req;
  return false;
}

static const tuv_holder_t queue_holder = {.release = release, .maybe_sent = never_sent};

/* Puts a request with its payload in front of `at` in the queue. Returns 0 or TAOSUV_ENOMEM. */
static int put_in_queue(tuv_pool_t* pool, taosuv_req_t* req, tuv_queue_t* at) {
  tuv_req_t* priv = tuv_req_of(req);
  if (tuv_idmap_reserve(&pool->queued_ids) != 0) return TAOSUV_ENOMEM;
  tuv_idmap_put(&pool->queued_ids, priv->op.id, &priv->op);
  tuv_queue_insert_before(at, &priv->op.link);
  tuv_req_hold(req, &queue_holder);
  pool->queued++;
  (*queued_kind(pool, priv))++;
  pool->queued_bytes += priv->payload_size;
  return 0;
}

void tuv_pool_unqueue(tuv_pool_t* pool, taosuv_req_t* req) {
  tuv_req_t* priv = tuv_req_of(req);
  tuv_req_unhold(req);
  tuv_idmap_remove(&pool->queued_ids, priv->op.id);
  tuv_queue_remove(&priv->op.link);
  pool->queued--;
  (*queued_kind(pool, priv))--;
  pool->queued_bytes -= priv->payload_size;
}

static void open_more(tuv_pool_t* pool, uint32_t wanted, unsigned needs);
static void fail_queued(tuv_pool_t* pool, const tuv_failure_t* failure);

/* Whether there is anything that queued requests of these kinds can wait for. */
static bool has_hope(const tuv_pool_t* pool, unsigned needs) {
  return pool->reconnect_due || all_for(pool, needs) > 0;
}

/* Opens connections for the requests that wait. When that cannot even be begun, nothing would end
 * their waiting. */
static void open_for_queued(tuv_pool_t* pool) {
  tuv_failure_t failure = {TAOSUV_ENOMEM, 0, 0, "no memory for a connection", NULL};
  for (unsigned kind = 0; kind < TUV_POOL_KINDS; kind++) {
    if (pool->queued_kinds[kind] == 0) continue;
    open_more(pool, pool->queued_kinds[kind], 1u << kind);
    if (!pool->context->closing && !has_hope(pool, 1u << kind)) fail_queued(pool, &failure);
  }
}

void tuv_pool_narrowed(tuv_pool_t* pool) {
  if (pool->queued > 0) open_for_queued(pool);
}

static void on_reconnect(tuv_timed_t* timed) {
  tuv_pool_t* pool = TUV_CONTAINER(timed, tuv_pool_t, reconnect);
  pool->reconnect_due = false;
  open_for_queued(pool);
}

/* All hosts are to be left alone for a while, and there is no connection: waits for the first. */
static void reconnect_in(tuv_pool_t* pool, uint64_t wait, unsigned needs) {
  if (has_hope(pool, needs)) return;
  pool->reconnect.expire = on_reconnect;
  uint64_t at = tuv_now() + wait;
  pool->reconnect_due = tuv_timers_add(&pool->context->timers, &pool->reconnect, at) == 0;
}

/* Opens connections while there are requests of a kind that none is being opened for. */
static void open_more(tuv_pool_t* pool, uint32_t wanted, unsigned needs) {
  uint32_t host;
  uint64_t wait;
  while (!pool->context->closing && count_for(pool, false, needs) < wanted &&
         all_for(pool, needs) < pool->context->url.pool_size) {
    tuv_conn_t* conn;
    if (!tuv_hosts_pick(&pool->hosts, tuv_now(), &host, &wait)) {
      reconnect_in(pool, wait, needs);
      return;
    }
    if (tuv_conn_start(&pool->conns, &pool->hosts.list[host].base, needs, &conn) < 0) return;
  }
}

/* A request that just comes to a connection, or whose turn has come: what is not a message is
 * complete. */
static int give(tuv_conn_t* conn, taosuv_req_t* req, const void* payload, size_t size) {
  int status = tuv_conn_send_request(conn, req, payload, size);
  if (status < 0) return status;
  /* Of those that are equally busy the next one is next, so that hosts have equal shares; unless
   * connections are to become idle when fewer would do. */
  if (conn->context->url.idle_timeout == 0) {
    tuv_queue_remove(&conn->link);
    tuv_queue_push(&conn->conns->list, &conn->link);
  }
  return 0;
}

static void drop_payload(tuv_req_t* priv) {
  tuv_refbuf_unref(priv->payload);
  priv->payload = NULL;
}

/* Copies the payload of a request that has to be sent later, or perhaps again. */
static int keep_payload(tuv_pool_t* pool, taosuv_req_t* req, const void* payload, size_t size) {
  tuv_req_t* priv = tuv_req_of(req);
  if (size > UINT32_MAX) return TAOSUV_EMSGSIZE;
  priv->payload_size = (uint32_t) size;
  if (size == 0) return 0;
  priv->payload = tuv_refbuf_take(pool->context->mem, size);
  if (priv->payload == NULL) return TAOSUV_ENOMEM;
  memcpy(priv->payload->data, payload, size);
  return 0;
}

/* How many requests may wait. Without any connection one always may: it is what opens one, and who
 * is told when that fails. */
static uint32_t queue_bound(const tuv_pool_t* pool, unsigned needs) {
  bool none = pool->context->url.max_queue == 0 && tuv_pool_usable_for(pool, needs) == 0;
  return none ? 1 : pool->context->url.max_queue;
}

/* Whether one more of so many bytes may wait. How large it may be, one always may: it would never
 * come to its turn else. */
static bool queue_takes(const tuv_pool_t* pool, unsigned needs, size_t size) {
  if (pool->queued >= queue_bound(pool, needs)) return false;
  uint64_t most = pool->context->url.max_queue_bytes;
  uint64_t now = pool->queued_bytes;
  return pool->queued == 0 || (now <= most && size <= most - now);
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

static int enqueue(tuv_pool_t* pool, taosuv_req_t* req, const void* payload, size_t size) {
  tuv_req_t* priv = tuv_req_of(req);
  unsigned needs = tuv_op_needs(priv->op.type);
  bool counted = priv->op.type->acquired != NULL; /* what it is for is counted already */
  if (!counted && !queue_takes(pool, needs, size)) {
    pool->drain_wanted = true;
    open_more(pool, pool->queued + 1, needs);
    return TAOSUV_EAGAIN;
  }
  int status = keep_payload(pool, req, payload, size);
  if (status == 0) status = put_in_queue(pool, req, &pool->queue);
  if (status < 0) {
    drop_payload(priv);
    return status;
  }
  open_more(pool, *queued_kind(pool, priv), needs);
  if (has_hope(pool, needs)) {
    if (!counted) tuv_observe_op(pool->context, TAOSUV_TRACE_QUEUED, &priv->op, NULL);
    return 0;
  }
  /* Not even a beginning could be made: out of memory. */
  tuv_pool_unqueue(pool, req);
  drop_payload(priv);
  return TAOSUV_ENOMEM;
}

/* Whether no request waits that a connection of these kinds could take. */
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
    conn = least_loaded(pool, needs, message ? pool->context->url.max_inflight : NO_MESSAGE, size);
  if (conn == NULL) return enqueue(pool, req, payload, size);
  bool busy = tuv_inflight_count(&conn->inflight) > 0;
  if (op->type->acquired != NULL) {
    op->type->acquired(req, conn);
    if (busy) open_more(pool, 1, needs);
    return 0;
  }
  if (!message) {
    req->host = tuv_conn_host(conn);
    op->type->reply(op, conn, NULL);
    tuv_req_defer(req, 0, 0, NULL);
    return 0;
  }
  int status = req->idempotent != 0 ? keep_payload(pool, req, payload, size) : 0;
  if (status == 0) status = give(conn, req, payload, size);
  if (status < 0) drop_payload(tuv_req_of(req));
  if (status == 0 && busy) open_more(pool, 1, needs);
  return status;
}

bool tuv_pool_has_idle(tuv_pool_t* pool, unsigned needs) {
  if (least_loaded(pool, needs, 1, 0) != NULL) return true;
  open_more(pool, 1, needs);
  return false;
}

bool tuv_pool_has_room(tuv_pool_t* pool, unsigned needs) {
  if (least_loaded(pool, needs, pool->context->url.max_inflight, 0) != NULL) return true;
  open_more(pool, 1, needs);
  return false;
}

void tuv_pool_check_drain(tuv_pool_t* pool) {
  if (!pool->drain_wanted || pool->queued + pool->held > pool->context->url.max_queue / 2) return;
  if (pool->queued_bytes + pool->held_bytes > pool->context->url.max_queue_bytes / 2) return;
  bool room = queue_bound(pool, TUV_SERVES_ALL) > 0 ||
              least_loaded(pool, TUV_SERVES_ALL, pool->context->url.max_inflight, 0) != NULL;
  if (!room) return;
  pool->drain_wanted = false;
  if (pool->drained != NULL) pool->drained(pool);
}

/* How long requests are kept for a connection that is on its way. */
#define SHARE_MS 1000u

/* Connections that will be ready soon, as far as can be told. */
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

/* While others are still connecting, one connection takes its share only. */
static size_t share(const tuv_pool_t* pool) {
  size_t bound = pool->context->url.max_inflight;
  uint32_t others = coming(pool);
  if (others == 0) return bound;
  size_t fair = (size_t) pool->queued / (tuv_pool_usable(pool) + others) + 1;
  return fair < bound ? fair : bound;
}

/* Gives a queued request to a connection, or completes it. */
static void give_queued(tuv_conn_t* conn, taosuv_req_t* req) {
  tuv_pool_t* pool = tuv_pool_of(conn);
  tuv_req_t* priv = tuv_req_of(req);
  tuv_pool_unqueue(pool, req);
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
  if (req->idempotent == 0) drop_payload(priv);
  if (status < 0) tuv_req_finish(req, status);
}

/* The first request that is not of these kinds alone; or NULL. */
static taosuv_req_t* first_queued(tuv_pool_t* pool, unsigned full) {
  if (full == TUV_SERVES_ALL) return NULL;
  for (tuv_queue_t* at = pool->queue.next; at != &pool->queue; at = at->next) {
    tuv_op_t* op = TUV_CONTAINER(at, tuv_op_t, link);
    if ((tuv_op_needs(op->type) & ~full) != 0) return tuv_req_of_op(op);
  }
  return NULL;
}

void tuv_pool_pump(tuv_pool_t* pool) {
  size_t bound = pool->queued > 0 ? share(pool) : 0;
  unsigned full = 0; /* the kinds for which there is no place */
  taosuv_req_t* req;
  while (pool->conns.ready > 0 && (req = first_queued(pool, full)) != NULL) {
    const tuv_req_t* priv = tuv_req_of(req);
    unsigned needs = tuv_op_needs(priv->op.type);
    bool message = priv->op.type->encode != NULL || priv->op.type->acquired != NULL;
    tuv_conn_t* conn = least_loaded(pool, needs, message ? bound : NO_MESSAGE, priv->payload_size);
    if (conn != NULL)
      give_queued(conn, req);
    else
      full |= pool->conns.narrow == 0 ? (unsigned) TUV_SERVES_ALL : needs;
  }
  open_for_queued(pool);
  tuv_pool_check_drain(pool);
}

bool tuv_pool_requeue(tuv_pool_t* pool, taosuv_req_t* req) {
  tuv_req_t* priv = tuv_req_of(req);
  /* In front of what came later, behind what was moved before. */
  tuv_queue_t* at = pool->queue.next;
  while (at != &pool->queue &&
         tuv_req_of(tuv_req_of_op(TUV_CONTAINER(at, tuv_op_t, link)))->moves > 0)
    at = at->next;
  if (put_in_queue(pool, req, at) < 0) return false;
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

/* Fails the queued requests that nothing will take. */
static void fail_queued(tuv_pool_t* pool, const tuv_failure_t* failure) {
  tuv_queue_t batch, others;
  tuv_queue_init(&batch);
  tuv_queue_init(&others);
  while (!tuv_queue_empty(&pool->queue)) {
    tuv_op_t* op = TUV_CONTAINER(pool->queue.next, tuv_op_t, link);
    tuv_queue_remove(&op->link);
    bool hope = has_hope(pool, tuv_op_needs(op->type));
    tuv_queue_push(hope ? &others : &batch, &op->link);
  }
  tuv_queue_move(&others, &pool->queue);
  tuv_queue_t reqs;
  tuv_queue_init(&reqs);
  while (!tuv_queue_empty(&batch)) {
    tuv_op_t* op = TUV_CONTAINER(batch.next, tuv_op_t, link);
    taosuv_req_t* req = tuv_req_of_op(op);
    tuv_pool_unqueue(pool, req);
    if (op->type->acquire_failed != NULL)
      op->type->acquire_failed(req, failure);
    else
      tuv_req_set_aside(req, &reqs);
  }
  tuv_req_fail_all(pool->context, &reqs, failure);
}

/* A refusal is the same on every host and at any time; trouble with one host says nothing of the
 * next, and little of the same one a moment later. */
static bool worth_another_attempt(const tuv_pool_t* pool, const tuv_failure_t* failure) {
  taosuv_err_class_t class = taosuv_err_class(failure->status);
  bool trouble = class == TAOSUV_CLASS_NETWORK || class == TAOSUV_CLASS_TIMEOUT;
  uint64_t rounds = (uint64_t) pool->context->url.retries + 1;
  return trouble && pool->attempts < tuv_hosts_listed(&pool->hosts) * rounds;
}

/* A connection could not be made. Requests that wait are taken by the other connections; when there
 * are none, by one to the next host, or to this one after a while; when all that was tried often
 * enough, they fail for this reason. */
void tuv_pool_connect_failed(tuv_pool_t* pool, uint32_t host, uint64_t started, unsigned served,
                             const tuv_failure_t* failure) {
  /* While there are other connections nobody waits for this one: it is no attempt to count. */
  bool alone = tuv_pool_usable_for(pool, served) == 0;
  if (tuv_hosts_failed(&pool->hosts, host, started, tuv_now()) && alone) pool->attempts++;
  if (pool->context->closing) return;
  bool again = alone && count_for(pool, false, served) == 0 && worth_another_attempt(pool, failure);
  for (unsigned kind = 0; again && kind < TUV_POOL_KINDS; kind++)
    if ((served & 1u << kind) != 0 && pool->queued_kinds[kind] > 0)
      open_more(pool, pool->queued_kinds[kind], 1u << kind);
  if (has_hope(pool, served)) {
    if (pool->conns.ready > 0) tuv_pool_pump(pool);
    return;
  }
  pool->attempts = 0;
  fail_queued(pool, failure);
  tuv_pool_check_drain(pool);
}
