/* Incremental validation of UTF-8: bytes in pieces of any size. */
#include "util/utf8.h"

#include <string.h>

/* Inside a character the state is the range of the next byte and the number of missing bytes. Only
 * the second byte of a character has a special range; the others are 80..BF. */
static uint32_t pending(uint32_t missing, uint32_t low, uint32_t high) {
  return missing << 16 | high << 8 | low;
}

static uint32_t lead(uint8_t byte) {
  if (byte < 0x80) return TUV_UTF8_START;
  if (byte < 0xC2) return TUV_UTF8_BAD; /* a continuation byte, or an overlong form of two bytes */
  if (byte < 0xE0) return pending(1, 0x80, 0xBF);
  if (byte == 0xE0) return pending(2, 0xA0, 0xBF); /* below: overlong */
  if (byte == 0xED) return pending(2, 0x80, 0x9F); /* above: surrogates */
  if (byte < 0xF0) return pending(2, 0x80, 0xBF);
  if (byte == 0xF0) return pending(3, 0x90, 0xBF); /* below: overlong */
  if (byte < 0xF4) return pending(3, 0x80, 0xBF);
  if (byte == 0xF4) return pending(3, 0x80, 0x8F); /* above: beyond U+10FFFF */
  return TUV_UTF8_BAD;
}

static uint32_t follow(uint32_t state, uint8_t byte) {
  uint32_t low = state & 0xFF, high = state >> 8 & 0xFF, missing = state >> 16;
  if (byte < low || byte > high) return TUV_UTF8_BAD;
  return missing == 1 ? TUV_UTF8_START : pending(missing - 1, 0x80, 0xBF);
}

/* The number of ASCII bytes from here on; up to seven at the end may not be counted. */
static size_t ascii_run(const uint8_t* data, size_t size) {
  size_t at = 0;
  for (uint64_t word[4]; size - at >= sizeof word; at += sizeof word) {
    memcpy(word, data + at, sizeof word);
    if (((word[0] | word[1] | word[2] | word[3]) & 0x8080808080808080u) != 0) break;
  }
  for (uint64_t word; size - at >= sizeof word; at += sizeof word) {
    memcpy(&word, data + at, sizeof word);
    if ((word & 0x8080808080808080u) != 0) break;
  }
  return at;
}

uint32_t tuv_utf8_step(uint32_t state, const uint8_t* data, size_t size) {
  if (state == TUV_UTF8_BAD) return state;
  size_t at = 0;
  while (at < size) {
    /* Reading words pays only after an ASCII byte. Other scripts are read byte by byte. */
    if (state == TUV_UTF8_START && data[at] < 0x80) {
      at++;
      at += ascii_run(data + at, size - at);
      continue;
    }
    state = state == TUV_UTF8_START ? lead(data[at]) : follow(state, data[at]);
    if (state == TUV_UTF8_BAD) return state;
    at++;
  }
  return state;
}

bool tuv_utf8_valid(const uint8_t* data, size_t size) {
  return tuv_utf8_step(TUV_UTF8_START, data, size) == TUV_UTF8_START;
}

size_t tuv_utf8_cut(const uint8_t* data, size_t size, size_t most) {
  if (size <= most) return size;
  while (most > 0 && (data[most] & 0xC0) == 0x80) most--;
  return most;
}
