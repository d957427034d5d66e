/* What all parts of a connection use: its name, its stages, and what it does in this turn. */
#include <string.h>

#include "client/core/redact.h"
#include "client/core/complete.h"
#include "client/core/failure.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/conn/stream.h"
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
