/* A host that becomes silent: packets are dropped, so that no error is reported and written data
 * stays in the system's buffers. Requests continue over the other host, and the time limits allow
 * for that. */
#include "client/pool/client.h"
#include "client/tmq/base.h"
#include "client/tmq/consumer.h"
#include "client/tmq/fetch.h"
#include "client/writer/writer.h"
#include "cluster.h"
#include "consumers.h"
#include "transport.h"
#include "writer_job.h"

/* ---- two hosts ---- */

static void make_database(ts_server_t* server) {
  static const char* const statements[] = {
      "create database d wal_retention_period 3600",
      ("create stable d.st (ts timestamp, a bigint, b double, c varchar(24)) "
       "tags (g int, l varchar(20))"),
      "create table d.plain (ts timestamp, v int)", "insert into d.plain values (1, 1)",
      "create topic silent_topic as select ts, v from d.plain"};
  for (size_t i = 0; i < COUNT(statements); i++)
    if (ts_server_exec(server, statements[i]) != 0) fail_msg("%s", ts_server_exec_error(server));
}

static cl_t start_hosts(it_t* it) {
  cl_t cluster = cl_start_all(it, NULL);
  for (size_t i = 0; i < 2; i++) make_database(cluster.server[i]);
  return cluster;
}

static void url_of_hosts(const cl_t* cluster, char* url, size_t size, const char* db,
                         const char* keys) {
  snprintf(url, size,
           "%s://root:taosdata@127.0.0.1:%d,127.0.0.1:%d/%s?retry_initial=100&retry_max=1000&%s",
           it_transport_http() ? "http" : "ws", cluster->port[0], cluster->port[1], db, keys);
}

static taosuv_client_t* client_of_hosts(cl_t* cluster, const char* keys) {
  char url[512];
  url_of_hosts(cluster, url, sizeof url, "d", keys);
  return it_client_url(cluster->it, url);
}

/* From now on it reads nothing, so that it answers nothing; it accepts connections. */
static void silence(cl_t* cluster, size_t i) {
  ts_peer_pause(ts_server_peer(cluster->server[i]), true);
}

static void expect_host(const cl_t* cluster, const it_op_t* op, size_t i) {
  char text[32];
  snprintf(text, sizeof text, "127.0.0.1:%d", cluster->port[i]);
  assert_string_equal(op->host, text);
}

/* Both connections of a pool of two are there: the first host's is the younger one's elder. */
static void open_both(cl_t* cluster, taosuv_client_t* client) {
  it_op_t ops[4];
  memset(ops, 0, sizeof ops);
  for (size_t i = 0; i < COUNT(ops); i++)
    assert_int_equal(it_exec(cluster->it, client, &ops[i], "select 1"), 0);
  for (size_t i = 0; i < COUNT(ops); i++) assert_int_equal(it_wait(&ops[i]), 0);
  cl_until_spread(cluster, 1, 1, 0);
}

/* ---- how the limits fit each other ---- */

static uint64_t default_retry_ms(it_t* it, taosuv_client_t* client, uint64_t timeout_ms) {
  job_t job = {.it = it, .client = client};
  taosuv_writer_options_init(&job.options);
  job.options.on_report = on_report;
  job.options.data = &job;
  job.options.timeout_ms = timeout_ms;
  assert_int_equal(open_as(&job, NULL), 1);
  uint64_t retry_ms = job.writer->options.retry_ms;
  close_writer(&job);
  return retry_ms;
}

/* The table of the guide. */
static void the_defaults_fit_each_other(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  taosuv_client_t* client = it_client_url(it, "ws://root:taosdata@127.0.0.1:1/d");
  const tuv_url_t* url = &client->context.url;
  uint64_t dead = 2 * url->ping_interval; /* until a peer that is silent is given up */
  uint64_t probed = url->request_timeout + url->probe_timeout;
  uint64_t retry_ms = default_retry_ms(it, client, 0);
  uint64_t asked = 1000ull * TUV_MAX_ASKED_SECONDS;
  /* What is repeatable comes to another host within its time limit. */
  assert_true(dead + url->connect_timeout < url->request_timeout);
  assert_true(url->probe_timeout + url->connect_timeout < url->request_timeout);
  assert_true(url->probe_timeout < dead);
  assert_true(asked + url->connect_timeout < url->request_timeout);
  /* A batch of a writer comes to another host, however the silence was found. */
  assert_true(dead + url->connect_timeout < retry_ms);
  assert_true(probed + url->connect_timeout < retry_ms);
  /* Requests that wait for a connection to a single host fail with the reason why there is none. */
  uint64_t pauses = 0, pause = url->retry_initial;
  for (uint32_t i = 0; i < url->retries; i++, pause *= 2)
    pauses += pause < url->retry_max ? pause : url->retry_max;
  pauses += pauses / 5;
  assert_true((url->retries + 1) * url->connect_timeout + pauses < url->request_timeout);
  assert_true(url->retry_initial <= url->retry_max && url->retry_max < url->connect_timeout);
  /* An address that is silent leaves time for another, and is remembered for longer than that. */
  assert_true(2 * TUV_MIN_ADDRESS_MS < url->connect_timeout);
  assert_true(url->connect_timeout < TUV_AVOID_MS);
  /* A consumer: the shortest max.poll.interval.ms is 1000; how long an answer is waited for. */
  assert_true(TUV_TMQ_SLICE_MS < 1000);
  assert_true(dead < url->request_timeout + TUV_TMQ_SLICE_MS);
  assert_true(dead < TUV_TMQ_ANSWER_MS);
  /* Ends, and what is done now and then. */
  assert_true(TUV_CLOSE_WAIT_MS < url->connect_timeout);
  assert_true(url->close_timeout < url->request_timeout);
  assert_true(url->connect_timeout < url->discover_interval);
}

static void a_writer_s_time_leaves_room_for_another_attempt(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  taosuv_client_t* client = it_client_url(it, "ws://root:taosdata@127.0.0.1:1/d");
  assert_int_equal(default_retry_ms(it, client, 1), TUV_WRITER_RETRY);
  assert_int_equal(default_retry_ms(it, client, TUV_WRITER_RETRY / 2 + 1), TUV_WRITER_RETRY + 2);
  assert_true(default_retry_ms(it, client, UINT64_MAX - 1) == UINT64_MAX);
  it_close_wait(it, client);
  client = it_client_url(it, "ws://root:taosdata@127.0.0.1:1/d?request_timeout=100000");
  assert_int_equal(default_retry_ms(it, client, 0), 200000);
  assert_int_equal(default_retry_ms(it, client, 1000), TUV_WRITER_RETRY);
  it_close_wait(it, client);
  client = it_client_url(it, "ws://root:taosdata@127.0.0.1:1/d?request_timeout=0");
  assert_int_equal(default_retry_ms(it, client, 0), TUV_WRITER_RETRY);
}

/* ---- a writer ---- */

static void write_through_silence(it_t* it, const char* keys) {
  cl_t cluster = start_hosts(it);
  job_t job = {.it = it, .client = client_of_hosts(&cluster, keys)};
  taosuv_writer_options_init(&job.options);
  job.options.on_report = on_report;
  job.options.on_drain = on_drain;
  job.options.data = &job;
  job.options.batch_age_ms = 20;
  assert_int_equal(open_as(&job, writer_sql), 1);
  for (int64_t i = 0; i < 400; i++) put_waiting(&job, (unsigned) i % 40, 1 + i, i);
  flush(&job);
  silence(&cluster, 0);
  for (int64_t i = 400; i < 1200; i++) {
    put_waiting(&job, (unsigned) i % 40, 1 + i, i);
    if (i % 100 == 0) it_run(it, 10);
  }
  uint64_t start = it_ms();
  flush(&job);
  it_within(start, 0, 20000);
  close_writer(&job);
  assert_int_equal(job.reports, 0);
  assert_int_equal(job.totals.rows_written, 1200);
  it_close_wait(it, job.client);
  cl_stop_all(&cluster);
}

static void a_writer_goes_on_when_only_time_limits_find_it(void** state) {
  it_needs_ws(*state, "statements");
  write_through_silence(
      *state,
      "ping_interval=0&request_timeout=500&probe_timeout=300&connect_timeout=500&pool_size=2");
}

static void a_writer_goes_on_when_only_pings_find_it(void** state) {
  it_needs_ws(*state, "statements");
  write_through_silence(*state,
                        "ping_interval=300&request_timeout=0&connect_timeout=500&pool_size=2");
}

/* As the defaults are, a fiftieth of them. */
static void a_writer_goes_on_with_limits_like_the_defaults(void** state) {
  it_needs_ws(*state, "statements");
  write_through_silence(
      *state, "ping_interval=300&request_timeout=1200&probe_timeout=100&connect_timeout=160");
}

/* ---- a connection on which a request timed out ---- */

static const char patient[] = "ping_interval=0&request_timeout=20000&probe_timeout=300";

static taosuv_client_t* patient_client(cl_t* cluster, const char* more) {
  char keys[256];
  snprintf(keys, sizeof keys, "%s&%s", patient, more);
  return client_of_hosts(cluster, keys);
}

/* Lets a request on the first host's connection time out. */
static void time_out(cl_t* cluster, taosuv_client_t* client) {
  it_op_t ops[2];
  memset(ops, 0, sizeof ops);
  for (size_t i = 0; i < COUNT(ops); i++) {
    ops[i].req.timeout_ms = 100;
    assert_int_equal(it_exec(cluster->it, client, &ops[i], "select 1"), 0);
  }
  unsigned late = 0;
  for (size_t i = 0; i < COUNT(ops); i++) {
    int status = it_wait(&ops[i]);
    assert_true(status == 0 || status == TAOSUV_ETIMEDOUT);
    if (status < 0) expect_host(cluster, &ops[i], 0);
    late += status < 0;
  }
  assert_int_equal(late, 1);
}

static bool has_two(void* data) {
  return ((const taosuv_client_t*) data)->pool.conns.ready == 2;
}

static void it_gets_no_new_work_and_ends(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "many connections that stay");
  cl_t cluster = start_hosts(it);
  taosuv_client_t* client = patient_client(&cluster, "pool_size=2");
  open_both(&cluster, client);
  silence(&cluster, 0);
  time_out(&cluster, client);
  uint64_t start = it_ms();
  for (unsigned i = 0; i < 30; i++) {
    it_op_t op = {.req.timeout_ms = 3000};
    assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), 0);
    expect_host(&cluster, &op, 1);
    if (it_ms() - start < 250) it_run(it, 5);
  }
  it_run(it, 500);
  assert_int_equal(client->pool.conns.ready, 1); /* it has ended */
  it_op_t ops[4];
  memset(ops, 0, sizeof ops);
  for (size_t i = 0; i < COUNT(ops); i++)
    assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
  for (size_t i = 0; i < COUNT(ops); i++) assert_int_equal(it_wait(&ops[i]), 0);
  assert_true(it_until(it, has_two, client, 5000));
  assert_int_equal(cl_open(&cluster, 1), 2); /* the new one goes to the other host, too */
  assert_false(tuv_hosts_is_up(&client->pool.hosts, 0));
  it_close_wait(it, client);
  cl_stop_all(&cluster);
}

/* Its server is slow, and answers pings. */
static void it_is_as_before_when_it_answers(void** state) {
  it_t* it = *state;
  it_op_t slow = {.req.timeout_ms = 100}, op = {0};
  it_needs_ws(it, "pings on a connection");
  it_needs_bundled(it);
  taosuv_client_t* client = it_client(it, "ping_interval=0&probe_timeout=300");
  it_usable(it, client);
  it_rule(it, &(ts_rule_t) {.sql = "select 7", .wait_ms = 1500});
  assert_int_equal(it_end(it_exec(it, client, &slow, "select 7"), &slow), TAOSUV_ETIMEDOUT);
  uint64_t start = it_ms();
  assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), 0);
  it_within(start, 0, 250);
  it_run(it, 700);
  it_usable(it, client);
  taosuv_counts_t counts;
  taosuv_client_counts(client, &counts);
  assert_int_equal(counts.connects, 1);
  assert_true(tuv_hosts_is_up(&client->pool.hosts, 0));
}

/* A pong waits behind a large answer: what has come of that one is a sign of life as well, and the
 * next request is sent meanwhile. */
static void it_is_as_before_while_an_answer_comes(void** state) {
  it_t* it = *state;
  it_op_t late = {.req.timeout_ms = 1}, op = {0}, fetch = {0};
  it_needs_ws(it, "pings on a connection");
  it_needs_bundled(it);
  taosuv_client_t* client = it_client(it, "ping_interval=0&probe_timeout=80&prefetch=0");
  taosuv_result_t* result = it_rows(it, client, "select * from bench.rows_65000_65000");
  uint32_t rule = it_rule(it, &(ts_rule_t) {.sql = "select 8"});
  ts_conn_set_fault(it_conn(it), &(ts_fault_t) {.split = 40});
  assert_int_equal(it_fetch(it, result, &fetch), 0);
  it_run(it, 20);
  assert_int_equal(it_end(it_exec(it, client, &late, "select 7"), &late), TAOSUV_ETIMEDOUT);
  assert_int_equal(it_exec(it, client, &op, "select 8"), 0);
  it_until_hits(it, rule, 1);
  assert_int_equal(fetch.completed, 0);
  ts_conn_set_fault(it_conn(it), &(ts_fault_t) {0});
  assert_int_equal(it_wait(&fetch), 0);
  assert_int_equal(it_wait(&op), 0);
  it_done(&fetch);
  taosuv_result_close(result);
  taosuv_counts_t counts;
  taosuv_client_counts(client, &counts);
  assert_int_equal(counts.connects, 1);
}

/* With one connection: what comes next is not given to it, but waits for what becomes of it. */
static void what_comes_next_is_not_sent_into_the_silence(void** state) {
  it_t* it = *state;
  it_op_t late = {.req.timeout_ms = 100}, op = {0};
  it_needs_ws(it, "pings on a connection");
  cl_t cluster = start_hosts(it);
  taosuv_client_t* client = patient_client(&cluster, "pool_size=1");
  it_usable(it, client);
  silence(&cluster, 0);
  assert_int_equal(it_end(it_exec(it, client, &late, "select 1"), &late), TAOSUV_ETIMEDOUT);
  uint64_t start = it_ms();
  assert_int_equal(it_end(it_exec(it, client, &op, "insert into plain values (now, 1)"), &op), 0);
  it_within(start, 250, 3000);
  expect_host(&cluster, &op, 1);
  it_close_wait(it, client);
  cl_stop_all(&cluster);
}

static void what_may_be_repeated_moves_to_the_other_host(void** state) {
  it_t* it = *state;
  it_op_t late = {.req.timeout_ms = 150}, once = {0}, again = {.req.idempotent = 1};
  it_needs_ws(it, "many requests on a connection");
  cl_t cluster = start_hosts(it);
  taosuv_client_t* client = patient_client(&cluster, "pool_size=1");
  it_usable(it, client);
  silence(&cluster, 0);
  assert_int_equal(it_exec(it, client, &once, "insert into plain values (7, 1)"), 0);
  assert_int_equal(it_exec(it, client, &again, "insert into plain values (8, 1)"), 0);
  assert_int_equal(it_end(it_exec(it, client, &late, "select 1"), &late), TAOSUV_ETIMEDOUT);
  uint64_t start = it_ms();
  assert_int_equal(it_wait(&again), 0);
  expect_host(&cluster, &again, 1);
  assert_int_equal(it_wait(&once), TAOSUV_ECONNLOST);
  it_has(once.message, "probe_timeout");
  assert_int_equal(once.req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED, TAOSUV_ERR_MAYBE_EXECUTED);
  it_within(start, 100, 3000);
  it_close_wait(it, client);
  cl_stop_all(&cluster);
}

/* ---- what is pinned to it ---- */

static void exec_row(it_t* it, taosuv_stmt_t* stmt, it_op_t* op, int64_t ts) {
  taosuv_value_t values[] = {taosuv_i64(ts), taosuv_i64(1)};
  assert_int_equal(taosuv_bind_row(stmt, values, 2), 0);
  assert_int_equal(it_stmt_exec(it, stmt, op), 0);
}

static void a_statement_goes_on_over_the_other_host(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "statements");
  cl_t cluster = start_hosts(it);
  for (unsigned pool = 1; pool <= 2; pool++) {
    char keys[32];
    snprintf(keys, sizeof keys, "pool_size=%u", pool);
    taosuv_client_t* client = patient_client(&cluster, keys);
    taosuv_stmt_t* stmt = it_stmt(it, client, "insert into d.plain values(?,?)");
    if (pool == 2) open_both(&cluster, client);
    it_op_t late = {.req.timeout_ms = 100}, next = {0};
    silence(&cluster, 0);
    exec_row(it, stmt, &late, 100);
    int status = it_wait(&late);
    assert_true(status == TAOSUV_ETIMEDOUT || status == TAOSUV_EUNSENT);
    uint64_t start = it_ms();
    exec_row(it, stmt, &next, 101);
    assert_int_equal(it_wait(&next), 0);
    it_within(start, 0, 3000);
    expect_host(&cluster, &next, 1);
    taosuv_stmt_close(stmt);
    it_close_wait(it, client);
    ts_peer_pause(ts_server_peer(cluster.server[0]), false);
    cl_until_spread(&cluster, 0, 0, 0);
  }
  cl_stop_all(&cluster);
}

static void a_fetch_that_is_not_answered_ends_its_connection(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "fetches");
  cl_t cluster = start_hosts(it);
  taosuv_client_t* client = patient_client(&cluster, "pool_size=1&prefetch=0");
  taosuv_result_t* result = it_rows(it, client, "select * from bench.rows_30_10");
  it_op_t late = {.req.timeout_ms = 100}, next = {0}, other = {0};
  silence(&cluster, 0);
  assert_int_equal(it_end(it_fetch(it, result, &late), &late), TAOSUV_ETIMEDOUT);
  uint64_t start = it_ms();
  assert_int_equal(it_end(it_fetch(it, result, &next), &next), TAOSUV_ECONNLOST);
  assert_int_equal(it_end(it_exec(it, client, &other, "select 1"), &other), 0);
  expect_host(&cluster, &other, 1);
  it_within(start, 0, 3000);
  taosuv_result_close(result);
  it_close_wait(it, client);
  cl_stop_all(&cluster);
}

/* ---- HTTP: the connection is given up, the next one goes elsewhere ---- */

static void over_http_the_next_request_goes_to_the_other_host(void** state) {
  it_t* it = *state;
  it_op_t late = {.req.timeout_ms = 150};
  cl_t cluster = start_hosts(it);
  char url[256];
  snprintf(
      url, sizeof url,
      "http://root:taosdata@127.0.0.1:%d,127.0.0.1:%d/d?load_balance=first&connect_timeout=5000",
      cluster.port[0], cluster.port[1]);
  taosuv_client_t* client = it_client_url(it, url);
  it_usable(it, client);
  silence(&cluster, 0);
  assert_int_equal(it_end(it_exec(it, client, &late, "select 1"), &late), TAOSUV_ETIMEDOUT);
  expect_host(&cluster, &late, 0);
  uint64_t start = it_ms();
  for (unsigned i = 0; i < 5; i++) {
    it_op_t op = {.req.timeout_ms = 3000};
    assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), 0);
    expect_host(&cluster, &op, 1);
  }
  it_within(start, 0, 3000);
  it_close_wait(it, client);
  cl_stop_all(&cluster);
}

/* ---- log-ins ---- */

/* A host that takes connections and says nothing has its connect_timeout once, and is then passed
 * over. */
static void a_log_in_that_is_not_answered_goes_elsewhere(void** state) {
  it_t* it = *state;
  cl_t cluster = start_hosts(it);
  taosuv_client_t* client = client_of_hosts(&cluster, "connect_timeout=400&pool_size=2");
  silence(&cluster, 0);
  uint64_t start = it_ms();
  it_op_t first = {0};
  assert_int_equal(it_end(it_exec(it, client, &first, "select 1"), &first), 0);
  it_within(start, 390, 3000);
  expect_host(&cluster, &first, 1);
  assert_false(tuv_hosts_is_up(&client->pool.hosts, 0));
  for (unsigned i = 0; i < 40; i++) {
    it_op_t op = {.req.timeout_ms = 3000};
    start = it_ms();
    assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), 0);
    it_within(start, 0, 250); /* none waits for another try of the silent one */
    it_run(it, 20);
  }
  it_close_wait(it, client);
  cl_stop_all(&cluster);
}

/* ---- consumers ---- */

static void on_event(taosuv_consumer_t* consumer, const taosuv_consumer_event_t* event,
                     void* data) {
  tc_consumer_t* one = data;
  (void) consumer;
  one->lost += event->type == TAOSUV_CONSUMER_LOST;
  one->resumed += event->type == TAOSUV_CONSUMER_RESUMED;
  one->failed += event->type == TAOSUV_CONSUMER_FAILED;
}

static void make_consumer(tc_consumer_t* one, const cl_t* cluster, const char* keys) {
  char url[512];
  taosuv_consumer_options_t options;
  static const taosuv_property_t properties[] = {{"group.id", "readers"},
                                                 {"auto.offset.reset", "earliest"}};
  url_of_hosts(cluster, url, sizeof url, "", keys);
  taosuv_consumer_options_init(&options);
  options.url = url;
  options.properties = properties;
  options.count = COUNT(properties);
  options.on_event = on_event;
  options.data = one;
  assert_int_equal(taosuv_consumer_create(&cluster->it->loop, &options, &one->consumer), 0);
}

static bool is_resumed(void* data) {
  const tc_consumer_t* one = data;
  return one->resumed > 0 && one->consumer != NULL;
}

/* The rows of both hosts' topics are the same: the other one gives them again. */
static void a_poll_that_is_not_answered_shows_it(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "consumers");
  cl_t cluster = start_hosts(it);
  tc_t tc = {.it = it};
  tc_consumer_t one = {.tc = &tc};
  taosuv_message_t* message = NULL;
  make_consumer(&one, &cluster, patient);
  assert_int_equal(tc_subscribe(&one, "silent_topic"), 0);
  assert_int_equal(tc_poll(&one, 5000, &message), 0);
  assert_non_null(message);
  taosuv_message_unref(message);
  silence(&cluster, 0);
  uint64_t start = it_ms();
  assert_int_equal(tc_poll(&one, 100, &message), 0);
  assert_null(message);
  assert_true(it_until(it, is_resumed, &one, 5000));
  it_within(start, 0, 5000);
  assert_int_equal(one.lost, 1);
  assert_int_equal(tc_poll(&one, 5000, &message), 0);
  assert_non_null(message);
  taosuv_message_unref(message);
  assert_int_equal(tc_close(&one), 0);
  cl_stop_all(&cluster);
}

static void on_message(taosuv_consumer_t* consumer, taosuv_message_t* message, void* data) {
  (void) consumer;
  (void) message;
  ++*(unsigned*) data;
}

/* Nobody waits for a message: pings find it. */
static void a_consumer_that_is_given_its_messages_goes_on(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "consumers");
  cl_t cluster = start_hosts(it);
  tc_t tc = {.it = it};
  tc_consumer_t one = {.tc = &tc};
  unsigned messages = 0;
  make_consumer(&one, &cluster, "ping_interval=400&connect_timeout=1000");
  assert_int_equal(tc_subscribe(&one, "silent_topic"), 0);
  assert_int_equal(taosuv_consumer_start(one.consumer, 0, 0, on_message, &messages), 0);
  tc_until(&tc, &messages, 1);
  silence(&cluster, 0);
  uint64_t start = it_ms();
  tc_until(&tc, &messages, 2);
  it_within(start, 0, 5000);
  assert_int_equal(one.lost, 1);
  assert_int_equal(one.resumed, 1);
  assert_int_equal(tc_close(&one), 0);
  cl_stop_all(&cluster);
}

/* It subscribes to a host that falls silent then: the next try goes to the other one. */
static void a_subscribe_that_is_not_answered_goes_elsewhere(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "consumers");
  cl_t cluster = start_hosts(it);
  tc_t tc = {.it = it};
  tc_consumer_t one = {.tc = &tc};
  make_consumer(&one, &cluster, "ping_interval=0&request_timeout=300&load_balance=first");
  ts_server_add_rule(cluster.server[0],
                     &(ts_rule_t) {.action = "subscribe", .answer = TS_ANSWER_NOTHING});
  assert_int_equal(tc_subscribe(&one, "silent_topic"), TAOSUV_ETIMEDOUT);
  assert_int_equal(tc_subscribe(&one, "silent_topic"), 0);
  assert_int_equal(cl_open(&cluster, 1), 1);
  assert_int_equal(tc_close(&one), 0);
  cl_stop_all(&cluster);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(the_defaults_fit_each_other),
      IT_TEST(a_writer_s_time_leaves_room_for_another_attempt),
      IT_TEST(a_writer_goes_on_when_only_time_limits_find_it),
      IT_TEST(a_writer_goes_on_when_only_pings_find_it),
      IT_TEST(a_writer_goes_on_with_limits_like_the_defaults),
      IT_TEST(it_gets_no_new_work_and_ends),
      IT_TEST(it_is_as_before_when_it_answers),
      IT_TEST(it_is_as_before_while_an_answer_comes),
      IT_TEST(what_comes_next_is_not_sent_into_the_silence),
      IT_TEST(what_may_be_repeated_moves_to_the_other_host),
      IT_TEST(a_statement_goes_on_over_the_other_host),
      IT_TEST(a_fetch_that_is_not_answered_ends_its_connection),
      IT_TEST(over_http_the_next_request_goes_to_the_other_host),
      IT_TEST(a_log_in_that_is_not_answered_goes_elsewhere),
      IT_TEST(a_poll_that_is_not_answered_shows_it),
      IT_TEST(a_consumer_that_is_given_its_messages_goes_on),
      IT_TEST(a_subscribe_that_is_not_answered_goes_elsewhere),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
