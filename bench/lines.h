/* The workload lines of taosuv-bench: what it needs besides its requests. */
#ifndef BENCH_LINES_H
#define BENCH_LINES_H

#include <uv.h>

/* Makes the database, with a client of its own that is gone when this returns. 0, or -1 after
 * saying why on stderr. */
int bench_lines_prepare(uv_loop_t* loop, const char* url);

#endif
