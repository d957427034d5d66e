/* What is counted and kept for all connections. */
#include "session/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool ts_server_has(const ts_server_t* server, unsigned a, unsigned b, unsigned c, unsigned d) {
  return server->version_number >= (a << 24 | b << 16 | c << 8 | d);
}

bool ts_server_html(const ts_server_t* server) {
  return !ts_server_has(server, 3, 3, 7, 6);
}

void ts_server_count(ts_server_t* server, const char* action) {
  server->messages++;
  if (strlen(action) >= sizeof server->actions[0].name) action = "unknown";
  for (size_t i = 0; i < TS_MAX_ACTIONS; i++) {
    if (server->actions[i].name[0] == '\0')
      snprintf(server->actions[i].name, sizeof server->actions[i].name, "%s", action);
    if (strcmp(server->actions[i].name, action) == 0) {
      server->actions[i].count++;
      return;
    }
  }
}

static ts_cached_t* slot(ts_server_t* server, const char* sql, size_t size) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < size; i++) hash = (hash ^ (unsigned char) sql[i]) * 16777619u;
  return &server->cache[(hash ^ hash >> 16) % TS_CACHE];
}

ts_result_t* ts_server_cached(ts_server_t* server, const char* sql, size_t size) {
  if (size > 256) return NULL;
  const ts_cached_t* cached = slot(server, sql, size);
  bool same = cached->sql != NULL && cached->size == size && memcmp(cached->sql, sql, size) == 0;
  return same ? cached->result : NULL;
}

void ts_server_cache(ts_server_t* server, const char* sql, size_t size, ts_result_t* result) {
  if (size > 256) return;
  ts_cached_t* cached = slot(server, sql, size);
  free(cached->sql);
  ts_result_unref(cached->result);
  *cached = (ts_cached_t) {ts_strdup(sql, size), size, ts_result_ref(result)};
}

void ts_server_timer_closed(ts_server_t* server) {
  server->timers--;
  server->timer_closed(server);
}
