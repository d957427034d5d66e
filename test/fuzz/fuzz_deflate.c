/* Fuzzes the inflater, whose outcome must not depend on how bytes are cut, and the deflater. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/deflate/deflate.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

enum { LIMIT = 1 << 16 };

typedef struct {
  uint8_t* bytes;
  size_t size;
  tuv_deflate_status_t status;
} content_t;

static void require(bool truth, const char* what) {
  if (truth) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

/* The same message twice on one connection, in pieces, with room for `room` bytes at a time. */
static content_t inflate_twice(const uint8_t* data, size_t size, bool context, size_t piece,
                               size_t room) {
  content_t content = {malloc(2 * LIMIT), 0, TUV_DEFLATE_OK};
  tuv_inflater_t* inflater = tuv_inflater_create(&tuv_alloc_default, context);
  require(content.bytes != NULL && inflater != NULL, "memory");
  for (unsigned i = 0; i < 2 && content.status == TUV_DEFLATE_OK; i++) {
    size_t at = 0, begin = content.size;
    bool end = false;
    tuv_inflater_begin(inflater, LIMIT);
    while (!end && content.status == TUV_DEFLATE_OK) {
      size_t part = piece != 0 && piece < size - at ? piece : size - at;
      uint8_t* copy = malloc(part + 1);
      require(copy != NULL, "memory");
      memcpy(copy, data + at, part);
      tuv_deflate_io_t io = {copy, part, NULL, 0};
      at += part;
      end = at == size;
      do {
        size_t left = begin + LIMIT - content.size;
        io.out = content.bytes + content.size;
        io.room = room < left ? room : left;
        content.status = tuv_inflater_run(inflater, &io, end);
        content.size = (size_t) (io.out - content.bytes);
        require(content.size <= begin + LIMIT, "the limit is kept");
      } while (content.status == TUV_DEFLATE_FULL);
      free(copy);
    }
  }
  tuv_inflater_free(inflater);
  return content;
}

static void require_same(content_t a, content_t b) {
  require(a.status == b.status, "the same status");
  if (a.status == TUV_DEFLATE_OK) {
    require(a.size == b.size, "the same size");
    require(memcmp(a.bytes, b.bytes, a.size) == 0, "the same bytes");
  }
  free(b.bytes);
}

static void round_trip(const uint8_t* data, size_t size, int bits, bool context) {
  tuv_deflater_t* deflater = tuv_deflater_create(&tuv_alloc_default, bits, context);
  tuv_inflater_t* inflater = tuv_inflater_create(&tuv_alloc_default, context);
  require(deflater != NULL && inflater != NULL, "memory");
  size_t room = tuv_deflater_bound(deflater, size);
  uint8_t *packed = malloc(room), *out = malloc(size + 1);
  require(packed != NULL && out != NULL, "memory");
  for (unsigned i = 0; i < 2; i++) {
    tuv_deflate_io_t in = {data, size, packed, room};
    tuv_deflater_begin(deflater);
    require(tuv_deflater_run(deflater, &in, true) == TUV_DEFLATE_OK, "the bound is enough");
    tuv_deflate_io_t back = {packed, (size_t) (in.out - packed), out, size + 1};
    tuv_inflater_begin(inflater, size);
    require(tuv_inflater_run(inflater, &back, true) == TUV_DEFLATE_OK, "it comes back");
    require((size_t) (back.out - out) == size && memcmp(out, data, size) == 0, "as it was");
  }
  free(packed);
  free(out);
  tuv_deflater_free(deflater);
  tuv_inflater_free(inflater);
}

/* Byte 0: bit 0 whether contexts are kept, then the deflater's window. Byte 1: the size of the
 * pieces. The rest is a message. */
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  bool context = (data[0] & 1) != 0;
  int bits = 9 + (data[0] >> 1) % 7;
  size_t n = data[1];
  data += 2;
  size -= 2;
  content_t whole = inflate_twice(data, size, context, 0, LIMIT);
  require_same(whole, inflate_twice(data, size, context, n, LIMIT));
  require_same(whole, inflate_twice(data, size, context, 1, 1 + n * 100));
  require_same(whole, inflate_twice(data, size, context, 0, 1 + n));
  free(whole.bytes);
  round_trip(data, size, bits, context);
  return 0;
}
