/* The properties of a consumer: their names, their values, and their names in the subscribe
 * request. */
#include "client/tmq/config.h"
#include "taosuv/error.h"
#include "util/utf8.h"
#include "wire/version.h"

#include <stdlib.h>
#include <string.h>

#define V_3_3_3 TUV_VERSION(3, 3, 3, 0)
#define V_3_3_6 TUV_VERSION(3, 3, 6, 0)

const tuv_tmq_property_info_t tuv_tmq_properties[TUV_TMQ_PROPERTIES] = {
    [TUV_TMQ_GROUP_ID] = {"group.id", "group_id", 0},
    [TUV_TMQ_CLIENT_ID] = {"client.id", "client_id", 0},
    [TUV_TMQ_OFFSET_RESET] = {"auto.offset.reset", "offset_rest", 0}, /* the same name everywhere */
    [TUV_TMQ_AUTO_COMMIT] = {"enable.auto.commit", NULL, 0},
    [TUV_TMQ_COMMIT_INTERVAL] = {"auto.commit.interval.ms", NULL, 0},
    [TUV_TMQ_SESSION_TIMEOUT] = {"session.timeout.ms", "session_timeout_ms", V_3_3_3},
    [TUV_TMQ_MAX_POLL_INTERVAL] = {"max.poll.interval.ms", "max_poll_interval_ms", V_3_3_3},
    [TUV_TMQ_WITH_TABLE_NAME] = {"msg.with.table.name", "with_table_name", 0},
    [TUV_TMQ_SNAPSHOT] = {"experimental.snapshot.enable", "snapshot_enable", 0},
    [TUV_TMQ_BATCH_META] = {"msg.enable.batchmeta", "enable_batch_meta", V_3_3_3},
    [TUV_TMQ_EXCLUDED] = {"msg.consume.excluded", "msg_consume_excluded", V_3_3_3},
    [TUV_TMQ_RAWDATA] = {"msg.consume.rawdata", "msg_consume_rawdata", V_3_3_6},
    [TUV_TMQ_USER] = {"td.connect.user", NULL, 0},
    [TUV_TMQ_PASSWORD] = {"td.connect.pass", NULL, 0},
    [TUV_TMQ_DB] = {"td.connect.db", NULL, 0},
    [TUV_TMQ_TOKEN] = {"td.connect.token", NULL, 0}, /* as bearer_token: checked at the log-in */
    [TUV_TMQ_IP] = {"td.connect.ip", NULL, 0},
    [TUV_TMQ_PORT] = {"td.connect.port", NULL, 0},
};

/* What values they take. */
typedef enum { TEXT, SWITCH, NUMBER, RESET } kind_t;
static const struct {
  kind_t kind;
  uint64_t min, max;    /* the bounds of a number, or of the length of a text */
  const char *no, *yes; /* how the server wants a switch */
} rules[TUV_TMQ_PROPERTIES] = {
    [TUV_TMQ_GROUP_ID] = {TEXT, 1, 192, NULL, NULL},
    [TUV_TMQ_CLIENT_ID] = {TEXT, 0, 255, NULL, NULL},
    [TUV_TMQ_OFFSET_RESET] = {RESET, 0, 0, NULL, NULL},
    [TUV_TMQ_AUTO_COMMIT] = {SWITCH, 0, 0, "false", "true"},
    [TUV_TMQ_COMMIT_INTERVAL] = {NUMBER, 1, INT32_MAX, NULL, NULL},
    [TUV_TMQ_SESSION_TIMEOUT] = {NUMBER, 6000, 1800000, NULL, NULL},
    [TUV_TMQ_MAX_POLL_INTERVAL] = {NUMBER, 1000, INT32_MAX, NULL, NULL},
    [TUV_TMQ_WITH_TABLE_NAME] = {SWITCH, 0, 0, "false", "true"},
    [TUV_TMQ_SNAPSHOT] = {SWITCH, 0, 0, "false", "true"},
    [TUV_TMQ_BATCH_META] = {SWITCH, 0, 0, "0", "1"},
    [TUV_TMQ_EXCLUDED] = {SWITCH, 0, 0, "0", "1"},
    [TUV_TMQ_RAWDATA] = {SWITCH, 0, 0, "0", "1"},
    [TUV_TMQ_USER] = {TEXT, 1, 1024, NULL, NULL},
    [TUV_TMQ_PASSWORD] = {TEXT, 0, 1024, NULL, NULL},
    [TUV_TMQ_DB] = {TEXT, 0, 64, NULL, NULL},
    [TUV_TMQ_TOKEN] = {TEXT, 1, 65536, NULL, NULL},
    [TUV_TMQ_IP] = {TEXT, 1, 253, NULL, NULL},
    [TUV_TMQ_PORT] = {NUMBER, 1, 65535, NULL, NULL},
};

enum { MAX_KEY = 128, MAX_VALUE = 65536 };

static bool is_one_of(const char* value, const char* const* words, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(value, words[i]) == 0) return true;
  return false;
}

static bool is_number(const char* value, uint64_t min, uint64_t max) {
  size_t length = strlen(value);
  if (length == 0 || length > 10 || strspn(value, "0123456789") != length) return false;
  uint64_t number = strtoull(value, NULL, 10);
  return number >= min && number <= max;
}

static int check_text(const char* name, const char* value, uint64_t min, uint64_t max,
                      tuv_errmsg_t* err) {
  size_t length = strlen(value);
  if (length < min) return tuv_fail(err, TAOSUV_EINVAL, "%s is empty", name);
  if (length > max)
    return tuv_fail(err, TAOSUV_EINVAL, "%s is longer than %llu bytes", name,
                    (unsigned long long) max);
  if (!tuv_utf8_valid((const uint8_t*) value, length))
    return tuv_fail(err, TAOSUV_EINVAL, "%s is not UTF-8", name);
  return 0;
}

/* Checks the value of a known property, and writes it in the form that the server takes. */
static int check(tuv_tmq_property_t which, const char** value, tuv_errmsg_t* err) {
  static const char* const yes[] = {"true", "1"};
  static const char* const no[] = {"false", "0"};
  static const char* const resets[] = {"earliest", "latest", "none"};
  const char* name = tuv_tmq_properties[which].name;
  switch (rules[which].kind) {
    case TEXT: return check_text(name, *value, rules[which].min, rules[which].max, err);
    case NUMBER:
      if (is_number(*value, rules[which].min, rules[which].max)) return 0;
      return tuv_fail(err, TAOSUV_EINVAL, "%s: '%.64s' must be a number from %llu to %llu", name,
                      *value, (unsigned long long) rules[which].min,
                      (unsigned long long) rules[which].max);
    case RESET:
      if (is_one_of(*value, resets, 3)) return 0;
      return tuv_fail(err, TAOSUV_EINVAL, "%s: '%.64s' must be earliest, latest or none", name,
                      *value);
    case SWITCH: break;
  }
  if (!is_one_of(*value, yes, 2) && !is_one_of(*value, no, 2))
    return tuv_fail(err, TAOSUV_EINVAL, "%s: '%.64s' must be true, false, 1 or 0", name, *value);
  *value = is_one_of(*value, yes, 2) ? rules[which].yes : rules[which].no;
  return 0;
}

static tuv_tmq_property_t find(const char* key) {
  int which = 0;
  while (which < TUV_TMQ_PROPERTIES && strcmp(tuv_tmq_properties[which].name, key) != 0) which++;
  return (tuv_tmq_property_t) which;
}

/* A property that is not known here is sent to the server, if its name can be one. */
static int check_other(const taosuv_property_t* property, tuv_errmsg_t* err) {
  size_t length = strlen(property->key);
  for (size_t i = 0; i < length; i++) {
    char c = property->key[i];
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '.' || c == '_' || c == '-';
    if (!plain || length > MAX_KEY)
      return tuv_fail(err, TAOSUV_EINVAL, "'%.64s' cannot be the name of a property",
                      property->key);
  }
  if (length == 0) return tuv_fail(err, TAOSUV_EINVAL, "the name of a property is empty");
  return check_text(property->key, property->value, 0, MAX_VALUE, err);
}

/* Copies a text to *at, and moves *at behind it. */
static const char* keep(char** at, const char* text) {
  size_t size = strlen(text) + 1;
  char* copy = *at;
  memcpy(copy, text, size);
  *at += size;
  return copy;
}

static int add(tuv_tmq_config_t* config, const taosuv_property_t* property, char** at,
               tuv_errmsg_t* err) {
  const char* value = property->value;
  tuv_tmq_property_t which = find(property->key);
  bool twice = which < TUV_TMQ_PROPERTIES && config->value[which] != NULL;
  for (size_t i = 0; i < config->nothers; i++)
    twice = twice || strcmp(config->others[i][0], property->key) == 0;
  if (twice) return tuv_fail(err, TAOSUV_EINVAL, "%.64s is given twice", property->key);
  if (which == TUV_TMQ_PROPERTIES) {
    int status = check_other(property, err);
    if (status < 0) return status;
    config->others[config->nothers][0] = keep(at, property->key);
    config->others[config->nothers++][1] = keep(at, value);
    return 0;
  }
  int status = check(which, &value, err);
  if (status == 0) config->value[which] = keep(at, value);
  return status;
}

/* The size of the list of other properties and of all texts; a switch may grow to "false". 0: a
 * text is NULL. */
static size_t memory_for(const taosuv_property_t* properties, size_t count) {
  size_t size = count * sizeof(const char* [2]) + 1;
  for (size_t i = 0; i < count; i++) {
    if (properties[i].key == NULL || properties[i].value == NULL) return 0;
    size += strlen(properties[i].key) + strlen(properties[i].value) + sizeof "false" + 2;
  }
  return size;
}

int tuv_tmq_config_read(const tuv_alloc_t* alloc, const taosuv_property_t* properties, size_t count,
                        tuv_tmq_config_t* config, tuv_errmsg_t* err) {
  memset(config, 0, sizeof *config);
  if (count > 1024 || (count > 0 && properties == NULL))
    return tuv_fail(err, TAOSUV_EINVAL, "the list of properties is NULL, or has more than 1024");
  config->memory_size = memory_for(properties, count);
  if (config->memory_size == 0)
    return tuv_fail(err, TAOSUV_EINVAL, "the name or the value of a property is NULL");
  config->memory = tuv_malloc(alloc, config->memory_size);
  if (config->memory == NULL) return TAOSUV_ENOMEM;
  config->others = (const char*(*) [2])(void*) config->memory;
  char* at = config->memory + count * sizeof(const char* [2]);
  int status = 0;
  for (size_t i = 0; i < count && status == 0; i++) status = add(config, &properties[i], &at, err);
  if (status == 0 && config->value[TUV_TMQ_GROUP_ID] == NULL)
    status = tuv_fail(err, TAOSUV_EINVAL, "group.id is missing");
  if (status < 0) {
    tuv_tmq_config_free(alloc, config);
    return status;
  }
  const char* automatic = config->value[TUV_TMQ_AUTO_COMMIT];
  const char* interval = config->value[TUV_TMQ_COMMIT_INTERVAL];
  const char* reset = config->value[TUV_TMQ_OFFSET_RESET];
  config->auto_commit = automatic == NULL || strcmp(automatic, "true") == 0;
  config->from_latest = reset == NULL || strcmp(reset, "latest") == 0;
  config->commit_interval = interval == NULL ? 5000 : strtoull(interval, NULL, 10);
  return 0;
}

void tuv_tmq_config_free(const tuv_alloc_t* alloc, tuv_tmq_config_t* config) {
  if (config->memory != NULL) tuv_wipe(config->memory, config->memory_size);
  tuv_free(alloc, config->memory);
  memset(config, 0, sizeof *config);
}
