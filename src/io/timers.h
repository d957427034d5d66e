/* All deadlines of a client on one uv_timer_t, and their clock. */
#ifndef TUV_IO_TIMERS_H
#define TUV_IO_TIMERS_H

#include <stdbool.h>
#include <uv.h>

#include "util/heap.h"
#include "util/queue.h"

/* The time in milliseconds on the scale of uv_now(); libuv takes the loop's time from the same
 * clock. Unlike uv_now() it is exact in a callback that has been running for long, and before
 * uv_run. */
static inline uint64_t tuv_ms_of(uint64_t hrtime) {
  return hrtime / 1000000;
}
static inline uint64_t tuv_now(void) {
  return tuv_ms_of(uv_hrtime());
}

/* The moment `ms` after `now`, or UINT64_MAX when that is beyond the clock. */
static inline uint64_t tuv_after(uint64_t now, uint64_t ms) {
  return ms > UINT64_MAX - now ? UINT64_MAX : now + ms;
}

/* Embedded in an object that has a deadline; zeroed before its first use. */
typedef struct tuv_timed_s tuv_timed_t;
struct tuv_timed_s {
  void (*expire)(tuv_timed_t* timed); /* called after the deadline has passed and was removed */
  tuv_queue_t link;     /* in the list of default deadlines; `next` is NULL outside of it */
  tuv_heap_node_t node; /* in the heap of all others; `at` is the deadline in both cases */
};

/* A deadline that has passed is not judged at once: its answer may be in a socket that the loop
 * could not read, because one of the caller's callbacks kept it busy. First the loop polls once,
 * and again while there was more than it read. After a loop that was busy for long there is a
 * little more time for requests that could not be sent before. When very many deadlines are due,
 * a limited number of them expires in each turn. */
typedef struct tuv_timers_s {
  uv_timer_t handle;
  uv_idle_t polling;    /* keeps the loop from waiting while deadlines are to be judged */
  tuv_queue_t fifo;     /* default deadlines, in order */
  tuv_heap_t heap;      /* all others */
  uint64_t armed_for;   /* 0: not armed */
  uint64_t polled_from; /* when the poll before the judging began; 0: not begun */
  uint64_t judge_by; /* deadlines are judged then, even if more could be read; 0: none has passed */
  uint64_t judged;   /* deadlines up to here were judged */
  bool graced;       /* the additional time was granted, or was not needed */
  bool judging;      /* some deadlines that are due have not expired yet */
  /* Whether something waits to be sent at the end of the turn. May be NULL. */
  bool (*unsent)(const struct tuv_timers_s* timers);
  /* Whether there was more to read than was read, since the last call. May be NULL. */
  bool (*unread)(struct tuv_timers_s* timers);
} tuv_timers_t;

void tuv_timers_init(tuv_timers_t* timers, uv_loop_t* loop, const tuv_alloc_t* alloc);

/* Sets a deadline at `at`, by tuv_now. When that has passed, it expires in a later turn.
 * timed->expire must be set. Returns 0 or UV_ENOMEM. */
int tuv_timers_add(tuv_timers_t* timers, tuv_timed_t* timed, uint64_t at);

/* The same for one of many deadlines that are equally far away: it needs no memory unless it is
 * earlier than the last of them. */
int tuv_timers_add_usual(tuv_timers_t* timers, tuv_timed_t* timed, uint64_t at);

/* Removes a deadline; no effect when there is none. */
void tuv_timers_remove(tuv_timers_t* timers, tuv_timed_t* timed);

/* Frees the memory; the two handles must be closed by the caller. */
void tuv_timers_free(tuv_timers_t* timers);

/* A limit on how long a peer may be silent. Only time in which the loop could read counts: the
 * limit is divided into steps, and a step counts once, however late the loop finds that it is
 * over. */
typedef struct tuv_patience_s {
  uint64_t at; /* when this step is over */
  uint64_t step;
  uint32_t left; /* steps, including this one */
} tuv_patience_t;

#define TUV_PATIENCE_STEPS 8u

void tuv_patience_begin(tuv_patience_t* patience, uint64_t ms);

/* A step is over. Returns whether there is another one; if not, the limit has passed. */
bool tuv_patience_next(tuv_patience_t* patience);

/* The milliseconds that are left, when the loop is not busy. */
uint64_t tuv_patience_rest(const tuv_patience_t* patience);

#endif
