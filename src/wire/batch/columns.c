/* Rows bound by column: all arrays are checked before one is copied. */
#include "wire/batch/columns.h"

#include "wire/batch/error.h"
#include "wire/batch/premasked.h"
#include "wire/batch/query.h"
#include "wire/batch/segment.h"

/* Makes room for all columns. The rows do not count yet. */
static tuv_segment_t* reserve(tuv_batch_t* batch, uint32_t rows, const tuv_intake_t* intakes) {
  size_t premasked = tuv_premasked_size(batch, rows, intakes);
  if (premasked > 0) return tuv_segment_premasked(batch, rows, intakes, premasked);
  tuv_segment_t* segment = tuv_segment_for(batch, rows);
  for (uint32_t i = 0; segment != NULL && i < batch->layout->ncolumns; i++) {
    const tuv_intake_t* intake = &intakes[i];
    if (intake->slot->width != 0) continue;
    if (!tuv_part_reserve(batch, segment, &segment->parts[i], rows, intake->sum.bytes)) return NULL;
  }
  return segment;
}

static int check_call(const tuv_batch_t* batch, uint32_t rows, const taosuv_array_t* columns,
                      uint32_t count, tuv_errmsg_t* err) {
  if (count != batch->layout->ncolumns || count == 0 || columns == NULL)
    return tuv_fail(err, TUV_EINVAL, "%u columns were given, but the statement has %u",
                    columns != NULL ? count : 0, batch->layout->ncolumns);
  if (rows == 0) return tuv_fail(err, TUV_EINVAL, "the columns have no rows");
  if (rows > INT32_MAX - (batch->insert ? batch->current->rows : 0))
    return tuv_fail(err, TUV_EINVAL, "a batch takes at most %d rows for a table", INT32_MAX);
  return 0;
}

static int bind(tuv_batch_t* batch, uint32_t rows, const taosuv_array_t* columns,
                tuv_intake_t* intakes, tuv_errmsg_t* err) {
  uint32_t count = batch->layout->ncolumns;
  for (uint32_t i = 0; i < count; i++) {
    intakes[i] = (tuv_intake_t) {.slot = &batch->layout->columns[i], .array = &columns[i]};
    int status = tuv_column_check(batch, &intakes[i], rows, err);
    if (status < 0) return status;
  }
  tuv_segment_t* segment = reserve(batch, rows, intakes);
  if (segment == NULL) return tuv_batch_no_memory(err);
  for (uint32_t i = 0; i < count; i++) {
    bool done = tuv_segment_column(batch, segment, i, &intakes[i], rows);
    if (!done) tuv_column_copy(&intakes[i], segment, &segment->parts[i], rows);
    const tuv_sum_t* sum = &intakes[i].sum;
    tuv_batch_sum(batch, i, sum->bytes, sum->chars, sum->nulls);
    if (!done && segment->premasked != NULL) tuv_segment_mask(batch, segment, i);
  }
  tuv_segment_link(batch->current, segment);
  segment->rows += rows;
  batch->current->rows += rows;
  batch->rows += rows;
  return 0;
}

int tuv_batch_columns(tuv_batch_t* batch, uint32_t rows, const taosuv_array_t* columns,
                      uint32_t count, tuv_errmsg_t* err) {
  int status = tuv_batch_begin(batch, false, err);
  if (status < 0 || (status = check_call(batch, rows, columns, count, err)) < 0) return status;
  if (!batch->insert) return tuv_params_columns(batch, rows, columns, count, err);
  return bind(batch, rows, columns, batch->layout->intakes, err);
}
