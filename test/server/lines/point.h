/* Points on their way from a schemaless text into tables: what the three parsers give to
 * lines/write.c. */
#ifndef TS_LINES_POINT_H
#define TS_LINES_POINT_H

#include "lines/lines.h"
#include "codec/cell.h"
#include "query/context.h"

enum {
  TS_E_LINES_VALUE = 515,
  TS_E_LINES_TABLE = 522,
  TS_E_LINES_DUPLICATE = 541,
  TS_E_LINES_KEY = 543,
  TS_E_LINES_JSON = 545,
  TS_E_LINES_TIMESTAMP = 289,
  TS_E_LINES_TIME_RANGE = 1547,
  TS_E_TAGS_LENGTH = 9789,
  TS_E_LINES_PROTOCOL = 12288,
  TS_E_LINES_DATA = 12290
};

/* A tag or a field. */
typedef struct ts_pair_s {
  const char* name;
  uint8_t type;
  ts_cell_t cell;
} ts_pair_t;

typedef struct ts_pairs_s {
  ts_pair_t* list;
  uint32_t count;
  uint32_t capacity;
} ts_pairs_t;

typedef struct ts_point_s {
  struct ts_point_s* next;
  const char* table; /* the super table's name */
  int64_t time;      /* in the database's precision */
  ts_pairs_t tags;
  ts_pairs_t fields;
} ts_point_t;

/* One request being read. Names and values live in its arena or in the input. */
typedef struct ts_points_s {
  ts_arena_t memory;
  ts_error_t* error;
  const ts_lines_t* input;
  uint8_t precision; /* the database's */
  ts_point_t* first;
  ts_point_t** end;
} ts_points_t;

/* A part of the input, without a NUL at its end. */
typedef struct ts_piece_s {
  const char* at;
  size_t size;
} ts_piece_t;

ts_point_t* ts_points_add(ts_points_t* points);
/* The super table's name: a '.' becomes a '_'. */
int ts_point_name(ts_points_t* points, ts_point_t* point, ts_piece_t name);
/* Adds a pair with this name, without a value yet. NULL: the error is set. */
ts_pair_t* ts_pair_add(ts_points_t* points, ts_pairs_t* pairs, ts_piece_t name);
const char* ts_points_text(ts_points_t* points, ts_piece_t piece); /* a copy with a NUL */
/* Takes out each backslash before one of `special`; what comes after it is not looked at again. */
ts_piece_t ts_points_unescape(ts_points_t* points, ts_piece_t piece, const char* special);
/* A time of `unit` nanoseconds per one in the database's precision; false: it has no room there. */
bool ts_points_time(const ts_points_t* points, int64_t value, int64_t unit, int64_t* time);
bool ts_piece_integer(ts_piece_t piece, int64_t* value); /* digits, perhaps with a sign */
int64_t ts_digits_unit(size_t digits); /* 10 digits: seconds, 13: milliseconds; otherwise 0 */

/* lines/value.c: a value as line protocol and telnet write it, with its suffix or quotes. */
int ts_value_read(ts_points_t* points, ts_piece_t text, ts_pair_t* pair);

int ts_lines_influx(ts_points_t* points, ts_piece_t line);
int ts_lines_telnet(ts_points_t* points, ts_piece_t line);
int ts_lines_json(ts_points_t* points);

/* lines/write.c */
int ts_points_write(ts_store_t* store, ts_database_t* database, const ts_points_t* points,
                    int64_t* affected);

#endif
