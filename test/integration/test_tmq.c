/* Consumers: subscribing, messages, offsets, states; against any server. */
#include "consumers.h"

#define AS_QUERY "as select ts, v from st"
#define AS_DATABASE "with meta as database %s"

static void rows_of_a_topic_arrive_once(void** state) {
  tc_t* tc = *state;
  unsigned seen[40] = {0};
  const char* topic = tc_topic(tc, AS_QUERY);
  tc_rows(tc, "c1", 0, 10);
  tc_rows(tc, "c2", 10, 10);
  tc_rows(tc, "c3", 20, 20);
  tc_consumer_t* one = tc_subscribed(tc, topic, "");
  assert_int_equal(tc_drain(one, seen, COUNT(seen), COUNT(seen)), COUNT(seen));
  for (size_t i = 0; i < COUNT(seen); i++) assert_int_equal(seen[i], 1);
}

static void a_message_says_what_it_is(void** state) {
  tc_t* tc = *state;
  const char* topic = tc_topic(tc, AS_DATABASE);
  unsigned seen[8] = {0}, metas = 0, rows = 0;
  tc_rows(tc, "c1", 0, 5);
  tc_consumer_t* one = tc_subscribed(tc, topic, "");
  for (int i = 0; i < 30 && (rows < 5 || metas < 1); i++) {
    taosuv_message_t* message;
    assert_int_equal(tc_poll(one, 1000, &message), 0);
    if (message == NULL) continue;
    assert_string_equal(taosuv_message_topic(message), topic);
    assert_string_equal(taosuv_message_database(message), tc->db);
    assert_true(taosuv_message_vgroup(message) > 0);
    taosuv_raw_t raw = taosuv_message_raw(message);
    assert_true(taosuv_message_size(message) >= raw.size);
    taosuv_message_kind_t kind = taosuv_message_kind(message);
    if (kind == TAOSUV_MESSAGE_META || it_can(tc->it, IT_RAW_MESSAGES)) assert_non_null(raw.data);
    size_t length;
    const char* meta = taosuv_message_meta(message, &length);
    if (kind != TAOSUV_MESSAGE_DATA) {
      assert_non_null(meta);
      assert_int_equal(strlen(meta), length);
      it_has(meta, "\"create\"");
      metas++;
    }
    if (kind != TAOSUV_MESSAGE_META) {
      uint32_t count;
      assert_int_equal(taosuv_message_blocks(message), 1);
      assert_string_equal(taosuv_message_table(message, 0), "c1");
      const taosuv_field_t* fields = taosuv_message_fields(message, 0, &count);
      assert_int_equal(count, 2);
      assert_string_equal(fields[0].name, "ts");
      assert_string_equal(fields[1].name, "v");
      assert_int_equal(fields[1].type, TAOSUV_TYPE_INT);
      assert_null(taosuv_message_block(message, 1));
      assert_null(taosuv_message_fields(message, 1, &count));
      if (it_can(tc->it, IT_RAW_MESSAGES))
        assert_true(taosuv_message_end(message) >= taosuv_message_offset(message));
      rows += tc_count(message, seen, COUNT(seen));
    }
    taosuv_message_unref(message);
  }
  assert_int_equal(rows, 5);
  assert_true(metas >= 1);
}

static void several_messages_may_be_alive(void** state) {
  tc_t* tc = *state;
  const char* topic = tc_topic(tc, AS_QUERY);
  taosuv_message_t* kept[4];
  unsigned seen[20] = {0};
  taosuv_block_t* block = NULL;
  for (int i = 0; i < 4; i++) {
    static const char* const tables[] = {"c1", "c2"};
    tc_rows(tc, tables[i % 2], 5 * i, 5);
  }
  tc_consumer_t* one = tc_subscribed(tc, topic, "");
  size_t count = 0;
  unsigned rows = 0;
  while (rows < 20) {
    assert_true(count < COUNT(kept));
    kept[count] = tc_next(one);
    rows += tc_count(kept[count++], seen, COUNT(seen));
  }
  block = taosuv_block_ref(taosuv_message_block(kept[0], 0));
  assert_int_equal(tc_close(one), 0);
  memset(seen, 0, sizeof seen);
  for (size_t i = 0; i < count; i++) { /* they outlive their consumer */
    tc_count(kept[i], seen, COUNT(seen));
    taosuv_message_unref(kept[i]);
  }
  for (size_t i = 0; i < COUNT(seen); i++) assert_int_equal(seen[i], 1);
  assert_true(taosuv_block_rows(block) > 0);
  taosuv_block_unref(block);
}

static void a_poll_without_a_message_ends_in_time(void** state) {
  tc_t* tc = *state;
  const char* topic = tc_topic(tc, AS_QUERY);
  taosuv_message_t* message;
  tc_consumer_t* one = tc_subscribed(tc, topic, "");
  uint64_t since = it_ms();
  assert_int_equal(tc_poll(one, 700, &message), 0);
  assert_null(message);
  it_within(since, 650, 10000);
  assert_int_equal(tc_poll(one, 0, &message), 0);
  assert_null(message);
}

static void never(taosuv_poll_t* req, int status) {
  (void) req;
  (void) status;
  fail_msg("a call that failed has called back");
}

static void never_message(taosuv_consumer_t* consumer, taosuv_message_t* message, void* data) {
  (void) consumer;
  (void) message;
  (void) data;
  fail_msg("a message in the wrong state");
}

static void calls_in_the_wrong_state_fail_at_once(void** state) {
  tc_t* tc = *state;
  const char* topic = tc_topic(tc, AS_QUERY);
  taosuv_poll_t poll = {0};
  taosuv_message_t* message;
  int64_t offset;
  tc_consumer_t* one = tc_consumer(tc, "", "");
  assert_int_equal(tc_poll(one, 10, &message), TAOSUV_ESTATE);
  assert_int_equal(tc_commit(one, NULL), TAOSUV_ESTATE);
  assert_int_equal(tc_seek(one, topic, 1, 0), TAOSUV_ESTATE);
  assert_int_equal(tc_committed(one, topic, 1, &offset), TAOSUV_ESTATE);
  assert_int_equal(tc_unsubscribe(one), TAOSUV_ESTATE);
  assert_int_equal(taosuv_consumer_start(one->consumer, 0, 0, never_message, NULL), TAOSUV_ESTATE);
  assert_int_equal(taosuv_consumer_pause(one->consumer), TAOSUV_ESTATE);
  assert_int_equal(tc_subscribe(one, topic), 0);
  assert_int_equal(tc_subscribe(one, topic), TAOSUV_ESTATE);
  assert_int_equal(taosuv_consumer_stop(one->consumer), TAOSUV_ESTATE);
  assert_int_equal(taosuv_consumer_start(one->consumer, 0, 0, never_message, NULL), 0);
  assert_int_equal(taosuv_consumer_poll(one->consumer, &poll, 0, never), TAOSUV_ESTATE);
  assert_int_equal(tc_seek(one, topic, 1, 0), TAOSUV_ESTATE);
  assert_int_equal(taosuv_consumer_start(one->consumer, 0, 0, never_message, NULL), TAOSUV_EBUSY);
  assert_int_equal(taosuv_consumer_stop(one->consumer), 0);
}

typedef struct pending_s {
  taosuv_poll_t poll;
  unsigned done;
  int status;
  taosuv_message_t* message;
} pending_t;

static void on_pending(taosuv_poll_t* req, int status) {
  pending_t* pending = (pending_t*) req;
  pending->done++;
  pending->status = status;
  if (req->msg != NULL) pending->message = taosuv_message_ref(req->msg);
}

static void one_poll_at_a_time_and_none_is_lost(void** state) {
  tc_t* tc = *state;
  const char* topic = tc_topic(tc, AS_QUERY);
  pending_t first = {0};
  taosuv_poll_t second = {0};
  unsigned seen[5] = {0};
  tc_consumer_t* one = tc_subscribed(tc, topic, "");
  assert_int_equal(taosuv_consumer_poll(one->consumer, &first.poll, 20000, on_pending), 0);
  assert_int_equal(taosuv_consumer_poll(one->consumer, &second, 0, never), TAOSUV_EBUSY);
  assert_int_equal(tc_seek(one, topic, 1, 0), TAOSUV_ESTATE);
  it_run(tc->it, 50);
  assert_int_equal(taosuv_cancel((taosuv_req_t*) &first.poll), 0);
  tc_until(tc, &first.done, 1);
  assert_int_equal(first.status, TAOSUV_ECANCELED);
  tc_rows(tc, "c1", 0, 5); /* what the cancelled poll's message brings is for the next one */
  it_run(tc->it, 100);
  assert_int_equal(tc_drain(one, seen, COUNT(seen), 5), 5);
  for (size_t i = 0; i < COUNT(seen); i++) assert_int_equal(seen[i], 1);
}

static void refusals_of_subscribe_are_told(void** state) {
  tc_t* tc = *state;
  const char* topic = tc_topic(tc, AS_QUERY);
  tc_consumer_t* one = tc_consumer(tc, "", "");
  assert_int_equal(tc_subscribe(one, "no_such_topic_anywhere"), TAOSUV_ESERVER);
  assert_int_equal(tc_subscribe(one, topic), 0); /* it is as it was before */
  tc_consumer_t* wrong = tc_consumer(tc, "", "td.connect.pass=wrong");
  assert_int_equal(tc_subscribe(wrong, topic), TAOSUV_ESERVER);
}

static void the_subscription_can_be_left_and_taken_again(void** state) {
  tc_t* tc = *state;
  it_needs(tc->it, IT_OFFSETS);
  const char* topic = tc_topic(tc, AS_QUERY);
  char list[256];
  unsigned seen[20] = {0};
  tc_rows(tc, "c1", 0, 10);
  tc_consumer_t* one = tc_subscribed(tc, topic, "");
  assert_int_equal(tc_topics(one, list, sizeof list), 0);
  it_has(list, topic);
  assert_int_equal(tc_drain(one, seen, COUNT(seen), 10), 10);
  assert_int_equal(tc_unsubscribe(one), 0); /* commits */
  tc_rows(tc, "c1", 10, 10);
  assert_int_equal(tc_subscribe(one, topic), 0);
  assert_int_equal(tc_drain(one, seen, COUNT(seen), 10), 10);
  for (size_t i = 0; i < COUNT(seen); i++) assert_int_equal(seen[i], 1);
}

static void a_restarted_consumer_goes_on(void** state) {
  tc_t* tc = *state;
  const char* topic = tc_topic(tc, AS_QUERY);
  unsigned seen[20] = {0};
  tc_rows(tc, "c1", 0, 10);
  tc_consumer_t* one = tc_subscribed(tc, topic, "");
  assert_int_equal(tc_drain(one, seen, COUNT(seen), 10), 10);
  assert_int_equal(tc_close(one), 0);
  tc_rows(tc, "c1", 10, 10);
  tc_consumer_t* two = tc_subscribed(tc, topic, "");
  assert_int_equal(tc_drain(two, seen, COUNT(seen), 20), 10);
  for (size_t i = 0; i < COUNT(seen); i++) assert_int_equal(seen[i], 1);
}

static void offsets_are_where_they_were_set(void** state) {
  tc_t* tc = *state;
  it_needs(tc->it, IT_MANUAL_COMMIT);
  const char* topic = tc_topic(tc, AS_QUERY);
  taosuv_partition_t parts[TC_VGROUPS];
  uint32_t count;
  int64_t offset;
  tc_rows(tc, "c1", 0, 5);
  tc_consumer_t* one = tc_subscribed(tc, topic, "enable.auto.commit=false");
  taosuv_message_t* message = tc_next(one);
  int32_t vgroup = taosuv_message_vgroup(message);
  assert_int_equal(tc_committed(one, topic, vgroup, &offset), 0);
  assert_int_equal(offset, TAOSUV_OFFSET_NONE);
  assert_int_equal(tc_commit(one, message), 0);
  assert_int_equal(tc_committed(one, topic, vgroup, &offset), 0);
  assert_int_equal(offset, taosuv_message_end(message));
  assert_int_equal(tc_assignment(one, topic, parts, &count), 0);
  assert_true(count >= 1);
  uint32_t at = 0;
  while (at < count && parts[at].vgroup_id != vgroup) at++;
  assert_true(at < count && parts[at].begin <= offset && offset <= parts[at].end);
  assert_int_equal(tc_commit_offset(one, topic, vgroup, parts[at].begin), 0);
  assert_int_equal(tc_committed(one, topic, vgroup, &offset), 0);
  assert_int_equal(offset, parts[at].begin);
  assert_int_equal(tc_commit(one, message), 0); /* further than what is committed now */
  assert_int_equal(tc_committed(one, topic, vgroup, &offset), 0);
  assert_int_equal(offset, taosuv_message_end(message));
  assert_int_equal(tc_position(one, topic, vgroup, &offset), 0);
  assert_true(offset >= taosuv_message_end(message));
  assert_int_equal(tc_commit_offset(one, topic, 99999, 0), TAOSUV_ESERVER);
  assert_int_equal(tc_seek(one, topic, 99999, 0), TAOSUV_ESERVER);
  assert_int_equal(tc_commit_offset(one, topic, vgroup, parts[at].end + 1000), TAOSUV_ESERVER);
  taosuv_message_unref(message);
}

static void seeks_go_to_every_kind_of_offset(void** state) {
  tc_t* tc = *state;
  const char* topic = tc_topic(tc, AS_QUERY);
  unsigned seen[30] = {0};
  tc_rows(tc, "c1", 0, 10);
  tc_rows(tc, "c1", 10, 10);
  tc_consumer_t* one = tc_subscribed(tc, topic, "enable.auto.commit=false");
  assert_int_equal(tc_drain(one, seen, COUNT(seen), 20), 20);
  assert_int_equal(tc_seek_to(one, topic, true), 0);
  assert_int_equal(tc_drain(one, seen, COUNT(seen), 20), 20);
  for (size_t i = 0; i < 20; i++) assert_int_equal(seen[i], 2);
  assert_int_equal(tc_seek_to(one, topic, true), 0);
  assert_int_equal(tc_seek_to(one, topic, false), 0);
  tc_rows(tc, "c1", 20, 10);
  assert_int_equal(tc_drain(one, seen, COUNT(seen), 30), 10);
  for (size_t i = 20; i < 30; i++) assert_int_equal(seen[i], 1);
  assert_int_equal(tc_seek_to(one, topic, true), 0);
  taosuv_message_t* message = tc_next(one);
  assert_int_equal(
      tc_seek(one, topic, taosuv_message_vgroup(message), taosuv_message_offset(message)), 0);
  taosuv_message_t* again = tc_next(one);
  assert_int_equal(taosuv_message_offset(again), taosuv_message_offset(message));
  assert_int_equal(tc_commit(one, message), TAOSUV_ESTATE); /* from before the seek */
  assert_int_equal(tc_commit(one, again), 0);
  taosuv_message_unref(again);
  taosuv_message_unref(message);
}

static void a_changed_schema_is_seen_in_mid_stream(void** state) {
  tc_t* tc = *state;
  it_needs(tc->it, IT_BATCHED_META);
  const char* topic = tc_topic(tc, AS_DATABASE);
  bool altered = false, new_row = false;
  tc_rows(tc, "c1", 0, 5);
  it_ok(tc->it, tc->client, "alter table st add column w int");
  it_ok(tc->it, tc->client, "insert into c1 values (1700000000100, 7, 8)");
  tc_consumer_t* one = tc_subscribed(tc, topic, "msg.enable.batchmeta=1");
  for (int i = 0; i < 30 && !(altered && new_row); i++) {
    taosuv_message_t* message;
    assert_int_equal(tc_poll(one, 1000, &message), 0);
    if (message == NULL) continue;
    const char* meta = taosuv_message_meta(message, NULL);
    if (meta != NULL && strstr(meta, "\"alter\"") != NULL) altered = true;
    for (uint32_t k = 0; k < taosuv_message_blocks(message); k++) {
      uint32_t count;
      const taosuv_field_t* fields = taosuv_message_fields(message, k, &count);
      if (count != 3) continue;
      assert_string_equal(fields[2].name, "w");
      new_row = true;
    }
    taosuv_message_unref(message);
  }
  assert_true(altered && new_row);
}

static void properties_are_checked(void** state) {
  it_t* it = *state;
  static const struct {
    taosuv_property_t property;
    const char* part;
  } bad[] = {{{"auto.offset.reset", "sometimes"}, "auto.offset.reset"},
             {{"enable.auto.commit", "maybe"}, "enable.auto.commit"},
             {{"auto.commit.interval.ms", "0"}, "auto.commit.interval.ms"},
             {{"session.timeout.ms", "5"}, "session.timeout.ms"},
             {{"max.poll.interval.ms", "abc"}, "max.poll.interval.ms"},
             {{"msg.with.table.name", "2"}, "msg.with.table.name"},
             {{"msg.consume.excluded", "yes"}, "msg.consume.excluded"},
             {{"group.id", "again"}, "group.id is given twice"},
             {{"td.connect.ip", "other"}, "td.connect.ip"},
             {{"td.connect.port", "1"}, "td.connect.port"},
             {{"a b", "c"}, "'a b'"},
             {{"", "c"}, "empty"},
             {{"client.id", NULL}, "NULL"}};
  char message[256];
  taosuv_consumer_options_t options;
  taosuv_consumer_t* consumer = NULL;
  taosuv_consumer_options_init(&options);
  options.url = "ws://root:taosdata@localhost:6041";
  options.message = message;
  options.message_size = sizeof message;
  for (size_t i = 0; i < COUNT(bad); i++) {
    taosuv_property_t list[] = {{"group.id", "g"}, bad[i].property};
    options.properties = list;
    options.count = 2;
    assert_int_equal(taosuv_consumer_create(&it->loop, &options, &consumer), TAOSUV_EINVAL);
    assert_null(consumer);
    it_has(message, bad[i].part);
  }
  options.count = 0;
  assert_int_equal(taosuv_consumer_create(&it->loop, &options, &consumer), TAOSUV_EINVAL);
  it_has(message, "group.id is missing");
  options.properties = &(taosuv_property_t) {"group.id", "g"};
  options.count = 1;
  options.url = "ws://localhost?nonsense=1";
  assert_int_equal(taosuv_consumer_create(&it->loop, &options, &consumer), TAOSUV_EURL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(properties_are_checked),
      TC_TEST(rows_of_a_topic_arrive_once),
      TC_TEST(a_message_says_what_it_is),
      TC_TEST(several_messages_may_be_alive),
      TC_TEST(a_poll_without_a_message_ends_in_time),
      TC_TEST(calls_in_the_wrong_state_fail_at_once),
      TC_TEST(one_poll_at_a_time_and_none_is_lost),
      TC_TEST(refusals_of_subscribe_are_told),
      TC_TEST(the_subscription_can_be_left_and_taken_again),
      TC_TEST(a_restarted_consumer_goes_on),
      TC_TEST(offsets_are_where_they_were_set),
      TC_TEST(seeks_go_to_every_kind_of_offset),
      TC_TEST(a_changed_schema_is_seen_in_mid_stream),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
