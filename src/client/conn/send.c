/* How operations are sent over a connection, and taken back. */
#include "client/conn/send.h"

#include "client/conn/conn.h"
#include "client/core/observe.h"
#include "client/core/req.h"

bool tuv_conn_has_room(tuv_conn_t* conn, size_t size) {
  const tuv_url_t* url = &conn->context->url;
  if (tuv_inflight_count(&conn->inflight) >= url->max_inflight) return false;
  uint64_t unsent = conn->conns->transport->unsent_bytes(conn);
  uint64_t most = url->max_send_buffer;
  bool room = unsent == 0 || (unsent < most && size < most - unsent);
  if (!room) conn->congested = true;
  return room;
}

int tuv_conn_send(tuv_conn_t* conn, tuv_op_t* op, const void* payload, size_t size) {
  int status = tuv_inflight_reserve(&conn->inflight);
  if (status < 0) return status;
  status = conn->conns->transport->send(conn, op, payload, size);
  if (status < 0) return status;
  tuv_inflight_add(&conn->inflight, op, conn);
  if (conn->context->url.idle_timeout != 0) conn->used_at = tuv_now();
  tuv_observe_op(conn->context, TAOSUV_TRACE_SENT, op, tuv_conn_host(conn));
  return 0;
}

static void fail_pinned(tuv_op_t* op, int status) {
  tuv_failure_t failure = {status, 0, 0, taosuv_strerror(status), NULL};
  op->type->failed(op, &failure);
}

void tuv_conn_post(tuv_conn_t* conn, tuv_op_t* op) {
  if (!tuv_conn_has_room(conn, 0)) {
    tuv_queue_push(&conn->waiting, &op->link);
    return;
  }
  int status = tuv_conn_send(conn, op, NULL, 0);
  if (status < 0) fail_pinned(op, status);
}

void tuv_conn_send_waiting(tuv_conn_t* conn) {
  while (tuv_conn_speaks(conn) && !tuv_queue_empty(&conn->waiting) && tuv_conn_has_room(conn, 0)) {
    tuv_op_t* op = TUV_CONTAINER(conn->waiting.next, tuv_op_t, link);
    tuv_queue_remove(&op->link);
    int status = tuv_conn_send(conn, op, NULL, 0);
    if (status < 0) fail_pinned(op, status);
  }
}

/* ---- requests ---- */

/* A request is cancelled: its message is taken back, or a tombstone waits for its answer. */
static void release(taosuv_req_t* req) {
  tuv_op_t* op = &tuv_req_of(req)->op;
  tuv_conn_t* conn = op->conn;
  if (conn == NULL || tuv_conn_withdraw(conn, op)) return;
  tuv_inflight_bury(&conn->inflight, op);
  conn->conns->transport->abandon(conn);
  if (conn->retiring) tuv_conn_pump_later(conn); /* this may have been its last request */
}

static bool maybe_sent(const taosuv_req_t* req) {
  const tuv_op_t* op = &tuv_req_of_const(req)->op;
  return op->conn != NULL && op->at < op->conn->conns->transport->sent_up_to(op->conn);
}

static tuv_conn_t* waits_on(const taosuv_req_t* req) {
  return tuv_req_of_const(req)->op.conn;
}

static const tuv_holder_t conn_holder = {release, maybe_sent, waits_on};

int tuv_conn_send_request(tuv_conn_t* conn, taosuv_req_t* req, const void* payload, size_t size) {
  req->host = tuv_conn_host(conn);
  int status = tuv_conn_send(conn, &tuv_req_of(req)->op, payload, size);
  if (status == 0) tuv_req_hold(req, &conn_holder);
  return status;
}

bool tuv_conn_withdraw(tuv_conn_t* conn, tuv_op_t* op) {
  size_t bytes = conn->conns->transport->withdraw(conn, op->at);
  if (bytes == 0) return false;
  tuv_inflight_withdraw(&conn->inflight, op, bytes);
  tuv_conn_pump_later(conn);
  return true;
}
