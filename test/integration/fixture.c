/* The fixture of all integration tests: a loop, a server, and clients with a counting allocator. */
#include <signal.h>

#include "fixture_proxy.h"

#include "transport.h"

static const it_t* current; /* the test that runs */

static void on_watchdog(uv_timer_t* timer) {
  (void) timer;
}

static const char* real_url(void) {
  const char* url = getenv("TAOSUV_TEST_URL");
  if (url == NULL || url[0] == 0) return NULL;
  if (strncmp(url, "ws://", 5) == 0 || strncmp(url, "wss://", 6) == 0) return url;
  fprintf(stderr,
          "TAOSUV_TEST_URL: not ws:// or wss://. TAOSUV_TEST_TRANSPORT=http makes the tests "
          "speak to that server's REST interface.\n");
  abort();
}

/* ---- set-up and tear-down ---- */

int it_setup(void** state) {
  signal(SIGPIPE, SIG_IGN); /* as the README recommends: connections end during a write */
  it_t* it = calloc(1, sizeof *it);
  assert_non_null(it);
  it->param = *state;
  *state = it;
  current = it;
  assert_int_equal(uv_loop_init(&it->loop), 0);
  uv_timer_init(&it->loop, &it->watchdog);
  alloc_probe_init(&it->probe);
  if (real_url() == NULL)
    it_server_start(it, &(ts_config_t) {.compression = true});
  else
    it_server_version(it); /* is determined now: later there may be a proxy before it */
  return 0;
}

void it_drop_databases(it_t* it) {
  if (it->databases[0][0] == 0) return;
  proxy_t* proxy = it->proxies[0]; /* it may misbehave, or be stopped */
  it->proxies[0] = NULL;
  taosuv_client_t* client = it_client(it, "");
  for (size_t i = 0; i < IT_DATABASES && it->databases[i][0] != 0; i++)
    it_ok(it, client, "drop database if exists %s", it->databases[i]);
  it_close_wait(it, client);
  it->proxies[0] = proxy;
  memset(it->databases, 0, sizeof it->databases);
}

static void close_clients(it_t* it) {
  for (size_t i = 0; i < IT_CLIENTS; i++)
    if (it->slots[i].client != NULL && it->slots[i].closing == 0) it_close(it, it->slots[i].client);
}

int it_teardown(void** state) {
  it_t* it = *state;
  if (real_url() != NULL) it_drop_databases(it);
  close_clients(it);
  for (size_t i = 0; i < IT_CLIENTS; i++)
    if (it->slots[i].closing > 0) it_closed(&it->slots[i]);
  for (size_t i = 0; i < IT_PROXIES; i++)
    if (it->proxies[i] != NULL) proxy_close(it->proxies[i], NULL, NULL);
  if (it->server != NULL) it_server_stop(it);
  for (size_t i = 0; i < IT_SERVERS; i++) /* left by a test that failed */
    if (it->others[i] != NULL) ts_server_close(it->others[i], NULL, NULL);
  uv_close((uv_handle_t*) &it->watchdog, NULL);
  uv_run(&it->loop, UV_RUN_DEFAULT);
  assert_int_equal(it->completed, it->accepted);
  for (size_t i = 0; i < IT_CLIENTS; i++)
    assert_int_equal(it->slots[i].closed, it->slots[i].closing > 0);
  assert_int_equal(uv_loop_close(&it->loop), 0);
  assert_int_equal(it->probe.live_blocks, 0);
  free(it);
  return 0;
}

/* ---- the server ---- */

int64_t it_told(int64_t rows) {
  return !it_transport_http() && it_can(current, IT_LINES_COUNTED) ? rows : -1;
}

void it_needs_ws(const it_t* it, const char* what) {
  (void) it;
  if (!it_transport_http()) return;
  print_message("note: not over HTTP: %s\n", what);
  skip();
}

/* Printed once per program; the skips count the tests. */
void it_needs_bundled(const it_t* it) {
  static bool told;
  if (it->server != NULL) return;
  if (!told) print_message("note: skipped are the tests that command the bundled server\n");
  told = true;
  skip();
}

void it_left_out(const it_t* it, const char* what) {
  static const char* told; /* the last one: tests print it again */
  if (it->server != NULL || told == what) return;
  print_message("note: not against another server: %s\n", what);
  told = what;
}

static void on_server_closed(void* data) {
  ((it_t*) data)->server_closed = true;
}

static bool is_server_closed(void* data) {
  return ((it_t*) data)->server_closed;
}

/* Asserts that no client sent a forbidden message. */
void it_server_stop(it_t* it) {
  it->server_closed = false;
  assert_int_equal(ts_server_counters(it->server).poisonous, 0);
  ts_server_close(it->server, on_server_closed, it);
  it->server = NULL;
  assert_true(it_until(it, is_server_closed, it, 5000));
}

void it_server_start(it_t* it, const ts_config_t* config) {
  ts_config_t own = {0};
  if (config != NULL) own = *config;
  if (own.tls == NULL) own.tls = it_transport_tls();
  if (it_transport() == IT_COMPRESSED) own.compression = true;
  assert_int_equal(ts_server_create(&it->loop, &own, &it->server), 0);
  it_proxies_follow(it);
}

int it_lost_status(void) {
  const char* url = real_url();
  bool secure = url != NULL ? strncmp(url, "wss:", 4) == 0 : it_transport_secure();
  return secure ? TAOSUV_ETLSEOF : TAOSUV_ECONNLOST;
}

void it_plain(it_t* it) {
  it_needs_bundled(it);
  if (it_transport_tls() == NULL) return;
  it_server_stop(it);
  assert_int_equal(ts_server_create(&it->loop, NULL, &it->server), 0);
}

uint32_t it_rule(it_t* it, const ts_rule_t* rule) {
  return ts_server_add_rule(it->server, rule);
}

void it_unrule(it_t* it) {
  ts_server_remove_rule(it->server, 0);
}

ts_conn_t* it_conn(it_t* it) {
  ts_conn_t* conn = ts_peer_next(ts_server_peer(it->server), NULL);
  assert_non_null(conn);
  return conn;
}

/* ---- clients ---- */

/* Unless the server has no TLS, or the test sets the keys of the transport itself. */
static bool uses_transport(const char* base, const char* keys) {
  if (real_url() != NULL) return false;
  if (it_transport() == IT_COMPRESSED) return strstr(keys, "compression") == NULL;
  return strncmp(base, "wss:", 4) == 0 && strstr(keys, "tls_ca") == NULL;
}

const char* it_base_url(const it_t* it) {
  return it->server != NULL ? ts_server_url(it->server) : real_url();
}

void it_url(const it_t* it, char* url, size_t size, const char* db, const char* keys) {
  const char* base = it_base_url(it);
  const char* own = strchr(base, '?');
  const char* start = strstr(base, "://");
  size_t at = start != NULL ? (size_t) (start - base) + 3 : 0;
  /* Failures must be reported at once, unless the test is about retries. */
  const char* more = own != NULL ? own + 1 : "";
  bool retries = strstr(keys, "retr") != NULL || strstr(more, "retr") != NULL;
  bool close = strstr(keys, "close_timeout") != NULL; /* many servers in these tests never answer */
  const char* transport = uses_transport(base, keys) ? it_transport_keys() : "";
  char authority[512], name[300];
  it_authority(it, 1, authority, sizeof authority);
  it_certificate_name(it, name, sizeof name);
  const char* parts[] = {keys,
                         retries ? "" : "retries=0&retry_initial=1&retry_max=1",
                         close ? "" : "close_timeout=1000",
                         transport,
                         name,
                         more};
  bool http = it_transport_http() && strncmp(base, "ws", 2) == 0;
  const char* scheme = http ? "http" : "";
  int skipped = http ? 2 : 0;
  int written = snprintf(url, size, "%s%.*s%s/%s", scheme, (int) at - skipped, base + skipped,
                         authority, db);
  for (size_t i = 0, count = 0; i < COUNT(parts); i++) {
    if (parts[i][0] == 0) continue;
    written += snprintf(url + written, size - (size_t) written, "%c%s", count++ == 0 ? '?' : '&',
                        parts[i]);
    assert_in_range(written, 1, size - 1);
  }
}

static void on_drain(taosuv_client_t* client, void* data) {
  it_slot_t* slot = data;
  slot->drains++;
  if (slot->on_drain != NULL) slot->on_drain(slot->it, client);
}

/* One that was never used; otherwise one whose client is closed. */
static it_slot_t* free_slot(it_t* it) {
  for (size_t i = 0; i < IT_CLIENTS; i++)
    if (it->slots[i].it == NULL) return &it->slots[i];
  for (size_t i = 0; i < IT_CLIENTS; i++) {
    if (it->slots[i].client != NULL || it->slots[i].closed == 0) continue;
    memset(&it->slots[i], 0, sizeof it->slots[i]);
    return &it->slots[i];
  }
  fail_msg("too many clients");
  return NULL;
}

taosuv_client_t* it_client_url(it_t* it, const char* url) {
  char message[256] = "";
  taosuv_allocator_t allocator;
  taosuv_options_t options;
  it_slot_t* slot = free_slot(it);
  slot->it = it;
  memcpy(&allocator, &it->probe.alloc, sizeof allocator);
  taosuv_options_init(&options);
  options.url = url;
  options.allocator = &allocator;
  options.on_drain = on_drain;
  options.data = slot;
  options.message = message;
  options.message_size = sizeof message;
  int status = taosuv_client_create_ex(&it->loop, &options, &slot->client);
  if (status != 0) fail_msg("%s: %s", taosuv_err_name(status), message);
  return slot->client;
}

taosuv_client_t* it_client_db(it_t* it, const char* db, const char* keys) {
  char url[1024];
  it_url(it, url, sizeof url, db, keys);
  return it_client_url(it, url);
}

taosuv_client_t* it_client(it_t* it, const char* keys) {
  return it_client_db(it, "", keys);
}

it_slot_t* it_slot(it_t* it, const taosuv_client_t* client) {
  for (size_t i = 0; i < IT_CLIENTS; i++)
    if (it->slots[i].client == client) return &it->slots[i];
  fail_msg("not a client of this test");
  return NULL;
}

static void on_closed(void* data) {
  it_slot_t* slot = data;
  slot->closed++;
  slot->client = NULL;
}

void it_close(it_t* it, taosuv_client_t* client) {
  it_slot(it, client)->closing++;
  taosuv_close(client, on_closed);
}

static bool is_closed(void* data) {
  return ((it_slot_t*) data)->closed > 0;
}

void it_close_wait(it_t* it, taosuv_client_t* client) {
  it_slot_t* slot = it_slot(it, client);
  if (slot->closing == 0) it_close(it, client);
  it_closed(slot);
}

void it_closed(it_slot_t* slot) {
  assert_true(slot->closing > 0);
  assert_true(it_until(slot->it, is_closed, slot, 10000));
}

const char* it_database(it_t* it, taosuv_client_t* client, const char* precision) {
  uint32_t random[2];
  size_t i = 0;
  while (it->databases[i][0] != 0) i++;
  assert_in_range(i, 0, IT_DATABASES - 1);
  assert_int_equal(uv_random(NULL, NULL, random, sizeof random, 0, NULL), 0);
  char* name = it->databases[i];
  snprintf(name, sizeof it->databases[i], "taosuv_it_%08x%08x", random[0], random[1]);
  /* Kept long enough for tests to use small numbers as times. */
  it_ok(it, client, "create database %s vgroups 1 buffer 16 keep 36500 precision '%s'", name,
        precision);
  return name;
}

/* ---- waiting ---- */

/* The loop is woken periodically: the awaited event may come from a timer, after which UV_RUN_ONCE
 * of older libuv waits for another event. */
bool it_until(it_t* it, bool (*done)(void* data), void* data, unsigned ms) {
  uint64_t end = it_ms() + ms;
  unsigned tick = ms < 20 ? ms : 20;
  bool overdue = false;
  uv_update_time(&it->loop);
  uv_timer_start(&it->watchdog, on_watchdog, tick, tick);
  while (!overdue && (done == NULL || !done(data))) {
    uv_run(&it->loop, UV_RUN_ONCE);
    overdue = it_ms() >= end;
  }
  uv_timer_stop(&it->watchdog);
  return done != NULL && done(data);
}

void it_run(it_t* it, unsigned ms) {
  it_until(it, NULL, NULL, ms);
}

typedef struct goal_s {
  it_t* it;
  uint32_t rule;
  uint64_t value;
} goal_t;

static bool has_hits(void* data) {
  const goal_t* goal = data;
  return ts_server_rule_hits(goal->it->server, goal->rule) >= goal->value;
}

void it_until_hits(it_t* it, uint32_t rule, uint64_t hits) {
  goal_t goal = {it, rule, hits};
  assert_true(it_until(it, has_hits, &goal, 10000));
}

static bool has_no_results(void* data) {
  return ts_server_counters(((it_t*) data)->server).results_open == 0;
}

void it_until_no_results(it_t* it) {
  if (it->server == NULL) return;
  if (!it_until(it, has_no_results, it, 5000)) fail_msg("the server still has open results");
}

uint64_t it_connections(const it_t* it) {
  if (it->proxies[0] != NULL) return proxy_counters(it->proxies[0]).open;
  return ts_server_counters(it->server).open;
}

static bool has_connections(void* data) {
  const goal_t* goal = data;
  return it_connections(goal->it) == goal->value;
}

void it_until_connections(it_t* it, uint64_t open) {
  goal_t goal = {it, 0, open};
  assert_true(it_until(it, has_connections, &goal, 10000));
}

uint64_t it_ms(void) {
  return uv_hrtime() / 1000000;
}

void it_within(uint64_t since, uint64_t at_least, uint64_t at_most) {
  assert_in_range(it_ms() - since, at_least, at_most);
}

void it_has(const char* text, const char* part) {
  if (strstr(text, part) == NULL) fail_msg("\"%s\" lacks \"%s\"", text, part);
}
