/* Columns of one row, and the check of their text at every buffer size. */
#ifndef TUV_TEST_UNIT_CELLS_H
#define TUV_TEST_UNIT_CELLS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "taosuv/block.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

typedef struct cell_s {
  uint8_t bytes[64];
  uint8_t meta; /* the null bit map */
  taosuv_column_t column;
} cell_t;

static inline void set_fixed(cell_t* cell, taosuv_type_t type, uint8_t size, uint64_t low,
                             uint64_t high) {
  memset(cell, 0, sizeof *cell);
  for (size_t i = 0; i < 8; i++) {
    cell->bytes[i] = (uint8_t) (low >> (8 * i));
    cell->bytes[8 + i] = (uint8_t) (high >> (8 * i));
  }
  cell->column.type = (uint8_t) type;
  cell->column.size = size;
  cell->column.rows = 1;
  cell->column.length = size;
  cell->column.data = cell->bytes;
  cell->column.nulls = &cell->meta;
}

static const uint8_t zero_offset[4] = {0, 0, 0, 0};
static const uint8_t null_offset[4] = {255, 255, 255, 255};

static inline void set_variable(cell_t* cell, taosuv_type_t type, const void* bytes,
                                uint8_t length) {
  size_t prefix = type == TAOSUV_TYPE_BLOB ? 4 : 2;
  memset(cell, 0, sizeof *cell);
  assert_true(prefix + length <= sizeof cell->bytes);
  cell->bytes[0] = length;
  if (length > 0) memcpy(cell->bytes + prefix, bytes, length);
  cell->column.type = (uint8_t) type;
  cell->column.rows = 1;
  cell->column.length = (uint32_t) (prefix + length);
  cell->column.data = cell->bytes;
  cell->column.offsets = zero_offset;
}

/* Checks the whole text, and the cut text at every smaller size. NCHAR may end earlier. */
static inline void assert_text(const cell_t* cell, int32_t utc_offset, const char* expected) {
  char whole[256];
  int length = taosuv_format_cell(&cell->column, 0, utc_offset, whole, sizeof whole);
  assert_true(length >= 0);
  assert_string_equal(whole, expected);
  assert_int_equal(length, strlen(expected));
  for (size_t size = 0; size <= (size_t) length; size++) {
    char* cut = malloc(size + (size == 0));
    assert_int_equal(taosuv_format_cell(&cell->column, 0, utc_offset, cut, size), length);
    if (size > 0) {
      size_t kept = strlen(cut);
      assert_true(cell->column.type == TAOSUV_TYPE_NCHAR ? kept < size : kept == size - 1);
      assert_memory_equal(cut, expected, kept);
    }
    free(cut);
  }
  assert_int_equal(taosuv_format_cell(&cell->column, 0, utc_offset, NULL, 0), length);
}

#endif
