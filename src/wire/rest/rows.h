/* What the files of the REST decoder share. */
#ifndef TUV_WIRE_REST_ROWS_H
#define TUV_WIRE_REST_ROWS_H

#include "wire/rest/rest.h"

/* Where the scanner is: before the answer, in what surrounds the rows, between rows, inside a row,
 * behind the answer. */
enum { TUV_REST_BEFORE, TUV_REST_AROUND, TUV_REST_ROWS, TUV_REST_ROW, TUV_REST_BEHIND };

/* Rows are decoded when this many bytes of them have arrived. */
#define TUV_REST_BATCH_BYTES (32u << 10)

/* Memory of a column beyond this is not kept between blocks. */
#define TUV_REST_KEEP_BYTES (64u << 10)

/* Parses what has arrived of the head, completed by `closing`. */
int tuv_rest_read_head(tuv_rest_t* rest, const char* closing, yyjson_val** root, tuv_errmsg_t* err);

/* Reads column_meta into the columns; the names are copied. */
int tuv_rest_read_meta(tuv_rest_t* rest, yyjson_val* meta, tuv_errmsg_t* err);
void tuv_rest_drop_columns(tuv_rest_t* rest);

/* Decodes the rows in the batch, and empties it. */
int tuv_rest_read_batch(tuv_rest_t* rest, tuv_errmsg_t* err);

/* Makes a block of the rows in the columns, and empties these. */
int tuv_rest_finish_block(tuv_rest_t* rest, tuv_errmsg_t* err);
void tuv_rest_clear_columns(tuv_rest_t* rest);

#endif
