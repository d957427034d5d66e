/* Changes of compressed messages: cut, bits flipped, and messages that expand beyond any limit. */
#include "spoiled.h"
#include "util/alloc.h"
#include "wire/deflate/deflate.h"

enum { FIN = 0x80, RSV1 = 0x40, CUTS = 40, FLIPS = 120 };

/* Compressed as for a WebSocket; the caller frees it. */
static uint8_t* compress(const uint8_t* bytes, size_t size, size_t* out_size) {
  tuv_deflater_t* deflater = tuv_deflater_create(&tuv_alloc_default, 15, false);
  if (deflater == NULL) abort();
  tuv_deflater_begin(deflater);
  size_t room = tuv_deflater_bound(deflater, size) + 64;
  uint8_t* out = malloc(room);
  if (out == NULL) abort();
  tuv_deflate_io_t io = {bytes, size, out, room};
  if (tuv_deflater_run(deflater, &io, true) != TUV_DEFLATE_OK) abort();
  *out_size = (size_t) (io.out - out);
  tuv_deflater_free(deflater);
  return out;
}

static uint8_t* compress_blanks(size_t size, size_t* out_size) {
  uint8_t* blanks = malloc(size);
  if (blanks == NULL) abort();
  memset(blanks, ' ', size);
  uint8_t* out = compress(blanks, size, out_size);
  free(blanks);
  return out;
}

/* ---- frames ---- */

enum { WHOLE, TWO_FRAMES, NOT_COMPRESSED, NOTHING, BEHIND_IT, MARKED_LATER, BOMB, BOMBS, FORMS };

static unsigned first_byte(const sp_message_t* message) {
  return RSV1 | (message->answer->kind == SP_TEXT ? 1u : 2u);
}

static void send_form(const sp_message_t* message, uint32_t n, sp_stream_t* to,
                      const uint8_t* packed, size_t size) {
  unsigned first = first_byte(message);
  uint8_t* bomb;
  switch (n) {
    case WHOLE: sp_frame(to, FIN | first, packed, size); break;
    case TWO_FRAMES:
      sp_frame(to, first, packed, size / 2);
      sp_frame(to, FIN, packed + size / 2, size - size / 2);
      break;
    case NOT_COMPRESSED: sp_frame(to, FIN | first, message->bytes, message->size); break;
    case NOTHING: sp_frame(to, FIN | first, "", 0); break;
    case BEHIND_IT:
      sp_frame(to, first, packed, size);
      sp_frame(to, FIN, "garbage", 7);
      break;
    case MARKED_LATER:
      sp_frame(to, first, packed, size / 2);
      sp_frame(to, FIN | RSV1, packed + size / 2, size - size / 2);
      break;
    default: /* larger than any message may be, compressed to a thousandth */
      bomb = compress_blanks(n == BOMB ? 20u << 20 : 1u << 20, &size);
      for (unsigned i = 0; i < 20 && n == BOMBS; i++)
        sp_frame(to, i == 0 ? first : 0, bomb, size); /* of one message */
      sp_frame(to, n == BOMB ? FIN | first : FIN, bomb, size);
      free(bomb);
      break;
  }
}

bool sp_spoil_deflate(const sp_message_t* message, uint32_t n, sp_stream_t* to,
                      sp_spoilt_t* spoilt) {
  static const char* const names[] = {
      "compressed",        "compressed, two frames", "marked only", "compressed nothing",
      "garbage behind it", "marked twice",           "a bomb",      "a bomb in pieces"};
  size_t size;
  if (message->answer->kind == SP_HTTP || n >= FORMS + CUTS + FLIPS) return false;
  uint8_t* packed = compress(message->bytes, message->size, &size);
  spoilt->verdict = n <= TWO_FRAMES ? SP_SAME : SP_SAME_OR_ERROR;
  if (n < FORMS) {
    snprintf(spoilt->note, sizeof spoilt->note, "%s", names[n]);
    send_form(message, n, to, packed, size);
  } else if (n < FORMS + CUTS) {
    size_t at = size * (n - FORMS) / CUTS;
    snprintf(spoilt->note, sizeof spoilt->note, "compressed, cut at %zu of %zu", at, size);
    sp_frame(to, FIN | first_byte(message), packed, at);
  } else {
    size_t at = size * (n - FORMS - CUTS) / FLIPS;
    packed[at] = (uint8_t) (packed[at] ^ 1u << n % 8);
    snprintf(spoilt->note, sizeof spoilt->note, "compressed, byte %zu flipped", at);
    spoilt->verdict = SP_ANY;
    sp_frame(to, FIN | first_byte(message), packed, size);
  }
  free(packed);
  return true;
}

/* ---- gzip over HTTP ---- */

static void put_u32(uint8_t* out, uint32_t value) {
  for (unsigned i = 0; i < 4; i++) out[i] = (uint8_t) (value >> 8 * i);
}

static uint32_t crc_of(const uint8_t* bytes, size_t size) {
  uint32_t crc = 0xFFFFFFFF;
  for (size_t i = 0; i < size; i++) {
    crc ^= bytes[i];
    for (unsigned bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xEDB88320 & (0u - (crc & 1)));
  }
  return ~crc;
}

static const uint8_t gzip_head[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};

/* A gzip member; the caller frees it. */
static uint8_t* gzip(const uint8_t* bytes, size_t size, size_t* out_size) {
  static const uint8_t end[] = {0, 0, 0xff, 0xff, 3, 0};
  size_t packed_size;
  uint8_t* packed = compress(bytes, size, &packed_size);
  *out_size = sizeof gzip_head + packed_size + sizeof end + 8;
  uint8_t* out = malloc(*out_size);
  if (out == NULL) abort();
  memcpy(out, gzip_head, sizeof gzip_head);
  memcpy(out + sizeof gzip_head, packed, packed_size);
  memcpy(out + sizeof gzip_head + packed_size, end, sizeof end);
  put_u32(out + *out_size - 8, crc_of(bytes, size));
  put_u32(out + *out_size - 4, (uint32_t) size);
  free(packed);
  return out;
}

static void send_gzip(sp_stream_t* to, const uint8_t* bytes, size_t size, const void* behind,
                      size_t more) {
  char head[160];
  snprintf(head, sizeof head,
           "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", size + more);
  sp_raw(to, head, strlen(head));
  sp_raw(to, bytes, size);
  sp_raw(to, behind, more);
}

enum { G_WHOLE, G_TWICE, G_GARBAGE, G_CRC, G_SIZE, G_BOMB, G_FORMS };

static void send_gzip_form(uint32_t n, sp_stream_t* to, uint8_t* packed, size_t size) {
  uint8_t* blanks;
  switch (n) {
    case G_TWICE: send_gzip(to, packed, size, packed, size); break;
    case G_GARBAGE: send_gzip(to, packed, size, "garbage", 7); break;
    case G_CRC:
      packed[size - 8] ^= 1;
      send_gzip(to, packed, size, "", 0);
      break;
    case G_SIZE:
      packed[size - 1] ^= 1;
      send_gzip(to, packed, size, "", 0);
      break;
    case G_BOMB:
      blanks = malloc(40u << 20);
      if (blanks == NULL) abort();
      memset(blanks, ' ', 40u << 20);
      free(packed);
      packed = compress(blanks, 40u << 20, &size);
      free(blanks);
      send_gzip(to, gzip_head, sizeof gzip_head, packed, size);
      break;
    default: send_gzip(to, packed, size, "", 0); break;
  }
  free(packed);
}

bool sp_spoil_gzip(const sp_message_t* message, uint32_t n, sp_stream_t* to, sp_spoilt_t* spoilt) {
  static const char* const names[] = {"gzip",          "gzip twice",     "gzip and garbage",
                                      "gzip, bad crc", "gzip, bad size", "gzip, a bomb"};
  size_t size;
  if (message->answer->kind != SP_HTTP || n >= G_FORMS + CUTS + FLIPS) return false;
  uint8_t* packed = gzip(message->bytes, message->size, &size);
  bool good = n == G_WHOLE && message->answer->http_status == 200;
  spoilt->verdict = good ? SP_SAME : SP_SAME_OR_ERROR;
  if (n < G_FORMS) {
    snprintf(spoilt->note, sizeof spoilt->note, "%s", names[n]);
    send_gzip_form(n, to, packed, size);
    return true;
  }
  if (n < G_FORMS + CUTS) {
    size_t at = size * (n - G_FORMS) / CUTS;
    snprintf(spoilt->note, sizeof spoilt->note, "gzip, cut at %zu of %zu", at, size);
    send_gzip(to, packed, at, "", 0);
  } else {
    size_t at = size * (n - G_FORMS - CUTS) / FLIPS;
    packed[at] = (uint8_t) (packed[at] ^ 1u << n % 8);
    snprintf(spoilt->note, sizeof spoilt->note, "gzip, byte %zu flipped", at);
    send_gzip(to, packed, size, "", 0);
  }
  free(packed);
  return true;
}
