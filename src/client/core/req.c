/* The life of a request: it begins, has a time limit, can be cancelled, and completes once. */
#include <string.h>

#include "client/core/context.h"
#include "client/core/req.h"
#include "client/core/observe.h"

static void on_expired(tuv_timed_t* timed);

/* Limits count from the call, not from the loop's time: that may be an old one. None is shorter for
 * being counted in whole milliseconds. */
static int set_deadline(tuv_context_t* context, taosuv_req_t* req) {
  tuv_req_t* priv = tuv_req_of(req);
  bool usual = req->timeout_ms == 0;
  uint64_t timeout = usual ? context->url.request_timeout : req->timeout_ms;
  uint64_t at = timeout == 0 ? 0 : tuv_after(tuv_ms_of(priv->started) + 1, timeout);
  if (req->deadline != 0 && (at == 0 || req->deadline < at)) {
    at = req->deadline;
    usual = false;
  }
  if (at == 0) return 0;
  return usual ? tuv_timers_add_usual(&context->timers, &priv->timed, at)
               : tuv_timers_add(&context->timers, &priv->timed, at);
}

bool tuv_req_is_late(const taosuv_req_t* req) {
  return req->deadline != 0 && req->deadline <= tuv_ms_of(tuv_req_of_const(req)->started);
}

int tuv_req_start(tuv_context_t* context, taosuv_req_t* req, const tuv_op_type_t* type) {
  tuv_req_t* priv = tuv_req_of(req);
  TUV_ASSERT(priv->state == TUV_REQ_IDLE);
  memset(priv, 0, sizeof *priv);
  tuv_queue_init(&priv->op.link);
  priv->context = context;
  priv->op.type = type;
  priv->op.id = req->req_id != 0 ? req->req_id : tuv_ids_next(&context->ids);
  priv->timed.expire = on_expired;
  uint64_t now = uv_hrtime();
  context->started = now > context->started ? now : context->started + 1;
  priv->started = context->started;
  req->sent_req_id = priv->op.id;
  req->server_time_ns = 0;
  req->total_time_ns = 0;
  req->status = 0;
  req->err_flags = 0;
  req->server_code = 0;
  req->message = NULL;
  req->host = NULL;
  if (set_deadline(context, req) < 0) return TAOSUV_ENOMEM;
  priv->state = TUV_REQ_BEGUN;
  context->pending++;
  return 0;
}

void tuv_req_unstart(taosuv_req_t* req) {
  tuv_req_t* priv = tuv_req_of(req);
  TUV_ASSERT(priv->state == TUV_REQ_BEGUN && tuv_queue_empty(&priv->op.link));
  tuv_timers_remove(&priv->context->timers, &priv->timed);
  priv->context->pending--;
  priv->state = TUV_REQ_IDLE;
}

void tuv_req_finish(taosuv_req_t* req, int status) {
  tuv_req_t* priv = tuv_req_of(req);
  tuv_context_t* context = priv->context;
  TUV_ASSERT(priv->state != TUV_REQ_IDLE && context->pending > 0);
  TUV_ASSERT(priv->op.conn == NULL && tuv_queue_empty(&priv->op.link));
  tuv_timers_remove(&context->timers, &priv->timed);
  tuv_refbuf_unref(priv->payload);
  priv->payload = NULL;
  priv->state = TUV_REQ_IDLE;
  req->status = status;
  req->total_time_ns = uv_hrtime() - priv->started;
  if (status < 0 && req->message == NULL) req->message = taosuv_strerror(status);
  if (status < 0 && priv->left) req->err_flags |= TAOSUV_ERR_MAYBE_EXECUTED;
  context->pending--;
  if (context->completed != NULL) context->completed(context, priv);
  tuv_context_check_end(context);
  tuv_observe_completed(context, req, priv->op.type->action);
  priv->op.type->complete(req, status);
}

void tuv_req_fail(taosuv_req_t* req, const tuv_failure_t* failure) {
  req->err_flags = failure->flags;
  req->server_code = failure->server_code;
  req->message = failure->message;
  req->host = failure->host;
  tuv_req_finish(req, failure->status);
}

/* Takes a request from its holder. */
static void release(taosuv_req_t* req) {
  tuv_req_t* priv = tuv_req_of(req);
  const tuv_holder_t* holder = priv->holder;
  if (priv->state == TUV_REQ_HELD && holder->release != NULL) holder->release(req);
  tuv_queue_remove(&priv->op.link);
  tuv_req_unhold(req);
}

void tuv_req_defer(taosuv_req_t* req, int status, unsigned int flags, const char* message) {
  tuv_req_t* priv = tuv_req_of(req);
  release(req);
  tuv_timers_remove(&priv->context->timers, &priv->timed);
  priv->state = TUV_REQ_DONE;
  priv->outcome = status;
  req->err_flags = flags;
  req->message = message;
  tuv_queue_push(&priv->context->done, &priv->op.link);
  tuv_turn_post(&priv->context->turn, &priv->context->complete, TUV_PHASE_COMPLETE);
}

/* Whether the server may have seen a request: its first byte has left. */
static bool has_left(const taosuv_req_t* req) {
  const tuv_req_t* priv = tuv_req_of_const(req);
  const tuv_holder_t* holder = priv->holder;
  return priv->left || (holder->maybe_sent != NULL && holder->maybe_sent(req));
}

/* The time limit has passed, and it is no longer waited for: how it fails. */
static tuv_failure_t timed_out(const taosuv_req_t* req, bool left) {
  bool executes_nothing = tuv_req_of_const(req)->holder->maybe_sent == NULL;
  if (left)
    return (tuv_failure_t) {TAOSUV_ETIMEDOUT, TAOSUV_ERR_MAYBE_EXECUTED, 0,
                            taosuv_strerror(TAOSUV_ETIMEDOUT), req->host};
  if (executes_nothing)
    return (tuv_failure_t) {TAOSUV_ETIMEDOUT, TAOSUV_ERR_RETRYABLE, 0,
                            "no answer within the time limit; nothing was executed", NULL};
  return (tuv_failure_t) {TAOSUV_EUNSENT, TAOSUV_ERR_RETRYABLE, 0, taosuv_strerror(TAOSUV_EUNSENT),
                          NULL};
}

static void on_expired(tuv_timed_t* timed) {
  tuv_req_t* priv = TUV_CONTAINER(timed, tuv_req_t, timed);
  taosuv_req_t* req = tuv_req_public(priv);
  tuv_context_t* context = priv->context;
  const tuv_holder_t* holder = priv->holder;
  TUV_ASSERT(priv->state == TUV_REQ_HELD);
  bool left = has_left(req);
  tuv_conn_t* conn = holder->waits_on != NULL ? holder->waits_on(req) : NULL;
  if (left && priv->stays) {
    priv->late = true;
    if (conn != NULL) context->timed_out(conn);
    return;
  }
  tuv_failure_t failure = timed_out(req, left);
  release(req);
  if (conn != NULL) context->timed_out(conn);
  tuv_req_fail(req, &failure);
}

int taosuv_cancel(taosuv_req_t* req) {
  if (req == NULL) return TAOSUV_EINVAL;
  const tuv_req_t* priv = tuv_req_of(req);
  if (priv->state == TUV_REQ_IDLE || priv->state == TUV_REQ_DONE) return TAOSUV_EINVAL;
  if (priv->context->in_hook) return TAOSUV_EBUSY; /* it may be between two holders */
  unsigned int flags = has_left(req) ? TAOSUV_ERR_MAYBE_EXECUTED : 0u;
  tuv_req_defer(req, TAOSUV_ECANCELED, flags, "the request was cancelled");
  return 0;
}

int taosuv_is_pending(const taosuv_req_t* req) {
  return req != NULL && tuv_req_of_const(req)->state != TUV_REQ_IDLE;
}
