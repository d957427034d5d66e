/* Bind items (PROTOCOL 6.3.3), of which both messages of stmt2 consist, and those messages. */
#ifndef TUV_WIRE_BATCH_ITEM_H
#define TUV_WIRE_BATCH_ITEM_H

#include "wire/batch/encoder.h"
#include "wire/batch/size.h"

/* The length of an item, its type and its number of rows. */
void tuv_item_head(tuv_encoder_t* encoder, uint8_t type, bool lengths, uint64_t rows,
                   uint64_t bytes);

/* An item of one value, and the value alone. */
void tuv_item_cell(const tuv_batch_t* batch, tuv_encoder_t* encoder, const tuv_cell_t* cell);
void tuv_cell_value(const tuv_batch_t* batch, tuv_encoder_t* encoder, const tuv_cell_t* cell);

/* The NULLs, lengths and values of a table's rows in one column; `text`: DECIMALs as text. */
void tuv_column_nulls(tuv_encoder_t* encoder, const tuv_batch_table_t* table, uint32_t column);
void tuv_column_lengths(tuv_encoder_t* encoder, const tuv_slot_t* slot,
                        const tuv_batch_table_t* table, uint32_t column);
void tuv_column_values(tuv_encoder_t* encoder, const tuv_slot_t* slot, bool text,
                       const tuv_batch_table_t* table, uint32_t column);

/* stmt2_bind and stmt2_bind_exec, behind the head of the message. */
void tuv_stmt2_write(const tuv_batch_t* batch, tuv_encoder_t* encoder);
void tuv_columnar_write(const tuv_batch_t* batch, tuv_encoder_t* encoder);

#endif
