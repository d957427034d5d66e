/* What single values are checked by: geometries, JSON objects, decimal numbers. */
#include "alloc_probe.h"
#include "batch_kit.h"
#include "wire/batch/value.h"
#include "wire/value/wkb.h"
#include "wire/value/format.h"
#include "wire/json/check.h"

#include <math.h>

/* ---- WKB ---- */

typedef struct shape_s {
  uint8_t bytes[512];
  size_t size;
} shape_t;

static void add(shape_t* shape, const void* bytes, size_t size) {
  assert_true(size <= sizeof shape->bytes - shape->size);
  memcpy(shape->bytes + shape->size, bytes, size);
  shape->size += size;
}

static void add_u32(shape_t* shape, uint32_t value) {
  uint8_t bytes[4] = {(uint8_t) value, (uint8_t) (value >> 8), (uint8_t) (value >> 16),
                      (uint8_t) (value >> 24)};
  add(shape, bytes, 4);
}

static void add_head(shape_t* shape, uint32_t kind) {
  add(shape, "\1", 1);
  add_u32(shape, kind);
}

static void add_points(shape_t* shape, uint32_t count, uint32_t size) {
  static const uint8_t zeros[32];
  for (uint32_t i = 0; i < count; i++) add(shape, zeros, size);
}

static void add_point(shape_t* shape) {
  add_head(shape, 1);
  add_points(shape, 1, 16);
}

/* One geometry of every kind. */
static shape_t make_shape(unsigned number) {
  shape_t s = {{0}, 0};
  switch (number) {
    case 0: add_point(&s); break;
    case 1: /* a line */
      add_head(&s, 2);
      add_u32(&s, 3);
      add_points(&s, 3, 16);
      break;
    case 2: /* a polygon with a hole */
      add_head(&s, 3);
      add_u32(&s, 2);
      for (int ring = 0; ring < 2; ring++) {
        add_u32(&s, 4);
        add_points(&s, 4, 16);
      }
      break;
    case 3: /* two points */
      add_head(&s, 4);
      add_u32(&s, 2);
      add_point(&s);
      add_point(&s);
      break;
    case 4: /* a point with Z, and one with Z, M and SRID, both ways of saying so */
      add_head(&s, 7);
      add_u32(&s, 3);
      add_head(&s, 0x80000001u);
      add_points(&s, 1, 24);
      add_head(&s, 0xE0000001u);
      add_u32(&s, 4326);
      add_points(&s, 1, 32);
      add_head(&s, 3001);
      add_points(&s, 1, 32);
      break;
    case 5: /* collections inside collections, and empty ones */
      add_head(&s, 7);
      add_u32(&s, 2);
      add_head(&s, 7);
      add_u32(&s, 1);
      add_head(&s, 5);
      add_u32(&s, 0);
      add_point(&s);
      break;
    case 6: /* the other byte order */
      add(&s, "\0\0\0\0\2\0\0\0\2", 9);
      add_points(&s, 2, 16);
      break;
    default: /* a multi polygon of one with one ring */
      add_head(&s, 6);
      add_u32(&s, 1);
      add_head(&s, 3);
      add_u32(&s, 1);
      add_u32(&s, 4);
      add_points(&s, 4, 16);
  }
  return s;
}

/* Checks a copy that ends where its memory ends. */
static int wkb(const uint8_t* bytes, size_t size) {
  if (size > sizeof(shape_t)) abort(); /* which the optimizer understands */
  uint8_t* copy = malloc(size + (size == 0));
  tuv_errmsg_t err;
  assert_non_null(copy);
  if (size > 0) memcpy(copy, bytes, size);
  int status = tuv_wkb_check(copy, size, &err);
  free(copy);
  return status;
}

static void geometries_are_whole_or_refused(void** state) {
  (void) state;
  for (unsigned number = 0; number < 8; number++) {
    shape_t s = make_shape(number);
    assert_int_equal(wkb(s.bytes, s.size), 0);
    for (size_t size = 0; size < s.size; size++) assert_int_equal(wkb(s.bytes, size), TUV_EINVAL);
    s.bytes[s.size] = 0;
    assert_int_equal(wkb(s.bytes, s.size + 1), TUV_EINVAL);
    s.bytes[0] = 2;
    assert_int_equal(wkb(s.bytes, s.size), TUV_EINVAL);
  }
}

static void geometries_of_other_kinds_are_refused(void** state) {
  (void) state;
  const uint32_t kinds[] = {0, 8, 1000, 1008, 4001, 0x10000001u};
  for (uint32_t i = 0; i < COUNT(kinds); i++) {
    shape_t s = {{0}, 0};
    add_head(&s, kinds[i]);
    add_points(&s, 1, 32);
    for (size_t size = 5; size <= s.size; size += 8)
      if (kinds[i] != 0x10000001u) assert_int_equal(wkb(s.bytes, size), TUV_EINVAL);
  }
  shape_t s = {{0}, 0};
  add_head(&s, 4); /* many points, of which one is a line */
  add_u32(&s, 1);
  add_head(&s, 2);
  add_u32(&s, 0);
  assert_int_equal(wkb(s.bytes, s.size), TUV_EINVAL);
  shape_t deep = {{0}, 0};
  for (int i = 0; i < 17; i++) {
    add_head(&deep, 7);
    add_u32(&deep, 1);
  }
  add_point(&deep);
  assert_int_equal(wkb(deep.bytes, deep.size), TUV_EINVAL);
  assert_int_equal(wkb(deep.bytes + 9, deep.size - 9), 0);
}

/* ---- JSON ---- */

static void json_tags_are_objects(void** state) {
  (void) state;
  const struct {
    const char* text;
    int status;
  } list[] = {{"{}", 0},
              {"{\"a\":[1,{\"b\":null}]}", 0},
              {" {\"\\u00e9\":1.5e3} ", 0},
              {"", TUV_EINVAL},
              {"null", TUV_EINVAL},
              {"[]", TUV_EINVAL},
              {"{", TUV_EINVAL},
              {"{'a':1}", TUV_EINVAL},
              {"{\"a\":1}x", TUV_EINVAL},
              {"\"a\"", TUV_EINVAL},
              {"{\"\xff\":1}", TUV_EINVAL},
              {"{\"a\":1,}", TUV_EINVAL}};
  alloc_probe_t probe;
  alloc_probe_init(&probe);
  for (uint32_t i = 0; i < COUNT(list); i++) {
    tuv_errmsg_t err = {""};
    size_t size = strlen(list[i].text);
    uint8_t* copy = malloc(size + 1); /* ends where its memory ends, if it is not empty */
    assert_non_null(copy);
    uint8_t* text_bytes = size > 0 ? copy + 1 : copy;
    memcpy(text_bytes, list[i].text, size);
    assert_int_equal(tuv_json_check(&probe.alloc, text_bytes, size, &err), list[i].status);
    assert_int_equal(err.text[0] != '\0', list[i].status != 0);
    free(copy);
  }
  assert_int_equal(probe.calls, 0);
}

static void long_json_takes_memory(void** state) {
  (void) state;
  uint8_t json[4000];
  alloc_probe_t probe;
  tuv_errmsg_t err;
  memset(json, ' ', sizeof json);
  memcpy(json, "{\"k\":1}", 7);
  alloc_probe_init(&probe);
  assert_int_equal(tuv_json_check(&probe.alloc, json, sizeof json, &err), 0);
  assert_true(probe.calls > 0);
  alloc_probe_fail(&probe, 1, true);
  assert_int_equal(tuv_json_check(&probe.alloc, json, sizeof json, &err), TUV_ENOMEM);
  assert_int_equal(probe.live_blocks, 0);
}

/* ---- DECIMAL ---- */

static void decimals_are_read(void** state) {
  (void) state;
  const struct {
    const char* text;
    unsigned digits, scale;
    int status;
    int64_t high;
    uint64_t low;
  } list[] = {{"0", 1, 0, 0, 0, 0},
              {"-0", 1, 0, 0, 0, 0},
              {"12.5", 5, 2, 0, 0, 1250},
              {"+12.5", 5, 2, 0, 0, 1250},
              {"-12.5", 5, 2, 0, -1, 0 - UINT64_C(1250)},
              {".5", 5, 2, 0, 0, 50},
              {"5.", 5, 2, 0, 0, 500},
              {"00000000000000000000000000000000000000000000000012", 2, 0, 0, 0, 12},
              {"1.004", 5, 2, 0, 0, 100},
              {"1.005", 5, 2, 0, 0, 101},
              {"-1.005", 5, 2, 0, -1, 0 - UINT64_C(101)},
              {"1.00499999999999999999999999999999999999", 5, 2, 0, 0, 100},
              {"0.004", 2, 2, 0, 0, 0},
              {"0.995", 2, 2, TUV_ERANGE, 0, 0},
              {"0.994", 2, 2, 0, 0, 99},
              {"999.99", 5, 2, 0, 0, 99999},
              {"999.994", 5, 2, 0, 0, 99999},
              {"999.995", 5, 2, TUV_ERANGE, 0, 0},
              {"1000", 5, 2, TUV_ERANGE, 0, 0},
              {"999999999999999999", 18, 0, 0, 0, UINT64_C(999999999999999999)},
              {"99999999999999999999999999999999999999", 38, 0, 0, INT64_C(0x4B3B4CA85A86C47A),
               UINT64_C(0x098A223FFFFFFFFF)},
              {"-99999999999999999999999999999999999999", 38, 0, 0, ~INT64_C(0x4B3B4CA85A86C47A),
               UINT64_C(0xF675DDC000000001)},
              {"100000000000000000000000000000000000000", 38, 0, TUV_ERANGE, 0, 0},
              {"9.9999999999999999999999999999999999999", 38, 37, 0, INT64_C(0x4B3B4CA85A86C47A),
               UINT64_C(0x098A223FFFFFFFFF)},
              {"", 5, 2, TUV_EINVAL, 0, 0},
              {"-", 5, 2, TUV_EINVAL, 0, 0},
              {".", 5, 2, TUV_EINVAL, 0, 0},
              {"1.2.3", 5, 2, TUV_EINVAL, 0, 0},
              {" 1", 5, 2, TUV_EINVAL, 0, 0},
              {"1 ", 5, 2, TUV_EINVAL, 0, 0},
              {"--1", 5, 2, TUV_EINVAL, 0, 0},
              {"1e2", 5, 2, TUV_EINVAL, 0, 0},
              {"0x1", 5, 2, TUV_EINVAL, 0, 0},
              {"nan", 5, 2, TUV_EINVAL, 0, 0}};
  for (uint32_t i = 0; i < COUNT(list); i++) {
    taosuv_decimal_t value = {1, 1};
    tuv_errmsg_t err = {""};
    size_t length = strlen(list[i].text);
    char* copy = malloc(length + 1);
    assert_non_null(copy);
    char* at = length > 0 ? copy + 1 : copy;
    memcpy(at, list[i].text, length);
    int status = tuv_decimal_read(at, length, list[i].digits, list[i].scale, &value, &err);
    free(copy);
    if (status != list[i].status) fail_msg("'%s' gives %d", list[i].text, status);
    if (status != 0) continue;
    if (value.low != list[i].low || value.high != list[i].high) fail_msg("'%s'", list[i].text);
  }
}

/* ---- values as they go out ---- */

/* The bytes of the only value of a message: behind its item's head, nulls and length. */
static void assert_value(taosuv_stmt_field_t one, taosuv_value_t value, const char* hex) {
  tuv_batch_t batch;
  tuv_batch_init(&batch, &tuv_alloc_default, true, &one, 1);
  WELL(tuv_batch_value(&batch, &value, WHY));
  assert_bytes(encode(&batch, 0, 0), 30 + 28 + 4 + 12 + 2 + 4, hex);
  tuv_batch_free(&batch);
}

static void maxima_and_minima(void** state) {
  (void) state;
  const struct {
    int type;
    taosuv_value_t value;
    const char* hex;
  } list[] = {{TAOSUV_TYPE_BOOL, taosuv_bool(7), "01"},
              {TAOSUV_TYPE_BOOL, taosuv_bool(0), "00"},
              {TAOSUV_TYPE_TINYINT, taosuv_i64(INT8_MIN), "80"},
              {TAOSUV_TYPE_TINYINT, taosuv_u64(INT8_MAX), "7f"},
              {TAOSUV_TYPE_SMALLINT, taosuv_i64(INT16_MIN), "0080"},
              {TAOSUV_TYPE_SMALLINT, taosuv_i64(INT16_MAX), "ff7f"},
              {TAOSUV_TYPE_INT, taosuv_i64(INT32_MIN), "00000080"},
              {TAOSUV_TYPE_INT, taosuv_u64(INT32_MAX), "ffffff7f"},
              {TAOSUV_TYPE_BIGINT, taosuv_i64(INT64_MIN), "0000000000000080"},
              {TAOSUV_TYPE_BIGINT, taosuv_u64(INT64_MAX), "ffffffffffffff7f"},
              {TAOSUV_TYPE_UTINYINT, taosuv_i64(UINT8_MAX), "ff"},
              {TAOSUV_TYPE_USMALLINT, taosuv_i64(UINT16_MAX), "ffff"},
              {TAOSUV_TYPE_UINT, taosuv_i64(UINT32_MAX), "ffffffff"},
              {TAOSUV_TYPE_UBIGINT, taosuv_u64(UINT64_MAX), "ffffffffffffffff"},
              {TAOSUV_TYPE_UBIGINT, taosuv_i64(0), "0000000000000000"},
              {TAOSUV_TYPE_FLOAT, taosuv_f64(1.5), "0000c03f"},
              {TAOSUV_TYPE_FLOAT, taosuv_f64(-HUGE_VAL), "000080ff"},
              {TAOSUV_TYPE_DOUBLE, taosuv_f64(-0.0), "0000000000000080"},
              {TAOSUV_TYPE_TIMESTAMP, taosuv_i64(INT64_MIN), "0000000000000080"}};
  for (uint32_t i = 0; i < COUNT(list); i++)
    assert_value(field("v", TAOSUV_BIND_COLUMN, list[i].type, 0), list[i].value, list[i].hex);
}

static void timespecs_in_the_field_s_precision(void** state) {
  (void) state;
  const struct timespec time = {1726803356, 466999999}, before = {-1, 999999999};
  const struct {
    uint8_t precision;
    struct timespec time;
    const char* hex;
  } list[] = {{0, time, "322b800d92010000"},   {1, time, "37bfa8bc84220600"},
              {2, time, "bff22af380d6f617"},   {0, before, "ffffffffffffffff"},
              {1, before, "ffffffffffffffff"}, {2, before, "ffffffffffffffff"}};
  for (uint32_t i = 0; i < COUNT(list); i++) {
    taosuv_stmt_field_t one = field("ts", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_TIMESTAMP, 0);
    one.precision = list[i].precision;
    assert_value(one, taosuv_timespec(list[i].time), list[i].hex);
  }
}

static void decimals_as_integers_and_as_text(void** state) {
  (void) state;
  taosuv_stmt_field_t one = decimal_field("m", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_DECIMAL64, 10, 3);
  tuv_batch_encoding_t encoding = {TUV_BATCH_STMT2, true};
  tuv_batch_t batch;
  taosuv_value_t value = text("-1.234");
  assert_value(one, value, "2efbffffffffffff");
  tuv_batch_init(&batch, &tuv_alloc_default, true, &one, 1);
  WELL(tuv_batch_set_encoding(&batch, encoding, WHY));
  WELL(tuv_batch_value(&batch, &value, WHY));
  value = taosuv_null();
  WELL(tuv_batch_value(&batch, &value, WHY));
  assert_bytes(encode(&batch, 0, 0), 30 + 28 + 4,
               "21000000 15000000 02000000 0001 01 06000000 00000000 06000000 2d312e323334");
  tuv_batch_free(&batch);
}

static void a_query_s_values_bring_their_types(void** state) {
  (void) state;
  tuv_batch_t batch;
  const struct timespec time = {1, 500000000};
  taosuv_value_t row[] = {
      taosuv_bool(1), taosuv_i64(-1), taosuv_u64(1),        taosuv_f64(0.5),
      text("a"),      taosuv_null(),  taosuv_bytes("b", 1), taosuv_timespec(time)};
  tuv_batch_init(&batch, &tuv_alloc_default, false, NULL, COUNT(row));
  WELL(tuv_batch_row(&batch, row, COUNT(row), WHY));
  assert_bytes(encode(&batch, 0, 0), 30 + 28 + 4,
               "13000000 01000000 01000000 00 00 01000000 01"
               "1a000000 05000000 01000000 00 00 08000000 ffffffffffffffff"
               "1a000000 0e000000 01000000 00 00 08000000 0100000000000000"
               "1a000000 07000000 01000000 00 00 08000000 000000000000e03f"
               "17000000 08000000 01000000 00 01 01000000 01000000 61"
               "16000000 08000000 01000000 01 01 00000000 00000000"
               "17000000 10000000 01000000 00 01 01000000 01000000 62"
               "34000000 08000000 01000000 00 01 1e000000 1e000000"
               "313937302d30312d30315430303a30303a30312e3530303030303030305a");
  tuv_batch_free(&batch);
}

/* Years far from now, too: where nanoseconds do not fit 64 bits, down to microseconds. */
static void times_of_a_query_have_the_years_of_their_text(void** state) {
  (void) state;
  static const struct {
    int64_t seconds;
    long nanoseconds;
    const char* text; /* NULL: out of range */
  } list[] = {
      {0, 1, "1970-01-01T00:00:00.000000001Z"},
      {9223372036, 854775807, "2262-04-11T23:47:16.854775807Z"},
      {9223372036, 854775808, "2262-04-11T23:47:16.854775Z"},
      {-9223372037, 145224192, "1677-09-21T00:12:43.145224192Z"},
      {-9223372037, 145224191, "1677-09-21T00:12:43.145224Z"},
      {253402300799, 999999999, "9999-12-31T23:59:59.999999Z"},
      {-62167219200, 0, "0000-01-01T00:00:00.000000Z"},
      {253402300800, 0, NULL},
      {-62167219201, 999999999, NULL},
  };
  for (size_t i = 0; i < COUNT(list); i++) {
    tuv_batch_t batch;
    tuv_errmsg_t err;
    taosuv_value_t value = taosuv_timespec(
        (struct timespec) {.tv_sec = (time_t) list[i].seconds, .tv_nsec = list[i].nanoseconds});
    tuv_batch_init(&batch, &tuv_alloc_default, false, NULL, 1);
    int status = tuv_batch_row(&batch, &value, 1, &err);
    assert_int_equal(status, list[i].text != NULL ? 0 : TUV_ERANGE);
    if (list[i].text != NULL) {
      size_t length = strlen(list[i].text);
      message_t message = encode(&batch, 0, 0);
      assert_true(message.size > length);
      assert_memory_equal(message.bytes + message.size - length, list[i].text, length);
      free(message.bytes);
    }
    tuv_batch_free(&batch);
  }
}

static void parameters_of_the_first_version(void** state) {
  (void) state;
  tuv_batch_t batch;
  tuv_errmsg_t err;
  tuv_batch_encoding_t encoding = {TUV_BATCH_V1, false};
  int64_t ts = -2;
  const uint32_t offsets[] = {0, 1}, nothing[] = {0, 0};
  const taosuv_array_t params[] = {{TAOSUV_TYPE_TIMESTAMP, &ts, NULL, NULL}, /* as BIGINT */
                                   {TAOSUV_TYPE_NCHAR, "n", offsets, NULL},
                                   {TAOSUV_TYPE_NULL, NULL, NULL, NULL}};
  tuv_batch_init(&batch, &tuv_alloc_default, false, NULL, 3);
  WELL(tuv_batch_set_encoding(&batch, encoding, WHY));
  WELL(tuv_batch_columns(&batch, 1, params, 3, WHY));
  WELL(tuv_batch_ready(&batch, 1000, WHY));
  assert_bytes(encode_rows(&batch, 0, 0, 0), 24,
               "01000000 4e000000 01000000 03000000 00000000 0000000000000000"
               "05 08000000 0a 00000000 08 00000000 08000000 06000000 00000000"
               "00 feffffffffffffff 00000000 0400 6e000000 ffffffff");
  tuv_batch_free(&batch);
  const taosuv_array_t blob = {TAOSUV_TYPE_BLOB, "", nothing, NULL};
  tuv_batch_init(&batch, &tuv_alloc_default, false, NULL, 1);
  WELL(tuv_batch_columns(&batch, 1, &blob, 1, WHY));
  WELL(tuv_batch_ready(&batch, 1000, WHY));
  WELL(tuv_batch_set_encoding(&batch, encoding, WHY));
  assert_int_equal(tuv_batch_ready(&batch, 1000, &err), TUV_ENOTSUP);
  assert_string_equal(err.text, "parameter 0: the server does not accept a BLOB as a parameter");
  tuv_batch_free(&batch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(geometries_are_whole_or_refused),
      cmocka_unit_test(geometries_of_other_kinds_are_refused),
      cmocka_unit_test(json_tags_are_objects),
      cmocka_unit_test(long_json_takes_memory),
      cmocka_unit_test(decimals_are_read),
      cmocka_unit_test(maxima_and_minima),
      cmocka_unit_test(timespecs_in_the_field_s_precision),
      cmocka_unit_test(decimals_as_integers_and_as_text),
      cmocka_unit_test(a_query_s_values_bring_their_types),
      cmocka_unit_test(times_of_a_query_have_the_years_of_their_text),
      cmocka_unit_test(parameters_of_the_first_version),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
