/* What a batch should hold, and the check that its messages hold exactly that. */
#include "batch_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/block/block.h"
#include "wire/batch/send.h"

void model_check(bool holds, const char* text, const char* file, int line) {
  if (holds) return;
  fprintf(stderr, "%s:%d: %s does not hold\n", file, line, text);
  abort();
}

model_cell_t model_cell(const void* bytes, uint32_t size) {
  model_cell_t cell = {bytes == NULL, size, malloc(size + 1u)};
  MODEL_CHECK(cell.bytes != NULL);
  if (bytes != NULL && size > 0) memcpy(cell.bytes, bytes, size);
  return cell;
}

void model_cell_free(model_cell_t* cell) {
  free(cell->bytes);
  cell->bytes = NULL;
}

void model_clear(model_t* model) {
  for (uint32_t t = 0; t < model->ntables; t++) {
    model_table_t* table = &model->tables[t];
    for (uint32_t i = 0; table->tagged && i < model->ntags; i++) model_cell_free(&table->tags[i]);
    for (uint32_t i = 0; i < table->rows * model->ncolumns; i++) model_cell_free(&table->cells[i]);
    free(table->cells);
    memset(table, 0, sizeof *table);
  }
  model->ntables = 0;
}

uint64_t model_rows(const model_t* model) {
  uint64_t rows = 0;
  for (uint32_t t = 0; t < model->ntables; t++) rows += model->tables[t].rows;
  return rows;
}

/* ---- a message, and reading it ---- */

typedef struct reader_s {
  tuv_sink_t sink;
  uint8_t* bytes;
  size_t size, used; /* used: written, then read */
} reader_t;

static void put(tuv_sink_t* sink, const void* data, size_t size) {
  reader_t* in = (reader_t*) (void*) sink;
  MODEL_CHECK(size > 0 && size <= in->size - in->used);
  memcpy(in->bytes + in->used, data, size);
  in->used += size;
}

static reader_t reader(size_t size) {
  reader_t in = {{put, NULL}, malloc(size), size, 0};
  MODEL_CHECK(in.bytes != NULL);
  return in;
}

static void rewind_reader(reader_t* in) {
  MODEL_CHECK(in->used == in->size);
  in->used = 0;
}

static const uint8_t* take(reader_t* in, size_t size) {
  MODEL_CHECK(size <= in->size - in->used);
  in->used += size;
  return in->bytes + in->used - size;
}

static uint32_t u32(reader_t* in) {
  return taosuv_load_u32(take(in, 4));
}

static void head(reader_t* in, uint64_t action) {
  MODEL_CHECK(taosuv_load_u64(take(in, 8)) == 77);
  MODEL_CHECK(taosuv_load_u64(take(in, 8)) == 88);
  MODEL_CHECK(taosuv_load_u64(take(in, 8)) == action);
}

/* ---- items ---- */

static uint32_t width_of(uint8_t type) {
  switch (type) {
    case TAOSUV_TYPE_BOOL:
    case TAOSUV_TYPE_TINYINT:
    case TAOSUV_TYPE_UTINYINT: return 1;
    case TAOSUV_TYPE_SMALLINT:
    case TAOSUV_TYPE_USMALLINT: return 2;
    case TAOSUV_TYPE_INT:
    case TAOSUV_TYPE_UINT:
    case TAOSUV_TYPE_FLOAT: return 4;
    case TAOSUV_TYPE_BIGINT:
    case TAOSUV_TYPE_UBIGINT:
    case TAOSUV_TYPE_DOUBLE:
    case TAOSUV_TYPE_TIMESTAMP:
    case TAOSUV_TYPE_DECIMAL64: return 8;
    case TAOSUV_TYPE_DECIMAL128: return 16;
    default: return 0;
  }
}

/* The cells of an item in their order: pointers, so that tags and names can be repeated. */
typedef struct cells_s {
  const model_cell_t** at;
  uint32_t count;
} cells_t;

static void add(cells_t* cells, const model_cell_t* cell) {
  cells->at = realloc(cells->at, (cells->count + 1u) * sizeof *cells->at);
  MODEL_CHECK(cells->at != NULL);
  cells->at[cells->count++] = cell;
}

static void add_column(cells_t* cells, const model_t* model, const model_table_t* table,
                       uint32_t column) {
  for (uint32_t row = 0; row < table->rows; row++)
    add(cells, &table->cells[row * model->ncolumns + column]);
}

/* How a cell goes out: a DECIMAL perhaps as text. */
static uint32_t outgoing(const model_cell_t* cell, const taosuv_stmt_field_t* field, bool text,
                         char buf[64], const uint8_t** bytes) {
  *bytes = cell->bytes;
  if (!text || cell->null) return cell->null ? 0 : cell->size;
  taosuv_decimal_t value = {taosuv_load_u64(cell->bytes), 0};
  value.high = cell->size == 16         ? (int64_t) taosuv_load_u64(cell->bytes + 8)
               : (value.low >> 63) != 0 ? -1
                                        : 0;
  *bytes = (const uint8_t*) buf;
  return (uint32_t) taosuv_format_decimal(value, field->scale, buf, 64);
}

static void item_values(reader_t* in, const taosuv_stmt_field_t* field, const cells_t* cells,
                        bool text) {
  static const uint8_t zeros[16];
  uint32_t width = text ? 0 : width_of(field->type);
  char buf[64];
  const uint8_t* bytes;
  for (uint32_t i = 0; i < cells->count; i++) {
    uint32_t size = outgoing(cells->at[i], field, text, buf, &bytes);
    if (width != 0 && cells->at[i]->null)
      MODEL_CHECK(memcmp(take(in, width), zeros, width) == 0);
    else
      MODEL_CHECK(memcmp(take(in, size), bytes, size) == 0);
  }
}

/* Behind values that are all empty or NULL, at least one of them empty. */
static void spare_byte(reader_t* in, const taosuv_stmt_field_t* field, const cells_t* cells) {
  bool any = false;
  for (uint32_t i = 0; i < cells->count; i++) {
    if (!cells->at[i]->null && cells->at[i]->size > 0) return;
    any = any || !cells->at[i]->null;
  }
  bool spare = any && field->type == TAOSUV_TYPE_NCHAR && field->kind == TAOSUV_BIND_COLUMN;
  if (spare) MODEL_CHECK(*take(in, 1) == 0);
}

static void item(reader_t* in, const taosuv_stmt_field_t* field, const cells_t* cells,
                 bool decimal_text) {
  bool decimal = field->type == TAOSUV_TYPE_DECIMAL64 || field->type == TAOSUV_TYPE_DECIMAL128;
  bool text = decimal && decimal_text, any = false;
  size_t begin = in->used, length = u32(in);
  char buf[64];
  const uint8_t* bytes;
  MODEL_CHECK(u32(in) == field->type);
  MODEL_CHECK(u32(in) == cells->count);
  for (uint32_t i = 0; i < cells->count; i++) {
    MODEL_CHECK(*take(in, 1) == (cells->at[i]->null ? 1 : 0));
    any = any || !cells->at[i]->null;
  }
  uint32_t width = text ? 0 : width_of(field->type);
  MODEL_CHECK(*take(in, 1) == (width == 0 ? 1 : 0));
  for (uint32_t i = 0; width == 0 && i < cells->count; i++)
    MODEL_CHECK(u32(in) == outgoing(cells->at[i], field, text, buf, &bytes));
  size_t size = u32(in), from = in->used;
  if (any) item_values(in, field, cells, text);
  spare_byte(in, field, cells);
  MODEL_CHECK(in->used - from == size);
  MODEL_CHECK(in->used - begin == length);
}

/* ---- stmt2_bind ---- */

static void verify_stmt2(const model_t* model, tuv_batch_t* batch, bool text) {
  reader_t in = reader(tuv_batch_message_size(batch));
  uint32_t used = 0, sizes[MODEL_TABLES];
  tuv_batch_message(batch, 77, 88, &in.sink);
  rewind_reader(&in);
  head(&in, 9);
  MODEL_CHECK(memcmp(take(&in, 6), "\x01\x00\xff\xff\xff\xff", 6) == 0);
  size_t start = in.used;
  for (uint32_t t = 0; t < model->ntables; t++) used += model->tables[t].rows > 0;
  MODEL_CHECK(u32(&in) == in.size - start);
  MODEL_CHECK(u32(&in) == used);
  MODEL_CHECK(u32(&in) == model->ntags);
  MODEL_CHECK(u32(&in) == model->ncolumns);
  uint32_t names_at = u32(&in), tags_at = u32(&in), columns_at = u32(&in);
  MODEL_CHECK(names_at == (model->named ? in.used - start : 0));
  for (uint32_t t = 0; model->named && t < model->ntables; t++)
    if (model->tables[t].rows > 0)
      MODEL_CHECK(taosuv_load_u16(take(&in, 2)) == model->tables[t].name_length + 1);
  for (uint32_t t = 0; model->named && t < model->ntables; t++)
    if (model->tables[t].rows > 0)
      MODEL_CHECK(memcmp(take(&in, model->tables[t].name_length + 1), model->tables[t].name,
                         model->tables[t].name_length + 1) == 0);
  MODEL_CHECK(tags_at == (model->ntags > 0 ? in.used - start : 0));
  for (uint32_t u = 0; model->ntags > 0 && u < used; u++) sizes[u] = u32(&in);
  for (uint32_t t = 0, u = 0; model->ntags > 0 && t < model->ntables; t++) {
    if (model->tables[t].rows == 0) continue;
    size_t begin = in.used;
    for (uint32_t i = 0; i < model->ntags; i++) {
      const model_cell_t* one = &model->tables[t].tags[i];
      cells_t cells = {&one, 1};
      item(&in, model->tags[i], &cells, text);
    }
    MODEL_CHECK(in.used - begin == sizes[u++]);
  }
  MODEL_CHECK(columns_at == in.used - start);
  for (uint32_t u = 0; u < used; u++) sizes[u] = u32(&in);
  for (uint32_t t = 0, u = 0; t < model->ntables; t++) {
    if (model->tables[t].rows == 0) continue;
    size_t begin = in.used;
    for (uint32_t i = 0; i < model->ncolumns; i++) {
      cells_t cells = {NULL, 0};
      add_column(&cells, model, &model->tables[t], i);
      item(&in, model->columns[i], &cells, text);
      free(cells.at);
    }
    MODEL_CHECK(in.used - begin == sizes[u++]);
  }
  rewind_reader(&in);
  free(in.bytes);
}

/* ---- stmt2_bind_exec ---- */

static void columnar_cells(const model_t* model, const taosuv_stmt_field_t* field, uint32_t index,
                           model_cell_t names[MODEL_TABLES], cells_t* cells) {
  for (uint32_t t = 0; t < model->ntables; t++) {
    const model_table_t* table = &model->tables[t];
    names[t].bytes = (uint8_t*) (uintptr_t) table->name;
    names[t].size = table->name_length;
    if (field->kind == TAOSUV_BIND_COLUMN) add_column(cells, model, table, index);
    for (uint32_t row = 0; field->kind != TAOSUV_BIND_COLUMN && row < table->rows; row++)
      add(cells, field->kind == TAOSUV_BIND_TAG ? &table->tags[index] : &names[t]);
  }
}

static void verify_columnar(const model_t* model, tuv_batch_t* batch, bool text) {
  reader_t in = reader(tuv_batch_message_size(batch));
  uint32_t used = 0, tag = 0, column = 0;
  tuv_batch_message(batch, 77, 88, &in.sink);
  rewind_reader(&in);
  head(&in, 11);
  MODEL_CHECK(taosuv_load_u16(take(&in, 2)) == 1);
  for (uint32_t t = 0; t < model->ntables; t++) used += model->tables[t].rows > 0;
  MODEL_CHECK(u32(&in) == in.size - 26);
  MODEL_CHECK(u32(&in) == model_rows(model));
  MODEL_CHECK(u32(&in) == used);
  MODEL_CHECK(u32(&in) == model->count);
  MODEL_CHECK(u32(&in) == 20);
  for (uint32_t i = 0; i < model->count; i++) {
    const taosuv_stmt_field_t* field = &model->fields[i];
    model_cell_t names[MODEL_TABLES] = {{0}};
    cells_t cells = {NULL, 0};
    uint32_t index = field->kind == TAOSUV_BIND_TAG      ? tag++
                     : field->kind == TAOSUV_BIND_COLUMN ? column++
                                                         : 0;
    columnar_cells(model, field, index, names, &cells);
    item(&in, field, &cells, text);
    free(cells.at);
  }
  rewind_reader(&in);
  free(in.bytes);
}

/* ---- the first version: read by what reads blocks from servers ---- */

static void block_cell(const taosuv_column_t* column, uint32_t row, const model_cell_t* cell) {
  MODEL_CHECK(taosuv_is_null(column, row) == cell->null);
  if (cell->null) return;
  uint32_t length = column->size;
  const uint8_t* bytes = column->data + (size_t) column->size * row;
  char utf8[4096];
  if (column->size == 0) bytes = taosuv_get_bytes(column, row, &length);
  if (column->type == TAOSUV_TYPE_NCHAR) {
    length = (uint32_t) taosuv_nchar_utf8(bytes, length, utf8, sizeof utf8);
    bytes = (const uint8_t*) utf8;
  }
  MODEL_CHECK(length == cell->size && memcmp(bytes, cell->bytes, length) == 0);
}

static void block_open(reader_t* in, uint64_t action, uint32_t rows, uint32_t columns,
                       const taosuv_stmt_field_t* const* fields, taosuv_column_t* out) {
  tuv_block_head_t block;
  tuv_errmsg_t err;
  rewind_reader(in);
  head(in, action);
  MODEL_CHECK(tuv_block_head(in->bytes + 24, in->size - 24, &block, &err) == 0);
  MODEL_CHECK(block.length == in->size - 24 && block.version == 1);
  MODEL_CHECK(block.rows == rows && block.columns == columns);
  MODEL_CHECK(tuv_block_parse(in->bytes + 24, in->size - 24, &block, 0, out, &err) == 0);
  for (uint32_t i = 0; i < columns; i++) MODEL_CHECK(out[i].type == fields[i]->type);
}

static void verify_table_v1(const model_t* model, const tuv_batch_t* batch, uint32_t used,
                            const model_table_t* table) {
  taosuv_column_t columns[MODEL_FIELDS];
  size_t length;
  const char* name = tuv_batch_v1_name(batch, used, &length);
  MODEL_CHECK((name != NULL) == model->named && length == table->name_length);
  MODEL_CHECK(length == 0 || memcmp(name, table->name, length) == 0);
  MODEL_CHECK((tuv_batch_v1_tags_size(batch, used) > 0) == (model->ntags > 0));
  if (model->ntags > 0) {
    reader_t in = reader(tuv_batch_v1_tags_size(batch, used));
    tuv_batch_v1_tags(batch, used, 77, 88, &in.sink);
    block_open(&in, 1, 1, model->ntags, model->tags, columns);
    for (uint32_t i = 0; i < model->ntags; i++) block_cell(&columns[i], 0, &table->tags[i]);
    free(in.bytes);
  }
  reader_t in = reader(tuv_batch_v1_rows_size(batch, used));
  tuv_batch_v1_rows(batch, used, 77, 88, &in.sink);
  block_open(&in, 2, table->rows, model->ncolumns, model->columns, columns);
  for (uint32_t i = 0; i < model->ncolumns; i++)
    for (uint32_t row = 0; row < table->rows; row++)
      block_cell(&columns[i], row, &table->cells[row * model->ncolumns + i]);
  free(in.bytes);
}

static void verify_v1(const model_t* model, tuv_batch_t* batch) {
  uint32_t used = 0;
  size_t sum = 0;
  for (uint32_t t = 0; t < model->ntables; t++) {
    if (model->tables[t].rows == 0) continue;
    sum += tuv_batch_v1_rows_size(batch, used) + tuv_batch_v1_tags_size(batch, used);
    verify_table_v1(model, batch, used++, &model->tables[t]);
  }
  MODEL_CHECK(tuv_batch_tables(batch) == used);
  MODEL_CHECK(tuv_batch_size(batch) == sum);
}

/* ---- all ---- */

static bool has_v1(const model_t* model) {
  for (uint32_t i = 0; i < model->count; i++) {
    uint8_t type = model->fields[i].type;
    if (type == TAOSUV_TYPE_BLOB || type == TAOSUV_TYPE_DECIMAL64 || type == TAOSUV_TYPE_DECIMAL128)
      return false;
  }
  return true;
}

static bool is_far(const taosuv_stmt_field_t* field, const model_cell_t* cell) {
  static const int64_t last[] = {9223372036854, 9223372036854775, INT64_MAX};
  if (field->type != TAOSUV_TYPE_TIMESTAMP || cell->null) return false;
  int64_t time = (int64_t) taosuv_load_u64(cell->bytes);
  return time > last[field->precision] || time < -last[field->precision];
}

/* A time that gateways could not bring through nanoseconds. */
static bool has_far_times(const model_t* model) {
  for (uint32_t t = 0; t < model->ntables; t++) {
    const model_table_t* table = &model->tables[t];
    for (uint32_t i = 0; table->rows > 0 && i < model->ntags; i++)
      if (is_far(model->tags[i], &table->tags[i])) return true;
    for (uint32_t i = 0; i < table->rows * model->ncolumns; i++)
      if (is_far(model->columns[i % model->ncolumns], &table->cells[i])) return true;
  }
  return false;
}

void model_verify(const model_t* model, tuv_batch_t* batch) {
  tuv_errmsg_t err;
  const tuv_batch_encoding_t before = batch->encoding;
  for (int text = 0; text < 2; text++) {
    tuv_batch_encoding_t stmt2 = {TUV_BATCH_STMT2, text != 0};
    tuv_batch_encoding_t columnar = {TUV_BATCH_COLUMNAR, text != 0};
    MODEL_CHECK(tuv_batch_ready(batch, INT32_MAX, &err) == 0);
    MODEL_CHECK(tuv_batch_set_encoding(batch, stmt2, &err) == 0);
    verify_stmt2(model, batch, text != 0);
    MODEL_CHECK(tuv_batch_set_encoding(batch, columnar, &err) == 0);
    verify_columnar(model, batch, text != 0);
  }
  tuv_batch_encoding_t first = {TUV_BATCH_V1, false};
  int status = tuv_batch_set_encoding(batch, first, &err);
  MODEL_CHECK(status == (has_v1(model) ? 0 : TUV_ENOTSUP));
  if (status == 0) {
    status = tuv_batch_ready(batch, INT32_MAX, &err);
    MODEL_CHECK(status == (has_far_times(model) ? TUV_ERANGE : 0));
    verify_v1(model, batch);
  }
  MODEL_CHECK(tuv_batch_set_encoding(batch, before, &err) == 0);
}
