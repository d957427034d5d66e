/* The batches of a writer in flight: many tables in a message, several messages over several
 * connections, in order after losses, with bounded memory, and with a close in between. */
#include "writer_job.h"

/* ---- messages ---- */

static void a_thousand_tables_travel_in_one_message(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  job_t job;
  open_patient(it, &job, "");
  uint64_t before = ts_server_counters(it->server).messages;
  for (int64_t i = 0; i < 2000; i++) assert_int_equal(put(&job, (unsigned) i % 1000, i + 1, i), 0);
  flush(&job);
  assert_in_range(ts_server_counters(it->server).messages - before, 1, 2); /* bind, exec */
  assert_int_equal(ts_server_action_count(it->server, "stmt2_exec"), 1);
  close_writer(&job);
  assert_int_equal(job.totals.batches, 1);
  assert_int_equal(ask(&job, "select count(*) from %s.st"), 2000);
  assert_int_equal(ask(&job, "select sum(g) from %s.st"), 999000);
}

/* Connections with something in flight. */
static void on_dumped(void* context, const char* text) {
  unsigned* busy = context;
  const char* at = strstr(text, " in flight");
  if (strncmp(text, "connection", 10) != 0 || at == NULL) return;
  if (at[-1] != '0' || at[-2] != ' ') ++*busy;
}

static bool are_waiting(void* data) {
  return ts_server_counters(((job_t*) data)->it->server).waiting == 4;
}

static void put_round(job_t* job) {
  static int64_t time;
  for (int64_t i = 0; i < 400; i++) assert_int_equal(put(job, (unsigned) i % 40, ++time, i), 0);
}

/* The lanes' statements are prepared where there are connections at that time: they go to others
 * when these have nothing to do, and have them opened. */
static void batches_fly_side_by_side_over_several_connections(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const char* const keys[] = {"pool_size=4", "pool_size=4&max_inflight=1"};
  for (int run = 0; run < 4; run++) {
    job_t job;
    unsigned busy = 0;
    prepare(it, &job, "");
    taosuv_client_t* client = it_client_db(it, job.db, keys[run / 2]);
    it_close_wait(it, job.client);
    job.client = client;
    if (run % 2 == 1) it_usable(it, client); /* over its first connection */
    job.options.lanes = 4;
    open_writer(&job);
    for (int round = 0; round < 10; round++) {
      put_round(&job);
      flush(&job);
      it_run(it, 20);
    }
    uint64_t prepares = ts_server_action_count(it->server, "stmt2_prepare");
    for (int round = 0; round < 10; round++) {
      put_round(&job);
      flush(&job);
    }
    assert_int_equal(ts_server_action_count(it->server, "stmt2_prepare"), prepares);
    it_rule(it, &(ts_rule_t) {.action = "stmt2_exec", .times = 4, .wait_ms = 300});
    put_round(&job);
    assert_true(it_until(it, are_waiting, &job, 10000));
    taosuv_client_dump(client, on_dumped, &busy);
    assert_int_equal(busy, 4);
    close_writer(&job);
    assert_int_equal(job.totals.rows_written, 21 * 400);
    it_ok(it, client, "drop database %s", job.db);
    it_close_wait(it, client);
    memset(it->slots, 0, sizeof it->slots);
    memset(it->databases, 0, sizeof it->databases);
    it_unrule(it);
  }
}

/* ---- order ---- */

static void stall_once(it_t* it) {
  it_rule(it, &(ts_rule_t) {.action = "stmt2_exec", .times = 3, .wait_ms = 300});
}

static void cut_messages(it_t* it) {
  ts_peer_cut_all(ts_server_peer(it->server));
}

/* They are executed, and the client does not know. */
static void cut_answers(it_t* it) {
  ts_peer_t* peer = ts_server_peer(it->server);
  for (ts_conn_t* conn = ts_peer_next(peer, NULL); conn != NULL; conn = ts_peer_next(peer, conn))
    ts_conn_set_fault(conn, &(ts_fault_t) {.cut_after_sent = 30});
}

/* The same timestamps again and again: whatever is sent twice or late, the last row is to stay. */
static void a_table_keeps_its_order_whatever_is_lost(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  void (*const harms[])(it_t*) = {stall_once, cut_messages, cut_answers};
  for (size_t harm = 0; harm < COUNT(harms); harm++) {
    job_t job;
    prepare(it, &job, "pool_size=4&retry_initial=1&retry_max=20");
    job.options.batch_rows = 7;
    job.options.lanes = 4;
    if (harm == 0) job.options.timeout_ms = 100;
    open_writer(&job);
    for (int64_t i = 0; i < 3000; i++) {
      put_waiting(&job, (unsigned) i % 3, 1 + i % 30, i);
      if (i % 700 == 300) harms[harm](it);
      if (i % 20 == 0) uv_run(&it->loop, UV_RUN_NOWAIT);
    }
    close_writer(&job);
    assert_int_equal(job.reports, 0);
    assert_int_equal(job.totals.rows_written, 3000);
    /* What is late is waited for. */
    if (harm == 0)
      assert_int_equal(job.totals.retries, 0);
    else
      assert_true(job.totals.retries > 0);
    assert_int_equal(ask(&job, "select count(*) from %s.st"), 30);
    assert_int_equal(ask(&job, "select min(a) from %s.st"), 2970);
    it_unrule(it);
    it_ok(it, job.client, "drop database %s", job.db);
    it_close_wait(it, job.client);
    memset(it->slots, 0, sizeof it->slots);
    memset(it->databases, 0, sizeof it->databases);
  }
}

/* ---- memory ---- */

static void memory_is_bounded_by_max_bytes(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const unsigned tables[] = {1, 100, 1000000};
  for (size_t i = 0; i < COUNT(tables); i++) {
    job_t job;
    prepare(it, &job, "");
    job.options.max_bytes = 4 << 20;
    open_writer(&job);
    it_rule(it, &(ts_rule_t) {.action = "stmt2_bind", .answer = TS_ANSWER_NOTHING});
    size_t before = it->probe.live_bytes;
    int64_t row = 0;
    while (put(&job, (unsigned) row % tables[i], row + 1, row) == 0) {
      if (++row % 100 == 0) uv_run(&it->loop, UV_RUN_NOWAIT);
    }
    taosuv_writer_totals(job.writer, &job.totals);
    assert_in_range(job.totals.bytes_pending, 4 << 20, (4 << 20) + 1000);
    /* A table with one row has room for some more. */
    assert_in_range(it->probe.live_bytes - before, 1 << 20, 10 * job.totals.bytes_pending);
    it_close_wait(it, job.client);
    close_writer(&job);
    assert_int_equal(job.totals.rows_failed, row);
    it_unrule(it);
    memset(it->slots, 0, sizeof it->slots);
    memset(it->databases, 0, sizeof it->databases);
  }
}

/* ---- the end, in the midst of it ---- */

static bool has_retried(void* data) {
  job_t* job = data;
  taosuv_writer_totals(job->writer, &job->totals);
  return job->totals.retries >= 2;
}

/* Between two attempts: closing the writer goes on with them, closing the client ends them. */
static void closing_while_a_batch_waits_for_its_next_attempt(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  for (int run = 0; run < 3; run++) {
    job_t job;
    prepare(it, &job, "retry_initial=1&retry_max=20");
    job.options.lanes = 1;
    job.options.retry_ms = run == 0 ? 60000 : 1000000;
    open_writer(&job);
    it_rule(it, &(ts_rule_t) {
                    .action = "stmt2_exec", .times = run == 0 ? 4 : 0, .answer = TS_ANSWER_CUT});
    for (int64_t i = 0; i < 10; i++) assert_int_equal(put(&job, (unsigned) i, i + 1, i), 0);
    assert_true(it_until(it, has_retried, &job, 20000));
    if (run > 0) it_close(it, job.client);
    if (run == 2) it_closed(&it->slots[0]);
    close_writer(&job);
    if (run == 0) {
      assert_int_equal(job.totals.rows_written, 10);
      assert_int_equal(ask(&job, "select count(*) from %s.st"), 10);
      it_close_wait(it, job.client);
    } else {
      assert_int_equal(job.totals.rows_failed, 10);
      assert_int_equal(job.last.status, TAOSUV_ECANCELED);
      assert_true(job.last.attempts >= 2);
      assert_true((job.last.err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0);
      if (run == 1) it_closed(&it->slots[0]);
    }
    it_unrule(it);
    memset(it->slots, 0, sizeof it->slots);
    memset(it->databases, 0, sizeof it->databases);
  }
}

/* What cannot even be sent is reported in a later turn, whatever is closed until then. */
static void closing_while_a_batch_that_cannot_be_sent_is_about_to_be_told(void** state) {
  it_t* it = *state;
  for (int run = 0; run < 3; run++) {
    enum { ROWS = 5000 };
    static int64_t ts[ROWS];
    job_t job;
    char name[64];
    prepare(it, &job, "max_message_size=65536");
    job.options.divide = TAOSUV_WRITER_NO_DIVIDE; /* in parts it could be sent */
    open_writer(&job);
    for (int i = 0; i < ROWS; i++) ts[i] = i + 1;
    taosuv_array_t columns[] = {{TAOSUV_TYPE_TIMESTAMP, ts, NULL, NULL},
                                {TAOSUV_TYPE_BIGINT, ts, NULL, NULL},
                                {TAOSUV_TYPE_NULL, NULL, NULL, NULL},
                                {TAOSUV_TYPE_NULL, NULL, NULL, NULL}};
    taosuv_value_t tags[] = {taosuv_i64(1), taosuv_null()};
    snprintf(name, sizeof name, "%s.large", job.db);
    assert_int_equal(
        taosuv_writer_columns(job.writer, name, TAOSUV_NUL_TERMINATED, tags, 2, ROWS, columns, 4),
        0);
    assert_int_equal(job.reports, 0); /* not before the call has returned */
    it_slot_t* slot = it_slot(it, job.client);
    if (run == 1) it_close(it, job.client);
    if (run == 2) flush(&job);
    close_writer(&job);
    assert_int_equal(job.reports, 1);
    assert_int_equal(job.last.status, TAOSUV_EMSGSIZE);
    assert_int_equal(job.last.attempts, 0);
    assert_int_equal(job.last.err_flags, 0);
    it_has(job.tables, ".large 0-4999 5000;");
    if (run == 1)
      it_closed(slot);
    else
      it_close_wait(it, job.client);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(a_thousand_tables_travel_in_one_message),
      IT_TEST(a_table_keeps_its_order_whatever_is_lost),
      IT_TEST(memory_is_bounded_by_max_bytes),
      IT_TEST(closing_while_a_batch_waits_for_its_next_attempt),
      IT_TEST(closing_while_a_batch_that_cannot_be_sent_is_about_to_be_told),
      IT_TEST(batches_fly_side_by_side_over_several_connections),
  };
  return cmocka_run_group_tests_name("writer_flight", tests, NULL, NULL);
}
