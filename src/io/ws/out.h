/* The sending half of a WebSocket connection: messages become masked frames in one buffer.
 *
 * It is a machine of its own: it knows no stream and no connection. It gives bytes to the system
 * by try_write; the owner takes the rest by tuv_ws_out_take and writes it. */
#ifndef TUV_IO_WS_OUT_H
#define TUV_IO_WS_OUT_H

#include <uv.h>

#include "io/shared.h"
#include "io/ws/deflate.h"
#include "util/assert.h"
#include "util/buf.h"
#include "wire/ws/frame.h"

typedef enum {
  TUV_WS_OUT_UPGRADE, /* the upgrade is on its way: no frame may follow it yet */
  TUV_WS_OUT_OPEN,
  TUV_WS_OUT_CLOSED /* a close frame was put in, or the connection is down: no pong follows */
} tuv_ws_out_state_t;

/* Pieces of a large message that go to the system in one call, from where they are. */
#define TUV_WS_PREMASKED_PIECES 16u

/* A ping that is not answered yet. */
typedef struct tuv_ws_pong_s {
  bool due;
  uint8_t size;
  uint8_t data[TUV_WS_MAX_CONTROL];
} tuv_ws_pong_t;

typedef struct tuv_ws_out_s {
  tuv_io_shared_t* shared;
  /* Writes what the system takes now; see tuv_stream_ops_t. */
  ssize_t (*try_write)(void* connection, const uv_buf_t* pieces, unsigned count);
  void* connection; /* passed to try_write and to the tap */
  tuv_ws_out_state_t state;
  tuv_buf_t unsent;    /* frames not given to the system */
  tuv_buf_t in_flight; /* given to the system, to be written when it can */
  bool writing;        /* in_flight is being written */
  uint64_t handed;     /* bytes ever given to the system, or about to be */
  uint64_t queued;     /* bytes ever put into `unsent` */
  uint64_t waited;     /* bytes of all writes that had to wait for room, and are done */
  size_t limit;        /* larger messages are refused with TAOSUV_EMSGSIZE; 0: no limit */
  size_t usual;        /* the size of the largest recent message */
  uint8_t mask[4];     /* of the frame in progress */
  size_t mask_at;      /* bytes of its payload so far */
  bool early;          /* the frame in progress is large: it is sent while it is written */
  unsigned premasked_count;
  uv_buf_t premasked[TUV_WS_PREMASKED_PIECES]; /* of it, behind `unsent`; the caller's memory */
  tuv_ws_deflate_t deflate;
  tuv_ws_pong_t pong;
} tuv_ws_out_t;

void tuv_ws_out_init(tuv_ws_out_t* out, tuv_io_shared_t* shared,
                     ssize_t (*try_write)(void* connection, const uv_buf_t* pieces, unsigned count),
                     void* connection);
void tuv_ws_out_free(tuv_ws_out_t* out);

/* The upgrade request: room for it, or NULL when out of memory, and how much was written there. */
char* tuv_ws_out_reserve(tuv_ws_out_t* out, size_t size);
void tuv_ws_out_commit(tuv_ws_out_t* out, size_t size);

/* The upgrade is through: frames may be sent. */
static inline void tuv_ws_out_open(tuv_ws_out_t* out) {
  TUV_ASSERT(out->state == TUV_WS_OUT_UPGRADE);
  out->state = TUV_WS_OUT_OPEN;
}

/* The connection is down: what is in the buffers stays there. */
static inline void tuv_ws_out_stop(tuv_ws_out_t* out) {
  out->state = TUV_WS_OUT_CLOSED;
}

/* A message in three steps: begin with its length, put its bytes, end. Begin and end return 0 or an
 * error; then nothing was sent. *at is the frame's position in the sent stream. */
int tuv_ws_out_begin(tuv_ws_out_t* out, uint8_t opcode, size_t length, uint64_t* at);
int tuv_ws_out_begin_masked(tuv_ws_out_t* out, uint8_t opcode, size_t length, const uint8_t mask[4],
                            uint64_t* at);
void tuv_ws_out_put(tuv_ws_out_t* out, const void* data, size_t size);
void tuv_ws_out_put_masked(tuv_ws_out_t* out, const void* data, size_t size, const uint8_t key[4]);
int tuv_ws_out_end(tuv_ws_out_t* out);

/* A ping has come: its pong goes before the next message, or with the next flush. */
void tuv_ws_out_answer_ping(tuv_ws_out_t* out, const uint8_t* data, size_t size);

/* Puts a close frame, behind which no pong follows. Returns 0 or an error; then no close frame
 * is sent. */
int tuv_ws_out_close(tuv_ws_out_t* out, uint16_t code);

/* Gives the system what it takes now. Returns how many bytes those were, or an error. Not while
 * `writing`. */
ssize_t tuv_ws_out_flush(tuv_ws_out_t* out);

/* The rest, which stays in memory until tuv_ws_out_written: the system writes it when it can. */
const uint8_t* tuv_ws_out_take(tuv_ws_out_t* out, size_t* size);
void tuv_ws_out_written(tuv_ws_out_t* out);

/* Bytes that the system has not taken yet. */
static inline size_t tuv_ws_out_unsent_bytes(const tuv_ws_out_t* out) {
  return tuv_buf_size(&out->unsent) + tuv_buf_size(&out->in_flight);
}

/* No secret is sent from here on, so sent bytes need not be wiped. */
static inline void tuv_ws_out_no_more_secrets(tuv_ws_out_t* out) {
  if (tuv_ws_out_unsent_bytes(out) > 0) return; /* then they are wiped as long as it lives */
  out->unsent.secret = false;
  out->in_flight.secret = false;
}

/* Gives back the memory of buffers that are empty. */
void tuv_ws_out_trim(tuv_ws_out_t* out);

#endif
