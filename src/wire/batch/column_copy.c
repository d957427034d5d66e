/* Copies the array of a column that was checked. */
#include "util/bytes.h"
#include "wire/batch/columns.h"
#include "wire/batch/decimal.h"

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
  unsigned word = width < 8 ? width
                            : 8; /* a DECIMAL is two words, of which the low one comes first */
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

/* For rows without a NULL, so that the loop has no condition. */
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
    uint32_t length = tuv_array_is_null(intake->array, row) ? 0 : offsets[row + 1] - offsets[row];
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
    if (tuv_array_is_null(array, row)) continue;
    uint32_t from = array->offsets[row], length = array->offsets[row + 1] - from;
    tuv_convert_decimal(intake->slot, (const char*) array->values + from, length, &converted, NULL);
    memcpy(out, converted.room, width);
  }
}

/* The lengths of the texts of DECIMALs that were bound as integers. */
static uint64_t sum_decimals(const tuv_intake_t* intake, uint32_t rows, const uint8_t* nulls,
                             const uint8_t* values) {
  uint64_t sum = 0;
  for (uint32_t row = 0; row < rows; row++)
    if (nulls[row] == 0)
      sum += tuv_decimal_text_size(intake->slot, values + (size_t) row * intake->slot->width);
  return sum;
}

void tuv_column_copy(tuv_intake_t* intake, tuv_segment_t* segment, tuv_part_t* part,
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
