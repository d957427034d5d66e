/* A destination for encoded bytes, which come piece by piece: a send buffer that masks them, or
 * memory. */
#ifndef TUV_UTIL_SINK_H
#define TUV_UTIL_SINK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct tuv_sink_s tuv_sink_t;
struct tuv_sink_s {
  void (*put)(tuv_sink_t* sink, const void* data, size_t size); /* size is not 0 */
  /* Takes bytes that are masked already, with `key` at the first of them; they stay valid until the
   * message is written. If it is NULL, they are unmasked and put. */
  void (*put_masked)(tuv_sink_t* sink, const void* data, size_t size, const uint8_t key[4]);
};

/* A sink that writes to memory with room for everything. */
typedef struct tuv_memory_sink_s {
  tuv_sink_t sink; /* first, so that both have the same address */
  uint8_t* at;
} tuv_memory_sink_t;

static inline void tuv_memory_sink_put(tuv_sink_t* sink, const void* data, size_t size) {
  tuv_memory_sink_t* memory = (tuv_memory_sink_t*) (void*) sink;
  memcpy(memory->at, data, size);
  memory->at += size;
}

static inline tuv_memory_sink_t tuv_memory_sink(uint8_t* out) {
  tuv_memory_sink_t memory = {{tuv_memory_sink_put, NULL}, out};
  return memory;
}

#endif
