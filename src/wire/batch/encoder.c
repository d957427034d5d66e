/* Messages written through a sink: small pieces are gathered, large ones passed on as they are. */
#include "wire/batch/encoder.h"

#include <string.h>

#include "wire/ws/frame.h"

void tuv_encoder_begin(tuv_encoder_t* encoder, tuv_sink_t* sink, uint64_t req_id, uint64_t stmt_id,
                       uint64_t action) {
  encoder->sink = sink;
  tuv_store(encoder->buf, req_id, 8);
  tuv_store(encoder->buf + 8, stmt_id, 8);
  tuv_store(encoder->buf + 16, action, 8);
  encoder->used = 24;
}

void tuv_encoder_end(tuv_encoder_t* encoder) {
  if (encoder->used > 0) encoder->sink->put(encoder->sink, encoder->buf, encoder->used);
  encoder->used = 0;
}

void tuv_encoder_bytes(tuv_encoder_t* encoder, const void* data, size_t size) {
  if (size == 0) return;
  if (size > sizeof encoder->buf - encoder->used) tuv_encoder_end(encoder);
  if (size > sizeof encoder->buf) {
    encoder->sink->put(encoder->sink, data, size);
    return;
  }
  memcpy(encoder->buf + encoder->used, data, size);
  encoder->used += size;
}

void tuv_encoder_premasked(tuv_encoder_t* encoder, const uint8_t* data, size_t size,
                           const uint8_t key[4]) {
  tuv_encoder_end(encoder);
  if (encoder->sink->put_masked != NULL) {
    encoder->sink->put_masked(encoder->sink, data, size, key);
    return;
  }
  for (size_t at = 0; at < size;) { /* a multiple of four until the end */
    size_t part = size - at < sizeof encoder->buf ? size - at : sizeof encoder->buf;
    tuv_ws_mask(encoder->buf, data + at, part, key, 0);
    encoder->sink->put(encoder->sink, encoder->buf, part);
    at += part;
  }
}

void tuv_encoder_fill(tuv_encoder_t* encoder, uint8_t byte, size_t size) {
  while (size > 0) {
    if (encoder->used == sizeof encoder->buf) tuv_encoder_end(encoder);
    size_t room = sizeof encoder->buf - encoder->used, now = size < room ? size : room;
    memset(encoder->buf + encoder->used, byte, now);
    encoder->used += now;
    size -= now;
  }
}
