/* Percent-encoding of texts in URLs. */
#include "util/percent.h"

#include <stdbool.h>
#include <stdint.h>

#include "util/ascii.h"

static bool is_unreserved(char c) {
  return tuv_is_letter(c) || tuv_is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

size_t tuv_percent_encode(char* out, const char* text, size_t length) {
  static const char digits[] = "0123456789ABCDEF";
  char* at = out;
  for (size_t i = 0; i < length; i++) {
    unsigned char byte = (unsigned char) text[i];
    if (is_unreserved(text[i])) {
      *at++ = text[i];
      continue;
    }
    *at++ = '%';
    *at++ = digits[byte >> 4];
    *at++ = digits[byte & 15];
  }
  return (size_t) (at - out);
}

size_t tuv_percent_decode(char* out, const char* text, size_t length) {
  size_t size = 0;
  for (size_t i = 0; i < length; i++) {
    char c = text[i];
    if (c == '%') {
      int high = i + 1 < length ? tuv_hex_value(text[i + 1]) : -1;
      int low = i + 2 < length ? tuv_hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0 || (high | low) == 0) return SIZE_MAX;
      c = (char) (unsigned char) (high << 4 | low);
      i += 2;
    }
    out[size++] = c;
  }
  return size;
}
