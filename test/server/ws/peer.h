/* The server's end of WebSocket connections on the caller's loop, without knowing what the messages
 * mean: a test can drive it with callbacks of its own.
 *
 * All bytes that leave pass one function (ws/out.c), all replies another one (ws/reply.c): the
 * faults of ws/fault.h live there. What is sent during one turn of the loop leaves in one write. */
#ifndef TS_WS_PEER_H
#define TS_WS_PEER_H

#include <uv.h>

#include "base/buf.h"
#include "ws/fault.h"
#include "ws/tls.h"

typedef struct ts_peer_s ts_peer_t;
typedef struct ts_conn_s ts_conn_t;

/* An HTTP request. Its texts live until it is answered. */
typedef struct ts_http_s {
  const char* method;
  const char* target;        /* path and query as they came */
  const char* authorization; /* "" when there is none */
  const uint8_t* body;
  size_t size;
  bool gzip; /* the answer may be compressed */
} ts_http_t;

typedef struct ts_peer_options_s {
  void* data;                      /* ts_peer_data */
  const char* path;                /* those served, blanks between them; others: 404; NULL: "/ws" */
  uint64_t ping_ms;                /* a ping this often; 0: none */
  uint64_t deadline_ms;            /* without data or pong for this long it is cut; 0: never */
  bool deflate;                    /* agree to permessage-deflate when it is offered */
  size_t max_message;              /* larger ones are answered by close 1009; 0: 1 GiB */
  ts_tls_config_t* tls;            /* NULL: without TLS; must live as long as the peer */
  void (*opened)(ts_conn_t* conn); /* callbacks may be NULL */
  void (*text)(ts_conn_t* conn, const char* text, size_t size);
  void (*binary)(ts_conn_t* conn, const uint8_t* data, size_t size);
  void (*pong)(ts_conn_t* conn, const uint8_t* data, size_t size);
  /* The client's close frame came. NULL: the connection is closed as taosAdapter does, that is
   * without a close frame in reply. Otherwise the callback decides, now or later. */
  void (*close_frame)(ts_conn_t* conn, uint16_t code);
  /* An HTTP request for another path, answered by ts_conn_http_reply now or later; the next one is
   * read then. False: it is answered by 404. `opened` comes before the first one. */
  bool (*http)(ts_conn_t* conn, const ts_http_t* request);
  /* Once for each one that was opened; `conn` is freed after it. */
  void (*closed)(ts_conn_t* conn);
} ts_peer_options_t;

typedef struct ts_peer_counters_s {
  uint64_t accepted; /* TCP connections */
  uint64_t upgraded; /* of them, WebSockets */
  uint64_t open;     /* TCP connections now */
  uint64_t bytes_in;
  uint64_t bytes_out; /* queued for sending */
  uint64_t pings;     /* received, as the next one */
  uint64_t pongs;
  uint64_t close_frames;
  uint64_t compressed_in; /* messages */
  uint64_t compressed_out;
} ts_peer_counters_t;

/* Listens on 127.0.0.1; port 0 takes a free one. Returns 0 or libuv's error. */
int ts_peer_listen(uv_loop_t* loop, const ts_peer_options_t* options, int port, ts_peer_t** peer);
int ts_peer_port(const ts_peer_t* peer);
void* ts_peer_data(const ts_peer_t* peer);
const ts_peer_counters_t* ts_peer_counters(const ts_peer_t* peer);
/* The next `count` connections (0: all) have this fault; NULL: no longer. It is copied. */
void ts_peer_set_fault(ts_peer_t* peer, const ts_fault_t* fault, unsigned count);
/* Whether new connections are accepted; otherwise they are cut at once. */
void ts_peer_refuse(ts_peer_t* peer, bool refuse);
/* Whether it reads nothing any more, on no connection; new ones are accepted, and not read. */
void ts_peer_pause(ts_peer_t* peer, bool pause);
/* Other paths from now on, as in the options. */
void ts_peer_set_path(ts_peer_t* peer, const char* path);
/* The connections, the youngest first: NULL ends them. `conn` NULL gives the first one. */
ts_conn_t* ts_peer_next(const ts_peer_t* peer, const ts_conn_t* conn);
void ts_peer_cut_all(ts_peer_t* peer);
/* Cuts all; `closed` (may be NULL) is called when nothing is left on the loop. */
void ts_peer_close(ts_peer_t* peer, void (*closed)(void* data), void* data);

/* ---- one connection ---- */

ts_peer_t* ts_conn_peer(const ts_conn_t* conn);
void* ts_conn_data(const ts_conn_t* conn);
void ts_conn_set_data(ts_conn_t* conn, void* data);
const char* ts_conn_path(const ts_conn_t* conn);    /* with its query string */
const char* ts_conn_request(const ts_conn_t* conn); /* the upgrade's text, up to its empty line */
void ts_conn_set_fault(ts_conn_t* conn, const ts_fault_t* fault); /* NULL: none; held are sent */

/* Replies. All of the calls below do nothing on a connection that is closing. */
void ts_conn_text(ts_conn_t* conn, const void* text, size_t size);
/* `head` is copied, then follows `body` (NULL: nothing) by reference. */
void ts_conn_binary(ts_conn_t* conn, const void* head, size_t size, ts_blob_t* body);

/* Of each message from now on the first bytes that are equal to `find` become `data`. NULL: no
 * more. What it points to must live until then. */
typedef struct ts_patch_s {
  const void *find, *data;
  size_t size;
} ts_patch_t;
void ts_conn_set_patch(ts_conn_t* conn, const ts_patch_t* patch);

/* The answer to the HTTP request that waits for one; a reply to the faults, too. `type` NULL: no
 * body and no Content-Type. `chunked`: without a Content-Length, in chunks of 4096 bytes. */
void ts_conn_http_reply(ts_conn_t* conn, int status, const char* type, const void* body,
                        size_t size, bool chunked);
void ts_conn_http_answered(ts_conn_t* conn); /* by other means: the next request may be read */
bool ts_conn_is_http(const ts_conn_t* conn);
const ts_http_t* ts_conn_http(ts_conn_t* conn, ts_http_t* request); /* the one that waits */

/* Control frames, which are not replies. At most 125 bytes. */
void ts_conn_ping(ts_conn_t* conn, const void* data, size_t size);
void ts_conn_pong(ts_conn_t* conn, const void* data, size_t size);
void ts_conn_close_frame(ts_conn_t* conn, uint16_t code, const char* reason); /* 0: empty */
void ts_conn_raw(ts_conn_t* conn, const void* data, size_t size);             /* any bytes */

void ts_conn_finish(ts_conn_t* conn); /* sends what is queued, then ends the connection */
void ts_conn_cut(ts_conn_t* conn);    /* ends it now */
void ts_conn_reset(ts_conn_t* conn);  /* ends it now, by RST */
bool ts_conn_is_closing(const ts_conn_t* conn);

#endif
