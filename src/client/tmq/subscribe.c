/* Subscribe and unsubscribe. */
#include <stdio.h>
#include <string.h>

#include "client/core/failure.h"
#include "client/core/op.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/conn/send.h"
#include "client/pool/client.h"
#include "client/pool/begin.h"
#include "client/pool/pool.h"
#include "client/tmq/assignment.h"
#include "client/tmq/base.h"
#include "client/tmq/commit.h"
#include "client/tmq/config.h"
#include "client/tmq/consumer.h"
#include "client/tmq/fetch.h"
#include "client/tmq/poll.h"
#include "client/tmq/progress.h"
#include "client/tmq/request.h"
#include "client/tmq/subscribe.h"
#include "client/tmq/trouble.h"
#include "wire/version.h"

enum { MAX_TOPICS = 1024, MAX_TOPIC_LENGTH = 1024 };

static taosuv_subscribe_t* subscribe_of(taosuv_req_t* req) {
  return (taosuv_subscribe_t*) (void*) req;
}

/* ---- the message ---- */

/* The first property that the server does not know, or would silently ignore; NULL: none. */
static const char* too_new(const taosuv_consumer_t* consumer, uint64_t version) {
  const tuv_tmq_config_t* config = &consumer->config;
  for (int i = 0; i < TUV_TMQ_PROPERTIES; i++)
    if (config->value[i] != NULL && tuv_tmq_properties[i].version > version)
      return tuv_tmq_properties[i].name;
  if (config->nothers > 0 && version < TUV_VERSION(3, 3, 6, 0)) return config->others[0][0];
  return NULL;
}

static void add_given(tuv_json_request_t* request, const char* key, const char* text) {
  if (text != NULL && text[0] != 0) tuv_json_request_text(request, key, text, strlen(text));
}

static void add_config(const taosuv_consumer_t* consumer, tuv_json_request_t* request) {
  const tuv_tmq_config_t* config = &consumer->config;
  const char* token = consumer->client->context.url.bearer_token;
  const char* pair[1][2] = {{"td.connect.token", token}};
  if (token[0] != 0) tuv_tmq_add_object(request, "config", (const char* const(*)[2]) pair, 1);
  if (config->nothers > 0)
    tuv_tmq_add_object(request, "config", (const char* const(*)[2]) config->others,
                       config->nothers);
}

int tuv_tmq_encode_subscribe(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  const taosuv_consumer_t* consumer = tuv_client_of(conn->context)->consumer;
  const tuv_url_t* url = &conn->context->url;
  int old = tuv_tmq_since(op, conn, TUV_VERSION(3, 0, 5, 0), "3.0.5.0 for consumers");
  if (old < 0) return old;
  const char* newer = too_new(consumer, conn->version);
  tuv_json_request_t request;
  (void) payload;
  (void) size;
  if (newer != NULL) {
    snprintf(tuv_client_of(conn->context)->text, sizeof tuv_client_of(conn->context)->text,
             "the server's version %s is too old for the property %s", conn->version_text, newer);
    tuv_req_of_op(op)->message = tuv_client_of(conn->context)->text;
    return TAOSUV_EVERSION;
  }
  tuv_ws_deflate_from(&conn->ws, SIZE_MAX); /* the password is in it: see tuv_ws_deflate_from */
  tuv_json_request_begin(&request, &conn->context->json, "subscribe", op->id);
  tuv_json_request_text(&request, "user", url->user, strlen(url->user));
  tuv_json_request_text(&request, "password", url->password, strlen(url->password));
  tuv_json_request_text(&request, "db", url->db, strlen(url->db));
  for (int i = 0; i < TUV_TMQ_PROPERTIES; i++)
    if (tuv_tmq_properties[i].arg != NULL)
      add_given(&request, tuv_tmq_properties[i].arg, consumer->config.value[i]);
  tuv_json_request_text(&request, "auto_commit", "false", 5); /* the client commits by itself */
  tuv_tmq_add_texts(&request, "topics", (const char* const*) consumer->topics, consumer->ntopics);
  add_given(&request, "tz", url->timezone);
  add_given(&request, "app", url->app);
  add_given(&request, "ip", url->ip);
  add_given(&request, "connector", url->connector);
  add_config(consumer, &request);
  return tuv_conn_send_json(conn, op, &request);
}

void tuv_tmq_subscribed(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  taosuv_consumer_t* consumer = tuv_client_of(conn->context)->consumer;
  (void) reply;
  bool wanted = consumer->state == TUV_TMQ_SUBSCRIBING || consumer->state == TUV_TMQ_LOST;
  consumer->conn = conn;
  tuv_ws_deflate_from(&conn->ws, (size_t) conn->context->url.compression_threshold);
  if (wanted) {
    consumer->since = tuv_now();
    consumer->state = TUV_TMQ_SUBSCRIBED;
    if (consumer->config.auto_commit) tuv_tmq_auto_commit_later(consumer);
    tuv_tmq_watch_in(consumer, consumer->watch_interval);
    tuv_tmq_wake(consumer);
  }
  tuv_req_finish(tuv_req_of_op(op), 0);
}

/* ---- the connection ---- */

void tuv_tmq_reset(taosuv_consumer_t* consumer) {
  tuv_tmq_stop_asking(consumer);
  consumer->settling = consumer->initial_commit_due = false;
  tuv_tmq_drop_ready(consumer, NULL, 0);
  tuv_progress_clear(&consumer->progress);
  tuv_timers_remove(&consumer->client->context.timers, &consumer->auto_timed);
  tuv_timers_remove(&consumer->client->context.timers, &consumer->watch_timed);
  taosuv_cancel(tuv_req_base(&consumer->watch)); /* the topics may change soon */
}

/* ---- subscribe ---- */

void tuv_tmq_subscribe_failed(taosuv_consumer_t* consumer, const taosuv_req_t* req) {
  bool unclear = (req->err_flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0;
  if (unclear && req->status != TAOSUV_ESERVER && !consumer->client_closing)
    tuv_tmq_drop_conn(consumer, "it is not known whether it was subscribed");
}

static void subscribe_complete(taosuv_req_t* req, int status) {
  taosuv_subscribe_t* subscribe = subscribe_of(req);
  taosuv_consumer_t* consumer = subscribe->consumer;
  if (status < 0) {
    if (consumer->state == TUV_TMQ_SUBSCRIBING) consumer->state = TUV_TMQ_IDLE;
    tuv_tmq_subscribe_failed(consumer, req);
  }
  if (consumer->state == TUV_TMQ_CLOSING) tuv_tmq_wake(consumer);
  subscribe->cb(subscribe, status);
}

static const tuv_op_type_t subscribe_type = {.is_request = true,
                                             .pinned = true,
                                             .action = TAOSUV_ACTION_SUBSCRIBE,
                                             .encode = tuv_tmq_encode_subscribe,
                                             .reply = tuv_tmq_subscribed,
                                             .complete = subscribe_complete,
                                             .tombstone = &tuv_plain_tombstone};

/* The texts behind the pointers to them. */
static int copy_topics(taosuv_consumer_t* consumer, const char* const* topics, size_t count) {
  size_t size = 0;
  if (topics == NULL || count == 0 || count > MAX_TOPICS) return TAOSUV_EINVAL;
  for (size_t i = 0; i < count; i++) {
    if (topics[i] == NULL || topics[i][0] == 0) return TAOSUV_EINVAL;
    size_t length = strlen(topics[i]);
    if (length > MAX_TOPIC_LENGTH) return TAOSUV_EINVAL;
    size += length + 1;
  }
  char** copy = tuv_malloc(&consumer->alloc, count * sizeof *copy + size);
  if (copy == NULL) return TAOSUV_ENOMEM;
  char* at = (char*) (copy + count);
  for (size_t i = 0; i < count; i++) {
    size_t length = strlen(topics[i]) + 1;
    copy[i] = memcpy(at, topics[i], length);
    at += length;
  }
  tuv_free(&consumer->alloc, consumer->topics);
  consumer->topics = copy;
  consumer->ntopics = (uint32_t) count;
  return 0;
}

int taosuv_consumer_subscribe(taosuv_consumer_t* consumer, taosuv_subscribe_t* req,
                              const char* const* topics, size_t count, taosuv_subscribe_cb cb) {
  taosuv_req_t* base = tuv_req_base(req);
  int status = tuv_tmq_check(consumer, base, cb != NULL, true);
  if (status == 0 && consumer->state != TUV_TMQ_IDLE) status = TAOSUV_ESTATE;
  if (status == 0) status = copy_topics(consumer, topics, count);
  if (status < 0) return status;
  tuv_tmq_forget_assignment(consumer);
  tuv_tmq_trouble_forget(consumer);
  consumer->attempts = consumer->unreadable = 0;
  consumer->cut_short = false;
  consumer->state = TUV_TMQ_SUBSCRIBING;
  req->cb = cb;
  req->consumer = consumer;
  status = tuv_pool_begin(consumer->client, base, &subscribe_type, NULL, 0);
  if (status < 0) consumer->state = TUV_TMQ_IDLE;
  return status;
}

/* ---- unsubscribe ---- */

static int encode_unsubscribe(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  (void) payload;
  (void) size;
  return tuv_tmq_send_plain(op, conn, "unsubscribe");
}

static void unsubscribed(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  (void) conn;
  (void) reply;
  tuv_req_finish(tuv_req_of_op(op), 0);
}

/* If the server does not confirm, the connection is closed, which leaves the group as well. */
static void unsubscribe_complete(taosuv_req_t* req, int status) {
  taosuv_subscribe_t* leave = subscribe_of(req);
  taosuv_consumer_t* consumer = leave->consumer;
  consumer->leaving = NULL;
  if (consumer->state == TUV_TMQ_LEAVING) {
    consumer->state = TUV_TMQ_IDLE;
    tuv_tmq_reset(consumer);
    if (status < 0) tuv_tmq_drop_conn(consumer, "it is not known whether it was unsubscribed");
  }
  if (consumer->state == TUV_TMQ_CLOSING) tuv_tmq_wake(consumer);
  leave->cb(leave, status);
}

static const tuv_op_type_t unsubscribe_type = {.is_request = true,
                                               .pinned = true,
                                               .action = TAOSUV_ACTION_SUBSCRIBE,
                                               .encode = encode_unsubscribe,
                                               .reply = unsubscribed,
                                               .complete = unsubscribe_complete,
                                               .tombstone = &tuv_plain_tombstone};

static const tuv_holder_t unsubscribe_holder = {
    .release = NULL}; /* the consumer, until it can be sent */

void tuv_tmq_leave(taosuv_consumer_t* consumer) {
  if (consumer->leaving == NULL || tuv_tmq_committing(consumer)) return;
  taosuv_req_t* req = tuv_req_base(consumer->leaving);
  if (!tuv_req_is_held_by(req, &unsubscribe_holder)) return;
  consumer->leaving = NULL;
  if (consumer->conn == NULL) { /* its end has left the group */
    tuv_req_finish(req, 0);
    return;
  }
  int status = tuv_conn_send_request(consumer->conn, req, NULL, 0);
  if (status < 0) tuv_req_finish(req, status);
}

/* There is no connection to leave over. */
static void leave_at_once(taosuv_consumer_t* consumer) {
  tuv_timers_remove(&consumer->client->context.timers, &consumer->retry);
  consumer->state = TUV_TMQ_LEAVING;
  if (taosuv_cancel(tuv_req_base(&consumer->resubscribe)) == 0)
    tuv_tmq_drop_conn(consumer, "it is not known whether it was subscribed");
}

int taosuv_consumer_unsubscribe(taosuv_consumer_t* consumer, taosuv_subscribe_t* req,
                                taosuv_subscribe_cb cb) {
  taosuv_req_t* base = tuv_req_base(req);
  int status = tuv_tmq_check(consumer, base, cb != NULL, true);
  if (status < 0) return status;
  if (consumer->state != TUV_TMQ_SUBSCRIBED && consumer->state != TUV_TMQ_LOST)
    return TAOSUV_ESTATE;
  status = tuv_req_start(&consumer->client->context, base, &unsubscribe_type);
  if (status < 0) return status;
  req->cb = cb;
  req->consumer = consumer;
  tuv_req_hold(base, &unsubscribe_holder);
  consumer->pushing = false;
  tuv_tmq_cancel_waiter(consumer, "the consumer was unsubscribed");
  if (consumer->state == TUV_TMQ_LOST)
    leave_at_once(consumer);
  else if (consumer->config.auto_commit)
    tuv_tmq_commit_finished(consumer);
  consumer->state = TUV_TMQ_LEAVING;
  consumer->leaving = req;
  tuv_tmq_wake(consumer);
  return 0;
}

/* ---- the last unsubscribe ---- */

static void final_complete(taosuv_req_t* req, int status) {
  taosuv_consumer_t* consumer = subscribe_of(req)->consumer;
  tuv_failure_t failure = {status, req->err_flags, req->server_code, req->message, req->host};
  if (status < 0 && consumer->close_failure.status == 0 && status != TAOSUV_ECANCELED)
    tuv_tmq_close_failed(consumer, &failure);
  if (!consumer->client_closing) tuv_tmq_wake(consumer);
}

static const tuv_op_type_t final_unsubscribe_type = {.is_request = true,
                                                     .pinned = true,
                                                     .action = TAOSUV_ACTION_SUBSCRIBE,
                                                     .encode = encode_unsubscribe,
                                                     .reply = unsubscribed,
                                                     .complete = final_complete,
                                                     .tombstone = &tuv_plain_tombstone};

int tuv_tmq_unsubscribe_finally(taosuv_consumer_t* consumer) {
  consumer->final_unsubscribe.consumer = consumer;
  return tuv_pool_begin(consumer->client, tuv_req_base(&consumer->final_unsubscribe),
                        &final_unsubscribe_type, NULL, 0);
}
