/* Errors of binding: where in a batch a value was refused, and why. */
#ifndef TUV_WIRE_BATCH_ERROR_H
#define TUV_WIRE_BATCH_ERROR_H

#include "wire/batch/batch.h"

#define TUV_NO_ROW UINT64_MAX

/* Puts "table 'x', column 'y', row n: " before the text in `err` and returns `status`. `table` may be
 * NULL; `field` NULL stands for the parameter `index` of a query. */
int tuv_table_where(const tuv_batch_table_t* table, const taosuv_stmt_field_t* field,
                    uint32_t index, uint64_t row, int status, tuv_errmsg_t* err);

/* The same for the current table. */
int tuv_batch_where(const tuv_batch_t* batch, const taosuv_stmt_field_t* field, uint32_t index,
                    uint64_t row, int status, tuv_errmsg_t* err);

int tuv_batch_no_memory(tuv_errmsg_t* err);

#endif
