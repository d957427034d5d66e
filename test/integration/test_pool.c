/* The pool: many requests on few connections, their order, and back pressure. */
#include "fixture.h"
#include "text.h"

static taosuv_client_t* opened(it_t* it, const char* keys) {
  taosuv_client_t* client = it_client(it, keys);
  it_usable(it, client);
  return client;
}

static it_op_t* make_ops(size_t count) {
  it_op_t* ops = calloc(count, sizeof *ops);
  assert_non_null(ops);
  return ops;
}

static taosuv_counts_t counts_of(const taosuv_client_t* client) {
  taosuv_counts_t counts;
  taosuv_client_counts(client, &counts);
  return counts;
}

/* ---- many ---- */

static void a_thousand_requests_complete_exactly_once(void** state) {
  it_t* it = *state;
  enum { N = 1000 };
  it_op_t* ops = make_ops(N);
  taosuv_client_t* client = it_client(it, "pool_size=4&max_inflight=64&prefetch=0");
  for (size_t i = 0; i < N; i++) {
    int started = i % 3 == 0   ? it_query(it, client, &ops[i], "select 1")
                  : i % 3 == 1 ? it_exec(it, client, &ops[i], "select 1")
                               : it_exec(it, client, &ops[i], "selec 1");
    assert_int_equal(started, 0);
  }
  for (size_t i = 0; i < N; i++) {
    assert_int_equal(it_wait(&ops[i]), i % 3 == 2 ? TAOSUV_ESERVER : 0);
    assert_int_equal(ops[i].completed, 1);
    if (i % 3 == 0) taosuv_result_close(ops[i].query.result);
  }
  taosuv_counts_t counts = counts_of(client);
  assert_int_equal(counts.connections, 4);
  assert_int_equal(counts.in_flight + counts.queued + counts.connecting, 0);
  it_until_no_results(it);
  free(ops);
}

/* Each answer to its own request: the ids differ in every SQL. */
static void answers_find_their_requests(void** state) {
  it_t* it = *state;
  enum { N = 200 };
  it_op_t* ops = make_ops(N);
  char sql[64];
  taosuv_client_t* client = opened(it, "pool_size=3");
  for (size_t i = 0; i < N; i++) {
    snprintf(sql, sizeof sql, "select %zu", i);
    assert_int_equal(it_query(it, client, &ops[i], sql), 0);
  }
  for (size_t i = 0; i < N; i++) {
    taosuv_column_t column;
    int64_t value = -1;
    assert_int_equal(it_wait(&ops[i]), 0);
    taosuv_block_t* block = it_block(it, ops[i].query.result);
    assert_int_equal(taosuv_block_column(block, 0, &column), 0);
    assert_int_equal(taosuv_cell_i64(&column, 0, &value), 0);
    assert_int_equal(value, i);
    taosuv_block_unref(block);
    taosuv_result_close(ops[i].query.result);
  }
  free(ops);
}

/* A hundred results open at once, their fetches in turns: each brings its own rows. */
static void a_hundred_interleaved_results_do_not_mix(void** state) {
  it_t* it = *state;
  enum { N = 100 };
  char sql[128];
  it_op_t* ops = make_ops(N);
  const char* db = it_database(it, it_client(it, ""), "ms");
  taosuv_client_t* client = it_client_db(it, db, "pool_size=4");
  it_ok(it, client, "create table t (ts timestamp, a int)");
  it_op_t insert = {0};
  text_t rows = {0};
  text_add(&rows, "insert into t values");
  for (int i = 0; i < 500; i++) text_add(&rows, "(%d,%d)", i + 1, i);
  assert_int_equal(it_end(it_exec(it, client, &insert, rows.data), &insert), 0);
  free(rows.data);
  taosuv_result_t* results[N];
  for (int i = 0; i < N; i++) {
    snprintf(sql, sizeof sql, "select ts, a from t where a >= %d order by ts", i);
    results[i] = it_rows(it, client, sql);
  }
  for (bool more = true; more;) {
    more = false;
    for (size_t i = 0; i < N; i++) assert_int_equal(it_fetch(it, results[i], &ops[i]), 0);
    for (size_t i = 0; i < N; i++) {
      taosuv_column_t a;
      assert_int_equal(it_wait(&ops[i]), 0);
      if (ops[i].block == NULL) continue;
      more = true;
      assert_int_equal(taosuv_block_column(ops[i].block, 1, &a), 0);
      assert_int_equal(a.rows, 500 - i);
      assert_int_equal(taosuv_get_i32(&a, 0), i);
      it_done(&ops[i]);
    }
  }
  for (size_t i = 0; i < N; i++) taosuv_result_close(results[i]);
  it_until_no_results(it);
  free(ops);
}

static void replies_in_reverse_order_find_their_requests(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "several requests in flight on a connection");
  it_needs_bundled(it);
  enum { N = 64 };
  it_op_t* ops = make_ops(N);
  char sql[64];
  taosuv_client_t* client = opened(it, "pool_size=1");
  it_until_no_results(it);
  ts_conn_set_fault(it_conn(it), &(ts_fault_t) {.reorder = 8, .reply_delay_ms = 5});
  for (size_t i = 0; i < N; i++) {
    snprintf(sql, sizeof sql, i % 2 == 0 ? "select %zu" : "selec %zu", i);
    assert_int_equal(it_exec(it, client, &ops[i], sql), 0);
  }
  for (size_t i = 0; i < N; i++) {
    assert_int_equal(it_wait(&ops[i]), i % 2 == 0 ? 0 : TAOSUV_ESERVER);
    if (i % 2 == 0) continue;
    snprintf(sql, sizeof sql, "selec %zu", i);
    it_has(ops[i].message, sql);
  }
  free(ops);
}

/* ---- a session ---- */

typedef struct spied_s {
  it_t* it;
  unsigned queries;
  uint64_t most_waiting;
} spied_t;

static void on_spied(void* data, const char* action, const void* message, size_t size) {
  spied_t* spied = data;
  (void) message;
  (void) size;
  if (strcmp(action, "binary_query") != 0) return;
  spied->queries++;
  uint64_t waiting = ts_server_counters(spied->it->server).waiting;
  if (waiting > spied->most_waiting) spied->most_waiting = waiting;
}

static void one_connection_with_one_in_flight_is_an_ordered_session(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "the session of a connection");
  char use[64];
  spied_t spied = {.it = it};
  if (it->server != NULL) {
    it_server_stop(it);
    it_server_start(it, &(ts_config_t) {.spy = on_spied, .spy_data = &spied});
    it_rule(it, &(ts_rule_t) {.action = "binary_query", .wait_ms = 10});
  }
  taosuv_client_t* client = it_client(it, "pool_size=1&max_inflight=1");
  snprintf(use, sizeof use, "use %s", it_database(it, client, "ms"));
  const char* const steps[] = {use, "create table t (ts timestamp, a int)",
                               "insert into t values (1, 1)", "insert into t values (2, 2)"};
  it_op_t ops[COUNT(steps)], query = {0};
  memset(ops, 0, sizeof ops);
  for (size_t i = 0; i < COUNT(steps); i++)
    assert_int_equal(it_exec(it, client, &ops[i], steps[i]), 0);
  assert_int_equal(it_query(it, client, &query, "select a from t order by ts"), 0);
  assert_int_equal(it_wait(&query), 0);
  for (size_t i = 0; i < COUNT(steps); i++) assert_int_equal(ops[i].req.status, 0);
  assert_int_equal(it_drain(it, query.query.result), 2);
  taosuv_result_close(query.query.result);
  if (it->server == NULL) return;
  assert_true(spied.queries >= 6);
  assert_int_equal(spied.most_waiting, 0);
}

/* ---- back pressure ---- */

static void a_full_queue_refuses_until_it_drains(void** state) {
  it_t* it = *state;
  it_op_t ops[6];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = it_client(it, "pool_size=1&max_inflight=1&max_queue=4");
  size_t accepted = 0;
  while (accepted < COUNT(ops) && it_exec(it, client, &ops[accepted], "select 1") == 0) accepted++;
  assert_int_equal(accepted, 4); /* there is no connection yet, all wait */
  assert_int_equal(it_exec(it, client, &ops[4], "select 1"), TAOSUV_EAGAIN);
  assert_int_equal(it_slot(it, client)->drains, 0);
  for (size_t i = 0; i < accepted; i++) assert_int_equal(it_wait(&ops[i]), 0);
  it_run(it, 20);
  assert_int_equal(it_slot(it, client)->drains, 1); /* once, though it was refused twice */
  assert_int_equal(it_end(it_exec(it, client, &ops[4], "select 1"), &ops[4]), 0);
  it_run(it, 20);
  assert_int_equal(it_slot(it, client)->drains, 1);
}

/* But one, while there is no connection: it opens one, and fails when that fails. */
static void without_a_queue_only_connections_with_room_take_requests(void** state) {
  it_t* it = *state;
  it_op_t first = {0}, second = {0};
  taosuv_client_t* client = it_client(it, "pool_size=1&max_inflight=1&max_queue=0");
  assert_int_equal(it_exec(it, client, &first, "select 1"), 0);
  assert_int_equal(it_exec(it, client, &second, "select 1"), TAOSUV_EAGAIN);
  assert_int_equal(it_wait(&first), 0);
  it_run(it, 20);
  assert_int_equal(it_slot(it, client)->drains, 1);
  assert_int_equal(it_exec(it, client, &first, "select 1"), 0);
  assert_int_equal(it_exec(it, client, &second, "select 1"), TAOSUV_EAGAIN);
  assert_int_equal(it_wait(&first), 0);
  it_run(it, 20);
  assert_int_equal(it_slot(it, client)->drains, 2);
}

static void without_a_queue_a_failed_connection_lets_others_try(void** state) {
  it_t* it = *state;
  it_proxy(it);
  it_op_t first = {0}, second = {0};
  it_lose_logins(it, true, 1);
  taosuv_client_t* client = it_client(it, "max_queue=0");
  assert_int_equal(it_exec(it, client, &first, "select 1"), 0);
  assert_int_equal(it_exec(it, client, &second, "select 1"), TAOSUV_EAGAIN);
  assert_int_equal(it_wait(&first), it_lost_status());
  it_run(it, 20);
  assert_int_equal(it_slot(it, client)->drains, 1);
  assert_int_equal(it_end(it_exec(it, client, &second, "select 1"), &second), 0);
}

static void a_queue_that_is_cancelled_or_times_out_drains(void** state) {
  it_t* it = *state;
  it_proxy(it);
  it_op_t ops[3];
  memset(ops, 0, sizeof ops);
  proxy_set_plan(it->proxies[0], &(proxy_plan_t) {.silent = true}, 1);
  taosuv_client_t* client = it_client(it, "max_queue=2");
  assert_int_equal(it_exec(it, client, &ops[0], "select 1"), 0);
  ops[1].req.timeout_ms = 20;
  assert_int_equal(it_exec(it, client, &ops[1], "select 1"), 0);
  assert_int_equal(it_exec(it, client, &ops[2], "select 1"), TAOSUV_EAGAIN);
  assert_int_equal(it_wait(&ops[1]), TAOSUV_EUNSENT);
  it_run(it, 10);
  assert_int_equal(it_slot(it, client)->drains, 1);
  assert_int_equal(it_exec(it, client, &ops[1], "select 1"), 0);
  assert_int_equal(it_exec(it, client, &ops[2], "select 1"), TAOSUV_EAGAIN);
  assert_int_equal(taosuv_cancel(&ops[0].req), 0);
  it_run(it, 10);
  assert_int_equal(it_slot(it, client)->drains, 2);
  it_close_wait(it, client); /* completes the one that still waits, while it is there */
}

/* Ten times as much as there is room for: all of it is done, driven by the drain callback. */
typedef struct flood_s {
  it_op_t ops[80];
  size_t next;
  unsigned refusals;
} flood_t;

static flood_t flood;

static void pour(it_t* it, taosuv_client_t* client) {
  while (flood.next < COUNT(flood.ops)) {
    int status = it_exec(it, client, &flood.ops[flood.next], "select 1");
    if (status == TAOSUV_EAGAIN) {
      flood.refusals++;
      return;
    }
    assert_int_equal(status, 0);
    flood.next++;
  }
}

static bool is_poured(void* data) {
  const it_t* it = data;
  return flood.next == COUNT(flood.ops) && it->completed >= COUNT(flood.ops);
}

static void the_drain_callback_lets_everything_through(void** state) {
  it_t* it = *state;
  memset(&flood, 0, sizeof flood);
  taosuv_client_t* client = it_client(it, "pool_size=2&max_inflight=2&max_queue=8");
  it_slot(it, client)->on_drain = pour;
  pour(it, client);
  assert_true(it_until(it, is_poured, it, 20000));
  for (size_t i = 0; i < COUNT(flood.ops); i++) assert_int_equal(flood.ops[i].req.status, 0);
  assert_true(flood.refusals >= 5);
  assert_in_range(it_slot(it, client)->drains, flood.refusals, flood.refusals + 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(a_thousand_requests_complete_exactly_once),
      IT_TEST(answers_find_their_requests),
      IT_TEST(a_hundred_interleaved_results_do_not_mix),
      IT_TEST(replies_in_reverse_order_find_their_requests),
      IT_TEST(one_connection_with_one_in_flight_is_an_ordered_session),
      IT_TEST(a_full_queue_refuses_until_it_drains),
      IT_TEST(without_a_queue_only_connections_with_room_take_requests),
      IT_TEST(without_a_queue_a_failed_connection_lets_others_try),
      IT_TEST(a_queue_that_is_cancelled_or_times_out_drains),
      IT_TEST(the_drain_callback_lets_everything_through),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
