/* SHA-1 and base64 against the vectors of their RFCs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data.h"
#include "util/digest.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_sha1_vectors(void** state) {
  (void) state;
  static const struct {
    const char *text, *hash;
  } cases[] = {
      {"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
      {"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    size_t size;
    uint8_t* expected = td_hex(cases[i].hash, strlen(cases[i].hash), &size);
    uint8_t hash[TUV_SHA1_SIZE];
    assert_int_equal(size, sizeof hash);
    assert_true(tuv_sha1(cases[i].text, strlen(cases[i].text), hash));
    assert_memory_equal(hash, expected, sizeof hash);
    free(expected);
  }
}

static const struct {
  const char *text, *base64;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xFB\xEF\xFF", "++//"},
};

static void test_base64_vectors(void** state) {
  (void) state;
  for (size_t i = 0; i < COUNT(vectors); i++) {
    size_t size = strlen(vectors[i].text), length = strlen(vectors[i].base64);
    char out[16];
    memset(out, 'x', sizeof out);
    assert_int_equal(tuv_base64_capacity(size), length + 1);
    assert_int_equal(tuv_base64(vectors[i].text, size, out, length + 1), length);
    assert_string_equal(out, vectors[i].base64);
  }
}

static void test_base64_needs_its_room(void** state) {
  (void) state;
  for (size_t i = 1; i < COUNT(vectors); i++) {
    size_t size = strlen(vectors[i].text), length = strlen(vectors[i].base64);
    for (size_t room = 1; room <= length; room++) {
      char* out = malloc(room);
      assert_non_null(out);
      memset(out, 'x', room);
      assert_int_equal(tuv_base64(vectors[i].text, size, out, room), -1);
      assert_int_equal(out[0], '\0');
      free(out);
    }
  }
  assert_int_equal(tuv_base64("f", 1, NULL, 0), -1);
}

static void test_base64_of_nothing_is_empty(void** state) {
  (void) state;
  char out[1] = {'x'};
  assert_int_equal(tuv_base64(NULL, 0, out, sizeof out), 0);
  assert_int_equal(out[0], '\0');
}

static void test_capacity_does_not_overflow(void** state) {
  (void) state;
  char out[8];
  assert_int_equal(tuv_base64_capacity(SIZE_MAX), 0);
  assert_int_equal(tuv_base64_capacity(SIZE_MAX / 4 * 3), 0);
  assert_int_equal(tuv_base64_capacity(300), 401);
  assert_int_equal(tuv_base64("", SIZE_MAX, out, sizeof out), -1); /* nothing is read */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sha1_vectors),
      cmocka_unit_test(test_base64_vectors),
      cmocka_unit_test(test_base64_needs_its_room),
      cmocka_unit_test(test_base64_of_nothing_is_empty),
      cmocka_unit_test(test_capacity_does_not_overflow),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
