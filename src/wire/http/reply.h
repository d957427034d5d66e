/* Answers to HTTP requests on one connection, read by llhttp. Heads are kept as far as they matter;
 * bodies are passed on in pieces, and inflated if they are gzip. */
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

/* Takes a piece of a body, which is inflated. Returns 0, or an error with a text in `err`, with
 * which the answer fails. */
typedef int (*tuv_http_body_t)(void* context, const uint8_t* data, size_t size, tuv_errmsg_t* err);

/* One reader serves all answers of a connection. It must not be moved after it was initialised. */
typedef struct tuv_http_reply_s {
  /* about the answer that is being read, or was read last */
  int status;      /* of HTTP; 0 before it was read */
  bool json;       /* according to its Content-Type */
  bool keep_alive; /* valid when it is complete: the connection can be used again */
  bool done;
  uint64_t size;        /* of the body so far, inflated */
  uint32_t retry_after; /* seconds; 0: not stated */
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
  const uint8_t* rest; /* bytes of the body that were fed and not passed on yet */
  size_t rest_size;
  bool pending; /* the next feed has to pass them on */
  /* How many bytes of a body, inflated, may still be passed on. A feed stops when it is used up,
   * after at most 16 KiB more. The caller sets it before each feed; it is SIZE_MAX at first. */
  size_t allowance;
} tuv_http_reply_t;

/* `limit` is the largest size of a body, inflated. */
void tuv_http_reply_init(tuv_http_reply_t* reply, const tuv_alloc_t* alloc, uint64_t limit,
                         tuv_http_body_t on_body, void* context);
void tuv_http_reply_free(tuv_http_reply_t* reply);

/* Begins the answer to a request that was just sent. */
void tuv_http_reply_begin(tuv_http_reply_t* reply);

/* Feeds bytes. Returns 1 when the answer is complete (*consumed is the number of bytes that belong
 * to it), 0 when it needs more bytes, or an error with a text in `err`, after which the connection
 * cannot be used any more:
 *   TUV_EHTTP     not HTTP, a head larger than TUV_HTTP_MAX_HEAD, a Content-Encoding that was not
 *                 asked for, or a body that is not gzip although its head states it
 *   TUV_EMSGSIZE  a body larger than the limit
 *   TUV_ENOMEM    no memory to inflate it
 * or what on_body returned. Interim answers (1xx) are skipped.
 * TUV_HTTP_PAUSED: the allowance is used up. The next feed gets the bytes behind *consumed, of
 * which there may be none. Until then the bytes that were fed must stay valid. */
#define TUV_HTTP_PAUSED 2

int tuv_http_reply_feed(tuv_http_reply_t* reply, const char* data, size_t size, size_t* consumed,
                        tuv_errmsg_t* err);

/* Called when the connection has ended. Returns 1 if that completes the answer, as HTTP allows for
 * a body without a length, and otherwise TUV_EHTTP. */
int tuv_http_reply_eof(tuv_http_reply_t* reply, tuv_errmsg_t* err);

/* Whether a byte of the answer has arrived. */
static inline bool tuv_http_reply_begun(const tuv_http_reply_t* reply) {
  return reply->head_size > 0;
}

#endif
