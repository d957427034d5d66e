/* What the tests of the bundled server's statements share. */
#include "stmt_client.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- asking ---- */

size_t sc_wait_reply(wc_t* f, size_t before) {
  wc_wait_for(f, before + 1, 5000);
  if (f->client.count != before + 1) fail_msg("no answer (%d)", f->client.end);
  return before;
}

/* Sends an action with these arguments (after req_id), and returns its reply's index. */
size_t sc_ask(wc_t* f, const char* action, const char* format, ...) {
  char args[2048];
  char message[2200];
  va_list list;
  va_start(list, format);
  vsnprintf(args, sizeof args, format, list);
  va_end(list);
  if (f->client.count > 50) wc_forget(f);
  size_t before = f->client.count;
  snprintf(message, sizeof message, "{\"action\":\"%s\",\"args\":{\"req_id\":7%s%s}}", action,
           *args != '\0' ? "," : "", args);
  wc_text(f, message);
  return strcmp(action, "close") == 0 ? before : sc_wait_reply(f, before);
}

void sc_is_text(wc_t* f, size_t index, const char* part, bool wanted) {
  if (wc_has(f, index, part) == wanted) return;
  const ts_buf_t* data = &f->client.messages[index].data;
  fail_msg("%s%s in %.*s", wanted ? "no " : "", part, (int) data->size, (char*) data->data);
}

/* `text` is how the message begins. */
void sc_fails(wc_t* f, size_t index, int code, const char* text) {
  char part[256];
  snprintf(part, sizeof part, "{\"code\":%d,\"message\":\"%s", code, text);
  sc_is_text(f, index, part, true);
}

size_t sc_send_message(wc_t* f, uint64_t action, uint64_t stmt, const ts_buf_t* payload) {
  ts_buf_t out = {0};
  if (f->client.count > 50) wc_forget(f);
  size_t before = f->client.count;
  bm_head(&out, 9, stmt, action);
  ts_buf_add(&out, payload->data, payload->size);
  wc_frame(f, TUV_WS_BINARY, out.data, out.size);
  ts_buf_free(&out);
  return before;
}

size_t sc_send_bind(wc_t* f, uint64_t action, uint64_t stmt, const ts_buf_t* payload) {
  return sc_wait_reply(f, sc_send_message(f, action, stmt, payload));
}

void sc_run(wc_t* f, const char* sql) {
  if (ts_server_exec(f->server, sql) != 0) fail_msg("%s: %s", sql, ts_server_exec_error(f->server));
}

/* With database d as the session's. */
void sc_log_in(wc_t* f) {
  wc_open_ws(f);
  wc_text(f,
          "{\"action\":\"conn\",\"args\":{\"req_id\":1,\"user\":\"root\","
          "\"password\":\"taosdata\",\"db\":\"d\"}}");
  sc_wait_reply(f, 0);
  SC_OK(0);
}

void sc_start(wc_t* f, const char* version) {
  if (version != NULL) {
    ts_server_close(f->server, NULL, NULL);
    ts_config_t config = {.version = version};
    assert_int_equal(ts_server_create(&f->loop, &config, &f->server), 0);
  }
  sc_run(f, "create database d");
  sc_run(f, "use d");
  sc_run(f, "create table st (ts timestamp, v int, s varchar(8)) tags (g int, l nchar(4))");
  sc_run(f, "create table t (ts timestamp, v int, s varchar(8))");
  sc_log_in(f);
}

/* The only block of a query, as `fetch_raw_block` carries it; the caller frees it. */
ts_buf_t sc_query_block(wc_t* f, const char* sql) {
  ts_buf_t block = {0};
  wc_forget(f);
  wc_binary(f, 3, 0, 6, sql);
  sc_wait_reply(f, 0);
  SC_OK(0);
  char* text = ts_strdup((char*) f->client.messages[0].data.data, f->client.messages[0].data.size);
  const char* id = strstr(text, ",\"id\":");
  assert_non_null(id);
  wc_binary(f, 4, strtoull(id + 6, NULL, 10), 7, NULL);
  free(text);
  sc_wait_reply(f, 1);
  const ts_buf_t* reply = &f->client.messages[1].data;
  assert_true(reply->size > 55);
  ts_buf_add(&block, reply->data + 55, reply->size - 55);
  return block;
}

void sc_same_answers(wc_t* f, const char* a, const char* b) {
  ts_buf_t x = sc_query_block(f, a);
  ts_buf_t y = sc_query_block(f, b);
  assert_int_equal(x.size, y.size);
  assert_memory_equal(x.data, y.data, x.size);
  ts_buf_free(&x);
  ts_buf_free(&y);
}

uint32_t sc_count_rows(wc_t* f, const char* sql) {
  ts_buf_t block = sc_query_block(f, sql);
  uint32_t rows = ts_get_u32(block.data + 8);
  ts_buf_free(&block);
  return rows;
}

/* ---- messages ---- */

const int64_t sc_times[] = {TS0, TS0 + 1, TS0 + 2};

/* Three rows of (ts, v, s): (…, 1, 'a'), (…, NULL, NULL), (…, 3, ''). */
void sc_put_rows(ts_buf_t* out, int32_t v_type) {
  const int32_t v[] = {1, 0, 3};
  const int32_t lengths[] = {1, 0, 0};
  bm_item(out, 9, 3, NULL, NULL, sc_times, sizeof sc_times);
  bm_item(out, v_type, 3, "010", NULL, v, sizeof v);
  bm_item(out, 8, 3, "010", lengths, "a", 1);
}

void sc_put_tags(ts_buf_t* out, int32_t g, const char* l) {
  const int32_t length = l != NULL ? (int32_t) strlen(l) : 0;
  bm_item(out, 4, 1, NULL, NULL, &g, sizeof g);
  bm_item(out, 10, 1, l != NULL ? "0" : "1", &length, l, (size_t) length);
}

/* The rows above for `t`. */
ts_buf_t sc_plain_payload(int32_t v_type) {
  ts_buf_t rows = {0};
  ts_buf_t out = {0};
  sc_put_rows(&rows, v_type);
  bm_payload(&out, &(bm_payload_t) {.ntables = 1, .ncolumns = 3, .columns = &rows});
  ts_buf_free(&rows);
  return out;
}

static const char* const two_names[] = {"a1", "d.a2"};

ts_buf_t sc_two_tables(bool names, bool tags, bool columns) {
  ts_buf_t rows[2] = {0};
  ts_buf_t values[2] = {0};
  ts_buf_t out = {0};
  sc_put_rows(&rows[0], 4);
  sc_put_rows(&rows[1], 4);
  sc_put_tags(&values[0], 1, "\xe6\xb6\x9b\xe6\x80\x9d");
  sc_put_tags(&values[1], 2, NULL);
  bm_payload(&out, &(bm_payload_t) {.ntables = 2,
                                    .names = names ? two_names : NULL,
                                    .ntags = tags ? 2 : 0,
                                    .tags = values,
                                    .ncolumns = columns ? 3 : 0,
                                    .columns = rows});
  for (int i = 0; i < 2; i++) {
    ts_buf_free(&rows[i]);
    ts_buf_free(&values[i]);
  }
  return out;
}

/* A new statement of the second protocol, prepared; its number is `stmt`. */
size_t sc_prepare2(wc_t* f, uint64_t stmt, const char* sql) {
  SC_OK(sc_ask(f, "stmt2_init", "%s", ""));
  return sc_ask(f, "stmt2_prepare", "\"stmt_id\":%llu,\"sql\":\"%s\",\"get_fields\":true",
                (unsigned long long) stmt, sql);
}

size_t sc_exec2(wc_t* f, uint64_t stmt) {
  return sc_ask(f, "stmt2_exec", "\"stmt_id\":%llu", (unsigned long long) stmt);
}

const char sc_using_sql[] = "insert into ? using st tags(?,?) values(?,?,?)";
