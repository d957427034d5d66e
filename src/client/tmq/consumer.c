/* A consumer's life: made from a URL and properties, its turn of the loop, closed in good order. */
#include "client/core/failure.h"
#include "client/core/req.h"
#include "client/pool/client.h"
#include "client/tmq/config.h"
#include "client/tmq/consumer.h"
#include "client/tmq/progress.h"
#include "client/observe/hooks.h"

#include <stdio.h>
#include <string.h>

void taosuv_consumer_options_init(taosuv_consumer_options_t* options) {
  memset(options, 0, sizeof *options);
  options->size = sizeof *options;
  options->url_length = TAOSUV_NUL_TERMINATED;
}

static void go_on(tuv_task_t* task);

/* The client's URL as the properties want it. Texts stay the consumer's. */
static int apply(taosuv_consumer_t* consumer, tuv_url_t* url, tuv_errmsg_t* err) {
  const char* const* value = consumer->config.value;
  const char* ip = value[TUV_TMQ_IP];
  const char* port = value[TUV_TMQ_PORT];
  char number[8];
  if (value[TUV_TMQ_USER] != NULL) url->user = value[TUV_TMQ_USER];
  if (value[TUV_TMQ_PASSWORD] != NULL) url->password = value[TUV_TMQ_PASSWORD];
  if (value[TUV_TMQ_DB] != NULL) url->db = value[TUV_TMQ_DB];
  if (value[TUV_TMQ_TOKEN] != NULL) url->bearer_token = value[TUV_TMQ_TOKEN];
  snprintf(number, sizeof number, "%u", url->hosts[0].port);
  if (ip != NULL && strcmp(ip, url->hosts[0].name) != 0)
    return tuv_fail(err, TAOSUV_EINVAL, "td.connect.ip is not the host of the URL");
  if (port != NULL && strcmp(port, number) != 0)
    return tuv_fail(err, TAOSUV_EINVAL, "td.connect.port is not the port of the URL");
  if (url->totp_code[0] != 0 || url->totp_secret[0] != 0)
    return tuv_fail(err, TAOSUV_ENOTSUP, "a consumer cannot log in with a one-time password");
  if (url->transport == TUV_TRANSPORT_REST)
    return tuv_fail(err, TAOSUV_ENOTSUP, "a consumer needs ws:// or wss://");
  if (url->transport != TUV_TRANSPORT_WS)
    return tuv_fail(err, TAOSUV_ENOTSUP, "a consumer needs ws:// or wss://");
  if (url->adapter_ha)
    return tuv_fail(err, TAOSUV_ENOTSUP, "adapter_ha is for clients, not for consumers");
  url->pool_size = 1;
  url->max_inflight = 1u << 20;
  url->idle_timeout = 0;
  url->max_age = 0;
  return 0;
}

static void init(taosuv_consumer_t* consumer, const taosuv_consumer_options_t* options) {
  consumer->on_event = options->on_event;
  consumer->data = options->data;
  consumer->watch_interval = options->assignment_interval_ms;
  if (consumer->watch_interval == 0) consumer->watch_interval = 5000;
  consumer->skip_unreadable = options->skip_unreadable != 0;
  tuv_queue_init(&consumer->ready);
  tuv_queue_init(&consumer->commits);
  tuv_queue_init(&consumer->op.link);
  tuv_task_init(&consumer->next, go_on);
  tuv_progress_init(&consumer->progress, &consumer->alloc, tuv_message_passed);
}

static void release(taosuv_consumer_t* consumer) {
  tuv_alloc_t alloc = consumer->alloc;
  tuv_free(&alloc, consumer->topics);
  tuv_free(&alloc, consumer->assigned);
  tuv_free(&alloc, consumer->found);
  tuv_tmq_config_free(&alloc, &consumer->config);
  tuv_free(&alloc, consumer);
}

static int make_client(taosuv_consumer_t* consumer, uv_loop_t* loop,
                       const taosuv_consumer_options_t* options, tuv_errmsg_t* err) {
  taosuv_options_t inner;
  taosuv_options_init(&inner);
  inner.url = options->url;
  inner.url_length = options->url_length;
  inner.allocator = options->allocator;
  inner.message = err->text;
  inner.message_size = sizeof err->text;
  return tuv_client_create(loop, &inner, &(tuv_setup_t) {consumer, apply}, &consumer->client);
}

int taosuv_consumer_create(uv_loop_t* loop, const taosuv_consumer_options_t* options,
                           taosuv_consumer_t** consumer) {
  tuv_errmsg_t err = {""};
  if (consumer == NULL) return TAOSUV_EINVAL;
  *consumer = NULL;
  if (loop == NULL || options == NULL || options->size == 0) return TAOSUV_EINVAL;
  tuv_alloc_t alloc = tuv_alloc_default;
  if (options->allocator != NULL) memcpy(&alloc, options->allocator, sizeof alloc);
  taosuv_consumer_t* made = tuv_calloc(&alloc, 1, sizeof *made);
  if (made == NULL) return TAOSUV_ENOMEM;
  made->alloc = alloc;
  init(made, options);
  int status = tuv_tmq_config_read(&alloc, options->properties, options->count, &made->config,
                                   &err);
  if (status == 0) status = make_client(made, loop, options, &err);
  if (status == 0) {
    tuv_tmq_depend(made);
    *consumer = made;
    return 0;
  }
  if (options->message != NULL && options->message_size > 0)
    snprintf(options->message, options->message_size, "%s",
             err.text[0] != 0 ? err.text : taosuv_strerror(status));
  release(made);
  return status;
}

void* taosuv_consumer_data(const taosuv_consumer_t* consumer) {
  return consumer != NULL ? consumer->data : NULL;
}

taosuv_client_t* taosuv_consumer_client(taosuv_consumer_t* consumer) {
  return consumer != NULL ? consumer->client : NULL;
}

int tuv_tmq_check(taosuv_consumer_t* consumer, taosuv_req_t* req, bool has_callback, bool any) {
  if (consumer == NULL) return TAOSUV_EINVAL;
  if (consumer->state == TUV_TMQ_CLOSING) return TAOSUV_ECLOSED;
  int status = tuv_req_check_any(consumer->client, req, has_callback);
  if (status < 0 || any || consumer->state == TUV_TMQ_SUBSCRIBED) return status;
  return consumer->state == TUV_TMQ_LOST ? TAOSUV_ECONNLOST : TAOSUV_ESTATE;
}

void tuv_tmq_tell(taosuv_consumer_t* consumer, const taosuv_consumer_event_t* event) {
  if (consumer->on_event != NULL && consumer->state != TUV_TMQ_CLOSING)
    consumer->on_event(consumer, event, consumer->data);
}

void tuv_tmq_tell_failure(taosuv_consumer_t* consumer, taosuv_consumer_event_type_t type,
                          const tuv_failure_t* failure) {
  taosuv_consumer_event_t event = {.type = type,
                                   .status = failure->status,
                                   .server_code = failure->server_code,
                                   .message = failure->message};
  tuv_tmq_tell(consumer, &event);
}

/* Without memory for it, it never comes: what waits for it has another deadline as well. */
void tuv_tmq_set_at(taosuv_consumer_t* consumer, tuv_timed_t* timed, uint64_t at,
                    void (*expire)(tuv_timed_t*)) {
  taosuv_client_t* client = consumer->client;
  tuv_timers_remove(&client->context.timers, timed);
  timed->expire = expire;
  tuv_timers_add(&client->context.timers, timed, at);
}

void tuv_tmq_set(taosuv_consumer_t* consumer, tuv_timed_t* timed, uint64_t ms,
                 void (*expire)(tuv_timed_t*)) {
  tuv_tmq_set_at(consumer, timed, tuv_after(tuv_now(), ms), expire);
}

/* ---- its turn of the loop ---- */

void tuv_tmq_wake(taosuv_consumer_t* consumer) {
  tuv_turn_post(&consumer->client->context.turn, &consumer->next, TUV_PHASE_FEATURE);
}

static void go_on_closing(taosuv_consumer_t* consumer);

static void go_on(tuv_task_t* task) {
  taosuv_consumer_t* consumer = TUV_CONTAINER(task, taosuv_consumer_t, next);
  tuv_tmq_next_commit(consumer);
  tuv_tmq_leave(consumer);
  tuv_tmq_give(consumer);
  tuv_tmq_settle(consumer);
  if (tuv_tmq_wants(consumer)) tuv_tmq_ask(consumer);
  if (consumer->state == TUV_TMQ_CLOSING) go_on_closing(consumer);
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

static const char* copy_text(char** at, const char* text) {
  if (text == NULL) return NULL;
  size_t size = strlen(text) + 1;
  char* copy = memcpy(*at, text, size);
  *at += size;
  return copy;
}

void tuv_tmq_close_failed(taosuv_consumer_t* consumer, const tuv_failure_t* failure) {
  const char *message = failure->message, *host = failure->host;
  size_t size = (message != NULL ? strlen(message) : 0) + (host != NULL ? strlen(host) : 0) + 2;
  char* texts = tuv_malloc(&consumer->alloc, size);
  char* at = texts;
  tuv_free(&consumer->alloc, consumer->close_texts);
  consumer->close_texts = texts;
  consumer->close_failure = *failure;
  consumer->close_failure.message = texts != NULL ? copy_text(&at, message) : NULL;
  consumer->close_failure.host = texts != NULL ? copy_text(&at, host) : NULL;
}

static void on_client_closed(void* data) {
  taosuv_consumer_t* consumer = data;
  taosuv_consumer_close_t* close = consumer->close;
  taosuv_req_t* req = (taosuv_req_t*) (void*) close;
  tuv_failure_t failure = consumer->close_failure;
  tuv_alloc_t alloc = consumer->alloc;
  char* texts = consumer->close_texts;
  release(consumer);
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

/* First what is to be committed, then the group, then the connection. */
static void go_on_closing(taosuv_consumer_t* consumer) {
  bool waits = tuv_tmq_committing(consumer) || consumer->leaving != NULL ||
               taosuv_is_pending((taosuv_req_t*) (void*) &consumer->farewell);
  if (consumer->conn != NULL && waits) return;
  if (consumer->conn != NULL && !consumer->said_farewell) {
    consumer->said_farewell = true;
    int status = tuv_tmq_farewell(consumer);
    if (status == 0) return;
    tuv_tmq_close_failed(consumer, &(tuv_failure_t) {status, 0, 0, NULL, NULL});
  }
  close_client(consumer);
}

int taosuv_consumer_close(taosuv_consumer_t* consumer, taosuv_consumer_close_t* req,
                          taosuv_consumer_close_cb cb) {
  if (consumer == NULL || req == NULL || cb == NULL) return TAOSUV_EINVAL;
  taosuv_req_t* base = (taosuv_req_t*) (void*) req;
  if (consumer->state == TUV_TMQ_CLOSING) return TAOSUV_ECLOSED;
  if (taosuv_is_pending(base) || consumer->client->in_hook) return TAOSUV_EBUSY;
  bool subscribed = consumer->state == TUV_TMQ_SUBSCRIBED;
  uint64_t timeout = req->timeout_ms != 0 ? req->timeout_ms
                                          : consumer->client->context.url.request_timeout;
  tuv_req_t* priv = tuv_req_of(base);
  memset(priv, 0, sizeof *priv);
  priv->client = consumer->client;
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
  if (consumer->leaving != NULL) { /* which had not left yet: the last message will do it */
    subscribed = true;
    tuv_req_defer((taosuv_req_t*) (void*) consumer->leaving, TAOSUV_ECANCELED, 0,
                  "the consumer was closed");
  }
  if (subscribed && consumer->config.auto_commit) tuv_tmq_commit_finished(consumer);
  consumer->said_farewell = !subscribed;
  consumer->state = TUV_TMQ_CLOSING;
  if (timeout == 0) timeout = TUV_TMQ_ANSWER_MS;
  uint64_t now = tuv_now();
  consumer->close_until = timeout > UINT64_MAX - now ? UINT64_MAX : now + timeout;
  tuv_tmq_set(consumer, &consumer->close_timed, timeout, on_close_timeout);
  tuv_tmq_wake(consumer);
  return 0;
}
