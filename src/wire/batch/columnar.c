/* The stmt2_bind_exec message (PROTOCOL 6.3.5). One item has a column of all tables. */
#include "wire/batch/item.h"

#define HEADER 20u
#define HEAD 26u

static void write_name_item(const tuv_batch_t* batch, tuv_encoder_t* encoder) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < batch->used; i++)
    bytes += (uint64_t) tuv_batch_used(batch, i)->rows * tuv_batch_used(batch, i)->name_length;
  tuv_item_head(encoder, TAOSUV_TYPE_VARCHAR, true, batch->rows, bytes);
  tuv_encoder_fill(encoder, 0, (size_t) batch->rows);
  tuv_encoder_u8(encoder, 1);
  for (uint32_t i = 0; i < batch->used; i++)
    for (uint32_t row = 0; row < tuv_batch_used(batch, i)->rows; row++)
      tuv_encoder_u32(encoder, tuv_batch_used(batch, i)->name_length);
  tuv_encoder_u32(encoder, bytes);
  for (uint32_t i = 0; i < batch->used; i++)
    for (uint32_t row = 0; row < tuv_batch_used(batch, i)->rows; row++)
      tuv_encoder_bytes(encoder, tuv_batch_used(batch, i)->name,
                        tuv_batch_used(batch, i)->name_length);
}

static uint64_t tag_bytes(const tuv_batch_t* batch, uint32_t tag, bool lengths) {
  const tuv_slot_t* slot = &batch->layout->tags[tag];
  uint64_t bytes = 0;
  if (!lengths) return slot->sum.nulls == batch->rows ? 0 : batch->rows * slot->width;
  for (uint32_t i = 0; i < batch->used; i++) {
    const tuv_batch_table_t* table = tuv_batch_used(batch, i);
    bytes += table->rows * tuv_cell_bytes(batch, &table->tags[tag]);
  }
  return bytes;
}

static void write_tag_values(const tuv_batch_t* batch, tuv_encoder_t* encoder, uint32_t tag,
                             bool lengths) {
  uint8_t width = batch->layout->tags[tag].width;
  for (uint32_t i = 0; i < batch->used; i++) {
    const tuv_batch_table_t* table = tuv_batch_used(batch, i);
    const tuv_cell_t* cell = &table->tags[tag];
    if (cell->null && !lengths) tuv_encoder_fill(encoder, 0, (size_t) table->rows * width);
    for (uint32_t row = 0; !cell->null && row < table->rows; row++)
      tuv_cell_value(batch, encoder, cell);
  }
}

static void write_tag_item(const tuv_batch_t* batch, tuv_encoder_t* encoder, uint32_t tag) {
  const tuv_slot_t* slot = &batch->layout->tags[tag];
  bool lengths = tuv_has_lengths(batch, slot->type);
  uint64_t bytes = tag_bytes(batch, tag, lengths);
  tuv_item_head(encoder, slot->type, lengths, batch->rows, bytes);
  for (uint32_t i = 0; i < batch->used; i++)
    tuv_encoder_fill(encoder, tuv_batch_used(batch, i)->tags[tag].null,
                     tuv_batch_used(batch, i)->rows);
  tuv_encoder_u8(encoder, lengths);
  for (uint32_t i = 0; lengths && i < batch->used; i++) {
    uint64_t length = tuv_cell_bytes(batch, &tuv_batch_used(batch, i)->tags[tag]);
    for (uint32_t row = 0; row < tuv_batch_used(batch, i)->rows; row++)
      tuv_encoder_u32(encoder, length);
  }
  tuv_encoder_u32(encoder, bytes);
  if (bytes > 0) write_tag_values(batch, encoder, tag, lengths);
}

static void write_column_item(const tuv_batch_t* batch, tuv_encoder_t* encoder, uint32_t column) {
  const tuv_slot_t* slot = &batch->layout->columns[column];
  bool lengths = tuv_has_lengths(batch, slot->type);
  uint64_t bytes = tuv_column_bytes(batch, slot, &slot->sum, batch->rows);
  tuv_item_head(encoder, slot->type, lengths, batch->rows, bytes);
  for (uint32_t i = 0; i < batch->used; i++)
    tuv_column_nulls(encoder, tuv_batch_used(batch, i), column);
  tuv_encoder_u8(encoder, lengths);
  for (uint32_t i = 0; lengths && i < batch->used; i++)
    tuv_column_lengths(encoder, slot, tuv_batch_used(batch, i), column);
  tuv_encoder_u32(encoder, bytes);
  for (uint32_t i = 0; bytes > 0 && i < batch->used; i++)
    tuv_column_values(encoder, slot, lengths && slot->decimal, tuv_batch_used(batch, i), column);
  tuv_encoder_fill(encoder, 0, (size_t) tuv_column_spare(slot, &slot->sum, batch->rows));
}

static void write_header(tuv_encoder_t* encoder, uint64_t size, uint64_t rows, uint64_t tables,
                         uint64_t fields) {
  tuv_encoder_u16(encoder, 1); /* version */
  tuv_encoder_u32(encoder, size);
  tuv_encoder_u32(encoder, rows);
  tuv_encoder_u32(encoder, tables);
  tuv_encoder_u32(encoder, fields);
  tuv_encoder_u32(encoder, HEADER);
}

void tuv_columnar_write(const tuv_batch_t* batch, tuv_encoder_t* encoder) {
  const tuv_batch_layout_t* layout = batch->layout;
  uint32_t tag = 0, column = 0;
  if (!batch->insert) {
    write_header(encoder, HEADER + tuv_params_size(batch), 1, 1, layout->ncolumns);
    for (uint32_t i = 0; i < layout->ncolumns; i++)
      tuv_item_cell(batch, encoder, &layout->params[i]);
    return;
  }
  write_header(encoder, tuv_columnar_size(batch) - HEAD, batch->rows, batch->used, batch->count);
  for (uint32_t i = 0; i < batch->count; i++) {
    if (batch->fields[i].kind == TAOSUV_BIND_TABLE)
      write_name_item(batch, encoder);
    else if (batch->fields[i].kind == TAOSUV_BIND_TAG)
      write_tag_item(batch, encoder, tag++);
    else
      write_column_item(batch, encoder, column++);
  }
}
