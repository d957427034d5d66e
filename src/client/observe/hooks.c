/* The caller's hooks: when they are called, with what, and what they may not do at once. */
#include "client/core/observe.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/pool/client.h"
#include "client/query/results.h"
#include "client/core/redact.h"
#include "client/core/stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- calling them ---- */

/* While a hook runs the client is in the middle of something: in_hook holds off what would change
 * its requests. */
static void call_trace(taosuv_client_t* client, const taosuv_trace_t* trace) {
  if (client->context.hooks.trace == NULL || client->context.in_hook) return;
  client->context.in_hook = true;
  client->context.hooks.trace(client->context.hooks.data, trace);
  client->context.in_hook = false;
}

static bool logs(const taosuv_client_t* client, int level) {
  return client->context.hooks.log != NULL && level <= client->context.hooks.log_level &&
         !client->context.in_hook;
}

static void call_log(taosuv_client_t* client, int level, const char* text) {
  client->context.in_hook = true;
  client->context.hooks.log(client->context.hooks.data, level, text, strlen(text));
  client->context.in_hook = false;
}

static void on_log(tuv_context_t* context, int level, const char* text) {
  taosuv_client_t* client = tuv_client_of(context);
  char out[512];
  if (!logs(client, level)) return;
  tuv_secrets_t secrets = tuv_secrets_of_context(&client->context);
  tuv_redact_text(&secrets, text, strlen(text), out, sizeof out);
  call_log(client, level, out);
}

static void call_tap(taosuv_client_t* client, const taosuv_tap_t* tap) {
  client->context.in_hook = true;
  client->context.hooks.tap(client->context.hooks.data, tap);
  client->context.in_hook = false;
}

/* ---- requests ---- */

static void on_op(tuv_context_t* context, taosuv_stage_t stage, tuv_op_t* op, const char* host) {
  taosuv_trace_t trace = {.stage = stage,
                          .action = (taosuv_action_t) op->type->action,
                          .req_id = op->id,
                          .req = tuv_op_request(op),
                          .host = host,
                          .time_ns = uv_hrtime()};
  call_trace(tuv_client_of(context), &trace);
}

static void on_completed(tuv_context_t* context, const taosuv_req_t* req) {
  taosuv_client_t* client = tuv_client_of(context);
  const tuv_req_t* priv = (const tuv_req_t*) (const void*) &req->priv;
  uint64_t id = priv->op.id;
  if (priv->op.type->action == TAOSUV_ACTION_FETCH) id = tuv_result_fetch_id(req);
  taosuv_trace_t trace = {.stage = TAOSUV_TRACE_COMPLETED,
                          .action = (taosuv_action_t) priv->op.type->action,
                          .req_id = id,
                          .req = req,
                          .host = req->host,
                          .status = req->status,
                          .server_code = req->server_code,
                          .time_ns = priv->started + req->total_time_ns,
                          .duration_ns = req->total_time_ns};
  call_trace(client, &trace);
  if (req->status >= 0 || !logs(client, TAOSUV_LOG_DEBUG)) return;
  char text[512];
  snprintf(text, sizeof text, "request %" PRIu64 " (%s) to %s failed: %s, server code %d", id,
           taosuv_action_name(priv->op.type->action), req->host == NULL ? "no host" : req->host,
           taosuv_err_name(req->status), req->server_code);
  call_log(client, TAOSUV_LOG_DEBUG, text);
}

/* ---- connections ---- */

static int level_of(taosuv_stage_t stage) {
  if (stage == TAOSUV_TRACE_CONN_FAILED || stage == TAOSUV_TRACE_CONN_LOST) return TAOSUV_LOG_WARN;
  if (stage == TAOSUV_TRACE_CONN_READY || stage == TAOSUV_TRACE_CONN_CLOSED) return TAOSUV_LOG_INFO;
  return TAOSUV_LOG_DEBUG;
}

static void log_conn(taosuv_client_t* client, const tuv_conn_stage_t* stage) {
  const tuv_failure_t* failure = stage->failure;
  int level = level_of(stage->stage);
  if (!logs(client, level)) return;
  const char* name = taosuv_stage_name((int) stage->stage) + strlen("conn_");
  char text[1024];
  if (failure != NULL)
    snprintf(text, sizeof text, "connection to %s %s: %s: %s", stage->host, name,
             taosuv_err_name(failure->status),
             failure->message != NULL ? failure->message : taosuv_strerror(failure->status));
  else
    snprintf(text, sizeof text, "connection to %s %s%s%s", stage->host, name,
             stage->version[0] == 0 ? "" : ", server ", stage->version);
  call_log(client, level, text);
}

static void on_conn(tuv_context_t* context, const tuv_conn_stage_t* stage) {
  const tuv_failure_t* failure = stage->failure;
  taosuv_trace_t trace = {.stage = stage->stage,
                          .action = TAOSUV_ACTION_CONNECT,
                          .host = stage->host,
                          .status = failure == NULL ? 0 : failure->status,
                          .server_code = failure == NULL ? 0 : failure->server_code,
                          .time_ns = stage->time_ns,
                          .duration_ns = stage->duration_ns};
  call_trace(tuv_client_of(context), &trace);
  log_conn(tuv_client_of(context), stage);
}

const char* taosuv_stage_name(int stage) {
  static const char* const requests[] = {"queued", "sent", "answered", "completed"};
  static const char* const conns[] = {"conn_connecting", "conn_upgraded", "conn_ready",
                                      "conn_failed",     "conn_lost",     "conn_closed"};
  if (stage >= TAOSUV_TRACE_QUEUED && stage <= TAOSUV_TRACE_COMPLETED)
    return requests[stage - TAOSUV_TRACE_QUEUED];
  if (stage >= TAOSUV_TRACE_CONN_CONNECTING && stage <= TAOSUV_TRACE_CONN_CLOSED)
    return conns[stage - TAOSUV_TRACE_CONN_CONNECTING];
  return NULL;
}

/* ---- the wire tap ---- */

/* A message of a connection that is not logged in yet: JSON is shown without secrets, all else only
 * when there are none in it. `copy` is to be freed. */
static void tap_login(tuv_conn_t* conn, taosuv_tap_t* tap, char** copy) {
  taosuv_client_t* client = tuv_client_of(conn->context);
  tuv_secrets_t secrets = tuv_secrets_of_context(&client->context);
  bool changed = false, hidden;
  if (tap->opcode == TUV_WS_TEXT) {
    size_t length = 0;
    *copy = tuv_redact_json(&client->context.json, &secrets, tap->bytes, tap->size, &length,
                            &changed);
    hidden = *copy == NULL;
    tap->bytes = *copy;
    tap->size = length;
  } else {
    hidden = tuv_secrets_in(&secrets, tap->bytes, tap->size);
  }
  if (changed) tap->flags |= TAOSUV_TAP_REDACTED;
  if (!hidden) return;
  tap->flags |= TAOSUV_TAP_WITHHELD;
  tap->bytes = NULL;
  tap->size = 0;
}

static void tap_message(tuv_conn_t* conn, bool sent, uint8_t opcode, const void* data,
                        size_t size) {
  taosuv_client_t* client = tuv_client_of(conn->context);
  if (client->context.hooks.tap == NULL || client->context.in_hook) return;
  taosuv_tap_t tap = {
      .sent = sent, .opcode = opcode, .host = tuv_conn_host(conn), .bytes = data, .size = size};
  char* copy = NULL;
  if (data == NULL && size > 0) {
    tap.flags = TAOSUV_TAP_WITHHELD;
    tap.size = 0;
  } else if (!tuv_conn_speaks(conn) ||
             (!client->pool.conns.endpoint->has_login && opcode == TUV_WS_TEXT)) {
    tap_login(conn, &tap, &copy);
  }
  call_tap(client, &tap);
  tuv_free(&client->context.mem->alloc, copy);
}

static void on_tap(void* ws, bool sent, uint8_t opcode, const uint8_t* data, size_t size) {
  tap_message(TUV_CONTAINER(ws, tuv_conn_t, ws), sent, opcode, data, size);
}

static void on_message(tuv_conn_t* conn, bool sent, const void* data, size_t size) {
  tap_message(conn, sent, TUV_WS_TEXT, data, size);
}

/* ---- setting them ---- */

int taosuv_client_set_hooks(taosuv_client_t* client, const taosuv_hooks_t* hooks) {
  if (client == NULL) return TAOSUV_EINVAL;
  if (hooks != NULL && hooks->size <= sizeof hooks->size) return TAOSUV_EINVAL;
  memset(&client->context.hooks, 0, sizeof client->context.hooks);
  if (hooks != NULL)
    memcpy(&client->context.hooks, hooks,
           hooks->size < sizeof client->context.hooks ? hooks->size : sizeof client->context.hooks);
  const taosuv_hooks_t* set = &client->context.hooks;
  bool hooked = set->trace != NULL || set->log != NULL;
  client->context.observer = (tuv_observer_t) {.op = set->trace != NULL ? on_op : NULL,
                                               .completed = hooked ? on_completed : NULL,
                                               .conn = hooked ? on_conn : NULL,
                                               .message = set->tap != NULL ? on_message : NULL,
                                               .log = set->log != NULL ? on_log : NULL};
  client->context.shared.tap = client->context.hooks.tap != NULL ? on_tap : NULL;
  return 0;
}
