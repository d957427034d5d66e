/* All deadlines of a client on one uv_timer_t. */
#include "io/timers.h"

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

/* Arms the handle for the earliest deadline. It is not put off when that deadline is taken back:
 * firing early once costs less than re-arming for every request. */
static void arm(tuv_timers_t* timers) {
  const tuv_timed_t* next = first(timers);
  if (next == NULL) return;
  if (timers->armed_for != 0 && timers->armed_for <= next->node.at) return;
  uint64_t now = uv_now(timers->handle.loop);
  timers->armed_for = next->node.at == 0 ? 1 : next->node.at;
  uv_timer_start(&timers->handle, on_timer, next->node.at > now ? next->node.at - now : 0, 0);
}

static void on_timer(uv_timer_t* handle) {
  tuv_timers_t* timers = handle->data;
  uint64_t now = uv_now(handle->loop);
  timers->armed_for = 0;
  for (;;) {
    tuv_timed_t* next = first(timers);
    if (next == NULL || next->node.at > now) break;
    tuv_timers_remove(timers, next);
    next->expire(next);
  }
  if (!uv_is_closing((uv_handle_t*) handle)) arm(timers);
}

void tuv_timers_init(tuv_timers_t* timers, uv_loop_t* loop, const tuv_alloc_t* alloc,
                     uint64_t usual) {
  timers->usual = usual;
  timers->armed_for = 0;
  tuv_queue_init(&timers->fifo);
  tuv_heap_init(&timers->heap, alloc);
  uv_timer_init(loop, &timers->handle); /* cannot fail */
  timers->handle.data = timers;
}

int tuv_timers_add(tuv_timers_t* timers, tuv_timed_t* timed, uint64_t at) {
  /* A deadline that has passed is due in the next turn: one set while expiring must not be met by
   * the same loop over what is due. */
  uint64_t now = uv_now(timers->handle.loop);
  if (at <= now) at = now + 1;
  timed->node.at = at;
  timed->node.index = 0;
  timed->link.next = NULL;
  bool usual = at == now + timers->usual;
  bool in_order = tuv_queue_empty(&timers->fifo) || of_link(timers->fifo.prev)->node.at <= at;
  if (usual && in_order)
    tuv_queue_push(&timers->fifo, &timed->link);
  else if (tuv_heap_insert(&timers->heap, &timed->node) != 0)
    return UV_ENOMEM;
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
  tuv_heap_free(&timers->heap);
}
