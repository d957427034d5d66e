/* Secrets are wiped: no memory that the client gives back holds one, plainly or masked. */
#include "fixture.h"
#include "taosuv/tmq.h"

#define PASSWORD "canary-password-1"
#define TOKEN "canary-cloud-token-2"
#define BEARER "canary-bearer-token-3"
#define CODE "canary-totp-code-4"
#define SECRET "MNQW4YLSPEWXGZLDOJSXI4Y"
#define SECRET_BYTES "canary-secrets"
#define BASIC "cm9vdDpjYW5hcnktcGFzc3dvcmQtM" /* "root:" and the password, in base64 */

static const char* const canaries[] = {PASSWORD, TOKEN,        BEARER, CODE,
                                       SECRET,   SECRET_BYTES, BASIC,  NULL};

static void on_tap(void* data, const taosuv_tap_t* tap) {
  *(unsigned*) data += tap->size > 0;
}

static void on_log(void* data, int level, const char* message, size_t length) {
  (void) data;
  (void) level;
  for (size_t i = 0; canaries[i] != NULL; i++)
    assert_false(alloc_probe_has(message, length, canaries[i]));
}

/* From the URL to the end, with somebody looking or not. */
static void live_by(it_t* it, const char* scheme, const char* keys, bool watched, int expected) {
  char url[512];
  it_op_t op = {0};
  unsigned taps = 0;
  snprintf(url, sizeof url, "%s://root:" PASSWORD "@127.0.0.1:%d/?retries=0%s%s", scheme,
           ts_server_port(it->server), keys[0] == 0 ? "" : "&", keys);
  it->probe.canaries = canaries;
  taosuv_client_t* client = it_client_url(it, url);
  taosuv_hooks_t hooks = {.size = sizeof hooks,
                          .data = &taps,
                          .log_level = TAOSUV_LOG_DEBUG,
                          .log = on_log,
                          .tap = on_tap};
  if (watched) assert_int_equal(taosuv_client_set_hooks(client, &hooks), 0);
  int status = it_end(it_open(it, client, &op), &op);
  if (status != expected) fail_msg("%s: %s", taosuv_err_name(status), op.message);
  if (status == 0) it_usable(it, client);
  it_close_wait(it, client);
  memset(it_slot(it, NULL), 0, sizeof *it->slots);
  it->probe.canaries = NULL;
  assert_int_equal(watched, taps > 0);
  if (it->probe.spilt > 0) fail_msg("%s was given back", it->probe.last_spilt);
  assert_int_equal(it->probe.live_blocks, 0);
}

static void live(it_t* it, const char* keys, bool watched, int expected) {
  live_by(it, "ws", keys, watched, expected);
}

static void restart(it_t* it, const ts_config_t* config) {
  it_needs_bundled(it);
  it_server_stop(it);
  it_server_start(it, config);
}

static const ts_config_t strict = {
    .version = "3.4.0.0", .password = PASSWORD, .bearer_token = BEARER, .totp_secret = SECRET};

static void after_each_way_to_log_in(void** state) {
  it_t* it = *state;
  for (int watched = 0; watched < 2; watched++) {
    restart(it, &(ts_config_t) {.password = PASSWORD});
    live(it, "", watched, 0);
    live(it, "token=" TOKEN, watched, 0);
    live(it, "token=" TOKEN "&compression=1&compression_threshold=0", watched, 0);
    restart(it, &strict);
    live(it, "bearer_token=" BEARER, watched, 0);
    live(it, "totp_secret=" SECRET, watched, 0);
    live(it, "totp_secret=" SECRET "&pool_size=3", watched, 0);
    live(it, "totp_code=" CODE, watched, TAOSUV_EAUTH);
  }
}

static void after_http(void** state) {
  it_t* it = *state;
  restart(it, &(ts_config_t) {.password = PASSWORD});
  live_by(it, "http", "", false, 0);
  live_by(it, "http", "token=" TOKEN, false, 0);
  restart(it, &(ts_config_t) {.password = "another"});
  live_by(it, "http", "", false, TAOSUV_EAUTH);
  restart(it, &strict);
  live_by(it, "http", "bearer_token=" BEARER, false, 0);
}

static void on_subscribed(taosuv_subscribe_t* req, int status) {
  (void) status;
  *(bool*) req->data = true;
}

static void on_consumer_closed(taosuv_consumer_close_t* req, int status) {
  (void) status;
  *(bool*) req->data = true;
}

static bool is_true(void* data) {
  return *(bool*) data;
}

/* Its `subscribe` logs in, too. */
static void after_a_consumer(void** state) {
  it_t* it = *state;
  static const taosuv_property_t properties[] = {{"group.id", "g"}, {"td.connect.pass", PASSWORD}};
  restart(it, &(ts_config_t) {.password = PASSWORD});
  assert_int_equal(ts_server_exec(it->server, "create database wipe"), 0);
  assert_int_equal(ts_server_exec(it->server, "create topic wiped as database wipe"), 0);
  for (size_t count = 1; count <= COUNT(properties); count++) {
    char url[256];
    bool subscribed = false, closed = false;
    taosuv_allocator_t allocator;
    taosuv_consumer_options_t options;
    taosuv_consumer_t* consumer;
    taosuv_subscribe_t subscribe = {.data = &subscribed};
    taosuv_consumer_close_t close = {.data = &closed};
    const char* topic = "wiped";
    snprintf(url, sizeof url, "ws://root:" PASSWORD "@127.0.0.1:%d/?token=" TOKEN,
             ts_server_port(it->server));
    memcpy(&allocator, &it->probe.alloc, sizeof allocator);
    it->probe.canaries = canaries;
    taosuv_consumer_options_init(&options);
    options.url = url;
    options.allocator = &allocator;
    options.properties = properties;
    options.count = count;
    assert_int_equal(taosuv_consumer_create(&it->loop, &options, &consumer), 0);
    assert_int_equal(taosuv_consumer_subscribe(consumer, &subscribe, &topic, 1, on_subscribed), 0);
    assert_true(it_until(it, is_true, &subscribed, 10000));
    assert_int_equal(subscribe.status, 0);
    assert_int_equal(taosuv_consumer_close(consumer, &close, on_consumer_closed), 0);
    assert_true(it_until(it, is_true, &closed, 10000));
    it->probe.canaries = NULL;
    if (it->probe.spilt > 0) fail_msg("%s was given back", it->probe.last_spilt);
  }
}

static void after_a_server_that_is_too_old(void** state) {
  it_t* it = *state;
  restart(it, &(ts_config_t) {.password = PASSWORD, .version = "3.3.6.0"});
  live(it, "bearer_token=" BEARER, true, TAOSUV_EVERSION);
  live(it, "totp_secret=" SECRET, true, TAOSUV_EVERSION);
}

static void after_connections_that_fail_on_the_way(void** state) {
  it_t* it = *state;
  restart(it, &strict);
  ts_peer_t* peer = ts_server_peer(it->server);
  for (uint64_t bytes = 1; bytes < 900; bytes += 29) { /* cut in the upgrade, the version, conn */
    ts_peer_set_fault(peer, &(ts_fault_t) {.cut_after_received = bytes}, 1);
    char url[512];
    it_op_t op = {0};
    snprintf(url, sizeof url,
             "ws://root:" PASSWORD "@127.0.0.1:%d/?retries=0&token=" TOKEN "&totp_secret=" SECRET,
             ts_server_port(it->server));
    it->probe.canaries = canaries;
    taosuv_client_t* client = it_client_url(it, url);
    assert_int_equal(it_open(it, client, &op), 0);
    it_wait(&op);
    it_close_wait(it, client);
    memset(it_slot(it, NULL), 0, sizeof *it->slots);
    ts_peer_set_fault(peer, NULL, 0);
    if (it->probe.spilt > 0) fail_msg("%s was given back", it->probe.last_spilt);
  }
  it->probe.canaries = NULL;
}

/* The URL is refused; what had been read of it is wiped, too. */
static void after_a_url_that_is_wrong(void** state) {
  it_t* it = *state;
  static const char* const urls[] = {
      "ws://root:" PASSWORD "@h/?token=" TOKEN "&bearer_token=" BEARER "&pool_size=no",
      "ws://root:" PASSWORD "@h/?totp_secret=" SECRET "&totp_code=" CODE,
      "http://root:" PASSWORD "@h/?token=" TOKEN "&totp_secret=" SECRET,
      "wss://root:" PASSWORD "@h/?token=" TOKEN "&tls_ca=/there/is/no/such/file"};
  it->probe.canaries = canaries;
  for (size_t i = 0; i < COUNT(urls); i++) {
    char message[256] = "";
    taosuv_allocator_t allocator;
    taosuv_options_t options;
    taosuv_client_t* client;
    memcpy(&allocator, &it->probe.alloc, sizeof allocator);
    taosuv_options_init(&options);
    options.url = urls[i];
    options.allocator = &allocator;
    options.message = message;
    options.message_size = sizeof message;
    assert_true(taosuv_client_create_ex(&it->loop, &options, &client) < 0);
    for (size_t c = 0; canaries[c] != NULL; c++) assert_null(strstr(message, canaries[c]));
  }
  it->probe.canaries = NULL;
  assert_int_equal(it->probe.spilt, 0);
}

/* The look-out itself works: SQL is no secret, and is found. */
static void while_what_is_no_secret_may_stay(void** state) {
  static const char* const sql[] = {"'an-ordinary-text'", NULL};
  it_t* it = *state;
  taosuv_client_t* client = it_client(it, "");
  it->probe.canaries = sql;
  taosuv_result_close(it_rows(it, client, "select 'an-ordinary-text'"));
  it_close_wait(it, client);
  it->probe.canaries = NULL;
  assert_true(it->probe.spilt > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(after_each_way_to_log_in),
      IT_TEST(after_http),
      IT_TEST(after_a_consumer),
      IT_TEST(after_a_server_that_is_too_old),
      IT_TEST(after_connections_that_fail_on_the_way),
      IT_TEST(after_a_url_that_is_wrong),
      IT_TEST(while_what_is_no_secret_may_stay),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
