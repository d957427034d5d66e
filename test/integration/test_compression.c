/* compression=1: the same results in fewer bytes, and the same behaviour when a connection dies. */
#include "fixture.h"
#include "text.h"

/* What the bench table's rows must be (test/server/README.md). */
static void check_rows(taosuv_block_t* block) {
  taosuv_column_t ts, a, b, c;
  taosuv_block_column(block, 0, &ts);
  taosuv_block_column(block, 1, &a);
  taosuv_block_column(block, 2, &b);
  taosuv_block_column(block, 3, &c);
  for (uint32_t row = 0; row < ts.rows; row++) {
    char text[32];
    snprintf(text, sizeof text, "row-%u", row);
    uint32_t length;
    const uint8_t* bytes = taosuv_get_bytes(&c, row, &length);
    bool same = taosuv_get_i64(&ts, row) == 1700000000000 + 1000 * (int64_t) row &&
                taosuv_get_i32(&a, row) == (int32_t) row && taosuv_get_f64(&b, row) == row * 0.5 &&
                length == strlen(text) && memcmp(bytes, text, length) == 0;
    if (!same) fail_msg("row %u", row);
  }
}

static uint64_t read_all(it_t* it, taosuv_client_t* client, const char* sql) {
  taosuv_result_t* result = it_rows(it, client, sql);
  uint64_t rows = 0;
  for (taosuv_block_t* block; (block = it_block(it, result)) != NULL;) {
    check_rows(block);
    rows += taosuv_block_rows(block);
    taosuv_block_unref(block);
  }
  taosuv_result_close(result);
  return rows;
}

static const ts_peer_counters_t* peer(it_t* it) {
  return ts_peer_counters(ts_server_peer(it->server));
}

/* An insert of at least this size. */
static char* long_insert(size_t size) {
  text_t sql = {0};
  text_add(&sql, "insert into t values");
  for (unsigned i = 1; sql.size < size; i++) text_add(&sql, "(%u,%u)", 1000 + i, i);
  return sql.data;
}

static void make_table(it_t* it, taosuv_client_t* client) {
  it_ok(it, client, "create table t (ts timestamp, v int)");
}

static void large_blocks_arrive_compressed(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "compression of messages");
  it_needs_bundled(it);
  taosuv_client_t* client = it_client(it, "compression=1");
  assert_int_equal(read_all(it, client, "select * from bench.rows_20000_4096"), 20000);
  assert_int_equal(read_all(it, client, "select * from bench.rows_65536_65536"), 65536);
  assert_int_equal(read_all(it, client, "select * from bench.rows_7_3"), 7);
  assert_true(peer(it)->compressed_out > 10);
  assert_int_equal(peer(it)->compressed_in, 0); /* nothing long was sent */
  uint64_t packed = peer(it)->bytes_out;
  taosuv_client_t* plain = it_client(it, "");
  assert_int_equal(read_all(it, plain, "select * from bench.rows_20000_4096"), 20000);
  assert_int_equal(read_all(it, plain, "select * from bench.rows_65536_65536"), 65536);
  assert_true(peer(it)->bytes_out - packed > 2 * packed);
}

static void long_statements_are_sent_compressed(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "compression of messages");
  it_needs_bundled(it);
  taosuv_client_t* setup = it_client(it, "");
  const char* db = it_database(it, setup, "ms");
  static const struct {
    const char* keys;
    const char* version; /* an old one has JSON requests only */
    uint64_t compressed;
  } cases[] = {{"compression=1", NULL, 1},
               {"compression=1&compression_threshold=20000", NULL, 0},
               {"compression=0", NULL, 0}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    taosuv_client_t* client = it_client_db(it, db, cases[i].keys);
    it_ok(it, client, "drop table if exists t");
    make_table(it, client);
    uint64_t before = peer(it)->compressed_in, bytes = peer(it)->bytes_in;
    char* sql = long_insert(10000);
    it_op_t op = {0};
    assert_int_equal(it_end(it_exec(it, client, &op, sql), &op), 0);
    assert_true(op.exec.affected_rows > 500);
    assert_int_equal(peer(it)->compressed_in - before, cases[i].compressed);
    if (cases[i].compressed) assert_true(peer(it)->bytes_in - bytes < 5000);
    assert_int_equal(it_number(it, client, "select count(*) from t"), op.exec.affected_rows);
    free(sql);
    it_close_wait(it, client);
  }
}

static void an_old_server_gets_compressed_json(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "compression of messages");
  it_needs_bundled(it);
  it_server_stop(it);
  it_server_start(it, &(ts_config_t) {.version = "3.1.1.15", .compression = true});
  taosuv_client_t* client = it_client(it, "compression=1&compression_threshold=0");
  assert_int_equal(read_all(it, client, "select * from bench.rows_5000_1000"), 5000);
  assert_true(peer(it)->compressed_in >= 6);
}

/* The log-in's secrets do not pass through zlib. */
static void the_log_in_is_never_compressed(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "compression of messages");
  it_needs_bundled(it);
  taosuv_client_t* client = it_client(it, "compression=1&compression_threshold=0");
  it_op_t op = {0};
  assert_int_equal(it_end(it_open(it, client, &op), &op), 0);
  assert_int_equal(peer(it)->compressed_in, 0);
  it_usable(it, client);
  assert_true(peer(it)->compressed_in > 0);
}

static void a_server_that_does_not_agree_is_used_without(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "compression of messages");
  it_needs_bundled(it);
  it_server_stop(it);
  it_server_start(it, NULL);
  taosuv_client_t* client = it_client(it, "compression=1&compression_threshold=0");
  assert_int_equal(read_all(it, client, "select * from bench.rows_5000_1000"), 5000);
  assert_int_equal(peer(it)->compressed_in + peer(it)->compressed_out, 0);
}

static void a_block_larger_than_allowed_ends_the_connection(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "compression of messages");
  it_needs_bundled(it);
  it_op_t op = {0};
  taosuv_client_t* client = it_client(it, "compression=1&max_message_size=65536");
  taosuv_result_t* result = it_rows(it, client, "select * from bench.rows_40000_40000");
  assert_int_equal(it_end(it_fetch(it, result, &op), &op), TAOSUV_EMSGSIZE);
  it_has(op.message, "max_message_size");
  taosuv_result_close(result);
  it_usable(it, client);
}

typedef struct move_s {
  taosuv_client_t* client;
  char* sql;
  it_op_t moved;
  int started;
} move_t;

static void send_more(it_op_t* op) {
  move_t* move = op->data;
  move->started = it_exec(op->it, move->client, &move->moved, move->sql);
}

/* The answer and the connection's end are read in the same turn of the loop: what the callback of
 * the one writes has not left when the other comes. It is inflated again and sent again. */
static void unsent_requests_are_moved(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "compression of messages");
  it_needs_bundled(it);
  taosuv_client_t* setup = it_client(it, "");
  const char* db = it_database(it, setup, "ms");
  static const char* const keys[] = {"compression=0", "compression=1",
                                     "compression=1&compression_threshold=0"};
  for (size_t i = 0; i < COUNT(keys); i++) {
    move_t move = {.client = it_client_db(it, db, keys[i]), .sql = long_insert(50000)};
    it_op_t op = {.then = send_more, .data = &move};
    it_ok(it, move.client, "drop table if exists t");
    make_table(it, move.client);
    uint32_t rule = it_rule(it, &(ts_rule_t) {.action = "binary_query"});
    assert_int_equal(it_exec(it, move.client, &op, "select 1"), 0);
    it_until_hits(it, rule, 1);
    ts_conn_reset(it_conn(it));
    assert_int_equal(it_wait(&op), 0);
    assert_int_equal(it_end(move.started, &move.moved), 0);
    taosuv_counts_t counts;
    taosuv_client_counts(move.client, &counts);
    assert_int_equal(counts.connects, 2);
    assert_int_equal(it_number(it, move.client, "select count(*) from t"),
                     move.moved.exec.affected_rows);
    it_unrule(it);
    free(move.sql);
    it_close_wait(it, move.client);
  }
}

static void a_compressed_stream_cut_anywhere_fails_cleanly(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "compression of messages");
  it_needs_bundled(it);
  taosuv_client_t* client = it_client(it, "compression=1&connect_timeout=30000");
  int succeeded = 0;
  for (uint64_t at = 150; at < 12000; at += at < 1000 ? 7 : 101) {
    it_op_t op = {0};
    ts_peer_set_fault(ts_server_peer(it->server), &(ts_fault_t) {.cut_after_sent = at}, 1);
    int status = it_end(it_query(it, client, &op, "select * from bench.rows_1000_1000"), &op);
    if (status == 0) {
      int fetched = it_end(it_fetch(it, op.query.result, &op), &op);
      assert_true(fetched == 0 || fetched == TAOSUV_ECONNLOST);
      if (fetched == 0) check_rows(op.block);
      succeeded += fetched == 0;
      it_done(&op);
      taosuv_result_close(op.fetch.result);
    } else if (status != TAOSUV_ECONNLOST && status != TAOSUV_EHTTP) {
      fail_msg("cut at %d: %s", (int) at, taosuv_err_name(status));
    }
    ts_peer_cut_all(ts_server_peer(it->server));
    it_until_connections(it, 0);
    it_run(it, 1);
  }
  ts_peer_set_fault(ts_server_peer(it->server), NULL, 0);
  assert_in_range(succeeded, 1, 200);
}

static void changed_bytes_are_noticed_or_harmless(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "compression of messages");
  it_needs_bundled(it);
  unsigned failed = 0;
  taosuv_client_t* client = it_client(it, "compression=1&request_timeout=500");
  for (uint64_t at = 230; at < 2000; at += 13) {
    it_op_t op = {0};
    ts_fault_t fault = {.xor_mask = 0x55, .xor_offset = at};
    ts_peer_set_fault(ts_server_peer(it->server), &fault, 1);
    int status = it_end(it_query(it, client, &op, "select * from bench.rows_4096_4096"), &op);
    if (status == 0) {
      taosuv_result_t* result = op.query.result;
      status = it_end(it_fetch(it, result, &op), &op);
      it_done(&op);
      taosuv_result_close(result);
    }
    failed += status != 0;
    ts_peer_cut_all(ts_server_peer(it->server));
    it_until_connections(it, 0);
    it_run(it, 1);
  }
  ts_peer_set_fault(ts_server_peer(it->server), NULL, 0);
  assert_true(failed > 20);
}

static void bytes_that_come_one_by_one_make_the_same_rows(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "compression of messages");
  it_needs_bundled(it);
  static const uint32_t pieces[] = {1, 2, 61};
  for (size_t i = 0; i < COUNT(pieces); i++) {
    ts_peer_set_fault(ts_server_peer(it->server), &(ts_fault_t) {.split = pieces[i]}, 1);
    taosuv_client_t* client = it_client(it, "compression=1");
    assert_int_equal(read_all(it, client, "select * from bench.rows_100_40"), 100);
    it_close_wait(it, client);
  }
}

static void no_memory_is_asked_for_once_warm(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "compression of messages");
  it_needs_bundled(it);
  taosuv_client_t* client = it_client(it, "compression=1&compression_threshold=0");
  size_t calls = 0;
  for (unsigned i = 0; i < 400; i++) {
    if (i == 100) calls = it->probe.calls;
    it_op_t op = {0};
    assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), 0);
    assert_int_equal(read_all(it, client, "select * from bench.rows_4000_2000"), 4000);
  }
  assert_int_equal(it->probe.calls, calls);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(large_blocks_arrive_compressed),
      IT_TEST(long_statements_are_sent_compressed),
      IT_TEST(an_old_server_gets_compressed_json),
      IT_TEST(the_log_in_is_never_compressed),
      IT_TEST(a_server_that_does_not_agree_is_used_without),
      IT_TEST(a_block_larger_than_allowed_ends_the_connection),
      IT_TEST(unsent_requests_are_moved),
      IT_TEST(a_compressed_stream_cut_anywhere_fails_cleanly),
      IT_TEST(changed_bytes_are_noticed_or_harmless),
      IT_TEST(bytes_that_come_one_by_one_make_the_same_rows),
      IT_TEST(no_memory_is_asked_for_once_warm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
