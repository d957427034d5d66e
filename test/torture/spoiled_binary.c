/* Changes of binary replies: cut at each length, each word and byte replaced, extended. */
#include "spoiled.h"

/* Long messages are changed densely in their head, and less densely after it. */
enum { DENSE = 300, CUTS = 160, WORDS = 110, BYTES = 340 };

static const uint32_t words[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};
static const uint8_t extra[][2] = {{1, 0}, {1, 0xff}, {4, 0}, {13, 0xff}, {200, 0}, {200, 0xa5}};

/* Offset number i of those that are changed, `wide` bytes apart in the head. */
static size_t offset_of(uint32_t i, uint32_t count, size_t size, size_t wide) {
  size_t dense = DENSE / wide;
  if (size <= DENSE || i < dense) return i * wide;
  size_t thin = (size - DENSE) / (count - dense < 1 ? 1 : count - dense) + 1;
  return DENSE + (i - dense) * thin;
}

/* Where the types of a block's columns begin in a reply (PROTOCOL 4.3, 4.6, 7.8); 0: not known. */
static size_t types_at(const sp_answer_t* answer) {
  if (strcmp(answer->action, "fetch_raw_block") == 0) return 55 + 28;
  if (strcmp(answer->action, "fetch_block") != 0) return 0;
  return taosuv_load_u32(answer->bytes + 24) < 3 ? 24 + 28 : 16 + 28;
}

static void send_changed(const sp_message_t* message, sp_stream_t* to, size_t at, const void* bytes,
                         size_t size) {
  uint8_t* changed = malloc(message->size + size + 1);
  if (changed == NULL) abort();
  memcpy(changed, message->bytes, message->size);
  memcpy(changed + at, bytes, size);
  sp_send(to, SP_BINARY, changed, at + size > message->size ? at + size : message->size, 0);
  free(changed);
}

static bool cut(const sp_message_t* message, uint32_t n, sp_stream_t* to, sp_spoilt_t* spoilt) {
  size_t length = offset_of(n, CUTS, message->size, 1);
  if (length >= message->size) length = message->size - 1;
  spoilt->verdict = SP_SAME_OR_ERROR;
  snprintf(spoilt->note, sizeof spoilt->note, "cut at %zu of %zu", length, message->size);
  sp_send(to, SP_BINARY, message->bytes, length, 0);
  return true;
}

static bool set_word(const sp_message_t* message, uint32_t n, sp_stream_t* to,
                     sp_spoilt_t* spoilt) {
  size_t at = offset_of(n / COUNT(words), WORDS, message->size, 4);
  uint32_t word = words[n % COUNT(words)];
  uint8_t bytes[] = {(uint8_t) word, (uint8_t) (word >> 8), (uint8_t) (word >> 16),
                     (uint8_t) (word >> 24)};
  size_t size = at < message->size && message->size - at < 4 ? message->size - at : 4;
  if (at >= message->size) at = size = 0;
  snprintf(spoilt->note, sizeof spoilt->note, "%08x at %zu", word, at);
  send_changed(message, to, at, bytes, size);
  return true;
}

static bool flip(const sp_message_t* message, uint32_t n, sp_stream_t* to, sp_spoilt_t* spoilt) {
  size_t at = offset_of(n / 2, BYTES, message->size, 1);
  if (at >= message->size) at = message->size - 1;
  unsigned other = n % 2 == 0 ? message->bytes[at] ^ 1u << (at % 8) : message->bytes[at] + 1u;
  uint8_t byte = (uint8_t) other;
  snprintf(spoilt->note, sizeof spoilt->note, "byte %zu is %02x", at, byte);
  send_changed(message, to, at, &byte, 1);
  return true;
}

static bool grow(const sp_message_t* message, uint32_t n, sp_stream_t* to, sp_spoilt_t* spoilt) {
  uint8_t behind[256];
  memset(behind, extra[n][1], sizeof behind);
  spoilt->verdict = SP_SAME_OR_ERROR;
  snprintf(spoilt->note, sizeof spoilt->note, "%u more bytes of %02x", extra[n][0], extra[n][1]);
  send_changed(message, to, message->size, behind, extra[n][0]);
  return true;
}

static bool set_type(const sp_message_t* message, uint32_t n, sp_stream_t* to,
                     sp_spoilt_t* spoilt) {
  size_t at = types_at(message->answer) + 5 * (n / 34);
  uint8_t type = n % 34 == 33 ? 255 : (uint8_t) (n % 34);
  snprintf(spoilt->note, sizeof spoilt->note, "type %u at %zu", type, at);
  send_changed(message, to, at, &type, 1);
  return true;
}

static uint32_t columns_of(const sp_message_t* message) {
  size_t at = types_at(message->answer);
  if (at == 0 || at > message->size) return 0;
  uint32_t columns = taosuv_load_u32(message->bytes + at - 28 + 12);
  return columns * 5 > message->size - at ? 0 : columns;
}

bool sp_spoil_binary(const sp_message_t* message, uint32_t n, sp_stream_t* to,
                     sp_spoilt_t* spoilt) {
  if (message->answer->kind != SP_BINARY || message->size == 0) return false;
  uint32_t cuts = message->size < CUTS ? (uint32_t) message->size : CUTS;
  uint32_t nwords = (uint32_t) message->size / 4 + 1, nbytes = (uint32_t) message->size;
  if (nwords > WORDS) nwords = WORDS;
  if (nbytes > BYTES) nbytes = BYTES;
  spoilt->verdict = SP_ANY;
  if (n < cuts) return cut(message, n, to, spoilt);
  n -= cuts;
  if (n < nwords * COUNT(words)) return set_word(message, n, to, spoilt);
  n -= nwords * (uint32_t) COUNT(words);
  if (n < nbytes * 2) return flip(message, n, to, spoilt);
  n -= nbytes * 2;
  if (n < COUNT(extra)) return grow(message, n, to, spoilt);
  n -= (uint32_t) COUNT(extra);
  return n < columns_of(message) * 34 && set_type(message, n, to, spoilt);
}
