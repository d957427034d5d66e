/* The blocks of the first version's set_tags and bind messages (PROTOCOL 6.1.5). */
#include "wire/batch/private.h"

#define HEADER 28u
#define HEAD 24u

enum { ACTION_SET_TAGS = 1, ACTION_BIND = 2 };

static void write_header(tuv_out_t* out, uint64_t size, uint64_t rows, uint64_t columns) {
  tuv_out_u32(out, 1); /* version */
  tuv_out_u32(out, size);
  tuv_out_u32(out, rows);
  tuv_out_u32(out, columns);
  tuv_out_fill(out, 0, 4 + 8); /* flags, group */
}

static void write_schema(tuv_out_t* out, uint8_t type) {
  tuv_out_u8(out, type);
  tuv_out_u32(out, tuv_type_width(type));
}

/* ---- NCHAR ---- */

/* The next character of valid UTF-8. */
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

static void write_value(tuv_out_t* out, uint8_t type, const uint8_t* bytes, uint32_t length) {
  if (type != TAOSUV_TYPE_NCHAR) {
    tuv_out_u16(out, length);
    tuv_out_bytes(out, bytes, length);
    return;
  }
  tuv_out_u16(out, 4 * (uint64_t) tuv_count_chars(bytes, length));
  const uint8_t* end = length > 0 ? bytes + length : bytes; /* which may be NULL */
  for (const uint8_t* at = bytes; at < end;) tuv_out_u32(out, next_char(&at));
}

/* ---- one row ---- */

/* A query takes no TIMESTAMP: a BIGINT means the same. */
static uint8_t type_of(const tuv_batch_t* batch, const tuv_cell_t* cell) {
  return !batch->insert && cell->type == TAOSUV_TYPE_TIMESTAMP ? TAOSUV_TYPE_BIGINT : cell->type;
}

static uint32_t value_size(const tuv_cell_t* cell) {
  uint8_t width = tuv_type_width(cell->type);
  if (width != 0) return width;
  if (cell->null) return 0;
  return 2 + (cell->type == TAOSUV_TYPE_NCHAR ? 4 * cell->text : cell->length);
}

static void write_cells(const tuv_batch_t* batch, tuv_out_t* out, const tuv_cell_t* cells,
                        uint32_t count) {
  write_header(out, tuv_v1_cells_size(cells, count) - HEAD, 1, count);
  for (uint32_t i = 0; i < count; i++) write_schema(out, type_of(batch, &cells[i]));
  for (uint32_t i = 0; i < count; i++) tuv_out_u32(out, value_size(&cells[i]));
  for (uint32_t i = 0; i < count; i++) {
    const tuv_cell_t* cell = &cells[i];
    uint8_t width = tuv_type_width(cell->type);
    if (width != 0) {
      tuv_out_u8(out, cell->null ? 0x80 : 0);
      if (cell->null)
        tuv_out_fill(out, 0, width);
      else
        tuv_out_bytes(out, cell->bytes, width);
    } else {
      tuv_out_u32(out, cell->null ? UINT32_MAX : 0);
      if (!cell->null) write_value(out, cell->type, cell->bytes, cell->length);
    }
  }
}

/* ---- many rows ---- */

static void write_bits(tuv_out_t* out, const tuv_batch_table_t* table, uint32_t column) {
  unsigned bits = 0, count = 0;
  for (const tuv_segment_t* s = table->first; s != NULL; s = s->next) {
    for (uint32_t row = 0; row < s->rows; row++) {
      bits |= s->parts[column].nulls[row] != 0 ? 0x80u >> count : 0;
      if (++count < 8) continue;
      tuv_out_u8(out, bits);
      bits = count = 0;
    }
  }
  if (count > 0) tuv_out_u8(out, bits);
}

/* Each row's offset, or with `values` its value: one walk, done twice. */
static void write_variable(tuv_out_t* out, const tuv_slot_t* slot, const tuv_batch_table_t* table,
                           uint32_t column, bool values) {
  uint64_t at = 0;
  for (const tuv_segment_t* s = table->first; s != NULL; s = s->next) {
    const tuv_part_t* part = &s->parts[column];
    const uint8_t* bytes = part->values;
    for (uint32_t row = 0; row < s->rows; row++) {
      uint32_t length = taosuv_load_u32(part->lengths + 4 * (size_t) row);
      bool null = part->nulls[row] != 0;
      if (!values)
        tuv_out_u32(out, null ? UINT32_MAX : at);
      else if (!null)
        write_value(out, slot->type, bytes, length);
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

static void write_rows(const tuv_batch_t* batch, tuv_out_t* out, const tuv_batch_table_t* table) {
  const tuv_batch_layout_t* layout = batch->layout;
  write_header(out, tuv_v1_rows_size(batch, table) - HEAD, table->rows, layout->ncolumns);
  for (uint32_t i = 0; i < layout->ncolumns; i++) write_schema(out, layout->columns[i].type);
  for (uint32_t i = 0; i < layout->ncolumns; i++)
    tuv_out_u32(out, data_size(&layout->columns[i], table, i));
  for (uint32_t i = 0; i < layout->ncolumns; i++) {
    const tuv_slot_t* slot = &layout->columns[i];
    if (slot->width != 0) {
      write_bits(out, table, i);
      tuv_column_values(out, slot, false, table, i);
    } else {
      write_variable(out, slot, table, i, false);
      write_variable(out, slot, table, i, true);
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
  tuv_out_t out;
  tuv_out_begin(&out, sink, req_id, stmt_id, ACTION_SET_TAGS);
  write_cells(batch, &out, tuv_batch_used(batch, table)->tags, batch->layout->ntags);
  tuv_out_end(&out);
}

size_t tuv_batch_v1_rows_size(const tuv_batch_t* batch, uint32_t table) {
  const tuv_batch_layout_t* layout = batch->layout;
  if (!batch->insert) return (size_t) tuv_v1_cells_size(layout->params, layout->ncolumns);
  return (size_t) tuv_v1_rows_size(batch, tuv_batch_used(batch, table));
}

void tuv_batch_v1_rows(const tuv_batch_t* batch, uint32_t table, uint64_t req_id, uint64_t stmt_id,
                       tuv_sink_t* sink) {
  tuv_out_t out;
  tuv_out_begin(&out, sink, req_id, stmt_id, ACTION_BIND);
  if (batch->insert) tuv_table_plain(tuv_batch_used(batch, table));
  if (batch->insert)
    write_rows(batch, &out, tuv_batch_used(batch, table));
  else
    write_cells(batch, &out, batch->layout->params, batch->layout->ncolumns);
  tuv_out_end(&out);
}
