/* The bind messages of a real client, made again from the same data, by column and by row. */
#include "batch_kit.h"
#include "data.h"

#define TS INT64_C(1700000000000)

/* The hex of the message of an action with a given req_id, in a recording. */
static char* recorded(const char* file, uint64_t req_id, uint8_t action) {
  td_jsonl_t lines;
  char* found = NULL;
  td_jsonl_open(&lines, file);
  for (yyjson_val* line; found == NULL && (line = td_jsonl_next(&lines)) != NULL;) {
    size_t length, size;
    const char* hex = td_str(line, "hex", &length);
    if (length < 48 || strcmp(td_str(line, "dir", NULL), "send") != 0) continue;
    uint8_t* bytes = td_hex(hex, length, &size);
    if (taosuv_load_u64(bytes) == req_id && bytes[16] == action) {
      found = malloc(length + 1);
      assert_non_null(found);
      memcpy(found, hex, length + 1);
    }
    free(bytes);
  }
  td_jsonl_close(&lines);
  assert_non_null(found);
  return found;
}

static void assert_recorded(message_t message, const char* file, uint64_t req_id, uint8_t action) {
  char* hex = recorded(file, req_id, action);
  assert_bytes(message, 0, hex);
  free(hex);
}

/* ---- all types, three tables ---- */

#define COLUMNS 16
#define FIELDS (6 + COLUMNS)

static const taosuv_stmt_field_t* all_fields(void) {
  static const struct {
    const char* name;
    uint8_t kind, type;
    uint32_t length;
  } table[FIELDS] = {{"tbname", TAOSUV_BIND_TABLE, TAOSUV_TYPE_VARCHAR, 269},
                     {"t_bool", TAOSUV_BIND_TAG, TAOSUV_TYPE_BOOL, 0},
                     {"t_i32", TAOSUV_BIND_TAG, TAOSUV_TYPE_INT, 0},
                     {"t_f64", TAOSUV_BIND_TAG, TAOSUV_TYPE_DOUBLE, 0},
                     {"t_bin", TAOSUV_BIND_TAG, TAOSUV_TYPE_VARCHAR, 32},
                     {"t_nchar", TAOSUV_BIND_TAG, TAOSUV_TYPE_NCHAR, 32},
                     {"ts", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_TIMESTAMP, 0},
                     {"c_bool", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_BOOL, 0},
                     {"c_i8", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_TINYINT, 0},
                     {"c_i16", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_SMALLINT, 0},
                     {"c_i32", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_INT, 0},
                     {"c_i64", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_BIGINT, 0},
                     {"c_u8", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_UTINYINT, 0},
                     {"c_u16", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_USMALLINT, 0},
                     {"c_u32", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_UINT, 0},
                     {"c_u64", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_UBIGINT, 0},
                     {"c_f32", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_FLOAT, 0},
                     {"c_f64", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_DOUBLE, 0},
                     {"c_bin", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_VARCHAR, 64},
                     {"c_nchar", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_NCHAR, 64},
                     {"c_varbin", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_VARBINARY, 64},
                     {"c_geo", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_GEOMETRY, 100}};
  static taosuv_stmt_field_t fields[FIELDS];
  for (int i = 0; i < FIELDS; i++)
    fields[i] = field(table[i].name, table[i].kind, table[i].type, table[i].length);
  return fields;
}

static const char wkb[] = "\x01\x01\0\0\0\0\0\0\0\0\0\xf8\x3f\0\0\0\0\0\0\x04\xc0";
static const char x64[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
static const char taosi[] = "\xe6\xb6\x9b\xe6\x80\x9d", a_shu_b[] =
                                                            "a\xe6\x95\xb0"
                                                            "b";

static void open_table(tuv_batch_t* batch, int number) {
  char name[] = "st_?", bin[] = "tag?", nchar[] = "\xe6\xa0\x87\xe7\xad\xbe?";
  name[3] = bin[3] = nchar[6] = (char) ('0' + number);
  taosuv_value_t tags[] = {taosuv_bool(number % 2), taosuv_i64(number), taosuv_f64(number * 1.5),
                           text(bin), text(nchar)};
  WELL(tuv_batch_table(batch, name, 4, WHY));
  WELL(tuv_batch_tags(batch, tags, 5, WHY));
}

static void bind_rows(tuv_batch_t* batch, int number) {
  int64_t ts = TS + 100 * number;
  taosuv_value_t null = taosuv_null();
  taosuv_value_t rows[4][COLUMNS] = {
      {taosuv_i64(ts), taosuv_bool(1), taosuv_i64(127), taosuv_i64(32767), taosuv_i64(INT32_MAX),
       taosuv_i64(INT64_MAX), taosuv_u64(255), taosuv_u64(65535), taosuv_u64(UINT32_MAX),
       taosuv_u64(UINT64_MAX), taosuv_f64(1.5), taosuv_f64(2.5), text("bin"), text(taosi),
       taosuv_bytes("\0\xff\x10", 3), taosuv_bytes(wkb, 21)},
      {taosuv_i64(ts + 1), taosuv_bool(0), taosuv_i64(-127), taosuv_i64(-32767),
       taosuv_i64(-INT32_MAX), taosuv_i64(-INT64_MAX), taosuv_u64(0), taosuv_i64(0), taosuv_u64(0),
       taosuv_i64(0), taosuv_f64(-1.5), taosuv_f64(-2.5), text(""), text(""), taosuv_bytes("", 0),
       null},
      {taosuv_i64(ts + 2), null, null, null, null, null, null, null, null, null, null, null, null,
       null, null, null},
      {taosuv_i64(ts + 3), taosuv_bool(5), taosuv_i64(1), taosuv_i64(1), taosuv_i64(number),
       taosuv_i64(1), taosuv_u64(1), taosuv_u64(1), taosuv_u64(1), taosuv_u64(1), taosuv_f64(0.25),
       taosuv_f64(0.125), text(x64), text(a_shu_b), taosuv_bytes("\xde\xad", 2),
       taosuv_bytes(wkb, 21)}};
  for (int row = 0; row < 4; row++) WELL(tuv_batch_row(batch, rows[row], COLUMNS, WHY));
}

static void bind_columns(tuv_batch_t* batch, int number) {
  static const uint8_t third[] = {0, 0, 1, 0}, geo_nulls[] = {0, 2, 1, 0};
  int64_t base = TS + 100 * number, ts[] = {base, base + 1, base + 2, base + 3};
  const uint8_t truth[] = {1, 0, 9, 2};
  const int8_t i8[] = {127, -127, 9, 1};
  const int16_t i16[] = {32767, -32767, 9, 1};
  const int32_t i32[] = {INT32_MAX, -INT32_MAX, 9, number};
  const int64_t i64[] = {INT64_MAX, -INT64_MAX, 9, 1};
  const uint8_t u8[] = {255, 0, 9, 1};
  const uint16_t u16[] = {65535, 0, 9, 1};
  const uint32_t u32[] = {UINT32_MAX, 0, 9, 1};
  const uint64_t u64[] = {UINT64_MAX, 0, 9, 1};
  const float f32[] = {1.5f, -1.5f, 9, 0.25f};
  const double f64[] = {2.5, -2.5, 9, 0.125};
  char bin[80] = "bin", nchar[16], bytes[] = "\0\xff\x10\xde\xad", geo[64] = "";
  strcat(bin, x64);
  strcat(strcpy(nchar, taosi), a_shu_b);
  memcpy(geo, wkb, 21);
  memcpy(geo + 21, "?", 1); /* of a row that is NULL */
  memcpy(geo + 22, wkb, 21);
  const uint32_t bin_at[] = {0, 3, 3, 3, 67}, nchar_at[] = {0, 6, 6, 6, 11};
  const uint32_t bytes_at[] = {0, 3, 3, 3, 5}, geo_at[] = {0, 21, 21, 22, 43};
  const taosuv_array_t columns[COLUMNS] = {{TAOSUV_TYPE_TIMESTAMP, ts, NULL, NULL},
                                           {TAOSUV_TYPE_BOOL, truth, NULL, third},
                                           {TAOSUV_TYPE_TINYINT, i8, NULL, third},
                                           {TAOSUV_TYPE_SMALLINT, i16, NULL, third},
                                           {TAOSUV_TYPE_INT, i32, NULL, third},
                                           {TAOSUV_TYPE_BIGINT, i64, NULL, third},
                                           {TAOSUV_TYPE_UTINYINT, u8, NULL, third},
                                           {TAOSUV_TYPE_USMALLINT, u16, NULL, third},
                                           {TAOSUV_TYPE_UINT, u32, NULL, third},
                                           {TAOSUV_TYPE_UBIGINT, u64, NULL, third},
                                           {TAOSUV_TYPE_FLOAT, f32, NULL, third},
                                           {TAOSUV_TYPE_DOUBLE, f64, NULL, third},
                                           {TAOSUV_TYPE_VARCHAR, bin, bin_at, third},
                                           {TAOSUV_TYPE_NCHAR, nchar, nchar_at, third},
                                           {TAOSUV_TYPE_VARBINARY, bytes, bytes_at, third},
                                           {TAOSUV_TYPE_GEOMETRY, geo, geo_at, geo_nulls}};
  WELL(tuv_batch_columns(batch, 4, columns, COLUMNS, WHY));
}

static void all_types_in_three_tables(void** state) {
  (void) state;
  tuv_batch_t batch;
  tuv_batch_init(&batch, &tuv_alloc_default, true, all_fields(), FIELDS);
  for (int style = 0; style < 2; style++) {
    for (int number = 0; number < 3; number++) {
      open_table(&batch, number);
      if (style == 0)
        bind_columns(&batch, number);
      else
        bind_rows(&batch, number);
    }
    assert_recorded(encode(&batch, 5, 1), "stmt2.jsonl", 5, 9);
    tuv_batch_clear(&batch);
  }
  tuv_batch_free(&batch);
}

static void a_row_of_nulls(void** state) {
  (void) state;
  tuv_batch_t batch;
  int64_t ts = TS + 5000;
  taosuv_value_t row[COLUMNS] = {taosuv_i64(ts)}; /* the others are all zeros: NULL */
  taosuv_array_t columns[COLUMNS] = {{TAOSUV_TYPE_TIMESTAMP, &ts, NULL, NULL}}; /* so are these */
  tuv_batch_init(&batch, &tuv_alloc_default, true, all_fields(), FIELDS);
  open_table(&batch, 0);
  WELL(tuv_batch_row(&batch, row, COLUMNS, WHY));
  assert_recorded(encode(&batch, 7, 1), "stmt2.jsonl", 7, 9);
  tuv_batch_clear(&batch);
  open_table(&batch, 0);
  WELL(tuv_batch_columns(&batch, 1, columns, COLUMNS, WHY));
  assert_recorded(encode(&batch, 7, 1), "stmt2.jsonl", 7, 9);
  tuv_batch_free(&batch);
}

static void a_table_that_the_sql_names(void** state) {
  (void) state;
  tuv_batch_t batch;
  taosuv_stmt_field_t fields[] = {field("ts", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_TIMESTAMP, 0),
                                  field("v", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_INT, 0),
                                  field("s", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_NCHAR, 16)};
  taosuv_value_t rows[][3] = {{taosuv_i64(TS), taosuv_i64(7), text("\xc3\xa9")},
                              {taosuv_i64(TS + 1), taosuv_null(), taosuv_null()}};
  tuv_batch_init(&batch, &tuv_alloc_default, true, fields, 3);
  for (int row = 0; row < 2; row++) WELL(tuv_batch_row(&batch, rows[row], 3, WHY));
  assert_recorded(encode(&batch, 15, 2), "stmt2.jsonl", 15, 9);
  tuv_batch_free(&batch);
}

static void a_query_s_parameters(void** state) {
  (void) state;
  tuv_batch_t batch;
  int64_t ts = TS;
  int32_t v = 7, least = 1;
  taosuv_array_t params[] = {{TAOSUV_TYPE_TIMESTAMP, &ts, NULL, NULL},
                             {TAOSUV_TYPE_INT, &v, NULL, NULL}};
  tuv_batch_init(&batch, &tuv_alloc_default, false, NULL, 2);
  WELL(tuv_batch_columns(&batch, 1, params, 2, WHY));
  assert_recorded(encode(&batch, 22, 3), "stmt2.jsonl", 22, 9);
  tuv_batch_free(&batch);

  tuv_batch_encoding_t encoding = {TUV_BATCH_V1, false};
  params[0] = (taosuv_array_t) {TAOSUV_TYPE_INT, &least, NULL, NULL};
  tuv_batch_init(&batch, &tuv_alloc_default, false, NULL, 1);
  WELL(tuv_batch_set_encoding(&batch, encoding, WHY));
  WELL(tuv_batch_columns(&batch, 1, params, 1, WHY));
  WELL(tuv_batch_ready(&batch, 65536, WHY));
  assert_int_equal(tuv_batch_tables(&batch), 1);
  assert_recorded(encode_rows(&batch, 0, 25, 2), "stmt1.jsonl", 25, 2);
  tuv_batch_free(&batch);
}

static void tags_and_rows_of_the_first_version(void** state) {
  (void) state;
  tuv_batch_t batch;
  tuv_batch_encoding_t encoding = {TUV_BATCH_V1, false};
  taosuv_stmt_field_t fields[] = {field("", TAOSUV_BIND_TABLE, TAOSUV_TYPE_VARCHAR, 0),
                                  field("loc", TAOSUV_BIND_TAG, TAOSUV_TYPE_VARCHAR, 16),
                                  field("g", TAOSUV_BIND_TAG, TAOSUV_TYPE_INT, 0),
                                  field("ts", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_TIMESTAMP, 0),
                                  field("v", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_INT, 0),
                                  field("f", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_DOUBLE, 0),
                                  field("s", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_VARCHAR, 16),
                                  field("n", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_NCHAR, 16)};
  taosuv_value_t tags[] = {text("la"), taosuv_i64(3)};
  taosuv_value_t rows[][5] = {
      {taosuv_i64(TS), taosuv_i64(10), taosuv_f64(0.5), text("bin"), text(taosi)},
      {taosuv_i64(TS + 1), taosuv_null(), taosuv_null(), taosuv_null(), taosuv_null()}};
  tuv_batch_init(&batch, &tuv_alloc_default, true, fields, COUNT(fields));
  WELL(tuv_batch_set_encoding(&batch, encoding, WHY));
  WELL(tuv_batch_table(&batch, "st_b", 4, WHY));
  WELL(tuv_batch_tags(&batch, tags, 2, WHY));
  for (int row = 0; row < 2; row++) WELL(tuv_batch_row(&batch, rows[row], 5, WHY));
  WELL(tuv_batch_ready(&batch, 65536, WHY));
  assert_recorded(encode_tags(&batch, 0, 13), "stmt1.jsonl", 13, 1);
  assert_recorded(encode_rows(&batch, 0, 14, 1), "stmt1.jsonl", 14, 2);
  tuv_batch_free(&batch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_types_in_three_tables),          cmocka_unit_test(a_row_of_nulls),
      cmocka_unit_test(a_table_that_the_sql_names),         cmocka_unit_test(a_query_s_parameters),
      cmocka_unit_test(tags_and_rows_of_the_first_version),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
