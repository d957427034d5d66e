/* Touches every value of a block, through the library's public getters. */
#include "touch.h"

#include <stdbool.h>

static bool has_null(const taosuv_column_t* column) {
  uint32_t bytes = (column->rows + 7) / 8;
  uint8_t any = 0;
  for (uint32_t i = 0; i < bytes; i++) any |= column->nulls[i];
  return any != 0;
}

/* Common columns without NULL are arrays, and are added up as arrays. */
static bool touch_array(const taosuv_column_t* column, bench_sums_t* sums) {
  switch (column->type) {
    case TAOSUV_TYPE_BIGINT:
    case TAOSUV_TYPE_UBIGINT:
    case TAOSUV_TYPE_TIMESTAMP:
      if (has_null(column)) return false;
      sums->integers += bench_sum_i64(column->data, column->rows);
      return true;
    case TAOSUV_TYPE_INT:
      if (has_null(column)) return false;
      sums->integers += bench_sum_i32(column->data, column->rows);
      return true;
    case TAOSUV_TYPE_DOUBLE:
      if (has_null(column)) return false;
      sums->doubles += bench_sum_f64(column->data, column->rows);
      return true;
    default: return false;
  }
}

static void touch_texts(const taosuv_column_t* column, bench_sums_t* sums) {
  uint32_t length;
  for (uint32_t row = 0; row < column->rows; row++) {
    taosuv_get_bytes(column, row, &length);
    sums->bytes += length;
  }
}

static void touch_number(const taosuv_column_t* column, uint32_t row, bench_sums_t* sums) {
  switch (column->type) {
    case TAOSUV_TYPE_BOOL: sums->integers += taosuv_get_bool(column, row); break;
    case TAOSUV_TYPE_TINYINT:
      sums->integers += (uint64_t) (int64_t) taosuv_get_i8(column, row);
      break;
    case TAOSUV_TYPE_SMALLINT:
      sums->integers += (uint64_t) (int64_t) taosuv_get_i16(column, row);
      break;
    case TAOSUV_TYPE_INT: sums->integers += (uint64_t) (int64_t) taosuv_get_i32(column, row); break;
    case TAOSUV_TYPE_BIGINT:
    case TAOSUV_TYPE_TIMESTAMP: sums->integers += (uint64_t) taosuv_get_i64(column, row); break;
    case TAOSUV_TYPE_UTINYINT: sums->integers += taosuv_get_u8(column, row); break;
    case TAOSUV_TYPE_USMALLINT: sums->integers += taosuv_get_u16(column, row); break;
    case TAOSUV_TYPE_UINT: sums->integers += taosuv_get_u32(column, row); break;
    case TAOSUV_TYPE_UBIGINT: sums->integers += taosuv_get_u64(column, row); break;
    case TAOSUV_TYPE_FLOAT: sums->doubles += (double) taosuv_get_f32(column, row); break;
    case TAOSUV_TYPE_DOUBLE: sums->doubles += taosuv_get_f64(column, row); break;
    default: { /* DECIMAL */
      double value;
      if (taosuv_cell_f64(column, row, &value) == 0) sums->doubles += value;
    }
  }
}

void bench_touch(const taosuv_block_t* block, bench_sums_t* sums) {
  taosuv_column_t column;
  sums->blocks++;
  sums->rows += taosuv_block_rows(block);
  for (uint32_t i = 0; taosuv_block_column(block, i, &column) == 0; i++) {
    if (column.offsets != NULL) {
      touch_texts(&column, sums);
    } else if (!touch_array(&column, sums)) {
      for (uint32_t row = 0; row < column.rows; row++)
        if (!taosuv_is_null(&column, row)) touch_number(&column, row, sums);
    }
  }
}
