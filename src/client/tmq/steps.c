/* Requests of several messages, one after another: commits and seeks, a message for each vgroup. */
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/conn/send.h"
#include "client/pool/client.h"
#include "client/tmq/consumer.h"
#include "client/tmq/steps.h"

#include <string.h>

/* Both requests have the same private part. */
_Static_assert(sizeof(taosuv_commit_t) == sizeof(taosuv_seek_t) &&
                   offsetof(taosuv_commit_t, steps) == offsetof(taosuv_seek_t, steps) &&
                   offsetof(taosuv_commit_t, step) == offsetof(taosuv_seek_t, step),
               "seek and commit requests are alike");

/* Allocates steps, with room for the name of a topic behind them. */
tuv_commit_step_t* tuv_steps_make(taosuv_consumer_t* consumer, size_t count, const char* topic,
                                  const char** copy) {
  size_t length = topic == NULL ? 0 : strlen(topic) + 1;
  tuv_commit_step_t* steps = tuv_malloc(&consumer->alloc,
                                        (count == 0 ? 1 : count) * sizeof *steps + length);
  if (steps == NULL || topic == NULL) return steps;
  *copy = memcpy(steps + count, topic, length);
  return steps;
}

bool tuv_steps_topic_ok(const char* topic) {
  return topic != NULL && topic[0] != 0 && strlen(topic) <= 4096;
}

void tuv_steps_free(taosuv_commit_t* commit) {
  tuv_free(&commit->consumer->alloc, commit->steps);
  commit->steps = NULL;
}

int tuv_step_encode(tuv_op_t* op, tuv_conn_t* conn, const char* action) {
  taosuv_commit_t* commit = tuv_commit_of(tuv_req_of_op(op));
  const tuv_commit_step_t* step = tuv_step_of(commit);
  tuv_json_request_t request;
  if (step->topic == NULL || step->message != 0) {
    char text[TUV_TMQ_REQUEST_MAX];
    uint64_t message = step->message != 0 ? step->message : commit->consumer->last_id;
    size_t length = tuv_tmq_message_request(text, "commit", op->id, message);
    return tuv_ws_send(&conn->ws, TUV_WS_TEXT, text, length, &op->at);
  }
  tuv_json_request_begin(&request, &conn->context->json, action, op->id);
  tuv_json_request_text(&request, "topic", step->topic, strlen(step->topic));
  tuv_tmq_add_int(&request, "vgroup_id", step->vgroup_id);
  tuv_tmq_add_int(&request, "offset", step->offset);
  return tuv_conn_send_json(conn, op, &request);
}
