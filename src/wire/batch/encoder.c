/* Messages written through a sink: small pieces are gathered, large ones passed on as they are. */
#include "wire/batch/private.h"
#include "wire/ws/frame.h"

void tuv_out_begin(tuv_out_t* out, tuv_sink_t* sink, uint64_t req_id, uint64_t stmt_id,
                   uint64_t action) {
  out->sink = sink;
  tuv_store(out->buf, req_id, 8);
  tuv_store(out->buf + 8, stmt_id, 8);
  tuv_store(out->buf + 16, action, 8);
  out->used = 24;
}

void tuv_out_end(tuv_out_t* out) {
  if (out->used > 0) out->sink->put(out->sink, out->buf, out->used);
  out->used = 0;
}

void tuv_out_bytes(tuv_out_t* out, const void* data, size_t size) {
  if (size == 0) return;
  if (size > sizeof out->buf - out->used) tuv_out_end(out);
  if (size > sizeof out->buf) {
    out->sink->put(out->sink, data, size);
    return;
  }
  memcpy(out->buf + out->used, data, size);
  out->used += size;
}

void tuv_out_made(tuv_out_t* out, const uint8_t* data, size_t size, const uint8_t key[4]) {
  tuv_out_end(out);
  if (out->sink->put_made != NULL) {
    out->sink->put_made(out->sink, data, size, key);
    return;
  }
  for (size_t at = 0; at < size;) { /* a multiple of four until the end */
    size_t part = size - at < sizeof out->buf ? size - at : sizeof out->buf;
    tuv_ws_mask(out->buf, data + at, part, key, 0);
    out->sink->put(out->sink, out->buf, part);
    at += part;
  }
}

void tuv_out_fill(tuv_out_t* out, uint8_t byte, size_t size) {
  while (size > 0) {
    if (out->used == sizeof out->buf) tuv_out_end(out);
    size_t room = sizeof out->buf - out->used, now = size < room ? size : room;
    memset(out->buf + out->used, byte, now);
    out->used += now;
    size -= now;
  }
}
