/* Random statements, and random calls of the binding functions, right ones and wrong ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "batch_play.h"

static uint64_t seed;

static uint8_t random_byte(void) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint8_t) (seed >> 56);
}

static void what_is_bound_is_in_the_messages(void** state) {
  (void) state;
  static uint8_t bytes[6000];
  for (unsigned round = 0; round < 300; round++) {
    seed = round;
    size_t size = 100 + (size_t) round * 19;
    for (size_t i = 0; i < size; i++) bytes[i] = random_byte();
    batch_play(bytes, size);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_bound_is_in_the_messages)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
