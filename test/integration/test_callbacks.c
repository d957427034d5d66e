/* What callbacks may do: close the client, cancel others, submit again, close results. */
#include "fixture.h"

static taosuv_client_t* opened(it_t* it, const char* keys) {
  taosuv_client_t* client = it_client(it, keys);
  it_usable(it, client);
  return client;
}

static int start_exec(it_t* it, taosuv_client_t* client, it_op_t* op) {
  return it_exec(it, client, op, "select 1");
}

static void close_client(it_op_t* op) {
  it_close(op->it, op->data);
}

/* The stage's operation closes its client in its callback. */
typedef int (*start_t)(it_t* it, taosuv_client_t* client, it_op_t* op);

static int start_query(it_t* it, taosuv_client_t* client, it_op_t* op) {
  return it_query(it, client, op, "select 1");
}

static int start_refused(it_t* it, taosuv_client_t* client, it_op_t* op) {
  return it_exec(it, client, op, "selec 1");
}

static int start_status(it_t* it, taosuv_client_t* client, it_op_t* op) {
  return it_status(it, client, op, NULL, 0);
}

static int start_timeout(it_t* it, taosuv_client_t* client, it_op_t* op) {
  op->req.deadline = 1;
  return start_exec(it, client, op);
}

static int start_cancelled(it_t* it, taosuv_client_t* client, it_op_t* op) {
  int started = start_exec(it, client, op);
  assert_int_equal(taosuv_cancel(&op->req), 0);
  return started;
}

static const start_t starts[] = {it_open,       start_exec,     start_query,  start_refused,
                                 it_ping,       it_version,     start_status, it_current_db,
                                 start_timeout, start_cancelled};

static void a_client_is_closed_from_every_kind_of_callback(void** state) {
  it_t* it = *state;
  for (int connected = 0; connected < 2; connected++) {
    for (size_t i = 0; i < COUNT(starts); i++) {
      taosuv_client_t* client = it_client(it, "");
      it_slot_t* slot = it_slot(it, client);
      it_op_t op = {.then = close_client, .data = client}, other = {0};
      if (connected) it_usable(it, client);
      assert_int_equal(starts[i](it, client, &op), 0);
      assert_int_equal(start_exec(it, client, &other), 0);
      it_wait(&op);
      it_wait(&other);
      assert_true(other.req.status == 0 || other.req.status == TAOSUV_ECANCELED);
      it_closed(slot);
      if (starts[i] == start_query) taosuv_result_close(op.query.result);
      memset(slot, 0, sizeof *slot);
    }
  }
}

static void a_client_is_closed_from_a_fetchs_callback(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = opened(it, "");
  it_slot_t* slot = it_slot(it, client);
  it_op_t op = {.then = close_client, .data = client};
  taosuv_result_t* result = it_rows(it, client, "select 1");
  assert_int_equal(it_end(it_fetch(it, result, &op), &op), 0);
  assert_int_equal(taosuv_block_rows(op.block), 1);
  it_closed(slot);
  it_done(&op);
  taosuv_result_close(result);
}

static void close_on_drain(it_t* it, taosuv_client_t* client) {
  it_close(it, client);
}

static void a_client_is_closed_from_the_drain_callback(void** state) {
  it_t* it = *state;
  it_op_t first = {0}, second = {0};
  taosuv_client_t* client = it_client(it, "max_queue=1");
  it_slot_t* slot = it_slot(it, client);
  slot->on_drain = close_on_drain;
  assert_int_equal(start_exec(it, client, &first), 0);
  assert_int_equal(start_exec(it, client, &second), TAOSUV_EAGAIN);
  it_wait(&first);
  it_run(it, 20);
  it_closed(slot);
  assert_int_equal(slot->drains, 1);
}

static void cancel_all(it_op_t* op) {
  it_op_t* ops = op->data;
  for (size_t i = 0; i < 4; i++) taosuv_cancel(&ops[i].req);
}

static void a_callback_cancels_the_others(void** state) {
  it_t* it = *state;
  it_op_t ops[4];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = opened(it, "");
  for (size_t i = 0; i < COUNT(ops); i++) {
    ops[i].then = cancel_all;
    ops[i].data = ops;
    assert_int_equal(it_query(it, client, &ops[i], "select 1"), 0);
  }
  int fine = 0;
  for (size_t i = 0; i < COUNT(ops); i++) {
    int status = it_wait(&ops[i]);
    assert_true(status == 0 || status == TAOSUV_ECANCELED);
    fine += status == 0;
    if (status == 0) taosuv_result_close(ops[i].query.result);
  }
  assert_int_equal(fine, 1);
  it_until_no_results(it);
  it_usable(it, client);
}

static void close_both_results(it_op_t* op) {
  taosuv_result_t** results = op->data;
  taosuv_result_close(results[0]);
  taosuv_result_close(results[1]);
}

static void a_callback_closes_its_own_and_another_result(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = opened(it, "");
  taosuv_result_t* results[2];
  for (size_t i = 0; i < 2; i++) results[i] = it_rows(it, client, "select 1");
  it_op_t op = {.then = close_both_results, .data = results}, other = {0};
  assert_int_equal(it_fetch(it, results[0], &op), 0);
  assert_int_equal(it_fetch(it, results[1], &other), 0);
  assert_int_equal(it_wait(&op), 0);
  int status = it_wait(&other);
  assert_true(status == TAOSUV_ECANCELED || status == 0);
  it_done(&op);
  it_done(&other);
  it_until_no_results(it);
}

/* All callbacks of a lost connection start something new. */
static void start_again(it_op_t* op) {
  op->then = NULL;
  assert_int_equal(start_exec(op->it, op->data, op), 0);
}

static void callbacks_of_a_lost_connection_submit_again(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "several requests in flight on a connection");
  it_proxy(it);
  it_op_t ops[6];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = opened(it, "pool_size=1");
  it_hold_answers(it);
  for (size_t i = 0; i < COUNT(ops); i++) {
    ops[i].then = start_again;
    ops[i].data = client;
    assert_int_equal(start_exec(it, client, &ops[i]), 0);
  }
  it_until_asked(it, COUNT(ops));
  it_cut(it);
  it_let_go(it);
  for (size_t i = 0; i < COUNT(ops); i++) {
    assert_int_equal(it_wait(&ops[i]), 0);
    assert_int_equal(ops[i].completed, 2);
  }
}

static void a_callback_of_a_lost_connection_closes_the_client(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "several requests in flight on a connection");
  it_proxy(it);
  it_op_t ops[3];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = opened(it, "pool_size=1&max_inflight=2&prefetch=0");
  it_slot_t* slot = it_slot(it, client);
  taosuv_result_t* result = it_rows(it, client, "select 1");
  it_hold_answers(it);
  for (size_t i = 0; i < COUNT(ops); i++) assert_int_equal(start_exec(it, client, &ops[i]), 0);
  ops[0].then = close_client;
  ops[0].data = client;
  it_until_asked(it, 2);
  it_cut(it);
  assert_int_equal(it_wait(&ops[0]), it_lost_status());
  assert_int_equal(it_wait(&ops[1]), it_lost_status());
  assert_int_equal(it_wait(&ops[2]), TAOSUV_ECANCELED);
  it_closed(slot);
  taosuv_result_close(result);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(a_client_is_closed_from_every_kind_of_callback),
      IT_TEST(a_client_is_closed_from_a_fetchs_callback),
      IT_TEST(a_client_is_closed_from_the_drain_callback),
      IT_TEST(a_callback_cancels_the_others),
      IT_TEST(a_callback_closes_its_own_and_another_result),
      IT_TEST(callbacks_of_a_lost_connection_submit_again),
      IT_TEST(a_callback_of_a_lost_connection_closes_the_client),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
