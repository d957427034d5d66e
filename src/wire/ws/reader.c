/* WebSocket frames read (RFC 6455): bytes in, events out. */
#include <string.h>

#include "util/utf8.h"
#include "wire/ws/bits.h"
#include "wire/ws/frame.h"

enum { STATE_HEADER, STATE_DATA, STATE_CONTROL };

void tuv_ws_reader_init(tuv_ws_reader_t* reader, bool expect_mask, bool allow_rsv1) {
  memset(reader, 0, sizeof *reader);
  reader->expect_mask = expect_mask;
  reader->allow_rsv1 = allow_rsv1;
}

uint64_t tuv_ws_reader_left(const tuv_ws_reader_t* reader) {
  return reader->state == STATE_DATA && !reader->dead ? reader->left : 0;
}

bool tuv_ws_code_valid(uint16_t code) {
  if (code >= 1000 && code <= 1003) return true;
  if (code >= 1007 && code <= 1014) return true; /* 1004 to 1006 and 1015 are never sent */
  return code >= 3000 && code <= 4999;
}

static void report_error(const tuv_ws_reader_t* reader, tuv_ws_event_t* event) {
  memset(event, 0, sizeof *event);
  event->kind = TUV_WS_EV_ERROR;
  event->code = reader->error_code;
  event->text = reader->error_text;
}

static void fail(tuv_ws_reader_t* reader, tuv_ws_event_t* event, uint16_t code, const char* text) {
  reader->dead = true;
  reader->error_code = code;
  reader->error_text = text;
  report_error(reader, event);
}

static bool is_control(uint8_t opcode) {
  return (opcode & 8) != 0;
}

/* What is wrong with a frame's first byte, or NULL. */
static const char* check_first_byte(const tuv_ws_reader_t* reader) {
  uint8_t byte = reader->header[0], opcode = byte & BITS_OPCODE;
  bool fin = (byte & BIT_FIN) != 0;
  if ((byte & BITS_RSV23) != 0) return "reserved bit set in a frame's header";
  if (opcode > TUV_WS_PONG || (opcode > TUV_WS_BINARY && opcode < TUV_WS_CLOSE))
    return "frame with a reserved opcode";
  if (is_control(opcode) && !fin) return "fragmented control frame";
  if (opcode == TUV_WS_CONTINUATION && reader->message_opcode == 0)
    return "continuation frame without a message to continue";
  if ((opcode == TUV_WS_TEXT || opcode == TUV_WS_BINARY) && reader->message_opcode != 0)
    return "new message inside a fragmented message";
  if ((byte & BIT_RSV1) == 0) return NULL;
  if (!reader->allow_rsv1) return "compressed frame, but compression was not agreed on";
  if (is_control(opcode) || opcode == TUV_WS_CONTINUATION)
    return "compression bit on a frame that does not start a message";
  return NULL;
}

/* What is wrong with a frame's second byte, or NULL. */
static const char* check_second_byte(const tuv_ws_reader_t* reader) {
  bool masked = (reader->header[1] & BIT_MASK) != 0;
  if (masked && !reader->expect_mask) return "masked frame from a server";
  if (!masked && reader->expect_mask) return "unmasked frame from a client";
  if (is_control(reader->header[0] & BITS_OPCODE) &&
      (reader->header[1] & BITS_LENGTH) > TUV_WS_MAX_CONTROL)
    return "control frame longer than 125 bytes";
  return NULL;
}

static size_t length_size(uint8_t second_byte) {
  uint8_t length = second_byte & BITS_LENGTH;
  return length == LENGTH_64 ? 8 : length == LENGTH_16 ? 2 : 0;
}

/* Reads the payload's length from a complete header; returns what is wrong with it, or NULL. */
static const char* read_length(const tuv_ws_reader_t* reader, uint64_t* length) {
  size_t size = length_size(reader->header[1]);
  uint64_t value = size == 0 ? reader->header[1] & BITS_LENGTH : 0;
  for (size_t i = 0; i < size; i++) value = value << 8 | reader->header[2 + i];
  *length = value;
  if (value >> 63 != 0) return "frame length with its top bit set";
  if ((size == 2 && value < LENGTH_16) || (size == 8 && value <= UINT16_MAX))
    return "frame length not in its shortest form";
  return NULL;
}

/* Called when the header is complete, so that the payload follows. */
static void begin_payload(tuv_ws_reader_t* reader, uint64_t length, tuv_ws_event_t* event) {
  reader->opcode = reader->header[0] & BITS_OPCODE;
  reader->fin = (reader->header[0] & BIT_FIN) != 0;
  reader->masked = (reader->header[1] & BIT_MASK) != 0;
  if (reader->masked)
    memcpy(reader->mask, reader->header + 2 + length_size(reader->header[1]), sizeof reader->mask);
  reader->mask_at = 0;
  reader->left = length;
  reader->have = 0;

  if (is_control(reader->opcode)) {
    reader->control_size = 0;
    reader->state = STATE_CONTROL;
    return;
  }
  reader->state = STATE_DATA;
  event->kind = TUV_WS_EV_FRAME;
  event->first = reader->opcode != TUV_WS_CONTINUATION;
  if (event->first) {
    reader->message_opcode = reader->opcode;
    reader->message_compressed = (reader->header[0] & BIT_RSV1) != 0;
    reader->utf8_state = TUV_UTF8_START;
  }
  event->opcode = reader->message_opcode;
  event->fin = reader->fin;
  event->compressed = reader->message_compressed;
  event->length = length;
}

/* The size of the header, as far as it is known from its first bytes. */
static size_t header_need(const tuv_ws_reader_t* reader) {
  if (reader->have < 2) return 2;
  size_t mask = (reader->header[1] & BIT_MASK) != 0 ? 4 : 0;
  return 2 + length_size(reader->header[1]) + mask;
}

/* Collects a header. Each of its first two bytes is checked when it arrives, so that the result
 * does not depend on how the stream is cut into pieces. Leaves STATE_HEADER when the header is
 * complete. */
static size_t read_header(tuv_ws_reader_t* reader, const uint8_t* data, size_t size,
                          tuv_ws_event_t* event) {
  size_t used = 0;
  while (reader->have < header_need(reader)) {
    if (used == size) return used;
    reader->header[reader->have++] = data[used++];
    const char* wrong = NULL;
    if (reader->have == 1) wrong = check_first_byte(reader);
    if (reader->have == 2) wrong = check_second_byte(reader);
    if (wrong != NULL) {
      fail(reader, event, TUV_WS_CODE_PROTOCOL, wrong);
      return used;
    }
  }
  uint64_t length;
  const char* wrong = read_length(reader, &length);
  if (wrong != NULL)
    fail(reader, event, TUV_WS_CODE_PROTOCOL, wrong);
  else
    begin_payload(reader, length, event);
  return used;
}

/* Checks a piece of a text message. Returns false after it reported an error. */
static bool check_text(tuv_ws_reader_t* reader, const uint8_t* data, size_t size, bool message_end,
                       tuv_ws_event_t* event) {
  if (reader->message_opcode != TUV_WS_TEXT || reader->message_compressed) return true;
  reader->utf8_state = tuv_utf8_step(reader->utf8_state, data, size);
  if (reader->utf8_state == TUV_UTF8_START) return true;
  if (reader->utf8_state != TUV_UTF8_BAD && !message_end) return true;
  fail(reader, event, TUV_WS_CODE_BAD_DATA, "text message that is not UTF-8");
  return false;
}

static size_t read_data(tuv_ws_reader_t* reader, uint8_t* data, size_t size,
                        tuv_ws_event_t* event) {
  size_t take = reader->left < size ? (size_t) reader->left : size;
  if (take == 0 && reader->left != 0) return 0;
  if (reader->masked && take != 0) {
    tuv_ws_mask(data, data, take, reader->mask, reader->mask_at);
    reader->mask_at = (uint32_t) ((reader->mask_at + take) % 4);
  }
  reader->left -= take;
  bool frame_end = reader->left == 0, message_end = frame_end && reader->fin;
  if (!check_text(reader, data, take, message_end, event)) return take;

  event->kind = TUV_WS_EV_DATA;
  event->opcode = reader->message_opcode;
  event->compressed = reader->message_compressed;
  event->frame_end = frame_end;
  event->message_end = message_end;
  event->data = data;
  event->size = take;
  if (frame_end) reader->state = STATE_HEADER;
  if (message_end) reader->message_opcode = 0;
  return take;
}

/* Splits the payload of a close frame into code and reason, or reports an error. */
static void read_close(tuv_ws_reader_t* reader, tuv_ws_event_t* event) {
  event->code = TUV_WS_CODE_NO_STATUS;
  if (reader->control_size == 0) return;
  if (reader->control_size == 1) {
    fail(reader, event, TUV_WS_CODE_PROTOCOL, "close frame with half a code");
    return;
  }
  uint16_t code = (uint16_t) (reader->control[0] << 8 | reader->control[1]);
  if (!tuv_ws_code_valid(code)) {
    fail(reader, event, TUV_WS_CODE_PROTOCOL, "close frame with a code that may not be sent");
    return;
  }
  event->code = code;
  event->data = reader->control + 2;
  event->size = reader->control_size - 2u;
  if (!tuv_utf8_valid(event->data, event->size))
    fail(reader, event, TUV_WS_CODE_BAD_DATA, "close frame with a reason that is not UTF-8");
}

static size_t read_control(tuv_ws_reader_t* reader, const uint8_t* data, size_t size,
                           tuv_ws_event_t* event) {
  size_t take = reader->left < size ? (size_t) reader->left : size;
  if (take != 0) {
    uint8_t* to = reader->control + reader->control_size;
    if (reader->masked)
      tuv_ws_mask(to, data, take, reader->mask, reader->control_size);
    else
      memcpy(to, data, take);
    reader->control_size = (uint8_t) (reader->control_size + take);
    reader->left -= take;
  }
  if (reader->left != 0) return take;

  reader->state = STATE_HEADER;
  event->kind = TUV_WS_EV_CONTROL;
  event->opcode = reader->opcode;
  event->data = reader->control;
  event->size = reader->control_size;
  if (reader->opcode == TUV_WS_CLOSE) read_close(reader, event);
  return take;
}

size_t tuv_ws_reader_next(tuv_ws_reader_t* reader, uint8_t* data, size_t size,
                          tuv_ws_event_t* event) {
  memset(event, 0, sizeof *event);
  event->kind = TUV_WS_EV_MORE;
  if (reader->dead) {
    report_error(reader, event);
    return 0;
  }
  size_t used = 0;
  if (reader->state == STATE_HEADER) {
    used = read_header(reader, data, size, event);
    if (reader->state == STATE_HEADER || event->kind != TUV_WS_EV_MORE) return used;
  }
  uint8_t* rest = used == 0 ? data : data + used; /* `data` may be NULL when size is 0 */
  if (reader->state == STATE_CONTROL) return used + read_control(reader, rest, size - used, event);
  return used + read_data(reader, rest, size - used, event);
}
