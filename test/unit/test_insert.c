/* The message `insert`: written, and read again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <yyjson.h>

#include "wire/lines/insert.h"

static tuv_insert_t insert_of(const char* text, size_t size) {
  tuv_insert_t insert = {.protocol = 1, .text = (const uint8_t*) text, .size = size};
  return insert;
}

/* The whole message, escaped in pieces of this size. */
static uint8_t* message_of(const tuv_insert_t* insert, size_t room, size_t* size) {
  size_t escaped = tuv_insert_escaped(insert->text, insert->size);
  uint8_t* message = malloc(TUV_INSERT_HEAD_MAX + escaped + 6 + sizeof TUV_INSERT_END);
  assert_non_null(message);
  size_t at = tuv_insert_head(message, 18446744073709551615u, insert);
  size_t head = at;
  for (size_t done = 0, used = 0; done < insert->size; done += used) {
    size_t left = escaped - (at - head);
    at += tuv_insert_escape(message + at, room < left || left < 6 ? room : left,
                            insert->text + done, insert->size - done, &used);
    assert_true(used > 0);
  }
  assert_int_equal(at - head, escaped);
  memcpy(message + at, TUV_INSERT_END, strlen(TUV_INSERT_END));
  *size = at + strlen(TUV_INSERT_END);
  return message;
}

static void is_text(const tuv_insert_t* insert, const char* expected) {
  size_t size;
  uint8_t* message = message_of(insert, 64, &size);
  assert_int_equal(size, strlen(expected));
  assert_memory_equal(message, expected, size);
  free(message);
}

/* For a server that refuses a message without a precision. */
static void a_precision_is_named_where_it_must_be(void** state) {
  (void) state;
  tuv_insert_t insert = insert_of("m v=1", 5), read;
  insert.must_name = true;
  is_text(&insert,
          "{\"action\":\"insert\",\"args\":{\"req_id\":18446744073709551615,"
          "\"protocol\":1,\"precision\":\"ns\",\"data\":\"m v=1\"}}");
  insert.protocol = 2; /* one that no server knows means the usual */
  is_text(&insert,
          "{\"action\":\"insert\",\"args\":{\"req_id\":18446744073709551615,"
          "\"protocol\":2,\"precision\":\"none\",\"data\":\"m v=1\"}}");
  size_t size;
  yyjson_doc* doc;
  uint8_t* message = message_of(&insert, 64, &size);
  assert_true(tuv_insert_read(NULL, message, size, &doc, &read));
  assert_int_equal(read.precision, TUV_INSERT_NO_PRECISION);
  assert_false(read.must_name);
  yyjson_doc_free(doc);
  free(message);
}

static void what_is_not_given_is_not_written(void** state) {
  (void) state;
  tuv_insert_t insert = insert_of("m v=1", 5);
  is_text(&insert,
          "{\"action\":\"insert\",\"args\":{\"req_id\":18446744073709551615,"
          "\"protocol\":1,\"data\":\"m v=1\"}}");
  insert.protocol = 3;
  insert.precision = TUV_INSERT_US;
  insert.ttl = 30;
  insert.key = "ho\"st";
  insert.key_length = 5;
  is_text(&insert,
          "{\"action\":\"insert\",\"args\":{\"req_id\":18446744073709551615,"
          "\"protocol\":3,\"precision\":\"u\",\"ttl\":30,\"table_name_key\":\"ho\\\"st\","
          "\"data\":\"m v=1\"}}");
}

static void precisions_have_the_servers_names(void** state) {
  static const char* const names[] = {"", "h", "m", "s", "ms", "u", "ns", ""};
  (void) state;
  for (unsigned int i = 0; i < sizeof names / sizeof *names; i++)
    assert_string_equal(tuv_insert_precision(i), names[i]);
}

static void same(const tuv_insert_t* a, const tuv_insert_t* b) {
  assert_int_equal(a->protocol, b->protocol);
  assert_int_equal(a->precision, b->precision);
  assert_int_equal(a->ttl, b->ttl);
  assert_int_equal(a->key_length, b->key_length);
  if (a->key_length > 0) assert_memory_equal(a->key, b->key, a->key_length);
  assert_int_equal(a->size, b->size);
  assert_memory_equal(a->text, b->text, a->size);
}

static void every_byte_comes_back_from_message_and_payload(void** state) {
  uint8_t text[0x7f + 8];
  char key[TUV_INSERT_KEY_MAX];
  (void) state;
  for (size_t i = 0; i < 0x7f; i++) text[i] = (uint8_t) (i + 1);
  memcpy(text + 0x7f, "\xe6\xb6\x9b\xe6\x80\x9d\n\"", 8);
  memset(key, 1, sizeof key); /* each is six bytes in the message */
  for (unsigned int precision = 0; precision < TUV_INSERT_PRECISIONS; precision++) {
    uint8_t payload[TUV_INSERT_PACK_MAX + sizeof text];
    size_t size;
    yyjson_doc* doc;
    tuv_insert_t back;
    tuv_insert_t insert = insert_of((const char*) text, sizeof text);
    insert.precision = (uint8_t) precision;
    insert.ttl = precision == 3 ? UINT64_MAX : precision;
    insert.key = precision == 0 ? NULL : key;
    insert.key_length = precision == 0 ? 0 : sizeof key;
    uint8_t* message = message_of(&insert, 6 + precision, &size);
    assert_true(tuv_insert_read(NULL, message, size, &doc, &back));
    same(&insert, &back);
    yyjson_doc_free(doc);
    size_t head = tuv_insert_pack(payload, &insert);
    assert_in_range(head, 16, TUV_INSERT_PACK_MAX);
    memcpy(payload + head, text, sizeof text);
    tuv_insert_unpack(payload, head + sizeof text, &back);
    same(&insert, &back);
    free(message);
  }
}

static void other_messages_are_not_read(void** state) {
  static const char* const texts[] = {
      "",
      "{",
      "[]",
      "{}",
      "{\"action\":\"insert\",\"args\":{\"protocol\":1,\"data\":7}}",
      "{\"action\":\"query\",\"args\":{\"data\":\"m v=1\"}}",
      "{\"action\":\"insert\",\"args\":{\"protocol\":1,\"precision\":\"x\",\"data\":\"m v=1\"}}"};
  (void) state;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    yyjson_doc* doc = (yyjson_doc*) &doc;
    tuv_insert_t insert;
    assert_false(tuv_insert_read(NULL, (const uint8_t*) texts[i], strlen(texts[i]), &doc, &insert));
    assert_null(doc);
  }
}

static void sizes_do_not_wrap(void** state) {
  static const uint8_t byte = 1;
  (void) state;
  assert_int_equal(tuv_insert_escaped(&byte, 1), 6);
  assert_int_equal(tuv_insert_escaped(NULL, 0), 0);
  assert_true(tuv_insert_escaped(&byte, SIZE_MAX / 6 + 1) == SIZE_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_not_given_is_not_written),
      cmocka_unit_test(a_precision_is_named_where_it_must_be),
      cmocka_unit_test(precisions_have_the_servers_names),
      cmocka_unit_test(every_byte_comes_back_from_message_and_payload),
      cmocka_unit_test(other_messages_are_not_read),
      cmocka_unit_test(sizes_do_not_wrap),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
