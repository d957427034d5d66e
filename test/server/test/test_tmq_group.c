/* Consumers of the bundled server in groups: work shared and handed over, offsets, and what is
 * refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tmq_client.h"

/* A topic t on a super table with this number of children, one row each. */
static void fill(tc_t* f, int children) {
  tc_sql(f, "create database db");
  tc_sql(f, "use db");
  tc_sql(f, "create stable st (ts timestamp, v int) tags (g int)");
  tc_sql(f, "create topic t as stable st");
  for (int i = 0; i < children; i++) {
    char sql[160];
    snprintf(sql, sizeof sql, "insert into c%d using st tags (%d) values (1, %d)", i, i, i);
    tc_sql(f, sql);
  }
}

static void insert(tc_t* f, int ts) {
  for (int i = 0; i < 8; i++) {
    char sql[80];
    snprintf(sql, sizeof sql, "insert into c%d values (%d, 7)", i, ts);
    tc_sql(f, sql);
  }
}

static uint64_t drain(tc_t* f, size_t client) {
  tc_blocks_t blocks = {0};
  tc_use(f, client);
  tc_drain(f, &blocks);
  uint64_t rows = blocks.rows;
  tc_blocks_free(&blocks);
  return rows;
}

static size_t assigned(tc_t* f, size_t client) {
  tc_use(f, client);
  const char* text = tc_text(f,
                             "{\"action\":\"assignment\",\"args\":{\"req_id\":4,"
                             "\"topic\":\"t\"}}");
  size_t count = 0;
  for (const char* at = text; (at = strstr(at, "\"vgroup_id\"")) != NULL; at++) count++;
  return count;
}

/* ---- groups ---- */

static void two_consumers_share_the_work(void** state) {
  tc_t* f = *state;
  fill(f, 8);
  tc_subscribe(f, "g", "earliest", "t");
  tc_use(f, 1);
  tc_subscribe(f, "g", "earliest", "t");
  assert_int_equal(assigned(f, 0), 1);
  assert_int_equal(assigned(f, 1), 1);
  uint64_t first = drain(f, 0);
  uint64_t second = drain(f, 1);
  assert_true(first > 0 && second > 0);
  assert_int_equal(first + second, 8);
}

static void groups_read_by_themselves(void** state) {
  tc_t* f = *state;
  fill(f, 8);
  tc_subscribe(f, "g", "earliest", "t");
  tc_use(f, 1);
  tc_subscribe(f, "h", "earliest", "t");
  assert_int_equal(drain(f, 0), 8);
  assert_int_equal(drain(f, 1), 8);
}

static void more_consumers_than_vgroups_wait_in_reserve(void** state) {
  tc_t* f = *state;
  fill(f, 8);
  for (size_t i = 0; i < 5; i++) {
    tc_use(f, i);
    tc_subscribe(f, "g", "earliest", "t");
  }
  size_t all = 0;
  for (size_t i = 0; i < 5; i++) all += assigned(f, i);
  assert_int_equal(all, 2);
  for (size_t i = 0; i < 4; i++) {
    tc_use(f, i);
    tc_cut(f);
  }
  assert_int_equal(assigned(f, 4), 2);
  assert_int_equal(drain(f, 4), 8);
}

static void a_restarted_consumer_goes_on_where_it_committed(void** state) {
  tc_t* f = *state;
  fill(f, 8);
  tc_subscribe(f, "g", "earliest", "t");
  assert_int_equal(drain(f, 0), 8);
  tc_commit(f);
  insert(f, 2);
  tc_cut(f);
  tc_subscribe(f, "g", "earliest", "t");
  assert_int_equal(drain(f, 0), 8);
  assert_int_equal(tc_poll(f, 0), 0);
}

static void what_was_not_committed_comes_again(void** state) {
  tc_t* f = *state;
  fill(f, 8);
  tc_subscribe(f, "g", "earliest", "t");
  assert_int_equal(drain(f, 0), 8);
  tc_cut(f);
  tc_subscribe(f, "g", "latest", "t"); /* nothing is committed, and so the end is meant */
  assert_int_equal(drain(f, 0), 0);
  tc_cut(f);
  tc_subscribe(f, "g", "earliest", "t");
  assert_int_equal(drain(f, 0), 8);
}

static void a_vgroup_that_changes_hands_begins_at_the_committed_offset(void** state) {
  tc_t* f = *state;
  fill(f, 8);
  tc_subscribe(f, "g", "earliest", "t");
  assert_int_equal(drain(f, 0), 8);
  tc_commit(f);
  insert(f, 2);
  tc_use(f, 1);
  tc_subscribe(f, "g", "earliest", "t");
  uint64_t first = drain(f, 0);
  uint64_t second = drain(f, 1);
  assert_int_equal(first + second, 8);
  tc_commit(f);
  tc_use(f, 0);
  tc_cut(f); /* it has not committed */
  assert_int_equal(drain(f, 1), first);
}

static void a_poll_that_waits_hears_of_vgroups_from_others(void** state) {
  tc_t* f = *state;
  fill(f, 8);
  tc_subscribe(f, "g", "earliest", "t");
  tc_use(f, 1);
  tc_subscribe(f, "g", "earliest", "t");
  uint64_t first = drain(f, 0);
  tc_use(f, 0);
  wc_forget(&f->wc);
  wc_text(&f->wc, "{\"action\":\"poll\",\"args\":{\"req_id\":9,\"blocking_time\":60000}}");
  tc_use(f, 1);
  tc_cut(f);
  tc_use(f, 0);
  wc_wait_for(&f->wc, 1, 10000);
  assert_true(wc_has(&f->wc, 0, "\"have_message\":true"));
  assert_int_equal(first + drain(f, 0), 8); /* it does not know that message, and gets it again */
  assert_int_equal(assigned(f, 0), 2);
}

/* ---- polls ---- */

static void a_poll_waits_for_rows(void** state) {
  tc_t* f = *state;
  fill(f, 8);
  tc_subscribe(f, "g", "latest", "t");
  assert_int_equal(tc_poll(f, 0), 0);
  wc_forget(&f->wc);
  wc_text(&f->wc, "{\"action\":\"poll\",\"args\":{\"req_id\":9,\"blocking_time\":60000}}");
  wc_text(&f->wc, "{\"action\":\"commit\",\"args\":{\"req_id\":10,\"message_id\":0}}");
  wc_wait_for(&f->wc, 1, 30);
  assert_int_equal(f->more[0].count, 0); /* the poll has the lock */
  insert(f, 2);
  wc_wait_for(&f->wc, 2, 10000);
  assert_true(wc_has(&f->wc, 0, "\"req_id\":9,"));
  assert_true(wc_has(&f->wc, 0, "\"have_message\":true"));
  assert_true(wc_has(&f->wc, 1, "\"action\":\"commit\",\"req_id\":10,"));
}

static void the_third_poll_takes_the_place_of_the_second(void** state) {
  tc_t* f = *state;
  fill(f, 8);
  tc_subscribe(f, "g", "latest", "t");
  wc_forget(&f->wc);
  for (int i = 900; i < 904; i++) {
    char request[96];
    snprintf(request, sizeof request,
             "{\"action\":\"poll\",\"args\":{\"req_id\":%d,\"blocking_time\":20}}", i);
    wc_text(&f->wc, request);
  }
  wc_wait_for(&f->wc, 2, 10000);
  tc_has(f, "{\"action\":\"version\",\"args\":{\"req_id\":1}}", "");
  assert_int_equal(f->more[0].count, 1); /* tc_has forgot the two, and nothing came since */
}

static void a_message_comes_again_until_the_client_knows_it(void** state) {
  tc_t* f = *state;
  fill(f, 8);
  tc_subscribe(f, "g", "earliest", "t");
  static const char ask[] =
      "{\"action\":\"poll\",\"args\":{\"req_id\":5,\"blocking_time\":0,"
      "\"message_id\":0}}";
  assert_true(tc_has(f, ask, "\"message_id\":1,"));
  assert_true(tc_has(f, ask, "\"message_id\":1,"));
  assert_true(tc_has(f,
                     "{\"action\":\"poll\",\"args\":{\"req_id\":5,\"blocking_time\":0,"
                     "\"message_id\":1}}",
                     "\"message_id\":2,"));
  assert_true(tc_has(f, "{\"action\":\"fetch\",\"args\":{\"req_id\":6,\"message_id\":1}}",
                     "\"code\":65535,\"message\":\"message ID are not equal\""));
}

static void what_is_no_request_gets_no_answer(void** state) {
  tc_t* f = *state;
  fill(f, 1);
  tc_open(f);
  tc_silent(f, "{\"action\":\"poll\",\"args\":{\"req_id\":2,\"blocking_time\":10}}");
  tc_silent(f, "{\"action\":\"conn\",\"args\":{\"req_id\":2}}");
  tc_silent(f, "{\"action\":\"fetch\",\"args\":{\"req_id\":2,\"message_id\":\"1\"}}");
  tc_silent(f, "{\"action\":\"commit\"}");
  tc_silent(f, "no JSON");
  wc_frame(&f->wc, TUV_WS_BINARY, "\0", 1);
  tc_silent(f, "[]");
}

static void a_consumer_that_does_not_poll_is_put_out(void** state) {
  tc_t* f = *state;
  fill(f, 8);
  tc_open(f);
  assert_true(tc_has(f,
                     "{\"action\":\"subscribe\",\"args\":{\"req_id\":1,\"user\":\"root\","
                     "\"password\":\"taosdata\",\"group_id\":\"g\",\"topics\":[\"t\"],"
                     "\"max_poll_interval_ms\":\"1000\"}}",
                     "\"code\":0,"));
  tc_use(f, 1);
  tc_subscribe(f, "g", "earliest", "t");
  while (assigned(f, 1) < 2) wc_turn(&f->wc);
  tc_use(f, 0);
  assert_true(tc_has(f, "{\"action\":\"poll\",\"args\":{\"req_id\":2,\"blocking_time\":0}}",
                     "\"code\":16385,\"message\":\"Consumer mismatch\""));
}

static void a_test_can_put_a_group_out(void** state) {
  tc_t* f = *state;
  fill(f, 8);
  tc_subscribe(f, "g", "earliest", "t");
  tc_use(f, 1);
  tc_subscribe(f, "h", "earliest", "t");
  assert_int_equal(ts_server_counters(f->wc.server).consumers, 2);
  ts_server_expire(f->wc.server, "g");
  assert_int_equal(ts_server_counters(f->wc.server).consumers, 1);
  assert_int_equal(drain(f, 1), 8);
  tc_use(f, 0);
  assert_true(tc_has(f, "{\"action\":\"poll\",\"args\":{\"req_id\":2,\"blocking_time\":0}}",
                     "\"code\":16385,"));
}

/* ---- offsets ---- */

static const char* vgroup_request(tc_t* f, const char* action, long long offset) {
  static char request[200];
  snprintf(request, sizeof request,
           "{\"action\":\"%s\",\"args\":{\"req_id\":7,\"topic\":\"t\",\"vgroup_id\":%d,"
           "\"offset\":%lld,\"topic_vgroup_ids\":[{\"topic\":\"t\",\"vgroup_id\":%d}]}}",
           action, f->vgroup, offset, f->vgroup);
  return request;
}

static void offsets_are_committed_and_sought(void** state) {
  tc_t* f = *state;
  fill(f, 8);
  tc_subscribe(f, "g", "earliest", "t");
  assert_int_equal(tc_poll(f, 0), 1);
  assert_true(tc_has(f, vgroup_request(f, "committed", 0), "\"committed\":[-2147467247]"));
  assert_false(tc_has(f, vgroup_request(f, "position", 0), "\"position\":[0]"));
  assert_true(tc_has(f, vgroup_request(f, "seek", 0), "\"code\":0,"));
  assert_true(tc_has(f, vgroup_request(f, "position", 0), "\"position\":[0]"));
  assert_true(tc_has(f, vgroup_request(f, "commit_offset", 1), "\"topic\":\"t\",\"vgroup_id\":"));
  assert_true(tc_has(f, vgroup_request(f, "committed", 0), "\"committed\":[1]"));
  assert_int_equal(drain(f, 0), 8); /* all of one vgroup again, and of the other */
  assert_true(tc_has(f, vgroup_request(f, "seek", -1), "\"code\":16391,"));
  assert_true(tc_has(f, vgroup_request(f, "seek", 1000), "\"message\":\"Offset out of range\""));
  assert_true(tc_has(f, vgroup_request(f, "commit_offset", 1000), "\"code\":16391,"));
  f->vgroup = 99999;
  assert_true(tc_has(f, vgroup_request(f, "seek", 0), "\"code\":16392,"));
  assert_true(tc_has(f, vgroup_request(f, "committed", 0), "\"code\":16392,"));
  assert_true(tc_has(f,
                     "{\"action\":\"seek\",\"args\":{\"req_id\":7,\"topic\":\"u\","
                     "\"vgroup_id\":2,\"offset\":0}}",
                     "\"code\":16393,"));
}

static void before_a_poll_little_is_known(void** state) {
  tc_t* f = *state;
  fill(f, 8);
  tc_subscribe(f, "g", "latest", "t");
  f->vgroup = 2;
  assert_true(tc_has(f, vgroup_request(f, "seek", 0), "\"code\":16400,"));
  assert_true(tc_has(f, vgroup_request(f, "position", 0), "\"code\":16400,"));
  assert_true(tc_has(f, "{\"action\":\"assignment\",\"args\":{\"req_id\":4,\"topic\":\"t\"}}",
                     "\"code\":16400,"));
  assert_int_equal(tc_poll(f, 0), 0);
  assert_int_equal(assigned(f, 0), 2);
}

static void none_as_reset_needs_a_committed_offset(void** state) {
  tc_t* f = *state;
  fill(f, 8);
  tc_subscribe(f, "g", "none", "t");
  assert_true(tc_has(f, "{\"action\":\"poll\",\"args\":{\"req_id\":2,\"blocking_time\":0}}",
                     "\"message\":\"TQ no committed offset\""));
  tc_cut(f);
  tc_subscribe(f, "g", "earliest", "t");
  assert_int_equal(drain(f, 0), 8);
  tc_commit(f);
  tc_cut(f);
  tc_subscribe(f, "g", "none", "t");
  assert_int_equal(drain(f, 0), 0);
}

static void the_gateway_commits_at_a_poll_if_told_so(void** state) {
  tc_t* f = *state;
  fill(f, 8);
  tc_open(f);
  assert_true(tc_has(f,
                     "{\"action\":\"subscribe\",\"args\":{\"req_id\":1,\"user\":\"root\","
                     "\"password\":\"taosdata\",\"group_id\":\"g\",\"topics\":[\"t\"],"
                     "\"offset_rest\":\"earliest\",\"auto_commit\":\"true\","
                     "\"auto_commit_interval_ms\":\"0\"}}",
                     "\"code\":0,"));
  assert_int_equal(tc_poll(f, 0), 1);
  assert_true(tc_has(f, vgroup_request(f, "committed", 0), "\"committed\":[-2147467247]"));
  int first = f->vgroup;
  tc_poll(f, 0);
  f->vgroup = first;
  assert_false(tc_has(f, vgroup_request(f, "committed", 0), "-2147467247"));
}

/* ---- wrong ---- */

static void subscribe_refuses_as_recorded(void** state) {
  tc_t* f = *state;
  fill(f, 1);
  tc_open(f);
  tc_says(f, TC_SUBSCRIBE("1", "g", "sometimes", "t"),
          "{\"code\":65535,\"message\":\"fail\",\"action\":\"subscribe\",\"req_id\":1,"
          "\"timing\":#}");
  tc_says(f, TC_SUBSCRIBE("1", "g", "earliest", "u"),
          "{\"code\":993,\"message\":\"Topic not exist\",\"action\":\"subscribe\",\"req_id\":1,"
          "\"timing\":#}");
  tc_says(f,
          "{\"action\":\"subscribe\",\"args\":{\"req_id\":1,\"user\":\"root\","
          "\"password\":\"wrong\",\"group_id\":\"g\",\"topics\":[\"t\"]}}",
          "{\"code\":65535,\"message\":\"init tscObj failed\",\"action\":\"subscribe\","
          "\"req_id\":1,\"timing\":#}");
  assert_true(tc_has(f, TC_SUBSCRIBE("1", "", "earliest", "t"),
                     "malloc tmq element failed or group is empty"));
  assert_true(tc_has(f,
                     "{\"action\":\"subscribe\",\"args\":{\"req_id\":1,\"user\":\"root\","
                     "\"password\":\"taosdata\",\"group_id\":\"g\",\"topics\":[\"t\"],"
                     "\"config\":{\"foo.bar\":\"1\"}}}",
                     "\"code\":65534,"));
  assert_true(tc_has(f,
                     "{\"action\":\"subscribe\",\"args\":{\"req_id\":1,\"user\":\"root\","
                     "\"password\":\"taosdata\",\"group_id\":\"g\",\"topics\":[\"t\"],"
                     "\"auto_commit\":\"maybe\"}}",
                     "strconv.ParseBool: parsing \\\"maybe\\\": invalid syntax"));
  assert_true(tc_has(f, "{\"action\":\"commit\",\"args\":{\"req_id\":1,\"message_id\":3}}",
                     "\"message\":\"tmq not init\",\"action\":\"commit\""));
  const ts_buf_t* reply = tc_binary(f,
                                    "{\"action\":\"fetch_raw_data\",\"args\":{\"req_id\":260,"
                                    "\"message_id\":0}}");
  assert_int_equal(reply->size, 62);
  assert_memory_equal(reply->data + 26, "\4\1\0\0\0\0\0\0\xff\xff\0\0\14\0\0\0tmq not init", 28);
  assert_true(tc_has(f, TC_SUBSCRIBE("1", "g", "earliest", "t"), "\"code\":0,"));
  assert_true(
      tc_has(f, TC_SUBSCRIBE("2", "g", "earliest", "t"), "tmq should have unsubscribed first"));
}

static void newer_servers_say_what_was_wrong(void** state) {
  tc_t* f = *state;
  ts_server_close(f->wc.server, NULL, NULL);
  ts_config_t config = {.version = "3.4.0.0"};
  assert_int_equal(ts_server_create(&f->wc.loop, &config, &f->wc.server), 0);
  fill(f, 1);
  tc_open(f);
  assert_true(tc_has(f, TC_SUBSCRIBE("1", "g", "zzz", "t"),
                     "\"code\":280,\"message\":"
                     "\"invalid value for key 'auto.offset.reset': zzz\""));
  assert_true(tc_has(f,
                     "{\"action\":\"subscribe\",\"args\":{\"req_id\":1,"
                     "\"config\":{\"foo.bar\":\"1\"}}}",
                     "\"code\":280,\"message\":\"unknown configuration key: foo.bar\""));
}

static void an_old_server_lacks_what_it_lacked(void** state) {
  tc_t* f = *state;
  ts_server_close(f->wc.server, NULL, NULL);
  ts_config_t config = {.version = "3.2.2.0"};
  assert_int_equal(ts_server_create(&f->wc.loop, &config, &f->wc.server), 0);
  fill(f, 1);
  tc_open(f);
  tc_says(f, "{\"action\":\"version\",\"args\":{\"req_id\":1}}",
          "{\"code\":0,\"message\":\"\",\"action\":\"version\",\"version\":\"3.2.2.0\"}");
  tc_says(f,
          "{\"action\":\"subscribe\",\"args\":{\"req_id\":1,\"user\":\"root\","
          "\"password\":\"taosdata\",\"group_id\":\"g\",\"topics\":[\"t\"],"
          "\"offset_rest\":\"earliest\",\"max_poll_interval_ms\":\"?\","
          "\"config\":{\"foo\":\"bar\"}}}",
          "{\"code\":0,\"message\":\"\",\"action\":\"subscribe\",\"req_id\":1,\"timing\":#}");
  static const char ask[] =
      "{\"action\":\"poll\",\"args\":{\"req_id\":5,\"blocking_time\":0,"
      "\"message_id\":0}}";
  assert_true(tc_has(f, ask, "\"message_id\":1,"));
  tc_silent(f, "{\"action\":\"fetch_raw_data\",\"args\":{\"req_id\":2,\"message_id\":1}}");
  assert_true(tc_has(f, ask, "\"have_message\":false")); /* it does not look at the id */
}

static void a_subscriber_is_told_the_instances(void** state) {
  tc_t* f = *state;
  ts_server_close(f->wc.server, NULL, NULL);
  ts_config_t config = {.version = "3.4.1.10"};
  assert_int_equal(ts_server_create(&f->wc.loop, &config, &f->wc.server), 0);
  ts_server_set_instances(f->wc.server, "a:1,b:2");
  fill(f, 1);
  tc_open(f);
  assert_true(tc_has(f,
                     "{\"action\":\"subscribe\",\"args\":{\"req_id\":1,\"user\":\"root\","
                     "\"password\":\"taosdata\",\"group_id\":\"g\",\"topics\":[\"t\"],"
                     "\"list_instances\":true}}",
                     "\"version\":\"3.4.1.10\",\"list_instances\":[\"a:1\",\"b:2\"]}"));
}

static void what_a_topic_reads_cannot_be_dropped(void** state) {
  tc_t* f = *state;
  fill(f, 1);
  tc_subscribe(f, "g", "earliest", "t");
  assert_int_equal(ts_server_exec(f->wc.server, "drop topic t"), 1003);
  assert_int_equal(ts_server_exec(f->wc.server, "drop consumer group g on t"), 1004);
  assert_int_equal(ts_server_exec(f->wc.server, "drop database db"), 1005);
  assert_int_equal(ts_server_exec(f->wc.server, "drop stable st"), 1005);
  assert_int_equal(ts_server_exec(f->wc.server, "create topic t as database db"), 992);
  assert_int_equal(ts_server_exec(f->wc.server, "create topic u as select count(*) from st"), 996);
  assert_int_equal(ts_server_exec(f->wc.server, "drop topic u"), 993);
  tc_sql(f, "create topic if not exists t as database db");
  tc_sql(f, "drop topic if exists u");
  tc_cut(f);
  tc_sql(f, "drop consumer group g on t");
  tc_sql(f, "drop topic t");
  tc_sql(f, "drop database db");
}

static void after_unsubscribe_it_may_subscribe_again(void** state) {
  tc_t* f = *state;
  fill(f, 8);
  tc_subscribe(f, "g", "earliest", "t");
  assert_int_equal(drain(f, 0), 8);
  tc_commit(f);
  assert_true(tc_has(f, "{\"action\":\"unsubscribe\",\"args\":{\"req_id\":1}}", "\"code\":0,"));
  assert_true(tc_has(f, "{\"action\":\"unsubscribe\",\"args\":{\"req_id\":1}}", "\"code\":0,"));
  assert_true(tc_has(f, "{\"action\":\"fetch\",\"args\":{\"req_id\":6,\"message_id\":1}}",
                     "message has been freed"));
  insert(f, 2);
  assert_true(tc_has(f, TC_SUBSCRIBE("1", "", "", "t"), "\"code\":0,"));
  uint64_t last = f->message[0];
  assert_int_equal(drain(f, 0), 8);
  assert_true(f->message[0] > last); /* the numbers go on */
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, tc_setup, tc_teardown)
  const struct CMUnitTest tests[] = {
      TEST(two_consumers_share_the_work),
      TEST(groups_read_by_themselves),
      TEST(more_consumers_than_vgroups_wait_in_reserve),
      TEST(a_restarted_consumer_goes_on_where_it_committed),
      TEST(what_was_not_committed_comes_again),
      TEST(a_vgroup_that_changes_hands_begins_at_the_committed_offset),
      TEST(a_poll_that_waits_hears_of_vgroups_from_others),
      TEST(a_poll_waits_for_rows),
      TEST(the_third_poll_takes_the_place_of_the_second),
      TEST(a_message_comes_again_until_the_client_knows_it),
      TEST(what_is_no_request_gets_no_answer),
      TEST(a_consumer_that_does_not_poll_is_put_out),
      TEST(a_test_can_put_a_group_out),
      TEST(offsets_are_committed_and_sought),
      TEST(before_a_poll_little_is_known),
      TEST(none_as_reset_needs_a_committed_offset),
      TEST(the_gateway_commits_at_a_poll_if_told_so),
      TEST(subscribe_refuses_as_recorded),
      TEST(newer_servers_say_what_was_wrong),
      TEST(an_old_server_lacks_what_it_lacked),
      TEST(a_subscriber_is_told_the_instances),
      TEST(what_a_topic_reads_cannot_be_dropped),
      TEST(after_unsubscribe_it_may_subscribe_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
