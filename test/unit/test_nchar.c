/* NCHAR as UTF-8: every length of character, what is none, and cuts between them. */
#include "cells.h"
#include "wire/status.h"

#define U(a, b, c) a b c "\0"

static void test_nchar_becomes_utf8(void** state) {
  (void) state;
  cell_t cell;
  set_variable(&cell, TAOSUV_TYPE_NCHAR,
               U("a", "\0", "\0") U("\x7f", "\0", "\0") U("\x80", "\0", "\0")
                   U("\xff", "\x07", "\0") U("\0", "\x08", "\0") U("\x9b", "\x6d", "\0")
                       U("\xff", "\xff", "\0") U("\0", "\0", "\1") U("\x42", "\xf6", "\x01")
                           U("\xff", "\xff", "\x10"),
               40);
  assert_text(&cell, 0,
              "a\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xe6\xb6\x9b\xef\xbf\xbf\xf0\x90\x80\x80"
              "\xf0\x9f\x99\x82\xf4\x8f\xbf\xbf");
  set_variable(&cell, TAOSUV_TYPE_NCHAR, "", 0);
  assert_text(&cell, 0, "");
}

static void test_what_is_no_character_becomes_the_replacement_character(void** state) {
  (void) state;
  cell_t cell;
  set_variable(&cell, TAOSUV_TYPE_NCHAR,
               U("\0", "\xd8", "\0") U("\xff", "\xdf", "\0") U("\0", "\0", "\x11")
               "\xff\xff\xff\xff" "x\0\0\0", 20);
  assert_text(&cell, 0, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx");
}

static void test_nchar_is_cut_between_characters(void** state) {
  (void) state;
  static const uint8_t ucs4[] = "a\0\0\0\x9b\x6d\0\0\x42\xf6\x01\0b\0\0";
  static const char utf8[] =
      "a\xe6\xb6\x9b\xf0\x9f\x99\x82"
      "b";
  static const size_t kept[] = {0, 1, 1, 1, 4, 4, 4, 4, 8, 9, 9};
  for (size_t size = 0; size < COUNT(kept); size++) {
    char* text = malloc(size + (size == 0));
    memset(text, '~', size);
    assert_int_equal(taosuv_nchar_utf8(ucs4, 16, text, size), 9);
    assert_memory_equal(text, utf8, kept[size]);
    for (size_t i = kept[size]; i < size; i++) assert_int_equal(text[i], '~');
    free(text);
  }
  assert_int_equal(taosuv_nchar_utf8(ucs4, 16, NULL, 0), 9);
  assert_int_equal(taosuv_nchar_utf8(ucs4, 0, NULL, 0), 0);
  assert_int_equal(taosuv_nchar_utf8(ucs4, 7, NULL, 0), 1); /* whole characters only */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_nchar_becomes_utf8),
      cmocka_unit_test(test_what_is_no_character_becomes_the_replacement_character),
      cmocka_unit_test(test_nchar_is_cut_between_characters),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
