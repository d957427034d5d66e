/* Torture: a whole session, once for every allocation that can fail and for every byte at which the
 * stream can be cut, in each direction. Each run must end with plausible statuses, one callback for
 * each request, no leak, and a client that works again. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "session.h"

static void stop_failing(void* context) {
  alloc_probe_fail(context, 0, false);
}

/* The server's version: statements are bound and executed in one message. */
static const char one_message[] = "3.4.1.13";

static void fail_each_allocation(const char* keys, const char* version, bool all) {
  place_t place;
  place_set_up(&place, keys, version);
  size_t failed = 0, n = 0;
  for (;;) {
    n++;
    assert_true(n < 2000);
    size_t before = place.probe.failures;
    alloc_probe_fail(&place.probe, n, all);
    session_run(&place, false, stop_failing, &place.probe);
    assert_int_equal(place.probe.live_blocks, 0);
    alloc_probe_fail(&place.probe, 0, false);
    if (place.probe.failures == before) break; /* the session needed less than n */
    failed++;
  }
  print_message("%zu allocations made to fail%s\n", failed, all ? ", with all later ones" : "");
  assert_true(failed > 20);
  place_tear_down(&place);
}

static void each_allocation_fails_once(void** state) {
  (void) state;
  fail_each_allocation("prefetch=1", NULL, false);
}

static void each_allocation_and_all_later_ones_fail(void** state) {
  (void) state;
  fail_each_allocation("prefetch=1", one_message, true);
}

static void each_allocation_fails_with_a_full_pool(void** state) {
  (void) state;
  fail_each_allocation("prefetch=0&pool_size=2&max_inflight=1&stmt_version=1", NULL, false);
}

#ifdef TUV_HAVE_DEFLATE
static const char compressed[] = "compression=1&compression_threshold=0&request_timeout=20000";

static void each_allocation_fails_with_compression(void** state) {
  (void) state;
  fail_each_allocation(compressed, NULL, false);
}
#endif

static void each_allocation_fails_over_http(void** state) {
  (void) state;
  fail_each_allocation("http", NULL, false);
  fail_each_allocation("http&compression=1", NULL, false);
}

static void stop_cutting(void* context) {
  ts_peer_set_fault(context, NULL, 0);
  for (ts_conn_t* conn = ts_peer_next(context, NULL); conn != NULL;
       conn = ts_peer_next(context, conn))
    ts_conn_set_fault(conn, NULL);
}

static void cut_at_each_byte(const char* keys, const char* version, bool sent, bool reset) {
  place_t place;
  place_set_up(&place, keys, version);
  ts_peer_t* peer = ts_server_peer(place.server);
  assert_int_equal(session_run(&place, false, NULL, NULL), 0);
  ts_counters_t counters = ts_server_counters(place.server);
  uint64_t bytes = sent ? counters.bytes_out : counters.bytes_in;
  unsigned failed = 0;
  for (uint64_t n = 1; n <= bytes; n++) {
    ts_fault_t fault = {.cut_reset = reset};
    *(sent ? &fault.cut_after_sent : &fault.cut_after_received) = n;
    ts_peer_set_fault(peer, &fault, 1);
    failed += session_run(&place, false, stop_cutting, peer) != 0;
  }
  print_message("cut at each of %llu bytes: %u sessions saw a failure\n",
                (unsigned long long) bytes, failed);
  assert_true(failed > bytes / 4);
  place_tear_down(&place);
}

static const char usual[] = "pool_size=1&request_timeout=20000";

static void the_stream_is_cut_at_each_byte_sent_by_the_server(void** state) {
  (void) state;
  cut_at_each_byte(usual, NULL, true, false);
}

static void http_is_cut_at_each_byte_sent_by_the_server(void** state) {
  (void) state;
  cut_at_each_byte("http", NULL, true, false);
}

static void http_is_cut_at_each_byte_sent_by_the_client(void** state) {
  (void) state;
  cut_at_each_byte("http", NULL, false, false);
}

static void the_stream_is_cut_at_each_byte_sent_by_the_client(void** state) {
  (void) state;
  cut_at_each_byte(usual, one_message, false, false);
}

static void the_stream_is_reset_at_each_byte_sent_by_the_server(void** state) {
  (void) state;
  cut_at_each_byte("pool_size=1&request_timeout=20000&stmt_version=1", NULL, true, true);
}

#ifdef TUV_HAVE_DEFLATE
static void the_compressed_stream_is_cut_at_each_byte_sent_by_the_server(void** state) {
  (void) state;
  cut_at_each_byte(compressed, NULL, true, false);
}

static void the_compressed_stream_is_cut_at_each_byte_sent_by_the_client(void** state) {
  (void) state;
  cut_at_each_byte(compressed, NULL, false, false);
}
#endif

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_allocation_fails_once),
      cmocka_unit_test(each_allocation_and_all_later_ones_fail),
      cmocka_unit_test(each_allocation_fails_with_a_full_pool),
      cmocka_unit_test(the_stream_is_cut_at_each_byte_sent_by_the_server),
      cmocka_unit_test(the_stream_is_cut_at_each_byte_sent_by_the_client),
      cmocka_unit_test(the_stream_is_reset_at_each_byte_sent_by_the_server),
      cmocka_unit_test(each_allocation_fails_over_http),
      cmocka_unit_test(http_is_cut_at_each_byte_sent_by_the_server),
      cmocka_unit_test(http_is_cut_at_each_byte_sent_by_the_client),
#ifdef TUV_HAVE_DEFLATE
      cmocka_unit_test(each_allocation_fails_with_compression),
      cmocka_unit_test(the_compressed_stream_is_cut_at_each_byte_sent_by_the_server),
      cmocka_unit_test(the_compressed_stream_is_cut_at_each_byte_sent_by_the_client),
#endif
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
