/* Exponential back-off: how long to wait before the next attempt when earlier ones have failed. */
#ifndef TUV_UTIL_BACKOFF_H
#define TUV_UTIL_BACKOFF_H

#include <stdint.h>

/* The pause after `failures` failures in a row: `first` after one, twice as long after each further
 * one, `longest` at most. All in the same unit; `longest` is at most UINT64_MAX / 2. */
uint64_t tuv_backoff(uint64_t first, uint64_t longest, uint32_t failures);

/* A pause made up to a fifth shorter or longer by a random number, so that many clients that failed
 * together do not return in the same moment. */
uint64_t tuv_backoff_spread(uint64_t pause, uint16_t random);

#endif
