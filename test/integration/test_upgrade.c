/* On the way to a connection: time limits, every answer to the upgrade, and old servers. */
#include "fixture.h"
#include "transport.h"

/* ---- connect_timeout ---- */

static void times_out(it_t* it, const char* part) {
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "connect_timeout=300");
  it_run(it, 1);
  uint64_t start = it_ms();
  assert_int_equal(it_end(it_open(it, client, &op), &op), TAOSUV_ECONNTIMEOUT);
  it_within(start, 290, 3000);
  it_has(op.message, part);
  assert_true((op.req.err_flags & TAOSUV_ERR_RETRYABLE) != 0);
  assert_int_equal(op.req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED, 0);
  it_let_go(it);
  it_usable(it, client);
}

static void a_silent_peer_is_given_up_in_time(void** state) {
  it_t* it = *state;
  it_proxy(it);
  proxy_set_plan(it->proxies[0], &(proxy_plan_t) {.silent = true}, 0);
  times_out(it, it_transport_http() ? "log-in" : "upgrade");
}

static void a_peer_that_never_logs_in_is_given_up_in_time(void** state) {
  it_t* it = *state;
  it_proxy(it);
  it_lose_logins(it, false, 0);
  times_out(it, "log-in");
}

/* ---- answers to the upgrade ---- */

typedef struct answer_s {
  const char* text;
  int status;
  int code; /* HTTP */
} answer_t;

static const answer_t answers[] = {
    {"HTTP/1.1 301 Moved Permanently\r\nLocation: ws://elsewhere/ws\r\nContent-Length: 0\r\n\r\n",
     TAOSUV_EREDIRECT, 301},
    {"HTTP/1.1 307 Temporary Redirect\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n",
     TAOSUV_EREDIRECT, 307},
    {"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", TAOSUV_EAUTH, 401},
    {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", TAOSUV_EAUTH, 403},
    {"HTTP/1.1 404 Not Found\r\nContent-Length: 18\r\n\r\n404 page not found", TAOSUV_ENOENDPOINT,
     404},
    {"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n", TAOSUV_EUNAVAIL, 429},
    {"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", TAOSUV_EUNAVAIL, 503},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", TAOSUV_EUPGRADE, 200},
    {"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", TAOSUV_EUPGRADE, 500},
    {"SSH-2.0-OpenSSH_9.2\r\n", TAOSUV_EHTTP, 0},
    {"\x15\x03\x01\x00\x02\x02\x46", TAOSUV_EHTTP, 0},
    {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
     "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
     TAOSUV_EUPGRADE, 101},
};

/* One client for each: the answer becomes the status at once, and the next try succeeds. */
static void answers_to_the_upgrade_become_statuses(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "the upgrade");
  it_needs_bundled(it);
  taosuv_client_t* client = it_client(it, "connect_timeout=30000");
  for (size_t i = 0; i < COUNT(answers); i++) {
    it_op_t op = {0};
    uint64_t start = it_ms();
    ts_peer_set_fault(ts_server_peer(it->server), &(ts_fault_t) {.upgrade_answer = answers[i].text},
                      answers[i].code == 404 ? 2 : 1); /* of /ws and of /rest/ws */
    int status = it_end(it_open(it, client, &op), &op);
    if (status != answers[i].status) fail_msg("%s: %d %s", answers[i].text, status, op.message);
    assert_int_equal(op.req.server_code, answers[i].code);
    assert_null(strstr(op.message, "taosdata"));
    it_within(start, 0, 2000);
  }
  it_usable(it, client);
}

static void eof_in_place_of_an_answer_is_no_http(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "the upgrade");
  it_plain(it);
  static const uint64_t cuts[] = {1, 20, 60};
  taosuv_client_t* client = it_client(it, "");
  for (size_t i = 0; i < COUNT(cuts); i++) {
    it_op_t op = {0};
    ts_peer_set_fault(ts_server_peer(it->server), &(ts_fault_t) {.cut_after_sent = cuts[i]}, 1);
    assert_int_equal(it_end(it_open(it, client, &op), &op), TAOSUV_EHTTP);
    assert_int_equal(op.req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED, 0);
  }
  ts_peer_set_fault(ts_server_peer(it->server), &(ts_fault_t) {.cut_after_received = 10}, 1);
  it_op_t op = {0};
  assert_int_equal(it_end(it_open(it, client, &op), &op), TAOSUV_EHTTP);
  it_usable(it, client);
}

static void a_connection_lost_while_logging_in_is_told(void** state) {
  it_t* it = *state;
  it_proxy(it);
  it_lose_logins(it, true, 1);
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "");
  assert_int_equal(it_end(it_open(it, client, &op), &op), it_lost_status());
  it_usable(it, client);
}

/* ---- old servers ---- */

static void restart_as(it_t* it, const char* version) {
  it_server_stop(it);
  it_server_start(it, &(ts_config_t) {.version = version});
}

static void a_server_without_binary_actions_is_spoken_to_in_json(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "JSON and binary actions");
  it_needs_bundled(it);
  restart_as(it, "3.1.1.15");
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "");
  assert_int_equal(it_end(it_open(it, client, &op), &op), 0);
  assert_string_equal(op.open.version, "3.1.1.15");
  it_ok(it, client, "create database old");
  it_ok(it, client, "create table old.t (ts timestamp, a int)");
  op = (it_op_t) {0};
  int started = it_exec(it, client, &op, "insert into old.t values (1, 1) (2, 2)");
  assert_int_equal(it_end(started, &op), 0);
  assert_int_equal(op.exec.affected_rows, 2);
  assert_int_equal(it_number(it, client, "select count(*) from old.t"), 2);
  taosuv_result_t* result = it_rows(it, client, "select * from bench.rows_12000_4096");
  assert_int_equal(it_drain(it, result), 12000);
  assert_null(it_block(it, result));
  taosuv_result_close(result);
  it_until_no_results(it);
  assert_int_equal(ts_server_action_count(it->server, "binary_query"), 0);
  assert_true(ts_server_action_count(it->server, "fetch_block") >= 4);
}

static void a_result_of_json_actions_is_freed_at_any_moment(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  restart_as(it, "3.1.1.15");
  taosuv_client_t* client = it_client(it, "");
  for (int blocks = 0; blocks < 3; blocks++) {
    taosuv_result_t* result = it_rows(it, client, "select * from bench.rows_40960_4096");
    for (int i = 0; i < blocks; i++) taosuv_block_unref(it_block(it, result));
    taosuv_result_close(result);
    it_until_no_results(it);
  }
  it_usable(it, client);
}

static void a_version_that_is_too_old_is_named(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  restart_as(it, "2.6.0.0");
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "");
  assert_int_equal(it_end(it_open(it, client, &op), &op), TAOSUV_EVERSION);
  it_has(op.message, "2.6.0.0");
}

static void options_that_the_version_lacks_are_named(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "the options of a connection");
  it_needs_bundled(it);
  static const char* const cases[][3] = {{"3.3.4.0", "timezone=Europe/Berlin", "timezone"},
                                         {"3.3.4.0", "app=test", "app"},
                                         {"3.3.4.0", "ip=10.0.0.1", "ip="},
                                         {"3.3.6.0", "connector=x", "connector"},
                                         {"3.3.6.0", "bearer_token=S3cret", "bearer_token"}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    it_op_t op = {0};
    restart_as(it, cases[i][0]);
    taosuv_client_t* client = it_client(it, cases[i][1]);
    assert_int_equal(it_end(it_open(it, client, &op), &op), TAOSUV_EVERSION);
    it_has(op.message, cases[i][0]);
    it_has(op.message, cases[i][2]);
    assert_null(strstr(op.message, "S3cret"));
    it_close_wait(it, client);
  }
}

static void a_time_zone_is_the_connections(void** state) {
  it_t* it = *state;
  it_needs(it, IT_SESSION_OPTIONS);
  it_op_t op = {0};
  taosuv_client_t* plain = it_client(it, "");
  const char* db = it_database(it, plain, "ms");
  taosuv_client_t* client = it_client_db(it, db, "timezone=Asia/Shanghai");
  assert_int_equal(it_end(it_open(it, client, &op), &op), 0);
  it_ok(it, client, "create table t (ts timestamp, a int)");
  it_ok(it, client, "insert into t values ('2023-11-15 06:13:20', 1)");
  assert_int_equal(it_number(it, client, "select ts from t"), 1700000000000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(a_silent_peer_is_given_up_in_time),
      IT_TEST(a_peer_that_never_logs_in_is_given_up_in_time),
      IT_TEST(answers_to_the_upgrade_become_statuses),
      IT_TEST(eof_in_place_of_an_answer_is_no_http),
      IT_TEST(a_connection_lost_while_logging_in_is_told),
      IT_TEST(a_server_without_binary_actions_is_spoken_to_in_json),
      IT_TEST(a_result_of_json_actions_is_freed_at_any_moment),
      IT_TEST(a_version_that_is_too_old_is_named),
      IT_TEST(options_that_the_version_lacks_are_named),
      IT_TEST(a_time_zone_is_the_connections),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
