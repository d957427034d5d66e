/* Values in JSON, as the first protocol binds them, read as the types of their columns. */
#include <float.h>
#include <math.h>
#include <string.h>
#include <yyjson.h>

#include "query/cell.h"
#include "stmt/decode.h"

/* The memory of a column in the making. */
typedef struct column_s {
  const ts_field_t* field;
  uint8_t precision;
  ts_buf_t values;
  ts_error_t* error;
} column_t;

static int bad(const column_t* column, const char* what) {
  return ts_error(column->error, TS_E_INTERNAL, "%s for %s", what, column->field->name);
}

static int put_integer(column_t* column, yyjson_val* value) {
  ts_type_t type = column->field->type;
  uint64_t all = UINT64_MAX >> (64 - 8 * type.width);
  uint64_t bits = 0;
  bool ok = false;
  if (yyjson_is_uint(value)) {
    bits = yyjson_get_uint(value);
    ok = bits <= (ts_type_is_unsigned(type.type) ? all : all / 2);
  } else if (yyjson_is_sint(value) && !ts_type_is_unsigned(type.type)) {
    bits = (uint64_t) yyjson_get_sint(value);
    ok = 0 - bits <= all / 2 + 1; /* the value is negative */
  }
  if (!ok) return bad(column, "not an integer in range");
  uint8_t bytes[8];
  ts_put_u64(bytes, bits);
  ts_buf_add(&column->values, bytes, type.width);
  return 0;
}

static int put_real(column_t* column, yyjson_val* value) {
  if (!yyjson_is_num(value)) return bad(column, "not a number");
  double real = yyjson_get_num(value);
  if (column->field->type.type == TS_DOUBLE) {
    ts_buf_add(&column->values, &real, sizeof real);
    return 0;
  }
  if (fabs(real) > (double) FLT_MAX) return bad(column, "not a number in range");
  float narrow = (float) real;
  ts_buf_add(&column->values, &narrow, sizeof narrow);
  return 0;
}

static int put_time(column_t* column, yyjson_val* value) {
  int64_t time = 0;
  if (yyjson_is_str(value)) {
    const char* text = yyjson_get_str(value);
    size_t size = yyjson_get_len(value);
    bool zoned = size > 19 && (text[size - 1] == 'Z' || memchr(text + 19, '+', size - 19) != NULL ||
                               memchr(text + 19, '-', size - 19) != NULL);
    ts_zone_t zone;
    ts_zone_set(&zone, NULL);
    if (!zoned || ts_time_parse(text, size, column->precision, &zone, &time) != 0)
      return bad(column, "parse time");
  } else if (yyjson_is_int(value)) {
    time = yyjson_get_sint(value);
  } else {
    return bad(column, "parse time");
  }
  ts_buf_u64(&column->values, (uint64_t) time);
  return 0;
}

static int put_hex(column_t* column, yyjson_val* value) {
  const char* text = yyjson_get_str(value);
  size_t size = yyjson_get_len(value);
  if (text == NULL || size % 2 != 0) return bad(column, "not hex digits");
  for (size_t i = 0; i < size; i += 2) {
    int high = ts_hex_digit(text[i]);
    int low = ts_hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return bad(column, "not hex digits");
    uint8_t byte = (uint8_t) (high * 16 + low);
    ts_buf_add(&column->values, &byte, 1);
  }
  return 0;
}

static int put_value(column_t* column, yyjson_val* value, bool tag) {
  uint8_t type = column->field->type.type;
  if (ts_type_is_integer(type)) return put_integer(column, value);
  switch (type) {
    case TS_BOOL: {
      if (!yyjson_is_bool(value)) return bad(column, "not a bool");
      uint8_t byte = yyjson_get_bool(value);
      ts_buf_add(&column->values, &byte, 1);
      return 0;
    }
    case TS_FLOAT:
    case TS_DOUBLE: return put_real(column, value);
    case TS_TIMESTAMP: return put_time(column, value);
    case TS_VARBINARY:
    case TS_GEOMETRY: return put_hex(column, value);
    case TS_JSON:
      if (!tag) break;
      /* fallthrough */
    case TS_VARCHAR:
    case TS_NCHAR:
      if (!yyjson_is_str(value)) return bad(column, "not a string");
      ts_buf_add(&column->values, yyjson_get_str(value), yyjson_get_len(value));
      return 0;
    default: break;
  }
  return ts_error(column->error, TS_E_INTERNAL, "unknown column types: %u", type);
}

/* The values at `value` (an array, or for a tag itself) as a bind. */
static int put_column(column_t* column, yyjson_val* value, bool tag, ts_binding_t* binding,
                      ts_bind_t* bind) {
  size_t rows = tag ? 1 : yyjson_arr_size(value);
  uint8_t type = column->field->type.type;
  bool variable = ts_type_is_var(type);
  uint8_t* nulls = ts_binding_alloc(binding, rows);
  uint8_t* lengths = ts_binding_alloc(binding, 4 * rows);
  column->values.size = 0;
  yyjson_arr_iter iter = yyjson_arr_iter_with(value);
  for (size_t row = 0; row < rows; row++) {
    yyjson_val* item = tag ? value : yyjson_arr_iter_next(&iter);
    size_t before = column->values.size;
    nulls[row] = yyjson_is_null(item);
    int status = nulls[row] != 0 ? 0 : put_value(column, item, tag);
    if (status != 0) return status;
    if (nulls[row] != 0 && !variable)
      memset(ts_buf_grow(&column->values, column->field->type.width), 0, column->field->type.width);
    ts_put_u32(lengths + 4 * row, (uint32_t) (column->values.size - before));
  }
  uint8_t* data = ts_binding_alloc(binding, column->values.size);
  if (column->values.size > 0) memcpy(data, column->values.data, column->values.size);
  *bind = (ts_bind_t) {.type = type,
                       .rows = (uint32_t) rows,
                       .nulls = nulls,
                       .lengths = variable ? lengths : NULL,
                       .data = data,
                       .size = column->values.size};
  return 0;
}

int ts_bind_json(yyjson_val* array, const ts_field_t* const* fields, uint32_t nfields, bool tags,
                 uint8_t precision, ts_binding_t* binding, ts_bind_t* binds, ts_error_t* error) {
  size_t given = yyjson_arr_size(array);
  if (given > nfields) return TS_E_POISON; /* the real one indexes out of its list of fields */
  if (!yyjson_is_arr(array) || given < nfields)
    return ts_error(error, TS_E_INTERNAL, "%zu values for %u fields", given, nfields);
  column_t column = {.precision = precision, .error = error};
  yyjson_arr_iter iter = yyjson_arr_iter_with(array);
  int status = 0;
  for (uint32_t i = 0; i < nfields && status == 0; i++) {
    yyjson_val* value = yyjson_arr_iter_next(&iter);
    column.field = fields[i];
    if (!tags && !yyjson_is_arr(value)) {
      status = ts_error(error, TS_E_INTERNAL, "column %u is no array", i);
    } else {
      status = put_column(&column, value, tags, binding, &binds[i]);
    }
    if (status == 0 && !tags && binds[i].rows != binds[0].rows)
      status = ts_error(error, TS_E_INTERNAL, "wrong row length: want %u rows got %u",
                        binds[0].rows, binds[i].rows);
  }
  ts_buf_free(&column.values);
  return status;
}
