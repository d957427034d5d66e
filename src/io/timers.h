/* All deadlines of a client on one uv_timer_t. */
#ifndef TUV_IO_TIMERS_H
#define TUV_IO_TIMERS_H

#include <uv.h>

#include "util/heap.h"
#include "util/queue.h"

/* Embedded in what has a deadline; zeroed before its first use. */
typedef struct tuv_timed_s tuv_timed_t;
struct tuv_timed_s {
  void (*expire)(tuv_timed_t* timed); /* called when it has passed, after it was removed */
  tuv_queue_t link;     /* in the list of default deadlines; next is NULL when in none */
  tuv_heap_node_t node; /* in the heap of all others; its `at` is the deadline of either */
};

typedef struct tuv_timers_s {
  uv_timer_t handle;
  uint64_t usual;     /* ms; most deadlines are this far away, so that they come in order */
  tuv_queue_t fifo;   /* those, in order */
  tuv_heap_t heap;    /* and all others */
  uint64_t armed_for; /* loop time; 0: not armed */
} tuv_timers_t;

void tuv_timers_init(tuv_timers_t* timers, uv_loop_t* loop, const tuv_alloc_t* alloc,
                     uint64_t usual);

/* Sets a deadline at `at`, loop time in ms, but in a later turn even when that has passed;
 * timed->expire must be set. Returns 0 or UV_ENOMEM. */
int tuv_timers_add(tuv_timers_t* timers, tuv_timed_t* timed, uint64_t at);

/* Takes a deadline back; no effect when it has none. */
void tuv_timers_remove(tuv_timers_t* timers, tuv_timed_t* timed);

/* Frees the memory; the handle must be closed by the caller. */
void tuv_timers_free(tuv_timers_t* timers);

#endif
