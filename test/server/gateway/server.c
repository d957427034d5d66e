/* The server: made, counted, closed. */
#include "action/tmq.h"
#include "base/version.h"
#include "gateway/message.h"
#include "gateway/session.h"
#include "session/server.h"
#include "sql/sql.h"
#include "testserver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t ts_server_action_count(const ts_server_t* server, const char* action) {
  for (size_t i = 0; i < TS_MAX_ACTIONS; i++)
    if (strcmp(server->actions[i].name, action) == 0) return server->actions[i].count;
  return 0;
}

ts_counters_t ts_server_counters(const ts_server_t* server) {
  const ts_peer_counters_t* peer = ts_peer_counters(server->peer);
  return (ts_counters_t) {.connections = peer->accepted,
                          .open = peer->open,
                          .messages = server->messages,
                          .results_open = server->results_open,
                          .free_results = server->free_results,
                          .statements_open = server->stmts_open,
                          .results_left = server->results_left,
                          .statements_left = server->stmts_left,
                          .dead_statements = server->stmts_dead,
                          .poisonous = server->poisonous,
                          .consumers = ts_tmq_count(server),
                          .waiting = server->waiting,
                          .bytes_in = peer->bytes_in,
                          .bytes_out = peer->bytes_out};
}

/* ---- life ---- */

static void copy_text(char* to, size_t size, const char* from, const char* standard) {
  snprintf(to, size, "%s", from != NULL ? from : standard);
}

static uint64_t interval(uint64_t value, uint64_t standard) {
  return value == 0 ? standard : value == TS_NEVER ? 0 : value;
}

static void destroy(ts_server_t* server) {
  void (*closed)(void* data) = server->closed;
  void* data = server->closed_data;
  ts_server_remove_rule(server, 0);
  for (size_t i = 0; i < TS_CACHE; i++) {
    free(server->cache[i].sql);
    ts_result_unref(server->cache[i].result);
  }
  ts_store_close(server->store);
  ts_buf_free(&server->scratch);
  ts_tls_config_free(server->tls);
  free(server);
  if (closed != NULL) closed(data);
}

static void destroy_when_done(ts_server_t* server) {
  if (server->peer_closed && server->timers == 0) destroy(server);
}

static void on_peer_closed(void* data) {
  ts_server_t* server = data;
  server->peer_closed = true;
  destroy_when_done(server);
}

/* The WebSocket paths of the version. */
static const char* paths(const ts_server_t* server) {
  return ts_server_has(server, 3, 1, 1, 15) ? "/ws /rest/tmq /rest/ws /rest/stmt /rest/schemaless"
                                            : "/rest/tmq /rest/ws /rest/stmt /rest/schemaless";
}

static void set_version(ts_server_t* server, const char* version) {
  copy_text(server->version, sizeof server->version, version, "3.3.6.0");
  server->version_number = ts_version_number(server->version);
}

void ts_server_set_version(ts_server_t* server, const char* version) {
  set_version(server, version);
  ts_peer_set_path(server->peer, paths(server));
}

static int set_up_tls(ts_server_t* server) {
  char message[128];
  const ts_tls_options_t* options = server->config.tls;
  server->config.tls = NULL; /* it is the caller's */
  if (options == NULL) return 0;
  if (ts_tls_config_new(options, &server->tls, message, sizeof message) == 0) return 0;
  fprintf(stderr, "the server's certificate or key cannot be used: %s\n", message);
  return UV_EINVAL;
}

void ts_server_set_instances(ts_server_t* server, const char* instances) {
  copy_text(server->instances, sizeof server->instances, instances, "");
}

int ts_server_create(uv_loop_t* loop, const ts_config_t* config, ts_server_t** out) {
  ts_server_t* server = ts_calloc(1, sizeof *server);
  if (config != NULL) server->config = *config;
  config = &server->config;
  set_version(server, config->version);
  copy_text(server->user, sizeof server->user, config->user, "root");
  copy_text(server->password, sizeof server->password, config->password, "taosdata");
  copy_text(server->bearer_token, sizeof server->bearer_token, config->bearer_token, "");
  copy_text(server->totp_secret, sizeof server->totp_secret, config->totp_secret, "");
  ts_server_set_instances(server, config->instances);
  server->loop = loop;
  server->timer_closed = destroy_when_done;
  server->next_rule = 1;
  server->store = ts_store_open();
  server->store->changed = ts_tmq_changed;
  server->store->changed_data = server;
  ts_env_init(&server->env, server->version);
  int status = set_up_tls(server);
  ts_peer_options_t options = {.data = server,
                               .path = paths(server),
                               .tls = server->tls,
                               .ping_ms = interval(config->ping_ms, 54000),
                               .deadline_ms = interval(config->deadline_ms, 114000),
                               .deflate = config->compression,
                               .opened = ts_session_open,
                               .text = ts_session_text,
                               .binary = ts_session_binary,
                               .http = ts_session_http,
                               .close_frame = ts_session_close_frame,
                               .closed = ts_session_closed};
  if (status == 0) status = ts_peer_listen(loop, &options, config->port, &server->peer);
  if (status != 0) {
    destroy(server);
    return status;
  }
  snprintf(server->url, sizeof server->url, "ws%s://%s:%s@127.0.0.1:%d",
           server->tls != NULL ? "s" : "", server->user, server->password,
           ts_peer_port(server->peer));
  *out = server;
  return 0;
}

const char* ts_server_version(const ts_server_t* server) {
  return server->version;
}
int ts_server_port(const ts_server_t* server) {
  return ts_peer_port(server->peer);
}
const char* ts_server_url(const ts_server_t* server) {
  return server->url;
}
const ts_tls_counters_t* ts_server_tls(const ts_server_t* server) {
  return server->tls != NULL ? ts_tls_counters(server->tls) : NULL;
}
ts_peer_t* ts_server_peer(ts_server_t* server) {
  return server->peer;
}

void ts_server_close(ts_server_t* server, void (*closed)(void* data), void* data) {
  server->closed = closed;
  server->closed_data = data;
  ts_peer_close(server->peer, on_peer_closed, server);
}

void ts_server_expire(ts_server_t* server, const char* group) {
  ts_tmq_expire(server, group);
}

int ts_server_exec(ts_server_t* server, const char* sql) {
  ts_outcome_t outcome;
  int status = ts_sql_run(server->store, &server->env, sql, strlen(sql), false, &outcome,
                          &server->exec_error);
  ts_result_unref(outcome.result);
  return status;
}

const char* ts_server_exec_error(const ts_server_t* server) {
  return server->exec_error.text;
}
