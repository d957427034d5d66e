/* A connection on which a request timed out is suspect: it is probed at once, and gets no new request
 * until its server has given a sign of life. If none comes it ends, and its host is passed over. */
#include "client/conn/conn.h"
#include "client/conn/suspect.h"
#include "client/core/observe.h"

static void on_step(tuv_timed_t* timed);

/* Statements and requests have waited for the outcome. */
static void resume(tuv_conn_t* conn) {
  tuv_dependents_resume(&conn->dependents);
  tuv_conn_pump_later(conn);
}

/* Without memory for the timer, keepalive finds out. */
static void wait_for_sign(tuv_conn_t* conn) {
  const tuv_conns_t* conns = conn->conns;
  conn->probe_seen = conns->transport->signs_of_life(conn);
  conn->probe_received = conn->ws.received; /* only a WebSocket can be probed */
  conn->probe_timed.expire = on_step;
  tuv_patience_begin(&conn->probe_patience, conns->context->url.probe_timeout);
  conn->suspect = tuv_timers_add(&conn->context->timers, &conn->probe_timed,
                                 conn->probe_patience.at) == 0;
  if (!conn->suspect) resume(conn);
}

/* Bytes that the system took meanwhile are a sign of life as well, but a weaker one than an answer:
 * the connection gets another probe_timeout. */
static void unanswered(tuv_conn_t* conn) {
  if (conn->conns->transport->signs_of_life(conn) != conn->probe_seen)
    wait_for_sign(conn);
  else
    tuv_conn_silent(conn,
                    "a request timed out, and the server gave no sign of life within "
                    "probe_timeout");
}

static void on_step(tuv_timed_t* timed) {
  tuv_conn_t* conn = TUV_CONTAINER(timed, tuv_conn_t, probe_timed);
  if (conn->ws.received != conn->probe_received) { /* part of a message */
    tuv_suspect_heard(conn);
    return;
  }
  bool more = tuv_patience_next(&conn->probe_patience) &&
              tuv_timers_add(&conn->context->timers, timed, conn->probe_patience.at) == 0;
  if (!more) unanswered(conn);
}

void tuv_suspect_begin(tuv_conn_t* conn) {
  tuv_conns_t* conns = conn->conns;
  if (conn->state != TUV_CONN_READY || conn->suspect || conns->context->closing) return;
  conns->events->doubted(conn);
  /* Over HTTP the connection is given up anyway: the next log-in shows the state of the host. */
  if (conns->transport->probe == NULL || !conns->transport->probe(conn)) return;
  wait_for_sign(conn);
  tuv_observe_log(conns->context, TAOSUV_LOG_INFO, "a request timed out: its connection is probed");
}

void tuv_suspect_heard(tuv_conn_t* conn) {
  tuv_conn_end_suspicion(conn);
  conn->conns->events->alive(conn);
  resume(conn);
}
