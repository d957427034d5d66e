/* Texts and JSON messages without secrets, whatever form they come in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_probe.h"
#include "client/core/redact.h"

static tuv_secrets_t secrets(void) {
  tuv_url_t url;
  memset(&url, 0, sizeof url);
  url.password = "pa\"ss\xC3\xA9";
  url.token = "tok/en";
  url.bearer_token = "";
  url.totp_code = "123456";
  url.totp_secret = "MZXW6YTB";
  return tuv_secrets_of(&url, "/ws?token=tok%2Fen", "246802", "Basic cm9vdDp4");
}

static void texts_lose_every_secret(void** state) {
  (void) state;
  tuv_secrets_t s = secrets();
  char out[64];
  const char* text = "a tok/en, tok%2Fen, MZXW6YTB, 246802 and 1234561234567";
  size_t length = tuv_redact_text(&s, text, strlen(text), out, sizeof out);
  assert_string_equal(out, "a ***, ***, ***, *** and ******7");
  assert_int_equal(length, strlen(out));
}

static void a_text_is_cut_but_never_inside_a_secret(void** state) {
  (void) state;
  tuv_secrets_t s = secrets();
  const char* text = "xx123456yy";
  for (size_t size = 1; size < 16; size++) {
    char out[16];
    memset(out, 'Z', sizeof out);
    size_t length = tuv_redact_text(&s, text, strlen(text), out, size);
    assert_true(length < size);
    assert_int_equal(out[length], 0);
    assert_null(strpbrk(out, "123456"));
    for (size_t i = size; i < sizeof out; i++) assert_int_equal(out[i], 'Z');
  }
}

static void short_secrets_are_not_looked_for(void** state) {
  (void) state;
  tuv_secrets_t s = {{"abc", "", "", "", "", "", "", ""}};
  char out[16];
  tuv_redact_text(&s, "xabcx", 5, out, sizeof out);
  assert_string_equal(out, "xabcx");
  assert_false(tuv_secrets_in(&s, "abc", 3));
}

static char* redact(alloc_probe_t* probe, const char* text, bool* changed) {
  tuv_json_t json;
  tuv_json_init(&json, &probe->alloc);
  tuv_secrets_t s = secrets();
  size_t length = 0;
  *changed = false;
  char* out = tuv_redact_json(&json, &s, text, strlen(text), &length, changed);
  if (out != NULL) assert_int_equal(length, strlen(out));
  return out;
}

typedef struct case_s {
  const char* text;
  const char* redacted; /* NULL: not to be shown */
} case_t;

static const case_t cases[] = {
    {"{\"action\":\"conn\",\"args\":{\"req_id\":1,\"password\":\"p\",\"totp_code\":7,"
     "\"bearer_token\":[\"x\"]}}",
     "{\"action\":\"conn\",\"args\":{\"req_id\":1,\"password\":\"***\",\"totp_code\":\"***\","
     "\"bearer_token\":\"***\"}}"},
    {"{\"message\":\"bad pa\\\"ss\\u00e9, tok/en\",\"tok/en\":true}",
     "{\"message\":\"bad ***, ***\",\"***\":true}"},
    {"{\"a\":[1,-2,2.5,null,false,\"\",{\"b\":\"c\"}]}",
     "{\"a\":[1,-2,2.5,null,false,\"\",{\"b\":\"c\"}]}"},
    {"[[[[[[[[[[[[[[[[[[[[[[[[\"tok/en\"]]]]]]]]]]]]]]]]]]]]]]]]", NULL},
    {"{\"message\":\"tok/en", NULL},
    {"tok/en", NULL},
    {"", NULL},
};

static void json_loses_every_secret_or_is_not_shown(void** state) {
  (void) state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    alloc_probe_t probe;
    bool changed;
    alloc_probe_init(&probe);
    char* out = redact(&probe, cases[i].text, &changed);
    if (cases[i].redacted == NULL) {
      assert_null(out);
    } else {
      assert_non_null(out);
      assert_string_equal(out, cases[i].redacted);
      assert_int_equal(changed, strcmp(cases[i].text, cases[i].redacted) != 0);
    }
    tuv_free(&probe.alloc, out);
    assert_int_equal(probe.live_blocks, 0);
  }
}

static void without_memory_nothing_is_shown(void** state) {
  (void) state;
  char* out = NULL;
  size_t n = 0;
  while (out == NULL && ++n < 50) {
    alloc_probe_t probe;
    bool changed;
    alloc_probe_init(&probe);
    alloc_probe_fail(&probe, n, false);
    out = redact(&probe, cases[1].text, &changed);
    if (out != NULL) assert_int_equal(probe.failures, 0);
    tuv_free(&probe.alloc, out);
    assert_int_equal(probe.live_blocks, 0);
  }
  assert_in_range(n, 3, 49);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(texts_lose_every_secret),
      cmocka_unit_test(a_text_is_cut_but_never_inside_a_secret),
      cmocka_unit_test(short_secrets_are_not_looked_for),
      cmocka_unit_test(json_loses_every_secret_or_is_not_shown),
      cmocka_unit_test(without_memory_nothing_is_shown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
