/* The life of a connection: its start, and how it ends. */
#include <string.h>

#include "client/core/redact.h"
#include "client/core/complete.h"
#include "client/core/failure.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/conn/endpoint.h"
#include "client/conn/keepalive.h"
#include "client/conn/leave.h"
#include "client/conn/loss.h"
#include "client/conn/send.h"
#include "client/conn/stream.h"
#include "client/conn/suspect.h"
#include "client/conn/transport.h"
#include "client/core/observe.h"

/* ---- the host's other addresses ---- */

static int start(tuv_conns_t* conns, tuv_conn_host_t* host, unsigned wanted,
                 const tuv_patience_t* patience, tuv_conn_t** made);

/* Whether another address of the host may work. A server that understood and refused would refuse at
 * its other addresses as well. */
static bool is_of_address(const tuv_failure_t* failure) {
  taosuv_err_class_t class = taosuv_err_class(failure->status);
  return class == TAOSUV_CLASS_NETWORK || class == TAOSUV_CLASS_TIMEOUT ||
         class == TAOSUV_CLASS_PROTOCOL || class == TAOSUV_CLASS_TLS;
}

/* The address is tried last for a while, if the host has others. */
static void avoid_address(const tuv_conn_t* conn) {
  tuv_conns_t* conns = conn->conns;
  if (conn->route.addresses > 1) tuv_avoid_add(&conns->avoid, &conn->route.address, tuv_now());
}

/* A connection to one address of its host has failed: begins another one, to the next address, with
 * what is left of connect_timeout. Returns whether it did. */
static bool try_next_address(const tuv_conn_t* conn, const tuv_failure_t* failure, bool replaces) {
  tuv_conns_t* conns = conn->conns;
  tuv_conn_t* next;
  if (conn->route.addresses == 0 || conns->context->closing || !is_of_address(failure))
    return false;
  avoid_address(conn);
  if (conn->route.others == 0 || conn->patience.left == 0) return false;
  if (start(conns, conn->host, conn->wanted, &conn->patience, &next) < 0) return false;
  conns->events->begun_again(next, replaces);
  return true;
}

/* Ends a connection whose stream is down or being closed. First everything is detached, then
 * callbacks are called, then the pool decides. */
static void die(tuv_conn_t* conn, const tuv_failure_t* failure) {
  tuv_queue_t lost;
  bool replaces = conn->replaces;
  tuv_queue_init(&lost);
  tuv_conns_t* conns = conn->conns;
  tuv_redacted_t redacted;
  failure = tuv_redact_failure(conns->context, failure,
                               &redacted); /* it may be the server's text */
  bool never_ready = tuv_conn_leave_pool(conn, TUV_CONN_DEAD);
  tuv_conn_observe(conn, never_ready ? TAOSUV_TRACE_CONN_FAILED : TAOSUV_TRACE_CONN_LOST, failure);
  tuv_loss_take_apart(conn, &lost);
  tuv_dependents_detach(&conns->context->dependents, conn);
  tuv_loss_fail(conn, &lost, failure);
  tuv_dependents_conn_lost(&conns->context->dependents, TUV_RANK_CONSUMER, failure);
  if (!never_ready)
    conns->events->lost(conn);
  else if (!try_next_address(conn, failure, replaces))
    conns->events->failed(conn, failure);
}

void tuv_conn_down(tuv_conn_t* conn, int status, int http_status, const char* message,
                   bool lingering) {
  if (conn->state >= TUV_CONN_CLOSING) return;
  if (conn->state == TUV_CONN_LEAVING)
    tuv_leave_down(conn);
  else
    die(conn, &(tuv_failure_t) {status, taosuv_err_flags(status), http_status, message,
                                tuv_conn_host(conn)});
  if (lingering) tuv_conn_bound_close(conn);
}

void tuv_conn_gone(tuv_conn_t* conn) {
  tuv_conns_t* conns = conn->conns;
  tuv_timers_remove(&conns->context->timers, &conn->timed);
  tuv_task_cancel(&conn->flush);
  tuv_task_cancel(&conn->pump);
  tuv_queue_remove(&conn->paused);
  tuv_queue_remove(&conn->link);
  tuv_inflight_free(&conn->inflight);
  conn->host->users--;
  tuv_wipe(conn, sizeof *conn); /* what was being read of a log-in's answer */
  tuv_free(&conns->context->mem->alloc, conn);
  tuv_context_check_end(conns->context);
}

void tuv_conn_opened(tuv_conn_t* conn) {
  conn->state = TUV_CONN_LOGIN;
  tuv_conn_observe(conn, TAOSUV_TRACE_CONN_UPGRADED, NULL);
  conn->conns->transport->login(conn);
}

void tuv_conn_sent(tuv_conn_t* conn) {
  if (!conn->congested) return;
  conn->congested = false;
  tuv_conn_pump_later(conn);
}

static void connect_timed_out(tuv_conn_t* conn) {
  static const char* const texts[] = {"no connection and upgrade within connect_timeout",
                                      "no log-in within connect_timeout"};
  tuv_failure_t failure = {TAOSUV_ECONNTIMEOUT, TAOSUV_ERR_RETRYABLE, 0,
                           texts[conn->state == TUV_CONN_LOGIN], tuv_conn_host(conn)};
  conn->conns->transport->abort(conn);
  die(conn, &failure);
}

/* A step of a patience is over. Without memory for the next one it was the last. */
static void on_step(tuv_conn_t* conn, tuv_timed_t* timed, tuv_patience_t* patience) {
  bool more = tuv_patience_next(patience) &&
              tuv_timers_add(&conn->context->timers, timed, patience->at) == 0;
  if (!more) connect_timed_out(conn);
}

static void on_connect_step(tuv_timed_t* timed) {
  tuv_conn_t* conn = TUV_CONTAINER(timed, tuv_conn_t, timed);
  on_step(conn, timed, &conn->patience);
}

static void on_address_step(tuv_timed_t* timed) {
  tuv_conn_t* conn = TUV_CONTAINER(timed, tuv_conn_t, address_timed);
  on_step(conn, timed, &conn->address_patience);
}

/* An address has accepted. While the host has others, this one gets a part of the time only. */
static void on_accepted(tuv_route_t* route) {
  tuv_conn_t* conn = TUV_CONTAINER(route, tuv_conn_t, route);
  tuv_conns_t* conns = conn->conns;
  uint64_t left = tuv_patience_rest(&conn->patience), part = left / (route->others + 1);
  if (route->others == 0 || left == 0) return;
  uint64_t least = left / 2 < TUV_MIN_ADDRESS_MS ? left / 2 : TUV_MIN_ADDRESS_MS;
  tuv_patience_begin(&conn->address_patience, part > least ? part : least);
  conn->address_timed.expire = on_address_step;
  /* Without memory for it, this address gets all the time that is left. */
  tuv_timers_add(&conns->context->timers, &conn->address_timed, conn->address_patience.at);
}

void tuv_conn_fail(tuv_conn_t* conn, const tuv_failure_t* failure) {
  if (conn->state >= TUV_CONN_CLOSING) return;
  conn->conns->transport->close(conn);
  die(conn, failure);
  tuv_conn_bound_close(conn);
}

int tuv_conn_connect(tuv_conn_t* conn, const tuv_stream_events_t* events, void* context,
                     tuv_stream_t** stream) {
  tuv_conns_t* conns = conn->conns;
  const tuv_alloc_t* alloc = &conns->context->mem->alloc;
  const tuv_conn_host_t* host = conn->host;
  bool nodelay = conns->context->url.tcp_nodelay;
  if (conns->tls == NULL)
    return conns->connect(conns->context->loop, alloc, host->name, host->port, nodelay,
                          &conn->route, events, context, stream);
  return tuv_tls_connect(conns->tls, conns->connect, conns->context->loop, alloc, host->name,
                         host->port, nodelay, &conn->route, events, context, stream);
}

static void on_flush(tuv_task_t* task) {
  tuv_conn_t* conn = TUV_CONTAINER(task, tuv_conn_t, flush);
  conn->conns->transport->flush(conn);
}

void tuv_conn_pump(tuv_conn_t* conn) {
  tuv_conn_send_waiting(conn);
  conn->conns->events->room(conn);
  if (conn->retiring) tuv_conn_check_retired(conn);
}

static void on_pump(tuv_task_t* task) {
  tuv_conn_t* conn = TUV_CONTAINER(task, tuv_conn_t, pump);
  if (conn->state > TUV_CONN_READY) return; /* it has left the pool */
  if (conn->close_later)
    tuv_conn_retire(conn);
  else
    tuv_conn_pump(conn);
}

/* Begins a connection whose connect ends with `patience`. */
static int start(tuv_conns_t* conns, tuv_conn_host_t* host, unsigned wanted,
                 const tuv_patience_t* patience, tuv_conn_t** made) {
  tuv_conn_t* conn = tuv_calloc(&conns->context->mem->alloc, 1, sizeof *conn);
  if (conn == NULL) return TAOSUV_ENOMEM;
  conn->context = conns->context;
  conn->conns = conns;
  conn->host = host;
  tuv_task_init(&conn->flush, on_flush);
  tuv_task_init(&conn->pump, on_pump);
  tuv_queue_init(&conn->paused);
  tuv_queue_init(&conn->waiting);
  tuv_dependents_init(&conn->dependents);
  tuv_queue_init(&conn->cached);
  tuv_inflight_init(&conn->inflight, &conns->context->mem->alloc);
  conn->route.avoid = &conns->avoid;
  conn->route.on_accepted = on_accepted;
  tuv_endpoint_begin(conn, wanted);
  conn->timed.expire = on_connect_step;
  conn->patience = *patience;
  int status = tuv_timers_add(&conns->context->timers, &conn->timed, patience->at);
  if (status == 0) {
    status = conns->transport->connect(conn);
    if (status < 0) tuv_timers_remove(&conns->context->timers, &conn->timed);
  }
  if (status < 0) {
    tuv_endpoint_leave(conn);
    tuv_free(&conns->context->mem->alloc, conn);
    return status;
  }
  conn->begun_at = tuv_now();
  host->open++;
  host->users++;
  tuv_queue_push(&conns->list, &conn->link);
  conns->connecting++;
  tuv_conn_observe(conn, TAOSUV_TRACE_CONN_CONNECTING, NULL);
  *made = conn;
  return 0;
}

int tuv_conn_start(tuv_conns_t* conns, tuv_conn_host_t* host, unsigned wanted, tuv_conn_t** made) {
  tuv_patience_t patience;
  tuv_patience_begin(&patience, conns->context->url.connect_timeout);
  return start(conns, host, wanted, &patience, made);
}

int tuv_conn_reconnect(tuv_conn_t* conn) {
  tuv_timers_remove(&conn->context->timers, &conn->address_timed);
  conn->route.addresses = conn->route.others = 0;
  conn->switching = false;
  return conn->conns->transport->connect(conn);
}

void tuv_conn_restart(tuv_conn_t* conn) {
  while (tuv_inflight_pop(&conn->inflight) != NULL) continue;
  tuv_inflight_free(&conn->inflight);
  tuv_inflight_init(&conn->inflight, &conn->context->mem->alloc);
  conn->version = 0;
  conn->state = TUV_CONN_CONNECTING;
  conn->switching = true;
  conn->conns->transport->abort(conn);
}

void tuv_conn_lost(tuv_conn_t* conn, const char* message) {
  conn->conns->transport->abort(conn);
  die(conn,
      &(tuv_failure_t) {TAOSUV_ECONNLOST, TAOSUV_ERR_RETRYABLE, 0, message, tuv_conn_host(conn)});
}

void tuv_conn_silent(tuv_conn_t* conn, const char* message) {
  avoid_address(conn);
  conn->conns->events->silent(conn);
  tuv_conn_lost(conn, message);
}

void tuv_conn_close_later(tuv_conn_t* conn) {
  conn->close_later = true;
  tuv_conn_pump_later(conn);
}

/* Over HTTP each cancelled request ends its connection. Not more of these wait for their answers than
 * the pool has connections. */
void tuv_conn_retire(tuv_conn_t* conn) {
  tuv_conns_t* conns = conn->conns;
  bool waits = conns->leaving < conns->context->url.pool_size;
  tuv_conn_observe(conn, TAOSUV_TRACE_CONN_CLOSED, NULL);
  tuv_leave_begin(conn, waits ? conns->context->url.close_timeout : 0);
  conns->events->leaving(conn);
}

void tuv_conn_close(tuv_conn_t* conn) {
  tuv_conn_observe(conn, TAOSUV_TRACE_CONN_CLOSED, NULL);
  if (conn->state == TUV_CONN_READY) {
    tuv_leave_closed(conn);
    return;
  }
  tuv_queue_t none;
  tuv_queue_init(&none);
  tuv_conn_leave_pool(conn, TUV_CONN_CLOSING);
  tuv_loss_take_apart(conn, &none); /* only its log-in can be in flight */
  tuv_conn_say_goodbye(conn);
}

/* Cancelled operations do not count: the server frees what they left behind when the connection
 * ends. */
bool tuv_conn_is_unused(const tuv_conn_t* conn) {
  return tuv_queue_empty(&conn->inflight.sent) && !tuv_dependents_keep_conn(&conn->dependents) &&
         tuv_queue_empty(&conn->waiting);
}

void tuv_conn_check_retired(tuv_conn_t* conn) {
  if (conn->state == TUV_CONN_READY && tuv_conn_is_unused(conn)) tuv_conn_retire(conn);
}
