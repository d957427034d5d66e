/* The stmt2_bind message (PROTOCOL 6.3.2, 6.3.3). */
#include "wire/batch/private.h"

#define ALL_COLUMNS UINT32_MAX /* -1 */
#define HEADER 28u

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
  tuv_out_fill(out, 0, (size_t) tuv_column_spare(slot, &table->sums[column], table->rows));
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
    if (first->made != NULL)
      tuv_out_made(out, first->made, first->made_size, first->key);
    else
      items(batch, out, table);
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
  if (batch->insert)
    write_insert(batch, out);
  else
    write_params(batch, out);
}
