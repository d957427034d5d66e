/* UTF-8: every character, every invalid sequence, and texts cut at every place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/utf8.h"

static size_t encode(uint32_t point, uint8_t out[4]) {
  size_t size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  static const uint8_t marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
  for (size_t i = size - 1; i > 0; i--, point >>= 6) out[i] = (uint8_t) (0x80 | (point & 0x3F));
  out[0] = (uint8_t) (marks[size] | point);
  return size;
}

static bool is_surrogate(uint32_t point) {
  return point >= 0xD800 && point <= 0xDFFF;
}

static void test_every_character_is_valid(void** state) {
  (void) state;
  for (uint32_t point = 0; point <= 0x10FFFF; point++) {
    uint8_t bytes[4];
    size_t size = encode(point, bytes);
    if (tuv_utf8_valid(bytes, size) == is_surrogate(point)) fail_msg("U+%04X", point);
  }
}

/* Which one, two and three bytes begin a valid character, found by encoding all characters. */
static uint8_t* prefixes(void) {
  uint8_t* begins = calloc(1, 1u << 24);
  assert_non_null(begins);
  for (uint32_t point = 0; point <= 0x10FFFF; point++) {
    uint8_t bytes[4] = {0};
    if (is_surrogate(point)) continue;
    size_t size = encode(point, bytes);
    for (size_t n = 1; n <= size && n <= 3; n++) {
      uint32_t key = 0;
      for (size_t i = 0; i < 3; i++) key = key << 8 | (i < n ? bytes[i] : 0);
      begins[key] |= (uint8_t) (1u << n | (n == size ? 1u << (n + 4) : 0));
    }
  }
  return begins;
}

/* The state must be BAD exactly when these `n` bytes begin no character, and START exactly when
 * they are a whole one. */
static uint32_t check_prefix(const uint8_t* begins, uint32_t state, uint32_t key, size_t n) {
  uint8_t byte = (uint8_t) (key >> 8 * (3 - n));
  state = tuv_utf8_step(state, &byte, 1);
  bool begin = (begins[key] & 1u << n) != 0, whole = (begins[key] & 1u << (n + 4)) != 0;
  if ((state == TUV_UTF8_BAD) == begin) fail_msg("%zu bytes of %06x: begins %d", n, key, begin);
  if ((state == TUV_UTF8_START) != whole) fail_msg("%zu bytes of %06x: whole %d", n, key, whole);
  return state;
}

static bool goes_on(uint32_t state) {
  return state != TUV_UTF8_BAD && state != TUV_UTF8_START;
}

static void test_impossible_bytes_are_refused_at_once(void** state) {
  (void) state;
  uint8_t* begins = prefixes();
  size_t four = 0;
  for (uint32_t a = 0; a < 256; a++) {
    uint32_t first = check_prefix(begins, TUV_UTF8_START, a << 16, 1);
    for (uint32_t b = 0; goes_on(first) && b < 256; b++) {
      uint32_t second = check_prefix(begins, first, a << 16 | b << 8, 2);
      for (uint32_t c = 0; goes_on(second) && c < 256; c++) {
        uint32_t third = check_prefix(begins, second, a << 16 | b << 8 | c, 3);
        for (uint32_t d = 0; goes_on(third) && d < 256; d++) {
          uint8_t byte = (uint8_t) d;
          uint32_t fourth = tuv_utf8_step(third, &byte, 1);
          assert_true(fourth == (d >= 0x80 && d <= 0xBF ? TUV_UTF8_START : TUV_UTF8_BAD));
          four += fourth == TUV_UTF8_START;
        }
      }
    }
  }
  assert_int_equal(four, 0x10FFFF - 0xFFFF);
  free(begins);
}

static void test_bad_stays_bad(void** state) {
  (void) state;
  for (uint32_t c = 0; c < 256; c++) {
    uint8_t text[] = {(uint8_t) c, 'a'};
    assert_true(tuv_utf8_step(TUV_UTF8_BAD, text, 1) == TUV_UTF8_BAD);
    assert_true(tuv_utf8_step(TUV_UTF8_BAD, text, sizeof text) == TUV_UTF8_BAD);
  }
  assert_true(tuv_utf8_step(TUV_UTF8_BAD, NULL, 0) == TUV_UTF8_BAD);
}

static void test_empty_text_is_valid(void** state) {
  (void) state;
  assert_true(tuv_utf8_valid(NULL, 0));
  assert_true(tuv_utf8_step(TUV_UTF8_START, NULL, 0) == TUV_UTF8_START);
}

static void test_incomplete_text_is_not_valid(void** state) {
  (void) state;
  static const uint8_t face[] = {0xF0, 0x9F, 0x98, 0x80};
  for (size_t n = 1; n < sizeof face; n++) {
    assert_false(tuv_utf8_valid(face, n));
    assert_true(goes_on(tuv_utf8_step(TUV_UTF8_START, face, n)));
  }
  assert_true(tuv_utf8_valid(face, sizeof face));
}

static void test_cuts_make_no_difference(void** state) {
  (void) state;
  static const char text[] =
      "a fairly long run of plain letters, then \xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80 and "
      "\xE6\xB8\xA9\xE5\xBA\xA6: twenty degrees, and letters again, up to the end \xC2\xB0";
  const uint8_t* bytes = (const uint8_t*) text;
  size_t size = sizeof text - 1;
  for (size_t a = 0; a <= size; a++) {
    for (size_t b = a; b <= size; b++) {
      uint32_t at = tuv_utf8_step(TUV_UTF8_START, bytes, a);
      at = tuv_utf8_step(at, bytes + a, b - a);
      at = tuv_utf8_step(at, bytes + b, size - b);
      if (at != TUV_UTF8_START) fail_msg("cut at %zu and %zu", a, b);
    }
  }
}

/* The words of the fast path: a wrong byte anywhere in them, at any alignment. */
static void test_a_wrong_byte_is_found_at_every_place(void** state) {
  (void) state;
  for (size_t size = 1; size <= 80; size++) {
    for (size_t at = 0; at < size; at++) {
      uint8_t* text = malloc(size);
      assert_non_null(text);
      memset(text, 'x', size);
      assert_true(tuv_utf8_valid(text, size));
      text[at] = 0x80;
      assert_true(tuv_utf8_step(TUV_UTF8_START, text, size) == TUV_UTF8_BAD);
      assert_true(tuv_utf8_step(TUV_UTF8_START, text + at, size - at) == TUV_UTF8_BAD);
      text[at] = 0xC3; /* valid only if a continuation followed */
      assert_false(tuv_utf8_valid(text, size));
      free(text);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_character_is_valid),
      cmocka_unit_test(test_impossible_bytes_are_refused_at_once),
      cmocka_unit_test(test_bad_stays_bad),
      cmocka_unit_test(test_empty_text_is_valid),
      cmocka_unit_test(test_incomplete_text_is_not_valid),
      cmocka_unit_test(test_cuts_make_no_difference),
      cmocka_unit_test(test_a_wrong_byte_is_found_at_every_place),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
