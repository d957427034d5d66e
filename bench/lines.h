/* The workload lines of taosuv-bench: the setup for its requests. */
#ifndef BENCH_LINES_H
#define BENCH_LINES_H

#include <uv.h>

/* Creates the database, with a client that is closed again. Returns 0, or -1 after printing the
 * error to stderr. */
int bench_lines_prepare(uv_loop_t* loop, const char* url);

#endif
