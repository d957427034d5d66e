/* A statement on a server: prepared, used by a statement of the caller's, kept in the cache of its
 * connection, closed there, lost with it. The transport is the test, which answers each message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/conn/leave.h"
#include "client/conn/receive.h"
#include "client/pool/client.h"
#include "client/stmt/stmt.h"
#include "conn_kit.h"

static uv_loop_t loop;
static alloc_probe_t probe;
static taosuv_client_t* client;
static taosuv_stmt_prepare_t prepares[4];
static int statuses[4];
static char messages[4][128];
static unsigned closed_clients;

/* ---- the client ---- */

static void turns(void) {
  for (unsigned i = 0; i < 10; i++) uv_run(&loop, UV_RUN_NOWAIT);
}

/* The server answers what is in flight, and ends what was asked to end. */
static void end_links(void) {
  for (unsigned i = 0; i < ck.nlinks; i++) {
    tuv_conn_t* conn = ck.links[i].conn;
    while (conn != NULL && !tuv_queue_empty(&conn->inflight.sent)) {
      tuv_op_t* op = TUV_CONTAINER(conn->inflight.sent.next, tuv_op_t, link);
      tuv_failure_t gone = {TAOSUV_ESERVER, 0, 0xffff, "stmt has been freed", NULL};
      tuv_conn_take(conn, op->id);
      tuv_conn_fail_op(conn, op, gone);
    }
    if (conn != NULL) tuv_leave_check(conn);
    if (conn != NULL && (ck.links[i].closed || ck.links[i].aborted)) link_lose(&ck.links[i], "");
  }
}

static void begin(const char* url) {
  taosuv_options_t options;
  memset(&ck, 0, sizeof ck);
  memset(prepares, 0, sizeof prepares);
  link_restore();
  for (unsigned i = 0; i < 4; i++) statuses[i] = 1; /* pending */
  closed_clients = 0;
  alloc_probe_init(&probe);
  assert_int_equal(uv_loop_init(&loop), 0);
  taosuv_options_init(&options);
  options.url = url;
  options.allocator = (const taosuv_allocator_t*) (const void*) &probe.alloc;
  assert_int_equal(taosuv_client_create_ex(&loop, &options, &client), 0);
  client->pool.conns.transport = &link_transport;
}

static void on_closed(void* data) {
  (void) data;
  closed_clients++;
}

static int end(void** state) {
  (void) state;
  taosuv_close(client, on_closed);
  for (unsigned i = 0; i < 5; i++) {
    turns();
    end_links();
  }
  turns();
  assert_int_equal(closed_clients, 1);
  assert_int_equal(uv_loop_close(&loop), 0);
  assert_int_equal(probe.live_blocks, 0);
  return 0;
}

/* ---- statements ---- */

static void on_prepared(taosuv_stmt_prepare_t* req, int status) {
  size_t index = (size_t) (req - prepares);
  assert_int_equal(statuses[index], 1); /* once */
  statuses[index] = status;
  snprintf(messages[index], sizeof messages[index], "%s", req->message == NULL ? "" : req->message);
}

static void prepare(unsigned index, const char* sql) {
  int status = taosuv_stmt_prepare(client, &prepares[index], sql, strlen(sql), on_prepared);
  assert_int_equal(status, 0);
  turns();
}

static void close_stmt(unsigned index) {
  taosuv_stmt_close(prepares[index].stmt);
  turns();
}

/* ---- the server ---- */

/* The statement whose message was sent last on a connection, and waits for its answer. */
static tuv_server_stmt_t* last_sent(const link_t* link) {
  assert_false(tuv_queue_empty(&link->conn->inflight.sent));
  tuv_op_t* op = TUV_CONTAINER(link->conn->inflight.sent.prev, tuv_op_t, link);
  return TUV_CONTAINER(op, tuv_server_stmt_t, op);
}

/* Answers it; `members` follow the usual ones. */
static void reply(const link_t* link, tuv_server_stmt_step_t step, const char* members) {
  char text[512];
  tuv_reply_t parsed;
  tuv_errmsg_t err;
  tuv_op_t* op = &last_sent(link)->op;
  assert_int_equal(last_sent(link)->step, step);
  int length = snprintf(text, sizeof text, "{\"code\":0,\"action\":\"a\",\"req_id\":%llu%s}",
                        (unsigned long long) op->id, members);
  assert_in_range(length, 1, sizeof text - 1);
  int status = tuv_reply_parse(&client->context.json, (const uint8_t*) text, (size_t) length,
                               &parsed, &err);
  if (status < 0) fail_msg("%s: %s", err.text, text);
  assert_ptr_equal(tuv_conn_take(link->conn, op->id), op);
  op->type->reply(op, link->conn, &parsed);
  turns();
}

static void refuse(const link_t* link, int code, const char* message) {
  tuv_op_t* op = &last_sent(link)->op;
  assert_ptr_equal(tuv_conn_take(link->conn, op->id), op);
  tuv_conn_fail_op(link->conn, op, (tuv_failure_t) {TAOSUV_ESERVER, 0, code, message, NULL});
  turns();
}

static void answer_init(const link_t* link, unsigned id) {
  char members[64];
  snprintf(members, sizeof members, ",\"stmt_id\":%u", id);
  reply(link, TUV_STEP_INIT, members);
}

/* A query with one question mark. */
static void answer_query(const link_t* link, unsigned id) {
  char members[96];
  snprintf(members, sizeof members, ",\"stmt_id\":%u,\"is_insert\":false,\"fields_count\":1", id);
  reply(link, TUV_STEP_PREPARE, members);
}

static void answer_insert(const link_t* link, unsigned id) {
  char members[320];
  snprintf(members, sizeof members,
           ",\"stmt_id\":%u,\"is_insert\":true,\"fields_count\":2,\"fields\":["
           "{\"name\":\"ts\",\"field_type\":9,\"precision\":0,\"scale\":0,\"bytes\":8,"
           "\"bind_type\":1},"
           "{\"name\":\"v\",\"field_type\":4,\"precision\":0,\"scale\":0,\"bytes\":4,"
           "\"bind_type\":1}]",
           id);
  reply(link, TUV_STEP_PREPARE, members);
}

static void prepare_query(unsigned index, const char* sql, unsigned id) {
  prepare(index, sql);
  link_t* link = link_at(ck.nlinks - 1);
  if (link->conn->state == TUV_CONN_CONNECTING) {
    link_ready(link);
    turns();
  }
  answer_init(link, id);
  answer_query(link, id);
  assert_int_equal(statuses[index], 0);
}

static const char Q1[] = "select * from t where v > ?";
static const char Q2[] = "select * from t where v < ?";
static const char Q3[] = "select * from t where v = ?";

/* ---- life ---- */

static void a_statement_is_prepared_step_by_step(void** state) {
  (void) state;
  begin("ws://a:1/");
  prepare(0, Q1);
  assert_int_equal(ck.nlinks, 1);
  link_t* link = link_at(0);
  link_ready(link);
  turns();
  tuv_server_stmt_t* server_stmt = last_sent(link);
  assert_int_equal(server_stmt->step, TUV_STEP_INIT);
  assert_ptr_equal(tuv_op_waiter(&server_stmt->op), &prepares[0]);
  answer_init(link, 5);
  assert_int_equal(server_stmt->id, 5);
  assert_int_equal(server_stmt->step, TUV_STEP_PREPARE);
  assert_false(server_stmt->prepared);
  answer_query(link, 5);
  assert_int_equal(statuses[0], 0);
  assert_true(server_stmt->prepared);
  assert_ptr_equal(server_stmt->stmt, prepares[0].stmt);
  assert_int_equal(link->sends, 2);
  close_stmt(0);
}

static void a_refusal_fails_the_prepare_and_closes_the_statement(void** state) {
  (void) state;
  begin("ws://a/");
  prepare(0, Q1);
  link_ready(link_at(0));
  turns();
  answer_init(link_at(0), 5);
  refuse(link_at(0), 0x2603, "Table does not exist");
  assert_int_equal(statuses[0], TAOSUV_ESERVER);
  assert_int_equal(prepares[0].server_code, 0x2603);
  assert_string_equal(messages[0], "Table does not exist");
  reply(link_at(0), TUV_STEP_CLOSE, ",\"stmt_id\":5");
  assert_true(tuv_queue_empty(&link_at(0)->conn->inflight.sent));
}

static void a_reply_about_another_statement_is_malformed(void** state) {
  (void) state;
  begin("ws://a/");
  prepare(0, Q1);
  link_ready(link_at(0));
  turns();
  answer_init(link_at(0), 5);
  reply(link_at(0), TUV_STEP_PREPARE, ",\"stmt_id\":6,\"is_insert\":false,\"fields_count\":1");
  assert_int_equal(statuses[0], TAOSUV_EPROTO);
  reply(link_at(0), TUV_STEP_CLOSE, ",\"stmt_id\":5");
}

static void an_insert_takes_its_fields_from_the_reply(void** state) {
  (void) state;
  uint32_t count;
  begin("ws://a/");
  prepare(0, "insert into t values(?, ?)");
  link_ready(link_at(0));
  turns();
  answer_init(link_at(0), 5);
  answer_insert(link_at(0), 5);
  assert_int_equal(statuses[0], 0);
  assert_true(taosuv_stmt_is_insert(prepares[0].stmt));
  const taosuv_stmt_field_t* fields = taosuv_stmt_fields(prepares[0].stmt, &count);
  assert_int_equal(count, 2);
  assert_string_equal(fields[1].name, "v");
  close_stmt(0);
}

/* ---- the cache ---- */

static void a_closed_statement_is_kept_and_used_again_without_a_message(void** state) {
  (void) state;
  begin("ws://a/");
  prepare_query(0, Q1, 5);
  const link_t* link = link_at(0);
  close_stmt(0);
  assert_int_equal(link->conn->ncached, 1);
  unsigned sends = link->sends;
  prepare(1, Q1);
  assert_int_equal(statuses[1], 0);
  assert_int_equal(link->sends, sends);
  assert_int_equal(link->conn->ncached, 0);
  prepare_query(2, Q1, 6); /* the kept one is in use: another is prepared */
  close_stmt(1);
  close_stmt(2);
  assert_int_equal(link->conn->ncached, 2);
}

static void another_sql_is_not_taken_from_the_cache(void** state) {
  (void) state;
  begin("ws://a/");
  prepare_query(0, Q1, 5);
  close_stmt(0);
  prepare_query(1, Q2, 6);
  assert_int_equal(link_at(0)->conn->ncached, 1);
  close_stmt(1);
}

static void the_oldest_is_closed_when_the_cache_is_full(void** state) {
  (void) state;
  static const char* const sqls[] = {Q1, Q2, Q3};
  begin("ws://a/?stmt_cache=2");
  for (unsigned i = 0; i < 3; i++) prepare_query(i, sqls[i], 5 + i);
  const link_t* link = link_at(0);
  close_stmt(0);
  close_stmt(1);
  assert_int_equal(link->conn->ncached, 2);
  close_stmt(2);
  assert_int_equal(link->conn->ncached, 2);
  assert_int_equal(last_sent(link)->id, 5); /* of the first */
  reply(link, TUV_STEP_CLOSE, ",\"stmt_id\":5");
}

static void without_a_cache_a_statement_is_closed_on_the_server(void** state) {
  (void) state;
  begin("ws://a/?stmt_cache=0");
  prepare_query(0, Q1, 5);
  close_stmt(0);
  assert_int_equal(link_at(0)->conn->ncached, 0);
  reply(link_at(0), TUV_STEP_CLOSE, ",\"stmt_id\":5");
}

static void an_insert_into_a_table_that_must_exist_is_not_kept(void** state) {
  (void) state;
  begin("ws://a/");
  prepare(0, "insert into t values(?, ?)");
  link_ready(link_at(0));
  turns();
  answer_init(link_at(0), 5);
  answer_insert(link_at(0), 5);
  answer_init(link_at(0), 6); /* one for the next batch is made in advance */
  reply(link_at(0), TUV_STEP_CLOSE, ",\"stmt_id\":5");
  close_stmt(0);
  assert_int_equal(link_at(0)->conn->ncached, 0);
}

static void a_change_of_tables_closes_what_was_prepared_before(void** state) {
  (void) state;
  begin("ws://a/");
  prepare_query(0, Q1, 5);
  prepare_query(1, Q2, 6);
  close_stmt(0);
  tuv_client_schema_changed(client);
  turns();
  assert_int_equal(link_at(0)->conn->ncached, 0);
  reply(link_at(0), TUV_STEP_CLOSE, ",\"stmt_id\":5");
  close_stmt(1); /* it was prepared before as well */
  assert_int_equal(link_at(0)->conn->ncached, 0);
  reply(link_at(0), TUV_STEP_CLOSE, ",\"stmt_id\":6");
}

static void a_kept_statement_is_taken_from_the_connection_with_least_in_flight(void** state) {
  (void) state;
  begin("ws://a/?pool_size=2");
  prepare_query(0, Q1, 5);
  const tuv_server_stmt_t* first = prepares[0].stmt->server_stmt;
  close_stmt(0);
  assert_ptr_equal(tuv_server_stmt_take_cached(client, first->source, 1), first);
  tuv_server_stmt_settle((tuv_server_stmt_t*) (uintptr_t) first);     /* back */
  assert_null(tuv_server_stmt_take_cached(client, first->source, 0)); /* none has so little */
}

/* ---- the end of its connection ---- */

static void what_is_kept_goes_with_its_connection(void** state) {
  (void) state;
  begin("ws://a/");
  prepare_query(0, Q1, 5);
  close_stmt(0);
  link_lose(link_at(0), "gone");
  turns();
  prepare(1, Q1); /* a new connection, a new statement */
  assert_int_equal(ck.nlinks, 2);
  link_ready(link_at(1));
  turns();
  answer_init(link_at(1), 9);
  answer_query(link_at(1), 9);
  assert_int_equal(statuses[1], 0);
  close_stmt(1);
}

static void a_prepare_goes_on_over_another_connection(void** state) {
  (void) state;
  begin("ws://a/");
  prepare(0, Q1);
  link_ready(link_at(0));
  turns();
  answer_init(link_at(0), 5);
  link_leave_all(link_at(0));
  link_lose(link_at(0), "gone");
  turns();
  assert_int_equal(statuses[0], 1); /* nothing was executed: nobody is called back */
  assert_int_equal(ck.nlinks, 2);
  link_ready(link_at(1));
  turns();
  answer_init(link_at(1), 5);
  answer_query(link_at(1), 5);
  assert_int_equal(statuses[0], 0);
  close_stmt(0);
}

static void a_prepare_is_moved_a_limited_number_of_times(void** state) {
  (void) state;
  begin("ws://a/?retry_initial=1&retry_max=1");
  prepare(0, Q1);
  for (unsigned i = 0; i <= TUV_STMT_MAX_MOVES; i++) {
    assert_int_equal(statuses[0], 1);
    link_ready(link_at(i));
    turns();
    assert_int_equal(last_sent(link_at(i))->step, TUV_STEP_INIT);
    link_lose(link_at(i), "gone");
    turns();
  }
  assert_int_equal(statuses[0], TAOSUV_ECONNLOST);
  assert_string_equal(messages[0], "gone");
}

static void a_prepared_statement_without_work_waits_for_its_next_use(void** state) {
  (void) state;
  begin("ws://a/");
  prepare_query(0, Q1, 5);
  link_lose(link_at(0), "gone");
  turns();
  assert_null(prepares[0].stmt->server_stmt);
  assert_int_equal(ck.nlinks, 1); /* nothing is prepared for nobody */
  close_stmt(0);
}

static void a_leaving_connection_closes_what_it_has_on_the_server(void** state) {
  (void) state;
  begin("ws://a/");
  prepare_query(0, Q1, 5);
  close_stmt(0);
  tuv_conn_retire(link_at(0)->conn);
  turns();
  reply(link_at(0), TUV_STEP_CLOSE, ",\"stmt_id\":5");
}

#define SERVER_STMT_TEST(name) cmocka_unit_test_teardown(name, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      SERVER_STMT_TEST(a_statement_is_prepared_step_by_step),
      SERVER_STMT_TEST(a_refusal_fails_the_prepare_and_closes_the_statement),
      SERVER_STMT_TEST(a_reply_about_another_statement_is_malformed),
      SERVER_STMT_TEST(an_insert_takes_its_fields_from_the_reply),
      SERVER_STMT_TEST(a_closed_statement_is_kept_and_used_again_without_a_message),
      SERVER_STMT_TEST(another_sql_is_not_taken_from_the_cache),
      SERVER_STMT_TEST(the_oldest_is_closed_when_the_cache_is_full),
      SERVER_STMT_TEST(without_a_cache_a_statement_is_closed_on_the_server),
      SERVER_STMT_TEST(an_insert_into_a_table_that_must_exist_is_not_kept),
      SERVER_STMT_TEST(a_change_of_tables_closes_what_was_prepared_before),
      SERVER_STMT_TEST(a_kept_statement_is_taken_from_the_connection_with_least_in_flight),
      SERVER_STMT_TEST(what_is_kept_goes_with_its_connection),
      SERVER_STMT_TEST(a_prepare_goes_on_over_another_connection),
      SERVER_STMT_TEST(a_prepare_is_moved_a_limited_number_of_times),
      SERVER_STMT_TEST(a_prepared_statement_without_work_waits_for_its_next_use),
      SERVER_STMT_TEST(a_leaving_connection_closes_what_it_has_on_the_server),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
