/* What all parts of a connection use: its name, its messages, what waits for the turn. */
#include <string.h>

#include "client/core/redact.h"
#include "client/core/complete.h"
#include "client/core/failure.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/conn/endpoint.h"
#include "client/conn/keepalive.h"
#include "client/conn/leave.h"
#include "client/conn/suspect.h"
#include "client/conn/transport.h"
#include "client/core/observe.h"

const char* tuv_conn_host(const tuv_conn_t* conn) {
  return conn->host->text;
}

void tuv_conn_observe(tuv_conn_t* conn, taosuv_stage_t stage, const tuv_failure_t* failure) {
  uint64_t now = uv_hrtime();
  if (stage == TAOSUV_TRACE_CONN_CONNECTING) conn->started = now;
  tuv_conn_stage_t event = {
      .stage = stage,
      .host_index = conn->host->index,
      .host = tuv_conn_host(conn),
      .version = conn->version_text,
      .failure = failure,
      .time_ns = now,
      .duration_ns = stage == TAOSUV_TRACE_CONN_READY ? now - conn->started : 0};
  tuv_observe_conn(conn->context, &event);
}

bool tuv_conn_has_room(tuv_conn_t* conn, size_t size) {
  const tuv_url_t* url = &conn->context->url;
  if (conn->table.count >= url->max_inflight) return false;
  uint64_t unsent = conn->conns->transport->unsent_bytes(conn);
  /* One message always goes, how large it may be. */
  uint64_t most = url->max_send_buffer;
  bool room = unsent == 0 || (unsent < most && size < most - unsent);
  if (!room) conn->congested = true;
  return room;
}

/* Registers the operation under its id and writes its message. */
int tuv_conn_send(tuv_conn_t* conn, tuv_op_t* op, const void* payload, size_t size) {
  if (tuv_idmap_reserve(&conn->table) != 0) return TAOSUV_ENOMEM;
  int status = conn->conns->transport->send(conn, op, payload, size);
  if (status < 0) return status;
  tuv_idmap_put(&conn->table, op->id, op);
  tuv_queue_push(&conn->sent, &op->link);
  op->conn = conn;
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

/* A place became free, and no answer will come to say so. */
void tuv_conn_pump_later(tuv_conn_t* conn) {
  tuv_turn_post(&conn->context->turn, &conn->pump, TUV_PHASE_PUMP);
}

void tuv_conn_flush_later(tuv_conn_t* conn) {
  tuv_turn_post(&conn->context->turn, &conn->flush, TUV_PHASE_FLUSH);
}

void tuv_conn_paused(tuv_conn_t* conn) {
  tuv_queue_remove(&conn->paused);
  tuv_queue_push(&conn->conns->paused, &conn->paused);
  tuv_turn_post(&conn->context->turn, &conn->conns->resume, TUV_PHASE_RESUME);
}

void tuv_conn_end_suspicion(tuv_conn_t* conn) {
  conn->suspect = false;
  tuv_timers_remove(&conn->context->timers, &conn->probe_timed);
}
