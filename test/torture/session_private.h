/* Declarations that the files of the torture session share. */
#ifndef TUV_TEST_TORTURE_SESSION_PRIVATE_H
#define TUV_TEST_TORTURE_SESSION_PRIVATE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session.h"

enum { NCALLS = 96 };

typedef union any_s {
  taosuv_req_t req;
  taosuv_open_t open;
  taosuv_exec_t exec;
  taosuv_query_t query;
  taosuv_fetch_t fetch;
  taosuv_ping_t ping;
  taosuv_server_version_t version;
  taosuv_server_status_t status;
  taosuv_current_db_t db;
  taosuv_insert_lines_t lines;
  taosuv_stmt_prepare_t prepare;
  taosuv_stmt_exec_t stmt;
} any_t;

/* One session. Requests are never reused, so that a second callback is detected. */
typedef struct session_s {
  uv_loop_t* loop;
  taosuv_client_t* client;
  any_t calls[NCALLS];
  unsigned called[NCALLS]; /* number of callbacks of each request */
  bool accepted[NCALLS];
  unsigned used;
  unsigned pending;
  unsigned step;
  unsigned rows;
  int last;        /* status of the last operation */
  int worst;       /* the first status that was not 0 */
  bool http;       /* over HTTP, which does not report the number of lines written */
  bool any_status; /* failures need no explanation */
  bool decimals;   /* are bound: not by the first version of statements */
  bool closed;
  taosuv_stmt_t* insert; /* the statement of the step, while it is open */
  taosuv_stmt_t* select;
  unsigned batches; /* of `insert`, pending */
} session_t;

/* Counts the completion, and checks that the status can be explained. */
session_t* session_completed(taosuv_req_t* req, int status);
any_t* session_next_call(session_t* session);
/* Takes the status of a call: after an error there is no callback, so the session continues at
 * once. */
void session_began(session_t* session, any_t* call, int status);
void session_next_step(session_t* session);
/* A call that is only a part of a step has failed. */
void session_note(session_t* session, int status);
/* Reads a result to its end, or until it fails; then calls `then`. */
void session_on_block(taosuv_fetch_t* req, int status);

/* Inserts with a statement, two batches at a time, and queries with another (session_stmt.c). */
void session_stmt(session_t* session);

#endif
