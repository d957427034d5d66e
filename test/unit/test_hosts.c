/* Which host the next connection goes to: after failures, by preference, and as servers name them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_probe.h"
#include "client/pool/hosts.h"
#include "taosuv/error.h"

static alloc_probe_t probe;
static tuv_url_t url;
static tuv_random_t randomness;
static tuv_hosts_t hosts;

static void open_hosts(const char* text) {
  tuv_errmsg_t err;
  alloc_probe_init(&probe);
  tuv_random_init(&randomness);
  assert_int_equal(tuv_url_parse(&probe.alloc, text, strlen(text), &url, &err), 0);
  assert_int_equal(tuv_hosts_init(&hosts, &probe.alloc, &url, &randomness), 0);
}

static int close_hosts(void** state) {
  (void) state;
  tuv_hosts_free(&hosts, &probe.alloc);
  tuv_url_free(&probe.alloc, &url);
  assert_int_equal(probe.live_blocks, 0);
  return 0;
}

/* The host that is picked at this moment; it must be one. */
static uint32_t pick(uint64_t now) {
  uint32_t host;
  uint64_t wait;
  assert_true(tuv_hosts_pick(&hosts, now, &host, &wait));
  return host;
}

static uint64_t wait_for_one(uint64_t now) {
  uint32_t host;
  uint64_t wait;
  assert_false(tuv_hosts_pick(&hosts, now, &host, &wait));
  return wait;
}

static void equal_hosts_are_picked_in_turn(void** state) {
  (void) state;
  open_hosts("ws://a:1,b:2,c:3/");
  assert_int_equal(tuv_hosts_listed(&hosts), 3);
  assert_string_equal(hosts.list[1].base.text, "b:2");
  assert_int_equal(hosts.list[2].base.index, 2);
  for (uint32_t i = 0; i < 7; i++) assert_int_equal(pick(1000), i % 3);
}

static void the_host_with_fewest_connections_is_picked(void** state) {
  (void) state;
  open_hosts("ws://a,b,c/");
  hosts.list[0].base.open = 2;
  hosts.list[1].base.open = 1;
  hosts.list[2].base.open = 2;
  for (uint32_t i = 0; i < 3; i++) assert_int_equal(pick(1000), 1);
}

static void first_alive_picks_the_first_whatever_its_connections(void** state) {
  (void) state;
  open_hosts("ws://a,b,c/?load_balance=first");
  hosts.list[0].base.open = 100;
  assert_int_equal(pick(1000), 0);
  assert_int_equal(pick(1000), 0);
  assert_true(tuv_hosts_failed(&hosts, 0, 900, 1000));
  assert_int_equal(pick(1001), 1);
}

static void a_host_that_failed_is_passed_over_for_its_pause(void** state) {
  (void) state;
  open_hosts("ws://a,b/?retry_initial=1000&retry_max=8000");
  assert_true(tuv_hosts_failed(&hosts, 0, 500, 1000));
  uint64_t retry_at = hosts.list[0].retry_at;
  for (uint32_t i = 0; i < 3; i++) assert_int_equal(pick(retry_at - 1), 1);
  /* Its pause is over, but the other one is up. */
  for (uint32_t i = 0; i < 3; i++) assert_int_equal(pick(retry_at), 1);
  assert_true(tuv_hosts_failed(&hosts, 1, 1200, retry_at));
  assert_int_equal(pick(retry_at), 0);
}

/* A pause is up to a fifth shorter or longer than it would be. */
static void assert_pause(uint64_t pause, uint64_t expected) {
  assert_in_range(pause, expected - expected / 5, expected + expected / 5);
}

static void pauses_double_up_to_their_limit(void** state) {
  (void) state;
  static const uint64_t expected[] = {1000, 2000, 4000, 8000, 8000, 8000};
  uint64_t now = 1000;
  open_hosts("ws://a/?retry_initial=1000&retry_max=8000");
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    assert_true(tuv_hosts_failed(&hosts, 0, now, now + 1));
    now++;
    assert_pause(hosts.list[0].retry_at - now, expected[i]);
    assert_int_equal(wait_for_one(now), hosts.list[0].retry_at - now);
    now = hosts.list[0].retry_at;
  }
  assert_int_equal(hosts.list[0].failures, 6);
  tuv_hosts_mark_up(&hosts, 0);
  assert_int_equal(pick(now), 0);
  assert_true(tuv_hosts_failed(&hosts, 0, now, now + 1));
  assert_pause(hosts.list[0].retry_at - now - 1, 1000);
}

static void pauses_of_many_hosts_are_not_the_same(void** state) {
  (void) state;
  unsigned different = 0;
  open_hosts("ws://a,b,c,d,e,f,g,h/?retry_initial=10000&retry_max=80000");
  for (uint32_t i = 0; i < 8; i++) assert_true(tuv_hosts_failed(&hosts, i, 1, 2));
  for (uint32_t i = 1; i < 8; i++) different += hosts.list[i].retry_at != hosts.list[0].retry_at;
  assert_true(different > 0);
}

static void failures_of_connections_that_began_together_count_once(void** state) {
  (void) state;
  open_hosts("ws://a/");
  assert_true(tuv_hosts_failed(&hosts, 0, 1000, 1500));
  assert_false(tuv_hosts_failed(&hosts, 0, 1001, 1501));
  assert_false(tuv_hosts_failed(&hosts, 0, 1500, 1600)); /* begun before the failure was known */
  assert_int_equal(hosts.list[0].failures, 1);
  assert_true(tuv_hosts_failed(&hosts, 0, 1501, 1700));
  assert_int_equal(hosts.list[0].failures, 2);
}

static void all_paused_hosts_wait_for_the_first_of_them(void** state) {
  (void) state;
  open_hosts("ws://a,b,c/?retry_initial=1000&retry_max=8000");
  for (uint32_t i = 0; i < 3; i++) assert_true(tuv_hosts_failed(&hosts, i, 1, 1000 + 300 * i));
  uint64_t first = hosts.list[0].retry_at;
  for (uint32_t i = 1; i < 3; i++)
    if (hosts.list[i].retry_at < first) first = hosts.list[i].retry_at;
  assert_int_equal(wait_for_one(1600), first - 1600);
}

static void retry_after_is_kept_within_bounds_until_it_expires(void** state) {
  (void) state;
  open_hosts("ws://a/?retry_initial=1000&retry_max=8000");
  tuv_hosts_retry_after(&hosts, 0, 7, 1000);
  assert_true(tuv_hosts_failed(&hosts, 0, 900, 1000));
  assert_int_equal(hosts.list[0].retry_at, 8000);
  assert_int_equal(wait_for_one(1000), 7000);

  tuv_hosts_mark_up(&hosts, 0);
  tuv_hosts_retry_after(&hosts, 0, 3600, 10000);
  assert_true(tuv_hosts_failed(&hosts, 0, 10000, 10001));
  assert_int_equal(hosts.list[0].retry_at, 10001 + 1000 * TUV_MAX_ASKED_SECONDS);

  /* It is over: only the usual pause counts. */
  tuv_hosts_mark_up(&hosts, 0);
  tuv_hosts_retry_after(&hosts, 0, 5, 30000);
  assert_true(tuv_hosts_failed(&hosts, 0, 36000, 36000));
  assert_pause(hosts.list[0].retry_at - 36000, 1000);
}

static void a_longer_pause_is_not_shortened_by_retry_after(void** state) {
  (void) state;
  open_hosts("ws://a/?retry_initial=60000&retry_max=60000");
  tuv_hosts_retry_after(&hosts, 0, 1, 1000);
  assert_true(tuv_hosts_failed(&hosts, 0, 900, 1000));
  assert_pause(hosts.list[0].retry_at - 1000, 60000);
}

static void a_doubted_host_comes_after_the_others(void** state) {
  (void) state;
  open_hosts("ws://a,b/");
  hosts.list[1].base.open = 10;
  tuv_hosts_doubt(&hosts, 0);
  assert_false(tuv_hosts_is_up(&hosts, 0));
  assert_int_equal(pick(1000), 1);
  assert_true(tuv_hosts_failed(&hosts, 1, 900, 1000));
  assert_int_equal(pick(1000), 0); /* it may be tried, the other one may not */
  tuv_hosts_mark_up(&hosts, 0);
  assert_true(tuv_hosts_is_up(&hosts, 0));
}

/* ---- hosts that servers name ---- */

static char removed[128];

static void on_removed(const tuv_pool_host_t* host, void* context) {
  assert_ptr_equal(context, removed);
  strcat(removed, host->base.text);
  strcat(removed, " ");
}

static bool name_one(const char* name, uint16_t port) {
  tuv_host_t host = {.name = name, .port = port};
  return tuv_hosts_name(&hosts, &host);
}

static void end_names(const char* expected) {
  removed[0] = 0;
  tuv_hosts_name_end(&hosts, on_removed, removed);
  assert_string_equal(removed, expected);
}

static void named_hosts_are_added_and_removed(void** state) {
  (void) state;
  open_hosts("ws://a:1/?discover=1");
  tuv_hosts_name_begin(&hosts);
  assert_false(name_one("A", 1)); /* names are the same in any case */
  assert_true(name_one("b", 1));
  assert_true(name_one("a", 2)); /* another port is another host */
  assert_false(name_one("B", 1));
  end_names("");
  assert_int_equal(tuv_hosts_listed(&hosts), 3);

  tuv_hosts_name_begin(&hosts);
  assert_false(name_one("a", 2));
  end_names("b:1 ");
  assert_int_equal(tuv_hosts_listed(&hosts), 2);
  hosts.list[0].base.open = 5;
  hosts.list[2].base.open = 5;
  assert_int_not_equal(pick(1000), 1); /* it has no connection, but is not listed */

  tuv_hosts_name_begin(&hosts);
  end_names("a:2 "); /* b is not reported again, and the URL's host stays */
  assert_int_equal(tuv_hosts_listed(&hosts), 1);

  tuv_hosts_name_begin(&hosts);
  assert_true(name_one("b", 1)); /* it is back, in its old place */
  end_names("");
  assert_int_equal(hosts.count, 3);
  assert_true(hosts.list[1].listed);
}

static void a_place_is_reused_when_no_connection_needs_it(void** state) {
  (void) state;
  char name[32];
  open_hosts("ws://a/?discover=1");
  tuv_hosts_name_begin(&hosts);
  for (uint32_t i = 0; i < TUV_MAX_LEARNED; i++) {
    snprintf(name, sizeof name, "n%u", (unsigned) i);
    assert_true(name_one(name, 1));
  }
  assert_false(name_one("one-too-many", 1));
  assert_int_equal(hosts.count, 1 + TUV_MAX_LEARNED);

  hosts.list[1].base.users = 1; /* n0 */
  hosts.list[2].base.users = 0; /* n1 */
  tuv_hosts_name_begin(&hosts);
  for (uint32_t i = 2; i < TUV_MAX_LEARNED; i++) {
    snprintf(name, sizeof name, "n%u", (unsigned) i);
    assert_false(name_one(name, 1));
  }
  end_names("n0:1 n1:1 ");
  assert_true(name_one("new", 7));
  assert_string_equal(hosts.list[1].base.text, "n0:1");
  assert_string_equal(hosts.list[2].base.text, "new:7");
  assert_int_equal(hosts.list[2].base.index, 2);
  assert_false(name_one("newer", 7)); /* n0 still has a connection */
}

static void an_ipv6_host_has_brackets_in_its_text(void** state) {
  (void) state;
  open_hosts("ws://[::1]:7/");
  assert_string_equal(hosts.list[0].base.name, "::1");
  assert_string_equal(hosts.list[0].base.text, "[::1]:7");
}

static void out_of_memory_is_an_error(void** state) {
  (void) state;
  open_hosts("ws://a/");
  tuv_hosts_free(&hosts, &probe.alloc);
  alloc_probe_fail(&probe, 1, false);
  assert_int_equal(tuv_hosts_init(&hosts, &probe.alloc, &url, &randomness), TAOSUV_ENOMEM);
}

#define HOSTS_TEST(name) cmocka_unit_test_teardown(name, close_hosts)

int main(void) {
  const struct CMUnitTest tests[] = {
      HOSTS_TEST(equal_hosts_are_picked_in_turn),
      HOSTS_TEST(the_host_with_fewest_connections_is_picked),
      HOSTS_TEST(first_alive_picks_the_first_whatever_its_connections),
      HOSTS_TEST(a_host_that_failed_is_passed_over_for_its_pause),
      HOSTS_TEST(pauses_double_up_to_their_limit),
      HOSTS_TEST(pauses_of_many_hosts_are_not_the_same),
      HOSTS_TEST(failures_of_connections_that_began_together_count_once),
      HOSTS_TEST(all_paused_hosts_wait_for_the_first_of_them),
      HOSTS_TEST(retry_after_is_kept_within_bounds_until_it_expires),
      HOSTS_TEST(a_longer_pause_is_not_shortened_by_retry_after),
      HOSTS_TEST(a_doubted_host_comes_after_the_others),
      HOSTS_TEST(named_hosts_are_added_and_removed),
      HOSTS_TEST(a_place_is_reused_when_no_connection_needs_it),
      HOSTS_TEST(an_ipv6_host_has_brackets_in_its_text),
      HOSTS_TEST(out_of_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
