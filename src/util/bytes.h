/* Integers as little-endian bytes, the byte order of all messages and blocks. The readers are
 * public: taosuv_load_u16, taosuv_load_u32 and taosuv_load_u64 in taosuv/block.h. */
#ifndef TUV_UTIL_BYTES_H
#define TUV_UTIL_BYTES_H

#include <stdint.h>
#include <string.h>

/* Writes the low `bytes` bytes of a value, 8 at most. */
static inline void tuv_store(uint8_t* out, uint64_t value, unsigned bytes) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  memcpy(out, &value, bytes);
#else
  for (unsigned i = 0; i < bytes; i++) out[i] = (uint8_t) (value >> (8 * i));
#endif
}

#endif
