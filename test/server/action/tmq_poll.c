/* Polls: one at a time, and one that waits behind it. A timer ends them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/args.h"
#include "action/tmq.h"
#include "session/reply.h"

static void keep(ts_tmq_t* tmq, const ts_message_t* message) {
  ts_uncommitted_t* kept = ts_calloc(1, sizeof *kept);
  kept->id = message->id;
  snprintf(kept->topic, sizeof kept->topic, "%s", message->topic);
  kept->vgroup = message->vgroup;
  kept->end = message->response;
  ts_uncommitted_t** end = &tmq->uncommitted;
  while (*end != NULL) end = &(*end)->next;
  *end = kept;
}

void ts_tmq_forget(ts_tmq_t* tmq, uint64_t id) {
  while (tmq->uncommitted != NULL && tmq->uncommitted->id <= id) {
    ts_uncommitted_t* next = tmq->uncommitted->next;
    free(tmq->uncommitted);
    tmq->uncommitted = next;
  }
}

void ts_tmq_hold(ts_tmq_t* tmq, ts_message_t* message) {
  ts_message_free(tmq->message);
  tmq->message = message;
  tmq->block = NULL;
  tmq->next_block = 0;
  if (message == NULL) return;
  message->id = ++tmq->last_id;
  if (!ts_server_has(tmq->server, 3, 1, 1, 15)) keep(tmq, message);
}

/* ---- a consumer that does not poll is removed from its groups ---- */

static void expire(ts_tmq_t* tmq) {
  ts_consumer_leave(tmq->consumer);
  tmq->consumer->expired = true;
  ts_tmq_changed(tmq->server); /* others have got its vgroups */
}

static void on_expired(uv_timer_t* timer) {
  ts_tmq_t* tmq = timer->data;
  if (!tmq->poll.there) expire(tmq); /* otherwise the end of the poll starts the time again */
}

void ts_tmq_expire(ts_server_t* server, const char* group) {
  for (ts_tmq_t* tmq = server->tmqs; tmq != NULL; tmq = tmq->next)
    if (tmq->consumer != NULL && strcmp(tmq->consumer->config.group, group) == 0) expire(tmq);
}

uint64_t ts_tmq_count(const ts_server_t* server) {
  uint64_t count = 0;
  for (const ts_tmq_t* tmq = server->tmqs; tmq != NULL; tmq = tmq->next)
    count += tmq->consumer != NULL && tmq->consumer->ngroups > 0;
  return count;
}

void ts_tmq_alive(ts_tmq_t* tmq) {
  const ts_consumer_t* consumer = tmq->consumer;
  if (consumer == NULL || consumer->expired || tmq->unsubscribed) return;
  uv_timer_start(&tmq->expiry, on_expired, (uint64_t) consumer->config.max_poll_ms, 0);
}

/* ---- replies ---- */

static void reply(ts_request_t* request, const ts_message_t* message) {
  static const ts_message_t none = {0};
  ts_buf_t* out = ts_reply_begin(request);
  ts_buf_format(out, ",\"have_message\":%s,\"topic\":", message != NULL ? "true" : "false");
  if (message == NULL) message = &none;
  ts_buf_json(out, message->topic, strlen(message->topic), false);
  ts_buf_text(out, ",\"database\":");
  ts_buf_json(out, message->database, strlen(message->database), false);
  ts_buf_format(out, ",\"vgroup_id\":%d,\"message_type\":%d,\"message_id\":%llu,\"offset\":%lld",
                (int) message->vgroup, message->type, (unsigned long long) message->id,
                (long long) message->offset);
  ts_reply_end(request);
}

/* Looks for a message. False: there is none yet, and the poll may wait. */
static bool try_poll(ts_tmq_t* tmq) {
  const ts_poll_t* poll = &tmq->poll;
  ts_request_t request = {
      .session = tmq->session, .action = "poll", .req_id = poll->req_id, .started = poll->started};
  ts_message_t* message;
  ts_error_t error;
  if (poll->has_id && tmq->message != NULL && tmq->message->id != poll->id &&
      ts_server_has(tmq->server, 3, 3, 6, 0)) {
    reply(&request, tmq->message); /* the client has not received it */
    return true;
  }
  int status = ts_consumer_poll(tmq->consumer, &message, &error);
  if (status != 0) {
    ts_reply_error(&request, status, "%s", error.text);
  } else if (message != NULL) {
    ts_tmq_hold(tmq, message);
    reply(&request, message);
  } else {
    uint64_t waited = (uv_hrtime() - poll->started) / 1000000;
    if (poll->blocking_ms < 0 || waited < (uint64_t) poll->blocking_ms) return false;
    reply(&request, NULL);
  }
  return true;
}

static void auto_commit(ts_tmq_t* tmq) {
  const ts_consumer_config_t* config = &tmq->consumer->config;
  uint64_t now = uv_now(tmq->server->loop) + 1;
  if (!config->auto_commit) return;
  if (tmq->committed_at != 0 && now - tmq->committed_at < (uint64_t) config->auto_commit_ms) return;
  ts_consumer_commit(tmq->consumer);
  tmq->committed_at = now;
}

/* ---- waiting ---- */

static void on_timer(uv_timer_t* timer);

static void go_on(ts_tmq_t* tmq) {
  if (try_poll(tmq)) {
    tmq->poll.there = false;
    uv_timer_stop(&tmq->timer);
    ts_tmq_alive(tmq);
    ts_tmq_poll_queued(tmq);
    return;
  }
  uint64_t waited = (uv_hrtime() - tmq->poll.started) / 1000000;
  int64_t left = tmq->poll.blocking_ms - (int64_t) waited;
  bool endless = tmq->poll.blocking_ms < 0;
  if (!endless) uv_timer_start(&tmq->timer, on_timer, left > 0 ? (uint64_t) left : 1, 0);
}

static void on_timer(uv_timer_t* timer) {
  ts_tmq_t* tmq = timer->data;
  if (tmq->poll.there) go_on(tmq);
}

static void begin(ts_tmq_t* tmq) {
  tmq->poll = tmq->queued;
  tmq->queued.there = false;
  ts_tmq_alive(tmq);
  auto_commit(tmq);
  go_on(tmq);
}

void ts_tmq_poll_queued(ts_tmq_t* tmq) {
  while (tmq->deferred != NULL && !tmq->poll.there) {
    ts_deferred_t* deferred = tmq->deferred;
    tmq->deferred = deferred->next;
    static ts_rule_entry_t plain; /* their rules have been applied */
    tmq->handle(tmq->session, deferred->text, deferred->size, &plain);
    free(deferred);
  }
  if (tmq->queued.there && !tmq->poll.there && tmq->consumer != NULL) begin(tmq);
}

void ts_tmq_poll(ts_request_t* request) {
  ts_tmq_t* tmq = request->session->tmq;
  yyjson_val* id = ts_arg(request->args, "message_id");
  ts_poll_t poll = {.there = true,
                    .req_id = request->req_id,
                    .started = request->started,
                    .has_id = id != NULL && !yyjson_is_null(id)};
  if (!ts_arg_int(request->args, "blocking_time", &poll.blocking_ms) ||
      !ts_arg_u64(request->args, "message_id", &poll.id))
    return;           /* bad arguments get no answer */
  tmq->queued = poll; /* replaces one that waits, which is never answered */
  if (!tmq->poll.there && tmq->consumer != NULL) begin(tmq);
}

/* The logs have changed: the polls that wait look at them in the loop's next turn, not now, as the
 * store is in the middle of something. */
void ts_tmq_changed(void* data) {
  ts_server_t* server = data;
  for (ts_tmq_t* tmq = server->tmqs; tmq != NULL; tmq = tmq->next)
    if (tmq->poll.there) uv_timer_start(&tmq->timer, on_timer, 0, 0);
}
