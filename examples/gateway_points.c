/* The JSON points of the example gateway, which are converted to line protocol. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <yyjson.h>

#include "gateway.h"

enum { KEPT_ROOM = 1 << 16, NUMBER_ROOM = 24 };

static struct {
  int64_t unit;        /* units of time per second */
  char no_time[64];    /* the error for a time in another unit */
  taosuv_line_t* line; /* points in JSON */
} points;

int gateway_points_init(const char* precision) {
  static const char* const names[] = {"ms", "us", "ns"};
  int64_t unit = 1000;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++, unit *= 1000) {
    if (strcmp(names[i], precision) != 0) continue;
    points.unit = unit;
    snprintf(points.no_time, sizeof points.no_time, "the time is not in %s since 1970", names[i]);
    return taosuv_line_create(NULL, &points.line);
  }
  return TAOSUV_EINVAL;
}

void gateway_points_end(void) {
  taosuv_line_free(points.line);
  points.line = NULL;
}

/* ---- text that grows ---- */

static int reserve(gateway_lines_t* lines, size_t more) {
  if (lines->room - lines->size >= more) return 0;
  size_t room = (lines->size + more) * 2;
  char* text = realloc(lines->text, room);
  if (text == NULL) return TAOSUV_ENOMEM;
  lines->text = text;
  lines->room = room;
  return 0;
}

void gateway_lines_clear(gateway_lines_t* lines) {
  lines->size = 0;
  if (lines->room <= KEPT_ROOM) return;
  free(lines->text);
  lines->text = NULL;
  lines->room = 0;
}

int gateway_lines_add(gateway_lines_t* lines, const char* text, size_t length) {
  if (reserve(lines, length) < 0) return TAOSUV_ENOMEM;
  memcpy(lines->text + lines->size, text, length);
  lines->size += length;
  return 0;
}

/* ---- times ---- */

int64_t gateway_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return (int64_t) time.tv_sec * points.unit + time.tv_nsec / (1000000000 / points.unit);
}

/* A time between 1971 and 2200 in this unit is before 1971 or after 2200 in any other. */
const char* gateway_check_time(int64_t time) {
  const int64_t year = 365 * 86400, seconds = time / points.unit;
  return seconds >= year && seconds <= 230 * year ? NULL : points.no_time;
}

/* ---- JSON ---- */

static int no_json(char why[GATEWAY_WHY], const char* reason) {
  snprintf(why, GATEWAY_WHY, "%s", reason);
  return TAOSUV_EINVAL;
}

/* After a call of the line builder: takes its error text, unless one is set already. */
static int told(int status, char why[GATEWAY_WHY]) {
  if (status < 0 && *why == 0) snprintf(why, GATEWAY_WHY, "%s", taosuv_line_error(points.line));
  return status;
}

static int add_tag(const char* key, size_t key_length, yyjson_val* value, char why[GATEWAY_WHY]) {
  char number[NUMBER_ROOM] = "";
  const char* text = yyjson_get_str(value);
  size_t length = yyjson_get_len(value);
  if (text == NULL) {
    if (yyjson_is_bool(value))
      snprintf(number, sizeof number, "%s", yyjson_get_bool(value) ? "true" : "false");
    else if (yyjson_is_uint(value))
      snprintf(number, sizeof number, "%" PRIu64, yyjson_get_uint(value));
    else if (yyjson_is_int(value))
      snprintf(number, sizeof number, "%" PRId64, yyjson_get_sint(value));
    else
      return no_json(why, "a tag must be a string, a boolean or a whole number");
    text = number;
    length = strlen(number);
  }
  return told(taosuv_line_tag(points.line, key, key_length, text, length), why);
}

/* JSON has one kind of number. A column that was created for 1 must also accept 1.5, so all are
 * DOUBLE. */
static int add_number(const char* key, size_t key_length, yyjson_val* value,
                      char why[GATEWAY_WHY]) {
  double number = yyjson_is_uint(value)   ? (double) yyjson_get_uint(value)
                  : yyjson_is_sint(value) ? (double) yyjson_get_sint(value)
                                          : yyjson_get_real(value);
  if (yyjson_is_int(value) && fabs(number) > 9007199254740992.0) /* 2^53 */
    return no_json(why, "a whole number that a DOUBLE may not hold: write it as line protocol");
  return told(
      taosuv_line_field(points.line, key, key_length, TAOSUV_TYPE_DOUBLE, taosuv_f64(number)), why);
}

static int add_field(const char* key, size_t key_length, yyjson_val* value, char why[GATEWAY_WHY]) {
  if (yyjson_is_num(value)) return add_number(key, key_length, value, why);
  if (yyjson_is_null(value)) return 0;
  if (yyjson_is_bool(value))
    return told(taosuv_line_field(points.line, key, key_length, TAOSUV_TYPE_BOOL,
                                  taosuv_bool(yyjson_get_bool(value))),
                why);
  if (!yyjson_is_str(value)) return no_json(why, "a field must be a string, a number or a boolean");
  return told(taosuv_line_field(points.line, key, key_length, TAOSUV_TYPE_VARCHAR,
                                taosuv_text(yyjson_get_str(value), yyjson_get_len(value))),
              why);
}

static int add_all(yyjson_val* object, char why[GATEWAY_WHY],
                   int (*one)(const char*, size_t, yyjson_val*, char*)) {
  size_t at, count;
  yyjson_val *key, *value;
  yyjson_obj_foreach(object, at, count, key, value) {
    int status = one(yyjson_get_str(key), yyjson_get_len(key), value, why);
    if (status < 0) return status;
  }
  return 0;
}

static int read_time(yyjson_val* time, int64_t* value, char why[GATEWAY_WHY]) {
  *value = gateway_now();
  if (time == NULL || yyjson_is_null(time)) return 0;
  if (!yyjson_is_uint(time) || yyjson_get_uint(time) > INT64_MAX)
    return no_json(why, "\"timestamp\" is not a whole number");
  *value = (int64_t) yyjson_get_uint(time);
  const char* wrong = gateway_check_time(*value);
  return wrong == NULL ? 0 : no_json(why, wrong);
}

/* Unknown members are refused, so that a misspelt one is not lost. */
static int read_members(yyjson_val* point, yyjson_val* members[4], char why[GATEWAY_WHY]) {
  static const char* const names[] = {"measurement", "tags", "fields", "timestamp"};
  size_t at, count;
  yyjson_val *key, *value;
  if (!yyjson_is_obj(point)) return no_json(why, "it is not an object");
  yyjson_obj_foreach(point, at, count, key, value) {
    size_t i = 0;
    while (i < 4 && !yyjson_equals_str(key, names[i])) i++;
    if (i == 4) return no_json(why, "has members but measurement, tags, fields, timestamp");
    members[i] = value;
  }
  if (!yyjson_is_str(members[0])) return no_json(why, "\"measurement\" is not a string");
  if (members[1] != NULL && !yyjson_is_obj(members[1]))
    return no_json(why, "\"tags\" is not an object");
  if (!yyjson_is_obj(members[2])) return no_json(why, "\"fields\" is not an object");
  return 0;
}

static int add_point(yyjson_val* point, char why[GATEWAY_WHY]) {
  yyjson_val* members[4] = {NULL};
  int64_t time = 0;
  size_t before, after;
  *why = 0;
  int status = read_members(point, members, why);
  if (status == 0) status = read_time(members[3], &time, why);
  if (status < 0) return status;
  taosuv_line_text(points.line, &before);
  status = told(
      taosuv_line_begin(points.line, yyjson_get_str(members[0]), yyjson_get_len(members[0])), why);
  if (status == 0 && members[1] != NULL) status = add_all(members[1], why, add_tag);
  if (status == 0) status = add_all(members[2], why, add_field);
  if (status == 0) status = told(taosuv_line_end(points.line, time), why);
  if (status < 0) return status;
  taosuv_line_text(points.line, &after);
  if (after - before > GATEWAY_MAX_LINE) return no_json(why, "longer than 60000 bytes as a line");
  return 0;
}

/* Adds the number of the point to the error. */
static int add_numbered(yyjson_val* point, size_t number, char why[GATEWAY_WHY]) {
  char reason[GATEWAY_WHY - 40];
  int status = add_point(point, why);
  if (status == 0) return 0;
  snprintf(reason, sizeof reason, "%.*s", (int) sizeof reason - 1, why);
  snprintf(why, GATEWAY_WHY, "point %zu: %s", number, reason);
  return status;
}

static int add_points(yyjson_val* root, char why[GATEWAY_WHY]) {
  size_t at, count;
  yyjson_val* point;
  if (!yyjson_is_arr(root)) return add_numbered(root, 1, why);
  if (yyjson_arr_size(root) == 0) return no_json(why, "the body contains no point");
  yyjson_arr_foreach(root, at, count, point) {
    int status = add_numbered(point, at + 1, why);
    if (status < 0) return status;
  }
  return 0;
}

int gateway_points_from_json(gateway_lines_t* lines, const char* body, size_t length,
                             char why[GATEWAY_WHY]) {
  yyjson_read_err error = {0};
  /* Without the flag for in-place parsing yyjson copies the body and does not change it. */
  yyjson_doc* doc = yyjson_read_opts((char*) (uintptr_t) body, length, 0, NULL, &error);
  if (doc == NULL) {
    snprintf(why, GATEWAY_WHY, "no JSON: %s at byte %zu",
             error.msg != NULL ? error.msg : "unreadable", error.pos);
    return 400;
  }
  taosuv_line_clear(points.line);
  int status = add_points(yyjson_doc_get_root(doc), why);
  yyjson_doc_free(doc);
  if (status == 0) {
    size_t size;
    const char* text = taosuv_line_text(points.line, &size);
    status = gateway_lines_add(lines, text, size);
    if (status < 0) snprintf(why, GATEWAY_WHY, "out of memory");
  }
  return status == 0 ? 0 : status == TAOSUV_ENOMEM ? 503 : 400;
}
