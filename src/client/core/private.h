/* What the files of the client share: the client, its connections, operations and requests. */
#ifndef TUV_CLIENT_PRIVATE_H
#define TUV_CLIENT_PRIVATE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "client/observe/stats.h"
#include "io/http/http_conn.h"
#include "io/tcp.h"
#include "io/timers.h"
#include "io/tls/tls.h"
#include "io/ws/ws.h"
#include "taosuv.h"
#include "taosuv/tmq.h"
#include "util/idmap.h"
#include "util/mem.h"
#include "util/queue.h"
#include "wire/envelope.h"
#include "wire/message.h"
#include "wire/insert.h"
#include "wire/rest.h"
#include "wire/url.h"

typedef struct tuv_conn_s tuv_conn_t;
typedef struct tuv_server_stmt_s tuv_server_stmt_t;
typedef struct tuv_op_s tuv_op_t;
typedef struct tuv_req_s tuv_req_t;

/* How a request or a result failed. The texts live as long as the call that passes this. */
typedef struct tuv_failure_s {
  int status;
  unsigned int flags; /* TAOSUV_ERR_… */
  int server_code;
  const char* message;
  const char* host;
} tuv_failure_t;

/* What an operation is over HTTP. */
typedef struct tuv_rest_type_s {
  int (*encode)(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size);
  void (*reply)(tuv_op_t* op, tuv_conn_t* conn); /* a success; the answer is in conn->rest */
} tuv_rest_type_t;

/* The kinds of requests. Gateways before 3.1.1.15 have an endpoint for each of them; newer ones
 * have /ws for all. */
typedef enum {
  TUV_SERVES_QUERY = 1, /* /rest/ws: SQL, results, raw writes */
  TUV_SERVES_STMT = 2,  /* /rest/stmt: statements of the first version, inserts only */
  TUV_SERVES_LINES = 4, /* /rest/schemaless */
  TUV_SERVES_ALL = 7    /* /ws; also HTTP, and /rest/tmq for a consumer's requests */
} tuv_serves_t;

/* What an operation is: one message to the server and the answer to it. */
typedef struct tuv_op_type_s {
  bool is_request; /* the operation is inside a taosuv_req_t; else inside a result or connection */
  bool pinned;     /* a request that means something on its connection only: it is never moved */
  /* Writes the message; payload is what tuv_req_begin was given. Returns 0 or an error. NULL: there
   * is no message, a connection that is logged in is all it takes; `reply` is called with it, and
   * NULL for a reply, before the request completes. */
  int (*encode)(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size);
  /* The answer, when its code is 0: as JSON; as binary message (NULL: never binary). */
  void (*reply)(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply);
  void (*fetched)(tuv_op_t* op, tuv_conn_t* conn, const tuv_msg_fetched_t* fetched,
                  tuv_refbuf_t* owner);
  /* A binary message of any other form. */
  void (*binary)(tuv_op_t* op, tuv_conn_t* conn, const uint8_t* data, size_t size,
                 tuv_refbuf_t* owner);
  /* The connection whose answer a request that waits is waiting for, or NULL. NULL: none. */
  tuv_conn_t* (*waits_on)(const taosuv_req_t* req);
  /* A refusal that is no failure: returns true when it has seen to it. NULL: all are failures. */
  bool (*refused)(tuv_op_t* op, tuv_conn_t* conn, int server_code);
  /* Not a request: it failed. */
  void (*fail)(tuv_op_t* op, const tuv_failure_t* failure);
  /* A request: calls the caller back; all common out-fields are set. */
  void (*complete)(taosuv_req_t* req, int status);
  /* A request that has no message of its own, but wants a connection with room for one: it is
   * there, and the request leaves the pool; or there will be none. */
  void (*acquired)(taosuv_req_t* req, tuv_conn_t* conn);
  void (*acquire_failed)(taosuv_req_t* req, const tuv_failure_t* failure);
  /* A request that waits (TUV_REQ_WAITING): it will not any more (NULL: that is all); whether what
   * it waits for was given to the system, so that it may be executed (NULL: it executes
   * nothing). */
  void (*leave)(taosuv_req_t* req);
  bool (*was_sent)(const taosuv_req_t* req);
  /* In a JSON request of this type the payload is this text of args; NULL: no payload. */
  const char* payload_key;
  /* Gives such a request its payload back out of a whole message; NULL: by payload_key. */
  int (*recover)(taosuv_client_t* client, const uint8_t* message, size_t size, tuv_req_t* priv);
  /* Takes its place in the connection's table when it was cancelled; it frees what a late answer
   * brings. */
  tuv_op_t* tombstone;
  /* The same over HTTP; NULL: HTTP cannot do it, and the call returns TAOSUV_ENOTSUP. */
  const tuv_rest_type_t* rest;
  uint8_t action; /* taosuv_action_t */
  uint8_t needs;  /* the connections that it can go over: TUV_SERVES_…; 0: TUV_SERVES_QUERY */
} tuv_op_type_t;

struct tuv_op_s {
  const tuv_op_type_t* type;
  tuv_conn_t* conn; /* while it is in a connection's table */
  tuv_queue_t link; /* in one of: client's queue, client's done, connection's sent or waiting */
  uint64_t id;      /* its req_id */
  uint64_t at;      /* where its frame begins in the connection's sent stream */
};

typedef enum {
  TUV_REQ_IDLE,    /* the caller's */
  TUV_REQ_QUEUED,  /* in the client's queue, with a payload of its own */
  TUV_REQ_SENT,    /* in a connection's table */
  TUV_REQ_WAITING, /* for its result or its statement, whose messages are not its own */
  TUV_REQ_DONE     /* in the client's list of completions for the next turn */
} tuv_req_state_t;

/* The library's part of a request: overlays taosuv_req_private_t. */
struct tuv_req_s {
  tuv_op_t op;
  taosuv_client_t* client;
  tuv_timed_t timed;
  tuv_refbuf_t* payload; /* while queued; of an idempotent request up to its end */
  size_t payload_size;
  uint64_t started; /* uv_hrtime; no other request of the client has the same */
  int32_t outcome;  /* DONE: the status to complete with */
  uint16_t moves;   /* how often it was moved to another connection */
  uint8_t state;    /* tuv_req_state_t */
  bool left;        /* a connection of it died after its first byte had left */
  bool stays;       /* when its time is up and it may be executed, it waits on for the answer … */
  bool late;        /* … and does so */
  void* owner;      /* WAITING for a statement: the statement, or the batch */
};

_Static_assert(sizeof(tuv_req_t) <= sizeof(taosuv_req_private_t), "requests hold their insides");

static inline tuv_req_t* tuv_req_of(taosuv_req_t* req) {
  return (tuv_req_t*) (void*) &req->priv;
}
static inline taosuv_req_t* tuv_req_public(tuv_req_t* req) {
  return TUV_CONTAINER(req, taosuv_req_t, priv);
}
static inline taosuv_req_t* tuv_req_of_op(tuv_op_t* op) {
  return tuv_req_public(TUV_CONTAINER(op, tuv_req_t, op));
}

typedef enum {
  TUV_CONN_CONNECTING, /* until the upgrade is through */
  TUV_CONN_LOGIN,
  TUV_CONN_READY,
  TUV_CONN_LEAVING, /* out of the pool; waits for the answers to what is in flight */
  TUV_CONN_CLOSING, /* saying goodbye; out of the pool */
  TUV_CONN_DEAD     /* out of the pool, until its memory can be freed */
} tuv_conn_state_t;

/* What differs between the ways in which connections speak: WebSocket or HTTP. */
typedef struct tuv_transport_s {
  int (*connect)(tuv_conn_t* conn); /* begins; tuv_conn_opened or tuv_conn_down follows */
  void (*login)(tuv_conn_t* conn);  /* tuv_pool_ready or tuv_conn_fail follows */
  void (*ready)(tuv_conn_t* conn);  /* it is logged in */
  /* Writes an operation's message, and sets op->at. */
  int (*send)(tuv_conn_t* conn, tuv_op_t* op, const void* payload, size_t size);
  uint64_t (*sent_up_to)(const tuv_conn_t* conn); /* what begins before may have left */
  size_t (*unsent_bytes)(const tuv_conn_t* conn);
  /* Takes a message that has not left back; returns its bytes, or 0 when it has left. */
  size_t (*withdraw)(tuv_conn_t* conn, uint64_t at);
  /* A message has left whose answer nobody waits for: its operation is a tombstone now. */
  void (*abandon)(tuv_conn_t* conn);
  /* Whether the request in flight, which has left, may be sent once more, because the connection
   * was idle and is down now without an answer. NULL: never. */
  bool (*may_repeat)(const tuv_conn_t* conn);
  /* Gives a request that never left its payload back, when the connection is down. */
  int (*recover)(tuv_conn_t* conn, tuv_req_t* priv);
  bool (*probe)(tuv_conn_t* conn); /* asks for a sign of life; NULL: there is no way */
  uint64_t (*signs_of_life)(const tuv_conn_t* conn); /* changes with each: bytes both ways */
  tuv_stream_t* (*stream)(const tuv_conn_t* conn);   /* NULL: not yet, or no longer */
  void (*resume)(tuv_conn_t* conn);                  /* reading, after tuv_conn_paused */
  void (*flush)(tuv_conn_t* conn);
  void (*close)(tuv_conn_t* conn); /* with a goodbye; tuv_conn_gone follows */
  void (*abort)(tuv_conn_t* conn);
} tuv_transport_t;

extern const tuv_transport_t tuv_transport_ws, tuv_transport_rest;

/* Limits that no key of the URL sets. test_silent.c checks how all of them fit each other. */

/* How long a server is given to end a connection after our close frame. */
#define TUV_CLOSE_WAIT_MS 1000u
/* The least time that an address of a host has for TLS, upgrade and log-in while others are left;
 * or half of what is left of connect_timeout, if that is less. */
#define TUV_MIN_ADDRESS_MS 1000u
/* The longest that a host's Retry-After is heeded: requests wait meanwhile. */
#define TUV_MAX_ASKED_SECONDS 10u

/* How many requests are completed in one turn of the loop, unless the server's answers complete
 * them: about a millisecond's work. */
#define TUV_TURN_COMPLETIONS 1000u

/* Hosts that servers may name beyond the URL's. */
#define TUV_MAX_LEARNED 64u

/* A host to connect to: of the URL, or named by a server. */
typedef struct tuv_pool_host_s {
  char name[TUV_HOST_NAME_SIZE];
  char text[TUV_HOST_NAME_SIZE + 16]; /* "host:port", for the requests' `host` */
  uint16_t port;
  bool listed;        /* else it was left: it gets no new connection */
  bool named;         /* in the list that is being read */
  bool legacy;        /* it had no /ws when it was asked last, and nothing has failed since */
  bool doubted;       /* a request timed out there: until it is well, others are preferred */
  uint32_t users;     /* connections of any state */
  uint32_t open;      /* of them, those that take requests or will */
  uint32_t failures;  /* in a row */
  uint64_t failed_at; /* when, by tuv_now, the last one was; 0: it is well */
  uint64_t retry_at;  /* until then it is passed over */
  uint64_t retry_after_until; /* … because the server asked for it */
  uint64_t retry_after_ms;    /* for how long it asked */
} tuv_pool_host_t;

/* A connection that speaks HTTP. */
typedef struct tuv_rest_conn_s {
  tuv_http_conn_t http;
  tuv_rest_t decoder;
  uint64_t op_id;   /* of the request in flight */
  size_t body_at;   /* in http.out: its payload */
  int decoded;      /* of its answer: 0, or the decoder's error … */
  tuv_errmsg_t err; /* … and its text */
  uint8_t kind;     /* tuv_rest_kind_t */
  uint8_t step;     /* of the log-in */
  bool repeatable, reading;
  bool has_payload; /* what is in http.out behind body_at, with `prefix` in front */
  tuv_buf_t target; /* of a request whose target is made for it */
  size_t prefix_size;
  uint8_t prefix[TUV_INSERT_PACK_MAX];
} tuv_rest_conn_t;

/* One connection of the pool. */
struct tuv_conn_s {
  union {
    tuv_ws_t ws;
    tuv_rest_conn_t rest;
  };
  taosuv_client_t* client;
  tuv_queue_t link;          /* in the client's conns, or gone */
  tuv_queue_t flush_pending; /* in the client's flush_pending */
  tuv_queue_t paused;        /* in the client's paused */
  tuv_conn_state_t state;
  uint32_t host;       /* index of the client's hosts */
  uint8_t serves;      /* TUV_SERVES_…, by its endpoint */
  uint8_t wanted;      /* the kind of requests that it was opened for */
  int first_refusal;   /* HTTP status with which another endpoint was refused; 0: none was */
  uint8_t asks;        /* of other endpoints: see endpoint.c */
  bool switching;      /* to another endpoint, when its stream is closed */
  tuv_idmap_t table;   /* req_id → tuv_op_t* of all that was sent and not answered */
  tuv_queue_t sent;    /* the same but tombstones, in the order of their frames */
  tuv_queue_t waiting; /* pinned operations for which there was no room yet */
  tuv_queue_t results;
  tuv_queue_t server_stmts; /* statements prepared on it */
  tuv_queue_t cached;       /* those that nobody uses, the oldest first */
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
  bool pump_due;     /* a place became free without an answer */
  bool close_later;  /* to be closed at the end of the turn */
  bool congested;    /* its send buffer had no room when something was to be sent */
};

struct taosuv_client_s {
  uv_loop_t* loop;
  void* data;
  taosuv_consumer_t* consumer; /* whose connection this is; NULL: a client of its own */
  bool owned;                  /* only the consumer may close it */
  tuv_mem_t* mem;
  tuv_url_t url;
  const tuv_transport_t* transport;
  char totp[12];          /* the last code made of totp_secret; a secret */
  char* target;           /* HTTP: of SQL, up to the request's id; a secret is in it */
  char* authorization;    /* HTTP: the header; a secret */
  char* basic;            /* HTTP: the same for what takes no Taosd token; NULL: the same one */
  char* path;             /* of the upgrade, with the cloud token; a secret */
  char* legacy_paths[3];  /* the same of old gateways' endpoints; NULL: not needed yet */
  tuv_connect_t connect;  /* how a connection's stream is made … */
  tuv_tls_context_t* tls; /* … and what is put over it; NULL: nothing */
  tuv_avoid_t avoid;      /* addresses that are tried last */
  tuv_ws_shared_t shared;
  tuv_json_t json;
  tuv_timers_t timers;
  uv_idle_t turn;   /* runs when completions or bytes wait for the end of the turn */
  uv_async_t async; /* for taosuv_submit */
  _Atomic(taosuv_submit_t*) submits;
  unsigned open_handles;
  bool turn_due;
  bool pump_due;       /* a connection's pump_due is set */
  atomic_bool closing; /* taosuv_submit reads it on other threads */
  bool handles_closing;
  taosuv_close_cb close_cb;
  taosuv_drain_cb on_drain;
  bool drain_wanted;
  bool drain_due;
  tuv_queue_t queue; /* requests without a connection, in order */
  uint32_t queued;
  uint32_t queued_kinds[3]; /* of them, by what they need first: query, stmt, lines */
  uint64_t queued_bytes;    /* of their payloads */
  tuv_idmap_t queued_ids;   /* req_id → tuv_op_t* of them */
  uint32_t held;            /* requests that wait for their statement, */
  uint64_t held_bytes;      /* and their bytes */
  uint64_t stmts_session;   /* counts what changes tables and their names */
  uint64_t stmts_order; /* of batches that were given, and of SQL that was sent to be prepared */
  const taosuv_stmt_t* stmt_prepared; /* whose prepare is calling back; or NULL */
  bool stmts_old;                     /* there may be cached ones from before the last change */
  tuv_queue_t stmts;
  tuv_queue_t writers;
  tuv_queue_t stmts_due; /* those with something to do this turn */
  tuv_queue_t done;      /* requests to be completed in the next turn */
  uint32_t pending;      /* requests between call and callback */
  uint64_t started;      /* of the last request that was begun */
  tuv_queue_t drains;    /* those of taosuv_client_drain that wait */
  uint32_t ndrains;      /* all of them that are pending */
  tuv_queue_t conns;     /* connecting, logging in, ready */
  tuv_queue_t gone;      /* closing or dead, until freed */
  uint32_t ready, connecting;
  uint32_t narrow;   /* of both, those that do not serve all requests */
  uint32_t retiring; /* of the ready ones */
  uint32_t leaving;  /* of the gone ones, those that wait for answers */
  uint32_t moving;   /* of the connecting ones: those that will replace another */
  uint64_t connects;
  tuv_pool_host_t* hosts; /* the URL's first; they stay where they are */
  uint32_t nhosts, hosts_capacity;
  tuv_timed_t balance;          /* until a connection may move */
  tuv_timed_t discover;         /* until the list of hosts is old */
  bool discover_told;           /* that a server cannot */
  uint32_t next_host;           /* where the next look for a host begins */
  uint32_t attempts;            /* failed ones since the last log-in */
  tuv_timed_t reconnect;        /* until a host may be tried again, while requests wait */
  bool reconnect_due;           /* it is set */
  tuv_queue_t flush_pending;    /* connections to flush */
  tuv_queue_t paused;           /* those that had more to do than a turn allows: to be resumed */
  tuv_queue_t failing;          /* tuv_failing_t: requests to be failed, some in each turn */
  tuv_queue_t detached_results; /* results whose connection is gone, not yet closed by the caller */
  uint64_t id_high, id_low;     /* of the next generated req_id */
  tuv_totals_t totals;
  tuv_stats_t* stats; /* NULL: metrics are off */
  taosuv_hooks_t hooks;
  bool hooked;      /* for trace or log */
  bool in_hook;     /* one is running; see hooks.c */
  bool close_due;   /* taosuv_close was called in a hook */
  bool results_due; /* so was taosuv_result_close */
  char text[512];   /* a server's text that had no end of its own */
};

/* tmq*.c: of a consumer, see client/tmq.h */
typedef struct tuv_setup_s {
  taosuv_consumer_t* consumer;
  /* Adds to what the URL says. */
  int (*apply)(taosuv_consumer_t* consumer, tuv_url_t* url, tuv_errmsg_t* err);
} tuv_setup_t;
void tuv_tmq_turn(taosuv_consumer_t* consumer);
/* A connection is gone: first without a callback, then with them. */
void tuv_tmq_conn_gone(taosuv_consumer_t* consumer, const tuv_conn_t* conn);
void tuv_tmq_lost(taosuv_consumer_t* consumer, const tuv_failure_t* failure);

/* submit.c */
void tuv_submit_on_async(uv_async_t* handle);

/* client.c */
int tuv_client_create(uv_loop_t* loop, const taosuv_options_t* options, const tuv_setup_t* setup,
                      taosuv_client_t** client); /* setup: of a consumer's, or NULL */
void tuv_client_turn(taosuv_client_t* client);   /* something is to be done this turn */
uint64_t tuv_client_id(taosuv_client_t* client); /* a req_id that is not in flight */

/* req.c: what all requests have in common. A call checks, fills its own fields, then begins. */
int tuv_req_check(taosuv_client_t* client, taosuv_req_t* req, bool has_callback);
int tuv_req_check_any(taosuv_client_t* client, taosuv_req_t* req, bool has_callback);
int tuv_req_begin(taosuv_client_t* client, taosuv_req_t* req, const tuv_op_type_t* type,
                  const void* payload, size_t size);
int tuv_req_start(taosuv_client_t* client, taosuv_req_t* req, const tuv_op_type_t* type);
bool tuv_req_is_late(taosuv_req_t* req); /* its deadline had passed when it was started */
void tuv_req_finish(taosuv_req_t* req, int status);
void tuv_req_fail(taosuv_req_t* req, const tuv_failure_t* failure);
void tuv_req_defer(taosuv_req_t* req, int status, unsigned int flags, const char* message);
/* A request that is in no list becomes one of those in `reqs`: it can be cancelled still. */
void tuv_req_set_aside(taosuv_req_t* req, tuv_queue_t* reqs);
/* Fails requests that were set aside, or were in flight: in later turns, if they are many. */
void tuv_req_fail_all(taosuv_client_t* client, tuv_queue_t* reqs, const tuv_failure_t* failure);
void tuv_req_fail_some(taosuv_client_t* client); /* what of them is for this turn */
void tuv_req_detach(taosuv_req_t* req); /* off its queue or connection, leaving a tombstone */

/* pool.c: which connection */
int tuv_pool_submit(taosuv_client_t* client, taosuv_req_t* req, const void* payload, size_t size);
void tuv_pool_pump(taosuv_client_t* client);
/* Whether a connection has nothing in flight; else one more is opened, if there may be. */
bool tuv_pool_has_idle(taosuv_client_t* client, unsigned needs);
/* The same, whether one has room and is not suspect. */
bool tuv_pool_has_room(taosuv_client_t* client, unsigned needs);
/* Connections that take requests. */
static inline uint32_t tuv_pool_usable(const taosuv_client_t* client) {
  return client->ready - client->retiring;
}
/* Those of them that serve one of these kinds. */
uint32_t tuv_pool_usable_for(const taosuv_client_t* client, unsigned needs);
/* A connection that was to serve all requests will not: others may have to be opened. */
void tuv_pool_narrowed(taosuv_client_t* client);
/* Puts a request whose connection died back into the queue; false: no memory. */
bool tuv_pool_requeue(taosuv_client_t* client, taosuv_req_t* req);
/* Counts a request that waits for its statement; TAOSUV_EAGAIN when too many wait. */
int tuv_pool_hold(taosuv_client_t* client, size_t size);
void tuv_pool_unhold(taosuv_client_t* client, size_t size);
/* Takes a queued request out of the queue. */
void tuv_pool_unqueue(taosuv_client_t* client, taosuv_req_t* req);
void tuv_pool_ready(tuv_conn_t* conn);
/* After TAOSUV_EAGAIN: has the caller told, once, when there is room again. */
void tuv_pool_check_drain(taosuv_client_t* client);
void tuv_pool_connect_failed(taosuv_client_t* client, uint32_t host, uint64_t started,
                             unsigned served, const tuv_failure_t* failure);
bool tuv_pool_id_in_flight(taosuv_client_t* client, uint64_t id);

/* hosts.c: where to connect to */
int tuv_hosts_init(taosuv_client_t* client);
bool tuv_hosts_add(taosuv_client_t* client, const tuv_host_t* host); /* whether it is news */
uint32_t tuv_hosts_listed(const taosuv_client_t* client);
bool tuv_hosts_pick(taosuv_client_t* client, uint32_t* host, uint64_t* wait);
bool tuv_hosts_failed(taosuv_client_t* client, uint32_t host, uint64_t started);
void tuv_hosts_mark_up(taosuv_client_t* client, uint32_t host);
void tuv_hosts_doubt(taosuv_client_t* client, uint32_t host); /* a request timed out there */
bool tuv_hosts_is_up(const taosuv_client_t* client, uint32_t host);
/* It is out of service, and asks to be left alone for so long (Retry-After). */
void tuv_hosts_retry_after(taosuv_client_t* client, uint32_t host, uint32_t seconds);

/* balance.c: connections move to the hosts where they belong */
void tuv_balance_look(taosuv_client_t* client); /* when a connection or a host has come or gone */
int tuv_balance_replace(taosuv_client_t* client, uint32_t host); /* one by one to that host */
void tuv_balance_replaces(tuv_conn_t* conn); /* once it is ready another one is to retire */
void tuv_balance_ready(tuv_conn_t* conn);
void tuv_balance_done(tuv_conn_t* conn); /* it is ready, or will never be */

/* discover.c: hosts that servers name */
void tuv_discover_replied(tuv_conn_t* conn, const tuv_reply_t* reply); /* to `conn` */
void tuv_discover_check(tuv_conn_t* conn);                             /* its version is known */

/* keepalive.c: keeping connections alive, and ending them in time */
void tuv_keepalive_begin(tuv_conn_t* conn);
void tuv_keepalive_retire(tuv_conn_t* conn);
void tuv_keepalive_check_retired(tuv_conn_t* conn);

/* endpoint.c: which of a gateway's WebSocket endpoints a connection speaks to */
static inline unsigned tuv_op_needs(const tuv_op_type_t* type) {
  return type->needs == 0 ? (unsigned) TUV_SERVES_QUERY : type->needs;
}
static inline bool tuv_conn_is_narrow(const tuv_conn_t* conn) {
  return conn->serves != TUV_SERVES_ALL;
}
int tuv_endpoint_init(taosuv_client_t* client);
void tuv_endpoint_free(taosuv_client_t* client);
void tuv_endpoint_begin(tuv_conn_t* conn, unsigned wanted); /* a connection is being opened */
void tuv_endpoint_leave(tuv_conn_t* conn);                  /* it has left the pool */
void tuv_endpoint_ready(tuv_conn_t* conn);                  /* it is logged in */
int tuv_endpoint_path(tuv_conn_t* conn, const char** path);
/* Its upgrade was refused: whether it is to try another endpoint. Else *failure says what the
 * refusal means; its text may be put into `err`. */
bool tuv_endpoint_refused(tuv_conn_t* conn, int http_status, tuv_failure_t* failure,
                          tuv_errmsg_t* err);
/* The version is known: whether the gateway has /ws, which was not asked for. */
bool tuv_endpoint_is_outdated(tuv_conn_t* conn);
/* The largest message that the gateway takes. */
uint64_t tuv_endpoint_max_message(const tuv_conn_t* conn);

/* suspect.c: connections on which a request timed out */
void tuv_suspect_begin(tuv_conn_t* conn); /* one did */
void tuv_suspect_heard(tuv_conn_t* conn); /* the server has sent something */
void tuv_suspect_end(tuv_conn_t* conn);   /* it is, or the connection goes */

/* leave.c: a connection leaves its server in good order */
void tuv_leave_begin(tuv_conn_t* conn, uint64_t limit); /* in ms; nobody waits for it any more */
void tuv_leave_closed(tuv_conn_t* conn); /* its client is closed: cancels, then leaves */
void tuv_leave_check(tuv_conn_t* conn);  /* after each answer */
void tuv_leave_down(tuv_conn_t* conn);   /* the connection is down */
/* Whether its server takes messages that free what is there. */
static inline bool tuv_conn_speaks(const tuv_conn_t* conn) {
  return conn->state == TUV_CONN_READY || conn->state == TUV_CONN_LEAVING;
}

/* drain.c: waiting for requests */
void tuv_drain_completed(taosuv_client_t* client, const tuv_req_t* priv); /* a request is */
void tuv_drain_close(taosuv_client_t* client);                            /* it is being closed */

/* conn.c: one connection */
void tuv_conn_leave_pool(tuv_conn_t* conn, tuv_conn_state_t state);
void tuv_conn_say_goodbye(tuv_conn_t* conn);
void tuv_conn_send_waiting(tuv_conn_t* conn); /* what is pinned to it, as far as there is room */
int tuv_conn_start(taosuv_client_t* client, uint32_t host, unsigned wanted, tuv_conn_t** conn);
/* Its stream is closed: connects it to the endpoint that is set now. */
int tuv_conn_reconnect(tuv_conn_t* conn);
void tuv_conn_restart(tuv_conn_t* conn); /* while logging in: over the endpoint that is set now */
int tuv_conn_send(tuv_conn_t* conn, tuv_op_t* op, const void* payload, size_t size);
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
int tuv_conn_send_json(tuv_conn_t* conn, tuv_op_t* op, tuv_request_t* request);

/* receive.c: what a connection receives */
tuv_op_t* tuv_conn_take(tuv_conn_t* conn,
                        uint64_t id); /* the operation that is answered; or NULL */
bool tuv_op_is_tombstone(const tuv_op_t* op);
/* It failed, but its connection is well. */
void tuv_conn_fail_op(tuv_conn_t* conn, tuv_op_t* op, tuv_failure_t failure);
void tuv_conn_on_message(tuv_ws_t* ws, uint8_t opcode, uint8_t* data, size_t size,
                         tuv_refbuf_t* owner);
void tuv_conn_on_pong(tuv_ws_t* ws, const uint8_t* data, size_t size);

/* login.c */
void tuv_login_begin(tuv_conn_t* conn);
/* The server's version is known: false when it is too old, and the connection has failed. */
bool tuv_login_take_version(tuv_conn_t* conn, const char* text);
bool tuv_is_auth_code(int code); /* of the database: the credentials are wrong */

/* rest_login.c */
void tuv_rest_forget(taosuv_client_t* client); /* the credentials */

/* admin.c: for operations that leave nothing behind on the server */
extern tuv_op_t tuv_plain_tombstone;
bool tuv_admin_is_ping(const tuv_op_t* op);

/* query.c */
extern tuv_op_t tuv_query_tombstone;
int tuv_sql_encode(tuv_op_t* op, tuv_conn_t* conn, const void* sql, size_t size);

/* result.c */
void tuv_result_free_on_server(tuv_conn_t* conn, uint64_t result_id);
taosuv_result_t* tuv_result_create(tuv_conn_t* conn, const tuv_query_reply_t* reply);
/* Of an answer that came whole: its blocks and fields. */
taosuv_result_t* tuv_result_create_whole(tuv_conn_t* conn, tuv_rest_t* decoder);
void tuv_result_lost(taosuv_result_t* result, const tuv_failure_t* failure);
/* The client is closed; `conn` is the result's, in whose list it is no more. It is freed on the
 * server, at once or with the answer that is on its way. */
void tuv_result_leave(taosuv_result_t* result, tuv_conn_t* conn, const tuv_failure_t* failure);
void tuv_result_close_due(taosuv_client_t* client); /* what was closed in hooks */
/* The statement that it came from may do nothing else before this result is read or closed. */
void tuv_result_pin(taosuv_result_t* result, tuv_server_stmt_t* server_stmt);

/* fetch.c */
void tuv_result_prefetch(taosuv_result_t* result);
tuv_op_t* tuv_result_find_block_op(tuv_conn_t* conn, uint64_t result_id);
void tuv_result_cancel_fetch(taosuv_req_t* req);
uint64_t tuv_result_fetch_id(const taosuv_req_t* fetch);   /* the id that its message had */
const taosuv_req_t* tuv_result_waiter(const tuv_op_t* op); /* of a fetch in flight; or NULL */

/* stmt_turn.c, stmt_remote.c: prepared statements */
void tuv_stmts_run_due(taosuv_client_t* client);
void tuv_stmts_close(taosuv_client_t* client); /* it is being closed */
void tuv_stmts_lost(tuv_conn_t* conn, const tuv_failure_t* failure);
void tuv_stmts_resume(tuv_conn_t* conn); /* it is no longer suspect */
/* The connection leaves: statements are closed on the server, those in use as soon as they are
 * not. */
void tuv_stmts_leave(tuv_conn_t* conn);
/* Tables or names change: what was prepared before is not to be used by others. */
void tuv_stmts_forget(taosuv_client_t* client);
void tuv_server_stmt_result_done(tuv_server_stmt_t* server_stmt);
void tuv_server_stmt_set_result(tuv_server_stmt_t* server_stmt,
                                taosuv_result_t* result); /* another one */
const taosuv_req_t* tuv_server_stmt_waiter(
    const tuv_op_t* op); /* of a statement's message; or NULL */

/* writer.c */
void tuv_writers_close(taosuv_client_t* client); /* it is being closed */

/* lines.c: whether its options can be sent; 0, or what taosuv_insert_lines would return */
int tuv_lines_check(const taosuv_client_t* client, const taosuv_insert_lines_t* req);

/* block.c */
taosuv_block_t* tuv_block_create(tuv_mem_t* mem, tuv_refbuf_t* owner, const uint8_t* data,
                                 size_t size, uint8_t precision, int* status, tuv_errmsg_t* err);
void tuv_block_of_table(taosuv_block_t* block); /* its columns are a table's own */

/* server_code.c */
unsigned int tuv_server_code_flags(int code); /* TAOSUV_ERR_… of a server's own code */
/* Whether a code says that a batch was not executed because its statement was prepared before
 * something changed. */
typedef enum {
  TUV_NOT_STALE,
  TUV_MAYBE_STALE, /* it may also be meant for a statement that is up to date */
  TUV_STALE
} tuv_stale_t;
tuv_stale_t tuv_server_code_stale(int code);
/* Of the code in a refusal: its lower 16 bits, as gateways give them; never 0. */
int tuv_server_code(uint64_t code);

#endif
