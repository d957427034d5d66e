/* The fields of a statement sorted by kind. */
#include "wire/batch/layout.h"

#include "wire/batch/error.h"
#include "wire/batch/size.h"
#include "wire/value/format.h"

static uint32_t limit_of(const taosuv_stmt_field_t* field) {
  uint32_t most = TUV_BATCH_MAX_BYTES;
  if (field->type == TAOSUV_TYPE_NCHAR) most = TUV_BATCH_MAX_NCHAR;
  if (field->type == TAOSUV_TYPE_BLOB) most = TUV_BATCH_MAX_BLOB;
  return field->length != 0 && field->length < most ? field->length : most;
}

static void set_plain(tuv_slot_t* slot, taosuv_value_kind_t kind, int64_t low, int64_t high) {
  slot->plain = (uint8_t) kind;
  slot->low = low;
  slot->high = high;
}

/* Sets the kind of value that most callers bind. For such a value only its range is checked. */
static void choose_plain(tuv_slot_t* slot) {
  const tuv_type_t* type = tuv_type(slot->type);
  int64_t max = type->max < INT64_MAX ? (int64_t) type->max : INT64_MAX;
  slot->plain = TUV_NOT_PLAIN;
  switch (type->kind) {
    case TUV_KIND_BOOL: set_plain(slot, TAOSUV_VALUE_BOOL, 0, 1); break;
    case TUV_KIND_INTEGER:
    case TUV_KIND_TIME: set_plain(slot, TAOSUV_VALUE_I64, type->min, max); break;
    case TUV_KIND_REAL:
      if (slot->type == TAOSUV_TYPE_DOUBLE) set_plain(slot, TAOSUV_VALUE_F64, INT64_MIN, INT64_MAX);
      break;
    default: break;
  }
}

static void fill_slot(tuv_slot_t* slot, const taosuv_stmt_field_t* field) {
  memset(slot, 0, sizeof *slot);
  slot->field = field;
  slot->type = field->type;
  slot->width = tuv_type_size(field->type);
  slot->decimal = tuv_type_is_decimal(field->type);
  slot->limit = limit_of(field);
  choose_plain(slot);
}

/* Every row needs the first TIMESTAMP of its table. If only one is bound, it is that one. */
static void mark_required(tuv_batch_layout_t* layout) {
  tuv_slot_t* only = NULL;
  for (uint32_t i = 0; i < layout->ncolumns; i++) {
    if (layout->columns[i].type != TAOSUV_TYPE_TIMESTAMP) continue;
    if (only != NULL) return;
    only = &layout->columns[i];
  }
  if (only != NULL) only->required = true;
}

static int check_field(const taosuv_stmt_field_t* field, bool again, tuv_errmsg_t* err) {
  if (field->kind == TAOSUV_BIND_TABLE)
    return again ? tuv_fail(err, TUV_EINVAL, "the statement has two fields for the name of a table")
                 : 0;
  if (field->kind != TAOSUV_BIND_TAG && field->kind != TAOSUV_BIND_COLUMN)
    return tuv_fail(err, TUV_EINVAL, "field '%.64s' has the unknown kind %u", field->name,
                    field->kind);
  if (tuv_type(field->type)->kind == TUV_KIND_NONE)
    return tuv_fail(err, TUV_ETYPE, "field '%.64s' has the type %u, which cannot be bound",
                    field->name, field->type);
  if (tuv_type_is_decimal(field->type) && field->scale > TUV_DECIMAL_MAX_SCALE)
    return tuv_fail(err, TUV_EPROTO, "field '%.64s' is a DECIMAL with a scale of %u, more than 38",
                    field->name, field->scale);
  return 0;
}

static void fill_insert(const tuv_batch_t* batch, tuv_batch_layout_t* layout) {
  for (uint32_t i = 0; i < batch->count; i++) {
    const taosuv_stmt_field_t* field = &batch->fields[i];
    if (field->kind == TAOSUV_BIND_TABLE)
      layout->table = field;
    else if (field->kind == TAOSUV_BIND_TAG)
      fill_slot(&layout->tags[layout->ntags++], field);
    else
      fill_slot(&layout->columns[layout->ncolumns++], field);
  }
  mark_required(layout);
  for (uint32_t i = 0; i < layout->ncolumns; i++) {
    const tuv_slot_t* slot = &layout->columns[i];
    layout->row_size += (uint32_t) tuv_item_row(slot->width == 0) + slot->width;
    layout->decimals = layout->decimals || slot->decimal;
    layout->nchars = layout->nchars || slot->type == TAOSUV_TYPE_NCHAR;
  }
}

int tuv_batch_make_layout(tuv_batch_t* batch, tuv_errmsg_t* err) {
  uint32_t counts[5] = {0};
  for (uint32_t i = 0; batch->insert && i < batch->count; i++) {
    const taosuv_stmt_field_t* field = &batch->fields[i];
    int status = check_field(field, counts[TAOSUV_BIND_TABLE] > 0, err);
    if (status < 0) return status;
    counts[field->kind]++;
  }
  size_t each = batch->insert ? sizeof(tuv_slot_t) + sizeof(tuv_intake_t) : sizeof(tuv_cell_t);
  if (batch->count > (SIZE_MAX - sizeof(tuv_batch_layout_t)) / each)
    return tuv_batch_no_memory(err);
  size_t size = sizeof(tuv_batch_layout_t) + each * batch->count;
  tuv_batch_layout_t* layout = tuv_malloc(batch->alloc, size);
  if (layout == NULL) return tuv_batch_no_memory(err);
  memset(layout, 0, size);
  batch->layout = layout;
  if (!batch->insert) {
    layout->params = (tuv_cell_t*) (void*) (layout + 1);
    layout->ncolumns = batch->count;
    return 0;
  }
  layout->tags = (tuv_slot_t*) (void*) (layout + 1);
  layout->columns = layout->tags + counts[TAOSUV_BIND_TAG];
  layout->intakes = (tuv_intake_t*) (void*) (layout->tags + batch->count);
  fill_insert(batch, layout);
  return 0;
}
