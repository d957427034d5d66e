/* A connection to /rest/tmq: its life, and its messages handed to their actions. A message that is
 * not a request gets no answer, as from the real gateway. */
#include "action/tmq.h"

#include <stdlib.h>
#include <string.h>

#include "action/dispatch.h"
#include "session/args.h"
#include "action/conn.h"
#include "session/reply.h"

/* ---- life ---- */

static void on_timer_closed(uv_handle_t* handle) {
  ts_tmq_t* tmq = handle->data;
  ts_server_t* server = tmq->server;
  if (--tmq->timers == 0) free(tmq);
  ts_server_timer_closed(server);
}

ts_tmq_t* ts_tmq_open(ts_session_t* session) {
  ts_server_t* server = session->server;
  ts_tmq_t* tmq = ts_calloc(1, sizeof *tmq);
  tmq->server = server;
  tmq->session = session;
  tmq->handle = ts_tmq_message;
  uv_timer_init(server->loop, &tmq->timer);
  uv_timer_init(server->loop, &tmq->expiry);
  tmq->timer.data = tmq->expiry.data = tmq;
  tmq->timers = 2;
  server->timers += 2;
  tmq->next = server->tmqs;
  server->tmqs = tmq;
  return tmq;
}

void ts_tmq_closed(ts_tmq_t* tmq) {
  ts_tmq_t** at = &tmq->server->tmqs;
  while (*at != tmq) at = &(*at)->next;
  *at = tmq->next;
  ts_consumer_free(tmq->consumer);
  ts_tmq_changed(tmq->server); /* others have got its vgroups */
  ts_message_free(tmq->message);
  ts_tmq_forget(tmq, UINT64_MAX);
  while (tmq->deferred != NULL) {
    ts_deferred_t* next = tmq->deferred->next;
    free(tmq->deferred);
    tmq->deferred = next;
  }
  tmq->session = NULL;
  uv_close((uv_handle_t*) &tmq->timer, on_timer_closed);
  uv_close((uv_handle_t*) &tmq->expiry, on_timer_closed);
}

/* ---- actions ---- */

static void do_unsubscribe(ts_request_t* request) {
  ts_tmq_t* tmq = request->session->tmq;
  ts_consumer_leave(tmq->consumer);
  ts_tmq_hold(tmq, NULL);
  uv_timer_stop(&tmq->expiry);
  tmq->unsubscribed = true;
  ts_tmq_changed(tmq->server);
  ts_reply_begin(request);
  ts_reply_end(request);
}

static void do_list_topics(ts_request_t* request) {
  const ts_consumer_t* consumer = request->session->tmq->consumer;
  ts_buf_t* out = ts_reply_begin(request);
  ts_buf_text(out, ",\"topics\":[");
  for (size_t i = 0; i < consumer->ngroups; i++) {
    const char* name = consumer->groups[i]->topic->name;
    if (i > 0) ts_buf_text(out, ",");
    ts_buf_json(out, name, strlen(name), false);
  }
  ts_buf_text(out, "]");
  ts_reply_end(request);
}

enum { EARLY = 1, LOCKED = 2, MESSAGE = 4 };

typedef struct tmq_action_s {
  const char* name;
  uint8_t since[4];
  unsigned flags; /* EARLY: before subscribe too; LOCKED: not during a poll; MESSAGE: of one */
  void (*handle)(ts_request_t* request);
} tmq_action_t;

static const tmq_action_t actions[] = {
    {"version", {0}, EARLY, ts_request_version},
    {"subscribe", {0}, EARLY | LOCKED, ts_tmq_subscribe},
    {"poll", {0}, EARLY, ts_tmq_poll},
    {"fetch", {0}, MESSAGE, ts_tmq_fetch},
    {"fetch_block", {0}, MESSAGE, ts_tmq_fetch_block},
    {"fetch_raw", {0}, MESSAGE, ts_tmq_fetch_raw},
    {"fetch_raw_data", {3, 3, 3, 0}, MESSAGE, ts_tmq_fetch_raw_data},
    {"fetch_json_meta", {0}, MESSAGE, ts_tmq_fetch_json_meta},
    {"commit", {0}, LOCKED | MESSAGE, ts_tmq_commit},
    {"commit_offset", {3, 1, 1, 15}, LOCKED, ts_tmq_commit_offset},
    {"committed", {3, 1, 1, 15}, LOCKED, ts_tmq_committed},
    {"position", {3, 1, 1, 15}, LOCKED, ts_tmq_position},
    {"assignment", {3, 0, 5, 0}, LOCKED, ts_tmq_assignment},
    {"seek", {3, 0, 5, 0}, LOCKED, ts_tmq_seek},
    {"list_topics", {3, 1, 1, 15}, LOCKED, do_list_topics},
    {"unsubscribe", {0}, LOCKED, do_unsubscribe},
};

static const tmq_action_t* find_action(const ts_server_t* server, const char* name) {
  for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
    const uint8_t* since = actions[i].since;
    if (strcmp(actions[i].name, name) == 0 &&
        ts_server_has(server, since[0], since[1], since[2], since[3]))
      return &actions[i];
  }
  return NULL;
}

/* ---- messages ---- */

typedef struct tmq_message_s {
  ts_request_t request; /* first: handlers get a pointer to it */
  const tmq_action_t* action;
  const char* text;
  size_t size;
} tmq_message_t;

static void defer(ts_tmq_t* tmq, const char* text, size_t size) {
  ts_deferred_t* deferred = ts_malloc(sizeof *deferred + size);
  deferred->next = NULL;
  deferred->size = size;
  memcpy(deferred->text, text, size);
  ts_deferred_t** end = &tmq->deferred;
  while (*end != NULL) end = &(*end)->next;
  *end = deferred;
}

static void handle(ts_request_t* request) {
  tmq_message_t* message = (tmq_message_t*) request;
  ts_tmq_t* tmq = request->session->tmq;
  unsigned flags = message->action->flags;
  if (tmq->consumer == NULL && (flags & EARLY) == 0) {
    ts_reply_error(request, TS_E_INTERNAL, "tmq not init");
  } else if (tmq->poll.there && tmq->consumer != NULL && (flags & LOCKED) != 0) {
    defer(tmq, message->text, message->size); /* the poll has the consumer's lock */
  } else {
    message->action->handle(request);
  }
}

void ts_tmq_message(ts_session_t* session, const char* text, size_t size,
                    ts_rule_entry_t* applied) {
  tmq_message_t message = {
      .request = {.session = session, .started = uv_hrtime()}, .text = text, .size = size};
  ts_request_t* request = &message.request;
  yyjson_doc* doc = yyjson_read(text, size, 0);
  yyjson_val* root = yyjson_doc_get_root(doc);
  bool ok = yyjson_is_obj(root) && ts_arg_text(root, "action", &request->action, NULL);
  if (ok) message.action = find_action(session->server, request->action);
  request->args = ok ? ts_arg(root, "args") : NULL;
  ok = ok && message.action != NULL &&
       (yyjson_is_obj(request->args) || message.action->handle == ts_request_version) &&
       ts_arg_u64(request->args, "req_id", &request->req_id);
  if (ok && (message.action->flags & MESSAGE) != 0) {
    request->of_message = true;
    ok = ts_arg_u64(request->args, "message_id", &request->id);
    request->tmq_reply = message.action->handle == ts_tmq_fetch_raw_data;
  }
  if (ok) {
    ts_session_dispatch(request, handle, applied, text, size, false);
  } else {
    ts_server_count(session->server, "unanswered");
  }
  yyjson_doc_free(doc);
}
