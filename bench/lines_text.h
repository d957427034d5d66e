/* The points that the workload lines writes: into bench.sink, which the bundled server checks,
 * counts and discards. */
#ifndef BENCH_LINES_TEXT_H
#define BENCH_LINES_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define BENCH_LINES_DATABASE "bench"
#define BENCH_LINES_CREATE "CREATE DATABASE IF NOT EXISTS bench"

/* Generates lines of line protocol in milliseconds, which the caller frees; NULL when out of
 * memory. */
char* bench_lines_text(uint32_t rows, size_t* length);

#endif
