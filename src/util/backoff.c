/* Exponential back-off. */
#include "util/backoff.h"

uint64_t tuv_backoff(uint64_t first, uint64_t longest, uint32_t failures) {
  uint64_t pause = first;
  for (uint32_t i = 1; i < failures && pause < longest; i++) pause *= 2;
  return pause < longest ? pause : longest;
}

uint64_t tuv_backoff_spread(uint64_t pause, uint16_t random) {
  uint64_t fifth = pause / 5;
  return pause - fifth + 2 * fifth * random / UINT16_MAX;
}
