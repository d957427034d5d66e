/* Rows that consumers have read, written into a database. */
#include "apply/apply.h"

#include <stdlib.h>
#include <string.h>

#include "codec/block_read.h"

static int bad(ts_error_t* error) {
  return ts_error(error, TS_E_PARAMETERS, "Invalid parameters");
}

static int database_of(ts_store_t* store, const ts_env_t* env, ts_database_t** database,
                       ts_error_t* error) {
  if (env->db[0] == '\0') return ts_error(error, TS_E_DB_NOT_SPECIFIED, "Database not specified");
  *database = ts_database_find(store, env->db);
  return *database != NULL ? 0 : ts_error(error, TS_E_NO_DB, "Database not exist");
}

/* ---- one block ---- */

/* Where each of the block's columns goes, if the table has it and it is of the same type. */
static int find_columns(const ts_family_t* family, const ts_block_reader_t* reader,
                        const char* const* names, uint32_t* order, ts_error_t* error) {
  bool has_time = false;
  if (names == NULL && reader->ncolumns != family->ncolumns) return bad(error);
  for (uint32_t i = 0; i < reader->ncolumns; i++) {
    int column = names != NULL ? ts_family_column(family, names[i]) : (int) i;
    if (column < 0) return ts_error(error, TS_E_COLUMN, "Invalid column name: %s", names[i]);
    if (family->columns[column].type.type != reader->columns[i].type) return bad(error);
    for (uint32_t k = 0; k < i; k++)
      if (order[k] == (uint32_t) column) return bad(error);
    order[i] = (uint32_t) column;
    has_time = has_time || column == 0;
  }
  return has_time ? 0 : bad(error);
}

static size_t width_of(const ts_cell_t* cell, uint8_t type) {
  size_t width = cell->size;
  if (type != TS_NCHAR) return width;
  for (size_t i = 0; i < cell->size; i++)
    width -= (((const uint8_t*) cell->data)[i] & 0xc0) == 0x80;
  return width;
}

static int check_row(const ts_family_t* family, const uint32_t* order, uint32_t count,
                     const ts_cell_t* cells, ts_error_t* error) {
  for (uint32_t i = 0; i < count; i++) {
    const ts_field_t* field = &family->columns[order[i]];
    if (order[i] == 0 && cells[i].kind == TS_CELL_NULL) return bad(error);
    bool var = ts_type_is_var(field->type.type);
    if (var && width_of(&cells[i], field->type.type) > field->type.width)
      return ts_error(error, TS_E_TOO_LONG, "Value too long for column/tag: %s", field->name);
  }
  return 0;
}

static int write_rows(ts_write_t* write, const ts_family_t* family, ts_block_reader_t* reader,
                      const uint32_t* order, ts_error_t* error) {
  ts_cell_t* cells = ts_calloc(reader->ncolumns, sizeof *cells);
  int status = 0;
  for (uint32_t row = 0; row < reader->rows && status == 0; row++) {
    status = ts_block_read_row(reader, row, cells)
                 ? check_row(family, order, reader->ncolumns, cells, error)
                 : bad(error);
    if (status == 0) ts_write_row(write, cells);
  }
  free(cells);
  return status;
}

int ts_apply_block(ts_write_t* write, ts_database_t* database, const char* name,
                   const char* const* names, const uint8_t* data, size_t size, ts_error_t* error) {
  ts_block_reader_t reader;
  ts_table_t* table = ts_table_find(database, name);
  if (table == NULL || table->kind == TS_SUPER)
    return ts_error(error, TS_E_TABLE, "Table does not exist");
  if (!ts_block_read(&reader, data, size)) return bad(error);
  uint32_t* order = ts_calloc(reader.ncolumns, sizeof *order);
  int status = find_columns(table->family, &reader, names, order, error);
  if (status == 0) {
    ts_write_table(write, database, table, order, reader.ncolumns);
    status = write_rows(write, table->family, &reader, order, error);
  }
  free(order);
  ts_block_read_end(&reader);
  return status;
}

/* ---- raw messages ---- */

/* Bytes being read; `bad`: there were too few, or what they say cannot be. */
typedef struct in_s {
  const uint8_t* at;
  const uint8_t* end;
  bool bad;
} in_t;

static const uint8_t* take(in_t* in, size_t size) {
  static const uint8_t zeros[18];
  if (in->bad || (size_t) (in->end - in->at) < size) {
    in->bad = true;
    return size <= sizeof zeros ? zeros : NULL;
  }
  in->at += size;
  return in->at - size;
}

static uint32_t take_varint(in_t* in) {
  uint32_t value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    uint8_t byte = *take(in, 1);
    value |= (uint32_t) (byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  in->bad = true;
  return 0;
}

static const char* take_name(in_t* in) {
  uint32_t size = take_varint(in);
  const char* name = size > 0 ? (const char*) take(in, size) : NULL;
  if (name == NULL || in->bad || name[size - 1] != '\0') in->bad = true;
  return in->bad ? "" : name;
}

/* The offsets before the blocks: with their length in front, or one by one as older servers did. */
static void skip_offsets(in_t* in) {
  uint8_t first = *take(in, 1);
  if (first >= 100) {
    take(in, ts_get_u32(take(in, 4)));
    return;
  }
  for (int i = 0; i < 2; i++) {
    uint8_t type = i == 0 ? first : *take(in, 1);
    if (type < 1 || type > 3) in->bad = true;
    take(in, type == 1 ? 8 : 16);
  }
}

typedef struct raw_block_s {
  uint8_t precision;
  const uint8_t* data;
  size_t size;
  const char* table;
  const char** names;
  uint32_t nnames;
} raw_block_t;

static void take_schema(in_t* in, raw_block_t* block) {
  block->nnames = take_varint(in) >> 1;
  take_varint(in);
  if (block->nnames > (size_t) (in->end - in->at)) in->bad = true;
  if (in->bad) return;
  block->names = ts_realloc(block->names, block->nnames * sizeof *block->names);
  for (uint32_t i = 0; i < block->nnames; i++) {
    take(in, 2);
    take_varint(in);
    take_varint(in);
    block->names[i] = take_name(in);
  }
}

static void take_block(in_t* in, bool with_names, bool with_schema, raw_block_t* block) {
  uint32_t size = take_varint(in);
  block->precision = take(in, 18)[17];
  block->size = size >= 18 ? size - 18 : 0;
  block->data = take(in, block->size);
  if (size < 18) in->bad = true;
  if (with_schema) take_schema(in, block);
  if (with_names) block->table = take_name(in);
}

static int write_one(ts_write_t* write, ts_database_t* database, const raw_block_t* block,
                     ts_error_t* error) {
  if (block->size < 16 || ts_get_u32(block->data + 12) != block->nnames) return bad(error);
  if (block->precision != database->precision) return bad(error);
  return ts_apply_block(write, database, block->table, block->names, block->data, block->size,
                        error);
}

/* Reads the blocks; with `write` they are written. */
static int read_blocks(in_t* in, ts_write_t* write, ts_database_t* database, ts_error_t* error) {
  raw_block_t block = {0};
  skip_offsets(in);
  uint32_t count = ts_get_u32(take(in, 4));
  bool with_names = *take(in, 1) != 0;
  bool with_schema = *take(in, 1) != 0;
  int status = with_names && with_schema ? 0 : bad(error); /* rows of a query belong nowhere */
  for (uint32_t i = 0; i < count && status == 0; i++) {
    take_block(in, with_names, with_schema, &block);
    if (in->bad) {
      status = bad(error);
    } else if (write != NULL) {
      status = write_one(write, database, &block, error);
    }
  }
  free(block.names);
  return status;
}

/* The child tables behind the blocks. */
static int make_children(ts_store_t* store, ts_env_t* env, in_t* in, ts_error_t* error) {
  uint32_t count = ts_get_u32(take(in, 4));
  int status = 0;
  for (uint32_t i = 0; i < count && status == 0; i++) {
    uint32_t size = take_varint(in);
    const char* json = (const char*) take(in, size);
    status = in->bad ? bad(error) : ts_apply_meta(store, env, json, size, error);
  }
  return status;
}

static int apply_rows(ts_store_t* store, ts_env_t* env, bool children, const uint8_t* data,
                      size_t size, ts_error_t* error) {
  ts_database_t* database;
  ts_write_t write;
  in_t in = {data, data + size, false};
  int status = database_of(store, env, &database, error);
  if (status == 0) status = read_blocks(&in, NULL, NULL, error);
  if (status == 0 && children) status = make_children(store, env, &in, error);
  if (status != 0) return status;
  in = (in_t) {data, data + size, false};
  ts_write_begin(&write, store);
  status = read_blocks(&in, &write, database, error);
  ts_write_end(&write, status == 0);
  return status;
}

int ts_apply_raw(ts_store_t* store, ts_env_t* env, unsigned type, const uint8_t* data, size_t size,
                 ts_error_t* error) {
  if (type == 2 || type == 4) return apply_rows(store, env, type == 4, data, size, error);
  bool known = type == 5 || type == TS_META_DELETE ||
               (type >= TS_META_CREATE_TABLE && type <= TS_META_DROP_STABLE);
  return known ? ts_apply_meta(store, env, (const char*) data, size, error) : bad(error);
}
