/* Rows and child tables on their way into the store: one change is kept whole or not at all. */
#include "store_rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store_meta.h"
#include "ts_decimal.h"

#define PART_BYTES ((size_t)16 << 20) /* of one block in the log */

/* A row that was written, to count each (table, timestamp) once. */
typedef struct row_key_s {
  int64_t table;
  int64_t time;
} row_key_t;

/* A child table that the change made. */
typedef struct created_s {
  ts_database_t* database;
  ts_table_t* table;
  char* description; /* NULL: given to the log already */
} created_t;

typedef struct part_s {
  ts_database_t* database;
  ts_wal_part_t part;
} part_t;

struct ts_change_s {
  bool active;
  row_key_t* keys;
  size_t nkeys, keys_capacity;
  created_t* created;
  size_t ncreated;
  part_t* parts;
  size_t nparts, parts_capacity;
  /* the part being written, its block not encoded yet */
  ts_database_t* database;
  ts_table_t* table; /* NULL: none */
  ts_schema_t* schema; /* of the writer */
  ts_block_writer_t writer;
};

void ts_cell_bind(sqlite3_stmt* statement, int index, const ts_cell_t* cell) {
  const void* data = cell->data != NULL ? cell->data : "";
  switch (cell->kind) {
    case TS_CELL_NULL: sqlite3_bind_null(statement, index); break;
    case TS_CELL_INT: sqlite3_bind_int64(statement, index, cell->integer); break;
    case TS_CELL_REAL: sqlite3_bind_double(statement, index, cell->real); break;
    case TS_CELL_TEXT:
      sqlite3_bind_text64(statement, index, data, cell->size, SQLITE_STATIC, SQLITE_UTF8);
      break;
    case TS_CELL_BYTES:
      sqlite3_bind_blob64(statement, index, data, cell->size, SQLITE_STATIC);
      break;
  }
}

void ts_cell_put(ts_block_writer_t* writer, uint32_t column, uint8_t type, const ts_cell_t* cell) {
  if (cell->kind == TS_CELL_NULL) {
    ts_block_null(writer, column);
  } else if (ts_type_is_decimal(type)) {
    ts_i128_t value = cell->kind == TS_CELL_BYTES ? ts_decimal_from_key(cell->data)
                                                  : (ts_i128_t)cell->integer;
    ts_u128_t bits = (ts_u128_t)value;
    ts_block_i128(writer, column, (uint64_t)bits, (uint64_t)(bits >> 64));
  } else if (ts_type_is_var(type)) {
    ts_block_bytes(writer, column, cell->data, cell->size);
  } else if (cell->kind == TS_CELL_REAL) {
    ts_block_double(writer, column, cell->real);
  } else {
    ts_block_bits(writer, column, (uint64_t)cell->integer);
  }
}

/* ---- what goes into the logs ---- */

static ts_schema_t* schema_of(ts_family_t* family) {
  if (family->schema == NULL) {
    size_t size = family->ncolumns * sizeof *family->columns;
    family->schema = ts_calloc(1, sizeof *family->schema + size);
    family->schema->refs = 1;
    family->schema->ncolumns = family->ncolumns;
    family->schema->created_columns = family->created_columns;
    family->schema->created_tags = family->created_tags;
    memcpy(family->schema->fields, family->columns, size);
  }
  return family->schema;
}

static void end_part(ts_change_t* change) {
  if (change->table == NULL) return;
  if (change->nparts == change->parts_capacity) {
    change->parts_capacity = change->parts_capacity == 0 ? 16 : change->parts_capacity * 2;
    change->parts = ts_realloc(change->parts, change->parts_capacity * sizeof *change->parts);
  }
  const ts_table_t* table = change->table;
  part_t* part = &change->parts[change->nparts++];
  *part = (part_t){.database = change->database,
                   .part = {.table = table->id,
                            .family = table->family->id,
                            .name = ts_strdup(table->name, strlen(table->name)),
                            .schema = ts_schema_ref(change->schema),
                            .block = ts_block_end(&change->writer)}};
  ts_put_u32(part->part.block->data, 2); /* the version that consumers get */
  change->table = NULL;
}

static void begin_part(ts_change_t* change, ts_database_t* database, ts_table_t* table) {
  if (change->table == table) return;
  end_part(change);
  ts_schema_t* schema = schema_of(table->family);
  if (schema != change->schema) {
    ts_block_free(&change->writer);
    ts_schema_unref(change->schema);
    change->schema = ts_schema_ref(schema);
    ts_block_begin(&change->writer, schema->fields, schema->ncolumns);
  }
  change->database = database;
  change->table = table;
}

static size_t part_bytes(const ts_block_writer_t* writer) {
  size_t size = 0;
  for (uint32_t i = 0; i < writer->ncolumns; i++) size += writer->columns[i].data.size;
  return size;
}

static void log_row(ts_change_t* change, const ts_cell_t* cells) {
  const ts_schema_t* schema = change->schema;
  for (uint32_t i = 0; i < schema->ncolumns; i++)
    ts_cell_put(&change->writer, i, schema->fields[i].type.type, &cells[i]);
  ts_block_row(&change->writer);
  if (change->writer.rows % 1024 != 0 || part_bytes(&change->writer) < PART_BYTES) return;
  ts_database_t* database = change->database;
  ts_table_t* table = change->table;
  end_part(change);
  begin_part(change, database, table);
}

/* The children that got no rows are metadata; the others go with their first rows. */
static void log_created(ts_change_t* change) {
  for (size_t i = 0; i < change->ncreated; i++) {
    created_t* created = &change->created[i];
    for (size_t k = 0; k < change->nparts && created->description != NULL; k++) {
      ts_wal_part_t* part = &change->parts[k].part;
      if (part->table != created->table->id) continue;
      part->created = created->description;
      created->description = NULL;
    }
    if (created->description != NULL)
      ts_meta_child_created(created->database, created->table, created->description);
  }
}

/* One record per vgroup: the parts that are not taken yet and belong where the first one does. */
static void log_parts(ts_change_t* change, size_t first) {
  part_t* parts = change->parts;
  ts_wal_t* wal = ts_table_wal(parts[first].database, parts[first].part.name);
  ts_wal_record_t* record = ts_calloc(1, sizeof *record);
  record->parts = ts_calloc(change->nparts - first, sizeof *record->parts);
  for (size_t i = first; i < change->nparts; i++) {
    if (parts[i].database == NULL) continue;
    if (ts_table_wal(parts[i].database, parts[i].part.name) != wal) continue;
    record->parts[record->nparts++] = parts[i].part;
    parts[i].database = NULL;
  }
  ts_wal_append(wal, record);
}

static void log_change(ts_change_t* change) {
  log_created(change);
  for (size_t i = 0; i < change->nparts; i++)
    if (change->parts[i].database != NULL) log_parts(change, i);
}

/* ---- changes ---- */

static int compare_keys(const void* a, const void* b) {
  const row_key_t* x = a;
  const row_key_t* y = b;
  if (x->table != y->table) return x->table < y->table ? -1 : 1;
  return x->time < y->time ? -1 : x->time > y->time;
}

static int64_t count_keys(ts_change_t* change) {
  if (change->nkeys > 1)
    qsort(change->keys, change->nkeys, sizeof *change->keys, compare_keys);
  int64_t count = 0;
  for (size_t i = 0; i < change->nkeys; i++)
    count += i == 0 || compare_keys(&change->keys[i - 1], &change->keys[i]) != 0;
  return count;
}

static void add_key(ts_change_t* change, int64_t table, int64_t time) {
  if (change->nkeys == change->keys_capacity) {
    change->keys_capacity = change->keys_capacity == 0 ? 16 : change->keys_capacity * 2;
    change->keys = ts_realloc(change->keys, change->keys_capacity * sizeof *change->keys);
  }
  change->keys[change->nkeys++] = (row_key_t){table, time};
}

void ts_change_begin(ts_store_t* store) {
  if (store->change == NULL) store->change = ts_calloc(1, sizeof *store->change);
  store->change->active = true;
  ts_store_step(store, store->begin);
}

static void forget(ts_change_t* change) {
  for (size_t i = 0; i < change->nparts; i++)
    if (change->parts[i].database != NULL) ts_wal_part_free(&change->parts[i].part);
  for (size_t i = 0; i < change->ncreated; i++) free(change->created[i].description);
  change->nkeys = change->nparts = change->ncreated = 0;
  change->active = false;
}

int64_t ts_change_end(ts_store_t* store, bool keep) {
  ts_change_t* change = store->change;
  int64_t rows = count_keys(change);
  end_part(change); /* while its table is there */
  ts_store_step(store, keep ? store->commit : store->rollback);
  if (keep) log_change(change);
  for (size_t i = change->ncreated; i > 0 && !keep; i--)
    ts_table_forget(change->created[i - 1].database, change->created[i - 1].table);
  forget(change);
  if (keep) ts_store_changed(store);
  return rows;
}

void ts_change_free(ts_store_t* store) {
  ts_change_t* change = store->change;
  if (change == NULL) return;
  ts_block_free(&change->writer);
  ts_schema_unref(change->schema);
  free(change->keys);
  free(change->created);
  free(change->parts);
  free(change);
}

/* ---- child tables ---- */

static void insert_tags(ts_store_t* store, const ts_table_t* table, const ts_cell_t* cells) {
  const ts_family_t* family = table->family;
  ts_buf_t text = {0};
  ts_buf_format(&text, "INSERT INTO g%" PRId64 " VALUES(?,?", family->id);
  for (uint32_t i = 0; i < family->ntags; i++) ts_buf_text(&text, ",?");
  ts_buf_add(&text, ")", 2);
  sqlite3_stmt* statement = ts_store_prepare(store, (char*)text.data);
  ts_buf_free(&text);
  sqlite3_bind_int64(statement, 1, table->id);
  sqlite3_bind_text(statement, 2, table->name, -1, SQLITE_STATIC);
  for (uint32_t i = 0; i < family->ntags; i++) ts_cell_bind(statement, (int)i + 3, &cells[i]);
  ts_store_step(store, statement);
  sqlite3_finalize(statement);
}

ts_table_t* ts_table_create_child(ts_store_t* store, ts_database_t* database, const char* name,
                                  ts_family_t* family, const ts_cell_t* cells) {
  ts_change_t* change = store->change;
  ts_table_t* table = ts_table_add_child(store, database, name, family);
  insert_tags(store, table, cells);
  char* description = ts_meta_child(table, cells);
  if (change != NULL && change->active) {
    change->created = ts_realloc(change->created,
                                 (change->ncreated + 1) * sizeof *change->created);
    change->created[change->ncreated++] = (created_t){database, table, description};
    return table;
  }
  ts_meta_child_created(database, table, description);
  free(description);
  ts_store_changed(store);
  return table;
}

/* ---- rows ---- */

static bool all_in_order(const ts_rows_t* rows) {
  if (rows->norder != rows->table->family->ncolumns) return false;
  for (uint32_t i = 0; i < rows->norder; i++)
    if (rows->order[i] != i) return false;
  return true;
}

/* All columns: the statement is kept with the table. */
static void prepare(ts_rows_t* rows) {
  ts_family_t* family = rows->table->family;
  rows->owned = !all_in_order(rows);
  rows->statement = rows->owned ? NULL : family->insert;
  if (rows->statement != NULL) return;
  ts_buf_t text = {0};
  ts_buf_format(&text, "INSERT INTO d%" PRId64 "(tid", family->id);
  for (uint32_t i = 0; i < rows->norder; i++) ts_buf_format(&text, ",c%u", rows->order[i]);
  ts_buf_text(&text, ")VALUES(?");
  for (uint32_t i = 0; i < rows->norder; i++) ts_buf_text(&text, ",?");
  ts_buf_text(&text, ")ON CONFLICT(tid,c0)DO UPDATE SET tid=tid");
  for (uint32_t i = 0; i < rows->norder; i++)
    if (rows->order[i] > 0)
      ts_buf_format(&text, ",c%u=excluded.c%u", rows->order[i], rows->order[i]);
  ts_buf_add(&text, "", 1);
  rows->statement = ts_store_prepare(rows->store, (char*)text.data);
  ts_buf_free(&text);
  if (!rows->owned) family->insert = rows->statement;
}

void ts_rows_begin(ts_rows_t* rows, ts_store_t* store, ts_database_t* database, ts_table_t* table,
                   const uint32_t* order, uint32_t norder) {
  *rows = (ts_rows_t){.store = store, .table = table, .order = order, .norder = norder};
  rows->cells = ts_calloc(table->family->ncolumns, sizeof *rows->cells);
  prepare(rows);
  begin_part(store->change, database, table);
}

void ts_rows_set(ts_rows_t* rows, uint32_t index, const ts_cell_t* cell) {
  rows->cells[rows->order[index]] = *cell;
  ts_cell_bind(rows->statement, (int)index + 2, cell);
}

void ts_rows_write(ts_rows_t* rows) {
  sqlite3_bind_int64(rows->statement, 1, rows->table->id);
  ts_store_step(rows->store, rows->statement);
  add_key(rows->store->change, rows->table->id, rows->cells[0].integer);
  log_row(rows->store->change, rows->cells);
}

void ts_rows_end(ts_rows_t* rows) {
  ts_change_t* change = rows->store->change;
  sqlite3_reset(rows->statement);
  sqlite3_clear_bindings(rows->statement); /* they point into memory that goes away */
  if (rows->owned) sqlite3_finalize(rows->statement);
  free(rows->cells);
  if (change->writer.rows == 0) change->table = NULL; /* none was written */
}
