/* Replies: the five keys that all JSON replies begin with, and errors in both forms. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "session/reply.h"
#include "session/request.h"

uint64_t ts_request_timing(const ts_request_t* request) {
  if (request->started == 0) return 0;
  uint64_t now = uv_hrtime();
  return now > request->started ? now - request->started : 1;
}

static ts_buf_t* begin(ts_request_t* request, int code, const char* message) {
  ts_server_t* server = request->session->server;
  ts_buf_t* out = &server->scratch;
  bool html = ts_server_html(server);
  out->size = 0;
  ts_buf_text(out, "{\"code\":");
  ts_buf_decimal(out, (uint64_t) (code & 0xffff));
  ts_buf_text(out, ",\"message\":");
  ts_buf_json(out, message, strlen(message), html);
  ts_buf_text(out, ",\"action\":");
  ts_buf_json(out, request->action, strlen(request->action), html);
  ts_buf_text(out, ",\"req_id\":");
  ts_buf_decimal(out, request->req_id);
  ts_buf_text(out, ",\"timing\":");
  ts_buf_decimal(out, ts_request_timing(request));
  return out;
}

ts_buf_t* ts_reply_begin(ts_request_t* request) {
  return begin(request, 0, "");
}

void ts_reply_end(ts_request_t* request) {
  ts_buf_t* out = &request->session->server->scratch;
  ts_buf_text(out, "}");
  ts_conn_text(request->session->conn, out->data, out->size);
}

static ts_buf_t* begin_binary(ts_request_t* request, uint64_t action, int code, const char* text) {
  ts_buf_t* out = &request->session->server->scratch;
  out->size = 0;
  ts_buf_u64(out, UINT64_MAX);
  ts_buf_u64(out, action);
  ts_buf_u16(out, 1);
  ts_buf_u64(out, ts_request_timing(request));
  ts_buf_u64(out, request->req_id);
  ts_buf_u32(out, (uint32_t) (code & 0xffff));
  ts_buf_u32(out, (uint32_t) strlen(text));
  ts_buf_text(out, text);
  return out;
}

void ts_raw_reply_head(const ts_request_t* request, uint64_t action,
                       uint8_t head[TS_RAW_REPLY_HEAD]) {
  ts_put_u64(head, UINT64_MAX);
  ts_put_u64(head + 8, action);
  ts_put_u16(head + 16, 1);
  ts_put_u64(head + 18, ts_request_timing(request));
  ts_put_u64(head + 26, request->req_id);
  ts_put_u32(head + 34, 0);
  ts_put_u32(head + 38, 0);
  ts_put_u64(head + 42, request->id);
}

/* fetch_raw_block's error: finished, and without a block. */
static void binary_error(ts_request_t* request, int code, const char* text) {
  ts_buf_t* out = begin_binary(request, 7, code, text);
  ts_buf_u64(out, request->id);
  ts_buf_add(out, "\1", 1);
  ts_conn_binary(request->session->conn, out->data, out->size, NULL);
}

/* The same of fetch_raw_data: it ends with the message's id. */
static void tmq_error(ts_request_t* request, int code, const char* text) {
  ts_buf_t* out = begin_binary(request, 8, code, text);
  ts_buf_u64(out, request->id);
  ts_conn_binary(request->session->conn, out->data, out->size, NULL);
}

void ts_http_error(ts_request_t* request, int status, int code, const char* text) {
  ts_buf_t* out = &request->session->server->scratch;
  out->size = 0;
  ts_buf_format(out, "{\"code\":%d,\"desc\":", code & 0xffff);
  ts_buf_json(out, text, strlen(text), true);
  ts_buf_text(out, ",\"timing\":");
  ts_buf_decimal(out, ts_request_timing(request));
  ts_buf_text(out, "}");
  ts_conn_http_reply(request->session->conn, status, TS_HTTP_JSON, out->data, out->size, false);
}

void ts_reply_error(ts_request_t* request, int code, const char* format, ...) {
  char text[640];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (request->http) {
    ts_http_error(request, 200, code, text);
    return;
  }
  if (request->binary_reply) {
    binary_error(request, code, text);
    return;
  }
  if (request->tmq_reply) {
    tmq_error(request, code, text);
    return;
  }
  ts_buf_t* out = begin(request, code, text);
  if (request->of_message) {
    ts_buf_text(out, ",\"message_id\":");
    ts_buf_decimal(out, request->id);
  }
  if (request->stmt_reply) {
    ts_buf_text(out, ",\"stmt_id\":");
    ts_buf_decimal(out, request->stmt_id);
  }
  ts_reply_end(request);
}

void ts_reply_bad_args(ts_request_t* request) {
  request->stmt_reply = false;
  ts_reply_error(request, TS_E_INTERNAL, "unmarshal %s request error", request->title);
}
