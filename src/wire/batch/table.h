/* How the tables of a batch lie in memory: their tags, and their rows column by column in segments,
 * each value as the bytes that are sent. */
#ifndef TUV_WIRE_BATCH_TABLE_H
#define TUV_WIRE_BATCH_TABLE_H

#include <string.h>

#include "wire/batch/layout.h"

/* A tag or a query's parameter: one value, as it is sent. */
typedef struct tuv_cell_s {
  uint8_t type; /* taosuv_type_t; a parameter has its own */
  uint8_t scale;
  bool null;
  uint32_t length;
  uint32_t text; /* DECIMAL: the length of its text; NCHAR: its characters */
  const uint8_t* bytes;
} tuv_cell_t;

/* The rows of one segment in one column. */
typedef struct tuv_part_s {
  uint8_t* nulls; /* one byte for each row, 0 or 1 */
  uint8_t*
      values; /* fixed size: one place for each row, zero for NULL; otherwise the bytes of all rows */
  uint8_t* lengths; /* variable size: an int32 for each row */
  size_t size;      /* variable size: bytes of the values, an unfinished row's included */
  size_t capacity;
} tuv_part_t;

/* Rows of one table that were bound one after another. The rows of a table that is bound by one
 * call may lie as stmt2_bind sends them, all items in a row and masked (premasked.h). Code that
 * reads them any other way removes the mask first. */
typedef struct tuv_segment_s tuv_segment_t;
struct tuv_segment_s {
  tuv_segment_t* next;
  uint8_t* premasked; /* NULL: the rows are not masked */
  size_t premasked_size;
  uint8_t key[4]; /* the mask at the first byte */
  uint32_t rows;
  uint32_t capacity;
  /* The number of a row (tuv_batch_mark) is `number` plus its entry in `numbers`, or plus its index
   * when `numbers` is NULL. */
  uint64_t number;
  uint32_t* numbers;
  tuv_part_t parts[]; /* one for each column */
};

struct tuv_batch_table_s {
  const char* name;
  uint32_t name_length;
  uint32_t hash;
  uint32_t rows; /* complete ones */
  /* What the table adds to the size of the batch's messages, as it was last counted. */
  uint32_t counted_rows;
  uint64_t counted;
  uint64_t head;    /* STMT2: the part of `counted` for name and tags; 0: not counted yet */
  uint64_t bytes;   /* over all columns of variable size, an unfinished row included */
  uint64_t nulls;   /* over all columns, an unfinished row included */
  tuv_cell_t* tags; /* NULL: not bound */
  tuv_segment_t* first;
  tuv_segment_t* last;
  tuv_sum_t sums[]; /* one for each column, an unfinished row included */
};

/* Adds to the sums of a column of the current table; what is taken away is added as 0 - x. */
static inline void tuv_batch_sum(tuv_batch_t* batch, uint32_t column, uint64_t bytes,
                                 uint64_t chars, uint64_t nulls) {
  tuv_slot_t* slot = &batch->layout->columns[column];
  tuv_sum_t* sum = &batch->current->sums[column];
  sum->bytes += bytes;
  sum->chars += chars;
  sum->nulls += nulls;
  slot->sum.bytes += bytes;
  slot->sum.chars += chars;
  slot->sum.nulls += nulls;
  if (slot->width == 0) batch->current->bytes += bytes;
  batch->current->nulls += nulls;
}

/* The tables that are sent, by index. */
static inline tuv_batch_table_t* tuv_batch_used(const tuv_batch_t* batch, uint32_t index) {
  return batch->tables[batch->tables_size + index];
}

/* Prepares for tags or rows: makes the layout, and a table where the SQL names it. Fails when a
 * table has to be bound first, or, unless `unfinished`, when a row is unfinished. */
int tuv_batch_begin(tuv_batch_t* batch, bool unfinished, tuv_errmsg_t* err);

/* Adds a table to the end of the list; NULL when out of memory. */
tuv_batch_table_t* tuv_batch_add_table(tuv_batch_t* batch, const char* name, size_t length,
                                       uint32_t hash);

/* Removes the table that was added last, which must have no rows. Its memory stays in the arena. */
void tuv_batch_remove_last_table(tuv_batch_t* batch);

#endif
