/* The small operations: ping, server_version, server_status, current_db, counts. */
#include "fixture.h"
#include "transport.h"

static void a_ping_is_answered(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "pings on a connection");
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "");
  for (int i = 0; i < 3; i++) assert_int_equal(it_end(it_ping(it, client, &op), &op), 0);
  assert_true(op.req.total_time_ns > 0);
  assert_true(op.host[0] != 0);
  if (it->server != NULL) assert_int_equal(ts_peer_counters(ts_server_peer(it->server))->pings, 3);
}

static void pings_in_flight_are_told_apart(void** state) {
  it_t* it = *state;
  it_op_t ops[20];
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = it_client(it, "");
  for (size_t i = 0; i < COUNT(ops); i++) assert_int_equal(it_ping(it, client, &ops[i]), 0);
  for (size_t i = 0; i < COUNT(ops); i++) assert_int_equal(it_wait(&ops[i]), 0);
}

static void a_ping_that_gets_no_pong_times_out(void** state) {
  it_t* it = *state;
  it_proxy(it);
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "");
  it_usable(it, client);
  it_hold_answers(it);
  op.req.timeout_ms = 100;
  uint64_t start = it_ms();
  assert_int_equal(it_end(it_ping(it, client, &op), &op), TAOSUV_ETIMEDOUT);
  it_within(start, 90, 3000);
}

static void the_servers_version_is_a_version(void** state) {
  it_t* it = *state;
  it_op_t open = {0}, op = {0};
  taosuv_client_t* client = it_client(it, "");
  assert_int_equal(it_end(it_open(it, client, &open), &open), 0);
  assert_int_equal(it_end(it_version(it, client, &op), &op), 0);
  assert_string_equal(op.version.version, open.open.version);
  int dots = 0;
  for (const char* at = op.version.version; *at != 0; at++) dots += *at == '.';
  assert_in_range(dots, 2, 8);
}

static void a_server_in_service_says_so(void** state) {
  it_t* it = *state;
  it_needs(it, IT_SERVER_STATUS);
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "");
  assert_int_equal(it_end(it_status(it, client, &op, NULL, 0), &op), 0);
  assert_in_range(op.server_status.server_status, TAOSUV_STATUS_OK, TAOSUV_STATUS_DEGRADED);
}

static void a_dead_port_is_a_success_with_status_unavailable(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "the status of another node");
  it_needs(it, IT_SERVER_STATUS);
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "");
  assert_int_equal(it_end(it_status(it, client, &op, "127.0.0.1", 1), &op), 0);
  assert_int_equal(op.server_status.server_status, TAOSUV_STATUS_UNAVAILABLE);
}

static void the_details_of_a_status_are_the_servers_text(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "details of a status");
  it_needs_bundled(it);
  it_op_t op = {0};
  static const char answer[] =
      "{\"code\":0,\"message\":\"\",\"action\":\"check_server_status\","
      "\"req_id\":$REQ_ID,\"timing\":1,\"status\":3,\"details\":\"slow\"}";
  taosuv_client_t* client = it_client(it, "");
  it_rule(it, &(ts_rule_t) {.action = "check_server_status",
                            .answer = TS_ANSWER_TEXT,
                            .data = answer,
                            .size = sizeof answer - 1,
                            .put_req_id = true});
  assert_int_equal(it_end(it_status(it, client, &op, NULL, 0), &op), 0);
  assert_int_equal(op.server_status.server_status, TAOSUV_STATUS_DEGRADED);
  assert_string_equal(op.text, "slow");
}

/* Versions without an action for something are asked by SQL, or not at all. */
static const char* const old_versions[] = {"3.0.5.1", "3.1.1.15", "3.2.2.0", "3.3.2.6"};

static void a_server_without_the_status_action_is_asked_by_sql(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  for (size_t i = 0; i < COUNT(old_versions); i++) {
    it_op_t op = {0}, other = {0};
    it_server_stop(it);
    it_server_start(it, &(ts_config_t) {.version = old_versions[i]});
    taosuv_client_t* client = it_client(it, "");
    assert_int_equal(it_end(it_status(it, client, &op, NULL, 0), &op), 0);
    assert_int_equal(op.server_status.server_status, TAOSUV_STATUS_OK);
    assert_string_equal(op.text, "");
    if (!it_transport_http()) {
      int status = it_status(it, client, &other, "elsewhere", 6030);
      if (status == 0) status = it_wait(&other);
      assert_int_equal(status, TAOSUV_EVERSION);
    }
    it_usable(it, client);
    it_until_no_results(it);
    assert_int_equal(ts_server_action_count(it->server, "unanswered"), 0);
    it_close_wait(it, client);
  }
}

/* get_current_db may end gateways before 3.3.3.0. */
static void the_current_database_of_an_old_server_is_asked_by_sql(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  for (size_t i = 0; i < COUNT(old_versions); i++) {
    it_op_t op = {0};
    it_server_stop(it);
    it_server_start(it, &(ts_config_t) {.version = old_versions[i]});
    ts_server_exec(it->server, "create database d");
    taosuv_client_t* nowhere = it_client(it, "");
    assert_int_equal(it_end(it_current_db(it, nowhere, &op), &op), 0);
    assert_string_equal(op.text, "");
    taosuv_client_t* client = it_client_db(it, "d", "pool_size=1");
    for (int j = 0; j < 2; j++) {
      op = (it_op_t) {0};
      assert_int_equal(it_end(it_current_db(it, client, &op), &op), 0);
      assert_string_equal(op.text, "d");
    }
    it_until_no_results(it);
    assert_int_equal(ts_server_counters(it->server).poisonous, 0);
    it_close_wait(it, client);
    it_close_wait(it, nowhere);
  }
}

/* At each of its messages: query, fetch, fetch_block. */
static void a_question_by_sql_can_be_cancelled_and_cut(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "actions of a WebSocket");
  it_needs_bundled(it);
  static const char* const actions[] = {"query", "fetch", "fetch_block"};
  it_server_stop(it);
  it_server_start(it, &(ts_config_t) {.version = "3.2.2.0"});
  taosuv_client_t* client = it_client(it, "pool_size=1&retry_initial=10");
  for (size_t i = 0; i < COUNT(actions); i++) {
    it_op_t op = {0}, cut = {0}, late = {.req = {.timeout_ms = 30}}, closed = {0};
    it_usable(it, client);
    uint32_t rule = it_rule(it, &(ts_rule_t) {.action = actions[i], .times = 1, .wait_ms = 60});
    assert_int_equal(it_current_db(it, client, &op), 0);
    it_until_hits(it, rule, 1);
    assert_int_equal(taosuv_cancel(&op.req), 0);
    assert_int_equal(it_wait(&op), TAOSUV_ECANCELED);
    it_until_no_results(it);
    it_unrule(it);
    it_rule(it, &(ts_rule_t) {.action = actions[i], .times = 1, .answer = TS_ANSWER_CUT});
    assert_int_equal(it_end(it_current_db(it, client, &cut), &cut), it_lost_status());
    it_unrule(it);
    it_usable(it, client);
    it_rule(it, &(ts_rule_t) {.action = actions[i], .times = 1, .wait_ms = 200});
    assert_int_equal(it_end(it_current_db(it, client, &late), &late), TAOSUV_ETIMEDOUT);
    it_until_no_results(it);
    it_unrule(it);
    taosuv_client_t* other = it_client(it, "");
    rule = it_rule(it,
                   &(ts_rule_t) {.action = actions[i], .times = 1, .answer = TS_ANSWER_NOTHING});
    assert_int_equal(it_current_db(it, other, &closed), 0);
    it_until_hits(it, rule, 1);
    it_close_wait(it, other);
    assert_int_equal(closed.req.status, TAOSUV_ECANCELED);
    it_unrule(it);
  }
}

static void answers_by_sql_that_are_no_values_are_protocol_errors(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "actions of a WebSocket");
  it_needs_bundled(it);
  static const char* const answers[] = {"select 1, 2", "use d", "select now"};
  it_server_stop(it);
  it_server_start(it, &(ts_config_t) {.version = "3.2.2.0"});
  ts_server_exec(it->server, "create database d");
  taosuv_client_t* client = it_client(it, "pool_size=1");
  for (size_t i = 0; i < COUNT(answers); i++) {
    it_op_t op = {0};
    it_rule(it, &(ts_rule_t) {
                    .action = "query", .times = 1, .answer = TS_ANSWER_SQL, .text = answers[i]});
    assert_int_equal(it_end(it_current_db(it, client, &op), &op), TAOSUV_EPROTO);
    it_until_no_results(it);
  }
  it_usable(it, client);
}

static void senseless_arguments_of_status_are_refused(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  char name[300];
  memset(name, 'a', sizeof name - 1);
  name[sizeof name - 1] = 0;
  taosuv_client_t* client = it_client(it, "");
  assert_int_equal(it_status(it, client, &op, NULL, -1), TAOSUV_EINVAL);
  assert_int_equal(it_status(it, client, &op, NULL, 65536), TAOSUV_EINVAL);
  assert_int_equal(it_status(it, client, &op, name, 0), TAOSUV_EINVAL);
}

static void the_current_database_follows_use(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "the session of a connection");
  it_needs(it, IT_CURRENT_DB);
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "pool_size=1");
  assert_int_equal(it_end(it_current_db(it, client, &op), &op), 0);
  assert_string_equal(op.text, "");
  const char* db = it_database(it, client, "ms");
  it_ok(it, client, "use %s", db);
  assert_int_equal(it_end(it_current_db(it, client, &op), &op), 0);
  assert_string_equal(op.text, db);
}

static void counts_tell_what_the_client_does(void** state) {
  it_t* it = *state;
  it_op_t ops[5];
  taosuv_counts_t counts;
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = it_client(it, "pool_size=1&max_inflight=2");
  taosuv_client_counts(client, &counts);
  assert_int_equal(counts.connections + counts.connecting + counts.in_flight + counts.queued, 0);
  for (size_t i = 0; i < COUNT(ops); i++)
    assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
  taosuv_client_counts(client, &counts);
  assert_int_equal(counts.connecting, 1);
  assert_int_equal(counts.connections, 0);
  assert_int_equal(counts.queued, 5);
  assert_int_equal(counts.connects, 0);
  for (size_t i = 0; i < COUNT(ops); i++) assert_int_equal(it_wait(&ops[i]), 0);
  taosuv_client_counts(client, &counts);
  assert_int_equal(counts.connections, 1);
  assert_int_equal(counts.connects, 1);
  assert_int_equal(counts.connecting + counts.in_flight + counts.queued, 0);
}

static void counts_follow_requests_in_flight(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "several requests in flight on a connection");
  it_proxy(it);
  it_op_t ops[5];
  taosuv_counts_t counts;
  memset(ops, 0, sizeof ops);
  taosuv_client_t* client = it_client(it, "pool_size=1&max_inflight=3");
  it_usable(it, client);
  it_hold_answers(it);
  for (size_t i = 0; i < COUNT(ops); i++)
    assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
  it_until_asked(it, 3);
  taosuv_client_counts(client, &counts);
  assert_int_equal(counts.in_flight, 3);
  assert_int_equal(counts.queued, 2);
  assert_int_equal(taosuv_cancel(&ops[0].req), 0);
  assert_int_equal(it_wait(&ops[0]), TAOSUV_ECANCELED);
  taosuv_client_counts(client, &counts);
  assert_int_equal(counts.in_flight, 3); /* its answer is still to come */
  it_let_go(it);
  for (size_t i = 1; i < COUNT(ops); i++) assert_int_equal(it_wait(&ops[i]), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(a_ping_is_answered),
      IT_TEST(pings_in_flight_are_told_apart),
      IT_TEST(a_ping_that_gets_no_pong_times_out),
      IT_TEST(the_servers_version_is_a_version),
      IT_TEST(a_server_in_service_says_so),
      IT_TEST(a_dead_port_is_a_success_with_status_unavailable),
      IT_TEST(the_details_of_a_status_are_the_servers_text),
      IT_TEST(a_server_without_the_status_action_is_asked_by_sql),
      IT_TEST(the_current_database_of_an_old_server_is_asked_by_sql),
      IT_TEST(a_question_by_sql_can_be_cancelled_and_cut),
      IT_TEST(answers_by_sql_that_are_no_values_are_protocol_errors),
      IT_TEST(senseless_arguments_of_status_are_refused),
      IT_TEST(the_current_database_follows_use),
      IT_TEST(counts_tell_what_the_client_does),
      IT_TEST(counts_follow_requests_in_flight),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
