/* Part of each test program: TAOSUV_TEST_CASE in the environment names the cases to run, as a
 * pattern with * and ?. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

__attribute__((constructor)) static void choose_cases(void) {
  const char* pattern = getenv("TAOSUV_TEST_CASE");
  if (pattern != NULL && *pattern != '\0') cmocka_set_test_filter(pattern);
}
