/* REST: the features that only HTTP has. The other tests run over it as well: see transport.h. */
#include "fixture.h"
#include "transport.h"

static taosuv_client_t* client_of(it_t* it, const char* db, const char* keys) {
  char url[512];
  it_needs_bundled(it);
  snprintf(url, sizeof url, "http://root:taosdata@127.0.0.1:%d/%s?retries=0%s%s",
           ts_server_port(it->server), db, keys[0] != 0 ? "&" : "", keys);
  return it_client_url(it, url);
}

static uint64_t connects_of(const taosuv_client_t* client) {
  taosuv_counts_t counts;
  taosuv_client_counts(client, &counts);
  return counts.connects;
}

/* The next statement is answered by these bytes. */
static void answer_by(it_t* it, const char* bytes) {
  it_rule(it, &(ts_rule_t) {.action = "binary_query",
                            .times = 1,
                            .answer = TS_ANSWER_BINARY,
                            .data = bytes,
                            .size = strlen(bytes)});
}

/* ---- log-ins ---- */

static void every_way_to_log_in(void** state) {
  it_t* it = *state;
  taosuv_client_t* none = NULL;
  it_needs_bundled(it);
  it_server_stop(it);
  it_server_start(it, &(ts_config_t) {.version = "3.4.1.0", .bearer_token = "Bear+er/42"});
  it_usable(it, client_of(it, "", "rest_auth=basic"));
  taosuv_client_t* token = client_of(it, "", "rest_auth=token&pool_size=2");
  it_usable(it, token);
  assert_int_equal(ts_server_action_count(it->server, "login"), 1);
  it_usable(it, client_of(it, "", "bearer_token=Bear%2Ber%2F42"));
  assert_int_equal(taosuv_client_create(&it->loop, "http://root:a%2Fb@h/?rest_auth=token", &none),
                   TAOSUV_EURL);
  it_usable(it, client_of(it, "", "token=cloud%20token"));
}

/* Their paths know no token of /rest/login. */
static void lines_are_written_with_every_log_in(void** state) {
  static const char* const keys[] = {"", "rest_auth=token", "bearer_token=Bear%2Ber"};
  it_t* it = *state;
  it_needs_bundled(it);
  it_server_stop(it);
  it_server_start(it, &(ts_config_t) {.version = "3.4.1.0", .bearer_token = "Bear+er"});
  const char* db = it_database(it, client_of(it, "", ""), "ms");
  for (size_t i = 0; i < COUNT(keys); i++) {
    it_op_t op = {0};
    taosuv_client_t* client = client_of(it, db, keys[i]);
    if (it_end(it_line(it, client, &op, "m,t=a v=1i8"), &op) != 0) fail_msg("%s", op.message);
    op.lines.format = TAOSUV_LINES_TELNET;
    assert_int_equal(it_end(it_line(it, client, &op, "n 1700000000 1 t=a"), &op), 0);
    it_usable(it, client);
  }
}

static void wrong_credentials_and_databases_show_at_once(void** state) {
  static const struct {
    const char* url; /* behind http:// */
    int status, code;
  } cases[] = {{"root:wrong@127.0.0.1:%d", TAOSUV_EAUTH, 855},
               {"nobody:taosdata@127.0.0.1:%d", TAOSUV_EAUTH, 849},
               {"root:wrong@127.0.0.1:%d/?rest_auth=token", TAOSUV_EAUTH, 3},
               {"root:taosdata@127.0.0.1:%d/?bearer_token=x", TAOSUV_EAUTH, 4386},
               {"root:taosdata@127.0.0.1:%d/no_such_db", TAOSUV_ESERVER, 904}};
  it_t* it = *state;
  it_needs_bundled(it);
  for (size_t i = 0; i < COUNT(cases); i++) {
    char url[256], text[128];
    it_op_t op = {0};
    snprintf(text, sizeof text, cases[i].url, ts_server_port(it->server));
    snprintf(url, sizeof url, "http://%s", text);
    taosuv_client_t* client = it_client_url(it, url);
    int status = it_end(it_open(it, client, &op), &op);
    if (status != cases[i].status || op.req.server_code != cases[i].code)
      fail_msg("%s: %s, %d, %s", text, taosuv_err_name(status), op.req.server_code, op.message);
    assert_null(strstr(op.message, "taosdata"));
    it_close_wait(it, client);
    it->slots[0] = (it_slot_t) {0};
  }
}

/* ---- what HTTP cannot do ---- */

static void on_prepared(taosuv_stmt_prepare_t* req, int status) {
  (void) req;
  (void) status;
  fail_msg("a statement was prepared");
}

static void what_it_cannot_do_is_refused_at_the_call(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = client_of(it, "", "");
  taosuv_stmt_prepare_t prepare = {0};
  assert_int_equal(taosuv_stmt_prepare(client, &prepare, "insert into t values(?, ?)",
                                       TAOSUV_NUL_TERMINATED, on_prepared),
                   TAOSUV_ENOTSUP);
  it_op_t op = {0};
  assert_int_equal(taosuv_server_status(client, &op.server_status, "localhost",
                                        TAOSUV_NUL_TERMINATED, 6030, NULL),
                   TAOSUV_ENOTSUP);
  op.lines.format = TAOSUV_LINES_TELNET;
  op.lines.precision = TAOSUV_LINES_MS;
  assert_int_equal(it_line(it, client, &op, "m 1 2 t=a"), TAOSUV_ENOTSUP);
  op.lines.precision = TAOSUV_LINES_NO_PRECISION; /* but the URL says no database */
  assert_int_equal(it_line(it, client, &op, "m 1 2 t=a"), TAOSUV_ENOTSUP);
  op.lines.format = TAOSUV_LINES_INFLUX;
  assert_int_equal(it_line(it, client, &op, "m,t=a v=1i8 1"), TAOSUV_ENOTSUP);
  char message[128] = "";
  taosuv_consumer_t* consumer = NULL;
  taosuv_consumer_options_t options;
  taosuv_consumer_options_init(&options);
  options.url = "http://root:taosdata@127.0.0.1/";
  options.message = message;
  options.message_size = sizeof message;
  taosuv_property_t group = {"group.id", "g"};
  options.properties = &group;
  options.count = 1;
  assert_int_equal(taosuv_consumer_create(&it->loop, &options, &consumer), TAOSUV_ENOTSUP);
  it_usable(it, client);
}

/* The vgroup that all of the tables are in, 0 if they are not in one, or the status. */
static void on_vgroups(taosuv_table_vgroups_t* req, int status) {
  int* told = req->data;
  *told = status == 0 ? req->vgroups[0] : status;
  for (uint32_t i = 0; status == 0 && i < req->count; i++)
    if (req->vgroups[i] != req->vgroups[0]) *told = 0;
}

enum { UNTOLD = INT32_MAX };

static bool is_told(void* data) {
  return *(int*) data != UNTOLD;
}

static void tables_are_in_vgroups(void** state) {
  it_t* it = *state;
  static const char* const tables[] = {"t", "u \"x\"", "\xe6\xb6\x9b"};
  static const char* const bad[] = {""};
  taosuv_client_t* first = client_of(it, "", "");
  const char* db = it_database(it, first, "ms");
  taosuv_client_t* client = client_of(it, db, "");
  int told = UNTOLD;
  taosuv_table_vgroups_t req = {.data = &told};
  assert_int_equal(taosuv_table_vgroups(client, &req, NULL, tables, 3, on_vgroups), 0);
  assert_true(it_until(it, is_told, &told, 5000));
  assert_in_range(told, 1, UNTOLD - 1); /* the database has one */
  int only = told;
  char with_db[2][128];
  const char* const qualified[] = {with_db[0], with_db[1]};
  const char* const mixed[] = {with_db[0], "t"};
  snprintf(with_db[0], sizeof with_db[0], "%s.t", db);
  snprintf(with_db[1], sizeof with_db[1], "`%s`.`u.v`", db);
  told = UNTOLD;
  assert_int_equal(taosuv_table_vgroups(first, &req, NULL, qualified, 2, on_vgroups), 0);
  assert_true(it_until(it, is_told, &told, 5000));
  assert_int_equal(told, only);
  told = UNTOLD;
  assert_int_equal(taosuv_table_vgroups(client, &req, db, mixed, 2, on_vgroups), 0);
  assert_true(it_until(it, is_told, &told, 5000));
  assert_int_equal(told, only);
  assert_int_equal(taosuv_table_vgroups(client, &req, "other", mixed, 2, on_vgroups),
                   TAOSUV_EINVAL);
  assert_int_equal(taosuv_table_vgroups(first, &req, NULL, mixed, 2, on_vgroups), TAOSUV_EINVAL);
  told = UNTOLD;
  assert_int_equal(taosuv_table_vgroups(first, &req, "no_such_db", tables, 1, on_vgroups), 0);
  assert_true(it_until(it, is_told, &told, 5000));
  assert_int_equal(told, TAOSUV_ESERVER);
  assert_int_equal(taosuv_table_vgroups(first, &req, NULL, tables, 1, on_vgroups), TAOSUV_EINVAL);
  assert_int_equal(taosuv_table_vgroups(client, &req, NULL, bad, 1, on_vgroups), TAOSUV_EINVAL);
  assert_int_equal(taosuv_table_vgroups(client, &req, NULL, tables, 0, on_vgroups), TAOSUV_EINVAL);
  if (it_transport_http()) return;
  taosuv_client_t* ws = it_client(it, "");
  assert_int_equal(taosuv_table_vgroups(ws, &req, db, tables, 1, on_vgroups), TAOSUV_ENOTSUP);
}

/* ---- answers of somebody else ---- */

#define HEAD(status) "HTTP/1.1 " status "\r\n"
#define JSON "Content-Type: application/json; charset=utf-8\r\n"
#define ONE                                                                                        \
  "{\"code\":0,\"column_meta\":[[\"1\",\"BIGINT\",8]],\"data\":[[1]],\"rows\":1}" /* 65 bytes */

static const struct {
  const char* text;
  int status, code;
  const char* part;
} answers[] = {
    {HEAD("401 Unauthorized") "Content-Length: 4\r\n\r\nnope", TAOSUV_EAUTH, 401, "nope"},
    {HEAD("401 Unauthorized") JSON
     "Content-Length: 36\r\n\r\n{\"code\":4357,\"desc\":\"no auth info\"}\n",
     TAOSUV_EAUTH, 4357, "no auth info"},
    {HEAD("403 Forbidden") "Content-Length: 0\r\n\r\n", TAOSUV_EAUTH, 403, "403"},
    {HEAD("403 Forbidden") JSON
     "Content-Length: 61\r\n\r\n"
     "{\"code\":65535,\"desc\":\"whitelist prohibits current IP access\"}",
     TAOSUV_EAUTH, 0xFFFF, "whitelist"},
    {HEAD("403 Forbidden") JSON
     "Content-Length: 36\r\n\r\n{\"code\":65535,\"desc\":\"sql rejected\"}",
     TAOSUV_ESERVER, 0xFFFF, "sql rejected"},
    {HEAD("404 Not Found") "Content-Length: 18\r\n\r\n404 page not found", TAOSUV_ENOENDPOINT, 404,
     "page not found"},
    {HEAD("429 Too Many Requests") "Content-Length: 0\r\n\r\n", TAOSUV_EUNAVAIL, 429, "429"},
    {HEAD("503 Service Unavailable") JSON "Content-Length: 26\r\n\r\n\"memory exceeds threshold\"",
     TAOSUV_EUNAVAIL, 503, "memory exceeds"},
    {HEAD("503 Service Unavailable") JSON
     "Content-Length: 31\r\n\r\n{\"code\":65535,\"desc\":\"no pool\"}",
     TAOSUV_EUNAVAIL, 0xFFFF, "no pool"},
    {HEAD("400 Bad Request") JSON
     "Content-Length: 35\r\n\r\n{\"code\":9728,\"desc\":\"syntax error\"}",
     TAOSUV_ESERVER, 9728, "syntax error"},
    {HEAD("500 Internal Server Error") "Content-Length: 13\r\n\r\n<h1>Oops</h1>", TAOSUV_EPROTO,
     500, "Oops"},
    {HEAD("502 Bad Gateway") "Content-Length: 0\r\n\r\n", TAOSUV_EUNAVAIL, 502, "502"},
    {HEAD("307 Temporary Redirect") "Location: http://elsewhere/x?token=secret\r\n"
                                    "Content-Length: 0\r\n\r\n",
     TAOSUV_EREDIRECT, 307, "http://elsewhere/x"},
    {HEAD("304 Not Modified") "\r\n", TAOSUV_EPROTO, 304, "304"},
    {HEAD("200 OK") "Content-Type: text/html\r\nContent-Length: 15\r\n\r\n<html>hi</html>",
     TAOSUV_EPROTO, 0, "<html>hi"},
    {HEAD("200 OK") JSON "Content-Length: 10\r\n\r\n{\"code\":0}", TAOSUV_EPROTO, 0, "columns"},
    {HEAD("200 OK") JSON "Content-Length: 12\r\n\r\n{\"code\":0}xy", TAOSUV_EPROTO, 0,
     "follow the end of the answer"},
    {HEAD("204 No Content") "\r\n", TAOSUV_EPROTO, 0, "empty"},
    {HEAD("200 OK") JSON "Content-Encoding: br\r\nContent-Length: 3\r\n\r\nabc", TAOSUV_EHTTP, 0,
     "Content-Encoding"},
    {HEAD("200 OK") JSON "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", TAOSUV_EHTTP, 0,
     "gzip"},
    {HEAD("200 OK") JSON "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", TAOSUV_EHTTP, 0, "not HTTP"},
    {HEAD("200 OK") JSON "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     TAOSUV_EHTTP, 0, "not HTTP"},
    {HEAD("101 Switching Protocols") "Upgrade: x\r\nConnection: Upgrade\r\n\r\n", TAOSUV_EHTTP, 0,
     ""},
    {"SSH-2.0-OpenSSH_9.2\r\n", TAOSUV_EHTTP, 0, "not HTTP"},
};

static void answers_become_statuses(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = client_of(it, "", "pool_size=1&retry_initial=1&retry_max=1");
  for (size_t i = 0; i < COUNT(answers); i++) {
    it_op_t op = {0};
    answer_by(it, answers[i].text);
    int status = it_end(it_exec(it, client, &op, "insert into t values(now, 1)"), &op);
    if (status != answers[i].status || op.req.server_code != answers[i].code)
      fail_msg("%s: %s, %d, %s", answers[i].text, taosuv_err_name(status), op.req.server_code,
               op.message);
    it_has(op.message, answers[i].part);
    assert_null(strstr(op.message, "secret"));
    it_unrule(it);
    it_usable(it, client);
  }
}

/* Strange, but right. */
static void answers_in_every_form_are_read(void** state) {
  static const char* const forms[] = {
      HEAD("200 OK") JSON "Content-Length: 65\r\n\r\n" ONE,
      HEAD("100 Continue") "\r\n" HEAD("103 Early Hints") "Link: x\r\n\r\n" HEAD("200 OK") JSON
      "Content-Length: 65\r\n\r\n" ONE,
      HEAD("200 OK") JSON "Connection: close\r\nContent-Length: 65\r\n\r\n" ONE,
      HEAD("200 OK") JSON "Content-Length: 65\r\n\r\n" ONE "HTTP/1.1 200 OK\r\n\r\n",
      HEAD("200 OK") JSON "Transfer-Encoding: chunked\r\n\r\n41;x=y\r\n" ONE
                          "\r\n0\r\nTrailer: x\r\n\r\n",
      ("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 65\r\n\r\n" ONE)};
  it_t* it = *state;
  taosuv_client_t* client = client_of(it, "", "pool_size=1&retry_initial=1&retry_max=1");
  for (size_t i = 0; i < COUNT(forms); i++) {
    answer_by(it, forms[i]);
    assert_int_equal(it_number(it, client, "select 1"), 1);
    it_unrule(it);
    it_usable(it, client);
  }
}

/* A body without a length ends with the connection. */
static void a_body_may_end_with_its_connection(void** state) {
  it_t* it = *state;
  static const char whole[] = HEAD("200 OK") JSON "\r\n" ONE;
  taosuv_client_t* client = client_of(it, "", "pool_size=1&retry_initial=1&retry_max=1");
  it_usable(it, client);
  answer_by(it, whole);
  ts_conn_set_fault(it_conn(it), &(ts_fault_t) {.cut_after_sent = sizeof whole - 1});
  assert_int_equal(it_number(it, client, "select 1"), 1);
  it_unrule(it);
  it_usable(it, client);
}

/* ---- connections that end ---- */

/* Whatever the byte behind which the connection ends: an answer, or a failure that says what it
 * was; and then the client goes on. */
static void cut_at_every_byte(void** state) {
  it_t* it = *state;
  unsigned lost = 0, last = 0;
  taosuv_client_t* client = client_of(it, "", "pool_size=1&retry_initial=1&retry_max=1");
  for (unsigned cut = 1; last < 3; cut++) {
    it_op_t op = {0};
    ts_peer_set_fault(ts_server_peer(it->server), &(ts_fault_t) {.cut_after_sent = cut}, 1);
    int status = it_end(it_query(it, client, &op, "select 1, 'x', 2.5"), &op);
    bool known = status == TAOSUV_ECONNLOST || status == TAOSUV_EHTTP;
    if (status != 0 && !known) fail_msg("byte %u: %s", cut, op.message);
    last = status == 0 ? last + 1 : 0;
    if (status == 0) {
      assert_int_equal(it_drain(it, op.query.result), 1);
      taosuv_result_close(op.query.result);
    } else {
      assert_null(op.query.result);
      lost++;
    }
    ts_peer_set_fault(ts_server_peer(it->server), NULL, 0);
    ts_peer_cut_all(ts_server_peer(it->server));
    it_run(it, 2);
  }
  assert_true(lost > 200);
  it_usable(it, client);
}

static void bodies_that_come_byte_by_byte(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = client_of(it, "", "pool_size=1");
  it_usable(it, client);
  ts_conn_set_fault(it_conn(it), &(ts_fault_t) {.split = 1});
  taosuv_result_t* result = it_rows(it, client, "select * from bench.rows_10_10");
  assert_int_equal(it_drain(it, result), 10);
  taosuv_result_close(result);
}

static void a_body_that_stalls_times_out(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = client_of(it, "", "pool_size=1");
  it_usable(it, client);
  answer_by(it,
            HEAD("200 OK") JSON "Content-Length: 66\r\n\r\n" ONE); /* one byte more is promised */
  it_op_t op = {0};
  op.req.timeout_ms = 100;
  assert_int_equal(it_end(it_exec(it, client, &op, "select 1"), &op), TAOSUV_ETIMEDOUT);
  assert_true(op.req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED);
  it_unrule(it);
  it_usable(it, client);
  assert_int_equal(connects_of(client), 2);
}

/* The server closes the connection just when a request comes. */
static void a_kept_connection_that_ends_is_tried_once_more(void** state) {
  it_t* it = *state;
  static const struct {
    const char* sql;
    unsigned int idempotent, times;
    int status;
  } cases[] = {{"select 1", 0, 1, 0},
               {"  SHOW databases", 0, 1, 0},
               {"select 1", 0, 2, TAOSUV_ECONNLOST},
               {"create database if not exists rest_race", 0, 1, TAOSUV_ECONNLOST},
               {"create database if not exists rest_race", 1, 2, 0}};
  taosuv_client_t* client = client_of(it, "", "pool_size=1&retry_initial=1&retry_max=1");
  for (size_t i = 0; i < COUNT(cases); i++) {
    it_op_t op = {0};
    it_usable(it, client);
    it_rule(it, &(ts_rule_t) {
                    .action = "binary_query", .times = cases[i].times, .answer = TS_ANSWER_CUT});
    op.req.idempotent = cases[i].idempotent;
    int status = it_end(it_exec(it, client, &op, cases[i].sql), &op);
    if (status != cases[i].status) fail_msg("%zu: %s", i, op.message);
    if (status < 0) assert_true(op.req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED);
    it_unrule(it);
  }
}

static void a_cancelled_request_gives_its_connection_up(void** state) {
  it_t* it = *state;
  it_op_t first = {0}, second = {0};
  taosuv_client_t* client = client_of(it, "", "pool_size=1");
  it_usable(it, client);
  uint32_t rule = it_rule(
      it, &(ts_rule_t) {.action = "binary_query", .times = 1, .answer = TS_ANSWER_NOTHING});
  assert_int_equal(it_exec(it, client, &first, "select 1"), 0);
  assert_int_equal(it_exec(it, client, &second, "select 1"), 0);
  it_until_hits(it, rule, 1);
  assert_int_equal(taosuv_cancel(&first.req), 0);
  assert_int_equal(it_wait(&first), TAOSUV_ECANCELED);
  assert_int_equal(it_wait(&second), 0);
  assert_int_equal(connects_of(client), 2);
}

/* ---- results ---- */

static void rows_are_the_same_compressed_and_not(void** state) {
  it_t* it = *state;
  static const char* const keys[] = {"compression=0", "compression=1"};
  for (size_t i = 0; i < COUNT(keys); i++) {
    taosuv_client_t* client = client_of(it, "", keys[i]);
    uint64_t packed = ts_peer_counters(ts_server_peer(it->server))->compressed_out;
    taosuv_result_t* result = it_rows(it, client, "select * from bench.rows_10000_4096");
    taosuv_column_t column;
    taosuv_block_t* block = it_block(it, result);
    assert_int_equal(taosuv_block_rows(block), 4096);
    taosuv_block_column(block, 1, &column);
    assert_int_equal(taosuv_get_i32(&column, 4095), 4095);
    taosuv_block_unref(block);
    assert_int_equal(it_drain(it, result), 10000 - 4096);
    taosuv_result_close(result);
    packed = ts_peer_counters(ts_server_peer(it->server))->compressed_out - packed;
    assert_int_equal(packed > 0, i == 1);
  }
}

static void a_body_beyond_max_message_size_is_refused(void** state) {
  it_t* it = *state;
  static const char* const keys[] = {"max_message_size=65536",
                                     "max_message_size=65536&compression=1"};
  for (size_t i = 0; i < COUNT(keys); i++) {
    it_op_t op = {0};
    taosuv_client_t* client = client_of(it, "", keys[i]);
    assert_int_equal(it_end(it_query(it, client, &op, "select * from bench.rows_10000_4096"), &op),
                     TAOSUV_EMSGSIZE);
    it_has(op.message, "65536");
    it_usable(it, client);
  }
}

static void what_looks_like_an_update_is_told_by_its_statement(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* first = client_of(it, "", "");
  taosuv_client_t* client = client_of(it, it_database(it, first, "ms"), "");
  it_ok(it, client, "create table t (ts timestamp, affected_rows int)");
  assert_int_equal(it_end(it_query(it, client, &op, "insert into t values(1, 42)"), &op), 0);
  assert_null(op.query.result);
  assert_int_equal(op.query.affected_rows, 1);
  assert_int_equal(it_number(it, client, "select affected_rows from t"), 42);
}

static void a_time_zone_holds_for_literals_and_changes_no_value(void** state) {
  it_t* it = *state;
  taosuv_client_t* first = client_of(it, "", "");
  taosuv_client_t* client = client_of(it, it_database(it, first, "us"), "timezone=Asia/Shanghai");
  it_ok(it, client, "create table t (ts timestamp, v int)");
  it_ok(it, client, "insert into t values('2023-11-15 06:13:20.000001', 1)");
  assert_true(it_number(it, client, "select ts from t") == 1700000000000001);
}

static void a_result_outlives_its_connection(void** state) {
  it_t* it = *state;
  taosuv_client_t* client = client_of(it, "", "pool_size=1");
  taosuv_result_t* result = it_rows(it, client, "select * from bench.rows_10000_4096");
  ts_peer_cut_all(ts_server_peer(it->server));
  it_run(it, 10);
  assert_int_equal(it_drain(it, result), 10000);
  taosuv_result_close(result);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(every_way_to_log_in),
      IT_TEST(lines_are_written_with_every_log_in),
      IT_TEST(wrong_credentials_and_databases_show_at_once),
      IT_TEST(what_it_cannot_do_is_refused_at_the_call),
      IT_TEST(tables_are_in_vgroups),
      IT_TEST(answers_become_statuses),
      IT_TEST(answers_in_every_form_are_read),
      IT_TEST(a_body_may_end_with_its_connection),
      IT_TEST(cut_at_every_byte),
      IT_TEST(bodies_that_come_byte_by_byte),
      IT_TEST(a_body_that_stalls_times_out),
      IT_TEST(a_kept_connection_that_ends_is_tried_once_more),
      IT_TEST(a_cancelled_request_gives_its_connection_up),
      IT_TEST(rows_are_the_same_compressed_and_not),
      IT_TEST(a_body_beyond_max_message_size_is_refused),
      IT_TEST(what_looks_like_an_update_is_told_by_its_statement),
      IT_TEST(a_time_zone_holds_for_literals_and_changes_no_value),
      IT_TEST(a_result_outlives_its_connection),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
