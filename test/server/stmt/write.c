/* Bound inserts: checked when they come, written when they are executed. */
#include <stdlib.h>
#include <string.h>

#include "sql/ddl.h"
#include "stmt/check.h"
#include "stmt/stmt.h"
#include "store/write.h"

static bool has_name(const ts_stmt_t* stmt) {
  return stmt->sql.name_bound || stmt->sql.name_column;
}

static int usage(ts_error_t* error) {
  return ts_error(error, TS_E_STMT_USAGE, "Stmt API usage error");
}

/* ---- checks ---- */

/* As many binds as the SQL has marks: of fewer the real one reads on behind the last. */
static int check_counts(const ts_stmt_t* stmt, const ts_binding_t* binding, ts_error_t* error) {
  const ts_target_t* target = &stmt->target;
  bool without_tags = binding->ntags == 0 && target->ntags > 0;
  if (without_tags && stmt->second) return stmt->bound_tags ? TS_E_POISON : usage(error);
  if (binding->ncolumns == 0) return usage(error);
  if (binding->ncolumns < target->ncolumns) return TS_E_POISON;
  if (binding->ntags < target->ntags && !without_tags) return TS_E_POISON;
  if (binding->ntags > target->ntags || binding->ncolumns > target->ncolumns)
    return ts_error(error, TS_E_PARAMETERS, "Invalid parameters");
  return 0;
}

/* TDengine 3.3.7.5 has no words for it. */
static int check_bytes(const ts_stmt_t* stmt, const ts_field_t* field, const ts_bind_t* bind,
                       ts_error_t* error) {
  bool no_bytes = field->type.type == TS_NCHAR && bind->size == 0;
  if (!stmt->nchar_bytes || !no_bytes || ts_bind_nulls(bind) == bind->rows) return 0;
  return ts_error(error, TS_E_INSERT, "syntax error near 'Unknown error: 0'");
}

static int check_fields(const ts_stmt_t* stmt, const ts_bind_table_t* table, ts_error_t* error) {
  const ts_target_t* target = &stmt->target;
  ts_bind_rules_t rules = {stmt->decimal_text, stmt->blobs};
  int status = 0;
  for (uint32_t i = 0; table->tags != NULL && i < target->ntags && status == 0; i++) {
    if (table->tags[i].rows != 1) return ts_error(error, TS_E_PARAMETERS, "Invalid parameters");
    status = ts_bind_check(&target->family->tags[target->tags[i]], &table->tags[i], rules, error);
  }
  for (uint32_t i = 0; i < target->ncolumns && status == 0; i++) {
    const ts_bind_t* bind = &table->columns[i];
    if (bind->rows != table->columns[0].rows)
      return ts_error(error, TS_E_MISMATCH, "row number in each bind param should be the same");
    const ts_field_t* field = &target->family->columns[target->columns[i]];
    status = ts_bind_check(field, bind, rules, error);
    if (status == 0) status = check_bytes(stmt, field, bind, error);
    if (status == 0 && target->columns[i] == 0 && ts_bind_nulls(bind) > 0)
      status = ts_error(error, TS_E_INSERT, "primary timestamp should not be null");
  }
  return status;
}

/* The table that a name means; NULL: it is still to be created in `*database`. */
static int find_child(ts_stmt_t* stmt, const ts_bind_table_t* bound, ts_table_name_t* name,
                      ts_database_t** database, ts_table_t** table, ts_error_t* error) {
  const ts_target_t* target = &stmt->target;
  *database = target->database;
  *table = target->table;
  if (*table != NULL) return 0;
  *name = stmt->sql.table;
  int status = has_name(stmt) ? ts_bound_name(bound->name, bound->name_size, name, error) : 0;
  if (status != 0) return status;
  const char* db = *name->db != '\0' ? name->db : stmt->env->db;
  if (stmt->sql.name_column && *name->db == '\0') db = (*database)->name;
  if (*db == '\0') return ts_error(error, TS_E_DB_NOT_SPECIFIED, "Database not specified");
  if (strcmp(db, (*database)->name) != 0)
    return ts_error(error, TS_E_TABLE, "Table does not exist");
  *table = ts_table_find(*database, name->table);
  if (*table != NULL && ((*table)->family != target->family || (*table)->kind == TS_SUPER))
    return ts_error(error, TS_E_INSERT, "Table is not a child of the super table: %s", name->table);
  return 0;
}

/* Without them it can be no new table; only the first protocol comes here. */
static bool lacks_tags(const ts_stmt_t* stmt, const ts_bind_table_t* table) {
  return table->tags == NULL && stmt->target.ntags > 0;
}

static int check_table(ts_stmt_t* stmt, const ts_binding_t* binding, const ts_bind_table_t* table,
                       ts_error_t* error) {
  if (has_name(stmt) && table->name == NULL)
    return ts_error(error, TS_E_STMT_TABLE, "Stmt table name not set");
  ts_table_name_t name;
  ts_database_t* database;
  ts_table_t* found;
  int status = ts_stmt_resolve(stmt, table->name, table->name_size, error);
  if (status == 0 && stmt->remade) return 0; /* to be refused when it is executed */
  if (status == 0) status = check_counts(stmt, binding, error);
  if (status == 0) status = find_child(stmt, table, &name, &database, &found, error);
  if (status == 0 && found == NULL && lacks_tags(stmt, table)) status = usage(error);
  return status != 0 ? status : check_fields(stmt, table, error);
}

int ts_stmt_check(ts_stmt_t* stmt, const ts_binding_t* binding, ts_error_t* error) {
  if (binding->ntables == 0 || (!has_name(stmt) && binding->ntables > 1))
    return ts_error(error, TS_E_PARAMETERS, "Invalid parameters");
  int status = 0;
  for (uint32_t i = 0; i < binding->ntables && status == 0; i++)
    status = check_table(stmt, binding, &binding->tables[i], error);
  return status;
}

/* ---- writing ---- */

typedef struct writer_s {
  ts_stmt_t* stmt;
  ts_sql_t sql; /* memory for cells */
  ts_write_t write;
  ts_cell_t* cells;
  size_t* places; /* of each column's next value */
  size_t capacity;
  int64_t nowhere; /* rows of tables that were dropped */
} writer_t;

static void make_room(writer_t* writer, size_t count) {
  if (count <= writer->capacity) return;
  writer->capacity = count;
  writer->cells = ts_realloc(writer->cells, count * sizeof *writer->cells);
  writer->places = ts_realloc(writer->places, count * sizeof *writer->places);
}

static int create_child(writer_t* writer, ts_database_t* database, const char* name,
                        const ts_bind_table_t* bound, ts_table_t** table) {
  const ts_stmt_t* stmt = writer->stmt;
  const ts_target_t* target = &stmt->target;
  ts_family_t* family = target->family;
  if (lacks_tags(stmt, bound)) return usage(writer->sql.error);
  make_room(writer, family->ntags);
  for (uint32_t i = 0; i < family->ntags; i++) writer->cells[i] = (ts_cell_t) {0};
  for (uint32_t i = 0; i < target->ntags; i++) {
    size_t at = 0;
    ts_bind_cell(&writer->sql.arena, &family->tags[target->tags[i]], &bound->tags[i], 0, &at,
                 &writer->cells[target->tags[i]]);
  }
  if (stmt->sql.literal_tags) {
    size_t at = stmt->sql.tags_at;
    ts_lex_init(&writer->sql.lex, stmt->text + at, stmt->text_size - at, writer->sql.error);
    int status = ts_sql_child_tags(&writer->sql, family, database->precision, writer->cells);
    if (status != 0) return status;
  }
  *table = ts_write_child(&writer->write, database, name, family, writer->cells);
  ts_arena_reset(&writer->sql.arena);
  return 0;
}

/* Counts without decoding the cells, which no query can read. */
static void count_rows(writer_t* writer, const ts_bind_table_t* bound) {
  const ts_target_t* target = &writer->stmt->target;
  int64_t sum = 0;
  for (uint32_t i = 0; i < target->ncolumns; i++) {
    const ts_field_t* field = &target->family->columns[target->columns[i]];
    if (target->columns[i] == 1 && ts_type_is_integer(field->type.type))
      sum = ts_bind_sum(field, &bound->columns[i]);
  }
  ts_write_sink(&writer->write, target->family, bound->columns[0].rows, sum);
}

static void write_rows(writer_t* writer, ts_database_t* database, ts_table_t* table,
                       const ts_bind_table_t* bound) {
  const ts_target_t* target = &writer->stmt->target;
  make_room(writer, target->ncolumns);
  ts_write_table(&writer->write, database, table, target->columns, target->ncolumns);
  for (uint32_t i = 0; i < target->ncolumns; i++) writer->places[i] = 0;
  for (uint32_t row = 0; row < bound->columns[0].rows; row++) {
    for (uint32_t i = 0; i < target->ncolumns; i++)
      ts_bind_cell(&writer->sql.arena, &target->family->columns[target->columns[i]],
                   &bound->columns[i], row, &writer->places[i], &writer->cells[i]);
    ts_write_row(&writer->write, writer->cells);
    ts_arena_reset(&writer->sql.arena);
  }
}

static int write_table(writer_t* writer, const ts_bind_table_t* bound, ts_error_t* error) {
  ts_stmt_t* stmt = writer->stmt;
  ts_table_name_t name;
  ts_database_t* database;
  ts_table_t* table;
  int status = ts_stmt_resolve(stmt, bound->name, bound->name_size, error);
  if (status == 0) status = find_child(stmt, bound, &name, &database, &table, error);
  if (status == 0 && table == NULL)
    status = create_child(writer, database, name.table, bound, &table);
  if (status != 0) return status;
  if (ts_stmt_is_replaced(stmt, database, table)) {
    writer->nowhere += bound->columns[0].rows;
  } else if (stmt->target.family->is_sink) {
    count_rows(writer, bound);
  } else {
    write_rows(writer, database, table, bound);
  }
  return 0;
}

int ts_stmt_insert(ts_stmt_t* stmt, int64_t* affected, ts_error_t* error) {
  int status = 0;
  if (stmt->target.schema != stmt->store->schema) /* the tables have changed meanwhile */
    for (const ts_binding_t* b = stmt->bound; b != NULL && status == 0; b = b->next)
      status = ts_stmt_check(stmt, b, error);
  if (status == 0 && stmt->stale.code != 0) {
    *error = stmt->stale;
    status = error->code;
    if (stmt->stale_once) stmt->stale.code = 0;
  }
  if (status != 0) return status;
  writer_t writer = {.stmt = stmt, .sql = {.store = stmt->store, .env = stmt->env, .error = error}};
  ts_write_begin(&writer.write, stmt->store);
  for (const ts_binding_t* b = stmt->bound; b != NULL && status == 0; b = b->next)
    for (uint32_t i = 0; i < b->ntables && status == 0; i++)
      status = write_table(&writer, &b->tables[i], error);
  *affected = ts_write_end(&writer.write, status == 0);
  if (status == 0) *affected += writer.nowhere;
  free(writer.cells);
  free(writer.places);
  ts_arena_free(&writer.sql.arena);
  return status;
}
