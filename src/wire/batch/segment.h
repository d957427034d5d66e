/* Memory for the rows of a table: segments with room for a number of rows, whose parts of variable
 * size grow. All of it comes from the batch's arena. */
#ifndef TUV_WIRE_BATCH_SEGMENT_H
#define TUV_WIRE_BATCH_SEGMENT_H

#include "wire/batch/table.h"

/* Bytes behind the last row that may be written: eight are stored at once for a value of any
 * size. */
#define TUV_SEGMENT_SLACK 8u

/* The current table's last segment if it has room for `rows` more rows, or a new one, which is not
 * in the table yet; NULL when out of memory. */
tuv_segment_t* tuv_segment_for(tuv_batch_t* batch, uint32_t rows);

/* Puts a segment at the end of a table, unless it is there already. */
void tuv_segment_link(tuv_batch_table_t* table, tuv_segment_t* segment);

/* Makes room for `size` more bytes of values, which `rows` rows have; false when out of memory. */
bool tuv_part_grow(tuv_batch_t* batch, const tuv_segment_t* segment, tuv_part_t* part,
                   uint32_t rows, size_t size);
static inline bool tuv_part_reserve(tuv_batch_t* batch, const tuv_segment_t* segment,
                                    tuv_part_t* part, uint32_t rows, size_t size) {
  return part->capacity - part->size >= size || tuv_part_grow(batch, segment, part, rows, size);
}

#endif
