/* All deadlines of a client on one uv_timer_t, and the clock that they are counted by. */
#ifndef TUV_IO_TIMERS_H
#define TUV_IO_TIMERS_H

#include <stdbool.h>
#include <uv.h>

#include "util/heap.h"
#include "util/queue.h"

/* The time in milliseconds on the scale of uv_now(). It is right where uv_now() is not: in a
 * callback that has been running for long, and before uv_run. libuv takes the loop's time from the
 * same clock. */
static inline uint64_t tuv_ms_of(uint64_t hrtime) {
  return hrtime / 1000000;
}
static inline uint64_t tuv_now(void) {
  return tuv_ms_of(uv_hrtime());
}

/* A moment that is `ms` after `now`; UINT64_MAX when there is none. */
static inline uint64_t tuv_after(uint64_t now, uint64_t ms) {
  return ms > UINT64_MAX - now ? UINT64_MAX : now + ms;
}

/* Embedded in what has a deadline; zeroed before its first use. */
typedef struct tuv_timed_s tuv_timed_t;
struct tuv_timed_s {
  void (*expire)(tuv_timed_t* timed); /* called when it has passed, after it was removed */
  tuv_queue_t link;     /* in the list of default deadlines; next is NULL when in none */
  tuv_heap_node_t node; /* in the heap of all others; its `at` is the deadline of either */
};

/* A deadline that has passed is not judged at once: an answer may be in a socket that the loop
 * could not read, because a callback of the caller's kept it busy. First the loop polls once, and
 * again while there was more than it read. After a loop that was busy for long there is a little
 * more time, for what could not be sent before, and its answer. When very many deadlines are due,
 * some expire in each turn. */
typedef struct tuv_timers_s {
  uv_timer_t handle;
  uv_idle_t polling;    /* keeps the loop from waiting while deadlines are to be judged */
  tuv_queue_t fifo;     /* default deadlines, in order */
  tuv_heap_t heap;      /* and all others */
  uint64_t armed_for;   /* 0: not armed */
  uint64_t polled_from; /* when the poll that is waited for began; 0: it did not yet */
  uint64_t judge_by;    /* deadlines are judged then, even if more could be read */
  uint64_t judged;      /* deadlines up to here were judged */
  bool graced;          /* the additional time is over, or was not needed */
  bool judging;         /* not all that are due have expired yet */
  /* Both may be NULL. Whether something waits to be sent at the end of the turn. */
  bool (*unsent)(const struct tuv_timers_s* timers);
  /* Whether more is there than was read since the last call. */
  bool (*unread)(struct tuv_timers_s* timers);
} tuv_timers_t;

void tuv_timers_init(tuv_timers_t* timers, uv_loop_t* loop, const tuv_alloc_t* alloc);

/* Sets a deadline at `at`, by tuv_now, but in a later turn even when that has passed; timed->expire
 * must be set. Returns 0 or UV_ENOMEM. */
int tuv_timers_add(tuv_timers_t* timers, tuv_timed_t* timed, uint64_t at);

/* The same for one of many deadlines that are equally far away: it needs no memory when it is not
 * before the last of them. */
int tuv_timers_add_usual(tuv_timers_t* timers, tuv_timed_t* timed, uint64_t at);

/* Takes a deadline back; no effect when it has none. */
void tuv_timers_remove(tuv_timers_t* timers, tuv_timed_t* timed);

/* Frees the memory; the two handles must be closed by the caller. */
void tuv_timers_free(tuv_timers_t* timers);

/* A limit on how long a peer may be silent. It counts time in which the loop could hear the peer:
 * it is counted in steps, each of which counts once, however late it is found to be over. */
typedef struct tuv_patience_s {
  uint64_t at; /* when the present step is over */
  uint64_t step;
  uint32_t left; /* steps, with this one */
} tuv_patience_t;

#define TUV_PATIENCE_STEPS 8u

void tuv_patience_begin(tuv_patience_t* patience, uint64_t ms);

/* A step is over. Returns whether there is another one; else the limit has ended. */
bool tuv_patience_next(tuv_patience_t* patience);

/* The milliseconds that are left, if the loop is not busy. */
uint64_t tuv_patience_rest(const tuv_patience_t* patience);

#endif
