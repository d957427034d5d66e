/* Completing requests later: those that were deferred, and many that fail for one reason. */
#include <limits.h>
#include <string.h>

#include "client/core/complete.h"
#include "client/core/context.h"

static void complete_later(tuv_context_t* context) {
  tuv_turn_post(&context->turn, &context->complete, TUV_PHASE_COMPLETE);
}

/* ---- failing many ---- */

/* Requests that fail for one reason. */
typedef struct tuv_failing_s {
  tuv_queue_t link; /* in context.failing */
  tuv_queue_t reqs;
  tuv_failure_t failure; /* its texts are behind it */
} tuv_failing_t;

/* What it was sent for has failed: `left` says whether it may be executed. */
static bool never(const taosuv_req_t* req) {
  (void) req;
  return false;
}

static const tuv_holder_t set_aside_holder = {.maybe_sent = never};

void tuv_req_set_aside(taosuv_req_t* req, tuv_queue_t* reqs) {
  tuv_op_t* op = &tuv_req_of(req)->op;
  op->conn = NULL;
  tuv_req_hold(req, &set_aside_holder);
  tuv_queue_push(reqs, &op->link);
}

/* Fails some, and returns how many. */
static unsigned fail_first(tuv_queue_t* reqs, const tuv_failure_t* failure, unsigned most) {
  unsigned count = 0;
  for (; count < most && !tuv_queue_empty(reqs); count++) {
    tuv_op_t* op = TUV_CONTAINER(reqs->next, tuv_op_t, link);
    tuv_queue_remove(&op->link);
    tuv_req_fail(tuv_req_of_op(op), failure);
  }
  return count;
}

static const char* copy(char** out, const char* text) {
  if (text == NULL) return NULL;
  size_t size = strlen(text) + 1;
  char* made = memcpy(*out, text, size);
  *out += size;
  return made;
}

static bool fail_later(tuv_context_t* context, tuv_queue_t* reqs, const tuv_failure_t* failure) {
  size_t texts = (failure->message == NULL ? 0 : strlen(failure->message) + 1) +
                 (failure->host == NULL ? 0 : strlen(failure->host) + 1);
  tuv_failing_t* failing = tuv_malloc(&context->mem->alloc, sizeof *failing + texts);
  if (failing == NULL) return false;
  char* out = (char*) (failing + 1);
  failing->failure = *failure;
  failing->failure.message = copy(&out, failure->message);
  failing->failure.host = copy(&out, failure->host);
  tuv_queue_init(&failing->reqs);
  tuv_queue_move(reqs, &failing->reqs);
  tuv_queue_init(&failing->link);
  tuv_queue_push(&context->failing, &failing->link);
  complete_later(context);
  return true;
}

void tuv_req_fail_all(tuv_context_t* context, tuv_queue_t* reqs, const tuv_failure_t* failure) {
  fail_first(reqs, failure, TUV_TURN_COMPLETIONS);
  if (!tuv_queue_empty(reqs) && !fail_later(context, reqs, failure))
    fail_first(reqs, failure, UINT_MAX);
}

/* ---- some in each turn ---- */

/* What callbacks add, and what is too much for one turn, waits for the next. */
static void complete_done(tuv_context_t* context) {
  const tuv_queue_t* last = context->done.prev;
  bool more = !tuv_queue_empty(&context->done);
  for (unsigned count = 0; more && count < TUV_TURN_COMPLETIONS; count++) {
    tuv_op_t* op = TUV_CONTAINER(context->done.next, tuv_op_t, link);
    taosuv_req_t* req = tuv_req_of_op(op);
    more = &op->link != last;
    tuv_queue_remove(&op->link);
    tuv_req_finish(req, tuv_req_of(req)->outcome);
  }
}

static void fail_some(tuv_context_t* context) {
  unsigned count = 0;
  while (count < TUV_TURN_COMPLETIONS && !tuv_queue_empty(&context->failing)) {
    tuv_failing_t* failing = TUV_CONTAINER(context->failing.next, tuv_failing_t, link);
    count += fail_first(&failing->reqs, &failing->failure, TUV_TURN_COMPLETIONS - count);
    if (!tuv_queue_empty(&failing->reqs)) break;
    tuv_queue_remove(&failing->link);
    tuv_free(&context->mem->alloc, failing);
  }
}

void tuv_complete_some(tuv_task_t* task) {
  tuv_context_t* context = TUV_CONTAINER(task, tuv_context_t, complete);
  complete_done(context);
  fail_some(context);
  if (!tuv_queue_empty(&context->done) || !tuv_queue_empty(&context->failing))
    complete_later(context);
}
