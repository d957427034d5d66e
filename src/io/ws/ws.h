/* A WebSocket connection: upgrade, messages both ways, pings, closing; over any stream.
 *
 * The folder in one paragraph: `out` (messages become frames in the send buffer, with `deflate` for
 * compressed ones and `unsent` for frames that have not left) and `in` (bytes become messages, with
 * `assembly` and `inflate`) are machines that know neither a stream nor this file. They return a
 * status and, where the peer broke the protocol, a close code. `ws` alone talks to the stream and
 * to the owner, and it alone ends a connection. */
#ifndef TUV_IO_WS_H
#define TUV_IO_WS_H

#include "io/shared.h"
#include "io/stream.h"
#include "io/ws/in.h"
#include "io/ws/out.h"
#include "io/ws/unsent.h"

typedef struct tuv_ws_s tuv_ws_t;

typedef struct tuv_ws_events_s {
  void (*on_open)(tuv_ws_t* ws);
  /* A whole message, inside `owner`; a reference on `owner` keeps it after the call. */
  void (*on_message)(tuv_ws_t* ws, uint8_t opcode, uint8_t* data, size_t size, tuv_refbuf_t* owner);
  void (*on_pong)(tuv_ws_t* ws, const uint8_t* data, size_t size);
  /* Once, when the connection cannot be used any more: it failed, or the peer ended it. Not called
   * after tuv_ws_close. Only on_gone follows: soon, unless the connection is `lingering`; the
   * caller limits that time by tuv_ws_abort. */
  void (*on_down)(tuv_ws_t* ws, int status, const char* message);
  /* The last event: the memory of the tuv_ws_t may be released. */
  void (*on_gone)(tuv_ws_t* ws);
  /* There are bytes to send: tuv_ws_flush is to be called in this turn of the loop. */
  void (*on_flush_pending)(tuv_ws_t* ws);
  /* The system has taken bytes: less waits to be sent than before. May be NULL. */
  void (*on_sent)(tuv_ws_t* ws);
  /* The turn's work is done: tuv_ws_resume is to be called in the next one. NULL: never paused. */
  void (*on_paused)(tuv_ws_t* ws);
} tuv_ws_events_t;

typedef enum {
  TUV_WS_CONNECTING,
  TUV_WS_UPGRADING,
  TUV_WS_OPEN,
  TUV_WS_CLOSING, /* a close frame is on its way; waiting for the peer's end */
  TUV_WS_DOWN,
  TUV_WS_GONE
} tuv_ws_state_t;

struct tuv_ws_s {
  const tuv_ws_events_t* events;
  tuv_io_shared_t* shared;
  tuv_stream_t* stream;
  tuv_ws_state_t state;
  const char* host; /* for the upgrade; must live as long as the connection */
  uint16_t port;
  const char* path;
  tuv_http_upgrade_t* upgrade; /* from the connect on */
  tuv_ws_out_t out;
  tuv_ws_unsent_t unsent;
  tuv_ws_in_t in;
  bool flush_pending; /* on_flush_pending was called, tuv_ws_flush not yet */
  bool lingering;     /* down, but a close frame waits for the write under way */
  bool paused;        /* reading is, until tuv_ws_resume */
  uint64_t received;  /* bytes in all */
  tuv_errmsg_t err;
};

/* Begins: the stream's events go to the WebSocket from here on (the stream is made by the caller
 * with tuv_ws_stream_events and the tuv_ws_t as context). `path` as in the request line. */
extern const tuv_stream_events_t tuv_ws_stream_events;
void tuv_ws_init(tuv_ws_t* ws, tuv_io_shared_t* shared, const tuv_ws_events_t* events,
                 const char* host, uint16_t port, const char* path);

/* Goes on after on_paused, in a later turn. */
void tuv_ws_resume(tuv_ws_t* ws);

/* Compresses messages of at least `size` bytes from here on, if the server agreed to that. Before
 * this call nothing is compressed, so that the secrets of a log-in do not stay in zlib's memory. */
static inline void tuv_ws_deflate_from(tuv_ws_t* ws, size_t size) {
  ws->out.deflate.least_size = size;
}

/* Messages of more than `size` bytes are refused with TAOSUV_EMSGSIZE. */
static inline void tuv_ws_limit(tuv_ws_t* ws, size_t size) {
  ws->out.limit = size;
}

/* Bytes that the system has not taken yet. */
static inline size_t tuv_ws_unsent_bytes(const tuv_ws_t* ws) {
  return tuv_ws_out_unsent_bytes(&ws->out);
}

/* A number that changes whenever the peer has given a sign of life: bytes came, or it took bytes
 * that it had no room for before. */
uint64_t tuv_ws_signs_of_life(const tuv_ws_t* ws);

/* The log-in is over: no secret is sent from here on, and sent bytes need not be wiped. */
static inline void tuv_ws_no_more_secrets(tuv_ws_t* ws) {
  tuv_ws_out_no_more_secrets(&ws->out);
}

/* Sends a message in three steps: begin with its length, put its bytes (masked or compressed while
 * they are copied), end. Begin and end return 0 or an error; then nothing was sent. *at is the
 * frame's position in the sent stream: the frame has left, or may have, once tuv_ws_sent_up_to is
 * larger. */
static inline int tuv_ws_begin(tuv_ws_t* ws, uint8_t opcode, size_t length, uint64_t* at) {
  return tuv_ws_out_begin(&ws->out, opcode, length, at);
}

static inline void tuv_ws_put(tuv_ws_t* ws, const void* data, size_t size) {
  tuv_ws_out_put(&ws->out, data, size);
}

int tuv_ws_end(tuv_ws_t* ws);

/* The same for bytes that were masked before their message began: `mask` is the frame's, and must
 * be unpredictable and used for no other frame; `key` is the mask at the first of the bytes. Where
 * the two agree nothing is masked again, and a large message's bytes go to the system from where
 * they are, so they must stay until tuv_ws_end. */
static inline int tuv_ws_begin_masked(tuv_ws_t* ws, uint8_t opcode, size_t length,
                                      const uint8_t mask[4], uint64_t* at) {
  return tuv_ws_out_begin_masked(&ws->out, opcode, length, mask, at);
}

static inline void tuv_ws_put_masked(tuv_ws_t* ws, const void* data, size_t size,
                                     const uint8_t key[4]) {
  tuv_ws_out_put_masked(&ws->out, data, size, key);
}

/* A whole message in one call. */
int tuv_ws_send(tuv_ws_t* ws, uint8_t opcode, const void* data, size_t size, uint64_t* at);

/* Gives the system what is waiting. */
void tuv_ws_flush(tuv_ws_t* ws);

static inline uint64_t tuv_ws_sent_up_to(const tuv_ws_t* ws) {
  return ws->out.handed;
}

/* Gives back the memory of send buffers that are empty. */
static inline void tuv_ws_trim(tuv_ws_t* ws) {
  tuv_ws_out_trim(&ws->out);
}

/* The payload of a frame that has not left, for a connection that is down; see
 * tuv_ws_unsent_payload. */
static inline uint8_t* tuv_ws_unsent(tuv_ws_t* ws, uint64_t at, size_t* size) {
  return tuv_ws_unsent_payload(&ws->unsent, &ws->out, at, size);
}

/* Takes a frame that has not left out of the send buffer; see tuv_ws_unsent_withdraw. */
static inline size_t tuv_ws_withdraw(tuv_ws_t* ws, uint64_t at) {
  return tuv_ws_unsent_withdraw(&ws->out, at);
}

/* About how large the next message will be; see tuv_ws_in_expect. */
static inline void tuv_ws_expect(tuv_ws_t* ws, size_t size) {
  tuv_ws_in_expect(&ws->in, size);
}

/* Sends a close frame and waits for the peer's end; no event but on_gone follows. The caller limits
 * the wait by tuv_ws_abort. Before the upgrade is through this is an abort. */
void tuv_ws_close(tuv_ws_t* ws, uint16_t code);

/* Ends a connection because of what the peer has sent: a close frame with the code, then on_down
 * with status and message. */
void tuv_ws_fail(tuv_ws_t* ws, int status, uint16_t code, const char* message);

/* Ends it now. */
void tuv_ws_abort(tuv_ws_t* ws);

#endif
