/* Raw blocks read: every length is looked at before it is believed. */
#include "codec/block_read.h"

#include <stdlib.h>
#include <string.h>

#include "codec/decimal.h"

#define HEAD 28u
#define MAX_COLUMNS 65536u

static bool take(size_t* at, size_t size, uint64_t count) {
  if (count > size - *at) return false;
  *at += (size_t) count;
  return true;
}

static bool read_column(ts_read_column_t* column, const uint8_t* data, size_t size, size_t* at,
                        uint32_t rows, uint32_t length) {
  bool var = ts_type_is_var(column->type);
  uint64_t head = var ? (uint64_t) rows * 4 : ((uint64_t) rows + 7) / 8;
  column->heads = data + *at;
  if (!take(at, size, head)) return false;
  column->values = data + *at;
  column->size = length;
  if (!take(at, size, length)) return false;
  column->width = var ? 0 : ts_type_of(column->type).width;
  if (column->type == TS_DECIMAL64) column->width = 8;
  /* All rows NULL: the values may be left out. */
  return var || length == 0 || length == (uint64_t) rows * column->width;
}

bool ts_block_read(ts_block_reader_t* reader, const uint8_t* data, size_t size) {
  *reader = (ts_block_reader_t) {0};
  if (size < HEAD) return false;
  reader->size = ts_get_u32(data + 4);
  reader->rows = ts_get_u32(data + 8);
  reader->ncolumns = ts_get_u32(data + 12);
  if (reader->size < HEAD || reader->size > size || reader->ncolumns > MAX_COLUMNS) return false;
  size = reader->size;
  size_t at = HEAD;
  const uint8_t* types = data + at;
  if (!take(&at, size, (uint64_t) reader->ncolumns * 5)) return false;
  const uint8_t* lengths = data + at;
  if (!take(&at, size, (uint64_t) reader->ncolumns * 4)) return false;
  reader->columns = ts_calloc(reader->ncolumns, sizeof *reader->columns);
  bool ok = true;
  for (uint32_t i = 0; i < reader->ncolumns && ok; i++) {
    ts_read_column_t* column = &reader->columns[i];
    column->type = types[(size_t) i * 5];
    ok = ts_type_exists(column->type) &&
         read_column(column, data, size, &at, reader->rows, ts_get_u32(lengths + (size_t) i * 4));
  }
  if (!ok) {
    ts_block_read_end(reader);
    return false;
  }
  ts_buf_grow(&reader->text, size + 16 * (size_t) reader->ncolumns); /* it must not move later */
  return true;
}

void ts_block_read_end(ts_block_reader_t* reader) {
  free(reader->columns);
  ts_buf_free(&reader->text);
  reader->columns = NULL;
}

static bool put_nchar(ts_buf_t* out, const uint8_t* data, size_t size) {
  if (size % 4 != 0) return false;
  for (size_t i = 0; i < size; i += 4) {
    uint32_t point = ts_get_u32(data + i);
    if (point > 0x10ffff) return false;
    uint8_t bytes[4];
    ts_buf_add(out, bytes, ts_put_utf8(bytes, point));
  }
  return true;
}

static bool read_var(ts_block_reader_t* reader, const ts_read_column_t* column, uint32_t row,
                     ts_cell_t* cell) {
  uint32_t offset = ts_get_u32(column->heads + (size_t) row * 4);
  if (offset == UINT32_MAX) return true; /* NULL */
  size_t prefix = column->type == TS_BLOB ? 4 : 2;
  if (offset > column->size || column->size - offset < prefix) return false;
  const uint8_t* at = column->values + offset;
  cell->size = prefix == 4 ? ts_get_u32(at) : ts_get_u16(at);
  cell->data = at + prefix;
  if (cell->size > column->size - offset - prefix) return false;
  bool text = ts_type_is_text(column->type) || column->type == TS_JSON;
  cell->kind = text ? TS_CELL_TEXT : TS_CELL_BYTES;
  if (column->type != TS_NCHAR) return true;
  size_t start = reader->text.size;
  if (!put_nchar(&reader->text, cell->data, cell->size)) return false;
  cell->data = reader->text.data + start;
  cell->size = reader->text.size - start;
  return true;
}

static void read_fixed(ts_block_reader_t* reader, const ts_read_column_t* column, uint32_t row,
                       ts_cell_t* cell) {
  const uint8_t* at = column->values + (size_t) row * column->width;
  if ((column->heads[row / 8] & (0x80u >> (row & 7))) != 0 || column->size == 0) return;
  if (column->type == TS_DECIMAL) {
    ts_u128_t bits = (ts_u128_t) ts_get_u64(at + 8) << 64 | ts_get_u64(at);
    cell->kind = TS_CELL_BYTES;
    cell->size = 16;
    cell->data = ts_buf_grow(&reader->text, 16);
    ts_decimal_key((ts_i128_t) bits, reader->text.data + reader->text.size - 16);
  } else if (column->type == TS_FLOAT || column->type == TS_DOUBLE) {
    cell->kind = TS_CELL_REAL;
    cell->real = ts_get_real(column->type, at);
  } else {
    cell->kind = TS_CELL_INT;
    cell->integer = ts_get_integer(column->type, at);
  }
}

bool ts_block_read_row(ts_block_reader_t* reader, uint32_t row, ts_cell_t* cells) {
  bool ok = true;
  reader->text.size = 0;
  for (uint32_t i = 0; i < reader->ncolumns && ok; i++) {
    const ts_read_column_t* column = &reader->columns[i];
    cells[i] = (ts_cell_t) {.kind = TS_CELL_NULL};
    if (ts_type_is_var(column->type)) {
      ok = read_var(reader, column, row, &cells[i]);
    } else {
      read_fixed(reader, column, row, &cells[i]);
    }
  }
  return ok;
}
