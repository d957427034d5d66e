/* The messages of prepared statements (PROTOCOL 6). */
#include <string.h>

#include "client/core/op.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/conn/send.h"
#include "client/pool/client.h"
#include "client/stmt/job.h"
#include "client/stmt/stmt.h"
#include "wire/batch/send.h"

bool tuv_server_stmt_sent(const tuv_server_stmt_t* server_stmt) {
  return server_stmt->op.at < server_stmt->conn->conns->transport->sent_up_to(server_stmt->conn);
}

bool tuv_server_stmt_withdraw(tuv_server_stmt_t* server_stmt) {
  tuv_server_stmt_stop_asking(server_stmt);
  bool waits = server_stmt->op.at == UINT64_MAX;
  bool gone = !waits && server_stmt->op.conn != NULL &&
              tuv_conn_withdraw(server_stmt->conn, &server_stmt->op);
  if (!waits && !gone) return false;
  tuv_queue_remove(&server_stmt->op.link);
  server_stmt->step = TUV_STEP_NONE;
  return true;
}

static tuv_batch_t* batch_of(const tuv_server_stmt_t* server_stmt) {
  return &tuv_stmt_job(server_stmt->stmt)->batch;
}

/* ---- JSON ---- */

static const char* action_of(const tuv_server_stmt_t* server_stmt) {
  bool first = server_stmt->first;
  switch ((tuv_server_stmt_step_t) server_stmt->step) {
    case TUV_STEP_INIT: return first ? "init" : "stmt2_init";
    case TUV_STEP_PROBE:
    case TUV_STEP_PREPARE: return first ? "prepare" : "stmt2_prepare";
    case TUV_STEP_PROBE_NAME:
    case TUV_STEP_NAME: return "set_table_name";
    case TUV_STEP_TAG_FIELDS: return "get_tag_fields";
    case TUV_STEP_COLUMN_FIELDS: return "get_col_fields";
    case TUV_STEP_ADD: return "add_batch";
    case TUV_STEP_EXEC: return first ? "exec" : "stmt2_exec";
    case TUV_STEP_RESULT: return first ? "use_result" : "stmt2_result";
    default: return "stmt2_close";
  }
}

static int send_plain(tuv_server_stmt_t* server_stmt) {
  char text[TUV_REQUEST_ID_MAX];
  size_t length = tuv_json_request_id(text, action_of(server_stmt), server_stmt->op.id, "stmt_id",
                                      server_stmt->id);
  return tuv_ws_send(&server_stmt->conn->ws, TUV_WS_TEXT, text, length, &server_stmt->op.at);
}

static int send_init(tuv_server_stmt_t* server_stmt) {
  tuv_conn_t* conn = server_stmt->conn;
  const tuv_stmt_sql_t* scan = &tuv_source_of(server_stmt->source)->scan;
  tuv_json_request_t request;
  tuv_json_request_begin(&request, &conn->context->json, action_of(server_stmt),
                         server_stmt->op.id);
  if (!server_stmt->first) {
    /* All rows go into one super table, and each table is bound once in a batch. With tags in the
     * SQL this does not hold, and the options are off. */
    bool one = scan->super_table && scan->tags > 0;
    tuv_json_request_bool(&request, "single_stb_insert", one);
    tuv_json_request_bool(&request, "single_table_bind_once", one);
  }
  return tuv_conn_send_json(conn, &server_stmt->op, &request);
}

static int send_sql(tuv_server_stmt_t* server_stmt, const char* sql, size_t length, bool fields) {
  tuv_conn_t* conn = server_stmt->conn;
  tuv_json_request_t request;
  tuv_json_request_begin(&request, &conn->context->json, action_of(server_stmt),
                         server_stmt->op.id);
  tuv_json_request_uint(&request, "stmt_id", server_stmt->id);
  tuv_json_request_text(&request, "sql", sql, length);
  if (!server_stmt->first) tuv_json_request_bool(&request, "get_fields", fields);
  return tuv_conn_send_json(conn, &server_stmt->op, &request);
}

/* Sends the SQL with the hinted table, whose fields the server reports. */
static int send_probe(tuv_server_stmt_t* server_stmt) {
  const tuv_source_t* source = tuv_source_of(server_stmt->source);
  size_t room = source->length + strlen(source->table) + 8;
  tuv_refbuf_t* buf = tuv_refbuf_take(server_stmt->conn->context->mem, room);
  if (buf == NULL) return TAOSUV_ENOMEM;
  char* sql = (char*) buf->data;
  size_t length = tuv_stmt_sql_name(source->sql, source->length, &source->scan, source->table, sql,
                                    room);
  int status = send_sql(server_stmt, sql, length, true);
  tuv_refbuf_unref(buf);
  return status;
}

static int send_name(tuv_server_stmt_t* server_stmt, const char* name, size_t length) {
  char text[TUV_REQUEST_NAME_MAX];
  if (length > TUV_REQUEST_NAME_LENGTH) return TAOSUV_EINVAL;
  length = tuv_json_request_name(text, action_of(server_stmt), server_stmt->op.id, server_stmt->id,
                                 name, length);
  return tuv_ws_send(&server_stmt->conn->ws, TUV_WS_TEXT, text, length, &server_stmt->op.at);
}

/* Names a child to learn the fields of its super table. It need not exist, and is not created
 * (PROTOCOL 6.1.1). */
static int send_probe_name(tuv_server_stmt_t* server_stmt) {
  const char* name = tuv_source_of(server_stmt->source)->table;
  if (name == NULL) name = "taosuv_probe";
  return send_name(server_stmt, name, strlen(name));
}

/* ---- batches ---- */

typedef struct ws_sink_s {
  tuv_sink_t sink; /* first: a sink's address is this one's */
  tuv_ws_t* ws;
} ws_sink_t;

static void put(tuv_sink_t* sink, const void* data, size_t size) {
  tuv_ws_put(((ws_sink_t*) (void*) sink)->ws, data, size);
}

static void put_masked(tuv_sink_t* sink, const void* data, size_t size, const uint8_t key[4]) {
  tuv_ws_put_masked(((ws_sink_t*) (void*) sink)->ws, data, size, key);
}

/* Sends a binary message of the batch. What is not masked yet is masked while it is written. */
static int send_binary(tuv_server_stmt_t* server_stmt, size_t size,
                       void (*write)(const tuv_server_stmt_t* server_stmt, tuv_sink_t* sink)) {
  tuv_ws_t* ws = &server_stmt->conn->ws;
  ws_sink_t sink = {{put, put_masked}, ws};
  uint8_t mask[4];
  int status = tuv_batch_mask(batch_of(server_stmt), mask)
                   ? tuv_ws_begin_masked(ws, TUV_WS_BINARY, size, mask, &server_stmt->op.at)
                   : tuv_ws_begin(ws, TUV_WS_BINARY, size, &server_stmt->op.at);
  if (status < 0) return status;
  write(server_stmt, &sink.sink);
  return tuv_ws_end(ws);
}

static void write_message(const tuv_server_stmt_t* server_stmt, tuv_sink_t* sink) {
  tuv_batch_message(batch_of(server_stmt), server_stmt->op.id, server_stmt->id, sink);
}

static void write_tags(const tuv_server_stmt_t* server_stmt, tuv_sink_t* sink) {
  tuv_batch_v1_tags(batch_of(server_stmt), server_stmt->table, server_stmt->op.id, server_stmt->id,
                    sink);
}

static void write_rows(const tuv_server_stmt_t* server_stmt, tuv_sink_t* sink) {
  tuv_batch_v1_rows(batch_of(server_stmt), server_stmt->table, server_stmt->op.id, server_stmt->id,
                    sink);
}

static int send_batch(tuv_server_stmt_t* server_stmt) {
  tuv_batch_t* batch = batch_of(server_stmt);
  size_t length;
  switch ((tuv_server_stmt_step_t) server_stmt->step) {
    case TUV_STEP_NAME: {
      const char* name = tuv_batch_v1_name(batch, server_stmt->table, &length);
      return send_name(server_stmt, name, length);
    }
    case TUV_STEP_TAGS:
      return send_binary(server_stmt, tuv_batch_v1_tags_size(batch, server_stmt->table),
                         write_tags);
    case TUV_STEP_ROWS:
      return send_binary(server_stmt, tuv_batch_v1_rows_size(batch, server_stmt->table),
                         write_rows);
    default: return send_binary(server_stmt, tuv_batch_message_size(batch), write_message);
  }
}

/* ---- one step ---- */

static int encode(tuv_op_t* op, tuv_conn_t* conn, const void* payload, size_t size) {
  tuv_server_stmt_t* server_stmt = TUV_CONTAINER(op, tuv_server_stmt_t, op);
  const tuv_source_t* source = tuv_source_of(server_stmt->source);
  const tuv_stmt_sql_t* scan = &source->scan;
  (void) conn;
  (void) payload;
  (void) size;
  switch ((tuv_server_stmt_step_t) server_stmt->step) {
    case TUV_STEP_INIT: return send_init(server_stmt);
    case TUV_STEP_PROBE: return send_probe(server_stmt);
    case TUV_STEP_PREPARE: {
      /* Without a table the server cannot report the fields: the probe has. */
      bool fields = !scan->insert || !scan->table || scan->super_table;
      return send_sql(server_stmt, source->sql, source->length, fields);
    }
    case TUV_STEP_PROBE_NAME: return send_probe_name(server_stmt);
    case TUV_STEP_NAME:
    case TUV_STEP_TAGS:
    case TUV_STEP_ROWS:
    case TUV_STEP_BIND:
    case TUV_STEP_BIND_EXEC: return send_batch(server_stmt);
    default: return send_plain(server_stmt);
  }
}

const taosuv_req_t* tuv_server_stmt_waiter(const tuv_op_t* op) {
  const taosuv_stmt_t* stmt = TUV_CONTAINER(op, const tuv_server_stmt_t, op)->stmt;
  if (stmt == NULL) return NULL;
  if (stmt->preparing != NULL) return (const void*) stmt->preparing;
  return stmt->running ? (const void*) tuv_stmt_job(stmt)->req : NULL;
}

void tuv_server_stmt_on_reply(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  TUV_CONTAINER(op, tuv_server_stmt_t, op)->answers->replied(op, conn, reply);
}

void tuv_server_stmt_on_failure(tuv_op_t* op, const tuv_failure_t* failure) {
  TUV_CONTAINER(op, tuv_server_stmt_t, op)->answers->failed(op, failure);
}

static const tuv_op_type_t prepare_type = {.action = TAOSUV_ACTION_STMT_PREPARE,
                                           .encode = encode,
                                           .reply = tuv_server_stmt_on_reply,
                                           .failed = tuv_server_stmt_on_failure,
                                           .waiter = tuv_server_stmt_waiter};
static const tuv_op_type_t exec_type = {.action = TAOSUV_ACTION_STMT_EXEC,
                                        .encode = encode,
                                        .reply = tuv_server_stmt_on_reply,
                                        .failed = tuv_server_stmt_on_failure,
                                        .waiter = tuv_server_stmt_waiter};

/* The message that executes has the id of the caller's request, if no other one is in flight with
 * it. */
static uint64_t id_for(const tuv_server_stmt_t* server_stmt, tuv_server_stmt_step_t step) {
  taosuv_client_t* client = tuv_client_of(server_stmt->conn->context);
  bool executes = step == TUV_STEP_EXEC || step == TUV_STEP_BIND_EXEC;
  const tuv_job_t* job = executes ? tuv_stmt_job(server_stmt->stmt) : NULL;
  if (job != NULL && job->req != NULL) {
    tuv_req_t* priv = tuv_req_of(tuv_req_base(job->req));
    if (tuv_inflight_get(&server_stmt->conn->inflight, priv->op.id) != NULL)
      priv->op.id = tuv_ids_next(&client->context.ids);
    job->req->sent_req_id = priv->op.id;
    return priv->op.id;
  }
  return tuv_ids_next(&client->context.ids);
}

void tuv_server_stmt_post(tuv_server_stmt_t* server_stmt, tuv_server_stmt_step_t step) {
  bool prepares = step < TUV_STEP_NAME || step == TUV_STEP_CLOSE;
  server_stmt->step = (uint8_t) step;
  if (step == TUV_STEP_PROBE || step == TUV_STEP_PREPARE)
    server_stmt->order = ++tuv_client_of(server_stmt->conn->context)->stmts_order;
  server_stmt->op.type = prepares ? &prepare_type : &exec_type;
  server_stmt->op.id = id_for(server_stmt, step);
  server_stmt->op.at = UINT64_MAX;
  tuv_conn_post(server_stmt->conn, &server_stmt->op);
}
