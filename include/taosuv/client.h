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

/* A client belongs to the library. It is created by taosuv_client_create and ended by taosuv_close.
 * It uses one loop and must be used on that loop's thread only. Clients share no state. A client
 * keeps the loop alive until it is closed.
 *
 * A handle may be NULL (a client, result, block, column, statement, writer, builder of lines,
 * consumer, message or request). A call that returns a status then returns TAOSUV_EINVAL. A call
 * that returns a value returns 0, NULL, "", or -1 for an offset, and sets its output to 0. Any
 * other call does nothing. The inline functions that read the cells of a column do not check their
 * arguments. */
typedef struct taosuv_client_s taosuv_client_t;
typedef struct taosuv_req_s taosuv_req_t;

/* The allocator of a client's memory; by default that of the C library. The functions are called on
 * the loop's thread. `realloc` and `free` receive pointers that these functions returned, or
 * NULL. */
typedef struct taosuv_allocator_s {
  void* context;
  void* (*malloc)(void* context, size_t size);
  void* (*realloc)(void* context, void* ptr, size_t size);
  void (*free)(void* context, void* ptr);
} taosuv_allocator_t;

/* The library's private part of a request. */
typedef struct taosuv_req_private_s {
  void* pointer[11];
  uint64_t word[7];
} taosuv_req_private_t;

/* The common fields of all requests. A request is the caller's memory: zero it before its first
 * use, set the in-fields that you need, and pass it to a call. If the call returns 0, its callback
 * is called exactly once, on the loop's thread, and never before the call has returned. If the call
 * returns an error, the callback is never called. When the callback begins, the request belongs to
 * the caller again and may be reused or freed. Out-fields are valid until the request is used
 * again; `message` and `host` only until the callback returns. */
#define TAOSUV_REQ_FIELDS                                                                          \
  /* for the caller; the library never uses it */                                                  \
  void* data;                                                                                      \
  /* in: the id that is sent, as in the server's logs; 0: the client generates one */              \
  uint64_t req_id;                                                                                 \
  /* in: time limit in milliseconds from the call; 0: the client's request_timeout. When it */     \
  /* expires, answers that have arrived are read first. Then the request fails with */             \
  /* TAOSUV_ETIMEDOUT or, if nothing was sent, with TAOSUV_EUNSENT */                              \
  uint64_t timeout_ms;                                                                             \
  /* in: time limit as a value of uv_now(), in milliseconds; 0: none. The earlier limit */         \
  /* applies. uv_now() is out of date in a callback that has run for a long time: */               \
  /* uv_hrtime() / 1000000 is the same clock */                                                    \
  uint64_t deadline;                                                                               \
  /* in: nonzero if executing the request twice does no harm. If its connection is lost, it is */  \
  /* sent again over another one, at most five times and within its time limit, instead of */      \
  /* failing with TAOSUV_ECONNLOST. No effect on requests that read a result */                    \
  unsigned int idempotent;                                                                         \
  unsigned int reserved_flags; /* reserved; zero */                                                \
  /* out: the id that was sent */                                                                  \
  uint64_t sent_req_id;                                                                            \
  /* out: nanoseconds in the server, as it reports them; and from the call to the callback */      \
  uint64_t server_time_ns;                                                                         \
  uint64_t total_time_ns;                                                                          \
  /* out: the status of the callback, and the TAOSUV_ERR_ flags of this failure */                 \
  int status;                                                                                      \
  unsigned int err_flags;                                                                          \
  /* out: with TAOSUV_ESERVER and TAOSUV_EAUTH the server's code (0xFFFF: from the gateway); */    \
  /* after a refused upgrade the HTTP status; otherwise 0 */                                       \
  int server_code;                                                                                 \
  /* out: the server's text, or a description of the error; never NULL after a failure */          \
  const char* message;                                                                             \
  /* out: "host:port" of the connection that was used; NULL if there was none */                   \
  const char* host;                                                                                \
  /* reserved for later fields; zero */                                                            \
  uint64_t reserved[3];                                                                            \
  taosuv_req_private_t priv;

/* Any request, for taosuv_cancel: cast the pointer. */
struct taosuv_req_s {
  TAOSUV_REQ_FIELDS
};

/* Called once when the queue has room again after a call has returned TAOSUV_EAGAIN. */
typedef void (*taosuv_drain_cb)(taosuv_client_t* client, void* data);

/* Options that are not part of the URL. Initialise with taosuv_options_init, then set the fields
 * that should differ from the default. */
typedef struct taosuv_options_s {
  size_t size;                         /* sizeof(taosuv_options_t) of the caller's header */
  const char* url;                     /* see url.h; copied */
  size_t url_length;                   /* TAOSUV_NUL_TERMINATED by default */
  const taosuv_allocator_t* allocator; /* copied; NULL: malloc, realloc, free */
  taosuv_drain_cb on_drain;            /* may be NULL */
  void* data;                          /* for on_drain and taosuv_client_data */
  char* message;                       /* receives what is wrong with the URL; may be NULL */
  size_t message_size;
} taosuv_options_t;

TAOSUV_EXTERN void taosuv_options_init(taosuv_options_t* options);

/* Creates a client for a URL. Connections are opened when a request needs them. Returns 0,
 * TAOSUV_EURL, TAOSUV_ENOMEM, TAOSUV_ENOTSUP (a scheme or key that this build cannot serve),
 * TAOSUV_ETLSFILE (a CA, certificate or key of a wss:// URL; the files are read synchronously
 * here), TAOSUV_ETLS, or what uv_async_init returns. On failure *client is NULL and nothing is left
 * on the loop. */
TAOSUV_EXTERN int taosuv_client_create(uv_loop_t* loop, const char* url, taosuv_client_t** client);
TAOSUV_EXTERN int taosuv_client_create_ex(uv_loop_t* loop, const taosuv_options_t* options,
                                          taosuv_client_t** client);

TAOSUV_EXTERN void* taosuv_client_data(const taosuv_client_t* client);
TAOSUV_EXTERN void taosuv_client_set_data(taosuv_client_t* client, void* data);
TAOSUV_EXTERN uv_loop_t* taosuv_client_loop(const taosuv_client_t* client);

/* Closes a client. Every pending request completes with TAOSUV_ECANCELED, in later iterations of
 * the loop. Each connection waits for outstanding answers, up to the URL's close_timeout (5
 * seconds; 0: it does not wait), frees its open results, closes its statements, and ends with a
 * close frame, waiting at most one second for the server. (Otherwise gateways would keep open
 * results and statements while their queries run.) Then `cb` is called once, with no handle left on
 * the loop, and the client is freed. Results that are still open must still be closed by the
 * caller; their fetches return TAOSUV_ECLOSED. Referenced blocks stay valid. After this call only
 * taosuv_result_close and the block functions may be used. Other calls with the client return
 * TAOSUV_ECLOSED until `cb` is called, and are forbidden afterwards. A second call does nothing,
 * and its callback is not called. `cb` may be NULL.
 *
 * A look-up of a host name that has started in libuv's thread pool cannot be stopped (uv_cancel
 * works only while it is queued). The callback waits until the system has finished it, which may
 * take half a minute if no name server answers. */
typedef void (*taosuv_close_cb)(void* data); /* data: the client's */
TAOSUV_EXTERN void taosuv_close(taosuv_client_t* client, taosuv_close_cb cb);

/* Completes when all requests that were pending at the call have completed, after their callbacks.
 * Use it before taosuv_close, which cancels requests, if you want their answers. It does not wait
 * for requests that are made after it, rows that a writer has gathered (taosuv_writer_flush,
 * taosuv_writer_close), open results, or other drains. Several drains may be pending. The status is
 * 0, TAOSUV_ETIMEDOUT after timeout_ms (0: the URL's request_timeout), or TAOSUV_ECANCELED by
 * taosuv_cancel or taosuv_close. */
typedef struct taosuv_client_drain_s taosuv_client_drain_t;
typedef void (*taosuv_client_drain_cb)(taosuv_client_drain_t* req, int status);
struct taosuv_client_drain_s {
  TAOSUV_REQ_FIELDS
  taosuv_client_drain_cb cb;
  uint32_t remaining; /* private: number of requests that it still waits for */
};
TAOSUV_EXTERN int taosuv_client_drain(taosuv_client_t* client, taosuv_client_drain_t* req,
                                      taosuv_client_drain_cb cb);

/* Cancels a pending request. Its callback is called with TAOSUV_ECANCELED in a later iteration of
 * the loop. The server may execute the request nevertheless (err_flags says whether it was sent). A
 * late answer is dropped, and a result that it opens is freed on the server. A cancelled fetch
 * loses no block: the next fetch of the result gets it. Returns 0, or TAOSUV_EINVAL if the request
 * is not pending or has already completed and only its callback is due. */
TAOSUV_EXTERN int taosuv_cancel(taosuv_req_t* req);

/* Whether a request is pending: between a call that returned 0 and its callback. The request must
 * have been zeroed before its first use. */
TAOSUV_EXTERN int taosuv_is_pending(const taosuv_req_t* req);

/* The current numbers of a client. */
typedef struct taosuv_counts_s {
  uint32_t connections; /* logged in */
  uint32_t connecting;
  uint32_t in_flight; /* sent or about to be sent, not answered; includes cancelled ones */
  uint32_t queued;    /* waiting for a connection with room */
  uint64_t connects;  /* log-ins since the client was created */
  uint64_t reserved[4];
} taosuv_counts_t;
TAOSUV_EXTERN void taosuv_client_counts(const taosuv_client_t* client, taosuv_counts_t* counts);

/* Opens a connection and logs in, so that a wrong address or password is detected before the first
 * request. If a connection exists already, it completes in the next iteration of the loop. */
typedef struct taosuv_open_s taosuv_open_t;
typedef void (*taosuv_open_cb)(taosuv_open_t* req, int status);
struct taosuv_open_s {
  TAOSUV_REQ_FIELDS
  taosuv_open_cb cb;
  char version[32]; /* out: the server's, such as "3.3.6.0"; NUL-terminated */
};
TAOSUV_EXTERN int taosuv_open(taosuv_client_t* client, taosuv_open_t* req, taosuv_open_cb cb);

/* Sends a WebSocket ping to the gateway and waits for its pong; over HTTP it sends GET /-/ping. It
 * checks that the connection works and measures the round trip (total_time_ns). It does not involve
 * the database: use taosuv_server_status for that. */
typedef struct taosuv_ping_s taosuv_ping_t;
typedef void (*taosuv_ping_cb)(taosuv_ping_t* req, int status);
struct taosuv_ping_s {
  TAOSUV_REQ_FIELDS
  taosuv_ping_cb cb;
};
TAOSUV_EXTERN int taosuv_ping(taosuv_client_t* client, taosuv_ping_t* req, taosuv_ping_cb cb);

/* Asks for the version of the server's client library, which is that of the server package. */
typedef struct taosuv_server_version_s taosuv_server_version_t;
typedef void (*taosuv_server_version_cb)(taosuv_server_version_t* req, int status);
struct taosuv_server_version_s {
  TAOSUV_REQ_FIELDS
  taosuv_server_version_cb cb;
  char version[32]; /* out; NUL-terminated */
};
TAOSUV_EXTERN int taosuv_server_version(taosuv_client_t* client, taosuv_server_version_t* req,
                                        taosuv_server_version_cb cb);

/* Asks for the health of a database node. If the node is down, the request still succeeds with
 * status 0. */
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
/* `fqdn` NULL and `port` 0: the node that the gateway itself uses. Over HTTP and with servers
 * before 3.3.6.0 no other node can be asked (TAOSUV_ENOTSUP, TAOSUV_EVERSION), there are no
 * details, and the status is OK or UNAVAILABLE. */
TAOSUV_EXTERN int taosuv_server_status(taosuv_client_t* client, taosuv_server_status_t* req,
                                       const char* fqdn, size_t length, int port,
                                       taosuv_server_status_cb cb);

/* Asks for the current database of one connection; in a pool each connection has its own. Over HTTP
 * it is the URL's. Servers before 3.3.3.0 are asked with SQL. */
typedef struct taosuv_current_db_s taosuv_current_db_t;
typedef void (*taosuv_current_db_cb)(taosuv_current_db_t* req, int status);
struct taosuv_current_db_s {
  TAOSUV_REQ_FIELDS
  taosuv_current_db_cb cb;
  const char* db; /* out: "" if there is none; until the callback returns */
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
 *   `t`  `d`.`t`      the same; backquotes around either part have no effect but that a dot in
 *                     them is a part of the name, and two backquotes are one of it
 *
 * Names are used unchanged: upper case is kept, with and without backquotes (in SQL a name without
 * backquotes is converted to lower case). A database's name has 1 to 64 bytes, a table's 1 to 192,
 * UTF-8 without NUL. Longer names are TAOSUV_ERANGE. An empty part, two dots outside backquotes,
 * text after a closing backquote, and a backquote that is not closed or not doubled are
 * TAOSUV_EINVAL.
 *
 * In a batch, all forms of a name with a database are the same table, and so are all forms without
 * one. A name with its database and the same name without it are two tables: to keep rows with the
 * same timestamp in order, always name a table with its database, or always without it. */

/* Asks for the vgroups of tables, for callers that write to each vgroup separately. Over HTTP only:
 * TAOSUV_ENOTSUP with ws:// and wss://. */
typedef struct taosuv_table_vgroups_s taosuv_table_vgroups_t;
typedef void (*taosuv_table_vgroups_cb)(taosuv_table_vgroups_t* req, int status);
struct taosuv_table_vgroups_s {
  TAOSUV_REQ_FIELDS
  taosuv_table_vgroups_cb cb;
  const int32_t* vgroups; /* out: one per table, in their order; until the callback returns */
  uint32_t count;         /* out: number of vgroups */
};
/* `tables` are `count` NUL-terminated names of tables of one database. That is `db`; if `db` is
 * NULL, the database of the first name; if that has none, the URL's. A name with another database
 * is TAOSUV_EINVAL, and so is a name without one if the database is not the URL's. The tables need
 * not exist: the server answers where they would be. */
TAOSUV_EXTERN int taosuv_table_vgroups(taosuv_client_t* client, taosuv_table_vgroups_t* req,
                                       const char* db, const char* const* tables, uint32_t count,
                                       taosuv_table_vgroups_cb cb);

/* Runs `cb` on the client's loop. This is the only call that other threads may make. It never
 * blocks. The request is the caller's memory, zeroed before its first use, and pending until `cb`
 * begins. The status is 0, or TAOSUV_ECANCELED if the client is being closed. Callbacks run in the
 * order of the calls from one thread. The caller must ensure that no thread calls it once the
 * callback of taosuv_close may have run. Returns 0, TAOSUV_EINVAL, TAOSUV_EBUSY (still pending) or
 * TAOSUV_ECLOSED. */
typedef struct taosuv_submit_s taosuv_submit_t;
typedef void (*taosuv_submit_cb)(taosuv_submit_t* req, int status);
struct taosuv_submit_s {
  void* data;
  taosuv_submit_cb cb;
  void* priv[4];
};
TAOSUV_EXTERN int taosuv_submit(taosuv_client_t* client, taosuv_submit_t* req, taosuv_submit_cb cb);

/* Errors that every operation's call can return: TAOSUV_EINVAL (an invalid argument), TAOSUV_EBUSY
 * (the request is pending), TAOSUV_ECLOSED, TAOSUV_EAGAIN (max_queue requests or max_queue_bytes
 * wait already; continue after the drain callback), TAOSUV_EREQID (that req_id is in flight),
 * TAOSUV_EMSGSIZE, TAOSUV_ENOMEM. Statuses that every callback can receive: 0, TAOSUV_ECANCELED,
 * TAOSUV_ETIMEDOUT, TAOSUV_EUNSENT, TAOSUV_ESERVER, TAOSUV_ECONNLOST, TAOSUV_EPROTO, TAOSUV_EWS,
 * TAOSUV_ENOMEM; and while connecting TAOSUV_EDNS, TAOSUV_ECONNTIMEOUT, TAOSUV_EUPGRADE,
 * TAOSUV_EHTTP, TAOSUV_EREDIRECT, TAOSUV_ENOENDPOINT, TAOSUV_EUNAVAIL, TAOSUV_EAUTH,
 * TAOSUV_EVERSION and libuv's (UV_ECONNREFUSED, UV_ETIMEDOUT, …). */

#ifdef __cplusplus
}
#endif

#endif
