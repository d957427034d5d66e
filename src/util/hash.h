/* A hash of bytes for tables in memory: FNV-1a. It is fast for short keys, and no protection
 * against keys that were chosen to collide. */
#ifndef TUV_UTIL_HASH_H
#define TUV_UTIL_HASH_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t tuv_hash(const void* data, size_t size) {
  const uint8_t* bytes = data;
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * 0x100000001b3u;
  return hash;
}

/* The same, folded so that a part of its bits depends on all of them: for `hash % n`. */
static inline uint64_t tuv_hash_folded(const void* data, size_t size) {
  uint64_t hash = tuv_hash(data, size);
  return hash ^ hash >> 32;
}

#endif
