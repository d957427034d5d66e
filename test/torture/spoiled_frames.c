/* Changes of frames: fragmented, interleaved with control frames, in breach of the protocol, cut
 * anywhere. */
#include "spoiled.h"
#include "wire/ws/frame.h"

enum { CUTS = 30, FIN = 0x80, CONT = 0, TEXT = 1, BINARY = 2, PING = 9, PONG = 10 };

static unsigned opcode_of(const sp_message_t* message) {
  return message->answer->kind == SP_TEXT ? TEXT : BINARY;
}

/* ---- what the protocol allows ---- */

/* Sends the message in `count` frames; before each but the first one a ping if `pings`, an empty
 * frame if `empty`. */
static void in_pieces(const sp_message_t* message, sp_stream_t* to, size_t count, bool pings,
                      bool empty) {
  size_t at = 0;
  for (size_t i = 0; i < count; i++) {
    size_t end = message->size * (i + 1) / count;
    unsigned first = i == 0 ? opcode_of(message) : CONT;
    if (i > 0 && pings) sp_frame(to, FIN | PING, "ping", 4);
    if (i > 0 && empty) sp_frame(to, CONT, "", 0);
    sp_frame(to, (i + 1 == count ? FIN : 0) | first, message->bytes + at, end - at);
    at = end;
  }
}

static bool allowed(const sp_message_t* message, uint32_t n, sp_stream_t* to, sp_spoilt_t* spoilt) {
  static const char* const names[] = {"two frames",          "seven frames",
                                      "pings in between",    "empty frames",
                                      "byte by byte",        "a pong nobody asked for",
                                      "an empty ping before"};
  if (n >= COUNT(names)) return false;
  snprintf(spoilt->note, sizeof spoilt->note, "%s", names[n]);
  spoilt->verdict = SP_SAME;
  switch (n) {
    case 0: in_pieces(message, to, 2, false, false); return true;
    case 1: in_pieces(message, to, 7, false, false); return true;
    case 2: in_pieces(message, to, 4, true, false); return true;
    case 3: in_pieces(message, to, 3, false, true); return true;
    case 4: to->mem.piece = 1; break;
    case 5: sp_frame(to, FIN | PONG, "12345678", 8); break;
    default: sp_frame(to, FIN | PING, "", 0); break;
  }
  sp_send(to, message->answer->kind, message->bytes, message->size, 0);
  return true;
}

/* ---- breaches of the protocol, followed by the unchanged message ---- */

typedef struct lie_s {
  const char* name;
  const char* bytes;
  size_t size;
} lie_t;

#define LIE(name, bytes) {name, bytes, sizeof(bytes) - 1}

static const lie_t lies[] = {
    LIE("a continuation of nothing", "\x80\x01x"),
    LIE("a message in the middle of another", "\x01\x01x\x81\x01x"),
    LIE("a fragmented ping", "\x09\x01x"),
    LIE("a ping of 126 bytes", "\x89\x7e\x00\x7e"),
    LIE("RSV1", "\xc1\x02{}"),
    LIE("RSV2", "\xa1\x02{}"),
    LIE("RSV3", "\x91\x02{}"),
    LIE("opcode 3", "\x83\x01x"),
    LIE("opcode 7", "\x87\x00"),
    LIE("opcode 11", "\x8b\x00"),
    LIE("opcode 15", "\x8f\x00"),
    LIE("a masked frame", "\x81\x82\x01\x02\x03\x04zz"),
    LIE("a length of 16 bits that needs 7", "\x81\x7e\x00\x02{}"),
    LIE("a length of 64 bits that needs 16", "\x81\x7f\x00\x00\x00\x00\x00\x00\x00\x80"),
    LIE("a length of 2^63", "\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00"),
    LIE("a length of 2^62", "\x82\x7f\x40\x00\x00\x00\x00\x00\x00\x00"),
    LIE("a length of 2^32", "\x82\x7f\x00\x00\x00\x01\x00\x00\x00\x00"),
    LIE("a text of 2 GB", "\x81\x7f\x00\x00\x00\x00\x7f\xff\xff\xff"),
    LIE("text that is not UTF-8", "\x81\x02\xff\xfe"),
    LIE("text that ends in a character", "\x81\x01\xe6"),
    LIE("close without a code", "\x88\x00"),
    LIE("close with one byte", "\x88\x01\x03"),
    LIE("close 1000", "\x88\x02\x03\xe8"),
    LIE("close 1001 with a reason", "\x88\x06\x03\xe9gone"),
    LIE("close 1002", "\x88\x02\x03\xea"),
    LIE("close 1005", "\x88\x02\x03\xed"),
    LIE("close 1006", "\x88\x02\x03\xee"),
    LIE("close 1008", "\x88\x02\x03\xf0"),
    LIE("close 1009", "\x88\x02\x03\xf1"),
    LIE("close 1011", "\x88\x02\x03\xf3"),
    LIE("close 1013", "\x88\x02\x03\xf5"),
    LIE("close 999", "\x88\x02\x03\xe7"),
    LIE("close 3000", "\x88\x02\x0b\xb8"),
    LIE("close 65535", "\x88\x02\xff\xff"),
    LIE("close with a reason that is not UTF-8", "\x88\x04\x03\xe8\xff\xfe"),
    LIE("a fragmented close", "\x08\x02\x03\xe8"),
    LIE("HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n"),
    LIE("zeros", "\x00\x00\x00\x00\x00\x00"),
};

static bool lie(const sp_message_t* message, uint32_t n, sp_stream_t* to, sp_spoilt_t* spoilt) {
  snprintf(spoilt->note, sizeof spoilt->note, "%s", lies[n].name);
  sp_raw(to, lies[n].bytes, lies[n].size);
  sp_send(to, message->answer->kind, message->bytes, message->size, 0);
  return true;
}

/* ---- the end of the connection, anywhere in the frame; by EOF or an error ---- */

static bool cut(const sp_message_t* message, uint32_t n, sp_stream_t* to, sp_spoilt_t* spoilt) {
  uint8_t head[14];
  size_t whole = message->size + 10, step = whole / CUTS + 1, length = n / 2 * step;
  size_t size = tuv_ws_write_header(head, (uint8_t) opcode_of(message), true, false, message->size,
                                    NULL);
  size_t body = length < size ? 0 : length - size;
  if (body >= message->size && message->size > 0) body = message->size - 1;
  snprintf(spoilt->note, sizeof spoilt->note, "%s after %zu bytes", n % 2 == 0 ? "EOF" : "reset",
           length);
  sp_raw(to, head, length < size ? length : size);
  sp_raw(to, message->bytes, body);
  sp_end(to, n % 2 == 0 ? UV_EOF : UV_ECONNRESET);
  return true;
}

/* A message larger than any limit, frame by frame, of no more than 100 MB. */
static void endless(sp_stream_t* to) {
  static char bytes[1 << 16];
  memset(bytes, ' ', sizeof bytes);
  sp_frame(to, TEXT, bytes, sizeof bytes);
  for (unsigned i = 0; i < 40; i++) sp_frame(to, CONT, bytes, sizeof bytes);
}

bool sp_spoil_frames(const sp_message_t* message, uint32_t n, sp_stream_t* to,
                     sp_spoilt_t* spoilt) {
  if (message->answer->kind == SP_HTTP) return false;
  if (allowed(message, n, to, spoilt)) return true;
  n -= 7;
  spoilt->verdict = SP_SAME_OR_ERROR;
  if (n < COUNT(lies)) return lie(message, n, to, spoilt);
  n -= (uint32_t) COUNT(lies);
  if (n == 0) {
    snprintf(spoilt->note, sizeof spoilt->note, "an endless text before");
    endless(to);
    sp_send(to, message->answer->kind, message->bytes, message->size, 0);
    return true;
  }
  n--;
  uint32_t whole = (uint32_t) message->size + 10, cuts = whole < CUTS ? whole : CUTS;
  return n < 2 * cuts && cut(message, n, to, spoilt);
}
