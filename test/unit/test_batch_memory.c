/* Binding where memory ends: a clean status, the batch unharmed; and none taken in steady state. */
#include "alloc_probe.h"
#include "batch_kit.h"

#define ROWS 30u

static taosuv_stmt_field_t fields[] = {
    {.kind = TAOSUV_BIND_TABLE, .type = TAOSUV_TYPE_VARCHAR},
    {.kind = TAOSUV_BIND_TAG, .type = TAOSUV_TYPE_JSON},
    {.kind = TAOSUV_BIND_TAG, .type = TAOSUV_TYPE_INT},
    {.kind = TAOSUV_BIND_COLUMN, .type = TAOSUV_TYPE_BIGINT},
    {.kind = TAOSUV_BIND_COLUMN, .type = TAOSUV_TYPE_NCHAR},
    {.kind = TAOSUV_BIND_COLUMN, .type = TAOSUV_TYPE_DECIMAL128, .precision = 20, .scale = 3}};

static void name_fields(void) {
  for (uint32_t i = 0; i < COUNT(fields); i++) fields[i].name = "x";
}

typedef int (*step_t)(tuv_batch_t* batch, uint32_t number, tuv_errmsg_t* err);

/* A step of the work; each is one call. */
static int one_call(tuv_batch_t* batch, uint32_t number, tuv_errmsg_t* err) {
  static char json[600], names[ROWS * 2], numbers[ROWS * 5];
  static int64_t integers[ROWS];
  static uint32_t offsets[ROWS + 1], number_offsets[ROWS + 1];
  char name[] = "table_??";
  uint32_t table = number / 6;
  name[6] = (char) ('a' + table / 26);
  name[7] = (char) ('a' + table % 26);
  for (uint32_t i = 0; i <= ROWS; i++) {
    offsets[i] = 2 * i;
    number_offsets[i] = 5 * i;
    if (i < ROWS) memcpy(names + 2 * i, "\xc3\xa9", 2);
    if (i < ROWS) memcpy(numbers + 5 * i, "-1.25", 5);
  }
  /* Long enough that it is not read on the stack alone. */
  memset(json, ' ', sizeof json);
  memcpy(json, "{\"k\":1}", 7);
  taosuv_value_t tags[] = {taosuv_text(json, sizeof json), taosuv_i64(table)};
  taosuv_value_t row[] = {taosuv_i64(number), text("some text of a row"),
                          text("12345678901234567.5")};
  const taosuv_array_t columns[] = {{TAOSUV_TYPE_BIGINT, integers, NULL, NULL},
                                    {TAOSUV_TYPE_NCHAR, names, offsets, NULL},
                                    {TAOSUV_TYPE_VARCHAR, numbers, number_offsets, NULL}};
  switch (number % 6) {
    case 0: return tuv_batch_table(batch, name, sizeof name - 1, err);
    case 1: return tuv_batch_tags(batch, tags, 2, err);
    case 2: return tuv_batch_columns(batch, ROWS, columns, 3, err);
    default: return tuv_batch_value(batch, &row[number % 6 - 3], err);
  }
}

/* Each step is table, tags and row at once. */
static int all_at_once(tuv_batch_t* batch, uint32_t number, tuv_errmsg_t* err) {
  char name[] = "table_?", tag[] = "{\"k\":?}", content[400];
  name[6] = (char) ('a' + number % 17);
  tag[5] = (char) ('0' + number / 100);
  memset(content, 'x', sizeof content);
  taosuv_value_t tags[] = {text(tag), taosuv_i64(number % 17)};
  taosuv_value_t row[] = {taosuv_i64(number), taosuv_text(content, sizeof content), text("1.5")};
  tuv_batch_appended_t appended = {.table = name,
                                   .length = sizeof name - 1,
                                   .tags = tags,
                                   .ntags = 2,
                                   .count = 3,
                                   .values = row,
                                   .rows = 1};
  return tuv_batch_append(batch, &appended, err);
}

#define STEPS (6u * 40u)

static message_t whole(step_t step) {
  tuv_batch_t batch;
  tuv_batch_init(&batch, &tuv_alloc_default, true, fields, COUNT(fields));
  for (uint32_t i = 0; i < STEPS; i++) WELL(step(&batch, i, WHY));
  message_t message = encode(&batch, 1, 2);
  tuv_batch_free(&batch);
  return message;
}

/* The n-th allocation fails, once or with all after it for the length of one call. */
static bool run_with_failure(step_t step, size_t n, bool all, const message_t* expected) {
  alloc_probe_t probe;
  tuv_batch_t batch;
  bool failed = false;
  alloc_probe_init(&probe);
  tuv_batch_init(&batch, &probe.alloc, true, fields, COUNT(fields));
  alloc_probe_fail(&probe, n, all);
  for (uint32_t i = 0; i < STEPS; i++) {
    tuv_errmsg_t err = {""};
    uint64_t rows = tuv_batch_rows(&batch);
    size_t size = tuv_batch_size(&batch);
    int status = step(&batch, i, &err);
    if (status == 0) continue;
    failed = true;
    assert_int_equal(status, TUV_ENOMEM);
    assert_non_null(strstr(err.text, "out of memory"));
    assert_int_equal(tuv_batch_rows(&batch), rows);
    assert_int_equal(tuv_batch_size(&batch), size);
    alloc_probe_fail(&probe, 0, false);
    WELL(step(&batch, i, WHY));
  }
  message_t message = encode(&batch, 1, 2);
  assert_int_equal(message.size, expected->size);
  assert_memory_equal(message.bytes, expected->bytes, expected->size);
  free(message.bytes);
  tuv_batch_free(&batch);
  assert_int_equal(probe.live_blocks, 0);
  return failed;
}

static void fail_each(step_t step) {
  name_fields();
  message_t expected = whole(step);
  size_t n = 1;
  while (run_with_failure(step, n, false, &expected)) {
    assert_true(run_with_failure(step, n, true, &expected));
    n++;
  }
  assert_true(n > 10);
  free(expected.bytes);
}

static void every_allocation_may_fail(void** state) {
  (void) state;
  fail_each(one_call);
  fail_each(all_at_once);
}

static void a_query_s_parameters_without_memory(void** state) {
  (void) state;
  taosuv_value_t row[] = {taosuv_i64(1), text("some text"), taosuv_null()};
  for (size_t n = 1;; n++) {
    alloc_probe_t probe;
    tuv_batch_t batch;
    alloc_probe_init(&probe);
    tuv_batch_init(&batch, &probe.alloc, false, NULL, 3);
    alloc_probe_fail(&probe, n, true);
    int status = tuv_batch_row(&batch, row, 3, NULL);
    assert_true(status == 0 || status == TUV_ENOMEM);
    assert_int_equal(tuv_batch_rows(&batch), status == 0 ? 1 : 0);
    tuv_batch_free(&batch);
    assert_int_equal(probe.live_blocks, 0);
    if (status != 0) continue;
    assert_true(n > 1);
    return;
  }
}

static void batches_alike_take_no_memory(void** state) {
  (void) state;
  alloc_probe_t probe;
  tuv_batch_t batch, other;
  name_fields();
  /* But JSON, whose reader takes some and gives it back. */
  for (uint32_t i = 1; i < COUNT(fields); i++)
    if (fields[i].type == TAOSUV_TYPE_JSON) fields[i].type = TAOSUV_TYPE_VARCHAR;
  alloc_probe_init(&probe);
  tuv_batch_init(&batch, &probe.alloc, true, fields, COUNT(fields));
  size_t calls = 0;
  for (int round = 0; round < 30; round++) {
    if (round == 1) calls = probe.calls;
    for (uint32_t i = 0; i < STEPS; i++) WELL(one_call(&batch, i, WHY));
    other = batch; /* it moves to whoever sends it, and comes back */
    memset(&batch, 0xEE, sizeof batch);
    free(encode(&other, 1, 2).bytes);
    tuv_batch_clear(&other);
    batch = other;
  }
  assert_int_equal(probe.calls, calls);
  tuv_batch_free(&batch);
  assert_int_equal(probe.live_blocks, 0);
  for (uint32_t i = 1; i < COUNT(fields); i++)
    if (fields[i].type == TAOSUV_TYPE_VARCHAR) fields[i].type = TAOSUV_TYPE_JSON;
}

static void a_large_batch_s_memory_is_given_back(void** state) {
  (void) state;
  alloc_probe_t probe;
  tuv_batch_t batch;
  taosuv_stmt_field_t one = field("v", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_INT, 0);
  const uint32_t rows = 1000000;
  int32_t* values = calloc(rows, sizeof *values);
  assert_non_null(values);
  taosuv_array_t column = {TAOSUV_TYPE_INT, values, NULL, NULL};
  taosuv_value_t value = taosuv_i64(1);
  alloc_probe_init(&probe);
  tuv_batch_init(&batch, &probe.alloc, true, &one, 1);
  WELL(tuv_batch_columns(&batch, rows, &column, 1, WHY));
  assert_int_equal(tuv_batch_size(&batch), 30 + 28 + 4 + 17 + 5 * (size_t) rows);
  assert_true(probe.live_bytes > 5 * (size_t) rows);
  for (int round = 0; round < 40; round++) {
    tuv_batch_clear(&batch);
    WELL(tuv_batch_value(&batch, &value, WHY));
  }
  assert_true(probe.live_bytes < 64 * 1024);
  tuv_batch_free(&batch);
  free(values);
}

static void tags_said_again_and_errors_take_no_memory(void** state) {
  (void) state;
  alloc_probe_t probe;
  tuv_batch_t batch;
  name_fields();
  taosuv_value_t wrong[] = {taosuv_i64(1), text("a text that is kept first"), text("x")};
  alloc_probe_init(&probe);
  tuv_batch_init(&batch, &probe.alloc, true, fields, COUNT(fields));
  for (uint32_t i = 0; i < 6; i++) WELL(one_call(&batch, i, WHY));
  size_t bytes = probe.live_bytes;
  for (int round = 0; round < 5000; round++) {
    tuv_errmsg_t err;
    taosuv_value_t tags[] = {text("{\"a long text that would be kept\":1}"), text("no number")};
    WELL(one_call(&batch, 0, WHY));
    WELL(one_call(&batch, 1, WHY));
    assert_int_equal(tuv_batch_tags(&batch, tags, 2, &err), TUV_ETYPE);
    assert_int_equal(tuv_batch_row(&batch, wrong, 3, &err), TUV_EINVAL);
  }
  assert_true(probe.live_bytes <= 2 * bytes + 8192);
  tuv_batch_free(&batch);
}

static void a_thousand_tables(void** state) {
  (void) state;
  tuv_batch_t batch;
  taosuv_stmt_field_t two[] = {field("tbname", TAOSUV_BIND_TABLE, TAOSUV_TYPE_VARCHAR, 20),
                               field("v", TAOSUV_BIND_COLUMN, TAOSUV_TYPE_INT, 0)};
  tuv_batch_init(&batch, &tuv_alloc_default, true, two, 2);
  for (int round = 0; round < 3; round++) {
    for (unsigned i = 0; i < 1000; i++) {
      char name[20];
      int length = snprintf(name, sizeof name, "d%u", i * 7919u % 1000u);
      taosuv_value_t value = taosuv_i64(i);
      WELL(tuv_batch_table(&batch, name, (size_t) length, WHY));
      WELL(tuv_batch_row(&batch, &value, 1, WHY));
    }
  }
  WELL(tuv_batch_ready(&batch, INT32_MAX, WHY));
  assert_int_equal(tuv_batch_tables(&batch), 1000);
  assert_int_equal(tuv_batch_rows(&batch), 3000);
  tuv_batch_free(&batch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_allocation_may_fail),
      cmocka_unit_test(a_query_s_parameters_without_memory),
      cmocka_unit_test(batches_alike_take_no_memory),
      cmocka_unit_test(a_large_batch_s_memory_is_given_back),
      cmocka_unit_test(tags_said_again_and_errors_take_no_memory),
      cmocka_unit_test(a_thousand_tables),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
