/* Looking into a client: numbers, latencies, what is in flight; hooks for trace, log and wire. */
#ifndef TAOSUV_OBSERVE_H
#define TAOSUV_OBSERVE_H

#include "client.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- numbers ---- */

/* What a client is doing and has done. Totals are since the client was made, and are counted
 * whether metrics are on or not. */
typedef struct taosuv_stats_s {
  size_t size;         /* in: sizeof(taosuv_stats_t) of the caller's header */
  uint32_t hosts;      /* of the URL, and those that servers have named */
  uint32_t connecting; /* connections on their way, up to the WebSocket upgrade */
  uint32_t logging_in;
  uint32_t ready;
  uint32_t closing;          /* saying goodbye, or waiting for their end */
  uint32_t in_flight;        /* messages sent or about to be, not answered (cancelled ones too) */
  uint32_t queued;           /* requests that wait for a connection with room */
  uint32_t pending;          /* requests between their call and their callback */
  uint64_t bytes_waiting;    /* in send buffers */
  uint64_t connects;         /* log-ins */
  uint64_t reconnects;       /* those of them that came in place of a lost connection */
  uint64_t connections_lost; /* that had been ready */
  uint64_t connects_failed;
  uint64_t requests;   /* completed, however */
  uint64_t failures;   /* those of them that completed with an error */
  uint64_t moves;      /* requests that were moved away from a dying connection */
  uint64_t bytes_sent; /* through the stream: upgrade and frames */
  uint64_t bytes_received;
  uint64_t messages_sent;     /* all but pongs; those of log-ins too */
  uint64_t messages_received; /* text and binary */
  uint64_t blocks;            /* blocks of rows, and their rows */
  uint64_t rows;
  uint64_t reserved[8];
} taosuv_stats_t;

/* Fills `stats`, as far as its `size` reaches. Returns 0, or TAOSUV_EINVAL when it is NULL or its
 * size does not even hold `size`. */
TAOSUV_EXTERN int taosuv_client_stats(const taosuv_client_t* client, taosuv_stats_t* stats);

/* The same of one host. The totals are counted while metrics are on. */
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

/* Host number `index`, from 0, in the order of the URL. Returns 0, or TAOSUV_EINVAL beyond the last
 * one and for a missing size. */
TAOSUV_EXTERN int taosuv_stats_host(const taosuv_client_t* client, uint32_t index,
                                    taosuv_host_stats_t* host);

/* Switches metrics on (1) or off (0; what was counted is dropped): failures by status, latencies by
 * action, totals by host. Their memory is taken here, once, and is of a fixed size (about 10 KiB).
 * The URL's metrics=1 does the same at the beginning. Off by default. Returns 0, TAOSUV_EINVAL or
 * TAOSUV_ENOMEM. */
TAOSUV_EXTERN int taosuv_metrics_enable(taosuv_client_t* client, int on);

/* Failed requests by status: entry number `index`, from 0, in no order. Returns 0, or TAOSUV_EINVAL
 * beyond the last one, and always while metrics are off. */
TAOSUV_EXTERN int taosuv_stats_error(const taosuv_client_t* client, uint32_t index, int* status,
                                     uint64_t* count);

/* ---- latencies ---- */

/* What a request or a message is. More may come behind the last one. */
typedef enum {
  TAOSUV_ACTION_OTHER = 0, /* server_version, server_status, current_db, and what has no own */
  TAOSUV_ACTION_CONNECT,   /* a connection, from its beginning to its log-in's end */
  TAOSUV_ACTION_OPEN,
  TAOSUV_ACTION_EXEC,
  TAOSUV_ACTION_QUERY, /* up to the result set; its rows are fetch */
  TAOSUV_ACTION_FETCH,
  TAOSUV_ACTION_PING,
  TAOSUV_ACTION_STMT_PREPARE,
  TAOSUV_ACTION_STMT_EXEC,
  TAOSUV_ACTION_INSERT_LINES,
  TAOSUV_ACTION_SUBSCRIBE, /* of a consumer, and unsubscribe */
  TAOSUV_ACTION_POLL,
  TAOSUV_ACTION_COMMIT,
  TAOSUV_ACTION_WRITE /* write_raw and write_block */
} taosuv_action_t;

/* "exec", "query", …; NULL for no action. Static memory. */
TAOSUV_EXTERN const char* taosuv_action_name(int action);

/* Durations from a call to its callback, of successes and failures, in log-linear buckets: four for
 * each power of two of microseconds, so that a bucket is 25 % wide at most (at 4 us and above). */
#define TAOSUV_LATENCY_BUCKETS 144
typedef struct taosuv_latency_s {
  uint64_t count;
  uint64_t sum_ns;
  uint64_t min_ns; /* 0 when count is 0 */
  uint64_t max_ns;
  uint64_t buckets[TAOSUV_LATENCY_BUCKETS];
} taosuv_latency_t;

/* Copies the latencies of an action. Returns 0, or TAOSUV_EINVAL for no action, for NULL, and while
 * metrics are off. */
TAOSUV_EXTERN int taosuv_stats_latency(const taosuv_client_t* client, int action,
                                       taosuv_latency_t* latency);

/* The nanoseconds up to which durations are in a bucket (and above those of the bucket before). The
 * last bucket also has all that is longer. 0 for no bucket. */
TAOSUV_EXTERN uint64_t taosuv_latency_bound(unsigned int bucket);

/* The nanoseconds that `percent` (0 to 100; 99.9 is allowed) of the durations do not exceed: the
 * bound of a bucket, but never more than the longest and never less than the shortest. 0 when there
 * are none. */
TAOSUV_EXTERN uint64_t taosuv_latency_percentile(const taosuv_latency_t* latency, double percent);

/* All of the above as Prometheus text (exposition format 0.0.4), names beginning with taosuv_.
 * Writes up to `size` bytes with the NUL, and returns the length of the whole text as snprintf
 * does: call again with more room when it is not less than `size`. `buf` may be NULL with size 0.
 * Returns TAOSUV_EINVAL for a NULL client. */
TAOSUV_EXTERN int taosuv_client_prometheus(const taosuv_client_t* client, char* buf, size_t size);

/* ---- what is in flight ---- */

/* Calls `line` for each connection and each pending request: host, state, action, req_id, age.
 * Lines have no newline, and neither SQL nor secrets. They are for people: their form may change.
 * `line` may do what a hook may (see below). Returns 0 or TAOSUV_EINVAL. */
typedef void (*taosuv_line_cb)(void* context, const char* text);
TAOSUV_EXTERN int taosuv_client_dump(taosuv_client_t* client, taosuv_line_cb line, void* context);

/* ---- hooks ---- */

typedef enum {
  TAOSUV_TRACE_QUEUED = 1, /* a request waits for a connection (again, when it was moved) */
  TAOSUV_TRACE_SENT,       /* its message is in the send buffer, which leaves this turn */
  TAOSUV_TRACE_ANSWERED,   /* its answer is here, not looked at yet */
  TAOSUV_TRACE_COMPLETED,  /* its callback is next: status, duration */
  TAOSUV_TRACE_CONN_CONNECTING = 16,
  TAOSUV_TRACE_CONN_UPGRADED, /* a WebSocket; the log-in begins */
  TAOSUV_TRACE_CONN_READY,    /* duration: since its beginning */
  TAOSUV_TRACE_CONN_FAILED,   /* never was ready: status */
  TAOSUV_TRACE_CONN_LOST,     /* was ready: status */
  TAOSUV_TRACE_CONN_CLOSED    /* by the client */
} taosuv_stage_t;

/* "sent", "conn_ready", …; NULL for no stage. Static memory. */
TAOSUV_EXTERN const char* taosuv_stage_name(int stage);

/* One stage of a request or a connection. It and all it points to live until the hook returns, but
 * for the host, which lives as long as the client. */
typedef struct taosuv_trace_s {
  taosuv_stage_t stage;
  taosuv_action_t action;  /* CONNECT for a connection */
  uint64_t req_id;         /* as in the server's logs; 0 for a connection. A fetch that was made
                             ahead of need has one and no request: its COMPLETED has the same id */
  const taosuv_req_t* req; /* the caller's, for its `data`; NULL for a connection, and in the SENT
                              and ANSWERED of a fetch, whose message serves whichever fetch comes */
  const char* host;        /* NULL: no connection yet */
  int status;              /* of COMPLETED, CONN_FAILED, CONN_LOST; otherwise 0 */
  int server_code;
  uint64_t time_ns;     /* uv_hrtime() of the stage */
  uint64_t duration_ns; /* of COMPLETED and CONN_READY; otherwise 0 */
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
  TAOSUV_TAP_REDACTED = 1, /* secrets were in it, and "***" is in their place */
  TAOSUV_TAP_WITHHELD = 2  /* what it is cannot be shown safely, or memory ran out: bytes is NULL,
                              size 0 */
};

/* A whole message: before it is masked, after its frames were put together. */
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
 * A hook, and dump's `line`, are called in the middle of things. They may call everything, and this
 * is what happens then: what only looks (stats, dump, prometheus, texts, blocks), taosuv_submit and
 * the two switches of this header work as ever. What starts or cancels a request returns
 * TAOSUV_EBUSY. taosuv_close and taosuv_result_close are carried out later in the same turn of the
 * loop, or in the next one. To do anything else, submit it. A hook is never called inside a hook.
 *
 * Secrets (password, token, bearer_token, totp_code) reach no hook: the log's texts and a log-in's
 * messages, either way, have "***" in their place, also where the server repeats one of four bytes
 * or more, as do the error texts of failed connections. The HTTP upgrade, which carries the token,
 * is not shown. What is in SQL and in rows is shown to the tap as it is. A message that was tapped
 * as sent may be taken back, when its request is cancelled in the same turn, or be sent again over
 * another connection, when this one dies before it left. */
typedef struct taosuv_hooks_s {
  size_t size; /* sizeof(taosuv_hooks_t) of the caller's header; says which of these it knows */
  void* data;
  void (*trace)(void* data, const taosuv_trace_t* trace);
  int log_level; /* taosuv_log_level_t: this and the graver ones */
  void (*log)(void* data, int level, const char* message, size_t length);
  void (*tap)(void* data, const taosuv_tap_t* tap);
} taosuv_hooks_t;

/* Sets the hooks, in place of earlier ones; copied. NULL: none. Returns 0, or TAOSUV_EINVAL for a
 * NULL client or a missing size. Without hooks, none of this costs anything. */
TAOSUV_EXTERN int taosuv_client_set_hooks(taosuv_client_t* client, const taosuv_hooks_t* hooks);

#ifdef __cplusplus
}
#endif

#endif
