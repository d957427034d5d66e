/* An allocator that counts its calls and, if requested, the allocated bytes. */
#ifndef BENCH_COUNTING_H
#define BENCH_COUNTING_H

#include <stdbool.h>

#include "taosuv.h"

typedef struct bench_counting_s {
  uint64_t calls; /* calls of malloc and realloc */
  uint64_t live;  /* bytes that are allocated and not freed */
  uint64_t peak;
} bench_counting_t;

/* `bytes` false: only calls are counted, so that the measured run has no other cost. */
taosuv_allocator_t bench_counting(bench_counting_t* counting, bool bytes);

#endif
