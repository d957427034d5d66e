/* The stmt2_bind message (PROTOCOL 6.3.2, 6.3.3). */
#include "wire/batch/item.h"

#define ALL_COLUMNS UINT32_MAX /* -1 */
#define HEADER 28u

static void item_column(const tuv_batch_t* batch, tuv_encoder_t* encoder,
                        const tuv_batch_table_t* table, uint32_t column) {
  const tuv_slot_t* slot = &batch->layout->columns[column];
  bool lengths = tuv_has_lengths(batch, slot->type);
  uint64_t bytes = tuv_column_bytes(batch, slot, &table->sums[column], table->rows);
  tuv_item_head(encoder, slot->type, lengths, table->rows, bytes);
  tuv_column_nulls(encoder, table, column);
  tuv_encoder_u8(encoder, lengths);
  if (lengths) tuv_column_lengths(encoder, slot, table, column);
  tuv_encoder_u32(encoder, bytes);
  if (bytes > 0) tuv_column_values(encoder, slot, lengths && slot->decimal, table, column);
  tuv_encoder_fill(encoder, 0, (size_t) tuv_column_spare(slot, &table->sums[column], table->rows));
}

static void items(const tuv_batch_t* batch, tuv_encoder_t* encoder,
                  const tuv_batch_table_t* table) {
  for (uint32_t i = 0; i < batch->layout->ncolumns; i++) item_column(batch, encoder, table, i);
}

/* ---- sections ---- */

static void write_names(const tuv_batch_t* batch, tuv_encoder_t* encoder) {
  for (uint32_t i = 0; i < batch->used; i++)
    tuv_encoder_u16(encoder, tuv_batch_used(batch, i)->name_length + 1);
  for (uint32_t i = 0; i < batch->used; i++) {
    tuv_encoder_bytes(encoder, tuv_batch_used(batch, i)->name,
                      tuv_batch_used(batch, i)->name_length);
    tuv_encoder_u8(encoder, 0);
  }
}

static void write_tags(const tuv_batch_t* batch, tuv_encoder_t* encoder) {
  for (uint32_t i = 0; i < batch->used; i++)
    tuv_encoder_u32(encoder, tuv_table_tags_size(batch, tuv_batch_used(batch, i)));
  for (uint32_t i = 0; i < batch->used; i++)
    for (uint32_t tag = 0; tag < batch->layout->ntags; tag++)
      tuv_item_cell(batch, encoder, &tuv_batch_used(batch, i)->tags[tag]);
}

static void write_columns(const tuv_batch_t* batch, tuv_encoder_t* encoder) {
  for (uint32_t i = 0; i < batch->used; i++)
    tuv_encoder_u32(encoder, tuv_table_rows_size(batch, tuv_batch_used(batch, i)));
  for (uint32_t i = 0; i < batch->used; i++) {
    const tuv_batch_table_t* table = tuv_batch_used(batch, i);
    const tuv_segment_t* first = table->first;
    if (first->premasked != NULL)
      tuv_encoder_premasked(encoder, first->premasked, first->premasked_size, first->key);
    else
      items(batch, encoder, table);
  }
}

static void write_params(const tuv_batch_t* batch, tuv_encoder_t* encoder) {
  const tuv_batch_layout_t* layout = batch->layout;
  uint64_t size = tuv_params_size(batch);
  uint64_t header[7] = {HEADER + 4 + size, 1, 0, layout->ncolumns, 0, 0, HEADER};
  for (int i = 0; i < 7; i++) tuv_encoder_u32(encoder, header[i]);
  tuv_encoder_u32(encoder, size);
  for (uint32_t i = 0; i < layout->ncolumns; i++) tuv_item_cell(batch, encoder, &layout->params[i]);
}

static void write_insert(const tuv_batch_t* batch, tuv_encoder_t* encoder) {
  const tuv_batch_layout_t* layout = batch->layout;
  uint64_t names = 0, tags = 0, end = HEADER + batch->counted;
  for (uint32_t i = 0; i < batch->used; i++) {
    if (layout->table != NULL) names += 2 + tuv_batch_used(batch, i)->name_length + 1u;
    if (layout->ntags > 0) tags += 4 + tuv_table_tags_size(batch, tuv_batch_used(batch, i));
  }
  tuv_encoder_u32(encoder, end);
  tuv_encoder_u32(encoder, batch->used);
  tuv_encoder_u32(encoder, layout->ntags);
  tuv_encoder_u32(encoder, layout->ncolumns);
  tuv_encoder_u32(encoder, names > 0 ? HEADER : 0);
  tuv_encoder_u32(encoder, tags > 0 ? HEADER + names : 0);
  tuv_encoder_u32(encoder, HEADER + names + tags);
  if (names > 0) write_names(batch, encoder);
  if (tags > 0) write_tags(batch, encoder);
  write_columns(batch, encoder);
}

void tuv_stmt2_write(const tuv_batch_t* batch, tuv_encoder_t* encoder) {
  tuv_encoder_u16(encoder, 1); /* version */
  tuv_encoder_u32(encoder, ALL_COLUMNS);
  if (batch->insert)
    write_insert(batch, encoder);
  else
    write_params(batch, encoder);
}
