/* Schemaless writes: a request is split into lines, read, checked, and written. */
#include "lines/lines.h"

#include <string.h>

#include "lines/point.h"
#include "base/buf.h"

/* The number of lines, without the comments of line protocol. */
static int64_t count_lines(const ts_lines_t* input) {
  int64_t count = 0;
  size_t begin = 0;
  for (size_t i = 0; i < input->size; i++)
    if (input->data[i] == '\n' || i + 1 == input->size) {
      if (input->format != TS_LINES_INFLUX || input->data[begin] != '#') count++;
      begin = i + 1;
    }
  return count;
}

static int read_lines(ts_points_t* points) {
  const ts_lines_t* input = points->input;
  const char* at = input->data;
  const char* end = at + input->size;
  int status = 0;
  while (status == 0 && at < end) {
    const char* stop = memchr(at, '\n', (size_t) (end - at));
    if (stop == NULL) stop = end;
    ts_piece_t line = {at, (size_t) (stop - at)};
    if (input->format == TS_LINES_TELNET) {
      status = ts_lines_telnet(points, line);
    } else if (line.size == 0 || *line.at != '#') {
      status = ts_lines_influx(points, line);
    }
    at = stop + 1;
  }
  return status;
}

static int check_range(ts_points_t* points) {
  int64_t keep = ts_per_second(points->precision) * 86400 * 3650;
  int64_t oldest = ts_now(points->precision) - keep;
  for (const ts_point_t* point = points->first; point != NULL; point = point->next)
    if (point->time < oldest)
      return ts_error(points->error, TS_E_LINES_TIME_RANGE, "Timestamp data out of range");
  return 0;
}

int ts_lines_insert(ts_store_t* store, const char* db, const ts_lines_t* lines, int64_t* affected,
                    int64_t* total, ts_error_t* error) {
  *affected = *total = 0;
  *error = (ts_error_t) {0};
  if (*db == '\0') return ts_error(error, TS_E_DB_NOT_SPECIFIED, "Database not specified");
  ts_database_t* database = ts_database_find(store, db);
  if (database == NULL) return ts_error(error, TS_E_NO_DB, "Database not exist");
  if (lines->format < TS_LINES_INFLUX || lines->format > TS_LINES_JSON)
    return ts_error(error, TS_E_LINES_PROTOCOL, "protocol invalidate");
  *total = count_lines(lines);
  if (*total == 0) return ts_error(error, TS_E_LINES_DATA, "line num is invalid");
  ts_points_t points = {.error = error, .input = lines, .precision = database->precision};
  points.end = &points.first;
  int status = lines->format == TS_LINES_JSON ? ts_lines_json(&points) : read_lines(&points);
  if (status == 0) status = check_range(&points);
  if (status == 0) status = ts_points_write(store, database, &points, affected);
  ts_arena_free(&points.memory);
  return status;
}
