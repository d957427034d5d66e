/* The checksum of the values read: client and floor read the same values with the same loops. */
#ifndef BENCH_SUMS_H
#define BENCH_SUMS_H

#include <stdint.h>
#include <string.h>

typedef struct bench_sums_s {
  uint64_t rows;
  uint64_t blocks;
  uint64_t integers; /* modulo 2^64 */
  double doubles;
  uint64_t bytes; /* of texts */
} bench_sums_t;

/* Sums of packed, unaligned arrays in the machine's (little-endian) order. */
static inline uint64_t bench_sum_i64(const uint8_t* data, uint32_t count) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint64_t value;
    memcpy(&value, data + 8 * (size_t) i, sizeof value);
    sum += value;
  }
  return sum;
}

static inline uint64_t bench_sum_i32(const uint8_t* data, uint32_t count) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < count; i++) {
    int32_t value;
    memcpy(&value, data + 4 * (size_t) i, sizeof value);
    sum += (uint64_t) (int64_t) value;
  }
  return sum;
}

/* Four chains, because in a single one each addition would wait for the one before. */
static inline double bench_sum_f64(const uint8_t* data, uint32_t count) {
  double sums[4] = {0, 0, 0, 0}, values[4];
  uint32_t i = 0;
  for (; count - i >= 4; i += 4) {
    memcpy(values, data + 8 * (size_t) i, sizeof values);
    for (int j = 0; j < 4; j++) sums[j] += values[j];
  }
  for (; i < count; i++) {
    memcpy(values, data + 8 * (size_t) i, sizeof *values);
    sums[0] += *values;
  }
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* The lengths of texts without a NULL: one offset per row, a 16-bit length before each text. */
static inline uint64_t bench_sum_lengths(const uint8_t* offsets, const uint8_t* data,
                                         uint32_t count) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t offset;
    uint16_t length;
    memcpy(&offset, offsets + 4 * (size_t) i, sizeof offset);
    memcpy(&length, data + offset, sizeof length);
    sum += length;
  }
  return sum;
}

#endif
