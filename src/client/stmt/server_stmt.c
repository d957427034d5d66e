/* Statements on the server: made, used, kept in their connection's cache, closed, lost. */
#include <string.h>

#include "client/stmt/stmt.h"

tuv_remote_t* tuv_remote_create(taosuv_stmt_t* stmt, tuv_conn_t* conn) {
  tuv_remote_t* remote = tuv_calloc(&conn->client->mem->alloc, 1, sizeof *remote);
  if (remote == NULL) return NULL;
  remote->conn = conn;
  remote->stmt = stmt;
  remote->source = tuv_refbuf_ref(stmt->source);
  remote->session = conn->client->stmts_session;
  tuv_queue_init(&remote->cached);
  tuv_queue_init(&remote->op.link);
  tuv_queue_push(&conn->remotes, &remote->link);
  return remote;
}

static void uncache(tuv_remote_t* remote) {
  if (tuv_queue_empty(&remote->cached)) return;
  tuv_queue_remove(&remote->cached);
  remote->conn->ncached--;
}

static void free_remote(tuv_remote_t* remote) {
  uncache(remote);
  tuv_remote_stop_asking(remote);
  tuv_queue_remove(&remote->link);
  tuv_queue_remove(&remote->op.link);
  if (remote->result != NULL) tuv_result_pin(remote->result, NULL);
  tuv_refbuf_unref(remote->source);
  tuv_refbuf_unref(remote->form);
  tuv_free(&remote->conn->client->mem->alloc, remote);
}

void tuv_remote_discard(tuv_remote_t* remote) {
  tuv_conn_t* conn = remote->conn;
  uncache(remote);
  if (remote->id == 0 || !tuv_conn_speaks(conn)) {
    free_remote(remote);
    return;
  }
  if (!remote->first) {
    tuv_remote_post(remote, TUV_STEP_CLOSE);
    return;
  }
  /* Has no answer (PROTOCOL 6.1). Without memory for it, it ends with the connection. */
  char text[TUV_REQUEST_ID_MAX];
  size_t length = tuv_request_id(text, "close", tuv_client_id(conn->client), "stmt_id", remote->id);
  tuv_ws_send(&conn->ws, TUV_WS_TEXT, text, length, NULL);
  free_remote(remote);
}

void tuv_remote_closed(tuv_remote_t* remote) {
  free_remote(remote);
}

static bool is_current(const tuv_remote_t* remote) {
  return remote->session == remote->conn->client->stmts_session;
}

void tuv_remote_settle(tuv_remote_t* remote) {
  tuv_conn_t* conn = remote->conn;
  uint32_t bound = conn->client->url.stmt_cache;
  bool good = remote->prepared && !remote->spoiled && is_current(remote) &&
              !tuv_remote_names_tables(remote);
  if (!good || bound == 0 || conn->state != TUV_CONN_READY || conn->retiring) {
    tuv_remote_discard(remote);
    return;
  }
  if (conn->ncached >= bound)
    tuv_remote_discard(TUV_CONTAINER(conn->cached.next, tuv_remote_t, cached));
  tuv_queue_push(&conn->cached, &remote->cached);
  conn->ncached++;
}

void tuv_remote_result_done(tuv_remote_t* remote) {
  remote->result = NULL;
  if (remote->stmt != NULL)
    tuv_stmt_due(remote->stmt);
  else if (remote->step == TUV_STEP_NONE)
    tuv_remote_settle(remote);
}

void tuv_remote_set_result(tuv_remote_t* remote, taosuv_result_t* result) {
  remote->result = result;
}

static bool same_source(const tuv_source_t* a, const tuv_source_t* b) {
  if (a->hash != b->hash || a->length != b->length || memcmp(a->sql, b->sql, a->length) != 0)
    return false;
  if (a->table == NULL || b->table == NULL) return a->table == b->table;
  return strcmp(a->table, b->table) == 0;
}

/* The one prepared last for the same SQL, of those in a connection's cache. */
static tuv_remote_t* find(const tuv_conn_t* conn, tuv_refbuf_t* source) {
  for (const tuv_queue_t* at = conn->cached.prev; at != &conn->cached; at = at->prev) {
    tuv_remote_t* remote = TUV_CONTAINER(at, tuv_remote_t, cached);
    if (!is_current(remote)) break;
    if (remote->source == source ||
        same_source(tuv_source_of(remote->source), tuv_source_of(source)))
      return remote;
  }
  return NULL;
}

tuv_remote_t* tuv_remote_take_cached(taosuv_client_t* client, tuv_refbuf_t* source, size_t bound) {
  tuv_remote_t* best = NULL;
  for (tuv_queue_t* at = client->conns.next; at != &client->conns; at = at->next) {
    tuv_conn_t* conn = TUV_CONTAINER(at, tuv_conn_t, link);
    if (conn->state != TUV_CONN_READY || conn->retiring || conn->suspect || conn->ncached == 0)
      continue;
    if (conn->table.count >= bound) continue;
    if (best != NULL && conn->table.count >= best->conn->table.count) continue;
    tuv_remote_t* remote = find(conn, source);
    if (remote != NULL) best = remote;
  }
  if (best == NULL) return NULL;
  uncache(best);
  best->kept = true;
  return best;
}

void tuv_remote_forget(taosuv_client_t* client, tuv_refbuf_t* source) {
  for (tuv_queue_t* at = client->conns.next; at != &client->conns; at = at->next) {
    tuv_conn_t* conn = TUV_CONTAINER(at, tuv_conn_t, link);
    tuv_remote_t* remote;
    while ((remote = find(conn, source)) != NULL) tuv_remote_discard(remote);
  }
}

/* Called while a message is being written: what is sent about it waits for the turn. */
void tuv_stmts_forget(taosuv_client_t* client) {
  client->stmts_session++;
  client->stmts_old = true;
  tuv_client_turn(client);
}

void tuv_remote_drop_old(taosuv_client_t* client) {
  client->stmts_old = false;
  for (tuv_queue_t* at = client->conns.next; at != &client->conns; at = at->next) {
    tuv_conn_t* conn = TUV_CONTAINER(at, tuv_conn_t, link);
    /* The oldest are the first. */
    while (!tuv_queue_empty(&conn->cached)) {
      tuv_remote_t* remote = TUV_CONTAINER(conn->cached.next, tuv_remote_t, cached);
      if (is_current(remote)) break;
      tuv_remote_discard(remote);
    }
  }
}

const taosuv_req_t* tuv_remote_waiter(const tuv_op_t* op) {
  const taosuv_stmt_t* stmt = TUV_CONTAINER(op, const tuv_remote_t, op)->stmt;
  if (stmt == NULL) return NULL;
  if (stmt->preparing != NULL) return (const void*) stmt->preparing;
  return stmt->running ? (const void*) tuv_stmt_job(stmt)->req : NULL;
}

/* ---- the end of a connection ---- */

/* What was under way is begun again on another connection, unless the server may have executed
 * it. */
static void job_lost(taosuv_stmt_t* stmt, bool left, const tuv_failure_t* failure) {
  tuv_job_t* job = tuv_stmt_job(stmt);
  bool again = job->req != NULL && (!left || job->req->idempotent != 0);
  stmt->running = false;
  if (again && job->moves < TUV_STMT_MAX_MOVES) {
    job->moves++;
    if (left) tuv_req_of((taosuv_req_t*) (void*) job->req)->left = true;
    stmt->client->totals.moves++;
    tuv_stmt_due(stmt);
    return;
  }
  tuv_failure_t why = *failure;
  why.flags &= ~(unsigned int) TAOSUV_ERR_MAYBE_EXECUTED;
  if (left) why.flags |= TAOSUV_ERR_MAYBE_EXECUTED;
  tuv_job_done(job, &why);
}

static void remote_lost(tuv_remote_t* remote, const tuv_failure_t* failure) {
  taosuv_stmt_t* stmt = remote->stmt;
  bool executes = remote->step == TUV_STEP_EXEC || remote->step == TUV_STEP_BIND_EXEC;
  bool left = remote->step == TUV_STEP_RESULT || (executes && tuv_remote_sent(remote));
  free_remote(remote);
  if (stmt == NULL) return;
  stmt->remote = NULL;
  if (stmt->running)
    job_lost(stmt, left, failure);
  else if (stmt->preparing == NULL && stmt->njobs == 0)
    return;
  else if (stmt->moves++ < TUV_STMT_MAX_MOVES)
    tuv_stmt_due(stmt);
  else
    tuv_stmt_fail(stmt, failure);
}

void tuv_stmts_resume(tuv_conn_t* conn) {
  for (tuv_queue_t* at = conn->remotes.next; at != &conn->remotes; at = at->next) {
    const tuv_remote_t* remote = TUV_CONTAINER(at, const tuv_remote_t, link);
    if (remote->stmt != NULL) tuv_stmt_due(remote->stmt);
  }
}

void tuv_stmts_lost(tuv_conn_t* conn, const tuv_failure_t* failure) {
  tuv_failure_t none = {TAOSUV_ECONNLOST, TAOSUV_ERR_RETRYABLE, 0, NULL, tuv_conn_host(conn)};
  while (!tuv_queue_empty(&conn->remotes))
    remote_lost(TUV_CONTAINER(conn->remotes.next, tuv_remote_t, link),
                failure == NULL ? &none : failure);
}

void tuv_stmts_leave(tuv_conn_t* conn) {
  for (tuv_queue_t *at = conn->remotes.next, *next; at != &conn->remotes; at = next) {
    tuv_remote_t* remote = TUV_CONTAINER(at, tuv_remote_t, link);
    taosuv_stmt_t* stmt = remote->stmt;
    next = at->next;
    remote->stmt = NULL;
    if (stmt != NULL) {
      stmt->remote = NULL;
      if (stmt->preparing != NULL || stmt->njobs > 0) tuv_stmt_due(stmt);
    }
    if (remote->step == TUV_STEP_NONE && remote->result == NULL) tuv_remote_discard(remote);
  }
}
