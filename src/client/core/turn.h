/* The end of a turn of the loop. What must not happen inside the call or callback that leads to it
 * is posted as a task and runs in the loop's next iteration: completions, the steps of statements
 * and consumers, one write for each connection. A task belongs to whoever posts it. It runs once
 * each time it is posted, in the order of the phases.
 *
 * A task that is posted to a later phase than the one that runs still runs in this turn. One that
 * is posted to its own phase or an earlier one waits for the next turn; in the phases PUMP and
 * FLUSH it runs in this one, because what is to be sent must not wait for a poll. */
#ifndef TUV_CLIENT_CORE_TURN_H
#define TUV_CLIENT_CORE_TURN_H

#include <stdbool.h>
#include <uv.h>

#include "util/queue.h"

typedef enum {
  TUV_PHASE_DEFERRED, /* what a hook asked for and may not do itself */
  TUV_PHASE_COMPLETE, /* requests whose outcome is known */
  TUV_PHASE_DRAIN,    /* the caller's on_drain */
  TUV_PHASE_PUMP,     /* connections that have room, or are to be closed */
  TUV_PHASE_RESUME,   /* connections that stopped reading when the last turn's work was done */
  TUV_PHASE_FEATURE,  /* consumers and statements */
  TUV_PHASE_FLUSH,    /* connections with bytes to write */
  TUV_PHASE_END,      /* closing the client once nothing is left */
  TUV_PHASES
} tuv_phase_t;

typedef struct tuv_task_s tuv_task_t;
struct tuv_task_s {
  tuv_queue_t link;
  void (*run)(tuv_task_t* task);
};

typedef struct tuv_turn_s tuv_turn_t;
struct tuv_turn_s {
  uv_idle_t handle; /* active while tasks wait, so that the loop does not block */
  tuv_queue_t tasks[TUV_PHASES];
  void (*begin)(tuv_turn_t* turn); /* called before the tasks of a turn */
  bool due;
  bool stopped;
};

static inline void tuv_task_init(tuv_task_t* task, void (*run)(tuv_task_t* task)) {
  tuv_queue_init(&task->link);
  task->run = run;
}

static inline bool tuv_task_is_posted(const tuv_task_t* task) {
  return !tuv_queue_empty(&task->link);
}

/* Takes a task back. It may be one that is not posted. */
static inline void tuv_task_cancel(tuv_task_t* task) {
  tuv_queue_remove(&task->link);
}

void tuv_turn_init(tuv_turn_t* turn, void (*begin)(tuv_turn_t* turn));
int tuv_turn_open(tuv_turn_t* turn, uv_loop_t* loop);

/* Has the task run in this turn, or the next one. Does nothing if it is posted already. */
void tuv_turn_post(tuv_turn_t* turn, tuv_task_t* task, tuv_phase_t phase);

/* The handle is about to be closed: no task runs any more. */
void tuv_turn_stop(tuv_turn_t* turn);

#endif
