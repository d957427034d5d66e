/* Replies of the statement actions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/json/result.h"
#include "wire/status.h"
#include "wire/stmt/reply.h"
#include "wire/types.h"

static tuv_json_t json;
static tuv_errmsg_t err;

static int start(void** state) {
  (void) state;
  tuv_json_init(&json, &tuv_alloc_default);
  return 0;
}

static int finish(void** state) {
  (void) state;
  tuv_json_free(&json);
  return 0;
}

static void parse(const char* members, tuv_reply_t* reply) {
  char text[4000];
  snprintf(text, sizeof text, "{\"code\":0,\"message\":\"\"%s}", members);
  assert_int_equal(tuv_reply_parse(&json, (const uint8_t*) text, strlen(text), reply, &err), 0);
  err.text[0] = 0;
}

static void ids_and_counts_are_checked(void** state) {
  (void) state;
  tuv_reply_t reply;
  uint64_t id;
  int64_t affected;
  parse(",\"stmt_id\":18446744073709551615,\"affected\":7", &reply);
  assert_int_equal(tuv_stmt_reply_id(&reply, &id, &err), 0);
  assert_true(id == UINT64_MAX);
  assert_int_equal(tuv_stmt_reply_affected(&reply, &affected, &err), 0);
  assert_int_equal(affected, 7);
  static const char* const bad[] = {"", ",\"stmt_id\":0,\"affected\":-1",
                                    ",\"stmt_id\":\"1\",\"affected\":1.5",
                                    ",\"stmt_id\":-1,\"affected\":\"2\""};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    parse(bad[i], &reply);
    assert_int_equal(tuv_stmt_reply_id(&reply, &id, &err), TUV_EPROTO);
    assert_true(strlen(err.text) > 0);
    assert_int_equal(tuv_stmt_reply_affected(&reply, &affected, &err), TUV_EPROTO);
    assert_int_equal(affected, 0);
  }
}

/* The fields of PROTOCOL 6.3.1, and some more. */
static const char fields_reply[] =
    ",\"fields\":[{\"name\":\"tbname\",\"field_type\":8,\"precision\":0,\"scale\":0,\"bytes\":271,"
    "\"bind_type\":4},{\"name\":\"g\",\"field_type\":4,\"precision\":0,\"scale\":0,\"bytes\":4,"
    "\"bind_type\":2},{\"name\":\"j\",\"field_type\":15,\"precision\":0,\"scale\":0,"
    "\"bytes\":16384,\"bind_type\":2},"
    "{\"name\":\"ts\",\"field_type\":9,\"precision\":2,\"scale\":0,\"bytes\":8,\"bind_type\":1},"
    "{\"name\":\"n\",\"field_type\":10,\"precision\":0,\"scale\":0,\"bytes\":42,\"bind_type\":1},"
    "{\"name\":\"p\",\"field_type\":20,\"precision\":0,\"scale\":0,\"bytes\":62,\"bind_type\":1},"
    "{\"name\":\"d\",\"field_type\":17,\"precision\":38,\"scale\":10,\"bytes\":16,\"bind_type\":1}]"
    ",\"fields_count\":7";

static void fields_are_read_as_they_were_declared(void** state) {
  (void) state;
  static const taosuv_stmt_field_t want[] = {
      {.name = "tbname", .kind = 4, .type = TAOSUV_TYPE_VARCHAR, .length = 269},
      {.name = "g", .kind = 2, .type = TAOSUV_TYPE_INT},
      {.name = "j", .kind = 2, .type = TAOSUV_TYPE_JSON, .length = 4095},
      {.name = "ts", .kind = 1, .type = TAOSUV_TYPE_TIMESTAMP, .precision = TAOSUV_PRECISION_NS},
      {.name = "n", .kind = 1, .type = TAOSUV_TYPE_NCHAR, .length = 10},
      {.name = "p", .kind = 1, .type = TAOSUV_TYPE_GEOMETRY, .length = 60},
      {.name = "d", .kind = 1, .type = TAOSUV_TYPE_DECIMAL128, .precision = 38, .scale = 10}};
  taosuv_stmt_field_t got[7];
  tuv_stmt_fields_t fields;
  tuv_reply_t reply;
  parse(fields_reply, &reply);
  assert_int_equal(tuv_stmt_reply_fields(&reply, 0, &fields, &err), 0);
  assert_int_equal(fields.count, 7);
  char* names = malloc(fields.names_size);
  assert_ptr_equal(tuv_stmt_fields_copy(&fields, got, names), names + fields.names_size);
  for (size_t i = 0; i < 7; i++) {
    assert_string_equal(got[i].name, want[i].name);
    assert_int_equal(got[i].name_length, strlen(want[i].name));
    assert_int_equal(got[i].kind, want[i].kind);
    assert_int_equal(got[i].type, want[i].type);
    assert_int_equal(got[i].precision, want[i].precision);
    assert_int_equal(got[i].scale, want[i].scale);
    assert_int_equal(got[i].length, want[i].length);
  }
  /* The first version does not say what they are for. */
  assert_int_equal(tuv_stmt_reply_fields(&reply, TAOSUV_BIND_TAG, &fields, &err), 0);
  tuv_stmt_fields_copy(&fields, got, names);
  assert_int_equal(got[3].kind, TAOSUV_BIND_TAG);
  free(names);
}

static void what_is_null_or_unknown_is_passed_over(void** state) {
  (void) state;
  taosuv_stmt_field_t got[1];
  tuv_stmt_fields_t fields;
  tuv_reply_t reply;
  parse(
      ",\"more\":[7],\"fields\":[{\"name\":\"a\",\"field_type\":8,\"precision\":null,\"scale\":"
      "null,"
      "\"bytes\":null,\"bind_type\":1,\"nullable\":true,\"default\":{\"a\":[]}}]",
      &reply);
  assert_int_equal(tuv_stmt_reply_fields(&reply, 0, &fields, &err), 0);
  char names[2];
  assert_int_equal(fields.names_size, sizeof names);
  tuv_stmt_fields_copy(&fields, got, names);
  assert_int_equal(got[0].type, TAOSUV_TYPE_VARCHAR);
  assert_int_equal(got[0].length, 0);
  static const char* const needed[] = {"[{\"name\":null,\"field_type\":8,\"bind_type\":1}]",
                                       "[{\"name\":\"a\",\"field_type\":null,\"bind_type\":1}]",
                                       "[{\"name\":\"a\",\"field_type\":8,\"bind_type\":null}]"};
  for (size_t i = 0; i < 3; i++) {
    char members[128];
    snprintf(members, sizeof members, ",\"fields\":%s", needed[i]);
    parse(members, &reply);
    assert_int_equal(tuv_stmt_reply_fields(&reply, 0, &fields, &err), TUV_EPROTO);
  }
}

static void no_fields_are_none(void** state) {
  (void) state;
  tuv_stmt_fields_t fields;
  tuv_reply_t reply;
  static const char* const none[] = {"", ",\"fields\":null", ",\"fields\":[]"};
  for (size_t i = 0; i < 3; i++) {
    parse(none[i], &reply);
    assert_int_equal(tuv_stmt_reply_fields(&reply, 0, &fields, &err), 0);
    assert_int_equal(fields.count, 0);
    assert_int_equal(fields.names_size, 0);
    assert_null(tuv_stmt_fields_copy(&fields, NULL, NULL));
  }
}

/* A field that is good but for one member. */
static void malformed_fields_are_refused(void** state) {
  (void) state;
  static const char* const bad[][2] = {
      {"name", "7"},        {"name", "\"a\\u0000\""}, {"field_type", "0"},
      {"field_type", "22"}, {"field_type", "256"},    {"bind_type", "0"},
      {"bind_type", "5"},   {"bind_type", ""},        {"precision", "3"},
      {"precision", ""},    {"scale", "-1"},          {"bytes", "4294967296"}};
  static const char* const members[][2] = {{"name", "\"a\""},  {"field_type", "9"},
                                           {"bind_type", "1"}, {"precision", "0"},
                                           {"scale", "0"},     {"bytes", "8"}};
  tuv_stmt_fields_t fields;
  tuv_reply_t reply;
  for (size_t i = 0; i <= sizeof bad / sizeof bad[0]; i++) {
    bool good = i == sizeof bad / sizeof bad[0];
    char text[256] = ",\"fields\":[{\"x\":0";
    for (size_t k = 0; k < sizeof members / sizeof members[0]; k++) {
      bool this_one = !good && strcmp(members[k][0], bad[i][0]) == 0;
      const char* value = this_one ? bad[i][1] : members[k][1];
      size_t at = strlen(text);
      if (value[0] != 0) snprintf(text + at, sizeof text - at, ",\"%s\":%s", members[k][0], value);
    }
    strcat(text, "}]");
    parse(text, &reply);
    int status = tuv_stmt_reply_fields(&reply, 0, &fields, &err);
    if (status != (good ? 0 : TUV_EPROTO)) fail_msg("%s: %d", text, status);
    if (!good) assert_true(strlen(err.text) > 0);
  }
  static const char* const lists[] = {",\"fields\":7", ",\"fields\":{}", ",\"fields\":[7]",
                                      ",\"fields\":[{}]"};
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
    parse(lists[i], &reply);
    assert_int_equal(tuv_stmt_reply_fields(&reply, 0, &fields, &err), TUV_EPROTO);
  }
}

static void a_result_is_read_with_its_declared_widths(void** state) {
  (void) state;
  static const struct {
    uint8_t type;
    int64_t stored, declared;
  } widths[] = {{TAOSUV_TYPE_VARCHAR, 12, 10},   {TAOSUV_TYPE_NCHAR, 42, 10},
                {TAOSUV_TYPE_VARBINARY, 12, 10}, {TAOSUV_TYPE_GEOMETRY, 102, 100},
                {TAOSUV_TYPE_JSON, 16384, 4095}, {TAOSUV_TYPE_INT, 4, 4},
                {TAOSUV_TYPE_VARCHAR, 1, 0},     {TAOSUV_TYPE_JSON, 0, 0}};
  for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++)
    assert_int_equal(tuv_declared_width(widths[i].type, widths[i].stored), widths[i].declared);
  tuv_reply_t reply;
  tuv_query_reply_t query;
  static const char members[] =
      ",\"stmt_id\":3,\"id\":2,\"result_id\":5,\"fields_count\":1,\"fields_names\":[\"v\"],"
      "\"fields_types\":[10],\"fields_lengths\":[42],\"precision\":1";
  parse(members, &reply);
  assert_int_equal(tuv_reply_stmt_result(&reply, "id", true, &query, &err), 0);
  assert_int_equal(query.id, 2);
  assert_true(query.storage_widths && query.fields == 1 && query.precision == 1);
  assert_int_equal(tuv_reply_stmt_result(&reply, "result_id", true, &query, &err), 0);
  assert_int_equal(query.id, 5);
  assert_int_equal(tuv_reply_stmt_result(&reply, "id", false, &query, &err), 0);
  assert_false(query.storage_widths);
  assert_int_equal(tuv_reply_stmt_result(&reply, "none", true, &query, &err), TUV_EPROTO);
  /* Nothing of NCHAR has 11 bytes in storage. */
  parse(
      ",\"id\":2,\"fields_count\":2,\"fields_names\":[\"c\",\"n\"],\"fields_types\":[8,10],"
      "\"fields_lengths\":[20,11],\"precision\":1",
      &reply);
  assert_int_equal(tuv_reply_stmt_result(&reply, "id", true, &query, &err), 0);
  assert_false(query.storage_widths);
  parse(",\"id\":2,\"fields_count\":0", &reply);
  assert_int_equal(tuv_reply_stmt_result(&reply, "id", true, &query, &err), TUV_EPROTO);
}

int main(void) {
#define JSON_TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)
  const struct CMUnitTest tests[] = {
      JSON_TEST(ids_and_counts_are_checked),
      JSON_TEST(fields_are_read_as_they_were_declared),
      JSON_TEST(what_is_null_or_unknown_is_passed_over),
      JSON_TEST(no_fields_are_none),
      JSON_TEST(malformed_fields_are_refused),
      JSON_TEST(a_result_is_read_with_its_declared_widths),
  };
  return cmocka_run_group_tests_name("stmt_reply", tests, NULL, NULL);
}
