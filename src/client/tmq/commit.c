/* Commits, one after another: of what the caller asks for, and automatic ones of what it has
 * finished. */
#include <string.h>

#include "client/pool/client.h"
#include "client/core/dependent.h"
#include "client/core/failure.h"
#include "client/core/op.h"
#include "client/core/req.h"
#include "client/core/turn.h"
#include "client/conn/conn.h"
#include "client/conn/send.h"
#include "client/tmq/base.h"
#include "client/tmq/commit.h"
#include "client/tmq/consumer.h"
#include "client/tmq/progress.h"
#include "client/tmq/request.h"
#include "client/tmq/steps.h"
#include "util/assert.h"
#include "wire/server_code.h"

static int encode(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  const tuv_commit_step_t* step = tuv_step_of(tuv_commit_of(tuv_req_of_op(op)));
  bool offset = step->topic != NULL && step->message == 0;
  int status = 0;
  (void) payload;
  (void) size;
  if (offset) status = tuv_tmq_since(op, conn, TUV_TMQ_COMMITS_OFFSETS, "3.1.1.15");
  return status < 0 ? status : tuv_step_encode(op, conn, "commit_offset");
}

/* Whether this offset, or a later one, is committed already. */
static bool is_needless(const taosuv_consumer_t* consumer, const tuv_commit_step_t* step) {
  if (step->exactly || step->topic == NULL) return false;
  tuv_position_t* position = tuv_progress_find(&consumer->progress, step->topic, step->vgroup_id);
  if (position != NULL && step->message != 0) return position->committed_id >= step->message;
  return position == NULL || position->committed >= step->offset;
}

static void skip_needless(taosuv_commit_t* commit) {
  while (commit->step < commit->nsteps && is_needless(commit->consumer, tuv_step_of(commit)))
    commit->step++;
}

static void note_committed(taosuv_consumer_t* consumer, const tuv_commit_step_t* step) {
  if (step->topic != NULL) {
    tuv_position_t* position = tuv_progress_find(&consumer->progress, step->topic, step->vgroup_id);
    if (position != NULL && step->message != 0)
      position->committed_id = step->message;
    else if (position != NULL)
      tuv_progress_committed(position, step->offset);
    return;
  }
  tuv_progress_t* progress = &consumer->progress;
  for (tuv_queue_t* at = progress->positions.next; at != &progress->positions; at = at->next) {
    tuv_position_t* position = TUV_CONTAINER(at, tuv_position_t, link);
    position->given_unknown = position->finished_unknown = position->held = false;
  }
}

/* ---- commit ---- */

static void next_step(tuv_op_t* op, tuv_conn_t* conn) {
  taosuv_req_t* req = tuv_req_of_op(op);
  taosuv_commit_t* commit = tuv_commit_of(req);
  commit->step++;
  skip_needless(commit);
  if (commit->step < commit->nsteps)
    tuv_tmq_send_next(conn, req);
  else
    tuv_req_finish(req, 0);
}

/* Whether the reply is about this step: it repeats the topic, the vgroup and the offset. */
static int check_step(const tuv_reply_t* reply, const tuv_commit_step_t* step, tuv_errmsg_t* err) {
  if (step->topic == NULL) return 0; /* a commit of all */
  const char* topic = step->topic;
  int64_t vgroup_id = step->vgroup_id, offset = step->offset;
  int status = tuv_reply_text(reply, "topic", &topic, err);
  if (status == 0) status = tuv_reply_int(reply, "vgroup_id", &vgroup_id, err);
  if (status == 0) status = tuv_reply_int(reply, "offset", &offset, err);
  if (status < 0) return status;
  if (strcmp(topic, step->topic) == 0 && vgroup_id == step->vgroup_id && offset == step->offset)
    return 0;
  return tuv_fail(err, TAOSUV_EPROTO, "the reply is about another commit: %.64s, %lld, %lld", topic,
                  (long long) vgroup_id, (long long) offset);
}

static void commit_replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  taosuv_req_t* req = tuv_req_of_op(op);
  taosuv_commit_t* commit = tuv_commit_of(req);
  tuv_errmsg_t err;
  int status = check_step(reply, tuv_step_of(commit), &err);
  if (status < 0) {
    tuv_req_fail(req, &(tuv_failure_t) {status, TAOSUV_ERR_MAYBE_EXECUTED, 0, err.text,
                                        tuv_conn_host(conn)});
    return;
  }
  note_committed(commit->consumer, tuv_step_of(commit));
  next_step(op, conn);
}

/* Refusals that are not failures: the offset is committed already, or the vgroup belongs to another
 * consumer of the group now. */
static bool commit_refused(tuv_op_t* op, tuv_conn_t* conn, int server_code) {
  taosuv_commit_t* commit = tuv_commit_of(tuv_req_of_op(op));
  const tuv_commit_step_t* step = tuv_step_of(commit);
  if (server_code == TUV_CODE_SAME_COMMITTED) {
    note_committed(commit->consumer, step);
    next_step(op, conn);
    return true;
  }
  bool moved = server_code == TUV_CODE_FOREIGN_VGROUP || server_code == TUV_CODE_FOREIGN_TOPIC;
  if (!moved || !step->lenient) return false;
  tuv_progress_t* progress = &commit->consumer->progress;
  tuv_position_t* position = tuv_progress_find(progress, step->topic, step->vgroup_id);
  if (position != NULL) tuv_progress_restart(progress, position);
  next_step(op, conn);
  return true;
}

/* A commit of all that was polled by the time it is sent. */
static bool commits_all_polled(const taosuv_commit_t* commit) {
  const tuv_commit_step_t* steps = commit->steps;
  if (commit->nsteps != 1) return false;
  TUV_ASSERT(steps != NULL);
  return steps->topic == NULL;
}

static void commit_ended(taosuv_commit_t* commit) {
  taosuv_consumer_t* consumer = commit->consumer;
  if (commits_all_polled(commit)) consumer->commits_of_all_polled--;
  tuv_steps_free(commit);
  if (consumer->committing == commit) consumer->committing = NULL;
  if (!consumer->client_closing) tuv_tmq_wake(consumer);
}

static void commit_complete(taosuv_req_t* req, int status) {
  taosuv_commit_t* commit = tuv_commit_of(req);
  commit_ended(commit);
  commit->cb(commit, status);
}

static const tuv_op_type_t commit_type = {.is_request = true,
                                          .pinned = true,
                                          .action = TAOSUV_ACTION_COMMIT,
                                          .encode = encode,
                                          .reply = commit_replied,
                                          .refused = commit_refused,
                                          .complete = commit_complete,
                                          .tombstone = &tuv_plain_tombstone};

bool tuv_tmq_committing(const taosuv_consumer_t* consumer) {
  return consumer->committing != NULL || !tuv_queue_empty(&consumer->commits);
}

/* Sends one commit at a time: the server would execute two in any order. */
void tuv_tmq_next_commit(taosuv_consumer_t* consumer) {
  while (consumer->committing == NULL && consumer->conn != NULL &&
         !tuv_queue_empty(&consumer->commits)) {
    tuv_op_t* op = TUV_CONTAINER(consumer->commits.next, tuv_op_t, link);
    taosuv_req_t* req = tuv_req_of_op(op);
    taosuv_commit_t* commit = tuv_commit_of(req);
    tuv_queue_remove(&op->link);
    skip_needless(commit);
    if (commit->step == commit->nsteps) {
      tuv_req_finish(req, 0);
      continue;
    }
    consumer->committing = commit;
    int status = tuv_conn_send_request(consumer->conn, req, NULL, 0);
    if (status < 0) tuv_req_finish(req, status);
  }
}

void tuv_tmq_commits_lost(taosuv_consumer_t* consumer, const tuv_failure_t* failure) {
  tuv_queue_t batch;
  tuv_queue_init(&batch);
  tuv_queue_move(&consumer->commits, &batch);
  while (!tuv_queue_empty(&batch)) {
    tuv_op_t* op = TUV_CONTAINER(batch.next, tuv_op_t, link);
    tuv_queue_remove(&op->link);
    taosuv_req_t* req = tuv_req_of_op(op);
    if (failure->status == TAOSUV_ECANCELED)
      tuv_req_defer(req, failure->status, 0, failure->message);
    else
      tuv_req_fail(req, failure);
  }
}

static const tuv_holder_t commits_holder = {.release = NULL}; /* the consumer's list of them */

/* Puts it behind the others. The steps are freed with it, or if this fails. */
static int begin(taosuv_consumer_t* consumer, taosuv_commit_t* commit, const tuv_op_type_t* type,
                 tuv_commit_step_t* steps, uint32_t count) {
  int status = tuv_req_start(&consumer->client->context, tuv_req_base(commit), type);
  if (status < 0) {
    tuv_free(&consumer->alloc, steps);
    return status;
  }
  commit->consumer = consumer;
  commit->steps = steps;
  commit->nsteps = count;
  commit->step = 0;
  if (commits_all_polled(commit)) consumer->commits_of_all_polled++;
  tuv_req_hold(tuv_req_base(commit), &commits_holder);
  tuv_queue_push(&consumer->commits, &tuv_req_of(tuv_req_base(commit))->op.link);
  tuv_tmq_wake(consumer);
  return 0;
}

/* Whether all that was polled may be committed: the caller has got every message that has come or
 * is about to. */
static bool is_clean(const taosuv_consumer_t* consumer) {
  return tuv_queue_empty(&consumer->ready) && consumer->building == NULL && !consumer->in_flight;
}

/* Gateways before 3.1.1.15 do not know commit_offset; they commit a message's vgroup by the
 * message's id. */
static bool commits_by_id(const taosuv_consumer_t* consumer) {
  return consumer->conn != NULL && consumer->conn->version < TUV_TMQ_COMMITS_OFFSETS;
}

/* Makes a step for each vgroup that has something to be committed, in the order of the messages:
 * after a commit, such a gateway forgets earlier messages. */
static uint32_t collect_ids(const tuv_progress_t* progress, bool given, tuv_commit_step_t* steps) {
  uint32_t count = 0;
  for (tuv_queue_t* at = progress->positions.next; at != &progress->positions; at = at->next) {
    const tuv_position_t* position = TUV_CONTAINER(at, tuv_position_t, link);
    uint64_t id = tuv_progress_due_id(progress, position, given);
    uint32_t place = count;
    if (id == 0) continue;
    for (; place > 0 && steps[place - 1].message > id; place--) steps[place] = steps[place - 1];
    steps[place] = (tuv_commit_step_t) {position->topic, position->vgroup_id, 0, false, true, id};
    count++;
  }
  return count;
}

/* Makes a step for each vgroup that has something to be committed. Messages whose end is not known
 * can only be committed all together: *unclear is set then. */
static int collect(taosuv_consumer_t* consumer, bool given, tuv_commit_step_t** steps,
                   uint32_t* count, bool* unclear) {
  const tuv_progress_t* progress = &consumer->progress;
  bool blind = false;
  uint32_t most = 1;
  *count = 0;
  for (tuv_queue_t* at = progress->positions.next; at != &progress->positions; at = at->next)
    most++;
  *steps = tuv_steps_make(consumer, most, NULL, NULL);
  if (*steps == NULL) return TAOSUV_ENOMEM;
  if (commits_by_id(consumer)) {
    *unclear = false;
    *count = collect_ids(progress, given, *steps);
    return 0;
  }
  for (tuv_queue_t* at = progress->positions.next; at != &progress->positions; at = at->next) {
    const tuv_position_t* position = TUV_CONTAINER(at, tuv_position_t, link);
    int64_t offset = tuv_progress_due(position, given);
    if (given ? position->given_unknown : position->finished_unknown) blind = true;
    if (offset != TUV_PROGRESS_NONE)
      (*steps)[(*count)++] = (tuv_commit_step_t) {
          position->topic, position->vgroup_id, offset, false, true, 0};
  }
  bool all = is_clean(consumer) && (given || tuv_progress_all_finished(progress));
  *unclear = blind && !all;
  if (blind && all) {
    (*steps)[0] = (tuv_commit_step_t) {NULL, 0, 0, false, false, 0};
    *count = 1;
  }
  return 0;
}

/* Commits the offset of a message. If that is not known, commits all, if this is the only message
 * that it could concern. */
static int collect_one(taosuv_consumer_t* consumer, const taosuv_message_t* message,
                       tuv_commit_step_t** steps) {
  if (message->origin != consumer) return TAOSUV_EINVAL;
  const tuv_position_t* position = tuv_progress_find(&consumer->progress, message->names,
                                                     message->vgroup_id);
  if (position == NULL || position->epoch != message->epoch) return TAOSUV_ESTATE;
  uint64_t id = commits_by_id(consumer) ? message->track.id : 0;
  bool known = message->track.end != TUV_PROGRESS_NONE || id != 0;
  if (!known && !is_clean(consumer)) return TAOSUV_ENOTSUP;
  *steps = tuv_steps_make(consumer, 1, NULL, NULL);
  if (*steps == NULL) return TAOSUV_ENOMEM;
  **steps = (tuv_commit_step_t) {
      known ? position->topic : NULL, message->vgroup_id, message->track.end, false, false, id};
  return 0;
}

int taosuv_consumer_commit(taosuv_consumer_t* consumer, taosuv_commit_t* req,
                           taosuv_message_t* message, taosuv_commit_cb cb) {
  tuv_commit_step_t* steps = NULL;
  uint32_t count = 1;
  bool unclear = false;
  int status = tuv_tmq_check(consumer, tuv_req_base(req), cb != NULL, false);
  if (status == 0)
    status = message != NULL ? collect_one(consumer, message, &steps)
                             : collect(consumer, true, &steps, &count, &unclear);
  if (unclear) {
    tuv_free(&consumer->alloc, steps);
    status = TAOSUV_ENOTSUP;
  }
  if (status < 0) return status;
  req->cb = cb;
  return begin(consumer, req, &commit_type, steps, count);
}

int taosuv_consumer_commit_offset(taosuv_consumer_t* consumer, taosuv_commit_t* req,
                                  const char* topic, int32_t vgroup_id, int64_t offset,
                                  taosuv_commit_cb cb) {
  int status = tuv_tmq_check(consumer, tuv_req_base(req), cb != NULL, false);
  if (status == 0 && (!tuv_steps_topic_ok(topic) || vgroup_id < 0 || offset < 0))
    status = TAOSUV_EINVAL;
  if (status < 0) return status;
  const char* copy = NULL;
  tuv_commit_step_t* steps = tuv_steps_make(consumer, 1, topic, &copy);
  if (steps == NULL) return TAOSUV_ENOMEM;
  *steps = (tuv_commit_step_t) {copy, vgroup_id, offset, true, false, 0};
  req->cb = cb;
  return begin(consumer, req, &commit_type, steps, 1);
}

/* ---- automatic commits ---- */

static void auto_complete(taosuv_req_t* req, int status) {
  taosuv_commit_t* commit = tuv_commit_of(req);
  taosuv_consumer_t* consumer = commit->consumer;
  tuv_failure_t failure = {status, req->err_flags, req->server_code, req->message, req->host};
  commit_ended(commit);
  if (status == 0 || status == TAOSUV_ECANCELED) return;
  if (consumer->state == TUV_TMQ_CLOSING) tuv_tmq_close_failed(consumer, &failure);
  tuv_tmq_report_failure(consumer, TAOSUV_CONSUMER_COMMIT_FAILED, &failure);
}

static const tuv_op_type_t auto_type = {.is_request = true,
                                        .pinned = true,
                                        .action = TAOSUV_ACTION_COMMIT,
                                        .encode = encode,
                                        .reply = commit_replied,
                                        .refused = commit_refused,
                                        .complete = auto_complete,
                                        .tombstone = &tuv_plain_tombstone};

/* Returns whether there is something that cannot be committed now. */
static bool commit_finished(taosuv_consumer_t* consumer) {
  tuv_commit_step_t* steps;
  uint32_t count;
  bool unclear;
  if (taosuv_is_pending(tuv_req_base(&consumer->automatic))) return false;
  if (collect(consumer, false, &steps, &count, &unclear) < 0) return false; /* perhaps next time */
  if (count > 0)
    begin(consumer, &consumer->automatic, &auto_type, steps, count);
  else
    tuv_free(&consumer->alloc, steps);
  return unclear;
}

void tuv_tmq_commit_finished(taosuv_consumer_t* consumer) {
  commit_finished(consumer);
}

void tuv_tmq_settle(taosuv_consumer_t* consumer) {
  bool idle = !taosuv_is_pending(tuv_req_base(&consumer->automatic));
  if (consumer->initial_commit_due && idle && consumer->state == TUV_TMQ_SUBSCRIBED) {
    consumer->initial_commit_due = false;
    commit_finished(consumer);
  }
  if (!consumer->settling || consumer->in_flight) return;
  consumer->settling = false;
  if (consumer->state == TUV_TMQ_SUBSCRIBED) commit_finished(consumer);
}

static void on_auto_commit(tuv_timed_t* timed) {
  taosuv_consumer_t* consumer = TUV_CONTAINER(timed, taosuv_consumer_t, auto_timed);
  if (consumer->state != TUV_TMQ_SUBSCRIBED) return;
  consumer->settling = commit_finished(consumer);
  tuv_tmq_wake(consumer);
  tuv_tmq_auto_commit_later(consumer);
}

void tuv_tmq_auto_commit_later(taosuv_consumer_t* consumer) {
  tuv_tmq_set(consumer, &consumer->auto_timed, consumer->config.commit_interval, on_auto_commit);
}
