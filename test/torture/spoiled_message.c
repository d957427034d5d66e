/* Changes of whole messages: cut, doubled, out of order, of the wrong kind, refusals of all
 * forms. */
#include "spoiled.h"

enum { CUTS = 80 };

/* Replaces the answer; $ stands for the request's id. Over HTTP "message" becomes "desc". */
static const char* const refusals[] = {
    "{\"code\":1,\"req_id\":$}",
    "{\"code\":1,\"message\":null,\"req_id\":$}",
    "{\"code\":65535,\"message\":\"\",\"req_id\":$}",
    "{\"code\":65535,\"message\":\"\\u0000\",\"req_id\":$}",
    "{\"code\":9731,\"message\":\"Table does not exist\",\"action\":\"spoiled\",\"req_id\":$}",
    "{\"code\":2147493379,\"message\":\"x\",\"req_id\":$}",
    "{\"code\":65536,\"message\":\"x\",\"req_id\":$}",
    "{\"code\":4294901760,\"message\":\"x\",\"req_id\":$}",
    "{\"code\":4294967295,\"message\":\"x\",\"req_id\":$}",
    "{\"code\":0,\"message\":\"but it failed\",\"req_id\":$}",
    "{\"code\":0,\"req_id\":$}",
    "{\"req_id\":$}",
    "{\"code\":1,\"code\":0,\"req_id\":$}",
    "{\"code\":0,\"code\":1,\"req_id\":$}",
    "{}",
    "[]",
    "null",
    "0",
    "\"text\"",
    "{\"code\":0,\"req_id\":0}",
    "{\"code\":0,\"req_id\":18446744073709551615}",
    "{\"code\":855,\"message\":\"Authentication failure\",\"req_id\":$}",
    "{\"code\":1,\"desc\":\"refused\"}",
    "{\"code\":0,\"desc\":\"\"}",
    "hello",
    "<html><body>It works</body></html>",
};

static const char* const tails[] = {" \r\n\t", "x", "{}", "]", "}", "\x01", "\xef\xbb\xbf", "//"};

static void send_text(sp_stream_t* to, const sp_message_t* message, const char* text, size_t size) {
  sp_kind_t kind = message->answer->kind == SP_HTTP ? SP_HTTP : SP_TEXT;
  sp_send(to, kind, text, size, 200);
}

static bool refuse(const sp_message_t* message, uint32_t n, sp_stream_t* to, sp_spoilt_t* spoilt) {
  char text[256];
  const char* id = strchr(refusals[n], '$');
  snprintf(spoilt->note, sizeof spoilt->note, "%s", refusals[n]);
  if (id == NULL)
    snprintf(text, sizeof text, "%s", refusals[n]);
  else
    snprintf(text, sizeof text, "%.*s%llu%s", (int) (id - refusals[n]), refusals[n],
             (unsigned long long) message->req_id, id + 1);
  send_text(to, message, text, strlen(text));
  return true;
}

static bool refuse_long(const sp_message_t* message, sp_stream_t* to, sp_spoilt_t* spoilt) {
  char* text = malloc(101000);
  if (text == NULL) abort();
  int head = snprintf(text, 200, "{\"code\":1,\"req_id\":%llu,\"%s\":\"",
                      (unsigned long long) message->req_id,
                      message->answer->kind == SP_HTTP ? "desc" : "message");
  memset(text + head, 'm', 100000);
  memcpy(text + head + 100000, "\"}", 2);
  snprintf(spoilt->note, sizeof spoilt->note, "a refusal of 100 kB");
  send_text(to, message, text, (size_t) head + 100002);
  free(text);
  return true;
}

/* Another text after or before the message. */
static void send_joined(const sp_message_t* message, sp_stream_t* to, const char* front,
                        const char* back) {
  size_t before = strlen(front), after = strlen(back);
  char* text = malloc(message->size + before + after + 1);
  if (text == NULL) abort();
  memcpy(text, front, before);
  memcpy(text + before, message->bytes, message->size);
  memcpy(text + before + message->size, back, after);
  sp_send(to, message->answer->kind, text, message->size + before + after,
          message->answer->http_status);
  free(text);
}

static bool tail(const sp_message_t* message, uint32_t n, sp_stream_t* to, sp_spoilt_t* spoilt) {
  if (n == 0 && message->answer->kind != SP_BINARY) spoilt->verdict = SP_SAME;
  snprintf(spoilt->note, sizeof spoilt->note, "behind it: %s", n == 0 ? "blanks" : tails[n]);
  send_joined(message, to, "", tails[n]);
  return true;
}

static bool cut(const sp_message_t* message, uint32_t n, sp_stream_t* to, sp_spoilt_t* spoilt) {
  size_t step = message->size / CUTS + 1, length = n * step;
  if (length >= message->size) length = message->size - 1;
  snprintf(spoilt->note, sizeof spoilt->note, "cut at %zu of %zu", length, message->size);
  sp_send(to, message->answer->kind, message->bytes, length, message->answer->http_status);
  return true;
}

/* The answer to the other waiting request: its id with the content for this one. */
static bool of_another(const sp_message_t* message, sp_stream_t* to, sp_spoilt_t* spoilt) {
  char mine[40], other[40], *text = malloc(message->size + 64), *at;
  if (text == NULL) abort();
  snprintf(mine, sizeof mine, "\"req_id\":%llu", (unsigned long long) message->req_id);
  snprintf(other, sizeof other, "\"req_id\":%llu",
           (unsigned long long) (message->other_id == 0 ? 77 : message->other_id));
  memcpy(text, message->bytes, message->size);
  text[message->size] = 0;
  at = strstr(text, mine);
  snprintf(spoilt->note, sizeof spoilt->note, "with the id of another request");
  spoilt->verdict = SP_ANY;
  if (at == NULL) {
    sp_send(to, message->answer->kind, message->bytes, message->size, 200);
  } else {
    char* back = malloc(message->size + 1);
    if (back == NULL) abort();
    strcpy(back, at + strlen(mine));
    snprintf(at, 64 + message->size - (size_t) (at - text), "%s%s", other, back);
    free(back);
    sp_send(to, message->answer->kind, text, strlen(text), 200);
  }
  free(text);
  return true;
}

enum {
  EMPTY,
  EMPTY_OTHER,
  OTHER_KIND,
  DOUBLED,
  UNASKED,
  UNASKED_BINARY,
  HELD,
  DROPPED,
  ANOTHER,
  BOM,
  REFUSED_LONG,
  OTHERS
};

static void unasked(sp_stream_t* to, bool binary) {
  static const char text[] = "{\"code\":0,\"message\":\"\",\"action\":\"query\",\"req_id\":4242}";
  uint8_t bytes[64] = {255, 255, 255, 255, 255, 255, 255, 255, 7, [26] = 42};
  if (binary)
    sp_send(to, SP_BINARY, bytes, sizeof bytes, 0);
  else
    sp_send(to, SP_TEXT, text, sizeof text - 1, 0);
}

static void send_as_it_is(const sp_message_t* message, sp_stream_t* to) {
  sp_send(to, message->answer->kind, message->bytes, message->size, message->answer->http_status);
}

static bool other(const sp_message_t* message, uint32_t n, sp_stream_t* to, sp_spoilt_t* spoilt) {
  static const char* const names[] = {"empty",
                                      "empty, of the other kind",
                                      "of the other kind",
                                      "doubled",
                                      "one unasked before",
                                      "binary unasked before",
                                      "behind the next",
                                      "never sent"};
  sp_kind_t kind = message->answer->kind;
  sp_kind_t turned = kind == SP_TEXT ? SP_BINARY : kind == SP_BINARY ? SP_TEXT : SP_HTTP;
  if (n < COUNT(names)) snprintf(spoilt->note, sizeof spoilt->note, "%s", names[n]);
  switch (n) {
    case EMPTY: sp_send(to, kind, "", 0, 200); break;
    case EMPTY_OTHER: sp_send(to, turned, "", 0, 500); break;
    case OTHER_KIND: sp_send(to, turned, message->bytes, message->size, 500); break;
    case UNASKED:
    case UNASKED_BINARY:
      if (kind != SP_HTTP) unasked(to, n == UNASKED_BINARY);
      send_as_it_is(message, to);
      break;
    case DOUBLED:
      send_as_it_is(message, to);
      send_as_it_is(message, to);
      break;
    case HELD: sp_hold(to, message); break;
    case DROPPED: break;
    case ANOTHER: return of_another(message, to, spoilt);
    case BOM:
      snprintf(spoilt->note, sizeof spoilt->note, "behind a byte order mark");
      send_joined(message, to, "\xef\xbb\xbf", "");
      break;
    default: return refuse_long(message, to, spoilt);
  }
  return true;
}

bool sp_spoil_message(const sp_message_t* message, uint32_t n, sp_stream_t* to,
                      sp_spoilt_t* spoilt) {
  spoilt->verdict = SP_SAME_OR_ERROR;
  if (n < OTHERS) return other(message, n, to, spoilt);
  n -= OTHERS;
  if (n < COUNT(refusals)) return refuse(message, n, to, spoilt);
  n -= (uint32_t) COUNT(refusals);
  if (n < COUNT(tails)) return tail(message, n, to, spoilt);
  n -= (uint32_t) COUNT(tails);
  if (message->answer->kind == SP_BINARY || message->size == 0) return false;
  uint32_t cuts = message->size < CUTS ? (uint32_t) message->size : CUTS;
  return n < cuts && cut(message, n, to, spoilt);
}
