/* The encoder of raw data blocks, in the form that a TDengine server gives them. */
#ifndef TS_CODEC_BLOCK_H
#define TS_CODEC_BLOCK_H

#include "base/buf.h"
#include "codec/type.h"

#define TS_BLOCK_ROWS 4096u      /* of a block made from SQL */
#define TS_BLOCK_ROWS_MAX 65536u /* of a block of the synthetic tables */

typedef struct ts_block_column_s {
  ts_type_t type;
  ts_buf_t nulls;   /* a byte a row, packed to bits at the end */
  ts_buf_t offsets; /* of a variable type */
  ts_buf_t data;
} ts_block_column_t;

typedef struct ts_block_writer_s {
  uint32_t ncolumns;
  uint32_t rows; /* complete rows, counted by ts_block_row */
  ts_block_column_t* columns;
} ts_block_writer_t;

void ts_block_begin(ts_block_writer_t* writer, const ts_field_t* fields, uint32_t nfields);
/* One value per column and row, in any order of columns, then ts_block_row. */
void ts_block_null(ts_block_writer_t* writer, uint32_t column);
void ts_block_bits(ts_block_writer_t* writer, uint32_t column, uint64_t value); /* low bytes */
void ts_block_double(ts_block_writer_t* writer, uint32_t column, double value); /* or FLOAT */
void ts_block_i128(ts_block_writer_t* writer, uint32_t column, uint64_t low, uint64_t high);
/* The bytes of a variable value; for NCHAR UTF-8, which becomes UCS-4. */
void ts_block_bytes(ts_block_writer_t* writer, uint32_t column, const void* data, size_t size);
void ts_block_row(ts_block_writer_t* writer);
/* The block of the rows so far, which are then forgotten. */
ts_blob_t* ts_block_end(ts_block_writer_t* writer);
void ts_block_free(ts_block_writer_t* writer);

#endif
