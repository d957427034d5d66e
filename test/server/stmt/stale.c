/* What a prepared statement keeps of its tables: after they were changed, or dropped and made
 * again, it is refused, or its rows go to a table that was dropped. */
#include <stdlib.h>
#include <string.h>

#include "stmt/stmt.h"

enum {
  TS_E_GENERIC = 0x0110,
  TS_E_MESSAGE = 0x0115,
  TS_E_NO_TABLE = 0x0618,
  TS_E_OLD_SCHEMA = 0x061B,
  TS_E_OTHER_STABLE = 0x061D
};

/* Whether the rows' tables must exist. Where a super table is named they are made when needed, and
 * the server looks at what the statement says of it. */
static bool names_tables(const ts_stmt_t* stmt) {
  return !stmt->sql.using && !stmt->sql.name_column;
}

static ts_known_t* find(const ts_stmt_t* stmt, const ts_database_t* database, const char* name) {
  ts_known_t* known = stmt->known;
  while (known != NULL &&
         (strcmp(known->name.table, name) != 0 || strcmp(known->name.db, database->name) != 0))
    known = known->next;
  return known;
}

static void refuse(ts_stmt_t* stmt, int code, const char* text) {
  stmt->stale_once = code == TS_E_OLD_SCHEMA;
  ts_error(&stmt->stale, code, "%s", text);
}

static void refuse_by_kind(ts_stmt_t* stmt, ts_change_t change) {
  switch (change) {
    case TS_CHANGED_COLUMN: refuse(stmt, TS_E_OLD_SCHEMA, "Table schema is old"); break;
    case TS_CHANGED_TAG: refuse(stmt, TS_E_NO_TABLE, "Table not exists"); break;
    case TS_CHANGED_WIDTH: refuse(stmt, TS_E_MESSAGE, "Invalid message"); break;
  }
}

static void note_stale(ts_stmt_t* stmt, ts_change_t change) {
  switch (stmt->stale_by) {
    case TS_STALE_BY_KIND: refuse_by_kind(stmt, change); break;
    case TS_STALE_STABLE: refuse(stmt, TS_E_OTHER_STABLE, "success"); break;
    case TS_STALE_GENERIC: refuse(stmt, TS_E_GENERIC, "Unexpected generic error"); break;
  }
}

void ts_stmt_compare(ts_stmt_t* stmt, const ts_target_t* found) {
  const ts_family_t* family = found->family;
  const ts_table_t* table = names_tables(stmt) ? found->table : family->owner;
  ts_known_t* known = find(stmt, found->database, table->name);
  if (known == NULL) {
    known = ts_calloc(1, sizeof *known);
    strcpy(known->name.db, found->database->name);
    strcpy(known->name.table, table->name);
    known->next = stmt->known;
    stmt->known = known;
  } else if (known->id != table->id && names_tables(stmt)) {
    known->replaced = true;
  } else if (known->id != table->id) {
    note_stale(stmt, TS_CHANGED_TAG);
    stmt->remade = true;
  } else if (known->changes != family->changes) {
    note_stale(stmt, family->last_change);
  }
  known->id = table->id;
  known->changes = family->changes;
}

bool ts_stmt_is_replaced(const ts_stmt_t* stmt, const ts_database_t* database,
                         const ts_table_t* table) {
  if (!names_tables(stmt)) return false;
  const ts_known_t* known = find(stmt, database, table->name);
  return known != NULL && known->replaced;
}

void ts_stmt_forget_tables(ts_stmt_t* stmt) {
  while (stmt->known != NULL) {
    ts_known_t* known = stmt->known;
    stmt->known = known->next;
    free(known);
  }
  stmt->stale = (ts_error_t) {0};
  stmt->remade = false;
}
