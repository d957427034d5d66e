/* One-time codes against the vectors of RFC 6238, base32 against those of RFC 4648. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/totp.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const uint8_t rfc_secret[] = "12345678901234567890";

/* RFC 6238, appendix B, the rows of SHA-1. */
static void test_codes_of_the_rfc(void** state) {
  static const struct {
    uint64_t time;
    const char* code;
  } cases[] = {{59, "94287082"},         {1111111109, "07081804"}, {1111111111, "14050471"},
               {1234567890, "89005924"}, {2000000000, "69279037"}, {20000000000, "65353130"}};
  char code[TUV_TOTP_MAX_DIGITS + 1];
  (void) state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    assert_true(tuv_totp(rfc_secret, 20, cases[i].time, 8, code));
    assert_string_equal(code, cases[i].code);
    assert_true(tuv_totp(rfc_secret, 20, cases[i].time, 6, code));
    assert_string_equal(code, cases[i].code + 2);
  }
}

static void test_a_code_lasts_half_a_minute(void** state) {
  char first[TUV_TOTP_MAX_DIGITS + 1], last[TUV_TOTP_MAX_DIGITS + 1], next[TUV_TOTP_MAX_DIGITS + 1];
  (void) state;
  assert_true(tuv_totp(rfc_secret, 20, 1111111110, 6, first));
  assert_true(tuv_totp(rfc_secret, 20, 1111111139, 6, last));
  assert_true(tuv_totp(rfc_secret, 20, 1111111140, 6, next));
  assert_string_equal(first, last);
  assert_string_not_equal(first, next);
}

static void test_more_digits_than_there_are(void** state) {
  char code[TUV_TOTP_MAX_DIGITS + 1] = "x";
  (void) state;
  assert_false(tuv_totp(rfc_secret, 20, 59, TUV_TOTP_MAX_DIGITS + 1, code));
  assert_string_equal(code, "");
}

static void test_base32(void** state) {
  static const struct {
    const char *text, *bytes;
  } cases[] = {{"MY======", "f"},
               {"MZXQ====", "fo"},
               {"MZXW6===", "foo"},
               {"MZXW6YQ=", "foob"},
               {"MZXW6YTB", "fooba"},
               {"MZXW6YTBOI======", "foobar"},
               {"MZXW6YTBOI", "foobar"},
               {"mzxw-6ytb oi", "foobar"},
               {"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "12345678901234567890"}};
  uint8_t out[TUV_TOTP_MAX_SECRET];
  (void) state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    assert_int_equal(tuv_base32_decode(cases[i].text, out), strlen(cases[i].bytes));
    assert_memory_equal(out, cases[i].bytes, strlen(cases[i].bytes));
  }
}

static void test_what_is_no_base32(void** state) {
  static const char* const cases[] = {"",     "=",  " - ", "M",         "MY1",      "M8",
                                      "MY=Y", "MZ", "MZX", "MZXW6Y==A", "\xC3\xA4Y"};
  uint8_t out[TUV_TOTP_MAX_SECRET];
  (void) state;
  for (size_t i = 0; i < COUNT(cases); i++) assert_int_equal(tuv_base32_decode(cases[i], out), 0);
}

static void test_the_longest_secret(void** state) {
  char text[210];
  uint8_t out[TUV_TOTP_MAX_SECRET];
  (void) state;
  memset(text, 'A', sizeof text); /* zero bits: five bytes for each eight of them */
  text[205] = 0;                  /* 128 bytes and one bit */
  assert_int_equal(tuv_base32_decode(text, out), TUV_TOTP_MAX_SECRET);
  text[205] = 'A';
  text[207] = 0;
  assert_int_equal(tuv_base32_decode(text, out), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_codes_of_the_rfc),
      cmocka_unit_test(test_a_code_lasts_half_a_minute),
      cmocka_unit_test(test_more_digits_than_there_are),
      cmocka_unit_test(test_base32),
      cmocka_unit_test(test_what_is_no_base32),
      cmocka_unit_test(test_the_longest_secret),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
