/* The part of the torture session that uses statements. */
#include "session_private.h"

static const char insert_sql[] = "insert into ? using torture.dt tags(?) values(?,?,?,?)";
static const char first_sql[] = "insert into ? using torture.dt tags(?) (ts, v, n) values(?,?,?)";
static const char select_sql[] = "select * from torture.dt where v >= ?";

/* Each of these calls may fail for lack of memory, or because a faulty server reports other fields.
 * It then changes nothing. */
static int bind_batch(session_t* session, int64_t at) {
  static const char* const names[] = {"torture.d1", "torture.d2"};
  taosuv_stmt_t* stmt = session->insert;
  int32_t v[] = {1, 2, 3};
  int64_t ts[] = {at, at + 1, at + 2};
  uint8_t nulls[] = {0, 0, 1};
  static const uint32_t offsets[] = {0, 2, 5, 5}, prices[] = {0, 2, 6, 6};
  int status = 0;
  for (int i = 0; i < 2 && status == 0; i++) {
    taosuv_value_t tag = taosuv_i64(i);
    taosuv_array_t columns[] = {
        {.type = TAOSUV_TYPE_TIMESTAMP, .values = ts},
        {.type = TAOSUV_TYPE_INT, .values = v},
        {.type = TAOSUV_TYPE_NCHAR, .values = "ab\xe6\xb6\x9b", .offsets = offsets, .nulls = nulls},
        {.type = TAOSUV_TYPE_VARCHAR, .values = "1.-2.5", .offsets = prices, .nulls = nulls}};
    status = taosuv_bind_table(stmt, names[i], TAOSUV_NUL_TERMINATED);
    if (status == 0) status = taosuv_bind_tags(stmt, &tag, 1);
    if (status == 0) status = taosuv_bind_columns(stmt, 3, columns, session->decimals ? 4 : 3);
  }
  if (status < 0) taosuv_bind_clear(stmt);
  return status;
}

static void close_select(session_t* session) {
  taosuv_stmt_close(session->select);
  session->select = NULL;
  session_next_step(session); /* there is none */
}

static void on_selected(taosuv_stmt_exec_t* req, int status) {
  session_t* session = session_completed((taosuv_req_t*) req, status);
  if (status < 0) {
    assert_null(req->result);
    close_select(session);
    return;
  }
  any_t* call = session_next_call(session);
  taosuv_stmt_close(session->select); /* its result stays */
  session->select = NULL;
  status = taosuv_fetch(req->result, &call->fetch, session_on_block);
  if (status < 0) taosuv_result_close(req->result);
  session_began(session, call, status);
}

static void on_select_prepared(taosuv_stmt_prepare_t* req, int status) {
  session_t* session = session_completed((taosuv_req_t*) req, status);
  session->select = req->stmt;
  if (status < 0) {
    assert_null(req->stmt);
    session_next_step(session);
    return;
  }
  taosuv_value_t param = taosuv_i64(1);
  status = taosuv_bind_row(session->select, &param, 1);
  any_t* call = NULL;
  if (status == 0) {
    call = session_next_call(session);
    status = taosuv_stmt_exec(session->select, &call->stmt, on_selected);
  }
  if (status == 0) {
    session_began(session, call, 0);
    return;
  }
  session_note(session, status);
  close_select(session);
}

static void begin_select(session_t* session) {
  any_t* call = session_next_call(session);
  int status = taosuv_stmt_prepare(session->client, &call->prepare, select_sql,
                                   TAOSUV_NUL_TERMINATED, on_select_prepared);
  session_began(session, call, status);
}

static void end_insert(session_t* session) {
  taosuv_stmt_close(session->insert);
  session->insert = NULL;
  begin_select(session);
}

static void on_inserted(taosuv_stmt_exec_t* req, int status) {
  session_t* session = session_completed((taosuv_req_t*) req, status);
  assert_null(req->result);
  if (status == 0 && !session->any_status) assert_int_equal(req->affected_rows, 6);
  if (--session->batches == 0) end_insert(session);
}

static void on_insert_prepared(taosuv_stmt_prepare_t* req, int status) {
  session_t* session = session_completed((taosuv_req_t*) req, status);
  session->insert = req->stmt;
  if (status < 0) {
    assert_null(req->stmt);
    begin_select(session);
    return;
  }
  for (int i = 0; i < 2; i++) {
    status = bind_batch(session, 1700000000000 + i);
    any_t* call = session_next_call(session);
    if (status == 0) status = taosuv_stmt_exec(session->insert, &call->stmt, on_inserted);
    if (status == 0) {
      session_began(session, call, 0);
      session->batches++;
    } else {
      session_note(session, status);
      taosuv_bind_clear(session->insert);
    }
  }
  if (session->batches == 0) end_insert(session);
}

void session_stmt(session_t* session) {
  any_t* call = session_next_call(session);
  int status = taosuv_stmt_prepare(session->client, &call->prepare,
                                   session->decimals ? insert_sql : first_sql,
                                   TAOSUV_NUL_TERMINATED, on_insert_prepared);
  if (status == 0) {
    session_began(session, call, 0);
    return;
  }
  session_note(session, status);
  begin_select(session);
}
