/* Points of OpenTSDB's telnet protocol: metric timestamp value tag=value…. */
#include <string.h>

#include "lines/point.h"

/* The next word; of size 0 at the end of the line. */
static ts_piece_t next_word(ts_piece_t* line) {
  while (line->size > 0 && (*line->at == ' ' || *line->at == '\r')) {
    line->at++;
    line->size--;
  }
  ts_piece_t word = {line->at, 0};
  while (word.size < line->size && word.at[word.size] != ' ' && word.at[word.size] != '\r')
    word.size++;
  line->at += word.size;
  line->size -= word.size;
  return word;
}

static int invalid(ts_points_t* points, const char* reason, ts_piece_t word) {
  return ts_error(points->error, TS_E_LINES_DATA, "%s:%.*s", reason,
                  word.size > 256 ? 256 : (int) word.size, word.at);
}

static int read_time(ts_points_t* points, ts_piece_t word, ts_point_t* point) {
  int64_t value;
  if (word.size == 1 && *word.at == '0') {
    point->time = ts_now(points->precision);
    return 0;
  }
  int64_t unit = ts_digits_unit(word.size);
  if (unit == 0)
    return invalid(points,
                   "timestamp precision can only be seconds(10 digits) or milli seconds(13 digits)",
                   word);
  if (!ts_piece_integer(word, &value) || value <= 0 ||
      !ts_points_time(points, value, unit, &point->time))
    return invalid(points, "invalid timestamp", word);
  return 0;
}

static int read_tag(ts_points_t* points, ts_piece_t word, ts_point_t* point) {
  const char* equals = memchr(word.at, '=', word.size);
  if (equals == NULL) return invalid(points, "invalid data", word);
  ts_piece_t name = {word.at, (size_t) (equals - word.at)};
  ts_piece_t value = {equals + 1, word.size - name.size - 1};
  if (value.size == 0 || memchr(value.at, '=', value.size) != NULL)
    return invalid(points, "invalid value", word);
  ts_pair_t* pair = ts_pair_add(points, &point->tags, name);
  if (pair == NULL) return points->error->code;
  pair->type = TS_NCHAR;
  pair->cell = (ts_cell_t) {.kind = TS_CELL_TEXT, .data = value.at, .size = value.size};
  return 0;
}

int ts_lines_telnet(ts_points_t* points, ts_piece_t line) {
  ts_point_t* point = ts_points_add(points);
  if (points->input->strip_put && line.size > 4 && memcmp(line.at, "put ", 4) == 0) {
    line.at += 4;
    line.size -= 4;
  }
  int status = ts_point_name(points, point, next_word(&line));
  if (status == 0) status = read_time(points, next_word(&line), point);
  if (status != 0) return status;
  ts_piece_t value = next_word(&line);
  if (value.size == 0) return invalid(points, "invalid value", value);
  ts_pair_t* field = ts_pair_add(points, &point->fields, (ts_piece_t) {"_value", 6});
  status = ts_value_read(points, value, field);
  for (;;) {
    ts_piece_t word = next_word(&line);
    if (status != 0) return status;
    if (word.size == 0) break;
    status = read_tag(points, word, point);
  }
  return point->tags.count > 0 ? 0 : invalid(points, "invalid data", line);
}
