/* The catalog of databases and tables, and the SQLite database that keeps their rows. */
#include "store/store.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/log.h"
#include "store/meta.h"
#include "tmq/topic.h"

static void check(ts_store_t* store, int status) {
  if (status == SQLITE_OK || status == SQLITE_DONE || status == SQLITE_ROW) return;
  fprintf(stderr, "testserver: SQLite: %s\n", sqlite3_errmsg(store->sqlite));
  abort();
}

sqlite3_stmt* ts_store_prepare(ts_store_t* store, const char* sql) {
  sqlite3_stmt* statement = NULL;
  check(store, sqlite3_prepare_v2(store->sqlite, sql, -1, &statement, NULL));
  return statement;
}

void ts_store_step(ts_store_t* store, sqlite3_stmt* statement) {
  check(store, sqlite3_step(statement));
  check(store, sqlite3_reset(statement));
}

void ts_store_run(ts_store_t* store, const char* format, ...) {
  char sql[256];
  va_list args;
  va_start(args, format);
  vsnprintf(sql, sizeof sql, format, args);
  va_end(args);
  check(store, sqlite3_exec(store->sqlite, sql, NULL, NULL, NULL));
}

ts_store_t* ts_store_open(void) {
  ts_store_t* store = ts_calloc(1, sizeof *store);
  store->next_id = 1;
  store->schema = 1;
  store->next_vgroup = 2; /* as a real server, whose first one is its own */
  if (sqlite3_open(":memory:", &store->sqlite) != SQLITE_OK) check(store, SQLITE_ERROR);
  ts_store_run(store, "PRAGMA synchronous=OFF; PRAGMA case_sensitive_like=ON");
  ts_store_functions(store->sqlite);
  store->begin = ts_store_prepare(store, "BEGIN");
  store->commit = ts_store_prepare(store, "COMMIT");
  store->rollback = ts_store_prepare(store, "ROLLBACK");
  store->log = ts_log_new();
  return store;
}

static void drop_statements(ts_family_t* family) {
  sqlite3_finalize(family->insert);
  sqlite3_finalize(family->insert_child);
  sqlite3_finalize(family->insert_feed);
  family->insert = family->insert_child = family->insert_feed = NULL;
}

static void free_family(ts_family_t* family) {
  drop_statements(family);
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

static void free_database(ts_database_t* database) {
  for (ts_table_t* table = database->first; table != NULL;) {
    ts_table_t* next = table->next;
    free_table(table);
    table = next;
  }
  for (size_t i = 0; i < TS_VGROUPS; i++) ts_wal_free(&database->wals[i]);
  free(database->buckets);
  free(database);
}

void ts_store_close(ts_store_t* store) {
  while (store->topics != NULL) ts_topic_drop(store, store->topics);
  while (store->databases != NULL) {
    ts_database_t* database = store->databases;
    store->databases = database->next;
    free_database(database);
  }
  if (store->system != NULL) free_database(store->system);
  ts_log_free(store->log);
  sqlite3_finalize(store->begin);
  sqlite3_finalize(store->commit);
  sqlite3_finalize(store->rollback);
  sqlite3_close(store->sqlite);
  free(store);
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

ts_database_t* ts_database_create(ts_store_t* store, const char* name, uint8_t precision) {
  store->schema++;
  ts_database_t* database = ts_database_new(name);
  database->precision = precision;
  for (size_t i = 0; i < TS_VGROUPS; i++) ts_wal_init(&database->wals[i], store->next_vgroup++);
  ts_database_t** end = &store->databases;
  while (*end != NULL) end = &(*end)->next;
  *end = database;
  return database;
}

static void drop_family(ts_store_t* store, ts_family_t* family) {
  drop_statements(family); /* an open statement would lock the table */
  ts_store_run(store, "DROP TABLE d%" PRId64, family->id);
  if (family->ntags > 0) ts_store_run(store, "DROP TABLE g%" PRId64, family->id);
  if (family->has_feed) ts_store_run(store, "DROP TABLE w%" PRId64, family->id);
}

void ts_database_drop(ts_store_t* store, ts_database_t* database) {
  store->schema++;
  for (ts_table_t* table = database->first; table != NULL; table = table->next)
    if (table->kind != TS_CHILD) drop_family(store, table->family);
  ts_database_t** at = &store->databases;
  while (*at != database) at = &(*at)->next;
  *at = database->next;
  free_database(database);
}

static uint64_t hash_of(const char* name) {
  uint64_t hash = UINT64_C(14695981039346656037);
  for (; *name != '\0'; name++) hash = (hash ^ (unsigned char) *name) * UINT64_C(1099511628211);
  return hash;
}

static size_t bucket_of(const char* name, size_t nbuckets) {
  return (size_t) (hash_of(name) & (nbuckets - 1));
}

ts_wal_t* ts_table_wal(ts_database_t* database, const char* name) {
  uint64_t hash = hash_of(name) * UINT64_C(0x9e3779b97f4a7c15); /* its high bits are mixed well */
  return &database->wals[(hash >> 40) % TS_VGROUPS];
}

void ts_store_changed(ts_store_t* store) {
  if (store->changed != NULL) store->changed(store->changed_data);
}

ts_table_t* ts_table_find(const ts_database_t* database, const char* name) {
  ts_table_t* table = database->buckets[bucket_of(name, database->nbuckets)];
  while (table != NULL && strcmp(table->name, name) != 0) table = table->bucket_next;
  return table;
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

static ts_table_t* add_table(ts_store_t* store, ts_database_t* database, const char* name,
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

static ts_field_t* copy_fields(const ts_field_t* fields, uint32_t count) {
  ts_field_t* copy = ts_calloc(count, sizeof *copy);
  if (count > 0) memcpy(copy, fields, count * sizeof *copy);
  return copy;
}

/* The key has the type of the tags' one: between columns of different ones SQLite joins by reading
 * all rows for each table. */
static void create_sqlite_tables(ts_store_t* store, const ts_family_t* family) {
  ts_buf_t sql = {0};
  ts_buf_format(&sql, "CREATE TABLE d%" PRId64 "(tid INTEGER", family->id);
  for (uint32_t i = 0; i < family->ncolumns; i++) ts_buf_format(&sql, ",c%u", i);
  ts_buf_text(&sql, ",PRIMARY KEY(tid,c0)) WITHOUT ROWID");
  ts_buf_add(&sql, "", 1);
  check(store, sqlite3_exec(store->sqlite, (char*) sql.data, NULL, NULL, NULL));
  sql.size = 0;
  ts_buf_format(&sql, "CREATE TABLE g%" PRId64 "(tid INTEGER PRIMARY KEY,tbname", family->id);
  for (uint32_t i = 0; i < family->ntags; i++) ts_buf_format(&sql, ",t%u", i);
  ts_buf_add(&sql, ")", 2);
  if (family->ntags > 0)
    check(store, sqlite3_exec(store->sqlite, (char*) sql.data, NULL, NULL, NULL));
  ts_buf_free(&sql);
}

ts_table_t* ts_table_create(ts_store_t* store, ts_database_t* database, const char* name,
                            const ts_field_t* columns, uint32_t ncolumns, const ts_field_t* tags,
                            uint32_t ntags) {
  ts_family_t* family = ts_calloc(1, sizeof *family);
  store->schema++;
  family->id = store->next_id++;
  family->database = database;
  family->ncolumns = family->created_columns = ncolumns;
  family->ntags = family->created_tags = ntags;
  family->columns = copy_fields(columns, ncolumns);
  family->tags = copy_fields(tags, ntags);
  family->is_sink = ntags > 0 && strcmp(database->name, "bench") == 0 && strcmp(name, "sink") == 0;
  create_sqlite_tables(store, family);
  family->owner = add_table(store, database, name, ntags > 0 ? TS_SUPER : TS_PLAIN, family);
  ts_meta_created(database, family->owner);
  ts_store_changed(store);
  return family->owner;
}

ts_table_t* ts_table_create_child(ts_store_t* store, ts_database_t* database, const char* name,
                                  ts_family_t* family) {
  return add_table(store, database, name, TS_CHILD, family);
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

static void drop_table(ts_store_t* store, ts_database_t* database, ts_table_t* table) {
  ts_family_t* family = table->family;
  store->schema++;
  if (table->kind == TS_CHILD) {
    ts_store_run(store, "DELETE FROM d%" PRId64 " WHERE tid=%" PRId64, family->id, table->id);
    ts_store_run(store, "DELETE FROM g%" PRId64 " WHERE tid=%" PRId64, family->id, table->id);
    ts_table_forget(database, table);
    return;
  }
  for (ts_table_t* child = database->first; child != NULL;) {
    ts_table_t* next = child->next;
    if (child->family == family && child != table) ts_table_forget(database, child);
    child = next;
  }
  drop_family(store, family);
  ts_table_forget(database, table);
}

void ts_table_drop(ts_store_t* store, ts_database_t* database, ts_table_t* table) {
  ts_meta_dropped(database, table);
  drop_table(store, database, table);
  ts_store_changed(store);
}

static void drop_schema(ts_family_t* family) {
  ts_schema_unref(family->schema);
  family->schema = NULL;
}

static void note_change(ts_store_t* store, ts_family_t* family, ts_change_t change) {
  store->schema++;
  family->changes++;
  family->last_change = change;
}

void ts_family_add(ts_store_t* store, ts_family_t* family, const ts_field_t* field, bool tag) {
  note_change(store, family, tag ? TS_CHANGED_TAG : TS_CHANGED_COLUMN);
  ts_field_t** fields = tag ? &family->tags : &family->columns;
  uint32_t* count = tag ? &family->ntags : &family->ncolumns;
  *fields = ts_realloc(*fields, (*count + 1) * sizeof **fields);
  (*fields)[*count] = *field;
  drop_statements(family);
  ts_store_run(store, "ALTER TABLE %c%" PRId64 " ADD COLUMN %c%u", tag ? 'g' : 'd', family->id,
               tag ? 't' : 'c', *count);
  if (family->has_feed && !tag)
    ts_store_run(store, "ALTER TABLE w%" PRId64 " ADD COLUMN c%u", family->id, *count);
  (*count)++;
  drop_schema(family);
  ts_meta_field_added(family->database, family->owner, field, tag);
  ts_store_changed(store);
}

void ts_family_widen(ts_store_t* store, ts_family_t* family, uint32_t index, bool tag,
                     uint32_t width) {
  ts_field_t* field = tag ? &family->tags[index] : &family->columns[index];
  note_change(store, family, TS_CHANGED_WIDTH);
  field->type.width = width;
  drop_schema(family);
  ts_meta_field_widened(family->database, family->owner, field, tag);
  ts_store_changed(store);
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
