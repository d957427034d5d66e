/* A first program: opens a pool, creates a database and tables, inserts rows, and prints them block
 * by block. TAOSUV_URL names the server (default ws://root:taosdata@localhost:6041). */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "taosuv.h"

static const char* const steps[] = {
    "CREATE DATABASE IF NOT EXISTS taosuv_quickstart PRECISION 'ms'",
    "CREATE STABLE IF NOT EXISTS taosuv_quickstart.meters "
    "(ts TIMESTAMP, current FLOAT, voltage INT, note NCHAR(16)) "
    "TAGS (location VARCHAR(32), groupid INT)",
    "INSERT INTO "
    "taosuv_quickstart.d1001 USING taosuv_quickstart.meters TAGS ('San Francisco', 2) VALUES "
    "('2024-01-01T00:00:00.000Z', 10.3, 219, 'first') "
    "('2024-01-01T00:00:10.000Z', 12.6, 218, NULL) "
    "('2024-01-01T00:00:20.000Z', 12.3, 221, '\xe6\xb6\x9b\xe6\x80\x9d') "
    "taosuv_quickstart.d1002 USING taosuv_quickstart.meters TAGS ('Los Angeles', 3) VALUES "
    "('2024-01-01T00:00:00.000Z', 11.8, 220, NULL) "
    "('2024-01-01T00:00:10.000Z', NULL, 222, 'no current')",
};
static const char question[] =
    "SELECT tbname, ts, current, voltage, note, location FROM taosuv_quickstart.meters "
    "ORDER BY tbname, ts";
static const char farewell[] = "DROP DATABASE IF EXISTS taosuv_quickstart";

/* The state of the program: requests are the caller's memory. */
static struct {
  taosuv_client_t* client;
  taosuv_open_t open;
  taosuv_exec_t exec;
  taosuv_query_t query;
  taosuv_fetch_t fetch;
  size_t step;
  unsigned blocks;
  int failed;
} app;

/* All requests begin with the same fields, so one function can report any of them. */
static void give_up(const char* what, const taosuv_req_t* req) {
  fprintf(stderr, "%s failed: %s (%s) at %s\n", what, req->message, taosuv_err_name(req->status),
          req->host != NULL ? req->host : "no host");
  app.failed = 1;
  taosuv_close(app.client, NULL);
}

static void on_dropped(taosuv_exec_t* req, int status) {
  if (status < 0) {
    give_up(farewell, (taosuv_req_t*) req);
    return;
  }
  taosuv_close(app.client, NULL); /* lets uv_run return */
}

static void print_block(const taosuv_block_t* block) {
  char text[128];
  taosuv_column_t column;
  printf("block %u: %" PRIu32 " rows\n", ++app.blocks, taosuv_block_rows(block));
  for (uint32_t row = 0; row < taosuv_block_rows(block); row++) {
    for (uint32_t i = 0; taosuv_block_column(block, i, &column) == 0; i++) {
      taosuv_format_cell(&column, row, 0, text, sizeof text);
      printf("%s%s", i == 0 ? "  " : " | ", text);
    }
    printf("\n");
  }
}

static void on_block(taosuv_fetch_t* req, int status) {
  if (status < 0) {
    taosuv_result_close(req->result);
    give_up("fetch", (taosuv_req_t*) req);
    return;
  }
  if (req->block != NULL) {
    print_block(req->block);
    taosuv_fetch(req->result, req, on_block); /* the same request again */
    return;
  }
  taosuv_result_close(req->result); /* all rows seen */
  taosuv_exec(app.client, &app.exec, farewell, TAOSUV_NUL_TERMINATED, on_dropped);
}

static void on_query(taosuv_query_t* req, int status) {
  if (status < 0) {
    give_up(question, (taosuv_req_t*) req);
    return;
  }
  uint32_t count;
  const taosuv_field_t* fields = taosuv_result_fields(req->result, &count);
  for (uint32_t i = 0; i < count; i++)
    printf("%s%s %s", i == 0 ? "" : ", ", fields[i].name, taosuv_type_name(fields[i].type));
  printf("\n");
  taosuv_fetch(req->result, &app.fetch, on_block);
}

/* Statements run one after another: the next one is sent when the last one is done, because two
 * requests in flight may be executed in either order. */
static void on_step(taosuv_exec_t* req, int status) {
  if (status < 0) {
    give_up(steps[app.step], (taosuv_req_t*) req);
    return;
  }
  printf("%.32s...: %" PRId64 " rows affected\n", steps[app.step], req->affected_rows);
  if (++app.step < sizeof steps / sizeof *steps)
    taosuv_exec(app.client, req, steps[app.step], TAOSUV_NUL_TERMINATED, on_step);
  else
    taosuv_query(app.client, &app.query, question, TAOSUV_NUL_TERMINATED, on_query);
}

static void on_open(taosuv_open_t* req, int status) {
  if (status < 0) {
    give_up("open", (taosuv_req_t*) req);
    return;
  }
  printf("connected to %s, server %s\n", req->host, req->version);
  taosuv_exec(app.client, &app.exec, steps[0], TAOSUV_NUL_TERMINATED, on_step);
}

int main(void) {
  const char* url = getenv("TAOSUV_URL");
  signal(SIGPIPE, SIG_IGN); /* a lost connection is reported as a status instead of a signal */
  char message[256];
  taosuv_options_t options;
  taosuv_options_init(&options);
  options.url = url != NULL ? url : "ws://root:taosdata@localhost:6041?pool_size=2";
  options.message = message;
  options.message_size = sizeof message;
  int status = taosuv_client_create_ex(uv_default_loop(), &options, &app.client);
  if (status < 0) {
    fprintf(stderr, "bad TAOSUV_URL: %s\n", message);
    return 1;
  }
  taosuv_open(app.client, &app.open, on_open);
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  return uv_loop_close(uv_default_loop()) != 0 || app.failed;
}
