/* The receiving half of a WebSocket connection: bytes become messages, where the bytes landed.
 *
 * It is a machine of its own: it knows no stream and no connection. It says where the next bytes
 * go, is fed with them, and reports one message, control frame or failure after the other. */
#ifndef TUV_IO_WS_IN_H
#define TUV_IO_WS_IN_H

#include "io/shared.h"
#include "io/ws/assembly.h"
#include "io/ws/inflate.h"
#include "util/errmsg.h"
#include "wire/ws/frame.h"

typedef enum {
  TUV_WS_IN_MORE,    /* all bytes were read: there is nothing more to report */
  TUV_WS_IN_MESSAGE, /* opcode, data, size, owner */
  TUV_WS_IN_CONTROL, /* a ping, a pong, or a close frame: opcode, control, size; for CLOSE also
                        code, and control is the reason */
  TUV_WS_IN_PAUSE,   /* the turn's work is done: goes on where it was when it is asked again */
  TUV_WS_IN_FAILED   /* status, code, text; from here on it reports this again */
} tuv_ws_in_kind_t;

typedef struct tuv_ws_in_event_s {
  tuv_ws_in_kind_t kind;
  uint8_t opcode;
  uint16_t code;    /* CONTROL: of the close frame; FAILED: to close with, 0: no close frame */
  int status;       /* FAILED: TAOSUV_… or UV_ENOMEM */
  const char* text; /* FAILED: what went wrong */
  uint8_t* data;    /* MESSAGE: there until the next call; a reference on `owner` keeps it longer */
  const uint8_t* control; /* CONTROL: there until the next call */
  size_t size;
  tuv_refbuf_t* owner; /* MESSAGE: the buffer that `data` lies in */
} tuv_ws_in_event_t;

typedef enum {
  TUV_WS_IN_UPGRADE, /* what comes is not a frame yet */
  TUV_WS_IN_OPEN,
  TUV_WS_IN_CLOSING /* messages are dropped, only control frames count */
} tuv_ws_in_state_t;

typedef struct tuv_ws_in_s {
  tuv_io_shared_t* shared;
  tuv_ws_in_state_t state;
  bool bounded; /* it pauses when the turn's work is done */
  bool failed;
  tuv_ws_in_event_t failure; /* what is reported once it has failed */
  tuv_errmsg_t err;
  tuv_ws_reader_t reader;
  tuv_refbuf_t* lent; /* what the stream reads into, or has read into */
  bool lent_chunk;    /* it is the shared chunk, or in place of it */
  uint8_t* next;      /* in `lent`: the bytes that were read and not looked at yet */
  size_t left;
  const uint8_t* end; /* where the last read ended, or NULL when that is not known */
  tuv_ws_assembly_t assembly;
  tuv_refbuf_t* reported; /* the message that was assembled and reported last */
  size_t expected;        /* the size of the next message when it is probably large; 0: not large */
  tuv_ws_inflate_t inflate;
} tuv_ws_in_t;

void tuv_ws_in_init(tuv_ws_in_t* in, tuv_io_shared_t* shared, bool bounded);
void tuv_ws_in_free(tuv_ws_in_t* in);

/* The upgrade is through: frames follow. `keeps_context` matters only with `deflate`. */
void tuv_ws_in_open(tuv_ws_in_t* in, bool deflate, bool keeps_context);

/* No message is reported any more. */
void tuv_ws_in_close(tuv_ws_in_t* in);

/* Where the next bytes go; *size is 0 when out of memory. */
void tuv_ws_in_lend(tuv_ws_in_t* in, uint8_t** base, size_t* size);

/* Bytes have come to where tuv_ws_in_lend said; tuv_ws_in_next reads them. With a size of 0 none
 * have come; then `data` may be NULL. */
void tuv_ws_in_feed(tuv_ws_in_t* in, uint8_t* data, size_t size);

/* Reports what comes next. */
tuv_ws_in_kind_t tuv_ws_in_next(tuv_ws_in_t* in, tuv_ws_in_event_t* event);

/* The read is over: gives back the buffer that was lent. */
void tuv_ws_in_return(tuv_ws_in_t* in);

/* How large the next message probably is, where that is known better than by the last one: a large
 * one is read into a buffer of its own, where it stays. */
void tuv_ws_in_expect(tuv_ws_in_t* in, size_t size);

#endif
