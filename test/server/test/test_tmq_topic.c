/* What the bundled server's topics give: of queries, super tables, databases, the synthetic tables,
 * and of every way of writing. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tmq_client.h"

static void fill(tc_t* f) {
  tc_sql(f, "create database db");
  tc_sql(f, "use db");
  tc_sql(f, "create stable st (ts timestamp, v int) tags (g int)");
  tc_sql(f, "create table n (ts timestamp, v int)");
}

static uint64_t rows(tc_t* f, tc_blocks_t* blocks) {
  tc_blocks_free(blocks);
  tc_drain(f, blocks);
  return blocks->rows;
}

static void a_query_chooses_rows_and_columns(void** state) {
  tc_t* f = *state;
  tc_blocks_t blocks = {0};
  fill(f);
  tc_sql(f, "create topic t as select ts, v * 2, tbname, g from st where v > 1 and g = 7");
  tc_sql(f,
         "insert into a using st tags (7) values (1, 1)(2, 2)(3, 3) "
         "b using st tags (8) values (1, 5)");
  tc_sql(f, "insert into n values (1, 9)");
  tc_subscribe(f, "g", "earliest", "t");
  assert_int_equal(rows(f, &blocks), 2);
  assert_int_equal(blocks.count, 1);
  assert_int_equal(ts_get_u32(blocks.list[0].data + 12), 4);
  tc_sql(f, "insert into a values (1, 10)"); /* an update is news, too */
  assert_int_equal(rows(f, &blocks), 1);
  tc_blocks_free(&blocks);
}

static void a_star_keeps_to_the_columns_of_its_time(void** state) {
  tc_t* f = *state;
  tc_blocks_t blocks = {0};
  fill(f);
  tc_sql(f, "create topic t as select * from st");
  tc_sql(f, "alter stable st add column w double");
  tc_sql(f, "insert into a using st tags (7) values (1, 1, 0.5)");
  tc_subscribe(f, "g", "earliest", "t");
  assert_int_equal(rows(f, &blocks), 1);
  assert_int_equal(ts_get_u32(blocks.list[0].data + 12), 3); /* ts, v, g */
  tc_blocks_free(&blocks);
}

static void a_topic_on_a_child_or_a_plain_table(void** state) {
  tc_t* f = *state;
  tc_blocks_t blocks = {0};
  fill(f);
  tc_sql(f, "create table a using st tags (1)");
  tc_sql(f, "create topic ta as select * from a");
  tc_sql(f, "create topic tn as select v from n");
  tc_sql(f,
         "insert into a values (1, 1) n values (1, 1)(2, 2)(3, 3) "
         "b using st tags (2) values (1, 1)");
  tc_subscribe(f, "g", "earliest", "ta");
  assert_int_equal(rows(f, &blocks), 1);
  assert_int_equal(ts_server_exec(f->wc.server, "drop table a"), 1005);
  tc_use(f, 1);
  tc_subscribe(f, "g", "earliest", "tn");
  assert_int_equal(rows(f, &blocks), 3);
  tc_blocks_free(&blocks);
}

static void a_database_topic_names_the_tables(void** state) {
  tc_t* f = *state;
  tc_blocks_t blocks = {0};
  fill(f);
  tc_sql(f, "create topic t as database db");
  tc_sql(f, "insert into a using st tags (1) values (1, 1) n values (1, 1)(2, 2)");
  tc_subscribe(f, "g", "earliest", "t");
  assert_int_equal(rows(f, &blocks), 3);
  assert_int_equal(blocks.metas, 0); /* none was asked for */
  assert_int_equal(blocks.count, 2);
  bool a = false, n = false;
  for (size_t i = 0; i < 2; i++) {
    a = a || strcmp(blocks.tables[i], "a") == 0;
    n = n || strcmp(blocks.tables[i], "n") == 0;
  }
  assert_true(a && n);
  tc_blocks_free(&blocks);
}

static void what_is_undone_is_no_news(void** state) {
  tc_t* f = *state;
  tc_blocks_t blocks = {0};
  fill(f);
  tc_sql(f, "create topic t with meta as database db");
  tc_subscribe(f, "g", "latest", "t");
  assert_int_equal(rows(f, &blocks), 0);
  assert_int_not_equal(ts_server_exec(f->wc.server,
                                      "insert into a using st tags (1) values (1, 1) "
                                      "b using st tags (2) values (1, 'x')"),
                       0);
  assert_int_equal(rows(f, &blocks), 0);
  assert_int_equal(blocks.messages, 0);
  tc_blocks_free(&blocks);
}

static void a_deletion_is_told_span_by_span(void** state) {
  tc_t* f = *state;
  tc_blocks_t blocks = {0};
  fill(f);
  tc_sql(f, "create topic t with meta as database db");
  tc_sql(f, "insert into n values (1, 1)(2, 1)(3, 0)(4, 1)(5, 1)");
  tc_subscribe(f, "g", "earliest", "t");
  rows(f, &blocks);
  tc_sql(f, "delete from n where v = 1");
  assert_int_equal(tc_poll(f, 0), 2);
  char* meta = tc_json_meta(f);
  assert_string_equal(meta,
                      "{\"tmq_meta_version\":\"1.0\",\"metas\":["
                      "{\"type\":\"delete\",\"sql\":\"delete from `n` where "
                      "`ts` \\u003e= 1 and `ts` \\u003c= 2\"},"
                      "{\"type\":\"delete\",\"sql\":\"delete from `n` where "
                      "`ts` \\u003e= 4 and `ts` \\u003c= 5\"}]}");
  free(meta);
  tc_blocks_free(&blocks);
}

static void a_big_insert_comes_whole(void** state) {
  tc_t* f = *state;
  tc_blocks_t blocks = {0};
  fill(f);
  tc_sql(f, "create topic t as stable st");
  ts_buf_t sql = {0};
  ts_buf_text(&sql, "insert into a using st tags (1) values");
  for (int row = 0; row < 10000; row++) ts_buf_format(&sql, "(%d,%d)", row, row);
  ts_buf_add(&sql, "", 1);
  tc_sql(f, (const char*) sql.data);
  ts_buf_free(&sql);
  tc_sql(f, "insert into a values (20000, 1)");
  tc_subscribe(f, "g", "earliest", "t");
  assert_int_equal(tc_poll(f, 0), 1);
  tc_read(f, &blocks);
  assert_int_equal(blocks.rows, 10000);
  assert_int_equal(rows(f, &blocks), 1); /* the message before was full */
  tc_blocks_free(&blocks);
}

static void many_small_inserts_come_together(void** state) {
  tc_t* f = *state;
  tc_blocks_t blocks = {0};
  fill(f);
  tc_sql(f, "create topic t as select * from n");
  for (int row = 0; row < 50; row++) {
    char sql[64];
    snprintf(sql, sizeof sql, "insert into n values (%d, 1)", row);
    tc_sql(f, sql);
  }
  tc_subscribe(f, "g", "earliest", "t");
  assert_int_equal(rows(f, &blocks), 50);
  assert_int_equal(blocks.messages, 1);
  tc_blocks_free(&blocks);
}

static void the_synthetic_table_is_dealt_out_to_both_vgroups(void** state) {
  tc_t* f = *state;
  tc_blocks_t blocks = {0};
  tc_sql(f, "create topic t as select * from bench.rows_100000_4096");
  tc_subscribe(f, "g", "earliest", "t");
  tc_use(f, 1);
  tc_subscribe(f, "g", "earliest", "t");
  uint64_t second = rows(f, &blocks);
  assert_int_equal(blocks.messages, 12);
  assert_int_equal(second, 12 * 4096);
  tc_use(f, 0);
  assert_int_equal(rows(f, &blocks), 100000 - second);
  assert_int_equal(blocks.messages, 13);
  assert_int_equal(ts_get_u32(blocks.list[12].data + 8), 100000 % 4096);
  tc_blocks_free(&blocks);
}

/* ---- every way of writing ---- */

static void lines_and_statements_are_news(void** state) {
  tc_t* f = *state;
  tc_blocks_t blocks = {0};
  fill(f);
  tc_sql(f, "create topic t with meta as database db");
  tc_subscribe(f, "g", "latest", "t");
  assert_int_equal(rows(f, &blocks), 0);
  tc_use(f, 1);
  wc_open_path(&f->wc, "/ws");
  assert_true(tc_has(f,
                     "{\"action\":\"conn\",\"args\":{\"req_id\":1,\"user\":\"root\","
                     "\"password\":\"taosdata\",\"db\":\"db\"}}",
                     "\"code\":0,"));
  assert_true(tc_has(f,
                     "{\"action\":\"insert\",\"args\":{\"req_id\":2,\"protocol\":1,"
                     "\"precision\":\"ms\",\"data\":"
                     "\"cpu,host=a v=1.5,s=\\\"x\\\" 1700000000000\\n"
                     "cpu,host=b v=2.5,s=\\\"yy\\\" 1700000000001\"}}",
                     "\"code\":0,"));
  tc_use(f, 0);
  assert_int_equal(rows(f, &blocks), 2);
  assert_true(blocks.metas > 0);
  tc_use(f, 1);
  assert_true(tc_has(f, "{\"action\":\"init\",\"args\":{\"req_id\":3}}", "\"stmt_id\":1"));
  assert_true(tc_has(f,
                     "{\"action\":\"prepare\",\"args\":{\"req_id\":4,\"stmt_id\":1,"
                     "\"sql\":\"insert into n values (?, ?)\"}}",
                     "\"code\":0,"));
  assert_true(tc_has(f,
                     "{\"action\":\"bind\",\"args\":{\"req_id\":5,\"stmt_id\":1,"
                     "\"columns\":[[1,2,3],[4,null,6]]}}",
                     "\"code\":0,"));
  assert_true(
      tc_has(f, "{\"action\":\"add_batch\",\"args\":{\"req_id\":6,\"stmt_id\":1}}", "\"code\":0,"));
  assert_true(
      tc_has(f, "{\"action\":\"exec\",\"args\":{\"req_id\":7,\"stmt_id\":1}}", "\"affected\":3"));
  tc_use(f, 0);
  assert_int_equal(rows(f, &blocks), 3);
  assert_string_equal(blocks.tables[0], "n");
  tc_blocks_free(&blocks);
}

/* ---- rules ---- */

static void rules_answer_for_consumers_too(void** state) {
  tc_t* f = *state;
  fill(f);
  tc_sql(f, "create topic t as database db");
  tc_subscribe(f, "g", "latest", "t");
  ts_server_add_rule(f->wc.server, &(ts_rule_t) {.action = "commit",
                                                 .answer = TS_ANSWER_ERROR,
                                                 .times = 1,
                                                 .code = 0x4001,
                                                 .text = "mismatch"});
  ts_server_add_rule(
      f->wc.server,
      &(ts_rule_t) {
          .action = "fetch_raw_data", .code = 7, .answer = TS_ANSWER_ERROR, .text = "oh"});
  ts_server_add_rule(f->wc.server, &(ts_rule_t) {.action = "list_topics", .wait_ms = 1});
  tc_says(f, "{\"action\":\"commit\",\"args\":{\"req_id\":1,\"message_id\":9}}",
          "{\"code\":16385,\"message\":\"mismatch\",\"action\":\"commit\",\"req_id\":1,"
          "\"timing\":#,\"message_id\":9}");
  const ts_buf_t* reply = tc_binary(f,
                                    "{\"action\":\"fetch_raw_data\",\"args\":{\"req_id\":2,"
                                    "\"message_id\":9}}");
  assert_int_equal(reply->size, 52);
  assert_int_equal(ts_get_u32(reply->data + 34), 7);
  assert_int_equal(ts_get_u64(reply->data + 44), 9);
  assert_true(
      tc_has(f, "{\"action\":\"list_topics\",\"args\":{\"req_id\":3}}", "\"topics\":[\"t\"]"));
}

/* ---- what there is ---- */

static void topics_consumers_and_subscriptions_are_shown(void** state) {
  tc_t* f = *state;
  fill(f);
  tc_sql(f, "create topic t as database db");
  tc_subscribe(f, "grp", "latest", "t");
  tc_use(f, 1);
  wc_login(&f->wc);
  static const struct {
    const char* sql;
    const char* part;
  } cases[] = {
      {"show topics", "\1\0t"},
      {"show consumers", "\3\0grp"},
      {"show subscriptions", "\3\0grp"},
      {"select topic_name from information_schema.ins_topics", "\1\0t"},
      {"select db_name from information_schema.ins_topics where topic_name = 't'", "\2\0db"},
      {"select consumer_group from information_schema.ins_subscriptions", "\3\0grp"},
      {"select client_id from performance_schema.perf_consumers", "\1\0c"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    wc_forget(&f->wc);
    wc_binary(&f->wc, 2, 0, 6, cases[i].sql);
    wc_binary(&f->wc, 3, i + 1, 7, NULL);
    wc_wait_for(&f->wc, 2, 10000);
    const ts_buf_t* reply = &f->more[1].messages[1].data;
    bool found = false;
    size_t size = (size_t) (uint8_t) cases[i].part[0] + 2;
    for (size_t at = 0; at + size <= reply->size && !found; at++)
      found = memcmp(reply->data + at, cases[i].part, size) == 0;
    if (!found) fail_msg("%s", cases[i].sql);
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, tc_setup, tc_teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_query_chooses_rows_and_columns),
      TEST(a_star_keeps_to_the_columns_of_its_time),
      TEST(a_topic_on_a_child_or_a_plain_table),
      TEST(a_database_topic_names_the_tables),
      TEST(what_is_undone_is_no_news),
      TEST(a_deletion_is_told_span_by_span),
      TEST(a_big_insert_comes_whole),
      TEST(many_small_inserts_come_together),
      TEST(the_synthetic_table_is_dealt_out_to_both_vgroups),
      TEST(lines_and_statements_are_news),
      TEST(rules_answer_for_consumers_too),
      TEST(topics_consumers_and_subscriptions_are_shown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
