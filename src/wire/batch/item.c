/* Bind items (PROTOCOL 6.3.3). */
#include "wire/batch/item.h"

#include "wire/batch/decimal.h"

void tuv_item_head(tuv_encoder_t* encoder, uint8_t type, bool lengths, uint64_t rows,
                   uint64_t bytes) {
  tuv_encoder_u32(encoder, tuv_item_size(lengths, rows, bytes));
  tuv_encoder_u32(encoder, type);
  tuv_encoder_u32(encoder, rows);
}

void tuv_cell_value(const tuv_batch_t* batch, tuv_encoder_t* encoder, const tuv_cell_t* cell) {
  char buf[TUV_DECIMAL_TEXT];
  uint64_t bytes = tuv_cell_bytes(batch, cell);
  if (bytes == 0) return;
  if (tuv_type_size(cell->type) == 0 || !tuv_has_lengths(batch, cell->type)) {
    tuv_encoder_bytes(encoder, cell->bytes, cell->length);
    return;
  }
  size_t length = tuv_decimal_text(cell->bytes, cell->length, cell->scale, buf);
  tuv_encoder_bytes(encoder, buf, length);
}

void tuv_item_cell(const tuv_batch_t* batch, tuv_encoder_t* encoder, const tuv_cell_t* cell) {
  bool lengths = tuv_has_lengths(batch, cell->type);
  uint64_t bytes = tuv_cell_bytes(batch, cell);
  tuv_item_head(encoder, cell->type, lengths, 1, bytes);
  tuv_encoder_u8(encoder, cell->null);
  tuv_encoder_u8(encoder, lengths);
  if (lengths) tuv_encoder_u32(encoder, bytes);
  tuv_encoder_u32(encoder, bytes);
  tuv_cell_value(batch, encoder, cell);
}

void tuv_column_nulls(tuv_encoder_t* encoder, const tuv_batch_table_t* table, uint32_t column) {
  for (const tuv_segment_t* s = table->first; s != NULL; s = s->next)
    tuv_encoder_bytes(encoder, s->parts[column].nulls, s->rows);
}

void tuv_column_lengths(tuv_encoder_t* encoder, const tuv_slot_t* slot,
                        const tuv_batch_table_t* table, uint32_t column) {
  for (const tuv_segment_t* s = table->first; s != NULL; s = s->next) {
    const tuv_part_t* part = &s->parts[column];
    if (slot->width == 0) tuv_encoder_bytes(encoder, part->lengths, 4 * (size_t) s->rows);
    for (uint32_t row = 0; slot->width != 0 && row < s->rows; row++) {
      const uint8_t* value = part->values + (size_t) row * slot->width;
      tuv_encoder_u32(encoder, part->nulls[row] != 0 ? 0 : tuv_decimal_text_size(slot, value));
    }
  }
}

static void decimal_texts(tuv_encoder_t* encoder, const tuv_slot_t* slot, const tuv_part_t* part,
                          uint32_t rows) {
  char buf[TUV_DECIMAL_TEXT];
  for (uint32_t row = 0; row < rows; row++) {
    if (part->nulls[row] != 0) continue;
    const uint8_t* value = part->values + (size_t) row * slot->width;
    size_t length = tuv_decimal_text(value, slot->width, slot->field->scale, buf);
    tuv_encoder_bytes(encoder, buf, length);
  }
}

void tuv_column_values(tuv_encoder_t* encoder, const tuv_slot_t* slot, bool text,
                       const tuv_batch_table_t* table, uint32_t column) {
  for (const tuv_segment_t* s = table->first; s != NULL; s = s->next) {
    const tuv_part_t* part = &s->parts[column];
    size_t size = slot->width != 0 ? (size_t) s->rows * slot->width : part->size;
    if (text)
      decimal_texts(encoder, slot, part, s->rows);
    else
      tuv_encoder_bytes(encoder, part->values, size);
  }
}
