/* Answers to HTTP requests, read by llhttp. */
#include "wire/http/reply.h"

#include <string.h>

#include "wire/http/reply_body.h"
#include "wire/http/text.h"
#include "wire/status.h"

static tuv_http_reply_t* reply_of(llhttp_t* parser) {
  return parser->data;
}

static int on_header_field(llhttp_t* parser, const char* at, size_t length) {
  tuv_http_line_name(&reply_of(parser)->line, at, length);
  return 0;
}

static int on_header_value(llhttp_t* parser, const char* at, size_t length) {
  tuv_http_line_value(&reply_of(parser)->line, at, length);
  return 0;
}

static void take_encoding(tuv_http_reply_t* reply, tuv_http_span_t value) {
  if (tuv_text_is(value, "identity")) return;
  bool gzip = tuv_text_is(value, "gzip") || tuv_text_is(value, "x-gzip");
  if (!gzip || reply->gzip || !tuv_deflate_available()) reply->bad_encoding = true;
  reply->gzip = true;
}

static void take_header(tuv_http_reply_t* reply) {
  tuv_http_span_t name, value;
  bool more;
  if (!tuv_http_line_end(&reply->line, &name, &value)) return;
  if (tuv_text_is(name, "content-type")) {
    reply->json = tuv_text_is(tuv_text_split(&value, ';', &more), "application/json");
  } else if (tuv_text_is(name, "content-encoding")) {
    take_encoding(reply, value);
  } else if (tuv_text_is(name, "location")) {
    tuv_http_location(value, reply->location, sizeof reply->location);
  } else if (tuv_text_is(name, "retry-after")) {
    reply->retry_after = tuv_http_seconds(value);
  }
}

static int on_header_value_complete(llhttp_t* parser) {
  tuv_http_reply_t* reply = reply_of(parser);
  if (reply->in_head) take_header(reply); /* otherwise it is a trailer */
  tuv_http_line_begin(&reply->line);
  return 0;
}

/* Resets what a head states. The head of an interim answer does not count for the final one. */
static void forget_head(tuv_http_reply_t* reply) {
  reply->status = 0;
  reply->json = reply->gzip = reply->bad_encoding = false;
  reply->retry_after = 0;
  reply->location[0] = 0;
  reply->in_head = true;
  tuv_http_line_begin(&reply->line);
}

static int on_headers_complete(llhttp_t* parser) {
  tuv_http_reply_t* reply = reply_of(parser);
  reply->status = llhttp_get_status_code(parser);
  reply->in_head = false;
  if (parser->http_major != 1)
    return tuv_http_reply_stop(
        reply, tuv_fail(reply->err, TUV_EPROTO, "the answer is HTTP/%u.%u, not HTTP/1.1",
                        parser->http_major, parser->http_minor));
  if (reply->status == 101)
    return tuv_http_reply_stop(
        reply, tuv_fail(reply->err, TUV_EHTTP, "the server switched to another protocol"));
  bool bodiless = reply->status / 100 == 1 || reply->status == 204 || reply->status == 304;
  if (bodiless) return 1; /* whatever the headers state (RFC 9112, 6.3) */
  if (reply->bad_encoding)
    return tuv_http_reply_stop(
        reply, tuv_fail(reply->err, TUV_EHTTP,
                        "the answer has a Content-Encoding that was not asked for"));
  if (reply->gzip) {
    if (reply->inflater == NULL) reply->inflater = tuv_inflater_create_gzip(reply->alloc);
    if (reply->inflater == NULL)
      return tuv_http_reply_stop(
          reply, tuv_fail(reply->err, TUV_ENOMEM, "no memory to inflate an answer"));
    tuv_inflater_begin(reply->inflater, reply->limit);
  }
  return 0;
}

static int on_body(llhttp_t* parser, const char* at, size_t length) {
  tuv_http_reply_t* reply = reply_of(parser);
  reply->rest = (const uint8_t*) at;
  reply->rest_size = length;
  return tuv_http_reply_go_on(reply);
}

static int on_message_complete(llhttp_t* parser) {
  tuv_http_reply_t* reply = reply_of(parser);
  if (reply->status / 100 == 1) {
    forget_head(reply);
    return 0;
  }
  bool body = reply->gzip && reply->status != 204 && reply->status != 304;
  if (body && !tuv_inflater_complete(reply->inflater))
    return tuv_http_reply_stop(reply,
                               tuv_fail(reply->err, TUV_EHTTP, "the answer's gzip is cut off"));
  reply->keep_alive = llhttp_should_keep_alive(parser) != 0;
  reply->done = true;
  return HPE_PAUSED;
}

void tuv_http_reply_init(tuv_http_reply_t* reply, const tuv_alloc_t* alloc, uint64_t limit,
                         tuv_http_body_t body, void* context) {
  memset(reply, 0, sizeof *reply);
  reply->alloc = alloc;
  reply->limit = limit;
  reply->on_body = body;
  reply->context = context;
  reply->allowance = SIZE_MAX;
  llhttp_settings_init(&reply->settings);
  reply->settings.on_header_field = on_header_field;
  reply->settings.on_header_value = on_header_value;
  reply->settings.on_header_value_complete = on_header_value_complete;
  reply->settings.on_headers_complete = on_headers_complete;
  reply->settings.on_body = on_body;
  reply->settings.on_message_complete = on_message_complete;
}

void tuv_http_reply_free(tuv_http_reply_t* reply) {
  tuv_inflater_free(reply->inflater);
  reply->inflater = NULL;
}

void tuv_http_reply_begin(tuv_http_reply_t* reply) {
  llhttp_init(&reply->parser, HTTP_RESPONSE, &reply->settings);
  reply->parser.data = reply;
  forget_head(reply);
  reply->keep_alive = reply->done = reply->quote_ended = reply->pending = false;
  reply->size = 0;
  reply->head_size = reply->quote_size = 0;
  reply->quote[0] = 0;
  reply->failure = 0;
}

static int not_http(const tuv_http_reply_t* reply, tuv_errmsg_t* err) {
  const char* reason = llhttp_get_error_reason(&reply->parser);
  return tuv_fail(err, TUV_EHTTP, "the answer is not HTTP: %s", reason == NULL ? "" : reason);
}

/* Gives llhttp a piece. Returns what tuv_http_reply_feed returns. */
static int execute(tuv_http_reply_t* reply, const char* data, size_t size, size_t* took,
                   tuv_errmsg_t* err) {
  llhttp_errno_t code = llhttp_execute(&reply->parser, data, size);
  *took = size;
  if (reply->failure != 0) return reply->failure;
  if (reply->done) {
    const char* end = llhttp_get_error_pos(&reply->parser);
    *took = code == HPE_PAUSED && end != NULL ? (size_t) (end - data) : size;
    return 1;
  }
  if (reply->pending) {
    *took = (size_t) (llhttp_get_error_pos(&reply->parser) - data);
    return TUV_HTTP_PAUSED;
  }
  return code == HPE_OK ? 0 : not_http(reply, err);
}

/* Passes on what is pending. Returns what tuv_http_reply_feed returns; 0: llhttp can go on. */
static int resume(tuv_http_reply_t* reply) {
  tuv_http_reply_go_on(reply);
  if (reply->failure != 0) return reply->failure;
  if (reply->pending) return TUV_HTTP_PAUSED;
  llhttp_resume(&reply->parser);
  return 0;
}

int tuv_http_reply_feed(tuv_http_reply_t* reply, const char* data, size_t size, size_t* consumed,
                        tuv_errmsg_t* err) {
  *consumed = 0;
  reply->err = err;
  bool resumed = reply->pending;
  int status = resumed ? resume(reply) : 0;
  while (status == 0 && (*consumed < size || resumed)) {
    resumed = false; /* llhttp may report the end of the answer without another byte */
    size_t piece = size - *consumed, took;
    size_t room = TUV_HTTP_MAX_HEAD - reply->head_size;
    if (reply->in_head && room == 0)
      return tuv_fail(err, TUV_EHTTP, "the answer is not HTTP: its head is too large");
    if (reply->in_head && piece > room) piece = room;
    bool head = reply->in_head;
    status = execute(reply, data + *consumed, piece, &took, err);
    if (head) reply->head_size += took;
    *consumed += took;
  }
  reply->err = NULL;
  return status;
}

int tuv_http_reply_eof(tuv_http_reply_t* reply, tuv_errmsg_t* err) {
  reply->err = err;
  llhttp_errno_t code = llhttp_finish(&reply->parser);
  reply->err = NULL;
  if (reply->failure != 0) return reply->failure;
  if (reply->done) {
    reply->keep_alive = false;
    return 1;
  }
  (void) code;
  if (!tuv_http_reply_begun(reply))
    return tuv_fail(err, TUV_EHTTP, "the server closed the connection without an answer");
  return tuv_fail(err, TUV_EHTTP, "the server closed the connection within its answer");
}
