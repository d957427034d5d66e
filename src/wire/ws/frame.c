/* WebSocket frames written (RFC 6455): headers and masks. */
#include "wire/ws/frame.h"

#include <string.h>

#include "wire/ws/bits.h"

size_t tuv_ws_header_size(uint64_t length, bool masked) {
  size_t size = length < LENGTH_16 ? 2 : length <= UINT16_MAX ? 4 : 10;
  return masked ? size + 4 : size;
}

size_t tuv_ws_write_header(uint8_t* out, uint8_t opcode, bool fin, bool rsv1, uint64_t length,
                           const uint8_t mask[4]) {
  size_t size = tuv_ws_header_size(length, false), bytes = size - 2;
  out[0] = (uint8_t) ((fin ? BIT_FIN : 0) | (rsv1 ? BIT_RSV1 : 0) | (opcode & BITS_OPCODE));
  out[1] = bytes == 0 ? (uint8_t) length : bytes == 2 ? LENGTH_16 : LENGTH_64;
  for (size_t i = 0; i < bytes; i++) out[2 + i] = (uint8_t) (length >> 8 * (bytes - 1 - i));
  if (mask == NULL) return size;
  out[1] |= BIT_MASK;
  memcpy(out + size, mask, 4);
  return size + 4;
}

void tuv_ws_mask(uint8_t* dst, const uint8_t* src, size_t size, const uint8_t mask[4],
                 size_t offset) {
  /* The mask as it is at `offset`, repeated. It is the same for all words, because their size is a
   * multiple of four bytes. */
  uint8_t turned[8];
  for (size_t i = 0; i < sizeof turned; i++) turned[i] = mask[(i + offset) % 4];
  uint64_t key;
  memcpy(&key, turned, sizeof key);

  size_t at = 0;
  for (uint64_t words[8]; size - at >= sizeof words; at += sizeof words) {
    memcpy(words, src + at, sizeof words);
    for (size_t i = 0; i < 8; i++) words[i] ^= key;
    memcpy(dst + at, words, sizeof words);
  }
  for (uint64_t word; size - at >= sizeof word; at += sizeof word) {
    memcpy(&word, src + at, sizeof word);
    word ^= key;
    memcpy(dst + at, &word, sizeof word);
  }
  for (size_t i = 0; at < size; at++, i++) dst[at] = (uint8_t) (src[at] ^ turned[i]);
}
