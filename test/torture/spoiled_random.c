/* Random changes: any of the numbered ways, or bytes that are changed, lost, doubled or moved. */
#include "spoiled.h"

static uint64_t state;

static uint32_t below(uint32_t limit) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return limit == 0 ? 0 : (uint32_t) ((state >> 20) % limit);
}

/* Makes one change to the bytes; the buffer has room for twice the size. */
static size_t change(uint8_t* bytes, size_t size) {
  static const uint8_t odd[] = {0, 1, 0x7f, 0x80, 0xff, '"', '{', '[', ',', '-', '\\'};
  size_t at = below((uint32_t) size), count = 1 + below(8);
  if (size == 0) return 0;
  if (count > size - at) count = size - at;
  switch (below(6)) {
    case 0: bytes[at] = (uint8_t) (bytes[at] ^ 1u << below(8)); break;
    case 1: bytes[at] = odd[below(COUNT(odd))]; break;
    case 2: memset(bytes + at, odd[below(5)], count); break;
    case 3: memmove(bytes + at, bytes + at + count, size - at - count); return size - count;
    case 4: memmove(bytes + at + count, bytes + at, size - at); return size + count;
    default: memmove(bytes + below((uint32_t) (size - count + 1)), bytes + at, count); break;
  }
  return size;
}

static void send_changed(const sp_message_t* message, sp_stream_t* to, sp_spoilt_t* spoilt) {
  size_t size = message->size;
  uint8_t* bytes = malloc(size + 128);
  if (bytes == NULL) abort();
  memcpy(bytes, message->bytes, size);
  for (uint32_t i = 1 + below(8); i > 0; i--) size = change(bytes, size);
  size_t length = strlen(spoilt->note);
  snprintf(spoilt->note + length, sizeof spoilt->note - length, "changed at random");
  sp_send(to, message->answer->kind, bytes, size, message->answer->http_status);
  free(bytes);
}

bool sp_spoil_random(const sp_message_t* message, uint32_t n, sp_stream_t* to,
                     sp_spoilt_t* spoilt) {
  static const sp_way_t ways[] = {sp_spoil_json, sp_spoil_binary, sp_spoil_message, sp_spoil_frames,
                                  sp_spoil_http};

  state = 0x9E3779B97F4A7C15u * (n + 1u);
  for (unsigned i = 0; i < 4; i++) below(2);
  sp_way_t way = ways[below(COUNT(ways))];
  bool sent = false;
  for (uint32_t number = below(4096); below(3) > 0 && !sent; number /= 2) {
    sent = way(message, number, to, spoilt);
    if (number == 0) break;
  }
  if (!sent) send_changed(message, to, spoilt);
  spoilt->verdict = SP_ANY;
  spoilt->key[0] = 0;
  return true;
}
