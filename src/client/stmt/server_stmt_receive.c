/* The answers to the messages of prepared statements, and what follows from them (PROTOCOL 6). */
#include <string.h>

#include "client/core/failure.h"
#include "client/core/server_code.h"
#include "client/conn/conn.h"
#include "client/conn/endpoint.h"
#include "client/pool/client.h"
#include "client/query/results.h"
#include "client/stmt/job.h"
#include "client/stmt/stmt.h"
#include "wire/json/result.h"
#include "wire/server_code.h"
#include "wire/batch/send.h"

/* ---- a batch ---- */

/* The first version sends a batch table by table. */
static tuv_server_stmt_step_t first_step(const tuv_server_stmt_t* server_stmt) {
  const tuv_batch_t* batch = &tuv_stmt_job(server_stmt->stmt)->batch;
  size_t length;
  if (tuv_batch_v1_name(batch, server_stmt->table, &length) != NULL) return TUV_STEP_NAME;
  return tuv_batch_v1_tags_size(batch, server_stmt->table) > 0 ? TUV_STEP_TAGS : TUV_STEP_ROWS;
}

static tuv_server_stmt_step_t next_step(tuv_server_stmt_t* server_stmt) {
  const tuv_batch_t* batch = &tuv_stmt_job(server_stmt->stmt)->batch;
  switch ((tuv_server_stmt_step_t) server_stmt->step) {
    case TUV_STEP_NAME:
      return tuv_batch_v1_tags_size(batch, server_stmt->table) > 0 ? TUV_STEP_TAGS : TUV_STEP_ROWS;
    case TUV_STEP_TAGS: return TUV_STEP_ROWS;
    case TUV_STEP_ROWS: return TUV_STEP_ADD;
    case TUV_STEP_ADD:
      server_stmt->table++;
      return server_stmt->table < tuv_batch_tables(batch) ? first_step(server_stmt) : TUV_STEP_EXEC;
    default: return TUV_STEP_EXEC;
  }
}

static void fail_job(tuv_server_stmt_t* server_stmt, int status, const char* message) {
  tuv_failure_t failure = {status, taosuv_err_flags(status), 0, message,
                           tuv_conn_host(server_stmt->conn)};
  tuv_job_done(tuv_stmt_job(server_stmt->stmt), &failure);
}

/* One message saves a round trip, but repeats the table's name and tags in every row. Servers
 * refuse it where only the bound table has the fields. */
static bool one_message(const tuv_server_stmt_t* server_stmt, tuv_batch_t* batch,
                        tuv_batch_encoding_t encoding) {
  const tuv_conn_t* conn = server_stmt->conn;
  const tuv_stmt_sql_t* scan = &tuv_source_of(server_stmt->source)->scan;
  if (conn->no_bind_exec || conn->version < TUV_VERSION(3, 4, 1, 13)) return false;
  if (scan->insert && scan->table && !scan->super_table) return false;
  size_t apart = tuv_batch_message_size(batch);
  encoding.format = TUV_BATCH_COLUMNAR;
  if (tuv_batch_set_encoding(batch, encoding, NULL) < 0) return false;
  size_t together = tuv_batch_message_size(batch);
  return together <= apart + apart / 4 + 4096 && together <= conn->context->url.max_message_size;
}

static int choose_encoding(tuv_server_stmt_t* server_stmt, tuv_batch_t* batch,
                           tuv_server_stmt_step_t* step, tuv_errmsg_t* err) {
  const tuv_conn_t* conn = server_stmt->conn;
  tuv_batch_encoding_t encoding = tuv_server_stmt_encoding(server_stmt);
  int status = tuv_batch_set_encoding(batch, encoding, err);
  if (status == 0) status = tuv_batch_ready(batch, tuv_endpoint_max_message(conn), err);
  if (status < 0) return status;
  bool together = !server_stmt->first && one_message(server_stmt, batch, encoding);
  server_stmt->stmt->together = together;
  if (!together && !server_stmt->first) tuv_batch_set_encoding(batch, encoding, NULL);
  *step = server_stmt->first ? first_step(server_stmt)
          : together         ? TUV_STEP_BIND_EXEC
                             : TUV_STEP_BIND;
  return 0;
}

void tuv_server_stmt_begin(tuv_server_stmt_t* server_stmt, tuv_batch_t* batch) {
  tuv_server_stmt_step_t step = TUV_STEP_NONE;
  tuv_errmsg_t err = {""};
  server_stmt->table = 0;
  int status = choose_encoding(server_stmt, batch, &step, &err);
  if (status < 0)
    fail_job(server_stmt, status, err.text);
  else
    tuv_server_stmt_post(server_stmt, step);
}

/* Frees a result that nobody will read. Before 3.4.0.1, and in the first version, it belongs to the
 * statement and ends with it (PROTOCOL 6.3.1). */
static void drop_result(const tuv_server_stmt_t* server_stmt, const tuv_reply_t* reply) {
  uint64_t id = 0;
  if (server_stmt->first || server_stmt->conn->version < TUV_VERSION(3, 4, 0, 1)) return;
  if (tuv_reply_uint(reply, "id", &id, NULL) == 0 && id != 0)
    tuv_result_free_on_server(server_stmt->conn, id);
}

/* A message was answered whose request was cancelled. */
static void unwanted(tuv_server_stmt_t* server_stmt) {
  taosuv_stmt_t* stmt = server_stmt->stmt;
  if (stmt != NULL && stmt->running) tuv_job_drop(tuv_stmt_job(stmt), stmt->client);
  if (stmt != NULL && !server_stmt->poisoned) return;
  if (stmt != NULL) stmt->server_stmt = NULL;
  server_stmt->stmt = NULL;
  tuv_server_stmt_settle(server_stmt);
}

/* The reply is malformed, so the state of the statement on the server is not known. */
static void fail_malformed(tuv_server_stmt_t* server_stmt, int status, const char* message) {
  taosuv_stmt_t* stmt = server_stmt->stmt;
  tuv_failure_t failure = {status, taosuv_err_flags(status), 0, message,
                           tuv_conn_host(server_stmt->conn)};
  stmt->server_stmt = NULL;
  server_stmt->stmt = NULL;
  tuv_server_stmt_discard(server_stmt);
  tuv_job_done(tuv_stmt_job(stmt), &failure);
}

static void on_executed(tuv_server_stmt_t* server_stmt, const tuv_reply_t* reply) {
  taosuv_stmt_exec_t* req = tuv_stmt_job(server_stmt->stmt)->req;
  tuv_errmsg_t err;
  int status = tuv_stmt_reply_affected(reply, &req->affected_rows, &err);
  (tuv_req_base(req))->server_time_ns = reply->timing;
  if (status < 0)
    fail_malformed(server_stmt, status, err.text);
  else if (!tuv_field_list_of(server_stmt->field_list)->insert)
    tuv_server_stmt_post(server_stmt, TUV_STEP_RESULT);
  else
    tuv_job_done(tuv_stmt_job(server_stmt->stmt), NULL);
}

static void on_result(tuv_server_stmt_t* server_stmt, const tuv_reply_t* reply) {
  tuv_conn_t* conn = server_stmt->conn;
  taosuv_stmt_exec_t* req = tuv_stmt_job(server_stmt->stmt)->req;
  tuv_query_reply_t answer;
  tuv_errmsg_t err;
  bool stored = conn->version >= TUV_VERSION(3, 3, 6, 0); /* before, lengths were as declared */
  int status = tuv_reply_stmt_result(reply, server_stmt->first ? "result_id" : "id", stored,
                                     &answer, &err);
  if (status == 0) req->result = tuv_result_create(conn, &answer);
  if (status == 0 && req->result == NULL) status = tuv_fail(&err, TAOSUV_ENOMEM, "out of memory");
  if (status < 0) {
    drop_result(server_stmt, reply);
    fail_malformed(server_stmt, status, err.text);
    return;
  }
  tuv_server_stmt_own(server_stmt, req->result);
  tuv_result_prefetch(req->result);
  tuv_job_done(tuv_stmt_job(server_stmt->stmt), NULL);
}

static void on_batch(tuv_server_stmt_t* server_stmt, const tuv_reply_t* reply) {
  tuv_server_stmt_step_t step = (tuv_server_stmt_step_t) server_stmt->step;
  bool executed = step == TUV_STEP_EXEC || step == TUV_STEP_BIND_EXEC;
  bool insert = tuv_field_list_of(server_stmt->field_list)->insert;
  server_stmt->poisoned = !(executed && insert) && step != TUV_STEP_RESULT;
  const tuv_job_t* job = server_stmt->stmt == NULL ? NULL : tuv_stmt_job(server_stmt->stmt);
  if (job == NULL || !server_stmt->stmt->running || job->req == NULL) {
    if (step == TUV_STEP_RESULT) {
      drop_result(server_stmt, reply);
      server_stmt->poisoned = true;
    }
    server_stmt->step = TUV_STEP_NONE;
    unwanted(server_stmt);
    return;
  }
  if (!executed && step != TUV_STEP_RESULT) {
    tuv_server_stmt_post(server_stmt, next_step(server_stmt));
    return;
  }
  server_stmt->step = TUV_STEP_NONE;
  if (step == TUV_STEP_RESULT)
    on_result(server_stmt, reply);
  else
    on_executed(server_stmt, reply);
}

/* ---- both ---- */

/* Whether a reply is about this statement. The first reply gives its id; the reply to the query
 * for scales has none. */
static int check_id(const tuv_server_stmt_t* server_stmt, const tuv_reply_t* reply,
                    tuv_errmsg_t* err) {
  bool has_id = server_stmt->step != TUV_STEP_INIT && server_stmt->step != TUV_STEP_SCALES;
  return has_id ? tuv_reply_expect(reply, "stmt_id", server_stmt->id, err) : 0;
}

static void failed(tuv_op_t* op, const tuv_failure_t* failure);

static void malformed(tuv_op_t* op, const char* message) {
  const tuv_server_stmt_t* server_stmt = TUV_CONTAINER(op, tuv_server_stmt_t, op);
  bool executes = server_stmt->step == TUV_STEP_EXEC || server_stmt->step == TUV_STEP_BIND_EXEC;
  unsigned int flags = executes ? TAOSUV_ERR_MAYBE_EXECUTED : 0u;
  failed(op, &(tuv_failure_t) {TAOSUV_EPROTO, flags, 0, message, tuv_conn_host(server_stmt->conn)});
}

static void replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  tuv_server_stmt_t* server_stmt = TUV_CONTAINER(op, tuv_server_stmt_t, op);
  tuv_errmsg_t err;
  (void) conn;
  if (check_id(server_stmt, reply, &err) < 0)
    malformed(op, err.text);
  else if (server_stmt->step == TUV_STEP_CLOSE)
    tuv_server_stmt_closed(server_stmt);
  else if (server_stmt->step < TUV_STEP_NAME)
    tuv_server_stmt_preparing(server_stmt, reply);
  else
    on_batch(server_stmt, reply);
}

/* Whether the server has lost the statement: nothing of the batch was executed then. */
static bool was_lost(const tuv_failure_t* failure) {
  static const char* const texts[] = {"stmt is nil", "stmt2 is nil", "stmt has been freed"};
  if (failure->server_code == TUV_CODE_STMT_API_USAGE) return true;
  if (failure->server_code != TUV_CODE_GATEWAY || failure->message == NULL) return false;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (strcmp(failure->message, texts[i]) == 0) return true;
  return false;
}

/* Whether the batch may be accepted after the statement is prepared again. Such a refusal is worth
 * one try; refusals that only concern outdated statements are worth more. */
static bool wants_renewal(const tuv_failure_t* failure, uint32_t renewals) {
  if (failure->status != TAOSUV_ESERVER) return false;
  switch (tuv_server_code_stale(failure->server_code)) {
    case TUV_STALE: return renewals < TUV_STMT_MAX_RENEWALS;
    case TUV_MAYBE_STALE: return renewals == 0;
    default: return renewals == 0 && was_lost(failure);
  }
}

/* The gateway does not know the message, or the native library below it lacks the function. */
static bool lacks_bind_exec(const tuv_server_stmt_t* server_stmt, const tuv_failure_t* failure) {
  if (server_stmt->step != TUV_STEP_BIND_EXEC || failure->status != TAOSUV_ESERVER ||
      failure->server_code != TUV_CODE_GATEWAY || failure->message == NULL)
    return false;
  return strncmp(failure->message, "unknown binary action", 21) == 0 ||
         strncmp(failure->message, "taos_stmt2_bind_param_column", 28) == 0;
}

/* After a failed step the statement on the server is useless (PROTOCOL 6.3.1): the next batch gets
 * another one. */
static void batch_failed(tuv_server_stmt_t* server_stmt, const tuv_failure_t* failure) {
  taosuv_stmt_t* stmt = server_stmt->stmt;
  tuv_job_t* job = stmt != NULL && stmt->running ? tuv_stmt_job(stmt) : NULL;
  bool again = job != NULL && job->req != NULL && wants_renewal(failure, job->renewals);
  if (lacks_bind_exec(server_stmt, failure)) {
    server_stmt->conn->no_bind_exec = true;
    server_stmt->step = TUV_STEP_NONE;
    if (job != NULL && job->req != NULL)
      tuv_server_stmt_begin(server_stmt, &job->batch);
    else
      unwanted(server_stmt);
    return;
  }
  server_stmt->stmt = NULL;
  if (stmt != NULL) stmt->server_stmt = NULL;
  if (failure->status == TAOSUV_ESERVER &&
      tuv_server_code_stale(failure->server_code) != TUV_NOT_STALE)
    tuv_server_stmt_forget(tuv_client_of(server_stmt->conn->context), server_stmt->source);
  tuv_server_stmt_discard(server_stmt);
  if (again) {
    job->renewals++;
    stmt->running = false;
    tuv_stmt_due(stmt);
  } else if (job != NULL) {
    tuv_job_done(job, failure);
  }
}

/* Whether the query for scales was refused for good. Otherwise preparing fails, and may be tried
 * again. */
static bool has_no_scales(const tuv_failure_t* failure) {
  return failure->status == TAOSUV_ESERVER && (failure->flags & TAOSUV_ERR_RETRYABLE) == 0;
}

static void failed(tuv_op_t* op, const tuv_failure_t* failure) {
  tuv_server_stmt_t* server_stmt = TUV_CONTAINER(op, tuv_server_stmt_t, op);
  if (server_stmt->step == TUV_STEP_CLOSE)
    tuv_server_stmt_closed(server_stmt);
  else if (server_stmt->step == TUV_STEP_SCALES && has_no_scales(failure))
    tuv_server_stmt_without_scales(server_stmt);
  else if (server_stmt->step < TUV_STEP_NAME)
    tuv_server_stmt_unprepared(server_stmt, failure);
  else
    batch_failed(server_stmt, failure);
}

const tuv_server_stmt_answers_t tuv_server_stmt_answers = {.replied = replied, .failed = failed};
