/* JSON of /rest/tmq: requests as the recordings have them, replies read and refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/json/request.h"
#include "wire/status.h"
#include "wire/tmq/envelope.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static tuv_json_t json;

static int set_up(void** state) {
  (void) state;
  tuv_json_init(&json, &tuv_alloc_default);
  return 0;
}

static int tear_down(void** state) {
  (void) state;
  tuv_json_free(&json);
  return 0;
}

static tuv_reply_t read_reply(const char* text) {
  tuv_reply_t reply;
  tuv_errmsg_t err;
  assert_int_equal(tuv_reply_parse(&json, (const uint8_t*) text, strlen(text), &reply, &err), 0);
  return reply;
}

static void small_requests_are_written(void** state) {
  char text[TUV_TMQ_REQUEST_MAX];
  (void) state;
  size_t length = tuv_tmq_poll(text, 5, 500, 0);
  assert_string_equal(text,
                      "{\"action\":\"poll\",\"args\":{\"req_id\":5,\"blocking_time\":500,"
                      "\"message_id\":0}}");
  assert_int_equal(length, strlen(text));
  length = tuv_tmq_message_request(text, "fetch_raw_data", UINT64_MAX, UINT64_MAX);
  assert_int_equal(length, strlen(text));
  assert_true(length < sizeof text);
}

static void args_are_added(void** state) {
  static const char* const topics[] = {"a", "b\"c"};
  static const char* const one[1][2] = {{"k", "v"}};
  static const char* const two[1][2] = {{"l", "w"}};
  tuv_json_request_t request;
  size_t length;
  int status;
  (void) state;
  tuv_json_request_begin(&request, &json, "x", 1);
  tuv_tmq_add_int(&request, "offset", -3);
  tuv_tmq_add_texts(&request, "topics", topics, 2);
  tuv_tmq_add_object(&request, "config", one, 1);
  tuv_tmq_add_object(&request, "config", two, 1);
  tuv_tmq_add_vgroup(&request, "none", NULL, 0);
  tuv_tmq_add_vgroup(&request, "ids", "t", 115);
  tuv_tmq_add_vgroup(&request, "ids", "t", 116);
  char* text = tuv_json_request_end(&request, &length, &status);
  assert_string_equal(text,
                      "{\"action\":\"x\",\"args\":{\"req_id\":1,\"offset\":-3,"
                      "\"topics\":[\"a\",\"b\\\"c\"],\"config\":{\"k\":\"v\",\"l\":\"w\"},"
                      "\"none\":[],\"ids\":[{\"topic\":\"t\",\"vgroup_id\":115},"
                      "{\"topic\":\"t\",\"vgroup_id\":116}]}}");
  tuv_free(&tuv_alloc_default, text);
}

static void a_poll_with_a_message_is_read(void** state) {
  tuv_tmq_polled_t polled;
  tuv_errmsg_t err;
  (void) state;
  tuv_reply_t reply = read_reply(
      "{\"code\":0,\"message\":\"\",\"action\":\"poll\",\"req_id\":5,\"timing\":776626,"
      "\"have_message\":true,\"topic\":\"cap_topic\",\"database\":\"cap_tmq\",\"vgroup_id\":115,"
      "\"message_type\":1,\"message_id\":1,\"offset\":0}");
  assert_int_equal(tuv_tmq_polled(&reply, &polled, &err), 0);
  assert_true(polled.have_message);
  assert_string_equal(polled.topic, "cap_topic");
  assert_string_equal(polled.database, "cap_tmq");
  assert_int_equal(polled.vgroup_id, 115);
  assert_int_equal(polled.message_type, 1);
  assert_int_equal(polled.message_id, 1);
  assert_int_equal(polled.offset, 0);
  reply = read_reply("{\"code\":0,\"have_message\":false}");
  assert_int_equal(tuv_tmq_polled(&reply, &polled, &err), 0);
  assert_false(polled.have_message);
}

/* A reply of these members, one of them with another value; "" leaves it out. */
static tuv_reply_t read_with(const char* const members[][2], size_t count, const char* key,
                             const char* value) {
  static char text[512];
  strcpy(text, "{\"code\":0");
  for (size_t i = 0; i < count; i++) {
    const char* told = strcmp(members[i][0], key) == 0 ? value : members[i][1];
    size_t at = strlen(text);
    if (told[0] != 0) snprintf(text + at, sizeof text - at, ",\"%s\":%s", members[i][0], told);
  }
  strcat(text, "}");
  return read_reply(text);
}

static void malformed_polls_are_refused(void** state) {
  static const char* const good[][2] = {
      {"have_message", "true"}, {"topic", "\"t\""},  {"database", "\"d\""}, {"vgroup_id", "1"},
      {"message_type", "1"},    {"message_id", "1"}, {"offset", "0"}};
  static const char* const bad[][2] = {
      {"have_message", "1"},     {"topic", "7"},         {"topic", "\"\""},
      {"topic", "\"a\\u0000\""}, {"database", "1"},      {"vgroup_id", "-1"},
      {"message_type", "256"},   {"message_type", "-1"}, {"message_id", "0"},
      {"message_id", "-1"},      {"offset", "0.5"},      {"vgroup_id", "2147483648"}};
  tuv_tmq_polled_t polled;
  tuv_errmsg_t err = {""};
  (void) state;
  tuv_reply_t reply = read_with(good, COUNT(good), "", "");
  assert_int_equal(tuv_tmq_polled(&reply, &polled, &err), 0);
  for (size_t i = 0; i < COUNT(bad) + 2 * COUNT(good); i++) {
    size_t k = (i - COUNT(bad)) / 2;
    const char* key = i < COUNT(bad) ? bad[i][0] : good[k][0];
    const char* value = i < COUNT(bad) ? bad[i][1] : i % 2 == 0 ? "" : "null";
    reply = read_with(good, COUNT(good), key, value);
    err.text[0] = 0;
    assert_int_equal(tuv_tmq_polled(&reply, &polled, &err), TUV_EPROTO);
    assert_non_null(strstr(err.text, key));
  }
}

static void fetches_are_read_and_refused(void** state) {
  static const char* const good[][2] = {
      {"message_id", "2"},     {"completed", "false"},      {"table_name", "\"\""},
      {"rows", "1"},           {"fields_count", "1"},       {"precision", "0"},
      {"fields_types", "[4]"}, {"fields_names", "[\"a\"]"}, {"fields_lengths", "[4]"}};
  static const char* const bad[][2] = {{"rows", "0"},
                                       {"fields_count", "0"},
                                       {"fields_count", "5000"},
                                       {"precision", "3"},
                                       {"fields_names", "[\"a\",\"b\"]"},
                                       {"fields_names", "[\"a\\u0000\"]"},
                                       {"fields_names", "[1]"},
                                       {"fields_types", "[256]"},
                                       {"fields_lengths", "[1,2]"},
                                       {"fields_lengths", "[268435457]"},
                                       {"table_name", "\"a\\u0000\""},
                                       {"completed", "0"}};
  tuv_tmq_fetched_t fetched;
  tuv_errmsg_t err = {""};
  (void) state;
  tuv_reply_t reply = read_reply("{\"code\":0,\"message_id\":2,\"completed\":true,\"rows\":0}");
  assert_int_equal(tuv_tmq_fetched(&reply, &fetched, &err), 0);
  assert_true(fetched.completed);
  reply = read_reply(
      "{\"code\":0,\"message_id\":2,\"completed\":false,\"table_name\":\"d0\","
      "\"rows\":3,\"fields_count\":2,\"fields_names\":[\"ts\",\"n\"],"
      "\"fields_types\":[9,10],\"fields_lengths\":[8,16],\"precision\":1}");
  assert_int_equal(tuv_tmq_fetched(&reply, &fetched, &err), 0);
  assert_string_equal(fetched.table, "d0");
  assert_int_equal(fetched.fields, 2);
  assert_int_equal(fetched.precision, 1);
  reply = read_with(good, COUNT(good), "", "");
  assert_int_equal(tuv_tmq_fetched(&reply, &fetched, &err), 0);
  for (size_t i = 0; i < COUNT(bad) + 2 * COUNT(good); i++) {
    size_t k = (i - COUNT(bad)) / 2;
    const char* key = i < COUNT(bad) ? bad[i][0] : good[k][0];
    const char* value = i < COUNT(bad) ? bad[i][1] : i % 2 == 0 ? "" : "null";
    reply = read_with(good, COUNT(good), key, value);
    err.text[0] = 0;
    assert_int_equal(tuv_tmq_fetched(&reply, &fetched, &err), TUV_EPROTO);
    assert_non_null(strstr(err.text, key));
  }
}

static void arrays_are_read_and_refused(void** state) {
  yyjson_val* array;
  uint32_t count;
  tuv_tmq_vgroup_t vgroup;
  int64_t offset;
  tuv_errmsg_t err = {""};
  (void) state;
  tuv_reply_t reply = read_reply(
      "{\"code\":0,\"assignment\":[{\"vgroup_id\":116,\"offset\":0,"
      "\"begin\":0,\"end\":3},{\"vgroup_id\":-1}],"
      "\"committed\":[6,-2147467247,\"x\"],\"position\":7,\"empty\":null}");
  assert_int_equal(tuv_tmq_array(&reply, "assignment", &array, &count, &err), 0);
  assert_int_equal(count, 2);
  assert_int_equal(tuv_tmq_read_vgroup(yyjson_arr_get(array, 0), &vgroup, &err), 0);
  assert_int_equal(vgroup.vgroup_id, 116);
  assert_int_equal(vgroup.end, 3);
  assert_int_equal(tuv_tmq_read_vgroup(yyjson_arr_get(array, 1), &vgroup, &err), TUV_EPROTO);
  assert_int_equal(tuv_tmq_array(&reply, "committed", &array, &count, &err), 0);
  assert_int_equal(tuv_tmq_read_int(yyjson_arr_get(array, 1), "committed", &offset, &err), 0);
  assert_int_equal(offset, -2147467247);
  assert_int_equal(tuv_tmq_read_int(yyjson_arr_get(array, 2), "committed", &offset, &err),
                   TUV_EPROTO);
  assert_int_equal(tuv_tmq_array(&reply, "position", &array, &count, &err), TUV_EPROTO);
  assert_int_equal(tuv_tmq_array(&reply, "topics", &array, &count, &err), TUV_EPROTO);
  count = 1;
  assert_int_equal(tuv_tmq_array(&reply, "empty", &array, &count, &err), 0);
  assert_int_equal(count, 0);
}

static void schema_changes_stay_json(void** state) {
  tuv_errmsg_t err;
  size_t length;
  int status;
  (void) state;
  tuv_reply_t reply = read_reply("{\"code\":0,\"data\":{\"type\":\"create\",\"tags\":[1]}}");
  char* text = tuv_tmq_meta(&json, &reply, &length, &status, &err);
  assert_string_equal(text, "{\"type\":\"create\",\"tags\":[1]}");
  assert_int_equal(length, strlen(text));
  tuv_free(&tuv_alloc_default, text);
  reply = read_reply("{\"code\":0,\"data\":null}");
  assert_null(tuv_tmq_meta(&json, &reply, &length, &status, &err));
  assert_int_equal(status, 0);
  static const char* const wrong[] = {"{\"code\":0}", "{\"code\":0,\"data\":true}",
                                      "{\"code\":0,\"data\":[]}", "{\"code\":0,\"data\":\"\"}"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    reply = read_reply(wrong[i]);
    assert_null(tuv_tmq_meta(&json, &reply, &length, &status, &err));
    assert_int_equal(status, TUV_EPROTO);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(small_requests_are_written, set_up, tear_down),
      cmocka_unit_test_setup_teardown(args_are_added, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_poll_with_a_message_is_read, set_up, tear_down),
      cmocka_unit_test_setup_teardown(malformed_polls_are_refused, set_up, tear_down),
      cmocka_unit_test_setup_teardown(fetches_are_read_and_refused, set_up, tear_down),
      cmocka_unit_test_setup_teardown(arrays_are_read_and_refused, set_up, tear_down),
      cmocka_unit_test_setup_teardown(schema_changes_stay_json, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
