/* The client: a pool of connections on the caller's loop, and what all requests have in common. */
#ifndef TAOSUV_CLIENT_H
#define TAOSUV_CLIENT_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "error.h"
#include "url.h"
#include "version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A client belongs to the library: made by taosuv_client_create, ended by taosuv_close. It lives on
 * one loop and is used on that loop's thread only; clients on other loops share nothing with it. It
 * keeps the loop alive until it is closed.
 *
 * A handle may be NULL (a client, result, block, column, statement, writer, builder of lines,
 * consumer, message or request). A call that returns a status then returns TAOSUV_EINVAL. A call
 * that returns a value returns 0, NULL, "", or -1 for an offset, and sets what it fills to 0. Any
 * other call does nothing. The inline functions that read the cells of a column check nothing. */
typedef struct taosuv_client_s taosuv_client_t;
typedef struct taosuv_req_s taosuv_req_t;

/* Where all memory of a client comes from: the C library's unless given. Called on the loop's
 * thread. `realloc` and `free` get pointers that these functions returned, or NULL. */
typedef struct taosuv_allocator_s {
  void* context;
  void* (*malloc)(void* context, size_t size);
  void* (*realloc)(void* context, void* ptr, size_t size);
  void (*free)(void* context, void* ptr);
} taosuv_allocator_t;

/* The library's part of a request. Nothing in it is for the caller. */
typedef struct taosuv_req_private_s {
  void* pointer[11];
  uint64_t word[7];
} taosuv_req_private_t;

/* What every request begins with. Requests are the caller's memory: zero one before its first use,
 * set the in-fields that matter, and give it to a call. A call that returned 0 completes through
 * its callback exactly once, on the loop's thread, never before the call has returned; a call that
 * returned an error never calls back. From the moment its callback begins the request is the
 * caller's again, to be reused or freed. Out-fields hold from then on until the request is used
 * again; `message` and `host` only until the callback returns. */
#define TAOSUV_REQ_FIELDS                                                                            \
  /* the caller's, never touched */                                                                  \
  void* data;                                                                                        \
  /* in: the id on the wire and in the server's logs; 0: the client makes one */                     \
  uint64_t req_id;                                                                                   \
  /* in: milliseconds from the call to its failure with TAOSUV_ETIMEDOUT or, when nothing was */     \
  /* sent yet, TAOSUV_EUNSENT. What has arrived by then is read first. 0: the client's */            \
  /* request_timeout */                                                                              \
  uint64_t timeout_ms;                                                                               \
  /* in: the same as a moment of uv_now(), milliseconds; 0: none. The earlier of both counts. */     \
  /* uv_now() is old in a callback that has run for long: uv_hrtime() / 1000000 is the same */       \
  /* clock */                                                                                        \
  uint64_t deadline;                                                                                 \
  /* in: not 0: executing it twice does no harm. When its connection dies, it is then sent */        \
  /* again over another one, five times at most and within its time limit, instead of failing */     \
  /* with TAOSUV_ECONNLOST. It has no effect on requests that read a result */                       \
  unsigned int idempotent;                                                                           \
  unsigned int reserved_flags; /* spare; zero */                                                     \
  /* out: the id that was sent */                                                                    \
  uint64_t sent_req_id;                                                                              \
  /* out: nanoseconds in the server, by its own word; and from the call to the callback */           \
  uint64_t server_time_ns;                                                                           \
  uint64_t total_time_ns;                                                                            \
  /* out: the callback's status again, and TAOSUV_ERR_ flags of just this failure */                 \
  int status;                                                                                        \
  unsigned int err_flags;                                                                            \
  /* out: with TAOSUV_ESERVER and TAOSUV_EAUTH the server's code (0xFFFF: of the gateway itself); */ \
  /* with a refused upgrade the HTTP status; otherwise 0 */                                          \
  int server_code;                                                                                   \
  /* out: the server's text or what exactly was wrong; never NULL after a failure */                 \
  const char* message;                                                                               \
  /* out: "host:port" of the connection it went over; NULL when there was none */                    \
  const char* host;                                                                                  \
  /* spare, for later fields; zero */                                                                \
  uint64_t reserved[3];                                                                              \
  taosuv_req_private_t priv;

/* Any request, for taosuv_cancel: cast the pointer. */
struct taosuv_req_s {
  TAOSUV_REQ_FIELDS
};

/* Called when queued requests have left room again after a call returned TAOSUV_EAGAIN; once for
 * each such time. */
typedef void (*taosuv_drain_cb)(taosuv_client_t* client, void* data);

/* Options beyond the URL. Initialise with taosuv_options_init, then set what differs. */
typedef struct taosuv_options_s {
  size_t size;                         /* sizeof(taosuv_options_t) of the caller's header */
  const char* url;                     /* see url.h; copied */
  size_t url_length;                   /* TAOSUV_NUL_TERMINATED by default */
  const taosuv_allocator_t* allocator; /* copied; NULL: malloc, realloc, free */
  taosuv_drain_cb on_drain;            /* may be NULL */
  void* data;                          /* for on_drain and taosuv_client_data */
  char* message; /* where create writes what is wrong with the URL; may be NULL */
  size_t message_size;
} taosuv_options_t;

TAOSUV_EXTERN void taosuv_options_init(taosuv_options_t* options);

/* Makes a client for a URL; connections are opened when the first request needs them. Returns 0,
 * TAOSUV_EURL, TAOSUV_ENOMEM, TAOSUV_ENOTSUP (a scheme or key that this build cannot serve),
 * TAOSUV_ETLSFILE (a CA, certificate or key of a wss:// URL; their files are read here, blocking),
 * TAOSUV_ETLS, or what uv_async_init returns. On failure *client is NULL and nothing is left on the
 * loop. */
TAOSUV_EXTERN int taosuv_client_create(uv_loop_t* loop, const char* url, taosuv_client_t** client);
TAOSUV_EXTERN int taosuv_client_create_ex(uv_loop_t* loop, const taosuv_options_t* options,
                                          taosuv_client_t** client);

TAOSUV_EXTERN void* taosuv_client_data(const taosuv_client_t* client);
TAOSUV_EXTERN void taosuv_client_set_data(taosuv_client_t* client, void* data);
TAOSUV_EXTERN uv_loop_t* taosuv_client_loop(const taosuv_client_t* client);

/* Completes every pending request with TAOSUV_ECANCELED (in later turns of the loop) and leaves the
 * servers in good order: each connection waits for the answers to what is in flight, up to the
 * URL's close_timeout (5 seconds; 0: it does not wait), frees the results that are open, closes its
 * statements, and ends with a close frame, waiting at most one second for the server. (Gateways
 * keep what a connection leaves open while its queries run.) Then it calls back once, with no
 * handle left on the loop, and frees the client. Results that are still open must still be closed
 * by the caller; they give TAOSUV_ECLOSED. Blocks that are referenced stay. After the call only
 * taosuv_result_close and the block functions may be used, and the callbacks of pending requests
 * come; other calls with the client return TAOSUV_ECLOSED until the callback, and are forbidden
 * after it. A second call does nothing and its callback is not called. `cb` may be NULL.
 *
 * A look-up of a host name that has begun in libuv's thread pool cannot be stopped (uv_cancel works
 * only while it is queued): the callback waits until the system has finished it, which may take
 * half a minute where no name server answers. */
typedef void (*taosuv_close_cb)(void* data); /* data: the client's */
TAOSUV_EXTERN void taosuv_close(taosuv_client_t* client, taosuv_close_cb cb);

/* Completes when all requests that were pending at the call have completed, after their callbacks.
 * Use it before taosuv_close, which cancels, if you want the answers. It changes nothing else, and
 * it does not wait for requests that are made after it, rows that a writer has gathered
 * (taosuv_writer_flush, taosuv_writer_close), open results, or other drains. Several drains may be
 * pending. The status is 0, TAOSUV_ETIMEDOUT after timeout_ms (0: the URL's request_timeout), or
 * TAOSUV_ECANCELED by taosuv_cancel or taosuv_close. */
typedef struct taosuv_client_drain_s taosuv_client_drain_t;
typedef void (*taosuv_client_drain_cb)(taosuv_client_drain_t* req, int status);
struct taosuv_client_drain_s {
  TAOSUV_REQ_FIELDS
  taosuv_client_drain_cb cb;
  uint32_t remaining; /* the library's: requests that are waited for */
};
TAOSUV_EXTERN int taosuv_client_drain(taosuv_client_t* client, taosuv_client_drain_t* req,
                                      taosuv_client_drain_cb cb);

/* Ends a pending request: its callback comes with TAOSUV_ECANCELED, in a later turn of the loop.
 * The server may execute it nevertheless (err_flags says whether it was sent); its late answer is
 * dropped, and a result that it brings is freed on the server. A cancelled fetch loses no block:
 * the next fetch of the result gets it. Returns 0, or TAOSUV_EINVAL when the request is not
 * pending, or so nearly completed that only its callback is due. */
TAOSUV_EXTERN int taosuv_cancel(taosuv_req_t* req);

/* Whether a request is pending: between a call that returned 0 and its callback. The request must
 * have been zeroed before its first use. */
TAOSUV_EXTERN int taosuv_is_pending(const taosuv_req_t* req);

/* What the client is doing, in numbers. */
typedef struct taosuv_counts_s {
  uint32_t connections; /* logged in */
  uint32_t connecting;
  uint32_t in_flight; /* sent or about to be, not answered (cancelled ones too) */
  uint32_t queued;    /* waiting for a connection with room */
  uint64_t connects;  /* log-ins since the client was made */
  uint64_t reserved[4];
} taosuv_counts_t;
TAOSUV_EXTERN void taosuv_client_counts(const taosuv_client_t* client, taosuv_counts_t* counts);

/* Makes one connection and logs in, so that a wrong address or password shows now rather than with
 * the first request. Completes at once (in the next turn) when one is there. */
typedef struct taosuv_open_s taosuv_open_t;
typedef void (*taosuv_open_cb)(taosuv_open_t* req, int status);
struct taosuv_open_s {
  TAOSUV_REQ_FIELDS
  taosuv_open_cb cb;
  char version[32]; /* out: the server's, such as "3.3.6.0"; NUL-terminated */
};
TAOSUV_EXTERN int taosuv_open(taosuv_client_t* client, taosuv_open_t* req, taosuv_open_cb cb);

/* A WebSocket ping to the gateway and its pong, or GET /-/ping: shows that the connection lives,
 * and how far away it is (total_time_ns). It does not ask the database: taosuv_server_status
 * does. */
typedef struct taosuv_ping_s taosuv_ping_t;
typedef void (*taosuv_ping_cb)(taosuv_ping_t* req, int status);
struct taosuv_ping_s {
  TAOSUV_REQ_FIELDS
  taosuv_ping_cb cb;
};
TAOSUV_EXTERN int taosuv_ping(taosuv_client_t* client, taosuv_ping_t* req, taosuv_ping_cb cb);

/* The version of the server's client library, which is the server package's. */
typedef struct taosuv_server_version_s taosuv_server_version_t;
typedef void (*taosuv_server_version_cb)(taosuv_server_version_t* req, int status);
struct taosuv_server_version_s {
  TAOSUV_REQ_FIELDS
  taosuv_server_version_cb cb;
  char version[32]; /* out; NUL-terminated */
};
TAOSUV_EXTERN int taosuv_server_version(taosuv_client_t* client, taosuv_server_version_t* req,
                                        taosuv_server_version_cb cb);

/* The health of a database node. A node that is down is a success with status 0. */
typedef enum {
  TAOSUV_STATUS_UNAVAILABLE = 0,
  TAOSUV_STATUS_NETWORK_OK = 1,
  TAOSUV_STATUS_OK = 2,
  TAOSUV_STATUS_DEGRADED = 3,
  TAOSUV_STATUS_EXITING = 4
} taosuv_status_t;
typedef struct taosuv_server_status_s taosuv_server_status_t;
typedef void (*taosuv_server_status_cb)(taosuv_server_status_t* req, int status);
struct taosuv_server_status_s {
  TAOSUV_REQ_FIELDS
  taosuv_server_status_cb cb;
  int server_status;   /* out: taosuv_status_t */
  const char* details; /* out: the server's text, until the callback returns */
};
/* `fqdn` NULL and `port` 0: the node that the gateway itself uses. Over HTTP and on servers before
 * 3.3.6.0 there is no other (TAOSUV_ENOTSUP, TAOSUV_EVERSION), no details, and a status of OK or
 * UNAVAILABLE. */
TAOSUV_EXTERN int taosuv_server_status(taosuv_client_t* client, taosuv_server_status_t* req,
                                       const char* fqdn, size_t length, int port,
                                       taosuv_server_status_cb cb);

/* The current database of the connection that was picked: with a pool, each connection has its own.
 * Over HTTP it is the URL's. Servers before 3.3.3.0 are asked by SQL. */
typedef struct taosuv_current_db_s taosuv_current_db_t;
typedef void (*taosuv_current_db_cb)(taosuv_current_db_t* req, int status);
struct taosuv_current_db_s {
  TAOSUV_REQ_FIELDS
  taosuv_current_db_cb cb;
  const char* db; /* out: "" when none; until the callback returns */
};
TAOSUV_EXTERN int taosuv_current_db(taosuv_client_t* client, taosuv_current_db_t* req,
                                    taosuv_current_db_cb cb);

/* ---- Names of tables
 *
 * taosuv_bind_table, taosuv_stmt_prepare, taosuv_writer_row, taosuv_writer_columns,
 * taosuv_write_block and taosuv_table_vgroups take a table's name in these forms:
 *
 *   t                 the table t of the current database, which is the URL's
 *   d.t               the table t of the database d
 *   `t`  `d`.`t`      the same; backquotes around either part change nothing but that a point in
 *                     them is a part of the name, and two backquotes are one of it
 *
 * Names are taken as they are: upper case stays, with and without backquotes (in SQL a name without
 * them becomes lower case). A database's name has 1 to 64 bytes, a table's 1 to 192, UTF-8 without
 * NUL. Longer names are TAOSUV_ERANGE. TAOSUV_EINVAL are: an empty part, two points outside of
 * backquotes, text behind a closing backquote, and a backquote that is not closed or not doubled.
 *
 * All forms of a name with a database are one table of a batch, and so are all forms without one. A
 * name with its database and the same name without it are two tables: to keep rows of one timestamp
 * in order, always name a table with its database, or always without it. */

/* The vgroups that tables are in, for who wants to write to each vgroup apart. Over HTTP only:
 * TAOSUV_ENOTSUP with ws:// and wss://. */
typedef struct taosuv_table_vgroups_s taosuv_table_vgroups_t;
typedef void (*taosuv_table_vgroups_cb)(taosuv_table_vgroups_t* req, int status);
struct taosuv_table_vgroups_s {
  TAOSUV_REQ_FIELDS
  taosuv_table_vgroups_cb cb;
  const int32_t* vgroups; /* out: one a table, in their order; until the callback returns */
  uint32_t count;         /* out: of them */
};
/* `tables` are `count` names, NUL-terminated, of tables of one database: `db`, or when that is NULL
 * the one that the first name has, otherwise the URL's. A name with another one, or without one where
 * that is not the URL's, is TAOSUV_EINVAL. They need not exist: the server tells where such a one
 * would be. */
TAOSUV_EXTERN int taosuv_table_vgroups(taosuv_client_t* client, taosuv_table_vgroups_t* req,
                                       const char* db, const char* const* tables, uint32_t count,
                                       taosuv_table_vgroups_cb cb);

/* Runs `cb` on the client's loop. The one call that another thread may make; it never blocks. The
 * request is the caller's, zeroed, and pending until `cb` begins; status is 0, or TAOSUV_ECANCELED
 * when the client is being closed. Submits are run in the order of their calls from one thread. The
 * caller must see to it that no other thread submits once taosuv_close's callback may have run.
 * Returns 0, TAOSUV_EINVAL, TAOSUV_EBUSY (still pending) or TAOSUV_ECLOSED. */
typedef struct taosuv_submit_s taosuv_submit_t;
typedef void (*taosuv_submit_cb)(taosuv_submit_t* req, int status);
struct taosuv_submit_s {
  void* data;
  taosuv_submit_cb cb;
  void* priv[4];
};
TAOSUV_EXTERN int taosuv_submit(taosuv_client_t* client, taosuv_submit_t* req, taosuv_submit_cb cb);

/* Errors that every operation's call can return: TAOSUV_EINVAL (a NULL or senseless argument),
 * TAOSUV_EBUSY (the request is pending), TAOSUV_ECLOSED, TAOSUV_EAGAIN (max_queue requests or
 * max_queue_bytes of them wait; go on after the drain callback), TAOSUV_EREQID (that req_id is in
 * flight), TAOSUV_EMSGSIZE, TAOSUV_ENOMEM. Statuses that every callback can have: 0,
 * TAOSUV_ECANCELED, TAOSUV_ETIMEDOUT, TAOSUV_EUNSENT, TAOSUV_ESERVER, TAOSUV_ECONNLOST,
 * TAOSUV_EPROTO, TAOSUV_EWS, TAOSUV_ENOMEM; and while connecting TAOSUV_EDNS, TAOSUV_ECONNTIMEOUT,
 * TAOSUV_EUPGRADE, TAOSUV_EHTTP, TAOSUV_EREDIRECT, TAOSUV_ENOENDPOINT, TAOSUV_EUNAVAIL,
 * TAOSUV_EAUTH, TAOSUV_EVERSION and libuv's (UV_ECONNREFUSED, UV_ETIMEDOUT, …). */

#ifdef __cplusplus
}
#endif

#endif
