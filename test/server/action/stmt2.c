/* The second protocol for prepared statements: many tables in one message. */
#include <stdlib.h>
#include <string.h>

#include "action/query.h"
#include "session/args.h"
#include "action/stmt.h"
#include "session/reply.h"
#include "stmt/decode.h"

void ts_stmt2_init(ts_request_t* request) {
  bool ignored;
  if (ts_arg_bool(request->args, "single_stb_insert", &ignored) &&
      ts_arg_bool(request->args, "single_table_bind_once", &ignored)) {
    ts_session_open_stmt(request, true);
  } else {
    ts_reply_bad_args(request);
  }
}

static void put_fields(ts_request_t* request, ts_buf_t* out, const ts_stmt_t* stmt) {
  ts_buf_text(out, ",\"fields\":[");
  for (uint32_t i = 0; i < stmt->target.nslots; i++) {
    if (i > 0) ts_buf_text(out, ",");
    ts_stmt_put_field(request, out, stmt, &stmt->target.slots[i], true);
  }
  ts_buf_format(out, "],\"fields_count\":%u", stmt->target.nslots);
}

void ts_stmt2_prepare(ts_request_t* request) {
  ts_error_t error = {0};
  const char* sql;
  size_t size;
  bool get_fields;
  if (!ts_arg_text(request->args, "sql", &sql, &size) ||
      !ts_arg_bool(request->args, "get_fields", &get_fields)) {
    ts_reply_bad_args(request);
    return;
  }
  ts_stmt_t* stmt = ts_request_stmt(request, true);
  if (stmt == NULL) return;
  int status = ts_stmt_prepare(stmt, sql, size, &error);
  bool insert = stmt->sql.insert;
  if (status == 0 && get_fields && insert) status = ts_stmt_resolve(stmt, NULL, 0, &error);
  if (status != 0) {
    ts_stmt_reply_error(request, status, &error);
    return;
  }
  ts_buf_t* out = ts_stmt_reply(request);
  ts_buf_format(out, ",\"is_insert\":%s", insert ? "true" : "false");
  if (get_fields && insert) {
    put_fields(request, out, stmt);
  } else {
    ts_buf_format(out, ",\"fields\":null,\"fields_count\":%u", get_fields ? stmt->sql.nparams : 0);
  }
  ts_reply_end(request);
}

void ts_stmt2_exec(ts_request_t* request) {
  ts_stmt_t* stmt = ts_request_stmt(request, true);
  if (stmt != NULL) ts_stmt_reply_exec(request, stmt);
}

/* Older gateways open a result without columns, whose fetches they never answer. */
static void result_of_insert(ts_request_t* request, ts_stmt_t* stmt) {
  ts_session_t* session = request->session;
  if (ts_server_has(session->server, 3, 4, 0, 1)) {
    ts_reply_error(request, TS_E_INTERNAL, "stmt is insert, no result set");
    return;
  }
  session->server->poisonous++;
  ts_result_t* none = ts_result_new(NULL, 0, 0);
  ts_stmt_reply_result(request, stmt, none, "id");
  ts_session_cursor(session, stmt->cursor)->silent = true;
  ts_result_unref(none);
}

void ts_stmt2_result(ts_request_t* request) {
  ts_stmt_t* stmt = ts_request_stmt(request, true);
  if (stmt == NULL) return;
  if (stmt->sql.insert) {
    result_of_insert(request, stmt);
  } else if (stmt->result == NULL) {
    ts_reply_error(request, TS_E_INTERNAL, "result is nil");
  } else {
    ts_stmt_reply_result(request, stmt, stmt->result, "id");
  }
}

/* Unknown ids are closed with success, too. */
void ts_stmt2_close(ts_request_t* request) {
  if (ts_session_close_stmt(request, true)) ts_stmt_reply_status(request, 0, NULL);
}

/* ---- binary ---- */

static int decode_and_bind(ts_request_t* request, ts_stmt_t* stmt, const uint8_t* data, size_t size,
                           ts_error_t* error) {
  ts_binding_t* binding = ts_binding_new();
  uint8_t* copy = ts_binding_alloc(binding, size);
  if (size > 0) memcpy(copy, data, size);
  int status = ts_bind_decode(copy, size, binding, error);
  if (status == 0) return ts_stmt_bind_counted(request, stmt, binding, error);
  ts_binding_free(binding);
  return status;
}

/* The statement of a message of at least `least` bytes; NULL after an error. */
static ts_stmt_t* open_message(ts_request_t* request, const uint8_t* data, size_t size,
                               size_t least, const char* what) {
  if (size < least) {
    ts_reply_error(request, TS_E_INTERNAL, "message length is too short");
    return NULL;
  }
  if (ts_get_u16(data + 24) != 1) {
    ts_reply_error(request, TS_E_INTERNAL, "unknown %s version", what);
    return NULL;
  }
  return ts_request_stmt(request, true);
}

void ts_stmt2_bind(ts_request_t* request, const uint8_t* data, size_t size) {
  ts_error_t error = {0};
  ts_stmt_t* stmt = open_message(request, data, size, 30, "stmt2 bind");
  if (stmt == NULL) return;
  int status = ts_get_u32(data + 26) != UINT32_MAX
                   ? ts_unsupported(&error, "binding a single column")
                   : decode_and_bind(request, stmt, data + 30, size - 30, &error);
  ts_stmt_reply_status(request, status, &error);
}

/* The kinds of the fields, in the order of the SQL: what splitting needs. */
static int columns_to_binding(ts_stmt_t* stmt, const ts_bind_columns_t* columns,
                              ts_binding_t* binding, ts_error_t* error) {
  bool insert = stmt->sql.insert;
  /* The fields must be known without the tables that are bound. */
  if (stmt->sql.name_bound && !stmt->sql.using)
    return ts_error(error, TS_E_PARAMETERS, "Invalid parameters");
  int status = insert ? ts_stmt_resolve(stmt, NULL, 0, error) : 0;
  if (status != 0) return status;
  uint32_t count = insert ? stmt->target.nslots : stmt->sql.nparams;
  if (columns->nfields != count) return ts_error(error, TS_E_PARAMETERS, "Invalid parameters");
  uint8_t* kinds = ts_calloc(count, 1);
  for (uint32_t i = 0; i < count; i++)
    kinds[i] = insert ? stmt->target.slots[i].kind : TS_SLOT_COLUMN;
  status = ts_bind_columns_split(columns, kinds, binding, error);
  free(kinds);
  return status;
}

static int bind_columns(ts_request_t* request, ts_stmt_t* stmt, const uint8_t* data, size_t size,
                        ts_error_t* error) {
  ts_bind_columns_t columns;
  int status = ts_bind_columns_decode(data, size, &columns, error);
  if (status != 0) return status;
  ts_binding_t* binding = ts_binding_new();
  if (stmt->dead.code == 0 && stmt->prepared)
    status = columns_to_binding(stmt, &columns, binding, error);
  free(columns.fields);
  if (status == 0) return ts_stmt_bind_counted(request, stmt, binding, error);
  ts_binding_free(binding);
  return status;
}

void ts_stmt2_bind_exec(ts_request_t* request, const uint8_t* data, size_t size) {
  ts_error_t error = {0};
  ts_stmt_t* stmt = open_message(request, data, size, 26, "stmt2 bind exec");
  if (stmt == NULL) return;
  bool query = stmt->prepared && !stmt->sql.insert;
  if (query && size >= 46 && ts_get_u32(data + 30) != 1) {
    ts_reply_error(request, TS_E_INTERNAL, "query only supports one row");
    return;
  }
  /* It is executed before this returns, so that its bytes need no copy. */
  int status = bind_columns(request, stmt, data + 26, size - 26, &error);
  if (status != 0) {
    ts_stmt_reply_error(request, status, &error);
  } else {
    ts_stmt_reply_exec(request, stmt);
  }
}
