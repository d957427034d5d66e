/* No secret of the URL is exposed anywhere: hooks, dump, Prometheus text, errors. */
#include "fixture.h"

#define PASSWORD "canary-pass\"w\xC3\xB6rd"
#define PASSWORD_URL "canary-pass%22w%C3%B6rd"
#define TOKEN "canary/cloud+token"
#define TOKEN_URL "canary%2Fcloud%2Btoken"
#define BEARER "canary.bearer.token"
#define TOTP "canary-918273"

/* Everything that came out, with zeros as it came. */
typedef struct sink_s {
  char* bytes;
  size_t size, room;
  unsigned taps;
} sink_t;

static void put(sink_t* sink, const void* bytes, size_t size) {
  if (bytes == NULL || size == 0) return;
  if (size + 1 > sink->room - sink->size) {
    sink->room = 2 * sink->room + size + 1;
    sink->bytes = realloc(sink->bytes, sink->room);
    assert_non_null(sink->bytes);
  }
  memcpy(sink->bytes + sink->size, bytes, size);
  sink->size += size;
  sink->bytes[sink->size++] = '\n';
}

static void put_text(sink_t* sink, const char* text) {
  if (text != NULL) put(sink, text, strlen(text));
}

static void on_trace(void* data, const taosuv_trace_t* trace) {
  put_text(data, trace->host);
  if (trace->req != NULL) put_text(data, trace->req->message);
}

static void on_log(void* data, int level, const char* message, size_t length) {
  assert_in_range(level, TAOSUV_LOG_ERROR, TAOSUV_LOG_DEBUG);
  put(data, message, length);
}

static void on_tap(void* data, const taosuv_tap_t* tap) {
  sink_t* sink = data;
  put(sink, tap->bytes, tap->size);
  put_text(sink, tap->host);
  sink->taps++;
}

static void on_line(void* context, const char* text) {
  put_text(context, text);
}

static bool contains(const sink_t* sink, const char* part) {
  size_t length = strlen(part);
  for (size_t i = 0; i + length <= sink->size; i++)
    if (memcmp(sink->bytes + i, part, length) == 0) return true;
  return false;
}

/* The sink itself works: it holds what did come out. And "canary" is in all of the secrets. */
static void check(sink_t* sink) {
  static const char* const secrets[] = {"canary",      "918273",     "cloud", "bearer.token",
                                        "w\xC3\xB6rd", "w\\u00f6rd", "w%C3"};
  assert_true(contains(sink, "127.0.0.1"));
  for (size_t i = 0; i < COUNT(secrets); i++)
    if (contains(sink, secrets[i])) fail_msg("%s came out", secrets[i]);
  free(sink->bytes);
}

static void look(sink_t* sink, taosuv_client_t* client) {
  static char text[65536];
  assert_int_equal(taosuv_client_dump(client, on_line, sink), 0);
  assert_in_range(taosuv_client_prometheus(client, text, sizeof text), 1, sizeof text - 1);
  put_text(sink, text);
}

/* Opens a connection while everything is watched, looks before, within and after, and closes. */
static void run(it_t* it, sink_t* sink, const char* url, int expected) {
  it_op_t op = {0};
  taosuv_client_t* client = it_client_url(it, url);
  taosuv_hooks_t hooks = {.size = sizeof hooks,
                          .data = sink,
                          .trace = on_trace,
                          .log_level = TAOSUV_LOG_DEBUG,
                          .log = on_log,
                          .tap = on_tap};
  assert_int_equal(taosuv_client_set_hooks(client, &hooks), 0);
  look(sink, client);
  assert_int_equal(it_open(it, client, &op), 0);
  look(sink, client);
  it_run(it, 5);
  look(sink, client);
  int status = it_wait(&op);
  if (status != expected) fail_msg("%s: %s", taosuv_err_name(status), op.message);
  put_text(sink, op.message);
  put_text(sink, op.host);
  if (status == 0) it_usable(it, client);
  look(sink, client);
  it_close_wait(it, client);
}

static void make_url(const it_t* it, char* url, size_t size, const char* keys) {
  snprintf(url, size, "ws://root:%s@127.0.0.1:%d/?metrics=1&retries=0&token=%s%s", PASSWORD_URL,
           ts_server_port(it->server), TOKEN_URL, keys);
}

#define ALL_KEYS "&bearer_token=" BEARER "&totp_code=" TOTP

static void restart(it_t* it, const ts_config_t* config) {
  it_server_stop(it);
  it_server_start(it, config);
}

static void a_log_in_reveals_nothing(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  char url[512];
  sink_t sink = {0};
  restart(it, &(ts_config_t) {.password = PASSWORD, .version = "3.4.0.0", .bearer_token = BEARER});
  make_url(it, url, sizeof url, ALL_KEYS);
  run(it, &sink, url, 0);
  assert_true(contains(&sink, "\"password\":\"***\""));
  assert_true(contains(&sink, "\"bearer_token\":\"***\""));
  assert_true(contains(&sink, "\"totp_code\":\"***\""));
  assert_true(sink.taps > 6);
  check(&sink);
}

static void a_bad_password_reveals_nothing(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  char url[512];
  sink_t sink = {0};
  make_url(it, url, sizeof url, "");
  run(it, &sink, url, TAOSUV_EAUTH);
  check(&sink);
}

static void a_server_that_repeats_all_reveals_nothing(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  char url[512];
  sink_t sink = {0};
  restart(it, &(ts_config_t) {.version = "3.4.0.0"});
  it_rule(it,
          &(ts_rule_t) {.action = "conn",
                        .answer = TS_ANSWER_ERROR,
                        .code = 0x0357,
                        .text = "no " PASSWORD ", " TOKEN ", " TOKEN_URL ", " BEARER ", " TOTP});
  make_url(it, url, sizeof url, ALL_KEYS);
  run(it, &sink, url, TAOSUV_EAUTH);
  assert_true(contains(&sink, "no ***, ***, ***, ***, ***"));
  check(&sink);
}

static void a_close_frame_that_repeats_a_secret_reveals_nothing(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  char url[512];
  sink_t sink = {0};
  it_rule(it, &(ts_rule_t) {
                  .action = "conn", .answer = TS_ANSWER_CLOSE, .code = 1008, .text = "no " TOKEN});
  make_url(it, url, sizeof url, "");
  run(it, &sink, url, TAOSUV_ECONNLOST);
  check(&sink);
}

static void a_refused_upgrade_reveals_nothing(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  static const char* const answers[] = {
      "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 500 no " TOKEN_URL "\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 302 Found\r\nLocation: /other?token=" TOKEN_URL "\r\nContent-Length: 0\r\n\r\n"};
  static const int statuses[] = {TAOSUV_EAUTH, TAOSUV_EUPGRADE, TAOSUV_EREDIRECT};
  for (size_t i = 0; i < COUNT(answers); i++) {
    char url[512];
    sink_t sink = {0};
    make_url(it, url, sizeof url, "");
    ts_peer_set_fault(ts_server_peer(it->server), &(ts_fault_t) {.upgrade_answer = answers[i]}, 1);
    run(it, &sink, url, statuses[i]);
    check(&sink);
  }
}

static void a_refused_connection_reveals_nothing(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  char url[512];
  sink_t sink = {0};
  make_url(it, url, sizeof url, ALL_KEYS);
  it_server_stop(it);
  run(it, &sink, url, UV_ECONNREFUSED);
  check(&sink);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(a_log_in_reveals_nothing),
      IT_TEST(a_bad_password_reveals_nothing),
      IT_TEST(a_server_that_repeats_all_reveals_nothing),
      IT_TEST(a_close_frame_that_repeats_a_secret_reveals_nothing),
      IT_TEST(a_refused_upgrade_reveals_nothing),
      IT_TEST(a_refused_connection_reveals_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
