/* Consumers of the bundled server on plain sockets: requests one after another, messages read. */
#include "tmq_client.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <yyjson.h>

int tc_setup_as(void** state, const char* version) {
  tc_t* f = calloc(1, sizeof *f);
  uv_loop_init(&f->wc.loop);
  ts_config_t config = {.version = version};
  assert_int_equal(ts_server_create(&f->wc.loop, &config, &f->wc.server), 0);
  tc_use(f, 0);
  *state = f;
  return 0;
}

int tc_setup(void** state) {
  return tc_setup_as(state, NULL);
}

int tc_teardown(void** state) {
  tc_t* f = *state;
  for (size_t i = 0; i < TC_CLIENTS; i++) wc_free_client(&f->wc, &f->more[i]);
  return wc_teardown(state);
}

void tc_sql(tc_t* f, const char* sql) {
  if (ts_server_exec(f->wc.server, sql) != 0)
    fail_msg("%s: %s", sql, ts_server_exec_error(f->wc.server));
}

void tc_use(tc_t* f, size_t client) {
  f->now = client;
  wc_use(&f->wc, &f->more[client]);
}

void tc_open(tc_t* f) {
  f->message[f->now] = 0;
  wc_open_path(&f->wc, "/rest/tmq");
}

void tc_cut(tc_t* f) {
  uint64_t open = ts_server_counters(f->wc.server).open;
  wc_free_client(&f->wc, &f->more[f->now]);
  while (ts_server_counters(f->wc.server).open == open) wc_turn(&f->wc);
}

static wc_message_t* ask(tc_t* f, const char* request) {
  wc_forget(&f->wc);
  wc_text(&f->wc, request);
  wc_wait_for(&f->wc, 1, 10000);
  wc_client_t* client = &f->more[f->now];
  if (client->count == 0) fail_msg("no reply to %s", request);
  return &client->messages[0];
}

const char* tc_text(tc_t* f, const char* request) {
  wc_message_t* message = ask(f, request);
  assert_int_equal(message->opcode, TUV_WS_TEXT);
  ts_buf_add(&message->data, "", 1);
  return (const char*) message->data.data;
}

const ts_buf_t* tc_binary(tc_t* f, const char* request) {
  wc_message_t* message = ask(f, request);
  assert_int_equal(message->opcode, TUV_WS_BINARY);
  return &message->data;
}

void tc_says(tc_t* f, const char* request, const char* expected) {
  const char* reply = tc_text(f, request);
  const char* at = reply;
  for (const char* want = expected; *want != '\0'; want++) {
    if (*want == '#' && *at >= '0' && *at <= '9') {
      while (*at >= '0' && *at <= '9') at++;
    } else if (*want != *at++) {
      fail_msg("%s:\n%s\nis not\n%s", request, reply, expected);
    }
  }
  if (*at != '\0') fail_msg("%s:\n%s\nis not\n%s", request, reply, expected);
}

bool tc_has(tc_t* f, const char* request, const char* part) {
  return strstr(tc_text(f, request), part) != NULL;
}

void tc_silent(tc_t* f, const char* request) {
  wc_text(&f->wc, request);
  assert_true(
      tc_has(f, "{\"action\":\"version\",\"args\":{\"req_id\":77}}", "\"action\":\"version\""));
}

void tc_subscribe(tc_t* f, const char* group, const char* reset, const char* topic) {
  char request[512];
  tc_open(f);
  snprintf(request, sizeof request,
           "{\"action\":\"subscribe\",\"args\":{\"req_id\":1,\"user\":\"root\","
           "\"password\":\"taosdata\",\"group_id\":\"%s\",\"client_id\":\"c\","
           "\"offset_reset\":\"%s\",\"topics\":[\"%s\"],\"auto_commit\":\"false\","
           "\"enable_batch_meta\":\"1\"}}",
           group, reset, topic);
  assert_true(tc_has(f, request, "\"code\":0,"));
}

int tc_poll(tc_t* f, int blocking_ms) {
  char request[160];
  snprintf(request, sizeof request,
           "{\"action\":\"poll\",\"args\":{\"req_id\":5,\"blocking_time\":%d,\"message_id\":%llu}}",
           blocking_ms, (unsigned long long) f->message[f->now]);
  const char* text = tc_text(f, request);
  yyjson_doc* doc = yyjson_read(text, strlen(text), 0);
  yyjson_val* root = yyjson_doc_get_root(doc);
  if (yyjson_get_int(yyjson_obj_get(root, "code")) != 0) fail_msg("poll: %s", text);
  f->type = yyjson_get_int(yyjson_obj_get(root, "message_type"));
  if (yyjson_get_bool(yyjson_obj_get(root, "have_message"))) {
    f->vgroup = yyjson_get_int(yyjson_obj_get(root, "vgroup_id"));
    f->offset = yyjson_get_sint(yyjson_obj_get(root, "offset"));
    f->message[f->now] = yyjson_get_uint(yyjson_obj_get(root, "message_id"));
  }
  yyjson_doc_free(doc);
  return f->type;
}

static const char* about_message(tc_t* f, const char* action, char* request, size_t size) {
  snprintf(request, size, "{\"action\":\"%s\",\"args\":{\"req_id\":6,\"message_id\":%llu}}", action,
           (unsigned long long) f->message[f->now]);
  return request;
}

char* tc_json_meta(tc_t* f) {
  char request[128];
  const char* text = tc_text(f, about_message(f, "fetch_json_meta", request, sizeof request));
  const char* data = strstr(text, "\"data\":");
  assert_non_null(data);
  char* copy = strdup(data + 7);
  copy[strlen(copy) - 1] = '\0'; /* the reply's own brace */
  return copy;
}

void tc_commit(tc_t* f) {
  char request[128];
  assert_true(tc_has(f, about_message(f, "commit", request, sizeof request), "\"code\":0,"));
}

/* ---- raw messages ---- */

void tc_blocks_free(tc_blocks_t* blocks) {
  for (size_t i = 0; i < blocks->count; i++) ts_buf_free(&blocks->list[i]);
  *blocks = (tc_blocks_t) {0};
}

typedef struct at_s {
  const uint8_t* at;
  const uint8_t* end;
} at_t;

static const uint8_t* take(at_t* in, size_t size) {
  assert_true((size_t) (in->end - in->at) >= size);
  in->at += size;
  return in->at - size;
}

static uint32_t varint(at_t* in) {
  uint32_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    uint8_t byte = *take(in, 1);
    value |= (uint32_t) (byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
}

static const char* name(at_t* in) {
  uint32_t size = varint(in);
  const uint8_t* at = take(in, size);
  assert_int_equal(at[size - 1], 0);
  return (const char*) at;
}

static void read_block(at_t* in, tc_blocks_t* blocks, bool with_names) {
  uint32_t size = varint(in);
  const uint8_t* head = take(in, 18);
  const uint8_t* block = take(in, size - 18);
  assert_int_equal(ts_get_u64(head), 1);
  uint32_t rows = (uint32_t) head[12] << 24 | (uint32_t) head[13] << 16 | (uint32_t) head[14] << 8 |
                  head[15];
  assert_int_equal(rows, ts_get_u32(block + 8));
  assert_int_equal(ts_get_u32(block + 4), size - 18);
  blocks->rows += rows;
  uint32_t columns = varint(in) >> 1;
  assert_int_equal(columns, ts_get_u32(block + 12));
  assert_int_equal(varint(in), 0);
  for (uint32_t i = 0; i < columns; i++) {
    assert_int_equal(take(in, 2)[0], block[28 + i * 5]);
    varint(in);
    varint(in);
    name(in);
  }
  const char* table = with_names ? name(in) : "";
  if (blocks->count == 64) return;
  snprintf(blocks->tables[blocks->count], 32, "%s", table);
  ts_buf_add(&blocks->list[blocks->count++], block, size - 18);
}

void tc_read(tc_t* f, tc_blocks_t* blocks) {
  char request[128];
  blocks->messages++;
  if (f->type == 2) blocks->metas++;
  if (f->type == 2) return;
  const ts_buf_t* reply = tc_binary(f, about_message(f, "fetch_raw_data", request, sizeof request));
  at_t in = {reply->data, reply->data + reply->size};
  const uint8_t* head = take(&in, 56);
  assert_int_equal(ts_get_u64(head), UINT64_MAX);
  assert_int_equal(ts_get_u64(head + 8), 8);
  assert_int_equal(ts_get_u64(head + 42), f->message[f->now]);
  assert_int_equal(ts_get_u16(head + 50), f->type == 1 ? 2 : 4);
  assert_int_equal(ts_get_u32(head + 52), in.end - in.at);
  const uint8_t* offsets = take(&in, 23);
  assert_int_equal(offsets[0], 100);
  assert_int_equal(ts_get_u64(offsets + 6), f->offset);
  uint32_t count = ts_get_u32(take(&in, 4));
  bool with_names = *take(&in, 1);
  assert_int_equal(*take(&in, 1), 1);
  for (uint32_t i = 0; i < count; i++) read_block(&in, blocks, with_names);
  if (f->type == 1) {
    assert_int_equal(ts_get_u64(take(&in, 8)), 0);
  } else {
    for (uint32_t left = ts_get_u32(take(&in, 4)); left > 0; left--) take(&in, varint(&in));
  }
  assert_true(in.at == in.end);
}

void tc_drain(tc_t* f, tc_blocks_t* blocks) {
  while (tc_poll(f, 0) != 0) tc_read(f, blocks);
}
