/* What the files of the REST decoder share. */
#ifndef TUV_WIRE_REST_ROWS_H
#define TUV_WIRE_REST_ROWS_H

#include "wire/rest/rest.h"

/* A column's memory beyond this is not kept between blocks. */
#define TUV_REST_KEEP_BYTES (64u << 10)

/* rest_meta.c: column_meta into columns; the head's own names are copied. */
int tuv_rest_read_meta(tuv_rest_t* rest, yyjson_val* meta, tuv_errmsg_t* err);
void tuv_rest_drop_columns(tuv_rest_t* rest);

/* rest_rows.c: the rows in `batch`, which becomes empty. */
int tuv_rest_read_batch(tuv_rest_t* rest, tuv_errmsg_t* err);

/* rest_block.c: the rows so far become a block of the list. */
int tuv_rest_finish_block(tuv_rest_t* rest, tuv_errmsg_t* err);

/* rest_rows.c: the columns are empty. */
void tuv_rest_clear_columns(tuv_rest_t* rest);

#endif
