/* A query by SQL in place of an action that a server does not have: the value is in the first cell
 * of its result. */
#include "client/core/failure.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/conn/send.h"
#include "client/pool/client.h"
#include "client/query/ask.h"
#include "client/query/results.h"
#include "wire/json/result.h"

#include <string.h>

typedef struct ask_s {
  taosuv_fetch_t fetch;
  tuv_mem_t* mem;
  taosuv_req_t* req; /* the request that waits for the value; NULL: it was completed */
  taosuv_result_t* result;
  tuv_asked_cb cb;
} ask_t;

int tuv_ask_encode(tuv_op_t* op, tuv_conn_t* conn, const char* sql) {
  tuv_json_request_t request;
  tuv_json_request_begin(&request, &conn->context->json, "query", op->id);
  tuv_json_request_text(&request, "sql", sql, strlen(sql));
  return tuv_conn_send_json(conn, op, &request);
}

static void fail(taosuv_req_t* req, int status, const char* message, const char* host) {
  tuv_req_fail(req, &(tuv_failure_t) {status, 0, 0, message, host});
}

static const taosuv_block_t* with_value(const taosuv_block_t* block) {
  taosuv_column_t column;
  if (block == NULL || taosuv_block_rows(block) == 0) return NULL;
  taosuv_block_column(block, 0, &column);
  return taosuv_is_null(&column, 0) ? NULL : block;
}

static void on_fetched(taosuv_fetch_t* fetch, int status) {
  ask_t* ask = (ask_t*) (void*) fetch; /* its first member */
  taosuv_req_t* req = ask->req;
  if (req == NULL) {
    tuv_free(&ask->mem->alloc, ask);
    return;
  }
  tuv_req_of(req)->owner = NULL;
  if (status < 0)
    tuv_req_fail(req, &(tuv_failure_t) {status, fetch->err_flags, fetch->server_code,
                                        fetch->message, fetch->host});
  else
    ask->cb(req, with_value(fetch->block));
  taosuv_result_close(ask->result);
  tuv_free(&ask->mem->alloc, ask);
}

/* The request was cancelled, or its time is up. */
static void release(taosuv_req_t* req) {
  ask_t* ask = tuv_req_of(req)->owner;
  if (ask == NULL) return;
  tuv_req_of(req)->owner = NULL;
  ask->req = NULL;
  taosuv_result_close(ask->result); /* this cancels the fetch */
}

static const tuv_holder_t ask_holder = {.release = release};

/* Fetches the first block; the request waits for it. */
static int begin(taosuv_req_t* req, tuv_conn_t* conn, const tuv_query_reply_t* answer,
                 tuv_asked_cb cb) {
  tuv_mem_t* mem = conn->context->mem;
  taosuv_result_t* result = tuv_result_create(conn, answer);
  ask_t* ask = result == NULL ? NULL : tuv_calloc(&mem->alloc, 1, sizeof *ask);
  if (ask != NULL) *ask = (ask_t) {.mem = mem, .req = req, .result = result, .cb = cb};
  int status = ask == NULL ? TAOSUV_ENOMEM : taosuv_fetch(result, &ask->fetch, on_fetched);
  if (status < 0) {
    if (result == NULL) tuv_result_free_on_server(conn, answer->id);
    taosuv_result_close(result);
    tuv_free(&mem->alloc, ask);
    return status;
  }
  tuv_req_hold(req, &ask_holder);
  tuv_req_of(req)->owner = ask;
  return 0;
}

void tuv_ask_replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply, tuv_asked_cb cb) {
  taosuv_req_t* req = tuv_req_of_op(op);
  tuv_query_reply_t answer;
  tuv_errmsg_t err = {"no memory for an answer"};
  int status = tuv_reply_query(reply, &answer, &err);
  if (status == 0 && (answer.is_update || answer.fields != 1))
    status = tuv_fail(&err, TAOSUV_EPROTO, "the result is not a value");
  if (status < 0 && answer.id != 0) tuv_result_free_on_server(conn, answer.id);
  if (status == 0) status = begin(req, conn, &answer, cb);
  if (status < 0) fail(req, status, err.text, tuv_conn_host(conn));
}
