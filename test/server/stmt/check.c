/* Bound values against the fields that they go into, and one by one as SQLite keeps them. */
#include <math.h>
#include <string.h>

#include "query/cell.h"
#include "stmt/check.h"
#include "codec/decimal.h"
#include "codec/wkt.h"
#include "util/utf8.h"

static int mismatch(ts_error_t* error) {
  return ts_error(error, TS_E_MISMATCH, "column type mis-match with buffer type");
}

static int bad(ts_error_t* error, const ts_field_t* field, const char* what) {
  return ts_error(error, TS_E_MISMATCH, "%s for column/tag: %s", what, field->name);
}

static int too_long(ts_error_t* error, const ts_field_t* field) {
  return ts_error(error, TS_E_TOO_LONG, "Value too long for column/tag: %s", field->name);
}

/* ---- values of variable size ---- */

static size_t characters(const uint8_t* text, size_t size) {
  size_t count = 0;
  for (size_t i = 0; i < size; i++) count += (text[i] & 0xc0) != 0x80;
  return count;
}

static int check_nchar(const ts_field_t* field, const uint8_t* text, size_t size,
                       ts_error_t* error) {
  if (!tuv_utf8_valid(text, size)) return bad(error, field, "invalid nchar data");
  return size > field->type.width && characters(text, size) > field->type.width
             ? too_long(error, field)
             : 0;
}

static int check_decimal_text(const ts_field_t* field, const uint8_t* text, size_t size,
                              ts_error_t* error) {
  ts_i128_t value;
  int status = ts_decimal_parse((const char*) text, size, field->type.precision, field->type.scale,
                                &value);
  if (status == 0) return 0;
  return bad(error, field, status == 2 ? "decimal data overflow" : "illegal decimal data");
}

static int check_value(const ts_field_t* field, const uint8_t* value, size_t size,
                       ts_error_t* error) {
  switch (field->type.type) {
    case TS_NCHAR: return check_nchar(field, value, size, error);
    case TS_JSON:
      if (size > field->type.width) return too_long(error, field);
      if (ts_cell_json(NULL, (const char*) value, size, NULL)) return 0;
      return bad(error, field, "json parse error");
    case TS_GEOMETRY:
      if (size > field->type.width) return too_long(error, field);
      return ts_wkb_check(value, size) ? 0 : bad(error, field, "invalid geometry data");
    default: return check_decimal_text(field, value, size, error);
  }
}

/* Values of which only the length matters, without a branch for each. */
static int check_lengths(const ts_field_t* field, const ts_bind_t* bind, ts_error_t* error) {
  uint64_t total = 0;
  uint32_t longest = 0;
  for (uint32_t row = 0; row < bind->rows; row++) {
    uint32_t size = ts_get_u32(bind->lengths + 4 * (size_t) row);
    size = bind->nulls[row] != 0 ? 0 : size;
    total += size;
    longest = size > longest ? size : longest;
  }
  if (total > bind->size) return TS_E_POISON;
  return longest > field->type.width ? too_long(error, field) : 0;
}

static int check_variable(const ts_field_t* field, const ts_bind_t* bind, ts_error_t* error) {
  uint8_t type = field->type.type;
  size_t at = 0;
  if (type == TS_VARCHAR || type == TS_VARBINARY || type == TS_BLOB)
    return check_lengths(field, bind, error);
  for (uint32_t row = 0; row < bind->rows; row++) {
    if (bind->nulls[row] != 0) continue;
    uint32_t size = ts_get_u32(bind->lengths + 4 * (size_t) row);
    if (size > bind->size - at) return TS_E_POISON;
    int status = check_value(field, bind->data + at, size, error);
    if (status != 0) return status;
    at += size;
  }
  return 0;
}

/* ---- values of fixed size ---- */

static ts_i128_t read_decimal(const uint8_t* at, uint32_t width) {
  if (width == 8) return (int64_t) ts_get_u64(at);
  return (ts_i128_t) ((ts_u128_t) ts_get_u64(at + 8) << 64 | ts_get_u64(at));
}

static int check_decimals(const ts_field_t* field, const ts_bind_t* bind, ts_error_t* error) {
  ts_i128_t limit = 1;
  for (unsigned i = 0; i < field->type.precision; i++) limit *= 10;
  for (uint32_t row = 0; row < bind->rows; row++) {
    if (bind->nulls[row] != 0) continue;
    size_t width = field->type.width;
    ts_i128_t value = read_decimal(bind->data + row * width, field->type.width);
    if (value >= limit || value <= -limit) return bad(error, field, "decimal data overflow");
  }
  return 0;
}

/* SQLite has no NaN: it would become a NULL. */
static int check_reals(const ts_field_t* field, const ts_bind_t* bind, ts_error_t* error) {
  uint32_t found = 0;
  for (uint32_t row = 0; row < bind->rows; row++) {
    double real = ts_get_real(field->type.type, bind->data + (size_t) row * field->type.width);
    found += isnan(real) && bind->nulls[row] == 0;
  }
  return found == 0 ? 0 : ts_unsupported(error, "NaN");
}

uint32_t ts_bind_nulls(const ts_bind_t* bind) {
  uint32_t count = 0;
  for (uint32_t row = 0; row < bind->rows; row++) count += bind->nulls[row] != 0;
  return count;
}

static int check_fixed(const ts_field_t* field, const ts_bind_t* bind, ts_error_t* error) {
  if (bind->size == 0) /* allowed where all are NULL */
    return ts_bind_nulls(bind) == bind->rows ? 0 : TS_E_POISON;
  if (bind->size / field->type.width < bind->rows) return TS_E_POISON;
  if (ts_type_is_decimal(field->type.type)) return check_decimals(field, bind, error);
  bool real = field->type.type == TS_FLOAT || field->type.type == TS_DOUBLE;
  return real ? check_reals(field, bind, error) : 0;
}

int ts_bind_check(const ts_field_t* field, const ts_bind_t* bind, ts_bind_rules_t rules,
                  ts_error_t* error) {
  uint8_t type = field->type.type;
  if (bind->type != type) return mismatch(error);
  if (type == TS_BLOB && !rules.blobs) return mismatch(error);
  if (ts_type_is_decimal(type) && bind->lengths != NULL)
    return rules.decimal_text ? check_variable(field, bind, error) : TS_E_POISON;
  if (!ts_type_is_var(type)) return check_fixed(field, bind, error);
  if (bind->lengths != NULL) return check_variable(field, bind, error);
  return ts_bind_nulls(bind) == bind->rows ? 0 : TS_E_POISON; /* values without lengths */
}

/* ---- cells ---- */

static void put_decimal(ts_arena_t* arena, const ts_field_t* field, ts_i128_t value,
                        ts_cell_t* cell) {
  cell->kind = TS_CELL_INT;
  cell->integer = (int64_t) value;
  if (field->type.type == TS_DECIMAL64) return;
  uint8_t* key = ts_arena_alloc(arena, 16);
  ts_decimal_key(value, key);
  *cell = (ts_cell_t) {.kind = TS_CELL_BYTES, .data = key, .size = 16};
}

static void variable_cell(ts_arena_t* arena, const ts_field_t* field, const uint8_t* value,
                          size_t size, ts_cell_t* cell) {
  ts_i128_t decimal = 0;
  switch (field->type.type) {
    case TS_JSON: ts_cell_json(arena, (const char*) value, size, cell); break;
    case TS_DECIMAL:
    case TS_DECIMAL64:
      ts_decimal_parse((const char*) value, size, field->type.precision, field->type.scale,
                       &decimal);
      put_decimal(arena, field, decimal, cell);
      break;
    case TS_VARCHAR:
    case TS_NCHAR: *cell = (ts_cell_t) {.kind = TS_CELL_TEXT, .data = value, .size = size}; break;
    default: *cell = (ts_cell_t) {.kind = TS_CELL_BYTES, .data = value, .size = size}; break;
  }
}

static int64_t read_integer(const uint8_t* at, uint8_t type) {
  return type == TS_BOOL ? *at != 0 : ts_get_integer(type, at);
}

int64_t ts_bind_sum(const ts_field_t* field, const ts_bind_t* bind) {
  uint8_t type = field->type.type;
  uint64_t sum = 0;
  for (uint32_t row = 0; row < bind->rows && bind->size > 0; row++) {
    const uint8_t* value = bind->data + (size_t) row * field->type.width;
    sum += bind->nulls[row] != 0 ? 0 : (uint64_t) read_integer(value, type);
  }
  return (int64_t) sum;
}

void ts_bind_cell(ts_arena_t* arena, const ts_field_t* field, const ts_bind_t* bind, uint32_t row,
                  size_t* at, ts_cell_t* cell) {
  uint8_t type = field->type.type;
  *cell = (ts_cell_t) {0};
  if (bind->nulls[row] != 0) return;
  if (bind->lengths != NULL && (ts_type_is_var(type) || ts_type_is_decimal(type))) {
    size_t size = ts_get_u32(bind->lengths + 4 * (size_t) row);
    variable_cell(arena, field, bind->data + *at, size, cell);
    *at += size;
    return;
  }
  const uint8_t* value = bind->data + (size_t) row * field->type.width;
  if (ts_type_is_decimal(type)) {
    put_decimal(arena, field, read_decimal(value, field->type.width), cell);
  } else if (type == TS_FLOAT || type == TS_DOUBLE) {
    *cell = (ts_cell_t) {.kind = TS_CELL_REAL, .real = ts_get_real(type, value)};
  } else {
    *cell = (ts_cell_t) {.kind = TS_CELL_INT, .integer = read_integer(value, type)};
  }
}
