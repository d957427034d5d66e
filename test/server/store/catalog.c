/* Which databases and tables there are, found by their names. */
#include "store/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"

static uint64_t hash_of(const char* name) {
  uint64_t hash = UINT64_C(14695981039346656037);
  for (; *name != '\0'; name++) hash = (hash ^ (unsigned char) *name) * UINT64_C(1099511628211);
  return hash;
}

static size_t bucket_of(const char* name, size_t nbuckets) {
  return (size_t) (hash_of(name) & (nbuckets - 1));
}

void ts_family_finalize(ts_family_t* family) {
  sqlite3_finalize(family->insert);
  sqlite3_finalize(family->insert_child);
  sqlite3_finalize(family->insert_feed);
  family->insert = family->insert_child = family->insert_feed = NULL;
}

static void free_family(ts_family_t* family) {
  ts_family_finalize(family);
  ts_schema_unref(family->schema);
  free(family->columns);
  free(family->tags);
  free(family);
}

static void free_table(ts_table_t* table) {
  if (table->kind != TS_CHILD) free_family(table->family);
  free(table->name);
  free(table);
}

void ts_database_free(ts_database_t* database) {
  for (ts_table_t* table = database->first; table != NULL;) {
    ts_table_t* next = table->next;
    free_table(table);
    table = next;
  }
  for (size_t i = 0; i < TS_VGROUPS; i++) ts_wal_free(&database->wals[i]);
  free(database->buckets);
  free(database);
}

ts_database_t* ts_database_find(const ts_store_t* store, const char* name) {
  ts_database_t* database = store->databases;
  while (database != NULL && strcmp(database->name, name) != 0) database = database->next;
  return database;
}

ts_database_t* ts_database_new(const char* name) {
  ts_database_t* database = ts_calloc(1, sizeof *database);
  snprintf(database->name, sizeof database->name, "%s", name);
  database->nbuckets = 64;
  database->buckets = ts_calloc(database->nbuckets, sizeof *database->buckets);
  return database;
}

ts_table_t* ts_table_find(const ts_database_t* database, const char* name) {
  ts_table_t* table = database->buckets[bucket_of(name, database->nbuckets)];
  while (table != NULL && strcmp(table->name, name) != 0) table = table->bucket_next;
  return table;
}

ts_wal_t* ts_table_wal(ts_database_t* database, const char* name) {
  uint64_t hash = hash_of(name) * UINT64_C(0x9e3779b97f4a7c15); /* its high bits are mixed well */
  return &database->wals[(hash >> 40) % TS_VGROUPS];
}

static void grow(ts_database_t* database) {
  free(database->buckets);
  database->nbuckets *= 4;
  database->buckets = ts_calloc(database->nbuckets, sizeof *database->buckets);
  for (ts_table_t* table = database->first; table != NULL; table = table->next) {
    ts_table_t** bucket = &database->buckets[bucket_of(table->name, database->nbuckets)];
    table->bucket_next = *bucket;
    *bucket = table;
  }
}

ts_table_t* ts_table_add(ts_store_t* store, ts_database_t* database, const char* name,
                         ts_table_kind_t kind, ts_family_t* family) {
  if (database->ntables >= 2 * database->nbuckets) grow(database);
  ts_table_t* table = ts_calloc(1, sizeof *table);
  table->kind = kind;
  table->name = ts_strdup(name, strlen(name));
  table->id = store->next_id++;
  table->family = family;
  ts_table_t** bucket = &database->buckets[bucket_of(name, database->nbuckets)];
  table->bucket_next = *bucket;
  *bucket = table;
  table->prev = database->last;
  if (database->last != NULL) database->last->next = table;
  if (database->first == NULL) database->first = table;
  database->last = table;
  database->ntables++;
  return table;
}

void ts_table_forget(ts_database_t* database, ts_table_t* table) {
  ts_table_t** at = &database->buckets[bucket_of(table->name, database->nbuckets)];
  while (*at != table) at = &(*at)->bucket_next;
  *at = table->bucket_next;
  if (table->prev != NULL) table->prev->next = table->next;
  if (table->next != NULL) table->next->prev = table->prev;
  if (database->first == table) database->first = table->next;
  if (database->last == table) database->last = table->prev;
  database->ntables--;
  free_table(table);
}

static int find(const ts_field_t* fields, uint32_t count, const char* name) {
  for (uint32_t i = 0; i < count; i++)
    if (strcmp(fields[i].name, name) == 0) return (int) i;
  return -1;
}

int ts_family_column(const ts_family_t* family, const char* name) {
  return find(family->columns, family->ncolumns, name);
}

int ts_family_tag(const ts_family_t* family, const char* name) {
  return find(family->tags, family->ntags, name);
}
