/* Parts of a batch: consecutive rows as a batch of their own. */
#include "wire/batch/part.h"

#include "wire/batch/decimal.h"
#include "wire/batch/premasked.h"
#include "wire/batch/segment.h"
#include "wire/batch/size.h"

/* ---- positions ---- */

/* A position among the rows of a batch. */
typedef struct position_s {
  uint32_t table;
  const tuv_segment_t* segment; /* of that table */
  uint32_t row;                 /* of that segment */
} position_t;

/* Moves to the next segment with rows if there is no row here. False: there are no more rows. */
static bool settle(const tuv_batch_t* batch, position_t* position) {
  while (position->segment == NULL || position->row >= position->segment->rows) {
    if (position->segment != NULL) {
      position->row -= position->segment->rows;
      position->segment = position->segment->next;
    }
    while (position->segment == NULL) {
      if (++position->table >= batch->ntables) return false;
      position->segment = batch->tables[position->table]->first;
    }
  }
  return true;
}

static bool find(const tuv_batch_t* batch, uint64_t row, position_t* position) {
  *position = (position_t) {.table = 0};
  while (position->table < batch->ntables && row >= batch->tables[position->table]->rows)
    row -= batch->tables[position->table++]->rows;
  if (position->table >= batch->ntables) return false;
  position->segment = batch->tables[position->table]->first;
  position->row = (uint32_t) row;
  return settle(batch, position);
}

uint64_t tuv_batch_first_end(const tuv_batch_t* batch, uint64_t from) {
  uint64_t end = 0;
  for (uint32_t i = 0; i < batch->ntables && end <= from; i++) end += batch->tables[i]->rows;
  return end;
}

uint64_t tuv_batch_last_end(const tuv_batch_t* batch, uint64_t from, uint64_t to) {
  uint64_t end = 0, last = 0;
  for (uint32_t i = 0; i < batch->ntables && end <= to; i++) {
    if (end > from) last = end;
    end += batch->tables[i]->rows;
  }
  return end > from && end <= to ? end : last;
}

/* ---- how many fit ---- */

/* The size of rows of a segment in a message. For a whole segment it is known. */
static uint64_t rows_size(const tuv_batch_t* batch, const tuv_segment_t* segment, uint32_t row,
                          uint32_t rows) {
  const tuv_batch_layout_t* layout = batch->layout;
  uint64_t size = (uint64_t) layout->row_size * rows;
  for (uint32_t i = 0; i < layout->ncolumns; i++) {
    const tuv_part_t* part = &segment->parts[i];
    if (layout->columns[i].width != 0) continue;
    if (rows == segment->rows) size += part->size;
    for (uint32_t at = row; rows < segment->rows && at < row + rows; at++)
      size += taosuv_load_u32(part->lengths + 4 * (size_t) at);
  }
  return size;
}

static uint64_t table_size(const tuv_batch_t* batch, uint32_t index) {
  const tuv_batch_table_t* table = batch->tables[index];
  tuv_table_unmask(table); /* the lengths are read */
  return TUV_ITEM_SIZE * (uint64_t) batch->layout->ncolumns + table->name_length +
         tuv_table_tags_size(batch, table);
}

uint64_t tuv_batch_fit(const tuv_batch_t* batch, uint64_t from, uint64_t rows, uint64_t bytes) {
  position_t position;
  uint64_t count = 0, size = 0;
  uint32_t table = UINT32_MAX;
  bool single = false; /* row by row: the rest of the segment does not fit */
  if (!find(batch, from, &position)) return 0;
  while (count < rows && settle(batch, &position)) {
    if (position.table != table) size += table_size(batch, position.table);
    table = position.table;
    uint64_t more = single ? 1 : position.segment->rows - position.row;
    if (more > rows - count) more = rows - count;
    uint64_t now = rows_size(batch, position.segment, position.row, (uint32_t) more);
    bool too_much = size + now > bytes;
    if (too_much && !single && more > 1) {
      single = true;
      continue;
    }
    if (too_much && count > 0) break;
    size += now;
    count += more;
    position.row += (uint32_t) more;
  }
  return count;
}

/* ---- a part ---- */

/* The sums over rows of a segment; `whole`: over all of its rows. Without NULLs the sums of most
 * columns are known. */
static tuv_sum_t sum_rows(const tuv_slot_t* slot, const tuv_part_t* part, uint32_t rows, bool nulls,
                          bool whole) {
  bool known = slot->width != 0 ? !slot->decimal : whole && slot->type != TAOSUV_TYPE_NCHAR;
  tuv_sum_t sum = {0};
  if (known && !nulls) {
    if (slot->width == 0) sum.bytes = part->size;
    return sum;
  }
  const uint8_t* bytes = part->values;
  for (uint32_t row = 0; row < rows; row++) {
    if (part->nulls[row] != 0) {
      sum.nulls++;
    } else if (slot->width == 0) {
      uint32_t length = taosuv_load_u32(part->lengths + 4 * (size_t) row);
      bool wide = slot->type == TAOSUV_TYPE_NCHAR && length > 0;
      if (wide) sum.chars += tuv_count_chars(bytes, length);
      if (length > 0) bytes += length;
      sum.bytes += length;
    } else if (slot->decimal) {
      sum.bytes += tuv_decimal_text_size(slot, part->values + (size_t) row * slot->width);
    }
  }
  return sum;
}

/* The part of a column from `row` on. For a variable size the caller sets the number of bytes. */
static tuv_part_t slice(const tuv_slot_t* slot, const tuv_part_t* part, uint32_t row) {
  tuv_part_t from = *part;
  from.nulls += row;
  if (slot->width != 0) {
    from.values += (size_t) row * slot->width;
    return from;
  }
  size_t skipped = 0;
  for (uint32_t i = 0; i < row; i++) skipped += taosuv_load_u32(part->lengths + 4 * (size_t) i);
  if (skipped > 0) from.values += skipped;
  from.lengths += 4 * (size_t) row;
  return from;
}

/* Adds rows of one segment to the current table. */
static int add_rows(tuv_batch_t* part, const tuv_batch_table_t* table, const position_t* position,
                    uint32_t rows) {
  uint32_t columns = part->layout->ncolumns;
  tuv_segment_t* segment = tuv_arena_take(&part->arena,
                                          sizeof *segment + columns * sizeof(tuv_part_t));
  if (segment == NULL) return TUV_ENOMEM;
  const tuv_segment_t* from = position->segment;
  *segment = (tuv_segment_t) {.rows = rows, .capacity = rows, .number = from->number};
  if (from->numbers != NULL)
    segment->numbers = from->numbers + position->row;
  else
    segment->number += position->row;
  for (uint32_t i = 0; i < columns; i++) {
    const tuv_slot_t* slot = &part->layout->columns[i];
    segment->parts[i] = slice(slot, &from->parts[i], position->row);
    tuv_sum_t sum = sum_rows(slot, &segment->parts[i], rows, table->sums[i].nulls > 0,
                             rows == from->rows);
    if (slot->width == 0) segment->parts[i].size = sum.bytes;
    tuv_batch_sum(part, i, sum.bytes, sum.chars, sum.nulls);
  }
  tuv_segment_link(part->current, segment);
  part->current->rows += rows;
  part->rows += rows;
  return 0;
}

static int add_table(tuv_batch_t* part, const tuv_batch_table_t* from) {
  tuv_table_unmask(from);
  if (part->current != NULL) tuv_batch_count(part, part->current);
  part->current = tuv_batch_add_table(part, from->name, from->name_length, from->hash);
  if (part->current == NULL) return TUV_ENOMEM;
  part->current->tags = from->tags;
  return 0;
}

int tuv_batch_part(tuv_batch_t* part, const tuv_batch_t* batch, uint64_t from, uint64_t rows) {
  position_t position;
  uint32_t table = UINT32_MAX;
  int status = part->layout == NULL ? tuv_batch_make_layout(part, NULL) : 0;
  part->encoding = batch->encoding;
  if (status < 0 || !find(batch, from, &position)) return status;
  while (rows > 0 && settle(batch, &position)) {
    const tuv_batch_table_t* source = batch->tables[position.table];
    if (position.table != table) status = add_table(part, source);
    table = position.table;
    uint32_t count = position.segment->rows - position.row;
    if (count > rows) count = (uint32_t) rows;
    if (status == 0) status = add_rows(part, source, &position, count);
    if (status < 0) return status;
    position.row += count;
    rows -= count;
  }
  if (part->current != NULL) tuv_batch_count(part, part->current);
  return 0;
}
