/* Points of InfluxDB's line protocol: measurement,tag=value… field=value… [timestamp]. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "lines/point.h"

/* What is left of a line. Outside of quotes a character after a backslash is an ordinary one, on
 * servers from 3.3.0.1 on also a second backslash. */
typedef struct rest_s {
  const char* begin;
  const char* at;
  const char* end;
  bool old_escapes;
} rest_t;

static bool is_free(const rest_t* rest, char c) {
  size_t run = 0;
  while (rest->at - run > rest->begin && rest->at[-1 - (ptrdiff_t) run] == '\\') run++;
  return *rest->at == c && (rest->old_escapes ? run == 0 : run % 2 == 0);
}

/* Without its escapes. */
static ts_piece_t plain(ts_points_t* points, ts_piece_t piece, const char* special) {
  char all[8];
  snprintf(all, sizeof all, "%s%s", special, points->input->old_escapes ? "" : "\\");
  return ts_points_unescape(points, piece, all);
}

static void skip_spaces(rest_t* rest) {
  while (rest->at < rest->end && *rest->at == ' ') rest->at++;
}

static int invalid(ts_points_t* points, const char* reason, const rest_t* rest) {
  size_t size = (size_t) (rest->end - rest->at);
  return ts_error(points->error, TS_E_LINES_DATA, "%s:%.*s", reason, size > 256 ? 256 : (int) size,
                  rest->at);
}

static int read_key(ts_points_t* points, rest_t* rest, ts_pairs_t* pairs, ts_pair_t** pair) {
  const char* key = rest->at;
  while (rest->at < rest->end && !is_free(rest, '=')) {
    if (is_free(rest, ' ') || is_free(rest, ','))
      return invalid(points, "SML line invalid data", rest);
    rest->at++;
  }
  if (rest->at == rest->end) { /* there is no key, but what there is belongs to the message */
    size_t size = (size_t) (rest->end - key);
    return ts_error(points->error, TS_E_LINES_KEY,
                    "SML line invalid key or key is too long than %u:%.*s", TS_NAME_MAX,
                    size > 256 ? 256 : (int) size, key);
  }
  ts_piece_t name = {key, (size_t) (rest->at++ - key)};
  *pair = ts_pair_add(points, pairs, plain(points, name, ", ="));
  return *pair == NULL ? points->error->code : 0;
}

static int read_tag(ts_points_t* points, rest_t* rest, ts_point_t* point) {
  ts_pair_t* pair;
  int status = read_key(points, rest, &point->tags, &pair);
  if (status != 0) return status;
  const char* value = rest->at;
  while (rest->at < rest->end && !is_free(rest, ' ') && !is_free(rest, ',')) {
    if (is_free(rest, '=')) return invalid(points, "SML line invalid data", rest);
    rest->at++;
  }
  ts_piece_t piece = {value, (size_t) (rest->at - value)};
  if (piece.size == 0) return invalid(points, "SML line invalid value", rest);
  piece = plain(points, piece, ", =");
  pair->type = TS_NCHAR;
  pair->cell = (ts_cell_t) {.kind = TS_CELL_TEXT, .data = piece.at, .size = piece.size};
  return 0;
}

/* To the end of a value: quotes hide blanks and commas. Returns whether they are balanced. */
static bool skip_value(rest_t* rest) {
  unsigned quotes = 0;
  for (; rest->at < rest->end; rest->at++) {
    if (quotes % 2 == 0 && (is_free(rest, ' ') || is_free(rest, ','))) break;
    if (*rest->at == '"') quotes++;
    if (quotes == 1 && *rest->at == '\\' && rest->at + 1 < rest->end &&
        (rest->at[1] == '"' || rest->at[1] == '\\'))
      rest->at++;
  }
  return quotes == 0 || quotes == 2;
}

static int read_field(ts_points_t* points, rest_t* rest, ts_point_t* point) {
  ts_pair_t* pair;
  int status = read_key(points, rest, &point->fields, &pair);
  if (status != 0) return status;
  rest_t value = *rest;
  if (!skip_value(rest)) return invalid(points, "SML line unbalanced quotes", &value);
  ts_piece_t piece = {value.at, (size_t) (rest->at - value.at)};
  if (piece.size == 0) return invalid(points, "SML line invalid value", &value);
  return ts_value_read(points, piece, pair);
}

/* Pairs with commas between them, up to a blank. */
static int read_pairs(ts_points_t* points, rest_t* rest, ts_point_t* point,
                      int (*read)(ts_points_t*, rest_t*, ts_point_t*)) {
  int status = 0;
  while (status == 0 && rest->at < rest->end && !is_free(rest, ' ')) {
    status = read(points, rest, point);
    if (status == 0 && rest->at < rest->end && *rest->at == ',') rest->at++;
  }
  return status;
}

static int64_t unit_of(const char* precision) {
  static const struct {
    const char* name;
    int64_t unit;
  } units[] = {{"h", 3600000000000}, {"m", 60000000000}, {"s", 1000000000},
               {"ms", 1000000},      {"u", 1000},        {"\xce\xbc", 1000}};
  for (size_t i = 0; precision != NULL && i < sizeof units / sizeof *units; i++)
    if (strcmp(units[i].name, precision) == 0) return units[i].unit;
  return 1;
}

static int read_time(ts_points_t* points, const rest_t* rest, ts_point_t* point) {
  const char* stop = rest->at;
  while (stop < rest->end && *stop != ' ' && (*stop < '\t' || *stop > '\r')) stop++;
  ts_piece_t text = {rest->at, (size_t) (stop - rest->at)};
  int64_t value;
  if (text.size == 0 || (text.size == 1 && *text.at == '0')) {
    point->time = ts_now(points->precision);
    return 0;
  }
  if (!ts_piece_integer(text, &value) || value <= 0 ||
      !ts_points_time(points, value, unit_of(points->input->precision), &point->time))
    return ts_error(points->error, TS_E_LINES_TIMESTAMP, "Invalid timestamp format");
  return 0;
}

int ts_lines_influx(ts_points_t* points, ts_piece_t line) {
  rest_t rest = {line.at, line.at, line.at + line.size, points->input->old_escapes};
  ts_point_t* point = ts_points_add(points);
  skip_spaces(&rest);
  const char* name = rest.at;
  while (rest.at < rest.end && !is_free(&rest, ',') && !is_free(&rest, ' ')) rest.at++;
  ts_piece_t measurement = {name, (size_t) (rest.at - name)};
  int status = ts_point_name(points, point, plain(points, measurement, ", "));
  if (status != 0) return status;
  if (rest.at < rest.end && *rest.at == ',') rest.at++;
  status = read_pairs(points, &rest, point, read_tag);
  skip_spaces(&rest);
  if (status == 0) status = read_pairs(points, &rest, point, read_field);
  if (status == 0 && point->fields.count == 0)
    status = ts_error(points->error, TS_E_LINES_DATA, "SML line cols is empty");
  skip_spaces(&rest);
  return status != 0 ? status : read_time(points, &rest, point);
}
