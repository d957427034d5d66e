/* What binding refuses: the status, a text that names the place, and a batch that is as before. */
#include "batch_kit.h"
#include "wire/batch/part.h"

#define TS INT64_C(1726803356466)

/* A field of every kind of trouble. */
enum { TABLE, TAG_TEXT, TAG_JSON, TIME, INT8, UINT16, FLOATS, CHARS, NCHARS, SHAPE, MONEY, FIELDS };
enum { TAGS = 2, COLUMNS = FIELDS - 3 };

static taosuv_stmt_field_t fields[FIELDS];

static void make_fields(void) {
  fields[TABLE] = field("tbname", TAOSUV_BIND_TABLE, TAOSUV_TYPE_VARCHAR, 10);
  fields[TAG_TEXT] = field("place", TAOSUV_BIND_TAG, TAOSUV_TYPE_VARCHAR, 4);
  fields[TAG_JSON] = field("more", TAOSUV_BIND_TAG, TAOSUV_TYPE_JSON, 0);
  fields[TIME] = field("ts", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_TIMESTAMP, 0);
  fields[INT8] = field("tiny", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_TINYINT, 0);
  fields[UINT16] = field("small", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_USMALLINT, 0);
  fields[FLOATS] = field("f", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_FLOAT, 0);
  fields[CHARS] = field("c", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_VARCHAR, 4);
  fields[NCHARS] = field("n", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_NCHAR, 4);
  fields[SHAPE] = field("g", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_GEOMETRY, 60);
  fields[MONEY] = decimal_field("m", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_DECIMAL64, 5, 2);
}

static const char point[] = "\x01\x01\0\0\0\0\0\0\0\0\0\xf8\x3f\0\0\0\0\0\0\x04\xc0";

static void good_tags(taosuv_value_t tags[TAGS]) {
  tags[0] = text("here");
  tags[1] = text("{\"a\":1}");
}

static void good_row(taosuv_value_t row[COLUMNS]) {
  const taosuv_value_t good[COLUMNS] = {taosuv_i64(TS),
                                        taosuv_i64(-128),
                                        taosuv_u64(65535),
                                        taosuv_f64(0.5),
                                        text("abcd"),
                                        text("\xe6\xb6\x9b\xe6\xb6\x9b\xe6\xb6\x9b\xe6\xb6\x9b"),
                                        taosuv_bytes(point, 21),
                                        text("-123.45")};
  memcpy(row, good, sizeof good);
}

/* A batch with a row, and its message. */
static message_t begin(tuv_batch_t* batch) {
  taosuv_value_t tags[TAGS], row[COLUMNS];
  make_fields();
  good_tags(tags);
  good_row(row);
  tuv_batch_init(batch, &tuv_alloc_default, true, fields, FIELDS);
  WELL(tuv_batch_table(batch, "d1", 2, WHY));
  WELL(tuv_batch_tags(batch, tags, TAGS, WHY));
  WELL(tuv_batch_row(batch, row, COLUMNS, WHY));
  return encode(batch, 1, 2);
}

static void end(tuv_batch_t* batch, message_t before) {
  message_t after = encode(batch, 1, 2);
  assert_int_equal(tuv_batch_rows(batch), 1);
  assert_int_equal(after.size, before.size);
  assert_memory_equal(after.bytes, before.bytes, before.size);
  free(before.bytes);
  free(after.bytes);
  tuv_batch_free(batch);
}

/* ---- single values ---- */

typedef struct wrong_s {
  int field;
  taosuv_value_t value;
  int status;
  const char* text; /* from the place's end on */
} wrong_t;

static const wrong_t* wrong_values(uint32_t* count) {
  static wrong_t list[40];
  const struct timespec nanoseconds = {0, 1000000000}, late = {INT64_MAX / 1000 + 1, 0};
  const wrong_t all[] = {
      {TIME, taosuv_null(), TUV_EINVAL, "the table's first TIMESTAMP must not be NULL"},
      {TIME, taosuv_u64(1), TUV_ETYPE, "a uint64 cannot be bound to a field of type TIMESTAMP"},
      {TIME, text("2024-01-01"), TUV_ETYPE, "text cannot be bound to a field of type TIMESTAMP"},
      {TIME, taosuv_timespec(nanoseconds), TUV_EINVAL,
       "the timespec has 1000000000 nanoseconds; 0 to 999999999 are possible"},
      {TIME, taosuv_timespec(late), TUV_ERANGE,
       "9223372036854776 seconds do not fit a TIMESTAMP of precision 0"},
      {INT8, taosuv_i64(128), TUV_ERANGE, "128 does not fit TINYINT"},
      {INT8, taosuv_i64(-129), TUV_ERANGE, "-129 does not fit TINYINT"},
      {INT8, taosuv_u64(UINT64_MAX), TUV_ERANGE, "18446744073709551615 does not fit TINYINT"},
      {INT8, taosuv_f64(1), TUV_ETYPE, "a double cannot be bound to a field of type TINYINT"},
      {INT8, taosuv_bool(1), TUV_ETYPE, "a bool cannot be bound to a field of type TINYINT"},
      {UINT16, taosuv_i64(-1), TUV_ERANGE, "-1 does not fit SMALLINT UNSIGNED"},
      {UINT16, taosuv_u64(65536), TUV_ERANGE, "65536 does not fit SMALLINT UNSIGNED"},
      {UINT16, taosuv_timespec(late), TUV_ETYPE,
       "a timespec cannot be bound to a field of type SMALLINT UNSIGNED"},
      {FLOATS, taosuv_f64(1e39), TUV_ERANGE, "1e+39 does not fit FLOAT"},
      {FLOATS, taosuv_i64(1), TUV_ETYPE, "an int64 cannot be bound to a field of type FLOAT"},
      {CHARS, text("abcde"), TUV_ERANGE, "the value has 5 bytes; at most 4 are allowed"},
      {CHARS, taosuv_bytes("abcde", 5), TUV_ERANGE, "the value has 5 bytes; at most 4 are allowed"},
      {CHARS, taosuv_text(NULL, 1), TUV_EINVAL, "the value has a length but no bytes"},
      {CHARS, taosuv_bytes("a", SIZE_MAX), TUV_EINVAL, "bytes must have a length"},
      {CHARS, taosuv_i64(1), TUV_ETYPE, "an int64 cannot be bound to a field of type VARCHAR"},
      {NCHARS, text("12345"), TUV_ERANGE, "the value has 5 characters; at most 4 are allowed"},
      {NCHARS, text("abc\xff"), TUV_EINVAL, "the text is not UTF-8"},
      {NCHARS, text("\xe6\xb6"), TUV_EINVAL, "the text is not UTF-8"},
      {NCHARS, taosuv_bytes("a", 1), TUV_ETYPE, "bytes cannot be bound to a field of type NCHAR"},
      {SHAPE, text("POINT(1 2)"), TUV_ETYPE, "text cannot be bound to a field of type GEOMETRY"},
      {SHAPE, taosuv_bytes(point, 20), TUV_EINVAL,
       "the bytes are not a WKB geometry (20 bytes, wrong from byte 5)"},
      {MONEY, text("1000"), TUV_ERANGE, "1000 does not fit DECIMAL(5, 2)"},
      {MONEY, text("999.995"), TUV_ERANGE, "999.995 does not fit DECIMAL(5, 2)"},
      {MONEY, text("1e3"), TUV_EINVAL, "'1e3' is not a decimal number"},
      {MONEY, text(""), TUV_EINVAL, "'' is not a decimal number"},
      {MONEY, taosuv_bytes(point, 16), TUV_EINVAL,
       "an integer of 16 bytes was given, but this DECIMAL has 8"},
      {MONEY, taosuv_i64(1), TUV_ETYPE, "an int64 cannot be bound to a field of type DECIMAL"},
      {MONEY,
       {200, 0, {0}},
       TUV_ETYPE,
       "a value of an unknown kind cannot be bound to a field of type DECIMAL"}};
  memcpy(list, all, sizeof all);
  *count = COUNT(all);
  return list;
}

static void assert_wrong(const wrong_t* wrong, int row_number, int status, const char* message) {
  char expected[TUV_ERRMSG_SIZE];
  snprintf(expected, sizeof expected, "table 'd1', column '%s', row %d: %s",
           fields[wrong->field].name, row_number, wrong->text);
  assert_string_equal(message, expected);
  assert_int_equal(status, wrong->status);
}

static void wrong_values_in_rows(void** state) {
  (void) state;
  tuv_batch_t batch;
  message_t before = begin(&batch);
  uint32_t count;
  const wrong_t* list = wrong_values(&count);
  for (uint32_t i = 0; i < count; i++) {
    taosuv_value_t row[COLUMNS];
    tuv_errmsg_t err = {""};
    good_row(row);
    row[list[i].field - TIME] = list[i].value;
    int status = tuv_batch_row(&batch, row, COLUMNS, &err);
    assert_wrong(&list[i], 1, status, err.text);
    assert_int_equal(tuv_batch_row(&batch, row, COLUMNS, NULL), status);
  }
  end(&batch, before);
}

static void a_wrong_single_value_can_be_given_again(void** state) {
  (void) state;
  uint32_t count;
  make_fields();
  const wrong_t* list = wrong_values(&count);
  for (uint32_t i = 0; i < count; i++) {
    tuv_batch_t batch;
    message_t before = begin(&batch);
    taosuv_value_t row[COLUMNS];
    tuv_errmsg_t err = {""};
    good_row(row);
    for (int column = 0; column < list[i].field - TIME; column++)
      WELL(tuv_batch_value(&batch, &row[column], WHY));
    assert_wrong(&list[i], 1, tuv_batch_value(&batch, &list[i].value, &err), err.text);
    for (int column = list[i].field - TIME; column < COLUMNS - 1; column++)
      WELL(tuv_batch_value(&batch, &row[column], WHY));
    assert_int_equal(tuv_batch_ready(&batch, INT32_MAX, &err), TUV_EINVAL);
    assert_string_equal(err.text, "a row is unfinished: it has 7 of 8 values");
    tuv_batch_undo(&batch);
    end(&batch, before);
  }
}

/* ---- tags ---- */

static void wrong_tags(void** state) {
  (void) state;
  tuv_batch_t batch;
  message_t before = begin(&batch);
  const struct {
    int at;
    taosuv_value_t value;
    int status;
    const char* text;
  } list[] = {{0, text("there"), TUV_ERANGE,
               "table 'd1', tag 'place': the value has 5 bytes; at most 4 are allowed"},
              {0, taosuv_i64(1), TUV_ETYPE,
               "table 'd1', tag 'place': an int64 cannot be bound to a field of type VARCHAR"},
              {1, text("[1]"), TUV_EINVAL, "table 'd1', tag 'more': a JSON tag must be an object"},
              {1, text("{1}"), TUV_EINVAL, NULL}};
  for (uint32_t i = 0; i < COUNT(list); i++) {
    taosuv_value_t tags[TAGS];
    tuv_errmsg_t err = {""};
    good_tags(tags);
    tags[list[i].at] = list[i].value;
    assert_int_equal(tuv_batch_tags(&batch, tags, TAGS, &err), list[i].status);
    if (list[i].text != NULL)
      assert_string_equal(err.text, list[i].text);
    else
      assert_non_null(strstr(err.text, "the text is not JSON"));
  }
  taosuv_value_t tags[TAGS];
  tuv_errmsg_t err;
  good_tags(tags);
  assert_int_equal(tuv_batch_tags(&batch, tags, 1, &err), TUV_EINVAL);
  assert_string_equal(err.text, "1 tags were given, but the statement has 2");
  assert_int_equal(tuv_batch_tags(&batch, NULL, TAGS, &err), TUV_EINVAL);
  assert_string_equal(err.text, "0 tags were given, but the statement has 2");
  end(&batch, before);
}

/* ---- columns ---- */

typedef struct arrays_s {
  taosuv_array_t columns[COLUMNS];
} arrays_t;

static arrays_t good_arrays(void) {
  static const int64_t ts[] = {TS, TS + 1}, money[] = {1, 2};
  static const int8_t tiny[] = {1, 2};
  static const uint16_t small[] = {1, 2};
  static const float floats[] = {1, 2};
  static const uint32_t two[] = {0, 2, 4}, points[] = {0, 21, 42};
  static char shapes[42];
  memcpy(shapes, point, 21);
  memcpy(shapes + 21, point, 21);
  arrays_t good = {{{TAOSUV_TYPE_TIMESTAMP, ts, NULL, NULL},
                    {TAOSUV_TYPE_TINYINT, tiny, NULL, NULL},
                    {TAOSUV_TYPE_USMALLINT, small, NULL, NULL},
                    {TAOSUV_TYPE_FLOAT, floats, NULL, NULL},
                    {TAOSUV_TYPE_VARCHAR, "abcd", two, NULL},
                    {TAOSUV_TYPE_NCHAR, "abcd", two, NULL},
                    {TAOSUV_TYPE_GEOMETRY, shapes, points, NULL},
                    {TAOSUV_TYPE_DECIMAL64, money, NULL, NULL}}};
  return good;
}

static void refuses(tuv_batch_t* batch, const arrays_t* arrays, int status, const char* message) {
  tuv_errmsg_t err = {""};
  assert_int_equal(tuv_batch_columns(batch, 2, arrays->columns, COLUMNS, &err), status);
  assert_string_equal(err.text, message);
}

static void wrong_columns(void** state) {
  (void) state;
  tuv_batch_t batch;
  message_t before = begin(&batch);
  static const uint8_t second[] = {0, 1};
  static const uint32_t back[] = {2, 4, 3}, longer[] = {0, 5, 6}, split[] = {0, 1, 4};
  static const uint32_t numbers[] = {0, 4, 9};
  arrays_t a = good_arrays();
  a.columns[0].nulls = second;
  refuses(&batch, &a, TUV_EINVAL,
          "table 'd1', column 'ts', row 1: the table's first TIMESTAMP must not be NULL");
  a = good_arrays();
  a.columns[0].type = TAOSUV_TYPE_NULL;
  refuses(&batch, &a, TUV_EINVAL,
          "table 'd1', column 'ts', row 0: the table's first TIMESTAMP must not be NULL");
  a = good_arrays();
  a.columns[1].type = TAOSUV_TYPE_INT;
  refuses(&batch, &a, TUV_ETYPE,
          "table 'd1', column 'tiny': an array of INT cannot be bound to a field of type TINYINT");
  a.columns[1].type = 99;
  refuses(&batch, &a, TUV_ETYPE,
          "table 'd1', column 'tiny': an array of an unknown type cannot be bound to a field of "
          "type TINYINT");
  a = good_arrays();
  a.columns[2].values = NULL;
  refuses(&batch, &a, TUV_EINVAL, "table 'd1', column 'small': the array has no values");
  a = good_arrays();
  a.columns[4].offsets = NULL;
  refuses(&batch, &a, TUV_EINVAL, "table 'd1', column 'c': the array has no offsets");
  a.columns[4].offsets = back;
  refuses(&batch, &a, TUV_EINVAL,
          "table 'd1', column 'c', row 1: the offsets decrease from 4 to 3");
  a.columns[4].offsets = longer;
  a.columns[4].values = "abcdef";
  refuses(&batch, &a, TUV_ERANGE,
          "table 'd1', column 'c', row 0: the value has 5 bytes; at most 4 are allowed");
  a.columns[4].values = NULL;
  refuses(&batch, &a, TUV_EINVAL,
          "table 'd1', column 'c', row 0: the array has offsets but no values");
  a = good_arrays();
  a.columns[5].values = "a\xe6\xb6\x9b"; /* cut inside the character, though the whole is valid */
  refuses(&batch, &a, TUV_EINVAL, "table 'd1', column 'n', row 0: the text is not UTF-8");
  a.columns[5].offsets = split;
  a.columns[6].offsets = split;
  refuses(&batch, &a, TUV_EINVAL,
          "table 'd1', column 'g', row 0: "
          "the bytes are not a WKB geometry (1 bytes, wrong from byte 1)");
  a = good_arrays();
  a.columns[7] = (taosuv_array_t) {TAOSUV_TYPE_VARCHAR, "1.00100.0", numbers, NULL};
  tuv_errmsg_t err;
  assert_int_equal(tuv_batch_columns(&batch, 2, a.columns, COLUMNS - 1, &err), TUV_EINVAL);
  assert_string_equal(err.text, "7 columns were given, but the statement has 8");
  assert_int_equal(tuv_batch_columns(&batch, 0, a.columns, COLUMNS, &err), TUV_EINVAL);
  assert_string_equal(err.text, "the columns have no rows");
  assert_int_equal(tuv_batch_columns(&batch, 2, NULL, COLUMNS, &err), TUV_EINVAL);
  assert_int_equal(tuv_batch_columns(&batch, UINT32_MAX, a.columns, COLUMNS, &err), TUV_EINVAL);
  a.columns[7].values = "1.001000.";
  refuses(&batch, &a, TUV_ERANGE,
          "table 'd1', column 'm', row 1: 1000. does not fit DECIMAL(5, 2)");
  end(&batch, before);
}

/* ---- tables and the whole ---- */

static void wrong_tables(void** state) {
  (void) state;
  tuv_batch_t batch;
  tuv_errmsg_t err;
  taosuv_value_t tags[TAGS], row[COLUMNS];
  good_tags(tags);
  good_row(row);
  make_fields();
  tuv_batch_init(&batch, &tuv_alloc_default, true, fields, FIELDS);
  assert_int_equal(tuv_batch_tags(&batch, tags, TAGS, &err), TUV_EINVAL);
  assert_string_equal(err.text, "the name of the table must be bound first");
  assert_int_equal(tuv_batch_row(&batch, row, COLUMNS, &err), TUV_EINVAL);
  assert_int_equal(tuv_batch_value(&batch, row, &err), TUV_EINVAL);
  assert_int_equal(tuv_batch_ready(&batch, 1000, &err), TUV_EINVAL);
  assert_string_equal(err.text, "nothing is bound");
  tuv_batch_free(&batch);

  message_t before = begin(&batch);
  assert_int_equal(tuv_batch_table(&batch, "", 0, &err), TUV_EINVAL);
  assert_int_equal(tuv_batch_table(&batch, NULL, 2, &err), TUV_EINVAL);
  assert_string_equal(err.text, "the table's name is empty");
  assert_int_equal(tuv_batch_table(&batch, "12345678901", 11, &err), TUV_ERANGE);
  assert_int_equal(tuv_batch_table(&batch, "a\0b", 3, &err), TUV_EINVAL);
  assert_int_equal(tuv_batch_table(&batch, "\xff", 1, &err), TUV_EINVAL);
  WELL(tuv_batch_value(&batch, row, WHY));
  assert_int_equal(tuv_batch_table(&batch, "d2", 2, &err), TUV_EINVAL);
  assert_int_equal(tuv_batch_tags(&batch, tags, TAGS, &err), TUV_EINVAL);
  assert_int_equal(tuv_batch_row(&batch, row, COLUMNS, &err), TUV_EINVAL);
  assert_string_equal(err.text, "a row is unfinished: it has 1 of 8 values");
  tuv_batch_undo(&batch);
  WELL(tuv_batch_table(&batch, "d2", SIZE_MAX, WHY)); /* has no rows: is left out */
  WELL(tuv_batch_table(&batch, "d1", SIZE_MAX, WHY));
  end(&batch, before);
}

static void long_names_of_tables(void** state) {
  (void) state;
  char name[300], qualified[300];
  memset(name, 'n', sizeof name);
  memset(qualified, 'n', sizeof qualified);
  qualified[64] = '.';
  taosuv_stmt_field_t list[] = {field("tbname", TAOSUV_BIND_TABLE, TAOSUV_TYPE_VARCHAR, 269),
                                field("ts", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_TIMESTAMP, 0),
                                field("g", TAOSUV_BIND_TAG, TAOSUV_TYPE_INT, 0)};
  for (uint32_t count = 2; count <= 3; count++) { /* without tags, and with */
    tuv_batch_t batch;
    tuv_errmsg_t err;
    tuv_batch_init(&batch, &tuv_alloc_default, true, list, count);
    WELL(tuv_batch_table(&batch, name, 192, WHY));
    assert_int_equal(tuv_batch_table(&batch, name, 193, &err), TUV_ERANGE);
    assert_non_null(strstr(err.text, count == 2 ? "more than 192" : "at most 192"));
    int status = tuv_batch_table(&batch, qualified, 257, &err); /* new tables: 192 in all */
    assert_int_equal(status, count == 2 ? 0 : TUV_ERANGE);
    assert_int_equal(tuv_batch_table(&batch, qualified, 270, &err), TUV_ERANGE);
    tuv_batch_free(&batch);
  }
}

/* Each form of a name goes on with the same table. */
static void forms_of_a_name_are_one_table(void** state) {
  static const char* const forms[][3] = {{"t", "`t`", "t"},
                                         {"d.t", "`d`.`t`", "d.`t`"},
                                         {"my-table", "`my-table`", "my-table"},
                                         {"`a.b`", "`a.b`", "`a.b`"}};
  taosuv_stmt_field_t list[] = {field("tbname", TAOSUV_BIND_TABLE, TAOSUV_TYPE_VARCHAR, 269),
                                field("ts", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_TIMESTAMP, 0)};
  tuv_batch_t batch;
  tuv_errmsg_t err;
  (void) state;
  tuv_batch_init(&batch, &tuv_alloc_default, true, list, 2);
  for (uint32_t i = 0; i < COUNT(forms); i++) {
    for (uint32_t form = 0; form < 3; form++) {
      taosuv_value_t ts = taosuv_i64(form);
      WELL(tuv_batch_table(&batch, forms[i][form], SIZE_MAX, WHY));
      WELL(tuv_batch_row(&batch, &ts, 1, WHY));
    }
    tuv_batch_range_t range;
    assert_true(tuv_batch_range(&batch, i, 0, UINT64_MAX, &range));
    assert_int_equal(range.rows, 3);
    assert_false(tuv_batch_range(&batch, i + 1, 0, UINT64_MAX, &range));
  }
  assert_int_equal(tuv_batch_table(&batch, "a.b.c", SIZE_MAX, &err), TUV_EINVAL);
  assert_string_equal(err.text, "a table's name has two dots outside of backquotes");
  tuv_batch_free(&batch);
}

static void rows_without_tags_and_large_messages(void** state) {
  (void) state;
  tuv_batch_t batch;
  tuv_errmsg_t err;
  taosuv_value_t row[COLUMNS];
  message_t before = begin(&batch);
  char expected[TUV_ERRMSG_SIZE];
  size_t size = before.size;
  assert_int_equal(tuv_batch_size(&batch), size);
  WELL(tuv_batch_ready(&batch, size, WHY));
  assert_int_equal(tuv_batch_ready(&batch, size - 3, &err), TUV_EMSGSIZE);
  snprintf(expected, sizeof expected,
           "the message would have %zu bytes, 3 more than max_message_size (%zu)", size, size - 3);
  assert_string_equal(err.text, expected);
  good_row(row);
  WELL(tuv_batch_table(&batch, "d2", 2, WHY));
  WELL(tuv_batch_row(&batch, row, COLUMNS, WHY));
  assert_int_equal(tuv_batch_ready(&batch, INT32_MAX, &err), TUV_EINVAL);
  assert_string_equal(err.text, "table 'd2' has rows but no tags");
  free(before.bytes);
  tuv_batch_free(&batch);
}

static void names_and_tags_that_the_sql_has_not(void** state) {
  (void) state;
  tuv_batch_t batch;
  tuv_errmsg_t err;
  taosuv_stmt_field_t plain[] = {field("ts", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_TIMESTAMP, 0)};
  taosuv_value_t value = taosuv_i64(1);
  tuv_batch_init(&batch, &tuv_alloc_default, true, plain, 1);
  assert_int_equal(tuv_batch_table(&batch, "d1", 2, &err), TUV_EINVAL);
  assert_string_equal(err.text, "the SQL has no '?' for a table's name");
  assert_int_equal(tuv_batch_tags(&batch, &value, 1, &err), TUV_EINVAL);
  assert_string_equal(err.text, "1 tags were given, but the statement has 0");
  tuv_batch_free(&batch);
}

/* ---- fields, queries ---- */

static void fields_that_cannot_be(void** state) {
  (void) state;
  tuv_errmsg_t err;
  taosuv_value_t value = taosuv_i64(1);
  taosuv_stmt_field_t list[] = {field("x", 3, TAOSUV_TYPE_INT, 0),
                                field("x", 200, TAOSUV_TYPE_INT, 0),
                                field("x", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_MEDIUMBLOB, 0),
                                field("x", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_NULL, 0),
                                field("x", TAOSUV_BIND_COLUMN, 255, 0),
                                decimal_field("x", TAOSUV_BIND_TAG, TAOSUV_TYPE_DECIMAL64, 9, 39)};
  const int statuses[] = {TUV_EINVAL, TUV_EINVAL, TUV_ETYPE, TUV_ETYPE, TUV_ETYPE, TUV_EPROTO};
  for (uint32_t i = 0; i < COUNT(list); i++) {
    tuv_batch_t batch;
    tuv_batch_init(&batch, &tuv_alloc_default, true, &list[i], 1);
    assert_int_equal(tuv_batch_row(&batch, &value, 1, &err), statuses[i]);
    tuv_batch_free(&batch);
  }
  taosuv_stmt_field_t twice[] = {field("a", TAOSUV_BIND_TABLE, TAOSUV_TYPE_VARCHAR, 0),
                                 field("b", TAOSUV_BIND_TABLE, TAOSUV_TYPE_VARCHAR, 0)};
  tuv_batch_t batch;
  tuv_batch_init(&batch, &tuv_alloc_default, true, twice, 2);
  assert_int_equal(tuv_batch_table(&batch, "d1", 2, &err), TUV_EINVAL);
  tuv_batch_free(&batch);
}

static void types_that_the_first_version_has_not(void** state) {
  (void) state;
  tuv_batch_encoding_t encoding = {TUV_BATCH_V1, false};
  const uint8_t types[] = {TAOSUV_TYPE_BLOB, TAOSUV_TYPE_DECIMAL64, TAOSUV_TYPE_DECIMAL128};
  for (uint32_t i = 0; i < COUNT(types); i++) {
    tuv_batch_t batch;
    tuv_errmsg_t err;
    taosuv_stmt_field_t one = field("x", TAOSUV_BIND_COLUMN, types[i], 0);
    tuv_batch_init(&batch, &tuv_alloc_default, true, &one, 1);
    assert_int_equal(tuv_batch_set_encoding(&batch, encoding, &err), TUV_ENOTSUP);
    assert_non_null(strstr(err.text, "'x'"));
    tuv_batch_free(&batch);
  }
}

/* Gateways make nanoseconds of 64 bits of them. */
static void far_times_by_the_first_version(void** state) {
  (void) state;
  taosuv_stmt_field_t list[] = {field("tbname", TAOSUV_BIND_TABLE, TAOSUV_TYPE_VARCHAR, 0),
                                field("born", TAOSUV_BIND_TAG, TAOSUV_TYPE_TIMESTAMP, 0),
                                field("ts", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_TIMESTAMP, 0),
                                field("at", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_TIMESTAMP, 0)};
  static const int64_t last[] = {9223372036854, 9223372036854775, INT64_MAX};
  static const char* const texts[] = {
      "table 'd2', tag 'born': ", "table 'd2', column 'ts', row 9: ",
      "table 'd2', column 'at', row 9: "};
  for (uint8_t precision = 0; precision < 3; precision++) {
    for (uint32_t wrong = 0; wrong < 6; wrong++) {
      tuv_batch_t batch;
      tuv_errmsg_t err;
      for (uint32_t i = 1; i < COUNT(list); i++) list[i].precision = precision;
      int64_t near = wrong % 2 ? last[precision] : -last[precision], far = near;
      if (precision < 2) far += wrong % 2 ? 1 : -1;
      tuv_batch_init(&batch, &tuv_alloc_default, true, list, COUNT(list));
      for (int table = 1; table < 3; table++) {
        taosuv_value_t tag = taosuv_i64(table == 2 && wrong / 2 == 0 ? far : near);
        WELL(tuv_batch_table(&batch, table == 1 ? "d1" : "d2", 2, WHY));
        WELL(tuv_batch_tags(&batch, &tag, 1, WHY));
        for (int row = 0; row < 10; row++) {
          bool bad = table == 2 && row == 9;
          taosuv_value_t values[] = {
              taosuv_i64(bad && wrong / 2 == 1 ? far : near),
              row == 3 ? taosuv_null() : taosuv_i64(bad && wrong / 2 == 2 ? far : near)};
          WELL(tuv_batch_row(&batch, values, 2, WHY));
        }
      }
      WELL(tuv_batch_ready(&batch, INT32_MAX, WHY));
      WELL(tuv_batch_set_encoding(&batch, (tuv_batch_encoding_t) {TUV_BATCH_V1, false}, WHY));
      int status = tuv_batch_ready(&batch, INT32_MAX, &err);
      assert_int_equal(status, precision < 2 ? TUV_ERANGE : 0);
      if (status < 0) assert_non_null(strstr(err.text, texts[wrong / 2]));
      tuv_batch_free(&batch);
    }
  }
}

static void a_decimal_of_unknown_scale_takes_integers_only(void** state) {
  (void) state;
  tuv_batch_t batch;
  tuv_errmsg_t err;
  taosuv_stmt_field_t one = decimal_field("m", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_DECIMAL64, 0, 0);
  taosuv_value_t value = text("1.5");
  tuv_batch_init(&batch, &tuv_alloc_default, true, &one, 1);
  assert_int_equal(tuv_batch_row(&batch, &value, 1, &err), TUV_ENOTSUP);
  value = taosuv_bytes("\1\0\0\0\0\0\0\0", 8);
  WELL(tuv_batch_row(&batch, &value, 1, WHY));
  tuv_batch_free(&batch);
}

static void wrong_parameters(void** state) {
  (void) state;
  tuv_batch_t batch;
  tuv_errmsg_t err;
  const struct timespec bad = {0, -1}, far = {INT64_MAX, 0};
  taosuv_value_t good[] = {taosuv_i64(1), taosuv_null()};
  taosuv_value_t list[] = {taosuv_timespec(bad), taosuv_timespec(far), taosuv_text(NULL, 3)};
  const int statuses[] = {TUV_EINVAL, TUV_ERANGE, TUV_EINVAL};
  tuv_batch_init(&batch, &tuv_alloc_default, false, NULL, 2);
  for (uint32_t i = 0; i < COUNT(list); i++) {
    taosuv_value_t row[] = {good[0], list[i]};
    assert_int_equal(tuv_batch_row(&batch, row, 2, &err), statuses[i]);
    assert_memory_equal(err.text, "parameter 1: ", 13);
    assert_int_equal(tuv_batch_value(&batch, &list[i], &err), statuses[i]);
    assert_memory_equal(err.text, "parameter 0: ", 13);
  }
  assert_int_equal(tuv_batch_table(&batch, "d1", 2, &err), TUV_EINVAL);
  assert_int_equal(tuv_batch_tags(&batch, good, 2, &err), TUV_EINVAL);
  assert_int_equal(tuv_batch_row(&batch, good, 1, &err), TUV_EINVAL);
  WELL(tuv_batch_row(&batch, good, 2, WHY));
  assert_int_equal(tuv_batch_row(&batch, good, 2, &err), TUV_EINVAL);
  assert_string_equal(err.text, "all parameters of the query are bound already");
  tuv_batch_free(&batch);
  tuv_batch_init(&batch, &tuv_alloc_default, false, NULL, 0);
  assert_int_equal(tuv_batch_value(&batch, good, &err), TUV_EINVAL);
  assert_string_equal(err.text, "the query has no parameters");
  tuv_batch_free(&batch);
}

static void wrong_parameter_arrays(void** state) {
  (void) state;
  tuv_batch_t batch;
  tuv_errmsg_t err;
  const uint32_t back[] = {3, 1};
  const int64_t number = 1;
  const taosuv_array_t list[] = {{TAOSUV_TYPE_MEDIUMBLOB, &number, NULL, NULL},
                                 {TAOSUV_TYPE_DECIMAL64, &number, NULL, NULL},
                                 {TAOSUV_TYPE_BIGINT, NULL, NULL, NULL},
                                 {TAOSUV_TYPE_VARCHAR, "abc", NULL, NULL},
                                 {TAOSUV_TYPE_VARCHAR, "abc", back, NULL}};
  const int statuses[] = {TUV_ETYPE, TUV_ETYPE, TUV_EINVAL, TUV_EINVAL, TUV_EINVAL};
  const taosuv_array_t good = {TAOSUV_TYPE_BIGINT, &number, NULL, NULL};
  tuv_batch_init(&batch, &tuv_alloc_default, false, NULL, 1);
  for (uint32_t i = 0; i < COUNT(list); i++)
    assert_int_equal(tuv_batch_columns(&batch, 1, &list[i], 1, &err), statuses[i]);
  assert_int_equal(tuv_batch_columns(&batch, 2, &good, 1, &err), TUV_EINVAL);
  WELL(tuv_batch_columns(&batch, 1, &good, 1, WHY));
  assert_int_equal(tuv_batch_rows(&batch), 1);
  tuv_batch_free(&batch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wrong_values_in_rows),
      cmocka_unit_test(a_wrong_single_value_can_be_given_again),
      cmocka_unit_test(wrong_tags),
      cmocka_unit_test(wrong_columns),
      cmocka_unit_test(wrong_tables),
      cmocka_unit_test(long_names_of_tables),
      cmocka_unit_test(forms_of_a_name_are_one_table),
      cmocka_unit_test(rows_without_tags_and_large_messages),
      cmocka_unit_test(names_and_tags_that_the_sql_has_not),
      cmocka_unit_test(fields_that_cannot_be),
      cmocka_unit_test(types_that_the_first_version_has_not),
      cmocka_unit_test(far_times_by_the_first_version),
      cmocka_unit_test(a_decimal_of_unknown_scale_takes_integers_only),
      cmocka_unit_test(wrong_parameters),
      cmocka_unit_test(wrong_parameter_arrays),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
