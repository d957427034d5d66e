/* Rows bound value by value. */
#include "util/bytes.h"
#include "util/assert.h"
#include "wire/batch/decimal.h"
#include "wire/batch/error.h"
#include "wire/batch/query.h"
#include "wire/batch/segment.h"

static int put_null(tuv_batch_t* batch, tuv_slot_t* slot, tuv_part_t* part, uint32_t row,
                    tuv_errmsg_t* err) {
  if (slot->required)
    return tuv_fail(err, TUV_EINVAL, "the table's first TIMESTAMP must not be NULL");
  part->nulls[row] = 1;
  if (slot->width != 0)
    memset(part->values + (size_t) row * slot->width, 0, slot->width);
  else
    tuv_store(part->lengths + 4 * (size_t) row, 0, 4);
  tuv_batch_sum(batch, batch->cursor, 0, 0, 1);
  return 0;
}

/* Stores a plain value, as most values are. Returns false for any other value, and for a wrong one.
 * Eight bytes are stored for each type: what is too much goes to the places of later rows, or
 * behind the last one. */
static inline bool put_plain(const tuv_slot_t* slot, const tuv_part_t* part, uint32_t row,
                             const taosuv_value_t* value) {
  int64_t bits = value->as.i64;
  if (value->kind != slot->plain || bits < slot->low || bits > slot->high) return false;
  tuv_store(part->values + (size_t) row * slot->width, (uint64_t) bits, TUV_SEGMENT_SLACK);
  return true;
}

static int put_bytes(tuv_batch_t* batch, tuv_slot_t* slot, tuv_segment_t* segment,
                     const tuv_converted_t* converted, tuv_errmsg_t* err) {
  tuv_part_t* part = &segment->parts[batch->cursor];
  uint32_t row = segment->rows;
  if (slot->width == 0) {
    if (!tuv_part_reserve(batch, segment, part, 1, converted->length))
      return tuv_batch_no_memory(err);
    if (converted->length > 0)
      memcpy(part->values + part->size, converted->bytes, converted->length);
    part->size += converted->length;
    tuv_store(part->lengths + 4 * (size_t) row, converted->length, 4);
    tuv_batch_sum(batch, batch->cursor, converted->length, converted->text, 0);
  } else {
    memcpy(part->values + (size_t) row * slot->width, converted->room, slot->width);
    if (slot->decimal) tuv_batch_sum(batch, batch->cursor, converted->text, 0, 0);
  }
  return 0;
}

/* Stores a value that is not plain in the column at the cursor. */
static int put_value(tuv_batch_t* batch, tuv_segment_t* segment, const taosuv_value_t* value,
                     tuv_errmsg_t* err) {
  tuv_slot_t* slot = &batch->layout->columns[batch->cursor];
  tuv_part_t* part = &segment->parts[batch->cursor];
  tuv_converted_t converted;
  int status = 0;
  if (value->kind == TAOSUV_VALUE_NULL) {
    status = put_null(batch, slot, part, segment->rows, err);
  } else {
    status = tuv_convert(batch, slot, value, &converted, err);
    if (status == 0) status = put_bytes(batch, slot, segment, &converted, err);
  }
  if (status == 0) return 0;
  return tuv_batch_where(batch, slot->field, batch->cursor, batch->current->rows, status, err);
}

/* Counts a complete row. */
static void end_row(tuv_batch_t* batch, tuv_segment_t* segment) {
  segment->rows++;
  batch->current->rows++;
  batch->rows++;
  batch->cursor = 0;
}

static int new_segment(tuv_batch_t* batch, tuv_segment_t** segment, tuv_errmsg_t* err) {
  if (batch->layout->ncolumns == 0)
    return tuv_fail(err, TUV_EINVAL, "the statement has no columns to bind");
  if (batch->current->rows == INT32_MAX)
    return tuv_fail(err, TUV_EINVAL, "a batch takes at most %d rows for a table", INT32_MAX);
  tuv_arena_mark_t mark = tuv_arena_mark(&batch->arena);
  *segment = tuv_segment_for(batch, 1);
  if (*segment != NULL) {
    tuv_segment_link(batch->current, *segment);
    return 0;
  }
  tuv_arena_rewind(&batch->arena, mark);
  return tuv_batch_no_memory(err);
}

/* Finds or makes a segment with room for one more row. */
static inline int begin_row(tuv_batch_t* batch, tuv_segment_t** segment, tuv_errmsg_t* err) {
  tuv_segment_t* last = batch->current->last;
  *segment = last;
  if (last != NULL && last->rows < last->capacity && batch->current->rows < INT32_MAX) return 0;
  return new_segment(batch, segment, err);
}

int tuv_batch_value(tuv_batch_t* batch, const taosuv_value_t* value, tuv_errmsg_t* err) {
  if (!batch->insert) return tuv_params_value(batch, value, err);
  tuv_segment_t* segment = NULL;
  int status = 0;
  if (batch->cursor > 0) {
    segment = batch->current->last;
  } else {
    if (batch->current == NULL) status = tuv_batch_begin(batch, true, err);
    if (status == 0) status = begin_row(batch, &segment, err);
    if (status < 0) return status;
  }
  TUV_ASSERT(segment != NULL);
  const tuv_slot_t* slot = &batch->layout->columns[batch->cursor];
  if (!put_plain(slot, &segment->parts[batch->cursor], segment->rows, value))
    status = put_value(batch, segment, value, err);
  if (status < 0) return status;
  if (++batch->cursor == batch->layout->ncolumns) end_row(batch, segment);
  return 0;
}

static int put_params(tuv_batch_t* batch, const taosuv_value_t* values, uint32_t count,
                      tuv_errmsg_t* err) {
  int status = 0;
  for (uint32_t i = 0; i < count && status == 0; i++)
    status = tuv_params_value(batch, &values[i], err);
  if (status < 0) tuv_batch_undo(batch);
  return status;
}

int tuv_batch_row(tuv_batch_t* batch, const taosuv_value_t* values, uint32_t count,
                  tuv_errmsg_t* err) {
  bool ready = batch->current != NULL && batch->cursor == 0;
  int status = ready ? 0 : tuv_batch_begin(batch, false, err);
  if (status < 0) return status;
  if (count != batch->layout->ncolumns || values == NULL)
    return tuv_fail(err, TUV_EINVAL, "%u values were given, but the statement has %u",
                    values != NULL ? count : 0, batch->layout->ncolumns);
  if (!batch->insert) return put_params(batch, values, count, err);
  tuv_segment_t* segment = NULL;
  status = begin_row(batch, &segment, err);
  for (uint32_t i = 0; status == 0 && i < count; i++) {
    if (put_plain(&batch->layout->columns[i], &segment->parts[i], segment->rows, &values[i]))
      continue;
    batch->cursor = i;
    status = put_value(batch, segment, &values[i], err);
  }
  if (status < 0)
    tuv_batch_undo(batch);
  else
    end_row(batch, segment);
  return status;
}

/* ---- undo ---- */

static void take_back(tuv_batch_t* batch, tuv_segment_t* segment) {
  tuv_slot_t* slot = &batch->layout->columns[batch->cursor];
  tuv_part_t* part = &segment->parts[batch->cursor];
  uint32_t row = segment->rows;
  if (part->nulls[row] != 0) {
    part->nulls[row] = 0;
    tuv_batch_sum(batch, batch->cursor, 0, 0, UINT64_MAX);
  } else if (slot->width == 0) {
    uint32_t length = taosuv_load_u32(part->lengths + 4 * (size_t) row);
    part->size -= length;
    uint32_t chars = slot->type == TAOSUV_TYPE_NCHAR &&
                             length > 0 /* otherwise there may be no values */
                         ? tuv_count_chars(part->values + part->size, length)
                         : 0;
    tuv_batch_sum(batch, batch->cursor, 0 - (uint64_t) length, 0 - (uint64_t) chars, 0);
  } else if (slot->decimal) {
    uint32_t text = tuv_decimal_text_size(slot, part->values + (size_t) row * slot->width);
    tuv_batch_sum(batch, batch->cursor, 0 - (uint64_t) text, 0, 0);
  }
}

void tuv_batch_undo(tuv_batch_t* batch) {
  if (!batch->insert) {
    if (batch->rows == 0) batch->cursor = 0;
    return;
  }
  while (batch->cursor > 0) {
    batch->cursor--;
    take_back(batch, batch->current->last);
  }
}
