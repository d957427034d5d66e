/* What is bound as the messages documented byte by byte (PROTOCOL 6.1.5, 6.3.3 to 6.3.5). */
#include "batch_kit.h"

#define TS INT64_C(1726803356466)

/* insert into ? using st tags(?,?) values(?,?,?) */
static const taosuv_stmt_field_t* st_fields(void) {
  static taosuv_stmt_field_t fields[6];
  fields[0] = field("tbname", TAOSUV_BIND_TABLE, TAOSUV_TYPE_VARCHAR, 269);
  fields[1] = field("g", TAOSUV_BIND_TAG, TAOSUV_TYPE_INT, 0);
  fields[2] = field("l", TAOSUV_BIND_TAG, TAOSUV_TYPE_VARCHAR, 10);
  fields[3] = field("ts", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_TIMESTAMP, 0);
  fields[4] = field("v", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_FLOAT, 0);
  fields[5] = field("n", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_NCHAR, 10);
  return fields;
}

static const char two_tables[] =
    "10 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 09 00 00 00 00 00 00 00 01 00 ff ff ff ff"
    "34 01 00 00 02 00 00 00 02 00 00 00 03 00 00 00 1c 00 00 00 26 00 00 00 88 00 00 00"
    "03 00 03 00 64 31 00 64 32 00 2e 00 00 00 2c 00 00 00"
    "16 00 00 00 04 00 00 00 01 00 00 00 00 00 04 00 00 00 01 00 00 00"
    "18 00 00 00 08 00 00 00 01 00 00 00 00 01 02 00 00 00 02 00 00 00 62 6a"
    "16 00 00 00 04 00 00 00 01 00 00 00 00 00 04 00 00 00 02 00 00 00"
    "16 00 00 00 08 00 00 00 01 00 00 00 01 01 00 00 00 00 00 00 00 00"
    "5b 00 00 00 49 00 00 00"
    "23 00 00 00 09 00 00 00 02 00 00 00 00 00 00 10 00 00 00"
    "32 2b 80 0d 92 01 00 00 33 2b 80 0d 92 01 00 00"
    "1b 00 00 00 06 00 00 00 02 00 00 00 00 01 00 08 00 00 00 00 00 b0 40 00 00 00 00"
    "1d 00 00 00 0a 00 00 00 02 00 00 00 00 01 01 02 00 00 00 00 00 00 00 02 00 00 00 61 62"
    "1a 00 00 00 09 00 00 00 01 00 00 00 00 00 08 00 00 00 34 2b 80 0d 92 01 00 00"
    "16 00 00 00 06 00 00 00 01 00 00 00 00 00 04 00 00 00 00 00 d0 40"
    "19 00 00 00 0a 00 00 00 01 00 00 00 00 01 03 00 00 00 03 00 00 00 e6 b6 9b";

static void bind_tags(tuv_batch_t* batch, const char* name, int64_t g, taosuv_value_t l) {
  taosuv_value_t tags[] = {taosuv_i64(g), l};
  WELL(tuv_batch_table(batch, name, strlen(name), WHY));
  WELL(tuv_batch_tags(batch, tags, 2, WHY));
}

static void two_tables_by_column_are_as_documented(void** state) {
  (void) state;
  tuv_batch_t batch;
  const int64_t ts[] = {TS, TS + 1, TS + 2};
  const float v[] = {5.5f, 99, 6.5f};
  const uint8_t nulls[] = {0, 7};
  const uint32_t offsets[] = {0, 2, 2}, last[] = {2, 5};
  const char* n = "ab\xe6\xb6\x9b";
  taosuv_array_t first[] = {{TAOSUV_TYPE_TIMESTAMP, ts, NULL, NULL},
                            {TAOSUV_TYPE_FLOAT, v, NULL, nulls},
                            {TAOSUV_TYPE_NCHAR, n, offsets, nulls}};
  taosuv_array_t second[] = {{TAOSUV_TYPE_TIMESTAMP, ts + 2, NULL, NULL},
                             {TAOSUV_TYPE_FLOAT, v + 2, NULL, NULL},
                             {TAOSUV_TYPE_NCHAR, n, last, NULL}};
  tuv_batch_init(&batch, &tuv_alloc_default, true, st_fields(), 6);
  for (int round = 0; round < 3; round++) {
    bind_tags(&batch, "d1", 1, text("bj"));
    WELL(tuv_batch_columns(&batch, 2, first, 3, WHY));
    bind_tags(&batch, "d2", 2, taosuv_null());
    WELL(tuv_batch_columns(&batch, 1, second, 3, WHY));
    assert_int_equal(tuv_batch_rows(&batch), 3);
    assert_bytes(encode(&batch, 0x10, 1), 0, two_tables);
    tuv_batch_clear(&batch);
    assert_int_equal(tuv_batch_size(&batch), 0);
  }
  tuv_batch_free(&batch);
}

/* The NCHAR item of a table's only column of two rows: 12 bytes, the NULLs, the lengths, the values. */
static const char two_empty[] =
    "1c 00 00 00 0a 00 00 00 02 00 00 00 00 00 01 00 00 00 00 00 00 00 00"
    "01 00 00 00 00";
static const char empty_and_null[] =
    "1c 00 00 00 0a 00 00 00 02 00 00 00 00 01 01 00 00 00 00"
    "00 00 00 00 01 00 00 00 00";
static const char two_nulls[] =
    "1b 00 00 00 0a 00 00 00 02 00 00 00 01 01 01 00 00 00 00"
    "00 00 00 00 00 00 00 00";
static const char empty_and_a[] =
    "1c 00 00 00 0a 00 00 00 02 00 00 00 00 00 01 00 00 00 00"
    "01 00 00 00 01 00 00 00 61";

/* TDengine 3.3.7.5 refuses the whole message without that byte. */
static void an_nchar_column_of_empty_values_has_a_spare_byte(void** state) {
  static const struct {
    const char* values[2]; /* NULL: NULL */
    const char* item;
  } cases[] = {{{"", ""}, two_empty},
               {{"", NULL}, empty_and_null},
               {{NULL, NULL}, two_nulls},
               {{"", "a"}, empty_and_a}};
  static const tuv_batch_format_t formats[] = {TUV_BATCH_STMT2, TUV_BATCH_COLUMNAR};
  taosuv_stmt_field_t n = field("n", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_NCHAR, 10);
  (void) state;
  for (uint32_t i = 0; i < 2 * COUNT(cases); i++) {
    tuv_batch_t batch;
    tuv_batch_init(&batch, &tuv_alloc_default, true, &n, 1);
    WELL(tuv_batch_set_encoding(&batch, (tuv_batch_encoding_t) {.format = (uint8_t) formats[i % 2]},
                                WHY));
    for (int row = 0; row < 2; row++) {
      const char* value = cases[i / 2].values[row];
      taosuv_value_t cell = value != NULL ? text(value) : taosuv_null();
      WELL(tuv_batch_row(&batch, &cell, 1, WHY));
    }
    message_t message = encode(&batch, 1, 1);
    size_t size = cases[i / 2].item == two_nulls ? 27 : 28;
    assert_bytes(message, message.size - size, cases[i / 2].item);
    tuv_batch_free(&batch);
  }
}

/* Also where the rows are masked as they are bound, and beside texts that need none. */
static void empty_values_by_column_are_those_by_row(void** state) {
  enum { ROWS = 100 };
  static const uint8_t key[4] = {1, 2, 3, 4};
  static int64_t ts[ROWS];
  static uint32_t offsets[ROWS + 1];
  taosuv_stmt_field_t fields[] = {field("ts", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_TIMESTAMP, 0),
                                  field("n", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_NCHAR, 10),
                                  field("v", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_VARCHAR, 10)};
  taosuv_array_t columns[] = {{TAOSUV_TYPE_TIMESTAMP, ts, NULL, NULL},
                              {TAOSUV_TYPE_NCHAR, "", offsets, NULL},
                              {TAOSUV_TYPE_VARCHAR, "", offsets, NULL}};
  tuv_batch_t by_column, by_row;
  (void) state;
  tuv_batch_init(&by_column, &tuv_alloc_default, true, fields, 3);
  tuv_batch_init(&by_row, &tuv_alloc_default, true, fields, 3);
  tuv_batch_set_key(&by_column, key);
  for (int i = 0; i < ROWS; i++) {
    ts[i] = TS + i;
    taosuv_value_t row[] = {taosuv_i64(ts[i]), text(""), text("")};
    WELL(tuv_batch_row(&by_row, row, 3, WHY));
  }
  WELL(tuv_batch_columns(&by_column, ROWS, columns, 3, WHY));
  message_t one = encode(&by_column, 1, 1), other = encode(&by_row, 1, 1);
  assert_int_equal(one.size, other.size);
  assert_memory_equal(one.bytes, other.bytes, one.size);
  free(one.bytes);
  free(other.bytes);
  tuv_batch_free(&by_column);
  tuv_batch_free(&by_row);
}

static void two_tables_by_row_are_as_documented(void** state) {
  (void) state;
  tuv_batch_t batch;
  taosuv_value_t rows[][3] = {{taosuv_i64(TS), taosuv_f64(5.5), text("ab")},
                              {taosuv_i64(TS + 1), taosuv_null(), taosuv_null()},
                              {taosuv_i64(TS + 2), taosuv_f64(6.5), text("\xe6\xb6\x9b")}};
  tuv_batch_init(&batch, &tuv_alloc_default, true, st_fields(), 6);
  bind_tags(&batch, "d1", 1, text("bj"));
  WELL(tuv_batch_row(&batch, rows[0], 3, WHY));
  bind_tags(&batch, "d2", 2, taosuv_null());
  WELL(tuv_batch_row(&batch, rows[2], 3, WHY));
  bind_tags(&batch, "d1", 1, text("bj"));
  for (int i = 0; i < 3; i++) WELL(tuv_batch_value(&batch, &rows[1][i], WHY));
  assert_bytes(encode(&batch, 0x10, 1), 0, two_tables);
  tuv_batch_free(&batch);
}

static void a_query_s_parameters_are_as_documented(void** state) {
  (void) state;
  tuv_batch_t batch;
  const int32_t number = 7;
  const uint32_t offsets[] = {0, 3};
  taosuv_array_t params[] = {{TAOSUV_TYPE_INT, &number, NULL, NULL},
                             {TAOSUV_TYPE_VARCHAR, "abc", offsets, NULL}};
  tuv_batch_init(&batch, &tuv_alloc_default, false, NULL, 2);
  WELL(tuv_batch_columns(&batch, 1, params, 2, WHY));
  assert_bytes(encode(&batch, 0, 0), 30,
               "4f 00 00 00 01 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 00 00 00 00"
               "1c 00 00 00 2f 00 00 00"
               "16 00 00 00 04 00 00 00 01 00 00 00 00 00 04 00 00 00 07 00 00 00"
               "19 00 00 00 08 00 00 00 01 00 00 00 00 01 03 00 00 00 03 00 00 00 61 62 63");
  tuv_batch_free(&batch);
}

static void a_columnar_message_is_as_documented(void** state) {
  (void) state;
  tuv_batch_t batch;
  taosuv_stmt_field_t fields[] = {field("tbname", TAOSUV_BIND_TABLE, TAOSUV_TYPE_VARCHAR, 269),
                                  field("ts", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_TIMESTAMP, 0),
                                  field("v", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_FLOAT, 0)};
  taosuv_value_t rows[][2] = {{taosuv_i64(TS), taosuv_f64(1.5)},
                              {taosuv_i64(TS + 1), taosuv_null()},
                              {taosuv_i64(TS + 2), taosuv_f64(2.5)}};
  tuv_batch_encoding_t encoding = {TUV_BATCH_COLUMNAR, false};
  tuv_batch_init(&batch, &tuv_alloc_default, true, fields, 3);
  WELL(tuv_batch_set_encoding(&batch, encoding, WHY));
  for (int i = 0; i < 3; i++) {
    WELL(tuv_batch_table(&batch, i < 2 ? "d1" : "d2", 2, WHY));
    WELL(tuv_batch_row(&batch, rows[i], 2, WHY));
  }
  assert_bytes(encode(&batch, 0, 0), 26,
               "86 00 00 00 03 00 00 00 02 00 00 00 03 00 00 00 14 00 00 00"
               "26 00 00 00 08 00 00 00 03 00 00 00 00 00 00 01 02 00 00 00 02 00 00 00"
               "02 00 00 00 06 00 00 00 64 31 64 31 64 32"
               "2c 00 00 00 09 00 00 00 03 00 00 00 00 00 00 00 18 00 00 00"
               "32 2b 80 0d 92 01 00 00 33 2b 80 0d 92 01 00 00 34 2b 80 0d 92 01 00 00"
               "20 00 00 00 06 00 00 00 03 00 00 00 00 01 00 00 0c 00 00 00"
               "00 00 c0 3f 00 00 00 00 00 00 20 40");
  tuv_batch_free(&batch);
}

static void a_block_of_the_first_version_is_as_documented(void** state) {
  (void) state;
  tuv_batch_t batch;
  taosuv_stmt_field_t fields[] = {field("t", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_TIMESTAMP, 0),
                                  field("i", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_INT, 0),
                                  field("v", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_VARCHAR, 9),
                                  field("n", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_NCHAR, 9)};
  taosuv_value_t rows[][4] = {
      {taosuv_i64(TS), taosuv_i64(7), text("ab"), taosuv_null()},
      {taosuv_i64(TS + 1), taosuv_null(), taosuv_null(), text("\xe6\xb6\x9b")}};
  tuv_batch_encoding_t encoding = {TUV_BATCH_V1, false};
  tuv_batch_init(&batch, &tuv_alloc_default, true, fields, 4);
  WELL(tuv_batch_row(&batch, rows[0], 4, WHY));
  WELL(tuv_batch_row(&batch, rows[1], 4, WHY));
  WELL(tuv_batch_set_encoding(&batch, encoding, WHY));
  WELL(tuv_batch_ready(&batch, 1000, WHY));
  assert_int_equal(tuv_batch_tables(&batch), 1);
  assert_int_equal(tuv_batch_size(&batch), 0x74 + 24);
  assert_bytes(encode_rows(&batch, 0, 3, 4), 0,
               "03 00 00 00 00 00 00 00 04 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00"
               "01 00 00 00 74 00 00 00 02 00 00 00 04 00 00 00"
               "00 00 00 00 00 00 00 00 00 00 00 00 09 08 00 00"
               "00 04 04 00 00 00 08 00 00 00 00 0a 00 00 00 00"
               "10 00 00 00 08 00 00 00 04 00 00 00 06 00 00 00"
               "00 32 2b 80 0d 92 01 00 00 33 2b 80 0d 92 01 00"
               "00 40 07 00 00 00 00 00 00 00 00 00 00 00 ff ff"
               "ff ff 02 00 61 62 ff ff ff ff 00 00 00 00 04 00"
               "9b 6d 00 00");
  tuv_batch_free(&batch);
}

static void tags_of_the_first_version_are_as_documented(void** state) {
  (void) state;
  tuv_batch_t batch;
  tuv_batch_encoding_t encoding = {TUV_BATCH_V1, false};
  taosuv_value_t row[] = {taosuv_i64(TS), taosuv_null(), taosuv_null()};
  size_t length;
  tuv_batch_init(&batch, &tuv_alloc_default, true, st_fields(), 6);
  bind_tags(&batch, "d1", 7, text("ab"));
  WELL(tuv_batch_row(&batch, row, 3, WHY));
  WELL(tuv_batch_set_encoding(&batch, encoding, WHY));
  WELL(tuv_batch_ready(&batch, 1000, WHY));
  assert_memory_equal(tuv_batch_v1_name(&batch, 0, &length), "d1", 2);
  assert_int_equal(length, 2);
  /* The gateway ignores the length, which that example leaves out; here it is written. */
  assert_bytes(encode_tags(&batch, 0, 1), 24,
               "01000000 3b000000 01000000 02000000 00000000 0000000000000000 0404000000 0800000000"
               "04000000 04000000 00 07000000 00000000 0200 6162");
  tuv_batch_free(&batch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_tables_by_column_are_as_documented),
      cmocka_unit_test(two_tables_by_row_are_as_documented),
      cmocka_unit_test(an_nchar_column_of_empty_values_has_a_spare_byte),
      cmocka_unit_test(empty_values_by_column_are_those_by_row),
      cmocka_unit_test(a_query_s_parameters_are_as_documented),
      cmocka_unit_test(a_columnar_message_is_as_documented),
      cmocka_unit_test(a_block_of_the_first_version_is_as_documented),
      cmocka_unit_test(tags_of_the_first_version_are_as_documented),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
