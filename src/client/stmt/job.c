/* What all parts of a statement use: its memory, its jobs, and the requests that wait for it. */
#include "client/core/context.h"
#include "client/core/req.h"
#include "client/pool/client.h"
#include "client/pool/queue.h"
#include "client/pool/pool.h"
#include "client/stmt/job.h"
#include "client/stmt/stmt.h"

/* The number of spare batches whose buffers a statement keeps. */
#define SPARE_JOBS 64u

static void free_job(const tuv_alloc_t* alloc, tuv_job_t* job) {
  tuv_batch_free(&job->batch);
  tuv_free(alloc, job);
}

static void free_spare(taosuv_stmt_t* stmt) {
  while (!tuv_queue_empty(&stmt->spare)) {
    tuv_job_t* job = TUV_CONTAINER(stmt->spare.next, tuv_job_t, link);
    tuv_queue_remove(&job->link);
    free_job(&stmt->mem->alloc, job);
  }
  stmt->nspare = 0;
}

void tuv_stmt_drop_fields(taosuv_stmt_t* stmt) {
  if (stmt->field_list == NULL) return;
  tuv_batch_free(&stmt->batch);
  free_spare(stmt);
  tuv_refbuf_unref(stmt->field_list);
  stmt->field_list = NULL;
}

void tuv_stmt_destroy(taosuv_stmt_t* stmt) {
  tuv_stmt_drop_fields(stmt);
  tuv_refbuf_unref(stmt->source);
  tuv_dependent_remove(&stmt->dependent);
  tuv_task_cancel(&stmt->next);
  tuv_mem_put(stmt->mem, TUV_MEM_STMT, stmt);
}

void tuv_stmt_init_batch(const taosuv_stmt_t* stmt, tuv_batch_t* batch) {
  const tuv_field_list_t* list = tuv_field_list_of(stmt->field_list);
  tuv_batch_init(batch, &stmt->mem->alloc, list->insert, list->insert ? list->fields : NULL,
                 list->count);
  batch->numbered = stmt->roams;
}

int tuv_stmt_take_fields(taosuv_stmt_t* stmt, const tuv_server_stmt_t* server_stmt,
                         tuv_errmsg_t* err) {
  stmt->field_list = tuv_refbuf_ref(server_stmt->field_list);
  tuv_stmt_init_batch(stmt, &stmt->batch);
  int status = tuv_batch_set_encoding(&stmt->batch, tuv_server_stmt_encoding(server_stmt), err);
  if (status < 0) tuv_stmt_drop_fields(stmt);
  return status;
}

void tuv_job_give_back(tuv_job_t* job) {
  if (job->keep == NULL) return;
  tuv_batch_t batch = job->batch;
  job->batch = *job->keep;
  *job->keep = batch;
  job->keep = NULL;
}

void tuv_job_recycle(tuv_job_t* job, const tuv_alloc_t* alloc) {
  taosuv_stmt_t* stmt = job->stmt;
  tuv_job_give_back(job);
  tuv_queue_remove(&job->link);
  if (stmt == NULL || stmt->nspare >= SPARE_JOBS) {
    free_job(alloc, job);
    return;
  }
  tuv_batch_clear(&job->batch);
  job->req = NULL;
  job->moves = 0;
  job->renewals = 0;
  tuv_queue_push(&stmt->spare, &job->link);
  stmt->nspare++;
}

/* The request begins to wait for its statement; one whose deadline has passed completes. */
int tuv_stmt_begin(taosuv_client_t* client, taosuv_req_t* req, const tuv_op_type_t* type,
                   const tuv_holder_t* holder, void* owner) {
  int status = tuv_req_start(&client->context, req, type);
  if (status < 0) return status;
  tuv_req_hold(req, holder);
  tuv_req_of(req)->owner = owner;
  return 0;
}

void tuv_stmt_end_if_late(taosuv_req_t* req) {
  if (tuv_req_is_late(req)) tuv_req_defer(req, TAOSUV_EUNSENT, TAOSUV_ERR_RETRYABLE, NULL);
}

void tuv_stmt_due(taosuv_stmt_t* stmt) {
  if (stmt->client == NULL) return;
  tuv_turn_post(&stmt->client->context.turn, &stmt->next, TUV_PHASE_FEATURE);
}

tuv_job_t* tuv_stmt_job(const taosuv_stmt_t* stmt) {
  if (tuv_queue_empty(&stmt->jobs)) return NULL;
  return TUV_CONTAINER(stmt->jobs.next, tuv_job_t, link);
}

bool tuv_stmt_names_tables(const taosuv_stmt_t* stmt) {
  return stmt->server_stmt != NULL && tuv_server_stmt_names_tables(stmt->server_stmt);
}

void tuv_stmt_unhold(taosuv_stmt_t* stmt) {
  if (stmt->held) tuv_pool_unhold(&stmt->client->pool, 0);
  stmt->held = false;
}

/* ---- jobs ---- */

void tuv_job_take_off(tuv_job_t* job, taosuv_client_t* client) {
  taosuv_stmt_t* stmt = job->stmt;
  if (job->held) tuv_pool_unhold(&client->pool, job->size);
  job->held = false;
  if (stmt == NULL) return;
  if (tuv_stmt_job(stmt) == job) stmt->running = false;
  stmt->njobs--;
  if (stmt->njobs > 0 || tuv_stmt_names_tables(stmt)) tuv_stmt_due(stmt);
}

void tuv_job_drop(tuv_job_t* job, taosuv_client_t* client) {
  tuv_job_take_off(job, client);
  tuv_job_recycle(job, &client->context.mem->alloc);
}

void tuv_job_done(tuv_job_t* job, const tuv_failure_t* failure) {
  taosuv_req_t* req = tuv_req_base(job->req);
  tuv_job_drop(job, job->stmt->client);
  if (req == NULL) return;
  tuv_req_of(req)->owner = NULL;
  if (failure != NULL)
    tuv_req_fail(req, failure);
  else
    tuv_req_finish(req, 0);
}
