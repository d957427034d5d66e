/* Connection URLs: what they mean, what is wrong with them, and that no secret gets out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "taosuv/url.h"
#include "url_cases.h"
#include "wire/status.h"
#include "wire/url/url.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ---- an allocator that counts and fails on demand ---- */

typedef struct ledger_s {
  int live;
  int calls;
  int fail_at; /* the call that gets NULL, from 1; 0 for none */
  bool wiped;  /* whether what was freed last held only zeros */
  size_t last_size;
} ledger_t;

static void* ledger_malloc(void* context, size_t size) {
  ledger_t* ledger = context;
  if (++ledger->calls == ledger->fail_at) return NULL;
  ledger->live++;
  ledger->last_size = size;
  return malloc(size);
}

static void* ledger_realloc(void* context, void* ptr, size_t size) {
  (void) context;
  (void) ptr;
  fail_msg("realloc of %zu bytes is not expected", size);
  return NULL;
}

static void ledger_free(void* context, void* ptr) {
  ledger_t* ledger = context;
  const unsigned char* bytes = ptr;
  ledger->live--;
  ledger->wiped = true;
  for (size_t i = 0; i < ledger->last_size; i++) ledger->wiped = ledger->wiped && bytes[i] == 0;
  free(ptr);
}

static tuv_alloc_t ledger_alloc(ledger_t* ledger) {
  tuv_alloc_t alloc = {ledger, ledger_malloc, ledger_realloc, ledger_free};
  return alloc;
}

/* Parses a copy that ends where the text ends, so that a byte read too much is seen. */
static int parse(ledger_t* ledger, const char* text, size_t length, tuv_url_t* url,
                 tuv_errmsg_t* err) {
  tuv_alloc_t alloc = ledger_alloc(ledger);
  char* copy = malloc(length + (length == 0));
  memcpy(copy, text, length);
  err->text[0] = '\0';
  int status = tuv_url_parse(&alloc, copy, length, url, err);
  free(copy);
  return status;
}

/* ---- the settings as text, those that are the defaults left away ---- */

static void add(char* dump, size_t size, const char* format, ...)
    __attribute__((format(printf, 3, 4)));
static void add(char* dump, size_t size, const char* format, ...) {
  size_t used = strlen(dump);
  va_list args;
  va_start(args, format);
  int length = vsnprintf(dump + used, size - used, format, args);
  va_end(args);
  assert_true(length >= 0 && (size_t) length < size - used);
}

static void add_text(char* dump, size_t size, const char* name, const char* value,
                     const char* normal) {
  if (strcmp(value, normal) != 0) add(dump, size, " %s=%s", name, value);
}

static void add_number(char* dump, size_t size, const char* name, uint64_t value, uint64_t normal) {
  if (value != normal) add(dump, size, " %s=%llu", name, (unsigned long long) value);
}

static void dump_hosts(const tuv_url_t* url, char* dump, size_t size) {
  const char* scheme = url->transport == TUV_TRANSPORT_WS ? "ws" : "http";
  add(dump, size, "%s%s", scheme, url->tls ? "s" : "");
  for (uint32_t i = 0; i < url->nhosts; i++) {
    const tuv_host_t* host = &url->hosts[i];
    add(dump, size, host->ipv6 ? " [%s]:%u" : " %s:%u", host->name, host->port);
  }
}

static void dump_url(const tuv_url_t* url, char* dump, size_t size) {
  dump[0] = '\0';
  dump_hosts(url, dump, size);
  add_text(dump, size, "user", url->user, "root");
  add_text(dump, size, "password", url->password, "taosdata");
  add_text(dump, size, "db", url->db, "");
  add_text(dump, size, "token", url->token, "");
  add_text(dump, size, "bearer_token", url->bearer_token, "");
  add_text(dump, size, "totp_code", url->totp_code, "");
  add_text(dump, size, "totp_secret", url->totp_secret, "");
  add_text(dump, size, "timezone", url->timezone, "");
  add_text(dump, size, "app", url->app, "");
  add_text(dump, size, "ip", url->ip, "");
  add_text(dump, size, "connector", url->connector, "");
  add_number(dump, size, "bi_mode", url->bi_mode, 0);
  add_number(dump, size, "compression", url->compression, 0);
  add_number(dump, size, "compression_threshold", url->compression_threshold, 1024);
  add_number(dump, size, "adapter_ha", url->adapter_ha, 0);
  add_number(dump, size, "prefetch", url->prefetch, 1);
  add_number(dump, size, "tcp_nodelay", url->tcp_nodelay, 1);
  add_number(dump, size, "metrics", url->metrics, 0);
  add_number(dump, size, "pool_size", url->pool_size, 1);
  add_number(dump, size, "max_inflight", url->max_inflight, 1024);
  add_number(dump, size, "max_queue", url->max_queue, 65536);
  add_number(dump, size, "stmt_version", url->stmt_version, 0);
  add_number(dump, size, "stmt_cache", url->stmt_cache, 100);
  add_number(dump, size, "discover_interval", url->discover_interval, 60000);
  add_number(dump, size, "max_queue_bytes", url->max_queue_bytes, 64u << 20);
  add_number(dump, size, "max_send_buffer", url->max_send_buffer, 16u << 20);
  add_number(dump, size, "max_message_size", url->max_message_size, 0x60000000);
  add_number(dump, size, "connect_timeout", url->connect_timeout, 8000);
  add_number(dump, size, "close_timeout", url->close_timeout, 5000);
  add_number(dump, size, "request_timeout", url->request_timeout, 60000);
  add_number(dump, size, "retries", url->retries, 5);
  add_number(dump, size, "retry_initial", url->retry_initial, 200);
  add_number(dump, size, "retry_max", url->retry_max, 2000);
  add_number(dump, size, "ping_interval", url->ping_interval, 15000);
  add_number(dump, size, "probe_timeout", url->probe_timeout, 5000);
  add_text(dump, size, "tls_ca", url->tls_ca, "");
  add_text(dump, size, "tls_cert", url->tls_cert, "");
  add_text(dump, size, "tls_key", url->tls_key, "");
  add_text(dump, size, "tls_server_name", url->tls_server_name, "");
  add_text(dump, size, "tls_pin", url->tls_pin, "");
  add_number(dump, size, "tls_13_only", url->tls_13_only, 0);
  add_number(dump, size, "tls_insecure", url->tls_insecure, 0);
  add_number(dump, size, "tls_common_name", url->tls_common_name, 0);
}

/* ---- the tests ---- */

static void test_valid_urls_give_exactly_their_settings(void** state) {
  (void) state;
  for (size_t i = 0; i < COUNT(valid); i++) {
    ledger_t ledger = {0};
    tuv_alloc_t alloc = ledger_alloc(&ledger);
    tuv_url_t url;
    tuv_errmsg_t err;
    char dump[4096];
    int status = parse(&ledger, valid[i].url, strlen(valid[i].url), &url, &err);
    if (status != 0) fail_msg("%s: %d %s", valid[i].url, status, err.text);
    dump_url(&url, dump, sizeof dump);
    if (strcmp(dump, valid[i].expected) != 0) {
      fail_msg("%s:\n  is     %s\n  not as %s", valid[i].url, dump, valid[i].expected);
    }
    tuv_url_free(&alloc, &url);
    assert_int_equal(ledger.calls, 1);
    assert_int_equal(ledger.live, 0);
    assert_true(ledger.wiped);
    assert_null(url.memory);
  }
}

static void test_invalid_urls_say_why_and_leave_nothing(void** state) {
  (void) state;
  for (size_t i = 0; i < COUNT(invalid); i++) {
    ledger_t ledger = {0};
    tuv_url_t url;
    tuv_errmsg_t err;
    char text[8] = "before";
    int status = parse(&ledger, invalid[i].url, strlen(invalid[i].url), &url, &err);
    if (status != TUV_EURL || strstr(err.text, invalid[i].expected) == NULL) {
      fail_msg("%s: %d '%s' lacks '%s'", invalid[i].url, status, err.text, invalid[i].expected);
    }
    if (strstr(err.text, "SECRET") != NULL) fail_msg("%s: %s", invalid[i].url, err.text);
    assert_int_equal(ledger.live, 0);
    assert_true(ledger.calls == 0 || ledger.wiped);
    int length = tuv_url_redact(invalid[i].url, strlen(invalid[i].url), text, sizeof text);
    assert_int_equal(length, TUV_EURL);
    assert_string_equal(text, "");
  }
}

static void test_a_nul_byte_in_the_text_is_an_error(void** state) {
  (void) state;
  static const char text[] = "ws://a\0b";
  ledger_t ledger = {0};
  tuv_url_t url;
  tuv_errmsg_t err;
  assert_int_equal(parse(&ledger, text, sizeof text - 1, &url, &err), TUV_EURL);
  assert_non_null(strstr(err.text, "byte 6"));
}

static void test_an_error_without_a_place_for_its_text_is_the_same_error(void** state) {
  (void) state;
  ledger_t ledger = {0};
  tuv_alloc_t alloc = ledger_alloc(&ledger);
  tuv_url_t url;
  for (size_t i = 0; i < COUNT(invalid); i++) {
    const char* text = invalid[i].url;
    assert_int_equal(tuv_url_parse(&alloc, text, strlen(text), &url, NULL), TUV_EURL);
  }
  assert_int_equal(ledger.live, 0);
}

static void test_64_hosts_are_allowed_and_65_are_not(void** state) {
  (void) state;
  char text[1024] = "ws://h0";
  tuv_errmsg_t err;
  tuv_url_t url;
  ledger_t ledger = {0};
  tuv_alloc_t alloc = ledger_alloc(&ledger);
  for (int i = 1; i < 64; i++) sprintf(text + strlen(text), ",h%d", i);
  assert_int_equal(parse(&ledger, text, strlen(text), &url, &err), 0);
  assert_int_equal(url.nhosts, 64);
  assert_string_equal(url.hosts[63].name, "h63");
  tuv_url_free(&alloc, &url);
  assert_int_equal(tuv_url_redact(text, strlen(text), NULL, 0), strlen(text));
  strcat(text, ",h64");
  assert_int_equal(parse(&ledger, text, strlen(text), &url, &err), TUV_EURL);
  assert_non_null(strstr(err.text, "the URL has more than 64 hosts"));
  assert_int_equal(ledger.live, 0);
}

static void test_a_url_may_have_16_kib(void** state) {
  (void) state;
  static char text[16384 + 2] = "ws://h?token=";
  static char shown[16384];
  tuv_errmsg_t err;
  tuv_url_t url;
  ledger_t ledger = {0};
  tuv_alloc_t alloc = ledger_alloc(&ledger);
  memset(text + strlen(text), 'x', sizeof text - 1 - strlen(text));
  assert_int_equal(parse(&ledger, text, 16384, &url, &err), 0);
  assert_int_equal(strlen(url.token), 16384 - 13);
  tuv_url_free(&alloc, &url);
  assert_int_equal(tuv_url_redact(text, 16384, shown, sizeof shown), 16);
  assert_string_equal(shown, "ws://h?token=***");
  assert_int_equal(parse(&ledger, text, 16385, &url, &err), TUV_EURL);
  assert_non_null(strstr(err.text, "longer than 16384"));
  assert_int_equal(ledger.live, 0);
}

static void test_lack_of_memory_is_reported_and_nothing_leaks(void** state) {
  (void) state;
  ledger_t ledger = {.fail_at = 1};
  tuv_url_t url;
  tuv_errmsg_t err;
  const char* text = "ws://u:SECRET@h/db?token=SECRET";
  assert_int_equal(parse(&ledger, text, strlen(text), &url, &err), TUV_ENOMEM);
  assert_string_equal(err.text, "out of memory");
  assert_int_equal(ledger.live, 0);
  ledger = (ledger_t) {.fail_at = 2};
  tuv_alloc_t alloc = ledger_alloc(&ledger);
  assert_int_equal(parse(&ledger, text, strlen(text), &url, &err), 0); /* there is one only */
  tuv_url_free(&alloc, &url);
  assert_int_equal(ledger.live, 0);
}

static void test_every_prefix_of_a_long_url_is_answered(void** state) {
  (void) state;
  static const char text[] =
      "wss://bob:SECRET%40%E6%B6%9B@a.b:1,[fe80::1:2.3.4.5%25eth0]:22,c/d%41?token=SECRET%20"
      "&bearer_token=SECRET&totp_code=SECRET&tz=America/North_Dakota/New_Salem&app=a&user_ip=1"
      "&connector=c&conmode=1&compression=true&adapter_ha=1&prefetch=false&tcp_nodelay=0"
      "&pool_size=12&max_inflight=34&max_queue=56&max_message_size=123456&connect_timeout=789"
      "&timeout=12&conn_retries=3&retry_backoff_ms=45&retry_backoff_max_ms=67";
  size_t good = 0;
  for (size_t length = 0; length < sizeof text; length++) {
    ledger_t ledger = {0};
    tuv_alloc_t alloc = ledger_alloc(&ledger);
    tuv_url_t url;
    tuv_errmsg_t err;
    char shown[1024];
    int status = parse(&ledger, text, length, &url, &err);
    int redacted = tuv_url_redact(text, length, shown, sizeof shown);
    assert_int_equal(status < 0 ? TUV_EURL : 0, status);
    assert_int_equal(redacted < 0, status < 0);
    /* While the '@' is still missing, the text is that of a host, which is no secret. */
    assert_null(strstr(err.text, "SECRET"));
    if (length > 40) assert_null(strstr(shown, "SECRET"));
    if (status == 0) {
      good++;
      tuv_url_free(&alloc, &url);
    }
    assert_int_equal(ledger.live, 0);
  }
  assert_true(good > 50);
}

static const case_t redactions[] = {
    {"ws://h", "ws://h"},
    {"WS://u@h:1/db?app=x", "WS://u@h:1/db?app=x"},
    {"ws://u:SECRET@h", "ws://u:***@h"},
    {"ws://u:@h", "ws://u:***@h"},
    {"ws://:SECRET@h", "ws://:***@h"},
    {"ws://u:SEC@RET:@h,g:2/%64b?", "ws://u:***@h,g:2/%64b?"},
    {"ws://h?token=SECRET", "ws://h?token=***"},
    {"ws://h?token=", "ws://h?token=***"},
    {"ws://h?t%6fken=SECRET&app=%61", "ws://h?t%6fken=***&app=%61"},
    {"ws://h/?app=a&bearer_token=SECRET=&tz=UTC", "ws://h/?app=a&bearer_token=***&tz=UTC"},
    {"ws://h?totp_code=SECRET&token=SECRET", "ws://h?totp_code=***&token=***"},
    {"wss://u:SECRET@h/d?pool_size=2&token=SECRET", "wss://u:***@h/d?pool_size=2&token=***"},
    {"wss://h?tls_cert=a.pem&tls_key=SECRET&app=x", "wss://h?tls_cert=a.pem&tls_key=***&app=x"},
    {"wss://h?tls%5fkey=SECRET%0A&tls_cert=a", "wss://h?tls%5fkey=***&tls_cert=a"},
};

static void test_redaction_hides_the_secrets_and_keeps_the_rest(void** state) {
  (void) state;
  for (size_t i = 0; i < COUNT(redactions); i++) {
    char text[256];
    size_t length = strlen(redactions[i].url);
    int result = tuv_url_redact(redactions[i].url, length, text, sizeof text);
    assert_string_equal(text, redactions[i].expected);
    assert_int_equal(result, strlen(redactions[i].expected));
  }
}

static void test_redaction_is_cut_at_every_size(void** state) {
  (void) state;
  const char* url = "ws://u:SECRET@h?token=SECRET";
  const char* expected = "ws://u:***@h?token=***";
  for (size_t size = 0; size <= strlen(expected) + 1; size++) {
    char* text = malloc(size + (size == 0));
    assert_int_equal(tuv_url_redact(url, strlen(url), text, size), strlen(expected));
    if (size > 0) {
      assert_int_equal(strlen(text), size - 1);
      assert_memory_equal(text, expected, size - 1);
    }
    free(text);
  }
}

static void test_the_public_check_gives_status_and_reason(void** state) {
  (void) state;
  char message[64] = "before";
  assert_int_equal(taosuv_url_check("ws://h", TAOSUV_NUL_TERMINATED, message, 64), 0);
  assert_string_equal(message, "");
  assert_int_equal(taosuv_url_check("ws://hXYZ#", 6, message, 64), 0);
  assert_int_equal(taosuv_url_check("x://h", TAOSUV_NUL_TERMINATED, message, 64), TUV_EURL);
  assert_non_null(strstr(message, "unknown scheme 'x'"));
  assert_int_equal(taosuv_url_check("x://h", TAOSUV_NUL_TERMINATED, message, 8), TUV_EURL);
  assert_string_equal(message, "unknown");
  assert_int_equal(taosuv_url_check("x://h", 5, NULL, 0), TUV_EURL);
  assert_int_equal(taosuv_url_check(NULL, TAOSUV_NUL_TERMINATED, message, 64), TUV_EURL);
  assert_string_equal(message, "the URL is NULL");
}

static void test_the_public_redaction_takes_both_kinds_of_length(void** state) {
  (void) state;
  char text[64] = "before";
  assert_int_equal(taosuv_url_redact("ws://u:p@h", TAOSUV_NUL_TERMINATED, text, 64), 12);
  assert_string_equal(text, "ws://u:***@h");
  assert_int_equal(taosuv_url_redact("ws://u:p@hXYZ#", 10, text, 64), 12);
  assert_string_equal(text, "ws://u:***@h");
  assert_int_equal(taosuv_url_redact(NULL, TAOSUV_NUL_TERMINATED, text, 64), TUV_EURL);
  assert_string_equal(text, "");
}

static void test_hosts_that_stand_alone(void** state) {
  static const struct {
    const char* text;
    const char* name; /* NULL: it is none */
    uint16_t port;
    bool ipv6;
  } cases[] = {{"db1:6042", "db1", 6042, false},
               {"10.0.0.1", "10.0.0.1", 6041, false},
               {"x.cloud.tdengine.com", "x.cloud.tdengine.com", 443, false},
               {"[::1]:1", "::1", 1, true},
               {"[fe80::1%25eth0]", "fe80::1%eth0", 6041, true},
               {"", NULL, 0, false},
               {"a,b", NULL, 0, false},
               {"::1", NULL, 0, false},
               {"[::1", NULL, 0, false},
               {"db1:0", NULL, 0, false},
               {"db1:65536", NULL, 0, false},
               {"ws://db1:6041", NULL, 0, false}};
  (void) state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char name[TUV_HOST_NAME_SIZE];
    tuv_host_t host;
    tuv_errmsg_t err = {""};
    int status = tuv_host_parse(cases[i].text, strlen(cases[i].text), name, &host, &err);
    assert_int_equal(status, cases[i].name != NULL ? 0 : TUV_EURL);
    if (status != 0) continue;
    assert_string_equal(host.name, cases[i].name);
    assert_int_equal(host.port, cases[i].port);
    assert_int_equal(host.ipv6, cases[i].ipv6);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_valid_urls_give_exactly_their_settings),
      cmocka_unit_test(test_invalid_urls_say_why_and_leave_nothing),
      cmocka_unit_test(test_a_nul_byte_in_the_text_is_an_error),
      cmocka_unit_test(test_an_error_without_a_place_for_its_text_is_the_same_error),
      cmocka_unit_test(test_64_hosts_are_allowed_and_65_are_not),
      cmocka_unit_test(test_a_url_may_have_16_kib),
      cmocka_unit_test(test_lack_of_memory_is_reported_and_nothing_leaks),
      cmocka_unit_test(test_every_prefix_of_a_long_url_is_answered),
      cmocka_unit_test(test_redaction_hides_the_secrets_and_keeps_the_rest),
      cmocka_unit_test(test_redaction_is_cut_at_every_size),
      cmocka_unit_test(test_the_public_check_gives_status_and_reason),
      cmocka_unit_test(test_the_public_redaction_takes_both_kinds_of_length),
      cmocka_unit_test(test_hosts_that_stand_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
