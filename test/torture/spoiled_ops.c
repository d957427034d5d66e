/* Operations of the scenes: each is observed from call to callback, and its result is hashed, to be
 * compared with the result for unchanged replies. */
#include "spoiled.h"

void sp_fault(sp_run_t* run, const char* format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  run->faults++;
  print_error("%s: at reply %u: %s: %s\n", run->scene->name, run->plan[0].at,
              run->plan[0].spoilt.note, text);
}

/* ---- hashing ---- */

void sp_hash(sp_op_t* op, const void* bytes, size_t size) {
  const uint8_t* at = bytes;
  for (size_t i = 0; i < size; i++) op->hash = (op->hash ^ at[i]) * 0x100000001B3u;
}

void sp_hash_number(sp_op_t* op, uint64_t number) {
  sp_hash(op, &number, sizeof number);
}

void sp_hash_text(sp_op_t* op, const char* text) {
  sp_hash(op, text == NULL ? "" : text, text == NULL ? 0 : strlen(text) + 1);
}

void sp_read_fields(sp_op_t* op, const taosuv_field_t* fields, uint32_t count) {
  sp_hash_number(op, count);
  for (uint32_t i = 0; i < count; i++) {
    sp_hash(op, fields[i].name, fields[i].name_length + 1);
    sp_hash_number(op, fields[i].type);
    sp_hash_number(op, fields[i].precision);
    sp_hash_number(op, fields[i].scale);
    sp_hash_number(op, (uint64_t) fields[i].length);
  }
}

static void read_typed(sp_op_t* op, const taosuv_column_t* column, uint32_t row) {
  switch (column->type) {
    case TAOSUV_TYPE_BOOL: sp_hash_number(op, taosuv_get_bool(column, row)); break;
    case TAOSUV_TYPE_TINYINT: sp_hash_number(op, (uint64_t) taosuv_get_i8(column, row)); break;
    case TAOSUV_TYPE_UTINYINT: sp_hash_number(op, taosuv_get_u8(column, row)); break;
    case TAOSUV_TYPE_SMALLINT: sp_hash_number(op, (uint64_t) taosuv_get_i16(column, row)); break;
    case TAOSUV_TYPE_USMALLINT: sp_hash_number(op, taosuv_get_u16(column, row)); break;
    case TAOSUV_TYPE_INT: sp_hash_number(op, (uint64_t) taosuv_get_i32(column, row)); break;
    case TAOSUV_TYPE_UINT: sp_hash_number(op, taosuv_get_u32(column, row)); break;
    case TAOSUV_TYPE_BIGINT:
    case TAOSUV_TYPE_TIMESTAMP: sp_hash_number(op, (uint64_t) taosuv_get_i64(column, row)); break;
    case TAOSUV_TYPE_UBIGINT: sp_hash_number(op, taosuv_get_u64(column, row)); break;
    case TAOSUV_TYPE_FLOAT: sp_hash_number(op, taosuv_get_f32(column, row) > 0); break;
    case TAOSUV_TYPE_DOUBLE: sp_hash_number(op, taosuv_get_f64(column, row) > 0); break;
    case TAOSUV_TYPE_DECIMAL64:
    case TAOSUV_TYPE_DECIMAL128: sp_hash_number(op, taosuv_get_decimal(column, row).low); break;
    default: break;
  }
}

static void read_cell(sp_op_t* op, const taosuv_column_t* column, uint32_t row) {
  char text[96], utf8[64];
  uint32_t length;
  int64_t integer;
  double number;
  sp_hash_number(op, (uint64_t) taosuv_cell_i64(column, row, &integer));
  sp_hash_number(op, (uint64_t) taosuv_cell_f64(column, row, &number));
  sp_hash_number(op, (uint64_t) taosuv_format_cell(column, row, 3600, text, sizeof text));
  if (taosuv_format_cell(column, row, 0, text, sizeof text) >= 0) sp_hash_text(op, text);
  if (taosuv_is_null(column, row)) return;
  if (column->offsets == NULL) {
    read_typed(op, column, row);
    return;
  }
  const uint8_t* bytes = taosuv_get_bytes(column, row, &length);
  sp_hash(op, bytes, length);
  if (column->type == TAOSUV_TYPE_NCHAR)
    sp_hash(op, utf8, taosuv_nchar_utf8(bytes, length, utf8, sizeof utf8) > 0);
}

void sp_read_block(sp_op_t* op, const taosuv_block_t* block) {
  taosuv_column_t column;
  size_t size;
  taosuv_block_data(block, &size);
  sp_hash_number(op, taosuv_block_rows(block));
  sp_hash_number(op, taosuv_block_columns(block));
  for (uint32_t i = 0; taosuv_block_column(block, i, &column) == 0; i++)
    for (uint32_t row = 0; row < column.rows; row++) read_cell(op, &column, row);
}

/* ---- from call to callback ---- */

sp_op_t* sp_op(sp_run_t* run, const char* name) {
  if (run->nops == SP_OPS) abort();
  sp_op_t* op = &run->ops[run->nops++];
  memset(op, 0, sizeof *op);
  op->name = name;
  op->step = run->step;
  op->req.req.data = run;
  op->hash = 0xCBF29CE484222325u;
  return op;
}

void sp_began(sp_run_t* run, sp_op_t* op, int status) {
  run->progress++;
  if (status == 0) {
    op->accepted = true;
    run->pending++;
    return;
  }
  if (taosuv_is_pending(&op->req.req)) sp_fault(run, "%s: pending after %d", op->name, status);
  op->status = status;
  op->done = true;
  snprintf(op->message, sizeof op->message, "returned by the call");
  sp_next(run);
}

sp_op_t* sp_done(taosuv_req_t* req, int status) {
  sp_run_t* run = req->data;
  sp_op_t* op = (sp_op_t*) (void*) req;
  run->progress++;
  if (!op->accepted || op->done) sp_fault(run, "%s: completed twice", op->name);
  if (req->status != status) sp_fault(run, "%s: another status", op->name);
  if (status < 0 && (req->message == NULL || req->message[0] == 0))
    sp_fault(run, "%s: %s without a message", op->name, taosuv_err_name(status));
  op->done = true;
  op->status = status;
  run->pending--;
  if (status < 0) snprintf(op->message, sizeof op->message, "%s", req->message);
  if (status == TAOSUV_ESERVER && req->server_code == 0)
    sp_fault(run, "%s: refused with the code 0", op->name);
  return op;
}

void sp_next(sp_run_t* run) {
  if (run->phase == 0) run->scene->step(run);
}

/* ---- operations of a client ---- */

static void on_open(taosuv_open_t* req, int status) {
  sp_op_t* op = sp_done((taosuv_req_t*) req, status);
  if (status == 0) sp_hash_text(op, req->version);
  sp_next(req->data);
}

void sp_open(sp_run_t* run) {
  sp_op_t* op = sp_op(run, "open");
  sp_began(run, op, taosuv_open(run->client, &op->req.open, on_open));
}

static void on_exec(taosuv_exec_t* req, int status) {
  sp_op_t* op = sp_done((taosuv_req_t*) req, status);
  sp_hash_number(op, (uint64_t) req->affected_rows);
  sp_next(req->data);
}

void sp_exec(sp_run_t* run, const char* sql) {
  sp_op_t* op = sp_op(run, "exec");
  sp_began(run, op, taosuv_exec(run->client, &op->req.exec, sql, strlen(sql), on_exec));
}

void sp_take_result(sp_run_t* run, sp_op_t* op, int status, taosuv_result_t* result,
                    int64_t affected_rows) {
  taosuv_result_close(run->result);
  run->result = result;
  if (status == 0) sp_hash_number(op, (uint64_t) affected_rows);
  if (result == NULL) return;
  uint32_t count;
  const taosuv_field_t* fields = taosuv_result_fields(result, &count);
  sp_read_fields(op, fields, count);
  sp_hash_number(op, taosuv_result_precision(result));
}

static void on_query(taosuv_query_t* req, int status) {
  sp_run_t* run = req->data;
  sp_op_t* op = sp_done((taosuv_req_t*) req, status);
  if (status < 0 && req->result != NULL) sp_fault(run, "query: a failure with a result");
  sp_take_result(run, op, status, req->result, req->affected_rows);
  sp_next(run);
}

void sp_query(sp_run_t* run, const char* sql) {
  sp_op_t* op = sp_op(run, "query");
  sp_began(run, op, taosuv_query(run->client, &op->req.query, sql, strlen(sql), on_query));
}

static void on_fetch(taosuv_fetch_t* req, int status) {
  sp_run_t* run = req->data;
  sp_op_t* op = sp_done((taosuv_req_t*) req, status);
  if (status == 0 && req->block != NULL) {
    sp_read_block(op, req->block);
  } else {
    if (status < 0 && req->block != NULL) sp_fault(run, "fetch: a failure with a block");
    taosuv_result_close(run->result);
    run->result = NULL;
  }
  sp_next(run);
}

void sp_fetch(sp_run_t* run) {
  if (run->result == NULL) {
    sp_next(run);
    return;
  }
  sp_op_t* op = sp_op(run, "fetch");
  int status = taosuv_fetch(run->result, &op->req.fetch, on_fetch);
  if (status < 0) {
    taosuv_result_close(run->result);
    run->result = NULL;
  }
  sp_began(run, op, status);
}

static void on_ping(taosuv_ping_t* req, int status) {
  sp_done((taosuv_req_t*) req, status);
  sp_next(req->data);
}

void sp_ping(sp_run_t* run) {
  sp_op_t* op = sp_op(run, "ping");
  sp_began(run, op, taosuv_ping(run->client, &op->req.ping, on_ping));
}

static void on_version(taosuv_server_version_t* req, int status) {
  sp_op_t* op = sp_done((taosuv_req_t*) req, status);
  if (status == 0) sp_hash_text(op, req->version);
  sp_next(req->data);
}

void sp_version(sp_run_t* run) {
  sp_op_t* op = sp_op(run, "server_version");
  sp_began(run, op, taosuv_server_version(run->client, &op->req.version, on_version));
}

static void on_status(taosuv_server_status_t* req, int status) {
  sp_op_t* op = sp_done((taosuv_req_t*) req, status);
  if (status == 0) {
    sp_hash_number(op, (uint64_t) req->server_status);
    sp_hash_text(op, req->details);
  }
  sp_next(req->data);
}

void sp_status(sp_run_t* run) {
  sp_op_t* op = sp_op(run, "server_status");
  sp_began(run, op, taosuv_server_status(run->client, &op->req.status, NULL, 0, 0, on_status));
}

static void on_db(taosuv_current_db_t* req, int status) {
  sp_op_t* op = sp_done((taosuv_req_t*) req, status);
  if (status == 0) sp_hash_text(op, req->db);
  sp_next(req->data);
}

void sp_db(sp_run_t* run) {
  sp_op_t* op = sp_op(run, "current_db");
  sp_began(run, op, taosuv_current_db(run->client, &op->req.db, on_db));
}

static void on_lines(taosuv_insert_lines_t* req, int status) {
  sp_op_t* op = sp_done((taosuv_req_t*) req, status);
  sp_hash_number(op, (uint64_t) req->affected_rows);
  sp_hash_number(op, (uint64_t) req->total_rows);
  sp_next(req->data);
}

void sp_lines(sp_run_t* run, int format, const char* text) {
  sp_op_t* op = sp_op(run, "insert_lines");
  uv_buf_t buf = uv_buf_init((char*) (uintptr_t) text, (unsigned) strlen(text));
  op->req.lines.format = format;
  sp_began(run, op, taosuv_insert_lines(run->client, &op->req.lines, &buf, 1, on_lines));
}
