/* The pool: which connection a request goes over, what waits for one, when there are more. */
#include <string.h>

#include "client/core/complete.h"
#include "client/core/failure.h"
#include "client/core/op.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/conn/endpoint.h"
#include "client/conn/keepalive.h"
#include "client/pool/client.h"
#include "client/pool/hosts.h"
#include "client/pool/pool.h"
#include "client/core/observe.h"

/* The bound of what takes no place on a connection. */
#define NO_MESSAGE SIZE_MAX

static tuv_conn_t* conn_of(tuv_queue_t* link) {
  return TUV_CONTAINER(link, tuv_conn_t, link);
}

/* A suspect connection gets no new request. A consumer's requests mean something on its own
 * connection only. */
static bool is_avoided(const tuv_conn_t* conn) {
  return conn->suspect && !conn->client->endpoint->single;
}

/* The connection with least in flight, less than `bound`, that serves one of these kinds and has
 * room for so many bytes; or NULL. */
static tuv_conn_t* least_loaded(taosuv_client_t* client, unsigned needs, size_t bound,
                                size_t size) {
  tuv_conn_t* best = NULL;
  for (tuv_queue_t* at = client->conns.next; at != &client->conns; at = at->next) {
    tuv_conn_t* conn = conn_of(at);
    if (conn->state != TUV_CONN_READY || conn->retiring || is_avoided(conn)) continue;
    if (conn->table.count >= bound || (conn->serves & needs) == 0) continue;
    if (best != NULL && conn->table.count >= best->table.count) continue;
    if (bound != NO_MESSAGE && !tuv_conn_has_room(conn, size)) continue;
    best = conn;
    if (best->table.count == 0) break;
  }
  return best;
}

/* Connections of one of the two states that serve one of these kinds. */
static uint32_t count_for(const taosuv_client_t* client, bool ready, unsigned needs) {
  uint32_t count = 0;
  if (client->narrow == 0) return ready ? tuv_pool_usable(client) : client->connecting;
  for (tuv_queue_t* at = client->conns.next; at != &client->conns; at = at->next) {
    const tuv_conn_t* conn = conn_of(at);
    bool counts = ready ? conn->state == TUV_CONN_READY && !conn->retiring
                        : conn->state < TUV_CONN_READY;
    count += counts && (conn->serves & needs) != 0;
  }
  return count;
}

uint32_t tuv_pool_usable_for(const taosuv_client_t* client, unsigned needs) {
  return count_for(client, true, needs);
}

/* Those that there are and those that are on their way. */
static uint32_t all_for(const taosuv_client_t* client, unsigned needs) {
  return count_for(client, true, needs) + count_for(client, false, needs);
}

bool tuv_pool_id_in_flight(taosuv_client_t* client, uint64_t id) {
  for (tuv_queue_t* at = client->conns.next; at != &client->conns; at = at->next)
    if (tuv_idmap_get(&conn_of(at)->table, id) != NULL) return true;
  return tuv_idmap_get(&client->queued_ids, id) != NULL;
}

#define KINDS 3u

/* The counter of queued requests that a connection of their kind must be opened for. */
static uint32_t* queued_kind(taosuv_client_t* client, const tuv_req_t* priv) {
  unsigned needs = tuv_op_needs(priv->op.type), kind = 0;
  while ((needs & 1u << kind) == 0) kind++;
  return &client->queued_kinds[kind];
}

static void release(taosuv_req_t* req) {
  taosuv_client_t* client = tuv_client_of(tuv_req_of(req)->context);
  tuv_pool_unqueue(client, req);
  tuv_pool_check_drain(client);
}

static bool never_sent(const taosuv_req_t* req) {
  (void) req;
  return false;
}

static const tuv_holder_t queue_holder = {.release = release, .maybe_sent = never_sent};

/* Puts a request with its payload in front of `at` in the queue. Returns 0 or TAOSUV_ENOMEM. */
static int put_in_queue(taosuv_client_t* client, taosuv_req_t* req, tuv_queue_t* at) {
  tuv_req_t* priv = tuv_req_of(req);
  if (tuv_idmap_reserve(&client->queued_ids) != 0) return TAOSUV_ENOMEM;
  tuv_idmap_put(&client->queued_ids, priv->op.id, &priv->op);
  tuv_queue_insert_before(at, &priv->op.link);
  tuv_req_hold(req, &queue_holder);
  client->queued++;
  (*queued_kind(client, priv))++;
  client->queued_bytes += priv->payload_size;
  return 0;
}

void tuv_pool_unqueue(taosuv_client_t* client, taosuv_req_t* req) {
  tuv_req_t* priv = tuv_req_of(req);
  tuv_req_unhold(req);
  tuv_idmap_remove(&client->queued_ids, priv->op.id);
  tuv_queue_remove(&priv->op.link);
  client->queued--;
  (*queued_kind(client, priv))--;
  client->queued_bytes -= priv->payload_size;
}

static void open_more(taosuv_client_t* client, uint32_t wanted, unsigned needs);
static void fail_queued(taosuv_client_t* client, const tuv_failure_t* failure);

/* Whether there is anything that queued requests of these kinds can wait for. */
static bool has_hope(const taosuv_client_t* client, unsigned needs) {
  return client->reconnect_due || all_for(client, needs) > 0;
}

/* Opens connections for the requests that wait. When that cannot even be begun, nothing would end
 * their waiting. */
static void open_for_queued(taosuv_client_t* client) {
  tuv_failure_t failure = {TAOSUV_ENOMEM, 0, 0, "no memory for a connection", NULL};
  for (unsigned kind = 0; kind < KINDS; kind++) {
    if (client->queued_kinds[kind] == 0) continue;
    open_more(client, client->queued_kinds[kind], 1u << kind);
    if (!client->context.closing && !has_hope(client, 1u << kind)) fail_queued(client, &failure);
  }
}

void tuv_pool_narrowed(taosuv_client_t* client) {
  if (client->queued > 0) open_for_queued(client);
}

static void on_reconnect(tuv_timed_t* timed) {
  taosuv_client_t* client = TUV_CONTAINER(timed, taosuv_client_t, reconnect);
  client->reconnect_due = false;
  open_for_queued(client);
}

/* All hosts are to be left alone for a while, and there is no connection: waits for the first. */
static void reconnect_in(taosuv_client_t* client, uint64_t wait, unsigned needs) {
  if (has_hope(client, needs)) return;
  client->reconnect.expire = on_reconnect;
  uint64_t at = tuv_now() + wait;
  client->reconnect_due = tuv_timers_add(&client->context.timers, &client->reconnect, at) == 0;
}

/* Opens connections while there are requests of a kind that none is being opened for. */
static void open_more(taosuv_client_t* client, uint32_t wanted, unsigned needs) {
  uint32_t host;
  uint64_t wait;
  while (!client->context.closing && count_for(client, false, needs) < wanted &&
         all_for(client, needs) < client->context.url.pool_size) {
    tuv_conn_t* conn;
    if (!tuv_hosts_pick(client, &host, &wait)) {
      reconnect_in(client, wait, needs);
      return;
    }
    if (tuv_conn_start(client, host, needs, &conn) < 0) return;
  }
}

/* A request that just comes to a connection, or whose turn has come: what is not a message is
 * complete. */
static int give(tuv_conn_t* conn, taosuv_req_t* req, const void* payload, size_t size) {
  int status = tuv_conn_send_request(conn, req, payload, size);
  if (status < 0) return status;
  /* Of those that are equally busy the next one is next, so that hosts have equal shares; unless
   * connections are to become idle when fewer would do. */
  if (conn->client->context.url.idle_timeout == 0) {
    tuv_queue_remove(&conn->link);
    tuv_queue_push(&conn->client->conns, &conn->link);
  }
  return 0;
}

static void drop_payload(tuv_req_t* priv) {
  tuv_refbuf_unref(priv->payload);
  priv->payload = NULL;
}

/* Copies the payload of a request that has to be sent later, or perhaps again. */
static int keep_payload(taosuv_client_t* client, taosuv_req_t* req, const void* payload,
                        size_t size) {
  tuv_req_t* priv = tuv_req_of(req);
  if (size > UINT32_MAX) return TAOSUV_EMSGSIZE;
  priv->payload_size = (uint32_t) size;
  if (size == 0) return 0;
  priv->payload = tuv_refbuf_take(client->context.mem, size);
  if (priv->payload == NULL) return TAOSUV_ENOMEM;
  memcpy(priv->payload->data, payload, size);
  return 0;
}

/* How many requests may wait. Without any connection one always may: it is what opens one, and who
 * is told when that fails. */
static uint32_t queue_bound(const taosuv_client_t* client, unsigned needs) {
  bool none = client->context.url.max_queue == 0 && tuv_pool_usable_for(client, needs) == 0;
  return none ? 1 : client->context.url.max_queue;
}

/* Whether one more of so many bytes may wait. How large it may be, one always may: it would never
 * come to its turn else. */
static bool queue_takes(const taosuv_client_t* client, unsigned needs, size_t size) {
  if (client->queued >= queue_bound(client, needs)) return false;
  uint64_t most = client->context.url.max_queue_bytes;
  uint64_t now = client->queued_bytes;
  return client->queued == 0 || (now <= most && size <= most - now);
}

int tuv_pool_hold(taosuv_client_t* client, size_t size) {
  uint64_t most = client->context.url.max_queue_bytes,
           bytes = client->queued_bytes + client->held_bytes;
  bool first = client->queued + client->held == 0;
  if (client->queued + client->held >= queue_bound(client, TUV_SERVES_STMT) ||
      (!first && (bytes > most || size > most - bytes))) {
    client->drain_wanted = true;
    return TAOSUV_EAGAIN;
  }
  client->held++;
  client->held_bytes += size;
  return 0;
}

void tuv_pool_unhold(taosuv_client_t* client, size_t size) {
  client->held--;
  client->held_bytes -= size;
  tuv_pool_check_drain(client);
}

static int enqueue(taosuv_client_t* client, taosuv_req_t* req, const void* payload, size_t size) {
  tuv_req_t* priv = tuv_req_of(req);
  unsigned needs = tuv_op_needs(priv->op.type);
  bool counted = priv->op.type->acquired != NULL; /* what it is for is counted already */
  if (!counted && !queue_takes(client, needs, size)) {
    client->drain_wanted = true;
    open_more(client, client->queued + 1, needs);
    return TAOSUV_EAGAIN;
  }
  int status = keep_payload(client, req, payload, size);
  if (status == 0) status = put_in_queue(client, req, &client->queue);
  if (status < 0) {
    drop_payload(priv);
    return status;
  }
  open_more(client, *queued_kind(client, priv), needs);
  if (has_hope(client, needs)) {
    if (!counted) tuv_observe_op(&client->context, TAOSUV_TRACE_QUEUED, &priv->op, NULL);
    return 0;
  }
  /* Not even a beginning could be made: out of memory. */
  tuv_pool_unqueue(client, req);
  drop_payload(priv);
  return TAOSUV_ENOMEM;
}

/* Whether no request waits that a connection of these kinds could take. */
static bool nothing_waits(const taosuv_client_t* client, unsigned needs) {
  if (client->queued == 0 || client->narrow == 0) return client->queued == 0;
  for (unsigned kind = 0; kind < KINDS; kind++)
    if ((needs & 1u << kind) != 0 && client->queued_kinds[kind] > 0) return false;
  return true;
}

int tuv_pool_submit(taosuv_client_t* client, taosuv_req_t* req, const void* payload, size_t size) {
  tuv_op_t* op = &tuv_req_of(req)->op;
  tuv_conn_t* conn = NULL;
  unsigned needs = tuv_op_needs(op->type);
  bool message = op->type->encode != NULL || op->type->acquired != NULL;
  if (nothing_waits(client, needs) && client->ready > 0)
    conn = least_loaded(client, needs, message ? client->context.url.max_inflight : NO_MESSAGE,
                        size);
  if (conn == NULL) return enqueue(client, req, payload, size);
  bool busy = conn->table.count > 0;
  if (op->type->acquired != NULL) {
    op->type->acquired(req, conn);
    if (busy) open_more(client, 1, needs);
    return 0;
  }
  if (!message) {
    req->host = tuv_conn_host(conn);
    op->type->reply(op, conn, NULL);
    tuv_req_defer(req, 0, 0, NULL);
    return 0;
  }
  int status = req->idempotent != 0 ? keep_payload(client, req, payload, size) : 0;
  if (status == 0) status = give(conn, req, payload, size);
  if (status < 0) drop_payload(tuv_req_of(req));
  if (status == 0 && busy) open_more(client, 1, needs);
  return status;
}

bool tuv_pool_has_idle(taosuv_client_t* client, unsigned needs) {
  if (least_loaded(client, needs, 1, 0) != NULL) return true;
  open_more(client, 1, needs);
  return false;
}

bool tuv_pool_has_room(taosuv_client_t* client, unsigned needs) {
  if (least_loaded(client, needs, client->context.url.max_inflight, 0) != NULL) return true;
  open_more(client, 1, needs);
  return false;
}

void tuv_pool_check_drain(taosuv_client_t* client) {
  if (!client->drain_wanted || client->queued + client->held > client->context.url.max_queue / 2)
    return;
  if (client->queued_bytes + client->held_bytes > client->context.url.max_queue_bytes / 2) return;
  bool room = queue_bound(client, TUV_SERVES_ALL) > 0 ||
              least_loaded(client, TUV_SERVES_ALL, client->context.url.max_inflight, 0) != NULL;
  if (!room) return;
  client->drain_wanted = false;
  if (client->on_drain != NULL)
    tuv_turn_post(&client->context.turn, &client->drain, TUV_PHASE_DRAIN);
}

/* How long requests are kept for a connection that is on its way. */
#define SHARE_MS 1000u

/* Connections that will be ready soon, as far as can be told. */
static uint32_t coming(const taosuv_client_t* client) {
  uint32_t count = 0;
  if (client->connecting == 0) return 0;
  uint64_t now = tuv_now();
  for (const tuv_queue_t* at = client->conns.next; at != &client->conns; at = at->next) {
    const tuv_conn_t* conn = TUV_CONTAINER(at, const tuv_conn_t, link);
    bool young = conn->begun_at + SHARE_MS > now;
    if (conn->state < TUV_CONN_READY && young && tuv_hosts_is_up(client, conn->host)) count++;
  }
  return count;
}

/* While others are still connecting, one connection takes its share only. */
static size_t share(const taosuv_client_t* client) {
  size_t bound = client->context.url.max_inflight;
  uint32_t others = coming(client);
  if (others == 0) return bound;
  size_t fair = (size_t) client->queued / (tuv_pool_usable(client) + others) + 1;
  return fair < bound ? fair : bound;
}

/* Gives a queued request to a connection, or completes it. */
static void give_queued(tuv_conn_t* conn, taosuv_req_t* req) {
  taosuv_client_t* client = conn->client;
  tuv_req_t* priv = tuv_req_of(req);
  tuv_pool_unqueue(client, req);
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
static taosuv_req_t* first_queued(taosuv_client_t* client, unsigned full) {
  if (full == TUV_SERVES_ALL) return NULL;
  for (tuv_queue_t* at = client->queue.next; at != &client->queue; at = at->next) {
    tuv_op_t* op = TUV_CONTAINER(at, tuv_op_t, link);
    if ((tuv_op_needs(op->type) & ~full) != 0) return tuv_req_of_op(op);
  }
  return NULL;
}

void tuv_pool_pump(taosuv_client_t* client) {
  size_t bound = client->queued > 0 ? share(client) : 0;
  unsigned full = 0; /* the kinds for which there is no place */
  taosuv_req_t* req;
  while (client->ready > 0 && (req = first_queued(client, full)) != NULL) {
    const tuv_req_t* priv = tuv_req_of(req);
    unsigned needs = tuv_op_needs(priv->op.type);
    bool message = priv->op.type->encode != NULL || priv->op.type->acquired != NULL;
    tuv_conn_t* conn = least_loaded(client, needs, message ? bound : NO_MESSAGE,
                                    priv->payload_size);
    if (conn != NULL)
      give_queued(conn, req);
    else
      full |= client->narrow == 0 ? (unsigned) TUV_SERVES_ALL : needs;
  }
  open_for_queued(client);
  tuv_pool_check_drain(client);
}

bool tuv_pool_requeue(taosuv_client_t* client, taosuv_req_t* req) {
  tuv_req_t* priv = tuv_req_of(req);
  /* In front of what came later, behind what was moved before. */
  tuv_queue_t* at = client->queue.next;
  while (at != &client->queue &&
         tuv_req_of(tuv_req_of_op(TUV_CONTAINER(at, tuv_op_t, link)))->moves > 0)
    at = at->next;
  if (put_in_queue(client, req, at) < 0) return false;
  priv->moves++;
  req->host = NULL;
  client->context.totals.moves++;
  tuv_observe_op(&client->context, TAOSUV_TRACE_QUEUED, &priv->op, NULL);
  return true;
}

void tuv_pool_ready(tuv_conn_t* conn) {
  taosuv_client_t* client = conn->client;
  conn->state = TUV_CONN_READY;
  client->transport->ready(conn);
  tuv_timers_remove(&client->context.timers, &conn->timed);
  tuv_timers_remove(&client->context.timers, &conn->address_timed);
  tuv_avoid_remove(&client->avoid, &conn->route.address);
  client->connecting--;
  client->ready++;
  client->connects++;
  client->attempts = 0;
  tuv_hosts_mark_up(client, conn->host);
  tuv_endpoint_ready(conn);
  tuv_keepalive_begin(conn);
  tuv_conn_observe(conn, TAOSUV_TRACE_CONN_READY, NULL);
  tuv_pool_pump(client);
}

/* Fails the queued requests that nothing will take. */
static void fail_queued(taosuv_client_t* client, const tuv_failure_t* failure) {
  tuv_queue_t batch, others;
  tuv_queue_init(&batch);
  tuv_queue_init(&others);
  while (!tuv_queue_empty(&client->queue)) {
    tuv_op_t* op = TUV_CONTAINER(client->queue.next, tuv_op_t, link);
    tuv_queue_remove(&op->link);
    bool hope = has_hope(client, tuv_op_needs(op->type));
    tuv_queue_push(hope ? &others : &batch, &op->link);
  }
  tuv_queue_move(&others, &client->queue);
  tuv_queue_t reqs;
  tuv_queue_init(&reqs);
  while (!tuv_queue_empty(&batch)) {
    tuv_op_t* op = TUV_CONTAINER(batch.next, tuv_op_t, link);
    taosuv_req_t* req = tuv_req_of_op(op);
    tuv_pool_unqueue(client, req);
    if (op->type->acquire_failed != NULL)
      op->type->acquire_failed(req, failure);
    else
      tuv_req_set_aside(req, &reqs);
  }
  tuv_req_fail_all(&client->context, &reqs, failure);
}

/* A refusal is the same on every host and at any time; trouble with one host says nothing of the
 * next, and little of the same one a moment later. */
static bool worth_another_attempt(const taosuv_client_t* client, const tuv_failure_t* failure) {
  taosuv_err_class_t class = taosuv_err_class(failure->status);
  bool trouble = class == TAOSUV_CLASS_NETWORK || class == TAOSUV_CLASS_TIMEOUT;
  uint64_t rounds = (uint64_t) client->context.url.retries + 1;
  return trouble && client->attempts < tuv_hosts_listed(client) * rounds;
}

/* A connection could not be made. Requests that wait are taken by the other connections; when there
 * are none, by one to the next host, or to this one after a while; when all that was tried often
 * enough, they fail for this reason. */
void tuv_pool_connect_failed(taosuv_client_t* client, uint32_t host, uint64_t started,
                             unsigned served, const tuv_failure_t* failure) {
  /* While there are other connections nobody waits for this one: it is no attempt to count. */
  bool alone = tuv_pool_usable_for(client, served) == 0;
  if (tuv_hosts_failed(client, host, started) && alone) client->attempts++;
  if (client->context.closing) return;
  bool again = alone && count_for(client, false, served) == 0 &&
               worth_another_attempt(client, failure);
  for (unsigned kind = 0; again && kind < KINDS; kind++)
    if ((served & 1u << kind) != 0 && client->queued_kinds[kind] > 0)
      open_more(client, client->queued_kinds[kind], 1u << kind);
  if (has_hope(client, served)) {
    if (client->ready > 0) tuv_pool_pump(client);
    return;
  }
  client->attempts = 0;
  fail_queued(client, failure);
  tuv_pool_check_drain(client);
}
