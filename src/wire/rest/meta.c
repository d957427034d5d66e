/* Reads column_meta (PROTOCOL 9.3): the names, types and widths of columns. */
#include <string.h>

#include "util/ascii.h"
#include "wire/block/block.h"
#include "wire/rest/rows.h"
#include "wire/status.h"
#include "wire/types.h"

/* More memory for the names of columns is not kept. */
#define KEEP_NAMES 4096u

static bool read_small(const char** at, char end, uint8_t max, uint8_t* number) {
  unsigned value = 0;
  const char* begin = *at;
  while (tuv_is_digit(**at) && *at - begin < 3) value = value * 10 + (unsigned) (*(*at)++ - '0');
  *number = (uint8_t) value;
  return *at > begin && value <= max && *(*at)++ == end;
}

/* Reads "DECIMAL(p,s)", which has 64 bits for up to 18 digits. */
static bool read_decimal(const char* name, tuv_rest_column_t* column) {
  static const char prefix[] = "DECIMAL(";
  if (strncmp(name, prefix, sizeof prefix - 1) != 0) return false;
  const char* at = name + sizeof prefix - 1;
  if (!read_small(&at, ',', 38, &column->precision)) return false;
  if (!read_small(&at, ')', column->precision, &column->scale) || *at != 0) return false;
  if (column->precision == 0) return false;
  bool wide = column->precision > 18 || column->length == 16;
  column->type = wide ? TAOSUV_TYPE_DECIMAL128 : TAOSUV_TYPE_DECIMAL64;
  column->size = wide ? 16 : 8;
  return true;
}

static bool read_type(const char* name, tuv_rest_column_t* column) {
  for (uint8_t type = 0; type < TUV_TYPES; type++) {
    const tuv_type_t* known = &tuv_types[type];
    if (known->kind == TUV_KIND_NONE || known->kind == TUV_KIND_DECIMAL) continue;
    if (strcmp(name, known->name) != 0) continue;
    column->type = type;
    column->size = known->size;
    return true;
  }
  return read_decimal(name, column);
}

/* Reads ["name", "TYPE", length]. */
static int read_column(yyjson_val* meta, uint32_t index, tuv_rest_column_t* column,
                       tuv_errmsg_t* err) {
  yyjson_val* name = yyjson_arr_get(meta, 0);
  yyjson_val* type = yyjson_arr_get(meta, 1);
  yyjson_val* length = yyjson_arr_get(meta, 2);
  if (!tuv_json_is_text(name) || !tuv_json_is_text(type) || !yyjson_is_uint(length) ||
      yyjson_get_uint(length) > INT64_MAX)
    return tuv_fail(err, TUV_EPROTO, "column_meta: column %u must be a name, a type and a length",
                    index);
  column->length = (int64_t) yyjson_get_uint(length);
  if (!read_type(yyjson_get_str(type), column))
    return tuv_fail(err, TUV_EPROTO, "column_meta: column %u has the unknown type %.40s", index,
                    yyjson_get_str(type));
  return 0;
}

static int reserve(tuv_rest_t* rest, uint32_t count, size_t names) {
  const tuv_alloc_t* alloc = &rest->mem->alloc;
  if (count > rest->capacity) {
    tuv_rest_drop_columns(rest);
    rest->columns = tuv_calloc(alloc, count, sizeof *rest->columns);
    if (rest->columns == NULL) return TUV_ENOMEM;
    rest->capacity = count;
    for (uint32_t i = 0; i < count; i++) {
      tuv_buf_init(&rest->columns[i].values, alloc);
      tuv_buf_init(&rest->columns[i].marks, alloc);
    }
  }
  tuv_buf_consume(&rest->names, tuv_buf_size(&rest->names), KEEP_NAMES);
  return tuv_buf_reserve(&rest->names, names) == NULL ? TUV_ENOMEM : 0;
}

void tuv_rest_drop_columns(tuv_rest_t* rest) {
  for (uint32_t i = 0; i < rest->capacity; i++) {
    tuv_buf_free(&rest->columns[i].values);
    tuv_buf_free(&rest->columns[i].marks);
  }
  tuv_free(&rest->mem->alloc, rest->columns);
  rest->columns = NULL;
  rest->capacity = 0;
}

int tuv_rest_read_meta(tuv_rest_t* rest, yyjson_val* meta, tuv_errmsg_t* err) {
  size_t index, max, names = 0, count = yyjson_arr_size(meta);
  yyjson_val* each;
  if (!yyjson_is_arr(meta))
    return tuv_fail(err, TUV_EPROTO, "the answer has rows before its column_meta");
  if (count == 0 || count > TUV_BLOCK_MAX_COLUMNS)
    return tuv_fail(err, TUV_EPROTO, "column_meta has %zu columns; 1 to 4096 are possible", count);
  yyjson_arr_foreach(meta, index, max, each) names += yyjson_get_len(yyjson_arr_get(each, 0)) + 1;
  if (reserve(rest, (uint32_t) count, names) < 0)
    return tuv_fail(err, TUV_ENOMEM, "no memory for %zu columns", count);
  char* out = (char*) tuv_buf_reserve(&rest->names, names); /* reserved above */
  yyjson_arr_foreach(meta, index, max, each) {
    tuv_rest_column_t* column = &rest->columns[index];
    column->precision = column->scale = 0;
    int status = read_column(each, (uint32_t) index, column, err);
    if (status < 0) return status;
    yyjson_val* name = yyjson_arr_get(each, 0);
    column->name = out;
    column->name_length = (uint32_t) yyjson_get_len(name);
    memcpy(out, yyjson_get_str(name), column->name_length + 1);
    out += column->name_length + 1;
    if (column->type == TAOSUV_TYPE_JSON) rest->has_json = true;
  }
  rest->count = (uint32_t) count;
  return 0;
}
