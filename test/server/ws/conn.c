/* One connection: its ends, and what others ask it. */
#include "ws/conn.h"

static void end(ts_conn_t* conn, bool reset) {
  if (conn->closing) return;
  conn->closing = true;
  conn->tcp.data = conn;
  if (!reset || uv_tcp_close_reset(&conn->tcp, conn->handle_closed) != 0)
    uv_close((uv_handle_t*) &conn->tcp, conn->handle_closed);
  uv_close((uv_handle_t*) &conn->ping, conn->handle_closed);
  uv_close((uv_handle_t*) &conn->deadline, conn->handle_closed);
  uv_close((uv_handle_t*) &conn->delay, conn->handle_closed);
}

void ts_conn_cut(ts_conn_t* conn) {
  end(conn, false);
}
void ts_conn_reset(ts_conn_t* conn) {
  end(conn, true);
}
bool ts_conn_is_closing(const ts_conn_t* conn) {
  return conn->closing;
}

ts_peer_t* ts_conn_peer(const ts_conn_t* conn) {
  return conn->peer;
}
void* ts_conn_data(const ts_conn_t* conn) {
  return conn->data;
}
void ts_conn_set_data(ts_conn_t* conn, void* data) {
  conn->data = data;
}

const char* ts_conn_path(const ts_conn_t* conn) {
  return conn->upgrade.path;
}

const char* ts_conn_request(const ts_conn_t* conn) {
  return conn->upgrade.complete ? (const char*) conn->upgrade.text.data : "";
}
