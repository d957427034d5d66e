/* Operations one after the other: each call starts one and runs the loop until it has completed. */
#include "sync.h"

#include <stdio.h>
#include <string.h>

char sync_message[512];
char sync_text[512];

static void finish(taosuv_req_t* req, int status) {
  snprintf(sync_message, sizeof sync_message, "%s", status < 0 ? req->message : "");
  *(int*) req->data = 1;
}

static int wait_for(taosuv_client_t* client, const int* done, int started, const int* status) {
  if (started < 0) return started;
  while (!*done) uv_run(taosuv_client_loop(client), UV_RUN_ONCE);
  return *status;
}

static void on_open(taosuv_open_t* req, int status) {
  finish((taosuv_req_t*) req, status);
}

int sync_open(taosuv_client_t* client, taosuv_open_t* req) {
  int done = 0;
  memset(req, 0, sizeof *req);
  req->data = &done;
  return wait_for(client, &done, taosuv_open(client, req, on_open), &req->status);
}

static void on_exec(taosuv_exec_t* req, int status) {
  finish((taosuv_req_t*) req, status);
}

int sync_exec(taosuv_client_t* client, taosuv_exec_t* req, const char* sql) {
  int done = 0;
  memset(req, 0, sizeof *req);
  req->data = &done;
  int started = taosuv_exec(client, req, sql, TAOSUV_NUL_TERMINATED, on_exec);
  return wait_for(client, &done, started, &req->status);
}

static void on_query(taosuv_query_t* req, int status) {
  finish((taosuv_req_t*) req, status);
}

int sync_query(taosuv_client_t* client, taosuv_query_t* req, const char* sql) {
  int done = 0;
  memset(req, 0, sizeof *req);
  req->data = &done;
  int started = taosuv_query(client, req, sql, TAOSUV_NUL_TERMINATED, on_query);
  return wait_for(client, &done, started, &req->status);
}

static void on_fetch(taosuv_fetch_t* req, int status) {
  if (req->block != NULL) taosuv_block_ref(req->block);
  finish((taosuv_req_t*) req, status);
}

int sync_fetch(taosuv_client_t* client, taosuv_result_t* result, taosuv_fetch_t* req) {
  int done = 0;
  memset(req, 0, sizeof *req);
  req->data = &done;
  return wait_for(client, &done, taosuv_fetch(result, req, on_fetch), &req->status);
}

static void on_lines(taosuv_insert_lines_t* req, int status) {
  finish((taosuv_req_t*) req, status);
}

int sync_insert_lines(taosuv_client_t* client, taosuv_insert_lines_t* req, const char* text,
                      size_t size) {
  int done = 0;
  uv_buf_t buf = uv_buf_init((char*) (uintptr_t) text, (unsigned int) size);
  req->data = &done;
  int started = taosuv_insert_lines(client, req, &buf, 1, on_lines);
  return wait_for(client, &done, started, &req->status);
}

static void on_ping(taosuv_ping_t* req, int status) {
  finish((taosuv_req_t*) req, status);
}

int sync_ping(taosuv_client_t* client, taosuv_ping_t* req) {
  int done = 0;
  memset(req, 0, sizeof *req);
  req->data = &done;
  return wait_for(client, &done, taosuv_ping(client, req, on_ping), &req->status);
}

static void on_version(taosuv_server_version_t* req, int status) {
  finish((taosuv_req_t*) req, status);
}

int sync_server_version(taosuv_client_t* client, taosuv_server_version_t* req) {
  int done = 0;
  memset(req, 0, sizeof *req);
  req->data = &done;
  return wait_for(client, &done, taosuv_server_version(client, req, on_version), &req->status);
}

static void on_status(taosuv_server_status_t* req, int status) {
  snprintf(sync_text, sizeof sync_text, "%s", req->details);
  finish((taosuv_req_t*) req, status);
}

int sync_server_status(taosuv_client_t* client, taosuv_server_status_t* req, const char* fqdn,
                       int port) {
  int done = 0;
  memset(req, 0, sizeof *req);
  req->data = &done;
  int started = taosuv_server_status(client, req, fqdn, TAOSUV_NUL_TERMINATED, port, on_status);
  return wait_for(client, &done, started, &req->status);
}

static void on_db(taosuv_current_db_t* req, int status) {
  snprintf(sync_text, sizeof sync_text, "%s", req->db);
  finish((taosuv_req_t*) req, status);
}

int sync_current_db(taosuv_client_t* client, taosuv_current_db_t* req) {
  int done = 0;
  memset(req, 0, sizeof *req);
  req->data = &done;
  return wait_for(client, &done, taosuv_current_db(client, req, on_db), &req->status);
}

static void on_closed(void* data) {
  *(int*) data = 1;
}

void sync_close(taosuv_client_t* client) {
  int done = 0;
  uv_loop_t* loop = taosuv_client_loop(client);
  taosuv_client_set_data(client, &done);
  taosuv_close(client, on_closed);
  while (!done) uv_run(loop, UV_RUN_ONCE);
}

static void on_timer(uv_timer_t* timer) {
  *(int*) timer->data = 1;
}

static void on_timer_closed(uv_handle_t* timer) {
  *(int*) timer->data = 2;
}

int sync_run(uv_loop_t* loop, unsigned ms, const int* done) {
  int over = 0;
  uv_timer_t timer;
  uv_timer_init(loop, &timer);
  timer.data = &over;
  uv_timer_start(&timer, on_timer, ms, 0);
  while (over == 0 && (done == NULL || *done == 0)) uv_run(loop, UV_RUN_ONCE);
  uv_close((uv_handle_t*) &timer, on_timer_closed);
  while (over != 2) uv_run(loop, UV_RUN_NOWAIT);
  return done == NULL ? 0 : *done;
}
