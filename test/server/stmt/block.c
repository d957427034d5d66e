/* Raw blocks as bind messages of the first protocol: every length in them is checked, which the
 * real gateway does not do, and their values are put into the form that all bindings have. */
#include <string.h>

#include "stmt/decode.h"

#define HEAD 28u
#define MAX_COLUMNS 4096u

int ts_raw_block_open(const uint8_t* data, size_t size, ts_raw_block_t* block) {
  if (size < HEAD) return TS_E_POISON;
  *block = (ts_raw_block_t) {data, size, ts_get_u32(data + 8), ts_get_u32(data + 12)};
  if (block->rows > INT32_MAX || block->columns > MAX_COLUMNS) return TS_E_POISON;
  return size >= HEAD + 9 * (size_t) block->columns ? 0 : TS_E_POISON;
}

uint8_t ts_raw_block_type(const ts_raw_block_t* block, uint32_t column) {
  return block->data[HEAD + 5 * (size_t) column];
}

/* ---- fixed sizes ---- */

static int put_fixed(const uint8_t* at, size_t length, uint32_t rows, uint8_t* nulls,
                     ts_bind_t* bind) {
  uint32_t width = ts_type_of((uint8_t) bind->type).width;
  if (length != (size_t) rows * width) return TS_E_POISON;
  for (uint32_t row = 0; row < rows; row++) nulls[row] = at[row / 8] >> (7 - row % 8) & 1;
  bind->data = at + ((size_t) rows + 7) / 8;
  bind->size = length;
  return 0;
}

/* ---- variable sizes ---- */

/* UCS-4 to UTF-8, which is never longer. */
static int put_nchar(const uint8_t* text, size_t size, uint8_t* out, size_t* written) {
  *written = 0;
  if (size % 4 != 0) return TS_E_POISON;
  for (size_t i = 0; i < size; i += 4) {
    uint32_t point = ts_get_u32(text + i);
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return TS_E_MISMATCH;
    *written += ts_put_utf8(out + *written, point);
  }
  return 0;
}

/* How many bytes the values are together; offsets may name one of them several times. */
static int measure(const uint8_t* at, size_t length, uint32_t rows, size_t* total) {
  const uint8_t* data = at + 4 * (size_t) rows;
  *total = 0;
  for (uint32_t row = 0; row < rows; row++) {
    uint32_t offset = ts_get_u32(at + 4 * (size_t) row);
    if (offset == UINT32_MAX) continue;
    if (length < 2 || offset > length - 2) return TS_E_POISON;
    uint16_t size = ts_get_u16(data + offset);
    if (size > length - 2 - offset) return TS_E_POISON;
    *total += size;
  }
  return *total <= INT32_MAX ? 0 : TS_E_POISON;
}

static int put_variable(const uint8_t* at, size_t length, uint32_t rows, uint8_t* nulls,
                        ts_binding_t* binding, ts_bind_t* bind) {
  size_t total;
  int status = measure(at, length, rows, &total);
  if (status != 0) return status;
  const uint8_t* data = at + 4 * (size_t) rows;
  uint8_t* lengths = ts_binding_alloc(binding, 4 * (size_t) rows + total);
  uint8_t* values = lengths + 4 * (size_t) rows;
  size_t used = 0;
  for (uint32_t row = 0; row < rows && status == 0; row++) {
    uint32_t offset = ts_get_u32(at + 4 * (size_t) row);
    size_t size = 0;
    nulls[row] = offset == UINT32_MAX;
    if (nulls[row] == 0) {
      size = ts_get_u16(data + offset);
      const uint8_t* value = data + offset + 2;
      if (bind->type == TS_NCHAR) {
        status = put_nchar(value, size, values + used, &size);
      } else {
        memcpy(values + used, value, size);
      }
    }
    ts_put_u32(lengths + 4 * (size_t) row, (uint32_t) size);
    used += size;
  }
  bind->lengths = lengths;
  bind->data = values;
  bind->size = used;
  return status;
}

static int put_column(const ts_raw_block_t* block, uint32_t column, size_t* at,
                      ts_binding_t* binding, ts_bind_t* bind) {
  uint32_t length = ts_get_u32(block->data + HEAD + 5 * (size_t) block->columns + 4 * column);
  bool variable = ts_type_is_var((uint8_t) bind->type);
  size_t head = variable ? 4 * (size_t) block->rows : ((size_t) block->rows + 7) / 8;
  size_t left = block->size - *at;
  if (left < head || left - head < length) return TS_E_POISON;
  const uint8_t* start = block->data + *at;
  *at += head + length;
  uint8_t* nulls = ts_binding_alloc(binding, block->rows);
  bind->rows = block->rows;
  bind->nulls = nulls;
  return variable ? put_variable(start, length, block->rows, nulls, binding, bind)
                  : put_fixed(start, length, block->rows, nulls, bind);
}

int ts_raw_block_decode(const ts_raw_block_t* block, const uint8_t* types, ts_binding_t* binding,
                        ts_bind_t* binds, ts_error_t* error) {
  size_t at = HEAD + 9 * (size_t) block->columns;
  for (uint32_t i = 0; i < block->columns; i++) {
    binds[i] = (ts_bind_t) {.type = types != NULL ? types[i] : ts_raw_block_type(block, i)};
    int status = put_column(block, i, &at, binding, &binds[i]);
    if (status == TS_E_MISMATCH) return ts_error(error, status, "invalid nchar data");
    if (status != 0) return status;
  }
  return 0;
}
