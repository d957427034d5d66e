/* CREATE DATABASE, STABLE and TABLE. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "query/cell.h"
#include "query/type_name.h"
#include "sql/ddl.h"
#include "sql/statement.h"
#include "sql/topic.h"

/* ---- databases ---- */

static int read_precision(ts_sql_t* sql, uint8_t* precision) {
  static const char* const names[] = {"ms", "us", "ns"};
  ts_token_t token = sql->lex.token;
  if (token.kind != TS_T_STRING) return ts_lex_syntax(&sql->lex);
  for (uint8_t i = 0; i < 3; i++)
    if (token.size == 4 && memcmp(token.at + 1, names[i], 2) == 0) {
      *precision = i;
      ts_lex_advance(&sql->lex);
      return 0;
    }
  return ts_lex_syntax(&sql->lex);
}

/* Options that say how a real server keeps the data: read, and without meaning here. */
static bool is_database_option(const ts_lex_t* lex) {
  static const char* const names[] = {"buffer",
                                      "cachemodel",
                                      "cachesize",
                                      "comp",
                                      "duration",
                                      "encrypt_algorithm",
                                      "keep",
                                      "maxrows",
                                      "minrows",
                                      "pages",
                                      "pagesize",
                                      "replica",
                                      "retentions",
                                      "single_stable",
                                      "stt_trigger",
                                      "table_prefix",
                                      "table_suffix",
                                      "tsdb_pagesize",
                                      "vgroups",
                                      "wal_level",
                                      "wal_fsync_period",
                                      "wal_retention_period",
                                      "wal_retention_size",
                                      "wal_roll_period",
                                      "wal_segment_size",
                                      "keep_time_offset",
                                      "s3_chunkpages",
                                      "s3_keeplocal",
                                      "s3_compact",
                                      "ss_chunkpages",
                                      "ss_keeplocal",
                                      "ss_compact",
                                      "compact_interval"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (ts_lex_is(lex, names[i])) return true;
  return false;
}

static int skip_option_value(ts_sql_t* sql) {
  do {
    ts_token_kind_t kind = sql->lex.token.kind;
    if (kind != TS_T_INT && kind != TS_T_DURATION && kind != TS_T_STRING)
      return ts_lex_syntax(&sql->lex);
    ts_lex_advance(&sql->lex);
  } while (ts_lex_take_op(&sql->lex, ","));
  return 0;
}

static int create_database(ts_sql_t* sql) {
  int status = 0;
  char name[TS_NAME_MAX + 1];
  uint8_t precision = 0;
  bool lenient = ts_sql_if_exists(sql, true, &status);
  if (status == 0) status = ts_lex_name(&sql->lex, name, TS_NAME_MAX);
  while (status == 0 && sql->lex.token.kind != TS_T_END) {
    if (ts_lex_take(&sql->lex, "precision")) {
      status = read_precision(sql, &precision);
    } else if (is_database_option(&sql->lex)) {
      ts_lex_advance(&sql->lex);
      if (sql->lex.token.kind == TS_T_OP && ts_lex_is_op(&sql->lex, "-"))
        ts_lex_advance(&sql->lex); /* WAL_RETENTION_SIZE -1 */
      status = skip_option_value(sql);
    } else {
      return ts_lex_syntax(&sql->lex);
    }
  }
  if (status != 0) return status;
  if (ts_database_find(sql->store, name) != NULL)
    return lenient ? 0 : ts_error(sql->error, TS_E_DB_EXISTS, "Database already exists");
  if (!sql->dry) ts_database_create(sql->store, name, precision);
  return 0;
}

/* ---- tables ---- */

static int check_names(ts_sql_t* sql, const ts_field_list_t* columns, const ts_field_list_t* tags) {
  uint32_t total = columns->count + tags->count;
  for (uint32_t i = 0; i < total; i++) {
    const char* a = i < columns->count ? columns->fields[i].name
                                       : tags->fields[i - columns->count].name;
    for (uint32_t k = 0; k < i; k++) {
      const char* b = k < columns->count ? columns->fields[k].name
                                         : tags->fields[k - columns->count].name;
      if (strcmp(a, b) == 0)
        return ts_error(sql->error, TS_E_SYNTAX, "Duplicated column names: %s", a);
    }
  }
  if (columns->count < 2)
    return ts_error(sql->error, TS_E_SYNTAX, "A table needs a timestamp and one more column");
  if (columns->fields[0].type.type != TS_TIMESTAMP)
    return ts_error(sql->error, TS_E_SYNTAX, "First column must be timestamp");
  return 0;
}

/* COMMENT, TTL, SMA, WATERMARK, MAX_DELAY after a definition: read, and without meaning here. */
static int skip_table_options(ts_sql_t* sql) {
  while (sql->lex.token.kind != TS_T_END) {
    if (ts_lex_is(&sql->lex, "rollup")) return ts_unsupported(sql->error, "ROLLUP");
    if (ts_lex_take(&sql->lex, "sma")) {
      int status = ts_lex_expect_op(&sql->lex, "(");
      char name[TS_NAME_MAX + 1];
      do {
        if (status == 0) status = ts_lex_name(&sql->lex, name, TS_NAME_MAX);
      } while (status == 0 && ts_lex_take_op(&sql->lex, ","));
      if (status == 0) status = ts_lex_expect_op(&sql->lex, ")");
      if (status != 0) return status;
    } else if (ts_lex_take(&sql->lex, "comment") || ts_lex_take(&sql->lex, "ttl") ||
               ts_lex_take(&sql->lex, "watermark") || ts_lex_take(&sql->lex, "max_delay")) {
      int status = skip_option_value(sql);
      if (status != 0) return status;
    } else {
      return ts_lex_syntax(&sql->lex);
    }
  }
  return 0;
}

static int create_defined(ts_sql_t* sql, const ts_table_name_t* name, bool super, bool lenient) {
  ts_field_list_t columns = {0};
  ts_field_list_t tags = {0};
  ts_database_t* database = NULL;
  int status = ts_sql_fields(sql, &columns, false);
  if (status == 0 && ts_lex_take(&sql->lex, "tags")) {
    status = ts_sql_fields(sql, &tags, true);
  } else if (status == 0 && super) {
    status = ts_lex_syntax(&sql->lex);
  }
  if (status == 0) status = skip_table_options(sql);
  if (status == 0) status = check_names(sql, &columns, &tags);
  if (status == 0) status = ts_sql_database(sql, name->db, "", &database);
  if (status == 0 && ts_table_find(database, name->table) != NULL) {
    if (!lenient)
      status = ts_error(sql->error, TS_E_TABLE_EXISTS,
                        tags.count > 0 ? "STable already exists" : "Table already exists");
  } else if (status == 0 && !sql->dry) {
    ts_table_create(sql->store, database, name->table, columns.fields, columns.count, tags.fields,
                    tags.count);
  }
  free(columns.fields);
  free(tags.fields);
  return status;
}

static int create_child(ts_sql_t* sql, const ts_table_name_t* name, bool lenient) {
  ts_table_name_t super;
  ts_database_t* database;
  ts_database_t* super_database;
  ts_table_t* table;
  int status = ts_sql_table_name(sql, &super);
  if (status == 0) status = ts_sql_database(sql, name->db, "", &database);
  if (status == 0) status = ts_sql_table(sql, &super, "", &super_database, &table);
  if (status != 0) return status;
  if (table->kind != TS_SUPER || super_database != database)
    return ts_error(sql->error, TS_E_TABLE, "Table does not exist");
  ts_cell_t* cells = ts_arena_alloc(&sql->arena, table->family->ntags * sizeof *cells);
  status = ts_sql_child_tags(sql, table->family, database->precision, cells);
  if (status == 0 && ts_lex_take(&sql->lex, "ttl")) status = skip_option_value(sql);
  if (status == 0 && ts_lex_take(&sql->lex, "comment")) status = skip_option_value(sql);
  if (status != 0) return status;
  if (ts_table_find(database, name->table) != NULL)
    return lenient ? 0 : ts_error(sql->error, TS_E_TABLE_EXISTS, "Table already exists");
  if (sql->dry) return 0;
  ts_store_child(sql->store, database, name->table, table->family, cells);
  ts_store_changed(sql->store);
  return 0;
}

/* CREATE TABLE t (…) [TAGS (…)], or any number of children. */
static int create_table(ts_sql_t* sql, bool super) {
  int status = 0;
  for (bool first = true;; first = false) {
    ts_table_name_t name;
    bool lenient = ts_sql_if_exists(sql, true, &status);
    if (status == 0) status = ts_sql_table_name(sql, &name);
    if (status != 0) return status;
    if (super || (first && ts_lex_is_op(&sql->lex, "(")))
      return create_defined(sql, &name, super, lenient);
    status = ts_lex_expect(&sql->lex, "using");
    if (status == 0) status = create_child(sql, &name, lenient);
    if (status != 0 || sql->lex.token.kind == TS_T_END) return status;
  }
}

int ts_sql_create(ts_sql_t* sql) {
  static const char* const unsupported[] = {"stream", "user",  "dnode",     "mnode", "qnode",
                                            "snode",  "index", "function",  "view",  "tsma",
                                            "sma",    "or",    "aggregate", "anode"};
  if (ts_lex_take(&sql->lex, "database")) return create_database(sql);
  if (ts_lex_take(&sql->lex, "stable")) return create_table(sql, true);
  if (ts_lex_take(&sql->lex, "table")) return create_table(sql, false);
  if (ts_lex_take(&sql->lex, "topic")) return ts_sql_create_topic(sql);
  for (size_t i = 0; i < sizeof unsupported / sizeof *unsupported; i++)
    if (ts_lex_is(&sql->lex, unsupported[i])) return ts_unsupported(sql->error, "this CREATE");
  return ts_lex_syntax(&sql->lex);
}
