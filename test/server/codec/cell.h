/* One value as SQLite keeps it. */
#ifndef TS_CODEC_CELL_H
#define TS_CODEC_CELL_H

#include "codec/block.h"

typedef enum {
  TS_CELL_NULL,
  TS_CELL_INT,
  TS_CELL_REAL,
  TS_CELL_TEXT,
  TS_CELL_BYTES
} ts_cell_kind_t;

typedef struct ts_cell_s {
  ts_cell_kind_t kind;
  int64_t integer;
  double real;
  const void* data; /* of TEXT and BYTES; not owned */
  size_t size;
} ts_cell_t;

/* Appends the cell to a block's column of that type. */
void ts_cell_put(ts_block_writer_t* writer, uint32_t column, uint8_t type, const ts_cell_t* cell);

/* The value of a fixed type as blocks and bind messages carry it, little-endian. */
int64_t ts_get_integer(uint8_t type, const uint8_t* at);
double ts_get_real(uint8_t type, const uint8_t* at);

#endif
