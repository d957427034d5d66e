/* How connections leave a server: they wait for outstanding answers, up to a limit, and leave no
 * result and no statement open there. */
#include "fixture.h"
#include "transport.h"

enum { MANY = 40 };

static taosuv_client_t* opened(it_t* it, const char* keys) {
  taosuv_client_t* client = it_client(it, keys);
  it_usable(it, client);
  it_until_no_results(it);
  return client;
}

/* Nothing was left by the connections that are gone, and they are all gone. */
static void nothing_is_left(it_t* it) {
  it_until_connections(it, 0);
  ts_counters_t counters = ts_server_counters(it->server);
  assert_int_equal(counters.results_left, 0);
  assert_int_equal(counters.statements_left, 0);
  assert_int_equal(counters.results_open, 0);
  assert_int_equal(counters.statements_open, 0);
  assert_int_equal(counters.poisonous, 0);
}

static uint32_t slow(it_t* it, const char* action, uint32_t ms) {
  return it_rule(it, &(ts_rule_t) {.action = action, .wait_ms = ms});
}

/* Closes; all operations are cancelled at once, and the close takes until the answers are here. */
static void closes_behind(it_t* it, taosuv_client_t* client, it_op_t* ops, size_t count,
                          uint64_t at_least) {
  uint64_t start = it_ms();
  it_slot_t* slot = it_slot(it, client);
  it_close(it, client);
  for (size_t i = 0; i < count; i++) assert_int_equal(it_wait(&ops[i]), TAOSUV_ECANCELED);
  if (at_least > 0) assert_int_equal(slot->closed, 0);
  it_closed(slot);
  it_within(start, at_least, 15000);
}

static void start_queries(it_t* it, taosuv_client_t* client, it_op_t* ops, size_t count) {
  for (size_t i = 0; i < count; i++) assert_int_equal(it_query(it, client, &ops[i], "select 1"), 0);
}

static void queries_that_run_are_waited_for_and_their_results_freed(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t ops[MANY];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = opened(it, "pool_size=4&close_timeout=10000");
  uint32_t rule = slow(it, "binary_query", 400);
  start_queries(it, client, ops, MANY);
  it_until_hits(it, rule, it_transport_http() ? 4 : MANY);
  closes_behind(it, client, ops, MANY, 200);
  nothing_is_left(it);
}

static void without_the_wait_they_are_left(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_needs_ws(it, "several requests in flight on a connection");
  it_op_t ops[MANY];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = opened(it, "close_timeout=0");
  uint32_t rule = slow(it, "binary_query", 400);
  start_queries(it, client, ops, MANY);
  it_until_hits(it, rule, MANY);
  closes_behind(it, client, ops, MANY, 0);
  it_until_connections(it, 0);
  assert_int_equal(ts_server_counters(it->server).results_left, MANY);
}

static void the_wait_has_a_limit(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t ops[2];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = opened(it, "close_timeout=300");
  uint32_t rule = it_rule(it, &(ts_rule_t) {.action = "binary_query", .answer = TS_ANSWER_NOTHING});
  start_queries(it, client, ops, COUNT(ops));
  it_until_hits(it, rule, 1);
  uint64_t start = it_ms();
  closes_behind(it, client, ops, COUNT(ops), 250);
  it_within(start, 250, 5000);
}

static void on_line(void* context, const char* text) {
  if (strstr(text, ": leaving,") != NULL) ++*(unsigned*) context;
}

static void the_dump_names_connections_that_leave(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t op = {0};
  unsigned leaving = 0;
  taosuv_client_t* client = opened(it, "close_timeout=10000");
  uint32_t rule = slow(it, "binary_query", 200);
  start_queries(it, client, &op, 1);
  it_until_hits(it, rule, 1);
  it_close(it, client);
  assert_int_equal(taosuv_client_dump(client, on_line, &leaving), 0);
  assert_int_equal(leaving, 1);
  assert_int_equal(it_wait(&op), TAOSUV_ECANCELED);
  it_close_wait(it, client);
}

static void a_connection_that_is_cut_is_not_waited_for(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_op_t op = {0};
  taosuv_client_t* client = opened(it, "close_timeout=60000");
  uint32_t rule = it_rule(it, &(ts_rule_t) {.action = "binary_query", .answer = TS_ANSWER_NOTHING});
  start_queries(it, client, &op, 1);
  it_until_hits(it, rule, 1);
  it_close(it, client);
  assert_int_equal(it_wait(&op), TAOSUV_ECANCELED);
  ts_conn_cut(it_conn(it));
  it_close_wait(it, client);
}

static void cancelled_queries_are_waited_for_as_well(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_needs_ws(it, "several requests in flight on a connection");
  it_op_t ops[MANY];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = opened(it, "");
  uint32_t rule = slow(it, "binary_query", 400);
  start_queries(it, client, ops, MANY);
  it_until_hits(it, rule, MANY);
  for (size_t i = 0; i < MANY; i++) {
    assert_int_equal(taosuv_cancel(&ops[i].req), 0);
    assert_int_equal(it_wait(&ops[i]), TAOSUV_ECANCELED);
  }
  closes_behind(it, client, NULL, 0, 100);
  nothing_is_left(it);
}

/* ---- results ---- */

static void fetching(it_t* it, const char* keys, const char* action) {
  it_op_t ops[3];
  taosuv_result_t* results[4];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = opened(it, keys);
  for (size_t i = 0; i < COUNT(results); i++)
    results[i] = it_rows(it, client, "select * from bench.rows_10000_100");
  taosuv_block_unref(it_block(it, results[0]));
  taosuv_block_t* block = it_block(it, results[1]);
  uint32_t rule = slow(it, action, 300);
  for (size_t i = 0; i < COUNT(ops); i++) assert_int_equal(it_fetch(it, results[i], &ops[i]), 0);
  it_until_hits(it, rule, COUNT(ops));
  closes_behind(it, client, ops, COUNT(ops), 100);
  nothing_is_left(it);
  assert_int_equal(taosuv_block_rows(block), 100);
  taosuv_block_unref(block);
  for (size_t i = 0; i < COUNT(results); i++) {
    it_op_t late = {0};
    assert_int_equal(it_fetch(it, results[i], &late), TAOSUV_ECLOSED);
    taosuv_result_close(results[i]);
  }
}

/* As fetching, but with the first block given back. */
static void open_results_are_freed_also_while_they_are_fetched(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_needs_ws(it, "blocks that are fetched one by one");
  fetching(it, "prefetch=0", "fetch_raw_block");
}

static void older_gateways_results_are_freed_also_while_they_are_fetched(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_needs_ws(it, "blocks that are fetched one by one");
  static const char* const actions[] = {"fetch", "fetch_block"};
  for (size_t i = 0; i < COUNT(actions); i++) {
    it_server_stop(it);
    it_server_start(it, &(ts_config_t) {.version = "3.1.1.15"});
    fetching(it, "prefetch=0", actions[i]);
  }
}

/* ---- statements ---- */

static void statements_are_closed(it_t* it, const char* keys, bool busy) {
  it_op_t ops[2];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = opened(it, keys);
  const char* db = it_database(it, client, "ms");
  char sql[128];
  it_ok(it, client, "create table %s.t (ts timestamp, v int)", db);
  it_ok(it, client, "create table %s.u (ts timestamp, v int)", db);
  snprintf(sql, sizeof sql, "select v from %s.t where v > ?", db);
  taosuv_stmt_close(it_stmt(it, client, sql)); /* which stays in the cache */
  taosuv_stmt_t* queries = it_stmt(it, client, sql);
  snprintf(sql, sizeof sql, "insert into %s.u values (?, ?)", db);
  taosuv_stmt_t* inserts = it_stmt(it, client, sql);
  taosuv_value_t row[] = {taosuv_i64(1700000000000), taosuv_i64(1)};
  assert_int_equal(taosuv_bind_row(inserts, row, 2), 0);
  assert_int_equal(taosuv_bind_row(queries, row + 1, 1), 0);
  if (busy) {
    uint32_t rule = slow(it, NULL, 200);
    assert_int_equal(it_stmt_exec(it, inserts, &ops[0]), 0);
    assert_int_equal(it_stmt_exec(it, queries, &ops[1]), 0);
    it_until_hits(it, rule, 2);
  }
  closes_behind(it, client, ops, busy ? 2 : 0, 0);
  nothing_is_left(it);
  taosuv_stmt_close(queries);
  taosuv_stmt_close(inserts);
  it_unrule(it);
}

static void statements_are_closed_on_the_server(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_needs_ws(it, "statements");
  statements_are_closed(it, "close_timeout=10000", false);
  statements_are_closed(it, "close_timeout=10000", true);
  statements_are_closed(it, "close_timeout=10000&stmt_version=1", false);
  statements_are_closed(it, "close_timeout=10000&stmt_version=1", true);
}

/* ---- connections that end while their client lives ---- */

static bool has_retired(void* data) {
  taosuv_counts_t counts;
  taosuv_client_counts(data, &counts);
  return counts.connections == 0;
}

static void old_connections_wait_for_what_was_cancelled(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_needs_ws(it, "several requests in flight on a connection");
  it_op_t ops[MANY];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = opened(it, "max_age=600&close_timeout=10000");
  uint32_t rule = slow(it, "binary_query", 1500);
  start_queries(it, client, ops, MANY);
  it_until_hits(it, rule, MANY);
  for (size_t i = 0; i < MANY; i++) {
    assert_int_equal(taosuv_cancel(&ops[i].req), 0);
    assert_int_equal(it_wait(&ops[i]), TAOSUV_ECANCELED);
  }
  assert_true(it_until(it, has_retired, client, 10000));
  it_unrule(it);
  nothing_is_left(it);
  it_usable(it, client);
  it_close_wait(it, client);
  nothing_is_left(it);
}

/* Each request that is given up over HTTP ends its connection, behind the answer. */
static void http_connections_end_their_request(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  char url[512], keys[] = "pool_size=2&close_timeout=10000";
  it_op_t ops[2];
  memset(ops, 0, sizeof ops);
  it_plain(it);
  snprintf(url, sizeof url, "http://root:taosdata@127.0.0.1:%d?%s", ts_server_port(it->server),
           keys);
  taosuv_client_t* client = it_client_url(it, url);
  it_usable(it, client);
  uint32_t rule = slow(it, "binary_query", 400);
  start_queries(it, client, ops, COUNT(ops));
  it_until_hits(it, rule, COUNT(ops));
  assert_int_equal(taosuv_cancel(&ops[0].req), 0);
  assert_int_equal(it_wait(&ops[0]), TAOSUV_ECANCELED);
  closes_behind(it, client, &ops[1], 1, 100);
  nothing_is_left(it);
}

/* ---- closing at odd moments ---- */

static void close_client(it_op_t* op) {
  if (it_slot(op->it, op->data)->closing == 0) it_close(op->it, op->data);
}

static void closing_in_a_callback_waits_for_the_others(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_needs_ws(it, "several requests in flight on a connection");
  it_op_t ops[4];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = opened(it, "close_timeout=10000");
  uint32_t rule = it_rule(it, &(ts_rule_t) {.action = "binary_query", .skip = 1, .wait_ms = 300});
  ops[0].then = close_client;
  ops[0].data = client;
  start_queries(it, client, ops, COUNT(ops));
  it_until_hits(it, rule, 3);
  assert_int_equal(it_wait(&ops[0]), 0);
  for (size_t i = 1; i < COUNT(ops); i++) assert_int_equal(it_wait(&ops[i]), TAOSUV_ECANCELED);
  taosuv_result_close(ops[0].query.result);
  it_closed(it_slot(it, client));
  nothing_is_left(it);
}

static void on_writer_closed(const taosuv_writer_totals_t* totals, void* data) {
  (void) totals;
  ++*(unsigned*) data;
}

static void on_report(taosuv_writer_t* writer, const taosuv_writer_report_t* report, void* data) {
  (void) writer;
  (void) data;
  assert_int_equal(report->status, TAOSUV_ECANCELED);
}

typedef struct writing_s {
  taosuv_writer_t* writer;
  unsigned closed;
} writing_t;

static void on_writer(taosuv_writer_open_t* req, int status) {
  writing_t* writing = req->data;
  assert_int_equal(status, 0);
  writing->writer = req->writer;
}

static bool has_writer(void* data) {
  return ((writing_t*) data)->writer != NULL;
}

static bool is_over(void* data) {
  return ((writing_t*) data)->closed > 0;
}

static void a_writers_statements_are_closed(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  it_needs_ws(it, "statements");
  writing_t writing = {NULL, 0};
  taosuv_writer_open_t open = {.data = &writing};
  taosuv_writer_options_t options;
  char sql[128];
  taosuv_client_t* any = opened(it, "");
  const char* db = it_database(it, any, "ms");
  taosuv_client_t* client = it_client_db(it, db, "pool_size=2&close_timeout=10000");
  it_ok(it, client, "create stable %s.st (ts timestamp, v int) tags (g int)", db);
  snprintf(sql, sizeof sql, "insert into ? using %s.st tags (?) values (?, ?)", db);
  taosuv_writer_options_init(&options);
  options.sql = sql;
  options.batch_rows = 1;
  options.on_report = on_report;
  assert_int_equal(taosuv_writer_open(client, &open, &options, on_writer), 0);
  assert_true(it_until(it, has_writer, &writing, 10000));
  uint32_t rule = slow(it, NULL, 200);
  for (int i = 0; i < 20; i++) {
    char table[64];
    taosuv_value_t tag = taosuv_i64(i);
    taosuv_value_t row[] = {taosuv_i64(1700000000000 + i), taosuv_i64(i)};
    snprintf(table, sizeof table, "c%d", i);
    int status = taosuv_writer_row(writing.writer, table, TAOSUV_NUL_TERMINATED, &tag, 1, row, 2);
    if (status != 0) fail_msg("row %d: %s", i, taosuv_writer_message(writing.writer));
  }
  it_until_hits(it, rule, 2);
  it_close_wait(it, any);
  it_close_wait(it, client);
  nothing_is_left(it);
  taosuv_writer_close(writing.writer, on_writer_closed, &writing.closed);
  assert_true(it_until(it, is_over, &writing, 10000));
  it_unrule(it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(queries_that_run_are_waited_for_and_their_results_freed),
      IT_TEST(without_the_wait_they_are_left),
      IT_TEST(the_wait_has_a_limit),
      IT_TEST(the_dump_names_connections_that_leave),
      IT_TEST(a_connection_that_is_cut_is_not_waited_for),
      IT_TEST(cancelled_queries_are_waited_for_as_well),
      IT_TEST(open_results_are_freed_also_while_they_are_fetched),
      IT_TEST(older_gateways_results_are_freed_also_while_they_are_fetched),
      IT_TEST(statements_are_closed_on_the_server),
      IT_TEST(old_connections_wait_for_what_was_cancelled),
      IT_TEST(http_connections_end_their_request),
      IT_TEST(closing_in_a_callback_waits_for_the_others),
      IT_TEST(a_writers_statements_are_closed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
