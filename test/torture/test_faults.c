/* A whole session against a server that misbehaves in one way: what the caller observes, and
 * when. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session.h"
#include "sync.h"

static void stop_faults(void* context) {
  ts_peer_t* peer = ts_server_peer(context);
  ts_peer_set_fault(peer, NULL, 0);
  for (ts_conn_t* conn = ts_peer_next(peer, NULL); conn != NULL; conn = ts_peer_next(peer, conn))
    ts_conn_set_fault(conn, NULL);
}

/* A changed length can turn the rest of a stream into one message that never ends: the client
 * detects it only when the stream ends. */
static void stop_and_cut(void* context) {
  stop_faults(context);
  ts_peer_cut_all(ts_server_peer(context));
}

/* A session with a fault on its first connection. Returns its first failure. */
static int run_with(place_t* place, const ts_fault_t* fault, bool any_status) {
  ts_peer_set_fault(ts_server_peer(place->server), fault, 1);
  int worst = session_run(place, any_status, any_status ? stop_and_cut : stop_faults,
                          place->server);
  ts_peer_set_fault(ts_server_peer(place->server), NULL, 0);
  return worst;
}

static uint64_t ms(void) {
  return uv_hrtime() / 1000000;
}

/* The stream arrives in pieces of n bytes: the results are the same. */
static void pieces_of_every_size_change_nothing(void** state) {
  place_t place;
  (void) state;
  place_set_up(&place, "request_timeout=20000", NULL);
  for (uint32_t n = 1; n <= 300; n++) {
    ts_fault_t fault = {.split = n};
    assert_int_equal(run_with(&place, &fault, false), 0);
  }
  place_tear_down(&place);
}

static void late_replies_are_waited_for(void** state) {
  place_t place;
  (void) state;
  place_set_up(&place, "", NULL);
  ts_fault_t fault = {.reply_delay_ms = 20};
  uint64_t start = ms();
  assert_int_equal(run_with(&place, &fault, false), 0);
  assert_true(ms() - start >= 10 * 20); /* ten replies, one after the other */
  place_tear_down(&place);
}

/* Each byte that the server sends is changed in turn: every request still completes, at once or by
 * its time limit, and the client works with the next connection. */
static void each_byte_is_changed_in_turn(void** state) {
  place_t place;
  (void) state;
  place_set_up(&place, "request_timeout=200&connect_timeout=200", NULL);
  assert_int_equal(session_run(&place, false, NULL, NULL), 0);
  uint64_t bytes = ts_server_counters(place.server).bytes_out;
  unsigned failed = 0;
  for (uint64_t at = 0; at < bytes; at++) {
    ts_fault_t fault = {.xor_offset = at, .xor_mask = (uint8_t) (at % 255 + 1)};
    failed += run_with(&place, &fault, true) != 0;
  }
  print_message("of %llu changed bytes %u were noticed\n", (unsigned long long) bytes, failed);
  assert_true(failed > bytes / 4);
  place_tear_down(&place);
}

/* ---- several requests on one connection ---- */

enum { MANY = 12 };

typedef struct many_s {
  taosuv_exec_t exec[MANY];
  unsigned completed, failed;
  int status; /* of the last request that failed */
  unsigned int flags;
} many_t;

static void on_exec(taosuv_exec_t* req, int status) {
  many_t* many = req->data;
  many->completed++;
  if (status == 0) return;
  many->failed++;
  many->status = status;
  many->flags = req->err_flags;
}

/* Logs in, then sets the fault, then sends many requests at once and waits for all. */
static void send_many(place_t* place, many_t* many, const ts_fault_t* fault) {
  taosuv_client_t* client;
  taosuv_open_t open;
  memset(many, 0, sizeof *many);
  assert_int_equal(taosuv_client_create(&place->loop, place->url, &client), 0);
  assert_int_equal(sync_open(client, &open), 0);
  ts_conn_set_fault(ts_peer_next(ts_server_peer(place->server), NULL), fault);
  for (unsigned i = 0; i < MANY; i++) {
    many->exec[i].data = many;
    assert_int_equal(taosuv_exec(client, &many->exec[i], "select 1", 8, on_exec), 0);
  }
  while (many->completed < MANY) uv_run(&place->loop, UV_RUN_ONCE);
  stop_faults(place->server);
  taosuv_exec_t exec;
  assert_int_equal(sync_exec(client, &exec, "select 1"), 0); /* it goes on */
  sync_close(client);
}

static void replies_that_come_at_once_or_in_reverse_are_told_apart(void** state) {
  place_t place;
  many_t many;
  (void) state;
  place_set_up(&place, "request_timeout=5000", NULL);
  for (uint32_t n = 1; n <= MANY; n++) {
    if (MANY % n != 0) continue; /* the rest would be held for ever */
    ts_fault_t together = {.coalesce = n}, reversed = {.reorder = n};
    send_many(&place, &many, &together);
    assert_int_equal(many.failed, 0);
    send_many(&place, &many, &reversed);
    assert_int_equal(many.failed, 0);
  }
  place_tear_down(&place);
}

static void a_dropped_reply_is_one_timeout(void** state) {
  place_t place;
  many_t many;
  (void) state;
  place_set_up(&place, "request_timeout=150", NULL);
  for (uint32_t n = 1; n <= MANY; n++) {
    ts_fault_t fault = {.drop_reply = n};
    uint64_t start = ms();
    send_many(&place, &many, &fault);
    assert_int_equal(many.failed, 1);
    assert_int_equal(many.status, TAOSUV_ETIMEDOUT);
    assert_int_equal(many.flags & TAOSUV_ERR_MAYBE_EXECUTED, TAOSUV_ERR_MAYBE_EXECUTED);
    assert_in_range(ms() - start, 140, 2000);
  }
  place_tear_down(&place);
}

static void a_repeated_reply_ends_the_connection_at_once(void** state) {
  place_t place;
  many_t many;
  (void) state;
  place_set_up(&place, "request_timeout=20000", NULL);
  ts_fault_t fault = {.repeat_reply = 3};
  uint64_t start = ms();
  send_many(&place, &many, &fault);
  assert_int_equal(many.failed, MANY - 3);
  assert_int_equal(many.status, TAOSUV_EPROTO);
  assert_true(ms() - start < 2000);
  place_tear_down(&place);
}

static void an_unknown_id_ends_the_connection_at_once(void** state) {
  place_t place;
  many_t many;
  (void) state;
  place_set_up(&place, "request_timeout=20000", NULL);
  ts_fault_t fault = {.change_id_reply = 3};
  uint64_t start = ms();
  send_many(&place, &many, &fault);
  assert_int_equal(many.failed, MANY - 2);
  assert_int_equal(many.status, TAOSUV_EPROTO);
  assert_true(ms() - start < 2000);
  place_tear_down(&place);
}

static void a_stall_is_a_timeout_of_all_that_wait(void** state) {
  place_t place;
  many_t many;
  (void) state;
  place_set_up(&place, "request_timeout=150", NULL);
  ts_fault_t fault = {.stall_after_replies = 4};
  uint64_t start = ms();
  send_many(&place, &many, &fault);
  assert_int_equal(many.failed, MANY - 4);
  assert_int_equal(many.status, TAOSUV_ETIMEDOUT);
  assert_in_range(ms() - start, 140, 2000);
  place_tear_down(&place);
}

static void a_close_frame_with_any_code_is_a_lost_connection(void** state) {
  static const uint16_t codes[] = {0, 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 3000, 4999};
  place_t place;
  many_t many;
  (void) state;
  place_set_up(&place, "request_timeout=20000", NULL);
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    ts_fault_t fault = {.close_after_replies = 2, .close_code = codes[i]};
    uint64_t start = ms();
    send_many(&place, &many, &fault);
    assert_int_equal(many.failed, MANY - 2);
    assert_int_equal(many.status, TAOSUV_ECONNLOST);
    assert_true(ms() - start < 2000);
  }
  place_tear_down(&place);
}

/* If the server does not answer the close frame, the connection is closed after a second. */
static void an_ignored_close_frame_delays_the_end_by_a_second_at_most(void** state) {
  place_t place;
  (void) state;
  place_set_up(&place, "", NULL);
  ts_fault_t fault = {.ignore_close = true};
  ts_peer_set_fault(ts_server_peer(place.server), &fault, 0);
  taosuv_client_t* client;
  taosuv_open_t open;
  assert_int_equal(taosuv_client_create(&place.loop, place.url, &client), 0);
  assert_int_equal(sync_open(client, &open), 0);
  uint64_t start = ms();
  sync_close(client);
  assert_in_range(ms() - start, 900, 3000);
  place_tear_down(&place);
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pieces_of_every_size_change_nothing),
      cmocka_unit_test(late_replies_are_waited_for),
      cmocka_unit_test(each_byte_is_changed_in_turn),
      cmocka_unit_test(replies_that_come_at_once_or_in_reverse_are_told_apart),
      cmocka_unit_test(a_dropped_reply_is_one_timeout),
      cmocka_unit_test(a_repeated_reply_ends_the_connection_at_once),
      cmocka_unit_test(an_unknown_id_ends_the_connection_at_once),
      cmocka_unit_test(a_stall_is_a_timeout_of_all_that_wait),
      cmocka_unit_test(a_close_frame_with_any_code_is_a_lost_connection),
      cmocka_unit_test(an_ignored_close_frame_delays_the_end_by_a_second_at_most),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
