/* A connection of the example gateway, and the state that all connections share.
 *
 * A connection does one thing at a time: it reads a request, waits for the writer, or writes an
 * answer. Its socket is read only while it reads a request. Pipelined requests wait in the socket,
 * and all memory is bounded: the number of connections, the size of a head, the size of a body. */
#ifndef GATEWAY_HTTP_H
#define GATEWAY_HTTP_H

#include <llhttp.h>

#include "gateway.h"

enum { MAX_CONNECTIONS = 256, MAX_HEAD = 16384, MAX_HEADERS = 100, MAX_URL = 256 };
enum { CHUNK = 16384, KEPT_BODY = 1 << 16 };
/* Time limits in ms for an idle connection, and for reading after the last answer.
 * gateway_http.timeout limits the others: a request, waiting for the writer, an answer. */
enum { IDLE_MS = 60000, LINGER_MS = 2000, TICK_MS = 200 };

typedef enum { READING, WAITING, WRITING, LINGERING, CLOSING } state_t;

typedef struct conn_s {
  uv_tcp_t tcp;
  uv_write_t write;
  uv_shutdown_t shutdown;
  llhttp_t parser;
  struct conn_s *prev, *next; /* of all */
  struct conn_s* behind;      /* member of the list of waiting connections */
  state_t state;
  uint64_t deadline;
  char chunk[CHUNK]; /* received bytes; [at, end) is not parsed yet */
  size_t at, end;
  /* The request. */
  char url[MAX_URL], name[32], value[64];
  size_t url_length, name_length, value_length, head_size;
  int headers, begun, json, unknown, encoded, foreign, expects;
  char* body;
  size_t body_size, body_room;
  gateway_lines_t lines;
  int refusal; /* an HTTP status that was determined before the end of the request */
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

/* Parses the received bytes, request by request, and reads more when all are parsed. */
void gateway_go_on(conn_t* conn);

/* ---- gateway_answer.c ---- */

void gateway_close(conn_t* conn);
void gateway_forget_waiting(conn_t* conn);
/* Answers a request that has been read. */
void gateway_handle(conn_t* conn);
/* Passes the lines to the writer; if it is full, the connection waits in the queue. */
void gateway_write_points(conn_t* conn);
/* Called when its time limit expires: answers with an error if a request is being handled,
 * otherwise closes it. */
void gateway_expire(conn_t* conn);
/* `why` is a constant or conn->why. */
void gateway_refuse(conn_t* conn, int status, const char* why);

#endif
