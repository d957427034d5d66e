/* Connections go where they belong: back to a host that is well again, away from one that is left.
 * First a new one is opened, then one of the others takes no more requests and ends with its last
 * result. */
#include "client/core/op.h"
#include "client/conn/conn.h"
#include "client/conn/keepalive.h"
#include "client/pool/balance.h"
#include "client/pool/client.h"
#include "client/pool/hosts.h"
#include "client/pool/pool.h"

/* With so many connections in the pool one more may move at the same time. */
#define POOL_PER_MOVE 16u

/* How long to wait when a move cannot even be begun. */
#define NO_MEMORY_WAIT_MS 1000u

typedef struct move_s {
  uint32_t from, to;
  bool found;
  uint64_t at; /* not found: when to look again; UINT64_MAX: never */
} move_t;

/* Whether a connection belongs to `to` rather than to `from`, given how many are on their way. */
static bool belongs(const taosuv_client_t* client, uint32_t from, uint32_t to) {
  const tuv_pool_host_t* a = &client->hosts[from];
  const tuv_pool_host_t* b = &client->hosts[to];
  if (from == to || a->open <= client->moving) return false;
  if (!a->listed) return true;
  if (client->context.url.first_alive) return to < from;
  return a->open - client->moving >= b->open + 2;
}

/* The host that is to lose a connection: one that is left, or the last one, or the fullest. */
static uint32_t fullest(const taosuv_client_t* client) {
  uint32_t worst = 0;
  for (uint32_t i = 1; i < client->nhosts; i++) {
    const tuv_pool_host_t* entry = &client->hosts[i];
    const tuv_pool_host_t* than = &client->hosts[worst];
    if (entry->open == 0) continue;
    bool worse = entry->open > than->open;
    if (client->context.url.first_alive) worse = true;
    if (entry->listed != than->listed) worse = than->listed;
    if (worse || than->open == 0) worst = i;
  }
  return worst;
}

/* What is to move next: of all hosts where it may go, to the first or the emptiest. */
static move_t next_move(const taosuv_client_t* client) {
  move_t move = {.from = fullest(client), .at = UINT64_MAX};
  uint64_t now = tuv_now();
  for (uint32_t i = 0; i < client->nhosts; i++) {
    const tuv_pool_host_t* entry = &client->hosts[i];
    if (!entry->listed || !belongs(client, move.from, i)) continue;
    if (entry->retry_at > now) {
      if (entry->retry_at < move.at) move.at = entry->retry_at;
      continue;
    }
    bool better = !move.found ||
                  (!client->context.url.first_alive && entry->open < client->hosts[move.to].open);
    if (better) move.to = i;
    move.found = true;
  }
  return move;
}

static void on_due(tuv_timed_t* timed) {
  tuv_balance_look(TUV_CONTAINER(timed, taosuv_client_t, balance));
}

static void look_at(taosuv_client_t* client, uint64_t at) {
  client->balance.expire = on_due;
  tuv_timers_remove(&client->context.timers, &client->balance);
  /* Without memory for it: the next connection that comes or goes is the next occasion. */
  if (at != UINT64_MAX) tuv_timers_add(&client->context.timers, &client->balance, at);
}

void tuv_balance_replaces(tuv_conn_t* conn) {
  conn->replaces = true;
  conn->client->moving++;
}

/* The connection that is missed least of those that serve one of these kinds: on the fullest host,
 * with least in flight. */
static tuv_conn_t* dispensable(const taosuv_client_t* client, unsigned needs,
                               const tuv_conn_t* but) {
  tuv_conn_t* found = NULL;
  uint32_t host = fullest(client);
  for (tuv_queue_t* at = client->conns.next; at != &client->conns; at = at->next) {
    tuv_conn_t* conn = TUV_CONTAINER(at, tuv_conn_t, link);
    if (conn == but || conn->state != TUV_CONN_READY || conn->retiring || conn->host != host)
      continue;
    if ((conn->serves & needs) == 0) continue;
    if (found == NULL || conn->table.count < found->table.count) found = conn;
  }
  return found;
}

int tuv_balance_replace(taosuv_client_t* client, uint32_t host) {
  tuv_conn_t* conn;
  const tuv_conn_t* replaced = dispensable(client, TUV_SERVES_ALL, NULL);
  unsigned wanted = replaced == NULL ? (unsigned) TUV_SERVES_ALL : replaced->serves;
  int status = tuv_conn_start(client, host, wanted, &conn);
  if (status < 0) return status;
  tuv_balance_replaces(conn);
  return 0;
}

void tuv_balance_look(taosuv_client_t* client) {
  uint64_t at = UINT64_MAX;
  if (client->context.closing || client->nhosts == 1 || client->endpoint->single) return;
  uint32_t most = 1 + client->context.url.pool_size / POOL_PER_MOVE;
  while (tuv_pool_usable(client) > 0 && client->moving < most) {
    move_t move = next_move(client);
    at = move.at;
    if (!move.found) break;
    if (tuv_balance_replace(client, move.to) == 0) continue;
    at = tuv_now() + NO_MEMORY_WAIT_MS;
    break;
  }
  look_at(client, at);
}

/* Lets one go for the new one; and what is too many, because those that were to be replaced died
 * meanwhile and were replaced by others. */
static void let_go(taosuv_client_t* client, const tuv_conn_t* conn, bool replaces) {
  tuv_conn_t* other = replaces ? dispensable(client, conn->serves, conn) : NULL;
  if (other != NULL) tuv_keepalive_retire(other);
  for (unsigned kind = TUV_SERVES_QUERY; kind <= TUV_SERVES_LINES; kind <<= 1)
    while (tuv_pool_usable_for(client, kind) > client->context.url.pool_size &&
           (other = dispensable(client, kind, conn)) != NULL)
      tuv_keepalive_retire(other);
}

void tuv_balance_ready(tuv_conn_t* conn) {
  taosuv_client_t* client = conn->client;
  bool replaces = conn->replaces;
  tuv_balance_done(conn);
  let_go(client, conn, replaces);
  tuv_balance_look(client);
}

void tuv_balance_done(tuv_conn_t* conn) {
  if (!conn->replaces) return;
  conn->replaces = false;
  conn->client->moving--;
}
