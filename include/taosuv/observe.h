/* Observing a client: counters, latencies, pending requests, and hooks for trace, log and
 * messages. */
#ifndef TAOSUV_OBSERVE_H
#define TAOSUV_OBSERVE_H

#include "client.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- numbers ---- */

/* The state and the totals of a client. Totals count from the creation of the client, whether
 * metrics are on or not. */
typedef struct taosuv_stats_s {
  size_t size;         /* in: sizeof(taosuv_stats_t) of the caller's header */
  uint32_t hosts;      /* of the URL, and discovered ones */
  uint32_t connecting; /* connections being opened, up to the WebSocket upgrade */
  uint32_t logging_in;
  uint32_t ready;
  uint32_t closing;          /* sending their last messages, or waiting for their end */
  uint32_t in_flight;        /* messages sent or about to be sent, not answered; includes
                                cancelled ones */
  uint32_t queued;           /* requests that wait for a connection with room */
  uint32_t pending;          /* requests between their call and their callback */
  uint64_t bytes_waiting;    /* in send buffers */
  uint64_t connects;         /* log-ins */
  uint64_t reconnects;       /* log-ins that replaced a lost connection */
  uint64_t connections_lost; /* of connections that had been ready */
  uint64_t connects_failed;
  uint64_t requests;   /* completed with any status */
  uint64_t failures;   /* requests that completed with an error */
  uint64_t moves;      /* requests that were moved away from a lost connection */
  uint64_t bytes_sent; /* through the stream: upgrade and frames */
  uint64_t bytes_received;
  uint64_t messages_sent;     /* all except pongs; includes those of log-ins */
  uint64_t messages_received; /* text and binary */
  uint64_t blocks;            /* blocks of rows, and their rows */
  uint64_t rows;
  uint64_t reserved[8];
} taosuv_stats_t;

/* Fills `stats`, up to its `size`. Returns 0, or TAOSUV_EINVAL if it is NULL or its size is too
 * small for the field `size`. */
TAOSUV_EXTERN int taosuv_client_stats(const taosuv_client_t* client, taosuv_stats_t* stats);

/* The same for one host. The totals are counted only while metrics are on. */
typedef struct taosuv_host_stats_s {
  size_t size;      /* in: sizeof(taosuv_host_stats_t) of the caller's header */
  const char* host; /* "host:port"; lives as long as the client */
  uint32_t connecting, logging_in, ready, closing;
  uint32_t in_flight;
  uint64_t bytes_waiting;
  uint64_t connects;
  uint64_t connections_lost;
  uint64_t connects_failed;
  uint64_t reserved[8];
} taosuv_host_stats_t;

/* Fills `host` for host number `index`, from 0, in the order of the URL. Returns 0, or
 * TAOSUV_EINVAL if there is no such host or `size` is not set. */
TAOSUV_EXTERN int taosuv_stats_host(const taosuv_client_t* client, uint32_t index,
                                    taosuv_host_stats_t* host);

/* Switches metrics on (1) or off (0; the counts are discarded): failures by status, latencies by
 * action, totals by host. Their memory is allocated here, once, with a fixed size (about 10 KiB).
 * The URL's metrics=1 switches them on from the start. Off by default. Returns 0, TAOSUV_EINVAL or
 * TAOSUV_ENOMEM. */
TAOSUV_EXTERN int taosuv_metrics_enable(taosuv_client_t* client, int on);

/* Failed requests by status: entry number `index`, from 0, in no particular order. Returns 0, or
 * TAOSUV_EINVAL if there is no such entry, and always while metrics are off. */
TAOSUV_EXTERN int taosuv_stats_error(const taosuv_client_t* client, uint32_t index, int* status,
                                     uint64_t* count);

/* ---- latencies ---- */

/* The kind of a request or a message. Later versions may add more. */
typedef enum {
  TAOSUV_ACTION_OTHER = 0, /* server_version, server_status, current_db, and all others */
  TAOSUV_ACTION_CONNECT,   /* a connection, from its start to the end of its log-in */
  TAOSUV_ACTION_OPEN,
  TAOSUV_ACTION_EXEC,
  TAOSUV_ACTION_QUERY, /* up to the result set; rows are counted as FETCH */
  TAOSUV_ACTION_FETCH,
  TAOSUV_ACTION_PING,
  TAOSUV_ACTION_STMT_PREPARE,
  TAOSUV_ACTION_STMT_EXEC,
  TAOSUV_ACTION_INSERT_LINES,
  TAOSUV_ACTION_SUBSCRIBE, /* subscribe and unsubscribe of a consumer */
  TAOSUV_ACTION_POLL,
  TAOSUV_ACTION_COMMIT,
  TAOSUV_ACTION_WRITE /* write_raw and write_block */
} taosuv_action_t;

/* "exec", "query", …; NULL if `action` is unknown. Static memory. */
TAOSUV_EXTERN const char* taosuv_action_name(int action);

/* Durations from a call to its callback, for successes and failures, in log-linear buckets: four
 * for each power of two of microseconds. A bucket is at most 25 % wide (from 4 us on). */
#define TAOSUV_LATENCY_BUCKETS 144
typedef struct taosuv_latency_s {
  uint64_t count;
  uint64_t sum_ns;
  uint64_t min_ns; /* 0 when count is 0 */
  uint64_t max_ns;
  uint64_t buckets[TAOSUV_LATENCY_BUCKETS];
} taosuv_latency_t;

/* Copies the latencies of an action. Returns 0, or TAOSUV_EINVAL for an unknown action, for NULL,
 * and while metrics are off. */
TAOSUV_EXTERN int taosuv_stats_latency(const taosuv_client_t* client, int action,
                                       taosuv_latency_t* latency);

/* The upper bound of a bucket in nanoseconds; its lower bound is that of the bucket before. The
 * last bucket also counts all longer durations. 0 if there is no such bucket. */
TAOSUV_EXTERN uint64_t taosuv_latency_bound(unsigned int bucket);

/* The nanoseconds that `percent` (0 to 100; 99.9 is allowed) of the durations do not exceed: the
 * bound of a bucket, but never more than the longest and never less than the shortest. 0 if there
 * are none. */
TAOSUV_EXTERN uint64_t taosuv_latency_percentile(const taosuv_latency_t* latency, double percent);

/* All of the above as Prometheus text (exposition format 0.0.4), names beginning with taosuv_.
 * Writes up to `size` bytes with the NUL, and returns the length of the whole text as snprintf
 * does: call again with more room when it is not less than `size`. `buf` may be NULL with size 0.
 * Returns TAOSUV_EINVAL for a NULL client. */
TAOSUV_EXTERN int taosuv_client_prometheus(const taosuv_client_t* client, char* buf, size_t size);

/* ---- what is in flight ---- */

/* Calls `line` for each connection and each pending request: host, state, action, req_id, age.
 * Lines have no newline and contain neither SQL nor secrets. They are meant for people: their form
 * may change. `line` has the same restrictions as a hook (see below). Returns 0 or
 * TAOSUV_EINVAL. */
typedef void (*taosuv_line_cb)(void* context, const char* text);
TAOSUV_EXTERN int taosuv_client_dump(taosuv_client_t* client, taosuv_line_cb line, void* context);

/* ---- hooks ---- */

typedef enum {
  TAOSUV_TRACE_QUEUED = 1, /* a request waits for a connection; again, if it was moved */
  TAOSUV_TRACE_SENT,       /* its message is in the send buffer, which is written in this
                              iteration */
  TAOSUV_TRACE_ANSWERED,   /* its answer has arrived and is not parsed yet */
  TAOSUV_TRACE_COMPLETED,  /* its callback follows: status, duration */
  TAOSUV_TRACE_CONN_CONNECTING = 16,
  TAOSUV_TRACE_CONN_UPGRADED, /* a WebSocket; the log-in begins */
  TAOSUV_TRACE_CONN_READY,    /* duration: since its start */
  TAOSUV_TRACE_CONN_FAILED,   /* was never ready: status */
  TAOSUV_TRACE_CONN_LOST,     /* was ready: status */
  TAOSUV_TRACE_CONN_CLOSED    /* by the client */
} taosuv_stage_t;

/* "sent", "conn_ready", …; NULL if `stage` is unknown. Static memory. */
TAOSUV_EXTERN const char* taosuv_stage_name(int stage);

/* One stage of a request or a connection. It and all data that it points to are valid until the
 * hook returns, except the host, which is valid as long as the client. */
typedef struct taosuv_trace_s {
  taosuv_stage_t stage;
  taosuv_action_t action;  /* CONNECT for a connection */
  uint64_t req_id;         /* as in the server's logs; 0 for a connection. A prefetch has an id
                              and no request; the COMPLETED of the fetch that gets its block has
                              the same id */
  const taosuv_req_t* req; /* the caller's request, for its `data`; NULL for a connection, and in
                              SENT and ANSWERED of a fetch, whose block goes to the next fetch */
  const char* host;        /* NULL: no connection yet */
  int status;              /* for COMPLETED, CONN_FAILED, CONN_LOST; otherwise 0 */
  int server_code;
  uint64_t time_ns;     /* uv_hrtime() of the stage */
  uint64_t duration_ns; /* for COMPLETED and CONN_READY; otherwise 0 */
  uint64_t reserved[4];
} taosuv_trace_t;

typedef enum {
  TAOSUV_LOG_NONE = 0,
  TAOSUV_LOG_ERROR,
  TAOSUV_LOG_WARN, /* connections that are lost or cannot be made */
  TAOSUV_LOG_INFO, /* connections that are ready or closed */
  TAOSUV_LOG_DEBUG /* each of their stages, and each request that fails */
} taosuv_log_level_t;

enum {
  TAOSUV_TAP_REDACTED = 1, /* it contained secrets, which are replaced by "***" */
  TAOSUV_TAP_WITHHELD = 2  /* it cannot be shown safely, or memory ran out: bytes is NULL, size 0 */
};

/* A whole message: before it is masked, or after its frames were joined. */
typedef struct taosuv_tap_s {
  int sent;            /* 1: to the server; 0: from it */
  unsigned int opcode; /* 1 text, 2 binary, 8 close, 9 ping, 10 pong */
  unsigned int flags;  /* TAOSUV_TAP_… */
  const char* host;
  const void* bytes; /* until the hook returns */
  size_t size;
  uint64_t reserved[4];
} taosuv_tap_t;

/* Functions that are called from inside the library, on the loop's thread. Any may be NULL.
 *
 * A hook, and the `line` of dump, are called while the library is working. Calls that only read
 * (stats, dump, prometheus, texts, blocks), taosuv_submit, taosuv_metrics_enable and
 * taosuv_client_set_hooks work as usual there. Calls that start or cancel a request return
 * TAOSUV_EBUSY. taosuv_close and taosuv_result_close are carried out later in the same iteration of
 * the loop, or in the next one. For anything else, use taosuv_submit. A hook is never called from
 * inside a hook.
 *
 * Secrets (password, token, bearer_token, totp_code) are not passed to hooks. They are replaced by
 * "***" in log texts, in the messages of a log-in in both directions, and in the error texts of
 * failed connections, also where the server repeats a secret of four bytes or more. The HTTP
 * upgrade, which contains the token, is not shown. The tap sees SQL and rows unchanged. A message
 * that the tap has seen as sent may be withdrawn, if its request is cancelled in the same
 * iteration, or sent again over another connection, if this one is lost before the message was
 * written. */
typedef struct taosuv_hooks_s {
  size_t size; /* sizeof(taosuv_hooks_t) of the caller's header */
  void* data;
  void (*trace)(void* data, const taosuv_trace_t* trace);
  int log_level; /* taosuv_log_level_t: this level and more severe ones */
  void (*log)(void* data, int level, const char* message, size_t length);
  void (*tap)(void* data, const taosuv_tap_t* tap);
} taosuv_hooks_t;

/* Sets the hooks, which are copied and replace earlier ones. NULL removes them. Returns 0, or
 * TAOSUV_EINVAL for a NULL client or if `size` is not set. Without hooks there is no cost. */
TAOSUV_EXTERN int taosuv_client_set_hooks(taosuv_client_t* client, const taosuv_hooks_t* hooks);

#ifdef __cplusplus
}
#endif

#endif
