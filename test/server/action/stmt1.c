/* The first protocol for prepared statements: table by table, in JSON or in raw blocks. */
#include <stdlib.h>
#include <string.h>

#include "session/args.h"
#include "action/stmt.h"
#include "session/reply.h"

static int usage(ts_error_t* error) {
  return ts_error(error, TS_E_STMT_USAGE, "Stmt API usage error");
}

void ts_stmt1_init(ts_request_t* request) {
  ts_session_open_stmt(request, false);
}

void ts_stmt1_prepare(ts_request_t* request) {
  ts_error_t error = {0};
  const char* sql;
  size_t size;
  if (!ts_arg_text(request->args, "sql", &sql, &size)) {
    ts_reply_bad_args(request);
    return;
  }
  ts_stmt_t* stmt = ts_request_stmt(request, false);
  if (stmt == NULL) return;
  int status = ts_stmt_prepare(stmt, sql, size, &error);
  if (status == 0 && stmt->sql.name_column) {
    stmt->prepared = false;
    status = ts_unsupported(&error, "tbname in this INSERT");
  }
  if (status != 0) {
    ts_stmt_reply_error(request, status, &error);
    return;
  }
  ts_buf_t* out = ts_stmt_reply(request);
  if (!ts_session_is_legacy(request->session))
    ts_buf_format(out, ",\"is_insert\":%s", stmt->sql.insert ? "true" : "false");
  ts_reply_end(request);
}

int ts_stmt1_target(ts_stmt_t* stmt, ts_error_t* error) {
  if (!stmt->prepared || !stmt->sql.insert) return usage(error);
  if (stmt->sql.name_bound && stmt->name == NULL)
    return ts_error(error, TS_E_STMT_TABLE, "Stmt table name not set");
  size_t size = stmt->name != NULL ? strlen(stmt->name) : 0;
  int status = ts_stmt_resolve(stmt, stmt->name, size, error);
  if (status != 0 || !stmt->remade) return status;
  *error = stmt->stale;
  return error->code;
}

/* Before 3.3 the database that the SQL names is not yet that of the bound tables. */
static int check_database(const ts_request_t* request, const ts_stmt_t* stmt,
                          const ts_table_name_t* name, ts_error_t* error) {
  bool by_sql = ts_server_has(request->session->server, 3, 3, 0, 0);
  if (*name->db != '\0' || *stmt->env->db != '\0' || (by_sql && *stmt->sql.super.db != '\0'))
    return 0;
  return ts_error(error, TS_E_DB_NOT_SPECIFIED, "Database not specified");
}

void ts_stmt1_set_table_name(ts_request_t* request) {
  ts_error_t error = {0};
  ts_table_name_t bound;
  const char* name;
  size_t size;
  if (!ts_arg_text(request->args, "name", &name, &size)) {
    ts_reply_bad_args(request);
    return;
  }
  ts_stmt_t* stmt = ts_request_stmt(request, false);
  if (stmt == NULL) return;
  int status = 0;
  if (!stmt->prepared || !stmt->sql.name_bound) status = usage(&error);
  if (status == 0) status = ts_bound_name(name, size, &bound, &error);
  if (status == 0) status = check_database(request, stmt, &bound, &error);
  if (status == 0) {
    free(stmt->name);
    stmt->name = ts_strdup(name, size);
    stmt->tags = NULL;
    status = ts_stmt1_target(stmt, &error);
  }
  ts_stmt_reply_status(request, status, &error);
}

/* ---- fields ---- */

static void put_fields(ts_request_t* request, const ts_stmt_t* stmt, uint8_t kind) {
  ts_buf_t* out = ts_stmt_reply(request);
  uint32_t count = kind == TS_SLOT_TAG ? stmt->target.ntags : stmt->target.ncolumns;
  bool first = true;
  if (count > 0) ts_buf_text(out, ",\"fields\":[");
  for (uint32_t i = 0; i < stmt->target.nslots; i++) {
    if (stmt->target.slots[i].kind != kind) continue;
    if (!first) ts_buf_text(out, ",");
    first = false;
    ts_stmt_put_field(request, out, stmt, &stmt->target.slots[i], false);
  }
  if (count > 0) ts_buf_text(out, "]");
  ts_reply_end(request);
}

static void reply_fields(ts_request_t* request, uint8_t kind) {
  ts_error_t error = {0};
  ts_stmt_t* stmt = ts_request_stmt(request, false);
  if (stmt == NULL) return;
  int status = ts_stmt1_target(stmt, &error);
  if (status != 0) {
    ts_stmt_reply_error(request, status, &error);
  } else {
    put_fields(request, stmt, kind);
  }
}

void ts_stmt1_get_tag_fields(ts_request_t* request) {
  reply_fields(request, TS_SLOT_TAG);
}
void ts_stmt1_get_col_fields(ts_request_t* request) {
  reply_fields(request, TS_SLOT_COLUMN);
}

/* ---- execution ---- */

static int add_batch(ts_stmt_t* stmt, ts_error_t* error) {
  bool query = stmt->prepared && !stmt->sql.insert;
  if (query ? stmt->bound == NULL : stmt->pending == NULL) return usage(error);
  ts_binding_t** end = &stmt->bound;
  while (*end != NULL) end = &(*end)->next;
  *end = stmt->pending;
  stmt->pending = NULL;
  return 0;
}

void ts_stmt1_add_batch(ts_request_t* request) {
  ts_error_t error = {0};
  ts_stmt_t* stmt = ts_request_stmt(request, false);
  if (stmt != NULL) ts_stmt_reply_status(request, add_batch(stmt, &error), &error);
}

void ts_stmt1_exec(ts_request_t* request) {
  ts_stmt_t* stmt = ts_request_stmt(request, false);
  if (stmt != NULL) ts_stmt_reply_exec(request, stmt);
}

void ts_stmt1_use_result(ts_request_t* request) {
  ts_stmt_t* stmt = ts_request_stmt(request, false);
  if (stmt == NULL) return;
  if (stmt->result == NULL) {
    ts_reply_error(request, TS_E_INTERNAL, "success");
  } else {
    ts_stmt_reply_result(request, stmt, stmt->result, "result_id");
  }
}

/* Replies only for a statement of the other protocol. */
void ts_stmt1_close(ts_request_t* request) {
  ts_session_close_stmt(request, false);
}

/* ---- parameters ---- */

void ts_stmt1_num_params(ts_request_t* request) {
  ts_stmt_t* stmt = ts_request_stmt(request, false);
  if (stmt == NULL) return;
  if (!stmt->prepared) {
    ts_reply_error(request, TS_E_STMT_USAGE, "Stmt API usage error");
    return;
  }
  ts_buf_format(ts_stmt_reply(request), ",\"num_params\":%u",
                stmt->sql.insert ? stmt->sql.nvalues : stmt->sql.nparams);
  ts_reply_end(request);
}

static int get_param(ts_stmt_t* stmt, int64_t index, int32_t* type, uint32_t* length,
                     ts_error_t* error) {
  if (!stmt->prepared) return usage(error);
  uint32_t count = stmt->sql.insert ? stmt->sql.nvalues : stmt->sql.nparams;
  if (!stmt->sql.insert && stmt->params == NULL) return TS_E_POISON;
  if (index < 0 || index >= count) return ts_error(error, TS_E_PARAMETERS, "Invalid parameters");
  if (!stmt->sql.insert) {
    *type = stmt->params[index].type;
    *length = stmt->params[index].size;
    return 0;
  }
  int status = ts_stmt1_target(stmt, error);
  if (status != 0) return status;
  const ts_target_t* target = &stmt->target;
  ts_type_t field = target->family->columns[target->columns[index]].type;
  *type = field.type;
  *length = ts_type_storage(field);
  return 0;
}

void ts_stmt1_get_param(ts_request_t* request) {
  ts_error_t error = {0};
  int64_t index;
  int32_t type = 0;
  uint32_t length = 0;
  if (!ts_arg_int(request->args, "index", &index)) {
    ts_reply_bad_args(request);
    return;
  }
  ts_stmt_t* stmt = ts_request_stmt(request, false);
  if (stmt == NULL) return;
  int status = get_param(stmt, index, &type, &length, &error);
  if (status != 0) {
    ts_stmt_reply_error(request, status, &error);
    return;
  }
  ts_buf_format(ts_stmt_reply(request), ",\"index\":%d,\"data_type\":%d,\"length\":%u", (int) index,
                type, length);
  ts_reply_end(request);
}
