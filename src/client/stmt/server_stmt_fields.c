/* The fields of a statement at an endpoint of old gateways, which does not report them. A query
 * without rows is sent for them, over a connection for SQL. */
#include <string.h>

#include "client/core/failure.h"
#include "client/core/op.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/conn/send.h"
#include "client/pool/client.h"
#include "client/pool/pool.h"
#include "client/query/query.h"
#include "client/query/results.h"
#include "client/stmt/stmt.h"
#include "util/assert.h"
#include "wire/json/result.h"
#include "wire/types.h"

typedef struct tuv_fields_s {
  taosuv_exec_t req;
  tuv_mem_t* mem;
  tuv_server_stmt_t* server_stmt; /* NULL: nobody waits for them any more */
  tuv_refbuf_t* sql;
  size_t length;
} tuv_fields_t;

static tuv_fields_t* fields_of(taosuv_req_t* req) {
  return (tuv_fields_t*) (void*) req; /* its first member */
}

static taosuv_req_t* base_of(tuv_fields_t* fields) {
  return tuv_req_base(fields);
}

/* ---- the fields ---- */

typedef struct maker_s {
  tuv_field_list_t* list;
  uint32_t at;
  char* names;
} maker_t;

static taosuv_stmt_field_t* add(maker_t* maker, const char* name, size_t length, uint8_t kind,
                                uint8_t type) {
  TUV_ASSERT(name != NULL);
  taosuv_stmt_field_t* field = &maker->list->fields[maker->at++];
  *field = (taosuv_stmt_field_t) {
      .name = maker->names, .name_length = (uint32_t) length, .kind = kind, .type = type};
  memcpy(maker->names, name, length);
  maker->names[length] = 0;
  maker->names += length + 1;
  return field;
}

static bool has_length(uint8_t type) {
  return type < TUV_TYPES && tuv_type_size(type) == 0;
}

static void add_fields(maker_t* maker, const tuv_query_reply_t* answer, uint32_t from,
                       uint32_t count, uint8_t kind) {
  for (uint32_t i = from; i < from + count; i++) {
    yyjson_val* name = yyjson_arr_get(answer->names, i);
    uint8_t type = (uint8_t) yyjson_get_uint(yyjson_arr_get(answer->types, i));
    taosuv_stmt_field_t* field = add(maker, yyjson_get_str(name), yyjson_get_len(name), kind, type);
    if (type == TAOSUV_TYPE_TIMESTAMP) field->precision = answer->precision;
    if (has_length(type))
      field->length = (uint32_t) yyjson_get_uint(yyjson_arr_get(answer->lengths, i));
  }
}

/* Makes the list of fields. In the reply the columns come first, then the tags. In the list the
 * name of the table comes first, then the tags, then the columns. Returns NULL without memory. */
static tuv_refbuf_t* make_field_list(tuv_mem_t* mem, const tuv_stmt_sql_t* scan,
                                     const tuv_query_reply_t* answer) {
  static const char table[] = "tbname";
  uint32_t count = scan->table + scan->tags + scan->columns;
  tuv_refbuf_t* buf = tuv_refbuf_take(mem, sizeof(tuv_field_list_t) +
                                               count * sizeof(taosuv_stmt_field_t) +
                                               answer->names_size + sizeof table);
  if (buf == NULL) return NULL;
  tuv_field_list_t* list = tuv_field_list_of(buf);
  maker_t maker = {list, 0, (char*) (list->fields + count)};
  list->insert = true;
  list->count = count;
  if (scan->table)
    add(&maker, table, sizeof table - 1, TAOSUV_BIND_TABLE, TAOSUV_TYPE_VARCHAR)->length = 270;
  add_fields(&maker, answer, answer->fields - scan->tags, scan->tags, TAOSUV_BIND_TAG);
  add_fields(&maker, answer, 0, scan->columns, TAOSUV_BIND_COLUMN);
  return buf;
}

static bool names_tbname(const tuv_query_reply_t* answer) {
  size_t index, max;
  yyjson_val* name;
  yyjson_arr_foreach(answer->names, index, max,
                     name) if (yyjson_equals_str(name, "tbname")) return true;
  return false;
}

/* Whether the fields of the reply fit the query marks. */
static int check(const tuv_stmt_sql_t* scan, const tuv_query_reply_t* answer, tuv_errmsg_t* err) {
  uint32_t wanted = scan->columns + scan->tags;
  bool stars = scan->column_list_length == 0 || (scan->tags > 0 && scan->tag_list_length == 0);
  bool one_star = scan->column_list_length == 0 && scan->tag_list_length == 0;
  bool all = !stars || (one_star && scan->tags > 0) || !scan->super_table;
  if (answer->is_update)
    return tuv_fail(err, TAOSUV_EPROTO, "the server answered a SELECT as if it were an update");
  if (wanted == 0) return tuv_fail(err, TAOSUV_ENOTSUP, "the statement has nothing to bind");
  if (answer->fields < wanted || (all && answer->fields != wanted) || names_tbname(answer))
    return tuv_fail(err, TAOSUV_ENOTSUP,
                    "%u columns and tags for %u question marks: the first version of statements "
                    "binds all or those listed before VALUES and TAGS, and no tbname",
                    answer->fields, wanted);
  return 0;
}

/* ---- the question ---- */

static int encode(tuv_op_t* op, tuv_conn_t* conn, const void* sql, size_t size) {
  return tuv_sql_encode(op, conn, sql, size);
}

static void replied(tuv_op_t* op, tuv_conn_t* conn, const tuv_reply_t* reply) {
  taosuv_req_t* req = tuv_req_of_op(op);
  tuv_fields_t* fields = fields_of(req);
  tuv_server_stmt_t* server_stmt = fields->server_stmt;
  tuv_query_reply_t answer;
  tuv_errmsg_t err;
  int status = tuv_reply_query(reply, &answer, &err);
  if (answer.id != 0) tuv_result_free_on_server(conn, answer.id);
  if (status == 0 && server_stmt != NULL) {
    const tuv_stmt_sql_t* scan = &tuv_source_of(server_stmt->source)->scan;
    status = check(scan, &answer, &err);
    if (status == 0) server_stmt->field_list = make_field_list(conn->context->mem, scan, &answer);
    if (status == 0 && server_stmt->field_list == NULL)
      status = tuv_fail(&err, TAOSUV_ENOMEM, "no memory for the fields");
  }
  if (status < 0)
    tuv_req_fail(req, &(tuv_failure_t) {status, 0, 0, err.text, tuv_conn_host(conn)});
  else
    tuv_req_finish(req, 0);
}

static void complete(taosuv_req_t* req, int status) {
  tuv_fields_t* fields = fields_of(req);
  tuv_server_stmt_t* server_stmt = fields->server_stmt;
  if (server_stmt != NULL) {
    tuv_failure_t failure = {status, req->err_flags & ~(unsigned int) TAOSUV_ERR_MAYBE_EXECUTED,
                             req->server_code, req->message, req->host};
    server_stmt->asking = NULL;
    server_stmt->fields_known(server_stmt, status < 0 ? &failure : NULL);
  }
  tuv_refbuf_unref(fields->sql);
  tuv_free(&fields->mem->alloc, fields);
}

static const tuv_op_type_t ask_type = {.is_request = true,
                                       .action = TAOSUV_ACTION_STMT_PREPARE,
                                       .encode = encode,
                                       .reply = replied,
                                       .complete = complete,
                                       .payload_key = "sql",
                                       .tombstone = &tuv_query_tombstone};

/* It waits for a connection without being counted: its statement is counted. */
static void on_acquired(taosuv_req_t* req, tuv_conn_t* conn) {
  tuv_fields_t* fields = fields_of(req);
  tuv_req_of(req)->op.type = &ask_type;
  int status = tuv_conn_send_request(conn, req, fields->sql->data, fields->length);
  if (status < 0) tuv_req_defer(req, status, 0, NULL);
}

static void on_acquire_failed(taosuv_req_t* req, const tuv_failure_t* failure) {
  tuv_req_fail(req, failure);
}

static const tuv_op_type_t seek_type = {.is_request = true,
                                        .action = TAOSUV_ACTION_STMT_PREPARE,
                                        .acquired = on_acquired,
                                        .acquire_failed = on_acquire_failed,
                                        .complete = complete};

/* Makes the SQL; NULL: no memory. Its length is 0 when no table is named. */
static tuv_refbuf_t* make_sql(const tuv_server_stmt_t* server_stmt, size_t* length) {
  taosuv_client_t* client = tuv_client_of(server_stmt->conn->context);
  const tuv_source_t* source = tuv_source_of(server_stmt->source);
  const char* db = client->context.url.db;
  *length = tuv_stmt_sql_fields(source->sql, &source->scan, source->table, db, NULL, 0);
  tuv_refbuf_t* sql = tuv_refbuf_take(client->context.mem, *length + 1);
  if (sql != NULL)
    tuv_stmt_sql_fields(source->sql, &source->scan, source->table, db, (char*) sql->data, *length);
  return sql;
}

static void fail(tuv_server_stmt_t* server_stmt, int status, const char* message) {
  server_stmt->fields_known(
      server_stmt, &(tuv_failure_t) {status, 0, 0, message, tuv_conn_host(server_stmt->conn)});
}

void tuv_server_stmt_ask_fields(tuv_server_stmt_t* server_stmt, tuv_fields_known_cb cb) {
  server_stmt->fields_known = cb;
  taosuv_client_t* client = tuv_client_of(server_stmt->conn->context);
  size_t length;
  tuv_refbuf_t* sql = make_sql(server_stmt, &length);
  tuv_fields_t* fields = tuv_calloc(&client->context.mem->alloc, 1, sizeof *fields);
  server_stmt->step = TUV_STEP_FIELDS;
  bool known = sql != NULL && fields != NULL && length > 0;
  int status = known ? tuv_req_start(&client->context, base_of(fields), &seek_type)
               : sql != NULL && length == 0 ? TAOSUV_ENOTSUP
                                            : TAOSUV_ENOMEM;
  if (status < 0) {
    tuv_refbuf_unref(sql);
    tuv_free(&client->context.mem->alloc, fields);
    fail(server_stmt, status,
         status == TAOSUV_ENOTSUP ? "the fields of this statement cannot be found by a query"
                                  : NULL);
    return;
  }
  fields->mem = client->context.mem;
  fields->server_stmt = server_stmt;
  fields->sql = sql;
  fields->length = length;
  server_stmt->asking = fields;
  status = tuv_pool_submit(&client->pool, base_of(fields), NULL, 0);
  if (status < 0) tuv_req_defer(base_of(fields), status, 0, NULL);
}

void tuv_server_stmt_stop_asking(tuv_server_stmt_t* server_stmt) {
  tuv_fields_t* fields = server_stmt->asking;
  if (fields == NULL) return;
  server_stmt->asking = NULL;
  fields->server_stmt = NULL;
  if (taosuv_is_pending(base_of(fields))) tuv_req_defer(base_of(fields), TAOSUV_ECANCELED, 0, NULL);
}
