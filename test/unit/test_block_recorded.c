/* Every recorded block: compared with REST's answer, and spoiled at every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "block_view.h"
#include "recordings.h"
#include "wire/status.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define SPOIL_LIMIT 4096

/* ---- every recorded block against what REST said ---- */

typedef struct counts_s {
  size_t blocks;
  size_t rows;          /* parsed */
  size_t cells;         /* compared */
  size_t session_cells; /* not compared: they say what the session is, and REST has another */
} counts_t;

/* Where a wrong cell is. */
typedef struct place_s {
  const rec_result_t* result;
  uint32_t column;
  uint64_t row;
} place_t;

static _Noreturn void fail_cell(place_t place, const char* text, yyjson_val* rest) {
  char* expected = yyjson_val_write(rest, YYJSON_WRITE_NOFLAG, NULL);
  fprintf(stderr, "%s:%zu (%s): column %u, row %llu: '%s', but REST said %s\n", place.result->file,
          place.result->line, place.result->sql, place.column, (unsigned long long) place.row, text,
          expected);
  fail_msg("a cell differs from REST's answer");
  abort();
}

/* The offset at the end of an RFC 3339 text, in seconds. */
static int32_t offset_of(const char* text) {
  size_t length = strlen(text);
  int hours, minutes;
  if (length < 6 || text[length - 1] == 'Z') return 0;
  const char* zone = text + length - 6;
  if (sscanf(zone + 1, "%2d:%2d", &hours, &minutes) != 2) fail_msg("no time zone in %s", text);
  return (zone[0] == '-' ? -60 : 60) * (hours * 60 + minutes);
}

static bool same_integer(const taosuv_column_t* column, uint32_t row, yyjson_val* rest) {
  int64_t value;
  if (column->type == TAOSUV_TYPE_UBIGINT) {
    return yyjson_is_uint(rest) && taosuv_get_u64(column, row) == yyjson_get_uint(rest);
  }
  return taosuv_cell_i64(column, row, &value) == 0 && yyjson_is_int(rest) &&
         value == yyjson_get_sint(rest);
}

/* JSON values; what tag->'key' gives may be a bare text or a number in another notation. */
static bool same_json(const taosuv_column_t* column, uint32_t row, yyjson_val* rest) {
  uint32_t length;
  const uint8_t* bytes = taosuv_get_bytes(column, row, &length);
  yyjson_doc* doc = yyjson_read((const char*) bytes, length, YYJSON_READ_NOFLAG);
  yyjson_val* value = yyjson_doc_get_root(doc);
  bool same = yyjson_equals(value, rest);
  if (yyjson_is_num(value) && yyjson_is_num(rest)) {
    same = yyjson_get_num(value) == yyjson_get_num(rest);
  }
  yyjson_doc_free(doc);
  return same || (yyjson_is_str(rest) && yyjson_get_len(rest) == length &&
                  memcmp(yyjson_get_str(rest), bytes, length) == 0);
}

static bool same_cell(const taosuv_column_t* column, uint32_t row, const char* text,
                      yyjson_val* rest) {
  double number;
  if (taosuv_is_null(column, row) || yyjson_is_null(rest)) {
    return taosuv_is_null(column, row) && yyjson_is_null(rest);
  }
  switch (column->type) {
    case TAOSUV_TYPE_BOOL:
      return yyjson_is_bool(rest) && taosuv_get_bool(column, row) == yyjson_get_bool(rest);
    case TAOSUV_TYPE_FLOAT:
      return yyjson_is_num(rest) && taosuv_get_f32(column, row) == (float) yyjson_get_num(rest);
    case TAOSUV_TYPE_DOUBLE:
      return yyjson_is_num(rest) && taosuv_cell_f64(column, row, &number) == 0 &&
             number == yyjson_get_num(rest);
    case TAOSUV_TYPE_JSON: return same_json(column, row, rest);
    case TAOSUV_TYPE_TIMESTAMP:
    case TAOSUV_TYPE_VARCHAR:
    case TAOSUV_TYPE_NCHAR:
    case TAOSUV_TYPE_VARBINARY:
    case TAOSUV_TYPE_GEOMETRY:
    case TAOSUV_TYPE_BLOB:
    case TAOSUV_TYPE_DECIMAL64:
    case TAOSUV_TYPE_DECIMAL128:
      return yyjson_is_str(rest) && strcmp(text, yyjson_get_str(rest)) == 0;
    default: return same_integer(column, row, rest);
  }
}

static void compare_cell(place_t place, const taosuv_column_t* column, uint32_t row,
                         yyjson_val* rest) {
  static char text[1 << 18];
  bool time = column->type == TAOSUV_TYPE_TIMESTAMP && yyjson_is_str(rest);
  int32_t offset = time ? offset_of(yyjson_get_str(rest)) : 0;
  int length = taosuv_format_cell(column, row, offset, text, sizeof text);
  assert_in_range(length, 0, sizeof text - 1);
  if (!same_cell(column, row, text, rest)) fail_cell(place, text, rest);
}

/* A recorded session may have been given a time zone, which the REST request was not. */
static bool is_session_state(yyjson_val* rest, uint32_t column) {
  yyjson_val* meta = yyjson_arr_get(yyjson_obj_get(rest, "column_meta"), column);
  return yyjson_equals_str(yyjson_arr_get_first(meta), "timezone()");
}

static void compare_block(const rec_result_t* result, const view_t* view, uint64_t first_row,
                          counts_t* counts) {
  yyjson_val* root = yyjson_doc_get_root(result->rest);
  yyjson_val* data = yyjson_obj_get(root, "data");
  for (uint32_t row = 0; row < view->head.rows; row++) {
    yyjson_val* cells = yyjson_arr_get(data, first_row + row);
    assert_int_equal(yyjson_arr_size(cells), view->head.columns);
    for (uint32_t i = 0; i < view->head.columns; i++) {
      place_t place = {result, i, first_row + row};
      if (is_session_state(root, i)) {
        counts->session_cells++;
        continue;
      }
      compare_cell(place, &view->columns[i], row, yyjson_arr_get(cells, i));
      counts->cells++;
    }
  }
}

static void check_fields(const rec_result_t* result, const view_t* view) {
  assert_int_equal(view->head.columns, result->nfields);
  for (uint32_t i = 0; i < result->nfields; i++) {
    assert_int_equal(view->columns[i].type, result->types[i]);
  }
}

static void check_result(const rec_result_t* result, counts_t* counts) {
  yyjson_val* root = yyjson_doc_get_root(result->rest);
  bool compare = root != NULL && yyjson_get_int(yyjson_obj_get(root, "code")) == 0;
  uint64_t rows = 0;
  for (size_t i = 0; i < result->nblocks; i++) {
    const rec_block_t* block = &result->blocks[i];
    view_t view;
    int status = view_open(&view, block->bytes, block->size, result->precision);
    if (status != 0) fail_msg("%s:%zu: %s", result->file, block->line, view.err.text);
    check_fields(result, &view);
    if (compare) compare_block(result, &view, rows, counts);
    rows += view.head.rows;
    counts->blocks++;
    view_close(&view);
  }
  counts->rows += rows;
  if (compare && result->finished) {
    assert_int_equal(rows, yyjson_arr_size(yyjson_obj_get(root, "data")));
  }
}

static void test_every_recorded_cell_is_what_rest_said(void** state) {
  (void) state;
  rec_t rec;
  counts_t counts = {0};
  rec_load(&rec);
  for (size_t i = 0; i < rec.nresults; i++) check_result(&rec.results[i], &counts);
  print_message(
      "%zu files, %zu events (%zu of unknown form), %zu results; %zu blocks, %zu rows "
      "parsed, %zu cells compared; left aside: %zu cells of session state, %zu other binary "
      "replies, %zu error "
      "replies, %zu blocks without and %zu answers without a result\n",
      rec.files, rec.events, rec.unknown_events, rec.nresults, counts.blocks, counts.rows,
      counts.cells, counts.session_cells, rec.other_binary, rec.error_replies, rec.orphan_blocks,
      rec.unmatched_rest);
  assert_true(counts.blocks > 0);
  /* Another folder may have recordings without REST's answers. */
  if (getenv("TAOSUV_TEST_RECORDINGS") == NULL) assert_true(counts.cells > 0);
  rec_free(&rec);
}

/* ---- spoiled blocks: an error, or a view of which every cell can be read ---- */

static void read_column(const taosuv_column_t* column) {
  char small[9], text[80];
  int64_t integer;
  double number;
  for (uint32_t row = 0; row < column->rows; row++) {
    int length = taosuv_format_cell(column, row, 0, text, sizeof text);
    assert_true(length >= 0);
    assert_int_equal(taosuv_format_cell(column, row, 3600, small, sizeof small),
                     column->type == TAOSUV_TYPE_TIMESTAMP && !taosuv_is_null(column, row)
                         ? taosuv_format_cell(column, row, 3600, NULL, 0)
                         : length);
    int status = taosuv_cell_i64(column, row, &integer);
    assert_true(status == 0 || status == TUV_ETYPE || status == TUV_ERANGE ||
                status == TUV_ENODATA);
    status = taosuv_cell_f64(column, row, &number);
    assert_true(status == 0 || status == TUV_ETYPE || status == TUV_ENODATA);
    if (column->size == 0) {
      /* Touches the last byte that the view promises. */
      uint32_t size;
      const uint8_t* bytes = taosuv_get_bytes(column, row, &size);
      if (size > 0) assert_int_equal(bytes[size - 1] ^ bytes[size - 1], 0);
    }
  }
}

/* Returns whether the block was accepted. */
static bool read_spoiled(const uint8_t* bytes, size_t size, uint8_t precision) {
  view_t view;
  int status = view_open(&view, bytes, size, precision);
  assert_true(status == 0 || status == TUV_EBLOCK);
  assert_true((status == 0) == (view.err.text[0] == '\0'));
  for (uint32_t i = 0; status == 0 && i < view.head.columns; i++) read_column(&view.columns[i]);
  view_close(&view);
  return status == 0;
}

static void cut_everywhere(const rec_block_t* block, uint8_t precision) {
  uint8_t* bytes = malloc(block->size);
  memcpy(bytes, block->bytes, block->size);
  for (size_t size = 0; size < block->size; size++) {
    assert_false(read_spoiled(block->bytes, size, precision)); /* its length is a lie */
    if (size < TUV_BLOCK_HEADER) continue;
    for (size_t i = 0; i < 4; i++) bytes[4 + i] = (uint8_t) (size >> (8 * i));
    /* Honest about its length: only the last byte, the blank fill, may be missing. */
    assert_true(!read_spoiled(bytes, size, precision) || size + 1 == block->size);
  }
  free(bytes);
}

static size_t flip_everywhere(const rec_block_t* block, uint8_t precision) {
  static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
  size_t refused = 0;
  uint8_t* bytes = malloc(block->size);
  memcpy(bytes, block->bytes, block->size);
  for (size_t at = 0; at < block->size; at++) {
    for (size_t i = 0; i < COUNT(values) + 2; i++) {
      uint8_t next = i == COUNT(values) ? 1 : 4;
      bytes[at] = i < COUNT(values) ? values[i] : (uint8_t) (block->bytes[at] ^ next);
      if (bytes[at] != block->bytes[at]) refused += !read_spoiled(bytes, block->size, precision);
    }
    bytes[at] = block->bytes[at];
  }
  free(bytes);
  return refused;
}

typedef struct spoil_s {
  size_t blocks;
  size_t refused;
} spoil_t;

static void spoil_result(const rec_result_t* result, spoil_t* spoil) {
  for (size_t i = 0; i < result->nblocks; i++) {
    const rec_block_t* block = &result->blocks[i];
    if (block->size >= SPOIL_LIMIT) continue;
    cut_everywhere(block, result->precision);
    spoil->refused += flip_everywhere(block, result->precision);
    spoil->blocks++;
  }
}

static void test_spoiled_recordings_are_refused_or_safe_to_read(void** state) {
  (void) state;
  rec_t rec;
  spoil_t spoil = {0, 0};
  rec_load(&rec);
  for (size_t i = 0; i < rec.nresults; i++) spoil_result(&rec.results[i], &spoil);
  print_message("%zu blocks spoiled at every byte, %zu spoiled ones refused\n", spoil.blocks,
                spoil.refused);
  assert_true(spoil.blocks > 0);
  assert_true(spoil.refused > 0);
  rec_free(&rec);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_recorded_cell_is_what_rest_said),
      cmocka_unit_test(test_spoiled_recordings_are_refused_or_safe_to_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
