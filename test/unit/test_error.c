/* The table of statuses: unique, complete, and one space with libuv's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "taosuv/error.h"
#include "wire/status.h"

typedef struct {
  int status;
  const char* name;
  const char* text;
  taosuv_err_class_t class_;
  unsigned int flags;
} expected_t;

static const expected_t own[] = {
#define XX(name, value, text, class_, flags)                                                       \
  {value, "TAOSUV_" #name, text, TAOSUV_CLASS_##class_, flags},
    TAOSUV_ERRNO_MAP(XX)
#undef XX
};
#define OWN_COUNT (sizeof own / sizeof own[0])

static const struct {
  int status;
  const char* name;
  const char* text;
} libuv[] = {
#define XX(name, text) {UV_##name, "UV_" #name, text},
    UV_ERRNO_MAP(XX)
#undef XX
};
#define LIBUV_COUNT (sizeof libuv / sizeof libuv[0])

static void every_code_is_unique(void** state) {
  (void) state;
  for (size_t i = 0; i < OWN_COUNT; i++) {
    for (size_t j = i + 1; j < OWN_COUNT; j++) assert_int_not_equal(own[i].status, own[j].status);
    for (size_t j = 0; j < LIBUV_COUNT; j++) assert_int_not_equal(own[i].status, libuv[j].status);
  }
}

static void every_name_and_text_is_unique(void** state) {
  (void) state;
  for (size_t i = 0; i < OWN_COUNT; i++)
    for (size_t j = i + 1; j < OWN_COUNT; j++) {
      assert_string_not_equal(own[i].name, own[j].name);
      assert_string_not_equal(own[i].text, own[j].text);
    }
}

static void every_code_lies_in_the_range_of_taosuv(void** state) {
  (void) state;
  for (size_t i = 0; i < OWN_COUNT; i++) assert_in_range(-own[i].status, 20100, 20999);
}

static void own_codes_have_the_table_s_name_text_class_and_flags(void** state) {
  (void) state;
  for (size_t i = 0; i < OWN_COUNT; i++) {
    assert_string_equal(taosuv_err_name(own[i].status), own[i].name);
    assert_string_equal(taosuv_strerror(own[i].status), own[i].text);
    assert_int_equal(taosuv_err_class(own[i].status), own[i].class_);
    assert_int_equal(taosuv_err_flags(own[i].status), own[i].flags);
  }
}

static void every_own_code_has_a_class(void** state) {
  (void) state;
  for (size_t i = 0; i < OWN_COUNT; i++)
    assert_int_not_equal(taosuv_err_class(own[i].status), TAOSUV_CLASS_NONE);
}

/* The numbers that users of TDengine's other connectors know. */
static void classic_codes_keep_their_last_three_digits(void** state) {
  (void) state;
  assert_int_equal(-TAOSUV_EINVAL % 1000, 100);
  assert_int_equal(-TAOSUV_EURL % 1000, 101);
  assert_int_equal(-TAOSUV_EPROTO % 1000, 103);
  assert_int_equal(-TAOSUV_EUPGRADE % 1000, 104);
  assert_int_equal(-TAOSUV_ETIMEDOUT % 1000, 105);
  assert_int_equal(-TAOSUV_EAUTH % 1000, 106);
  assert_int_equal(-TAOSUV_ETYPE % 1000, 107);
  assert_int_equal(-TAOSUV_ECONNLOST % 1000, 108);
  assert_int_equal(-TAOSUV_EBLOCK % 1000, 109);
  assert_int_equal(-TAOSUV_EAGAIN % 1000, 110);
  assert_int_equal(-TAOSUV_EVERSION % 1000, 112);
}

static void libuv_codes_pass_through(void** state) {
  (void) state;
  for (size_t i = 0; i < LIBUV_COUNT; i++) {
    assert_string_equal(taosuv_err_name(libuv[i].status), libuv[i].name);
    assert_string_equal(taosuv_strerror(libuv[i].status), libuv[i].text);
    assert_string_equal(taosuv_strerror(libuv[i].status), uv_strerror(libuv[i].status));
    assert_string_equal(taosuv_err_name(libuv[i].status) + 3, uv_err_name(libuv[i].status));
    assert_int_equal(taosuv_err_flags(libuv[i].status), 0);
  }
}

static void libuv_codes_are_of_the_network_but_for_local_ones(void** state) {
  (void) state;
  assert_int_equal(taosuv_err_class(UV_ECONNREFUSED), TAOSUV_CLASS_NETWORK);
  assert_int_equal(taosuv_err_class(UV_ETIMEDOUT), TAOSUV_CLASS_NETWORK);
  assert_int_equal(taosuv_err_class(UV_EOF), TAOSUV_CLASS_NETWORK);
  assert_int_equal(taosuv_err_class(UV_EAI_NONAME), TAOSUV_CLASS_NETWORK);
  assert_int_equal(taosuv_err_class(TAOSUV_ECANCELED), TAOSUV_CLASS_INPUT);
  assert_int_equal(taosuv_err_class(TAOSUV_ENOTSUP), TAOSUV_CLASS_INPUT);
  assert_int_equal(taosuv_err_class(TAOSUV_ENOMEM), TAOSUV_CLASS_INPUT);
  assert_int_equal(taosuv_err_class(TAOSUV_ERANGE), TAOSUV_CLASS_INPUT);
  assert_int_equal(taosuv_err_class(UV_EINVAL), TAOSUV_CLASS_INPUT);
}

/* libuv knows ENODATA since 1.45; taosuv promises it with any. */
static void enodata_is_known_with_every_libuv(void** state) {
  (void) state;
  assert_int_equal(TAOSUV_ENODATA, TUV_ENODATA);
  assert_string_equal(taosuv_err_name(TAOSUV_ENODATA), "UV_ENODATA");
  assert_string_equal(taosuv_strerror(TAOSUV_ENODATA), "no data available");
  assert_int_equal(taosuv_err_class(TAOSUV_ENODATA), TAOSUV_CLASS_INPUT);
}

static void unknown_codes_have_a_text_and_no_class(void** state) {
  (void) state;
  static const int unknown[] = {1, -9999, -20099, -20102, -20111, -20999, INT32_MAX, INT32_MIN};
  for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
    assert_string_equal(taosuv_err_name(unknown[i]), "UNKNOWN");
    assert_string_equal(taosuv_strerror(unknown[i]), "unknown status");
    assert_int_equal(taosuv_err_class(unknown[i]), TAOSUV_CLASS_NONE);
    assert_int_equal(taosuv_err_flags(unknown[i]), 0);
  }
}

static void zero_is_success(void** state) {
  (void) state;
  assert_string_equal(taosuv_err_name(0), "OK");
  assert_string_equal(taosuv_strerror(0), "success");
  assert_int_equal(taosuv_err_class(0), TAOSUV_CLASS_NONE);
  assert_int_equal(taosuv_err_flags(0), 0);
}

/* A write's timeout before it was sent must differ from one after. */
static void flags_tell_what_may_have_been_executed(void** state) {
  (void) state;
  assert_true(taosuv_err_flags(TAOSUV_ETIMEDOUT) & TAOSUV_ERR_MAYBE_EXECUTED);
  assert_false(taosuv_err_flags(TAOSUV_ETIMEDOUT) & TAOSUV_ERR_RETRYABLE);
  assert_false(taosuv_err_flags(TAOSUV_EUNSENT) & TAOSUV_ERR_MAYBE_EXECUTED);
  assert_true(taosuv_err_flags(TAOSUV_EUNSENT) & TAOSUV_ERR_RETRYABLE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_code_is_unique),
      cmocka_unit_test(every_name_and_text_is_unique),
      cmocka_unit_test(every_code_lies_in_the_range_of_taosuv),
      cmocka_unit_test(own_codes_have_the_table_s_name_text_class_and_flags),
      cmocka_unit_test(every_own_code_has_a_class),
      cmocka_unit_test(classic_codes_keep_their_last_three_digits),
      cmocka_unit_test(libuv_codes_pass_through),
      cmocka_unit_test(libuv_codes_are_of_the_network_but_for_local_ones),
      cmocka_unit_test(enodata_is_known_with_every_libuv),
      cmocka_unit_test(unknown_codes_have_a_text_and_no_class),
      cmocka_unit_test(zero_is_success),
      cmocka_unit_test(flags_tell_what_may_have_been_executed),
  };
  return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
