/* The life of a request: begun, held, cancelled, out of time, complete once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "req_kit.h"

static const unsigned executed = TAOSUV_ERR_MAYBE_EXECUTED;

static void expect_pending(const call_t* call) {
  assert_true(taosuv_is_pending(&call->req));
  assert_int_equal(call->completed, 0);
}

static void expect_complete(const call_t* call, int status, unsigned flags) {
  assert_int_equal(call->completed, 1);
  assert_int_equal(call->status, status);
  assert_int_equal(call->req.err_flags, flags);
  assert_int_equal(kit_limit(call), 0);
}

/* ---- it begins ---- */

static void beginning_clears_what_an_earlier_use_left(void** state) {
  (void) state;
  call_t call;
  memset(&call, 0xA5, sizeof call);
  call.req.req_id = call.req.timeout_ms = call.req.deadline = 0;
  tuv_req_of(&call.req)->state = TUV_REQ_IDLE;
  call_start(&call);
  assert_int_equal(call.req.status, 0);
  assert_int_equal(call.req.err_flags, 0);
  assert_int_equal(call.req.server_code, 0);
  assert_int_equal(call.req.server_time_ns, 0);
  assert_int_equal(call.req.total_time_ns, 0);
  assert_null(call.req.message);
  assert_null(call.req.host);
  const tuv_req_t* priv = tuv_req_of(&call.req);
  assert_false(priv->left || priv->late || priv->stays);
  assert_null(priv->payload);
  assert_int_equal(priv->moves, 0);
  assert_int_equal(kit.context.pending, 1);
  tuv_req_unstart(&call.req);
}

static void an_id_is_made_unless_the_caller_has_one(void** state) {
  (void) state;
  call_t a = {0}, b = {0}, own = {.req.req_id = 42};
  call_start(&a);
  call_start(&b);
  call_start(&own);
  assert_true(a.req.sent_req_id != 0 && a.req.sent_req_id != b.req.sent_req_id);
  assert_int_equal(a.req.req_id, 0);
  assert_int_equal(tuv_req_of(&a.req)->op.id, a.req.sent_req_id);
  assert_int_equal(own.req.sent_req_id, 42);
  tuv_req_unstart(&a.req);
  tuv_req_unstart(&b.req);
  tuv_req_unstart(&own.req);
}

static void no_two_requests_begin_at_the_same_time(void** state) {
  (void) state;
  call_t a = {0}, b = {0}, c = {0};
  call_start(&a);
  call_start(&b); /* the clock has not moved */
  assert_int_equal(tuv_req_of(&b.req)->started, tuv_req_of(&a.req)->started + 1);
  kit_pass(1);
  call_start(&c);
  assert_true(tuv_req_of(&c.req)->started > tuv_req_of(&b.req)->started + 1);
  tuv_req_unstart(&a.req);
  tuv_req_unstart(&b.req);
  tuv_req_unstart(&c.req);
}

static void a_beginning_that_is_taken_back_leaves_nothing(void** state) {
  (void) state;
  call_t call = {0};
  call_start(&call);
  assert_true(taosuv_is_pending(&call.req));
  assert_true(kit_limit(&call) != 0);
  tuv_req_unstart(&call.req);
  assert_false(taosuv_is_pending(&call.req));
  assert_int_equal(kit_limit(&call), 0);
  assert_int_equal(kit.context.pending, 0);
  kit_pass(60000);
  assert_int_equal(call.completed, 0);
}

static void without_memory_for_its_limit_it_does_not_begin(void** state) {
  (void) state;
  call_t call = {.req.timeout_ms = 5}; /* not the usual limit: it goes into the heap */
  alloc_probe_fail(&kit.probe, 1, false);
  assert_int_equal(tuv_req_start(&kit.context, &call.req, &call_type), TAOSUV_ENOMEM);
  assert_false(taosuv_is_pending(&call.req));
  assert_int_equal(kit.context.pending, 0);
  assert_int_equal(kit_limit(&call), 0);
}

/* ---- its time limit ---- */

/* Starts it with these, and says when its time is up. */
static uint64_t limit_of(uint64_t usual, uint64_t timeout, uint64_t deadline) {
  call_t call = {.req.timeout_ms = timeout, .req.deadline = deadline};
  kit.context.url.request_timeout = usual;
  call_start(&call);
  uint64_t at = kit_limit(&call);
  tuv_req_unstart(&call.req);
  return at;
}

/* The clock is at 5000.0007 ms: no limit is shorter for being counted in whole milliseconds. */
static void the_earliest_limit_counts(void** state) {
  (void) state;
  assert_int_equal(kit_now(), 5000);
  assert_int_equal(limit_of(30000, 0, 0), 35001);
  assert_int_equal(limit_of(30000, 200, 0), 5201);
  assert_int_equal(limit_of(30000, 90000, 0), 95001);
  assert_int_equal(limit_of(30000, 0, 6000), 6000);
  assert_int_equal(limit_of(30000, 200, 6000), 5201);
  assert_int_equal(limit_of(30000, 200, 5100), 5100);
  assert_int_equal(limit_of(0, 0, 6000), 6000);
  assert_int_equal(limit_of(0, 0, 0), 0);
  assert_int_equal(limit_of(0, 7, 0), 5008);
  assert_int_equal(limit_of(0, UINT64_MAX, 0), UINT64_MAX);
}

static void a_deadline_may_have_passed_already(void** state) {
  (void) state;
  static const struct {
    uint64_t deadline;
    bool late;
  } cases[] = {{0, false}, {1, true}, {4999, true}, {5000, true}, {5001, false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    call_t call = {.req.deadline = cases[i].deadline};
    call_start(&call);
    assert_int_equal(tuv_req_is_late(&call.req), cases[i].late);
    tuv_req_unstart(&call.req);
  }
}

static void a_request_that_was_not_sent_is_out_of_time(void** state) {
  (void) state;
  call_t call = {.req.timeout_ms = 10};
  call_hold(&call, &sending_holder);
  call.req.host = "host:1";
  kit_pass(10);
  expect_pending(&call);
  kit_pass(1);
  expect_complete(&call, TAOSUV_EUNSENT, TAOSUV_ERR_RETRYABLE);
  assert_int_equal(call.released, 1);
  assert_string_equal(call.message, taosuv_strerror(TAOSUV_EUNSENT));
  assert_string_equal(call.host, ""); /* it went over no connection */
  assert_int_equal(kit.doubted, 0);
}

static void a_request_that_was_sent_is_out_of_time(void** state) {
  (void) state;
  call_t call = {.req.timeout_ms = 10, .sent = true, .waits_on = some_conn};
  call_hold(&call, &sending_holder);
  call.req.host = "host:1";
  kit_pass(11);
  expect_complete(&call, TAOSUV_ETIMEDOUT, executed);
  assert_string_equal(call.message, taosuv_strerror(TAOSUV_ETIMEDOUT));
  assert_string_equal(call.host, "host:1");
  assert_ptr_equal(kit.last_doubted, some_conn);
  assert_string_equal(kit.order, "rdcb"); /* it has left its holder before anything else happens */
}

static void waiting_for_what_executes_nothing_is_out_of_time(void** state) {
  (void) state;
  call_t call = {.req.timeout_ms = 10, .sent = true, .waits_on = some_conn};
  call_hold(&call, &reading_holder);
  kit_pass(11);
  expect_complete(&call, TAOSUV_ETIMEDOUT, TAOSUV_ERR_RETRYABLE);
  assert_string_equal(call.message, "no answer within the time limit; nothing was executed");
  assert_int_equal(kit.doubted, 1);
}

/* It was sent over a connection that died, and waits to be sent again. */
static void a_request_that_had_left_before_may_be_executed(void** state) {
  (void) state;
  call_t call = {.req.timeout_ms = 10};
  call_hold(&call, &sending_holder);
  tuv_req_of(&call.req)->left = true;
  kit_pass(11);
  expect_complete(&call, TAOSUV_ETIMEDOUT, executed);
}

static void a_request_that_stays_waits_beyond_its_time(void** state) {
  (void) state;
  call_t call = {.req.timeout_ms = 10, .sent = true, .waits_on = some_conn};
  call_hold(&call, &sending_holder);
  tuv_req_of(&call.req)->stays = true;
  kit_pass(11);
  expect_pending(&call);
  assert_true(tuv_req_of(&call.req)->late);
  assert_int_equal(call.released, 0);
  assert_int_equal(kit.doubted, 1);
  kit_pass(60000);
  expect_pending(&call);
  tuv_req_finish(&call.req, 0);
  expect_complete(&call, 0, 0);
}

static void a_request_that_stays_but_was_not_sent_fails(void** state) {
  (void) state;
  call_t call = {.req.timeout_ms = 10};
  call_hold(&call, &sending_holder);
  tuv_req_of(&call.req)->stays = true;
  kit_pass(11);
  expect_complete(&call, TAOSUV_EUNSENT, TAOSUV_ERR_RETRYABLE);
  assert_false(tuv_req_of(&call.req)->late);
}

static void a_request_that_completed_has_no_limit_left(void** state) {
  (void) state;
  call_t call = {.req.timeout_ms = 10};
  call_hold(&call, &sending_holder);
  tuv_req_finish(&call.req, 0);
  kit_pass(11);
  expect_complete(&call, 0, 0);
}

/* ---- it is cancelled ---- */

static void what_is_not_pending_cannot_be_cancelled(void** state) {
  (void) state;
  call_t call = {0};
  assert_int_equal(taosuv_cancel(NULL), TAOSUV_EINVAL);
  assert_int_equal(taosuv_is_pending(NULL), 0);
  assert_int_equal(taosuv_cancel(&call.req), TAOSUV_EINVAL);
  call_hold(&call, &sending_holder);
  tuv_req_finish(&call.req, 0);
  assert_int_equal(taosuv_cancel(&call.req), TAOSUV_EINVAL);
  assert_int_equal(call.completed, 1);
}

static void a_cancelled_request_completes_in_the_next_turn(void** state) {
  (void) state;
  call_t call = {0};
  call_hold(&call, &sending_holder);
  assert_int_equal(taosuv_cancel(&call.req), 0);
  expect_pending(&call);
  assert_int_equal(call.released, 1);
  assert_int_equal(kit_limit(&call), 0);
  kit_turn();
  expect_complete(&call, TAOSUV_ECANCELED, 0);
  assert_string_equal(call.message, "the request was cancelled");
  kit_turn();
  assert_int_equal(call.completed, 1);
}

static void a_cancelled_request_may_be_executed_if_it_was_sent(void** state) {
  (void) state;
  call_t sent = {.sent = true}, read = {.sent = true}, moved = {0};
  call_hold(&sent, &sending_holder);
  call_hold(&read, &reading_holder);
  call_hold(&moved, &sending_holder);
  tuv_req_of(&moved.req)->left = true;
  assert_int_equal(taosuv_cancel(&sent.req), 0);
  assert_int_equal(taosuv_cancel(&read.req), 0);
  assert_int_equal(taosuv_cancel(&moved.req), 0);
  kit_turn();
  expect_complete(&sent, TAOSUV_ECANCELED, executed);
  expect_complete(&read, TAOSUV_ECANCELED, 0);
  expect_complete(&moved, TAOSUV_ECANCELED, executed);
}

static void a_request_is_cancelled_once(void** state) {
  (void) state;
  call_t call = {0};
  call_hold(&call, &sending_holder);
  assert_int_equal(taosuv_cancel(&call.req), 0);
  assert_int_equal(taosuv_cancel(&call.req), TAOSUV_EINVAL);
  assert_int_equal(call.released, 1);
  kit_turn();
  assert_int_equal(call.completed, 1);
}

/* The request that is reported to a hook may be between two holders. */
static void hooks_do_not_cancel(void** state) {
  (void) state;
  call_t call = {0};
  call_start(&call);
  kit.context.in_hook = true;
  assert_int_equal(taosuv_cancel(&call.req), TAOSUV_EBUSY);
  tuv_req_hold(&call.req, &sending_holder);
  assert_int_equal(taosuv_cancel(&call.req), TAOSUV_EBUSY);
  assert_int_equal(call.released, 0);
  kit.context.in_hook = false;
  tuv_req_finish(&call.req, 0);
}

static void a_holder_that_only_has_a_list_loses_the_request(void** state) {
  (void) state;
  call_t a = {0}, b = {0};
  tuv_queue_t list;
  tuv_queue_init(&list);
  call_hold(&a, &plain_holder);
  tuv_queue_push(&list, &tuv_req_of(&a.req)->op.link);
  call_hold(&b, &plain_holder);
  tuv_queue_push(&list, &tuv_req_of(&b.req)->op.link);
  assert_int_equal(taosuv_cancel(&a.req), 0);
  assert_ptr_equal(list.next, &tuv_req_of(&b.req)->op.link);
  assert_ptr_equal(list.prev, &tuv_req_of(&b.req)->op.link);
  assert_int_equal(taosuv_cancel(&b.req), 0);
  assert_true(tuv_queue_empty(&list));
  kit_turn();
  expect_complete(&a, TAOSUV_ECANCELED, 0);
  expect_complete(&b, TAOSUV_ECANCELED, 0);
}

static void only_the_present_holder_is_asked(void** state) {
  (void) state;
  call_t call = {.sent = true};
  call_hold(&call, &sending_holder);
  assert_true(tuv_req_is_held_by(&call.req, &sending_holder));
  tuv_req_hold(&call.req, &plain_holder);
  assert_false(tuv_req_is_held_by(&call.req, &sending_holder));
  assert_int_equal(taosuv_cancel(&call.req), 0);
  assert_false(tuv_req_is_held(&call.req));
  assert_int_equal(call.released, 0);
  kit_turn();
  expect_complete(&call, TAOSUV_ECANCELED, 0);
}

/* ---- it completes ---- */

static void the_callback_has_the_outcome(void** state) {
  (void) state;
  call_t good = {0}, bad = {0}, failed = {0};
  call_hold(&good, &sending_holder);
  call_hold(&bad, &sending_holder);
  call_hold(&failed, &sending_holder);
  kit_pass(3);
  tuv_req_finish(&good.req, 0);
  tuv_req_finish(&bad.req, TAOSUV_ENOMEM);
  tuv_req_fail(&failed.req, &(tuv_failure_t) {TAOSUV_ESERVER, TAOSUV_ERR_RETRYABLE, 0x123,
                                              "what the server says", "host:1"});
  expect_complete(&good, 0, 0);
  assert_string_equal(good.message, "");
  assert_int_equal(good.req.total_time_ns, 3000000);
  expect_complete(&bad, TAOSUV_ENOMEM, 0);
  assert_string_equal(bad.message, taosuv_strerror(TAOSUV_ENOMEM));
  expect_complete(&failed, TAOSUV_ESERVER, TAOSUV_ERR_RETRYABLE);
  assert_string_equal(failed.message, "what the server says");
  assert_string_equal(failed.host, "host:1");
  assert_int_equal(failed.req.server_code, 0x123);
  assert_int_equal(kit.context.totals.requests, 3);
  assert_int_equal(kit.context.totals.failures, 2);
}

static void only_a_failure_says_that_it_may_be_executed(void** state) {
  (void) state;
  call_t good = {0}, bad = {0};
  call_hold(&good, &sending_holder);
  call_hold(&bad, &sending_holder);
  tuv_req_of(&good.req)->left = tuv_req_of(&bad.req)->left = true;
  tuv_req_finish(&good.req, 0);
  tuv_req_fail(&bad.req, &(tuv_failure_t) {.status = TAOSUV_ECONNLOST});
  expect_complete(&good, 0, 0);
  expect_complete(&bad, TAOSUV_ECONNLOST, executed);
}

static void start_again(call_t* call) {
  call->then = NULL;
  call_hold(call, &sending_holder);
}

static void a_callback_may_use_the_request_again(void** state) {
  (void) state;
  call_t call = {.then = start_again};
  call_hold(&call, &sending_holder);
  tuv_req_finish(&call.req, 0);
  assert_int_equal(call.completed, 1);
  assert_true(taosuv_is_pending(&call.req));
  assert_int_equal(kit.context.pending, 1);
  tuv_req_finish(&call.req, TAOSUV_ENOMEM);
  assert_int_equal(call.completed, 2);
}

static void a_kept_payload_is_given_back(void** state) {
  (void) state;
  call_t call = {0};
  call_hold(&call, &sending_holder);
  tuv_refbuf_t* payload = tuv_refbuf_take(kit.context.mem, 10);
  tuv_req_of(&call.req)->payload = tuv_refbuf_ref(payload);
  tuv_req_finish(&call.req, 0);
  assert_null(tuv_req_of(&call.req)->payload);
  assert_int_equal(payload->refs, 1);
  tuv_refbuf_unref(payload);
}

static void the_end_of_a_closing_client_is_looked_for(void** state) {
  (void) state;
  call_t a = {0}, b = {0};
  call_hold(&a, &sending_holder);
  call_hold(&b, &sending_holder);
  tuv_req_finish(&a.req, 0);
  kit_turn();
  assert_int_equal(kit.ends, 0);
  kit.context.closing = true;
  tuv_req_finish(&b.req, 0);
  kit_turn();
  assert_int_equal(kit.ends, 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_setup, kit_teardown)
  const struct CMUnitTest tests[] = {TEST(beginning_clears_what_an_earlier_use_left),
                                     TEST(an_id_is_made_unless_the_caller_has_one),
                                     TEST(no_two_requests_begin_at_the_same_time),
                                     TEST(a_beginning_that_is_taken_back_leaves_nothing),
                                     TEST(without_memory_for_its_limit_it_does_not_begin),
                                     TEST(the_earliest_limit_counts),
                                     TEST(a_deadline_may_have_passed_already),
                                     TEST(a_request_that_was_not_sent_is_out_of_time),
                                     TEST(a_request_that_was_sent_is_out_of_time),
                                     TEST(waiting_for_what_executes_nothing_is_out_of_time),
                                     TEST(a_request_that_had_left_before_may_be_executed),
                                     TEST(a_request_that_stays_waits_beyond_its_time),
                                     TEST(a_request_that_stays_but_was_not_sent_fails),
                                     TEST(a_request_that_completed_has_no_limit_left),
                                     TEST(what_is_not_pending_cannot_be_cancelled),
                                     TEST(a_cancelled_request_completes_in_the_next_turn),
                                     TEST(a_cancelled_request_may_be_executed_if_it_was_sent),
                                     TEST(a_request_is_cancelled_once),
                                     TEST(hooks_do_not_cancel),
                                     TEST(a_holder_that_only_has_a_list_loses_the_request),
                                     TEST(only_the_present_holder_is_asked),
                                     TEST(the_callback_has_the_outcome),
                                     TEST(only_a_failure_says_that_it_may_be_executed),
                                     TEST(a_callback_may_use_the_request_again),
                                     TEST(a_kept_payload_is_given_back),
                                     TEST(the_end_of_a_closing_client_is_looked_for)};
#undef TEST
  return cmocka_run_group_tests(tests, NULL, NULL);
}
