/* Parts of a batch: where they begin and end, and the numbers of their rows. What they contain is
 * compared with a model in test_batch_random. */
#include "batch_kit.h"
#include "wire/batch/part.h"

static taosuv_stmt_field_t fields[4];

static void open_batch(tuv_batch_t* batch) {
  fields[0] = field("tbname", TAOSUV_BIND_TABLE, TAOSUV_TYPE_VARCHAR, 192);
  fields[1] = field("g", TAOSUV_BIND_TAG, TAOSUV_TYPE_INT, 0);
  fields[2] = field("ts", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_TIMESTAMP, 0);
  fields[3] = field("t", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_VARCHAR, 200);
  tuv_batch_init(batch, &tuv_alloc_default, true, fields, 4);
  batch->numbered = true;
}

static void add_row(tuv_batch_t* batch, const char* table, int64_t number, const char* bytes) {
  taosuv_value_t tag = taosuv_i64(1), values[] = {taosuv_i64(number), text(bytes)};
  tuv_batch_appended_t appended = {.table = table,
                                   .length = strlen(table),
                                   .tags = &tag,
                                   .ntags = 1,
                                   .count = 2,
                                   .values = values,
                                   .rows = 1};
  WELL(tuv_batch_append(batch, &appended, WHY));
  tuv_batch_mark(batch, (uint64_t) number, 1);
}

static void add_columns(tuv_batch_t* batch, const char* table, int64_t number, uint32_t rows) {
  int64_t times[50] = {0};
  uint32_t offsets[51] = {0};
  taosuv_array_t columns[] = {{TAOSUV_TYPE_TIMESTAMP, times, NULL, NULL},
                              {TAOSUV_TYPE_VARCHAR, "", offsets, NULL}};
  taosuv_value_t tag = taosuv_i64(1);
  tuv_batch_appended_t appended = {.table = table,
                                   .length = strlen(table),
                                   .tags = &tag,
                                   .ntags = 1,
                                   .count = 2,
                                   .columns = columns,
                                   .rows = rows};
  WELL(tuv_batch_append(batch, &appended, WHY));
  tuv_batch_mark(batch, (uint64_t) number, rows);
}

static void expect(const tuv_batch_t* batch, uint32_t index, uint64_t from, uint64_t to,
                   uint64_t first, uint64_t last, uint64_t rows) {
  tuv_batch_range_t range;
  assert_true(tuv_batch_range(batch, index, from, to, &range));
  assert_int_equal(range.rows, rows);
  if (rows == 0) return;
  assert_int_equal(range.first, first);
  assert_int_equal(range.last, last);
}

static void rows_keep_their_numbers(void** state) {
  tuv_batch_t batch;
  tuv_batch_range_t range;
  (void) state;
  open_batch(&batch);
  for (int64_t i = 0; i < 60; i++) add_row(&batch, i % 3 == 0 ? "one" : "two", 100 + 2 * i, "x");
  add_columns(&batch, "two", 1000, 50);
  add_row(&batch, "one", INT64_C(6000000000), "x"); /* further away than 32 bits reach */
  expect(&batch, 0, 0, 100, 100, UINT64_C(148) + UINT32_MAX, 21); /* of its segment of memory */
  expect(&batch, 0, 3, 5, 118, 124, 2);
  expect(&batch, 1, 0, 40, 102, 218, 40);
  expect(&batch, 1, 39, 41, 218, 1000, 2);
  expect(&batch, 1, 40, 1000, 1000, 1049, 50);
  expect(&batch, 1, 90, 1000, 0, 0, 0);
  assert_true(tuv_batch_range(&batch, 1, 0, 1, &range));
  assert_int_equal(range.all, 90);
  assert_memory_equal(range.name, "two", 3);
  assert_false(tuv_batch_range(&batch, 2, 0, 1, &range));
  tuv_batch_free(&batch);
}

static void the_ends_of_tables_are_found(void** state) {
  tuv_batch_t batch;
  (void) state;
  open_batch(&batch);
  add_columns(&batch, "one", 0, 10);
  add_columns(&batch, "two", 10, 5);
  add_columns(&batch, "three", 15, 20);
  assert_int_equal(tuv_batch_first_end(&batch, 0), 10);
  assert_int_equal(tuv_batch_first_end(&batch, 9), 10);
  assert_int_equal(tuv_batch_first_end(&batch, 10), 15);
  assert_int_equal(tuv_batch_first_end(&batch, 34), 35);
  assert_int_equal(tuv_batch_last_end(&batch, 0, 9), 0);
  assert_int_equal(tuv_batch_last_end(&batch, 0, 10), 10);
  assert_int_equal(tuv_batch_last_end(&batch, 0, 14), 10);
  assert_int_equal(tuv_batch_last_end(&batch, 0, 34), 15);
  assert_int_equal(tuv_batch_last_end(&batch, 3, 35), 35);
  assert_int_equal(tuv_batch_last_end(&batch, 16, 20), 0);
  tuv_batch_free(&batch);
}

static void as_many_rows_fit_as_have_the_bytes(void** state) {
  tuv_batch_t batch;
  char large[151];
  (void) state;
  memset(large, 'x', 150);
  large[150] = 0;
  open_batch(&batch);
  for (int64_t i = 0; i < 20; i++)
    add_row(&batch, i < 10 ? "one" : "two", i, i % 2 == 0 ? "" : large);
  assert_int_equal(tuv_batch_fit(&batch, 0, 20, 1), 1); /* the first always does */
  assert_int_equal(tuv_batch_fit(&batch, 1, 20, 1), 1);
  assert_int_equal(tuv_batch_fit(&batch, 0, 20, UINT64_MAX), 20);
  assert_int_equal(tuv_batch_fit(&batch, 0, 7, UINT64_MAX), 7);
  assert_int_equal(tuv_batch_fit(&batch, 15, 20, UINT64_MAX), 5);
  assert_int_equal(tuv_batch_fit(&batch, 0, 20, 1000), 10); /* five large ones */
  assert_int_equal(tuv_batch_fit(&batch, 1, 20, 1000), 9);  /* the next begins a table */
  tuv_batch_free(&batch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_keep_their_numbers),
      cmocka_unit_test(the_ends_of_tables_are_found),
      cmocka_unit_test(as_many_rows_fit_as_have_the_bytes),
  };
  return cmocka_run_group_tests_name("batch_part", tests, NULL, NULL);
}
