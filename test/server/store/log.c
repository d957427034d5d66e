/* What a write puts into the logs that topics read, gathered until it is kept or undone. */
#include "store/log.h"

#include <stdlib.h>
#include <string.h>

#include "store/meta.h"
#include "codec/decimal.h"

#define PART_BYTES ((size_t) 16 << 20) /* of one block in the log */

/* A child table that the write made. */
typedef struct created_s {
  ts_database_t* database;
  ts_table_t* table;
  char* description; /* NULL: given to the log already */
} created_t;

typedef struct part_s {
  ts_database_t* database;
  ts_wal_part_t part;
} part_t;

struct ts_log_s {
  bool active;
  created_t* created;
  size_t ncreated, created_capacity;
  part_t* parts;
  size_t nparts, parts_capacity;
  /* the part being written, its block not encoded yet */
  ts_database_t* database;
  ts_table_t* table;   /* NULL: none */
  ts_schema_t* schema; /* of the writer */
  ts_block_writer_t writer;
  uint32_t* at; /* of each column, which cell it is, from 1; 0: none */
};

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

static void end_part(ts_log_t* log) {
  if (log->table == NULL || log->writer.rows == 0) {
    log->table = NULL;
    return;
  }
  if (log->nparts == log->parts_capacity) {
    log->parts_capacity = log->parts_capacity == 0 ? 16 : log->parts_capacity * 2;
    log->parts = ts_realloc(log->parts, log->parts_capacity * sizeof *log->parts);
  }
  const ts_table_t* table = log->table;
  part_t* part = &log->parts[log->nparts++];
  *part = (part_t) {.database = log->database,
                    .part = {.table = table->id,
                             .family = table->family->id,
                             .name = ts_strdup(table->name, strlen(table->name)),
                             .schema = ts_schema_ref(log->schema),
                             .block = ts_block_end(&log->writer)}};
  ts_put_u32(part->part.block->data, 2); /* the version that consumers get */
  log->table = NULL;
}

static void begin_part(ts_log_t* log, ts_database_t* database, ts_table_t* table) {
  if (log->table == table && log->schema == schema_of(table->family)) return;
  end_part(log);
  ts_schema_t* schema = schema_of(table->family);
  if (schema != log->schema) {
    ts_block_free(&log->writer);
    ts_schema_unref(log->schema);
    log->schema = ts_schema_ref(schema);
    ts_block_begin(&log->writer, schema->fields, schema->ncolumns);
    log->at = ts_realloc(log->at, schema->ncolumns * sizeof *log->at);
  }
  log->database = database;
  log->table = table;
}

static size_t part_bytes(const ts_block_writer_t* writer) {
  size_t size = 0;
  for (uint32_t i = 0; i < writer->ncolumns; i++) size += writer->columns[i].data.size;
  return size;
}

void ts_log_row(ts_log_t* log, const ts_cell_t* cells) {
  static const ts_cell_t null = {.kind = TS_CELL_NULL};
  const ts_schema_t* schema = log->schema;
  if (log->table == NULL) return;
  for (uint32_t i = 0; i < schema->ncolumns; i++)
    ts_cell_put(&log->writer, i, schema->fields[i].type.type,
                log->at[i] > 0 ? &cells[log->at[i] - 1] : &null);
  ts_block_row(&log->writer);
  if (log->writer.rows % 1024 != 0 || part_bytes(&log->writer) < PART_BYTES) return;
  ts_table_t* table = log->table;
  end_part(log);
  log->table = table; /* the next block of it */
}

/* The children that got no rows are metadata; the others go with their first rows. */
static void log_created(ts_log_t* log) {
  for (size_t i = 0; i < log->ncreated; i++) {
    created_t* created = &log->created[i];
    for (size_t k = 0; k < log->nparts && created->description != NULL; k++) {
      ts_wal_part_t* part = &log->parts[k].part;
      if (part->table != created->table->id) continue;
      part->created = created->description;
      created->description = NULL;
    }
    if (created->description != NULL)
      ts_meta_child_created(created->database, created->table, created->description);
  }
}

/* One record per vgroup: the parts that are not taken yet and belong where the first one does. */
static void log_parts(ts_log_t* log, size_t first) {
  part_t* parts = log->parts;
  ts_wal_t* wal = ts_table_wal(parts[first].database, parts[first].part.name);
  ts_wal_record_t* record = ts_calloc(1, sizeof *record);
  record->parts = ts_calloc(log->nparts - first, sizeof *record->parts);
  for (size_t i = first; i < log->nparts; i++) {
    if (parts[i].database == NULL) continue;
    if (ts_table_wal(parts[i].database, parts[i].part.name) != wal) continue;
    record->parts[record->nparts++] = parts[i].part;
    parts[i].database = NULL;
  }
  ts_wal_append(wal, record);
}

/* ---- writes ---- */

ts_log_t* ts_log_new(void) {
  return ts_calloc(1, sizeof(ts_log_t));
}

void ts_log_begin(ts_log_t* log) {
  log->active = true;
}

void ts_log_child(ts_log_t* log, ts_database_t* database, ts_table_t* table,
                  const ts_cell_t* tags) {
  char* description = ts_meta_child(table, tags);
  if (!log->active) {
    ts_meta_child_created(database, table, description);
    free(description);
    return;
  }
  if (log->ncreated == log->created_capacity) {
    log->created_capacity = log->created_capacity == 0 ? 8 : log->created_capacity * 2;
    log->created = ts_realloc(log->created, log->created_capacity * sizeof *log->created);
  }
  log->created[log->ncreated++] = (created_t) {database, table, description};
}

void ts_log_table(ts_log_t* log, ts_database_t* database, ts_table_t* table, const uint32_t* order,
                  uint32_t norder) {
  if (table->family->is_sink) {
    end_part(log);
    return;
  }
  begin_part(log, database, table);
  memset(log->at, 0, log->schema->ncolumns * sizeof *log->at);
  for (uint32_t i = 0; i < norder; i++) log->at[order[i]] = i + 1;
}

static void forget(ts_log_t* log) {
  for (size_t i = 0; i < log->nparts; i++)
    if (log->parts[i].database != NULL) ts_wal_part_free(&log->parts[i].part);
  for (size_t i = 0; i < log->ncreated; i++) free(log->created[i].description);
  log->nparts = log->ncreated = 0;
  log->active = false;
}

void ts_log_end(ts_log_t* log, bool keep) {
  end_part(log);
  if (keep) log_created(log);
  for (size_t i = 0; i < log->nparts && keep; i++)
    if (log->parts[i].database != NULL) log_parts(log, i);
  forget(log);
}

void ts_log_free(ts_log_t* log) {
  ts_block_free(&log->writer);
  ts_schema_unref(log->schema);
  free(log->at);
  free(log->created);
  free(log->parts);
  free(log);
}
