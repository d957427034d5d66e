/* What can be said of any operation. */
#include "client/core/op.h"
#include "client/core/req.h"

static void ignore_reply(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  (void) op;
  (void) conn;
  (void) reply;
}

static const tuv_op_type_t plain_type = {.reply = ignore_reply, .tombstone = &tuv_plain_tombstone};
static const tuv_op_type_t ping_type = {
    .by_pong = true, .reply = ignore_reply, .tombstone = &tuv_ping_tombstone};
tuv_op_t tuv_plain_tombstone = {.type = &plain_type};
tuv_op_t tuv_ping_tombstone = {.type = &ping_type};

bool tuv_op_is_tombstone(const tuv_op_t* op) {
  return op->type->tombstone == op;
}

/* The request that the operation is inside; or NULL. */
static taosuv_req_t* request_of(const tuv_op_t* op) {
  if (!op->type->is_request || tuv_op_is_tombstone(op)) return NULL;
  return tuv_req_of_op((tuv_op_t*) (uintptr_t) op);
}

void tuv_op_failed(tuv_op_t* op, const tuv_failure_t* failure) {
  taosuv_req_t* req = request_of(op);
  if (req != NULL)
    tuv_req_fail(req, failure);
  else if (!tuv_op_is_tombstone(op))
    op->type->failed(op, failure);
}

void tuv_op_set_server_time(tuv_op_t* op, uint64_t ns) {
  taosuv_req_t* req = request_of(op);
  if (req != NULL) req->server_time_ns = ns;
}

const taosuv_req_t* tuv_op_request(const tuv_op_t* op) {
  return request_of(op);
}

const taosuv_req_t* tuv_op_waiter(const tuv_op_t* op) {
  const taosuv_req_t* req = request_of(op);
  return req == NULL && op->type->waiter != NULL ? op->type->waiter(op) : req;
}
