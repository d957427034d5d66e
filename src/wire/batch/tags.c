/* The tags of a table. */
#include "wire/batch/error.h"
#include "wire/batch/size.h"
#include "wire/batch/table.h"
#include "wire/batch/value.h"

static int make_cell(tuv_batch_t* batch, const tuv_slot_t* slot, const taosuv_value_t* value,
                     tuv_cell_t* cell, tuv_errmsg_t* err) {
  tuv_converted_t converted;
  *cell = (tuv_cell_t) {
      .type = slot->type, .scale = slot->field->scale, .null = value->kind == TAOSUV_VALUE_NULL};
  if (cell->null) return 0;
  int status = tuv_convert(batch, slot, value, &converted, err);
  return status < 0 ? status : tuv_cell_keep(batch, cell, &converted, err);
}

static bool is_same(const tuv_cell_t* old, const tuv_slot_t* slot, const taosuv_value_t* value,
                    tuv_batch_t* batch) {
  tuv_converted_t converted;
  if (value->kind == TAOSUV_VALUE_NULL || old->null)
    return old->null && value->kind == TAOSUV_VALUE_NULL;
  if (tuv_convert(batch, slot, value, &converted, NULL) < 0) return false;
  return converted.length == old->length &&
         memcmp(converted.bytes, old->bytes, converted.length) == 0;
}

/* Whether these tags are bound already. Callers that bind row by row repeat them with each row. */
static bool are_same(tuv_batch_t* batch, const taosuv_value_t* tags) {
  const tuv_batch_layout_t* layout = batch->layout;
  if (batch->current->tags == NULL) return false;
  for (uint32_t i = 0; i < layout->ntags; i++)
    if (!is_same(&batch->current->tags[i], &layout->tags[i], &tags[i], batch)) return false;
  return true;
}

int tuv_batch_tags(tuv_batch_t* batch, const taosuv_value_t* tags, uint32_t count,
                   tuv_errmsg_t* err) {
  int status = tuv_batch_begin(batch, false, err);
  if (status < 0) return status;
  const tuv_batch_layout_t* layout = batch->layout;
  if (count != layout->ntags || count == 0 || tags == NULL)
    return tuv_fail(err, TUV_EINVAL, "%u tags were given, but the statement has %u",
                    tags != NULL ? count : 0, layout->ntags);
  if (are_same(batch, tags)) return 0;
  tuv_arena_mark_t mark = tuv_arena_mark(&batch->arena);
  tuv_cell_t* cells = tuv_arena_take(&batch->arena, count * sizeof *cells);
  if (cells == NULL) return tuv_batch_no_memory(err);
  for (uint32_t i = 0; i < count; i++) {
    status = make_cell(batch, &layout->tags[i], &tags[i], &cells[i], err);
    if (status == 0) continue;
    tuv_arena_rewind(&batch->arena, mark);
    return tuv_batch_where(batch, layout->tags[i].field, i, TUV_NO_ROW, status, err);
  }
  tuv_batch_uncount(batch, batch->current);
  batch->current->tags = cells;
  tuv_batch_count(batch, batch->current);
  return 0;
}
