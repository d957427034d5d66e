/* Classes of ASCII characters. Unlike <ctype.h> they do not depend on the locale, and take any
 * char. */
#ifndef TUV_UTIL_ASCII_H
#define TUV_UTIL_ASCII_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool tuv_is_digit(char c) {
  return c >= '0' && c <= '9';
}

static inline bool tuv_is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline char tuv_lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

/* The value of a hex digit of either case, or -1. */
static inline int tuv_hex_value(char c) {
  if (tuv_is_digit(c)) return c - '0';
  char lower = tuv_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Writes a byte as two lower-case hex digits. */
static inline void tuv_hex_write(void* out, uint8_t byte) {
  static const char digits[] = "0123456789abcdef";
  ((char*) out)[0] = digits[byte >> 4];
  ((char*) out)[1] = digits[byte & 15];
}

/* Whether two texts of the same length are equal when the case of ASCII letters is ignored. */
static inline bool tuv_equal_ignoring_case(const char* a, const char* b, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (tuv_lower(a[i]) != tuv_lower(b[i])) return false;
  return true;
}

#endif
