/* A connection for HTTP requests, one at a time; over any stream.
 *
 * The folder has this file alone. The caller writes a request into the send buffer, which keeps it
 * whole until the next request, so that a request that has not left can be taken back. The answer
 * is read by wire/http; its body goes to the owner in pieces, and reading it pauses when the turn's
 * work is done. */
#ifndef TUV_IO_HTTP_CONN_H
#define TUV_IO_HTTP_CONN_H

#include <stdbool.h>
#include <uv.h>

#include "io/shared.h"
#include "io/stream.h"
#include "util/buf.h"
#include "wire/http/reply.h"

typedef struct tuv_http_conn_s tuv_http_conn_t;

typedef struct tuv_http_events_s {
  void (*on_open)(tuv_http_conn_t* http);
  /* A piece of an answer's body; an error ends the connection. The context is the
   * tuv_http_conn_t. */
  tuv_http_body_t on_body;
  /* An answer is complete: http->reply describes it. When http->spent is set, no other request may
   * be sent, and the owner closes the connection. */
  void (*on_reply)(tuv_http_conn_t* http);
  /* Once, when the connection cannot be used any more. Not called after tuv_http_conn_close. Only
   * on_gone follows. */
  void (*on_down)(tuv_http_conn_t* http, int status, const char* message);
  void (*on_gone)(tuv_http_conn_t* http);
  void (*on_flush_pending)(
      tuv_http_conn_t* http); /* tuv_http_conn_flush is to be called in this turn */
  /* The turn's work is done (TUV_TURN_WORK): tuv_http_conn_resume is to be called in the next
   * one. */
  void (*on_paused)(tuv_http_conn_t* http);
} tuv_http_events_t;

typedef enum { TUV_HTTP_CONNECTING, TUV_HTTP_OPEN, TUV_HTTP_DOWN, TUV_HTTP_GONE } tuv_http_state_t;

struct tuv_http_conn_s {
  const tuv_http_events_t* events;
  tuv_io_shared_t* shared; /* memory and the counters of traffic */
  tuv_stream_t* stream;
  tuv_http_state_t state;
  tuv_http_reply_t reply;
  tuv_buf_t out;     /* the request: kept whole until its answer begins to come */
  size_t handed;     /* bytes of it that the system has taken, or was given to write */
  uint64_t began_at; /* the position of the request in the sent stream */
  uint64_t received; /* bytes in all */
  uint64_t answers;  /* that were complete */
  bool busy;         /* a request was ended, and its answer is not complete */
  bool writing;
  bool spent;          /* no other request may be sent */
  tuv_refbuf_t* lent;  /* what the stream reads into */
  bool paused;         /* reading is, until tuv_http_conn_resume */
  const uint8_t* held; /* in `lent`: bytes that were read and not looked at yet */
  size_t held_size;
  tuv_errmsg_t err;
};

/* Begins: the stream is made by the caller with these events and the tuv_http_conn_t as context. */
extern const tuv_stream_events_t tuv_http_stream_events;
void tuv_http_conn_init(tuv_http_conn_t* http, tuv_io_shared_t* shared,
                        const tuv_http_events_t* events);

/* Sends a request: the caller writes it into tuv_http_conn_out and then ends it. Only while no
 * other request is there. *at is its position in the sent stream: the request has left, or may
 * have, once tuv_http_conn_sent_up_to is larger. */
tuv_buf_t* tuv_http_conn_out(tuv_http_conn_t* http);
void tuv_http_conn_end(tuv_http_conn_t* http, uint64_t* at);

void tuv_http_conn_flush(tuv_http_conn_t* http);

static inline uint64_t tuv_http_conn_sent_up_to(const tuv_http_conn_t* http) {
  return http->began_at + http->handed;
}

static inline size_t tuv_http_conn_unsent_bytes(const tuv_http_conn_t* http) {
  return tuv_buf_size(&http->out) - http->handed;
}

/* Goes on after on_paused, in a later turn. */
void tuv_http_conn_resume(tuv_http_conn_t* http);

/* Takes back a request that has not left. Returns its bytes, or 0 when it has left. */
size_t tuv_http_conn_withdraw(tuv_http_conn_t* http);

/* Ends it now; only on_gone follows. */
void tuv_http_conn_close(tuv_http_conn_t* http);

#endif
