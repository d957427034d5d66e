/* Recorded conversations with a real server, played to the client by a scripted peer: the client
 * must send what the recording shows, and understand every answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conversation.h"
#include "sync.h"
#include "ws/peer.h"

/* One replay: a conversation, the peer that knows its answers, and the client. */
typedef struct replay_s {
  uv_loop_t loop;
  ts_peer_t* peer;
  conversation_t* conversation;
  const char* version; /* told in place of the recorded one; NULL: that */
  taosuv_client_t* client;
  char unexpected[512]; /* the first request that the recording does not have */
  size_t replayed;      /* exchanges that the client was led through */
  size_t skipped;       /* exchanges of features that are tested elsewhere */
} replay_t;

/* ---- the peer ---- */

/* The answer to a request: the first of its kind not given yet; to version always. */
static exchange_t* find_exchange(conversation_t* conversation, const request_t* request) {
  for (size_t i = 0; i < conversation->count; i++) {
    exchange_t* exchange = &conversation->exchanges[i];
    request_t recorded;
    bool same = !exchange->used && request_read(&exchange->sent, &recorded);
    if (!same) {
      if (!exchange->used) request_free(&recorded);
      continue;
    }
    same = request_same(&recorded, request);
    request_free(&recorded);
    if (same) return exchange;
  }
  return NULL;
}

static void on_request(ts_conn_t* conn, const message_t* message) {
  replay_t* replay = ts_peer_data(ts_conn_peer(conn));
  request_t request;
  bool readable = request_read(message, &request);
  exchange_t* exchange = readable ? find_exchange(replay->conversation, &request) : NULL;
  if (exchange == NULL && strcmp(request.action, "free_result") == 0) {
    /* A result that the recording left open: there is no answer to report either. */
  } else if (exchange == NULL) {
    if (replay->unexpected[0] == 0)
      snprintf(replay->unexpected, sizeof replay->unexpected, "%s: %.*s", request.action,
               message->text ? (int) message->size : (int) request.sql_size,
               message->text ? (const char*) message->bytes : request.sql);
    ts_conn_cut(conn);
  } else {
    exchange->used = strcmp(request.action, "version") != 0;
    if (exchange->answer.bytes != NULL) {
      message_t answer = answer_with(&exchange->answer, request.req_id, replay->version);
      if (answer.text)
        ts_conn_text(conn, answer.bytes, answer.size);
      else
        ts_conn_binary(conn, answer.bytes, answer.size, NULL);
      free(answer.bytes);
    }
  }
  request_free(&request);
}

static void on_text(ts_conn_t* conn, const char* text, size_t size) {
  message_t message = {malloc(size + 1), size, true};
  memcpy(message.bytes, text, size);
  on_request(conn, &message);
  free(message.bytes);
}

static void on_binary(ts_conn_t* conn, const uint8_t* data, size_t size) {
  message_t message = {malloc(size + 1), size, false};
  memcpy(message.bytes, data, size);
  on_request(conn, &message);
  free(message.bytes);
}

/* ---- what the recording says an operation gives ---- */

static yyjson_doc* answer_json(const exchange_t* exchange) {
  assert_non_null(exchange->answer.bytes);
  assert_true(exchange->answer.text);
  return yyjson_read((const char*) exchange->answer.bytes, exchange->answer.size, 0);
}

/* An error is an error for the caller, with the server's code and text; returns whether it is. */
static bool check_refusal(const exchange_t* exchange, const taosuv_req_t* req, bool login) {
  yyjson_doc* doc = answer_json(exchange);
  yyjson_val* root = yyjson_doc_get_root(doc);
  int code = (int) yyjson_get_int(yyjson_obj_get(root, "code"));
  if (code != 0) {
    bool auth = login && (code == 855 || code == 849 || code == 3);
    assert_int_equal(req->status, auth ? TAOSUV_EAUTH : TAOSUV_ESERVER);
    assert_int_equal(req->server_code, code);
    assert_string_equal(sync_message, yyjson_get_str(yyjson_obj_get(root, "message")));
  } else {
    if (req->status != 0) print_error("line %zu: %s\n", exchange->line, sync_message);
    assert_int_equal(req->status, 0);
  }
  yyjson_doc_free(doc);
  return code != 0;
}

/* ---- leading the client through ---- */

static void add_key(char* url, size_t room, const char* key, yyjson_val* args, const char* name) {
  const char* value = yyjson_get_str(yyjson_obj_get(args, name));
  size_t length = strlen(url);
  if (value != NULL) snprintf(url + length, room - length, "&%s=%s", key, value);
}

static void do_conn(replay_t* replay, exchange_t* exchange, const request_t* request) {
  char url[1024];
  taosuv_open_t open;
  if (replay->client != NULL) { /* a second log-in on one connection: no client does that */
    replay->skipped++;
    return;
  }
  snprintf(url, sizeof url, "ws://%s:%s@127.0.0.1:%d/%s?prefetch=0",
           yyjson_get_str(yyjson_obj_get(request->args, "user")),
           yyjson_get_str(yyjson_obj_get(request->args, "password")), ts_peer_port(replay->peer),
           yyjson_get_str(yyjson_obj_get(request->args, "db")));
  add_key(url, sizeof url, "app", request->args, "app");
  add_key(url, sizeof url, "ip", request->args, "ip");
  add_key(url, sizeof url, "timezone", request->args, "tz");
  add_key(url, sizeof url, "connector", request->args, "connector");
  if (yyjson_is_int(yyjson_obj_get(request->args, "mode"))) strcat(url, "&conmode=1");
  assert_int_equal(taosuv_client_create(&replay->loop, url, &replay->client), 0);
  int status = sync_open(replay->client, &open);
  assert_string_equal(replay->unexpected, "");
  bool refused = check_refusal(exchange, (taosuv_req_t*) &open, true);
  assert_true(exchange->used);
  if (!refused) return;
  assert_true(status < 0);
  sync_close(replay->client);
  replay->client = NULL;
}

/* One fetch as recorded; returns whether another one may follow. */
static bool do_fetch(replay_t* replay, exchange_t* exchange, taosuv_result_t* result) {
  taosuv_fetch_t fetch;
  int status = sync_fetch(replay->client, result, &fetch);
  assert_string_equal(replay->unexpected, "");
  assert_true(exchange->used);
  if (status < 0) {
    assert_int_equal(status, TAOSUV_ESERVER);
    return false;
  }
  if (fetch.block == NULL) return false;
  /* The block is the end of the recorded answer, byte for byte. */
  const message_t* answer = &exchange->answer;
  size_t size;
  const uint8_t* data = taosuv_block_data(fetch.block, &size);
  if (!answer->text) {
    assert_true(size < answer->size);
    assert_memory_equal(data, answer->bytes + answer->size - size, size);
  }
  taosuv_block_unref(fetch.block);
  return true;
}

static bool is_fetch_of(const exchange_t* exchange, const char* action, uint64_t id) {
  request_t request;
  bool same = request_read(&exchange->sent, &request) && request.id == id &&
              strcmp(request.action, action) == 0;
  request_free(&request);
  return same;
}

static void do_query(replay_t* replay, size_t at, const request_t* request) {
  exchange_t* exchange = &replay->conversation->exchanges[at];
  taosuv_query_t query;
  char* sql = malloc(request->sql_size + 1);
  memcpy(sql, request->sql, request->sql_size);
  sql[request->sql_size] = 0;
  sync_query(replay->client, &query, sql);
  free(sql);
  assert_string_equal(replay->unexpected, "");
  assert_true(exchange->used);
  if (check_refusal(exchange, (taosuv_req_t*) &query, false)) return;
  yyjson_doc* doc = answer_json(exchange);
  yyjson_val* root = yyjson_doc_get_root(doc);
  uint64_t id = yyjson_get_uint(yyjson_obj_get(root, "id"));
  assert_int_equal(query.affected_rows, yyjson_get_sint(yyjson_obj_get(root, "affected_rows")));
  assert_int_equal(query.result == NULL, yyjson_get_bool(yyjson_obj_get(root, "is_update")));
  yyjson_doc_free(doc);
  const char* action = strcmp(request->action, "query") == 0 ? "fetch" : "fetch_raw_block";
  bool more = query.result != NULL;
  for (size_t i = at + 1; more && i < replay->conversation->count; i++) {
    exchange_t* next = &replay->conversation->exchanges[i];
    if (next->used || !is_fetch_of(next, action, id)) continue;
    more = do_fetch(replay, next, query.result);
    replay->replayed++;
  }
  taosuv_result_close(query.result);
  if (more) sync_run(&replay->loop, 20, NULL); /* its free_result leaves */
  assert_string_equal(replay->unexpected, "");
}

static void do_status(replay_t* replay, exchange_t* exchange, const request_t* request) {
  taosuv_server_status_t status;
  const char* fqdn = yyjson_get_str(yyjson_obj_get(request->args, "fqdn"));
  sync_server_status(replay->client, &status, fqdn,
                     (int) yyjson_get_int(yyjson_obj_get(request->args, "port")));
  assert_string_equal(replay->unexpected, "");
  if (check_refusal(exchange, (taosuv_req_t*) &status, false)) return;
  yyjson_doc* doc = answer_json(exchange);
  yyjson_val* root = yyjson_doc_get_root(doc);
  assert_int_equal(status.server_status, yyjson_get_int(yyjson_obj_get(root, "status")));
  assert_string_equal(sync_text, yyjson_get_str(yyjson_obj_get(root, "details")));
  yyjson_doc_free(doc);
}

static void do_current_db(replay_t* replay, exchange_t* exchange) {
  taosuv_current_db_t current;
  sync_current_db(replay->client, &current);
  assert_string_equal(replay->unexpected, "");
  if (check_refusal(exchange, (taosuv_req_t*) &current, false)) return;
  yyjson_doc* doc = answer_json(exchange);
  yyjson_val* db = yyjson_obj_get(yyjson_doc_get_root(doc), "db");
  assert_string_equal(sync_text, yyjson_get_str(db));
  yyjson_doc_free(doc);
}

/* False: the recorded request is one that the client refuses, as it should. */
static bool read_insert(yyjson_val* args, taosuv_insert_lines_t* lines) {
  static const char* const names[] = {"", "h", "m", "s", "ms", "u", "ns"};
  const char* precision = yyjson_get_str(yyjson_obj_get(args, "precision"));
  memset(lines, 0, sizeof *lines);
  lines->format = (int) yyjson_get_int(yyjson_obj_get(args, "protocol")) - 1;
  lines->precision = 0;
  while (lines->precision < 7 && strcmp(names[lines->precision], precision) != 0)
    lines->precision++;
  lines->ttl = yyjson_get_sint(yyjson_obj_get(args, "ttl"));
  return lines->format >= 0 && lines->format < 3 && lines->precision < 7 &&
         yyjson_get_len(yyjson_obj_get(args, "data")) > 0;
}

static void do_insert(replay_t* replay, exchange_t* exchange, const request_t* request) {
  taosuv_insert_lines_t lines;
  bool sendable = read_insert(request->args, &lines);
  yyjson_val* data = yyjson_obj_get(request->args, "data");
  int status = sync_insert_lines(replay->client, &lines, yyjson_get_str(data),
                                 yyjson_get_len(data));
  assert_string_equal(replay->unexpected, "");
  assert_int_equal(exchange->used, sendable);
  if (!sendable) {
    assert_int_equal(status, TAOSUV_EINVAL);
    return;
  }
  if (check_refusal(exchange, (taosuv_req_t*) &lines, false)) return;
  yyjson_doc* doc = answer_json(exchange);
  yyjson_val* root = yyjson_doc_get_root(doc);
  assert_int_equal(lines.affected_rows, yyjson_get_sint(yyjson_obj_get(root, "affected_rows")));
  assert_int_equal(lines.total_rows, yyjson_get_sint(yyjson_obj_get(root, "total_rows")));
  yyjson_doc_free(doc);
}

/* One exchange, if it is one that this client can be led to. */
static void lead(replay_t* replay, size_t at) {
  exchange_t* exchange = &replay->conversation->exchanges[at];
  request_t request;
  const char* query = replay->version != NULL ? "query" : "binary_query";
  bool known = !exchange->used && request_read(&exchange->sent, &request);
  if (!known || exchange->answer.bytes == NULL) {
    if (!exchange->used) request_free(&request);
    return;
  }
  replay->replayed++;
  if (strcmp(request.action, "conn") == 0)
    do_conn(replay, exchange, &request);
  else if (replay->client == NULL)
    replay->skipped++;
  else if (strcmp(request.action, query) == 0)
    do_query(replay, at, &request);
  else if (strcmp(request.action, "check_server_status") == 0)
    do_status(replay, exchange, &request);
  else if (strcmp(request.action, "insert") == 0)
    do_insert(replay, exchange, &request);
  else if (strcmp(request.action, "get_current_db") == 0 &&
           replay->version == NULL) /* otherwise by SQL */
    do_current_db(replay, exchange);
  else
    replay->skipped++;
  request_free(&request);
}

static void play(conversation_t* conversation, const char* version) {
  replay_t replay = {.conversation = conversation, .version = version};
  ts_peer_options_t options = {.data = &replay, .text = on_text, .binary = on_binary};
  for (size_t i = 0; i < conversation->count; i++) conversation->exchanges[i].used = false;
  assert_int_equal(uv_loop_init(&replay.loop), 0);
  assert_int_equal(ts_peer_listen(&replay.loop, &options, 0, &replay.peer), 0);
  for (size_t i = 0; i < conversation->count; i++) lead(&replay, i);
  if (replay.client != NULL) sync_close(replay.client);
  ts_peer_close(replay.peer, NULL, NULL);
  uv_run(&replay.loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&replay.loop), 0);
  print_message("%s: %zu exchanges replayed, %zu of them of other features\n", conversation->name,
                replay.replayed, replay.skipped);
  if (replay.replayed == replay.skipped) skip();
}

/* A conversation in JSON actions is one with a server that has no others. */
static bool speaks_json_queries(const conversation_t* conversation) {
  for (size_t i = 0; i < conversation->count; i++) {
    request_t request;
    bool found = request_read(&conversation->exchanges[i].sent, &request) &&
                 strcmp(request.action, "query") == 0 && i > 2;
    request_free(&request);
    if (found) return true;
  }
  return false;
}

static void replays(void** state) {
  conversation_t* conversation = *state;
  play(conversation, speaks_json_queries(conversation) ? "3.1.1.15" : NULL);
}

int main(void) {
  conversations_t all;
  conversations_load(&all);
  struct CMUnitTest* tests = calloc(all.count + 1, sizeof *tests);
  size_t count = 0;
  for (size_t i = 0; i < all.count; i++) {
    /* TMQ speaks another protocol on another path; it gets its own replay with its own feature. */
    if (strcmp(all.list[i].path, "/ws") != 0 || all.list[i].count == 0) continue;
    tests[count].name = all.list[i].name;
    tests[count].test_func = replays;
    tests[count++].initial_state = &all.list[i];
  }
  if (count == 0) fprintf(stderr, "no conversation to replay\n");
  int failed = count == 0 ? 1 : _cmocka_run_group_tests("replay", tests, count, NULL, NULL);
  free(tests);
  conversations_free(&all);
  return failed;
}
