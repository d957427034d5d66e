/* A log-linear histogram of latencies in fixed memory: values are kept to within 1.6 %. */
#include "histogram.h"

/* Values below 64 have a bucket each; above, the position of the highest bit chooses a group of 64
 * buckets, and the six bits behind it one of the group. */
static unsigned bucket_of(uint64_t value) {
  if (value < (1u << BENCH_SUB_BITS)) return (unsigned) value;
  unsigned shift = 63u - (unsigned) __builtin_clzll(value) - BENCH_SUB_BITS;
  return ((shift + 1) << BENCH_SUB_BITS) +
         (unsigned) ((value >> shift) & ((1u << BENCH_SUB_BITS) - 1));
}

static uint64_t upper_end(unsigned bucket) {
  if (bucket < (1u << BENCH_SUB_BITS)) return bucket;
  unsigned shift = (bucket >> BENCH_SUB_BITS) - 1;
  uint64_t low = (uint64_t) ((bucket & ((1u << BENCH_SUB_BITS) - 1)) | (1u << BENCH_SUB_BITS));
  return (low << shift) + ((UINT64_C(1) << shift) - 1);
}

void bench_histogram_add(bench_histogram_t* histogram, uint64_t value) {
  histogram->count++;
  if (value > histogram->max) histogram->max = value;
  histogram->buckets[bucket_of(value)]++;
}

uint64_t bench_histogram_at(const bench_histogram_t* histogram, unsigned per_mille) {
  uint64_t rank = (histogram->count * per_mille + 999) / 1000, seen = 0;
  for (unsigned bucket = 0; bucket < BENCH_BUCKETS; bucket++) {
    seen += histogram->buckets[bucket];
    if (seen >= rank && seen > 0) {
      uint64_t end = upper_end(bucket);
      return end < histogram->max ? end : histogram->max;
    }
  }
  return histogram->max;
}
