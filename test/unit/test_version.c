/* The version functions agree with the header's macros and with each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "taosuv/version.h"

static void version_number_is_major_minor_patch(void** state) {
  (void) state;
  unsigned int version = taosuv_version();
  assert_int_equal(version >> 16, TAOSUV_VERSION_MAJOR);
  assert_int_equal((version >> 8) & 0xFFu, TAOSUV_VERSION_MINOR);
  assert_int_equal(version & 0xFFu, TAOSUV_VERSION_PATCH);
}

static void version_string_spells_the_number(void** state) {
  (void) state;
  char text[32];
  unsigned int version = taosuv_version();
  snprintf(text, sizeof text, "%u.%u.%u", version >> 16, (version >> 8) & 0xFFu, version & 0xFFu);
  assert_string_equal(taosuv_version_string(), text);
}

static void version_is_the_build_system_s(void** state) {
  (void) state;
  assert_string_equal(taosuv_version_string(), TEST_PROJECT_VERSION);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(version_number_is_major_minor_patch),
      cmocka_unit_test(version_string_spells_the_number),
      cmocka_unit_test(version_is_the_build_system_s),
  };
  return cmocka_run_group_tests_name("version", tests, NULL, NULL);
}
