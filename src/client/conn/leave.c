/* Leaving a server in good order: a connection that is out of the pool waits, up to a limit, for
 * the answers to what is in flight, so that the results they bring are freed on the server. Its
 * statements are closed there; then it sends a close frame. Gateways do not free what a connection
 * leaves open when a query was still running. */
#include "client/core/failure.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/conn/send.h"
#include "client/conn/endpoint.h"
#include "client/conn/leave.h"
#include "client/core/observe.h"

bool tuv_conn_leave_pool(tuv_conn_t* conn, tuv_conn_state_t state) {
  tuv_conns_t* conns = conn->conns;
  bool was_ready = conn->state == TUV_CONN_READY;
  if (was_ready)
    conns->ready--;
  else
    conns->connecting--;
  conn->state = state;
  tuv_endpoint_leave(conn);
  if (conn->retiring)
    conns->retiring--;
  else
    conn->host->open--;
  conn->conns->events->left(conn);
  tuv_timers_remove(&conns->context->timers, &conn->timed);
  tuv_timers_remove(&conns->context->timers, &conn->address_timed);
  tuv_conn_end_suspicion(conn);
  tuv_queue_remove(&conn->link);
  tuv_queue_push(&conns->gone, &conn->link);
  return !was_ready;
}

static void on_close_timeout(tuv_timed_t* timed) {
  tuv_conn_t* conn = TUV_CONTAINER(timed, tuv_conn_t, timed);
  conn->conns->transport->abort(conn);
}

void tuv_conn_bound_close(tuv_conn_t* conn) {
  conn->timed.expire = on_close_timeout;
  uint64_t at = tuv_now() + TUV_CLOSE_WAIT_MS;
  if (tuv_timers_add(&conn->context->timers, &conn->timed, at) < 0)
    conn->conns->transport->abort(conn);
}

void tuv_conn_say_goodbye(tuv_conn_t* conn) {
  tuv_conn_bound_close(conn);
  conn->conns->transport->close(conn);
}

static bool is_answered(const tuv_conn_t* conn) {
  return tuv_inflight_count(&conn->inflight) == 0 && tuv_queue_empty(&conn->waiting);
}

static void unlink_ops(tuv_queue_t* ops) {
  while (!tuv_queue_empty(ops)) {
    tuv_op_t* op = TUV_CONTAINER(ops->next, tuv_op_t, link);
    tuv_queue_remove(&op->link);
    op->conn = NULL;
  }
}

/* Gives up what was not answered. Only the library itself waits for it. */
static void forget(tuv_conn_t* conn, tuv_conn_state_t state) {
  tuv_conns_t* conns = conn->conns;
  tuv_failure_t gone = {TAOSUV_ECONNLOST, TAOSUV_ERR_RETRYABLE, 0, NULL, tuv_conn_host(conn)};
  conn->state = state;
  conns->leaving--;
  tuv_timers_remove(&conns->context->timers, &conn->timed);
  while (tuv_inflight_pop(&conn->inflight) != NULL) continue;
  unlink_ops(&conn->waiting);
  tuv_dependents_lost(&conn->dependents, &gone);
  tuv_inflight_free(&conn->inflight);
}

static void say_goodbye(tuv_conn_t* conn) {
  forget(conn, TUV_CONN_CLOSING);
  tuv_conn_say_goodbye(conn);
}

static void on_limit(tuv_timed_t* timed) {
  say_goodbye(TUV_CONTAINER(timed, tuv_conn_t, timed));
}

static void enter(tuv_conn_t* conn) {
  tuv_conn_leave_pool(conn, TUV_CONN_LEAVING);
  conn->conns->leaving++;
}

static void wait_for_answers(tuv_conn_t* conn, uint64_t limit) {
  tuv_timers_t* timers = &conn->context->timers;
  tuv_dependents_leave(&conn->dependents);
  conn->timed.expire = on_limit;
  bool waits = limit > 0 && !is_answered(conn) &&
               tuv_timers_add(timers, &conn->timed, tuv_now() + limit) == 0;
  if (!waits) say_goodbye(conn);
}

void tuv_leave_begin(tuv_conn_t* conn, uint64_t limit) {
  enter(conn);
  wait_for_answers(conn, limit);
}

void tuv_leave_check(tuv_conn_t* conn) {
  if (conn->state != TUV_CONN_LEAVING) return;
  tuv_conn_send_waiting(conn);
  if (is_answered(conn)) say_goodbye(conn);
}

void tuv_leave_down(tuv_conn_t* conn) {
  forget(conn, TUV_CONN_DEAD);
}

/* ---- the client is closed ---- */

static void cancel_request(tuv_conn_t* conn, tuv_op_t* op) {
  tuv_req_t* priv = TUV_CONTAINER(op, tuv_req_t, op);
  if (op->at < conn->conns->transport->sent_up_to(conn)) priv->left = true;
  tuv_req_defer(tuv_req_public(priv), TAOSUV_ECANCELED, 0, "the client was closed");
}

/* Cancels the caller's requests. Operations of the library stay. */
static void cancel_requests(tuv_conn_t* conn) {
  for (tuv_queue_t *at = conn->inflight.sent.next, *next; at != &conn->inflight.sent; at = next) {
    tuv_op_t* op = TUV_CONTAINER(at, tuv_op_t, link);
    next = at->next;
    if (op->type->is_request) cancel_request(conn, op);
  }
}

void tuv_leave_closed(tuv_conn_t* conn) {
  enter(conn);
  cancel_requests(conn);
  tuv_dependents_close(&conn->dependents, TUV_RANK_RESULT, conn);
  wait_for_answers(conn, conn->context->url.close_timeout);
}
