/* The state of a server: its configuration, its store, its counters. */
#ifndef TS_SESSION_SERVER_H
#define TS_SESSION_SERVER_H

#include "base/version.h"
#include "query/context.h"
#include "session/rule.h"
#include "ws/peer.h"

#define TS_CACHE 64u
#define TS_MAX_ACTIONS 64u

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
  struct ts_rule_entry_s* rules; /* session/rules.h */
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
  uint64_t timers;                           /* of waiting requests and consumers, not closed yet */
  ts_tmq_t* tmqs;                            /* the consumers' connections */
  void (*timer_closed)(ts_server_t* server); /* one of them; the server may end with it */
  bool peer_closed;
  ts_buf_t scratch; /* the reply being written */
  void (*closed)(void* data);
  void* closed_data;
};

bool ts_server_has(const ts_server_t* server, unsigned a, unsigned b, unsigned c, unsigned d);
void ts_server_count(ts_server_t* server, const char* action);
ts_result_t* ts_server_cached(ts_server_t* server, const char* sql, size_t size);
void ts_server_cache(ts_server_t* server, const char* sql, size_t size, ts_result_t* result);
void ts_server_timer_closed(ts_server_t* server);
bool ts_server_html(const ts_server_t* server); /* whether replies escape <, > and & */

#endif
