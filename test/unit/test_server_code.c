/* The named codes of servers: each once, and in their order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/server_code.h"

static const struct {
  int code;
  const char* meaning;
} codes[] = {
#define XX(name, code, meaning) {code, meaning},
    TUV_SERVER_CODE_MAP(XX)
#undef XX
};

static void codes_are_16_bits_and_ascend(void** state) {
  (void) state;
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    assert_in_range(codes[i].code, 1, 0xFFFF);
    assert_true(strlen(codes[i].meaning) > 0);
    if (i > 0) assert_true(codes[i].code > codes[i - 1].code);
  }
}

static void names_stand_for_the_codes_of_the_protocol(void** state) {
  (void) state;
  assert_int_equal(TUV_CODE_STMT_API_USAGE, 554);
  assert_int_equal(TUV_CODE_HTTP_NO_AUTH, 4357);
  assert_int_equal(TUV_CODE_HTTP_TOKEN, 4362);
  assert_int_equal(TUV_CODE_HTTP_AUTH_TYPE, 4386);
  assert_int_equal(TUV_CODE_HTTP_BASIC, 4388);
  assert_int_equal(TUV_CODE_HTTP_TAOSD, 4389);
  assert_int_equal(TUV_CODE_PARSER_TABLE_NOT_EXIST, 9731);
  assert_int_equal(TUV_CODE_SAME_COMMITTED, 16402);
  assert_int_equal(TUV_CODE_GATEWAY, 65535);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(codes_are_16_bits_and_ascend),
      cmocka_unit_test(names_stand_for_the_codes_of_the_protocol),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
