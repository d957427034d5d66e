/* The HTTP upgrade: the request, its key, and what is special about reading the answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data.h"
#include "http_feed.h"
#include "taosuv/version.h"
#include "wire/http/upgrade.h"
#include "wire/status.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_long_texts_are_cut(void** state) {
  (void) state;
  char answer[1200], many[901];
  memset(many, 'y', sizeof many - 1);
  many[sizeof many - 1] = '\0';
  snprintf(answer, sizeof answer, "HTTP/1.1 302 x\r\nLocation: /%s\r\n\r\n", many);
  outcome_t redirect = http_feed(answer, strlen(answer), false, 0, 0);
  assert_int_equal(redirect.result, TUV_EREDIRECT);
  assert_true(strlen(redirect.err.text) > 120 && strlen(redirect.err.text) < 160);

  snprintf(answer, sizeof answer, "HTTP/1.1 500 x\r\n\r\n%s", many);
  outcome_t refusal = http_feed(answer, strlen(answer), false, 0, 0);
  assert_int_equal(refusal.result, TUV_EUPGRADE);
  assert_true(strlen(refusal.err.text) > 120 && strlen(refusal.err.text) < 160);

  /* A long value of no interest does not spoil those behind it. */
  snprintf(answer, sizeof answer, LINE_101 "X: %s\r\n" UPGRADE CONNECTION ACCEPT_LINE "\r\n", many);
  assert_int_equal(http_feed(answer, strlen(answer), false, 0, 0).result, 1);

  /* What matters and cannot be read whole is wrong. */
  snprintf(answer, sizeof answer, SWITCH "Upgrade: websocket%0300d\r\n\r\n", 0);
  assert_int_equal(http_feed(answer, strlen(answer), false, 0, 0).result, TUV_EUPGRADE);
  snprintf(answer, sizeof answer, SWITCH "Upgrade: websocket%300s\r\n\r\n", "x");
  assert_int_equal(http_feed(answer, strlen(answer), false, 0, 0).result, TUV_EUPGRADE);
}

/* An answer whose head has exactly this size, with 1xx heads before it or one long header. */
static char* head_of(size_t size, bool interim) {
  static const char first[] = "HTTP/1.1 100 x\r\n\r\n", last[] = SWITCH "X: ";
  char* answer = malloc(size + 1);
  assert_non_null(answer);
  size_t at = 0;
  while (interim && at + sizeof first + sizeof last + 3 < size) {
    memcpy(answer + at, first, sizeof first - 1);
    at += sizeof first - 1;
  }
  memcpy(answer + at, last, sizeof last - 1);
  at += sizeof last - 1;
  assert_true(at + 4 <= size);
  memset(answer + at, 'x', size - at);
  memcpy(answer + size - 4, "\r\n\r\n", 5);
  return answer;
}

static void test_oversize_heads_are_refused(void** state) {
  (void) state;
  static const size_t pieces[] = {0, 1, 2, 7, 1000, TUV_HTTP_MAX_HEAD - 1, TUV_HTTP_MAX_HEAD};
  for (int interim = 0; interim <= 1; interim++) {
    char* fits = head_of(TUV_HTTP_MAX_HEAD, interim);
    char* large = head_of(TUV_HTTP_MAX_HEAD + 1, interim);
    for (size_t i = 0; i < COUNT(pieces); i++) {
      outcome_t good = http_feed(fits, TUV_HTTP_MAX_HEAD, false, 0, pieces[i]);
      assert_int_equal(good.result, 1);
      assert_int_equal(good.consumed, TUV_HTTP_MAX_HEAD);
      outcome_t bad = http_feed(large, TUV_HTTP_MAX_HEAD + 1, false, 0, pieces[i]);
      assert_int_equal(bad.result, TUV_EHTTP);
      assert_non_null(strstr(bad.err.text, "too large"));
    }
    free(fits);
    free(large);
  }
}

static void test_the_verdict_stays(void** state) {
  (void) state;
  tuv_http_upgrade_t upgrade;
  tuv_errmsg_t err;
  size_t used;
  tuv_http_upgrade_init(&upgrade, ACCEPT, false);
  static const char refusal[] = "HTTP/1.1 401 x\r\n\r\n";
  assert_int_equal(tuv_http_upgrade_feed(&upgrade, refusal, sizeof refusal - 1, &used, &err),
                   TUV_EAUTH);
  static const char answer[] = SWITCH "\r\n";
  assert_int_equal(tuv_http_upgrade_feed(&upgrade, answer, sizeof answer - 1, &used, &err),
                   TUV_EAUTH);
  assert_int_equal(used, 0);

  tuv_http_upgrade_init(&upgrade, ACCEPT, false);
  assert_int_equal(tuv_http_upgrade_feed(&upgrade, answer, sizeof answer - 1, &used, NULL), 1);
  assert_int_equal(tuv_http_upgrade_feed(&upgrade, "x", 1, &used, NULL), 1);
  assert_int_equal(used, 0);

  tuv_http_upgrade_init(&upgrade, ACCEPT, false);
  assert_int_equal(tuv_http_upgrade_feed(&upgrade, "SSH-", 4, &used, NULL), TUV_EHTTP);
  assert_int_equal(tuv_http_upgrade_feed(&upgrade, answer, sizeof answer - 1, &used, NULL),
                   TUV_EHTTP);
}

static void test_an_empty_accept_matches_nothing(void** state) {
  (void) state;
  static const char* const answers[] = {SWITCH "\r\n",
                                        LINE_101 UPGRADE CONNECTION "Sec-WebSocket-Accept:\r\n\r\n",
                                        LINE_101 UPGRADE CONNECTION "\r\n"};
  static const char none[TUV_HTTP_ACCEPT_SIZE + 1] = "";
  for (size_t i = 0; i < COUNT(answers); i++) {
    tuv_http_upgrade_t upgrade;
    size_t used;
    tuv_http_upgrade_init(&upgrade, none, false);
    assert_int_equal(tuv_http_upgrade_feed(&upgrade, answers[i], strlen(answers[i]), &used, NULL),
                     TUV_EUPGRADE);
  }
}

static void test_the_end_of_the_connection(void** state) {
  (void) state;
  tuv_http_upgrade_t upgrade;
  tuv_errmsg_t err;
  size_t used;
  tuv_http_upgrade_init(&upgrade, ACCEPT, false);
  assert_int_equal(tuv_http_upgrade_eof(&upgrade, &err), TUV_EHTTP);
  assert_string_equal(err.text, "the server closed the connection without an answer");
  assert_int_equal(tuv_http_upgrade_feed(&upgrade, LINE_101, 10, &used, &err), 0);
  assert_int_equal(tuv_http_upgrade_eof(&upgrade, &err), TUV_EHTTP);
  assert_string_equal(err.text, "the server closed the connection within its answer (10 bytes)");
}

static void test_accept_of_the_rfc(void** state) {
  (void) state;
  char key[TUV_HTTP_KEY_SIZE + 1], accept[TUV_HTTP_ACCEPT_SIZE + 1];
  tuv_http_key((const uint8_t*) "the sample nonce", key, accept);
  assert_string_equal(key, KEY);
  assert_string_equal(accept, ACCEPT);
  tuv_http_accept(KEY, strlen(KEY), accept);
  assert_string_equal(accept, ACCEPT);
}

static void test_accept_of_any_key(void** state) {
  (void) state;
  char accept[TUV_HTTP_ACCEPT_SIZE + 1], key[400];
  memset(key, 'k', sizeof key);
  for (size_t length = 0; length <= sizeof key; length++) {
    char* exact = malloc(length + 1);
    assert_non_null(exact);
    memcpy(exact, key, length);
    tuv_http_accept(exact, length, accept);
    free(exact);
    assert_true(strlen(accept) == TUV_HTTP_ACCEPT_SIZE || (length > 100 && accept[0] == '\0'));
  }
}

static int write_upgrade(char* buf, size_t size, const char* host, const char* path,
                         const char* key) {
  return tuv_http_write_upgrade(buf, size, host, 6041, path, key, false);
}

static void test_upgrade_request(void** state) {
  (void) state;
  static const char expected[] =
      "GET /ws?a=b HTTP/1.1\r\n"
      "Host: example.com:6041\r\n"
      "User-Agent: taosuv/" TAOSUV_VERSION_STRING
      "\r\n"
      "Upgrade: websocket\r\n"
      "Connection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: " KEY "\r\n";
  static const char* const ends[] = {
      "\r\n",
      "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; "
      "server_no_context_takeover\r\n\r\n",
      "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, permessage-deflate; "
      "client_no_context_takeover; client_max_window_bits\r\n\r\n"};
  for (int i = TUV_HTTP_DEFLATE_NONE; i <= TUV_HTTP_DEFLATE_ANY; i++) {
    tuv_http_offer_t deflate = (tuv_http_offer_t) i;
    char buf[512], whole[512];
    snprintf(whole, sizeof whole, "%s%s", expected, ends[i]);
    int length = tuv_http_write_upgrade(buf, sizeof buf, "example.com", 6041, "/ws?a=b", KEY,
                                        deflate);
    assert_int_equal(length, strlen(whole));
    assert_string_equal(buf, whole);
    assert_int_equal(tuv_http_write_upgrade(NULL, 0, "example.com", 6041, "/ws?a=b", KEY, deflate),
                     length);
    assert_int_equal(tuv_http_write_upgrade(buf, 10, "example.com", 6041, "/ws?a=b", KEY, deflate),
                     length);
    assert_string_equal(buf, "GET /ws?a");
  }
}

static void test_host_header(void** state) {
  (void) state;
  static const struct {
    const char* host;
    uint16_t port;
    const char* line;
  } cases[] = {
      {"127.0.0.1", 6041, "\r\nHost: 127.0.0.1:6041\r\n"},
      {"h", 65535, "\r\nHost: h:65535\r\n"},
      {"::1", 80, "\r\nHost: [::1]:80\r\n"},
      {"fe80::1%eth0", 6041, "\r\nHost: [fe80::1]:6041\r\n"},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    char buf[512];
    assert_true(tuv_http_write_upgrade(buf, sizeof buf, cases[i].host, cases[i].port, "/ws", KEY,
                                       true) > 0);
    assert_non_null(strstr(buf, cases[i].line));
  }
}

static void test_request_cannot_be_split(void** state) {
  (void) state;
  char buf[512];
  assert_true(write_upgrade(buf, sizeof buf, "h", "/ws", KEY) > 0);
  for (int c = 1; c < 256; c++) {
    char bad[] = {'/', (char) c, 'x', '\0'};
    bool refused = c <= ' ' || c == 0x7F;
    assert_int_equal(write_upgrade(buf, sizeof buf, "h", bad, KEY) == -1, refused);
    assert_int_equal(write_upgrade(buf, sizeof buf, bad, "/ws", KEY) == -1, refused);
    assert_int_equal(write_upgrade(buf, sizeof buf, "h", "/ws", bad) == -1, refused);
  }
  assert_int_equal(write_upgrade(buf, sizeof buf, "", "/ws", KEY), -1);
  assert_int_equal(write_upgrade(buf, sizeof buf, "h", "", KEY), -1);
  assert_int_equal(write_upgrade(buf, sizeof buf, "h", "ws", KEY), -1);
}

/* The first line in this direction, with a NUL behind it. */
static char* recorded(const char* name, const char* dir, size_t* size) {
  td_jsonl_t lines;
  td_jsonl_open(&lines, name);
  yyjson_val* line = td_jsonl_next(&lines);
  while (line != NULL && strcmp(td_str(line, "dir", NULL), dir) != 0) line = td_jsonl_next(&lines);
  assert_non_null(line);
  size_t length;
  const char* hex = td_str(line, "bytes", &length);
  uint8_t* bytes = td_hex(hex, length, size);
  char* text = calloc(1, *size + 1);
  assert_non_null(text);
  memcpy(text, bytes, *size);
  free(bytes);
  td_jsonl_close(&lines);
  return text;
}

static void test_recorded_upgrades(void** state) {
  (void) state;
  static const struct {
    const char* file;
    bool deflate;
  } cases[] = {{"raw_frames.jsonl", false}, {"raw_deflate.jsonl", true}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    size_t request_size, size, used;
    char* request = recorded(cases[i].file, "send", &request_size);
    char* answer = recorded(cases[i].file, "recv", &size);
    static const char header[] = "Sec-WebSocket-Key: ";
    char* key = strstr(request, header);
    assert_non_null(key);
    char accept[TUV_HTTP_ACCEPT_SIZE + 1];
    tuv_http_accept(key + sizeof header - 1, TUV_HTTP_KEY_SIZE, accept);

    for (size_t cut = 0; cut < size; cut++) {
      tuv_http_upgrade_t upgrade;
      tuv_http_upgrade_init(&upgrade, accept, cases[i].deflate);
      assert_int_equal(tuv_http_upgrade_feed(&upgrade, answer, cut, &used, NULL), 0);
      assert_int_equal(tuv_http_upgrade_feed(&upgrade, answer + cut, size - cut, &used, NULL), 1);
      assert_int_equal(used, size - cut);
      assert_int_equal(upgrade.deflate, cases[i].deflate);
    }
    free(request);
    free(answer);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_long_texts_are_cut),
      cmocka_unit_test(test_oversize_heads_are_refused),
      cmocka_unit_test(test_the_verdict_stays),
      cmocka_unit_test(test_an_empty_accept_matches_nothing),
      cmocka_unit_test(test_the_end_of_the_connection),
      cmocka_unit_test(test_accept_of_the_rfc),
      cmocka_unit_test(test_accept_of_any_key),
      cmocka_unit_test(test_upgrade_request),
      cmocka_unit_test(test_host_header),
      cmocka_unit_test(test_request_cannot_be_split),
      cmocka_unit_test(test_recorded_upgrades),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
