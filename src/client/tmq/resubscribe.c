/* Subscribing again, after the connection was lost or given up. */
#include "client/core/dependent.h"
#include "client/core/failure.h"
#include "client/core/op.h"
#include "client/core/req.h"
#include "client/pool/client.h"
#include "client/pool/begin.h"
#include "client/pool/pool.h"
#include "client/tmq/base.h"
#include "client/tmq/commit.h"
#include "client/tmq/consumer.h"
#include "client/tmq/poll.h"
#include "client/tmq/request.h"
#include "client/tmq/resubscribe.h"
#include "client/tmq/subscribe.h"
#include "client/tmq/trouble.h"
#include "util/backoff.h"
#include "wire/server_code.h"

/* A connection that has held for this long, in ms, was not a failed attempt. */
#define STEADY_MS 60000u

static void on_detach(tuv_dependent_t* dependent, const tuv_conn_t* conn) {
  taosuv_consumer_t* consumer = TUV_CONTAINER(dependent, taosuv_consumer_t, dependent);
  if (conn != consumer->conn) return;
  consumer->conn = NULL;
  consumer->last_id = 0;
  if (consumer->client_closing) return;
  bool within = consumer->building != NULL;
  if (within) tuv_tmq_trouble_note(consumer);
  tuv_tmq_reset(consumer);
  if (consumer->state != TUV_TMQ_SUBSCRIBED) return;
  consumer->cut_short = consumer->cut_short || within;
  consumer->state = TUV_TMQ_LOST;
  consumer->newly_lost = true;
}

static void resubscribe(taosuv_consumer_t* consumer);

static void give_up(taosuv_consumer_t* consumer, const tuv_failure_t* failure) {
  consumer->state = TUV_TMQ_IDLE;
  consumer->pushing = false;
  tuv_tmq_waiter_failed(consumer, failure);
  tuv_tmq_report_failure(consumer, TAOSUV_CONSUMER_FAILED, failure);
}

static void on_retry(tuv_timed_t* timed) {
  taosuv_consumer_t* consumer = TUV_CONTAINER(timed, taosuv_consumer_t, retry);
  if (consumer->state == TUV_TMQ_LOST) resubscribe(consumer);
}

/* Subscribes at once for the first time, then after growing pauses, then no more. A message that
 * cannot be fetched counts as a failed attempt, although subscribing succeeds. */
static void try_later(taosuv_consumer_t* consumer, const tuv_failure_t* failure) {
  const tuv_url_t* url = &consumer->client->context.url;
  uint32_t tries = consumer->attempts;
  if (consumer->unreadable > tries + 1) tries = consumer->unreadable - 1;
  if (tries > url->retries) {
    give_up(consumer, failure);
    return;
  }
  uint64_t pause = tries == 0 ? 0 : tuv_backoff(url->retry_initial, url->retry_max, tries);
  consumer->attempts++;
  tuv_tmq_set(consumer, &consumer->retry, pause, on_retry);
}

/* The code 65535 may mean any failure of the gateway to reach the database. The credentials were
 * right the first time (PROTOCOL 7.2). */
static bool worth_it(const taosuv_req_t* req) {
  taosuv_err_class_t class = taosuv_err_class(req->status);
  return class == TAOSUV_CLASS_NETWORK || class == TAOSUV_CLASS_TIMEOUT ||
         class == TAOSUV_CLASS_PROTOCOL || (req->err_flags & TAOSUV_ERR_RETRYABLE) != 0 ||
         (req->status == TAOSUV_ESERVER && req->server_code == TUV_CODE_GATEWAY);
}

static void resubscribe_complete(taosuv_req_t* req, int status) {
  taosuv_consumer_t* consumer = ((taosuv_subscribe_t*) (void*) req)->consumer;
  tuv_failure_t failure = {status, req->err_flags, req->server_code, req->message, req->host};
  if (status < 0) tuv_tmq_subscribe_failed(consumer, req);
  if (consumer->state == TUV_TMQ_CLOSING) {
    tuv_tmq_wake(consumer);
  } else if (status == 0 && consumer->state == TUV_TMQ_SUBSCRIBED) {
    tuv_tmq_report(consumer, &(taosuv_consumer_event_t) {.type = TAOSUV_CONSUMER_RESUMED});
  } else if (consumer->state == TUV_TMQ_LOST) {
    if (worth_it(req))
      try_later(consumer, &failure);
    else
      give_up(consumer, &failure);
  }
}

static const tuv_op_type_t resubscribe_type = {.is_request = true,
                                               .pinned = true,
                                               .action = TAOSUV_ACTION_SUBSCRIBE,
                                               .encode = tuv_tmq_encode_subscribe,
                                               .reply = tuv_tmq_subscribed,
                                               .complete = resubscribe_complete,
                                               .tombstone = &tuv_plain_tombstone};

static void resubscribe(taosuv_consumer_t* consumer) {
  taosuv_req_t* req = tuv_req_base(&consumer->resubscribe);
  if (taosuv_is_pending(req)) return; /* its completion tries again */
  consumer->resubscribe.consumer = consumer;
  int status = tuv_pool_begin(consumer->client, req, &resubscribe_type, NULL, 0);
  tuv_failure_t failure = {status, 0, 0, taosuv_strerror(status), NULL};
  if (status < 0) try_later(consumer, &failure);
}

/* Whether the end of the connection says that a message cannot be read, not that it was cut. */
static bool is_unreadable(const tuv_failure_t* failure) {
  return taosuv_err_class(failure->status) == TAOSUV_CLASS_PROTOCOL ||
         failure->status == TAOSUV_EMSGSIZE || failure->status == TAOSUV_ENOMEM;
}

/* The connection is gone, and so is what was in flight on it. `failure` is the reason, unless the
 * connection was given up because of what the server sent. */
static void on_lost(tuv_dependent_t* dependent, const tuv_failure_t* failure) {
  taosuv_consumer_t* consumer = TUV_CONTAINER(dependent, taosuv_consumer_t, dependent);
  tuv_failure_t why = *failure;
  if (consumer->cause != NULL) {
    why.status = consumer->cause->status;
    why.flags = consumer->cause->flags;
    why.server_code = consumer->cause->server_code;
  }
  tuv_tmq_commits_lost(consumer, failure);
  if (consumer->state == TUV_TMQ_LEAVING || consumer->state == TUV_TMQ_CLOSING)
    tuv_tmq_wake(consumer);
  if (!consumer->newly_lost) return;
  consumer->newly_lost = false;
  if (consumer->cut_short || is_unreadable(&why)) consumer->unreadable++;
  if (tuv_tmq_trouble_judge(consumer, &why)) consumer->attempts = consumer->unreadable = 0;
  consumer->cut_short = false;
  if (tuv_now() - consumer->since >= STEADY_MS) consumer->attempts = 0;
  tuv_tmq_report_failure(consumer, TAOSUV_CONSUMER_LOST, &why);
  if (consumer->state == TUV_TMQ_LOST) try_later(consumer, &why);
}

static const tuv_dependent_type_t dependent_type = {
    .rank = TUV_RANK_CONSUMER, .detach = on_detach, .lost = on_lost};

void tuv_tmq_depend(taosuv_consumer_t* consumer) {
  tuv_dependent_init(&consumer->dependent, &dependent_type);
  tuv_dependents_add(&consumer->client->context.dependents, &consumer->dependent);
}
