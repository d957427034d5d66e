/* Opening: the result for a good address, and the error for each kind of bad one. */
#include "fixture.h"

/* ---- the good case ---- */

static void open_gives_version_and_host(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_counts_t counts;
  taosuv_client_t* client = it_client(it, "");
  assert_int_equal(it_end(it_open(it, client, &op), &op), 0);
  assert_non_null(strchr(op.open.version, '.'));
  assert_non_null(strchr(op.host, ':'));
  if (it->server != NULL) assert_string_equal(op.open.version, "3.3.6.0");
  assert_true(op.req.total_time_ns > 0);
  taosuv_client_counts(client, &counts);
  assert_int_equal(counts.connections, 1);
  assert_int_equal(counts.connects, 1);
}

static void a_second_open_uses_the_connection_that_is_there(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_counts_t counts;
  taosuv_client_t* client = it_client(it, "");
  for (int i = 0; i < 2; i++) {
    memset(op.open.version, 0, sizeof op.open.version);
    assert_int_equal(it_end(it_open(it, client, &op), &op), 0);
    assert_true(op.open.version[0] != 0);
  }
  taosuv_client_counts(client, &counts);
  assert_int_equal(counts.connects, 1);
}

static void a_database_in_the_url_is_the_current_one(void** state) {
  it_t* it = *state;
  it_needs(it, IT_CURRENT_DB);
  it_op_t op = {0};
  const char* name = it_database(it, it_client(it, ""), "ms");
  taosuv_client_t* client = it_client_db(it, name, "");
  assert_int_equal(it_end(it_current_db(it, client, &op), &op), 0);
  assert_string_equal(op.text, name);
}

/* ---- refused log-ins ---- */

/* The URL of the server with another user and password. */
static void url_as(const it_t* it, const char* user, const char* password, char* url, size_t size) {
  char good[1024];
  it_url(it, good, sizeof good, "", "");
  const char* at = strrchr(good, '@');
  const char* rest = at != NULL ? at + 1 : strstr(good, "://") + 3;
  int scheme = (int) (strstr(good, "://") - good);
  snprintf(url, size, "%.*s://%s:%s@%s", scheme, good, user, password, rest);
}

static void refuses_login(it_t* it, const char* user, const char* password, int code) {
  char url[1024];
  it_op_t op = {0};
  url_as(it, user, password, url, sizeof url);
  taosuv_client_t* client = it_client_url(it, url);
  assert_int_equal(it_end(it_open(it, client, &op), &op), TAOSUV_EAUTH);
  assert_int_equal(op.req.server_code, code);
  assert_true(op.message[0] != 0);
  assert_null(strstr(op.message, password));
  assert_null(strstr(op.host, password));
  assert_non_null(strchr(op.host, ':'));
  assert_int_equal(op.req.err_flags, 0);
}

static void a_wrong_password_is_refused(void** state) {
  refuses_login(*state, "root", "Wr0ng-secret", 855);
}

static void an_unknown_user_is_refused(void** state) {
  refuses_login(*state, "nobody_here", "Wr0ng-secret", 849);
}

static void an_unknown_database_is_the_servers_error(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = it_client_db(it, "taosuv_it_no_such_db", "");
  assert_int_equal(it_end(it_open(it, client, &op), &op), TAOSUV_ESERVER);
  assert_int_equal(op.req.server_code, 904);
  it_has(op.message, "Database not exist");
}

static void a_request_fails_as_its_login_does(void** state) {
  it_t* it = *state;
  char url[1024];
  it_op_t exec = {0}, query = {0};
  url_as(it, "root", "Wr0ng-secret", url, sizeof url);
  taosuv_client_t* client = it_client_url(it, url);
  assert_int_equal(it_exec(it, client, &exec, "select 1"), 0);
  assert_int_equal(it_query(it, client, &query, "select 1"), 0);
  assert_int_equal(it_wait(&exec), TAOSUV_EAUTH);
  assert_int_equal(it_wait(&query), TAOSUV_EAUTH);
  assert_int_equal(query.req.server_code, 855);
  assert_int_equal(query.req.err_flags & TAOSUV_ERR_MAYBE_EXECUTED, 0);
}

/* ---- no connection ---- */

static void on_closed(uv_handle_t* handle) {
  *(bool*) handle->data = true;
}

static bool is_true(void* data) {
  return *(bool*) data;
}

/* A port that nobody listens on. */
static int dead_port(it_t* it) {
  uv_tcp_t tcp;
  bool closed = false;
  struct sockaddr_in address;
  int size = sizeof address;
  uv_tcp_init(&it->loop, &tcp);
  tcp.data = &closed;
  uv_ip4_addr("127.0.0.1", 0, &address);
  assert_int_equal(uv_tcp_bind(&tcp, (const struct sockaddr*) &address, 0), 0);
  assert_int_equal(uv_tcp_getsockname(&tcp, (struct sockaddr*) &address, &size), 0);
  const uint8_t* bytes = (const uint8_t*) &address.sin_port;
  int port = bytes[0] << 8 | bytes[1];
  uv_close((uv_handle_t*) &tcp, on_closed);
  assert_true(it_until(it, is_true, &closed, 1000));
  return port;
}

static void a_refused_connection_is_libuvs_status(void** state) {
  it_t* it = *state;
  char url[128], host[64];
  it_op_t op = {0};
  snprintf(host, sizeof host, "127.0.0.1:%d", dead_port(it));
  snprintf(url, sizeof url, "ws://root:S3cret@%s", host);
  taosuv_client_t* client = it_client_url(it, url);
  assert_int_equal(it_end(it_open(it, client, &op), &op), UV_ECONNREFUSED);
  assert_string_equal(op.host, host);
  assert_null(strstr(op.message, "S3cret"));
  assert_int_equal(op.req.server_code, 0);
}

static void an_unknown_host_is_a_name_error(void** state) {
  it_t* it = *state;
  it_op_t op = {0};
  taosuv_client_t* client = it_client_url(it, "ws://root:S3cret@taosuv-test.invalid:6041");
  assert_int_equal(it_end(it_open(it, client, &op), &op), TAOSUV_EDNS);
  assert_string_equal(op.host, "taosuv-test.invalid:6041");
  assert_null(strstr(op.message, "S3cret"));
}

static void the_second_host_serves_when_the_first_is_dead(void** state) {
  it_t* it = *state;
  it_plain(it);
  char url[256];
  it_op_t op = {0};
  snprintf(url, sizeof url, "ws://root:taosdata@127.0.0.1:%d,127.0.0.1:%d", dead_port(it),
           ts_server_port(it->server));
  taosuv_client_t* client = it_client_url(it, url);
  assert_int_equal(it_end(it_open(it, client, &op), &op), 0);
  it_has(strrchr(op.host, ':'), strrchr(ts_server_url(it->server), ':'));
  it_usable(it, client);
}

static void when_all_hosts_are_dead_the_last_one_is_told(void** state) {
  it_t* it = *state;
  char url[256];
  it_op_t op = {0};
  int first = dead_port(it), second = dead_port(it);
  snprintf(url, sizeof url, "ws://127.0.0.1:%d,127.0.0.1:%d", first, second);
  taosuv_client_t* client = it_client_url(it, url);
  assert_int_equal(it_end(it_open(it, client, &op), &op), UV_ECONNREFUSED);
  /* And again, the client is not spoilt. */
  assert_int_equal(it_end(it_open(it, client, &op), &op), UV_ECONNREFUSED);
}

/* ---- what is wrong with a URL is said at once ---- */

typedef struct bad_url_s {
  const char* url;
  int status;
  const char* part; /* of the message */
} bad_url_t;

static const bad_url_t bad_urls[] = {
    {"ws://localhost?pool_size=0", TAOSUV_EURL, "pool_size"},
    {"ws://localhost?no_such_key=1", TAOSUV_EURL, "no_such_key"},
    {"ws://root:S3cret@localhost?timezone=UTC-8", TAOSUV_EURL, "timezone"},
    {"ws://root:S3cret@localhost:99999", TAOSUV_EURL, "port"},
    {"", TAOSUV_EURL, ""},
    {"ftp://localhost", TAOSUV_EURL, ""},
    {"ws://", TAOSUV_EURL, "host"},
    {"ws://root:S3cret@localhost?tls_key=S3cret", TAOSUV_EURL, "tls_key"},
    {"http://root:S3cret@localhost?totp_code=123456", TAOSUV_ENOTSUP, "totp_code"},
    {"https://localhost?connector=a-1", TAOSUV_ENOTSUP, "connector"},
    {"http://a%3Ab:S3cret@localhost", TAOSUV_EURL, "':'"},
#ifndef TUV_HAVE_DEFLATE
    {"ws://localhost?compression=1", TAOSUV_ENOTSUP, "zlib"},
#endif
    {"ws://localhost?compression_threshold=-1", TAOSUV_EURL, "compression_threshold"},
};

static void a_bad_url_makes_no_client(void** state) {
  it_t* it = *state;
  for (size_t i = 0; i < COUNT(bad_urls); i++) {
    char message[256] = "";
    taosuv_options_t options;
    taosuv_allocator_t allocator;
    taosuv_client_t* client = (taosuv_client_t*) (void*) it;
    memcpy(&allocator, &it->probe.alloc, sizeof allocator);
    taosuv_options_init(&options);
    options.url = bad_urls[i].url;
    options.allocator = &allocator;
    options.message = message;
    options.message_size = sizeof message;
    int status = taosuv_client_create_ex(&it->loop, &options, &client);
    if (status != bad_urls[i].status) fail_msg("%s: %d", bad_urls[i].url, status);
    assert_null(client);
    assert_true(message[0] != 0);
    it_has(message, bad_urls[i].part);
    assert_null(strstr(message, "S3cret"));
    assert_int_equal(it->probe.live_blocks, 0);
  }
}

static void nonsense_arguments_make_no_client(void** state) {
  it_t* it = *state;
  taosuv_client_t* client;
  taosuv_options_t options;
  taosuv_options_init(&options);
  assert_int_equal(taosuv_client_create(&it->loop, "ws://localhost", NULL), TAOSUV_EINVAL);
  assert_int_equal(taosuv_client_create(NULL, "ws://localhost", &client), TAOSUV_EINVAL);
  assert_null(client);
  assert_int_equal(taosuv_client_create(&it->loop, NULL, &client), TAOSUV_EURL);
  assert_int_equal(taosuv_client_create_ex(&it->loop, NULL, &client), TAOSUV_EINVAL);
  options.size = 0;
  assert_int_equal(taosuv_client_create_ex(&it->loop, &options, &client), TAOSUV_EINVAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IT_TEST(open_gives_version_and_host),
      IT_TEST(a_second_open_uses_the_connection_that_is_there),
      IT_TEST(a_database_in_the_url_is_the_current_one),
      IT_TEST(a_wrong_password_is_refused),
      IT_TEST(an_unknown_user_is_refused),
      IT_TEST(an_unknown_database_is_the_servers_error),
      IT_TEST(a_request_fails_as_its_login_does),
      IT_TEST(a_refused_connection_is_libuvs_status),
      IT_TEST(an_unknown_host_is_a_name_error),
      IT_TEST(the_second_host_serves_when_the_first_is_dead),
      IT_TEST(when_all_hosts_are_dead_the_last_one_is_told),
      IT_TEST(a_bad_url_makes_no_client),
      IT_TEST(nonsense_arguments_make_no_client),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
