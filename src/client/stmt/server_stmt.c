/* The life of a server statement: it is created, used, kept in the cache of its connection, closed,
 * lost. */
#include <string.h>

#include "client/core/failure.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/pool/client.h"
#include "client/query/results.h"
#include "client/stmt/job.h"
#include "client/stmt/stmt.h"
#include "wire/json/request.h"

static const tuv_dependent_type_t dependent_type;
static void drop_old(tuv_task_t* task);

tuv_server_stmt_t* tuv_server_stmt_create(taosuv_stmt_t* stmt, tuv_conn_t* conn,
                                          const tuv_server_stmt_answers_t* answers) {
  tuv_server_stmt_t* server_stmt = tuv_calloc(&conn->context->mem->alloc, 1, sizeof *server_stmt);
  if (server_stmt == NULL) return NULL;
  server_stmt->conn = conn;
  server_stmt->stmt = stmt;
  server_stmt->answers = answers;
  server_stmt->source = tuv_refbuf_ref(stmt->source);
  server_stmt->session = tuv_client_of(conn->context)->schema_epoch;
  tuv_client_of(conn->context)->schema_changed.run = drop_old;
  tuv_queue_init(&server_stmt->cached);
  tuv_queue_init(&server_stmt->op.link);
  tuv_dependent_init(&server_stmt->dependent, &dependent_type);
  tuv_dependents_add(&conn->dependents, &server_stmt->dependent);
  return server_stmt;
}

static void uncache(tuv_server_stmt_t* server_stmt) {
  if (tuv_queue_empty(&server_stmt->cached)) return;
  tuv_queue_remove(&server_stmt->cached);
  server_stmt->conn->ncached--;
}

static void free_server_stmt(tuv_server_stmt_t* server_stmt) {
  uncache(server_stmt);
  tuv_server_stmt_stop_asking(server_stmt);
  tuv_dependent_remove(&server_stmt->dependent);
  tuv_queue_remove(&server_stmt->op.link);
  if (server_stmt->result != NULL) tuv_result_set_owner(server_stmt->result, NULL);
  tuv_refbuf_unref(server_stmt->source);
  tuv_refbuf_unref(server_stmt->field_list);
  tuv_free(&server_stmt->conn->context->mem->alloc, server_stmt);
}

void tuv_server_stmt_discard(tuv_server_stmt_t* server_stmt) {
  tuv_conn_t* conn = server_stmt->conn;
  uncache(server_stmt);
  if (server_stmt->id == 0 || !tuv_conn_speaks(conn)) {
    free_server_stmt(server_stmt);
    return;
  }
  if (!server_stmt->first) {
    tuv_server_stmt_post(server_stmt, TUV_STEP_CLOSE);
    return;
  }
  /* This message has no answer (PROTOCOL 6.1). Without memory for it, the statement ends with the
   * connection. */
  char text[TUV_REQUEST_ID_MAX];
  size_t length = tuv_json_request_id(text, "close", tuv_ids_next(&conn->context->ids), "stmt_id",
                                      server_stmt->id);
  tuv_ws_send(&conn->ws, TUV_WS_TEXT, text, length, NULL);
  free_server_stmt(server_stmt);
}

void tuv_server_stmt_closed(tuv_server_stmt_t* server_stmt) {
  free_server_stmt(server_stmt);
}

static bool is_current(const tuv_server_stmt_t* server_stmt) {
  return server_stmt->session == tuv_client_of(server_stmt->conn->context)->schema_epoch;
}

void tuv_server_stmt_settle(tuv_server_stmt_t* server_stmt) {
  tuv_conn_t* conn = server_stmt->conn;
  uint32_t bound = conn->context->url.stmt_cache;
  bool good = server_stmt->prepared && !server_stmt->poisoned && is_current(server_stmt) &&
              !tuv_server_stmt_names_tables(server_stmt);
  if (!good || bound == 0 || conn->state != TUV_CONN_READY || conn->retiring) {
    tuv_server_stmt_discard(server_stmt);
    return;
  }
  if (conn->ncached >= bound)
    tuv_server_stmt_discard(TUV_CONTAINER(conn->cached.next, tuv_server_stmt_t, cached));
  tuv_queue_push(&conn->cached, &server_stmt->cached);
  conn->ncached++;
}

static void on_result_released(tuv_result_owner_t* owner) {
  tuv_server_stmt_t* server_stmt = TUV_CONTAINER(owner, tuv_server_stmt_t, owner);
  server_stmt->result = NULL;
  if (server_stmt->stmt != NULL)
    tuv_stmt_due(server_stmt->stmt);
  else if (server_stmt->step == TUV_STEP_NONE)
    tuv_server_stmt_settle(server_stmt);
}

static void on_result_replaced(tuv_result_owner_t* owner, taosuv_result_t* by) {
  TUV_CONTAINER(owner, tuv_server_stmt_t, owner)->result = by;
}

void tuv_server_stmt_own(tuv_server_stmt_t* server_stmt, taosuv_result_t* result) {
  server_stmt->result = result;
  server_stmt->owner.released = on_result_released;
  server_stmt->owner.replaced = on_result_replaced;
  tuv_result_set_owner(result, &server_stmt->owner);
}

static bool same_source(const tuv_source_t* a, const tuv_source_t* b) {
  if (a->hash != b->hash || a->length != b->length || memcmp(a->sql, b->sql, a->length) != 0)
    return false;
  if (a->table == NULL || b->table == NULL) return a->table == b->table;
  return strcmp(a->table, b->table) == 0;
}

/* The statement in the cache of a connection that was prepared last for the same SQL; or NULL. */
static tuv_server_stmt_t* find(const tuv_conn_t* conn, tuv_refbuf_t* source) {
  for (const tuv_queue_t* at = conn->cached.prev; at != &conn->cached; at = at->prev) {
    tuv_server_stmt_t* server_stmt = TUV_CONTAINER(at, tuv_server_stmt_t, cached);
    if (!is_current(server_stmt)) break;
    if (server_stmt->source == source ||
        same_source(tuv_source_of(server_stmt->source), tuv_source_of(source)))
      return server_stmt;
  }
  return NULL;
}

tuv_server_stmt_t* tuv_server_stmt_take_cached(taosuv_client_t* client, tuv_refbuf_t* source,
                                               size_t bound) {
  tuv_server_stmt_t* best = NULL;
  for (tuv_queue_t* at = client->pool.conns.list.next; at != &client->pool.conns.list;
       at = at->next) {
    tuv_conn_t* conn = TUV_CONTAINER(at, tuv_conn_t, link);
    if (conn->state != TUV_CONN_READY || conn->retiring || conn->suspect || conn->ncached == 0)
      continue;
    if (tuv_inflight_count(&conn->inflight) >= bound) continue;
    if (best != NULL &&
        tuv_inflight_count(&conn->inflight) >= tuv_inflight_count(&best->conn->inflight))
      continue;
    tuv_server_stmt_t* server_stmt = find(conn, source);
    if (server_stmt != NULL) best = server_stmt;
  }
  if (best == NULL) return NULL;
  uncache(best);
  best->kept = true;
  return best;
}

void tuv_server_stmt_forget(taosuv_client_t* client, tuv_refbuf_t* source) {
  for (tuv_queue_t* at = client->pool.conns.list.next; at != &client->pool.conns.list;
       at = at->next) {
    tuv_conn_t* conn = TUV_CONTAINER(at, tuv_conn_t, link);
    tuv_server_stmt_t* server_stmt;
    while ((server_stmt = find(conn, source)) != NULL) tuv_server_stmt_discard(server_stmt);
  }
}

static void drop_old(tuv_task_t* task) {
  taosuv_client_t* client = TUV_CONTAINER(task, taosuv_client_t, schema_changed);
  for (tuv_queue_t* at = client->pool.conns.list.next; at != &client->pool.conns.list;
       at = at->next) {
    tuv_conn_t* conn = TUV_CONTAINER(at, tuv_conn_t, link);
    /* The oldest are the first. */
    while (!tuv_queue_empty(&conn->cached)) {
      tuv_server_stmt_t* server_stmt = TUV_CONTAINER(conn->cached.next, tuv_server_stmt_t, cached);
      if (is_current(server_stmt)) break;
      tuv_server_stmt_discard(server_stmt);
    }
  }
}

void tuv_server_stmt_drop_old(taosuv_client_t* client) {
  if (!tuv_task_is_posted(&client->schema_changed)) return;
  tuv_task_cancel(&client->schema_changed);
  drop_old(&client->schema_changed);
}

/* ---- the end of a connection ---- */

/* The job is begun again on another connection, unless the server may have executed it. */
static void job_lost(taosuv_stmt_t* stmt, bool left, const tuv_failure_t* failure) {
  tuv_job_t* job = tuv_stmt_job(stmt);
  bool again = job->req != NULL && (!left || job->req->idempotent != 0);
  stmt->running = false;
  if (again && job->moves < TUV_STMT_MAX_MOVES) {
    job->moves++;
    if (left) tuv_req_of(tuv_req_base(job->req))->left = true;
    stmt->client->context.totals.moves++;
    tuv_stmt_due(stmt);
    return;
  }
  tuv_failure_t why = *failure;
  why.flags &= ~(unsigned int) TAOSUV_ERR_MAYBE_EXECUTED;
  if (left) why.flags |= TAOSUV_ERR_MAYBE_EXECUTED;
  tuv_job_done(job, &why);
}

static void server_stmt_lost(tuv_server_stmt_t* server_stmt, const tuv_failure_t* failure) {
  taosuv_stmt_t* stmt = server_stmt->stmt;
  bool executes = server_stmt->step == TUV_STEP_EXEC || server_stmt->step == TUV_STEP_BIND_EXEC;
  bool left = server_stmt->step == TUV_STEP_RESULT ||
              (executes && tuv_server_stmt_sent(server_stmt));
  free_server_stmt(server_stmt);
  if (stmt == NULL) return;
  stmt->server_stmt = NULL;
  if (stmt->running)
    job_lost(stmt, left, failure);
  else if (stmt->preparing == NULL && stmt->njobs == 0)
    return;
  else if (stmt->moves++ < TUV_STMT_MAX_MOVES)
    tuv_stmt_due(stmt);
  else
    stmt->events->failed(stmt, failure);
}

static tuv_server_stmt_t* of_dependent(tuv_dependent_t* dependent) {
  return TUV_CONTAINER(dependent, tuv_server_stmt_t, dependent);
}

static void on_resume(tuv_dependent_t* dependent) {
  taosuv_stmt_t* stmt = of_dependent(dependent)->stmt;
  if (stmt != NULL) tuv_stmt_due(stmt);
}

static void on_lost(tuv_dependent_t* dependent, const tuv_failure_t* failure) {
  server_stmt_lost(of_dependent(dependent), failure);
}

/* A statement in use is closed on the server as soon as it is not used any more. */
static void on_leave(tuv_dependent_t* dependent) {
  tuv_server_stmt_t* server_stmt = of_dependent(dependent);
  taosuv_stmt_t* stmt = server_stmt->stmt;
  server_stmt->stmt = NULL;
  if (stmt != NULL) {
    stmt->server_stmt = NULL;
    if (stmt->preparing != NULL || stmt->njobs > 0) tuv_stmt_due(stmt);
  }
  if (server_stmt->step == TUV_STEP_NONE && server_stmt->result == NULL)
    tuv_server_stmt_discard(server_stmt);
}

static const tuv_dependent_type_t dependent_type = {
    .rank = TUV_RANK_STMT, .lost = on_lost, .leave = on_leave, .resume = on_resume};
