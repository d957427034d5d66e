/* What the parts of the example gateway share. */
#ifndef GATEWAY_H
#define GATEWAY_H

#include "taosuv.h"

/* Of a body, and of a line: a row has 64 KiB at most on the server. */
enum { GATEWAY_MAX_BODY = 1 << 20, GATEWAY_MAX_LINE = 60000 };
enum { GATEWAY_WHY = 300 }; /* room for what is said of a failure */

/* ---- gateway_points.c, gateway_lines.c: bodies become lines ---- */

/* Line protocol in the making. `text` grows; gateway_lines_clear keeps it unless it is large. */
typedef struct gateway_lines_s {
  char* text;
  size_t size, room;
} gateway_lines_t;

/* The unit of all times: one of ms, us, ns. Returns 0, or TAOSUV_EINVAL for another name. */
int gateway_points_init(const char* precision);
void gateway_points_end(void);

/* Both append lines with a time each, this moment's where the point had none, and return 0, or the
 * HTTP status to answer with, and why. */
int gateway_points_from_lines(gateway_lines_t* lines, const char* body, size_t length,
                              char why[GATEWAY_WHY]);
int gateway_points_from_json(gateway_lines_t* lines, const char* body, size_t length,
                             char why[GATEWAY_WHY]);

/* Returns 0 or TAOSUV_ENOMEM. */
int gateway_lines_add(gateway_lines_t* lines, const char* text, size_t length);
void gateway_lines_clear(gateway_lines_t* lines);
int64_t gateway_now(void);
/* NULL, or why this cannot be a time in the gateway's unit. */
const char* gateway_check_time(int64_t time);

/* ---- gateway_http.c, gateway_answer.c: the HTTP server ---- */

typedef struct gateway_http_stats_s {
  uint64_t requests, taken, refused; /* of POST /write */
  uint64_t waits;                    /* how often one had to wait for the writer */
  uint32_t connections, waiting;
} gateway_http_stats_t;

typedef struct gateway_http_options_s {
  int port;                   /* 0: the system chooses one, and it is put here */
  const char *db, *precision; /* what a request may name in its query */
  uint64_t timeout; /* ms for a request to come, for the writer to have room, for an answer to go */
} gateway_http_options_t;

/* Listens on 127.0.0.1. */
int gateway_http_start(uv_loop_t* loop, gateway_http_options_t* options);
void gateway_http_stop(void);
/* The writer has room again: connections that wait go on. */
void gateway_http_drained(void);
void gateway_http_stats(gateway_http_stats_t* stats);

/* ---- gateway.c: what the server asks for ---- */

/* Gives lines to the writer, all or none: what taosuv_writer_lines returns, and why. */
int gateway_write(const gateway_lines_t* lines, char why[GATEWAY_WHY]);
/* The answer to GET /stats, to be freed; NULL without memory. */
char* gateway_stats(size_t* length);

/* ---- gateway_page.c ---- */

extern const char gateway_page[];
extern const size_t gateway_page_size;

#endif
