/* Answers to HTTP requests on one connection (llhttp): heads read, bodies handed on in pieces. */
#ifndef TUV_WIRE_HTTP_REPLY_H
#define TUV_WIRE_HTTP_REPLY_H

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/alloc.h"
#include "util/errmsg.h"
#include "wire/deflate/deflate.h"
#include "wire/http/upgrade.h"

/* Takes a piece of a body, inflated if need be. Returns 0, or an error with a text in `err`: then
 * the answer has failed with it. */
typedef int (*tuv_http_body_t)(void* context, const uint8_t* data, size_t size, tuv_errmsg_t* err);

/* One reader serves answer after answer. Not to be moved once it is initialised. */
typedef struct tuv_http_reply_s {
  /* of the answer in progress, or just read */
  int status;      /* HTTP's; 0 before it was read */
  bool json;       /* by its Content-Type */
  bool keep_alive; /* once it is complete: the connection can be used again */
  bool done;
  uint64_t size;        /* of the body so far, inflated */
  uint32_t retry_after; /* seconds; 0: not told */
  char location[128];   /* of a redirect, without its query */
  char quote[128];      /* the first printable bytes of the body, up to a '?' */
  /* working fields */
  const tuv_alloc_t* alloc;
  uint64_t limit;
  tuv_http_body_t on_body;
  void* context;
  llhttp_t parser;
  llhttp_settings_t settings;
  tuv_http_line_t line;
  tuv_inflater_t* inflater; /* made when first needed */
  bool gzip, bad_encoding, in_head, quote_ended;
  int failure;
  size_t head_size, quote_size;
  tuv_errmsg_t* err;   /* during a feed */
  const uint8_t* rest; /* of the body, not handed on yet: inside what was fed */
  size_t rest_size;
  bool pending; /* it is to be handed on by the next feed */
  /* How many bytes of a body may be handed on, inflated; a feed stops when that is used up. The
   * caller sets it before each feed; SIZE_MAX at first. It may be exceeded by 16 KiB. */
  size_t allowance;
} tuv_http_reply_t;

/* `limit` is for a body's bytes, inflated. */
void tuv_http_reply_init(tuv_http_reply_t* reply, const tuv_alloc_t* alloc, uint64_t limit,
                         tuv_http_body_t on_body, void* context);
void tuv_http_reply_free(tuv_http_reply_t* reply);

/* The next answer begins: to a request that was just sent. */
void tuv_http_reply_begin(tuv_http_reply_t* reply);

/* Feeds bytes. Returns 1 when the answer is complete (*consumed says how many of the bytes were of
 * it), 0 when more is needed, or an error with a text in `err`, after which the connection is of no
 * more use:
 *   TUV_EHTTP     no HTTP, a head larger than TUV_HTTP_MAX_HEAD, a Content-Encoding that was not
 *                 asked for, a body that is not gzip though it says so
 *   TUV_EMSGSIZE  a body beyond the limit
 *   TUV_ENOMEM    no memory to inflate it
 * or what on_body returned. Interim answers (1xx) are skipped.
 * TUV_HTTP_PAUSED: the allowance is used up. The next feed is given the bytes behind *consumed, of
 * which there may be none; until then all that was fed must stay where it is. */
#define TUV_HTTP_PAUSED 2

int tuv_http_reply_feed(tuv_http_reply_t* reply, const char* data, size_t size, size_t* consumed,
                        tuv_errmsg_t* err);

/* The connection has ended: 1 when that ends the answer as it may (HTTP allows a body without a
 * length to end so), else TUV_EHTTP. */
int tuv_http_reply_eof(tuv_http_reply_t* reply, tuv_errmsg_t* err);

/* Whether any byte of the answer has come. */
static inline bool tuv_http_reply_begun(const tuv_http_reply_t* reply) {
  return reply->head_size > 0;
}

#endif
