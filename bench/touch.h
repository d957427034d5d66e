/* Touches every value of a block, through the library's public getters. */
#ifndef BENCH_TOUCH_H
#define BENCH_TOUCH_H

#include "sums.h"
#include "taosuv.h"

/* Integers, BOOL and TIMESTAMP are added to the sum of integers, FLOAT, DOUBLE and DECIMAL to that
 * of doubles, and the lengths of all others to that of bytes. NULL is skipped. */
void bench_touch(const taosuv_block_t* block, bench_sums_t* sums);

#endif
