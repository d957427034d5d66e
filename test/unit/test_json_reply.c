/* JSON envelopes: recorded replies parse, bad ones are refused, with and without memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_probe.h"
#include "data.h"
#include "text.h"
#include "wire/json/reply.h"
#include "wire/json/result.h"
#include "wire/status.h"

static const char* const recordings[] = {
    "errors.jsonl",           "options.jsonl",         "query_multi_block.jsonl",
    "query_super.jsonl",      "query_types_ms.jsonl",  "query_types_legacy.jsonl",
    "schemaless.jsonl",       "stmt1.jsonl",           "stmt2.jsonl",
    "tmq_errors.jsonl",       "tmq_errors_auth.jsonl", "tmq_errors_config.jsonl",
    "tmq_errors_topic.jsonl", "tmq_topic.jsonl",       "tmq_topic_stb.jsonl",
};

static alloc_probe_t probe;
static tuv_json_t json;
static tuv_errmsg_t err;
static tuv_reply_t reply;

static int start(void** state) {
  (void) state;
  alloc_probe_init(&probe);
  tuv_json_init(&json, &probe.alloc);
  memset(&err, 0, sizeof err);
  return 0;
}

static int finish(void** state) {
  (void) state;
  tuv_json_free(&json);
  return probe.live_blocks == 0 ? 0 : -1;
}

/* Parses a copy that lies in a heap block of exactly its size. */
static int parse_bytes(const char* text, size_t size) {
  uint8_t* copy = malloc(size == 0 ? 1 : size);
  assert_non_null(copy);
  if (size > 0) memcpy(copy, text, size);
  err.text[0] = '\0';
  int status = tuv_reply_parse(&json, copy, size, &reply, &err);
  memset(copy, 'x', size); /* the reply may not point into what was received */
  free(copy);
  if (status < 0) assert_true(err.text[0] != '\0');
  return status;
}

static int parse(const char* text) {
  return parse_bytes(text, strlen(text));
}

static void require_error(int status, const char* part) {
  assert_int_equal(status, TUV_EPROTO);
  if (strstr(err.text, part) == NULL) fail_msg("\"%s\" does not say %s", err.text, part);
}

/* ---- replies ---- */

/* What the parsed reply says must be what an ordinary reading of the text says. */
static void compare_with(yyjson_val* root) {
  assert_int_equal(reply.code, yyjson_get_uint(yyjson_obj_get(root, "code")));
  assert_int_equal(reply.req_id, yyjson_get_uint(yyjson_obj_get(root, "req_id")));
  assert_int_equal(reply.timing, yyjson_get_uint(yyjson_obj_get(root, "timing")));
  assert_string_equal(reply.message, td_str(root, "message", NULL));
  assert_string_equal(reply.action, td_str(root, "action", NULL));
}

static void check_query(yyjson_val* root) {
  tuv_query_reply_t query;
  assert_int_equal(tuv_reply_query(&reply, &query, &err), 0);
  assert_int_equal(query.is_update, yyjson_get_bool(yyjson_obj_get(root, "is_update")));
  assert_int_equal(query.affected_rows, yyjson_get_sint(yyjson_obj_get(root, "affected_rows")));
  assert_int_equal(query.id, yyjson_get_uint(yyjson_obj_get(root, "id")));
  if (query.is_update) return;
  yyjson_val* names = yyjson_obj_get(root, "fields_names");
  assert_int_equal(query.fields, yyjson_arr_size(names));
  assert_int_equal(yyjson_arr_size(query.types), query.fields);
  assert_int_equal(yyjson_arr_size(query.lengths), query.fields);
  size_t size = 0;
  for (uint32_t i = 0; i < query.fields; i++) {
    assert_string_equal(yyjson_get_str(yyjson_arr_get(query.names, i)),
                        yyjson_get_str(yyjson_arr_get(names, i)));
    size += yyjson_get_len(yyjson_arr_get(names, i)) + 1;
  }
  assert_int_equal(query.names_size, size);
}

static void every_recorded_reply_is_read(void** state) {
  (void) state;
  unsigned replies = 0, queries = 0, errors = 0;
  for (size_t i = 0; i < sizeof recordings / sizeof recordings[0]; i++) {
    td_jsonl_t lines;
    td_jsonl_open(&lines, recordings[i]);
    for (yyjson_val* line; (line = td_jsonl_next(&lines)) != NULL;) {
      size_t size;
      const char* text = td_str(line, "text", &size);
      if (strcmp(td_str(line, "dir", NULL), "recv") != 0 || size == 0) continue;
      assert_int_equal(parse_bytes(text, size), 0);
      yyjson_doc* doc = yyjson_read(text, size, 0);
      compare_with(yyjson_doc_get_root(doc));
      bool query = strcmp(reply.action, "query") == 0 || strcmp(reply.action, "binary_query") == 0;
      if (reply.code == 0 && query) check_query(yyjson_doc_get_root(doc));
      queries += reply.code == 0 && query;
      errors += reply.code != 0;
      replies++;
      yyjson_doc_free(doc);
    }
    td_jsonl_close(&lines);
  }
  assert_in_range(replies, 200, 10000);
  assert_in_range(queries, 30, 10000);
  assert_in_range(errors, 20, 10000);
  assert_in_range(probe.calls, 1, 40); /* the pool is kept */
}

static void every_truncation_of_a_reply_is_refused(void** state) {
  (void) state;
  static const char text[] =
      "{\"code\":9728,\"message\":\"syntax error near \\\"selec 1\\\"\",\"action\":\"query\","
      "\"req_id\":265,\"timing\":77556}";
  for (size_t size = 0; size < sizeof text - 1; size++)
    require_error(parse_bytes(text, size), "not JSON");
  assert_int_equal(parse(text), 0);
  assert_int_equal(reply.code, 9728);
  assert_string_equal(reply.message, "syntax error near \"selec 1\"");
}

static void what_is_no_object_is_refused(void** state) {
  (void) state;
  static const char* const texts[] = {"[]", "1", "\"x\"", "null", "[{\"code\":0}]", " true "};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
    require_error(parse(texts[i]), "not an object");
  static const char* const bad[] = {"",         " ",   "{", "{\"code\":0}x", "{\"code\":0,}",
                                    "{code:0}", "NaN", "'", "{\"code\":00}", "{\"code\":0}{}"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) require_error(parse(bad[i]), "not JSON");
}

static void text_that_is_not_utf8_is_refused(void** state) {
  (void) state;
  static const char* const bad[] = {"\xff", "\xc3", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xc0\x80"};
  char text[100];
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    snprintf(text, sizeof text, "{\"code\":0,\"message\":\"%s\"}", bad[i]);
    require_error(parse(text), "not JSON");
  }
}

static void numbers_have_64_bits(void** state) {
  (void) state;
  assert_int_equal(parse("{\"code\":4294967295,\"req_id\":18446744073709551615,"
                         "\"timing\":9007199254740993,\"n\":-9223372036854775808}"),
                   0);
  assert_true(reply.code == UINT32_MAX);
  assert_true(reply.req_id == UINT64_MAX);
  assert_true(reply.timing == 9007199254740993u); /* 2^53 + 1 */
  int64_t number = 0;
  assert_int_equal(tuv_reply_int(&reply, "n", &number, &err), 0);
  assert_true(number == INT64_MIN);
  require_error(tuv_reply_int(&reply, "req_id", &number, &err), "\"req_id\"");
  require_error(parse("{\"code\":4294967296}"), "\"code\"");
  require_error(parse("{\"code\":0,\"req_id\":18446744073709551616}"), "\"req_id\"");
}

static void arrays_of_texts_have_nothing_else(void** state) {
  static const char* const wrong[] = {"7", "\"a\"", "{}", "[1]", "[\"a\",null]", "[[\"a\"]]"};
  yyjson_val* list = NULL;
  char text[64];
  (void) state;
  assert_int_equal(parse("{\"code\":0,\"l\":[\"a\",\"b\"],\"none\":[],\"null\":null}"), 0);
  assert_int_equal(tuv_reply_texts(&reply, "l", &list, &err), 0);
  assert_int_equal(yyjson_arr_size(list), 2);
  assert_int_equal(tuv_reply_texts(&reply, "none", &list, &err), 0);
  assert_int_equal(yyjson_arr_size(list), 0);
  assert_int_equal(tuv_reply_texts(&reply, "null", &list, &err), 0);
  assert_null(list);
  assert_int_equal(tuv_reply_texts(&reply, "absent", &list, &err), 0);
  assert_null(list);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    snprintf(text, sizeof text, "{\"code\":0,\"l\":%s}", wrong[i]);
    assert_int_equal(parse(text), 0);
    require_error(tuv_reply_texts(&reply, "l", &list, &err), "\"l\"");
  }
}

static void only_the_code_must_be_there(void** state) {
  (void) state;
  assert_int_equal(parse("{\"code\":0}"), 0);
  assert_string_equal(reply.message, "");
  assert_string_equal(reply.action, "");
  assert_int_equal(reply.req_id, 0);
  assert_int_equal(parse("{\"code\":7,\"message\":null,\"action\":null,\"req_id\":null}"), 0);
  assert_string_equal(reply.message, "");
  require_error(parse("{\"message\":\"\",\"req_id\":9}"), "\"code\"");
  assert_int_equal(reply.req_id, 9); /* so that its request can be failed */
  require_error(parse("{\"code\":null}"), "\"code\"");
  require_error(parse("{}"), "\"code\"");
}

/* Every member, with every type but its own. */
static void a_common_member_of_a_wrong_type_is_named(void** state) {
  (void) state;
  static const struct {
    const char *key, *good;
  } members[] = {
      {"code", "n"}, {"message", "s"}, {"action", "s"}, {"req_id", "n"}, {"timing", "n"}};
  static const struct {
    const char *kind, *value;
  } values[] = {{"n", "5"},  {"s", "\"5\""}, {"x", "true"}, {"x", "[]"},
                {"x", "{}"}, {"x", "-1"},    {"x", "1.5"},  {"x", "1e3"}};
  for (size_t m = 0; m < sizeof members / sizeof members[0]; m++) {
    for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
      char text[100], quoted[20];
      bool code = strcmp(members[m].key, "code") == 0;
      snprintf(text, sizeof text, "{%s\"%s\":%s}", code ? "" : "\"code\":0,", members[m].key,
               values[v].value);
      snprintf(quoted, sizeof quoted, "\"%s\"", members[m].key);
      if (strcmp(members[m].good, values[v].kind) == 0)
        assert_int_equal(parse(text), 0);
      else
        require_error(parse(text), quoted);
    }
  }
}

static void a_member_that_is_there_twice_is_refused(void** state) {
  (void) state;
  require_error(parse("{\"code\":0,\"req_id\":9,\"code\":5}"), "\"code\" twice");
  assert_int_equal(reply.req_id, 9); /* so that its request can be failed */
  require_error(parse("{\"code\":0,\"x\":1,\"y\":1,\"x\":1}"), "\"x\" twice");
  assert_int_equal(parse("{\"code\":0,\"x\":{\"code\":1},\"xx\":1,\"y\":1}"), 0);
  char text[8000] = "{\"code\":0";
  for (unsigned i = 0; i < 300; i++)
    snprintf(text + strlen(text), sizeof text - strlen(text), ",\"m%u\":0", i);
  strcat(text, "}");
  require_error(parse(text), "301 members");
}

static void texts_with_a_nul_are_refused(void** state) {
  const char* text = NULL;
  static const char* const needed[] = {"db", "e", NULL};
  (void) state;
  static const char nul[] =
      "{\"code\":1,\"message\":\"a\\u0000b\",\"db\":\"a\\u0000b\",\"e\":null}";
  assert_int_equal(parse(nul), 0);
  assert_string_equal(reply.message, "a"); /* is for people */
  require_error(tuv_reply_text(&reply, "db", &text, &err), "NUL");
  assert_null(text);
  require_error(tuv_reply_require(&reply, needed, &err), "\"e\"");
}

/* The head, `count` times `one`, `count` times `two`, and a closing brace. */
static char* make_text(const char* head, char one, char two, size_t count) {
  size_t at = strlen(head);
  char* text = malloc(at + 2 * count + 2);
  assert_non_null(text);
  memcpy(text, head, at);
  memset(text + at, one, count);
  memset(text + at + count, two, count);
  memcpy(text + at + 2 * count, "}", 2);
  return text;
}

static void deep_and_huge_json_is_read_without_harm(void** state) {
  (void) state;
  enum { DEPTH = 200000 };
  char* text = make_text("{\"code\":3,\"x\":", '[', ']', DEPTH);
  assert_int_equal(parse(text), 0);
  assert_int_equal(reply.code, 3);
  require_error(parse_bytes(text, DEPTH), "not JSON");
  free(text);
  text = make_text("{\"code\":4,\"message\":\"", 'm', 'n', DEPTH);
  text[strlen(text) - 2] = '"';
  assert_int_equal(parse(text), 0);
  assert_int_equal(strlen(reply.message), TUV_REPLY_MAX_MESSAGE);
  free(text);
}

/* A text for people is cut behind a whole character. */
static void long_messages_are_cut(void** state) {
  (void) state;
  static const struct {
    size_t ascii;
    const char* then;
    size_t length;
  } cases[] = {{4095, "", 4095},
               {4096, "", 4096},
               {4096, "x", 4096},
               {4095, "\xc3\xa9", 4095},
               {4094, "\xc3\xa9", 4096},
               {4093, "\xe6\xb6\x9b", 4096},
               {4094, "\xe6\xb6\x9b", 4094},
               {4095, "\xf0\x9f\x98\x80", 4095}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[5000];
    int at = snprintf(text, sizeof text, "{\"code\":1,\"message\":\"");
    memset(text + at, 'm', cases[i].ascii);
    snprintf(text + at + cases[i].ascii, 100, "%s\"}", cases[i].then);
    assert_int_equal(parse(text), 0);
    assert_int_equal(strlen(reply.message), cases[i].length);
  }
}

static void a_reply_is_about_what_was_asked_for(void** state) {
  (void) state;
  int64_t rows = 7;
  assert_int_equal(parse("{\"code\":0,\"stmt_id\":18446744073709551615,\"rows\":-5}"), 0);
  assert_int_equal(tuv_reply_expect(&reply, "stmt_id", UINT64_MAX, &err), 0);
  assert_int_equal(tuv_reply_expect(&reply, "stmt_id", 1, &err), TUV_EPROTO);
  assert_non_null(strstr(err.text, "\"stmt_id\" is 18446744073709551615; 1 was asked for"));
  assert_int_equal(tuv_reply_expect(&reply, "id", 0, &err), TUV_EPROTO);
  assert_int_equal(tuv_reply_expect(&reply, "rows", 5, &err), TUV_EPROTO);
  assert_int_equal(tuv_reply_rows(&reply, "rows", &rows, &err), TUV_EPROTO);
  assert_int_equal(tuv_reply_rows(&reply, "others", &rows, &err), 0);
  assert_int_equal(rows, 7); /* an error leaves it alone, and so does what is not there */
  assert_int_equal(tuv_reply_need_rows(&reply, "others", &rows, &err), TUV_EPROTO);
}

static void the_kept_memory_shrinks_again(void** state) {
  (void) state;
  text_t text = {0};
  text_add(&text, "{\"code\":0,\"x\":[1");
  while (text.size < 4000000) text_add(&text, ",1");
  text_add(&text, "]}");
  assert_int_equal(parse(text.data), 0);
  assert_true(probe.live_bytes > 4000000);
  assert_int_equal(parse("{\"code\":0}"), 0);
  assert_true(probe.live_bytes <= 1u << 20);
  size_t calls = probe.calls;
  for (unsigned i = 0; i < 100; i++) assert_int_equal(parse("{\"code\":0,\"message\":\"m\"}"), 0);
  assert_int_equal(probe.calls, calls);
  free(text.data);
}

static void without_memory_a_reply_is_not_read(void** state) {
  (void) state;
  alloc_probe_fail(&probe, 1, false);
  assert_int_equal(parse("{\"code\":0}"), TUV_ENOMEM);
  assert_int_equal(parse("{\"code\":0}"), 0);
  char text[10000];
  memset(text, ' ', sizeof text);
  text[0] = '{';
  memcpy(text + sizeof text - 11, "\"code\":0}", 10);
  alloc_probe_fail(&probe, 1, false);
  assert_int_equal(parse(text), TUV_ENOMEM);
  assert_int_equal(parse(text), 0);
  probe.limit = 1000000;
  assert_int_equal(parse_bytes(text, 9), TUV_EPROTO);
  uint8_t byte = '{';
  assert_int_equal(tuv_reply_parse(&json, &byte, SIZE_MAX / 4, &reply, &err), TUV_ENOMEM);
}

int main(void) {
#define JSON_TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)
  const struct CMUnitTest tests[] = {
      JSON_TEST(every_recorded_reply_is_read),
      JSON_TEST(every_truncation_of_a_reply_is_refused),
      JSON_TEST(what_is_no_object_is_refused),
      JSON_TEST(text_that_is_not_utf8_is_refused),
      JSON_TEST(numbers_have_64_bits),
      JSON_TEST(arrays_of_texts_have_nothing_else),
      JSON_TEST(only_the_code_must_be_there),
      JSON_TEST(a_common_member_of_a_wrong_type_is_named),
      JSON_TEST(a_member_that_is_there_twice_is_refused),
      JSON_TEST(texts_with_a_nul_are_refused),
      JSON_TEST(deep_and_huge_json_is_read_without_harm),
      JSON_TEST(long_messages_are_cut),
      JSON_TEST(a_reply_is_about_what_was_asked_for),
      JSON_TEST(the_kept_memory_shrinks_again),
      JSON_TEST(without_memory_a_reply_is_not_read),
  };
  return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
