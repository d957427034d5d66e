/* Answers to an upgrade, fed in every way to cut them. */
#ifndef TUV_TEST_UNIT_HTTP_FEED_H
#define TUV_TEST_UNIT_HTTP_FEED_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/http/upgrade.h"

/* The key of RFC 6455, 1.3, its accept, and the lines of the answer to it. */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

#define LINE_101 "HTTP/1.1 101 Switching Protocols\r\n"
#define UPGRADE "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define ACCEPT_LINE "Sec-WebSocket-Accept: " ACCEPT "\r\n"
#define SWITCH LINE_101 UPGRADE CONNECTION ACCEPT_LINE
#define DEFLATE "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
#define EXT "Sec-WebSocket-Extensions: "

typedef struct {
  int result, status;
  bool deflate;
  tuv_http_deflate_t agreed;
  size_t consumed; /* of all bytes, when the server has switched */
  tuv_errmsg_t err;
} outcome_t;

/* Feeds the bytes to a new reader that waits for ACCEPT: first `first` of them (0: no such piece),
 * then pieces of `piece` bytes (0: all the rest at once), each a heap block of its own. */
outcome_t http_feed(const char* bytes, size_t size, tuv_http_offer_t offered, size_t first,
                    size_t piece);

typedef struct {
  const char* name;
  const char* answer;
  int result;
  tuv_http_offer_t offered;
  bool deflate;
  const char* text; /* of the error, when the answer comes in one piece; NULL: any */
} answer_t;

/* Requires the same outcome however the answers are cut, and for a switch also when a frame follows
 * in the same read. */
void http_expect(const answer_t* answers, size_t count);

#endif
