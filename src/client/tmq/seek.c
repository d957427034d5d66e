/* Seeks: to an offset, or to an end of each vgroup. */
#include "client/core/failure.h"
#include "client/core/op.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/conn/send.h"
#include "client/pool/client.h"
#include "client/pool/begin.h"
#include "client/pool/pool.h"
#include "client/tmq/base.h"
#include "client/tmq/consumer.h"
#include "client/tmq/poll.h"
#include "client/tmq/progress.h"
#include "client/tmq/request.h"
#include "client/tmq/steps.h"

#include <string.h>

static int encode(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  (void) payload;
  (void) size;
  return tuv_step_encode(op, conn, "seek");
}

/* Drops what was read of a vgroup that is read from another offset now. */
static void forget(taosuv_consumer_t* consumer, const tuv_commit_step_t* step) {
  tuv_position_t* position = tuv_progress_find(&consumer->progress, step->topic, step->vgroup_id);
  tuv_tmq_drop_ready(consumer, step->topic, step->vgroup_id);
  if (position != NULL) tuv_progress_restart(&consumer->progress, position);
}

static void seek_replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  taosuv_req_t* req = tuv_req_of_op(op);
  taosuv_commit_t* seek = tuv_commit_of(req);
  (void) reply;
  forget(seek->consumer, tuv_step_of(seek));
  if (++seek->step < seek->nsteps)
    tuv_tmq_send_next(conn, req);
  else
    tuv_req_finish(req, 0);
}

static void seek_complete(taosuv_req_t* req, int status) {
  taosuv_seek_t* seek = (taosuv_seek_t*) (void*) req;
  seek->consumer->seeks--;
  tuv_steps_free(tuv_commit_of(req));
  if (!seek->consumer->client_closing) tuv_tmq_wake(seek->consumer);
  seek->cb(seek, status);
}

static const tuv_op_type_t seek_type = {.is_request = true,
                                        .pinned = true,
                                        .encode = encode,
                                        .reply = seek_replied,
                                        .complete = seek_complete,
                                        .tombstone = &tuv_plain_tombstone};

/* A seek to an end first asks for the assignment; the reply makes the steps. Until then it has one
 * step, which says what is wanted. */
enum { TO_BEGINNING = -1, TO_END = -2 };

static int encode_ends(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  const tuv_commit_step_t* step = tuv_step_of(tuv_commit_of(tuv_req_of_op(op)));
  tuv_json_request_t request;
  (void) payload;
  (void) size;
  tuv_json_request_begin(&request, &conn->context->json, "assignment", op->id);
  tuv_json_request_text(&request, "topic", step->topic, strlen(step->topic));
  return tuv_conn_send_json(conn, op, &request);
}

static int read_ends(taosuv_commit_t* seek, const tuv_reply_t* reply, tuv_errmsg_t* err) {
  const tuv_commit_step_t* wanted = seek->steps;
  yyjson_val *array, *element;
  uint32_t count;
  size_t index, max;
  int status = tuv_tmq_array(reply, "assignment", &array, &count, err);
  if (status < 0) return status;
  const char* topic = NULL;
  tuv_commit_step_t* steps = tuv_steps_make(seek->consumer, count, wanted->topic, &topic);
  if (steps == NULL) return tuv_fail(err, TAOSUV_ENOMEM, "no memory for an assignment");
  uint32_t found = 0;
  yyjson_arr_foreach(array, index, max, element) {
    tuv_tmq_vgroup_t vgroup;
    status = tuv_tmq_read_vgroup(element, &vgroup, err);
    if (status < 0) break;
    if (wanted->vgroup_id != TAOSUV_ALL_VGROUPS && wanted->vgroup_id != vgroup.vgroup_id) continue;
    int64_t offset = wanted->offset == TO_BEGINNING ? vgroup.begin : vgroup.end;
    steps[found++] = (tuv_commit_step_t) {topic, vgroup.vgroup_id, offset, true, false, 0};
  }
  if (status == 0 && found == 0)
    status = tuv_fail(err, TAOSUV_ESTATE, "the consumer is not assigned such a vgroup");
  if (status < 0) {
    tuv_free(&seek->consumer->alloc, steps);
    return status;
  }
  tuv_steps_free(seek);
  seek->steps = steps;
  seek->nsteps = found;
  return 0;
}

static void ends_replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  taosuv_req_t* req = tuv_req_of_op(op);
  tuv_errmsg_t err;
  int status = read_ends(tuv_commit_of(req), reply, &err);
  if (status < 0) {
    tuv_req_fail(req, &(tuv_failure_t) {status, 0, 0, err.text, tuv_conn_host(conn)});
    return;
  }
  op->type = &seek_type;
  tuv_tmq_send_next(conn, req);
}

static const tuv_op_type_t ends_type = {.is_request = true,
                                        .pinned = true,
                                        .encode = encode_ends,
                                        .reply = ends_replied,
                                        .complete = seek_complete,
                                        .tombstone = &tuv_plain_tombstone};

static int begin_seek(taosuv_consumer_t* consumer, taosuv_seek_t* req, const tuv_op_type_t* type,
                      const char* topic, int32_t vgroup_id, int64_t offset, taosuv_seek_cb cb) {
  taosuv_commit_t* alike = (taosuv_commit_t*) (void*) req;
  int status = tuv_tmq_check(consumer, tuv_req_base(alike), cb != NULL, false);
  if (status == 0 && !tuv_steps_topic_ok(topic)) status = TAOSUV_EINVAL;
  if (status == 0 && (consumer->pushing || consumer->waiter != NULL || consumer->in_flight))
    status = TAOSUV_ESTATE;
  if (status < 0) return status;
  const char* copy = NULL;
  tuv_commit_step_t* steps = tuv_steps_make(consumer, 1, topic, &copy);
  if (steps == NULL) return TAOSUV_ENOMEM;
  *steps = (tuv_commit_step_t) {copy, vgroup_id, offset, true, false, 0};
  req->cb = cb;
  req->consumer = consumer;
  req->steps = steps;
  req->nsteps = 1;
  req->step = 0;
  consumer->seeks++;
  status = tuv_pool_begin(consumer->client, tuv_req_base(alike), type, NULL, 0);
  if (status == 0) return 0;
  consumer->seeks--;
  tuv_steps_free(alike);
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
