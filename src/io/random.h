/* Unpredictable bytes for masks and keys, read from the system one bufferful at a time. */
#ifndef TUV_IO_RANDOM_H
#define TUV_IO_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct tuv_random_s {
  uint8_t bytes[1024];
  size_t left;
} tuv_random_t;

void tuv_random_init(tuv_random_t* random);

/* Fills `out` with `size` bytes. Returns 0, UV_EINVAL for more than the buffer holds, or the error
 * of the system. */
int tuv_random_bytes(tuv_random_t* random, uint8_t* out, size_t size);

#endif
