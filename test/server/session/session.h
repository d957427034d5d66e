/* The insides of the server and its sessions. */
#ifndef TS_SESSION_H
#define TS_SESSION_H

#include <yyjson.h>

#include "sql/sql.h"
#include "testserver.h"
#include "base/version.h"

#define TS_CACHE 64u
#define TS_MAX_ACTIONS 64u
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

typedef struct ts_rule_entry_s {
  struct ts_rule_entry_s* next;
  size_t refs;
  uint32_t number;
  uint32_t skipped;
  uint64_t hits;
  ts_rule_t rule; /* its texts are this entry's */
} ts_rule_entry_t;

/* A result that depends on nothing but the SQL's text. */
typedef struct ts_cached_s {
  char* sql;
  size_t size;
  ts_result_t* result;
} ts_cached_t;

typedef struct ts_tmq_s ts_tmq_t; /* action/tmq.h */

struct ts_server_s {
  uv_loop_t* loop;
  ts_peer_t* peer;
  ts_tls_config_t* tls;
  ts_config_t config;
  char version[32];
  char user[64];
  char password[64];
  char bearer_token[256];
  char totp_secret[256];
  char instances[1024];
  uint32_t version_number; /* 8 bits for each of the four */
  char url[192];
  ts_store_t* store;
  ts_env_t env; /* of ts_server_exec */
  ts_error_t exec_error;
  ts_cached_t cache[TS_CACHE];
  ts_rule_entry_t* rules;
  uint32_t next_rule;
  struct {
    char name[32];
    uint64_t count;
  } actions[TS_MAX_ACTIONS];
  uint64_t messages;
  uint64_t results_open;
  uint64_t results_left;
  uint64_t free_results;
  uint64_t stmts_open;
  uint64_t stmts_left;
  uint64_t stmts_dead;
  uint64_t poisonous;
  uint64_t waiting;
  uint64_t timers; /* of waiting requests and consumers, not closed yet */
  ts_tmq_t* tmqs;  /* the consumers' connections */
  bool peer_closed;
  ts_buf_t scratch; /* the reply being written */
  void (*closed)(void* data);
  void* closed_data;
};

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
  ts_waiting_t* waiting;
  ts_later_t* later; /* messages that are handled after what waits */
  ts_tmq_t* tmq;     /* NULL: not of /rest/tmq */
} ts_session_t;

/* A request, as far as it could be read. */
typedef struct ts_request_s {
  ts_session_t* session;
  uint64_t started;
  const char* action; /* as replies name it */
  const char* title;  /* of its arguments, in the error about them */
  uint64_t req_id;
  uint64_t id; /* a result's, or a consumer's message's */
  uint64_t stmt_id;
  bool stmt_reply; /* errors have the statement's id too */
  const char* sql;
  size_t sql_size;
  bool binary_reply;      /* errors are given in the form of fetch_raw_block's replies */
  bool tmq_reply;         /* in that of fetch_raw_data's */
  bool of_message;        /* errors tell the message's id */
  bool http;              /* it is answered as /rest/sql does */
  bool timing, with_meta; /* parameters of it */
  ts_zone_t zone;         /* in which its times are written */
  yyjson_val* args;
} ts_request_t;

/* gateway/server.c */
bool ts_server_has(const ts_server_t* server, unsigned a, unsigned b, unsigned c, unsigned d);
void ts_server_count(ts_server_t* server, const char* action);
ts_result_t* ts_server_cached(ts_server_t* server, const char* sql, size_t size);
void ts_server_cache(ts_server_t* server, const char* sql, size_t size, ts_result_t* result);
void ts_server_timer_closed(ts_server_t* server);

/* session/rules.c: the rule for a request, with a reference; NULL: none. */
ts_rule_entry_t* ts_rule_find(ts_server_t* server, const ts_request_t* request);
void ts_rule_unref(ts_rule_entry_t* entry);

/* gateway/session.c */
void ts_session_open(ts_conn_t* conn);
void ts_session_text(ts_conn_t* conn, const char* text, size_t size);
void ts_session_binary(ts_conn_t* conn, const uint8_t* data, size_t size);
void ts_session_close_frame(ts_conn_t* conn, uint16_t code);
void ts_session_closed(ts_conn_t* conn);
bool ts_session_is_legacy(const ts_session_t* session); /* one of the last three endpoints */

/* A message that the real gateway does not survive: counted, and the connection cut. */
void ts_session_poison(ts_session_t* session);

/* What handles a request that is read and that no rule answers otherwise. */
typedef void (*ts_handler_t)(ts_request_t* request);
/* Looks for a rule and applies it, or calls the handler. `applied`: the rule has waited already. */
void ts_session_dispatch(ts_request_t* request, ts_handler_t handler, ts_rule_entry_t* applied,
                         const void* message, size_t size, bool binary);

/* action/tmq.c, action/tmq_poll.c: consumers. */
ts_tmq_t* ts_tmq_open(ts_session_t* session);
void ts_tmq_closed(ts_tmq_t* tmq);
void ts_tmq_message(ts_session_t* session, const char* text, size_t size, ts_rule_entry_t* applied);
void ts_tmq_changed(void* server);                /* the store's logs have */
uint64_t ts_tmq_count(const ts_server_t* server); /* of consumers that are subscribed */

/* gateway/http.c: an HTTP request, which waits in the connection. */
#define TS_HTTP_JSON "application/json; charset=utf-8"
bool ts_session_http(ts_conn_t* conn, const ts_http_t* http);
void ts_http_message(ts_session_t* session, ts_rule_entry_t* applied);
void ts_http_error(ts_request_t* request, int status, int code, const char* text);

/* session/rest.c: a result or an update as /rest/sql answers it. */
void ts_rest_result(ts_request_t* request, const ts_result_t* result);
void ts_rest_update(ts_request_t* request, int64_t affected_rows);

/* gateway/json.c, gateway/binary.c: `applied` as above. */
void ts_json_message(ts_session_t* session, const char* text, size_t size,
                     ts_rule_entry_t* applied);
void ts_binary_message(ts_session_t* session, const uint8_t* data, size_t size,
                       ts_rule_entry_t* applied);

/* action/query.c */
void ts_request_query(ts_request_t* request); /* runs request->sql and replies */
void ts_request_result(ts_request_t* request, ts_result_t* result); /* opens it and replies */
void ts_request_fetch_raw(ts_request_t* request);
void ts_request_fetch(ts_request_t* request);
void ts_request_fetch_block(ts_request_t* request);
void ts_request_block(ts_request_t* request, ts_blob_t* block); /* the reply with this block */
ts_cursor_t* ts_session_open_result(ts_session_t* session, ts_result_t* result);
ts_cursor_t* ts_session_cursor(ts_session_t* session, uint64_t id);
void ts_session_free_result(ts_session_t* session, uint64_t id);

/* action/lines.c: false: the arguments are of wrong types, and nothing is done. */
bool ts_request_lines(ts_request_t* request);

/* session/reply.c: the five first keys are written by begin; end closes the object and sends. */
void ts_reply_error(ts_request_t* request, int code, const char* format, ...)
    __attribute__((format(printf, 3, 4)));
/* The error for an argument of another type. */
void ts_reply_bad_args(ts_request_t* request);
ts_buf_t* ts_reply_begin(ts_request_t* request);
void ts_reply_end(ts_request_t* request);
uint64_t ts_request_timing(const ts_request_t* request);
/* What binary replies of the newer kind begin with: the action, timing, ids, no error. */
#define TS_RAW_REPLY_HEAD 50u
void ts_raw_reply_head(const ts_request_t* request, uint64_t action,
                       uint8_t head[TS_RAW_REPLY_HEAD]);
bool ts_server_html(const ts_server_t* server); /* whether replies escape <, > and & */

#endif
