/* Trouble on the line: proxies before the server, and the URLs that name them. */
#include "fixture_proxy.h"

#include "transport.h"

/* The least that any request takes on the line, compressed too. */
enum { REQUEST_BYTES = 24 };

/* ---- URLs ---- */

static const char* authority_of(const char* url, size_t* length) {
  const char* start = strstr(url, "://");
  start = start != NULL ? start + 3 : url;
  *length = strcspn(start, "/?");
  return start;
}

static size_t size_of_user(const char* authority, size_t length) {
  size_t size = length;
  while (size > 0 && authority[size - 1] != '@') size--;
  return size;
}

/* The first host and its port. */
static void host_of(const char* url, char* host, size_t size, char port[16]) {
  size_t length;
  const char* at = authority_of(url, &length);
  size_t user = size_of_user(at, length);
  at += user;
  length = strcspn(at, ",/?");
  size_t name = length;
  while (name > 0 && at[name - 1] != ':' && at[name - 1] != ']') name--;
  bool has_port = name > 0 && at[name - 1] == ':';
  snprintf(port, 16, "%.*s", has_port ? (int) (length - name) : 4, has_port ? at + name : "6041");
  if (has_port) length = name - 1;
  if (length >= 2 && at[0] == '[') {
    at++;
    length -= 2;
  }
  snprintf(host, size, "%.*s", (int) length, at);
}

void it_authority(const it_t* it, size_t hosts, char* text, size_t size) {
  size_t length;
  const char* authority = authority_of(it_base_url(it), &length);
  bool proxied = it->proxies[0] != NULL;
  size_t kept = proxied ? size_of_user(authority, length) : length;
  int at = snprintf(text, size, "%.*s", (int) kept, authority);
  for (size_t i = 0; proxied && i < hosts; i++)
    at += snprintf(text + at, size - (size_t) at, "%s127.0.0.1:%d", i > 0 ? "," : "",
                   proxy_port(it->proxies[i]));
  assert_in_range(at, 1, size - 1);
}

void it_certificate_name(const it_t* it, char* text, size_t size) {
  char host[256], port[16];
  const char* url = it_base_url(it);
  text[0] = 0;
  if (it->proxies[0] == NULL || strncmp(url, "wss:", 4) != 0) return;
  host_of(url, host, sizeof host, port);
  bool known = strcmp(host, "127.0.0.1") == 0 || strstr(url, "tls_server_name=") != NULL;
  if (!known) snprintf(text, size, "tls_server_name=%s", host);
}

void it_url_hosts(const it_t* it, char* url, size_t size, size_t hosts, const char* keys) {
  char one[1024], many[512], first[512];
  it_url(it, one, sizeof one, "", keys);
  it_authority(it, 1, first, sizeof first);
  it_authority(it, hosts, many, sizeof many);
  const char* at = strstr(one, first);
  assert_non_null(at);
  int written = snprintf(url, size, "%.*s%s%s", (int) (at - one), one, many, at + strlen(first));
  assert_in_range(written, 1, size - 1);
}

/* ---- proxies ---- */

static void address_of(it_t* it, struct sockaddr_storage* address) {
  char host[256], port[16];
  uv_getaddrinfo_t lookup;
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  host_of(it_base_url(it), host, sizeof host, port);
  int status = uv_getaddrinfo(&it->loop, &lookup, NULL, host, port, &hints);
  if (status != 0) fail_msg("%s: %s", host, uv_strerror(status));
  memcpy(address, lookup.addrinfo->ai_addr, lookup.addrinfo->ai_addrlen);
  uv_freeaddrinfo(lookup.addrinfo);
}

void it_proxies(it_t* it, size_t count) {
  struct sockaddr_storage address;
  address_of(it, &address);
  for (size_t i = 0; i < count; i++)
    if (it->proxies[i] == NULL)
      assert_int_equal(proxy_create(&it->loop, (const struct sockaddr*) &address, &it->proxies[i]),
                       0);
}

proxy_t* it_proxy(it_t* it) {
  if (it->proxies[0] == NULL) it_proxies(it, 1);
  return it->proxies[0];
}

void it_proxies_follow(it_t* it) {
  struct sockaddr_storage address;
  if (it->proxies[0] == NULL) return;
  address_of(it, &address);
  for (size_t i = 0; i < IT_PROXIES; i++)
    if (it->proxies[i] != NULL) proxy_set_server(it->proxies[i], (const struct sockaddr*) &address);
}

/* ---- trouble ---- */

void it_hold_answers(it_t* it) {
  proxy_plan_t plan = {.way[PROXY_DOWN].stall = true};
  it->held_at = it_passed(it, PROXY_UP);
  proxy_set_plan_of_all(it->proxies[0], &plan);
}

void it_let_go(it_t* it) {
  if (it->server != NULL) it_unrule(it);
  proxy_set_plan_of_all(it->proxies[0], NULL);
}

typedef struct passed_s {
  const it_t* it;
  proxy_way_t way;
  uint64_t bytes;
} passed_t;

uint64_t it_passed(const it_t* it, proxy_way_t way) {
  return proxy_counters(it->proxies[0]).passed[way];
}

static bool has_passed(void* data) {
  const passed_t* passed = data;
  return it_passed(passed->it, passed->way) >= passed->bytes;
}

void it_until_passed(it_t* it, proxy_way_t way, uint64_t bytes) {
  passed_t passed = {it, way, bytes};
  if (!it_until(it, has_passed, &passed, 10000))
    fail_msg("%s has not gone through the proxy", way == PROXY_UP ? "the request" : "the answer");
}

void it_until_asked(it_t* it, unsigned requests) {
  it_until_passed(it, PROXY_UP, it->held_at + (uint64_t) requests * REQUEST_BYTES);
}

void it_cut(it_t* it) {
  proxy_conn_t* conn = proxy_next(it->proxies[0], NULL);
  assert_non_null(conn);
  proxy_conn_cut(conn);
}

/* How many bytes a client sends before its log-in: those of the upgrade, after which it waits. */
static uint64_t size_before_login(it_t* it) {
  if (it_transport_http()) return 0;
  it_op_t op = {0};
  uint64_t before = it_passed(it, PROXY_UP);
  proxy_set_plan(it->proxies[0], &(proxy_plan_t) {.way[PROXY_DOWN].stall = true}, 1);
  taosuv_client_t* client = it_client(it, "compression=0");
  assert_int_equal(it_open(it, client, &op), 0);
  it_until_passed(it, PROXY_UP, before + 1);
  it_run(it, 30);
  it_close_wait(it, client);
  assert_int_equal(it_wait(&op), TAOSUV_ECANCELED);
  return it_passed(it, PROXY_UP) - before;
}

void it_lose_logins(it_t* it, bool cut, unsigned times) {
  bool secure = strncmp(it_base_url(it), "wss:", 4) == 0;
  it_needs(it, IT_ONE_ENDPOINT);
  if (secure && it->server == NULL) {
    print_message("note: not over TLS: trouble that begins with the log-in\n");
    skip();
  }
  if (secure || it_transport() == IT_COMPRESSED) {
    it_rule(it, &(ts_rule_t) {.action = "conn",
                              .times = times,
                              .answer = cut ? TS_ANSWER_CUT : TS_ANSWER_NOTHING});
    return;
  }
  proxy_t* proxy = it_proxy(it);
  uint64_t size = size_before_login(it);
  proxy_plan_t plan = {.way[PROXY_UP] = {.stall = !cut && size == 0,
                                         .stall_after = cut ? 0 : size,
                                         .cut_after = cut ? size + 1 : 0}};
  proxy_set_plan(proxy, &plan, times);
}

/* ---- many rows ---- */

static void fill(it_t* it, taosuv_client_t* client, const char* db, unsigned rows) {
  enum { ROWS = 4000, ROW_SIZE = 64 };
  char* sql = malloc(ROWS * ROW_SIZE + 100);
  assert_non_null(sql);
  for (unsigned row = 0; row < rows;) {
    int at = snprintf(sql, 100, "insert into %s.numbers values", db);
    for (unsigned i = 0; i < ROWS && row < rows; i++, row++)
      at += snprintf(sql + at, ROW_SIZE, "(%lld,%u,%u,'row-%u')",
                     1700000000000 + 1000 * (long long) row, row, row, row);
    it_op_t op = {0};
    if (it_end(it_exec(it, client, &op, sql), &op) != 0) fail_msg("insert: %s", op.message);
  }
  free(sql);
}

const char* it_numbers(it_t* it, taosuv_client_t* client, unsigned rows) {
  if (it->server != NULL) {
    snprintf(it->numbers, sizeof it->numbers, "select * from bench.rows_%u_4096", rows);
    return it->numbers;
  }
  const char* db = it_database(it, client, "ms");
  it_ok(it, client, "create table %s.numbers (ts timestamp, a int, b double, c varchar(24))", db);
  fill(it, client, db, rows);
  snprintf(it->numbers, sizeof it->numbers, "select * from %s.numbers", db);
  return it->numbers;
}
