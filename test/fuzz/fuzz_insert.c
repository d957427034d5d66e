/* Fuzzes the message `insert`: any text comes back from it, and no other message is taken for
 * one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"
#include "wire/lines/insert.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static void check(int holds) {
  if (!holds) abort();
}

/* Writes the message with pieces of `room` bytes, and reads it again. */
static void round_trip(const tuv_insert_t* insert, size_t room) {
  size_t escaped = tuv_insert_escaped(insert->text, insert->size);
  uint8_t* message = malloc(TUV_INSERT_HEAD_MAX + escaped + room + 3);
  check(message != NULL);
  size_t head = tuv_insert_head(message, 7, insert);
  check(head <= TUV_INSERT_HEAD_MAX);
  size_t at = head;
  for (size_t done = 0, used = 0; done < insert->size; done += used) {
    size_t length = tuv_insert_escape(message + at, room, insert->text + done, insert->size - done,
                                      &used);
    check(used > 0 && length <= room);
    at += length;
  }
  check(at - head == escaped);
  memcpy(message + at, TUV_INSERT_END, strlen(TUV_INSERT_END));
  yyjson_doc* doc;
  tuv_insert_t back;
  check(tuv_insert_read(NULL, message, at + strlen(TUV_INSERT_END), &doc, &back));
  check(back.protocol == insert->protocol && back.precision == insert->precision);
  check(back.ttl == insert->ttl && back.key_length == insert->key_length);
  check(back.key_length == 0 || memcmp(back.key, insert->key, back.key_length) == 0);
  check(back.size == insert->size && memcmp(back.text, insert->text, back.size) == 0);
  yyjson_doc_free(doc);
  free(message);
}

static void payload_round_trip(const tuv_insert_t* insert) {
  uint8_t* payload = malloc(TUV_INSERT_PACK_MAX + insert->size);
  tuv_insert_t back;
  check(payload != NULL);
  size_t head = tuv_insert_pack(payload, insert);
  check(head <= TUV_INSERT_PACK_MAX);
  memcpy(payload + head, insert->text, insert->size);
  tuv_insert_unpack(payload, head + insert->size, &back);
  check(back.protocol == insert->protocol && back.precision == insert->precision);
  check(back.ttl == insert->ttl && back.key_length == insert->key_length);
  check(back.size == insert->size && memcmp(back.text, insert->text, back.size) == 0);
  free(payload);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  yyjson_doc* doc;
  tuv_insert_t insert;
  if (tuv_insert_read(NULL, data, size, &doc, &insert)) {
    check(insert.precision < TUV_INSERT_PRECISIONS && insert.key_length <= TUV_INSERT_KEY_MAX);
    yyjson_doc_free(doc);
  }
  if (size < 12) return 0;
  memcpy(&insert.ttl, data, 8);
  insert.protocol = data[8] % 3 + 1;
  insert.precision = data[9] % TUV_INSERT_PRECISIONS;
  insert.key = (const char*) data + 12;
  insert.key_length = data[10] % (TUV_INSERT_KEY_MAX + 1);
  if (insert.key_length > size - 12) insert.key_length = size - 12;
  insert.text = data + 12 + insert.key_length;
  insert.size = size - 12 - insert.key_length;
  payload_round_trip(&insert);
  if (tuv_utf8_valid((const uint8_t*) insert.key, insert.key_length) &&
      tuv_utf8_valid(insert.text, insert.size))
    round_trip(&insert, 6u + data[11]);
  return 0;
}
