/* The parameters of a query: one row of values that have their own types. */
#ifndef TUV_WIRE_BATCH_QUERY_H
#define TUV_WIRE_BATCH_QUERY_H

#include "wire/batch/batch.h"

/* tuv_batch_value and tuv_batch_columns for a query. */
int tuv_params_value(tuv_batch_t* batch, const taosuv_value_t* value, tuv_errmsg_t* err);
int tuv_params_columns(tuv_batch_t* batch, uint32_t rows, const taosuv_array_t* columns,
                       uint32_t count, tuv_errmsg_t* err);

#endif
