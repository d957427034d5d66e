/* Completing requests later: in turns, and many that fail for one reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "req_kit.h"

#define MANY (2 * TUV_TURN_COMPLETIONS + 7)

static call_t* calls;

static int setup(void** state) {
  calls = calloc(MANY, sizeof *calls);
  assert_non_null(calls);
  return kit_setup(state);
}

static int teardown(void** state) {
  free(calls);
  return kit_teardown(state);
}

static unsigned count_completed(void) {
  unsigned count = 0;
  for (unsigned i = 0; i < MANY; i++) {
    assert_in_range(calls[i].completed, 0, 1);
    count += calls[i].completed;
  }
  return count;
}

static const tuv_failure_t lost = {TAOSUV_ECONNLOST, TAOSUV_ERR_RETRYABLE, 5, "it was lost",
                                   "host:1"};

/* All of them, set aside. */
static void set_aside_all(tuv_queue_t* reqs) {
  tuv_queue_init(reqs);
  for (unsigned i = 0; i < MANY; i++) {
    call_start(&calls[i]);
    tuv_req_set_aside(&calls[i].req, reqs);
  }
}

static void expect_lost(const call_t* call) {
  assert_int_equal(call->completed, 1);
  assert_int_equal(call->status, TAOSUV_ECONNLOST);
  assert_int_equal(call->req.err_flags, TAOSUV_ERR_RETRYABLE);
  assert_int_equal(call->req.server_code, 5);
  assert_string_equal(call->message, "it was lost");
  assert_string_equal(call->host, "host:1");
}

static void deferred_requests_complete_in_order(void** state) {
  (void) state;
  for (unsigned i = 0; i < 3; i++) {
    call_hold(&calls[i], &plain_holder);
    tuv_req_defer(&calls[i].req, i == 1 ? TAOSUV_ENOMEM : 0, 0, i == 1 ? "the second" : NULL);
  }
  assert_int_equal(count_completed(), 0);
  kit_turn();
  assert_int_equal(count_completed(), 3);
  assert_string_equal(kit.order, "cbcbcb");
  assert_int_equal(calls[1].status, TAOSUV_ENOMEM);
  assert_string_equal(calls[1].message, "the second");
}

static void defer_again(call_t* call) {
  call->then = NULL;
  call_hold(call, &plain_holder);
  tuv_req_defer(&call->req, 0, 0, NULL);
}

static void what_a_callback_defers_waits_for_the_next_turn(void** state) {
  (void) state;
  calls[0].then = defer_again;
  call_hold(&calls[0], &plain_holder);
  tuv_req_defer(&calls[0].req, 0, 0, NULL);
  kit_turn();
  assert_int_equal(calls[0].completed, 1);
  assert_true(taosuv_is_pending(&calls[0].req));
  kit_turn();
  assert_int_equal(calls[0].completed, 2);
}

static void a_turn_completes_a_limited_number(void** state) {
  (void) state;
  kit.context.completed = NULL;
  for (unsigned i = 0; i < MANY; i++) {
    call_hold(&calls[i], &plain_holder);
    tuv_req_defer(&calls[i].req, 0, 0, NULL);
  }
  kit_turn();
  assert_int_equal(count_completed(), TUV_TURN_COMPLETIONS);
  assert_int_equal(calls[TUV_TURN_COMPLETIONS - 1].completed, 1);
  kit_turn();
  assert_int_equal(count_completed(), 2 * TUV_TURN_COMPLETIONS);
  kit_turn();
  assert_int_equal(count_completed(), MANY);
}

static void few_requests_fail_at_once(void** state) {
  (void) state;
  tuv_queue_t reqs;
  tuv_queue_init(&reqs);
  for (unsigned i = 0; i < 3; i++) {
    call_start(&calls[i]);
    tuv_req_set_aside(&calls[i].req, &reqs);
  }
  tuv_req_fail_all(&kit.context, &reqs, &lost);
  for (unsigned i = 0; i < 3; i++) expect_lost(&calls[i]);
  assert_int_equal(count_completed(), 3);
}

/* The texts of the failure do not live until then. */
static void many_requests_fail_in_several_turns(void** state) {
  (void) state;
  char message[] = "it was lost", host[] = "host:1";
  tuv_failure_t failure = lost;
  tuv_queue_t reqs;
  kit.context.completed = NULL;
  failure.message = message;
  failure.host = host;
  set_aside_all(&reqs);
  tuv_req_fail_all(&kit.context, &reqs, &failure);
  assert_int_equal(count_completed(), TUV_TURN_COMPLETIONS);
  memset(message, 'x', sizeof message - 1);
  memset(host, 'x', sizeof host - 1);
  kit_turn();
  assert_int_equal(count_completed(), 2 * TUV_TURN_COMPLETIONS);
  kit_turn();
  for (unsigned i = 0; i < MANY; i++) expect_lost(&calls[i]);
}

static void a_failure_may_have_no_texts(void** state) {
  (void) state;
  static const tuv_failure_t failure = {.status = TAOSUV_ECONNLOST};
  tuv_queue_t reqs;
  kit.context.completed = NULL;
  set_aside_all(&reqs);
  tuv_req_fail_all(&kit.context, &reqs, &failure);
  kit_turn();
  kit_turn();
  assert_int_equal(count_completed(), MANY);
  assert_string_equal(calls[MANY - 1].message, taosuv_strerror(TAOSUV_ECONNLOST));
  assert_string_equal(calls[MANY - 1].host, "");
}

static void without_memory_all_fail_at_once(void** state) {
  (void) state;
  tuv_queue_t reqs;
  kit.context.completed = NULL;
  set_aside_all(&reqs);
  alloc_probe_fail(&kit.probe, 1, true);
  tuv_req_fail_all(&kit.context, &reqs, &lost);
  for (unsigned i = 0; i < MANY; i++) expect_lost(&calls[i]);
  alloc_probe_fail(&kit.probe, 0, false);
}

/* Of those that wait for their turn one is cancelled, and the time of two is up. */
static void what_is_set_aside_can_still_be_cancelled(void** state) {
  (void) state;
  call_t *cancelled = &calls[MANY - 1], *unsent = &calls[MANY - 2], *sent = &calls[MANY - 3];
  tuv_queue_t reqs;
  kit.context.completed = NULL;
  unsent->req.timeout_ms = sent->req.timeout_ms = 10;
  set_aside_all(&reqs);
  tuv_req_of(&sent->req)->left = true;
  tuv_req_fail_all(&kit.context, &reqs, &lost);
  assert_int_equal(taosuv_cancel(&cancelled->req), 0);
  kit_pass(11);
  assert_int_equal(unsent->status, TAOSUV_EUNSENT);
  assert_int_equal(sent->status, TAOSUV_ETIMEDOUT);
  assert_int_equal(sent->req.err_flags, TAOSUV_ERR_MAYBE_EXECUTED);
  kit_turn();
  assert_int_equal(cancelled->status, TAOSUV_ECANCELED);
  kit_turn();
  assert_int_equal(count_completed(), MANY);
}

static void cancel_the_next(call_t* call) {
  assert_int_equal(taosuv_cancel(&call[1].req), 0);
}

static void a_callback_may_cancel_one_that_fails_with_it(void** state) {
  (void) state;
  tuv_queue_t reqs;
  tuv_queue_init(&reqs);
  for (unsigned i = 0; i < 3; i++) {
    call_start(&calls[i]);
    tuv_req_set_aside(&calls[i].req, &reqs);
  }
  calls[0].then = cancel_the_next;
  tuv_req_fail_all(&kit.context, &reqs, &lost);
  expect_lost(&calls[0]);
  expect_lost(&calls[2]);
  assert_int_equal(calls[1].completed, 0);
  kit_turn();
  assert_int_equal(calls[1].status, TAOSUV_ECANCELED);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {TEST(deferred_requests_complete_in_order),
                                     TEST(what_a_callback_defers_waits_for_the_next_turn),
                                     TEST(a_turn_completes_a_limited_number),
                                     TEST(few_requests_fail_at_once),
                                     TEST(many_requests_fail_in_several_turns),
                                     TEST(a_failure_may_have_no_texts),
                                     TEST(without_memory_all_fail_at_once),
                                     TEST(what_is_set_aside_can_still_be_cancelled),
                                     TEST(a_callback_may_cancel_one_that_fails_with_it)};
#undef TEST
  return cmocka_run_group_tests(tests, NULL, NULL);
}
