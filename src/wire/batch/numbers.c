/* The numbers of rows. */
#include "wire/batch/part.h"
#include "wire/batch/table.h"

void tuv_batch_mark(tuv_batch_t* batch, uint64_t first, uint32_t rows) {
  tuv_segment_t* segment = batch->current != NULL ? batch->current->last : NULL;
  if (segment == NULL || rows == 0) return;
  uint32_t from = segment->rows - rows; /* the rows of one call are in one segment */
  if (from == 0) segment->number = first;
  if (segment->numbers == NULL) return;
  uint64_t more = first - segment->number;
  for (uint32_t i = 0; i < rows; i++, more++)
    segment->numbers[from + i] = more < UINT32_MAX ? (uint32_t) more : UINT32_MAX;
}

static uint64_t number_of(const tuv_batch_table_t* table, uint64_t row) {
  const tuv_segment_t* segment = table->first;
  while (row >= segment->rows) {
    row -= segment->rows;
    segment = segment->next;
  }
  return segment->number + (segment->numbers != NULL ? segment->numbers[row] : row);
}

bool tuv_batch_range(const tuv_batch_t* batch, uint32_t index, uint64_t from, uint64_t to,
                     tuv_batch_range_t* range) {
  if (index >= batch->ntables) return false;
  const tuv_batch_table_t* table = batch->tables[index];
  *range = (tuv_batch_range_t) {
      .name = table->name, .length = table->name_length, .all = table->rows};
  if (to > table->rows) to = table->rows;
  if (from >= to) return true;
  range->rows = to - from;
  range->first = number_of(table, from);
  range->last = number_of(table, to - 1);
  return true;
}
