/* Of several addresses the first that answers wins; none that hangs or refuses holds it up for
 * long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

#include "alloc_probe.h"
#include "io/race.h"
#include "taosuv/error.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { FILLERS = 4 };

static uv_loop_t loop;
static alloc_probe_t probe;
static tuv_race_t race;
static unsigned dones, closes;
static int outcome;

static struct addrinfo infos[20];
static struct sockaddr_in addresses[20];
static size_t listed;

static void on_done(tuv_race_t* done, int status) {
  assert_ptr_equal(done, &race);
  dones++;
  outcome = status;
}

static void on_closed(tuv_race_t* closed) {
  assert_ptr_equal(closed, &race);
  closes++;
}

/* ---- ports that answer, refuse or stay silent ---- */

static int bound_socket(uint16_t* port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_true(fd >= 0);
  assert_int_equal(bind(fd, (struct sockaddr*) &address, sizeof address), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr*) &address, &size), 0);
  *port = ntohs(address.sin_port);
  return fd;
}

typedef struct {
  int fds[1 + FILLERS];
  uint16_t port;
} port_t;

static port_t answering(void) {
  port_t port = {{-1, -1, -1, -1, -1}, 0};
  port.fds[0] = bound_socket(&port.port);
  assert_int_equal(listen(port.fds[0], 16), 0);
  return port;
}

/* Bound, but nobody listens. */
static port_t refusing(void) {
  port_t port = {{-1, -1, -1, -1, -1}, 0};
  port.fds[0] = bound_socket(&port.port);
  return port;
}

/* Its queue is full, so that the system drops what else comes. */
static port_t silent(void) {
  port_t port = {{-1, -1, -1, -1, -1}, 0};
  port.fds[0] = bound_socket(&port.port);
  assert_int_equal(listen(port.fds[0], 0), 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  address.sin_port = htons(port.port);
  for (unsigned i = 1; i <= FILLERS; i++) {
    port.fds[i] = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(port.fds[i] >= 0);
    assert_int_equal(fcntl(port.fds[i], F_SETFL, O_NONBLOCK), 0);
    (void) connect(port.fds[i], (struct sockaddr*) &address, sizeof address);
  }
  return port;
}

static void free_port(port_t* port) {
  for (unsigned i = 0; i < COUNT(port->fds); i++)
    if (port->fds[i] >= 0) close(port->fds[i]);
}

/* ---- the race ---- */

static void list(uint16_t port) {
  struct sockaddr_in* address = &addresses[listed];
  memset(address, 0, sizeof *address);
  address->sin_family = AF_INET;
  address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address->sin_port = htons(port);
  infos[listed].ai_family = AF_INET;
  infos[listed].ai_addr = (struct sockaddr*) address;
  if (listed > 0) infos[listed - 1].ai_next = &infos[listed];
  listed++;
}

static int start(void** state) {
  (void) state;
  memset(infos, 0, sizeof infos);
  memset(&race, 0, sizeof race);
  listed = 0;
  dones = closes = 0;
  alloc_probe_init(&probe);
  if (uv_loop_init(&loop) != 0) return -1;
  race.on_done = on_done;
  race.on_closed = on_closed;
  tuv_race_init(&race, &loop, &probe.alloc, true);
  return 0;
}

static int finish(void** state) {
  (void) state;
  tuv_race_close(&race);
  uv_run(&loop, UV_RUN_DEFAULT);
  return closes == 1 && dones <= 1 && probe.live_blocks == 0 && uv_loop_close(&loop) == 0 ? 0 : -1;
}

static void run(void) {
  tuv_race_start(&race, listed > 0 ? infos : NULL, TAOSUV_EDNS);
  assert_int_equal(dones, 0);
  while (dones == 0) uv_run(&loop, UV_RUN_ONCE);
}

static void expect_winner(uint16_t port) {
  struct sockaddr_in peer;
  int size = sizeof peer;
  assert_int_equal(outcome, 0);
  assert_non_null(race.winner);
  assert_int_equal(uv_tcp_getpeername(race.winner, (struct sockaddr*) &peer, &size), 0);
  assert_int_equal(ntohs(peer.sin_port), port);
}

static void an_address_that_is_silent_is_overtaken(void** state) {
  (void) state;
  port_t mute = silent(), good = answering();
  list(mute.port);
  list(good.port);
  run();
  expect_winner(good.port);
  free_port(&mute);
  free_port(&good);
}

static void an_address_that_refuses_is_followed_at_once_by_the_next(void** state) {
  (void) state;
  port_t refused = refusing(), mute = silent(), good = answering();
  list(refused.port);
  list(mute.port);
  list(refused.port);
  list(good.port);
  run();
  expect_winner(good.port);
  free_port(&refused);
  free_port(&mute);
  free_port(&good);
}

static void the_first_of_two_good_ones_wins(void** state) {
  (void) state;
  port_t first = answering(), second = answering();
  list(first.port);
  list(second.port);
  run();
  expect_winner(first.port);
  free_port(&first);
  free_port(&second);
}

static void the_last_failure_is_told_when_all_fail(void** state) {
  (void) state;
  port_t refused = refusing();
  list(refused.port);
  list(refused.port);
  run();
  assert_int_equal(outcome, UV_ECONNREFUSED);
  assert_null(race.winner);
  free_port(&refused);
}

static void without_addresses_it_fails_as_it_was_told(void** state) {
  (void) state;
  run();
  assert_int_equal(outcome, TAOSUV_EDNS);
}

static void an_attempt_without_memory_does_not_keep_others_from_winning(void** state) {
  (void) state;
  port_t good = answering();
  list(good.port);
  list(good.port);
  alloc_probe_fail(&probe, 1, false);
  run();
  expect_winner(good.port);
  free_port(&good);
}

static void without_any_memory_it_fails(void** state) {
  (void) state;
  port_t good = answering();
  list(good.port);
  alloc_probe_fail(&probe, 1, true);
  run();
  assert_int_equal(outcome, UV_ENOMEM);
  free_port(&good);
}

/* `finish` closes it: with no attempt, one and two under way. */
static void it_may_be_closed_while_attempts_hang(void** state) {
  (void) state;
  port_t mute = silent();
  for (unsigned i = 0; i < 3; i++) list(mute.port);
  tuv_race_start(&race, infos, TAOSUV_EDNS);
  while (race.next < 2) uv_run(&loop, UV_RUN_ONCE);
  assert_int_equal(dones, 0);
  free_port(&mute);
}

static void families_take_turns(void** state) {
  (void) state;
  static const struct {
    const char* given;
    const char* order; /* indexes */
  } cases[] = {{"", ""},       {"4", "0"},       {"6", "0"},     {"4466", "0213"}, {"6644", "0213"},
               {"446", "021"}, {"6446", "0132"}, {"x4x6", "13"}, {"644", "012"},   {"xx", ""}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    size_t count = strlen(cases[i].given);
    memset(infos, 0, sizeof infos);
    for (size_t k = 0; k < count; k++) {
      char family = cases[i].given[k];
      infos[k].ai_family = family == '4' ? AF_INET : family == '6' ? AF_INET6 : AF_UNIX;
      infos[k].ai_next = k + 1 < count ? &infos[k + 1] : NULL;
    }
    const struct addrinfo* order[TUV_RACE_MAX];
    size_t listed_count = tuv_race_order(count > 0 ? infos : NULL, order);
    assert_int_equal(listed_count, strlen(cases[i].order));
    for (size_t k = 0; k < listed_count; k++)
      assert_int_equal(order[k] - infos, cases[i].order[k] - '0');
  }
}

/* ---- addresses to be avoided ---- */

static tuv_avoid_t avoid;

static void avoid_port(uint16_t port) {
  tuv_address_t address = {.ip4 = {.sin_family = AF_INET}};
  address.ip4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.ip4.sin_port = htons(port);
  tuv_avoid_add(&avoid, &address, uv_now(&loop));
  race.avoid = &avoid;
}

static void an_avoided_address_is_tried_last(void** state) {
  (void) state;
  memset(&avoid, 0, sizeof avoid);
  port_t bad = answering(), refused = refusing(), good = answering();
  list(bad.port);
  list(refused.port);
  list(good.port);
  avoid_port(bad.port);
  run();
  expect_winner(good.port);
  assert_int_equal(tuv_race_others(&race), 0); /* one has failed, the other is avoided */
  free_port(&bad);
  free_port(&refused);
  free_port(&good);
}

static void an_avoided_address_is_tried_when_the_others_fail(void** state) {
  (void) state;
  memset(&avoid, 0, sizeof avoid);
  port_t bad = answering(), refused = refusing();
  list(bad.port);
  list(refused.port);
  avoid_port(bad.port);
  run();
  expect_winner(bad.port);
  assert_int_equal(tuv_race_others(&race), 0);
  free_port(&bad);
  free_port(&refused);
}

/* A good one that takes its time is not overtaken as soon as by other good ones. */
static void an_avoided_address_waits_longer(void** state) {
  (void) state;
  memset(&avoid, 0, sizeof avoid);
  port_t bad = answering(), mute = silent();
  list(bad.port);
  list(mute.port);
  avoid_port(bad.port);
  uint64_t begun = uv_hrtime();
  run();
  assert_true(uv_hrtime() - begun >= (TUV_RACE_LAST_DELAY - 5) * 1000000ull);
  expect_winner(bad.port);
  free_port(&bad);
  free_port(&mute);
}

static void it_knows_how_many_may_still_be_good(void** state) {
  (void) state;
  port_t refused = refusing(), first = answering(), second = answering(), mute = silent();
  list(refused.port);
  list(mute.port);
  list(first.port);
  list(second.port);
  run();
  expect_winner(first.port);
  assert_int_equal(tuv_race_others(&race), 2); /* the one that was overtaken, and the last one */
  free_port(&refused);
  free_port(&first);
  free_port(&second);
  free_port(&mute);
}

static void no_more_than_the_bound_are_taken(void** state) {
  (void) state;
  for (unsigned i = 0; i < COUNT(infos); i++) list(1);
  const struct addrinfo* order[TUV_RACE_MAX];
  assert_int_equal(tuv_race_order(infos, order), TUV_RACE_MAX);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, finish)
  static const struct CMUnitTest tests[] = {
      CASE(an_address_that_is_silent_is_overtaken),
      CASE(an_address_that_refuses_is_followed_at_once_by_the_next),
      CASE(the_first_of_two_good_ones_wins),
      CASE(the_last_failure_is_told_when_all_fail),
      CASE(without_addresses_it_fails_as_it_was_told),
      CASE(an_attempt_without_memory_does_not_keep_others_from_winning),
      CASE(without_any_memory_it_fails),
      CASE(it_may_be_closed_while_attempts_hang),
      CASE(families_take_turns),
      CASE(an_avoided_address_is_tried_last),
      CASE(an_avoided_address_is_tried_when_the_others_fail),
      CASE(an_avoided_address_waits_longer),
      CASE(it_knows_how_many_may_still_be_good),
      CASE(no_more_than_the_bound_are_taken),
  };
  return cmocka_run_group_tests_name("race", tests, NULL, NULL);
}
