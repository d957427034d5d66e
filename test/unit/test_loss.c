/* The loss of a connection: what depends on it is detached, requests go on elsewhere or fail, then
 * dependents are called, then the pool decides. And how requests are cancelled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/conn/send.h"
#include "conn_kit.h"

static call_t calls[8];

static int setup(void** state) {
  (void) state;
  memset(calls, 0, sizeof calls);
  return 0;
}

static bool maybe_executed(const call_t* call) {
  return (call->req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0;
}

static void assert_lost(const call_t* call, bool maybe) {
  assert_int_equal(call->completed, 1);
  assert_int_equal(call->status, TAOSUV_ECONNLOST);
  assert_string_equal(call->message, "the peer is gone");
  assert_string_equal(call->host, "a:6041");
  assert_int_equal(maybe_executed(call), maybe);
}

static void begin_with_one_ready(const char* url) {
  conn_kit_begin(url);
  call_query(&calls[0]);
  link_ready(link_at(0));
}

/* ---- what becomes of requests ---- */

static void requests_that_have_left_fail_as_maybe_executed(void** state) {
  (void) state;
  begin_with_one_ready("ws://a/");
  link_leave_all(link_at(0));
  link_lose(link_at(0), "the peer is gone");
  conn_kit_settle();
  assert_lost(&calls[0], true);
  assert_int_equal(ck.nlinks, 1);
}

static void requests_that_never_left_go_over_another_connection(void** state) {
  (void) state;
  begin_with_one_ready("ws://a/");
  call_query(&calls[1]);
  link_at(0)->left = LINK_BYTES; /* the first has left, the second has not */
  link_lose(link_at(0), "the peer is gone");
  conn_kit_settle();
  assert_lost(&calls[0], true);
  assert_int_equal(calls[1].completed, 0);
  assert_int_equal(ck.nlinks, 2);
  link_ready(link_at(1));
  assert_int_equal(link_at(1)->sends, 1);
  link_answer(link_at(1), &calls[1]);
  assert_int_equal(calls[1].status, 0);
  assert_int_equal(kit.context.totals.moves, 1);
}

static void moved_requests_keep_their_order_and_come_first(void** state) {
  (void) state;
  begin_with_one_ready("ws://a/?max_inflight=2");
  for (unsigned i = 1; i < 4; i++) call_query(&calls[i]);
  link_lose(link_at(0), "the peer is gone");
  const tuv_queue_t* at = ck.pool.queue.next;
  for (unsigned i = 0; i < 4; i++, at = at->next)
    assert_ptr_equal(at, &tuv_req_of(&calls[i].req)->op.link);
  assert_ptr_equal(at, &ck.pool.queue);
}

static void an_idempotent_request_is_sent_again_even_if_it_has_left(void** state) {
  (void) state;
  conn_kit_begin("ws://a/");
  calls[0].req.idempotent = 1;
  call_query(&calls[0]);
  link_ready(link_at(0));
  link_leave_all(link_at(0));
  link_lose(link_at(0), "the peer is gone");
  assert_int_equal(ck.nlinks, 2);
  link_ready(link_at(1));
  link_answer(link_at(1), &calls[0]);
  assert_int_equal(calls[0].status, 0);
}

static void a_request_is_moved_five_times_at_most(void** state) {
  (void) state;
  begin_with_one_ready("ws://a/?retry_initial=1&retry_max=1");
  for (unsigned i = 0; i < 5; i++) {
    link_lose(link_at(i), "the peer is gone");
    conn_kit_settle();
    assert_int_equal(calls[0].completed, 0);
    link_ready(link_at(i + 1));
    assert_int_equal(link_at(i + 1)->sends, 1);
  }
  link_lose(link_at(5), "the peer is gone");
  conn_kit_settle();
  assert_lost(&calls[0], false);
}

static void a_request_on_a_connection_that_was_idle_is_repeated_once(void** state) {
  (void) state;
  begin_with_one_ready("ws://a/");
  ck.may_repeat = true;
  link_leave_all(link_at(0));
  link_lose(link_at(0), "the peer is gone");
  assert_int_equal(ck.nlinks, 2);
  link_ready(link_at(1));
  link_leave_all(link_at(1));
  link_lose(link_at(1), "the peer is gone");
  conn_kit_settle();
  assert_lost(&calls[0], true);
}

static void nothing_is_moved_while_the_client_closes(void** state) {
  (void) state;
  begin_with_one_ready("ws://a/");
  kit.context.closing = true;
  link_lose(link_at(0), "the peer is gone");
  conn_kit_settle();
  assert_lost(&calls[0], false);
  assert_int_equal(ck.nlinks, 1);
}

static void a_request_whose_payload_is_not_to_be_had_back_fails(void** state) {
  (void) state;
  begin_with_one_ready("ws://a/");
  ck.recover_status = TAOSUV_ENOMEM;
  link_lose(link_at(0), "the peer is gone");
  conn_kit_settle();
  assert_lost(&calls[0], false);
}

static void without_memory_for_another_connection_a_request_fails(void** state) {
  (void) state;
  begin_with_one_ready("ws://a/");
  alloc_probe_fail(&kit.probe, 1, true);
  link_lose(link_at(0), "the peer is gone");
  conn_kit_settle();
  alloc_probe_fail(&kit.probe, 0, false);
  assert_int_equal(calls[0].completed, 1);
  assert_int_equal(calls[0].status, TAOSUV_ENOMEM);
  assert_string_equal(calls[0].message, "no memory for a connection");
  assert_false(maybe_executed(&calls[0]));
}

/* ---- the two phases ---- */

static char order[64];

static void note(const char* what) {
  assert_true(strlen(order) + strlen(what) < sizeof order);
  strcat(order, what);
}

typedef struct thing_s {
  tuv_dependent_t dependent;
  const char* name;
} thing_t;

static void on_detach(tuv_dependent_t* dependent, const tuv_conn_t* conn) {
  assert_int_equal(conn->state, TUV_CONN_DEAD);
  assert_int_equal(calls[0].completed + calls[1].completed, 0);
  note("detach-");
  note(TUV_CONTAINER(dependent, thing_t, dependent)->name);
  note(" ");
}

static void on_lost(tuv_dependent_t* dependent, const tuv_failure_t* failure) {
  assert_int_equal(failure->status, TAOSUV_ECONNLOST);
  assert_string_equal(failure->message, "the peer is gone");
  assert_int_equal(calls[0].completed, 1);
  tuv_dependent_remove(dependent);
  note("lost-");
  note(TUV_CONTAINER(dependent, thing_t, dependent)->name);
  note(" ");
}

static const tuv_dependent_type_t stmts = {
    .rank = TUV_RANK_STMT, .detach = on_detach, .lost = on_lost};
static const tuv_dependent_type_t results = {
    .rank = TUV_RANK_RESULT, .detach = on_detach, .lost = on_lost};

static void on_callback(call_t* call) {
  note(call == &calls[0] ? "callback-0 " : "callback-1 ");
}

static void depend(thing_t* thing, const char* name, const tuv_dependent_type_t* type,
                   tuv_dependents_t* of) {
  *thing = (thing_t) {.name = name};
  tuv_dependent_init(&thing->dependent, type);
  tuv_dependents_add(of, &thing->dependent);
}

static void on_pool_lost(tuv_conn_t* conn) {
  (void) conn;
  note("pool");
}

static void all_is_detached_before_anybody_is_called_back(void** state) {
  (void) state;
  static thing_t stmt, client_stmt, result;
  begin_with_one_ready("ws://a/");
  const tuv_conn_events_t* its_own = ck.pool.conns.events;
  tuv_conn_events_t events = *its_own;
  order[0] = 0;
  call_query(&calls[1]);
  calls[0].then = calls[1].then = on_callback;
  tuv_conn_t* conn = link_at(0)->conn;
  depend(&stmt, "stmt", &stmts, &conn->dependents);
  depend(&result, "result", &results, &conn->dependents);
  depend(&client_stmt, "object", &stmts, &kit.context.dependents);
  events.lost = on_pool_lost;
  ck.pool.conns.events = &events;
  link_leave_all(link_at(0));
  link_lose(link_at(0), "the peer is gone");
  tuv_dependent_remove(&client_stmt.dependent);
  assert_string_equal(order, "detach-object callback-0 callback-1 lost-result lost-stmt pool");
  ck.pool.conns.events = its_own;
  conn_kit_settle();
  assert_lost(&calls[0], true);
  assert_lost(&calls[1], true);
}

static void call_again(call_t* call) {
  (void) call;
  calls[2].then = NULL;
  call_query(&calls[2]);
}

static void a_callback_can_make_new_requests(void** state) {
  (void) state;
  begin_with_one_ready("ws://a/");
  calls[0].then = call_again;
  link_leave_all(link_at(0));
  link_lose(link_at(0), "the peer is gone");
  assert_int_equal(calls[0].completed, 1);
  assert_int_equal(ck.nlinks, 2);
  link_ready(link_at(1));
  link_answer(link_at(1), &calls[2]);
  assert_int_equal(calls[2].status, 0);
}

static void close_all(call_t* call) {
  (void) call;
  kit.context.closing = true;
  tuv_pool_close(&ck.pool);
}

static void a_callback_can_close_everything(void** state) {
  (void) state;
  conn_kit_begin("ws://a/?pool_size=2&max_inflight=1");
  for (unsigned i = 0; i < 4; i++) call_query(&calls[i]);
  link_ready(link_at(0));
  link_ready(link_at(1));
  call_t* first = link_at(0)->conn->inflight.sent.next == &tuv_req_of(&calls[0].req)->op.link
                      ? &calls[0]
                      : &calls[1];
  first->then = close_all;
  link_leave_all(link_at(0));
  link_lose(link_at(0), "the peer is gone");
  conn_kit_settle();
  assert_lost(first, true);
  for (unsigned i = 0; i < 4; i++) {
    assert_int_equal(calls[i].completed, 1);
    if (&calls[i] != first) assert_int_equal(calls[i].status, TAOSUV_ECANCELED);
  }
}

/* ---- cancel ---- */

static void a_message_that_has_not_left_is_taken_back(void** state) {
  (void) state;
  begin_with_one_ready("ws://a/");
  call_query(&calls[1]);
  assert_int_equal(taosuv_cancel(&calls[0].req), 0);
  conn_kit_settle();
  assert_int_equal(calls[0].status, TAOSUV_ECANCELED);
  assert_false(maybe_executed(&calls[0]));
  assert_int_equal(link_at(0)->written, LINK_BYTES);
  assert_int_equal(tuv_req_of(&calls[1].req)->op.at, 0); /* its frame moved up */
  assert_int_equal(tuv_inflight_count(&link_at(0)->conn->inflight), 1);
  assert_int_equal(link_at(0)->abandons, 0);
}

static void a_message_that_has_left_leaves_a_tombstone(void** state) {
  (void) state;
  begin_with_one_ready("ws://a/");
  link_leave_all(link_at(0));
  assert_int_equal(taosuv_cancel(&calls[0].req), 0);
  conn_kit_settle();
  assert_int_equal(calls[0].status, TAOSUV_ECANCELED);
  assert_true(maybe_executed(&calls[0]));
  assert_int_equal(link_at(0)->abandons, 1);
  assert_int_equal(tuv_inflight_count(&link_at(0)->conn->inflight), 1);
  link_answer(link_at(0), &calls[0]); /* late: nobody is called */
  assert_int_equal(calls[0].completed, 1);
  assert_int_equal(tuv_inflight_count(&link_at(0)->conn->inflight), 0);
}

static void the_room_of_a_cancelled_request_is_used_in_the_same_turn(void** state) {
  (void) state;
  begin_with_one_ready("ws://a/?max_inflight=1");
  call_query(&calls[1]);
  assert_int_equal(ck.pool.queued, 1);
  assert_int_equal(taosuv_cancel(&calls[0].req), 0);
  conn_kit_settle();
  assert_int_equal(ck.pool.queued, 0);
  assert_int_equal(link_at(0)->sends, 2);
}

/* ---- a failure before it is ready ---- */

static void the_login_is_not_reported_as_a_request(void** state) {
  (void) state;
  conn_kit_begin("ws://a,b/");
  call_query(&calls[0]);
  link_opened(link_at(0));
  link_lose(link_at(0), "the peer is gone");
  assert_int_equal(calls[0].completed, 0);
  assert_int_equal(ck.nlinks, 2);
}

static void the_connect_ends_with_its_timeout(void** state) {
  (void) state;
  conn_kit_begin("ws://a/?connect_timeout=800&retries=0");
  call_query(&calls[0]);
  for (unsigned i = 0; i < 100 && calls[0].completed == 0; i++) {
    kit_pass(10);
    conn_kit_settle();
  }
  assert_int_equal(calls[0].status, TAOSUV_ECONNTIMEOUT);
  assert_string_equal(calls[0].message, "no connection and upgrade within connect_timeout");
}

static void the_login_ends_with_the_same_timeout(void** state) {
  (void) state;
  conn_kit_begin("ws://a/?connect_timeout=800&retries=0");
  call_query(&calls[0]);
  link_opened(link_at(0));
  for (unsigned i = 0; i < 100 && calls[0].completed == 0; i++) {
    kit_pass(10);
    conn_kit_settle();
  }
  assert_int_equal(calls[0].status, TAOSUV_ECONNTIMEOUT);
  assert_string_equal(calls[0].message, "no log-in within connect_timeout");
  assert_true(link_at(0)->aborted);
}

#define LOSS_TEST(name) cmocka_unit_test_setup_teardown(name, setup, conn_kit_end)

int main(void) {
  const struct CMUnitTest tests[] = {
      LOSS_TEST(requests_that_have_left_fail_as_maybe_executed),
      LOSS_TEST(requests_that_never_left_go_over_another_connection),
      LOSS_TEST(moved_requests_keep_their_order_and_come_first),
      LOSS_TEST(an_idempotent_request_is_sent_again_even_if_it_has_left),
      LOSS_TEST(a_request_is_moved_five_times_at_most),
      LOSS_TEST(a_request_on_a_connection_that_was_idle_is_repeated_once),
      LOSS_TEST(nothing_is_moved_while_the_client_closes),
      LOSS_TEST(a_request_whose_payload_is_not_to_be_had_back_fails),
      LOSS_TEST(without_memory_for_another_connection_a_request_fails),
      LOSS_TEST(all_is_detached_before_anybody_is_called_back),
      LOSS_TEST(a_callback_can_make_new_requests),
      LOSS_TEST(a_callback_can_close_everything),
      LOSS_TEST(a_message_that_has_not_left_is_taken_back),
      LOSS_TEST(a_message_that_has_left_leaves_a_tombstone),
      LOSS_TEST(the_room_of_a_cancelled_request_is_used_in_the_same_turn),
      LOSS_TEST(the_login_is_not_reported_as_a_request),
      LOSS_TEST(the_connect_ends_with_its_timeout),
      LOSS_TEST(the_login_ends_with_the_same_timeout),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
