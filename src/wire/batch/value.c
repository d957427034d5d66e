/* One value checked against its field and turned into the bytes that are sent. */
#include "wire/batch/value.h"

#include <math.h>

#include "util/bytes.h"
#include "util/utf8.h"
#include "wire/batch/decimal.h"
#include "wire/batch/error.h"
#include "wire/batch/table.h"
#include "wire/json/check.h"
#include "wire/text.h"
#include "wire/value/format.h"
#include "wire/value/wkb.h"

static const char* const kind_names[] = {"NULL",     "a bool", "an int64", "a uint64",
                                         "a double", "text",   "bytes",    "a timespec"};

static int wrong_kind(const tuv_slot_t* slot, const taosuv_value_t* value, tuv_errmsg_t* err) {
  unsigned kind = value->kind;
  return tuv_fail(err, TUV_ETYPE, "%s cannot be bound to a field of type %s",
                  kind < sizeof kind_names / sizeof *kind_names ? kind_names[kind]
                                                                : "a value of an unknown kind",
                  taosuv_type_name(slot->type));
}

/* ---- numbers ---- */

/* The field must be an integer or a TIMESTAMP. */
static int convert_i64(const tuv_slot_t* slot, int64_t number, tuv_converted_t* out,
                       tuv_errmsg_t* err) {
  if (!tuv_type_holds_i64(slot->type, number))
    return tuv_fail(err, TUV_ERANGE, "%lld does not fit %s", (long long) number,
                    taosuv_type_name(slot->type));
  tuv_store(out->room, (uint64_t) number, 8);
  return 0;
}

static int convert_u64(const tuv_slot_t* slot, uint64_t number, tuv_converted_t* out,
                       tuv_errmsg_t* err) {
  if (!tuv_type_holds_u64(slot->type, number))
    return tuv_fail(err, TUV_ERANGE, "%llu does not fit %s", (unsigned long long) number,
                    taosuv_type_name(slot->type));
  tuv_store(out->room, number, 8);
  return 0;
}

static int convert_f64(const tuv_slot_t* slot, double number, tuv_converted_t* out,
                       tuv_errmsg_t* err) {
  uint64_t bits;
  if (slot->type == TAOSUV_TYPE_DOUBLE) {
    memcpy(&bits, &number, 8);
    tuv_store(out->room, bits, 8);
    return 0;
  }
  float narrow = (float) number;
  uint32_t half;
  if (isinf(narrow) && !isinf(number))
    return tuv_fail(err, TUV_ERANGE, "%g does not fit FLOAT", number);
  memcpy(&half, &narrow, 4);
  tuv_store(out->room, half, 4);
  return 0;
}

static int convert_time(const tuv_slot_t* slot, struct timespec time, tuv_converted_t* out,
                        tuv_errmsg_t* err) {
  unsigned precision = slot->field->precision;
  if (time.tv_nsec < 0 || time.tv_nsec >= TUV_NS_PER_SECOND)
    return tuv_fail(err, TUV_EINVAL,
                    "the timespec has %lld nanoseconds; 0 to 999999999 are possible",
                    (long long) time.tv_nsec);
  if (precision > TAOSUV_PRECISION_NS)
    return tuv_fail(err, TUV_EINVAL, "the field's precision %u is unknown", precision);
  int64_t unit = tuv_timestamp_unit(precision), value;
  int64_t part = (int64_t) time.tv_nsec / (TUV_NS_PER_SECOND / unit);
  if (!tuv_timestamp_combine(time.tv_sec, unit, part, &value))
    return tuv_fail(err, TUV_ERANGE, "%lld seconds do not fit a TIMESTAMP of precision %u",
                    (long long) time.tv_sec, precision);
  tuv_store(out->room, (uint64_t) value, 8);
  return 0;
}

/* ---- bytes ---- */

uint32_t tuv_count_chars(const uint8_t* utf8, size_t size) {
  uint32_t chars = 0;
  for (size_t i = 0; i < size; i++) chars += (utf8[i] & 0xC0) != 0x80;
  return chars;
}

static int too_long(const tuv_slot_t* slot, size_t length, tuv_errmsg_t* err) {
  return tuv_fail(err, TUV_ERANGE, "the value has %zu %s; at most %u are allowed", length,
                  slot->type == TAOSUV_TYPE_NCHAR ? "characters" : "bytes", slot->limit);
}

int tuv_check_bytes(const tuv_batch_t* batch, const tuv_slot_t* slot, const uint8_t* bytes,
                    size_t length, uint32_t* chars, tuv_errmsg_t* err) {
  *chars = 0;
  if (slot->type == TAOSUV_TYPE_NCHAR) {
    if (length > 4 * (size_t) slot->limit) return too_long(slot, length / 4 + 1, err);
    *chars = tuv_count_chars(bytes, length);
    if (*chars > slot->limit) return too_long(slot, *chars, err);
    if (!tuv_utf8_valid(bytes, length)) return tuv_fail(err, TUV_EINVAL, "the text is not UTF-8");
    return 0;
  }
  if (length > slot->limit) return too_long(slot, length, err);
  if (slot->type == TAOSUV_TYPE_JSON) return tuv_json_check(batch->alloc, bytes, length, err);
  if (slot->type == TAOSUV_TYPE_GEOMETRY) return tuv_wkb_check(bytes, length, err);
  return 0;
}

static int convert_bytes(const tuv_batch_t* batch, const tuv_slot_t* slot,
                         const taosuv_value_t* value, tuv_converted_t* out, tuv_errmsg_t* err) {
  static const uint8_t nothing[1] = {0};
  bool text = value->kind == TAOSUV_VALUE_TEXT;
  const uint8_t* bytes = value->as.bytes;
  size_t length = value->length;
  if (bytes == NULL && length != 0)
    return tuv_fail(err, TUV_EINVAL, "the value has a length but no bytes");
  if (!text && length == TAOSUV_NUL_TERMINATED)
    return tuv_fail(err, TUV_EINVAL, "bytes must have a length");
  if (text) length = tuv_text_length(value->as.bytes, length);
  if (bytes == NULL) bytes = nothing;
  if (slot->decimal)
    return text ? tuv_convert_decimal(slot, (const char*) bytes, length, out, err)
                : tuv_convert_decimal_bytes(slot, bytes, length, out, err);
  bool binary = tuv_type(slot->type)->kind == TUV_KIND_BINARY;
  if (slot->width != 0 || (slot->type != TAOSUV_TYPE_VARCHAR && text == binary))
    return wrong_kind(slot, value, err);
  int status = tuv_check_bytes(batch, slot, bytes, length, &out->text, err);
  if (status < 0) return status;
  out->bytes = bytes;
  out->length = (uint32_t) length;
  return 0;
}

/* ---- all kinds ---- */

int tuv_convert(const tuv_batch_t* batch, const tuv_slot_t* slot, const taosuv_value_t* value,
                tuv_converted_t* out, tuv_errmsg_t* err) {
  uint8_t type = slot->type;
  out->bytes = out->room;
  out->length = slot->width;
  out->text = 0;
  switch (value->kind) {
    case TAOSUV_VALUE_BOOL:
      if (type != TAOSUV_TYPE_BOOL) break;
      out->room[0] = value->as.i64 != 0;
      return 0;
    case TAOSUV_VALUE_I64:
      if (!tuv_type_is_integer(type) && type != TAOSUV_TYPE_TIMESTAMP) break;
      return convert_i64(slot, value->as.i64, out, err);
    case TAOSUV_VALUE_U64:
      if (!tuv_type_is_integer(type)) break;
      return convert_u64(slot, value->as.u64, out, err);
    case TAOSUV_VALUE_F64:
      if (type != TAOSUV_TYPE_FLOAT && type != TAOSUV_TYPE_DOUBLE) break;
      return convert_f64(slot, value->as.f64, out, err);
    case TAOSUV_VALUE_TIMESPEC:
      if (type != TAOSUV_TYPE_TIMESTAMP) break;
      return convert_time(slot, value->as.time, out, err);
    case TAOSUV_VALUE_TEXT:
    case TAOSUV_VALUE_BYTES: return convert_bytes(batch, slot, value, out, err);
    default: break;
  }
  return wrong_kind(slot, value, err);
}

int tuv_cell_keep(tuv_batch_t* batch, tuv_cell_t* cell, const tuv_converted_t* converted,
                  tuv_errmsg_t* err) {
  uint8_t* bytes = tuv_arena_take(&batch->arena, converted->length + 1u);
  if (bytes == NULL) return tuv_batch_no_memory(err);
  if (converted->length > 0) memcpy(bytes, converted->bytes, converted->length);
  cell->length = converted->length;
  cell->text = converted->text;
  cell->bytes = bytes;
  return 0;
}
