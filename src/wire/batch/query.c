/* The parameters of a query. */
#include "wire/batch/query.h"

#include "util/bytes.h"
#include "wire/batch/error.h"
#include "wire/batch/table.h"
#include "wire/batch/value.h"
#include "wire/value/format.h"

/* The type as which a value is sent. Times are sent as text, which states its unit. */
static uint8_t type_of(const taosuv_value_t* value) {
  switch (value->kind) {
    case TAOSUV_VALUE_BOOL: return TAOSUV_TYPE_BOOL;
    case TAOSUV_VALUE_I64: return TAOSUV_TYPE_BIGINT;
    case TAOSUV_VALUE_U64: return TAOSUV_TYPE_UBIGINT;
    case TAOSUV_VALUE_F64: return TAOSUV_TYPE_DOUBLE;
    case TAOSUV_VALUE_BYTES: return TAOSUV_TYPE_VARBINARY;
    default: return TAOSUV_TYPE_VARCHAR;
  }
}

static int check_place(const tuv_batch_t* batch, tuv_errmsg_t* err) {
  if (batch->layout->ncolumns == 0) return tuv_fail(err, TUV_EINVAL, "the query has no parameters");
  if (batch->rows > 0)
    return tuv_fail(err, TUV_EINVAL, "all parameters of the query are bound already");
  return 0;
}

/* The years 0 to 9999 of RFC 3339. */
#define FIRST_SECOND INT64_C(-62167219200)
#define LAST_SECOND INT64_C(253402300799)

/* Writes a time as RFC 3339 in UTC. 64 bits hold nanoseconds since 1970 only from 1677 to 2262. A
 * database with that precision has no other times, so that microseconds suffice for these. */
static int convert_time(struct timespec time, char* buf, size_t size, taosuv_value_t* value,
                        tuv_errmsg_t* err) {
  if (time.tv_nsec < 0 || time.tv_nsec >= TUV_NS_PER_SECOND)
    return tuv_fail(err, TUV_EINVAL,
                    "the timespec has %lld nanoseconds; 0 to 999999999 are possible",
                    (long long) time.tv_nsec);
  int64_t seconds = time.tv_sec;
  if (seconds < FIRST_SECOND || seconds > LAST_SECOND)
    return tuv_fail(err, TUV_ERANGE, "%lld seconds are outside the years 0 to 9999",
                    (long long) seconds);
  int64_t count;
  bool fine = tuv_timestamp_combine(seconds, TUV_NS_PER_SECOND, time.tv_nsec, &count);
  if (!fine) count = seconds * 1000000 + time.tv_nsec / 1000;
  int length = taosuv_format_timestamp(count, fine ? TAOSUV_PRECISION_NS : TAOSUV_PRECISION_US, 0,
                                       buf, size);
  *value = taosuv_text(buf, (size_t) length);
  return 0;
}

static int convert(tuv_batch_t* batch, const taosuv_value_t* value, tuv_cell_t* cell,
                   tuv_errmsg_t* err) {
  char buf[64];
  taosuv_value_t text;
  tuv_converted_t converted;
  int status;
  *cell = (tuv_cell_t) {.type = type_of(value), .null = value->kind == TAOSUV_VALUE_NULL};
  if (cell->null) return 0;
  if (value->kind == TAOSUV_VALUE_TIMESPEC) {
    status = convert_time(value->as.time, buf, sizeof buf, &text, err);
    if (status < 0) return status;
    value = &text;
  }
  tuv_slot_t slot = {
      .type = cell->type, .width = tuv_type_size(cell->type), .limit = TUV_BATCH_MAX_BYTES};
  status = tuv_convert(batch, &slot, value, &converted, err);
  return status < 0 ? status : tuv_cell_keep(batch, cell, &converted, err);
}

int tuv_params_value(tuv_batch_t* batch, const taosuv_value_t* value, tuv_errmsg_t* err) {
  int status = tuv_batch_begin(batch, true, err);
  if (status < 0 || (status = check_place(batch, err)) < 0) return status;
  status = convert(batch, value, &batch->layout->params[batch->cursor], err);
  if (status < 0) return tuv_batch_where(batch, NULL, batch->cursor, TUV_NO_ROW, status, err);
  batch->cursor++;
  if (batch->cursor == batch->layout->ncolumns) {
    batch->cursor = 0;
    batch->rows = 1;
  }
  return 0;
}

/* ---- arrays of one row, by which a caller chooses the types ---- */

static int convert_array(tuv_batch_t* batch, const taosuv_array_t* array, tuv_cell_t* cell,
                         tuv_errmsg_t* err) {
  tuv_converted_t converted = {.bytes = converted.room};
  uint8_t type = array->type;
  tuv_slot_t slot = {.type = type, .width = tuv_type_size(type), .limit = TUV_BATCH_MAX_BYTES};
  bool null = type == TAOSUV_TYPE_NULL || (array->nulls != NULL && array->nulls[0] != 0);
  *cell = (tuv_cell_t) {.type = type != TAOSUV_TYPE_NULL ? type : TAOSUV_TYPE_VARCHAR,
                        .null = null};
  bool variable = tuv_type_is_variable(type);
  if (type != TAOSUV_TYPE_NULL && tuv_type(type)->kind == TUV_KIND_NONE)
    return tuv_fail(err, TUV_ETYPE, "arrays of type %u cannot be bound", type);
  if (tuv_type_is_decimal(type))
    return tuv_fail(err, TUV_ETYPE, "a DECIMAL cannot be a parameter: bind its text as VARCHAR");
  if (null) return 0;
  if (array->values == NULL || (variable && array->offsets == NULL))
    return tuv_fail(err, TUV_EINVAL, "the array has no values");
  if (variable) {
    uint32_t from = array->offsets[0], to = array->offsets[1];
    if (to < from) return tuv_fail(err, TUV_EINVAL, "the offsets decrease from %u to %u", from, to);
    if (type == TAOSUV_TYPE_NCHAR) slot.limit = TUV_BATCH_MAX_NCHAR;
    converted.bytes = (const uint8_t*) array->values + from;
    converted.length = to - from;
    int status = tuv_check_bytes(batch, &slot, converted.bytes, converted.length, &converted.text,
                                 err);
    if (status < 0) return status;
  } else {
    uint64_t bits = 0;
    converted.length = slot.width;
    if (slot.width == 1) bits = *(const uint8_t*) array->values;
    if (slot.width == 2) {
      uint16_t v;
      memcpy(&v, array->values, 2);
      bits = v;
    }
    if (slot.width == 4) {
      uint32_t v;
      memcpy(&v, array->values, 4);
      bits = v;
    }
    if (slot.width == 8) memcpy(&bits, array->values, 8);
    tuv_store(converted.room, bits, 8);
  }
  return tuv_cell_keep(batch, cell, &converted, err);
}

int tuv_params_columns(tuv_batch_t* batch, uint32_t rows, const taosuv_array_t* columns,
                       uint32_t count, tuv_errmsg_t* err) {
  int status = check_place(batch, err);
  if (status < 0) return status;
  if (rows != 1) return tuv_fail(err, TUV_EINVAL, "a query takes exactly one row of parameters");
  for (uint32_t i = 0; i < count; i++) {
    status = convert_array(batch, &columns[i], &batch->layout->params[i], err);
    if (status < 0) return tuv_batch_where(batch, NULL, i, TUV_NO_ROW, status, err);
  }
  batch->rows = 1;
  return 0;
}
