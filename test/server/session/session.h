/* What all requests of a connection share. A session is one connection; a request is one message
 * of it.
 *
 * server is the state of the server, rules are what a test wants to happen, args reads
 * arguments, reply and rest write answers. */
#ifndef TS_SESSION_H
#define TS_SESSION_H

#include "session/server.h"

#define TS_RESULT_BUCKETS 64u

/* What a connection's path serves. The last three are what gateways had before 3.1.1.15, and still
 * have. */
typedef enum {
  TS_ENDPOINT_WS,    /* /ws */
  TS_ENDPOINT_TMQ,   /* /rest/tmq */
  TS_ENDPOINT_QUERY, /* /rest/ws */
  TS_ENDPOINT_STMT,  /* /rest/stmt */
  TS_ENDPOINT_LINES  /* /rest/schemaless */
} ts_endpoint_t;

/* A result as a connection reads it. */
typedef struct ts_cursor_s {
  struct ts_cursor_s* next;
  uint64_t id;
  uint64_t index;     /* of the next block */
  ts_blob_t* current; /* the block of the last `fetch`; borrowed from the result */
  ts_result_t* result;
  bool silent; /* fetches are never answered */
} ts_cursor_t;

typedef struct ts_waiting_s ts_waiting_t;
typedef struct ts_later_s ts_later_t;

typedef struct ts_session_s {
  ts_server_t* server;
  ts_conn_t* conn;
  bool connected;
  bool closing; /* the client said so; requests that wait are answered first */
  ts_endpoint_t endpoint;
  char user[64];
  ts_env_t env;
  uint64_t next_result;
  ts_cursor_t* results[TS_RESULT_BUCKETS];
  uint64_t next_stmt;
  struct ts_stmt_s* stmts;
  ts_waiting_t* waiting; /* requests that a rule holds back (action/dispatch.c) */
  ts_later_t* later;     /* messages that are handled after what waits */
  ts_tmq_t* tmq;         /* NULL: not of /rest/tmq */
  /* Handles a message again, whose rule has waited long enough. */
  void (*waited)(struct ts_session_s* session, const void* message, size_t size, bool binary,
                 struct ts_rule_entry_s* rule);
} ts_session_t;

bool ts_session_is_legacy(const ts_session_t* session); /* one of the last three endpoints */

/* A message that the real gateway does not survive: counted, and the connection cut. */
void ts_session_poison(ts_session_t* session);

#endif
