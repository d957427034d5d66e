/* Versions of TDengine, compared by their four numbers. */
#include "base/version.h"

#include <stdlib.h>

uint32_t ts_version_number(const char* version) {
  uint32_t number = 0;
  for (int i = 0; i < 4; i++) {
    char* end;
    unsigned long part = strtoul(version, &end, 10);
    number = number << 8 | (uint32_t) (part & 0xff);
    version = *end == '.' ? end + 1 : "0";
  }
  return number;
}

bool ts_version_since(const char* version, unsigned a, unsigned b, unsigned c, unsigned d) {
  return ts_version_number(version) >= (a << 24 | b << 16 | c << 8 | d);
}
