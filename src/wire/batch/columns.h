/* The array of a column that is bound: checked completely, and then copied. */
#ifndef TUV_WIRE_BATCH_COLUMNS_H
#define TUV_WIRE_BATCH_COLUMNS_H

#include "wire/batch/table.h"

static inline bool tuv_array_is_null(const taosuv_array_t* array, uint32_t row) {
  return array->nulls != NULL && array->nulls[row] != 0;
}

/* Checks `rows` rows of intake->array and fills in intake->sum. Returns as tuv_batch_columns. */
int tuv_column_check(const tuv_batch_t* batch, tuv_intake_t* intake, uint32_t rows,
                     tuv_errmsg_t* err);

/* Copies them behind the rows of the segment, whose part has room for them. */
void tuv_column_copy(tuv_intake_t* intake, tuv_segment_t* segment, tuv_part_t* part, uint32_t rows);

#endif
