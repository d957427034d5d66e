/* TCP over loopback: names and addresses, refusals, reading, writing, closing at any moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_probe.h"
#include "io/tcp.h"
#include "taosuv/error.h"

/* ---- an echo server on the same loop, for one connection ---- */

static uv_loop_t loop;
static alloc_probe_t probe;
static uv_tcp_t listener, peer;
static bool listening, has_peer;
static uint16_t port;
static char echo_store[65536];

static void echo_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
  (void) handle;
  (void) suggested;
  *buf = uv_buf_init(echo_store, sizeof echo_store);
}

static void echo_written(uv_write_t* request, int status) {
  (void) status;
  free(request->data);
  free(request);
}

static void close_peer(void) {
  if (has_peer && !uv_is_closing((uv_handle_t*) &peer)) uv_close((uv_handle_t*) &peer, NULL);
}

static void echo_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buf) {
  if (size < 0) {
    close_peer();
    return;
  }
  if (size == 0) return;
  uv_write_t* request = malloc(sizeof *request);
  request->data = malloc((size_t) size);
  memcpy(request->data, buf->base, (size_t) size);
  uv_buf_t out = uv_buf_init(request->data, (unsigned) size);
  assert_int_equal(uv_write(request, stream, &out, 1, echo_written), 0);
}

static void on_connection(uv_stream_t* server, int status) {
  assert_int_equal(status, 0);
  assert_false(has_peer);
  assert_int_equal(uv_tcp_init(&loop, &peer), 0);
  has_peer = true;
  assert_int_equal(uv_accept(server, (uv_stream_t*) &peer), 0);
  assert_int_equal(uv_read_start((uv_stream_t*) &peer, echo_alloc, echo_read), 0);
}

static uint16_t port_of(const uv_tcp_t* handle) {
  struct sockaddr_storage address;
  int size = sizeof address;
  assert_int_equal(uv_tcp_getsockname(handle, (struct sockaddr*) &address, &size), 0);
  const struct sockaddr_in* ip4 = (const struct sockaddr_in*) &address;
  return (uint16_t) ((ip4->sin_port & 0xFF) << 8 | ip4->sin_port >> 8); /* same place in IPv6 */
}

static int listen_on(const char* host) {
  struct sockaddr_storage address;
  if (uv_ip4_addr(host, 0, (struct sockaddr_in*) &address) != 0)
    assert_int_equal(uv_ip6_addr(host, 0, (struct sockaddr_in6*) &address), 0);
  assert_int_equal(uv_tcp_init(&loop, &listener), 0);
  listening = true;
  int status = uv_tcp_bind(&listener, (const struct sockaddr*) &address, 0);
  if (status == 0) status = uv_listen((uv_stream_t*) &listener, 8, on_connection);
  if (status == 0) port = port_of(&listener);
  return status;
}

/* ---- the client ---- */

typedef struct {
  tuv_stream_t* stream;
  unsigned connects, writes, closes;
  int connect_status, write_status, end;
  char message[100];
  uint8_t room[5000];
  uint8_t* got;
  size_t got_size;
  bool in_call;    /* to see that nothing comes from inside of one */
  bool close_when; /* close in on_connect */
  bool small;      /* offer little room */
} client_t;

static client_t client;

static void call_close(void) {
  client.in_call = true;
  client.stream->ops->close(client.stream);
  client.in_call = false;
}

static void on_connect(void* context, int status, const char* message) {
  assert_ptr_equal(context, &client);
  assert_false(client.in_call);
  client.connects++;
  client.connect_status = status;
  strncpy(client.message, message == NULL ? "" : message, sizeof client.message - 1);
  if (client.close_when) call_close();
}

static void on_alloc(void* context, uint8_t** base, size_t* size) {
  (void) context;
  *base = client.room;
  *size = client.small ? 7 : sizeof client.room;
}

static void on_read(void* context, ssize_t size, uint8_t* base) {
  (void) context;
  assert_false(client.in_call);
  if (size < 0) client.end = (int) size;
  if (size <= 0) return;
  assert_true((size_t) size <= (client.small ? 7 : sizeof client.room));
  client.got = realloc(client.got, client.got_size + (size_t) size);
  memcpy(client.got + client.got_size, base, (size_t) size);
  client.got_size += (size_t) size;
}

static void on_write(void* context, int status) {
  (void) context;
  assert_int_equal(client.closes, 0);
  client.writes++;
  client.write_status = status;
}

static void on_close(void* context) {
  (void) context;
  assert_false(client.in_call);
  client.closes++;
  client.stream = NULL;
}

static const tuv_stream_events_t events = {on_connect, on_alloc, on_read, on_write, on_close};

static void connect_to(const char* host) {
  client.in_call = true;
  assert_int_equal(tuv_tcp_connect(&loop, &probe.alloc, host, port, true, NULL, &events, &client,
                                   &client.stream),
                   0);
  client.in_call = false;
}

static int start(void** state) {
  (void) state;
  memset(&client, 0, sizeof client);
  alloc_probe_init(&probe);
  listening = has_peer = false;
  return uv_loop_init(&loop);
}

static int finish(void** state) {
  (void) state;
  if (client.stream != NULL) call_close();
  close_peer();
  if (listening) uv_close((uv_handle_t*) &listener, NULL);
  uv_run(&loop, UV_RUN_DEFAULT);
  free(client.got);
  return client.closes <= 1 && uv_loop_close(&loop) == 0 && probe.live_blocks == 0 ? 0 : -1;
}

static void run_until_connected(void) {
  while (client.connects == 0) assert_true(uv_run(&loop, UV_RUN_ONCE) != 0 || client.connects);
}

static void close_and_run(void) {
  call_close();
  while (client.closes == 0) assert_true(uv_run(&loop, UV_RUN_ONCE) != 0 || client.closes);
  assert_int_equal(probe.live_blocks, 0);
}

static void echo_and_close(void) {
  static const uint8_t text[] = "to and fro";
  run_until_connected();
  assert_int_equal(client.connect_status, 0);
  assert_int_equal(client.stream->ops->read_start(client.stream), 0);
  ssize_t taken = tuv_stream_try_write(client.stream, text, sizeof text);
  assert_int_equal(taken, sizeof text);
  while (client.got_size < sizeof text) uv_run(&loop, UV_RUN_ONCE);
  assert_memory_equal(client.got, text, sizeof text);
  close_and_run();
  assert_int_equal(client.connects, 1);
}

/* ---- connecting ---- */

static tuv_route_t route;
static unsigned accepted;

static void on_accepted(tuv_route_t* of) {
  assert_ptr_equal(of, &route);
  assert_int_equal(client.connects, 0); /* it comes before on_connect */
  accepted++;
}

/* Addresses that are known in advance: the second one accepts. */
static void a_route_says_which_address_has_accepted(void** state) {
  (void) state;
  struct sockaddr_in refusing, good;
  assert_int_equal(listen_on("127.0.0.1"), 0);
  assert_int_equal(uv_ip4_addr("127.0.0.1", 1, &refusing), 0);
  assert_int_equal(uv_ip4_addr("127.0.0.1", port, &good), 0);
  struct addrinfo second = {.ai_family = AF_INET, .ai_addr = (struct sockaddr*) &good};
  struct addrinfo first = {
      .ai_family = AF_INET, .ai_addr = (struct sockaddr*) &refusing, .ai_next = &second};
  route = (tuv_route_t) {.known = &first, .on_accepted = on_accepted};
  accepted = 0;
  assert_int_equal(tuv_tcp_connect(&loop, &probe.alloc, "not.looked.up", port, true, &route,
                                   &events, &client, &client.stream),
                   0);
  run_until_connected();
  assert_int_equal(client.connect_status, 0);
  assert_int_equal(accepted, 1);
  assert_int_equal(route.addresses, 2);
  assert_int_equal(route.others, 0); /* the other one has failed */
  assert_memory_equal(&route.address.ip4, &good, sizeof good);
  close_and_run();
}

/* A literal address needs no thread: with libuv's pool all blocked it connects nevertheless. */
static uv_sem_t gate;

static void block(uv_work_t* work) {
  (void) work;
  uv_sem_wait(&gate);
}

static void a_literal_address_needs_no_thread(void** state) {
  (void) state;
  uv_work_t work[16]; /* more than the pool has threads */
  assert_int_equal(uv_sem_init(&gate, 0), 0);
  for (unsigned i = 0; i < 16; i++)
    assert_int_equal(uv_queue_work(&loop, &work[i], block, NULL), 0);
  assert_int_equal(listen_on("127.0.0.1"), 0);
  connect_to("127.0.0.1");
  assert_int_equal(client.connects, 0);
  echo_and_close();
  for (unsigned i = 0; i < 16; i++) uv_sem_post(&gate);
  uv_close((uv_handle_t*) &listener, NULL);
  listening = false;
  uv_run(&loop, UV_RUN_DEFAULT);
  uv_sem_destroy(&gate);
}

static void an_ipv6_address_is_a_literal_too(void** state) {
  (void) state;
  int status = listen_on("::1");
  if (status < 0) { /* this machine has no IPv6: then the attempt must fail, and cleanly */
    port = 1;
    connect_to("::1");
    run_until_connected();
    assert_true(client.connect_status < 0);
    close_and_run();
    return;
  }
  connect_to("::1");
  echo_and_close();
}

/* Skips the test on a machine that does not know its own name, as one without /etc/hosts. */
static void needs_localhost(void) {
  uv_getaddrinfo_t lookup;
  if (uv_getaddrinfo(&loop, &lookup, NULL, "localhost", NULL, NULL) == 0) {
    uv_freeaddrinfo(lookup.addrinfo);
    return;
  }
  print_message(
      "note: skipped, as this machine does not know localhost: names that are looked up\n");
  skip();
}

static void a_name_is_looked_up_and_its_addresses_are_tried_in_turn(void** state) {
  (void) state;
  needs_localhost();
  assert_int_equal(listen_on("127.0.0.1"), 0); /* not on ::1, which may come first */
  connect_to("localhost");
  echo_and_close();
}

static void a_refused_connection_says_so(void** state) {
  (void) state;
  static const char* const hosts[] = {"127.0.0.1", "localhost"};
  needs_localhost();
  assert_int_equal(listen_on("127.0.0.1"), 0);
  uv_close((uv_handle_t*) &listener, NULL); /* the port is free again */
  listening = false;
  uv_run(&loop, UV_RUN_DEFAULT);
  for (unsigned i = 0; i < 2; i++) {
    memset(&client, 0, sizeof client);
    connect_to(hosts[i]);
    run_until_connected();
    assert_int_equal(client.connect_status, UV_ECONNREFUSED);
    assert_int_equal(client.stream->ops->read_start(client.stream), UV_ENOTCONN);
    assert_int_equal(tuv_stream_try_write(client.stream, client.room, 1), UV_ENOTCONN);
    assert_int_equal(client.stream->ops->write(client.stream, client.room, 1), UV_ENOTCONN);
    client.stream->ops->read_stop(client.stream);
    close_and_run();
    assert_int_equal(client.connects, 1);
  }
}

static void an_unknown_name_is_a_failure_of_its_own(void** state) {
  (void) state;
  port = 6041;
  connect_to("nobody.invalid");
  run_until_connected();
  assert_int_equal(client.connect_status, TAOSUV_EDNS);
  assert_string_equal(client.message, "the host name was not found");
  close_and_run();
}

static void a_name_that_cannot_be_one_is_no_harm(void** state) {
  (void) state;
  char name[1000];
  memset(name, 'x', sizeof name);
  name[sizeof name - 1] = '\0';
  connect_to(name);
  assert_int_equal(client.connects, 0);
  run_until_connected();
  assert_true(client.connect_status < 0);
  close_and_run();
}

static void without_memory_there_is_no_stream(void** state) {
  (void) state;
  tuv_stream_t* stream = NULL;
  alloc_probe_fail(&probe, 1, false);
  assert_int_equal(
      tuv_tcp_connect(&loop, &probe.alloc, "127.0.0.1", 1, true, NULL, &events, &client, &stream),
      UV_ENOMEM);
  assert_null(stream);
  assert_int_equal(uv_loop_alive(&loop), 0);
}

/* ---- closing ---- */

static void it_can_be_closed_while_it_begins_looks_up_or_connects(void** state) {
  (void) state;
  static const char* const hosts[] = {"127.0.0.1", "::1", "localhost", "nobody.invalid"};
  assert_int_equal(listen_on("127.0.0.1"), 0);
  for (unsigned turns = 0; turns < 3; turns++) {
    for (unsigned i = 0; i < 4; i++) {
      memset(&client, 0, sizeof client);
      has_peer = false;
      connect_to(hosts[i]);
      for (unsigned turn = 0; turn < turns; turn++) uv_run(&loop, UV_RUN_NOWAIT);
      unsigned connects = client.connects;
      call_close();
      client.stream->ops->close(client.stream); /* no effect */
      while (client.closes == 0) uv_run(&loop, UV_RUN_ONCE);
      assert_int_equal(client.connects, connects); /* nothing but on_close follows */
      for (unsigned turn = 0; turn < 20; turn++) uv_run(&loop, UV_RUN_NOWAIT);
      close_peer();
      uv_run(&loop, UV_RUN_NOWAIT);
      assert_int_equal(probe.live_blocks, 0);
    }
  }
}

/* Runs behind the turn's events and before handles that were closed in it are gone. */
static unsigned turns_left;

static void on_check(uv_check_t* check) {
  if (turns_left-- > 0) return;
  uv_check_stop(check);
  if (client.connects == 0) call_close();
}

static void it_can_be_closed_between_two_attempts(void** state) {
  (void) state;
  static uv_check_t check; /* it is closed when the test is over */
  assert_int_equal(listen_on("127.0.0.1"), 0);
  uv_close((uv_handle_t*) &listener, NULL); /* the port is free again: attempts will fail */
  listening = false;
  uv_check_init(&loop, &check);
  for (unsigned turns = 0; turns < 8; turns++) {
    memset(&client, 0, sizeof client);
    turns_left = turns;
    uv_check_start(&check, on_check);
    connect_to(turns % 2 == 0 ? "127.0.0.1" : "localhost");
    while (client.closes + client.connects == 0) uv_run(&loop, UV_RUN_ONCE);
    uv_check_stop(&check);
    assert_int_equal(client.closes + client.connects, 1);
    if (client.stream != NULL) close_and_run();
  }
  uv_close((uv_handle_t*) &check, NULL);
}

static void it_can_be_closed_when_it_hears_how_connecting_went(void** state) {
  (void) state;
  static const char* const hosts[] = {"127.0.0.1", "nobody.invalid"};
  assert_int_equal(listen_on("127.0.0.1"), 0);
  for (unsigned i = 0; i < 2; i++) {
    memset(&client, 0, sizeof client);
    client.close_when = true;
    connect_to(hosts[i]);
    while (client.closes == 0) uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(client.connects, 1);
  }
}

static void a_write_that_is_cut_off_by_the_close_is_not_reported(void** state) {
  (void) state;
  static uint8_t much[20000000];
  assert_int_equal(listen_on("127.0.0.1"), 0);
  connect_to("127.0.0.1");
  run_until_connected();
  while (!has_peer) uv_run(&loop, UV_RUN_ONCE);
  uv_read_stop((uv_stream_t*) &peer);
  assert_int_equal(client.stream->ops->write(client.stream, much, sizeof much), 0);
  for (unsigned turn = 0; turn < 20; turn++) uv_run(&loop, UV_RUN_NOWAIT);
  assert_int_equal(client.writes, 0);
  close_and_run();
  assert_int_equal(client.writes, 0);
}

/* ---- reading and writing ---- */

static void large_writes_come_back_whole(void** state) {
  (void) state;
  static uint8_t much[3000000];
  for (size_t i = 0; i < sizeof much; i++) much[i] = (uint8_t) (i * 31 >> 5);
  assert_int_equal(listen_on("127.0.0.1"), 0);
  connect_to("127.0.0.1");
  run_until_connected();
  assert_int_equal(client.stream->ops->read_start(client.stream), 0);
  size_t sent = 0;
  for (ssize_t taken = 0; taken >= 0 && sent < sizeof much; sent += (size_t) taken) {
    taken = tuv_stream_try_write(client.stream, much + sent, sizeof much - sent);
    if (taken < 0) assert_int_equal(taken, UV_EAGAIN);
    if (taken < 0) break;
  }
  unsigned rest = sent < sizeof much;
  if (rest)
    assert_int_equal(client.stream->ops->write(client.stream, much + sent, sizeof much - sent), 0);
  while (client.got_size < sizeof much || client.writes < rest) uv_run(&loop, UV_RUN_ONCE);
  assert_int_equal(client.write_status, 0);
  assert_int_equal(client.got_size, sizeof much);
  assert_memory_equal(client.got, much, sizeof much);
}

static void no_more_is_read_than_was_offered_and_nothing_when_stopped(void** state) {
  (void) state;
  static const uint8_t text[100] = "some text that is longer than seven bytes";
  client.small = true;
  assert_int_equal(listen_on("127.0.0.1"), 0);
  connect_to("127.0.0.1");
  run_until_connected();
  assert_int_equal(tuv_stream_try_write(client.stream, text, sizeof text), sizeof text);
  for (unsigned turn = 0; turn < 20; turn++) uv_run(&loop, UV_RUN_NOWAIT);
  assert_int_equal(client.got_size, 0); /* reading was not started */
  assert_int_equal(client.stream->ops->read_start(client.stream), 0);
  while (client.got_size < sizeof text) uv_run(&loop, UV_RUN_ONCE);
  assert_memory_equal(client.got, text, sizeof text);
  client.stream->ops->read_stop(client.stream);
  assert_int_equal(tuv_stream_try_write(client.stream, text, sizeof text), sizeof text);
  for (unsigned turn = 0; turn < 20; turn++) uv_run(&loop, UV_RUN_NOWAIT);
  assert_int_equal(client.got_size, sizeof text);
}

static void the_peer_s_end_is_told(void** state) {
  (void) state;
  assert_int_equal(listen_on("127.0.0.1"), 0);
  connect_to("127.0.0.1");
  run_until_connected();
  assert_int_equal(client.stream->ops->read_start(client.stream), 0);
  while (!has_peer) uv_run(&loop, UV_RUN_ONCE);
  close_peer();
  while (client.end == 0) uv_run(&loop, UV_RUN_ONCE);
  assert_int_equal(client.end, UV_EOF);
}

static void what_the_system_does_not_have_is_unwritten(void** state) {
  (void) state;
  enum { SIZE = 64 << 20 }; /* more than a socket's buffers take */
  uint8_t* data = calloc(1, SIZE);
  assert_non_null(data);
  assert_int_equal(listen_on("127.0.0.1"), 0);
  connect_to("127.0.0.1");
  assert_int_equal(client.stream->ops->unwritten(client.stream), 0);
  run_until_connected();
  while (!has_peer) uv_run(&loop, UV_RUN_ONCE);
  uv_read_stop((uv_stream_t*) &peer);
  assert_int_equal(client.stream->ops->write(client.stream, data, SIZE), 0);
  assert_in_range(client.stream->ops->unwritten(client.stream), 1, SIZE);
  close_and_run();
  assert_int_equal(client.writes, 0);
  free(data);
}

int main(void) {
#define TCP_TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)
  const struct CMUnitTest tests[] = {
      TCP_TEST(a_literal_address_needs_no_thread),
      TCP_TEST(an_ipv6_address_is_a_literal_too),
      TCP_TEST(a_name_is_looked_up_and_its_addresses_are_tried_in_turn),
      TCP_TEST(a_refused_connection_says_so),
      TCP_TEST(an_unknown_name_is_a_failure_of_its_own),
      TCP_TEST(a_name_that_cannot_be_one_is_no_harm),
      TCP_TEST(without_memory_there_is_no_stream),
      TCP_TEST(it_can_be_closed_while_it_begins_looks_up_or_connects),
      TCP_TEST(it_can_be_closed_between_two_attempts),
      TCP_TEST(it_can_be_closed_when_it_hears_how_connecting_went),
      TCP_TEST(a_write_that_is_cut_off_by_the_close_is_not_reported),
      TCP_TEST(a_route_says_which_address_has_accepted),
      TCP_TEST(what_the_system_does_not_have_is_unwritten),
      TCP_TEST(large_writes_come_back_whole),
      TCP_TEST(no_more_is_read_than_was_offered_and_nothing_when_stopped),
      TCP_TEST(the_peer_s_end_is_told),
  };
  return cmocka_run_group_tests_name("tcp", tests, NULL, NULL);
}
