/* Rows that lie as they are sent: the items of stmt2_bind (PROTOCOL 6.3.3), masked when they are
 * bound. Sending them costs neither a copy nor a second pass. A table has them when all of its rows
 * were bound by one call, and when nothing about them depends on the server or on other calls. */
#ifndef TUV_WIRE_BATCH_PREMASKED_H
#define TUV_WIRE_BATCH_PREMASKED_H

#include "wire/batch/table.h"

/* Bytes that the rows of a call have as items; 0 when they cannot lie so. */
size_t tuv_premasked_size(const tuv_batch_t* batch, uint32_t rows, const tuv_intake_t* intakes);

/* A new segment with room for them, whose parts point into it; NULL when out of memory. */
tuv_segment_t* tuv_segment_premasked(tuv_batch_t* batch, uint32_t rows, const tuv_intake_t* intakes,
                                     size_t size);

/* The columns of such a segment are filled one after another. tuv_segment_column masks a column
 * while it copies it. It returns false for one that must be converted: that is copied first, and
 * then masked by tuv_segment_mask, while it is in the cache. */
bool tuv_segment_column(tuv_batch_t* batch, tuv_segment_t* segment, uint32_t column,
                        const tuv_intake_t* intake, uint32_t rows);
void tuv_segment_mask(tuv_batch_t* batch, tuv_segment_t* segment, uint32_t column);

/* Removes the mask from a table's rows, if they have one. */
void tuv_table_unmask(const tuv_batch_table_t* table);

/* Removes it from all rows that the batch's messages cannot carry masked. */
void tuv_batch_unmask(const tuv_batch_t* batch);

#endif
