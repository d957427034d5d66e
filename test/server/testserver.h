/* The bundled development server as a library: taosAdapter's WebSocket protocol on the caller's
 * loop, over an in-memory SQLite database. README.md tells what SQL it knows and how to make it
 * misbehave. All calls are made on the loop's thread. */
#ifndef TESTSERVER_H
#define TESTSERVER_H

#include <uv.h>

#include "codec/result.h"
#include "ws/peer.h"

typedef struct ts_server_s ts_server_t;

/* All zero: the defaults. Texts are copied. */
typedef struct ts_config_s {
  int port;                 /* 0: a free one */
  const char* version;      /* NULL: "3.3.6.0"; older ones lack actions and fields as they did */
  const char* user;         /* NULL: root */
  const char* password;     /* NULL: taosdata */
  const char* bearer_token; /* what `conn` may give instead (version 3.4.0.0 on); NULL: none */
  const char* totp_secret; /* base32: log-ins need its code, too (version 3.4.0.0 on); NULL: none */
  const char* instances;   /* ts_server_set_instances at the beginning */
  uint64_t ping_ms;        /* 0: 54 s; TS_NEVER: none */
  uint64_t deadline_ms;    /* 0: 114 s; TS_NEVER: none */
  bool compression;        /* agree to permessage-deflate when it is offered, as the real one */
  bool answer_close;       /* answer a close frame by one (the real server: by EOF alone) */
  const ts_tls_options_t* tls; /* wss:// instead of ws:// */
  /* Called with every message of a client before it is handled: `action` as replies name it. */
  void (*spy)(void* data, const char* action, const void* message, size_t size);
  void* spy_data;
} ts_config_t;

#define TS_NEVER UINT64_MAX

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

/* ---- rules: what is to happen to a request instead of the usual ---- */

typedef enum {
  TS_ANSWER_DEFAULT, /* the usual (after wait_ms) */
  TS_ANSWER_ERROR,   /* `code` and `text` */
  TS_ANSWER_SQL,     /* a query: as if `text` had been the SQL */
  TS_ANSWER_RESULT,  /* a query: `result` */
  TS_ANSWER_BLOCK,   /* a fetch (fetch_raw_block, fetch_block): `data` as the block */
  TS_ANSWER_TEXT,    /* `data` as a text message */
  TS_ANSWER_BINARY,  /* `data` as a binary message */
  TS_ANSWER_NOTHING,
  TS_ANSWER_CLOSE, /* a close frame with `code` (0: empty) and reason `text`, then the end */
  TS_ANSWER_CUT,   /* the connection ends at once */
  TS_ANSWER_RESET, /* the same by RST */
  TS_ANSWER_PATCH  /* the usual, if it is given at once, with `data` written over the first bytes
                      * of each message that are equal to `find`: a malformed block, a wrong type */
} ts_answer_t;

/* Texts and data are copied, `result` is referenced. The first rule that matches is applied. */
typedef struct ts_rule_s {
  const char* action; /* as replies name it ("query", "binary_query", …); NULL: any */
  const char* sql;    /* a part of the request's SQL; NULL: any or none */
  uint32_t skip;      /* the first matches are left alone */
  uint32_t times;     /* then it is applied this often; 0: always */
  uint32_t wait_ms;   /* meanwhile other requests of the connection are answered */
  ts_answer_t answer;
  int code;
  const char* text;
  ts_result_t* result;
  const void* data;
  size_t size;
  const void* find; /* PATCH: `size` bytes, too */
  /* The request's id is put into `data`: for TEXT in place of each $REQ_ID, for BINARY at offset
   * 26 (that of a fetch_raw_block reply). */
  bool put_req_id;
} ts_rule_t;

/* Returns the rule's number, for the two calls below. */
uint32_t ts_server_add_rule(ts_server_t* server, const ts_rule_t* rule);
uint64_t ts_server_rule_hits(const ts_server_t* server, uint32_t rule); /* how often applied */
void ts_server_remove_rule(ts_server_t* server, uint32_t rule);         /* 0: all */

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

/* Puts the consumers of a group out, as if they had not polled for too long. */
void ts_server_expire(ts_server_t* server, const char* group);

ts_counters_t ts_server_counters(const ts_server_t* server);
uint64_t ts_server_action_count(const ts_server_t* server, const char* action);

#endif
