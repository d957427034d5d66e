/* Raw messages of TMQ: every recorded one decoded and compared with its rows, cut and spoiled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <yyjson.h>

#include "data.h"
#include "wire/block/block.h"
#include "wire/status.h"
#include "wire/tmq/message.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A binary reply of a recording, in an allocation of its own size. */
typedef struct reply_s {
  char place[64];
  bool block; /* of fetch_block */
  uint8_t* bytes;
  size_t size;
} reply_t;

typedef struct replies_s {
  reply_t list[32];
  size_t count;
} replies_t;

static void read_recording(replies_t* replies, const char* file) {
  td_jsonl_t lines;
  yyjson_val* event;
  bool block = false;
  td_jsonl_open(&lines, file);
  while ((event = td_jsonl_next(&lines)) != NULL) {
    size_t length;
    const char* hex = td_str(event, "hex", &length);
    if (strcmp(td_str(event, "dir", NULL), "send") == 0)
      block = strstr(td_str(event, "text", NULL), "\"fetch_block\"") != NULL;
    if (length == 0) continue;
    assert_true(replies->count < COUNT(replies->list));
    reply_t* reply = &replies->list[replies->count++];
    snprintf(reply->place, sizeof reply->place, "%s:%zu", file, lines.line);
    reply->block = block;
    reply->bytes = td_hex(hex, length, &reply->size);
  }
  td_jsonl_close(&lines);
}

static int load(void** state) {
  replies_t* replies = calloc(1, sizeof *replies);
  read_recording(replies, "tmq_topic.jsonl");
  read_recording(replies, "tmq_topic_stb.jsonl");
  *state = replies;
  return 0;
}

static int unload(void** state) {
  replies_t* replies = *state;
  for (size_t i = 0; i < replies->count; i++) free(replies->list[i].bytes);
  free(replies);
  return 0;
}

/* ---- rows as text ---- */

typedef struct out_s {
  char text[8192];
  size_t length;
} out_t;

static void say(out_t* out, const char* format, ...) {
  va_list args;
  va_start(args, format);
  int length = vsnprintf(out->text + out->length, sizeof out->text - out->length, format, args);
  va_end(args);
  assert_true(length >= 0 && (size_t) length < sizeof out->text - out->length);
  out->length += (size_t) length;
}

static void say_rows(out_t* out, const uint8_t* data, size_t size, uint8_t precision) {
  tuv_errmsg_t err;
  tuv_block_head_t head;
  taosuv_column_t columns[16];
  char cell[128];
  assert_int_equal(tuv_block_head(data, size, &head, &err), 0);
  assert_true(head.columns <= COUNT(columns));
  assert_int_equal(tuv_block_parse(data, size, &head, precision, columns, &err), 0);
  for (uint32_t row = 0; row < head.rows; row++) {
    for (uint32_t i = 0; i < head.columns; i++) {
      assert_true(taosuv_format_cell(&columns[i], row, 0, cell, sizeof cell) >= 0);
      say(out, i == 0 ? "%s" : ",%s", cell);
    }
    say(out, "\n");
  }
}

static void say_message(out_t* out, const tuv_tmq_reply_t* reply) {
  tuv_tmq_reader_t reader;
  tuv_tmq_part_t part;
  tuv_errmsg_t err = {""};
  assert_int_equal(tuv_tmq_open(&reader, reply->data, reply->size, &err), 0);
  say(out, "%lld to %lld\n", (long long) reader.begin, (long long) reader.end);
  int status;
  while ((status = tuv_tmq_next(&reader, &part, &err)) > 0) {
    const uint8_t* schema = part.schema;
    say(out, "[%s]", part.table);
    for (uint32_t i = 0; i < part.columns; i++) {
      tuv_tmq_field_t field;
      schema = tuv_tmq_field(schema, &field);
      say(out, " %s:%u(%d)", field.name, field.type, field.bytes);
    }
    say(out, "\n");
    say_rows(out, part.block, part.size, part.precision);
  }
  if (status < 0) fail_msg("%s", err.text);
}

/* What the recorded messages hold, in the order of the recordings. */
static const struct {
  uint16_t raw_type; /* 0: a block */
  const char* text;  /* "": of a type that has no rows to be read */
} expected[] = {
    {2,
     "0 to 4\n"
     "[] tbname:8(272) ts:9(8) current:6(4) voltage:4(4) note:10(66) location:8(26)\n"
     "d0,2023-11-14T22:13:20.000Z,0.5,0,数0,loc0\n"
     "d0,2023-11-14T22:13:20.001Z,1.5,1,数1,loc0\n"
     "d0,2023-11-14T22:13:20.002Z,2.5,2,数2,loc0\n"
     "d0,2023-11-14T22:13:20.003Z,3.5,NULL,数3,loc0\n"
     "d0,2023-11-14T22:13:20.004Z,4.5,4,数4,loc0\n"
     "[] tbname:8(272) ts:9(8) current:6(4) voltage:4(4) note:10(66) location:8(26)\n"
     "d1,2023-11-14T22:13:20.000Z,0.5,0,数0,loc1\n"
     "d1,2023-11-14T22:13:20.001Z,1.5,1,数1,loc1\n"
     "d1,2023-11-14T22:13:20.002Z,2.5,2,数2,loc1\n"
     "d1,2023-11-14T22:13:20.003Z,3.5,NULL,数3,loc1\n"
     "d1,2023-11-14T22:13:20.004Z,4.5,4,数4,loc1\n"
     "[] tbname:8(272) ts:9(8) current:6(4) voltage:4(4) note:10(66) location:8(26)\n"
     "d2,2023-11-14T22:13:20.000Z,0.5,0,数0,loc2\n"
     "d2,2023-11-14T22:13:20.001Z,1.5,1,数1,loc2\n"
     "d2,2023-11-14T22:13:20.002Z,2.5,2,数2,loc2\n"
     "d2,2023-11-14T22:13:20.003Z,3.5,NULL,数3,loc2\n"
     "d2,2023-11-14T22:13:20.004Z,4.5,4,数4,loc2\n"},
    {0,
     "d0,2023-11-14T22:13:20.010Z,10.5,10,数10,loc0\n"
     "d0,2023-11-14T22:13:20.011Z,11.5,11,数11,loc0\n"
     "d0,2023-11-14T22:13:20.012Z,12.5,12,数12,loc0\n"},
    {0,
     "d1,2023-11-14T22:13:20.010Z,10.5,10,数10,loc1\n"
     "d1,2023-11-14T22:13:20.011Z,11.5,11,数11,loc1\n"
     "d1,2023-11-14T22:13:20.012Z,12.5,12,数12,loc1\n"},
    {0,
     "d2,2023-11-14T22:13:20.010Z,10.5,10,数10,loc2\n"
     "d2,2023-11-14T22:13:20.011Z,11.5,11,数11,loc2\n"
     "d2,2023-11-14T22:13:20.012Z,12.5,12,数12,loc2\n"},
    {2,
     "3 to 6\n"
     "[] tbname:8(272) ts:9(8) current:6(4) voltage:4(4) note:10(66) location:8(26)\n"
     "d7,2023-11-14T22:13:20.050Z,1,2,n,loc7\n"},
    {5, ""},
    {5, ""},
    {4,
     "2 to 5\n"
     "[d0] ts:9(8) current:6(4) voltage:4(4) note:10(66)\n"
     "2023-11-14T22:13:20.000Z,0.5,0,数0\n"
     "2023-11-14T22:13:20.001Z,1.5,1,数1\n"
     "2023-11-14T22:13:20.002Z,2.5,2,数2\n"
     "2023-11-14T22:13:20.003Z,3.5,NULL,数3\n"
     "2023-11-14T22:13:20.004Z,4.5,4,数4\n"
     "[d1] ts:9(8) current:6(4) voltage:4(4) note:10(66)\n"
     "2023-11-14T22:13:20.000Z,0.5,0,数0\n"
     "2023-11-14T22:13:20.001Z,1.5,1,数1\n"
     "2023-11-14T22:13:20.002Z,2.5,2,数2\n"
     "2023-11-14T22:13:20.003Z,3.5,NULL,数3\n"
     "2023-11-14T22:13:20.004Z,4.5,4,数4\n"
     "[d2] ts:9(8) current:6(4) voltage:4(4) note:10(66)\n"
     "2023-11-14T22:13:20.000Z,0.5,0,数0\n"
     "2023-11-14T22:13:20.001Z,1.5,1,数1\n"
     "2023-11-14T22:13:20.002Z,2.5,2,数2\n"
     "2023-11-14T22:13:20.003Z,3.5,NULL,数3\n"
     "2023-11-14T22:13:20.004Z,4.5,4,数4\n"},
    {0,
     "2023-11-14T22:13:20.010Z,10.5,10,数10\n"
     "2023-11-14T22:13:20.011Z,11.5,11,数11\n"
     "2023-11-14T22:13:20.012Z,12.5,12,数12\n"},
    {0,
     "2023-11-14T22:13:20.010Z,10.5,10,数10\n"
     "2023-11-14T22:13:20.011Z,11.5,11,数11\n"
     "2023-11-14T22:13:20.012Z,12.5,12,数12\n"},
    {0,
     "2023-11-14T22:13:20.010Z,10.5,10,数10\n"
     "2023-11-14T22:13:20.011Z,11.5,11,数11\n"
     "2023-11-14T22:13:20.012Z,12.5,12,数12\n"},
    {5, ""},
    {5, ""},
    {2,
     "7 to 10\n"
     "[d7] ts:9(8) current:6(4) voltage:4(4) note:10(66) extra:4(4)\n"
     "2023-11-14T22:13:20.050Z,1,2,n,3\n"},
};

static void read_reply(const reply_t* reply, tuv_tmq_reply_t* head) {
  tuv_errmsg_t err = {""};
  int status = reply->block ? tuv_tmq_block_reply(reply->bytes, reply->size, head, &err)
                            : tuv_tmq_raw_reply(reply->bytes, reply->size, head, &err);
  if (status < 0) fail_msg("%s: %s", reply->place, err.text);
}

static bool readable(const tuv_tmq_reply_t* head) {
  return head->raw_type == TUV_TMQ_RAW_DATA || head->raw_type == TUV_TMQ_RAW_METADATA;
}

static void recorded_messages_have_their_rows(void** state) {
  const replies_t* replies = *state;
  assert_int_equal(replies->count, COUNT(expected));
  for (size_t i = 0; i < replies->count; i++) {
    const reply_t* reply = &replies->list[i];
    tuv_tmq_reply_t head;
    out_t out = {.length = 0};
    read_reply(reply, &head);
    assert_int_equal(head.req_id, tuv_tmq_req_id(reply->bytes, reply->size));
    assert_int_equal(head.code, 0);
    assert_int_not_equal(head.message_id, 0);
    assert_int_equal(head.raw_type, expected[i].raw_type);
    if (reply->block) say_rows(&out, head.data, head.size, TAOSUV_PRECISION_MS);
    if (readable(&head)) say_message(&out, &head);
    if (strcmp(out.text, expected[i].text) != 0) fail_msg("%s has\n%s", reply->place, out.text);
  }
}

/* Reads all that a reply has, whatever it says; returns whether all of it was accepted. */
static bool walk(const uint8_t* bytes, size_t size) {
  tuv_tmq_reply_t head;
  tuv_tmq_reader_t reader;
  tuv_tmq_part_t part;
  tuv_errmsg_t err = {""};
  if (tuv_tmq_raw_reply(bytes, size, &head, &err) < 0) {
    assert_int_not_equal(err.text[0], 0);
    return false;
  }
  if (head.code != 0 || !readable(&head)) return true;
  if (tuv_tmq_open(&reader, head.data, head.size, &err) < 0) return false;
  int status;
  while ((status = tuv_tmq_next(&reader, &part, &err)) > 0) {
    const uint8_t* schema = part.schema;
    tuv_tmq_field_t field;
    for (uint32_t i = 0; i < part.columns; i++) schema = tuv_tmq_field(schema, &field);
  }
  if (status < 0) assert_int_not_equal(err.text[0], 0);
  return status == 0;
}

/* Each shorter one is refused; but for the trailer, which nobody reads, also as payload. */
static void cut_messages_are_refused(void** state) {
  const replies_t* replies = *state;
  for (size_t i = 0; i < replies->count; i++) {
    const reply_t* reply = &replies->list[i];
    if (reply->block) continue;
    for (size_t size = 0; size < reply->size; size++) {
      uint8_t* bytes = malloc(size == 0 ? 1 : size);
      memcpy(bytes, reply->bytes, size);
      if (walk(bytes, size)) fail_msg("%s is accepted with %zu bytes", reply->place, size);
      free(bytes);
    }
  }
}

static void cut_payloads_are_refused(void** state) {
  const replies_t* replies = *state;
  for (size_t i = 0; i < replies->count; i++) {
    tuv_tmq_reply_t head;
    read_reply(&replies->list[i], &head);
    if (head.raw_type != TUV_TMQ_RAW_DATA) continue;
    for (size_t size = 0; size < head.size - 8; size++) { /* 8: the trailer */
      uint8_t* bytes = malloc(size == 0 ? 1 : size);
      tuv_tmq_reader_t reader;
      tuv_tmq_part_t part;
      tuv_errmsg_t err = {""};
      memcpy(bytes, head.data, size);
      int status = tuv_tmq_open(&reader, bytes, size, &err);
      if (status == 0)
        while ((status = tuv_tmq_next(&reader, &part, &err)) > 0) continue;
      if (status == 0) fail_msg("a payload is accepted with %zu bytes", size);
      assert_int_equal(status, TUV_EPROTO);
      assert_int_not_equal(err.text[0], 0);
      free(bytes);
    }
  }
}

static void spoiled_bytes_do_no_harm(void** state) {
  static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
  const replies_t* replies = *state;
  size_t refused = 0;
  for (size_t i = 0; i < replies->count; i++) {
    const reply_t* reply = &replies->list[i];
    if (reply->block) continue;
    for (size_t at = 0; at < reply->size; at++) {
      uint8_t kept = reply->bytes[at];
      for (size_t v = 0; v < COUNT(values); v++) {
        reply->bytes[at] = values[v];
        if (!walk(reply->bytes, reply->size)) refused++;
      }
      reply->bytes[at] = kept;
    }
  }
  assert_true(refused > 100);
}

/* PROTOCOL 7.9: a refusal. */
static void a_refusal_has_its_text(void** state) {
  uint8_t bytes[62] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 8};
  bytes[16] = 1;
  tuv_tmq_reply_t reply;
  tuv_errmsg_t err = {""};
  (void) state;
  bytes[26] = 4;
  bytes[27] = 1;
  bytes[34] = bytes[35] = 0xff;
  bytes[38] = 12;
  memcpy(bytes + 42, "tmq not init", 12);
  assert_int_equal(tuv_tmq_raw_reply(bytes, sizeof bytes, &reply, &err), 0);
  assert_int_equal(reply.code, 0xffff);
  assert_int_equal(reply.req_id, 0x104);
  assert_int_equal(reply.text_size, 12);
  assert_memory_equal(reply.text, "tmq not init", 12);
}

/* The head of servers before 3.0.4 or so, and offsets of a snapshot. */
static void older_heads_are_read(void** state) {
  static const uint8_t log[] = {1, 7, 0, 0, 0, 0, 0, 0, 0, 1, 9, 0,
                                0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1};
  uint8_t snapshot[40] = {2};
  tuv_tmq_reader_t reader;
  tuv_tmq_part_t part;
  tuv_errmsg_t err = {""};
  (void) state;
  assert_int_equal(tuv_tmq_open(&reader, log, sizeof log, &err), 0);
  assert_int_equal(reader.begin, 7);
  assert_int_equal(reader.end, 9);
  assert_true(reader.with_table && reader.with_schema);
  assert_int_equal(tuv_tmq_next(&reader, &part, &err), 0);
  snapshot[17] = 3;
  assert_int_equal(tuv_tmq_open(&reader, snapshot, sizeof snapshot, &err), 0);
  assert_int_equal(reader.begin, TUV_TMQ_NO_OFFSET);
  assert_int_equal(reader.end, TUV_TMQ_NO_OFFSET);
  snapshot[0] = 9;
  assert_int_equal(tuv_tmq_open(&reader, snapshot, sizeof snapshot, &err), TUV_EPROTO);
}

static void fields_read_as_they_were_written(void** state) {
  static const tuv_tmq_field_t fields[] = {
      {8, 272, "tbname", 6}, {9, 8, "ts", 2}, {10, 1 << 20, "", 0}};
  uint8_t bytes[64];
  size_t size = 0;
  (void) state;
  for (size_t i = 0; i < COUNT(fields); i++) {
    size_t count = tuv_tmq_put_field(NULL, &fields[i]);
    assert_int_equal(tuv_tmq_put_field(bytes + size, &fields[i]), count);
    size += count;
  }
  const uint8_t* at = bytes;
  for (size_t i = 0; i < COUNT(fields); i++) {
    tuv_tmq_field_t field;
    at = tuv_tmq_field(at, &field);
    assert_int_equal(field.type, fields[i].type);
    assert_int_equal(field.bytes, fields[i].bytes);
    assert_string_equal(field.name, fields[i].name);
    assert_int_equal(field.name_length, fields[i].name_length);
  }
  assert_ptr_equal(at, bytes + size);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(recorded_messages_have_their_rows),
      cmocka_unit_test(cut_messages_are_refused),
      cmocka_unit_test(cut_payloads_are_refused),
      cmocka_unit_test(spoiled_bytes_do_no_harm),
      cmocka_unit_test(a_refusal_has_its_text),
      cmocka_unit_test(older_heads_are_read),
      cmocka_unit_test(fields_read_as_they_were_written),
  };
  return cmocka_run_group_tests(tests, load, unload);
}
