/* Addresses that are to be tried last: for a while, as many as there is room for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "io/avoid.h"

static tuv_address_t ip4(const char* text, int port) {
  tuv_address_t address;
  memset(&address, 0, sizeof address);
  assert_int_equal(uv_ip4_addr(text, port, &address.ip4), 0);
  return address;
}

static tuv_address_t ip6(const char* text, int port) {
  tuv_address_t address;
  memset(&address, 0, sizeof address);
  assert_int_equal(uv_ip6_addr(text, port, &address.ip6), 0);
  return address;
}

static bool has(const tuv_avoid_t* avoid, const tuv_address_t* address, uint64_t now) {
  return tuv_avoid_has(avoid, &address->any, now);
}

static void an_address_is_avoided_for_a_while(void** state) {
  (void) state;
  tuv_avoid_t avoid = {0};
  tuv_address_t address = ip4("127.0.0.1", 1);
  assert_false(has(&avoid, &address, 5));
  tuv_avoid_add(&avoid, &address, 5);
  assert_true(has(&avoid, &address, 5));
  assert_true(has(&avoid, &address, 5 + TUV_AVOID_MS - 1));
  assert_false(has(&avoid, &address, 5 + TUV_AVOID_MS));
  tuv_avoid_add(&avoid, &address, 5 + TUV_AVOID_MS);
  assert_true(has(&avoid, &address, 5 + TUV_AVOID_MS));
  assert_int_equal(avoid.count, 1);
}

static void one_that_proves_good_is_not(void** state) {
  (void) state;
  tuv_avoid_t avoid = {0};
  tuv_address_t address = ip6("::1", 1), other = ip6("::2", 1), none;
  memset(&none, 0, sizeof none);
  tuv_avoid_add(&avoid, &address, 0);
  tuv_avoid_remove(&avoid, &other);
  tuv_avoid_remove(&avoid, &none);
  assert_true(has(&avoid, &address, 1));
  tuv_avoid_remove(&avoid, &address);
  assert_false(has(&avoid, &address, 1));
}

static void family_address_and_port_tell_them_apart(void** state) {
  (void) state;
  tuv_avoid_t avoid = {0};
  const tuv_address_t all[] = {ip4("127.0.0.1", 1), ip4("127.0.0.2", 1), ip4("127.0.0.1", 2),
                               ip6("::1", 1),       ip6("::2", 1),       ip6("::1", 2)};
  enum { ALL = sizeof all / sizeof *all };
  for (unsigned i = 0; i < ALL; i++) {
    for (unsigned k = 0; k < ALL; k++) assert_int_equal(has(&avoid, &all[k], 1), k < i);
    tuv_avoid_add(&avoid, &all[i], 0);
  }
}

static void other_families_are_never_avoided(void** state) {
  (void) state;
  tuv_avoid_t avoid = {0};
  tuv_address_t address = ip4("127.0.0.1", 1), copy;
  struct sockaddr other = {.sa_family = AF_UNIX};
  tuv_avoid_add(&avoid, &address, 0);
  assert_false(tuv_avoid_has(&avoid, &other, 1));
  assert_false(tuv_address_set(&copy, &other));
  assert_true(tuv_address_set(&copy, &address.any));
}

static void the_oldest_makes_room_for_a_new_one(void** state) {
  (void) state;
  tuv_avoid_t avoid = {0};
  for (int i = 0; i < 3 * TUV_AVOID_MAX; i++) {
    tuv_address_t address = ip4("127.0.0.1", 1 + i);
    tuv_avoid_add(&avoid, &address, 0);
    for (int k = 0; k <= i; k++) {
      tuv_address_t each = ip4("127.0.0.1", 1 + k);
      assert_int_equal(has(&avoid, &each, 1), i - k < TUV_AVOID_MAX);
    }
  }
  assert_int_equal(avoid.count, TUV_AVOID_MAX);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_address_is_avoided_for_a_while),
      cmocka_unit_test(one_that_proves_good_is_not),
      cmocka_unit_test(family_address_and_port_tell_them_apart),
      cmocka_unit_test(other_families_are_never_avoided),
      cmocka_unit_test(the_oldest_makes_room_for_a_new_one),
  };
  return cmocka_run_group_tests_name("avoid", tests, NULL, NULL);
}
