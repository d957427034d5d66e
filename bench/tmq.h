/* The workload tmq of taosuv-bench: a consumer that reads a topic to its end. */
#ifndef BENCH_TMQ_H
#define BENCH_TMQ_H

#include "options.h"

/* Creates a topic of options->sql, consumes it, prints the report and drops the topic. Returns the
 * exit code of the program. */
int bench_tmq_run(const bench_options_t* options);

#endif
