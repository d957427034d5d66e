/* Frames: control frames are sent, and the client's frames are put together to messages. */
#include <string.h>

#include "ws/conn.h"
#include "ws/deflate.h"
#include "ws/out.h"
#include "ws/frames.h"

/* ---- sent ---- */

static void control(ts_conn_t* conn, uint8_t opcode, const void* data, size_t size) {
  if (conn->http) return; /* there are no frames */
  uint8_t frame[TUV_WS_MAX_HEADER + TUV_WS_MAX_CONTROL];
  if (size > TUV_WS_MAX_CONTROL) size = TUV_WS_MAX_CONTROL;
  size_t head = tuv_ws_write_header(frame, opcode, true, false, size, NULL);
  if (size > 0) memcpy(frame + head, data, size);
  ts_out_bytes(conn, frame, head + size);
}

void ts_conn_ping(ts_conn_t* conn, const void* data, size_t size) {
  control(conn, TUV_WS_PING, data, size);
}

void ts_conn_pong(ts_conn_t* conn, const void* data, size_t size) {
  control(conn, TUV_WS_PONG, data, size);
}

void ts_conn_close_frame(ts_conn_t* conn, uint16_t code, const char* reason) {
  uint8_t payload[TUV_WS_MAX_CONTROL];
  size_t size = reason != NULL ? strlen(reason) : 0;
  if (size > sizeof payload - 2) size = sizeof payload - 2;
  payload[0] = (uint8_t) (code >> 8);
  payload[1] = (uint8_t) code;
  if (size > 0) memcpy(payload + 2, reason, size);
  control(conn, TUV_WS_CLOSE, payload, code == 0 ? 0 : size + 2);
}

void ts_conn_raw(ts_conn_t* conn, const void* data, size_t size) {
  ts_out_bytes(conn, data, size);
}

/* ---- received ---- */

/* The client broke the protocol. */
static void protocol_error(ts_conn_t* conn, uint16_t code, const char* text) {
  ts_conn_close_frame(conn, code, text);
  ts_conn_finish(conn);
}

static void on_control(ts_conn_t* conn, const tuv_ws_event_t* event) {
  const ts_peer_options_t* options = &conn->peer->options;
  ts_peer_counters_t* counters = &conn->peer->counters;
  if (event->opcode == TUV_WS_PING) {
    counters->pings++;
    ts_conn_pong(conn, event->data, event->size); /* a ping does not extend the deadline */
  } else if (event->opcode == TUV_WS_PONG) {
    counters->pongs++;
    conn->last_seen = uv_now(conn->tcp.loop);
    if (options->pong != NULL) options->pong(conn, event->data, event->size);
  } else if (!conn->fault.ignore_close) {
    counters->close_frames++;
    if (options->close_frame != NULL) {
      options->close_frame(conn, event->code);
    } else {
      ts_conn_finish(conn);
    }
  } else {
    counters->close_frames++;
  }
}

static void on_message(ts_conn_t* conn, uint8_t opcode, const uint8_t* data, size_t size) {
  const ts_peer_options_t* options = &conn->peer->options;
  conn->last_seen = uv_now(conn->tcp.loop);
  if (opcode == TUV_WS_TEXT) {
    if (options->text != NULL) options->text(conn, (const char*) data, size);
  } else if (options->binary != NULL) {
    options->binary(conn, data, size);
  }
}

static void on_whole(ts_conn_t* conn, const tuv_ws_event_t* event, const uint8_t* data,
                     size_t size) {
  if (!event->compressed) {
    on_message(conn, event->opcode, data, size);
    return;
  }
  ts_buf_t content = {0};
  conn->peer->counters.compressed_in++;
  if (ts_deflate_read(conn, data, size, &content)) {
    on_message(conn, event->opcode, content.data, content.size);
  } else {
    protocol_error(conn, TUV_WS_CODE_BAD_DATA, "corrupt compressed message");
  }
  ts_buf_free(&content);
}

static void on_data(ts_conn_t* conn, const tuv_ws_event_t* event) {
  if (conn->message.size == 0 && event->message_end) {
    on_whole(conn, event, event->data, event->size); /* it came whole: no copy */
    return;
  }
  if (event->size > conn->peer->options.max_message - conn->message.size) {
    protocol_error(conn, TUV_WS_CODE_TOO_BIG, "message too big");
    return;
  }
  ts_buf_add(&conn->message, event->data, event->size);
  if (!event->message_end) return;
  ts_buf_t message = conn->message;
  conn->message = (ts_buf_t) {0};
  on_whole(conn, event, message.data, message.size);
  ts_buf_free(&message);
}

void ts_frames_read(ts_conn_t* conn, uint8_t* data, size_t size) {
  tuv_ws_event_t event;
  do {
    size_t used = tuv_ws_reader_next(&conn->reader, data, size, &event);
    data += used;
    size -= used;
    if (event.kind == TUV_WS_EV_CONTROL) on_control(conn, &event);
    if (event.kind == TUV_WS_EV_DATA) on_data(conn, &event);
    if (event.kind == TUV_WS_EV_ERROR) {
      protocol_error(conn, event.code, event.text);
      return;
    }
  } while (event.kind != TUV_WS_EV_MORE && !conn->closing && !conn->finish_when_flushed);
}
