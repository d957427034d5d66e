/* The upgrade on the server's side: the request read, and answered as taosAdapter does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "wire/http/upgrade.h"
#include "ws/conn.h"
#include "ws/deflate.h"
#include "ws/http_request.h"
#include "ws/out.h"
#include "ws/upgrade.h"

#define MAX_REQUEST 65536u

static void append(char* text, size_t capacity, size_t* size, const char* data, size_t length) {
  for (size_t i = 0; i < length && *size + 1 < capacity; i++) text[(*size)++] = data[i];
  text[*size] = '\0';
}

static int on_url(llhttp_t* parser, const char* data, size_t size) {
  ts_upgrade_t* upgrade = parser->data;
  append(upgrade->path, sizeof upgrade->path, &upgrade->path_size, data, size);
  return 0;
}

static int on_field(llhttp_t* parser, const char* data, size_t size) {
  ts_upgrade_t* upgrade = parser->data;
  append(upgrade->field, sizeof upgrade->field, &upgrade->field_size, data, size);
  return 0;
}

static int on_value(llhttp_t* parser, const char* data, size_t size) {
  ts_upgrade_t* upgrade = parser->data;
  append(upgrade->value, sizeof upgrade->value, &upgrade->value_size, data, size);
  return 0;
}

/* Whether a comma-separated list has the word, in any case. */
static bool has_word(const char* list, const char* word) {
  size_t size = strlen(word);
  for (; *list != '\0'; list++)
    if (strncasecmp(list, word, size) == 0) return true;
  return false;
}

static int on_value_complete(llhttp_t* parser) {
  ts_upgrade_t* upgrade = parser->data;
  const char* field = upgrade->field;
  const char* value = upgrade->value;
  if (strcasecmp(field, "upgrade") == 0) upgrade->has_upgrade = has_word(value, "websocket");
  if (strcasecmp(field, "connection") == 0) upgrade->has_connection = has_word(value, "upgrade");
  if (strcasecmp(field, "sec-websocket-version") == 0)
    upgrade->has_version = strcmp(value, "13") == 0;
  if (strcasecmp(field, "sec-websocket-key") == 0)
    snprintf(upgrade->key, sizeof upgrade->key, "%.63s", value);
  if (strcasecmp(field, "authorization") == 0)
    snprintf(upgrade->authorization, sizeof upgrade->authorization, "%s", value);
  if (strcasecmp(field, "accept-encoding") == 0) upgrade->accepts_gzip = has_word(value, "gzip");
  if (strcasecmp(field, "sec-websocket-extensions") == 0)
    upgrade->offers_deflate = has_word(value, "permessage-deflate");
  upgrade->field_size = upgrade->value_size = 0;
  upgrade->value[0] = '\0';
  return 0;
}

static int on_body(llhttp_t* parser, const char* data, size_t size) {
  ts_upgrade_t* upgrade = parser->data;
  ts_buf_add(&upgrade->body, data, size);
  return 0;
}

/* After an upgrade llhttp stops by itself. */
static int on_complete(llhttp_t* parser) {
  ts_upgrade_t* upgrade = parser->data;
  upgrade->complete = true;
  ts_buf_add(&upgrade->body, "", 1); /* a NUL that does not count */
  upgrade->body.size--;
  upgrade->last = llhttp_should_keep_alive(parser) == 0;
  return parser->upgrade ? 0 : HPE_PAUSED;
}

void ts_upgrade_init(ts_conn_t* conn) {
  ts_upgrade_t* upgrade = &conn->upgrade;
  llhttp_settings_init(&upgrade->settings);
  upgrade->settings.on_url = on_url;
  upgrade->settings.on_header_field = on_field;
  upgrade->settings.on_header_value = on_value;
  upgrade->settings.on_header_value_complete = on_value_complete;
  upgrade->settings.on_body = on_body;
  upgrade->settings.on_message_complete = on_complete;
  llhttp_init(&upgrade->parser, HTTP_REQUEST, &upgrade->settings);
  upgrade->parser.data = upgrade;
}

static void refuse(ts_conn_t* conn, const char* answer) {
  ts_out_bytes(conn, answer, strlen(answer));
  ts_conn_finish(conn);
}

/* Whether the path is one of those served: words with blanks between them. */
static bool right_path(const ts_conn_t* conn) {
  size_t size = strcspn(conn->upgrade.path, "?");
  for (const char* word = conn->peer->options.path; *word != '\0';) {
    size_t length = strcspn(word, " ");
    if (size == length && memcmp(conn->upgrade.path, word, size) == 0) return true;
    word += length + (word[length] == ' ');
  }
  return false;
}

static void not_found(ts_conn_t* conn) {
  refuse(conn,
         "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\n"
         "Content-Length: 18\r\n\r\n404 page not found");
}

static void accept_websocket(ts_conn_t* conn) {
  /* Whatever the offer's parameters are, as the gateway does. */
  static const char agreed[] =
      "Sec-WebSocket-Extensions: permessage-deflate; "
      "server_no_context_takeover; client_no_context_takeover\r\n";
  bool deflate = conn->peer->options.deflate && conn->upgrade.offers_deflate &&
                 ts_deflate_init(conn);
  char answer[384];
  char accept[TUV_HTTP_ACCEPT_SIZE + 1];
  tuv_http_accept(conn->upgrade.key, strlen(conn->upgrade.key), accept);
  int size = snprintf(answer, sizeof answer,
                      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                      "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n",
                      accept, deflate ? agreed : "");
  conn->opened = true;
  conn->peer->counters.upgraded++;
  tuv_ws_reader_init(&conn->reader, true, deflate);
  ts_out_bytes(conn, answer, (size_t) size);
  if (conn->peer->options.opened != NULL) conn->peer->options.opened(conn);
}

static void answer(ts_conn_t* conn) {
  const ts_upgrade_t* upgrade = &conn->upgrade;
  const ts_fault_t* fault = &conn->fault;
  if (fault->upgrade_silent) {
    conn->out_closed = true;
  } else if (fault->upgrade_answer != NULL) {
    ts_out_bytes(conn, fault->upgrade_answer, fault->upgrade_answer_size);
    if (!fault->upgrade_keep_open) ts_conn_finish(conn);
  } else if (upgrade->parser.method != HTTP_GET || !right_path(conn)) {
    if (!ts_http_request(conn)) not_found(conn);
  } else if (!upgrade->has_upgrade || !upgrade->has_connection || !upgrade->has_version ||
             upgrade->key[0] == '\0') {
    refuse(conn,
           "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
           "Sec-Websocket-Version: 13\r\nX-Content-Type-Options: nosniff\r\n"
           "Content-Length: 12\r\n\r\nBad Request\n");
  } else {
    accept_websocket(conn);
  }
}

/* The next request on the same connection. */
static void forget_request(ts_upgrade_t* upgrade) {
  upgrade->text.size = upgrade->body.size = 0;
  upgrade->path_size = upgrade->field_size = upgrade->value_size = 0;
  upgrade->authorization[0] = '\0';
  upgrade->accepts_gzip = upgrade->complete = false;
  llhttp_resume(&upgrade->parser);
}

size_t ts_upgrade_feed(ts_conn_t* conn, const char* data, size_t size) {
  ts_upgrade_t* upgrade = &conn->upgrade;
  if (upgrade->pending) {
    ts_buf_add(&upgrade->beyond, data, size);
    return size;
  }
  if (upgrade->complete) forget_request(upgrade);
  if (upgrade->text.size >= MAX_REQUEST || conn->out_closed || conn->finish_when_flushed)
    return size;
  llhttp_errno_t status = llhttp_execute(&upgrade->parser, data, size);
  size_t used = size; /* unless frames or another request follow in the same read */
  if (status == HPE_PAUSED_UPGRADE || status == HPE_PAUSED)
    used = (size_t) (llhttp_get_error_pos(&upgrade->parser) - data);
  if (upgrade->body.size == 0) ts_buf_add(&upgrade->text, data, used);
  if (upgrade->complete) {
    ts_buf_add(&upgrade->text, "", 1);
    answer(conn);
  } else if (status != HPE_OK || upgrade->text.size >= MAX_REQUEST) {
    refuse(conn,
           "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
           "Connection: close\r\n\r\n400 Bad Request");
    return size;
  }
  return used;
}
