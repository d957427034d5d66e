/* Signs of life, idle time and age of a connection; and connections on which a request timed out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/conn/suspect.h"
#include "conn_kit.h"

static call_t calls[4];

static int setup(void** state) {
  (void) state;
  memset(calls, 0, sizeof calls);
  return 0;
}

/* One connection that is ready and has nothing in flight. */
static link_t* begin_idle(const char* url) {
  conn_kit_begin(url);
  call_query(&calls[3]);
  link_t* link = link_at(0);
  link_ready(link);
  link_answer(link, &calls[3]);
  return link;
}

static void pass(uint64_t ms) {
  kit_pass(ms);
  conn_kit_settle();
}

/* ---- pings ---- */

static void a_silent_peer_is_pinged_and_then_lost(void** state) {
  (void) state;
  link_t* link = begin_idle("ws://a:1/?ping_interval=400");
  pass(101); /* the check that sees the signs of the log-in */
  for (unsigned i = 1; i <= 3; i++) {
    assert_int_equal(link->probes, 0);
    pass(100);
  }
  assert_int_equal(link->probes, 1);
  for (unsigned i = 4; i < 7; i++) pass(100);
  assert_non_null(link->conn);
  assert_int_equal(link->probes, 1); /* one ping is enough */
  pass(100);
  assert_null(link->conn);
  assert_int_equal(ck.pool.hosts.list[0].failures, 1); /* the host is passed over for a while */
}

static void a_request_on_a_silent_connection_fails(void** state) {
  (void) state;
  link_t* link = begin_idle("ws://a:1/?ping_interval=400");
  call_query(&calls[0]);
  link_leave_all(link);
  for (unsigned i = 0; i < 9 && calls[0].completed == 0; i++) pass(100);
  assert_int_equal(calls[0].completed, 1);
  assert_int_equal(calls[0].status, TAOSUV_ECONNLOST);
  assert_string_equal(calls[0].message,
                      "the server gave no sign of life within two ping intervals");
}

static void any_sign_of_life_begins_the_count_anew(void** state) {
  (void) state;
  link_t* link = begin_idle("ws://a/?ping_interval=400");
  for (unsigned i = 0; i < 30; i++) {
    if (i % 3 == 0) link->signs++;
    pass(100);
  }
  assert_int_equal(link->probes, 0);
  for (unsigned i = 0; i < 4; i++) pass(100);
  assert_int_equal(link->probes, 1);
  link->signs++; /* the pong */
  for (unsigned i = 0; i < 6; i++) pass(100);
  assert_non_null(link->conn);
  assert_int_equal(link->probes, 2);
}

static void a_busy_loop_counts_as_one_check(void** state) {
  (void) state;
  link_t* link = begin_idle("ws://a/?ping_interval=400");
  pass(101);
  pass(60000); /* the loop could not hear the peer */
  assert_non_null(link->conn);
  assert_int_equal(link->probes, 0);
  pass(100);
  pass(100);
  assert_int_equal(link->probes, 1);
}

static void a_connection_that_is_paused_is_not_silent(void** state) {
  (void) state;
  link_t* link = begin_idle("ws://a/?ping_interval=400");
  tuv_queue_push(&ck.pool.conns.paused, &link->conn->paused); /* it has bytes to read */
  for (unsigned i = 0; i < 20; i++) kit_pass(100);
  assert_non_null(link->conn);
  assert_int_equal(link->probes, 0);
}

static void without_ping_interval_or_a_way_to_ping_there_are_no_checks(void** state) {
  (void) state;
  link_t* link = begin_idle("ws://a/?ping_interval=0");
  pass(3600000);
  assert_non_null(link->conn);
  assert_int_equal(link->probes, 0);
  conn_kit_end(state);

  setup(state);
  conn_kit_begin("ws://a/?ping_interval=400");
  link_transport.probe = NULL; /* as HTTP */
  call_query(&calls[0]);
  link = link_at(0);
  link_ready(link);
  link_answer(link, &calls[0]);
  for (unsigned i = 0; i < 20; i++) pass(100);
  assert_non_null(link->conn);
}

/* ---- idle time and age ---- */

static void an_idle_connection_is_closed(void** state) {
  (void) state;
  link_t* link = begin_idle("ws://a/?idle_timeout=1000&ping_interval=0");
  pass(900);
  call_query(&calls[0]);
  link_answer(link, &calls[0]);
  pass(900); /* it was used meanwhile */
  assert_non_null(link->conn);
  pass(101);
  assert_null(link->conn);
  assert_int_equal(ck.nlinks, 1); /* nobody needs another one */
}

static void a_connection_with_something_open_is_not_idle(void** state) {
  (void) state;
  link_t* link = begin_idle("ws://a/?idle_timeout=1000&ping_interval=0");
  call_query(&calls[0]);
  link_leave_all(link);
  pass(1001);
  pass(1001);
  assert_non_null(link->conn);
  link_answer(link, &calls[0]);
  pass(1001);
  assert_null(link->conn);
}

static void an_old_connection_is_retired_up_to_a_tenth_early(void** state) {
  (void) state;
  link_t* link = begin_idle("ws://a/?max_age=10000&ping_interval=0");
  uint64_t age = link->conn->retire_at - kit_now();
  assert_in_range(age, 9000, 10000);
  pass(8999);
  assert_non_null(link->conn);
  pass(1001);
  assert_null(link->conn);
}

static void an_old_connection_waits_for_what_is_open_on_it(void** state) {
  (void) state;
  link_t* link = begin_idle("ws://a/?max_age=10000&ping_interval=0");
  call_query(&calls[0]);
  link_leave_all(link);
  pass(10001);
  assert_non_null(link->conn);
  assert_true(link->conn->retiring);
  assert_int_equal(ck.pool.conns.retiring, 1);
  call_query(&calls[1]); /* opens another one */
  assert_int_equal(ck.nlinks, 2);
  link_ready(link_at(1));
  assert_int_equal(link_at(1)->sends, 1);
  link_answer(link, &calls[0]);
  conn_kit_settle();
  assert_null(link->conn);
  link_answer(link_at(1), &calls[1]);
}

/* ---- suspect connections ---- */

static link_t* begin_suspect(const char* url) {
  link_t* link = begin_idle(url);
  call_query(&calls[0]);
  link_leave_all(link);
  tuv_suspect_begin(link->conn);
  assert_true(link->conn->suspect);
  assert_int_equal(link->probes, 1);
  return link;
}

static void a_suspect_connection_gets_no_new_request_until_it_is_heard(void** state) {
  (void) state;
  link_t* link = begin_suspect("ws://a/?ping_interval=0");
  assert_true(ck.pool.hosts.list[0].doubted);
  call_query(&calls[1]);
  assert_int_equal(link->sends, 2); /* the log-in's query and the one that timed out */
  assert_int_equal(ck.pool.queued, 1);
  tuv_suspect_heard(link->conn);
  conn_kit_settle();
  assert_false(link->conn->suspect);
  assert_false(ck.pool.hosts.list[0].doubted);
  assert_int_equal(link->sends, 3);
  assert_int_equal(ck.pool.queued, 0);
}

static void a_suspect_connection_that_stays_silent_is_lost(void** state) {
  (void) state;
  link_t* link = begin_suspect("ws://a:1,b:2/?ping_interval=0&probe_timeout=1000");
  for (unsigned i = 0; i < 200 && calls[0].completed == 0; i++) pass(10);
  assert_int_equal(calls[0].status, TAOSUV_ECONNLOST);
  assert_string_equal(calls[0].message,
                      "a request timed out, and the server gave no sign of life within "
                      "probe_timeout");
  assert_null(link->conn);
  assert_int_equal(ck.pool.hosts.list[0].failures, 1);
  call_query(&calls[1]);
  assert_int_equal(link_at(ck.nlinks - 1)->host, 1); /* the other host */
}

static void a_suspect_connection_is_probed_once(void** state) {
  (void) state;
  link_t* link = begin_suspect("ws://a/?ping_interval=0");
  tuv_suspect_begin(link->conn);
  assert_int_equal(link->probes, 1);
}

static void a_probe_that_cannot_be_sent_makes_nothing_suspect(void** state) {
  (void) state;
  link_t* link = begin_idle("ws://a/?ping_interval=0");
  ck.probe_fails = true;
  tuv_suspect_begin(link->conn);
  assert_false(link->conn->suspect);
  assert_true(ck.pool.hosts.list[0].doubted);
}

#define ALIVE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, conn_kit_end)

int main(void) {
  const struct CMUnitTest tests[] = {
      ALIVE_TEST(a_silent_peer_is_pinged_and_then_lost),
      ALIVE_TEST(a_request_on_a_silent_connection_fails),
      ALIVE_TEST(any_sign_of_life_begins_the_count_anew),
      ALIVE_TEST(a_busy_loop_counts_as_one_check),
      ALIVE_TEST(a_connection_that_is_paused_is_not_silent),
      ALIVE_TEST(without_ping_interval_or_a_way_to_ping_there_are_no_checks),
      ALIVE_TEST(an_idle_connection_is_closed),
      ALIVE_TEST(a_connection_with_something_open_is_not_idle),
      ALIVE_TEST(an_old_connection_is_retired_up_to_a_tenth_early),
      ALIVE_TEST(an_old_connection_waits_for_what_is_open_on_it),
      ALIVE_TEST(a_suspect_connection_gets_no_new_request_until_it_is_heard),
      ALIVE_TEST(a_suspect_connection_that_stays_silent_is_lost),
      ALIVE_TEST(a_suspect_connection_is_probed_once),
      ALIVE_TEST(a_probe_that_cannot_be_sent_makes_nothing_suspect),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
