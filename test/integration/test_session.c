/* The settings that a connection sends at its log-in, and sends again after every reconnect. */
#include "fixture.h"

enum { LOG_INS = 16 };

/* The `conn` messages that the server got. */
typedef struct heard_s {
  char text[LOG_INS][512];
  size_t count;
} heard_t;

static void spy(void* data, const char* action, const void* message, size_t size) {
  heard_t* heard = data;
  if (strcmp(action, "conn") != 0) return;
  assert_true(heard->count < LOG_INS && size < sizeof heard->text[0]);
  memcpy(heard->text[heard->count], message, size);
  heard->text[heard->count++][size] = 0;
}

static void restart(it_t* it, const char* version, const char* totp_secret, heard_t* heard) {
  it_needs_ws(it, "the session of a connection");
  it_needs_bundled(it);
  it_server_stop(it);
  it_server_start(
      it, &(ts_config_t) {
              .version = version, .totp_secret = totp_secret, .spy = spy, .spy_data = heard});
}

/* The message without its first argument, the req_id, which is never the same. */
static const char* settings_of(const char* message) {
  const char* user = strstr(message, "\"user\"");
  assert_non_null(user);
  return user;
}

static void settings_are_restored_after_each_reconnect(void** state) {
  it_t* it = *state;
  heard_t heard = {.count = 0};
  restart(it, "3.4.0.0", NULL, &heard);
  assert_int_equal(ts_server_exec(it->server, "create database settings"), 0);
  taosuv_client_t* client = it_client_db(
      it, "settings",
      "pool_size=1&timezone=Asia/Shanghai&app=meter&ip=10.1.2.3&connector=mine-1"
      "&conmode=1");
  for (size_t i = 0; i < 5; i++) {
    it_op_t op = {0};
    assert_int_equal(it_end(it_current_db(it, client, &op), &op), 0);
    assert_string_equal(op.text, "settings");
    ts_peer_cut_all(ts_server_peer(it->server));
    it_until_connections(it, 0);
    it_run(it, 5);
  }
  it_usable(it, client);
  assert_int_equal(heard.count, 6);
  it_has(heard.text[0], "\"db\":\"settings\"");
  it_has(heard.text[0], "\"mode\":0");
  it_has(heard.text[0], "\"tz\":\"Asia/Shanghai\"");
  it_has(heard.text[0], "\"app\":\"meter\"");
  it_has(heard.text[0], "\"ip\":\"10.1.2.3\"");
  it_has(heard.text[0], "\"connector\":\"mine-1\"");
  for (size_t i = 1; i < heard.count; i++)
    assert_string_equal(settings_of(heard.text[i]), settings_of(heard.text[0]));
}

static void every_connection_of_the_pool_has_them(void** state) {
  it_t* it = *state;
  heard_t heard = {.count = 0};
  it_op_t ops[4];
  memset(ops, 0, sizeof ops);
  restart(it, "3.3.6.0", NULL, &heard);
  taosuv_client_t* client = it_client(it, "pool_size=4&max_inflight=1&tz=Europe/Berlin");
  it_rule(it, &(ts_rule_t) {.action = "binary_query", .wait_ms = 200});
  for (size_t i = 0; i < COUNT(ops); i++)
    assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
  for (size_t i = 0; i < COUNT(ops); i++) assert_int_equal(it_wait(&ops[i]), 0);
  assert_int_equal(heard.count, 4);
  for (size_t i = 0; i < heard.count; i++) it_has(heard.text[i], "\"tz\":\"Europe/Berlin\"");
}

#define SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

static void a_code_is_made_for_each_log_in(void** state) {
  it_t* it = *state;
  heard_t heard = {.count = 0};
  restart(it, "3.4.0.0", SECRET, &heard);
  taosuv_client_t* client = it_client(it, "totp_secret=" SECRET);
  for (size_t i = 0; i < 3; i++) {
    it_usable(it, client);
    ts_peer_cut_all(ts_server_peer(it->server));
    it_until_connections(it, 0);
    it_run(it, 5);
  }
  assert_int_equal(heard.count, 3);
  for (size_t i = 0; i < heard.count; i++) {
    const char* code = strstr(heard.text[i], "\"totp_code\":\"");
    assert_non_null(code);
    assert_int_equal(strspn(code + strlen("\"totp_code\":\""), "0123456789"), 6);
    assert_null(strstr(heard.text[i], SECRET));
  }
}

static void a_wrong_or_missing_code_is_refused_once(void** state) {
  it_t* it = *state;
  static const char* const keys[] = {"retries=5", "retries=5&totp_code=12345",
                                     "retries=5&totp_secret=MZXW6YTB"};
  heard_t heard = {.count = 0};
  restart(it, "3.4.0.0", SECRET, &heard);
  for (size_t i = 0; i < COUNT(keys); i++) {
    it_op_t op = {0};
    taosuv_client_t* client = it_client(it, keys[i]);
    assert_int_equal(it_end(it_open(it, client, &op), &op), TAOSUV_EAUTH);
    assert_int_equal(op.req.err_flags & TAOSUV_ERR_RETRYABLE, 0);
    assert_int_equal(heard.count, i + 1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(settings_are_restored_after_each_reconnect),
      IT_TEST(every_connection_of_the_pool_has_them),
      IT_TEST(a_code_is_made_for_each_log_in),
      IT_TEST(a_wrong_or_missing_code_is_refused_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
