/* Recorded REST exchanges of a real server, played to the client: each request that it sends is
 * answered as the real one answered it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "data.h"
#include "taosuv.h"
#include "ws/peer.h"

#define VERSION                                                                                    \
  "{\"code\":0,\"column_meta\":[[\"server_version()\",\"VARCHAR\",7]],"                            \
  "\"data\":[[\"3.3.6.0\"]],\"rows\":1}"
#define JSON "application/json; charset=utf-8"

typedef struct play_s {
  uv_loop_t loop;
  ts_peer_t* peer;
  yyjson_val* response; /* the recorded answer to anything but the log-in's questions */
  const char* body;     /* what the request is to have */
  unsigned asked;
  bool done, closed;
  int status, server_code;
  int64_t affected;
  uint64_t rows, columns;
  char message[256];
  taosuv_result_t* result;
  taosuv_fetch_t fetch;
} play_t;

static bool is_own(const ts_http_t* request) {
  return (request->size >= 4 && memcmp(request->body, "use ", 4) == 0) ||
         (request->size == 23 && memcmp(request->body, "select server_version()", 23) == 0);
}

static bool on_http(ts_conn_t* conn, const ts_http_t* request) {
  play_t* play = ts_peer_data(ts_conn_peer(conn));
  size_t size;
  if (is_own(request)) {
    ts_conn_http_reply(conn, 200, JSON, VERSION, sizeof VERSION - 1, true);
    return true;
  }
  play->asked++;
  assert_int_equal(request->size, strlen(play->body));
  assert_memory_equal(request->body, play->body, request->size);
  const char* body = td_str(play->response, "body", &size);
  int status = yyjson_get_int(yyjson_obj_get(play->response, "status"));
  yyjson_val* headers = yyjson_obj_get(play->response, "headers");
  ts_conn_http_reply(conn, status, status == 204 ? NULL : JSON, body, size,
                     yyjson_obj_get(headers, "Transfer-Encoding") != NULL);
  return true;
}

static void note(play_t* play, const taosuv_req_t* req, int status) {
  play->status = status;
  play->server_code = req->server_code;
  snprintf(play->message, sizeof play->message, "%s", req->message != NULL ? req->message : "");
}

static void on_block(taosuv_fetch_t* req, int status) {
  play_t* play = req->data;
  assert_int_equal(status, 0);
  if (req->block == NULL) {
    taosuv_result_close(req->result);
    play->done = true;
    return;
  }
  play->rows += taosuv_block_rows(req->block);
  play->columns = taosuv_block_columns(req->block);
  assert_int_equal(taosuv_fetch(req->result, req, on_block), 0);
}

static void on_query(taosuv_query_t* req, int status) {
  play_t* play = req->data;
  note(play, (const taosuv_req_t*) (const void*) req, status);
  play->affected = req->affected_rows;
  play->fetch.data = play;
  play->done = req->result == NULL;
  if (req->result != NULL) assert_int_equal(taosuv_fetch(req->result, &play->fetch, on_block), 0);
}

static void on_lines(taosuv_insert_lines_t* req, int status) {
  note(req->data, (const taosuv_req_t*) (const void*) req, status);
  ((play_t*) req->data)->done = true;
}

static void on_closed(void* data) {
  ((play_t*) data)->closed = true;
}

static taosuv_client_t* client_of(play_t* play, const char* db) {
  char url[128];
  taosuv_client_t* client;
  taosuv_options_t options;
  taosuv_options_init(&options);
  snprintf(url, sizeof url, "http://root:taosdata@127.0.0.1:%d/%s", ts_peer_port(play->peer), db);
  options.url = url;
  options.data = play;
  assert_int_equal(taosuv_client_create_ex(&play->loop, &options, &client), 0);
  return client;
}

static void finish(play_t* play, taosuv_client_t* client) {
  while (!play->done) uv_run(&play->loop, UV_RUN_ONCE);
  play->closed = false;
  taosuv_close(client, on_closed);
  while (!play->closed) uv_run(&play->loop, UV_RUN_ONCE);
  assert_int_equal(play->asked, 1);
}

static void check_sql(const play_t* play, yyjson_val* response) {
  const char* body = td_str(response, "body", NULL);
  yyjson_doc* doc = yyjson_read(body, strlen(body), 0);
  yyjson_val* root = yyjson_doc_get_root(doc);
  uint64_t code = yyjson_get_uint(yyjson_obj_get(root, "code"));
  yyjson_val* meta = yyjson_obj_get(root, "column_meta");
  bool update = strstr(body, "[[\"affected_rows\",\"INT\",4]]") != NULL;
  bool credentials = code == 855 || code == 4357;
  if (code != 0) {
    assert_int_equal(play->status, credentials ? TAOSUV_EAUTH : TAOSUV_ESERVER);
    assert_int_equal(play->server_code, code);
    assert_string_equal(play->message, yyjson_get_str(yyjson_obj_get(root, "desc")));
  } else {
    assert_int_equal(play->status, 0);
    assert_int_equal(play->affected, update ? 1 : 0);
    assert_int_equal(play->rows, update ? 0 : yyjson_get_uint(yyjson_obj_get(root, "rows")));
    if (play->rows > 0) assert_int_equal(play->columns, yyjson_arr_size(meta));
  }
  yyjson_doc_free(doc);
}

static void play_sql(play_t* play, yyjson_val* line) {
  taosuv_query_t query = {.data = play};
  play->body = td_str(yyjson_obj_get(line, "request"), "body", NULL);
  play->response = yyjson_obj_get(line, "response");
  taosuv_client_t* client = client_of(play, "db");
  int started = taosuv_query(client, &query, play->body, TAOSUV_NUL_TERMINATED, on_query);
  if (play->body[0] == 0) { /* is not sent at all */
    assert_int_equal(started, TAOSUV_EINVAL);
    play->done = true;
    play->asked = 1;
  }
  finish(play, client);
  if (play->body[0] != 0) check_sql(play, play->response);
}

static void play_lines(play_t* play, yyjson_val* line, int format) {
  taosuv_insert_lines_t lines = {.data = play, .format = format};
  play->body = td_str(yyjson_obj_get(line, "request"), "body", NULL);
  play->response = yyjson_obj_get(line, "response");
  bool good = yyjson_get_int(yyjson_obj_get(play->response, "status")) == 204;
  taosuv_client_t* client = client_of(play, "db");
  uv_buf_t text = uv_buf_init((char*) (uintptr_t) play->body, (unsigned) strlen(play->body));
  assert_int_equal(taosuv_insert_lines(client, &lines, &text, 1, on_lines), 0);
  finish(play, client);
  assert_int_equal(play->status, good ? 0 : TAOSUV_ESERVER);
  assert_int_equal(play->server_code, good ? 0 : 0x3002);
  if (!good) assert_string_equal(play->message, "SML line cols is empty");
}

static unsigned play_line(play_t* play, yyjson_val* line) {
  const char* path = td_str(yyjson_obj_get(line, "request"), "path", NULL);
  play->done = false;
  play->asked = 0;
  play->rows = play->columns = 0;
  play->affected = 0;
  if (strstr(path, "row_with_meta") != NULL) return 0; /* not asked for by the client */
  if (strncmp(path, "/rest/sql", 9) == 0)
    play_sql(play, line);
  else if (strncmp(path, "/influxdb", 9) == 0)
    play_lines(play, line, TAOSUV_LINES_INFLUX);
  else if (strstr(path, "/put/telnet") != NULL)
    play_lines(play, line, TAOSUV_LINES_TELNET);
  else if (strstr(path, "/put/json") != NULL)
    play_lines(play, line, TAOSUV_LINES_JSON);
  else
    return 0;
  return 1;
}

static void recorded_exchanges_are_understood(void** state) {
  play_t play = {.asked = 0};
  td_jsonl_t lines;
  unsigned played = 0;
  (void) state;
  assert_int_equal(uv_loop_init(&play.loop), 0);
  ts_peer_options_t options = {.data = &play, .http = on_http};
  assert_int_equal(ts_peer_listen(&play.loop, &options, 0, &play.peer), 0);
  td_jsonl_open(&lines, "rest.jsonl");
  for (yyjson_val* line; (line = td_jsonl_next(&lines)) != NULL;) played += play_line(&play, line);
  td_jsonl_close(&lines);
  assert_true(played >= 15);
  ts_peer_close(play.peer, NULL, NULL);
  uv_run(&play.loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&play.loop), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(recorded_exchanges_are_understood)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
