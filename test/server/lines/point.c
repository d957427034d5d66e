/* Points on their way from a schemaless text into tables: what the three parsers share. */
#include "lines/point.h"

#include <string.h>

ts_point_t* ts_points_add(ts_points_t* points) {
  ts_point_t* point = ts_arena_alloc(&points->memory, sizeof *point);
  *points->end = point;
  points->end = &point->next;
  return point;
}

const char* ts_points_text(ts_points_t* points, ts_piece_t piece) {
  char* text = ts_arena_alloc(&points->memory, piece.size + 1);
  if (piece.size > 0) memcpy(text, piece.at, piece.size);
  return text;
}

ts_piece_t ts_points_unescape(ts_points_t* points, ts_piece_t piece, const char* special) {
  if (piece.size == 0 || memchr(piece.at, '\\', piece.size) == NULL) return piece;
  char* text = ts_arena_alloc(&points->memory, piece.size);
  size_t size = 0;
  for (size_t i = 0; i < piece.size; i++) {
    bool escapes = piece.at[i] == '\\' && i + 1 < piece.size && piece.at[i + 1] != '\0' &&
                   strchr(special, piece.at[i + 1]) != NULL;
    if (escapes) i++;
    text[size++] = piece.at[i];
  }
  return (ts_piece_t) {text, size};
}

int ts_point_name(ts_points_t* points, ts_point_t* point, ts_piece_t name) {
  if (name.size == 0 || name.size > TS_TABLE_MAX)
    return ts_error(points->error, TS_E_LINES_TABLE, "measure is empty or too large than %u",
                    TS_TABLE_MAX);
  char* text = (char*) ts_points_text(points, name);
  point->table = text;
  for (; *text != '\0'; text++)
    if (*text == '.') *text = '_';
  return 0;
}

ts_pair_t* ts_pair_add(ts_points_t* points, ts_pairs_t* pairs, ts_piece_t name) {
  if (name.size == 0 || name.size > TS_NAME_MAX) {
    ts_error(points->error, TS_E_LINES_KEY, "SML line invalid key or key is too long than %u:%.*s",
             TS_NAME_MAX, name.size > 256 ? 256 : (int) name.size, name.size > 0 ? name.at : "");
    return NULL;
  }
  const char* text = ts_points_text(points, name);
  for (uint32_t i = 0; i < pairs->count; i++)
    if (strcmp(pairs->list[i].name, text) == 0) {
      ts_error(points->error, TS_E_LINES_DUPLICATE, "Duplicated column names: %s", text);
      return NULL;
    }
  if (pairs->count == pairs->capacity) {
    uint32_t capacity = pairs->capacity == 0 ? 8 : pairs->capacity * 2;
    ts_pair_t* list = ts_arena_alloc(&points->memory, capacity * sizeof *list);
    if (pairs->count > 0) memcpy(list, pairs->list, pairs->count * sizeof *list);
    pairs->list = list;
    pairs->capacity = capacity;
  }
  ts_pair_t* pair = &pairs->list[pairs->count++];
  *pair = (ts_pair_t) {.name = text};
  return pair;
}

bool ts_points_time(const ts_points_t* points, int64_t value, int64_t unit, int64_t* time) {
  int64_t per = 1000000000 / ts_per_second(points->precision);
  if (unit < per) {
    *time = value / (per / unit);
    return true;
  }
  return !__builtin_mul_overflow(value, unit / per, time);
}

bool ts_piece_integer(ts_piece_t piece, int64_t* value) {
  bool negative = piece.size > 0 && *piece.at == '-';
  size_t i = negative || (piece.size > 0 && *piece.at == '+');
  if (i == piece.size) return false;
  *value = 0;
  for (; i < piece.size; i++) {
    int digit = piece.at[i] - '0';
    if (digit < 0 || digit > 9 || __builtin_mul_overflow(*value, 10, value) ||
        __builtin_sub_overflow(*value, digit, value))
      return false;
  }
  return negative || !__builtin_sub_overflow((int64_t) 0, *value, value);
}

int64_t ts_digits_unit(size_t digits) {
  if (digits == 10) return 1000000000;
  return digits == 13 ? 1000000 : 0;
}
