/* The synthetic tables bench.rows_<N>_<B>: one block, encoded once and sent as often as needed. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "codec/bench.h"

static bool read_number(const char** at, const char* end, uint64_t max, uint64_t* value) {
  const char* start = *at;
  *value = 0;
  for (; *at < end && **at >= '0' && **at <= '9'; (*at)++) {
    *value = *value * 10 + (uint64_t) (**at - '0');
    if (*value > max) return false;
  }
  return *at > start;
}

size_t ts_statement_size(const char* sql, size_t size) {
  while (size > 0 && (sql[size - 1] == ' ' || sql[size - 1] == ';' || sql[size - 1] == '\n'))
    size--;
  return size;
}

static bool parse(const char* sql, size_t size, uint64_t* rows, uint64_t* per_block) {
  static const char prefix[] = "select * from bench.rows_";
  const char* end = sql + ts_statement_size(sql, size);
  if ((size_t) (end - sql) < sizeof prefix - 1) return false;
  if (strncasecmp(sql, prefix, sizeof prefix - 1) != 0) return false;
  const char* at = sql + sizeof prefix - 1;
  if (!read_number(&at, end, UINT64_C(1) << 50, rows)) return false;
  if (at == end || *at++ != '_') return false;
  return read_number(&at, end, TS_BLOCK_ROWS_MAX, per_block) && at == end && *per_block > 0;
}

static ts_blob_t* encode(const ts_field_t* fields, uint64_t rows) {
  ts_block_writer_t writer;
  ts_block_begin(&writer, fields, 4);
  for (uint64_t row = 0; row < rows; row++) {
    char text[24];
    int size = snprintf(text, sizeof text, "row-%u", (unsigned) row);
    ts_block_bits(&writer, 0, UINT64_C(1700000000000) + row * 1000);
    ts_block_bits(&writer, 1, row);
    ts_block_double(&writer, 2, (double) row * 0.5);
    ts_block_bytes(&writer, 3, text, (size_t) size);
    ts_block_row(&writer);
  }
  ts_blob_t* block = ts_block_end(&writer);
  ts_block_free(&writer);
  return block;
}

ts_result_t* ts_result_bench(const char* sql, size_t size) {
  uint64_t rows;
  uint64_t per_block;
  if (!parse(sql, size, &rows, &per_block)) return NULL;
  ts_field_t fields[4] = {{.name = "ts", .type = ts_type_of(TS_TIMESTAMP)},
                          {.name = "a", .type = ts_type_of(TS_INT)},
                          {.name = "b", .type = ts_type_of(TS_DOUBLE)},
                          {.name = "c", .type = ts_type_var(TS_VARCHAR, 24)}};
  ts_result_t* result = ts_result_new(fields, 4, 0);
  if (rows >= per_block) {
    ts_result_add(result, encode(fields, per_block));
    result->repeat = rows / per_block;
  }
  if (rows % per_block != 0) ts_result_add(result, encode(fields, rows % per_block));
  return result;
}
