/* How large the messages of a batch are, known before anything is written. */
#ifndef TUV_WIRE_BATCH_SIZE_H
#define TUV_WIRE_BATCH_SIZE_H

#include "wire/batch/table.h"

/* Counts a table as it is now; and takes it out again before its tags change. */
void tuv_batch_count(tuv_batch_t* batch, tuv_batch_table_t* table);
void tuv_batch_uncount(tuv_batch_t* batch, tuv_batch_table_t* table);

/* Whether the values of a type are sent with their lengths. */
bool tuv_has_lengths(const tuv_batch_t* batch, uint8_t type);

/* Bytes of the values of a column, and of a cell, in their item. */
uint64_t tuv_column_bytes(const tuv_batch_t* batch, const tuv_slot_t* slot, const tuv_sum_t* sum,
                          uint64_t rows);
uint64_t tuv_cell_bytes(const tuv_batch_t* batch, const tuv_cell_t* cell);

/* TDengine 3.3.7.5 refuses an NCHAR column in which every value is empty or NULL and at least one
 * is empty, unless a byte follows the values. Returns how many bytes have to follow. */
static inline uint64_t tuv_column_spare(const tuv_slot_t* slot, const tuv_sum_t* sum,
                                        uint64_t rows) {
  return slot->type == TAOSUV_TYPE_NCHAR && sum->bytes == 0 && sum->nulls < rows;
}

/* A bind item (PROTOCOL 6.3.3): its bytes without rows, what each row adds, and the values. */
#define TUV_ITEM_SIZE 17u
static inline uint64_t tuv_item_row(bool lengths) {
  return lengths ? 5 : 1;
}
static inline uint64_t tuv_item_size(bool lengths, uint64_t rows, uint64_t bytes) {
  return TUV_ITEM_SIZE + tuv_item_row(lengths) * rows + bytes;
}

/* The items of a table's tags, of its rows, and of a query's parameters. */
uint64_t tuv_table_tags_size(const tuv_batch_t* batch, const tuv_batch_table_t* table);
uint64_t tuv_table_rows_size(const tuv_batch_t* batch, const tuv_batch_table_t* table);
uint64_t tuv_params_size(const tuv_batch_t* batch);

/* Messages of the first version with one block (PROTOCOL 6.1.5). */
uint64_t tuv_v1_cells_size(const tuv_cell_t* cells, uint32_t count);
uint64_t tuv_v1_rows_size(const tuv_batch_t* batch, const tuv_batch_table_t* table);

/* The stmt2_bind_exec message; all tables must be counted. */
uint64_t tuv_columnar_size(const tuv_batch_t* batch);

/* All messages of the batch; 0 without a row. */
uint64_t tuv_batch_full_size(tuv_batch_t* batch);

#endif
