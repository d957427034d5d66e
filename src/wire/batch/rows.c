/* Rows bound value by value. */
#include "wire/batch/private.h"

#define FIRST_ROWS 8u
#define LARGEST_SEGMENT 8192u
#define MORE_TEXT 8u /* bytes a row that room is made for besides */
#define SLACK 8u     /* bytes behind the last row */
#define LARGE_TEXT (64u << 10)

/* ---- segments ---- */

static bool make_part(tuv_batch_t* batch, const tuv_slot_t* slot, uint32_t rows, tuv_part_t* part) {
  size_t width = slot->width != 0 ? slot->width : 4;
  memset(part, 0, sizeof *part);
  part->nulls = tuv_arena_take(&batch->arena, rows);
  uint8_t* slots = tuv_arena_take(&batch->arena, rows * width + SLACK);
  if (slot->width != 0)
    part->values = slots;
  else
    part->lengths = slots;
  if (part->nulls == NULL || slots == NULL) return false;
  memset(part->nulls, 0, rows); /* so that a value need not say that it is one */
  return true;
}

static tuv_segment_t* make_segment(tuv_batch_t* batch, uint32_t rows) {
  const tuv_batch_layout_t* layout = batch->layout;
  size_t size = sizeof(tuv_segment_t) + layout->ncolumns * sizeof(tuv_part_t);
  tuv_segment_t* segment = tuv_arena_take(&batch->arena, size);
  if (segment == NULL) return NULL;
  *segment = (tuv_segment_t) {.capacity = rows};
  if (batch->numbered) {
    segment->numbers = tuv_arena_take(&batch->arena, rows * sizeof *segment->numbers);
    if (segment->numbers == NULL) return NULL;
  }
  for (uint32_t i = 0; i < layout->ncolumns; i++)
    if (!make_part(batch, &layout->columns[i], rows, &segment->parts[i])) return NULL;
  return segment;
}

/* The current table's last segment when it has room for the rows, or a new one that is not in the
 * table yet; NULL: no memory. */
tuv_segment_t* tuv_segment_for(tuv_batch_t* batch, uint32_t rows) {
  const tuv_segment_t* last = batch->current->last;
  uint32_t capacity = FIRST_ROWS;
  if (last != NULL) {
    if (last->capacity - last->rows >= rows) return batch->current->last;
    capacity = last->capacity < LARGEST_SEGMENT / 2 ? 2 * last->capacity : LARGEST_SEGMENT;
  }
  /* Many rows at once are likely to be followed by as many. */
  return make_segment(batch, rows > capacity / 2 ? rows : capacity);
}

void tuv_segment_link(tuv_batch_table_t* table, tuv_segment_t* segment) {
  if (table->last == segment) return;
  if (table->last != NULL)
    table->last->next = segment;
  else
    table->first = segment;
  table->last = segment;
}

/* Room for `size` more bytes of values, of `rows` rows; those that come later are guessed to be
 * like them. What was there before stays in the arena, unused. */
bool tuv_part_reserve(tuv_batch_t* batch, const tuv_segment_t* segment, tuv_part_t* part,
                      uint32_t rows, size_t size) {
  if (part->capacity - part->size >= size) return true;
  if (size > SIZE_MAX / 2 - part->size) return false;
  size_t times = size < LARGE_TEXT ? (segment->capacity - segment->rows) / rows : 1;
  size_t capacity = part->capacity != 0 ? 2 * part->capacity : times * (size + MORE_TEXT);
  if (capacity < part->size + size) capacity = part->size + size;
  uint8_t* values = tuv_arena_take(&batch->arena, capacity);
  if (values == NULL) return false;
  if (part->size > 0) memcpy(values, part->values, part->size);
  part->values = values;
  part->capacity = capacity;
  return true;
}

/* ---- values ---- */

static int put_null(tuv_batch_t* batch, tuv_slot_t* slot, tuv_part_t* part, uint32_t row,
                    tuv_errmsg_t* err) {
  if (slot->required)
    return tuv_fail(err, TUV_EINVAL, "NULL is not possible in the table's TIMESTAMP");
  part->nulls[row] = 1;
  if (slot->width != 0)
    memset(part->values + (size_t) row * slot->width, 0, slot->width);
  else
    tuv_store(part->lengths + 4 * (size_t) row, 0, 4);
  tuv_batch_sum(batch, batch->cursor, 0, 0, 1);
  return 0;
}

/* Most values need no more than this; false: they need more, or are wrong. Always eight bytes are
 * stored: what is too much lies in the slots of rows to come, or behind the last one (SLACK). */
static inline bool put_plain(const tuv_slot_t* slot, const tuv_part_t* part, uint32_t row,
                             const taosuv_value_t* value) {
  int64_t bits = value->as.i64;
  if (value->kind != slot->plain || bits < slot->low || bits > slot->high) return false;
  tuv_store(part->values + (size_t) row * slot->width, (uint64_t) bits, SLACK);
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

/* The value of the column that waits for it, when it is no plain one. */
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

/* The row is complete. */
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
    return tuv_fail(err, TUV_EINVAL, "a table has at most %d rows", INT32_MAX);
  tuv_arena_mark_t mark = tuv_arena_mark(&batch->arena);
  *segment = tuv_segment_for(batch, 1);
  if (*segment != NULL) {
    tuv_segment_link(batch->current, *segment);
    return 0;
  }
  tuv_arena_rewind(&batch->arena, mark);
  return tuv_batch_no_memory(err);
}

/* The segment that has room for one more row. */
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
    return tuv_fail(err, TUV_EINVAL, "%u values were given, the statement has %u",
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
    uint32_t chars = slot->type == TAOSUV_TYPE_NCHAR && length > 0 /* else there may be no values */
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
