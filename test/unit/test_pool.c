/* Which connection a request goes over, what waits for one, and when there are more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/pool/balance.h"
#include "client/pool/queue.h"
#include "conn_kit.h"

static call_t calls[16];

static int setup(void** state) {
  (void) state;
  memset(calls, 0, sizeof calls);
  return 0;
}

static void assert_completed(const call_t* call, int status) {
  assert_int_equal(call->completed, 1);
  assert_int_equal(call->status, status);
}

/* ---- growth ---- */

static void the_first_request_opens_a_connection_and_is_sent_when_it_is_ready(void** state) {
  (void) state;
  conn_kit_begin("ws://a:1/");
  assert_int_equal(ck.nlinks, 0);
  call_query(&calls[0]);
  assert_int_equal(ck.nlinks, 1);
  assert_int_equal(ck.pool.queued, 1);
  link_ready(link_at(0));
  assert_int_equal(ck.pool.queued, 0);
  assert_int_equal(link_at(0)->sends, 1);
  assert_int_equal(link_at(0)->readies, 1);
  assert_int_equal(ck.pool.connects, 1);
  assert_int_equal(calls[0].completed, 0);
  link_answer(link_at(0), &calls[0]);
  assert_completed(&calls[0], 0);
  assert_string_equal(calls[0].host, "a:1");
}

static void a_busy_pool_grows_to_its_size_and_not_beyond(void** state) {
  (void) state;
  conn_kit_begin("ws://a/?pool_size=3");
  for (unsigned i = 0; i < 10; i++) call_query(&calls[i]);
  assert_int_equal(ck.nlinks, 3);
  for (unsigned i = 0; i < 3; i++) link_ready(link_at(i));
  assert_int_equal(ck.pool.queued, 0);
  unsigned sends = 0;
  for (unsigned i = 0; i < 3; i++) {
    assert_true(link_at(i)->sends > 0); /* each took its share */
    sends += link_at(i)->sends;
  }
  assert_int_equal(sends, 10);
  assert_int_equal(ck.nlinks, 3);
}

static void a_request_opens_one_more_when_all_connections_are_busy(void** state) {
  (void) state;
  conn_kit_begin("ws://a/?pool_size=2");
  call_query(&calls[0]);
  link_ready(link_at(0));
  assert_int_equal(ck.nlinks, 1);
  call_query(&calls[1]); /* goes over the busy one, and opens another */
  assert_int_equal(link_at(0)->sends, 2);
  assert_int_equal(ck.nlinks, 2);
}

static void a_request_goes_over_the_connection_with_least_in_flight(void** state) {
  (void) state;
  conn_kit_begin("ws://a/?pool_size=2");
  call_query(&calls[0]);
  call_query(&calls[1]);
  link_ready(link_at(0));
  link_ready(link_at(1));
  unsigned first = link_at(0)->sends;
  assert_int_equal(first + link_at(1)->sends, 2);
  for (unsigned i = 2; i < 6; i++) call_query(&calls[i]);
  assert_int_equal(link_at(0)->sends, 3);
  assert_int_equal(link_at(1)->sends, 3);
}

static void a_full_connection_leaves_requests_in_the_queue(void** state) {
  (void) state;
  conn_kit_begin("ws://a/?max_inflight=2");
  for (unsigned i = 0; i < 4; i++) call_query(&calls[i]);
  link_ready(link_at(0));
  assert_int_equal(link_at(0)->sends, 2);
  assert_int_equal(ck.pool.queued, 2);
  link_answer(link_at(0), &calls[0]);
  assert_int_equal(link_at(0)->sends, 3);
  assert_int_equal(ck.pool.queued, 1);
}

/* ---- bounds of the queue ---- */

static void a_full_queue_refuses_and_reports_room_once(void** state) {
  (void) state;
  conn_kit_begin("ws://a/?max_queue=4&max_inflight=1");
  for (unsigned i = 0; i < 4; i++) call_query(&calls[i]);
  assert_int_equal(call_submit(&calls[4], &query_type, "q"), TAOSUV_EAGAIN);
  assert_false(taosuv_is_pending(&calls[4].req));
  assert_int_equal(call_submit(&calls[4], &query_type, "q"), TAOSUV_EAGAIN);
  assert_int_equal(ck.drained, 0);
  link_ready(link_at(0));
  assert_int_equal(ck.pool.queued, 3);
  assert_int_equal(ck.drained, 0);
  link_answer(link_at(0), &calls[0]); /* half of the queue is free */
  assert_int_equal(ck.drained, 1);
  link_answer(link_at(0), &calls[1]);
  assert_int_equal(ck.drained, 1);
}

static void the_queue_is_bounded_in_bytes_too(void** state) {
  (void) state;
  conn_kit_begin("ws://a/?max_queue_bytes=10");
  assert_int_equal(call_submit(&calls[0], &query_type, "123456"), 0);
  assert_int_equal(call_submit(&calls[1], &query_type, "12345"), TAOSUV_EAGAIN);
  assert_int_equal(call_submit(&calls[1], &query_type, "1234"), 0);
  assert_int_equal(call_submit(&calls[2], &query_type, "1"), TAOSUV_EAGAIN);
  assert_int_equal(ck.pool.queued_bytes, 10);
}

static void an_empty_queue_takes_a_request_of_any_size(void** state) {
  (void) state;
  conn_kit_begin("ws://a/?max_queue_bytes=10");
  assert_int_equal(call_submit(&calls[0], &query_type, "a text of more than ten bytes"), 0);
  assert_int_equal(call_submit(&calls[1], &query_type, "1"), TAOSUV_EAGAIN);
}

static void without_a_queue_one_request_opens_a_connection(void** state) {
  (void) state;
  conn_kit_begin("ws://a/?max_queue=0&max_inflight=1");
  call_query(&calls[0]);
  assert_int_equal(call_submit(&calls[1], &query_type, "q"), TAOSUV_EAGAIN);
  link_ready(link_at(0));
  assert_int_equal(call_submit(&calls[1], &query_type, "q"), TAOSUV_EAGAIN);
  link_answer(link_at(0), &calls[0]);
  assert_int_equal(ck.drained, 1);
  call_query(&calls[1]);
  assert_int_equal(link_at(0)->sends, 2);
}

static void requests_that_wait_for_a_statement_share_the_bounds(void** state) {
  (void) state;
  conn_kit_begin("ws://a/?max_queue=2&max_queue_bytes=10");
  assert_int_equal(tuv_pool_hold(&ck.pool, 50), 0); /* the first one, of any size */
  assert_int_equal(tuv_pool_hold(&ck.pool, 1), TAOSUV_EAGAIN);
  tuv_pool_unhold(&ck.pool, 50);
  assert_int_equal(ck.drained, 1);
  assert_int_equal(tuv_pool_hold(&ck.pool, 5), 0);
  assert_int_equal(tuv_pool_hold(&ck.pool, 5), 0);
  assert_int_equal(tuv_pool_hold(&ck.pool, 0), TAOSUV_EAGAIN);
  tuv_pool_unhold(&ck.pool, 5);
  tuv_pool_unhold(&ck.pool, 5);
}

static void a_queued_request_that_is_cancelled_leaves_the_queue(void** state) {
  (void) state;
  conn_kit_begin("ws://a/");
  call_query(&calls[0]);
  call_query(&calls[1]);
  assert_int_equal(taosuv_cancel(&calls[0].req), 0);
  conn_kit_settle();
  assert_completed(&calls[0], TAOSUV_ECANCELED);
  assert_int_equal(calls[0].req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED, 0);
  assert_int_equal(ck.pool.queued, 1);
  link_ready(link_at(0));
  assert_int_equal(link_at(0)->sends, 1);
}

static void ids_are_known_while_queued_and_in_flight(void** state) {
  (void) state;
  conn_kit_begin("ws://a/");
  call_query(&calls[0]);
  uint64_t id = tuv_req_of(&calls[0].req)->op.id;
  assert_true(tuv_pool_id_in_flight(&ck.pool, id));
  link_ready(link_at(0));
  assert_true(tuv_pool_id_in_flight(&ck.pool, id));
  link_answer(link_at(0), &calls[0]);
  assert_false(tuv_pool_id_in_flight(&ck.pool, id));
}

/* ---- failures of connections ---- */

static void the_next_host_is_tried_when_one_fails(void** state) {
  (void) state;
  conn_kit_begin("ws://a:1,b:2/");
  call_query(&calls[0]);
  assert_int_equal(link_at(0)->host, 0);
  link_refuse(link_at(0), UV_ECONNREFUSED, "refused");
  assert_int_equal(ck.nlinks, 2);
  assert_int_equal(link_at(1)->host, 1);
  assert_int_equal(calls[0].completed, 0);
  link_ready(link_at(1));
  link_answer(link_at(1), &calls[0]);
  assert_completed(&calls[0], 0);
  assert_string_equal(calls[0].host, "b:2");
}

static void requests_fail_with_the_reason_when_all_attempts_failed(void** state) {
  (void) state;
  conn_kit_begin("ws://a:1/?retries=2&retry_initial=100&retry_max=100");
  call_query(&calls[0]);
  for (unsigned attempt = 0; attempt < 3; attempt++) {
    assert_int_equal(calls[0].completed, 0);
    assert_int_equal(ck.nlinks, attempt + 1);
    link_refuse(link_at(attempt), UV_ECONNREFUSED, "nobody listens");
    conn_kit_settle();
    if (attempt < 2) assert_true(ck.pool.reconnect_due);
    kit_pass(121); /* the pause of 100 ms and a fifth */
  }
  conn_kit_settle();
  assert_completed(&calls[0], UV_ECONNREFUSED);
  assert_string_equal(calls[0].message, "nobody listens");
  assert_string_equal(calls[0].host, "a:1");
  assert_int_equal(ck.pool.attempts, 0);
  kit_pass(10000);
  assert_int_equal(ck.nlinks, 3); /* nobody waits: no more attempts */
}

static void a_refusal_is_not_tried_again(void** state) {
  (void) state;
  conn_kit_begin("ws://a,b/?retries=5");
  call_query(&calls[0]);
  link_opened(link_at(0));
  tuv_failure_t failure = {TAOSUV_EAUTH, 0, 0x357, "wrong password", "a:6041"};
  tuv_conn_fail(link_at(0)->conn, &failure);
  conn_kit_settle();
  assert_completed(&calls[0], TAOSUV_EAUTH);
  assert_int_equal(calls[0].req.server_code, 0x357);
  assert_string_equal(calls[0].message, "wrong password");
  assert_int_equal(ck.nlinks, 1);
}

static void other_connections_take_over_when_one_cannot_be_made(void** state) {
  (void) state;
  conn_kit_begin("ws://a/?pool_size=2&max_inflight=1");
  call_query(&calls[0]);
  call_query(&calls[1]);
  link_ready(link_at(0));
  link_refuse(link_at(1), UV_ECONNREFUSED, "refused");
  conn_kit_settle();
  assert_int_equal(calls[0].completed + calls[1].completed, 0);
  assert_int_equal(ck.pool.attempts, 0); /* nobody waited for it alone */
  link_answer(link_at(0), &calls[0]);
  link_answer(link_at(0), &calls[1]);
  assert_completed(&calls[1], 0);
}

static void a_connection_that_cannot_be_begun_fails_the_call(void** state) {
  (void) state;
  conn_kit_begin("ws://a/");
  ck.connect_status = TAOSUV_ENOMEM;
  assert_int_equal(call_submit(&calls[0], &query_type, "q"), TAOSUV_ENOMEM);
  assert_false(taosuv_is_pending(&calls[0].req));
  assert_int_equal(ck.pool.queued, 0);
  ck.connect_status = 0;
  call_query(&calls[0]);
}

/* ---- old gateways ---- */

static void requests_get_connections_of_their_kind_from_an_old_gateway(void** state) {
  (void) state;
  conn_kit_begin("ws://a/?pool_size=1");
  ck.pool.hosts.list[0].base.legacy = true;
  call_query(&calls[0]);
  assert_int_equal(call_submit(&calls[1], &stmt_type, "s"), 0);
  assert_int_equal(ck.nlinks, 2); /* pool_size counts for each kind */
  assert_int_equal(link_at(0)->conn->serves, TUV_SERVES_QUERY);
  assert_int_equal(link_at(1)->conn->serves, TUV_SERVES_STMT);
  link_ready(link_at(1));
  assert_int_equal(link_at(1)->sends, 1);
  assert_int_equal(ck.pool.queued, 1);
  link_ready(link_at(0));
  assert_int_equal(link_at(0)->sends, 1);
  link_answer(link_at(1), &calls[1]);
  link_answer(link_at(0), &calls[0]);
}

/* ---- balance ---- */

static void a_connection_moves_back_to_a_host_that_is_up_again(void** state) {
  (void) state;
  conn_kit_begin("ws://a,b/?pool_size=1&load_balance=first&retry_initial=1000&retry_max=1000");
  call_query(&calls[0]);
  link_refuse(link_at(0), UV_ECONNREFUSED, "refused");
  link_ready(link_at(1));
  assert_int_equal(link_at(1)->host, 1);
  kit_pass(1300); /* the pause of the first host is over */
  assert_int_equal(ck.nlinks, 3);
  assert_int_equal(link_at(2)->host, 0);
  assert_int_equal(ck.pool.moving, 1);
  link_ready(link_at(2));
  assert_int_equal(ck.pool.moving, 0);
  assert_true(link_at(1)->conn->retiring);
  call_query(&calls[1]); /* no more requests over the old one */
  assert_int_equal(link_at(2)->sends, 1);
  link_leave_all(link_at(1));
  link_answer(link_at(1), &calls[0]);
  conn_kit_settle();
  assert_null(link_at(1)->conn); /* it closed with its last result */
  link_answer(link_at(2), &calls[1]);
  assert_completed(&calls[0], 0);
  assert_completed(&calls[1], 0);
}

static void connections_divide_themselves_among_equal_hosts(void** state) {
  (void) state;
  unsigned on[2] = {0, 0};
  conn_kit_begin("ws://a,b/?pool_size=4&max_inflight=1");
  for (unsigned i = 0; i < 4; i++) call_query(&calls[i]);
  assert_int_equal(ck.nlinks, 4);
  for (unsigned i = 0; i < 4; i++) on[link_at(i)->host]++;
  assert_int_equal(on[0], 2);
  assert_int_equal(on[1], 2);
}

/* ---- close and memory ---- */

static void close_cancels_all_requests_and_closes_all_connections(void** state) {
  (void) state;
  conn_kit_begin("ws://a/?pool_size=2&max_inflight=1");
  for (unsigned i = 0; i < 4; i++) call_query(&calls[i]);
  link_ready(link_at(0));
  link_leave_all(link_at(0));
  kit.context.closing = true;
  tuv_pool_close(&ck.pool);
  assert_int_equal(calls[0].completed, 0); /* not in the call */
  conn_kit_settle();
  for (unsigned i = 0; i < 4; i++) assert_completed(&calls[i], TAOSUV_ECANCELED);
  unsigned maybe = 0;
  for (unsigned i = 0; i < 4; i++)
    maybe += (calls[i].req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0;
  assert_int_equal(maybe, 1); /* the one that has left */
}

/* Everything that a pool does, with the n-th allocation failing. Returns whether one failed. */
static bool live_with_failure(size_t n) {
  memset(calls, 0, sizeof calls);
  conn_kit_begin("ws://a,b/?pool_size=2");
  size_t before = kit.probe.failures;
  alloc_probe_fail(&kit.probe, n, false);
  int status[3];
  for (unsigned i = 0; i < 3; i++) status[i] = call_submit(&calls[i], &query_type, "query");
  for (unsigned i = 0; i < ck.nlinks; i++)
    if (ck.links[i].conn != NULL && ck.links[i].conn->state == TUV_CONN_CONNECTING)
      link_ready(&ck.links[i]);
  if (ck.nlinks > 0 && ck.links[0].conn != NULL) link_lose(&ck.links[0], "lost");
  conn_kit_settle();
  bool failed = kit.probe.failures > before;
  conn_kit_end(NULL);
  for (unsigned i = 0; i < 3; i++) {
    if (status[i] == 0) assert_int_equal(calls[i].completed, 1);
    if (status[i] != 0) assert_int_equal(status[i], TAOSUV_ENOMEM);
  }
  return failed;
}

static void without_memory_at_any_place_nothing_is_lost_or_leaked(void** state) {
  (void) state;
  size_t n = 1;
  while (live_with_failure(n)) n++;
  assert_true(n > 5);
}

#define POOL_TEST(name) cmocka_unit_test_setup_teardown(name, setup, conn_kit_end)

int main(void) {
  const struct CMUnitTest tests[] = {
      POOL_TEST(the_first_request_opens_a_connection_and_is_sent_when_it_is_ready),
      POOL_TEST(a_busy_pool_grows_to_its_size_and_not_beyond),
      POOL_TEST(a_request_opens_one_more_when_all_connections_are_busy),
      POOL_TEST(a_request_goes_over_the_connection_with_least_in_flight),
      POOL_TEST(a_full_connection_leaves_requests_in_the_queue),
      POOL_TEST(a_full_queue_refuses_and_reports_room_once),
      POOL_TEST(the_queue_is_bounded_in_bytes_too),
      POOL_TEST(an_empty_queue_takes_a_request_of_any_size),
      POOL_TEST(without_a_queue_one_request_opens_a_connection),
      POOL_TEST(requests_that_wait_for_a_statement_share_the_bounds),
      POOL_TEST(a_queued_request_that_is_cancelled_leaves_the_queue),
      POOL_TEST(ids_are_known_while_queued_and_in_flight),
      POOL_TEST(the_next_host_is_tried_when_one_fails),
      POOL_TEST(requests_fail_with_the_reason_when_all_attempts_failed),
      POOL_TEST(a_refusal_is_not_tried_again),
      POOL_TEST(other_connections_take_over_when_one_cannot_be_made),
      POOL_TEST(a_connection_that_cannot_be_begun_fails_the_call),
      POOL_TEST(requests_get_connections_of_their_kind_from_an_old_gateway),
      POOL_TEST(a_connection_moves_back_to_a_host_that_is_up_again),
      POOL_TEST(connections_divide_themselves_among_equal_hosts),
      POOL_TEST(close_cancels_all_requests_and_closes_all_connections),
      cmocka_unit_test(without_memory_at_any_place_nothing_is_lost_or_leaked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
