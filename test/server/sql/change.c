/* DROP, ALTER and USE: changes of databases and tables, and of a session's database. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "query/cell.h"
#include "query/type_name.h"
#include "sql/ddl.h"
#include "sql/statement.h"
#include "sql/topic.h"
#include "store/meta.h"
#include "tmq/topic.h"

int ts_sql_use(ts_sql_t* sql) {
  char name[TS_NAME_MAX + 1];
  ts_database_t* database;
  int status = ts_lex_name(&sql->lex, name, TS_NAME_MAX);
  if (status == 0) status = ts_lex_expect_end(&sql->lex);
  if (status == 0) status = ts_sql_database(sql, name, "", &database);
  if (status == 0 && !sql->dry) snprintf(sql->env->db, sizeof sql->env->db, "%s", name);
  return status;
}

static int drop_database(ts_sql_t* sql) {
  char name[TS_NAME_MAX + 1];
  ts_database_t* database = NULL;
  int status = 0;
  bool lenient = ts_sql_if_exists(sql, false, &status);
  if (status == 0) status = ts_lex_name(&sql->lex, name, TS_NAME_MAX);
  if (status == 0) status = ts_lex_expect_end(&sql->lex);
  if (status != 0) return status;
  status = ts_sql_database(sql, name, "", &database);
  if (status != 0) return lenient ? 0 : status;
  if (ts_topic_of_database(sql->store, database) != NULL)
    return ts_error(sql->error, TS_E_TOPIC_FIRST, "Topic must be dropped first");
  if (sql->dry) return 0;
  if (strcmp(sql->env->db, name) == 0) sql->env->db[0] = '\0';
  ts_database_drop(sql->store, database);
  return 0;
}

/* Whether a topic reads this table by name. */
static bool is_of_topic(const ts_sql_t* sql, const ts_table_t* table) {
  bool child = table->kind == TS_CHILD;
  for (const ts_topic_t* topic = sql->store->topics; topic != NULL; topic = topic->next)
    if (child ? topic->feed.table == table->id : topic->family == table->family->id) return true;
  return false;
}

static int drop_one(ts_sql_t* sql, bool super) {
  ts_table_name_t name;
  ts_database_t* database;
  ts_table_t* table = NULL;
  int status = 0;
  bool lenient = ts_sql_if_exists(sql, false, &status);
  if (status == 0) status = ts_sql_table_name(sql, &name);
  if (status == 0) status = ts_sql_database(sql, name.db, "", &database);
  if (status != 0) return status;
  table = ts_table_find(database, name.table);
  if (table == NULL || (super && table->kind != TS_SUPER)) {
    if (lenient) return 0;
    if (super) return ts_error(sql->error, TS_E_NO_STABLE, "STable not exist");
    return ts_error(sql->error, TS_E_TABLE, "Table does not exist");
  }
  if (is_of_topic(sql, table))
    return ts_error(sql->error, TS_E_TOPIC_FIRST, "Topic must be dropped first");
  if (!sql->dry) ts_table_drop(sql->store, database, table);
  return 0;
}

int ts_sql_drop(ts_sql_t* sql) {
  if (ts_lex_take(&sql->lex, "database")) return drop_database(sql);
  if (ts_lex_take(&sql->lex, "topic")) return ts_sql_drop_topic(sql);
  if (ts_lex_take(&sql->lex, "consumer")) return ts_sql_drop_group(sql);
  bool super = ts_lex_take(&sql->lex, "stable");
  if (!super && !ts_lex_take(&sql->lex, "table")) {
    if (sql->lex.token.kind == TS_T_WORD) return ts_unsupported(sql->error, "this DROP");
    return ts_lex_syntax(&sql->lex);
  }
  int status;
  do {
    status = drop_one(sql, super);
  } while (status == 0 && !super && ts_lex_take_op(&sql->lex, ","));
  return status != 0 ? status : ts_lex_expect_end(&sql->lex);
}

static int add_field(ts_sql_t* sql, ts_table_t* table, bool tag) {
  ts_field_t field = {0};
  ts_family_t* family = table->family;
  int status = ts_lex_name(&sql->lex, field.name, TS_NAME_MAX);
  if (status == 0) status = ts_sql_type(sql, &field.type);
  if (status == 0) status = ts_lex_expect_end(&sql->lex);
  if (status != 0) return status;
  if (table->kind == TS_CHILD || (tag && table->kind != TS_SUPER))
    return ts_unsupported(sql->error, "this change of this kind of table");
  if (ts_family_column(family, field.name) >= 0 || ts_family_tag(family, field.name) >= 0)
    return ts_error(sql->error, TS_E_SYNTAX, "Duplicated column names: %s", field.name);
  if (!sql->dry) ts_family_add(sql->store, family, &field, tag);
  return 0;
}

/* MODIFY COLUMN and MODIFY TAG: a wider one of the same type. */
static int widen_field(ts_sql_t* sql, ts_table_t* table, bool tag) {
  ts_field_t field = {0};
  ts_family_t* family = table->family;
  int status = ts_lex_name(&sql->lex, field.name, TS_NAME_MAX);
  if (status == 0) status = ts_sql_type(sql, &field.type);
  if (status == 0) status = ts_lex_expect_end(&sql->lex);
  if (status != 0) return status;
  int at = tag ? ts_family_tag(family, field.name) : ts_family_column(family, field.name);
  if (table->kind == TS_CHILD || at < 0)
    return ts_error(sql->error, TS_E_COLUMN, "Invalid column name: %s", field.name);
  const ts_type_t* type = tag ? &family->tags[at].type : &family->columns[at].type;
  if (type->type != field.type.type || !ts_type_is_var(type->type) ||
      field.type.width < type->width)
    return ts_unsupported(sql->error, "this change of a column's type");
  if (field.type.width > type->width && !sql->dry)
    ts_family_widen(sql->store, family, (uint32_t) at, tag, field.type.width);
  return 0;
}

static int set_tag(ts_sql_t* sql, ts_database_t* database, const ts_table_t* table) {
  char name[TS_NAME_MAX + 1];
  ts_cell_t cell;
  int status = ts_lex_name(&sql->lex, name, TS_NAME_MAX);
  if (status == 0) status = ts_lex_expect_op(&sql->lex, "=");
  if (status != 0) return status;
  int tag = ts_family_tag(table->family, name);
  if (table->kind != TS_CHILD || tag < 0)
    return ts_error(sql->error, TS_E_COLUMN, "Invalid tag name: %s", name);
  status = ts_cell_read(sql, &table->family->tags[tag], database->precision, &cell);
  if (status == 0) status = ts_lex_expect_end(&sql->lex);
  if (status != 0 || sql->dry) return status;
  char text[128];
  snprintf(text, sizeof text, "UPDATE g%" PRId64 " SET t%d=? WHERE tid=%" PRId64, table->family->id,
           tag, table->id);
  sqlite3_stmt* statement = ts_store_prepare(sql->store, text);
  ts_cell_bind(statement, 1, &cell);
  ts_store_step(sql->store, statement);
  sqlite3_finalize(statement);
  ts_meta_tag_set(database, table, &table->family->tags[tag], &cell);
  ts_store_changed(sql->store);
  return 0;
}

int ts_sql_alter(ts_sql_t* sql) {
  ts_table_name_t name;
  ts_database_t* database;
  ts_table_t* table;
  if (!ts_lex_take(&sql->lex, "table") && !ts_lex_take(&sql->lex, "stable")) {
    if (sql->lex.token.kind == TS_T_WORD) return ts_unsupported(sql->error, "this ALTER");
    return ts_lex_syntax(&sql->lex);
  }
  int status = ts_sql_table_name(sql, &name);
  if (status == 0) status = ts_sql_table(sql, &name, "", &database, &table);
  if (status != 0) return status;
  if (ts_lex_take(&sql->lex, "add")) {
    if (ts_lex_take(&sql->lex, "column")) return add_field(sql, table, false);
    if (ts_lex_take(&sql->lex, "tag")) return add_field(sql, table, true);
  } else if (ts_lex_take(&sql->lex, "set")) {
    if (ts_lex_take(&sql->lex, "tag")) return set_tag(sql, database, table);
  } else if (ts_lex_take(&sql->lex, "modify")) {
    if (ts_lex_take(&sql->lex, "column")) return widen_field(sql, table, false);
    if (ts_lex_take(&sql->lex, "tag")) return widen_field(sql, table, true);
  } else if (ts_lex_is(&sql->lex, "drop") || ts_lex_is(&sql->lex, "rename")) {
    return ts_unsupported(sql->error, "this ALTER TABLE");
  }
  return ts_lex_syntax(&sql->lex);
}
