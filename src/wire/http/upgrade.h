/* The HTTP upgrade of a WebSocket client: the request written, the answer read (llhttp). */
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
#define TUV_HTTP_MAX_HEAD 16384u /* bytes of an answer's head (status line and headers) */

/* Writes base64(nonce) to key and the Sec-WebSocket-Accept that answers it; both NUL-terminated.
 * Should SHA-1 not be available, the accept is an empty string, which no answer can match. */
void tuv_http_key(const uint8_t nonce[16], char key[TUV_HTTP_KEY_SIZE + 1],
                  char accept[TUV_HTTP_ACCEPT_SIZE + 1]);
/* The accept for a key that a client sent (for the bundled server). */
void tuv_http_accept(const char* key, size_t length, char accept[TUV_HTTP_ACCEPT_SIZE + 1]);

/* Writes the upgrade request; returns its length as snprintf does. `host` is as in a URL (an IPv6
 * address without brackets), `path` begins with '/' and carries its query string, `offer` is for
 * permessage-deflate. Characters that would end a header line are refused: returns -1. */
int tuv_http_write_upgrade(char* buf, size_t size, const char* host, uint16_t port,
                           const char* path, const char* key, tuv_http_offer_t offer);

/* Reads the answer to an upgrade. Points into itself: not to be moved between init and the end. */
typedef struct tuv_http_upgrade_s {
  llhttp_t parser;
  llhttp_settings_t settings;
  char accept[TUV_HTTP_ACCEPT_SIZE + 1]; /* what Sec-WebSocket-Accept must be */
  size_t seen;                           /* bytes of the head so far, 1xx heads included */
  int status;                            /* HTTP status; 0 before it was read */
  bool done;                             /* the head is complete: nothing more is read */
  int result;                            /* when done: what feed returned, and returns again */
  tuv_http_offer_t offer;                /* NONE: an extension in the answer is an error */
  bool deflate;              /* the server agreed to permessage-deflate (with allowed parameters) */
  tuv_http_deflate_t agreed; /* and on what */
  /* working fields of the header parser */
  tuv_http_line_t line;
  char location[128];   /* of a redirect: its header, cut */
  uint32_t retry_after; /* of a refusal: seconds; 0: not told */
  char body[128];       /* of a refusal: its first bytes, printable ones */
  size_t body_size;
  bool has_upgrade, bad_upgrade, has_connection, has_accept, accept_ok, bad_extension, has_protocol;
} tuv_http_upgrade_t;

void tuv_http_upgrade_init(tuv_http_upgrade_t* upgrade, const char accept[TUV_HTTP_ACCEPT_SIZE + 1],
                           tuv_http_offer_t offer);

/* Feeds bytes. Returns 1 when the server has switched (*consumed says how many of these bytes were
 * the answer; what follows are frames), 0 when more is needed (all were consumed), or an error
 * with its text in `err`:
 *   TUV_EREDIRECT     301, 302, 303, 307, 308 (text: the Location without its query)
 *   TUV_EAUTH         401, 403, 407
 *   TUV_ENOENDPOINT   404, 405, 410
 *   TUV_EUNAVAIL      429, 502, 503, 504
 *   TUV_EUPGRADE      any other status; 101 without or with wrong Upgrade, Connection,
 *                     Sec-WebSocket-Accept, an extension or protocol that was not offered (or one
 *                     whose parameters are not allowed, wire/http/text.h)
 *   TUV_EHTTP         no HTTP, or a head larger than TUV_HTTP_MAX_HEAD
 * A refusal may be reported at the end of its head, without waiting for its body; the first body
 * bytes that came along are quoted in the text (printable ones only, and no further than a '?',
 * because an answer may repeat the request's query string with its token). Interim answers (1xx but
 * 101) are skipped. */
int tuv_http_upgrade_feed(tuv_http_upgrade_t* upgrade, const char* data, size_t size,
                          size_t* consumed, tuv_errmsg_t* err);

/* What an answer's HTTP status means that is neither 101 nor a success: one of the above. */
int tuv_http_refusal(int status);

/* Writes a Host header's value, an IPv6 address in brackets and without its zone; returns its
 * length as snprintf does. */
int tuv_http_write_host(char* buf, size_t size, const char* host, uint16_t port);

/* Neither spaces nor control characters: they would end the request line or a header. */
bool tuv_http_is_safe(const char* text);

/* The connection ended while the answer was incomplete: TUV_EHTTP with a text. */
int tuv_http_upgrade_eof(const tuv_http_upgrade_t* upgrade, tuv_errmsg_t* err);

#endif
