/* Results: the answer to a query, blocks, and closing a result at every moment. */
#include "fixture.h"
#include "text.h"

/* Rows that a bundled server makes up, and a real one is given first. */
enum { MANY = 12000 };

static taosuv_client_t* with_database(it_t* it, const char* keys) {
  return it_client_db(it, it_database(it, it_client(it, ""), "ms"), keys);
}

static taosuv_column_t column_of(const taosuv_block_t* block, uint32_t index) {
  taosuv_column_t column;
  assert_int_equal(taosuv_block_column(block, index, &column), 0);
  return column;
}

/* ---- what a query is answered with ---- */

static void a_query_without_rows_has_fields_and_no_block(void** state) {
  it_t* it = *state;
  uint32_t count;
  taosuv_client_t* client = with_database(it, "");
  it_ok(it, client, "create table t (ts timestamp, a int)");
  taosuv_result_t* result = it_rows(it, client, "select * from t");
  taosuv_result_fields(result, &count);
  assert_int_equal(count, 2);
  assert_null(it_block(it, result));
  assert_null(it_block(it, result));
  taosuv_result_close(result);
  it_until_no_results(it);
}

static void a_queried_insert_has_affected_rows_and_no_result(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = with_database(it, "");
  it_ok(it, client, "create table t (ts timestamp, a int)");
  int started = it_query(it, client, &op, "insert into t values (1, 1) (2, 2) (3, 3)");
  assert_int_equal(it_end(started, &op), 0);
  assert_null(op.query.result);
  assert_int_equal(op.query.affected_rows, 3);
}

static void a_refused_query_has_no_result(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "");
  assert_int_equal(it_end(it_query(it, client, &op, "selec 1"), &op), TAOSUV_ESERVER);
  assert_int_equal(op.req.server_code, 9728);
  it_has(op.message, "syntax error near");
  assert_int_equal(it_query(it, client, &op, ""), TAOSUV_EINVAL);
  assert_int_equal(it_end(it_query(it, client, &op, "select 1"), &op), 0);
  taosuv_result_close(op.query.result);
}

/* ---- many blocks ---- */

/* A result of MANY rows of ts and a = 0, 1, …, in several blocks. */
static taosuv_result_t* many_rows(it_t* it, taosuv_client_t* client) {
  if (it->server != NULL) return it_rows(it, client, "select * from bench.rows_12000_4096");
  it_ok(it, client, "create table many (ts timestamp, a int)");
  for (int done = 0; done < MANY;) {
    it_op_t op = {0};
    text_t sql = {0};
    text_add(&sql, "insert into many values");
    for (int end = done + 4000; done < end; done++) text_add(&sql, "(%d,%d)", done, done);
    assert_int_equal(it_end(it_exec(it, client, &op, sql.data), &op), 0);
    free(sql.data);
  }
  return it_rows(it, client, "select ts, a from many order by ts");
}

static void many_blocks_bring_all_rows_in_order(void** state) {
  it_t* it = *state;
  static const char* const keys[] = {"prefetch=1", "prefetch=0"};
  for (size_t i = 0; i < COUNT(keys); i++) {
    taosuv_client_t* client = with_database(it, keys[i]);
    taosuv_result_t* result = many_rows(it, client);
    taosuv_block_t* block;
    uint32_t rows = 0, blocks = 0;
    while ((block = it_block(it, result)) != NULL) {
      taosuv_column_t a = column_of(block, 1);
      uint32_t first = it->server != NULL ? 0 : rows; /* the bench block repeats itself */
      for (uint32_t row = 0; row < a.rows; row++)
        assert_int_equal(taosuv_get_i32(&a, row), first + row);
      rows += a.rows;
      blocks++;
      taosuv_block_unref(block);
    }
    assert_int_equal(rows, MANY);
    assert_true(blocks >= 2);
    assert_null(it_block(it, result)); /* after the end, again and again */
    assert_null(it_block(it, result));
    taosuv_result_close(result);
    it_until_no_results(it);
  }
}

static void a_referenced_block_outlives_result_and_client(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = with_database(it, "");
  taosuv_result_t* result = many_rows(it, client);
  taosuv_block_t* blocks[8] = {0};
  size_t count = 0;
  while ((blocks[count] = it_block(it, result)) != NULL) count++;
  taosuv_result_close(result);
  it_close_wait(it, client);
  uint32_t rows = 0;
  for (size_t i = 0; i < count; i++) {
    size_t size;
    taosuv_column_t a = column_of(blocks[i], 1);
    assert_int_equal(taosuv_get_i32(&a, 1), taosuv_get_i32(&a, 0) + 1);
    assert_ptr_equal(taosuv_block_ref(blocks[i]), blocks[i]);
    assert_non_null(taosuv_block_data(blocks[i], &size));
    assert_true(size > 28);
    rows += taosuv_block_rows(blocks[i]);
    taosuv_block_unref(blocks[i]);
    taosuv_block_unref(blocks[i]);
  }
  taosuv_block_unref(NULL);
  assert_int_equal(rows, MANY);
}

/* ---- the end of a result ---- */

static void ends_after(it_t* it, const char* keys, int blocks) {
  taosuv_client_t* client = with_database(it, keys);
  taosuv_result_t* result = many_rows(it, client);
  for (int i = 0; i < blocks; i++) {
    taosuv_block_t* block = it_block(it, result);
    assert_non_null(block);
    taosuv_block_unref(block);
  }
  taosuv_result_close(result);
  it_until_no_results(it);
  it_usable(it, client);
}

static void a_result_that_is_never_fetched_is_freed(void** state) {
  ends_after(*state, "prefetch=0", 0);
}

static void a_result_closed_at_once_is_freed_with_its_prefetched_block(void** state) {
  ends_after(*state, "prefetch=1", 0);
}

static void a_result_closed_after_its_first_block_is_freed(void** state) {
  ends_after(*state, "prefetch=1", 1);
}

static void a_result_closed_after_its_first_block_is_freed_without_prefetch(void** state) {
  ends_after(*state, "prefetch=0", 1);
}

static void a_result_closed_with_a_fetch_pending_cancels_it(void** state) {
  it_t* it = *state;
  for (int prefetch = 0; prefetch < 2; prefetch++) {
    it_op_t op = {0};
    taosuv_client_t* client = with_database(it, prefetch ? "prefetch=1" : "prefetch=0");
    taosuv_result_t* result = many_rows(it, client);
    assert_int_equal(it_fetch(it, result, &op), 0);
    taosuv_result_close(result);
    assert_int_equal(op.completed, 0);
    assert_int_equal(it_wait(&op), TAOSUV_ECANCELED);
    it_until_no_results(it);
    it_usable(it, client);
  }
}

static void close_in_callback(it_op_t* op) {
  taosuv_result_close(op->fetch.result);
}

static void a_result_is_closed_in_its_own_fetchs_callback(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = with_database(it, "");
  it_op_t op = {.then = close_in_callback};
  assert_int_equal(it_end(it_fetch(it, many_rows(it, client), &op), &op), 0);
  assert_non_null(op.block);
  it_done(&op);
  it_until_no_results(it);
  taosuv_result_close(NULL);
}

static void two_fetches_at_a_time_are_refused(void** state) {
  it_t* it = *state;
  it_op_t first = {0}, second = {0};
  taosuv_client_t* client = with_database(it, "");
  taosuv_result_t* result = many_rows(it, client);
  assert_int_equal(it_fetch(it, result, &first), 0);
  assert_int_equal(it_fetch(it, result, &second), TAOSUV_EBUSY);
  assert_int_equal(it_fetch(it, result, &first), TAOSUV_EBUSY);
  assert_int_equal(it_wait(&first), 0);
  it_done(&first);
  assert_int_equal(it_end(it_fetch(it, result, &second), &second), 0);
  it_done(&second);
  assert_int_equal(it_fetch(it, NULL, &second), TAOSUV_EINVAL);
  taosuv_result_close(result);
}

static void fetch_again(it_op_t* op) {
  *(uint32_t*) op->data += op->block != NULL ? taosuv_block_rows(op->block) : 0;
  bool more = op->block != NULL;
  it_done(op);
  if (more) assert_int_equal(it_fetch(op->it, op->fetch.result, op), 0);
}

static void a_fetch_is_used_again_inside_its_callback(void** state) {
  it_t* it = *state;
  uint32_t rows = 0;
  taosuv_client_t* client = with_database(it, "");
  taosuv_result_t* result = many_rows(it, client);
  it_op_t op = {.then = fetch_again, .data = &rows};
  assert_int_equal(it_end(it_fetch(it, result, &op), &op), 0);
  assert_int_equal(rows, MANY);
  taosuv_result_close(result);
}

static void a_fetch_has_times_and_an_id_like_others(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "blocks that are fetched one by one");
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "prefetch=0");
  taosuv_result_t* result = it_rows(it, client, "select 1");
  op.req.req_id = 4711;
  assert_int_equal(it_end(it_fetch(it, result, &op), &op), 0);
  if (it_can(it, IT_BINARY_QUERIES)) assert_int_equal(op.req.sent_req_id, 4711);
  assert_true(op.req.total_time_ns > 0 && op.req.server_time_ns > 0);
  assert_true(op.host[0] != 0);
  it_done(&op);
  taosuv_result_close(result);
}

/* ---- prefetch costs and saves ---- */

static uint64_t fetches(it_t* it) {
  return ts_server_action_count(it->server, "fetch_raw_block");
}

static void a_small_result_costs_one_fetch_with_prefetch(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "blocks that are fetched one by one");
  it_needs_bundled(it);
  taosuv_client_t* client = it_client(it, "prefetch=1");
  taosuv_result_t* result = it_rows(it, client, "select 1");
  taosuv_block_unref(it_block(it, result));
  taosuv_result_close(result);
  it_until_no_results(it);
  it_run(it, 20);
  assert_int_equal(fetches(it), 1);
}

static void without_prefetch_only_what_is_asked_for_is_fetched(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "blocks that are fetched one by one");
  it_needs_bundled(it);
  taosuv_client_t* client = it_client(it, "prefetch=0");
  taosuv_result_t* result = it_rows(it, client, "select * from bench.rows_12000_4096");
  it_run(it, 20);
  assert_int_equal(fetches(it), 0);
  taosuv_block_unref(it_block(it, result));
  it_run(it, 20);
  assert_int_equal(fetches(it), 1);
  assert_int_equal(it_drain(it, result), 12000 - 4096);
  assert_int_equal(fetches(it), 4); /* the last one says that there is no more */
  taosuv_result_close(result);
}

static void with_prefetch_a_full_block_asks_for_the_next(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "blocks that are fetched one by one");
  it_needs_bundled(it);
  taosuv_client_t* client = it_client(it, "prefetch=1");
  taosuv_result_t* result = it_rows(it, client, "select * from bench.rows_12000_4096");
  it_run(it, 20);
  assert_int_equal(fetches(it), 1);
  taosuv_block_unref(it_block(it, result));
  it_run(it, 20);
  assert_int_equal(fetches(it), 2);
  assert_int_equal(it_drain(it, result), 12000 - 4096);
  assert_int_equal(fetches(it), 4);
  taosuv_result_close(result);
  it_run(it, 20);
  assert_int_equal(ts_server_counters(it->server).free_results, 0); /* it was read to its end */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(a_query_without_rows_has_fields_and_no_block),
      IT_TEST(a_queried_insert_has_affected_rows_and_no_result),
      IT_TEST(a_refused_query_has_no_result),
      IT_TEST(many_blocks_bring_all_rows_in_order),
      IT_TEST(a_referenced_block_outlives_result_and_client),
      IT_TEST(a_result_that_is_never_fetched_is_freed),
      IT_TEST(a_result_closed_at_once_is_freed_with_its_prefetched_block),
      IT_TEST(a_result_closed_after_its_first_block_is_freed),
      IT_TEST(a_result_closed_after_its_first_block_is_freed_without_prefetch),
      IT_TEST(a_result_closed_with_a_fetch_pending_cancels_it),
      IT_TEST(a_result_is_closed_in_its_own_fetchs_callback),
      IT_TEST(two_fetches_at_a_time_are_refused),
      IT_TEST(a_fetch_is_used_again_inside_its_callback),
      IT_TEST(a_fetch_has_times_and_an_id_like_others),
      IT_TEST(a_small_result_costs_one_fetch_with_prefetch),
      IT_TEST(without_prefetch_only_what_is_asked_for_is_fetched),
      IT_TEST(with_prefetch_a_full_block_asks_for_the_next),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
