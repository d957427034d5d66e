/* Versions of servers. */
#include "wire/version.h"

#include "util/ascii.h"

uint64_t tuv_version_parse(const char* text, size_t length) {
  uint64_t version = 0;
  size_t at = 0;
  unsigned parts = 0;
  while (parts < 4 && at < length && tuv_is_digit(text[at])) {
    uint32_t number = 0;
    for (; at < length && tuv_is_digit(text[at]); at++) {
      number = number * 10 + (uint32_t) (text[at] - '0');
      if (number > 0xFFFF) return 0;
    }
    version = version << 16 | number;
    parts++;
    if (at == length || text[at] != '.') break;
    at++;
  }
  if (parts == 0) return 0;
  version <<= 16 * (4 - parts);
  int word = at < length && text[at - 1] == '.' && text[at] >= 'a' && text[at] <= 'z';
  return word && version > 0 ? version - 1 : version;
}
