/* A WebSocket connection: upgrade, messages both ways, pings, closing; over any stream. */
#ifndef TUV_IO_WS_H
#define TUV_IO_WS_H

#include <stdbool.h>
#include <uv.h>

#include "io/random.h"
#include "io/stream.h"
#include "util/buf.h"
#include "util/mem.h"
#include "wire/deflate.h"
#include "wire/http.h"
#include "wire/ws_frame.h"

typedef struct tuv_ws_s tuv_ws_t;

/* Counted over all connections, since the beginning. */
typedef struct tuv_ws_traffic_s {
  uint64_t bytes_sent, bytes_received;       /* of the streams */
  uint64_t messages_sent, messages_received; /* all but pongs; text and binary */
} tuv_ws_traffic_t;

/* What the connections of one client share. */
typedef struct tuv_ws_shared_s {
  tuv_mem_t* mem;
  tuv_random_t random;
  tuv_refbuf_t* chunk; /* where the next read goes; NULL while it is lent or not yet there */
  size_t chunk_fill;   /* bytes of it that blocks still use */
  uint64_t max_message_size;
  tuv_http_offer_t offer; /* of compression, to every server */
  uint64_t max_text_size; /* of JSON, which takes a dozen times its size to read; 0: the same */
  tuv_ws_traffic_t traffic;
  size_t work; /* in this turn, see TUV_TURN_WORK; the owner begins each turn with 0 */
  /* Shown each message, unmasked: sent ones as they go into the send buffer, received ones before
   * anything is done with them. While it is set nothing is compressed that is sent. `data` NULL
   * with a size: there was no memory to show it. NULL: none. */
  void (*tap)(tuv_ws_t* ws, bool sent, uint8_t opcode, const uint8_t* data, size_t size);
} tuv_ws_shared_t;

void tuv_ws_shared_free(tuv_ws_shared_t* shared);

/* What is done with received bytes in one turn of the loop takes about a millisecond. It is counted
 * in bytes of rows in JSON; other bytes are less work, and each message is some. A connection that
 * finds this used up stops reading and tells on_paused: the owner resumes it in the next turn. */
#define TUV_TURN_WORK (32u << 10)
#define TUV_WORK_OF_MESSAGE 32u
#define TUV_WORK_OF_INFLATED(size) ((size) / 8)
#define TUV_WORK_OF_TEXT(size) ((size) / 16)
#define TUV_WORK_OF_BINARY(size) ((size) / 64)

typedef struct tuv_ws_events_s {
  void (*on_open)(tuv_ws_t* ws);
  /* A whole message, inside `owner`; whoever wants it after the call takes a reference on that. */
  void (*on_message)(tuv_ws_t* ws, uint8_t opcode, uint8_t* data, size_t size, tuv_refbuf_t* owner);
  void (*on_pong)(tuv_ws_t* ws, const uint8_t* data, size_t size);
  /* Once, when the connection is of no more use: failed, or ended by the peer; not after
   * tuv_ws_close. Then only on_gone follows: soon, but when it is `lingering`, which the caller
   * bounds by tuv_ws_abort. */
  void (*on_down)(tuv_ws_t* ws, int status, const char* message);
  /* The last event: the memory of the tuv_ws_t may be released. */
  void (*on_gone)(tuv_ws_t* ws);
  /* There are bytes to send: tuv_ws_flush is to be called in this turn of the loop. */
  void (*on_dirty)(tuv_ws_t* ws);
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

/* So many pieces of a large message go to the system in one call, from where they are. */
#define TUV_WS_MADE_PIECES 16u

struct tuv_ws_s {
  const tuv_ws_events_t* events;
  tuv_ws_shared_t* shared;
  tuv_stream_t* stream;
  tuv_ws_state_t state;
  const char* host; /* for the upgrade; must live as long as the connection */
  uint16_t port;
  const char* path;
  tuv_http_upgrade_t* upgrade; /* while connecting */
  tuv_ws_reader_t reader;
  /* compression, when it was agreed on */
  bool deflate;
  tuv_http_deflate_t agreed;
  size_t deflate_from; /* messages of at least so many bytes are sent compressed; SIZE_MAX: none */
  tuv_inflater_t* inflater; /* made when first needed, as is the other one */
  tuv_deflater_t* deflater;
  tuv_refbuf_t* inflated; /* by tuv_ws_unsent */
  /* sending */
  tuv_buf_t out;    /* frames not given to the system */
  tuv_buf_t flying; /* being written */
  uint64_t handed;  /* bytes ever given to the system, or about to be */
  uint64_t queued;  /* bytes ever put into `out` */
  uint8_t mask[4];  /* of the frame in the making */
  size_t mask_at;
  bool packing; /* it is being compressed, behind the room for its header */
  bool pack_failed;
  uint8_t pack_opcode;
  size_t packed;
  bool give_early; /* the frame in the making is large: it is sent while it is made */
  unsigned nmade;
  uv_buf_t made[TUV_WS_MADE_PIECES]; /* of it, behind what is in `out`: the caller's */
  size_t usual;                      /* the largest message of late */
  size_t send_limit; /* larger messages are not sent: TAOSUV_EMSGSIZE; 0: no limit */
  bool writing;
  bool dirty;     /* on_dirty was called, tuv_ws_flush not yet */
  bool lingering; /* down, but a close frame waits for the write under way */
  bool pong_due;
  uint8_t pong_size;
  uint8_t pong[TUV_WS_MAX_CONTROL];
  /* receiving */
  tuv_refbuf_t* lent;     /* what the stream reads into */
  bool lent_chunk;        /* it is the chunk, or in place of it */
  tuv_refbuf_t* assembly; /* a message that came in several reads or frames */
  size_t assembly_at;     /* where it begins in there */
  size_t assembled;
  size_t expected;     /* the size of the last block, when it was large; else 0 */
  bool inflating;      /* the message in progress is compressed: inflated into `assembly` */
  size_t inflate_hint; /* the size of the last one; 0: it says nothing */
  uint32_t utf8_state; /* of its text */
  bool paused;         /* reading is, until tuv_ws_resume */
  uint8_t* held;       /* in `lent`: read, and not looked at yet */
  size_t held_size;
  bool inflate_pending; /* this event's message is not inflated to its end */
  tuv_ws_event_t pending;
  uint64_t received; /* bytes in all */
  uint64_t waited;   /* bytes in all of writes that had to wait for room, and are done */
  tuv_errmsg_t err;
};

/* Begins: the stream's events go to the WebSocket from here on (the stream is made by the caller
 * with tuv_ws_stream_events and the tuv_ws_t as context). `path` as in the request line. */
extern const tuv_stream_events_t tuv_ws_stream_events;
void tuv_ws_init(tuv_ws_t* ws, tuv_ws_shared_t* shared, const tuv_ws_events_t* events,
                 const char* host, uint16_t port, const char* path);

/* Goes on after on_paused, in a later turn. */
void tuv_ws_resume(tuv_ws_t* ws);

/* Compresses what is sent from here on, if that was agreed on and the message has `size` bytes at
 * least. Until this is called nothing is: secrets of a log-in are not left in zlib's memory. */
static inline void tuv_ws_deflate_from(tuv_ws_t* ws, size_t size) {
  ws->deflate_from = size;
}

/* Bytes that the system has not taken yet. */
static inline size_t tuv_ws_unsent_bytes(const tuv_ws_t* ws) {
  return tuv_buf_size(&ws->out) + tuv_buf_size(&ws->flying);
}

/* A number that is another one whenever the peer has given a sign of life: bytes came, or it took
 * some of those that it had no room for. */
uint64_t tuv_ws_signs_of_life(const tuv_ws_t* ws);

/* The log-in is over: no secret is sent from here on, and sent bytes need not be wiped. */
static inline void tuv_ws_no_more_secrets(tuv_ws_t* ws) {
  if (tuv_ws_unsent_bytes(ws) > 0) return; /* then they are wiped as long as it lives */
  ws->out.secret = false;
  ws->flying.secret = false;
}

/* Sends a message in three steps: begin with its length, put its bytes (masked or compressed as
 * they are copied), end. begin and end return 0 or an error; then nothing was sent. *at is the
 * frame's position in the sent stream: it has left, or may have, once tuv_ws_sent_up_to says
 * more. */
int tuv_ws_begin(tuv_ws_t* ws, uint8_t opcode, size_t length, uint64_t* at);
void tuv_ws_put(tuv_ws_t* ws, const void* data, size_t size);
int tuv_ws_end(tuv_ws_t* ws);

/* The same for bytes that were masked before their message began: `mask` is the frame's, and must
 * be unpredictable and used for no other frame; `key` is the mask at the first of the bytes. Where
 * the two agree nothing is masked again, and a large message's bytes go to the system from where
 * they are, which is why they must stay until tuv_ws_end. */
int tuv_ws_begin_masked(tuv_ws_t* ws, uint8_t opcode, size_t length, const uint8_t mask[4],
                        uint64_t* at);
void tuv_ws_put_made(tuv_ws_t* ws, const void* data, size_t size, const uint8_t key[4]);

/* A whole message in one call. */
int tuv_ws_send(tuv_ws_t* ws, uint8_t opcode, const void* data, size_t size, uint64_t* at);

/* Gives the system what is waiting. */
void tuv_ws_flush(tuv_ws_t* ws);

static inline uint64_t tuv_ws_sent_up_to(const tuv_ws_t* ws) {
  return ws->handed;
}

/* Gives back the memory of send buffers that are empty. */
void tuv_ws_trim(tuv_ws_t* ws);

/* A frame that has not left: its payload, unmasked in place (so the frame is spoiled) and inflated,
 * or NULL, also when memory is lacking. It is there until the next call. For a connection that is
 * down; where messages may depend on those before it gives no compressed one. */
uint8_t* tuv_ws_unsent(tuv_ws_t* ws, uint64_t at, size_t* size);

/* Takes a frame that has not left out of the send buffer; returns its bytes, by which all later
 * frames have moved forward, or 0 when it has left (or later ones may depend on it). */
size_t tuv_ws_withdraw(tuv_ws_t* ws, uint64_t at);

/* Sends a close frame and waits for the peer's end; no event but on_gone follows. The caller bounds
 * the wait by tuv_ws_abort. Before the upgrade is through it is an abort. */
void tuv_ws_close(tuv_ws_t* ws, uint16_t code);

/* About how large the next message will be, where that is known better than by the last one: a
 * large one is read into a buffer of its own, where it stays. */
void tuv_ws_expect(tuv_ws_t* ws, size_t size);

/* Ends it now. */
void tuv_ws_abort(tuv_ws_t* ws);

#endif
