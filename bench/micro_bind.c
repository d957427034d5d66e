/* The codecs of taosuv-micro that bind rows and write them as messages. */
#include "micro_bind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/batch/batch.h"
#include "wire/batch/send.h"
#include "wire/ws/frame.h"

#define TABLES 10u
#define ROWS (BIND_ROWS / TABLES) /* of a table */

/* The output of a message, which is masked as by tuv_ws_put. */
typedef struct masked_s {
  tuv_sink_t sink;
  size_t at;
  uint8_t bytes[1 << 20];
} masked_t;

static struct {
  tuv_batch_t plain, texts;
  taosuv_stmt_field_t fields[5];
  int64_t ts[ROWS];
  int32_t a[ROWS];
  double b[ROWS];
  char c[ROWS * 24];
  uint32_t offsets[ROWS + 1];
  masked_t out;
} data;

static void put_masked(tuv_sink_t* sink, const void* bytes, size_t size) {
  static const uint8_t mask[4] = {1, 2, 3, 4};
  masked_t* out = (masked_t*) (void*) sink;
  if (size > sizeof out->bytes - out->at) abort();
  tuv_ws_mask(out->bytes + out->at, bytes, size, mask, out->at);
  out->at += size;
}

static taosuv_stmt_field_t field(const char* name, int kind, int type, uint32_t length) {
  taosuv_stmt_field_t made = {
      .name = name, .kind = (uint8_t) kind, .type = (uint8_t) type, .length = length};
  return made;
}

void bind_make(void) {
  for (uint32_t row = 0; row < ROWS; row++) {
    data.ts[row] = INT64_C(1700000000000) + row;
    data.a[row] = (int32_t) row;
    data.b[row] = row * 0.5;
    char* text = data.c + data.offsets[row];
    data.offsets[row + 1] = data.offsets[row] + (uint32_t) sprintf(text, "row-%u", row);
  }
  data.fields[0] = field("tbname", TAOSUV_BIND_TABLE, TAOSUV_TYPE_VARCHAR, 269);
  data.fields[1] = field("ts", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_TIMESTAMP, 0);
  data.fields[2] = field("a", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_INT, 0);
  data.fields[3] = field("b", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_DOUBLE, 0);
  data.fields[4] = field("c", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_VARCHAR, 24);
  tuv_batch_init(&data.plain, &tuv_alloc_default, true, data.fields, 4);
  tuv_batch_init(&data.texts, &tuv_alloc_default, true, data.fields, 5);
  data.out.sink.put = put_masked;
}

void bind_done(void) {
  tuv_batch_free(&data.plain);
  tuv_batch_free(&data.texts);
}

static void must(int status) {
  if (status != 0) abort();
}

static void table(tuv_batch_t* batch, unsigned number) {
  char name[] = {'d', (char) ('0' + number)};
  must(tuv_batch_table(batch, name, sizeof name, NULL));
}

static uint64_t send(tuv_batch_t* batch, uint8_t format) {
  tuv_batch_encoding_t encoding = {format, false};
  uint64_t sum = 0;
  must(tuv_batch_set_encoding(batch, encoding, NULL));
  must(tuv_batch_ready(batch, INT32_MAX, NULL));
  data.out.at = 0;
  if (format != TUV_BATCH_V1) {
    tuv_batch_message(batch, 1, 2, &data.out.sink);
    if (data.out.at != tuv_batch_message_size(batch)) abort();
  }
  for (uint32_t i = 0; format == TUV_BATCH_V1 && i < tuv_batch_tables(batch); i++) {
    tuv_batch_v1_rows(batch, i, 1, 2, &data.out.sink);
    sum += tuv_batch_v1_rows_size(batch, i);
  }
  tuv_batch_clear(batch);
  return sum + data.out.bytes[data.out.at - 1];
}

static uint64_t by_column(tuv_batch_t* batch, uint32_t columns, uint8_t format) {
  const taosuv_array_t arrays[] = {{TAOSUV_TYPE_TIMESTAMP, data.ts, NULL, NULL},
                                   {TAOSUV_TYPE_INT, data.a, NULL, NULL},
                                   {TAOSUV_TYPE_DOUBLE, data.b, NULL, NULL},
                                   {TAOSUV_TYPE_VARCHAR, data.c, data.offsets, NULL}};
  for (unsigned t = 0; t < TABLES; t++) {
    table(batch, t);
    must(tuv_batch_columns(batch, ROWS, arrays, columns, NULL));
  }
  return send(batch, format);
}

static uint64_t by_row(tuv_batch_t* batch, uint32_t columns) {
  for (unsigned t = 0; t < TABLES; t++) {
    table(batch, t);
    for (uint32_t row = 0; row < ROWS; row++) {
      const uint32_t from = data.offsets[row], to = data.offsets[row + 1];
      const taosuv_value_t values[] = {taosuv_i64(data.ts[row]), taosuv_i64(data.a[row]),
                                       taosuv_f64(data.b[row]),
                                       taosuv_text(data.c + from, to - from)};
      must(tuv_batch_row(batch, values, columns, NULL));
    }
  }
  return send(batch, TUV_BATCH_STMT2);
}

uint64_t bind_columns(void) {
  return by_column(&data.plain, 3, TUV_BATCH_STMT2);
}

uint64_t bind_columnar(void) {
  return by_column(&data.plain, 3, TUV_BATCH_COLUMNAR);
}

uint64_t bind_texts(void) {
  return by_column(&data.texts, 4, TUV_BATCH_STMT2);
}

uint64_t bind_first(void) {
  return by_column(&data.texts, 4, TUV_BATCH_V1);
}

uint64_t bind_rows(void) {
  return by_row(&data.plain, 3);
}

uint64_t bind_text_rows(void) {
  return by_row(&data.texts, 4);
}

uint64_t bind_values(void) {
  for (unsigned t = 0; t < TABLES; t++) {
    table(&data.plain, t);
    for (uint32_t row = 0; row < ROWS; row++) {
      taosuv_value_t ts = taosuv_i64(data.ts[row]), a = taosuv_i64(data.a[row]);
      taosuv_value_t b = taosuv_f64(data.b[row]);
      must(tuv_batch_value(&data.plain, &ts, NULL));
      must(tuv_batch_value(&data.plain, &a, NULL));
      must(tuv_batch_value(&data.plain, &b, NULL));
    }
  }
  return send(&data.plain, TUV_BATCH_STMT2);
}
