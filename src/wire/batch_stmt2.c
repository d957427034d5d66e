/* The stmt2_bind message (PROTOCOL 6.3.2, 6.3.3). */
#include "wire/batch_private.h"
#include "wire/format.h"

#define ALL_COLUMNS UINT32_MAX /* -1 */
#define HEADER 28u

enum { ACTION_STMT2_BIND = 9, ACTION_STMT2_BIND_EXEC = 11 };

/* ---- items ---- */

void tuv_item_head(tuv_out_t* out, uint8_t type, bool lengths, uint64_t rows, uint64_t bytes) {
  tuv_out_u32(out, tuv_item_size(lengths, rows, bytes));
  tuv_out_u32(out, type);
  tuv_out_u32(out, rows);
}

static size_t format_decimal(const uint8_t* value, unsigned width, uint8_t scale,
                             char buf[TUV_DECIMAL_TEXT]) {
  taosuv_decimal_t number;
  number.low = taosuv_load_u64(value);
  number.high = width == 16 ? (int64_t) taosuv_load_u64(value + 8)
                            : ((number.low >> 63) != 0 ? -1 : 0);
  tuv_text_t text = tuv_text_start(buf, TUV_DECIMAL_TEXT);
  tuv_format_decimal(&text, number, scale);
  return text.length;
}

void tuv_cell_value(const tuv_batch_t* batch, tuv_out_t* out, const tuv_cell_t* cell) {
  char buf[TUV_DECIMAL_TEXT];
  uint64_t bytes = tuv_cell_bytes(batch, cell);
  if (bytes == 0) return;
  if (tuv_type_width(cell->type) == 0 || !tuv_has_lengths(batch, cell->type))
    tuv_out_bytes(out, cell->bytes, cell->length);
  else
    tuv_out_bytes(out, buf, format_decimal(cell->bytes, cell->length, cell->scale, buf));
}

void tuv_item_cell(const tuv_batch_t* batch, tuv_out_t* out, const tuv_cell_t* cell) {
  bool lengths = tuv_has_lengths(batch, cell->type);
  uint64_t bytes = tuv_cell_bytes(batch, cell);
  tuv_item_head(out, cell->type, lengths, 1, bytes);
  tuv_out_u8(out, cell->null);
  tuv_out_u8(out, lengths);
  if (lengths) tuv_out_u32(out, bytes);
  tuv_out_u32(out, bytes);
  tuv_cell_value(batch, out, cell);
}

void tuv_column_nulls(tuv_out_t* out, const tuv_batch_table_t* table, uint32_t column) {
  for (const tuv_segment_t* s = table->first; s != NULL; s = s->next)
    tuv_out_bytes(out, s->parts[column].nulls, s->rows);
}

void tuv_column_lengths(tuv_out_t* out, const tuv_slot_t* slot, const tuv_batch_table_t* table,
                        uint32_t column) {
  for (const tuv_segment_t* s = table->first; s != NULL; s = s->next) {
    const tuv_part_t* part = &s->parts[column];
    if (slot->width == 0) tuv_out_bytes(out, part->lengths, 4 * (size_t) s->rows);
    for (uint32_t row = 0; slot->width != 0 && row < s->rows; row++) {
      const uint8_t* value = part->values + (size_t) row * slot->width;
      tuv_out_u32(out, part->nulls[row] != 0 ? 0 : tuv_decimal_text_size(slot, value));
    }
  }
}

static void decimal_texts(tuv_out_t* out, const tuv_slot_t* slot, const tuv_part_t* part,
                          uint32_t rows) {
  char buf[TUV_DECIMAL_TEXT];
  for (uint32_t row = 0; row < rows; row++) {
    if (part->nulls[row] != 0) continue;
    const uint8_t* value = part->values + (size_t) row * slot->width;
    tuv_out_bytes(out, buf, format_decimal(value, slot->width, slot->field->scale, buf));
  }
}

void tuv_column_values(tuv_out_t* out, const tuv_slot_t* slot, bool text,
                       const tuv_batch_table_t* table, uint32_t column) {
  for (const tuv_segment_t* s = table->first; s != NULL; s = s->next) {
    const tuv_part_t* part = &s->parts[column];
    size_t size = slot->width != 0 ? (size_t) s->rows * slot->width : part->size;
    if (text) decimal_texts(out, slot, part, s->rows);
    else tuv_out_bytes(out, part->values, size);
  }
}

static void item_column(const tuv_batch_t* batch, tuv_out_t* out, const tuv_batch_table_t* table,
                        uint32_t column) {
  const tuv_slot_t* slot = &batch->layout->columns[column];
  bool lengths = tuv_has_lengths(batch, slot->type);
  uint64_t bytes = tuv_column_bytes(batch, slot, &table->sums[column], table->rows);
  tuv_item_head(out, slot->type, lengths, table->rows, bytes);
  tuv_column_nulls(out, table, column);
  tuv_out_u8(out, lengths);
  if (lengths) tuv_column_lengths(out, slot, table, column);
  tuv_out_u32(out, bytes);
  if (bytes > 0) tuv_column_values(out, slot, lengths && slot->decimal, table, column);
}

static void items(const tuv_batch_t* batch, tuv_out_t* out, const tuv_batch_table_t* table) {
  for (uint32_t i = 0; i < batch->layout->ncolumns; i++) item_column(batch, out, table, i);
}

/* ---- sections ---- */

static void write_names(const tuv_batch_t* batch, tuv_out_t* out) {
  for (uint32_t i = 0; i < batch->used; i++)
    tuv_out_u16(out, tuv_batch_used(batch, i)->name_length + 1);
  for (uint32_t i = 0; i < batch->used; i++) {
    tuv_out_bytes(out, tuv_batch_used(batch, i)->name, tuv_batch_used(batch, i)->name_length);
    tuv_out_u8(out, 0);
  }
}

static void write_tags(const tuv_batch_t* batch, tuv_out_t* out) {
  for (uint32_t i = 0; i < batch->used; i++)
    tuv_out_u32(out, tuv_table_tags_size(batch, tuv_batch_used(batch, i)));
  for (uint32_t i = 0; i < batch->used; i++)
    for (uint32_t tag = 0; tag < batch->layout->ntags; tag++)
      tuv_item_cell(batch, out, &tuv_batch_used(batch, i)->tags[tag]);
}

static void write_columns(const tuv_batch_t* batch, tuv_out_t* out) {
  for (uint32_t i = 0; i < batch->used; i++)
    tuv_out_u32(out, tuv_table_rows_size(batch, tuv_batch_used(batch, i)));
  for (uint32_t i = 0; i < batch->used; i++) {
    const tuv_batch_table_t* table = tuv_batch_used(batch, i);
    const tuv_segment_t* first = table->first;
    if (first->made != NULL) tuv_out_made(out, first->made, first->made_size, first->key);
    else items(batch, out, table);
  }
}

static void write_params(const tuv_batch_t* batch, tuv_out_t* out) {
  const tuv_batch_layout_t* layout = batch->layout;
  uint64_t size = tuv_params_size(batch);
  uint64_t header[7] = {HEADER + 4 + size, 1, 0, layout->ncolumns, 0, 0, HEADER};
  for (int i = 0; i < 7; i++) tuv_out_u32(out, header[i]);
  tuv_out_u32(out, size);
  for (uint32_t i = 0; i < layout->ncolumns; i++) tuv_item_cell(batch, out, &layout->params[i]);
}

static void write_insert(const tuv_batch_t* batch, tuv_out_t* out) {
  const tuv_batch_layout_t* layout = batch->layout;
  uint64_t names = 0, tags = 0, end = HEADER + batch->counted;
  for (uint32_t i = 0; i < batch->used; i++) {
    if (layout->table != NULL) names += 2 + tuv_batch_used(batch, i)->name_length + 1u;
    if (layout->ntags > 0) tags += 4 + tuv_table_tags_size(batch, tuv_batch_used(batch, i));
  }
  tuv_out_u32(out, end);
  tuv_out_u32(out, batch->used);
  tuv_out_u32(out, layout->ntags);
  tuv_out_u32(out, layout->ncolumns);
  tuv_out_u32(out, names > 0 ? HEADER : 0);
  tuv_out_u32(out, tags > 0 ? HEADER + names : 0);
  tuv_out_u32(out, HEADER + names + tags);
  if (names > 0) write_names(batch, out);
  if (tags > 0) write_tags(batch, out);
  write_columns(batch, out);
}

void tuv_stmt2_write(const tuv_batch_t* batch, tuv_out_t* out) {
  tuv_out_u16(out, 1); /* version */
  tuv_out_u32(out, ALL_COLUMNS);
  if (batch->insert) write_insert(batch, out);
  else write_params(batch, out);
}

size_t tuv_batch_message_size(tuv_batch_t* batch) {
  return tuv_batch_size(batch);
}

void tuv_batch_message(tuv_batch_t* batch, uint64_t req_id, uint64_t stmt_id, tuv_sink_t* sink) {
  tuv_out_t out;
  bool columnar = batch->wire.form == TUV_BATCH_COLUMNAR;
  tuv_batch_plain(batch);
  tuv_out_begin(&out, sink, req_id, stmt_id, columnar ? ACTION_STMT2_BIND_EXEC : ACTION_STMT2_BIND);
  if (columnar) tuv_columnar_write(batch, &out);
  else tuv_stmt2_write(batch, &out);
  tuv_out_end(&out);
}
