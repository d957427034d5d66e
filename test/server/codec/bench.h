/* Results of `select * from bench.rows_<N>_<B>`, which cost nothing to compute. */
#ifndef TS_CODEC_BENCH_H
#define TS_CODEC_BENCH_H

#include "codec/result.h"

/* N rows in blocks of B (at most 65536), all of them the same
 * block but a shorter last one. ts timestamp = 1700000000000 + 1000 * row, a int = row,
 * b double = row * 0.5, c varchar(24) = "row-<row>", where row counts inside the block.
 * NULL when the SQL is something else. */
ts_result_t* ts_result_bench(const char* sql, size_t size);

/* The size of a statement without the blanks and semicolons at its end. */
size_t ts_statement_size(const char* sql, size_t size);

#endif
