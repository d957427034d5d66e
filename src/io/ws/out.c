/* The sending half of a WebSocket connection: messages become masked frames in one buffer. */
#include "io/ws/out.h"

#include <string.h>

#include "io/stream.h"
#include "taosuv/error.h"
#include "util/assert.h"

/* A send buffer of this size is kept when it has become empty. A larger one is kept only while
 * messages of that size keep coming, and at most up to KEEP_MOST. */
#define KEEP_BYTES (256u << 10)
#define KEEP_MOST (64u << 20)

/* A message of at least twice this size is given to the system in parts of this size. */
#define EARLY_BYTES (128u << 10)

/* A premasked piece of this size goes to the system without being copied. */
#define LEAST_PIECE (4u << 10)

/* While less than this waits to be sent, each ping is answered. */
#define PONG_ROOM (4u << 10)

void tuv_ws_out_init(tuv_ws_out_t* out, tuv_io_shared_t* shared,
                     ssize_t (*try_write)(void* connection, const uv_buf_t* pieces, unsigned count),
                     void* connection) {
  memset(out, 0, sizeof *out);
  out->shared = shared;
  out->try_write = try_write;
  out->connection = connection;
  out->deflate.least_size = SIZE_MAX;
  tuv_buf_init(&out->unsent, &shared->mem->alloc);
  tuv_buf_init(&out->in_flight, &shared->mem->alloc);
  out->unsent.secret = out->in_flight.secret = true; /* the upgrade and the log-in have secrets */
}

void tuv_ws_out_free(tuv_ws_out_t* out) {
  tuv_buf_free(&out->unsent);
  tuv_buf_free(&out->in_flight);
  tuv_ws_deflate_free(&out->deflate);
}

char* tuv_ws_out_reserve(tuv_ws_out_t* out, size_t size) {
  return (char*) tuv_buf_reserve(&out->unsent, size);
}

void tuv_ws_out_commit(tuv_ws_out_t* out, size_t size) {
  tuv_buf_commit(&out->unsent, size);
  out->queued += size;
}

/* How large an empty send buffer may be to be kept: room for two messages of the usual size, which
 * is forgotten slowly. */
static size_t keep(const tuv_ws_out_t* out) {
  if (out->usual > KEEP_MOST / 4) return KEEP_MOST;
  return out->usual < KEEP_BYTES / 4 ? KEEP_BYTES : 4 * out->usual;
}

void tuv_ws_out_trim(tuv_ws_out_t* out) {
  out->usual = 0;
  if (tuv_buf_size(&out->unsent) == 0) tuv_buf_free(&out->unsent);
  if (!out->writing) tuv_buf_free(&out->in_flight);
}

/* Shows the frame that is complete at the end of the send buffer. */
static void tap_sent(tuv_ws_out_t* out) {
  const tuv_alloc_t* alloc = &out->shared->mem->alloc;
  size_t size = out->mask_at;
  const uint8_t* payload = out->unsent.data + out->unsent.tail - size;
  uint8_t opcode = *(payload - tuv_ws_header_size(size, true)) & 0x0F;
  uint8_t* copy = size > 0 ? tuv_malloc(alloc, size) : NULL;
  if (copy != NULL) tuv_ws_mask(copy, payload, size, out->mask, 0);
  out->shared->tap(out->connection, true, opcode, copy, size);
  if (copy != NULL) tuv_wipe(copy, size); /* a log-in has the password in it */
  tuv_free(alloc, copy);
}

/* Puts the pong that is due; without memory it stays due. A flush is already on its way. */
static void put_pong(tuv_ws_out_t* out) {
  tuv_ws_pong_t* pong = &out->pong;
  if (!pong->due || out->state != TUV_WS_OUT_OPEN) return;
  pong->due = false;
  if (tuv_ws_out_begin(out, TUV_WS_PONG, pong->size, NULL) < 0) {
    pong->due = true;
    return;
  }
  tuv_ws_out_put(out, pong->data, pong->size);
  if (out->shared->tap != NULL) tap_sent(out);
}

/* Every ping gets its pong while little waits to be sent. Beyond that only the last of them is
 * answered (RFC 6455 5.5.3), so that a flood of pings makes no queue. */
void tuv_ws_out_answer_ping(tuv_ws_out_t* out, const uint8_t* data, size_t size) {
  if (tuv_buf_size(&out->unsent) < PONG_ROOM) put_pong(out);
  out->pong.due = true;
  out->pong.size = (uint8_t) size;
  if (size > 0) memcpy(out->pong.data, data, size);
}

/* ---- the frame in progress ---- */

int tuv_ws_out_begin(tuv_ws_out_t* out, uint8_t opcode, size_t length, uint64_t* at) {
  uint8_t mask[4];
  int status = tuv_random_bytes(&out->shared->random, mask, sizeof mask);
  return status < 0 ? status : tuv_ws_out_begin_masked(out, opcode, length, mask, at);
}

/* The tap is shown what is in the buffer, so a tapped message is not compressed. */
static bool is_deflated(const tuv_ws_out_t* out, uint8_t opcode, size_t length) {
  const tuv_ws_deflate_t* deflate = &out->deflate;
  return deflate->agreed && out->shared->tap == NULL && length >= deflate->least_size &&
         opcode < TUV_WS_CLOSE;
}

int tuv_ws_out_begin_masked(tuv_ws_out_t* out, uint8_t opcode, size_t length, const uint8_t mask[4],
                            uint64_t* at) {
  TUV_ASSERT(out->premasked_count == 0); /* no frame is in progress */
  put_pong(out);                         /* first: its ping came before what this may answer */
  if (out->limit != 0 && length > out->limit) return TAOSUV_EMSGSIZE;
  memcpy(out->mask, mask, sizeof out->mask);
  out->usual -= out->usual / 64;
  if (length > out->usual) out->usual = length;
  if (is_deflated(out, opcode, length)) {
    if (at != NULL) *at = out->queued;
    return tuv_ws_deflate_begin(&out->deflate, &out->unsent, opcode, length);
  }
  size_t header = tuv_ws_header_size(length, true);
  uint8_t* to = length > SIZE_MAX - header ? NULL : tuv_buf_reserve(&out->unsent, header + length);
  if (to == NULL) return UV_ENOMEM;
  tuv_ws_write_header(to, opcode, true, false, length, out->mask);
  tuv_buf_commit(&out->unsent, header);
  out->mask_at = 0;
  out->early = length >= (size_t) 2 * EARLY_BYTES && !out->writing &&
               out->state == TUV_WS_OUT_OPEN && out->shared->tap == NULL;
  if (at != NULL) *at = out->queued;
  out->queued += header + length;
  return 0;
}

/* Copies what the system has not taken of the premasked pieces, `taken` bytes of which it took. */
static void keep_premasked(tuv_ws_out_t* out, size_t taken) {
  for (unsigned i = 0; i < out->premasked_count; i++) {
    size_t size = out->premasked[i].len, gone = taken < size ? taken : size;
    memcpy(out->unsent.data + out->unsent.tail, out->premasked[i].base + gone, size - gone);
    tuv_buf_commit(&out->unsent, size - gone);
    taken -= gone;
  }
  out->premasked_count = 0;
}

/* Gives a large message to the system while the rest of it is being written: its beginning is still
 * in the cache then, and its end finds the same room. An error shows at the flush. */
static void write_early(tuv_ws_out_t* out) {
  TUV_ASSERT(out->state == TUV_WS_OUT_OPEN && !out->writing);
  uv_buf_t pieces[1 + TUV_WS_PREMASKED_PIECES];
  size_t fill = tuv_buf_size(&out->unsent), size = fill;
  unsigned count = 0;
  if (fill > 0) pieces[count++] = tuv_piece(out->unsent.data + out->unsent.head, fill);
  for (unsigned i = 0; i < out->premasked_count; i++) size += out->premasked[i].len;
  memcpy(pieces + count, out->premasked, out->premasked_count * sizeof *pieces);
  ssize_t taken = out->try_write(out->connection, pieces, count + out->premasked_count);
  if (taken < (ssize_t) size) out->early = false; /* the system has no room now */
  size_t gone = taken > 0 ? (size_t) taken : 0, of_unsent = gone < fill ? gone : fill;
  out->handed += gone;
  out->shared->traffic.bytes_sent += gone;
  tuv_buf_consume(&out->unsent, of_unsent, SIZE_MAX); /* the rest has its room already */
  keep_premasked(out, gone - of_unsent);
}

/* Puts bytes into the send buffer, masked on their way or masked already. */
static void put_part(tuv_ws_out_t* out, const void* data, size_t size, bool premasked) {
  uint8_t* to = out->unsent.data + out->unsent.tail;
  if (premasked)
    memcpy(to, data, size);
  else
    tuv_ws_mask(to, data, size, out->mask, out->mask_at);
  tuv_buf_commit(&out->unsent, size);
  out->mask_at += size;
}

static void put(tuv_ws_out_t* out, const uint8_t* data, size_t size, bool premasked) {
  if (out->premasked_count > 0) write_early(out); /* those pieces stand before this one */
  while (out->early && size > 0) {
    size_t fill = tuv_buf_size(&out->unsent);
    size_t room = fill < EARLY_BYTES ? EARLY_BYTES - fill : 0;
    size_t part = size < room ? size : room;
    put_part(out, data, part, premasked);
    data += part;
    size -= part;
    if (part == room) write_early(out);
  }
  if (size > 0) put_part(out, data, size, premasked);
}

void tuv_ws_out_put(tuv_ws_out_t* out, const void* data, size_t size) {
  if (out->deflate.active)
    tuv_ws_deflate_put(&out->deflate, &out->unsent, data, size);
  else
    put(out, data, size, false);
}

static void unmask_and_put(tuv_ws_out_t* out, const uint8_t* data, size_t size,
                           const uint8_t key[4]) {
  uint8_t plain[4096];
  for (size_t at = 0; at < size;) {
    size_t part = size - at < sizeof plain ? size - at : sizeof plain;
    tuv_ws_mask(plain, data + at, part, key, 0); /* `at` is a multiple of four */
    tuv_ws_out_put(out, plain, part);
    at += part;
  }
}

/* Whether bytes go to the system from where they are. A small piece is copied. */
static bool may_stay(const tuv_ws_out_t* out, size_t size) {
  return out->early && size >= LEAST_PIECE && size <= TUV_PIECE_MAX &&
         tuv_buf_size(&out->unsent) <= TUV_PIECE_MAX;
}

void tuv_ws_out_put_masked(tuv_ws_out_t* out, const void* data, size_t size, const uint8_t key[4]) {
  bool fits = !out->deflate.active;
  for (size_t i = 0; i < sizeof out->mask; i++)
    fits = fits && key[i] == out->mask[(out->mask_at + i) % 4];
  if (!fits) {
    unmask_and_put(out, data, size, key);
  } else if (!may_stay(out, size)) {
    put(out, data, size, true);
  } else {
    out->premasked[out->premasked_count++] = tuv_piece(data, size);
    out->mask_at += size;
    if (out->premasked_count == TUV_WS_PREMASKED_PIECES) write_early(out);
  }
}

int tuv_ws_out_end(tuv_ws_out_t* out) {
  if (out->premasked_count > 0) write_early(out);
  if (out->deflate.active) {
    size_t size;
    int status = tuv_ws_deflate_end(&out->deflate, &out->unsent, out->mask, &size);
    if (status < 0) return status;
    out->queued += size;
  }
  out->shared->traffic.messages_sent++;
  if (out->shared->tap != NULL) tap_sent(out);
  return 0;
}

int tuv_ws_out_close(tuv_ws_out_t* out, uint16_t code) {
  uint8_t payload[2] = {(uint8_t) (code >> 8), (uint8_t) code};
  size_t size = code == TUV_WS_CODE_NO_STATUS ? 0 : sizeof payload;
  int status = tuv_ws_out_begin(out, TUV_WS_CLOSE, size, NULL);
  out->state = TUV_WS_OUT_CLOSED;
  if (status < 0) return status;
  tuv_ws_out_put(out, payload, size);
  return tuv_ws_out_end(out);
}

/* ---- to the system ---- */

ssize_t tuv_ws_out_flush(tuv_ws_out_t* out) {
  TUV_ASSERT(!out->writing);
  put_pong(out);
  size_t size = tuv_buf_size(&out->unsent);
  if (size == 0) return 0;
  uv_buf_t piece = tuv_piece(out->unsent.data + out->unsent.head, size);
  ssize_t taken = out->try_write(out->connection, &piece, 1);
  if (taken <= 0) return taken == UV_EAGAIN ? 0 : taken;
  out->handed += (uint64_t) taken;
  out->shared->traffic.bytes_sent += (uint64_t) taken;
  tuv_buf_consume(&out->unsent, (size_t) taken, keep(out));
  return taken;
}

const uint8_t* tuv_ws_out_take(tuv_ws_out_t* out, size_t* size) {
  TUV_ASSERT(!out->writing && tuv_buf_size(&out->in_flight) == 0);
  tuv_buf_t empty = out->in_flight;
  out->in_flight = out->unsent;
  out->unsent = empty;
  *size = tuv_buf_size(&out->in_flight);
  out->handed += *size;
  out->shared->traffic.bytes_sent += *size;
  out->writing = true;
  return out->in_flight.data + out->in_flight.head;
}

void tuv_ws_out_written(tuv_ws_out_t* out) {
  TUV_ASSERT(out->writing);
  size_t size = tuv_buf_size(&out->in_flight);
  out->writing = false;
  out->waited += size;
  tuv_buf_consume(&out->in_flight, size, keep(out));
}
