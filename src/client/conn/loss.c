/* What becomes of the operations of a connection that is gone. */
#include "client/conn/loss.h"

#include "client/core/complete.h"
#include "client/core/req.h"

/* How often a request that never left is moved to another connection. Without a limit, a server that
 * accepts log-ins and then fails would keep it for ever. */
#define MAX_MOVES 5

/* Moves a request of a dead connection to another one, if it never left or may be executed twice.
 * Returns whether it was moved. */
static bool move(tuv_conn_t* conn, tuv_req_t* priv, bool left) {
  taosuv_req_t* req = tuv_req_public(priv);
  if (priv->op.type->pinned || conn->context->closing || priv->moves >= MAX_MOVES) return false;
  const tuv_transport_t* transport = conn->conns->transport;
  bool once_more = left && req->idempotent == 0 && priv->moves == 0 &&
                   transport->may_repeat != NULL && transport->may_repeat(conn);
  if (left && req->idempotent == 0 && !once_more) return false;
  /* The payload of a request that has left is needed again: it was kept, or there was none. */
  bool has_payload = left && !once_more ? priv->payload != NULL || priv->payload_size == 0
                                        : conn->conns->transport->recover(conn, priv) == 0;
  return has_payload && conn->conns->events->requeue(conn, req);
}

void tuv_loss_take_apart(tuv_conn_t* conn, tuv_queue_t* lost) {
  tuv_op_t* op;
  while ((op = tuv_inflight_pop(&conn->inflight)) != NULL) {
    if (op == &conn->version_op || op == &conn->login_op) continue;
    bool left = op->at < conn->conns->transport->sent_up_to(conn);
    if (op->type->is_request) {
      tuv_req_t* priv = TUV_CONTAINER(op, tuv_req_t, op);
      if (left) priv->left = true;
      if (!move(conn, priv, left)) tuv_req_set_aside(tuv_req_public(priv), lost);
    } else {
      tuv_queue_push(lost, &op->link);
    }
  }
  tuv_queue_move(&conn->waiting, lost);
  tuv_inflight_free(&conn->inflight);
}

/* Takes everything but requests out of the list: dependents learn of their operations' end by
 * `lost`. */
static void keep_requests(tuv_queue_t* lost) {
  tuv_queue_t* at = lost->next;
  while (at != lost) {
    tuv_op_t* op = TUV_CONTAINER(at, tuv_op_t, link);
    at = at->next;
    if (!op->type->is_request) tuv_queue_remove(&op->link);
  }
}

void tuv_loss_fail(tuv_conn_t* conn, tuv_queue_t* lost, const tuv_failure_t* why) {
  tuv_failure_t failure = *why;
  failure.flags &= ~(
      unsigned int) TAOSUV_ERR_MAYBE_EXECUTED; /* each request knows whether it had left */
  keep_requests(lost);
  tuv_req_fail_all(conn->context, lost, &failure);
  tuv_dependents_lost(&conn->dependents, why);
}
