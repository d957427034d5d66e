/* Writes the parts of a message through a sink: small parts are gathered, large ones are passed on
 * as they are. */
#ifndef TUV_WIRE_BATCH_ENCODER_H
#define TUV_WIRE_BATCH_ENCODER_H

#include <stddef.h>
#include <stdint.h>

#include "util/bytes.h"
#include "util/sink.h"

typedef struct tuv_encoder_s {
  tuv_sink_t* sink;
  size_t used;
  uint8_t buf[1024];
} tuv_encoder_t;

/* Begins a message with its head (PROTOCOL 6), and ends it. */
void tuv_encoder_begin(tuv_encoder_t* encoder, tuv_sink_t* sink, uint64_t req_id, uint64_t stmt_id,
                       uint64_t action);
void tuv_encoder_end(tuv_encoder_t* encoder);

void tuv_encoder_bytes(tuv_encoder_t* encoder, const void* data, size_t size);
void tuv_encoder_fill(tuv_encoder_t* encoder, uint8_t byte, size_t size);

/* Bytes that are masked already, with `key` at the first of them. */
void tuv_encoder_premasked(tuv_encoder_t* encoder, const uint8_t* data, size_t size,
                           const uint8_t key[4]);

static inline void tuv_encoder_u32(tuv_encoder_t* encoder, uint64_t value) {
  uint8_t bytes[4];
  tuv_store(bytes, value, 4);
  tuv_encoder_bytes(encoder, bytes, 4);
}
static inline void tuv_encoder_u16(tuv_encoder_t* encoder, uint64_t value) {
  uint8_t bytes[2];
  tuv_store(bytes, value, 2);
  tuv_encoder_bytes(encoder, bytes, 2);
}
static inline void tuv_encoder_u8(tuv_encoder_t* encoder, unsigned value) {
  uint8_t byte = (uint8_t) value;
  tuv_encoder_bytes(encoder, &byte, 1);
}

#endif
