/* Consumers of one group: sharing the work, joining, leaving, crashing; and replication. */
#include "consumers.h"

#define AS_QUERY "as select ts, v from st"

enum { ROWS = 60, TABLES = 6 };

/* Ten rows in each of six tables, which are in more than one vgroup where the server has more. */
static void fill(tc_t* tc, int first) {
  char table[16];
  for (int i = 0; i < TABLES; i++) {
    snprintf(table, sizeof table, "c%d", i);
    tc_rows(tc, table, first + 10 * i, 10);
  }
}

/* One poll of each; returns the rows that came. */
static unsigned poll_each(tc_consumer_t** list, size_t count, unsigned* seen, unsigned size) {
  unsigned rows = 0;
  for (size_t i = 0; i < count; i++) {
    taosuv_message_t* message;
    assert_int_equal(tc_poll(list[i], 100, &message), 0);
    if (message != NULL) rows += tc_count(message, seen, size);
    taosuv_message_unref(message);
  }
  return rows;
}

static unsigned distinct(const unsigned* seen, unsigned size) {
  unsigned count = 0;
  for (unsigned i = 0; i < size; i++) count += seen[i] > 0;
  return count;
}

/* Polls in turn until every value was seen. */
static void see_all(tc_consumer_t** list, size_t count, unsigned* seen, unsigned size) {
  for (int i = 0; i < 400 && distinct(seen, size) < size; i++) poll_each(list, count, seen, size);
  assert_int_equal(distinct(seen, size), size);
}

static void share(tc_t* tc, size_t count) {
  tc_consumer_t* list[5];
  unsigned seen[ROWS] = {0};
  const char* topic = tc_topic(tc, AS_QUERY);
  for (size_t i = 0; i < count; i++) list[i] = tc_subscribed(tc, topic, "");
  fill(tc, 0);
  see_all(list, count, seen, ROWS);
  /* A real server may still deal vgroups out while they are polled: a row that was not committed
   * then comes again. */
  if (tc->it->server == NULL) return;
  for (size_t i = 0; i < ROWS; i++) assert_int_equal(seen[i], 1);
}

static void two_consumers_share_the_work(void** state) {
  share(*state, 2);
}

static void three_consumers_share_the_work(void** state) {
  share(*state, 3);
}

static void five_consumers_share_the_work(void** state) {
  share(*state, 5);
}

static void each_is_told_what_it_is_given(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it); /* two vgroups */
  const char* topic = tc_topic(tc, AS_QUERY);
  tc_consumer_t* list[2];
  unsigned seen[ROWS] = {0};
  list[0] = tc_subscribed(tc, topic, "");
  fill(tc, 0);
  see_all(list, 1, seen, ROWS);
  tc_until(tc, &list[0]->assigned, 1);
  assert_int_equal(list[0]->vgroups, 2);
  list[1] = tc_subscribed(tc, topic, "");
  for (int i = 0; i < 100 && !(list[0]->vgroups == 1 && list[1]->vgroups == 1); i++)
    poll_each(list, 2, seen, ROWS);
  assert_int_equal(list[0]->vgroups, 1);
  assert_int_equal(list[1]->vgroups, 1);
}

static void consumers_join_and_leave(void** state) {
  tc_t* tc = *state;
  const char* topic = tc_topic(tc, AS_QUERY);
  tc_consumer_t* list[3];
  unsigned seen[4 * ROWS] = {0};
  list[0] = tc_subscribed(tc, topic, "");
  fill(tc, 0);
  see_all(list, 1, seen, ROWS);
  list[1] = tc_subscribed(tc, topic, "");
  fill(tc, ROWS);
  see_all(list, 2, seen, 2 * ROWS);
  list[2] = tc_subscribed(tc, topic, "");
  assert_int_equal(tc_close(list[0]), 0);
  fill(tc, 2 * ROWS);
  see_all(list + 1, 2, seen, 3 * ROWS);
  assert_int_equal(tc_unsubscribe(list[1]), 0);
  fill(tc, 3 * ROWS);
  see_all(list + 2, 1, seen, 4 * ROWS); /* nothing is lost, whoever went */
}

/* A process that dies after `handled` messages, or all that there are, of which it has committed
 * all but the last of `handled`: what another one then gets. */
static void crash_after(tc_t* tc, const char* topic, unsigned handled) {
  unsigned before[ROWS] = {0}, after[ROWS] = {0}, last[ROWS] = {0}, messages = 0;
  snprintf(tc->group, sizeof tc->group, "%s_crash%u", tc->db, handled);
  tc_consumer_t* one = tc_subscribed(tc, topic, "enable.auto.commit=false");
  taosuv_message_t* message = NULL;
  for (int i = 0; i < 20 && messages < handled && distinct(before, ROWS) < ROWS; i++) {
    assert_int_equal(tc_poll(one, 300, &message), 0);
    if (message == NULL) continue;
    if (messages + 1 < handled) {
      tc_count(message, before, ROWS);
      assert_int_equal(tc_commit(one, message), 0);
    } else {
      tc_count(message, last, ROWS);
    }
    messages++;
    taosuv_message_unref(message);
  }
  assert_int_equal(tc_close(one), 0);
  tc_consumer_t* two = tc_subscribed(tc, topic, "enable.auto.commit=false");
  tc_drain(two, after, ROWS, ROWS - distinct(before, ROWS));
  assert_int_equal(tc_poll(two, 300, &message), 0);
  assert_null(message);
  for (unsigned i = 0; i < ROWS; i++) {
    assert_int_equal(before[i] + after[i], 1); /* nothing lost, nothing committed comes again */
    if (last[i] > 0) assert_int_equal(after[i], 1);
  }
  assert_int_equal(tc_close(two), 0);
  memset(one, 0, sizeof *one); /* free for the next round */
  memset(two, 0, sizeof *two);
}

static void a_crash_between_poll_and_commit_loses_nothing(void** state) {
  tc_t* tc = *state;
  const char* topic = tc_topic(tc, AS_QUERY);
  for (int i = 0; i < TABLES; i++) {
    char table[16];
    snprintf(table, sizeof table, "c%d", i);
    tc_rows(tc, table, 10 * i, 10);
  }
  for (unsigned handled = 0; handled <= 5; handled++) crash_after(tc, topic, handled);
}

/* The same with a connection that is cut before the answer to each message of the conversation. */
static void a_cut_at_every_message_loses_nothing(void** state) {
  static const char* const actions[] = {"poll", "fetch_raw_data", "commit_offset", "subscribe",
                                        "assignment"};
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  const char* topic = tc_topic(tc, AS_QUERY);
  fill(tc, 0);
  for (size_t action = 0; action < COUNT(actions); action++) {
    for (uint32_t skip = 0; skip < 4; skip++) {
      unsigned seen[ROWS] = {0}, rest[ROWS] = {0};
      snprintf(tc->group, sizeof tc->group, "%s_cut%zu_%u", tc->db, action, skip);
      tc_consumer_t* one = tc_consumer(tc, "retry_initial=1&retry_max=2",
                                       "auto.commit.interval.ms=1");
      if (strcmp(actions[action], "subscribe") == 0) assert_int_equal(tc_subscribe(one, topic), 0);
      it_rule(tc->it,
              &(ts_rule_t) {
                  .action = actions[action], .skip = skip, .times = 1, .answer = TS_ANSWER_CUT});
      if (one->consumer != NULL && strcmp(actions[action], "subscribe") != 0)
        assert_int_equal(tc_subscribe(one, topic), 0);
      if (strcmp(actions[action], "subscribe") == 0) ts_conn_cut(it_conn(tc->it));
      see_all(&one, 1, seen, ROWS);
      tc_close(one);
      it_unrule(tc->it);
      tc_consumer_t* two = tc_subscribed(tc, topic, "");
      tc_drain(two, rest, ROWS, 1);
      for (unsigned i = 0; i < ROWS; i++) assert_true(seen[i] + rest[i] >= 1);
      assert_int_equal(tc_close(two), 0);
      memset(one, 0, sizeof *one);
      memset(two, 0, sizeof *two);
    }
  }
}

/* ---- replication ---- */

typedef struct write_s {
  taosuv_write_t req;
  bool done;
  int status;
} write_t;

static void on_written(taosuv_write_t* req, int status) {
  write_t* write = (write_t*) req;
  write->done = true;
  write->status = status;
}

static bool is_written(void* data) {
  return ((write_t*) data)->done;
}

static int wait_written(tc_t* tc, write_t* write, int started) {
  if (started < 0) return started;
  if (!it_until(tc->it, is_written, write, 30000)) fail_msg("not written");
  return write->status;
}

static void raw_messages_make_another_database_the_same(void** state) {
  tc_t* tc = *state;
  it_needs(tc->it, IT_RAW_MESSAGES);
  const char* topic = tc_topic(tc, "with meta as database %s");
  const char* other = it_database(tc->it, tc->client, "ms");
  taosuv_client_t* target = it_client_db(tc->it, other, "pool_size=1");
  tc_rows(tc, "c1", 0, 10);
  tc_rows(tc, "c2", 10, 10);
  it_ok(tc->it, tc->client, "alter table st add column w int");
  it_ok(tc->it, tc->client, "insert into c1 values (1700000000100, 7, 8)");
  tc_consumer_t* one = tc_subscribed(tc, topic, "");
  for (unsigned empty = 0; empty < 3;) {
    taosuv_message_t* message;
    write_t write = {.done = false};
    assert_int_equal(tc_poll(one, tc_wait_ms(tc), &message), 0);
    empty = message == NULL ? empty + 1 : 0;
    if (message == NULL) continue;
    taosuv_raw_t raw = taosuv_message_raw(message);
    assert_int_equal(
        wait_written(tc, &write, taosuv_write_raw(target, &write.req, &raw, on_written)), 0);
    taosuv_message_unref(message);
  }
  assert_int_equal(it_number(tc->it, target, "select count(*) from st"), 21);
  assert_int_equal(it_number(tc->it, target, "select sum(v) from st"), 197);
  assert_int_equal(it_number(tc->it, target, "select sum(w) from st"), 8);
}

static void blocks_are_written_into_a_table(void** state) {
  tc_t* tc = *state;
  const char* topic = tc_topic(tc, AS_QUERY);
  tc_rows(tc, "c1", 0, 10);
  it_ok(tc->it, tc->client, "create table target (ts timestamp, v int)");
  tc_consumer_t* one = tc_subscribed(tc, topic, "");
  taosuv_message_t* message = tc_next(one);
  write_t write = {.done = false};
  assert_int_equal(
      wait_written(tc, &write,
                   taosuv_write_block(tc->client, &write.req, "target", TAOSUV_NUL_TERMINATED,
                                      taosuv_message_block(message, 0), on_written)),
      0);
  assert_int_equal(it_number(tc->it, tc->client, "select count(*) from target"), 10);
  assert_int_equal(it_number(tc->it, tc->client, "select sum(v) from target"), 45);
  char name[128];
  snprintf(name, sizeof name, "`%s`.`target`", tc->db);
  const char* const forms[] = {"`target`", name};
  for (size_t i = 0; i < 2; i++) {
    it_ok(tc->it, tc->client, "delete from target");
    write.done = false;
    assert_int_equal(
        wait_written(tc, &write,
                     taosuv_write_block(tc->client, &write.req, forms[i], TAOSUV_NUL_TERMINATED,
                                        taosuv_message_block(message, 0), on_written)),
        0);
    assert_int_equal(it_number(tc->it, tc->client, "select count(*) from target"), 10);
  }
  assert_int_equal(taosuv_write_block(tc->client, &write.req, "other.target", TAOSUV_NUL_TERMINATED,
                                      taosuv_message_block(message, 0), on_written),
                   TAOSUV_ENOTSUP);
  assert_int_equal(taosuv_write_block(tc->client, &write.req, "a.b.c", TAOSUV_NUL_TERMINATED,
                                      taosuv_message_block(message, 0), on_written),
                   TAOSUV_EINVAL);
  write_t missing = {.done = false};
  assert_int_equal(wait_written(tc, &missing,
                                taosuv_write_block(tc->client, &missing.req, "nowhere", 7,
                                                   taosuv_message_block(message, 0), on_written)),
                   TAOSUV_ESERVER);
  assert_int_equal(
      taosuv_write_raw(tc->client, &write.req, &(taosuv_raw_t) {2, NULL, 0}, on_written),
      TAOSUV_EINVAL);
  taosuv_message_unref(message);
}

static void a_consumers_client_is_for_looking_only(void** state) {
  tc_t* tc = *state;
  taosuv_ping_t ping = {0};
  taosuv_stats_t stats = {.size = sizeof stats};
  const char* topic = tc_topic(tc, AS_QUERY);
  tc_consumer_t* one = tc_subscribed(tc, topic, "");
  taosuv_client_t* client = taosuv_consumer_client(one->consumer);
  taosuv_exec_t exec = {0};
  assert_int_equal(taosuv_exec(client, &exec, "select 1", 8, (taosuv_exec_cb) on_written),
                   TAOSUV_ENOTSUP);
  assert_int_equal(taosuv_ping(client, &ping, (taosuv_ping_cb) on_written), TAOSUV_ENOTSUP);
  taosuv_close(client, NULL);
  assert_int_equal(taosuv_client_stats(client, &stats), 0);
  assert_int_equal(stats.ready, 1);
  assert_ptr_equal(taosuv_consumer_data(one->consumer), one);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TC_TEST(two_consumers_share_the_work),
      TC_TEST(three_consumers_share_the_work),
      TC_TEST(five_consumers_share_the_work),
      TC_TEST(each_is_told_what_it_is_given),
      TC_TEST(consumers_join_and_leave),
      TC_TEST(a_crash_between_poll_and_commit_loses_nothing),
      TC_TEST(a_cut_at_every_message_loses_nothing),
      TC_TEST(raw_messages_make_another_database_the_same),
      TC_TEST(blocks_are_written_into_a_table),
      TC_TEST(a_consumers_client_is_for_looking_only),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
