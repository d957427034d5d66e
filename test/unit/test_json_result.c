/* JSON envelopes of queries: requests that read back as they were meant, replies with every lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_probe.h"
#include "wire/json/request.h"
#include "wire/json/result.h"
#include "wire/status.h"

static alloc_probe_t probe;
static tuv_json_t json;
static tuv_errmsg_t err;

static int start(void** state) {
  (void) state;
  alloc_probe_init(&probe);
  tuv_json_init(&json, &probe.alloc);
  return 0;
}

static int finish(void** state) {
  (void) state;
  tuv_json_free(&json);
  return probe.live_blocks == 0 ? 0 : -1;
}

/* ---- requests ---- */

static char* write_query(const char* sql, size_t length, size_t* size, int* status) {
  tuv_json_request_t request;
  tuv_json_request_begin(&request, &json, "query", UINT64_MAX);
  tuv_json_request_text(&request, "sql", sql, length);
  tuv_json_request_uint(&request, "mode", 0);
  return tuv_json_request_end(&request, size, status);
}

static void a_request_reads_back_as_it_was_meant(void** state) {
  (void) state;
  static const char sql[] = "select '\"\\\n\t\x01\xc3\xa9\xf0\x9f\x98\x80\0nul' from t";
  size_t size;
  int status;
  char* text = write_query(sql, sizeof sql - 1, &size, &status);
  assert_non_null(text);
  assert_int_equal(status, 0);
  yyjson_doc* doc = yyjson_read(text, size, 0);
  yyjson_val* root = yyjson_doc_get_root(doc);
  assert_int_equal(yyjson_obj_size(root), 2);
  assert_true(yyjson_equals_str(yyjson_obj_get(root, "action"), "query"));
  yyjson_val* args = yyjson_obj_get(root, "args");
  assert_int_equal(yyjson_obj_size(args), 3);
  assert_true(yyjson_get_uint(yyjson_obj_get(args, "req_id")) == UINT64_MAX);
  assert_true(yyjson_is_uint(yyjson_obj_get(args, "mode")));
  assert_true(yyjson_equals_strn(yyjson_obj_get(args, "sql"), sql, sizeof sql - 1));
  yyjson_doc_free(doc);
  tuv_free(&probe.alloc, text);
}

static void the_action_comes_first_and_nothing_is_spread_out(void** state) {
  (void) state;
  size_t size;
  int status;
  char* text = write_query("select 1", 8, &size, &status);
  static const char expected[] =
      "{\"action\":\"query\",\"args\":{\"req_id\":18446744073709551615,"
      "\"sql\":\"select 1\",\"mode\":0}}";
  assert_int_equal(size, sizeof expected - 1);
  assert_memory_equal(text, expected, size);
  tuv_free(&probe.alloc, text);
}

static void text_that_is_not_utf8_is_the_caller_s_mistake(void** state) {
  (void) state;
  static const char* const bad[] = {"\xff", "a\xc3", "\xed\xa0\x80"};
  for (size_t i = 0; i < 3; i++) {
    size_t size;
    int status = 0;
    assert_null(write_query(bad[i], strlen(bad[i]), &size, &status));
    assert_int_equal(status, TUV_EINVAL);
    assert_int_equal(probe.live_blocks, 0);
  }
}

static void every_failed_allocation_ends_a_request_cleanly(void** state) {
  (void) state;
  static char sql[20000];
  memset(sql, 'x', sizeof sql);
  bool done = false;
  for (size_t n = 1; !done; n++) {
    size_t size, failures = probe.failures;
    int status = 1;
    alloc_probe_fail(&probe, n, true);
    char* text = write_query(sql, sizeof sql, &size, &status);
    done = probe.failures == failures;
    assert_int_equal(text != NULL, done);
    assert_int_equal(status, done ? 0 : TUV_ENOMEM);
    tuv_free(&probe.alloc, text);
    assert_int_equal(probe.live_blocks, 0);
    assert_in_range(n, 1, 50);
  }
  assert_in_range(probe.failures, 3, 1000);
}

static void an_arg_can_be_read_back_from_a_sent_request(void** state) {
  (void) state;
  size_t size, length = 0;
  int status;
  char* text = write_query("select \"\xc3\xa9\"", 11, &size, &status);
  char* sql = tuv_json_request_arg(&json, (const uint8_t*) text, size, "sql", &length);
  assert_non_null(sql);
  assert_int_equal(length, 11);
  assert_string_equal(sql, "select \"\xc3\xa9\"");
  tuv_free(&probe.alloc, sql);
  assert_null(tuv_json_request_arg(&json, (const uint8_t*) text, size, "mode", &length));
  assert_null(tuv_json_request_arg(&json, (const uint8_t*) text, size, "none", &length));
  assert_null(tuv_json_request_arg(&json, (const uint8_t*) text, size - 1, "sql", &length));
  assert_null(tuv_json_request_arg(&json, (const uint8_t*) text, 0, "sql", &length));
  for (size_t n = 1; n < 4; n++) {
    alloc_probe_fail(&probe, n, true);
    assert_null(tuv_json_request_arg(&json, (const uint8_t*) text, size, "sql", &length));
  }
  alloc_probe_fail(&probe, 0, false);
  tuv_free(&probe.alloc, text);
}

static void requests_about_an_id_need_no_memory(void** state) {
  (void) state;
  char out[TUV_REQUEST_ID_MAX];
  size_t size = tuv_json_request_id(out, "free_result", UINT64_MAX, "id", UINT64_MAX);
  assert_in_range(size, 1, sizeof out);
  yyjson_doc* doc = yyjson_read(out, size, 0);
  yyjson_val* args = yyjson_obj_get(yyjson_doc_get_root(doc), "args");
  assert_true(yyjson_get_uint(yyjson_obj_get(args, "req_id")) == UINT64_MAX);
  assert_true(yyjson_get_uint(yyjson_obj_get(args, "id")) == UINT64_MAX);
  yyjson_doc_free(doc);
  size = tuv_json_request_id(out, "free_result", 0, "id", 10);
  static const char expected[] = "{\"action\":\"free_result\",\"args\":{\"req_id\":0,\"id\":10}}";
  assert_int_equal(size, sizeof expected - 1);
  assert_memory_equal(out, expected, size);
  assert_int_equal(probe.calls, 0);
}

static void a_name_is_escaped_as_json_wants_it(void** state) {
  (void) state;
  char out[TUV_REQUEST_NAME_MAX], name[TUV_REQUEST_NAME_LENGTH];
  static const char odd[] = "d\"1\\\n\x1f\xe6\xb6\x9b";
  size_t size = tuv_json_request_name(out, "set_table_name", 5, 7, odd, sizeof odd - 1);
  static const char expected[] =
      "{\"action\":\"set_table_name\",\"args\":{\"req_id\":5,\"stmt_id\":7,"
      "\"name\":\"d\\\"1\\\\\\u000a\\u001f\xe6\xb6\x9b\"}}";
  assert_int_equal(size, sizeof expected - 1);
  assert_memory_equal(out, expected, size);
  memset(name, 1, sizeof name);
  size = tuv_json_request_name(out, "set_table_name", UINT64_MAX, UINT64_MAX, name, sizeof name);
  assert_in_range(size, 6 * sizeof name, sizeof out);
  yyjson_doc* doc = yyjson_read(out, size, 0);
  yyjson_val* args = yyjson_obj_get(yyjson_doc_get_root(doc), "args");
  assert_int_equal(yyjson_get_len(yyjson_obj_get(args, "name")), sizeof name);
  assert_memory_equal(yyjson_get_str(yyjson_obj_get(args, "name")), name, sizeof name);
  yyjson_doc_free(doc);
  assert_int_equal(probe.calls, 0);
}

/* ---- replies ---- */

static int read_query(const char* members, tuv_query_reply_t* query) {
  char text[2000];
  tuv_reply_t reply;
  snprintf(text, sizeof text, "{\"code\":0,\"message\":\"\",%s}", members);
  assert_int_equal(tuv_reply_parse(&json, (const uint8_t*) text, strlen(text), &reply, &err), 0);
  err.text[0] = '\0';
  return tuv_reply_query(&reply, query, &err);
}

/* The members of a good reply of two fields; one of them replaced, or left out (when it is ""). */
static int read_with(const char* key, const char* value, tuv_query_reply_t* query) {
  static const char* const good[][2] = {{"id", "18446744073709551615"},
                                        {"is_update", "false"},
                                        {"affected_rows", "0"},
                                        {"fields_count", "2"},
                                        {"fields_names", "[\"ts\",\"\xc3\xa9\"]"},
                                        {"fields_types", "[9,255]"},
                                        {"fields_lengths", "[8,4294967296]"},
                                        {"precision", "2"},
                                        {"fields_precisions", "[0,38]"},
                                        {"fields_scales", "[0,38]"}};
  char members[1000] = "";
  size_t at = 0;
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    const char* use = strcmp(good[i][0], key) == 0 ? value : good[i][1];
    if (use[0] == '\0') continue;
    at += (size_t) snprintf(members + at, sizeof members - at, "%s\"%s\":%s", at == 0 ? "" : ",",
                            good[i][0], use);
  }
  return read_query(members, query);
}

static void a_result_s_fields_are_read(void** state) {
  (void) state;
  tuv_query_reply_t query;
  assert_int_equal(read_with("", "", &query), 0);
  assert_true(query.id == UINT64_MAX);
  assert_int_equal(query.fields, 2);
  assert_int_equal(query.precision, 2);
  assert_int_equal(query.names_size, 3 + 3);
  assert_int_equal(yyjson_get_uint(yyjson_arr_get(query.types, 1)), 255);
  assert_true(yyjson_get_uint(yyjson_arr_get(query.lengths, 1)) == 4294967296u);
  assert_int_equal(yyjson_get_uint(yyjson_arr_get(query.scales, 1)), 38);
}

static void older_servers_have_no_precisions_and_scales(void** state) {
  (void) state;
  static const char* const absent[] = {"", "null"};
  tuv_query_reply_t query;
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(read_with("fields_precisions", absent[i], &query), 0);
    assert_null(query.precisions);
    assert_int_equal(read_with("fields_scales", absent[i], &query), 0);
    assert_null(query.scales);
  }
}

static void an_update_needs_no_fields(void** state) {
  (void) state;
  tuv_query_reply_t query;
  assert_int_equal(read_query("\"is_update\":true,\"affected_rows\":9007199254740993,\"id\":0,"
                              "\"fields_count\":0,\"fields_names\":null",
                              &query),
                   0);
  assert_true(query.is_update);
  assert_true(query.affected_rows == 9007199254740993);
  assert_int_equal(query.fields, 0);
}

static void every_member_is_checked_and_named(void** state) {
  (void) state;
  static const char* const lies[][3] = {
      {"id", "\"1\"", "\"id\""},
      {"id", "-1", "\"id\""},
      {"id", "1.0", "\"id\""},
      {"id", "0", "\"id\""},
      {"id", "", "\"id\""},
      {"is_update", "0", "\"is_update\""},
      {"is_update", "\"false\"", "\"is_update\""},
      {"is_update", "", "\"is_update\""},
      {"is_update", "null", "\"is_update\""},
      {"is_update", "true", "\"is_update\""}, /* and a result */
      {"affected_rows", "1.5", "\"affected_rows\""},
      {"affected_rows", "9223372036854775808", "\"affected_rows\""},
      {"affected_rows", "[]", "\"affected_rows\""},
      {"affected_rows", "", "\"affected_rows\""},
      {"affected_rows", "-1", "\"affected_rows\""},
      {"fields_count", "\"2\"", "\"fields_count\""},
      {"fields_count", "-2", "\"fields_count\""},
      {"fields_count", "", "\"fields_count\""},
      {"fields_count", "0", "0 fields"},
      {"fields_count", "1", "\"fields_names\""},
      {"fields_count", "3", "\"fields_names\""},
      {"fields_count", "4294967298", "4294967298 fields"},
      {"fields_count", "18446744073709551615", "fields"},
      {"precision", "3", "precision"},
      {"precision", "-1", "\"precision\""},
      {"precision", "\"ms\"", "\"precision\""},
      {"precision", "258", "precision"},
      {"precision", "", "\"precision\""},
      {"fields_names", "", "lacks"},
      {"fields_names", "null", "lacks"},
      {"fields_names", "{}", "\"fields_names\""},
      {"fields_names", "[\"ts\"]", "\"fields_names\""},
      {"fields_names", "[\"ts\",1]", "\"fields_names\""},
      {"fields_names", "[\"ts\",null]", "\"fields_names\""},
      {"fields_names", "[\"ts\",\"a\\u0000\"]", "\"fields_names\""},
      {"fields_types", "", "lacks"},
      {"fields_types", "[9]", "\"fields_types\""},
      {"fields_types", "[9,256]", "\"fields_types\""},
      {"fields_types", "[9,-1]", "\"fields_types\""},
      {"fields_types", "[9,\"7\"]", "\"fields_types\""},
      {"fields_types", "7", "\"fields_types\""},
      {"fields_lengths", "", "lacks"},
      {"fields_lengths", "[8,8,8]", "\"fields_lengths\""},
      {"fields_lengths", "[8,-8]", "\"fields_lengths\""},
      {"fields_lengths", "[8,9223372036854775808]", "\"fields_lengths\""},
      {"fields_precisions", "[0]", "\"fields_precisions\""},
      {"fields_precisions", "[0,256]", "\"fields_precisions\""},
      {"fields_scales", "[]", "\"fields_scales\""},
      {"fields_scales", "[0,1.5]", "\"fields_scales\""},
  };
  for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
    tuv_query_reply_t query;
    if (read_with(lies[i][0], lies[i][1], &query) != TUV_EPROTO)
      fail_msg("\"%s\":%s was believed", lies[i][0], lies[i][1]);
    if (strstr(err.text, lies[i][2]) == NULL)
      fail_msg("\"%s\":%s gave \"%s\"", lies[i][0], lies[i][1], err.text);
  }
}

static void of_a_decimal_the_digits_are_told(void** state) {
  (void) state;
  static const char result[] =
      "\"id\":1,\"is_update\":false,\"affected_rows\":0,\"fields_count\":1,\"precision\":0,"
      "\"fields_names\":[\"d\"],\"fields_lengths\":[8],";
  static const char* const rest[][2] = {
      {"\"fields_types\":[7]", NULL},
      {"\"fields_types\":[21]", "\"fields_precisions\""},
      {"\"fields_types\":[17],\"fields_precisions\":[38]", "\"fields_scales\""},
      {"\"fields_types\":[17],\"fields_precisions\":[38],\"fields_scales\":[2]", NULL}};
  for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++) {
    char text[512];
    tuv_query_reply_t query;
    snprintf(text, sizeof text, "%s%s", result, rest[i][0]);
    assert_int_equal(read_query(text, &query), rest[i][1] == NULL ? 0 : TUV_EPROTO);
    if (rest[i][1] != NULL) assert_non_null(strstr(err.text, rest[i][1]));
  }
}

int main(void) {
#define JSON_TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)
  const struct CMUnitTest tests[] = {
      JSON_TEST(a_request_reads_back_as_it_was_meant),
      JSON_TEST(the_action_comes_first_and_nothing_is_spread_out),
      JSON_TEST(text_that_is_not_utf8_is_the_caller_s_mistake),
      JSON_TEST(every_failed_allocation_ends_a_request_cleanly),
      JSON_TEST(an_arg_can_be_read_back_from_a_sent_request),
      JSON_TEST(requests_about_an_id_need_no_memory),
      JSON_TEST(a_name_is_escaped_as_json_wants_it),
      JSON_TEST(a_result_s_fields_are_read),
      JSON_TEST(older_servers_have_no_precisions_and_scales),
      JSON_TEST(an_update_needs_no_fields),
      JSON_TEST(every_member_is_checked_and_named),
      JSON_TEST(of_a_decimal_the_digits_are_told),
  };
  return cmocka_run_group_tests_name("envelope_query", tests, NULL, NULL);
}
