/* Binary messages: a header of 24 bytes, then what their action wants. */
#include <stdio.h>
#include <string.h>

#include "action/dispatch.h"
#include "action/query.h"
#include "action/stmt.h"
#include "action/write.h"
#include "gateway/message.h"
#include "session/reply.h"
#include "sql/sql.h"

enum {
  ACTION_SET_TAGS = 1,
  ACTION_BIND = 2,
  ACTION_WRITE_RAW = 3,
  ACTION_WRITE_BLOCK = 4,
  ACTION_WRITE_BLOCK_FIELDS = 5,
  ACTION_QUERY = 6,
  ACTION_FETCH_RAW_BLOCK = 7,
  ACTION_STMT2_BIND = 9,
  ACTION_VALIDATE_SQL = 10,
  ACTION_STMT2_BIND_EXEC = 11
};

typedef struct binary_s {
  ts_request_t request; /* first: handlers get a pointer to it */
  const uint8_t* data;
  size_t size;
  uint64_t action;
} binary_t;

static const struct {
  uint64_t action;
  const char* name;
  uint8_t since[4];
} names[] = {
    {ACTION_SET_TAGS, "set_tags", {0}},
    {ACTION_BIND, "bind", {0}},
    {ACTION_WRITE_RAW, "write_raw", {0}},
    {ACTION_WRITE_BLOCK, "write_raw_block", {0}},
    {ACTION_WRITE_BLOCK_FIELDS, "write_raw_block_with_fields", {3, 0, 5, 0}},
    {ACTION_QUERY, "binary_query", {3, 3, 0, 7}},
    {ACTION_FETCH_RAW_BLOCK, "fetch_raw_block", {3, 3, 0, 7}},
    {ACTION_STMT2_BIND, "stmt2_bind", {3, 3, 3, 0}},
    {ACTION_VALIDATE_SQL, "validate_sql", {3, 3, 6, 0}},
    {ACTION_STMT2_BIND_EXEC, "stmt2_bind_exec", {3, 4, 1, 13}},
};

static const char* action_name(const ts_server_t* server, uint64_t action) {
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const uint8_t* since = names[i].since;
    if (names[i].action == action && ts_server_has(server, since[0], since[1], since[2], since[3]))
      return names[i].name;
  }
  return "unknown";
}

static bool is_stmt(uint64_t action) {
  return action == ACTION_SET_TAGS || action == ACTION_BIND || action == ACTION_STMT2_BIND ||
         action == ACTION_STMT2_BIND_EXEC;
}

static bool is_write(uint64_t action) {
  return action >= ACTION_WRITE_RAW && action <= ACTION_WRITE_BLOCK_FIELDS;
}

/* Finds the SQL, which is what rules ask for; bad messages have none. */
static void find_sql(binary_t* binary) {
  ts_request_t* request = &binary->request;
  if (is_stmt(binary->action)) {
    const ts_stmt_t* stmt = ts_session_stmt(request->session, request->stmt_id);
    request->sql = stmt != NULL ? stmt->text : NULL;
    request->sql_size = request->sql != NULL ? stmt->text_size : 0;
    return;
  }
  if (binary->action == ACTION_FETCH_RAW_BLOCK || is_write(binary->action)) return;
  if (binary->size < 31) return;
  size_t size = ts_get_u32(binary->data + 26);
  if (size > binary->size - 30) return;
  request->sql = (const char*) binary->data + 30;
  request->sql_size = size;
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
  int status = ts_sql_run(session->server->store, &session->env, request->sql, request->sql_size,
                          true, &outcome, &error);
  ts_buf_t* out = ts_reply_begin(request);
  long long code = status == 0 ? 0 : (long long) (int32_t) (0x80000000u | (uint32_t) status);
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

static void handle_stmt(binary_t* binary) {
  ts_request_t* request = &binary->request;
  switch (binary->action) {
    case ACTION_SET_TAGS: ts_stmt1_block_tags(request, binary->data + 24, binary->size - 24); break;
    case ACTION_BIND: ts_stmt1_block_bind(request, binary->data + 24, binary->size - 24); break;
    case ACTION_STMT2_BIND: ts_stmt2_bind(request, binary->data, binary->size); break;
    default: ts_stmt2_bind_exec(request, binary->data, binary->size); break;
  }
}

static void handle_write(binary_t* binary) {
  ts_request_t* request = &binary->request;
  const uint8_t* data = binary->data + 24;
  size_t size = binary->size - 24;
  bool ok = binary->action == ACTION_WRITE_RAW
                ? ts_request_write_raw(request, data, size)
                : ts_request_write_block(request, data, size,
                                         binary->action == ACTION_WRITE_BLOCK_FIELDS);
  if (!ok) ts_session_poison(request->session);
}

static void handle(ts_request_t* request) {
  binary_t* binary = (binary_t*) request;
  if (!request->session->connected) {
    ts_reply_error(request, TS_E_INTERNAL, "server not connected");
  } else if (strcmp(request->action, "unknown") == 0) {
    ts_reply_error(request, TS_E_INTERNAL, "unknown binary action %llu",
                   (unsigned long long) binary->action);
  } else if (binary->action == ACTION_FETCH_RAW_BLOCK) {
    fetch(binary);
  } else if (is_stmt(binary->action)) {
    handle_stmt(binary);
  } else if (is_write(binary->action)) {
    handle_write(binary);
  } else if (check_sql(binary)) {
    if (binary->action == ACTION_QUERY) {
      ts_request_query(request);
    } else {
      validate(request);
    }
  }
}

/* Whether a legacy endpoint knows it; otherwise it says nothing. */
static bool is_known(const ts_session_t* session, const binary_t* binary) {
  if (session->endpoint == TS_ENDPOINT_QUERY) return is_write(binary->action);
  return session->endpoint == TS_ENDPOINT_STMT &&
         (binary->action == ACTION_SET_TAGS || binary->action == ACTION_BIND);
}

void ts_binary_message(ts_session_t* session, const uint8_t* data, size_t size,
                       ts_rule_entry_t* applied) {
  if (size < 24) { /* the real gateway crashes or reads beyond its memory */
    ts_session_poison(session);
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
  if (is_stmt(binary.action)) {
    binary.request.stmt_id = binary.request.id;
    binary.request.stmt_reply = session->connected && strcmp(binary.request.action, "unknown") != 0;
  }
  if (ts_session_is_legacy(session) && !is_known(session, &binary)) {
    ts_server_count(session->server, "unanswered");
    return;
  }
  find_sql(&binary);
  ts_session_dispatch(&binary.request, handle, applied, data, size, true);
}
