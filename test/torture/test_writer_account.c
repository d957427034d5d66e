/* The writer's totals: a million rows for ten thousand tables, with full queues and connections
 * that are cut in the middle of messages and answers. At the end each row is in its table exactly
 * once. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_probe.h"
#include "taosuv.h"
#include "testserver.h"

enum { TABLES = 10000, ROWS_EACH = 100, ROWS = TABLES * ROWS_EACH, CUTS = 5 };

#define FIRST_TIME INT64_C(1700000000000)

typedef struct account_s account_t;
struct account_s {
  uv_loop_t loop;
  ts_server_t* server;
  alloc_probe_t probe;
  taosuv_client_t* client;
  taosuv_writer_t* writer;
  taosuv_writer_totals_t totals;
  uint64_t put, refused, reports;
  unsigned cuts, drains;
  bool cut_answer; /* of the next exec */
  bool opened, writer_closed, client_closed;
  /* the queries at the end */
  void (*look)(account_t* account, const taosuv_block_t* block);
  taosuv_fetch_t fetch;
  bool asked;
  uint8_t* seen; /* a byte a row */
  uint64_t rows;
  int64_t count, sum;
};

static void on_report(taosuv_writer_t* writer, const taosuv_writer_report_t* report, void* data) {
  account_t* account = data;
  (void) writer;
  account->reports++;
  print_error("%llu rows not written: %s\n", (unsigned long long) report->rows, report->message);
}

static void on_drain(taosuv_writer_t* writer, void* data) {
  (void) writer;
  ((account_t*) data)->drains++;
}

static void on_opened(taosuv_writer_open_t* req, int status) {
  account_t* account = req->data;
  if (status < 0) print_error("%s\n", req->message);
  assert_int_equal(status, 0);
  account->writer = req->writer;
  account->opened = true;
}

static void on_writer_closed(const taosuv_writer_totals_t* totals, void* data) {
  account_t* account = data;
  account->totals = *totals;
  account->writer_closed = true;
}

static void on_client_closed(void* data) {
  ((account_t*) data)->client_closed = true;
}

static void run_until(account_t* account, const bool* done) {
  while (!*done) uv_run(&account->loop, UV_RUN_ONCE);
}

/* ---- set up ---- */

static void make_tables(account_t* account, const ts_config_t* config) {
  assert_int_equal(uv_loop_init(&account->loop), 0);
  assert_int_equal(ts_server_create(&account->loop, config, &account->server), 0);
  assert_int_equal(ts_server_exec(account->server, "create database d"), 0);
  assert_int_equal(
      ts_server_exec(account->server, "create stable d.st (ts timestamp, a bigint) tags (g int)"),
      0);
}

/* Fewer requests at a time than the writer has lanes. */
static void make_client(account_t* account) {
  char url[256];
  taosuv_options_t options;
  taosuv_allocator_t allocator;
  alloc_probe_init(&account->probe);
  memcpy(&allocator, &account->probe.alloc, sizeof allocator);
  snprintf(url, sizeof url,
           "%s/d?pool_size=2&max_inflight=2&max_queue=2&retry_initial=1&retry_max=20",
           ts_server_url(account->server));
  taosuv_options_init(&options);
  options.url = url;
  options.allocator = &allocator;
  options.data = account;
  assert_int_equal(taosuv_client_create_ex(&account->loop, &options, &account->client), 0);
}

/* The first lanes of the writer wait in the queue until there is a connection. */
static void on_connected(taosuv_open_t* req, int status) {
  assert_int_equal(status, 0);
  *(bool*) req->data = true;
}

static void open_writer(account_t* account) {
  bool connected = false;
  taosuv_open_t connect = {.data = &connected};
  taosuv_writer_open_t open = {.data = account};
  taosuv_writer_options_t options;
  assert_int_equal(taosuv_open(account->client, &connect, on_connected), 0);
  run_until(account, &connected);
  taosuv_writer_options_init(&options);
  options.sql = "insert into ? using d.st tags(?) values(?,?)";
  options.lanes = 8;
  options.batch_rows = 500;
  options.max_bytes = 600000;
  options.on_report = on_report;
  options.on_drain = on_drain;
  options.data = account;
  assert_int_equal(taosuv_writer_open(account->client, &open, &options, on_opened), 0);
  run_until(account, &account->opened);
}

/* ---- what is written ---- */

static int put(account_t* account, int64_t row) {
  char name[16];
  int64_t table = row % TABLES;
  int length = snprintf(name, sizeof name, "t%d", (int) table);
  taosuv_value_t tag = taosuv_i64(table);
  taosuv_value_t values[] = {taosuv_i64(FIRST_TIME + row / TABLES), taosuv_i64(row)};
  return taosuv_writer_row(account->writer, name, (size_t) length, &tag, 1, values, 2);
}

static void set_fault(account_t* account, const ts_fault_t* fault) {
  ts_peer_t* peer = ts_server_peer(account->server);
  for (ts_conn_t* conn = ts_peer_next(peer, NULL); conn != NULL; conn = ts_peer_next(peer, conn))
    ts_conn_set_fault(conn, fault);
}

/* Cuts in turn: in the middle of the next answer to an exec, when the batch is written but the
 * client does not know it; all connections at once; in the middle of the next message. */
static void cut(account_t* account) {
  switch (account->cuts++ % 3) {
    case 0: account->cut_answer = true; break;
    case 1: ts_peer_cut_all(ts_server_peer(account->server)); break;
    default: set_fault(account, &(ts_fault_t) {.cut_after_received = 5000});
  }
}

static void on_message(void* data, const char* action, const void* message, size_t size) {
  account_t* account = data;
  (void) message;
  (void) size;
  if (!account->cut_answer || strcmp(action, "stmt2_exec") != 0) return;
  account->cut_answer = false;
  set_fault(account, &(ts_fault_t) {.cut_after_sent = 20});
}

static void put_all(account_t* account) {
  for (int64_t row = 0; row < ROWS; row++) {
    int status;
    while ((status = put(account, row)) == TAOSUV_EAGAIN) {
      account->refused++;
      if (row > (int64_t) (account->cuts + 1) * ROWS / (CUTS + 1) && account->cuts < CUTS)
        cut(account);
      unsigned drains = account->drains;
      while (account->drains == drains) uv_run(&account->loop, UV_RUN_ONCE);
    }
    if (status < 0) print_error("%s\n", taosuv_writer_message(account->writer));
    assert_int_equal(status, 0);
    account->put++;
  }
  taosuv_writer_close(account->writer, on_writer_closed, account);
  run_until(account, &account->writer_closed);
}

/* ---- the stored rows ---- */

/* Each row is in its table exactly once. */
static void count_rows(account_t* account, const taosuv_block_t* block) {
  taosuv_column_t ts, a, g;
  taosuv_block_column(block, 0, &ts);
  taosuv_block_column(block, 1, &a);
  taosuv_block_column(block, 2, &g);
  for (uint32_t row = 0; row < a.rows; row++) {
    int64_t number = taosuv_get_i64(&a, row);
    assert_in_range(number, 0, ROWS - 1);
    assert_int_equal(account->seen[number], 0);
    account->seen[number] = 1;
    assert_int_equal(taosuv_get_i64(&ts, row), FIRST_TIME + number / TABLES);
    assert_int_equal(taosuv_get_i32(&g, row), number % TABLES);
  }
  account->rows += a.rows;
}

/* By SQL. */
static void take_sums(account_t* account, const taosuv_block_t* block) {
  taosuv_column_t count, sum;
  taosuv_block_column(block, 0, &count);
  taosuv_block_column(block, 1, &sum);
  account->count = taosuv_get_i64(&count, 0);
  account->sum = taosuv_get_i64(&sum, 0);
}

static void on_block(taosuv_fetch_t* req, int status) {
  account_t* account = req->data;
  assert_int_equal(status, 0);
  if (req->block == NULL) {
    taosuv_result_close(req->result);
    account->asked = true;
    return;
  }
  account->look(account, req->block);
  assert_int_equal(taosuv_fetch(req->result, req, on_block), 0);
}

static void on_query(taosuv_query_t* req, int status) {
  account_t* account = req->data;
  if (status < 0) print_error("%s\n", req->message);
  assert_int_equal(status, 0);
  account->fetch.data = account;
  assert_int_equal(taosuv_fetch(req->result, &account->fetch, on_block), 0);
}

static void ask(account_t* account, const char* sql,
                void (*look)(account_t* account, const taosuv_block_t* block)) {
  taosuv_query_t query = {.data = account};
  account->look = look;
  account->asked = false;
  assert_int_equal(taosuv_query(account->client, &query, sql, TAOSUV_NUL_TERMINATED, on_query), 0);
  run_until(account, &account->asked);
}

static void check_tables(account_t* account) {
  ask(account, "select count(*), sum(a) from d.st", take_sums);
  assert_int_equal(account->count, ROWS);
  assert_int_equal(account->sum, (int64_t) ROWS * (ROWS - 1) / 2);
  account->seen = calloc(ROWS, 1);
  ask(account, "select ts, a, g from d.st", count_rows);
  assert_int_equal(account->rows, ROWS);
  free(account->seen);
}

static void check_totals(const account_t* account) {
  const taosuv_writer_totals_t* totals = &account->totals;
  assert_int_equal(account->put, ROWS);
  assert_int_equal(totals->rows_taken, ROWS);
  assert_int_equal(totals->rows_written, ROWS);
  assert_int_equal(totals->rows_failed, 0);
  assert_int_equal(totals->rows_pending, 0);
  assert_int_equal(account->reports, 0);
  assert_int_equal(account->cuts, CUTS);
  assert_true(account->refused > CUTS);
  assert_true(totals->retries > 0);
  assert_true(ts_server_counters(account->server).connections > CUTS);
}

static void a_million_rows_are_accounted_for(void** state) {
  (void) state;
  static account_t account;
  memset(&account, 0, sizeof account);
  ts_config_t config = {.spy = on_message, .spy_data = &account};
  make_tables(&account, &config);
  make_client(&account);
  open_writer(&account);
  uint64_t began = uv_hrtime();
  put_all(&account);
  double seconds = (double) (uv_hrtime() - began) / 1e9;
  print_message(
      "%d rows in %.1f s, %llu batches, %llu sent again, %llu rows refused for a while, "
      "%llu connections\n",
      ROWS, seconds, (unsigned long long) account.totals.batches,
      (unsigned long long) account.totals.retries, (unsigned long long) account.refused,
      (unsigned long long) ts_server_counters(account.server).connections);
  check_totals(&account);
  check_tables(&account);
  taosuv_close(account.client, on_client_closed);
  run_until(&account, &account.client_closed);
  assert_int_equal(account.probe.live_blocks, 0);
  assert_int_equal(ts_server_counters(account.server).poisonous, 0);
  ts_server_close(account.server, NULL, NULL);
  uv_run(&account.loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&account.loop), 0);
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_million_rows_are_accounted_for),
  };
  return cmocka_run_group_tests_name("writer_account", tests, NULL, NULL);
}
