/* Consumers where servers differ or are slow: large messages, several topics, names with odd
 * characters, credentials, and a server that does not answer a farewell. */
#include <signal.h>

#include "client/pool/client.h"
#include "client/tmq/consumer.h"
#include "consumers.h"
#include "text.h"

#define AS_QUERY "as select ts, v from st"

/* ---- subscribing ---- */

static void on_subscribed(taosuv_subscribe_t* req, int status) {
  int* told = req->data;
  *told = status;
}

static bool is_told(void* data) {
  return *(int*) data != 1;
}

static int subscribe_to(tc_consumer_t* one, const char* const* topics, size_t count) {
  taosuv_subscribe_t req = {0};
  int told = 1;
  req.data = &told;
  assert_int_equal(taosuv_consumer_subscribe(one->consumer, &req, topics, count, on_subscribed), 0);
  assert_true(it_until(one->tc->it, is_told, &told, 30000));
  return told;
}

static void several_topics_of_every_kind_are_one_subscription(void** state) {
  static const char* const forms[] = {AS_QUERY, "as stable st", "with meta as stable st",
                                      "as database %s"};
  tc_t* tc = *state;
  it_needs(tc->it, IT_OFFSETS);
  const char* topics[COUNT(forms)];
  unsigned seen[10] = {0}, rows[COUNT(forms)] = {0}, all = 0;
  char list[512];
  for (size_t i = 0; i < COUNT(forms); i++) topics[i] = tc_topic(tc, forms[i]);
  tc_rows(tc, "c1", 0, 5);
  tc_rows(tc, "c2", 5, 5);
  tc_consumer_t* one = tc_consumer(tc, "", "");
  assert_int_equal(subscribe_to(one, topics, COUNT(topics)), 0);
  assert_int_equal(tc_topics(one, list, sizeof list), 0);
  while (all < 10 * COUNT(forms)) {
    taosuv_message_t* message = tc_next(one);
    size_t which = 0;
    while (strcmp(taosuv_message_topic(message), topics[which]) != 0) which++;
    unsigned count = tc_count(message, seen, COUNT(seen));
    assert_true(taosuv_message_kind(message) == TAOSUV_MESSAGE_DATA || which == 2);
    rows[which] += count;
    all += count;
    taosuv_message_unref(message);
  }
  for (size_t i = 0; i < COUNT(forms); i++) {
    taosuv_partition_t parts[TC_VGROUPS];
    uint32_t count;
    it_has(list, topics[i]);
    assert_int_equal(rows[i], 10);
    assert_int_equal(tc_assignment(one, topics[i], parts, &count), 0);
    assert_true(count >= 1);
  }
  for (size_t i = 0; i < COUNT(seen); i++) assert_int_equal(seen[i], COUNT(forms));
}

/* As JSON carries them; which of them a real server allows is its own affair. */
static void names_may_have_odd_characters(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  unsigned seen[5] = {0};
  char found[128];
  const char* topic = tc_topic(tc, AS_QUERY);
  tc_rows(tc, "c1", 0, 5);
  snprintf(tc->group, sizeof tc->group, "g\"\\/'%%_\xe6\xb6\x9b\xe6\x80\x9d");
  tc_consumer_t* one = tc_subscribed(tc, topic, "client.id=\"\\\xc3\xa9\x7f/");
  assert_int_equal(tc_drain(one, seen, COUNT(seen), 5), 5);
  taosuv_result_t* result = it_rows(tc->it, tc->client, "show consumers");
  taosuv_block_t* block = it_block(tc->it, result);
  taosuv_column_t column;
  assert_int_equal(taosuv_block_column(block, 1, &column), 0);
  assert_true(taosuv_format_cell(&column, 0, 0, found, sizeof found) > 0);
  assert_string_equal(found, tc->group);
  taosuv_block_unref(block);
  taosuv_result_close(result);
}

static void a_token_goes_with_the_upgrade(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  const char* topic = tc_topic(tc, AS_QUERY);
  tc_consumer_t* one = tc_consumer(tc, "token=cloud%20token", "");
  assert_int_equal(tc_subscribe(one, topic), 0);
  assert_string_equal(ts_conn_path(it_conn(tc->it)), "/rest/tmq?token=cloud%20token");
}

/* Both are in one object, in which a property of the caller's may stand beside. */
static void a_bearer_token_and_other_properties_go_together(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  int port = ts_server_port(tc->it->server);
  it_server_stop(tc->it);
  it_server_start(tc->it,
                  &(ts_config_t) {.version = "3.4.0.0", .bearer_token = "Bear+er", .port = port});
  taosuv_client_t* admin = it_client(tc->it, "");
  tc->db = it_database(tc->it, admin, "ms");
  tc->client = it_client_db(tc->it, tc->db, "pool_size=1");
  it_ok(tc->it, tc->client, "create stable st (ts timestamp, v int) tags (name varchar(24))");
  const char* topic = tc_topic(tc, AS_QUERY);
  tc_consumer_t* one = tc_consumer(tc, "",
                                   "fetch.max.wait.ms=100 td.connect.token=Bear+er "
                                   "td.connect.pass=wrong");
  assert_int_equal(tc_subscribe(one, topic), 0);
  tc_consumer_t* two = tc_consumer(tc, "bearer_token=other", "fetch.max.wait.ms=100");
  assert_int_equal(tc_subscribe(two, topic), TAOSUV_ESERVER);
  tc_consumer_t* three = tc_consumer(tc, "bearer_token=Bear%2Ber", "no.such.key=1");
  assert_int_equal(tc_subscribe(three, topic), TAOSUV_ESERVER); /* which is looked at, too */
}

/* ---- offsets that are not there ---- */

/* The server has not dealt the vgroups out, or does not know where they are. */
static void a_seek_to_an_end_too_early_is_refused(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  static const char* const none[] = {
      "{\"code\":0,\"action\":\"assignment\",\"req_id\":$REQ_ID,\"assignment\":[]}",
      "{\"code\":0,\"action\":\"assignment\",\"req_id\":$REQ_ID,\"assignment\":null}"};
  taosuv_partition_t parts[TC_VGROUPS];
  uint32_t count = 1;
  const char* topic = tc_topic(tc, AS_QUERY);
  tc_consumer_t* one = tc_subscribed(tc, topic, "");
  it_rule(tc->it, &(ts_rule_t) {.action = "assignment",
                                .answer = TS_ANSWER_ERROR,
                                .code = 0x4010,
                                .text = "Assignment or poll interface need to be called first"});
  assert_int_equal(tc_seek_to(one, topic, true), TAOSUV_ESERVER);
  it_unrule(tc->it);
  for (size_t i = 0; i < COUNT(none); i++) {
    it_rule(tc->it, &(ts_rule_t) {.action = "assignment",
                                  .answer = TS_ANSWER_TEXT,
                                  .data = none[i],
                                  .size = strlen(none[i]),
                                  .put_req_id = true});
    assert_int_equal(tc_seek_to(one, topic, true), TAOSUV_ESTATE);
    assert_int_equal(tc_assignment(one, topic, parts, &count), 0);
    assert_int_equal(count, 0);
    it_unrule(tc->it);
  }
  assert_int_equal(tc_seek_to(one, topic, true), 0);
}

/* The log was cut: the beginning is behind what is committed. */
static void the_beginning_is_where_the_log_begins(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  char text[256];
  int64_t position;
  const char* topic = tc_topic(tc, AS_QUERY);
  for (int i = 0; i < 4; i++) tc_rows(tc, "c1", i, 1);
  tc_consumer_t* one = tc_subscribed(tc, topic, "");
  taosuv_message_t* message = tc_next(one);
  int32_t vgroup = taosuv_message_vgroup(message);
  taosuv_message_unref(message);
  snprintf(text, sizeof text,
           "{\"code\":0,\"action\":\"assignment\",\"req_id\":$REQ_ID,\"assignment\":["
           "{\"vgroup_id\":%d,\"offset\":-1,\"begin\":3,\"end\":5}]}",
           (int) vgroup);
  it_rule(tc->it, &(ts_rule_t) {.action = "assignment",
                                .answer = TS_ANSWER_TEXT,
                                .data = text,
                                .size = strlen(text),
                                .put_req_id = true});
  assert_int_equal(tc_seek_to(one, topic, true), 0);
  assert_int_equal(tc_position(one, topic, vgroup, &position), 0);
  assert_int_equal(position, 3);
}

/* Without a committed offset a group begins at the latest with each new subscription. */
static void what_came_first_from_the_latest_on_comes_again(void** state) {
  static const char* const properties[] = {"auto.offset.reset=latest", ""};
  tc_t* tc = *state;
  it_needs(tc->it, IT_OFFSETS);
  int64_t offset;
  const char* topic = tc_topic(tc, AS_QUERY);
  tc_rows(tc, "c1", 0, 5);
  for (size_t i = 0; i < COUNT(properties); i++) {
    unsigned seen[10] = {0};
    snprintf(tc->group, sizeof tc->group, "%s_%zu", tc->db, i);
    tc_consumer_t* one = tc_consumer_from(tc, "", properties[i]);
    assert_int_equal(tc_subscribe(one, topic), 0);
    taosuv_message_t* message;
    assert_int_equal(tc_poll(one, 1500, &message), 0); /* until it stands at the end */
    assert_null(message);
    tc_rows(tc, "c1", 5, 5);
    message = tc_next(one);
    assert_int_equal(tc_count(message, seen, COUNT(seen)), 5);
    offset = TAOSUV_OFFSET_NONE;
    for (int k = 0; k < 100 && offset == TAOSUV_OFFSET_NONE; k++) {
      it_run(tc->it, 100);
      assert_int_equal(tc_committed(one, topic, taosuv_message_vgroup(message), &offset), 0);
    }
    assert_int_equal(offset, taosuv_message_offset(message));
    assert_int_equal(tc_close(one), 0); /* it is not finished with the message */
    taosuv_message_unref(message);
    memset(one, 0, sizeof *one);
    tc_consumer_t* two = tc_consumer_from(tc, "", properties[i]);
    assert_int_equal(tc_subscribe(two, topic), 0);
    assert_int_equal(tc_drain(two, seen, COUNT(seen), 5), 5);
    for (size_t k = 5; k < COUNT(seen); k++) assert_int_equal(seen[k], 2);
    assert_int_equal(tc_close(two), 0);
    memset(two, 0, sizeof *two);
  }
}

/* ---- large messages ---- */

enum { WIDTH = 10000, ROWS = 2000 }; /* 20 MB */

/* A name of a topic of this size. */
static const char* large_topic(tc_t* tc) {
  uint32_t random = 1;
  it_ok(tc->it, tc->client, "create table large (ts timestamp, v int, s varchar(%d))", WIDTH);
  const char* topic = tc_topic(tc, "as select ts, v, s from large");
  for (int i = 0; i < ROWS; i += 100) {
    text_t sql = {0};
    text_add(&sql, "insert into large values");
    for (int k = i; k < i + 100; k++) {
      char noise[WIDTH + 1] = ""; /* what compression makes little of */
      for (int j = 0; j < WIDTH; j++, random = random * 1664525 + 1013904223)
        noise[j] = (char) ('A' + (random >> 28));
      text_add(&sql, "(%lld,%d,'%s')", 1700000000000ll + k, k, noise);
    }
    it_op_t op = {0};
    assert_int_equal(it_end(it_exec_sized(tc->it, tc->client, &op, sql.data, sql.size), &op), 0);
    free(sql.data);
  }
  return topic;
}

static void large_messages_arrive_whole(void** state) {
  tc_t* tc = *state;
  it_needs_ws(tc->it, "consumers");
  unsigned* seen = calloc(ROWS, sizeof *seen);
  size_t largest = 0;
  unsigned rows = 0;
  assert_non_null(seen);
  const char* topic = large_topic(tc);
  tc_consumer_t* one = tc_subscribed(tc, topic, "");
  while (rows < ROWS) {
    taosuv_message_t* message = tc_next(one);
    rows += tc_count(message, seen, ROWS);
    if (taosuv_message_size(message) > largest) largest = taosuv_message_size(message);
    taosuv_message_unref(message);
  }
  for (unsigned i = 0; i < ROWS; i++) assert_int_equal(seen[i], 1);
  if (tc->it->server != NULL) assert_true(largest > 16u << 20);
  free(seen);
}

/* What is larger than may be comes each time, until it is given without its rows. */
static void a_message_beyond_max_message_size_is_given_without_rows(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  taosuv_message_t* message = NULL;
  unsigned seen[5] = {0};
  const char* topic = large_topic(tc);
  tc_consumer_t* one = tc_consumer(tc, "max_message_size=1000000&retries=1&retry_initial=1", "");
  assert_int_equal(tc_subscribe(one, topic), 0);
  int status = 0;
  for (int i = 0; i < 20 && message == NULL; i++) status = tc_poll(one, 1000, &message);
  assert_int_equal(status, TAOSUV_EMSGSIZE);
  assert_non_null(message);
  assert_int_equal(taosuv_message_status(message), TAOSUV_EMSGSIZE);
  assert_int_equal(taosuv_message_blocks(message), 0);
  assert_null(taosuv_message_raw(message).data);
  assert_int_equal(one->lost, 3);
  assert_int_equal(one->event_status, TAOSUV_EMSGSIZE);
  assert_int_equal(one->failed, 0);
  taosuv_message_unref(message);
  it_ok(tc->it, tc->client, "insert into large values (1800000000000, 3, 'small')");
  do {
    status = tc_poll(one, 1000, &message);
    if (status == 0 && message != NULL) tc_count(message, seen, COUNT(seen));
    taosuv_message_unref(message);
  } while (seen[3] == 0 && one->failed == 0); /* large ones may come before it */
  assert_int_equal(one->failed, 0);
}

static bool has_begun(void* data) {
  const taosuv_consumer_t* consumer = data;
  return consumer->building != NULL && consumer->conn != NULL && !consumer->conn->ws.out.writing &&
         consumer->conn->ws.received - consumer->heard > 1u << 20;
}

static void on_polled(taosuv_poll_t* req, int status) {
  int* told = req->data;
  *told = req->msg == NULL ? TAOSUV_ESTATE : status;
}

/* The time limit for the answer is over now. */
static void expire(taosuv_consumer_t* consumer) {
  tuv_timers_remove(&consumer->client->context.timers, &consumer->answer);
  consumer->patience.left = 1; /* its last step */
  consumer->answer.expire(&consumer->answer);
}

static void a_slow_message_is_waited_for_while_it_comes(void** state) {
  tc_t* tc = *state;
  it_needs(tc->it, IT_RAW_MESSAGES);
  it_proxy(tc->it);
  const char* topic = large_topic(tc);
  tc_consumer_t* one = tc_subscribed(tc, topic, "");
  taosuv_poll_t poll = {0};
  int told = 1;
  poll.data = &told;
  proxy_conn_set_plan(proxy_next(tc->it->proxies[0], NULL),
                      &(proxy_plan_t) {.way[PROXY_DOWN].piece = 65536});
  assert_int_equal(taosuv_consumer_poll(one->consumer, &poll, 60000, on_polled), 0);
  assert_true(it_until(tc->it, has_begun, one->consumer, 20000));
  expire(one->consumer);
  assert_int_equal(one->lost, 0);
  expire(one->consumer); /* nothing has come since */
  tc_until(tc, &one->lost, 1);
  assert_true(it_until(tc->it, is_told, &told, 60000)); /* it has come again */
  assert_int_equal(told, 0);
}

/* ---- replies about something else ---- */

static void a_commit_is_answered_for_another_one(void** state) {
  static const char* const others[] = {"\"topic\":\"other\"", "\"vgroup_id\":4711",
                                       "\"offset\":4711", "\"offset\":\"1\""};
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  const char* topic = tc_topic(tc, AS_QUERY);
  tc_rows(tc, "c1", 0, 5);
  tc_consumer_t* one = tc_subscribed(tc, topic, "");
  taosuv_message_t* message = tc_next(one);
  int32_t vgroup = taosuv_message_vgroup(message);
  int64_t offset = taosuv_message_offset(message);
  taosuv_message_unref(message);
  for (size_t i = 0; i < COUNT(others); i++) {
    char text[256];
    snprintf(text, sizeof text, "{\"code\":0,\"action\":\"commit_offset\",\"req_id\":$REQ_ID,%s}",
             others[i]);
    it_rule(tc->it, &(ts_rule_t) {.action = "commit_offset",
                                  .times = 1,
                                  .answer = TS_ANSWER_TEXT,
                                  .data = text,
                                  .size = strlen(text),
                                  .put_req_id = true});
    assert_int_equal(tc_commit_offset(one, topic, vgroup, offset), TAOSUV_EPROTO);
  }
  assert_int_equal(tc_commit_offset(one, topic, vgroup, offset), 0);
}

/* ---- a server that refuses, or stalls ---- */

static void a_close_that_fails_has_the_servers_text(void** state) {
  static const struct {
    const char* action;
    int code;
    const char* text;
  } cases[] = {{"commit_offset", 0x4007, "no such offset"},
               {"unsubscribe", 0x4003, "cannot leave"}};
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  const char* topic = tc_topic(tc, AS_QUERY);
  tc_rows(tc, "c1", 0, 5);
  for (size_t i = 0; i < COUNT(cases); i++) {
    snprintf(tc->group, sizeof tc->group, "%s_%zu", tc->db, i);
    tc_consumer_t* one = tc_subscribed(tc, topic, "");
    taosuv_message_unref(tc_next(one));
    it_rule(tc->it, &(ts_rule_t) {.action = cases[i].action,
                                  .answer = TS_ANSWER_ERROR,
                                  .code = cases[i].code,
                                  .text = cases[i].text});
    assert_int_equal(tc_close(one), TAOSUV_ESERVER);
    assert_int_equal(one->close_code, cases[i].code);
    assert_string_equal(one->close_message, cases[i].text);
    it_has(one->close_host, "127.0.0.1:");
    memset(one, 0, sizeof *one);
    it_unrule(tc->it);
  }
}

static void a_close_ends_in_time(void** state) {
  static const struct {
    ts_rule_t rule;
    ts_fault_t fault;
    int status;
  } cases[] = {
      {{.action = "unsubscribe", .answer = TS_ANSWER_NOTHING}, {0}, TAOSUV_ETIMEDOUT},
      {{.action = "commit_offset", .answer = TS_ANSWER_NOTHING}, {0}, TAOSUV_ETIMEDOUT},
      {{.action = "commit_offset", .answer = TS_ANSWER_ERROR, .code = 0x4007, .text = "no"},
       {0},
       TAOSUV_ESERVER},
      {{.action = "unsubscribe", .answer = TS_ANSWER_CUT}, {0}, 0}, /* see below */
      {{.action = "none"}, {.stall = true}, TAOSUV_ETIMEDOUT},
      {{.action = "none"}, {.ignore_close = true}, 0},
  };
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  const char* topic = tc_topic(tc, AS_QUERY);
  tc_rows(tc, "c1", 0, 5);
  for (size_t i = 0; i < COUNT(cases); i++) {
    snprintf(tc->group, sizeof tc->group, "%s_%zu", tc->db, i);
    tc_consumer_t* one = tc_subscribed(tc, topic, "");
    taosuv_message_unref(tc_next(one));
    it_rule(tc->it, &cases[i].rule);
    ts_conn_set_fault(it_conn(tc->it), &cases[i].fault);
    uint64_t since = it_ms();
    one->close.timeout_ms = 300;
    int status = tc_close(one);
    int expected = cases[i].status;
    if (cases[i].rule.answer == TS_ANSWER_CUT) expected = it_lost_status();
    if (status != expected) fail_msg("case %zu: %s", i, taosuv_err_name(status));
    it_within(since, expected == TAOSUV_ETIMEDOUT ? 290 : 0, 10000);
    it_unrule(tc->it);
    memset(one, 0, sizeof *one);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TC_TEST(several_topics_of_every_kind_are_one_subscription),
      TC_TEST(names_may_have_odd_characters),
      TC_TEST(a_token_goes_with_the_upgrade),
      TC_TEST(a_bearer_token_and_other_properties_go_together),
      TC_TEST(a_seek_to_an_end_too_early_is_refused),
      TC_TEST(the_beginning_is_where_the_log_begins),
      TC_TEST(what_came_first_from_the_latest_on_comes_again),
      TC_TEST(large_messages_arrive_whole),
      TC_TEST(a_message_beyond_max_message_size_is_given_without_rows),
      TC_TEST(a_slow_message_is_waited_for_while_it_comes),
      TC_TEST(a_commit_is_answered_for_another_one),
      TC_TEST(a_close_that_fails_has_the_servers_text),
      TC_TEST(a_close_ends_in_time),
  };
  signal(SIGPIPE, SIG_IGN); /* connections end in the middle of large messages */
  return cmocka_run_group_tests(tests, NULL, NULL);
}
