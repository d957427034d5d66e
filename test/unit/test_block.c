/* Raw blocks: the documented examples, cell by cell, and lies of every kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "block_view.h"
#include "data.h"
#include "wire/status.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void assert_cell(const view_t* view, uint32_t column, uint32_t row, const char* expected) {
  char text[256];
  int length = taosuv_format_cell(&view->columns[column], row, 0, text, sizeof text);
  if (length != (int) strlen(expected) || strcmp(text, expected) != 0) {
    fail_msg("column %u, row %u: '%s' (%d) is not '%s'", column, row, text, length, expected);
  }
}

/* ---- PROTOCOL 5.5 ---- */

static const char small_block[] =
    "010000005e0000000100000004000000000000800000000000000000"
    "05080000000708000000080300000008020000000800000008000000"
    "03000000000000000001000000000000000000000000000004400000"
    "0000010078ffffffff00";

static const char all_types_block[] =
    "010000006d0200000300000013000000000000800000000000000000"
    "0908000000010100000002010000000302000000040400000005080000000b010000000c020000000d04000000"
    "0e0800000006040000000708000000080c0000000a2a000000100c000000146600000015030a000811051e0010"
    "0f00400000"
    "1800000003000000030000000600000"
    "00c0000001800000003000000060000000c00000018000000"
    "0c0000001800000006000000"
    "0c000000070000002e000000180000003000000033000000"
    "0001401e18240a060002401e18240a060003401e18240a0600"
    "4001000040ff000040feff0000000040fdffffff0000000000000000"
    "40fcffffffffffffff00000000000000000000000000000000"
    "40ff000040ffff0000000040ffffffff0000000000000000"
    "40ffffffffffffffff00000000000000000000000000000000"
    "400000c03f0000000000000000"
    "40000000000000044000000000000000000000000000000000"
    "00000000ffffffff04000000020061620000"
    "00000000ffffffff0a00000008009b6d0000610000000000"
    "00000000ffffffff0500000003000102ff0000"
    "00000000ffffffff1700000015000101000000000000000000f03f0000000000000040"
    "150001010000000000000000000000"
    "0000000000000000"
    "402efbffffffffffff00000000000000000100000000000000"
    "4079dfe23d44a6360f6e0501000000000000000000000000000000000000000000ffffffffffffffffffffffff"
    "ffffffff"
    "000000001100000022000000"
    "0f007b2261223a312c2262223a2278227d0f007b2261223a312c2262223a2278227d"
    "0f007b2261223a312c2262223a2278227d"
    "00";

static uint8_t* example(const char* hex, size_t* size) {
  return td_hex(hex, strlen(hex), size);
}

static void open_example(view_t* view, const char* hex, uint8_t precision) {
  size_t size;
  uint8_t* bytes = example(hex, &size);
  int status = view_open(view, bytes, size, precision);
  free(bytes);
  if (status != 0) fail_msg("%d %s", status, view->err.text);
}

static void test_the_documented_small_block_reads_cell_by_cell(void** state) {
  (void) state;
  view_t view;
  uint32_t length;
  open_example(&view, small_block, TAOSUV_PRECISION_MS);
  assert_int_equal(view.head.version, 1);
  assert_int_equal(view.head.length, 94);
  assert_int_equal(view.head.rows, 1);
  assert_int_equal(view.head.columns, 4);
  assert_int_equal(view.head.group_id, 0);
  assert_int_equal(view.columns[0].type, TAOSUV_TYPE_BIGINT);
  assert_int_equal(taosuv_get_i64(&view.columns[0], 0), 1);
  assert_true(taosuv_get_f64(&view.columns[1], 0) == 2.5);
  assert_memory_equal(taosuv_get_bytes(&view.columns[2], 0, &length), "x", 1);
  assert_int_equal(length, 1);
  assert_int_equal(view.columns[2].bytes, 3);
  assert_true(taosuv_is_null(&view.columns[3], 0));
  assert_null(taosuv_get_bytes(&view.columns[3], 0, &length));
  assert_int_equal(length, 0);
  view_close(&view);
}

static void test_the_documented_block_of_all_types_reads_cell_by_cell(void** state) {
  (void) state;
  static const char* const names[] = {"TIMESTAMP",
                                      "BOOL",
                                      "TINYINT",
                                      "SMALLINT",
                                      "INT",
                                      "BIGINT",
                                      "TINYINT UNSIGNED",
                                      "SMALLINT UNSIGNED",
                                      "INT UNSIGNED",
                                      "BIGINT UNSIGNED",
                                      "FLOAT",
                                      "DOUBLE",
                                      "VARCHAR",
                                      "NCHAR",
                                      "VARBINARY",
                                      "GEOMETRY",
                                      "DECIMAL",
                                      "DECIMAL",
                                      "JSON"};
  static const char* const first[] = {"2023-11-14T22:13:20.000001Z",
                                      "true",
                                      "-1",
                                      "-2",
                                      "-3",
                                      "-4",
                                      "255",
                                      "65535",
                                      "4294967295",
                                      "18446744073709551615",
                                      "1.5",
                                      "2.5",
                                      "ab",
                                      "\xe6\xb6\233a",
                                      "0102ff",
                                      "0101000000000000000000f03f0000000000000040",
                                      "-1.234",
                                      "12345678901234567890.12345",
                                      "{\"a\":1,\"b\":\"x\"}"};
  static const char* const third[] = {"2023-11-14T22:13:20.000003Z",
                                      "false",
                                      "0",
                                      "0",
                                      "0",
                                      "0",
                                      "0",
                                      "0",
                                      "0",
                                      "0",
                                      "0",
                                      "0",
                                      "",
                                      "",
                                      "",
                                      "010100000000000000000000000000000000000000",
                                      "0.001",
                                      "-0.00001",
                                      "{\"a\":1,\"b\":\"x\"}"};
  view_t view;
  open_example(&view, all_types_block, TAOSUV_PRECISION_US);
  assert_int_equal(view.head.columns, 19);
  assert_int_equal(view.head.length, 621);
  for (uint32_t i = 0; i < 19; i++) {
    assert_string_equal(taosuv_type_name(view.columns[i].type), names[i]);
    assert_cell(&view, i, 0, first[i]);
    assert_cell(&view, i, 1, i == 0 ? "2023-11-14T22:13:20.000002Z" : i == 18 ? first[18] : "NULL");
    assert_cell(&view, i, 2, third[i]);
    assert_int_equal(view.columns[i].reserved[0], 0);
  }
  assert_int_equal(view.columns[16].precision, 10);
  assert_int_equal(view.columns[16].scale, 3);
  assert_int_equal(view.columns[16].bytes, 8);
  assert_int_equal(view.columns[17].precision, 30);
  assert_int_equal(view.columns[17].scale, 5);
  assert_int_equal(view.columns[13].bytes, 42);
  view_close(&view);
}

/* ---- lies, each with what the error must say ---- */

typedef struct lie_s {
  const char* block;
  size_t at;
  const char* bytes; /* hex, written over the block at `at` */
  const char* expected;
} lie_t;

static const lie_t lies[] = {
    {small_block, 0, "00000000", "the block has the unknown version 0"},
    {small_block, 0, "03000000", "the block has the unknown version 3"},
    {small_block, 0, "ffffffff", "the block has the unknown version -1"},
    {small_block, 4, "ffffffff", "the block states -1 bytes, but"},
    {small_block, 4, "5f000000", "the block states 95 bytes, but"},
    {small_block, 4, "1b000000", "the block states 27 bytes, but"},
    {small_block, 4, "3f000000", "do not fit"},
    {small_block, 4, "5c000000", "column 3: its offsets are cut"},
    {small_block, 8, "ffffff7f", "2147483647 rows of 4 columns do not fit"},
    {small_block, 8, "ffffffff", "the block has -1 rows"},
    {small_block, 8, "02000000", "column 0 has 8 bytes of values for 2 rows of 8 bytes"},
    {small_block, 8, "00000000", "column 0 has 8 bytes of values for 0 rows of 8 bytes"},
    {small_block, 12, "00000000", "the block has 0 columns; 1 to 4096 are possible"},
    {small_block, 12, "ffffffff", "the block has -1 columns; 1 to 4096 are possible"},
    {small_block, 12, "01100000", "the block has 4097 columns; 1 to 4096 are possible"},
    {small_block, 12, "00100000", "do not fit"},
    {small_block, 12, "08000000", "do not fit"},
    {small_block, 28, "00", "column 0: unknown type 0"},
    {small_block, 28, "13", "column 0: unknown type 19"},
    {small_block, 28, "16", "column 0: unknown type 22"},
    {small_block, 28, "ff", "column 0: unknown type 255"},
    {small_block, 29, "04", "column 0: wrong width 4"},
    {small_block, 33, "06", "column 1: wrong width 8"},
    {small_block, 39, "ffffffff", "column 2: negative width -1"},
    {small_block, 48, "07000000", "column 0 has 7 bytes of values for 1 rows of 8 bytes"},
    {small_block, 48, "ffffffff", "column 0: negative length -1"},
    {small_block, 48, "00000080", "column 0: negative length -2147483648"},
    {small_block, 56, "ffffff7f", "column 2: its texts are cut off; bytes expected: 2147483647"},
    {small_block, 56, "0000", "column 2, row 0: offset 0 is past the 0 bytes"},
    {small_block, 56, "0100", "column 2, row 0: offset 0 is past the 1 bytes"},
    {small_block, 56, "0200", "column 2, row 0: length 1 at offset 0 ends past the 2 bytes"},
    {small_block, 82, "01000000",
     "column 2, row 0: length 30720 at offset 1 ends past the 3 bytes"},
    {small_block, 82, "02000000", "column 2, row 0: offset 2 is past the 3 bytes"},
    {small_block, 82, "ffffff7f", "column 2, row 0: offset 2147483647 is past the 3 bytes"},
    {small_block, 82, "feffffff", "column 2, row 0: negative offset -2"},
    {small_block, 82, "00000080", "column 2, row 0: negative offset -2147483648"},
    {small_block, 86, "0200", "column 2, row 0: length 2 at offset 0"},
    {small_block, 86, "ffff", "column 2, row 0: length 65535 at offset 0"},
    {small_block, 38, "0a", "column 2, row 0: length 1 of an NCHAR is not a multiple of 4"},
    {small_block, 38, "12", "column 2, row 0: offset 0 is past the 3 bytes"},
    {small_block, 89, "00000000", "column 3, row 0: offset 0 is past the 0 bytes"},
    {small_block, 89, "feffffff", "column 3, row 0: negative offset -2"},
    {all_types_block, 108, "11051e0010", "column 16 has 24 bytes of values for 3 rows of 16 bytes"},
};

static void test_each_lie_is_named_with_its_place(void** state) {
  (void) state;
  for (size_t i = 0; i < COUNT(lies); i++) {
    view_t view;
    size_t size, patch_size;
    uint8_t* bytes = example(lies[i].block, &size);
    uint8_t* patch = example(lies[i].bytes, &patch_size);
    assert_true(lies[i].at + patch_size <= size);
    memcpy(bytes + lies[i].at, patch, patch_size);
    int status = view_open(&view, bytes, size, 0);
    if (status != TUV_EBLOCK || strstr(view.err.text, lies[i].expected) == NULL) {
      fail_msg("lie %zu: %d '%s' is not '%s'", i, status, view.err.text, lies[i].expected);
    }
    view_close(&view);
    free(patch);
    free(bytes);
  }
}

/* Stated bytes of the columns 16 (64 bits) and 17 (128 bits) of all_types_block. */
static void open_decimals(view_t* view, const char* narrow, const char* wide) {
  size_t size, patch_size;
  uint8_t* bytes = example(all_types_block, &size);
  uint8_t* patches[] = {example(narrow, &patch_size), example(wide, &patch_size)};
  for (size_t i = 0; i < 2; i++) {
    memcpy(bytes + 108 + 5 * i, patches[i], 5);
    free(patches[i]);
  }
  assert_int_equal(view_open(view, bytes, size, TAOSUV_PRECISION_US), 0);
  free(bytes);
}

static void test_a_decimal_that_cannot_be_as_it_is_stated_is_its_integer_with_a_mark(void** state) {
  (void) state;
  static const struct {
    const char *narrow, *wide;
    uint8_t column, precision, scale; /* what the impossible one states */
  } cases[] = {
      {"150a260008", "11051e0010", 16, 38, 10}, /* another column's precision */
      {"1500000008", "11051e0010", 16, 0, 0},   /* of a column that is no DECIMAL */
      {"1503130008", "11051e0010", 16, 19, 3},
      {"150b0a0008", "11051e0010", 16, 10, 11}, /* less digits than its scale */
      {"15ffff0008", "11051e0010", 16, 255, 255},
      {"15030a0010", "11051e0010", 16, 10, 3}, /* another column's width */
      {"15030a0008", "1105270010", 17, 39, 5},
      {"15030a0008", "11271e0010", 17, 30, 39},
      {"15030a0008", "1100000010", 17, 0, 0},
      {"15030a0008", "11051e0008", 17, 30, 5},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    view_t view;
    int64_t value;
    double real;
    open_decimals(&view, cases[i].narrow, cases[i].wide);
    for (uint32_t c = 16; c < 18; c++) { /* both: stated together, neither can be believed */
      assert_int_equal(view.columns[c].flags, TAOSUV_COLUMN_SCALE_UNKNOWN);
      assert_int_equal(view.columns[c].precision, 0);
      assert_int_equal(view.columns[c].scale, 0);
      assert_int_equal(view.columns[c].bytes, view.columns[c].size);
    }
    assert_int_equal(view.columns[cases[i].column].stated_precision, cases[i].precision);
    assert_int_equal(view.columns[cases[i].column].stated_scale, cases[i].scale);
    assert_cell(&view, 16, 0, "-1234");
    assert_cell(&view, 16, 1, "NULL");
    assert_cell(&view, 17, 0, "1234567890123456789012345");
    assert_cell(&view, 17, 2, "-1");
    assert_int_equal(taosuv_cell_i64(&view.columns[16], 0, &value), 0);
    assert_int_equal(value, -1234);
    assert_int_equal(taosuv_cell_i64(&view.columns[17], 0, &value), TUV_ERANGE);
    assert_int_equal(taosuv_cell_f64(&view.columns[17], 2, &real), 0);
    assert_true(real == -1.0);
    assert_int_equal(view.columns[10].flags, 0); /* other types are as they were */
    view_close(&view);
  }
}

static void test_a_decimal_of_16_bytes_with_few_digits_is_an_expression_s(void** state) {
  (void) state;
  view_t view;
  open_decimals(&view, "15030a0008", "11020b0010"); /* the sum of two DECIMAL(10,2) */
  assert_int_equal(view.columns[17].flags, 0);
  assert_int_equal(view.columns[17].precision, 11);
  assert_cell(&view, 17, 2, "-0.01");
  tuv_block_check_decimals(view.columns, view.head.columns, false);
  assert_int_equal(view.columns[17].flags, 0);
  tuv_block_check_decimals(view.columns, view.head.columns, true);
  assert_int_equal(view.columns[17].flags, TAOSUV_COLUMN_SCALE_UNKNOWN);
  assert_int_equal(view.columns[17].stated_precision, 11);
  assert_int_equal(view.columns[17].stated_scale, 2);
  assert_int_equal(view.columns[16].flags, TAOSUV_COLUMN_SCALE_UNKNOWN);
  assert_cell(&view, 17, 2, "-1");
  view_close(&view);
}

static void test_decimals_of_a_table_stay_as_they_are_stated(void** state) {
  (void) state;
  view_t view;
  open_decimals(&view, "1512120008", "1126260010"); /* the widest: DECIMAL(18,18), (38,38) */
  tuv_block_check_decimals(view.columns, view.head.columns, true);
  assert_int_equal(view.columns[16].flags, 0);
  assert_int_equal(view.columns[17].flags, 0);
  assert_int_equal(view.columns[17].scale, 38);
  assert_int_equal(view.columns[17].stated_scale, 38);
  view_close(&view);
}

static void test_a_lie_without_a_place_for_its_text_is_the_same_error(void** state) {
  (void) state;
  uint8_t zeros[64] = {0};
  tuv_block_head_t head;
  assert_int_equal(tuv_block_head(zeros, sizeof zeros, &head, NULL), TUV_EBLOCK);
  assert_int_equal(tuv_block_head(zeros, 27, &head, NULL), TUV_EBLOCK);
  assert_int_equal(tuv_block_head(zeros, 0, &head, NULL), TUV_EBLOCK);
}

static void test_an_unknown_precision_is_an_error_of_a_timestamp_column(void** state) {
  (void) state;
  view_t view;
  size_t size;
  uint8_t* bytes = example(all_types_block, &size);
  assert_int_equal(view_open(&view, bytes, size, 3), TUV_EBLOCK);
  assert_non_null(strstr(view.err.text, "column 0: TIMESTAMP of unknown precision 3"));
  view_close(&view);
  free(bytes);
  bytes = example(small_block, &size); /* has no such column */
  assert_int_equal(view_open(&view, bytes, size, 3), 0);
  view_close(&view);
  free(bytes);
}

static void test_trailing_bytes_and_a_missing_last_byte_are_allowed(void** state) {
  (void) state;
  view_t view;
  size_t size;
  uint8_t bytes[200] = {0};
  uint8_t* block = example(small_block, &size);
  memcpy(bytes, block, size);
  assert_int_equal(view_open(&view, bytes, sizeof bytes, 0), 0);
  view_close(&view);
  block[4]--;
  assert_int_equal(view_open(&view, block, size - 1, 0), 0);
  assert_cell(&view, 2, 0, "x");
  view_close(&view);
  free(block);
}

static void test_version_2_and_any_group_id_are_read(void** state) {
  (void) state;
  view_t view;
  size_t size;
  uint8_t* block = example(small_block, &size);
  block[0] = 2;
  block[20] = 0x21;
  block[27] = 0x80;
  assert_int_equal(view_open(&view, block, size, 0), 0);
  assert_int_equal(view.head.version, 2);
  assert_true(view.head.group_id == 0x8000000000000021);
  view_close(&view);
  free(block);
}

static void test_a_block_without_rows_is_read(void** state) {
  (void) state;
  /* BIGINT, NCHAR and BLOB, all of length 0 */
  static const char hex[] =
      "010000003700000000000000030000000000008000000000000000000508000000"
      "0a0000000012000000000000000000000000000000"
      "00";
  view_t view;
  open_example(&view, hex, 0);
  assert_int_equal(view.head.rows, 0);
  assert_int_equal(view.columns[0].rows, 0);
  assert_int_equal(view.columns[2].type, TAOSUV_TYPE_BLOB);
  view_close(&view);
}

static void test_a_blob_has_a_prefix_of_four_bytes(void** state) {
  (void) state;
  /* one BLOB column; rows: 3 bytes, NULL, empty */
  static const char hex[] =
      "0100000039000000030000000100000000000080000000000000000012000000000b000000"
      "00000000ffffffff0700000003000000abcdef00000000";
  view_t view;
  size_t size;
  uint32_t length;
  uint8_t* block = example(hex, &size);
  block[4] = (uint8_t) size;
  assert_int_equal(view_open(&view, block, size, 0), 0);
  assert_cell(&view, 0, 0, "abcdef");
  assert_cell(&view, 0, 1, "NULL");
  assert_cell(&view, 0, 2, "");
  assert_non_null(taosuv_get_bytes(&view.columns[0], 2, &length));
  view_close(&view);
  block[37 + 8] = 8; /* the last offset: three bytes are left for a prefix of four */
  assert_int_equal(view_open(&view, block, size, 0), TUV_EBLOCK);
  assert_non_null(strstr(view.err.text, "column 0, row 2: offset 8 is past the 11 bytes"));
  view_close(&view);
  block[37 + 8] = 7;
  memset(block + 37 + 12 + 7, 0xff, 4);
  assert_int_equal(view_open(&view, block, size, 0), TUV_EBLOCK);
  assert_non_null(strstr(view.err.text, "row 2: length 4294967295 at offset 7"));
  view_close(&view);
  free(block);
}

static void test_offsets_may_go_back_and_share_their_text(void** state) {
  (void) state;
  /* VARCHAR; texts "ab", "c"; rows: 1, 0, 1 */
  static const char hex[] =
      "0100000038000000030000000100000000000080000000000000000008000000000700000"
      "0040000000000000004000000"
      "02006162010063";
  view_t view;
  open_example(&view, hex, 0);
  assert_cell(&view, 0, 0, "c");
  assert_cell(&view, 0, 1, "ab");
  assert_cell(&view, 0, 2, "c");
  view_close(&view);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_documented_small_block_reads_cell_by_cell),
      cmocka_unit_test(test_the_documented_block_of_all_types_reads_cell_by_cell),
      cmocka_unit_test(test_a_decimal_that_cannot_be_as_it_is_stated_is_its_integer_with_a_mark),
      cmocka_unit_test(test_a_decimal_of_16_bytes_with_few_digits_is_an_expression_s),
      cmocka_unit_test(test_decimals_of_a_table_stay_as_they_are_stated),
      cmocka_unit_test(test_each_lie_is_named_with_its_place),
      cmocka_unit_test(test_a_lie_without_a_place_for_its_text_is_the_same_error),
      cmocka_unit_test(test_an_unknown_precision_is_an_error_of_a_timestamp_column),
      cmocka_unit_test(test_trailing_bytes_and_a_missing_last_byte_are_allowed),
      cmocka_unit_test(test_version_2_and_any_group_id_are_read),
      cmocka_unit_test(test_a_block_without_rows_is_read),
      cmocka_unit_test(test_a_blob_has_a_prefix_of_four_bytes),
      cmocka_unit_test(test_offsets_may_go_back_and_share_their_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
