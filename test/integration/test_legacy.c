/* Gateways before 3.1.1.15: no /ws, an endpoint for each kind of request. */
#include "client/pool/client.h"
#include "cluster.h"
#include "fixture.h"
#include "transport.h"
#include "writer_job.h"

#define OLD "3.0.5.1"

static void restart_as(it_t* it, const char* version) {
  it_server_stop(it);
  it_server_start(it, &(ts_config_t) {.version = version});
}

/* A client of an old gateway. */
static taosuv_client_t* old_client(it_t* it, const char* keys) {
  it_needs_ws(it, "endpoints of a WebSocket");
  it_needs_bundled(it);
  restart_as(it, OLD);
  return it_client(it, keys);
}

static uint64_t upgraded(const it_t* it) {
  return ts_peer_counters(ts_server_peer(it->server))->upgraded;
}

static uint64_t accepted(const it_t* it) {
  return ts_server_counters(it->server).connections;
}

/* Nothing was sent that the gateway says nothing about, or that it does not survive. */
static void nothing_was_wrong(const it_t* it) {
  assert_int_equal(ts_server_action_count(it->server, "unanswered"), 0);
  assert_int_equal(ts_server_counters(it->server).poisonous, 0);
}

/* ---- SQL ---- */

static void sql_goes_over_rest_ws(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = old_client(it, "");
  assert_int_equal(it_end(it_open(it, client, &op), &op), 0);
  assert_string_equal(op.open.version, OLD);
  it_ok(it, client, "create database old");
  it_ok(it, client, "create table old.t (ts timestamp, a int)");
  op = (it_op_t) {0};
  int started = it_exec(it, client, &op, "insert into old.t values (1, 1) (2, 2)");
  assert_int_equal(it_end(started, &op), 0);
  assert_int_equal(op.exec.affected_rows, 2);
  assert_int_equal(it_number(it, client, "select count(*) from old.t"), 2);
  op = (it_op_t) {0};
  assert_int_equal(it_end(it_exec(it, client, &op, "selec 1"), &op), TAOSUV_ESERVER);
  it_has(op.message, "syntax error");
  nothing_was_wrong(it);
}

static void results_have_many_blocks(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = old_client(it, "");
  taosuv_result_t* result = it_rows(it, client, "select * from bench.rows_12000_4096");
  assert_int_equal(it_drain(it, result), 12000);
  taosuv_result_close(result);
  for (int blocks = 0; blocks < 3; blocks++) {
    result = it_rows(it, client, "select * from bench.rows_40960_4096");
    for (int i = 0; i < blocks; i++) taosuv_block_unref(it_block(it, result));
    taosuv_result_close(result);
    it_until_no_results(it);
  }
  assert_true(ts_server_action_count(it->server, "fetch_block") >= 3);
  nothing_was_wrong(it);
}

static void a_cancelled_query_leaves_nothing_behind(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = old_client(it, "pool_size=1");
  it_usable(it, client);
  uint32_t rule = it_rule(it, &(ts_rule_t) {.action = "query", .times = 1, .wait_ms = 60});
  assert_int_equal(it_query(it, client, &op, "select * from bench.rows_10_5"), 0);
  it_until_hits(it, rule, 1);
  assert_int_equal(taosuv_cancel(&op.req), 0);
  assert_int_equal(it_wait(&op), TAOSUV_ECANCELED);
  it_usable(it, client);
  it_until_no_results(it);
  nothing_was_wrong(it);
}

static void a_time_limit_ends_a_query(void** state) {
  it_t* it = *state;
  it_op_t op = {.req = {.timeout_ms = 100}};
  taosuv_client_t* client = old_client(it, "pool_size=1");
  it_usable(it, client);
  it_rule(it, &(ts_rule_t) {.action = "query", .times = 1, .wait_ms = 400});
  assert_int_equal(it_end(it_query(it, client, &op, "select * from bench.rows_10_5"), &op),
                   TAOSUV_ETIMEDOUT);
  it_usable(it, client);
  it_until_no_results(it);
}

/* It is known from the log-in: the gateway would answer without the request's id. */
static void the_version_is_told(void** state) {
  it_t* it = *state;
  it_op_t ops[3] = {0};
  taosuv_client_t* client = old_client(it, "pool_size=1");
  it_usable(it, client);
  for (size_t i = 0; i < COUNT(ops); i++) assert_int_equal(it_version(it, client, &ops[i]), 0);
  assert_int_equal(taosuv_cancel(&ops[1].req), 0);
  assert_int_equal(it_wait(&ops[0]), 0);
  assert_int_equal(it_wait(&ops[1]), TAOSUV_ECANCELED);
  assert_int_equal(it_wait(&ops[2]), 0);
  assert_string_equal(ops[0].version.version, OLD);
  assert_string_equal(ops[2].version.version, OLD);
  it_run(it, 20);
  taosuv_counts_t counts;
  taosuv_client_counts(client, &counts);
  assert_int_equal(counts.in_flight, 0);
  it_op_t ping = {0};
  assert_int_equal(it_end(it_ping(it, client, &ping), &ping), 0);
  nothing_was_wrong(it);
}

static void a_message_beyond_4_mib_is_not_sent(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = old_client(it, "pool_size=1");
  size_t size = 5u << 20;
  char* sql = malloc(size);
  memset(sql, ' ', size);
  memcpy(sql, "select 1", 8);
  assert_int_equal(it_end(it_exec_sized(it, client, &op, sql, size), &op), TAOSUV_EMSGSIZE);
  it_has(op.message, "4 MiB");
  assert_int_equal(it_exec_sized(it, client, &op, sql, size), TAOSUV_EMSGSIZE);
  op = (it_op_t) {0};
  assert_int_equal(it_end(it_exec_sized(it, client, &op, sql, 3u << 20), &op), 0);
  free(sql);
  assert_int_equal(ts_peer_counters(ts_server_peer(it->server))->close_frames, 0);
}

/* A writer's batch that is larger goes in parts. */
static void a_writers_batch_beyond_4_mib_goes_in_parts(void** state) {
  enum { LINES = 800, LENGTH = 8000 };
  it_t* it = *state;
  taosuv_client_t* plain = old_client(it, "");
  const char* db = it_database(it, plain, "ms");
  it_close_wait(it, plain);
  job_t job = {.it = it, .client = it_client_db(it, db, ""), .db = db};
  char line[LENGTH + 80], text[LENGTH + 1];
  memset(text, 'x', LENGTH);
  text[LENGTH] = 0;
  taosuv_writer_options_init(&job.options);
  job.options.on_report = on_report;
  job.options.data = &job;
  job.options.lanes = 1;
  job.options.precision = TAOSUV_LINES_MS;
  job.options.batch_bytes = job.options.max_bytes = 8u << 20;
  job.options.batch_age_ms = 1000000;
  assert_int_equal(open_as(&job, NULL), 1);
  for (int i = 0; i < LINES; i++) {
    snprintf(line, sizeof line, "m,t=a v=\"%s\" 17000000%05d", text, i);
    assert_int_equal(taosuv_writer_lines(job.writer, line, TAOSUV_NUL_TERMINATED), 0);
  }
  close_writer(&job);
  assert_int_equal(job.totals.rows_written, LINES);
  assert_true(job.totals.parts > 0);
  assert_int_equal(it_number(it, job.client, "select count(*) from m"), LINES);
  assert_int_equal(ts_server_counters(it->server).connections, 5); /* none was lost */
}

/* ---- statements ---- */

/* Makes a super table in a database of its own; returns a client of it. */
static taosuv_client_t* with_meters(it_t* it, const char* keys) {
  taosuv_client_t* plain = old_client(it, "");
  const char* db = it_database(it, plain, "us");
  it_close_wait(it, plain);
  taosuv_client_t* client = it_client_db(it, db, keys);
  it_ok(it, client,
        "create stable st (ts timestamp, v int, n nchar(10)) tags (g int, l varchar(8))");
  it_ok(it, client, "create table t (ts timestamp, v int)");
  return client;
}

/* What a gateway of that age does not tell is asked by a query. */
static void the_fields_of_a_statement_are_known(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = with_meters(it, "pool_size=1");
  static const struct {
    const char* sql;
    const char* fields; /* kinds and lengths: b the table, t tags, c columns */
  } cases[] = {{"insert into ? using st tags(?,?) values(?,?,?)", "b270 t0 t8 c0 c0 c10 "},
               {"insert into ? using st (l) tags(?) (ts,n) values(?,?)", "b270 t8 c0 c10 "},
               {"insert into ? using st tags(?,?) (ts,n) values(?,?)", "b270 t0 t8 c0 c10 "},
               {"insert into ? using st (l) tags(?) values(?,?,?)", "b270 t8 c0 c0 c10 "},
               {"insert into ? using st tags(1,'x') values(?,?,?)", "b270 c0 c0 c10 "},
               {"insert into t values(?,?)", "c0 c0 "}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    char text[80] = "";
    size_t at = 0;
    uint32_t count;
    taosuv_stmt_t* stmt = it_stmt(it, client, cases[i].sql);
    const taosuv_stmt_field_t* fields = taosuv_stmt_fields(stmt, &count);
    for (uint32_t j = 0; j < count; j++) {
      char kind = fields[j].kind == TAOSUV_BIND_TABLE ? 'b'
                  : fields[j].kind == TAOSUV_BIND_TAG ? 't'
                                                      : 'c';
      at += (size_t) snprintf(text + at, sizeof text - at, "%c%d ", kind, (int) fields[j].length);
      if (fields[j].type == TAOSUV_TYPE_TIMESTAMP)
        assert_int_equal(fields[j].precision, TAOSUV_PRECISION_US);
    }
    assert_string_equal(text, cases[i].fields);
    taosuv_stmt_close(stmt);
  }
  it_until_no_results(it);
  nothing_was_wrong(it);
}

static void statements_that_cannot_be_are_refused(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = with_meters(it, "pool_size=1");
  static const struct {
    const char* sql;
    int status;
    const char* text;
  } cases[] = {{"select * from st where v > ?", TAOSUV_EVERSION, "3.2.2.0"},
               {"insert into st (tbname, ts, v) values(?,?,?)", TAOSUV_ESERVER, ""},
               {"insert into nope values(?,?)", TAOSUV_ESERVER, "not exist"},
               {"insert into ? values(?,?)", TAOSUV_ENOTSUP, ""},
               {"insert into t values(?)", TAOSUV_ENOTSUP, "2 columns"}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    it_op_t op = {0};
    int started = it_prepare(it, client, &op, cases[i].sql);
    int status = started == 0 ? it_wait(&op) : started;
    if (status != cases[i].status) fail_msg("%s: %d %s", cases[i].sql, status, op.message);
    if (started == 0) it_has(op.message, cases[i].text);
  }
  taosuv_client_t* second = it_client(it, "stmt_version=2");
  it_op_t op = {0};
  assert_int_equal(it_end(it_prepare(it, second, &op, "insert into t values(?,?)"), &op),
                   TAOSUV_EVERSION);
  it_run(it, 20);
  assert_int_equal(ts_server_counters(it->server).statements_open, 0);
  nothing_was_wrong(it);
}

/* While connections for SQL are all busy, and the queue is full. */
static void a_statement_is_prepared_beside_busy_connections(void** state) {
  it_t* it = *state;
  it_op_t busy = {0}, prepare = {0};
  taosuv_client_t* client = with_meters(it, "pool_size=1&max_inflight=1&max_queue=1");
  it_usable(it, client);
  it_rule(it, &(ts_rule_t) {.action = "query", .times = 1, .wait_ms = 100});
  assert_int_equal(it_exec(it, client, &busy, "select 1"), 0);
  assert_int_equal(
      it_end(it_prepare(it, client, &prepare, "insert into ? using st tags(?,?) values(?,?,?)"),
             &prepare),
      0);
  assert_int_equal(busy.completed, 1);
  taosuv_stmt_close(prepare.prepare.stmt);
}

/* ---- connections ---- */

/* The first one asks for /ws; those after it know. */
static void that_there_is_no_ws_is_learned_once(void** state) {
  it_t* it = *state;
  it_op_t ops[8] = {0};
  taosuv_client_t* client = old_client(it, "pool_size=4&max_inflight=1");
  it_usable(it, client);
  assert_int_equal(upgraded(it), 1);
  assert_int_equal(accepted(it), 2);
  it_rule(it, &(ts_rule_t) {.action = "query", .times = 8, .wait_ms = 50});
  for (size_t i = 0; i < COUNT(ops); i++)
    assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
  for (size_t i = 0; i < COUNT(ops); i++) assert_int_equal(it_wait(&ops[i]), 0);
  assert_int_equal(upgraded(it), 4);
  assert_int_equal(accepted(it), 5);
}

/* Each kind has connections of its own, as many as the pool may have, opened when they are
 * needed. */
static void each_kind_of_request_has_its_connection(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* plain = old_client(it, "");
  const char* db = it_database(it, plain, "ms");
  it_close_wait(it, plain);
  taosuv_client_t* client = it_client_db(it, db, "pool_size=1");
  it_usable(it, client);
  it_until_connections(it, 1);
  assert_int_equal(it_end(it_line(it, client, &op, "m,t=a v=1i32 1700000000000000000"), &op), 0);
  it_until_connections(it, 2);
  assert_int_equal(it_number(it, client, "select count(*) from m"), 1);
  op = (it_op_t) {0};
  assert_int_equal(it_end(it_line(it, client, &op, "m,t=a v=2i32 1700000001000000000"), &op), 0);
  it_usable(it, client);
  assert_int_equal(ts_server_counters(it->server).open, 2);
  nothing_was_wrong(it);
}

/* Requests of one kind do not wait behind those of another. */
static void a_full_connection_of_one_kind_holds_no_other_back(void** state) {
  it_t* it = *state;
  it_op_t first = {0}, second = {0}, line = {0};
  taosuv_client_t* plain = old_client(it, "");
  const char* db = it_database(it, plain, "ms");
  it_close_wait(it, plain);
  taosuv_client_t* client = it_client_db(it, db, "pool_size=1&max_inflight=1");
  it_usable(it, client);
  it_rule(it, &(ts_rule_t) {.action = "query", .times = 1, .wait_ms = 300});
  assert_int_equal(it_exec(it, client, &first, "select 1"), 0);
  assert_int_equal(it_exec(it, client, &second, "select 2"), 0);
  assert_int_equal(it_line(it, client, &line, "m,t=a v=1i32 1700000000000000000"), 0);
  assert_int_equal(it_wait(&line), 0);
  assert_int_equal(first.completed, 0);
  assert_int_equal(it_wait(&first), 0);
  assert_int_equal(it_wait(&second), 0);
}

static void lost_connections_are_made_again(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* plain = old_client(it, "");
  const char* db = it_database(it, plain, "ms");
  taosuv_client_t* client = it_client_db(it, db, "pool_size=1&retry_initial=10");
  for (int i = 0; i < 3; i++) {
    it_usable(it, client);
    op = (it_op_t) {0};
    assert_int_equal(it_end(it_line(it, client, &op, "m,t=a v=1i32 1700000000000000000"), &op), 0);
    ts_peer_cut_all(ts_server_peer(it->server));
    it_until_connections(it, 0);
  }
  nothing_was_wrong(it);
}

static void a_host_without_any_endpoint_is_told(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  it_needs_ws(it, "endpoints of a WebSocket");
  it_needs_bundled(it);
  ts_peer_set_path(ts_server_peer(it->server), "/other");
  taosuv_client_t* client = it_client(it, "retries=0");
  assert_int_equal(it_end(it_open(it, client, &op), &op), TAOSUV_ENOENDPOINT);
  assert_int_equal(op.req.server_code, 404);
  it_has(op.message, "neither /ws");
  it_has(op.message, "/rest/ws");
  op = (it_op_t) {0};
  assert_int_equal(it_end(it_line(it, client, &op, "m v=1"), &op), TAOSUV_ENOENDPOINT);
  it_has(op.message, "/rest/schemaless");
  ts_peer_set_path(ts_server_peer(it->server), "/ws");
  it_usable(it, client);
}

static void a_400_means_no_ws_too(void** state) {
  it_t* it = *state;
  static const char answer[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
  taosuv_client_t* client = old_client(it, "");
  ts_peer_set_fault(ts_server_peer(it->server), &(ts_fault_t) {.upgrade_answer = answer}, 1);
  it_usable(it, client);
  assert_int_equal(accepted(it), 2);
}

/* ---- hosts of two versions, and exchanged ones ---- */

static void an_old_host_and_a_new_one_serve_together(void** state) {
  it_t* it = *state;
  it_op_t ops[16] = {0}, lines[4] = {0};
  it_needs_ws(it, "endpoints of a WebSocket");
  cl_t cluster = cl_start_all(it, &(ts_config_t) {.version = OLD});
  cl_stop(&cluster, 1);
  cl_start(&cluster, 1, NULL);
  for (size_t i = 0; i < 2; i++) ts_server_exec(cluster.server[i], "create database d");
  char url[160];
  snprintf(url, sizeof url, "ws://root:taosdata@127.0.0.1:%d,127.0.0.1:%d/d?pool_size=4",
           cluster.port[0], cluster.port[1]);
  taosuv_client_t* client = it_client_url(it, url);
  for (size_t i = 0; i < COUNT(ops); i++)
    assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
  for (size_t i = 0; i < COUNT(ops); i++) assert_int_equal(it_wait(&ops[i]), 0);
  cl_until_spread(&cluster, 2, 2, 0);
  for (size_t i = 0; i < COUNT(lines); i++)
    assert_int_equal(it_line(it, client, &lines[i], "m,t=a v=1i32 1700000000000000000"), 0);
  for (size_t i = 0; i < COUNT(lines); i++) assert_int_equal(it_wait(&lines[i]), 0);
  cl_stop(&cluster, 1); /* the new one goes: the old one serves all */
  it_run(it, 20);
  ops[0] = (it_op_t) {0};
  lines[0] = (it_op_t) {0};
  assert_int_equal(it_end(it_exec(it, client, &ops[0], "select 1"), &ops[0]), 0);
  assert_int_equal(
      it_end(it_line(it, client, &lines[0], "m,t=a v=2i32 1700000001000000000"), &lines[0]), 0);
  it_close_wait(it, client);
  cl_stop_all(&cluster);
}

static void a_wrong_host_is_passed_over(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "endpoints of a WebSocket");
  cl_t cluster = cl_start_all(it, &(ts_config_t) {.version = OLD});
  ts_peer_set_path(ts_server_peer(cluster.server[0]), "/other");
  taosuv_client_t* client = cl_client(&cluster, 2, "pool_size=1&load_balance=first");
  it_usable(it, client);
  assert_int_equal(cl_open(&cluster, 1), 1);
  it_close_wait(it, client);
  cl_stop_all(&cluster);
}

/* The same host becomes another version while the client runs. */
static void becomes(it_t* it, taosuv_client_t* client, const char* version) {
  it_op_t op = {0};
  ts_server_set_version(it->server, version);
  ts_peer_cut_all(ts_server_peer(it->server));
  it_until_connections(it, 0);
  it_usable(it, client);
  assert_int_equal(it_end(it_line(it, client, &op, "m,t=a v=1i32 1700000000000000000"), &op), 0);
}

static void a_gateway_is_exchanged_while_the_client_runs(void** state) {
  it_t* it = *state;
  taosuv_client_t* plain = old_client(it, "");
  const char* db = it_database(it, plain, "ms");
  it_close_wait(it, plain);
  taosuv_client_t* client = it_client_db(it, db, "pool_size=1&retry_initial=10");
  becomes(it, client, OLD);
  assert_int_equal(ts_server_counters(it->server).open, 2);
  becomes(it, client, "3.3.6.0");
  assert_int_equal(ts_server_counters(it->server).open, 1); /* /ws serves both */
  becomes(it, client, OLD);
  assert_int_equal(ts_server_counters(it->server).open, 2);
}

/* Without a failure nobody asks again; but the version tells that there is /ws now. */
static void a_version_that_has_ws_is_asked_for_it(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = old_client(it, "pool_size=1&idle_timeout=60");
  it_usable(it, client);
  it_until_connections(it, 0);
  ts_server_set_version(it->server, "3.3.6.0");
  it_usable(it, client);
  assert_string_equal(ts_conn_path(it_conn(it)), "/ws");
  assert_true(ts_server_action_count(it->server, "binary_query") > 0);
}

/* A proxy that refuses /ws once: the version tells that it is there. */
static void a_ws_that_is_refused_once_is_asked_for_again(void** state) {
  it_t* it = *state;
  static const char answer[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
  it_needs_ws(it, "endpoints of a WebSocket");
  it_needs_bundled(it);
  taosuv_client_t* client = it_client(it, "pool_size=1");
  ts_peer_set_fault(ts_server_peer(it->server), &(ts_fault_t) {.upgrade_answer = answer}, 1);
  it_usable(it, client);
  assert_string_equal(ts_conn_path(it_conn(it)), "/ws");
  assert_int_equal(accepted(it), 3);
}

/* And one that never lets it through: the old endpoints do as well. */
static void a_new_gateway_without_ws_is_spoken_to_as_an_old_one(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  it_needs_ws(it, "endpoints of a WebSocket");
  it_needs_bundled(it);
  taosuv_client_t* plain = it_client(it, "");
  const char* db = it_database(it, plain, "ms");
  it_close_wait(it, plain);
  ts_peer_set_path(ts_server_peer(it->server), "/rest/ws /rest/stmt /rest/schemaless");
  taosuv_client_t* client = it_client_db(it, db, "pool_size=1");
  it_usable(it, client);
  assert_int_equal(it_end(it_line(it, client, &op, "m,t=a v=1i32 1700000000000000000"), &op), 0);
  assert_int_equal(it_number(it, client, "select count(*) from m"), 1);
  assert_int_equal(ts_server_counters(it->server).open, 2);
  nothing_was_wrong(it);
  ts_peer_set_path(ts_server_peer(it->server), "/ws");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(sql_goes_over_rest_ws),
      IT_TEST(results_have_many_blocks),
      IT_TEST(a_cancelled_query_leaves_nothing_behind),
      IT_TEST(a_time_limit_ends_a_query),
      IT_TEST(the_version_is_told),
      IT_TEST(a_message_beyond_4_mib_is_not_sent),
      IT_TEST(a_writers_batch_beyond_4_mib_goes_in_parts),
      IT_TEST(the_fields_of_a_statement_are_known),
      IT_TEST(statements_that_cannot_be_are_refused),
      IT_TEST(a_statement_is_prepared_beside_busy_connections),
      IT_TEST(that_there_is_no_ws_is_learned_once),
      IT_TEST(each_kind_of_request_has_its_connection),
      IT_TEST(a_full_connection_of_one_kind_holds_no_other_back),
      IT_TEST(lost_connections_are_made_again),
      IT_TEST(a_host_without_any_endpoint_is_told),
      IT_TEST(a_400_means_no_ws_too),
      IT_TEST(an_old_host_and_a_new_one_serve_together),
      IT_TEST(a_wrong_host_is_passed_over),
      IT_TEST(a_gateway_is_exchanged_while_the_client_runs),
      IT_TEST(a_version_that_has_ws_is_asked_for_it),
      IT_TEST(a_ws_that_is_refused_once_is_asked_for_again),
      IT_TEST(a_new_gateway_without_ws_is_spoken_to_as_an_old_one),
  };
  return cmocka_run_group_tests_name("legacy", tests, NULL, NULL);
}
