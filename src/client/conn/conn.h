/* One connection of the pool. */
#ifndef TUV_CLIENT_CONN_CONN_H
#define TUV_CLIENT_CONN_CONN_H

#include "client/conn/conns.h"
#include "client/conn/rest_conn.h"
#include "client/conn/transport.h"
#include "client/core/dependent.h"
#include "client/core/turn.h"
#include "io/tcp.h"
#include "io/ws/ws.h"
#include "util/idmap.h"

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
  tuv_queue_t link;   /* in the list of conns, or in gone */
  tuv_task_t flush;   /* writes what waits for the end of the turn */
  tuv_task_t pump;    /* uses room that no answer announces */
  tuv_queue_t paused; /* in the paused ones of conns */
  tuv_conn_state_t state;
  tuv_conn_host_t* host;
  uint8_t serves;      /* TUV_SERVES_…, by its endpoint */
  uint8_t wanted;      /* the kind of requests that it was opened for */
  int first_refusal;   /* HTTP status with which another endpoint was refused; 0: none was */
  uint8_t asks;        /* of other endpoints: see endpoint.c */
  bool switching;      /* to another endpoint, when its stream is closed */
  tuv_idmap_t table;   /* req_id → tuv_op_t* of all that was sent and not answered */
  tuv_queue_t sent;    /* the same but tombstones, in the order of their frames */
  tuv_queue_t waiting; /* pinned operations for which there was no room yet */
  tuv_dependents_t dependents; /* results, statements prepared on it */
  tuv_queue_t cached;          /* those that nobody uses, the oldest first */
  uint32_t ncached;
  tuv_timed_t timed;               /* of the connect, of the keepalive, or of the close */
  tuv_timed_t address_timed;       /* of the connect: the part of it that this address has */
  tuv_route_t route;               /* which address of the host it is connected to */
  tuv_patience_t patience;         /* of the connect, whatever addresses it takes */
  tuv_patience_t address_patience; /* with this one */
  uint64_t begun_at;               /* moments, by tuv_now: */
  uint64_t used_at;                /* of the last operation; only kept with idle_timeout */
  uint64_t ping_at;                /* of the next look for signs of life; 0: never */
  uint64_t retire_at;              /* 0: never */
  uint64_t seen;                   /* signs of life at the last look */
  uint32_t silent;                 /* looks in a row that saw none */
  bool probing;                    /* a ping was sent since the last one that saw some */
  bool suspect;            /* a request timed out: no new ones, until it shows that it lives … */
  tuv_timed_t probe_timed; /* … for which it has so long */
  tuv_patience_t probe_patience;
  uint64_t probe_seen;     /* suspect: signs of life when it was asked for one, … */
  uint64_t probe_received; /* … and bytes that had come */
  bool retiring;           /* old, or moved: takes no new request, closes with its last result */
  bool replaces;           /* once it is ready another one is to retire */
  tuv_op_t version_op, login_op;
  uint64_t started; /* uv_hrtime */
  uint64_t version; /* TUV_VERSION of the server; 0 before it is known */
  char version_text[32];
  bool binary;       /* the server has binary_query and fetch_raw_block */
  bool no_bind_exec; /* it lacks stmt2_bind_exec, whatever its version says */
  bool close_later;  /* to be closed at the end of the turn */
  bool congested;    /* its send buffer had no room when something was to be sent */
};

static inline bool tuv_conn_is_narrow(const tuv_conn_t* conn) {
  return conn->serves != TUV_SERVES_ALL;
}
/* Whether its server takes messages that free what is there. */
static inline bool tuv_conn_speaks(const tuv_conn_t* conn) {
  return conn->state == TUV_CONN_READY || conn->state == TUV_CONN_LEAVING;
}

/* Takes it out of the pool. Returns whether it was still on its way to be ready. */
bool tuv_conn_leave_pool(tuv_conn_t* conn, tuv_conn_state_t state);
void tuv_conn_bound_close(tuv_conn_t* conn); /* the wait for the peer's close has a limit */
/* Nothing but its own end would be missed. */
bool tuv_conn_is_unused(const tuv_conn_t* conn);
void tuv_conn_check_retired(tuv_conn_t* conn); /* closes it if it is retiring and unused */
void tuv_conn_end_suspicion(tuv_conn_t* conn); /* it shows that it lives, or goes */
void tuv_conn_say_goodbye(tuv_conn_t* conn);
void tuv_conn_send_waiting(tuv_conn_t* conn); /* what is pinned to it, as far as there is room */
int tuv_conn_start(tuv_conns_t* conns, tuv_conn_host_t* host, unsigned wanted, tuv_conn_t** conn);
/* Its stream is closed: connects it to the endpoint that is set now. */
int tuv_conn_reconnect(tuv_conn_t* conn);
void tuv_conn_restart(tuv_conn_t* conn); /* while logging in: over the endpoint that is set now */
int tuv_conn_send(tuv_conn_t* conn, tuv_op_t* op, const void* payload, size_t size);
/* A request's message; the connection holds the request until the answer. */
int tuv_conn_send_request(tuv_conn_t* conn, taosuv_req_t* req, const void* payload, size_t size);
/* A pinned operation: now, or when there is room. */
void tuv_conn_post(tuv_conn_t* conn, tuv_op_t* op);
/* Whether a message of so many bytes may be sent: max_inflight and max_send_buffer allow it. */
bool tuv_conn_has_room(tuv_conn_t* conn, size_t size);
void tuv_conn_pump(tuv_conn_t* conn);
void tuv_conn_pump_later(tuv_conn_t* conn); /* in this turn; when no answer will do it */
void tuv_conn_close(tuv_conn_t* conn);
void tuv_conn_retire(tuv_conn_t* conn);      /* nothing that matters is in flight on it */
void tuv_conn_close_later(tuv_conn_t* conn); /* retires it at the end of the turn */
void tuv_conn_lost(tuv_conn_t* conn, const char* message); /* ends it as lost */
/* The same, for its peer is silent: its host is passed over for a while, its address is avoided. */
void tuv_conn_silent(tuv_conn_t* conn, const char* message);
void tuv_conn_fail(tuv_conn_t* conn, const tuv_failure_t* failure); /* while logging in */
bool tuv_conn_withdraw(tuv_conn_t* conn, tuv_op_t* op);
const char* tuv_conn_host(const tuv_conn_t* conn);
/* Reports a stage of the connection. `failure` is that of FAILED and LOST; otherwise NULL. */
void tuv_conn_observe(tuv_conn_t* conn, taosuv_stage_t stage, const tuv_failure_t* failure);
/* For transports: the stream, and what becomes of the connection. */
int tuv_conn_connect(tuv_conn_t* conn, const tuv_stream_events_t* events, void* context,
                     tuv_stream_t** stream);
void tuv_conn_opened(tuv_conn_t* conn);
void tuv_conn_flush_later(tuv_conn_t* conn); /* bytes wait for the end of the turn */
void tuv_conn_paused(tuv_conn_t* conn);      /* goes on reading in the next turn */
void tuv_conn_sent(tuv_conn_t* conn);        /* the send buffer is shorter */
void tuv_conn_down(tuv_conn_t* conn, int status, int http_status, const char* message,
                   bool lingering);
void tuv_conn_gone(tuv_conn_t* conn);
/* A JSON request; `write` adds its args. */
int tuv_conn_send_json(tuv_conn_t* conn, tuv_op_t* op, tuv_json_request_t* request);

#endif
