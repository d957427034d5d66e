/* The caller's allocator: all memory is allocated and freed with it; after a warm-up nothing is
 * allocated. */
#include "stmt_forms.h"

static void everything_goes_through_the_given_allocator(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = it_client(it, "");
  assert_true(it->probe.calls > 0);
  it_usable(it, client);
  size_t calls = it->probe.calls;
  assert_true(calls > 0);
  it_close_wait(it, client);
  assert_true(it->probe.frees > 0);
  assert_int_equal(it->probe.live_blocks, 0);
  assert_int_equal(it->probe.live_bytes, 0);
}

static void an_idle_client_holds_little(void** state) {
  it_t* it = *state;
  it_client(it, "");
  assert_in_range(it->probe.live_bytes, 1, 16384);
}

static void a_referenced_block_is_the_last_to_go(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = it_client(it, "");
  taosuv_result_t* result = it_rows(it, client, "select 1");
  taosuv_block_t* block = it_block(it, result);
  taosuv_result_close(result);
  it_close_wait(it, client);
  assert_true(it->probe.live_blocks > 0);
  taosuv_block_unref(block);
  assert_int_equal(it->probe.live_blocks, 0);
}

static void the_first_allocation_may_fail(void** state) {
  it_t* it = *state;
  char url[256];
  taosuv_allocator_t allocator;
  taosuv_options_t options;
  taosuv_client_t* client;
  it_url(it, url, sizeof url, "", "");
  memcpy(&allocator, &it->probe.alloc, sizeof allocator);
  taosuv_options_init(&options);
  options.url = url;
  options.allocator = &allocator;
  int status = TAOSUV_ENOMEM;
  for (size_t n = 1; status == TAOSUV_ENOMEM && n < 100; n++) {
    alloc_probe_fail(&it->probe, n, false);
    status = taosuv_client_create_ex(&it->loop, &options, &client);
    if (status == 0) break;
    assert_int_equal(status, TAOSUV_ENOMEM);
    assert_null(client);
    assert_int_equal(it->probe.live_blocks, 0);
  }
  alloc_probe_fail(&it->probe, 0, false);
  assert_int_equal(status, 0);
  assert_true(it->probe.failures > 0);
  taosuv_close(client, NULL);
  it_run(it, 10);
}

/* ---- the steady state ---- */

/* Runs exec, query, fetch, fetch over and over, a few of them at a time. */
typedef struct lane_s {
  it_op_t op;
  taosuv_client_t* client;
  uint64_t left; /* operations */
  int step;
} lane_t;

static void next_step(it_op_t* op) {
  lane_t* lane = op->data;
  it_t* it = op->it;
  assert_int_equal(op->req.status, 0);
  taosuv_result_t* result = lane->step == 1  ? op->query.result
                            : lane->step > 1 ? op->fetch.result
                                             : NULL;
  it_done(op);
  if (lane->step == 3) taosuv_result_close(result);
  if (lane->left > 0) lane->left--;
  lane->step = (lane->step + 1) % 4;
  if (lane->left == 0 && lane->step == 0) return;
  int started = lane->step == 0   ? it_exec(it, lane->client, op, "select 1")
                : lane->step == 1 ? it_query(it, lane->client, op, "select * from bench.rows_40_40")
                                  : it_fetch(it, result, op);
  assert_int_equal(started, 0);
}

static void run_lanes(it_t* it, taosuv_client_t* client, uint64_t operations) {
  enum { LANES = 8 };
  lane_t lanes[LANES];
  memset(lanes, 0, sizeof lanes);
  for (size_t i = 0; i < LANES; i++) {
    lanes[i].client = client;
    lanes[i].left = operations / LANES;
    lanes[i].op.then = next_step;
    lanes[i].op.data = &lanes[i];
    assert_int_equal(it_exec(it, client, &lanes[i].op, "select 1"), 0);
  }
  for (size_t i = 0; i < LANES; i++) it_wait(&lanes[i].op);
}

static void no_memory_is_asked_for_once_warm(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const char* const keys[] = {"prefetch=1", "prefetch=0", "prefetch=1&pool_size=3"};
  for (size_t i = 0; i < COUNT(keys); i++) {
    taosuv_client_t* client = it_client(it, keys[i]);
    run_lanes(it, client, 2000);
    size_t calls = it->probe.calls, frees = it->probe.frees;
    run_lanes(it, client, 10000);
    assert_int_equal(it->probe.calls - calls, 0);
    assert_int_equal(it->probe.frees - frees, 0);
    it_close_wait(it, client);
  }
}

/* Batches of one statement, a few of them at a time, by rows and by columns. */
typedef struct batch_lane_s {
  it_op_t op;
  taosuv_stmt_t* stmt;
  uint64_t left;
} batch_lane_t;

static void bind_batch(taosuv_stmt_t* stmt) {
  enum { ROWS = 50 };
  static int64_t ts[ROWS];
  static int32_t v[ROWS];
  static uint8_t nulls[ROWS];
  for (int i = 0; i < ROWS; i++) {
    ts[i] = 1700000000000 + i;
    v[i] = i;
    nulls[i] = i % 7 == 0;
  }
  taosuv_array_t columns[] = {{.type = TAOSUV_TYPE_TIMESTAMP, .values = ts},
                              {.type = TAOSUV_TYPE_INT, .values = v, .nulls = nulls},
                              {.type = TAOSUV_TYPE_NULL}};
  static const char* const names[] = {"d1", "d2", "d3"};
  for (int table = 0; table < 3; table++) {
    taosuv_value_t tag = taosuv_i64(table);
    taosuv_value_t row[] = {taosuv_i64(ts[0] - 1), taosuv_null(), taosuv_text("text", 4)};
    assert_int_equal(taosuv_bind_table(stmt, names[table], 2), 0);
    assert_int_equal(taosuv_bind_tags(stmt, &tag, 1), 0);
    assert_int_equal(taosuv_bind_columns(stmt, ROWS, columns, 3), 0);
    assert_int_equal(taosuv_bind_row(stmt, row, 3), 0);
  }
}

static void next_batch(it_op_t* op) {
  batch_lane_t* lane = op->data;
  assert_int_equal(op->req.status, 0);
  assert_int_equal(op->stmt_exec.affected_rows, 3 * 51);
  if (lane->left-- == 0) return;
  bind_batch(lane->stmt);
  assert_int_equal(it_stmt_exec(op->it, lane->stmt, op), 0);
}

static void run_batches(it_t* it, taosuv_stmt_t* stmt, uint64_t each) {
  enum { LANES = 4 };
  batch_lane_t lanes[LANES];
  memset(lanes, 0, sizeof lanes);
  for (size_t i = 0; i < LANES; i++) {
    lanes[i] = (batch_lane_t) {.stmt = stmt, .left = each};
    lanes[i].op.then = next_batch;
    lanes[i].op.data = &lanes[i];
    bind_batch(stmt);
    assert_int_equal(it_stmt_exec(it, stmt, &lanes[i].op), 0);
  }
  for (size_t i = 0; i < LANES; i++)
    while (lanes[i].left != UINT64_MAX || lanes[i].op.completed < lanes[i].op.accepted)
      uv_run(&it->loop, UV_RUN_ONCE);
}

static void no_memory_is_asked_for_by_warm_statements(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "statements");
  it_needs_bundled(it);
  for (size_t i = 0; i < STMT_FORMS; i++) {
    const stmt_form_t* form = stmt_form_begin(it, i);
    taosuv_client_t* client = stmt_form_client(it, form, "ms");
    it_ok(it, client, "create stable st (ts timestamp, v int, n nchar(10)) tags (g int)");
    taosuv_stmt_t* stmt = it_stmt(it, client, "insert into ? using st tags(?) values(?,?,?)");
    run_batches(it, stmt, 20);
    size_t calls = it->probe.calls, frees = it->probe.frees;
    run_batches(it, stmt, 50);
    if (it->probe.calls != calls) print_error("%s:\n", form->name);
    assert_int_equal(it->probe.calls - calls, 0);
    assert_int_equal(it->probe.frees - frees, 0);
    taosuv_stmt_close(stmt);
    it_close_wait(it, client);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(everything_goes_through_the_given_allocator),
      IT_TEST(an_idle_client_holds_little),
      IT_TEST(a_referenced_block_is_the_last_to_go),
      IT_TEST(the_first_allocation_may_fail),
      IT_TEST(no_memory_is_asked_for_once_warm),
      IT_TEST(no_memory_is_asked_for_by_warm_statements),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
