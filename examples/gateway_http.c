/* The HTTP server of the example gateway: connections on the loop, parsed by llhttp. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway_http.h"

gateway_http_t gateway_http;

void gateway_http_stats(gateway_http_stats_t* stats) {
  *stats = gateway_http.stats;
}

/* ---- callbacks of llhttp ---- */

static int give_up(conn_t* conn, int status, const char* why) {
  conn->refusal = status;
  snprintf(conn->why, sizeof conn->why, "%s", why);
  return -1;
}

static int count_head(conn_t* conn, size_t length) {
  conn->head_size += length;
  return conn->head_size > MAX_HEAD ? give_up(conn, 431, "a head of more than 16 KiB") : 0;
}

/* A value that does not fit is cut: no value that the gateway looks for is that long. */
static void append(char* text, size_t* length, size_t room, const char* at, size_t size) {
  if (size > room - 1 - *length) size = room - 1 - *length;
  memcpy(text + *length, at, size);
  *length += size;
  text[*length] = 0;
}

static int on_begin(llhttp_t* parser) {
  conn_t* conn = parser->data;
  conn->begun = 1;
  conn->deadline = uv_now(gateway_http.loop) + gateway_http.timeout;
  return 0;
}

static int on_url(llhttp_t* parser, const char* at, size_t length) {
  conn_t* conn = parser->data;
  if (length >= sizeof conn->url - conn->url_length)
    return give_up(conn, 414, "the URL is too long");
  append(conn->url, &conn->url_length, sizeof conn->url, at, length);
  return 0;
}

static int on_name(llhttp_t* parser, const char* at, size_t length) {
  conn_t* conn = parser->data;
  append(conn->name, &conn->name_length, sizeof conn->name, at, length);
  return count_head(conn, length);
}

static int on_value(llhttp_t* parser, const char* at, size_t length) {
  conn_t* conn = parser->data;
  append(conn->value, &conn->value_length, sizeof conn->value, at, length);
  return count_head(conn, length);
}

static int is_type(const char* value, const char* type) {
  size_t length = strlen(type);
  return strncasecmp(value, type, length) == 0 && strchr("; \t", value[length]) != NULL;
}

/* Line protocol has no content type, and curl sends every body as a form. */
static void read_type(conn_t* conn) {
  conn->json = is_type(conn->value, "application/json");
  conn->unknown = !conn->json && strncasecmp(conn->value, "text/", 5) != 0 &&
                  !is_type(conn->value, "application/octet-stream") &&
                  !is_type(conn->value, "application/x-www-form-urlencoded");
}

static int on_header(llhttp_t* parser) {
  conn_t* conn = parser->data;
  if (++conn->headers > MAX_HEADERS) return give_up(conn, 431, "more than 100 header fields");
  if (conn->value_length == 0) conn->value[0] = 0;
  if (conn->name_length == 0) conn->name[0] = 0;
  if (strcasecmp(conn->name, "content-type") == 0)
    read_type(conn);
  else if (strcasecmp(conn->name, "content-encoding") == 0)
    conn->encoded = strcasecmp(conn->value, "identity") != 0;
  else if (strcasecmp(conn->name, "expect") == 0)
    conn->expects = strcasecmp(conn->value, "100-continue") == 0;
  else if (strcasecmp(conn->name, "origin") == 0)
    conn->foreign = 1;
  conn->name_length = conn->value_length = 0;
  return 0;
}

static int too_large(conn_t* conn) {
  return give_up(conn, 413, "a body of more than 1 MiB");
}

static int on_head(llhttp_t* parser) {
  conn_t* conn = parser->data;
  if (parser->content_length > GATEWAY_MAX_BODY) return too_large(conn);
  if (parser->method == HTTP_CONNECT) return give_up(conn, 400, "there is nothing to connect to");
  parser->upgrade = 0; /* an offer that a server may ignore */
  uv_buf_t go = uv_buf_init((char*) (uintptr_t) "HTTP/1.1 100 Continue\r\n\r\n", 25);
  /* No other answer is being written, so there is room; and no client waits long for it. */
  if (conn->expects && uv_try_write((uv_stream_t*) &conn->tcp, &go, 1) < 0) conn->expects = 0;
  return 0;
}

static int on_body(llhttp_t* parser, const char* at, size_t length) {
  conn_t* conn = parser->data;
  if (length > GATEWAY_MAX_BODY - conn->body_size) return too_large(conn);
  if (length > conn->body_room - conn->body_size) {
    size_t room = (conn->body_size + length) * 2;
    if (room > GATEWAY_MAX_BODY) room = GATEWAY_MAX_BODY;
    char* body = realloc(conn->body, room);
    if (body == NULL) return give_up(conn, 503, "out of memory");
    conn->body = body;
    conn->body_room = room;
  }
  memcpy(conn->body + conn->body_size, at, length);
  conn->body_size += length;
  return 0;
}

/* Stops the parser after each request until it is answered. */
static int on_complete(llhttp_t* parser) {
  ((conn_t*) parser->data)->keep = llhttp_should_keep_alive(parser);
  return HPE_PAUSED;
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
  conn_t* conn = handle->data;
  (void) suggested;
  *buf = uv_buf_init(conn->chunk, CHUNK);
}

static void on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buf) {
  conn_t* conn = stream->data;
  (void) buf;
  if (size < 0) {
    gateway_close(conn);
  } else if (conn->state == READING) {
    conn->at = 0;
    conn->end = (size_t) size;
    gateway_go_on(conn);
  }
}

/* A request that cannot be parsed: the stream has no next request. */
static void end_badly(conn_t* conn) {
  conn->keep = 0;
  conn->at = conn->end = 0;
  gateway_http.stats.requests++;
  gateway_http.stats.refused++;
  if (conn->refusal == 0)
    snprintf(conn->why, sizeof conn->why, "no HTTP request: %s",
             llhttp_get_error_reason(&conn->parser));
  gateway_refuse(conn, conn->refusal != 0 ? conn->refusal : 400, conn->why);
}

void gateway_go_on(conn_t* conn) {
  while (conn->state == READING && conn->at < conn->end) {
    const char* from = conn->chunk + conn->at;
    llhttp_errno_t error = llhttp_execute(&conn->parser, from, conn->end - conn->at);
    if (error == HPE_OK) {
      conn->at = conn->end;
    } else if (error == HPE_PAUSED) {
      conn->at = (size_t) (llhttp_get_error_pos(&conn->parser) - conn->chunk);
      llhttp_resume(&conn->parser);
      gateway_handle(conn);
    } else {
      end_badly(conn);
    }
  }
  if (conn->state == READING || conn->state == LINGERING)
    (void) uv_read_start((uv_stream_t*) &conn->tcp, on_alloc, on_read);
  else if (conn->state != CLOSING)
    uv_read_stop((uv_stream_t*) &conn->tcp);
}

void gateway_http_drained(void) {
  /* A connection that must wait again goes to the end of the queue; the writer is then full. */
  uint64_t waits = gateway_http.stats.waits;
  while (gateway_http.first_waiting != NULL && gateway_http.stats.waits == waits) {
    conn_t* conn = gateway_http.first_waiting;
    gateway_forget_waiting(conn);
    gateway_write_points(conn);
    gateway_go_on(conn);
  }
}

/* ---- the server ---- */

static void on_tick(uv_timer_t* timer) {
  (void) timer;
  uint64_t now = uv_now(gateway_http.loop);
  for (conn_t *conn = gateway_http.conns, *next; conn != NULL; conn = next) {
    next = conn->next;
    if (conn->deadline <= now) gateway_expire(conn);
  }
}

static void on_refused(uv_handle_t* handle) {
  free(handle);
}

/* Accepted only to remove it from the backlog: it gets an answer and is closed. */
static void turn_away(uv_stream_t* listener) {
  static char answer[] =
      "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
      "Retry-After: 1\r\nContent-Length: 0\r\n\r\n";
  uv_buf_t buf = uv_buf_init(answer, sizeof answer - 1);
  uv_tcp_t* tcp = malloc(sizeof *tcp);
  if (tcp == NULL) return;
  uv_tcp_init(gateway_http.loop, tcp);
  if (uv_accept(listener, (uv_stream_t*) tcp) == 0)
    (void) uv_try_write((uv_stream_t*) tcp, &buf, 1);
  uv_close((uv_handle_t*) tcp, on_refused);
}

static void on_connection(uv_stream_t* listener, int status) {
  if (status < 0) return;
  conn_t* conn = gateway_http.stats.connections < MAX_CONNECTIONS ? calloc(1, sizeof *conn) : NULL;
  if (conn == NULL) {
    turn_away(listener);
    return;
  }
  uv_tcp_init(gateway_http.loop, &conn->tcp);
  conn->tcp.data = conn;
  conn->next = gateway_http.conns;
  if (conn->next != NULL) conn->next->prev = conn;
  gateway_http.conns = conn;
  gateway_http.stats.connections++;
  conn->deadline = uv_now(gateway_http.loop) + IDLE_MS;
  llhttp_init(&conn->parser, HTTP_REQUEST, &gateway_http.settings);
  conn->parser.data = conn;
  if (uv_accept(listener, (uv_stream_t*) &conn->tcp) < 0) {
    gateway_close(conn);
    return;
  }
  uv_tcp_nodelay(&conn->tcp, 1);
  gateway_go_on(conn);
}

static void set_callbacks(llhttp_settings_t* settings) {
  llhttp_settings_init(settings);
  settings->on_message_begin = on_begin;
  settings->on_url = on_url;
  settings->on_header_field = on_name;
  settings->on_header_value = on_value;
  settings->on_header_value_complete = on_header;
  settings->on_headers_complete = on_head;
  settings->on_body = on_body;
  settings->on_message_complete = on_complete;
}

int gateway_http_start(uv_loop_t* loop, gateway_http_options_t* options) {
  struct sockaddr_in address;
  struct sockaddr_storage bound;
  int size = sizeof bound;
  gateway_http.loop = loop;
  gateway_http.db = options->db;
  gateway_http.precision = options->precision;
  gateway_http.timeout = options->timeout;
  set_callbacks(&gateway_http.settings);
  uv_tcp_init(loop, &gateway_http.listener);
  uv_timer_init(loop, &gateway_http.tick);
  uv_timer_start(&gateway_http.tick, on_tick, TICK_MS, TICK_MS);
  int status = uv_ip4_addr("127.0.0.1", options->port, &address);
  if (status == 0)
    status = uv_tcp_bind(&gateway_http.listener, (const struct sockaddr*) (void*) &address, 0);
  if (status == 0) status = uv_listen((uv_stream_t*) &gateway_http.listener, 128, on_connection);
  if (status == 0)
    status = uv_tcp_getsockname(&gateway_http.listener, (struct sockaddr*) (void*) &bound, &size);
  if (status == 0) options->port = ntohs(((struct sockaddr_in*) (void*) &bound)->sin_port);
  return status;
}

void gateway_http_stop(void) {
  uv_close((uv_handle_t*) &gateway_http.listener, NULL);
  uv_close((uv_handle_t*) &gateway_http.tick, NULL);
  while (gateway_http.conns != NULL) {
    conn_t* conn = gateway_http.conns;
    if (conn->state == WAITING) {
      gateway_forget_waiting(conn);
      conn->keep = 0;
      gateway_http.stats.refused++;
      gateway_refuse(conn, 503, "the gateway is ending");
    }
    gateway_close(conn);
  }
}
