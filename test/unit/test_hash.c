/* The hash is FNV-1a of 64 bits, and little-endian integers are stored byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/bytes.h"
#include "util/hash.h"

static void published_values_are_met(void** state) {
  (void) state;
  assert_true(tuv_hash("", 0) == UINT64_C(0xcbf29ce484222325));
  assert_true(tuv_hash("a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
  assert_true(tuv_hash("foobar", 6) == UINT64_C(0x85944171f73967e8));
}

static void folding_mixes_the_halves(void** state) {
  (void) state;
  assert_true(tuv_hash_folded("a", 1) == (UINT64_C(0xaf63dc4c8601ec8c) ^ UINT64_C(0xaf63dc4c)));
}

static void integers_are_stored_little_endian(void** state) {
  (void) state;
  static const uint8_t all[] = {0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01};
  for (unsigned size = 0; size <= 8; size++) {
    uint8_t out[9] = {0};
    out[size] = 0xEE;
    tuv_store(out, UINT64_C(0x0102030405060708), size);
    assert_memory_equal(out, all, size);
    assert_int_equal(out[size], 0xEE);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(published_values_are_met),
      cmocka_unit_test(folding_mixes_the_halves),
      cmocka_unit_test(integers_are_stored_little_endian),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
