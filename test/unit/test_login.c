/* The log-in of a connection over the real WebSocket transport, whose stream is in memory and whose
 * server is the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conn_kit.h"
#include "mem_stream.h"
#include "wire/http/upgrade.h"
#include "wire/ws/frame.h"

/* The far sides of the connections, in the order in which they were begun. */
static mem_stream_t streams[4];
static unsigned nstreams;
static char target[64]; /* of the last upgrade */
static call_t call;

static int connect_to_memory(uv_loop_t* loop, const tuv_alloc_t* alloc, const char* host,
                             uint16_t port, bool nodelay, tuv_route_t* route,
                             const tuv_stream_events_t* events, void* context,
                             tuv_stream_t** stream) {
  (void) alloc;
  (void) host;
  (void) port;
  (void) nodelay;
  (void) route;
  assert_true(nstreams < sizeof streams / sizeof *streams);
  mem_stream_init(&streams[nstreams], loop, events, context);
  *stream = &streams[nstreams++].stream;
  return 0;
}

static void on_reply(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  (void) op;
  (void) conn;
  assert_null(reply);
}

static void on_complete(taosuv_req_t* req, int status) {
  call_type.complete(req, status);
}

/* A request without a message: it completes with the log-in. */
static const tuv_op_type_t open_type = {
    .is_request = true, .reply = on_reply, .complete = on_complete};

/* A pool whose first request has a connection begun. */
static void begin(const char* url) {
  nstreams = 0;
  memset(&call, 0, sizeof call);
  conn_kit_begin(url);
  kit.context.shared.max_message_size = 1u << 20;
  tuv_json_init(&kit.context.json, &kit.context.mem->alloc);
  assert_int_equal(tuv_endpoint_init(&ck.pool.conns), 0);
  ck.pool.conns.transport = &tuv_transport_ws;
  ck.pool.conns.connect = connect_to_memory;
  assert_int_equal(call_submit(&call, &open_type, ""), 0);
}

static int end(void** state) {
  kit.context.closing = true;
  tuv_pool_close(&ck.pool);
  for (unsigned i = 0; i < nstreams; i++)
    if (!streams[i].closed && !streams[i].closing) mem_stream_end(&streams[i], UV_EOF);
  conn_kit_settle();
  kit_pass(TUV_CLOSE_WAIT_MS + 1);
  conn_kit_settle();
  for (unsigned i = 0; i < nstreams; i++) {
    assert_true(streams[i].closed);
    mem_stream_free(&streams[i]);
  }
  tuv_json_free(&kit.context.json);
  tuv_io_shared_free(&kit.context.shared);
  return conn_kit_end(state);
}

/* ---- the server ---- */

/* Reads the upgrade request, and answers it with this status. */
static void answer_upgrade(unsigned index, int status) {
  static const char name[] = "Sec-WebSocket-Key: ";
  char request[1024], accept[TUV_HTTP_ACCEPT_SIZE + 1], answer[512];
  mem_stream_t* stream = &streams[index];
  conn_kit_settle();
  assert_in_range(stream->written_size, 1, sizeof request - 1);
  memcpy(request, stream->written, stream->written_size);
  request[stream->written_size] = 0;
  assert_int_equal(sscanf(request, "GET %63s", target), 1);
  const char* key = strstr(request, name);
  assert_non_null(key);
  tuv_http_accept(key + sizeof name - 1, TUV_HTTP_KEY_SIZE, accept);
  int length = status == 101 ? snprintf(answer, sizeof answer,
                                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                        "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                                        accept)
                             : snprintf(answer, sizeof answer,
                                        "HTTP/1.1 %d Refused\r\nContent-Length: 0\r\n\r\n", status);
  stream->written_size = 0;
  mem_stream_feed(stream, answer, (size_t) length);
  conn_kit_settle();
}

/* The n-th text message that was sent since the upgrade, unmasked; "" when there is none. */
static const char* sent(unsigned index, unsigned n) {
  static char text[2048];
  const uint8_t* at = streams[index].written;
  const uint8_t* last = at + streams[index].written_size;
  while (at + 6 <= last) {
    size_t size = at[1] & 0x7F, head = 2;
    if (size == 126) {
      size = (size_t) at[2] << 8 | at[3];
      head = 4;
    }
    const uint8_t* mask = at + head;
    assert_true(size < sizeof text && mask + 4 + size <= last);
    if ((at[0] & 0x0F) == TUV_WS_TEXT && n-- == 0) {
      for (size_t i = 0; i < size; i++) text[i] = (char) (mask[4 + i] ^ mask[i % 4]);
      text[size] = 0;
      return text;
    }
    at = mask + 4 + size;
  }
  return "";
}

static uint64_t id_of(const char* message) {
  const char* at = strstr(message, "\"req_id\":");
  assert_non_null(at);
  return strtoull(at + strlen("\"req_id\":"), NULL, 10);
}

static void reply(unsigned index, const char* format, uint64_t id) {
  char text[512];
  uint8_t header[TUV_WS_MAX_HEADER];
  int length = snprintf(text, sizeof text, format, (unsigned long long) id);
  assert_in_range(length, 1, sizeof text - 1);
  size_t head = tuv_ws_write_header(header, 0, true, false, (size_t) length, NULL);
  header[0] = 0x80 | TUV_WS_TEXT;
  mem_stream_feed(&streams[index], header, head);
  mem_stream_feed(&streams[index], text, (size_t) length);
  conn_kit_settle();
}

static void reply_version(unsigned index, const char* version) {
  char format[256];
  snprintf(
      format, sizeof format,
      "{\"code\":0,\"message\":\"\",\"action\":\"version\",\"req_id\":%%llu,\"version\":\"%s\"}",
      version);
  reply(index, format, id_of(sent(index, 0)));
}

static void reply_login(unsigned index, unsigned n) {
  reply(index, "{\"code\":0,\"message\":\"\",\"action\":\"conn\",\"req_id\":%llu,\"timing\":1}",
        id_of(sent(index, n)));
}

static void assert_ready(bool ready) {
  assert_int_equal(ck.pool.conns.ready, ready);
  assert_int_equal(call.completed, ready);
  if (ready) assert_int_equal(call.status, 0);
}

static void assert_failed(int status, const char* message) {
  conn_kit_settle();
  assert_int_equal(call.completed, 1);
  assert_string_equal(call.message, message);
  assert_int_equal(call.status, status);
}

static void assert_has(const char* message, const char* part) {
  if (strstr(message, part) == NULL) fail_msg("no %s in %s", part, message);
}

/* ---- a log-in that succeeds ---- */

static void version_and_login_are_sent_at_once_and_may_be_answered_in_any_order(void** state) {
  for (unsigned login_first = 0; login_first < 2; login_first++) {
    begin("ws://root:secret@a/db?adapter_ha=0");
    answer_upgrade(0, 101);
    assert_string_equal(target, "/ws");
    assert_has(sent(0, 0), "\"action\":\"version\"");
    assert_has(sent(0, 1), "\"action\":\"conn\"");
    assert_has(sent(0, 1), "\"user\":\"root\"");
    assert_has(sent(0, 1), "\"password\":\"secret\"");
    assert_has(sent(0, 1), "\"db\":\"db\"");
    if (login_first == 1) reply_login(0, 1);
    if (login_first == 0) reply_version(0, "3.3.6.0");
    assert_ready(false);
    if (login_first == 0) reply_login(0, 1);
    if (login_first == 1) reply_version(0, "3.3.6.0");
    assert_ready(true);
    if (login_first == 0) end(state);
  }
}

static void options_of_the_url_are_sent(void** state) {
  (void) state;
  begin("ws://a/?timezone=Asia/Tokyo&app=mine&ip=1.2.3.4&conn_mode=1");
  answer_upgrade(0, 101);
  const char* login = sent(0, 1);
  assert_has(login, "\"tz\":\"Asia/Tokyo\"");
  assert_has(login, "\"app\":\"mine\"");
  assert_has(login, "\"ip\":\"1.2.3.4\"");
  assert_has(login, "\"mode\":0");
}

static void new_credentials_wait_for_the_version(void** state) {
  (void) state;
  begin("ws://a/?bearer_token=abc");
  answer_upgrade(0, 101);
  assert_has(sent(0, 0), "\"action\":\"version\"");
  assert_string_equal(sent(0, 1), "");
  reply_version(0, "3.4.0.0");
  assert_has(sent(0, 1), "\"bearer_token\":\"abc\"");
  reply_login(0, 1);
  assert_ready(true);
}

static void a_code_is_made_of_the_secret(void** state) {
  (void) state;
  begin("ws://a/?totp_secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
  answer_upgrade(0, 101);
  reply_version(0, "3.4.0.0");
  const char* login = sent(0, 1);
  assert_has(login, "\"totp_code\":\"");
  assert_null(strstr(login, "GEZDGNBV"));
  const char* code = strstr(login, "\"totp_code\":\"") + strlen("\"totp_code\":\"");
  assert_int_equal(strspn(code, "0123456789"), 6);
  assert_memory_equal(kit.context.totp, code, 6); /* kept, to be redacted */
  reply_login(0, 1);
  assert_ready(true);
}

/* ---- one that does not ---- */

typedef struct too_old_s {
  const char *url, *version, *message;
  bool waits; /* for the version, before it logs in */
} too_old_t;

static void an_option_that_the_server_would_ignore_is_an_error(void** state) {
  static const too_old_t cases[] = {
      {"ws://a/?retries=0", "2.6.0.1", "taosuv needs 3.0.0.0", false},
      {"ws://a/?conn_mode=1", "3.2.1.9", "conn_mode= needs 3.2.2.0", false},
      {"ws://a/?timezone=UTC", "3.3.4.9", "timezone= needs 3.3.5.0", false},
      {"ws://a/?app=x", "3.3.4.9", "app= needs 3.3.5.0", false},
      {"ws://a/?ip=1.1.1.1", "3.3.4.9", "ip= needs 3.3.5.0", false},
      {"ws://a/?bearer_token=x", "3.3.9.9", "bearer_token= needs 3.4.0.0", true},
      {"ws://a/?totp_code=123456", "3.3.9.9", "totp_code= needs 3.4.0.0", true},
      {"ws://a/?totp_secret=GEZDGNBVGY3TQOJQ", "3.3.9.9", "totp_secret= needs 3.4.0.0", true},
      {"ws://a/?connector=x", "3.3.9.9", "connector= needs 3.4.0.0", true},
      {"ws://a/", "", "taosuv needs 3.0.0.0", false},
  };
  const size_t count = sizeof cases / sizeof *cases;
  for (size_t i = 0; i < count; i++) {
    char message[160];
    const char* version = cases[i].version;
    begin(cases[i].url);
    answer_upgrade(0, 101);
    reply_version(0, version);
    snprintf(message, sizeof message, "the server's version %s is too old: %s",
             version[0] != 0 ? version : "(not told)", cases[i].message);
    assert_failed(TAOSUV_EVERSION, message);
    assert_int_equal(sent(0, 1)[0] != 0, !cases[i].waits); /* such a log-in was not sent at all */
    if (i + 1 < count) end(state);
  }
}

static void codes_of_the_database_say_that_credentials_are_wrong(void** state) {
  static const int codes[] = {0x0003, 0x0350, 0x0351, 0x0357};
  for (size_t i = 0; i < 4; i++) {
    char format[160];
    begin("ws://a:1/");
    answer_upgrade(0, 101);
    snprintf(format, sizeof format,
             "{\"code\":%d,\"message\":\"no entry\",\"action\":\"conn\",\"req_id\":%%llu}",
             codes[i]);
    reply(0, format, id_of(sent(0, 1)));
    assert_failed(TAOSUV_EAUTH, "no entry");
    assert_int_equal(call.req.server_code, codes[i]);
    assert_string_equal(call.host, "a:1");
    if (i < 3) end(state);
  }
}

static void another_code_is_an_error_of_the_server(void** state) {
  (void) state;
  begin("ws://a/");
  answer_upgrade(0, 101);
  reply(0, "{\"code\":904,\"message\":\"no such database\",\"action\":\"conn\",\"req_id\":%llu}",
        id_of(sent(0, 1)));
  assert_failed(TAOSUV_ESERVER, "no such database");
  assert_int_equal(call.req.server_code, 904);
}

static void a_reply_without_a_version_is_too_old(void** state) {
  (void) state;
  begin("ws://a/");
  answer_upgrade(0, 101);
  reply(0, "{\"code\":0,\"message\":\"\",\"action\":\"version\",\"req_id\":%llu}",
        id_of(sent(0, 0)));
  assert_failed(TAOSUV_EVERSION,
                "the server's version (not told) is too old: taosuv needs 3.0.0.0");
}

static void a_version_that_is_not_a_text_is_malformed(void** state) {
  (void) state;
  begin("ws://a/?retries=0");
  answer_upgrade(0, 101);
  reply(0, "{\"code\":0,\"message\":\"\",\"action\":\"version\",\"req_id\":%llu,\"version\":[3]}",
        id_of(sent(0, 0)));
  conn_kit_settle();
  assert_int_equal(call.completed, 1);
  assert_int_equal(call.status, TAOSUV_EPROTO);
}

static void a_password_in_the_servers_text_is_redacted(void** state) {
  (void) state;
  begin("ws://root:canary-password@a/");
  answer_upgrade(0, 101);
  reply(0,
        "{\"code\":855,\"message\":\"canary-password is wrong\",\"action\":\"conn\","
        "\"req_id\":%llu}",
        id_of(sent(0, 1)));
  conn_kit_settle();
  assert_int_equal(call.status, TAOSUV_EAUTH);
  assert_null(strstr(call.message, "canary"));
}

/* ---- endpoints ---- */

static void an_old_gateway_is_asked_at_the_endpoint_of_the_kind(void** state) {
  (void) state;
  begin("ws://a/");
  answer_upgrade(0, 404);
  assert_int_equal(nstreams, 2);
  answer_upgrade(1, 101);
  assert_string_equal(target, "/rest/ws");
  assert_int_equal(call.completed, 0);
  reply_version(1, "3.0.7.1");
  reply_login(1, 1);
  assert_ready(true);
  assert_true(ck.pool.hosts.list[0].base.legacy); /* the next connection begins there */
}

static void a_newer_gateway_is_asked_for_ws_once_more(void** state) {
  (void) state;
  begin("ws://a/");
  answer_upgrade(0, 404); /* by a proxy, perhaps */
  answer_upgrade(1, 101);
  assert_string_equal(target, "/rest/ws");
  reply_version(1, "3.3.6.0"); /* which has /ws */
  assert_int_equal(nstreams, 3);
  answer_upgrade(2, 101);
  assert_string_equal(target, "/ws");
  reply_version(2, "3.3.6.0");
  reply_login(2, 1);
  assert_ready(true);
  assert_false(ck.pool.hosts.list[0].base.legacy);
}

static void a_host_without_any_endpoint_says_so(void** state) {
  (void) state;
  begin("ws://a/?retries=0");
  answer_upgrade(0, 404);
  answer_upgrade(1, 404);
  conn_kit_settle();
  assert_int_equal(call.completed, 1);
  assert_int_equal(call.status, TAOSUV_ENOENDPOINT);
  assert_has(call.message, "the host has neither /ws (taosAdapter from 3.1.1.15 on) nor /rest/ws");
}

/* ---- secrets ---- */

static void secrets_do_not_stay_in_freed_memory(void** state) {
  static const char* const canaries[] = {"canary-password", NULL};
  begin("ws://root:canary-password@a/");
  kit.probe.canaries = canaries;
  answer_upgrade(0, 101);
  reply_version(0, "3.3.6.0");
  reply_login(0, 1);
  assert_ready(true);
  end(state);
  assert_int_equal(kit.probe.spilt, 0);
}

#define LOGIN_TEST(name) cmocka_unit_test_teardown(name, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      LOGIN_TEST(version_and_login_are_sent_at_once_and_may_be_answered_in_any_order),
      LOGIN_TEST(options_of_the_url_are_sent),
      LOGIN_TEST(new_credentials_wait_for_the_version),
      LOGIN_TEST(a_code_is_made_of_the_secret),
      LOGIN_TEST(an_option_that_the_server_would_ignore_is_an_error),
      LOGIN_TEST(codes_of_the_database_say_that_credentials_are_wrong),
      LOGIN_TEST(another_code_is_an_error_of_the_server),
      LOGIN_TEST(a_reply_without_a_version_is_too_old),
      LOGIN_TEST(a_version_that_is_not_a_text_is_malformed),
      LOGIN_TEST(a_password_in_the_servers_text_is_redacted),
      LOGIN_TEST(an_old_gateway_is_asked_at_the_endpoint_of_the_kind),
      LOGIN_TEST(a_newer_gateway_is_asked_for_ws_once_more),
      LOGIN_TEST(a_host_without_any_endpoint_says_so),
      cmocka_unit_test(secrets_do_not_stay_in_freed_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
