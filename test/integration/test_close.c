/* Closing a client: at every stage, and the calls after it. */
#include "fixture.h"
#include "transport.h"

static taosuv_client_t* opened(it_t* it, const char* keys) {
  taosuv_client_t* client = it_client(it, keys);
  it_usable(it, client);
  return client;
}

/* Everything that is accepted is cancelled; the callbacks of it come before that of the close. */
static void closes_now(it_t* it, taosuv_client_t* client, it_op_t* ops, size_t count) {
  uint64_t start = it_ms();
  it_slot_t* slot = it_slot(it, client);
  unsigned before[8] = {0};
  for (size_t i = 0; i < count; i++) before[i] = ops[i].completed;
  it_close(it, client);
  for (size_t i = 0; i < count; i++) assert_int_equal(ops[i].completed, before[i]);
  assert_int_equal(slot->closed, 0);
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(it_wait(&ops[i]), TAOSUV_ECANCELED);
    assert_int_equal(slot->closed, 0);
  }
  it_closed(slot);
  it_within(start, 0, 3000);
}

static int start_exec(it_t* it, taosuv_client_t* client, it_op_t* op) {
  return it_exec(it, client, op, "select 1");
}

/* ---- stages ---- */

static void a_client_is_closed_before_its_first_request(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = it_client(it, "");
  it_slot_t* slot = it_slot(it, client);
  it_close(it, client);
  assert_int_equal(slot->closed, 0);
  it_close_wait(it, client);
  assert_int_equal(slot->closed, 1);
}

static void closing_twice_calls_back_once(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = opened(it, "");
  it_slot_t* slot = it_slot(it, client);
  it_close(it, client);
  it_close(it, client);
  taosuv_close(client, NULL);
  it_close_wait(it, client);
  it_run(it, 20);
  assert_int_equal(slot->closed, 1);
  taosuv_close(NULL, NULL);
}

static void closing_needs_no_callback(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = opened(it, "");
  it_slot_t* slot = it_slot(it, client);
  slot->client = NULL; /* the fixture need not close it */
  slot->closing = 0;
  taosuv_close(client, NULL);
  it_run(it, 100);
  assert_int_equal(slot->closed, 0);
}

static void closing_while_a_name_is_looked_up_cancels(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = it_client_url(it, "ws://taosuv-test.invalid:6041");
  assert_int_equal(start_exec(it, client, &op), 0);
  closes_now(it, client, &op, 1);
  assert_int_equal(op.req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED, 0);
}

static void closing_while_connecting_cancels(void** state) {
  it_t* it = *state;
  it_op_t ops[2];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = it_client(it, "");
  assert_int_equal(start_exec(it, client, &ops[0]), 0);
  assert_int_equal(it_open(it, client, &ops[1]), 0);
  closes_now(it, client, ops, 2);
}

static bool has_accepted(void* data) {
  return proxy_counters(((it_t*) data)->proxies[0]).accepted > 0;
}

static void closing_during_the_upgrade_cancels(void** state) {
  it_t* it = *state;
  it_proxy(it);
  it_op_t op = {0};
  proxy_set_plan(it->proxies[0], &(proxy_plan_t) {.silent = true}, 0);
  taosuv_client_t* client = it_client(it, "");
  assert_int_equal(start_exec(it, client, &op), 0);
  assert_true(it_until(it, has_accepted, it, 5000));
  it_run(it, 10);
  closes_now(it, client, &op, 1);
}

static void closing_during_the_login_cancels(void** state) {
  it_t* it = *state;
  it_proxy(it);
  it_op_t op = {0};
  it_lose_logins(it, false, 0);
  uint64_t before = it_passed(it, PROXY_DOWN);
  taosuv_client_t* client = it_client(it, "");
  assert_int_equal(start_exec(it, client, &op), 0);
  if (!it_transport_http()) it_until_passed(it, PROXY_DOWN, before + 1); /* the upgrade's answer */
  it_run(it, 50);
  closes_now(it, client, &op, 1);
  assert_int_equal(op.req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED, 0);
}

static void closing_cancels_what_is_queued_and_in_flight(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "several requests in flight on a connection");
  it_proxy(it);
  it_op_t ops[4];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = opened(it, "pool_size=1&max_inflight=2");
  it_hold_answers(it);
  for (size_t i = 0; i < COUNT(ops); i++) assert_int_equal(start_exec(it, client, &ops[i]), 0);
  it_until_asked(it, 2);
  closes_now(it, client, ops, COUNT(ops));
  for (size_t i = 0; i < COUNT(ops); i++)
    assert_int_equal((ops[i].req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0, i < 2);
}

static void closing_at_once_after_a_call_cancels_it_unsent(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = opened(it, "");
  assert_int_equal(start_exec(it, client, &op), 0);
  closes_now(it, client, &op, 1);
  assert_int_equal(op.req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED, 0);
}

static void every_kind_of_request_is_cancelled(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "blocks that are fetched one by one");
  it_op_t ops[7];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = opened(it, "prefetch=0");
  taosuv_result_t* result = it_rows(it, client, "select 1");
  assert_int_equal(start_exec(it, client, &ops[0]), 0);
  assert_int_equal(it_query(it, client, &ops[1], "select 1"), 0);
  assert_int_equal(it_fetch(it, result, &ops[2]), 0);
  assert_int_equal(it_ping(it, client, &ops[3]), 0);
  assert_int_equal(it_version(it, client, &ops[4]), 0);
  assert_int_equal(it_status(it, client, &ops[5], NULL, 0), 0);
  assert_int_equal(it_current_db(it, client, &ops[6]), 0);
  closes_now(it, client, ops, COUNT(ops));
  taosuv_result_close(result);
}

static void a_silent_server_delays_the_close_by_a_second_at_most(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "close frames");
  it_proxy(it);
  taosuv_client_t* client = opened(it, "");
  it_hold_answers(it);
  uint64_t start = it_ms();
  it_close_wait(it, client);
  it_within(start, 500, 3000);
}

static void a_server_that_says_goodbye_ends_the_close_at_once(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "close frames");
  it_needs_bundled(it);
  it_server_stop(it);
  it_server_start(it, &(ts_config_t) {.answer_close = true});
  taosuv_client_t* client = opened(it, "");
  uint64_t start = it_ms();
  it_close_wait(it, client);
  it_within(start, 0, 800);
  assert_int_equal(ts_peer_counters(ts_server_peer(it->server))->close_frames, 1);
}

/* ---- results and calls after it ---- */

static void open_results_outlive_their_client(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  uint32_t count;
  taosuv_client_t* client = opened(it, "prefetch=1");
  taosuv_result_t* fresh = it_rows(it, client, "select 1");
  taosuv_result_t* read = it_rows(it, client, "select 1");
  assert_int_equal(it_drain(it, read), 1);
  it_close(it, client);
  assert_int_equal(it_fetch(it, fresh, &op), TAOSUV_ECLOSED);
  assert_int_equal(it_fetch(it, read, &op), TAOSUV_ECLOSED);
  it_close_wait(it, client);
  assert_int_equal(it_fetch(it, fresh, &op), TAOSUV_ECLOSED);
  assert_int_equal(it_fetch(it, read, &op), TAOSUV_ECLOSED);
  assert_non_null(taosuv_result_fields(fresh, &count));
  assert_int_equal(count, 1);
  taosuv_result_close(fresh);
  taosuv_result_close(read);
}

static void calls_while_closing_are_refused(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_counts_t counts;
  taosuv_client_t* client = opened(it, "");
  it_close(it, client);
  assert_int_equal(it_open(it, client, &op), TAOSUV_ECLOSED);
  assert_int_equal(start_exec(it, client, &op), TAOSUV_ECLOSED);
  assert_int_equal(it_query(it, client, &op, "select 1"), TAOSUV_ECLOSED);
  assert_int_equal(it_ping(it, client, &op), TAOSUV_ECLOSED);
  assert_int_equal(it_version(it, client, &op), TAOSUV_ECLOSED);
  assert_int_equal(it_status(it, client, &op, NULL, 0), TAOSUV_ECLOSED);
  assert_int_equal(it_current_db(it, client, &op), TAOSUV_ECLOSED);
  taosuv_client_counts(client, &counts);
  assert_int_equal(counts.connections, 0);
  it_close_wait(it, client);
}

/* A cancelled request's callback sees a client that is closing. */
static void resubmit(it_op_t* op) {
  op->then = NULL;
  if (op->req.status != TAOSUV_ECANCELED) return;
  assert_int_equal(start_exec(op->it, op->data, op), TAOSUV_ECLOSED);
}

static void a_callback_of_the_close_cannot_submit_again(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = opened(it, "");
  it_op_t op = {.then = resubmit, .data = client};
  assert_int_equal(start_exec(it, client, &op), 0);
  closes_now(it, client, &op, 1);
}

static void a_loop_with_nothing_but_an_idle_client_stays_alive(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = it_client(it, "");
  assert_int_not_equal(uv_loop_alive(&it->loop), 0);
  assert_ptr_equal(taosuv_client_loop(client), &it->loop);
  assert_ptr_equal(taosuv_client_data(client), it_slot(it, client));
  it_close_wait(it, client);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(a_client_is_closed_before_its_first_request),
      IT_TEST(closing_twice_calls_back_once),
      IT_TEST(closing_needs_no_callback),
      IT_TEST(closing_while_a_name_is_looked_up_cancels),
      IT_TEST(closing_while_connecting_cancels),
      IT_TEST(closing_during_the_upgrade_cancels),
      IT_TEST(closing_during_the_login_cancels),
      IT_TEST(closing_cancels_what_is_queued_and_in_flight),
      IT_TEST(closing_at_once_after_a_call_cancels_it_unsent),
      IT_TEST(every_kind_of_request_is_cancelled),
      IT_TEST(a_silent_server_delays_the_close_by_a_second_at_most),
      IT_TEST(a_server_that_says_goodbye_ends_the_close_at_once),
      IT_TEST(open_results_outlive_their_client),
      IT_TEST(calls_while_closing_are_refused),
      IT_TEST(a_callback_of_the_close_cannot_submit_again),
      IT_TEST(a_loop_with_nothing_but_an_idle_client_stays_alive),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
