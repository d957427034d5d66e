/* Fuzzes the WebSocket reader: the events must not depend on how the bytes are cut. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ws_log.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static void require_same(const char* whole, char* other, const char* how, size_t n) {
  if (strcmp(whole, other) != 0) {
    fprintf(stderr, "whole:\n%s\n%s %zu:\n%s\n", whole, how, n, other);
    abort();
  }
  free(other);
}

/* Byte 0: bit 0 the server's role, bit 1 compression agreed on. Byte 1: the size of the pieces. The
 * rest is the stream. ws_log aborts when the reader breaks one of its promises. */
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  bool mask = (data[0] & 1) != 0, rsv1 = (data[0] & 2) != 0;
  size_t n = data[1];
  data += 2;
  size -= 2;
  char* whole = ws_log(data, size, mask, rsv1, 0, 0);
  require_same(whole, ws_log(data, size, mask, rsv1, 0, n), "in pieces of", n);
  require_same(whole, ws_log(data, size, mask, rsv1, 0, 1), "in pieces of", 1);
  require_same(whole, ws_log(data, size, mask, rsv1, n, 0), "cut at", n);
  free(whole);
  return 0;
}
