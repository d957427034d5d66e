/* Declarations that the parts of the example gateway share. */
#ifndef GATEWAY_H
#define GATEWAY_H

#include "taosuv.h"

/* The largest body, and the largest line: on the server a row has at most 64 KiB. */
enum { GATEWAY_MAX_BODY = 1 << 20, GATEWAY_MAX_LINE = 60000 };
enum { GATEWAY_WHY = 300 }; /* room for the description of a failure */

/* ---- gateway_points.c, gateway_lines.c: bodies become lines ---- */

/* A buffer of line protocol. `text` grows; gateway_lines_clear keeps its memory unless it is
 * large. */
typedef struct gateway_lines_s {
  char* text;
  size_t size, room;
} gateway_lines_t;

/* Sets the unit of all times: ms, us or ns. Returns 0, or TAOSUV_EINVAL for any other name. */
int gateway_points_init(const char* precision);
void gateway_points_end(void);

/* Both append lines; a point without a time gets the current time. They return 0, or the HTTP
 * status to answer with and the reason. */
int gateway_points_from_lines(gateway_lines_t* lines, const char* body, size_t length,
                              char why[GATEWAY_WHY]);
int gateway_points_from_json(gateway_lines_t* lines, const char* body, size_t length,
                             char why[GATEWAY_WHY]);

/* Returns 0 or TAOSUV_ENOMEM. */
int gateway_lines_add(gateway_lines_t* lines, const char* text, size_t length);
void gateway_lines_clear(gateway_lines_t* lines);
int64_t gateway_now(void);
/* Returns NULL, or why this cannot be a time in the gateway's unit. */
const char* gateway_check_time(int64_t time);

/* ---- gateway_http.c, gateway_answer.c: the HTTP server ---- */

typedef struct gateway_http_stats_s {
  uint64_t requests, taken, refused; /* of POST /write */
  uint64_t waits;                    /* number of requests that had to wait for the writer */
  uint32_t connections, waiting;
} gateway_http_stats_t;

typedef struct gateway_http_options_s {
  int port;                   /* 0: the system chooses one, which is stored here */
  const char *db, *precision; /* values that a request may have in its query */
  uint64_t timeout; /* ms for reading a request, for waiting for the writer, and for writing an
                       answer */
} gateway_http_options_t;

/* Listens on 127.0.0.1. */
int gateway_http_start(uv_loop_t* loop, gateway_http_options_t* options);
void gateway_http_stop(void);
/* Called when the writer has room again: waiting connections continue. */
void gateway_http_drained(void);
void gateway_http_stats(gateway_http_stats_t* stats);

/* ---- gateway.c: called by the server ---- */

/* Passes lines to the writer, all or none. Returns the result of taosuv_writer_lines, and the
 * reason of a failure. */
int gateway_write(const gateway_lines_t* lines, char why[GATEWAY_WHY]);
/* Returns the answer to GET /stats, to be freed by the caller; NULL if memory ran out. */
char* gateway_stats(size_t* length);

/* ---- gateway_page.c ---- */

extern const char gateway_page[];
extern const size_t gateway_page_size;

#endif
