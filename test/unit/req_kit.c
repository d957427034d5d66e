#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "req_kit.h"

req_kit_t kit;

static char conn_place;
tuv_conn_t* const some_conn = (tuv_conn_t*) (void*) &conn_place;

/* ---- the clock ---- */

static uint64_t clock_ns;

/* The program is linked with --wrap=uv_hrtime: the code under test sees this clock. */
uint64_t __wrap_uv_hrtime(void);
uint64_t __wrap_uv_hrtime(void) {
  return clock_ns;
}

uint64_t kit_now(void) {
  return tuv_now();
}

static tuv_timed_t* first_due(void) {
  tuv_queue_t* fifo = &kit.context.timers.fifo;
  tuv_heap_node_t* node = tuv_heap_first(&kit.context.timers.heap);
  if (node != NULL && node->at <= kit_now()) return TUV_CONTAINER(node, tuv_timed_t, node);
  if (tuv_queue_empty(fifo)) return NULL;
  tuv_timed_t* timed = TUV_CONTAINER(fifo->next, tuv_timed_t, link);
  return timed->node.at <= kit_now() ? timed : NULL;
}

void kit_pass(uint64_t ms) {
  tuv_timed_t* timed;
  clock_ns += ms * 1000000;
  while ((timed = first_due()) != NULL) {
    tuv_timers_remove(&kit.context.timers, timed);
    timed->expire(timed);
  }
}

uint64_t kit_limit(const call_t* call) {
  const tuv_timed_t* timed = &tuv_req_of_const(&call->req)->timed;
  bool set = timed->link.next != NULL || timed->node.index != 0;
  return set ? timed->node.at : 0;
}

/* ---- the context ---- */

static void note(char what) {
  size_t length = strlen(kit.order);
  assert_true(length < sizeof kit.order - 1);
  kit.order[length] = what;
}

static void on_completed(tuv_context_t* context, const tuv_req_t* req) {
  assert_ptr_equal(context, &kit.context);
  assert_ptr_equal(req->context, &kit.context);
  note('c');
}

static void on_timed_out(tuv_conn_t* conn) {
  kit.doubted++;
  kit.last_doubted = conn;
  note('d');
}

static void on_end(tuv_task_t* task) {
  assert_ptr_equal(task, &kit.context.end);
  kit.ends++;
}

int kit_setup(void** state) {
  (void) state;
  memset(&kit, 0, sizeof kit);
  clock_ns = UINT64_C(5000000700); /* 5000 ms and a bit */
  tuv_context_t* context = &kit.context;
  alloc_probe_init(&kit.probe);
  assert_int_equal(uv_loop_init(&kit.loop), 0);
  context->loop = &kit.loop;
  context->mem = tuv_mem_create(&kit.probe.alloc);
  assert_non_null(context->mem);
  context->url.request_timeout = 30000;
  tuv_ids_init(&context->ids, UINT64_C(7) << 41);
  tuv_timers_init(&context->timers, &kit.loop, &context->mem->alloc);
  tuv_turn_init(&context->turn, NULL);
  assert_int_equal(tuv_turn_open(&context->turn, &kit.loop), 0);
  tuv_queue_init(&context->done);
  tuv_queue_init(&context->failing);
  tuv_task_init(&context->complete, tuv_complete_some);
  tuv_task_init(&context->end, on_end);
  context->completed = on_completed;
  context->timed_out = on_timed_out;
  return 0;
}

/* Nothing is left behind by any test. */
int kit_teardown(void** state) {
  (void) state;
  tuv_context_t* context = &kit.context;
  assert_int_equal(context->pending, 0);
  assert_true(tuv_queue_empty(&context->done));
  assert_true(tuv_queue_empty(&context->failing));
  assert_true(tuv_queue_empty(&context->timers.fifo));
  assert_null(tuv_heap_first(&context->timers.heap));
  tuv_timers_free(&context->timers);
  uv_close((uv_handle_t*) &context->turn.handle, NULL);
  uv_close((uv_handle_t*) &context->timers.handle, NULL);
  uv_close((uv_handle_t*) &context->timers.polling, NULL);
  uv_run(&kit.loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&kit.loop), 0);
  tuv_mem_close(context->mem);
  assert_int_equal(kit.probe.live_blocks, 0);
  return 0;
}

void kit_turn(void) {
  uv_run(&kit.loop, UV_RUN_NOWAIT);
}

/* ---- requests and holders ---- */

static call_t* call_of(taosuv_req_t* req) {
  return (call_t*) (void*) req;
}

static void complete(taosuv_req_t* req, int status) {
  call_t* call = call_of(req);
  call->completed++;
  call->status = status;
  assert_int_equal(req->status, status);
  snprintf(call->message, sizeof call->message, "%s", req->message == NULL ? "" : req->message);
  snprintf(call->host, sizeof call->host, "%s", req->host == NULL ? "" : req->host);
  assert_false(taosuv_is_pending(req));
  if (strlen(kit.order) < sizeof kit.order - 1) note('b');
  if (call->then != NULL) call->then(call);
}

static void release(taosuv_req_t* req) {
  call_of(req)->released++;
  note('r');
}

static bool maybe_sent(const taosuv_req_t* req) {
  return ((const call_t*) (const void*) req)->sent;
}

static tuv_conn_t* waits_on(const taosuv_req_t* req) {
  return ((const call_t*) (const void*) req)->waits_on;
}

const tuv_op_type_t call_type = {
    .is_request = true, .action = TAOSUV_ACTION_EXEC, .complete = complete};
const tuv_holder_t sending_holder = {release, maybe_sent, waits_on};
const tuv_holder_t reading_holder = {release, NULL, waits_on};
const tuv_holder_t plain_holder = {NULL, NULL, NULL};

call_t* call_start(call_t* call) {
  assert_int_equal(tuv_req_start(&kit.context, &call->req, &call_type), 0);
  return call;
}

call_t* call_hold(call_t* call, const tuv_holder_t* holder) {
  call_start(call);
  tuv_req_hold(&call->req, holder);
  return call;
}
