/* A connection of the example gateway, and what they all share.
 *
 * A connection does one thing at a time: it reads a request, waits for the writer, or writes an
 * answer. Only while it reads is it read from, so that what a client sends ahead (pipelining) waits
 * in its socket, and all memory is bounded: connections, what a head may have, the body. */
#ifndef GATEWAY_HTTP_H
#define GATEWAY_HTTP_H

#include <llhttp.h>

#include "gateway.h"

enum { MAX_CONNECTIONS = 256, MAX_HEAD = 16384, MAX_HEADERS = 100, MAX_URL = 256 };
enum { CHUNK = 16384, KEPT_BODY = 1 << 16 };
/* How long, in ms, a connection may be quiet, and read what it is sent after its last answer. For
 * the rest (gateway_http.timeout): a request, a wait for the writer, an answer. */
enum { IDLE_MS = 60000, LINGER_MS = 2000, TICK_MS = 200 };

typedef enum { READING, WAITING, WRITING, LINGERING, CLOSING } state_t;

typedef struct conn_s {
  uv_tcp_t tcp;
  uv_write_t write;
  uv_shutdown_t shutdown;
  llhttp_t parser;
  struct conn_s *prev, *next; /* of all */
  struct conn_s* behind;      /* among those that wait */
  state_t state;
  uint64_t deadline;
  char chunk[CHUNK]; /* what has been read, of which [at, end) is to be parsed */
  size_t at, end;
  /* The request. */
  char url[MAX_URL], name[32], value[64];
  size_t url_length, name_length, value_length, head_size;
  int headers, begun, json, unknown, encoded, foreign, expects;
  char* body;
  size_t body_size, body_room;
  gateway_lines_t lines;
  int refusal; /* an HTTP status, found before the end of the request */
  int keep;
  /* The answer. */
  char head[512], why[GATEWAY_WHY];
  char* owned;
} conn_t;

typedef struct gateway_http_s {
  uv_loop_t* loop;
  uv_tcp_t listener;
  uv_timer_t tick;
  llhttp_settings_t settings;
  conn_t* conns;
  conn_t *first_waiting, *last_waiting;
  const char *db, *precision;
  uint64_t timeout;
  gateway_http_stats_t stats;
} gateway_http_t;

extern gateway_http_t gateway_http;

/* Parses what has been read, request by request, and reads on when it is used up. */
void gateway_go_on(conn_t* conn);

/* ---- gateway_answer.c ---- */

void gateway_close(conn_t* conn);
void gateway_forget_waiting(conn_t* conn);
/* Answers a request that has been read. */
void gateway_handle(conn_t* conn);
/* Gives the lines to the writer; when it is full the connection waits in line. */
void gateway_write_points(conn_t* conn);
/* When its time is up: says so, if it is in the midst of something, or closes it. */
void gateway_expire(conn_t* conn);
/* `why` is a constant or conn->why. */
void gateway_refuse(conn_t* conn, int status, const char* why);

#endif
