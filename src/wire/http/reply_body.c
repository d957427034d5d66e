/* The body of an answer, passed on in pieces and inflated if it is gzip. */
#include "wire/http/reply_body.h"

#include "wire/status.h"

/* Keeps the beginning of a body for error texts, up to a '?': a body may repeat the query string of
 * the request, which has a token in it. */
static void quote(tuv_http_reply_t* reply, const uint8_t* data, size_t size) {
  for (size_t i = 0; i < size && !reply->quote_ended; i++) {
    reply->quote_ended = data[i] == '?' || reply->quote_size == sizeof reply->quote - 1;
    if (!reply->quote_ended && data[i] >= ' ' && data[i] < 0x7F)
      reply->quote[reply->quote_size++] = (char) data[i];
  }
  reply->quote[reply->quote_size] = 0;
}

static int too_big(tuv_http_reply_t* reply) {
  return tuv_http_reply_stop(
      reply, tuv_fail(reply->err, TUV_EMSGSIZE,
                      "the server sends an answer larger than max_message_size (%llu bytes)",
                      (unsigned long long) reply->limit));
}

static int hand_on(tuv_http_reply_t* reply, const uint8_t* data, size_t size) {
  if (size > reply->limit - reply->size) return too_big(reply);
  reply->size += size;
  reply->allowance -= size < reply->allowance ? size : reply->allowance;
  quote(reply, data, size);
  int status = size > 0 ? reply->on_body(reply->context, data, size, reply->err) : 0;
  return status < 0 ? tuv_http_reply_stop(reply, status) : 0;
}

/* How much is inflated and passed on at a time. */
#define PIECE 16384u

static int inflate_rest(tuv_http_reply_t* reply) {
  uint8_t out[PIECE];
  tuv_deflate_io_t io = {reply->rest, reply->rest_size, NULL, 0};
  tuv_deflate_status_t status;
  do {
    if (reply->allowance == 0) {
      reply->rest = io.in;
      reply->rest_size = io.in_size;
      return HPE_PAUSED;
    }
    io.out = out;
    io.room = sizeof out;
    status = tuv_inflater_run(reply->inflater, &io, false);
    if (status == TUV_DEFLATE_TOO_BIG) return too_big(reply);
    if (status == TUV_DEFLATE_NOMEM)
      return tuv_http_reply_stop(
          reply, tuv_fail(reply->err, TUV_ENOMEM, "no memory to inflate an answer"));
    if (status == TUV_DEFLATE_CORRUPT)
      return tuv_http_reply_stop(reply,
                                 tuv_fail(reply->err, TUV_EHTTP, "the answer's gzip is corrupt"));
    int result = hand_on(reply, out, sizeof out - io.room);
    if (result != 0) return result;
  } while (status == TUV_DEFLATE_FULL);
  return 0;
}

static int hand_on_rest(tuv_http_reply_t* reply) {
  while (reply->rest_size > 0) {
    size_t size = reply->rest_size < PIECE ? reply->rest_size : PIECE;
    if (reply->allowance == 0) return HPE_PAUSED;
    int result = hand_on(reply, reply->rest, size);
    if (result != 0) return result;
    reply->rest += size;
    reply->rest_size -= size;
  }
  return 0;
}

int tuv_http_reply_go_on(tuv_http_reply_t* reply) {
  int result = reply->gzip ? inflate_rest(reply) : hand_on_rest(reply);
  reply->pending = result == HPE_PAUSED;
  return result;
}
