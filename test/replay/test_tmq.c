/* Recorded conversations of consumers, played to a consumer by a scripted peer: what it subscribes
 * with, how it reads what a real server sent in either way of fetching, and what it commits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conversation.h"
#include "data.h"
#include "sync.h"
#include "taosuv.h"
#include "ws/peer.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

typedef struct replay_s {
  uv_loop_t loop;
  ts_peer_t* peer;
  const conversation_t* conversation;
  const char* version; /* told in place of the recorded one; NULL: that */
  size_t at;           /* exchanges before this one are over: for polls and their fetches */
  taosuv_consumer_t* consumer;
  int done, status, server_code;
  char message[256];
  taosuv_message_t* received;
  int64_t offsets[4];
  uint32_t noffsets;
  struct {
    int64_t vgroup, offset;
  } commits[16];
  size_t ncommits;
} replay_t;

/* ---- the peer ---- */

static bool is_action(const exchange_t* exchange, const char* action, uint64_t message_id) {
  request_t request;
  bool same = request_read(&exchange->sent, &request) && strcmp(request.action, action) == 0;
  yyjson_val* id = yyjson_obj_get(request.args, "message_id");
  if (same && message_id != 0) same = yyjson_get_uint(id) == message_id;
  request_free(&request);
  return same;
}

static const exchange_t* find(const replay_t* replay, size_t from, const char* action,
                              uint64_t message_id) {
  for (size_t i = from; i < replay->conversation->count; i++)
    if (is_action(&replay->conversation->exchanges[i], action, message_id))
      return &replay->conversation->exchanges[i];
  return NULL;
}

static void answer(ts_conn_t* conn, const exchange_t* exchange, uint64_t req_id) {
  replay_t* replay = ts_peer_data(ts_conn_peer(conn));
  message_t message = answer_with(&exchange->answer, req_id, replay->version);
  if (message.text) {
    ts_conn_text(conn, message.bytes, message.size);
  } else {
    bool old = message.bytes[0] != 0xff; /* timing, req_id, message id */
    for (unsigned i = 0; old && i < 8; i++) message.bytes[8 + i] = (uint8_t) (req_id >> 8 * i);
    ts_conn_binary(conn, message.bytes, message.size, NULL);
  }
  free(message.bytes);
}

static uint64_t message_of(const exchange_t* exchange) {
  yyjson_doc* doc = yyjson_read((const char*) exchange->answer.bytes, exchange->answer.size, 0);
  uint64_t id = yyjson_get_uint(yyjson_obj_get(yyjson_doc_get_root(doc), "message_id"));
  yyjson_doc_free(doc);
  return id;
}

/* Whether the recording has what this consumer will ask for after this poll. */
static bool is_complete(const replay_t* replay, const exchange_t* poll) {
  uint64_t id = message_of(poll);
  bool raw = find(replay, 0, "fetch_raw_data", id) != NULL ||
             find(replay, 0, "fetch_raw", id) != NULL;
  return replay->version == NULL
             ? raw
             : find(replay, 0, "fetch", id) != NULL || find(replay, 0, "fetch_raw", id) != NULL;
}

/* The next poll that brought a message which can be had; otherwise one that brought none. */
static void on_poll(replay_t* replay, ts_conn_t* conn, uint64_t req_id) {
  const exchange_t* empty = NULL;
  for (size_t i = replay->at; i < replay->conversation->count; i++) {
    const exchange_t* exchange = &replay->conversation->exchanges[i];
    if (!is_action(exchange, "poll", 0) || exchange->answer.bytes == NULL) continue;
    if (message_of(exchange) == 0) {
      empty = exchange;
    } else if (is_complete(replay, exchange)) {
      replay->at = i + 1;
      answer(conn, exchange, req_id);
      return;
    }
  }
  replay->at = replay->conversation->count;
  if (empty == NULL) empty = find(replay, 0, "poll", 0);
  answer(conn, empty, req_id);
}

/* fetch and fetch_block come several times for a message, in pairs. */
static void on_fetch(replay_t* replay, ts_conn_t* conn, const request_t* request) {
  uint64_t id = yyjson_get_uint(yyjson_obj_get(request->args, "message_id"));
  const exchange_t* exchange = find(replay, replay->at, request->action, id);
  assert_non_null(exchange);
  replay->at = (size_t) (exchange - replay->conversation->exchanges) + 1;
  answer(conn, exchange, request->req_id);
}

static void on_commit(replay_t* replay, ts_conn_t* conn, const request_t* request) {
  char text[128];
  assert_true(replay->ncommits < COUNT(replay->commits));
  replay->commits[replay->ncommits].vgroup = yyjson_get_sint(
      yyjson_obj_get(request->args, "vgroup_id"));
  replay->commits[replay->ncommits++].offset = yyjson_get_sint(
      yyjson_obj_get(request->args, "offset"));
  int length = snprintf(text, sizeof text,
                        "{\"code\":0,\"message\":\"\",\"action\":\"commit_offset\","
                        "\"req_id\":%llu}",
                        (unsigned long long) request->req_id);
  ts_conn_text(conn, text, (size_t) length);
}

/* Not every recorded consumer asked for it. */
static void answer_version(ts_conn_t* conn, uint64_t req_id) {
  char text[128];
  int length = snprintf(text, sizeof text,
                        "{\"code\":0,\"action\":\"version\",\"req_id\":%llu,"
                        "\"version\":\"3.3.6.0\"}",
                        (unsigned long long) req_id);
  ts_conn_text(conn, text, (size_t) length);
}

static void on_text(ts_conn_t* conn, const char* text, size_t size) {
  replay_t* replay = ts_peer_data(ts_conn_peer(conn));
  message_t message = {(uint8_t*) (void*) text, size, true};
  request_t request;
  assert_true(request_read(&message, &request));
  uint64_t id = yyjson_get_uint(yyjson_obj_get(request.args, "message_id"));
  if (strcmp(request.action, "poll") == 0) {
    on_poll(replay, conn, request.req_id);
  } else if (strcmp(request.action, "commit_offset") == 0) {
    on_commit(replay, conn, &request);
  } else if (strncmp(request.action, "fetch", 5) == 0 && request.action[5] != '_') {
    on_fetch(replay, conn, &request);
  } else if (strcmp(request.action, "fetch_block") == 0) {
    on_fetch(replay, conn, &request);
  } else {
    const exchange_t* exchange = find(replay, 0, request.action, id);
    if (exchange == NULL && strcmp(request.action, "fetch_raw_data") == 0)
      exchange = find(replay, 0, "fetch_raw", id); /* recorded in the older form */
    if (exchange == NULL && strcmp(request.action, "version") == 0) {
      answer_version(conn, request.req_id);
      request_free(&request);
      return;
    }
    if (exchange == NULL) fail_msg("not recorded: %.*s", (int) size, text);
    if (strcmp(request.action, "subscribe") != 0 && request.action[0] != 'f') {
      request_t recorded;
      bool found = false;
      for (size_t i = 0; i < replay->conversation->count && !found; i++) {
        assert_true(request_read(&replay->conversation->exchanges[i].sent, &recorded));
        found = request_same(&recorded, &request);
        if (found) exchange = &replay->conversation->exchanges[i];
        request_free(&recorded);
      }
      if (!found) fail_msg("not recorded so: %.*s", (int) size, text);
    }
    answer(conn, exchange, request.req_id);
  }
  request_free(&request);
}

/* ---- the consumer ---- */

static void done(taosuv_req_t* req, int status) {
  replay_t* replay = req->data;
  replay->done = 1;
  replay->status = status;
  replay->server_code = req->server_code;
  snprintf(replay->message, sizeof replay->message, "%s", req->message == NULL ? "" : req->message);
}

static void on_subscribe(taosuv_subscribe_t* req, int status) {
  done((taosuv_req_t*) req, status);
}

static void on_polled(taosuv_poll_t* req, int status) {
  replay_t* replay = req->data;
  replay->received = req->msg == NULL ? NULL : taosuv_message_ref(req->msg);
  done((taosuv_req_t*) req, status);
}

static void on_offsets(taosuv_offsets_t* req, int status) {
  replay_t* replay = req->data;
  replay->noffsets = req->count;
  for (uint32_t i = 0; status == 0 && i < req->count && i < 4; i++)
    replay->offsets[i] = req->offsets[i];
  done((taosuv_req_t*) req, status);
}

static void on_seek(taosuv_seek_t* req, int status) {
  done((taosuv_req_t*) req, status);
}

static void on_closed(taosuv_consumer_close_t* req, int status) {
  done((taosuv_req_t*) (void*) req, status);
}

static int wait_for(replay_t* replay, int started) {
  if (started < 0) return started;
  assert_true(sync_run(&replay->loop, 10000, &replay->done));
  replay->done = 0;
  return replay->status;
}

/* The properties that the recorded subscribe has. */
static void create(replay_t* replay, yyjson_val* args) {
  static const char* const names[][2] = {{"group.id", "group_id"},
                                         {"client.id", "client_id"},
                                         {"auto.offset.reset", "offset_reset"},
                                         {"experimental.snapshot.enable", "snapshot_enable"},
                                         {"msg.with.table.name", "with_table_name"},
                                         {"session.timeout.ms", "session_timeout_ms"},
                                         {"max.poll.interval.ms", "max_poll_interval_ms"},
                                         {"msg.enable.batchmeta", "enable_batch_meta"},
                                         {"td.connect.user", "user"},
                                         {"td.connect.pass", "password"}};
  taosuv_property_t list[32];
  taosuv_consumer_options_t options;
  char url[128], message[256] = "";
  size_t count = 0;
  for (size_t i = 0; i < COUNT(names); i++) {
    yyjson_val* value = yyjson_obj_get(args, names[i][1]);
    bool newer = strstr(names[i][1], "_ms") != NULL || strstr(names[i][1], "batch") != NULL;
    if (value == NULL || (replay->version != NULL && newer)) continue;
    list[count++] = (taosuv_property_t) {names[i][0], yyjson_get_str(value)};
  }
  size_t index, max;
  yyjson_val *key, *value;
  yyjson_obj_foreach(yyjson_obj_get(args, "config"), index, max, key, value)
      list[count++] = (taosuv_property_t) {yyjson_get_str(key), yyjson_get_str(value)};
  snprintf(url, sizeof url, "ws://127.0.0.1:%d", ts_peer_port(replay->peer));
  taosuv_consumer_options_init(&options);
  options.url = url;
  options.properties = list;
  options.count = count;
  options.message = message;
  options.message_size = sizeof message;
  int status = taosuv_consumer_create(&replay->loop, &options, &replay->consumer);
  if (status != 0) fail_msg("%s", message);
}

/* Subscribes as recorded, and is answered as recorded. */
static void subscribe(replay_t* replay, const char** topic) {
  const exchange_t* exchange = find(replay, 0, "subscribe", 0);
  taosuv_subscribe_t req = {.data = replay};
  request_t request;
  assert_true(request_read(&exchange->sent, &request));
  create(replay, request.args);
  static char name[64];
  snprintf(name, sizeof name, "%s",
           yyjson_get_str(yyjson_arr_get_first(yyjson_obj_get(request.args, "topics"))));
  *topic = name;
  int status = wait_for(replay,
                        taosuv_consumer_subscribe(replay->consumer, &req, topic, 1, on_subscribe));
  request_free(&request);
  yyjson_doc* doc = yyjson_read((const char*) exchange->answer.bytes, exchange->answer.size, 0);
  yyjson_val* root = yyjson_doc_get_root(doc);
  int code = (int) yyjson_get_int(yyjson_obj_get(root, "code"));
  assert_int_equal(status, code == 0 ? 0 : TAOSUV_ESERVER);
  assert_int_equal(replay->server_code, code);
  if (code != 0)
    assert_string_equal(replay->message, yyjson_get_str(yyjson_obj_get(root, "message")));
  yyjson_doc_free(doc);
}

/* Polls until nothing comes; returns messages and counts rows. */
static size_t poll_all(replay_t* replay, uint64_t* rows) {
  size_t messages = 0;
  for (;;) {
    taosuv_poll_t req = {.data = replay};
    assert_int_equal(wait_for(replay, taosuv_consumer_poll(replay->consumer, &req, 0, on_polled)),
                     0);
    taosuv_message_t* message = replay->received;
    if (message == NULL) return messages;
    messages++;
    for (uint32_t i = 0; i < taosuv_message_blocks(message); i++) {
      uint32_t count;
      *rows += taosuv_block_rows(taosuv_message_block(message, i));
      assert_non_null(taosuv_message_fields(message, i, &count));
      assert_int_equal(count, taosuv_block_columns(taosuv_message_block(message, i)));
    }
    if (taosuv_message_kind(message) != TAOSUV_MESSAGE_DATA)
      assert_non_null(taosuv_message_meta(message, NULL));
    taosuv_message_unref(message);
  }
}

/* Asks for the recorded pairs and compares. */
static void ask_offsets(replay_t* replay, const char* action) {
  const exchange_t* exchange = find(replay, 0, action, 0);
  request_t request;
  taosuv_partition_t list[4];
  uint32_t count = 0;
  size_t index, max;
  yyjson_val* pair;
  assert_true(request_read(&exchange->sent, &request));
  yyjson_arr_foreach(yyjson_obj_get(request.args, "topic_vgroup_ids"), index, max, pair) {
    list[count++] = (taosuv_partition_t) {
        .topic = yyjson_get_str(yyjson_obj_get(pair, "topic")),
        .vgroup_id = (int32_t) yyjson_get_int(yyjson_obj_get(pair, "vgroup_id"))};
  }
  taosuv_offsets_t req = {.data = replay};
  int started = strcmp(action, "committed") == 0
                    ? taosuv_consumer_committed(replay->consumer, &req, list, count, on_offsets)
                    : taosuv_consumer_position(replay->consumer, &req, list, count, on_offsets);
  assert_int_equal(wait_for(replay, started), 0);
  yyjson_doc* doc = yyjson_read((const char*) exchange->answer.bytes, exchange->answer.size, 0);
  yyjson_val* offsets = yyjson_obj_get(yyjson_doc_get_root(doc), action);
  assert_int_equal(replay->noffsets, yyjson_arr_size(offsets));
  for (uint32_t i = 0; i < count; i++)
    assert_int_equal(replay->offsets[i], yyjson_get_sint(yyjson_arr_get(offsets, i)));
  yyjson_doc_free(doc);
  request_free(&request);
}

static void seek_as_recorded(replay_t* replay) {
  for (size_t i = 0; i < replay->conversation->count; i++) {
    const exchange_t* exchange = &replay->conversation->exchanges[i];
    request_t request;
    if (!is_action(exchange, "seek", 0)) continue;
    assert_true(request_read(&exchange->sent, &request));
    taosuv_seek_t req = {.data = replay};
    int32_t vgroup = (int32_t) yyjson_get_int(yyjson_obj_get(request.args, "vgroup_id"));
    int status = wait_for(
        replay, taosuv_consumer_seek(
                    replay->consumer, &req, yyjson_get_str(yyjson_obj_get(request.args, "topic")),
                    vgroup, yyjson_get_sint(yyjson_obj_get(request.args, "offset")), on_seek));
    assert_int_equal(status, vgroup == 99999 ? TAOSUV_ESERVER : 0);
    if (vgroup == 99999) assert_int_equal(replay->server_code, 16392);
    request_free(&request);
  }
}

static void begin(replay_t* replay, const conversations_t* all, const char* name,
                  const char* version) {
  ts_peer_options_t options = {.data = replay, .text = on_text, .path = "/rest/tmq"};
  memset(replay, 0, sizeof *replay);
  for (size_t i = 0; i < all->count; i++)
    if (strstr(all->list[i].name, name) != NULL) replay->conversation = &all->list[i];
  assert_non_null(replay->conversation);
  replay->version = version;
  assert_int_equal(uv_loop_init(&replay->loop), 0);
  assert_int_equal(ts_peer_listen(&replay->loop, &options, 0, &replay->peer), 0);
}

static void end(replay_t* replay) {
  taosuv_consumer_close_t req = {.data = replay};
  assert_int_equal(wait_for(replay, taosuv_consumer_close(replay->consumer, &req, on_closed)), 0);
  ts_peer_close(replay->peer, NULL, NULL);
  uv_run(&replay->loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&replay->loop), 0);
}

static int64_t committed(const replay_t* replay, int64_t vgroup) {
  int64_t offset = -1;
  for (size_t i = 0; i < replay->ncommits; i++)
    if (replay->commits[i].vgroup == vgroup) offset = replay->commits[i].offset;
  return offset;
}

static void consume(void** state, const char* name, const char* version, size_t messages,
                    uint64_t rows, replay_t* replay) {
  const char* topic;
  uint64_t seen = 0;
  begin(replay, *state, name, version);
  subscribe(replay, &topic);
  assert_int_equal(poll_all(replay, &seen), messages);
  assert_int_equal(seen, rows);
  ask_offsets(replay, "committed");
  ask_offsets(replay, "position");
}

/* Messages 1 and 3 were recorded by fetch_raw_data, 2 by fetch and fetch_block. */
static void rows_of_a_query_topic(void** state) {
  replay_t replay;
  consume(state, "tmq_topic.jsonl", NULL, 2, 16, &replay);
  seek_as_recorded(&replay);
  end(&replay);
}

static void rows_of_a_query_topic_block_by_block(void** state) {
  replay_t replay;
  consume(state, "tmq_topic.jsonl", "3.3.2.0", 1, 9, &replay);
  end(&replay);
}

static void rows_and_schema_of_a_super_table_topic(void** state) {
  replay_t replay;
  consume(state, "tmq_topic_stb.jsonl", NULL, 6, 16, &replay);
  end(&replay);
  /* What was finished is committed at the close: as far as the recorded consumer had. */
  assert_int_equal(committed(&replay, 118), 10);
  assert_int_equal(committed(&replay, 117), 9);
}

static void schema_and_blocks_of_a_super_table_topic(void** state) {
  replay_t replay;
  consume(state, "tmq_topic_stb.jsonl", "3.3.2.0", 5, 9, &replay);
  end(&replay);
}

/* ---- rows with DECIMALs, compared with what REST answered at the same moment ---- */

static yyjson_doc* rest_answer(const char* name) {
  td_jsonl_t lines;
  yyjson_val* answer = NULL;
  yyjson_doc* doc = NULL;
  td_jsonl_open(&lines, name);
  for (yyjson_val* line; (line = td_jsonl_next(&lines)) != NULL;) {
    answer = yyjson_obj_get(line, "rest");
    if (answer == NULL) continue;
    size_t size;
    char* text = yyjson_val_write(answer, 0, &size);
    doc = yyjson_read(text, size, 0);
    free(text);
  }
  td_jsonl_close(&lines);
  assert_non_null(doc);
  return doc;
}

/* The column of that name in the answer, or -1. */
static int rest_column(yyjson_val* answer, const char* name) {
  size_t index, max;
  yyjson_val* meta;
  yyjson_arr_foreach(yyjson_obj_get(answer, "column_meta"), index, max, meta) {
    if (strcmp(yyjson_get_str(yyjson_arr_get_first(meta)), name) == 0) return (int) index;
  }
  return -1;
}

static uint8_t rest_scale(yyjson_val* answer, int column) {
  yyjson_val* meta = yyjson_arr_get(yyjson_obj_get(answer, "column_meta"), (size_t) column);
  const char* type = yyjson_get_str(yyjson_arr_get(meta, 1));
  return (uint8_t) atoi(strchr(type, ',') + 1);
}

/* With the scale from the table's definition where the block's cannot be right. */
static void cell_text(const taosuv_column_t* column, uint32_t row, uint8_t scale, char text[64]) {
  bool unknown = (column->flags & TAOSUV_COLUMN_SCALE_UNKNOWN) != 0;
  if (unknown && !taosuv_is_null(column, row))
    taosuv_format_decimal(taosuv_get_decimal(column, row), scale, text, 64);
  else
    assert_true(taosuv_format_cell(column, row, 0, text, 64) > 0);
}

static void assert_same(yyjson_val* expected, const char* text) {
  char* written = yyjson_is_str(expected) ? NULL : yyjson_val_write(expected, 0, NULL);
  if (yyjson_is_null(expected))
    assert_string_equal(text, "NULL");
  else
    assert_string_equal(text, written != NULL ? written : yyjson_get_str(expected));
  free(written);
}

typedef struct decimals_s {
  size_t rows, cells, marked;
} decimals_t;

static void compare_block(taosuv_message_t* message, uint32_t index, yyjson_val* answer,
                          decimals_t* seen) {
  taosuv_block_t* block = taosuv_message_block(message, index);
  uint32_t count;
  const taosuv_field_t* fields = taosuv_message_fields(message, index, &count);
  for (uint32_t row = 0; row < taosuv_block_rows(block); row++) {
    yyjson_val* expected = yyjson_arr_get(yyjson_obj_get(answer, "data"), seen->rows++);
    for (uint32_t i = 0; i < count; i++) {
      char text[64];
      taosuv_column_t column;
      int at = rest_column(answer, fields[i].name);
      if (at < 0) continue; /* it was dropped */
      taosuv_block_column(block, i, &column);
      bool marked = (column.flags & TAOSUV_COLUMN_SCALE_UNKNOWN) != 0;
      assert_true(!marked || (fields[i].precision == 0 && fields[i].scale == 0));
      cell_text(&column, row, marked ? rest_scale(answer, at) : 0, text);
      assert_same(yyjson_arr_get(expected, (size_t) at), text);
      seen->cells++;
      seen->marked += marked;
    }
  }
}

static void decimals_of(void** state, const char* name, decimals_t* seen) {
  replay_t replay;
  const char* topic;
  yyjson_doc* doc = rest_answer(name);
  memset(seen, 0, sizeof *seen);
  begin(&replay, *state, name, NULL);
  subscribe(&replay, &topic);
  for (;;) {
    taosuv_poll_t req = {.data = &replay};
    assert_int_equal(wait_for(&replay, taosuv_consumer_poll(replay.consumer, &req, 0, on_polled)),
                     0);
    if (replay.received == NULL) break;
    for (uint32_t i = 0; i < taosuv_message_blocks(replay.received); i++)
      compare_block(replay.received, i, yyjson_doc_get_root(doc), seen);
    taosuv_message_unref(replay.received);
  }
  end(&replay);
  yyjson_doc_free(doc);
}

static void decimals(void** state) {
  decimals_t seen;
  decimals_of(state, "tmq_decimal.jsonl", &seen);
  assert_int_equal(seen.rows, 2);
  assert_int_equal(seen.cells, 10);
  assert_int_equal(seen.marked, 0);
}

static void decimals_behind_an_added_column(void** state) {
  decimals_t seen;
  decimals_of(state, "tmq_decimal_late.jsonl", &seen);
  assert_int_equal(seen.rows, 3);
  assert_int_equal(seen.cells, 2 * 5 + 6);
  assert_int_equal(seen.marked, 0);
}

static void decimals_from_before_a_dropped_column_are_marked_integers(void** state) {
  decimals_t seen;
  decimals_of(state, "tmq_decimal_drop.jsonl", &seen);
  assert_int_equal(seen.rows, 3);
  assert_int_equal(seen.cells, 2 * 4 + 4);
  assert_int_equal(seen.marked, 2 * 2);
}

static void refused_subscriptions(void** state) {
  static const char* const names[] = {"tmq_errors_topic.jsonl", "tmq_errors_auth.jsonl"};
  for (size_t i = 0; i < COUNT(names); i++) {
    replay_t replay;
    const char* topic;
    begin(&replay, *state, names[i], NULL);
    subscribe(&replay, &topic);
    assert_true(replay.server_code != 0);
    end(&replay);
  }
}

static int load(void** state) {
  conversations_t* all = calloc(1, sizeof *all);
  conversations_load(all);
  *state = all;
  return 0;
}

static int unload(void** state) {
  conversations_free(*state);
  free(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_of_a_query_topic),
      cmocka_unit_test(rows_of_a_query_topic_block_by_block),
      cmocka_unit_test(rows_and_schema_of_a_super_table_topic),
      cmocka_unit_test(schema_and_blocks_of_a_super_table_topic),
      cmocka_unit_test(decimals),
      cmocka_unit_test(decimals_behind_an_added_column),
      cmocka_unit_test(decimals_from_before_a_dropped_column_are_marked_integers),
      cmocka_unit_test(refused_subscriptions),
  };
  return cmocka_run_group_tests(tests, load, unload);
}
