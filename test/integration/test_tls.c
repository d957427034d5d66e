/* wss://: the client over TLS, from the URL's keys to the statuses of its requests. */
#include "fixture.h"

#include <signal.h>

#include "certs.h"
#include "text.h"

static cert_t *ca, *other_ca, *good, *expired, *client_cert;
static char *ca_key, *other_key; /* "tls_ca=…" with the PEM text */
static char folder[256];

static char* ca_setting(const cert_t* cert) {
  char* pem = cert_escape(cert->pem);
  text_t key = {0};
  text_add(&key, "tls_ca=%s", pem);
  free(pem);
  return key.data;
}

static int make_all(void** state) {
  (void) state;
  ca = cert_new(&(cert_spec_t) {.name = "Test CA", .ca = true});
  other_ca = cert_new(&(cert_spec_t) {.name = "Other CA", .ca = true});
  good = cert_new(
      &(cert_spec_t) {.name = "server", .issuer = ca, .dns = {"db.example"}, .ip = {"127.0.0.1"}});
  expired = cert_new(
      &(cert_spec_t) {.name = "server", .issuer = ca, .ip = {"127.0.0.1"}, .from = -20, .to = -10});
  client_cert = cert_new(&(cert_spec_t) {.name = "client", .issuer = ca});
  ca_key = ca_setting(ca);
  other_key = ca_setting(other_ca);
  cert_folder(folder, sizeof folder);
  return 0;
}

static int free_all(void** state) {
  (void) state;
  cert_free(ca);
  cert_free(other_ca);
  cert_free(good);
  cert_free(expired);
  cert_free(client_cert);
  free(ca_key);
  free(other_key);
  cert_folder_remove(folder);
  return 0;
}

/* The bundled server with TLS in place of the one without. */
static void serve(it_t* it, const ts_tls_options_t* options) {
  it_needs_bundled(it);
  if (it->server != NULL) it_server_stop(it);
  it_server_start(it, &(ts_config_t) {.tls = options});
}

static ts_tls_options_t usual(int version) {
  return (ts_tls_options_t) {.certificate = good->chain, .key = good->key, .only_version = version};
}

static void serve_version(it_t* it, int version) {
  ts_tls_options_t options = usual(version);
  serve(it, &options);
}

static void url_of(it_t* it, char* url, size_t size, const char* trust, const char* keys) {
  char all[12000];
  snprintf(all, sizeof all, "%s%s%s", trust, keys[0] != 0 && trust[0] != 0 ? "&" : "", keys);
  it_url(it, url, size, "", all);
}

static taosuv_client_t* client_of(it_t* it, const char* trust, const char* keys) {
  char url[16384];
  url_of(it, url, sizeof url, trust, keys);
  return it_client_url(it, url);
}

/* Closes the client and leaves its place to another one. */
static void finish(it_t* it, taosuv_client_t* client) {
  it_slot_t* slot = it_slot(it, client);
  it_close_wait(it, client);
  assert_int_equal(slot->closed, 1);
  memset(slot, 0, sizeof *slot);
}

static const ts_tls_counters_t* counters(const it_t* it) {
  return ts_server_tls(it->server);
}

/* ---- it works ---- */

static void a_session_over_each_version(void** state) {
  it_t* it = *state;
  for (int version = 12; version <= 13; version++) {
    serve_version(it, version);
    taosuv_client_t* client = client_of(it, ca_key, "");
    const char* db = it_database(it, client, "ms");
    it_ok(it, client, "create table %s.t (ts timestamp, a int)", db);
    it_ok(it, client, "insert into %s.t values (1700000000000, 1) (1700000001000, 2)", db);
    char sql[100];
    snprintf(sql, sizeof sql, "select sum(a) from %s.t", db);
    assert_int_equal(it_number(it, client, sql), 3);
    finish(it, client);
    assert_int_equal(counters(it)->handshakes, 1);
  }
}

/* One address, whichever way it is written. */
static void an_address_is_the_same_in_every_form(void** state) {
  static const char* const forms[] = {"127.0.0.1", "127.1", "0x7f.0.0.1", "[::ffff:127.0.0.1]"};
  it_t* it = *state;
  serve_version(it, 0);
  for (size_t i = 0; i < COUNT(forms); i++) {
    char url[16384];
    snprintf(url, sizeof url, "wss://root:taosdata@%s:%d?%s", forms[i], ts_server_port(it->server),
             ca_key);
    taosuv_client_t* client = it_client_url(it, url);
    it_usable(it, client);
    finish(it, client);
  }
}

static void large_blocks_are_intact(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "messages of the WebSocket");
  for (int version = 12; version <= 13; version++) {
    serve_version(it, version);
    taosuv_client_t* client = client_of(it, ca_key, "");
    taosuv_result_t* result = it_rows(it, client, "select * from bench.rows_200000_50000");
    uint64_t rows = 0;
    for (taosuv_block_t* block; (block = it_block(it, result)) != NULL;) {
      taosuv_column_t a, b;
      assert_int_equal(taosuv_block_column(block, 1, &a), 0);
      assert_int_equal(taosuv_block_column(block, 2, &b), 0);
      for (uint32_t row = 0; row < a.rows; row++) {
        assert_int_equal(taosuv_get_i32(&a, row), row);
        assert_true(taosuv_get_f64(&b, row) == row * 0.5);
      }
      rows += a.rows;
      taosuv_block_unref(block);
    }
    assert_int_equal(rows, 200000);
    taosuv_result_close(result);
    finish(it, client);
  }
}

static void large_statements_are_intact(void** state) {
  it_t* it = *state;
  serve_version(it, 0);
  taosuv_client_t* client = client_of(it, ca_key, "");
  const char* db = it_database(it, client, "ms");
  it_ok(it, client, "create table %s.t (ts timestamp, a int)", db);
  const unsigned rows = 20000;
  text_t sql = {0};
  text_add(&sql, "insert into %s.t values", db);
  for (unsigned i = 0; i < rows; i++) text_add(&sql, " (%llu, %u)", 1700000000000ull + i, i);
  it_op_t op = {0};
  assert_int_equal(it_end(it_exec_sized(it, client, &op, sql.data, sql.size), &op), 0);
  assert_int_equal(op.exec.affected_rows, rows);
  free(sql.data);
  char text[100];
  snprintf(text, sizeof text, "select sum(a) from %s.t", db);
  assert_int_equal(it_number(it, client, text), (int64_t) rows * (rows - 1) / 2);
}

static void the_pool_s_second_connection_resumes(void** state) {
  it_t* it = *state;
  for (int version = 12; version <= 13; version++) {
    serve_version(it, version);
    taosuv_client_t* client = client_of(it, ca_key, "pool_size=2");
    it_usable(it, client);
    assert_int_equal(counters(it)->handshakes, 1);
    it_rule(it, &(ts_rule_t) {.sql = "select 1", .wait_ms = 50});
    it_op_t ops[2] = {0};
    for (int i = 0; i < 2; i++) assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
    for (int i = 0; i < 2; i++) assert_int_equal(it_wait(&ops[i]), 0);
    it_until_connections(it, 2);
    it_run(it, 50);
    assert_int_equal(counters(it)->handshakes, 2);
    assert_int_equal(counters(it)->resumed, 1);
    finish(it, client);
  }
}

static void closing_the_client_says_close_notify(void** state) {
  it_t* it = *state;
  serve_version(it, 0);
  taosuv_client_t* client = client_of(it, ca_key, "");
  it_usable(it, client);
  ts_conn_set_fault(it_conn(it),
                    &(ts_fault_t) {.ignore_close = true}); /* otherwise it is first to go */
  finish(it, client);
  it_until_connections(it, 0);
  assert_int_equal(counters(it)->close_notifies, 1);
}

/* ---- what is wrong reaches the request ---- */

/* The first request fails so; afterwards the client can be closed. */
static void require_failure(it_t* it, const char* trust, const char* keys, int status,
                            const char* part) {
  taosuv_client_t* client = client_of(it, trust, keys);
  it_op_t op = {0};
  int got = it_end(it_open(it, client, &op), &op);
  if (got != status) fail_msg("%s: %s, %s", keys, taosuv_err_name(got), op.message);
  it_has(op.message, part);
  it_has(op.host, "127.0.0.1:");
  assert_null(strstr(op.message, "PRIVATE"));
  assert_int_equal(op.req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED, 0);
  finish(it, client);
}

static void failures_have_statuses_of_their_own(void** state) {
  it_t* it = *state;
  char pin[64];
  snprintf(pin, sizeof pin, "tls_pin=%s", ca->pin);
  for (int version = 12; version <= 13; version++) {
    serve_version(it, version);
    require_failure(it, other_key, "", TAOSUV_ETLSUNTRUSTED, "CA");
    require_failure(it, ca_key, "tls_server_name=other.example", TAOSUV_ETLSHOST, "other.example");
    require_failure(it, ca_key, pin, TAOSUV_ETLSPIN, "tls_pin");
    ts_tls_options_t old = {
        .certificate = expired->chain, .key = expired->key, .only_version = version};
    serve(it, &old);
    require_failure(it, ca_key, "", TAOSUV_ETLSEXPIRED, "expired");
    ts_tls_options_t strict = usual(version);
    strict.client_ca = ca->pem;
    serve(it, &strict);
    require_failure(it, ca_key, "", TAOSUV_ETLSREFUSED, "alert");
  }
}

static void the_other_scheme_is_no_match(void** state) {
  it_t* it = *state;
  char url[256];
  it_needs_bundled(it);
  snprintf(url, sizeof url, "wss://127.0.0.1:%d?tls_verify=insecure-none",
           ts_server_port(it->server));
  taosuv_client_t* client = it_client_url(it, url);
  it_op_t op = {0};
  assert_int_equal(it_end(it_open(it, client, &op), &op), TAOSUV_ETLS);
  it_has(op.message, "does that port speak TLS?");
  finish(it, client);
  serve_version(it, 0);
  snprintf(url, sizeof url, "ws://127.0.0.1:%d", ts_server_port(it->server));
  client = it_client_url(it, url);
  int status = it_end(it_open(it, client, &op), &op);
  assert_true(status < 0);
  assert_int_not_equal(taosuv_err_class(status), TAOSUV_CLASS_TLS);
}

/* ---- the keys of the URL ---- */

static void each_key_does_what_it_says(void** state) {
  it_t* it = *state;
  char keys[2000], ca_file[300], cert_file[300], key_file[300];
  ts_tls_options_t strict = usual(0);
  strict.client_ca = ca->pem;
  cert_write(folder, "ca.pem", ca->pem, ca_file, sizeof ca_file);
  cert_write(folder, "c.pem", client_cert->pem, cert_file, sizeof cert_file);
  cert_write(folder, "c.key", client_cert->key, key_file, sizeof key_file);
  serve_version(it, 0);
  snprintf(keys, sizeof keys, "tls_ca=%s", ca_file);
  it_usable(it, client_of(it, "", keys));
  it_usable(it, client_of(it, "", "tls_verify=insecure-none"));
  it_usable(it, client_of(it, ca_key, "tls_server_name=db.example&tls_min_version=1.3"));
  snprintf(keys, sizeof keys, "tls_verify=insecure-none&tls_pin=%s", good->pin);
  it_usable(it, client_of(it, "", keys));
  for (int i = 0; i < IT_CLIENTS; i++)
    if (it->slots[i].client != NULL) finish(it, it->slots[i].client);
  serve(it, &strict);
  snprintf(keys, sizeof keys, "tls_cert=%s&tls_key=%s", cert_file, key_file);
  it_usable(it, client_of(it, ca_key, keys));
  char* cert = cert_escape(client_cert->pem);
  char* key = cert_escape(client_cert->key);
  snprintf(keys, sizeof keys, "tls_cert=%s&tls_key=%s", cert, key);
  free(cert);
  free(key);
  it_usable(it, client_of(it, ca_key, keys));
}

static void bad_keys_make_no_client_and_show_no_secret(void** state) {
  it_t* it = *state;
  char cert_file[300], key_file[300], bad[4][900];
  cert_write(folder, "c.pem", client_cert->pem, cert_file, sizeof cert_file);
  cert_write(folder, "other.key", good->key, key_file, sizeof key_file);
  snprintf(bad[0], 900, "wss://h?tls_cert=%s&tls_key=%s", cert_file, key_file);
  snprintf(bad[1], 900, "wss://h?tls_cert=%s&tls_key=/nowhere/S3cret", cert_file);
  snprintf(bad[2], 900, "wss://h?tls_cert=%s&tls_key=-----BEGIN%%20EC%%20PRIVATE%%20S3cret",
           cert_file);
  snprintf(bad[3], 900, "wss://u:S3cret@h?tls_ca=/nowhere/ca.pem");
  for (int i = 0; i < 4; i++) {
    char message[256] = "";
    taosuv_options_t options;
    taosuv_allocator_t allocator;
    taosuv_client_t* client;
    taosuv_options_init(&options);
    memcpy(&allocator, &it->probe.alloc, sizeof allocator);
    options.allocator = &allocator;
    options.url = bad[i];
    options.message = message;
    options.message_size = sizeof message;
    assert_int_equal(taosuv_client_create_ex(&it->loop, &options, &client), TAOSUV_ETLSFILE);
    assert_null(client);
    assert_int_equal(taosuv_err_class(TAOSUV_ETLSFILE), TAOSUV_CLASS_INPUT);
    it_has(message, i < 3 ? "tls_key" : "tls_ca: /nowhere/ca.pem");
    assert_null(strstr(message, "S3cret"));
    assert_null(strstr(message, "PRIVATE"));
    assert_int_equal(it->probe.live_blocks, 0);
  }
}

/* ---- trouble on the way ---- */

static void connect_timeout_covers_the_handshake(void** state) {
  it_t* it = *state;
  serve_version(it, 0);
  ts_peer_set_fault(ts_server_peer(it->server), &(ts_fault_t) {.stall = true}, 0);
  uint64_t start = it_ms();
  require_failure(it, ca_key, "connect_timeout=200", TAOSUV_ECONNTIMEOUT, "connect_timeout");
  it_within(start, 190, 2000);
}

static void pieces_of_one_byte_are_enough(void** state) {
  it_t* it = *state;
  for (int version = 12; version <= 13; version++) {
    ts_tls_options_t options = usual(version);
    options.record_size = version == 13 ? 1 : 0;
    serve(it, &options);
    ts_peer_set_fault(ts_server_peer(it->server), &(ts_fault_t) {.split = 1}, 0);
    taosuv_client_t* client = client_of(it, ca_key, "");
    it_usable(it, client);
    finish(it, client);
  }
}

/* Cuts the handshake and the log-in here and there, on real sockets: the request fails, and the
 * client works with the next connection. */
static void a_cut_anywhere_is_survived(void** state) {
  it_t* it = *state;
  serve_version(it, 0);
  ts_peer_t* peer = ts_server_peer(it->server);
  for (unsigned n = 1; n < 3000; n += 61) {
    ts_fault_t fault = {.cut_reset = n % 2 == 0};
    *(n % 3 == 0 ? &fault.cut_after_received : &fault.cut_after_sent) = n;
    ts_peer_set_fault(peer, &fault, 1);
    taosuv_client_t* client = client_of(it, ca_key, "");
    it_op_t op = {0};
    int status = it_end(it_open(it, client, &op), &op);
    bool explained = status == 0 || status == TAOSUV_ETLSEOF || status == TAOSUV_ECONNLOST ||
                     status == UV_ECONNRESET || status == UV_EPIPE;
    if (!explained) fail_msg("%u: %s %s", n, taosuv_err_name(status), op.message);
    ts_peer_set_fault(peer, NULL, 0);
    for (ts_conn_t* conn = ts_peer_next(peer, NULL); conn != NULL; conn = ts_peer_next(peer, conn))
      ts_conn_set_fault(conn, NULL);
    it_usable(it, client);
    finish(it, client);
  }
}

static void a_cut_in_mid_message_is_no_end(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "messages of the WebSocket");
  for (int version = 12; version <= 13; version++) {
    serve_version(it, version);
    taosuv_client_t* client = client_of(it, ca_key, "prefetch=0");
    taosuv_result_t* result = it_rows(it, client, "select * from bench.rows_50000_50000");
    ts_conn_set_fault(it_conn(it), &(ts_fault_t) {.cut_after_sent = 100000});
    it_op_t op = {0};
    assert_int_equal(it_end(it_fetch(it, result, &op), &op), TAOSUV_ETLSEOF);
    it_has(op.message, "close_notify");
    assert_true((op.req.err_flags & TAOSUV_ERR_RETRYABLE) != 0);
    taosuv_result_close(result);
    it_usable(it, client);
    finish(it, client);
  }
}

static void fail_pending(it_t* it, bool cleanly, int status) {
  taosuv_client_t* client = client_of(it, ca_key, "");
  it_usable(it, client);
  uint32_t rule = it_rule(it, &(ts_rule_t) {.sql = "select 1", .answer = TS_ANSWER_NOTHING});
  it_op_t op = {0};
  assert_int_equal(it_exec(it, client, &op, "select 1"), 0);
  it_until_hits(it, rule, 1);
  if (cleanly)
    ts_conn_finish(it_conn(it));
  else
    ts_conn_cut(it_conn(it));
  assert_int_equal(it_wait(&op), status);
  assert_true((op.req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0);
  it_unrule(it);
  it_usable(it, client);
  finish(it, client);
}

static void an_end_between_messages_needs_close_notify(void** state) {
  it_t* it = *state;
  it_needs_ws(it, "messages of the WebSocket");
  serve_version(it, 0);
  fail_pending(it, true, TAOSUV_ECONNLOST);
  fail_pending(it, false, TAOSUV_ETLSEOF);
  ts_tls_options_t options = usual(0);
  options.no_close_notify = true;
  serve(it, &options);
  fail_pending(it, true, TAOSUV_ETLSEOF);
}

static void each_allocation_may_fail(void** state) {
  it_t* it = *state;
  serve_version(it, 0);
  char url[16384];
  url_of(it, url, sizeof url, ca_key, "");
  unsigned failed = 0;
  for (size_t n = 1;; n++) {
    size_t before = it->probe.failures;
    taosuv_client_t* client = NULL;
    taosuv_allocator_t allocator;
    taosuv_options_t options;
    taosuv_options_init(&options);
    memcpy(&allocator, &it->probe.alloc, sizeof allocator);
    options.url = url;
    options.allocator = &allocator;
    alloc_probe_fail(&it->probe, n, false);
    int status = taosuv_client_create_ex(&it->loop, &options, &client);
    if (status == 0) {
      it_op_t op = {0};
      status = it_exec(it, client, &op, "select 1");
      if (status == 0) status = it_wait(&op);
      alloc_probe_fail(&it->probe, 0, false);
      it_usable(it, client);
      taosuv_close(client, NULL);
      while (it->probe.live_blocks > 0) uv_run(&it->loop, UV_RUN_ONCE);
    }
    alloc_probe_fail(&it->probe, 0, false);
    if (status != 0 && status != TAOSUV_ENOMEM) fail_msg("%zu: %s", n, taosuv_err_name(status));
    failed += status == TAOSUV_ENOMEM;
    if (it->probe.failures == before) break;
  }
  assert_true(failed > 10);
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
      IT_TEST(a_session_over_each_version),
      IT_TEST(an_address_is_the_same_in_every_form),
      IT_TEST(large_blocks_are_intact),
      IT_TEST(large_statements_are_intact),
      IT_TEST(the_pool_s_second_connection_resumes),
      IT_TEST(closing_the_client_says_close_notify),
      IT_TEST(failures_have_statuses_of_their_own),
      IT_TEST(the_other_scheme_is_no_match),
      IT_TEST(each_key_does_what_it_says),
      IT_TEST(bad_keys_make_no_client_and_show_no_secret),
      IT_TEST(connect_timeout_covers_the_handshake),
      IT_TEST(pieces_of_one_byte_are_enough),
      IT_TEST(a_cut_anywhere_is_survived),
      IT_TEST(a_cut_in_mid_message_is_no_end),
      IT_TEST(an_end_between_messages_needs_close_notify),
      IT_TEST(each_allocation_may_fail),
  };
  return cmocka_run_group_tests_name("tls", tests, make_all, free_all);
}
