/* The payload of stmt2_bind_exec: columns over all tables, cut where the table's name changes. */
#include <stdlib.h>
#include <string.h>

#include "stmt/decode.h"
#include "stmt/item.h"

#define MAX_FIELDS 4096u

typedef struct item_s {
  const uint8_t* at;
  size_t length; /* as it says */
  uint32_t rows;
} item_t;

/* What follows the first twelve bytes of an item that lies in the message. */
static int read_item(const item_t* item, uint32_t i, ts_bind_t* bind, ts_error_t* error) {
  size_t at = 12 + (size_t) item->rows;
  if (item->rows > item->length - 13)
    return ts_error(error, TS_E_INTERNAL, "column %u is_null array out of range", i);
  bind->nulls = item->at + 12;
  bool have_lengths = item->at[at++] != 0;
  bind->lengths = have_lengths ? item->at + at : NULL;
  if (have_lengths && item->length - at < 4 * (size_t) item->rows)
    return ts_error(error, TS_E_INTERNAL, "column %u length array out of range", i);
  if (have_lengths) at += 4 * (size_t) item->rows;
  if (item->length - at < 4)
    return ts_error(error, TS_E_INTERNAL, "column %u buffer length out of range", i);
  uint32_t size = ts_get_u32(item->at + at);
  at += 4;
  if (size > INT32_MAX)
    return ts_error(error, TS_E_INTERNAL, "column %u buffer length invalid: %d", i, (int32_t) size);
  if (item->length - at != size)
    return ts_error(error, TS_E_INTERNAL, "column %u data length error", i);
  bind->data = item->at + at;
  bind->size = size;
  return 0;
}

static int read_columns(const uint8_t* data, size_t size, size_t at, ts_bind_columns_t* columns,
                        ts_error_t* error) {
  for (uint32_t i = 0; i < columns->nfields; i++) {
    ts_bind_t* bind = &columns->fields[i];
    if (size - at < 18) return ts_error(error, TS_E_INTERNAL, "column %u header out of range", i);
    item_t item = {data + at, ts_get_u32(data + at), ts_get_u32(data + at + 8)};
    if (item.length < 18)
      return ts_error(error, TS_E_INTERNAL, "column %u length too short: %zu", i, item.length);
    if (size - at < item.length)
      return ts_error(error, TS_E_INTERNAL, "column %u out of range, total length: %zu", i, size);
    bind->type = (int32_t) ts_get_u32(item.at + 4);
    bind->rows = item.rows;
    if (item.rows != columns->rows)
      return ts_error(error, TS_E_INTERNAL, "column %u row count not match, got: %u, expect: %u", i,
                      item.rows, columns->rows);
    int status = read_item(&item, i, bind, error);
    if (status != 0) return status;
    at += item.length;
  }
  return at == size ? 0 : ts_error(error, TS_E_INTERNAL, "payload has trailing bytes");
}

int ts_bind_columns_decode(const uint8_t* data, size_t size, ts_bind_columns_t* columns,
                           ts_error_t* error) {
  *columns = (ts_bind_columns_t) {0};
  if (size < 20) return ts_error(error, TS_E_INTERNAL, "data length is less than 20");
  if (ts_get_u32(data) != size)
    return ts_error(error, TS_E_INTERNAL, "total length not match, expect %zu, but get %u", size,
                    ts_get_u32(data));
  columns->rows = ts_get_u32(data + 4);
  columns->tables = ts_get_u32(data + 8);
  columns->nfields = ts_get_u32(data + 12);
  uint32_t offset = ts_get_u32(data + 16);
  if (columns->rows == 0) return ts_error(error, TS_E_INTERNAL, "row count is 0");
  if (columns->nfields == 0) return ts_error(error, TS_E_INTERNAL, "field count is 0");
  if (offset < 20 || offset > size)
    return ts_error(error, TS_E_INTERNAL,
                    "field offset out of range, total length: %zu, field offset: %u", size, offset);
  if (columns->nfields > MAX_FIELDS)
    return ts_error(error, TS_E_INTERNAL, "field count exceeds maximum 4096: %u", columns->nfields);
  columns->fields = ts_calloc(columns->nfields, sizeof *columns->fields);
  int status = read_columns(data, size, offset, columns, error);
  if (status == 0) return 0;
  free(columns->fields);
  columns->fields = NULL;
  return status;
}

/* ---- cut into tables ---- */

/* Where a field's next value begins, and how much room a value of fixed size takes. */
typedef struct position_s {
  size_t at;
  size_t width; /* 0: variable */
} position_t;

static int start(const ts_bind_t* bind, position_t* position) {
  bool known = bind->type > 0 && bind->type <= TS_DECIMAL64 && bind->type != 19;
  *position = (position_t) {0};
  if (!known || bind->lengths != NULL || bind->size == 0) return 0;
  position->width = ts_type_of((uint8_t) bind->type).width;
  if (position->width == 0) return TS_E_POISON; /* a variable type without lengths */
  return bind->size / position->width >= bind->rows ? 0 : TS_E_POISON;
}

/* The size of value `row`; false when there is no room for it. */
static bool value_size(const ts_bind_t* bind, const position_t* position, uint32_t row,
                       size_t* size) {
  *size = position->width;
  if (bind->lengths == NULL || bind->nulls[row] != 0) return true;
  *size = ts_get_u32(bind->lengths + 4 * (size_t) row);
  return bind->size - position->at >= *size;
}

/* The rows from `first` on as binds of their own; moves the position behind them. */
static int slice(const ts_bind_t* bind, position_t* position, uint32_t first, uint32_t count,
                 uint32_t keep, ts_bind_t* out) {
  size_t begin = position->at;
  size_t kept = begin;
  for (uint32_t i = 0; i < count; i++) {
    size_t size;
    if (i == keep) kept = position->at;
    if (!value_size(bind, position, first + i, &size)) return TS_E_POISON;
    position->at += bind->lengths == NULL || bind->nulls[first + i] == 0 ? size : 0;
  }
  if (keep == count) kept = position->at;
  *out = (ts_bind_t) {.type = bind->type,
                      .rows = keep,
                      .nulls = bind->nulls + first,
                      .lengths = bind->lengths != NULL ? bind->lengths + 4 * (size_t) first : NULL,
                      .data = bind->data + begin,
                      .size = kept - begin};
  return 0;
}

/* The rows in which each table begins, then the end; NULL when the names are malformed. */
static uint32_t* find_tables(const ts_bind_columns_t* columns, const ts_bind_t* names,
                             uint32_t* count) {
  uint32_t* starts = ts_malloc(((size_t) columns->rows + 1) * sizeof *starts);
  const uint8_t* last = NULL;
  size_t last_size = 0;
  size_t at = 0;
  *count = 0;
  starts[0] = 0;
  for (uint32_t row = 0; row < columns->rows && names != NULL; row++) {
    size_t size = names->nulls[row] == 0 ? ts_get_u32(names->lengths + 4 * (size_t) row) : 0;
    if (size == 0 || names->size - at < size) {
      free(starts);
      return NULL;
    }
    const uint8_t* name = names->data + at;
    if (last == NULL || size != last_size || memcmp(name, last, size) != 0)
      starts[(*count)++] = row;
    last = name;
    last_size = size;
    at += size;
  }
  if (names == NULL) *count = 1;
  starts[*count] = columns->rows;
  return starts;
}

static int fill_tables(const ts_bind_columns_t* columns, const uint8_t* kinds, position_t* places,
                       const uint32_t* starts, ts_binding_t* binding) {
  size_t each = (size_t) binding->ntags + binding->ncolumns;
  for (uint32_t i = 0; i < binding->ntables; i++) {
    ts_bind_table_t* table = &binding->tables[i];
    uint32_t rows = starts[i + 1] - starts[i];
    ts_bind_t* tag = &binding->binds[(size_t) i * each];
    ts_bind_t* column = tag + binding->ntags;
    for (uint32_t k = 0; k < columns->nfields; k++) {
      bool is_column = kinds[k] == TS_SLOT_COLUMN;
      ts_bind_t out;
      int status = slice(&columns->fields[k], &places[k], starts[i], rows, is_column ? rows : 1,
                         &out);
      if (status != 0) return status;
      if (is_column) {
        *column++ = out;
      } else if (kinds[k] == TS_SLOT_TAG) {
        *tag++ = out;
      } else {
        table->name = (const char*) out.data;
        table->name_size = out.size;
      }
    }
  }
  return 0;
}

int ts_bind_columns_split(const ts_bind_columns_t* columns, const uint8_t* kinds,
                          ts_binding_t* binding, ts_error_t* error) {
  uint32_t counts[TS_SLOT_NAME + 1] = {0};
  const ts_bind_t* names = NULL;
  position_t* places = ts_calloc(columns->nfields, sizeof *places);
  int status = 0;
  for (uint32_t i = 0; i < columns->nfields && status == 0; i++) {
    counts[kinds[i]]++;
    if (kinds[i] == TS_SLOT_NAME) names = &columns->fields[i];
    status = start(&columns->fields[i], &places[i]);
  }
  if (status == 0 && names != NULL && (names->type != TS_VARCHAR || names->lengths == NULL))
    status = ts_error(error, TS_E_MISMATCH, "column type mis-match with buffer type");
  uint32_t ntables = 0;
  uint32_t* starts = status == 0 ? find_tables(columns, names, &ntables) : NULL;
  if (status == 0 && starts == NULL)
    status = ts_error(error, TS_E_STMT_TABLE, "Stmt table name not set");
  if (status == 0 && ntables != columns->tables)
    status = ts_error(error, TS_E_PARAMETERS, "Invalid parameters");
  if (status == 0) {
    ts_binding_tables(binding, ntables, counts[TS_SLOT_TAG], counts[TS_SLOT_COLUMN]);
    status = fill_tables(columns, kinds, places, starts, binding);
  }
  free(starts);
  free(places);
  return status;
}
