/* Back-pressure: memory stays bounded with a slow server, and with a caller that does not fetch. */
#include "fixture.h"

enum { SQL_SIZE = 100000 };

/* A statement of SQL_SIZE bytes; the second half of it is a comment. */
static const char* long_sql(void) {
  static char sql[SQL_SIZE + 1];
  memset(sql, 'x', SQL_SIZE);
  memcpy(sql, "select 1 /*", 11);
  memcpy(sql + SQL_SIZE - 2, "*/", 2);
  return sql;
}

static taosuv_stats_t stats_of(const taosuv_client_t* client) {
  taosuv_stats_t stats = {.size = sizeof stats};
  assert_int_equal(taosuv_client_stats(client, &stats), 0);
  return stats;
}

/* Starts requests until one is not taken; returns how many were. */
static size_t fill(it_t* it, taosuv_client_t* client, it_op_t* ops, size_t count) {
  size_t i = 0;
  while (i < count && it_exec(it, client, &ops[i], long_sql()) == 0) i++;
  assert_in_range(i, 1, count - 1);
  return i;
}

/* The server reads nothing: what the system does not take is bounded, then the queue, then calls
 * say so. */
static void a_server_that_does_not_read_fills_no_memory(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "several requests in flight on a connection");
  enum { MANY = 1000, SEND = 1000000, QUEUE = 2000000 };
  it_proxy(it);
  it_op_t* ops = calloc(MANY, sizeof *ops);
  taosuv_client_t* client = it_client(it,
                                      "pool_size=1&max_send_buffer=1000000&max_queue_bytes=2000000"
                                      "&compression=0");
  it_usable(it, client);
  proxy_set_plan_of_all(it->proxies[0], &(proxy_plan_t) {.way[PROXY_UP].stall = true});
  size_t taken = 0;
  for (bool full = false; !full && taken < MANY;) { /* the system's buffers fill up, too */
    taosuv_stats_t before = stats_of(client);
    size_t taken_before = taken;
    while (taken < MANY && it_exec(it, client, &ops[taken], long_sql()) == 0) taken++;
    it_run(it, 50);
    taosuv_stats_t after = stats_of(client);
    assert_in_range(after.bytes_waiting, 0, SEND);
    assert_in_range(after.queued * (uint64_t) SQL_SIZE, 0, QUEUE);
    full = taken == taken_before && after.bytes_sent == before.bytes_sent;
  }
  assert_in_range(stats_of(client).bytes_waiting, SEND - 2 * SQL_SIZE, SEND);
  assert_in_range(stats_of(client).queued, QUEUE / SQL_SIZE - 1, QUEUE / SQL_SIZE);
  assert_in_range(taken, (SEND + QUEUE) / SQL_SIZE - 2, MANY - 1);
  assert_in_range(it->probe.live_bytes, QUEUE, 6 * (SEND + QUEUE));
  assert_int_equal(it_exec(it, client, &ops[taken], long_sql()), TAOSUV_EAGAIN);
  unsigned drains = it_slot(it, client)->drains; /* while the system's buffers filled up */
  it_let_go(it);
  for (size_t i = 0; i < taken; i++) assert_int_equal(it_wait(&ops[i]), 0);
  it_run(it, 10);
  assert_int_equal(it_slot(it, client)->drains, drains + 1);
  assert_int_equal(stats_of(client).connects, 1);
  free(ops);
}

static void a_queue_is_bounded_in_bytes(void** state) {
  it_t* it = *state;
  enum { MANY = 40 };
  it_op_t* ops = calloc(MANY, sizeof *ops);
  taosuv_client_t* client = it_client(it, "pool_size=1&max_queue_bytes=1000000");
  size_t taken = fill(it, client, ops, MANY); /* nothing is connected yet: all wait */
  assert_int_equal(taken, 1000000 / SQL_SIZE);
  for (size_t i = 0; i < taken; i++) assert_int_equal(it_wait(&ops[i]), 0);
  it_run(it, 10);
  assert_int_equal(it_slot(it, client)->drains, 1);
  free(ops);
}

/* A single message may be larger than both bounds: nothing else would wait or be sent with it. */
static void one_large_message_always_goes(void** state) {
  it_t* it = *state;
  it_op_t op = {0}, other = {0};
  taosuv_client_t* client = it_client(it, "pool_size=1&max_queue_bytes=10&max_send_buffer=10");
  assert_int_equal(it_exec(it, client, &op, long_sql()), 0);
  assert_int_equal(it_exec(it, client, &other, "select 1"), TAOSUV_EAGAIN);
  assert_int_equal(it_wait(&op), 0);
  assert_int_equal(it_end(it_exec(it, client, &op, long_sql()), &op), 0);
}

/* Nobody fetches: one block of each result comes ahead of need, no more. */
static void without_fetches_nothing_is_read(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "blocks that are fetched one by one");
  enum { RESULTS = 8 };
  taosuv_result_t* results[RESULTS];
  taosuv_client_t* client = it_client(it, "pool_size=2");
  const char* sql = it_numbers(it, client, it->server != NULL ? 1000000 : 20000);
  for (size_t i = 0; i < RESULTS; i++) results[i] = it_rows(it, client, sql);
  it_run(it, it->server != NULL ? 100 : 500);
  taosuv_stats_t before = stats_of(client);
  size_t live = it->probe.live_bytes;
  assert_int_equal(before.blocks, RESULTS);
  assert_in_range(live, before.bytes_received / 2, 4 * before.bytes_received + (8u << 20));
  it_run(it, 300);
  taosuv_stats_t after = stats_of(client);
  assert_int_equal(after.bytes_received, before.bytes_received);
  assert_int_equal(it->probe.live_bytes, live);
  for (size_t i = 0; i < RESULTS; i++) {
    taosuv_block_t* block = it_block(it, results[i]);
    assert_in_range(taosuv_block_rows(block), 1, 4096);
    taosuv_block_unref(block);
    taosuv_result_close(results[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(a_server_that_does_not_read_fills_no_memory),
      IT_TEST(a_queue_is_bounded_in_bytes),
      IT_TEST(one_large_message_always_goes),
      IT_TEST(without_fetches_nothing_is_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
