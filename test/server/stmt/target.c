/* What the names in a statement's SQL stand for: a family of tables, and its columns and tags. */
#include <stdlib.h>
#include <string.h>

#include "stmt/stmt.h"

void ts_target_free(ts_target_t* target) {
  free(target->slots);
  free(target->tags);
  free(target->columns);
  *target = (ts_target_t) {0};
}

const ts_field_t* ts_slot_field(const ts_target_t* target, const ts_slot_t* slot) {
  if (slot->kind == TS_SLOT_NAME) return NULL;
  return slot->kind == TS_SLOT_TAG ? &target->family->tags[slot->index]
                                   : &target->family->columns[slot->index];
}

/* A part of a bound name, up to a point that is not in backquotes; there a doubled one is one. */
static bool name_part(const char** at, const char* end, char* out, size_t max) {
  size_t size = 0;
  bool quoted = *at < end && **at == '`';
  if (quoted) (*at)++;
  for (; *at < end && **at != '\0' && (quoted || **at != '.'); (*at)++) {
    if (quoted && **at == '`' && (end - *at < 2 || (*at)[1] != '`')) break;
    if (quoted && **at == '`') (*at)++;
    if (size == max) return false;
    out[size++] = **at;
  }
  if (quoted && (*at == end || *(*at)++ != '`')) return false;
  out[size] = '\0';
  return size > 0;
}

int ts_bound_name(const char* text, size_t size, ts_table_name_t* name, ts_error_t* error) {
  const char* at = text;
  const char* end = text + size;
  char first[TS_TABLE_MAX + 1];
  name->db[0] = '\0';
  bool ok = name_part(&at, end, first, TS_TABLE_MAX);
  if (ok && at < end && *at == '.' && strlen(first) <= TS_NAME_MAX) {
    at++;
    memcpy(name->db, first, strlen(first) + 1);
    ok = name_part(&at, end, name->table, TS_TABLE_MAX);
  } else {
    memcpy(name->table, first, ok ? strlen(first) + 1 : 0);
  }
  if (ok && at == end) return 0;
  return ts_error(error, TS_E_STMT_TABLE, "Stmt table name error");
}

static int find_table(const ts_stmt_t* stmt, const ts_table_name_t* name, ts_database_t** database,
                      ts_table_t** table, ts_error_t* error) {
  const char* db = *name->db != '\0' ? name->db : stmt->env->db;
  if (*db == '\0') return ts_error(error, TS_E_DB_NOT_SPECIFIED, "Database not specified");
  *database = ts_database_find(stmt->store, db);
  if (*database == NULL) return ts_error(error, TS_E_NO_DB, "Database not exist");
  *table = ts_table_find(*database, name->table);
  return 0;
}

static int no_table(ts_error_t* error) {
  return ts_error(error, TS_E_TABLE, "Table does not exist");
}

/* ---- the slots ---- */

static int add_slot(ts_target_t* target, uint8_t kind, uint32_t index, ts_error_t* error) {
  for (uint32_t i = 0; i < target->nslots; i++)
    if (target->slots[i].kind == kind && target->slots[i].index == index)
      return ts_error(error, TS_E_INSERT, "duplicated column in the statement");
  target->slots = ts_realloc(target->slots, (target->nslots + 1) * sizeof *target->slots);
  target->slots[target->nslots++] = (ts_slot_t) {kind, index};
  if (kind == TS_SLOT_NAME) return 0;
  uint32_t** list = kind == TS_SLOT_TAG ? &target->tags : &target->columns;
  uint32_t* count = kind == TS_SLOT_TAG ? &target->ntags : &target->ncolumns;
  *list = ts_realloc(*list, (*count + 1) * sizeof **list);
  (*list)[(*count)++] = index;
  return 0;
}

static int add_named(const ts_stmt_sql_t* sql, ts_target_t* target, const char* name,
                     ts_error_t* error) {
  if (sql->name_column && strcmp(name, "tbname") == 0)
    return add_slot(target, TS_SLOT_NAME, 0, error);
  int column = ts_family_column(target->family, name);
  if (column >= 0) return add_slot(target, TS_SLOT_COLUMN, (uint32_t) column, error);
  int tag = sql->name_column ? ts_family_tag(target->family, name) : -1;
  if (tag >= 0) return add_slot(target, TS_SLOT_TAG, (uint32_t) tag, error);
  return ts_error(error, TS_E_COLUMN, "Invalid column name: %s", name);
}

static int add_tags(const ts_stmt_sql_t* sql, ts_target_t* target, ts_error_t* error) {
  if (!sql->using || sql->literal_tags) return 0;
  uint32_t count = sql->tags.given ? sql->tags.count : target->family->ntags;
  if (count != sql->ntags) return ts_error(error, TS_E_TAGS_NUMBER, "Tags number not matched");
  int status = 0;
  for (uint32_t i = 0; i < count && status == 0; i++) {
    int tag = sql->tags.given ? ts_family_tag(target->family, sql->tags.names[i]) : (int) i;
    if (tag < 0) return ts_error(error, TS_E_COLUMN, "Invalid tag name: %s", sql->tags.names[i]);
    status = add_slot(target, TS_SLOT_TAG, (uint32_t) tag, error);
  }
  return status;
}

static int add_slots(const ts_stmt_sql_t* sql, ts_target_t* target, ts_error_t* error) {
  int status = sql->name_bound ? add_slot(target, TS_SLOT_NAME, 0, error) : 0;
  if (status == 0) status = add_tags(sql, target, error);
  uint32_t count = sql->columns.given ? sql->columns.count : target->family->ncolumns;
  if (status == 0 && count != sql->nvalues)
    return ts_error(error, TS_E_INSERT, "Illegal number of columns");
  for (uint32_t i = 0; i < count && status == 0; i++)
    status = sql->columns.given ? add_named(sql, target, sql->columns.names[i], error)
                                : add_slot(target, TS_SLOT_COLUMN, i, error);
  for (uint32_t i = 0; i < target->ncolumns && status == 0; i++)
    if (target->columns[i] == 0) return 0;
  if (status != 0) return status;
  return ts_error(error, TS_E_INSERT, "primary timestamp column can not be null");
}

/* ---- the family ---- */

/* Whether every table that is bound may have other columns. */
static bool by_name(const ts_stmt_t* stmt) {
  return stmt->sql.name_bound && !stmt->sql.using;
}

static int find_family(const ts_stmt_t* stmt, const ts_table_name_t* name, ts_target_t* target,
                       ts_error_t* error) {
  const ts_stmt_sql_t* sql = &stmt->sql;
  ts_table_t* table = NULL;
  int status = find_table(stmt, sql->using ? &sql->super : name, &target->database, &table, error);
  if (status != 0) return status;
  if (table == NULL) return no_table(error);
  bool super = table->kind == TS_SUPER;
  if ((sql->using || sql->name_column) && !super) return no_table(error);
  if (!sql->using && !sql->name_column && super)
    return ts_unsupported(error, "INSERT INTO a super table");
  target->family = table->family;
  if (!super) target->table = table;
  return 0;
}

int ts_stmt_resolve(ts_stmt_t* stmt, const char* name, size_t size, ts_error_t* error) {
  ts_target_t* target = &stmt->target;
  bool current = target->schema == stmt->store->schema;
  if (current && !by_name(stmt)) return 0;
  ts_table_name_t bound = stmt->sql.table;
  if (by_name(stmt)) {
    if (name == NULL)
      return ts_error(error, TS_E_STMT_TABLE,
                      stmt->second ? "Table does not exist" : "Stmt table name not set");
    int status = ts_bound_name(name, size, &bound, error);
    if (status != 0) return status;
  }
  ts_target_t found = {.schema = stmt->store->schema};
  int status = find_family(stmt, &bound, &found, error);
  if (status == 0) ts_stmt_compare(stmt, &found);
  if (status == 0 && current && found.family == target->family) {
    target->table = found.table;
    target->database = found.database;
    return 0;
  }
  if (status == 0) status = add_slots(&stmt->sql, &found, error);
  if (status != 0 && stmt->stale.code != 0) {
    *error = stmt->stale;
    status = error->code;
  }
  if (status != 0) {
    ts_target_free(&found);
    return status;
  }
  ts_target_free(target);
  *target = found;
  return 0;
}
