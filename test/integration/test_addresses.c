/* A host name with several addresses, some of which accept a connection but do not work: the others
 * are tried within connect_timeout, and the bad ones are tried last from then on. */
#include "client/pool/client.h"
#include "fixture.h"
#include "transport.h"

enum { BAD = 4 }; /* addresses 127.0.0.2 to 127.0.0.5; the bundled server listens on 127.0.0.1 */

/* How an address behaves once it has accepted. */
typedef enum { SILENT, CLOSES, GARBAGE, REFUSES } manner_t;

typedef struct peer_s {
  uv_tcp_t handle; /* first */
  uv_write_t write;
  char read[4096];
} peer_t;

typedef struct bad_s {
  uv_tcp_t listener; /* first */
  manner_t manner;
  unsigned accepted;
  bool listens;
} bad_t;

static bad_t bad[BAD];
static peer_t* peers[64];
static unsigned npeers;
static struct addrinfo infos[BAD + 1];
static struct sockaddr_in addresses[BAD + 1];

/* ---- addresses that are of no use ---- */

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
  (void) suggested;
  *buf = uv_buf_init(((peer_t*) (void*) handle)->read, sizeof peers[0]->read);
}

static void on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buf) {
  (void) buf;
  if (size < 0) uv_read_stop(stream);
}

static void answer(peer_t* peer, manner_t manner) {
  static char garbage[] = "220 mail.example ESMTP\r\n\r\n";
  uv_buf_t buf = uv_buf_init(garbage, sizeof garbage - 1);
  if (manner == CLOSES) uv_close((uv_handle_t*) &peer->handle, NULL);
  if (manner == CLOSES) return;
  uv_read_start((uv_stream_t*) &peer->handle, on_alloc, on_read);
  if (manner == GARBAGE) uv_write(&peer->write, (uv_stream_t*) &peer->handle, &buf, 1, NULL);
}

static void on_connection(uv_stream_t* listener, int status) {
  bad_t* self = (bad_t*) (void*) listener;
  assert_int_equal(status, 0);
  assert_true(npeers < COUNT(peers));
  peer_t* peer = peers[npeers++] = calloc(1, sizeof *peer);
  assert_int_equal(uv_tcp_init(listener->loop, &peer->handle), 0);
  assert_int_equal(uv_accept(listener, (uv_stream_t*) &peer->handle), 0);
  self->accepted++;
  answer(peer, self->manner);
}

static void listen_badly(it_t* it, bad_t* self, const struct sockaddr_in* address) {
  assert_int_equal(uv_tcp_init(&it->loop, &self->listener), 0);
  assert_int_equal(uv_tcp_bind(&self->listener, (const struct sockaddr*) address, 0), 0);
  assert_int_equal(uv_listen((uv_stream_t*) &self->listener, 16, on_connection), 0);
  self->listens = true;
}

/* Bad addresses that behave so, and behind them (with `good`) the bundled server's. */
static void list_addresses(it_t* it, const manner_t* manners, unsigned count, bool good) {
  memset(infos, 0, sizeof infos);
  for (unsigned i = 0; i < count + good; i++) {
    char text[16];
    snprintf(text, sizeof text, "127.0.0.%u", i < count ? 2 + i : 1);
    assert_int_equal(uv_ip4_addr(text, ts_server_port(it->server), &addresses[i]), 0);
    infos[i].ai_family = AF_INET;
    infos[i].ai_addr = (struct sockaddr*) &addresses[i];
    if (i > 0) infos[i - 1].ai_next = &infos[i];
    if (i == count) break;
    bad[i].manner = manners[i];
    if (manners[i] != REFUSES) listen_badly(it, &bad[i], &addresses[i]);
  }
}

static void end_addresses(it_t* it) {
  for (unsigned i = 0; i < BAD; i++)
    if (bad[i].listens) uv_close((uv_handle_t*) &bad[i].listener, NULL);
  for (unsigned i = 0; i < npeers; i++)
    if (!uv_is_closing((uv_handle_t*) &peers[i]->handle))
      uv_close((uv_handle_t*) &peers[i]->handle, NULL);
  it_run(it, 5);
  for (unsigned i = 0; i < npeers; i++) free(peers[i]);
  memset(bad, 0, sizeof bad);
  npeers = 0;
}

static int teardown(void** state) {
  end_addresses(*state);
  return it_teardown(state);
}

/* ---- the client ---- */

/* In the place of a name look-up. */
static int connect_to_list(uv_loop_t* loop, const tuv_alloc_t* alloc, const char* host,
                           uint16_t port, bool nodelay, tuv_route_t* route,
                           const tuv_stream_events_t* events, void* context,
                           tuv_stream_t** stream) {
  route->known = infos;
  return tuv_tcp_connect(loop, alloc, host, port, nodelay, route, events, context, stream);
}

static taosuv_client_t* client_of_list(it_t* it, const char* keys) {
  taosuv_client_t* client = it_client(it, keys);
  client->pool.conns.connect = connect_to_list;
  return client;
}

static int open_it(it_t* it, taosuv_client_t* client, it_op_t* op) {
  memset(op, 0, sizeof *op);
  return it_end(it_open(it, client, op), op);
}

static void a_silent_address_leaves_time_for_the_next(void** state) {
  it_t* it = *state;
  it_op_t op;
  it_needs_bundled(it);
  list_addresses(it, (manner_t[]) {SILENT}, 1, true);
  taosuv_client_t* client = client_of_list(it, "connect_timeout=1600&retries=0");
  uint64_t start = it_ms();
  assert_int_equal(open_it(it, client, &op), 0);
  it_within(start, 780, 1590); /* half of the time each */
  assert_int_equal(bad[0].accepted, 1);
}

static void of_several_bad_addresses_each_has_its_part(void** state) {
  it_t* it = *state;
  it_op_t op;
  it_needs_bundled(it);
  list_addresses(it, (manner_t[]) {SILENT, SILENT, SILENT}, 3, true);
  taosuv_client_t* client = client_of_list(it, "connect_timeout=4200&retries=0");
  uint64_t start = it_ms();
  assert_int_equal(open_it(it, client, &op), 0);
  it_within(start, 3000, 4190);
  for (unsigned i = 0; i < 3; i++) assert_int_equal(bad[i].accepted, 1);
}

static void a_bad_address_comes_last_for_a_while(void** state) {
  it_t* it = *state;
  it_op_t op;
  it_needs_bundled(it);
  list_addresses(it, (manner_t[]) {SILENT}, 1, true);
  taosuv_client_t* client = client_of_list(it, "connect_timeout=1000&pool_size=3&max_inflight=1");
  assert_int_equal(open_it(it, client, &op), 0);
  it_op_t ops[3];
  memset(ops, 0, sizeof ops);
  it_rule(it, &(ts_rule_t) {.sql = "select 1", .wait_ms = 100});
  uint64_t start = it_ms();
  for (size_t i = 0; i < COUNT(ops); i++)
    assert_int_equal(it_exec(it, client, &ops[i], "select 1"), 0);
  for (size_t i = 0; i < COUNT(ops); i++) assert_int_equal(it_wait(&ops[i]), 0);
  it_within(start, 90, 480); /* a silent address would have cost half a second */
  assert_int_equal(ts_server_counters(it->server).open, 3);
  assert_int_equal(bad[0].accepted, 1);
}

/* An address that ends the connection, one that speaks something else, one that nobody listens on:
 * each is followed at once by the next. */
static void addresses_that_fail_are_followed_at_once(void** state) {
  it_t* it = *state;
  it_op_t op;
  it_needs_bundled(it);
  list_addresses(it, (manner_t[]) {CLOSES, GARBAGE, REFUSES, CLOSES}, 4, true);
  taosuv_client_t* client = client_of_list(it, "connect_timeout=20000&retries=0");
  uint64_t start = it_ms();
  assert_int_equal(open_it(it, client, &op), 0);
  it_within(start, 0, 3000);
  it_usable(it, client);
}

static void when_all_are_silent_the_limit_holds(void** state) {
  it_t* it = *state;
  it_op_t op;
  it_needs_bundled(it);
  list_addresses(it, (manner_t[]) {SILENT, SILENT, REFUSES}, 3, false);
  taosuv_client_t* client = client_of_list(it, "connect_timeout=600&retries=0");
  uint64_t start = it_ms();
  assert_int_equal(open_it(it, client, &op), TAOSUV_ECONNTIMEOUT);
  it_within(start, 590, 1400);
  assert_in_range(bad[0].accepted, 1, 2); /* again, when the last one has refused */
  assert_int_equal(bad[1].accepted, 1);
}

/* It is the only one left: it has all of the time, and its own error is reported. */
static void the_last_address_s_failure_is_told(void** state) {
  it_t* it = *state;
  it_op_t op;
  it_needs_bundled(it);
  list_addresses(it, (manner_t[]) {GARBAGE, REFUSES}, 2, false);
  taosuv_client_t* client = client_of_list(it, "connect_timeout=5000&retries=0");
  uint64_t start = it_ms();
  int status = open_it(it, client, &op);
  if (it_transport_secure())
    assert_int_equal(taosuv_err_class(status), TAOSUV_CLASS_TLS);
  else
    assert_int_equal(status, TAOSUV_EHTTP);
  it_within(start, 0, 3000);
  assert_in_range(bad[0].accepted, 1, 2);
}

/* What a server that understood refuses is refused everywhere. */
static void a_refusal_is_not_tried_elsewhere(void** state) {
  it_t* it = *state;
  it_op_t op;
  it_needs_bundled(it);
  list_addresses(it, (manner_t[]) {SILENT}, 1, true);
  infos[0].ai_addr = (struct sockaddr*) &addresses[1]; /* the good one first */
  infos[1].ai_addr = (struct sockaddr*) &addresses[0];
  taosuv_client_t* client = it_client_db(it, "no_such_database", "connect_timeout=5000");
  client->pool.conns.connect = connect_to_list;
  uint64_t start = it_ms();
  assert_int_equal(open_it(it, client, &op), TAOSUV_ESERVER);
  it_within(start, 0, 2000);
  assert_int_equal(bad[0].accepted, 0);
}

static void it_may_be_closed_between_two_addresses(void** state) {
  it_t* it = *state;
  it_needs_bundled(it);
  for (unsigned ms = 0; ms < 500; ms += 90) {
    it_op_t op = {0};
    list_addresses(it, (manner_t[]) {CLOSES, SILENT, SILENT}, 3, true);
    taosuv_client_t* client = client_of_list(it, "connect_timeout=600&retries=0");
    assert_int_equal(it_open(it, client, &op), 0);
    it_run(it, ms);
    it_close_wait(it, client);
    assert_int_equal(op.completed, 1);
    end_addresses(it);
  }
}

int main(void) {
#define ADDRESS_TEST(name) cmocka_unit_test_setup_teardown(name, it_setup, teardown)
  const struct CMUnitTest tests[] = {
      ADDRESS_TEST(a_silent_address_leaves_time_for_the_next),
      ADDRESS_TEST(of_several_bad_addresses_each_has_its_part),
      ADDRESS_TEST(a_bad_address_comes_last_for_a_while),
      ADDRESS_TEST(addresses_that_fail_are_followed_at_once),
      ADDRESS_TEST(when_all_are_silent_the_limit_holds),
      ADDRESS_TEST(the_last_address_s_failure_is_told),
      ADDRESS_TEST(a_refusal_is_not_tried_elsewhere),
      ADDRESS_TEST(it_may_be_closed_between_two_addresses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
