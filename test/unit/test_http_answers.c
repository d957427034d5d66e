/* The answers to an upgrade: a table for each kind, each answer cut in every way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http_feed.h"
#include "wire/status.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_switch_is_accepted(void** state) {
  (void) state;
  static const answer_t answers[] = {
      {"plain", SWITCH "\r\n", 1, false, false, NULL},
      {"names and words in other cases",
       "HTTP/1.1 101 x\r\nUPGRADE: WebSocket\r\nconnection: "
       "upGRADE\r\nsec-websocket-ACCEPT: " ACCEPT "\r\n\r\n",
       1, false, false, NULL},
      {"no reason phrase", "HTTP/1.1 101\r\n" UPGRADE CONNECTION ACCEPT_LINE "\r\n", 1, false,
       false, NULL},
      {"white space around values",
       LINE_101 "Upgrade: \t websocket \t \r\nConnection:Upgrade\r\nSec-WebSocket-Accept:   " ACCEPT
                "  \r\n\r\n",
       1, false, false, NULL},
      {"a list of connection tokens",
       LINE_101 UPGRADE "Connection: keep-alive ,  Upgrade,x\r\n" ACCEPT_LINE "\r\n", 1, false,
       false, NULL},
      {"connection tokens in two lines",
       LINE_101 UPGRADE "Connection: keep-alive\r\n" CONNECTION ACCEPT_LINE "\r\n", 1, false, false,
       NULL},
      {"other headers",
       SWITCH "Server: x\r\nX-Empty:\r\nX-A-Name-Longer-Than-Any-That-Matters-To-Us: y\r\n\r\n", 1,
       false, false, NULL},
      {"a name too long that ends like one that matters",
       SWITCH "X-This-Is-A-Name-Of-More-Than-32-Upgrade: h2c\r\n\r\n", 1, false, false, NULL},
      {"a body announced", SWITCH "Content-Length: 5\r\n\r\n", 1, false, false, NULL},
      {"chunks announced", SWITCH "Transfer-Encoding: chunked\r\n\r\n", 1, false, false, NULL},
      {"100 before", "HTTP/1.1 100 Continue\r\n\r\n" SWITCH "\r\n", 1, false, false, NULL},
      {"103 and 102 before, their headers do not count",
       "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nSec-WebSocket-Accept: no\r\nUpgrade: h2c\r\n\r\n"
       "HTTP/1.1 102 Processing\r\nConnection: close\r\nSec-WebSocket-Protocol: x\r\n\r\n" SWITCH
       "\r\n",
       1, false, false, NULL},
  };
  http_expect(answers, COUNT(answers));
}

static void test_compression_answers(void** state) {
  (void) state;
  static const answer_t answers[] = {
      {"not answered", SWITCH "\r\n", 1, true, false, NULL},
      {"as a taosAdapter says it", SWITCH EXT DEFLATE "\r\n\r\n", 1, true, true, NULL},
      {"the one that is needed", SWITCH EXT "Permessage-Deflate;SERVER_no_context_takeover\r\n\r\n",
       1, true, true, NULL},
      {"server window", SWITCH EXT DEFLATE "; server_max_window_bits=8\r\n\r\n", 1, true, true,
       NULL},
      {"server window in quotes", SWITCH EXT DEFLATE "; server_max_window_bits = \"15\"\r\n\r\n", 1,
       true, true, NULL},
      {"client window of 15", SWITCH EXT DEFLATE "; client_max_window_bits=15\r\n\r\n", 1, true,
       true, NULL},
      {"in a 103 only", "HTTP/1.1 103 x\r\n" EXT DEFLATE "\r\n\r\n" SWITCH "\r\n", 1, true, false,
       NULL},
  };
  http_expect(answers, COUNT(answers));
}

static void test_what_compression_was_agreed_on(void** state) {
  (void) state;
  static const struct {
    const char* value;
    tuv_http_offer_t offer;
    tuv_http_deflate_t agreed; /* a window of 0: refused */
  } cases[] = {
      {DEFLATE, TUV_HTTP_DEFLATE_ALONE, {false, false, 15}},
      {"permessage-deflate; server_no_context_takeover",
       TUV_HTTP_DEFLATE_ALONE,
       {false, false, 15}},
      {"permessage-deflate; client_no_context_takeover", TUV_HTTP_DEFLATE_ALONE, {0}},
      {DEFLATE "; client_max_window_bits=14", TUV_HTTP_DEFLATE_ALONE, {0}},
      {DEFLATE, TUV_HTTP_DEFLATE_ANY, {false, false, 15}},
      {"permessage-deflate", TUV_HTTP_DEFLATE_ANY, {true, true, 15}},
      {"permessage-deflate; server_no_context_takeover", TUV_HTTP_DEFLATE_ANY, {false, true, 15}},
      {"permessage-deflate; client_no_context_takeover", TUV_HTTP_DEFLATE_ANY, {true, false, 15}},
      {"permessage-deflate; client_max_window_bits=9; server_max_window_bits=8",
       TUV_HTTP_DEFLATE_ANY,
       {true, true, 9}},
      {"permessage-deflate; client_max_window_bits=\"12\"", TUV_HTTP_DEFLATE_ANY, {true, true, 12}},
      {"permessage-deflate; client_max_window_bits=8", TUV_HTTP_DEFLATE_ANY, {0}},
      {"permessage-deflate; client_max_window_bits", TUV_HTTP_DEFLATE_ANY, {0}},
      {"permessage-deflate, permessage-deflate", TUV_HTTP_DEFLATE_ANY, {0}},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    char answer[1024];
    const tuv_http_deflate_t* agreed = &cases[i].agreed;
    snprintf(answer, sizeof answer, SWITCH EXT "%s\r\n\r\n", cases[i].value);
    outcome_t outcome = http_feed(answer, strlen(answer), cases[i].offer, 0, 7);
    bool good = agreed->client_window_bits != 0;
    if (outcome.result != (good ? 1 : TUV_EUPGRADE)) fail_msg("%s: %d", answer, outcome.result);
    if (!good) continue;
    assert_true(outcome.deflate);
    assert_int_equal(outcome.agreed.server_keeps_context, agreed->server_keeps_context);
    assert_int_equal(outcome.agreed.client_keeps_context, agreed->client_keeps_context);
    assert_int_equal(outcome.agreed.client_window_bits, agreed->client_window_bits);
  }
}

static void test_extensions_not_offered_are_refused(void** state) {
  (void) state;
  static const char* const values[] = {
      "",
      "x-webkit-deflate-frame",
      "permessage-deflate",
      "permessage-deflate; client_no_context_takeover",
      "permessage-deflate; server_no_context_takeover=1",
      "permessage-deflate; server_no_context_takeover; x",
      "permessage-deflate; server_no_context_takeover;",
      "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
      DEFLATE "; server_max_window_bits",
      DEFLATE "; server_max_window_bits=7",
      DEFLATE "; server_max_window_bits=16",
      DEFLATE "; server_max_window_bits=08",
      DEFLATE "; server_max_window_bits=",
      DEFLATE "; server_max_window_bits=\"",
      DEFLATE "; server_max_window_bits=10; server_max_window_bits=10",
      DEFLATE "; client_max_window_bits=14",
      DEFLATE "; client_max_window_bits",
      DEFLATE ", " DEFLATE,
      DEFLATE ", x",
      DEFLATE "\r\n" EXT DEFLATE,
      DEFLATE "\r\n" EXT "x",
  };
  for (size_t i = 0; i < COUNT(values); i++) {
    char answer[1024];
    snprintf(answer, sizeof answer, SWITCH EXT "%s\r\n\r\n", values[i]);
    answer_t wrong = {
        values[i],    answer,
        TUV_EUPGRADE, true,
        false,        "the server answered 101 with a WebSocket extension that was not offered"};
    http_expect(&wrong, 1);
  }
  static const answer_t not_offered = {
      "not offered", SWITCH EXT DEFLATE "\r\n\r\n",
      TUV_EUPGRADE,  false,
      false,         "the server answered 101 with a WebSocket extension that was not offered"};
  http_expect(&not_offered, 1);
}

static void test_wrong_switch_is_refused(void** state) {
  (void) state;
  static const char no_upgrade[] = "the server answered 101 without \"Upgrade: websocket\"";
  static const char no_connection[] = "the server answered 101 without \"Connection: Upgrade\"";
  static const char no_accept[] = "the server answered 101 without Sec-WebSocket-Accept";
  static const char accept[] = "the server answered 101 with a wrong Sec-WebSocket-Accept";
  static const char protocol[] =
      "the server answered 101 with a WebSocket subprotocol that was not offered";
  static const answer_t answers[] = {
      {"HTTP/1.0", "HTTP/1.0 101 x\r\n" UPGRADE CONNECTION ACCEPT_LINE "\r\n", TUV_EPROTO, false,
       false, "the server answered 101 with HTTP/1.0, not HTTP/1.1"},
      {"HTTP/2.0", "HTTP/2.0 101 x\r\n" UPGRADE CONNECTION ACCEPT_LINE "\r\n", TUV_EPROTO, false,
       false, "the server answered 101 with HTTP/2.0, not HTTP/1.1"},
      {"nothing", LINE_101 "\r\n", TUV_EUPGRADE, false, false, no_upgrade},
      {"no Upgrade", LINE_101 CONNECTION ACCEPT_LINE "\r\n", TUV_EUPGRADE, false, false,
       no_upgrade},
      {"empty Upgrade", LINE_101 "Upgrade:\r\n" CONNECTION ACCEPT_LINE "\r\n", TUV_EUPGRADE, false,
       false, no_upgrade},
      {"another Upgrade", LINE_101 "Upgrade: h2c\r\n" CONNECTION ACCEPT_LINE "\r\n", TUV_EUPGRADE,
       false, false, no_upgrade},
      {"two Upgrades", LINE_101 UPGRADE "Upgrade: h2c\r\n" CONNECTION ACCEPT_LINE "\r\n",
       TUV_EUPGRADE, false, false, no_upgrade},
      {"a longer word", LINE_101 "Upgrade: websockets\r\n" CONNECTION ACCEPT_LINE "\r\n",
       TUV_EUPGRADE, false, false, no_upgrade},
      {"no Connection", LINE_101 UPGRADE ACCEPT_LINE "\r\n", TUV_EUPGRADE, false, false,
       no_connection},
      {"another Connection", LINE_101 UPGRADE "Connection: keep-alive\r\n" ACCEPT_LINE "\r\n",
       TUV_EUPGRADE, false, false, no_connection},
      {"part of a token", LINE_101 UPGRADE "Connection: upgraded, xupgrade\r\n" ACCEPT_LINE "\r\n",
       TUV_EUPGRADE, false, false, no_connection},
      {"no accept", LINE_101 UPGRADE CONNECTION "\r\n", TUV_EUPGRADE, false, false, no_accept},
      {"empty accept", LINE_101 UPGRADE CONNECTION "Sec-WebSocket-Accept:\r\n\r\n", TUV_EUPGRADE,
       false, false, accept},
      {"accept of another key",
       LINE_101 UPGRADE CONNECTION "Sec-WebSocket-Accept: Bz3qJYTGdOe8gUSpLosEdiLKDrk=\r\n\r\n",
       TUV_EUPGRADE, false, false, accept},
      {"accept in another case",
       LINE_101 UPGRADE CONNECTION "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
       TUV_EUPGRADE, false, false, accept},
      {"more behind the accept",
       LINE_101 UPGRADE CONNECTION "Sec-WebSocket-Accept: " ACCEPT "=\r\n\r\n", TUV_EUPGRADE, false,
       false, accept},
      {"accept twice", SWITCH ACCEPT_LINE "\r\n", TUV_EUPGRADE, false, false, accept},
      {"a protocol", SWITCH "Sec-WebSocket-Protocol: taos\r\n\r\n", TUV_EUPGRADE, false, false,
       protocol},
  };
  http_expect(answers, COUNT(answers));
}

static void test_statuses(void** state) {
  (void) state;
  static const struct {
    int status, result;
  } cases[] = {
      {200, TUV_EUPGRADE},  {204, TUV_EUPGRADE},    {300, TUV_EUPGRADE},    {301, TUV_EREDIRECT},
      {302, TUV_EREDIRECT}, {303, TUV_EREDIRECT},   {304, TUV_EUPGRADE},    {305, TUV_EUPGRADE},
      {307, TUV_EREDIRECT}, {308, TUV_EREDIRECT},   {400, TUV_EUPGRADE},    {401, TUV_EAUTH},
      {402, TUV_EUPGRADE},  {403, TUV_EAUTH},       {404, TUV_ENOENDPOINT}, {405, TUV_ENOENDPOINT},
      {407, TUV_EAUTH},     {410, TUV_ENOENDPOINT}, {426, TUV_EUPGRADE},    {429, TUV_EUNAVAIL},
      {500, TUV_EUPGRADE},  {501, TUV_EUPGRADE},    {502, TUV_EUNAVAIL},    {503, TUV_EUNAVAIL},
      {504, TUV_EUNAVAIL},  {505, TUV_EUPGRADE},    {999, TUV_EUPGRADE},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    /* The right headers must not turn a refusal into a switch. */
    char text[512], expected[64];
    snprintf(text, sizeof text,
             "HTTP/1.1 %d Some Reason\r\n" UPGRADE CONNECTION ACCEPT_LINE
             "Content-Length: 0\r\n\r\n",
             cases[i].status);
    snprintf(
        expected, sizeof expected,
        cases[i].result == TUV_EREDIRECT ? "HTTP status %d redirects to nowhere" : "HTTP status %d",
        cases[i].status);
    answer_t answer = {text, text, cases[i].result, false, false, expected};
    http_expect(&answer, 1);
    outcome_t outcome = http_feed(text, strlen(text), false, 0, 0);
    assert_int_equal(outcome.status, cases[i].status);
  }
}

static void test_refusals_are_quoted(void** state) {
  (void) state;
  static const answer_t answers[] = {
      {"a taosAdapter's 404",
       "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 18\r\n\r\n"
       "404 page not found",
       TUV_ENOENDPOINT, false, false, "HTTP status 404: 404 page not found"},
      {"printable characters only",
       "HTTP/1.1 400 Bad Request\r\nSec-Websocket-Version: 13\r\n\r\nBad\x01\x1b[31m \xff "
       "Request\n",
       TUV_EUPGRADE, false, false, "HTTP status 400: Bad[31m  Request"},
      {"chunks are joined",
       "HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n7\r\n second\r\n0\r\n"
       "Location: /trailer\r\n\r\n",
       TUV_EUNAVAIL, false, false, "HTTP status 503: first second"},
      {"no further than a query string",
       "HTTP/1.1 403 x\r\nContent-Length: 31\r\n\r\nno GET of /ws?token=secret here", TUV_EAUTH,
       false, false, "HTTP status 403: no GET of /ws"},
      {"what follows the body is no matter",
       "HTTP/1.1 401 x\r\nContent-Length: 2\r\n\r\nnoHTTP/1.1 101 x\r\n\r\n", TUV_EAUTH, false,
       false, "HTTP status 401: no"},
      {"a redirect in a trailer is none",
       "HTTP/1.1 302 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nLocation: /trailer\r\n\r\n",
       TUV_EREDIRECT, false, false, "HTTP status 302 redirects to nowhere"},
      {"a broken body is no matter", "HTTP/1.1 502 x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
       TUV_EUNAVAIL, false, false, "HTTP status 502"},
      {"a redirect without its query",
       "HTTP/1.1 307 x\r\nLocation: https://h:443/ws?token=secret\r\n\r\n", TUV_EREDIRECT, false,
       false, "HTTP status 307 redirects to https://h:443/ws"},
      {"a redirect without its fragment", "HTTP/1.1 302 x\r\nLocation: /a#b\r\n\r\n", TUV_EREDIRECT,
       false, false, "HTTP status 302 redirects to /a"},
      {"after a 100",
       "HTTP/1.1 100 x\r\nLocation: /x\r\n\r\nHTTP/1.1 301 y\r\nLocation: /y\r\n\r\n",
       TUV_EREDIRECT, false, false, "HTTP status 301 redirects to /y"},
      {"HTTP/1.0", "HTTP/1.0 401 Unauthorized\r\n\r\n", TUV_EAUTH, false, false, "HTTP status 401"},
      {"HTTP/2.0", "HTTP/2.0 401 Unauthorized\r\n\r\n", TUV_EPROTO, false, false,
       "the server answered 401 with HTTP/2.0, not HTTP/1.1"},
  };
  http_expect(answers, COUNT(answers));
}

static void test_what_is_no_http(void** state) {
  (void) state;
  static const answer_t answers[] = {
      {"a greeting", "SSH-2.0-OpenSSH_9.2\r\n", TUV_EHTTP, false, false, NULL},
      {"a TLS alert", "\x15\x03\x01\x01\x02\x02\x46", TUV_EHTTP, false, false, NULL},
      {"a frame", "\x81\x05hello", TUV_EHTTP, false, false, NULL},
      {"a request", "GET /ws HTTP/1.1\r\n\r\n", TUV_EHTTP, false, false, NULL},
      {"another version", "HTTP/7.3 101 x\r\n\r\n", TUV_EHTTP, false, false, NULL},
      {"a status of two digits", "HTTP/1.1 10 x\r\n\r\n", TUV_EHTTP, false, false, NULL},
      {"a status of four digits", "HTTP/1.1 1011 x\r\n\r\n", TUV_EHTTP, false, false, NULL},
      {"a header without a colon", LINE_101 "Upgrade websocket\r\n\r\n", TUV_EHTTP, false, false,
       NULL},
      {"a folded header", LINE_101 "Connection: keep-alive,\r\n Upgrade\r\n\r\n", TUV_EHTTP, false,
       false, NULL},
      {"a control character in a header", LINE_101 "Upgrade: web\x01socket\r\n\r\n", TUV_EHTTP,
       false, false, NULL},
      {"a frame behind a 100", "HTTP/1.1 100 x\r\n\r\n\x81\x05hello", TUV_EHTTP, false, false,
       NULL},
  };
  http_expect(answers, COUNT(answers));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_switch_is_accepted),
      cmocka_unit_test(test_compression_answers),
      cmocka_unit_test(test_what_compression_was_agreed_on),
      cmocka_unit_test(test_extensions_not_offered_are_refused),
      cmocka_unit_test(test_wrong_switch_is_refused),
      cmocka_unit_test(test_statuses),
      cmocka_unit_test(test_refusals_are_quoted),
      cmocka_unit_test(test_what_is_no_http),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
