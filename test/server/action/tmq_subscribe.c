/* `subscribe`: the consumer's properties checked, the consumer made, its topics joined. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "session/args.h"
#include "action/conn.h"
#include "action/tmq.h"
#include "session/reply.h"

/* ---- properties ---- */

/* A request's properties on their way to a configuration. */
typedef struct reader_s {
  const ts_server_t* server;
  ts_consumer_config_t config;
  const char* user;
  const char* password;
  const char* token;
  ts_error_t error;
} reader_t;

static bool bad(reader_t* reader, const char* key, const char* value) {
  if (ts_server_has(reader->server, 3, 3, 8, 0)) {
    ts_error(&reader->error, TS_E_PARAMETERS, "invalid value for key '%s': %s", key, value);
  } else {
    ts_error(&reader->error, TS_E_INTERNAL, "fail");
  }
  return false;
}

static bool read_int(const char* text, int64_t min, int64_t max, int64_t* value) {
  char* end;
  if (*text == '\0') return false;
  *value = strtoll(text, &end, 10);
  return *end == '\0' && *value >= min && *value <= max;
}

static bool is_bool(const char* text) {
  return strcasecmp(text, "true") == 0 || strcasecmp(text, "false") == 0;
}

/* As Go reads one. */
static bool read_auto_commit(reader_t* reader, const char* text) {
  static const char* const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
  static const char* const no[] = {"0", "f", "F", "false", "FALSE", "False"};
  for (size_t i = 0; i < 6; i++) {
    if (strcmp(text, yes[i]) == 0) reader->config.auto_commit = true;
    if (strcmp(text, no[i]) == 0) reader->config.auto_commit = false;
    if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) return true;
  }
  ts_error(&reader->error, TS_E_INTERNAL, "strconv.ParseBool: parsing \"%s\": invalid syntax",
           text);
  return false;
}

static bool read_reset(reader_t* reader, const char* text) {
  static const char* const names[] = {"earliest", "latest", "none"};
  for (int i = 0; i < 3; i++)
    if (strcasecmp(text, names[i]) == 0) {
      reader->config.reset = (ts_reset_t) i;
      return true;
    }
  return false;
}

static bool copy(char* to, const char* from) {
  if (strlen(from) > TS_TOPIC_MAX) return false;
  memcpy(to, from, strlen(from) + 1);
  return true;
}

typedef enum {
  IGNORED,
  BOOL,
  NUMBER,
  RESET,
  GROUP,
  CLIENT,
  AUTO,
  AUTO_MS,
  MAX_POLL,
  BATCH,
  USER,
  PASSWORD,
  TOKEN
} kind_t;

static const struct {
  const char* key;
  kind_t kind;
  int64_t min, max; /* of numbers */
} properties[] = {
    {"group.id", GROUP, 0, 0},
    {"client.id", CLIENT, 0, 0},
    {"auto.offset.reset", RESET, 0, 0},
    {"enable.auto.commit", AUTO, 0, 0},
    {"auto.commit.interval.ms", AUTO_MS, 0, INT_MAX},
    {"session.timeout.ms", NUMBER, 6000, 1800000},
    {"max.poll.interval.ms", MAX_POLL, 1000, INT_MAX},
    {"msg.with.table.name", BOOL, 0, 0},
    {"experimental.snapshot.enable", BOOL, 0, 0},
    {"experimental.snapshot.batch.size", IGNORED, 0, 0},
    {"enable.heartbeat.background", IGNORED, 0, 0},
    {"msg.enable.batchmeta", BATCH, 0, INT_MAX},
    {"msg.consume.excluded", NUMBER, 0, INT_MAX},
    {"msg.consume.rawdata", NUMBER, 0, INT_MAX},
    {"fetch.max.wait.ms", NUMBER, 1, INT_MAX},
    {"min.poll.rows", NUMBER, 1, INT_MAX},
    {"td.connect.ip", IGNORED, 0, 0},
    {"td.connect.port", IGNORED, 0, 0},
    {"td.connect.db", IGNORED, 0, 0},
    {"td.connect.user", USER, 0, 0},
    {"td.connect.pass", PASSWORD, 0, 0},
    {"td.connect.token", TOKEN, 0, 0},
};

static bool set_number(reader_t* reader, kind_t kind, int64_t min, int64_t max, const char* text) {
  int64_t value;
  if (!read_int(text, min, max, &value)) return false;
  if (kind == AUTO_MS) reader->config.auto_commit_ms = value;
  if (kind == MAX_POLL) reader->config.max_poll_ms = value;
  if (kind == BATCH) reader->config.batch_meta = value != 0;
  return true;
}

static bool set(reader_t* reader, const char* key, const char* value) {
  size_t i = 0;
  while (i < sizeof properties / sizeof *properties && strcmp(properties[i].key, key) != 0) i++;
  if (i == sizeof properties / sizeof *properties) {
    if (ts_server_has(reader->server, 3, 3, 8, 0)) {
      ts_error(&reader->error, TS_E_PARAMETERS, "unknown configuration key: %s", key);
    } else {
      ts_error(&reader->error, TS_E_CONFIG, "Unknown error 65534");
    }
    return false;
  }
  bool ok = true;
  switch (properties[i].kind) {
    case IGNORED: break;
    case BOOL: ok = is_bool(value); break;
    case RESET: ok = read_reset(reader, value); break;
    case GROUP: ok = copy(reader->config.group, value); break;
    case CLIENT: ok = copy(reader->config.client, value); break;
    case AUTO: return read_auto_commit(reader, value);
    case USER: reader->user = value; break;
    case PASSWORD: reader->password = value; break;
    case TOKEN: reader->token = value; break;
    default:
      ok = set_number(reader, properties[i].kind, properties[i].min, properties[i].max, value);
  }
  return ok || bad(reader, key, value);
}

/* ---- the request ---- */

/* Arguments and the properties that they stand for. Empty ones are not given, and older gateways
 * do not look at newer ones. */
static const struct {
  const char* arg;
  const char* key;
  uint8_t since[3];
} named[] = {
    {"group_id", "group.id", {0}},
    {"client_id", "client.id", {0}},
    {"offset_rest", "auto.offset.reset", {0}},
    {"offset_reset", "auto.offset.reset", {0}},
    {"auto_commit", "enable.auto.commit", {0}},
    {"auto_commit_interval_ms", "auto.commit.interval.ms", {0}},
    {"session_timeout_ms", "session.timeout.ms", {3, 3, 3}},
    {"max_poll_interval_ms", "max.poll.interval.ms", {3, 3, 3}},
    {"with_table_name", "msg.with.table.name", {0}},
    {"snapshot_enable", "experimental.snapshot.enable", {0}},
    {"enable_batch_meta", "msg.enable.batchmeta", {3, 3, 3}},
    {"msg_consume_excluded", "msg.consume.excluded", {0}},
    {"msg_consume_rawdata", "msg.consume.rawdata", {3, 3, 6}},
};

/* 0; 1: malformed arguments, which get no answer; 2: the error is set. */
static int read_named(reader_t* reader, yyjson_val* args) {
  for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
    const char* value;
    const uint8_t* since = named[i].since;
    if (!ts_server_has(reader->server, since[0], since[1], since[2], 0)) continue;
    if (!ts_arg_text(args, named[i].arg, &value, NULL)) return 1;
    if (*value != '\0' && !set(reader, named[i].key, value)) return 2;
  }
  return 0;
}

static bool is_fixed(const char* key) { /* the gateway's own business */
  return strcmp(key, "td.connect.user") == 0 || strcmp(key, "td.connect.pass") == 0 ||
         strcmp(key, "td.connect.ip") == 0 || strcmp(key, "td.connect.port") == 0;
}

static int read_config(reader_t* reader, yyjson_val* args) {
  yyjson_val* config = ts_arg(args, "config");
  if (config == NULL || yyjson_is_null(config) || !ts_server_has(reader->server, 3, 3, 6, 0))
    return 0;
  if (!yyjson_is_obj(config)) return 1;
  yyjson_obj_iter iter = yyjson_obj_iter_with(config);
  for (yyjson_val* key; (key = yyjson_obj_iter_next(&iter)) != NULL;) {
    yyjson_val* value = yyjson_obj_iter_get_val(key);
    if (!yyjson_is_str(value)) return 1;
    if (is_fixed(yyjson_get_str(key))) continue;
    if (!set(reader, yyjson_get_str(key), yyjson_get_str(value))) return 2;
  }
  return 0;
}

static int read_properties(reader_t* reader, yyjson_val* args) {
  static const char* const others[] = {"db", "tz", "app", "ip", "connector"};
  const char* ignored;
  reader->config = (ts_consumer_config_t) {
      .reset = TS_RESET_LATEST, .auto_commit_ms = 5000, .max_poll_ms = 300000};
  reader->token = "";
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (!ts_arg_text(args, others[i], &ignored, NULL)) return 1;
  if (!ts_arg_text(args, "user", &reader->user, NULL) ||
      !ts_arg_text(args, "password", &reader->password, NULL))
    return 1;
  int status = read_named(reader, args);
  return status != 0 ? status : read_config(reader, args);
}

static bool authenticate(const reader_t* reader) {
  const ts_server_t* server = reader->server;
  if (*reader->token != '\0' && ts_server_has(server, 3, 4, 0, 0))
    return *server->bearer_token != '\0' && strcmp(reader->token, server->bearer_token) == 0;
  return strcmp(reader->user, server->user) == 0 && strcmp(reader->password, server->password) == 0;
}

/* The topics; false: bad arguments. */
static bool check_topics(const ts_server_t* server, yyjson_val* topics, ts_error_t* error) {
  if (topics == NULL || yyjson_is_null(topics)) return true;
  if (!yyjson_is_arr(topics)) return false;
  yyjson_arr_iter iter = yyjson_arr_iter_with(topics);
  for (yyjson_val* item; (item = yyjson_arr_iter_next(&iter)) != NULL;) {
    if (!yyjson_is_str(item)) return false;
    if (ts_topic_find(server->store, yyjson_get_str(item)) == NULL)
      ts_error(error, TS_E_NO_TOPIC, "Topic not exist");
  }
  return true;
}

/* A consumer as the arguments say. False: it is answered, or deserves no answer. */
static bool make_consumer(ts_request_t* request, ts_consumer_t** consumer) {
  ts_server_t* server = request->session->server;
  reader_t reader = {.server = server};
  int status = read_properties(&reader, request->args);
  if (status == 1) return false;
  if (status == 0 && reader.config.group[0] == '\0') {
    ts_error(&reader.error, TS_E_INTERNAL, "malloc tmq element failed or group is empty");
  } else if (status == 0 && !authenticate(&reader)) {
    ts_error(&reader.error, TS_E_INTERNAL, "init tscObj failed");
  }
  if (reader.error.code != 0) {
    ts_reply_error(request, reader.error.code, "%s", reader.error.text);
    return false;
  }
  *consumer = ts_consumer_new(server->store, &reader.config);
  return true;
}

static void join(const ts_server_t* server, ts_consumer_t* consumer, yyjson_val* topics) {
  yyjson_arr_iter iter = yyjson_arr_iter_with(topics);
  for (yyjson_val* item; (item = yyjson_arr_iter_next(&iter)) != NULL;)
    ts_consumer_subscribe(consumer, ts_topic_find(server->store, yyjson_get_str(item)));
}

void ts_tmq_subscribe(ts_request_t* request) {
  ts_server_t* server = request->session->server;
  ts_tmq_t* tmq = request->session->tmq;
  yyjson_val* topics = ts_arg(request->args, "topics");
  ts_error_t error = {0};
  if (tmq->consumer != NULL && !tmq->unsubscribed) {
    ts_reply_error(request, TS_E_INTERNAL, "tmq should have unsubscribed first");
    return;
  }
  ts_consumer_t* consumer = tmq->consumer; /* only the topics are looked at then */
  bool list_instances;
  if (!check_topics(server, topics, &error)) return;
  if (!ts_arg_bool(request->args, "list_instances", &list_instances)) return;
  if (consumer == NULL && !make_consumer(request, &consumer)) return;
  if (error.code != 0) {
    if (tmq->consumer == NULL) ts_consumer_free(consumer);
    ts_reply_error(request, error.code, "%s", error.text);
    return;
  }
  join(server, consumer, topics);
  tmq->consumer = consumer;
  tmq->unsubscribed = false;
  ts_tmq_alive(tmq);
  ts_tmq_changed(server); /* others have got fewer vgroups, or this one has got theirs */
  ts_buf_t* out = ts_reply_begin(request);
  if (ts_server_has(server, 3, 3, 6, 0)) ts_put_version(out, server);
  if (list_instances && ts_server_has(server, 3, 4, 1, 10)) ts_put_instances(out, server);
  ts_reply_end(request);
  ts_tmq_poll_queued(tmq);
}
