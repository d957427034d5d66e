/* Consumers: push with credits, auto-commit, loss of the connection; against the bundled server. */
#include "client/pool/client.h"
#include "client/tmq/consumer.h"
#include "consumers.h"

#define AS_QUERY "as select ts, v from st"

/* What a push has brought. */
typedef struct push_s {
  tc_t* tc;
  unsigned messages, rows;
  unsigned seen[200];
  taosuv_message_t* held[64];
  unsigned nheld;
  unsigned hold;    /* keep references on so many */
  unsigned stop_at; /* stop after this number of messages; 0: never */
  unsigned pause_at;
  unsigned close_at;
  bool inside;
} push_t;

static void on_closed(taosuv_consumer_close_t* req, int status) {
  tc_consumer_t* one = req->data;
  one->closed = true;
  one->close_status = status;
  one->consumer = NULL;
}

static void on_message(taosuv_consumer_t* consumer, taosuv_message_t* message, void* data) {
  tc_consumer_t* one = taosuv_consumer_data(consumer);
  push_t* push = data;
  assert_false(push->inside); /* one after another */
  push->inside = true;
  push->messages++;
  push->rows += tc_count(message, push->seen, COUNT(push->seen));
  if (push->nheld < push->hold) push->held[push->nheld++] = taosuv_message_ref(message);
  if (push->stop_at == push->messages) assert_int_equal(taosuv_consumer_stop(consumer), 0);
  if (push->pause_at == push->messages) assert_int_equal(taosuv_consumer_pause(consumer), 0);
  if (push->close_at == push->messages) {
    one->close.data = one;
    assert_int_equal(taosuv_consumer_close(consumer, &one->close, on_closed), 0);
  }
  push->inside = false;
}

static void release(push_t* push) {
  for (unsigned i = 0; i < push->nheld; i++) taosuv_message_unref(push->held[i]);
  push->nheld = 0;
}

/* `count` messages of five rows, all in one vgroup, and a subscribed consumer. */
static tc_consumer_t* prepared(tc_t* tc, int count, const char* properties) {
  const char* topic = tc_topic(tc, AS_QUERY);
  tc_consumer_t* one = tc_subscribed(tc, topic, properties);
  for (int i = 0; i < count; i++) tc_rows(tc, "c1", 5 * i, 5);
  return one;
}

static void messages_are_pushed(void** state) {
  tc_t* tc = *state;
  push_t push = {.tc = tc};
  tc_consumer_t* one = prepared(tc, 10, "");
  assert_int_equal(taosuv_consumer_start(one->consumer, 0, 0, on_message, &push), 0);
  assert_int_equal(push.messages, 0); /* never inside the call */
  tc_until(tc, &push.rows, 50);
  for (size_t i = 0; i < 50; i++) assert_int_equal(push.seen[i], 1);
  tc_rows(tc, "c1", 50, 5);
  tc_until(tc, &push.rows, 55);
}

static void credits_bound_what_is_asked_for(void** state) {
  tc_t* tc = *state;
  push_t push = {.tc = tc, .hold = 64};
  it_needs_bundled(tc->it);
  tc_consumer_t* one = tc_subscribed(tc, tc_topic(tc, AS_QUERY), "");
  /* A message holds all that is there when it is made: so one after another is written. */
  assert_int_equal(taosuv_consumer_start(one->consumer, 3, 0, on_message, &push), 0);
  for (int i = 0; i < 3; i++) {
    tc_rows(tc, "c1", 5 * i, 5);
    tc_until(tc, &push.messages, (unsigned) i + 1);
  }
  tc_rows(tc, "c1", 15, 5);
  it_run(tc->it, 300);
  assert_int_equal(push.messages, 3); /* three are alive: no more is asked for */
  taosuv_message_unref(push.held[--push.nheld]);
  tc_until(tc, &push.messages, 4);
  taosuv_message_done(push.held[0]); /* saying so is enough */
  tc_rows(tc, "c1", 20, 5);
  tc_until(tc, &push.messages, 5);
  release(&push);
}

static void credits_are_bytes_as_well(void** state) {
  tc_t* tc = *state;
  push_t push = {.tc = tc, .hold = 64};
  tc_consumer_t* one = tc_subscribed(tc, tc_topic(tc, AS_QUERY), "");
  assert_int_equal(taosuv_consumer_start(one->consumer, 100, 1, on_message, &push), 0);
  tc_rows(tc, "c1", 0, 5);
  tc_until(tc, &push.messages, 1);
  tc_rows(tc, "c1", 5, 5);
  it_run(tc->it, 300);
  assert_int_equal(push.messages, 1); /* one is more than a byte */
  release(&push);
  tc_until(tc, &push.messages, 2);
  release(&push);
}

static void a_push_pauses_and_goes_on(void** state) {
  tc_t* tc = *state;
  push_t push = {.tc = tc, .pause_at = 1};
  unsigned seen[200] = {0};
  tc_consumer_t* one = prepared(tc, 1, "");
  assert_int_equal(taosuv_consumer_start(one->consumer, 0, 0, on_message, &push), 0);
  tc_until(tc, &push.messages, 1);
  tc_rows(tc, "c1", 5, 5);
  it_run(tc->it, 700);
  assert_int_equal(push.rows, 5);
  push.pause_at = 0;
  assert_int_equal(taosuv_consumer_resume(one->consumer), 0);
  tc_until(tc, &push.rows, 10);
  assert_int_equal(taosuv_consumer_stop(one->consumer), 0);
  tc_rows(tc, "c1", 10, 5);
  it_run(tc->it, 200);
  assert_int_equal(push.rows, 10);
  assert_int_equal(tc_drain(one, seen, COUNT(seen), 5), 5); /* poll has what stop has left */
}

static void a_consumer_may_be_closed_inside_its_callback(void** state) {
  tc_t* tc = *state;
  push_t push = {.tc = tc, .close_at = 1};
  tc_consumer_t* one = prepared(tc, 3, "");
  assert_int_equal(taosuv_consumer_start(one->consumer, 0, 0, on_message, &push), 0);
  tc_until(tc, &push.messages, 1);
  for (int i = 0; i < 3000 && !one->closed; i++) it_run(tc->it, 10);
  assert_true(one->closed);
  assert_int_equal(one->close_status, 0);
  assert_int_equal(push.messages, 1);
}

/* ---- auto-commit: the clock is turned by hand ---- */

static uint64_t commits(const tc_t* tc) {
  return ts_server_action_count(tc->it->server, "commit_offset");
}

/* The time of the next automatic commit is now. */
static void turn_clock(tc_consumer_t* one) {
  taosuv_consumer_t* consumer = one->consumer;
  tuv_timed_t* timed = &consumer->auto_timed;
  tuv_timers_remove(&consumer->client->context.timers, timed);
  timed->expire(timed);
  it_run(one->tc->it, 50);
}

static void auto_commit_comes_in_its_interval(void** state) {
  tc_t* tc = *state;
  int64_t offset;
  it_needs_bundled(tc->it);
  tc_consumer_t* one = prepared(tc, 1, "auto.commit.interval.ms=3600000");
  const tuv_timed_t* timed = &one->consumer->auto_timed;
  taosuv_message_t* message = tc_next(one);
  int32_t vgroup = taosuv_message_vgroup(message);
  int64_t end = taosuv_message_end(message);
  uint64_t due = timed->node.at;
  assert_in_range(due, uv_now(&tc->it->loop) + 3500000, uv_now(&tc->it->loop) + 3600000);
  turn_clock(one); /* the message is referenced: it is not finished */
  assert_int_equal(commits(tc), 0);
  taosuv_message_unref(message);
  it_run(tc->it, 50);
  assert_int_equal(commits(tc), 0); /* not before the next time */
  turn_clock(one);
  assert_int_equal(commits(tc), 1);
  assert_true(timed->node.at >= due); /* and again, an interval later */
  assert_int_equal(tc_committed(one, tc->topics[0], vgroup, &offset), 0);
  assert_int_equal(offset, end);
  turn_clock(one); /* once */
  assert_int_equal(commits(tc), 1);
}

static void only_what_is_finished_is_committed(void** state) {
  tc_t* tc = *state;
  int64_t offset;
  it_needs_bundled(tc->it);
  tc_consumer_t* one = prepared(tc, 1, "auto.commit.interval.ms=3600000");
  taosuv_message_t* first = tc_next(one);
  tc_rows(tc, "c1", 5, 5);
  taosuv_message_t* second = tc_next(one);
  int32_t vgroup = taosuv_message_vgroup(first);
  assert_int_equal(taosuv_message_vgroup(second), vgroup);
  int64_t ends[] = {taosuv_message_end(first), taosuv_message_end(second)};
  assert_true(ends[0] < ends[1]);
  taosuv_message_unref(second); /* finished, but the one before it is not */
  turn_clock(one);
  assert_int_equal(commits(tc), 0);
  taosuv_message_done(first);
  turn_clock(one);
  assert_int_equal(tc_committed(one, tc->topics[0], vgroup, &offset), 0);
  assert_int_equal(offset, ends[1]);
  assert_int_equal(commits(tc), 1);
  taosuv_message_unref(first);
}

static void close_commits_what_is_finished(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  unsigned seen[20] = {0};
  tc_consumer_t* one = prepared(tc, 1, "auto.commit.interval.ms=3600000");
  taosuv_message_unref(tc_next(one));
  tc_rows(tc, "c1", 5, 5);
  taosuv_message_t* held = tc_next(one);
  assert_int_equal(tc_close(one), 0);
  assert_int_equal(commits(tc), 1);
  taosuv_message_unref(held);
  tc_consumer_t* two = tc_subscribed(tc, tc->topics[0], "");
  assert_int_equal(tc_drain(two, seen, COUNT(seen), 10), 5); /* the held one, again */
  for (size_t i = 5; i < 10; i++) assert_int_equal(seen[i], 1);
}

static void without_auto_commit_nothing_is_committed(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  unsigned seen[20] = {0};
  tc_consumer_t* one = prepared(tc, 1, "enable.auto.commit=false");
  taosuv_message_unref(tc_next(one));
  assert_int_equal(tc_close(one), 0);
  assert_int_equal(commits(tc), 0);
  tc_consumer_t* two = tc_subscribed(tc, tc->topics[0], "");
  assert_int_equal(tc_drain(two, seen, COUNT(seen), 5), 5);
}

static void a_failed_auto_commit_is_told_and_tried_again(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  tc_consumer_t* one = prepared(tc, 1, "auto.commit.interval.ms=3600000");
  taosuv_message_unref(tc_next(one));
  it_rule(tc->it, &(ts_rule_t) {.action = "commit_offset",
                                .times = 1,
                                .answer = TS_ANSWER_ERROR,
                                .code = 0x4005,
                                .text = "not now"});
  turn_clock(one);
  tc_until(tc, &one->commit_failed, 1);
  assert_int_equal(one->event_status, TAOSUV_ESERVER);
  turn_clock(one);
  assert_int_equal(one->commit_failed, 1);
  assert_int_equal(commits(tc), 2);
}

/* ---- loss ---- */

static void a_lost_connection_is_made_again(void** state) {
  tc_t* tc = *state;
  it_proxy(tc->it);
  push_t push = {.tc = tc};
  tc_consumer_t* one = prepared(tc, 2, "");
  assert_int_equal(taosuv_consumer_start(one->consumer, 0, 0, on_message, &push), 0);
  tc_until(tc, &push.rows, 10);
  it_cut(tc->it);
  tc_until(tc, &one->lost, 1);
  assert_int_equal(tc_commit(one, NULL), TAOSUV_ECONNLOST);
  tc_until(tc, &one->resumed, 1);
  tc_rows(tc, "c1", 10, 5);
  tc_until(tc, &push.seen[14], 1); /* what was not committed came again before */
  for (size_t i = 0; i < 15; i++) assert_true(push.seen[i] >= 1);
  assert_int_equal(one->failed, 0);
}

static void a_waiting_poll_survives_the_loss(void** state) {
  tc_t* tc = *state;
  it_proxy(tc->it);
  unsigned seen[5] = {0};
  taosuv_message_t* message;
  tc_consumer_t* one = prepared(tc, 0, "");
  assert_int_equal(tc_poll(one, 0, &message), 0);
  it_cut(tc->it);
  assert_int_equal(tc_poll(one, 100, &message), 0);
  assert_null(message);
  tc_rows(tc, "c1", 0, 5);
  assert_int_equal(tc_drain(one, seen, COUNT(seen), 5), 5);
  assert_int_equal(one->lost, 1);
  assert_int_equal(one->resumed, 1);
}

static void a_consumer_gives_up_after_its_retries(void** state) {
  tc_t* tc = *state;
  it_proxy(tc->it);
  taosuv_message_t* message;
  const char* topic = tc_topic(tc, AS_QUERY);
  tc_consumer_t* one = tc_consumer(tc, "retries=1&retry_initial=10&retry_max=20", "");
  assert_int_equal(tc_subscribe(one, topic), 0);
  proxy_stop(tc->it->proxies[0]);
  tc_until(tc, &one->failed, 1);
  assert_int_equal(tc_poll(one, 0, &message), TAOSUV_ESTATE);
  assert_int_equal(proxy_start(tc->it->proxies[0]), 0);
  assert_int_equal(tc_subscribe(one, topic), 0); /* as before */
}

static void an_expelled_consumer_joins_again(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  unsigned seen[5] = {0};
  tc_consumer_t* one = prepared(tc, 1, "");
  it_rule(tc->it, &(ts_rule_t) {.action = "poll",
                                .times = 1,
                                .answer = TS_ANSWER_ERROR,
                                .code = 0x4001,
                                .text = "Consumer mismatch"});
  assert_int_equal(tc_drain(one, seen, COUNT(seen), 5), 5);
  assert_int_equal(one->lost, 1);
  assert_int_equal(one->resumed, 1);
}

/* It would be refused for ever otherwise: by every poll, also one at a time. */
static void a_consumer_that_is_of_no_more_use_is_made_anew(void** state) {
  static const int codes[] = {0x03E6, 0x4002, 0x4003, 0x4017};
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  unsigned seen[COUNT(codes)] = {0};
  tc_consumer_t* one = prepared(tc, 0, "");
  for (unsigned i = 0; i < COUNT(codes); i++) {
    tc_rows(tc, "c1", (int) i, 1);
    it_rule(tc->it, &(ts_rule_t) {.action = "poll",
                                  .times = 1,
                                  .answer = TS_ANSWER_ERROR,
                                  .code = codes[i],
                                  .text = "of no use"});
    assert_int_equal(tc_drain(one, seen, COUNT(seen), 1), 1);
    assert_int_equal(tc_commit(one, NULL), 0);
    assert_int_equal(one->lost, i + 1);
    assert_int_equal(one->event_status, TAOSUV_ESERVER);
    assert_int_equal(one->event_code, codes[i]);
    it_unrule(tc->it);
  }
}

/* While taosd is away the gateway refuses with the code that also stands for a wrong password. */
static void an_unclear_refusal_to_join_again_is_not_final(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  unsigned seen[5] = {0};
  const char* topic = tc_topic(tc, AS_QUERY);
  tc_consumer_t* one = tc_consumer(tc, "retries=3&retry_initial=10", "");
  assert_int_equal(tc_subscribe(one, topic), 0);
  tc_rows(tc, "c1", 0, 5);
  it_rule(tc->it, &(ts_rule_t) {.action = "subscribe",
                                .times = 2,
                                .answer = TS_ANSWER_ERROR,
                                .code = 0xffff,
                                .text = "init tscObj failed"});
  ts_conn_cut(it_conn(tc->it));
  assert_int_equal(tc_drain(one, seen, COUNT(seen), 5), 5);
  assert_int_equal(one->resumed, 1);
  assert_int_equal(one->failed, 0);
}

static void a_dropped_topic_ends_the_consumer(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  tc_consumer_t* one = prepared(tc, 1, "");
  it_rule(tc->it, &(ts_rule_t) {.action = "subscribe",
                                .answer = TS_ANSWER_ERROR,
                                .code = 0x03E1,
                                .text = "Topic not exist"});
  ts_conn_cut(it_conn(tc->it));
  tc_until(tc, &one->failed, 1);
  assert_int_equal(one->event_status, TAOSUV_ESERVER);
  assert_int_equal(one->event_code, 0x03E1);
}

static void a_refused_poll_is_the_polls_failure(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  unsigned seen[5] = {0};
  taosuv_message_t* message;
  tc_consumer_t* one = prepared(tc, 1, "");
  it_rule(tc->it, &(ts_rule_t) {.action = "poll",
                                .times = 1,
                                .answer = TS_ANSWER_ERROR,
                                .code = 0x4005,
                                .text = "not now"});
  assert_int_equal(tc_poll(one, 1000, &message), TAOSUV_ESERVER);
  assert_null(message);
  assert_int_equal(tc_drain(one, seen, COUNT(seen), 5), 5);
  assert_int_equal(one->lost, 0);
}

/* The message that could not be had comes again. */
static void a_refused_message_is_not_skipped(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  unsigned seen[5] = {0};
  taosuv_message_t* message;
  tc_consumer_t* one = prepared(tc, 1, "");
  it_rule(tc->it, &(ts_rule_t) {.action = "fetch_raw_data", .times = 1, .answer = TS_ANSWER_CUT});
  assert_int_equal(tc_poll(one, 5000, &message), 0);
  assert_non_null(message);
  assert_int_equal(tc_count(message, seen, COUNT(seen)), 5);
  taosuv_message_unref(message);
  assert_int_equal(one->resumed, 1);
}

static void a_poll_that_is_never_answered_ends_the_connection(void** state) {
  tc_t* tc = *state;
  it_proxy(tc->it);
  unsigned seen[5] = {0};
  const char* topic = tc_topic(tc, AS_QUERY);
  tc_consumer_t* one = tc_consumer(tc, "request_timeout=1000", "");
  assert_int_equal(tc_subscribe(one, topic), 0);
  tc_rows(tc, "c1", 0, 5);
  proxy_conn_set_plan(proxy_next(tc->it->proxies[0], NULL),
                      &(proxy_plan_t) {.way[PROXY_DOWN].stall = true});
  taosuv_message_t* message = tc_next(one);
  assert_int_equal(tc_count(message, seen, COUNT(seen)), 5);
  taosuv_message_unref(message);
  assert_int_equal(one->lost, 1);
}

/* ---- a server that talks nonsense ---- */

/* The poll fails, and what was lost with it comes again. */
static void nonsense(tc_t* tc, const ts_rule_t* rule, int expected) {
  unsigned seen[5] = {0};
  taosuv_message_t* message;
  static unsigned round;
  snprintf(tc->group, sizeof tc->group, "%s_%u", tc->db, round++);
  tc_consumer_t* one = tc_subscribed(tc, tc->topics[0], "");
  it_rule(tc->it, rule);
  int status = tc_poll(one, 2000, &message);
  if (status != expected) fail_msg("%s, answer %d: status %d", rule->action, rule->answer, status);
  assert_null(message);
  message = tc_next(one);
  assert_int_equal(tc_count(message, seen, COUNT(seen)), 5);
  taosuv_message_unref(message);
  assert_int_equal(tc_close(one), 0);
  memset(one, 0, sizeof *one);
  it_unrule(tc->it);
}

static void malformed_messages_are_not_skipped(void** state) {
  static const char poll[] =
      "{\"code\":0,\"action\":\"poll\",\"req_id\":$REQ_ID,\"have_message\":true,\"topic\":7}";
  static const char text[] = "{\"code\":0,\"action\":\"fetch_raw_data\",\"req_id\":$REQ_ID}";
  static const char meta[] =
      "{\"code\":0,\"action\":\"poll\",\"req_id\":$REQ_ID,"
      "\"have_message\":true,"
      "\"topic\":\"other\",\"database\":\"d\",\"vgroup_id\":1,\"message_type\":1,"
      "\"message_id\":1,\"offset\":0}";
  uint8_t binary[64] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 8, 0, 0, 0, 0, 0, 0, 0, 1};
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  tc_topic(tc, AS_QUERY);
  tc_rows(tc, "c1", 0, 5);
  nonsense(tc,
           &(ts_rule_t) {.action = "poll",
                         .times = 1,
                         .answer = TS_ANSWER_TEXT,
                         .data = poll,
                         .size = strlen(poll),
                         .put_req_id = true},
           TAOSUV_EPROTO);
  nonsense(tc,
           &(ts_rule_t) {.action = "fetch_raw_data",
                         .times = 1,
                         .answer = TS_ANSWER_TEXT,
                         .data = text,
                         .size = strlen(text),
                         .put_req_id = true},
           TAOSUV_EPROTO);
  nonsense(tc,
           &(ts_rule_t) {.action = "fetch_raw_data",
                         .times = 1,
                         .answer = TS_ANSWER_BINARY,
                         .data = binary,
                         .size = sizeof binary,
                         .put_req_id = true},
           TAOSUV_EPROTO);
  nonsense(tc,
           &(ts_rule_t) {.action = "fetch_raw_data",
                         .times = 1,
                         .answer = TS_ANSWER_ERROR,
                         .code = 0xffff,
                         .text = "message has been freed"},
           TAOSUV_ESERVER);
  nonsense(tc,
           &(ts_rule_t) {.action = "poll",
                         .times = 1,
                         .answer = TS_ANSWER_TEXT,
                         .data = meta,
                         .size = strlen(meta),
                         .put_req_id = true},
           TAOSUV_ESERVER); /* there is no such message to be fetched */
}

/* Subscribing again succeeds each time, and so do polls that bring nothing: what never succeeds is
 * the message. Where it is the message's fault it is given without what could not be had. */
static void a_message_that_can_never_be_fetched_is_given_without_rows(void** state) {
  static const struct {
    ts_rule_t rule;
    int status, code;
  } cases[] = {
      {{.action = "fetch_raw_data", .answer = TS_ANSWER_ERROR, .code = 0x0102, .text = "too much"},
       TAOSUV_ESERVER,
       0x0102},
      {{.action = "fetch_raw_data", .answer = TS_ANSWER_TEXT, .data = "{", .size = 1},
       TAOSUV_EPROTO,
       0},
  };
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  const char* topic = tc_topic(tc, AS_QUERY);
  tc_rows(tc, "c1", 0, 5);
  for (size_t i = 0; i < COUNT(cases); i++) {
    taosuv_message_t* message;
    unsigned seen[32] = {0};
    tc_consumer_t* one = tc_consumer(tc, "retries=2&retry_initial=10&retry_max=20", "");
    assert_int_equal(tc_subscribe(one, topic), 0);
    uint32_t rule = ts_server_add_rule(tc->it->server, &cases[i].rule);
    int status;
    do status = tc_poll(one, 5000, &message);
    while (message == NULL && one->failed == 0);
    assert_int_equal(status, cases[i].status);
    assert_non_null(message);
    assert_int_equal(taosuv_message_status(message), cases[i].status);
    assert_int_equal(taosuv_message_kind(message), TAOSUV_MESSAGE_DATA);
    assert_string_equal(taosuv_message_topic(message), topic);
    assert_true(taosuv_message_offset(message) >= 0);
    assert_int_equal(taosuv_message_blocks(message), 0);
    assert_null(taosuv_message_raw(message).data);
    taosuv_message_unref(message);
    assert_int_equal(one->lost, 4); /* the first, and so often again as is retried, and the last */
    assert_int_equal(one->event_status, cases[i].status);
    assert_int_equal(one->event_code, cases[i].code);
    ts_server_remove_rule(tc->it->server, rule);
    tc_rows(tc, "c1", 5 + 5 * (int) i, 5);
    message = tc_next(one);
    assert_int_equal(tc_count(message, seen, COUNT(seen)), 5);
    taosuv_message_unref(message);
    assert_int_equal(one->failed, 0);
    assert_int_equal(tc_close(one), 0);
    memset(one, 0, sizeof *one);
    snprintf(tc->group, sizeof tc->group, "%s_%zu", tc->db, i);
  }
}

/* A connection that ends in the middle of a message says nothing of the message. */
static void a_message_that_is_cut_each_time_ends_the_consumer(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  const char* topic = tc_topic(tc, AS_QUERY);
  tc_rows(tc, "c1", 0, 5);
  push_t push = {.tc = tc};
  tc_consumer_t* one = tc_consumer(tc, "retries=2&retry_initial=10&retry_max=20", "");
  assert_int_equal(tc_subscribe(one, topic), 0);
  it_rule(tc->it, &(ts_rule_t) {.action = "fetch_raw_data", .answer = TS_ANSWER_CUT});
  assert_int_equal(taosuv_consumer_start(one->consumer, 0, 0, on_message, &push), 0);
  tc_until(tc, &one->failed, 1);
  assert_int_equal(one->lost, 4);
  assert_int_equal(one->event_status, it_lost_status());
  it_unrule(tc->it);
  assert_int_equal(tc_subscribe(one, topic), 0);
  assert_int_equal(taosuv_consumer_start(one->consumer, 0, 0, on_message, &push), 0);
  tc_until(tc, &push.rows, 5);
}

static void what_is_committed_already_is_committed(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  tc_consumer_t* one = prepared(tc, 1, "enable.auto.commit=false");
  taosuv_message_t* message = tc_next(one);
  it_rule(tc->it, &(ts_rule_t) {.action = "commit_offset",
                                .answer = TS_ANSWER_ERROR,
                                .code = 0x4012,
                                .text = "Same committed value"});
  assert_int_equal(tc_commit(one, message), 0);
  assert_int_equal(tc_commit(one, message), 0); /* which asks no more */
  assert_int_equal(ts_server_action_count(tc->it->server, "commit_offset"), 1);
  taosuv_message_unref(message);
}

typedef struct tapped_s {
  unsigned subscribes, secrets;
} tapped_t;

static bool contains(const void* bytes, size_t size, const char* text) {
  size_t length = strlen(text);
  for (size_t i = 0; i + length <= size; i++)
    if (memcmp((const char*) bytes + i, text, length) == 0) return true;
  return false;
}

static void on_tap(void* data, const taosuv_tap_t* tap) {
  tapped_t* tapped = data;
  tapped->subscribes += contains(tap->bytes, tap->size, "\"subscribe\"") && tap->sent != 0;
  tapped->secrets += contains(tap->bytes, tap->size, "taosdata");
}

static void hooks_see_no_password(void** state) {
  tc_t* tc = *state;
  static tapped_t tapped; /* the consumer is closed after the test has returned */
  taosuv_hooks_t hooks = {.size = sizeof hooks, .data = &tapped, .tap = on_tap};
  const char* topic = tc_topic(tc, AS_QUERY);
  tc_consumer_t* one = tc_consumer(tc, "", "");
  assert_int_equal(taosuv_client_set_hooks(taosuv_consumer_client(one->consumer), &hooks), 0);
  assert_int_equal(tc_subscribe(one, topic), 0);
  assert_int_equal(tapped.subscribes, 1);
  assert_int_equal(tapped.secrets, 0);
}

/* ---- older servers ---- */

/* Another server in the same place. */
static void restart_as(tc_t* tc, const char* version) {
  int port = ts_server_port(tc->it->server);
  it_server_stop(tc->it);
  it_server_start(tc->it, &(ts_config_t) {.version = version, .port = port});
}

static void older_servers_give_rows_block_by_block(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  unsigned seen[10] = {0};
  restart_as(tc, "3.3.2.0");
  tc->db = it_database(tc->it, it_client(tc->it, ""), "ms");
  tc->client = it_client_db(tc->it, tc->db, "pool_size=1");
  it_ok(tc->it, tc->client, "create stable st (ts timestamp, v int) tags (name varchar(24))");
  const char* topic = tc_topic(tc, "with meta as database %s");
  tc_rows(tc, "c1", 0, 5);
  tc_rows(tc, "c1", 5, 5);
  tc_consumer_t* one = tc_subscribed(tc, topic, "");
  unsigned rows = 0;
  while (rows < 10) {
    taosuv_message_t* message = tc_next(one);
    if (taosuv_message_blocks(message) > 0) {
      assert_string_equal(taosuv_message_table(message, 0), "c1");
      assert_null(taosuv_message_raw(message).data);
      assert_int_equal(taosuv_message_end(message), -1);
      rows += tc_count(message, seen, COUNT(seen));
    }
    taosuv_message_unref(message);
  }
  for (size_t i = 0; i < COUNT(seen); i++) assert_int_equal(seen[i], 1);
  assert_int_equal(tc_close(one), 0); /* commits all, by the action that knows no offset */
  assert_true(ts_server_action_count(tc->it->server, "commit") >= 1);
  tc_consumer_t* two = tc_subscribed(tc, topic, "");
  assert_int_equal(tc_drain(two, seen, COUNT(seen), 1), 0);
}

/* Such a server commits all that was polled, also what is just on its way: meanwhile nothing may
 * be. */
static void what_is_on_its_way_is_not_committed_unseen(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  push_t push = {.tc = tc};
  restart_as(tc, "3.3.2.0");
  tc->db = it_database(tc->it, it_client(tc->it, ""), "ms");
  tc->client = it_client_db(tc->it, tc->db, "pool_size=1");
  it_ok(tc->it, tc->client, "create stable st (ts timestamp, v int) tags (name varchar(24))");
  tc_consumer_t* one = prepared(tc, 1, "auto.commit.interval.ms=3600000");
  assert_int_equal(taosuv_consumer_start(one->consumer, 0, 0, on_message, &push), 0);
  tc_until(tc, &push.rows, 5);
  it_run(tc->it, 50); /* the next poll is on its way, and waits */
  assert_true(one->consumer->in_flight);
  assert_int_equal(tc_commit(one, NULL), TAOSUV_ENOTSUP);
  push.hold = 1; /* of what comes */
  turn_clock(one);
  assert_int_equal(ts_server_action_count(tc->it->server, "commit"), 0);
  tc_rows(tc, "c1", 5, 5); /* which that poll brings */
  tc_until(tc, &push.rows, 10);
  it_run(tc->it, 700);
  assert_int_equal(ts_server_action_count(tc->it->server, "commit"), 0); /* it is not finished */
  tc_rows(tc, "c1", 10, 5);
  tc_until(tc, &push.rows, 15); /* it goes on */
  release(&push);
  turn_clock(one);
  it_run(tc->it, 1200);
  assert_int_equal(ts_server_action_count(tc->it->server, "commit"), 1);
}

/* Gateways before 3.3.6.12, whatever library they have, tell their version without saying to which
 * request. */
static void a_version_without_req_id_is_taken(void** state) {
  static const char version[] =
      "{\"code\":0,\"message\":\"\",\"action\":\"version\",\"version\":\"3.3.6.0\"}";
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  unsigned seen[5] = {0};
  it_rule(
      tc->it,
      &(ts_rule_t) {
          .action = "version", .answer = TS_ANSWER_TEXT, .data = version, .size = strlen(version)});
  tc_consumer_t* one = prepared(tc, 1, "session.timeout.ms=10000");
  assert_int_equal(tc_drain(one, seen, COUNT(seen), 5), 5);
  assert_int_equal(one->lost, 0);
}

static void a_property_that_is_too_new_is_named(void** state) {
  tc_t* tc = *state;
  it_needs_bundled(tc->it);
  restart_as(tc, "3.3.2.0");
  tc_consumer_t* one = tc_consumer(tc, "", "session.timeout.ms=10000");
  assert_int_equal(tc_subscribe(one, "any"), TAOSUV_EVERSION);
  tc_consumer_t* two = tc_consumer(tc, "", "some.other=1");
  assert_int_equal(tc_subscribe(two, "any"), TAOSUV_EVERSION);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TC_TEST(messages_are_pushed),
      TC_TEST(credits_bound_what_is_asked_for),
      TC_TEST(credits_are_bytes_as_well),
      TC_TEST(a_push_pauses_and_goes_on),
      TC_TEST(a_consumer_may_be_closed_inside_its_callback),
      TC_TEST(auto_commit_comes_in_its_interval),
      TC_TEST(only_what_is_finished_is_committed),
      TC_TEST(close_commits_what_is_finished),
      TC_TEST(without_auto_commit_nothing_is_committed),
      TC_TEST(a_failed_auto_commit_is_told_and_tried_again),
      TC_TEST(a_lost_connection_is_made_again),
      TC_TEST(a_waiting_poll_survives_the_loss),
      TC_TEST(a_consumer_gives_up_after_its_retries),
      TC_TEST(an_expelled_consumer_joins_again),
      TC_TEST(a_consumer_that_is_of_no_more_use_is_made_anew),
      TC_TEST(an_unclear_refusal_to_join_again_is_not_final),
      TC_TEST(a_dropped_topic_ends_the_consumer),
      TC_TEST(a_refused_poll_is_the_polls_failure),
      TC_TEST(a_refused_message_is_not_skipped),
      TC_TEST(a_poll_that_is_never_answered_ends_the_connection),
      TC_TEST(malformed_messages_are_not_skipped),
      TC_TEST(a_message_that_can_never_be_fetched_is_given_without_rows),
      TC_TEST(a_message_that_is_cut_each_time_ends_the_consumer),
      TC_TEST(what_is_committed_already_is_committed),
      TC_TEST(hooks_see_no_password),
      TC_TEST(older_servers_give_rows_block_by_block),
      TC_TEST(what_is_on_its_way_is_not_committed_unseen),
      TC_TEST(a_version_without_req_id_is_taken),
      TC_TEST(a_property_that_is_too_new_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
