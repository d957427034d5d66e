/* The sending half of a WebSocket connection: frames masked into one buffer, one write a turn. */
#include <string.h>

#include "io/ws/private.h"
#include "taosuv/error.h"

/* A send buffer of this size is kept when it has become empty; a larger one only while messages of
 * that size keep coming, and are not beyond all measure. */
#define KEEP_BYTES (256u << 10)
#define KEEP_MOST (64u << 20)

/* Of a message of at least twice this size so much is given to the system at a time. */
#define EARLY_BYTES (128u << 10)

/* Of what is masked already so many bytes go to the system without being copied. */
#define LEAST_PIECE (4u << 10)

/* Up to twice a message's size is taken for it; and it is forgotten slowly. */
size_t tuv_ws_keep(const tuv_ws_t* ws) {
  if (ws->usual > KEEP_MOST / 4) return KEEP_MOST;
  return ws->usual < KEEP_BYTES / 4 ? KEEP_BYTES : 4 * ws->usual;
}

void tuv_ws_trim(tuv_ws_t* ws) {
  ws->usual = 0;
  if (tuv_buf_size(&ws->out) == 0) tuv_buf_free(&ws->out);
  if (!ws->writing) tuv_buf_free(&ws->flying);
}

void tuv_ws_mark_dirty(tuv_ws_t* ws) {
  if (ws->dirty || ws->writing) return;
  ws->dirty = true;
  ws->events->on_dirty(ws);
}

void tuv_ws_report_sent(tuv_ws_t* ws) {
  if (ws->state == TUV_WS_OPEN && ws->events->on_sent != NULL) ws->events->on_sent(ws);
}

/* Shows the frame that is complete at the end of the send buffer. */
static void tap_sent(tuv_ws_t* ws) {
  const tuv_alloc_t* alloc = &ws->shared->mem->alloc;
  size_t size = ws->mask_at;
  const uint8_t* payload = ws->out.data + ws->out.tail - size;
  uint8_t opcode = *(payload - tuv_ws_header_size(size, true)) & 0x0F;
  uint8_t* copy = size > 0 ? tuv_malloc(alloc, size) : NULL;
  if (copy != NULL) tuv_ws_mask(copy, payload, size, ws->mask, 0);
  ws->shared->tap(ws, true, opcode, copy, size);
  if (copy != NULL) tuv_wipe(copy, size); /* a log-in has the password in it */
  tuv_free(alloc, copy);
}

/* Not ended like a message: a flush is already on its way. */
void tuv_ws_put_pong(tuv_ws_t* ws) {
  ws->pong_due = false;
  if (tuv_ws_begin(ws, TUV_WS_PONG, ws->pong_size, NULL) < 0) {
    ws->pong_due = true;
    return;
  }
  tuv_ws_put(ws, ws->pong, ws->pong_size);
  if (ws->shared->tap != NULL) tap_sent(ws);
}

int tuv_ws_begin(tuv_ws_t* ws, uint8_t opcode, size_t length, uint64_t* at) {
  uint8_t mask[4];
  int status = tuv_random_bytes(&ws->shared->random, mask, sizeof mask);
  return status < 0 ? status : tuv_ws_begin_masked(ws, opcode, length, mask, at);
}

int tuv_ws_begin_masked(tuv_ws_t* ws, uint8_t opcode, size_t length, const uint8_t mask[4],
                        uint64_t* at) {
  /* The pong first: its ping came before whatever this answers, and nothing may follow a close. */
  if (ws->pong_due && ws->state == TUV_WS_OPEN) tuv_ws_put_pong(ws);
  if (ws->send_limit != 0 && length > ws->send_limit) return TAOSUV_EMSGSIZE;
  memcpy(ws->mask, mask, sizeof ws->mask);
  ws->usual -= ws->usual / 64;
  if (length > ws->usual) ws->usual = length;
  bool tapped = ws->shared->tap != NULL; /* is shown what is in the buffer: not compressed */
  if (ws->deflate && !tapped && length >= ws->deflate_from && opcode < TUV_WS_CLOSE) {
    if (at != NULL) *at = ws->queued;
    return tuv_ws_pack_begin(ws, opcode, length);
  }
  size_t header = tuv_ws_header_size(length, true);
  uint8_t* out = length > SIZE_MAX - header ? NULL : tuv_buf_reserve(&ws->out, header + length);
  if (out == NULL) return UV_ENOMEM;
  tuv_ws_write_header(out, opcode, true, false, length, ws->mask);
  tuv_buf_commit(&ws->out, header);
  ws->mask_at = 0;
  ws->give_early = length >= 2 * EARLY_BYTES && !ws->writing && ws->state == TUV_WS_OPEN && !tapped;
  if (at != NULL) *at = ws->queued;
  ws->queued += header + length;
  return 0;
}

/* What the system has not taken of the made pieces, of whose bytes it took so many. */
static void keep_made(tuv_ws_t* ws, size_t taken) {
  for (unsigned i = 0; i < ws->nmade; i++) {
    size_t size = ws->made[i].len, gone = taken < size ? taken : size;
    memcpy(ws->out.data + ws->out.tail, ws->made[i].base + gone, size - gone);
    tuv_buf_commit(&ws->out, size - gone);
    taken -= gone;
  }
  ws->nmade = 0;
}

/* A large message is given to the system while the rest of it is being written: its beginning is
 * still in the cache then, and its end finds the same room. What goes wrong shows at the flush. */
static void give_early(tuv_ws_t* ws) {
  uv_buf_t pieces[1 + TUV_WS_MADE_PIECES];
  size_t fill = tuv_buf_size(&ws->out), size = fill;
  unsigned count = 0;
  if (fill > 0) pieces[count++] = tuv_piece(ws->out.data + ws->out.head, fill);
  for (unsigned i = 0; i < ws->nmade; i++) size += ws->made[i].len;
  memcpy(pieces + count, ws->made, ws->nmade * sizeof *pieces);
  ssize_t taken = ws->stream->ops->try_write(ws->stream, pieces, count + ws->nmade);
  if (taken < (ssize_t) size) ws->give_early = false; /* it has no room now */
  size_t gone = taken > 0 ? (size_t) taken : 0, of_out = gone < fill ? gone : fill;
  ws->handed += gone;
  ws->shared->traffic.bytes_sent += gone;
  tuv_buf_consume(&ws->out, of_out, SIZE_MAX); /* the rest has its room already */
  keep_made(ws, gone - of_out);
}

/* Bytes into the send buffer, masked on their way or masked already. */
static void put_part(tuv_ws_t* ws, const void* data, size_t size, bool made) {
  uint8_t* to = ws->out.data + ws->out.tail;
  if (made)
    memcpy(to, data, size);
  else
    tuv_ws_mask(to, data, size, ws->mask, ws->mask_at);
  tuv_buf_commit(&ws->out, size);
  ws->mask_at += size;
}

static void put(tuv_ws_t* ws, const uint8_t* data, size_t size, bool made) {
  if (ws->nmade > 0) give_early(ws); /* it stands before this */
  while (ws->give_early && size > 0) {
    size_t fill = tuv_buf_size(&ws->out);
    size_t room = fill < EARLY_BYTES ? EARLY_BYTES - fill : 0;
    size_t part = size < room ? size : room;
    put_part(ws, data, part, made);
    data += part;
    size -= part;
    if (part == room) give_early(ws);
  }
  if (size > 0) put_part(ws, data, size, made);
}

void tuv_ws_put(tuv_ws_t* ws, const void* data, size_t size) {
  if (ws->packing)
    tuv_ws_pack(ws, data, size, false);
  else
    put(ws, data, size, false);
}

/* ---- bytes that are masked already ---- */

static void unmask_and_put(tuv_ws_t* ws, const uint8_t* data, size_t size, const uint8_t key[4]) {
  uint8_t plain[4096];
  for (size_t at = 0; at < size;) {
    size_t part = size - at < sizeof plain ? size - at : sizeof plain;
    tuv_ws_mask(plain, data + at, part, key, 0); /* `at` is a multiple of four */
    tuv_ws_put(ws, plain, part);
    at += part;
  }
}

/* Whether bytes go to the system from where they are; few are better off with their neighbours. */
static bool may_stay(const tuv_ws_t* ws, size_t size) {
  return ws->give_early && size >= LEAST_PIECE && size <= TUV_PIECE_MAX &&
         tuv_buf_size(&ws->out) <= TUV_PIECE_MAX;
}

void tuv_ws_put_made(tuv_ws_t* ws, const void* data, size_t size, const uint8_t key[4]) {
  bool fits = !ws->packing;
  for (size_t i = 0; i < sizeof ws->mask; i++)
    fits = fits && key[i] == ws->mask[(ws->mask_at + i) % 4];
  if (!fits) {
    unmask_and_put(ws, data, size, key);
  } else if (!may_stay(ws, size)) {
    put(ws, data, size, true);
  } else {
    ws->made[ws->nmade++] = tuv_piece(data, size);
    ws->mask_at += size;
    if (ws->nmade == TUV_WS_MADE_PIECES) give_early(ws);
  }
}

int tuv_ws_end(tuv_ws_t* ws) {
  if (ws->nmade > 0) give_early(ws);
  int status = ws->packing ? tuv_ws_pack_end(ws) : 0;
  if (status < 0) return status;
  ws->shared->traffic.messages_sent++;
  if (ws->shared->tap != NULL) tap_sent(ws);
  tuv_ws_mark_dirty(ws);
  return 0;
}

int tuv_ws_send(tuv_ws_t* ws, uint8_t opcode, const void* data, size_t size, uint64_t* at) {
  int status = tuv_ws_begin(ws, opcode, size, at);
  if (status < 0) return status;
  tuv_ws_put(ws, data, size);
  return tuv_ws_end(ws);
}

int tuv_ws_send_close(tuv_ws_t* ws, uint16_t code) {
  uint8_t payload[2] = {(uint8_t) (code >> 8), (uint8_t) code};
  int status = tuv_ws_send(ws, TUV_WS_CLOSE, payload, code == TUV_WS_CODE_NO_STATUS ? 0 : 2, NULL);
  ws->pong_due = false; /* one that found no memory: nothing may follow a close frame */
  return status;
}

int tuv_ws_write_rest(tuv_ws_t* ws) {
  tuv_buf_t empty = ws->flying;
  ws->flying = ws->out;
  ws->out = empty;
  size_t size = tuv_buf_size(&ws->flying);
  ws->handed += size;
  ws->shared->traffic.bytes_sent += size;
  ws->writing = true;
  return ws->stream->ops->write(ws->stream, ws->flying.data + ws->flying.head, size);
}

void tuv_ws_flush(tuv_ws_t* ws) {
  ws->dirty = false;
  if (ws->writing || ws->state < TUV_WS_UPGRADING || ws->state > TUV_WS_CLOSING) return;
  if (ws->pong_due && ws->state == TUV_WS_OPEN) tuv_ws_put_pong(ws);
  size_t size = tuv_buf_size(&ws->out);
  if (size == 0) return;
  ssize_t taken = tuv_stream_try_write(ws->stream, ws->out.data + ws->out.head, size);
  if (taken < 0 && taken != UV_EAGAIN) {
    tuv_ws_down(ws, (int) taken, NULL);
    return;
  }
  if (taken > 0) {
    ws->handed += (uint64_t) taken;
    ws->shared->traffic.bytes_sent += (uint64_t) taken;
    tuv_buf_consume(&ws->out, (size_t) taken, tuv_ws_keep(ws));
    tuv_ws_report_sent(ws);
  }
  if (tuv_buf_size(&ws->out) == 0) return;
  int status = tuv_ws_write_rest(ws);
  if (status < 0) tuv_ws_down(ws, status, NULL);
}

/* The frame that begins `at`: where it stands in the send buffer and how long its parts are. */
static bool find_unsent(tuv_ws_t* ws, uint64_t at, size_t* offset, size_t* header, size_t* payload,
                        bool* compressed) {
  tuv_ws_reader_t reader;
  tuv_ws_event_t event;
  if (at < ws->handed || at >= ws->queued) return false;
  *offset = (size_t) (at - ws->handed);
  uint8_t* frame = ws->out.data + ws->out.head + *offset;
  uint8_t head[TUV_WS_MAX_HEADER];
  size_t size = tuv_buf_size(&ws->out) - *offset;
  if (size > sizeof head) size = sizeof head;
  memcpy(head, frame, size);
  switch (head[1] & 0x7F) {
    case 126: *header = 8; break;
    case 127: *header = 14; break;
    default: *header = 6;
  }
  /* A control frame is read whole; its length is in its second byte. */
  if ((head[0] & 0x08) != 0) {
    *payload = head[1] & 0x7Fu;
    *compressed = false;
    return true;
  }
  tuv_ws_reader_init(&reader, true, true);
  tuv_ws_reader_next(&reader, head, *header, &event);
  *payload = (size_t) event.length;
  *compressed = event.compressed;
  return event.kind == TUV_WS_EV_FRAME;
}

uint8_t* tuv_ws_unsent(tuv_ws_t* ws, uint64_t at, size_t* size) {
  size_t offset, header;
  bool compressed;
  if (!find_unsent(ws, at, &offset, &header, size, &compressed)) return NULL;
  uint8_t* payload = ws->out.data + ws->out.head + offset + header;
  uint8_t mask[4];
  memcpy(mask, payload - 4, 4);
  tuv_ws_mask(payload, payload, *size, mask, 0);
  return compressed ? tuv_ws_unpack(ws, payload, size) : payload;
}

size_t tuv_ws_withdraw(tuv_ws_t* ws, uint64_t at) {
  size_t offset, header, payload;
  bool compressed;
  if (!find_unsent(ws, at, &offset, &header, &payload, &compressed)) return 0;
  if (compressed && ws->agreed.client_keeps_context) return 0;
  tuv_buf_erase(&ws->out, offset, header + payload);
  ws->queued -= header + payload;
  return header + payload;
}
