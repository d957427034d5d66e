/* The caller's hooks: when they are called, with what, and what they may not do at once. */
#include "client/core/failure.h"
#include "client/core/req.h"
#include "client/conn/conn.h"
#include "client/pool/client.h"
#include "client/query/results.h"
#include "client/observe/hooks.h"
#include "client/observe/redact.h"
#include "client/observe/stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- calling them ---- */

/* While a hook runs the client is in the middle of something: in_hook holds off what would change
 * its requests. */
static void call_trace(taosuv_client_t* client, const taosuv_trace_t* trace) {
  if (client->hooks.trace == NULL || client->context.in_hook) return;
  client->context.in_hook = true;
  client->hooks.trace(client->hooks.data, trace);
  client->context.in_hook = false;
}

static bool logs(const taosuv_client_t* client, int level) {
  return client->hooks.log != NULL && level <= client->hooks.log_level && !client->context.in_hook;
}

static void call_log(taosuv_client_t* client, int level, const char* text) {
  client->context.in_hook = true;
  client->hooks.log(client->hooks.data, level, text, strlen(text));
  client->context.in_hook = false;
}

void tuv_hooks_log(taosuv_client_t* client, int level, const char* text) {
  char out[512];
  if (!logs(client, level)) return;
  tuv_secrets_t secrets = tuv_secrets_of(&client->context.url, client->path, client->totp,
                                         client->authorization);
  tuv_redact_text(&secrets, text, strlen(text), out, sizeof out);
  call_log(client, level, out);
}

static void call_tap(taosuv_client_t* client, const taosuv_tap_t* tap) {
  client->context.in_hook = true;
  client->hooks.tap(client->hooks.data, tap);
  client->context.in_hook = false;
}

/* ---- requests ---- */

void tuv_hooks_op(taosuv_client_t* client, taosuv_stage_t stage, tuv_op_t* op,
                  const tuv_conn_t* conn) {
  taosuv_trace_t trace = {.stage = stage,
                          .action = (taosuv_action_t) op->type->action,
                          .req_id = op->id,
                          .host = conn == NULL ? NULL : tuv_conn_host(conn),
                          .time_ns = uv_hrtime()};
  if (op->type->is_request) trace.req = tuv_req_of_op(op);
  call_trace(client, &trace);
}

void tuv_hooks_completed(taosuv_client_t* client, const taosuv_req_t* req) {
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

static void count_conn(const tuv_conn_t* conn, taosuv_stage_t stage, uint64_t ns) {
  taosuv_client_t* client = conn->client;
  tuv_totals_t* totals = &client->totals;
  tuv_stats_t* stats = client->stats;
  bool host = stats != NULL && conn->host < stats->nhosts;
  if (stage == TAOSUV_TRACE_CONN_READY) {
    if (totals->not_replaced > 0) {
      totals->not_replaced--;
      totals->reconnects++;
    }
    if (stats != NULL) tuv_stats_completed(stats, TAOSUV_ACTION_CONNECT, ns, 0);
    if (host) stats->hosts[conn->host].connects++;
  } else if (stage == TAOSUV_TRACE_CONN_FAILED) {
    totals->connects_failed++;
    if (host) stats->hosts[conn->host].failed++;
  } else if (stage == TAOSUV_TRACE_CONN_LOST) {
    totals->lost++;
    totals->not_replaced++;
    if (host) stats->hosts[conn->host].lost++;
  }
}

static int level_of(taosuv_stage_t stage) {
  if (stage == TAOSUV_TRACE_CONN_FAILED || stage == TAOSUV_TRACE_CONN_LOST) return TAOSUV_LOG_WARN;
  if (stage == TAOSUV_TRACE_CONN_READY || stage == TAOSUV_TRACE_CONN_CLOSED) return TAOSUV_LOG_INFO;
  return TAOSUV_LOG_DEBUG;
}

const tuv_failure_t* tuv_redact_failure(const taosuv_client_t* client, const tuv_failure_t* failure,
                                        tuv_redacted_t* out) {
  const char* message = failure->message;
  tuv_secrets_t secrets = tuv_secrets_of(&client->context.url, client->path, client->totp,
                                         client->authorization);
  if (message == NULL || !tuv_secrets_in(&secrets, message, strlen(message))) return failure;
  out->failure = *failure;
  out->failure.message = out->text;
  tuv_redact_text(&secrets, message, strlen(message), out->text, sizeof out->text);
  return &out->failure;
}

static void log_conn(const tuv_conn_t* conn, taosuv_stage_t stage, const tuv_failure_t* failure) {
  taosuv_client_t* client = conn->client;
  int level = level_of(stage);
  if (!logs(client, level)) return;
  const char* name = taosuv_stage_name((int) stage) + strlen("conn_");
  char text[1024];
  if (failure != NULL)
    snprintf(text, sizeof text, "connection to %s %s: %s: %s", tuv_conn_host(conn), name,
             taosuv_err_name(failure->status),
             failure->message != NULL ? failure->message : taosuv_strerror(failure->status));
  else
    snprintf(text, sizeof text, "connection to %s %s%s%s", tuv_conn_host(conn), name,
             conn->version_text[0] == 0 ? "" : ", server ", conn->version_text);
  call_log(client, level, text);
}

void tuv_observe_conn(tuv_conn_t* conn, taosuv_stage_t stage, const tuv_failure_t* failure) {
  uint64_t now = uv_hrtime();
  if (stage == TAOSUV_TRACE_CONN_CONNECTING) conn->started = now;
  uint64_t ns = stage == TAOSUV_TRACE_CONN_READY ? now - conn->started : 0;
  count_conn(conn, stage, ns);
  taosuv_trace_t trace = {.stage = stage,
                          .action = TAOSUV_ACTION_CONNECT,
                          .host = tuv_conn_host(conn),
                          .status = failure == NULL ? 0 : failure->status,
                          .server_code = failure == NULL ? 0 : failure->server_code,
                          .time_ns = now,
                          .duration_ns = ns};
  call_trace(conn->client, &trace);
  log_conn(conn, stage, failure);
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
  taosuv_client_t* client = conn->client;
  tuv_secrets_t secrets = tuv_secrets_of(&client->context.url, client->path, client->totp,
                                         client->authorization);
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
  taosuv_client_t* client = conn->client;
  if (client->hooks.tap == NULL || client->context.in_hook) return;
  taosuv_tap_t tap = {
      .sent = sent, .opcode = opcode, .host = tuv_conn_host(conn), .bytes = data, .size = size};
  char* copy = NULL;
  if (data == NULL && size > 0) {
    tap.flags = TAOSUV_TAP_WITHHELD;
    tap.size = 0;
  } else if (!tuv_conn_speaks(conn) || (client->consumer != NULL && opcode == TUV_WS_TEXT)) {
    tap_login(conn, &tap, &copy);
  }
  call_tap(client, &tap);
  tuv_free(&client->context.mem->alloc, copy);
}

static void on_tap(void* ws, bool sent, uint8_t opcode, const uint8_t* data, size_t size) {
  tap_message(TUV_CONTAINER(ws, tuv_conn_t, ws), sent, opcode, data, size);
}

void tuv_hooks_message(tuv_conn_t* conn, bool sent, const void* data, size_t size) {
  tap_message(conn, sent, TUV_WS_TEXT, data, size);
}

/* ---- setting them ---- */

int taosuv_client_set_hooks(taosuv_client_t* client, const taosuv_hooks_t* hooks) {
  if (client == NULL) return TAOSUV_EINVAL;
  if (hooks != NULL && hooks->size <= sizeof hooks->size) return TAOSUV_EINVAL;
  memset(&client->hooks, 0, sizeof client->hooks);
  if (hooks != NULL)
    memcpy(&client->hooks, hooks,
           hooks->size < sizeof client->hooks ? hooks->size : sizeof client->hooks);
  client->hooked = client->hooks.trace != NULL || client->hooks.log != NULL;
  client->context.shared.tap = client->hooks.tap != NULL ? on_tap : NULL;
  return 0;
}
