/* A log-linear histogram of latencies in fixed memory: values are kept to within 1.6 %. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#define BENCH_SUB_BITS 6 /* 64 buckets for each power of two */
#define BENCH_BUCKETS ((64 - BENCH_SUB_BITS + 1) << BENCH_SUB_BITS)

typedef struct bench_histogram_s {
  uint64_t count;
  uint64_t max;
  uint64_t buckets[BENCH_BUCKETS];
} bench_histogram_t;

void bench_histogram_add(bench_histogram_t* histogram, uint64_t value);

/* The value that `per_mille` of 1000 values do not exceed, as the upper end of its bucket. */
uint64_t bench_histogram_at(const bench_histogram_t* histogram, unsigned per_mille);

#endif
