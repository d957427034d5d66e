/* NCHAR cells as UTF-8. In a block they are UCS-4. */
#include "wire/value/format.h"

static size_t encode(uint32_t code, char out[4]) {
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) code = 0xfffd;
  if (code < 0x80) {
    out[0] = (char) code;
    return 1;
  }
  if (code < 0x800) {
    out[0] = (char) (0xc0 | code >> 6);
    out[1] = (char) (0x80 | (code & 0x3f));
    return 2;
  }
  if (code < 0x10000) {
    out[0] = (char) (0xe0 | code >> 12);
    out[1] = (char) (0x80 | (code >> 6 & 0x3f));
    out[2] = (char) (0x80 | (code & 0x3f));
    return 3;
  }
  out[0] = (char) (0xf0 | code >> 18);
  out[1] = (char) (0x80 | (code >> 12 & 0x3f));
  out[2] = (char) (0x80 | (code >> 6 & 0x3f));
  out[3] = (char) (0x80 | (code & 0x3f));
  return 4;
}

size_t tuv_nchar_utf8(const uint8_t* ucs4, uint32_t length, char* buf, size_t size,
                      size_t* written) {
  size_t total = 0;
  *written = 0;
  for (uint32_t at = 0; length - at >= 4; at += 4) {
    char utf8[4];
    size_t bytes = encode(taosuv_load_u32(ucs4 + at), utf8);
    /* After a character that does not fit, no later one may be written. */
    if (*written == total && bytes <= size - total) {
      memcpy(buf + total, utf8, bytes);
      *written += bytes;
    }
    total += bytes;
  }
  return total;
}

size_t taosuv_nchar_utf8(const uint8_t* ucs4, uint32_t length, char* buf, size_t size) {
  size_t written;
  return tuv_nchar_utf8(ucs4, length, buf, buf != NULL ? size : 0, &written);
}
