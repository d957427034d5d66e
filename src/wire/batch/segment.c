/* Memory for the rows of a table. */
#include "wire/batch/segment.h"

#define FIRST_ROWS 8u
#define LARGEST_SEGMENT 8192u
#define MORE_TEXT 8u /* bytes of additional room for each row */
#define LARGE_TEXT (64u << 10)

static bool make_part(tuv_batch_t* batch, const tuv_slot_t* slot, uint32_t rows, tuv_part_t* part) {
  size_t width = slot->width != 0 ? slot->width : 4;
  memset(part, 0, sizeof *part);
  part->nulls = tuv_arena_take(&batch->arena, rows);
  uint8_t* slots = tuv_arena_take(&batch->arena, rows * width + TUV_SEGMENT_SLACK);
  if (slot->width != 0)
    part->values = slots;
  else
    part->lengths = slots;
  if (part->nulls == NULL || slots == NULL) return false;
  memset(part->nulls, 0, rows); /* storing a value then leaves its byte alone */
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

tuv_segment_t* tuv_segment_for(tuv_batch_t* batch, uint32_t rows) {
  const tuv_segment_t* last = batch->current->last;
  uint32_t capacity = FIRST_ROWS;
  if (last != NULL) {
    if (last->capacity - last->rows >= rows) return batch->current->last;
    capacity = last->capacity < LARGEST_SEGMENT / 2 ? 2 * last->capacity : LARGEST_SEGMENT;
  }
  /* Many rows at once are probably followed by as many. */
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

/* Later rows are assumed to need as much as these. The old memory stays in the arena, unused. */
bool tuv_part_grow(tuv_batch_t* batch, const tuv_segment_t* segment, tuv_part_t* part,
                   uint32_t rows, size_t size) {
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
