/* The pool: which connection a request goes over, what waits for one, and when there are more.
 *
 * This folder owns the connections of a client. It judges their hosts (hosts), sends requests over
 * them or queues them (pool), moves connections to the hosts where they belong (balance), and learns
 * hosts from servers (discover). Connections report to it (conn_events). The client (client) is
 * assembled and closed here; begin is what every call of a feature does first. */
#ifndef TUV_CLIENT_POOL_POOL_H
#define TUV_CLIENT_POOL_POOL_H

#include "client/conn/conn.h"
#include "client/pool/hosts.h"

#define TUV_POOL_KINDS 3u /* of requests: queries, statements, lines */

typedef struct tuv_pool_s tuv_pool_t;

struct tuv_pool_s {
  tuv_context_t* context;
  tuv_conns_t conns;
  tuv_hosts_t hosts;
  tuv_queue_t queue;                     /* requests without a connection, in order */
  uint32_t queued;                       /* their number */
  uint32_t queued_kinds[TUV_POOL_KINDS]; /* the same by the kind that they need first */
  uint64_t queued_bytes;                 /* of their payloads */
  tuv_idmap_t queued_ids;                /* req_id → tuv_op_t* of them */
  uint32_t held;                         /* requests that wait for their statement */
  uint64_t held_bytes;                   /* of their payloads */
  void (*drained)(tuv_pool_t* pool);     /* there is room again after TAOSUV_EAGAIN */
  bool drain_wanted;                     /* a call has returned TAOSUV_EAGAIN since */
  uint32_t moving;                       /* connecting ones that will replace another */
  uint64_t connects;                     /* connections that became ready */
  uint32_t attempts;                     /* that failed since the last log-in */
  tuv_timed_t balance;                   /* until a connection may move */
  tuv_timed_t reconnect;                 /* until a host may be tried again, while requests wait */
  bool reconnect_due;                    /* `reconnect` is set */
  tuv_timed_t discover;                  /* until the list of hosts is old */
  bool discover_warned;                  /* that a server cannot name hosts */
};

/* `events` is tuv_pool_conn_events. The transport, the endpoint, the hosts and `drained` are for the
 * caller to set. */
void tuv_pool_init(tuv_pool_t* pool, tuv_context_t* context, const tuv_conn_events_t* events);
void tuv_pool_free(tuv_pool_t* pool);
/* The pool of a connection. */
static inline tuv_pool_t* tuv_pool_of(const tuv_conn_t* conn) {
  return TUV_CONTAINER(conn->conns, tuv_pool_t, conns);
}

/* Cancels what is queued and closes all connections. */
void tuv_pool_close(tuv_pool_t* pool);

/* Sends a request over a connection, or queues it. Returns 0 or what the call returns. */
int tuv_pool_submit(tuv_pool_t* pool, taosuv_req_t* req, const void* payload, size_t size);
/* Sends queued requests, as far as connections have room, and opens connections for the others. */
void tuv_pool_pump(tuv_pool_t* pool);
/* Whether a connection has nothing in flight. If none has, one more is opened, up to pool_size. */
bool tuv_pool_has_idle(tuv_pool_t* pool, unsigned needs);
/* The same for a connection that has room and is not suspect. */
bool tuv_pool_has_room(tuv_pool_t* pool, unsigned needs);
/* Connections that take requests. */
static inline uint32_t tuv_pool_usable(const tuv_pool_t* pool) {
  return pool->conns.ready - pool->conns.retiring;
}
/* A connection that was to serve all requests serves only some of them: others may be needed. */
void tuv_pool_narrowed(tuv_pool_t* pool);
/* Puts a request whose connection was lost back into the queue. Returns false without memory. */
bool tuv_pool_requeue(tuv_pool_t* pool, taosuv_req_t* req);
void tuv_pool_ready(tuv_conn_t* conn); /* it is logged in */
/* A connection could not be made. Other connections take the requests that wait. If there are none,
 * one to the next host is opened, or one to this host after a while. When all hosts were tried often
 * enough, the requests fail with this failure. */
void tuv_pool_connect_failed(tuv_pool_t* pool, uint32_t host, uint64_t started, unsigned served,
                             const tuv_failure_t* failure);
/* Whether a request with this id is queued or in flight. */
bool tuv_pool_id_in_flight(tuv_pool_t* pool, uint64_t id);

#endif
