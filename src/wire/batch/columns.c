/* Rows bound by column: arrays checked first, then copied. */
#include "wire/batch/private.h"

static bool row_is_null(const taosuv_array_t* array, uint32_t row) {
  return array->nulls != NULL && array->nulls[row] != 0;
}

static uint32_t count_nulls(const taosuv_array_t* array, uint32_t rows) {
  uint32_t nulls = 0;
  if (array->type == TAOSUV_TYPE_NULL) return rows;
  if (array->nulls == NULL) return 0;
  for (uint32_t row = 0; row < rows; row++) nulls += array->nulls[row] != 0;
  return nulls;
}

/* ---- check ---- */

static int check_type(const tuv_intake_t* intake, tuv_errmsg_t* err) {
  const taosuv_array_t* array = intake->array;
  const tuv_slot_t* slot = intake->slot;
  if (array->type == TAOSUV_TYPE_NULL) return 0;
  bool text = slot->decimal && array->type == TAOSUV_TYPE_VARCHAR;
  if (array->type != slot->type && !text) {
    const char* name = taosuv_type_name(array->type);
    return tuv_fail(err, TUV_ETYPE, "an array of %s does not go into %s",
                    name != NULL ? name : "no type", taosuv_type_name(slot->type));
  }
  bool variable = slot->width == 0 || text;
  if (variable && array->offsets == NULL)
    return tuv_fail(err, TUV_EINVAL, "the array has no offsets");
  return 0;
}

/* One row's bytes: offsets that do not go back, and what the type asks for. */
static int check_row(const tuv_batch_t* batch, tuv_intake_t* intake, uint32_t row,
                     tuv_errmsg_t* err) {
  const taosuv_array_t* array = intake->array;
  uint32_t from = array->offsets[row], to = array->offsets[row + 1], chars = 0;
  if (to < from) return tuv_fail(err, TUV_EINVAL, "the offsets go back, from %u to %u", from, to);
  if (row_is_null(array, row)) {
    if (to > from) intake->whole = false;
    return 0;
  }
  const uint8_t* bytes = array->values;
  if (bytes == NULL && to > from) return tuv_fail(err, TUV_EINVAL, "offsets and no bytes");
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

/* Types of which only the length is checked: most columns, most rows. */
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

static int check_column(const tuv_batch_t* batch, tuv_intake_t* intake, uint32_t rows,
                        tuv_errmsg_t* err) {
  const taosuv_stmt_field_t* field = intake->slot->field;
  int status = check_type(intake, err);
  if (status < 0) return tuv_batch_where(batch, field, 0, TUV_NO_ROW, status, err);
  intake->sum.nulls = count_nulls(intake->array, rows);
  if (intake->sum.nulls > 0 && intake->slot->required) {
    tuv_fail(err, 0, "NULL is not possible in the table's TIMESTAMP");
    return tuv_batch_where(batch, field, 0, first_null(intake->array, rows), TUV_EINVAL, err);
  }
  bool fixed = intake->slot->width != 0 && intake->array->type == intake->slot->type;
  if (fixed && intake->array->values == NULL && intake->sum.nulls < rows) {
    tuv_fail(err, 0, "the array has no values");
    return tuv_batch_where(batch, field, 0, TUV_NO_ROW, TUV_EINVAL, err);
  }
  return fixed ? 0 : check_values(batch, intake, rows, err);
}

/* ---- copy ---- */

static void copy_nulls(const taosuv_array_t* array, uint32_t rows, uint8_t* out) {
  if (array->type == TAOSUV_TYPE_NULL)
    memset(out, 1, rows);
  else if (array->nulls == NULL)
    memset(out, 0, rows);
  else
    for (uint32_t row = 0; row < rows; row++) out[row] = array->nulls[row] != 0;
}

static void copy_numbers(uint8_t* out, const uint8_t* from, uint32_t rows, unsigned width) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  memcpy(out, from, (size_t) rows * width);
#else
  unsigned word = width < 8 ? width : 8; /* a DECIMAL is two words, the low one first */
  for (size_t i = 0; i < (size_t) rows * width; i++)
    out[i] = from[i / word * word + (word - 1 - i % word)];
#endif
}

static void copy_fixed(const tuv_intake_t* intake, uint32_t rows, const uint8_t* nulls,
                       uint8_t* out) {
  unsigned width = intake->slot->width;
  const uint8_t* values = intake->array->values;
  if (intake->sum.nulls == rows) {
    memset(out, 0, (size_t) rows * width);
    return;
  }
  if (intake->slot->type == TAOSUV_TYPE_BOOL)
    for (uint32_t row = 0; row < rows; row++) out[row] = values[row] != 0;
  else
    copy_numbers(out, values, rows, width);
  for (uint32_t row = 0; intake->sum.nulls > 0 && row < rows; row++)
    if (nulls[row] != 0) memset(out + (size_t) row * width, 0, width);
}

/* Of rows without a NULL: no decision in the loop. */
static void copy_lengths(const uint32_t* offsets, uint32_t rows, uint8_t* lengths) {
  for (uint32_t row = 0; row < rows; row++)
    tuv_store(lengths + 4 * (size_t) row, offsets[row + 1] - offsets[row], 4);
}

static void copy_texts(const tuv_intake_t* intake, uint32_t rows, tuv_part_t* part,
                       uint8_t* lengths) {
  const uint32_t* offsets = intake->array->offsets;
  const uint8_t* bytes = intake->array->values;
  if (intake->sum.nulls == rows) {
    memset(lengths, 0, 4 * (size_t) rows);
    return;
  }
  bool plain = intake->whole && intake->sum.nulls == 0;
  if (plain) copy_lengths(offsets, rows, lengths);
  for (uint32_t row = 0; !plain && row < rows; row++) {
    uint32_t length = row_is_null(intake->array, row) ? 0 : offsets[row + 1] - offsets[row];
    tuv_store(lengths + 4 * (size_t) row, length, 4);
    if (intake->whole || length == 0) continue;
    memcpy(part->values + part->size, bytes + offsets[row], length);
    part->size += length;
  }
  if (!intake->whole || intake->sum.bytes == 0) return;
  memcpy(part->values + part->size, bytes + offsets[0], intake->sum.bytes);
  part->size += intake->sum.bytes;
}

static void copy_decimal_texts(const tuv_intake_t* intake, uint32_t rows, uint8_t* out) {
  unsigned width = intake->slot->width;
  const taosuv_array_t* array = intake->array;
  for (uint32_t row = 0; row < rows; row++, out += width) {
    tuv_converted_t converted;
    memset(out, 0, width);
    if (row_is_null(array, row)) continue;
    uint32_t from = array->offsets[row], length = array->offsets[row + 1] - from;
    tuv_convert_decimal(intake->slot, (const char*) array->values + from, length, &converted, NULL);
    memcpy(out, converted.room, width);
  }
}

/* The texts' lengths of decimals that came as integers. */
static uint64_t sum_decimals(const tuv_intake_t* intake, uint32_t rows, const uint8_t* nulls,
                             const uint8_t* values) {
  uint64_t sum = 0;
  for (uint32_t row = 0; row < rows; row++)
    if (nulls[row] == 0)
      sum += tuv_decimal_text_size(intake->slot, values + (size_t) row * intake->slot->width);
  return sum;
}

static void copy_column(tuv_intake_t* intake, tuv_segment_t* segment, tuv_part_t* part,
                        uint32_t rows) {
  uint8_t* nulls = part->nulls + segment->rows;
  copy_nulls(intake->array, rows, nulls);
  if (intake->slot->width == 0) {
    copy_texts(intake, rows, part, part->lengths + 4 * (size_t) segment->rows);
    return;
  }
  uint8_t* values = part->values + (size_t) segment->rows * intake->slot->width;
  bool text = intake->slot->type != intake->array->type && intake->sum.nulls < rows;
  if (text)
    copy_decimal_texts(intake, rows, values);
  else
    copy_fixed(intake, rows, nulls, values);
  if (intake->slot->decimal) {
    intake->sum.bytes = text ? intake->sum.chars : sum_decimals(intake, rows, nulls, values);
    intake->sum.chars = 0;
  }
}

/* ---- all columns ---- */

/* Room for all; nothing of it counts yet. */
static tuv_segment_t* reserve(tuv_batch_t* batch, uint32_t rows, const tuv_intake_t* intakes) {
  size_t premasked = tuv_premasked_size(batch, rows, intakes);
  if (premasked > 0) return tuv_segment_premasked(batch, rows, intakes, premasked);
  tuv_segment_t* segment = tuv_segment_for(batch, rows);
  for (uint32_t i = 0; segment != NULL && i < batch->layout->ncolumns; i++) {
    const tuv_intake_t* intake = &intakes[i];
    if (intake->slot->width != 0) continue;
    if (!tuv_part_reserve(batch, segment, &segment->parts[i], rows, intake->sum.bytes)) return NULL;
  }
  return segment;
}

static int check_call(const tuv_batch_t* batch, uint32_t rows, const taosuv_array_t* columns,
                      uint32_t count, tuv_errmsg_t* err) {
  if (count != batch->layout->ncolumns || count == 0 || columns == NULL)
    return tuv_fail(err, TUV_EINVAL, "%u columns were given, the statement has %u",
                    columns != NULL ? count : 0, batch->layout->ncolumns);
  if (rows == 0) return tuv_fail(err, TUV_EINVAL, "columns of no rows");
  if (rows > INT32_MAX - (batch->insert ? batch->current->rows : 0))
    return tuv_fail(err, TUV_EINVAL, "a table has at most %d rows", INT32_MAX);
  return 0;
}

static int bind(tuv_batch_t* batch, uint32_t rows, const taosuv_array_t* columns,
                tuv_intake_t* intakes, tuv_errmsg_t* err) {
  uint32_t count = batch->layout->ncolumns;
  for (uint32_t i = 0; i < count; i++) {
    intakes[i] = (tuv_intake_t) {.slot = &batch->layout->columns[i], .array = &columns[i]};
    int status = check_column(batch, &intakes[i], rows, err);
    if (status < 0) return status;
  }
  tuv_segment_t* segment = reserve(batch, rows, intakes);
  if (segment == NULL) return tuv_batch_no_memory(err);
  for (uint32_t i = 0; i < count; i++) {
    bool done = tuv_segment_column(batch, segment, i, &intakes[i], rows);
    if (!done) copy_column(&intakes[i], segment, &segment->parts[i], rows);
    const tuv_sum_t* sum = &intakes[i].sum;
    tuv_batch_sum(batch, i, sum->bytes, sum->chars, sum->nulls);
    if (!done && segment->premasked != NULL) tuv_segment_mask(batch, segment, i);
  }
  tuv_segment_link(batch->current, segment);
  segment->rows += rows;
  batch->current->rows += rows;
  batch->rows += rows;
  return 0;
}

int tuv_batch_columns(tuv_batch_t* batch, uint32_t rows, const taosuv_array_t* columns,
                      uint32_t count, tuv_errmsg_t* err) {
  int status = tuv_batch_begin(batch, false, err);
  if (status < 0 || (status = check_call(batch, rows, columns, count, err)) < 0) return status;
  if (!batch->insert) return tuv_params_columns(batch, rows, columns, count, err);
  return bind(batch, rows, columns, batch->layout->intakes, err);
}
