/* What a prepared statement does next: finds a place on a server, executes its batches in order. */
#include <string.h>

#include "client/stmt/stmt.h"

void tuv_stmt_due(taosuv_stmt_t* stmt) {
  if (stmt->client == NULL || !tuv_queue_empty(&stmt->due)) return;
  tuv_queue_push(&stmt->client->stmts_due, &stmt->due);
  tuv_client_turn(stmt->client);
}

tuv_job_t* tuv_stmt_job(const taosuv_stmt_t* stmt) {
  if (tuv_queue_empty(&stmt->jobs)) return NULL;
  return TUV_CONTAINER(stmt->jobs.next, tuv_job_t, link);
}

static bool names_tables(const taosuv_stmt_t* stmt) {
  return stmt->remote != NULL && tuv_remote_names_tables(stmt->remote);
}

static void unhold(taosuv_stmt_t* stmt) {
  if (stmt->held) tuv_pool_unhold(stmt->client, 0);
  stmt->held = false;
}

void tuv_stmt_let_go(taosuv_stmt_t* stmt) {
  tuv_remote_t* remote = stmt->remote;
  unhold(stmt);
  if (stmt->seeking) tuv_pool_unqueue(stmt->client, &stmt->seeker);
  stmt->seeking = false;
  stmt->remote = NULL;
  if (remote == NULL) return;
  remote->stmt = NULL;
  if (remote->step != TUV_STEP_NONE && !tuv_remote_withdraw(remote)) return;
  if (remote->result == NULL) tuv_remote_settle(remote);
}

/* ---- jobs ---- */

static void take_off(tuv_job_t* job, taosuv_client_t* client) {
  taosuv_stmt_t* stmt = job->stmt;
  if (job->held) tuv_pool_unhold(client, job->size);
  job->held = false;
  if (stmt == NULL) return;
  if (tuv_stmt_job(stmt) == job) stmt->running = false;
  stmt->njobs--;
  if (stmt->njobs > 0 || names_tables(stmt)) tuv_stmt_due(stmt);
}

void tuv_job_drop(tuv_job_t* job, taosuv_client_t* client) {
  take_off(job, client);
  tuv_job_recycle(job, &client->mem->alloc);
}

void tuv_job_done(tuv_job_t* job, const tuv_failure_t* failure) {
  taosuv_req_t* req = (taosuv_req_t*) (void*) job->req;
  tuv_job_drop(job, job->stmt->client);
  if (req == NULL) return;
  tuv_req_of(req)->owner = NULL;
  if (failure != NULL)
    tuv_req_fail(req, failure);
  else
    tuv_req_finish(req, 0);
}

static void start_job(taosuv_stmt_t* stmt) {
  tuv_job_t* job = tuv_stmt_job(stmt);
  tuv_remote_t* remote = stmt->remote;
  if (job->held) tuv_pool_unhold(stmt->client, job->size);
  job->held = false;
  stmt->running = true;
  job->req->host = tuv_conn_host(remote->conn);
  tuv_remote_begin(remote, &job->batch);
}

/* ---- failing ---- */

static void fail_prepare(taosuv_stmt_t* stmt, const tuv_failure_t* failure) {
  taosuv_req_t* req = (taosuv_req_t*) (void*) stmt->preparing;
  stmt->preparing = NULL;
  tuv_stmt_let_go(stmt);
  if (!stmt->known) tuv_stmt_destroy(stmt);
  tuv_req_of(req)->owner = NULL;
  tuv_req_fail(req, failure);
}

/* The callbacks may do anything, so that the jobs are taken off their statement before. */
static void fail_jobs(taosuv_stmt_t* stmt, const tuv_failure_t* failure) {
  taosuv_client_t* client = stmt->client;
  tuv_queue_t jobs, reqs;
  tuv_queue_init(&jobs);
  tuv_queue_init(&reqs);
  while (!tuv_queue_empty(&stmt->jobs)) {
    tuv_job_t* job = tuv_stmt_job(stmt);
    take_off(job, client);
    tuv_queue_remove(&job->link);
    job->stmt = NULL;
    tuv_queue_push(&jobs, &job->link);
  }
  while (!tuv_queue_empty(&jobs)) {
    tuv_job_t* job = TUV_CONTAINER(jobs.next, tuv_job_t, link);
    taosuv_req_t* req = (taosuv_req_t*) (void*) job->req;
    tuv_job_recycle(job, &client->mem->alloc);
    if (req == NULL) continue;
    tuv_req_of(req)->owner = NULL;
    tuv_req_of(req)->left = (failure->flags & TAOSUV_ERR_MAYBE_EXECUTED) != 0;
    tuv_req_set_aside(req, &reqs);
  }
  tuv_req_fail_all(client, &reqs, failure);
}

void tuv_stmt_fail(taosuv_stmt_t* stmt, const tuv_failure_t* failure) {
  if (stmt->preparing != NULL)
    fail_prepare(stmt, failure);
  else
    fail_jobs(stmt, failure);
}

/* ---- finding a place ---- */

static taosuv_stmt_t* stmt_of_seeker(taosuv_req_t* req) {
  return TUV_CONTAINER(req, taosuv_stmt_t, seeker);
}

static void fail_memory(taosuv_stmt_t* stmt) {
  tuv_stmt_fail(stmt, &(tuv_failure_t) {TAOSUV_ENOMEM, 0, 0, NULL, NULL});
}

static void reached(taosuv_req_t* req, tuv_conn_t* conn) {
  taosuv_stmt_t* stmt = stmt_of_seeker(req);
  stmt->seeking = false;
  unhold(stmt);
  tuv_remote_t* remote = tuv_remote_create(stmt, conn);
  if (remote == NULL) {
    fail_memory(stmt);
    return;
  }
  stmt->remote = remote;
  if (stmt->preparing != NULL) stmt->preparing->host = tuv_conn_host(conn);
  tuv_remote_prepare(remote);
}

static void not_reached(taosuv_req_t* req, const tuv_failure_t* failure) {
  taosuv_stmt_t* stmt = stmt_of_seeker(req);
  stmt->seeking = false;
  tuv_stmt_fail(stmt, failure);
}

static const tuv_op_type_t seek_type = {.is_request = true,
                                        .needs = TUV_SERVES_STMT,
                                        .action = TAOSUV_ACTION_STMT_PREPARE,
                                        .reach = reached,
                                        .unreachable = not_reached};

static void seek(taosuv_stmt_t* stmt) {
  tuv_req_t* priv = tuv_req_of(&stmt->seeker);
  memset(&stmt->seeker, 0, sizeof stmt->seeker);
  tuv_queue_init(&priv->op.link);
  priv->client = stmt->client;
  priv->op.type = &seek_type;
  priv->op.id = tuv_client_id(stmt->client);
  priv->started = uv_hrtime();
  stmt->seeking = true;
  if (tuv_pool_submit(stmt->client, &stmt->seeker, NULL, 0) == 0) return;
  stmt->seeking = false;
  fail_memory(stmt);
}

/* ---- prepared ---- */

static bool same_field(const taosuv_stmt_field_t* old, const taosuv_stmt_field_t* now) {
  bool digits = (old->precision == now->precision && old->scale == now->scale) ||
                tuv_stmt_scale_is_untold(now);
  return digits && old->kind == now->kind && old->type == now->type &&
         old->name_length == now->name_length &&
         memcmp(old->name, now->name, old->name_length) == 0;
}

/* Whether values bound for one form can be sent for the other: widths aside, which the server
 * checks. */
static bool same_form(const tuv_form_t* old, const tuv_form_t* now) {
  if (old->insert != now->insert || old->count != now->count) return false;
  for (uint32_t i = 0; old->insert && i < old->count; i++)
    if (!same_field(&old->fields[i], &now->fields[i])) return false;
  return true;
}

static void finish_prepare(taosuv_stmt_t* stmt, tuv_remote_t* remote) {
  taosuv_stmt_prepare_t* req = stmt->preparing;
  tuv_errmsg_t err = {""};
  int status = tuv_stmt_take_form(stmt, remote, &err);
  if (status < 0) {
    tuv_failure_t failure = {status, 0, 0, err.text, tuv_conn_host(remote->conn)};
    tuv_stmt_fail(stmt, &failure);
    return;
  }
  stmt->preparing = NULL;
  stmt->known = true;
  stmt->fresh = false;
  req->stmt = stmt;
  req->host = tuv_conn_host(remote->conn);
  tuv_req_of((taosuv_req_t*) (void*) req)->owner = NULL;
  taosuv_client_t* client = stmt->client;
  if (names_tables(stmt)) tuv_stmt_due(stmt);
  client->stmt_prepared = stmt;
  tuv_req_finish((taosuv_req_t*) (void*) req, 0);
  client->stmt_prepared = NULL;
}

/* What was kept has other fields: it is too old, or the statement is. */
static void prepare_anew(taosuv_stmt_t* stmt) {
  tuv_stmt_let_go(stmt);
  tuv_remote_forget(stmt->client, stmt->source);
  tuv_stmt_due(stmt);
}

void tuv_stmt_go_on(tuv_remote_t* remote) {
  taosuv_stmt_t* stmt = remote->stmt;
  stmt->moves = 0;
  if (stmt->preparing != NULL) {
    finish_prepare(stmt, remote);
    return;
  }
  if (stmt->njobs > 0 && !tuv_remote_serves(remote, tuv_stmt_job(stmt))) {
    tuv_stmt_due(stmt);
    return;
  }
  if (remote->kept && !same_form(tuv_form_of(stmt->form), tuv_form_of(remote->form))) {
    prepare_anew(stmt);
    return;
  }
  if (!same_form(tuv_form_of(stmt->form), tuv_form_of(remote->form))) {
    stmt->stale = true;
    tuv_stmt_let_go(stmt);
    tuv_stmt_fail(stmt, &(tuv_failure_t) {TAOSUV_ESCHEMA, 0, 0, NULL, NULL});
    return;
  }
  if (stmt->njobs > 0) start_job(stmt);
}

/* ---- a turn ---- */

/* A statement does not go on on a connection that is about to end or suspect, nor while its result
 * is open. */
static bool usable(const tuv_remote_t* remote) {
  const tuv_conn_t* conn = remote->conn;
  return remote->result == NULL && conn->state == TUV_CONN_READY && !conn->retiring &&
         !conn->suspect;
}

/* While its connection is suspect, and there is no other one, it waits for what becomes of it. */
static bool waits(const tuv_remote_t* remote) {
  const tuv_conn_t* conn = remote->conn;
  return remote->result == NULL && conn->suspect && !conn->retiring &&
         !tuv_pool_has_room(conn->client, TUV_SERVES_STMT);
}

/* Without a cache it would be prepared anew each time. */
static bool wants_another(const taosuv_stmt_t* stmt) {
  if (!stmt->roams || stmt->client->url.stmt_cache == 0) return false;
  return stmt->remote->conn->table.count > 0 && tuv_pool_has_idle(stmt->client, TUV_SERVES_STMT);
}

/* What is prepared serves no batch that is given from now on: a new one takes its place, of which
 * the SQL is sent when there is a batch. */
static void replace(taosuv_stmt_t* stmt) {
  tuv_remote_t* old = stmt->remote;
  tuv_remote_t* remote = tuv_remote_create(stmt, old->conn);
  old->stmt = NULL;
  stmt->remote = remote;
  tuv_remote_settle(old);
  if (remote != NULL) tuv_remote_prepare(remote);
}

static bool is_outdated(const taosuv_stmt_t* stmt) {
  if (!names_tables(stmt) || stmt->preparing != NULL || !usable(stmt->remote)) return false;
  return stmt->njobs == 0 || !tuv_remote_serves(stmt->remote, tuv_stmt_job(stmt));
}

static void run(taosuv_stmt_t* stmt) {
  if (stmt->running || stmt->seeking) return;
  if (stmt->remote != NULL && stmt->remote->step != TUV_STEP_NONE) return;
  if (stmt->remote != NULL && waits(stmt->remote)) return;
  bool idle = stmt->preparing == NULL && stmt->njobs == 0;
  bool moves = !idle && stmt->remote != NULL && wants_another(stmt);
  if (!moves && is_outdated(stmt)) {
    replace(stmt);
    if (stmt->remote != NULL) return;
  }
  if (idle) return;
  if (stmt->remote != NULL && (moves || !usable(stmt->remote))) {
    stmt->remote->stmt = NULL;
    if (stmt->remote->result == NULL) tuv_remote_settle(stmt->remote);
    stmt->remote = NULL;
  }
  if (stmt->remote == NULL && !stmt->fresh) {
    stmt->remote = tuv_remote_take_cached(stmt->client, stmt->source, moves ? 1 : SIZE_MAX);
    if (stmt->remote != NULL) stmt->remote->stmt = stmt;
  }
  if (stmt->remote == NULL) {
    seek(stmt);
    return;
  }
  unhold(stmt);
  if (stmt->remote->form == NULL)
    tuv_remote_go_on_preparing(stmt->remote);
  else if (stmt->preparing != NULL && tuv_form_of(stmt->remote->form)->insert)
    tuv_remote_prepare_again(stmt->remote);
  else
    tuv_stmt_go_on(stmt->remote);
}

void tuv_stmts_run_due(taosuv_client_t* client) {
  tuv_queue_t batch;
  if (client->stmts_old) tuv_remote_drop_old(client);
  tuv_queue_init(&batch);
  tuv_queue_move(&client->stmts_due, &batch);
  while (!tuv_queue_empty(&batch)) {
    taosuv_stmt_t* stmt = TUV_CONTAINER(batch.next, taosuv_stmt_t, due);
    tuv_queue_remove(&stmt->due);
    if (stmt->close_due)
      taosuv_stmt_close(stmt);
    else
      run(stmt);
  }
}
