/* The bundled server's faults, seen by a plain socket. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ws_client.h"

static void fault(wc_t* f, ts_fault_t what) {
  ts_peer_set_fault(ts_server_peer(f->server), &what, 1);
}

static void upgrades_are_answered_as_told(void** state) {
  wc_t* f = *state;
  fault(f, (ts_fault_t) {.upgrade_answer = "HTTP/1.1 503 Busy\r\n\r\n"});
  wc_open_ws(f);
  wc_wait_for(f, 1, 2000);
  assert_int_equal(f->client.end, UV_EOF);
  assert_memory_equal(f->client.bytes.data, "HTTP/1.1 503 Busy\r\n\r\n", 21);
  fault(f, (ts_fault_t) {.upgrade_silent = true});
  wc_open_socket(f);
  wc_write_bytes(f, wc_upgrade, strlen(wc_upgrade));
  wc_wait_for(f, 1, 30);
  assert_int_equal(f->client.end, 0);
  assert_int_equal(f->client.bytes.size, 0);
  wc_open_ws(f); /* the fault was for one connection */
  assert_true(f->client.head > 0);
}

static void replies_are_dropped_repeated_and_renamed(void** state) {
  wc_t* f = *state;
  fault(f, (ts_fault_t) {.drop_reply = 1, .repeat_reply = 3, .change_id_reply = 2});
  wc_open_ws(f);
  wc_ask(f, 4);
  wc_wait_for(f, 4, 2000);
  assert_int_equal(f->client.count, 4);
  assert_true(wc_req_id(f, 0) == (UINT64_C(1) << 62 | 2));
  assert_int_equal(wc_req_id(f, 1), 3);
  assert_int_equal(wc_req_id(f, 2), 3);
  assert_int_equal(wc_req_id(f, 3), 4);
}

static void replies_are_held_and_reordered(void** state) {
  wc_t* f = *state;
  fault(f, (ts_fault_t) {.coalesce = 3});
  wc_open_ws(f);
  wc_ask(f, 2);
  wc_wait_for(f, 1, 30);
  assert_int_equal(f->client.count, 0);
  wc_ask(f, 1);
  wc_wait_for(f, 3, 2000);
  assert_int_equal(f->client.count, 3);
  fault(f, (ts_fault_t) {.reorder = 4});
  wc_open_ws(f);
  wc_ask(f, 6);
  wc_wait_for(f, 4, 2000);
  wc_wait_for(f, 5, 30);
  assert_int_equal(f->client.count, 4);
  for (size_t i = 0; i < 4; i++) assert_int_equal(wc_req_id(f, i), 4 - i);
  ts_conn_set_fault(ts_peer_next(ts_server_peer(f->server), NULL), NULL);
  wc_wait_for(f, 6, 2000);
  assert_int_equal(wc_req_id(f, 4), 5);
}

static void replies_are_delayed(void** state) {
  wc_t* f = *state;
  fault(f, (ts_fault_t) {.reply_delay_ms = 50});
  wc_open_ws(f);
  wc_ask(f, 2);
  uint64_t before = uv_hrtime();
  wc_wait_for(f, 2, 2000);
  assert_int_equal(wc_req_id(f, 0), 1);
  assert_int_equal(wc_req_id(f, 1), 2);
  assert_true(uv_hrtime() - before >= UINT64_C(45000000));
}

static void connections_close_and_stall_after_replies(void** state) {
  wc_t* f = *state;
  fault(f, (ts_fault_t) {.close_after_replies = 2, .close_code = 1001});
  wc_open_ws(f);
  wc_ask(f, 2);
  wc_wait_for(f, 3, 2000);
  assert_int_equal(f->client.messages[2].opcode, TUV_WS_CLOSE);
  assert_int_equal(f->client.messages[2].code, 1001);
  fault(f, (ts_fault_t) {.stall_after_replies = 1, .ignore_close = true});
  wc_open_ws(f);
  wc_ask(f, 3);
  wc_frame(f, TUV_WS_PING, "x", 1);
  wc_frame(f, TUV_WS_CLOSE, NULL, 0);
  wc_wait_for(f, 2, 50);
  assert_int_equal(f->client.count, 1);
  assert_int_equal(f->client.end, 0);
}

/* For every N: exactly N bytes arrive, then the end. */
static void connections_are_cut_after_any_byte_sent(void** state) {
  wc_t* f = *state;
  wc_open_ws(f);
  wc_ask(f, 2);
  wc_wait_for(f, 2, 2000);
  size_t total = f->client.bytes.size;
  for (size_t cut = 1; cut < total; cut += 7) {
    fault(f, (ts_fault_t) {.cut_after_sent = cut});
    wc_open_ws(f);
    if (f->client.end == 0) wc_ask(f, 2);
    wc_wait_for(f, 64, 2000);
    assert_true(f->client.end < 0);
    assert_int_equal(f->client.bytes.size, cut);
  }
}

static void connections_are_cut_after_bytes_received(void** state) {
  wc_t* f = *state;
  fault(f, (ts_fault_t) {.cut_after_received = 20, .cut_reset = true});
  wc_open_ws(f);
  wc_wait_for(f, 64, 2000);
  assert_int_equal(f->client.end, UV_ECONNRESET);
  assert_int_equal(f->client.bytes.size, 0);
  fault(f, (ts_fault_t) {.cut_after_received = strlen(wc_upgrade) + 45 + 46});
  wc_open_ws(f);
  wc_ask(f, 2); /* 47 bytes each: the second one is not read to its end */
  wc_wait_for(f, 64, 2000);
  assert_true(f->client.end < 0);
  assert_int_equal(f->client.count, 1);
}

static void writes_are_split(void** state) {
  wc_t* f = *state;
  fault(f, (ts_fault_t) {.split = 1});
  wc_open_ws(f);
  wc_ask(f, 2);
  wc_wait_for(f, 2, 5000);
  assert_int_equal(f->client.count, 2);
  assert_int_equal(f->client.reads, f->client.bytes.size);
  assert_true(wc_has(f, 1, "\"req_id\":2"));
}

static void one_byte_is_changed(void** state) {
  wc_t* f = *state;
  wc_open_ws(f);
  size_t head = f->client.head;
  for (size_t offset = 0; offset < head + 4; offset += head + 3) {
    fault(f, (ts_fault_t) {.xor_mask = 0x20, .xor_offset = offset});
    wc_open_ws(f);
    wc_ask(f, 1);
    wc_wait_for(f, 1, 2000);
    assert_int_equal(f->client.bytes.data[0], offset == 0 ? 'h' : 'H');
    assert_int_equal(f->client.bytes.data[head + 3], offset == 0 ? '"' : '"' ^ 0x20);
  }
}

static void new_connections_can_be_refused_and_all_be_cut(void** state) {
  wc_t* f = *state;
  wc_login(f);
  ts_peer_cut_all(ts_server_peer(f->server));
  wc_wait_for(f, 64, 2000);
  assert_int_equal(f->client.end, UV_EOF);
  ts_peer_refuse(ts_server_peer(f->server), true);
  wc_open_socket(f);
  wc_wait_for(f, 1, 2000);
  assert_true(f->client.end < 0);
  assert_int_equal(ts_server_counters(f->server).open, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, wc_setup, wc_teardown)
  const struct CMUnitTest tests[] = {
      TEST(upgrades_are_answered_as_told),
      TEST(replies_are_dropped_repeated_and_renamed),
      TEST(replies_are_held_and_reordered),
      TEST(replies_are_delayed),
      TEST(connections_close_and_stall_after_replies),
      TEST(connections_are_cut_after_any_byte_sent),
      TEST(connections_are_cut_after_bytes_received),
      TEST(writes_are_split),
      TEST(one_byte_is_changed),
      TEST(new_connections_can_be_refused_and_all_be_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
