/* The body of an answer (wire/http/reply.h), passed on in pieces and inflated if it is gzip. */
#ifndef TUV_WIRE_HTTP_REPLY_BODY_H
#define TUV_WIRE_HTTP_REPLY_BODY_H

#include "wire/http/reply.h"

/* Notes why the answer failed. Returns the code that stops llhttp; any code but 0 does. */
static inline int tuv_http_reply_stop(tuv_http_reply_t* reply, int failure) {
  reply->failure = failure;
  return -1;
}

/* Passes on as much of reply->rest as is there and allowed. Returns 0, HPE_PAUSED when the
 * allowance is used up, or the code of tuv_http_reply_stop. */
int tuv_http_reply_go_on(tuv_http_reply_t* reply);

#endif
