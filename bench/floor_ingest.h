/* The ingest of the floor: a statement that is prepared once, and the precomputed frames of its
 * batch. */
#ifndef BENCH_FLOOR_INGEST_H
#define BENCH_FLOOR_INGEST_H

#include "floor_link.h"
#include "options.h"

typedef struct floor_ingest_s {
  uint8_t* bind; /* whole frames */
  size_t bind_size;
  uint8_t exec[128];
  size_t exec_size;
  bool bound; /* the bind is answered, the exec in flight */
} floor_ingest_t;

/* Creates the table, prepares the statement, and sends one batch. Returns 0, or -1 after printing
 * the error. */
int floor_ingest_learn(floor_ingest_t* ingest, floor_link_t* link, const bench_options_t* options,
                       size_t* text_length);
void floor_ingest_free(floor_ingest_t* ingest);

#endif
