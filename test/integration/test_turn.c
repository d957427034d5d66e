/* One turn of the loop is bounded: large answers and many completions are divided among turns. What
 * is counted is what happens in a turn, not how long it takes. */
#include "fixture.h"
#include "transport.h"

enum { MANY = 5000, TURN = 1000 };

typedef struct turns_s {
  it_t* it;
  uv_check_t check;  /* a turn begins behind each poll */
  unsigned count;    /* turns */
  unsigned in_turn;  /* completions in this one */
  unsigned most;     /* in any turn */
  unsigned complete; /* in all */
  unsigned last;     /* the number of the last one that completed, from 1 */
  bool in_order;
  taosuv_client_t* client;
  it_op_t* ops;
} turns_t;

static void on_check(uv_check_t* check) {
  turns_t* turns = check->data;
  turns->count++;
  turns->in_turn = 0;
}

static void begin(turns_t* turns, it_t* it, taosuv_client_t* client) {
  memset(turns, 0, sizeof *turns);
  turns->it = it;
  turns->client = client;
  turns->in_order = true;
  uv_check_init(&it->loop, &turns->check);
  turns->check.data = turns;
  uv_check_start(&turns->check, on_check);
}

static void end(turns_t* turns) {
  uv_close((uv_handle_t*) &turns->check, NULL);
  it_run(turns->it, 1);
  free(turns->ops);
}

/* ---- large answers ---- */

/* Over HTTP, whatever the tests run over. */
static taosuv_client_t* http_client(it_t* it, const char* keys) {
  char url[512], other[520];
  it_url(it, url, sizeof url, "", keys);
  if (strncmp(url, "ws", 2) != 0) return it_client_url(it, url);
  snprintf(other, sizeof other, "http%s", url + 2);
  return it_client_url(it, other);
}

#define ROWS 60000
#define LARGE "select * from bench.rows_60000_4096"

/* Each row has 30 bytes of text at least, a turn takes 32 KiB and what one piece exceeds it. */
static void a_large_answer_is_decoded_in_many_turns(void** state) {
  static const char* const keys[] = {"pool_size=1", "pool_size=1&compression=1"};
  it_t* it = *state;
  it_needs_bundled(it);
  for (size_t i = 0; i < COUNT(keys); i++) {
    turns_t turns;
    it_op_t op = {0};
    taosuv_client_t* client = http_client(it, keys[i]);
    it_usable(it, client);
    begin(&turns, it, client);
    assert_int_equal(it_end(it_query(it, client, &op, LARGE), &op), 0);
    assert_true(turns.count >= ROWS * 30 / (64 << 10));
    assert_int_equal(it_drain(it, op.query.result), ROWS);
    taosuv_result_close(op.query.result);
    it_usable(it, client);
    end(&turns);
  }
}

static void run_turns(it_t* it, int count) {
  for (int i = 0; i < count; i++) uv_run(&it->loop, UV_RUN_NOWAIT);
}

/* Brings the client to the middle of an answer. */
static taosuv_client_t* amid_an_answer(it_t* it, it_op_t* op) {
  taosuv_client_t* client = http_client(it, "pool_size=1&compression=1");
  taosuv_counts_t counts;
  it_usable(it, client);
  assert_int_equal(it_query(it, client, op, LARGE), 0);
  uint64_t sent = ts_server_counters(it->server).bytes_out, start = it_ms();
  while (ts_server_counters(it->server).bytes_out == sent && it_ms() - start < 10000)
    run_turns(it, 1);
  run_turns(it, 3);
  taosuv_client_counts(client, &counts);
  assert_int_equal(counts.in_flight, 1);
  return client;
}

static void an_answer_that_is_being_decoded_can_be_cancelled(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  it_needs_bundled(it);
  taosuv_client_t* client = amid_an_answer(it, &op);
  assert_int_equal(taosuv_cancel(&op.req), 0);
  assert_int_equal(it_wait(&op), TAOSUV_ECANCELED);
  it_usable(it, client);
}

static void its_client_can_be_closed(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  it_needs_bundled(it);
  taosuv_client_t* client = amid_an_answer(it, &op);
  it_close_wait(it, client);
  assert_int_equal(op.req.status, TAOSUV_ECANCELED);
}

static void it_can_time_out(void** state) {
  it_t* it = *state;
  it_op_t op = {.req.timeout_ms = 60000};
  it_needs_bundled(it);
  op.req.deadline = uv_hrtime() / 1000000 + 1000;
  taosuv_client_t* client = amid_an_answer(it, &op);
  /* Every turn is made to take long, as if the answer were much larger. */
  uint64_t start = it_ms();
  while (op.completed == 0 && it_ms() - start < 20000) {
    uv_sleep(100);
    run_turns(it, 1);
  }
  assert_int_equal(it_wait(&op), TAOSUV_ETIMEDOUT);
  it_usable(it, client);
}

/* 8 MiB of text in a message of a few KiB. */
static void a_compressed_message_is_inflated_in_many_turns(void** state) {
  enum { SIZE = 8 << 20 };
  it_t* it = *state;
  it_op_t op = {0};
  turns_t turns;
  it_needs_ws(it, "messages");
  it_needs_bundled(it);
  char* text = malloc(SIZE + 200);
  assert_non_null(text);
  int head = snprintf(text, 200,
                      "{\"code\":1,\"action\":\"query\",\"req_id\":$REQ_ID,\"message\":\"");
  memset(text + head, 'x', SIZE);
  strcpy(text + head + SIZE, "\"}");
  taosuv_client_t* client = it_client(it, "pool_size=1&compression=1");
  it_rule(it, &(ts_rule_t) {.sql = "select 8",
                            .answer = TS_ANSWER_TEXT,
                            .data = text,
                            .size = strlen(text),
                            .put_req_id = true});
  free(text);
  it_usable(it, client);
  begin(&turns, it, client);
  assert_int_equal(it_end(it_exec(it, client, &op, "select 8"), &op), TAOSUV_ESERVER);
  assert_true(turns.count >= SIZE / (512 << 10)); /* a turn takes about 256 KiB */
  it_usable(it, client);
  end(&turns);
}

/* ---- many completions ---- */

static void completed(it_op_t* op) {
  turns_t* turns = op->data;
  unsigned number = (unsigned) (op - turns->ops) + 1;
  turns->complete++;
  if (++turns->in_turn > turns->most) turns->most = turns->in_turn;
  if (number < turns->last) turns->in_order = false;
  turns->last = number;
}

static void start_many(turns_t* turns, const char* sql, uint64_t deadline) {
  turns->ops = calloc(MANY, sizeof *turns->ops);
  assert_non_null(turns->ops);
  for (size_t i = 0; i < MANY; i++) {
    it_op_t* op = &turns->ops[i];
    op->then = completed;
    op->data = turns;
    op->req.deadline = deadline;
    assert_int_equal(it_exec(turns->it, turns->client, op, sql), 0);
  }
}

static bool is_complete(void* data) {
  return ((turns_t*) data)->complete == MANY;
}

static void require_divided(turns_t* turns, int status) {
  assert_true(it_until(turns->it, is_complete, turns, 30000));
  if (status != TAOSUV_ETIMEDOUT) assert_true(turns->in_order); /* equal limits have no order */
  assert_in_range(turns->most, 1, TURN);
  for (size_t i = 0; i < MANY; i++) assert_int_equal(turns->ops[i].req.status, status);
  end(turns);
}

static taosuv_client_t* many_client(it_t* it, turns_t* turns, const char* keys) {
  char text[200];
  snprintf(text, sizeof text, "pool_size=1&max_queue=10000&%s", keys);
  taosuv_client_t* client = it_client(it, text);
  begin(turns, it, client);
  return client;
}

static void on_its_way(it_t* it, turns_t* turns, uint64_t deadline) {
  it_needs_ws(it, "many requests on one connection");
  it_needs_bundled(it);
  uint32_t rule = it_rule(it, &(ts_rule_t) {.sql = "select 9", .answer = TS_ANSWER_NOTHING});
  it_usable(it, many_client(it, turns, "max_inflight=10000"));
  start_many(turns, "select 9", deadline);
  if (deadline == 0) it_until_hits(it, rule, MANY);
  turns->most = 0;
}

static void many_requests_of_a_lost_connection_fail_in_several_turns(void** state) {
  turns_t turns;
  on_its_way(*state, &turns, 0);
  ts_conn_cut(it_conn(*state));
  require_divided(&turns, it_lost_status());
}

static void many_that_are_cancelled_complete_in_several_turns(void** state) {
  turns_t turns;
  on_its_way(*state, &turns, 0);
  for (size_t i = 0; i < MANY; i++) assert_int_equal(taosuv_cancel(&turns.ops[i].req), 0);
  require_divided(&turns, TAOSUV_ECANCELED);
}

static void many_limits_that_end_together_are_divided_among_turns(void** state) {
  turns_t turns;
  on_its_way(*state, &turns, uv_hrtime() / 1000000 + 1500);
  require_divided(&turns, TAOSUV_ETIMEDOUT);
}

static void closing_with_many_requests_takes_several_turns(void** state) {
  turns_t turns;
  on_its_way(*state, &turns, 0);
  it_close(turns.it, turns.client);
  require_divided(&turns, TAOSUV_ECANCELED);
}

static void many_that_wait_for_a_host_that_refuses_fail_in_several_turns(void** state) {
  it_t* it = *state;
  turns_t turns;
  it_needs_bundled(it);
  it_plain(it);
  many_client(it, &turns, "retries=0");
  it_server_stop(it);
  start_many(&turns, "select 9", 0);
  require_divided(&turns, UV_ECONNREFUSED);
  it_server_start(it, NULL);
}

/* One that is cancelled in another's callback, before its turn has come, is cancelled. */
static void cancel_the_last(it_op_t* op) {
  turns_t* turns = op->data;
  completed(op);
  if (turns->complete == 1) assert_int_equal(taosuv_cancel(&turns->ops[MANY - 1].req), 0);
}

static void one_that_is_to_fail_can_be_cancelled_still(void** state) {
  turns_t turns;
  on_its_way(*state, &turns, 0);
  turns.ops[0].then = cancel_the_last;
  ts_conn_cut(it_conn(*state));
  assert_true(it_until(turns.it, is_complete, &turns, 30000));
  assert_int_equal(turns.ops[MANY - 1].req.status, TAOSUV_ECANCELED);
  assert_true(turns.ops[MANY - 1].req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED);
  assert_int_equal(turns.ops[MANY - 2].req.status, it_lost_status());
  end(&turns);
}

static void many_answers_at_once_are_divided_among_turns(void** state) {
  it_t* it = *state;
  turns_t turns;
  it_needs_ws(it, "many requests on one connection");
  it_needs_bundled(it);
  it_rule(it, &(ts_rule_t) {.sql = "select 7", .wait_ms = 1500});
  it_usable(it, many_client(it, &turns, "max_inflight=10000"));
  start_many(&turns, "select 7", 0);
  assert_true(it_until(it, is_complete, &turns, 30000));
  assert_in_range(turns.most, 1, TURN + 50);
  end(&turns);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(a_large_answer_is_decoded_in_many_turns),
      IT_TEST(an_answer_that_is_being_decoded_can_be_cancelled),
      IT_TEST(its_client_can_be_closed),
      IT_TEST(it_can_time_out),
      IT_TEST(a_compressed_message_is_inflated_in_many_turns),
      IT_TEST(many_requests_of_a_lost_connection_fail_in_several_turns),
      IT_TEST(many_that_are_cancelled_complete_in_several_turns),
      IT_TEST(many_limits_that_end_together_are_divided_among_turns),
      IT_TEST(closing_with_many_requests_takes_several_turns),
      IT_TEST(many_that_wait_for_a_host_that_refuses_fail_in_several_turns),
      IT_TEST(one_that_is_to_fail_can_be_cancelled_still),
      IT_TEST(many_answers_at_once_are_divided_among_turns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
