/* Unpredictable bytes for masks and keys, read from the system one bufferful at a time. */
#include "io/random.h"

#include <string.h>
#include <uv.h>

void tuv_random_init(tuv_random_t* random) {
  random->left = 0;
}

int tuv_random_bytes(tuv_random_t* random, uint8_t* out, size_t size) {
  if (size > sizeof random->bytes) return UV_EINVAL;
  if (random->left < size) {
    int status = uv_random(NULL, NULL, random->bytes, sizeof random->bytes, 0, NULL);
    if (status < 0) return status;
    random->left = sizeof random->bytes;
  }
  random->left -= size;
  memcpy(out, random->bytes + random->left, size);
  return 0;
}
