/* Fuzzes the formatting of single values: numbers read back, every buffer size gives a prefix. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "taosuv/block.h"
#include "wire/status.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static void check(int holds) {
  if (!holds) abort();
}

/* A column of one row over the fuzzer's bytes. */
static taosuv_column_t column_of(const uint8_t* data, taosuv_type_t type, uint8_t bytes) {
  static const uint8_t not_null[1] = {0};
  taosuv_column_t column;
  memset(&column, 0, sizeof column);
  column.data = data;
  column.nulls = not_null;
  column.rows = 1;
  column.length = bytes;
  column.size = bytes;
  column.type = (uint8_t) type;
  return column;
}

static void check_prefixes(const taosuv_column_t* column, int32_t offset, const char* whole,
                           int length) {
  char cut[64];
  for (size_t size = 1; size <= (size_t) length; size++) {
    check(taosuv_format_cell(column, 0, offset, cut, size) == length);
    check(strlen(cut) == size - 1 && memcmp(cut, whole, size - 1) == 0);
  }
}

static void check_double(const uint8_t* data) {
  char text[64];
  taosuv_column_t column = column_of(data, TAOSUV_TYPE_DOUBLE, 8);
  double value = taosuv_get_f64(&column, 0);
  check_prefixes(&column, 0, text, taosuv_format_cell(&column, 0, 0, text, sizeof text));
  check(value != value ? strcmp(text, "NaN") == 0 : strtod(text, NULL) == value);
}

static void check_float(const uint8_t* data) {
  char text[64];
  taosuv_column_t column = column_of(data, TAOSUV_TYPE_FLOAT, 4);
  float value = taosuv_get_f32(&column, 0);
  int length = taosuv_format_cell(&column, 0, 0, text, sizeof text);
  check_prefixes(&column, 0, text, length);
  check(length <= 24); /* nine digits; the rest are zeros, sign, point and exponent */
  check(value != value ? strcmp(text, "NaN") == 0 : strtof(text, NULL) == value);
}

static void check_decimal(const uint8_t* data, uint8_t scale) {
  char text[64];
  double number;
  taosuv_column_t column = column_of(data, TAOSUV_TYPE_DECIMAL128, 16);
  column.scale = scale % 39;
  check_prefixes(&column, 0, text, taosuv_format_cell(&column, 0, 0, text, sizeof text));
  check(taosuv_cell_f64(&column, 0, &number) == 0 && number == strtod(text, NULL));
}

static void check_time(const uint8_t* data, uint8_t precision, int32_t offset) {
  char text[64];
  taosuv_column_t column = column_of(data, TAOSUV_TYPE_TIMESTAMP, 8);
  column.precision = precision;
  int length = taosuv_format_cell(&column, 0, offset, text, sizeof text);
  check(length == TUV_EINVAL || (length >= 24 && length < (int) sizeof text));
  if (length > 0) check_prefixes(&column, offset, text, length);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 20) return 0;
  check_double(data);
  check_float(data);
  check_decimal(data, data[16]);
  check_time(data, data[16] & 3, (int32_t) taosuv_load_u32(data + 16));
  check_time(data, data[16] & 3, 60 * ((int16_t) taosuv_load_u16(data + 17) % 1440));
  return 0;
}
