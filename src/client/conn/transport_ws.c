/* How a connection of the pool speaks WebSocket (PROTOCOL 1 to 5). */
#include <string.h>

#include "client/core/failure.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/conn/stream.h"
#include "client/conn/endpoint.h"
#include "client/conn/login.h"
#include "client/conn/receive.h"
#include "client/conn/transport.h"
#include "wire/json/request.h"

static tuv_conn_t* conn_of(tuv_ws_t* ws) {
  return TUV_CONTAINER(ws, tuv_conn_t, ws);
}

/* Sets the payload with which the request was encoded: it was kept, or is read out of a frame that
 * never left. */
static int recover(tuv_conn_t* conn, tuv_req_t* priv) {
  size_t size, length = 0;
  if (priv->payload != NULL) return 0;
  const char* key = priv->op.type->payload_key;
  uint8_t* frame = tuv_ws_unsent(&conn->ws, priv->op.at, &size);
  if (frame == NULL) return TAOSUV_ENOMEM;
  priv->payload_size = 0;
  if (priv->op.type->recover != NULL)
    return priv->op.type->recover(conn->context, frame, size, priv);
  if (key == NULL) return 0;
  char* text = NULL;
  const void* bytes = frame + TUV_MSG_QUERY_HEAD;
  if (size > 8 && memcmp(frame, "{\"action\"", 9) == 0) { /* an id's bytes may begin with '{' */
    bytes = text = tuv_json_request_arg(&conn->context->json, frame, size, key, &length);
  } else if (size >= TUV_MSG_QUERY_HEAD) {
    length = size - TUV_MSG_QUERY_HEAD;
  }
  if (length > 0) {
    priv->payload = tuv_refbuf_take(conn->context->mem, length);
    if (priv->payload == NULL) {
      tuv_free(&conn->context->mem->alloc, text);
      return TAOSUV_ENOMEM;
    }
    memcpy(priv->payload->data, bytes, length);
  }
  priv->payload_size = (uint32_t) length;
  tuv_free(&conn->context->mem->alloc, text);
  return 0;
}

static void on_open(tuv_ws_t* ws) {
  tuv_conn_opened(conn_of(ws));
}

static void on_down(tuv_ws_t* ws, int status, const char* message) {
  tuv_conn_t* conn = conn_of(ws);
  bool refused = ws->upgrade != NULL && conn->state == TUV_CONN_CONNECTING;
  tuv_failure_t failure = {status, 0, refused ? ws->upgrade->status : 0, message, NULL};
  tuv_errmsg_t err;
  if (refused && status == TAOSUV_EUNAVAIL)
    conn->conns->events->retry_after(conn, ws->upgrade->retry_after);
  if (refused && tuv_endpoint_refused(conn, failure.server_code, &failure, &err))
    conn->switching = true;
  else
    tuv_conn_down(conn, failure.status, failure.server_code, failure.message, ws->lingering);
}

static void on_gone(tuv_ws_t* ws) {
  tuv_conn_t* conn = conn_of(ws);
  if (conn->switching && conn->state == TUV_CONN_CONNECTING) {
    int status = tuv_conn_reconnect(conn);
    if (status == 0) return;
    tuv_conn_down(conn, status, 0, NULL, false);
  }
  tuv_conn_gone(conn);
}

static void on_flush_pending(tuv_ws_t* ws) {
  tuv_conn_flush_later(conn_of(ws));
}

static void on_sent(tuv_ws_t* ws) {
  tuv_conn_sent(conn_of(ws));
}

static void on_paused(tuv_ws_t* ws) {
  tuv_conn_paused(conn_of(ws));
}

static const tuv_ws_events_t ws_events = {
    on_open, tuv_conn_on_message, tuv_conn_on_pong, on_down,
    on_gone, on_flush_pending,    on_sent,          on_paused};

static int ws_connect(tuv_conn_t* conn) {
  tuv_conns_t* conns = conn->conns;
  const tuv_conn_host_t* host = conn->host;
  const char* path;
  int status = tuv_endpoint_path(conn, &path);
  if (status < 0) return status;
  tuv_ws_init(&conn->ws, &conns->context->shared, &ws_events, host->name, host->port, path);
  return tuv_conn_connect(conn, &tuv_ws_stream_events, &conn->ws, &conn->ws.stream);
}

static void ready(tuv_conn_t* conn) {
  if (!conn->conns->endpoint->has_login) return; /* the password is still to be sent */
  tuv_ws_no_more_secrets(&conn->ws);
  if (tuv_conn_is_narrow(conn)) tuv_ws_limit(&conn->ws, (size_t) tuv_endpoint_max_message(conn));
  tuv_ws_deflate_from(&conn->ws, (size_t) conn->context->url.compression_threshold);
}

static int send_op(tuv_conn_t* conn, tuv_op_t* op, const void* payload, size_t size) {
  int status = op->type->encode(op, conn, payload, size);
  if (status == TAOSUV_EMSGSIZE && op->type->is_request && tuv_conn_is_narrow(conn))
    tuv_req_of_op(op)->message = "gateways before 3.1.1.15 take messages of at most 4 MiB";
  return status;
}

static uint64_t sent_up_to(const tuv_conn_t* conn) {
  return tuv_ws_sent_up_to(&conn->ws);
}

static size_t unsent_bytes(const tuv_conn_t* conn) {
  return tuv_ws_unsent_bytes(&conn->ws);
}

static size_t withdraw(tuv_conn_t* conn, uint64_t at) {
  return tuv_ws_withdraw(&conn->ws, at);
}

/* Nothing to do: a late answer finds the tombstone. */
static void abandon(tuv_conn_t* conn) {
  (void) conn;
}

/* Nothing has come for a while, so large buffers are freed as well. */
static bool probe(tuv_conn_t* conn) {
  tuv_ws_trim(&conn->ws);
  return tuv_ws_send(&conn->ws, TUV_WS_PING, NULL, 0, NULL) == 0;
}

static uint64_t signs_of_life(const tuv_conn_t* conn) {
  return tuv_ws_signs_of_life(&conn->ws);
}

static tuv_stream_t* stream_of(const tuv_conn_t* conn) {
  return conn->ws.stream;
}

static void resume(tuv_conn_t* conn) {
  tuv_ws_resume(&conn->ws);
}

static void flush(tuv_conn_t* conn) {
  tuv_ws_flush(&conn->ws);
}

static void ws_close(tuv_conn_t* conn) {
  tuv_ws_close(&conn->ws, TUV_WS_CODE_NORMAL);
}

static void ws_abort(tuv_conn_t* conn) {
  tuv_ws_abort(&conn->ws);
}

const tuv_transport_t tuv_transport_ws = {.has_actions = true,
                                          .has_endpoints = true,
                                          .connect = ws_connect,
                                          .login = tuv_login_begin,
                                          .ready = ready,
                                          .send = send_op,
                                          .sent_up_to = sent_up_to,
                                          .unsent_bytes = unsent_bytes,
                                          .withdraw = withdraw,
                                          .abandon = abandon,
                                          .recover = recover,
                                          .probe = probe,
                                          .signs_of_life = signs_of_life,
                                          .stream = stream_of,
                                          .resume = resume,
                                          .flush = flush,
                                          .close = ws_close,
                                          .abort = ws_abort};
