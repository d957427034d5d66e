/* Classes of ASCII characters, for each of the 256 values of a char. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/ascii.h"

static bool is_in(const char* list, char c) {
  return c != 0 && strchr(list, c) != NULL;
}

static void each_char_has_its_class(void** state) {
  (void) state;
  static const char small[] = "abcdefghijklmnopqrstuvwxyz", large[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int i = 0; i < 256; i++) {
    char c = (char) (unsigned char) i;
    assert_int_equal(tuv_is_digit(c), is_in("0123456789", c));
    assert_int_equal(tuv_is_letter(c), is_in(small, c) || is_in(large, c));
    assert_int_equal(tuv_lower(c), is_in(large, c) ? small[strchr(large, c) - large] : c);
  }
}

static void hex_digits_are_read_and_written(void** state) {
  (void) state;
  static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
  for (int i = 0; i < 256; i++) {
    char c = (char) (unsigned char) i, pair[3] = {0};
    const char* at = c == 0 ? NULL : strchr(lower, c);
    if (at == NULL && c != 0 && strchr(upper, c) != NULL) at = lower + (strchr(upper, c) - upper);
    assert_int_equal(tuv_hex_value(c), at == NULL ? -1 : (int) (at - lower));
    tuv_hex_write(pair, (uint8_t) i);
    assert_int_equal(tuv_hex_value(pair[0]) << 4 | tuv_hex_value(pair[1]), i);
    assert_int_equal(strspn(pair, lower), 2);
  }
}

static void case_is_ignored_of_letters_alone(void** state) {
  (void) state;
  assert_true(tuv_equal_ignoring_case("aBc-9", "AbC-9", 5));
  assert_false(tuv_equal_ignoring_case("aBc-9", "AbC-8", 5));
  assert_true(tuv_equal_ignoring_case("aBc-9", "AbC-8", 4));
  assert_false(tuv_equal_ignoring_case("[", "{", 1)); /* they differ as 'A' and 'a' do */
  assert_false(tuv_equal_ignoring_case("@", "`", 1));
  assert_true(tuv_equal_ignoring_case("", "", 0));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_char_has_its_class),
      cmocka_unit_test(hex_digits_are_read_and_written),
      cmocka_unit_test(case_is_ignored_of_letters_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
