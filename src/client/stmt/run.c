/* What a prepared statement does next: it finds a server statement, and executes its batches in
 * order. */
#include <string.h>

#include "client/core/complete.h"
#include "client/core/failure.h"
#include "client/core/op.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/pool/client.h"
#include "client/pool/queue.h"
#include "client/pool/pool.h"
#include "client/stmt/job.h"
#include "client/stmt/stmt.h"
#include "util/assert.h"

void tuv_stmt_let_go(taosuv_stmt_t* stmt) {
  tuv_server_stmt_t* server_stmt = stmt->server_stmt;
  tuv_stmt_unhold(stmt);
  if (stmt->waiting_for_conn) tuv_pool_queue_remove(&stmt->client->pool, &stmt->waiter);
  stmt->waiting_for_conn = false;
  stmt->server_stmt = NULL;
  if (server_stmt == NULL) return;
  server_stmt->stmt = NULL;
  if (server_stmt->step != TUV_STEP_NONE && !tuv_server_stmt_withdraw(server_stmt)) return;
  if (server_stmt->result == NULL) tuv_server_stmt_settle(server_stmt);
}

static void start_job(taosuv_stmt_t* stmt) {
  tuv_job_t* job = tuv_stmt_job(stmt);
  tuv_server_stmt_t* server_stmt = stmt->server_stmt;
  if (job->held) tuv_pool_unhold(&stmt->client->pool, job->size);
  job->held = false;
  stmt->running = true;
  job->req->host = tuv_conn_host(server_stmt->conn);
  tuv_server_stmt_begin(server_stmt, &job->batch);
}

/* ---- failing ---- */

static void fail_prepare(taosuv_stmt_t* stmt, const tuv_failure_t* failure) {
  taosuv_req_t* req = tuv_req_base(stmt->preparing);
  stmt->preparing = NULL;
  tuv_stmt_let_go(stmt);
  if (!stmt->known) tuv_stmt_destroy(stmt);
  tuv_req_of(req)->owner = NULL;
  tuv_req_fail(req, failure);
}

/* The callbacks may do anything, so the jobs are taken off the statement before. */
static void fail_jobs(taosuv_stmt_t* stmt, const tuv_failure_t* failure) {
  taosuv_client_t* client = stmt->client;
  tuv_queue_t jobs, reqs;
  tuv_queue_init(&jobs);
  tuv_queue_init(&reqs);
  while (!tuv_queue_empty(&stmt->jobs)) {
    tuv_job_t* job = tuv_stmt_job(stmt);
    tuv_job_take_off(job, client);
    tuv_queue_remove(&job->link);
    job->stmt = NULL;
    tuv_queue_push(&jobs, &job->link);
  }
  while (!tuv_queue_empty(&jobs)) {
    tuv_job_t* job = TUV_CONTAINER(jobs.next, tuv_job_t, link);
    taosuv_req_t* req = tuv_req_base(job->req);
    tuv_job_recycle(job, &client->context.mem->alloc);
    if (req == NULL) continue;
    tuv_req_of(req)->owner = NULL;
    tuv_req_of(req)->left = (failure->flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0;
    tuv_req_set_aside(req, &reqs);
  }
  tuv_req_fail_all(&client->context, &reqs, failure);
}

void tuv_stmt_fail(taosuv_stmt_t* stmt, const tuv_failure_t* failure) {
  if (stmt->preparing != NULL)
    fail_prepare(stmt, failure);
  else
    fail_jobs(stmt, failure);
}

/* ---- finding a connection ---- */

static taosuv_stmt_t* stmt_of_waiter(taosuv_req_t* req) {
  return TUV_CONTAINER(req, taosuv_stmt_t, waiter);
}

static void fail_memory(taosuv_stmt_t* stmt) {
  tuv_stmt_fail(stmt, &(tuv_failure_t) {TAOSUV_ENOMEM, 0, 0, NULL, NULL});
}

static void on_acquired(taosuv_req_t* req, tuv_conn_t* conn) {
  taosuv_stmt_t* stmt = stmt_of_waiter(req);
  stmt->waiting_for_conn = false;
  tuv_stmt_unhold(stmt);
  tuv_server_stmt_t* server_stmt = tuv_server_stmt_create(stmt, conn, &tuv_server_stmt_answers);
  if (server_stmt == NULL) {
    fail_memory(stmt);
    return;
  }
  stmt->server_stmt = server_stmt;
  if (stmt->preparing != NULL) stmt->preparing->host = tuv_conn_host(conn);
  tuv_server_stmt_prepare(server_stmt);
}

static void on_acquire_failed(taosuv_req_t* req, const tuv_failure_t* failure) {
  taosuv_stmt_t* stmt = stmt_of_waiter(req);
  stmt->waiting_for_conn = false;
  tuv_stmt_fail(stmt, failure);
}

static const tuv_op_type_t seek_type = {.is_request = true,
                                        .needs = TUV_SERVES_STMT,
                                        .action = TAOSUV_ACTION_STMT_PREPARE,
                                        .acquired = on_acquired,
                                        .acquire_failed = on_acquire_failed};

static void seek_conn(taosuv_stmt_t* stmt) {
  tuv_req_t* priv = tuv_req_of(&stmt->waiter);
  memset(&stmt->waiter, 0, sizeof stmt->waiter);
  tuv_queue_init(&priv->op.link);
  priv->context = &stmt->client->context;
  priv->op.type = &seek_type;
  priv->state = TUV_REQ_BEGUN;
  priv->op.id = tuv_ids_next(&stmt->client->context.ids);
  priv->started = uv_hrtime();
  stmt->waiting_for_conn = true;
  if (tuv_pool_submit(&stmt->client->pool, &stmt->waiter, NULL, 0) == 0) return;
  stmt->waiting_for_conn = false;
  fail_memory(stmt);
}

/* ---- prepared ---- */

static bool same_field(const taosuv_stmt_field_t* old, const taosuv_stmt_field_t* now) {
  bool digits = (old->precision == now->precision && old->scale == now->scale) ||
                tuv_stmt_scale_is_unknown(now);
  return digits && old->kind == now->kind && old->type == now->type &&
         old->name_length == now->name_length &&
         memcmp(old->name, now->name, old->name_length) == 0;
}

/* Whether values bound for one list of fields can be sent for the other. Widths may differ: the
 * server checks them. */
static bool same_field_list(const tuv_field_list_t* old, const tuv_field_list_t* now) {
  if (old->insert != now->insert || old->count != now->count) return false;
  for (uint32_t i = 0; old->insert && i < old->count; i++)
    if (!same_field(&old->fields[i], &now->fields[i])) return false;
  return true;
}

static void finish_prepare(taosuv_stmt_t* stmt, tuv_server_stmt_t* server_stmt) {
  taosuv_stmt_prepare_t* req = stmt->preparing;
  tuv_errmsg_t err = {""};
  int status = tuv_stmt_take_fields(stmt, server_stmt, &err);
  if (status < 0) {
    tuv_failure_t failure = {status, 0, 0, err.text, tuv_conn_host(server_stmt->conn)};
    tuv_stmt_fail(stmt, &failure);
    return;
  }
  stmt->preparing = NULL;
  stmt->known = true;
  stmt->fresh = false;
  req->stmt = stmt;
  req->host = tuv_conn_host(server_stmt->conn);
  tuv_req_of(tuv_req_base(req))->owner = NULL;
  taosuv_client_t* client = stmt->client;
  if (tuv_stmt_names_tables(stmt)) tuv_stmt_due(stmt);
  client->stmt_prepared = stmt;
  tuv_req_finish(tuv_req_base(req), 0);
  client->stmt_prepared = NULL;
}

/* The cached statement has other fields: it is outdated, or this statement is. */
static void prepare_afresh(taosuv_stmt_t* stmt) {
  tuv_stmt_let_go(stmt);
  tuv_server_stmt_forget(stmt->client, stmt->source);
  tuv_stmt_due(stmt);
}

static void go_on(tuv_server_stmt_t* server_stmt) {
  taosuv_stmt_t* stmt = server_stmt->stmt;
  stmt->moves = 0;
  if (stmt->preparing != NULL) {
    finish_prepare(stmt, server_stmt);
    return;
  }
  if (stmt->njobs > 0 && !tuv_server_stmt_serves(server_stmt, tuv_stmt_job(stmt))) {
    tuv_stmt_due(stmt);
    return;
  }
  if (server_stmt->kept && !same_field_list(tuv_field_list_of(stmt->field_list),
                                            tuv_field_list_of(server_stmt->field_list))) {
    prepare_afresh(stmt);
    return;
  }
  if (!same_field_list(tuv_field_list_of(stmt->field_list),
                       tuv_field_list_of(server_stmt->field_list))) {
    stmt->stale = true;
    tuv_stmt_let_go(stmt);
    tuv_stmt_fail(stmt, &(tuv_failure_t) {TAOSUV_ESCHEMA, 0, 0, NULL, NULL});
    return;
  }
  if (stmt->njobs > 0) start_job(stmt);
}

/* ---- a turn ---- */

/* Whether the statement can go on: its connection is neither suspect nor about to end, and no
 * result is open. */
static bool usable(const tuv_server_stmt_t* server_stmt) {
  TUV_ASSERT(server_stmt != NULL);
  const tuv_conn_t* conn = server_stmt->conn;
  return server_stmt->result == NULL && conn->state == TUV_CONN_READY && !conn->retiring &&
         !conn->suspect;
}

/* Whether it waits for its suspect connection, because there is no other one. */
static bool waits(const tuv_server_stmt_t* server_stmt) {
  const tuv_conn_t* conn = server_stmt->conn;
  return server_stmt->result == NULL && conn->suspect && !conn->retiring &&
         !tuv_pool_has_room(&tuv_client_of(conn->context)->pool, TUV_SERVES_STMT);
}

/* Whether another connection would be better. Without a cache it would be prepared again each time.
 * */
static bool wants_another(const taosuv_stmt_t* stmt) {
  if (!stmt->roams || stmt->client->context.url.stmt_cache == 0) return false;
  return tuv_inflight_count(&stmt->server_stmt->conn->inflight) > 0 &&
         tuv_pool_has_idle(&stmt->client->pool, TUV_SERVES_STMT);
}

/* What is prepared must not be used for later batches: a new server statement replaces it. Its SQL
 * is sent when there is a batch. */
static void replace(taosuv_stmt_t* stmt) {
  tuv_server_stmt_t* old = stmt->server_stmt;
  tuv_server_stmt_t* server_stmt = tuv_server_stmt_create(stmt, old->conn,
                                                          &tuv_server_stmt_answers);
  old->stmt = NULL;
  stmt->server_stmt = server_stmt;
  tuv_server_stmt_settle(old);
  if (server_stmt != NULL) tuv_server_stmt_prepare(server_stmt);
}

static bool is_outdated(const taosuv_stmt_t* stmt) {
  if (!tuv_stmt_names_tables(stmt) || stmt->preparing != NULL || !usable(stmt->server_stmt))
    return false;
  return stmt->njobs == 0 || !tuv_server_stmt_serves(stmt->server_stmt, tuv_stmt_job(stmt));
}

void tuv_stmt_run(taosuv_stmt_t* stmt) {
  if (stmt->running || stmt->waiting_for_conn) return;
  if (stmt->server_stmt != NULL && stmt->server_stmt->step != TUV_STEP_NONE) return;
  if (stmt->server_stmt != NULL && waits(stmt->server_stmt)) return;
  bool idle = stmt->preparing == NULL && stmt->njobs == 0;
  bool moves = !idle && stmt->server_stmt != NULL && wants_another(stmt);
  if (!moves && is_outdated(stmt)) {
    replace(stmt);
    if (stmt->server_stmt != NULL) return;
  }
  if (idle) return;
  if (stmt->server_stmt != NULL && (moves || !usable(stmt->server_stmt))) {
    stmt->server_stmt->stmt = NULL;
    if (stmt->server_stmt->result == NULL) tuv_server_stmt_settle(stmt->server_stmt);
    stmt->server_stmt = NULL;
  }
  if (stmt->server_stmt == NULL && !stmt->fresh) {
    stmt->server_stmt = tuv_server_stmt_take_cached(stmt->client, stmt->source,
                                                    moves ? 1 : SIZE_MAX);
    if (stmt->server_stmt != NULL) stmt->server_stmt->stmt = stmt;
  }
  if (stmt->server_stmt == NULL) {
    seek_conn(stmt);
    return;
  }
  tuv_stmt_unhold(stmt);
  if (stmt->server_stmt->field_list == NULL)
    tuv_server_stmt_go_on_preparing(stmt->server_stmt);
  else if (stmt->preparing != NULL && tuv_field_list_of(stmt->server_stmt->field_list)->insert)
    tuv_server_stmt_prepare_again(stmt->server_stmt);
  else
    go_on(stmt->server_stmt);
}

const tuv_stmt_events_t tuv_stmt_events = {.prepared = go_on, .failed = tuv_stmt_fail};
