/* taosuv_client_drain: completes when all requests that were pending at its call have completed. */
#include "fixture.h"

typedef struct drain_s {
  taosuv_client_drain_t req;
  it_t* it;
  unsigned completed;
  int status;
  unsigned others; /* callbacks of other requests that came before */
  const it_op_t* ops;
  size_t count;
} drain_t;

static void on_drained(taosuv_client_drain_t* req, int status) {
  drain_t* drain = req->data;
  drain->completed++;
  drain->status = status;
  for (size_t i = 0; i < drain->count; i++) drain->others += drain->ops[i].completed;
}

static int start(drain_t* drain, taosuv_client_t* client) {
  drain->req.data = drain;
  return taosuv_client_drain(client, &drain->req, on_drained);
}

static bool is_complete(void* data) {
  return ((drain_t*) data)->completed > 0;
}

static int wait_for(it_t* it, drain_t* drain) {
  assert_true(it_until(it, is_complete, drain, 20000));
  assert_int_equal(drain->completed, 1);
  return drain->status;
}

static taosuv_client_t* opened(it_t* it, const char* keys) {
  taosuv_client_t* client = it_client(it, keys);
  it_usable(it, client);
  return client;
}

static void with_nothing_pending_it_completes_in_the_next_turn(void** state) {
  it_t* it = *state;
  drain_t drain = {0};
  taosuv_client_t* client = it_client(it, "");
  assert_int_equal(start(&drain, client), 0);
  assert_int_equal(drain.completed, 0);
  assert_int_equal(taosuv_is_pending((taosuv_req_t*) (void*) &drain.req), 1);
  assert_int_equal(wait_for(it, &drain), 0);
}

static void it_comes_behind_all_that_was_pending(void** state) {
  it_t* it = *state;
  it_op_t ops[30];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = opened(it, "pool_size=2&max_inflight=4");
  drain_t drain = {.ops = ops, .count = 30};
  for (size_t i = 0; i < 30; i++)
    assert_int_equal(it_exec(it, client, &ops[i], "select server_version()"), 0);
  assert_int_equal(start(&drain, client), 0);
  assert_int_equal(wait_for(it, &drain), 0);
  assert_int_equal(drain.others, 30);
  for (size_t i = 0; i < 30; i++) assert_int_equal(it_wait(&ops[i]), 0);
}

static void what_comes_later_is_taken_and_not_waited_for(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t first = {0}, later = {0};
  taosuv_client_t* client = opened(it, "pool_size=2");
  drain_t drain = {0};
  it_rule(it, &(ts_rule_t) {.action = "binary_query", .sql = "1", .wait_ms = 200});
  uint32_t never = it_rule(
      it, &(ts_rule_t) {.action = "binary_query", .sql = "2", .answer = TS_ANSWER_NOTHING});
  assert_int_equal(it_exec(it, client, &first, "select 1"), 0);
  assert_int_equal(start(&drain, client), 0);
  assert_int_equal(it_exec(it, client, &later, "select 2"), 0);
  it_until_hits(it, never, 1);
  assert_int_equal(wait_for(it, &drain), 0);
  assert_int_equal(first.completed, 1);
  assert_int_equal(later.completed, 0);
  it_close_wait(it, client);
  assert_int_equal(it_wait(&later), TAOSUV_ECANCELED);
}

/* A callback's own request is no longer pending; what it starts is not waited for either. */
static void drain_now(it_op_t* op) {
  assert_int_equal(start(op->data, ((drain_t*) op->data)->it->slots[0].client), 0);
}

static void it_can_be_called_in_a_callback(void** state) {
  it_t* it = *state;
  drain_t drain = {.it = it};
  it_op_t op = {.then = drain_now, .data = &drain};
  taosuv_client_t* client = opened(it, "");
  assert_int_equal(it_exec(it, client, &op, "select 1"), 0);
  assert_int_equal(it_wait(&op), 0);
  assert_int_equal(wait_for(it, &drain), 0);
}

static void several_at_once_do_not_wait_for_each_other(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t ops[2];
  memset(ops, 0, sizeof ops);
  drain_t drains[3] = {
      {.ops = ops, .count = 2}, {.ops = ops, .count = 2}, {.ops = ops, .count = 2}};
  taosuv_client_t* client = opened(it, "pool_size=2");
  it_rule(it, &(ts_rule_t) {.action = "binary_query", .sql = "1", .wait_ms = 100});
  it_rule(it, &(ts_rule_t) {.action = "binary_query", .sql = "2", .wait_ms = 600});
  assert_int_equal(it_exec(it, client, &ops[0], "select 1"), 0);
  assert_int_equal(start(&drains[0], client), 0);
  assert_int_equal(it_exec(it, client, &ops[1], "select 2"), 0);
  assert_int_equal(start(&drains[1], client), 0);
  assert_int_equal(start(&drains[2], client), 0);
  for (size_t i = 0; i < 3; i++) assert_int_equal(wait_for(it, &drains[i]), 0);
  assert_int_equal(drains[0].others, 1);
  assert_int_equal(drains[1].others, 2);
  assert_int_equal(drains[2].others, 2);
}

static void it_has_a_time_limit_and_can_be_cancelled(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t op = {0};
  drain_t late = {0}, cancelled = {0};
  taosuv_client_t* client = opened(it, "");
  it_rule(it, &(ts_rule_t) {.action = "binary_query", .answer = TS_ANSWER_NOTHING});
  assert_int_equal(it_exec(it, client, &op, "select 1"), 0);
  late.req.timeout_ms = 200;
  assert_int_equal(start(&late, client), 0);
  assert_int_equal(start(&cancelled, client), 0);
  assert_int_equal(start(&cancelled, client), TAOSUV_EBUSY);
  assert_int_equal(taosuv_cancel((taosuv_req_t*) (void*) &cancelled.req), 0);
  assert_int_equal(wait_for(it, &cancelled), TAOSUV_ECANCELED);
  assert_int_equal(wait_for(it, &late), TAOSUV_ETIMEDOUT);
  assert_int_equal(op.completed, 0);
  it_close_wait(it, client);
  assert_int_equal(it_wait(&op), TAOSUV_ECANCELED);
}

static void closing_cancels_it_and_refuses_another(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t op = {0};
  drain_t drain = {0}, refused = {0};
  taosuv_client_t* client = opened(it, "");
  uint32_t rule = it_rule(it, &(ts_rule_t) {.action = "binary_query", .wait_ms = 200});
  assert_int_equal(it_exec(it, client, &op, "select 1"), 0);
  assert_int_equal(start(&drain, client), 0);
  it_until_hits(it, rule, 1);
  it_close(it, client);
  assert_int_equal(start(&refused, client), TAOSUV_ECLOSED);
  assert_int_equal(wait_for(it, &drain), TAOSUV_ECANCELED);
  assert_int_equal(it_wait(&op), TAOSUV_ECANCELED);
  it_close_wait(it, client);
  assert_int_equal(refused.completed, 0);
}

/* The usual end of a service: drain, then close. */
static void close_now(taosuv_client_drain_t* req, int status) {
  drain_t* drain = req->data;
  drain->completed++;
  drain->status = status;
  it_close(drain->it, drain->it->slots[0].client);
}

static void closing_in_its_callback_cancels_nothing(void** state) {
  it_t* it = *state;
  it_op_t ops[10];
  memset(ops, 0, sizeof ops);
  drain_t drain = {.it = it};
  taosuv_client_t* client = opened(it, "pool_size=2");
  for (size_t i = 0; i < 10; i++)
    assert_int_equal(it_exec(it, client, &ops[i], "select server_version()"), 0);
  drain.req.data = &drain;
  assert_int_equal(taosuv_client_drain(client, &drain.req, close_now), 0);
  for (size_t i = 0; i < 10; i++) assert_int_equal(it_wait(&ops[i]), 0);
  assert_int_equal(wait_for(it, &drain), 0);
  it_closed(&it->slots[0]);
}

typedef struct hooked_s {
  taosuv_client_t* client;
  drain_t drain;
  int status;
} hooked_t;

static void on_trace(void* data, const taosuv_trace_t* trace) {
  hooked_t* hooked = data;
  (void) trace;
  hooked->status = start(&hooked->drain, hooked->client);
}

static void what_cannot_be_is_refused(void** state) {
  it_t* it = *state;
  drain_t drain = {0};
  taosuv_client_t* client = opened(it, "");
  static hooked_t hooked;
  hooked = (hooked_t) {.client = client};
  taosuv_hooks_t hooks = {.size = sizeof hooks, .data = &hooked, .trace = on_trace};
  assert_int_equal(taosuv_client_drain(NULL, &drain.req, on_drained), TAOSUV_EINVAL);
  assert_int_equal(taosuv_client_drain(client, NULL, on_drained), TAOSUV_EINVAL);
  assert_int_equal(taosuv_client_drain(client, &drain.req, NULL), TAOSUV_EINVAL);
  assert_int_equal(taosuv_client_set_hooks(client, &hooks), 0);
  it_usable(it, client);
  assert_int_equal(hooked.status, TAOSUV_EBUSY);
  assert_int_equal(taosuv_client_set_hooks(client, NULL), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(with_nothing_pending_it_completes_in_the_next_turn),
      IT_TEST(it_comes_behind_all_that_was_pending),
      IT_TEST(what_comes_later_is_taken_and_not_waited_for),
      IT_TEST(it_can_be_called_in_a_callback),
      IT_TEST(several_at_once_do_not_wait_for_each_other),
      IT_TEST(it_has_a_time_limit_and_can_be_cancelled),
      IT_TEST(closing_cancels_it_and_refuses_another),
      IT_TEST(closing_in_its_callback_cancels_nothing),
      IT_TEST(what_cannot_be_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
