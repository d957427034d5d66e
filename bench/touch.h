/* Touches every value of a block, through the library's public getters. */
#ifndef BENCH_TOUCH_H
#define BENCH_TOUCH_H

#include "sums.h"
#include "taosuv.h"

/* Integers, BOOL and TIMESTAMP go into the sum of integers, FLOAT, DOUBLE and DECIMAL into that of
 * doubles, the lengths of all others into that of bytes. NULL counts for nothing. */
void bench_touch(const taosuv_block_t* block, bench_sums_t* sums);

#endif
