/* The client: what it is made of. */
#ifndef TUV_CLIENT_POOL_CLIENT_H
#define TUV_CLIENT_POOL_CLIENT_H

#include <stdatomic.h>

#include "client/conn/conn.h"
#include "client/conn/endpoint.h"
#include "client/conn/events.h"
#include "client/core/context.h"
#include "client/pool/hosts.h"
#include "io/tls/tls.h"

struct taosuv_client_s {
  tuv_context_t context; /* first: core code that is given the client sees only this */
  void* data;
  taosuv_consumer_t* consumer; /* whose connection this is; NULL: a client of its own */
  bool owned;                  /* only the consumer may close it */
  const tuv_transport_t* transport;
  const tuv_endpoint_t* endpoint;
  const tuv_conn_events_t* conn_events; /* what connections report to the pool */
  char* target;           /* HTTP: of SQL, up to the request's id; a secret is in it */
  char* basic;            /* HTTP: the same for what takes no Taosd token; NULL: the same one */
  char* legacy_paths[3];  /* the same of old gateways' endpoints; NULL: not needed yet */
  tuv_connect_t connect;  /* how a connection's stream is made … */
  tuv_tls_context_t* tls; /* … and what is put over it; NULL: nothing */
  tuv_avoid_t avoid;      /* addresses that are tried last */
  unsigned open_handles;
  taosuv_close_cb close_cb;
  taosuv_drain_cb on_drain;
  bool drain_wanted;
  tuv_task_t drain;  /* calls on_drain */
  tuv_task_t resume; /* of the paused connections */
  tuv_queue_t queue; /* requests without a connection, in order */
  uint32_t queued;
  uint32_t queued_kinds[3]; /* of them, by what they need first: query, stmt, lines */
  uint64_t queued_bytes;    /* of their payloads */
  tuv_idmap_t queued_ids;   /* req_id → tuv_op_t* of them */
  uint32_t held;            /* requests that wait for their statement, */
  uint64_t held_bytes;      /* and their bytes */
  uint64_t schema_epoch;    /* counts what changes tables and their names */
  uint64_t stmts_order; /* of batches that were given, and of SQL that was sent to be prepared */
  const taosuv_stmt_t* stmt_prepared; /* whose prepare is calling back; or NULL */
  tuv_task_t schema_changed; /* closes statements that were cached before the last change */
  tuv_queue_t drains;        /* those of taosuv_client_drain that wait */
  uint32_t ndrains;          /* all of them that are pending */
  tuv_queue_t conns;         /* connecting, logging in, ready */
  tuv_queue_t gone;          /* closing or dead, until freed */
  uint32_t ready, connecting;
  uint32_t narrow;   /* of both, those that do not serve all requests */
  uint32_t retiring; /* of the ready ones */
  uint32_t leaving;  /* of the gone ones, those that wait for answers */
  uint32_t moving;   /* of the connecting ones: those that will replace another */
  uint64_t connects;
  tuv_pool_host_t* hosts; /* the URL's first; they stay where they are */
  uint32_t nhosts, hosts_capacity;
  tuv_timed_t balance;   /* until a connection may move */
  tuv_timed_t discover;  /* until the list of hosts is old */
  bool discover_told;    /* that a server cannot */
  uint32_t next_host;    /* where the next look for a host begins */
  uint32_t attempts;     /* failed ones since the last log-in */
  tuv_timed_t reconnect; /* until a host may be tried again, while requests wait */
  bool reconnect_due;    /* it is set */
  tuv_queue_t paused;    /* those that had more to do than a turn allows: to be resumed */
  tuv_task_t close;      /* posted by a hook that called taosuv_close */
  char text[512];        /* a server's text that had no end of its own */
};

_Static_assert(offsetof(taosuv_client_t, context) == 0, "see tuv_context_of");

/* tmq*.c: of a consumer, see client/tmq.h */
typedef struct tuv_setup_s {
  taosuv_consumer_t* consumer;
  const tuv_endpoint_t* endpoint;
  /* Adds to what the URL says. */
  int (*apply)(taosuv_consumer_t* consumer, tuv_url_t* url, tuv_errmsg_t* err);
} tuv_setup_t;

int tuv_client_create(uv_loop_t* loop, const taosuv_options_t* options, const tuv_setup_t* setup,
                      taosuv_client_t** client); /* setup: of a consumer's, or NULL */
static inline taosuv_client_t* tuv_client_of(tuv_context_t* context) {
  return TUV_CONTAINER(context, taosuv_client_t, context);
}

/* Tables or their names change: what was prepared before is not to be used by others. This may be
 * called while a message is being written, so what is to be sent about it waits for the turn. */
static inline void tuv_client_schema_changed(taosuv_client_t* client) {
  client->schema_epoch++;
  if (client->schema_changed.run != NULL)
    tuv_turn_post(&client->context.turn, &client->schema_changed, TUV_PHASE_FEATURE);
}

#endif
