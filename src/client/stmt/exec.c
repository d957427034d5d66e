/* Executes what is bound: the batch leaves its statement, and waits for its turn. */
#include "client/core/op.h"
#include "client/core/req.h"
#include "client/pool/client.h"
#include "client/pool/queue.h"
#include "client/pool/begin.h"
#include "client/pool/pool.h"
#include "client/stmt/job.h"
#include "client/stmt/stmt.h"
#include "wire/batch/send.h"

static tuv_job_t* take_job(taosuv_stmt_t* stmt) {
  tuv_job_t* job;
  if (!tuv_queue_empty(&stmt->spare)) {
    job = TUV_CONTAINER(stmt->spare.next, tuv_job_t, link);
    tuv_queue_remove(&job->link);
    stmt->nspare--;
  } else {
    job = tuv_calloc(&stmt->mem->alloc, 1, sizeof *job);
    if (job == NULL) return NULL;
    tuv_queue_init(&job->link);
    tuv_stmt_init_batch(stmt, &job->batch);
  }
  job->stmt = stmt;
  /* The empty batch of the job is bound next, and is counted like this one. */
  tuv_batch_set_encoding(&job->batch, stmt->batch.encoding, NULL);
  return job;
}

static void exec_complete(taosuv_req_t* req, int status) {
  taosuv_stmt_exec_t* exec = (taosuv_stmt_exec_t*) (void*) req;
  exec->cb(exec, status);
}

/* The server statement that executes a batch; NULL while it waits for its turn. */
static tuv_server_stmt_t* remote_of(const tuv_job_t* job) {
  const taosuv_stmt_t* stmt = job->stmt;
  return stmt != NULL && stmt->running && tuv_stmt_job(stmt) == job ? stmt->server_stmt : NULL;
}

/* The message in flight may be its own, or one of an earlier batch, or of the prepare. */
static tuv_conn_t* exec_waits_on(const taosuv_req_t* req) {
  const tuv_job_t* job = tuv_req_of_const(req)->owner;
  const tuv_server_stmt_t* server_stmt = job->stmt != NULL ? job->stmt->server_stmt : NULL;
  return server_stmt != NULL && server_stmt->step != TUV_STEP_NONE ? server_stmt->conn : NULL;
}

static bool executes(const tuv_server_stmt_t* server_stmt) {
  return server_stmt->step == TUV_STEP_EXEC || server_stmt->step == TUV_STEP_BIND_EXEC;
}

bool tuv_exec_was_sent(const taosuv_req_t* req) {
  const tuv_server_stmt_t* server_stmt = remote_of(tuv_req_of_const(req)->owner);
  if (server_stmt == NULL) return false;
  return server_stmt->step == TUV_STEP_RESULT ||
         (executes(server_stmt) && tuv_server_stmt_sent(server_stmt));
}

/* It was cancelled, or its time is up. A batch that the server may execute cannot be taken back,
 * and later ones wait for it. One that is only bound there is dropped with its server statement. */
static void exec_release(taosuv_req_t* req) {
  tuv_job_t* job = tuv_req_of(req)->owner;
  tuv_server_stmt_t* server_stmt = remote_of(job);
  tuv_req_of(req)->owner = NULL;
  job->req = NULL;
  if (server_stmt != NULL && executes(server_stmt) && !tuv_server_stmt_withdraw(server_stmt)) {
    tuv_job_give_back(job);
    return;
  }
  if (server_stmt != NULL) tuv_stmt_let_go(job->stmt);
  tuv_job_drop(job, tuv_client_of(tuv_req_of(req)->context));
}

static const tuv_op_type_t exec_type = {
    .is_request = true, .action = TAOSUV_ACTION_STMT_EXEC, .complete = exec_complete};
static const tuv_holder_t exec_holder = {
    .release = exec_release, .maybe_sent = tuv_exec_was_sent, .waits_on = exec_waits_on};

static int check_exec(taosuv_stmt_t* stmt, taosuv_stmt_exec_t* req, taosuv_stmt_exec_cb cb) {
  stmt->err.text[0] = 0;
  int status = tuv_pool_check(stmt->client, tuv_req_base(req), cb != NULL);
  if (status < 0) return status;
  if (stmt->preparing != NULL) return TAOSUV_EBUSY;
  if (stmt->field_list == NULL)
    return tuv_fail(&stmt->err, TAOSUV_EINVAL,
                    "the statement is not prepared: its last prepare "
                    "failed");
  if (stmt->stale)
    return tuv_fail(&stmt->err, TAOSUV_ESCHEMA, "%s", taosuv_strerror(TAOSUV_ESCHEMA));
  return tuv_batch_ready(&stmt->batch, stmt->client->context.url.max_message_size, &stmt->err);
}

/* In the callback of its prepare, a batch uses what was just prepared. */
static uint64_t order_of(const taosuv_stmt_t* stmt) {
  taosuv_client_t* client = stmt->client;
  bool fresh = client->stmt_prepared == stmt && stmt->server_stmt != NULL &&
               uv_hrtime() - stmt->server_stmt->ready_at < TUV_STMT_FRESH;
  return fresh ? 0 : ++client->stmts_order;
}

/* The job takes what is bound, and the statement takes the empty batch of the job. */
static void swap_batch(taosuv_stmt_t* stmt, tuv_job_t* job) {
  tuv_batch_t bound = stmt->batch;
  stmt->batch = job->batch;
  job->batch = bound;
}

int taosuv_stmt_exec(taosuv_stmt_t* stmt, taosuv_stmt_exec_t* req, taosuv_stmt_exec_cb cb) {
  return tuv_stmt_exec(stmt, req, cb, NULL);
}

int tuv_stmt_exec(taosuv_stmt_t* stmt, taosuv_stmt_exec_t* req, taosuv_stmt_exec_cb cb,
                  tuv_batch_t* keep) {
  if (stmt == NULL) return TAOSUV_EINVAL;
  if (stmt->client == NULL) return TAOSUV_ECLOSED;
  int status = check_exec(stmt, req, cb);
  if (status < 0) return status;
  tuv_job_t* job = take_job(stmt);
  if (job == NULL) return TAOSUV_ENOMEM;
  job->size = tuv_batch_size(&stmt->batch);
  /* The first batch of a prepared statement needs no place in the queue. */
  job->order = order_of(stmt);
  job->held = stmt->njobs > 0 || stmt->server_stmt == NULL;
  status = job->held ? tuv_pool_hold(&stmt->client->pool, job->size) : 0;
  if (status == 0) {
    status = tuv_stmt_begin(stmt->client, tuv_req_base(req), &exec_type, &exec_holder, job);
    if (status < 0 && job->held) tuv_pool_unhold(&stmt->client->pool, job->size);
  }
  if (status < 0) {
    tuv_job_recycle(job, &stmt->mem->alloc);
    return status;
  }
  req->cb = cb;
  req->stmt = stmt;
  req->result = NULL;
  req->affected_rows = 0;
  job->req = req;
  job->keep = keep;
  swap_batch(stmt, job);
  tuv_queue_push(&stmt->jobs, &job->link);
  stmt->njobs++;
  tuv_stmt_due(stmt);
  tuv_stmt_end_if_late(tuv_req_base(req));
  return 0;
}
