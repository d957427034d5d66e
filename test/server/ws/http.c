/* Answers to HTTP requests, one after the other. */
#include <string.h>

#include "ws/conn.h"
#include "ws/deflate.h"
#include "ws/upgrade.h"

#define CHUNK 4096u

static const char* reason(int status) {
  static const struct {
    int status;
    const char* text;
  } reasons[] = {{200, "OK"},
                 {204, "No Content"},
                 {400, "Bad Request"},
                 {401, "Unauthorized"},
                 {403, "Forbidden"},
                 {404, "Not Found"},
                 {429, "Too Many Requests"},
                 {500, "Internal Server Error"},
                 {503, "Service Unavailable"}};
  for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
    if (reasons[i].status == status) return reasons[i].text;
  return "Unknown";
}

static void add_chunks(ts_buf_t* out, const uint8_t* body, size_t size) {
  while (size > 0) {
    size_t part = size < CHUNK ? size : CHUNK;
    ts_buf_format(out, "%zx\r\n", part);
    ts_buf_add(out, body, part);
    ts_buf_text(out, "\r\n");
    body += part;
    size -= part;
  }
  ts_buf_text(out, "0\r\n\r\n");
}

/* What came behind the request is read now that it is answered. */
void ts_conn_http_answered(ts_conn_t* conn) {
  ts_upgrade_t* upgrade = &conn->upgrade;
  upgrade->pending = false;
  if (upgrade->last) {
    ts_conn_finish(conn);
    return;
  }
  ts_buf_t beyond = upgrade->beyond;
  upgrade->beyond = (ts_buf_t) {0};
  for (size_t at = 0; at < beyond.size && !conn->closing;)
    at += ts_upgrade_feed(conn, (const char*) beyond.data + at, beyond.size - at);
  ts_buf_free(&beyond);
}

void ts_conn_http_reply(ts_conn_t* conn, int status, const char* type, const void* body,
                        size_t size, bool chunked) {
  ts_buf_t out = {0};
  ts_buf_t packed = {0};
  if (conn->closing || !conn->upgrade.pending) return;
  bool gzip = size > 0 && conn->upgrade.accepts_gzip && conn->peer->options.deflate &&
              ts_deflate_gzip(body, size, &packed);
  if (gzip) {
    body = packed.data;
    size = packed.size;
    conn->peer->counters.compressed_out++;
  }
  ts_buf_format(&out, "HTTP/1.1 %d %s\r\n", status, reason(status));
  if (type != NULL) ts_buf_format(&out, "Content-Type: %s\r\n", type);
  if (gzip) ts_buf_text(&out, "Content-Encoding: gzip\r\n");
  if (conn->upgrade.last) ts_buf_text(&out, "Connection: close\r\n");
  if (chunked)
    ts_buf_text(&out, "Transfer-Encoding: chunked\r\n\r\n");
  else if (status == 204)
    ts_buf_text(&out, "\r\n");
  else
    ts_buf_format(&out, "Content-Length: %zu\r\n\r\n", size);
  if (chunked)
    add_chunks(&out, body, size);
  else
    ts_buf_add(&out, body, size);
  ts_conn_binary(conn, out.data, out.size, NULL);
  ts_buf_free(&out);
  ts_buf_free(&packed);
  ts_conn_http_answered(conn);
}
