/* The store: opened and closed; databases and tables made, changed and dropped. */
#include "store/store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store/log.h"
#include "store/meta.h"

ts_store_t* ts_store_open(void) {
  ts_store_t* store = ts_calloc(1, sizeof *store);
  store->next_id = 1;
  store->schema = 1;
  store->next_vgroup = 2; /* as a real server, whose first one is its own */
  if (sqlite3_open(":memory:", &store->sqlite) != SQLITE_OK) ts_store_check(store, SQLITE_ERROR);
  ts_store_run(store, "PRAGMA synchronous=OFF; PRAGMA case_sensitive_like=ON");
  ts_store_functions(store->sqlite);
  store->begin = ts_store_prepare(store, "BEGIN");
  store->commit = ts_store_prepare(store, "COMMIT");
  store->rollback = ts_store_prepare(store, "ROLLBACK");
  store->log = ts_log_new();
  return store;
}

void ts_store_close(ts_store_t* store) {
  if (store->closing != NULL) store->closing(store);
  while (store->databases != NULL) {
    ts_database_t* database = store->databases;
    store->databases = database->next;
    ts_database_free(database);
  }
  if (store->system != NULL) ts_database_free(store->system);
  ts_log_free(store->log);
  sqlite3_finalize(store->begin);
  sqlite3_finalize(store->commit);
  sqlite3_finalize(store->rollback);
  sqlite3_close(store->sqlite);
  free(store);
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
  ts_family_finalize(family); /* an open statement would lock the table */
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
  ts_database_free(database);
}

void ts_store_changed(ts_store_t* store) {
  if (store->changed != NULL) store->changed(store->changed_data);
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
  ts_store_check(store, sqlite3_exec(store->sqlite, (char*) sql.data, NULL, NULL, NULL));
  sql.size = 0;
  ts_buf_format(&sql, "CREATE TABLE g%" PRId64 "(tid INTEGER PRIMARY KEY,tbname", family->id);
  for (uint32_t i = 0; i < family->ntags; i++) ts_buf_format(&sql, ",t%u", i);
  ts_buf_add(&sql, ")", 2);
  if (family->ntags > 0)
    ts_store_check(store, sqlite3_exec(store->sqlite, (char*) sql.data, NULL, NULL, NULL));
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
  family->owner = ts_table_add(store, database, name, ntags > 0 ? TS_SUPER : TS_PLAIN, family);
  ts_meta_created(database, family->owner);
  ts_store_changed(store);
  return family->owner;
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
  ts_family_finalize(family);
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
