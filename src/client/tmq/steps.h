/* Requests of several messages, one after another: commits and seeks, a message for each vgroup. */
#ifndef TUV_CLIENT_TMQ_STEPS_H
#define TUV_CLIENT_TMQ_STEPS_H

#include "client/tmq/consumer.h"

/* One message of a commit or a seek. */
typedef struct tuv_commit_step_s {
  const char* topic; /* NULL: the action commit, of all that was polled */
  int32_t vgroup_id;
  int64_t offset;
  bool exactly;     /* it may go back; otherwise a later committed offset stays */
  bool lenient;     /* the vgroup may belong to another consumer by now */
  uint64_t message; /* of an old gateway: the id of the message up to which it is; otherwise 0 */
} tuv_commit_step_t;

static inline taosuv_commit_t* tuv_commit_of(taosuv_req_t* req) {
  return (taosuv_commit_t*) (void*) req;
}

static inline tuv_commit_step_t* tuv_step_of(const taosuv_commit_t* commit) {
  return (tuv_commit_step_t*) commit->steps + commit->step;
}

/* Allocates steps, with room for the name of a topic behind them. tuv_steps_free frees them. */
tuv_commit_step_t* tuv_steps_make(taosuv_consumer_t* consumer, size_t count, const char* topic,
                                  const char** copy);
void tuv_steps_free(taosuv_commit_t* commit);
bool tuv_steps_topic_ok(const char* topic);

/* Writes the message of the current step: commit_offset, seek or commit. */
int tuv_step_encode(tuv_op_t* op, tuv_conn_t* conn, const char* action);

#endif
