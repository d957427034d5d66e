/* Frames that no server may send, floods, answers without a request: a status at once, and the
 * client continues. */
#include "hostile.h"

typedef struct frame_s {
  const char* name;
  int status;
  const char* bytes;
  size_t size;
} frame_t;

#define BYTES(text) text, sizeof text - 1

static const frame_t frames[] = {
    {"masked frame", TAOSUV_EWS, BYTES("\x81\x82\x01\x02\x03\x04zz")},
    {"RSV1 without compression", TAOSUV_EWS, BYTES("\xc1\x02{}")},
    {"RSV2", TAOSUV_EWS, BYTES("\xa1\x02{}")},
    {"RSV3", TAOSUV_EWS, BYTES("\x91\x02{}")},
    {"opcode 3", TAOSUV_EWS, BYTES("\x83\x00")},
    {"opcode 11", TAOSUV_EWS, BYTES("\x8b\x00")},
    {"continuation of nothing", TAOSUV_EWS, BYTES("\x80\x02{}")},
    {"a message within a message", TAOSUV_EWS, BYTES("\x01\x01{\x81\x01}")},
    {"ping in fragments", TAOSUV_EWS, BYTES("\x09\x00")},
    {"ping of 126 bytes", TAOSUV_EWS, BYTES("\x89\x7e\x00\x7e")},
    {"invalid UTF-8", TAOSUV_EWS, BYTES("\x81\x02\xc3\x28")},
    {"UTF-8 cut at the end", TAOSUV_EWS, BYTES("\x81\x01\xc3")},
    {"length of 64 bits with its first set", TAOSUV_EWS,
     BYTES("\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x01")},
    {"close of one byte", TAOSUV_EWS, BYTES("\x88\x01\x03")},
    {"close with code 1005", TAOSUV_EWS, BYTES("\x88\x02\x03\xed")},
    {"close with code 999", TAOSUV_EWS, BYTES("\x88\x02\x03\xe7")},
    {"close with a reason that is no UTF-8", TAOSUV_EWS, BYTES("\x88\x03\x03\xe8\xff")},
    {"close without code", TAOSUV_ECONNLOST, BYTES("\x88\x00")},
    {"close with code 1000", TAOSUV_ECONNLOST, BYTES("\x88\x02\x03\xe8")},
    {"close with code 1001 and a reason", TAOSUV_ECONNLOST,
     BYTES("\x88\x05\x03\xe9"
           "bye")},
    {"close with code 1011", TAOSUV_ECONNLOST, BYTES("\x88\x02\x03\xf3")},
    {"close with code 4999", TAOSUV_ECONNLOST, BYTES("\x88\x02\x13\x87")},
    {"message announced as larger than the limit", TAOSUV_EMSGSIZE,
     BYTES("\x82\x7f\x00\x00\x00\x00\x00\x03\x0d\x41")},
    {"message announced with 2^62 bytes", TAOSUV_EMSGSIZE,
     BYTES("\x82\x7f\x40\x00\x00\x00\x00\x00\x00\x00")},
    {"HTTP after the upgrade", TAOSUV_EWS, BYTES("HTTP/1.1 400 Bad Request\r\n\r\n")},
};

static void frame_lie(void** state) {
  it_t* it = *state;
  const frame_t* frame = it->param;
  taosuv_client_t* client = hostile_client(it);
  it_op_t op = {0};
  uint64_t begun = it_ms();
  uint32_t rule = it_rule(it, &(ts_rule_t) {.action = "binary_query", .answer = TS_ANSWER_NOTHING});
  assert_int_equal(it_exec(it, client, &op, "select 1"), 0);
  it_until_hits(it, rule, 1);
  ts_conn_raw(it_conn(it), frame->bytes, frame->size);
  int status = it_wait(&op);
  if (status != frame->status) fail_msg("%s: %s", taosuv_err_name(status), op.message);
  assert_true((op.req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0);
  hostile_goes_on(it, client, begun);
}

/* A limit that the fragments of a message exceed only together. */
static void fragments_are_counted_together(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = hostile_client(it);
  it_op_t op = {0};
  uint8_t* fragment = calloc(1, 4 + 60000);
  uint64_t begun = it_ms();
  uint32_t rule = it_rule(it, &(ts_rule_t) {.action = "binary_query", .answer = TS_ANSWER_NOTHING});
  assert_int_equal(it_exec(it, client, &op, "select 1"), 0);
  it_until_hits(it, rule, 1);
  for (int i = 0; i < 4; i++) {
    fragment[0] = i == 0 ? 0x02 : 0x00;
    fragment[1] = 0x7e;
    fragment[2] = 60000 >> 8;
    fragment[3] = 60000 & 255;
    ts_conn_raw(it_conn(it), fragment, 4 + 60000);
  }
  free(fragment);
  assert_int_equal(it_wait(&op), TAOSUV_EMSGSIZE);
  hostile_goes_on(it, client, begun);
}

static void a_block_larger_than_the_limit_is_refused(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = hostile_client(it);
  it_op_t op = {0};
  uint64_t begun = it_ms();
  taosuv_result_t* result = it_rows(it, client, "select * from bench.rows_20000_20000");
  assert_int_equal(it_end(it_fetch(it, result, &op), &op), TAOSUV_EMSGSIZE);
  it_has(op.message, "max_message_size");
  taosuv_result_close(result);
  hostile_goes_on(it, client, begun);
}

/* Pings without end, with an answer behind them: no memory is piled up, the answer comes. */
static void a_flood_of_pings_does_no_harm(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = hostile_client(it);
  it_op_t op = {0};
  uint64_t begun = it_ms();
  size_t before = it->probe.live_bytes;
  uint32_t rule = it_rule(it, &(ts_rule_t) {.action = "binary_query", .wait_ms = 200});
  assert_int_equal(it_exec(it, client, &op, "select 1"), 0);
  it_until_hits(it, rule, 1);
  for (int i = 0; i < 50000; i++) ts_conn_ping(it_conn(it), "ping", 4);
  assert_int_equal(it_wait(&op), 0);
  assert_true(ts_peer_counters(ts_server_peer(it->server))->pongs > 0);
  assert_true(it->probe.peak_bytes < before + 512 * 1024);
  hostile_goes_on(it, client, begun);
}

static void answers_to_nobody_end_the_connection_for_all(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = hostile_client(it);
  it_op_t ops[3];
  memset(ops, 0, sizeof ops);
  static const char answer[] = "{\"code\":0,\"message\":\"\",\"req_id\":12345}";
  uint64_t begun = it_ms();
  it_rule(it, &(ts_rule_t) {.action = "binary_query",
                            .skip = 2,
                            .times = 1,
                            .answer = TS_ANSWER_TEXT,
                            .data = answer,
                            .size = sizeof answer - 1});
  it_rule(it, &(ts_rule_t) {.action = "binary_query", .wait_ms = 5000});
  for (size_t i = 0; i < COUNT(ops); i++)
    assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
  for (size_t i = 0; i < COUNT(ops); i++) assert_int_equal(it_wait(&ops[i]), TAOSUV_EPROTO);
  hostile_goes_on(it, client, begun);
}

static void an_answer_given_twice_ends_the_connection(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = hostile_client(it);
  it_op_t op = {0};
  ts_conn_set_fault(it_conn(it), &(ts_fault_t) {.repeat_reply = 1});
  assert_int_equal(it_end(it_version(it, client, &op), &op), 0);
  it_run(it, 30);
  it_usable(it, client);
  taosuv_counts_t counts;
  taosuv_client_counts(client, &counts);
  assert_int_equal(counts.connects, 2);
}

static void a_changed_id_fails_its_request(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = hostile_client(it);
  it_op_t op = {0};
  uint64_t begun = it_ms();
  ts_conn_set_fault(it_conn(it), &(ts_fault_t) {.change_id_reply = 2});
  taosuv_result_t* result = it_rows(it, client, HOSTILE_SQL);
  assert_int_equal(it_end(it_fetch(it, result, &op), &op), TAOSUV_EPROTO);
  taosuv_result_close(result);
  hostile_goes_on(it, client, begun);
}

/* A byte of the conversation is changed: it ends in one way or the other. What the client cannot
 * see (a value, an id that nobody has) may succeed or stay without an answer. */
static void changed_bytes_are_survived(void** state) {
  it_t* it = *state;
  it_plain(it);
  taosuv_client_t* client = it_client(it, "request_timeout=200&connect_timeout=200");
  int succeeded = 0, failed = 0;
  for (uint64_t at = 0; at < 1400; at += 5) {
    it_op_t op = {0};
    ts_peer_set_fault(ts_server_peer(it->server),
                      &(ts_fault_t) {.xor_mask = 0x15, .xor_offset = at}, 1);
    uint64_t begun = it_ms();
    int status = it_end(it_query(it, client, &op, HOSTILE_SQL), &op);
    if (status == 0 && op.query.result != NULL) {
      status = it_end(it_fetch(it, op.query.result, &op), &op);
      it_done(&op);
      taosuv_result_close(op.fetch.result);
    }
    it_within(begun, 0, 2000);
    succeeded += status == 0;
    failed += status < 0;
    ts_peer_cut_all(ts_server_peer(it->server));
    it_until_connections(it, 0);
    it_run(it, 1);
  }
  assert_true(succeeded > 0);
  assert_true(failed > 0);
  it_usable(it, client);
}

int main(void) {
  static const struct CMUnitTest others[] = {
      IT_TEST(fragments_are_counted_together),
      IT_TEST(a_block_larger_than_the_limit_is_refused),
      IT_TEST(a_flood_of_pings_does_no_harm),
      IT_TEST(answers_to_nobody_end_the_connection_for_all),
      IT_TEST(an_answer_given_twice_ends_the_connection),
      IT_TEST(a_changed_id_fails_its_request),
      IT_TEST(changed_bytes_are_survived),
  };
  for (size_t i = 0; i < COUNT(frames); i++) hostile_add(frames[i].name, frame_lie, &frames[i]);
  return hostile_run("hostile_frame", others, COUNT(others));
}
