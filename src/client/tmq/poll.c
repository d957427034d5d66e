/* Poll and push: messages that have arrived are delivered to the caller. */
#include <string.h>

#include "client/core/dependent.h"
#include "client/core/failure.h"
#include "client/core/op.h"
#include "client/core/req.h"
#include "client/core/turn.h"
#include "client/conn/conn.h"
#include "client/conn/suspect.h"
#include "client/pool/client.h"
#include "client/tmq/assignment.h"
#include "client/tmq/base.h"
#include "client/tmq/config.h"
#include "client/tmq/consumer.h"
#include "client/tmq/fetch.h"
#include "client/tmq/message.h"
#include "client/tmq/poll.h"
#include "client/tmq/progress.h"
#include "util/assert.h"

bool tuv_tmq_wants(const taosuv_consumer_t* consumer) {
  if (consumer->state != TUV_TMQ_SUBSCRIBED || consumer->in_flight || consumer->seeks > 0 ||
      consumer->settling || consumer->commits_of_all_polled > 0)
    return false;
  if (consumer->waiter != NULL) return tuv_queue_empty(&consumer->ready);
  return consumer->pushing && !consumer->paused && consumer->alive < consumer->max_messages &&
         consumer->alive_bytes < consumer->max_bytes;
}

/* With auto.offset.reset=latest, a group would begin again behind this message if the connection or
 * the process ended before the first commit. So the offset where it begins is committed first. For
 * changes of schema the server reports only the end. */
static void note_initial_commit(taosuv_consumer_t* consumer, tuv_position_t* position,
                                const taosuv_message_t* message) {
  const tuv_tmq_config_t* config = &consumer->config;
  if (!config->auto_commit || !config->from_latest) return;
  if (message->kind == TAOSUV_MESSAGE_META || message->offset < 0) return;
  position->finished = message->offset;
  consumer->initial_commit_due = true;
  tuv_tmq_wake(consumer);
}

/* A message is whole: it is counted, gets its place in its vgroup, and waits to be delivered. */
int tuv_tmq_arrived(taosuv_consumer_t* consumer, taosuv_message_t* message) {
  const char* topic = tuv_tmq_topic_of(consumer, message->names);
  if (topic == NULL) return TAOSUV_EPROTO;
  message->track.id = consumer->message_id;
  bool known = tuv_progress_find(&consumer->progress, topic, message->vgroup_id) != NULL;
  tuv_position_t* position = tuv_progress_arrive(&consumer->progress, topic, message->vgroup_id,
                                                 message->offset, &message->track);
  if (position == NULL) return TAOSUV_ENOMEM;
  message->epoch = position->epoch;
  message->consumer = consumer;
  consumer->alive++;
  consumer->alive_bytes += message->size;
  consumer->last_id = consumer->message_id;
  consumer->attempts = consumer->unreadable = 0;
  consumer->client->context.totals.blocks += message->nblocks;
  for (uint32_t i = 0; i < message->nblocks; i++)
    consumer->client->context.totals.rows += taosuv_block_rows(message->blocks[i].block);
  tuv_queue_push(&consumer->ready, &message->link);
  if (!known) {
    note_initial_commit(consumer, position, message);
    tuv_tmq_watch_in(consumer, 0);
  }
  return 0;
}

static taosuv_message_t* take_ready(taosuv_consumer_t* consumer) {
  taosuv_message_t* message = TUV_CONTAINER(consumer->ready.next, taosuv_message_t, link);
  tuv_queue_remove(&message->link);
  tuv_progress_give(&message->track);
  return message;
}

void tuv_tmq_drop_ready(taosuv_consumer_t* consumer, const char* topic, int32_t vgroup_id) {
  tuv_queue_t kept;
  tuv_queue_init(&kept);
  while (!tuv_queue_empty(&consumer->ready)) {
    taosuv_message_t* message = TUV_CONTAINER(consumer->ready.next, taosuv_message_t, link);
    tuv_queue_remove(&message->link);
    bool other = topic != NULL &&
                 (message->vgroup_id != vgroup_id || strcmp(message->names, topic) != 0);
    if (other)
      tuv_queue_push(&kept, &message->link);
    else
      tuv_message_discard(message);
  }
  tuv_queue_move(&kept, &consumer->ready);
}

/* Takes the waiting poll from the consumer; or NULL. */
static taosuv_req_t* take_waiter(taosuv_consumer_t* consumer) {
  taosuv_poll_t* poll = consumer->waiter;
  if (poll == NULL) return NULL;
  consumer->waiter = NULL;
  tuv_timers_remove(&consumer->client->context.timers, &consumer->waited);
  return tuv_req_base(poll);
}

static void give_to_poll(taosuv_consumer_t* consumer) {
  taosuv_poll_t* poll = consumer->waiter;
  TUV_ASSERT(poll != NULL);
  taosuv_req_t* req = take_waiter(consumer);
  taosuv_message_t* message = poll->msg = take_ready(consumer);
  tuv_failure_t failure = {message->status, 0, message->server_code, taosuv_message_error(message),
                           tuv_conn_host(consumer->conn)};
  if (message->status < 0)
    tuv_req_fail(req, &failure);
  else
    tuv_req_finish(req, 0);
}

void tuv_tmq_deliver(taosuv_consumer_t* consumer) {
  while (consumer->state == TUV_TMQ_SUBSCRIBED && !tuv_queue_empty(&consumer->ready)) {
    if (consumer->waiter != NULL) {
      give_to_poll(consumer);
    } else if (consumer->pushing && !consumer->paused) {
      taosuv_message_t* message = take_ready(consumer);
      consumer->on_message(consumer, message, consumer->message_data);
      taosuv_message_unref(message);
    } else {
      break;
    }
  }
  if (tuv_tmq_wants(consumer)) tuv_tmq_wake(consumer);
}

void tuv_tmq_nothing(taosuv_consumer_t* consumer) {
  if (consumer->waiter != NULL && tuv_now() >= consumer->wait_until)
    tuv_req_finish(take_waiter(consumer), 0);
  if (tuv_tmq_wants(consumer)) tuv_tmq_wake(consumer);
}

void tuv_tmq_waiter_failed(taosuv_consumer_t* consumer, const tuv_failure_t* failure) {
  taosuv_req_t* req = take_waiter(consumer);
  if (req != NULL) tuv_req_fail(req, failure);
}

void tuv_tmq_cancel_waiter(taosuv_consumer_t* consumer, const char* why) {
  taosuv_req_t* req = take_waiter(consumer);
  if (req != NULL) tuv_req_defer(req, TAOSUV_ECANCELED, 0, why);
}

/* Probes the connection, because an answer is late. */
static void suspect(const taosuv_consumer_t* consumer) {
  if (consumer->in_flight && consumer->conn != NULL) tuv_suspect_begin(consumer->conn);
}

/* The time of a poll is over without an answer: the connection is lost or slow. */
static void on_waited(tuv_timed_t* timed) {
  taosuv_consumer_t* consumer = TUV_CONTAINER(timed, taosuv_consumer_t, waited);
  taosuv_req_t* req = take_waiter(consumer);
  suspect(consumer);
  if (req != NULL) tuv_req_finish(req, 0);
}

/* It is cancelled or timed out. */
static void poll_release(taosuv_req_t* req) {
  take_waiter(((taosuv_poll_t*) (void*) req)->consumer);
}

static void poll_complete(taosuv_req_t* req, int status) {
  taosuv_poll_t* poll = (taosuv_poll_t*) (void*) req;
  taosuv_message_t* message = poll->msg;
  poll->cb(poll, status);
  taosuv_message_unref(message);
}

static tuv_conn_t* poll_waits_on(const taosuv_req_t* req) {
  const taosuv_consumer_t* consumer = ((const taosuv_poll_t*) (const void*) req)->consumer;
  return consumer->in_flight ? consumer->conn : NULL;
}

static const tuv_op_type_t poll_type = {
    .is_request = true, .pinned = true, .action = TAOSUV_ACTION_POLL, .complete = poll_complete};
static const tuv_holder_t poll_holder = {.release = poll_release, .waits_on = poll_waits_on};

/* The time limit counts from the end of the wait, unless the caller has set one. */
static int start_poll(taosuv_consumer_t* consumer, taosuv_req_t* req, uint64_t wait_ms) {
  uint64_t given = req->timeout_ms, usual = consumer->client->context.url.request_timeout;
  if (given == 0 && usual != 0)
    req->timeout_ms = wait_ms > UINT64_MAX - usual ? UINT64_MAX : wait_ms + usual;
  int status = tuv_req_start(&consumer->client->context, req, &poll_type);
  req->timeout_ms = given;
  return status;
}

int taosuv_consumer_poll(taosuv_consumer_t* consumer, taosuv_poll_t* req, uint64_t wait_ms,
                         taosuv_poll_cb cb) {
  int status = tuv_tmq_check(consumer, tuv_req_base(req), cb != NULL, false);
  if (status == TAOSUV_ECONNLOST) status = 0; /* it waits for that, too */
  if (status == 0 && consumer->pushing) status = TAOSUV_ESTATE;
  if (status == 0 && consumer->waiter != NULL) status = TAOSUV_EBUSY;
  if (status == 0) status = start_poll(consumer, tuv_req_base(req), wait_ms);
  if (status < 0) return status;
  req->cb = cb;
  req->consumer = consumer;
  req->msg = NULL;
  tuv_req_hold(tuv_req_base(req), &poll_holder);
  if (consumer->conn != NULL) req->host = tuv_conn_host(consumer->conn);
  consumer->waiter = req;
  consumer->wait_until = tuv_after(tuv_ms_of(tuv_req_of(tuv_req_base(req))->started), wait_ms);
  uint64_t grace = wait_ms > UINT64_MAX - TUV_TMQ_SLICE_MS ? UINT64_MAX
                                                           : wait_ms + TUV_TMQ_SLICE_MS;
  tuv_tmq_set(consumer, &consumer->waited, grace, on_waited);
  tuv_tmq_wake(consumer);
  return 0;
}

/* ---- push ---- */

/* Reports an event that has no request and no callback of its own. */
static int check_push(const taosuv_consumer_t* consumer) {
  if (consumer == NULL) return TAOSUV_EINVAL;
  if (consumer->state == TUV_TMQ_CLOSING) return TAOSUV_ECLOSED;
  if (consumer->client->context.in_hook) return TAOSUV_EBUSY;
  bool on = consumer->state == TUV_TMQ_SUBSCRIBED || consumer->state == TUV_TMQ_LOST;
  return on ? 0 : TAOSUV_ESTATE;
}

int taosuv_consumer_start(taosuv_consumer_t* consumer, uint32_t max_messages, size_t max_bytes,
                          taosuv_message_cb cb, void* data) {
  int status = check_push(consumer);
  if (status == 0 && cb == NULL) status = TAOSUV_EINVAL;
  if (status == 0 && (consumer->pushing || consumer->waiter != NULL)) status = TAOSUV_EBUSY;
  if (status < 0) return status;
  consumer->on_message = cb;
  consumer->message_data = data;
  consumer->max_messages = max_messages == 0 ? 16 : max_messages;
  consumer->max_bytes = max_bytes == 0 ? (size_t) 64 << 20 : max_bytes;
  consumer->pushing = true;
  consumer->paused = false;
  tuv_tmq_wake(consumer);
  return 0;
}

static int set_push(taosuv_consumer_t* consumer, bool pushing, bool paused) {
  int status = check_push(consumer);
  if (status == 0 && !consumer->pushing) status = TAOSUV_ESTATE;
  if (status < 0) return status;
  consumer->pushing = pushing;
  consumer->paused = paused;
  tuv_tmq_wake(consumer);
  return 0;
}

int taosuv_consumer_stop(taosuv_consumer_t* consumer) {
  return set_push(consumer, false, false);
}

int taosuv_consumer_pause(taosuv_consumer_t* consumer) {
  return set_push(consumer, true, true);
}

int taosuv_consumer_resume(taosuv_consumer_t* consumer) {
  return set_push(consumer, true, false);
}
