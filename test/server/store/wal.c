/* The logs that topics read: records appended, found by version, dropped when too many. */
#include "store/wal.h"

#include <stdlib.h>
#include <string.h>

#define UNREAD_BYTES ((size_t) 16 << 20) /* of a log without topics */

ts_schema_t* ts_schema_ref(ts_schema_t* schema) {
  schema->refs++;
  return schema;
}

void ts_schema_unref(ts_schema_t* schema) {
  if (schema != NULL && --schema->refs == 0) free(schema);
}

void ts_wal_part_free(ts_wal_part_t* part) {
  free(part->name);
  free(part->created);
  ts_schema_unref(part->schema);
  ts_blob_unref(part->block);
}

static void free_record(ts_wal_record_t* record) {
  for (size_t i = 0; i < record->nparts; i++) ts_wal_part_free(&record->parts[i]);
  free(record->parts);
  free(record->meta);
  free(record);
}

void ts_wal_init(ts_wal_t* wal, int32_t vgroup) {
  /* Version 0 is the vgroup's own beginning, as in a real log, and says nothing. */
  *wal = (ts_wal_t) {.vgroup = vgroup, .end = 1};
}

void ts_wal_free(ts_wal_t* wal) {
  for (size_t i = 0; i < wal->count; i++) free_record(wal->records[wal->first + i]);
  free(wal->records);
  *wal = (ts_wal_t) {0};
}

static void drop_unread(ts_wal_t* wal) {
  while (!wal->keep && wal->bytes > UNREAD_BYTES && wal->count > 1) {
    ts_wal_record_t* record = wal->records[wal->first++];
    wal->bytes -= record->bytes;
    wal->begin = record->version + 1;
    wal->count--;
    free_record(record);
  }
}

static void make_room(ts_wal_t* wal) {
  if (wal->first + wal->count < wal->capacity) return;
  if (wal->first > wal->capacity / 2) {
    memmove(wal->records, wal->records + wal->first, wal->count * sizeof *wal->records);
    wal->first = 0;
    return;
  }
  wal->capacity = wal->capacity == 0 ? 64 : wal->capacity * 2;
  wal->records = ts_realloc(wal->records, wal->capacity * sizeof *wal->records);
}

static size_t size_of(const ts_wal_record_t* record) {
  size_t size = sizeof *record + (record->meta != NULL ? strlen(record->meta) : 0);
  for (size_t i = 0; i < record->nparts; i++)
    size += sizeof *record->parts + record->parts[i].block->size;
  return size;
}

void ts_wal_append(ts_wal_t* wal, ts_wal_record_t* record) {
  make_room(wal);
  record->version = wal->end++;
  record->bytes = size_of(record);
  wal->bytes += record->bytes;
  wal->records[wal->first + wal->count++] = record;
  drop_unread(wal);
}

const ts_wal_record_t* ts_wal_find(const ts_wal_t* wal, int64_t version) {
  if (wal->count == 0 || version >= wal->end) return NULL;
  int64_t first = wal->records[wal->first]->version; /* the versions have no gaps */
  size_t index = version > first ? (size_t) (version - first) : 0;
  return wal->records[wal->first + index];
}
