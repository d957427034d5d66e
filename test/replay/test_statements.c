/* The recorded conversations with statements, played to the client: it binds what was bound, and
 * must send the recorded messages byte for byte (but for their req_id) and understand every
 * answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conversation.h"
#include "sync.h"
#include "ws/peer.h"

typedef struct replay_s {
  uv_loop_t loop;
  ts_peer_t* peer;
  conversations_t all;
  conversation_t* conversation;
  taosuv_client_t* client;
  char unexpected[256];
  int done; /* of the operation under way */
  int status;
  taosuv_stmt_prepare_t prepare;
  taosuv_stmt_exec_t exec;
} replay_t;

/* ---- the peer ---- */

static exchange_t* find(conversation_t* conversation, const request_t* request) {
  for (size_t i = 0; i < conversation->count; i++) {
    exchange_t* exchange = &conversation->exchanges[i];
    request_t recorded;
    if (exchange->used) continue;
    bool same = request_read(&exchange->sent, &recorded) && request_same(&recorded, request);
    request_free(&recorded);
    if (same) return exchange;
  }
  return NULL;
}

static void on_request(ts_conn_t* conn, const void* data, size_t size, bool text) {
  replay_t* replay = ts_peer_data(ts_conn_peer(conn));
  message_t message = {malloc(size + 1), size, text};
  request_t request;
  assert_non_null(message.bytes);
  memcpy(message.bytes, data, size);
  message.bytes[size] = 0;
  exchange_t* exchange = NULL;
  if (request_read(&message, &request)) exchange = find(replay->conversation, &request);
  if (exchange == NULL) {
    snprintf(replay->unexpected, sizeof replay->unexpected, "%s: %s", request.action,
             text ? (const char*) message.bytes : "(binary)");
    ts_conn_cut(conn);
  } else {
    exchange->used = strcmp(request.action, "version") != 0;
    if (exchange->answer.bytes != NULL) {
      message_t answer = answer_with(&exchange->answer, request.req_id, NULL);
      if (answer.text)
        ts_conn_text(conn, answer.bytes, answer.size);
      else
        ts_conn_binary(conn, answer.bytes, answer.size, NULL);
      free(answer.bytes);
    }
  }
  request_free(&request);
  free(message.bytes);
}

static void on_text(ts_conn_t* conn, const char* text, size_t size) {
  on_request(conn, text, size, true);
}

static void on_binary(ts_conn_t* conn, const uint8_t* data, size_t size) {
  on_request(conn, data, size, false);
}

/* ---- set-up ---- */

static void begin(replay_t* replay, const char* scenario, const char* keys) {
  char url[256];
  ts_peer_options_t options = {.data = replay, .text = on_text, .binary = on_binary};
  memset(replay, 0, sizeof *replay);
  conversations_load(&replay->all);
  for (size_t i = 0; i < replay->all.count; i++)
    if (strstr(replay->all.list[i].name, scenario) != NULL)
      replay->conversation = &replay->all.list[i];
  assert_non_null(replay->conversation);
  assert_int_equal(uv_loop_init(&replay->loop), 0);
  assert_int_equal(ts_peer_listen(&replay->loop, &options, 0, &replay->peer), 0);
  snprintf(url, sizeof url, "ws://root:taosdata@127.0.0.1:%d/cap_%.5s?prefetch=0&stmt_cache=0%s",
           ts_peer_port(replay->peer), scenario, keys);
  assert_int_equal(taosuv_client_create(&replay->loop, url, &replay->client), 0);
}

static void finish(replay_t* replay) {
  sync_run(&replay->loop, 20, NULL); /* what has no answer leaves */
  assert_string_equal(replay->unexpected, "");
  sync_close(replay->client);
  ts_peer_close(replay->peer, NULL, NULL);
  uv_run(&replay->loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&replay->loop), 0);
  conversations_free(&replay->all);
}

static void on_prepared(taosuv_stmt_prepare_t* req, int status) {
  replay_t* replay = req->data;
  replay->status = status;
  replay->done = 1;
}

static taosuv_stmt_t* prepare(replay_t* replay, const char* sql, const char* table) {
  memset(&replay->prepare, 0, sizeof replay->prepare);
  replay->prepare.data = replay;
  replay->prepare.table = table;
  replay->done = 0;
  assert_int_equal(taosuv_stmt_prepare(replay->client, &replay->prepare, sql, TAOSUV_NUL_TERMINATED,
                                       on_prepared),
                   0);
  assert_true(sync_run(&replay->loop, 20000, &replay->done));
  assert_string_equal(replay->unexpected, "");
  assert_int_equal(replay->status, 0);
  return replay->prepare.stmt;
}

static void on_executed(taosuv_stmt_exec_t* req, int status) {
  replay_t* replay = req->data;
  replay->status = status;
  replay->done = 1;
}

static void execute(replay_t* replay, taosuv_stmt_t* stmt, int64_t affected) {
  memset(&replay->exec, 0, sizeof replay->exec);
  replay->exec.data = replay;
  replay->done = 0;
  int status = taosuv_stmt_exec(stmt, &replay->exec, on_executed);
  if (status < 0) fail_msg("%s", taosuv_stmt_message(stmt));
  assert_true(sync_run(&replay->loop, 20000, &replay->done));
  assert_string_equal(replay->unexpected, "");
  assert_int_equal(replay->status, 0);
  assert_int_equal(replay->exec.affected_rows, affected);
}

static void read_rows(replay_t* replay, uint32_t columns, uint32_t rows) {
  taosuv_fetch_t fetch;
  uint32_t count;
  assert_non_null(replay->exec.result);
  taosuv_result_fields(replay->exec.result, &count);
  assert_int_equal(count, columns);
  assert_int_equal(sync_fetch(replay->client, replay->exec.result, &fetch), 0);
  assert_non_null(fetch.block);
  assert_int_equal(taosuv_block_rows(fetch.block), rows);
  taosuv_block_unref(fetch.block);
  assert_int_equal(sync_fetch(replay->client, replay->exec.result, &fetch), 0);
  assert_null(fetch.block);
  taosuv_result_close(replay->exec.result);
}

/* ---- what was bound, read from a recorded stmt2_bind (PROTOCOL 6.3.3) ---- */

enum { MAX_ITEMS = 32, MAX_ROWS = 8 };

typedef struct item_s {
  taosuv_array_t array;
  uint32_t rows;
  uint32_t offsets[MAX_ROWS + 1];
} item_t;

static const uint8_t* read_item(const uint8_t* at, item_t* item) {
  uint32_t length = taosuv_load_u32(at), rows = taosuv_load_u32(at + 8);
  assert_in_range(rows, 1, MAX_ROWS);
  const uint8_t* rest = at + 12 + rows;
  item->rows = rows;
  item->array = (taosuv_array_t) {.type = (uint8_t) taosuv_load_u32(at + 4), .nulls = at + 12};
  if (*rest++ != 0) {
    item->array.offsets = item->offsets;
    item->offsets[0] = 0;
    for (uint32_t i = 0; i < rows; i++, rest += 4)
      item->offsets[i + 1] = item->offsets[i] + taosuv_load_u32(rest);
  }
  item->array.values = rest + 4;
  return at + length;
}

static taosuv_value_t value_of(const item_t* item) {
  const uint8_t* bytes = item->array.values;
  float f32;
  double f64;
  if (item->array.nulls[0] != 0) return taosuv_null();
  if (item->array.offsets != NULL) return taosuv_text(item->array.values, item->offsets[1]);
  switch (item->array.type) {
    case TAOSUV_TYPE_BOOL: return taosuv_bool(bytes[0]);
    case TAOSUV_TYPE_INT: return taosuv_i64((int32_t) taosuv_load_u32(bytes));
    case TAOSUV_TYPE_FLOAT: memcpy(&f32, bytes, 4); return taosuv_f64((double) f32);
    case TAOSUV_TYPE_DOUBLE: memcpy(&f64, bytes, 8); return taosuv_f64(f64);
    default: fail_msg("a tag of type %u", item->array.type); return taosuv_null();
  }
}

static void must(int status, const taosuv_stmt_t* stmt) {
  if (status < 0) fail_msg("%s", taosuv_stmt_message(stmt));
}

/* Binds what the number-th recorded bind of a statement has. */
static void bind_recorded(replay_t* replay, taosuv_stmt_t* stmt, uint64_t id, unsigned number) {
  const message_t* message = NULL;
  for (size_t i = 0; i < replay->conversation->count && message == NULL; i++) {
    const message_t* sent = &replay->conversation->exchanges[i].sent;
    bool bind = !sent->text && sent->size > 58 && taosuv_load_u64(sent->bytes + 16) == 9;
    if (bind && taosuv_load_u64(sent->bytes + 8) == id && number-- == 0) message = sent;
  }
  assert_non_null(message);
  const uint8_t* payload = message->bytes + 30;
  uint32_t tables = taosuv_load_u32(payload + 4), ntags = taosuv_load_u32(payload + 8);
  uint32_t ncolumns = taosuv_load_u32(payload + 12);
  const uint8_t* lengths = payload + taosuv_load_u32(payload + 16);
  const uint8_t* name = lengths + 2 * tables;
  const uint8_t* tags = payload + taosuv_load_u32(payload + 20) + 4 * tables;
  const uint8_t* columns = payload + taosuv_load_u32(payload + 24) + 4 * tables;
  bool named = taosuv_load_u32(payload + 16) != 0;
  item_t items[MAX_ITEMS];
  taosuv_array_t arrays[MAX_ITEMS];
  taosuv_value_t values[MAX_ITEMS];
  assert_true(ntags <= MAX_ITEMS && ncolumns <= MAX_ITEMS);
  for (uint32_t table = 0; table < tables; table++) {
    if (named) must(taosuv_bind_table(stmt, (const char*) name, TAOSUV_NUL_TERMINATED), stmt);
    name += taosuv_load_u16(lengths + 2 * table);
    for (uint32_t i = 0; i < ntags; i++) {
      tags = read_item(tags, &items[0]);
      values[i] = value_of(&items[0]);
    }
    if (ntags > 0) must(taosuv_bind_tags(stmt, values, ntags), stmt);
    for (uint32_t i = 0; i < ncolumns; i++) {
      columns = read_item(columns, &items[i]);
      arrays[i] = items[i].array;
    }
    must(taosuv_bind_columns(stmt, items[0].rows, arrays, ncolumns), stmt);
  }
}

/* ---- the tests ---- */

static void on_executed_once(taosuv_stmt_exec_t* req, int status) {
  taosuv_stmt_close(req->stmt);
  on_executed(req, status);
}

static void on_prepared_once(taosuv_stmt_prepare_t* req, int status) {
  replay_t* replay = req->data;
  assert_int_equal(status, 0);
  memset(&replay->exec, 0, sizeof replay->exec);
  replay->exec.data = replay;
  bind_recorded(replay, req->stmt, 2, 0);
  must(taosuv_stmt_exec(req->stmt, &replay->exec, on_executed_once), req->stmt);
}

/* The recorded client prepared once and executed once: so does this one, in the callbacks. */
static void execute_once(replay_t* replay, const char* sql, int64_t affected) {
  memset(&replay->prepare, 0, sizeof replay->prepare);
  replay->prepare.data = replay;
  replay->done = 0;
  assert_int_equal(taosuv_stmt_prepare(replay->client, &replay->prepare, sql, TAOSUV_NUL_TERMINATED,
                                       on_prepared_once),
                   0);
  assert_true(sync_run(&replay->loop, 20000, &replay->done));
  assert_string_equal(replay->unexpected, "");
  assert_int_equal(replay->status, 0);
  assert_int_equal(replay->exec.affected_rows, affected);
}

static void stmt2(void** state) {
  replay_t replay;
  (void) state;
  begin(&replay, "stmt2", "");
  taosuv_stmt_t* stmt = prepare(&replay,
                                "insert into ? using st tags(?,?,?,?,?) "
                                "values(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                                NULL);
  uint32_t count;
  taosuv_stmt_fields(stmt, &count);
  assert_int_equal(count, 22);
  bind_recorded(&replay, stmt, 1, 0);
  execute(&replay, stmt, 12);
  bind_recorded(&replay, stmt, 1, 1);
  execute(&replay, stmt, 1);
  taosuv_stmt_close(stmt);
  execute_once(&replay, "insert into plain values(?,?,?)", 2);
  stmt = prepare(&replay, "select * from plain where ts >= ? and v = ?", NULL);
  assert_false(taosuv_stmt_is_insert(stmt));
  bind_recorded(&replay, stmt, 3, 0);
  execute(&replay, stmt, 0);
  read_rows(&replay, 3, 1);
  taosuv_stmt_close(stmt);
  finish(&replay);
}

/* The first batch was bound by JSON, which this client does not do: only the messages in binary are
 * played. */
static void mark_json_batch(conversation_t* conversation) {
  bool in = false;
  for (size_t i = 0; i < conversation->count; i++) {
    exchange_t* exchange = &conversation->exchanges[i];
    request_t request;
    if (!exchange->sent.text || !request_read(&exchange->sent, &request)) continue;
    if (strcmp(request.action, "set_tags") == 0) in = true;
    if (in) exchange->used = true;
    if (strcmp(request.action, "exec") == 0 && in) i = conversation->count;
    request_free(&request);
  }
}

static void first_version(void** state) {
  replay_t replay;
  (void) state;
  begin(&replay, "stmt1", "&stmt_version=1");
  mark_json_batch(replay.conversation);
  taosuv_stmt_t* stmt = prepare(&replay, "insert into ? using st tags(?,?) values(?,?,?,?,?)",
                                "st_a");
  uint32_t count;
  taosuv_stmt_fields(stmt, &count);
  assert_int_equal(count, 8);
  taosuv_value_t tags[] = {taosuv_text("la", 2), taosuv_i64(3)};
  taosuv_value_t rows[2][5] = {
      {taosuv_i64(1700000000000), taosuv_i64(10), taosuv_f64(0.5), taosuv_text("bin", 3),
       taosuv_text("\xe6\xb6\x9b\xe6\x80\x9d", 6)},
      {taosuv_i64(1700000000001), taosuv_null(), taosuv_null(), taosuv_null(), taosuv_null()}};
  must(taosuv_bind_table(stmt, "st_b", 4), stmt);
  must(taosuv_bind_tags(stmt, tags, 2), stmt);
  for (int i = 0; i < 2; i++) must(taosuv_bind_row(stmt, rows[i], 5), stmt);
  execute(&replay, stmt, 2);
  taosuv_stmt_close(stmt);
  stmt = prepare(&replay, "select * from st where v > ?", NULL);
  static const int32_t least = 1;
  taosuv_array_t param = {.type = TAOSUV_TYPE_INT, .values = &least};
  must(taosuv_bind_columns(stmt, 1, &param, 1), stmt);
  execute(&replay, stmt, 0);
  read_rows(&replay, 7, 2);
  taosuv_stmt_close(stmt);
  finish(&replay);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stmt2),
      cmocka_unit_test(first_version),
  };
  return cmocka_run_group_tests_name("statements", tests, NULL, NULL);
}
