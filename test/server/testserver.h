/* The bundled development server as a library: taosAdapter's WebSocket protocol on the caller's
 * loop, over an in-memory SQLite database. README.md says what SQL it knows and how to make it
 * misbehave. All calls are made on the loop's thread. */
#ifndef TESTSERVER_H
#define TESTSERVER_H

#include <uv.h>

#include "codec/bench.h"
#include "codec/result.h"
#include "session/config.h"
#include "session/rule.h"
#include "ws/peer.h"

/* Listens on 127.0.0.1. Returns 0 or libuv's error, UV_EINVAL for what is wrong with `config->tls`.
 * `config` may be NULL. */
int ts_server_create(uv_loop_t* loop, const ts_config_t* config, ts_server_t** server);
int ts_server_port(const ts_server_t* server);
const char* ts_server_version(const ts_server_t* server);
const char* ts_server_url(const ts_server_t* server); /* ws[s]://user:password@127.0.0.1:port */
const ts_tls_counters_t* ts_server_tls(const ts_server_t* server); /* NULL without TLS */
/* The connections: faults, counters of bytes, cutting (ws/peer.h). Its data is not the caller's. */
ts_peer_t* ts_server_peer(ts_server_t* server);
/* Cuts all connections; `closed` (may be NULL) runs when nothing is left on the loop. */
void ts_server_close(ts_server_t* server, void (*closed)(void* data), void* data);

/* The gateways that `conn` names to who asks for list_instances (version 3.4.1.10 on): "host:port"s
 * with commas between; NULL or "": none. */
void ts_server_set_instances(ts_server_t* server, const char* instances);

/* The gateway becomes another version, as if it had been exchanged: connections that are open keep
 * their endpoints (cut them), new ones find those of the version. NULL: 3.3.6.0. */
void ts_server_set_version(ts_server_t* server, const char* version);

/* Runs SQL without a connection, with `USE` kept between calls. Returns 0 or the error's code. */
int ts_server_exec(ts_server_t* server, const char* sql);
const char* ts_server_exec_error(const ts_server_t* server);

/* ---- counters ---- */

typedef struct ts_counters_s {
  uint64_t connections;  /* accepted */
  uint64_t open;         /* open now */
  uint64_t messages;     /* of all actions */
  uint64_t results_open; /* results that no client has freed or read to the end */
  uint64_t free_results; /* free_result messages */
  uint64_t statements_open;
  uint64_t results_left;    /* of the results, those that ended with their connection, or whose
                             * query was still running then: the real gateway keeps those */
  uint64_t statements_left; /* of the statements, those that ended with their connection */
  uint64_t dead_statements; /* those that a failed bind, or exec without one, has made useless */
  uint64_t poisonous; /* messages that a client must never send: the real gateway dies of them,
                          * never answers, or keeps wrong data. Mostly the connection is cut */
  uint64_t consumers; /* that are subscribed to something now */
  uint64_t waiting;   /* requests that a rule's wait_ms holds back now */
  uint64_t bytes_in;
  uint64_t bytes_out;
} ts_counters_t;

/* Removes the consumers of a group, as if they had not polled for too long. */
void ts_server_expire(ts_server_t* server, const char* group);

ts_counters_t ts_server_counters(const ts_server_t* server);
uint64_t ts_server_action_count(const ts_server_t* server, const char* action);

#endif
