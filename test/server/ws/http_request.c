/* An HTTP request that is complete, given to the owner of the peer. */
#include "ws/http_request.h"

#include "ws/conn.h"

bool ts_conn_is_http(const ts_conn_t* conn) {
  return conn->http;
}

const ts_http_t* ts_conn_http(ts_conn_t* conn, ts_http_t* request) {
  const ts_upgrade_t* upgrade = &conn->upgrade;
  if (!conn->http || !upgrade->pending) return NULL;
  *request = (ts_http_t) {.method = llhttp_method_name((llhttp_method_t) upgrade->parser.method),
                          .target = upgrade->path,
                          .authorization = upgrade->authorization,
                          .body = upgrade->body.data,
                          .size = upgrade->body.size,
                          .gzip = upgrade->accepts_gzip};
  return request;
}

bool ts_http_request(ts_conn_t* conn) {
  const ts_peer_options_t* options = &conn->peer->options;
  ts_http_t request;
  if (options->http == NULL) return false;
  conn->upgrade.pending = true;
  conn->last_seen = uv_now(conn->tcp.loop);
  if (!conn->http) {
    conn->http = conn->opened = true;
    if (options->opened != NULL) options->opened(conn);
  }
  if (options->http(conn, ts_conn_http(conn, &request))) return true;
  conn->upgrade.pending = false;
  return false;
}
