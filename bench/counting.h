/* An allocator that counts its calls and, when asked to, the bytes that are alive. */
#ifndef BENCH_COUNTING_H
#define BENCH_COUNTING_H

#include <stdbool.h>

#include "taosuv.h"

typedef struct bench_counting_s {
  uint64_t calls; /* of malloc and realloc */
  uint64_t live;  /* bytes that were asked for and not given back */
  uint64_t peak;
} bench_counting_t;

/* `bytes` false: only calls are counted, so that the measured run pays for nothing else. */
taosuv_allocator_t bench_counting(bench_counting_t* counting, bool bytes);

#endif
