/* WebSocket frames (PROTOCOL 1.4; RFC 6455). The reader turns bytes into events and checks them
 * against the protocol; the writer makes headers and masks. */
#ifndef TUV_WIRE_WS_FRAME_H
#define TUV_WIRE_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  TUV_WS_CONTINUATION = 0,
  TUV_WS_TEXT = 1,
  TUV_WS_BINARY = 2,
  TUV_WS_CLOSE = 8,
  TUV_WS_PING = 9,
  TUV_WS_PONG = 10
};

#define TUV_WS_MAX_HEADER 14u
#define TUV_WS_MAX_CONTROL 125u

/* Close codes that this side sends. */
enum {
  TUV_WS_CODE_NORMAL = 1000,
  TUV_WS_CODE_PROTOCOL = 1002,
  TUV_WS_CODE_NO_STATUS = 1005, /* never on the wire: a close frame without a code */
  TUV_WS_CODE_BAD_DATA = 1007,
  TUV_WS_CODE_TOO_BIG = 1009,
  TUV_WS_CODE_INTERNAL = 1011
};

typedef enum {
  TUV_WS_EV_MORE,    /* all bytes were consumed, and there is nothing to report yet */
  TUV_WS_EV_FRAME,   /* a data frame begins: opcode, length, first, fin */
  TUV_WS_EV_DATA,    /* payload of a data frame, as it arrives: data, size, ends */
  TUV_WS_EV_CONTROL, /* a whole control frame: opcode, data, size; for CLOSE also code */
  TUV_WS_EV_ERROR    /* the peer broke the protocol: code to close with, text */
} tuv_ws_event_kind_t;

typedef struct tuv_ws_event_s {
  tuv_ws_event_kind_t kind;
  uint8_t opcode;      /* FRAME, DATA: of the message (TEXT or BINARY); CONTROL: of the frame */
  bool first;          /* FRAME: the message's first frame */
  bool fin;            /* FRAME: the message's last frame */
  bool compressed;     /* FRAME: RSV1 was set on the message's first frame */
  bool frame_end;      /* DATA: the frame is complete */
  bool message_end;    /* DATA: the message is complete */
  uint16_t code;       /* CONTROL CLOSE: its code or 1005; ERROR: the code to answer with */
  uint64_t length;     /* FRAME: payload length */
  const uint8_t* data; /* DATA: inside the caller's bytes; CONTROL: inside the reader; for CLOSE
                          the reason without the code */
  size_t size;
  const char* text; /* ERROR: static text */
} tuv_ws_event_t;

/* The reader, one for each connection. It has no other memory than this struct. */
typedef struct tuv_ws_reader_s {
  bool expect_mask; /* on a server: frames must be masked; otherwise they must not be */
  bool allow_rsv1;  /* permessage-deflate was negotiated */
  bool dead;        /* an error was reported, and nothing more is read */
  uint8_t state;
  uint8_t have; /* bytes of `header` */
  uint8_t header[TUV_WS_MAX_HEADER];
  uint8_t message_opcode; /* of the data message in progress; 0: none */
  bool message_compressed;
  uint8_t opcode; /* of the frame in progress */
  bool fin;
  bool masked;
  uint8_t mask[4];
  uint32_t mask_at;
  uint64_t left; /* payload bytes of the frame in progress that are missing */
  uint32_t utf8_state;
  uint8_t control[TUV_WS_MAX_CONTROL];
  uint8_t control_size;
  uint16_t error_code; /* when dead: the error that is reported again */
  const char* error_text;
} tuv_ws_reader_t;

void tuv_ws_reader_init(tuv_ws_reader_t* reader, bool expect_mask, bool allow_rsv1);

/* Reads up to the next event and returns how many of the `size` bytes were consumed. Call it again
 * with the rest until the event is MORE. With expect_mask the payload is unmasked in place, which
 * is why `data` is not const. After an ERROR every call returns that ERROR again. A data frame
 * without payload gives FRAME, and then DATA with size 0 by the next call, even if no bytes are
 * left. Text that is not compressed is checked to be UTF-8 across pieces and frames: the first byte
 * that no valid text can have there is an ERROR with 1007. */
size_t tuv_ws_reader_next(tuv_ws_reader_t* reader, uint8_t* data, size_t size,
                          tuv_ws_event_t* event);

/* Missing bytes of the payload of the data frame in progress; 0 when there is none. */
uint64_t tuv_ws_reader_left(const tuv_ws_reader_t* reader);

/* Bytes of a frame's header. */
size_t tuv_ws_header_size(uint64_t length, bool masked);

/* Writes a frame's header; `mask` NULL for an unmasked one. Returns its size. */
size_t tuv_ws_write_header(uint8_t* out, uint8_t opcode, bool fin, bool rsv1, uint64_t length,
                           const uint8_t mask[4]);

/* Computes dst[i] = src[i] ^ mask[(i + offset) % 4], word by word. dst may be src. */
void tuv_ws_mask(uint8_t* dst, const uint8_t* src, size_t size, const uint8_t mask[4],
                 size_t offset);

/* Whether a code may stand in a close frame. */
bool tuv_ws_code_valid(uint16_t code);

#endif
