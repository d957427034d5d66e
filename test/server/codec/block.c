/* The encoder of raw data blocks, in the form that a TDengine server gives them. */
#include "codec/block.h"

#include <stdlib.h>
#include <string.h>

void ts_block_begin(ts_block_writer_t* writer, const ts_field_t* fields, uint32_t nfields) {
  writer->ncolumns = nfields;
  writer->rows = 0;
  writer->columns = ts_calloc(nfields, sizeof *writer->columns);
  for (uint32_t i = 0; i < nfields; i++) writer->columns[i].type = fields[i].type;
}

void ts_block_null(ts_block_writer_t* writer, uint32_t column) {
  ts_block_column_t* c = &writer->columns[column];
  ts_buf_add(&c->nulls, "\1", 1);
  if (ts_type_is_var(c->type.type)) {
    ts_buf_u32(&c->offsets, UINT32_MAX);
  } else {
    memset(ts_buf_grow(&c->data, c->type.width), 0, c->type.width);
  }
}

void ts_block_bits(ts_block_writer_t* writer, uint32_t column, uint64_t value) {
  ts_block_column_t* c = &writer->columns[column];
  uint8_t bytes[8];
  ts_put_u64(bytes, value);
  ts_buf_add(&c->nulls, "", 1);
  ts_buf_add(&c->data, bytes, c->type.width);
}

void ts_block_double(ts_block_writer_t* writer, uint32_t column, double value) {
  if (writer->columns[column].type.type == TS_FLOAT) {
    float narrow = (float) value;
    uint32_t bits;
    memcpy(&bits, &narrow, sizeof bits);
    ts_block_bits(writer, column, bits);
  } else {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    ts_block_bits(writer, column, bits);
  }
}

void ts_block_i128(ts_block_writer_t* writer, uint32_t column, uint64_t low, uint64_t high) {
  ts_block_column_t* c = &writer->columns[column];
  ts_buf_add(&c->nulls, "", 1);
  ts_buf_u64(&c->data, low);
  if (c->type.width == 16) ts_buf_u64(&c->data, high);
}

/* The code point at `text` (valid UTF-8 is decoded, any other byte becomes U+FFFD). */
static size_t code_point(const uint8_t* text, size_t size, uint32_t* point) {
  static const uint8_t masks[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  uint8_t c = text[0];
  size_t width = c < 0x80 ? 1 : (c >> 5) == 6 ? 2 : (c >> 4) == 14 ? 3 : (c >> 3) == 30 ? 4 : 0;
  if (width == 0 || width > size) {
    *point = 0xfffd;
    return 1;
  }
  *point = c & masks[width];
  for (size_t i = 1; i < width; i++) *point = *point << 6 | (text[i] & 0x3fu);
  return width;
}

static void add_nchar(ts_buf_t* data, const uint8_t* text, size_t size) {
  size_t prefix = data->size;
  ts_buf_u16(data, 0);
  for (size_t at = 0; at < size;) {
    uint32_t point;
    at += code_point(text + at, size - at, &point);
    ts_buf_u32(data, point);
  }
  ts_put_u16(data->data + prefix, (uint16_t) (data->size - prefix - 2));
}

void ts_block_bytes(ts_block_writer_t* writer, uint32_t column, const void* data, size_t size) {
  ts_block_column_t* c = &writer->columns[column];
  ts_buf_add(&c->nulls, "", 1);
  ts_buf_u32(&c->offsets, (uint32_t) c->data.size);
  if (c->type.type == TS_NCHAR) {
    add_nchar(&c->data, data, size);
    return;
  }
  if (c->type.type == TS_BLOB) {
    ts_buf_u32(&c->data, (uint32_t) size);
  } else {
    ts_buf_u16(&c->data, (uint16_t) size);
  }
  ts_buf_add(&c->data, data, size);
}

void ts_block_row(ts_block_writer_t* writer) {
  writer->rows++;
}

static void put_column(ts_buf_t* out, const ts_block_column_t* column, uint32_t rows) {
  if (ts_type_is_var(column->type.type)) {
    ts_buf_add(out, column->offsets.data, column->offsets.size);
  } else {
    size_t size = (rows + 7) / 8;
    uint8_t* bitmap = ts_buf_grow(out, size);
    memset(bitmap, 0, size);
    for (uint32_t row = 0; row < rows; row++)
      if (column->nulls.data[row] != 0) bitmap[row / 8] |= (uint8_t) (0x80u >> (row & 7));
  }
  ts_buf_add(out, column->data.data, column->data.size);
}

ts_blob_t* ts_block_end(ts_block_writer_t* writer) {
  ts_buf_t out = {0};
  ts_buf_u32(&out, 1); /* version */
  ts_buf_u32(&out, 0); /* length, set below */
  ts_buf_u32(&out, writer->rows);
  ts_buf_u32(&out, writer->ncolumns);
  ts_buf_u32(&out, 0x80000000u); /* a schema follows */
  ts_buf_u64(&out, 0);           /* group */
  for (uint32_t i = 0; i < writer->ncolumns; i++) {
    ts_buf_add(&out, &writer->columns[i].type.type, 1);
    ts_buf_u32(&out, ts_type_schema_bytes(writer->columns[i].type));
  }
  for (uint32_t i = 0; i < writer->ncolumns; i++)
    ts_buf_u32(&out, (uint32_t) writer->columns[i].data.size);
  for (uint32_t i = 0; i < writer->ncolumns; i++)
    put_column(&out, &writer->columns[i], writer->rows);
  ts_buf_add(&out, "", 1); /* blank fill */
  ts_put_u32(out.data + 4, (uint32_t) out.size);
  ts_blob_t* blob = ts_blob_new(out.data, out.size);
  ts_buf_free(&out);
  for (uint32_t i = 0; i < writer->ncolumns; i++) {
    ts_block_column_t* column = &writer->columns[i];
    column->nulls.size = column->offsets.size = column->data.size = 0;
  }
  writer->rows = 0;
  return blob;
}

void ts_block_free(ts_block_writer_t* writer) {
  for (uint32_t i = 0; i < writer->ncolumns; i++) {
    ts_buf_free(&writer->columns[i].nulls);
    ts_buf_free(&writer->columns[i].offsets);
    ts_buf_free(&writer->columns[i].data);
  }
  free(writer->columns);
  *writer = (ts_block_writer_t) {0};
}
