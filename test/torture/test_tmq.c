/* Torture of consumers: a whole subscription, once for every allocation that can fail and for every
 * byte at which its first connection can be cut. Each run must end, with one callback for each
 * request, a status that the failure explains, and no leak. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session.h"
#include "taosuv/tmq.h"

#define TOPIC "torture_topic"

/* The state of a run; each step begins when the one before it has succeeded. */
typedef struct run_s {
  place_t* place;
  taosuv_consumer_t* consumer;
  bool done; /* the callback of the step was called */
  bool closed;
  int status;       /* of it */
  int first;        /* failure of the run, or 0 */
  uint64_t wait_ms; /* waits for a message, which may be missing if the connection was cut */
  unsigned rows;
  taosuv_message_t* held;
} run_t;

static void on_watchdog(uv_timer_t* timer) {
  *(bool*) timer->data = true;
}

/* Runs the loop until *flag, or fails the test. */
static void until(run_t* run, const bool* flag) {
  uv_timer_t watchdog;
  bool overdue = false;
  uv_timer_init(&run->place->loop, &watchdog);
  watchdog.data = &overdue;
  uv_timer_start(&watchdog, on_watchdog, 30000, 0);
  while (!*flag && !overdue) uv_run(&run->place->loop, UV_RUN_ONCE);
  assert_false(overdue);
  uv_close((uv_handle_t*) &watchdog, NULL);
  uv_run(&run->place->loop, UV_RUN_NOWAIT);
}

/* Whether the lack of memory or of a connection can be the reason. */
static void check_status(int status, const char* message) {
  static const int explained[] = {0,
                                  TAOSUV_ENOMEM,
                                  TAOSUV_ECONNLOST,
                                  TAOSUV_ECANCELED,
                                  TAOSUV_EHTTP,
                                  TAOSUV_ESTATE,
                                  TAOSUV_ETIMEDOUT,
                                  UV_EOF,
                                  UV_ECONNRESET,
                                  UV_EPIPE};
  for (size_t i = 0; i < sizeof explained / sizeof *explained; i++)
    if (status == explained[i]) return;
  fail_msg("status %d: %s", status, message == NULL ? "" : message);
}

static void completed(taosuv_req_t* req, int status) {
  run_t* run = req->data;
  assert_false(run->done);
  check_status(status, req->message);
  if (status < 0) assert_non_null(req->message);
  run->done = true;
  run->status = status;
}

static void on_subscribe(taosuv_subscribe_t* req, int status) {
  completed((taosuv_req_t*) req, status);
}

static void on_poll(taosuv_poll_t* req, int status) {
  run_t* run = req->data;
  if (req->msg != NULL) {
    for (uint32_t i = 0; i < taosuv_message_blocks(req->msg); i++)
      run->rows += taosuv_block_rows(taosuv_message_block(req->msg, i));
    if (run->held == NULL) run->held = taosuv_message_ref(req->msg);
  }
  completed((taosuv_req_t*) req, status);
}

static void on_commit(taosuv_commit_t* req, int status) {
  completed((taosuv_req_t*) req, status);
}

static void on_seek(taosuv_seek_t* req, int status) {
  completed((taosuv_req_t*) req, status);
}

static void on_assignment(taosuv_assignment_t* req, int status) {
  completed((taosuv_req_t*) req, status);
}

static void on_closed(taosuv_consumer_close_t* req, int status) {
  run_t* run = req->data;
  check_status(status, req->message);
  run->consumer = NULL;
  run->closed = true;
}

static void on_event(taosuv_consumer_t* consumer, const taosuv_consumer_event_t* event,
                     void* data) {
  (void) data;
  check_status(event->status, event->message);
  taosuv_consumer_client(consumer);
}

/* Ends a step: returns whether it succeeded. */
static bool went(run_t* run, int started) {
  if (started == 0)
    until(run, &run->done);
  else
    run->status = started;
  run->done = false;
  check_status(run->status, NULL);
  if (run->status < 0 && run->first == 0) run->first = run->status;
  return run->status == 0;
}

static bool poll_one(run_t* run) {
  taosuv_poll_t poll = {.data = run};
  return went(run, taosuv_consumer_poll(run->consumer, &poll, run->wait_ms, on_poll));
}

static void consume(run_t* run) {
  static const char* const topics[] = {TOPIC};
  taosuv_subscribe_t subscribe = {.data = run};
  taosuv_commit_t commit = {.data = run};
  taosuv_assignment_t assignment = {.data = run};
  taosuv_seek_t seek = {.data = run};
  taosuv_consumer_t* consumer = run->consumer;
  if (!went(run, taosuv_consumer_subscribe(consumer, &subscribe, topics, 1, on_subscribe))) return;
  poll_one(run);
  poll_one(run);
  went(run, taosuv_consumer_commit(consumer, &commit, NULL, on_commit));
  went(run, taosuv_consumer_assignment(consumer, &assignment, TOPIC, on_assignment));
  if (went(run,
           taosuv_consumer_seek_to_beginning(consumer, &seek, TOPIC, TAOSUV_ALL_VGROUPS, on_seek)))
    poll_one(run);
}

static void create(run_t* run) {
  static const taosuv_property_t properties[] = {
      {"group.id", "torture"}, {"auto.offset.reset", "earliest"}, {"auto.commit.interval.ms", "1"}};
  taosuv_allocator_t allocator;
  taosuv_consumer_options_t options;
  memcpy(&allocator, &run->place->probe.alloc, sizeof allocator);
  taosuv_consumer_options_init(&options);
  options.url = run->place->url;
  options.properties = properties;
  options.count = sizeof properties / sizeof *properties;
  options.allocator = &allocator;
  options.on_event = on_event;
  run->first = taosuv_consumer_create(&run->place->loop, &options, &run->consumer);
  check_status(run->first, NULL);
}

/* Returns its first failure, or 0. */
static int run_once(place_t* place, uint64_t wait_ms, unsigned* rows) {
  run_t run = {.place = place, .wait_ms = wait_ms};
  taosuv_consumer_close_t close = {.data = &run};
  create(&run);
  if (run.consumer != NULL) {
    consume(&run);
    assert_int_equal(taosuv_consumer_close(run.consumer, &close, on_closed), 0);
    until(&run, &run.closed);
  }
  taosuv_message_unref(run.held);
  assert_int_equal(place->probe.live_blocks, 0);
  *rows = run.rows;
  return run.first;
}

static void set_up(place_t* place) {
  place_set_up(place, "request_timeout=5000&connect_timeout=2000", NULL);
  assert_int_equal(
      ts_server_exec(place->server, "create topic " TOPIC " as select * from bench.rows_4_2"), 0);
}

/* The group starts again for each run. */
static void forget_group(place_t* place) {
  assert_int_equal(ts_server_exec(place->server, "drop topic " TOPIC), 0);
  assert_int_equal(
      ts_server_exec(place->server, "create topic " TOPIC " as select * from bench.rows_4_2"), 0);
}

static void fail_each_allocation(bool all) {
  place_t place;
  set_up(&place);
  unsigned failed = 0, rows;
  for (size_t n = 1;; n++) {
    assert_true(n < 2000);
    size_t before = place.probe.failures;
    alloc_probe_fail(&place.probe, n, all);
    run_once(&place, 2000, &rows);
    alloc_probe_fail(&place.probe, 0, false);
    if (place.probe.failures == before) {
      assert_int_equal(rows, 6);
      break;
    }
    failed++;
    forget_group(&place);
  }
  print_message("%u allocations made to fail%s\n", failed, all ? ", with all later ones" : "");
  assert_true(failed > 20);
  place_tear_down(&place);
}

static void each_allocation_fails_once(void** state) {
  (void) state;
  fail_each_allocation(false);
}

static void each_allocation_and_all_later_ones_fail(void** state) {
  (void) state;
  fail_each_allocation(true);
}

static void cut_at_each_byte(bool sent) {
  place_t place;
  unsigned rows, disturbed = 0;
  set_up(&place);
  ts_peer_t* peer = ts_server_peer(place.server);
  assert_int_equal(run_once(&place, 2000, &rows), 0);
  assert_int_equal(rows, 6);
  ts_counters_t counters = ts_server_counters(place.server);
  uint64_t bytes = sent ? counters.bytes_out : counters.bytes_in;
  for (uint64_t n = 1; n <= bytes; n++) {
    ts_fault_t fault = {.cut_after_sent = 0};
    *(sent ? &fault.cut_after_sent : &fault.cut_after_received) = n;
    forget_group(&place);
    uint64_t before = ts_peer_counters(peer)->accepted;
    ts_peer_set_fault(peer, &fault, 1);
    run_once(&place, 20, &rows);
    ts_peer_set_fault(peer, NULL, 0);
    if (ts_peer_counters(peer)->accepted > before + 1) disturbed++;
  }
  print_message("cut at each of %llu bytes: %u consumers connected again\n",
                (unsigned long long) bytes, disturbed);
  assert_true(disturbed > bytes / 4);
  place_tear_down(&place);
}

static void the_stream_is_cut_at_each_byte_sent_by_the_server(void** state) {
  (void) state;
  cut_at_each_byte(true);
}

static void the_stream_is_cut_at_each_byte_sent_by_the_client(void** state) {
  (void) state;
  cut_at_each_byte(false);
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_allocation_fails_once),
      cmocka_unit_test(each_allocation_and_all_later_ones_fail),
      cmocka_unit_test(the_stream_is_cut_at_each_byte_sent_by_the_server),
      cmocka_unit_test(the_stream_is_cut_at_each_byte_sent_by_the_client),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
