/* Server versions are read into numbers that compare as the versions do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/version.h"

static uint64_t parse(const char* text) {
  size_t length = strlen(text);
  char* copy = malloc(length + 1); /* no NUL behind it that could be relied on */
  assert_non_null(copy);
  memcpy(copy, text, length);
  copy[length] = '9';
  uint64_t version = tuv_version_parse(copy, length);
  free(copy);
  return version;
}

static void versions_are_four_numbers(void** state) {
  (void) state;
  static const struct {
    const char* text;
    uint64_t version;
  } table[] = {
      {"3.3.6.0", TUV_VERSION(3, 3, 6, 0)},
      {"3.3.6.13", TUV_VERSION(3, 3, 6, 13)},
      {"3.4.1.13", TUV_VERSION(3, 4, 1, 13)},
      {"3", TUV_VERSION(3, 0, 0, 0)},
      {"3.", TUV_VERSION(3, 0, 0, 0)},
      {"3.4", TUV_VERSION(3, 4, 0, 0)},
      {"3.4.1", TUV_VERSION(3, 4, 1, 0)},
      {"3.3.6.3-alpha", TUV_VERSION(3, 3, 6, 3)},
      {"3.3.6.3-alpha.1", TUV_VERSION(3, 3, 6, 3)},
      {"3.3-rc", TUV_VERSION(3, 3, 0, 0)},
      {"3.3.7.0.alpha", TUV_VERSION(3, 3, 7, 0) - 1},
      {"3.3.7.0.community", TUV_VERSION(3, 3, 7, 0) - 1},
      {"3.3.7.0.1", TUV_VERSION(3, 3, 7, 0)},
      {"3.3.7.0.", TUV_VERSION(3, 3, 7, 0)},
      {"3.3.7.0 ", TUV_VERSION(3, 3, 7, 0)},
      {"003.03.0006.0", TUV_VERSION(3, 3, 6, 0)},
      {"65535.65535.65535.65535", UINT64_MAX},
      {"65536.0.0.0", 0},
      {"3.3.6.65536", 0},
      {"3.99999999999999999999.0.0", 0},
      {"", 0},
      {"alpha", 0},
      {"v3.3.6.0", 0},
      {".3", 0},
      {"-3", 0},
      {" 3", 0},
      {"0.0.0.0", 0},
      {"0.0.0.0.alpha", 0},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
    if (parse(table[i].text) != table[i].version)
      fail_msg("\"%s\" is %llx instead of %llx", table[i].text,
               (unsigned long long) parse(table[i].text), (unsigned long long) table[i].version);
}

static void numbers_compare_as_the_versions_do(void** state) {
  (void) state;
  static const char* const ascending[] = {
      "2.6.0.34", "3.0.5.0",       "3.3.0.7", "3.3.2.0",  "3.3.6.0",  "3.3.6.9",
      "3.3.6.10", "3.3.7.0.alpha", "3.3.7.0", "3.3.7.6",  "3.3.10.0", "3.4.0.0",
      "3.4.1.13", "3.10.0.0",      "4",       "10.0.0.0",
  };
  for (size_t i = 1; i < sizeof ascending / sizeof ascending[0]; i++)
    if (parse(ascending[i - 1]) >= parse(ascending[i]))
      fail_msg("%s is not less than %s", ascending[i - 1], ascending[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(versions_are_four_numbers),
      cmocka_unit_test(numbers_compare_as_the_versions_do),
  };
  return cmocka_run_group_tests_name("wire_version", tests, NULL, NULL);
}
