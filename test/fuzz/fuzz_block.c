/* Fuzzes raw blocks: the first byte is the precision; of an accepted block every cell is read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/block/block.h"
#include "wire/status.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static void check(int holds) {
  if (!holds) abort();
}

static void read_cell(const taosuv_column_t* column, uint32_t row) {
  char text[100], cut[7];
  int64_t integer;
  double number;
  int length = taosuv_format_cell(column, row, 0, text, sizeof text);
  check(length >= 0 && taosuv_format_cell(column, row, 0, cut, sizeof cut) == length);
  check(strlen(text) < sizeof text && strlen(cut) < sizeof cut);
  taosuv_cell_i64(column, row, &integer);
  taosuv_cell_f64(column, row, &number);
  if (column->size == 0) {
    volatile uint8_t last = 0;
    uint32_t bytes;
    const uint8_t* start = taosuv_get_bytes(column, row, &bytes);
    if (bytes > 0) last = start[bytes - 1];
    (void) last;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static taosuv_column_t columns[TUV_BLOCK_MAX_COLUMNS];
  tuv_block_head_t head;
  tuv_errmsg_t err = {""};
  if (size < 1) return 0;
  const uint8_t* block = data + 1;
  int status = tuv_block_head(block, size - 1, &head, &err);
  if (status == 0) {
    check(head.columns >= 1 && head.columns <= TUV_BLOCK_MAX_COLUMNS);
    status = tuv_block_parse(block, size - 1, &head, data[0], columns, &err);
  }
  check(status == 0 || status == TUV_EBLOCK);
  check((status == 0) == (err.text[0] == '\0'));
  if (status != 0) return 0;
  for (uint32_t i = 0; i < head.columns; i++) {
    for (uint32_t row = 0; row < head.rows; row++) read_cell(&columns[i], row);
  }
  return 0;
}
