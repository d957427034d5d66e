/* A connection for HTTP requests, one at a time; over any stream. */
#ifndef TUV_IO_HTTP_CONN_H
#define TUV_IO_HTTP_CONN_H

#include <stdbool.h>
#include <uv.h>

#include "io/stream.h"
#include "io/ws/ws.h"
#include "util/buf.h"
#include "wire/http_reply.h"

typedef struct tuv_http_conn_s tuv_http_conn_t;

typedef struct tuv_http_events_s {
  void (*on_open)(tuv_http_conn_t* http);
  /* A piece of an answer's body; an error ends the connection. */
  tuv_http_body_t on_body; /* its context is the tuv_http_conn_t */
  /* An answer is complete: http->reply tells of it. When http->spent is set no other request may
   * be sent, and the connection is to be closed. */
  void (*on_reply)(tuv_http_conn_t* http);
  /* Once, when the connection is of no more use; not after tuv_http_conn_close. Then only on_gone
   * follows. */
  void (*on_down)(tuv_http_conn_t* http, int status, const char* message);
  void (*on_gone)(tuv_http_conn_t* http);
  void (*on_dirty)(tuv_http_conn_t* http); /* tuv_http_conn_flush is to be called in this turn */
  /* The turn's work is done (TUV_TURN_WORK): tuv_http_conn_resume is to be called in the next. */
  void (*on_paused)(tuv_http_conn_t* http);
} tuv_http_events_t;

typedef enum { TUV_HTTP_CONNECTING, TUV_HTTP_OPEN, TUV_HTTP_DOWN, TUV_HTTP_GONE } tuv_http_state_t;

struct tuv_http_conn_s {
  const tuv_http_events_t* events;
  tuv_ws_shared_t* shared; /* memory and the counters of traffic */
  tuv_stream_t* stream;
  tuv_http_state_t state;
  tuv_http_reply_t reply;
  tuv_buf_t out;     /* the request: kept whole until its answer begins to come */
  size_t given;      /* bytes of it that the system has taken, or was given to write */
  uint64_t began_at; /* its place in the sent stream */
  uint64_t received; /* bytes in all */
  uint64_t answers;  /* complete ones */
  bool busy;         /* a request is there, and not answered */
  bool writing;
  bool spent;
  tuv_refbuf_t* lent;  /* what the stream reads into */
  bool paused;         /* reading is, until tuv_http_conn_resume */
  const uint8_t* held; /* in `lent`: read, and not looked at yet */
  size_t held_size;
  tuv_errmsg_t err;
};

/* Begins: the stream is made by the caller with these events and the tuv_http_conn_t as context. */
extern const tuv_stream_events_t tuv_http_stream_events;
void tuv_http_conn_init(tuv_http_conn_t* http, tuv_ws_shared_t* shared,
                        const tuv_http_events_t* events);

/* A request is written into tuv_http_conn_out and then ended; only when none is there. *at is its
 * place in the sent stream, as the tuv_ws_t counts it: it has left, or may have, once
 * tuv_http_conn_sent_up_to says more. */
tuv_buf_t* tuv_http_conn_out(tuv_http_conn_t* http);
void tuv_http_conn_end(tuv_http_conn_t* http, uint64_t* at);

void tuv_http_conn_flush(tuv_http_conn_t* http);

static inline uint64_t tuv_http_conn_sent_up_to(const tuv_http_conn_t* http) {
  return http->began_at + http->given;
}

static inline size_t tuv_http_conn_unsent_bytes(const tuv_http_conn_t* http) {
  return tuv_buf_size(&http->out) - http->given;
}

/* Goes on after on_paused, in a later turn. */
void tuv_http_conn_resume(tuv_http_conn_t* http);

/* Takes a request that has not left back; returns its bytes, or 0 when it has left. */
size_t tuv_http_conn_withdraw(tuv_http_conn_t* http);

/* Ends it now; only on_gone follows. */
void tuv_http_conn_close(tuv_http_conn_t* http);

#endif
