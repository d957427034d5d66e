/* Fuzzes TMQ's messages: what is believed of a reply and of its payload lies inside of it; and the
 * replies in JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/status.h"
#include "wire/tmq/envelope.h"
#include "wire/tmq/message.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static void require(bool truth, const char* what) {
  if (truth) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

static void check_inside(const void* part, size_t part_size, const uint8_t* data, size_t size) {
  const uint8_t* at = part;
  require(at >= data && (size_t) (at - data) <= size, "a part begins inside of the message");
  require(part_size <= size - (size_t) (at - data), "a part ends inside of the message");
}

static void read_payload(const uint8_t* data, size_t size) {
  tuv_tmq_reader_t reader;
  tuv_tmq_part_t part;
  tuv_errmsg_t err = {""};
  int status = tuv_tmq_open(&reader, data, size, &err);
  while (status == 0 && (status = tuv_tmq_next(&reader, &part, &err)) > 0) {
    const uint8_t* schema = part.schema;
    check_inside(part.block, part.size, data, size);
    if (reader.with_table) check_inside(part.table, strlen(part.table) + 1, data, size);
    for (uint32_t i = 0; i < part.columns; i++) {
      tuv_tmq_field_t field;
      schema = tuv_tmq_field(schema, &field);
      check_inside(field.name, field.name_length + 1, data, size);
    }
    status = 0;
  }
  bool known = status == TUV_EPROTO || status == TUV_EBLOCK; /* EBLOCK: this block alone */
  if (status < 0) require(known && err.text[0] != 0, "an error has its text");
}

static void read_json(const uint8_t* data, size_t size) {
  tuv_json_t json;
  tuv_reply_t reply;
  tuv_errmsg_t err = {""};
  tuv_tmq_polled_t polled;
  tuv_tmq_fetched_t fetched;
  tuv_tmq_vgroup_t vgroup;
  yyjson_val* array;
  uint32_t count;
  tuv_json_init(&json, &tuv_alloc_default);
  if (tuv_reply_parse(&json, data, size, &reply, &err) == 0) {
    size_t length;
    int status;
    if (tuv_tmq_polled(&reply, &polled, &err) == 0 && polled.have_message)
      require(polled.topic[0] != 0 && polled.message_id != 0, "a message says what it is");
    if (tuv_tmq_fetched(&reply, &fetched, &err) == 0 && !fetched.completed)
      require(yyjson_arr_size(fetched.names) == fetched.fields, "a name a field");
    if (tuv_tmq_array(&reply, "assignment", &array, &count, &err) == 0 && count > 0)
      tuv_tmq_read_vgroup(yyjson_arr_get_first(array), &vgroup, &err);
    tuv_free(&tuv_alloc_default, tuv_tmq_meta(&json, &reply, &length, &status, &err));
  }
  tuv_json_free(&json);
}

/* The input is the message; as payload, too. */
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tuv_tmq_reply_t reply;
  tuv_errmsg_t err = {""};
  if (size > 0 && data[0] == '{') {
    read_json(data, size);
    return 0;
  }
  if (tuv_tmq_block_reply(data, size, &reply, &err) == 0)
    check_inside(reply.data, reply.size, data, size);
  int status = tuv_tmq_raw_reply(data, size, &reply, &err);
  if (status < 0) require(status == TUV_EPROTO && err.text[0] != 0, "an error has its text");
  if (status == 0 && reply.code != 0) check_inside(reply.text, reply.text_size, data, size);
  if (status == 0 && reply.code == 0) {
    check_inside(reply.data, reply.size, data, size);
    read_payload(reply.data, reply.size);
  }
  read_payload(data, size);
  return 0;
}
