/* SHOW and DESCRIBE: the catalog as results. */
#include <stdio.h>
#include <string.h>

#include "sql/listing.h"
#include "sql/statement.h"
#include "sql/topic.h"

/* ---- SHOW ---- */

/* LIKE as in TDengine: % any text, _ any character, \ before either takes it as it is. */
static bool like(const char* pattern, const char* text) {
  for (; *pattern != '\0'; pattern++, text++) {
    if (*pattern == '%') {
      for (; *text != '\0'; text++)
        if (like(pattern + 1, text)) return true;
      return like(pattern + 1, text);
    }
    if (*text == '\0') return false;
    bool any = *pattern == '_';
    if (*pattern == '\\' && pattern[1] != '\0') pattern++;
    if (!any && *pattern != *text) return false;
  }
  return *text == '\0';
}

static int read_pattern(ts_sql_t* sql, const char** pattern) {
  *pattern = "%";
  if (!ts_lex_take(&sql->lex, "like")) return 0;
  ts_token_t token = sql->lex.token;
  if (token.kind != TS_T_STRING) return ts_lex_syntax(&sql->lex);
  char* text = ts_arena_alloc(&sql->arena, token.size);
  ts_lex_unescape(&token, text); /* zeroed memory: it ends in a NUL */
  *pattern = text;
  ts_lex_advance(&sql->lex);
  return 0;
}

/* A list of one column. */
static void begin(ts_listing_t* names, const char* title, uint32_t width) {
  ts_field_t field = {.type = ts_type_var(TS_VARCHAR, width)};
  memcpy(field.name, title, strlen(title));
  ts_listing_begin(names, &field, 1);
}

static void add(ts_listing_t* names, const char* name) {
  ts_listing_text(names, 0, name);
  ts_listing_row(names);
}

static int show_databases(ts_sql_t* sql) {
  int status = ts_lex_expect_end(&sql->lex);
  if (status != 0 || sql->dry) return status;
  ts_listing_t names;
  begin(&names, "name", 64);
  for (ts_database_t* database = sql->store->databases; database != NULL; database = database->next)
    add(&names, database->name);
  sql->outcome->result = ts_listing_end(&names);
  return 0;
}

static int show_tables(ts_sql_t* sql, const char* db, bool super) {
  const char* pattern;
  ts_database_t* database;
  int status = read_pattern(sql, &pattern);
  if (status == 0) status = ts_lex_expect_end(&sql->lex);
  if (status == 0) status = ts_sql_database(sql, db, "", &database);
  if (status != 0 || sql->dry) return status;
  ts_listing_t names;
  begin(&names, super ? "stable_name" : "table_name", 192);
  for (const ts_table_t* table = database->first; table != NULL; table = table->next)
    if ((table->kind == TS_SUPER) == super && like(pattern, table->name)) add(&names, table->name);
  sql->outcome->result = ts_listing_end(&names);
  return 0;
}

int ts_sql_show(ts_sql_t* sql) {
  ts_lex_t* lex = &sql->lex;
  if (ts_lex_take(lex, "databases")) return show_databases(sql);
  if (ts_lex_take(lex, "topics")) return ts_sql_show_topics(sql);
  if (ts_lex_take(lex, "consumers")) return ts_sql_show_consumers(sql);
  if (ts_lex_take(lex, "subscriptions")) return ts_sql_show_subscriptions(sql);
  if (ts_lex_take(lex, "tables")) return show_tables(sql, sql->env->db, false);
  if (ts_lex_take(lex, "stables")) return show_tables(sql, sql->env->db, true);
  if (lex->token.kind != TS_T_WORD && lex->token.kind != TS_T_NAME) return ts_lex_syntax(lex);
  char db[TS_NAME_MAX + 1];
  int status = ts_lex_word(lex, db, TS_NAME_MAX); /* SHOW VARIABLES is there, but not here */
  if (status == 0 && ts_lex_take_op(lex, ".")) {
    if (ts_lex_take(lex, "tables")) return show_tables(sql, db, false);
    if (ts_lex_take(lex, "stables")) return show_tables(sql, db, true);
  }
  return status != 0 ? status : ts_unsupported(sql->error, "this SHOW");
}

/* ---- DESCRIBE ---- */

static void describe_field(ts_block_writer_t* writer, const ts_field_t* field, bool tag) {
  char decimal[32];
  const char* type = ts_type_name(field->type.type);
  if (ts_type_is_decimal(field->type.type)) {
    snprintf(decimal, sizeof decimal, "DECIMAL(%u,%u)", field->type.precision, field->type.scale);
    type = decimal;
  }
  const char* texts[] = {field->name,
                         type,
                         NULL,
                         tag ? "TAG" : "",
                         tag ? "disabled" : ts_type_encoding(field->type.type),
                         tag ? "disabled" : "lz4",
                         tag ? "disabled" : "medium"};
  for (uint32_t i = 0; i < 7; i++)
    if (texts[i] != NULL) ts_block_bytes(writer, i, texts[i], strlen(texts[i]));
  ts_block_bits(writer, 2, field->type.width);
  ts_block_row(writer);
}

int ts_sql_describe(ts_sql_t* sql) {
  static const ts_field_t fields[] = {
      {"field", {TS_VARCHAR, 0, 0, 64}},  {"type", {TS_VARCHAR, 0, 0, 20}},
      {"length", {TS_INT, 0, 0, 4}},      {"note", {TS_VARCHAR, 0, 0, 16}},
      {"encode", {TS_VARCHAR, 0, 0, 12}}, {"compress", {TS_VARCHAR, 0, 0, 12}},
      {"level", {TS_VARCHAR, 0, 0, 12}}};
  ts_table_name_t name;
  ts_database_t* database;
  ts_table_t* table;
  int status = ts_sql_table_name(sql, &name);
  if (status == 0) status = ts_lex_expect_end(&sql->lex);
  if (status == 0) status = ts_sql_table(sql, &name, ts_query_prefix, &database, &table);
  if (status != 0 || sql->dry) return status;
  ts_block_writer_t writer;
  ts_block_begin(&writer, fields, 7);
  for (uint32_t i = 0; i < table->family->ncolumns; i++)
    describe_field(&writer, &table->family->columns[i], false);
  for (uint32_t i = 0; i < table->family->ntags; i++)
    describe_field(&writer, &table->family->tags[i], true);
  sql->outcome->result = ts_result_new(fields, 7, 0);
  ts_result_add(sql->outcome->result, ts_block_end(&writer));
  ts_block_free(&writer);
  return 0;
}
