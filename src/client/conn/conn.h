/* One connection of the pool.
 *
 * This folder is the life of a connection: it connects and logs in (conn, login_ws, login_rest,
 * endpoint), sends operations and receives their answers (send, inflight, receive), is kept alive
 * (keepalive, suspect), and leaves or is lost (leave, loss). A transport speaks WebSocket or HTTP
 * for it. What all connections of a client share is in conns; it reports to the pool by events. */
#ifndef TUV_CLIENT_CONN_CONN_H
#define TUV_CLIENT_CONN_CONN_H

#include "client/conn/conns.h"
#include "client/conn/inflight.h"
#include "client/conn/rest_conn.h"
#include "client/conn/transport.h"
#include "client/core/dependent.h"
#include "client/core/turn.h"
#include "io/tcp.h"
#include "io/ws/ws.h"

typedef enum {
  TUV_CONN_CONNECTING, /* until the upgrade is through */
  TUV_CONN_LOGIN,
  TUV_CONN_READY,
  TUV_CONN_LEAVING, /* out of the pool; waits for the answers to what is in flight */
  TUV_CONN_CLOSING, /* saying goodbye; out of the pool */
  TUV_CONN_DEAD     /* out of the pool, until its memory can be freed */
} tuv_conn_state_t;

/* How long a server is given to end a connection after our close frame. */
#define TUV_CLOSE_WAIT_MS 1000u

/* The least time that an address of a host has for TLS, upgrade and log-in while others are left;
 * or half of what is left of connect_timeout, if that is less. */
#define TUV_MIN_ADDRESS_MS 1000u

struct tuv_conn_s {
  union {
    tuv_ws_t ws;
    tuv_rest_conn_t rest;
  };
  tuv_context_t* context;
  tuv_conns_t* conns;
  tuv_conn_host_t* host;
  tuv_conn_state_t state;
  tuv_queue_t link;        /* in the list of conns, or in gone */
  tuv_queue_t paused;      /* in the paused ones of conns */
  tuv_task_t flush;        /* writes what waits for the end of the turn */
  tuv_task_t pump;         /* uses room that no answer announces */
  uint8_t serves;          /* TUV_SERVES_…, by its endpoint */
  uint8_t wanted;          /* the kind of requests that it was opened for */
  uint8_t asks;            /* of other endpoints: see endpoint.c */
  bool switching;          /* to another endpoint, when its stream is closed */
  int first_refusal;       /* HTTP status with which another endpoint was refused; 0: none was */
  tuv_inflight_t inflight; /* what was sent and not answered */
  tuv_queue_t waiting;     /* pinned operations for which there was no room yet */
  tuv_dependents_t dependents; /* results, statements prepared on it */
  tuv_queue_t cached;          /* statements that nobody uses, the oldest first */
  uint32_t ncached;
  tuv_route_t route;               /* which address of the host it is connected to */
  tuv_timed_t timed;               /* of the connect, of the keepalive, or of the close */
  tuv_timed_t address_timed;       /* of the connect: this address's part of it */
  tuv_patience_t patience;         /* of the connect, over all addresses */
  tuv_patience_t address_patience; /* of the connect, with this address */
  uint64_t begun_at;               /* when it was begun, by tuv_now */
  uint64_t used_at;                /* when its last operation was sent; kept with idle_timeout */
  uint64_t ping_at;                /* when keepalive looks next; 0: never */
  uint64_t retire_at;              /* when it is too old; 0: never */
  uint64_t seen;                   /* signs of life at the last look */
  uint32_t silent;                 /* looks in a row that saw no sign */
  bool probing;                    /* a ping was sent after the last look that saw one */
  bool suspect;            /* a request timed out: no new ones until it shows that it lives */
  tuv_timed_t probe_timed; /* of a suspect connection: until when it may be silent */
  tuv_patience_t probe_patience;
  uint64_t probe_seen;     /* signs of life when it was asked for one */
  uint64_t probe_received; /* bytes received by then */
  bool retiring;           /* old, or moved: takes no new request, closes with its last result */
  bool replaces;           /* once it is ready, another one is to retire */
  bool close_later;        /* it is to be closed at the end of the turn */
  bool congested;          /* its send buffer had no room when something was to be sent */
  tuv_op_t version_op, login_op;
  uint64_t started; /* uv_hrtime at its begin */
  uint64_t version; /* TUV_VERSION of the server; 0 before it is known */
  char version_text[32];
  bool binary;       /* the server has binary_query and fetch_raw_block */
  bool no_bind_exec; /* it lacks stmt2_bind_exec, whatever its version says */
};

/* Whether it serves some kinds of requests only, as old gateways' endpoints do. */
static inline bool tuv_conn_is_narrow(const tuv_conn_t* conn) {
  return conn->serves != TUV_SERVES_ALL;
}
/* Whether its server still takes messages that free what the connection has there. */
static inline bool tuv_conn_speaks(const tuv_conn_t* conn) {
  return conn->state == TUV_CONN_READY || conn->state == TUV_CONN_LEAVING;
}

/* Begins a connection for requests of the kinds `wanted`. Returns 0 or an error. */
int tuv_conn_start(tuv_conns_t* conns, tuv_conn_host_t* host, unsigned wanted, tuv_conn_t** conn);
/* While logging in: begins again, over the endpoint that is set now. */
void tuv_conn_restart(tuv_conn_t* conn);
/* Uses the room that an answer has left: first for what waits on this connection. */
void tuv_conn_pump(tuv_conn_t* conn);
void tuv_conn_pump_later(tuv_conn_t* conn); /* in this turn; when no answer will do it */

/* How a connection ends. */
void tuv_conn_fail(tuv_conn_t* conn, const tuv_failure_t* failure); /* while logging in */
void tuv_conn_lost(tuv_conn_t* conn, const char* message);          /* something went wrong */
/* Its peer is silent: it is lost, its host is passed over for a while, its address is avoided. */
void tuv_conn_silent(tuv_conn_t* conn, const char* message);
void tuv_conn_retire(tuv_conn_t* conn);        /* nothing that matters is in flight on it */
void tuv_conn_check_retired(tuv_conn_t* conn); /* retires it if it is retiring and unused */
void tuv_conn_close_later(tuv_conn_t* conn);   /* retires it at the end of the turn */
void tuv_conn_close(tuv_conn_t* conn);         /* the client is closed */
/* Whether nothing but its own end would be missed. */
bool tuv_conn_is_unused(const tuv_conn_t* conn);
/* Takes it out of the pool. Returns whether it was still on its way to be ready. */
bool tuv_conn_leave_pool(tuv_conn_t* conn, tuv_conn_state_t state);
void tuv_conn_say_goodbye(tuv_conn_t* conn);
void tuv_conn_bound_close(tuv_conn_t* conn);   /* the wait for the peer's close has a limit */
void tuv_conn_end_suspicion(tuv_conn_t* conn); /* it shows that it lives, or goes */

const char* tuv_conn_host(const tuv_conn_t* conn); /* "host:port" */
/* Reports a stage of the connection. `failure` is that of FAILED and LOST; otherwise NULL. */
void tuv_conn_observe(tuv_conn_t* conn, taosuv_stage_t stage, const tuv_failure_t* failure);

#endif
