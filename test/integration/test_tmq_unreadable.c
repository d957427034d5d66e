/* Messages that cannot be read, wholly or in part: they are delivered with a status, their offset
 * and their readable parts; the consumer continues after them over the same connection; auto-commit
 * does not pass them unless that is requested. */
#include <stdlib.h>
#include <string.h>

#include "consumers.h"

#define AS_TABLE "as stable %s.st"
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* In the messages of a bundled server: the schema of an INT column in a block, as it is and with a
 * type that does not exist. */
static const uint8_t int_schema[] = {4, 4, 0, 0, 0}, no_schema[] = {99, 4, 0, 0, 0};

static ts_rule_t patch(const char* action, const void* find, const void* data, size_t size,
                       uint32_t times) {
  return (ts_rule_t) {.action = action,
                      .times = times,
                      .answer = TS_ANSWER_PATCH,
                      .find = find,
                      .data = data,
                      .size = size};
}

static void spoil_next_block(tc_t* tc) {
  ts_rule_t rule = patch("fetch_raw_data", int_schema, no_schema, sizeof no_schema, 1);
  it_rule(tc->it, &rule);
}

/* The next message that is more than a change of schema. */
static taosuv_message_t* next_rows(tc_consumer_t* one) {
  for (;;) {
    taosuv_message_t* message = NULL;
    for (unsigned i = 0; i < 100 && message == NULL; i++) tc_poll(one, 200, &message);
    assert_non_null(message);
    if (taosuv_message_kind(message) != TAOSUV_MESSAGE_META) return message;
    taosuv_message_unref(message);
  }
}

/* The next message, which must have this status. */
static taosuv_message_t* next_with(tc_consumer_t* one, int expected) {
  taosuv_message_t* message = NULL;
  int status = 0;
  for (unsigned i = 0; i < 100 && message == NULL; i++) {
    status = tc_poll(one, 200, &message);
    assert_true(message != NULL || status == 0);
  }
  assert_non_null(message);
  if (status != expected)
    fail_msg("%d in place of %d: %s", status, expected, taosuv_message_error(message));
  assert_int_equal(taosuv_message_status(message), expected);
  return message;
}

/* What is behind it comes over the same connection. */
static void goes_on(tc_consumer_t* one, int first) {
  unsigned seen[64] = {0};
  tc_rows(one->tc, "c1", first, 5);
  taosuv_message_t* message = next_with(one, 0);
  assert_string_equal(taosuv_message_error(message), "");
  assert_int_equal(tc_count(message, seen, COUNT(seen)), 5);
  for (int i = 0; i < 5; i++) assert_int_equal(seen[first + i], 1);
  taosuv_message_unref(message);
  assert_int_equal(one->lost, 0);
  assert_int_equal(one->failed, 0);
}

static void a_malformed_block_is_left_out_and_the_others_are_there(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  unsigned seen[10] = {0};
  const char* topic = tc_topic(tc, AS_TABLE);
  tc_consumer_t* one = tc_subscribed(tc, topic, "");
  tc_rows(tc, "c1", 0, 5); /* a block each */
  tc_rows(tc, "c1", 5, 5);
  spoil_next_block(tc);
  taosuv_message_t* message = next_with(one, TAOSUV_EBLOCK);
  assert_string_equal(taosuv_message_topic(message), topic);
  assert_string_equal(taosuv_message_database(message), tc->db);
  assert_true(taosuv_message_vgroup(message) > 0);
  assert_true(taosuv_message_offset(message) >= 0);
  assert_true(taosuv_message_end(message) > taosuv_message_offset(message));
  assert_true(taosuv_message_raw(message).size > 100);
  assert_int_equal(taosuv_message_blocks(message), 1);
  assert_string_equal(taosuv_message_table(message, 0), "c1");
  assert_int_equal(tc_count(message, seen, COUNT(seen)), 5);
  assert_int_equal(seen[0], 0);
  assert_int_equal(seen[5], 1);
  assert_non_null(strstr(taosuv_message_error(message), "block 0 of the message, of table c1"));
  assert_non_null(strstr(taosuv_message_error(message), "unknown type 99"));
  taosuv_message_unref(message);
  goes_on(one, 10);
}

static void an_unknown_raw_type_leaves_the_raw_bytes(void** state) {
  /* the message's id, its raw type */
  static const uint8_t id[] = {1, 0, 0, 0, 0, 0, 0, 0, 2, 0},
                       unknown[] = {1, 0, 0, 0, 0, 0, 0, 0, 9, 0};
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  tc_consumer_t* one = tc_subscribed(tc, tc_topic(tc, "as select ts, v from %s.st"), "");
  ts_rule_t rule = patch("fetch_raw_data", id, unknown, sizeof id, 1);
  it_rule(tc->it, &rule);
  tc_rows(tc, "c1", 0, 5);
  taosuv_message_t* message = next_with(one, TAOSUV_EPROTO);
  assert_int_equal(taosuv_message_raw(message).type, 9);
  assert_true(taosuv_message_raw(message).size > 50);
  assert_int_equal(taosuv_message_blocks(message), 0);
  taosuv_message_unref(message);
  goes_on(one, 5);
}

static void an_unknown_kind_has_its_raw_bytes(void** state) {
  static const char kind[] = "\"message_type\":1", other[] = "\"message_type\":7";
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  tc_consumer_t* one = tc_subscribed(tc, tc_topic(tc, "as select ts, v from %s.st"), "");
  tc_rows(tc, "c1", 0, 5);
  ts_rule_t rule = patch("poll", kind, other, sizeof kind - 1, 1);
  it_rule(tc->it, &rule);
  taosuv_message_t* message = next_with(one, TAOSUV_EPROTO);
  assert_int_equal(taosuv_message_kind(message), 7);
  assert_true(taosuv_message_raw(message).size > 50);
  taosuv_message_unref(message);
  goes_on(one, 5);
}

static void rows_are_there_when_the_meta_is_malformed(void** state) {
  static const char data[] = "\"data\":{", other[] = "\"dada\":{";
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  unsigned seen[5] = {0};
  const char* topic = tc_topic(tc, "with meta as database %s");
  tc_consumer_t* one = tc_subscribed(tc, topic, "");
  taosuv_message_t* message;
  do { /* the super table */
    assert_int_equal(tc_poll(one, 1000, &message), 0);
    taosuv_message_unref(message);
  } while (message != NULL);
  ts_rule_t rule = patch("fetch_json_meta", data, other, sizeof data - 1, 1);
  it_rule(tc->it, &rule);
  tc_rows(tc, "c2", 0, 5); /* which creates the table */
  message = next_with(one, TAOSUV_EPROTO);
  assert_null(taosuv_message_meta(message, NULL));
  assert_non_null(taosuv_message_raw(message).data);
  if (taosuv_message_kind(message) == TAOSUV_MESSAGE_METADATA)
    assert_int_equal(tc_count(message, seen, COUNT(seen)), 5);
  taosuv_message_unref(message);
  if (seen[0] == 0) {
    message = next_with(one, 0);
    assert_int_equal(tc_count(message, seen, COUNT(seen)), 5);
    taosuv_message_unref(message);
  }
  assert_int_equal(one->lost, 0);
}

static void older_servers_blocks_are_left_out_likewise(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  unsigned seen[10] = {0};
  int port = ts_server_port(tc->it->server);
  it_server_stop(tc->it);
  it_server_start(tc->it, &(ts_config_t) {.version = "3.3.2.0", .port = port});
  tc->db = it_database(tc->it, it_client(tc->it, ""), "ms");
  tc->client = it_client_db(tc->it, tc->db, "pool_size=1");
  it_ok(tc->it, tc->client, "create stable st (ts timestamp, v int) tags (name varchar(24))");
  tc_consumer_t* one = tc_subscribed(tc, tc_topic(tc, AS_TABLE), "");
  tc_rows(tc, "c1", 0, 5);
  tc_rows(tc, "c1", 5, 5);
  ts_rule_t rule = patch("fetch_block", int_schema, no_schema, sizeof no_schema, 1);
  it_rule(tc->it, &rule);
  taosuv_message_t* message = next_with(one, TAOSUV_EBLOCK);
  assert_int_equal(taosuv_message_blocks(message), 1);
  assert_int_equal(tc_count(message, seen, COUNT(seen)), 5);
  assert_int_equal(seen[5], 1);
  taosuv_message_unref(message);
  goes_on(one, 10);
}

/* ---- who passes it ---- */

typedef enum { HOLD, DONE, SKIP, COMMIT, COMMIT_LATER } passing_t;

/* Five rows that cannot be read, five that can; both given back. Then another consumer of the group
 * begins where the first one's commits ended. Returns the rows that it gets. */
static unsigned rows_for_the_next(tc_t* tc, passing_t passing) {
  unsigned seen[10] = {0};
  static unsigned round;
  snprintf(tc->group, sizeof tc->group, "%s_%u", tc->db, round++);
  tc->skip_unreadable = passing == SKIP;
  tc_consumer_t* one = tc_subscribed(tc, tc->topics[0], "auto.commit.interval.ms=50");
  ts_rule_t rule = patch("fetch_raw_data", int_schema, no_schema, sizeof no_schema, 0);
  it_rule(tc->it, &rule);
  taosuv_message_t* message = next_rows(one);
  assert_int_equal(taosuv_message_status(message), TAOSUV_EBLOCK);
  if (passing == DONE) taosuv_message_done(message);
  if (passing == COMMIT) assert_int_equal(tc_commit(one, message), 0);
  taosuv_message_unref(message);
  it_unrule(tc->it);
  message = next_rows(one); /* metadata lies between, so that they are messages of their own */
  assert_int_equal(tc_count(message, seen, COUNT(seen)), 5);
  assert_int_equal(seen[5], 1);
  if (passing == COMMIT_LATER) assert_int_equal(tc_commit(one, message), 0);
  taosuv_message_unref(message);
  assert_int_equal(tc_close(one), 0);
  memset(one, 0, sizeof *one);
  memset(seen, 0, sizeof seen);
  one = tc_subscribed(tc, tc->topics[0], "");
  unsigned rows = tc_drain(one, seen, COUNT(seen), 10);
  assert_int_equal(tc_close(one), 0);
  memset(one, 0, sizeof *one);
  return rows;
}

static void only_who_is_told_to_passes_it(void** state) {
  static const struct {
    passing_t passing;
    unsigned rows;
  } cases[] = {{HOLD, 10}, {DONE, 0}, {SKIP, 0}, {COMMIT, 0}, {COMMIT_LATER, 0}};
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  it_ok(tc->it, tc->client, "create table c1 using st tags ('a')"); /* before the topic */
  tc_topic(tc, "with meta as stable %s.st");
  tc_rows(tc, "c1", 0, 5);
  it_ok(tc->it, tc->client, "alter table c1 set tag name = 'b'");
  tc_rows(tc, "c1", 5, 5);
  for (size_t i = 0; i < COUNT(cases); i++) {
    unsigned rows = rows_for_the_next(tc, cases[i].passing);
    if (rows != cases[i].rows) fail_msg("case %zu: %u rows come again", i, rows);
  }
}

/* ---- push ---- */

typedef struct pushed_s {
  unsigned readable, unreadable;
} pushed_t;

static void on_message(taosuv_consumer_t* consumer, taosuv_message_t* message, void* data) {
  pushed_t* pushed = data;
  (void) consumer;
  if (taosuv_message_status(message) < 0)
    pushed->unreadable++;
  else
    pushed->readable++;
}

/* More than may be alive at once: what is given back is no longer alive. */
static void a_push_goes_on_behind_them(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  static pushed_t pushed;
  memset(&pushed, 0, sizeof pushed);
  tc_consumer_t* one = tc_subscribed(tc, tc_topic(tc, "as select ts, v from %s.st"), "");
  ts_rule_t rule = patch("fetch_raw_data", int_schema, no_schema, sizeof no_schema, 5);
  it_rule(tc->it, &rule);
  assert_int_equal(taosuv_consumer_start(one->consumer, 2, 0, on_message, &pushed), 0);
  for (unsigned i = 0; i < 8; i++) {
    tc_rows(tc, "c1", 5 * (int) i, 5);
    tc_until(tc, i < 5 ? &pushed.unreadable : &pushed.readable, i < 5 ? i + 1 : i - 4);
  }
  assert_int_equal(pushed.unreadable, 5);
  assert_int_equal(pushed.readable, 3);
  assert_int_equal(one->lost, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TC_TEST(a_malformed_block_is_left_out_and_the_others_are_there),
      TC_TEST(an_unknown_raw_type_leaves_the_raw_bytes),
      TC_TEST(an_unknown_kind_has_its_raw_bytes),
      TC_TEST(rows_are_there_when_the_meta_is_malformed),
      TC_TEST(older_servers_blocks_are_left_out_likewise),
      TC_TEST(only_who_is_told_to_passes_it),
      TC_TEST(a_push_goes_on_behind_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
