/* What all requests have in common: beginning, completing once, cancel and time limits. */
#include <limits.h>
#include <string.h>

#include "client/core/failure.h"
#include "client/core/op.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/conn/suspect.h"
#include "client/conn/transport.h"
#include "client/pool/client.h"
#include "client/pool/drain.h"
#include "client/pool/pool.h"
#include "client/observe/hooks.h"

static void on_expired(tuv_timed_t* timed);

/* Limits count from the call, not from the loop's time: that may be an old one. None is shorter for
 * being counted in whole milliseconds. */
static int set_deadline(taosuv_client_t* client, taosuv_req_t* req) {
  tuv_req_t* priv = tuv_req_of(req);
  bool usual = req->timeout_ms == 0;
  uint64_t timeout = usual ? client->context.url.request_timeout : req->timeout_ms;
  uint64_t at = timeout == 0 ? 0 : tuv_after(tuv_ms_of(priv->started) + 1, timeout);
  if (req->deadline != 0 && (at == 0 || req->deadline < at)) {
    at = req->deadline;
    usual = false;
  }
  if (at == 0) return 0;
  return usual ? tuv_timers_add_usual(&client->context.timers, &priv->timed, at)
               : tuv_timers_add(&client->context.timers, &priv->timed, at);
}

bool tuv_req_is_late(taosuv_req_t* req) {
  return req->deadline != 0 && req->deadline <= tuv_ms_of(tuv_req_of(req)->started);
}

int tuv_req_check_any(taosuv_client_t* client, taosuv_req_t* req, bool has_callback) {
  if (client == NULL || req == NULL || !has_callback) return TAOSUV_EINVAL;
  if (tuv_req_of(req)->state != TUV_REQ_IDLE) return TAOSUV_EBUSY;
  if (client->context.closing) return TAOSUV_ECLOSED;
  if (client->in_hook) return TAOSUV_EBUSY;
  if (req->req_id != 0 && tuv_pool_id_in_flight(client, req->req_id)) return TAOSUV_EREQID;
  return 0;
}

/* A consumer's client has no other requests than the consumer's: the server would not answer. */
int tuv_req_check(taosuv_client_t* client, taosuv_req_t* req, bool has_callback) {
  if (client != NULL && client->consumer != NULL) return TAOSUV_ENOTSUP;
  return tuv_req_check_any(client, req, has_callback);
}

/* Fills the private part and the out-fields, and sets the deadline. The caller says where the
 * request then is. */
int tuv_req_start(taosuv_client_t* client, taosuv_req_t* req, const tuv_op_type_t* type) {
  tuv_req_t* priv = tuv_req_of(req);
  memset(priv, 0, sizeof *priv);
  tuv_queue_init(&priv->op.link);
  priv->client = client;
  priv->op.type = type;
  priv->op.id = req->req_id != 0 ? req->req_id : tuv_ids_next(&client->context.ids);
  priv->timed.expire = on_expired;
  uint64_t now = uv_hrtime();
  client->started = now > client->started ? now : client->started + 1;
  priv->started = client->started;
  req->sent_req_id = priv->op.id;
  req->server_time_ns = 0;
  req->total_time_ns = 0;
  req->status = 0;
  req->err_flags = 0;
  req->server_code = 0;
  req->message = NULL;
  req->host = NULL;
  if (set_deadline(client, req) < 0) return TAOSUV_ENOMEM;
  client->pending++;
  return 0;
}

/* Takes back what tuv_req_start did. */
static void unstart(taosuv_req_t* req) {
  tuv_req_t* priv = tuv_req_of(req);
  tuv_timers_remove(&priv->client->context.timers, &priv->timed);
  priv->client->pending--;
  priv->state = TUV_REQ_IDLE;
}

int tuv_req_begin(taosuv_client_t* client, taosuv_req_t* req, const tuv_op_type_t* type,
                  const void* payload, size_t size) {
  bool can = type->encode == NULL || type->rest != NULL || client->transport == &tuv_transport_ws;
  int status = can ? tuv_req_start(client, req, type) : TAOSUV_ENOTSUP;
  if (status < 0) return status;
  if (tuv_req_is_late(req)) {
    tuv_req_defer(req, TAOSUV_EUNSENT, TAOSUV_ERR_RETRYABLE, NULL);
    return 0;
  }
  status = tuv_pool_submit(client, req, payload, size);
  if (status < 0) unstart(req);
  return status;
}

void tuv_req_finish(taosuv_req_t* req, int status) {
  tuv_req_t* priv = tuv_req_of(req);
  taosuv_client_t* client = priv->client;
  tuv_timers_remove(&client->context.timers, &priv->timed);
  tuv_refbuf_unref(priv->payload);
  priv->payload = NULL;
  priv->state = TUV_REQ_IDLE;
  req->status = status;
  req->total_time_ns = uv_hrtime() - priv->started;
  if (status < 0 && req->message == NULL) req->message = taosuv_strerror(status);
  if (status < 0 && priv->left) req->err_flags |= TAOSUV_ERR_MAYBE_EXECUTED;
  client->pending--;
  if (client->ndrains > 0) tuv_drain_completed(client, priv);
  tuv_context_check_end(&client->context);
  tuv_observe_completed(client, req, priv->op.type->action);
  priv->op.type->complete(req, status);
}

void tuv_req_fail(taosuv_req_t* req, const tuv_failure_t* failure) {
  req->err_flags = failure->flags;
  req->server_code = failure->server_code;
  req->message = failure->message;
  req->host = failure->host;
  tuv_req_finish(req, failure->status);
}

static void complete_later(tuv_context_t* context) {
  tuv_turn_post(&context->turn, &context->complete, TUV_PHASE_COMPLETE);
}

/* ---- failing many ---- */

/* Requests that fail for one reason. */
typedef struct tuv_failing_s {
  tuv_queue_t link; /* in context.failing */
  tuv_queue_t reqs;
  tuv_failure_t failure; /* its texts are behind it */
} tuv_failing_t;

void tuv_req_set_aside(taosuv_req_t* req, tuv_queue_t* reqs) {
  tuv_req_t* priv = tuv_req_of(req);
  priv->state = TUV_REQ_SENT;
  priv->op.conn = NULL;
  tuv_queue_push(reqs, &priv->op.link);
}

/* Fails some, and returns how many. */
static unsigned fail_first(tuv_queue_t* reqs, const tuv_failure_t* failure, unsigned most) {
  unsigned count = 0;
  for (; count < most && !tuv_queue_empty(reqs); count++) {
    tuv_op_t* op = TUV_CONTAINER(reqs->next, tuv_op_t, link);
    tuv_queue_remove(&op->link);
    tuv_req_fail(tuv_req_of_op(op), failure);
  }
  return count;
}

static const char* copy(char** out, const char* text) {
  if (text == NULL) return NULL;
  size_t size = strlen(text) + 1;
  char* made = memcpy(*out, text, size);
  *out += size;
  return made;
}

static bool fail_later(taosuv_client_t* client, tuv_queue_t* reqs, const tuv_failure_t* failure) {
  size_t texts = (failure->message == NULL ? 0 : strlen(failure->message) + 1) +
                 (failure->host == NULL ? 0 : strlen(failure->host) + 1);
  tuv_failing_t* failing = tuv_malloc(&client->context.mem->alloc, sizeof *failing + texts);
  if (failing == NULL) return false;
  char* out = (char*) (failing + 1);
  failing->failure = *failure;
  failing->failure.message = copy(&out, failure->message);
  failing->failure.host = copy(&out, failure->host);
  tuv_queue_init(&failing->reqs);
  tuv_queue_move(reqs, &failing->reqs);
  tuv_queue_push(&client->context.failing, &failing->link);
  complete_later(&client->context);
  return true;
}

void tuv_req_fail_all(taosuv_client_t* client, tuv_queue_t* reqs, const tuv_failure_t* failure) {
  fail_first(reqs, failure, TUV_TURN_COMPLETIONS);
  if (!tuv_queue_empty(reqs) && !fail_later(client, reqs, failure))
    fail_first(reqs, failure, UINT_MAX);
}

/* What callbacks add, and what is too much for one turn, waits for the next. */
static void complete_done(tuv_context_t* context) {
  const tuv_queue_t* last = context->done.prev;
  bool more = !tuv_queue_empty(&context->done);
  for (unsigned count = 0; more && count < TUV_TURN_COMPLETIONS; count++) {
    tuv_op_t* op = TUV_CONTAINER(context->done.next, tuv_op_t, link);
    taosuv_req_t* req = tuv_req_of_op(op);
    more = &op->link != last;
    tuv_queue_remove(&op->link);
    tuv_req_finish(req, tuv_req_of(req)->outcome);
  }
}

static void fail_some(tuv_context_t* context) {
  unsigned count = 0;
  while (count < TUV_TURN_COMPLETIONS && !tuv_queue_empty(&context->failing)) {
    tuv_failing_t* failing = TUV_CONTAINER(context->failing.next, tuv_failing_t, link);
    count += fail_first(&failing->reqs, &failing->failure, TUV_TURN_COMPLETIONS - count);
    if (!tuv_queue_empty(&failing->reqs)) break;
    tuv_queue_remove(&failing->link);
    tuv_free(&context->mem->alloc, failing);
  }
}

void tuv_req_complete_some(tuv_task_t* task) {
  tuv_context_t* context = TUV_CONTAINER(task, tuv_context_t, complete);
  complete_done(context);
  fail_some(context);
  if (!tuv_queue_empty(&context->done) || !tuv_queue_empty(&context->failing))
    complete_later(context);
}

void tuv_req_detach(taosuv_req_t* req) {
  tuv_req_t* priv = tuv_req_of(req);
  tuv_op_t* op = &priv->op;
  switch ((tuv_req_state_t) priv->state) {
    case TUV_REQ_QUEUED:
      tuv_pool_unqueue(priv->client, req);
      tuv_pool_check_drain(priv->client);
      break;
    case TUV_REQ_WAITING:
      if (op->type->leave != NULL) op->type->leave(req);
      break;
    case TUV_REQ_SENT:
      if (op->conn != NULL && !tuv_conn_withdraw(op->conn, op)) {
        tuv_idmap_set(&op->conn->table, op->id, op->type->tombstone);
        priv->client->transport->abandon(op->conn);
        if (op->conn->retiring) tuv_conn_pump_later(op->conn); /* this may have been its last */
        op->conn = NULL;
      }
      break;
    case TUV_REQ_IDLE:
    case TUV_REQ_DONE: break;
  }
  tuv_queue_remove(&op->link);
}

void tuv_req_defer(taosuv_req_t* req, int status, unsigned int flags, const char* message) {
  tuv_req_t* priv = tuv_req_of(req);
  tuv_req_detach(req);
  tuv_timers_remove(&priv->client->context.timers, &priv->timed);
  priv->state = TUV_REQ_DONE;
  priv->outcome = status;
  req->err_flags = flags;
  req->message = message;
  tuv_queue_push(&priv->client->context.done, &priv->op.link);
  complete_later(&priv->client->context);
}

/* Whether the server may have seen a request: its first byte has left. */
static bool has_left(const tuv_req_t* priv) {
  if (!priv->left && priv->state == TUV_REQ_WAITING && priv->op.type->was_sent != NULL)
    return priv->op.type->was_sent(TUV_CONTAINER(priv, const taosuv_req_t, priv));
  if (priv->left || priv->state != TUV_REQ_SENT || priv->op.conn == NULL) return priv->left;
  return priv->op.at < priv->client->transport->sent_up_to(priv->op.conn);
}

/* The connection whose answer a request waits for, or its own turn to be sent there; or NULL. */
static tuv_conn_t* conn_of(const tuv_req_t* priv) {
  const tuv_op_type_t* type = priv->op.type;
  if (priv->state == TUV_REQ_SENT) return priv->op.conn;
  if (priv->state != TUV_REQ_WAITING || type->waits_on == NULL) return NULL;
  return type->waits_on(TUV_CONTAINER(priv, const taosuv_req_t, priv));
}

static void on_expired(tuv_timed_t* timed) {
  tuv_req_t* priv = TUV_CONTAINER(timed, tuv_req_t, timed);
  taosuv_req_t* req = tuv_req_public(priv);
  bool waiting = priv->state == TUV_REQ_WAITING && priv->op.type->was_sent == NULL;
  bool left = has_left(priv);
  tuv_conn_t* conn = conn_of(priv);
  if (left && priv->stays) {
    priv->late = true;
    if (conn != NULL) tuv_suspect_begin(conn);
    return;
  }
  tuv_failure_t failure = {TAOSUV_EUNSENT, TAOSUV_ERR_RETRYABLE, 0, NULL, NULL};
  if (left || waiting) {
    failure.status = TAOSUV_ETIMEDOUT;
    failure.flags = left ? TAOSUV_ERR_MAYBE_EXECUTED : TAOSUV_ERR_RETRYABLE;
  }
  if (left) failure.host = priv->op.conn != NULL ? tuv_conn_host(priv->op.conn) : req->host;
  failure.message = waiting && !left ? "no answer within the time limit; nothing was executed"
                                     : taosuv_strerror(failure.status);
  tuv_req_detach(req);
  if (conn != NULL) tuv_suspect_begin(conn);
  tuv_req_fail(req, &failure);
}

int taosuv_cancel(taosuv_req_t* req) {
  if (req == NULL) return TAOSUV_EINVAL;
  tuv_req_t* priv = tuv_req_of(req);
  if (priv->state == TUV_REQ_IDLE || priv->state == TUV_REQ_DONE) return TAOSUV_EINVAL;
  if (priv->client->in_hook) return TAOSUV_EBUSY;
  unsigned int flags = has_left(priv) ? TAOSUV_ERR_MAYBE_EXECUTED : 0u;
  tuv_req_defer(req, TAOSUV_ECANCELED, flags, "the request was cancelled");
  return 0;
}

int taosuv_is_pending(const taosuv_req_t* req) {
  if (req == NULL) return 0;
  const tuv_req_t* priv = (const tuv_req_t*) (const void*) &req->priv;
  return priv->state != TUV_REQ_IDLE;
}
