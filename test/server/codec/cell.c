/* One value as SQLite keeps it, to and from its bytes in a block. */
#include "codec/cell.h"

#include <string.h>

#include "codec/decimal.h"

void ts_cell_put(ts_block_writer_t* writer, uint32_t column, uint8_t type, const ts_cell_t* cell) {
  if (cell->kind == TS_CELL_NULL) {
    ts_block_null(writer, column);
  } else if (ts_type_is_decimal(type)) {
    ts_i128_t value = cell->kind == TS_CELL_BYTES ? ts_decimal_from_key(cell->data)
                                                  : (ts_i128_t) cell->integer;
    ts_u128_t bits = (ts_u128_t) value;
    ts_block_i128(writer, column, (uint64_t) bits, (uint64_t) (bits >> 64));
  } else if (ts_type_is_var(type)) {
    ts_block_bytes(writer, column, cell->data, cell->size);
  } else if (cell->kind == TS_CELL_REAL) {
    ts_block_double(writer, column, cell->real);
  } else {
    ts_block_bits(writer, column, (uint64_t) cell->integer);
  }
}

int64_t ts_get_integer(uint8_t type, const uint8_t* at) {
  switch (type) {
    case TS_TINYINT: return (int8_t) at[0];
    case TS_BOOL:
    case TS_UTINYINT: return at[0];
    case TS_SMALLINT: return (int16_t) ts_get_u16(at);
    case TS_USMALLINT: return ts_get_u16(at);
    case TS_INT: return (int32_t) ts_get_u32(at);
    case TS_UINT: return ts_get_u32(at);
    default: return (int64_t) ts_get_u64(at);
  }
}

double ts_get_real(uint8_t type, const uint8_t* at) {
  if (type == TS_FLOAT) {
    float value;
    uint32_t bits = ts_get_u32(at);
    memcpy(&value, &bits, sizeof value);
    return (double) value;
  }
  double value;
  uint64_t bits = ts_get_u64(at);
  memcpy(&value, &bits, sizeof value);
  return value;
}
