/* Topics and consumers of the bundled server, seen by plain sockets: the recorded conversations,
 * work shared and handed over, offsets, metadata, and what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data.h"
#include "tmq_client.h"

/* ---- as recorded ---- */

static void fill_meters(tc_t* f) {
  tc_sql(f, "create database cap_tmq");
  tc_sql(f, "use cap_tmq");
  tc_sql(f,
         "create stable meters (ts timestamp, current float, voltage int, note nchar(16)) "
         "tags (location varchar(24), groupid int)");
}

static void insert_batch(tc_t* f, int first, int count) {
  for (int table = 0; table < 3; table++) {
    char sql[640];
    int size = snprintf(sql, sizeof sql, "insert into d%d using meters tags ('loc%d', %d) values",
                        table, table, table);
    for (int row = first; row < first + count; row++) {
      char voltage[16] = "null";
      if (row != 3) snprintf(voltage, sizeof voltage, "%d", row);
      size += snprintf(sql + size, sizeof sql - (size_t) size,
                       " (%lld, %d.5, %s, '\xe6\x95\xb0%d')", 1700000000000LL + row, row, voltage,
                       row);
    }
    tc_sql(f, sql);
  }
}

static void insert_d7(tc_t* f) {
  tc_sql(f, "alter table meters add column extra int");
  tc_sql(f, "create table d7 using meters tags ('loc7', 7)");
  tc_sql(f, "insert into d7 values (1700000000050, 1.0, 2, 'n', 3)");
}

/* Where a recorded reply's next block begins, which is found by its version 2; `size`: nowhere. */
static size_t next_block(const uint8_t* data, size_t size, size_t at) {
  for (; at + 28 < size; at++)
    if (ts_get_u32(data + at) == 2 && ts_get_u32(data + at + 16) == 0x80000000u &&
        ts_get_u32(data + at + 4) <= size - at)
      return at;
  return size;
}

/* Every block of a recording was among those that came. */
static void expect_blocks(const tc_blocks_t* blocks, const char* file) {
  td_jsonl_t lines;
  size_t found = 0;
  td_jsonl_open(&lines, file);
  for (yyjson_val* line; (line = td_jsonl_next(&lines)) != NULL;) {
    size_t length, size;
    const char* hex = td_str(line, "hex", &length);
    if (length == 0) continue;
    uint8_t* data = td_hex(hex, length, &size);
    for (size_t at = 16; (at = next_block(data, size, at)) < size; at += 28) {
      bool same = false;
      for (size_t i = 0; i < blocks->count && !same; i++)
        same = blocks->list[i].size <= size - at &&
               memcmp(blocks->list[i].data, data + at, blocks->list[i].size) == 0;
      if (!same) fail_msg("a block of %s, line %zu, did not come", file, lines.line);
      found++;
    }
    free(data);
  }
  td_jsonl_close(&lines);
  assert_int_equal(found, 7); /* three tables twice, and d7 */
}

static void a_query_topic_gives_the_recorded_blocks(void** state) {
  tc_t* f = *state;
  tc_blocks_t blocks = {0};
  fill_meters(f);
  tc_sql(f,
         "create topic cap_topic as select tbname, ts, current, voltage, note, location "
         "from meters");
  insert_batch(f, 0, 5);
  tc_subscribe(f, "g", "earliest", "cap_topic");
  tc_drain(f, &blocks);
  insert_batch(f, 10, 3);
  tc_drain(f, &blocks);
  insert_d7(f);
  tc_drain(f, &blocks);
  assert_int_equal(blocks.rows, 15 + 9 + 1);
  assert_int_equal(blocks.metas, 0);
  expect_blocks(&blocks, "tmq_topic.jsonl");
  tc_blocks_free(&blocks);
}

static void a_stable_topic_gives_the_recorded_blocks(void** state) {
  tc_t* f = *state;
  tc_blocks_t blocks = {0};
  fill_meters(f);
  tc_sql(f, "create topic cap_topic_stb with meta as stable meters");
  insert_batch(f, 0, 5);
  tc_subscribe(f, "g", "earliest", "cap_topic_stb");
  tc_drain(f, &blocks);
  insert_batch(f, 10, 3);
  tc_drain(f, &blocks);
  insert_d7(f);
  tc_drain(f, &blocks);
  assert_int_equal(blocks.rows, 15 + 9 + 1);
  expect_blocks(&blocks, "tmq_topic_stb.jsonl");
  tc_blocks_free(&blocks);
}

static yyjson_val* recorded_meta(td_jsonl_t* lines, unsigned number) {
  td_jsonl_open(lines, "tmq_topic_stb.jsonl");
  for (yyjson_val* line; (line = td_jsonl_next(lines)) != NULL;)
    if (strstr(td_str(line, "text", NULL), "\"data\":{") != NULL && number-- == 0) return line;
  fail_msg("not recorded");
  return NULL;
}

/* The recorded `data`, whatever vgroup it came from. */
static void expect_recorded_meta(tc_t* f, unsigned number) {
  td_jsonl_t lines;
  const char* text = td_str(recorded_meta(&lines, number), "text", NULL);
  const char* data = strstr(text, "\"data\":");
  char* came = tc_json_meta(f);
  char* expected = strdup(data + 7);
  expected[strlen(expected) - 1] = '\0';
  assert_string_equal(came, expected);
  free(expected);
  free(came);
  td_jsonl_close(&lines);
}

static void metadata_is_as_recorded(void** state) {
  tc_t* f = *state;
  fill_meters(f);
  tc_sql(f, "create topic t with meta as stable meters");
  tc_subscribe(f, "g", "earliest", "t");
  for (unsigned i = 0; i < TS_VGROUPS; i++) { /* every vgroup tells of the super table */
    assert_int_equal(tc_poll(f, 1000), 2);
    expect_recorded_meta(f, 0);
  }
  tc_sql(f, "insert into d0 using meters tags ('loc0', 0) values (1, 1, 1, 'a')");
  assert_int_equal(tc_poll(f, 1000), 3);
  char* made = tc_json_meta(f);
  assert_string_equal(made,
                      "{\"type\":\"create\",\"tableType\":\"child\",\"tableName\":\"d0\","
                      "\"using\":\"meters\",\"tagNum\":2,\"tags\":[{\"name\":\"location\","
                      "\"type\":8,\"value\":\"\\\"loc0\\\"\"},{\"name\":\"groupid\","
                      "\"type\":4,\"value\":0}],\"createList\":[]}");
  free(made);
  insert_d7(f);
  bool alone = false, both = false; /* the alteration, and with it the child where that is */
  for (unsigned i = 0; i < TS_VGROUPS; i++) {
    int type = tc_poll(f, 1000);
    if (type == 1) type = tc_poll(f, 1000);
    assert_int_equal(type, 2);
    char* text = tc_json_meta(f);
    bool child = strstr(text, "\"tableName\":\"d7\"") != NULL;
    *(child ? &both : &alone) = true;
    free(text);
    expect_recorded_meta(f, child ? 3 : 4);
  }
  assert_true(alone && both);
}

static void several_children_of_one_insert_are_in_one_list(void** state) {
  tc_t* f = *state;
  fill_meters(f);
  tc_sql(f, "create topic t with meta as stable meters");
  insert_batch(f, 0, 5);
  tc_subscribe(f, "g", "earliest", "t");
  size_t children = 0;
  for (int type; (type = tc_poll(f, 0)) != 0;) {
    if (type != 3) continue;
    char* text = tc_json_meta(f);
    size_t listed = 0;
    for (const char* at = text; (at = strstr(at, "\"tagNum\"")) != NULL; at++) listed++;
    children += listed > 1 ? listed - 1 : 1; /* the first one comes twice then */
    free(text);
  }
  assert_int_equal(children, 3);
}

static void replies_have_the_recorded_members(void** state) {
  tc_t* f = *state;
  fill_meters(f);
  tc_sql(f, "create topic t as select tbname, ts, current, voltage, note, location from meters");
  insert_batch(f, 0, 5);
  tc_open(f);
  tc_says(f, "{\"action\":\"version\",\"args\":{\"req_id\":1}}",
          "{\"code\":0,\"message\":\"\",\"action\":\"version\",\"req_id\":1,\"timing\":#,"
          "\"version\":\"3.3.6.0\"}");
  tc_says(f, TC_SUBSCRIBE("2", "g", "earliest", "t"),
          "{\"code\":0,\"message\":\"\",\"action\":\"subscribe\",\"req_id\":2,\"timing\":#,"
          "\"version\":\"3.3.6.0\"}");
  tc_says(f, "{\"action\":\"list_topics\",\"args\":{\"req_id\":3}}",
          "{\"code\":0,\"message\":\"\",\"action\":\"list_topics\",\"req_id\":3,\"timing\":#,"
          "\"topics\":[\"t\"]}");
  tc_says(f, "{\"action\":\"assignment\",\"args\":{\"req_id\":4,\"topic\":\"t\"}}",
          "{\"code\":0,\"message\":\"\",\"action\":\"assignment\",\"req_id\":4,\"timing\":#,"
          "\"assignment\":[{\"vgroup_id\":#,\"offset\":0,\"begin\":0,\"end\":#},{\"vgroup_id\":#,"
          "\"offset\":0,\"begin\":0,\"end\":#}]}");
  tc_says(f, "{\"action\":\"poll\",\"args\":{\"req_id\":5,\"blocking_time\":500,\"message_id\":0}}",
          "{\"code\":0,\"message\":\"\",\"action\":\"poll\",\"req_id\":5,\"timing\":#,"
          "\"have_message\":true,\"topic\":\"t\",\"database\":\"cap_tmq\",\"vgroup_id\":#,"
          "\"message_type\":1,\"message_id\":1,\"offset\":0}");
  tc_says(f, "{\"action\":\"fetch\",\"args\":{\"req_id\":6,\"message_id\":1}}",
          "{\"code\":0,\"message\":\"\",\"action\":\"fetch\",\"req_id\":6,\"timing\":#,"
          "\"message_id\":1,\"completed\":false,\"table_name\":\"\",\"rows\":5,\"fields_count\":6,"
          "\"fields_names\":[\"tbname\",\"ts\",\"current\",\"voltage\",\"note\",\"location\"],"
          "\"fields_types\":[8,9,6,4,10,8],\"fields_lengths\":[270,8,4,4,16,24],"
          "\"precision\":0}");
  const ts_buf_t* block = tc_binary(f,
                                    "{\"action\":\"fetch_block\",\"args\":{\"req_id\":7,"
                                    "\"message_id\":1}}");
  assert_int_equal(ts_get_u64(block->data + 8), 6); /* of the fetch */
  assert_int_equal(ts_get_u64(block->data + 16), 1);
  assert_int_equal(ts_get_u32(block->data + 24 + 8), 5);
  while (!tc_has(f, "{\"action\":\"fetch\",\"args\":{\"req_id\":8,\"message_id\":1}}",
                 "\"completed\":true"))
    continue;
  tc_says(f, "{\"action\":\"fetch\",\"args\":{\"req_id\":9,\"message_id\":1}}",
          "{\"code\":0,\"message\":\"\",\"action\":\"fetch\",\"req_id\":9,\"timing\":0,"
          "\"message_id\":1,\"completed\":true,\"table_name\":\"\",\"rows\":0,\"fields_count\":0,"
          "\"fields_names\":null,\"fields_types\":null,\"fields_lengths\":null,\"precision\":0}");
  tc_says(f, "{\"action\":\"commit\",\"args\":{\"req_id\":10,\"message_id\":1}}",
          "{\"code\":0,\"message\":\"\",\"action\":\"commit\",\"req_id\":10,\"timing\":#,"
          "\"message_id\":1}");
  tc_says(f, "{\"action\":\"unsubscribe\",\"args\":{\"req_id\":11}}",
          "{\"code\":0,\"message\":\"\",\"action\":\"unsubscribe\",\"req_id\":11,\"timing\":#}");
  tc_says(f, "{\"action\":\"poll\",\"args\":{\"req_id\":12,\"blocking_time\":20,\"message_id\":0}}",
          "{\"code\":0,\"message\":\"\",\"action\":\"poll\",\"req_id\":12,\"timing\":#,"
          "\"have_message\":false,\"topic\":\"\",\"database\":\"\",\"vgroup_id\":0,"
          "\"message_type\":0,\"message_id\":0,\"offset\":0}");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, tc_setup, tc_teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_query_topic_gives_the_recorded_blocks),
      TEST(a_stable_topic_gives_the_recorded_blocks),
      TEST(metadata_is_as_recorded),
      TEST(several_children_of_one_insert_are_in_one_list),
      TEST(replies_have_the_recorded_members),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
