/* The HTTP upgrade of a WebSocket client (PROTOCOL 1.2; RFC 6455, 4): the request is written, and
 * the answer is read by llhttp. */
#ifndef TUV_WIRE_HTTP_UPGRADE_H
#define TUV_WIRE_HTTP_UPGRADE_H

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/errmsg.h"
#include "wire/http/text.h"

#define TUV_HTTP_KEY_SIZE 24u    /* base64 of 16 bytes */
#define TUV_HTTP_ACCEPT_SIZE 28u /* base64 of a SHA-1 */
#define TUV_HTTP_MAX_HEAD 16384u /* bytes of the head of an answer: status line and headers */

/* Writes the key, base64 of a nonce, and the Sec-WebSocket-Accept that answers it; both
 * NUL-terminated. Without SHA-1 the accept is an empty string, which no answer matches. */
void tuv_http_key(const uint8_t nonce[16], char key[TUV_HTTP_KEY_SIZE + 1],
                  char accept[TUV_HTTP_ACCEPT_SIZE + 1]);
/* The accept for the key of a client, as the bundled server needs it. */
void tuv_http_accept(const char* key, size_t length, char accept[TUV_HTTP_ACCEPT_SIZE + 1]);

/* Writes the request and returns its length as snprintf does. `host` is a name or an address, IPv6
 * without brackets; `path` begins with '/' and includes the query string; `offer` is about
 * permessage-deflate. Returns -1 for a character that would end a header line. */
int tuv_http_write_upgrade(char* buf, size_t size, const char* host, uint16_t port,
                           const char* path, const char* key, tuv_http_offer_t offer);

/* Reads the answer to an upgrade. It points into itself and must not be moved after init. */
typedef struct tuv_http_upgrade_s {
  llhttp_t parser;
  llhttp_settings_t settings;
  char accept[TUV_HTTP_ACCEPT_SIZE + 1]; /* what Sec-WebSocket-Accept must be */
  size_t seen;                           /* bytes of the head so far, including heads of 1xx */
  int status;                            /* of HTTP; 0 before it was read */
  bool done;                             /* the head is complete, and nothing more is read */
  int result;                            /* when done: what feed returned and returns again */
  tuv_http_offer_t offer;                /* NONE: an extension in the answer is an error */
  bool deflate;              /* the server agreed to permessage-deflate (with allowed parameters) */
  tuv_http_deflate_t agreed; /* what was agreed on */
  /* working fields of the header parser */
  tuv_http_line_t line;
  char location[128];   /* of a redirect: the header, cut */
  uint32_t retry_after; /* of a refusal: seconds; 0: not stated */
  char body[128];       /* of a refusal: its first bytes, printable ones */
  size_t body_size;
  bool has_upgrade, bad_upgrade, has_connection, has_accept, accept_ok, bad_extension, has_protocol;
} tuv_http_upgrade_t;

void tuv_http_upgrade_init(tuv_http_upgrade_t* upgrade, const char accept[TUV_HTTP_ACCEPT_SIZE + 1],
                           tuv_http_offer_t offer);

/* Feeds bytes. Returns 1 when the server has switched (*consumed is the number of bytes of the
 * answer; frames follow), 0 when more bytes are needed (all were consumed), or an error with a text
 * in `err`:
 *   TUV_EREDIRECT     301, 302, 303, 307, 308 (text: the Location without its query)
 *   TUV_EAUTH         401, 403, 407
 *   TUV_ENOENDPOINT   404, 405, 410
 *   TUV_EUNAVAIL      429, 502, 503, 504
 *   TUV_EUPGRADE      any other status; 101 without or with wrong Upgrade, Connection,
 *                     Sec-WebSocket-Accept, an extension or protocol that was not offered (or one
 *                     whose parameters are not allowed, wire/http/text.h)
 *   TUV_EHTTP         not HTTP, or a head larger than TUV_HTTP_MAX_HEAD
 * A refusal is reported at the end of its head, without waiting for its body. The text quotes the
 * printable bytes of the body that arrived together with the head, up to a '?', because an answer
 * may repeat the query string of the request with its token. Interim answers (1xx but 101) are
 * skipped. */
int tuv_http_upgrade_feed(tuv_http_upgrade_t* upgrade, const char* data, size_t size,
                          size_t* consumed, tuv_errmsg_t* err);

/* The error above for an HTTP status that is neither 101 nor a success. */
int tuv_http_refusal(int status);

/* Writes the value of a Host header, with an IPv6 address in brackets and without its zone. Returns
 * its length as snprintf does. */
int tuv_http_write_host(char* buf, size_t size, const char* host, uint16_t port);

/* Whether a text has no spaces and control characters, which would end a line of the head. */
bool tuv_http_is_safe(const char* text);

/* The error for a connection that ended before the answer was complete: TUV_EHTTP with a text. */
int tuv_http_upgrade_eof(const tuv_http_upgrade_t* upgrade, tuv_errmsg_t* err);

#endif
