/* The set_tags and bind messages of the first version, each with one block (PROTOCOL 6.1.5). */
#include "wire/batch/item.h"
#include "wire/batch/premasked.h"
#include "wire/batch/send.h"
#include "wire/batch/value.h"

#define HEADER 28u
#define HEAD 24u

enum { ACTION_SET_TAGS = 1, ACTION_BIND = 2 };

static void write_header(tuv_encoder_t* encoder, uint64_t size, uint64_t rows, uint64_t columns) {
  tuv_encoder_u32(encoder, 1); /* version */
  tuv_encoder_u32(encoder, size);
  tuv_encoder_u32(encoder, rows);
  tuv_encoder_u32(encoder, columns);
  tuv_encoder_fill(encoder, 0, 4 + 8); /* flags, group */
}

static void write_schema(tuv_encoder_t* encoder, uint8_t type) {
  tuv_encoder_u8(encoder, type);
  tuv_encoder_u32(encoder, tuv_type_size(type));
}

/* ---- NCHAR ---- */

/* Reads the next character of valid UTF-8. */
static uint32_t next_char(const uint8_t** at) {
  const uint8_t* p = *at;
  if (p[0] < 0x80) {
    *at = p + 1;
    return p[0];
  }
  if (p[0] < 0xE0) {
    *at = p + 2;
    return (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu);
  }
  if (p[0] < 0xF0) {
    *at = p + 3;
    return (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
  }
  *at = p + 4;
  return (p[0] & 0x07u) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3Fu);
}

static void write_value(tuv_encoder_t* encoder, uint8_t type, const uint8_t* bytes,
                        uint32_t length) {
  if (type != TAOSUV_TYPE_NCHAR) {
    tuv_encoder_u16(encoder, length);
    tuv_encoder_bytes(encoder, bytes, length);
    return;
  }
  tuv_encoder_u16(encoder, 4 * (uint64_t) tuv_count_chars(bytes, length));
  const uint8_t* end = length > 0 ? bytes + length : bytes; /* bytes may be NULL */
  for (const uint8_t* at = bytes; at < end;) tuv_encoder_u32(encoder, next_char(&at));
}

/* ---- one row ---- */

/* A query does not accept a TIMESTAMP; a BIGINT means the same. */
static uint8_t type_of(const tuv_batch_t* batch, const tuv_cell_t* cell) {
  return !batch->insert && cell->type == TAOSUV_TYPE_TIMESTAMP ? TAOSUV_TYPE_BIGINT : cell->type;
}

static uint32_t value_size(const tuv_cell_t* cell) {
  uint8_t width = tuv_type_size(cell->type);
  if (width != 0) return width;
  if (cell->null) return 0;
  return 2 + (cell->type == TAOSUV_TYPE_NCHAR ? 4 * cell->text : cell->length);
}

static void write_cells(const tuv_batch_t* batch, tuv_encoder_t* encoder, const tuv_cell_t* cells,
                        uint32_t count) {
  write_header(encoder, tuv_v1_cells_size(cells, count) - HEAD, 1, count);
  for (uint32_t i = 0; i < count; i++) write_schema(encoder, type_of(batch, &cells[i]));
  for (uint32_t i = 0; i < count; i++) tuv_encoder_u32(encoder, value_size(&cells[i]));
  for (uint32_t i = 0; i < count; i++) {
    const tuv_cell_t* cell = &cells[i];
    uint8_t width = tuv_type_size(cell->type);
    if (width != 0) {
      tuv_encoder_u8(encoder, cell->null ? 0x80 : 0);
      if (cell->null)
        tuv_encoder_fill(encoder, 0, width);
      else
        tuv_encoder_bytes(encoder, cell->bytes, width);
    } else {
      tuv_encoder_u32(encoder, cell->null ? UINT32_MAX : 0);
      if (!cell->null) write_value(encoder, cell->type, cell->bytes, cell->length);
    }
  }
}

/* ---- many rows ---- */

static void write_bits(tuv_encoder_t* encoder, const tuv_batch_table_t* table, uint32_t column) {
  unsigned bits = 0, count = 0;
  for (const tuv_segment_t* s = table->first; s != NULL; s = s->next) {
    for (uint32_t row = 0; row < s->rows; row++) {
      bits |= s->parts[column].nulls[row] != 0 ? 0x80u >> count : 0;
      if (++count < 8) continue;
      tuv_encoder_u8(encoder, bits);
      bits = count = 0;
    }
  }
  if (count > 0) tuv_encoder_u8(encoder, bits);
}

/* Writes the offset of each row, or its value. */
static void write_variable(tuv_encoder_t* encoder, const tuv_slot_t* slot,
                           const tuv_batch_table_t* table, uint32_t column, bool values) {
  uint64_t at = 0;
  for (const tuv_segment_t* s = table->first; s != NULL; s = s->next) {
    const tuv_part_t* part = &s->parts[column];
    const uint8_t* bytes = part->values;
    for (uint32_t row = 0; row < s->rows; row++) {
      uint32_t length = taosuv_load_u32(part->lengths + 4 * (size_t) row);
      bool null = part->nulls[row] != 0;
      if (!values)
        tuv_encoder_u32(encoder, null ? UINT32_MAX : at);
      else if (!null)
        write_value(encoder, slot->type, bytes, length);
      bool wide = slot->type == TAOSUV_TYPE_NCHAR && length > 0;
      if (!null) at += 2 + (wide ? 4 * (uint64_t) tuv_count_chars(bytes, length) : length);
      if (length > 0) bytes += length;
    }
  }
}

static uint64_t data_size(const tuv_slot_t* slot, const tuv_batch_table_t* table, uint32_t column) {
  const tuv_sum_t* sum = &table->sums[column];
  if (slot->width != 0) return (uint64_t) table->rows * slot->width;
  return 2 * (table->rows - sum->nulls) +
         (slot->type == TAOSUV_TYPE_NCHAR ? 4 * sum->chars : sum->bytes);
}

static void write_rows(const tuv_batch_t* batch, tuv_encoder_t* encoder,
                       const tuv_batch_table_t* table) {
  const tuv_batch_layout_t* layout = batch->layout;
  write_header(encoder, tuv_v1_rows_size(batch, table) - HEAD, table->rows, layout->ncolumns);
  for (uint32_t i = 0; i < layout->ncolumns; i++) write_schema(encoder, layout->columns[i].type);
  for (uint32_t i = 0; i < layout->ncolumns; i++)
    tuv_encoder_u32(encoder, data_size(&layout->columns[i], table, i));
  for (uint32_t i = 0; i < layout->ncolumns; i++) {
    const tuv_slot_t* slot = &layout->columns[i];
    if (slot->width != 0) {
      write_bits(encoder, table, i);
      tuv_column_values(encoder, slot, false, table, i);
    } else {
      write_variable(encoder, slot, table, i, false);
      write_variable(encoder, slot, table, i, true);
    }
  }
}

/* ---- messages ---- */

const char* tuv_batch_v1_name(const tuv_batch_t* batch, uint32_t table, size_t* length) {
  *length = 0;
  if (!batch->insert || batch->layout->table == NULL) return NULL;
  *length = tuv_batch_used(batch, table)->name_length;
  return tuv_batch_used(batch, table)->name;
}

size_t tuv_batch_v1_tags_size(const tuv_batch_t* batch, uint32_t table) {
  if (!batch->insert || batch->layout->ntags == 0) return 0;
  return (size_t) tuv_v1_cells_size(tuv_batch_used(batch, table)->tags, batch->layout->ntags);
}

void tuv_batch_v1_tags(const tuv_batch_t* batch, uint32_t table, uint64_t req_id, uint64_t stmt_id,
                       tuv_sink_t* sink) {
  tuv_encoder_t encoder;
  tuv_encoder_begin(&encoder, sink, req_id, stmt_id, ACTION_SET_TAGS);
  write_cells(batch, &encoder, tuv_batch_used(batch, table)->tags, batch->layout->ntags);
  tuv_encoder_end(&encoder);
}

size_t tuv_batch_v1_rows_size(const tuv_batch_t* batch, uint32_t table) {
  const tuv_batch_layout_t* layout = batch->layout;
  if (!batch->insert) return (size_t) tuv_v1_cells_size(layout->params, layout->ncolumns);
  return (size_t) tuv_v1_rows_size(batch, tuv_batch_used(batch, table));
}

void tuv_batch_v1_rows(const tuv_batch_t* batch, uint32_t table, uint64_t req_id, uint64_t stmt_id,
                       tuv_sink_t* sink) {
  tuv_encoder_t encoder;
  tuv_encoder_begin(&encoder, sink, req_id, stmt_id, ACTION_BIND);
  if (batch->insert) tuv_table_unmask(tuv_batch_used(batch, table));
  if (batch->insert)
    write_rows(batch, &encoder, tuv_batch_used(batch, table));
  else
    write_cells(batch, &encoder, batch->layout->params, batch->layout->ncolumns);
  tuv_encoder_end(&encoder);
}
