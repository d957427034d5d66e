/* Queries and the results that they open: run, kept by id, fetched in both ways. */
#include <stdlib.h>
#include <string.h>

#include "action/query.h"
#include "session/reply.h"
#include "session/request.h"
#include "session/rest.h"
#include "sql/sql.h"

ts_cursor_t* ts_session_cursor(ts_session_t* session, uint64_t id) {
  ts_cursor_t* cursor = session->results[id % TS_RESULT_BUCKETS];
  while (cursor != NULL && cursor->id != id) cursor = cursor->next;
  return cursor;
}

void ts_session_free_result(ts_session_t* session, uint64_t id) {
  ts_cursor_t** at = &session->results[id % TS_RESULT_BUCKETS];
  while (*at != NULL && (*at)->id != id) at = &(*at)->next;
  if (*at == NULL) return;
  ts_cursor_t* cursor = *at;
  *at = cursor->next;
  ts_result_unref(cursor->result);
  free(cursor);
  session->server->results_open--;
}

/* ---- queries ---- */

static void reply_update(ts_request_t* request, int64_t affected_rows) {
  if (request->http) {
    ts_rest_update(request, affected_rows);
    return;
  }
  ts_buf_t* out = ts_reply_begin(request);
  ts_buf_text(out, ",\"id\":0,\"is_update\":true,\"affected_rows\":");
  ts_buf_decimal(out, (uint64_t) affected_rows);
  ts_buf_text(out,
              ",\"fields_count\":0,\"fields_names\":null,\"fields_types\":null,"
              "\"fields_lengths\":null,\"precision\":0");
  if (ts_server_has(request->session->server, 3, 3, 6, 0))
    ts_buf_text(out, ",\"fields_precisions\":null,\"fields_scales\":null");
  ts_reply_end(request);
}

ts_cursor_t* ts_session_open_result(ts_session_t* session, ts_result_t* result) {
  ts_cursor_t* cursor = ts_calloc(1, sizeof *cursor);
  cursor->id = ++session->next_result;
  cursor->result = ts_result_ref(result);
  ts_cursor_t** bucket = &session->results[cursor->id % TS_RESULT_BUCKETS];
  cursor->next = *bucket;
  *bucket = cursor;
  session->server->results_open++;
  return cursor;
}

void ts_request_result(ts_request_t* request, ts_result_t* result) {
  const ts_server_t* server = request->session->server;
  if (request->http) {
    ts_rest_result(request, result);
    return;
  }
  const ts_cursor_t* cursor = ts_session_open_result(request->session, result);
  ts_buf_t* out = ts_reply_begin(request);
  ts_buf_text(out, ",\"id\":");
  ts_buf_decimal(out, cursor->id);
  ts_buf_text(out, ",\"is_update\":false,\"affected_rows\":0,");
  const ts_blob_t* meta = ts_result_meta(result, ts_server_html(server),
                                         ts_server_has(server, 3, 3, 6, 0));
  ts_buf_add(out, meta->data, meta->size - 1); /* its brace is written by the next call */
  ts_reply_end(request);
}

void ts_request_query(ts_request_t* request) {
  ts_session_t* session = request->session;
  ts_server_t* server = session->server;
  ts_result_t* cached = ts_server_cached(server, request->sql, request->sql_size);
  if (cached != NULL) {
    ts_request_result(request, cached);
    return;
  }
  ts_outcome_t outcome;
  ts_error_t error;
  int status = ts_sql_run(server->store, &session->env, request->sql, request->sql_size, false,
                          &outcome, &error);
  if (status != 0) {
    ts_reply_error(request, error.code, "%s", error.text);
  } else if (outcome.result == NULL) {
    reply_update(request, outcome.affected_rows);
  } else {
    if (outcome.constant) ts_server_cache(server, request->sql, request->sql_size, outcome.result);
    ts_request_result(request, outcome.result);
    ts_result_unref(outcome.result);
  }
}

/* ---- fetches ---- */

#define DATA_HEAD 55u
#define END_HEAD 51u

/* The head of a fetch_raw_block reply; with `block`, its length too. Returns its size. */
static size_t raw_head(const ts_request_t* request, const ts_blob_t* block,
                       uint8_t head[DATA_HEAD]) {
  ts_raw_reply_head(request, 7, head);
  head[50] = block == NULL;
  if (block == NULL) return END_HEAD;
  ts_put_u32(head + 51, (uint32_t) block->size);
  return DATA_HEAD;
}

void ts_request_block(ts_request_t* request, ts_blob_t* block) {
  uint8_t head[DATA_HEAD];
  size_t size;
  if (strcmp(request->action, "fetch_block") == 0) {
    ts_put_u64(head, ts_request_timing(request));
    ts_put_u64(head + 8, request->of_message ? request->req_id : request->id);
    ts_put_u64(head + 16, request->id); /* of a consumer's message */
    size = request->of_message ? 24 : 16;
  } else {
    size = raw_head(request, block, head);
  }
  ts_conn_binary(request->session->conn, head, size, block);
}

void ts_request_fetch_raw(ts_request_t* request) {
  ts_cursor_t* cursor = ts_session_cursor(request->session, request->id);
  if (cursor == NULL) {
    ts_reply_error(request, TS_E_INTERNAL, "result is nil");
    return;
  }
  if (cursor->silent) return;
  ts_blob_t* block = ts_result_block(cursor->result, cursor->index++);
  ts_request_block(request, block);
  if (block == NULL) ts_session_free_result(request->session, request->id);
}

static void put_lengths(ts_buf_t* out, const ts_result_t* result) {
  ts_buf_text(out, "[");
  for (uint32_t i = 0; i < result->nfields; i++) {
    if (i > 0) ts_buf_text(out, ",");
    ts_buf_decimal(out, ts_type_storage(result->fields[i].type));
  }
  ts_buf_text(out, "]");
}

void ts_request_fetch(ts_request_t* request) {
  ts_cursor_t* cursor = ts_session_cursor(request->session, request->id);
  if (cursor == NULL) {
    ts_reply_error(request, TS_E_INTERNAL, "result is nil");
    return;
  }
  if (cursor->silent) return;
  cursor->current = ts_result_block(cursor->result, cursor->index++);
  ts_buf_t* out = ts_reply_begin(request);
  ts_buf_text(out, ",\"id\":");
  ts_buf_decimal(out, request->id);
  if (cursor->current == NULL) {
    ts_buf_text(out, ",\"completed\":true,\"lengths\":null,\"rows\":0");
    ts_session_free_result(request->session, request->id);
  } else {
    ts_buf_text(out, ",\"completed\":false,\"lengths\":");
    put_lengths(out, cursor->result);
    ts_buf_text(out, ",\"rows\":");
    ts_buf_decimal(out, ts_block_rows(cursor->current));
  }
  ts_reply_end(request);
}

void ts_request_fetch_block(ts_request_t* request) {
  const ts_cursor_t* cursor = ts_session_cursor(request->session, request->id);
  if (cursor == NULL) {
    ts_reply_error(request, TS_E_INTERNAL, "result is nil");
  } else if (cursor->current == NULL) {
    ts_reply_error(request, TS_E_INTERNAL, "block is nil");
  } else {
    ts_request_block(request, cursor->current);
  }
}
