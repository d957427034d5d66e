/* A table, its tags and rows, bound by one call or not at all. */
#include "wire/batch/size.h"
#include "wire/text.h"

/* The state of the batch before the call. */
typedef struct before_s {
  uint32_t ntables;
  tuv_batch_table_t* current;
  tuv_arena_mark_t arena;
  tuv_cell_t* tags;           /* of the table, if it was there */
  tuv_arena_mark_t with_tags; /* the arena after the new tags were bound */
} before_t;

static bool same_mark(tuv_arena_mark_t a, tuv_arena_mark_t b) {
  return a.current == b.current && a.used == b.used;
}

/* Restores that state. A new table is removed with its memory. In a table that was there, new room
 * for rows stays for later rows. */
static void take_back(tuv_batch_t* batch, const before_t* before) {
  tuv_batch_table_t* table = batch->current;
  batch->current = before->current;
  if (batch->ntables > before->ntables) {
    tuv_batch_remove_last_table(batch);
    tuv_arena_rewind(&batch->arena, before->arena);
  } else if (table != NULL && table->tags != before->tags) {
    tuv_batch_uncount(batch, table);
    table->tags = before->tags;
    tuv_batch_count(batch, table);
    if (same_mark(tuv_arena_mark(&batch->arena), before->with_tags))
      tuv_arena_rewind(&batch->arena, before->arena);
  }
}

static int bind_tags(tuv_batch_t* batch, const tuv_batch_appended_t* appended, before_t* before,
                     tuv_errmsg_t* err) {
  before->tags = batch->current != NULL ? batch->current->tags : NULL;
  int status = appended->ntags > 0 ? tuv_batch_tags(batch, appended->tags, appended->ntags, err)
                                   : 0;
  before->with_tags = tuv_arena_mark(&batch->arena);
  return status;
}

int tuv_batch_append(tuv_batch_t* batch, const tuv_batch_appended_t* appended, tuv_errmsg_t* err) {
  before_t before = {
      .ntables = batch->ntables, .current = batch->current, .arena = tuv_arena_mark(&batch->arena)};
  int status = 0;
  if (appended->table != NULL)
    status = tuv_batch_table(batch, appended->table, appended->length, err);
  if (status < 0) return status;
  status = bind_tags(batch, appended, &before, err);
  if (status == 0)
    status = appended->columns != NULL
                 ? tuv_batch_columns(batch, appended->rows, appended->columns, appended->count, err)
                 : tuv_batch_row(batch, appended->values, appended->count, err);
  if (status < 0) take_back(batch, &before);
  return status;
}

/* ---- size ---- */

static uint64_t value_size(const taosuv_value_t* value) {
  bool bytes = value->kind == TAOSUV_VALUE_TEXT || value->kind == TAOSUV_VALUE_BYTES;
  if (!bytes) return 8;
  bool has_end = value->kind == TAOSUV_VALUE_TEXT && value->as.bytes != NULL;
  if (value->length == TAOSUV_NUL_TERMINATED && !has_end) return 0;
  return tuv_text_length(value->as.bytes, value->length);
}

/* The array was not checked: it may lack offsets, and these may decrease. */
static uint64_t array_size(const taosuv_array_t* array, uint32_t rows) {
  uint64_t size = 9 * (uint64_t) rows;
  if (!tuv_type_is_variable(array->type) || array->offsets == NULL) return size;
  uint32_t from = array->offsets[0], to = array->offsets[rows];
  return to > from ? size + to - from : size;
}

uint64_t tuv_batch_appended_size(const tuv_batch_appended_t* appended) {
  uint64_t size = 0;
  for (uint32_t i = 0; appended->columns != NULL && i < appended->count; i++)
    size += array_size(&appended->columns[i], appended->rows);
  for (uint32_t i = 0; appended->columns == NULL && appended->values != NULL && i < appended->count;
       i++)
    size += value_size(&appended->values[i]);
  return size;
}
