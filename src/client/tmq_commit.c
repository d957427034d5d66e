/* Offsets that are set: commits, one after another and by themselves, and seeks. */
#include <stdio.h>
#include <string.h>

#include "client/tmq.h"

/* One message of a commit or a seek. */
typedef struct step_s {
  const char* topic; /* NULL: the action commit, of all that was polled */
  int32_t vgroup_id;
  int64_t offset;
  bool exactly;      /* also back; else what is committed further already stays so */
  bool lenient;      /* it may be another consumer's vgroup by now */
} step_t;

/* Both requests have the same insides. */
_Static_assert(sizeof(taosuv_commit_t) == sizeof(taosuv_seek_t) &&
                   offsetof(taosuv_commit_t, steps) == offsetof(taosuv_seek_t, steps) &&
                   offsetof(taosuv_commit_t, step) == offsetof(taosuv_seek_t, step),
               "seek and commit requests are alike");

static taosuv_commit_t* commit_of(taosuv_req_t* req) {
  return (taosuv_commit_t*) (void*) req;
}

static taosuv_req_t* base_of(taosuv_commit_t* commit) {
  return (taosuv_req_t*) (void*) commit;
}

static step_t* step_of(const taosuv_commit_t* commit) {
  return (step_t*) commit->steps + commit->step;
}

/* Steps behind which a topic's name can be kept. */
static step_t* make_steps(taosuv_consumer_t* consumer, size_t count, const char* topic,
                          const char** copy) {
  size_t length = topic == NULL ? 0 : strlen(topic) + 1;
  step_t* steps = tuv_malloc(&consumer->alloc, (count == 0 ? 1 : count) * sizeof *steps + length);
  if (steps == NULL || topic == NULL) return steps;
  *copy = memcpy(steps + count, topic, length);
  return steps;
}

static bool is_topic(const char* topic) {
  return topic != NULL && topic[0] != 0 && strlen(topic) <= 4096;
}

/* ---- one step ---- */

static const tuv_op_type_t seek_type;

static int encode_step(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  taosuv_commit_t* commit = commit_of(tuv_req_of_op(op));
  const step_t* step = step_of(commit);
  tuv_request_t request;
  (void) payload;
  (void) size;
  if (step->topic == NULL) {
    char text[TUV_TMQ_REQUEST_MAX];
    size_t length = tuv_tmq_of_message(text, "commit", op->id, commit->consumer->last_id);
    return tuv_ws_send(&conn->ws, TUV_WS_TEXT, text, length, &op->at);
  }
  tuv_request_begin(&request, &conn->client->json,
                    op->type == &seek_type ? "seek" : "commit_offset", op->id);
  tuv_request_text(&request, "topic", step->topic, strlen(step->topic));
  tuv_tmq_add_int(&request, "vgroup_id", step->vgroup_id);
  tuv_tmq_add_int(&request, "offset", step->offset);
  return tuv_conn_send_json(conn, op, &request);
}

/* Whether it is committed so far already, or further. */
static bool is_needless(const taosuv_consumer_t* consumer, const step_t* step) {
  if (step->exactly || step->topic == NULL) return false;
  tuv_position_t* position = tuv_progress_find(&consumer->progress, step->topic, step->vgroup_id);
  return position == NULL || position->committed >= step->offset;
}

static void skip_needless(taosuv_commit_t* commit) {
  while (commit->step < commit->nsteps && is_needless(commit->consumer, step_of(commit)))
    commit->step++;
}

static void note_committed(taosuv_consumer_t* consumer, const step_t* step) {
  if (step->topic != NULL) {
    tuv_position_t* position = tuv_progress_find(&consumer->progress, step->topic,
                                                 step->vgroup_id);
    if (position != NULL) tuv_progress_committed(position, step->offset);
    return;
  }
  tuv_progress_t* progress = &consumer->progress;
  for (tuv_queue_t* at = progress->positions.next; at != &progress->positions; at = at->next) {
    tuv_position_t* position = TUV_CONTAINER(at, tuv_position_t, link);
    position->blind_given = position->blind_finished = false;
  }
}

static void free_steps(taosuv_commit_t* commit) {
  tuv_free(&commit->consumer->alloc, commit->steps);
  commit->steps = NULL;
}

/* ---- commit ---- */

static void next_step(tuv_op_t* op, tuv_conn_t* conn) {
  taosuv_req_t* req = tuv_req_of_op(op);
  taosuv_commit_t* commit = commit_of(req);
  commit->step++;
  skip_needless(commit);
  if (commit->step < commit->nsteps)
    tuv_tmq_again(conn, req);
  else
    tuv_req_finish(req, 0);
}

static void commit_replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  taosuv_commit_t* commit = commit_of(tuv_req_of_op(op));
  (void) reply;
  note_committed(commit->consumer, step_of(commit));
  next_step(op, conn);
}

/* A vgroup that was given to another consumer of the group: whose affair its offset is now. */
static bool commit_refused(tuv_op_t* op, tuv_conn_t* conn, int server_code) {
  taosuv_commit_t* commit = commit_of(tuv_req_of_op(op));
  const step_t* step = step_of(commit);
  bool moved = server_code == 0x4008 || server_code == 0x4009; /* PROTOCOL 7.6 */
  if (!moved || !step->lenient) return false;
  tuv_progress_t* progress = &commit->consumer->progress;
  tuv_position_t* position = tuv_progress_find(progress, step->topic, step->vgroup_id);
  if (position != NULL) tuv_progress_restart(progress, position);
  next_step(op, conn);
  return true;
}

static void commit_ended(taosuv_commit_t* commit) {
  taosuv_consumer_t* consumer = commit->consumer;
  free_steps(commit);
  if (consumer->committing == commit) consumer->committing = NULL;
  if (!consumer->client_closing) tuv_tmq_wake(consumer);
}

static void commit_complete(taosuv_req_t* req, int status) {
  taosuv_commit_t* commit = commit_of(req);
  commit_ended(commit);
  commit->cb(commit, status);
}

static const tuv_op_type_t commit_type = {.is_request = true, .pinned = true,
                                          .action = TAOSUV_ACTION_COMMIT,
                                          .encode = encode_step,
                                          .reply = commit_replied,
                                          .refused = commit_refused,
                                          .complete = commit_complete,
                                          .tombstone = &tuv_tmq_tombstone};

bool tuv_tmq_committing(const taosuv_consumer_t* consumer) {
  return consumer->committing != NULL || !tuv_queue_empty(&consumer->commits);
}

/* One after another: the server would carry out two at once in any order. */
void tuv_tmq_next_commit(taosuv_consumer_t* consumer) {
  while (consumer->committing == NULL && consumer->conn != NULL &&
         !tuv_queue_empty(&consumer->commits)) {
    tuv_op_t* op = TUV_CONTAINER(consumer->commits.next, tuv_op_t, link);
    taosuv_req_t* req = tuv_req_of_op(op);
    taosuv_commit_t* commit = commit_of(req);
    tuv_queue_remove(&op->link);
    skip_needless(commit);
    if (commit->step == commit->nsteps) {
      tuv_req_finish(req, 0);
      continue;
    }
    consumer->committing = commit;
    req->host = tuv_conn_host(consumer->conn);
    int status = tuv_conn_send(consumer->conn, op, NULL, 0);
    tuv_req_of(req)->state = TUV_REQ_SENT;
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

/* Takes its place behind the others. The steps are freed with it, or by a failure of this. */
static int begin(taosuv_consumer_t* consumer, taosuv_commit_t* commit, const tuv_op_type_t* type,
                 step_t* steps, uint32_t count) {
  int status = tuv_req_start(consumer->client, base_of(commit), type);
  if (status < 0) {
    tuv_free(&consumer->alloc, steps);
    return status;
  }
  commit->consumer = consumer;
  commit->steps = steps;
  commit->nsteps = count;
  commit->step = 0;
  tuv_req_of(base_of(commit))->state = TUV_REQ_WAITING;
  tuv_queue_push(&consumer->commits, &tuv_req_of(base_of(commit))->op.link);
  tuv_tmq_wake(consumer);
  return 0;
}

/* Whether all that was polled may be committed: nothing is here that the caller has not had. */
static bool is_clean(const taosuv_consumer_t* consumer) {
  return tuv_queue_empty(&consumer->ready) && consumer->building == NULL;
}

/* A step for each vgroup that has something to be committed. Of messages whose end is not known all
 * can be committed together, or none. */
static int collect(taosuv_consumer_t* consumer, bool given, step_t** steps, uint32_t* count) {
  const tuv_progress_t* progress = &consumer->progress;
  bool blind = false;
  uint32_t most = 1;
  *count = 0;
  for (tuv_queue_t* at = progress->positions.next; at != &progress->positions; at = at->next)
    most++;
  *steps = make_steps(consumer, most, NULL, NULL);
  if (*steps == NULL) return TAOSUV_ENOMEM;
  for (tuv_queue_t* at = progress->positions.next; at != &progress->positions; at = at->next) {
    const tuv_position_t* position = TUV_CONTAINER(at, tuv_position_t, link);
    int64_t offset = tuv_progress_due(position, given);
    if (given ? position->blind_given : position->blind_finished) blind = true;
    if (offset != TUV_PROGRESS_NONE)
      (*steps)[(*count)++] = (step_t){position->topic, position->vgroup_id, offset, false, true};
  }
  bool all = is_clean(consumer) && (given || tuv_progress_all_finished(progress));
  if (blind && all) {
    (*steps)[0] = (step_t){NULL, 0, 0, false, false};
    *count = 1;
  }
  return 0;
}

/* A message's own offset; or, when it is not known, all, if it is the only one that this could be. */
static int collect_one(taosuv_consumer_t* consumer, const taosuv_message_t* message,
                       step_t** steps) {
  if (message->origin != consumer) return TAOSUV_EINVAL;
  const tuv_position_t* position = tuv_progress_find(&consumer->progress, message->names,
                                                     message->vgroup_id);
  if (position == NULL || position->epoch != message->epoch) return TAOSUV_ESTATE;
  bool known = message->track.end != TUV_PROGRESS_NONE;
  if (!known && !is_clean(consumer)) return TAOSUV_ENOTSUP;
  *steps = make_steps(consumer, 1, NULL, NULL);
  if (*steps == NULL) return TAOSUV_ENOMEM;
  **steps = (step_t){known ? position->topic : NULL, message->vgroup_id, message->track.end,
                     false, false};
  return 0;
}

int taosuv_consumer_commit(taosuv_consumer_t* consumer, taosuv_commit_t* req,
                           taosuv_message_t* message, taosuv_commit_cb cb) {
  step_t* steps = NULL;
  uint32_t count = 1;
  int status = tuv_tmq_check(consumer, base_of(req), cb != NULL, false);
  if (status == 0)
    status = message != NULL ? collect_one(consumer, message, &steps)
                             : collect(consumer, true, &steps, &count);
  if (status < 0) return status;
  req->cb = cb;
  return begin(consumer, req, &commit_type, steps, count);
}

int taosuv_consumer_commit_offset(taosuv_consumer_t* consumer, taosuv_commit_t* req,
                                  const char* topic, int32_t vgroup_id, int64_t offset,
                                  taosuv_commit_cb cb) {
  int status = tuv_tmq_check(consumer, base_of(req), cb != NULL, false);
  if (status == 0 && (!is_topic(topic) || vgroup_id < 0 || offset < 0)) status = TAOSUV_EINVAL;
  if (status < 0) return status;
  const char* copy = NULL;
  step_t* steps = make_steps(consumer, 1, topic, &copy);
  if (steps == NULL) return TAOSUV_ENOMEM;
  *steps = (step_t){copy, vgroup_id, offset, true, false};
  req->cb = cb;
  return begin(consumer, req, &commit_type, steps, 1);
}

/* ---- by itself ---- */

static void auto_complete(taosuv_req_t* req, int status) {
  taosuv_commit_t* commit = commit_of(req);
  taosuv_consumer_t* consumer = commit->consumer;
  tuv_failure_t failure = {status, req->err_flags, req->server_code, req->message, req->host};
  commit_ended(commit);
  if (status == 0 || status == TAOSUV_ECANCELED) return;
  if (consumer->state == TUV_TMQ_CLOSING) consumer->close_status = status;
  tuv_tmq_tell_failure(consumer, TAOSUV_CONSUMER_COMMIT_FAILED, &failure);
}

static const tuv_op_type_t auto_type = {.is_request = true, .pinned = true,
                                        .action = TAOSUV_ACTION_COMMIT,
                                        .encode = encode_step,
                                        .reply = commit_replied,
                                        .refused = commit_refused,
                                        .complete = auto_complete,
                                        .tombstone = &tuv_tmq_tombstone};

void tuv_tmq_commit_finished(taosuv_consumer_t* consumer) {
  step_t* steps;
  uint32_t count;
  if (taosuv_is_pending(base_of(&consumer->automatic))) return;
  if (collect(consumer, false, &steps, &count) < 0) return; /* the next time, perhaps */
  if (count > 0)
    begin(consumer, &consumer->automatic, &auto_type, steps, count);
  else
    tuv_free(&consumer->alloc, steps);
}

static void on_auto_commit(tuv_timed_t* timed) {
  taosuv_consumer_t* consumer = TUV_CONTAINER(timed, taosuv_consumer_t, auto_timed);
  if (consumer->state != TUV_TMQ_SUBSCRIBED) return;
  tuv_tmq_commit_finished(consumer);
  tuv_tmq_auto_commit_later(consumer);
}

void tuv_tmq_auto_commit_later(taosuv_consumer_t* consumer) {
  tuv_tmq_set(consumer, &consumer->auto_timed, consumer->config.commit_interval, on_auto_commit);
}

/* ---- seek ---- */

/* What was read of a vgroup that is read from elsewhere now. */
static void forget(taosuv_consumer_t* consumer, const step_t* step) {
  tuv_position_t* position = tuv_progress_find(&consumer->progress, step->topic, step->vgroup_id);
  tuv_tmq_drop_ready(consumer, step->topic, step->vgroup_id);
  if (position != NULL) tuv_progress_restart(&consumer->progress, position);
}

static void seek_replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  taosuv_req_t* req = tuv_req_of_op(op);
  taosuv_commit_t* seek = commit_of(req);
  (void) reply;
  forget(seek->consumer, step_of(seek));
  if (++seek->step < seek->nsteps)
    tuv_tmq_again(conn, req);
  else
    tuv_req_finish(req, 0);
}

static void seek_complete(taosuv_req_t* req, int status) {
  taosuv_seek_t* seek = (taosuv_seek_t*) (void*) req;
  seek->consumer->seeking--;
  free_steps(commit_of(req));
  if (!seek->consumer->client_closing) tuv_tmq_wake(seek->consumer);
  seek->cb(seek, status);
}

static const tuv_op_type_t seek_type = {.is_request = true, .pinned = true,
                                        .encode = encode_step,
                                        .reply = seek_replied,
                                        .complete = seek_complete,
                                        .tombstone = &tuv_tmq_tombstone};

/* A seek to an end: first the assignment is asked for, whose answer makes the steps. Its one step
 * says what is wanted. */
enum { TO_BEGINNING = -1, TO_END = -2 };

static int encode_ends(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  const step_t* step = step_of(commit_of(tuv_req_of_op(op)));
  tuv_request_t request;
  (void) payload;
  (void) size;
  tuv_request_begin(&request, &conn->client->json, "assignment", op->id);
  tuv_request_text(&request, "topic", step->topic, strlen(step->topic));
  return tuv_conn_send_json(conn, op, &request);
}

static int read_ends(taosuv_commit_t* seek, const tuv_reply_t* reply, tuv_errmsg_t* err) {
  const step_t* wanted = seek->steps;
  yyjson_val *array, *element;
  uint32_t count;
  size_t index, max;
  int status = tuv_tmq_array(reply, "assignment", &array, &count, err);
  if (status < 0) return status;
  const char* topic = NULL;
  step_t* steps = make_steps(seek->consumer, count, wanted->topic, &topic);
  if (steps == NULL) return tuv_fail(err, TAOSUV_ENOMEM, "no memory for an assignment");
  uint32_t found = 0;
  yyjson_arr_foreach(array, index, max, element) {
    tuv_tmq_vgroup_t vgroup;
    status = tuv_tmq_read_vgroup(element, &vgroup, err);
    if (status < 0) break;
    if (wanted->vgroup_id != TAOSUV_ALL_VGROUPS && wanted->vgroup_id != vgroup.vgroup_id) continue;
    int64_t offset = wanted->offset == TO_BEGINNING ? vgroup.begin : vgroup.end;
    steps[found++] = (step_t){topic, vgroup.vgroup_id, offset, true, false};
  }
  if (status == 0 && found == 0)
    status = tuv_fail(err, TAOSUV_ESTATE, "the consumer is not given such a vgroup");
  if (status < 0) {
    tuv_free(&seek->consumer->alloc, steps);
    return status;
  }
  free_steps(seek);
  seek->steps = steps;
  seek->nsteps = found;
  return 0;
}

static void ends_replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  taosuv_req_t* req = tuv_req_of_op(op);
  tuv_errmsg_t err;
  int status = read_ends(commit_of(req), reply, &err);
  if (status < 0) {
    tuv_req_fail(req, &(tuv_failure_t){status, 0, 0, err.text, tuv_conn_host(conn)});
    return;
  }
  op->type = &seek_type;
  tuv_tmq_again(conn, req);
}

static const tuv_op_type_t ends_type = {.is_request = true, .pinned = true,
                                        .encode = encode_ends,
                                        .reply = ends_replied,
                                        .complete = seek_complete,
                                        .tombstone = &tuv_tmq_tombstone};

static int begin_seek(taosuv_consumer_t* consumer, taosuv_seek_t* req, const tuv_op_type_t* type,
                      const char* topic, int32_t vgroup_id, int64_t offset, taosuv_seek_cb cb) {
  taosuv_commit_t* alike = (taosuv_commit_t*) (void*) req;
  int status = tuv_tmq_check(consumer, base_of(alike), cb != NULL, false);
  if (status == 0 && !is_topic(topic)) status = TAOSUV_EINVAL;
  if (status == 0 && (consumer->pushing || consumer->waiter != NULL || consumer->flying))
    status = TAOSUV_ESTATE;
  if (status < 0) return status;
  const char* copy = NULL;
  step_t* steps = make_steps(consumer, 1, topic, &copy);
  if (steps == NULL) return TAOSUV_ENOMEM;
  *steps = (step_t){copy, vgroup_id, offset, true, false};
  req->cb = cb;
  req->consumer = consumer;
  req->steps = steps;
  req->nsteps = 1;
  req->step = 0;
  consumer->seeking++;
  status = tuv_req_begin(consumer->client, base_of(alike), type, NULL, 0);
  if (status == 0) return 0;
  consumer->seeking--;
  free_steps(alike);
  return status;
}

int taosuv_consumer_seek(taosuv_consumer_t* consumer, taosuv_seek_t* req, const char* topic,
                         int32_t vgroup_id, int64_t offset, taosuv_seek_cb cb) {
  if (vgroup_id < 0 || offset < 0) return TAOSUV_EINVAL;
  return begin_seek(consumer, req, &seek_type, topic, vgroup_id, offset, cb);
}

int taosuv_consumer_seek_to_beginning(taosuv_consumer_t* consumer, taosuv_seek_t* req,
                                      const char* topic, int32_t vgroup_id, taosuv_seek_cb cb) {
  if (vgroup_id < TAOSUV_ALL_VGROUPS) return TAOSUV_EINVAL;
  return begin_seek(consumer, req, &ends_type, topic, vgroup_id, TO_BEGINNING, cb);
}

int taosuv_consumer_seek_to_end(taosuv_consumer_t* consumer, taosuv_seek_t* req, const char* topic,
                                int32_t vgroup_id, taosuv_seek_cb cb) {
  if (vgroup_id < TAOSUV_ALL_VGROUPS) return TAOSUV_EINVAL;
  return begin_seek(consumer, req, &ends_type, topic, vgroup_id, TO_END, cb);
}
