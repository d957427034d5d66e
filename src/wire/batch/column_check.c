/* Checks the array of a column before any of it is copied. */
#include "wire/batch/columns.h"
#include "wire/batch/decimal.h"
#include "wire/batch/error.h"

static uint32_t count_nulls(const taosuv_array_t* array, uint32_t rows) {
  uint32_t nulls = 0;
  if (array->type == TAOSUV_TYPE_NULL) return rows;
  if (array->nulls == NULL) return 0;
  for (uint32_t row = 0; row < rows; row++) nulls += array->nulls[row] != 0;
  return nulls;
}

static int check_type(const tuv_intake_t* intake, tuv_errmsg_t* err) {
  const taosuv_array_t* array = intake->array;
  const tuv_slot_t* slot = intake->slot;
  if (array->type == TAOSUV_TYPE_NULL) return 0;
  bool text = slot->decimal && array->type == TAOSUV_TYPE_VARCHAR;
  if (array->type != slot->type && !text) {
    const char* name = taosuv_type_name(array->type);
    return tuv_fail(err, TUV_ETYPE, "an array of %s cannot be bound to a field of type %s",
                    name != NULL ? name : "an unknown type", taosuv_type_name(slot->type));
  }
  bool variable = slot->width == 0 || text;
  if (variable && array->offsets == NULL)
    return tuv_fail(err, TUV_EINVAL, "the array has no offsets");
  return 0;
}

/* Checks one row: its offsets must not decrease, and its bytes must be a value of the type. */
static int check_row(const tuv_batch_t* batch, tuv_intake_t* intake, uint32_t row,
                     tuv_errmsg_t* err) {
  const taosuv_array_t* array = intake->array;
  uint32_t from = array->offsets[row], to = array->offsets[row + 1], chars = 0;
  if (to < from) return tuv_fail(err, TUV_EINVAL, "the offsets decrease from %u to %u", from, to);
  if (tuv_array_is_null(array, row)) {
    if (to > from) intake->whole = false;
    return 0;
  }
  const uint8_t* bytes = array->values;
  if (bytes == NULL && to > from)
    return tuv_fail(err, TUV_EINVAL, "the array has offsets but no values");
  static const uint8_t nothing[1] = {0};
  const uint8_t* text = bytes != NULL ? bytes + from : nothing;
  intake->sum.bytes += to - from;
  if (intake->slot->decimal) {
    tuv_converted_t converted;
    int status = tuv_convert_decimal(intake->slot, (const char*) text, to - from, &converted, err);
    if (status == 0) intake->sum.chars += converted.text;
    return status;
  }
  int status = tuv_check_bytes(batch, intake->slot, text, to - from, &chars, err);
  intake->sum.chars += chars;
  return status;
}

/* Checks a column of which only lengths have to be checked, as most columns. Returns false when it
 * needs other checks, or when a length is wrong. */
static bool check_lengths(tuv_intake_t* intake, uint32_t rows) {
  const taosuv_array_t* array = intake->array;
  const uint32_t* offsets = array->offsets;
  uint32_t limit = intake->slot->limit, bad = 0;
  if (intake->slot->type != TAOSUV_TYPE_VARCHAR && intake->slot->type != TAOSUV_TYPE_VARBINARY &&
      intake->slot->type != TAOSUV_TYPE_BLOB)
    return false;
  if (array->nulls != NULL || array->values == NULL) return false;
  for (uint32_t row = 0; row < rows; row++) {
    uint32_t length = offsets[row + 1] - offsets[row];
    bad |= (uint32_t) (offsets[row + 1] < offsets[row]) | (uint32_t) (length > limit);
  }
  intake->sum.bytes = bad ? 0 : offsets[rows] - offsets[0];
  return bad == 0;
}

static int check_values(const tuv_batch_t* batch, tuv_intake_t* intake, uint32_t rows,
                        tuv_errmsg_t* err) {
  const taosuv_array_t* array = intake->array;
  intake->whole = true;
  if (array->offsets == NULL || array->type == TAOSUV_TYPE_NULL || check_lengths(intake, rows))
    return 0;
  for (uint32_t row = 0; row < rows; row++) {
    int status = check_row(batch, intake, row, err);
    if (status < 0) return tuv_batch_where(batch, intake->slot->field, 0, row, status, err);
  }
  return 0;
}

static uint32_t first_null(const taosuv_array_t* array, uint32_t rows) {
  uint32_t row = 0;
  if (array->type == TAOSUV_TYPE_NULL) return 0;
  while (row < rows && array->nulls[row] == 0) row++;
  return row;
}

int tuv_column_check(const tuv_batch_t* batch, tuv_intake_t* intake, uint32_t rows,
                     tuv_errmsg_t* err) {
  const taosuv_stmt_field_t* field = intake->slot->field;
  int status = check_type(intake, err);
  if (status < 0) return tuv_batch_where(batch, field, 0, TUV_NO_ROW, status, err);
  intake->sum.nulls = count_nulls(intake->array, rows);
  if (intake->sum.nulls > 0 && intake->slot->required) {
    tuv_fail(err, 0, "the table's first TIMESTAMP must not be NULL");
    return tuv_batch_where(batch, field, 0, first_null(intake->array, rows), TUV_EINVAL, err);
  }
  bool fixed = intake->slot->width != 0 && intake->array->type == intake->slot->type;
  if (fixed && intake->array->values == NULL && intake->sum.nulls < rows) {
    tuv_fail(err, 0, "the array has no values");
    return tuv_batch_where(batch, field, 0, TUV_NO_ROW, TUV_EINVAL, err);
  }
  return fixed ? 0 : check_values(batch, intake, rows, err);
}
