/* Binary messages: a header of 24 bytes, then what their action wants. */
#include <stdio.h>
#include <string.h>

#include "server.h"

enum { ACTION_QUERY = 6, ACTION_FETCH_RAW_BLOCK = 7, ACTION_VALIDATE_SQL = 10 };

typedef struct binary_s {
  ts_request_t request; /* first: handlers get a pointer to it */
  const uint8_t* data;
  size_t size;
  uint64_t action;
} binary_t;

static const char* action_name(const ts_server_t* server, uint64_t action) {
  bool raw = ts_server_has(server, 3, 3, 0, 7);
  if (action == ACTION_QUERY && raw) return "binary_query";
  if (action == ACTION_FETCH_RAW_BLOCK && raw) return "fetch_raw_block";
  if (action == ACTION_VALIDATE_SQL && ts_server_has(server, 3, 3, 6, 0)) return "validate_sql";
  return "unknown";
}

/* Finds the SQL, which is what rules ask for; bad messages have none. */
static void find_sql(binary_t* binary) {
  if (binary->action == ACTION_FETCH_RAW_BLOCK || binary->size < 31) return;
  size_t size = ts_get_u32(binary->data + 26);
  if (size > binary->size - 30) return;
  binary->request.sql = (const char*)binary->data + 30;
  binary->request.sql_size = size;
}

static bool check_sql(binary_t* binary) {
  ts_request_t* request = &binary->request;
  if (binary->size < 31) {
    ts_reply_error(request, TS_E_INTERNAL, "message length is too short");
    return false;
  }
  unsigned version = ts_get_u16(binary->data + 24);
  if (version != 1) {
    ts_reply_error(request, TS_E_INTERNAL, "unknown binary query version:%u", version);
    return false;
  }
  if (request->sql == NULL) {
    ts_reply_error(request, TS_E_INTERNAL,
                   "uncompleted message, sql length:%u, remainMessageLength:%zu",
                   ts_get_u32(binary->data + 26), binary->size - 30);
    return false;
  }
  return true;
}

static void validate(ts_request_t* request) {
  ts_outcome_t outcome;
  ts_error_t error;
  ts_session_t* session = request->session;
  int status = ts_sql_run(session->server->store, &session->env, request->sql,
                          request->sql_size, true, &outcome, &error);
  ts_buf_t* out = ts_reply_begin(request);
  long long code = status == 0 ? 0 : (long long)(int32_t)(0x80000000u | (uint32_t)status);
  ts_buf_format(out, ",\"result_code\":%lld", code);
  ts_reply_end(request);
}

static void fetch(binary_t* binary) {
  ts_request_t* request = &binary->request;
  request->binary_reply = true;
  if (binary->size < 26) {
    ts_reply_error(request, TS_E_INTERNAL, "message length is too short");
  } else if (ts_get_u16(binary->data + 24) != 1) {
    ts_reply_error(request, TS_E_INTERNAL, "unknown fetch raw block version");
  } else {
    ts_request_fetch_raw(request);
  }
}

static void handle(ts_request_t* request) {
  binary_t* binary = (binary_t*)request;
  if (!request->session->connected) {
    ts_reply_error(request, TS_E_INTERNAL, "server not connected");
  } else if (strcmp(request->action, "unknown") == 0) {
    ts_reply_error(request, TS_E_INTERNAL, "unknown binary action %llu",
                   (unsigned long long)binary->action);
  } else if (binary->action == ACTION_FETCH_RAW_BLOCK) {
    fetch(binary);
  } else if (check_sql(binary)) {
    if (binary->action == ACTION_QUERY) {
      ts_request_query(request);
    } else {
      validate(request);
    }
  }
}

void ts_binary_message(ts_session_t* session, const uint8_t* data, size_t size,
                       ts_rule_entry_t* applied) {
  if (size < 24) { /* the real gateway crashes or reads foreign memory */
    ts_conn_cut(session->conn);
    return;
  }
  binary_t binary = {.request = {.session = session,
                                 .started = uv_hrtime(),
                                 .req_id = ts_get_u64(data),
                                 .id = ts_get_u64(data + 8)},
                     .data = data,
                     .size = size,
                     .action = ts_get_u64(data + 16)};
  binary.request.action = action_name(session->server, binary.action);
  binary.request.binary_reply = session->connected &&
                                strcmp(binary.request.action, "fetch_raw_block") == 0;
  find_sql(&binary);
  ts_session_dispatch(&binary.request, handle, applied, data, size, true);
}
