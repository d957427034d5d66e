/* The error text is always whole or cut, never too long, and the status comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/errmsg.h"

static void the_status_comes_back_and_the_text_is_written(void** state) {
  (void) state;
  tuv_errmsg_t err = {"old"};
  assert_int_equal(tuv_fail(&err, -7, "%s: %d of %zu", "bytes", 3, (size_t) 4), -7);
  assert_string_equal(err.text, "bytes: 3 of 4");
  assert_int_equal(tuv_fail(&err, -8, "%s", ""), -8);
  assert_string_equal(err.text, "");
}

static void no_text_may_be_wanted(void** state) {
  (void) state;
  assert_int_equal(tuv_fail(NULL, -9, "%d", 1), -9);
}

static void a_long_text_is_cut(void** state) {
  (void) state;
  struct {
    tuv_errmsg_t err;
    char behind;
  } guarded;
  char longest[1000];
  memset(longest, 'x', sizeof longest);
  for (size_t length = TUV_ERRMSG_SIZE - 3; length < sizeof longest; length++) {
    longest[length] = '\0';
    guarded.behind = '!';
    assert_int_equal(tuv_fail(&guarded.err, -1, "%s", longest), -1);
    size_t expected = length < TUV_ERRMSG_SIZE - 1 ? length : TUV_ERRMSG_SIZE - 1;
    assert_int_equal(strlen(guarded.err.text), expected);
    assert_int_equal(guarded.behind, '!');
    longest[length] = 'x';
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_status_comes_back_and_the_text_is_written),
      cmocka_unit_test(no_text_may_be_wanted),
      cmocka_unit_test(a_long_text_is_cut),
  };
  return cmocka_run_group_tests_name("errmsg", tests, NULL, NULL);
}
