/* Decodes rows cell by cell into the columns. */
#include <string.h>

#include "util/bytes.h"
#include "wire/rest/cell.h"
#include "wire/rest/rows.h"
#include "wire/status.h"
#include "wire/types.h"

/* Adds a row to a column of fixed size and returns the place of its value; NULL when out of
 * memory. */
static uint8_t* add_fixed(tuv_rest_t* rest, tuv_rest_column_t* column, bool null) {
  if (rest->rows % 8 == 0) {
    uint8_t* more = tuv_buf_reserve(&column->marks, 1);
    if (more == NULL) return NULL;
    *more = 0;
    tuv_buf_commit(&column->marks, 1);
  }
  uint8_t* value = tuv_buf_reserve(&column->values, column->size);
  if (value == NULL) return NULL;
  if (null) {
    column->marks.data[column->marks.tail - 1] |= (uint8_t) (0x80u >> (rest->rows & 7));
    memset(value, 0, column->size);
  }
  tuv_buf_commit(&column->values, column->size);
  rest->bytes += column->size;
  return value;
}

static int add_offset(tuv_rest_column_t* column, uint32_t offset) {
  uint8_t* out = tuv_buf_reserve(&column->marks, 4);
  if (out == NULL) return TUV_ENOMEM;
  tuv_store(out, offset, 4);
  tuv_buf_commit(&column->marks, 4);
  return 0;
}

static int add_null(tuv_rest_t* rest, tuv_rest_column_t* column) {
  rest->bytes += 4;
  if (column->size == 0) return add_offset(column, UINT32_MAX);
  return add_fixed(rest, column, true) == NULL ? TUV_ENOMEM : 0;
}

static int add_u64(tuv_rest_t* rest, tuv_rest_column_t* column, uint64_t value) {
  uint8_t* out = add_fixed(rest, column, false);
  if (out == NULL) return TUV_ENOMEM;
  tuv_store(out, value, column->size);
  return 0;
}

/* Converts a cell that is a text. */
static int convert_text(const tuv_rest_column_t* column, const char* text, size_t size,
                        uint8_t* out, size_t* length) {
  *length = size;
  switch (column->type) {
    case TAOSUV_TYPE_NCHAR: *length = tuv_rest_ucs4(text, size, out); return 0;
    case TAOSUV_TYPE_VARBINARY:
    case TAOSUV_TYPE_GEOMETRY:
    case TAOSUV_TYPE_BLOB:
      *length = size / 2;
      return tuv_rest_hex(text, size, out) ? 0 : TUV_EPROTO;
    default:
      if (size > 0) memcpy(out, text, size);
      return 0;
  }
}

static int add_text(tuv_rest_t* rest, tuv_rest_column_t* column, const char* text, size_t size) {
  unsigned prefix = tuv_type(column->type)->prefix;
  size_t offset = tuv_buf_size(&column->values), length;
  size_t room = column->type == TAOSUV_TYPE_NCHAR ? 4 * size : size;
  uint8_t* out = tuv_buf_reserve(&column->values, prefix + room);
  if (out == NULL || add_offset(column, (uint32_t) offset) < 0) return TUV_ENOMEM;
  int status = convert_text(column, text, size, out + prefix, &length);
  if (status < 0 || (prefix == 2 && length > UINT16_MAX)) return TUV_EPROTO;
  tuv_store(out, length, prefix);
  tuv_buf_commit(&column->values, prefix + length);
  rest->bytes += prefix + 4 + length;
  return 0;
}

static int add_signed(tuv_rest_t* rest, tuv_rest_column_t* column, yyjson_val* cell) {
  if (!yyjson_is_int(cell)) return TUV_EPROTO;
  if (yyjson_is_uint(cell) && yyjson_get_uint(cell) > INT64_MAX) return TUV_EPROTO;
  int64_t value = yyjson_get_sint(cell);
  if (!tuv_type_holds_i64(column->type, value)) return TUV_EPROTO;
  return add_u64(rest, column, (uint64_t) value);
}

static int add_unsigned(tuv_rest_t* rest, tuv_rest_column_t* column, yyjson_val* cell) {
  if (!yyjson_is_uint(cell)) return TUV_EPROTO;
  uint64_t value = yyjson_get_uint(cell);
  if (!tuv_type_holds_u64(column->type, value)) return TUV_EPROTO;
  return add_u64(rest, column, value);
}

static int add_float(tuv_rest_t* rest, tuv_rest_column_t* column, yyjson_val* cell) {
  uint64_t bits;
  uint32_t narrow_bits;
  if (!yyjson_is_num(cell)) return TUV_EPROTO;
  /* yyjson reads "-0" as an integer; the gateway writes it for -0.0. */
  bool minus_zero = yyjson_is_sint(cell) && yyjson_get_sint(cell) == 0;
  double value = minus_zero ? -0.0 : yyjson_get_num(cell);
  float narrow = (float) value;
  memcpy(&bits, &value, sizeof bits);
  memcpy(&narrow_bits, &narrow, sizeof narrow_bits);
  return add_u64(rest, column, column->size == 8 ? bits : narrow_bits);
}

/* All timestamps of a result have the same precision, which only their texts tell. */
static int add_time(tuv_rest_t* rest, tuv_rest_column_t* column, yyjson_val* cell) {
  uint8_t precision;
  int64_t value;
  if (!yyjson_is_str(cell)) return TUV_EPROTO;
  if (!tuv_rest_time(yyjson_get_str(cell), yyjson_get_len(cell), &precision, &value))
    return TUV_EPROTO;
  if (rest->has_precision && precision != rest->precision) return TUV_EPROTO;
  rest->has_precision = true;
  rest->precision = precision;
  return add_u64(rest, column, (uint64_t) value);
}

static int add_decimal(tuv_rest_t* rest, tuv_rest_column_t* column, yyjson_val* cell) {
  taosuv_decimal_t value;
  if (!yyjson_is_str(cell)) return TUV_EPROTO;
  if (!tuv_rest_decimal(yyjson_get_str(cell), yyjson_get_len(cell), column->precision,
                        column->scale, &value))
    return TUV_EPROTO;
  uint8_t* out = add_fixed(rest, column, false);
  if (out == NULL) return TUV_ENOMEM;
  tuv_store(out, value.low, 8);
  if (column->size == 16) tuv_store(out + 8, (uint64_t) value.high, 8);
  return 0;
}

static int add_cell(tuv_rest_t* rest, tuv_rest_column_t* column, yyjson_val* cell) {
  if (yyjson_is_null(cell)) return add_null(rest, column);
  switch (column->type) {
    case TAOSUV_TYPE_BOOL:
      return yyjson_is_bool(cell) ? add_u64(rest, column, yyjson_get_bool(cell)) : TUV_EPROTO;
    case TAOSUV_TYPE_TINYINT:
    case TAOSUV_TYPE_SMALLINT:
    case TAOSUV_TYPE_INT:
    case TAOSUV_TYPE_BIGINT: return add_signed(rest, column, cell);
    case TAOSUV_TYPE_UTINYINT:
    case TAOSUV_TYPE_USMALLINT:
    case TAOSUV_TYPE_UINT:
    case TAOSUV_TYPE_UBIGINT: return add_unsigned(rest, column, cell);
    case TAOSUV_TYPE_FLOAT:
    case TAOSUV_TYPE_DOUBLE: return add_float(rest, column, cell);
    case TAOSUV_TYPE_TIMESTAMP: return add_time(rest, column, cell);
    case TAOSUV_TYPE_DECIMAL64:
    case TAOSUV_TYPE_DECIMAL128: return add_decimal(rest, column, cell);
    default:
      if (!yyjson_is_str(cell)) return TUV_EPROTO;
      return add_text(rest, column, yyjson_get_str(cell), yyjson_get_len(cell));
  }
}

/* Skips `c`, if it is there, and white space around it. */
static void step_over(const char** at, char c) {
  *at += strspn(*at, " \t\r\n");
  if (**at == c) *at += 1 + strspn(*at + 1, " \t\r\n");
}

/* Returns the text of the next value of a valid JSON array. A column of type JSON keeps it as the
 * server wrote it. */
static const char* next_value(const char** at, size_t* size) {
  unsigned depth = 0;
  bool string = false;
  step_over(at, ',');
  const char* text = *at;
  const char* end = text;
  for (; *end != 0; end++) {
    bool opens = *end == '{' || *end == '[', closes = *end == '}' || *end == ']';
    if (string && *end == '\\') {
      end++;
    } else if (*end == '"') {
      string = !string;
    } else if (!string) {
      if (depth == 0 && (closes || *end == ',')) break;
      depth += opens;
      depth -= closes;
    }
  }
  *at = end;
  while (end > text && strchr(" \t\r\n", end[-1]) != NULL) end--;
  *size = (size_t) (end - text);
  return text;
}

static int add_cells(tuv_rest_t* rest, yyjson_arr_iter* cells, const char** text,
                     tuv_errmsg_t* err) {
  uint32_t index = 0;
  for (yyjson_val* cell; (cell = yyjson_arr_iter_next(cells)) != NULL; index++) {
    tuv_rest_column_t* column = &rest->columns[index];
    size_t size = 0;
    const char* raw = text == NULL ? NULL : next_value(text, &size);
    bool is_json = column->type == TAOSUV_TYPE_JSON && !yyjson_is_null(cell);
    int status = is_json ? add_text(rest, column, raw, size) : add_cell(rest, column, cell);
    if (status == TUV_EPROTO)
      return tuv_fail(err, status, "column %u, row %llu: the value is not of the column's type",
                      index, (unsigned long long) rest->row_count);
    if (status < 0) return tuv_fail(err, status, "no memory for a row");
  }
  return 0;
}

/* `text` is the position of the row in the batch if there are columns of type JSON, otherwise NULL. */
static int add_row(tuv_rest_t* rest, yyjson_val* row, const char** text, tuv_errmsg_t* err) {
  yyjson_arr_iter cells;
  if (yyjson_arr_size(row) != rest->count || !yyjson_arr_iter_init(row, &cells))
    return tuv_fail(err, TUV_EPROTO, "row %llu is not an array of %u cells",
                    (unsigned long long) rest->row_count, rest->count);
  if (text != NULL) {
    step_over(text, ',');
    step_over(text, '[');
  }
  int status = add_cells(rest, &cells, text, err);
  if (status < 0) return status;
  if (text != NULL) step_over(text, ']');
  rest->rows++;
  rest->row_count++;
  bool full = rest->rows >= TUV_REST_BLOCK_ROWS || rest->bytes >= TUV_REST_BLOCK_BYTES;
  return full ? tuv_rest_finish_block(rest, err) : 0;
}

static int add_rows(tuv_rest_t* rest, yyjson_doc* doc, const char* text, tuv_errmsg_t* err) {
  yyjson_arr_iter rows;
  int status = 0;
  yyjson_arr_iter_init(yyjson_doc_get_root(doc), &rows);
  for (yyjson_val* row; status == 0 && (row = yyjson_arr_iter_next(&rows)) != NULL;)
    status = add_row(rest, row, rest->has_json ? &text : NULL, err);
  return status;
}

int tuv_rest_read_batch(tuv_rest_t* rest, tuv_errmsg_t* err) {
  yyjson_alc alc;
  yyjson_read_err why;
  uint8_t* end = tuv_buf_reserve(&rest->batch, 2);
  if (end == NULL) return tuv_fail(err, TUV_ENOMEM, "no memory for rows");
  memcpy(end, "]", 2); /* and a NUL behind it */
  size_t size = tuv_buf_size(&rest->batch) + 1;
  char* text = (char*) rest->batch.data + rest->batch.head;
  if (tuv_json_pool(rest->json, size, &alc) < 0)
    return tuv_fail(err, TUV_ENOMEM, "no memory for rows of %zu bytes", size);
  /* Servers before 3.3.8.4 write NaN and Inf; a VARCHAR may hold any bytes. */
  yyjson_read_flag flags = YYJSON_READ_ALLOW_INF_AND_NAN | YYJSON_READ_ALLOW_INVALID_UNICODE;
  yyjson_doc* doc = yyjson_read_opts(text, size, flags, &alc, &why);
  if (doc == NULL)
    return tuv_fail(err, why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION ? TUV_ENOMEM : TUV_EPROTO,
                    "a row after row %llu is not JSON: %s", (unsigned long long) rest->row_count,
                    why.msg);
  int status = add_rows(rest, doc, text + 1, err);
  tuv_buf_consume(&rest->batch, tuv_buf_size(&rest->batch), (size_t) 3 * TUV_REST_KEEP_BYTES);
  return status;
}
