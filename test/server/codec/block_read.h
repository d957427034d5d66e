/* Raw blocks read: those of our own logs, and those that clients write. */
#ifndef TS_CODEC_BLOCK_READ_H
#define TS_CODEC_BLOCK_READ_H

#include "base/buf.h"
#include "codec/cell.h"

typedef struct ts_read_column_s {
  uint8_t type;
  uint32_t width;       /* of a fixed type */
  const uint8_t* heads; /* the bitmap of nulls, or the offsets */
  const uint8_t* values;
  uint32_t size; /* of the values */
} ts_read_column_t;

typedef struct ts_block_reader_s {
  uint32_t rows;
  uint32_t ncolumns;
  size_t size; /* of the whole block, as its head says */
  ts_read_column_t* columns;
  ts_buf_t text; /* of the row being read, where it is not in the block as it is kept */
} ts_block_reader_t;

/* Returns false when it is not a block. The bytes must live as long as the reader. */
bool ts_block_read(ts_block_reader_t* reader, const uint8_t* data, size_t size);
/* One row's values, which are good until the next row is read. False: an offset is out of range. */
bool ts_block_read_row(ts_block_reader_t* reader, uint32_t row, ts_cell_t* cells);
void ts_block_read_end(ts_block_reader_t* reader);

#endif
