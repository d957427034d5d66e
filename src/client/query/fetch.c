/* Fetches block after block. One fetch is in flight, ahead of the caller where that pays. */
#include <string.h>

#include "client/core/block.h"
#include "client/core/failure.h"
#include "client/core/op.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/conn/send.h"
#include "client/pool/client.h"
#include "client/pool/begin.h"
#include "client/pool/pool.h"
#include "client/query/result.h"
#include "client/query/results.h"

/* A block with this number of rows is full, so more will follow (PROTOCOL 1.4). */
#define FULL_BLOCK_ROWS 4096u

static taosuv_result_t* result_of(tuv_op_t* op) {
  return TUV_CONTAINER(op, taosuv_result_t, op);
}

/* Asks the server for the next block, unless there is none or it was asked for. */
static void ask(taosuv_result_t* result, uint64_t req_id) {
  if (result->conn == NULL || result->fetch_pending || result->ended || result->failure.status < 0)
    return;
  result->fetch_pending = true;
  result->block_announced = false;
  result->op.id = req_id != 0 ? req_id : tuv_ids_next(&result->client->context.ids);
  tuv_conn_post(result->conn, &result->op);
}

void tuv_result_prefetch(taosuv_result_t* result) {
  if (result->client->context.url.prefetch) ask(result, 0);
}

/* Whether to ask for the next block before the caller does. A result that seems to have one block
 * must not pay for a second fetch. */
static bool more_expected(const taosuv_result_t* result, const taosuv_block_t* block) {
  return result->client != NULL && result->client->context.url.prefetch &&
         (taosuv_block_rows(block) >= FULL_BLOCK_ROWS || result->blocks >= 2);
}

static int encode_fetch(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  taosuv_result_t* result = result_of(op);
  (void) payload;
  (void) size;
  if (conn->binary) {
    uint8_t message[TUV_MSG_FETCH_SIZE];
    tuv_msg_fetch(message, op->id, result->id);
    return tuv_ws_send(&conn->ws, TUV_WS_BINARY, message, sizeof message, &op->at);
  }
  tuv_json_request_t request;
  tuv_json_request_begin(&request, &conn->context->json,
                         result->block_announced ? "fetch_block" : "fetch", op->id);
  tuv_json_request_uint(&request, "id", result->id);
  return tuv_conn_send_json(conn, op, &request);
}

void tuv_result_wake(taosuv_result_t* result) {
  taosuv_fetch_t* fetch = result->waiter;
  if (fetch == NULL) return;
  taosuv_req_t* req = tuv_req_base(fetch);
  if (!tuv_req_is_held(req)) return;
  if (result->next_block == NULL && result->failure.status < 0)
    tuv_req_fail(req, &result->failure);
  else
    tuv_req_finish(req, 0);
}

void tuv_result_set_failure(taosuv_result_t* result, const tuv_failure_t* failure) {
  result->failure = *failure;
  result->failure.message = taosuv_strerror(failure->status);
  if (failure->message == NULL) return;
  size_t size = strlen(failure->message) + 1;
  result->message = tuv_malloc(&result->mem->alloc, size);
  if (result->message == NULL) return;
  memcpy(result->message, failure->message, size);
  result->failure.message = result->message;
}

/* The fetch in flight failed, and so has the result. */
static void fetch_failed(tuv_op_t* op, const tuv_failure_t* failure) {
  taosuv_result_t* result = result_of(op);
  result->fetch_pending = false;
  if (result->closed) {
    tuv_result_release(result);
    return;
  }
  tuv_result_set_failure(result, failure);
  tuv_result_wake(result);
}

static void fail_now(taosuv_result_t* result, int status, const char* message) {
  tuv_failure_t failure = {status, 0, 0, message,
                           result->conn == NULL ? NULL : tuv_conn_host(result->conn)};
  fetch_failed(&result->op, &failure);
}

static void at_end(taosuv_result_t* result) {
  result->fetch_pending = false;
  result->ended = true;
  tuv_result_let_owner_go(result);
  if (result->closed)
    tuv_result_release(result);
  else
    tuv_result_wake(result);
}

/* The block must have the columns that the reply to the query announced. */
static int check_columns(const taosuv_result_t* result, const taosuv_block_t* block,
                         tuv_errmsg_t* err) {
  taosuv_column_t column;
  uint32_t count = taosuv_block_columns(block);
  if (count != result->fields_count)
    return tuv_fail(err, TAOSUV_EBLOCK, "a block of %u columns for a result of %u fields", count,
                    result->fields_count);
  for (uint32_t i = 0; i < count; i++) {
    taosuv_block_column(block, i, &column);
    uint8_t type = result->fields[i].type;
    if (column.type != type && type != TAOSUV_TYPE_NULL)
      return tuv_fail(err, TAOSUV_EBLOCK, "column %u of a block is %s, its field is %s", i,
                      taosuv_type_name(column.type),
                      taosuv_type_name(type) == NULL ? "unknown" : taosuv_type_name(type));
  }
  return 0;
}

/* Takes the next block of a result that came whole, or its end. */
static void unpack(taosuv_result_t* result) {
  tuv_errmsg_t err;
  int status;
  tuv_refbuf_t* bytes = result->stored;
  if (!result->whole || result->next_block != NULL || result->failure.status < 0) return;
  if (bytes == NULL) {
    result->ended = true;
    return;
  }
  size_t size = taosuv_load_u32(bytes->data + 4);
  result->next_block = tuv_block_create(result->mem, bytes, bytes->data, size, result->precision,
                                        &status, &err);
  if (result->next_block == NULL) {
    tuv_result_set_failure(result, &(tuv_failure_t) {status, 0, 0, err.text, result->host});
    return;
  }
  result->stored = bytes->next;
  bytes->next = NULL;
  tuv_refbuf_unref(bytes);
  result->blocks++;
  result->client->context.totals.blocks++;
  result->client->context.totals.rows += taosuv_block_rows(result->next_block);
}

static void take_block(taosuv_result_t* result, const tuv_msg_fetched_t* fetched,
                       tuv_refbuf_t* owner) {
  tuv_errmsg_t err;
  int status;
  taosuv_block_t* block = tuv_block_create(result->mem, owner, fetched->block, fetched->block_size,
                                           result->precision, &status, &err);
  if (block != NULL) {
    status = check_columns(result, block, &err);
    if (status < 0) taosuv_block_unref(block);
  }
  if (status < 0) {
    fail_now(result, status, err.text);
    return;
  }
  result->fetch_pending = false;
  result->blocks++;
  result->client->context.totals.blocks++;
  result->client->context.totals.rows += taosuv_block_rows(block);
  result->next_block = block;
  tuv_result_wake(result);
}

static void fetch_answered(tuv_op_t* op, tuv_conn_t* conn, const tuv_msg_fetched_t* fetched,
                           tuv_refbuf_t* owner) {
  taosuv_result_t* result = result_of(op);
  (void) conn;
  result->server_time = fetched->timing;
  if (fetched->result_id != result->id)
    fail_now(result, TAOSUV_EPROTO, "the reply has a block of another result");
  else if (fetched->finished)
    at_end(result);
  else if (result->closed)
    tuv_result_release(result);
  else
    take_block(result, fetched, owner);
}

/* The JSON action `fetch` says whether there is a block; `fetch_block` then brings it. */
static void fetch_announced(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  static const char* const needed[] = {"id", "completed", "rows", NULL};
  taosuv_result_t* result = result_of(op);
  tuv_errmsg_t err;
  bool completed = false;
  uint64_t id = result->id, rows = 0;
  int status = tuv_reply_require(reply, needed, &err);
  if (status == 0) status = tuv_reply_bool(reply, "completed", &completed, &err);
  if (status == 0) status = tuv_reply_uint(reply, "id", &id, &err);
  if (status == 0) status = tuv_reply_uint(reply, "rows", &rows, &err);
  if (status == 0 && (conn->binary || result->block_announced || id != result->id))
    status = tuv_fail(&err, TAOSUV_EPROTO, "the reply is text in place of a block");
  if (status == 0 && !completed && rows == 0)
    status = tuv_fail(&err, TAOSUV_EPROTO, "the reply to fetch has neither rows nor an end");
  result->server_time = reply->timing;
  if (status < 0) {
    fail_now(result, status, err.text);
  } else if (completed) {
    at_end(result);
  } else if (result->closed) {
    tuv_result_release(result);
  } else {
    result->block_announced = true;
    op->id = tuv_ids_next(&result->client->context.ids);
    tuv_conn_post(conn, op);
  }
}

static const taosuv_req_t* waiter(const tuv_op_t* op) {
  return (const void*) TUV_CONTAINER(op, const taosuv_result_t, op)->waiter;
}

const tuv_op_type_t tuv_fetch_type = {.action = TAOSUV_ACTION_FETCH,
                                      .encode = encode_fetch,
                                      .reply = fetch_announced,
                                      .fetched = fetch_answered,
                                      .failed = fetch_failed,
                                      .waiter = waiter};

/* taosuv_fetch. op.at of its request is 1 once it no longer concerns the result. */

void tuv_result_cancel_fetch(taosuv_req_t* req) {
  ((taosuv_fetch_t*) (void*) req)->result->waiter = NULL;
  tuv_req_of(req)->op.at = 1;
}

static void fetch_complete(taosuv_req_t* req, int status) {
  taosuv_fetch_t* fetch = (taosuv_fetch_t*) (void*) req;
  taosuv_block_t* block = NULL;
  if (tuv_req_of(req)->op.at == 0) {
    taosuv_result_t* result = fetch->result;
    result->waiter = NULL;
    req->server_time_ns = result->server_time;
    req->sent_req_id = result->op.id;
    if (status == 0) {
      block = result->next_block;
      result->next_block = NULL;
      if (block != NULL && more_expected(result, block)) ask(result, 0);
    }
  }
  fetch->block = block;
  fetch->cb(fetch, status);
  taosuv_block_unref(block);
}

static tuv_conn_t* fetch_waits_on(const taosuv_req_t* req) {
  const taosuv_result_t* result = ((const taosuv_fetch_t*) (const void*) req)->result;
  return result->fetch_pending ? result->conn : NULL;
}

static const tuv_op_type_t fetch_req_type = {
    .is_request = true, .action = TAOSUV_ACTION_FETCH, .complete = fetch_complete};
static const tuv_holder_t fetch_holder = {.release = tuv_result_cancel_fetch,
                                          .waits_on = fetch_waits_on};

int taosuv_fetch(taosuv_result_t* result, taosuv_fetch_t* req, taosuv_fetch_cb cb) {
  taosuv_req_t* base = tuv_req_base(req);
  if (result == NULL) return TAOSUV_EINVAL;
  if (result->client == NULL) return TAOSUV_ECLOSED;
  int status = tuv_pool_check(result->client, base, cb != NULL);
  if (status == 0 && result->waiter != NULL) status = TAOSUV_EBUSY;
  if (status == 0) status = tuv_req_start(&result->client->context, base, &fetch_req_type);
  if (status < 0) return status;
  req->cb = cb;
  req->result = result;
  req->block = NULL;
  req->host = result->conn != NULL ? tuv_conn_host(result->conn) : result->host;
  unpack(result);
  if (result->next_block == NULL) ask(result, base->req_id);
  result->waiter = req;
  bool decided = result->next_block != NULL || result->ended || result->failure.status < 0;
  if (!decided) {
    tuv_req_hold(base, &fetch_holder);
    return 0;
  }
  const tuv_failure_t* failure = &result->failure;
  bool failed = result->next_block == NULL && !result->ended;
  tuv_req_defer(base, failed ? failure->status : 0, failed ? failure->flags : 0,
                failed ? failure->message : NULL);
  if (failed) {
    base->server_code = failure->server_code;
    base->host = failure->host;
  }
  return 0;
}

uint64_t tuv_result_fetch_id(const taosuv_req_t* fetch) {
  const tuv_op_t* op = &tuv_req_of_const(fetch)->op;
  return op->at == 0 ? ((const taosuv_fetch_t*) (const void*) fetch)->result->op.id : op->id;
}
