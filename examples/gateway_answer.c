/* The answers of the example gateway, and the end of its connections. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway_http.h"

/* ---- the end of a connection ---- */

static void on_closed(uv_handle_t* handle) {
  conn_t* conn = handle->data;
  gateway_lines_clear(&conn->lines);
  free(conn->lines.text);
  free(conn->body);
  free(conn->owned);
  free(conn);
}

void gateway_forget_waiting(conn_t* conn) {
  conn_t** link = &gateway_http.first_waiting;
  conn_t* before = NULL;
  for (; *link != NULL && *link != conn; link = &before->behind) before = *link;
  if (*link == NULL) return;
  *link = conn->behind;
  if (gateway_http.last_waiting == conn) gateway_http.last_waiting = before;
  conn->behind = NULL;
  gateway_http.stats.waiting--;
}

void gateway_close(conn_t* conn) {
  if (conn->state == CLOSING) return;
  gateway_forget_waiting(conn);
  conn->state = CLOSING;
  if (conn->prev != NULL) conn->prev->next = conn->next;
  if (conn->next != NULL) conn->next->prev = conn->prev;
  if (gateway_http.conns == conn) gateway_http.conns = conn->next;
  gateway_http.stats.connections--;
  uv_close((uv_handle_t*) &conn->tcp, on_closed);
}

static void on_shutdown(uv_shutdown_t* req, int status) {
  if (status < 0) gateway_close(req->data);
}

/* Closing a connection with unread data would reset it, and the client might not see its answer. So
 * the remaining data is read and dropped for a while. */
static void linger(conn_t* conn) {
  conn->state = LINGERING;
  conn->deadline = uv_now(gateway_http.loop) + LINGER_MS;
  conn->shutdown.data = conn;
  if (uv_shutdown(&conn->shutdown, (uv_stream_t*) &conn->tcp, on_shutdown) < 0) gateway_close(conn);
}

/* ---- answers ---- */

static const char* reason_of(int status) {
  static const struct {
    int status;
    const char* reason;
  } reasons[] = {{200, "OK"},
                 {202, "Accepted"},
                 {400, "Bad Request"},
                 {403, "Forbidden"},
                 {404, "Not Found"},
                 {405, "Method Not Allowed"},
                 {408, "Request Timeout"},
                 {413, "Content Too Large"},
                 {414, "URI Too Long"},
                 {415, "Unsupported Media Type"},
                 {431, "Request Header Fields Too Large"}};
  for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
    if (reasons[i].status == status) return reasons[i].reason;
  return "Service Unavailable";
}

static void drop_large_body(conn_t* conn) {
  conn->body_size = 0;
  if (conn->body_room <= KEPT_BODY) return;
  free(conn->body);
  conn->body = NULL;
  conn->body_room = 0;
}

static void begin_request(conn_t* conn) {
  drop_large_body(conn);
  gateway_lines_clear(&conn->lines);
  conn->url_length = conn->name_length = conn->value_length = conn->head_size = 0;
  conn->headers = conn->begun = conn->refusal = 0;
  conn->json = conn->unknown = conn->encoded = conn->foreign = conn->expects = 0;
}

static void answered(conn_t* conn) {
  free(conn->owned);
  conn->owned = NULL;
  begin_request(conn);
  conn->state = READING;
  conn->deadline = uv_now(gateway_http.loop) + IDLE_MS;
  if (!conn->keep) linger(conn);
}

static void on_written(uv_write_t* req, int status) {
  conn_t* conn = req->data;
  if (conn->state == CLOSING) return;
  if (status < 0) {
    gateway_close(conn);
    return;
  }
  answered(conn);
  gateway_go_on(conn);
}

/* Data that the socket does not accept at once is written later; `body` must stay valid until
 * then. */
static void send_answer(conn_t* conn, size_t head, const char* body, size_t length) {
  uv_buf_t bufs[2] = {uv_buf_init(conn->head, (unsigned) head),
                      uv_buf_init((char*) (uintptr_t) body, (unsigned) length)};
  int sent = uv_try_write((uv_stream_t*) &conn->tcp, bufs, length > 0 ? 2 : 1);
  if (sent < 0 && sent != UV_EAGAIN) {
    gateway_close(conn);
    return;
  }
  size_t done = sent > 0 ? (size_t) sent : 0;
  if (done == head + length) {
    answered(conn);
    return;
  }
  size_t of_head = done < head ? done : head;
  bufs[0] = uv_buf_init(conn->head + of_head, (unsigned) (head - of_head));
  bufs[1] = uv_buf_init((char*) (uintptr_t) body + (done - of_head),
                        (unsigned) (length - (done - of_head)));
  conn->write.data = conn;
  if (uv_write(&conn->write, (uv_stream_t*) &conn->tcp, bufs, 2, on_written) < 0)
    gateway_close(conn);
}

static int is_to_write(const conn_t* conn) {
  return strncmp(conn->url, "/write", 6) == 0 && (conn->url[6] == 0 || conn->url[6] == '?');
}

/* The extra header that a status needs. */
static const char* more_of(const conn_t* conn, int status) {
  if (status == 503) return "Retry-After: 1\r\n";
  if (status != 405) return "";
  return is_to_write(conn) ? "Allow: POST\r\n" : "Allow: GET, HEAD\r\n";
}

/* Answers with a body that lives until it is written: a constant, conn->why, or conn->owned. */
static void respond(conn_t* conn, int status, const char* type, const char* body, size_t length) {
  int size = snprintf(conn->head, sizeof conn->head,
                      "HTTP/1.1 %d %s\r\n"
                      "Connection: %s\r\n"
                      "Content-Length: %zu\r\n"
                      "%s",
                      status, reason_of(status), conn->keep ? "keep-alive" : "close", length,
                      more_of(conn, status));
  char* at = conn->head + size;
  size_t room = sizeof conn->head - (size_t) size;
  if (length > 0)
    size += snprintf(at, room,
                     "Content-Type: %s; charset=utf-8\r\n"
                     "Cache-Control: no-store\r\n"
                     "X-Content-Type-Options: nosniff\r\n"
                     "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
                     "script-src 'unsafe-inline'; connect-src 'self'\r\n"
                     "\r\n",
                     type);
  else
    size += snprintf(at, room, "\r\n");
  conn->state = WRITING;
  conn->deadline = uv_now(gateway_http.loop) + gateway_http.timeout;
  send_answer(conn, (size_t) size, body, conn->parser.method == HTTP_HEAD ? 0 : length);
}

void gateway_refuse(conn_t* conn, int status, const char* why) {
  if (why != conn->why) snprintf(conn->why, sizeof conn->why, "%s", why);
  size_t length = strlen(conn->why);
  if (length + 1 < sizeof conn->why) conn->why[length++] = '\n';
  respond(conn, status, "text/plain", conn->why, length);
}

/* ---- when time is up ---- */

void gateway_expire(conn_t* conn) {
  if (conn->state == WAITING) {
    gateway_forget_waiting(conn);
    gateway_http.stats.refused++;
    gateway_refuse(conn, 503, "the server is behind");
    gateway_go_on(conn);
  } else if (conn->state == READING && conn->begun) {
    conn->keep = 0;
    conn->at = conn->end = 0;
    gateway_http.stats.requests++;
    gateway_http.stats.refused++;
    gateway_refuse(conn, 408, "the request took too long");
  } else {
    gateway_close(conn);
  }
}

/* ---- requests ---- */

/* Whether the query has this key with a value that is not one of these. Values are not unescaped:
 * none of these needs an escape. */
static int names_another(const char* query, const char* key, const char* value, const char* or) {
  size_t length = strlen(key);
  while (*query != 0) {
    query++; /* '?' or '&' */
    size_t size = strcspn(query, "&");
    if (strncmp(query, key, length) == 0 && query[length] == '=') {
      const char* given = query + length + 1;
      size_t rest = size - length - 1;
      int same = rest == strlen(value) && memcmp(given, value, rest) == 0;
      if (!same && (rest != strlen(or) || memcmp(given, or, rest) != 0)) return 1;
    }
    query += size;
  }
  return 0;
}

void gateway_write_points(conn_t* conn) {
  int status = gateway_write(&conn->lines, conn->why);
  if (status == 0) {
    gateway_http.stats.taken++;
    respond(conn, 202, NULL, NULL, 0);
  } else if (status == TAOSUV_EAGAIN) {
    if (conn->state != WAITING) conn->deadline = uv_now(gateway_http.loop) + gateway_http.timeout;
    conn->state = WAITING;
    drop_large_body(conn); /* its lines are complete */
    conn->behind = NULL;
    if (gateway_http.first_waiting == NULL)
      gateway_http.first_waiting = conn;
    else
      gateway_http.last_waiting->behind = conn;
    gateway_http.last_waiting = conn;
    gateway_http.stats.waiting++;
    gateway_http.stats.waits++;
  } else {
    gateway_http.stats.refused++;
    int code = status == TAOSUV_EINVAL ? 400 : status == TAOSUV_EMSGSIZE ? 413 : 503;
    gateway_refuse(conn, code, conn->why);
  }
}

static int because(conn_t* conn, int status, const char* why, const char* what) {
  snprintf(conn->why, sizeof conn->why, "%s%s", why, what);
  return status;
}

/* Converts the body to lines. Returns 0, or a status and conn->why. */
static int read_points(conn_t* conn, const char* query) {
  const char* body = conn->body_size > 0 ? conn->body : "";
  const char* unit = gateway_http.precision;
  char letter[2] = {unit[0], 0}; /* clients of InfluxDB use n and u */
  if (conn->foreign) return because(conn, 403, "not from a page", "");
  if (conn->encoded) return because(conn, 415, "the body must not be compressed", "");
  if (conn->unknown) return because(conn, 415, "points are text or application/json", "");
  if (names_another(query, "db", gateway_http.db, gateway_http.db))
    return because(conn, 400, "this gateway writes to ", gateway_http.db);
  if (names_another(query, "precision", unit, *letter == 'm' ? unit : letter))
    return because(conn, 400, "this gateway's times are in ", unit);
  return conn->json ? gateway_points_from_json(&conn->lines, body, conn->body_size, conn->why)
                    : gateway_points_from_lines(&conn->lines, body, conn->body_size, conn->why);
}

static void handle_write(conn_t* conn, const char* query) {
  gateway_http.stats.requests++;
  int status = read_points(conn, query);
  if (status == 0) {
    gateway_write_points(conn);
    return;
  }
  gateway_http.stats.refused++;
  gateway_refuse(conn, status, conn->why);
}

static void handle_stats(conn_t* conn) {
  size_t length;
  conn->owned = gateway_stats(&length);
  if (conn->owned == NULL)
    gateway_refuse(conn, 503, "out of memory");
  else
    respond(conn, 200, "application/json", conn->owned, length);
}

void gateway_handle(conn_t* conn) {
  conn->url[conn->url_length] = 0;
  size_t path = strcspn(conn->url, "?");
  const char* query = conn->url + path;
  int is_get = conn->parser.method == HTTP_GET || conn->parser.method == HTTP_HEAD;
  int to_write = is_to_write(conn);
  int to_stats = path == 6 && memcmp(conn->url, "/stats", 6) == 0;
  int to_page = path == 1 && *conn->url == '/';
  if (!to_write && !to_stats && !to_page)
    gateway_refuse(conn, 404, "there are POST /write, GET /stats and GET /");
  else if (to_write ? conn->parser.method != HTTP_POST : !is_get)
    gateway_refuse(conn, 405, to_write ? "POST points to /write" : "only to be read");
  else if (to_write)
    handle_write(conn, query);
  else if (to_stats)
    handle_stats(conn);
  else
    respond(conn, 200, "text/html", gateway_page, gateway_page_size);
}
