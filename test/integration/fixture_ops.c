/* The operations of integration tests: counted from call to callback, one by one or in one go. */
#include "fixture.h"

/* Longer than any operation of a test may take; what hangs fails instead. */
#define WATCHDOG_MS 60000u

static void copy(char* to, size_t size, const char* from) {
  snprintf(to, size, "%s", from != NULL ? from : "");
}

static void completed(taosuv_req_t* req, int status) {
  it_op_t* op = req->data;
  op->completed++;
  op->it->completed++;
  copy(op->message, sizeof op->message, req->message);
  copy(op->host, sizeof op->host, req->host);
  assert_int_equal(req->status, status);
  assert_false(taosuv_is_pending(req));
  if (status < 0) assert_non_null(req->message);
  if (op->then != NULL) op->then(op);
}

static void begin(it_t* it, it_op_t* op) {
  op->it = it;
  op->req.data = op;
}

static int began(it_op_t* op, int started) {
  if (started != 0) return started;
  op->accepted++;
  op->it->accepted++;
  return 0;
}

static void on_open(taosuv_open_t* req, int status) {
  completed((taosuv_req_t*) req, status);
}

int it_open(it_t* it, taosuv_client_t* client, it_op_t* op) {
  begin(it, op);
  return began(op, taosuv_open(client, &op->open, on_open));
}

static void on_exec(taosuv_exec_t* req, int status) {
  completed((taosuv_req_t*) req, status);
}

int it_exec_sized(it_t* it, taosuv_client_t* client, it_op_t* op, const char* sql, size_t size) {
  begin(it, op);
  return began(op, taosuv_exec(client, &op->exec, sql, size, on_exec));
}

int it_exec(it_t* it, taosuv_client_t* client, it_op_t* op, const char* sql) {
  return it_exec_sized(it, client, op, sql, TAOSUV_NUL_TERMINATED);
}

static void on_query(taosuv_query_t* req, int status) {
  if (status < 0) assert_null(req->result);
  completed((taosuv_req_t*) req, status);
}

int it_query(it_t* it, taosuv_client_t* client, it_op_t* op, const char* sql) {
  begin(it, op);
  return began(op, taosuv_query(client, &op->query, sql, TAOSUV_NUL_TERMINATED, on_query));
}

static void on_fetch(taosuv_fetch_t* req, int status) {
  it_op_t* op = req->data;
  if (status < 0) assert_null(req->block);
  if (req->block != NULL) op->block = taosuv_block_ref(req->block);
  completed((taosuv_req_t*) req, status);
}

int it_fetch(it_t* it, taosuv_result_t* result, it_op_t* op) {
  begin(it, op);
  return began(op, taosuv_fetch(result, &op->fetch, on_fetch));
}

static void on_lines(taosuv_insert_lines_t* req, int status) {
  completed((taosuv_req_t*) req, status);
}

int it_lines(it_t* it, taosuv_client_t* client, it_op_t* op, const uv_buf_t* text,
             unsigned int count) {
  begin(it, op);
  return began(op, taosuv_insert_lines(client, &op->lines, text, count, on_lines));
}

int it_line(it_t* it, taosuv_client_t* client, it_op_t* op, const char* text) {
  uv_buf_t buf = uv_buf_init((char*) (uintptr_t) text, (unsigned int) strlen(text));
  return it_lines(it, client, op, &buf, 1);
}

static void on_ping(taosuv_ping_t* req, int status) {
  completed((taosuv_req_t*) req, status);
}

int it_ping(it_t* it, taosuv_client_t* client, it_op_t* op) {
  begin(it, op);
  return began(op, taosuv_ping(client, &op->ping, on_ping));
}

static void on_version(taosuv_server_version_t* req, int status) {
  completed((taosuv_req_t*) req, status);
}

int it_version(it_t* it, taosuv_client_t* client, it_op_t* op) {
  begin(it, op);
  return began(op, taosuv_server_version(client, &op->version, on_version));
}

static void on_status(taosuv_server_status_t* req, int status) {
  it_op_t* op = req->data;
  copy(op->text, sizeof op->text, req->details);
  completed((taosuv_req_t*) req, status);
}

int it_status(it_t* it, taosuv_client_t* client, it_op_t* op, const char* fqdn, int port) {
  begin(it, op);
  return began(op, taosuv_server_status(client, &op->server_status, fqdn, TAOSUV_NUL_TERMINATED,
                                        port, on_status));
}

static void on_current_db(taosuv_current_db_t* req, int status) {
  it_op_t* op = req->data;
  copy(op->text, sizeof op->text, req->db);
  completed((taosuv_req_t*) req, status);
}

int it_current_db(it_t* it, taosuv_client_t* client, it_op_t* op) {
  begin(it, op);
  return began(op, taosuv_current_db(client, &op->current_db, on_current_db));
}

static void on_prepare(taosuv_stmt_prepare_t* req, int status) {
  completed((taosuv_req_t*) req, status);
}

int it_prepare(it_t* it, taosuv_client_t* client, it_op_t* op, const char* sql) {
  it_needs_ws(it, "statements");
  begin(it, op);
  return began(op,
               taosuv_stmt_prepare(client, &op->prepare, sql, TAOSUV_NUL_TERMINATED, on_prepare));
}

int it_reprepare(it_t* it, taosuv_stmt_t* stmt, it_op_t* op, const char* sql) {
  begin(it, op);
  return began(op,
               taosuv_stmt_reprepare(stmt, &op->prepare, sql, TAOSUV_NUL_TERMINATED, on_prepare));
}

static void on_stmt_exec(taosuv_stmt_exec_t* req, int status) {
  if (status < 0) assert_null(req->result);
  completed((taosuv_req_t*) req, status);
}

int it_stmt_exec(it_t* it, taosuv_stmt_t* stmt, it_op_t* op) {
  begin(it, op);
  return began(op, taosuv_stmt_exec(stmt, &op->stmt_exec, on_stmt_exec));
}

static bool is_complete(void* data) {
  const it_op_t* op = data;
  return op->completed == op->accepted;
}

int it_wait(it_op_t* op) {
  if (!it_until(op->it, is_complete, op, WATCHDOG_MS)) fail_msg("an operation did not complete");
  return op->req.status;
}

int it_end(int started, it_op_t* op) {
  assert_int_equal(started, 0);
  return it_wait(op);
}

void it_done(it_op_t* op) {
  taosuv_block_unref(op->block);
  op->block = NULL;
}

/* ---- in one go ---- */

static void must(int status, const it_op_t* op, const char* what) {
  if (status != 0) fail_msg("%s: %s: %s", what, taosuv_err_name(status), op->message);
}

/* A real server is still at something that has been answered: a change (979), or consumers that
 * come and go, meanwhile nothing that they read can be dropped (1003 to 1005, 1007). */
static bool is_busy(const it_t* it, int code) {
  return it->server == NULL &&
         (code == 0x03D3 || (code >= 0x03EB && code <= 0x03ED) || code == 0x03EF);
}

void it_ok(it_t* it, taosuv_client_t* client, const char* format, ...) {
  it_op_t op = {0};
  char sql[8192];
  va_list args;
  va_start(args, format);
  int size = vsnprintf(sql, sizeof sql, format, args);
  va_end(args);
  assert_in_range(size, 1, sizeof sql - 1);
  uint64_t since = it_ms();
  int status = it_end(it_exec(it, client, &op, sql), &op);
  while (is_busy(it, op.req.server_code) && it_ms() - since < WATCHDOG_MS) {
    it_run(it, 500);
    status = it_end(it_exec(it, client, &op, sql), &op);
  }
  must(status, &op, sql);
}

taosuv_result_t* it_rows(it_t* it, taosuv_client_t* client, const char* sql) {
  it_op_t op = {0};
  must(it_end(it_query(it, client, &op, sql), &op), &op, sql);
  assert_non_null(op.query.result);
  return op.query.result;
}

taosuv_stmt_t* it_stmt(it_t* it, taosuv_client_t* client, const char* sql) {
  it_op_t op = {0};
  must(it_end(it_prepare(it, client, &op, sql), &op), &op, sql);
  assert_non_null(op.prepare.stmt);
  return op.prepare.stmt;
}

int64_t it_executed(it_t* it, taosuv_stmt_t* stmt) {
  it_op_t op = {0};
  int started = it_stmt_exec(it, stmt, &op);
  if (started < 0) fail_msg("%s: %s", taosuv_err_name(started), taosuv_stmt_message(stmt));
  must(it_wait(&op), &op, "exec");
  assert_ptr_equal(op.stmt_exec.stmt, stmt);
  return op.stmt_exec.affected_rows;
}

taosuv_block_t* it_block(it_t* it, taosuv_result_t* result) {
  it_op_t op = {0};
  must(it_end(it_fetch(it, result, &op), &op), &op, "fetch");
  assert_ptr_equal(op.fetch.result, result);
  return op.block;
}

uint64_t it_drain(it_t* it, taosuv_result_t* result) {
  uint64_t rows = 0;
  taosuv_block_t* block;
  while ((block = it_block(it, result)) != NULL) {
    rows += taosuv_block_rows(block);
    taosuv_block_unref(block);
  }
  return rows;
}

int64_t it_number(it_t* it, taosuv_client_t* client, const char* sql) {
  int64_t number = 0;
  taosuv_column_t column;
  taosuv_result_t* result = it_rows(it, client, sql);
  taosuv_block_t* block = it_block(it, result);
  assert_non_null(block);
  assert_int_equal(taosuv_block_rows(block), 1);
  assert_int_equal(taosuv_block_columns(block), 1);
  assert_int_equal(taosuv_block_column(block, 0, &column), 0);
  assert_int_equal(taosuv_cell_i64(&column, 0, &number), 0);
  taosuv_block_unref(block);
  taosuv_result_close(result);
  return number;
}

void it_usable(it_t* it, taosuv_client_t* client) {
  assert_int_equal(it_number(it, client, "select 1"), 1);
}
