/* Batches for tests: fields, one per line, and messages as bytes. */
#ifndef TUV_TEST_UNIT_BATCH_KIT_H
#define TUV_TEST_UNIT_BATCH_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/batch/batch.h"
#include "wire/batch/send.h"

#define COUNT(array) ((uint32_t) (sizeof(array) / sizeof(array)[0]))

static inline taosuv_stmt_field_t field(const char* name, int kind, int type, uint32_t length) {
  taosuv_stmt_field_t made = {.name = name,
                              .name_length = (uint32_t) strlen(name),
                              .kind = (uint8_t) kind,
                              .type = (uint8_t) type,
                              .length = length};
  return made;
}
static inline taosuv_stmt_field_t decimal_field(const char* name, int kind, int type,
                                                uint8_t precision, uint8_t scale) {
  taosuv_stmt_field_t made = field(name, kind, type, 0);
  made.precision = precision;
  made.scale = scale;
  return made;
}

static inline taosuv_value_t text(const char* bytes) {
  return taosuv_text(bytes, strlen(bytes));
}

/* Every binding must be well: what went wrong, written to WHY, is the failed test's message. */
#define WHY (&why_)
#define WELL(call)                                                                                 \
  do {                                                                                             \
    tuv_errmsg_t why_ = {""};                                                                      \
    if ((call) != 0) fail_msg("%s: %s", #call, why_.text);                                         \
  } while (0)

/* A message that owns its bytes, exactly the number that was announced. */
typedef struct message_s {
  uint8_t* bytes;
  size_t size;
} message_t;

/* Counts the bytes put: their number must be the announced one. */
typedef struct exact_sink_s {
  tuv_sink_t sink;
  uint8_t* bytes;
  size_t used, size;
} exact_sink_t;

static inline void exact_put(tuv_sink_t* sink, const void* data, size_t size) {
  exact_sink_t* exact = (exact_sink_t*) (void*) sink;
  assert_true(size > 0 && size <= exact->size - exact->used);
  memcpy(exact->bytes + exact->used, data, size);
  exact->used += size;
}

static inline exact_sink_t exact_sink(size_t size) {
  exact_sink_t made = {{exact_put, NULL}, malloc(size == 0 ? 1 : size), 0, size};
  assert_non_null(made.bytes);
  return made;
}

static inline message_t message_end(exact_sink_t* sink) {
  message_t message = {sink->bytes, sink->size};
  assert_int_equal(sink->used, sink->size);
  return message;
}

/* STMT2 and COLUMNAR. */
static inline message_t encode(tuv_batch_t* batch, uint64_t req_id, uint64_t stmt_id) {
  WELL(tuv_batch_ready(batch, INT32_MAX, WHY));
  exact_sink_t sink = exact_sink(tuv_batch_message_size(batch));
  tuv_batch_message(batch, req_id, stmt_id, &sink.sink);
  return message_end(&sink);
}
static inline message_t encode_tags(const tuv_batch_t* batch, uint32_t table, uint64_t req_id) {
  exact_sink_t sink = exact_sink(tuv_batch_v1_tags_size(batch, table));
  tuv_batch_v1_tags(batch, table, req_id, 1, &sink.sink);
  return message_end(&sink);
}
static inline message_t encode_rows(const tuv_batch_t* batch, uint32_t table, uint64_t req_id,
                                    uint64_t stmt_id) {
  exact_sink_t sink = exact_sink(tuv_batch_v1_rows_size(batch, table));
  tuv_batch_v1_rows(batch, table, req_id, stmt_id, &sink.sink);
  return message_end(&sink);
}

/* Compares the bytes from `at` on with hex digits (blanks are skipped), and frees the message. */
static inline void assert_bytes(message_t message, size_t at, const char* hex) {
  size_t digits = 0;
  unsigned value = 0;
  for (; *hex != '\0'; hex++) {
    if (*hex == ' ') continue;
    assert_non_null(strchr("0123456789abcdef", *hex));
    value = value << 4 | (unsigned) (*hex <= '9' ? *hex - '0' : *hex - 'a' + 10);
    if (++digits % 2 != 0) continue;
    assert_true(at < message.size);
    if (message.bytes[at] != (value & 0xFF))
      fail_msg("byte %zu is %02x, not %02x", at, message.bytes[at], value & 0xFF);
    at++;
  }
  assert_int_equal(digits % 2, 0);
  assert_int_equal(at, message.size);
  free(message.bytes);
}

#endif
