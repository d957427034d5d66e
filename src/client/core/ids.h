/* Ids that the library gives to requests. */
#ifndef TUV_CLIENT_CORE_IDS_H
#define TUV_CLIENT_CORE_IDS_H

#include <stdint.h>

/* An id is 23 random bits, so that the ids of several clients of one database differ, and a counter
 * of 40 bits: 63 bits in all, because REST takes signed numbers. */
typedef struct tuv_ids_s {
  uint64_t high, low;
} tuv_ids_t;

static inline void tuv_ids_init(tuv_ids_t* ids, uint64_t random) {
  ids->high = random >> 41;
  ids->low = random & 0xFFFF;
}

/* The next id; never 0. It is not in flight unless the caller chose the same. */
static inline uint64_t tuv_ids_next(tuv_ids_t* ids) {
  do {
    ids->low = (ids->low + 1) & 0xFFFFFFFFFFu;
  } while (ids->low == 0);
  return ids->high << 40 | ids->low;
}

#endif
