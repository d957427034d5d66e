/* Log-linear histograms of durations: four buckets for each power of two of microseconds. */
#include <string.h>

#include "client/core/stats.h"

/* Bucket b < 4 is (b, b + 1] us; behind them are four for each power of two. */
#define LINEAR 4u

/* The position of the highest bit that is set; value > 0. */
static unsigned int highest_bit(uint64_t value) {
#ifdef __GNUC__
  return 63u - (unsigned int) __builtin_clzll(value);
#else
  unsigned int bit = 0;
  while (value >>= 1) bit++;
  return bit;
#endif
}

unsigned int tuv_latency_bucket(uint64_t ns) {
  uint64_t us = ns == 0 ? 0 : (ns - 1) / 1000; /* so that a bound belongs to the bucket below it */
  if (us < LINEAR) return (unsigned int) us;
  unsigned int power = highest_bit(us);
  unsigned int bucket = LINEAR * (power - 1) + (unsigned int) (us >> (power - 2) & 3);
  return bucket < TAOSUV_LATENCY_BUCKETS ? bucket : TAOSUV_LATENCY_BUCKETS - 1;
}

uint64_t taosuv_latency_bound(unsigned int bucket) {
  if (bucket >= TAOSUV_LATENCY_BUCKETS) return 0;
  if (bucket < LINEAR) return (bucket + 1) * UINT64_C(1000);
  unsigned int power = bucket / LINEAR + 1;
  return ((uint64_t) (bucket % LINEAR + 1 + LINEAR) << (power - 2)) * 1000;
}

void tuv_latency_add(taosuv_latency_t* latency, uint64_t ns) {
  if (latency->count == 0 || ns < latency->min_ns) latency->min_ns = ns;
  if (ns > latency->max_ns) latency->max_ns = ns;
  latency->count++;
  latency->sum_ns += ns;
  latency->buckets[tuv_latency_bucket(ns)]++;
}

uint64_t taosuv_latency_percentile(const taosuv_latency_t* latency, double percent) {
  if (latency == NULL || latency->count == 0) return 0;
  if (!(percent > 0)) return latency->min_ns;
  double rank = percent >= 100 ? (double) latency->count : percent / 100 * (double) latency->count;
  uint64_t seen = 0, bound = latency->max_ns;
  for (unsigned int i = 0; i < TAOSUV_LATENCY_BUCKETS; i++) {
    seen += latency->buckets[i];
    if (seen == 0 || (double) seen < rank) continue;
    if (i < TAOSUV_LATENCY_BUCKETS - 1) bound = taosuv_latency_bound(i);
    break;
  }
  if (bound > latency->max_ns) return latency->max_ns;
  return bound < latency->min_ns ? latency->min_ns : bound;
}
