/* Setup and cleanup that several examples share: executing statements synchronously, and a URL with
 * the example's own database. */
#include "set_up.h"

#include <stdio.h>
#include <string.h>

enum { PAUSE_MS = 500, MOST_TRIES = 60 };

int set_up_url(const char* url, const char* database, char* out, size_t size) {
  const char* host = strstr(url, "://");
  if (host == NULL) return TAOSUV_EURL;
  size_t length = (size_t) (host - url) + 3 + strcspn(host + 3, "/?");
  const char* keys = strchr(url + length, '?');
  int written = snprintf(out, size, "%.*s/%s%s", (int) length, url, database,
                         keys != NULL ? keys : "");
  return written > 0 && (size_t) written < size ? 0 : TAOSUV_EURL;
}

/* ---- statements ---- */

typedef struct step_s {
  taosuv_exec_t exec;
  char message[256];
} step_t;

static void on_executed(taosuv_exec_t* req, int status) {
  step_t* step = req->data;
  if (status < 0) snprintf(step->message, sizeof step->message, "%s", req->message);
}

static int execute_once(taosuv_client_t* client, const char* sql, step_t* step) {
  memset(step, 0, sizeof *step);
  step->exec.data = step;
  int status = taosuv_exec(client, &step->exec, sql, TAOSUV_NUL_TERMINATED, on_executed);
  if (status < 0) return status;
  while (taosuv_is_pending((taosuv_req_t*) &step->exec))
    uv_run(taosuv_client_loop(client), UV_RUN_ONCE);
  return step->exec.status;
}

/* Another schema change is in progress (979), or the object to be dropped still has consumers (1003
 * to 1005, 1007). */
static int is_busy(int server_code) {
  return server_code == 0x03D3 || (server_code >= 0x03EB && server_code <= 0x03ED) ||
         server_code == 0x03EF;
}

int set_up_execute(taosuv_client_t* client, const char* sql) {
  step_t step;
  int status = execute_once(client, sql, &step);
  for (int tries = 1; status < 0 && is_busy(step.exec.server_code) && tries < MOST_TRIES; tries++) {
    uv_sleep(PAUSE_MS); /* the loop runs nothing else */
    status = execute_once(client, sql, &step);
  }
  if (status < 0)
    fprintf(stderr, "%.60s: %s\n", sql,
            *step.message != 0 ? step.message : taosuv_strerror(status));
  return status;
}

/* ---- a number ---- */

typedef struct question_s {
  taosuv_query_t query;
  taosuv_fetch_t fetch;
  int64_t number;
  int done;
} question_t;

static void on_block(taosuv_fetch_t* req, int status) {
  question_t* question = req->data;
  taosuv_column_t column;
  if (status == 0 && req->block != NULL && taosuv_block_column(req->block, 0, &column) == 0)
    (void) taosuv_cell_i64(&column, 0, &question->number);
  taosuv_result_close(req->result);
  question->done = 1;
}

static void on_answer(taosuv_query_t* req, int status) {
  question_t* question = req->data;
  question->fetch.data = question;
  if (status < 0 || taosuv_fetch(req->result, &question->fetch, on_block) < 0) {
    if (status == 0) taosuv_result_close(req->result);
    question->done = 1;
  }
}

int64_t set_up_number(taosuv_client_t* client, const char* sql) {
  question_t question = {.number = -1};
  question.query.data = &question;
  if (taosuv_query(client, &question.query, sql, TAOSUV_NUL_TERMINATED, on_answer) < 0) return -1;
  while (!question.done) uv_run(taosuv_client_loop(client), UV_RUN_ONCE);
  return question.number;
}
