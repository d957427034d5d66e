/* Runs posted tasks at the end of a loop turn, phase by phase. */
#include "client/core/turn.h"

static bool runs_until_empty(tuv_phase_t phase) {
  return phase == TUV_PHASE_PUMP || phase == TUV_PHASE_FLUSH;
}

/* A task may post or cancel any task, itself included. */
static void run_all(tuv_queue_t* tasks) {
  while (!tuv_queue_empty(tasks)) {
    tuv_task_t* task = TUV_CONTAINER(tasks->next, tuv_task_t, link);
    tuv_queue_remove(&task->link);
    task->run(task);
  }
}

static void run_phase(tuv_turn_t* turn, tuv_phase_t phase) {
  tuv_queue_t batch;
  if (runs_until_empty(phase)) {
    run_all(&turn->tasks[phase]);
    return;
  }
  tuv_queue_init(&batch);
  tuv_queue_move(&turn->tasks[phase], &batch);
  run_all(&batch);
}

static void on_idle(uv_idle_t* handle);

static void start(tuv_turn_t* turn) {
  if (turn->due || turn->stopped) return;
  turn->due = true;
  uv_idle_start(&turn->handle, on_idle);
}

static bool has_tasks(const tuv_turn_t* turn) {
  for (unsigned phase = 0; phase < TUV_PHASES; phase++)
    if (!tuv_queue_empty(&turn->tasks[phase])) return true;
  return false;
}

/* `due` stays set while tasks run, so that what they post starts nothing. */
static void on_idle(uv_idle_t* handle) {
  tuv_turn_t* turn = TUV_CONTAINER(handle, tuv_turn_t, handle);
  uv_idle_stop(handle);
  if (turn->begin != NULL) turn->begin(turn);
  for (unsigned phase = 0; phase < TUV_PHASES; phase++) run_phase(turn, (tuv_phase_t) phase);
  turn->due = false;
  if (has_tasks(turn)) start(turn);
}

void tuv_turn_init(tuv_turn_t* turn, void (*begin)(tuv_turn_t* turn)) {
  for (unsigned phase = 0; phase < TUV_PHASES; phase++) tuv_queue_init(&turn->tasks[phase]);
  turn->begin = begin;
  turn->due = false;
  turn->stopped = false;
}

int tuv_turn_open(tuv_turn_t* turn, uv_loop_t* loop) {
  return uv_idle_init(loop, &turn->handle);
}

void tuv_turn_post(tuv_turn_t* turn, tuv_task_t* task, tuv_phase_t phase) {
  if (tuv_task_is_posted(task)) return;
  tuv_queue_push(&turn->tasks[phase], &task->link);
  start(turn);
}

void tuv_turn_stop(tuv_turn_t* turn) {
  turn->stopped = true;
}
