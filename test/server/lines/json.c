/* Points of OpenTSDB's JSON: one object, or an array of them. */
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#include "lines/point.h"

static int invalid(ts_points_t* points) {
  return ts_error(points->error, TS_E_LINES_JSON, "Invalid JSON format");
}

static ts_piece_t text_of(yyjson_val* val) {
  return (ts_piece_t) {yyjson_get_str(val), yyjson_get_len(val)};
}

static int read_text(ts_points_t* points, yyjson_val* val, uint8_t type, ts_pair_t* pair) {
  if (!yyjson_is_str(val)) return invalid(points);
  size_t size = yyjson_get_len(val);
  pair->type = type;
  pair->cell.kind = TS_CELL_TEXT;
  pair->cell.data = ts_points_text(points, text_of(val)); /* the document goes away */
  pair->cell.size = size;
  return 0;
}

/* {"value": 1, "type": "int"}: the value as line protocol would write it. */
static int read_typed(ts_points_t* points, yyjson_val* val, ts_pair_t* pair) {
  static const struct {
    const char* type;
    const char* suffix;
  } numbers[] = {{"tinyint", "i8"}, {"smallint", "i16"}, {"int", "i32"},
                 {"bigint", "i64"}, {"float", "f32"},    {"double", "f64"}};
  yyjson_val* value = yyjson_obj_get(val, "value");
  yyjson_val* type = yyjson_obj_get(val, "type");
  if (yyjson_obj_size(val) != 2 || !yyjson_is_str(type)) return invalid(points);
  if (yyjson_equals_str(type, "nchar")) return read_text(points, value, TS_NCHAR, pair);
  if (yyjson_equals_str(type, "binary") || yyjson_equals_str(type, "varchar"))
    return read_text(points, value, TS_VARCHAR, pair);
  if (yyjson_equals_str(type, "bool") && yyjson_is_bool(value)) {
    pair->type = TS_BOOL;
    pair->cell = (ts_cell_t) {.kind = TS_CELL_INT, .integer = yyjson_get_bool(value)};
    return 0;
  }
  for (size_t i = 0; yyjson_is_num(value) && i < sizeof numbers / sizeof *numbers; i++) {
    if (!yyjson_equals_str(type, numbers[i].type)) continue;
    char text[64];
    bool whole = yyjson_is_int(value) && i < 4;
    int size = whole ? snprintf(text, sizeof text, "%lld%s", (long long) yyjson_get_sint(value),
                                numbers[i].suffix)
                     : snprintf(text, sizeof text, "%.17g%s", yyjson_get_num(value),
                                numbers[i].suffix);
    return ts_value_read(points, (ts_piece_t) {text, (size_t) size}, pair);
  }
  return invalid(points);
}

static int read_value(ts_points_t* points, yyjson_val* val, ts_pair_t* pair) {
  if (yyjson_is_obj(val)) return read_typed(points, val, pair);
  if (yyjson_is_str(val)) return read_text(points, val, TS_VARCHAR, pair);
  if (yyjson_is_bool(val)) {
    pair->type = TS_BOOL;
    pair->cell = (ts_cell_t) {.kind = TS_CELL_INT, .integer = yyjson_get_bool(val)};
    return 0;
  }
  if (!yyjson_is_num(val)) return invalid(points);
  pair->type = TS_DOUBLE;
  pair->cell = (ts_cell_t) {.kind = TS_CELL_REAL, .real = yyjson_get_num(val)};
  return 0;
}

/* A number of 10 or 13 digits, 0 for now, or {"value": …, "type": "s"}. */
static int read_time(ts_points_t* points, yyjson_val* val, ts_point_t* point) {
  int64_t unit = 0;
  yyjson_val* number = val;
  if (yyjson_is_obj(val)) {
    yyjson_val* type = yyjson_obj_get(val, "type");
    number = yyjson_obj_get(val, "value");
    if (yyjson_equals_str(type, "s")) unit = 1000000000;
    if (yyjson_equals_str(type, "ms")) unit = 1000000;
    if (yyjson_equals_str(type, "us")) unit = 1000;
    if (yyjson_equals_str(type, "ns")) unit = 1;
    if (unit == 0) return invalid(points);
  }
  if (!yyjson_is_int(number) || yyjson_get_sint(number) < 0) return invalid(points);
  int64_t value = yyjson_get_sint(number);
  if (value == 0) {
    point->time = ts_now(points->precision);
    return 0;
  }
  char digits[32];
  if (unit == 0)
    unit = ts_digits_unit((size_t) snprintf(digits, sizeof digits, "%lld", (long long) value));
  if (unit == 0 || !ts_points_time(points, value, unit, &point->time))
    return ts_error(points->error, TS_E_LINES_DATA,
                    "timestamp precision can only be "
                    "seconds(10 digits) or milli seconds(13 digits)");
  return 0;
}

static int read_point(ts_points_t* points, yyjson_val* object) {
  yyjson_val* metric = yyjson_obj_get(object, "metric");
  yyjson_val* value = yyjson_obj_get(object, "value");
  yyjson_val* tags = yyjson_obj_get(object, "tags");
  yyjson_val* time = yyjson_obj_get(object, "timestamp");
  if (!yyjson_is_str(metric) || value == NULL || !yyjson_is_obj(tags) || time == NULL)
    return invalid(points);
  ts_point_t* point = ts_points_add(points);
  int status = ts_point_name(points, point, text_of(metric));
  if (status == 0) status = read_time(points, time, point);
  if (status == 0)
    status = read_value(points, value,
                        ts_pair_add(points, &point->fields, (ts_piece_t) {"_value", 6}));
  yyjson_obj_iter iter = yyjson_obj_iter_with(tags);
  for (yyjson_val* key; status == 0 && (key = yyjson_obj_iter_next(&iter)) != NULL;) {
    ts_pair_t* pair = ts_pair_add(points, &point->tags, text_of(key));
    status = pair == NULL ? points->error->code
                          : read_value(points, yyjson_obj_iter_get_val(key), pair);
  }
  return status;
}

int ts_lines_json(ts_points_t* points) {
  yyjson_doc* doc = yyjson_read(points->input->data, points->input->size, 0);
  yyjson_val* root = yyjson_doc_get_root(doc);
  int status = yyjson_is_obj(root) ? read_point(points, root) : 0;
  if (!yyjson_is_obj(root) && (!yyjson_is_arr(root) || yyjson_arr_size(root) == 0))
    status = invalid(points);
  yyjson_arr_iter iter = yyjson_arr_iter_with(root);
  for (yyjson_val* val; status == 0 && (val = yyjson_arr_iter_next(&iter)) != NULL;)
    status = read_point(points, val);
  yyjson_doc_free(doc);
  return status;
}
