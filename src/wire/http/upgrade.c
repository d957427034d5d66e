/* The answer to an upgrade, read by llhttp. */
#include "wire/http/upgrade.h"

#include <string.h>

#include "wire/http/text.h"
#include "wire/status.h"

static void take_accept(tuv_http_upgrade_t* upgrade, tuv_http_span_t value) {
  /* A second one means that something between client and server answers, too. */
  upgrade->accept_ok = !upgrade->has_accept && value.size == TUV_HTTP_ACCEPT_SIZE &&
                       memcmp(value.at, upgrade->accept, TUV_HTTP_ACCEPT_SIZE) == 0;
  upgrade->has_accept = true;
}

static void take_extensions(tuv_http_upgrade_t* upgrade, tuv_http_span_t value) {
  bool offered = upgrade->offer != TUV_HTTP_DEFLATE_NONE;
  if (upgrade->deflate || !offered ||
      !tuv_http_deflate_answer(value, upgrade->offer, &upgrade->agreed))
    upgrade->bad_extension = true;
  upgrade->deflate = true;
}

/* Called with each complete header line. */
static void take_header(tuv_http_upgrade_t* upgrade) {
  tuv_http_span_t name, value;
  if (!tuv_http_line_end(&upgrade->line, &name, &value)) return;
  if (tuv_text_is(name, "location")) {
    if (upgrade->location[0] == '\0')
      tuv_http_location(value, upgrade->location, sizeof upgrade->location);
    return;
  }
  if (tuv_text_is(name, "retry-after")) upgrade->retry_after = tuv_http_seconds(value);
  if (upgrade->line.value_cut) value.size = 0; /* a value that was cut counts as wrong */
  if (tuv_text_is(name, "upgrade")) {
    upgrade->has_upgrade = true;
    if (!tuv_text_is(value, "websocket")) upgrade->bad_upgrade = true;
  } else if (tuv_text_is(name, "connection")) {
    if (tuv_text_list_has(value, "upgrade")) upgrade->has_connection = true;
  } else if (tuv_text_is(name, "sec-websocket-accept")) {
    take_accept(upgrade, value);
  } else if (tuv_text_is(name, "sec-websocket-extensions")) {
    take_extensions(upgrade, value);
  } else if (tuv_text_is(name, "sec-websocket-protocol")) {
    upgrade->has_protocol = true;
  }
}

static int on_header_field(llhttp_t* parser, const char* at, size_t length) {
  tuv_http_line_name(&((tuv_http_upgrade_t*) parser->data)->line, at, length);
  return 0;
}

static int on_header_value(llhttp_t* parser, const char* at, size_t length) {
  tuv_http_line_value(&((tuv_http_upgrade_t*) parser->data)->line, at, length);
  return 0;
}

static int on_header_value_complete(llhttp_t* parser) {
  tuv_http_upgrade_t* upgrade = parser->data;
  if (!upgrade->done) take_header(upgrade); /* otherwise it is a trailer */
  tuv_http_line_begin(&upgrade->line);
  return 0;
}

static int on_headers_complete(llhttp_t* parser) {
  tuv_http_upgrade_t* upgrade = parser->data;
  upgrade->status = llhttp_get_status_code(parser);
  upgrade->done = upgrade->status == 101 || upgrade->status / 100 != 1;
  /* 2 stops llhttp right behind the head, so that what follows a 1xx is read as a new message.
   * After a refusal llhttp goes on and finds the body. */
  return upgrade->status / 100 == 1 ? 2 : 0;
}

static int on_body(llhttp_t* parser, const char* at, size_t length) {
  tuv_http_upgrade_t* upgrade = parser->data;
  for (size_t i = 0; i < length && upgrade->body_size < sizeof upgrade->body - 1; i++)
    if (at[i] >= ' ' && at[i] < 0x7F) upgrade->body[upgrade->body_size++] = at[i];
  return 0;
}

static int on_message_complete(llhttp_t* parser) {
  tuv_http_upgrade_t* upgrade = parser->data;
  return upgrade->done && upgrade->status != 101 ? HPE_PAUSED
                                                 : 0; /* what follows does not matter */
}

/* Begins a message: the first one, or the one after a 1xx, whose headers do not count. */
static void begin_message(tuv_http_upgrade_t* upgrade) {
  llhttp_init(&upgrade->parser, HTTP_RESPONSE, &upgrade->settings);
  upgrade->parser.data = upgrade;
  upgrade->status = 0;
  upgrade->location[0] = '\0';
  upgrade->retry_after = 0;
  upgrade->deflate = false;
  upgrade->has_upgrade = upgrade->bad_upgrade = upgrade->has_connection = false;
  upgrade->has_accept = upgrade->accept_ok = false;
  upgrade->bad_extension = upgrade->has_protocol = false;
}

void tuv_http_upgrade_init(tuv_http_upgrade_t* upgrade, const char accept[TUV_HTTP_ACCEPT_SIZE + 1],
                           tuv_http_offer_t offer) {
  memset(upgrade, 0, sizeof *upgrade);
  /* An accept of another length stays empty and matches no answer. */
  if (strlen(accept) == TUV_HTTP_ACCEPT_SIZE) memcpy(upgrade->accept, accept, TUV_HTTP_ACCEPT_SIZE);
  upgrade->offer = offer;
  llhttp_settings_init(&upgrade->settings);
  upgrade->settings.on_header_field = on_header_field;
  upgrade->settings.on_header_value = on_header_value;
  upgrade->settings.on_header_value_complete = on_header_value_complete;
  upgrade->settings.on_headers_complete = on_headers_complete;
  upgrade->settings.on_body = on_body;
  upgrade->settings.on_message_complete = on_message_complete;
  begin_message(upgrade);
}

/* An upgrade needs HTTP/1.1 (RFC 6455, 4.1). A refusal may be HTTP/1.0. */
static bool is_right_version(const tuv_http_upgrade_t* upgrade) {
  const llhttp_t* parser = &upgrade->parser;
  return parser->http_major == 1 && (parser->http_minor == 1 || upgrade->status != 101);
}

/* Returns what is wrong with a 101, or NULL. */
static const char* check_switch(const tuv_http_upgrade_t* upgrade) {
  if (!upgrade->has_upgrade || upgrade->bad_upgrade) return "without \"Upgrade: websocket\"";
  if (!upgrade->has_connection) return "without \"Connection: Upgrade\"";
  if (!upgrade->has_accept) return "without Sec-WebSocket-Accept";
  if (!upgrade->accept_ok) return "with a wrong Sec-WebSocket-Accept";
  if (upgrade->bad_extension) return "with a WebSocket extension that was not offered";
  if (upgrade->has_protocol) return "with a WebSocket subprotocol that was not offered";
  return NULL;
}

int tuv_http_refusal(int status) {
  switch (status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308: return TUV_EREDIRECT;
    case 401:
    case 403:
    case 407: return TUV_EAUTH;
    case 404:
    case 405:
    case 410: return TUV_ENOENDPOINT;
    case 429:
    case 502:
    case 503:
    case 504: return TUV_EUNAVAIL;
    default: return TUV_EUPGRADE;
  }
}

/* Decides about the answer when its head is complete. */
static int judge(tuv_http_upgrade_t* upgrade, tuv_errmsg_t* err) {
  if (!is_right_version(upgrade))
    return tuv_fail(err, TUV_EPROTO, "the server answered %d with HTTP/%u.%u, not HTTP/1.1",
                    upgrade->status, upgrade->parser.http_major, upgrade->parser.http_minor);
  if (upgrade->status == 101) {
    const char* wrong = check_switch(upgrade);
    if (wrong == NULL) return 1;
    return tuv_fail(err, TUV_EUPGRADE, "the server answered 101 %s", wrong);
  }
  int result = tuv_http_refusal(upgrade->status);
  if (result == TUV_EREDIRECT)
    return tuv_fail(err, result, "HTTP status %d redirects to %s", upgrade->status,
                    upgrade->location[0] != '\0' ? upgrade->location : "nowhere");
  upgrade->body[upgrade->body_size] = '\0';
  upgrade->body[strcspn(upgrade->body, "?")] = '\0';
  char after[TUV_HTTP_RETRY_TEXT];
  return tuv_fail(err, result, "HTTP status %d%s%s%s", upgrade->status,
                  tuv_http_retry_text(after, upgrade->retry_after),
                  upgrade->body[0] != '\0' ? ": " : "", upgrade->body);
}

static int not_http(tuv_http_upgrade_t* upgrade, tuv_errmsg_t* err, const char* text) {
  upgrade->done = true;
  upgrade->result = TUV_EHTTP;
  return tuv_fail(err, TUV_EHTTP, "the answer to the upgrade is not HTTP: %s", text);
}

/* Gives llhttp bytes up to the end of a head, and returns how many it took. */
static size_t execute(tuv_http_upgrade_t* upgrade, const char* data, size_t size,
                      llhttp_errno_t* code) {
  *code = llhttp_execute(&upgrade->parser, data, size);
  if (*code != HPE_PAUSED_UPGRADE) return size;
  const char* stop = llhttp_get_error_pos(&upgrade->parser);
  return (size_t) (stop - data);
}

int tuv_http_upgrade_feed(tuv_http_upgrade_t* upgrade, const char* data, size_t size,
                          size_t* consumed, tuv_errmsg_t* err) {
  *consumed = 0;
  if (upgrade->done) {
    if (upgrade->result == 1) return 1;
    return tuv_fail(err, upgrade->result, "the upgrade has already failed");
  }
  while (*consumed < size) {
    size_t room = TUV_HTTP_MAX_HEAD - upgrade->seen, left = size - *consumed;
    if (room == 0) return not_http(upgrade, err, "its head is too large");
    llhttp_errno_t code;
    size_t took = execute(upgrade, data + *consumed, left < room ? left : room, &code);
    *consumed += took;
    upgrade->seen += took;
    bool stopped = code == HPE_PAUSED_UPGRADE; /* the head ends after `took` bytes */
    if (upgrade->done && (stopped || upgrade->status != 101))
      return upgrade->result = judge(upgrade, err);
    if (stopped)
      begin_message(upgrade); /* after a 1xx */
    else if (code != HPE_OK)
      return not_http(upgrade, err, llhttp_get_error_reason(&upgrade->parser));
  }
  return 0;
}

int tuv_http_upgrade_eof(const tuv_http_upgrade_t* upgrade, tuv_errmsg_t* err) {
  if (upgrade->seen == 0)
    return tuv_fail(err, TUV_EHTTP, "the server closed the connection without an answer");
  return tuv_fail(err, TUV_EHTTP, "the server closed the connection within its answer (%zu bytes)",
                  upgrade->seen);
}
