/* Binary messages: requests as documented, recorded replies, and the lies a reply can tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data.h"
#include "wire/block/message.h"
#include "wire/status.h"

static const char* const recordings[] = {"query_super.jsonl", "query_types_ms.jsonl", "stmt2.jsonl",
                                         "errors.jsonl", "query_multi_block.jsonl"};

static const uint8_t end_reply[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 7, 0, 0, 0, 0,
                                    0,    0,    0,    1,    0,    0xdb, 0x5e, 0x0b, 0, 0, 0, 0, 0,
                                    0x28, 1,    0,    0,    0,    0,    0,    0,    0, 0, 0, 0, 0,
                                    0,    0,    0,    6,    0,    0,    0,    0,    0, 0, 0, 1};

/* ---- requests ---- */

static void a_query_s_head_is_as_documented(void** state) {
  (void) state;
  const uint8_t expected[] = {0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                              0,    6, 0, 0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 0, 0};
  uint8_t head[TUV_MSG_QUERY_HEAD];
  tuv_msg_query_head(head, 0x12, 8);
  assert_int_equal(sizeof expected, sizeof head);
  assert_memory_equal(head, expected, sizeof head);
  tuv_msg_query_head(head, 0xF1E2D3C4B5A69788u, 0xFFEEDDCCu);
  assert_memory_equal(head, "\x88\x97\xa6\xb5\xc4\xd3\xe2\xf1", 8);
  assert_memory_equal(head + 26, "\xcc\xdd\xee\xff", 4);
}

static void a_fetch_is_as_documented(void** state) {
  (void) state;
  const uint8_t expected[] = {0x13, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0,
                              0,    0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 0};
  uint8_t fetch[TUV_MSG_FETCH_SIZE];
  tuv_msg_fetch(fetch, 0x13, 1);
  assert_int_equal(sizeof expected, sizeof fetch);
  assert_memory_equal(fetch, expected, sizeof fetch);
}

/* ---- replies ---- */

/* Reads a copy that lies in a heap block of exactly its size. */
static int read_reply(const uint8_t* bytes, size_t size, tuv_msg_fetched_t* out, uint64_t* id) {
  uint8_t* copy = malloc(size == 0 ? 1 : size);
  assert_non_null(copy);
  if (size > 0) memcpy(copy, bytes, size);
  tuv_errmsg_t err = {""};
  *id = 0;
  tuv_msg_key_t key = tuv_msg_key(copy, size, id);
  int status = TUV_EPROTO;
  if (key != TUV_MSG_NONE) {
    status = tuv_msg_fetched(copy, size, key, out, &err);
    if (status < 0) assert_true(err.text[0] != '\0');
    if (status == 0) {
      assert_int_equal((out->code != 0) + out->finished + (out->block != NULL), 1);
      assert_true(out->message_size <= size && out->block_size <= size);
      if (out->block != NULL) assert_ptr_equal(out->block + out->block_size, copy + size);
    }
  }
  free(copy);
  return status;
}

static void put(uint8_t* out, uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; i++) out[i] = (uint8_t) (value >> (8 * i));
}

/* Changes one field to each of many values and requires that the reply is refused, unless it is
 * the value it had. */
static void lie(const uint8_t* bytes, size_t size, size_t at, unsigned width) {
  static const uint64_t values[] = {0,          1,          2,           6,          8,
                                    255,        65535,      65536,       0x7FFFFFFF, 0x80000000,
                                    0xFFFFFF00, 0xFFFFFFFF, 0x100000007, UINT64_MAX};
  uint8_t* copy = malloc(size);
  assert_non_null(copy);
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    tuv_msg_fetched_t out;
    uint64_t id;
    memcpy(copy, bytes, size);
    put(copy + at, values[i], width);
    if (memcmp(copy, bytes, size) == 0) continue;
    if (read_reply(copy, size, &out, &id) != TUV_EPROTO)
      fail_msg("%zu bytes: %llu at %zu was believed", size, (unsigned long long) values[i], at);
  }
  free(copy);
}

static void lie_in_every_field(const uint8_t* bytes, size_t size, const tuv_msg_fetched_t* good) {
  lie(bytes, size, 8, 8);  /* action */
  lie(bytes, size, 16, 2); /* version */
  if (good->block == NULL) {
    uint8_t* copy = malloc(size);
    tuv_msg_fetched_t out;
    uint64_t id;
    memcpy(copy, bytes, size);
    const uint32_t sizes[] = {good->message_size + 1, (uint32_t) size, 0x7FFFFFFF, 0xFFFFFFF7u,
                              0xFFFFFFFF};
    for (size_t i = 0; i < 5; i++) {
      put(copy + 38, sizes[i], 4);
      assert_int_equal(read_reply(copy, size, &out, &id), TUV_EPROTO);
    }
    free(copy);
    return;
  }
  lie(bytes, size, 51 + good->message_size, 4); /* block length */
  lie(bytes, size - 1, 51 + good->message_size, 4);
}

static void truncate_everywhere(const uint8_t* bytes, size_t size) {
  tuv_msg_fetched_t out;
  uint64_t id;
  for (size_t length = 0; length < size; length += length < 200 ? 1 : 97)
    if (read_reply(bytes, length, &out, &id) != TUV_EPROTO)
      fail_msg("%zu of %zu bytes were enough", length, size);
  assert_int_equal(read_reply(bytes, size - 1, &out, &id), TUV_EPROTO);
}

typedef struct {
  unsigned blocks, ends, errors;
} seen_t;

static void check_recorded(const uint8_t* bytes, size_t size, seen_t* seen) {
  tuv_msg_fetched_t good;
  uint64_t id;
  assert_int_equal(read_reply(bytes, size, &good, &id), 0);
  assert_in_range(id, 1, 100000); /* the recording's request ids */
  assert_in_range(good.result_id, 0, 12345);
  assert_in_range(good.timing, 1, 60000000000u);
  seen->blocks += good.block != NULL;
  seen->ends += good.finished;
  seen->errors += good.code != 0;
  truncate_everywhere(bytes, size);
  lie_in_every_field(bytes, size, &good);
}

static void recorded_replies_are_read_and_no_lie_is_believed(void** state) {
  (void) state;
  seen_t seen = {0};
  for (size_t i = 0; i < sizeof recordings / sizeof recordings[0]; i++) {
    td_jsonl_t lines;
    td_jsonl_open(&lines, recordings[i]);
    for (yyjson_val* line; (line = td_jsonl_next(&lines)) != NULL;) {
      size_t length, size;
      const char* hex = td_str(line, "hex", &length);
      if (strcmp(td_str(line, "dir", NULL), "recv") != 0 || length == 0) continue;
      uint8_t* bytes = td_hex(hex, length, &size);
      uint64_t id;
      if (tuv_msg_key(bytes, size, &id) == TUV_MSG_BY_REQ_ID) check_recorded(bytes, size, &seen);
      free(bytes);
    }
    td_jsonl_close(&lines);
  }
  assert_in_range(seen.blocks, 20, 1000);
  assert_in_range(seen.ends, 5, 1000);
  assert_in_range(seen.errors, 1, 1000);
}

static void the_end_is_no_error_and_no_block(void** state) {
  (void) state;
  tuv_msg_fetched_t out;
  uint64_t id;
  assert_int_equal(read_reply(end_reply, sizeof end_reply, &out, &id), 0);
  assert_true(out.finished);
  assert_int_equal(id, 0x128);
  assert_int_equal(out.result_id, 6);
  assert_int_equal(out.timing, 0x0b5edb);
}

static void an_error_has_its_code_and_text_whatever_else_it_says(void** state) {
  (void) state;
  static const char text[] = "result is nil";
  uint8_t bytes[51 + 13 + 20] = {0};
  for (uint8_t finished = 0; finished < 2; finished++) {
    for (size_t size = 51 + 13; size <= sizeof bytes; size++) {
      memcpy(bytes, end_reply, 42);
      put(bytes + 34, 0xFFFF, 4);
      put(bytes + 38, 13, 4);
      memcpy(bytes + 42, text, 13);
      put(bytes + 55, 9, 8);
      bytes[63] = finished;
      tuv_errmsg_t err;
      tuv_msg_fetched_t out;
      assert_int_equal(tuv_msg_fetched(bytes, size, TUV_MSG_BY_REQ_ID, &out, &err), 0);
      assert_int_equal(out.code, 0xFFFF);
      assert_int_equal(out.message_size, 13);
      assert_memory_equal(out.message, text, 13);
      assert_int_equal(out.result_id, 9);
      assert_false(out.finished); /* exactly one of the three holds */
      assert_null(out.block);
    }
  }
}

static void the_old_form_is_known_by_its_first_bytes(void** state) {
  (void) state;
  const uint8_t bytes[] = {0xfc, 0x25, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 'b', 'l'};
  uint64_t id = 0;
  tuv_msg_fetched_t out;
  tuv_errmsg_t err;
  assert_int_equal(tuv_msg_key(bytes, 15, &id), TUV_MSG_NONE);
  assert_int_equal(id, 0);
  assert_int_equal(tuv_msg_key(bytes, sizeof bytes, &id), TUV_MSG_BY_RESULT);
  assert_int_equal(id, 4);
  assert_int_equal(tuv_msg_fetched(bytes, sizeof bytes, TUV_MSG_BY_RESULT, &out, &err), 0);
  assert_int_equal(out.timing, 0x25fc);
  assert_int_equal(out.result_id, 4);
  assert_ptr_equal(out.block, bytes + 16);
  assert_int_equal(out.block_size, 2);
  assert_int_equal(out.code, 0);
  assert_false(out.finished);
  assert_int_equal(tuv_msg_fetched(bytes, 16, TUV_MSG_BY_RESULT, &out, &err), TUV_EPROTO);
  assert_string_equal(err.text, "the reply to fetch_block has no block");
}

static void a_short_message_names_no_request(void** state) {
  (void) state;
  uint8_t bytes[40];
  memcpy(bytes, end_reply, sizeof bytes);
  uint64_t id = 77;
  for (size_t size = 8; size < 34; size++)
    assert_int_equal(tuv_msg_key(bytes, size, &id), TUV_MSG_NONE);
  bytes[7] = 0; /* the old form */
  for (size_t size = 0; size < 16; size++)
    assert_int_equal(tuv_msg_key(bytes, size, &id), TUV_MSG_NONE);
  assert_int_equal(id, 77);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_query_s_head_is_as_documented),
      cmocka_unit_test(a_fetch_is_as_documented),
      cmocka_unit_test(recorded_replies_are_read_and_no_lie_is_believed),
      cmocka_unit_test(the_end_is_no_error_and_no_block),
      cmocka_unit_test(an_error_has_its_code_and_text_whatever_else_it_says),
      cmocka_unit_test(the_old_form_is_known_by_its_first_bytes),
      cmocka_unit_test(a_short_message_names_no_request),
  };
  return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
