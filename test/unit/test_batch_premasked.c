/* Rows that are masked when they are bound, and that mean the same in every message. */
#include "alloc_probe.h"
#include "batch_kit.h"
#include "wire/ws/frame.h"

#define ROWS 400u
#define TABLES 3u

static const uint8_t key[4] = {0x11, 0x22, 0x44, 0x88};

enum { TS, FLAG, TEXT, VALUE, COLUMNS };
static taosuv_stmt_field_t fields[1 + 1 + COLUMNS];
static int64_t ts[ROWS];
static uint8_t flags[ROWS], nulls[ROWS];
static uint32_t offsets[ROWS + 1];
static char texts[16 * ROWS];
static double values[ROWS];

static void make_rows(void) {
  fields[0] = field("tbname", TAOSUV_BIND_TABLE, TAOSUV_TYPE_VARCHAR, 192);
  fields[1] = field("g", TAOSUV_BIND_TAG, TAOSUV_TYPE_INT, 0);
  fields[2] = field("ts", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_TIMESTAMP, 0);
  fields[3] = field("flag", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_BOOL, 0);
  fields[4] = field("t", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_VARCHAR, 20);
  fields[5] = field("v", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_DOUBLE, 0);
  for (uint32_t i = 0; i < ROWS; i++) {
    ts[i] = INT64_C(1700000000000) + i;
    flags[i] = i % 3 != 0;
    nulls[i] = i % 7 == 0;
    values[i] = i / 4.0;
    offsets[i + 1] = offsets[i] + (uint32_t) sprintf(texts + offsets[i], "text %u", i * i);
  }
}

static void fill(taosuv_array_t columns[COLUMNS]) {
  columns[TS] = (taosuv_array_t) {TAOSUV_TYPE_TIMESTAMP, ts, NULL, NULL};
  columns[FLAG] = (taosuv_array_t) {TAOSUV_TYPE_BOOL, flags, NULL, NULL};
  columns[TEXT] = (taosuv_array_t) {TAOSUV_TYPE_VARCHAR, texts, offsets, nulls};
  columns[VALUE] = (taosuv_array_t) {TAOSUV_TYPE_DOUBLE, values, NULL, nulls};
}

static void open_batch(tuv_batch_t* batch, bool masked) {
  make_rows();
  tuv_batch_init(batch, &tuv_alloc_default, true, fields, 2 + COLUMNS);
  if (masked) tuv_batch_set_key(batch, key);
}

/* Three tables, the length of whose names moves all that is behind them. */
static void bind_tables(tuv_batch_t* batch, int name) {
  static const char* const names[] = {"d1", "second", "table_of_the_third"};
  taosuv_array_t columns[COLUMNS];
  fill(columns);
  for (uint32_t i = 0; i < TABLES; i++) {
    taosuv_value_t tag = taosuv_i64(i);
    WELL(tuv_batch_table(batch, names[i], i == 2 ? (size_t) name : SIZE_MAX, WHY));
    WELL(tuv_batch_tags(batch, &tag, 1, WHY));
    WELL(tuv_batch_columns(batch, ROWS - 3 * i, columns, COLUMNS, WHY));
  }
}

/* A sink that takes what lies masked, and looks at where it stands. */
typedef struct masked_sink_s {
  exact_sink_t exact;
  const uint8_t* mask;
  unsigned pieces, fitting;
} masked_sink_t;

static void put_masked(tuv_sink_t* sink, const void* data, size_t size,
                       const uint8_t piece_key[4]) {
  masked_sink_t* masked = (masked_sink_t*) (void*) sink;
  bool fits = true;
  for (size_t i = 0; i < 4; i++)
    fits = fits && piece_key[i] == masked->mask[(masked->exact.used + i) % 4];
  masked->pieces++;
  masked->fitting += fits;
  assert_true(size <= masked->exact.size - masked->exact.used);
  tuv_ws_mask(masked->exact.bytes + masked->exact.used, data, size, piece_key, 0);
  masked->exact.used += size;
}

static masked_sink_t masked_sink(size_t size, const uint8_t mask[4]) {
  masked_sink_t masked = {exact_sink(size), mask, 0, 0};
  masked.exact.sink.put_masked = put_masked;
  return masked;
}

/* Writes the batch, of which some tables lie masked, and compares it with a plain one. */
static unsigned compare(tuv_batch_t* batch, tuv_batch_t* plain, unsigned pieces, bool masked) {
  uint8_t mask[4] = {0};
  WELL(tuv_batch_ready(batch, INT32_MAX, WHY));
  assert_int_equal(tuv_batch_mask(batch, mask), masked);
  message_t expected = encode(plain, 5, 6);
  masked_sink_t sink = masked_sink(tuv_batch_message_size(batch), mask);
  tuv_batch_message(batch, 5, 6, &sink.exact.sink);
  message_t message = message_end(&sink.exact);
  assert_int_equal(message.size, expected.size);
  assert_memory_equal(message.bytes, expected.bytes, expected.size);
  assert_int_equal(sink.pieces, pieces);
  free(message.bytes);
  free(expected.bytes);
  return sink.fitting;
}

static void assert_same(tuv_batch_t* batch, tuv_batch_t* plain, unsigned pieces, bool fitting) {
  assert_int_equal(compare(batch, plain, pieces, fitting), fitting ? pieces : 0);
}

static void what_is_bound_by_column_is_masked_once(void** state) {
  (void) state;
  for (int name = 5; name < 13; name++) {
    tuv_batch_t batch, plain;
    open_batch(&batch, true);
    open_batch(&plain, false);
    for (int round = 0; round < 3; round++) {
      bind_tables(&batch, name);
      bind_tables(&plain, name);
      assert_same(&batch, &plain, TABLES, true);
      assert_same(&batch, &plain, TABLES, false); /* again: not with the same mask */
      tuv_batch_clear(&batch);
      tuv_batch_clear(&plain);
      assert_false(tuv_batch_has_key(&batch)); /* a key is for one batch */
      tuv_batch_set_key(&batch, key);
    }
    tuv_batch_free(&batch);
    tuv_batch_free(&plain);
  }
}

static void every_form_takes_it(void** state) {
  (void) state;
  static const tuv_batch_encoding_t stmt2 = {TUV_BATCH_STMT2, true};
  static const tuv_batch_encoding_t columnar = {TUV_BATCH_COLUMNAR, true};
  static const tuv_batch_encoding_t first = {TUV_BATCH_V1, false};
  tuv_batch_t batch, plain;
  open_batch(&batch, true);
  open_batch(&plain, false);
  bind_tables(&batch, 9);
  bind_tables(&plain, 9);
  WELL(tuv_batch_set_encoding(&plain, first, WHY));
  WELL(tuv_batch_ready(&plain, INT32_MAX, WHY));
  WELL(tuv_batch_set_encoding(&batch, first, WHY));
  WELL(tuv_batch_ready(&batch, INT32_MAX, WHY));
  for (uint32_t table = 0; table < TABLES; table++) {
    message_t one = encode_rows(&batch, table, 7, 8), other = encode_rows(&plain, table, 7, 8);
    assert_int_equal(one.size, other.size);
    assert_memory_equal(one.bytes, other.bytes, one.size);
    free(one.bytes);
    free(other.bytes);
  }
  WELL(tuv_batch_set_encoding(&batch, stmt2, WHY));
  WELL(tuv_batch_set_encoding(&plain, stmt2, WHY));
  compare(&batch, &plain, 0, true); /* it was, once */
  tuv_batch_clear(&batch);
  tuv_batch_set_key(&batch, key);
  bind_tables(&batch, 9);
  WELL(tuv_batch_set_encoding(&batch, columnar, WHY));
  WELL(tuv_batch_set_encoding(&plain, columnar, WHY));
  assert_same(&batch, &plain, 0, false);
  WELL(tuv_batch_set_encoding(&batch, stmt2, WHY));
  WELL(tuv_batch_set_encoding(&plain, stmt2, WHY));
  compare(&batch, &plain, 0, true);
  tuv_batch_free(&batch);
  tuv_batch_free(&plain);
}

/* More rows of a table, by column or by row: then they are not in a row any more. */
static void rows_that_come_later(void** state) {
  (void) state;
  tuv_batch_t both[2];
  taosuv_array_t columns[COLUMNS];
  const taosuv_value_t row[COLUMNS] = {taosuv_i64(1), taosuv_bool(1), taosuv_null(),
                                       taosuv_f64(0.5)};
  for (int i = 0; i < 2; i++) {
    open_batch(&both[i], i == 0);
    bind_tables(&both[i], 9);
    fill(columns);
    WELL(tuv_batch_columns(&both[i], 300, columns, COLUMNS, WHY));
    WELL(tuv_batch_table(&both[i], "d1", 2, WHY));
    WELL(tuv_batch_row(&both[i], row, COLUMNS, WHY));
    assert_int_equal(tuv_batch_row(&both[i], row, 2, NULL), TUV_EINVAL);
  }
  compare(&both[0], &both[1], 1, true); /* the second one, which stands elsewhere now */
  for (int i = 0; i < 2; i++) tuv_batch_free(&both[i]);
}

/* Nothing but NULL has no values; few bytes are not worth it. */
static void what_is_not_masked_when_it_is_bound(void** state) {
  (void) state;
  static uint8_t all[ROWS];
  tuv_batch_t both[2];
  taosuv_array_t columns[COLUMNS];
  const taosuv_value_t tag = taosuv_null();
  memset(all, 1, sizeof all);
  for (int i = 0; i < 2; i++) {
    open_batch(&both[i], i == 0);
    fill(columns);
    columns[VALUE].nulls = all;
    for (uint32_t table = 0; table < 2; table++) {
      WELL(tuv_batch_table(&both[i], table == 0 ? "x" : "y", 1, WHY));
      WELL(tuv_batch_tags(&both[i], &tag, 1, WHY));
      WELL(tuv_batch_columns(&both[i], table == 0 ? ROWS : 2, columns, COLUMNS, WHY));
      fill(columns);
    }
  }
  assert_same(&both[0], &both[1], 0, false);
  for (int i = 0; i < 2; i++) tuv_batch_free(&both[i]);
}

static void every_allocation_may_fail(void** state) {
  (void) state;
  size_t failures = 0;
  for (size_t n = 1;; n++) {
    alloc_probe_t probe;
    tuv_batch_t batch, plain;
    taosuv_array_t columns[COLUMNS];
    const taosuv_value_t tag = taosuv_i64(2);
    tuv_errmsg_t err = {""};
    open_batch(&plain, false);
    open_batch(&batch, false);
    alloc_probe_init(&probe);
    tuv_batch_init(&batch, &probe.alloc, true, fields, 2 + COLUMNS);
    tuv_batch_set_key(&batch, key);
    fill(columns);
    tuv_batch_t* both[] = {&batch, &plain};
    for (int i = 0; i < 2; i++) {
      WELL(tuv_batch_table(both[i], "first", 5, WHY));
      WELL(tuv_batch_tags(both[i], &tag, 1, WHY));
    }
    alloc_probe_fail(&probe, n, true);
    int status = tuv_batch_columns(&batch, ROWS, columns, COLUMNS, &err);
    alloc_probe_fail(&probe, 0, false);
    if (status < 0) {
      assert_int_equal(status, TUV_ENOMEM);
      WELL(tuv_batch_columns(&batch, ROWS, columns, COLUMNS, WHY));
      failures++;
    }
    WELL(tuv_batch_columns(&plain, ROWS, columns, COLUMNS, WHY));
    for (int i = 0; i < 2; i++) bind_tables(both[i], 9);
    assert_same(&batch, &plain, TABLES + 1, true);
    tuv_batch_free(&batch);
    tuv_batch_free(&plain);
    assert_int_equal(probe.live_blocks, 0);
    if (status == 0) break;
  }
  assert_true(failures > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_bound_by_column_is_masked_once),
      cmocka_unit_test(every_form_takes_it),
      cmocka_unit_test(rows_that_come_later),
      cmocka_unit_test(what_is_not_masked_when_it_is_bound),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
