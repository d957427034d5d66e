/* All deadlines of a client on one uv_timer_t. */
#include "io/timers.h"

#include "util/assert.h"

/* A deadline that is found this late had a busy loop. */
#define LATE_MS 10u

/* After a busy loop there is as much more time as the loop was late, but not more than this. */
#define MAX_GRACE_MS 100u

/* How long reading may put off the judging of deadlines: as long as the loop was late, within these
 * bounds. Otherwise a peer that sends without end could put it off for ever. */
#define MIN_READING_MS 100u
#define MAX_READING_MS 1000u

/* The most deadlines that expire in one turn of the loop: about a millisecond of work. */
#define MAX_EXPIRIES 1000u

static tuv_timed_t* of_link(tuv_queue_t* link) {
  return TUV_CONTAINER(link, tuv_timed_t, link);
}

static tuv_timed_t* of_node(tuv_heap_node_t* node) {
  return TUV_CONTAINER(node, tuv_timed_t, node);
}

/* The earliest of both, or NULL. */
static tuv_timed_t* first(const tuv_timers_t* timers) {
  tuv_timed_t* listed = tuv_queue_empty(&timers->fifo) ? NULL : of_link(timers->fifo.next);
  tuv_heap_node_t* node = tuv_heap_first(&timers->heap);
  if (node == NULL) return listed;
  if (listed == NULL || node->at < listed->node.at) return of_node(node);
  return listed;
}

static void on_timer(uv_timer_t* handle);

/* libuv counts from its loop's time, which may be old. */
static void start_timer(tuv_timers_t* timers, uint64_t at) {
  uint64_t now = uv_now(timers->handle.loop);
  uv_timer_start(&timers->handle, on_timer, at > now ? at - now : 0, 0);
}

/* Arms the handle for the earliest deadline. When that deadline is removed the handle stays armed:
 * firing early once costs less than re-arming for every request. */
static void arm(tuv_timers_t* timers) {
  const tuv_timed_t* next = first(timers);
  if (next == NULL || timers->judge_by != 0) return;
  if (timers->armed_for != 0 && timers->armed_for <= next->node.at) return;
  timers->armed_for = next->node.at == 0 ? 1 : next->node.at;
  start_timer(timers, next->node.at);
}

static void begin_poll(tuv_timers_t* timers) {
  timers->polled_from = tuv_now();
  if (timers->unread != NULL) timers->unread(timers);
}

static tuv_timed_t* first_due(const tuv_timers_t* timers) {
  tuv_timed_t* next = first(timers);
  return next != NULL && next->node.at <= timers->judged ? next : NULL;
}

static void judge(tuv_timers_t* timers) {
  tuv_timed_t* next;
  for (unsigned count = 0; count < MAX_EXPIRIES && (next = first_due(timers)) != NULL; count++) {
    tuv_timers_remove(timers, next);
    next->expire(next);
  }
  timers->judging = first_due(timers) != NULL;
  if (timers->judging) return;
  uv_idle_stop(&timers->polling);
  timers->judge_by = timers->polled_from = 0;
  timers->graced = false;
  if (!uv_is_closing((uv_handle_t*) &timers->handle)) arm(timers);
}

/* Before each poll. */
static void on_polling(uv_idle_t* handle) {
  tuv_timers_t* timers = handle->data;
  if (timers->judging) {
    judge(timers);
    return;
  }
  bool polled = timers->polled_from != 0;
  bool unread = polled && timers->unread != NULL && timers->unread(timers);
  if (!polled || (unread && tuv_now() < timers->judge_by)) {
    begin_poll(timers);
    return;
  }
  timers->judged = timers->polled_from;
  judge(timers);
}

static uint64_t within(uint64_t value, uint64_t least, uint64_t most) {
  return value < least ? least : value > most ? most : value;
}

/* A deadline has passed: decides when it is judged. Returns the additional time until then. */
static uint64_t begin_judging(tuv_timers_t* timers, uint64_t at) {
  uint64_t now = tuv_now();
  uint64_t late = now > at ? now - at : 0;
  bool unsent = timers->unsent != NULL && timers->unsent(timers);
  uint64_t grace = late >= LATE_MS ? within(late, LATE_MS, MAX_GRACE_MS) : unsent ? LATE_MS : 0;
  timers->judge_by = now + grace + within(late, MIN_READING_MS, MAX_READING_MS);
  timers->graced = true;
  if (grace > 0) start_timer(timers, now + grace);
  return grace;
}

static void on_timer(uv_timer_t* handle) {
  tuv_timers_t* timers = handle->data;
  const tuv_timed_t* next = first(timers);
  timers->armed_for = 0;
  if (!timers->graced) {
    if (next == NULL || next->node.at > uv_now(handle->loop)) {
      arm(timers);
      return;
    }
    if (begin_judging(timers, next->node.at) > 0) return;
  }
  uv_idle_start(&timers->polling, on_polling);
}

void tuv_timers_init(tuv_timers_t* timers, uv_loop_t* loop, const tuv_alloc_t* alloc) {
  timers->armed_for = timers->polled_from = timers->judge_by = timers->judged = 0;
  timers->graced = timers->judging = false;
  timers->unsent = NULL;
  timers->unread = NULL;
  tuv_queue_init(&timers->fifo);
  tuv_heap_init(&timers->heap, alloc);
  uv_timer_init(loop, &timers->handle); /* neither of the two can fail */
  uv_idle_init(loop, &timers->polling);
  timers->handle.data = timers->polling.data = timers;
}

/* A deadline that is set while others are judged must not expire in the same turn. */
static void set(tuv_timers_t* timers, tuv_timed_t* timed, uint64_t at) {
  TUV_ASSERT(timed->expire != NULL && timed->node.index == 0 && timed->link.next == NULL);
  timed->node.at = at <= timers->judged ? timers->judged + 1 : at;
  timed->node.index = 0;
  timed->link.next = NULL;
}

static int into_heap(tuv_timers_t* timers, tuv_timed_t* timed) {
  if (tuv_heap_insert(&timers->heap, &timed->node) != 0) return UV_ENOMEM;
  arm(timers);
  return 0;
}

int tuv_timers_add(tuv_timers_t* timers, tuv_timed_t* timed, uint64_t at) {
  set(timers, timed, at);
  return into_heap(timers, timed);
}

int tuv_timers_add_usual(tuv_timers_t* timers, tuv_timed_t* timed, uint64_t at) {
  set(timers, timed, at);
  bool in_order = tuv_queue_empty(&timers->fifo) ||
                  of_link(timers->fifo.prev)->node.at <= timed->node.at;
  if (!in_order) return into_heap(timers, timed);
  tuv_queue_push(&timers->fifo, &timed->link);
  arm(timers);
  return 0;
}

void tuv_timers_remove(tuv_timers_t* timers, tuv_timed_t* timed) {
  if (timed->link.next != NULL) {
    tuv_queue_remove(&timed->link);
    timed->link.next = NULL;
  } else {
    tuv_heap_remove(&timers->heap, &timed->node);
  }
}

void tuv_timers_free(tuv_timers_t* timers) {
  TUV_ASSERT(tuv_heap_first(&timers->heap) == NULL);
  tuv_heap_free(&timers->heap);
}

/* ---- patience ---- */

void tuv_patience_begin(tuv_patience_t* patience, uint64_t ms) {
  patience->step = ms / TUV_PATIENCE_STEPS + (ms % TUV_PATIENCE_STEPS != 0);
  patience->left = TUV_PATIENCE_STEPS;
  patience->at = tuv_after(tuv_now(), patience->step);
}

bool tuv_patience_next(tuv_patience_t* patience) {
  patience->at = tuv_after(tuv_now(), patience->step);
  return --patience->left > 0;
}

uint64_t tuv_patience_rest(const tuv_patience_t* patience) {
  uint64_t now = tuv_now();
  if (patience->left == 0) return 0;
  uint64_t present = patience->at > now ? patience->at - now : 0;
  return present + patience->step * (patience->left - 1);
}
