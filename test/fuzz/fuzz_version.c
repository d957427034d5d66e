/* Fuzzes server versions: only the four numbers count, and what follows them changes little. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/version.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static void require(int truth, const char* what) {
  if (truth) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

/* Writes the version in its plainest form; it must read as itself. */
static void check_round(uint64_t version) {
  char text[64];
  int length = snprintf(text, sizeof text, "%u.%u.%u.%u", (unsigned) (version >> 48),
                        (unsigned) (version >> 32 & 0xFFFF), (unsigned) (version >> 16 & 0xFFFF),
                        (unsigned) (version & 0xFFFF));
  require(tuv_version_parse(text, (size_t) length) == version, "a version reads as itself");
  text[length] = '-';
  require(tuv_version_parse(text, (size_t) length + 1) == version, "a suffix is ignored");
  memcpy(text + length, ".alpha", 6);
  require(tuv_version_parse(text, (size_t) length + 6) == version - 1, "alpha is just below");
}

/* The input is the text. */
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  uint64_t version = tuv_version_parse((const char*) data, size);
  if (size == 0 || data[0] < '0' || data[0] > '9') require(version == 0, "no number, no version");
  if (version != 0) check_round(version);
  return 0;
}
