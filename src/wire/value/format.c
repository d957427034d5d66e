/* Cells of a block as text, as int64 and as double. */
#include "wire/value/format.h"

#include <stdbool.h>

#include "util/ascii.h"
#include "wire/types.h"

/* The integer in a cell of any integer type but BIGINT UNSIGNED and DECIMAL; false for others. */
static bool load_signed(const taosuv_column_t* column, uint32_t row, int64_t* value) {
  switch (column->type) {
    case TAOSUV_TYPE_BOOL: *value = taosuv_get_bool(column, row); return true;
    case TAOSUV_TYPE_TINYINT: *value = taosuv_get_i8(column, row); return true;
    case TAOSUV_TYPE_SMALLINT: *value = taosuv_get_i16(column, row); return true;
    case TAOSUV_TYPE_INT: *value = taosuv_get_i32(column, row); return true;
    case TAOSUV_TYPE_BIGINT:
    case TAOSUV_TYPE_TIMESTAMP: *value = taosuv_get_i64(column, row); return true;
    case TAOSUV_TYPE_UTINYINT: *value = taosuv_get_u8(column, row); return true;
    case TAOSUV_TYPE_USMALLINT: *value = taosuv_get_u16(column, row); return true;
    case TAOSUV_TYPE_UINT: *value = taosuv_get_u32(column, row); return true;
    default: return false;
  }
}

/* All types of a fixed size are numbers of some kind. */
static bool is_number(const taosuv_column_t* column) {
  return column->size != 0;
}

static int decimal_i64(taosuv_decimal_t decimal, int64_t* value) {
  bool negative = decimal.low >> 63 != 0;
  if (decimal.high != (negative ? -1 : 0)) return TUV_ERANGE;
  *value = (int64_t) decimal.low;
  return 0;
}

int taosuv_cell_i64(const taosuv_column_t* column, uint32_t row, int64_t* value) {
  if (value == NULL) return TUV_EINVAL;
  *value = 0;
  if (column == NULL) return TUV_EINVAL;
  bool decimal = tuv_type_is_decimal(column->type) && column->scale == 0;
  bool real = column->type == TAOSUV_TYPE_FLOAT || column->type == TAOSUV_TYPE_DOUBLE;
  if (!is_number(column) || real || (tuv_type_is_decimal(column->type) && !decimal))
    return TUV_ETYPE;
  if (taosuv_is_null(column, row)) return TUV_ENODATA;
  if (decimal) return decimal_i64(taosuv_get_decimal(column, row), value);
  if (column->type == TAOSUV_TYPE_UBIGINT) {
    uint64_t wide = taosuv_get_u64(column, row);
    if (wide > INT64_MAX) return TUV_ERANGE;
    *value = (int64_t) wide;
    return 0;
  }
  return load_signed(column, row, value) ? 0 : TUV_ETYPE;
}

int taosuv_cell_f64(const taosuv_column_t* column, uint32_t row, double* value) {
  int64_t integer;
  if (value == NULL) return TUV_EINVAL;
  *value = 0;
  if (column == NULL) return TUV_EINVAL;
  if (!is_number(column)) return TUV_ETYPE;
  if (taosuv_is_null(column, row)) return TUV_ENODATA;
  if (load_signed(column, row, &integer)) {
    *value = (double) integer;
  } else if (column->type == TAOSUV_TYPE_UBIGINT) {
    *value = (double) taosuv_get_u64(column, row);
  } else if (column->type == TAOSUV_TYPE_FLOAT) {
    *value = taosuv_get_f32(column, row);
  } else if (column->type == TAOSUV_TYPE_DOUBLE) {
    *value = taosuv_get_f64(column, row);
  } else if (tuv_type_is_decimal(column->type)) {
    *value = tuv_decimal_f64(taosuv_get_decimal(column, row), column->scale);
  } else {
    return TUV_ETYPE;
  }
  return 0;
}

/* Encodes only what fits: a BLOB may be large and the buffer small. */
static void add_hex(tuv_text_t* text, const uint8_t* bytes, uint32_t length) {
  size_t whole = text->length + 2 * (size_t) length;
  for (uint32_t i = 0; i < length && text->length < text->size; i++) {
    char pair[2];
    tuv_hex_write(pair, bytes[i]);
    tuv_text_add(text, pair, 2);
  }
  text->length = whole;
}

static void format_variable(tuv_text_t* text, const taosuv_column_t* column, uint32_t row) {
  uint32_t length;
  const uint8_t* bytes = taosuv_get_bytes(column, row, &length);
  if (column->type == TAOSUV_TYPE_NCHAR) {
    size_t written;
    size_t room = text->size == 0 ? 0 : text->size - 1;
    text->length = tuv_nchar_utf8(bytes, length, text->buf, room, &written);
    if (text->size != 0) text->buf[written] = '\0'; /* characters are not split */
  } else if (column->type == TAOSUV_TYPE_VARCHAR || column->type == TAOSUV_TYPE_JSON) {
    tuv_text_add(text, (const char*) bytes, length);
  } else {
    add_hex(text, bytes, length);
  }
}

static int format_fixed(tuv_text_t* text, const taosuv_column_t* column, uint32_t row,
                        int32_t utc_offset) {
  int64_t integer;
  switch (column->type) {
    case TAOSUV_TYPE_BOOL:
      tuv_text_add(text, taosuv_get_bool(column, row) ? "true" : "false",
                   taosuv_get_bool(column, row) ? 4 : 5);
      return 0;
    case TAOSUV_TYPE_FLOAT: tuv_format_f32(text, taosuv_get_f32(column, row)); return 0;
    case TAOSUV_TYPE_DOUBLE: tuv_format_f64(text, taosuv_get_f64(column, row)); return 0;
    case TAOSUV_TYPE_UBIGINT: tuv_format_u64(text, taosuv_get_u64(column, row)); return 0;
    case TAOSUV_TYPE_TIMESTAMP:
      return tuv_format_timestamp(text, taosuv_get_i64(column, row), column->precision, utc_offset);
    case TAOSUV_TYPE_DECIMAL64:
    case TAOSUV_TYPE_DECIMAL128:
      tuv_format_decimal(text, taosuv_get_decimal(column, row), column->scale);
      return 0;
    default:
      if (!load_signed(column, row, &integer)) return TUV_ETYPE;
      tuv_format_i64(text, integer);
      return 0;
  }
}

int taosuv_format_cell(const taosuv_column_t* column, uint32_t row, int32_t utc_offset, char* buf,
                       size_t size) {
  tuv_text_t text = tuv_text_start(buf, size);
  int status = 0;
  if (column == NULL) {
    status = TUV_EINVAL;
  } else if (tuv_type(column->type)->kind == TUV_KIND_NONE) {
    status = TUV_ETYPE;
  } else if (taosuv_is_null(column, row)) {
    tuv_text_add(&text, "NULL", 4);
  } else if (column->size == 0) {
    format_variable(&text, column, row);
  } else {
    status = format_fixed(&text, column, row, utc_offset);
  }
  int length = tuv_text_end(&text);
  return status != 0 ? status : length;
}
