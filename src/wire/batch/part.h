/* Parts of a batch: consecutive rows as a batch of their own, whose values stay where they are.
 * Rows are counted over the tables in their order. Rows may also have numbers, by which a caller
 * finds out what happened to which of them. */
#ifndef TUV_WIRE_BATCH_PART_H
#define TUV_WIRE_BATCH_PART_H

#include "wire/batch/batch.h"

/* Gives numbers to the `rows` rows that were bound last, by one call to the current table: `first`
 * and following. Only for a batch in which `numbered` was set before the first row was bound. */
void tuv_batch_mark(tuv_batch_t* batch, uint64_t first, uint32_t rows);

typedef struct tuv_batch_range_s {
  const char* name; /* of the table, not NUL-terminated */
  size_t length;
  uint64_t first, last; /* the numbers of the first and the last row; meaningless without rows */
  uint64_t rows;
  uint64_t all; /* the table's rows in the batch */
} tuv_batch_range_t;

/* Describes the rows `from` to `to` - 1 of the table with this index, as far as the table has them.
 * Returns false when there is no such table. */
bool tuv_batch_range(const tuv_batch_t* batch, uint32_t index, uint64_t from, uint64_t to,
                     tuv_batch_range_t* range);

/* How many rows from row `from` on, at most `rows`, fit into about `bytes` bytes of a message. The
 * first row always fits. There must be a row `from`. */
uint64_t tuv_batch_fit(const tuv_batch_t* batch, uint64_t from, uint64_t rows, uint64_t bytes);

/* Where the rows of a table end: the first end behind row `from`, and the last one between `from`
 * and `to` (0: there is none). */
uint64_t tuv_batch_first_end(const tuv_batch_t* batch, uint64_t from);
uint64_t tuv_batch_last_end(const tuv_batch_t* batch, uint64_t from, uint64_t to);

/* Fills `part`, an empty batch of the same fields, with `rows` rows from row `from` on. `batch`
 * must not change until `part` is cleared; only tuv_batch_part may be called for it. Returns 0 or
 * TUV_ENOMEM; after an error `part` has to be cleared. */
int tuv_batch_part(tuv_batch_t* part, const tuv_batch_t* batch, uint64_t from, uint64_t rows);

#endif
