/* The life of a batch. */
#include "wire/batch/batch.h"

#include "wire/batch/table.h"

void tuv_batch_init(tuv_batch_t* batch, const tuv_alloc_t* alloc, bool insert,
                    const taosuv_stmt_field_t* fields, uint32_t count) {
  memset(batch, 0, sizeof *batch);
  batch->alloc = alloc;
  batch->insert = insert;
  batch->fields = fields;
  batch->count = count;
  batch->encoding.format = TUV_BATCH_STMT2;
  tuv_arena_init(&batch->arena, alloc);
}

void tuv_batch_free(tuv_batch_t* batch) {
  if (batch->alloc == NULL) return;
  tuv_arena_free(&batch->arena);
  tuv_free(batch->alloc, batch->layout);
  tuv_free(batch->alloc, batch->tables);
  tuv_free(batch->alloc, batch->slots);
  tuv_batch_init(batch, batch->alloc, batch->insert, batch->fields, batch->count);
}

void tuv_batch_clear(tuv_batch_t* batch) {
  tuv_batch_layout_t* layout = batch->layout;
  tuv_arena_reset(&batch->arena);
  if (batch->nslots > 0) memset(batch->slots, 0, batch->nslots * sizeof *batch->slots);
  for (uint32_t i = 0; layout != NULL && batch->insert && i < layout->ntags + layout->ncolumns; i++)
    memset(&layout->tags[i].sum, 0, sizeof layout->tags[i].sum); /* the columns follow the tags */
  batch->ntables = 0;
  batch->used = 0;
  batch->current = NULL;
  batch->cursor = 0;
  batch->rows = 0;
  batch->counted = 0;
  batch->premasked = 0;
  batch->has_key = false;
  batch->key_used = false;
  /* COLUMNAR is chosen for each batch when it is sent. */
  if (batch->encoding.format == TUV_BATCH_COLUMNAR) batch->encoding.format = TUV_BATCH_STMT2;
}
