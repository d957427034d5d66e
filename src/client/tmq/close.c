/* Closing a consumer: first what is to be committed, then its place in the group, then the connection. */
#include <string.h>

#include "client/core/failure.h"
#include "client/core/req.h"
#include "client/core/turn.h"
#include "client/pool/client.h"
#include "client/tmq/base.h"
#include "client/tmq/close.h"
#include "client/tmq/commit.h"
#include "client/tmq/config.h"
#include "client/tmq/consumer.h"
#include "client/tmq/fetch.h"
#include "client/tmq/message.h"
#include "client/tmq/poll.h"
#include "client/tmq/progress.h"
#include "client/tmq/subscribe.h"

void tuv_tmq_release(taosuv_consumer_t* consumer) {
  tuv_alloc_t alloc = consumer->alloc;
  tuv_free(&alloc, consumer->topics);
  tuv_free(&alloc, consumer->assigned);
  tuv_free(&alloc, consumer->found);
  tuv_tmq_config_free(&alloc, &consumer->config);
  tuv_free(&alloc, consumer);
}

/* ---- closing ---- */

static void forget_messages(taosuv_consumer_t* consumer) {
  tuv_tmq_drop_ready(consumer, NULL, 0);
  tuv_progress_clear(&consumer->progress);
  while (!tuv_queue_empty(&consumer->progress.strays)) {
    tuv_track_t* track = TUV_CONTAINER(consumer->progress.strays.next, tuv_track_t, link);
    tuv_queue_remove(&track->link);
    tuv_message_forget(track);
  }
}

static void on_client_closed(void* data) {
  taosuv_consumer_t* consumer = data;
  taosuv_consumer_close_t* close = consumer->close;
  taosuv_req_t* req = tuv_req_base(close);
  tuv_failure_t failure = consumer->close_failure;
  tuv_alloc_t alloc = consumer->alloc;
  char* texts = consumer->close_texts;
  tuv_tmq_release(consumer);
  tuv_req_t* priv = tuv_req_of(req);
  priv->state = TUV_REQ_IDLE;
  req->status = failure.status;
  req->server_code = failure.server_code;
  req->message = failure.message;
  req->host = failure.host;
  req->total_time_ns = uv_hrtime() - priv->started;
  if (failure.status < 0 && req->message == NULL) req->message = taosuv_strerror(failure.status);
  close->cb(close, failure.status);
  tuv_free(&alloc, texts);
}

static void close_client(taosuv_consumer_t* consumer) {
  taosuv_client_t* client = consumer->client;
  tuv_timed_t* timers[] = {&consumer->retry,  &consumer->close_timed, &consumer->answer,
                           &consumer->waited, &consumer->auto_timed,  &consumer->watch_timed};
  if (consumer->client_closing) return;
  consumer->client_closing = true;
  tuv_tmq_stop_asking(consumer);
  tuv_failure_t closed = {TAOSUV_ECANCELED, 0, 0, "the consumer was closed", NULL};
  tuv_tmq_commits_lost(consumer, &closed);
  for (size_t i = 0; i < sizeof timers / sizeof *timers; i++)
    tuv_timers_remove(&client->context.timers, timers[i]);
  forget_messages(consumer);
  uint64_t now = tuv_now();
  uint64_t left = consumer->close_until > now ? consumer->close_until - now : 0;
  if (client->context.url.close_timeout > left) client->context.url.close_timeout = left;
  client->data = consumer;
  client->owned = false;
  taosuv_close(client, on_client_closed);
}

static void on_close_timeout(tuv_timed_t* timed) {
  taosuv_consumer_t* consumer = TUV_CONTAINER(timed, taosuv_consumer_t, close_timed);
  tuv_tmq_close_failed(consumer, &(tuv_failure_t) {TAOSUV_ETIMEDOUT, 0, 0, NULL, NULL});
  close_client(consumer);
}

/* Commits what is to be committed, leaves the group, and closes the connection. */
void tuv_tmq_go_on_closing(taosuv_consumer_t* consumer) {
  bool waits = tuv_tmq_committing(consumer) || consumer->leaving != NULL ||
               taosuv_is_pending(tuv_req_base(&consumer->final_unsubscribe));
  if (consumer->conn != NULL && waits) return;
  if (consumer->conn != NULL && !consumer->final_unsubscribe_sent) {
    consumer->final_unsubscribe_sent = true;
    int status = tuv_tmq_unsubscribe_finally(consumer);
    if (status == 0) return;
    tuv_tmq_close_failed(consumer, &(tuv_failure_t) {status, 0, 0, NULL, NULL});
  }
  close_client(consumer);
}

int taosuv_consumer_close(taosuv_consumer_t* consumer, taosuv_consumer_close_t* req,
                          taosuv_consumer_close_cb cb) {
  if (consumer == NULL || req == NULL || cb == NULL) return TAOSUV_EINVAL;
  taosuv_req_t* base = tuv_req_base(req);
  if (consumer->state == TUV_TMQ_CLOSING) return TAOSUV_ECLOSED;
  if (taosuv_is_pending(base) || consumer->client->context.in_hook) return TAOSUV_EBUSY;
  bool subscribed = consumer->state == TUV_TMQ_SUBSCRIBED;
  uint64_t timeout = req->timeout_ms != 0 ? req->timeout_ms
                                          : consumer->client->context.url.request_timeout;
  tuv_req_t* priv = tuv_req_of(base);
  memset(priv, 0, sizeof *priv);
  priv->context = &consumer->client->context;
  priv->state = TUV_REQ_DONE; /* pending, and not to be cancelled */
  priv->started = uv_hrtime();
  base->status = 0;
  base->err_flags = 0;
  base->server_code = 0;
  base->message = base->host = NULL;
  req->cb = cb;
  consumer->close = req;
  consumer->pushing = false;
  tuv_tmq_cancel_waiter(consumer, "the consumer was closed");
  if (consumer->leaving != NULL) { /* which had not left yet: the last message unsubscribes */
    subscribed = true;
    tuv_req_defer(tuv_req_base(consumer->leaving), TAOSUV_ECANCELED, 0, "the consumer was closed");
  }
  if (subscribed && consumer->config.auto_commit) tuv_tmq_commit_finished(consumer);
  consumer->final_unsubscribe_sent = !subscribed;
  consumer->state = TUV_TMQ_CLOSING;
  if (timeout == 0) timeout = TUV_TMQ_ANSWER_MS;
  uint64_t now = tuv_now();
  consumer->close_until = timeout > UINT64_MAX - now ? UINT64_MAX : now + timeout;
  tuv_tmq_set(consumer, &consumer->close_timed, timeout, on_close_timeout);
  tuv_tmq_wake(consumer);
  return 0;
}
