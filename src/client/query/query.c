/* exec and query: one SQL statement, its affected rows or its result set. */
#include <string.h>

#include "client/core/failure.h"
#include "client/core/op.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/conn/send.h"
#include "client/conn/rest_request.h"
#include "client/pool/client.h"
#include "client/pool/begin.h"
#include "client/pool/pool.h"
#include "client/query/query.h"
#include "client/query/results.h"
#include "wire/json/result.h"
#include "wire/status.h"
#include "wire/sql/kind.h"
#include "wire/text.h"

/* The SQL as binary_query, or as the JSON action of servers that lack it. */
int tuv_sql_encode(tuv_op_t* op, tuv_conn_t* conn, const void* sql, size_t size) {
  if (tuv_sql_changes_tables(sql, size)) tuv_client_schema_changed(tuv_client_of(conn->context));
  if (!conn->binary) {
    tuv_json_request_t request;
    tuv_json_request_begin(&request, &conn->context->json, "query", op->id);
    tuv_json_request_text(&request, "sql", sql, size);
    return tuv_conn_send_json(conn, op, &request);
  }
  uint8_t head[TUV_MSG_QUERY_HEAD];
  tuv_msg_query_head(head, op->id, (uint32_t) size);
  int status = tuv_ws_begin(&conn->ws, TUV_WS_BINARY, sizeof head + size, &op->at);
  if (status < 0) return status;
  tuv_ws_put(&conn->ws, head, sizeof head);
  tuv_ws_put(&conn->ws, sql, size);
  return tuv_ws_end(&conn->ws);
}

/* Reads the reply. If it is malformed, the request fails, and a result that it may have opened is
 * freed. */
static bool read_answer(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply,
                        tuv_query_reply_t* answer) {
  tuv_errmsg_t err;
  int status = tuv_reply_query(reply, answer, &err);
  if (status == 0) return true;
  if (answer->id != 0) tuv_result_free_on_server(conn, answer->id);
  tuv_req_fail(tuv_req_of_op(op), &(tuv_failure_t) {status, TAOSUV_ERR_MAYBE_EXECUTED, 0, err.text,
                                                    tuv_conn_host(conn)});
  return false;
}

/* The late answer to a cancelled query or exec: its result is freed. */
static void late_reply(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  uint64_t id = 0;
  (void) op;
  if (tuv_reply_uint(reply, "id", &id, NULL) == 0 && id != 0) tuv_result_free_on_server(conn, id);
}

static const tuv_op_type_t tombstone_type = {
    .is_request = true, .reply = late_reply, .tombstone = &tuv_query_tombstone};
tuv_op_t tuv_query_tombstone = {.type = &tombstone_type};

static void exec_replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  tuv_query_reply_t answer;
  if (!read_answer(op, conn, reply, &answer)) return;
  if (!answer.is_update) tuv_result_free_on_server(conn, answer.id);
  taosuv_req_t* req = tuv_req_of_op(op);
  ((taosuv_exec_t*) (void*) req)->affected_rows = answer.affected_rows;
  tuv_req_finish(req, 0);
}

static void exec_rest_replied(tuv_op_t* op, tuv_conn_t* conn) {
  taosuv_req_t* req = tuv_req_of_op(op);
  int64_t affected_rows = 0;
  if (tuv_rest_update(conn, &affected_rows))
    ((taosuv_exec_t*) (void*) req)->affected_rows = affected_rows;
  tuv_req_finish(req, 0);
}

static void exec_complete(taosuv_req_t* req, int status) {
  taosuv_exec_t* exec = (taosuv_exec_t*) (void*) req;
  exec->cb(exec, status);
}

static const tuv_rest_type_t exec_rest = {tuv_rest_sql, exec_rest_replied};
static const tuv_op_type_t exec_type = {.is_request = true,
                                        .action = TAOSUV_ACTION_EXEC,
                                        .encode = tuv_sql_encode,
                                        .reply = exec_replied,
                                        .complete = exec_complete,
                                        .payload_key = "sql",
                                        .rest = &exec_rest,
                                        .tombstone = &tuv_query_tombstone};

static void query_replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  tuv_query_reply_t answer;
  if (!read_answer(op, conn, reply, &answer)) return;
  taosuv_req_t* req = tuv_req_of_op(op);
  taosuv_query_t* query = (taosuv_query_t*) (void*) req;
  query->affected_rows = answer.affected_rows;
  if (!answer.is_update) {
    query->result = tuv_result_create(conn, &answer);
    if (query->result == NULL) {
      tuv_result_free_on_server(conn, answer.id);
      tuv_req_finish(req, TAOSUV_ENOMEM);
      return;
    }
    tuv_result_prefetch(query->result);
  }
  tuv_req_finish(req, 0);
}

static void query_rest_replied(tuv_op_t* op, tuv_conn_t* conn) {
  taosuv_req_t* req = tuv_req_of_op(op);
  taosuv_query_t* query = (taosuv_query_t*) (void*) req;
  if (!tuv_rest_update(conn, &query->affected_rows)) {
    query->result = tuv_result_create_whole(conn, &conn->rest.decoder);
    if (query->result == NULL) {
      tuv_req_finish(req, TAOSUV_ENOMEM);
      return;
    }
  }
  tuv_req_finish(req, 0);
}

static void query_complete(taosuv_req_t* req, int status) {
  taosuv_query_t* query = (taosuv_query_t*) (void*) req;
  query->cb(query, status);
}

static const tuv_rest_type_t query_rest = {tuv_rest_sql, query_rest_replied};
static const tuv_op_type_t query_type = {.is_request = true,
                                         .action = TAOSUV_ACTION_QUERY,
                                         .encode = tuv_sql_encode,
                                         .reply = query_replied,
                                         .complete = query_complete,
                                         .payload_key = "sql",
                                         .rest = &query_rest,
                                         .tombstone = &tuv_query_tombstone};

/* An empty statement must not be sent: binary messages without SQL are refused by their length. */
static int check_sql(const taosuv_client_t* client, const char* sql, size_t* length) {
  if (client == NULL || sql == NULL) return TAOSUV_EINVAL;
  *length = tuv_text_length(sql, *length);
  if (*length == 0) return TAOSUV_EINVAL;
  if (*length > client->context.url.max_message_size - TUV_MSG_QUERY_HEAD) return TAOSUV_EMSGSIZE;
  return 0;
}

int taosuv_exec(taosuv_client_t* client, taosuv_exec_t* req, const char* sql, size_t length,
                taosuv_exec_cb cb) {
  int status = check_sql(client, sql, &length);
  if (status == 0) status = tuv_pool_check(client, tuv_req_base(req), cb != NULL);
  if (status < 0) return status;
  req->cb = cb;
  req->affected_rows = 0;
  return tuv_pool_begin(client, tuv_req_base(req), &exec_type, sql, length);
}

int taosuv_query(taosuv_client_t* client, taosuv_query_t* req, const char* sql, size_t length,
                 taosuv_query_cb cb) {
  int status = check_sql(client, sql, &length);
  if (status == 0) status = tuv_pool_check(client, tuv_req_base(req), cb != NULL);
  if (status < 0) return status;
  req->cb = cb;
  req->affected_rows = 0;
  req->result = NULL;
  return tuv_pool_begin(client, tuv_req_base(req), &query_type, sql, length);
}
