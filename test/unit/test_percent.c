/* Texts percent-encoded, and decoded to the same bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/percent.h"

static void require_encoded(const char* text, const char* encoded) {
  char out[64];
  size_t length = tuv_percent_encode(out, text, strlen(text));
  assert_int_equal(length, strlen(encoded));
  assert_memory_equal(out, encoded, length);
  length = tuv_percent_decode(out, encoded, strlen(encoded));
  assert_int_equal(length, strlen(text));
  assert_memory_equal(out, text, length);
}

static void only_unreserved_characters_stay(void** state) {
  (void) state;
  require_encoded("", "");
  require_encoded("azAZ09-._~", "azAZ09-._~");
  require_encoded("a b&c=d?e/f%", "a%20b%26c%3Dd%3Fe%2Ff%25");
  require_encoded("\xC3\xA4\x01\xFF", "%C3%A4%01%FF");
}

static void every_byte_but_nul_comes_back(void** state) {
  (void) state;
  for (int i = 1; i < 256; i++) {
    char c = (char) (unsigned char) i, encoded[3], decoded[3];
    size_t length = tuv_percent_encode(encoded, &c, 1);
    assert_true(length == 3 || (length == 1 && encoded[0] == c));
    assert_int_equal(tuv_percent_decode(decoded, encoded, length), 1);
    assert_int_equal(decoded[0], c);
  }
}

static void lower_case_escapes_and_raw_bytes_are_decoded(void** state) {
  (void) state;
  char out[8];
  assert_int_equal(tuv_percent_decode(out, "%c3%A4 +", 8), 4);
  assert_memory_equal(out, "\xC3\xA4 +", 4);
}

static void broken_escapes_are_refused(void** state) {
  (void) state;
  static const char* const broken[] = {"%", "%4", "a%", "%4g", "%g4", "%%41", "%00", "%4\0"};
  char out[8];
  for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
    assert_int_equal(tuv_percent_decode(out, broken[i], strlen(broken[i])), SIZE_MAX);
  assert_int_equal(tuv_percent_decode(out, "%41", 2), SIZE_MAX); /* nothing is read behind it */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_unreserved_characters_stay),
      cmocka_unit_test(every_byte_but_nul_comes_back),
      cmocka_unit_test(lower_case_escapes_and_raw_bytes_are_decoded),
      cmocka_unit_test(broken_escapes_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
