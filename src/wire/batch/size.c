/* The sizes of a batch's messages. */
#include "wire/batch/size.h"

#include "wire/batch/send.h"

enum { HEAD_STMT2 = 24 + 2 + 4, HEAD_COLUMNAR = 24 + 2, HEAD_V1 = 24 };
enum { PAYLOAD_STMT2 = 28, PAYLOAD_COLUMNAR = 20, BLOCK_HEAD = 28 };

/* ---- bind items ---- */

bool tuv_has_lengths(const tuv_batch_t* batch, uint8_t type) {
  return tuv_type_is_variable(type) || (batch->encoding.decimal_text && tuv_type_is_decimal(type));
}

uint64_t tuv_column_bytes(const tuv_batch_t* batch, const tuv_slot_t* slot, const tuv_sum_t* sum,
                          uint64_t rows) {
  if (tuv_has_lengths(batch, slot->type)) return sum->bytes + tuv_column_spare(slot, sum, rows);
  return sum->nulls == rows ? 0 : rows * slot->width;
}

uint64_t tuv_cell_bytes(const tuv_batch_t* batch, const tuv_cell_t* cell) {
  if (cell->null) return 0;
  return batch->encoding.decimal_text && tuv_type_is_decimal(cell->type) ? cell->text
                                                                         : cell->length;
}

static uint64_t cells_size(const tuv_batch_t* batch, const tuv_cell_t* cells, uint32_t count) {
  uint64_t size = 0;
  for (uint32_t i = 0; i < count; i++)
    size += tuv_item_size(tuv_has_lengths(batch, cells[i].type), 1,
                          tuv_cell_bytes(batch, &cells[i]));
  return size;
}

uint64_t tuv_table_tags_size(const tuv_batch_t* batch, const tuv_batch_table_t* table) {
  return table->tags != NULL ? cells_size(batch, table->tags, batch->layout->ntags) : 0;
}

static uint64_t spare_bytes(const tuv_batch_layout_t* layout, const tuv_batch_table_t* table) {
  uint64_t spare = 0;
  for (uint32_t i = 0; layout->nchars && i < layout->ncolumns; i++)
    spare += tuv_column_spare(&layout->columns[i], &table->sums[i], table->rows);
  return spare;
}

uint64_t tuv_table_rows_size(const tuv_batch_t* batch, const tuv_batch_table_t* table) {
  const tuv_batch_layout_t* layout = batch->layout;
  uint64_t size = 0;
  if (table->nulls == 0 && !(layout->decimals && batch->encoding.decimal_text)) /* most tables */
    return TUV_ITEM_SIZE * (uint64_t) layout->ncolumns + (uint64_t) layout->row_size * table->rows +
           table->bytes + spare_bytes(layout, table);
  for (uint32_t i = 0; i < layout->ncolumns; i++) {
    const tuv_slot_t* slot = &batch->layout->columns[i];
    uint64_t bytes = tuv_column_bytes(batch, slot, &table->sums[i], table->rows);
    size += tuv_item_size(tuv_has_lengths(batch, slot->type), table->rows, bytes);
  }
  return size;
}

uint64_t tuv_params_size(const tuv_batch_t* batch) {
  return cells_size(batch, batch->layout->params, batch->layout->ncolumns);
}

/* ---- blocks of the first version ---- */

uint64_t tuv_v1_cells_size(const tuv_cell_t* cells, uint32_t count) {
  uint64_t size = HEAD_V1 + BLOCK_HEAD + 9 * (uint64_t) count;
  for (uint32_t i = 0; i < count; i++) {
    const tuv_cell_t* cell = &cells[i];
    uint64_t length = cell->type == TAOSUV_TYPE_NCHAR ? 4 * (uint64_t) cell->text : cell->length;
    if (tuv_type_is_variable(cell->type))
      size += 4 + (cell->null ? 0 : 2 + length);
    else
      size += 1u + tuv_type_size(cell->type);
  }
  return size;
}

uint64_t tuv_v1_rows_size(const tuv_batch_t* batch, const tuv_batch_table_t* table) {
  uint64_t rows = table->rows, size = HEAD_V1 + BLOCK_HEAD + 9 * (uint64_t) batch->layout->ncolumns;
  for (uint32_t i = 0; i < batch->layout->ncolumns; i++) {
    const tuv_slot_t* slot = &batch->layout->columns[i];
    const tuv_sum_t* sum = &table->sums[i];
    uint64_t bytes = slot->type == TAOSUV_TYPE_NCHAR ? 4 * sum->chars : sum->bytes;
    if (slot->width != 0)
      size += (rows + 7) / 8 + rows * slot->width;
    else
      size += 4 * rows + 2 * (rows - sum->nulls) + bytes;
  }
  return size;
}

/* ---- tables, counted when another one becomes the current one ---- */

/* COLUMNAR: bytes of the name and the tags, which each row repeats. */
static uint64_t repeated_size(const tuv_batch_t* batch, const tuv_batch_table_t* table) {
  uint64_t size = table->name_length;
  for (uint32_t i = 0; table->tags != NULL && i < batch->layout->ntags; i++)
    if (tuv_has_lengths(batch, table->tags[i].type)) size += tuv_cell_bytes(batch, &table->tags[i]);
  return size;
}

/* STMT2: bytes of a table's name and tags. */
static uint64_t head_size(const tuv_batch_t* batch, const tuv_batch_table_t* table) {
  const tuv_batch_layout_t* layout = batch->layout;
  return 4 + (layout->table != NULL ? 2 + table->name_length + 1 : 0) +
         (layout->ntags > 0 ? 4 + tuv_table_tags_size(batch, table) : 0);
}

static uint64_t table_size(const tuv_batch_t* batch, tuv_batch_table_t* table) {
  if (table->rows == 0) return 0;
  if (batch->encoding.format == TUV_BATCH_COLUMNAR)
    return table->rows * repeated_size(batch, table);
  if (batch->encoding.format == TUV_BATCH_V1)
    return tuv_v1_rows_size(batch, table) +
           (table->tags != NULL ? tuv_v1_cells_size(table->tags, batch->layout->ntags) : 0);
  if (table->head == 0) table->head = head_size(batch, table);
  return table->head + tuv_table_rows_size(batch, table);
}

static void add_null_tags(const tuv_batch_t* batch, const tuv_batch_table_t* table, uint64_t rows) {
  for (uint32_t i = 0; i < batch->layout->ntags; i++)
    if (table->tags == NULL || table->tags[i].null) batch->layout->tags[i].sum.nulls += rows;
}

void tuv_batch_uncount(tuv_batch_t* batch, tuv_batch_table_t* table) {
  add_null_tags(batch, table, 0 - (uint64_t) table->counted_rows);
  batch->counted -= table->counted;
  table->counted = 0;
  table->counted_rows = 0;
  table->head = 0;
}

void tuv_batch_count(tuv_batch_t* batch, tuv_batch_table_t* table) {
  uint64_t size = table_size(batch, table);
  batch->counted += size - table->counted;
  if (table->rows != table->counted_rows)
    add_null_tags(batch, table, (uint64_t) table->rows - table->counted_rows);
  table->counted = size;
  table->counted_rows = table->rows;
}

/* ---- messages ---- */

uint64_t tuv_columnar_size(const tuv_batch_t* batch) {
  const tuv_batch_layout_t* layout = batch->layout;
  uint64_t rows = batch->rows, size = HEAD_COLUMNAR + PAYLOAD_COLUMNAR + batch->counted;
  if (layout->table != NULL) size += tuv_item_size(true, rows, 0);
  for (uint32_t i = 0; i < layout->ntags; i++) {
    const tuv_slot_t* slot = &layout->tags[i];
    bool lengths = tuv_has_lengths(batch, slot->type);
    bool empty = lengths || slot->sum.nulls == rows;
    size += tuv_item_size(lengths, rows, empty ? 0 : rows * slot->width);
  }
  for (uint32_t i = 0; i < layout->ncolumns; i++) {
    const tuv_slot_t* slot = &layout->columns[i];
    size += tuv_item_size(tuv_has_lengths(batch, slot->type), rows,
                          tuv_column_bytes(batch, slot, &slot->sum, rows));
  }
  return size;
}

static uint64_t query_size(const tuv_batch_t* batch) {
  const tuv_batch_layout_t* layout = batch->layout;
  if (batch->encoding.format == TUV_BATCH_V1)
    return tuv_v1_cells_size(layout->params, layout->ncolumns);
  uint64_t size = tuv_params_size(batch);
  return size + (batch->encoding.format == TUV_BATCH_COLUMNAR ? HEAD_COLUMNAR + PAYLOAD_COLUMNAR
                                                              : HEAD_STMT2 + PAYLOAD_STMT2 + 4);
}

uint64_t tuv_batch_full_size(tuv_batch_t* batch) {
  if (batch->rows == 0) return 0;
  if (!batch->insert) return query_size(batch);
  if (batch->current != NULL) tuv_batch_count(batch, batch->current);
  if (batch->encoding.format == TUV_BATCH_COLUMNAR) return tuv_columnar_size(batch);
  if (batch->encoding.format == TUV_BATCH_V1) return batch->counted;
  return HEAD_STMT2 + PAYLOAD_STMT2 + batch->counted;
}

size_t tuv_batch_size(tuv_batch_t* batch) {
  uint64_t size = tuv_batch_full_size(batch);
  return size < SIZE_MAX ? (size_t) size : SIZE_MAX;
}

static int check_types(const tuv_batch_t* batch, tuv_errmsg_t* err) {
  for (uint32_t i = 0; batch->fields != NULL && i < batch->count; i++) {
    const taosuv_stmt_field_t* field = &batch->fields[i];
    if (tuv_type_is_decimal(field->type) || field->type == TAOSUV_TYPE_BLOB)
      return tuv_fail(err, TUV_ENOTSUP,
                      "field '%.64s': %s cannot be bound by the first version of statements",
                      field->name, taosuv_type_name(field->type));
  }
  return 0;
}

int tuv_batch_set_encoding(tuv_batch_t* batch, tuv_batch_encoding_t encoding, tuv_errmsg_t* err) {
  int status = encoding.format == TUV_BATCH_V1 ? check_types(batch, err) : 0;
  if (status < 0) return status;
  if (encoding.format == batch->encoding.format &&
      encoding.decimal_text == batch->encoding.decimal_text)
    return 0;
  batch->encoding = encoding;
  for (uint32_t i = 0; i < batch->ntables; i++) {
    tuv_batch_uncount(batch, batch->tables[i]);
    tuv_batch_count(batch, batch->tables[i]);
  }
  return 0;
}
